"""The store as query asks it: its questions by what they ask, its change feed."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.client.store import AsyncChangeFeedClient
from tenkay.query.v1 import comparisons_pb2, evidence_pb2, many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay.store.v1 import signal_analytics_service_pb2 as analytics_pb
from tenkay_query import composed_answers
from tenkay_query.cache.answer_bytes import with_bytes
from tenkay_query.cache.feed_follower import FeedBatch, FeedChange
from tenkay_query.cache.ports import StoreAnswer
from tenkay_query.question import Question
from tenkay_query.store_clients import StoreClients

_OVER_MANY_COMPANIES: tuple[type[Message], ...] = (
    pb.ListFilingsResponse,
    pb.ScreenFilingsResponse,
    many_companies_pb2.ScreenCompaniesResponse,
    many_companies_pb2.AggregateSignalsResponse,
)
COMPUTED_AT: Mapping[str, int] = {
    response.DESCRIPTOR.name.removesuffix("Response"): response.DESCRIPTOR.fields_by_name[
        "computed_at"
    ].number
    for response in _OVER_MANY_COMPANIES
}
"""The field of answers over many companies that says when the store was asked."""


class StoreReader:
    """`cache.ports.Store`: the request is the store's own message and the answer its bytes, or is put together."""

    def __init__(self, store: StoreClients, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._methods: Mapping[type[Message], Callable[..., Awaitable[Any]]] = {
            store_pb.GetFilingRequest: store.filings.get_filing,
            store_pb.GetSignalsRequest: store.filings.get_signals,
            store_pb.GetAnalysisRequest: store.filings.get_analysis,
            store_pb.GetCompanySummaryRequest: store.filings.get_company_summary,
            store_pb.ListFilingsRequest: store.filings.list_filings,
            store_pb.ScreenFilingsRequest: store.filings.screen_filings,
            analytics_pb.GetSeriesRequest: store.analytics.get_series,
            analytics_pb.ScreenCompaniesRequest: store.analytics.screen_companies,
            analytics_pb.AggregateRequest: store.analytics.aggregate,
        }
        self._composed: Mapping[type[Message], Callable[[StoreClients, Any, str], Awaitable[Any]]] = {
            pb.GetFilingRequest: composed_answers.masked_filing,
            pb.GetSignalsRequest: composed_answers.masked_signals,
            evidence_pb2.GetFactsRequest: composed_answers.facts_page,
            evidence_pb2.GetEvidenceRequest: composed_answers.evidence_in_context,
            comparisons_pb2.CompareFilingsRequest: composed_answers.filing_comparison,
            comparisons_pb2.CompareCompaniesRequest: composed_answers.company_comparison,
        }

    async def ask(self, question: Question[Message], min_sequence: str) -> StoreAnswer:
        asked_at = self._now()
        answer = await self._answer(question.request, min_sequence)
        body = answer.SerializeToString()
        if not question.is_bound:
            at = Timestamp()
            at.FromNanoseconds(int(asked_at * 1e9))
            body = with_bytes(body, COMPUTED_AT[question.method], at.SerializeToString())
        return StoreAnswer(body, answer.as_of_sequence)

    async def _answer(self, request: Message, min_sequence: str) -> Any:
        composed = self._composed.get(type(request))
        if composed is not None:
            return await composed(self._store, request, min_sequence)
        given = {field.name: value for field, value in request.ListFields()}
        return await self._methods[type(request)](**given, min_sequence=min_sequence)


class StoreFeed:
    """`cache.feed_follower.Feed` over the store's ChangeFeedService."""

    def __init__(self, client: AsyncChangeFeedClient) -> None:
        self._client = client

    async def watch(self, from_sequence: str) -> AsyncGenerator[FeedBatch, None]:
        async for answer in self._client.watch(from_sequence=from_sequence):
            yield FeedBatch(
                tuple(
                    FeedChange(
                        change.sequence,
                        change.accession_number,
                        change.cik if change.HasField("cik") else None,
                    )
                    for change in answer.changes
                ),
                answer.up_to_sequence,
            )
