"""What a request asks of Redis, over one connection that everybody shares: reads of keys, and scripts.

A client that borrows a connection for each command spends three to five times as much on it as the command costs. Here
commands are pipelined, and reads that are asked for in the same moment go together in one MGET.

What is not answered in time fails, and the connection with it, since the answers after it are late too. A connection
that Redis closed, as a restart does, is opened again and what was under way is asked once more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from typing import Any, cast

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.typing import EncodableT

from tenkay.runtime import tasks

MOST_IN_BATCH = 64
"""What is asked together at most."""
GATHER_SECONDS = 0.002
"""While callers come together, from one asking to the next: each costs a system call in and one out, which take longer
than what is asked. Without it the wait is only as long as Redis takes, and a third more CPU time goes to a read."""
_LOST = (RedisError, OSError, TimeoutError)

Values = list[bytes | None]


@dataclass(slots=True)
class _Asked:
    """Keys to read, or a command."""

    words: Sequence[EncodableT]
    is_read: bool
    answer: asyncio.Future[Any]
    until: float
    """On the loop's clock."""
    is_repeated: bool = False


class RedisPipeline:
    """Reads keys, some of which every read wants, and runs scripts. For one event loop."""

    def __init__(
        self, make_connection: Callable[[], Any], shared: Sequence[str], *, timeout_seconds: float
    ) -> None:
        """`shared` are read with each read, before its own keys."""
        self._make_connection = make_connection
        self._shared = tuple(shared)
        self._timeout_seconds = timeout_seconds
        self._waiting: deque[_Asked] = deque()
        self._sent: deque[list[_Asked]] = deque()
        """By answer that is to come, in their order: the reads of one MGET, or a command alone."""
        self._come_together = False
        """Whether more than one was asked together the last time."""
        self._wake = asyncio.Event()
        self._connection: Any = None
        self._sender: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, url: str, shared: Sequence[str], *, timeout_seconds: float) -> RedisPipeline:
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
        values: Values = await self._ask(keys, is_read=True)
        return values

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[EncodableT]) -> Any:
        """What a script in Lua answers. It may be run twice, when the connection is lost. RedisError or OSError."""
        words = (len(keys), *keys, *arguments)
        try:
            return await self._ask(("EVALSHA", _digest(script), *words), is_read=False)
        except NoScriptError:  # as after a restart of Redis
            return await self._ask(("EVAL", script, *words), is_read=False)

    async def _ask(self, words: Sequence[EncodableT], *, is_read: bool) -> Any:
        loop = asyncio.get_running_loop()
        if self._sender is None:
            self._sender = loop.create_task(self._send(), name="redis-commands")
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(_Asked(words, is_read, answer, loop.time() + self._timeout_seconds))
        self._wake.set()
        if self._watch is None:
            self._watch = loop.call_later(self._timeout_seconds / 4, self._expire)
        return await answer

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
            # While one lot is under way the next one gathers: the slower Redis, the more go together.
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
        """Waits for more while callers come together; one that comes alone does not wait."""
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
        reads: list[_Asked] = []
        others: list[_Asked] = []
        while self._waiting and len(reads) + len(others) < MOST_IN_BATCH:
            asked = self._waiting.popleft()
            if not asked.answer.done():
                (reads if asked.is_read else others).append(asked)
        commands: list[tuple[EncodableT, ...]] = []
        if reads:
            self._sent.append(reads)
            commands.append(("MGET", *self._shared, *(key for read in reads for key in read.words)))
        for asked in others:
            self._sent.append([asked])
            commands.append(tuple(asked.words))
        self._come_together = len(reads) + len(others) > 1
        if commands:
            packed = self._connection.pack_commands(commands)
            await self._connection.send_packed_command(packed, check_health=False)

    async def _receive(self, connection: Any) -> None:
        try:
            while True:
                try:
                    answer = await connection.read_response()
                except ResponseError as error:  # Redis is there and says no
                    _fail(self._sent.popleft(), error)
                else:
                    self._give(self._sent.popleft(), answer)
                if self._waiting:
                    self._wake.set()
        except _LOST as error:
            if connection is self._connection:
                self._lose(error, again=True)

    def _give(self, batch: list[_Asked], answer: Any) -> None:
        if not batch[0].is_read:
            if not batch[0].answer.done():
                batch[0].answer.set_result(answer)
            return
        position = len(self._shared)
        shared = answer[:position]
        for read in batch:
            end = position + len(read.words)
            if not read.answer.done():
                read.answer.set_result(shared + answer[position:end])
            position = end

    def _lose(self, error: BaseException, *, again: bool) -> None:
        """Gives the connection up; what was under way is asked `again` if it has not been yet."""
        connection, self._connection = self._connection, None
        reader, self._reader = self._reader, None
        under_way = [asked for batch in self._sent for asked in batch]
        self._sent.clear()
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
        if connection is not None:
            disconnecting = asyncio.get_running_loop().create_task(_disconnect(connection))
            _BACKGROUND.add(disconnecting)
            disconnecting.add_done_callback(_BACKGROUND.discard)
        repeated = [asked for asked in under_way if again and not asked.is_repeated]
        _fail([asked for asked in under_way if not (again and not asked.is_repeated)], error)
        for asked in reversed(repeated):
            asked.is_repeated = True
            self._waiting.appendleft(asked)
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


def _fail(every: Iterable[_Asked], error: BaseException) -> None:
    for asked in every:
        if not asked.answer.done():
            asked.answer.set_exception(error)


@cache
def _digest(script: str) -> str:
    """What Redis knows a script by that it has run before."""
    return sha1(script.encode(), usedforsecurity=False).hexdigest()
