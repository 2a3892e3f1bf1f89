"""Rows over figures that are tagged with dimensions: by segment, by region, by plan, by level of fair value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.facts import Agreement, Conflict, Fact, Period
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.identities import rounding
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.periods import Basis

ADDS_UP = Decimal("0.02")
"""Share of revenue by which members that make it up may miss it."""
NEARLY_ADDS_UP = Decimal("0.10")
ADDS_UP_CONFIDENCE = Decimal("0.95")
NEARLY_CONFIDENCE = Decimal("0.7")
OF_PARTS_CONFIDENCE = Decimal("0.6")
MOST_MEMBERS = 12
"""Of so many members at most, those that make up the whole are looked for."""

Members = tuple[tuple[str, str], ...]

_CONSOLIDATION = ("srt:ConsolidationItemsAxis", "us-gaap:ConsolidationItemsAxis")
_OPERATING = "us-gaap:OperatingSegmentsMember"
_NO_SEGMENT = re.compile(r"Eliminat|Intersegment|InterSegment|Reconcil", re.IGNORECASE)
_SEGMENT_COUNT = "us-gaap:NumberOfReportableSegments"


def segment_concentration(filing: FilingView) -> Computed:
    """Herfindahl index of revenue over business segments (ASC 280); 1 where the filing says that it has one segment."""
    try:
        return _concentration(filing, ("us-gaap:StatementBusinessSegmentsAxis",), "business segment")
    except MissingOperandError as error:
        if error.reason is not MissingReason.CONCEPT_NOT_REPORTED:
            raise
        single = _single_segment(filing)
        if single is None:
            raise
        return Computed(Decimal(1), ADDS_UP_CONFIDENCE, (single,), ("it has one reportable segment",))


def geographic_concentration(filing: FilingView) -> Computed:
    """Herfindahl index of revenue over regions (ASC 280-10-50-41)."""
    axes = ("srt:StatementGeographicalAxis", "us-gaap:StatementGeographicalAxis")
    return _concentration(filing, axes, "region")


def pension_funded_ratio(filing: FilingView) -> Computed:
    """Assets of all defined-benefit pension plans over what they owe (ASC 715-20-50)."""
    resolver = filing.facts_resolver()
    end = Period(None, resolver.period.end)
    found = {
        element: filing.content.index.by_members(element, end, resolver.currency)
        for element in (_PLAN_ASSETS, _PLAN_OBLIGATION)
    }
    assets, obligation = found[_PLAN_ASSETS], found[_PLAN_OBLIGATION]
    for choose, note in (
        (_all_pensions, ""),
        (_pensions_by_place, "sum over the places of the plans' sponsors"),
        (_pensions_at_home_and_abroad, "sum over plans at home and abroad"),
    ):
        both = [members for members in assets if choose(members) and members in obligation]
        if both:
            return _funded(
                [_agreed(_PLAN_ASSETS, assets[members]) for members in both],
                [_agreed(_PLAN_OBLIGATION, obligation[members]) for members in both],
                note,
            )
    raise MissingOperandError(
        MissingReason.CONCEPT_NOT_REPORTED,
        f"{_PLAN_ASSETS} and {_PLAN_OBLIGATION} are not both reported for defined-benefit pension plans at {end}",
    )


def level3_asset_share(filing: FilingView) -> Computed:
    """Assets measured at fair value by inputs that no market shows (ASC 820-10-50, level 3), of all assets."""
    resolver = filing.facts_resolver()
    end = Period(None, resolver.period.end)
    total = resolver.resolve("assets", "current", Basis.QUARTER)
    if total.value == 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "total assets are zero")
    facts = _level_3(filing, (_FAIR_VALUE_TOTALS,), end, resolver.currency)
    confidence = Decimal(1)
    notes: tuple[str, ...] = ()
    if not facts:
        facts = _level_3(filing, _FAIR_VALUE_CLASSES, end, resolver.currency)
        confidence, notes = OF_PARTS_CONFIDENCE, ("no total is tagged: the sum of the classes of assets",)
    if facts:
        value = sum((_value(fact) for fact in facts), Decimal(0))
        return Computed(
            ARITHMETIC.divide(value, total.value),
            min(confidence, total.confidence),
            (*(FactEvidence("level3_assets", fact) for fact in facts), *total.evidence),
            notes,
            exact=False,
        )
    raise MissingOperandError(
        MissingReason.CONCEPT_NOT_REPORTED,
        f"no asset at fair value is reported for level 3 at {end}",
    )


# Revenue by member


@dataclass(frozen=True, slots=True)
class _Share:
    member: str
    fact: Fact

    @property
    def value(self) -> Decimal:
        return _value(self.fact)


def _concentration(filing: FilingView, axes: Sequence[str], noun: str) -> Computed:
    resolver = filing.facts_resolver()
    revenue = resolver.resolve("revenue", "current", Basis.QUARTER)
    if len(revenue.evidence) != 1:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED, "revenue is not reported as one figure that could be split"
        )
    total = revenue.evidence[0].fact
    period = total.context.period
    if period is None or total.unit is None or revenue.value <= 0:
        raise MissingOperandError(MissingReason.NOT_COMPUTABLE, "revenue is not positive")
    for axis in axes:
        shares = _by_member(filing, total.concept, axis, period, total.unit)
        if shares:
            return _herfindahl(_that_make_up(total, shares, noun), total, noun)
    raise MissingOperandError(
        MissingReason.CONCEPT_NOT_REPORTED, f"{total.concept} is not reported by {noun} for {period}"
    )


def _by_member(filing: FilingView, element: str, axis: str, period: Period, unit: str) -> list[_Share]:
    """What each member of the axis has, without eliminations; before them where both are told."""
    found: dict[str, Fact] = {}
    for members, report in filing.content.index.by_members(element, period, unit).items():
        of_axis = [member for name, member in members if name == axis]
        others = [each for each in members if each[0] != axis]
        if len(of_axis) != 1 or any(
            name not in _CONSOLIDATION or member != _OPERATING for name, member in others
        ):
            continue
        member = of_axis[0]
        if _NO_SEGMENT.search(member) or (others and member in found):
            continue
        found[member] = _agreed(element, report)
    return [_Share(member, fact) for member, fact in found.items() if _value(fact) != 0]


def _that_make_up(total: Fact, shares: list[_Share], noun: str) -> tuple[list[_Share], Decimal]:
    """The members that together are the whole, each part of it once, and by what share of it they miss it."""
    whole = _value(total)
    missed = _missed(whole, shares)
    if missed > ADDS_UP and 2 < len(shares) <= MOST_MEMBERS:
        # Regions and their countries, or a subtotal and its members, stand side by side.
        fitting = [
            chosen
            for size in range(2, len(shares))
            for chosen in combinations(shares, size)
            if abs(sum((each.value for each in chosen), Decimal(0)) - whole)
            <= rounding([total, *(each.fact for each in chosen)])
        ]
        if fitting:
            best = max(fitting, key=lambda chosen: (-_countries(chosen), len(chosen)))
            return list(best), _missed(whole, best)
    if missed > NEARLY_ADDS_UP or any(each.value < 0 for each in shares):
        added = sum((each.value for each in shares), Decimal(0))
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"what is reported by {noun} adds up to {added:f}, which is not the revenue of {whole:f}",
        )
    return shares, missed


def _herfindahl(found: tuple[list[_Share], Decimal], total: Fact, noun: str) -> Computed:
    shares, missed = found
    added = sum((each.value for each in shares), Decimal(0))
    index = Decimal(0)
    for each in shares:
        part = ARITHMETIC.divide(each.value, added)
        index = ARITHMETIC.add(index, ARITHMETIC.multiply(part, part))
    told = ", ".join(f"{each.member.partition(':')[2]} {each.value:f}" for each in shares)
    return Computed(
        index,
        ADDS_UP_CONFIDENCE if missed <= ADDS_UP else NEARLY_CONFIDENCE,
        (FactEvidence("revenue", total), *(FactEvidence(f"revenue by {noun}", each.fact) for each in shares)),
        (f"by {noun}: {told}",),
        exact=False,
    )


def _missed(whole: Decimal, shares: Sequence[_Share]) -> Decimal:
    added = sum((each.value for each in shares), Decimal(0))
    return ARITHMETIC.divide(abs(added - whole), whole)


def _countries(shares: Iterable[_Share]) -> int:
    return sum(each.member.startswith("country:") for each in shares)


def _single_segment(filing: FilingView) -> FactEvidence | None:
    period = filing.content.period
    for fact in filing.facts_named(_SEGMENT_COUNT):
        when = fact.context.period
        if fact.value == 1 and not fact.context.members and when and period and when.end == period.end:
            return FactEvidence("reportable_segments", fact)
    return None


# Pension plans

_PLAN_ASSETS = "us-gaap:DefinedBenefitPlanFairValueOfPlanAssets"
_PLAN_OBLIGATION = "us-gaap:DefinedBenefitPlanBenefitObligation"
_PLAN_TYPES = (
    "us-gaap:RetirementPlanTypeAxis",
    "us-gaap:DefinedBenefitPlansDisclosuresDefinedBenefitPlansAxis",
)
_PENSIONS = "us-gaap:PensionPlansDefinedBenefitMember"
_AT_HOME_AND_ABROAD = (
    "us-gaap:UnitedStatesPensionPlansOfUSEntityDefinedBenefitMember",
    "us-gaap:ForeignPensionPlansDefinedBenefitMember",
)
_SPONSOR_PLACE = "us-gaap:RetirementPlanSponsorLocationAxis"


def _all_pensions(members: Members) -> bool:
    return len(members) == 1 and members[0][0] in _PLAN_TYPES and members[0][1] == _PENSIONS


def _pensions_by_place(members: Members) -> bool:
    of_type = [member for axis, member in members if axis in _PLAN_TYPES]
    return of_type == [_PENSIONS] and len(members) == 2 and any(axis == _SPONSOR_PLACE for axis, _ in members)


def _pensions_at_home_and_abroad(members: Members) -> bool:
    return len(members) == 1 and members[0][0] in _PLAN_TYPES and members[0][1] in _AT_HOME_AND_ABROAD


def _funded(assets: Sequence[Fact], obligation: Sequence[Fact], note: str) -> Computed:
    owed = sum((_value(fact) for fact in obligation), Decimal(0))
    if owed == 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "the plans owe nothing")
    return Computed(
        ARITHMETIC.divide(sum((_value(fact) for fact in assets), Decimal(0)), owed),
        Decimal("0.95") if note else Decimal(1),
        (
            *(FactEvidence("pension_assets", fact) for fact in assets),
            *(FactEvidence("pension_obligation", fact) for fact in obligation),
        ),
        (note,) if note else (),
        exact=False,
    )


# Fair value

_FAIR_VALUE_TOTALS = ("us-gaap:AssetsFairValueDisclosure", "us-gaap:AssetsFairValueDisclosureRecurring")
_FAIR_VALUE_CLASSES = (
    ("us-gaap:AvailableForSaleSecuritiesDebtSecurities", "us-gaap:AvailableForSaleSecurities"),
    ("us-gaap:TradingSecurities",),
    ("us-gaap:EquitySecuritiesFvNi",),
    ("us-gaap:DerivativeAssets", "us-gaap:DerivativeFairValueOfDerivativeAsset"),
    ("us-gaap:LoansHeldForSaleFairValueDisclosure",),
    ("us-gaap:ServicingAssetAtFairValueAmount",),
)
"""Classes of assets that do not overlap, each under the elements it may be tagged with, the usual one first."""
_LEVEL = "us-gaap:FairValueByFairValueHierarchyLevelAxis"
_LEVEL_3 = "us-gaap:FairValueInputsLevel3Member"
_FREQUENCY = "us-gaap:FairValueByMeasurementFrequencyAxis"
_RECURRING = "us-gaap:FairValueMeasurementsRecurringMember"


def _level_3(
    filing: FilingView, classes: Sequence[Sequence[str]], end: Period, currency: str
) -> tuple[Fact, ...]:
    """What each class has at level 3; one figure a class."""
    found: list[Fact] = []
    for elements in classes:
        told = [
            _agreed(element, report)
            for element in elements
            for members, report in filing.content.index.by_members(element, end, currency).items()
            if _is_recurring_level_3(members)
        ]
        found += told[:1]
    return tuple(found)


def _is_recurring_level_3(members: Members) -> bool:
    told: Mapping[str, str] = dict(members)
    return told.get(_LEVEL) == _LEVEL_3 and (
        len(told) == 1 or (len(told) == 2 and told.get(_FREQUENCY) == _RECURRING)
    )


def _agreed(element: str, report: Agreement | Conflict) -> Fact:
    if isinstance(report, Conflict):
        values = sorted({f"{fact.value:f}" for fact in report.facts if fact.value is not None})
        members = ", ".join(member for _, member in report.facts[0].context.members)
        raise MissingOperandError(
            MissingReason.CONFLICTING_FACTS,
            f"{element} of {members} is reported as {' and '.join(values[:4])}",
        )
    return report.fact


def _value(fact: Fact) -> Decimal:
    assert fact.value is not None, "an index holds facts with a value only"  # noqa: S101
    return fact.value


FUNCTIONS = {
    "segment_concentration": segment_concentration,
    "geographic_concentration": geographic_concentration,
    "pension_funded_ratio": pension_funded_ratio,
    "level3_asset_share": level3_asset_share,
}
