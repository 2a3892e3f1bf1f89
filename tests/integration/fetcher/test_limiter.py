"""The shared request limit over a real Valkey that is stopped, paused, emptied and started again."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tenkay.errors import Reason, TenkayError
from tenkay.stack.ports import free_port
from tenkay.stack.valkey import ValkeyRole, answers_ping, valkey
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.limiter import PERMIT_LIFETIME_SECONDS, RequestLimiter, open_redis, own_interval

CLIENTS = 6


class StoppableValkey:
    """A Valkey without a supervisor, on one port for all its lives."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._launch = valkey(ValkeyRole.CACHE, port=self.port, directory=folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self._launch.prepare is not None
        self._launch.prepare()
        self._process = subprocess.Popen(self._launch.argv, stdout=subprocess.DEVNULL)
        while not answers_ping(self.port):
            time.sleep(0.01)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[StoppableValkey]:
    server = StoppableValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def connections(redis_url: str) -> AsyncIterator[list[Redis]]:
    async with AsyncExitStack() as stack:
        made = [open_redis(redis_url, 0.1) for _ in range(CLIENTS)]
        for redis in made:
            stack.push_async_callback(redis.aclose)
        yield made


async def take_until(limiter: RequestLimiter, end: float, grants: list[float]) -> None:
    """Takes permits, noting when, until the limit has none left before `end` (monotonic)."""
    while (left := end - time.monotonic()) > 0:
        try:
            await limiter.acquire(Deadline.after(left))
        except TenkayError as error:
            assert error.reason in (Reason.EDGAR_RATE_LIMITED, Reason.DEADLINE_EXCEEDED)
            await asyncio.sleep(min(0.05, left))
        else:
            grants.append(time.monotonic())


def most_within_a_second(grants: Sequence[float]) -> int:
    ordered = sorted(grants)
    return max((sum(start <= other < start + 1 for other in ordered) for start in ordered), default=0)


async def test_six_clients_share_one_rate(connections: list[Redis]) -> None:
    rate = 20
    limiters = [
        RequestLimiter(redis, requests_per_second=rate, max_replicas=CLIENTS, key="tests:shared")
        for redis in connections
    ]
    grants: list[float] = []
    end = time.monotonic() + 3.0
    await asyncio.gather(*(take_until(limiter, end, grants) for limiter in limiters))
    # The first second is silent: the state was new. A busy machine may leave permits unused, never take more.
    assert rate <= len(grants) <= rate * 2
    assert most_within_a_second(grants) <= rate + 1
    gaps = [later - earlier for earlier, later in zip(sorted(grants), sorted(grants)[1:], strict=False)]
    assert min(gaps) > 1 / rate - PERMIT_LIFETIME_SECONDS


async def test_a_new_state_begins_with_a_second_of_silence(connections: list[Redis]) -> None:
    limiter = RequestLimiter(connections[0], requests_per_second=100, max_replicas=1, key="tests:new")
    started = time.monotonic()
    await limiter.acquire(Deadline.after(5))
    assert time.monotonic() - started >= 0.99
    await limiter.acquire(Deadline.after(5))
    assert time.monotonic() - started < 1.5


async def test_a_wait_past_the_deadline_is_refused_at_once_and_takes_nothing(
    connections: list[Redis],
) -> None:
    limiter = RequestLimiter(connections[0], requests_per_second=0.5, max_replicas=1, key="tests:deadline")
    await limiter.acquire(Deadline.after(5))
    for _ in range(3):
        started = time.monotonic()
        with pytest.raises(TenkayError, match="come back then") as refused:
            await limiter.acquire(Deadline.after(0.5))
        assert time.monotonic() - started < 0.2
        assert refused.value.reason is Reason.EDGAR_RATE_LIMITED
        assert 1.0 < (refused.value.retry_after or 0) <= 2.0
    assert 1.0 < (await limiter.status()).wait_seconds <= 2.0


async def test_time_that_ran_out_elsewhere_is_no_lack_of_room(connections: list[Redis]) -> None:
    key = "tests:late"
    limiter = RequestLimiter(connections[0], requests_per_second=100, max_replicas=1, key=key)
    await limiter.acquire(Deadline.after(5))
    await limiter.pause(1.0)
    with pytest.raises(TenkayError) as late:
        await limiter.acquire(Deadline.after(0))
    assert late.value.reason is Reason.DEADLINE_EXCEEDED


async def test_permits_that_come_too_late_to_be_used_are_not_taken_beyond_the_deadline(
    connections: list[Redis],
) -> None:
    moments = itertools.count(0.0, 2 * PERMIT_LIFETIME_SECONDS)
    # So slow a process that between any two looks at the clock a permit's lifetime has passed.
    limiter = RequestLimiter(
        connections[0],
        requests_per_second=100_000,
        max_replicas=1,
        key="tests:slow",
        clock=lambda: next(moments),
    )
    await connections[0].set("tests:slow:next", 0)
    started = time.monotonic()
    with pytest.raises(TenkayError) as late:
        await limiter.acquire(Deadline.after(0.3))
    assert late.value.reason is Reason.DEADLINE_EXCEEDED
    assert 0.3 <= time.monotonic() - started < 5


async def test_a_pause_holds_for_all_and_ends(connections: list[Redis]) -> None:
    first, second = (
        RequestLimiter(redis, requests_per_second=100, max_replicas=1, key="tests:pause")
        for redis in connections[:2]
    )
    await first.acquire(Deadline.after(5))
    await first.pause(1.0)
    assert 0.8 < (await second.status()).wait_seconds <= 1.0
    with pytest.raises(TenkayError):
        await second.acquire(Deadline.after(0.5))
    started = time.monotonic()
    await second.acquire(Deadline.after(5))
    assert 0.8 < time.monotonic() - started < 1.3


async def test_an_unused_permit_is_void_and_replaced(connections: list[Redis]) -> None:
    limiter = RequestLimiter(connections[0], requests_per_second=4, max_replicas=1, key="tests:void")
    await limiter.acquire(Deadline.after(5))
    waiting = asyncio.create_task(limiter.acquire(Deadline.after(5)))
    await asyncio.sleep(0.05)
    time.sleep(0.5)  # noqa: ASYNC251 - a stalled loop is what this is about
    stalled = time.monotonic()
    await waiting
    # Its permit was for 0.2 s into the stall; the next free one is after the stall.
    assert time.monotonic() - stalled < 0.6
    assert (await limiter.status()).wait_seconds > 0.1


async def test_without_redis_each_keeps_to_its_share_and_its_return_begins_with_silence(
    own_valkey: StoppableValkey,
) -> None:
    rate = 8
    async with AsyncExitStack() as stack:
        limiters = []
        for _ in range(CLIENTS):
            redis = open_redis(own_valkey.url, 0.1)
            stack.push_async_callback(redis.aclose)
            limiters.append(RequestLimiter(redis, requests_per_second=rate, max_replicas=CLIENTS))
        grants: list[float] = []
        started = time.monotonic()
        taking = asyncio.gather(*(take_until(limiter, started + 7.5, grants) for limiter in limiters))
        await asyncio.sleep(2.0)
        await asyncio.to_thread(own_valkey.kill)
        lost = time.monotonic()
        await asyncio.sleep(2.5)
        status = await limiters[0].status()
        assert status.degraded
        await asyncio.to_thread(own_valkey.start)
        back = time.monotonic()
        await taking
        assert not (await limiters[0].status()).degraded
    # What the SEC allows, whatever happens to Redis.
    assert most_within_a_second(grants) <= 10
    down = [grant for grant in grants if lost + 0.5 < grant < back]
    assert CLIENTS <= len(down) <= (back - lost) * rate
    shared_again = [grant for grant in grants if grant > back + 2.3]
    assert len(shared_again) >= rate * 0.5 * (started + 7.5 - back - 2.3)


@pytest.mark.parametrize(
    ("replicas", "seconds"), [(1, 0.125), (2, 0.25), (4, 0.55), (6, 1.1), (10, 1.25), (16, 2.0)]
)
def test_own_shares_keep_to_the_secs_limit_even_when_they_come_together(
    replicas: int, seconds: float
) -> None:
    interval = own_interval(8, replicas)
    assert interval == pytest.approx(seconds)
    if replicas <= 10:
        assert replicas * math.ceil((1 + PERMIT_LIFETIME_SECONDS) / interval) <= 10


async def test_a_hanging_redis_costs_one_timeout_and_not_more(own_valkey: StoppableValkey) -> None:
    redis = open_redis(own_valkey.url, 0.1)
    limiter = RequestLimiter(redis, requests_per_second=50, max_replicas=5)
    await limiter.acquire(Deadline.after(5))
    own_valkey.signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        await limiter.acquire(Deadline.after(5))
        assert time.monotonic() - started < 0.6
        status = await limiter.status()
        assert status.degraded
        assert status.requests_per_second == 50
    finally:
        own_valkey.signal(signal.SIGCONT)
        await redis.aclose()


async def test_a_redis_that_came_back_empty_is_silent_first_even_if_nobody_noticed(
    own_valkey: StoppableValkey,
) -> None:
    redis = open_redis(own_valkey.url, 0.5)
    limiter = RequestLimiter(redis, requests_per_second=50, max_replicas=1)
    await limiter.acquire(Deadline.after(5))
    await asyncio.to_thread(own_valkey.kill)
    await asyncio.to_thread(own_valkey.start)
    started = time.monotonic()
    await limiter.acquire(Deadline.after(5))
    assert time.monotonic() - started >= 0.95
    assert not (await limiter.status()).degraded
    await redis.aclose()


async def test_a_clock_that_jumped_back_does_not_stop_everything(connections: list[Redis]) -> None:
    limiter = RequestLimiter(connections[0], requests_per_second=50, max_replicas=1, key="tests:clock")
    seconds, micros = await connections[0].time()
    hour_ahead = (seconds + 3600) * 1_000_000 + micros
    await connections[0].set("tests:clock:next", hour_ahead)
    started = time.monotonic()
    await limiter.acquire(Deadline.after(5))
    assert 0.9 < time.monotonic() - started < 1.5
