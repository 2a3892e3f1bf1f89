"""Rows over all of a filing's facts, over facts with dimensions, and over those of the filing of a year earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import log10

import pytest

from tenkay_extractor.evidence import FactEvidence
from tenkay_extractor.extraction import Extraction
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.signals import INCONSISTENT_CONFIDENCE, Signal
from tests.unit.extractor.signals.annual_reports import (
    Members,
    Told,
    Year,
    accession_number,
    financial,
    report,
    view,
)

YEAR = Year(2023)
SEGMENTS, REGIONS = "us-gaap:StatementBusinessSegmentsAxis", "srt:StatementGeographicalAxis"
CONSOLIDATION = "srt:ConsolidationItemsAxis"
BASE = (
    Told("us-gaap:Assets", "1000", YEAR.end),
    Told("us-gaap:NetIncomeLoss", "50", YEAR.flow),
    Told("us-gaap:Revenues", "900", YEAR.flow),
)


def signal(extraction: Extraction, signal_id: str) -> Signal:
    return next(each for each in extraction.signals if each.id == signal_id)


def gap(extraction: Extraction, signal_id: str) -> MissingSignal:
    return next(each for each in extraction.missing if each.id == signal_id)


def revenue_of(value: str, *members: tuple[str, str]) -> Told:
    return Told("us-gaap:Revenues", value, YEAR.flow, members=tuple(sorted(members)))


# Digits, elements


def test_benford_deviation_is_the_mean_distance_of_the_digits_shares() -> None:
    ones = [Told(f"q:Pile{number}", str(1001 + number), YEAR.end) for number in range(98)]
    twos = [Told(f"q:Heap{number}", str(2000 + number), YEAR.end) for number in range(80)]
    facts = [*BASE, *ones, *twos, Told("q:Small", "9", YEAR.end), Told("q:Again", "1001", YEAR.end)]
    counts = {1: 99, 2: 80, 5: 1, 9: 1}  # 98 and the assets, the heaps, the income, the revenue
    expected = sum(abs(counts.get(digit, 0) / 181 - log10(1 + 1 / digit)) for digit in range(1, 10)) / 9
    found = signal(financial(report(facts)), "benford_deviation")
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.confidence == pytest.approx(181 / 400, abs=0.005)


def test_benford_deviation_needs_150_amounts() -> None:
    found = gap(financial(report(BASE)), "benford_deviation")
    assert found.reason is MissingReason.NOT_COMPUTABLE
    assert "3 different amounts" in found.detail


def test_xbrl_custom_tag_share_counts_elements_and_not_facts() -> None:
    own = [Told("q:StonesMoved", "7", YEAR.flow), Told("q:StonesMoved", "6", YEAR.before.flow)]
    found = signal(financial(report([*BASE, *own])), "xbrl_custom_tag_share")
    assert found.value == 1 / 6  # three of the statements, two of the cover page, one of its own
    assert [each.fact.concept for each in found.evidence if isinstance(each, FactEvidence)] == [
        "q:StonesMoved"
    ]


def test_accounting_reporting_complexity_leaves_the_cover_page_out() -> None:
    found = signal(
        financial(report([*BASE, Told("q:StonesMoved", "7", YEAR.flow)])), "accounting_reporting_complexity"
    )
    assert found.value == 4


@pytest.mark.parametrize(
    "signal_id", ["xbrl_custom_tag_share", "accounting_reporting_complexity", "benford_deviation"]
)
def test_a_filing_without_facts_has_no_measure_of_them(signal_id: str) -> None:
    blob = report([])
    bare = replace(blob, content=blob.content.replace(b"ix:nonNumeric", b"span"))
    assert gap(financial(bare), signal_id).reason is MissingReason.NO_FACTS


def test_cash_runway_months_is_how_long_cash_lasts_at_the_years_rate() -> None:
    facts = [
        *BASE,
        Told("us-gaap:CashAndCashEquivalentsAtCarryingValue", "120", YEAR.end),
        Told("us-gaap:NetCashProvidedByUsedInOperatingActivities", "-60", YEAR.flow),
        Told("us-gaap:PaymentsToAcquirePropertyPlantAndEquipment", "20", YEAR.flow),
    ]
    assert signal(financial(report(facts)), "cash_runway_months").value == 120 / 80 * 12


# By segment and region


def concentration(*facts: Told, of: str = "segment_concentration") -> Signal | MissingSignal:
    extraction = financial(report([*BASE, *facts]))
    found: tuple[Signal | MissingSignal, ...] = (*extraction.signals, *extraction.missing)
    return next(each for each in found if each.id == of)


def test_eliminations_are_no_segment() -> None:
    found = concentration(
        revenue_of("600", (SEGMENTS, "q:StoneMember")),
        revenue_of("300", (SEGMENTS, "q:SandMember")),
        revenue_of("-40", (SEGMENTS, "us-gaap:IntersegmentEliminationMember")),
    )
    assert isinstance(found, Signal)
    assert found.value == pytest.approx((2 / 3) ** 2 + (1 / 3) ** 2)
    assert found.confidence == 0.95


def test_segments_may_be_told_before_eliminations() -> None:
    operating = (CONSOLIDATION, "us-gaap:OperatingSegmentsMember")
    found = concentration(
        revenue_of("600", (SEGMENTS, "q:StoneMember"), operating),
        revenue_of("300", (SEGMENTS, "q:SandMember"), operating),
    )
    assert isinstance(found, Signal)
    assert found.value == pytest.approx(5 / 9)


def test_a_subtotal_of_segments_does_not_count_twice() -> None:
    found = concentration(
        revenue_of("500", (SEGMENTS, "q:StoneMember")),
        revenue_of("300", (SEGMENTS, "q:SandMember")),
        revenue_of(
            "800", (SEGMENTS, "us-gaap:ReportableSegmentAggregationBeforeOtherOperatingSegmentMember")
        ),
        revenue_of("100", (SEGMENTS, "us-gaap:AllOtherSegmentsMember")),
    )
    assert isinstance(found, Signal)
    assert found.value == pytest.approx((25 + 9 + 1) / 81)


def test_segments_that_are_not_the_whole_give_no_concentration() -> None:
    found = concentration(
        revenue_of("500", (SEGMENTS, "q:StoneMember")), revenue_of("100", (SEGMENTS, "q:SandMember"))
    )
    assert isinstance(found, MissingSignal)
    assert found.reason is MissingReason.NOT_COMPUTABLE
    assert "600" in found.detail


def test_segments_that_nearly_are_the_whole_are_less_sure() -> None:
    found = concentration(
        revenue_of("500", (SEGMENTS, "q:StoneMember")), revenue_of("350", (SEGMENTS, "q:SandMember"))
    )
    assert isinstance(found, Signal)
    assert found.confidence == 0.7


def test_a_company_that_says_it_has_one_segment_is_wholly_concentrated() -> None:
    found = concentration(Told("us-gaap:NumberOfReportableSegments", "1", YEAR.flow, "pure"))
    assert isinstance(found, Signal)
    assert found.value == 1.0


def test_a_country_is_not_counted_beside_its_region() -> None:
    found = concentration(
        revenue_of("400", (REGIONS, "country:US")),
        revenue_of("500", (REGIONS, "srt:AmericasMember")),
        revenue_of("400", (REGIONS, "srt:EuropeMember")),
        of="geographic_concentration",
    )
    assert isinstance(found, Signal)
    assert found.value == pytest.approx((25 + 16) / 81)


# Plans and fair values

TYPE, PLACE = "us-gaap:RetirementPlanTypeAxis", "us-gaap:RetirementPlanSponsorLocationAxis"
PENSIONS = (TYPE, "us-gaap:PensionPlansDefinedBenefitMember")
OTHER_BENEFITS = (TYPE, "us-gaap:OtherPostretirementBenefitPlansDefinedBenefitMember")
LEVEL_3 = ("us-gaap:FairValueByFairValueHierarchyLevelAxis", "us-gaap:FairValueInputsLevel3Member")
RECURRING = ("us-gaap:FairValueByMeasurementFrequencyAxis", "us-gaap:FairValueMeasurementsRecurringMember")
ESTIMATED = (
    "us-gaap:FairValueByMeasurementBasisAxis",
    "us-gaap:EstimateOfFairValueFairValueDisclosureMember",
)


def plan(assets: str, obligation: str, *members: tuple[str, str]) -> tuple[Told, Told]:
    of: Members = tuple(sorted(members))
    return (
        Told("us-gaap:DefinedBenefitPlanFairValueOfPlanAssets", assets, YEAR.end, members=of),
        Told("us-gaap:DefinedBenefitPlanBenefitObligation", obligation, YEAR.end, members=of),
    )


def test_pension_funded_ratio_adds_plans_at_home_and_abroad() -> None:
    facts = [
        *BASE,
        *plan("70", "80", PENSIONS, (PLACE, "country:US")),
        *plan("20", "20", PENSIONS, (PLACE, "us-gaap:ForeignPlanMember")),
        *plan("0", "50", OTHER_BENEFITS),
    ]
    assert signal(financial(report(facts)), "pension_funded_ratio").value == 0.9


def test_health_benefits_are_no_pension() -> None:
    found = gap(financial(report([*BASE, *plan("10", "50", OTHER_BENEFITS)])), "pension_funded_ratio")
    assert found.reason is MissingReason.CONCEPT_NOT_REPORTED


def level_3(value: str, *members: tuple[str, str], element: str = "AssetsFairValueDisclosure") -> Told:
    return Told(f"us-gaap:{element}", value, YEAR.end, members=tuple(sorted(members)))


def test_level3_asset_share_is_of_recurring_measurements() -> None:
    facts = [*BASE, level_3("30", LEVEL_3, RECURRING), level_3("900", LEVEL_3, ESTIMATED)]
    assert signal(financial(report(facts)), "level3_asset_share").value == 0.03


def test_without_a_total_the_classes_of_level_3_are_added_and_less_sure() -> None:
    facts = [
        *BASE,
        level_3("20", LEVEL_3, element="TradingSecurities"),
        level_3("5", LEVEL_3, RECURRING, element="DerivativeAssets"),
        level_3("5", LEVEL_3, element="DerivativeAssets"),
    ]
    found = signal(financial(report(facts)), "level3_asset_share")
    assert (found.value, found.confidence) == (0.025, 0.6)


# Sums that do not hold


def test_a_balance_sheet_that_does_not_add_up_is_counted_and_lowers_what_rests_on_it() -> None:
    facts = [
        *BASE,
        Told("us-gaap:LiabilitiesAndStockholdersEquity", "1000", YEAR.end),
        Told("us-gaap:Liabilities", "700", YEAR.end),
        Told("us-gaap:StockholdersEquity", "400", YEAR.end),
    ]
    found = financial(report(facts))
    errors = signal(found, "statement_tie_out_errors")
    assert errors.value == 1
    assert any("does not hold: 1000 and 1100" in note for note in errors.notes)
    liabilities = signal(found, "total_liabilities")
    assert liabilities.confidence == float(INCONSISTENT_CONFIDENCE)
    assert any(note.startswith("inconsistent: assets = liabilities + equity") for note in liabilities.notes)
    assert signal(found, "revenue").confidence == 1.0


@pytest.mark.parametrize(
    "between", ["us-gaap:TemporaryEquityCarryingAmountAttributableToParent", "q:RedeemableUnits"]
)
def test_what_stands_between_liabilities_and_equity_makes_the_sum_hold(between: str) -> None:
    facts = [
        *BASE,
        Told("us-gaap:LiabilitiesAndStockholdersEquity", "1000", YEAR.end),
        Told("us-gaap:Liabilities", "500", YEAR.end),
        Told("us-gaap:StockholdersEquity", "400", YEAR.end),
        Told(between, "100", YEAR.end),
    ]
    assert signal(financial(report(facts)), "statement_tie_out_errors").value == 0


def test_a_sum_may_miss_by_the_rounding_of_its_parts() -> None:
    def flow(element: str, value: str) -> Told:
        return Told(f"us-gaap:{element}", value, YEAR.flow, decimals="0")

    facts = [
        *BASE,
        Told("us-gaap:LiabilitiesAndStockholdersEquity", "1000", YEAR.end),
        flow("NetCashProvidedByUsedInOperatingActivities", "50"),
        flow("NetCashProvidedByUsedInInvestingActivities", "-20"),
        flow("NetCashProvidedByUsedInFinancingActivities", "-10"),
        flow("CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect", "21"),
    ]  # fmt: skip
    assert signal(financial(report(facts)), "statement_tie_out_errors").value == 0
    wrong = [each if each.value != "21" else replace(each, value="24") for each in facts]
    assert signal(financial(report(wrong)), "statement_tie_out_errors").value == 1


# What is not zero


def cash_flow(*facts: Told) -> Extraction:
    cash = Told("us-gaap:NetCashProvidedByUsedInOperatingActivities", "150", YEAR.flow)
    return financial(report([*BASE, cash, *facts]))


def test_no_capital_expenditure_counts_as_zero_and_says_so() -> None:
    found = signal(cash_flow(), "free_cash_flow")
    assert found.value == 150
    assert "capex is not reported and counts as zero" in found.notes


def test_an_unknown_element_that_may_be_capital_expenditure_is_not_taken_for_zero() -> None:
    found = gap(cash_flow(Told("q:PaymentsForQuarriesAndEquipment", "60", YEAR.flow)), "free_cash_flow")
    assert found.reason is MissingReason.CONCEPT_NOT_REPORTED
    assert "q:PaymentsForQuarriesAndEquipment may be it" in found.detail


def test_a_line_that_is_split_by_segment_is_not_taken_for_zero() -> None:
    capex = "us-gaap:PaymentsToAcquirePropertyPlantAndEquipment"
    of_stone = Told(capex, "40", YEAR.flow, members=((SEGMENTS, "q:StoneMember"),))
    found = gap(cash_flow(of_stone), "free_cash_flow")
    assert "for parts only" in found.detail


def test_a_part_that_is_left_out_makes_the_sum_less_sure() -> None:
    lender = ("us-gaap:DebtInstrumentAxis", "q:BankMember")
    facts = [
        *BASE,
        Told("us-gaap:LongTermDebtCurrent", "20", YEAR.end),
        Told("us-gaap:LongTermDebtNoncurrent", "80", YEAR.end),
    ]
    whole = signal(financial(report(facts)), "total_debt")
    part = Told("us-gaap:ShortTermBorrowings", "7", YEAR.end, members=(lender,))
    found = signal(financial(report([*facts, part])), "total_debt")
    assert found.value == whole.value == 100
    assert found.confidence == pytest.approx(whole.confidence - 0.3)
    assert any(note.startswith("us-gaap:ShortTermBorrowings is reported for parts") for note in found.notes)


def test_oil_and_materials_are_an_oil_companys_inventory() -> None:
    facts = [
        *BASE,
        Told("us-gaap:CostOfRevenue", "500", YEAR.flow),
        Told("us-gaap:EnergyRelatedInventory", "80", YEAR.end),
        Told("us-gaap:InventoryPartsAndComponentsNetOfReserves", "20", YEAR.end),
    ]
    assert signal(financial(report(facts)), "days_inventory").value == 100 / 500 * 365


# Against the filing of a year earlier

EARLIER = Year(2022)
Q2 = (date(2023, 4, 1), date(2023, 6, 30))
Q2_BEFORE = (date(2022, 4, 1), date(2022, 6, 30))


def quarterly(year: int, *facts: Told) -> list[Told]:
    quarter = (date(year, 4, 1), date(year, 6, 30))
    half = (date(year, 1, 1), date(year, 6, 30))
    return [
        Told("us-gaap:NetIncomeLoss", "10", quarter),
        Told("us-gaap:NetCashProvidedByUsedInOperatingActivities", "12", half),
        *facts,
    ]


def test_a_10q_takes_the_balance_of_a_year_ago_from_the_filing_of_a_year_earlier() -> None:
    then = report(
        quarterly(2022, Told("us-gaap:RevenueRemainingPerformanceObligation", "800", Q2_BEFORE[1])),
        form="10-Q",
        end=Q2_BEFORE[1],
    )
    now = report(
        quarterly(2023, Told("us-gaap:RevenueRemainingPerformanceObligation", "1000", Q2[1])),
        form="10-Q",
        end=Q2[1],
    )
    alone = gap(financial(now), "rpo_growth")
    assert alone.reason is MissingReason.PRIOR_FILING_NOT_GIVEN
    assert "10-Q of a year earlier" in alone.detail
    found = signal(financial(now, view(then)), "rpo_growth")
    assert found.value == 0.25
    assert found.confidence == 0.9
    told = {
        each.fact.value: each.accession_number for each in found.evidence if isinstance(each, FactEvidence)
    }
    assert told == {Decimal(1000): "", Decimal(800): accession_number(date(2022, 8, 29))}


def test_a_balance_that_the_earlier_filing_does_not_tell_is_not_zero() -> None:
    then = report(quarterly(2022), form="10-Q", end=Q2_BEFORE[1])
    now = report(
        quarterly(2023, Told("us-gaap:RevenueRemainingPerformanceObligation", "1000", Q2[1])),
        form="10-Q",
        end=Q2[1],
    )
    assert gap(financial(now, view(then)), "rpo_growth").reason is MissingReason.PRIOR_PERIOD_NOT_REPORTED


def test_a_filing_with_comparatives_does_not_take_them_from_an_earlier_one() -> None:
    then = report([*in_year(EARLIER, "700")], end=EARLIER.end)
    facts = [*in_year(YEAR, "900"), Told("us-gaap:Revenues", "750", EARLIER.flow)]
    found = signal(financial(report(facts), view(then)), "revenue_growth_yoy")
    assert found.value == 0.2
    assert all(each.accession_number == "" for each in found.evidence if isinstance(each, FactEvidence))


def in_year(year: Year, revenue: str) -> list[Told]:
    return [
        Told("us-gaap:Revenues", revenue, year.flow),
        Told("us-gaap:NetIncomeLoss", "50", year.flow),
        Told("us-gaap:Assets", "1000", year.end),
    ]


def test_restated_comparatives_counts_amounts_that_are_not_what_they_were() -> None:
    then = report([*in_year(EARLIER, "700"), Told("q:Debt", "40", EARLIER.end)], end=EARLIER.end)
    facts = [
        *in_year(YEAR, "900"),
        Told("us-gaap:Revenues", "750", EARLIER.flow),
        Told("us-gaap:Assets", "1000", EARLIER.end),
        Told("us-gaap:NetIncomeLoss", "-50", EARLIER.flow),  # the sign alone is how it is tagged
        Told("q:Debt", "44", EARLIER.end, decimals="-1"),  # within rounding
    ]
    found = signal(financial(report(facts), view(then)), "restated_comparatives")
    assert found.value == 1
    cited = {
        (each.concept, each.fact.value, each.accession_number)
        for each in found.evidence
        if isinstance(each, FactEvidence)
    }
    assert cited == {
        ("comparative", Decimal(750), ""),
        ("as first reported", Decimal(700), accession_number(date(2023, 3, 1))),
    }


def test_restated_comparatives_needs_the_earlier_filing() -> None:
    found = gap(financial(report(in_year(YEAR, "900"))), "restated_comparatives")
    assert found.reason is MissingReason.PRIOR_FILING_NOT_GIVEN


def test_the_two_years_of_a_ratio_are_of_the_same_element_wherever_both_report_it() -> None:
    facts = [
        *in_year(YEAR, "900"),
        Told("us-gaap:ProfitLoss", "55", EARLIER.flow),
        Told("us-gaap:NetIncomeLossAvailableToCommonStockholdersBasic", "40", EARLIER.flow),
        Told("us-gaap:NetIncomeLoss", "40", EARLIER.flow),
    ]
    assert signal(financial(report(facts)), "net_income_growth_yoy").value == 0.25


def test_statements_in_another_currency_have_no_price_level() -> None:
    euros = [
        replace(each, unit="eur")
        for each in (*in_year(YEAR, "900"), Told("us-gaap:Liabilities", "400", YEAR.end))
    ]
    found = gap(financial(report(euros, form="20-F")), "ohlson_o")
    assert found.reason is MissingReason.NOT_COMPUTABLE
    assert "US dollars" in found.detail
