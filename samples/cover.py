"""Cover pages with their entity facts (`dei`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from samples.blocks import Block, Figure, HiddenFact, Inline, Member, Paragraph, Strong, TextFact, Unit
from samples.companies import SampleCompany
from samples.fiscal_calendar import Period, spoken

CLASS_AXIS = "us-gaap:StatementClassOfStockAxis"
NBSP = "\u00a0"


@dataclass(frozen=True, slots=True)
class Cover:
    """What one cover page states."""

    form: str
    period: Period
    """The period the entity facts belong to; for a current report the day of the event, twice."""
    printed_end: date
    """As printed. A 52/53-week filer may print the month's end instead of the day its contexts end on."""
    fiscal_year: int | None = None
    fiscal_period: str = ""
    """FY, Q1, Q2 or Q3."""
    shares: int | None = None
    shares_as_of: date | None = None
    public_float: int | None = None
    """US dollars."""
    amendment: str = ""
    """Why, when the report amends another."""


def cover_blocks(company: SampleCompany, cover: Cover) -> tuple[Block, ...]:
    period = cover.period

    def fact(element: str, text: str, transformation: str = "", members: tuple[Member, ...] = ()) -> TextFact:
        return TextFact(f"dei:{element}", period, (text,), transformation, members)

    annual = cover.form.startswith("10-K")
    kind = {"10": "QUARTERLY REPORT", "8-": "CURRENT REPORT"}[cover.form[:2]]
    day = spoken(cover.printed_end)
    lead = "Date of report (date of earliest event reported): "
    if not cover.form.startswith("8-K"):
        lead = f"For the {'fiscal year' if annual else 'quarterly period'} ended "
    lines: list[tuple[Inline, ...]] = [
        (Strong("UNITED STATES"),),
        (Strong("SECURITIES AND EXCHANGE COMMISSION"),),
        ("Washington, D.C. 20549",),
        (Strong("FORM "), fact("DocumentType", cover.form)),
        (
            Strong("ANNUAL REPORT" if annual else kind),
            " PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934",
        ),
        (lead, _end_date(cover, day)),
        ("Commission file number ", fact("EntityFileNumber", company.file_number)),
        (fact("EntityRegistrantName", company.name),),
        ("(Exact name of registrant as specified in its charter)",),
        (
            fact("EntityIncorporationStateCountryCode", company.state_name, "ixt-sec:stateprovnameen"),
            ", I.R.S. Employer Identification No. ",
            fact("EntityTaxIdentificationNumber", f"{company.ein[:2]}-{company.ein[2:]}"),
        ),
        (
            fact("EntityAddressAddressLine1", company.street),
            ", ",
            fact("EntityAddressCityOrTown", company.city),
            f", {company.zip_code}; telephone {company.phone}",
        ),
        *_securities(company, fact),
    ]
    blocks: list[Block] = [Paragraph(line, centred=True) for line in lines]
    if not cover.form.startswith("8-K"):
        blocks.append(
            Paragraph(
                (
                    "Indicate by check mark whether the registrant (1) has filed all reports required to "
                    "be filed by Section 13 or 15(d) of the Securities Exchange Act of 1934 during the "
                    "preceding 12 months, and (2) has been subject to such filing requirements for the "
                    "past 90 days: ",
                    fact("EntityCurrentReportingStatus", "Yes"),
                    ". The registrant is a ",
                    fact("EntityFilerCategory", company.filer_category, "ixt-sec:entityfilercategoryen"),
                    ". Indicate by check mark whether the registrant is a shell company: ☐.",
                )
            )
        )
    if cover.public_float is not None:
        value = Figure(
            ("dei:EntityPublicFloat",), period.end, Decimal(cover.public_float), 6, -5, Unit.USD, places=1
        )
        blocks.append(
            Paragraph(
                (
                    "The aggregate market value of the common stock held by non-affiliates was $",
                    value,
                    " million.",
                )
            )
        )
    if cover.shares is not None:
        blocks.append(Paragraph(_share_sentence(company, cover)))
    if cover.amendment:
        blocks.append(Paragraph((Strong("EXPLANATORY NOTE"),), centred=True))
        blocks.append(Paragraph((TextFact("dei:AmendmentDescription", period, (cover.amendment,)),)))
    elif annual:
        blocks.append(
            Paragraph(
                (
                    "Portions of the definitive proxy statement for the annual meeting of stockholders are "
                    "incorporated by reference into Part III, Items 10 to 14, of this report.",
                )
            )
        )
    return tuple(blocks)


def hidden_facts(company: SampleCompany, cover: Cover) -> tuple[HiddenFact, ...]:
    """Entity facts that no cover page prints."""
    pairs = [
        ("EntityCentralIndexKey", f"{company.cik:010d}", ""),
        ("AmendmentFlag", "true" if cover.form.endswith("/A") else "false", ""),
    ]
    if cover.fiscal_year is not None:
        pairs.append(("DocumentFiscalYearFocus", str(cover.fiscal_year), ""))
        pairs.append(("DocumentFiscalPeriodFocus", cover.fiscal_period, ""))
    return tuple(
        HiddenFact(TextFact(f"dei:{element}", cover.period, (text,), transformation))
        for element, text, transformation in pairs
    )


def _end_date(cover: Cover, day: str) -> TextFact:
    """With no-break spaces, and in annual reports with the yearly date nested inside."""
    month_day, _, year = day.partition(", ")
    content: tuple[str | TextFact, ...] = (day.replace(" ", NBSP, 1),)
    if cover.form.startswith("10-K"):
        inner = TextFact(
            "dei:CurrentFiscalYearEndDate",
            cover.period,
            (month_day.replace(" ", NBSP),),
            "ixt:date-monthname-day-en",
        )
        content = (inner, f",{NBSP}{year}")
    return TextFact("dei:DocumentPeriodEndDate", cover.period, content, "ixt:date-monthname-day-year-en")


def _securities(
    company: SampleCompany, fact: Callable[[str, str, str, tuple[Member, ...]], TextFact]
) -> list[tuple[Inline, ...]]:
    """Titles, symbols and exchange, by class where there is one."""
    titles: list[tuple[str, tuple[Member, ...]]] = [("Common Stock, par value $0.01 per share", ())]
    if company.second_class_shares:
        titles = [("Class A Common Stock, par value $0.01 per share", _class("A"))]
    return [
        (
            fact("Security12bTitle", title, "", members),
            " — ",
            fact("TradingSymbol", company.ticker, "", members),
            " — ",
            fact("SecurityExchangeName", company.exchange, "ixt-sec:exchnameen", members),
        )
        for title, members in titles
    ]


def _share_sentence(company: SampleCompany, cover: Cover) -> tuple[Inline, ...]:
    shares, day = cover.shares, cover.shares_as_of
    if shares is None or day is None:
        raise ValueError("a cover that counts shares needs the number and its date")

    def count(number: int, members: tuple[Member, ...] = ()) -> Figure:
        return Figure(
            ("dei:EntityCommonStockSharesOutstanding",),
            day,
            Decimal(number),
            decimals=None,
            unit=Unit.SHARES,
            members=members,
        )

    if company.second_class_shares:
        return (
            f"As of {spoken(day)} there were outstanding ",
            count(shares - company.second_class_shares, _class("A")),
            " shares of Class A common stock and ",
            count(company.second_class_shares, _class("B")),
            " shares of Class B common stock.",
        )
    return (
        "The registrant had ",
        count(shares),
        f" shares of common stock outstanding as of {spoken(day)}.",
    )


def _class(letter: str) -> tuple[Member, ...]:
    return (Member(CLASS_AXIS, f"us-gaap:CommonClass{letter}Member"),)
