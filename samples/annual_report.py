"""The annual report: Form 10-K with all its items, and the amendment that adds Part III."""

from __future__ import annotations

from datetime import date

from samples import governance
from samples.blocks import Block, Heading, PageBreak, Report, Section, say
from samples.companies import SampleCompany
from samples.cover import Cover, cover_blocks, hidden_facts
from samples.disclosures import annual_controls, auditor_on_going_concern, prose, risk_of_failing
from samples.discussion import discussion
from samples.fiscal_calendar import spoken
from samples.narrative import profile_of
from samples.narrative.markup import prose_blocks
from samples.narrative.profile import Profile
from samples.notes import notes
from samples.reporting import Reporting
from samples.statements.balance import balance_sheet
from samples.statements.cash_flow import cash_flow_statement
from samples.statements.equity import equity_statement
from samples.statements.income import income_statement

CYBERSECURITY_FROM = date(2023, 12, 15)
"""Fiscal years that end on or after this day have an Item 1C (17 CFR 229.106)."""

TITLES = {
    "1": "Business",
    "1A": "Risk Factors",
    "1B": "Unresolved Staff Comments",
    "1C": "Cybersecurity",
    "2": "Properties",
    "3": "Legal Proceedings",
    "4": "Mine Safety Disclosures",
    "5": "Market for Registrant’s Common Equity, Related Stockholder Matters and Issuer Purchases of Equity Securities",
    "6": "[Reserved]",
    "7": "Management’s Discussion and Analysis of Financial Condition and Results of Operations",
    "7A": "Quantitative and Qualitative Disclosures About Market Risk",
    "8": "Financial Statements and Supplementary Data",
    "9": "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure",
    "9A": "Controls and Procedures",
    "9B": "Other Information",
    "9C": "Disclosure Regarding Foreign Jurisdictions that Prevent Inspections",
    "10": "Directors, Executive Officers and Corporate Governance",
    "11": "Executive Compensation",
    "12": "Security Ownership of Certain Beneficial Owners and Management and Related Stockholder Matters",
    "13": "Certain Relationships and Related Transactions, and Director Independence",
    "14": "Principal Accountant Fees and Services",
    "15": "Exhibits and Financial Statement Schedules",
    "16": "Form 10-K Summary",
}


def item(number: str, blocks: tuple[Block, ...], title: str = "") -> Section:
    """An item of an annual report, with its part and its usual title."""
    return Section(f"item_{number}", _part(number), f"Item {number}", title or TITLES[number], blocks)


def annual_report(company: SampleCompany, label: int, *, printed_end: date, filed_on: date) -> Report:
    reporting = Reporting(company, label, 4)
    profile = profile_of(company)
    cover = Cover(
        form="10-K",
        period=reporting.period,
        printed_end=printed_end,
        fiscal_year=label,
        fiscal_period="FY",
        shares=company.shares_outstanding(label, 4),
        shares_as_of=filed_on,
        public_float=reporting.to_date.basic_shares * (9_000 + 700 * (label - 2021)),
    )
    sections = [
        item("1", prose_blocks(profile.business)),
        item("1A", risk_factors(reporting, profile)),
        item("1B", (say("None."),)),
        item("1C", prose_blocks(governance.CYBERSECURITY)),
        item("2", prose_blocks(profile.properties)),
        item("3", prose_blocks(profile.legal)),
        item("4", (say("Not applicable."),)),
        item("5", governance.market_for_stock(company)),
        item("6", ()),
        item("7", discussion(reporting, profile)),
        item("7A", prose_blocks(profile.market_risk)),
        item("8", financial_statements(reporting, profile)),
        item("9", _accountants(company, label)),
        item("9A", _controls(reporting)),
        item(
            "9B",
            (
                say(
                    "During the fourth quarter no director or officer adopted or ended a trading arrangement."
                ),
            ),
        ),
        item("9C", (say("Not applicable."),)),
        *(item(number, (say(governance.PROXY),)) for number in ("10", "11", "12", "13", "14")),
        item("15", governance.exhibits(("31.1", "31.2", "32.1"))),
        item("16", (say("None."),)),
    ]
    return Report(
        form="10-K",
        title=f"{company.prefix}-{reporting.end:%Y%m%d}",
        cover=cover_blocks(company, cover),
        sections=tuple(s for s in sections if s.code != "item_1C" or reporting.end >= CYBERSECURITY_FROM),
        closing=governance.signature(company, filed_on),
        hidden=hidden_facts(company, cover),
    )


def part_three_amendment(company: SampleCompany, label: int, *, filed_on: date) -> Report:
    """A 10-K/A that adds the items left to a proxy statement which came too late. It states no results."""
    reporting = Reporting(company, label, 4)
    cover = Cover(
        form="10-K/A",
        period=reporting.period,
        printed_end=reporting.end,
        fiscal_year=label,
        fiscal_period="FY",
        shares=company.shares_outstanding(label, 4) + 1_250,
        shares_as_of=filed_on,
        amendment=(
            f"This Amendment No. 1 to the annual report of {company.name} for the fiscal year ended "
            f"{spoken(reporting.end)} is filed solely to provide the information required by Part III, "
            "which was to be incorporated from a proxy statement that will not be filed within 120 days of "
            "the fiscal year’s end. Except for this the original report is unchanged."
        ),
    )
    return Report(
        form="10-K/A",
        title=f"{company.prefix}-{reporting.end:%Y%m%d}",
        cover=cover_blocks(company, cover),
        sections=(
            item("10", governance.directors(company)),
            item("11", governance.compensation(company)),
            item("12", governance.ownership()),
            item("13", governance.relationships()),
            item("14", governance.accountant_fees(company)),
            item("15", governance.exhibits(("31.3", "31.4"))),
        ),
        closing=governance.signature(company, filed_on),
        hidden=hidden_facts(company, cover),
    )


def risk_factors(reporting: Reporting, profile: Profile) -> tuple[Block, ...]:
    own = (
        Heading("Risks related to our financial condition"),
        say(prose(risk_of_failing(reporting.standing.outlook))),
    )
    listed: list[Block] = []
    for number, risk in enumerate(profile.risks):
        listed.append(Heading(risk.title))
        listed.extend(prose_blocks(risk.text))
        if number == 3:
            listed.append(PageBreak())
    return (
        *prose_blocks(
            """An investment in our common stock involves risks. You should consider the following together with the
            rest of this report. Item 7 of this report, [[item_7|Management’s Discussion and Analysis]], describes how
            some of them have affected our results."""
        ),
        *own,
        Heading("Risks related to our business"),
        *listed,
    )


def financial_statements(reporting: Reporting, profile: Profile) -> tuple[Block, ...]:
    year, maker = reporting.year, reporting.maker
    return (
        *auditors_report(reporting),
        PageBreak(),
        Heading("CONSOLIDATED STATEMENTS OF OPERATIONS"),
        income_statement(maker, reporting.flow_columns()),
        Heading("CONSOLIDATED BALANCE SHEETS"),
        balance_sheet(maker, reporting.balance_columns()),
        PageBreak(),
        Heading("CONSOLIDATED STATEMENTS OF CASH FLOWS"),
        cash_flow_statement(maker, reporting.cash_columns()),
        Heading("CONSOLIDATED STATEMENT OF STOCKHOLDERS’ EQUITY"),
        equity_statement(maker, reporting.period, year.opening, reporting.to_date, reporting.balance),
        say("The accompanying notes are an integral part of these financial statements."),
        *notes(reporting, profile),
    )


def auditors_report(reporting: Reporting) -> tuple[Block, ...]:
    company, end = reporting.company, spoken(reporting.end)
    explanatory = auditor_on_going_concern(reporting.standing.outlook)
    doubt: tuple[Block, ...] = ()
    if explanatory:
        doubt = (Heading("The Company’s ability to continue as a going concern"), say(prose(explanatory)))
    return (
        Heading("REPORT OF INDEPENDENT REGISTERED PUBLIC ACCOUNTING FIRM"),
        say(f"To the stockholders and the board of directors of {company.name}"),
        Heading("Opinion on the financial statements"),
        say(
            f"We have audited the accompanying consolidated balance sheets of {company.name} (the "
            f"“Company”) as of {end} and of the end of the year before, the related consolidated statements "
            "of operations, stockholders’ equity and cash flows, and the related notes. In our opinion, "
            "the financial statements present fairly, in all material respects, the financial position of "
            "the Company and the results of its operations and its cash flows in conformity with "
            "accounting principles generally accepted in the United States of America."
        ),
        *doubt,
        Heading("Basis for opinion"),
        say(
            "These financial statements are the responsibility of the Company’s management. Our "
            "responsibility is to express an opinion on them based on our audits. We conducted our audits "
            "in accordance with the standards of the Public Company Accounting Oversight Board (United "
            "States)."
        ),
        Heading("Critical audit matter"),
        say(
            "The valuation of inventory was a critical audit matter because it requires estimates of "
            "future sales. We tested the completeness of the data used and compared past estimates with "
            "what was realized."
        ),
        say(f"/s/ {company.auditor_of(reporting.label)}"),
        say(f"{company.auditor_city}"),
        say(f"We have served as the Company’s auditor since {_auditor_since(reporting)}."),
    )


def _auditor_since(reporting: Reporting) -> int:
    return 2023 if reporting.company.former_auditor and reporting.label >= 2023 else 2009


def _controls(reporting: Reporting) -> tuple[Block, ...]:
    passages = annual_controls(reporting.company, reporting.standing.controls, reporting.end)
    return (
        Heading("Evaluation of disclosure controls and procedures"),
        say(prose(passages[0])),
        Heading("Management’s report on internal control over financial reporting"),
        *(say(prose(sentences)) for sentences in passages[1:]),
    )


def _accountants(company: SampleCompany, label: int) -> tuple[Block, ...]:
    if company.key == "pell_dunmore" and label == 2023:
        return (
            say(
                "As reported in a current report on Form 8-K, our former auditor resigned during the year "
                f"and the audit committee engaged {company.auditor}. There were no disagreements with the "
                "former auditor."
            ),
        )
    return (say("None."),)


def _part(number: str) -> str:
    whole = int("".join(c for c in number if c.isdigit()))
    return "I" if whole <= 4 else "II" if whole <= 9 else "III" if whole <= 14 else "IV"
