"""What computing a catalog row gives, whatever kind of row it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.evidence import Evidence

Value = Decimal | float | bool | int | str
"""Money and amounts per share are exact Decimals, ratios floats, flags bools, counts ints, names strings."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A row's value and what it rests on."""

    value: Value
    """In the row's own kind, or a Decimal that is then made it."""
    confidence: Decimal
    """0 to 1: how sure the extraction is, by the row's rule."""
    evidence: tuple[Evidence, ...]
    """Never empty."""
    notes: tuple[str, ...] = ()
    """In plain words: fallbacks taken, what lowers the confidence; of a score, one a term, with its value."""
    exact: bool = True
    """False for a Decimal that was divided or otherwise rounded."""
