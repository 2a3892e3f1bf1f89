"""Streams that the server ends, over real calls: each tells its caller why, wherever it was when it was ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest
from structlog.testing import capture_logs

from tenkay.runtime.handler import CallPolicy, comes_to_an_end
from tenkay.store.v1 import filing_store_service_pb2 as store
from tests.unit.runtime.one_method_server import MESSAGES, served

LARGE = "x" * 1_000_000
"""More than a connection takes in for a caller that does not read."""


def answers(behaviour: Any, **policy: Any) -> Any:
    return served("Answer", grpc.unary_stream_rpc_method_handler(behaviour, **MESSAGES), **policy)


def ask(channel: grpc.aio.Channel) -> Any:
    method: Any = channel.unary_stream(
        "/s/Answer",
        request_serializer=store.GetFilingRequest.SerializeToString,
        response_deserializer=store.GetFilingResponse.FromString,
    )
    return method(store.GetFilingRequest())


async def read_to_its_end(parts: Any) -> grpc.aio.AioRpcError:
    try:
        async with asyncio.timeout(5):
            async for _ in parts:
                pass
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the stream ended without an error")


async def without_pause(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
    while True:
        yield store.GetFilingResponse()


async def fails_to_close(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
    try:
        while True:
            yield store.GetFilingResponse(result_key=LARGE)
    finally:
        raise RuntimeError("the disk is gone")


async def until_nothing_runs(policy: CallPolicy) -> None:
    for _ in range(250):
        if not policy.running and not policy.streams:
            break
        await asyncio.sleep(0.02)
    assert (policy.running, policy.streams) == (0, set())


@pytest.mark.parametrize("turn", range(8))
async def test_a_stream_that_sends_all_the_time_is_ended_by_a_drain_with_its_reason(turn: int) -> None:
    async with answers(without_pause) as (policy, channel, metrics):
        parts = aiter(ask(channel))
        for _ in range(1 + turn):
            await anext(parts)
        policy.drain()
        ended = await read_to_its_end(parts)
        assert ended.code() is grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in cast(str, ended.details())
        assert (policy.running, policy.streams) == (0, set())
        labels = {"service": "s", "method": "Answer", "code": "UNAVAILABLE"}
        assert metrics.get_sample_value("seconds_count", labels) == 1


async def test_a_stream_that_sends_all_the_time_is_ended_by_its_deadline_with_its_reason() -> None:
    # The server's own deadline: the caller's clock, which may be the first to ring, is not in it.
    async with answers(comes_to_an_end(without_pause), default_deadline_seconds=0.3) as (policy, channel, _):
        ended = await read_to_its_end(ask(channel))
        assert ended.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "ran out of time" in cast(str, ended.details())
        assert (policy.running, policy.streams) == (0, set())


async def test_a_drained_stream_that_nobody_reads_gives_back_what_it_holds_and_tells_who_reads_on() -> None:
    sent, is_closed = 0, asyncio.Event()

    async def large(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        nonlocal sent
        try:
            while True:
                sent += 1
                yield store.GetFilingResponse(result_key=LARGE)
        finally:
            is_closed.set()

    async with answers(large) as (policy, channel, _):
        call = ask(channel)
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.2)
        policy.drain()
        async with asyncio.timeout(1):
            await is_closed.wait()
        assert policy.running == 1, "the answer that is being sent is not cut off"
        ended = await read_to_its_end(call)
        assert ended.code() is grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in cast(str, ended.details())


async def test_a_caller_that_leaves_while_a_drain_waits_for_it_leaves_nothing_running() -> None:
    async def slow_to_close(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        try:
            while True:
                yield store.GetFilingResponse(result_key=LARGE)
        finally:
            await asyncio.sleep(0.2)

    async with answers(slow_to_close) as (policy, channel, _):
        call = ask(channel)
        await asyncio.sleep(0.3)
        policy.drain()
        await asyncio.sleep(0.05)
        call.cancel()
        await until_nothing_runs(policy)


async def test_a_failure_to_give_back_is_logged_and_does_not_hide_why_the_stream_ended() -> None:
    with capture_logs() as logged:
        async with answers(fails_to_close) as (policy, channel, _):
            call = ask(channel)
            await asyncio.sleep(0.3)
            policy.drain()
            ended = await read_to_its_end(call)
    assert "shutting down" in cast(str, ended.details())
    assert [(each["event"], each["log_level"]) for each in logged] == [("ended_stream_not_closed", "error")]


async def test_a_failure_to_give_back_after_the_caller_left_is_logged_and_nothing_else() -> None:
    with capture_logs() as logged:
        async with answers(fails_to_close) as (policy, channel, metrics):
            call = ask(channel)
            await asyncio.sleep(0.3)
            call.cancel()
            await until_nothing_runs(policy)
            labels = {"service": "s", "method": "Answer", "code": "INTERNAL"}
            assert metrics.get_sample_value("seconds_count", labels) is None
    assert [each["event"] for each in logged] == ["ended_stream_not_closed"]


async def test_a_failure_of_a_stream_that_is_ended_while_it_waits_is_logged() -> None:
    waits = asyncio.Event()

    async def fails_when_ended(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        yield store.GetFilingResponse()
        try:
            waits.set()
            await asyncio.sleep(60)
        finally:
            raise RuntimeError("the disk is gone")

    with capture_logs() as logged:
        async with answers(fails_when_ended) as (policy, channel, _):
            parts = aiter(ask(channel))
            await anext(parts)
            await waits.wait()
            policy.drain()
            ended = await read_to_its_end(parts)
    assert "shutting down" in cast(str, ended.details())
    assert [each["event"] for each in logged] == ["ended_stream_not_closed"]


async def test_a_stream_that_takes_its_ending_for_its_end_is_not_told_as_whole() -> None:
    waits = asyncio.Event()

    async def takes_it_well(_request: Any, _context: Any) -> AsyncIterator[store.GetFilingResponse]:
        yield store.GetFilingResponse()
        with contextlib.suppress(asyncio.CancelledError):
            waits.set()
            await asyncio.sleep(60)

    async with answers(takes_it_well) as (policy, channel, metrics):
        parts = aiter(ask(channel))
        await anext(parts)
        await waits.wait()
        policy.drain()
        ended = await read_to_its_end(parts)
        assert ended.code() is grpc.StatusCode.UNAVAILABLE
        labels = {"service": "s", "method": "Answer", "code": "OK"}
        assert not metrics.get_sample_value("seconds_count", labels)


async def test_what_could_not_be_closed_is_not_served() -> None:
    class Plain:
        def __aiter__(self) -> Plain:
            return self

        async def __anext__(self) -> store.GetFilingResponse:
            raise StopAsyncIteration

    with pytest.raises(TypeError, match="/s/Answer answers with a stream"):
        async with answers(lambda _request, _context: Plain()):
            pass
