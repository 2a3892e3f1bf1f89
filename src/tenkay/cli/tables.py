"""Answers as tables for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tenkay.cli import wording
from tenkay.cli.documents import enum_name
from tenkay.cli.plain_text import one_line
from tenkay.cli.wording import ABSENT
from tenkay.common.v1.analysis_pb2 import Dimension, FlagSeverity, Rating
from tenkay.common.v1.signal_pb2 import SignalCategory

if TYPE_CHECKING:
    from tenkay.cli.filing_results import FilingResult
    from tenkay.common.v1.analysis_pb2 import Analysis, RedFlag
    from tenkay.common.v1.company_pb2 import CompanySummary, FilingSummary
    from tenkay.common.v1.filing_pb2 import Filing
    from tenkay.common.v1.signal_pb2 import MissingSignal, Signal
    from tenkay.common.v1.staleness_pb2 import Staleness
    from tenkay.pipeline.v1.pipeline_service_pb2 import Job
    from tenkay.query.v1.query_service_pb2 import GetAnalysisResponse, GetSignalsResponse

WIDTH_WITHOUT_TERMINAL = 150
REASONS_SHOWN = 12

_RATING_STYLES: dict[int, str] = {
    Rating.RATING_STRONG: "bold green",
    Rating.RATING_SOUND: "green",
    Rating.RATING_MIXED: "yellow",
    Rating.RATING_WEAK: "red",
    Rating.RATING_CRITICAL: "bold red",
}
_SEVERITY_STYLES: dict[int, str] = {
    FlagSeverity.FLAG_SEVERITY_WARN: "yellow",
    FlagSeverity.FLAG_SEVERITY_SERIOUS: "red",
    FlagSeverity.FLAG_SEVERITY_CRITICAL: "bold red",
}


def console(*, stderr: bool = False) -> Console:
    """Where tables go. Text is printed as it is: filings are full of brackets that would pass for markup."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


_ON_ONE_LINE = frozenset(
    {"Accession number", "Newest 10-K", "Ticker", "Form", "Filed", "Period end", "Rating"}
)
"""What is copied from the screen, or read down the column, is never broken over lines."""


def table(*columns: str) -> Table:
    """A table; a column whose heading starts with ">" is set to the right."""
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        if column.startswith(">"):
            shown.add_column(column[1:], justify="right", overflow="fold")
        else:
            shown.add_column(column, overflow="fold", no_wrap=column in _ON_ONE_LINE)
    return shown


def filing_heading(filing: Filing) -> Text:
    """Which filing: the company, the form, the days."""
    name = one_line(filing.company_name) or ABSENT
    cik = f"CIK {filing.cik}" if filing.HasField("cik") else "CIK not known"
    period = wording.day(filing.period_end if filing.HasField("period_end") else None)
    filed = wording.day(filing.filed_date if filing.HasField("filed_date") else None)
    return Text.assemble(
        (name, "bold"),
        f" ({cik}), form {filing.form_type or ABSENT} {filing.accession_number}, ",
        f"period end {period}, filed {filed}",
    )


def signals(answer: GetSignalsResponse) -> RenderableType:
    """A filing's signals with their first proof, then those without a value with the reason."""
    shown = table("Signal", ">Value", ">Sure", "Evidence")
    disputed = {each.signal_id: wording.dispute(each) for each in answer.disputes}
    for signal in answer.signals:
        proof = _proof_and_notes(signal)
        if signal.id in disputed:
            proof = f"{disputed[signal.id]}; {proof}"
        shown.add_row(signal.id, _value(signal), f"{signal.confidence:.2f}", proof)
    parts: list[RenderableType] = [filing_heading(answer.filing)]
    if answer.HasField("stale"):
        parts.append(_stale(answer.stale))
    parts.append(shown)
    if answer.missing:
        parts.append(_missing(answer.missing))
    return Group(*parts)


def analysis(answer: GetAnalysisResponse) -> RenderableType:
    """A filing's rating, what it is made of, its red flags with what they quote, and the heaviest reasons."""
    found = answer.analysis
    parts: list[RenderableType] = [
        filing_heading(answer.filing),
        *([_stale(answer.stale)] if answer.HasField("stale") else []),
        Text(),
        rating_line(found),
    ]
    if found.narrative:
        parts.extend((Text(), Text(one_line(found.narrative))))
    parts.append(_dimensions(found))
    parts.extend(flags(found.flags))
    if found.reasons:
        parts.append(_reasons(found))
    return Group(*parts)


def flags(found: Sequence[RedFlag]) -> Iterator[RenderableType]:
    """Each red flag with its explanation and every passage it quotes."""
    if not found:
        yield Text("No red flags.")
        return
    for flag in found:
        severity = wording.words(enum_name(FlagSeverity.DESCRIPTOR, flag.severity))
        cap = f", caps the score at {wording.real_number(flag.cap)}" if flag.HasField("cap") else ""
        yield Text.assemble(
            ("⚑ ", _SEVERITY_STYLES.get(flag.severity, "")),
            (flag.id, "bold"),
            f" ({severity}{cap}): {one_line(flag.explanation)}",
        )
        for proof in flag.evidence:
            yield Padding(Text(wording.evidence(proof), style="italic"), (0, 0, 0, 4), expand=False)


def company(summary: CompanySummary) -> RenderableType:
    """What is known of a company: its newest filings and how many are stored."""
    sic = f", SIC {summary.sic_code}" if summary.HasField("sic_code") else ""
    counts = ", ".join(f"{each.filings:,} {each.form_type or 'of unknown form'}" for each in summary.forms)
    newest = [
        (label, filing)
        for label, filing, present in (
            ("annual", summary.latest_annual, summary.HasField("latest_annual")),
            ("quarterly", summary.latest_quarterly, summary.HasField("latest_quarterly")),
        )
        if present
    ] + [("", filing) for filing in summary.recent]
    shown = table("Newest", *_FILING_COLUMNS)
    for label, filing in newest:
        shown.add_row(label, *_filing_cells(filing))
    return Group(
        Text.assemble(
            (one_line(summary.company_name) or ABSENT, "bold"),
            f" (CIK {summary.cik}{sic}), stored: {counts or 'nothing'}",
        ),
        shown,
    )


def filings(found: Iterable[FilingSummary], signal_ids: Sequence[str] = ()) -> Table:
    """Filings, one a row, with a column for each of `signal_ids`."""
    shown = table("Company", *_FILING_COLUMNS, *(f">{signal_id}" for signal_id in signal_ids))
    for each in found:
        values = {signal.id: _value(signal) for signal in each.signals}
        shown.add_row(
            one_line(each.filing.company_name) or ABSENT,
            *_filing_cells(each),
            *(values.get(signal_id, Text(ABSENT)) for signal_id in signal_ids),
        )
    return shown


def job(found: Job) -> Text:
    """A job's counts in a line."""
    counts = found.counts
    state = (
        f"finished {wording.moment(found.finished_at)}" if found.HasField("finished_at") else "still running"
    )
    return Text.assemble(
        ("job ", ""),
        (found.id, "bold"),
        f", {state}: {counts.total:,} filings, {counts.fetched:,} fetched, {counts.extracted:,} extracted, "
        f"{counts.stored:,} stored, {counts.failed:,} failed, {counts.running:,} in work",
    )


def results(found: Iterable[FilingResult]) -> Table:
    """What became of each filing of a job."""
    shown = table("Company", "Accession number", "Form", "Filed", "State", "Rating, or what went wrong")
    for each in found:
        shown.add_row(
            one_line(each.company_name) or ABSENT,
            each.accession_number,
            each.form_type or ABSENT,
            each.filed,
            Text(each.state, style={"STORED": "green", "FAILED": "bold red"}.get(each.state, "")),
            Text(each.outcome, style=_RATING_STYLES.get(each.rating, "")),
        )
    return shown


_FILING_COLUMNS = ("Accession number", "Form", "Filed", "Period end", "Rating", "Flags")


def _filing_cells(summary: FilingSummary) -> tuple[RenderableType, ...]:
    filing = summary.filing
    return (
        filing.accession_number,
        filing.form_type or ABSENT,
        wording.day(filing.filed_date if filing.HasField("filed_date") else None),
        wording.day(filing.period_end if filing.HasField("period_end") else None),
        rating(summary),
        ", ".join(summary.flag_ids) or ABSENT,
    )


def rating(summary: FilingSummary) -> Text:
    """A filing's rating in its colour."""
    if summary.rating == Rating.RATING_UNSPECIFIED:
        return Text("not analysed", style="dim")
    score = summary.score if summary.HasField("score") else None
    return Text(wording.rating(summary.rating, score), style=_RATING_STYLES.get(summary.rating, ""))


def rating_line(found: Analysis) -> Text:
    """The rating, its band, and what flags took from it."""
    caps = ""
    if found.HasField("uncapped_score") and found.HasField("score") and found.uncapped_score != found.score:
        caps = f", {found.uncapped_score:.1f} before red flags capped it"
    band = f" ± {found.band:.1f}" if found.HasField("band") else ""
    return Text.assemble(
        "Rating: ",
        (f"{wording.analysis_rating(found)}", _RATING_STYLES.get(found.rating, "")),
        f"{band}{caps}",
    )


def _dimensions(found: Analysis) -> Table:
    shown = table("Dimension", ">Score", ">±", ">Weight", ">Covered")
    for each in found.dimensions:
        shown.add_row(
            wording.words(enum_name(Dimension.DESCRIPTOR, each.dimension)),
            f"{each.score:.1f}" if each.HasField("score") else f"{ABSENT} (too little is known)",
            f"{each.band:.1f}" if each.HasField("band") else ABSENT,
            wording.real_number(each.weight),
            f"{each.coverage * 100:.0f} %",
        )
    return shown


def _reasons(found: Analysis) -> RenderableType:
    shown = table(">Points", "Signal", ">Value", "Why")
    for reason in found.reasons[:REASONS_SHOWN]:
        shown.add_row(
            f"{reason.contribution:+.2f}",
            reason.signal_id,
            wording.signal_value(reason.value, reason.unit, ""),
            one_line(reason.explanation),
        )
    more = len(found.reasons) - REASONS_SHOWN
    if more <= 0:
        return shown
    return Group(shown, Text(f"and {more} smaller ones (--json has them all)", style="dim"))


def _missing(found: Iterable[MissingSignal]) -> Table:
    shown = table("Signal", ">Value", "Why there is none")
    for each in found:
        shown.add_row(each.id, ABSENT, wording.missing(each))
    return shown


def _value(signal: Signal) -> Text:
    text = wording.signal_value(signal.value, signal.unit, signal.currency)
    is_bad_news = (
        signal.value.WhichOneof("kind") == "bool"
        and signal.value.bool
        and signal.category == SignalCategory.SIGNAL_CATEGORY_RISK
    )
    return Text(one_line(text), style="bold red" if is_bad_news else "")


def _stale(stale: Staleness) -> Text:
    return Text(f"out of date: {wording.stale(stale)}", style="yellow")


def _proof_and_notes(signal: Signal) -> str:
    notes = [*signal.notes, *(["outside the signal's valid range"] if signal.out_of_range else [])]
    return "; ".join([wording.proof(signal), *(one_line(note) for note in notes)])
