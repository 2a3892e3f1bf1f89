"""The annual report of 2012: HTML, with the facts in an XBRL instance. The company had no borrowings then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from samples import company_numbers as numbers
from samples import governance
from samples.annual_report import item
from samples.blocks import Block, Heading, PageBreak, Report, Row, Table, TextBlock, say
from samples.companies import LARKFIELD
from samples.cover import Cover, cover_blocks
from samples.disclosures import (
    Controls,
    Outlook,
    annual_controls,
    going_concern_policy,
    liquidity_discussion,
    prose,
)
from samples.financials import DebtDue, roll_forward
from samples.fiscal_calendar import month_end_fiscal_year
from samples.history.xbrl_instance import EntityFact, xbrl_instance
from samples.narrative.larkfield import PROFILE
from samples.narrative.markup import prose_blocks
from samples.statements.balance import balance_sheet
from samples.statements.cash_flow import cash_flow_statement
from samples.statements.income import income_statement
from samples.statements.maker import BalanceColumn, CashColumn, FlowColumn, StatementMaker
from samples.tagging import DebtLines, Tagging

COMPANY = replace(
    LARKFIELD, second_class_shares=0, chief_executive="Edmund Carrow", chief_financial="Joan Teller"
)
FILED_ON = date(2013, 2, 27)
PERIOD = month_end_fiscal_year(2012, 12).whole
PRIOR_PERIOD = month_end_fiscal_year(2011, 12).whole
UNIT_SCALE = 6
PRIOR_FLOWS, FLOWS = numbers.LARKFIELD_2011_2012
OPENING, CLOSING = roll_forward(numbers.LARKFIELD_2010_CLOSING, (PRIOR_FLOWS, FLOWS), (DebtDue(), DebtDue()))
SHARES = 126_904_311
TAGGING = Tagging(
    revenue="SalesRevenueNet",
    cost_of_revenue="CostOfGoodsSold",
    interest_expense="",
    debt=DebtLines.NONE,
)
MAKER = StatementMaker(COMPANY, TAGGING, UNIT_SCALE)

ITEM_6 = "Selected Financial Data"


def report_2012() -> Report:
    cover = Cover(
        form="10-K",
        period=PERIOD,
        printed_end=PERIOD.end,
        fiscal_year=2012,
        fiscal_period="FY",
        shares=SHARES,
        shares_as_of=FILED_ON - timedelta(days=6),
        public_float=2_310_000_000,
    )
    none: tuple[Block, ...] = (say("None."),)
    proxy: tuple[Block, ...] = (say(governance.PROXY),)
    sections = (
        item("1", prose_blocks(PROFILE.business)),
        item("1A", _risks()),
        item("1B", none),
        item("2", prose_blocks(PROFILE.properties)),
        item("3", prose_blocks(PROFILE.legal)),
        item("4", (say("Not applicable."),)),
        item("5", governance.market_for_stock(COMPANY)),
        item("6", (_selected_data(),), ITEM_6),
        item("7", _discussion()),
        item("7A", (say("We hold cash in several currencies and do not use derivatives for speculation."),)),
        item("8", _financial_statements()),
        item("9", none),
        item("9A", tuple(say(prose(p)) for p in annual_controls(COMPANY, Controls.EFFECTIVE, PERIOD.end))),
        item("9B", none),
        *(item(number, proxy) for number in ("10", "11", "12", "13", "14")),
        item("15", governance.exhibits(("31.1", "31.2", "32.1"))),
    )
    return Report(
        form="10-K",
        title="FORM 10-K",
        cover=cover_blocks(COMPANY, cover),
        sections=sections,
        closing=governance.signature(COMPANY, FILED_ON),
    )


def instance_2012(report: Report) -> bytes:
    entity = (
        EntityFact("DocumentType", "10-K"),
        EntityFact("AmendmentFlag", "false"),
        EntityFact("DocumentPeriodEndDate", PERIOD.end.isoformat()),
        EntityFact("DocumentFiscalYearFocus", "2012"),
        EntityFact("DocumentFiscalPeriodFocus", "FY"),
        EntityFact("CurrentFiscalYearEndDate", "--12-31"),
        EntityFact("EntityRegistrantName", COMPANY.name.upper()),
        EntityFact("EntityCentralIndexKey", f"{COMPANY.cik:010d}"),
        EntityFact("EntityFilerCategory", "Large Accelerated Filer"),
    )
    return xbrl_instance(
        report, entity, cik=COMPANY.cik, prefix=COMPANY.prefix, period=PERIOD, taxonomy_year=2012
    )


def _risks() -> tuple[Block, ...]:
    blocks: list[Block] = []
    for risk in PROFILE.risks[:6]:
        blocks.append(Heading(risk.title))
        blocks.extend(prose_blocks(risk.text))
    return tuple(blocks)


def _millions(amount: int) -> str:
    return f"${amount:,} million"


def _selected_data() -> Table:
    def row(label: str, now: int, before: int) -> Row:
        return Row(label, (f"{now:,}", f"{before:,}"))

    return Table(
        "(in millions)",
        ("2012", "2011"),
        (
            row("Revenue", FLOWS.revenue, PRIOR_FLOWS.revenue),
            row("Net income", FLOWS.net_income, PRIOR_FLOWS.net_income),
            row("Total assets", CLOSING.total_assets, OPENING.total_assets),
        ),
    )


def _discussion() -> tuple[Block, ...]:
    return (
        Heading("Results of operations"),
        *prose_blocks(PROFILE.outlook),
        say(
            f"Revenue was {_millions(FLOWS.revenue)} in 2012 and {_millions(PRIOR_FLOWS.revenue)} in 2011. "
            f"Net income was {_millions(FLOWS.net_income)}, after {_millions(PRIOR_FLOWS.net_income)}. See "
            "Item 8 for the statements."
        ),
        PageBreak(),
        Heading("Liquidity"),
        say(
            f"Operating activities provided {_millions(FLOWS.operating_cash_flow)}, and we had no debt at "
            "the end of either year."
        ),
        say(prose(liquidity_discussion(Outlook.SOUND))),
    )


def _financial_statements() -> tuple[Block, ...]:
    return (
        Heading("REPORT OF INDEPENDENT REGISTERED PUBLIC ACCOUNTING FIRM"),
        say(
            "In our opinion, the consolidated financial statements present fairly, in all material "
            "respects, the financial position of Larkfield Instruments Corp at December 31, 2012 and 2011, "
            "and its results and cash flows for the years then ended, in conformity with accounting "
            "principles generally accepted in the United States of America. We also have audited its "
            "internal control over financial reporting, and our report dated February 27, 2013 expressed "
            "an unqualified opinion thereon."
        ),
        Heading("CONSOLIDATED STATEMENTS OF INCOME"),
        income_statement(MAKER, (FlowColumn(PERIOD, FLOWS), FlowColumn(PRIOR_PERIOD, PRIOR_FLOWS))),
        Heading("CONSOLIDATED BALANCE SHEETS"),
        balance_sheet(MAKER, (BalanceColumn(PERIOD.end, CLOSING), BalanceColumn(PRIOR_PERIOD.end, OPENING))),
        PageBreak(),
        Heading("CONSOLIDATED STATEMENTS OF CASH FLOWS"),
        cash_flow_statement(
            MAKER, (CashColumn(PERIOD, FLOWS, CLOSING), CashColumn(PRIOR_PERIOD, PRIOR_FLOWS, OPENING))
        ),
        Heading("NOTES TO CONSOLIDATED FINANCIAL STATEMENTS"),
        TextBlock(
            "us-gaap:SignificantAccountingPoliciesTextBlock",
            PERIOD,
            (
                Heading("1. Accounting policies"),
                *prose_blocks(PROFILE.revenue_policy),
                say(prose(going_concern_policy(COMPANY))),
            ),
        ),
    )
