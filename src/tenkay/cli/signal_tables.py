"""Signals over time, over companies and in context as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tenkay.cli import wording
from tenkay.cli.documents import enum_name
from tenkay.cli.plain_text import one_line
from tenkay.cli.tables import filing_heading, table
from tenkay.cli.wording import ABSENT
from tenkay.common.v1.analysis_pb2 import Rating
from tenkay.common.v1.company_figures_pb2 import FigureGapReason
from tenkay.query.v1.company_watch_pb2 import CompanyEventKind
from tenkay.query.v1.comparisons_pb2 import NoChangeReason

if TYPE_CHECKING:
    from tenkay.common.v1.company_figures_pb2 import CompanyFigures, FigureGap
    from tenkay.common.v1.fact_pb2 import Fact
    from tenkay.common.v1.series_pb2 import SeriesPoint
    from tenkay.common.v1.signal_pb2 import Signal
    from tenkay.query.v1.company_watch_pb2 import CompanyEvent
    from tenkay.query.v1.comparisons_pb2 import (
        CompareCompaniesResponse,
        CompareFilingsResponse,
        SignalComparison,
    )
    from tenkay.query.v1.evidence_pb2 import GetEvidenceResponse, QuoteInContext
    from tenkay.query.v1.many_companies_pb2 import AggregateSignalsResponse


def evidence(answer: GetEvidenceResponse) -> RenderableType:
    """A signal with each of its proofs; quotes stand out in their passages."""
    parts: list[RenderableType] = [filing_heading(answer.filing)]
    if answer.HasField("signal"):
        parts.append(Text(f"{answer.signal.id}: {_value(answer.signal)}"))
    elif answer.HasField("missing"):
        parts.append(Text(f"{answer.missing.id}: {ABSENT} ({wording.missing(answer.missing)})"))
    for each in answer.evidence:
        parts.append(Text(one_line(wording.evidence(each.evidence))))
        parts += [Padding(_passage(quote), (0, 0, 1, 2)) for quote in each.quotes]
    return Group(*parts)


def _passage(quote: QuoteInContext) -> Text:
    if not quote.passage:
        return Text(one_line(quote.detail), style="dim")
    end = quote.quote_offset + quote.quote.end - quote.quote.start
    return Text.assemble(
        "… " if quote.is_cut_before else "",
        _flowing(quote.passage[: quote.quote_offset]),
        (_flowing(quote.passage[quote.quote_offset : end]), "bold"),
        _flowing(quote.passage[end:]),
        " …" if quote.is_cut_after else "",
    )


def _flowing(text: str) -> str:
    """On one line, with a space where it begins or ends with one: it stands between others."""
    return f"{' ' if text[:1].isspace() else ''}{one_line(text)}{' ' if text[-1:].isspace() else ''}"


def facts(found: Sequence[Fact]) -> Table:
    """A fact a row."""
    shown = table("Element", "Period", "About", ">Value", "Unit")
    for fact in found:
        start = f"{wording.day(fact.start)} to " if fact.HasField("start") else ""
        shown.add_row(
            fact.concept,
            start + wording.day(fact.end if fact.HasField("end") else None),
            ", ".join(each.member for each in fact.dimensions) or "the entity",
            "nil" if fact.nil else one_line(fact.value or fact.text) or ABSENT,
            fact.unit or ABSENT,
        )
    return shown


def comparison(answer: CompareFilingsResponse) -> RenderableType:
    """Both values of each signal, and what changed."""
    shown = table("Signal", ">Now", ">Before", ">Change", ">%", "Why there is none")
    for each in answer.signals:
        shown.add_row(
            each.signal_id,
            _value(each.current) if each.HasField("current") else ABSENT,
            _value(each.prior) if each.HasField("prior") else ABSENT,
            _change(each),
            f"{each.relative_change * 100:+,.1f}" if each.HasField("relative_change") else ABSENT,
            one_line(each.no_change_detail),
        )
    prior = (
        Text("compared with the following")
        if answer.HasField("prior")
        else Text("no comparable prior filing is stored", style="yellow")
    )
    parts: list[RenderableType] = [filing_heading(answer.filing), prior]
    if answer.HasField("prior"):
        parts.append(filing_heading(answer.prior))
    return Group(*parts, shown)


def _change(each: SignalComparison) -> str:
    if each.no_change_reason != NoChangeReason.NO_CHANGE_REASON_UNSPECIFIED:
        return ABSENT
    if each.HasField("absolute_change"):
        return wording.signal_value(each.absolute_change, each.current.unit, each.current.currency)
    return "changed" if each.is_changed else "the same"


def series(found: Sequence[SeriesPoint], signal_ids: Sequence[str]) -> Table:
    """A filing a row, a signal a column."""
    shown = table("Period end", "Form", "Accession number", *(f">{each}" for each in signal_ids))
    for point in found:
        values = {each.id: _value(each) for each in point.signals}
        filing = point.filing
        shown.add_row(
            wording.day(filing.period_end if filing.HasField("period_end") else None),
            filing.form_type or ABSENT,
            filing.accession_number,
            *(values.get(each, ABSENT) for each in signal_ids),
        )
    return shown


def companies(found: Sequence[CompanyFigures]) -> Table:
    """A company a row, a signal a column; a gap with its reason."""
    ids = list(
        dict.fromkeys(
            each
            for company in found
            for each in (*(s.id for s in company.filing.signals), *(g.signal_id for g in company.gaps))
        )
    )
    shown = table("CIK", "Company", "Form", "Period end", *(f">{each}" for each in ids))
    for company in found:
        filing = company.filing.filing
        cells = {each.id: _value(each) for each in company.filing.signals}
        cells |= {each: f"{cells[each]} (sum)" for each in company.summed_signal_ids if each in cells}
        cells |= {each.signal_id: _gap(each) for each in company.gaps}
        shown.add_row(
            str(filing.cik),
            one_line(filing.company_name) or ABSENT,
            filing.form_type or ABSENT,
            wording.day(filing.period_end if filing.HasField("period_end") else None),
            *(cells.get(each, ABSENT) for each in ids),
        )
    return shown


def company_comparison(answer: CompareCompaniesResponse) -> RenderableType:
    """A signal a row, a company a column."""
    headings = [
        one_line(each.filing.company_name) or f"CIK {each.cik}"
        if each.HasField("filing")
        else f"CIK {each.cik}"
        for each in answer.companies
    ]
    shown = table("Signal", *(f">{each}" for each in headings))
    mixed = []
    for row in answer.signals:
        cells = []
        for cell in row.values:
            if cell.HasField("signal"):
                cells.append(f"{_value(cell.signal)}{' (sum)' if cell.is_sum else ''}")
            else:
                cells.append(_gap(cell.gap) if cell.HasField("gap") else f"{ABSENT} (no such report)")
        shown.add_row(row.signal_id, *cells)
        if len(row.currencies) > 1:
            mixed.append(f"{row.signal_id} is in {', '.join(row.currencies)}; nothing is converted")
    return Group(shown, *(Text(each, style="yellow") for each in mixed))


def aggregate(answer: AggregateSignalsResponse, group_by: Sequence[str]) -> Table:
    """A group a row."""
    unit = answer.currency or answer.unit
    shown = table(
        *(each.capitalize() for each in group_by),
        ">Filings", ">Mean", ">Least", ">First quartile", ">Median", ">Third quartile", f">Largest ({unit})",
    )  # fmt: skip
    for group in answer.groups:
        figures = (group.mean, group.least, *group.quantiles, group.largest)
        shown.add_row(
            *(each or ABSENT for each in group.keys),
            f"{group.value_count:,}",
            *(wording.real_number(each) for each in figures),
        )
    return shown


def event(found: CompanyEvent) -> str:
    """An event on one line."""
    filing = found.filing.filing
    name = one_line(filing.company_name) or f"CIK {found.cik}"
    what = wording.words(enum_name(CompanyEventKind.DESCRIPTOR, found.kind))
    parts = [found.sequence, name, f"{filing.form_type} {found.accession_number}".strip(), what]
    if found.kind == CompanyEventKind.COMPANY_EVENT_KIND_RATING_CHANGED:
        old = wording.words(enum_name(Rating.DESCRIPTOR, found.previous_rating))
        new = wording.words(enum_name(Rating.DESCRIPTOR, found.filing.rating))
        parts.append(f"{old} -> {new}")
    parts += [f"+{each}" for each in found.appeared_flag_ids] + [f"-{each}" for each in found.gone_flag_ids]
    return "  ".join(parts)


def _value(signal: Signal) -> str:
    return one_line(wording.signal_value(signal.value, signal.unit, signal.currency))


def _gap(gap: FigureGap) -> str:
    return f"{ABSENT} ({wording.words(enum_name(FigureGapReason.DESCRIPTOR, gap.reason))})"
