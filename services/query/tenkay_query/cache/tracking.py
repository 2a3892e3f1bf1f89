"""Hearing from Redis which generations change: one connection with client-side caching in broadcasting mode.

Redis sends the names of all changed, expired, evicted and deleted keys that begin with ``g:``, whoever changed them,
and None when it was emptied (Redis, "Client-side caching reference", Broadcasting mode). The connection is asked for
a sign of life all the time, since one that is only half open says nothing, like one on which nothing changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Protocol, cast

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from tenkay.runtime import tasks
from tenkay.runtime.logs import get_logger
from tenkay_query import metrics
from tenkay_query.cache import redis_keys

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.05, 0.5
"""Waits before the connection is opened again: the first, doubling up to the longest."""
RESP3 = 3

logger = get_logger(__name__)


class Listener(Protocol):
    """Who wants to know."""

    def tracked(self, is_tracked: bool) -> None:
        """Changes are heard of from now on, or not any more."""

    def changed(self, names: Iterable[str] | None) -> None:
        """These keys have changed; None: all of them are gone."""


class Tracking:
    """Listens until cancelled, over one connection after another."""

    def __init__(self, url: str, listener: Listener, *, ping_seconds: float, patience_seconds: float) -> None:
        """A connection counts as lost when it says nothing for `ping_seconds` and `patience_seconds` together."""
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=1,
            protocol=RESP3,
            socket_timeout=patience_seconds,
            socket_connect_timeout=patience_seconds,
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._listener = listener
        self._ping_seconds = ping_seconds
        self._silence_seconds = ping_seconds + patience_seconds

    async def run(self) -> None:
        """Listens, and again after every loss, for ever."""
        wait = FIRST_WAIT_SECONDS
        while True:
            heard = False
            connection: Any = cast(Any, self._pool).make_connection()
            try:
                heard = await self._start(connection)
                await self._listen(connection)
            except (RedisError, OSError, TimeoutError) as error:
                if heard:
                    logger.warning("tracking_lost", error=str(error))
            finally:
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await connection.disconnect(nowait=True)
            wait = FIRST_WAIT_SECONDS if heard else min(wait * 2, LONGEST_WAIT_SECONDS)
            await asyncio.sleep(wait)

    async def _start(self, connection: Any) -> bool:
        await connection.connect()
        # The parser is where a push message ends up; the client has no public place to say who takes it.
        connection._parser.set_invalidation_push_handler(self._invalidated)
        await connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", redis_keys.GENERATIONS)
        await self._reply(connection)
        self._listener.tracked(True)
        metrics.TRACKING.set(1)
        return True

    async def _listen(self, connection: Any) -> None:
        pings = asyncio.create_task(self._ping(connection))
        try:
            while True:
                await self._next(connection)
                if pings.done():
                    await pings
        finally:
            # First of all: what is kept in the process is not true any more.
            self._listener.tracked(False)
            metrics.TRACKING.set(0)
            await tasks.end(pings)

    async def _ping(self, connection: AbstractConnection) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            await connection.send_command("PING")

    async def _reply(self, connection: Any) -> None:
        """Reads up to the reply to a command; what is pushed before it is heard."""
        while await self._next(connection) is _PUSHED:
            pass

    async def _next(self, connection: Any) -> object:
        """The next message: _PUSHED, or a reply. TimeoutError when there is none in time."""
        message = await connection.read_response(timeout=self._silence_seconds, push_request=True)
        if message is None:  # that is how the client says that the time is up
            raise TimeoutError("Redis said nothing")
        return message

    async def _invalidated(self, message: list[Any]) -> object:
        names = message[1]
        self._listener.changed(None if names is None else [name.decode("utf-8", "replace") for name in names])
        return _PUSHED


_PUSHED = object()
"""What reading a push message comes back with."""
