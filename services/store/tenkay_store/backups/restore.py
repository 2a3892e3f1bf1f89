"""Rebuilds a lost store: a snapshot, the copied commits after it, and what the second sink has beyond them.

Commits go through the writer's own way, with the sequence, version and moment they had. Where the copies have a gap, at
their end above all, the second sink is asked; what nobody has is told and not guessed. The new store is built beside
its place and moved there when it is whole, so a restore that was killed is simply begun again.

Sequences of the lost store are never given again: the new one goes on at the next multiple of `backup.TIMELINE` beyond
all that anybody shows. A follower of the change feed that has seen more than is certainly here is told that its
position has expired, and starts over.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, TypeVar

from tenkay.errors import Reason, TenkayError, failure
from tenkay_store.backups.backup import (
    TIMELINE,
    Backup,
    DamagedSnapshot,
    Listing,
    Manifest,
    SnapshotName,
    timeline,
)
from tenkay_store.backups.commit_parts import DamagedPart, Range
from tenkay_store.backups.restore_report import Problem, Report, Until
from tenkay_store.domain.records import ArtifactKind, Change, CommitRecord, Extraction, Purge
from tenkay_store.objects.artifact_store import held_digests
from tenkay_store.objects.object_store import ObjectStore
from tenkay_store.primary import duckdb_feed, duckdb_identity
from tenkay_store.primary.acknowledged import FILE_NAME as MARK_NAME
from tenkay_store.primary.commit_work import Reapply, Resume, Settle
from tenkay_store.primary.duckdb_artifacts import MissingArtifacts
from tenkay_store.primary.duckdb_commits import CommitWriter
from tenkay_store.primary.duckdb_file import logs_of
from tenkay_store.primary.duckdb_owner import FILE_NAME, LOCK_NAME, CannotOpen, DuckDBOwner, Limits, lock

Grouped = TypeVar("Grouped")

WORK_FOLDER = "restoring"
GROUP = 50
"""Commits in one transaction."""
CHECKPOINT_BYTES = 64 * 1024 * 1024
MAX_NAMED = 1000
"""Commits that a report names one by one, of a kind."""


class SecondSink(Protocol):
    """What another database has of the commits."""

    async def store_id(self) -> str | None:
        """The store whose commits are there; None when nobody has claimed it."""

    async def newest_sequence(self) -> int:
        """The newest commit that is there; 0 when there is none."""

    def commits(self, after: int, up_to: int | None) -> AsyncIterator[CommitRecord]:
        """The commits after a sequence and up to another, in order. None: all after it."""


async def restore(
    backup: Backup,
    directory: Path,
    *,
    second_sink: SecondSink | None,
    sink_name: str | None,
    artifacts: ObjectStore,
    until: Until,
    limits: Limits,
    clock: Callable[[], datetime],
    tell: Callable[[str], None],
) -> Report:
    """Make the store in `directory`, which has none. `sink_name` is what the outbox is to deliver to, if to anything.

    In `artifacts` are the texts and facts: they are not touched, only looked for.

    INVALID_FIELD when there is a store or the directory cannot be used; BACKUP_UNUSABLE when there is nothing to
    restore; DISK_FULL; DEPENDENCY_UNAVAILABLE. Then nothing has changed.
    """
    held = await asyncio.to_thread(_take_empty, directory)
    work = directory / WORK_FOLDER
    with held:
        try:
            report = await _Restore(
                backup, work, second_sink, sink_name, artifacts, until, limits, clock, tell
            ).run()
            await asyncio.to_thread(_move_into_place, work, directory)
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
    return report


class _Restore:
    """One restore into a folder of its own."""

    def __init__(
        self,
        backup: Backup,
        work: Path,
        second_sink: SecondSink | None,
        sink_name: str | None,
        artifacts: ObjectStore,
        until: Until,
        limits: Limits,
        clock: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._backup = backup
        self._work = work
        self._second_sink = second_sink
        self._sink_name = sink_name
        self._artifacts = artifacts
        self._until = until
        self._limits = limits
        self._clock = clock
        self._tell = tell
        self._report = Report()
        self._position = 0
        """All up to this commit has been looked at."""
        self._put_back: set[str] = set()
        """Filings that were put back or purged after the snapshot: their marks are set when all are there."""
        self._refused: list[tuple[int, str, str]] = []
        """Sequence, accession number and reason."""

    async def run(self) -> Report:
        listing = await self._backup.list()
        newest, sinks_store = 0, None
        if self._second_sink is not None:
            newest = await self._second_sink.newest_sequence()
            sinks_store = await self._second_sink.store_id()
        newest = max(newest, listing.newest_sequence)
        if newest == 0 and not listing.snapshots:
            raise failure(
                Reason.BACKUP_UNUSABLE,
                f"there is nothing of shard {self._backup.shard} to restore from; check the address, and the shard",
            )
        owner, store_id = await self._open_snapshot(listing)
        try:
            store_id = await self._backup.owner() or store_id
            if store_id is not None and sinks_store not in (None, store_id):
                raise failure(
                    Reason.SINK_UNUSABLE,
                    f"the second sink holds the commits of the store {sinks_store}, and the backup those of "
                    f"{store_id}; name the lost store's, or leave it out",
                )
            # It goes on as the store that was lost, wherever that one has written.
            if (lost := store_id or sinks_store) is not None:
                await asyncio.to_thread(duckdb_identity.become, owner.writer, lost)
            writer = CommitWriter(
                owner,
                clock=self._clock,
                sink=self._sink_name,
                min_free_bytes=0,
                checkpoint_wal_bytes=CHECKPOINT_BYTES,
            )
            await self._put_back_commits(writer, listing)
            if writer.head == 0 and self._until != Until():
                raise failure(
                    Reason.BACKUP_UNUSABLE,
                    f"nothing is left of before the end that --until gives: {_oldest(listing)}; give a later one",
                )
            self._close_report(owner, newest)
            await self._look_for_artifacts(owner)
            resumed_at = self._report.resumed_at
            await asyncio.to_thread(writer.apply, [Resume(self._report.complete_up_to, resumed_at)])
            for numbers in _groups(sorted(self._put_back)):
                await asyncio.to_thread(writer.apply, [Settle(tuple(numbers), resumed_at)])
            await asyncio.to_thread(owner.writer.execute, "CHECKPOINT")
        finally:
            await owner.close()
        return self._report

    async def _open_snapshot(self, listing: Listing) -> tuple[DuckDBOwner, str | None]:
        """The newest snapshot that is whole and of before the end, opened, and whose it says it is.

        An empty store when there is none.
        """
        for name in reversed(listing.snapshots):
            if not self._until.admits(*_end_of(name)):
                continue
            try:
                manifest = await self._backup.manifest(name)
                owner = await self._fetch(manifest)
            except DamagedSnapshot as problem:
                self._damaged(f"snapshot {name}", str(problem))
                continue
            self._report.snapshot = name
            self._tell(
                f"began with the snapshot of commit {name.sequence}, made {name.made_at:%Y-%m-%d %H:%M:%S} UTC"
            )
            return owner, manifest.store_id
        self._tell("no snapshot can be used; began with an empty store")
        return DuckDBOwner.open(self._work, self._limits, self._clock()), None

    async def _fetch(self, manifest: Manifest) -> DuckDBOwner:
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        await self._backup.fetch_snapshot(manifest, self._work / FILE_NAME)
        try:
            owner = DuckDBOwner.open(self._work, self._limits, self._clock())
        except CannotOpen as error:
            raise DamagedSnapshot(str(error)) from error
        sequence, _ = duckdb_feed.head(owner.writer)
        if sequence != manifest.sequence:
            await owner.close()
            raise DamagedSnapshot(f"its newest commit is {sequence}")
        return owner

    async def _put_back_commits(self, writer: CommitWriter, listing: Listing) -> None:
        """The commits after the snapshot in their order: the parts, and the second sink's in the gaps between them."""
        self._position = writer.head
        reached = 0
        for part in listing.parts:
            if part.range.after < reached:
                self._damaged(
                    f"the copy of commits {part.range.after + 1} to {part.range.up_to}",
                    f"another one, up to {reached}, overlaps it: two stores have written to this backup",
                )
            reached = max(reached, part.range.up_to)
            if part.range.up_to <= self._position:
                continue
            if self._until.sequence is not None and part.range.after >= self._until.sequence:
                break
            if part.range.after > self._position:
                await self._fill(writer, part.range.after)
            try:
                records = await self._backup.part(part)
            except DamagedPart as problem:
                self._damaged(f"the copy of commits {self._position + 1} to {part.range.up_to}", str(problem))
                await self._fill(writer, part.range.up_to)
                continue
            for group in _groups(each for each in records if each.sequence > self._position):
                self._report.from_copy += len(await self._apply(writer, group))
            self._position = part.range.up_to
        self._tell(f"put back {self._report.from_copy:,} copied commits")
        await self._fill(writer, None)
        known = self._known_to_have_been(listing)
        if self._position < known:
            self._lose(known)

    def _known_to_have_been(self, listing: Listing) -> int:
        """A commit up to which, by the backup's names alone, there were commits before the end."""
        if self._until.sequence is not None:
            return min(self._until.sequence, listing.newest_sequence)
        return max(
            (each.sequence for each in listing.snapshots if self._until.admits(*_end_of(each))), default=0
        )

    async def _fill(self, writer: CommitWriter, up_to: int | None) -> None:
        """What the second sink has from the position on, up to a sequence or to the end; the rest of it is lost."""
        if self._second_sink is not None:
            last = self._until.sequence if up_to is None else up_to
            group: list[CommitRecord] = []
            async for record in self._second_sink.commits(self._position, last):
                group.append(record)
                if len(group) == GROUP:
                    await self._put_back_found(writer, group)
                    group = []
            await self._put_back_found(writer, group)
        if up_to is not None and self._position < up_to:
            self._lose(up_to)

    async def _put_back_found(self, writer: CommitWriter, group: Sequence[CommitRecord]) -> None:
        for written in await self._apply(writer, group):
            self._report.from_second_sink += 1
            if isinstance(written.record.body, Purge) and len(self._report.purges_without_record) < MAX_NAMED:
                self._report.purges_without_record.append(written.record.accession_number)
            # A commit may have changes of its own before and after it, such as the one that tells a former company.
            if written.changes[0].sequence > self._position + 1:
                self._lose(written.changes[0].sequence - 1)
            self._position = written.changes[-1].sequence

    async def _apply(self, writer: CommitWriter, group: Sequence[CommitRecord]) -> list[_PutBack]:
        """Put commits back; those that could be."""
        wanted = [each for each in group if self._until.admits(each.sequence, each.recorded_at)]
        if not wanted:
            return []
        put_back: list[_PutBack] = []
        outcomes = await asyncio.to_thread(writer.apply, [Reapply(each) for each in wanted])
        await asyncio.to_thread(writer.between, True)
        for record, outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, TenkayError):
                self._refused.append((record.sequence, record.accession_number, outcome.message))
            elif outcome.changes:
                if isinstance(record.body, Extraction | Purge):
                    self._put_back.add(record.accession_number)
                put_back.append(_PutBack(record, outcome.changes))
        return put_back

    def _lose(self, up_to: int) -> None:
        """Note that what is between the position and a sequence is lost."""
        # Where an earlier restore resumed, the numbers before were never given. What the store had before that one and
        # nobody has told of by now, nobody has.
        self._position = max(self._position, timeline(up_to) * TIMELINE)
        if self._position >= up_to:
            return
        lost = self._report.lost
        if len(lost) < MAX_NAMED:
            lost.append(Range(self._position, up_to))
        else:
            lost[-1] = Range(lost[-1].after, up_to)
        self._position = up_to

    def _damaged(self, what: str, why: str) -> None:
        self._tell(f"{what} cannot be used: {why}")
        self._report.damaged.append(Problem(what, why))

    async def _look_for_artifacts(self, owner: DuckDBOwner) -> None:
        missing = MissingArtifacts(owner.writer)
        for kind in ArtifactKind:
            async with aclosing(held_digests(self._artifacts, kind)) as batches:
                async for digests in batches:
                    missing.hold(kind, digests)
        self._report.missing_artifact_count = missing.count()
        self._report.missing_artifacts = [
            Problem(f"the {kind.value.lower()} {sha256} of {accession_number}", "it is not held")
            for accession_number, kind, sha256 in missing.named_by(MAX_NAMED)
        ]

    def _close_report(self, owner: DuckDBOwner, newest_seen: int) -> None:
        report = self._report
        # A commit that was refused for want of another one does not matter when its filing was purged later.
        purged = dict(
            owner.writer.execute("SELECT accession_number, max(sequence) FROM purges GROUP BY ALL").fetchall()
        )
        refused = [each for each in self._refused if purged.get(each[1], 0) < each[0]]
        report.refused = [Problem(f"commit {each[0]} of {each[1]}", each[2]) for each in refused[:MAX_NAMED]]
        report.refused_count = len(refused)
        row = owner.writer.execute("SELECT count(DISTINCT accession_number) FROM filings").fetchone()
        report.filings = row[0] if row else 0
        report.newest_commit, _ = duckdb_feed.head(owner.writer)
        report.complete_up_to = min(
            [self._position, *(each.after for each in report.lost), *(each[0] - 1 for each in refused)]
        )
        if self._until.sequence is not None or self._until.recorded_at is not None:
            report.complete_up_to = min(report.complete_up_to, report.newest_commit)
        report.resumed_at = (max(newest_seen, self._position) // TIMELINE + 1) * TIMELINE


@dataclass(frozen=True, slots=True)
class _PutBack:
    record: CommitRecord
    changes: Sequence[Change]


def _oldest(listing: Listing) -> str:
    if not listing.snapshots:
        return "there is no snapshot"
    oldest = listing.snapshots[0]
    return f"the oldest snapshot is of commit {oldest.sequence}, made {oldest.made_at:%Y-%m-%dT%H:%M:%SZ}"


def _end_of(snapshot: SnapshotName) -> tuple[int, datetime]:
    return snapshot.sequence, snapshot.made_at


def _groups(all_of_them: Iterable[Grouped]) -> Iterator[list[Grouped]]:
    remaining = iter(all_of_them)
    while group := list(islice(remaining, GROUP)):
        yield group


def _take_empty(directory: Path) -> IO[str]:
    """Own a directory that has no store in it, without what an earlier restore left there."""
    file = directory / FILE_NAME
    if file.exists():
        raise failure(
            Reason.INVALID_FIELD,
            f"{directory} has a store in it, which a restore does not touch; name another directory, or move "
            f"{FILE_NAME} and {FILE_NAME}.wal elsewhere",
            field="data_directory",
        )
    # The restored store would take it for its own log.
    for left in logs_of(file):
        if left.exists():
            raise failure(
                Reason.INVALID_FIELD,
                f"{left.name} in {directory} is of the lost store; move it elsewhere, or remove it",
                field="data_directory",
            )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = lock(directory / LOCK_NAME)
    except (OSError, CannotOpen) as error:
        raise failure(
            Reason.INVALID_FIELD, f"{directory} cannot be used: {error}", field="data_directory"
        ) from error
    shutil.rmtree(directory / WORK_FOLDER, ignore_errors=True)
    return held


def _move_into_place(work: Path, directory: Path) -> None:
    # The mark first: without its database it says that one is missing.
    for name in (MARK_NAME, FILE_NAME):
        _sync(work / name)
        (work / name).replace(directory / name)
    _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
