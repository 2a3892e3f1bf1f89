"""Redis behind the cache and the ledger of the feed.

Stance, declared here once: short timeouts, one retry, a breaker; whatever goes wrong is counted and becomes CacheLost,
upon which the read path goes to the store and the follower tries again. Nothing here ever lists keys.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import DataError, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig
from redis.typing import EncodableT

from tenkay_query import metrics
from tenkay_query.cache import redis_keys, redis_values
from tenkay_query.cache.breaker import Breaker
from tenkay_query.cache.envelope import EPOCH_BYTES
from tenkay_query.cache.generations import Lookup
from tenkay_query.cache.ports import CacheLost, Place
from tenkay_query.cache.redis_pipeline import RedisPipeline
from tenkay_query.cache.redis_scripts import ADVANCE, KEEP, RELEASE, RENEW, START_OVER, TAKE

Result = TypeVar("Result")

GENERATION_SECONDS = 9 * 24 * 3600
"""Longer than any entry lives; a generation that is gone before its entries only costs a question to the store."""

SHARED_KEYS = (redis_keys.EPOCH, redis_keys.POSITION, redis_keys.ALIVE, redis_keys.SEEN)
"""What tells how far the feed has been followed: looked at with every entry."""


def open_redis(url: str, *, timeout_seconds: float, max_connections: int) -> Redis:
    """A client whose commands take `timeout_seconds` at most, and once more that for the retry. Close with `aclose`."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        # One more try at once, for a connection that a restart of Redis has closed.
        retry=Retry(NoBackoff(), 1),
        # A handshake of one vendor's servers that others answer with an error.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return Redis.from_pool(pool)


class RedisAnswerCache:
    """`ports.AnswerCache` and `ports.EntryLocks`, with a breaker."""

    def __init__(
        self, redis: Redis, pipeline: RedisPipeline, breaker: Breaker, *, max_entry_bytes: int
    ) -> None:
        """`pipeline` reads SHARED_KEYS with each read."""
        self._redis = redis
        self._breaker = breaker
        self._max_entry_bytes = max_entry_bytes
        self._pipeline = pipeline
        self._take = redis.register_script(TAKE)
        self._renew = redis.register_script(RENEW)
        self._release = redis.register_script(RELEASE)

    async def look_up(self, place: Place) -> Lookup:
        keys = (place.kind_epoch, place.key, *place.generations)
        values = await self._guarded("look_up", lambda: self._pipeline.read(keys))
        epoch, position, alive, seen, kind_epoch, entry, *current = values
        epoch = redis_values.token(epoch, "epoch")
        return Lookup(
            epoch=epoch,
            kind_epoch=redis_values.token(kind_epoch, "kind_epoch"),
            position=redis_values.sequence(position, "position"),
            is_followed=redis_values.is_present(alive, "alive"),
            seen_at_ms=redis_values.milliseconds(seen, "seen"),
            generations=tuple(redis_values.generation(held, epoch, "generation") for held in current),
            entry=entry,
        )

    async def keep(
        self,
        place: Place,
        entry: bytes,
        seconds: float,
        found: Lookup,
        *,
        kind_epoch: bytes,
        as_of_sequence: str,
    ) -> bool:
        if found.epoch is None or len(entry) > self._max_entry_bytes:
            return False
        keys = [redis_keys.EPOCH, redis_keys.POSITION, place.kind_epoch, place.key, *place.generations]
        arguments: list[EncodableT] = [
            found.epoch,
            as_of_sequence,
            max(1, int(seconds * 1000)),
            GENERATION_SECONDS,
            entry,
            kind_epoch,
            0 if found.kind_epoch is None else 1,
            *(known or "" for known in found.generations),
        ]
        return bool(await self._guarded("keep", lambda: self._pipeline.run(KEEP, keys, arguments)))

    async def take(self, key: str, holder: bytes, seconds: float) -> bool:
        """`EntryLocks.take`."""
        arguments: list[EncodableT] = [holder, int(seconds * 1000)]
        return bool(await self._guarded("lock", lambda: self._take(keys=[key], args=arguments)))

    async def renew(self, key: str, holder: bytes, seconds: float) -> bool:
        """`EntryLocks.renew`."""
        arguments: list[EncodableT] = [holder, int(seconds * 1000)]
        return bool(await self._guarded("lock", lambda: self._renew(keys=[key], args=arguments)))

    async def release(self, key: str, holder: bytes) -> None:
        """`EntryLocks.release`."""
        await self._guarded("lock", lambda: self._release(keys=[key], args=[holder]))

    async def probe(self, every_seconds: float) -> None:
        """While the breaker is open, asks Redis now and then whether it is back. Runs until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            if self._breaker.is_open:
                try:
                    await cast(Awaitable[Any], self._redis.ping())
                except (RedisError, OSError, TimeoutError):
                    continue
                self._breaker.succeeded()

    async def _guarded(self, operation: str, ask: Callable[[], Awaitable[Result]]) -> Result:
        if self._breaker.is_open:
            raise CacheLost("the breaker is open")
        try:
            result = await ask()
        except (ResponseError, DataError) as error:
            # Redis is there and says no (full, read-only), or this cannot be sent: other things may well be answered.
            metrics.REDIS_ERRORS.labels(operation).inc()
            raise CacheLost(str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            metrics.REDIS_ERRORS.labels(operation).inc()
            self._breaker.failed()
            raise CacheLost(str(error)) from error
        self._breaker.succeeded()
        return result


class RedisFeedLedger:
    """`ports.FeedLedger`. It has a client of its own, with more patience than a request has."""

    def __init__(self, redis: Redis, *, grace_seconds: float, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._alive_ms = max(1, int(grace_seconds * 1000))
        self._now = now
        self._advance = redis.register_script(ADVANCE)
        self._start_over = redis.register_script(START_OVER)

    async def position(self) -> str | None:
        # MGET, since it knows nothing of a key of another type, where GET fails.
        (held,) = await self._counted("position", lambda: self._redis.mget(redis_keys.POSITION))
        return redis_values.sequence(cast("bytes | None", held), "position")

    async def advance(self, raised: Mapping[str, str], position: str, asserted: str) -> bool:
        arguments: list[EncodableT] = [
            position,
            asserted,
            os.urandom(EPOCH_BYTES),
            self._alive_ms,
            int(self._now() * 1000),
            GENERATION_SECONDS,
            *raised.values(),
        ]
        return bool(
            await self._counted(
                "advance", lambda: self._advance(keys=[*SHARED_KEYS, *raised], args=arguments)
            )
        )

    async def start_over(self) -> None:
        await self._counted(
            "start_over", lambda: self._start_over(keys=SHARED_KEYS, args=[os.urandom(EPOCH_BYTES)])
        )

    async def _counted(self, operation: str, ask: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return await ask()
        except (RedisError, OSError, TimeoutError) as error:
            metrics.REDIS_ERRORS.labels(operation).inc()
            raise CacheLost(str(error)) from error
