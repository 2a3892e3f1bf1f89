"""Copies what is committed to the backup, part after part: what a lost disk can lose is what came after the last one.

Every few seconds what was committed since goes as one part, or as several where it is much. The newest commits are in
memory up to a bound; what is older, after a restart or while the object storage was away, is read back. A part follows
the one before it without a gap. The first follows a snapshot: until there is one, nothing is copied.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenkay.errors import TenkayError
from tenkay.runtime.logs import get_logger
from tenkay_store import metrics
from tenkay_store.backups import commit_parts
from tenkay_store.backups.backup import Backup, Listing, timeline
from tenkay_store.backups.backup_owner import require_own
from tenkay_store.backups.commit_parts import Range
from tenkay_store.domain.records import Change, CommitRecord
from tenkay_store.domain.storage import AnalyticalStore

READ_BACK_COMMITS, READ_AT_ONCE = 50, 5
"""Commits of a part that is read back at most, and those read back in one query."""
LONGEST_RETRY_SECONDS = 60.0
LAST_FLUSH_SECONDS = 5.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """How often and how much at once."""

    window_seconds: float
    """What a lost disk may lose, as long as the object storage keeps up: commits are looked for twice in it."""
    part_bytes: int
    """Size of the commits in one part, about; a single larger one goes alone."""
    memory_bytes: int
    """Size of the newest commits held in memory."""


class CommitCopy:
    """Follows a store's commits from its making on. `run` works until it is cancelled."""

    def __init__(
        self,
        store: AnalyticalStore,
        backup: Backup,
        limits: CopyLimits,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
    ) -> None:
        self._store = store
        self._backup = backup
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._one_at_a_time = asyncio.Lock()
        self._position: int | None = None
        """The newest commit that is copied; None before that is known, and while there is no snapshot to follow."""
        self._looked = False
        """Whether the backup was asked how far it reaches."""
        self._whole_at = clock()
        """A moment by which all that was committed then is copied, or was when this process started."""
        self._recent: deque[CommitRecord] = deque()
        self._recent_bytes = 0
        self._recent_after = store.head
        """All commits after it are in memory."""
        store.on_commit(self._take)

    async def run(self) -> None:
        """Copy until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            # A commit waits for the next look, and then for the upload.
            due = loop.time() + self._limits.window_seconds / 2
            try:
                await self.flush()
                failures = 0
            except TenkayError as error:
                failures += 1
                metrics.COPY_PARTS.labels("failed").inc()
                logger.warning("commits_not_copied", problem=error.message, behind_seconds=self.age_seconds)
                longest = max(LONGEST_RETRY_SECONDS, self._limits.window_seconds)
                wait = min(longest, self._limits.window_seconds * 2 ** min(failures - 1, 20))
                due = loop.time() + self._jitter(wait)
            await asyncio.sleep(due - loop.time())

    async def close(self) -> None:
        """Copy what is left, if the object storage takes it within a moment."""
        with contextlib.suppress(TenkayError, TimeoutError):
            async with asyncio.timeout(LAST_FLUSH_SECONDS):
                await self.flush()

    @property
    def age_seconds(self) -> float:
        """How long ago the oldest commit may have been made that is not copied; 0 when all are."""
        if self._position is not None and self._position >= self._store.head:
            return 0.0
        return max(0.0, (self._clock() - self._whole_at).total_seconds())

    @property
    def waits_for_snapshot(self) -> bool:
        """Whether nothing is copied because there is no snapshot to follow."""
        return self._looked and self._position is None

    async def flush(self) -> int | None:
        """Copy all that is committed by now; the position then. BACKUP_UNUSABLE, DEPENDENCY_UNAVAILABLE."""
        async with self._one_at_a_time:
            if not self._looked:
                await self._find_position()
                self._looked = True
            if self._position is None:
                return None
            # As of now: under a load that never ends there is always more.
            head, now = self._store.head, self._clock()
            position = self._position
            while position < head:
                covered, records = await self._next(position, head)
                written = await self._backup.put_part(covered, records)
                metrics.COPY_PARTS.labels("ok").inc()
                metrics.COPY_BYTES.inc(written)
                position = covered.up_to
                self._advance(position)
            self._whole_at = now
            return position

    def follow(self, snapshot_sequence: int) -> None:
        """Start after a snapshot, when there was none to follow before."""
        if self._position is None:
            self._advance(snapshot_sequence)

    async def _find_position(self) -> None:
        listing = await self._backup.list()
        await require_own(self._backup, self._store, listing)
        self._position = continued_from(listing, self._store.head)
        if self._position is not None and self._position < self._store.head:
            first = await self._store.commits_after(self._position, 1)
            for record in await self._store.commit_records(first):
                self._whole_at = min(self._whole_at, record.recorded_at)

    async def _next(self, position: int, head: int) -> tuple[Range, Sequence[CommitRecord]]:
        if position >= self._recent_after:
            return self._from_memory(position, head)
        return await self._read_back(position, head)

    async def _read_back(self, position: int, head: int) -> tuple[Range, Sequence[CommitRecord]]:
        sequences = await self._store.commits_after(position, READ_BACK_COMMITS)
        taken: list[CommitRecord] = []
        size = 0
        for start in range(0, len(sequences), READ_AT_ONCE):
            # A commit that is not there any more was purged, and its purge follows.
            for record in await self._store.commit_records(sequences[start : start + READ_AT_ONCE]):
                # The database does not keep how large the commit was.
                size += await asyncio.to_thread(commit_parts.size_of, record)
                if taken and size > self._limits.part_bytes:
                    return Range(position, taken[-1].sequence), taken
                taken.append(record)
        up_to = sequences[-1] if len(sequences) == READ_BACK_COMMITS else max([head, *sequences])
        return Range(position, up_to), taken

    def _from_memory(self, position: int, head: int) -> tuple[Range, Sequence[CommitRecord]]:
        taken: list[CommitRecord] = []
        size = 0
        for record in self._recent:
            if record.sequence <= position:
                continue
            if record.sequence > head:
                break
            if taken and size + record.body.size_bytes > self._limits.part_bytes:
                return Range(position, taken[-1].sequence), taken
            taken.append(record)
            size += record.body.size_bytes
        return Range(position, head), taken

    def _advance(self, position: int) -> None:
        self._position = position
        while self._recent and self._recent[0].sequence <= position:
            self._drop_oldest()

    def _take(self, records: Sequence[CommitRecord], _changes: Sequence[Change]) -> None:
        for record in records:
            self._recent.append(record)
            self._recent_bytes += record.body.size_bytes
        while self._recent_bytes > self._limits.memory_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        record = self._recent.popleft()
        self._recent_bytes -= record.body.size_bytes
        self._recent_after = max(self._recent_after, record.sequence)


def continued_from(listing: Listing, head: int) -> int | None:
    """The newest commit that is copied; None when there is no snapshot to follow, or the parts have a gap after it."""
    snapshots = [each.sequence for each in listing.snapshots if timeline(each.sequence) == timeline(head)]
    if not snapshots:
        return None
    parts = listing.chain(min(snapshots))
    if not parts:
        return max(snapshots)
    position = min(snapshots)
    for part in parts:
        # What a gap lacks is in a snapshot that was made after it.
        if part.range.after > max(position, *snapshots):
            return None
        position = max(position, part.range.up_to)
    return position
