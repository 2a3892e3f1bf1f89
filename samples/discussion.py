"""Management's discussion: the numbers told in words, the same for annual and quarterly reports."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from samples.blocks import Block, Heading, Row, Table, say
from samples.disclosures import liquidity_discussion, prose
from samples.financials import Flows
from samples.fiscal_calendar import spoken
from samples.narrative.markup import prose_blocks
from samples.narrative.profile import Profile
from samples.notes import in_millions
from samples.reporting import Reporting


def discussion(reporting: Reporting, profile: Profile) -> tuple[Block, ...]:
    here = "fiscal year" if reporting.annual else "three months"
    now, before = reporting.discrete, reporting.prior_discrete
    return (
        *prose_blocks(
            """The following discussion should be read together with the financial statements and their notes. It
            contains forward-looking statements, which involve risks and uncertainties; see
            [[item_1A|“Risk Factors” in Item 1A]] of our annual report for what could make our results differ."""
        ),
        Heading("Overview"),
        *prose_blocks(profile.outlook),
        Heading("Results of operations"),
        say(
            f"Revenue for the {here} ended {spoken(reporting.end)} was "
            f"{in_millions(reporting, now.revenue)}, {_change(now.revenue, before.revenue)} "
            f"{in_millions(reporting, before.revenue)} in the comparable period. Gross profit was "
            f"{_percent(now.gross_profit, now.revenue)} of revenue, compared with "
            f"{_percent(before.gross_profit, before.revenue)}."
        ),
        say(
            "Selling, general and administrative expense was "
            f"{in_millions(reporting, now.selling_general)}, "
            f"{_change(now.selling_general, before.selling_general)} "
            f"{in_millions(reporting, before.selling_general)}. "
            f"{_research(reporting, now, before)}{_impairment(reporting, now)}"
        ),
        say(_bottom_line(reporting, now, before)),
        _summary(now, before),
        Heading("Liquidity and capital resources"),
        say(_cash(reporting)),
        say(prose(liquidity_discussion(reporting.standing.outlook))),
        Heading("Critical accounting estimates"),
        *prose_blocks(
            """Our estimates of inventory that will be sold below cost, of the recoverable amount of goodwill and of the
            amounts at which tax positions will be settled require the most judgment. None of these estimates changed in
            a way that was material to the periods presented, other than as described above."""
        ),
    )


def _change(now: int, before: int) -> str:
    if now == before:
        return "unchanged from"
    share = _percent(abs(now - before), before)
    return f"{'an increase' if now > before else 'a decrease'} of {share} from"


def _percent(part: int, whole: int) -> str:
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def _research(reporting: Reporting, now: Flows, before: Flows) -> str:
    if not now.research:
        return ""
    return (
        f"Research and development expense was {in_millions(reporting, now.research)}, "
        f"{_change(now.research, before.research)} {in_millions(reporting, before.research)}. "
    )


def _impairment(reporting: Reporting, now: Flows) -> str:
    if not now.impairment:
        return ""
    return (
        f"We wrote off goodwill of {in_millions(reporting, now.impairment)} because the fair value of the "
        "reporting unit had fallen below its carrying amount."
    )


def _bottom_line(reporting: Reporting, now: Flows, before: Flows) -> str:
    def told(flows: Flows) -> str:
        kind = "net loss" if flows.net_income < 0 else "net income"
        return f"{kind} of {in_millions(reporting, abs(flows.net_income))}"

    interest = (
        f"Interest expense was {in_millions(reporting, now.interest_expense)}. "
        if now.interest_expense
        else ""
    )
    return f"{interest}As a result we report {told(now)}, after {told(before)} in the comparable period."


def _summary(now: Flows, before: Flows) -> Table:
    """Shares of revenue, in numbers that are nowhere tagged."""
    lines = (
        ("Cost of revenue", now.cost_of_revenue, before.cost_of_revenue),
        ("Gross profit", now.gross_profit, before.gross_profit),
        ("Selling, general and administrative", now.selling_general, before.selling_general),
        ("Operating income (loss)", now.operating_income, before.operating_income),
        ("Net income (loss)", now.net_income, before.net_income),
    )
    return Table(
        "(as a percentage of revenue)",
        ("This period", "Comparable period"),
        tuple(Row(name, (_percent(a, now.revenue), _percent(b, before.revenue))) for name, a, b in lines),
    )


def _cash(reporting: Reporting) -> str:
    flows, balance = reporting.to_date, reporting.balance
    verb = "provided" if flows.operating_cash_flow >= 0 else "used"
    debt = balance.total_debt
    owed = f"Borrowings were {in_millions(reporting, debt)}." if debt else "We had no borrowings."
    return (
        f"Cash and cash equivalents were {in_millions(reporting, balance.cash)} at {spoken(reporting.end)}. "
        f"Operating activities {verb} {in_millions(reporting, abs(flows.operating_cash_flow))} in the "
        f"fiscal year to date, and we spent {in_millions(reporting, flows.capital_expenditure)} on "
        f"property, plant and equipment. {owed}"
    )
