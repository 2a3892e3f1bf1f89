"""Reports made of the rows of an earlier store's file: for all versions but those whose rows are damaged."""

# Numbers of ours in statements.
# ruff: noqa: S608

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenkay.errors import Reason, Unavailable
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_checkpoint, duckdb_records, filing_reports
from tenkay_store.primary.duckdb_owner import FILE_NAME, CannotOpen
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire import reports
from tests.unit.store.conftest import Clock, options
from tests.unit.store.earlier_schema import file_of_version
from tests.unit.store.filings import Value, accession_number, extraction_to_commit

VERSIONS = 8
HURT = 4
"""The sequence of the version whose rows are damaged."""


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The data directory of a store before reports."""
    return _earlier(tmp_path, {"revenue": "5", "current_ratio": 1.5}, VERSIONS)


def _earlier(tmp_path: Path, signals: dict[str, Value], versions: int) -> Path:
    committed, directory = tmp_path / "committed", tmp_path / "earlier"

    async def commit() -> None:
        store = DuckDBStore.open(options(committed), Clock())
        for number in range(1, versions + 1):
            await store.commit(extraction_to_commit(accession_number(number), signals=signals))
        await store.close()

    asyncio.run(commit())
    file_of_version(directory, 9, committed)
    return directory


def _without_report(directory: Path) -> list[int]:
    """Versions that a store on the file refuses to report; it reports the others."""

    async def read() -> list[int]:
        refused = []
        store = DuckDBStore.open(options(directory), Clock())
        try:
            for sequence in range(1, store.head + 1):
                found = await store.signals(accession_number(sequence), Moment(store.head))
                assert found is not None
                try:
                    assert reports.read(found.report, FilingReport).signals
                except Unavailable as error:
                    assert error.reason is Reason.DEPENDENCY_UNAVAILABLE
                    refused.append(sequence)
        finally:
            await store.close()
        return refused

    return asyncio.run(read())


@pytest.mark.parametrize(
    "damage",
    [
        f"DELETE FROM evidence WHERE sequence = {HURT} AND ordinal = 0",
        f"DELETE FROM signals WHERE sequence = {HURT} AND ordinal = 1",
        f"DELETE FROM signals WHERE sequence = {HURT}; DELETE FROM evidence WHERE sequence = {HURT}",
        f"UPDATE missing_signals SET reason = 'NO_SUCH_REASON' WHERE sequence = {HURT}",
        f"UPDATE missing_signals SET signal_key = 4000 WHERE sequence = {HURT}",
        f"UPDATE missing_signals SET detail = repeat('x', {reports.MAX_REPORT_BYTES}) WHERE sequence = {HURT}",
        f"UPDATE evidence SET document = '[{{' WHERE sequence = {HURT}",
    ],
)
def test_a_version_whose_rows_make_no_report_is_refused_alone(earlier: Path, damage: str) -> None:
    with duckdb.connect(str(earlier / FILE_NAME)) as connection:
        connection.execute(damage)
    assert _without_report(earlier) == [HURT]
    # So it is at every start, until the file is restored.
    assert _without_report(earlier) == [HURT]


def test_a_damaged_block_keeps_reports_from_the_versions_in_it_alone(tmp_path: Path) -> None:
    directory = _earlier(tmp_path, {f"signal_{each}": f"{each}.5" for each in range(60)}, 300)
    with duckdb.connect(str(directory / FILE_NAME)) as connection:
        connection.execute("CHECKPOINT")
        blocks = connection.execute(
            "SELECT DISTINCT block_id FROM pragma_storage_info('evidence') "
            "WHERE persistent AND segment_type = 'VARCHAR' AND block_id >= 0 ORDER BY block_id"
        ).fetchall()
    file = directory / FILE_NAME
    data = bytearray(file.read_bytes())
    data[12288 + blocks[-1][0] * 262144 + 5000] ^= 0xFF
    file.write_bytes(data)
    refused = _without_report(directory)
    assert refused
    assert _without_report(directory) == refused


def test_what_was_not_made_is_logged_and_counted(earlier: Path) -> None:
    with duckdb.connect(str(earlier / FILE_NAME)) as connection:
        connection.execute(f"DELETE FROM evidence WHERE sequence = {HURT}")
    logged: list[tuple[str, dict[str, Any]]] = []

    class Noted:
        def __getattr__(self, _level: str) -> Callable[..., None]:
            return lambda event, **fields: logged.append((event, fields))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filing_reports, "logger", Noted())
        _without_report(earlier)
    assert [fields["sequence"] for event, fields in logged if event == "report_not_made"] == [HURT]
    assert logged[-1] == ("reports_made", {"versions": VERSIONS - 1, "left": 1})


@pytest.mark.parametrize(
    "error",
    [
        duckdb.FatalException("database has been invalidated"),
        duckdb.IOException('Could not write file "tmp/x": No space left on device'),
    ],
)
def test_what_is_no_single_versions_ends_the_opening_in_one_line(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, error: duckdb.Error
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(filing_reports, "extraction_records", fail)
    _refused(earlier, str(error))
    monkeypatch.setattr(filing_reports, "extraction_records", duckdb_records.extraction_records)
    monkeypatch.setattr(filing_reports, "put", fail)
    _refused(earlier, str(error))
    monkeypatch.undo()
    assert _without_report(earlier) == []


def _refused(directory: Path, words: str) -> None:
    async def run() -> None:
        with pytest.raises(CannotOpen) as refused:
            DuckDBStore.open(options(directory), Clock())
        assert words in str(refused.value)
        assert "\n" not in str(refused.value)

    asyncio.run(run())


def test_what_was_made_is_merged_only_with_room_for_it(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def no_room(self: duckdb_checkpoint.Checkpoints, wal_bytes: int) -> str:
        asked.append(wal_bytes)
        return "there is no room"

    monkeypatch.setattr(duckdb_checkpoint.Checkpoints, "_why_not", no_room)
    monkeypatch.setattr(filing_reports, "BATCH_VERSIONS", 2)

    async def run() -> None:
        store = DuckDBStore.open(replace(options(earlier), checkpoint_wal_bytes=1), Clock())
        assert len(asked) == VERSIONS / 2
        await store.close()

    asyncio.run(run())


async def test_an_opening_that_is_cancelled_ends_soon_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = await asyncio.to_thread(_earlier, tmp_path, {"revenue": "5"}, VERSIONS)
    loop, first_is_made = asyncio.get_running_loop(), asyncio.Event()
    put = filing_reports.put
    made: list[int] = []

    def slow(connection: duckdb.DuckDBPyConnection, found: dict[int, bytes]) -> None:
        put(connection, found)
        made.extend(found)
        loop.call_soon_threadsafe(first_is_made.set)
        time.sleep(0.3)

    monkeypatch.setattr(filing_reports, "BATCH_VERSIONS", 1)
    monkeypatch.setattr(filing_reports, "put", slow)
    opening = asyncio.create_task(DuckDBStore.open_in_thread(options(earlier), Clock()))
    await first_is_made.wait()
    opening.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert made == [1]
    monkeypatch.undo()
    store = await DuckDBStore.open_in_thread(options(earlier), Clock())
    found = await store.signals(accession_number(VERSIONS), Moment(store.head))
    assert found is not None
    assert reports.read(found.report, FilingReport).signals
    await store.close()


async def test_an_opening_that_is_cancelled_at_its_end_leaves_the_file_to_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def slow(*_: object) -> int:
        loop.call_soon_threadsafe(begun.set)
        time.sleep(0.3)
        return 0

    monkeypatch.setattr(filing_reports, "complete", slow)
    opening = asyncio.create_task(DuckDBStore.open_in_thread(options(tmp_path), Clock()))
    await begun.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await DuckDBStore.open(options(tmp_path), Clock()).close()
