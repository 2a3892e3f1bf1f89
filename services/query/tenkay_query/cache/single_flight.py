"""One question to the store for all who ask it at the same time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenkay.runtime import tasks

Result = TypeVar("Result")
Basis = TypeVar("Basis")


@dataclass(slots=True)
class _Flight(Generic[Basis, Result]):
    basis: Basis
    task: asyncio.Task[Result]
    waiting: int = 0
    landed_at: int = 0
    """0: it flies."""


@dataclass(slots=True)
class _Present(Generic[Basis, Result]):
    """Those between `arrive` and `leave` by one key."""

    callers: int = 0
    landed: _Flight[Basis, Result] | None = None
    """The newest that came back with a result while one of them was there."""


class SingleFlight(Generic[Basis, Result]):
    """Work by key, shared by all who were there at the same time. Nothing is cached here: a result is kept only as long
    as somebody is there who came before the work was done.

    Each flight has a basis: what its starter knew. Another caller joins only when that is good enough for it; else it
    starts a flight of its own, which later callers then find.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[Basis, Result]] = {}
        self._present: dict[str, _Present[Basis, Result]] = {}
        self._clock = 0

    def arrive(self, key: str) -> int:
        """A caller begins that may come to `do`: work done since then is as good for it as work under way. Its moment,
        to be handed to `do`; `leave` must follow."""
        present = self._present.get(key)
        if present is None:
            present = self._present[key] = _Present()
        present.callers += 1
        self._clock += 1
        return self._clock

    def leave(self, key: str) -> None:
        """It has what it wanted, or gives up."""
        present = self._present[key]
        present.callers -= 1
        if not present.callers:
            del self._present[key]

    def is_at_hand(self, key: str, came: int) -> bool:
        """Whether work by this key is under way, or has been done since `came`."""
        return key in self._flights or self._landed(key, came) is not None

    async def do(
        self,
        key: str,
        basis: Basis,
        work: Callable[[Basis], Awaitable[Result]],
        *,
        good_enough: Callable[[Basis], bool],
        came: int | None = None,
        context: Callable[[], contextvars.Context] = contextvars.copy_context,
    ) -> tuple[Result, bool]:
        """The result, and whether another caller's work gave it. The work's errors are raised.

        `came` is what `arrive` gave. None: only work under way is shared.

        The work goes on when its starter is cancelled, and is itself cancelled when nobody waits for it any more.
        """
        flight = self._flights.get(key)
        joined = flight is not None and good_enough(flight.basis)
        if not joined and came is not None:
            landed = self._landed(key, came)
            if landed is not None and good_enough(landed.basis):
                return landed.task.result(), True
        if flight is None or not joined:
            flight = self._flights[key] = self._start(key, basis, work, context())
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), joined
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                flight.task.cancel()
                self._forget(key, flight)

    async def close(self) -> None:
        """Ends all work under way."""
        await tasks.end(*(flight.task for flight in self._flights.values()))

    def _start(
        self,
        key: str,
        basis: Basis,
        work: Callable[[Basis], Awaitable[Result]],
        context: contextvars.Context,
    ) -> _Flight[Basis, Result]:
        async def run() -> Result:
            return await work(basis)

        flight = _Flight(basis, asyncio.get_running_loop().create_task(run(), context=context))
        flight.task.add_done_callback(lambda task: self._ended(key, flight, task))
        return flight

    def _ended(self, key: str, flight: _Flight[Basis, Result], task: asyncio.Task[Result]) -> None:
        self._forget(key, flight)
        # An exception is looked at, in case that nobody waits any more.
        if not task.cancelled() and task.exception() is None and key in self._present:
            self._clock += 1
            flight.landed_at = self._clock
            self._present[key].landed = flight

    def _landed(self, key: str, came: int) -> _Flight[Basis, Result] | None:
        present = self._present.get(key)
        if present is None or present.landed is None or present.landed.landed_at < came:
            return None
        return present.landed

    def _forget(self, key: str, flight: _Flight[Basis, Result]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
