"""Places at the store for those who wait on an event loop; see `fair_places` for who is next.

A question is turned away at once, with a time to come back, when too many of its class wait, or when its caller's time
will be over before it could be served; and after a while of waiting in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from tenkay.errors import Reason, TenkayError, failure
from tenkay_query import metrics
from tenkay_query.admission.fair_places import FairPlaces, Ticket, TicketState
from tenkay_query.admission.work_class import WorkClass

LEAST_RETRY_SECONDS, MOST_RETRY_SECONDS = 0.1, 5.0


class StoreSlots:
    """For one event loop."""

    def __init__(
        self, places: FairPlaces, wait_seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = places
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._waits = {work: metrics.STORE_WAIT_SECONDS.labels(work) for work in WorkClass}

    def holding(self, work: WorkClass) -> int:
        """How many of the class ask the store now."""
        return self._places.holding(work)

    def waiting(self, work: WorkClass) -> int:
        """How many of the class wait."""
        return self._places.waiting(work)

    def service_seconds(self, work: WorkClass) -> float | None:
        """What a question of the class takes at the store lately. None: none was asked yet."""
        return self._places.service_seconds(work)

    def require_time(self, work: WorkClass, seconds: float | None) -> None:
        """TOO_MANY_CALLS when `seconds`, a caller's remaining time, is less than what the class takes now."""
        if seconds is None:
            return
        expected = self._places.expected_seconds(work)
        if expected is not None and seconds < expected:
            raise self._turned_away(
                work,
                "deadline",
                f"the store takes {expected:.2f} s for this now, and the call has {seconds:.2f} s left; "
                "come back in a moment or allow more time",
            )

    @contextlib.asynccontextmanager
    async def hold(self, work: WorkClass) -> AsyncIterator[None]:
        """A place among those that ask. TOO_MANY_CALLS when there is none in time."""
        ticket = self._places.arrive(work, self._clock())
        if ticket is None:
            raise self._turned_away(
                work,
                "queue_full",
                f"{self._places.waiting(work)} questions of this class wait for the store; come back in a moment",
            )
        try:
            if ticket.state is TicketState.WAITING:
                came = self._clock()
                await self._wait(ticket)
                self._waits[work].observe(self._clock() - came)
            yield
        finally:
            self._leave(ticket)

    async def _wait(self, ticket: Ticket) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = place
        try:
            async with asyncio.timeout(self._wait_seconds):
                await place
        except TimeoutError:
            raise self._turned_away(
                ticket.work,
                "waited",
                f"the store had no place within {self._wait_seconds:g} s; come back in a moment",
            ) from None
        finally:
            self._waiting.pop(ticket, None)

    def _leave(self, ticket: Ticket) -> None:
        for next_one in self._places.leave(ticket, self._clock()):
            place = self._waiting.get(next_one)
            if place is not None and not place.done():
                place.set_result(None)

    def _turned_away(self, work: WorkClass, cause: str, message: str) -> TenkayError:
        metrics.STORE_REFUSED.labels(work, cause).inc()
        after = min(max(self._places.expected_wait_seconds(work), LEAST_RETRY_SECONDS), MOST_RETRY_SECONDS)
        return failure(Reason.TOO_MANY_CALLS, message, retry_after=after)
