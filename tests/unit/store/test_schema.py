"""Migrations of the primary's tables."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenkay.common.v1 import extraction_pb2
from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import CommitRecord, Purge
from tenkay_store.domain.selections import Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_records, filing_reports, schema
from tenkay_store.primary.duckdb_owner import FILE_NAME, CannotOpen
from tenkay_store.primary.duckdb_reads import stored_signal_ids
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock, options
from tests.unit.store.earlier_schema import file_of_version
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    assert row is not None
    return int(row[0])


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


@pytest.mark.parametrize("before", range(schema.VERSION + 1))
def test_a_file_of_every_earlier_version_becomes_one_of_this_version(before: int) -> None:
    with duckdb.connect(":memory:") as connection:
        schema.migrate(connection, NOW, schema.MIGRATIONS[:before])
        schema.migrate(connection, NOW)
        assert _version(connection) == schema.VERSION
        with duckdb.connect(":memory:") as fresh:
            schema.migrate(fresh, NOW)
            assert _tables(connection) == _tables(fresh)


def _told_before(count: int, **given: object) -> extraction_pb2.Extraction:
    """An extraction that says only what every schema had room for."""
    message = extraction(accession_number(count), content_key="", **given)  # type: ignore[arg-type]
    message.filing.ClearField("entity_ciks")
    return message


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The closed store of a few commits, two of them of one filing."""
    directory = tmp_path_factory.mktemp("committed")

    async def commit() -> None:
        store = DuckDBStore.open(options(directory, sink="supabase"), Clock())
        for number in range(5):
            message = _told_before(number, signals={"current_ratio": number / 2})
            await store.commit(extraction_record(message))
            await store.commit(analysis_to_commit(message))
        await store.commit(extraction_record(_told_before(3, code_version="2")))
        await store.close()

    asyncio.run(commit())
    return directory


async def _answers(directory: Path) -> tuple[object, ...]:
    """What a store says of those commits."""
    store = DuckDBStore.open(options(directory, sink="supabase"), Clock())
    now, before = Moment(store.head), Moment(store.head - 1)
    expression = filters.parse("signals.current_ratio >= 1 AND filed_date >= 2024-01-01")
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    names = [accession_number(number) for number in range(5)]
    answers = (
        [await store.signals(name, now) for name in names],
        [await store.filing(name, before) for name in names],
        [await store.analysis(name, now) for name in names],
        await store.screen_filings(screen, now, None, 10),
        await store.changes(0, 100),
        await store.pending(0, 100),
        await store.commit_records(range(1, store.head + 1)),
    )
    await store.close()
    return answers


@pytest.mark.parametrize("before", range(1, schema.VERSION + 1))
async def test_a_store_answers_from_a_file_of_every_earlier_version_and_goes_on_with_it(
    before: int, committed: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "earlier"
    file_of_version(directory, before, committed)
    answers = await _answers(directory)
    assert answers == await _answers(committed)
    records = answers[-1]
    assert isinstance(records, Sequence)
    assert len(records) == 11
    store = DuckDBStore.open(options(directory, sink="supabase"), Clock())
    again = await store.commit(extraction_record(_told_before(3, code_version="2")))
    assert (again.changed, again.version, again.sequence) == (False, 2, 11)
    third = await store.commit(extraction_to_commit(accession_number(3), code_version="3"))
    assert (third.changed, third.version, third.sequence) == (True, 3, 12)
    await store.sort_segments()
    (purged,) = await store.purge([Purge(accession_number(1), "test", "test")])
    assert purged.sequence == 13
    assert await store.filing(accession_number(1), Moment(store.head)) is None
    await store.close()


async def test_a_store_knows_which_numbers_of_an_earlier_version_were_in_several_units(
    tmp_path: Path,
) -> None:
    committed, directory = tmp_path / "committed", tmp_path / "earlier"
    store = DuckDBStore.open(options(committed), Clock())
    for number, unit in enumerate(("fraction", "percent")):
        message = extraction(accession_number(number), signals={"margin": 0.5, "size": 1, "late": True})
        message.signals[0].unit = unit
        await store.commit(extraction_record(message))
    for number, currency in enumerate(("USD", "EUR"), start=2):
        await store.commit(
            extraction_to_commit(accession_number(number), currency=currency, signals={"revenue": "5"})
        )
    await store.close()
    file_of_version(directory, 8, committed)
    store = DuckDBStore.open(options(directory), Clock())
    ids = store._ids
    assert [ids.holds_units(each) for each in ("margin", "size", "late", "revenue")] == [
        True,
        False,
        False,
        False,
    ]
    assert [ids.of_id(each).unit for each in ("size", "late", "revenue")] == ["fraction", None, "¤"]
    await store.close()


async def _many_committed(directory: Path, count: int) -> None:
    store = DuckDBStore.open(options(directory), Clock())
    await asyncio.gather(
        *(
            store.commit(extraction_record(_told_before(number, signals={"revenue": str(number)})))
            for number in range(count)
        )
    )
    await store.close()


def _reports(directory: Path) -> list[tuple[int, bytes | None]]:
    with duckdb.connect(str(directory / FILE_NAME)) as connection:
        return connection.execute("SELECT sequence, report FROM filings ORDER BY sequence").fetchall()


def _open_and_close(directory: Path) -> None:
    async def run() -> None:
        await DuckDBStore.open(options(directory), Clock()).close()

    asyncio.run(run())


_OPEN_AND_DIE = """
import asyncio, sys
from pathlib import Path
from tenkay_store import failpoints
from tenkay_store.primary import filing_reports
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import Clock, options
filing_reports.BATCH_VERSIONS = 3
failpoints.arm(sys.argv[2])
asyncio.run(DuckDBStore.open_in_thread(options(Path(sys.argv[1])), Clock()))
"""


def test_a_kill_while_reports_are_made_leaves_the_rest_to_the_next_start(tmp_path: Path) -> None:
    committed, directory = tmp_path / "committed", tmp_path / "earlier"
    asyncio.run(_many_committed(committed, 10))
    before = _reports(committed)
    file_of_version(directory, 9, committed)
    statements = sum(len(step) for step in schema.MIGRATIONS[9:])
    # Of four batches the third is not committed yet.
    died = subprocess.run(
        [sys.executable, "-c", _OPEN_AND_DIE, str(directory), f"migration=kill@{statements + 3}"],
        capture_output=True,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert [report is None for _, report in _reports(directory)] == [False] * 6 + [True] * 4
    kept = _reports(directory)[:6]
    _open_and_close(directory)
    assert _reports(directory) == before
    assert kept == before[:6]


def test_reports_are_made_in_batches_of_few_signals_and_one_version_at_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed, directory = tmp_path / "committed", tmp_path / "earlier"
    asyncio.run(_many_committed(committed, 7))
    file_of_version(directory, 9, committed)
    made: list[list[int]] = []

    def noted(cursor: Any, ids: Any, sequences: Sequence[int]) -> Sequence[CommitRecord]:
        made.append(list(sequences))
        return duckdb_records.extraction_records(cursor, ids, sequences)

    monkeypatch.setattr(filing_reports, "extraction_records", noted)
    monkeypatch.setattr(filing_reports, "LISTED_AT_ONCE", 5)
    for signals, batches in ((2, [[1, 2], [3, 4], [5], [6, 7]]), (0, [[1], [2], [3], [4], [5], [6], [7]])):
        monkeypatch.setattr(filing_reports, "BATCH_SIGNALS", signals)
        _open_and_close(directory)
        assert made == batches
        assert _reports(directory) == _reports(committed)
        made.clear()
        with duckdb.connect(str(directory / FILE_NAME)) as connection:
            connection.execute("UPDATE filings SET report = NULL")


def test_a_file_whose_versions_all_have_reports_is_left_as_it_is() -> None:
    with duckdb.connect(":memory:") as connection:
        schema.migrate(connection, NOW)
        assert filing_reports.complete(connection, stored_signal_ids(connection), lambda: None) == 0


def test_migrating_again_changes_nothing() -> None:
    with duckdb.connect(":memory:") as connection:
        for _ in range(2):
            schema.migrate(connection, NOW)
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == (schema.VERSION,)


def test_a_step_that_fails_leaves_the_version_before() -> None:
    with duckdb.connect(":memory:") as connection:
        schema.migrate(connection, NOW)
        broken = (*schema.MIGRATIONS, ("CREATE TABLE half (i INTEGER)", "CREATE TABLE half (i INTEGER)"))
        with pytest.raises(duckdb.Error):
            schema.migrate(connection, NOW, broken)
        assert _version(connection) == schema.VERSION
        assert "half" not in _tables(connection)
        schema.migrate(connection, NOW, (*schema.MIGRATIONS, ("CREATE TABLE half (i INTEGER)",)))
        assert "half" in _tables(connection)


async def test_a_file_of_a_newer_store_is_refused_in_one_line(tmp_path: Path) -> None:
    store = DuckDBStore.open(options(tmp_path), Clock())
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999, now()::TIMESTAMP)")
    with pytest.raises(CannotOpen, match="use a newer store") as refused:
        DuckDBStore.open(options(tmp_path), Clock())
    assert "\n" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tenkay.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(CannotOpen) as refused:
        DuckDBStore.open(options(tmp_path), Clock())
    assert "\n" not in str(refused.value)
    assert (tmp_path / "tenkay.duckdb").read_bytes() == b"not a database" * 1000


async def test_signals_have_no_index_and_the_instance_has_its_limits(tmp_path: Path) -> None:
    store = DuckDBStore.open(options(tmp_path), Clock())

    def look(cursor: duckdb.DuckDBPyConnection) -> tuple[list[tuple[str]], dict[str, str]]:
        indexes = cursor.execute("SELECT DISTINCT table_name FROM duckdb_indexes()").fetchall()
        settings = cursor.execute("SELECT name, value FROM duckdb_settings()").fetchall()
        return indexes, dict(settings)

    indexes, settings = await store._owner.read(look)
    await store.close()
    assert sorted(indexes) == [("artifacts",), ("filings",)]
    assert settings["threads"] == "2"
    assert settings["memory_limit"].startswith("488.2")
    assert settings["temp_directory"] == str(tmp_path / "tmp")
    assert settings["autoinstall_known_extensions"] == "false"
