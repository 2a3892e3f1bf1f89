"""Tracking over connections that fail in ways that a real Redis does not on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from tenkay.runtime import tasks
from tenkay_query.cache.tracking import Tracking


class Ear:
    def __init__(self) -> None:
        self.heard: list[bool] = []
        self.again = asyncio.Event()

    def tracked(self, is_tracked: bool) -> None:
        self.heard.append(is_tracked)
        if self.heard.count(True) == 2:
            self.again.set()

    def changed(self, names: Iterable[str] | None) -> None: ...


class Connection:
    """Says nothing after its first reply. A cancellation that meets its PING is lost, as `asyncio.wait_for` does."""

    def __init__(self) -> None:
        self._parser = self
        self._is_started = False
        self._pings = asyncio.Event()

    def set_invalidation_push_handler(self, handler: object) -> None: ...

    async def connect(self) -> None: ...

    async def disconnect(self, **_named: object) -> None: ...

    async def send_command(self, name: str, *_rest: str) -> None:
        if name == "PING" and not self._pings.is_set():
            self._pings.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return

    async def read_response(self, **_named: object) -> object:
        if self._is_started:
            await self._pings.wait()
            return None
        self._is_started = True
        return b"OK"


class Pool:
    def make_connection(self) -> Connection:
        return Connection()


async def test_a_lost_connection_is_told_and_made_anew_although_its_ping_does_not_end() -> None:
    ear = Ear()
    tracking: Any = Tracking("redis://127.0.0.1:1/0", ear, ping_seconds=0.01, patience_seconds=0.01)
    tracking._pool = Pool()
    running = asyncio.create_task(tracking.run())
    async with asyncio.timeout(5):
        await ear.again.wait()
    assert ear.heard[:3] == [True, False, True]
    await tasks.end(running)
