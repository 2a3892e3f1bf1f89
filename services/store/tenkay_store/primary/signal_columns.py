"""The signals of a group of commits, column by column.

A group has thousands of signals, and each goes into three tables. Column by column they are made into Arrow once, and
two of the tables share the arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from tenkay_store.domain.records import Signal


@dataclass(slots=True)
class SignalColumns:
    """Columns of equal length."""

    sequence: list[int] = field(default_factory=list)
    ordinal: list[int] = field(default_factory=list)
    filed_date: list[date | None] = field(default_factory=list)
    signal_key: list[int] = field(default_factory=list)
    category: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    exact: list[str | None] = field(default_factory=list)
    number: list[float | None] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)
    currency: list[str | None] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    out_of_range: list[bool] = field(default_factory=list)
    notes: list[tuple[str, ...] | None] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sequence)

    def add(
        self, sequence: int, filed_date: date | None, keys: Sequence[int], signals: Sequence[Signal]
    ) -> None:
        """Add a filing's signals, each with its key in the dimension table of ids."""
        count = len(signals)
        if not count:
            return
        _, category, values, unit, currency, confidence, out_of_range, notes, evidence = zip(
            *signals, strict=True
        )
        kind, exact, number = zip(*values, strict=True)
        self.sequence += [sequence] * count
        self.ordinal += range(count)
        self.filed_date += [filed_date] * count
        self.signal_key += keys
        self.category += category
        self.kind += kind
        self.exact += exact
        self.number += number
        self.unit += unit
        self.currency += [each or None for each in currency]
        self.confidence += confidence
        self.out_of_range += out_of_range
        self.notes += [each or None for each in notes]
        self.evidence += evidence

    def tables(self, between: Callable[[], None]) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Rows of `signals`, of the screens' copy, and of `evidence`. Calls `between()` before each column is made."""

        def made(name: str, type_: pa.DataType) -> pa.Array:
            between()
            return pa.array(getattr(self, name), type_)

        arrays = {
            name: made(name, type_)
            for name, type_ in (
                ("sequence", pa.uint64()),
                ("ordinal", pa.uint16()),
                ("signal_key", pa.uint32()),
                ("category", pa.string()),
                ("kind", pa.string()),
                ("exact", pa.string()),
                ("number", pa.float64()),
                ("unit", pa.string()),
                ("currency", pa.string()),
                ("confidence", pa.float64()),
                ("out_of_range", pa.bool_()),
            )
        }
        shared = {name: array for name, array in arrays.items() if name not in ("ordinal", "category")}
        return (
            pa.table(arrays | {"notes": made("notes", pa.list_(pa.string()))}),
            pa.table(shared | {"filed_date": made("filed_date", pa.date32())}),
            pa.table(
                {
                    "sequence": arrays["sequence"],
                    "ordinal": arrays["ordinal"],
                    "document": made("evidence", pa.string()),
                }
            ),
        )
