"""The handler wrapper around real calls: deadlines, identity, limits, errors, drain, traces, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import grpc
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tenkay.client import Endpoint
from tenkay.client.store import AsyncChangeFeedClient, AsyncFilingStoreClient
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import (
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    PermissionDenied,
    Reason,
    ResourceExhausted,
    Unavailable,
    failure,
)
from tenkay.runtime.call import TraceContext, current_deadline, current_trace, new_trace
from tenkay.runtime.handler import (
    CallPolicy,
    Context,
    Identity,
    Metadata,
    RpcMetrics,
    WrappingServer,
    comes_to_an_end,
    parse,
    takes_bytes,
)
from tenkay.runtime.tracing import remote_parent
from tenkay.store.v1 import change_feed_service_pb2 as feed
from tenkay.store.v1 import change_feed_service_pb2_grpc as feed_grpc
from tenkay.store.v1 import filing_store_service_pb2 as store
from tenkay.store.v1 import filing_store_service_pb2_grpc as store_grpc
from tests.unit.runtime.one_method_server import MESSAGES, Served, served

Behaviour = Callable[[], Awaitable[store.GetFilingResponse | bytes]]


class Servicer(store_grpc.FilingStoreServiceServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    async def GetFiling(self, request: Any, context: Any) -> Any:
        return await self._behaviour()


class Feed(feed_grpc.ChangeFeedServiceServicer):
    async def Watch(self, request: Any, context: Any) -> AsyncIterator[feed.WatchResponse]:
        yield feed.WatchResponse(up_to_sequence="0.1")
        if request.from_sequence == "0.9":
            raise failure(Reason.FEED_POSITION_EXPIRED, "too old")
        await asyncio.sleep(60)


@dataclass
class World:
    """A server of one policy, and clients of it."""

    policy: CallPolicy
    registry: CollectorRegistry
    reader: AsyncFilingStoreClient
    follower: AsyncChangeFeedClient
    address: str

    async def get(self, timeout: float = 5) -> store.GetFilingResponse:
        return await self.reader.get_filing(
            filing=FilingRef(accession_number="0000000001-24-000001"), timeout=timeout
        )

    def count(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(metric, labels) or 0.0


@asynccontextmanager
async def world(behaviour: Behaviour, **policy: Any) -> AsyncIterator[World]:
    registry = CollectorRegistry()
    metrics = RpcMetrics(
        Histogram("seconds", "…", ("service", "method", "code"), registry=registry),
        Gauge("in_flight", "…", ("service",), registry=registry),
        Counter("refused", "…", ("service", "reason"), registry=registry),
    )
    calls = CallPolicy(metrics, **policy)
    server = grpc.aio.server()
    wrapping = cast(Any, WrappingServer(server, calls))
    store_grpc.add_FilingStoreServiceServicer_to_server(cast(Any, Servicer)(behaviour), wrapping)
    feed_grpc.add_ChangeFeedServiceServicer_to_server(Feed(), wrapping)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    endpoint = Endpoint(address, plaintext=True)
    try:
        async with AsyncFilingStoreClient(endpoint) as client, AsyncChangeFeedClient(endpoint) as follower:
            yield World(calls, registry, client, follower, address)
    finally:
        await server.stop(0)


async def answer() -> store.GetFilingResponse:
    return store.GetFilingResponse(version=7, as_of_sequence="0.5")


STORE = "tenkay.store.v1.FilingStoreService"


async def test_an_answered_call_is_counted_and_timed() -> None:
    async with world(answer) as w:
        assert (await w.get()).version == 7
        assert w.count("seconds_count", service=STORE, method="GetFiling", code="OK") == 1
        assert w.count("in_flight", service=STORE) == 0


async def test_a_handler_may_answer_with_serialised_bytes() -> None:
    async def serialised() -> bytes:
        return store.GetFilingResponse(version=9).SerializeToString()

    async with world(serialised) as w:
        assert (await w.get()).version == 9


async def test_an_unexpected_exception_tells_the_caller_nothing_but_its_id() -> None:
    async def broken() -> store.GetFilingResponse:
        raise ValueError("secret detail")

    async with world(broken) as w:
        with pytest.raises(Internal) as caught:
            await w.get()
        assert "secret" not in str(caught.value)
        assert len(caught.value.metadata["error_id"]) == 16
        assert len(caught.value.metadata["trace_id"]) == 32
        assert w.count("seconds_count", service=STORE, method="GetFiling", code="INTERNAL") == 1


async def test_a_call_out_of_time_is_stopped_and_answered_with_its_reason() -> None:
    stopped = asyncio.Event()

    async def slow() -> store.GetFilingResponse:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise
        return await answer()

    async with world(slow) as w:
        with pytest.raises(DeadlineExceeded) as caught:
            await w.get(timeout=0.4)
        assert caught.value.reason is Reason.DEADLINE_EXCEEDED
        # Our own words prove that the answer came from the handler's side, within the margin.
        assert "GetFiling ran out of time" in caught.value.message
        await asyncio.wait_for(stopped.wait(), 2)


async def test_the_handler_sees_the_deadline_less_a_margin() -> None:
    seen: list[float | None] = []

    async def look() -> store.GetFilingResponse:
        seen.append(current_deadline())
        return await answer()

    async with world(look) as w:
        await w.get(timeout=10)
    assert seen[0] is not None
    assert 8 < seen[0] <= 9.75


async def test_a_call_beyond_the_limit_is_refused_and_told_when_to_come_back() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def hold() -> store.GetFilingResponse:
        entered.set()
        await release.wait()
        return await answer()

    async with world(hold, max_concurrent=1) as w:
        first = asyncio.create_task(w.get())
        await entered.wait()
        with pytest.raises(ResourceExhausted) as caught:
            await w.get()
        assert caught.value.reason is Reason.TOO_MANY_CALLS
        assert caught.value.retry_after is not None
        assert w.count("refused_total", service=STORE, reason="TOO_MANY_CALLS") == 1
        release.set()
        assert (await first).version == 7


async def test_the_identity_hook_sees_metadata_and_may_refuse() -> None:
    def hook(method: str, metadata: Metadata, context: Context) -> Identity:
        assert method == f"/{STORE}/GetFiling"
        if metadata.get("authorization") != "Bearer let-me-in":
            raise failure(Reason.IDENTITY_REFUSED, "not you")
        return Identity("friend")

    async with world(answer, identify=hook) as w:
        with pytest.raises(PermissionDenied):
            await w.get()
        w.reader._static_metadata = (("authorization", "Bearer let-me-in"),)
        assert (await w.get()).version == 7


async def test_a_draining_server_refuses_new_calls_and_ends_streams_with_its_reason() -> None:
    async with world(answer) as w:
        changes = w.follower.watch()
        assert (await anext(changes)).up_to_sequence == "0.1"
        w.policy.drain()
        with pytest.raises(Unavailable) as ended:
            await anext(changes)
        assert ended.value.reason is Reason.DRAINING
        with pytest.raises(Unavailable) as refused:
            await w.get()
        assert refused.value.reason is Reason.DRAINING


async def test_a_stream_that_fails_after_an_answer_carries_its_reason() -> None:
    async with world(answer) as w:
        changes = w.follower.watch(from_sequence="0.9")
        await anext(changes)
        with pytest.raises(Exception, match="FEED_POSITION_EXPIRED"):
            await anext(changes)


async def test_a_caller_that_leaves_a_stream_leaves_nothing_running() -> None:
    async with world(answer) as w:
        changes = w.follower.watch()
        await anext(changes)
        await cast(Any, changes).aclose()
        for _ in range(100):
            if w.policy.running == 0 and not w.policy.streams:
                break
            await asyncio.sleep(0.02)
        assert (w.policy.running, w.policy.streams) == (0, set())


async def test_the_callers_trace_is_followed_sampled_or_not() -> None:
    seen: list[TraceContext | None] = []

    async def look() -> store.GetFilingResponse:
        seen.append(current_trace())
        return await answer()

    async with world(look, trace_sample_ratio=0.0) as w:
        for sampled in (True, False):
            position = new_trace(sampled=sampled)
            with remote_parent(position.traceparent()):
                await w.get()
            assert seen[-1] is not None
            assert seen[-1].trace_id == position.trace_id
            assert seen[-1].sampled is sampled
        await w.get()
        assert seen[-1] is not None
        assert seen[-1].sampled is False


async def test_a_malformed_traceparent_starts_a_new_trace() -> None:
    seen: list[TraceContext | None] = []

    async def look() -> store.GetFilingResponse:
        seen.append(current_trace())
        return await answer()

    async with world(look) as w:
        w.reader._static_metadata = (("traceparent", "00-xyz"),)
        await w.get()
    assert seen[0] is not None
    assert seen[0].trace_id != 0


async def test_reads_carry_the_newest_sequence_their_client_has_seen() -> None:
    async with world(answer) as w:
        await w.get()
        assert w.reader.floor.sequence == "0.5"
        w.reader.floor.raise_to("0.3")
        assert w.reader.floor.sequence == "0.5"


def uploads(behaviour: Any) -> AbstractAsyncContextManager[Served]:
    """A server of one method that takes a stream of GetFilingRequests, `behaviour` behind it."""
    return served("Upload", grpc.stream_unary_rpc_method_handler(behaviour, **MESSAGES))


def exchanges(behaviour: Any, **policy: Any) -> AbstractAsyncContextManager[Served]:
    """The same of a method that answers with a stream too."""
    return served("Exchange", grpc.stream_stream_rpc_method_handler(behaviour, **MESSAGES), **policy)


class Uploader(AsyncFilingStoreClient):
    """What a generated client does for a method whose requests are a stream."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(Endpoint("127.0.0.1:1", plaintext=True))
        self._upload_stub = channel.stream_unary(
            "/s/Upload",
            request_serializer=store.GetFilingRequest.SerializeToString,
            response_deserializer=store.GetFilingResponse.FromString,
        )

    async def send(self, requests: Any, timeout: float = 5) -> store.GetFilingResponse:
        answer: store.GetFilingResponse = await self._upload(
            cast(Any, self._upload_stub), "Upload", requests, timeout
        )
        return answer


async def test_a_stream_from_the_caller_is_answered_once_and_counted_as_one_call() -> None:
    async def count(requests: AsyncIterator[Any], _context: Any) -> store.GetFilingResponse:
        return store.GetFilingResponse(version=len([each async for each in requests]), as_of_sequence="0.4")

    async with uploads(count) as (policy, channel, registry), Uploader(channel) as client:
        assert (await client.send([store.GetFilingRequest()] * 3)).version == 3
        assert client.floor.sequence == "0.4"
        assert registry.get_sample_value("seconds_count", {"service": "s", "method": "Upload", "code": "OK"})
        assert policy.running == 0


async def test_a_stream_from_the_caller_that_never_ends_is_stopped_at_its_deadline() -> None:
    async def wait(requests: AsyncIterator[Any], _context: Any) -> store.GetFilingResponse:
        return store.GetFilingResponse(version=len([each async for each in requests]))

    async def endless() -> AsyncIterator[Any]:
        yield store.GetFilingRequest()
        await asyncio.sleep(60)

    async with uploads(wait) as (policy, channel, _), Uploader(channel) as client:
        with pytest.raises(DeadlineExceeded) as caught:
            await client.send(endless(), timeout=0.4)
        assert "Upload ran out of time" in caught.value.message
        await asyncio.sleep(0.05)
        assert policy.running == 0


async def test_a_stream_from_the_caller_may_be_refused_before_its_end() -> None:
    async def refuse(requests: AsyncIterator[Any], _context: Any) -> store.GetFilingResponse:
        async for _ in requests:
            raise failure(Reason.INVALID_FIELD, "not this one", field="filing")
        raise AssertionError("nothing came")

    async def endless() -> AsyncIterator[Any]:
        while True:
            yield store.GetFilingRequest()
            await asyncio.sleep(0.1)  # in the middle of sending, a caller may hear INTERNAL of gRPC's own

    async with uploads(refuse) as (_, channel, _), Uploader(channel) as client:
        with pytest.raises(InvalidArgument, match="not this one"):
            await client.send(endless())


async def test_a_caller_that_is_refused_while_it_sends_is_heard_out_and_told_why() -> None:
    async def refuse(requests: AsyncIterator[Any], _context: Any) -> store.GetFilingResponse:
        async for _ in requests:
            raise failure(Reason.INVALID_FIELD, "not this one", field="filing")
        raise AssertionError("nothing came")

    # More than fits into what the connection holds of one call.
    request = store.GetFilingRequest(min_sequence="0" * 256 * 1024)
    sent = 0

    async def many() -> AsyncIterator[Any]:
        nonlocal sent
        for _ in range(40):
            yield request
            sent += 1

    async with uploads(refuse) as (_, channel, _), Uploader(channel) as client:
        with pytest.raises(InvalidArgument, match="not this one"):
            await client.send(many())
    assert sent == 40


class Exchanger(AsyncFilingStoreClient):
    """A client of one method whose requests and answers are streams."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(Endpoint("127.0.0.1:1", plaintext=True))
        self._exchange_stub = channel.stream_stream(
            "/s/Exchange",
            request_serializer=store.GetFilingRequest.SerializeToString,
            response_deserializer=store.GetFilingResponse.FromString,
        )

    def exchange(self, requests: Any, timeout: float = 5) -> AsyncIterator[store.GetFilingResponse]:
        return self._stream(cast(Any, self._exchange_stub), "Exchange", requests, timeout)


async def two_requests() -> AsyncIterator[store.GetFilingRequest]:
    for accession_number in ("a", "b"):
        yield store.GetFilingRequest(filing=FilingRef(accession_number=accession_number))


async def test_a_stream_in_both_directions_is_answered_and_counted_as_one_call() -> None:
    async def echo(requests: AsyncIterator[Any], _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        async for request in requests:
            yield store.GetFilingResponse(result_key=request.filing.accession_number)

    async with exchanges(echo) as (policy, channel, metrics), Exchanger(channel) as client:
        assert [each.result_key async for each in client.exchange(two_requests())] == ["a", "b"]
        assert policy.running == 0
        labels = {"service": "s", "method": "Exchange", "code": "OK"}
        assert metrics.get_sample_value("seconds_count", labels) == 1


async def test_a_stream_that_comes_to_an_end_does_so_although_its_caller_set_no_deadline() -> None:
    @comes_to_an_end
    async def wait(requests: AsyncIterator[Any], _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        async for _ in requests:
            pass
        yield store.GetFilingResponse()

    async def never_done() -> AsyncIterator[Any]:
        yield store.GetFilingRequest()
        await asyncio.sleep(60)

    async with exchanges(wait, default_deadline_seconds=0.4) as (policy, channel, _):
        call: Any = channel.stream_stream(
            "/s/Exchange",
            request_serializer=store.GetFilingRequest.SerializeToString,
            response_deserializer=store.GetFilingResponse.FromString,
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(aiter(call(never_done())))
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert policy.running == 0


async def test_a_method_that_takes_bytes_is_given_the_request_as_it_came_and_its_answer_goes_out_as_it_is() -> (
    None
):
    seen: list[Any] = []

    @takes_bytes
    async def echo(request: Any, _context: Any) -> bytes:
        seen.append(request)
        return b"no message at all \xff"

    handler = grpc.unary_unary_rpc_method_handler(echo, **MESSAGES)
    async with served("Echo", handler) as (_, channel, registry):
        call = channel.unary_unary("/s/Echo", request_serializer=bytes, response_deserializer=bytes)
        assert await call(b"\xff as it came") == b"no message at all \xff"
        assert seen == [b"\xff as it came"]
        labels = {"service": "s", "method": "Echo", "code": "OK"}
        assert registry.get_sample_value("seconds_count", labels) == 1


def test_bytes_that_are_no_message_are_the_callers_fault() -> None:
    request = store.GetFilingRequest(filing=FilingRef(accession_number="0001999001-24-000001"))
    assert parse(store.GetFilingRequest, request.SerializeToString()) == request
    with pytest.raises(InvalidArgument) as refused:
        parse(store.GetFilingRequest, b"\xff\xff")
    assert "tenkay.store.v1.GetFilingRequest" in refused.value.message
