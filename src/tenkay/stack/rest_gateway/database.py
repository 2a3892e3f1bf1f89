"""The gateway's connections to Postgres: a bounded pool, one transaction a request, errors as the API's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from tenkay.stack.rest_gateway.catalog import Catalog, read_catalog
from tenkay.stack.rest_gateway.errors import (
    ApiError,
    cannot_connect,
    cannot_read_catalog,
    connection_lost,
    database_error,
    no_connection_free,
)
from tenkay.stack.rest_gateway.settings import RestGatewaySettings
from tenkay.stack.rest_gateway.statements import Statement
from tenkay.stack.rest_gateway.tokens import Caller

PoolConnection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
"""A connection of the pool."""

_CATALOG_MIN_AGE_SECONDS = 0.5
_CLIENT_MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement answered."""

    body: str
    rows: int
    total: int | None


class Database:
    """Runs statements. Connects when first needed, and again when Postgres was away."""

    def __init__(self, settings: RestGatewaySettings) -> None:
        self._settings = settings
        self._pool: asyncpg.Pool | None = None
        self._catalog: Catalog | None = None
        self._catalog_read_at = 0.0
        self._catalog_lock = asyncio.Lock()

    async def open(self) -> None:
        """Makes the pool; connects to nothing yet."""
        self._pool = await asyncpg.create_pool(
            self._settings.database_url,
            min_size=0,
            max_size=self._settings.connections,
            command_timeout=self._settings.statement_timeout_seconds + _CLIENT_MARGIN_SECONDS,
            reset=_nothing_to_reset,
        )

    async def close(self) -> None:
        """Closes all connections once their requests are done."""
        if self._pool is not None:
            await self._pool.close()

    async def catalog(self, *, newer: bool = False) -> Catalog:
        """The schema's catalog; with `newer`, read again unless that was done a moment ago."""
        async with self._catalog_lock:
            age = time.monotonic() - self._catalog_read_at
            if self._catalog is None or (newer and age > _CATALOG_MIN_AGE_SECONDS):
                try:
                    async with self._connection(has_token=True) as connection:
                        self._catalog = await read_catalog(connection)
                except ApiError as error:
                    raise cannot_read_catalog(error.message) from error
                self._catalog_read_at = time.monotonic()
            return self._catalog

    async def run(
        self, statement: Statement, caller: Caller, *, read_only: bool, check: Callable[[Result], None]
    ) -> Result:
        """Runs a statement in a transaction of its own under the caller's role.

        `check` sees the result before the commit; what it raises undoes the transaction.

        Raises:
            ApiError: Postgres refused something, or is not there.
        """
        timeout_ms = int(self._settings.statement_timeout_seconds * 1000)
        async with (
            self._connection(has_token=caller.has_token) as connection,
            connection.transaction(readonly=read_only),
        ):
            await connection.execute(
                "select set_config('search_path', '\"public\"', true), set_config('role', $1, true), "
                "set_config('request.jwt.claims', $2, true), set_config('statement_timeout', $3, true)",
                caller.role,
                caller.claims_json,
                str(timeout_ms),
            )
            row = await connection.fetchrow(statement.sql, *statement.parameters)
            assert row is not None  # noqa: S101 (each statement is an aggregate: one row)
            result = Result(row["body"], row["rows"], row["total"])
            check(result)
            return result

    async def is_ready(self) -> bool:
        """Whether Postgres answers."""
        try:
            async with self._connection(has_token=True) as connection:
                return bool(await connection.fetchval("select true"))
        except ApiError:
            return False

    @asynccontextmanager
    async def _connection(self, *, has_token: bool) -> AsyncIterator[PoolConnection]:
        assert self._pool is not None, "open() comes first"  # noqa: S101
        seconds = self._settings.acquire_timeout_seconds
        try:
            connection = await self._pool.acquire(timeout=seconds)
        except TimeoutError:
            raise no_connection_free(seconds) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise cannot_connect(str(error)) from error
        try:
            yield connection
        except asyncpg.PostgresConnectionError as error:
            raise connection_lost(str(error)) from error
        except asyncpg.PostgresError as error:
            raise database_error(
                error.sqlstate or "XX000",
                error.message or str(error),
                error.detail,
                error.hint,
                has_token=has_token,
            ) from error
        except (TimeoutError, OSError, asyncpg.InterfaceError) as error:
            raise connection_lost(str(error) or "Postgres did not answer in time") from error
        finally:
            await self._pool.release(connection)


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """Whatever a request sets is local to its transaction, so a returned connection is clean."""
