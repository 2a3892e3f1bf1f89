"""Test the sums of the recorded filings' statements, and write docs/extraction/identities.md.

    python scripts/quality/identity_report.py [--check]

Tested are the identities that the extractor itself tests (`identities.tie_out`); cash at the end against cash at the
start and its change; revenue against a set of its segments, products or regions that adds up to it (an axis often holds
several cuts, and totals of some); and quarters against the half years, nine months
and years that they make up, over all filings of a company. Each sum may miss by half a unit of the last place of each
of its figures. What does not hold is listed with a reason. Last, no amount of seven or more significant digits may
stand in filings of more than three unrelated companies. `--check` writes nothing and ends with 1 when the report is
another or an amount repeats.
"""

from __future__ import annotations

import bisect
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.quality.report_command import Report, run
from scripts.recorded_documents import ROOT, RecordedDocument, recorded_documents
from tenkay_extractor.extraction import read_facts
from tenkay_extractor.facts import Agreement, Conflict, Fact, FactIndex, FactSet, Period
from tenkay_extractor.identities import rounding, tie_out
from tenkay_extractor.number_formats import EXACT, read_date
from tenkay_extractor.periods import ReportingPeriod, reporting_period
from tenkay_extractor.signals import reporting_currency
from tenkay_extractor.submission import split_submission

REPORT = ROOT / "docs" / "extraction" / "identities.md"
ANNUAL_FORMS = ("10-K", "10-KT", "20-F", "40-F")

REASONS = {
    "EXTENDED_PARTS": "the filer tags a part with an element of its own, or not at all: the sum lacks it",
    "FILED_SO": "the filing's own figures, as tagged, do not add up; a look at its bytes shows the same figures",
    "ELIMINATIONS": "the filing tags eliminations or corporate items on another axis, which the sum of the parts lacks",
    "NO_SET_OF_PARTS": "no set of the parts that are tagged on this axis alone makes up the whole",
    "PARTS_UNTAGGED": "all parts that the filing tags add up to less than the whole",
    "RESTATED": "a later filing of the company reports another value for the same period",
}

_REVENUES = (
    "us-gaap:Revenues",
    "us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax",
    "us-gaap:RevenueFromContractWithCustomerIncludingAssessedTax",
    "us-gaap:SalesRevenueNet",
)
_FLOWS = (
    *_REVENUES,
    "us-gaap:CostOfRevenue",
    "us-gaap:CostOfGoodsAndServicesSold",
    "us-gaap:GrossProfit",
    "us-gaap:OperatingIncomeLoss",
    "us-gaap:IncomeTaxExpenseBenefit",
    "us-gaap:NetIncomeLoss",
    "us-gaap:ProfitLoss",
    "us-gaap:NetCashProvidedByUsedInOperatingActivities",
    "us-gaap:NetCashProvidedByUsedInInvestingActivities",
    "us-gaap:NetCashProvidedByUsedInFinancingActivities",
    "us-gaap:ResearchAndDevelopmentExpense",
    "us-gaap:ShareBasedCompensation",
)
_AXES = {
    "us-gaap:StatementBusinessSegmentsAxis": "segments",
    "srt:ProductOrServiceAxis": "products and services",
    "srt:StatementGeographicalAxis": "regions",
    "us-gaap:StatementGeographicalAxis": "regions",
}
_CONSOLIDATION = ("srt:ConsolidationItemsAxis", "us-gaap:ConsolidationItemsAxis")
_CASH = (
    (
        "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",
        "us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect",
    ),
    (
        "us-gaap:CashAndCashEquivalentsAtCarryingValue",
        "us-gaap:CashAndCashEquivalentsPeriodIncreaseDecrease",
    ),
)
_LONGEST_GAP = timedelta(days=1)
_SIGNIFICANT_DIGITS = 7
_MOST_COMPANIES = 3


@dataclass(frozen=True, slots=True)
class Filing:
    """One filing with facts."""

    document: RecordedDocument
    facts: FactSet
    index: FactIndex
    period: ReportingPeriod | None
    currency: str

    @property
    def company(self) -> int | str:
        return self.document.cik or self.document.company or self.document.name


@dataclass(frozen=True, slots=True)
class Failure:
    """A sum that does not hold, and why."""

    filing: str
    what: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What became of one identity."""

    tested: int = 0
    failures: list[Failure] = field(default_factory=list)


def make(folder: Path) -> Report:
    """The report on the folder."""
    filings = list(read_filings(folder))
    tallies = evaluate(filings)
    repeated = repeated_amounts(filings)
    return Report(
        text=report(len(filings), tallies, repeated),
        summary=(
            *(
                f"{name}: {tally.tested - len(tally.failures)} of {tally.tested} hold"
                for name, tally in tallies.items()
            ),
            f"amounts in filings of more than {_MOST_COMPANIES} companies: {len(repeated)}",
        ),
        holds=not repeated,
    )


def read_filings(folder: Path) -> Iterator[Filing]:
    """Every filing with facts once: as document where it is there, else as instance."""
    best: dict[str, RecordedDocument] = {}
    order = ("full_submission", "primary_doc", "xbrl_instance")
    for document in recorded_documents(folder, order):
        key = document.accession_number or str(document.path)
        if key not in best or order.index(document.kind) < order.index(best[key].kind):
            best[key] = document
    for document in best.values():
        facts = read_facts(split_submission(document.read(), document.name).documents)
        if facts.facts:
            yield _filing(document, facts)


def _filing(document: RecordedDocument, facts: FactSet) -> Filing:
    told = {fact.concept: fact.text for fact in facts.facts if fact.text and not fact.context.members}
    form = told.get("dei:DocumentType") or document.form
    end = read_date(told.get("dei:DocumentPeriodEndDate") or "")
    index = FactIndex.of(facts.facts)
    period = (
        reporting_period(end, facts.facts, annual=form.startswith(ANNUAL_FORMS))
        if end is not None and not form.startswith("8-K")
        else None
    )
    return Filing(document, facts, index, period, reporting_currency(index, form, period) or "USD")


def evaluate(filings: Sequence[Filing]) -> dict[str, Tally]:
    """All identities over all filings, by name."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for filing in filings:
        if filing.period is None:
            continue
        for test in tie_out(filing.index, filing.period, filing.currency):
            tally = tallies[test.name]
            tally.tested += 1
            if not test.holds:
                parts = ", ".join(each.fact.concept for each in test.evidence)
                reason = "FILED_SO" if "per share" in test.name else "EXTENDED_PARTS"
                tally.failures.append(Failure(filing.document.name, f"{test} ({parts})", reason))
        _cash(filing, tallies["cash at the end = cash at the start + its change"])
        _disaggregations(filing, tallies)
    _quarters(filings, tallies["a period = the periods it consists of"])
    return dict(tallies)


def _cash(filing: Filing, tally: Tally) -> None:
    for stock, flow in _CASH:
        for period, unit in filing.index.consolidated(flow):
            if period.start is None:
                continue
            change = _fact(filing.index, flow, period, unit)
            end = _fact(filing.index, stock, Period(None, period.end), unit)
            start = _fact(filing.index, stock, Period(None, period.start - timedelta(days=1)), unit)
            if change is None or end is None or start is None:
                continue
            tally.tested += 1
            if not _adds_up(end, [start, change]):
                told = f"{period}: {_value(start):,f} + {_value(change):,f} is not {_value(end):,f} {unit} ({stock})"
                tally.failures.append(Failure(filing.document.name, told, "FILED_SO"))


def _disaggregations(filing: Filing, tallies: dict[str, Tally]) -> None:
    assert filing.period is not None
    for concept in _REVENUES:
        for period in filing.period.flows[:1]:
            whole = _fact(filing.index, concept, period, filing.currency)
            if whole is None:
                continue
            for axis, what in _AXES.items():
                parts = [
                    found.fact
                    for found in filing.index.by_member(concept, axis, period, filing.currency).values()
                    if isinstance(found, Agreement)
                ]
                if len(parts) < 2:
                    continue
                tally = tallies[f"revenue = its {what}"]
                tally.tested += 1
                if not _some_add_up(whole, parts):
                    tally.failures.append(_not_the_whole(filing, concept, period, whole, parts, what))


def _some_add_up(whole: Fact, parts: Sequence[Fact]) -> bool:
    """True when a set of the parts makes up the whole."""
    parts = parts[:_MOST_PARTS]
    half = len(parts) // 2
    upper = sorted(_sums([_value(part) for part in parts[half:]]))
    allowed = rounding([whole, *parts])
    for sum_of_lower in _sums([_value(part) for part in parts[:half]]):
        place = bisect.bisect_left(upper, _value(whole) - sum_of_lower - allowed)
        if place < len(upper) and upper[place] <= _value(whole) - sum_of_lower + allowed:
            return True
    return False


def _sums(values: Sequence[Decimal]) -> set[Decimal]:
    sums = {Decimal(0)}
    for value in values:
        sums |= {so_far + value for so_far in sums}
    return sums


_MOST_PARTS = 28


def _not_the_whole(
    filing: Filing, concept: str, period: Period, whole: Fact, parts: Sequence[Fact], what: str
) -> Failure:
    added = sum((_value(part) for part in parts), Decimal(0))
    has_eliminations = any(
        axis in _CONSOLIDATION
        for members in filing.index.by_members(concept, period, filing.currency)
        for axis, _ in members
    )
    reason = "PARTS_UNTAGGED" if added < _value(whole) else "NO_SET_OF_PARTS"
    if has_eliminations:
        reason = "ELIMINATIONS"
    told = f"{concept}, {period}: {len(parts)} {what} add up to {added:,f}, the whole is {_value(whole):,f}"
    return Failure(filing.document.name, told, reason)


def _quarters(filings: Sequence[Filing], tally: Tally) -> None:
    """Three adjoining periods of a company, over all its filings; the first two make up the third."""
    companies: dict[int | str, list[Filing]] = defaultdict(list)
    for filing in filings:
        if filing.period is not None:
            companies[filing.company].append(filing)
    for company in sorted(companies, key=str):
        for concept in _FLOWS:
            _adjoining(companies[company], concept, tally)


def _adjoining(filings: Sequence[Filing], concept: str, tally: Tally) -> None:
    values: dict[tuple[date, date], dict[Decimal, tuple[Fact, str]]] = defaultdict(dict)
    for filing in filings:
        for period, unit in filing.index.consolidated(concept):
            fact = _fact(filing.index, concept, period, unit)
            if period.start is not None and unit == filing.currency and fact is not None:
                values[period.start, period.end].setdefault(_value(fact), (fact, filing.document.name))
    for (start, middle), firsts in sorted(values.items()):
        for (second_start, end), seconds in sorted(values.items()):
            wholes = values.get((start, end))
            if second_start != middle + _LONGEST_GAP or wholes is None:
                continue
            tally.tested += 1
            found = [
                (first, second, whole)
                for first, _ in firsts.values()
                for second, _ in seconds.values()
                for whole, _ in wholes.values()
            ]
            if any(_adds_up(whole, [first, second]) for first, second, whole in found):
                continue
            first, second, whole = found[0]
            restated = max(len(firsts), len(seconds), len(wholes)) > 1
            told = (
                f"{concept}: {start} to {middle} {_value(first):,f} + to {end} {_value(second):,f}"
                f" is not {_value(whole):,f}"
            )
            name = next(iter(wholes.values()))[1]
            tally.failures.append(Failure(name, told, "RESTATED" if restated else "FILED_SO"))


def repeated_amounts(filings: Sequence[Filing]) -> list[str]:
    """USD amounts of seven or more significant digits in filings of more than three companies."""
    companies: dict[Decimal, set[int | str]] = defaultdict(set)
    for filing in filings:
        for fact in filing.facts.facts:
            digits = fact.value.normalize().as_tuple().digits if fact.unit == "USD" and fact.value else ()
            if fact.value and len(digits) >= _SIGNIFICANT_DIGITS:
                companies[abs(fact.value)].add(filing.company)
    return [
        f"{amount:,f} in filings of {len(found)} companies"
        for amount, found in sorted(companies.items())
        if len(found) > _MOST_COMPANIES
    ]


def _fact(index: FactIndex, concept: str, period: Period, unit: str) -> Fact | None:
    found = index.reported(concept, period, unit)
    return None if found is None or isinstance(found, Conflict) else found.fact


def _value(fact: Fact) -> Decimal:
    assert fact.value is not None
    return fact.value


def _adds_up(whole: Fact, parts: Sequence[Fact]) -> bool:
    difference = _value(whole)
    for part in parts:
        difference = EXACT.subtract(difference, _value(part))
    return abs(difference) <= rounding([whole, *parts])


# The report


def report(count: int, tallies: dict[str, Tally], repeated: Sequence[str]) -> str:
    """The report in Markdown."""
    lines = [
        "# Sums over the recorded filings",
        "",
        "Written by `python scripts/quality/identity_report.py` over the recorded EDGAR folder; do not edit.",
        "",
        f"{count} filings with facts. A sum may miss by half a unit of the last place of each of its figures.",
        "",
        "| sum | tested | hold | do not |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {tally.tested} | {tally.tested - len(tally.failures)} | {len(tally.failures)} |"
            for name, tally in tallies.items()
        ),
        "",
        "## What does not hold",
        "",
        "A signal that rests on a doubted figure of the reporting period says so (facts-in-signals.md).",
        "",
        "| reason | meaning |",
        "|---|---|",
        *(f"| {reason} | {meaning} |" for reason, meaning in REASONS.items()),
        "",
        "| document | sum | figures | reason |",
        "|---|---|---|---|",
        *(
            f"| {failure.filing} | {name} | {failure.what} | {failure.reason} |"
            for name, tally in tallies.items()
            for failure in tally.failures
        ),
        "",
        f"## Amounts of {_SIGNIFICANT_DIGITS} or more digits in filings of more than {_MOST_COMPANIES} companies",
        "",
        *([f"- {line}" for line in repeated] or ["None."]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(run(REPORT, __doc__, make))
