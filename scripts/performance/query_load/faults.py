"""What goes wrong during a run, on request."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from query_stack import QueryStack
from redis.asyncio import Redis

_Step = Callable[[QueryStack], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault: what begins it, what ends it, how long it lasts between by default."""

    begin: _Step
    end: _Step
    hold_seconds: float
    takes_store: bool = False
    """While it lasts the store cannot answer: calls that need it may fail."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault at its time."""

    name: str
    at_seconds: float
    hold_seconds: float


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A fault that took place, in seconds from the run's start."""

    name: str
    began: float
    ended: float


async def _nothing(_stack: QueryStack) -> None: ...


def _in_thread(work: Callable[[QueryStack], None]) -> _Step:
    async def step(stack: QueryStack) -> None:
        await asyncio.to_thread(work, stack)

    return step


async def _fill(stack: QueryStack) -> None:
    """No room for anything: writes are refused, as by an instance that does not evict."""
    async with Redis.from_url(stack.redis_url) as redis:
        used = int((await redis.info("memory"))["used_memory"])
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", max(1, used // 2))


async def _make_room(stack: QueryStack) -> None:
    async with Redis.from_url(stack.redis_url) as redis:
        await redis.config_set("maxmemory", stack.redis_bytes)
        await redis.config_set("maxmemory-policy", "allkeys-lfu")


async def _flush(stack: QueryStack) -> None:
    async with Redis.from_url(stack.redis_url) as redis:
        await redis.flushall()


def _restart_redis(stack: QueryStack) -> None:
    stack.stop_redis()
    stack.start_redis()


KINDS: Mapping[str, FaultKind] = {
    "redis-killed": FaultKind(_in_thread(QueryStack.kill_redis), _in_thread(QueryStack.start_redis), 3.0),
    "redis-stopped": FaultKind(
        _in_thread(lambda stack: stack.signal_redis(signal.SIGSTOP)),
        _in_thread(lambda stack: stack.signal_redis(signal.SIGCONT)),
        3.0,
    ),
    "redis-filled": FaultKind(_fill, _make_room, 3.0),
    "redis-flushed": FaultKind(_flush, _nothing, 0.0),
    "redis-restarted": FaultKind(_in_thread(_restart_redis), _nothing, 0.0),
    "store-restarted": FaultKind(_in_thread(QueryStack.restart_store), _nothing, 0.0, takes_store=True),
    "query-restarted": FaultKind(_in_thread(lambda stack: stack.restart_query(0)), _nothing, 0.0),
}
OF_REDIS = tuple(name for name in KINDS if name.startswith("redis-"))


def plan(text: str, seconds: float) -> list[PlannedFault]:
    """Faults from "NAME[@SECOND][:HOLD],…"; without a second they are spread over the run; "redis" means all of Redis.

    ValueError when a name is unknown or a time lies outside of the run.
    """
    words = [word for word in text.split(",") if word]
    words = [each for word in words for each in (OF_REDIS if word == "redis" else (word,))]
    planned = []
    for number, word in enumerate(words):
        rest, _, hold = word.partition(":")
        name, _, at = rest.partition("@")
        if name not in KINDS:
            raise ValueError(f"there is no fault {name!r}; there are: redis, {', '.join(KINDS)}")
        moment = float(at) if at else seconds * (number + 1) / (len(words) + 1)
        held = float(hold) if hold else KINDS[name].hold_seconds
        if not 0 <= moment <= moment + held <= seconds:
            raise ValueError(f"{word!r} does not lie within the {seconds:g} seconds of the run")
        planned.append(PlannedFault(name, moment, held))
    return sorted(planned, key=lambda each: each.at_seconds)


async def bring_about(
    faults: Sequence[PlannedFault], stack: QueryStack, started: float, spans: list[FaultSpan]
) -> None:
    """Each at its time after `started` (time.perf_counter's); one under way is ended when this is cancelled."""
    for fault in faults:
        kind = KINDS[fault.name]
        await asyncio.sleep(max(0.0, started + fault.at_seconds - time.perf_counter()))
        began = time.perf_counter() - started
        await kind.begin(stack)
        try:
            await asyncio.sleep(fault.hold_seconds)
        finally:
            await kind.end(stack)
        spans.append(FaultSpan(fault.name, began, time.perf_counter() - started))
