"""The signals' values by plain arithmetic from the companies' accounts.

Written from the definitions of the signals alone; nothing here reads a filing. Rules that decide which number counts:

- Annual reports: the fiscal year. Quarterly reports: three months for revenue, profits, margins and earnings per share;
  the year to date for cash flows and everything combined with them.
- The prior period's revenue is the one that the same report shows beside its own, revised or not.
- Averages are of the balances at the period's end and at the end of the last fiscal year.
- A year is 365 days; only quarterly flows are put on a yearly basis, annual ones count as they are, 53 weeks included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from samples.disclosures import (
    Outlook,
    Sentence,
    annual_controls,
    auditor_on_going_concern,
    liquidity_discussion,
    quarterly_controls,
    quotes,
    risk_of_failing,
)
from samples.filings import SampleFiling
from samples.financials import Balance, Flows, per_share
from samples.history import larkfield_2012
from samples.notes import liquidity_sentences
from samples.reporting import Reporting
from samples.tagging import DebtLines
from samples.truth import Expected, Quote

FINANCIAL = {
    "revenue": "USD",
    "gross_profit": "USD",
    "operating_income": "USD",
    "net_income": "USD",
    "eps_diluted": "USD/share",
    "total_assets": "USD",
    "total_liabilities": "USD",
    "stockholders_equity": "USD",
    "cash_and_equivalents": "USD",
    "total_debt": "USD",
    "operating_cash_flow": "USD",
    "capital_expenditure": "USD",
    "free_cash_flow": "USD",
    "shares_outstanding": "shares",
    "gross_margin": "fraction of revenue",
    "operating_margin": "fraction of revenue",
    "net_margin": "fraction of revenue",
    "revenue_growth_yoy": "fraction",
    "return_on_assets": "fraction per year",
    "current_ratio": "ratio",
    "liabilities_to_assets": "ratio",
    "interest_coverage": "ratio",
    "cash_runway_months": "months",
    "cash_flow_accruals": "fraction",
    "negative_equity": "flag",
}
"""Signal and unit."""
RISK = {"going_concern_doubt": "flag", "material_weakness": "flag"}
SIGNALS = {**FINANCIAL, **RISK}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the arithmetic needs of one report."""

    unit_scale: int
    annual: bool
    days: int
    """Length of the flow period from the fiscal year's start."""
    discrete: Flows
    prior_discrete: Flows
    to_date: Flows
    closing: Balance
    opening: Balance
    shares: int
    states_debt: bool


def expectations(filing: SampleFiling) -> Mapping[str, Expected]:
    """Every signal of `SIGNALS`, in its order."""
    if filing.form == "8-K":
        return _all_missing("The signal is not defined for current reports.")
    if filing.reporting is not None:
        reporting = filing.reporting
        return {**_financial(_numbers(reporting)), **_flags(reporting)}
    if filing.form == "10-K/A":
        found = _all_missing("The amendment holds Part III only.")
        company = filing.company
        shares = company.shares_outstanding(2023, 4) + 1_250
        return {**found, "shares_outstanding": Expected("shares", str(shares))}
    if filing.accession_number.split("-")[1] == "13":
        return {**_financial(_numbers_2012()), **{flag: Expected("flag", False) for flag in RISK}}
    return {
        **_all_missing("The filing has no tagged facts: it is older than XBRL."),
        "going_concern_doubt": Expected("flag", False),
        "material_weakness": Expected(
            "flag", reason="The report has no item on controls: it is older than Item 9A."
        ),
    }


def _all_missing(reason: str) -> dict[str, Expected]:
    return {signal: Expected(unit, reason=reason) for signal, unit in SIGNALS.items()}


def _numbers(reporting: Reporting) -> _Numbers:
    company = reporting.company
    return _Numbers(
        unit_scale=company.accounts.unit_scale,
        annual=reporting.annual,
        days=reporting.period.days,
        discrete=reporting.discrete,
        prior_discrete=reporting.prior_discrete,
        to_date=reporting.to_date,
        closing=reporting.balance,
        opening=reporting.opening,
        shares=company.shares_outstanding(reporting.label, reporting.quarter),
        states_debt=True,
    )


def _numbers_2012() -> _Numbers:
    report = larkfield_2012
    return _Numbers(
        unit_scale=report.UNIT_SCALE,
        annual=True,
        days=report.PERIOD.days,
        discrete=report.FLOWS,
        prior_discrete=report.PRIOR_FLOWS,
        to_date=report.FLOWS,
        closing=report.CLOSING,
        opening=report.OPENING,
        shares=report.SHARES,
        states_debt=report.TAGGING.debt is not DebtLines.NONE,
    )


def _financial(n: _Numbers) -> dict[str, Expected]:
    flows, year, end, start = n.discrete, n.to_date, n.closing, n.opening
    revenue, before = flows.revenue, n.prior_discrete.revenue
    average_assets = Fraction(end.total_assets + start.total_assets, 2)

    def money(amount: int) -> Expected:
        return Expected("USD", str(amount * 10**n.unit_scale))

    def ratio(signal: str, value: Fraction) -> Expected:
        return Expected(FINANCIAL[signal], _decimal(value), (value.numerator, value.denominator))

    def yearly(amount: int) -> Fraction:
        return Fraction(amount) if n.annual else Fraction(amount * 365, n.days)

    free_cash_flow = year.operating_cash_flow - year.capital_expenditure
    debt = money(end.total_debt)
    if not n.states_debt:
        debt = Expected("USD", reason="No borrowing is tagged, and none is tagged as zero.")
    coverage = Expected("ratio", reason="No interest expense is tagged.")
    if year.interest_expense > 0:
        coverage = ratio("interest_coverage", Fraction(year.operating_income, year.interest_expense))
    runway = Expected("months", reason="Free cash flow is not negative: no cash is burned.")
    if free_cash_flow < 0:
        burned = -yearly(free_cash_flow)
        runway = ratio("cash_runway_months", (end.cash + end.investments) / burned * 12)
    return {
        "revenue": money(revenue),
        "gross_profit": money(revenue - flows.cost_of_revenue),
        "operating_income": money(flows.operating_income),
        "net_income": money(flows.net_income),
        "eps_diluted": Expected(
            "USD/share", str(per_share(flows.net_income, n.unit_scale, flows.diluted_shares))
        ),
        "total_assets": money(end.total_assets),
        "total_liabilities": money(end.total_assets - end.total_equity),
        "stockholders_equity": money(end.stockholders_equity),
        "cash_and_equivalents": money(end.cash),
        "total_debt": debt,
        "operating_cash_flow": money(year.operating_cash_flow),
        "capital_expenditure": money(year.capital_expenditure),
        "free_cash_flow": money(free_cash_flow),
        "shares_outstanding": Expected("shares", str(n.shares)),
        "gross_margin": ratio("gross_margin", Fraction(revenue - flows.cost_of_revenue, revenue)),
        "operating_margin": ratio("operating_margin", Fraction(flows.operating_income, revenue)),
        "net_margin": ratio("net_margin", Fraction(flows.net_income, revenue)),
        "revenue_growth_yoy": ratio("revenue_growth_yoy", Fraction(revenue - before, abs(before))),
        "return_on_assets": ratio("return_on_assets", yearly(year.net_income) / average_assets),
        "current_ratio": ratio("current_ratio", Fraction(end.current_assets, end.current_liabilities)),
        "liabilities_to_assets": ratio(
            "liabilities_to_assets", Fraction(end.total_assets - end.total_equity, end.total_assets)
        ),
        "interest_coverage": coverage,
        "cash_runway_months": runway,
        "cash_flow_accruals": ratio(
            "cash_flow_accruals", (year.net_income - year.operating_cash_flow) / average_assets
        ),
        "negative_equity": Expected("flag", end.stockholders_equity < 0),
    }


def _flags(reporting: Reporting) -> dict[str, Expected]:
    outlook, controls = reporting.standing.outlook, reporting.standing.controls
    if reporting.annual:
        passages = annual_controls(reporting.company, controls, reporting.end)
        doubts = (
            *_quotes("item_1A", risk_of_failing(outlook)),
            *_quotes("item_7", liquidity_discussion(outlook)),
            *_quotes("item_8", auditor_on_going_concern(outlook)),
            *_quotes("item_8", liquidity_sentences(reporting)),
        )
        home = "item_9A"
    else:
        passages = quarterly_controls(controls, reporting.end)
        doubts = (
            *_quotes("part1_item1", liquidity_sentences(reporting)),
            *_quotes("part1_item2", liquidity_discussion(outlook)),
        )
        home = "part1_item4"
    weaknesses = tuple(quote for passage in passages for quote in _quotes(home, passage))
    return {
        "going_concern_doubt": Expected("flag", outlook is Outlook.DOUBT, quotes=doubts),
        "material_weakness": Expected("flag", bool(weaknesses), quotes=weaknesses),
    }


def _quotes(section: str, sentences: tuple[Sentence, ...]) -> tuple[Quote, ...]:
    return tuple(Quote(section, text) for text in quotes(sentences))


def _decimal(value: Fraction) -> str:
    """To twelve places, half to even."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return str(exact.quantize(Decimal("1e-12"), ROUND_HALF_EVEN))
