"""The handler wrapper: all that every call needs around it, composed once a method when the server is put together.

For each call, in this order: refuse when draining or full; take up the caller's trace; set the deadline, less a margin
in which an answer can still be sent; ask who calls; run the handler; turn what it raised into a google.rpc.Status;
count and time it. It is one function a method, with its metric children bound, because interceptors rebuilt for each
call cost a third to a half of a small call.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import random
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime import tracing
from tenkay.runtime.call import (
    CURRENT_CALLER,
    CURRENT_DEADLINE,
    CURRENT_TRACE,
    TraceContext,
    new_trace,
    parse_traceparent,
)
from tenkay.runtime.logs import get_logger
from tenkay.runtime.open_streams import OpenStream
from tenkay.status import grpc_code, to_status

Context = grpc.aio.ServicerContext[Any, Any]
Metadata = Mapping[str, str | bytes]
Behaviour = TypeVar("Behaviour", bound=Callable[..., Any])
Identify = Callable[[str, Metadata, Context], "Identity"]
"""Who calls `method`; raises IDENTITY_REQUIRED or IDENTITY_REFUSED. Metadata holds the last value of each key."""

DEADLINE_MARGIN_SHARE = 0.05
"""Share of a call's time kept back for sending the answer that says the time is up."""
DEADLINE_MARGIN_MAX_SECONDS = 0.25
TRACEPARENT = "traceparent"

HEAR_OUT_SECONDS = 0.5
HEAR_OUT_MESSAGES = 256
"""Of 256 KiB each, twice the largest artifact."""

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls."""

    name: str
    """Of the caller's certificate or token; "anonymous" where none is asked for."""


ANONYMOUS = Identity("anonymous")


def anyone(_method: str, _metadata: Metadata, _context: Context) -> Identity:
    """The identity hook that lets everybody in."""
    return ANONYMOUS


@dataclass(frozen=True, slots=True)
class RpcMetrics:
    """The server's metrics, made once a process."""

    seconds: Histogram
    """Labels: service, method, code."""
    in_flight: Gauge
    """Labels: service."""
    refused: Counter
    """Labels: service, reason."""


@dataclass(slots=True)
class CallPolicy:
    """What the wrapper asks about each call; shared by all methods of a server."""

    metrics: RpcMetrics
    identify: Identify = anyone
    max_concurrent: int = 1000
    default_deadline_seconds: float = 30.0
    trace_sample_ratio: float = 0.01
    draining: bool = False
    running: int = 0
    streams: set[OpenStream] = field(default_factory=set)

    def drain(self) -> None:
        """Refuses calls from now on and ends the open streams, all with DRAINING."""
        self.draining = True
        for stream in tuple(self.streams):
            stream.end(_draining())


def comes_to_an_end(behaviour: Behaviour) -> Behaviour:
    """Marks a method that answers with a stream as one whose stream ends by itself.

    A call of it without a deadline gets the server's default one, as unary calls do. Other streams may be meant to stay
    open, as a feed is, and get none.
    """
    setattr(behaviour, _COMES_TO_AN_END, True)
    return behaviour


_COMES_TO_AN_END = "_tenkay_comes_to_an_end"


def takes_bytes(behaviour: Behaviour) -> Behaviour:
    """Marks a method that is given the request as it came, serialised, and answers with a serialised response.

    For hot reads that find their answer by the request's bytes: nothing is parsed or serialised around them. What is
    not a message is theirs to refuse; `parse` does that.
    """
    setattr(behaviour, _TAKES_BYTES, True)
    return behaviour


_TAKES_BYTES = "_tenkay_takes_bytes"

Request = TypeVar("Request", bound=Message)


def parse(request_type: type[Request], raw: bytes) -> Request:
    """The request of a method that `takes_bytes`. INVALID_FIELD when the bytes are not such a message."""
    try:
        return request_type.FromString(raw)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise failure(Reason.INVALID_FIELD, f"the request is not a {name}; send one") from None


class WrappingServer:
    """Stands in for the server in a generated ``add_X_to_server``: wraps each handler, then registers it."""

    def __init__(self, server: grpc.aio.Server, policy: CallPolicy) -> None:
        self._server = server
        self._policy = policy

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Nothing: add_registered_method_handlers, which the generated code calls too, registers them wrapped."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """Called by the generated code with the servicer's handlers."""
        wrapped = {name: wrap(service, name, handler, self._policy) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))
        register = getattr(self._server, "add_registered_method_handlers", None)
        if register is not None:
            register(service, wrapped)


def wrap(
    service: str, name: str, handler: grpc.RpcMethodHandler[Any, Any], policy: CallPolicy
) -> grpc.RpcMethodHandler[Any, Any]:
    """`handler` with all of the module's docstring around it. TypeError when what answers with a stream is no async
    generator function: it could not be closed."""
    serialise = _serialiser(cast(Callable[[Any], bytes], handler.response_serializer))
    if handler.request_streaming and handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(
            _wrap_stream(service, name, cast(Any, handler.stream_stream), policy),
            request_deserializer=handler.request_deserializer,
            response_serializer=serialise,
        )
    if handler.response_streaming:
        return grpc.unary_stream_rpc_method_handler(
            _wrap_stream(service, name, cast(Any, handler.unary_stream), policy),
            request_deserializer=handler.request_deserializer,
            response_serializer=serialise,
        )
    if handler.request_streaming:
        # One answer, as of a unary call; `request` is the iterator of what the caller sends.
        return grpc.stream_unary_rpc_method_handler(
            _wrap_unary(service, name, cast(Any, handler.stream_unary), policy),
            request_deserializer=handler.request_deserializer,
            response_serializer=serialise,
        )
    behaviour = cast(Any, handler.unary_unary)
    takes = getattr(behaviour, _TAKES_BYTES, False)
    return grpc.unary_unary_rpc_method_handler(
        _wrap_unary(service, name, behaviour, policy),
        request_deserializer=None if takes else handler.request_deserializer,
        response_serializer=None if takes else serialise,
    )


def _wrap_unary(
    service: str, name: str, behaviour: Callable[[Any, Context], Awaitable[Any]], policy: CallPolicy
) -> Callable[[Any, Context], Awaitable[Any]]:
    method = f"/{service}/{name}"
    span_name = method[1:]
    codes = _BoundCodes(policy.metrics, service, name)
    in_flight = policy.metrics.in_flight.labels(service)
    observe_ok = codes.ok.observe
    identify, default_deadline = policy.identify, policy.default_deadline_seconds
    needs_identity = identify is not anyone
    clock = time.perf_counter
    get_loop = asyncio.get_running_loop

    async def handle(request: Any, context: Context) -> Any:
        started = clock()
        position = _position(context.invocation_metadata(), policy.trace_sample_ratio)
        if policy.draining or policy.running >= policy.max_concurrent:
            await _refuse(context, policy, service, name, position)
        policy.running += 1
        in_flight.inc()
        recorded: Any = None
        task = asyncio.current_task()
        timer: asyncio.TimerHandle | None = None
        timed_out = False

        def out_of_time() -> None:
            nonlocal timed_out
            timed_out = True
            cast(Any, task).cancel()

        try:
            remaining = context.time_remaining()
            seconds = default_deadline if remaining is None else remaining
            seconds -= min(seconds * DEADLINE_MARGIN_SHARE, DEADLINE_MARGIN_MAX_SECONDS)
            CURRENT_DEADLINE.set(time.monotonic() + seconds)
            if position.sampled and tracing.exporting():
                recorded = tracing.start_span(span_name, position, SpanKind.SERVER, _RPC_ATTRIBUTES)
                position = tracing.position_of(recorded)
            CURRENT_TRACE.set(position)
            if needs_identity:
                CURRENT_CALLER.set(identify(method, _last_values(context), context).name)
            timer = get_loop().call_later(seconds, out_of_time)
            answer = await behaviour(request, context)
        except BaseException as error:
            if timer is not None:
                timer.cancel()
            known = _as_tenkay_error(error, method, timed_out)
            codes.observe(known, clock() - started, position)
            if recorded is not None:
                tracing.mark_failed(recorded, known)
            if isinstance(error, asyncio.CancelledError) and not timed_out:
                raise
            if timed_out and task is not None:
                task.uncancel()
            if isinstance(error, TenkayError):
                await _hear_out(request)
            await _abort(context, known, position)
        else:
            timer.cancel()
            if recorded is None:
                observe_ok(clock() - started)
            else:
                observe_ok(clock() - started, exemplar={"trace_id": position.trace_id_hex})
            return answer
        finally:
            policy.running -= 1
            in_flight.dec()
            if recorded is not None:
                recorded.end()

    return handle


def _wrap_stream(
    service: str,
    name: str,
    behaviour: Callable[[Any, Context], AsyncGenerator[Any, None]],
    policy: CallPolicy,
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    method = f"/{service}/{name}"
    codes = _BoundCodes(policy.metrics, service, name)
    in_flight = policy.metrics.in_flight.labels(service)
    if not inspect.isasyncgenfunction(behaviour):
        raise TypeError(f"{method} answers with a stream and is no async generator function")
    default_deadline = (
        policy.default_deadline_seconds if getattr(behaviour, _COMES_TO_AN_END, False) else None
    )

    async def handle(request: Any, context: Context) -> AsyncIterator[Any]:
        started = time.perf_counter()
        position = _position(context.invocation_metadata(), policy.trace_sample_ratio)
        if policy.draining or policy.running >= policy.max_concurrent:
            await _refuse(context, policy, service, name, position)
        policy.running += 1
        in_flight.inc()
        recorded: Any = None
        stream = OpenStream(cast("asyncio.Task[Any]", asyncio.current_task()))
        policy.streams.add(stream)
        timer: asyncio.TimerHandle | None = None
        try:
            told = context.time_remaining()
            remaining = default_deadline if told is None else told
            if remaining is not None:
                seconds = remaining - min(remaining * DEADLINE_MARGIN_SHARE, DEADLINE_MARGIN_MAX_SECONDS)
                CURRENT_DEADLINE.set(time.monotonic() + seconds)
                timer = asyncio.get_running_loop().call_later(
                    seconds, lambda: stream.end(_out_of_time(method))
                )
            if position.sampled and tracing.exporting():
                recorded = tracing.start_span(method[1:], position, SpanKind.SERVER, _RPC_ATTRIBUTES)
                position = tracing.position_of(recorded)
            CURRENT_TRACE.set(position)
            if policy.identify is not anyone:
                CURRENT_CALLER.set(policy.identify(method, _last_values(context), context).name)
            parts = behaviour(request, context)
            stream.begin(parts)
            try:
                async for answer in parts:
                    stream.is_sending = True
                    yield answer
                    stream.is_sending = False
                    if stream.reason is not None:
                        break
            finally:
                await stream.close()
            if stream.reason is not None:
                raise stream.reason
        except GeneratorExit:
            raise
        except BaseException as error:
            stream.log_unheard(error)
            known = stream.reason or _as_tenkay_error(error, method, timed_out=False)
            stream.no_more_answers()
            codes.observe(known, time.perf_counter() - started, position)
            if recorded is not None:
                tracing.mark_failed(recorded, known)
            if stream.reason is None:
                if isinstance(error, asyncio.CancelledError):
                    raise
                if isinstance(error, TenkayError):
                    await _hear_out(request)
            await _abort(context, known, position)
        else:
            stream.no_more_answers()
            codes.ok.observe(time.perf_counter() - started)
        finally:
            if timer is not None:
                timer.cancel()
            policy.streams.discard(stream)
            policy.running -= 1
            in_flight.dec()
            if recorded is not None:
                recorded.end()

    return handle


async def _hear_out(request: Any) -> None:
    """Read on for a while what a caller still sends, if it sends a stream, before it is refused.

    To a grpc.aio client whose call ends while it sends, the reason is lost: it sees INTERNAL.
    """
    if not hasattr(request, "__aiter__"):
        return
    with contextlib.suppress(Exception):  # the caller may go away, or send what cannot be read
        async with asyncio.timeout(HEAR_OUT_SECONDS):
            messages = 0
            async for _ in request:
                messages += 1
                if messages == HEAR_OUT_MESSAGES:
                    return


class _BoundCodes:
    """The latency histogram's children of one method, one for each status code, made when first needed."""

    def __init__(self, metrics: RpcMetrics, service: str, name: str) -> None:
        self._metrics, self._service, self._name = metrics, service, name
        self._by_code: dict[str, Histogram] = {}
        self.ok = self._child("OK")

    def observe(self, error: TenkayError, seconds: float, position: TraceContext) -> None:
        child = self._by_code.get(error.status)
        if child is None:
            child = self._by_code[error.status] = self._child(error.status)
        child.observe(seconds, exemplar={"trace_id": position.trace_id_hex} if position.sampled else None)

    def _child(self, code: str) -> Histogram:
        return self._metrics.seconds.labels(self._service, self._name, code)


_RPC_ATTRIBUTES: Mapping[str, tracing.Attribute] = {"rpc.system.name": "grpc"}


def _position(metadata: Any, sample_ratio: float) -> TraceContext:
    for key, value in metadata or ():
        if key == TRACEPARENT:
            followed = parse_traceparent(value if isinstance(value, str) else None)
            if followed is not None:
                return followed
    return new_trace(sampled=random.random() < sample_ratio)  # noqa: S311 - sampling, not a secret


def _last_values(context: Context) -> Metadata:
    return dict(context.invocation_metadata() or ())


def _serialiser(serialise: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def bytes_or_serialised(answer: Any) -> bytes:
        # A handler that holds the serialised answer (a cache) gives it as it is.
        return answer if type(answer) is bytes else serialise(answer)

    return bytes_or_serialised


def _as_tenkay_error(error: BaseException, method: str, timed_out: bool) -> TenkayError:
    if isinstance(error, TenkayError):
        return error
    if timed_out or isinstance(error, TimeoutError):
        return _out_of_time(method)
    if isinstance(error, asyncio.CancelledError):
        return failure(Reason.CANCELLED, f"{method} was cancelled by the caller")
    error_id = secrets.token_hex(8)
    logger.error("call_failed_unexpectedly", method=method, error_id=error_id, exc_info=error)
    return failure(
        Reason.INTERNAL,
        f"{method} failed unexpectedly; the service's log has the cause under error_id {error_id}",
        metadata={"error_id": error_id},
    )


async def _refuse(
    context: Context, policy: CallPolicy, service: str, name: str, position: TraceContext
) -> None:
    if policy.draining:
        error = _draining()
    else:
        error = failure(
            Reason.TOO_MANY_CALLS,
            f"/{service}/{name}: the server serves {policy.max_concurrent} calls already; come back in a second",
        )
    policy.metrics.refused.labels(service, error.reason.value).inc()
    await _abort(context, error, position)


def _out_of_time(method: str) -> TenkayError:
    return failure(Reason.DEADLINE_EXCEEDED, f"{method} ran out of time; call again with a longer deadline")


def _draining() -> TenkayError:
    return failure(Reason.DRAINING, "the server is shutting down; call again and reach another one")


async def _abort(context: Context, error: TenkayError, position: TraceContext) -> None:
    status = rpc_status.to_status(to_status(error, trace_id=position.trace_id_hex))
    # What the handler set goes out with its errors too: abort() would drop it.
    trailing = (*(context.trailing_metadata() or ()), *status.trailing_metadata)
    await context.abort(grpc_code(error), status.details, trailing)
