"""Reads of keys, and scripts, over one connection to Redis that everybody shares.

What each request asks goes this way: entries that are looked up, and entries that are kept. Locks, the breaker's probe
and what is asked for the running of the cache go by a pool (`redis_cache.open_redis`): they are few.

A client that borrows a connection for each command spends three to five times as much on it as the command costs. Here
commands are pipelined, and reads that are asked for in the same moment go together in one MGET.

What is not answered in time fails, and with it the connection and all that is under way on it, since the answers after
it are late too. When a connection is lost, as by a restart of Redis, a new one is opened and what was under way on the
old one is asked once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from typing import Any, cast

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.typing import EncodableT

from tenkay.runtime import tasks

MOST_IN_LOT = 64
"""How many reads are sent together at most, and how many commands beside them."""
MOST_LOT_BYTES = 256 * 1024
"""Commands join a lot until it has grown to this, so that the reads of the next one do not wait behind many entries. A
larger command goes with reads only."""
GATHER_SECONDS = 0.002
"""While callers come together, from one asking to the next: each costs a system call in and one out, which take longer
than what is asked. Without it the wait is only as long as Redis takes, and a third more CPU time goes to a read."""
_LOST = (RedisError, OSError, TimeoutError)

Values = list[bytes | None]


@dataclass(slots=True)
class _Asked:
    """Keys to read, or a command."""

    keys: Sequence[bytes]
    command: bytes
    """As it is sent; empty for a read."""
    answer: asyncio.Future[Any]
    until: float
    """On the loop's clock."""
    is_repeated: bool = False


class RedisPipeline:
    """Reads keys, some of which every read wants, and runs scripts. For one event loop.

    Whatever it fails with is a RedisError or an OSError.
    """

    def __init__(
        self, make_connection: Callable[[], Any], shared: Sequence[str], *, timeout_seconds: float
    ) -> None:
        """`shared` are read with each read, before its own keys."""
        self._make_connection = make_connection
        self._shared = tuple(key.encode() for key in shared)
        self._timeout_seconds = timeout_seconds
        self._reads: deque[_Asked] = deque()
        self._commands: deque[_Asked] = deque()
        """Both wait to be sent."""
        self._sent: deque[list[_Asked]] = deque()
        """By answer that is to come, in their order: the reads of one MGET, or a command alone."""
        self._come_together = False
        """Whether more than one was asked together the last time."""
        self._wake = asyncio.Event()
        self._connection: Any = None
        self._writer: asyncio.StreamWriter | None = None
        """The connection's, which it forgets once it has noticed that it is lost."""
        self._sender: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._given_up: set[asyncio.Task[None]] = set()
        """Connections being closed."""
        self._is_closed = False

    @classmethod
    def of(cls, url: str, shared: Sequence[str], *, timeout_seconds: float) -> RedisPipeline:
        """Over a connection to `url`, opened when it is needed."""
        pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=None,  # `_expire` keeps the time of all that is under way, a timer for each would cost more
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        return cls(cast(Any, pool).make_connection, shared, timeout_seconds=timeout_seconds)

    async def read(self, keys: Sequence[str]) -> Values:
        """The values of the shared keys and then of `keys`, all as of one moment. RedisError or OSError."""
        try:
            encoded = [key.encode() for key in keys]
        except UnicodeEncodeError as error:
            raise DataError(str(error)) from error
        values: Values = await self._ask(self._reads, encoded, b"", self._due())
        return values

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[EncodableT]) -> Any:
        """What a script in Lua answers. It may be run twice, when the connection is lost. RedisError or OSError."""
        words, due = (len(keys), *keys, *arguments), self._due()
        try:
            return await self._ask(self._commands, (), _packed("EVALSHA", _digest(script), *words), due)
        except NoScriptError:  # as after a restart of Redis
            return await self._ask(self._commands, (), _packed("EVAL", script, *words), due)

    def _due(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout_seconds

    async def _ask(self, waiting: deque[_Asked], keys: Sequence[bytes], command: bytes, until: float) -> Any:
        if self._is_closed:
            raise RedisConnectionError("closed")
        loop = asyncio.get_running_loop()
        if self._sender is None:
            self._sender = loop.create_task(self._send(), name="redis-commands")
        answer: asyncio.Future[Any] = loop.create_future()
        waiting.append(_Asked(keys, command, answer, until))
        self._wake.set()
        if self._watch is None:
            self._watch = loop.call_later(self._timeout_seconds / 4, self._expire)
        return await answer

    async def close(self) -> None:
        """Fails what is under way and all that is asked from now on; the connection is closed when this returns."""
        self._is_closed = True
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._sender is not None:
            await tasks.end(self._sender)
        error = RedisConnectionError("closed")
        self._lose(error, again=False)
        self._fail_waiting(error)
        await asyncio.gather(*self._given_up)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # While one lot is under way the next one gathers: the slower Redis, the more go together.
            while (self._reads or self._commands) and not self._sent:
                await self._gather()
                if self._connection is None:
                    try:
                        await self._connect()
                    except Exception as error:  # this task outlives whatever a connection fails with
                        self._fail_waiting(error)
                        continue
                connection = self._connection
                try:
                    await self._send_lot()
                except Exception as error:  # uvloop has a RuntimeError for a closed transport
                    # What waits now is for the next connection, if the reader was the first to notice.
                    if connection is self._connection:
                        self._lose(error, again=True)

    async def _gather(self) -> None:
        """Waits for more while callers come together."""
        if self._come_together and len(self._reads) + len(self._commands) < MOST_IN_LOT:
            await asyncio.sleep(GATHER_SECONDS)

    async def _connect(self) -> None:
        connection = self._make_connection()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await connection.connect()
        except BaseException:
            await _disconnect(connection)
            raise
        self._connection, self._writer = connection, connection._writer
        self._reader = asyncio.create_task(self._receive(connection), name="redis-replies")

    async def _send_lot(self) -> None:
        reads: list[_Asked] = []
        while self._reads and len(reads) < MOST_IN_LOT:
            asked = self._reads.popleft()
            if not asked.answer.done():
                reads.append(asked)
        commands: list[bytes] = []
        if reads:
            self._sent.append(reads)
            keys = (key for read in reads for key in read.keys)
            commands.append(_packed("MGET", *self._shared, *keys))
        count, size = 0, 0
        while self._commands and count < MOST_IN_LOT:
            asked = self._commands[0]
            if count and size + len(asked.command) > MOST_LOT_BYTES:
                break
            self._commands.popleft()
            if not asked.answer.done():
                self._sent.append([asked])
                commands.append(asked.command)
                count, size = count + 1, size + len(asked.command)
        self._come_together = len(reads) + count > 1
        if commands:
            # Not by the connection: that would open itself again, behind the back of the reader.
            writer = cast(asyncio.StreamWriter, self._writer)
            writer.writelines(commands)
            await writer.drain()

    async def _receive(self, connection: Any) -> None:
        try:
            while True:
                try:
                    answer = await connection.read_response()
                except ResponseError as error:  # Redis is there and says no
                    _fail(self._sent[0], error)
                else:
                    self._give(self._sent[0], answer)
                self._sent.popleft()
                if not self._sent and (self._reads or self._commands):
                    self._wake.set()
        except Exception as error:  # an answer to nothing, or of another shape, ends a connection too
            if connection is self._connection:
                self._lose(error, again=True)

    def _give(self, lot: list[_Asked], answer: Any) -> None:
        if lot[0].command:
            if not lot[0].answer.done():
                lot[0].answer.set_result(answer)
            return
        position = len(self._shared)
        if len(answer) != position + sum(len(read.keys) for read in lot):
            raise RedisConnectionError("MGET was answered with another number of values")
        shared = answer[:position]
        for read in lot:
            end = position + len(read.keys)
            if not read.answer.done():
                read.answer.set_result(shared + answer[position:end])
            position = end

    def _lose(self, error: Exception, *, again: bool) -> None:
        """Gives the connection up; what was under way is asked `again` if it has not been yet."""
        connection, self._connection = self._connection, None
        writer, self._writer = self._writer, None
        reader, self._reader = self._reader, None
        under_way = [asked for lot in self._sent for asked in lot]
        self._sent.clear()
        if writer is not None:
            # Not `close`, which waits until all is sent, and lets the sender wait for as long.
            writer.transport.abort()
        if reader is not None:
            if reader is not asyncio.current_task():
                reader.cancel()
            ending = asyncio.get_running_loop().create_task(_give_up(connection, reader))
            self._given_up.add(ending)
            ending.add_done_callback(self._given_up.discard)
        repeated = [asked for asked in under_way if again and not asked.is_repeated]
        _fail((asked for asked in under_way if not again or asked.is_repeated), error)
        for asked in reversed(repeated):
            asked.is_repeated = True
            (self._commands if asked.command else self._reads).appendleft(asked)
        if self._reads or self._commands:
            self._wake.set()

    def _fail_waiting(self, error: Exception) -> None:
        for waiting in (self._reads, self._commands):
            _fail(waiting, error)
            waiting.clear()

    def _expire(self) -> None:
        """Fails what has waited too long."""
        loop = asyncio.get_running_loop()
        now, error = loop.time(), RedisTimeoutError("Redis did not answer in time")
        # All are looked at: what is asked again goes before others, with the time it had.
        if any(asked.until <= now for lot in self._sent for asked in lot):
            self._lose(error, again=False)
        for waiting in (self._reads, self._commands):
            _fail((asked for asked in waiting if asked.until <= now), error)
            left = [asked for asked in waiting if not asked.answer.done()]
            waiting.clear()
            waiting.extend(left)
        self._watch = None
        if self._sent or self._reads or self._commands:
            self._watch = loop.call_later(self._timeout_seconds / 4, self._expire)


async def _give_up(connection: Any, reader: asyncio.Task[None]) -> None:
    await tasks.end(reader)
    await _disconnect(connection)


async def _disconnect(connection: Any) -> None:
    if connection._writer is not None:  # as when a handshake took too long
        connection._writer.transport.abort()
    with contextlib.suppress(Exception):
        await connection.disconnect(nowait=True)


def _fail(every: Iterable[_Asked], error: Exception) -> None:
    """An error for each: whoever raises one adds to its traceback."""
    if not isinstance(error, _LOST):
        error = RedisConnectionError(f"{type(error).__name__}: {error}")
    for asked in every:
        if not asked.answer.done():
            asked.answer.set_exception(copy.copy(error))


def _packed(*words: EncodableT) -> bytes:
    """A command as it is sent. DataError when a word cannot be."""
    try:
        packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub wants one word
        return packed
    except (TypeError, UnicodeEncodeError) as error:
        raise DataError(str(error)) from error


@cache
def _digest(script: str) -> str:
    """What Redis knows a script by that it has run before."""
    return sha1(script.encode(), usedforsecurity=False).hexdigest()
