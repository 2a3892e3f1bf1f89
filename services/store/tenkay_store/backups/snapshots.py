"""Snapshots of the primary: made beside it, verified, uploaded, and kept for as long as is said.

A snapshot is due by the clock, when somebody asks for one, and soon after a purge: what was purged is gone from the
backup once all that is older than such a snapshot has been deleted. Nothing about it is remembered but in the backup
and in the table of purges, so a kill at any moment leaves at most pieces that do not count, and they are removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tenkay.errors import TenkayError
from tenkay.runtime import tasks
from tenkay.runtime.logs import get_logger
from tenkay_store import metrics
from tenkay_store.backups.backup import FORMAT, Backup, DamagedSnapshot, Listing, Manifest, SnapshotName
from tenkay_store.backups.backup_owner import require_own
from tenkay_store.backups.commit_copy import CommitCopy
from tenkay_store.domain.storage import SnapshotStore

POLL_SECONDS = 1.0
FIRST_RETRY_SECONDS = 10.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """When snapshots are made, and how long they are kept."""

    hours: float
    """From one to the next; 0: only on demand and after purges."""
    after_purge_seconds: float
    """Longest time from a purge to the snapshot that lets older ones be deleted."""
    keep: int
    """Most snapshots kept."""
    keep_days: float
    """Age at which a snapshot is deleted; the newest one never is."""


class Snapshots:
    """Makes and keeps the snapshots of one store. `run` works until it is cancelled."""

    def __init__(
        self,
        store: SnapshotStore,
        backup: Backup,
        commit_copy: CommitCopy | None,
        options: SnapshotOptions,
        folder: Path,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
    ) -> None:
        """`folder` is for the copy while it is made; what is in it is removed."""
        self._store = store
        self._backup = backup
        self._copy = commit_copy
        self._options = options
        self._folder = folder
        self._clock = clock
        self._jitter = jitter
        self._one_at_a_time = asyncio.Lock()
        self._newest: SnapshotName | None = None
        self._looked = False
        self._making: set[asyncio.Task[Manifest]] = set()
        self._next: asyncio.Task[Manifest] | None = None
        """Waits for the one that is being made: whoever asks meanwhile waits for it too."""
        self._to_clean: tuple[SnapshotName, int] | None = None
        """A snapshot after which the older copies have not been looked through, and up to where commits were copied."""

    async def run(self) -> None:
        """Make snapshots when they are due, until cancelled."""
        failures = 0
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        while True:
            seconds = POLL_SECONDS
            try:
                if self._to_clean is not None:
                    await self._clean_up()
                elif await self._is_due():
                    await self.create()
                failures = 0
            except (TenkayError, OSError) as error:
                failures += 1
                logger.error("snapshot_failed", problem=str(error), failures=failures)
                most = max(FIRST_RETRY_SECONDS, self._options.hours * 3600 / 10)
                seconds = self._jitter(min(most, FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 20)))
            await asyncio.sleep(seconds)

    async def create(self) -> Manifest:
        """Make a snapshot of what is committed now. It goes on when the caller goes away.

        BACKUP_UNUSABLE, DEPENDENCY_UNAVAILABLE, DISK_FULL: there is none then.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._create(), name="store-snapshot")
            self._making.add(self._next)
            self._next.add_done_callback(self._done)
        return await asyncio.shield(self._next)

    async def present(self, before: SnapshotName | None = None, limit: int = 1000) -> list[Manifest]:
        """The snapshots there are or those before one, the newest first. What cannot be read is left out and logged."""
        found: list[Manifest] = []
        for name in reversed((await self._backup.list()).snapshots):
            if len(found) == limit:
                break
            if before is not None and name >= before:
                continue
            try:
                found.append(await self._backup.manifest(name))
            except DamagedSnapshot as problem:
                logger.error("snapshot_damaged", snapshot=str(name), problem=str(problem))
        return found

    async def close(self) -> None:
        """Stop what is being made; its pieces do not count and are removed by the next store."""
        await tasks.end(*self._making)

    async def observe(self) -> None:
        """Set the gauges."""
        if self._newest is not None:
            metrics.SNAPSHOT_SEQUENCE.set(self._newest.sequence)
            metrics.SNAPSHOT_AGE_SECONDS.set((self._clock() - self._newest.made_at).total_seconds())
        if self._copy is not None:
            metrics.COPY_AGE_SECONDS.set(self._copy.age_seconds)
        metrics.UNCLEAN_PURGES.set(await self._store.unclean_purges() is not None)

    def _done(self, making: asyncio.Task[Manifest]) -> None:
        self._making.discard(making)
        failed = making.cancelled() or making.exception() is not None
        metrics.SNAPSHOTS.labels("failed" if failed else "ok").inc()

    async def _is_due(self) -> bool:
        if not self._looked:
            # Also of an earlier process: a store that is restarted often is not copied at each start.
            listing = await self._backup.list()
            # At once, and not when one is due: that may be in a day, and another store's look like ours.
            await require_own(self._backup, self._store, listing)
            self._newest = listing.snapshots[-1] if listing.snapshots else None
            self._looked = True
        now = self._clock()
        purges = await self._store.unclean_purges()
        if purges is not None and now >= purges[1] + timedelta(seconds=self._options.after_purge_seconds):
            return True
        if self._copy is not None and self._copy.waits_for_snapshot:
            return True
        if not self._options.hours:
            return False
        return self._newest is None or now >= self._newest.made_at + timedelta(hours=self._options.hours)

    async def _create(self) -> Manifest:
        async with self._one_at_a_time:
            self._next = None
            listing = await self._backup.list()
            await require_own(self._backup, self._store, listing)
            # Before the snapshot, so that no part reaches from before it to after it: see _clean.
            copied = await self._copy.flush() if self._copy is not None else None
            manifest = await self._make(listing)
            self._newest = manifest.name
            if self._copy is not None:
                self._copy.follow(manifest.sequence)
            logger.info("snapshot_made", sequence=manifest.sequence, size_bytes=manifest.size_bytes)
            self._to_clean = manifest.name, manifest.sequence if copied is None else copied
            try:
                await self._clean(*self._to_clean)
            except TenkayError as error:
                # There is a snapshot all the same; `run` comes back to the rest.
                logger.warning("older_copies_not_deleted", problem=error.message)
            return manifest

    async def _clean_up(self) -> None:
        async with self._one_at_a_time:
            if self._to_clean is not None:
                await self._clean(*self._to_clean)

    async def _make(self, listing: Listing) -> Manifest:
        file = self._folder / "snapshot.duckdb"
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        try:
            with _timed("copy"):
                state = await self._store.write_snapshot(file)
            made_at = self._clock().replace(microsecond=0)
            while SnapshotName(state.sequence, made_at) in listing.snapshots:
                made_at += timedelta(seconds=1)
            manifest = Manifest(
                format=FORMAT,
                shard=self._backup.shard,
                sequence=state.sequence,
                made_at=made_at,
                schema_version=state.schema_version,
                duckdb_version=state.duckdb_version,
                storage_version=state.storage_version,
                rows=state.rows,
                pieces=(),
                store_id=self._store.store_id,
            )
            with _timed("upload"):
                return await self._backup.put_snapshot(file, manifest)
        finally:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _clean(self, newest: SnapshotName, copied: int) -> None:
        """Delete what is no longer kept, and what holds purged filings.

        Up to `copied` all commits are in parts that end there or before, so none of a purge up to there is in a part
        that has to be kept beside the newest snapshot.
        """
        listing = await self._backup.list()
        purges = await self._store.unclean_purges()
        kept = self._kept(listing, newest) if purges is None else [newest]
        gone = [name for name in (*listing.snapshots, *listing.unfinished) if name not in kept]
        await self._backup.delete_snapshots(gone, listing)
        oldest = min(name.sequence for name in kept)
        await self._backup.delete_parts([part for part in listing.parts if part.range.up_to <= oldest])
        if purges is not None:
            await self._store.mark_copies_clean(min(copied, newest.sequence), self._clock())
        self._to_clean = None

    def _kept(self, listing: Listing, newest: SnapshotName) -> list[SnapshotName]:
        earliest = newest.made_at - timedelta(days=self._options.keep_days)
        return [
            name
            for name in listing.snapshots[-self._options.keep :]
            if name.made_at >= earliest or name == newest
        ]


@contextlib.contextmanager
def _timed(step: str) -> Iterator[None]:
    with metrics.SNAPSHOT_SECONDS.labels(step).time():
        yield
