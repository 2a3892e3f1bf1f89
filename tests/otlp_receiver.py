"""An OTLP receiver for tests: keeps the spans that real exporters send it over gRPC."""

from __future__ import annotations

import threading
from concurrent import futures
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it arrived."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_span_id: str
    """Empty for a root."""


class OtlpReceiver:
    """Listens on a free loopback port while the block runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[ReceivedSpan] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        cast(Any, trace_service_pb2_grpc).add_TraceServiceServicer_to_server(_Servicer(self), self._server)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(0).wait()

    @property
    def endpoint(self) -> str:
        """What exporters are pointed at."""
        return f"127.0.0.1:{self.port}"

    def spans(self) -> list[ReceivedSpan]:
        """What has arrived so far."""
        with self._lock:
            return list(self._spans)

    def take(self, spans: list[ReceivedSpan]) -> None:
        """Keep spans that arrived."""
        with self._lock:
            self._spans += spans


class _Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, receiver: OtlpReceiver) -> None:
        self._receiver = receiver

    def Export(self, request: Any, context: Any) -> Any:
        received = []
        for each in request.resource_spans:
            service = next(
                (a.value.string_value for a in each.resource.attributes if a.key == "service.name"), ""
            )
            received += [
                ReceivedSpan(
                    service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                )
                for scope in each.scope_spans
                for span in scope.spans
            ]
        self._receiver.take(received)
        return trace_service_pb2.ExportTraceServiceResponse()
