"""Stand-ins for EDGAR that speak its protocol: a made-up folder behind the mirror, and a server that misbehaves."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER_AGENT = "Example Tests tests@example.com"


class EdgarTree:
    """A folder in EDGAR's layout, made up file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "Archives").mkdir(parents=True, exist_ok=True)

    def put(self, path: str, content: bytes, *, compressed: bool = False) -> None:
        file = self.root / (path + ".gz" if compressed else path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content) if compressed else content)

    def put_document(self, cik: int, accession_number: str, name: str, content: bytes) -> None:
        self.put(f"Archives/edgar/data/{cik}/{accession_number.replace('-', '')}/{name}", content)

    def put_tickers(self, *companies: tuple[int, str, str]) -> None:
        entries = {
            str(number): {"cik_str": cik, "ticker": ticker, "title": title}
            for number, (cik, ticker, title) in enumerate(companies)
        }
        self.put("files/company_tickers.json", json.dumps(entries).encode())

    def put_submissions(
        self,
        cik: int,
        rows: Sequence[dict[str, str]],
        *,
        files: Sequence[dict[str, Any]] = (),
        **company: Any,
    ) -> None:
        body = {"cik": f"{cik:010d}", "name": "Made Up Co", **company}
        body["filings"] = {"recent": columns(rows), "files": list(files)}
        self.put(f"submissions/CIK{cik:010d}.json", json.dumps(body).encode())


def columns(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """Rows as EDGAR's lists hold them."""
    names = (
        "accessionNumber",
        "filingDate",
        "reportDate",
        "acceptanceDateTime",
        "form",
        "items",
        "primaryDocument",
    )
    return {name: [row.get(name, "") for row in rows] for name in names}


@contextmanager
def mirrored(root: Path, *options: str) -> Iterator[str]:
    """The mirror over a folder; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tenkay.stack.edgar_mirror", str(root), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes as they go over the wire."""

    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_to: int | None = None
    """Bytes of the body that are sent before the connection is closed."""
    length: bool = True
    """False: no Content-Length, the end of the connection ends the body."""
    piece_seconds: float = 0.0
    """Pause after each byte."""


class ScriptedEdgar:
    """Answers each request with the next reply; the last one again and again."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[dict[str, str]] = []
        """Header fields of each request by lower-case name; the request line under ""."""
        self.was_asked = asyncio.Event()
        self.url = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> ScriptedEdgar:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        # An answer that drips on would be written into the next test.
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().strip().split("\r\n")
                fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                self.requests.append({"": first, **fields})
                self.was_asked.set()
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                await self._send(reply, writer)
                if reply.cut_to is not None or not reply.length:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _send(reply: Reply, writer: asyncio.StreamWriter) -> None:
        headers = dict(reply.headers)
        if reply.length and not reply.status.startswith("304"):
            headers["Content-Length"] = str(len(reply.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {reply.status}\r\n{lines}\r\n".encode())
        body = reply.body[: reply.cut_to]
        if reply.piece_seconds:
            for byte in body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.piece_seconds)
        else:
            writer.write(body)
        await writer.drain()
