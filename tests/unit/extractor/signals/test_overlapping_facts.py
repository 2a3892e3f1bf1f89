"""Financial rows where the tagged amounts overlap, contradict each other, or are a part only."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.signals import Signal
from tests.unit.extractor.signals.annual_reports import Told, Year, financial, report

YEAR = Year(2023)
MATURITIES = "LongTermDebtMaturitiesRepaymentsOfPrincipal"
WITH_CURRENT = "LongTermDebtAndCapitalLeaseObligationsIncludingCurrentMaturities"


def told(
    balances: Mapping[str, str], flows: Mapping[str, str] | None = None
) -> dict[str, Signal | MissingSignal]:
    """By id, of a report with these us-gaap facts."""
    found = financial(
        report(
            [
                Told("us-gaap:Assets", "1000", YEAR.end),
                *(Told(f"us-gaap:{element}", amount, YEAR.end) for element, amount in balances.items()),
                *(Told(f"us-gaap:{element}", amount, YEAR.flow) for element, amount in (flows or {}).items()),
            ]
        )
    )
    by_id: dict[str, Signal | MissingSignal] = {signal.id: signal for signal in found.signals}
    by_id.update((gap.id, gap) for gap in found.missing)
    return by_id


def value(found: Mapping[str, Signal | MissingSignal], signal_id: str) -> float:
    signal = found[signal_id]
    assert isinstance(signal, Signal), signal
    return float(signal.value)


def confidence(found: Mapping[str, Signal | MissingSignal], signal_id: str) -> float:
    signal = found[signal_id]
    assert isinstance(signal, Signal), signal
    return signal.confidence


COSTS = {"GrossProfit": "400", "SellingGeneralAndAdministrativeExpense": "180"}


def test_research_with_acquired_research_is_not_less_than_research_without() -> None:
    found = told(
        {},
        {
            **COSTS,
            "ResearchAndDevelopmentExpense": "5",
            "ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost": "60",
        },
    )
    assert value(found, "research_and_development") == 60
    assert value(found, "operating_income") == 400 - 180 - 60


def test_research_with_acquired_research_is_preferred_where_it_is_more() -> None:
    found = told(
        {},
        {
            **COSTS,
            "ResearchAndDevelopmentExpense": "70",
            "ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost": "60",
        },
    )
    assert value(found, "research_and_development") == 70
    assert confidence(found, "research_and_development") == 1.0


BEFORE_TAXES = "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest"


@pytest.mark.parametrize("before_taxes", ["190", "205", "240"])  # 198 would be a tenth less
def test_gross_profit_less_expenses_is_operating_income_where_the_result_before_taxes_agrees(
    before_taxes: str,
) -> None:
    found = told({}, {**COSTS, BEFORE_TAXES: before_taxes, "InterestExpense": "10"})
    assert value(found, "operating_income") == 400 - 180


def test_gross_profit_less_expenses_that_leaves_costs_out_is_no_operating_income() -> None:
    found = told({}, {**COSTS, BEFORE_TAXES: "100", "InterestExpense": "10"})
    missing = found["operating_income"]
    assert isinstance(missing, MissingSignal)
    assert missing.reason is MissingReason.CONCEPT_NOT_REPORTED
    assert "result before taxes" in missing.detail


def test_other_losses_explain_what_the_result_before_taxes_lacks() -> None:
    found = told(
        {}, {**COSTS, BEFORE_TAXES: "100", "InterestExpense": "10", "OtherNonoperatingIncomeExpense": "-110"}
    )
    assert value(found, "operating_income") == 400 - 180


WITH_NONCONTROLLING = "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest"


def test_noncontrolling_interests_are_no_part_of_the_parents_equity() -> None:
    found = told({WITH_NONCONTROLLING: "400", "MinorityInterest": "370"})
    assert value(found, "stockholders_equity") == 30
    assert confidence(found, "stockholders_equity") == 0.9


def test_equity_is_the_whole_where_no_noncontrolling_interests_are_told() -> None:
    found = told({WITH_NONCONTROLLING: "400"})
    assert value(found, "stockholders_equity") == 400


@pytest.mark.parametrize("within", ["100", "101", "102"])
def test_short_term_debt_that_holds_the_current_part_is_not_added_to_it(within: str) -> None:
    found = told(
        {"ShortTermBorrowings": within, "LongTermDebtCurrent": "100", "LongTermDebtNoncurrent": "700"}
    )
    assert value(found, "total_debt") == int(within) + 700
    assert value(found, "debt_due_one_year_share") == pytest.approx(int(within) / (int(within) + 700))
    assert confidence(found, "total_debt") == pytest.approx(0.7)
    signal = found["total_debt"]
    assert isinstance(signal, Signal)
    assert any("the current part of long-term debt" in note for note in signal.notes)


@pytest.mark.parametrize(
    ("element", "amount"),
    [("ShortTermBorrowings", "99"), ("ShortTermBorrowings", "103"), ("CommercialPaper", "101")],
)
def test_short_term_debt_beside_the_current_part_is_added_to_it(element: str, amount: str) -> None:
    found = told({element: amount, "LongTermDebtCurrent": "100", "LongTermDebtNoncurrent": "700"})
    assert value(found, "total_debt") == int(amount) + 100 + 700


def test_the_same_notes_tagged_thrice_are_counted_once() -> None:
    found = told({"NotesPayableCurrent": "73", "LongTermDebtCurrent": "73", "LongTermDebt": "73"})
    assert value(found, "total_debt") == 73
    assert value(found, "debt_due_one_year_share") == 1


NONCURRENT = {"DebtCurrent": "198", "LongTermDebt": "268"}
TABLE = {
    f"{MATURITIES}InNextTwelveMonths": "198",
    f"{MATURITIES}InYearTwo": "167",
    f"{MATURITIES}InYearThree": "49",
    f"{MATURITIES}InYearFour": "28",
    f"{MATURITIES}AfterYearFive": "26",
}


@pytest.mark.parametrize("shown_by", [TABLE, {"DebtInstrumentCarryingAmount": "468"}])
def test_current_debt_is_added_to_long_term_debt_that_is_shown_not_to_hold_it(
    shown_by: dict[str, str],
) -> None:
    found = told({**NONCURRENT, **shown_by})
    assert value(found, "total_debt") == 198 + 268
    assert value(found, "debt_due_one_year_share") == pytest.approx(198 / 466)
    assert confidence(found, "total_debt") == pytest.approx(0.9)


def test_long_term_debt_that_the_maturities_add_up_to_holds_its_current_part() -> None:
    found = told({**TABLE, "DebtCurrent": "198", "LongTermDebt": "466"})
    assert value(found, "total_debt") == 466
    assert confidence(found, "total_debt") == pytest.approx(0.85)  # no short-term debt counts as zero


def test_a_discount_does_not_make_long_term_debt_noncurrent() -> None:
    found = told({"DebtCurrent": "10", "LongTermDebt": "300", "DebtInstrumentCarryingAmount": "309"})
    assert value(found, "total_debt") == 300
    assert confidence(found, "total_debt") <= 0.45


def test_long_term_debt_that_nothing_tells_to_hold_the_current_debt_is_unsure() -> None:
    found = told(NONCURRENT)
    assert value(found, "total_debt") == 268
    assert confidence(found, "total_debt") <= 0.45


def test_a_total_that_says_what_it_holds_is_not_doubted() -> None:
    found = told({"DebtCurrent": "198", WITH_CURRENT: "466"})
    assert value(found, "total_debt") == 466
    assert confidence(found, "total_debt") >= 0.8


def test_a_tagged_total_that_leaves_debt_out_is_unsure() -> None:
    parts = {"ShortTermBorrowings": "45", "LongTermDebtCurrent": "29", "LongTermDebtNoncurrent": "368"}
    short = told({**parts, "DebtLongtermAndShorttermCombinedAmount": "397"})
    assert (value(short, "total_debt"), confidence(short, "total_debt")) == (397, 0.5)
    whole = told({**parts, "DebtLongtermAndShorttermCombinedAmount": "442"})
    assert (value(whole, "total_debt"), confidence(whole, "total_debt")) == (442, 1.0)


def test_more_falls_due_within_three_years_than_there_is_debt() -> None:
    found = told({**NONCURRENT, **TABLE})["debt_due_three_year_share"]
    assert isinstance(found, MissingSignal)
    assert found.reason is MissingReason.CONDITION_NOT_MET


def test_principal_a_little_above_the_debt_after_discounts_is_a_share() -> None:
    found = told({**TABLE, "LongTermDebtNoncurrent": "400", "LongTermDebt": "410"})
    assert value(found, "debt_due_three_year_share") == pytest.approx(414 / 410)


@pytest.mark.parametrize("element", ["MarketingExpense", "MarketingAndAdvertisingExpense"])
def test_marketing_alone_is_no_selling_general_and_administrative_expense(element: str) -> None:
    found = told({}, {"Revenues": "900", element: "80"})
    for signal_id in ("sga_expense", "sga_ratio"):
        gap = found[signal_id]
        assert isinstance(gap, MissingSignal)
        assert gap.reason is MissingReason.CONCEPT_NOT_REPORTED
        assert "a part only" in gap.detail
    whole = told({}, {element: "80", "GeneralAndAdministrativeExpense": "20"})
    assert value(whole, "sga_expense") == 100


def test_selling_expense_alone_is_told_unsurely() -> None:
    found = told({}, {"SellingExpense": "80"})
    assert value(found, "sga_expense") == 80
    assert confidence(found, "sga_expense") <= 0.5


def test_general_and_administrative_expense_alone_is_what_it_was() -> None:
    found = told({}, {"GeneralAndAdministrativeExpense": "20"})
    assert value(found, "sga_expense") == 20
    assert confidence(found, "sga_expense") == pytest.approx(0.9)


def test_amounts_a_share_have_one_unit() -> None:
    assert {row.unit for row in load_catalog().signals if "/share" in row.unit} == {"USD/share"}
