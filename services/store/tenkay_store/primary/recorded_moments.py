"""Which moment each group of commits is recorded at, and whether all that is recorded up to a moment can be read.

A group has its moment when its rows are worked out, and can be read only after its COMMIT. A read of "what was recorded
by now" in between would say less than the same read later; so it waits for the group. And no group is recorded at a
moment that was read already, whatever becomes of the clock while this process runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from tenkay_store.primary.commit_tables import naive

_LEAST_STEP = timedelta(microseconds=1)


class RecordedMoments:
    """Moments without a zone, in UTC. The writing thread asks for new ones, the event loop reads; each has one lock."""

    def __init__(self, newest: datetime | None, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._newest = newest
        self._read: datetime | None = None
        self._unreadable: list[datetime] = []

    def begin(self) -> datetime:
        """The moment of the next group.

        A clock that was set back does not turn the order of commits around, nor give two groups one moment.
        """
        now = naive(self._clock())
        with self._lock:
            earlier = [
                each for each in (self._newest, self._read, *self._unreadable[-1:]) if each is not None
            ]
            at = max([now, *(each + _LEAST_STEP for each in earlier)])
            self._unreadable.append(at)
        return at

    def committed(self, at: datetime) -> None:
        """A group of this moment has changed what is stored."""
        with self._lock:
            self._newest = at

    @property
    def begun(self) -> datetime | None:
        """The newest group's moment, while it is not known that the group can be read or has failed."""
        with self._lock:
            return self._unreadable[-1] if self._unreadable else None

    def end(self, up_to: datetime) -> None:
        """The groups up to this moment can be read, or have failed."""
        with self._lock:
            self._unreadable = [each for each in self._unreadable if each > up_to]

    @property
    def newest(self) -> datetime:
        """The newest moment that anything may be recorded at: now, or that of the last group if the clock is behind."""
        now = naive(self._clock())
        with self._lock:
            return now if self._newest is None else max(now, self._newest)

    def is_readable(self, at: datetime) -> bool:
        """Whether all that is recorded at or before a moment can be read. From now on nothing more will be."""
        with self._lock:
            self._read = at if self._read is None else max(self._read, at)
            return not self._unreadable or self._unreadable[0] > at
