"""A proxy in front of a server that fails as it is told to: for tests and benchmarks of those who call the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of a connection. Without anything set it is forwarded."""

    refuse: bool = False
    """It is reset as soon as it is made."""
    hang: bool = False
    """Nothing is ever answered."""
    answer: bytes | None = None
    """The request's head is read, this is sent back, and the connection closed."""
    drip_bytes_per_second: float | None = None
    """The server's answers come at this pace."""
    cut_request_after_bytes: int | None = None
    """The connection ends in the middle of the request, after as many bytes of it."""
    lose_answer: bool = False
    """The server gets the request and answers; the connection ends before the answer is passed on."""


HEALTHY = Fault()


@dataclass(slots=True)
class FaultProxy:
    """Forwards to a port of this machine, or does what `fault` says. A change ends the connections there are."""

    to_port: int
    fault: Fault = HEALTHY
    port: int = 0
    connections: int = 0
    """How many were made so far."""
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    async def become(self, fault: Fault) -> None:
        """Fail like this from now on."""
        self.fault = fault
        await self._end_connections()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FaultProxy]:
        """Serve while the block runs."""
        server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await self._end_connections()
            await server.wait_closed()

    async def _end_connections(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._fail_or_forward(self.fault, reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            # Either side may go at any time, and a change of the fault ends what goes on.
            writer.transport.abort()
        finally:
            writer.close()
            self._open.discard(task)

    async def _fail_or_forward(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault.refuse:
            writer.transport.abort()
        elif fault.hang:
            while await reader.read(CHUNK_BYTES):
                pass
        elif fault.answer is not None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(fault.answer)
            await writer.drain()
        else:
            await self._forward(fault, reader, writer)

    async def _forward(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection(LOOPBACK, self.to_port)
        try:
            await _first_to_end(
                _copy(reader, to_server, most_bytes=fault.cut_request_after_bytes),
                _drop(from_server)
                if fault.lose_answer
                else _copy(from_server, writer, bytes_per_second=fault.drip_bytes_per_second),
            )
        finally:
            to_server.close()
            with contextlib.suppress(OSError):
                await to_server.wait_closed()


async def _first_to_end(*work: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    most_bytes: int | None = None,
    bytes_per_second: float | None = None,
) -> None:
    copied = 0
    while chunk := await reader.read(CHUNK_BYTES if bytes_per_second is None else 1):
        if most_bytes is not None:
            chunk = chunk[: most_bytes - copied]
        copied += len(chunk)
        writer.write(chunk)
        await writer.drain()
        if copied == most_bytes:
            return
        if bytes_per_second is not None:
            await asyncio.sleep(len(chunk) / bytes_per_second)


async def _drop(reader: asyncio.StreamReader) -> None:
    """Ends with the first byte of the answer, which nobody gets."""
    await reader.read(1)
