"""What the handler wrapper costs: a null call through it against a bare grpc.aio null call.

Two servers run in processes of their own on uvloop: one with the bare handler, one with the same in the wrapper,
metrics on and 1 % of the calls traced to an exporter that is there (spans are made, queued and sent to a receiver that
counts them). One client process sends rounds to them in turn, so that the machine's mood hits both; the servers' CPU
time is read from the system around each round.

Figures
    wrapper_cpu_x          CPU seconds a call, wrapped / bare: the median over the pairs of rounds
    wrapper_throughput_x   calls a second, wrapped / bare: the median over the pairs of rounds
    bare_cpu_us, wrapped_cpu_us   CPU of the server a call, for orientation
    sampled_spans          spans that reached the receiver, to show that tracing was on
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

import grpc
import psutil
import uvloop
from span_receiver import SpanReceiver

from tenkay.runtime import tracing
from tenkay.runtime.handler import CallPolicy, WrappingServer
from tenkay.runtime.server import RPC_METRICS
from tenkay.store.v1 import store_admin_service_pb2 as admin
from tenkay.store.v1 import store_admin_service_pb2_grpc as admin_grpc

IN_FLIGHT = 16
CALLS_A_ROUND = 2000
PAIRS, PAIRS_QUICK = 24, 10
SAMPLE_RATIO = 0.01
METHOD = "/tenkay.store.v1.StoreAdminService/GetSinkStatus"


@dataclass(frozen=True, slots=True)
class Round:
    """One round's figures of one server."""

    cpu_seconds: float
    seconds: float


def run(quick: bool, _note: Callable[[str], None]) -> dict[str, float]:
    """The suite's figures."""
    context = multiprocessing.get_context("spawn")
    bare, bare_port, _ = _start(context, _serve_bare, 0)
    with SpanReceiver() as receiver:
        wrapped, wrapped_port, wrapped_pipe = _start(context, _serve_wrapped, receiver.port)
        try:
            pairs = uvloop.run(
                _alternate(
                    (bare_port, _pid(bare)), (wrapped_port, _pid(wrapped)), PAIRS_QUICK if quick else PAIRS
                )
            )
            wrapped_pipe.send("flush")
            wrapped_pipe.recv()
            spans = receiver.count()
        finally:
            for process in (bare, wrapped):
                process.terminate()
                process.join(10)
    median = statistics.median
    return {
        "wrapper_cpu_x": round(median(w.cpu_seconds / b.cpu_seconds for b, w in pairs), 3),
        "wrapper_throughput_x": round(median(b.seconds / w.seconds for b, w in pairs), 3),
        "bare_cpu_us": round(median(b.cpu_seconds for b, _ in pairs) / CALLS_A_ROUND * 1e6, 1),
        "wrapped_cpu_us": round(median(w.cpu_seconds for _, w in pairs) / CALLS_A_ROUND * 1e6, 1),
        "sampled_spans": spans,
    }


async def _alternate(
    bare: tuple[int, int], wrapped: tuple[int, int], pairs: int
) -> list[tuple[Round, Round]]:
    measured = []
    async with _channel(bare[0]) as bare_channel, _channel(wrapped[0]) as wrapped_channel:
        for channel in (bare_channel, wrapped_channel):
            await _calls(channel, CALLS_A_ROUND)
        for number in range(pairs):
            # The order within a pair changes, so that a drift of the machine favours neither.
            if number % 2:
                second = await _round(wrapped_channel, wrapped[1])
                first = await _round(bare_channel, bare[1])
            else:
                first = await _round(bare_channel, bare[1])
                second = await _round(wrapped_channel, wrapped[1])
            measured.append((first, second))
    return measured


def _channel(port: int) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}")


async def _round(channel: grpc.aio.Channel, pid: int) -> Round:
    process = psutil.Process(pid)
    before, started = process.cpu_times(), time.perf_counter()
    await _calls(channel, CALLS_A_ROUND)
    seconds, after = time.perf_counter() - started, process.cpu_times()
    return Round(after.user + after.system - before.user - before.system, seconds)


async def _calls(channel: grpc.aio.Channel, count: int) -> None:
    call = channel.unary_unary(
        METHOD,
        request_serializer=admin.GetSinkStatusRequest.SerializeToString,
        response_deserializer=admin.GetSinkStatusResponse.FromString,
    )
    request = admin.GetSinkStatusRequest()

    async def caller(calls: int) -> None:
        for _ in range(calls):
            answer = await call(request, timeout=10)
            # A failed call would be a very fast one.
            if answer.sequence != "0.1":
                raise RuntimeError(f"wrong answer: {answer}")

    await asyncio.gather(*(caller(count // IN_FLIGHT) for _ in range(IN_FLIGHT)))


class _Null(admin_grpc.StoreAdminServiceServicer):
    async def GetSinkStatus(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return admin.GetSinkStatusResponse(sequence="0.1")


NULL = _Null()  # type: ignore[abstract]  # its other methods are not called


def _start(
    context: multiprocessing.context.SpawnContext, serve: Callable[[Connection, int], None], argument: int
) -> tuple[Any, int, Connection]:
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, argument), daemon=True)
    process.start()
    return process, int(ours.recv()), ours


def _pid(process: Any) -> int:
    return int(process.pid)


def _serve_bare(pipe: Connection, _argument: int) -> None:
    def add(server: grpc.aio.Server) -> None:
        admin_grpc.add_StoreAdminServiceServicer_to_server(NULL, server)

    uvloop.run(_serve(pipe, add, {}))


def _serve_wrapped(pipe: Connection, receiver_port: int) -> None:
    tracing.start_tracing("benchmark", f"127.0.0.1:{receiver_port}")
    policy = CallPolicy(metrics=RPC_METRICS, trace_sample_ratio=SAMPLE_RATIO)

    def add(server: grpc.aio.Server) -> None:
        admin_grpc.add_StoreAdminServiceServicer_to_server(NULL, cast(Any, WrappingServer(server, policy)))

    def flush() -> str:
        tracing.stop_tracing()
        return "flushed"

    uvloop.run(_serve(pipe, add, {"flush": flush}))


async def _serve(
    pipe: Connection, add: Callable[[grpc.aio.Server], None], answers: dict[str, Callable[[], object]]
) -> None:
    server = grpc.aio.server()
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    pipe.send(port)
    while True:
        asked = await asyncio.to_thread(pipe.recv)
        pipe.send(await asyncio.to_thread(answers[asked]))
