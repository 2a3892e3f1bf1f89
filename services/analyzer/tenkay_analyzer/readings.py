"""What an analysis is made from: one filing's signals, without their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tenkay_analyzer.expressions import Value


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal of the filing."""

    signal_id: str
    value: Value
    unit: str
    currency: str
    """ISO 4217; empty for what is not money."""
    confidence: float
    """How sure the extraction is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class FilingReadings:
    """A filing's signals as the store holds them."""

    accession_number: str
    extraction_key: str
    """result_key of the extraction: the same key means the same signals."""
    form_type: str
    """Empty when not known."""
    sic_code: int | None
    """Standard Industrial Classification. None when not known."""
    signals: Mapping[str, Reading]
    """By id."""
