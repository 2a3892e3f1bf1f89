"""The primary storage as the rest of the store sees it: one interface, behind which another backend can stand.

All reads take a `Moment`. Sequences here are plain numbers of this shard; 0 is before the first commit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

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
from tenkay_store.domain.stored import (
    CompanySummary,
    Moment,
    StoredAnalysis,
    StoredArtifacts,
    StoredFiling,
    StoredSignals,
)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A commit that a sink has not taken yet."""

    sequence: int
    accession_number: str
    attempts: int
    size_bytes: int
    """About what it takes in memory; 0 when that is not known."""


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """What a file that was written as a snapshot holds."""

    sequence: int
    """The newest commit in it."""
    schema_version: int
    duckdb_version: str
    """Of the DuckDB that wrote it."""
    storage_version: str
    """Of the file: the oldest DuckDB that reads it."""
    rows: Mapping[str, int]
    """By table."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the primary says of commits and filings that a sink holds."""

    held: frozenset[int]
    """Sequences of those commits that it holds too."""
    purges: Mapping[str, int]
    """The newest purge's sequence of those filings that were purged, by accession number."""
    purges_delivered: frozenset[str]
    """Those of them whose purges the sink has taken."""


class AnalyticalStore(Protocol):
    """Versions of filings, signals and analyses; the outbox and the change feed that are committed with them."""

    @property
    def store_id(self) -> str:
        """The identity that the storage was made with. A restored one has that of the lost one."""

    @property
    def resumed_at(self) -> int:
        """The sequence after which the newest restore resumed, beyond all that anybody showed then; 0 without one."""

    @property
    def created_at(self) -> datetime:
        """When the storage was made, empty."""

    @property
    def head(self) -> int:
        """The newest commit's sequence."""

    async def wait_for(self, sequence: int, seconds: float) -> bool:
        """True as soon as `head` is `sequence` or later; False when it is not after `seconds`."""

    @property
    def newest_moment(self) -> datetime:
        """The newest moment that anything may be recorded at: now, or the last commit's if the clock is behind it."""

    async def wait_for_moment(self, recorded_at: datetime, seconds: float) -> bool:
        """True as soon as all that is, and ever will be, recorded by a moment can be read; False if not in time.

        A moment after `newest_moment` is waited for too.
        """

    def on_commit(self, listener: Callable[[Sequence[CommitRecord], Sequence[Change]], None]) -> None:
        """Call `listener` with each group after it is on disk and before its commits are answered."""

    async def commit(
        self, body: Extraction | Analysis, traceparent: str = "", fence: Fence | None = None
    ) -> Committed:
        """Make `body` durable. FILING_UNKNOWN, INVALID_FIELD, STALE_LEASE, QUEUE_FULL, DISK_FULL: nothing changed."""

    async def purge(self, purges: Sequence[Purge]) -> Sequence[CommitRecord]:
        """Remove all versions of filings; the commits of those that were stored."""

    async def dispute(self, said: Dispute) -> tuple[CommitRecord, bool]:
        """Record what an operator says of a value; what holds then, and whether that is new.

        FILING_UNKNOWN, UNKNOWN_SIGNAL, INVALID_FIELD, QUEUE_FULL, DISK_FULL: nothing changed.
        """

    async def disputes(self, selection: DisputeSelection, after: int, limit: int) -> Sequence[CommitRecord]:
        """What was said of values after a sequence, in order."""

    async def accession_numbers_of(self, cik: int, limit: int) -> Sequence[str]:
        """Filings any version of which is of the company, in order."""

    async def purges(self, after: int, limit: int) -> Sequence[CommitRecord]:
        """Purges after a sequence, in order."""

    async def sequence_at(self, recorded_at: datetime, up_to: int) -> int:
        """The newest sequence recorded at or before `recorded_at`, `up_to` at most."""

    async def filing(self, accession_number: str, moment: Moment) -> StoredFiling | None:
        """The version valid at `moment`, with its sections."""

    async def filings(self, accession_numbers: Sequence[str], moment: Moment) -> Mapping[str, StoredFiling]:
        """The same of several, by accession number, without those that are not stored."""

    async def signals(self, accession_number: str, moment: Moment) -> StoredSignals | None:
        """The version valid at `moment`, with its signals."""

    async def signals_of(
        self,
        accession_numbers: Sequence[str],
        moment: Moment,
        *,
        with_comparable_prior: bool,
    ) -> Mapping[str, StoredSignals]:
        """The same of several, by accession number, without those that are not stored; then their comparable priors."""

    async def artifacts(self, accession_number: str, moment: Moment) -> StoredArtifacts | None:
        """The version valid at `moment`, with its texts and artifacts."""

    async def named_artifacts(self, kind: ArtifactKind, digests: Sequence[str]) -> frozenset[str]:
        """Those of these digests that a version of any filing names."""

    async def analysis(self, accession_number: str, moment: Moment) -> StoredAnalysis | Filing | None:
        """The newest analysis of the newest analysed version; the filing alone when it has none."""

    async def company(self, cik: int, moment: Moment) -> CompanySummary | None:
        """The company's summary; None when no filing of it is stored."""

    async def list_filings(
        self, selection: FilingSelection, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        """A page of filings."""

    async def list_stale(
        self, selection: StaleSelection, moment: Moment, after: int, limit: int
    ) -> StalePage:
        """A page of what is stale, by the sequences since which it is, after one of them."""

    async def screen_filings(
        self, screen: Screen, moment: Moment, after: Position | None, limit: int
    ) -> Page:
        """A page of the filings that meet the screen. CURRENCY_MISMATCH, UNIT_MISMATCH on the first."""

    async def screen_companies(
        self, screen: CompanyScreen, moment: Moment, after: int | None, limit: int
    ) -> CompanyPage:
        """A page of the companies that meet the screen, after a CIK. CURRENCY_MISMATCH, UNIT_MISMATCH on the first."""

    async def series(
        self, selection: SeriesSelection, moment: Moment, after: SeriesPosition | None, limit: int
    ) -> Series | None:
        """A page of a company's signals over time; None when no filing of it was stored, or known, then."""

    async def aggregate(self, selection: AggregateSelection, moment: Moment) -> Aggregate:
        """Figures of a signal by group. CURRENCY_MISMATCH; UNIT_MISMATCH; INVALID_FIELD for too many groups."""

    def export(self, screen: Screen, moment: Moment) -> AsyncGenerator[bytes, None]:
        """All values of the screen's signals as one Arrow IPC stream, in parts. CURRENCY_MISMATCH, UNIT_MISMATCH."""

    @property
    def signal_types(self) -> SignalTypes:
        """Every signal id ever stored, as value or gap, with the kinds of value it had."""

    async def changes(self, after: int, limit: int) -> Sequence[Change]:
        """Changes after a sequence, in order. FEED_POSITION_EXPIRED when they are no longer all held."""

    async def prune_changes(self, before: datetime) -> None:
        """Forget changes recorded before a moment; the newest one stays."""

    async def pending(self, after: int, limit: int) -> Sequence[OutboxEntry]:
        """Commits after a sequence that the sink has not taken, in order."""

    async def commit_records(self, sequences: Sequence[int]) -> Sequence[CommitRecord]:
        """Commits as they were made, in order."""

    async def delivery(self, sequence: int) -> Delivery | None:
        """A commit's row of the outbox."""

    async def mark(self, deliveries: Mapping[int, Delivery]) -> None:
        """Record where commits, by sequence, stand in the sink."""

    async def dead_letters(self, after: int, limit: int) -> Sequence[DeadLetter]:
        """Commits after a sequence that the sink refused for good, in order."""

    async def dead_among(self, sequences: Sequence[int]) -> Sequence[DeadLetter]:
        """Those of these commits that the sink refused for good, in order."""

    async def commits_after(self, after: int, limit: int) -> Sequence[int]:
        """Sequences of the commits after one, in order, as far as they were not purged."""

    async def unclean_purges(self) -> tuple[int, datetime] | None:
        """The newest purge whose filing copies may hold, and when the oldest such was recorded; None for none."""

    async def mark_copies_clean(self, up_to: int, at: datetime) -> None:
        """Record that no copy holds what was purged up to a sequence."""

    async def delivered_among(self, sequences: Sequence[int]) -> Sequence[OutboxEntry]:
        """Those of these commits that the sink has taken, in order."""

    async def day_digests(self, first: date, last: date) -> Mapping[date, DayDigest]:
        """Of the days (UTC) on which commits were recorded that the sink has taken."""

    async def commits_of_day(self, day: date, after: int, limit: int) -> Sequence[tuple[HeldCommit, bool]]:
        """Commits recorded on a day (UTC) after a sequence, in order, each with whether the sink has taken it."""

    async def standing(self, sequences: Sequence[int], accession_numbers: Sequence[str]) -> Standing:
        """Which of these commits are held, and which of these filings were purged."""

    async def backlog(self) -> Backlog:
        """Counts of what is not delivered."""

    async def statistics(self) -> Statistics:
        """How much is held."""


class SnapshotStore(AnalyticalStore, Protocol):
    """One that writes itself to a file, for its backup, while it is at work."""

    async def write_snapshot(self, file: Path) -> SnapshotState:
        """Write all that is committed now to a new file, read back before it is answered; commits go on meanwhile.

        DISK_FULL; DEPENDENCY_UNAVAILABLE when it cannot be written, or does not hold what was copied.
        """
