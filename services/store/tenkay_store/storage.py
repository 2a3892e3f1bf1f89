"""The primary storage as the rest of the store sees it: one interface, behind which another backend can stand.

All reads take a `Moment`. Sequences here are plain numbers of this shard; 0 is before the first commit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tenkay_store.filter import SignalTypes, TypedExpression
from tenkay_store.records import (
    Analysis,
    Artifact,
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
    MissingSignal,
    Purge,
    Section,
    Signal,
    Text,
)
from tenkay_store.staleness import StaleReason

if TYPE_CHECKING:
    from tenkay_store.company_screens import CompanyPage, CompanyScreen


@dataclass(frozen=True, slots=True)
class Moment:
    """What a read may see."""

    sequence: int
    """Nothing committed after it."""
    known_at: datetime | None = None
    """Only filings that EDGAR accepted at or before it; those whose acceptance is not known are left out."""


@dataclass(frozen=True, slots=True)
class Staleness:
    """That a result is out of date."""

    reason: StaleReason
    earlier_filing: str
    """Its accession number; empty for EXTRACTION_SUPERSEDED."""
    since: int
    """Sequence from which on it is."""


@dataclass(frozen=True, slots=True)
class StoredFiling:
    """A version of a filing, without its signals."""

    filing: Filing
    version: int
    sequence: int
    recorded_at: datetime
    result_key: str
    catalog_version: str
    sections: tuple[Section, ...] = ()
    stale: Staleness | None = None
    amends: str | None = None
    """Accession number of the stored filing that it amends."""


@dataclass(frozen=True, slots=True)
class StoredSignals:
    """A version of a filing with its signals and gaps, in the catalog's order."""

    stored: StoredFiling
    signals: tuple[Signal, ...]
    missing: tuple[MissingSignal, ...]
    disputes: tuple[CommitRecord, ...] = ()
    """Open ones, of values among `signals`."""
    comparable_prior: str | None = None
    """Accession number of what it is compared with; None when none is stored or none was asked for."""

    @property
    def reported(self) -> frozenset[str]:
        """Ids of all signals that it has a value or a gap for."""
        return frozenset([*(each.id for each in self.signals), *(each.id for each in self.missing)])

    def only(self, signal_ids: Collection[str], categories: Collection[str]) -> StoredSignals:
        """The same with these signals of these categories alone; all when empty."""
        signals = tuple(
            each
            for each in self.signals
            if (not signal_ids or each.id in signal_ids) and (not categories or each.category in categories)
        )
        shown = frozenset(each.id for each in signals)
        return replace(
            self,
            signals=signals,
            missing=tuple(
                each
                for each in self.missing
                if (not signal_ids or each.id in signal_ids)
                # The category of a signal that no filing has had a value for is not known.
                and (not categories or not each.category or each.category in categories)
            ),
            disputes=tuple(
                each
                for each in self.disputes
                if isinstance(each.body, Dispute) and each.body.signal_id in shown
            ),
        )


@dataclass(frozen=True, slots=True)
class StoredArtifacts:
    """A version of a filing with the texts its offsets refer to, and the artifacts it was committed with."""

    stored: StoredFiling
    texts: tuple[Text, ...]
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class StoredAnalysis:
    """A version of an analysis, with the filing it is of."""

    filing: Filing
    version: int
    recorded_at: datetime
    document: str
    sequence: int
    superseded_at: int | None
    """Sequence of the version of the filing after the one that was analysed; None when that is the newest."""
    stale: Staleness | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A filing as lists show it."""

    filing: Filing
    version: int
    signal_count: int
    signals: tuple[Signal, ...] = ()
    rating: str | None = None
    score: float | None = None
    flag_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanySummary:
    """A company by its filings."""

    cik: int
    company_name: str
    sic_code: int | None
    latest_annual: Summary | None
    latest_quarterly: Summary | None
    recent: tuple[Summary, ...]
    forms: tuple[tuple[str, int], ...]
    """Form type and number of filings, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last filing of a page, in the order of lists: newest filing day first, unknown ones last, then accession."""

    filed_date: date | None
    accession_number: str


@dataclass(frozen=True, slots=True)
class FilingSelection:
    """Which filings a list takes."""

    cik: int | None = None
    forms: tuple[str, ...] = ()
    filed_from: date | None = None
    filed_to: date | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """Which filings a screen takes, and which signals it shows."""

    expression: TypedExpression | None
    """None takes all."""
    currency: str = ""
    signal_ids: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list."""

    summaries: tuple[Summary, ...]
    next_position: Position | None
    """None on the last page."""


class SeriesView(StrEnum):
    """Which filings give a series its points."""

    EVERY_FILING = "EVERY_FILING"
    POINT_IN_TIME = "POINT_IN_TIME"
    """Of each period the original that was filed first."""
    RESTATED = "RESTATED"
    """Of each period the newest original or full amendment."""


@dataclass(frozen=True, slots=True)
class SeriesSelection:
    """Which of a company's filings and signals a series takes."""

    cik: int
    signal_ids: tuple[str, ...]
    forms: tuple[str, ...] = ()
    period_from: date | None = None
    period_to: date | None = None
    view: SeriesView = SeriesView.EVERY_FILING


@dataclass(frozen=True, slots=True)
class SeriesPosition:
    """The last point of a page, in the order of series: newest period first, unknown ones last, then newest filing day,
    unknown ones last, then accession number downwards.
    """

    period_end: date | None
    filed_date: date | None
    accession_number: str


@dataclass(frozen=True, slots=True)
class Series:
    """A page of a company's signals over its filings."""

    points: tuple[Summary, ...]
    next_position: SeriesPosition | None
    """None on the last page."""


class StaleResult(StrEnum):
    """What of a filing is stale."""

    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"


@dataclass(frozen=True, slots=True)
class StaleSelection:
    """Which stale results a list takes."""

    cik: int | None = None
    result: StaleResult | None = None
    """None takes both."""


@dataclass(frozen=True, slots=True)
class StaleEntry:
    """A stale result."""

    filing: Filing
    result: StaleResult
    version: int
    stale: Staleness


@dataclass(frozen=True, slots=True)
class StalePage:
    """Part of the list of what is stale."""

    entries: tuple[StaleEntry, ...]
    next_after: int | None
    """None on the last page."""


@dataclass(frozen=True, slots=True)
class DisputeSelection:
    """Which disputes a list takes."""

    accession_number: str = ""
    """Empty takes those of all filings."""
    history: bool = False
    """True takes everything that was ever said, False the disputes that are open."""


class GroupBy(StrEnum):
    """What values are grouped by."""

    FORM = "form"
    SECTOR = "sector"
    """The major group: the first two digits of the SIC code."""
    YEAR = "year"
    """Calendar year of the period's end."""
    QUARTER = "quarter"
    """Calendar quarter of the period's end."""


@dataclass(frozen=True, slots=True)
class AggregateSelection:
    """Which values an aggregate takes, and how it groups them."""

    signal_id: str
    expression: TypedExpression | None
    currency: str
    group_by: tuple[GroupBy, ...]
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AggregateGroup:
    """One group's figures."""

    keys: tuple[str, ...]
    count: int
    mean: float
    least: float
    largest: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The groups, in the order of their keys."""

    groups: tuple[AggregateGroup, ...]
    unit: str
    currency: str


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
class TableStatistics:
    """How much a table holds."""

    table: str
    rows: int
    size_bytes: int
    """About."""


@dataclass(frozen=True, slots=True)
class FormStatistics:
    """How much is stored of one form type; empty when it is not known."""

    form_type: str
    filings: int
    versions: int
    signals: int
    analyses: int
    oldest_filed: date | None
    newest_filed: date | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much is held."""

    tables: tuple[TableStatistics, ...]
    forms: tuple[FormStatistics, ...]
    days: int
    """Different filing days."""
    oldest_recorded_at: datetime | None
    newest_recorded_at: datetime | None
    file_bytes: int
    wal_bytes: int
    counted_at: datetime
    sequence: int

    def share(self, table: str, rows: int) -> int:
        """About the bytes that so many of a table's rows take."""
        found = next((each for each in self.tables if each.table == table), None)
        return (
            0 if found is None or not found.rows else found.size_bytes * min(rows, found.rows) // found.rows
        )


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

    async def signals(
        self, accession_number: str, moment: Moment, *, with_evidence: bool
    ) -> StoredSignals | None:
        """The version valid at `moment`, with its signals."""

    async def signals_of(
        self,
        accession_numbers: Sequence[str],
        moment: Moment,
        *,
        with_evidence: bool,
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
        """A page of the filings that meet the screen. CURRENCY_MISMATCH on the first page."""

    async def screen_companies(
        self, screen: CompanyScreen, moment: Moment, after: int | None, limit: int
    ) -> CompanyPage:
        """A page of the companies that meet the screen, after a CIK. CURRENCY_MISMATCH on the first page."""

    async def series(
        self, selection: SeriesSelection, moment: Moment, after: SeriesPosition | None, limit: int
    ) -> Series | None:
        """A page of a company's signals over time; None when no filing of it is stored."""

    async def aggregate(self, selection: AggregateSelection, moment: Moment) -> Aggregate:
        """Figures of a signal by group. CURRENCY_MISMATCH; INVALID_FIELD when there are too many groups."""

    def export(self, screen: Screen, moment: Moment) -> AsyncGenerator[bytes, None]:
        """All values of the screen's signals as one Arrow IPC stream, in parts. CURRENCY_MISMATCH."""

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
