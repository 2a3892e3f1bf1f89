"""QueryService: each method is a hot read."""

from __future__ import annotations

from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.query.v1 import query_service_pb2_grpc as pb_grpc
from tenkay.runtime.handler import takes_bytes
from tenkay_query import questions
from tenkay_query.hot_reads import Context, HotMethod, HotReads

FULL_NAME = "tenkay.query.v1.QueryService"

_GET_FILING = HotMethod.of(pb.GetFilingRequest, questions.filing)
_GET_SIGNALS = HotMethod.of(pb.GetSignalsRequest, questions.signals)
_GET_ANALYSIS = HotMethod.of(pb.GetAnalysisRequest, questions.analysis)
_GET_COMPANY_SUMMARY = HotMethod.of(pb.GetCompanySummaryRequest, questions.company_summary)
_LIST_FILINGS = HotMethod.of(pb.ListFilingsRequest, questions.filings)
_SCREEN_FILINGS = HotMethod.of(pb.ScreenFilingsRequest, questions.screen)

METHODS = {
    method.name: method
    for method in (
        _GET_FILING,
        _GET_SIGNALS,
        _GET_ANALYSIS,
        _GET_COMPANY_SUMMARY,
        _LIST_FILINGS,
        _SCREEN_FILINGS,
    )
}
"""All hot methods, by name."""


class QueryServicer(pb_grpc.QueryServiceServicer):
    """Each method takes and answers with bytes: what was cached is never taken apart."""

    def __init__(self, reads: HotReads) -> None:
        self._reads = reads

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
