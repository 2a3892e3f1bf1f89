"""Screens of companies: which filing stands for one, what is summed over twelve months, and why a value is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pytest

from tenkay.errors import FailedPrecondition, Reason
from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import (
    CompanyFigures,
    CompanyPage,
    CompanyPeriod,
    CompanyScreen,
    GapReason,
)
from tenkay_store.domain.records import Dispute
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

CIK = 1999000001
TTM = CompanyPeriod.TRAILING_TWELVE_MONTHS
WHOLE_ANNUAL, WHOLE_QUARTERLY = ("item_7", "item_8"), ("part1_item1", "part1_item2")


class Reports:
    """Commits reports of companies, each with a number of its own."""

    def __init__(self, store: AnalyticalStore) -> None:
        self.store = store
        self.count = 0

    async def add(
        self,
        form: str,
        period: date,
        signals: Mapping[str, str | float | bool],
        *,
        cik: int | None = CIK,
        currency: str = "USD",
        sections: Sequence[str] = (),
        filed: date | None = None,
    ) -> str:
        self.count += 1
        number = accession_number(self.count)
        day = filed or date.fromordinal(period.toordinal() + 40)
        await self.store.commit(
            extraction_to_commit(
                number,
                cik=cik,
                form_type=form,
                period_end=period,
                filed=day,
                accepted=datetime(day.year, day.month, day.day, tzinfo=UTC),
                signals=signals,
                currency=currency,
                section_codes=tuple(sections),
            )
        )
        return number


@pytest.fixture
def reports(store: AnalyticalStore) -> Reports:
    return Reports(store)


async def screen(
    store: AnalyticalStore,
    period: CompanyPeriod,
    text: str = "",
    *,
    shown: Sequence[str] = (),
    currency: str = "",
    ciks: Sequence[int] = (),
    known_at: datetime | None = None,
    after: int | None = None,
    limit: int = 50,
) -> CompanyPage:
    expression = filters.parse(text)
    asked = CompanyScreen(
        period,
        None if expression is None else filters.resolve(expression, store.signal_types),
        currency,
        tuple(shown),
        tuple(ciks),
    )
    return await store.screen_companies(asked, Moment(store.head, known_at), after, limit)


async def only(store: AnalyticalStore, period: CompanyPeriod, *shown: str, **given: object) -> CompanyFigures:
    (figures,) = (await screen(store, period, shown=shown, **given)).companies  # type: ignore[arg-type]
    return figures


def values(figures: CompanyFigures) -> dict[str, object]:
    return {each.id: each.value.exact or each.value.number for each in figures.summary.signals}


def reasons(figures: CompanyFigures) -> dict[str, GapReason]:
    return {each.signal_id: each.reason for each in figures.gaps}


async def test_the_newest_report_of_its_kind_stands_for_a_company(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-K", date(2022, 12, 31), {"revenue": "1"})
    annual = await reports.add("10-K", date(2023, 12, 31), {"revenue": "2"})
    quarter = await reports.add("10-Q", date(2024, 3, 31), {"revenue": "3"})
    await reports.add("8-K", date(2024, 5, 1), {"revenue": "4"})
    found = {period: await only(store, period, "revenue") for period in CompanyPeriod}
    assert found[CompanyPeriod.LATEST_ANNUAL].summary.filing.accession_number == annual
    assert found[CompanyPeriod.LATEST_QUARTER].summary.filing.accession_number == quarter
    assert found[TTM].summary.filing.accession_number == quarter
    assert values(found[CompanyPeriod.LATEST_ANNUAL]) == {"revenue": "2"}
    assert values(found[CompanyPeriod.LATEST_QUARTER]) == {"revenue": "3"}


async def test_a_full_amendment_replaces_and_a_partial_one_does_not(
    store: AnalyticalStore, reports: Reports
) -> None:
    for form, whole in (("10-K", WHOLE_ANNUAL), ("10-Q", WHOLE_QUARTERLY)):
        end = date(2023, 12, 31) if form == "10-K" else date(2024, 3, 31)
        period = CompanyPeriod.LATEST_ANNUAL if form == "10-K" else CompanyPeriod.LATEST_QUARTER
        await reports.add(form, end, {"revenue": "1"})
        await reports.add(f"{form}/A", end, {"revenue": "2"}, sections=["item_10"], filed=date(2024, 8, 1))
        await reports.add(f"{form}/A", end, {"revenue": "3"}, sections=whole[:1], filed=date(2024, 8, 2))
        assert values(await only(store, period, "revenue")) == {"revenue": "1"}
        await reports.add(f"{form}/A", end, {"revenue": "4"}, sections=whole, filed=date(2024, 7, 1))
        assert values(await only(store, period, "revenue")) == {"revenue": "4"}


async def test_what_was_not_accepted_yet_does_not_stand_for_a_company(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-K", date(2022, 12, 31), {"revenue": "1"})
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "2"})
    then = await only(
        store, CompanyPeriod.LATEST_ANNUAL, "revenue", known_at=datetime(2024, 1, 15, tzinfo=UTC)
    )
    assert values(then) == {"revenue": "1"}


async def test_twelve_months_after_an_annual_report_are_its_year(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-Q", date(2023, 9, 30), {"revenue": "7"})
    annual = await reports.add("10-K", date(2023, 12, 31), {"revenue": "100.25", "free_cash_flow": "9"})
    figures = await only(store, TTM, "revenue", "free_cash_flow")
    assert values(figures) == {"revenue": "100.25", "free_cash_flow": "9"}
    assert [each.accession_number for each in figures.quarter_filings] == [annual]


@pytest.mark.parametrize("quarters", [1, 2, 3])
async def test_a_year_and_the_quarters_since_less_those_of_a_year_before(
    store: AnalyticalStore, reports: Reports, quarters: int
) -> None:
    ends = [(3, 31), (6, 30), (9, 30)]
    added, taken_off = [], []
    for place, (month, day) in enumerate(ends):
        number = await reports.add(
            "10-Q",
            date(2023, month, day),
            {"revenue": f"{place + 1}.10", "operating_cash_flow": f"{10 * (place + 1)}"},
        )
        if place < quarters:
            taken_off.append(number)
    added.append(
        await reports.add("10-K", date(2023, 12, 31), {"revenue": "50.05", "operating_cash_flow": "70"})
    )
    for place, (month, day) in enumerate(ends[:quarters]):
        added.append(
            await reports.add(
                "10-Q",
                date(2024, month, day),
                {"revenue": f"{place + 5}", "operating_cash_flow": f"{11 * (place + 1)}"},
            )
        )
    figures = await only(store, TTM, "revenue", "operating_cash_flow")
    # 50.05 + (5 + 6 + 7) - (1.1 + 2.1 + 3.1), as far as they have come.
    revenue = {1: "53.95", 2: "57.85", 3: "61.75"}[quarters]
    # Since the year began: 70 + 11 n - 10 n.
    assert values(figures) == {"revenue": revenue, "operating_cash_flow": f"{70 + quarters}"}
    assert figures.summed == ("revenue", "operating_cash_flow")
    told = [(each.accession_number, each.is_subtracted) for each in figures.quarter_filings]
    assert told == [(each, False) for each in sorted(added)] + [(each, True) for each in sorted(taken_off)]
    to_date = {each.accession_number: each.is_subtracted for each in figures.year_to_date_filings}
    assert to_date == {added[0]: False, added[-1]: False, taken_off[-1]: True}


async def test_four_quarterly_reports_in_a_row_are_summed(store: AnalyticalStore, reports: Reports) -> None:
    for place, end in enumerate(
        (date(2023, 6, 30), date(2023, 9, 30), date(2023, 12, 31), date(2024, 3, 31)), 1
    ):
        await reports.add("10-Q", end, {"revenue": f"{place}.000001", "operating_cash_flow": "1"})
    figures = await only(store, TTM, "revenue", "operating_cash_flow")
    assert values(figures) == {"revenue": "10.000004"}
    # What a quarterly report gives since the year began says nothing of a quarter.
    assert reasons(figures) == {"operating_cash_flow": GapReason.QUARTERS_NOT_CONSECUTIVE}


async def test_a_quarter_that_is_not_stored_leaves_twelve_months_missing(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-Q", date(2023, 3, 31), {"revenue": "1"})
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "50"})
    await reports.add("10-Q", date(2024, 6, 30), {"revenue": "6"})
    figures = await only(store, TTM, "revenue")
    assert reasons(figures) == {"revenue": GapReason.QUARTERS_NOT_CONSECUTIVE}
    assert figures.gaps[0].detail
    # It does not meet a comparison either way.
    assert not (await screen(store, TTM, "signals.revenue > 0")).companies
    assert not (await screen(store, TTM, "NOT signals.revenue > 0")).companies


async def test_a_transition_report_is_never_summed(store: AnalyticalStore, reports: Reports) -> None:
    await reports.add("10-KT", date(2023, 12, 31), {"revenue": "25", "total_assets": "9"})
    figures = await only(store, TTM, "revenue", "total_assets")
    assert values(figures) == {"total_assets": "9"}
    assert reasons(figures) == {"revenue": GapReason.QUARTERS_NOT_CONSECUTIVE}
    await reports.add("10-Q", date(2024, 3, 31), {"revenue": "1"})
    assert reasons(await only(store, TTM, "revenue")) == {"revenue": GapReason.QUARTERS_NOT_CONSECUTIVE}


async def test_a_part_without_a_value_or_in_another_currency_leaves_the_sum_missing(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-Q", date(2023, 3, 31), {"net_income": "1", "revenue": "1"})
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "50", "net_income": "5"})
    newest = await reports.add("10-Q", date(2024, 3, 31), {"revenue": "6"}, currency="EUR")
    figures = await only(store, TTM, "revenue", "net_income")
    assert reasons(figures) == {
        "revenue": GapReason.CURRENCIES_DIFFER,
        "net_income": GapReason.PART_WITHOUT_VALUE,
    }
    assert newest in figures.gaps[1].detail


async def test_a_disputed_value_is_neither_shown_nor_summed(store: AnalyticalStore, reports: Reports) -> None:
    annual = await reports.add("10-K", date(2023, 12, 31), {"revenue": "50", "current_ratio": 1.5})
    for signal_id in ("revenue", "current_ratio"):
        await store.dispute(Dispute(annual, None, signal_id, True, "OTHER", "somebody", "a note"))
    assert reasons(await only(store, CompanyPeriod.LATEST_ANNUAL, "revenue", "current_ratio")) == {
        "revenue": GapReason.DISPUTED,
        "current_ratio": GapReason.DISPUTED,
    }
    assert reasons(await only(store, TTM, "revenue", "current_ratio")) == {
        "revenue": GapReason.PART_WITHOUT_VALUE,
        "current_ratio": GapReason.DISPUTED,
    }


async def test_over_twelve_months_balances_and_flags_are_the_newest_reports_and_measures_of_a_period_are_missing(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add(
        "10-K", date(2023, 12, 31), {"total_assets": "90", "eps_diluted": "1", "net_margin": 0.5}
    )
    await reports.add(
        "10-Q",
        date(2024, 3, 31),
        {"total_assets": "80", "going_concern_doubt": True, "eps_diluted": "0.2", "net_margin": 0.25},
    )
    figures = await only(store, TTM, "total_assets", "going_concern_doubt", "eps_diluted", "net_margin")
    assert values(figures) == {"total_assets": "80", "going_concern_doubt": 1.0}
    assert reasons(figures) == {"eps_diluted": GapReason.NOT_A_SUM, "net_margin": GapReason.NOT_A_SUM}
    assert figures.summed == ()


async def test_a_gap_says_what_the_filings_extraction_says(store: AnalyticalStore, reports: Reports) -> None:
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "1"})
    await reports.add("10-K", date(2023, 12, 31), {"current_ratio": 1.0}, cik=7)
    page = await screen(store, CompanyPeriod.LATEST_ANNUAL, shown=["interest_cover", "current_ratio"])
    told = [{(gap.signal_id, gap.reason, gap.missing_reason) for gap in each.gaps} for each in page.companies]
    from_filing = ("interest_cover", GapReason.NOT_IN_FILING, "CONCEPT_NOT_REPORTED")
    assert told == [{from_filing}, {from_filing, ("current_ratio", GapReason.NOT_IN_FILING, "")}]


async def test_a_filter_is_about_the_filing_that_stands_for_the_company(
    store: AnalyticalStore, reports: Reports
) -> None:
    for cik, revenue in ((1, "5"), (2, "50"), (3, "500")):
        await reports.add("10-K", date(2022, 12, 31), {"revenue": "1000"}, cik=cik)
        number = await reports.add("10-K", date(2023, 12, 31), {"revenue": revenue}, cik=cik)
        if cik == 2:
            body = extraction(number, cik=cik)
            body.result_key = next(
                each.result_key for each in (await store.filings([number], Moment(store.head))).values()
            )
            await store.commit(analysis_to_commit(body))
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "60"}, cik=None)

    async def met(text: str, **given: object) -> list[int | None]:
        page = await screen(store, CompanyPeriod.LATEST_ANNUAL, text, **given)  # type: ignore[arg-type]
        return [each.summary.filing.cik for each in page.companies]

    assert await met("signals.revenue > 10") == [2, 3]
    assert await met("signals.revenue > 10", ciks=[3, 1]) == [3]
    assert await met("filed_date < 2024-01-01") == []
    assert await met('rating = "WEAK" AND flags:"going_concern"') == [2]
    assert await met("score < 50 OR signals.revenue < 10") == [1, 2]
    (second,) = (await screen(store, CompanyPeriod.LATEST_ANNUAL, "cik = 2")).companies
    assert (second.summary.rating, second.summary.score) == ("WEAK", 38.5)


async def test_pages_of_companies_go_on_in_the_order_of_ciks(
    store: AnalyticalStore, reports: Reports
) -> None:
    for cik in (5, 3, 9, 1, 7):
        await reports.add("10-K", date(2023, 12, 31), {"revenue": "5"}, cik=cik)
    found: list[int | None] = []
    after = None
    while True:
        page = await screen(store, CompanyPeriod.LATEST_ANNUAL, "signals.revenue = 5", after=after, limit=2)
        assert len(page.companies) <= 2
        found += [each.summary.filing.cik for each in page.companies]
        if (after := page.next_after) is None:
            break
    assert found == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("period", [CompanyPeriod.LATEST_ANNUAL, TTM])
async def test_companies_in_two_currencies_are_not_compared_unless_one_is_named(
    store: AnalyticalStore, reports: Reports, period: CompanyPeriod
) -> None:
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "5"}, cik=1)
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "5"}, cik=2, currency="EUR")
    with pytest.raises(FailedPrecondition) as mixed:
        await screen(store, period, "signals.revenue > 1")
    assert mixed.value.reason is Reason.CURRENCY_MISMATCH
    (figures,) = (await screen(store, period, "signals.revenue > 1", currency="EUR")).companies
    assert figures.summary.filing.cik == 2
    assert len((await screen(store, period, shown=["revenue"])).companies) == 2


async def test_text_in_a_filter_over_companies_is_a_value_and_never_sql(
    store: AnalyticalStore, reports: Reports
) -> None:
    await reports.add("10-K", date(2023, 12, 31), {"revenue": "5"})
    for text in ("company_name = \"x' OR '1'='1\"", 'company_name = "\'); DROP TABLE filings; --"'):
        assert not (await screen(store, TTM, text)).companies
    assert len((await screen(store, TTM, "signals.revenue > 1")).companies) == 1
