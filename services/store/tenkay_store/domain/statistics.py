"""How much is stored: rows, versions and bytes, by table and form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """How much a table holds."""

    table: str
    rows: int
    size_bytes: int
    """About."""


@dataclass(frozen=True, slots=True)
class FormStatistics:
    """How much is stored of one form type; empty when it is not known."""

    form_type: str
    filings: int
    versions: int
    signals: int
    analyses: int
    oldest_filed: date | None
    newest_filed: date | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much is held."""

    tables: tuple[TableStatistics, ...]
    forms: tuple[FormStatistics, ...]
    days: int
    """Different filing days."""
    oldest_recorded_at: datetime | None
    newest_recorded_at: datetime | None
    file_bytes: int
    wal_bytes: int
    counted_at: datetime
    sequence: int

    def share(self, table: str, rows: int) -> int:
        """About the bytes that so many of a table's rows take."""
        found = next((each for each in self.tables if each.table == table), None)
        return (
            0 if found is None or not found.rows else found.size_bytes * min(rows, found.rows) // found.rows
        )
