"""All filings of the sample companies, in the order in which EDGAR accepted them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache

from samples.annual_report import annual_report, part_three_amendment
from samples.blocks import Report
from samples.companies import COMPANIES, CORVANE, FILING_AGENT, LARKFIELD, YEARS, SampleCompany
from samples.current_report import current_report, events_of, filing_day, items_of, press_release
from samples.exhibits import LOGO, certification, exhibit_page, schema
from samples.filings import SampleDocument, SampleFiling, Wrapping
from samples.fiscal_calendar import next_business_day
from samples.history import larkfield_1996, larkfield_2012
from samples.history.text_document import text_document
from samples.html_document import html_document, html_page
from samples.inline_document import inline_document
from samples.narrative.events import TITLES, Event
from samples.quarterly_report import quarterly_report
from samples.reporting import Reporting

DAYS_TO_ANNUAL_REPORT = {"larkfield": 55, "pell_dunmore": 75, "corvane": 68}
DAYS_TO_QUARTERLY_REPORT = 38
AMENDMENT_OF = 2023
AMENDMENT_DAY = date(2024, 1, 22)
MONTH_END_PRINTED = ("corvane", 2022)
"""The annual report whose cover prints the month's last day although its contexts end some days earlier."""
LATE_ACCEPTANCE = ("corvane", 2023)
"""The annual report accepted after half past five: it counts as filed on the next business day."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A filing that has no accession number yet."""

    agent: int
    accepted: datetime
    build: Callable[[str, datetime], SampleFiling]


@cache
def sample_filings() -> tuple[SampleFiling, ...]:
    drafts = sorted(_drafts(), key=lambda draft: (draft.accepted, draft.agent))
    sequences: dict[tuple[int, int], int] = defaultdict(int)
    filings: list[SampleFiling] = []
    for draft in drafts:
        key = (draft.agent, draft.accepted.year)
        sequences[key] += 41 if draft.agent == FILING_AGENT else 6
        accession = f"{draft.agent:010d}-{draft.accepted.year % 100:02d}-{sequences[key]:06d}"
        filings.append(draft.build(accession, draft.accepted))
    original = next(
        filing.accession_number
        for filing in filings
        if filing.company is CORVANE
        and filing.form == "10-K"
        and filing.reporting == Reporting(CORVANE, AMENDMENT_OF, 4)
    )
    return tuple(replace(f, amends=original) if f.form == "10-K/A" else f for f in filings)


def _drafts() -> Iterator[_Draft]:
    for company in COMPANIES:
        for label in YEARS:
            yield _annual(company, label)
            for quarter in (1, 2, 3):
                yield _quarterly(company, label, quarter)
        for event in events_of(company):
            yield _current(company, event)
    yield _amendment()
    yield _annual_1996()
    yield _current_1997()
    yield _annual_2012()


def _annual(company: SampleCompany, label: int) -> _Draft:
    reporting = Reporting(company, label, 4)
    filed_on = next_business_day(reporting.end + timedelta(days=DAYS_TO_ANNUAL_REPORT[company.key]))
    accepted = _stamp(filed_on, label)
    if (company.key, label) == LATE_ACCEPTANCE:
        accepted = datetime.combine(filed_on - timedelta(days=1), time(19, 42, 51))
    printed_end = reporting.end
    if (company.key, label) == MONTH_END_PRINTED:
        printed_end = date(reporting.end.year, reporting.end.month, 30)

    def build(accession: str, accepted: datetime) -> SampleFiling:
        report = annual_report(company, label, printed_end=printed_end, filed_on=filed_on)
        documents = [_primary(company, report, report.title, filed_on.year)]
        documents += [
            SampleDocument(f"EX-{n}", f"{company.prefix}-ex{n.replace('.', '')}.htm", f"EX-{n}", content)
            for n, content in ((n, certification(company, n, "10-K")) for n in ("31.1", "31.2", "32.1"))
        ]
        documents.append(_schema(company, report.title))
        if company is LARKFIELD:
            documents.append(SampleDocument("GRAPHIC", "logo.gif", "LOGO", LOGO, Wrapping.IMAGE))
        return _filing(company, report, accession, accepted, filed_on, printed_end, documents, reporting)

    return _Draft(company.agent, accepted, build)


def _quarterly(company: SampleCompany, label: int, quarter: int) -> _Draft:
    reporting = Reporting(company, label, quarter)
    filed_on = next_business_day(reporting.end + timedelta(days=DAYS_TO_QUARTERLY_REPORT))

    def build(accession: str, accepted: datetime) -> SampleFiling:
        report = quarterly_report(company, label, quarter, filed_on=filed_on)
        content = certification(company, "31.1", "10-Q")
        documents = [
            _primary(company, report, report.title, filed_on.year),
            SampleDocument("EX-31.1", f"{company.prefix}-ex311.htm", "EX-31.1", content),
            _schema(company, report.title),
        ]
        return _filing(company, report, accession, accepted, filed_on, reporting.end, documents, reporting)

    return _Draft(company.agent, _stamp(filed_on, label + quarter), build)


def _current(company: SampleCompany, event: Event) -> _Draft:
    filed_on = filing_day(event)

    def build(accession: str, accepted: datetime) -> SampleFiling:
        report = current_report(company, event)
        documents = [_primary(company, report, report.title, filed_on.year)]
        if event.results_of is not None:
            page = html_page("EX-99.1", press_release(company, event.results_of))
            documents.append(SampleDocument("EX-99.1", f"{company.prefix}-ex991.htm", "EX-99.1", page))
        documents += [
            SampleDocument(
                f"EX-{exhibit.number}",
                f"{company.prefix}-ex{exhibit.number.replace('.', '')}.htm",
                exhibit.description.upper(),
                exhibit_page(exhibit),
            )
            for exhibit in event.exhibits
        ]
        documents.append(_schema(company, report.title))
        filing = _filing(company, report, accession, accepted, filed_on, event.day, documents, None)
        items = items_of(event)
        return replace(
            filing, items=items, item_titles=tuple(TITLES[number].replace("’", "'") for number in items)
        )

    return _Draft(company.agent, _stamp(filed_on, event.day.day), build)


def _amendment() -> _Draft:
    company = CORVANE

    def build(accession: str, accepted: datetime) -> SampleFiling:
        report = part_three_amendment(company, AMENDMENT_OF, filed_on=AMENDMENT_DAY)
        stem = f"{company.prefix}-{AMENDMENT_DAY:%Y%m%d}"
        documents = [_primary(company, report, stem, AMENDMENT_DAY.year), _schema(company, stem)]
        end = company.year(AMENDMENT_OF).fiscal.whole.end
        return _filing(company, report, accession, accepted, AMENDMENT_DAY, end, documents, None)

    return _Draft(FILING_AGENT, _stamp(AMENDMENT_DAY, 7), build)


def _annual_2012() -> _Draft:
    company, filed_on = larkfield_2012.COMPANY, larkfield_2012.FILED_ON
    stem = f"{company.prefix}-{larkfield_2012.PERIOD.end:%Y%m%d}"

    def build(accession: str, accepted: datetime) -> SampleFiling:
        report = larkfield_2012.report_2012()
        instance = larkfield_2012.instance_2012(report)
        documents = [
            SampleDocument("10-K", "d441207d10k.htm", "FORM 10-K", html_document(report)),
            SampleDocument("EX-31.1", "d441207dex311.htm", "EX-31.1", certification(company, "31.1", "10-K")),
            SampleDocument("EX-101.INS", f"{stem}.xml", "XBRL INSTANCE DOCUMENT", instance, Wrapping.XBRL),
            _schema(company, stem),
        ]
        return _filing(
            company, report, accession, accepted, filed_on, larkfield_2012.PERIOD.end, documents, None
        )

    return _Draft(FILING_AGENT, _stamp(filed_on, 3), build)


def _annual_1996() -> _Draft:
    company, filed_on = larkfield_1996.COMPANY, larkfield_1996.FILED_ON

    def build(accession: str, _: datetime) -> SampleFiling:
        report = larkfield_1996.report_1996()
        documents = [
            SampleDocument("10-K", "", "FORM 10-K", text_document(report)),
            SampleDocument("EX-27", "", "FINANCIAL DATA SCHEDULE", larkfield_1996.financial_data_schedule()),
        ]
        return _filing(company, report, accession, None, filed_on, larkfield_1996.PERIOD.end, documents, None)

    return _Draft(company.agent, _stamp(filed_on, 1), build)


def _current_1997() -> _Draft:
    company, filed_on = larkfield_1996.COMPANY, larkfield_1996.EVENT_FILED_ON

    def build(accession: str, _: datetime) -> SampleFiling:
        report = larkfield_1996.report_1997()
        documents = [SampleDocument("8-K", "", "FORM 8-K", text_document(report))]
        filing = _filing(
            company, report, accession, None, filed_on, larkfield_1996.EVENT_DAY, documents, None
        )
        return replace(
            filing, items=("5", "7"), item_titles=("Other events", "Financial statements and exhibits")
        )

    return _Draft(company.agent, _stamp(filed_on, 1), build)


def _filing(
    company: SampleCompany,
    report: Report,
    accession: str,
    accepted: datetime | None,
    filed_on: date,
    report_date: date,
    documents: list[SampleDocument],
    reporting: Reporting | None,
) -> SampleFiling:
    return SampleFiling(
        company=company,
        form=report.form,
        accession_number=accession,
        filed_on=filed_on,
        accepted_local=accepted,
        report_date=report_date,
        period_end=reporting.end if reporting else report_date,
        film_number=f"{filed_on:%y}{int(accession[-6:]) * 131 % 1_000_000:06d}",
        documents=tuple(documents),
        sections=tuple(section.code for section in report.sections),
        reporting=reporting,
    )


def _primary(company: SampleCompany, report: Report, stem: str, taxonomy_year: int) -> SampleDocument:
    content = inline_document(company, report, file_stem=stem, taxonomy_year=taxonomy_year)
    return SampleDocument(report.form, f"{stem}.htm", report.form, content, Wrapping.XBRL)


def _schema(company: SampleCompany, stem: str) -> SampleDocument:
    content = schema(company, stem)
    return SampleDocument(
        "EX-101.SCH", f"{stem}.xsd", "XBRL TAXONOMY EXTENSION SCHEMA", content, Wrapping.XBRL
    )


def _stamp(day: date, salt: int) -> datetime:
    """A plausible moment of acceptance: before half past five in the afternoon."""
    minutes = salt * 13 % 80
    return datetime.combine(day, time(16 + minutes // 60, minutes % 60, salt * 29 % 60))
