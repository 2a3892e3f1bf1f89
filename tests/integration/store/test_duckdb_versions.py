"""The store on both versions of DuckDB that it is meant for, by turns on one file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import filing_pb2
from tenkay_store.primary import schema
from tenkay_store.primary.duckdb_owner import FILE_NAME
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.conftest import Clock, options
from tests.unit.store.earlier_schema import file_of_version
from tests.unit.store.filings import accession_number, analysis, extraction

ROOT = Path(__file__).resolve().parents[3]
SECOND = ROOT / "build" / "duckdb2"
"""Where `make build/duckdb2/.installed` puts DuckDB 2."""

pytestmark = pytest.mark.skipif(
    not (SECOND / "duckdb").is_dir(), reason="DuckDB 2 is not installed; `make test` does it"
)
FIRST_DUCKDB, SECOND_DUCKDB = {"PYTHONPATH": ""}, {"PYTHONPATH": str(SECOND)}
FILINGS = 6


async def _commit(client: AsyncFilingStoreClient, numbers: Sequence[int], code_version: str = "1") -> None:
    for number in numbers:
        message = extraction(
            accession_number(number), signals={"current_ratio": number / 2}, code_version=code_version
        )
        await client.commit_extraction(extraction=message)
        await client.commit_analysis(analysis=analysis(message))


async def _answers(client: AsyncFilingStoreClient) -> list[object]:
    """All that is read of the filings; without the moments at which they were recorded."""
    answers: list[object] = []
    for number in range(FILINGS):
        filing = filing_pb2.FilingRef(accession_number=accession_number(number))
        answers.append(await client.get_signals(filing=filing))
        analysed = await client.get_analysis(filing=filing)
        analysed.ClearField("recorded_at")
        answers.append(analysed)
    answers.append(await client.screen_filings(filter="signals.current_ratio >= 1 AND rating != NOT_RATED"))
    answers.append(await client.list_filings())
    return answers


@pytest.mark.timeout(120)
async def test_both_versions_answer_alike_and_take_over_each_others_file_and_log(tmp_path: Path) -> None:
    answers = []
    for name, first, second in (
        ("forth", FIRST_DUCKDB, SECOND_DUCKDB),
        ("back", SECOND_DUCKDB, FIRST_DUCKDB),
    ):
        folder = tmp_path / name
        folder.mkdir()
        with StoreProcess(folder, first) as store:
            async with store.filings as client:
                await _commit(client, range(FILINGS))
            # Killed: the other version finds all of it in the log.
            store.kill()
        with StoreProcess(folder, second) as store:
            async with store.filings as client:
                answers.append(await _answers(client))
                await _commit(client, range(3), code_version="2")
            store.kill()
        with StoreProcess(folder, first) as store:
            async with store.filings as client:
                answers.append(await _answers(client))
    assert answers[:2] == answers[2:]
    assert answers[0] != answers[1]


@pytest.mark.timeout(60)
async def test_the_second_version_migrates_the_oldest_file_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "now").mkdir()
    store = DuckDBStore.open(options(tmp_path / "committed"), Clock())
    for number in range(FILINGS):
        await store.commit(extraction_record(extraction(accession_number(number))))
    await store.close()
    file_of_version(tmp_path / "now" / "data", 1, tmp_path / "committed")
    with StoreProcess(tmp_path / "now", SECOND_DUCKDB) as process:
        async with process.filings as client:
            found = await client.screen_filings(filter="signals.current_ratio > 0")
            assert len(found.filings) == FILINGS
    assert schema.VERSION > 1


@pytest.mark.timeout(60)
def test_a_file_in_a_format_that_this_version_does_not_read_is_refused_in_one_line(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    made = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE TABLE t (i INTEGER)').close()"
    subprocess.run(
        [sys.executable, "-c", made, str(directory / FILE_NAME)],
        env={"PYTHONPATH": str(SECOND)},
        check=True,
        timeout=30,
    )
    before = (directory / FILE_NAME).read_bytes()
    with pytest.raises(AssertionError, match=r"it is of another DuckDB than 1\.5\.5.*run it on that one"):
        StoreProcess(tmp_path, FIRST_DUCKDB)
    assert (directory / FILE_NAME).read_bytes() == before
