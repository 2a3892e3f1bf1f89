"""What is done to Redis, and to one of the query processes, while others read and write."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from query_stack import QueryStack
from redis.asyncio import Redis
from redis.exceptions import RedisError

SETTLE_SECONDS = 2.0
"""After a disturbance all counts as healthy again when this has passed."""
SQUEEZED_BYTES = 3 * 1024 * 1024
SQUEEZED_SECONDS = 2.0
STOPPED_SECONDS = 1.5
FLUSHED, EVICTED, RESTARTED = "flushed", "generations evicted", "restarted"
STOPPED, SQUEEZED = "process stopped", "squeezed"
KINDS = (FLUSHED, EVICTED, RESTARTED, STOPPED, SQUEEZED)
"""In the order in which they come."""


@dataclass(slots=True)
class Calendar:
    """When something was disturbed."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def has_each(self) -> bool:
        """Whether each kind of disturbance is over that there is."""
        return self.counts.keys() >= set(KINDS)

    def is_healthy(self, start: float, end: float) -> bool:
        """Whether nothing was disturbed between two moments, nor shortly before."""
        return not any(began <= end and ended + SETTLE_SECONDS >= start for began, ended in self.spans)


async def disturb(stack: QueryStack, calendar: Calendar, rest_seconds: float) -> None:
    """One disturbance after another, with rests between, until cancelled."""
    ways: Mapping[str, Callable[[QueryStack], Awaitable[None]]] = {
        FLUSHED: _flush,
        EVICTED: _evict_generations,
        RESTARTED: _restart,
        STOPPED: lambda stack: _stop_one(stack, calendar.counts[STOPPED]),
        SQUEEZED: _squeeze,
    }
    while True:
        for name in KINDS:
            await asyncio.sleep(rest_seconds)
            began = time.monotonic()
            calendar.spans.append((began, float("inf")))
            await ways[name](stack)
            calendar.spans[-1] = (began, time.monotonic())
            calendar.counts[name] += 1


async def _flush(stack: QueryStack) -> None:
    async with Redis.from_url(stack.redis_url) as redis:
        await redis.flushall()


async def _restart(stack: QueryStack) -> None:
    await asyncio.to_thread(stack.stop_redis)
    await asyncio.to_thread(stack.start_redis)


async def _stop_one(stack: QueryStack, turn: int) -> None:
    """A query process that stands still, as one does whose machine is moved: what it says after that is late. It must
    not be what its memory still holds and others know to be no more so."""
    number = turn % len(stack.queries)
    stack.signal_query(number, signal.SIGSTOP)
    try:
        await asyncio.sleep(STOPPED_SECONDS)
    finally:
        stack.signal_query(number, signal.SIGCONT)


async def _evict_generations(stack: QueryStack) -> None:
    """What an instance that evicts the least used keys does sooner or later: entries stay, generations go."""
    async with Redis.from_url(stack.redis_url) as redis:
        async for key in redis.scan_iter(match="g:*", count=1000):
            await redis.delete(key)


async def _squeeze(stack: QueryStack) -> None:
    """So little memory that Redis evicts all the time."""
    async with Redis.from_url(stack.redis_url) as redis:
        given = str((await redis.config_get("maxmemory"))["maxmemory"])
        await redis.config_set("maxmemory", SQUEEZED_BYTES)
        try:
            await asyncio.sleep(SQUEEZED_SECONDS)
        finally:
            try:
                await redis.config_set("maxmemory", given)
            except RedisError as error:
                raise RuntimeError(f"Valkey keeps its small limit: {error}") from error
