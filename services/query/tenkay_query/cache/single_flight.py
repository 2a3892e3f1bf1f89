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

MOST_JOINED = 3
"""Work of others that a caller waits for and cannot use, before it does its own whatever others do."""


@dataclass(slots=True, eq=False)
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
    """The newest that came back with a lasting result while one of them was there."""


def _whatever(*_: object) -> bool:
    return True


class SingleFlight(Generic[Basis, Result]):
    """Work by key, shared by all who were there at the same time. Nothing is cached here: a result is kept only as long
    as somebody is there who came before the work was done.

    Each flight has a basis: what its starter knew. Another caller joins only when that is `good_enough` for it, and is
    given the result only when that `fits`; else it starts a flight of its own, which others then find beside the first.
    """

    def __init__(self, *, lasts: Callable[[Result], bool] = _whatever) -> None:
        """`lasts` says of a result whether it may be given to those who come to it when the work is done."""
        self._lasts = lasts
        self._flights: dict[str, list[_Flight[Basis, Result]]] = {}
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

    def is_at_hand(
        self,
        key: str,
        came: int,
        *,
        good_enough: Callable[[Basis], bool],
        fits: Callable[[Basis, Result], bool] = _whatever,
    ) -> bool:
        """Whether `do` would not start work now."""
        return self._landed(key, came, fits) is not None or self._flying(key, good_enough) is not None

    async def do(
        self,
        key: str,
        basis: Basis,
        work: Callable[[Basis], Awaitable[Result]],
        *,
        good_enough: Callable[[Basis], bool],
        fits: Callable[[Basis, Result], bool] = _whatever,
        came: int | None = None,
        context: Callable[[], contextvars.Context] = contextvars.copy_context,
    ) -> tuple[Result, bool]:
        """The result, and whether another caller's work gave it. The work's errors are raised.

        `came` is what `arrive` gave. None: only work under way is shared.

        The work goes on when its starter is cancelled, and is itself cancelled when nobody waits for it any more.
        """
        for _ in range(MOST_JOINED):
            landed = None if came is None else self._landed(key, came, fits)
            if landed is not None:
                return landed.task.result(), True
            flight = self._flying(key, good_enough)
            if flight is None:
                break
            result = await self._wait(key, flight)
            if fits(flight.basis, result):
                return result, True
        return await self._wait(key, self._start(key, basis, work, context())), False

    async def close(self) -> None:
        """Ends all work under way."""
        await tasks.end(*(flight.task for flights in self._flights.values() for flight in flights))

    async def _wait(self, key: str, flight: _Flight[Basis, Result]) -> Result:
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                flight.task.cancel()
                self._forget(key, flight)

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
        self._flights.setdefault(key, []).append(flight)
        flight.task.add_done_callback(lambda task: self._ended(key, flight, task))
        return flight

    def _ended(self, key: str, flight: _Flight[Basis, Result], task: asyncio.Task[Result]) -> None:
        self._forget(key, flight)
        # An exception is looked at, in case that nobody waits any more.
        if task.cancelled() or task.exception() is not None:
            return
        if key in self._present and self._lasts(task.result()):
            self._clock += 1
            flight.landed_at = self._clock
            self._present[key].landed = flight

    def _flying(self, key: str, good_enough: Callable[[Basis], bool]) -> _Flight[Basis, Result] | None:
        """The newest work under way that is good enough."""
        return next(
            (flight for flight in reversed(self._flights.get(key, ())) if good_enough(flight.basis)), None
        )

    def _landed(
        self, key: str, came: int, fits: Callable[[Basis, Result], bool]
    ) -> _Flight[Basis, Result] | None:
        present = self._present.get(key)
        landed = None if present is None else present.landed
        if landed is None or landed.landed_at < came or not fits(landed.basis, landed.task.result()):
            return None
        return landed

    def _forget(self, key: str, flight: _Flight[Basis, Result]) -> None:
        flights = self._flights.get(key, [])
        if flight in flights:
            flights.remove(flight)
        if not flights:
            self._flights.pop(key, None)
