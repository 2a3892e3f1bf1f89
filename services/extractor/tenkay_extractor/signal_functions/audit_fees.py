"""Rows over the fees of the principal accountant (Schedule 14A, item 9(e); Form 10-K, item 14).

The rule names four kinds of fees: audit, audit-related, tax and all others. They are read from a table of which every
row stands on one line; a table of which the years, the columns or the sum do not agree gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason

FROM_TABLE = Decimal("0.9")
SUM_AGREES = Decimal("0.95")
LEAST_TOTAL = 1_000
"""Dollars. A smaller total is printed in thousands without saying so."""
_LINES_OF_HEAD = 8
_LINES_OF_TABLE = 24
_LATEST_YEARS = 2
"""By how many years the latest column may lie before the filing's year."""


def audit_fees_total(filing: FilingView) -> Computed:
    """Fees billed by the principal accountant for the latest year, in US dollars: the total row, else the rows' sum."""
    fees = _fees(filing)
    return Computed(fees.total, fees.confidence, fees.passages, fees.notes)


def non_audit_fee_ratio(filing: FilingView) -> Computed:
    """Tax and all other fees over all fees of the latest year; audit-related fees count as audit."""
    fees = _fees(filing)
    if not fees.whole and not {"tax", "other"} <= fees.by_kind.keys():
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "the table of fees has no total, and no row for tax or for all other fees",
        )
    other = fees.by_kind.get("tax", Decimal(0)) + fees.by_kind.get("other", Decimal(0))
    return Computed(
        ARITHMETIC.divide(other, fees.total), fees.confidence, fees.passages, fees.notes, exact=False
    )


@dataclass(frozen=True, slots=True)
class Fees:
    """The latest year's column of one table, in US dollars."""

    year: int
    total: Decimal
    by_kind: dict[str, Decimal]
    whole: bool
    """The rows add up to a printed total."""
    passages: tuple[TextEvidence, ...]
    notes: tuple[str, ...] = ()

    @property
    def confidence(self) -> Decimal:
        return SUM_AGREES if self.whole else FROM_TABLE


def _fees(filing: FilingView) -> Fees:
    known = filing.derive_whole(_look)
    if isinstance(known, MissingOperandError):
        raise MissingOperandError(known.reason, str(known))
    return known


def _look(filing: FilingView) -> Fees | MissingOperandError:
    try:
        places = _places(filing)
    except MissingOperandError as error:
        return error
    found = [fees for place in places for fees in _tables(filing, place)]
    if not found:
        return MissingOperandError(
            MissingReason.NOT_STATED,
            "no table of the accountant's fees with one row a line, a year a column and an agreeing sum was found",
        )
    if len({(fees.year, fees.total) for fees in found}) > 1:
        return MissingOperandError(
            MissingReason.NOT_STATED,
            "the tables of accountants' fees differ: more than one firm, or year, is told",
        )
    return found[0]


def _places(filing: FilingView) -> tuple[SectionText, ...]:
    if filing.content.family is not FormFamily.ANNUAL:
        return (filing.main_text(),)
    found = tuple(
        section for section in filing.sections_coded("item_14") if _ABOUT_FEES.search(section.section.title)
    )
    if not found:
        raise MissingOperandError(
            MissingReason.SECTION_NOT_FOUND, "item 14 on the principal accountant's fees was not found"
        )
    return found


_ABOUT_FEES = re.compile(r"\b(?:fees|accountant|accounting fees|auditor)\b", re.IGNORECASE)
_MARK = r"(?:\s?\(\w{1,2}\)|\*{1,3})*"
_LABELS = (
    ("audit", re.compile(rf"(?:\d\. )?audit fees{_MARK}(?=[\s:$]|$)", re.IGNORECASE)),
    ("related", re.compile(rf"(?:\d\. )?audit[- ]related(?: fees)?{_MARK}(?=[\s:$]|$)", re.IGNORECASE)),
    ("tax", re.compile(rf"(?:\d\. )?tax(?: fees)?{_MARK}(?=[\s:$]|$)", re.IGNORECASE)),
    ("other", re.compile(rf"(?:\d\. )?(?:all )?other(?: fees)?{_MARK}(?=[\s:$]|$)", re.IGNORECASE)),
    (
        "total",
        re.compile(
            rf"(?:\d\. )?totals?(?: (?:audit |accountant )?fees(?: billed| paid)?)?{_MARK}(?=[\s:$]|$)",
            re.IGNORECASE,
        ),
    ),
)
_FIGURE = re.compile(
    r"\$? ?(\d[\d,]*(?:\.\d+)?|[-\u2013\u2014]+|nil\b|none\b|- ?0 ?-)(?:\s|$)", re.IGNORECASE
)
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_THOUSANDS = re.compile(r"\bin thousands\b|\(?\$?000'?s?\)|\b000s\b|000 ?omitted", re.IGNORECASE)
_MILLIONS = re.compile(r"\bin millions\b|\bmillions of\b", re.IGNORECASE)
_CURRENCY = re.compile(r"[\u20ac\u00a3\u00a5]|C\$|CAD|RMB|\bEUR\b|euros?\b", re.IGNORECASE)
_FIRST_ROW = re.compile(
    rf"^(?:\d\. )?audit fees(?:\b[^\n]*\d[^\n]*|{_MARK}:?)$", re.IGNORECASE | re.MULTILINE
)
_CELLS = re.compile(
    r"(?:[$ ]|(?<![\d.])\d[\d,]*(?:\.\d+)?(?![\w.])|[-\u2013\u2014]+|\(\w{1,2}\)|\bnil\b|\bnone\b)+",
    re.IGNORECASE,
)
"""A line of figures without words: cells of the row above, in documents that put each on a line."""
_MOST_CELLS = 12


def _tables(filing: FilingView, place: SectionText) -> Iterator[Fees]:
    text = place.source.text
    filed = filing.content.identity.filed_date
    for first in _FIRST_ROW.finditer(text, place.section.body_start, place.section.end):
        fees = _read(place, text, first.start(), filed.year if filed else None)
        if fees is not None:
            yield fees


def _read(place: SectionText, text: str, start: int, filed_year: int | None) -> Fees | None:
    rows: dict[str, tuple[Decimal, ...]] = {}
    at, last = start, start
    for _ in range(_LINES_OF_TABLE):
        end = text.find("\n", at, place.section.end)
        end = place.section.end if end < 0 else end
        line, end = _with_cells(text, at, end, place.section.end, len(next(iter(rows.values()), ())))
        row = _row(line)
        if row is not None:
            kind, figures = row
            if kind in rows or (kind == "audit" and rows):
                break
            rows[kind] = figures
            last = end
            if kind == "total":
                break
        elif _FIGURE.search(text[at:end]) and not _ONLY_MARK.fullmatch(text[at:end].strip()):
            break  # a row of another kind, or prose: what follows is not of this table
        at = end + 1
        if at >= place.section.end:
            break
    if len(rows) < 2 or "audit" not in rows or len({len(figures) for figures in rows.values()}) != 1:
        return None
    columns = len(rows["audit"])
    head_start = start
    for _ in range(_LINES_OF_HEAD):
        before = text.rfind("\n", place.section.body_start, max(head_start - 1, place.section.body_start))
        if before < 0:
            head_start = place.section.body_start
            break
        head_start = before + 1
    head = text[head_start:start]
    years = _years_of_columns(head, columns)
    if years is None:
        return None
    year = max(years)
    if filed_year is not None and not filed_year - _LATEST_YEARS <= year <= filed_year:
        return None
    column = years.index(year)
    whole_table = text[head_start:last]
    if _CURRENCY.search(whole_table):
        return None
    scale = 1_000 if _THOUSANDS.search(head) else 1_000_000 if _MILLIONS.search(head) else 1
    by_kind = {kind: figures[column] * scale for kind, figures in rows.items() if kind != "total"}
    added = sum(by_kind.values(), Decimal(0))
    printed = rows["total"][column] * scale if "total" in rows else None
    if printed is not None and abs(printed - added) > scale * (len(by_kind) if scale > 1 else 1):
        return None
    total = printed if printed is not None else added
    if total < LEAST_TOTAL:
        return None
    notes = (f"fees of {year}",) + (
        (f"printed in {'thousands' if scale == 1_000 else 'millions'}",) if scale > 1 else ()
    )
    if printed is None:
        notes += ("no total is printed: the rows are added",)
    return Fees(year, total, by_kind, printed is not None, (place.passage(start, last),), notes)


def _with_cells(text: str, start: int, end: int, limit: int, columns: int) -> tuple[str, int]:
    """The line, and where it ends; a label alone together with the lines of its cells, `columns` of them when not 0."""
    line = text[start:end].strip()
    if not any(label.fullmatch(line.rstrip(": ")) for _, label in _LABELS):
        return line, end
    for _ in range(_MOST_CELLS):
        following = text.find("\n", end + 1, limit)
        following = limit if following < 0 else following
        cells = text[end + 1 : following].strip()
        if end >= limit or not cells or not _CELLS.fullmatch(cells):
            break
        line, end = f"{line} {cells}", following
        row = _row(line)
        if columns and row is not None and len(row[1]) >= columns:
            break
    return line, end


_ONLY_MARK = re.compile(r"\(?\w{1,2}\)?|\$|\d{1,3}")


def _row(line: str) -> tuple[str, tuple[Decimal, ...]] | None:
    """The kind of fees and the figures of a line; None for a line that is no such row."""
    for kind, label in _LABELS:
        found = label.match(line)
        if found is None:
            continue
        rest = line[found.end() :].strip(" :.")
        figures = []
        at = 0
        while at < len(rest):
            figure = _FIGURE.match(rest, at)
            if figure is None:
                return None
            printed = figure[1].replace(",", "")
            figures.append(Decimal(printed) if printed[0].isdecimal() else Decimal(0))
            at = figure.end()
            while at < len(rest) and rest[at] == " ":
                at += 1
        return (kind, tuple(figures)) if figures else None
    return None


def _years_of_columns(head: str, columns: int) -> list[int] | None:
    """The years that the columns stand under, from the lines above the first row; None when they cannot be told."""
    collected: list[int] = []
    for line in reversed(head.split("\n")):
        years = [int(year) for year in _YEAR.findall(line)]
        if not years:
            if collected and line.strip() and len(line) > _LONGEST_HEADING:
                break
            continue
        if len(line) > _LONGEST_HEADING or _PROSE.search(line):
            break
        collected = years + collected
        if len(collected) >= columns:
            break
    if len(collected) != columns or len(set(collected)) != columns:
        return None
    return collected


_LONGEST_HEADING = 90  # characters: what is longer is prose, and names years in its own order
_PROSE = re.compile(r"\b(?:and|or|following|table|were|was|we|our|shows?|sets?|by)\b|\.$", re.IGNORECASE)

FUNCTIONS = {"audit_fees_total": audit_fees_total, "non_audit_fee_ratio": non_audit_fee_ratio}
