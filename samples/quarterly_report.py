"""The quarterly report: Form 10-Q, whose item numbers start over in Part II."""

from __future__ import annotations

from datetime import date

from samples import governance
from samples.blocks import Block, Heading, PageBreak, Report, Section, say
from samples.companies import SampleCompany
from samples.cover import Cover, cover_blocks, hidden_facts
from samples.disclosures import Outlook, prose, quarterly_controls
from samples.discussion import discussion
from samples.narrative import profile_of
from samples.narrative.markup import prose_blocks
from samples.notes import notes
from samples.reporting import Reporting
from samples.statements.balance import balance_sheet
from samples.statements.cash_flow import cash_flow_statement
from samples.statements.income import income_statement


def quarterly_report(company: SampleCompany, label: int, quarter: int, *, filed_on: date) -> Report:
    reporting = Reporting(company, label, quarter)
    profile, maker = profile_of(company), reporting.maker
    cover = Cover(
        form="10-Q",
        period=reporting.period,
        printed_end=reporting.end,
        fiscal_year=label,
        fiscal_period=f"Q{quarter}",
        shares=company.shares_outstanding(label, quarter),
        shares_as_of=filed_on,
    )
    statements: tuple[Block, ...] = (
        Heading("CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS (UNAUDITED)"),
        income_statement(maker, reporting.flow_columns()),
        Heading("CONDENSED CONSOLIDATED BALANCE SHEETS (UNAUDITED)"),
        balance_sheet(maker, reporting.balance_columns()),
        PageBreak(),
        Heading("CONDENSED CONSOLIDATED STATEMENTS OF CASH FLOWS (UNAUDITED)"),
        cash_flow_statement(maker, reporting.cash_columns()),
        *notes(reporting, profile),
    )
    sections = (
        _item("I", "1", "Financial Statements", statements),
        _item(
            "I",
            "2",
            "Management’s Discussion and Analysis of Financial Condition and Results of Operations",
            discussion(reporting, profile),
        ),
        _item(
            "I",
            "3",
            "Quantitative and Qualitative Disclosures About Market Risk",
            prose_blocks(profile.market_risk),
        ),
        _item(
            "I",
            "4",
            "Controls and Procedures",
            tuple(say(prose(p)) for p in quarterly_controls(reporting.standing.controls, reporting.end)),
        ),
        _item(
            "II",
            "1",
            "Legal Proceedings",
            prose_blocks(profile.legal.replace("[[item_8|Item 8]]", "Part I, Item 1")),
        ),
        _item("II", "1A", "Risk Factors", _risk_changes(reporting)),
        _item("II", "2", "Unregistered Sales of Equity Securities and Use of Proceeds", (say("None."),)),
        _item("II", "3", "Defaults Upon Senior Securities", (say("None."),)),
        _item("II", "4", "Mine Safety Disclosures", (say("Not applicable."),)),
        _item(
            "II",
            "5",
            "Other Information",
            (say("No director or officer adopted or ended a trading arrangement."),),
        ),
        _item("II", "6", "Exhibits", governance.exhibits(("31.1", "31.2", "32.1"))),
    )
    return Report(
        form="10-Q",
        title=f"{company.prefix}-{reporting.end:%Y%m%d}",
        cover=cover_blocks(company, cover),
        sections=sections,
        closing=governance.signature(company, filed_on),
        hidden=hidden_facts(company, cover),
    )


def _item(part: str, number: str, title: str, blocks: tuple[Block, ...]) -> Section:
    return Section(f"part{len(part)}_item{number}", part, f"Item {number}", title, blocks)


def _risk_changes(reporting: Reporting) -> tuple[Block, ...]:
    if reporting.standing.outlook is Outlook.DOUBT:
        return (
            say(
                "The risk factors of our annual report should be read with the note on liquidity and with "
                "Part I, Item 2 of this report, which describe conditions that have become worse since "
                "that report was filed."
            ),
        )
    return (say("There have been no material changes to the risk factors disclosed in our annual report."),)
