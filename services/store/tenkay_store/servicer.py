"""Commits, reads and the change feed over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import grpc
from google.protobuf.message import Message

from tenkay import page_tokens, sequences
from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.runtime.call import current_deadline
from tenkay.runtime.tracing import inject, span
from tenkay.store.v1 import (
    change_feed_service_pb2 as feed_pb2,
)
from tenkay.store.v1 import (
    change_feed_service_pb2_grpc as feed_pb2_grpc,
)
from tenkay.store.v1 import (
    filing_store_service_pb2 as store_pb2,
)
from tenkay.store.v1 import (
    filing_store_service_pb2_grpc as store_pb2_grpc,
)
from tenkay_store import filter as filters
from tenkay_store import messages, metrics
from tenkay_store.artifact_store import ArtifactStore
from tenkay_store.change_feed import ChangeFeed
from tenkay_store.moments import Moments, ReadOptions
from tenkay_store.outbox import Outbox
from tenkay_store.records import (
    Analysis,
    Change,
    CommitKind,
    Committed,
    Delivery,
    DeliveryState,
    Extraction,
    Filing,
)
from tenkay_store.storage import AnalyticalStore, FilingSelection, Moment, Page, Position, Screen
from tenkay_store.validation import check_analysis, check_currency, check_extraction

Context = grpc.aio.ServicerContext[Any, Any]

FILING_STORE = "tenkay.store.v1.FilingStoreService"
CHANGE_FEED = "tenkay.store.v1.ChangeFeedService"

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
ANSWER_SECONDS = 0.1
"""Kept back from a commit's deadline for the answer that says PENDING."""


class FilingStoreServicer(store_pb2_grpc.FilingStoreServiceServicer):
    """Commits and reads."""

    def __init__(
        self,
        store: AnalyticalStore,
        artifacts: ArtifactStore,
        outbox: Outbox | None,
        options: ReadOptions,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._outbox = outbox
        self._options = options
        self._moments = Moments(store, options)

    async def CommitExtraction(
        self, request: store_pb2.CommitExtractionRequest, _context: Context
    ) -> store_pb2.CommitExtractionResponse:
        """Commits an extraction."""
        _require(request, "extraction")
        body = messages.extraction_record(request.extraction)
        check_extraction(body)
        return store_pb2.CommitExtractionResponse(outcome=await self._commit(body, request))

    async def CommitAnalysis(
        self, request: store_pb2.CommitAnalysisRequest, _context: Context
    ) -> store_pb2.CommitAnalysisResponse:
        """Commits an analysis."""
        _require(request, "analysis")
        body = messages.analysis_record(request.analysis)
        check_analysis(body)
        return store_pb2.CommitAnalysisResponse(outcome=await self._commit(body, request))

    async def GetFiling(
        self, request: store_pb2.GetFilingRequest, _context: Context
    ) -> store_pb2.GetFilingResponse:
        """Answers with one filing."""
        accession_number = _accession_number(request)
        head = await self._moments.reached(request.min_sequence)
        stored = await self._store.filing(accession_number, await self._moments.of(request, head))
        if stored is None:
            raise messages.filing_unknown(accession_number)
        return store_pb2.GetFilingResponse(
            filing=messages.filing_message(stored.filing),
            sections=[messages.section_message(each) for each in stored.sections],
            version=stored.version,
            recorded_at=messages.timestamp(stored.recorded_at),
            result_key=stored.result_key,
            as_of_sequence=self._moments.token(head),
            catalog_version=stored.catalog_version,
        )

    async def GetSignals(
        self, request: store_pb2.GetSignalsRequest, _context: Context
    ) -> store_pb2.GetSignalsResponse:
        """Answers with a filing's signals and gaps."""
        accession_number = _accession_number(request)
        category = messages.category_name(request.category, "category")
        head = await self._moments.reached(request.min_sequence)
        moment = await self._moments.of(request, head)
        found = await self._store.signals(accession_number, moment, with_evidence=not request.omit_evidence)
        if found is None:
            raise messages.filing_unknown(accession_number)
        reported = frozenset([each.id for each in found.signals] + [each.id for each in found.missing])
        for signal_id in request.signal_ids:
            if signal_id not in reported:
                raise filters.unknown_signal(signal_id, reported, field="signal_ids")
        wanted = frozenset(request.signal_ids) or reported
        return store_pb2.GetSignalsResponse(
            filing=messages.filing_message(found.stored.filing),
            signals=[
                messages.signal_message(each)
                for each in found.signals
                if each.id in wanted and category in ("", each.category)
            ],
            missing=[
                messages.missing_message(each)
                for each in found.missing
                # The category of a signal that no filing has had a value for is not known.
                if each.id in wanted and (not category or each.category in ("", category))
            ],
            version=found.stored.version,
            result_key=found.stored.result_key,
            as_of_sequence=self._moments.token(head),
        )

    async def GetAnalysis(
        self, request: store_pb2.GetAnalysisRequest, _context: Context
    ) -> store_pb2.GetAnalysisResponse:
        """Answers with a filing's newest analysis."""
        accession_number = _accession_number(request)
        head = await self._moments.reached(request.min_sequence)
        found = await self._store.analysis(accession_number, await self._moments.of(request, head))
        if found is None:
            raise messages.filing_unknown(accession_number)
        if isinstance(found, Filing):
            raise failure(
                Reason.ANALYSIS_UNKNOWN,
                f"filing {accession_number} is stored and has no analysis yet",
                field="filing.accession_number",
            )
        return store_pb2.GetAnalysisResponse(
            filing=messages.filing_message(found.filing),
            analysis=messages.analysis_message(found.document),
            version=found.version,
            recorded_at=messages.timestamp(found.recorded_at),
            as_of_sequence=self._moments.token(head),
        )

    async def GetCompanySummary(
        self, request: store_pb2.GetCompanySummaryRequest, _context: Context
    ) -> store_pb2.GetCompanySummaryResponse:
        """Answers with what is known of a company."""
        cik = require_cik(request.cik, "cik")
        head = await self._moments.reached(request.min_sequence)
        company = await self._store.company(cik, await self._moments.of(request, head))
        if company is None:
            raise failure(
                Reason.COMPANY_UNKNOWN,
                f"no filing of company {cik} is stored; ingest one, or check the number",
                field="cik",
            )
        return store_pb2.GetCompanySummaryResponse(
            company=messages.company_message(company), as_of_sequence=self._moments.token(head)
        )

    async def ListFilings(
        self, request: store_pb2.ListFilingsRequest, _context: Context
    ) -> store_pb2.ListFilingsResponse:
        """Answers with a page of filings."""
        selection = FilingSelection(
            cik=require_cik(request.cik, "cik") if request.HasField("cik") else None,
            forms=tuple(request.forms),
            filed_from=_day(request, "filed_from"),
            filed_to=_day(request, "filed_to"),
        )
        limit = _page_size(request.page_size)
        bound_to = _bound_to("ListFilings", request)
        head, moment, after = await self._page_start(request, bound_to)
        page = await self._store.list_filings(selection, moment, after, limit)
        return store_pb2.ListFilingsResponse(
            filings=[messages.summary_message(each) for each in page.summaries],
            next_page_token=_next_page_token(page, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def ScreenFilings(
        self, request: store_pb2.ScreenFilingsRequest, _context: Context
    ) -> store_pb2.ScreenFilingsResponse:
        """Answers with a page of the filings that meet a filter."""
        limit = _page_size(request.page_size)
        check_currency(request.currency, "currency")
        expression = filters.parse(request.filter)
        bound_to = _bound_to("ScreenFilings", request)
        head, moment, after = await self._page_start(request, bound_to)
        types = self._store.signal_types
        screen = Screen(
            expression=None if expression is None else filters.resolve(expression, types),
            currency=request.currency,
            signal_ids=tuple(dict.fromkeys(request.signal_ids)),
        )
        for signal_id in screen.signal_ids:
            if signal_id not in types:
                raise filters.unknown_signal(signal_id, types, field="signal_ids")
        page = await self._store.screen_filings(screen, moment, after, limit)
        return store_pb2.ScreenFilingsResponse(
            filings=[messages.summary_message(each) for each in page.summaries],
            next_page_token=_next_page_token(page, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def _commit(
        self,
        body: Extraction | Analysis,
        request: store_pb2.CommitExtractionRequest | store_pb2.CommitAnalysisRequest,
    ) -> store_pb2.CommitOutcome:
        wait_for, fence = request.wait_for, messages.fence_record(request)
        kind = "extraction" if isinstance(body, Extraction) else "analysis"
        if wait_for not in store_pb2.WaitFor.values():
            raise failure(
                Reason.INVALID_FIELD, f"wait_for {wait_for} is not one of WaitFor", field="wait_for"
            )
        try:
            with span("duckdb.commit", {"sec.accession_number": body.accession_number}):
                traceparent = inject()
                committed = await self._artifacts.while_held(
                    body.artifacts if isinstance(body, Extraction) else (),
                    lambda: self._store.commit(body, traceparent, fence),
                )
        except TenkayError:
            metrics.COMMITS.labels(kind, "refused").inc()
            raise
        metrics.COMMITS.labels(kind, "changed" if committed.changed else "unchanged").inc()
        delivery = await self._delivery(committed, wait_for)
        return store_pb2.CommitOutcome(
            sequence=self._moments.token(committed.sequence),
            version=committed.version,
            changed=committed.changed,
            sinks=[
                store_pb2.SinkOutcome(
                    sink=store_pb2.SINK_DUCKDB,
                    state=store_pb2.SINK_STATE_DURABLE,
                    durable_at=messages.timestamp(committed.recorded_at),
                ),
                store_pb2.SinkOutcome(
                    sink=store_pb2.SINK_SUPABASE,
                    state=_SINK_STATES[delivery.state],
                    durable_at=(
                        None if delivery.durable_at is None else messages.timestamp(delivery.durable_at)
                    ),
                    detail=delivery.last_error,
                ),
            ],
        )

    async def _delivery(self, committed: Committed, wait_for: store_pb2.WaitFor.ValueType) -> Delivery:
        if self._outbox is None:
            return Delivery(DeliveryState.DISABLED)
        seconds = 0.0
        if wait_for == store_pb2.WAIT_FOR_ALL:
            left = current_deadline()
            seconds = self._options.wait_for_all_seconds
            if left is not None:
                seconds = min(seconds, left - ANSWER_SECONDS)
        return await self._outbox.outcome(committed.sequence, seconds, just_committed=committed.changed)

    async def _page_start(self, request: Any, bound_to: bytes) -> tuple[int, Moment, Position | None]:
        """The state a page is read at, pinned by the first page, and the position it starts after."""
        head = await self._moments.reached(request.min_sequence)
        after = None
        if request.page_token:
            pinned, after = _position(page_tokens.decode(request.page_token, bound_to))
            head = min(head, pinned)
        return head, await self._moments.of(request, head), after


class ChangeFeedServicer(feed_pb2_grpc.ChangeFeedServiceServicer):
    """The change feed."""

    def __init__(self, feed: ChangeFeed, shard: int) -> None:
        self._feed = feed
        self._shard = shard

    async def Watch(
        self, request: feed_pb2.WatchRequest, _context: Context
    ) -> AsyncIterator[feed_pb2.WatchResponse]:
        """Streams changes after a position."""
        after = None
        if request.from_sequence:
            after = sequences.parse(request.from_sequence).get(self._shard)
            if after is None:
                raise failure(
                    Reason.MALFORMED_SEQUENCE,
                    f"{request.from_sequence[:80]!r} is of another store; use one that this store's feed gave",
                    field="from_sequence",
                )
        async for batch in self._feed.watch(after):
            yield feed_pb2.WatchResponse(
                changes=[self._change(each) for each in batch.changes],
                up_to_sequence=sequences.encode(self._shard, batch.up_to),
            )

    def _change(self, change: Change) -> feed_pb2.Change:
        return feed_pb2.Change(
            sequence=sequences.encode(self._shard, change.sequence),
            kind=_CHANGE_KINDS[change.kind],
            accession_number=change.accession_number,
            cik=change.cik,
            version=change.version,
            recorded_at=messages.timestamp(change.recorded_at),
        )


_SINK_STATES = {
    DeliveryState.PENDING: store_pb2.SINK_STATE_PENDING,
    DeliveryState.DURABLE: store_pb2.SINK_STATE_DURABLE,
    DeliveryState.DEAD: store_pb2.SINK_STATE_DEAD,
    DeliveryState.DISABLED: store_pb2.SINK_STATE_DISABLED,
}
_CHANGE_KINDS = {
    CommitKind.EXTRACTION: feed_pb2.CHANGE_KIND_EXTRACTION,
    CommitKind.ANALYSIS: feed_pb2.CHANGE_KIND_ANALYSIS,
    CommitKind.PURGE: feed_pb2.CHANGE_KIND_PURGE,
}


def _require(request: Message, field: str) -> None:
    if not request.HasField(field):
        raise failure(Reason.INVALID_FIELD, f"{field} is required", field=field)


def _accession_number(request: Any) -> str:
    return require_accession_number(request.filing.accession_number, "filing.accession_number")


def _day(request: Any, field: str) -> date | None:
    return messages.day(getattr(request, field), field) if request.HasField(field) else None


def _page_size(requested: int) -> int:
    return page_tokens.page_size(requested, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)


def _bound_to(method: str, request: Any) -> bytes:
    """What a page token belongs to: the method and all of the request that chooses rows and what is shown of them."""
    rest = type(request)()
    rest.CopyFrom(request)
    # How much of it and how fresh at least may differ from page to page.
    for field in ("page_token", "page_size", "min_sequence"):
        rest.ClearField(field)
    serialised: bytes = rest.SerializeToString(deterministic=True)
    return method.encode() + b"\0" + serialised


def _next_page_token(page: Page, head: int, bound_to: bytes) -> str:
    position = page.next_position
    if position is None:
        return ""
    day = None if position.filed_date is None else position.filed_date.isoformat()
    return page_tokens.encode({"s": head, "d": day, "a": position.accession_number}, bound_to)


def _position(token: Any) -> tuple[int, Position]:
    try:
        day = None if token["d"] is None else date.fromisoformat(token["d"])
        return int(token["s"]), Position(day, str(token["a"]))
    except (KeyError, TypeError, ValueError):
        raise messages.not_this_methods_token() from None
