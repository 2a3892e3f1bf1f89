"""Rows over all of a filing's facts together: how it tags, how its digits fall, what it changed of the year before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import STANDARD_PREFIXES, Agreement, Fact
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import SNAP_DAYS

MOST_SHOWN = 25
"""Facts that stand as evidence for a measure of many; the notes say of how many."""
FEW_SHOWN = 5
"""Pairs of amounts that stand for all of them, where none differs."""
LEAST_VALUES = 150
SURE_VALUES = 400
SURE_MATCHES = 30


def benford_deviation(filing: FilingView) -> Computed:
    """Mean absolute deviation of leading digits from log10(1 + 1/d) (Amiram, Bozanic and Rouen 2015)."""
    resolver = filing.facts_resolver()
    values: dict[Decimal, Fact] = {}
    for fact in filing.content.facts.facts:
        period = fact.context.period
        if (
            fact.value is not None
            and fact.unit == resolver.currency
            and not fact.context.members
            and period is not None
            and period.end == resolver.period.end
            and abs(fact.value) >= 10
        ):
            values.setdefault(abs(fact.value), fact)
    if len(values) < LEAST_VALUES:
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"{len(values)} different amounts are tagged for the period, {LEAST_VALUES} are needed",
        )
    counts = Counter(value.as_tuple().digits[0] for value in values)
    expected = {
        digit: ARITHMETIC.log10(1 + ARITHMETIC.divide(Decimal(1), Decimal(digit))) for digit in range(1, 10)
    }
    found = {digit: ARITHMETIC.divide(Decimal(counts[digit]), Decimal(len(values))) for digit in expected}
    deviation = ARITHMETIC.divide(
        sum((abs(found[digit] - share) for digit, share in expected.items()), Decimal(0)), Decimal(9)
    )
    most = max(expected, key=lambda digit: found[digit] - expected[digit])
    shown = [fact for value, fact in values.items() if value.as_tuple().digits[0] == most][:MOST_SHOWN]
    histogram = ", ".join(f"{digit}: {counts[digit]}" for digit in expected)
    return Computed(
        deviation,
        min(Decimal(1), Decimal(len(values)) / SURE_VALUES),
        tuple(FactEvidence(f"leading digit {most}", fact) for fact in shown),
        (
            f"leading digits of {len(values)} amounts: {histogram}",
            f"the evidence is amounts that begin with {most}, the most over-represented digit",
        ),
        exact=False,
    )


def extension_element_share(filing: FilingView) -> Computed:
    """Elements of the filer's own, of all elements that have a fact."""
    elements = _elements(filing)
    own = {name: fact for name, fact in elements.items() if _prefix(name) not in STANDARD_PREFIXES}
    shown = own or elements
    return Computed(
        ARITHMETIC.divide(Decimal(len(own)), Decimal(len(elements))),
        Decimal(1),
        _shown("extension element" if own else "standard element", shown.values()),
        (f"{len(own)} of {len(elements)} elements are the filer's own", *_first_of(shown)),
        exact=False,
    )


def reporting_complexity(filing: FilingView) -> Computed:
    """How many elements of the accounting taxonomy and of the filer's own have a fact (Hoitash and Hoitash 2018)."""
    accounting = {
        name: fact
        for name, fact in _elements(filing).items()
        if _prefix(name) in ("us-gaap", "ifrs-full") or _prefix(name) not in STANDARD_PREFIXES
    }
    if not accounting:
        raise MissingOperandError(MissingReason.NO_FACTS, "the filing tags its cover page only")
    return Computed(
        len(accounting), Decimal(1), _shown("element", accounting.values()), _first_of(accounting)
    )


def restated_comparatives(filing: FilingView) -> Computed:
    """How many amounts of earlier periods are not what the filing of a year earlier gave for them.

    A difference of one unit of the coarser figure's last place is rounding.
    """
    resolver = filing.facts_resolver()
    prior = filing.comparable_prior()
    accession_number = prior.content.identity.accession_number
    if not accession_number:
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            "the filing of a year earlier was given without its accession number, so nothing of it can be cited",
        )
    pairs = _pairs(filing, prior, resolver.currency)
    if not pairs:
        raise MissingOperandError(
            MissingReason.PRIOR_PERIOD_NOT_REPORTED,
            f"this filing and {accession_number} have no amount of the same element and period",
        )
    changed = [pair for pair in pairs if pair.is_changed]
    turned = sum(pair.is_sign_only for pair in pairs)
    notes = [f"{len(pairs)} amounts are in both filings, {len(changed)} of them differ"]
    if turned:
        notes.append(f"{turned} more changed nothing but their sign and are not counted")
    shown = (changed or pairs)[:MOST_SHOWN]
    if len(shown) < len(changed):
        notes.append(f"{len(shown)} of {len(changed)} are shown")
    return Computed(
        len(changed),
        min(Decimal(1), Decimal(len(pairs)) / SURE_MATCHES),
        tuple(
            each
            for pair in shown
            for each in (
                FactEvidence("comparative", pair.now),
                FactEvidence("as first reported", pair.then, accession_number),
            )
        ),
        tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """One amount as this filing gives it and as the earlier one did."""

    now: Fact
    then: Fact

    @property
    def is_changed(self) -> bool:
        if self.now.value is None or self.then.value is None or self.is_sign_only:
            return False
        places = [each.decimals for each in (self.now, self.then) if each.decimals is not None]
        unit = Decimal(1).scaleb(-min(places)) if places else Decimal(0)
        return abs(self.now.value - self.then.value) > unit

    @property
    def is_sign_only(self) -> bool:
        return bool(self.now.value) and self.now.value == -(self.then.value or Decimal(0))


def _pairs(filing: FilingView, prior: FilingView, currency: str) -> list[_Pair]:
    period, index, earlier = filing.content.period, filing.content.index, prior.content.index
    if period is None:
        return []
    pairs = []
    for element in index.concepts():
        if not earlier.has(element):
            continue
        for when, unit in index.consolidated(element):
            if unit != currency or (period.end - when.end).days <= SNAP_DAYS:
                continue
            now, then = index.reported(element, when, unit), earlier.reported(element, when, unit)
            if isinstance(now, Agreement) and isinstance(then, Agreement):
                pairs.append(_Pair(now.fact, then.fact))
    return pairs


def _elements(filing: FilingView) -> Mapping[str, Fact]:
    """The first fact of every element that has one. Raises MissingOperandError when there is none."""
    elements: dict[str, Fact] = {}
    for fact in filing.content.facts.facts:
        if not fact.nil:
            elements.setdefault(fact.concept, fact)
    if not elements:
        raise MissingOperandError(MissingReason.NO_FACTS, "the filing carries no XBRL facts")
    return elements


def _prefix(name: str) -> str:
    return name.partition(":")[0]


def _shown(concept: str, facts: Iterable[Fact]) -> tuple[FactEvidence, ...]:
    return tuple(FactEvidence(concept, fact) for fact in list(facts)[:MOST_SHOWN])


def _first_of(facts: Mapping[str, Fact]) -> tuple[str, ...]:
    if len(facts) <= MOST_SHOWN:
        return ()
    return (f"the evidence is the first {MOST_SHOWN} of {len(facts)} elements, a fact each",)


FUNCTIONS = {
    "benford_deviation": benford_deviation,
    "extension_element_share": extension_element_share,
    "reporting_complexity": reporting_complexity,
    "restated_comparatives": restated_comparatives,
}
