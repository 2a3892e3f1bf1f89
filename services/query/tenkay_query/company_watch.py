"""Watching companies: the changes of them, each commit made into what happened."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass

from tenkay import periodic_forms
from tenkay.common.v1 import analysis_pb2, company_pb2, filing_pb2, read_pb2
from tenkay.days import day_in
from tenkay.query.v1 import company_watch_pb2 as pb
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb
from tenkay_query.change_hub import ChangeHub
from tenkay_query.company_events import Commit, CommitKind, Event, Standing, events
from tenkay_query.questions import checks
from tenkay_query.store_clients import StoreClients

FILINGS_LOOKED_AT = 500
"""Of a company's filings of one kind, the newest: what a page of the store may have."""

CHANGES_AT_ONCE = 8
"""Commits that the store is asked about at once, for all watchers."""
REMEMBERED_CHANGES = 1000
"""Commits whose events are remembered for other watchers."""

_KINDS = {
    feed_pb.CHANGE_KIND_EXTRACTION: CommitKind.EXTRACTION,
    feed_pb.CHANGE_KIND_ANALYSIS: CommitKind.ANALYSIS,
    feed_pb.CHANGE_KIND_PURGE: CommitKind.PURGE,
}


class CompanyWatch:
    """For one event loop. What a commit gives is worked out once for all who watch its company."""

    def __init__(self, store: StoreClients, hub: ChangeHub) -> None:
        self._store = store
        self._hub = hub
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking = asyncio.Semaphore(CHANGES_AT_ONCE)
        hub.on_changes(self._forget_purged)

    async def answers(self, request: pb.WatchCompaniesRequest) -> AsyncIterator[pb.WatchCompaniesResponse]:
        """What happens to the companies asked for, without end. One batch of changes is in memory at a time.

        INVALID_FIELD, and the errors of `ChangeHub.watch`.
        """
        ciks = checks.ciks(request.ciks, least=1)
        async with aclosing(self._hub.watch(request.from_sequence, ciks)) as batches:
            async for batch in batches:
                yield pb.WatchCompaniesResponse(
                    events=await self._events_of(batch.changes), up_to_sequence=batch.up_to_sequence
                )

    async def _events_of(self, changes: Sequence[feed_pb.Change]) -> list[pb.CompanyEvent]:
        found: list[pb.CompanyEvent] = []
        wanted = [each for each in changes if each.kind in _KINDS]
        for start in range(0, len(wanted), CHANGES_AT_ONCE):
            some = [self._asked(change) for change in wanted[start : start + CHANGES_AT_ONCE]]
            # Another watcher may wait for the same: one that goes away does not take its answer along.
            for each in await asyncio.gather(*(asyncio.shield(task) for task in some)):
                found += each
        return found

    def _asked(self, change: feed_pb.Change) -> asyncio.Task[list[pb.CompanyEvent]]:
        known = self._known.get(change.sequence)
        if known is None:
            # In a context of its own: it is not to end with the deadline of the call that happened to be the first.
            task = asyncio.create_task(self._ask(change), context=Context())
            task.add_done_callback(lambda done: self._forget_failed(change.sequence, done))
            known = self._known[change.sequence] = _Known(change, task)
            if len(self._known) > REMEMBERED_CHANGES:
                self._known.popitem(last=False)
        return known.task

    async def _ask(self, change: feed_pb.Change) -> list[pb.CompanyEvent]:
        async with self._asking:
            return await _events(self._store, change)

    def _forget_failed(self, sequence: str, task: asyncio.Task[list[pb.CompanyEvent]]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed and (known := self._known.get(sequence)) is not None and known.task is task:
            del self._known[sequence]

    def _forget_purged(self, changes: Sequence[feed_pb.Change]) -> None:
        """Of a company that a filing was purged of, what was told before is not told again: it may show the filing."""
        purged = {each.cik for each in changes if each.kind == feed_pb.CHANGE_KIND_PURGE}
        if purged:
            for sequence in [key for key, known in self._known.items() if known.change.cik in purged]:
                del self._known[sequence]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a commit gave, or will."""

    change: feed_pb.Change
    task: asyncio.Task[list[pb.CompanyEvent]]


async def _events(store: StoreClients, change: feed_pb.Change) -> list[pb.CompanyEvent]:
    """What a commit gives. The store is asked once for the filing, and once for the company's filings of its kind."""
    commit = Commit(_KINDS[change.kind], change.accession_number, change.version)
    summaries: dict[str, company_pb2.FilingSummary] = {}
    is_of_interest = commit.kind is CommitKind.ANALYSIS or (
        commit.kind is CommitKind.EXTRACTION and commit.version == 1
    )
    form_type = await _form_of(store, change) if is_of_interest else None
    if form_type is not None:
        summaries = await _filings_of_kind(store, change, form_type)
    standings = {number: _standing(each) for number, each in summaries.items()}
    filing = standings.pop(change.accession_number, None)
    summary = summaries.get(change.accession_number)
    return [_message(change, event, summary) for event in events(commit, filing, list(standings.values()))]


async def _form_of(store: StoreClients, change: feed_pb.Change) -> str | None:
    """The filing's form type; None when it is no longer stored."""
    answer = await store.filings.get_filings(
        filings=[filing_pb2.FilingRef(accession_number=change.accession_number)],
        min_sequence=change.sequence,
    )
    return next((each.filing.form_type for each in answer.filings), None)


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
        day_in(filing, "period_end"),
        day_in(filing, "filed_date"),
        "" if not summary.rating else analysis_pb2.Rating.Name(summary.rating),
        tuple(summary.flag_ids),
    )


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
