"""What the company filed as text: the annual report of 1996 and a current report of 1997 with the old item numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from samples import company_numbers as numbers
from samples.blocks import Block, Figure, Heading, PageBreak, Paragraph, Report, Row, Section, Table, say
from samples.companies import LARKFIELD
from samples.financials import DebtDue, Flows, per_share, roll_forward
from samples.fiscal_calendar import month_end_fiscal_year
from samples.narrative.markup import prose_blocks
from samples.statements.balance import balance_sheet
from samples.statements.cash_flow import cash_flow_statement
from samples.statements.income import income_statement
from samples.statements.maker import BalanceColumn, CashColumn, FlowColumn, StatementMaker
from samples.tagging import DebtLines, Tagging

COMPANY = replace(
    LARKFIELD, name="LARKFIELD SCIENTIFIC CO", chief_executive="Alden Carrow", chief_financial="R. P. Voss"
)
FILED_ON = date(1997, 3, 28)
PERIOD = month_end_fiscal_year(1996, 12).whole
PRIOR_PERIOD = month_end_fiscal_year(1995, 12).whole
UNIT_SCALE = 3
PRIOR_FLOWS, FLOWS = numbers.LARKFIELD_1995_1996
OPENING, CLOSING = roll_forward(
    numbers.LARKFIELD_1994_CLOSING, (PRIOR_FLOWS, FLOWS), (DebtDue(current=2_000), DebtDue(current=2_000))
)
MAKER = StatementMaker(COMPANY, Tagging(debt=DebtLines.SPLIT), UNIT_SCALE)
EVENT_DAY = date(1997, 6, 16)
EVENT_FILED_ON = date(1997, 6, 20)

BUSINESS = """
Larkfield Scientific Co (the "Company") makes instruments that measure the composition of liquids and gases. Its
products are titrators, spectrometers and the reagents that are used with them. The Company was incorporated in
Delaware in 1958.

The Company sells its products through its own salesmen in the United States and Canada and through dealers in 34
other countries. No customer accounted for as much as 10% of net sales in 1996, 1995 or 1994. The backlog of orders
was $21.4 million at the end of 1996 and $19.8 million at the end of 1995; all of it is expected to be shipped in
1997.

The Company competes with manufacturers some of which are much larger. Competition is based on the accuracy of the
instruments, on price and on service. Raw materials and components are generally available from several sources.

The Company spent $15.8 million on research and development in 1996. It holds 87 patents in the United States. None
of them is material by itself. At December 31, 1996 it employed 1,460 persons.
"""

DISCUSSION = """
Net sales increased by 10.3% in 1996. Shipments of spectrometers rose because of a new model introduced in the first
quarter. Prices were unchanged. Cost of sales was 54.8% of net sales, compared with 55.5% in 1995, as the plant in
Westbrook was better used.

Selling, general and administrative expenses rose with sales. The effective tax rate was 35.2%, compared with 33.9%.

Cash flow from operations exceeded capital expenditures and dividends. The Company repaid $2.0 million of its term
loan. It believes that funds from operations and an unused line of credit of $15.0 million are adequate for 1997.
See Item 1 for a description of the backlog.

If a large dealer were to fail, the Company might not collect all of its receivables; the Company is not aware of
any dealer about whose ability to continue as a going concern there is substantial doubt.
"""


def report_1996() -> Report:
    proxy: tuple[Block, ...] = (
        say(
            "The information required by this item is incorporated herein by reference to the Company's "
            "definitive proxy statement for the annual meeting to be held on May 8, 1997."
        ),
    )
    sections = (
        _item("I", "1", "Business", _business()),
        _item(
            "I",
            "2",
            "Properties",
            (say("The Company owns a plant of 380,000 square feet in Westbrook, Maine."),),
        ),
        _item("I", "3", "Legal Proceedings", (say("There are no material pending legal proceedings."),)),
        _item("I", "4", "Submission of Matters to a Vote of Security Holders", (say("None."),)),
        _item(
            "II",
            "5",
            "Market for Registrant's Common Equity and Related Stockholder Matters",
            (
                say(
                    "The common stock is traded on the Nasdaq National Market. There were 2,116 holders of record."
                ),
            ),
        ),
        _item("II", "6", "Selected Financial Data", (_selected_data(),)),
        _item(
            "II",
            "7",
            "Management's Discussion and Analysis of Financial Condition and Results of Operations",
            prose_blocks(DISCUSSION),
        ),
        _item("II", "8", "Financial Statements and Supplementary Data", _financial_statements()),
        _item(
            "II",
            "9",
            "Changes in and Disagreements with Accountants on Accounting and Financial Disclosure",
            (say("None."),),
        ),
        _item("III", "10", "Directors and Executive Officers of the Registrant", proxy),
        _item("III", "11", "Executive Compensation", proxy),
        _item("III", "12", "Security Ownership of Certain Beneficial Owners and Management", proxy),
        _item("III", "13", "Certain Relationships and Related Transactions", proxy),
        _item(
            "IV",
            "14",
            "Exhibits, Financial Statement Schedules, and Reports on Form 8-K",
            (
                say("(a) The financial statements are listed under Item 8."),
                say("(b) No reports on Form 8-K were filed during the last quarter of 1996."),
                say("(c) Exhibit 27, Financial Data Schedule."),
            ),
        ),
    )
    return Report("10-K", "FORM 10-K", _cover(), sections, _signature("March 28, 1997"))


def report_1997() -> Report:
    """Items 5 and 7 of the form as it was until August 2004."""
    cover: tuple[Block, ...] = tuple(
        Paragraph((line,), centred=True)
        for line in (
            "SECURITIES AND EXCHANGE COMMISSION",
            "Washington, D.C. 20549",
            "FORM 8-K",
            "CURRENT REPORT",
            "Pursuant to Section 13 or 15(d) of the Securities Exchange Act of 1934",
            "Date of report (date of earliest event reported): June 16, 1997",
            COMPANY.name,
            "Delaware     0-99011     00-9990011",
            "40 Quarry Mill Road, Westbrook, Maine 04092",
        )
    )
    sections = (
        _item(
            "",
            "5",
            "Other Events",
            prose_blocks(
                """On June 16, 1997 the Company announced that it will buy the titration business of Ebbingford
                Laboratories Ltd. of Cork, Ireland, for about $18 million in cash. The purchase is subject to approval
                by the Irish authorities.

                The business had sales of $14 million in its last fiscal year and employs 130 persons."""
            ),
        ),
        _item(
            "",
            "7",
            "Financial Statements and Exhibits",
            (say("(c) Exhibit 99. Press release dated June 16, 1997."),),
        ),
    )
    return Report("8-K", "FORM 8-K", cover, sections, _signature("June 20, 1997"), contents=False)


def financial_data_schedule() -> bytes:
    """Exhibit 27, the tagged summary that text filings carried from 1993 to 2001. It is not XBRL."""
    earnings = per_share(FLOWS.net_income, UNIT_SCALE, FLOWS.diluted_shares)
    lines = (
        ("PERIOD-TYPE", "YEAR"),
        ("FISCAL-YEAR-END", "DEC-31-1996"),
        ("PERIOD-END", "DEC-31-1996"),
        ("CASH", f"{CLOSING.cash:,}"),
        ("INVENTORY", f"{CLOSING.inventory:,}"),
        ("CURRENT-ASSETS", f"{CLOSING.current_assets:,}"),
        ("TOTAL-ASSETS", f"{CLOSING.total_assets:,}"),
        ("CURRENT-LIABILITIES", f"{CLOSING.current_liabilities:,}"),
        ("TOTAL-REVENUES", f"{FLOWS.revenue:,}"),
        ("NET-INCOME", f"{FLOWS.net_income:,}"),
        ("EPS-DILUTED", f"{earnings}"),
    )
    body = "\n".join(f"{f'<{name}>':<30}{value:>20}" for name, value in lines)
    return f"<ARTICLE> 5\n<MULTIPLIER> 1,000\n<TABLE>\n<S>                             <C>\n{body}\n</TABLE>\n".encode()


def _item(part: str, number: str, title: str, blocks: tuple[Block, ...]) -> Section:
    return Section(f"item_{number}", part, f"Item {number}", title, blocks)


def _business() -> tuple[Block, ...]:
    pieces = prose_blocks(BUSINESS)
    return (*pieces[:2], PageBreak(), *pieces[2:])


def _cover() -> tuple[Block, ...]:
    lines = (
        "SECURITIES AND EXCHANGE COMMISSION",
        "Washington, D.C. 20549",
        "FORM 10-K",
        "ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934",
        "For the fiscal year ended December 31, 1996",
        "Commission file number 0-99011",
        COMPANY.name,
        "(Exact name of registrant as specified in its charter)",
        "40 Quarry Mill Road, Westbrook, Maine 04092",
        "Registrant's telephone number: (207) 555-0140",
    )
    return (
        *(Paragraph((line,), centred=True) for line in lines),
        say(
            "Indicate by check mark if disclosure of delinquent filers pursuant to Item 405 of Regulation "
            "S-K is not contained herein, and will not be contained, to the best of registrant's "
            "knowledge, in definitive proxy or information statements incorporated by reference in Part "
            "III of this Form 10-K. [X]"
        ),
        say("On March 14, 1997 there were 15,602,418 shares of common stock outstanding."),
    )


def _selected_data() -> Table:
    def row(label: str, now: int, before: int) -> Row:
        return Row(label, (f"{now:,} ", f"{before:,} "))

    return Table(
        "(in thousands)",
        ("1996", "1995"),
        (
            row("Net sales", FLOWS.revenue, PRIOR_FLOWS.revenue),
            row("Net income", FLOWS.net_income, PRIOR_FLOWS.net_income),
            row("Total assets", CLOSING.total_assets, OPENING.total_assets),
            Row("Net income per share", (_earnings(FLOWS), _earnings(PRIOR_FLOWS))),
        ),
    )


def _earnings(flows: Flows) -> Figure:
    value: Decimal = per_share(flows.net_income, UNIT_SCALE, flows.diluted_shares)
    return Figure((), PERIOD, value, places=2)


def _financial_statements() -> tuple[Block, ...]:
    return (
        Heading("REPORT OF INDEPENDENT ACCOUNTANTS"),
        say(
            "In our opinion, the accompanying consolidated balance sheets and the related consolidated "
            "statements of income and of cash flows present fairly, in all material respects, the "
            "financial position of Larkfield Scientific Co and its subsidiaries at December 31, 1996 and "
            "1995, and the results of their operations and their cash flows for the years then ended, in "
            "conformity with generally accepted accounting principles."
        ),
        Heading("CONSOLIDATED STATEMENTS OF INCOME"),
        income_statement(MAKER, (FlowColumn(PERIOD, FLOWS), FlowColumn(PRIOR_PERIOD, PRIOR_FLOWS))),
        PageBreak(),
        Heading("CONSOLIDATED BALANCE SHEETS"),
        balance_sheet(MAKER, (BalanceColumn(PERIOD.end, CLOSING), BalanceColumn(PRIOR_PERIOD.end, OPENING))),
        PageBreak(),
        Heading("CONSOLIDATED STATEMENTS OF CASH FLOWS"),
        cash_flow_statement(
            MAKER, (CashColumn(PERIOD, FLOWS, CLOSING), CashColumn(PRIOR_PERIOD, PRIOR_FLOWS, OPENING))
        ),
        Heading("NOTES TO CONSOLIDATED FINANCIAL STATEMENTS"),
        say(
            "1. Revenue is recognized when products are shipped. Inventories are stated at the lower of cost or market."
        ),
        say(
            "2. The term loan bears interest at 7.4% and is repaid in equal yearly installments of $2,000,000."
        ),
    )


def _signature(day: str) -> tuple[Block, ...]:
    return (
        Paragraph(("SIGNATURES",), centred=True),
        say(
            "Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has duly "
            "caused this report to be signed on its behalf by the undersigned, thereunto duly authorized."
        ),
        say(f"{COMPANY.name}. By: /s/ {COMPANY.chief_financial}. {day}"),
    )
