"""The store as query asks it: its questions by method, its change feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from tenkay.client import SequenceFloor
from tenkay.client.store import AsyncChangeFeedClient, AsyncFilingStoreClient
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query import metrics
from tenkay_query.admission.store_budget import CURRENT_BUDGET
from tenkay_query.cache.feed_follower import FeedBatch, FeedChange
from tenkay_query.cache.ports import StoreAnswer
from tenkay_query.question import Question


class NoFloor(SequenceFloor):
    """Query speaks for many callers: each brings its own floor, none must be held to another's."""

    def raise_to(self, sequence: str) -> None:
        """Nothing."""


class StoreReader:
    """`cache.ports.Store`: the request is the store's own message, the answer its bytes."""

    def __init__(self, client: AsyncFilingStoreClient) -> None:
        self._methods: Mapping[type[Message], Callable[..., Awaitable[Any]]] = {
            store_pb.GetFilingRequest: client.get_filing,
            store_pb.GetSignalsRequest: client.get_signals,
            store_pb.GetAnalysisRequest: client.get_analysis,
            store_pb.GetCompanySummaryRequest: client.get_company_summary,
            store_pb.ListFilingsRequest: client.list_filings,
            store_pb.ScreenFilingsRequest: client.screen_filings,
        }

    async def ask(self, question: Question[Message], min_sequence: str) -> StoreAnswer:
        budget = CURRENT_BUDGET.get()
        if budget is not None:
            budget.spend()
        metrics.STORE_CALLS.labels(question.method).inc()
        given = {field.name: value for field, value in question.request.ListFields()}
        answer = await self._methods[type(question.request)](**given, min_sequence=min_sequence)
        return StoreAnswer(answer.SerializeToString(), answer.as_of_sequence)


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
