"""What callers ask of the pipeline: jobs made, shown, listed and watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from tenkay.runtime.logs import get_logger
from tenkay_pipeline.job_records import JobRecords, RecordThreads, RequestIdTaken
from tenkay_pipeline.jobs import Item, ItemState, Job
from tenkay_pipeline.metrics import FILINGS_SUBMITTED, JOBS_SUBMITTED
from tenkay_pipeline.submission import Listings, Selection, find_filings, request_id_reused

WATCH_INTERVAL_SECONDS = 0.25

logger = get_logger(__name__)


class JobDesk:
    """Makes jobs of selections and tells how they stand."""

    def __init__(
        self,
        records: RecordThreads,
        listings: Listings,
        wake_dispatcher: Callable[[], None],
        new_job_id: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._listings = listings
        self._wake_dispatcher = wake_dispatcher
        self._new_job_id = new_job_id
        self._clock = clock

    async def submit(self, selection: Selection, traceparent: str) -> Job:
        """The job of a selection: on disk when this returns, whatever the broker does.

        The same request_id with the same arguments gives the same job; with others REQUEST_ID_REUSED. Errors of
        `find_filings` come before anything is recorded.
        """
        made_before = await self._made_before(selection)
        if made_before is not None:
            return made_before
        listings = await find_filings(selection, self._listings)
        try:
            job = await self._records.run(
                JobRecords.add_job,
                job_id=self._new_job_id(),
                request_id=selection.request_id,
                arguments_digest=selection.digest(),
                traceparent=traceparent,
                listings=listings,
                now=self._clock(),
            )
        except RequestIdTaken:
            # The same submission came twice at once, and the other one was first.
            made_meanwhile = await self._made_before(selection)
            if made_meanwhile is None:
                raise
            return made_meanwhile
        JOBS_SUBMITTED.inc()
        FILINGS_SUBMITTED.inc(len(listings))
        logger.info("job_recorded", job_id=job.id, filings=len(listings))
        self._wake_dispatcher()
        return job

    async def job(self, job_id: str) -> Job:
        """The job as it stands. JOB_UNKNOWN."""
        return await self._records.run(JobRecords.get_job, job_id)

    async def items(
        self, job_id: str, *, state: ItemState | None, after_position: int, limit: int
    ) -> list[Item]:
        """Filings of a job in the order of submission, after a position. JOB_UNKNOWN."""
        return await self._records.run(
            JobRecords.list_items, job_id, state=state, after_position=after_position, limit=limit
        )

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """The job now and at each change, at most four times a second; the last one is finished. JOB_UNKNOWN."""
        shown: Job | None = None
        while shown is None or shown.finished_at is None:
            job = await self.job(job_id)
            if job != shown:
                yield job
                shown = job
            if job.finished_at is None:
                await asyncio.sleep(WATCH_INTERVAL_SECONDS)

    async def _made_before(self, selection: Selection) -> Job | None:
        found = await self._records.run(JobRecords.find_submission, selection.request_id)
        if found is None:
            return None
        job, digest = found
        if digest != selection.digest():
            raise request_id_reused(selection.request_id)
        return job
