"""Catalog rows on made-up annual reports: what each gives, and when it gives nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tenkay_extractor.catalog import CatalogError
from tenkay_extractor.catalog_tables import load_catalog, parse_catalog
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.missing import MissingReason
from tests.unit.extractor.inline_pages import page

YEAR_END = date(2023, 12, 31)
FLOAT_DAY = date(2023, 6, 30)


def context(name: str, end: date, start: date | None = None) -> str:
    told = (
        f"<xbrli:instant>{end}</xbrli:instant>"
        if start is None
        else f"<xbrli:startDate>{start}</xbrli:startDate><xbrli:endDate>{end}</xbrli:endDate>"
    )
    return (
        f'<xbrli:context id="{name}"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999'
        f"</xbrli:identifier></xbrli:entity><xbrli:period>{told}</xbrli:period></xbrli:context>"
    )


def annual_report(
    flows: dict[str, str] | None = None,
    balances: dict[str, str] | None = None,
    *,
    before: dict[str, str] | None = None,
    opening: dict[str, str] | None = None,
    pure: dict[str, str] | None = None,
    cover: dict[str, str] | None = None,
    days: int = 365,
) -> Extraction:
    """Extracts a 10-K of these facts: the year's flows, those of the year before, balances at its end and start."""
    start = YEAR_END - timedelta(days=days - 1)
    last = start - timedelta(days=1)
    resources = "".join(
        (
            context("y", YEAR_END, start),
            context("p", last, last - timedelta(days=days - 1)),
            context("b", YEAR_END),
            context("o", last),
            context("f", FLOAT_DAY),
            '<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>',
            '<xbrli:unit id="pure"><xbrli:measure>xbrli:pure</xbrli:measure></xbrli:unit>',
        )
    )
    told = {"dei:DocumentType": "10-K", "dei:DocumentPeriodEndDate": YEAR_END.isoformat()}
    body = "".join(
        f'<p><ix:nonNumeric name="{name}" contextRef="y">{value}</ix:nonNumeric></p>'
        for name, value in told.items()
    )
    for where, unit, facts in (
        ("y", "usd", {"us-gaap:NetIncomeLoss": "10"} | (flows or {})),
        ("p", "usd", before or {}),
        ("b", "usd", {"us-gaap:Assets": "1000"} | (balances or {})),
        ("o", "usd", opening or {}),
        ("b", "pure", pure or {}),
        ("f", "usd", cover or {}),
    ):
        for name, value in facts.items():
            sign = ' sign="-"' if value.startswith("-") else ""
            body += (
                f'<p><ix:nonFraction name="{name}" contextRef="{where}" unitRef="{unit}" decimals="4"{sign}>'
                f"{value.lstrip('-')}</ix:nonFraction></p>"
            )
    return extract([Blob(page(body, resources=resources), filename="quarry.htm")])


def value(extraction: Extraction, signal_id: str) -> object:
    return next(signal.value for signal in extraction.signals if signal.id == signal_id)


def reason(extraction: Extraction, signal_id: str) -> MissingReason:
    return next(gap.reason for gap in extraction.missing if gap.id == signal_id)


BANK = {"us-gaap:InterestIncomeExpenseNet": "40", "us-gaap:NoninterestIncome": "10", "us-gaap:NoninterestExpense": "30"}  # fmt: skip
BANK_BALANCES = {
    "us-gaap:Deposits": "800",
    "us-gaap:FinancingReceivableExcludingAccruedInterestBeforeAllowanceForCreditLoss": "600",
    "us-gaap:FinancingReceivableAllowanceForCreditLossExcludingAccruedInterest": "12",
}


def test_rows_for_banks_hold_for_a_company_that_reports_as_one() -> None:
    bank = annual_report(BANK, BANK_BALANCES, opening={"us-gaap:Assets": "600"})
    assert value(bank, "bank_net_interest_margin") == 0.05
    assert value(bank, "bank_efficiency_ratio") == 0.6
    assert value(bank, "bank_loan_to_deposit") == 0.75
    assert value(bank, "bank_reserve_ratio") == 0.02


def test_rows_for_banks_give_nothing_for_other_companies() -> None:
    without_deposits = {name: told for name, told in BANK_BALANCES.items() if name != "us-gaap:Deposits"}
    quarry = annual_report(BANK, without_deposits)
    for signal_id in ("bank_net_interest_margin", "bank_efficiency_ratio", "bank_reserve_ratio"):
        assert reason(quarry, signal_id) is MissingReason.CONDITION_NOT_MET


@pytest.mark.parametrize("told", ["0.125", "12.5"])
def test_a_capital_ratio_told_in_percent_is_a_fraction(told: str) -> None:
    bank = annual_report(BANK, BANK_BALANCES, pure={"us-gaap:CommonEquityTierOneCapitalRatio": told})
    assert value(bank, "bank_tier1_ratio") == 0.125


def test_the_tier_one_ratio_does_not_stand_in_for_common_equity() -> None:
    bank = annual_report(
        BANK, BANK_BALANCES, pure={"us-gaap:TierOneRiskBasedCapitalToRiskWeightedAssets": "0.14"}
    )
    assert reason(bank, "bank_tier1_ratio") is MissingReason.CONCEPT_NOT_REPORTED


def test_a_profit_that_became_a_loss_is_growth_below_minus_one_and_in_range() -> None:
    quarry = annual_report({"us-gaap:NetIncomeLoss": "-40"}, before={"us-gaap:NetIncomeLoss": "20"})
    growth = next(signal for signal in quarry.signals if signal.id == "net_income_growth_yoy")
    assert growth.value == -3.0
    assert not growth.out_of_range


def test_a_loss_that_became_a_profit_is_less_sure_and_says_so() -> None:
    quarry = annual_report({"us-gaap:NetIncomeLoss": "40"}, before={"us-gaap:NetIncomeLoss": "-20"})
    growth = next(signal for signal in quarry.signals if signal.id == "net_income_growth_yoy")
    assert growth.value == 3.0
    assert growth.confidence == 0.6
    assert any("changed its sign" in note for note in growth.notes)


def test_the_float_is_dated_at_the_end_of_the_second_quarter() -> None:
    quarry = annual_report(cover={"dei:EntityPublicFloat": "5000000"})
    assert value(quarry, "public_float") == Decimal(5_000_000)


@pytest.mark.parametrize("days", [364, 365, 371])
def test_a_fiscal_year_of_any_length_is_a_year_of_days(days: int) -> None:
    quarry = annual_report(
        {"us-gaap:Revenues": "365"}, {"us-gaap:AccountsReceivableNetCurrent": "30"}, days=days
    )
    assert value(quarry, "days_sales_outstanding") == 30.0


def test_financing_without_any_reported_part_is_missing_and_not_zero() -> None:
    assert reason(annual_report(opening={"us-gaap:Assets": "900"}), "net_external_financing") is (
        MissingReason.CONCEPT_NOT_REPORTED
    )
    paid = annual_report({"us-gaap:PaymentsOfDividends": "19"}, opening={"us-gaap:Assets": "900"})
    assert value(paid, "net_external_financing") == -0.02


def test_goodwill_is_taken_off_a_total_that_holds_it() -> None:
    balances = {"us-gaap:IntangibleAssetsNetIncludingGoodwill": "300", "us-gaap:Goodwill": "200"}
    quarry = annual_report(balances=balances)
    assert value(quarry, "intangibles_share") == 0.3
    assert value(quarry, "goodwill_share") == 0.2


def test_every_concept_of_the_catalog_is_used_by_a_row() -> None:
    catalog = load_catalog()
    used: set[str] = set()
    expressions = [row.expression for row in catalog.signals if row.expression]
    expressions += [
        term.expression for row in catalog.signals if row.composite for term in row.composite.terms
    ]
    expressions += [row.emit_if for row in catalog.signals if row.emit_if]
    expressions += [caution.when for row in catalog.signals for caution in row.cautions]
    while expressions:
        names = expressions.pop().concepts - used
        used |= names
        ways = [way for name in names for way in catalog.concepts[name].derivations]
        expressions += [way.expression for way in ways]
        expressions += [way.when for way in ways if way.when]
        expressions += [way.unless.when for way in ways if way.unless]
    assert used == set(catalog.concepts)


def test_a_table_that_stands_in_two_texts_is_refused() -> None:
    with pytest.raises(CatalogError, match="concepts"):
        parse_catalog("1", ("concepts: {}", "concepts: {}"))


THIS_YEAR = {
    "us-gaap:NetIncomeLoss": "50",
    "us-gaap:NetCashProvidedByUsedInOperatingActivities": "80",
    "us-gaap:Revenues": "900",
    "us-gaap:GrossProfit": "400",
    "us-gaap:IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest": "60",
    "us-gaap:InterestExpense": "10",
    "us-gaap:SellingGeneralAndAdministrativeExpense": "180",
    "us-gaap:Depreciation": "45",
}
LAST_YEAR = {
    "us-gaap:NetIncomeLoss": "40",
    "us-gaap:NetCashProvidedByUsedInOperatingActivities": "30",
    "us-gaap:Revenues": "800",
    "us-gaap:GrossProfit": "320",
    "us-gaap:SellingGeneralAndAdministrativeExpense": "160",
    "us-gaap:Depreciation": "50",
}
NOW = {
    "us-gaap:AssetsCurrent": "400",
    "us-gaap:LiabilitiesCurrent": "200",
    "us-gaap:Liabilities": "600",
    "us-gaap:StockholdersEquity": "400",
    "us-gaap:RetainedEarningsAccumulatedDeficit": "-100",
    "us-gaap:LongTermDebtNoncurrent": "300",
    "us-gaap:AccountsReceivableNetCurrent": "90",
    "us-gaap:PropertyPlantAndEquipmentNet": "450",
}
THEN = {
    "us-gaap:Assets": "1000",
    "us-gaap:AssetsCurrent": "300",
    "us-gaap:LiabilitiesCurrent": "200",
    "us-gaap:LongTermDebtNoncurrent": "320",
    "us-gaap:AccountsReceivableNetCurrent": "80",
    "us-gaap:PropertyPlantAndEquipmentNet": "450",
}


def scores(**left_out: tuple[str, ...]) -> Extraction:
    def kept(name: str, facts: dict[str, str]) -> dict[str, str]:
        return {element: told for element, told in facts.items() if element not in left_out.get(name, ())}

    return annual_report(
        kept("flows", THIS_YEAR),
        kept("balances", NOW),
        before=kept("before", LAST_YEAR),
        opening=kept("opening", THEN),
    )


def test_the_bankruptcy_scores_are_their_published_sums() -> None:
    quarry = scores()
    z_private = 0.717 * 0.2 + 0.847 * -0.1 + 3.107 * 0.07 + 0.420 * 400 / 600 + 0.998 * 0.9
    assert value(quarry, "altman_z_private") == pytest.approx(z_private, abs=1e-12)
    z_double_prime = 6.56 * 0.2 + 3.26 * -0.1 + 6.72 * 0.07 + 1.05 * 400 / 600
    assert value(quarry, "altman_z_double_prime") == pytest.approx(z_double_prime, abs=1e-12)
    x = -4.336 - 4.513 * 0.05 + 5.679 * 0.6 - 0.004 * 2
    assert value(quarry, "zmijewski_x") == pytest.approx(x, abs=1e-12)


def test_the_manipulation_score_is_its_published_sum() -> None:
    indices = {
        0.920: (90 / 900) / (80 / 800),
        0.528: (320 / 800) / (400 / 900),
        0.404: (1 - 850 / 1000) / (1 - 750 / 1000),
        0.892: 900 / 800,
        0.115: (50 / 500) / (45 / 495),
        -0.172: (180 / 900) / (160 / 800),
        4.679: (50 - 80) / 1000,
        -0.327: (500 / 1000) / (520 / 1000),
    }
    expected = -4.84 + sum(weight * index for weight, index in indices.items())
    assert value(scores(), "beneish_m") == pytest.approx(expected, abs=1e-12)


def test_an_index_that_cannot_be_computed_counts_as_neutral_and_is_told() -> None:
    receivables = ("us-gaap:AccountsReceivableNetCurrent",)
    quarry = scores(opening=receivables)
    found = next(signal for signal in quarry.signals if signal.id == "beneish_m")
    whole = next(signal for signal in scores().signals if signal.id == "beneish_m")
    assert found.value == pytest.approx(
        whole.value, abs=1e-12
    )  # the index of these made-up years is 1 as well
    assert found.confidence < whole.confidence
    assert any("receivables index: 1, its neutral value" in note for note in found.notes)


def test_a_score_without_a_needed_index_is_missing() -> None:
    without = ("us-gaap:NetCashProvidedByUsedInOperatingActivities",)
    assert reason(scores(flows=without), "beneish_m") is MissingReason.CONCEPT_NOT_REPORTED


def test_the_nine_tests_need_eight_and_say_which_is_left_out() -> None:
    quarry = scores()  # no shares are told, so that one test is left out: seven of eight hold, scaled to nine
    found = next(signal for signal in quarry.signals if signal.id == "piotroski_f")
    assert found.value == 9.0
    assert found.confidence <= 0.7
    assert any("no shares issued: left out" in note for note in found.notes)
    assert (
        reason(scores(before=("us-gaap:GrossProfit",)), "piotroski_f") is MissingReason.CONCEPT_NOT_REPORTED
    )
