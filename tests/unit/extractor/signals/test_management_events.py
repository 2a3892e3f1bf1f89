"""The management rows that an 8-K's items tell, and those over tagged repurchases and acquisitions."""

from __future__ import annotations

import pytest

from tenkay_extractor.filing_view import FilingView
from tests.unit.extractor.signals.made_filings import Paper, Tagged, filing, instance, value

ITEMS = {
    "material_agreement": ("Entry into a Material Definitive Agreement", "1.01"),
    "acquisition_or_disposal_completed": ("Completion of Acquisition or Disposition of Assets", "2.01"),
    "change_in_control": ("Changes in Control of Registrant", "5.01"),
    "officer_or_director_change": ("Departure of Directors or Certain Officers", "5.02"),
    "bylaw_amendment": ("Amendments to Articles of Incorporation or Bylaws", "5.03"),
    "shell_status_ceased": ("Change in Shell Company Status", "5.06"),
}


@pytest.mark.parametrize("signal", ITEMS)
def test_an_event_is_told_by_its_item_and_by_no_other(signal: str) -> None:
    for caption, item in ITEMS.values():
        report = filing("8-K", Paper("8-K", f"Item {item} {caption}\nIt happened."), items=[caption])
        assert value(report, signal) is (item == ITEMS[signal][1])


def test_a_report_without_items_tells_no_event() -> None:
    report = filing("8-K", Paper("8-K", "Nothing."))
    assert [value(report, signal) for signal in ITEMS] == ["SECTION_NOT_FOUND"] * len(ITEMS)


def balance(element: str, amount: str, year: int = 2023) -> Tagged:
    return Tagged(f"us-gaap:{element}", amount, "USD", "", f"{year}-12-31")


ASSETS = [balance("Assets", "1200"), balance("Assets", "800", 2022)]
INCOME = Tagged("us-gaap:NetIncomeLoss", "10", "USD")


def annual(*facts: Tagged) -> FilingView:
    paper = Paper("10-K", "Item 1. Business\nWe quarry slate.", "annual.txt")
    return filing("10-K", paper, instance(INCOME, *facts), filed="20240220", period="20231231")


def test_repurchases_that_may_still_be_made_over_assets() -> None:
    left = balance("StockRepurchaseProgramRemainingAuthorizedRepurchaseAmount1", "300")
    assert value(annual(*ASSETS, left), "repurchase_capacity") == pytest.approx(0.25)
    assert value(annual(*ASSETS), "repurchase_capacity") == "CONCEPT_NOT_REPORTED"


def test_cash_paid_for_businesses_over_mean_assets() -> None:
    paid = Tagged("us-gaap:PaymentsToAcquireBusinessesNetOfCashAcquired", "100", "USD")
    assert value(annual(*ASSETS, paid), "acquisition_intensity") == pytest.approx(0.1)
    assert value(annual(*ASSETS), "acquisition_intensity") == "CONCEPT_NOT_REPORTED"
