"""Sends calls at their moments, whether earlier ones are answered or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from query_load.calls import NOT_SENT, OK, Calls

from tenkay.errors import TenkayError

MOST_IN_FLIGHT = 2000
"""Calls that are not sent because so many are unanswered count as failed."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call came back with."""

    outcome: str = OK
    hit: bool = False


Call = Callable[[int], Awaitable[Answered]]
"""Makes the call at a place of the schedule. TenkayError when it failed."""


async def send(calls: Calls, call: Call, started: float) -> None:
    """Send all, in order, each at its moment after `started` (time.perf_counter's); return when all have ended."""
    running: set[asyncio.Task[None]] = set()

    async def one(place: int, sent: float) -> None:
        try:
            answered = await call(place)
        except TenkayError as error:
            answered = Answered(error.reason.value)
        calls.record(place, sent, time.perf_counter() - started, answered.outcome, hit=answered.hit)

    try:
        for place, moment in enumerate(calls.intended):
            now = time.perf_counter() - started
            if moment > now:
                await asyncio.sleep(moment - now)
                now = time.perf_counter() - started
            if len(running) >= MOST_IN_FLIGHT:
                await asyncio.sleep(0)
                calls.record(place, now, now, NOT_SENT)
                continue
            task = asyncio.create_task(one(place, now))
            running.add(task)
            task.add_done_callback(running.discard)
        while running:
            await asyncio.wait(running)
    finally:
        for task in running:
            task.cancel()


async def closed_loop(call: Call, count: int, in_flight: int) -> float:
    """Make `count` calls, so many at once, the next when one is answered; seconds that it took. Errors are raised."""
    places = iter(range(count))

    async def worker() -> None:
        for place in places:
            await call(place)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return time.perf_counter() - started
