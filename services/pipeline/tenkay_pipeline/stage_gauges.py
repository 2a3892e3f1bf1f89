"""Keeps the gauges of what lies before each stage: what autoscalers and alerts look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from tenkay.errors import TenkayError
from tenkay.runtime.logs import get_logger
from tenkay_pipeline.job_records import JobRecords, RecordThreads, StageLoad
from tenkay_pipeline.metrics import ITEMS_DISPATCHED, ITEMS_RUNNING, ITEMS_WAITING, OLDEST_DUE_SECONDS

INTERVAL_SECONDS = 5.0

logger = get_logger(__name__)


async def keep_stage_gauges(records: RecordThreads, clock: Callable[[], datetime]) -> None:
    """Show them anew at each interval, for ever."""
    while True:
        try:
            loads = await records.run(JobRecords.stage_loads, now=clock())
        except TenkayError as error:
            logger.warning("stage_gauges_stale", cause=str(error))
        else:
            _show(loads, clock())
        await asyncio.sleep(INTERVAL_SECONDS)


def _show(loads: list[StageLoad], now: datetime) -> None:
    for load in loads:
        stage = load.stage.name
        ITEMS_WAITING.labels(stage).set(load.waiting)
        ITEMS_DISPATCHED.labels(stage).set(load.dispatched)
        ITEMS_RUNNING.labels(stage).set(load.running)
        oldest = load.oldest_due_at
        OLDEST_DUE_SECONDS.labels(stage).set(
            0 if oldest is None else max(0.0, (now - oldest).total_seconds())
        )
