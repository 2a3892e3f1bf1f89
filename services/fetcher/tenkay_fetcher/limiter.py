"""The one request limit of all fetchers together: a permit from Redis before each request to EDGAR.

The generic cell rate algorithm (ITU-T I.371, with a burst of one): Redis keeps the time from which the next request is
allowed, by its own clock; a script gives out that time and moves it on by one interval. The wait is known at once, so a
request that cannot be sent within its deadline is refused at once.

* A permit is not an arrival: one that is not used within 100 ms of its time is void, and another is taken.
* Redis lost: fail closed. Each process keeps to rate / max_replicas by its own clock, or to less where all of them
  could by chance ask in the same moments (see `own_interval`). Permits taken before the loss are void.
* Redis back, or back without its data: one second of silence first, for what others may still have under way.
* EDGAR asks to slow down: the pause is kept in Redis, for everybody.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay.runtime.tracing import span
from tenkay_fetcher import metrics
from tenkay_fetcher.deadline import Deadline

PERMIT_LIFETIME_SECONDS = 0.1
SETTLE_SECONDS = 1.0
"""Silence after Redis came back."""
PROBE_SECONDS = 1.0
"""Between two tries to reach a lost Redis."""
MAX_WAIT_SECONDS = 60.0
"""Longest queue: a permit further away is refused whatever the deadline."""
PEAK_FACTOR = 1.25
"""Most requests in any one second, as a multiple of the rate."""
CONFIRM_AFTER_SECONDS = 0.25
"""A permit waited for longer than this is confirmed by Redis before use: it may have been lost meanwhile."""

# KEYS: time from which the next request is allowed (microseconds), pause.
# ARGV: interval, longest wait (-1: only look), silence for a first or lost state, bound on a believable wait.
# All in microseconds. Answers {1 if given, wait}.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local next = tonumber(redis.call('GET', KEYS[1]))
if not next or next - now > tonumber(ARGV[4]) then next = now + tonumber(ARGV[3]) end
if next < now then next = now end
local paused = redis.call('PTTL', KEYS[2])
if paused > 0 and now + paused * 1000 > next then next = now + paused * 1000 end
local wait = next - now
if tonumber(ARGV[2]) < 0 then return {0, wait} end
if wait > tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], string.format('%.0f', next))
  return {0, wait}
end
redis.call('SET', KEYS[1], string.format('%.0f', next + tonumber(ARGV[1])))
return {1, wait}
"""

logger = get_logger(__name__)


def open_redis(url: str, timeout_seconds: float) -> Redis:
    """A client for the limiter: a permit waits for it, so it gives up early. Close it with `aclose`."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        # One more try at once, for a connection that a restart of Redis has closed.
        retry=Retry(NoBackoff(), 1),
    )


@dataclass(frozen=True, slots=True)
class LimiterStatus:
    """How the limit stands."""

    requests_per_second: float
    """Of all replicas together."""
    wait_seconds: float
    """How long a request asked for now would wait."""
    degraded: bool
    """True while Redis cannot be reached."""


@dataclass(frozen=True, slots=True)
class _Permit:
    usable_from: float
    """On this process' monotonic clock, never before the time that was given out."""
    usable_until: float
    epoch: int
    """Changes when Redis is lost and when it is back: permits of another epoch are void."""


class RequestLimiter:
    """Permits for one process."""

    def __init__(
        self,
        redis: Redis,
        *,
        requests_per_second: float,
        max_replicas: int,
        key: str = "tenkay:fetcher:edgar",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._rate = requests_per_second
        self._interval = 1.0 / requests_per_second
        self._clock = clock
        self._next_key, self._pause_key = f"{key}:next", f"{key}:pause"
        self._take = redis.register_script(_TAKE)
        self._own_share = _OwnShare(own_interval(requests_per_second, max_replicas))
        self._degraded = False
        self._epoch = 0
        self._probe_at = 0.0
        self._settled_at = 0.0
        metrics.LIMITER_DEGRADED.set(0)

    async def acquire(self, deadline: Deadline) -> None:
        """Returns when one request may be sent, within 100 ms.

        Raises EDGAR_RATE_LIMITED at once, with the wait in `retry_after`, when that is not before the deadline, and
        DEADLINE_EXCEEDED when the deadline has passed without it being the limit that took the time.
        """
        started = self._clock()
        with span("edgar.limiter.wait"):
            while not await self._try_acquire(deadline):
                # A machine so busy that each permit is void when it arrives would go on like this without end.
                metrics.LIMITER_EXPIRED.inc()
                _refuse_after(deadline)
        mode = "own_share" if self._degraded else "shared"
        metrics.LIMITER_WAIT_SECONDS.labels(mode).observe(self._clock() - started)
        metrics.LIMITER_PERMITS.labels(mode).inc()

    async def pause(self, seconds: float) -> None:
        """No permit for `seconds`, for any replica."""
        metrics.LIMITER_PAUSES.inc()
        # Here too, so that it holds while Redis is away.
        self._own_share.pause(self._clock() + seconds)
        try:
            await self._redis.set(self._pause_key, 1, px=max(1, int(seconds * 1000)))
        except (RedisError, OSError) as error:
            self._lose(error)

    async def status(self) -> LimiterStatus:
        """How the limit stands, without taking a permit."""
        now = self._clock()
        if not self._degraded:
            try:
                _, wait = await self._ask(-1.0)
                wait = max(wait, self._settled_at - now)
            except (RedisError, OSError) as error:
                self._lose(error)
        if self._degraded:
            wait = self._own_share.wait(now)
        return LimiterStatus(self._rate, max(0.0, wait), self._degraded)

    async def _try_acquire(self, deadline: Deadline) -> bool:
        settling = self._settled_at - self._clock()
        if settling > 0:
            self._refuse_beyond(settling, deadline)
            await asyncio.sleep(settling)
        permit = await self._reserve(deadline)
        if permit is None:
            return False
        waited = permit.usable_from - self._clock()
        if waited > 0:
            await asyncio.sleep(waited)
        if waited > CONFIRM_AFTER_SECONDS and not self._degraded:
            await self._confirm()
        return permit.epoch == self._epoch and self._clock() <= permit.usable_until

    async def _reserve(self, deadline: Deadline) -> _Permit | None:
        """A permit; none when Redis has just come back."""
        asked = self._clock()
        longest = min(deadline.remaining(), MAX_WAIT_SECONDS)
        if self._degraded and asked < self._probe_at:
            return self._reserve_own(longest, deadline)
        # Others that come while this one waits for an answer do not probe too.
        self._probe_at = asked + PROBE_SECONDS
        try:
            given, wait = await self._ask(longest)
        except (RedisError, OSError) as error:
            self._lose(error)
            return self._reserve_own(longest, deadline)
        if self._degraded:
            self._regain()
            return None
        if not given:
            self._refuse_beyond(wait, deadline, limit=longest)
        answered = self._clock()
        return _Permit(answered + wait, asked + wait + PERMIT_LIFETIME_SECONDS, self._epoch)

    def _reserve_own(self, longest: float, deadline: Deadline) -> _Permit:
        now = self._clock()
        wait = self._own_share.wait(now)
        self._refuse_beyond(wait, deadline, limit=longest)
        self._own_share.take(now)
        return _Permit(now + wait, now + wait + PERMIT_LIFETIME_SECONDS, self._epoch)

    async def _ask(self, longest: float) -> tuple[bool, float]:
        """Whether a permit was given, and its wait in seconds."""
        given, wait = await self._take(
            keys=[self._next_key, self._pause_key],
            args=[
                round(self._interval * 1e6),
                -1 if longest < 0 else int(longest * 1e6),
                round(SETTLE_SECONDS * 1e6),
                round((MAX_WAIT_SECONDS + SETTLE_SECONDS + self._interval) * 1e6),
            ],
        )
        return bool(given), float(wait) / 1e6

    async def _confirm(self) -> None:
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        if self._degraded:
            return
        self._degraded = True
        self._epoch += 1
        now = self._clock()
        self._probe_at = now + PROBE_SECONDS
        # A permit of before may have been used just now: the first of this process' own comes an interval later.
        self._own_share.start_after(now)
        metrics.LIMITER_DEGRADED.set(1)
        logger.warning("limiter_lost_redis", error=type(error).__name__, detail=str(error))

    def _regain(self) -> None:
        self._degraded = False
        self._epoch += 1
        self._settled_at = self._clock() + SETTLE_SECONDS
        metrics.LIMITER_DEGRADED.set(0)
        logger.info("limiter_has_redis_again")

    def _refuse_beyond(self, wait: float, deadline: Deadline, *, limit: float | None = None) -> None:
        if wait <= (deadline.remaining() if limit is None else limit):
            return
        # No wait fits into no time: it is not the limit then that has no room.
        _refuse_after(deadline)
        metrics.LIMITER_REFUSED.inc()
        raise rate_limited(wait)


def own_interval(requests_per_second: float, max_replicas: int) -> float:
    """Seconds between two requests of a replica that cannot ask Redis.

    The replicas' clocks are not in step, so the rate alone would let them come together: four of them, each at 2 a
    second, can send 12 within one second. So that no second has more than 1.25 times the rate (the SEC's 10 for our
    8), each may send floor(1.25 * rate / max_replicas) in a second and the lifetime of a permit. Where that is less
    than one (over ten replicas at 8/s) only the rate over time is kept.
    """
    average = max_replicas / requests_per_second
    each = math.floor(PEAK_FACTOR * requests_per_second / max_replicas)
    return max(average, (1.0 + PERMIT_LIFETIME_SECONDS) / each) if each else average


class _OwnShare:
    """What one process may do by itself: the same algorithm on its own clock."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = 0.0
        self._paused_until = 0.0

    def wait(self, now: float) -> float:
        return max(self._next - now, self._paused_until - now, 0.0)

    def take(self, now: float) -> None:
        self._next = now + self.wait(now) + self._interval

    def start_after(self, now: float) -> None:
        self._next = now + self._interval

    def pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)


def _refuse_after(deadline: Deadline) -> None:
    if deadline.remaining() <= 0:
        raise failure(
            Reason.DEADLINE_EXCEEDED,
            "no time is left to ask EDGAR; call again with a longer deadline.",
        )


def rate_limited(wait: float) -> TenkayError:
    """The error for a permit that is `wait` seconds away."""
    return failure(
        Reason.EDGAR_RATE_LIMITED,
        f"EDGAR's request limit has no room for {wait:.1f} s; come back then, or call with a longer deadline.",
        retry_after=wait,
    )
