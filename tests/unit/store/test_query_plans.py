"""Reads let DuckDB leave out what its zone maps rule out: no column that lies in order is converted, row by row."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyPeriod, CompanyScreen
from tenkay_store.domain.selections import FilingSelection, Screen, SeriesSelection, SeriesView
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_analytics as analytics
from tenkay_store.primary import duckdb_feed, duckdb_records
from tenkay_store.primary import duckdb_reads as reads
from tenkay_store.primary import duckdb_screens as screens
from tenkay_store.primary import duckdb_staleness as staleness
from tenkay_store.primary.duckdb_companies import screen_companies
from tenkay_store.primary.duckdb_owner import FILE_NAME
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction

ORDERED = ("sequence", "filing_sequence", "signal_key", "filed_date", "accession_number", "cik")
_CONVERTED = re.compile(rf"CAST\(\s*(?:\w+\.)?({'|'.join(ORDERED)}) AS")


class Explaining:
    """A cursor that keeps the plan of each statement before it runs it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.plans: list[tuple[str, str]] = []

    def execute(self, statement: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        rows = self._connection.execute(f"EXPLAIN {statement}", parameters or {}).fetchall()
        self.plans.append((statement, "\n".join(row[1] for row in rows)))
        return self._connection.execute(statement, parameters or {})


async def test_no_read_converts_a_column_that_lies_in_order(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    for number in range(3):
        message = extraction(accession_number(number))
        await store.commit(extraction_record(message))
        await store.commit(analysis_to_commit(message))
    moment, ids, segments = Moment(store.head, datetime.now(UTC)), store._ids, store.segments.tables
    expression = filters.parse(
        "signals.current_ratio > 0 AND filed_date >= 2024-01-01 AND filed_date < 2025-01-01 AND score > 0"
    )
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types), "", ("revenue",))
    await store.close()
    with duckdb.connect(str(tmp_path / FILE_NAME)) as connection:
        cursor: Any = Explaining(connection)
        filing = accession_number(1)
        assert reads.signals(cursor, filing, moment)
        assert reads.signals_of_version(cursor, ids, 1)
        stored = reads.filing(cursor, filing, moment, with_sections=True)
        assert stored
        assert staleness.stale_at(cursor, stored.sequence, moment) is None
        assert reads.analysis(cursor, stored, moment)
        assert reads.company(cursor, 1999000001, moment)
        assert reads.list_filings(cursor, FilingSelection(cik=1999000001), moment, None, 10).summaries
        assert screens.screen_filings(cursor, ids, segments, screen, moment, None, 10).summaries
        for period in CompanyPeriod:
            companies = CompanyScreen(period, screen.expression, "", ("revenue",), (1999000001,))
            page = screen_companies(cursor, ids, segments, companies, moment, None, 10)
            assert bool(page.companies) is (period is not CompanyPeriod.LATEST_QUARTER)
        series = SeriesSelection(1999000001, ("revenue",), view=SeriesView.RESTATED)
        assert analytics.series(cursor, ids, segments, series, moment, None, 10)
        assert duckdb_records.commit_records(cursor, ids, [1, 2])
        assert duckdb_feed.changes(cursor, 0, 10)
        converted = {
            (found.group(1), statement.strip())
            for statement, plan in cursor.plans
            for found in _CONVERTED.finditer(plan)
        }
    assert not converted
    assert len(cursor.plans) > 10
