"""Slim tracing: spans cost nothing where the trace is not sampled, and carry the call's real status where it is.

Sampling is decided once, at the root, and followed by everybody. The OpenTelemetry SDK makes and exports the spans of
sampled traces; unsampled ones only pass their ids on. The stock gRPC instrumentation is not used: it reports UNSET for
a handler that raised, and costs about twice as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from tenkay.errors import TenkayError
from tenkay.runtime.call import CURRENT_TRACE, TraceContext, current_trace, new_trace, parse_traceparent

Attribute = str | int | float | bool

EXPORT_TIMEOUT_SECONDS = 5
MAX_QUEUED_SPANS = 4096
"""Spans beyond this wait are dropped, so that a collector that is down costs memory of this many and no time."""

_tracer: trace.Tracer | None = None
_provider: TracerProvider | None = None


class Span(Protocol):
    """What code inside a span may do with it."""

    def set_attribute(self, key: str, value: Attribute) -> None:
        """Adds what was learnt on the way."""


NO_SPAN: Span = trace.INVALID_SPAN
_NOT_RECORDED = nullcontext(NO_SPAN)


def start_tracing(service_name: str, otlp_endpoint: str | None) -> None:
    """Export this process' spans to an OTLP gRPC endpoint ("host:port" or "http://host:port"); without one, to nobody.

    Call it once, after any fork.
    """
    global _tracer, _provider
    if otlp_endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    endpoint = otlp_endpoint.removeprefix("http://")
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True, timeout=EXPORT_TIMEOUT_SECONDS)
    _provider = TracerProvider(
        # Whether to record was decided at the root, before a span is asked for.
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": service_name}),
        shutdown_on_exit=False,
    )
    _provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=MAX_QUEUED_SPANS, schedule_delay_millis=500)
    )
    _tracer = _provider.get_tracer("tenkay")


def stop_tracing() -> None:
    """Send what is queued and stop. Call it before the process ends, or the last spans are lost."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


def exporting() -> bool:
    """True when spans of sampled traces go somewhere."""
    return _tracer is not None


def span(
    name: str, attributes: Mapping[str, Attribute] | None = None, *, kind: SpanKind = SpanKind.INTERNAL
) -> AbstractContextManager[Span]:
    """A child span of the current trace around the block; nothing where there is no sampled trace."""
    parent = CURRENT_TRACE.get()
    if parent is None or not parent.sampled or _tracer is None:
        return _NOT_RECORDED
    return _recorded(name, parent, attributes, kind)


@contextmanager
def _recorded(
    name: str, parent: TraceContext, attributes: Mapping[str, Attribute] | None, kind: SpanKind
) -> Iterator[Span]:
    started = start_span(name, parent, kind, attributes)
    token = CURRENT_TRACE.set(position_of(started))
    try:
        yield started
    except BaseException as error:
        mark_failed(started, error)
        raise
    finally:
        CURRENT_TRACE.reset(token)
        started.end()


@contextmanager
def root_span(name: str, attributes: Mapping[str, Attribute] | None = None) -> Iterator[TraceContext]:
    """The start of a trace: a command, a job. Always sampled, since a person asked for it; recorded when exporting."""
    token = CURRENT_TRACE.set(new_trace(sampled=exporting()))
    try:
        if _tracer is None:
            position = CURRENT_TRACE.get()
            assert position is not None  # noqa: S101 - set two lines above
            yield position
            return
        root = _tracer.start_span(
            name, context=trace.set_span_in_context(trace.INVALID_SPAN), attributes=attributes
        )
        CURRENT_TRACE.set(position_of(root))
        try:
            yield position_of(root)
        except BaseException as error:
            mark_failed(root, error)
            raise
        finally:
            root.end()
    finally:
        CURRENT_TRACE.reset(token)


@contextmanager
def remote_parent(traceparent: str | None) -> Iterator[None]:
    """Makes a position handed over outside of gRPC (in a task, in a record) the current one around the block."""
    token = CURRENT_TRACE.set(parse_traceparent(traceparent))
    try:
        yield
    finally:
        CURRENT_TRACE.reset(token)


def inject() -> str:
    """The current position as a `traceparent` to hand over outside of gRPC. Empty when there is none."""
    position = current_trace()
    return "" if position is None else position.traceparent()


def start_span(
    name: str, parent: TraceContext, kind: SpanKind, attributes: Mapping[str, Attribute] | None = None
) -> trace.Span:
    """A started span under `parent`; the caller ends it. Only while `exporting()`."""
    assert _tracer is not None  # noqa: S101 - callers ask exporting() first
    remote = trace.SpanContext(
        parent.trace_id,
        parent.span_id,
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    context = trace.set_span_in_context(trace.NonRecordingSpan(remote))
    return _tracer.start_span(name, context=context, kind=kind, attributes=attributes)


def position_of(started: trace.Span) -> TraceContext:
    """The position that makes later spans children of `started`."""
    context = started.get_span_context()
    return TraceContext(context.trace_id, context.span_id, sampled=True)


def mark_failed(started: trace.Span, error: BaseException) -> None:
    """Gives the span the error's status and reason."""
    if isinstance(error, TenkayError):
        started.set_attribute("error.type", error.reason.value)
        started.set_status(Status(StatusCode.ERROR, error.message))
    else:
        started.set_attribute("error.type", type(error).__name__)
        started.set_status(Status(StatusCode.ERROR, type(error).__name__))
