"""The current report: Form 8-K, one section per reported item, and what is attached to it."""

from __future__ import annotations

from datetime import date, timedelta

from samples import governance
from samples.blocks import Block, Heading, Paragraph, Report, Row, Section, Strong, Table, say
from samples.companies import SampleCompany
from samples.cover import Cover, cover_blocks, hidden_facts
from samples.fiscal_calendar import Period, next_business_day, spoken
from samples.narrative.events import (
    CORVANE_EVENTS,
    LARKFIELD_EVENTS,
    PELL_DUNMORE_EVENTS,
    TITLES,
    Event,
    Exhibit,
)
from samples.narrative.markup import prose_blocks
from samples.notes import in_millions
from samples.reporting import Reporting
from samples.statements.income import income_statement


def events_of(company: SampleCompany) -> tuple[Event, ...]:
    return {"larkfield": LARKFIELD_EVENTS, "pell_dunmore": PELL_DUNMORE_EVENTS, "corvane": CORVANE_EVENTS}[
        company.key
    ]


def filing_day(event: Event) -> date:
    return next_business_day(event.day + timedelta(days=event.filed_after))


def items_of(event: Event) -> tuple[str, ...]:
    """Numbers of the reported items in order: "2.02", "9.01"."""
    numbers = tuple(number for number, _ in event.items)
    if event.results_of is not None:
        numbers = ("2.02", *numbers)
    return (*numbers, "9.01") if event.exhibits or event.results_of is not None else numbers


def current_report(company: SampleCompany, event: Event) -> Report:
    cover = Cover(form="8-K", period=Period(event.day, event.day), printed_end=event.day)
    texts = dict(event.items)
    exhibits = (Exhibit("99.1", "Press release"),) if event.results_of is not None else event.exhibits
    sections = []
    for number in items_of(event):
        if number == "9.01":
            blocks: tuple[Block, ...] = (say("(d) Exhibits"), _exhibit_list(exhibits))
        elif number == "2.02":
            blocks = (say(_announcement(company, event)),)
        else:
            blocks = prose_blocks(texts[number])
        sections.append(Section(f"item_{number}", "", f"Item {number}", TITLES[number], blocks))
    return Report(
        form="8-K",
        title=f"{company.prefix}-{event.day:%Y%m%d}",
        cover=cover_blocks(company, cover),
        sections=tuple(sections),
        closing=governance.signature(company, filing_day(event)),
        hidden=hidden_facts(company, cover),
        contents=False,
    )


def press_release(company: SampleCompany, label: int) -> tuple[Block, ...]:
    """The release of a year's results: the same statement as the annual report, in figures that are not tagged."""
    reporting = Reporting(company, label, 4)
    flows, before = reporting.to_date, reporting.prior_to_date
    kind = "a net loss" if flows.net_income < 0 else "net income"
    return (
        Paragraph((Strong(f"{company.name} reports results of fiscal {label}"),), centred=True),
        say(
            f"{company.city}, {spoken(_announced(company, label))} — {company.name} "
            f"({company.exchange_code}: {company.ticker}) today reported revenue of "
            f"{in_millions(reporting, flows.revenue)} for the fiscal year ended {spoken(reporting.end)}, "
            f"after {in_millions(reporting, before.revenue)} the year before, and {kind} of "
            f"{in_millions(reporting, abs(flows.net_income))}."
        ),
        Heading("Forward-looking statements"),
        say(
            "This release contains forward-looking statements. Actual results may differ for the reasons "
            "given in our reports to the Securities and Exchange Commission."
        ),
        Heading("Consolidated statements of operations"),
        income_statement(reporting.maker, reporting.flow_columns()),
    )


def _announced(company: SampleCompany, label: int) -> date:
    return next(event.day for event in events_of(company) if event.results_of == label)


def _announcement(company: SampleCompany, event: Event) -> str:
    year = Reporting(company, event.results_of or 0, 4)
    return (
        f"On {spoken(event.day)} {company.name} announced its results for the fiscal year ended "
        f"{spoken(year.end)}. The press release is furnished as Exhibit 99.1. The information in this item, "
        "including the exhibit, shall not be deemed filed for purposes of Section 18 of the Securities "
        "Exchange Act of 1934."
    )


def _exhibit_list(exhibits: tuple[Exhibit, ...]) -> Table:
    rows = [Row(exhibit.number, (exhibit.description,)) for exhibit in exhibits]
    return Table("Exhibit", ("Description",), (*rows, Row("104", ("Cover page interactive data file",))))
