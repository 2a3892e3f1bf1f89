"""The parts of many versions, read at once, are those of each version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from tenkay_store import duckdb_version_parts as parts
from tenkay_store.duckdb_owner import FILE_NAME
from tenkay_store.duckdb_store import DuckDBStore
from tenkay_store.messages import extraction_record
from tenkay_store.records import Extraction
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction


@given(st.lists(st.integers(min_value=1, max_value=2**40)))
def test_runs_hold_each_sequence_once_and_no_run_skips_far_or_is_long(sequences: list[int]) -> None:
    runs = list(parts.runs(sequences))
    assert [sequence for run in runs for sequence in run] == sorted(set(sequences))
    for run in runs:
        assert len(run) <= parts.MAX_RUN_COMMITS
        assert all(after - before <= parts.MOST_SKIPPED for before, after in pairwise(run))


async def test_versions_are_read_as_they_were_committed(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    bodies: dict[int, Extraction] = {}
    for number in range(1, 61):
        message = extraction(
            accession_number(number),
            # Some have no signals at all, others no gaps.
            signals={f"signal_{each}": each / 7 for each in range(number % 4)},
            gaps=("interest_cover", "staff")[: number % 3],
        )
        body = extraction_record(message)
        bodies[(await store.commit(body)).sequence] = body
        if number % 5 == 0:
            await store.commit(analysis_to_commit(message))
    ids = store._ids
    await store.close()
    # Every third: what lies between two that are asked for belongs to neither.
    asked = list(bodies)[::3]
    with duckdb.connect(str(tmp_path / FILE_NAME)) as cursor:
        signals = parts.signals_of(cursor, ids, asked, with_evidence=True)
        missing = parts.missing_of(cursor, ids, asked)
        sections = parts.sections_of(cursor, asked)
        texts = parts.texts_of(cursor, asked)
        artifacts = parts.artifacts_of(cursor, asked)
        bare = parts.signals_of(cursor, ids, asked, with_evidence=False)
    for sequence in asked:
        body = bodies[sequence]
        assert signals[sequence] == body.signals
        assert [each.id for each in missing[sequence]] == [each.id for each in body.missing]
        assert sections[sequence] == body.sections
        assert texts[sequence] == body.texts
        assert artifacts[sequence] == body.artifacts
        assert [each.value for each in bare[sequence]] == [each.value for each in body.signals]
        assert all(each.evidence == "[]" for each in bare[sequence])
    assert list(signals) == asked
    assert any(bodies[sequence].signals == () for sequence in asked)


def test_versions_committed_together_take_one_query_a_table() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE texts (sequence UBIGINT, ordinal USMALLINT, document VARCHAR, "
            "sha256 VARCHAR, length UINTEGER)"
        )
        connection.execute("INSERT INTO texts SELECT range, 0, 'filing.htm', 'ab', 1 FROM range(1, 100)")
        counting = _Counting(connection)
        assert len(parts.texts_of(counting, list(range(10, 50)))) == 40  # type: ignore[arg-type]
        assert counting.statements == 1


class _Counting:
    """A cursor that counts its statements."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.statements = 0

    def execute(self, statement: str, parameters: object) -> duckdb.DuckDBPyConnection:
        self.statements += 1
        return self._connection.execute(statement, parameters)
