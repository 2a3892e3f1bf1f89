"""Statistics are counted once for all who ask within a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tenkay_store.domain.statistics_cache import StatisticsCache
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import Clock
from tests.unit.store.filings import accession_number, extraction_to_commit


async def test_statistics_are_counted_again_only_when_they_are_old(store: DuckDBStore, clock: Clock) -> None:
    cache = StatisticsCache(store, 30, clock)
    first, same = await asyncio.gather(cache.get(), cache.get())
    assert first is same
    await store.commit(extraction_to_commit(accession_number(1)))
    assert await cache.get() is first
    clock.now += timedelta(seconds=30)
    second = await cache.get()
    assert (first.forms, [each.filings for each in second.forms]) == ((), [1])
    # A clock set back would keep it for ever.
    clock.now -= timedelta(days=1)
    assert await cache.get() is not second


async def test_rows_and_blocks_are_those_of_the_tables(store: DuckDBStore) -> None:
    for number in range(5):
        await store.commit(extraction_to_commit(accession_number(number)))
    await store._owner.read(lambda cursor: cursor.execute("CHECKPOINT"))
    found = {each.table: each for each in (await store.statistics()).tables}
    assert (found["filings"].rows, found["signals"].rows, found["screen_segments"].rows) == (5, 15, 15)
    assert found["signals"].size_bytes > 0
    assert (found["analyses"].rows, found["analyses"].size_bytes) == (0, 0)
    statistics = await store.statistics()
    assert statistics.share("signals", 15) == found["signals"].size_bytes
    assert statistics.share("analyses", 0) == statistics.share("no such table", 5) == 0
