"""Hearing from a real Valkey which generations change, and noticing when it cannot be heard."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tenkay.stack.ports import LOOPBACK, free_port
from tenkay_query.cache import redis_keys
from tenkay_query.cache.redis_cache import open_redis
from tenkay_query.cache.tracking import Tracking
from tests.integration.query.conftest import eventually, running_valkey

pytestmark = pytest.mark.xdist_group("query")


@dataclass
class Ear:
    """What was heard."""

    is_tracked: bool = False
    names: list[str] = field(default_factory=list)
    emptied: int = 0

    def tracked(self, is_tracked: bool) -> None:
        self.is_tracked = is_tracked

    def changed(self, names: Iterable[str] | None) -> None:
        if names is None:
            self.emptied += 1
        else:
            self.names += names


@dataclass
class Tracked:
    ear: Ear
    redis: Redis
    pid: int


@pytest.fixture
def valkey_to_stop(tmp_path: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    with running_valkey(tmp_path / "valkey", port) as pid:
        yield port, pid


@pytest.fixture
async def tracked(valkey_to_stop: tuple[int, int]) -> AsyncIterator[Tracked]:
    port, pid = valkey_to_stop
    url = f"redis://{LOOPBACK}:{port}/0"
    ear = Ear()
    listening = asyncio.create_task(Tracking(url, ear, ping_seconds=0.1, patience_seconds=0.3).run())
    redis = open_redis(url, timeout_seconds=1.0, max_connections=4)
    await eventually(lambda: ear.is_tracked)
    yield Tracked(ear, redis, pid)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await redis.aclose()


async def test_what_changes_goes_or_expires_is_heard_and_other_keys_are_not(tracked: Tracked) -> None:
    filing, epoch = redis_keys.filing_generation("0001999001-24-000001"), redis_keys.EPOCH
    await tracked.redis.set("q:v2:GetFiling:entry", b"an answer")
    await tracked.redis.set(filing, b"1")
    await tracked.redis.set(epoch, b"2", px=50)
    await eventually(lambda: tracked.ear.names == [filing, epoch])
    await eventually(lambda: tracked.ear.names == [filing, epoch, epoch])
    await tracked.redis.delete(filing)
    await eventually(lambda: tracked.ear.names[3:] == [filing])


async def test_a_thousand_changes_at_once_are_all_heard(tracked: Tracked) -> None:
    wanted = {redis_keys.company_generation(cik) for cik in range(1, 5001)}
    async with tracked.redis.pipeline(transaction=False) as pipe:
        for name in wanted:
            pipe.set(name, b"1")
        await pipe.execute()
    await eventually(lambda: set(tracked.ear.names) == wanted)


async def test_an_emptied_redis_is_heard(tracked: Tracked) -> None:
    await tracked.redis.flushall()
    await eventually(lambda: tracked.ear.emptied == 1)
    assert tracked.ear.is_tracked


async def test_an_evicted_generation_is_heard(tracked: Tracked) -> None:
    name = redis_keys.filing_generation("0001999001-24-000001")
    await tracked.redis.set(name, b"1")
    used = (await tracked.redis.info("memory"))["used_memory"]
    await tracked.redis.config_set("maxmemory-samples", 64)
    await tracked.redis.config_set("maxmemory", used + 3_000_000)
    number = 0
    while await tracked.redis.exists(name):
        async with tracked.redis.pipeline(transaction=False) as pipe:
            for _ in range(500):
                number += 1
                pipe.set(f"filler:{number}", bytes(1000))
                pipe.get(f"filler:{number}")
            await pipe.execute()
        assert number < 200_000
    await eventually(lambda: tracked.ear.names.count(name) >= 2)


async def test_a_redis_that_says_nothing_is_noticed_within_a_second_and_found_again(tracked: Tracked) -> None:
    os.kill(tracked.pid, signal.SIGSTOP)
    try:
        assert await eventually(lambda: not tracked.ear.is_tracked) < 1.0
        await asyncio.sleep(0.5)
        assert not tracked.ear.is_tracked
    finally:
        os.kill(tracked.pid, signal.SIGCONT)
    await eventually(lambda: tracked.ear.is_tracked)
    await tracked.redis.set("g:x", b"1")
    await eventually(lambda: "g:x" in tracked.ear.names)


async def test_a_killed_redis_is_noticed_at_once(tracked: Tracked) -> None:
    os.kill(tracked.pid, signal.SIGKILL)
    assert await eventually(lambda: not tracked.ear.is_tracked) < 0.5
