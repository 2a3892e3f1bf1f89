"""What the crash rounds find of reports that say otherwise than the rows beside them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import zstandard

from scripts.quality.store_crashes import checks
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.primary.duckdb_owner import FILE_NAME
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import Value, accession_number, extraction_to_commit

SIGNALS: dict[str, Value] = {"revenue": "5.10", "ratio": 0.1, "late": True, "directors": 9, "filer": "large"}


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    store = DuckDBStore.open(options(tmp_path), Clock())
    for number in range(1, 4):
        await store.commit(extraction_to_commit(accession_number(number), signals=SIGNALS))
    await store.close()
    return tmp_path / FILE_NAME


async def test_reports_of_the_rows_beside_them_are_in_order(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        assert checks._reports(connection) == []


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("accession_number", "accession number"),
        ("result_key", "result key"),
        ("signals", "signals"),
        ("missing", "gaps"),
    ],
)
async def test_a_report_that_says_something_else_is_found(file: Path, field: str, what: str) -> None:
    with duckdb.connect(str(file)) as connection:
        (stored,) = connection.execute("SELECT report FROM filings WHERE sequence = 2").fetchall()[0]
        report = FilingReport.FromString(zstandard.ZstdDecompressor().decompress(stored))
        match field:
            case "accession_number":
                report.filing.accession_number = accession_number(9)
            case "result_key":
                report.result_key = "f" * 64
            case "signals":
                report.signals[0].value.decimal = "5.1"
            case _:
                report.missing[0].id = "another"
        changed = zstandard.ZstdCompressor().compress(report.SerializeToString())
        connection.execute("UPDATE filings SET report = ? WHERE sequence = 2", [changed])
        ((fault, words),) = checks._reports(connection)
    assert fault is checks.Fault.TORN
    assert "the report of commit 2 has" in words
    assert f" as {what}, " in words


@pytest.mark.parametrize("content", [None, b"", b"no report", zstandard.ZstdCompressor().compress(b"\xff")])
async def test_a_report_that_cannot_be_read_is_a_finding(file: Path, content: bytes | None) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE filings SET report = ? WHERE sequence = 2", [content])
        ((fault, words),) = checks._reports(connection)
    assert fault is checks.Fault.TORN
    assert "the report of commit 2 cannot be read" in words
