"""EDGAR's quarterly form index (`form.idx`): one line a filing and company, in columns of fixed width."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from tenkay.identifiers import MAX_CIK
from tenkay_fetcher.edgar_source import unreadable
from tenkay_fetcher.submissions import Listing

MAX_LINE_BYTES = 4096
MAX_HEADER_LINES = 40

# The columns up to the name are told by the header; a name that is too long for its column moves the rest to the right.
_ROW_END = re.compile(
    rb"\s(?P<cik>\d{1,10})\s+(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)\s+"
    rb"edgar/data/\d+/(?P<accession>\d{10}-\d\d-\d{6})\.txt\s*$"
)


@dataclass(frozen=True, slots=True)
class IndexSelection:
    """Which rows to take."""

    filed_from: date
    filed_to: date
    forms: frozenset[str] = field(default_factory=frozenset)
    """As EDGAR spells them; empty: all."""


def quarters(first: date, last: date) -> Iterator[tuple[int, int]]:
    """The quarters (year, 1 to 4) that the days from `first` to `last` are in."""
    year, quarter = first.year, (first.month - 1) // 3 + 1
    while (year, quarter) <= (last.year, (last.month - 1) // 3 + 1):
        yield year, quarter
        year, quarter = (year, quarter + 1) if quarter < 4 else (year + 1, 1)


def read_form_index(file: BinaryIO, selection: IndexSelection) -> tuple[Listing, ...]:
    """The rows of `file` that are selected, oldest first, then by accession number and CIK.

    EDGAR_UNAVAILABLE when it is not a form index. A line that is not a row of one is left out: EDGAR's files have had
    such lines.
    """
    name_column = _name_column(file)
    days: dict[bytes, date | None] = {}
    rows = []
    while line := file.readline(MAX_LINE_BYTES):
        form = sys.intern(line[:name_column].decode("latin-1").strip())
        if selection.forms and form not in selection.forms:
            continue
        end = _ROW_END.search(line, name_column)
        if end is None or not form:
            continue
        printed = end["year"] + end["month"] + end["day"]
        if printed not in days:
            days[printed] = _day(printed)
        filed, cik = days[printed], int(end["cik"])
        if (
            filed is None
            or not selection.filed_from <= filed <= selection.filed_to
            or not 1 <= cik <= MAX_CIK
        ):
            continue
        name = line[name_column : end.start()].decode("utf-8", "replace").strip()
        rows.append(Listing(end["accession"].decode(), cik, form, filed, company_name=name))
    rows.sort(key=lambda row: (row.filed_date, row.accession_number, row.cik))
    return tuple(rows)


def _name_column(file: BinaryIO) -> int:
    for _ in range(MAX_HEADER_LINES):
        line = file.readline(MAX_LINE_BYTES)
        if line.startswith(b"Form Type"):
            column = line.find(b"Company Name")
            rule = file.readline(MAX_LINE_BYTES)
            if column > 0 and rule.startswith(b"-----"):
                return column
    raise unreadable("a form index without its header")


def _day(printed: bytes) -> date | None:
    try:
        return date.fromisoformat(printed.decode())
    except ValueError:
        return None
