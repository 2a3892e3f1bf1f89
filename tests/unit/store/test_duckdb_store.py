"""Commits and reads of the primary, in one process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenkay.errors import Reason, ResourceExhausted
from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import Delivery, DeliveryState, Dispute, Extraction, Section
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_reads
from tenkay_store.primary.duckdb_owner import FILE_NAME, CannotOpen
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import (
    accession_number,
    analysis_to_commit,
    extraction,
    extraction_to_commit,
)

FIRST = accession_number(1)


async def test_a_poison_filing_fails_alone(store: DuckDBStore) -> None:
    good = [extraction_to_commit(accession_number(number)) for number in range(10)]
    # Past the door, which would refuse it: no column takes a negative offset.
    poison = replace(
        extraction_to_commit(accession_number(99)), sections=(Section("item_7", "", "", "", -1, 5, 0.5),)
    )
    answers = await asyncio.gather(
        *(store.commit(body) for body in [*good[:5], poison, *good[5:]]), return_exceptions=True
    )
    assert isinstance(answers[5], Exception)
    assert [answer.changed for answer in answers[:5] + answers[6:]] == [True] * 10  # type: ignore[union-attr]
    assert await store.filing(accession_number(99), Moment(store.head)) is None
    assert [change.sequence for change in await store.changes(0, 100)] == list(range(1, 11))


async def test_a_store_opened_again_goes_on_where_it_was(tmp_path: Path, clock: Clock) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(options(tmp_path), clock)
    try:
        assert store.head == 1
        assert store.signal_types["revenue"] == {filters.FieldType.NUMBER}
        assert not (await store.commit(extraction_to_commit(FIRST))).changed
        assert (await store.commit(extraction_to_commit(accession_number(2)))).sequence == 2
        found = await store.signals(accession_number(2), Moment(2))
        assert found is not None
        assert found.report == extraction_to_commit(accession_number(2)).report
    finally:
        await store.close()


async def test_parts_of_a_filing_come_in_their_order_however_their_rows_lie(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    committed = extraction_to_commit(FIRST, gaps=("interest_cover", "quick_ratio"))
    await store.commit(committed)
    await store.close()
    tables = ("signals", "evidence", "missing_signals", "sections")
    with duckdb.connect(str(tmp_path / FILE_NAME)) as connection:
        for table in tables:
            rows = connection.execute(f"SELECT count(DISTINCT ordinal) FROM {table}").fetchone()  # noqa: S608
            assert rows is not None
            assert rows[0] > 1, f"{table} has no order to lose"
            connection.execute(f"CREATE TEMP TABLE backwards AS SELECT * FROM {table} ORDER BY ordinal DESC")  # noqa: S608
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.execute(f"INSERT INTO {table} SELECT * FROM backwards")  # noqa: S608
            connection.execute("DROP TABLE backwards")
    store = DuckDBStore.open(options(tmp_path), clock)
    try:
        (found,) = await store.commit_records([1])
        stored = await store.filing(FIRST, Moment(1))
        said = Dispute(FIRST, None, "revenue", is_open=True, reason="OTHER", said_by="x", note="y")
        _, is_new = await store.dispute(said)
        # It was said of the value with that signal's own evidence: a version that repeats both is disputed too.
        await store.commit(extraction_to_commit(FIRST, gaps=(), code_version="2"))
        again = await store.signals(FIRST, Moment(store.head))
    finally:
        await store.close()
    assert stored is not None
    assert isinstance(found.body, Extraction)
    assert found.body.signals == committed.signals
    assert [each.id for each in found.body.missing] == [each.id for each in committed.missing]
    assert is_new
    assert again is not None
    assert len(again.disputes) == 1
    assert stored.sections == committed.sections


async def test_a_second_owner_is_refused_in_one_line(
    store: DuckDBStore, tmp_path: Path, clock: Clock
) -> None:
    with pytest.raises(CannotOpen) as here:
        DuckDBStore.open(options(tmp_path), clock)
    assert "belongs to another store that is running" in str(here.value)
    assert "\n" not in str(here.value)
    # The owner is not disturbed.
    assert (await store.commit(extraction_to_commit(FIRST))).changed


async def test_below_the_free_space_to_keep_commits_are_refused_and_reads_go_on(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(replace(options(tmp_path), min_free_bytes=2**62), clock)
    try:
        with pytest.raises(ResourceExhausted) as full:
            await store.commit(extraction_to_commit(accession_number(2)))
        assert full.value.reason is Reason.DISK_FULL
        assert store.head == 1
        assert await store.filing(FIRST, Moment(1)) is not None
        assert await store.filing(accession_number(2), Moment(9)) is None
    finally:
        await store.close()


async def test_a_disk_too_full_for_commits_still_takes_what_the_outbox_notes(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path, sink="supabase"), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(replace(options(tmp_path, sink="supabase"), min_free_bytes=2**62), clock)
    try:
        delivered = Delivery(DeliveryState.DURABLE, attempts=1, durable_at=clock.now)
        refused, _ = await asyncio.gather(
            store.commit(extraction_to_commit(accession_number(2))),
            store.mark({1: delivered}),
            return_exceptions=True,
        )
        assert isinstance(refused, ResourceExhausted)
        assert await store.delivery(1) == delivered
    finally:
        await store.close()


@pytest.mark.parametrize("read", ["read", "read_one_state"])
async def test_a_cancelled_read_interrupts_its_query_and_frees_its_reader(
    store: DuckDBStore, read: str
) -> None:
    endless = (
        "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE hash(a.range + b.range) = 1"
    )
    for _ in range(8):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await getattr(store._owner, read)(lambda cursor: cursor.execute(endless).fetchall())
    async with asyncio.timeout(5):
        assert await store.filing(FIRST, Moment(0)) is None
    assert store._owner.free_readers == 4


DISK_FULL_PROGRAM = textwrap.dedent(
    """
    import asyncio, resource, sys
    from dataclasses import replace
    from datetime import UTC, datetime
    from pathlib import Path
    from tenkay.errors import TenkayError
    from tenkay_store.primary.duckdb_store import DuckDBStore
    from tenkay_store.domain.storage import FilingSelection, Moment
    from tests.unit.store.conftest import options
    from tests.unit.store.filings import accession_number, extraction_to_commit

    async def main():
        clock = lambda: datetime.now(UTC)
        store = DuckDBStore.open(options(Path(sys.argv[1])), clock)
        # No file grows beyond this: the kernel refuses the write as it does on a full disk.
        limit = 1_000_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        stored = 0
        while True:
            bodies = [extraction_to_commit(accession_number(stored + n)) for n in range(50)]
            answers = await asyncio.gather(*(store.commit(b) for b in bodies), return_exceptions=True)
            refused = [a for a in answers if isinstance(a, TenkayError)]
            stored += len(answers) - len(refused)
            if refused:
                break
        page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10**6)
        print(refused[0].reason, len(refused), stored == len(page.summaries) == store.head)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        answer = await store.commit(extraction_to_commit(accession_number(stored)))
        print(answer.sequence == stored + 1)
        await store.close()
        store = DuckDBStore.open(options(Path(sys.argv[1])), clock)
        print(store.head == stored + 1)
        await store.close()

    asyncio.run(main())
    """
)


def test_a_full_disk_rolls_the_group_back_and_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL_PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["DISK_FULL 50 True", "True", "True"], done.stdout + done.stderr


async def test_commits_made_without_a_second_sink_are_put_into_its_outbox_later(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    await store.commit(analysis_to_commit(message))
    said = Dispute(FIRST, 1, "revenue", is_open=True, reason="OTHER", said_by="somebody", note="a note")
    await store.dispute(said)
    await store.dispute(replace(said, is_open=False))
    assert (await store.backlog()).pending == 0
    await store.close()
    for _ in range(2):
        store = DuckDBStore.open(options(tmp_path, sink="supabase"), clock)
        assert [entry.sequence for entry in await store.pending(0, 10)] == [1, 2, 3, 4]
        assert [each.body for each in await store.commit_records([3, 4])] == [
            said,
            replace(said, is_open=False),
        ]
        await store.close()


async def test_staleness_and_disputes_are_there_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    accepted = datetime(2023, 3, 1, tzinfo=UTC)
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.commit(
        extraction_to_commit(accession_number(2), period_end=date(2022, 12, 31), accepted=accepted)
    )
    await store.dispute(Dispute(FIRST, None, "revenue", is_open=True, reason="OTHER", said_by="x", note="y"))
    before = await store.signals(FIRST, Moment(store.head))
    await store.close()
    store = DuckDBStore.open(options(tmp_path), clock)
    try:
        assert before is not None
        assert before.stale is not None
        assert len(before.disputes) == 1
        assert await store.signals(FIRST, Moment(store.head)) == before
        # A version that repeats the value is disputed by what was said before the restart.
        await store.commit(extraction_to_commit(FIRST, code_version="2"))
        after = await store.signals(FIRST, Moment(store.head))
        assert after is not None
        assert [each.version for each in after.disputes] == [2]
    finally:
        await store.close()


async def test_a_read_of_a_version_that_nothing_was_said_of_is_one_statement(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    try:
        for number in (1, 2):
            # Of two companies, so that none is a prior of the other.
            await store.commit(extraction_to_commit(accession_number(number), cik=1999000000 + number))
        said = Dispute(
            accession_number(2), None, "revenue", is_open=True, reason="OTHER", said_by="x", note="y"
        )
        await store.dispute(said)
        statements: list[str] = []
        read = store._owner.read

        async def noted(query: Any) -> Any:
            return await read(lambda cursor: query(Noting(cursor, statements)))

        monkeypatch.setattr(store._owner, "read", noted)
        found = await store.signals(accession_number(1), Moment(store.head))
        assert found is not None
        assert len(statements) == 1
        statements.clear()
        found = await store.signals(accession_number(2), Moment(store.head))
        assert found is not None
        assert len(found.disputes) == 1
        assert statements[1] == "BEGIN"
        assert len(statements) == 5
    finally:
        await store.close()


class Noting:
    """A cursor that notes what is asked of it."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, statements: list[str]) -> None:
        self._cursor, self._statements = cursor, statements

    def execute(self, statement: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        self._statements.append(statement)
        return self._cursor.execute(statement, parameters)

    def begin(self) -> None:
        self._statements.append("BEGIN")
        self._cursor.begin()

    def rollback(self) -> None:
        self._statements.append("ROLLBACK")
        self._cursor.rollback()


@pytest.mark.parametrize("is_large", [False, True])
async def test_a_store_that_ends_leaves_a_large_log_to_the_next_start(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    monkeypatch.setattr("tenkay_store.primary.duckdb_owner.MERGED_AT_CLOSE_BYTES", 1 if is_large else 1 << 30)
    store = DuckDBStore.open(options(tmp_path), clock)
    for number in range(3):
        await store.commit(extraction_to_commit(accession_number(number)))
    await store.close()
    assert (tmp_path / "tenkay.duckdb.wal").exists() is is_large
    again = DuckDBStore.open(options(tmp_path), clock)
    assert again.head == 3
    assert await again.filing(accession_number(2), Moment(3)) is not None
    await again.close()


class _Noting:
    """A cursor that keeps its statements and how many rows each gave."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self.reports_read = 0

    def execute(self, statement: str, parameters: object = None) -> _Noting:
        self._cursor.execute(statement, parameters)
        self._has_report = ".report" in statement
        return self

    def fetchall(self) -> list[tuple[object, ...]]:
        rows = self._cursor.fetchall()
        self.reports_read += len(rows) * self._has_report
        return rows

    def fetchone(self) -> tuple[object, ...] | None:
        row = self._cursor.fetchone()
        self.reports_read += self._has_report and row is not None
        return row


@pytest.mark.parametrize("versions", [1, 8, 24])
async def test_few_reports_are_read_however_many_versions_a_filing_has(
    store: DuckDBStore, versions: int
) -> None:
    bodies = [extraction_to_commit(accession_number(1), code_version=str(each)) for each in range(versions)]
    for body in bodies:
        await store.commit(body)
    for sequence in (1, versions // 2 + 1, versions):
        found = await store.signals(accession_number(1), Moment(sequence))
        assert found is not None
        assert (found.sequence, found.version) == (sequence, sequence)
        assert found.report == bodies[sequence - 1].report
    assert await store.signals(accession_number(1), Moment(0)) is None

    def read(cursor: duckdb.DuckDBPyConnection) -> int:
        noting = _Noting(cursor)
        duckdb_reads.signals(noting, accession_number(1), Moment(versions))  # type: ignore[arg-type]
        return noting.reports_read

    assert await store._owner.read(read) <= 10
