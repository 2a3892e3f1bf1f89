"""The items that read alike in all companies: securities, governance, exhibits, signatures."""

from __future__ import annotations

from datetime import date

from samples.blocks import Block, Paragraph, Row, Strong, Table, say
from samples.companies import SampleCompany
from samples.fiscal_calendar import spoken
from samples.narrative.markup import prose_blocks

CYBERSECURITY = """
Our program to manage risks from threats to information systems is part of our general process of managing risk. It
includes tests by outside specialists, training of all who have an account, and a plan for responding to incidents that
we rehearse twice a year.

The head of information security, who has worked in that field for nineteen years, reports to the audit committee every
quarter. We have not experienced a cybersecurity incident that has materially affected us or is reasonably likely to do
so.
"""

PROXY = (
    "The information required by this item will be contained in the definitive proxy statement for the "
    "annual meeting of stockholders and is incorporated herein by reference."
)


def market_for_stock(company: SampleCompany) -> tuple[Block, ...]:
    return prose_blocks(
        f"""Our common stock is listed on {company.exchange} under the symbol {company.ticker}. There
        were 1,{company.cik % 1000:03d} holders of record shortly before this report was filed.

        Whether and how much we pay in dividends is decided by our board of directors each quarter. Purchases of our own
        stock, where there were any, are shown in the statement of cash flows."""
    )


def directors(company: SampleCompany) -> tuple[Block, ...]:
    """Part III in full, as a partial amendment prints it."""
    names = (
        "Agnes Whitlock",
        "Rune Haldorsen",
        company.chief_executive,
        "Theodora Blanchet",
        "Samuel K. Obafemi",
    )
    rows = tuple(
        Row(
            name,
            (
                str(51 + 4 * n),
                "Chief Executive Officer and Director" if name == company.chief_executive else "Director",
            ),
        )
        for n, name in enumerate(names)
    )
    return (
        say("The following persons serve as our directors. Each was elected for a term of one year."),
        Table("Name", ("Age", "Position"), rows),
        *prose_blocks(
            """Ms. Whitlock has been a director for nine years and chairs the board. She led a maker of machine tools
            until she retired. Mr. Haldorsen heads the audit committee and is a financial expert as the rules define it.

            We have adopted a code of ethics that applies to all directors, officers and employees."""
        ),
    )


def compensation(company: SampleCompany) -> tuple[Block, ...]:
    rows = (
        Row(company.chief_executive, ("640,000", "1,150,000", "1,790,000")),
        Row(company.chief_financial, ("415,000", "520,000", "935,000")),
    )
    return (
        say(
            "The compensation committee sets salaries and grants of stock with the advice of an "
            "independent consultant."
        ),
        Table("(in dollars)", ("Salary", "Stock awards", "Total"), rows),
        say(
            "The ratio of the compensation of our chief executive officer to that of the median employee "
            "was 24 to 1."
        ),
    )


def ownership() -> tuple[Block, ...]:
    return (
        say(
            "Our directors and executive officers as a group own 4.1 percent of our common stock. Two "
            "funds have reported that they own 8.8 and 6.3 percent."
        ),
    )


def relationships() -> tuple[Block, ...]:
    return (
        say(
            "All directors other than our chief executive officer are independent under the rules of the "
            "exchange."
        ),
    )


def accountant_fees(company: SampleCompany) -> tuple[Block, ...]:
    rows = (Row("Audit fees", ("1,240,000", "1,130,000")), Row("Tax fees", ("96,000", "88,000")))
    return (
        say(
            f"{company.auditor} billed the following fees. The audit committee approved all services in "
            "advance."
        ),
        Table("(in dollars)", ("This year", "Last year"), rows),
    )


def exhibits(certifications: tuple[str, ...]) -> tuple[Block, ...]:
    listed = [
        Row("3.1", ("Certificate of Incorporation, as amended",)),
        Row("3.2", ("Bylaws",)),
        *(Row(number, ("Certification of principal officer",)) for number in certifications),
        Row("101", ("Interactive data files",)),
    ]
    return (Table("Exhibit", ("Description",), tuple(listed)),)


def signature(company: SampleCompany, filed_on: date) -> tuple[Block, ...]:
    return (
        Paragraph((Strong("SIGNATURES"),), centred=True),
        say(
            "Pursuant to the requirements of the Securities Exchange Act of 1934, the registrant has duly "
            "caused this report to be signed on its behalf by the undersigned, thereunto duly authorized."
        ),
        say(company.name),
        say(f"Date: {spoken(filed_on)}"),
        say(f"/s/ {company.chief_financial_on(filed_on)}, Chief Financial Officer"),
    )
