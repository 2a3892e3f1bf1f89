"""Screens that go through much take turns, and what is small does not wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyPage, CompanyPeriod, CompanyScreen
from tenkay_store.domain.selections import FilingSelection, Page, Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_companies, duckdb_screens, duckdb_store
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit

THREADS, AT_ONCE, READERS = 2, 3, 10
TWO_SIGNALS = "signals.revenue > 1 AND signals.current_ratio > 1"
OF_A_MONTH = f"{TWO_SIGNALS} AND filed_date >= 2024-03-01 AND filed_date < 2024-04-01"


class Held:
    """Queries that have begun, each until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self._go = threading.Event()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Runs in a reader's thread."""
        with self._lock:
            self.begun += 1
        assert self._go.wait(30)

    def let_go(self) -> None:
        self._go.set()

    async def until(self, begun: int) -> None:
        """Until so many have begun, and then long enough that another one would have."""
        async with asyncio.timeout(10):
            while self.begun < begun:  # noqa: ASYNC110 - they begin in threads
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)


@pytest.fixture
async def store(tmp_path: Path, clock: Callable[[], datetime]) -> AsyncIterator[DuckDBStore]:
    """A store with a filing, of two threads and ten readers."""
    opened = DuckDBStore.open(replace(options(tmp_path), limits=Limits("512MB", THREADS, READERS)), clock)
    await opened.commit(
        extraction_to_commit(accession_number(1), signals={"revenue": "5", "current_ratio": 1.5})
    )
    yield opened
    await opened.close()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Holds what goes through much: screens, and screens of companies, but not small ones."""
    waiting = Held()
    of_filings, of_companies = duckdb_screens.screen_filings, duckdb_companies.screen_companies

    def filings(cursor: Any, ids: Any, tables: Any, screen: Screen, *rest: Any) -> Page:
        if not duckdb_screens.takes_one_statement(screen):
            waiting.wait()
        return of_filings(cursor, ids, tables, screen, *rest)

    def companies(cursor: Any, ids: Any, tables: Any, screen: CompanyScreen, *rest: Any) -> CompanyPage:
        if not screen.ciks:
            waiting.wait()
        return of_companies(cursor, ids, tables, screen, *rest)

    monkeypatch.setattr(duckdb_screens, "screen_filings", filings)
    monkeypatch.setattr(duckdb_store, "screen_companies", companies)
    return waiting


def _screen(store: DuckDBStore, text: str = TWO_SIGNALS) -> asyncio.Task[Page]:
    expression = filters.parse(text)
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    return asyncio.create_task(_page(store, screen))


async def _page(store: DuckDBStore, screen: Screen) -> Page:
    return await store.screen_filings(screen, Moment(store.head), None, 10)


async def _companies(store: DuckDBStore, ciks: tuple[int, ...] = ()) -> CompanyPage:
    screen = CompanyScreen(CompanyPeriod.LATEST_ANNUAL, signal_ids=("revenue",), ciks=ciks)
    return await store.screen_companies(screen, Moment(store.head), None, 10)


async def test_ten_screens_of_one_kind_go_as_many_at_a_time_as_keep_the_threads_busy(
    store: DuckDBStore, held: Held
) -> None:
    screens = [_screen(store) for _ in range(READERS)]
    await held.until(AT_ONCE)
    assert held.begun == AT_ONCE
    held.let_go()
    pages = await asyncio.gather(*screens)
    assert [len(page.summaries) for page in pages] == [1] * READERS
    assert held.begun == READERS


async def test_screens_of_companies_take_the_same_turns(store: DuckDBStore, held: Held) -> None:
    screens: list[asyncio.Task[Any]] = [_screen(store) for _ in range(AT_ONCE - 1)]
    screens += [asyncio.create_task(_companies(store)) for _ in range(3)]
    await held.until(AT_ONCE)
    assert held.begun == AT_ONCE
    held.let_go()
    await asyncio.gather(*screens)


async def test_lists_and_small_screens_do_not_wait_for_large_ones(store: DuckDBStore, held: Held) -> None:
    screens = [_screen(store) for _ in range(READERS)]
    await held.until(AT_ONCE)
    async with asyncio.timeout(10):
        page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
        assert len(page.summaries) == 1
        assert len((await _screen(store, OF_A_MONTH)).summaries) == 1
        assert len((await _companies(store, (1999000001,))).companies) == 1
        assert await store.signals(accession_number(1), Moment(store.head)) is not None
    assert held.begun == AT_ONCE
    held.let_go()
    await asyncio.gather(*screens)


async def test_a_screen_that_is_cancelled_gives_up_its_turn(store: DuckDBStore, held: Held) -> None:
    first = [_screen(store) for _ in range(AT_ONCE)]
    await held.until(AT_ONCE)
    waiting = [_screen(store) for _ in range(4)]
    await asyncio.sleep(0)
    for cancelled in waiting[:2]:
        cancelled.cancel()
    first[0].cancel()
    held.let_go()
    done = await asyncio.gather(*first, *waiting, return_exceptions=True)
    was_cancelled = [isinstance(each, asyncio.CancelledError) for each in done]
    assert was_cancelled == [True, False, False, True, True, False, False]
    assert store._owner._turns._value == AT_ONCE
    async with asyncio.timeout(10):
        await asyncio.gather(*(_screen(store) for _ in range(READERS)))
