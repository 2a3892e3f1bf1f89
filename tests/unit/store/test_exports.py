"""Exports that end before their end: their reader serves whoever is next, whatever still holds the export."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenkay_store.domain.selections import AggregateSelection, Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import duckdb_analytics
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit

FILINGS, SIGNALS = 50, [f"figure_{number}" for number in range(400)]
SCREEN = Screen(None, "", tuple(SIGNALS))


@pytest.fixture
async def store(
    tmp_path: Path, clock: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DuckDBStore]:
    """A store with one reader and more signals than an export sends at once."""
    # A vector of DuckDB's; fewer come as one all the same.
    monkeypatch.setattr(duckdb_analytics, "EXPORT_ROWS", 2048)
    monkeypatch.setattr(duckdb_analytics, "EXPORT_CHUNK_BYTES", 4096)
    opened = DuckDBStore.open(replace(options(tmp_path), limits=Limits("512MB", 2, 1)), clock)
    for number in range(FILINGS):
        signals = dict.fromkeys(SIGNALS, number + 0.5)
        await opened.commit(extraction_to_commit(accession_number(number), signals=signals))
    yield opened
    await opened.close()


@pytest.fixture
def _without_collector() -> Iterator[None]:
    """What hangs together in a circle stays, as it does for a while in the service."""
    gc.disable()
    yield
    gc.enable()


async def count(store: DuckDBStore) -> int:
    selection = AggregateSelection(SIGNALS[0], None, "", (), ())
    (group,) = (await store.aggregate(selection, Moment(store.head))).groups
    return group.count


async def test_an_export_comes_in_parts(store: DuckDBStore) -> None:
    parts = [part async for part in store.export(SCREEN, Moment(store.head))]
    assert len(parts) > 100
    assert pa.ipc.open_stream(b"".join(parts)).read_all().num_rows == FILINGS * len(SIGNALS)


@pytest.mark.usefixtures("_without_collector")
async def test_after_an_export_that_was_closed_its_reader_serves_others(store: DuckDBStore) -> None:
    async with aclosing(store.export(SCREEN, Moment(store.head))) as parts:
        await anext(parts)
    assert await count(store) == FILINGS
    assert len([part async for part in store.export(SCREEN, Moment(store.head))]) > 100


@pytest.mark.usefixtures("_without_collector")
async def test_after_an_export_that_was_cancelled_its_reader_serves_others(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = duckdb_analytics.export

    def unhurried(*arguments: Any) -> Iterator[bytes]:
        """Is between two queries when it is interrupted, and so goes on to its next part."""
        with closing(real(*arguments)) as parts:
            for part in parts:
                time.sleep(0.02)
                yield part

    monkeypatch.setattr(duckdb_analytics, "export", unhurried)
    held: list[BaseException] = []

    async def export(begun: asyncio.Event) -> None:
        try:
            async with aclosing(store.export(SCREEN, Moment(store.head))) as parts:
                async for _ in parts:
                    begun.set()
        except asyncio.CancelledError as error:
            held.append(error)  # with all that its traceback names
            raise

    for _ in range(5):
        begun = asyncio.Event()
        running = asyncio.create_task(export(begun))
        await begun.wait()
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait((running,))
        assert await count(store) == FILINGS
    assert len(held) == 5
    assert store._owner.free_readers == 1
