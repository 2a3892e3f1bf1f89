"""Changes in stockholders' equity."""

from __future__ import annotations

from datetime import date, timedelta

from samples.blocks import Figure, Member, Row, Table
from samples.financials import Balance, Flows
from samples.fiscal_calendar import Period, spoken
from samples.statements.maker import StatementMaker

PAID_IN = "us-gaap:CommonStockIncludingAdditionalPaidInCapitalMember"
RETAINED = "us-gaap:RetainedEarningsMember"
EQUITY_AXIS = "us-gaap:StatementEquityComponentsAxis"


def equity_statement(
    maker: StatementMaker, period: Period, opening: Balance, flows: Flows, closing: Balance
) -> Table:
    """Changes in equity by component. Every cell but those of the total column has a dimension."""
    components = (
        (PAID_IN, opening.paid_in_capital, closing.paid_in_capital),
        (RETAINED, opening.retained_earnings, closing.retained_earnings),
    )
    before = period.start - timedelta(days=1)

    def level(day: date, amounts: tuple[int, ...], total: int) -> tuple[Figure, ...]:
        parts = (
            maker.money("StockholdersEquity", day, amount, members=(Member(EQUITY_AXIS, member),))
            for (member, _, _), amount in zip(components, amounts, strict=True)
        )
        return (*parts, maker.money("StockholdersEquity", day, total))

    retained = (Member(EQUITY_AXIS, RETAINED),)
    rows = (
        Row(
            f"Balance, {spoken(before)}",
            level(before, tuple(c[1] for c in components), opening.stockholders_equity),
        ),
        Row(
            "Net income (loss)",
            (
                "",
                maker.money("NetIncomeLoss", period, flows.net_income, members=retained),
                maker.money("NetIncomeLoss", period, flows.net_income),
            ),
        ),
        Row(
            "Issuances and stock-based compensation, repurchases and dividends",
            (
                maker.money("", period, flows.stock_issued + flows.stock_compensation),
                maker.money("", period, flows.buybacks + flows.dividends, outflow=True),
                maker.money(
                    "",
                    period,
                    flows.stock_issued + flows.stock_compensation - flows.buybacks - flows.dividends,
                ),
            ),
        ),
        Row(
            f"Balance, {spoken(period.end)}",
            level(period.end, tuple(c[2] for c in components), closing.stockholders_equity),
            total=True,
        ),
    )
    headers = ("Common stock and paid-in capital", "Retained earnings", "Total stockholders’ equity")
    return Table(f"(in {maker.unit_name})", headers, rows)
