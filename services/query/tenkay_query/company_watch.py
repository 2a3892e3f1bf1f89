"""Watching companies: the store's change feed of them, each commit made into what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import date

from tenkay import periodic_forms
from tenkay.common.v1 import analysis_pb2, company_pb2, date_pb2, filing_pb2, read_pb2
from tenkay.query.v1 import company_watch_pb2 as pb
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb
from tenkay_query.company_events import Commit, CommitKind, Event, Standing, events
from tenkay_query.questions import checks
from tenkay_query.store_clients import StoreClients

FILINGS_LOOKED_AT = 500
"""Of a company's filings of one kind, the newest: what a page of the store may have."""

_KINDS = {
    feed_pb.CHANGE_KIND_EXTRACTION: CommitKind.EXTRACTION,
    feed_pb.CHANGE_KIND_ANALYSIS: CommitKind.ANALYSIS,
    feed_pb.CHANGE_KIND_PURGE: CommitKind.PURGE,
}


async def watch_companies(
    store: StoreClients, request: pb.WatchCompaniesRequest
) -> AsyncIterator[pb.WatchCompaniesResponse]:
    """What happens to the companies asked for, without end. One batch of the feed is in memory at a time.

    The store is asked once for the filings of a batch, and once a commit for the company's filings of that kind.
    INVALID_FIELD; FEED_POSITION_EXPIRED; MALFORMED_SEQUENCE.
    """
    ciks = checks.ciks(request.ciks, least=1)
    batches = store.feed.watch(from_sequence=request.from_sequence, ciks=ciks)
    async with aclosing(batches):  # type: ignore[type-var]  # it is a generator
        async for batch in batches:
            yield pb.WatchCompaniesResponse(
                events=await _events(store, batch.changes), up_to_sequence=batch.up_to_sequence
            )


async def _events(store: StoreClients, changes: Sequence[feed_pb.Change]) -> list[pb.CompanyEvent]:
    wanted = [each for each in changes if each.kind in _KINDS]
    forms = await _forms_of(store, wanted)
    found = []
    for change in wanted:
        commit = Commit(_KINDS[change.kind], change.accession_number, change.version)
        summaries: dict[str, company_pb2.FilingSummary] = {}
        is_of_interest = commit.kind is CommitKind.ANALYSIS or (
            commit.kind is CommitKind.EXTRACTION and commit.version == 1
        )
        if is_of_interest and change.accession_number in forms:
            summaries = await _filings_of_kind(store, change, forms[change.accession_number])
        standings = {number: _standing(each) for number, each in summaries.items()}
        filing = standings.pop(change.accession_number, None)
        summary = summaries.get(change.accession_number)
        found += [
            _message(change, event, summary) for event in events(commit, filing, list(standings.values()))
        ]
    return found


async def _forms_of(store: StoreClients, changes: Sequence[feed_pb.Change]) -> dict[str, str]:
    """Form types by accession number, of those that are still stored."""
    numbers = list(
        dict.fromkeys(each.accession_number for each in changes if each.kind != feed_pb.CHANGE_KIND_PURGE)
    )
    found: dict[str, str] = {}
    for start in range(0, len(numbers), 100):
        answer = await store.filings.get_filings(
            filings=[
                filing_pb2.FilingRef(accession_number=number) for number in numbers[start : start + 100]
            ],
            min_sequence=changes[-1].sequence,
        )
        found |= {each.filing.accession_number: each.filing.form_type for each in answer.filings}
    return found


async def _filings_of_kind(
    store: StoreClients, change: feed_pb.Change, form_type: str
) -> dict[str, company_pb2.FilingSummary]:
    """The company's filings of the same kind, as they stood at the commit."""
    answer = await store.filings.list_filings(
        cik=change.cik,
        forms=periodic_forms.with_amendments(periodic_forms.family(form_type)),
        page_size=FILINGS_LOOKED_AT,
        as_of=read_pb2.AsOf(recorded_at=change.recorded_at),
        min_sequence=change.sequence,
    )
    return {each.filing.accession_number: each for each in answer.filings}


def _standing(summary: company_pb2.FilingSummary) -> Standing:
    filing = summary.filing
    return Standing(
        filing.accession_number,
        filing.form_type,
        filing.is_amendment,
        _day(filing.period_end) if filing.HasField("period_end") else None,
        _day(filing.filed_date) if filing.HasField("filed_date") else None,
        "" if not summary.rating else analysis_pb2.Rating.Name(summary.rating),
        tuple(summary.flag_ids),
    )


def _day(message: date_pb2.Date) -> date:
    return date(message.year, message.month, message.day)


def _message(
    change: feed_pb.Change, event: Event, summary: company_pb2.FilingSummary | None
) -> pb.CompanyEvent:
    message = pb.CompanyEvent(
        sequence=change.sequence,
        kind=pb.CompanyEventKind.Value(f"COMPANY_EVENT_KIND_{event.kind}"),
        cik=change.cik,
        accession_number=change.accession_number,
        recorded_at=change.recorded_at,
        appeared_flag_ids=event.appeared,
        gone_flag_ids=event.gone,
    )
    if event.filing is not None and summary is not None:
        message.filing.CopyFrom(summary)
    if event.previous is not None:
        message.previous_accession_number = event.previous.accession_number
        if event.previous.rating:
            message.previous_rating = analysis_pb2.Rating.Value(event.previous.rating)
    return message
