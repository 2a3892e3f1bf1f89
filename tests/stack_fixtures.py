"""Fixtures that run the real servers of the local stack: Valkey, Postgres, the REST gateway.

Each test process has servers of its own, on ports of its own, started when first asked for.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import running
from tenkay.stack.migrations import migrate, migrations_folder, read_migrations
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.rest_gateway.process import DATABASE_ROLE, rest_gateway
from tenkay.stack.valkey import ValkeyRole, valkey


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running Valkey."""

    port: int

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


@dataclass(frozen=True, slots=True)
class SupabaseProject:
    """A running Postgres with Tenkay's schema, and the gateway in front of it."""

    url: str
    """What supabase.acreate_client takes."""
    keys: StackKeys
    database_url: str
    """Address of the database as its superuser."""
    port: int


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data. Not pytest's: that one is closed to other users, and Postgres may run as one."""
    folder = Path(tempfile.mkdtemp(prefix="tenkay-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_cache_server(server_folder: Path) -> Iterator[ValkeyServer]:
    """A Valkey as the cache has it: evicts, keeps nothing."""
    yield from _valkey(ValkeyRole.CACHE, server_folder)


@pytest.fixture(scope="session")
def valkey_broker_server(server_folder: Path) -> Iterator[ValkeyServer]:
    """A Valkey as the broker has it: evicts nothing, keeps everything."""
    yield from _valkey(ValkeyRole.BROKER, server_folder)


@pytest.fixture
def valkey_cache(valkey_cache_server: ValkeyServer) -> ValkeyServer:
    """The cache's Valkey, empty."""
    _empty(valkey_cache_server)
    return valkey_cache_server


@pytest.fixture
def valkey_broker(valkey_broker_server: ValkeyServer) -> ValkeyServer:
    """The broker's Valkey, empty."""
    _empty(valkey_broker_server)
    return valkey_broker_server


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresFolders]:
    """A Postgres without any schema of Tenkay's."""
    folders = PostgresFolders.under(server_folder / "postgres")
    with running(postgres(folders, durable=False), server_folder / "postgres.log"):
        yield folders


@pytest.fixture(scope="session")
def supabase_server(server_folder: Path, postgres_server: PostgresFolders) -> Iterator[SupabaseProject]:
    """A database with Tenkay's schema behind the gateway."""
    database = "tenkay"

    async def make_database() -> None:
        async with connected(postgres_server.url()) as connection:
            await connection.execute(f"create database {database}")
        async with connected(postgres_server.url(database=database)) as connection:
            await migrate(connection, read_migrations(migrations_folder()))

    asyncio.run(make_database())
    keys = StackKeys.make()
    port = free_port()
    launch = rest_gateway(
        database_url=postgres_server.url(DATABASE_ROLE, database), jwt_secret=keys.jwt_secret, port=port
    )
    with running(launch, server_folder / "rest-gateway.log"):
        yield SupabaseProject(
            url=f"http://{LOOPBACK}:{port}",
            keys=keys,
            database_url=postgres_server.url(database=database),
            port=port,
        )


@pytest.fixture
async def supabase_project(supabase_server: SupabaseProject) -> SupabaseProject:
    """The database behind the gateway, with Tenkay's tables empty."""
    async with connected(supabase_server.database_url) as connection:
        await connection.execute(
            "truncate public.filings, public.signals, public.missing_signals, public.analyses, public.disputes, "
            "public.tombstones, tenkay_internal.owner"
        )
    return supabase_server


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database, closed in any case."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


def _valkey(role: ValkeyRole, folder: Path) -> Iterator[ValkeyServer]:
    port = free_port()
    with running(valkey(role, port=port, directory=folder / role), folder / f"{role}.log"):
        yield ValkeyServer(port)


def _empty(server: ValkeyServer) -> None:
    import redis

    with redis.Redis.from_url(server.url) as client:
        client.flushall()
