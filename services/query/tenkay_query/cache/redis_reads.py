"""Reading keys over one connection that everybody shares: the hot half of what is asked of Redis.

A client that borrows a connection for each command spends three to five times as much on it as the command costs. Here
commands are pipelined, and reads that are asked for in the same moment go together in one MGET.

A read that is not answered in time fails, and the connection with it, since the answers after it are late too. A
connection that Redis closed, as a restart does, is opened again and what was under way is asked once more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from tenkay.runtime import tasks

MOST_IN_BATCH = 64
"""Reads that share a command at most."""
GATHER_SECONDS = 0.002
"""While reads come together, from one command to the next: each costs a system call in and one out, which take longer
than what it asks for. Without it the wait is only as long as Redis takes, and a third more CPU time goes to a read."""
_LOST = (RedisError, OSError, TimeoutError)

Values = list[bytes | None]


@dataclass(slots=True)
class _Read:
    keys: Sequence[str]
    values: asyncio.Future[Values]
    until: float
    """On the loop's clock."""
    is_repeated: bool = False


class RedisReads:
    """Reads keys, some of which every read wants. For one event loop."""

    def __init__(
        self, make_connection: Callable[[], Any], shared: Sequence[str], *, timeout_seconds: float
    ) -> None:
        """`shared` are read with each read, before its own keys."""
        self._make_connection = make_connection
        self._shared = tuple(shared)
        self._timeout_seconds = timeout_seconds
        self._waiting: deque[_Read] = deque()
        self._sent: deque[list[_Read]] = deque()
        self._come_together = False
        """Whether the last command was for several reads."""
        self._wake = asyncio.Event()
        self._connection: Any = None
        self._sender: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, url: str, shared: Sequence[str], *, timeout_seconds: float) -> RedisReads:
        """Over a connection to `url`, opened when it is needed."""
        pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=None,  # the time is kept here, for all reads under way together
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        return cls(cast(Any, pool).make_connection, shared, timeout_seconds=timeout_seconds)

    async def read(self, keys: Sequence[str]) -> Values:
        """The values of the shared keys and then of `keys`, all as of one moment. RedisError or OSError."""
        loop = asyncio.get_running_loop()
        if self._sender is None:
            self._sender = loop.create_task(self._send(), name="redis-reads")
        values: asyncio.Future[Values] = loop.create_future()
        self._waiting.append(_Read(keys, values, loop.time() + self._timeout_seconds))
        self._wake.set()
        if self._watch is None:
            self._watch = loop.call_later(self._timeout_seconds / 4, self._expire)
        return await values

    async def close(self) -> None:
        """Ends what is under way."""
        if self._watch is not None:
            self._watch.cancel()
        if self._sender is not None:
            await tasks.end(self._sender)
        self._lose(RedisConnectionError("closed"), again=False)
        _fail(self._waiting, RedisConnectionError("closed"))
        self._waiting.clear()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # While one command is under way the next one gathers: the slower Redis, the more go together.
            while self._waiting and not self._sent:
                try:
                    await self._gather()
                    if self._connection is None:
                        await self._connect()
                    await self._send_batch()
                except _LOST as error:
                    if self._connection is None:
                        _fail(self._waiting, error)
                        self._waiting.clear()
                    else:
                        self._lose(error, again=True)

    async def _gather(self) -> None:
        """Waits for more reads while they come together; one that comes alone does not wait."""
        if self._come_together and len(self._waiting) < MOST_IN_BATCH:
            await asyncio.sleep(GATHER_SECONDS)

    async def _connect(self) -> None:
        connection = self._make_connection()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await connection.connect()
        except _LOST:
            await _disconnect(connection)
            raise
        self._connection = connection
        self._reader = asyncio.create_task(self._receive(connection), name="redis-replies")

    async def _send_batch(self) -> None:
        batch: list[_Read] = []
        wanted = list(self._shared)
        while self._waiting and len(batch) < MOST_IN_BATCH:
            read = self._waiting.popleft()
            if not read.values.done():
                batch.append(read)
                wanted += read.keys
        if batch:
            self._sent.append(batch)
            self._come_together = len(batch) > 1
            await self._connection.send_command("MGET", *wanted, check_health=False)

    async def _receive(self, connection: Any) -> None:
        try:
            while True:
                try:
                    values = await connection.read_response()
                except ResponseError as error:  # Redis is there and says no
                    _fail(self._sent.popleft(), error)
                    self._wake.set()
                    continue
                self._give(self._sent.popleft(), values)
                if self._waiting:
                    self._wake.set()
        except _LOST as error:
            if connection is self._connection:
                self._lose(error, again=True)

    def _give(self, batch: list[_Read], values: Values) -> None:
        position = len(self._shared)
        shared = values[:position]
        for read in batch:
            end = position + len(read.keys)
            if not read.values.done():
                read.values.set_result(shared + values[position:end])
            position = end

    def _lose(self, error: BaseException, *, again: bool) -> None:
        """Gives the connection up; what was under way is asked `again` if it has not been yet."""
        connection, self._connection = self._connection, None
        reader, self._reader = self._reader, None
        under_way = [read for batch in self._sent for read in batch]
        self._sent.clear()
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
        if connection is not None:
            disconnecting = asyncio.get_running_loop().create_task(_disconnect(connection))
            _BACKGROUND.add(disconnecting)
            disconnecting.add_done_callback(_BACKGROUND.discard)
        repeated = [read for read in under_way if again and not read.is_repeated]
        _fail([read for read in under_way if not (again and not read.is_repeated)], error)
        for read in reversed(repeated):
            read.is_repeated = True
            self._waiting.appendleft(read)
        if self._waiting:
            self._wake.set()

    def _expire(self) -> None:
        """Fails what has waited too long."""
        loop = asyncio.get_running_loop()
        now, error = loop.time(), RedisTimeoutError("Redis did not answer in time")
        if self._sent and self._sent[0][0].until <= now:
            self._lose(error, again=False)
        while self._waiting and self._waiting[0].until <= now:
            _fail([self._waiting.popleft()], error)
        self._watch = None
        if self._sent or self._waiting:
            self._watch = loop.call_later(self._timeout_seconds / 4, self._expire)


_BACKGROUND: set[asyncio.Task[None]] = set()
"""Connections being closed: a task that nobody holds may vanish."""


async def _disconnect(connection: Any) -> None:
    with contextlib.suppress(*_LOST):
        await connection.disconnect(nowait=True)


def _fail(reads: Iterable[_Read], error: BaseException) -> None:
    for read in reads:
        if not read.values.done():
            read.values.set_exception(error)
