"""A real store, a real Valkey and real query processes, and a caller that sees bytes and trailing metadata."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import uvloop
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tenkay.client import Endpoint
from tenkay.client.store import AsyncArtifactClient, AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.common.v1.date_pb2 import Date
from tenkay.errors import TenkayError
from tenkay.query.v1 import comparisons_pb2, evidence_pb2, many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.stack.launch import running
from tenkay.stack.valkey import ValkeyRole, valkey
from tenkay.status import from_call
from tests.integration.query.reports import CIKS, Company
from tests.integration.running_services import Service, running_service


def messages_of_service() -> dict[str, Any]:
    """The answers' classes by method."""
    methods = pb.DESCRIPTOR.services_by_name["QueryService"].methods
    return {each.name: GetMessageClass(each.output_type) for each in methods}


REQUESTS = {
    pb.GetFilingRequest: "GetFiling",
    pb.GetSignalsRequest: "GetSignals",
    pb.GetAnalysisRequest: "GetAnalysis",
    pb.GetCompanySummaryRequest: "GetCompanySummary",
    pb.ListFilingsRequest: "ListFilings",
    pb.ScreenFilingsRequest: "ScreenFilings",
    pb.GetSignalSeriesRequest: "GetSignalSeries",
    many_companies_pb2.ScreenCompaniesRequest: "ScreenCompanies",
    many_companies_pb2.AggregateSignalsRequest: "AggregateSignals",
    evidence_pb2.GetFactsRequest: "GetFacts",
    evidence_pb2.GetEvidenceRequest: "GetEvidence",
    comparisons_pb2.CompareFilingsRequest: "CompareFilings",
    comparisons_pb2.CompareCompaniesRequest: "CompareCompanies",
}
ANSWERS = messages_of_service()


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What talks to Redis by itself is tested on uvloop too, which services run on and whose transports fail otherwise
    than asyncio's."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name.startswith("test_redis_pipeline"):
        factories["uvloop"] = uvloop.new_event_loop
    return factories


@contextmanager
def running_valkey(folder: Path, port: int) -> Iterator[int]:
    """A cache's Valkey of one's own, to be stopped and killed; gives its process id."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(valkey(ValkeyRole.CACHE, port=port, directory=folder), folder / "valkey.log") as pid:
        yield pid


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call came back with."""

    cache: str
    """The trailing metadata "tenkay-cache"; empty when there was none."""
    body: bytes = b""
    message: Any = None
    error: TenkayError | None = None
    seconds: float = 0.0


class Caller:
    """Calls a query process and looks at the bytes."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._channel = grpc.aio.insecure_channel(
            service.address, options=[("grpc.use_local_subchannel_pool", 1)]
        )

    async def ask(self, request: Message, *, timeout: float = 10.0) -> Answered:
        method = REQUESTS[type(request)]
        call = self._channel.unary_unary(
            f"/tenkay.query.v1.QueryService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=lambda raw: raw,
        )(request, timeout=timeout)
        started = time.perf_counter()
        try:
            body = await call
        except grpc.aio.AioRpcError as error:
            trailing: Any = error.trailing_metadata() or ()
            return Answered(
                cache=_cache_metadata(trailing),
                error=from_call(error.code(), error.details(), trailing, service="query"),
                seconds=time.perf_counter() - started,
            )
        return Answered(
            cache=_cache_metadata(await call.trailing_metadata()),
            body=body,
            message=ANSWERS[method].FromString(body),
            seconds=time.perf_counter() - started,
        )

    async def close(self) -> None:
        await self._channel.close(None)


def _cache_metadata(trailing: Any) -> str:
    return next((str(value) for key, value in trailing if key == "tenkay-cache"), "")


@dataclass(slots=True)
class Filings:
    """Commits made-up filings to a store."""

    client: AsyncFilingStoreClient
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _prefix: str = field(default_factory=lambda: f"{time.time_ns() % 10**10:010d}")

    def new(self) -> filing_pb2.FilingRef:
        """A filing that nobody has heard of, of a company of its own."""
        number = next(self._numbers)
        return filing_pb2.FilingRef(
            accession_number=f"{self._prefix}-24-{number:06d}",
            cik=1_000_000_000 + (int(self._prefix) * 1000 + number) % 8_000_000_000,
        )

    async def commit(self, filing: filing_pb2.FilingRef, revenue: int = 1) -> str:
        """Commits a version of the filing with this revenue; its sequence."""
        response = await self.client.commit_extraction(extraction=extraction(filing, revenue))
        return response.outcome.sequence

    async def commit_signals(self, filing: filing_pb2.FilingRef, signal_ids: Sequence[str]) -> None:
        """Commits a version of the filing with these signals, all of one value."""
        message = extraction(filing, 1)
        (first,) = message.signals
        del message.signals[:]
        for signal_id in signal_ids:
            message.signals.add().CopyFrom(first)
            message.signals[-1].id = signal_id
        message.result_key = _sha(filing.accession_number, *signal_ids)
        await self.client.commit_extraction(extraction=message)

    async def commit_analysis(self, filing: filing_pb2.FilingRef, score: float, revenue: int = 1) -> str:
        """Commits an analysis of the filing's extraction with this revenue; its sequence."""
        analysis = analysis_pb2.Analysis(
            accession_number=filing.accession_number,
            rating=analysis_pb2.RATING_SOUND,
            score=score,
            uncapped_score=score,
            band=1,
            narrative="made up",
            backend="embedded/template-v1",
            result_key=_sha(filing.accession_number, score),
            extraction_key=_sha(filing.accession_number, revenue),
            rules_version="1",
        )
        return (await self.client.commit_analysis(analysis=analysis)).outcome.sequence


def extraction(filing: filing_pb2.FilingRef, revenue: int) -> extraction_pb2.Extraction:
    """An extraction of one signal."""
    evidence = signal_pb2.Evidence(
        fact=signal_pb2.FactEvidence(
            concept="revenue",
            element="us-gaap:Revenues",
            context_id="c1",
            unit="USD",
            value=str(revenue),
            end=Date(year=2023, month=12, day=31),
        )
    )
    return extraction_pb2.Extraction(
        filing=filing_pb2.Filing(
            accession_number=filing.accession_number,
            cik=filing.cik,
            form_type="10-K",
            company_name="Made Up Works",
            filed_date=Date(year=2024, month=2, day=1),
            period_end=Date(year=2023, month=12, day=31),
            source=filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
        ),
        signals=[
            signal_pb2.Signal(
                id="revenue",
                category=signal_pb2.SIGNAL_CATEGORY_FINANCIAL,
                value=signal_pb2.SignalValue(decimal=str(revenue)),
                unit="USD",
                currency="USD",
                confidence=1.0,
                evidence=[evidence],
            )
        ],
        result_key=_sha(filing.accession_number, revenue),
        catalog_version="1",
        code_version="1",
        fact_count=1,
    )


def revenue_of(answer: Answered) -> int:
    """The revenue that GetSignals answered with."""
    assert answer.error is None, answer.error
    return int(answer.message.signals[0].value.decimal)


async def eventually(condition: Callable[[], Any], *, seconds: float = 10.0, every: float = 0.02) -> float:
    """Waits until the condition, which may be awaitable, holds; how long that took."""
    started = time.perf_counter()
    while True:
        result = condition()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return time.perf_counter() - started
        assert time.perf_counter() - started < seconds, f"not within {seconds} s"
        await asyncio.sleep(every)


def _sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@pytest.fixture(scope="session")
def query_folder(server_folder: Path) -> Path:
    return server_folder / "query"


@pytest.fixture(scope="session")
def store_service(query_folder: Path) -> Iterator[Service]:
    """A store that all tests share; each commits filings of its own."""
    with running_service("tenkay_store", query_folder, data_directory=str(query_folder / "store")) as service:
        yield service


@pytest.fixture(scope="session")
def query_services(
    query_folder: Path, store_service: Service, valkey_cache_server: Any
) -> Iterator[tuple[Service, Service]]:
    """Two query processes over one store and one Redis."""
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                running_service(
                    "tenkay_query",
                    query_folder,
                    store_address=store_service.address,
                    redis_url=valkey_cache_server.url,
                    # Tests count what the store is asked: nothing but by them, and also while other tests need the
                    # processors and Redis answers late.
                    warm_on_start="false",
                    redis_timeout_seconds="1",
                )
            )
            for _ in range(2)
        )
        yield first, second


@pytest.fixture
async def store_client(store_service: Service) -> AsyncIterator[AsyncFilingStoreClient]:
    async with AsyncFilingStoreClient(Endpoint(store_service.address, plaintext=True)) as client:
        yield client


@pytest.fixture
def filings(store_client: AsyncFilingStoreClient) -> Filings:
    return Filings(store_client)


@pytest.fixture
async def company(store_client: AsyncFilingStoreClient, store_service: Service) -> AsyncIterator[Company]:
    """A company of one test."""
    async with AsyncArtifactClient(Endpoint(store_service.address, plaintext=True)) as artifacts:
        yield Company(store_client, artifacts, next(CIKS))


@pytest.fixture
async def callers(
    query_services: tuple[Service, Service], valkey_cache: Any
) -> AsyncIterator[tuple[Caller, Caller]]:
    """Callers of both processes, with an emptied Redis that is followed again."""
    pair = (Caller(query_services[0]), Caller(query_services[1]))
    await followed(valkey_cache.url)
    yield pair
    for caller in pair:
        await caller.close()


@pytest.fixture(scope="session")
def query_without_near(
    query_folder: Path, store_service: Service, valkey_cache_server: Any
) -> Iterator[Service]:
    """A query process that keeps nothing for itself: each answer comes from Redis or the store."""
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url=valkey_cache_server.url,
        near_entries="0",
        warm_on_start="false",
        redis_timeout_seconds="1",  # as those above
    ) as service:
        yield service


@pytest.fixture
async def caller_without_near(query_without_near: Service, valkey_cache: Any) -> AsyncIterator[Caller]:
    caller = Caller(query_without_near)
    await followed(valkey_cache.url)
    yield caller
    await caller.close()


@pytest.fixture
def caller(callers: tuple[Caller, Caller]) -> Caller:
    return callers[0]


async def followed(redis_url: str) -> None:
    """Waits until some query process follows the feed."""
    from redis.asyncio import Redis

    from tenkay_query.cache import redis_keys

    async with Redis.from_url(redis_url) as redis:

        async def both_keys() -> bool:
            return await redis.exists(redis_keys.ALIVE, redis_keys.EPOCH) == 2

        await eventually(both_keys)
