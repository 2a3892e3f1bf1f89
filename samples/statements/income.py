"""The income statement, and revenue by product."""

from __future__ import annotations

from decimal import Decimal

from samples.blocks import Figure, Member, Row, Table, Unit
from samples.financials import per_share
from samples.statements.maker import FlowColumn, StatementMaker, flow_header

PRODUCT_AXIS = "srt:ProductOrServiceAxis"


def income_statement(maker: StatementMaker, columns: tuple[FlowColumn, ...]) -> Table:
    tags = maker.tagging

    def line(label: str, element: str | tuple[str, ...], amounts: list[int], *, outflow: bool = False) -> Row:
        cells = (
            maker.money(element, column.period, amount, outflow=outflow)
            for column, amount in zip(columns, amounts, strict=True)
        )
        return Row(label, tuple(cells))

    flows = [column.flows for column in columns]
    shared = any(f.noncontrolling_income for f in flows)
    loss = flows[0].net_income < 0
    rows = [
        *product_rows(maker, columns),
        line("Total revenue", tags.revenue, [f.revenue for f in flows]),
        line("Cost of revenue", tags.cost_of_revenue, [f.cost_of_revenue for f in flows]),
        line("Gross profit", tags.gross_profit, [f.gross_profit for f in flows]),
    ]
    if any(f.research for f in flows):
        rows.append(
            line("Research and development", "ResearchAndDevelopmentExpense", [f.research for f in flows])
        )
    rows.append(
        line(
            "Selling, general and administrative",
            "SellingGeneralAndAdministrativeExpense",
            [f.selling_general for f in flows],
        )
    )
    if any(f.impairment for f in flows):
        rows.append(line("Goodwill impairment", "GoodwillImpairmentLoss", [f.impairment for f in flows]))
    rows.append(line("Operating income (loss)", "OperatingIncomeLoss", [f.operating_income for f in flows]))
    if tags.interest_expense and any(f.interest_expense for f in flows):
        rows.append(
            line(
                "Interest expense",
                tags.interest_expense,
                [f.interest_expense for f in flows],
                outflow=True,
            )
        )
    rows += [
        line(
            "Other income (expense), net",
            "OtherNonoperatingIncomeExpense",
            [f.other_income for f in flows],
        ),
        line(
            "Income (loss) before income taxes",
            "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest",
            [f.pretax_income for f in flows],
        ),
        line(
            "Provision for (benefit from) income taxes",
            "IncomeTaxExpenseBenefit",
            [f.income_tax for f in flows],
        ),
    ]
    if shared:
        rows += [
            line("Net income (loss)", "ProfitLoss", [f.consolidated_income for f in flows]),
            line(
                "Less: net income attributable to noncontrolling interest",
                "NetIncomeLossAttributableToNoncontrollingInterest",
                [f.noncontrolling_income for f in flows],
            ),
        ]
    title = "Net loss" if loss else "Net income"
    owner = f" attributable to {maker.company.short_name} stockholders" if shared else ""
    rows.append(line(f"{title}{owner}", "NetIncomeLoss", [f.net_income for f in flows]))
    rows += _per_share_rows(maker, columns)
    return Table(
        caption=f"(in {maker.unit_name}, except shares in thousands and per-share amounts)",
        headers=tuple(flow_header(column.period) for column in columns),
        rows=tuple(rows),
    )


def product_rows(maker: StatementMaker, columns: tuple[FlowColumn, ...]) -> tuple[Row, ...]:
    """Revenue by product: facts with a dimension, which are no total."""
    split = [maker.company.product_revenue(column.flows.revenue) for column in columns]
    return tuple(
        Row(
            product.name,
            tuple(
                maker.money(
                    maker.tagging.revenue,
                    column.period,
                    amounts[position],
                    members=(Member(PRODUCT_AXIS, f"{maker.company.prefix}:{product.member}"),),
                )
                for column, amounts in zip(columns, split, strict=True)
            ),
        )
        for position, product in enumerate(maker.company.products)
    )


def _per_share_rows(maker: StatementMaker, columns: tuple[FlowColumn, ...]) -> tuple[Row, ...]:
    def per(elements: tuple[str, ...], *, diluted: bool) -> tuple[Figure, ...]:
        return tuple(
            Figure(
                elements=tuple(f"us-gaap:{element}" for element in elements),
                when=c.period,
                value=per_share(
                    c.flows.net_income,
                    maker.unit_scale,
                    c.flows.diluted_shares if diluted else c.flows.basic_shares,
                ),
                decimals=2,
                unit=Unit.USD_PER_SHARE,
                places=2,
            )
            for c in columns
        )

    def shares(element: str, *, diluted: bool) -> tuple[Figure, ...]:
        return tuple(
            Figure(
                elements=(f"us-gaap:{element}",),
                when=c.period,
                value=Decimal(c.flows.diluted_shares if diluted else c.flows.basic_shares).scaleb(3),
                scale=3,
                decimals=-3,
                unit=Unit.SHARES,
            )
            for c in columns
        )

    names = maker.tagging.earnings_per_share
    rows = []
    if len(names) == 1:
        nested = (names[0], "EarningsPerShareBasic") if names[0] == "EarningsPerShareDiluted" else names
        all_losses = all(c.flows.net_income < 0 for c in columns)
        if all_losses:
            rows.append(Row("Net loss per share, basic and diluted", per(nested, diluted=True)))
        else:
            rows.append(
                Row("Net income (loss) per share, basic", per(("EarningsPerShareBasic",), diluted=False))
            )
            rows.append(Row("Net income (loss) per share, diluted", per((names[0],), diluted=True)))
    else:
        rows.append(Row("Net income (loss) per share, basic", per((names[0],), diluted=False)))
        rows.append(Row("Net income (loss) per share, diluted", per((names[1],), diluted=True)))
    basic = shares("WeightedAverageNumberOfSharesOutstandingBasic", diluted=False)
    diluted = shares("WeightedAverageNumberOfDilutedSharesOutstanding", diluted=True)
    return (
        *rows,
        Row("Weighted average shares, basic", basic),
        Row("Weighted average shares, diluted", diluted),
    )
