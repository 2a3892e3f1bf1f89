"""EDGAR over HTTP: every request has a permit, a User-Agent, a deadline and a bound.

How EDGAR's answers are taken (seen in recorded ones):

* 404 with ``NoSuchKey``, or 403 with ``AccessDenied`` as XML for an index that does not exist: there is no such thing
  (yet). Never remembered.
* 429, or any answer titled "Request Rate Threshold Exceeded": too fast. All requests of all replicas pause for as long
  as the answer says; the page itself speaks of ten minutes.
* 403 titled "Undeclared Automated Tool": the User-Agent is refused.
* 503, a connection that fails and a body that ends early are tried again while the deadline allows.
* Everything else that is not 200 or 304 is an error at once.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import stamina

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay.runtime.tracing import span
from tenkay_fetcher import metrics
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import Answer, Outcome, Sink
from tenkay_fetcher.limiter import RequestLimiter

RATE_BLOCK_SECONDS = 600.0
"""How long EDGAR's page says that access stays limited."""
THROTTLED_WITHOUT_ADVICE_SECONDS = 10.0
"""Pause after a 429 that neither has Retry-After nor shows that page."""
REFUSED_RETRY_SECONDS = 600.0
MAX_ERROR_BODY_BYTES = 64 * 1024
MAX_PIECE_BYTES = 256 * 1024
"""Most that is unpacked at once, whatever a few compressed bytes claim to be."""
MAX_RETRY_AFTER_SECONDS = 24 * 3600.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and after what waits, a request is tried again. Waits double and are jittered."""

    attempts: int = 4
    """Requests in all."""
    first_wait_seconds: float = 0.5

    @property
    def max_wait_seconds(self) -> float:
        """Waits grow to this."""
        return self.first_wait_seconds * 16


class EdgarHttp:
    """The HTTP client. One a process; `close` it."""

    def __init__(
        self,
        limiter: RequestLimiter,
        *,
        user_agent: str,
        retry: RetryPolicy,
        connect_seconds: float = 5.0,
        read_seconds: float = 15.0,
        max_in_flight: int = 32,
    ) -> None:
        self._limiter = limiter
        self._retry = retry
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._client = httpx.AsyncClient(
            # gzip is unpacked here and not by httpx, which takes a stream that ends early for a whole one.
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip", "Accept": "*/*"},
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            limits=httpx.Limits(max_connections=max_in_flight, max_keepalive_connections=8),
            follow_redirects=False,
            # A proxy from the environment is for EDGAR, not for a mirror on this machine.
            mounts={f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")},
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def fetch(
        self, url: str, sink: Sink, *, deadline: Deadline, if_modified_since: datetime | None = None
    ) -> Answer:
        """See `EdgarSource.fetch`."""
        condition = (
            {"If-Modified-Since": format_datetime(if_modified_since, usegmt=True)}
            if if_modified_since
            else {}
        )
        attempts = stamina.retry_context(
            on=lambda error: _wait_before_retry(error, deadline),
            attempts=self._retry.attempts,
            timeout=None,
            wait_initial=self._retry.first_wait_seconds,
            wait_max=self._retry.max_wait_seconds,
            wait_jitter=self._retry.first_wait_seconds,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    try:
                        return await self._request(url, sink, condition, deadline)
                    except _Transient as error:
                        if attempt.num < self._retry.attempts:
                            metrics.EDGAR_RETRIES.labels(error.cause).inc()
                        raise
        except _Transient as error:
            raise error.final() from error.__cause__
        raise AssertionError("stamina ends by a return or an exception")

    async def _request(self, url: str, sink: Sink, condition: dict[str, str], deadline: Deadline) -> Answer:
        if deadline.remaining() <= 0:
            raise failure(
                Reason.DEADLINE_EXCEEDED,
                f"no time is left to ask EDGAR for {url}; call again with a longer deadline.",
            )
        await self._limiter.acquire(deadline)
        if self._in_flight >= self._max_in_flight:
            raise failure(
                Reason.EDGAR_UNAVAILABLE,
                f"EDGAR answers slowly: {self._in_flight} requests are under way. Try again later.",
                retry_after=5.0,
            )
        self._in_flight += 1
        metrics.EDGAR_IN_FLIGHT.inc()
        started = time.perf_counter()
        outcome = "error"
        try:
            with span("edgar.request", {"url.full": url}) as current:
                try:
                    async with deadline.enforced():
                        answer = await self._transfer(url, sink, condition)
                except TimeoutError as error:
                    outcome = "deadline"
                    raise failure(
                        Reason.DEADLINE_EXCEEDED,
                        f"EDGAR did not finish answering {url} in time; call again with a longer deadline.",
                    ) from error
                current.set_attribute("tenkay.edgar.outcome", answer.outcome.name.lower())
            outcome = answer.outcome.name.lower()
            return answer
        except _Transient as error:
            outcome = error.cause
            if error.throttled:
                await self._limiter.pause(error.retry_after or THROTTLED_WITHOUT_ADVICE_SECONDS)
            raise
        finally:
            self._in_flight -= 1
            metrics.EDGAR_IN_FLIGHT.dec()
            metrics.EDGAR_SECONDS.labels(outcome).observe(time.perf_counter() - started)

    async def _transfer(self, url: str, sink: Sink, condition: dict[str, str]) -> Answer:
        try:
            async with self._client.stream("GET", url, headers=condition) as response:
                if response.status_code == httpx.codes.NOT_MODIFIED and condition:
                    return Answer(Outcome.UNCHANGED, _last_modified(response))
                if response.status_code != httpx.codes.OK:
                    return _judge(url, response, await _error_body(response))
                sink.restart()
                await _receive(response, sink)
                return Answer(Outcome.FOUND, _last_modified(response))
        except httpx.TransportError as error:
            raise _Transient(
                "connection", f"{type(error).__name__} at {url}: {error}".rstrip(": ")
            ) from error


class _Transient(Exception):
    """An attempt failed in a way that another one may not."""

    def __init__(
        self, cause: str, message: str, *, retry_after: float | None = None, throttled: bool = False
    ) -> None:
        super().__init__(message)
        self.cause = cause
        """"connection", "unavailable", "truncated" or "throttled"."""
        self.retry_after = retry_after
        self.throttled = throttled

    def final(self) -> TenkayError:
        """What the caller sees when no attempt is left."""
        if self.throttled:
            return failure(
                Reason.EDGAR_RATE_LIMITED,
                f"EDGAR asked to slow down ({self}); all requests pause. Come back later.",
                retry_after=self.retry_after or THROTTLED_WITHOUT_ADVICE_SECONDS,
            )
        return failure(
            Reason.EDGAR_UNAVAILABLE,
            f"EDGAR does not answer ({self}); the retries are used up. Come back later.",
            retry_after=self.retry_after or 30.0,
        )


def _wait_before_retry(error: Exception, deadline: Deadline) -> bool | float:
    """stamina's hook: whether to try again, and after how many seconds where EDGAR said so."""
    if not isinstance(error, _Transient):
        return False
    if error.retry_after is None:
        return deadline.remaining() > 0
    if error.retry_after >= deadline.remaining():
        return False
    # The limiter makes everybody wait out a pause, this request too.
    return 0.0 if error.throttled else error.retry_after


async def _receive(response: httpx.Response, sink: Sink) -> None:
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "x-gzip", "identity"):
        raise failure(
            Reason.EDGAR_UNAVAILABLE,
            f"EDGAR answered {response.url} in the encoding {encoding!r}, which was not asked for.",
            retry_after=60.0,
        )
    received = 0
    if encoding == "identity":
        async for piece in response.aiter_raw():
            received += len(piece)
            sink.write(piece)
    else:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            async for piece in response.aiter_raw():
                while piece:
                    unpacked = unpacker.decompress(piece, MAX_PIECE_BYTES)
                    received += len(unpacked)
                    sink.write(unpacked)
                    if unpacker.eof:
                        # A gzip stream may have several members.
                        piece = unpacker.unused_data
                        if piece:
                            unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                    else:
                        piece = unpacker.unconsumed_tail
        except zlib.error as error:
            raise _Transient("truncated", f"{response.url} is not valid gzip: {error}") from error
        if not unpacker.eof:
            raise _Transient("truncated", f"{response.url} ended early")
    metrics.EDGAR_BYTES.inc(received)


async def _error_body(response: httpx.Response) -> str:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) >= MAX_ERROR_BODY_BYTES:
            break
    return bytes(body[:MAX_ERROR_BODY_BYTES]).decode("utf-8", "replace")


def _judge(url: str, response: httpx.Response, body: str) -> Answer:
    """The answer or the error that a status other than 200 and 304 stands for."""
    status = response.status_code
    if "Request Rate Threshold Exceeded" in body:
        retry_after = _retry_after(response) or RATE_BLOCK_SECONDS
        logger.error("edgar_rate_threshold_exceeded", url=url, status=status, pause_seconds=retry_after)
        raise _Transient("throttled", f"status {status}", retry_after=retry_after, throttled=True)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        retry_after = _retry_after(response) or THROTTLED_WITHOUT_ADVICE_SECONDS
        logger.error("edgar_too_many_requests", url=url, pause_seconds=retry_after)
        raise _Transient("throttled", f"status {status}", retry_after=retry_after, throttled=True)
    if status == httpx.codes.NOT_FOUND or (status == httpx.codes.FORBIDDEN and "<Code>AccessDenied" in body):
        return Answer(Outcome.MISSING)
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        raise _Transient("unavailable", f"status {status} at {url}", retry_after=_retry_after(response))
    if status == httpx.codes.FORBIDDEN and "Undeclared Automated Tool" in body:
        logger.error("edgar_refuses_user_agent", url=url)
        raise failure(
            Reason.EDGAR_UNAVAILABLE,
            "EDGAR refuses this service's User-Agent as an undeclared automated tool: set TENKAY_FETCHER_USER_AGENT "
            "to your company's name and a contact address.",
            retry_after=REFUSED_RETRY_SECONDS,
        )
    raise failure(
        Reason.EDGAR_UNAVAILABLE,
        f"EDGAR answered {url} with status {status}. Come back later.",
        metadata={"http_status": str(status)},
        retry_after=_retry_after(response) or 60.0,
    )


def _retry_after(response: httpx.Response) -> float | None:
    """RFC 9110, 10.2.3: seconds, or a date. Absent when it is neither."""
    stated = response.headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        seconds = float(stated)
    else:
        moment = _http_date(stated)
        if moment is None:
            return None
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.1), MAX_RETRY_AFTER_SECONDS)


def _last_modified(response: httpx.Response) -> datetime | None:
    return _http_date(response.headers.get("last-modified", ""))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
