"""The cash-flow statement. Payments are printed in parentheses and tagged with the sign of their element: positive."""

from __future__ import annotations

from datetime import timedelta

from samples.blocks import Row, Table
from samples.statements.maker import CashColumn, StatementMaker, flow_header


def cash_flow_statement(maker: StatementMaker, columns: tuple[CashColumn, ...]) -> Table:
    def line(
        label: str, element: str, amounts: list[int], *, outflow: bool = False, total: bool = False
    ) -> Row:
        pairs = zip(columns, amounts, strict=True)
        cells = tuple(maker.money(element, c.period, amount, outflow=outflow) for c, amount in pairs)
        return Row(label, cells, total)

    f = [column.flows for column in columns]
    income = "ProfitLoss" if any(x.noncontrolling_income for x in f) else "NetIncomeLoss"
    rows = [
        line("Net income (loss)", income, [x.consolidated_income for x in f]),
        line(
            "Depreciation and amortization",
            "DepreciationDepletionAndAmortization",
            [x.depreciation for x in f],
        ),
    ]
    if any(x.stock_compensation for x in f):
        rows.append(
            line("Stock-based compensation", "ShareBasedCompensation", [x.stock_compensation for x in f])
        )
    if any(x.impairment for x in f):
        rows.append(line("Goodwill impairment", "GoodwillImpairmentLoss", [x.impairment for x in f]))
    optional = (
        ("Purchases of short-term investments, net", "PaymentsForProceedsFromShortTermInvestments",
         [x.investments_bought for x in f], True),
    )  # fmt: skip
    financing = (
        ("Proceeds from borrowings", "ProceedsFromIssuanceOfDebt", [x.debt_issued for x in f], False),
        ("Repayments of debt", "RepaymentsOfDebt", [x.debt_repaid for x in f], True),
        ("Proceeds from issuance of common stock", "ProceedsFromIssuanceOfCommonStock",
         [x.stock_issued for x in f], False),
        ("Repurchases of common stock", "PaymentsForRepurchaseOfCommonStock", [x.buybacks for x in f], True),
        ("Dividends paid", "PaymentsOfDividends", [x.dividends for x in f], True),
    )  # fmt: skip
    rows += [
        line("Accounts receivable", "IncreaseDecreaseInAccountsReceivable",
             [x.receivables_increase for x in f], outflow=True),
        line("Inventories", "IncreaseDecreaseInInventories", [x.inventory_increase for x in f], outflow=True),
        line("Accounts payable and accrued liabilities", "IncreaseDecreaseInAccountsPayableAndAccruedLiabilities",
             [x.payables_increase for x in f]),
        line("Net cash provided by (used in) operating activities",
             "NetCashProvidedByUsedInOperatingActivities", [x.operating_cash_flow for x in f], total=True),
        line("Purchases of property, plant and equipment", "PaymentsToAcquirePropertyPlantAndEquipment",
             [x.capital_expenditure for x in f], outflow=True),
        *(line(label, element, amounts, outflow=out) for label, element, amounts, out in optional if any(amounts)),
        line("Net cash used in investing activities", "NetCashProvidedByUsedInInvestingActivities",
             [x.investing_cash_flow for x in f], total=True),
        *(line(label, element, amounts, outflow=out) for label, element, amounts, out in financing if any(amounts)),
        line("Net cash provided by (used in) financing activities", "NetCashProvidedByUsedInFinancingActivities",
             [x.financing_cash_flow for x in f], total=True),
    ]  # fmt: skip
    level = "CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents"
    change = f"{level}PeriodIncreaseDecreaseIncludingExchangeRateEffect"
    closing = [x.closing.cash + x.closing.restricted_cash for x in columns]
    opening = [
        maker.money(level, c.period.start - timedelta(days=1), end - c.flows.cash_increase)
        for c, end in zip(columns, closing, strict=True)
    ]
    ending = [maker.money(level, c.period.end, end) for c, end in zip(columns, closing, strict=True)]
    rows += [
        line("Net increase (decrease) in cash", change, [x.cash_increase for x in f], total=True),
        Row("Cash, cash equivalents and restricted cash, beginning of period", tuple(opening)),
        Row("Cash, cash equivalents and restricted cash, end of period", tuple(ending), total=True),
    ]
    return Table(f"(in {maker.unit_name})", tuple(flow_header(c.period) for c in columns), tuple(rows))
