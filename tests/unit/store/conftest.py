"""Stores of their own for the tests of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.runtime.logs import start_logging
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import DuckDBStore, StoreOptions
from tenkay_store.primary.group_commit import GroupLimits


class Clock:
    """Says what it is told to; each reading moves it on by a second."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def options(directory: Path, *, sink: str | None = None, window_seconds: float = 0.005) -> StoreOptions:
    """A small store's options."""
    return StoreOptions(
        directory=directory,
        limits=Limits(memory="512MB", threads=2, readers=4),
        group=GroupLimits(
            group_size=50, window_seconds=window_seconds, queue_size=1000, queue_bytes=64 * 1024 * 1024
        ),
        min_free_bytes=0,
        checkpoint_wal_bytes=64 * 1024 * 1024,
        sink=sink,
    )


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    # Without it structlog draws errors for a terminal, which takes seconds.
    start_logging("store-tests")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Callable[[], datetime]) -> AsyncIterator[DuckDBStore]:
    """An empty store without a second sink."""
    opened = DuckDBStore.open(options(tmp_path), clock)
    yield opened
    await opened.close()
