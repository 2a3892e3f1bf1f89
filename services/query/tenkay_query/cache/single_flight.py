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


class SingleFlight(Generic[Basis, Result]):
    """Work by key. Nothing is kept once the work is done: neither results nor errors are cached here.

    Each flight has a basis: what its starter knew. A later caller joins only when that is good enough for it; else it
    starts a flight of its own, which later callers then find.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[Basis, Result]] = {}

    def is_flying(self, key: str) -> bool:
        """Whether work by this key is under way."""
        return key in self._flights

    async def do(
        self,
        key: str,
        basis: Basis,
        work: Callable[[Basis], Awaitable[Result]],
        *,
        good_enough: Callable[[Basis], bool],
        context: Callable[[], contextvars.Context] = contextvars.copy_context,
    ) -> tuple[Result, bool]:
        """The result, and whether another caller's work gave it. The work's errors are raised.

        The work goes on when its starter is cancelled, and is itself cancelled when nobody waits for it any more.
        """
        flight = self._flights.get(key)
        joined = flight is not None and good_enough(flight.basis)
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
        if not task.cancelled():
            task.exception()  # looked at, in case that nobody waits any more

    def _forget(self, key: str, flight: _Flight[Basis, Result]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
