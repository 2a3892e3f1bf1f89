"""Made-up accounts that hold together: flows drive balances, so every identity is true by construction.

All amounts are whole numbers in the company's own unit (thousands or millions of US dollars); shares are thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Flows:
    """What happened in one period. Payments, expenses and purchases are positive."""

    revenue: int
    cost_of_revenue: int
    selling_general: int
    research: int = 0
    impairment: int = 0
    interest_expense: int = 0
    other_income: int = 0
    income_tax: int = 0
    noncontrolling_income: int = 0
    depreciation: int = 0
    stock_compensation: int = 0
    receivables_increase: int = 0
    inventory_increase: int = 0
    payables_increase: int = 0
    capital_expenditure: int = 0
    investments_bought: int = 0
    debt_issued: int = 0
    debt_repaid: int = 0
    stock_issued: int = 0
    buybacks: int = 0
    dividends: int = 0
    basic_shares: int = 0
    """Weighted average, thousands."""
    diluted_shares: int = 0
    """Weighted average, thousands. Equal to `basic_shares` in a period with a loss."""

    @property
    def gross_profit(self) -> int:
        return self.revenue - self.cost_of_revenue

    @property
    def operating_income(self) -> int:
        return self.gross_profit - self.research - self.selling_general - self.impairment

    @property
    def pretax_income(self) -> int:
        return self.operating_income - self.interest_expense + self.other_income

    @property
    def consolidated_income(self) -> int:
        """Profit or loss with the share of others in subsidiaries."""
        return self.pretax_income - self.income_tax

    @property
    def net_income(self) -> int:
        """Profit or loss of the company's own stockholders."""
        return self.consolidated_income - self.noncontrolling_income

    @property
    def operating_cash_flow(self) -> int:
        return (
            self.consolidated_income
            + self.depreciation
            + self.stock_compensation
            + self.impairment
            - self.receivables_increase
            - self.inventory_increase
            + self.payables_increase
        )

    @property
    def investing_cash_flow(self) -> int:
        return -self.capital_expenditure - self.investments_bought

    @property
    def financing_cash_flow(self) -> int:
        return self.debt_issued - self.debt_repaid + self.stock_issued - self.buybacks - self.dividends

    @property
    def cash_increase(self) -> int:
        return self.operating_cash_flow + self.investing_cash_flow + self.financing_cash_flow


SHARE_COUNTS = ("basic_shares", "diluted_shares")


@dataclass(frozen=True, slots=True)
class Balance:
    """What is owned and owed at the end of one day."""

    cash: int
    investments: int
    receivables: int
    inventory: int
    prepaid: int
    plant: int
    goodwill: int
    restricted_cash: int
    other_assets: int
    payables: int
    accrued: int
    revolver: int
    current_debt: int
    """The part of the term debt that falls due within a year; the revolver is not in it."""
    noncurrent_debt: int
    other_liabilities: int
    paid_in_capital: int
    retained_earnings: int
    noncontrolling: int = 0

    @property
    def current_assets(self) -> int:
        return self.cash + self.investments + self.receivables + self.inventory + self.prepaid

    @property
    def total_assets(self) -> int:
        return self.current_assets + self.plant + self.goodwill + self.restricted_cash + self.other_assets

    @property
    def total_debt(self) -> int:
        return self.revolver + self.current_debt + self.noncurrent_debt

    @property
    def current_liabilities(self) -> int:
        return self.payables + self.accrued + self.revolver + self.current_debt

    @property
    def total_liabilities(self) -> int:
        return self.current_liabilities + self.noncurrent_debt + self.other_liabilities

    @property
    def stockholders_equity(self) -> int:
        return self.paid_in_capital + self.retained_earnings

    @property
    def total_equity(self) -> int:
        return self.stockholders_equity + self.noncontrolling


@dataclass(frozen=True, slots=True)
class DebtDue:
    """How the debt at a period's end splits; the rest of it is non-current."""

    revolver: int = 0
    current: int = 0


def flow_series(**columns: str) -> tuple[Flows, ...]:
    """One `Flows` per position of equally long columns named like its fields.

    A column is written as numbers between spaces; bars, which mark the years for the reader, are skipped.
    """
    names = tuple(columns)
    rows = zip(*(map(int, text.replace("|", " ").split()) for text in columns.values()), strict=True)
    return tuple(Flows(**dict(zip(names, row, strict=True))) for row in rows)


def together(periods: Sequence[Flows]) -> Flows:
    """The flows of consecutive periods as one. Weighted average share counts are averaged, the rest is summed."""
    sums = {field.name: sum(getattr(flows, field.name) for flows in periods) for field in fields(Flows)}
    for name in SHARE_COUNTS:
        sums[name] = _half_up(Decimal(sums[name]) / len(periods))
    return Flows(**sums)


def reclassified(flows: Flows, reduction: int) -> Flows:
    """The same period after `reduction` moved from gross to net presentation: less revenue, equally less cost."""
    return replace(
        flows, revenue=flows.revenue - reduction, cost_of_revenue=flows.cost_of_revenue - reduction
    )


def roll_forward(
    opening: Balance, periods: Sequence[Flows], debt_due: Sequence[DebtDue]
) -> tuple[Balance, ...]:
    """The balance at the end of each period."""
    balances = []
    balance = opening
    for flows, due in zip(periods, debt_due, strict=True):
        debt = balance.total_debt + flows.debt_issued - flows.debt_repaid
        balance = replace(
            balance,
            cash=balance.cash + flows.cash_increase,
            investments=balance.investments + flows.investments_bought,
            receivables=balance.receivables + flows.receivables_increase,
            inventory=balance.inventory + flows.inventory_increase,
            plant=balance.plant + flows.capital_expenditure - flows.depreciation,
            goodwill=balance.goodwill - flows.impairment,
            payables=balance.payables + flows.payables_increase,
            revolver=due.revolver,
            current_debt=due.current,
            noncurrent_debt=debt - due.revolver - due.current,
            paid_in_capital=balance.paid_in_capital + flows.stock_issued + flows.stock_compensation,
            retained_earnings=balance.retained_earnings + flows.net_income - flows.buybacks - flows.dividends,
            noncontrolling=balance.noncontrolling + flows.noncontrolling_income,
        )
        balances.append(balance)
    return tuple(balances)


def per_share(amount: int, unit_scale: int, shares_in_thousands: int) -> Decimal:
    """US dollars per share, rounded half up to the cent as a company would state it."""
    exact = Decimal(amount).scaleb(unit_scale) / (Decimal(shares_in_thousands) * 1000)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
