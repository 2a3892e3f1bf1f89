"""What the store's benchmarks send, and the servers they send it to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import psutil
from made_up_filings import filing

from tenkay.client import Endpoint
from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import extraction_pb2
from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import Launch, running
from tenkay.stack.migrations import migrate, migrations_folder, read_migrations
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import Extraction
from tenkay_store.wire import messages

IN_FLIGHT = 100
BATCH_ITEMS = 25
"""Of a call of BatchCommit: as many filings are in flight as with single calls, and a batch fills half a group."""


class Supply:
    """Filings that no store has seen."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> list[Extraction]:
        """The next ones."""
        first, self._next = self._next, self._next + count
        taken = [filing(number % 4000, number // 4000) for number in range(first, first + count)]
        # Walking these hundreds of thousands of objects for garbage is no part of what is measured.
        gc.freeze()
        return taken

    def messages(self, count: int) -> list[extraction_pb2.Extraction]:
        """The next ones, as a caller sends them."""
        return [message_of(each) for each in self.take(count)]


def message_of(body: Extraction) -> extraction_pb2.Extraction:
    """A record as a caller sends it."""
    return extraction_pb2.Extraction(
        filing=messages.filing_message(body.filing),
        signals=[messages.signal_fields(each) for each in body.signals],
        missing=[messages.missing_fields(each) for each in body.missing],
        result_key=body.result_key,
        catalog_version=body.catalog_version,
        code_version=body.code_version,
        fact_count=body.fact_count,
    )


async def send_all(
    client: AsyncFilingStoreClient,
    bodies: Sequence[extraction_pb2.Extraction],
    wait_for: store_pb2.WaitFor.ValueType = store_pb2.WAIT_FOR_PRIMARY,
) -> None:
    """Commit them through gRPC, IN_FLIGHT at once."""
    await bounded(
        [lambda body=body: client.commit_extraction(extraction=body, wait_for=wait_for) for body in bodies]  # type: ignore[misc]
    )


async def send_in_batches(
    client: AsyncFilingStoreClient, bodies: Sequence[extraction_pb2.Extraction]
) -> None:
    """Commit them through BatchCommit, IN_FLIGHT at once."""
    calls = [
        [store_pb2.BatchItem(extraction=body) for body in bodies[start : start + BATCH_ITEMS]]
        for start in range(0, len(bodies), BATCH_ITEMS)
    ]
    await bounded([partial(_committed, client, items) for items in calls], IN_FLIGHT // BATCH_ITEMS)


async def _committed(client: AsyncFilingStoreClient, items: Sequence[store_pb2.BatchItem]) -> None:
    answer = await client.batch_commit(items=items)
    refused = [each.error.message for each in answer.results if each.HasField("error")]
    if refused:
        raise RuntimeError(f"a commit of a batch was refused: {refused[0]}")


async def bounded(calls: Sequence[Callable[[], Awaitable[object]]], at_once: int = IN_FLIGHT) -> None:
    """Make the calls, so many at once."""
    slots = asyncio.Semaphore(at_once)

    async def one(call: Callable[[], Awaitable[object]]) -> None:
        async with slots:
            await call()

    await asyncio.gather(*(one(call) for call in calls))


# Servers


@contextmanager
def store_process(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A store on `directory` while the block runs; gives its port."""
    port = free_port()
    launch = Launch(
        name="store",
        argv=(sys.executable, "-m", "tenkay_store"),
        ready_line=b'"event": "serving"',
        environment={
            "TENKAY_STORE_DATA_DIRECTORY": str(directory),
            "TENKAY_STORE_LISTEN_PORT": str(port),
            "TENKAY_STORE_INSECURE": "true",
            "TENKAY_STORE_MIN_FREE_BYTES": "0",
            **(environment or {}),
        },
    )
    with running(launch, directory.with_suffix(".log")):
        yield port


@dataclass(frozen=True, slots=True)
class Supabase:
    """Postgres with Tenkay's schema behind the local stack's gateway, both durable."""

    port: int
    key: str
    database_url: str

    @property
    def url(self) -> str:
        """What supabase-py takes."""
        return f"http://{LOOPBACK}:{self.port}"


@asynccontextmanager
async def supabase(folder: Path) -> AsyncIterator[Supabase]:
    """A project of its own while the block runs."""
    folders = PostgresFolders.under(folder / "postgres")
    with ExitStack() as stack:
        stack.enter_context(running(postgres(folders), folder / "postgres.log"))
        async with _connected(folders.url()) as connection:
            await connection.execute("create database tenkay")
        database_url = folders.url(database="tenkay")
        async with _connected(database_url) as connection:
            await migrate(connection, read_migrations(migrations_folder()))
        keys, port = StackKeys.make(), free_port()
        launch = rest_gateway(
            database_url=folders.url(DATABASE_ROLE, "tenkay"), jwt_secret=keys.jwt_secret, port=port
        )
        stack.enter_context(running(launch, folder / "gateway.log"))
        yield Supabase(port, keys.service_role, database_url)


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[AsyncFilingStoreClient]:
    """A client of the store on this port."""
    async with AsyncFilingStoreClient(Endpoint(f"{LOOPBACK}:{port}", plaintext=True)) as client:
        yield client


# Figures


def now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


async def seconds_of(work: Awaitable[object]) -> float:
    """How long it took."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


class CpuTimes:
    """CPU time that pieces of work take in this process and in all that it has started, by what they are."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._filings = 0

    async def during(self, work: Awaitable[object], filings: int) -> float:
        """Do the work, which is of so many filings; how many seconds it took."""
        before = _cpu_seconds()
        seconds = await seconds_of(work)
        for kind, spent in _cpu_seconds().items():
            self._seconds[kind] += spent - before.get(kind, 0.0)
        self._filings += filings
        return seconds

    def per_filing(self) -> dict[str, float]:
        """Milliseconds a filing: of each kind of process, by its name, and of all together, by an empty one."""
        each = {kind: seconds * 1e3 / self._filings for kind, seconds in self._seconds.items()}
        return {"": sum(each.values()), **each}


_PROCESSES = {"tenkay_store": "store", "rest_gateway": "gateway", "postgres": "postgres"}
"""What their command lines hold, and what they are."""


def _cpu_seconds() -> dict[str, float]:
    own = psutil.Process()
    spent: dict[str, float] = defaultdict(float)
    for process in [own, *own.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times, line = process.cpu_times(), " ".join(process.cmdline())
            kind = next((kind for word, kind in _PROCESSES.items() if word in line), "other")
            spent["client" if process.pid == own.pid else kind] += times.user + times.system
    return spent


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
