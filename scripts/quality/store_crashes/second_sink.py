"""The second sink of the rounds: Postgres behind the gateway, which can be killed, behind a door that can hold batches.

A batch that is held is not answered: the store takes it for lost and sends it again. When it is let go, it reaches the
database after all that came later, as a request does that was stuck on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import asyncpg
import httpx

from tenkay.stack.keys import StackKeys
from tenkay.stack.launch import running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.rest_gateway.process import rest_gateway

FORWARD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """A call of the sink's function."""

    path: str
    headers: dict[str, str]
    body: bytes

    def extractions(self) -> list[tuple[str, int]]:
        """Accession number and sequence of each extraction in it."""
        if b'"writes"' not in self.body:
            return []
        writes = json.loads(self.body)["batch"]["writes"]
        return [(each["filing_id"], each["sequence"]) for each in writes if "extraction" in each]


class SecondSink:
    """`database_url` is the superuser's, `gateway_database_url` that of the gateway's role."""

    def __init__(self, database_url: str, gateway_database_url: str, keys: StackKeys, folder: Path) -> None:
        self.database_url = database_url
        self._port = free_port()
        self._launch = rest_gateway(
            database_url=gateway_database_url, jwt_secret=keys.jwt_secret, port=self._port
        )
        self._log = folder / "rest-gateway.log"
        self._key = keys.service_role
        self._running = contextlib.ExitStack()
        self._pid = 0
        self._http = httpx.AsyncClient(timeout=FORWARD_SECONDS)
        self._to_hold = 0
        self._held: list[Request] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> SecondSink:
        await asyncio.to_thread(self._start)
        self._door = await asyncio.start_server(self._serve, LOOPBACK, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._http.aclose()
        await asyncio.to_thread(self._running.close)

    def environment(self) -> dict[str, str]:
        """How a store is led to it, with short waits."""
        port = self._door.sockets[0].getsockname()[1]
        return {
            "TENKAY_STORE_SUPABASE_URL": f"http://{LOOPBACK}:{port}",
            "TENKAY_STORE_SUPABASE_KEY": self._key,
            "TENKAY_STORE_SUPABASE_CONNECT_SECONDS": "1",
            "TENKAY_STORE_SUPABASE_READ_SECONDS": "5",
            "TENKAY_STORE_SUPABASE_RETRY_SECONDS": "0.05",
            "TENKAY_STORE_SUPABASE_RETRY_MOST_SECONDS": "0.2",
            "TENKAY_STORE_SUPABASE_BREAKER_SECONDS": "0.2",
        }

    async def restart_gateway(self) -> None:
        """SIGKILL, whatever it is at, and a new one."""
        os.kill(self._pid, signal.SIGKILL)
        await asyncio.to_thread(self._running.close)
        await asyncio.to_thread(self._start)

    async def empty(self) -> None:
        """Remove all rows and whose they are, and forget what is held."""
        self._to_hold = 0
        self._held.clear()
        connection = await asyncpg.connect(self.database_url)
        try:
            tables = await connection.fetch(
                "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'"
            )
            names = ["tenkay_internal.owner", *(row["name"] for row in tables)]
            await connection.execute(f"truncate {', '.join(names)}")
        finally:
            await connection.close()

    def hold(self, batches: int) -> None:
        """Hold the next batches that carry an extraction."""
        self._to_hold = batches

    async def let_go(self) -> list[tuple[str, int]]:
        """Deliver what is held; the extractions in it."""
        self._to_hold = 0
        late = []
        for request in self._held:
            answer = await self._forward(request)
            answer.raise_for_status()
            late += request.extractions()
        self._held.clear()
        return late

    def _start(self) -> None:
        self._pid = self._running.enter_context(running(self._launch, self._log))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            # Cut off on either side: the store sees no answer, which is what it is to see.
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, httpx.HTTPError):
                while True:
                    request = await _read(reader)
                    if self._to_hold and request.extractions():
                        self._to_hold -= 1
                        self._held.append(request)
                        return
                    answer = await self._forward(request)
                    writer.write(_written(answer))
                    await writer.drain()
        finally:
            writer.close()

    async def _forward(self, request: Request) -> httpx.Response:
        return await self._http.post(
            f"http://{LOOPBACK}:{self._port}{request.path}", headers=request.headers, content=request.body
        )


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    lowered = {name.lower(): value for name, value in headers.items()}
    body = await reader.readexactly(int(lowered.pop("content-length")))
    for name in ("host", "connection", "accept-encoding"):
        lowered.pop(name, None)
    return Request(head[0].split(" ")[1], lowered, body)


def _written(answer: httpx.Response) -> bytes:
    kind = answer.headers.get("content-type", "application/json")
    head = (
        f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\ncontent-type: {kind}\r\n"
        f"content-length: {len(answer.content)}\r\n\r\n"
    )
    return head.encode("latin-1") + answer.content
