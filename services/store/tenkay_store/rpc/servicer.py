"""Commits and reads of filings over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Literal

import grpc

from tenkay.common.v1 import errors_pb2, filing_pb2
from tenkay.days import day_in
from tenkay.errors import Reason, TenkayError, failure
from tenkay.identifiers import require_cik
from tenkay.runtime.call import current_deadline
from tenkay.runtime.tracing import inject, span
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1 import filing_store_service_pb2_grpc as store_pb2_grpc
from tenkay_store import metrics
from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import (
    Analysis,
    Committed,
    Delivery,
    DeliveryState,
    Extraction,
    Fence,
    Filing,
)
from tenkay_store.domain.selections import FilingSelection, Position, Screen, StaleSelection
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment, StoredSignals
from tenkay_store.objects.artifact_store import ArtifactStore
from tenkay_store.rpc import paging
from tenkay_store.rpc.moments import Moments, ReadOptions
from tenkay_store.second_sink.outbox import Outbox
from tenkay_store.wire import commit_messages, messages, reports
from tenkay_store.wire.validation import check_analysis, check_currency, check_extraction

Context = grpc.aio.ServicerContext[Any, Any]

FILING_STORE = "tenkay.store.v1.FilingStoreService"

MAX_BATCH_ITEMS = 50
MAX_FILINGS = 100
MAX_SIGNAL_FILINGS = 20
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
        body, fence = _result(request, "extraction"), commit_messages.fence_record(request)
        return store_pb2.CommitExtractionResponse(outcome=await self._commit(body, fence, request.wait_for))

    async def CommitAnalysis(
        self, request: store_pb2.CommitAnalysisRequest, _context: Context
    ) -> store_pb2.CommitAnalysisResponse:
        """Commits an analysis."""
        body, fence = _result(request, "analysis"), commit_messages.fence_record(request)
        return store_pb2.CommitAnalysisResponse(outcome=await self._commit(body, fence, request.wait_for))

    async def BatchCommit(
        self, request: store_pb2.BatchCommitRequest, _context: Context
    ) -> store_pb2.BatchCommitResponse:
        """Commits extractions and analyses, each on its own."""
        if not 0 < len(request.items) <= MAX_BATCH_ITEMS:
            raise failure(
                Reason.INVALID_FIELD,
                f"give 1 to {MAX_BATCH_ITEMS} commits, not {len(request.items):,}",
                field="items",
            )
        _check_wait_for(request.wait_for)
        results = [store_pb2.BatchItemResult() for _ in request.items]
        of_filings: dict[str, list[int]] = {}
        for position, item in enumerate(request.items):
            number = item.extraction.filing.accession_number or item.analysis.accession_number
            of_filings.setdefault(number, []).append(position)

        async def commit(positions: Sequence[int]) -> None:
            for position in positions:
                results[position] = await self._commit_item(request.items[position], request.wait_for)

        await asyncio.gather(*(commit(positions) for positions in of_filings.values()))
        return store_pb2.BatchCommitResponse(results=results)

    async def _commit_item(
        self, item: store_pb2.BatchItem, wait_for: store_pb2.WaitFor.ValueType
    ) -> store_pb2.BatchItemResult:
        try:
            kind = item.WhichOneof("result")
            if kind is None:
                raise failure(Reason.INVALID_FIELD, "give an extraction or an analysis", field="result")
            body, fence = _result(item, kind), commit_messages.fence_record(item)
            return store_pb2.BatchItemResult(outcome=await self._commit(body, fence, wait_for))
        except TenkayError as error:
            return store_pb2.BatchItemResult(error=_item_error(error))

    async def GetFiling(
        self, request: store_pb2.GetFilingRequest, _context: Context
    ) -> store_pb2.GetFilingResponse:
        """Answers with one filing."""
        accession_number = messages.accession_number(request.filing, "filing")
        head = await self._moments.reached(request)
        stored = await self._store.filing(accession_number, await self._moments.of(request, head))
        if stored is None:
            raise messages.filing_unknown(accession_number)
        messages.check_company(request.filing, stored.filing, "filing")
        return store_pb2.GetFilingResponse(
            filing=messages.filing_message(stored.filing),
            sections=[messages.section_message(each) for each in stored.sections],
            version=stored.version,
            recorded_at=messages.timestamp(stored.recorded_at),
            result_key=stored.result_key,
            as_of_sequence=self._moments.token(head),
            catalog_version=stored.catalog_version,
            stale=messages.staleness_message(stored.stale, self._moments.token),
            amends=stored.amends,
        )

    async def GetFilings(
        self, request: store_pb2.GetFilingsRequest, _context: Context
    ) -> store_pb2.GetFilingsResponse:
        """Answers with several filings."""
        numbers = _filing_numbers(request.filings, MAX_FILINGS)
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        found = await self._store.filings(tuple(dict.fromkeys(numbers)), moment)
        for index, (number, ref) in enumerate(zip(numbers, request.filings, strict=True)):
            if number in found:
                messages.check_company(ref, found[number].filing, f"filings[{index}]")
        return store_pb2.GetFilingsResponse(
            filings=[
                store_pb2.StoredFiling(
                    filing=messages.filing_message(stored.filing),
                    sections=[messages.section_message(each) for each in stored.sections],
                    version=stored.version,
                    recorded_at=messages.timestamp(stored.recorded_at),
                    result_key=stored.result_key,
                    catalog_version=stored.catalog_version,
                    stale=messages.staleness_message(stored.stale, self._moments.token),
                    amends=stored.amends,
                )
                for stored in found.values()
            ],
            unknown=[number for number in dict.fromkeys(numbers) if number not in found],
            as_of_sequence=self._moments.token(head),
        )

    async def GetSignals(
        self, request: store_pb2.GetSignalsRequest, _context: Context
    ) -> store_pb2.GetSignalsResponse:
        """Answers with a filing's signals and gaps."""
        accession_number = messages.accession_number(request.filing, "filing")
        messages.check_categories(request.categories, "categories")
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        found = await self._store.signals(accession_number, moment)
        if found is None:
            raise messages.filing_unknown(accession_number)
        answer = reports.read(found.report, store_pb2.GetSignalsResponse)
        messages.check_company(request.filing, answer.filing, "filing")
        if request.signal_ids:
            reported = {*(each.id for each in answer.signals), *(each.id for each in answer.missing)}
            for signal_id in request.signal_ids:
                if signal_id not in reported:
                    raise filters.unknown_signal(signal_id, reported, field="signal_ids")
        self._finish_signals(answer, found, request, frozenset(request.categories))
        answer.as_of_sequence = self._moments.token(head)
        return answer

    async def BatchGetSignals(
        self, request: store_pb2.BatchGetSignalsRequest, _context: Context
    ) -> store_pb2.BatchGetSignalsResponse:
        """Answers with the signals of several filings."""
        numbers = _filing_numbers(request.filings, MAX_SIGNAL_FILINGS)
        types = self._store.signal_types
        for signal_id in request.signal_ids:
            if signal_id not in types:
                raise filters.unknown_signal(signal_id, types, field="signal_ids")
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        found = await self._store.signals_of(
            tuple(dict.fromkeys(numbers)),
            moment,
            with_comparable_prior=request.with_comparable_prior,
        )
        answers = {
            number: reports.read(each.report, store_pb2.FilingSignals) for number, each in found.items()
        }
        for index, (number, ref) in enumerate(zip(numbers, request.filings, strict=True)):
            if number in answers:
                messages.check_company(ref, answers[number].filing, f"filings[{index}]")
        for number, each in found.items():
            self._finish_signals(answers[number], each, request, frozenset())
            if each.comparable_prior is not None:
                answers[number].comparable_prior = each.comparable_prior
        return store_pb2.BatchGetSignalsResponse(
            filings=answers.values(),
            unknown=[number for number in dict.fromkeys(numbers) if number not in found],
            as_of_sequence=self._moments.token(head),
        )

    def _finish_signals(
        self,
        answer: reports.Answer,
        found: StoredSignals,
        request: store_pb2.GetSignalsRequest | store_pb2.BatchGetSignalsRequest,
        categories: Collection[int],
    ) -> None:
        """Leave what is asked for in a report, and add what is not the version's own."""
        reports.keep_only(answer, frozenset(request.signal_ids), categories)
        if request.omit_evidence:
            reports.leave_out_evidence(answer)
        answer.version = found.version
        if (stale := messages.staleness_message(found.stale, self._moments.token)) is not None:
            answer.stale.CopyFrom(stale)
        if found.disputes:
            shown = {each.id for each in answer.signals}
            said = (messages.dispute_message(each, self._moments.token) for each in found.disputes)
            answer.disputes.extend(each for each in said if each.signal_id in shown)

    async def GetAnalysis(
        self, request: store_pb2.GetAnalysisRequest, _context: Context
    ) -> store_pb2.GetAnalysisResponse:
        """Answers with a filing's newest analysis."""
        accession_number = messages.accession_number(request.filing, "filing")
        head = await self._moments.reached(request)
        found = await self._store.analysis(accession_number, await self._moments.of(request, head))
        if found is None:
            raise messages.filing_unknown(accession_number)
        filing = found if isinstance(found, Filing) else found.filing
        messages.check_company(request.filing, filing, "filing")
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
            stale=messages.staleness_message(found.stale, self._moments.token),
        )

    async def GetCompanySummary(
        self, request: store_pb2.GetCompanySummaryRequest, _context: Context
    ) -> store_pb2.GetCompanySummaryResponse:
        """Answers with what is known of a company."""
        cik = require_cik(request.cik, "cik")
        head = await self._moments.reached(request)
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
            filed_from=day_in(request, "filed_from"),
            filed_to=day_in(request, "filed_to"),
        )
        limit = paging.page_size(request.page_size)
        bound_to = paging.bound_to("ListFilings", request)
        head, moment, after = await self._page_start(request, bound_to)
        page = await self._store.list_filings(selection, moment, after, limit)
        return store_pb2.ListFilingsResponse(
            filings=[messages.summary_fields(each) for each in page.summaries],
            next_page_token=paging.filings_token(page, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def ListStale(
        self, request: store_pb2.ListStaleRequest, _context: Context
    ) -> store_pb2.ListStaleResponse:
        """Answers with a page of what is stale."""
        selection = StaleSelection(
            cik=require_cik(request.cik, "cik") if request.HasField("cik") else None,
            result=messages.stale_result(request.result, "result"),
        )
        limit = paging.page_size(request.page_size)
        bound_to = paging.bound_to("ListStale", request)
        head, after = await self._moments.reached(request), 0
        if request.page_token:
            pinned, after = paging.sequences_position(request.page_token, bound_to)
            head = min(head, pinned)
        page = await self._store.list_stale(selection, await self._moments.of(request, head), after, limit)
        return store_pb2.ListStaleResponse(
            stale=[
                store_pb2.StaleFiling(
                    filing=messages.filing_message(each.filing),
                    result=messages.stale_result_message(each.result),
                    version=each.version,
                    stale=messages.staleness_message(each.stale, self._moments.token),
                )
                for each in page.entries
            ],
            next_page_token=paging.sequences_token(page.next_after, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def ScreenFilings(
        self, request: store_pb2.ScreenFilingsRequest, _context: Context
    ) -> store_pb2.ScreenFilingsResponse:
        """Answers with a page of the filings that meet a filter."""
        check_currency(request.currency, "currency")
        expression = filters.parse(request.filter)
        bound_to = paging.bound_to("ScreenFilings", request)
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
        shown = {*filters.signal_ids(screen.expression), *screen.signal_ids}
        limit = paging.page_of_values(request.page_size, len(shown))
        page = await self._store.screen_filings(screen, moment, after, limit)
        return store_pb2.ScreenFilingsResponse(
            filings=[messages.summary_fields(each) for each in page.summaries],
            next_page_token=paging.filings_token(page, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def _commit(
        self,
        body: Extraction | Analysis,
        fence: Fence | None,
        wait_for: store_pb2.WaitFor.ValueType,
    ) -> store_pb2.CommitOutcome:
        _check_wait_for(wait_for)
        kind = "extraction" if isinstance(body, Extraction) else "analysis"
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
        head = await self._moments.reached(request)
        after = None
        if request.page_token:
            pinned, after = paging.filings_position(request.page_token, bound_to)
            head = min(head, pinned)
        return head, await self._moments.of(request, head), after


_SINK_STATES = {
    DeliveryState.PENDING: store_pb2.SINK_STATE_PENDING,
    DeliveryState.DURABLE: store_pb2.SINK_STATE_DURABLE,
    DeliveryState.DEAD: store_pb2.SINK_STATE_DEAD,
    DeliveryState.DISABLED: store_pb2.SINK_STATE_DISABLED,
}


def _result(
    request: store_pb2.CommitExtractionRequest | store_pb2.CommitAnalysisRequest | store_pb2.BatchItem,
    field: Literal["extraction", "analysis"],
) -> Extraction | Analysis:
    """What a request asks to commit, found to be whole and of one mind."""
    if not request.HasField(field):  # type: ignore[arg-type]
        raise failure(Reason.INVALID_FIELD, f"{field} is required", field=field)
    if field == "extraction":
        message = request.extraction  # type: ignore[union-attr]
        extraction = commit_messages.extraction_record(message)
        check_extraction(extraction)
        return commit_messages.with_report(extraction, message)
    analysis = commit_messages.analysis_record(request.analysis)  # type: ignore[union-attr]
    check_analysis(analysis)
    return analysis


def _filing_numbers(filings: Sequence[filing_pb2.FilingRef], most: int) -> list[str]:
    if not 0 < len(filings) <= most:
        raise failure(
            Reason.INVALID_FIELD, f"name 1 to {most} filings, not {len(filings):,}", field="filings"
        )
    return [messages.accession_number(each, f"filings[{index}]") for index, each in enumerate(filings)]


def _item_error(error: TenkayError) -> store_pb2.BatchItemError:
    message = store_pb2.BatchItemError(
        reason=errors_pb2.ErrorReason.Value(f"ERROR_REASON_{error.reason.value}"),
        message=error.message,
        field=error.fields[0].field if error.fields else "",
    )
    if error.retry_after is not None:
        message.retry_after.FromTimedelta(timedelta(seconds=error.retry_after))
    return message


def _check_wait_for(wait_for: int) -> None:
    if wait_for not in store_pb2.WaitFor.values():
        raise failure(Reason.INVALID_FIELD, f"wait_for {wait_for} is not one of WaitFor", field="wait_for")
