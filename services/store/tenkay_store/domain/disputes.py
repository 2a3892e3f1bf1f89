"""What operators say of values: which of it a version of a filing starts with, and what makes two values the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tenkay_store.domain.records import Dispute, Signal


@dataclass(frozen=True, slots=True)
class StoredDispute:
    """The newest that was said of a value of one version of a filing."""

    sequence: int
    recorded_at: datetime
    body: Dispute
    """Its version is set."""
    value_digest: str
    """Of the value it was said of."""


def value_digest(signal: Signal) -> str:
    """Over a value and its evidence: where it is the same, nothing has changed that a dispute was about."""
    value = signal.value
    parts = (value.kind.value, value.exact, value.number, signal.unit, signal.currency, signal.evidence)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def carried_over(said: Mapping[str, StoredDispute], signals: Iterable[Signal]) -> Iterable[StoredDispute]:
    """The open disputes among `said`, by signal, whose value a new version repeats, in the order of its signals."""
    for signal in signals:
        dispute = said.get(signal.id)
        if dispute is not None and dispute.body.is_open and dispute.value_digest == value_digest(signal):
            yield dispute
