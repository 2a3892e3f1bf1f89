from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest

from samples.companies import COMPANIES, CORVANE, YEARS, SampleCompany
from samples.disclosures import Controls, Outlook, standing
from samples.financials import together
from samples.fiscal_calendar import (
    Period,
    eastern_to_utc,
    last_saturday_fiscal_year,
    month_end_fiscal_year,
    next_business_day,
)
from samples.history import larkfield_1996, larkfield_2012

company_of_each = pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.key)


@company_of_each
def test_assets_equal_liabilities_and_equity_at_every_quarters_end(company: SampleCompany) -> None:
    for year in company.accounts.years:
        for balance in (year.opening, *year.balances):
            assert balance.total_assets == balance.total_liabilities + balance.total_equity
            assert min(balance.cash, balance.inventory, balance.plant, balance.noncurrent_debt) >= 0


@company_of_each
def test_cash_flows_add_up_to_the_change_in_cash(company: SampleCompany) -> None:
    for year in company.accounts.years:
        assert year.closing.cash - year.opening.cash == year.annual.cash_increase


@company_of_each
def test_quarters_add_up_to_the_year(company: SampleCompany) -> None:
    for year in company.accounts.years:
        assert sum(quarter.revenue for quarter in year.quarters) == year.annual.revenue
        assert sum(quarter.net_income for quarter in year.quarters) == year.annual.net_income
        assert together(year.quarters[:2]).operating_cash_flow == year.to_date(2).operating_cash_flow


@company_of_each
def test_each_year_opens_with_the_balance_the_last_one_closed_with(company: SampleCompany) -> None:
    years = company.accounts.years
    for before, after in pairwise(years):
        assert after.opening == before.closing
        assert after.fiscal.whole.start == before.fiscal.whole.end + timedelta(days=1)


@pytest.mark.parametrize("report", [larkfield_1996, larkfield_2012])
def test_the_older_balances_hold_too(report: object) -> None:
    for balance in (report.OPENING, report.CLOSING):  # type: ignore[attr-defined]
        assert balance.total_assets == balance.total_liabilities + balance.total_equity


def test_the_three_companies_tell_three_stories() -> None:
    healthy, distressed, changing = COMPANIES
    assert all(healthy.year(y).annual.revenue > healthy.year(y - 1).annual.revenue for y in YEARS)
    assert all(healthy.year(y).annual.net_income > 0 for y in YEARS)
    assert all(distressed.year(y).annual.revenue < distressed.year(y - 1).annual.revenue for y in YEARS)
    assert all(distressed.year(y).annual.net_income < 0 for y in YEARS)
    assert [distressed.year(y).closing.stockholders_equity < 0 for y in YEARS] == [False, False, True]
    assert [changing.year(y).annual.net_income > 0 for y in YEARS] == [False, True, True]


def test_doubt_and_weakness_are_stated_in_the_years_they_belong_to() -> None:
    healthy, distressed, changing = COMPANIES
    annual = {c.key: [standing(c, y, 4) for y in YEARS] for c in COMPANIES}
    assert all(s.outlook is Outlook.SOUND and s.controls is Controls.EFFECTIVE for s in annual[healthy.key])
    assert [s.outlook for s in annual[distressed.key]] == [Outlook.SOUND, Outlook.DOUBT, Outlook.DOUBT]
    assert [s.controls for s in annual[distressed.key]] == [Controls.EFFECTIVE, Controls.WEAK, Controls.WEAK]
    assert [s.controls for s in annual[changing.key]] == [
        Controls.WEAK,
        Controls.REMEDIATED,
        Controls.EFFECTIVE,
    ]


def test_a_reclassified_year_keeps_its_profit() -> None:
    first, later = CORVANE.accounts.year(2022), CORVANE.accounts.comparative(2022)
    assert later.annual.revenue < first.annual.revenue
    assert later.annual.gross_profit == first.annual.gross_profit
    assert CORVANE.accounts.comparative(2023) == CORVANE.accounts.year(2023)


def test_a_52_week_filer_has_a_53_week_year_now_and_then() -> None:
    years = {label: last_saturday_fiscal_year(label, 9) for label in (2022, 2023, 2024)}
    assert {label: year.whole.days for label, year in years.items()} == {2022: 364, 2023: 371, 2024: 364}
    assert years[2022].whole.end == date(2022, 9, 24)
    assert years[2023].quarters[0] == Period(date(2022, 9, 25), date(2022, 12, 31))


def test_a_fiscal_year_that_ends_in_january_is_named_for_the_year_before() -> None:
    year = month_end_fiscal_year(2023, 1)
    assert year.whole == Period(date(2023, 2, 1), date(2024, 1, 31))
    assert year.quarters[0].end == date(2023, 4, 30)


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        (date(2024, 3, 9), 21),
        (date(2024, 3, 10), 20),
        (date(2024, 11, 2), 20),
        (date(2024, 11, 3), 21),
        (date(1997, 4, 5), 21),
        (date(1997, 4, 6), 20),
        (date(1997, 10, 25), 20),
        (date(1997, 10, 26), 21),
    ],
)
def test_new_york_time_follows_the_daylight_rules_of_its_year(day: date, utc_hour: int) -> None:
    assert eastern_to_utc(datetime.combine(day, time(16))).hour == utc_hour


def test_nothing_is_filed_on_a_weekend() -> None:
    assert next_business_day(date(2024, 6, 1)) == next_business_day(date(2024, 6, 2)) == date(2024, 6, 3)
    assert next_business_day(date(2024, 6, 3)) == date(2024, 6, 3)
