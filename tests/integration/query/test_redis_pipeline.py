"""What is asked over the one shared connection: each gets its own answer, in time, whatever happens to the connection."""

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
def valkey_of_reads(tmp_path: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    with running_valkey(tmp_path / "valkey", port) as pid:
        yield f"redis://{LOOPBACK}:{port}/0", pid


@pytest.fixture
async def redis(valkey_of_reads: tuple[str, int]) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_of_reads[0]) as client:
        await client.mset({"shared": b"s", **{f"key {number}": b"%d" % number for number in range(500)}})
        yield client


@pytest.fixture
async def reads(valkey_of_reads: tuple[str, int], redis: Redis) -> AsyncIterator[RedisPipeline]:
    reads = RedisPipeline.of(valkey_of_reads[0], ["shared"], timeout_seconds=TIMEOUT_SECONDS)
    yield reads
    await reads.close()


async def check(reads: RedisPipeline, number: int) -> None:
    assert await reads.read([f"key {number}", f"none {number}"]) == [b"s", b"%d" % number, None]


async def test_each_read_gets_its_own_values_and_many_share_a_command(
    reads: RedisPipeline, redis: Redis
) -> None:
    await asyncio.gather(*(check(reads, number) for number in range(500)))
    commands = await redis.info("commandstats")
    assert commands["cmdstat_mget"]["calls"] <= 20


async def test_reads_that_come_apart_gather_in_few_commands(reads: RedisPipeline, redis: Redis) -> None:
    async def caller(number: int) -> None:
        for step in range(30):
            await asyncio.sleep((number * 7 + step * 3) % 11 / 2000)
            await check(reads, number)

    await asyncio.gather(*(caller(number) for number in range(20)))
    commands = await redis.info("commandstats")
    # Sent as soon as Redis has answered, it is one for every five reads.
    assert commands["cmdstat_mget"]["calls"] <= 20 * 30 / 8


async def test_a_caller_that_is_alone_waits_for_nobody(reads: RedisPipeline) -> None:
    await asyncio.gather(*(check(reads, number) for number in range(20)))
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(50):
        started = loop.time()
        await check(reads, 1)
        took.append(loop.time() - started)
    assert min(took) < GATHER_SECONDS


async def test_a_caller_that_goes_away_leaves_the_others_their_values(reads: RedisPipeline) -> None:
    waiting = [asyncio.create_task(check(reads, number)) for number in range(100)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    await asyncio.gather(*waiting[1::2])


async def test_a_connection_that_redis_closes_is_opened_again_and_nobody_notices(
    reads: RedisPipeline, redis: Redis
) -> None:
    for _ in range(20):
        await check(reads, 1)
        await redis.client_kill_filter(_type="normal", skipme=True)
        await asyncio.gather(*(check(reads, number) for number in range(50)))


ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
REFUSE = "return redis.error_reply('no ' .. ARGV[1])"


async def test_scripts_and_reads_that_share_a_connection_get_their_own_answers(reads: RedisPipeline) -> None:
    async def add(number: int) -> None:
        assert await reads.run(ADD, [f"sum {number}"], [number]) == number

    async def refuse(number: int) -> None:
        with pytest.raises(ResponseError, match=f"no {number}"):
            await reads.run(REFUSE, [], [number])

    await asyncio.gather(
        *(what(number) for number in range(1, 100) for what in (add, refuse, partial(check, reads)))
    )


async def test_a_script_that_redis_has_forgotten_is_sent_again(reads: RedisPipeline, redis: Redis) -> None:
    for number in range(1, 4):
        await redis.script_flush()
        assert await reads.run(ADD, ["sum"], [1]) == number


async def test_a_script_under_way_when_the_connection_is_closed_is_run_again(
    reads: RedisPipeline, redis: Redis
) -> None:
    for _ in range(20):
        await reads.run(ADD, ["sum"], [1])
        await redis.client_kill_filter(_type="normal", skipme=True)
        assert await reads.run(ADD, ["other"], [0]) == 0


async def test_a_redis_that_hangs_fails_all_reads_in_time_and_is_read_again_later(
    reads: RedisPipeline, valkey_of_reads: tuple[str, int]
) -> None:
    await check(reads, 1)
    loop = asyncio.get_running_loop()
    os.kill(valkey_of_reads[1], signal.SIGSTOP)
    try:
        started = loop.time()
        failed = await asyncio.gather(*(reads.read(["key 1"]) for _ in range(300)), return_exceptions=True)
        assert all(isinstance(each, RedisError) for each in failed)
        assert loop.time() - started < 2 * TIMEOUT_SECONDS + 0.5
    finally:
        os.kill(valkey_of_reads[1], signal.SIGCONT)

    async def is_back() -> bool:
        try:
            await check(reads, 2)
        except RedisError:
            return False
        return True

    await eventually(is_back)


async def test_where_nothing_listens_a_read_fails_at_once() -> None:
    reads = RedisPipeline.of(f"redis://{LOOPBACK}:{free_port()}/0", [], timeout_seconds=5)
    started = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises((RedisError, OSError)):
            await reads.read(["key"])
    assert asyncio.get_running_loop().time() - started < 1
    await reads.close()
