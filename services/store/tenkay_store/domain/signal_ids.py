"""The dimension table of signal ids: small integers in the place of names, and which kinds of value each had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tenkay_store.domain.filter import FieldType, SignalTypes
from tenkay_store.domain.records import NUMERIC_KINDS, Signal, ValueKind


@dataclass(frozen=True, slots=True)
class SignalId:
    """A row of the dimension table of signal ids."""

    key: int
    id: str
    category: str | None
    """Of the first value stored; None while there are only gaps."""
    kinds: int
    """Bits, as in `SignalIds`."""
    unit: str | None = None
    """What the first number stored was in, as `general_unit`; None while there was none."""

    @property
    def is_disputed(self) -> bool:
        """Whether a value of it was ever disputed, so that reads have to look for disputes."""
        return bool(self.kinds & SignalIds.DISPUTED)


class SignalIds:
    """The dimension table of signal ids, in memory. Written by the writing thread alone, read by anyone."""

    NUMBER, BOOLEAN, NAME, AMOUNT, DISPUTED, UNITS = 1, 2, 4, 8, 16, 32

    def __init__(self, rows: Iterable[SignalId]) -> None:
        self._by_id: dict[str, SignalId] = {}
        self._by_key: dict[int, SignalId] = {}
        self._types: dict[str, frozenset[FieldType]] = {}
        self.take(rows)

    def take(self, rows: Iterable[SignalId]) -> None:
        """Add or replace rows."""
        for row in rows:
            self._by_key[row.key] = row
            self._by_id[row.id] = row
            self._types[row.id] = _types_of(row.kinds)

    @property
    def types(self) -> SignalTypes:
        """The kinds of value by id, as filters see them."""
        return self._types

    def find(self, signal_id: str) -> SignalId | None:
        """The row of an id, if it was ever stored."""
        return self._by_id.get(signal_id)

    def of_id(self, signal_id: str) -> SignalId:
        """The row of an id that is stored, as those of a resolved filter are."""
        return self._by_id[signal_id]

    def of_key(self, key: int) -> SignalId:
        """The row of a key."""
        return self._by_key[key]

    def holds_amounts(self, signal_id: str) -> bool:
        """Whether values of the signal ever had a currency."""
        row = self._by_id.get(signal_id)
        return row is not None and bool(row.kinds & self.AMOUNT)

    def holds_units(self, signal_id: str) -> bool:
        """Whether numbers of the signal were ever in more than one unit, currencies aside."""
        row = self._by_id.get(signal_id)
        return row is not None and bool(row.kinds & self.UNITS)

    def __len__(self) -> int:
        return len(self._by_key)


_BIT_OF_KIND = {
    ValueKind.BOOL: SignalIds.BOOLEAN,
    ValueKind.ENUM: SignalIds.NAME,
    **dict.fromkeys(NUMERIC_KINDS, SignalIds.NUMBER),
}


def bits_of(signal: Signal) -> int:
    """The bits that a signal's value adds to its id's row."""
    bit = _BIT_OF_KIND[signal.value.kind]
    return bit | SignalIds.AMOUNT if signal.currency and bit == SignalIds.NUMBER else bit


def _types_of(kinds: int) -> frozenset[FieldType]:
    return frozenset(
        field_type
        for bit, field_type in (
            (SignalIds.NUMBER, FieldType.NUMBER),
            (SignalIds.BOOLEAN, FieldType.BOOLEAN),
            (SignalIds.NAME, FieldType.TEXT),
        )
        if kinds & bit
    )
