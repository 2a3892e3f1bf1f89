"""One piece of work for all who ask for the same thing at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenkay.runtime import tasks
from tenkay_fetcher.deadline import Deadline

Key = TypeVar("Key")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Flight(Generic[Result]):
    task: asyncio.Task[Result]
    deadline: Deadline


class SingleFlight(Generic[Key, Result]):
    """Work by key. Nothing is kept once the work is done: neither results nor errors are cached here."""

    def __init__(self) -> None:
        self._flights: dict[Key, _Flight[Result]] = {}

    async def do(self, key: Key, deadline: Deadline, work: Callable[[Deadline], Awaitable[Result]]) -> Result:
        """The result of `work`, or of the same key's work that is under way; the error of either is raised.

        The work runs until the latest deadline of those who wait for it. A caller that is cancelled leaves the others
        and the work alone.
        """
        flight = self._flights.get(key)
        if flight is None:
            # A copy: the caller's own must not move when somebody else joins.
            shared = deadline.copy()
            flight = _Flight(asyncio.ensure_future(self._run(key, shared, work)), shared)
            self._flights[key] = flight
        else:
            flight.deadline.extend(deadline)
        return await asyncio.shield(flight.task)

    async def _run(
        self, key: Key, deadline: Deadline, work: Callable[[Deadline], Awaitable[Result]]
    ) -> Result:
        try:
            return await work(deadline)
        finally:
            del self._flights[key]

    async def close(self) -> None:
        """Ends all work under way."""
        await tasks.end(*(flight.task for flight in self._flights.values()))
