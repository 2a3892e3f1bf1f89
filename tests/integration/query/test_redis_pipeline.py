"""What is asked of Redis over the one shared connection: each gets its own answer, and in time.

What happens when the connection is lost in the middle of something: `test_redis_pipeline_faults.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from tenkay.stack.ports import LOOPBACK, free_port
from tenkay_query.cache.redis_pipeline import GATHER_SECONDS, RedisPipeline
from tests.integration.query.conftest import eventually, running_valkey

pytestmark = pytest.mark.xdist_group("query")

TIMEOUT_SECONDS = 0.5


@pytest.fixture
def valkey_process(tmp_path: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    with running_valkey(tmp_path / "valkey", port) as pid:
        yield f"redis://{LOOPBACK}:{port}/0", pid


@pytest.fixture
async def redis(valkey_process: tuple[str, int]) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_process[0]) as client:
        await client.mset({"shared": b"s", **{f"key {number}": b"%d" % number for number in range(500)}})
        yield client


@pytest.fixture
async def pipeline(valkey_process: tuple[str, int], redis: Redis) -> AsyncIterator[RedisPipeline]:
    pipeline = RedisPipeline.of(valkey_process[0], ["shared"], timeout_seconds=TIMEOUT_SECONDS)
    yield pipeline
    await pipeline.close()


async def check(pipeline: RedisPipeline, number: int) -> None:
    assert await pipeline.read([f"key {number}", f"none {number}"]) == [b"s", b"%d" % number, None]


async def test_each_read_gets_its_own_values_and_many_share_a_command(
    pipeline: RedisPipeline, redis: Redis
) -> None:
    await asyncio.gather(*(check(pipeline, number) for number in range(500)))
    commands = await redis.info("commandstats")
    assert commands["cmdstat_mget"]["calls"] <= 20


async def test_reads_that_come_apart_gather_in_few_commands(pipeline: RedisPipeline, redis: Redis) -> None:
    async def caller(number: int) -> None:
        for step in range(30):
            await asyncio.sleep((number * 7 + step * 3) % 11 / 2000)
            await check(pipeline, number)

    await asyncio.gather(*(caller(number) for number in range(20)))
    commands = await redis.info("commandstats")
    # Sent as soon as Redis has answered, it is one for every five reads.
    assert commands["cmdstat_mget"]["calls"] <= 20 * 30 / 8


async def test_a_caller_that_is_alone_waits_for_nobody(pipeline: RedisPipeline) -> None:
    await asyncio.gather(*(check(pipeline, number) for number in range(20)))
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(50):
        started = loop.time()
        await check(pipeline, 1)
        took.append(loop.time() - started)
    assert min(took) < GATHER_SECONDS


async def test_a_caller_that_goes_away_leaves_the_others_their_values(pipeline: RedisPipeline) -> None:
    waiting = [asyncio.create_task(check(pipeline, number)) for number in range(100)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    await asyncio.gather(*waiting[1::2])


async def test_after_redis_closed_the_connection_nobody_notices(
    pipeline: RedisPipeline, redis: Redis
) -> None:
    for _ in range(20):
        await check(pipeline, 1)
        await redis.client_kill_filter(_type="normal", skipme=True)
        await asyncio.gather(*(check(pipeline, number) for number in range(50)))


ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
REFUSE = "return redis.error_reply('no ' .. ARGV[1])"


async def test_scripts_and_reads_that_share_a_connection_get_their_own_answers(
    pipeline: RedisPipeline,
) -> None:
    async def add(number: int) -> None:
        assert await pipeline.run(ADD, [f"sum {number}"], [number]) == number

    async def refuse(number: int) -> None:
        with pytest.raises(ResponseError, match=f"no {number}"):
            await pipeline.run(REFUSE, [], [number])

    await asyncio.gather(
        *(what(number) for number in range(1, 100) for what in (add, refuse, partial(check, pipeline)))
    )


async def test_a_script_that_redis_has_forgotten_is_sent_again(pipeline: RedisPipeline, redis: Redis) -> None:
    for number in range(1, 4):
        await redis.script_flush()
        assert await pipeline.run(ADD, ["sum"], [1]) == number


async def test_a_redis_that_hangs_fails_all_reads_in_time_and_is_read_again_later(
    pipeline: RedisPipeline, valkey_process: tuple[str, int]
) -> None:
    await check(pipeline, 1)
    loop = asyncio.get_running_loop()
    os.kill(valkey_process[1], signal.SIGSTOP)
    try:
        started = loop.time()
        failed = await asyncio.gather(*(pipeline.read(["key 1"]) for _ in range(300)), return_exceptions=True)
        assert all(isinstance(each, RedisError) for each in failed)
        assert loop.time() - started < 2 * TIMEOUT_SECONDS + 0.5
    finally:
        os.kill(valkey_process[1], signal.SIGCONT)

    async def is_back() -> bool:
        try:
            await check(pipeline, 2)
        except RedisError:
            return False
        return True

    await eventually(is_back)


async def test_where_nothing_listens_a_read_fails_at_once() -> None:
    pipeline = RedisPipeline.of(f"redis://{LOOPBACK}:{free_port()}/0", [], timeout_seconds=5)
    started = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises((RedisError, OSError)):
            await pipeline.read(["key"])
    assert asyncio.get_running_loop().time() - started < 1
    await pipeline.close()
