"""Rows over the pay of the principal executive officer (Regulation S-K, items 402(c), 402(u) and 402(v))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence, TextEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import COMPARABLE_DAYS
from tenkay_extractor.phrases import fold

TAGGED = Decimal("0.95")
SEVERAL_ADDED = Decimal("0.85")
SUM_AGREES = Decimal("0.95")
PAY_RATIO_STATED = Decimal("0.85")
PAY_RATIO_REPEATED = Decimal("0.9")
LEAST_YEARS = 3

_TOTAL = "ecd:PeoTotalCompAmt"
_PAID = "ecd:PeoActuallyPaidCompAmt"
_RETURN = "ecd:TotalShareholderRtnAmt"
_INDIVIDUAL = "ecd:IndividualAxis"


@dataclass(frozen=True, slots=True)
class YearOfPay:
    """What one element gives the principal executives of a year, one fact a person."""

    end: date
    facts: tuple[Fact, ...]

    @property
    def amount(self) -> Decimal:
        return sum((fact.value or Decimal(0) for fact in self.facts), Decimal(0))

    @property
    def persons(self) -> frozenset[tuple[tuple[str, str], ...]]:
        return frozenset(fact.context.members for fact in self.facts)


def ceo_total_pay(filing: FilingView) -> Computed:
    """Total pay of the principal executive for the latest year, in US dollars: tagged, else of the summary table.

    Of two who held the office in the year, the sum.
    """
    years = _years(filing, _TOTAL)
    if not years:
        return _from_summary_table(filing)
    latest = years[max(years)]
    notes: tuple[str, ...] = (f"year to {latest.end.isoformat()}",)
    if len(latest.facts) > 1:
        notes += (f"{len(latest.facts)} persons held the office in the year: their pay is added",)
    return Computed(
        latest.amount,
        TAGGED if len(latest.facts) == 1 else SEVERAL_ADDED,
        tuple(FactEvidence("total pay", fact) for fact in latest.facts),
        notes,
    )


def pay_actually_paid_gap(filing: FilingView) -> Computed:
    """Pay actually paid over total pay of the principal executive, less one, for the latest year."""
    totals, paid = _tagged_years(filing, _TOTAL), _tagged_years(filing, _PAID)
    end = max(totals)
    if end not in paid or paid[end].persons != totals[end].persons:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            f"pay actually paid is not tagged for the persons and the year of total pay ({end.isoformat()})",
        )
    if totals[end].amount <= 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "total pay is not above zero")
    ratio = ARITHMETIC.divide(paid[end].amount, totals[end].amount)
    return Computed(
        ARITHMETIC.subtract(ratio, Decimal(1)),
        TAGGED if len(totals[end].facts) == 1 else SEVERAL_ADDED,
        tuple(
            FactEvidence(name, fact)
            for name, year in (("pay actually paid", paid[end]), ("total pay", totals[end]))
            for fact in year.facts
        ),
        (f"year to {end.isoformat()}",),
        exact=False,
    )


def pay_performance_alignment(filing: FilingView) -> Computed:
    """Share of year-on-year changes in which pay actually paid and shareholders' total return go the same way.

    Over years with one principal executive; from three years on.
    """
    paid, returns = _tagged_years(filing, _PAID), _returns(filing)
    years = sorted(end for end in paid if end in returns and len(paid[end].facts) == 1)
    if len(years) < LEAST_YEARS:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            f"pay of one principal executive and total shareholder return are tagged for {len(years)} years together;"
            f" it takes {LEAST_YEARS}",
        )
    agreements = []
    for before, after in pairwise(years):
        if (after - before).days not in COMPARABLE_DAYS:
            raise MissingOperandError(
                MissingReason.PERIOD_UNCLEAR,
                "the years of the pay-versus-performance table do not follow each other",
            )
        pay = paid[after].amount - paid[before].amount
        gain = (returns[after].value or Decimal(0)) - (returns[before].value or Decimal(0))
        agreements.append(_sign(pay) == _sign(gain))
    evidence = tuple(
        FactEvidence(name, fact)
        for end in years
        for name, fact in (
            ("pay actually paid", paid[end].facts[0]),
            ("total shareholder return", returns[end]),
        )
    )
    return Computed(
        ARITHMETIC.divide(Decimal(sum(agreements)), Decimal(len(agreements))),
        TAGGED,
        evidence,
        (f"{sum(agreements)} of {len(agreements)} changes go the same way",),
        exact=False,
    )


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)


def _returns(filing: FilingView) -> Mapping[date, Fact]:
    found: dict[date, Fact] = {}
    for fact in filing.facts_named(_RETURN):
        period = fact.context.period
        if fact.value is None or period is None or fact.context.members:
            continue
        if found.setdefault(period.end, fact).value != fact.value:
            raise MissingOperandError(
                MissingReason.CONFLICTING_FACTS,
                f"{_RETURN} is tagged twice for the year to {period.end.isoformat()}",
            )
    return found


def _tagged_years(filing: FilingView, element: str) -> Mapping[date, YearOfPay]:
    years = _years(filing, element)
    if not years:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            f"{element} is not tagged; it is since fiscal years ending on 16 December 2022, not by emerging growth"
            " companies",
        )
    return years


def _years(filing: FilingView, element: str) -> Mapping[date, YearOfPay]:
    """The element's facts by the last day of their year, one a person, those of nothing left out."""
    by_end: dict[date, dict[tuple[tuple[str, str], ...], Fact]] = {}
    for fact in filing.facts_named(element):
        period, members = fact.context.period, fact.context.members
        if fact.value is None or period is None or period.days < _LEAST_DAYS:
            continue
        if any(axis != _INDIVIDUAL for axis, _ in members):
            continue
        known = by_end.setdefault(period.end, {}).setdefault(members, fact)
        if known.value != fact.value:
            raise MissingOperandError(
                MissingReason.CONFLICTING_FACTS,
                f"{element} is tagged with two values for one person in the year to {period.end.isoformat()}",
            )
    years: dict[date, YearOfPay] = {}
    for end, facts in by_end.items():
        if len(facts) > 1 and () in facts:
            # The amount without a person may be one person's or all persons': they are told apart only if all agree.
            named = [fact for members, fact in facts.items() if members]
            if {fact.value for fact in named} != {facts[()].value} or len(named) > 1:
                raise MissingOperandError(
                    MissingReason.CONFLICTING_FACTS,
                    f"{element} is tagged with and without a person's name in the year to {end.isoformat()}",
                )
            facts = {(): facts[()]}
        years[end] = YearOfPay(end, tuple(facts.values()))
    return years


_LEAST_DAYS = 28  # a fiscal year that a new company began late is shorter than others

# The summary compensation table

_HEADING = re.compile(r"^[^\n]{0,40}\bsummary compensation table\b[^\n]{0,40}$", re.IGNORECASE | re.MULTILINE)
_LINES_OF_TABLE = 60
_MOST_HEADINGS = 12
_ROW_YEAR = re.compile(r"\b20\d\d\b")
_MARK = re.compile(r"\(\d{1,2}\)")
_PAY_FIGURE = re.compile(r"\s*\$? ?(\d{1,3}(?:,\d{3})+|\d{1,3}|[-\u2013\u2014]+)(?:\s?\(\w{1,3}\))*(?=\s|$)")
_EXECUTIVE = re.compile(
    r"\b(?:chief executive(?: officer)?|principal executive(?: officer)?|CEO)\b", re.IGNORECASE
)
_NOT_NOW = re.compile(r"\b(?:former|interim|acting|until|retired|deputy|co-chief|co-CEO)\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"\bin thousands\b|\(?\$?000'?s?\)|\b000s\b", re.IGNORECASE)
_OTHER_CURRENCY = re.compile(r"[\u20ac\u00a3\u00a5]|C\$|\bCAD\b|\bRMB\b|\beuros?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    year: int
    total: int
    span: tuple[int, int]
    label: str


def _from_summary_table(filing: FilingView) -> Computed:
    """The principal executive's total of the latest year, from rows whose parts add up to their total."""
    main = filing.main_text()
    filed = filing.content.identity.filed_date
    found: list[_Row] = []
    for number, heading in enumerate(_HEADING.finditer(main.source.text, main.section.body_start)):
        if number >= _MOST_HEADINGS:
            break
        row = _executive_row(main, heading.end(), filed.year if filed else None)
        if row is not None:
            found.append(row)
    if not found or len({(row.year, row.total) for row in found}) > 1:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "the principal executive's pay is not tagged, and no row of the summary compensation table tells it",
        )
    row = found[0]
    return Computed(
        Decimal(row.total),
        SUM_AGREES,
        (main.passage(*row.span),),
        (f"summary compensation table, {row.year}",),
    )


def _executive_row(main: SectionText, start: int, filed_year: int | None) -> _Row | None:
    rows: list[_Row] = []
    text, pending, at = main.source.text, "", start + 1
    table_end = start
    for _ in range(_LINES_OF_TABLE):
        if at >= main.section.end:
            break
        end = text.find("\n", at)
        end = main.section.end if end < 0 else end
        line = fold(text[at:end]).strip()
        read = _data_row(line)
        if read is not None:
            year, total, label = read
            rows.append(_Row(year, total, (at, end), f"{pending} {label}".strip()))
            pending, table_end = "", end
        elif len(line) > _LONGEST_LABEL:
            if rows:
                break
            pending = ""
        elif not any(character.isdigit() for character in line):
            pending = f"{pending} {line}"
        at = end + 1
    region = text[start:table_end]
    if not rows or _THOUSANDS.search(region) or _OTHER_CURRENCY.search(region):
        return None
    latest = max(row.year for row in rows)
    if filed_year is not None and not filed_year - 2 <= latest <= filed_year:
        return None
    persons = _persons(rows, latest)
    executives = [row for row, label in persons if _EXECUTIVE.search(label) and not _NOT_NOW.search(label)]
    return executives[0] if len(executives) == 1 else None


def _persons(rows: list[_Row], latest: int) -> list[tuple[_Row, str]]:
    """Each person's row of the latest year, with all that stands beside the person's rows."""
    persons: list[tuple[_Row, str]] = []
    for row in rows:
        if row.year == latest:
            persons.append((row, row.label))
        elif persons:
            first, label = persons[-1]
            persons[-1] = (first, f"{label} {row.label}")
    return persons


def _data_row(line: str) -> tuple[int, int, str] | None:
    """Year, total and label of a row whose parts add up to its last figure; None for any other line."""
    found = _ROW_YEAR.search(line)
    if found is None or len(line) > _LONGEST_ROW:
        return None
    label = _MARK.sub("", line[: found.start()])
    if "$" in label or any(character.isdigit() for character in label):
        return None
    figures: list[int] = []
    rest, at = line[found.end() :], 0
    while at < len(rest.rstrip()):
        figure = _PAY_FIGURE.match(rest, at)
        if figure is None:
            return None
        printed = figure[1].replace(",", "")
        figures.append(int(printed) if printed[0].isdecimal() else 0)
        at = figure.end()
    parts = [figure for figure in figures[:-1] if figure]
    if len(parts) < 2 or abs(sum(parts) - figures[-1]) > _ROUNDING:
        return None
    return int(found[0]), figures[-1], label


_ROUNDING = 3  # dollars: each part is rounded by itself
_LONGEST_LABEL = 160
_LONGEST_ROW = 400

# The pay ratio

_RATIO_SUBJECT = re.compile(r"\bmedian\b|\bpay ratio\b", re.IGNORECASE)
_RATIO = re.compile(
    r"\b(?P<times>\d[\d,]*(?:\.\d+)?) ?(?:to|:|-to-) ?(?:1\b(?![,.]\d|:)|one\b)"
    r"|\b(?:1|one) ?(?:to|:|-to-) ?(?P<turned>\d[\d,]*(?:\.\d+)?)\b"
    r"|\b(?P<fold>\d[\d,]*(?:\.\d+)?) times (?:that|the (?:annual|median|total|compensation|pay))\b",
    re.IGNORECASE,
)
_OTHER_RATIO = re.compile(
    r"\b(?:supplement\w*|alternative\w*|adjusted|excluding|excludes|without|would (?:be|have been)|annuali[sz]ed"
    r" (?:basis|for one)|prior year|previous(?:ly)?|last year|peers?|other companies|peer group|chief financial)\b",
    re.IGNORECASE,
)


def ceo_pay_ratio(filing: FilingView) -> Computed:
    """Pay of the chief executive over the median employee's, in times, where all sentences that give it agree.

    Ratios that the company calls supplemental or adjusted are none.
    """
    section = _ratio_place(filing)
    found = list(_ratios(filing, section))
    if not found:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "no sentence gives the ratio; smaller reporting and emerging growth companies need not",
        )
    values = {round(value) for value, _ in found}
    if len(values) > 1:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            f"several ratios are told: {', '.join(str(each) for each in sorted(values))}",
        )
    value, passage = max(found, key=lambda each: -(each[0].as_tuple().exponent or 0))  # type: ignore[operator]
    return Computed(value, PAY_RATIO_REPEATED if len(found) > 1 else PAY_RATIO_STATED, (passage,))


def _ratio_place(filing: FilingView) -> SectionText:
    if filing.content.family is not FormFamily.ANNUAL:
        return filing.main_text()
    sections = filing.sections_coded("item_11")
    if not sections:
        raise MissingOperandError(
            MissingReason.SECTION_NOT_FOUND, "item 11 on executive compensation was not found"
        )
    return sections[0]


def _ratios(filing: FilingView, section: SectionText) -> Iterator[tuple[Decimal, TextEvidence]]:
    for start, end, sentence in filing.scanned(section.source).sentences_with(
        "pay_ratio", section.section.body_start, section.section.end, _LONGEST_SENTENCE
    ):
        if not _RATIO_SUBJECT.search(sentence) or _OTHER_RATIO.search(sentence):
            continue
        told = list(_RATIO.finditer(sentence))
        if len(told) != 1:
            continue
        match = told[0]
        printed = next(group for group in match.groups() if group is not None)
        yield (
            Decimal(printed.replace(",", "")),
            section.passage(start, end, (start + match.start(), start + match.end())),
        )


_LONGEST_SENTENCE = 2_000

FUNCTIONS = {
    "ceo_total_pay": ceo_total_pay,
    "pay_actually_paid_gap": pay_actually_paid_gap,
    "pay_performance_alignment": pay_performance_alignment,
    "ceo_pay_ratio": ceo_pay_ratio,
}
