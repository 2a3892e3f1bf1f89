"""What the one shared connection to Redis does when the other side resets, hangs or answers late, by a server made for it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import hiredis
import pytest
from redis.asyncio import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tenkay.runtime import tasks
from tenkay.stack.ports import LOOPBACK
from tenkay_query.cache.redis_pipeline import MOST_IN_LOT, MOST_LOT_BYTES, RedisPipeline
from tests.integration.query.conftest import eventually

SCRIPT = "return 1"
LARGE = b"x" * (12 << 20)
"""More than the buffers between two sockets hold."""

Answer = Callable[[int, list[bytes]], Awaitable[bytes | None]]


async def echo(connection: int, command: list[bytes]) -> bytes | None:
    """The names of keys as their values, and 1 for a script."""
    if command[0] == b"MGET":
        return b"*%d\r\n" % (len(command) - 1) + b"".join(b"$%d\r\n%s\r\n" % (len(k), k) for k in command[1:])
    return b":1\r\n"


class Server:
    """Speaks as Redis does. `answer` gets the number of the connection and a command; None resets the connection."""

    def __init__(self) -> None:
        self.answer: Answer = echo
        self.commands: list[tuple[int, list[bytes]]] = []
        """With the connections that they came over."""
        self.writers: list[asyncio.StreamWriter] = []
        self.deaf: set[int] = set()
        """Connections that are not read any more."""
        self.gone: set[int] = set()
        """Connections whose end the server has seen."""
        self.holds = False
        """Whether answers are kept in `held` until they are let go."""
        self.held: list[tuple[asyncio.StreamWriter, bytes]] = []
        self._serving: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listening.bind((LOOPBACK, 0))
        self.port: int = listening.getsockname()[1]
        server = await asyncio.start_server(self._serve, sock=listening)
        try:
            yield self
        finally:
            server.close()
            await tasks.end(*self._serving)
            for writer in self.writers:
                writer.transport.abort()

    def reset(self, connection: int) -> None:
        transport = self.writers[connection].transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()

    def let_go(self) -> None:
        for writer, reply in self.held:
            writer.write(reply)
        self.held.clear()

    def names(self, connection: int) -> list[bytes]:
        return [command[0] for number, command in self.commands if number == connection]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        number, parser = len(self.writers), hiredis.Reader()
        self.writers.append(writer)
        try:
            while data := await reader.read(65536):
                if number in self.deaf:
                    await asyncio.Event().wait()
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    if command[0] not in (b"MGET", b"EVALSHA", b"EVAL"):  # of the handshake
                        writer.write(b"+OK\r\n")
                        continue
                    self.commands.append((number, command))
                    reply = await self.answer(number, command)
                    if reply is None:
                        self.reset(number)
                        return
                    if self.holds:
                        self.held.append((writer, reply))
                    else:
                        writer.write(reply)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.gone.add(number)


class Connections:
    """Makes connections to a server as `RedisPipeline.of` does, and keeps them to be looked at."""

    def __init__(self, server: Server) -> None:
        self.made: list[Connection] = []
        self._server = server

    def __call__(self) -> Connection:
        connection = Connection(
            host=LOOPBACK,
            port=self._server.port,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
        )
        self.made.append(connection)
        return connection


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as running:
        yield running


@pytest.fixture
def connections(server: Server) -> Connections:
    return Connections(server)


@asynccontextmanager
async def opened(make: Callable[[], Connection], *, timeout_seconds: float) -> AsyncIterator[RedisPipeline]:
    pipeline = RedisPipeline(make, ["shared"], timeout_seconds=timeout_seconds)
    try:
        yield pipeline
    finally:
        async with asyncio.timeout(5):
            await pipeline.close()


@pytest.fixture
async def pipeline(connections: Connections) -> AsyncIterator[RedisPipeline]:
    """With more patience than a test takes."""
    async with opened(connections, timeout_seconds=20) as pipeline:
        yield pipeline


async def check(pipeline: RedisPipeline, key: str = "key") -> None:
    async with asyncio.timeout(10):
        assert await pipeline.read([key]) == [b"shared", key.encode()]


async def run(pipeline: RedisPipeline, *arguments: bytes) -> None:
    async with asyncio.timeout(10):
        assert await pipeline.run(SCRIPT, ["key"], arguments) == 1


async def lots(server: Server, asked: Sequence[Coroutine[Any, Any, None]]) -> list[list[list[bytes]]]:
    """The commands that come together, lot by lot: the next one is not sent before all of the last are answered."""
    server.holds = True
    tasks = [asyncio.create_task(each) for each in asked]
    every: list[list[list[bytes]]] = []
    while not all(task.done() for task in tasks):
        count = -1
        while count != len(server.held):
            count = len(server.held)
            await asyncio.sleep(0.1)
        every.append([command for _, command in server.commands[len(server.commands) - count :]])
        server.let_go()
        await asyncio.sleep(0.05)
    server.holds = False
    await asyncio.gather(*tasks)
    return [lot for lot in every if lot]


async def test_a_redis_that_stops_reading_in_the_middle_of_a_write_is_left_for_a_new_connection(
    server: Server, connections: Connections
) -> None:
    async with opened(connections, timeout_seconds=0.3) as pipeline:
        await check(pipeline)
        server.deaf.add(0)
        with pytest.raises(RedisTimeoutError):
            await run(pipeline, LARGE)
        for _ in range(3):
            await check(pipeline)
        assert len(server.writers) == 2


async def test_a_connection_reset_in_the_middle_of_a_large_write_costs_nobody_an_answer(
    server: Server, pipeline: RedisPipeline
) -> None:
    await check(pipeline)
    server.deaf.add(0)
    large = asyncio.create_task(run(pipeline, LARGE))
    await asyncio.sleep(0.2)
    assert not large.done()
    behind = [asyncio.create_task(check(pipeline, f"key {number}")) for number in range(5)]
    behind.append(asyncio.create_task(run(pipeline, b"small")))
    await asyncio.sleep(0.1)
    server.reset(0)
    await asyncio.gather(large, *behind)
    assert len(server.writers) == 2


async def reset_first(connection: int, command: list[bytes]) -> bytes | None:
    """Takes what comes over the first connection, and closes that."""
    return None if connection == 0 else await echo(connection, command)


async def test_what_was_taken_and_not_answered_before_a_reset_is_asked_once_more(
    server: Server, pipeline: RedisPipeline
) -> None:
    server.answer = reset_first
    await asyncio.gather(run(pipeline, b"argument"), *(check(pipeline, f"key {n}") for n in range(10)))
    # What was not read before the reset is not known; all came over the second connection.
    assert server.names(0)
    assert sorted(server.names(1)) == [b"EVALSHA", b"MGET"]


async def test_a_script_that_was_taken_and_not_answered_is_run_once_more(
    server: Server, pipeline: RedisPipeline
) -> None:
    server.answer = reset_first
    await run(pipeline, b"argument")
    assert [server.names(0), server.names(1)] == [[b"EVALSHA"], [b"EVALSHA"]]


async def test_what_costs_two_connections_fails_and_what_comes_later_is_answered(
    server: Server, pipeline: RedisPipeline
) -> None:
    async def reset_all(connection: int, command: list[bytes]) -> bytes | None:
        return None

    server.answer = reset_all
    with pytest.raises(RedisError):
        await run(pipeline, b"argument")
    assert len(server.commands) == 2
    server.answer = echo
    await check(pipeline)


@pytest.mark.parametrize("ticks", range(8))
async def test_a_transport_that_closes_around_a_write_is_a_lost_connection(
    server: Server, pipeline: RedisPipeline, connections: Connections, ticks: int
) -> None:
    """Uvloop raises a RuntimeError where asyncio's loop only notes that the transport is closed."""
    await check(pipeline)
    asking = asyncio.create_task(check(pipeline))
    for _ in range(ticks):
        await asyncio.sleep(0)
    writer = connections.made[0]._writer
    assert writer is not None
    writer.transport.abort()
    await asking
    await check(pipeline)


async def test_a_read_begun_in_the_moment_in_which_a_transport_closes_is_answered(
    server: Server, pipeline: RedisPipeline, connections: Connections
) -> None:
    """The sender wakes before the loop tells anybody of the end."""
    await check(pipeline)
    writer = connections.made[0]._writer
    assert writer is not None
    reading = pipeline.read(["other"])
    writer.transport.abort()
    reading.send(None)
    await check(pipeline)
    reading.close()
    await check(pipeline)


async def test_an_error_nobody_foresaw_while_connecting_fails_who_waits_and_nobody_later(
    connections: Connections,
) -> None:
    def broken_once() -> Connection:
        if not attempts:
            attempts.append(1)
            raise RuntimeError("not foreseen")
        return connections()

    attempts: list[int] = []
    async with opened(broken_once, timeout_seconds=20) as pipeline:
        with pytest.raises(RedisConnectionError, match="RuntimeError: not foreseen"):
            await check(pipeline)
        await check(pipeline)


@pytest.mark.parametrize("reply", [b"*1\r\n$1\r\na\r\n", b":1\r\n", b"+OK\r\n+OK\r\n", b"?\r\n"])
async def test_an_answer_that_fits_no_question_ends_the_connection(
    server: Server, pipeline: RedisPipeline, reply: bytes
) -> None:
    async def misfit_first(connection: int, command: list[bytes]) -> bytes | None:
        return reply if connection == 0 else await echo(connection, command)

    server.answer = misfit_first
    await asyncio.gather(*(check(pipeline, f"key {number}") for number in range(3)))
    assert len(server.writers) == 2


async def test_commands_of_a_lot_end_at_its_bytes_and_a_larger_one_has_no_other_beside_it(
    server: Server, pipeline: RedisPipeline
) -> None:
    sizes = [MOST_LOT_BYTES // 8 - 200] * 20 + [MOST_LOT_BYTES * 2] + [10] * (MOST_IN_LOT + 1)
    every = await lots(server, [check(pipeline), *(run(pipeline, b"x" * size) for size in sizes)])
    commands = [[len(command[-1]) for command in lot if command[0] == b"EVALSHA"] for lot in every]
    assert [size for lot in commands for size in lot] == sizes
    assert [len(lot) for lot in commands if lot] == [8, 8, 4, 1, MOST_IN_LOT, 1]


async def test_a_read_does_not_wait_behind_entries_that_are_not_sent_yet(
    server: Server, pipeline: RedisPipeline
) -> None:
    entries = [run(pipeline, b"x" * (MOST_LOT_BYTES - 200)) for _ in range(4)]
    every = await lots(server, [check(pipeline, "first"), *entries, check(pipeline, "asked after them")])
    assert [key for command in every[0] for key in command if b"asked" in key] == [b"asked after them"]
    assert len(every) == 4


async def test_what_cannot_be_sent_fails_alone(server: Server, pipeline: RedisPipeline) -> None:
    asked = (
        pipeline.read(["key"]),
        pipeline.run(SCRIPT, ["\ud800"], []),
        pipeline.run(SCRIPT, ["key"], [None]),  # type: ignore[list-item]
        pipeline.read(["\ud800"]),
        pipeline.run(SCRIPT, ["key"], [b"1"]),
    )
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in answers] == [list, DataError, DataError, DataError, int]
    assert len(server.writers) == 1


async def test_a_script_that_is_sent_in_full_has_the_time_that_it_had(
    server: Server, connections: Connections
) -> None:
    async def late(connection: int, command: list[bytes]) -> bytes | None:
        if command[0] == b"EVALSHA":
            await asyncio.sleep(0.7)
            return b"-NOSCRIPT No matching script.\r\n"
        await asyncio.Event().wait()
        return None

    server.answer = late
    async with opened(connections, timeout_seconds=1) as pipeline:
        started = asyncio.get_running_loop().time()
        with pytest.raises(RedisTimeoutError):
            await run(pipeline)
        assert asyncio.get_running_loop().time() - started < 1.5
    assert server.names(0) == [b"EVALSHA", b"EVAL"]


async def test_what_was_asked_first_fails_first_wherever_it_is_in_a_lot(
    server: Server, connections: Connections
) -> None:
    """Of a lot the reads are sent before commands that were asked for before them."""
    async with opened(connections, timeout_seconds=1) as pipeline:
        await check(pipeline)
        server.holds = True
        held = asyncio.create_task(check(pipeline, "held"))
        await eventually(lambda: bool(server.held))
        started = asyncio.get_running_loop().time()
        command = asyncio.create_task(run(pipeline))
        await asyncio.sleep(0.7)
        read = asyncio.create_task(check(pipeline, "late"))
        await asyncio.sleep(0)
        server.let_go()
        await held
        with pytest.raises(RedisTimeoutError):
            await command
        assert asyncio.get_running_loop().time() - started < 1.5
        await asyncio.gather(read, return_exceptions=True)


async def test_what_waits_while_a_connection_hangs_is_answered_over_the_next_one(
    server: Server, connections: Connections
) -> None:
    async with opened(connections, timeout_seconds=1) as pipeline:
        await check(pipeline)
        server.holds = True
        hanging = asyncio.create_task(check(pipeline))
        await eventually(lambda: bool(server.held))
        await asyncio.sleep(0.7)
        waiting = [asyncio.create_task(ask(pipeline)) for ask in (check, run)]
        await asyncio.sleep(0)
        server.holds = False
        with pytest.raises(RedisTimeoutError):
            await hanging
        await asyncio.gather(*waiting)
    assert len(server.writers) == 2


async def test_each_caller_gets_an_error_of_its_own(server: Server, pipeline: RedisPipeline) -> None:
    async def refuse(connection: int, command: list[bytes]) -> bytes | None:
        return b"-MISCONF no\r\n"

    async def reset_all(connection: int, command: list[bytes]) -> bytes | None:
        return None

    for answer, kind in ((refuse, ResponseError), (reset_all, RedisConnectionError)):
        server.answer = answer
        failed = await asyncio.gather(*(pipeline.read(["key"]) for _ in range(5)), return_exceptions=True)
        assert all(isinstance(each, kind) for each in failed)
        assert len({id(each) for each in failed}) == 5
        assert len({str(each) for each in failed}) == 1


async def test_one_that_is_closed_fails_what_is_under_way_and_refuses_what_comes(
    server: Server, connections: Connections
) -> None:
    server.holds = True
    async with opened(connections, timeout_seconds=20) as pipeline:
        under_way = [asyncio.create_task(check(pipeline)) for _ in range(3)]
        await eventually(lambda: bool(server.held))
        under_way.append(asyncio.create_task(run(pipeline)))  # waits to be sent
        await asyncio.sleep(0)
        await pipeline.close()
        assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("redis-")]
        assert not connections.made[0].is_connected
        for task in under_way:
            with pytest.raises(RedisConnectionError, match="closed"):
                await task
        for ask in (check, run):
            with pytest.raises(RedisConnectionError, match="closed"):
                await ask(pipeline)
        await pipeline.close()
    await eventually(lambda: 0 in server.gone)
    assert len(server.writers) == 1


async def test_one_that_was_never_used_can_be_closed(connections: Connections) -> None:
    async with opened(connections, timeout_seconds=20) as pipeline:
        await pipeline.close()
        with pytest.raises(RedisConnectionError, match="closed"):
            await check(pipeline)
    assert not connections.made
