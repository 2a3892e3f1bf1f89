"""The screens' copy of the signals: it says the same before, while and after it is sorted, and after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from tenkay_store.domain import filter as filters
from tenkay_store.domain.selections import Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import schema, screen_segments
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.primary.screen_segments import Segment, Segments
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit

FILINGS = 60
SIGNALS = ("low", "high", "flagged", "kind_of_filer")


@pytest.fixture
async def small_segments(tmp_path: Path, clock: Callable[[], datetime]) -> AsyncIterator[DuckDBStore]:
    """A store whose open segment is full after a few filings."""
    opened = DuckDBStore.open(replace(options(tmp_path), segment_rows=20), clock)
    yield opened
    await opened.close()


async def commit(store: DuckDBStore, numbers: range) -> None:
    """Filings of one day each, the last one without a day."""
    await asyncio.gather(
        *(
            store.commit(
                extraction_to_commit(
                    accession_number(number),
                    signals={
                        "low": number / 100,
                        "high": f"{number}000.50",
                        "flagged": number % 3 == 0,
                        "kind_of_filer": "large" if number % 2 else "small",
                    },
                    filed=date(2024, 1, 1 + number % 28) if number < FILINGS - 1 else None,
                )
            )
            for number in numbers
        )
    )


async def screened(store: DuckDBStore, text: str) -> dict[str, tuple[object, ...]]:
    """What a screen answers, by filing: the values of the signals it names."""
    expression = filters.parse(text)
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types), "", SIGNALS)
    page = await store.screen_filings(screen, Moment(store.head), None, 500)
    assert page.next_position is None
    return {
        each.filing.accession_number: tuple((s.id, s.value, s.unit, s.currency) for s in each.signals)
        for each in page.summaries
    }


SCREENS = (
    "signals.low < 0.3",
    "signals.high >= 20000",
    "signals.flagged = true AND filed_date >= 2024-01-10 AND filed_date < 2024-01-20",
    'signals.kind_of_filer = "large" OR signals.low > 0.5',
    "NOT signals.low < 0.3",
)


async def test_screens_say_the_same_however_far_the_copy_is_sorted(small_segments: DuckDBStore) -> None:
    store = small_segments
    for start in range(0, FILINGS, 20):
        await commit(store, range(start, start + 20))
        before = [await screened(store, text) for text in SCREENS]
        assert any(before)
        await store.sort_segments()
        assert [await screened(store, text) for text in SCREENS] == before


async def test_a_screen_that_runs_while_segments_are_replaced_loses_nothing(
    small_segments: DuckDBStore,
) -> None:
    store = small_segments
    await commit(store, range(20))
    seen: set[int] = set()
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            seen.add(len(await screened(store, "signals.low >= 0 AND signals.low < 0.2")))

    reading = [asyncio.create_task(read()) for _ in range(3)]
    for start in range(20, FILINGS, 5):
        await commit(store, range(start, start + 5))
        await store.sort_segments()
    done.set()
    await asyncio.gather(*reading)
    assert seen == {20}


async def test_segments_stay_few(small_segments: DuckDBStore) -> None:
    store = small_segments
    for start in range(0, FILINGS, 5):
        await commit(store, range(start, start + 5))
        await store.sort_segments()
    assert len(store.segments.all) <= 4
    assert sum(segment.rows for segment in store.segments.closed) == FILINGS * len(SIGNALS)


async def test_what_a_killed_sort_left_behind_is_dropped_at_the_next_start(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await commit(store, range(5))
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        screen_segments.sort(connection, screen_segments.load(connection)[0].all, 99)
    store = DuckDBStore.open(options(tmp_path), clock)
    assert len(await screened(store, "signals.low >= 0")) == 5
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        assert connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'screen_segment_99'"
        ).fetchall() == [(0,)]


async def test_a_file_from_before_the_copy_gets_one(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await commit(store, range(10))
    expected = [await screened(store, text) for text in SCREENS if "high" not in text]
    await store.close()
    with duckdb.connect(str(tmp_path / "tenkay.duckdb")) as connection:
        segments, _ = screen_segments.load(connection)
        for table in (*segments.tables, "screen_segments"):
            connection.execute(f"DROP TABLE {table}")
        # The step that makes the copy, again; the file has taken the later ones already.
        connection.execute("DELETE FROM schema_version WHERE version > 1")
        schema.migrate(connection, clock(), schema.MIGRATIONS[:2])
        connection.execute("INSERT INTO schema_version VALUES (?, now())", [schema.VERSION])
    store = DuckDBStore.open(options(tmp_path), clock)
    assert [await screened(store, text) for text in SCREENS if "high" not in text] == expected
    await store.close()


def segment(ordinal: int, rows: int, *, is_sorted: bool = True) -> Segment:
    return Segment(number=ordinal, ordinal=ordinal, is_sorted=is_sorted, rows=rows)


@pytest.mark.parametrize(
    ("rows", "sorted_from"),
    [
        ((), None),  # only the open one
        ((-10,), 1),  # an unsorted one is sorted
        ((100, -10), 2),  # a much larger one before it stays
        ((30, -10), 1),  # one that is not much larger is joined
        ((100, 30, -10), 1),  # and so on down
        ((1000, 100, 10), None),  # sorted ones alone stay as they are
    ],
)
def test_only_segments_of_about_the_same_size_are_joined(
    rows: tuple[int, ...], sorted_from: int | None
) -> None:
    """Negative: not sorted yet."""
    closed = [segment(n, abs(count), is_sorted=count > 0) for n, count in enumerate(rows, 1)]
    all_of_them = Segments((*closed, segment(99, 0, is_sorted=False)))
    chosen = all_of_them.to_sort()
    assert (chosen[0].ordinal if chosen else None) == sorted_from
    assert chosen == tuple(closed[len(closed) - len(chosen) :])
