"""What a periodic report has to work with: company, year and quarter, and the columns that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from samples.accounts import YearAccounts
from samples.companies import SampleCompany
from samples.disclosures import Standing, standing
from samples.financials import Balance, Flows
from samples.fiscal_calendar import Period
from samples.statements.maker import BalanceColumn, CashColumn, FlowColumn, StatementMaker
from samples.tagging import Tagging, tagging_of


@dataclass(frozen=True, slots=True)
class Reporting:
    """The annual report of a fiscal year (quarter 4), or the report of one of its first three quarters."""

    company: SampleCompany
    label: int
    quarter: int

    @property
    def annual(self) -> bool:
        return self.quarter == 4

    @property
    def year(self) -> YearAccounts:
        return self.company.year(self.label)

    @property
    def prior_year(self) -> YearAccounts:
        """The year before, as this report shows it beside its own."""
        return self.company.accounts.comparative(self.label - 1)

    @property
    def period(self) -> Period:
        """From the fiscal year's first day to the report's last."""
        return self.year.fiscal.to_date(self.quarter)

    @property
    def three_months(self) -> Period:
        return self.year.fiscal.quarters[self.quarter - 1]

    @property
    def end(self) -> date:
        return self.period.end

    @property
    def year_start_balance_day(self) -> date:
        return self.period.start - timedelta(days=1)

    @property
    def to_date(self) -> Flows:
        return self.year.to_date(self.quarter)

    @property
    def prior_to_date(self) -> Flows:
        return self.prior_year.to_date(self.quarter)

    @property
    def discrete(self) -> Flows:
        """The flows that flow signals speak of: three months in a quarterly report, the year in an annual one."""
        return self.to_date if self.annual else self.year.quarters[self.quarter - 1]

    @property
    def prior_discrete(self) -> Flows:
        return self.prior_to_date if self.annual else self.prior_year.quarters[self.quarter - 1]

    @property
    def balance(self) -> Balance:
        return self.year.balances[self.quarter - 1]

    @property
    def opening(self) -> Balance:
        return self.year.opening

    @property
    def standing(self) -> Standing:
        return standing(self.company, self.label, self.quarter)

    @property
    def tagging(self) -> Tagging:
        return tagging_of(self.company, self.label, annual=self.annual)

    @property
    def maker(self) -> StatementMaker:
        return StatementMaker(self.company, self.tagging, self.company.accounts.unit_scale)

    def flow_columns(self) -> tuple[FlowColumn, ...]:
        """Newest first. A quarterly report after the first quarter has four: three months and year to date."""
        if self.annual:
            labels = range(self.label, max(self.label - self.company.statement_years, 2020), -1)
            accounts = self.company.accounts
            years = [self.year, *(accounts.comparative(label) for label in labels[1:])]
            return tuple(FlowColumn(year.fiscal.whole, year.annual) for year in years)
        quarter = self.quarter
        columns = [
            FlowColumn(self.three_months, self.discrete),
            FlowColumn(self.prior_year.fiscal.quarters[quarter - 1], self.prior_discrete),
        ]
        if quarter > 1:
            columns += [
                FlowColumn(self.period, self.to_date),
                FlowColumn(self.prior_year.fiscal.to_date(quarter), self.prior_to_date),
            ]
        return tuple(columns)

    def balance_columns(self) -> tuple[BalanceColumn, ...]:
        """The period's end and the last fiscal year's: no quarterly report carries a year-ago balance."""
        return (
            BalanceColumn(self.end, self.balance),
            BalanceColumn(self.year_start_balance_day, self.opening),
        )

    def cash_columns(self) -> tuple[CashColumn, ...]:
        """Year to date, as cash flows are always shown."""
        return (
            CashColumn(self.period, self.to_date, self.balance),
            CashColumn(
                self.prior_year.fiscal.to_date(self.quarter),
                self.prior_to_date,
                self.prior_year.balances[self.quarter - 1],
            ),
        )
