"""QueryService: a request becomes a question, the reply's bytes go out as they are."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message import Message

from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.query.v1 import query_service_pb2_grpc as pb_grpc
from tenkay_query import metrics, questions
from tenkay_query.cache.answers import Answers
from tenkay_query.question import Kind, Outcome
from tenkay_query.questions import StoreQuestion

FULL_NAME = "tenkay.query.v1.QueryService"
CACHE_METADATA = "tenkay-cache"

Context = grpc.aio.ServicerContext[Any, Any]

# Made once: the hot path only counts.
_COUNTED = {(kind, outcome): metrics.ANSWERS.labels(kind, outcome) for kind in Kind for outcome in Outcome}
_TRAILING = {outcome: ((CACHE_METADATA, outcome.value),) for outcome in Outcome}


class QueryServicer(pb_grpc.QueryServiceServicer):
    """Each method answers with a serialised response: what was cached is never taken apart."""

    def __init__(self, answers: Answers[Message]) -> None:
        self._answers = answers

    async def GetFiling(self, request: pb.GetFilingRequest, context: Context) -> bytes:  # type: ignore[override]
        return await self._reply(questions.filing(request), context)

    async def GetSignals(self, request: pb.GetSignalsRequest, context: Context) -> bytes:  # type: ignore[override]
        return await self._reply(questions.signals(request), context)

    async def GetAnalysis(self, request: pb.GetAnalysisRequest, context: Context) -> bytes:  # type: ignore[override]
        return await self._reply(questions.analysis(request), context)

    async def GetCompanySummary(  # type: ignore[override]
        self, request: pb.GetCompanySummaryRequest, context: Context
    ) -> bytes:
        return await self._reply(questions.company_summary(request), context)

    async def ListFilings(self, request: pb.ListFilingsRequest, context: Context) -> bytes:  # type: ignore[override]
        return await self._reply(questions.filings(request), context)

    async def ScreenFilings(self, request: pb.ScreenFilingsRequest, context: Context) -> bytes:  # type: ignore[override]
        return await self._reply(questions.screen(request), context)

    async def _reply(self, question: StoreQuestion, context: Context) -> bytes:
        reply = await self._answers.reply(question)
        _COUNTED[question.kind, reply.outcome].inc()
        context.set_trailing_metadata(_TRAILING[reply.outcome])
        if reply.error is not None:
            raise reply.error
        return reply.body
