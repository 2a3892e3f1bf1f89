"""What every call of the generated clients goes through: deadline, trace, sequence floor, typed errors."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import grpc
from google.protobuf.message import Message

from tenkay import sequences
from tenkay.client.endpoint import Endpoint, method_deadline
from tenkay.errors import Reason, failure
from tenkay.runtime.call import current_deadline, current_trace
from tenkay.status import from_call

Response = TypeVar("Response")

HOP_MARGIN_SECONDS = 0.02
"""Taken off the current call's remaining time, so that this hop's failure can still be answered."""
SHORTEST_CALL_SECONDS = 0.001


class SequenceFloor:
    """The newest state of the store that its holders have seen; their reads never go below it.

    Answers over many companies may be as old as their max_staleness, which a cache makes use of. They are held to what
    the holders have committed and to each other only: a look at one filing that is newer does not void them all.

    Share one between clients that should see each other's commits. Safe to use from several threads.
    """

    def __init__(self, sequence: str = "") -> None:
        self._lock = threading.Lock()
        self._sequence = sequence
        self._over_many = sequence

    @property
    def sequence(self) -> str:
        """The newest sequence seen, empty before the first."""
        return self._sequence

    @property
    def over_many(self) -> str:
        """The newest sequence of a commit or of an answer over many companies, empty before the first."""
        return self._over_many

    def raise_to(self, sequence: str, *, over_many: bool = True) -> None:
        """Take note of a sequence seen; `over_many` is False for that of an answer about one filing or company."""
        if not sequence or (sequence == self._sequence and (not over_many or sequence == self._over_many)):
            return
        with self._lock:
            self._sequence = sequences.merge(self._sequence, sequence)
            if over_many:
                self._over_many = sequences.merge(self._over_many, sequence)


class NoFloor(SequenceFloor):
    """Of one who speaks for many callers, or holds to nothing it has seen: stays empty."""

    def raise_to(self, sequence: str, *, over_many: bool = True) -> None:
        """Nothing."""


class _Caller:
    """The part that is the same for both kinds of clients."""

    def __init__(self, endpoint: Endpoint, service: str, floor: SequenceFloor | None) -> None:
        self.endpoint = endpoint
        self.floor = floor if floor is not None else SequenceFloor()
        self._service = service
        self._static_metadata = endpoint.metadata()

    def _timeout(self, method: str, timeout: float | None) -> float | None:
        chosen = method_deadline(self._service, method) if timeout is None else timeout
        left = current_deadline()
        if left is None:
            return chosen
        left -= HOP_MARGIN_SECONDS
        if left < SHORTEST_CALL_SECONDS:
            raise failure(
                Reason.DEADLINE_EXCEEDED,
                f"no time is left to call {self._service}/{method}; allow more for the call",
            )
        return left if chosen is None else min(chosen, left)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        position = current_trace()
        if position is None:
            return self._static_metadata
        return (*self._static_metadata, ("traceparent", position.traceparent()))

    def _before(self, request: Any) -> None:
        fields = _fields(request)
        if "min_sequence" in fields and not request.min_sequence:
            over_many = _is_over_many(request)
            request.min_sequence = self.floor.over_many if over_many else self.floor.sequence

    def _after(self, request: Any, response: Any) -> None:
        fields = response.DESCRIPTOR.fields_by_name
        if "as_of_sequence" in fields:
            self.floor.raise_to(response.as_of_sequence, over_many=_is_over_many(request))
        elif "outcome" in fields:
            self.floor.raise_to(response.outcome.sequence)
        elif "job" in fields:
            self.floor.raise_to(response.job.sequence)

    def _error(self, error: grpc.RpcError) -> Exception:
        call = cast(Any, error)
        return from_call(call.code(), call.details(), call.trailing_metadata(), service=self._service)


def _fields(request: Any) -> Collection[str]:
    """The names of a message's fields; none of a stream of messages, which never reads."""
    return request.DESCRIPTOR.fields_by_name if isinstance(request, Message) else ()


def _is_over_many(request: Any) -> bool:
    """Whether the answer is one over many companies, whose age max_staleness bounds."""
    fields = _fields(request)
    return "max_staleness" in fields and not ("cik" in fields and request.HasField("cik"))


class AsyncCaller(_Caller):
    """Base of the async clients. One channel, of the event loop it is first used in; close it, or use `async with`."""

    def __init__(self, endpoint: Endpoint, service: str, floor: SequenceFloor | None) -> None:
        super().__init__(endpoint, service, floor)
        options = endpoint.channel_options(service)
        self._channel = (
            grpc.aio.insecure_channel(endpoint.address, options=options)
            if endpoint.plaintext
            else grpc.aio.secure_channel(endpoint.address, endpoint.channel_credentials(), options=options)
        )

    async def close(self) -> None:
        """Close the channel; running calls are cancelled."""
        await self._channel.close(grace=None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _unary(
        self, stub: Callable[..., Awaitable[Response]], method: str, request: Any, timeout: float | None
    ) -> Response:
        self._before(request)
        try:
            response = await stub(request, timeout=self._timeout(method, timeout), metadata=self._metadata())
        except grpc.aio.AioRpcError as error:
            raise self._error(error) from None
        self._after(request, response)
        return response

    async def _upload(
        self,
        stub: Callable[..., Awaitable[Response]],
        method: str,
        requests: AsyncIterable[Any] | Iterable[Any],
        timeout: float | None,
    ) -> Response:
        try:
            response = await stub(requests, timeout=self._timeout(method, timeout), metadata=self._metadata())
        except grpc.aio.AioRpcError as error:
            raise self._error(error) from None
        self._after(requests, response)
        return response

    async def _stream(
        self, stub: Callable[..., AsyncIterable[Response]], method: str, request: Any, timeout: float | None
    ) -> AsyncIterator[Response]:
        self._before(request)
        call = stub(request, timeout=self._timeout(method, timeout), metadata=self._metadata())
        try:
            async for response in call:
                self._after(request, response)
                yield response
        except grpc.aio.AioRpcError as error:
            raise self._error(error) from None
        finally:
            cast(Any, call).cancel()


class SyncCaller(_Caller):
    """Base of the sync clients. One channel, safe to use from several threads; close it, or use `with`."""

    def __init__(self, endpoint: Endpoint, service: str, floor: SequenceFloor | None) -> None:
        super().__init__(endpoint, service, floor)
        options = endpoint.channel_options(service)
        self._channel = (
            grpc.insecure_channel(endpoint.address, options=options)
            if endpoint.plaintext
            else grpc.secure_channel(endpoint.address, endpoint.channel_credentials(), options=options)
        )

    def close(self) -> None:
        """Close the channel; running calls are cancelled."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _unary(
        self, stub: Callable[..., Response], method: str, request: Any, timeout: float | None
    ) -> Response:
        self._before(request)
        try:
            response = stub(request, timeout=self._timeout(method, timeout), metadata=self._metadata())
        except grpc.RpcError as error:
            raise self._error(error) from None
        self._after(request, response)
        return response

    def _upload(
        self, stub: Callable[..., Response], method: str, requests: Iterable[Any], timeout: float | None
    ) -> Response:
        try:
            # gRPC takes messages from an iterator only.
            response = stub(iter(requests), timeout=self._timeout(method, timeout), metadata=self._metadata())
        except grpc.RpcError as error:
            raise self._error(error) from None
        self._after(requests, response)
        return response

    def _stream(
        self, stub: Callable[..., Iterable[Response]], method: str, request: Any, timeout: float | None
    ) -> Iterator[Response]:
        self._before(request)
        call = stub(request, timeout=self._timeout(method, timeout), metadata=self._metadata())
        try:
            for response in call:
                self._after(request, response)
                yield response
        except grpc.RpcError as error:
            raise self._error(error) from None
        finally:
            cast(Any, call).cancel()
