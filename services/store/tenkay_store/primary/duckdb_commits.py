"""One group of commits as one DuckDB transaction: filings, signals, evidence, outbox and change feed together."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import duckdb
import pyarrow as pa

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store import failpoints
from tenkay_store.domain.records import (
    Analysis,
    Body,
    CommitKind,
    Delivery,
    DeliveryState,
    Dispute,
    Extraction,
    Purge,
)
from tenkay_store.domain.signal_ids import SignalId
from tenkay_store.domain.stored_filings import StoredFilings
from tenkay_store.domain.stored_versions import AnalysisVersion, FilingVersion, PurgedVersions
from tenkay_store.domain.version_set import VersionSet
from tenkay_store.failpoints import Failpoint
from tenkay_store.primary import (
    commit_replay,
    duckdb_disputes,
    duckdb_feed,
    duckdb_staleness,
    screen_segments,
)
from tenkay_store.primary.commit_plan import CommitPlan
from tenkay_store.primary.commit_tables import MARKS, TABLES, arrow, naive, naive_or_none
from tenkay_store.primary.commit_work import (
    Commit,
    Mark,
    MarkCopiesClean,
    OpenSegment,
    PlaceSegment,
    Prune,
    Reapply,
    Remove,
    Resume,
    Say,
    Settle,
    Work,
    Written,
)
from tenkay_store.primary.duckdb_artifacts import artifacts_of
from tenkay_store.primary.duckdb_checkpoint import Checkpoints
from tenkay_store.primary.duckdb_failures import RETRY_SECONDS, of_write
from tenkay_store.primary.duckdb_owner import DuckDBOwner
from tenkay_store.primary.duckdb_reads import stored_signal_ids
from tenkay_store.primary.group_commit import WriterBroken
from tenkay_store.primary.recorded_moments import RecordedMoments

logger = get_logger(__name__)

PAUSE_FOR_READERS_SECONDS = 50e-6
"""Between two commits of a group and between the columns of its signals, while queries run: time for one of them to
wake up and take the interpreter."""


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
        self.checkpoints = Checkpoints(owner, wal_bytes=checkpoint_wal_bytes, min_free_bytes=min_free_bytes)
        self.head, recorded_at = duckdb_feed.head(self._connection)
        """The newest commit's sequence, or where a restore resumed."""
        self.moments = RecordedMoments(recorded_at, clock)
        self.signal_ids = stored_signal_ids(self._connection)
        self.created_at: datetime = (
            self._connection.execute("SELECT min(applied_at) FROM schema_version")
            .fetchall()[0][0]
            .replace(tzinfo=UTC)
        )
        """When the file was made."""
        self._stored = StoredFilings(
            self._connection.sql(
                "SELECT replace(accession_number, '-', '')::UBIGINT AS number FROM filings "
                "UNION ALL SELECT replace(accession_number, '-', '')::UBIGINT FROM purges"
            )
            .to_arrow_table()["number"]
            .to_numpy()
        )
        self.ever_stale = self._versions_in("stale_marks")
        """Versions of filings that were ever marked as stale."""
        self.ever_disputed = self._versions_in("disputes")
        """Versions of filings that ever had a disputed value."""
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
            failpoints.reach(Failpoint.BEFORE_COMMIT)
            self._connection.commit()
        except BaseException as error:
            self._roll_back()
            raise of_write(error) from error
        failpoints.reach(Failpoint.AFTER_COMMIT)
        if plan.head > self.head:
            self._acknowledge(plan.head)
            self.moments.committed(plan.recorded_at)
        self.signal_ids.take(plan.signal_ids.values())
        self._stored.add(plan.new_filings)
        # Before anybody is told of the group: who reads a moment that has a mark has to look for it.
        self.ever_stale.add(_filing_sequences("stale_marks", plan.rows))
        self.ever_disputed.add(_filing_sequences("disputes", plan.rows))
        if plan.segments is not self.segments:
            if plan.segments.open is not self.segments.open:
                self.open_segment_rows = 0
            self.segments = plan.segments
        self.open_segment_rows += len(plan.signals)
        self.head = plan.head
        return plan.outcomes

    def between(self, worked: bool) -> None:
        """Merge the log into the file when it is large, or there is nothing else to do and it is worth it."""
        self.checkpoints.make_if_due(worked=worked)

    def _acknowledge(self, sequence: int) -> None:
        try:
            self._owner.acknowledged.advance(sequence)
        except OSError as error:
            # The group is on disk, but a later loss of it would not be noticed: it is not answered.
            raise WriterBroken(f"the mark of what was acknowledged cannot be written: {error}") from error

    def _refusal_for_lack_of_room(self) -> TenkayError | None:
        """What commits are answered while the disk is too full. Marks are small and let the outbox go on."""
        free = self._owner.free_bytes
        if free >= self._min_free_bytes:
            return None
        return failure(
            Reason.DISK_FULL,
            f"{free:,} bytes are free on the store's disk and {self._min_free_bytes:,} are to stay free; "
            "nothing was changed; make room or set TENKAY_STORE_MIN_FREE_BYTES",
            retry_after=RETRY_SECONDS,
        )

    def _roll_back(self) -> None:
        # A COMMIT that failed has rolled back by itself, and a broken instance cannot; both say so here.
        with contextlib.suppress(duckdb.Error):
            self._connection.rollback()

    def _enqueue_unsent(self, sink: str) -> None:
        """Put into the outbox what was committed while the sink was not configured."""
        now = naive(self._clock())
        for table, kind, key in (
            ("filings", CommitKind.EXTRACTION, "t.result_key"),
            ("analyses", CommitKind.ANALYSIS, "t.result_key"),
            ("purges", CommitKind.PURGE, "''"),
            ("disputes", CommitKind.DISPUTE, "''"),
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

    def _plan(self, group: Sequence[Work], refusal: TenkayError | None) -> CommitPlan:
        plan = CommitPlan(
            head=self.head,
            recorded_at=self.moments.begin(),
            stored_ids=self.signal_ids,
            sink=self._sink,
            segments=self.segments,
        )
        # A disk that is too full takes purges: they are what makes room.
        bodies: list[Body] = []
        bodies += [work.body for work in group if isinstance(work, Commit) and refusal is None]
        bodies += [work.dispute for work in group if isinstance(work, Say) and refusal is None]
        bodies += [work.purge for work in group if isinstance(work, Remove)]
        bodies += [work.record.body for work in group if isinstance(work, Reapply)]
        self._load_versions(plan, bodies)
        for work in group:
            self._let_readers_in()
            if isinstance(work, Commit | Say) and refusal is not None:
                plan.outcomes.append(refusal)
            elif isinstance(work, Commit):
                plan.outcomes.append(
                    plan.add_extraction(work.body, work.traceparent, work.fence)
                    if isinstance(work.body, Extraction)
                    else plan.add_analysis(work.body, work.traceparent, work.fence)
                )
            elif isinstance(work, Remove):
                plan.outcomes.append(plan.add_purge(work.purge))
            elif isinstance(work, Say):
                plan.outcomes.append(plan.add_dispute(work.dispute))
            elif isinstance(work, Reapply):
                plan.outcomes.append(refusal or commit_replay.reapply(plan, work.record))
            else:
                self._plan_upkeep(plan, work)
                plan.outcomes.append(Written())
        return plan

    def _let_readers_in(self) -> None:
        """Leave the interpreter to a read that may wait for it.

        Planning a group keeps it for 13 ms, and making its signals' columns for 3. A read needs it several times, and
        each time would be given it only after the 5 ms that Python lets a thread keep it.
        """
        if self._owner.is_reading:
            time.sleep(PAUSE_FOR_READERS_SECONDS)

    def _plan_upkeep(self, plan: CommitPlan, work: Work) -> None:
        match work:
            case Mark(deliveries):
                plan.marks.update(deliveries)
            case Prune(before):
                plan.prune_before = naive(before)
            case Resume(complete_up_to, resumed_at):
                commit_replay.resume(plan, complete_up_to, resumed_at)
            case Settle(accession_numbers, resumed_at):
                self._load_neighbours(plan, accession_numbers)
                for each in accession_numbers:
                    commit_replay.settle(plan, each, resumed_at)
            case MarkCopiesClean(up_to, at):
                plan.copies_clean = (up_to, naive(at))
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

    def _versions_in(self, table: str) -> VersionSet:
        rows = self._connection.execute(f"SELECT DISTINCT filing_sequence FROM {table}").fetchall()  # noqa: S608
        return VersionSet(sequence for (sequence,) in rows)

    def _load_versions(self, plan: CommitPlan, bodies: Sequence[Body]) -> None:
        extractions = [body for body in bodies if isinstance(body, Extraction)]
        purged = {body.accession_number for body in bodies if isinstance(body, Purge)}
        computed_from = {each.accession_number for body in extractions for each in body.earlier_filings}
        if stored := self._stored.among([*(body.accession_number for body in bodies), *computed_from]):
            self._load_stored(plan, stored)
        for name in purged:
            for version in plan.filings.get(name, ()):
                plan.artifacts[version.sequence] = list(artifacts_of(self._connection, version.sequence))
        replaced = {*(body.accession_number for body in extractions), *purged}
        self._load_standings(plan, extractions, replaced)
        self._load_disputes(plan, [body for body in bodies if isinstance(body, Dispute)])
        analysed = {*(body.accession_number for body in bodies if isinstance(body, Analysis)), *purged}
        sequences = [version.sequence for number in analysed for version in plan.filings.get(number, ())]
        if not sequences:
            return
        for row in self._rows(
            "SELECT accession_number, version, sequence, recorded_at, superseded_by, result_key, fence_scope, "
            "fence_token, filing_sequence FROM analyses WHERE filing_sequence IN (SELECT unnest(?::UBIGINT[])) "
            "ORDER BY version",
            sequences,
        ):
            plan.analyses.setdefault(row[0], []).append(AnalysisVersion(*row[1:]))

    def _load_stored(self, plan: CommitPlan, accession_numbers: Sequence[str]) -> None:
        for row in self._rows(
            "SELECT accession_number, version, sequence, recorded_at, superseded_by, result_key, fence_scope, "
            "fence_token, cik, period_end, content_key FROM filings "
            "WHERE accession_number IN (SELECT unnest(?::VARCHAR[])) ORDER BY version",
            accession_numbers,
        ):
            plan.filings.setdefault(row[0], []).append(FilingVersion(*row[1:]))
        for row in self._rows(
            "SELECT accession_number, max(last_version), max(last_analysis_version), max(sequence), "
            "arg_max_null(cik, sequence) FROM purges WHERE accession_number IN (SELECT unnest(?::VARCHAR[])) "
            "GROUP BY accession_number",
            accession_numbers,
        ):
            plan.purged_versions[row[0]] = PurgedVersions(*row[1:])

    def _load_standings(
        self, plan: CommitPlan, extractions: Sequence[Extraction], replaced: Iterable[str]
    ) -> None:
        """The filings that the group's commits may turn stale or fresh, or be stale for."""
        looked_for = [
            duckdb_staleness.LookedFor(
                body.accession_number,
                body.filing.cik,
                body.filing.period_end,
                [each.accession_number for each in body.earlier_filings],
            )
            for body in extractions
            if body.filing.cik is not None
        ]
        looked_for += [
            duckdb_staleness.LookedFor(number, version.cik, version.period_end, [])
            for number in replaced
            for version in plan.filings.get(number, ())[-1:]
            if version.cik is not None
        ]
        if looked_for:
            plan.stale_marks.load(*duckdb_staleness.neighbours(self._connection, looked_for))

    def _load_neighbours(self, plan: CommitPlan, accession_numbers: Sequence[str]) -> None:
        """Filings that were put back, those that they bear upon, and those that they were computed from."""
        self._load_stored(plan, accession_numbers)
        earlier = duckdb_staleness.computed_from(self._connection, accession_numbers)
        self._load_stored(
            plan, [each for each in sorted({*chain(*earlier.values())}) if each not in plan.filings]
        )
        looked_for = []
        for number in accession_numbers:
            versions = plan.filings.get(number, ())
            cik = versions[-1].cik if versions else plan.purged_versions.get(number, PurgedVersions()).cik
            if cik is not None:
                period_end = versions[-1].period_end if versions else None
                looked_for.append(
                    duckdb_staleness.LookedFor(number, cik, period_end, earlier.get(number, ()))
                )
        if looked_for:
            plan.stale_marks.load(*duckdb_staleness.neighbours(self._connection, looked_for))

    def _load_disputes(self, plan: CommitPlan, said: Sequence[Dispute]) -> None:
        """What was said of the values of versions that the group follows or speaks of."""
        versions = [version.sequence for each in plan.filings.values() for version in each]
        if versions:
            plan.disputes = duckdb_disputes.newest_said(self._connection, self.signal_ids, versions)
        for each in said:
            for version in plan.filings.get(each.accession_number, ()):
                if each.version in (None, version.version):
                    digest = duckdb_disputes.digest_of(
                        self._connection, self.signal_ids, version.sequence, each.signal_id
                    )
                    if digest is not None:
                        plan.disputable.setdefault(version.sequence, {})[each.signal_id] = digest

    def _rows(self, query: str, wanted: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, [wanted]).fetchall()

    def _write(self, plan: CommitPlan) -> None:
        self._write_signal_ids(plan.signal_ids.values())
        for table, rows in plan.rows.items():
            if rows:
                self._insert(table, arrow(TABLES[table], rows))
        if len(plan.signals):
            signals, screened, evidence = plan.signals.tables(self._let_readers_in)
            self._insert("signals", signals)
            self._insert(plan.segments.open.table, screened)
            self._insert("evidence", evidence)
        self._update("filings", "sequence", "superseded_by", plan.superseded_filings)
        self._update("analyses", "sequence", "superseded_by", plan.superseded_analyses)
        self._update("stale_marks", "sequence", "superseded_by", plan.ended_marks)
        self._update("disputes", "sequence", "superseded_by", plan.superseded_disputes)
        if plan.marks and self._sink is not None:
            self._mark(plan.marks, self._sink)
        if plan.purged:
            self._take_out(plan)
        if plan.prune_before is not None:
            self._connection.execute(
                "DELETE FROM change_feed WHERE recorded_at < ? "
                "AND sequence < (SELECT max(sequence) FROM change_feed)",
                [plan.prune_before],
            )
        if plan.copies_clean is not None:
            self._connection.execute(
                "UPDATE purges SET copies_clean_at = $at WHERE copies_clean_at IS NULL AND sequence <= $up_to::UBIGINT",
                {"up_to": plan.copies_clean[0], "at": plan.copies_clean[1]},
            )
        for restore in plan.resumes:
            self._connection.execute("INSERT INTO restores VALUES (?, ?, ?)", restore)

    def _take_out(self, plan: CommitPlan) -> None:
        """Delete what is purged. Its purge, in the outbox, is all that the sink is still to be told of it."""
        sequences = sorted(sequence for each in plan.purged.values() for sequence in each)
        parameters = {"sequences": sequences}
        for table in ("filings", "signals", "evidence", "missing_signals", "sections", "texts", "artifacts"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE list_contains($sequences::UBIGINT[], sequence)",  # noqa: S608
                parameters,
            )
        for table in ("analyses", "stale_marks", "disputes"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE list_contains($sequences::UBIGINT[], filing_sequence)",  # noqa: S608
                parameters,
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
        new = [(row.key, row.id, row.category, row.kinds, row.unit) for row in rows if row.key >= known]
        changed = [(row.key, row.id, row.category, row.kinds, row.unit) for row in rows if row.key < known]
        if changed:
            incoming = arrow(TABLES["signal_ids"], changed).__arrow_c_stream__()  # noqa: F841 - used by the statement
            self._connection.execute(
                "UPDATE signal_ids SET category = i.category, kinds = i.kinds, unit = i.unit FROM incoming i "
                "WHERE signal_ids.signal_key = i.signal_key"
            )
        if new:
            self._insert("signal_ids", arrow(TABLES["signal_ids"], new))

    def _insert(self, table: str, rows: pa.Table) -> None:
        # The statement finds the stream by its name. A table would be read through Python, and one that is registered
        # makes and drops a view: each would cost about what the statement does.
        incoming = rows.__arrow_c_stream__()  # noqa: F841 - used by the statement
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")  # noqa: S608 - names of ours

    def _update(self, table: str, key: str, column: str, values: Mapping[int, int]) -> None:
        if values:
            pairs = pa.table(
                {"k": pa.array(values.keys(), pa.uint64()), "v": pa.array(values.values(), pa.uint64())}
            )
            incoming = pairs.__arrow_c_stream__()  # noqa: F841 - used by the statement
            self._connection.execute(
                f"UPDATE {table} SET {column} = v FROM incoming WHERE {key} = k"  # noqa: S608 - names of ours
            )

    def _mark(self, marks: Mapping[int, Delivery], sink: str) -> None:
        rows = [
            (
                sequence,
                each.state.value,
                each.attempts,
                naive_or_none(each.next_try_at),
                naive_or_none(each.durable_at),
                each.last_error or None,
            )
            for sequence, each in sorted(marks.items())
        ]
        incoming = arrow(MARKS, rows).__arrow_c_stream__()  # noqa: F841 - used by the statement
        self._connection.execute(
            """
            UPDATE outbox SET state = i.state, attempts = i.attempts, next_try_at = i.next_try_at,
                durable_at = i.durable_at, last_error = i.last_error
            FROM incoming i
            WHERE outbox.sequence = i.sequence AND outbox.sink = $sink
            """,
            {"sink": sink},
        )


def _filing_sequences(table: str, rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> Iterable[int]:
    place = TABLES[table].get_field_index("filing_sequence")
    return (row[place] for row in rows[table])
