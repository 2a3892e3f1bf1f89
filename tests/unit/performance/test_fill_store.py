"""The store that benchmarks fill without commits."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from fill_store import fill
from made_up_filings import SIGNALS_A_FILING

from tenkay_store.primary import filing_reports
from tenkay_store.primary.duckdb_owner import FILE_NAME
from tenkay_store.primary.duckdb_reads import stored_signal_ids

FILINGS = 30


@pytest.mark.parametrize("evidence", [False, True])
def test_a_filled_store_has_the_reports_that_follow_from_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: bool
) -> None:
    monkeypatch.setattr(filing_reports, "BATCH_VERSIONS", 7)
    assert fill(tmp_path, FILINGS * SIGNALS_A_FILING, evidence=evidence) == FILINGS
    with duckdb.connect(str(tmp_path / FILE_NAME)) as connection:
        reports = "SELECT sequence, report FROM filings ORDER BY sequence"
        filled = connection.execute(reports).fetchall()
        assert len({report for _, report in filled}) == FILINGS
        connection.execute("UPDATE filings SET report = NULL")
        assert filing_reports.complete(connection, stored_signal_ids(connection), lambda: None) == FILINGS
        assert connection.execute(reports).fetchall() == filled
