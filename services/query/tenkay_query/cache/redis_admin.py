"""What the running of the cache keeps in Redis and asks of it: what is asked most, and how Redis itself fares.

Nobody's answer hangs on it, so its client has time; whatever goes wrong is counted and becomes CacheLost. Nothing here
lists keys: what is asked most is one sorted set, held to a size.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.typing import EncodableT

from tenkay_query import metrics
from tenkay_query.cache import redis_keys
from tenkay_query.cache.near_cache import Key
from tenkay_query.cache.ports import CacheLost
from tenkay_query.cache.redis_scripts import ASKED

Result = TypeVar("Result")

ASKED_SECONDS = 14 * 24 * 3600
"""How long it is known what was asked most, when nobody asks anything."""
_SEPARATOR = b"\0"


@dataclass(frozen=True, slots=True)
class RedisState:
    """Of INFO."""

    used_bytes: int
    limit_bytes: int | None
    """None: it has no limit."""
    keys: int
    evicted_keys: int
    expired_keys: int


class RedisAskedLedger:
    """`asked_questions.AskedLedger`: a sorted set of requests by how often they were asked, fading."""

    def __init__(
        self, redis: Redis, *, most: int, half_life_seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis
        self._most = most
        self._half_life = half_life_seconds
        self._now = now
        self._asked = redis.register_script(ASKED)

    async def tell(self, asked: Sequence[tuple[Key, float]]) -> None:
        arguments: list[EncodableT] = [self._now(), self._half_life, self._most, ASKED_SECONDS]
        for (method, raw), count in asked:
            arguments += (count, method.encode("ascii") + _SEPARATOR + raw)
        keys = [redis_keys.ASKED, redis_keys.ASKED_AT]
        await _counted("tell_asked", lambda: self._asked(keys=keys, args=arguments))

    async def top(self, most: int) -> list[Key]:
        if most < 1:
            return []
        members = await _counted("top_asked", lambda: self._redis.zrevrange(redis_keys.ASKED, 0, most - 1))
        found: list[Key] = []
        for member in cast(list[bytes], members):
            method, separator, raw = member.partition(_SEPARATOR)
            if separator and method.isascii():
                found.append((method.decode("ascii"), raw))
        return found


async def read_state(redis: Redis) -> RedisState:
    """How Redis fares. CacheLost."""
    memory, stats, keyspace = await _counted(
        "info",
        lambda: (
            cast(Any, redis.pipeline(transaction=False))
            .info("memory")
            .info("stats")
            .info("keyspace")
            .execute()
        ),
    )
    if "used_memory" not in memory or "evicted_keys" not in stats or "expired_keys" not in stats:
        raise CacheLost("Redis' INFO lacks what is asked of it")
    database = redis.connection_pool.connection_kwargs.get("db") or 0
    return RedisState(
        used_bytes=int(memory["used_memory"]),
        limit_bytes=int(memory.get("maxmemory", 0)) or None,
        keys=int(keyspace.get(f"db{database}", {}).get("keys", 0)),
        evicted_keys=int(stats["evicted_keys"]),
        expired_keys=int(stats["expired_keys"]),
    )


async def _counted(operation: str, ask: Callable[[], Awaitable[Result] | Any]) -> Any:
    try:
        return await ask()
    except (RedisError, OSError, TimeoutError) as error:
        metrics.REDIS_ERRORS.labels(operation).inc()
        raise CacheLost(str(error)) from error


class RedisWatch:
    """Keeps how Redis fares, for those who cannot wait for it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.state: RedisState | None = None
        """None: it did not answer the last time, or was not asked yet."""

    async def look(self) -> RedisState | None:
        """Asks now."""
        try:
            self.state = await read_state(self._redis)
        except CacheLost:
            self.state = None
        return self.state

    async def run(self, every_seconds: float) -> None:
        """Asks now and then. Runs until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(every_seconds)
