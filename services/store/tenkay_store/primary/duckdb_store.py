"""The primary: `storage.AnalyticalStore` over one DuckDB file."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import duckdb

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store import failpoints, metrics
from tenkay_store.domain.company_screens import CompanyPage, CompanyScreen
from tenkay_store.domain.filter import SignalTypes
from tenkay_store.domain.records import (
    Analysis,
    ArtifactKind,
    Backlog,
    Change,
    CommitRecord,
    Committed,
    DayDigest,
    DeadLetter,
    Delivery,
    Dispute,
    Extraction,
    Fence,
    Filing,
    HeldCommit,
    Purge,
)
from tenkay_store.domain.selections import (
    Aggregate,
    AggregateSelection,
    DisputeSelection,
    FilingSelection,
    Page,
    Position,
    Screen,
    Series,
    SeriesPosition,
    SeriesSelection,
    StalePage,
    StaleSelection,
)
from tenkay_store.domain.statistics import Statistics
from tenkay_store.domain.storage import OutboxEntry, SnapshotState, Standing
from tenkay_store.domain.stored import (
    CompanySummary,
    Moment,
    Staleness,
    StoredAnalysis,
    StoredArtifacts,
    StoredFiling,
    StoredSignals,
)
from tenkay_store.failpoints import Failpoint
from tenkay_store.primary import duckdb_analytics as analytics
from tenkay_store.primary import duckdb_disputes as disputes
from tenkay_store.primary import (
    duckdb_feed,
    duckdb_identity,
    duckdb_outbox,
    duckdb_records,
    duckdb_snapshot,
    duckdb_statistics,
    filing_reports,
    screen_segments,
)
from tenkay_store.primary import duckdb_reads as reads
from tenkay_store.primary import duckdb_reconciliation as reconciliation
from tenkay_store.primary import duckdb_screens as screens
from tenkay_store.primary import duckdb_staleness as staleness
from tenkay_store.primary.commit_tables import naive
from tenkay_store.primary.commit_work import (
    Commit,
    Mark,
    MarkCopiesClean,
    OpenSegment,
    PlaceSegment,
    Prune,
    Remove,
    Say,
    Work,
    Written,
)
from tenkay_store.primary.duckdb_artifacts import named_artifacts
from tenkay_store.primary.duckdb_commits import CommitWriter
from tenkay_store.primary.duckdb_companies import screen_companies
from tenkay_store.primary.duckdb_failures import first_line
from tenkay_store.primary.duckdb_owner import (
    FILE_FORMAT,
    FILE_NAME,
    CannotOpen,
    DuckDBOwner,
    Limits,
    in_one_state,
)
from tenkay_store.primary.group_commit import GroupCommitter, GroupLimits, WriterBroken
from tenkay_store.primary.screen_segments import Segments

SORT_EVERY_SECONDS = 1.0
SEGMENTS_KNOWN_SECONDS = 1.0
"""How long after a commit that replaced segments the new ones are known to readers, at the very most."""

PURGES_AT_ONCE = 50
EXPORTS_AT_ONCE = 2
"""Exports that may hold a reader each; the others are for reads that take milliseconds."""
EXPORT_RETRY_SECONDS = 5.0
SNAPSHOT_RETRY_SECONDS = 60.0

Answer = TypeVar("Answer")

logger = get_logger(__name__)

Listener = Callable[[Sequence[CommitRecord], Sequence[Change]], None]


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How a store is opened."""

    directory: Path
    limits: Limits
    group: GroupLimits
    min_free_bytes: int
    checkpoint_wal_bytes: int
    sink: str | None
    """The second sink that commits are put into the outbox for; None when there is none."""
    segment_rows: int = 250_000
    """Rows at which the screens' open segment is closed and sorted."""


class DuckDBStore:
    """Owns the file from `open` to `close`. All methods run in the event loop it was opened in."""

    def __init__(
        self,
        owner: DuckDBOwner,
        writer: CommitWriter,
        options: StoreOptions,
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._owner = owner
        self._writer = writer
        self.store_id = duckdb_identity.store_id(owner.writer)
        """The identity that the file was made with."""
        self.resumed_at = duckdb_identity.resumed_at(owner.writer)
        """The sequence after which the newest restore resumed; 0 without one."""
        self._sink = options.sink
        self._segment_rows = options.segment_rows
        self._min_free_bytes = options.min_free_bytes
        self._exports = 0
        self._head = writer.head
        self._ids = writer.signal_ids
        self._listeners: list[Listener] = []
        self._advanced = asyncio.Condition()
        self._moments = writer.moments
        self._loop = asyncio.get_running_loop()
        self._became_readable = asyncio.Event()
        self._wakers: set[asyncio.Task[None]] = set()
        self._committer: GroupCommitter[Work, Written] = GroupCommitter(
            writer.apply, options.group, announce=self._announce, between=self._between, measure=_measure
        )

    @classmethod
    def open(cls, options: StoreOptions, clock: Callable[[], datetime]) -> DuckDBStore:
        """Open the file and start the writer. CannotOpen when it has another owner or cannot be used."""
        return cls(*_open_file(options, clock, lambda: False), options, clock)

    @classmethod
    async def open_in_thread(cls, options: StoreOptions, clock: Callable[[], datetime]) -> DuckDBStore:
        """The same beside the event loop: the file of an earlier store takes minutes. Cancelled, it ends soon."""
        is_cancelled = threading.Event()
        opening = asyncio.create_task(asyncio.to_thread(_open_file, options, clock, is_cancelled.is_set))
        try:
            owner, writer = await asyncio.shield(opening)
        except asyncio.CancelledError:
            is_cancelled.set()
            await asyncio.wait((opening,))
            if opening.exception() is None:
                await opening.result()[0].close()
            raise
        return cls(owner, writer, options, clock)

    async def close(self) -> None:
        """Write what is queued, wait for readers, merge the log and release the file."""
        await self._committer.close()
        await self._owner.close()

    async def end_with_writer(self) -> None:
        """Raise what the writer ended with, which is to end the process: after a restart the file is whole again."""
        await asyncio.shield(self._committer.broken)

    async def keep_segments_sorted(self) -> None:
        """Close the screens' open segment when it is full, and sort and join what is closed. Without end."""
        while True:
            try:
                await self.sort_segments()
            except (duckdb.Error, TenkayError) as error:
                # Screens read unsorted segments too, only slower.
                logger.warning("segments_not_sorted", problem=first_line(error))
            await asyncio.sleep(SORT_EVERY_SECONDS)

    async def sort_segments(self) -> None:
        """One round of that."""
        writer = self._writer
        if writer.open_segment_rows >= self._segment_rows:
            await self._committer.submit(OpenSegment())
        segments = writer.segments
        parts = segments.to_sort()
        if parts:
            number = writer.next_segment_number()
            with metrics.SORT_SECONDS.time(), failpoints.during(Failpoint.SORT):
                built = await self._owner.aside(lambda cursor: screen_segments.sort(cursor, parts, number))
            failpoints.reach(Failpoint.AFTER_SORT)
            await self._committer.submit(PlaceSegment(parts, built, segments.purges))

    def observe(self) -> None:
        """Set the gauges."""
        metrics.SEGMENTS.set(len(self._writer.segments.all))
        metrics.WRITER_QUEUE.set(self._committer.queued)
        metrics.READERS_FREE.set(self._owner.free_readers)
        metrics.HEAD.set(self._head)
        metrics.FILE_BYTES.labels("main").set(self._owner.file_bytes)
        metrics.FILE_BYTES.labels("wal").set(self._owner.wal_bytes)
        metrics.DISK_FREE_BYTES.set(self._owner.free_bytes)

    @property
    def segments(self) -> Segments:
        """The screens' copy of the signals."""
        return self._writer.segments

    @property
    def created_at(self) -> datetime:
        """When the file was made, empty."""
        return self._writer.created_at

    @property
    def head(self) -> int:
        """The newest commit's sequence."""
        return self._head

    async def wait_for(self, sequence: int, seconds: float) -> bool:
        """True as soon as `head` is `sequence` or later; False when it is not after `seconds`."""
        if self._head >= sequence:
            return True
        try:
            async with asyncio.timeout(seconds), self._advanced:
                await self._advanced.wait_for(lambda: self._head >= sequence)
        except TimeoutError:
            return False
        return True

    @property
    def newest_moment(self) -> datetime:
        """The newest moment that anything may be recorded at: now, or the last commit's if the clock is behind it."""
        return reads.utc(self._moments.newest)

    async def wait_for_moment(self, recorded_at: datetime, seconds: float) -> bool:
        """True as soon as all that is, and ever will be, recorded by a moment can be read; False if not in time."""
        at = naive(recorded_at)
        try:
            async with asyncio.timeout(seconds):
                while (ahead := (at - self._moments.newest).total_seconds()) > 0:  # noqa: ASYNC110 - a clock has no event
                    await asyncio.sleep(ahead)
                while not self._moments.is_readable(at):
                    await self._became_readable.wait()
        except TimeoutError:
            return False
        return True

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` with each group after it is on disk and before its commits are answered."""
        self._listeners.append(listener)

    async def commit(
        self, body: Extraction | Analysis, traceparent: str = "", fence: Fence | None = None
    ) -> Committed:
        """Make `body` durable. FILING_UNKNOWN, INVALID_FIELD, STALE_LEASE, QUEUE_FULL, DISK_FULL: nothing changed."""
        written = await self._committer.submit(Commit(body, traceparent, fence), body.size_bytes)
        assert written.committed is not None  # noqa: S101 - a Commit's outcome has it
        return written.committed

    async def purge(self, purges: Sequence[Purge]) -> Sequence[CommitRecord]:
        """Remove all versions of filings; the commits of those that were stored."""
        removed: list[CommitRecord] = []
        # Together, so that a group's window is waited for once and not for each; some at a time, as others commit too.
        for start in range(0, len(purges), PURGES_AT_ONCE):
            written = await asyncio.gather(
                *(
                    self._committer.put(Remove(each), each.size_bytes)
                    for each in purges[start : start + PURGES_AT_ONCE]
                )
            )
            removed += [each.record for each in written if each.record is not None]
        return removed

    async def dispute(self, said: Dispute) -> tuple[CommitRecord, bool]:
        """Record what an operator says of a value; what holds then, and whether that is new.

        FILING_UNKNOWN, UNKNOWN_SIGNAL, INVALID_FIELD, QUEUE_FULL, DISK_FULL: nothing changed.
        """
        written = await self._committer.submit(Say(said), said.size_bytes)
        assert written.committed is not None  # noqa: S101 - what was said has both
        assert written.record is not None  # noqa: S101
        return written.record, written.committed.changed

    async def disputes(self, selection: DisputeSelection, after: int, limit: int) -> Sequence[CommitRecord]:
        """What was said of values after a sequence, in order."""
        return await self._owner.read(
            lambda cursor: disputes.list_disputes(cursor, self._ids, selection, after, limit)
        )

    async def accession_numbers_of(self, cik: int, limit: int) -> Sequence[str]:
        """Filings any version of which is of the company, in order."""
        return await self._owner.read(lambda cursor: reads.accession_numbers_of(cursor, cik, limit))

    async def purges(self, after: int, limit: int) -> Sequence[CommitRecord]:
        """Purges after a sequence, in order."""
        return await self._owner.read(lambda cursor: duckdb_records.purges(cursor, after, limit))

    async def sequence_at(self, recorded_at: datetime, up_to: int) -> int:
        """The newest sequence recorded at or before `recorded_at`, `up_to` at most."""
        return await self._owner.read(lambda cursor: duckdb_feed.sequence_at(cursor, recorded_at, up_to))

    async def filing(self, accession_number: str, moment: Moment) -> StoredFiling | None:
        """The version valid at `moment`, with its sections."""
        found = await self.filings([accession_number], moment)
        return found.get(accession_number)

    async def filings(self, accession_numbers: Sequence[str], moment: Moment) -> Mapping[str, StoredFiling]:
        """The same of several, by accession number, without those that are not stored."""

        def query(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, StoredFiling]:
            found = {}
            for number in accession_numbers:
                stored = reads.filing(cursor, number, moment, with_sections=True)
                if stored is not None:
                    stored = replace(stored, stale=self._stale(cursor, stored.sequence, moment))
                    found[number] = staleness.with_amended(cursor, stored, moment)
            return found

        return await self._owner.read_one_state(query)

    async def signals(self, accession_number: str, moment: Moment) -> StoredSignals | None:
        """The version valid at `moment`, with its signals."""

        def query(cursor: duckdb.DuckDBPyConnection) -> StoredSignals | None:
            # A lone statement is a transaction of its own; few versions need more than one.
            found = reads.signals(cursor, accession_number, moment)
            if found is None or not self._anything_said_of(found.sequence):
                return found
            return in_one_state(cursor, lambda cursor: self._signals(cursor, accession_number, moment))

        return await self._owner.read(query)

    async def signals_of(
        self, accession_numbers: Sequence[str], moment: Moment, *, with_comparable_prior: bool
    ) -> Mapping[str, StoredSignals]:
        """The same of several, by accession number, without those that are not stored; then their comparable priors."""

        def query(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, StoredSignals]:
            found: dict[str, StoredSignals] = {}
            for number in accession_numbers:
                if (one := self._signals(cursor, number, moment)) is not None:
                    found[number] = one
            if with_comparable_prior:
                for number in list(found):
                    stored = reads.filing(cursor, number, moment, with_sections=False)
                    assert stored is not None  # noqa: S101 - its signals were found in the same state
                    prior = staleness.comparable_prior(cursor, stored.filing, moment)
                    found[number] = replace(found[number], comparable_prior=prior)
                    if (
                        prior is not None
                        and prior not in found
                        and (one := self._signals(cursor, prior, moment)) is not None
                    ):
                        found[prior] = one
            return found

        return await self._owner.read_one_state(query)

    def _anything_said_of(self, sequence: int) -> bool:
        """Whether a version was ever marked as stale or had a disputed value."""
        return sequence in self._writer.ever_stale or sequence in self._writer.ever_disputed

    def _signals(
        self, cursor: duckdb.DuckDBPyConnection, accession_number: str, moment: Moment
    ) -> StoredSignals | None:
        """A version's signals with all that was said of them, of the state that the cursor is in."""
        found = reads.signals(cursor, accession_number, moment)
        if found is None:
            return None
        said: tuple[CommitRecord, ...] = ()
        if found.sequence in self._writer.ever_disputed:
            said = disputes.open_disputes(cursor, self._ids, found.sequence, moment)
        return replace(found, stale=self._stale(cursor, found.sequence, moment), disputes=said)

    def _stale(self, cursor: duckdb.DuckDBPyConnection, sequence: int, moment: Moment) -> Staleness | None:
        """What makes a version stale at a moment."""
        if sequence not in self._writer.ever_stale:
            return None
        return staleness.stale_at(cursor, sequence, moment)

    async def artifacts(self, accession_number: str, moment: Moment) -> StoredArtifacts | None:
        """The version valid at `moment`, with its texts and artifacts."""
        return await self._owner.read(lambda cursor: reads.artifacts(cursor, accession_number, moment))

    async def named_artifacts(self, kind: ArtifactKind, digests: Sequence[str]) -> frozenset[str]:
        """Those of these digests that a version of any filing names."""
        return await self._owner.read(lambda cursor: named_artifacts(cursor, kind, digests))

    async def analysis(self, accession_number: str, moment: Moment) -> StoredAnalysis | Filing | None:
        """The newest analysis of the newest analysed version; the filing alone when it has none."""

        def query(cursor: duckdb.DuckDBPyConnection) -> StoredAnalysis | Filing | None:
            stored = reads.filing(cursor, accession_number, moment, with_sections=False)
            if stored is None:
                return None
            found = reads.analysis(cursor, stored, moment)
            if found is None:
                return stored.filing
            stale = staleness.superseded(found, moment) or self._stale(cursor, stored.sequence, moment)
            return replace(found, stale=stale)

        return await self._owner.read_one_state(query)

    async def company(self, cik: int, moment: Moment) -> CompanySummary | None:
        """The company's summary; None when no filing of it is stored."""
        return await self._owner.read_one_state(lambda cursor: reads.company(cursor, cik, moment))

    async def list_filings(
        self, selection: FilingSelection, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        """A page of filings."""

        def query(cursor: duckdb.DuckDBPyConnection) -> Page:
            return reads.list_filings(cursor, selection, moment, after, limit)

        return await self._owner.read_one_state(query)

    async def list_stale(
        self, selection: StaleSelection, moment: Moment, after: int, limit: int
    ) -> StalePage:
        """A page of what is stale, by the sequences since which it is, after one of them."""
        return await self._owner.read_one_state(
            lambda cursor: staleness.list_stale(cursor, selection, moment, after, limit)
        )

    async def screen_filings(
        self, screen: Screen, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        """A page of the filings that meet the screen. CURRENCY_MISMATCH, UNIT_MISMATCH on the first."""
        is_small = screens.takes_one_statement(screen)
        return await (self._owner.read if is_small else self._owner.read_in_turn)(
            lambda cursor: self._in_one_state(
                cursor,
                lambda tables: screens.screen_filings(
                    cursor, self._ids, tables, screen, moment, after, limit
                ),
            )
        )

    async def screen_companies(
        self, screen: CompanyScreen, moment: Moment, after: int | None, limit: int
    ) -> CompanyPage:
        """A page of the companies that meet the screen, after a CIK. CURRENCY_MISMATCH, UNIT_MISMATCH on the first."""
        is_small = bool(screen.ciks)
        return await (self._owner.read if is_small else self._owner.read_in_turn)(
            lambda cursor: self._in_one_state(
                cursor,
                lambda tables: screen_companies(cursor, self._ids, tables, screen, moment, after, limit),
            )
        )

    async def series(
        self, selection: SeriesSelection, moment: Moment, after: SeriesPosition | None, limit: int
    ) -> Series | None:
        """A page of a company's signals over time; None when no filing of it was stored, or known, then."""
        return await self._owner.read(
            lambda cursor: self._in_one_state(
                cursor,
                lambda tables: analytics.series(cursor, self._ids, tables, selection, moment, after, limit),
            )
        )

    async def aggregate(self, selection: AggregateSelection, moment: Moment) -> Aggregate:
        """Figures of a signal by group. CURRENCY_MISMATCH; UNIT_MISMATCH; INVALID_FIELD for too many groups."""
        return await self._owner.read(
            lambda cursor: self._in_one_state(
                cursor, lambda tables: analytics.aggregate(cursor, self._ids, tables, selection, moment)
            )
        )

    async def export(self, screen: Screen, moment: Moment) -> AsyncGenerator[bytes, None]:
        """All values of the screen's signals as one Arrow IPC stream, in parts. Errors as screens; QUEUE_FULL."""
        if self._exports >= EXPORTS_AT_ONCE:
            raise failure(
                Reason.QUEUE_FULL,
                f"{self._exports} exports are being read, which is the most at once; come back later",
                retry_after=EXPORT_RETRY_SECONDS,
            )

        def query(cursor: duckdb.DuckDBPyConnection) -> Generator[bytes]:
            def begun(tables: Sequence[str]) -> tuple[list[bytes], Generator[bytes]]:
                parts = analytics.export(cursor, self._ids, tables, screen, moment)
                return list(islice(parts, 1)), parts

            first, parts = self._over_segments(begun)
            with closing(parts):
                yield from first
                yield from parts

        self._exports += 1
        try:
            async with aclosing(self._owner.stream(query)) as parts:
                async for part in parts:
                    yield part
        finally:
            self._exports -= 1

    def _in_one_state(
        self, cursor: duckdb.DuckDBPyConnection, query: Callable[[Sequence[str]], Answer]
    ) -> Answer:
        """`query(tables)` over the screens' copy, in one transaction. Runs in a reader's thread."""
        return self._over_segments(lambda tables: in_one_state(cursor, lambda _: query(tables)))

    def _over_segments(self, query: Callable[[Sequence[str]], Answer]) -> Answer:
        """`query(tables)` over the screens' copy. Runs in a reader's thread."""
        give_up = time.monotonic() + SEGMENTS_KNOWN_SECONDS
        while True:
            segments = self._writer.segments
            try:
                return query(segments.tables)
            except duckdb.CatalogException:
                # One of them was replaced: the file knows it a moment before `segments` does.
                if segments is self._writer.segments and time.monotonic() > give_up:
                    raise
                time.sleep(0.001)

    @property
    def signal_types(self) -> SignalTypes:
        """Every signal id ever stored, as value or gap, with the kinds of value it had."""
        return self._ids.types

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """Changes after a sequence, in order. FEED_POSITION_EXPIRED when they are no longer all held."""
        return await self._owner.read(lambda cursor: duckdb_feed.changes(cursor, after, limit))

    async def prune_changes(self, before: datetime) -> None:
        """Forget changes recorded before a moment; the newest one stays."""
        await self._committer.submit(Prune(before))

    async def pending(self, after: int, limit: int) -> Sequence[OutboxEntry]:
        """Commits after a sequence that the sink has not taken, in order."""
        if (sink := self._sink) is None:
            return ()
        return await self._owner.read(lambda cursor: duckdb_outbox.pending(cursor, sink, after, limit))

    async def commit_records(self, sequences: Sequence[int]) -> Sequence[CommitRecord]:
        """Commits as they were made, in order."""
        return await self._owner.read_one_state(
            lambda cursor: duckdb_records.commit_records(cursor, self._ids, sequences)
        )

    async def delivery(self, sequence: int) -> Delivery | None:
        """A commit's row of the outbox."""
        if (sink := self._sink) is None:
            return None
        return await self._owner.read(lambda cursor: duckdb_outbox.delivery(cursor, sink, sequence))

    async def dead_letters(self, after: int, limit: int) -> Sequence[DeadLetter]:
        """Commits after a sequence that the sink refused for good, in order."""
        if (sink := self._sink) is None:
            return ()
        return await self._owner.read(lambda cursor: duckdb_outbox.dead_letters(cursor, sink, after, limit))

    async def dead_among(self, sequences: Sequence[int]) -> Sequence[DeadLetter]:
        """Those of these commits that the sink refused for good, in order."""
        if (sink := self._sink) is None:
            return ()
        return await self._owner.read(lambda cursor: duckdb_outbox.dead_among(cursor, sink, sequences))

    async def delivered_among(self, sequences: Sequence[int]) -> Sequence[OutboxEntry]:
        """Those of these commits that the sink has taken, in order."""
        if (sink := self._sink) is None:
            return ()
        return await self._owner.read(lambda cursor: reconciliation.delivered_among(cursor, sink, sequences))

    async def day_digests(self, first: date, last: date) -> Mapping[date, DayDigest]:
        """Of the days (UTC) on which commits were recorded that the sink has taken."""
        if (sink := self._sink) is None:
            return {}
        return await self._owner.read(lambda cursor: reconciliation.day_digests(cursor, sink, first, last))

    async def commits_of_day(self, day: date, after: int, limit: int) -> Sequence[tuple[HeldCommit, bool]]:
        """Commits recorded on a day (UTC) after a sequence, in order, each with whether the sink has taken it."""
        if (sink := self._sink) is None:
            return ()
        return await self._owner.read(
            lambda cursor: reconciliation.commits_of_day(cursor, sink, day, after, limit)
        )

    async def standing(self, sequences: Sequence[int], accession_numbers: Sequence[str]) -> Standing:
        """Which of these commits are held, and which of these filings were purged."""
        if (sink := self._sink) is None:
            return Standing(frozenset(), {}, frozenset())
        return await self._owner.read(
            lambda cursor: reconciliation.standing(cursor, sink, sequences, accession_numbers)
        )

    async def mark(self, deliveries: Mapping[int, Delivery]) -> None:
        """Record where commits, by sequence, stand in the sink."""
        await self._committer.submit(Mark(deliveries))

    async def commits_after(self, after: int, limit: int) -> Sequence[int]:
        """Sequences of the commits after one, in order, as far as they were not purged."""
        return await self._owner.read(lambda cursor: duckdb_records.commits_after(cursor, after, limit))

    async def unclean_purges(self) -> tuple[int, datetime] | None:
        """The newest purge whose filing copies may hold, and when the oldest such was recorded; None for none."""
        return await self._owner.read(duckdb_records.unclean_purges)

    async def mark_copies_clean(self, up_to: int, at: datetime) -> None:
        """Record that no copy holds what was purged up to a sequence."""
        await self._committer.submit(MarkCopiesClean(up_to, at))

    async def write_snapshot(self, file: Path) -> SnapshotState:
        """Write all that is committed now to a new file, read back before it is answered; commits go on meanwhile.

        DISK_FULL; DEPENDENCY_UNAVAILABLE when it cannot be written, or does not hold what was copied.
        """
        needed = self._owner.file_bytes + self._owner.wal_bytes
        spare = self._owner.free_bytes - self._min_free_bytes
        if spare < 2 * needed:
            raise failure(
                Reason.DISK_FULL,
                f"a snapshot is made with {2 * needed:,} bytes to spare on the store's disk, and {max(0, spare):,} are "
                "left; make room",
                retry_after=SNAPSHOT_RETRY_SECONDS,
            )
        try:
            with failpoints.during(Failpoint.SNAPSHOT):
                state = await self._owner.aside(lambda cursor: duckdb_snapshot.copy(cursor, file))
            await asyncio.to_thread(duckdb_snapshot.verify, file, state)
        except (duckdb.Error, OSError, duckdb_snapshot.NotTheSame) as error:
            raise failure(
                Reason.DEPENDENCY_UNAVAILABLE,
                f"the snapshot could not be made: {first_line(error)}; nothing was uploaded",
                metadata={"service": "duckdb"},
                retry_after=SNAPSHOT_RETRY_SECONDS,
            ) from error
        return SnapshotState(
            state.sequence,
            state.schema_version,
            duckdb.__version__,
            FILE_FORMAT,
            {name: table.rows for name, table in state.tables.items()},
        )

    async def backlog(self) -> Backlog:
        """Counts of what is not delivered."""
        if (sink := self._sink) is None:
            return Backlog(0, 0, None)
        return await self._owner.read(lambda cursor: duckdb_outbox.backlog(cursor, sink))

    async def statistics(self) -> Statistics:
        """How much is held."""
        head, at = self._head, self._clock()
        return await self._owner.read(
            lambda cursor: duckdb_statistics.statistics(
                cursor,
                sequence=head,
                counted_at=at,
                file_bytes=self._owner.file_bytes,
                wal_bytes=self._owner.wal_bytes,
            )
        )

    def _between(self, worked: bool) -> None:
        if worked and (begun := self._moments.begun) is not None:
            # The loop takes it behind what it was told of the group.
            self._loop.call_soon_threadsafe(self._end_moments, begun)
        self._writer.between(worked)

    def _end_moments(self, up_to: datetime) -> None:
        self._moments.end(up_to)
        self._became_readable.set()
        self._became_readable = asyncio.Event()

    def _announce(self, outcomes: Sequence[Written]) -> None:
        records = [
            record
            for each in outcomes
            if each.changes
            for record in (each.record, *each.carried)
            if record is not None
        ]
        changes = [change for each in outcomes for change in each.changes]
        if not changes:
            return
        self._head = max(self._head, changes[-1].sequence)
        for listener in self._listeners:
            listener(records, changes)
        task = asyncio.get_running_loop().create_task(self._wake())
        self._wakers.add(task)
        task.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        async with self._advanced:
            self._advanced.notify_all()


def _open_file(
    options: StoreOptions, clock: Callable[[], datetime], is_told_to_end: Callable[[], bool]
) -> tuple[DuckDBOwner, CommitWriter]:
    """Open the file and make the reports that it lacks. CannotOpen; ToldToEnd."""
    owner = DuckDBOwner.open(options.directory, options.limits, clock())
    try:
        writer = CommitWriter(
            owner,
            clock=clock,
            sink=options.sink,
            min_free_bytes=options.min_free_bytes,
            checkpoint_wal_bytes=options.checkpoint_wal_bytes,
        )
        filing_reports.complete(
            owner.writer,
            writer.signal_ids,
            lambda: writer.checkpoints.make_if_due(worked=True),
            is_told_to_end,
        )
    except (duckdb.Error, WriterBroken) as error:
        owner.close_here()
        raise CannotOpen(
            f"{options.directory / FILE_NAME} cannot be brought to what this store reads: {first_line(error)}; nothing "
            "is lost: make room if there is none, and start again"
        ) from error
    except BaseException:
        owner.close_here()
        raise
    return owner, writer


def _measure(size: int, seconds: float) -> None:
    metrics.GROUP_SIZE.observe(size)
    metrics.GROUP_SECONDS.observe(seconds)
