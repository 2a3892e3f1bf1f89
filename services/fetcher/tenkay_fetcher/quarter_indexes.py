"""The quarterly indexes on disk: asked for again only when EDGAR says that they have changed."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.blob_store import BlobStore
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import EdgarSource, Outcome, unreadable
from tenkay_fetcher.edgar_urls import EdgarUrls
from tenkay_fetcher.form_index import IndexSelection, read_form_index
from tenkay_fetcher.single_flight import SingleFlight
from tenkay_fetcher.submissions import Listing

MAX_READERS = 2
"""Indexes read at once: a whole quarter is up to 400,000 rows."""


class QuarterIndexes:
    """Form indexes as files under `folder`, whose modification time is EDGAR's Last-Modified."""

    def __init__(self, edgar: EdgarSource, urls: EdgarUrls, blobs: BlobStore, folder: Path) -> None:
        self._edgar = edgar
        self._urls = urls
        self._blobs = blobs
        self._folder = folder
        self._flights: SingleFlight[tuple[int, int], bool] = SingleFlight()
        self._readers = asyncio.Semaphore(MAX_READERS)

    async def close(self) -> None:
        """Ends what is under way."""
        await self._flights.close()

    async def select(
        self, year: int, quarter: int, selection: IndexSelection, deadline: Deadline
    ) -> tuple[Listing, ...] | None:
        """The rows of a quarter's index that are selected, oldest first; none when EDGAR has no such index."""

        async def refresh(until: Deadline) -> bool:
            return await self._refresh(year, quarter, until)

        if not await self._flights.do((year, quarter), deadline, refresh):
            return None
        async with self._readers:
            return await asyncio.to_thread(self._read, year, quarter, selection)

    async def _refresh(self, year: int, quarter: int, deadline: Deadline) -> bool:
        file = self._file(year, quarter)
        held = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None
        with self._blobs.writer() as writer:
            try:
                answer = await self._edgar.fetch(
                    self._urls.form_index(year, quarter), writer, deadline=deadline, if_modified_since=held
                )
            except TenkayError as error:
                if error.reason is Reason.SUBMISSION_TOO_LARGE:
                    raise unreadable(f"the form index of {year} QTR{quarter} is too large") from error
                raise
            if answer.outcome is Outcome.FOUND:
                await asyncio.to_thread(writer.place, file)
                # Without a Last-Modified the file counts as old: it is asked for again, unconditionally in effect.
                modified = answer.last_modified.timestamp() if answer.last_modified else 0.0
                os.utime(file, (modified, modified))
        return answer.outcome is not Outcome.MISSING

    def _read(self, year: int, quarter: int, selection: IndexSelection) -> tuple[Listing, ...]:
        with self._file(year, quarter).open("rb") as file:
            return read_form_index(file, selection)

    def _file(self, year: int, quarter: int) -> Path:
        return self._folder / f"{year}-QTR{quarter}-form.idx"
