"""The balance sheet, with what is borrowed shown the way the company's tagging says."""

from __future__ import annotations

from samples.blocks import Figure, Row, Table
from samples.financials import Balance
from samples.fiscal_calendar import spoken
from samples.statements.maker import BalanceColumn, StatementMaker
from samples.tagging import DebtLines


def balance_sheet(maker: StatementMaker, columns: tuple[BalanceColumn, ...]) -> Table:
    tags = maker.tagging

    def line(label: str, element: str, amounts: list[int | None], *, total: bool = False) -> Row:
        pairs = zip(columns, amounts, strict=True)
        return Row(label, tuple(maker.money(element, c.day, amount) for c, amount in pairs), total)

    b = [column.balance for column in columns]
    rows = [line("Cash and cash equivalents", "CashAndCashEquivalentsAtCarryingValue", [x.cash for x in b])]
    if any(x.investments for x in b):
        rows.append(line("Short-term investments", tags.investments, [x.investments for x in b]))
    rows += [
        line("Accounts receivable, net", "AccountsReceivableNetCurrent", [x.receivables for x in b]),
        line("Inventories", "InventoryNet", [x.inventory for x in b]),
        line("Prepaid expenses", "PrepaidExpenseCurrent", [x.prepaid for x in b]),
        line("Total current assets", "AssetsCurrent", [x.current_assets for x in b], total=True),
        line("Property, plant and equipment, net", "PropertyPlantAndEquipmentNet", [x.plant for x in b]),
    ]
    if any(x.goodwill for x in b):
        rows.append(line("Goodwill", "Goodwill", [x.goodwill for x in b]))
    if any(x.restricted_cash for x in b):
        rows.append(line("Restricted cash", "RestrictedCashNoncurrent", [x.restricted_cash for x in b]))
    rows += [
        line("Other assets", "OtherAssetsNoncurrent", [x.other_assets for x in b]),
        line("Total assets", "Assets", [x.total_assets for x in b], total=True),
        line("Accounts payable", "AccountsPayableCurrent", [x.payables for x in b]),
        line("Accrued liabilities", "AccruedLiabilitiesCurrent", [x.accrued for x in b]),
        *(line(label, element, amounts) for label, element, amounts in _current_debt_lines(maker, b)),
        line(
            "Total current liabilities",
            "LiabilitiesCurrent",
            [x.current_liabilities for x in b],
            total=True,
        ),
        *(line(label, element, amounts) for label, element, amounts in _noncurrent_debt_lines(maker, b)),
        line("Other long-term liabilities", "OtherLiabilitiesNoncurrent", [x.other_liabilities for x in b]),
    ]
    if tags.liabilities:
        rows.append(line("Total liabilities", tags.liabilities, [x.total_liabilities for x in b], total=True))
    rows.append(_commitments(maker, columns))
    rows += [
        line("Common stock and additional paid-in capital", "CommonStocksIncludingAdditionalPaidInCapital",
             [x.paid_in_capital for x in b]),
        line("Retained earnings (accumulated deficit)", "RetainedEarningsAccumulatedDeficit",
             [x.retained_earnings for x in b]),
    ]  # fmt: skip
    shared = any(x.noncontrolling for x in b)
    owner = f"{maker.company.short_name} stockholders’ equity" if shared else "stockholders’ equity (deficit)"
    rows.append(line(f"Total {owner}", "StockholdersEquity", [x.stockholders_equity for x in b], total=True))
    if shared:
        whole = "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest"
        rows.append(line("Noncontrolling interest", "MinorityInterest", [x.noncontrolling for x in b]))
        rows.append(line("Total equity", whole, [x.total_equity for x in b], total=True))
    rows.append(
        line(
            "Total liabilities and equity",
            "LiabilitiesAndStockholdersEquity",
            [x.total_assets for x in b],
            total=True,
        )
    )
    return Table(f"(in {maker.unit_name})", tuple(spoken(c.day) for c in columns), tuple(rows))


def _current_debt_lines(
    maker: StatementMaker, balances: list[Balance]
) -> list[tuple[str, str, list[int | None]]]:
    debt = maker.tagging.debt
    if debt is DebtLines.SPLIT:
        lines: list[tuple[str, str, list[int | None]]] = []
        if any(x.revolver for x in balances):
            lines.append(("Revolving credit facility", "ShortTermBorrowings", [x.revolver for x in balances]))
        lines.append(
            (
                "Current portion of long-term debt",
                "LongTermDebtCurrent",
                [x.current_debt for x in balances],
            )
        )
        return lines
    if debt is DebtLines.CURRENT_TOTAL:
        return [("Current debt", "DebtCurrent", [x.revolver + x.current_debt for x in balances])]
    if debt is DebtLines.TOTAL_ONLY and any(x.revolver + x.current_debt for x in balances):
        return [("Current debt", "DebtCurrent", [x.revolver + x.current_debt or None for x in balances])]
    return []


def _noncurrent_debt_lines(
    maker: StatementMaker, balances: list[Balance]
) -> list[tuple[str, str, list[int | None]]]:
    debt = maker.tagging.debt
    if debt is DebtLines.NONE:
        return []
    element = "LongTermDebt" if debt is DebtLines.TOTAL_ONLY else "LongTermDebtNoncurrent"
    label = (
        "Convertible senior notes" if debt is DebtLines.TOTAL_ONLY else "Long-term debt, less current portion"
    )
    return [(label, element, [x.noncurrent_debt for x in balances])]


def _commitments(maker: StatementMaker, columns: tuple[BalanceColumn, ...]) -> Row:
    """The line that every balance sheet has and no amount ever stands in: tagged as nil."""
    cells = tuple(
        Figure(
            ("us-gaap:CommitmentsAndContingencies",),
            c.day,
            None,
            maker.unit_scale,
            -maker.unit_scale,
            nil=True,
        )
        for c in columns
    )
    return Row("Commitments and contingencies", cells)
