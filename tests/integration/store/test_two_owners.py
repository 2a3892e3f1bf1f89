"""Two owners of one file: one of them gets it, the other is told so, and the data is what the first one committed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, extraction

ROUNDS = 5
RAW = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'read')"


def _start(folder: Path) -> StoreProcess | str:
    """The store, or its last words."""
    try:
        return StoreProcess(folder)
    except AssertionError as ended:
        return str(ended)


async def test_of_two_stores_started_at_once_one_serves_and_the_other_says_why_not(tmp_path: Path) -> None:
    # The second one comes by another name of the folder, and has its log elsewhere.
    data = tmp_path / "one" / "data"
    data.mkdir(parents=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "data").symlink_to(data)
    with ThreadPoolExecutor(2) as threads:
        for number in range(ROUNDS):
            started = list(threads.map(_start, (tmp_path / "one", tmp_path / "two")))
            serving = [each for each in started if isinstance(each, StoreProcess)]
            refused = [each for each in started if isinstance(each, str)]
            try:
                assert len(serving) == len(refused) == 1, refused
                (words,) = [line for line in refused[0].splitlines() if line.startswith("store: ")]
                assert "belongs to another store that is running" in words
                assert "ended with 1" in refused[0]
                async with serving[0].filings as client:
                    committed = await client.commit_extraction(
                        extraction=extraction(accession_number(number))
                    )
                assert committed.outcome.sequence == f"0.{number + 1}"
            finally:
                for each in serving:
                    each.kill()


async def test_duckdb_itself_cannot_open_the_file_of_a_running_store(tmp_path: Path) -> None:
    with StoreProcess(tmp_path) as process:
        file = process.data_directory / "tenkay.duckdb"
        (tmp_path / "link.duckdb").symlink_to(file)
        async with process.filings as client:
            await client.commit_extraction(extraction=extraction(accession_number(1)))
            for path, how in ((file, "write"), (file, "read"), (tmp_path / "link.duckdb", "write")):
                done = subprocess.run(  # noqa: ASYNC221
                    [sys.executable, "-c", RAW, str(path), how], capture_output=True, text=True
                )
                assert done.returncode == 1
                assert f"(PID {process.process.pid})" in done.stderr
            again = await client.commit_extraction(extraction=extraction(accession_number(2)))
            assert again.outcome.changed
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM filings").fetchone() == (2,)


def test_a_store_does_not_start_on_a_file_that_duckdb_has_open(tmp_path: Path) -> None:
    StoreProcess(tmp_path).stop()
    file = tmp_path / "data" / "tenkay.duckdb"
    with duckdb.connect(str(file)) as connection:
        with pytest.raises(AssertionError, match="ended with 1") as ended:
            StoreProcess(tmp_path)
        (words,) = [line for line in str(ended.value).splitlines() if line.startswith("store: ")]
        assert str(file) in words
        assert "Conflicting lock is held" in words
        assert connection.execute("SELECT count(*) FROM filings").fetchone() == (0,)
    assert StoreProcess(tmp_path).stop() == 0
