"""Purges: nothing of a filing is left in any table, its record is, and what comes later is a filing again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenkay_store import duckdb_reads as reads
from tenkay_store import filter as filters
from tenkay_store.duckdb_store import DuckDBStore
from tenkay_store.messages import extraction_record
from tenkay_store.records import CommitKind, Purge
from tenkay_store.storage import FilingSelection, Moment, Screen, StoredFiling
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

FIRST, OTHER = accession_number(1), accession_number(2)
ASKED = Purge(FIRST, "the data officer", "the filer withdrew it")


async def fill(store: DuckDBStore) -> None:
    """Two versions of the first filing, the newer one analysed, and another filing."""
    await store.commit(extraction_to_commit(FIRST, code_version="old"))
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    await store.commit(analysis_to_commit(message))
    await store.commit(extraction_to_commit(OTHER))


async def screened(store: DuckDBStore) -> list[str]:
    expression = filters.parse("signals.current_ratio > 0")
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    page = await store.screen_filings(screen, Moment(store.head), None, 10)
    return [each.filing.accession_number for each in page.summaries]


async def test_a_purged_filing_is_gone_for_every_moment_and_the_others_stay(store: DuckDBStore) -> None:
    await fill(store)
    (record,) = await store.purge([ASKED])
    assert (record.sequence, record.kind, record.version) == (5, CommitKind.PURGE, 2)
    for sequence in range(1, 6):
        assert await store.filing(FIRST, Moment(sequence)) is None
        assert await store.signals(FIRST, Moment(sequence), with_evidence=True) is None
        assert await store.analysis(FIRST, Moment(sequence)) is None
    assert await screened(store) == [OTHER]
    listed = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [each.filing.accession_number for each in listed.summaries] == [OTHER]
    (change,) = await store.changes(4, 10)
    assert (change.kind, change.accession_number, change.cik) == (CommitKind.PURGE, FIRST, 1999000001)


async def test_no_row_of_it_is_left_but_the_record_of_the_purge(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    store = DuckDBStore.open(options(tmp_path, sink="supabase"), clock)
    await fill(store)
    await store.purge([ASKED])
    (kept,) = await store.purges(0, 10)
    assert kept.body == replace(ASKED, cik=1999000001, versions=2, last_analysis_version=1)
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        left: dict[str, int] = {}
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            columns = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
            if columns & {"sequence", "filing_sequence"} and table not in ("change_feed", "purges", "outbox"):
                name = "filing_sequence" if "filing_sequence" in columns else "sequence"
                count = f"SELECT count(*) FROM {table} WHERE {name} IN (1, 2)"  # noqa: S608 - names of the file's own
                found = connection.execute(count).fetchone()
                left[table] = found[0] if found else -1
        assert len(left) >= 8
        assert set(left.values()) == {0}
        waiting = connection.execute("SELECT sequence, kind FROM outbox ORDER BY sequence").fetchall()
    assert waiting == [(4, "EXTRACTION"), (5, "PURGE")]


async def test_a_purge_in_the_middle_of_a_read_takes_nothing_from_its_answer(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store)
    before = await store.signals(FIRST, Moment(3), with_evidence=True)
    assert before is not None
    assert before.signals
    loop, find = asyncio.get_running_loop(), reads.filing

    def find_then_purge(*arguments: Any, **named: Any) -> StoredFiling | None:
        found = find(*arguments, **named)
        asyncio.run_coroutine_threadsafe(store.purge([ASKED]), loop).result(30)
        return found

    monkeypatch.setattr(reads, "filing", find_then_purge)
    assert await store.signals(FIRST, Moment(3), with_evidence=True) == before
    monkeypatch.undo()
    assert await store.signals(FIRST, Moment(3), with_evidence=True) is None


async def test_a_filing_that_is_not_stored_is_not_purged(store: DuckDBStore) -> None:
    assert await store.purge([ASKED]) == []
    assert store.head == 0


async def test_a_filing_committed_again_is_there_again_as_its_next_version(store: DuckDBStore) -> None:
    await fill(store)
    await store.purge([ASKED])
    message = extraction(FIRST)
    assert (await store.commit(extraction_record(message))).version == 3
    assert (await store.commit(analysis_to_commit(message))).version == 2
    assert sorted(await screened(store)) == [FIRST, OTHER]


async def test_commits_and_purges_of_one_group_keep_their_order(store: DuckDBStore) -> None:
    body = extraction_to_commit(FIRST)
    outcomes = await asyncio.gather(
        store.commit(body), store.purge([ASKED]), store.commit(body), store.purge([ASKED]), store.commit(body)
    )
    assert [outcomes[0].version, outcomes[2].version, outcomes[4].version] == [1, 2, 3]
    stored = await store.filing(FIRST, Moment(store.head))
    assert stored is not None
    assert stored.version == 3
    assert await screened(store) == [FIRST]


async def test_a_sort_that_was_under_way_does_not_bring_a_purged_filing_back(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    store = DuckDBStore.open(replace(options(tmp_path), segment_rows=1), clock)
    await fill(store)
    sort, purged = store._owner.aside, asyncio.Event()

    async def slow_sort(work: Callable[[duckdb.DuckDBPyConnection], object]) -> object:
        built = await sort(work)
        await purged.wait()
        return built

    store._owner.aside = slow_sort  # type: ignore[method-assign,assignment]
    sorting = asyncio.create_task(store.sort_segments())
    await asyncio.sleep(0.2)
    await store.purge([ASKED])
    purged.set()
    await sorting
    assert await screened(store) == [OTHER]
    await store.sort_segments()
    assert await screened(store) == [OTHER]
    await store.close()
