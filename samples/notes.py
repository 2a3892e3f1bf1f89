"""Notes to the financial statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from samples.blocks import Block, Figure, Heading, Member, PageBreak, Row, Table, TextBlock, Unit, say
from samples.disclosures import Outlook, Sentence, going_concern_policy, liquidity_note, prose
from samples.fiscal_calendar import spoken
from samples.narrative.markup import prose_blocks
from samples.narrative.profile import Profile
from samples.reporting import Reporting
from samples.statements.income import product_rows
from samples.statements.maker import flow_header
from samples.tagging import DebtLines

REMAINING_START_AXIS = (
    "us-gaap:RevenueRemainingPerformanceObligationExpectedTimingOfSatisfactionStartDateAxis"
)
REMAINING_START_DOMAIN = f"{REMAINING_START_AXIS}.domain"


def notes(reporting: Reporting, profile: Profile) -> tuple[Block, ...]:
    return (
        Heading("NOTES TO CONSOLIDATED FINANCIAL STATEMENTS" + ("" if reporting.annual else " (UNAUDITED)")),
        _policies(reporting, profile),
        *_liquidity(reporting),
        *_revenue(reporting),
        *_debt(reporting, profile),
        Heading("Note 5. Commitments and contingencies"),
        TextBlock(
            "us-gaap:CommitmentsAndContingenciesDisclosureTextBlock",
            reporting.period,
            prose_blocks(profile.commitments),
        ),
        *_subsequent(reporting),
    )


def liquidity_sentences(reporting: Reporting) -> tuple[Sentence, ...]:
    """The note on liquidity, as printed."""
    flows, balance = reporting.to_date, reporting.balance
    return liquidity_note(
        reporting.standing.outlook,
        loss=in_millions(reporting, -flows.net_income),
        used=in_millions(reporting, -flows.operating_cash_flow),
        revolver=in_millions(reporting, balance.revolver),
    )


def in_millions(reporting: Reporting, amount: int) -> str:
    """An amount of the company's unit as prose prints it: "$84.2 million"."""
    value = Decimal(amount).scaleb(reporting.company.accounts.unit_scale - 6)
    return f"${value:,.1f} million"


def _policies(reporting: Reporting, profile: Profile) -> TextBlock:
    """A note that runs over a page's end, with the going-concern policy that every report states."""
    company = reporting.company
    year = (
        "The fiscal year is the 52 or 53 weeks that end on the last Saturday of September; fiscal 2023 had "
        "53 weeks."
        if company.key == "corvane"
        else f"The fiscal year ends on {spoken(company.year(reporting.label).fiscal.whole.end).rpartition(',')[0]}."
    )
    interim = (
        ""
        if reporting.annual
        else " Interim results are unaudited and do not predict the results of the full year."
    )
    reclassified: tuple[Block, ...] = ()
    if company.key == "corvane" and reporting.label == 2023:
        reclassified = prose_blocks(
            """Revenue and cost of revenue of fiscal 2022 have been revised. Components that other parties provide and
            control, which were shown gross, are now shown net. The revision reduced revenue and cost of revenue by the
            same amounts and had no effect on net loss, cash flows or equity."""
        )
    return TextBlock(
        "us-gaap:SignificantAccountingPoliciesTextBlock",
        reporting.period,
        (
            Heading("Note 1. Basis of presentation and significant accounting policies"),
            say(
                f"The consolidated financial statements include the accounts of {company.name} and its "
                "subsidiaries (the “Company”). All balances and transactions between them are eliminated. "
                f"{year}{interim}"
            ),
            say(prose(going_concern_policy(company))),
            *reclassified,
            PageBreak(),
            Heading("Revenue recognition"),
            *prose_blocks(profile.revenue_policy),
            Heading("Use of estimates"),
            say(
                "The preparation of financial statements requires management to make estimates and "
                "assumptions that affect the amounts reported. Actual results could differ from these "
                "estimates."
            ),
        ),
    )


def _liquidity(reporting: Reporting) -> tuple[Block, ...]:
    sentences = liquidity_sentences(reporting)
    heading = Heading("Note 2. Liquidity")
    if reporting.standing.outlook is Outlook.SOUND:
        return (heading, say(prose(sentences)))
    flows, maker = reporting.to_date, reporting.maker
    loss = replace(
        maker.money("NetIncomeLoss", reporting.period, flows.net_income),
        scale=6,
        decimals=-5,
        places=1,
    )
    rounded = say(
        "To the nearest tenth of a million, the net result of the period in dollars was ",
        loss,
        " million.",
    )
    blocks = (say(prose(sentences)), rounded)
    if reporting.standing.outlook is Outlook.ALLEVIATED:
        return (heading, *blocks)
    return (
        heading,
        TextBlock("us-gaap:SubstantialDoubtAboutGoingConcernTextBlock", reporting.period, blocks),
    )


def _revenue(reporting: Reporting) -> tuple[Block, ...]:
    """Revenue by product once more: the same facts a second time, and the total at a coarser precision."""
    maker, columns = reporting.maker, reporting.flow_columns()[:2]
    coarse = tuple(
        replace(
            maker.money(reporting.tagging.revenue, column.period, column.flows.revenue),
            scale=6,
            decimals=-5,
            places=1,
        )
        for column in columns
    )
    table = Table(
        f"(in {maker.unit_name}; the total in millions)",
        tuple(flow_header(column.period) for column in columns),
        (*product_rows(maker, columns), Row("Total, in millions", coarse, total=True)),
    )
    remaining = replace(
        maker.money("RevenueRemainingPerformanceObligation", reporting.end, reporting.to_date.revenue // 9),
        members=(
            Member(REMAINING_START_AXIS, str(reporting.end + timedelta(days=1)), REMAINING_START_DOMAIN),
        ),
    )
    return (
        Heading("Note 3. Revenue"),
        table,
        say(
            "Revenue of remaining performance obligations that begin on the day after the balance sheet "
            "date amounts to ",
            remaining,
            f" (in {maker.unit_name}).",
        ),
    )


def _debt(reporting: Reporting, profile: Profile) -> tuple[Block, ...]:
    """The note on debt. Where the balance sheet shows one current total, its parts are tagged here."""
    maker, day, balance = reporting.maker, reporting.end, reporting.balance
    blocks: list[Block] = [Heading("Note 4. Debt"), *prose_blocks(profile.debt_note)]
    if reporting.tagging.debt is DebtLines.CURRENT_TOTAL:
        rows = (
            Row("Revolving line", (maker.money("ShortTermBorrowings", day, balance.revolver),)),
            Row(
                "Current portion of term loan",
                (maker.money("LongTermDebtCurrent", day, balance.current_debt),),
            ),
            Row(
                "Current debt",
                (maker.money("DebtCurrent", day, balance.revolver + balance.current_debt),),
                total=True,
            ),
        )
        blocks.append(Table(f"(in {maker.unit_name})", (spoken(day),), rows))
    rate = Figure(
        ("us-gaap:DebtInstrumentInterestRateStatedPercentage",),
        day,
        Decimal("0.0575"),
        scale=-2,
        decimals=4,
        unit=Unit.PURE,
        places=2,
    )
    blocks.append(say("The stated rate of interest on long-term debt was ", rate, " percent."))
    return tuple(blocks)


def _subsequent(reporting: Reporting) -> tuple[Block, ...]:
    if not reporting.annual:
        return ()
    return (
        Heading("Note 6. Subsequent events"),
        say(
            "The Company evaluated events up to the day on which these statements were issued and found "
            "none that would change them."
        ),
    )
