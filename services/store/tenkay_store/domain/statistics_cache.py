"""Statistics that are counted once for all who ask within a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from tenkay_store.domain.statistics import Statistics
from tenkay_store.domain.storage import AnalyticalStore


class StatisticsCache:
    """The newest statistics, counted again when they are older than `seconds`."""

    def __init__(self, store: AnalyticalStore, seconds: float, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._keep = timedelta(seconds=seconds)
        self._clock = clock
        self._counting = asyncio.Lock()
        self._newest: Statistics | None = None

    async def get(self) -> Statistics:
        """The statistics, `seconds` old at most."""
        async with self._counting:
            newest = self._newest
            # A clock that was set back makes what was counted before look as if it came from the future.
            if newest is None or not timedelta(0) <= self._clock() - newest.counted_at < self._keep:
                newest = self._newest = await self._store.statistics()
            return newest
