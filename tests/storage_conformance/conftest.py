"""Every backend of the storage interface, empty, for each test of the suite.

A new backend is put under it by one more line in BACKENDS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from tenkay.runtime.logs import start_logging
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.storage_conformance.reference_store import ReferenceStore
from tests.unit.store.conftest import Clock, options

SINK = "supabase"
BACKENDS: Mapping[str, Callable[[Path, Clock], DuckDBStore | ReferenceStore]] = {
    "duckdb": lambda directory, clock: DuckDBStore.open(options(directory, sink=SINK), clock),
    "memory": lambda _directory, clock: ReferenceStore(clock, SINK),
}


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    # Without it structlog draws errors for a terminal, which takes seconds.
    start_logging("store-tests")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=BACKENDS)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[AnalyticalStore]:
    """An empty store of each backend, with a second sink that nothing is sent to."""
    opened = BACKENDS[request.param](tmp_path, clock)
    yield opened
    await opened.close()
