"""QueryService: each read is a hot one, but for the two streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from tenkay.query.v1 import company_watch_pb2, comparisons_pb2, evidence_pb2, many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.query.v1 import query_service_pb2_grpc as pb_grpc
from tenkay.runtime.handler import takes_bytes
from tenkay.runtime.unread_streams import while_read
from tenkay.store.v1 import signal_analytics_service_pb2 as analytics_pb
from tenkay_query import evidence_messages, questions
from tenkay_query.admission.callers import Callers
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.admission.work_class import WorkClass
from tenkay_query.change_hub import ChangeHub
from tenkay_query.company_watch import CompanyWatch
from tenkay_query.hot_reads import Ask, Context, HotMethod, HotReads
from tenkay_query.questions.checks import AnyQuestion
from tenkay_query.store_clients import StoreClients

FULL_NAME = "tenkay.query.v1.QueryService"


async def _filing(request: pb.GetFilingRequest, ask: Ask) -> AnyQuestion:
    asked = questions.filing(request)
    if "amends" not in request.read_mask.paths:
        return asked
    # A masked answer may not show whether it is an amendment's.
    return _amendment_of(request, await ask(questions.whole_filing(request))) or asked


def _amendment(request: pb.GetFilingRequest, answer: bytes) -> AnyQuestion | None:
    return None if request.HasField("read_mask") else _amendment_of(request, answer)


def _amendment_of(request: pb.GetFilingRequest, answer: bytes) -> AnyQuestion | None:
    found = pb.GetFilingResponse.FromString(answer).filing
    if not found.is_amendment or not found.HasField("cik"):
        return None
    return questions.amendment(request, found.cik)


async def _evidence(request: evidence_pb2.GetEvidenceRequest, ask: Ask) -> AnyQuestion:
    found = pb.GetSignalsResponse.FromString(await ask(questions.evidence_signal(request)))
    return questions.evidence(request, evidence_messages.earlier_filings(found.signals))


async def _comparison(request: comparisons_pb2.CompareFilingsRequest, ask: Ask) -> AnyQuestion:
    filing = pb.GetFilingResponse.FromString(await ask(questions.compared_filing(request))).filing
    return questions.comparison(request, filing.cik if filing.HasField("cik") else None)


_GET_FILING = HotMethod.resolved(pb.GetFilingRequest, _filing, _amendment)
_GET_SIGNALS = HotMethod.of(pb.GetSignalsRequest, questions.signals)
_GET_ANALYSIS = HotMethod.of(pb.GetAnalysisRequest, questions.analysis)
_GET_COMPANY_SUMMARY = HotMethod.of(pb.GetCompanySummaryRequest, questions.company_summary)
_LIST_FILINGS = HotMethod.of(pb.ListFilingsRequest, questions.filings)
_SCREEN_FILINGS = HotMethod.of(pb.ScreenFilingsRequest, questions.screen)
_SCREEN_COMPANIES = HotMethod.of(many_companies_pb2.ScreenCompaniesRequest, questions.company_screen)
_AGGREGATE_SIGNALS = HotMethod.of(many_companies_pb2.AggregateSignalsRequest, questions.aggregate)
_GET_FACTS = HotMethod.of(evidence_pb2.GetFactsRequest, questions.facts)
_GET_EVIDENCE = HotMethod.resolved(evidence_pb2.GetEvidenceRequest, _evidence)
_GET_SIGNAL_SERIES = HotMethod.of(pb.GetSignalSeriesRequest, questions.series)
_COMPARE_FILINGS = HotMethod.resolved(comparisons_pb2.CompareFilingsRequest, _comparison)
_COMPARE_COMPANIES = HotMethod.of(comparisons_pb2.CompareCompaniesRequest, questions.company_comparison)

METHODS = {
    method.name: method
    for method in (
        _GET_FILING,
        _GET_SIGNALS,
        _GET_ANALYSIS,
        _GET_COMPANY_SUMMARY,
        _LIST_FILINGS,
        _SCREEN_FILINGS,
        _SCREEN_COMPANIES,
        _AGGREGATE_SIGNALS,
        _GET_FACTS,
        _GET_EVIDENCE,
        _GET_SIGNAL_SERIES,
        _COMPARE_FILINGS,
        _COMPARE_COMPANIES,
    )
}
"""All hot methods, by name."""


class QueryServicer(pb_grpc.QueryServiceServicer):
    """Each method takes and answers with bytes: what was cached is never taken apart."""

    def __init__(
        self,
        reads: HotReads,
        store: StoreClients,
        callers: Callers,
        slots: StoreSlots,
        hub: ChangeHub,
        *,
        export_idle_seconds: float,
    ) -> None:
        self._reads = reads
        self._store = store
        self._callers = callers
        self._slots = slots
        self._export_idle_seconds = export_idle_seconds
        self._watch = CompanyWatch(store, hub)

    @takes_bytes
    async def GetFiling(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_FILING, request, context)

    @takes_bytes
    async def GetSignals(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_SIGNALS, request, context)

    @takes_bytes
    async def GetAnalysis(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_ANALYSIS, request, context)

    @takes_bytes
    async def GetCompanySummary(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_COMPANY_SUMMARY, request, context)

    @takes_bytes
    async def ListFilings(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_LIST_FILINGS, request, context)

    @takes_bytes
    async def ScreenFilings(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_SCREEN_FILINGS, request, context)

    @takes_bytes
    async def ScreenCompanies(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_SCREEN_COMPANIES, request, context)

    @takes_bytes
    async def AggregateSignals(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_AGGREGATE_SIGNALS, request, context)

    @takes_bytes
    async def GetFacts(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_FACTS, request, context)

    @takes_bytes
    async def GetEvidence(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_EVIDENCE, request, context)

    @takes_bytes
    async def GetSignalSeries(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_GET_SIGNAL_SERIES, request, context)

    @takes_bytes
    async def CompareFilings(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_COMPARE_FILINGS, request, context)

    @takes_bytes
    async def CompareCompanies(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        return await self._reads.reply(_COMPARE_COMPANIES, request, context)

    async def ExportSignals(
        self, request: many_companies_pb2.ExportSignalsRequest, context: Context
    ) -> AsyncIterator[many_companies_pb2.ExportSignalsResponse]:
        """Hands on the store's stream as it comes: one part is in memory at a time."""
        asked = questions.export(request)
        with self._callers.entered(context):
            read = while_read(
                self._exported(asked), idle_seconds=self._export_idle_seconds, what="the export"
            )
            async with aclosing(read) as parts:
                async for part in parts:
                    yield part

    async def WatchCompanies(
        self, request: company_watch_pb2.WatchCompaniesRequest, context: Context
    ) -> AsyncIterator[company_watch_pb2.WatchCompaniesResponse]:
        """Streams what happens to companies. It takes no place at the store: it stays open, and is quiet mostly."""
        with self._callers.entered(context):
            async with aclosing(self._watch.answers(request)) as answers:  # type: ignore[type-var]
                async for answer in answers:
                    yield answer

    async def _exported(
        self, asked: analytics_pb.ExportRequest
    ) -> AsyncGenerator[many_companies_pb2.ExportSignalsResponse, None]:
        """The parts, on one of the places at the store."""
        async with self._slots.hold(WorkClass.EXPORT):
            parts = self._store.analytics.export(
                filter=asked.filter,
                signal_ids=asked.signal_ids,
                currency=asked.currency,
                as_of=asked.as_of,
                min_sequence=asked.min_sequence,
            )
            async with aclosing(parts):  # type: ignore[type-var]  # it is a generator
                async for part in parts:
                    yield many_companies_pb2.ExportSignalsResponse(
                        chunk=part.chunk, as_of_sequence=part.as_of_sequence
                    )
