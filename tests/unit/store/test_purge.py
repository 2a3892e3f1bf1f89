"""Purges in DuckDB: nothing of a filing is left in any table, not even by a sort that was under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tenkay_store.domain.records import Dispute, Purge
from tenkay_store.domain.selections import FilingSelection, Page
from tenkay_store.domain.stored import Moment, StoredSignals
from tenkay_store.primary import duckdb_reads as reads
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit
from tests.unit.store.two_filings import ASKED, FIRST, OTHER, fill, screen_of, screened


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
    said = Dispute(FIRST, None, "revenue", is_open=True, reason="OTHER", said_by="x", note="y")
    await store.dispute(said)
    moment = Moment(store.head)
    before = await store.signals(FIRST, moment)
    assert before is not None
    assert before.disputes
    loop, find, found = asyncio.get_running_loop(), reads.signals, []

    def find_then_purge(*arguments: Any) -> StoredSignals | None:
        found.append(find(*arguments))
        # The first statement finds that there is more to ask, and the others are asked in a transaction.
        if len(found) == 2:
            asyncio.run_coroutine_threadsafe(store.purge([ASKED]), loop).result(30)
        return found[-1]

    monkeypatch.setattr(reads, "signals", find_then_purge)
    assert await store.signals(FIRST, moment) == before
    monkeypatch.undo()
    assert len(found) == 2
    assert await store.signals(FIRST, moment) is None


@pytest.mark.parametrize("is_screen", [False, True])
async def test_a_purge_in_the_middle_of_a_list_or_screen_does_not_tear_it(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch, is_screen: bool
) -> None:
    await fill(store)

    async def read() -> Page:
        if is_screen:
            return await store.screen_filings(screen_of(store), Moment(4), None, 10)
        return await store.list_filings(FilingSelection(), Moment(4), None, 10)

    before = await read()
    assert [one.rating is None for one in before.summaries] == [False, True]
    loop, rate = asyncio.get_running_loop(), reads._ratings

    def purge_then_rate(*arguments: Any) -> Any:
        asyncio.run_coroutine_threadsafe(store.purge([ASKED]), loop).result(30)
        return rate(*arguments)

    monkeypatch.setattr(reads, "_ratings", purge_then_rate)
    assert await read() == before


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


async def test_many_are_purged_in_a_few_groups(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    store = DuckDBStore.open(options(tmp_path, window_seconds=0.5), clock)
    names = [accession_number(number) for number in range(70)]
    await asyncio.gather(*(store.commit(extraction_to_commit(name)) for name in names))
    asked = [Purge(name, "the data officer", "withdrawn") for name in names]
    async with asyncio.timeout(10):
        purged = await store.purge(asked)
    assert [each.accession_number for each in purged] == names
    assert [each.sequence for each in purged] == list(range(71, 141))
    assert await store.purge(asked) == []
    await store.close()
