"""A receiver of spans in a process of its own, which counts them: tracing is measured with somewhere to send to."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, cast

import grpc
import uvloop
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class SpanReceiver:
    """Use as a context manager."""

    def __init__(self) -> None:
        self._pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs,), daemon=True
        )
        self.port = 0

    def __enter__(self) -> Self:
        self._process.start()
        self.port = int(self._pipe.recv())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join(10)

    def count(self) -> int:
        """Spans received so far."""
        self._pipe.send("count")
        return int(self._pipe.recv())


class _Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.spans = 0

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        self.spans += sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)
        return trace_service_pb2.ExportTraceServiceResponse()


def _serve(pipe: Connection) -> None:
    uvloop.run(_serve_until_ended(pipe))


async def _serve_until_ended(pipe: Connection) -> None:
    receiver = _Servicer()
    server = grpc.aio.server()
    cast(Any, trace_service_pb2_grpc).add_TraceServiceServicer_to_server(receiver, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    pipe.send(port)
    while True:
        await asyncio.to_thread(pipe.recv)
        pipe.send(receiver.spans)
