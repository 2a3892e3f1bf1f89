"""One group of commits as one DuckDB transaction: filings, signals, evidence, outbox and change feed together."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store import screen_segments
from tenkay_store.duckdb_owner import DuckDBOwner, first_line
from tenkay_store.filter import FieldType, SignalTypes
from tenkay_store.group_commit import WriterBroken
from tenkay_store.records import (
    NUMERIC_KINDS,
    Analysis,
    Change,
    CommitKind,
    CommitRecord,
    Committed,
    Delivery,
    DeliveryState,
    Extraction,
    Fence,
    Filing,
    Purge,
    Signal,
    ValueKind,
    kind_of,
)
from tenkay_store.screen_segments import Segment, Segments
from tenkay_store.signal_columns import SignalColumns


@dataclass(frozen=True, slots=True)
class Commit:
    """Work: make a result durable."""

    body: Extraction | Analysis
    traceparent: str = ""
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Work: record where commits stand in the sink."""

    deliveries: Mapping[int, Delivery]


@dataclass(frozen=True, slots=True)
class Prune:
    """Work: forget changes recorded before a moment, but the newest."""

    before: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Work: purge a filing."""

    purge: Purge


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """Work: close the screens' open segment and open the next."""


@dataclass(frozen=True, slots=True)
class PlaceSegment:
    """Work: let a sorted segment count in the place of those it was made from."""

    parts: tuple[Segment, ...]
    built: Segment
    purges: int
    """`Segments.purges` when it was made."""


Work = Commit | Mark | Prune | Remove | OpenSegment | PlaceSegment


@dataclass(frozen=True, slots=True)
class Written:
    """Outcome of a piece of work. Only commits have parts."""

    committed: Committed | None = None
    record: CommitRecord | None = None
    """Only where something was changed."""
    changes: tuple[Change, ...] = ()
    """What the feed tells of it, in order; empty where nothing was changed."""


DISK_FULL_RETRY_SECONDS = 30.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignalId:
    """A row of the dimension table of signal ids."""

    key: int
    id: str
    category: str | None
    """Of the first value stored; None while there are only gaps."""
    kinds: int
    """Bits, as in `SignalIds`."""


class SignalIds:
    """The dimension table of signal ids, in memory. Written by the writing thread alone, read by anyone."""

    NUMBER, BOOLEAN, NAME, AMOUNT = 1, 2, 4, 8

    def __init__(self, rows: Iterable[SignalId]) -> None:
        self._by_id: dict[str, SignalId] = {}
        self._by_key: dict[int, SignalId] = {}
        self._types: dict[str, frozenset[FieldType]] = {}
        self.take(rows)

    def take(self, rows: Iterable[SignalId]) -> None:
        """Add or replace rows."""
        for row in rows:
            self._by_key[row.key] = row
            self._by_id[row.id] = row
            self._types[row.id] = _types_of(row.kinds)

    @property
    def types(self) -> SignalTypes:
        """The kinds of value by id, as filters see them."""
        return self._types

    def find(self, signal_id: str) -> SignalId | None:
        """The row of an id, if it was ever stored."""
        return self._by_id.get(signal_id)

    def of_id(self, signal_id: str) -> SignalId:
        """The row of an id that is stored, as those of a resolved filter are."""
        return self._by_id[signal_id]

    def of_key(self, key: int) -> SignalId:
        """The row of a key."""
        return self._by_key[key]

    def holds_amounts(self, signal_id: str) -> bool:
        """Whether values of the signal ever had a currency."""
        row = self._by_id.get(signal_id)
        return row is not None and bool(row.kinds & self.AMOUNT)

    def __len__(self) -> int:
        return len(self._by_key)


class CommitWriter:
    """Applies groups of work through the owner's writing connection. Lives in the writing thread."""

    def __init__(
        self,
        owner: DuckDBOwner,
        *,
        clock: Callable[[], datetime],
        sink: str | None,
        min_free_bytes: int,
        checkpoint_wal_bytes: int,
    ) -> None:
        self._owner = owner
        self._connection = owner.writer
        self._clock = clock
        self._sink = sink
        self._min_free_bytes = min_free_bytes
        self._checkpoint_wal_bytes = checkpoint_wal_bytes
        head, recorded_at = self._connection.execute(
            "SELECT coalesce(max(sequence), 0), max(recorded_at) FROM change_feed"
        ).fetchall()[0]
        self.head: int = head
        """The newest commit's sequence."""
        self._recorded_at: datetime | None = recorded_at
        self.signal_ids = SignalIds(
            SignalId(*row)
            for row in self._connection.execute(
                "SELECT signal_key, signal_id, category, kinds FROM signal_ids"
            ).fetchall()
        )
        self._numbering = threading.Lock()
        self.segments, self._next_segment = screen_segments.load(self._connection)
        """The screens' copy, as committed: replaced as a whole, so that any thread may read it."""
        self.open_segment_rows: int = self._connection.execute(
            f"SELECT count(*) FROM {self.segments.open.table}"  # noqa: S608 - a name of ours
        ).fetchall()[0][0]
        if sink is not None:
            self._enqueue_unsent(sink)

    def apply(self, group: Sequence[Work]) -> Sequence[Written | TenkayError]:
        """Make a group durable; an outcome or error for each piece. Raises when nothing of the group is."""
        refusal = self._refusal_for_lack_of_room()
        try:
            self._connection.begin()
            plan = self._plan(group, refusal)
            self._write(plan)
            self._connection.commit()
        except BaseException as error:
            self._roll_back()
            raise _translated(error) from error
        self.signal_ids.take(plan.signal_ids.values())
        if plan.segments is not self.segments:
            if plan.segments.open is not self.segments.open:
                self.open_segment_rows = 0
            self.segments = plan.segments
        self.open_segment_rows += len(plan.signals)
        self._recorded_at = plan.recorded_at
        self.head = plan.head
        return plan.outcomes

    def between(self, worked: bool) -> None:
        """Merge the log into the file when it is large, or there is nothing else to do and it is worth it."""
        wal_bytes = self._owner.wal_bytes
        due = self._checkpoint_wal_bytes if worked else self._checkpoint_wal_bytes // 4
        if wal_bytes >= due and self._owner.free_bytes > self._min_free_bytes + 2 * wal_bytes:
            try:
                self._connection.execute("CHECKPOINT")
            except duckdb.FatalException as error:
                raise WriterBroken(first_line(error)) from error
            except duckdb.Error as error:
                logger.warning("checkpoint_put_off", problem=first_line(error))

    def _refusal_for_lack_of_room(self) -> TenkayError | None:
        """What commits are answered while the disk is too full. Marks are small and let the outbox go on."""
        free = self._owner.free_bytes
        if free >= self._min_free_bytes:
            return None
        return failure(
            Reason.DISK_FULL,
            f"{free:,} bytes are free on the store's disk and {self._min_free_bytes:,} are to stay free; "
            "nothing was changed; make room or set TENKAY_STORE_MIN_FREE_BYTES",
            retry_after=DISK_FULL_RETRY_SECONDS,
        )

    def _roll_back(self) -> None:
        # A COMMIT that failed has rolled back by itself, and a broken instance cannot; both say so here.
        with contextlib.suppress(duckdb.Error):
            self._connection.rollback()

    def _enqueue_unsent(self, sink: str) -> None:
        """Put into the outbox what was committed while the sink was not configured."""
        now = _naive(self._clock())
        for table, kind, key in (
            ("filings", CommitKind.EXTRACTION, "t.result_key"),
            ("analyses", CommitKind.ANALYSIS, "t.result_key"),
            ("purges", CommitKind.PURGE, "''"),
        ):
            self._connection.execute(
                f"""
                INSERT INTO outbox BY NAME
                SELECT t.sequence, t.accession_number, $kind AS kind, {key} AS result_key, $sink AS sink,
                       $state AS state, 0 AS attempts, 0 AS size_bytes, $now AS enqueued_at
                FROM {table} t ANTI JOIN (SELECT sequence FROM outbox WHERE sink = $sink) sent USING (sequence)
                ORDER BY t.sequence
                """,  # noqa: S608 - two names of ours
                {"kind": kind.value, "sink": sink, "state": DeliveryState.PENDING.value, "now": now},
            )

    def _plan(self, group: Sequence[Work], refusal: TenkayError | None) -> _Plan:
        now = _naive(self._clock())
        plan = _Plan(
            head=self.head,
            # A clock that was set back does not turn the order of commits around.
            recorded_at=now if self._recorded_at is None else max(now, self._recorded_at),
            stored_ids=self.signal_ids,
            sink=self._sink,
            segments=self.segments,
        )
        # A disk that is too full takes purges: they are what makes room.
        bodies = [work.body for work in group if isinstance(work, Commit) and refusal is None]
        purged = [work.purge.accession_number for work in group if isinstance(work, Remove)]
        self._load_versions(plan, bodies, purged)
        for work in group:
            if isinstance(work, Commit) and refusal is not None:
                plan.outcomes.append(refusal)
            elif isinstance(work, Commit):
                plan.outcomes.append(
                    plan.add_extraction(work.body, work.traceparent, work.fence)
                    if isinstance(work.body, Extraction)
                    else plan.add_analysis(work.body, work.traceparent, work.fence)
                )
            elif isinstance(work, Remove):
                plan.outcomes.append(plan.add_purge(work.purge))
            else:
                self._plan_upkeep(plan, work)
                plan.outcomes.append(Written())
        return plan

    def _plan_upkeep(self, plan: _Plan, work: Work) -> None:
        match work:
            case Mark(deliveries):
                plan.marks.update(deliveries)
            case Prune(before):
                plan.prune_before = _naive(before)
            case OpenSegment():
                plan.segments = screen_segments.open_next(
                    self._connection, plan.segments, self.next_segment_number()
                )
            case PlaceSegment(parts, built, purges):
                if purges == plan.segments.purges:
                    plan.segments = screen_segments.put_in_place(
                        self._connection, plan.segments, parts, built
                    )
                else:
                    self._connection.execute(f"DROP TABLE {built.table}")

    def next_segment_number(self) -> int:
        """A number that no segment has had. Any thread may ask."""
        with self._numbering:
            self._next_segment += 1
            return self._next_segment - 1

    def _load_versions(
        self, plan: _Plan, bodies: Sequence[Extraction | Analysis], purged: Sequence[str]
    ) -> None:
        accession_numbers = {*(body.accession_number for body in bodies), *purged}
        if not accession_numbers:
            return
        for row in self._joined(
            "SELECT accession_number, version, sequence, recorded_at, superseded_by, result_key, fence_scope, "
            "fence_token, cik FROM filings JOIN incoming USING (accession_number) ORDER BY version",
            pa.table({"accession_number": sorted(accession_numbers)}),
        ):
            plan.filings.setdefault(row[0], []).append(_FilingVersion(*row[1:]))
        for row in self._joined(
            "SELECT accession_number, max(last_version), max(last_analysis_version) FROM purges "
            "JOIN incoming USING (accession_number) GROUP BY accession_number",
            pa.table({"accession_number": sorted(accession_numbers)}),
        ):
            plan.purged_versions[row[0]] = (row[1], row[2])
        analysed = {*(body.accession_number for body in bodies if isinstance(body, Analysis)), *purged}
        sequences = [version.sequence for number in analysed for version in plan.filings.get(number, ())]
        if not sequences:
            return
        for row in self._joined(
            "SELECT accession_number, version, sequence, recorded_at, superseded_by, result_key, fence_scope, "
            "fence_token, filing_sequence FROM analyses JOIN incoming USING (filing_sequence) ORDER BY version",
            pa.table({"filing_sequence": pa.array(sorted(sequences), pa.uint64())}),
        ):
            plan.analyses.setdefault(row[0], []).append(_AnalysisVersion(*row[1:]))

    def _joined(self, query: str, incoming: pa.Table) -> list[tuple[Any, ...]]:
        self._connection.register("incoming", incoming)
        try:
            return self._connection.execute(query).fetchall()
        finally:
            self._connection.unregister("incoming")

    def _write(self, plan: _Plan) -> None:
        self._write_signal_ids(plan.signal_ids.values())
        for table, rows in plan.rows.items():
            if rows:
                self._insert(table, _arrow(_TABLES[table], rows))
        if len(plan.signals):
            signals, screened, evidence = plan.signals.tables()
            self._insert("signals", signals)
            self._insert(plan.segments.open.table, screened)
            self._insert("evidence", evidence)
        self._update("filings", "sequence", "superseded_by", plan.superseded_filings)
        self._update("analyses", "sequence", "superseded_by", plan.superseded_analyses)
        if plan.marks and self._sink is not None:
            self._mark(plan.marks, self._sink)
        if plan.purged:
            self._take_out(plan)
        if plan.prune_before is not None:
            self._connection.execute(
                "DELETE FROM change_feed WHERE recorded_at < ? AND sequence < ?",
                [plan.prune_before, plan.head],
            )

    def _take_out(self, plan: _Plan) -> None:
        """Delete what is purged. Its purge, in the outbox, is all that the sink is still to be told of it."""
        sequences = sorted(sequence for each in plan.purged.values() for sequence in each)
        parameters = {"sequences": sequences}
        for table in ("filings", "signals", "evidence", "missing_signals", "sections", "texts"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE list_contains($sequences::UBIGINT[], sequence)",  # noqa: S608
                parameters,
            )
        self._connection.execute(
            "DELETE FROM analyses WHERE list_contains($sequences::UBIGINT[], filing_sequence)", parameters
        )
        for accession_number in plan.purged:
            self._connection.execute(
                "DELETE FROM outbox WHERE accession_number = $accession_number AND kind <> 'PURGE' "
                "AND sequence < (SELECT max(sequence) FROM purges WHERE accession_number = $accession_number)",
                {"accession_number": accession_number},
            )
        plan.segments = screen_segments.take_out(self._connection, plan.segments, sequences)

    def _write_signal_ids(self, rows: Iterable[SignalId]) -> None:
        known = len(self.signal_ids)
        new = [(row.key, row.id, row.category, row.kinds) for row in rows if row.key >= known]
        changed = [(row.key, row.id, row.category, row.kinds) for row in rows if row.key < known]
        if changed:
            self._connection.register("incoming", _arrow(_TABLES["signal_ids"], changed))
            self._connection.execute(
                "UPDATE signal_ids SET category = i.category, kinds = i.kinds FROM incoming i "
                "WHERE signal_ids.signal_key = i.signal_key"
            )
            self._connection.unregister("incoming")
        if new:
            self._insert("signal_ids", _arrow(_TABLES["signal_ids"], new))

    def _insert(self, table: str, incoming: pa.Table) -> None:
        self._connection.register("incoming", incoming)
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")  # noqa: S608 - names of ours
        self._connection.unregister("incoming")

    def _update(self, table: str, key: str, column: str, values: Mapping[int, int]) -> None:
        if values:
            incoming = pa.table(
                {"k": pa.array(values.keys(), pa.uint64()), "v": pa.array(values.values(), pa.uint64())}
            )
            self._connection.register("incoming", incoming)
            self._connection.execute(
                f"UPDATE {table} SET {column} = v FROM incoming WHERE {key} = k"  # noqa: S608 - names of ours
            )
            self._connection.unregister("incoming")

    def _mark(self, marks: Mapping[int, Delivery], sink: str) -> None:
        rows = [
            (
                sequence,
                each.state.value,
                each.attempts,
                _naive_or_none(each.next_try_at),
                _naive_or_none(each.durable_at),
                each.last_error or None,
            )
            for sequence, each in sorted(marks.items())
        ]
        self._connection.register("incoming", _arrow(_MARKS, rows))
        self._connection.execute(
            """
            UPDATE outbox SET state = i.state, attempts = i.attempts, next_try_at = i.next_try_at,
                durable_at = i.durable_at, last_error = i.last_error
            FROM incoming i
            WHERE outbox.sequence = i.sequence AND outbox.sink = $sink
            """,
            {"sink": sink},
        )
        self._connection.unregister("incoming")


@dataclass(slots=True)
class _FilingVersion:
    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    cik: int | None


@dataclass(slots=True)
class _AnalysisVersion:
    version: int
    sequence: int
    recorded_at: datetime
    superseded_by: int | None
    result_key: str
    fence_scope: str | None
    fence_token: int | None
    filing_sequence: int


@dataclass(slots=True)
class _Plan:
    """What a group adds to what is stored, worked out in the order of its pieces."""

    head: int
    recorded_at: datetime
    stored_ids: SignalIds
    sink: str | None
    segments: Segments
    filings: dict[str, list[_FilingVersion]] = field(default_factory=dict)
    analyses: dict[str, list[_AnalysisVersion]] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in _TABLES if name != "signal_ids"}
    )
    signals: SignalColumns = field(default_factory=SignalColumns)
    purged: dict[str, list[int]] = field(default_factory=dict)
    """Sequences of the versions to delete, by filing."""
    purged_versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The newest version, and that of its analyses, that a filing had before it was purged."""
    superseded_filings: dict[int, int] = field(default_factory=dict)
    superseded_analyses: dict[int, int] = field(default_factory=dict)
    marks: dict[int, Delivery] = field(default_factory=dict)
    prune_before: datetime | None = None
    outcomes: list[Written | TenkayError] = field(default_factory=list)
    signal_ids: dict[str, SignalId] = field(default_factory=dict)
    """Rows of the dimension table that are new or changed, by id."""
    _new_ids: int = 0

    def add_extraction(
        self, body: Extraction, traceparent: str, fence: Fence | None = None
    ) -> Written | TenkayError:
        """The next version of a filing, unless it is stored."""
        filing = body.filing
        versions = self.filings.setdefault(filing.accession_number, [])
        for old in versions:
            if old.result_key == body.result_key:
                return _unchanged(old.sequence, old.version, old.recorded_at)
        if stale := _stale(fence, versions, filing.accession_number):
            return stale
        before = self.purged_versions.get(filing.accession_number, (0, 0))[0]
        version = (versions[-1].version if versions else before) + 1
        # Before the commit's own, so that a follower that has seen the commit has seen both.
        left = self._leave_company(versions[-1], filing, version) if versions else ()
        sequence = self._next_sequence()
        if versions:
            self.superseded_filings[versions[-1].sequence] = sequence
        versions.append(
            _FilingVersion(
                version, sequence, self.recorded_at, None, body.result_key, *_columns(fence), filing.cik
            )
        )
        self.rows["filings"].append(
            (
                filing.accession_number,
                version,
                sequence,
                self.recorded_at,
                body.result_key,
                body.catalog_version,
                body.code_version,
                body.fact_count,
                len(body.signals),
                filing.cik,
                filing.form_type or None,
                filing.company_name or None,
                filing.filed_date,
                _naive_or_none(filing.accepted_at),
                filing.period_end,
                filing.sic_code,
                filing.items,
                filing.primary_document or None,
                filing.source or None,
                filing.is_amendment,
                *_columns(fence),
            )
        )
        self._add_parts(sequence, body)
        return self._finish(sequence, version, filing.cik, body, traceparent, before=left)

    def add_analysis(
        self, body: Analysis, traceparent: str, fence: Fence | None = None
    ) -> Written | TenkayError:
        """The next version of a filing's analysis, unless it is stored."""
        filings = self.filings.get(body.accession_number)
        if not filings:
            return failure(
                Reason.FILING_UNKNOWN,
                f"filing {body.accession_number} is not stored; commit its extraction first",
                field="analysis.accession_number",
            )
        versions = self.analyses.setdefault(body.accession_number, [])
        for old in versions:
            if old.result_key == body.result_key:
                return _unchanged(old.sequence, old.version, old.recorded_at)
        if stale := _stale(fence, versions, body.accession_number):
            return stale
        made_from = next((each for each in filings if each.result_key == body.extraction_key), None)
        if made_from is None:
            return failure(
                Reason.INVALID_FIELD,
                f"no stored extraction of {body.accession_number} has the key {body.extraction_key}; "
                "commit the extraction that the analysis was made from first",
                field="analysis.extraction_key",
            )
        sequence = self._next_sequence()
        before = self.purged_versions.get(body.accession_number, (0, 0))[1]
        version = (versions[-1].version if versions else before) + 1
        for old in versions:
            if old.filing_sequence == made_from.sequence and old.superseded_by is None:
                old.superseded_by = sequence
                self.superseded_analyses[old.sequence] = sequence
        versions.append(
            _AnalysisVersion(
                version,
                sequence,
                self.recorded_at,
                None,
                body.result_key,
                *_columns(fence),
                made_from.sequence,
            )
        )
        self.rows["analyses"].append(
            (
                made_from.sequence,
                body.accession_number,
                version,
                sequence,
                self.recorded_at,
                body.result_key,
                body.extraction_key,
                body.rules_version,
                body.rating,
                body.score,
                body.flag_ids,
                body.document,
                *_columns(fence),
            )
        )
        return self._finish(sequence, version, made_from.cik, body, traceparent)

    def add_purge(self, purge: Purge) -> Written:
        """The removal of a filing, unless it is not stored."""
        name = purge.accession_number
        versions = self.filings.get(name, [])
        if not versions:
            return Written()
        analyses = self.analyses.get(name, [])
        before = self.purged_versions.get(name, (0, 0))
        last = (versions[-1].version, analyses[-1].version if analyses else before[1])
        body = replace(purge, cik=versions[-1].cik, versions=len(versions))
        sequence = self._next_sequence()
        self.rows["purges"].append(
            (
                sequence,
                name,
                body.cik,
                body.versions,
                *last,
                self.recorded_at,
                body.requested_by,
                body.reason,
            )
        )
        self.purged.setdefault(name, []).extend(each.sequence for each in versions)
        self.purged_versions[name] = last
        self.filings[name], self.analyses[name] = [], []
        self.superseded_filings = {
            old: new for old, new in self.superseded_filings.items() if old not in self.purged[name]
        }
        return self._finish(sequence, last[0], body.cik, body, "")

    def _add_parts(self, sequence: int, body: Extraction) -> None:
        rows = self.rows
        keys = [self._signal_key(each.id, each.category, _kind_of(each)) for each in body.signals]
        self.signals.add(sequence, body.filing.filed_date, keys, body.signals)
        for ordinal, gap in enumerate(body.missing):
            key = self._signal_key(gap.id, None, 0)
            rows["missing_signals"].append((sequence, ordinal, key, gap.reason, gap.detail))
        for ordinal, section in enumerate(body.sections):
            rows["sections"].append(
                (
                    sequence,
                    ordinal,
                    section.code,
                    section.part,
                    section.title,
                    section.document,
                    section.start,
                    section.end,
                    section.confidence,
                )
            )
        for ordinal, text in enumerate(body.texts):
            rows["texts"].append((sequence, ordinal, text.document, text.sha256, text.length))

    def _signal_key(self, signal_id: str, category: str | None, kind: int) -> int:
        row = self.signal_ids.get(signal_id) or self.stored_ids.find(signal_id)
        if (
            row is not None
            and row.kinds | kind == row.kinds
            and (category is None or row.category is not None)
        ):
            return row.key
        if row is None:
            row = SignalId(len(self.stored_ids) + self._new_ids, signal_id, category, kind)
            self._new_ids += 1
        else:
            row = replace(row, category=row.category or category, kinds=row.kinds | kind)
        self.signal_ids[signal_id] = row
        return row.key

    def _next_sequence(self) -> int:
        self.head += 1
        return self.head

    def _leave_company(self, old: _FilingVersion, new: Filing, version: int) -> tuple[Change, ...]:
        """The change that tells a filing's former company of a version that names another one, or none."""
        if old.cik is None or old.cik == new.cik:
            return ()
        return (
            self._tell(self._next_sequence(), CommitKind.EXTRACTION, new.accession_number, old.cik, version),
        )

    def _tell(
        self, sequence: int, kind: CommitKind, accession_number: str, cik: int | None, version: int
    ) -> Change:
        self.rows["change_feed"].append(
            (sequence, kind.value, accession_number, cik, version, self.recorded_at)
        )
        return Change(sequence, kind, accession_number, cik, version, self.recorded_at.replace(tzinfo=UTC))

    def _finish(
        self,
        sequence: int,
        version: int,
        cik: int | None,
        body: Extraction | Analysis | Purge,
        traceparent: str,
        *,
        before: tuple[Change, ...] = (),
    ) -> Written:
        accession_number = body.accession_number
        kind = kind_of(body)
        recorded_at = self.recorded_at.replace(tzinfo=UTC)
        change = self._tell(sequence, kind, accession_number, cik, version)
        if self.sink is not None:
            self.rows["outbox"].append(
                (
                    sequence,
                    accession_number,
                    kind.value,
                    "" if isinstance(body, Purge) else body.result_key,
                    self.sink,
                    DeliveryState.PENDING.value,
                    0,
                    body.size_bytes,
                    self.recorded_at,
                )
            )
        return Written(
            Committed(sequence, version, recorded_at, changed=True),
            CommitRecord(sequence, version, recorded_at, body, traceparent),
            (*before, change),
        )


def _columns(fence: Fence | None) -> tuple[str | None, int | None]:
    return (None, None) if fence is None else (fence.scope, fence.token)


def _stale(
    fence: Fence | None, versions: Sequence[_FilingVersion | _AnalysisVersion], accession_number: str
) -> TenkayError | None:
    """STALE_LEASE when a later lease of the same scope has committed already."""
    if fence is None:
        return None
    newest = max((each.fence_token or 0 for each in versions if each.fence_scope == fence.scope), default=0)
    if fence.token >= newest:
        return None
    return failure(
        Reason.STALE_LEASE,
        f"the lease {fence.token} of {accession_number} is over: a result under the lease {newest} is stored; drop "
        "this one",
        metadata={"token": str(newest)},
    )


def _unchanged(sequence: int, version: int, recorded_at: datetime) -> Written:
    return Written(Committed(sequence, version, recorded_at.replace(tzinfo=UTC), changed=False))


_BIT_OF_KIND = {
    ValueKind.BOOL: SignalIds.BOOLEAN,
    ValueKind.ENUM: SignalIds.NAME,
    **dict.fromkeys(NUMERIC_KINDS, SignalIds.NUMBER),
}


def _kind_of(signal: Signal) -> int:
    bit = _BIT_OF_KIND[signal.value.kind]
    return bit | SignalIds.AMOUNT if signal.currency and bit == SignalIds.NUMBER else bit


def _types_of(kinds: int) -> frozenset[FieldType]:
    return frozenset(
        field_type
        for bit, field_type in (
            (SignalIds.NUMBER, FieldType.NUMBER),
            (SignalIds.BOOLEAN, FieldType.BOOLEAN),
            (SignalIds.NAME, FieldType.TEXT),
        )
        if kinds & bit
    )


_NO_ROOM = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def _translated(error: BaseException) -> BaseException:
    """What a failed transaction means. An error that is none of these is the group's own fault."""
    if isinstance(error, duckdb.FatalException):
        return WriterBroken(first_line(error))
    if isinstance(error, duckdb.Error) and any(words in str(error) for words in _NO_ROOM):
        return failure(
            Reason.DISK_FULL,
            "the store's disk is full; nothing was changed; make room and try again",
            retry_after=DISK_FULL_RETRY_SECONDS,
        )
    if isinstance(error, duckdb.IOException) or "Could not write" in str(error):
        return failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the store's disk refused a write: {first_line(error)}; nothing was changed",
            metadata={"service": "duckdb"},
            retry_after=DISK_FULL_RETRY_SECONDS,
        )
    return error


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _naive_or_none(at: datetime | None) -> datetime | None:
    return None if at is None else _naive(at)


_TEXT, _MOMENT, _TEXTS = pa.string(), pa.timestamp("us"), pa.list_(pa.string())
_SEQUENCE, _ORDINAL, _COUNT = pa.uint64(), pa.uint16(), pa.uint32()
_TABLES: Mapping[str, pa.Schema] = {
    "signal_ids": pa.schema(
        [("signal_key", _COUNT), ("signal_id", _TEXT), ("category", _TEXT), ("kinds", pa.uint8())]
    ),
    "filings": pa.schema(
        [
            ("accession_number", _TEXT),
            ("version", _COUNT),
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("result_key", _TEXT),
            ("catalog_version", _TEXT),
            ("code_version", _TEXT),
            ("fact_count", _COUNT),
            ("signal_count", _COUNT),
            ("cik", pa.uint64()),
            ("form_type", _TEXT),
            ("company_name", _TEXT),
            ("filed_date", pa.date32()),
            ("accepted_at", _MOMENT),
            ("period_end", pa.date32()),
            ("sic_code", pa.int32()),
            ("items", _TEXTS),
            ("primary_document", _TEXT),
            ("source", _TEXT),
            ("is_amendment", pa.bool_()),
            ("fence_scope", _TEXT),
            ("fence_token", pa.uint64()),
        ]
    ),
    "missing_signals": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("signal_key", _COUNT),
            ("reason", _TEXT),
            ("detail", _TEXT),
        ]
    ),
    "sections": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("code", _TEXT),
            ("part", _TEXT),
            ("title", _TEXT),
            ("document", _TEXT),
            ("start_offset", _COUNT),
            ("end_offset", _COUNT),
            ("confidence", pa.float64()),
        ]
    ),
    "texts": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("ordinal", _ORDINAL),
            ("document", _TEXT),
            ("sha256", _TEXT),
            ("length", _COUNT),
        ]
    ),
    "analyses": pa.schema(
        [
            ("filing_sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("version", _COUNT),
            ("sequence", _SEQUENCE),
            ("recorded_at", _MOMENT),
            ("result_key", _TEXT),
            ("extraction_key", _TEXT),
            ("rules_version", _TEXT),
            ("rating", _TEXT),
            ("score", pa.float64()),
            ("flag_ids", _TEXTS),
            ("document", _TEXT),
            ("fence_scope", _TEXT),
            ("fence_token", pa.uint64()),
        ]
    ),
    "purges": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("cik", pa.uint64()),
            ("version_count", _COUNT),
            ("last_version", _COUNT),
            ("last_analysis_version", _COUNT),
            ("recorded_at", _MOMENT),
            ("requested_by", _TEXT),
            ("reason", _TEXT),
        ]
    ),
    "outbox": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("accession_number", _TEXT),
            ("kind", _TEXT),
            ("result_key", _TEXT),
            ("sink", _TEXT),
            ("state", _TEXT),
            ("attempts", _COUNT),
            ("size_bytes", _COUNT),
            ("enqueued_at", _MOMENT),
        ]
    ),
    "change_feed": pa.schema(
        [
            ("sequence", _SEQUENCE),
            ("kind", _TEXT),
            ("accession_number", _TEXT),
            ("cik", pa.uint64()),
            ("version", _COUNT),
            ("recorded_at", _MOMENT),
        ]
    ),
}
_MARKS = pa.schema(
    [
        ("sequence", _SEQUENCE),
        ("state", _TEXT),
        ("attempts", _COUNT),
        ("next_try_at", _MOMENT),
        ("durable_at", _MOMENT),
        ("last_error", _TEXT),
    ]
)


def _arrow(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays(
        [pa.array(column, each.type) for column, each in zip(columns, schema, strict=True)], schema=schema
    )
