"""The reconciler: whatever was lost on the way is done all the same.

Each sweep takes back leases that were not kept, and has everything dispatched again that the broker may have lost: all
of it when the broker has lost its memory or this service has just started; else as many filings as its queues are
short of, those sent first. Queues are first in, first out, so these are the ones that a worker took ahead and died
with, or whose messages expired. Where the worker is alive and only slow, a task too many finds no lease to take.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenkay.errors import TenkayError
from tenkay.runtime.logs import get_logger
from tenkay_pipeline.dispatcher import Broker, BrokerUnavailable, Dispatcher
from tenkay_pipeline.job_records import JobRecords, RecordThreads, StageLoad
from tenkay_pipeline.jobs import ItemState, RetryPolicy, Stage
from tenkay_pipeline.metrics import (
    BROKER_UP,
    LEASES_EXPIRED,
    REDISPATCHED,
)

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeps:
    """How often the reconciler looks, and what it takes for lost."""

    interval: timedelta
    resend_after: timedelta
    """A task that is not in its queue, and that no worker has asked about for so long, is lost."""


class Reconciler:
    """Sweeps at once and then at each interval."""

    def __init__(
        self,
        records: RecordThreads,
        broker: Broker,
        dispatcher: Dispatcher,
        policy: RetryPolicy,
        sweeps: Sweeps,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._broker = broker
        self._dispatcher = dispatcher
        self._policy = policy
        self._sweeps = sweeps
        self._clock = clock
        self._broker_memory: str | None = None

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            try:
                await self.sweep()
            except TenkayError as error:
                logger.error("sweep_put_off", cause=str(error))
            await asyncio.sleep(self._sweeps.interval.total_seconds())

    async def sweep(self) -> None:
        """One look at everything."""
        expired = await self._records.run(
            JobRecords.expire, now=self._clock(), policy=self._policy, jitter=random.random
        )
        for item in expired:
            self._dispatcher.wake_at(item.due_at)
            LEASES_EXPIRED.labels(item.stage.name).inc()
            logger.warning(
                "lease_expired",
                job_id=item.job_id,
                accession_number=item.accession_number,
                stage=item.stage.name,
                failed=item.state is ItemState.FAILED,
            )
        loads = await self._records.run(JobRecords.stage_loads, now=self._clock())
        forgotten = await self._send_lost_again(loads)
        if forgotten:
            REDISPATCHED.inc(forgotten)
            logger.warning("dispatching_again", filings=forgotten)
            self._dispatcher.wake(*Stage)

    async def _send_lost_again(self, loads: list[StageLoad]) -> int:
        """How many filings are dispatched again."""
        try:
            memory = await asyncio.to_thread(self._broker.memory)
            lost_all = memory != self._broker_memory
            forgotten = 0
            for load in loads:
                if lost_all:
                    lost, before = load.dispatched, self._clock()
                elif load.dispatched:
                    depth = await asyncio.to_thread(self._broker.depth, load.stage)
                    lost, before = load.dispatched - depth, self._clock() - self._sweeps.resend_after
                else:
                    continue
                if lost > 0:
                    forgotten += await self._records.run(
                        JobRecords.forget_dispatched, load.stage, before=before, limit=lost
                    )
        except BrokerUnavailable as error:
            BROKER_UP.set(0)
            logger.warning("broker_unavailable", cause=str(error))
            return 0
        BROKER_UP.set(1)
        self._broker_memory = memory
        return forgotten
