"""Query while Redis or the store are stopped, killed, emptied or set back: answers stay right, and come back fast."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tenkay.client import Endpoint
from tenkay.client.store import AsyncFilingStoreClient
from tenkay.errors import Reason
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.stack.ports import LOOPBACK, free_port
from tests.integration.query.conftest import (
    Caller,
    Filings,
    eventually,
    followed,
    revenue_of,
    running_valkey,
)
from tests.integration.running_services import Service, running_service

pytestmark = pytest.mark.xdist_group("query-faults")
"""One worker runs them all: they share their servers."""


@dataclass(slots=True)
class World:
    """A store, a Redis and a query process of one's own, to be broken."""

    folder: Path
    store_port: int
    redis_port: int
    query: Service
    store: ExitStack
    redis: ExitStack
    store_pid: int = 0
    store_service: Service = field(init=False)
    redis_pid: int = 0

    @property
    def redis_url(self) -> str:
        return f"redis://{LOOPBACK}:{self.redis_port}/0"

    @property
    def store_endpoint(self) -> Endpoint:
        return Endpoint(f"{LOOPBACK}:{self.store_port}", plaintext=True)

    def start_store(self) -> None:
        service = self.store.enter_context(
            running_service(
                "tenkay_store",
                self.folder,
                port=self.store_port,
                data_directory=str(self.folder / "store"),
                feed_quiet_seconds="0.3",
            )
        )
        self.store_pid, self.store_service = service.pid, service

    def start_redis(self) -> None:
        self.redis_pid = self.redis.enter_context(running_valkey(self.folder / "valkey", self.redis_port))

    def kill_store(self) -> None:
        os.kill(self.store_pid, signal.SIGKILL)
        self.store.close()

    def kill_redis(self) -> None:
        os.kill(self.redis_pid, signal.SIGKILL)
        self.redis.close()


OUTAGE_SECONDS = 3.0


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as store, ExitStack() as redis, ExitStack() as query:
        store_port, redis_port = free_port(), free_port()
        service = query.enter_context(
            running_service(
                "tenkay_query",
                folder,
                store_address=f"{LOOPBACK}:{store_port}",
                redis_url=f"redis://{LOOPBACK}:{redis_port}/0",
                feed_grace_seconds="0.8",
                feed_heartbeat_seconds="0.2",
                feed_silence_seconds="1",
                breaker_probe_seconds="0.1",
                outage_seconds=str(OUTAGE_SECONDS),
            )
        )
        world = World(folder, store_port, redis_port, service, store, redis)
        world.start_store()
        world.start_redis()
        yield world


@pytest.fixture
async def world(shared_world: World) -> World:
    """The world, whole: each test mends what it breaks."""
    await followed(shared_world.redis_url)
    return shared_world


async def test_a_stopped_redis_costs_no_answer_and_hides_no_commit(world: World) -> None:
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        caller, filings = Caller(world.query), Filings(client)
        filing = filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        await filings.commit(filing, 1)
        await hit(caller, request)
        os.kill(world.redis_pid, signal.SIGSTOP)
        try:
            slowest = 0.0
            for revenue in range(2, 5):
                sequence = await filings.commit(filing, revenue)
                for least in ("", sequence):
                    answer = await caller.ask(pb.GetSignalsRequest(filing=filing, min_sequence=least))
                    assert (answer.cache, revenue_of(answer)) == ("bypass", revenue)
                    slowest = max(slowest, answer.seconds)
            assert slowest < 1.0
        finally:
            os.kill(world.redis_pid, signal.SIGCONT)
        assert world.query.metric("tenkay_query_cache_bypasses_total", cause="redis_lost") >= 6
        assert await hit(caller, request) < 5.0
        assert revenue_of(await caller.ask(request)) == 4
        await caller.close()


async def test_a_killed_redis_costs_no_answer_and_an_empty_one_is_filled_again(world: World) -> None:
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        caller, filings = Caller(world.query), Filings(client)
        filing = filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        await filings.commit(filing, 1)
        await hit(caller, request)
        world.kill_redis()
        answers = await asyncio.gather(*(caller.ask(request) for _ in range(50)))
        assert {revenue_of(answer) for answer in answers} == {1}
        assert {answer.cache for answer in answers} == {"bypass"}
        await filings.commit(filing, 2)
        world.start_redis()
        assert await hit(caller, request) < 5.0
        assert revenue_of(await caller.ask(request)) == 2
        await caller.close()


async def reads_on(world: World, caller: Caller, filings: Filings, *, commits: int = 5) -> None:
    """Commits and reads while Redis is at fault: every answer is there, in time, and none hides a commit."""
    filing = filings.new()
    for revenue in range(1, commits + 1):
        sequence = await filings.commit(filing, revenue)
        requests = [pb.GetSignalsRequest(filing=filing, min_sequence=sequence) for _ in range(10)]
        answers = await asyncio.gather(*(caller.ask(request) for request in requests))
        assert {revenue_of(answer) for answer in answers} == {revenue}
        assert max(answer.seconds for answer in answers) < 2.0


async def test_a_full_redis_costs_no_answer_and_hides_no_commit(world: World) -> None:
    async with (
        AsyncFilingStoreClient(world.store_endpoint) as client,
        Redis.from_url(world.redis_url) as redis,
    ):
        caller, filings = Caller(world.query), Filings(client)
        filing = filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        await filings.commit(filing, 1)
        await hit(caller, request)
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", 1)
        try:
            await reads_on(world, caller, filings)
            await filings.commit(filing, 2)

            async def is_new() -> bool:
                return revenue_of(await caller.ask(request)) == 2

            await eventually(is_new)
            # Following cannot be noted, so what Redis holds is no longer trusted, nor what the process holds.
            await eventually(lambda: world.query.metric("tenkay_query_near_open") == 0)
            await reads_on(world, caller, filings)
            assert revenue_of(await caller.ask(request)) == 2
        finally:
            await redis.config_set("maxmemory", 0)
            await redis.config_set("maxmemory-policy", "allkeys-lfu")
        assert world.query.metric("tenkay_query_redis_errors_total", operation="advance") > 0
        assert await hit(caller, request) < 5.0
        await eventually(lambda: world.query.metric("tenkay_query_near_open") == 1)
        await caller.close()


async def test_a_redis_that_became_a_replica_costs_no_answer_and_hides_no_commit(world: World) -> None:
    async with (
        AsyncFilingStoreClient(world.store_endpoint) as client,
        Redis.from_url(world.redis_url) as redis,
    ):
        caller, filings = Caller(world.query), Filings(client)
        filing = filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        await filings.commit(filing, 1)
        await hit(caller, request)
        # What a failover leaves behind the address for a while: reads are answered, writes are READONLY.
        await redis.replicaof(LOOPBACK, free_port())
        try:
            await reads_on(world, caller, filings)
            await filings.commit(filing, 2)

            async def is_new() -> bool:
                return revenue_of(await caller.ask(request)) == 2

            await eventually(is_new)
        finally:
            await redis.replicaof("NO", "ONE")
        assert await hit(caller, request) < 5.0
        assert revenue_of(await caller.ask(request)) == 2
        await caller.close()


async def test_a_redis_flushed_and_restarted_under_load_costs_no_answer(world: World) -> None:
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        caller, filings = Caller(world.query), Filings(client)
        known = [filings.new() for _ in range(20)]
        for filing in known:
            await filings.commit(filing, 1)
        done = asyncio.Event()

        async def read(start: int) -> int:
            asked = 0
            while not done.is_set():
                answer = await caller.ask(pb.GetSignalsRequest(filing=known[(start + asked) % len(known)]))
                assert revenue_of(answer) == 1
                assert answer.seconds < 2.0
                asked += 1
            return asked

        readers = [asyncio.create_task(read(number)) for number in range(8)]
        async with Redis.from_url(world.redis_url) as redis:
            for _ in range(5):
                await redis.flushall()
                await asyncio.sleep(0.1)
        world.kill_redis()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(world.start_redis)
        await hit(caller, pb.GetSignalsRequest(filing=known[0]))
        done.set()
        assert min(await asyncio.gather(*readers)) > 0
        await caller.close()


async def test_without_redis_callers_of_one_key_share_the_stores_answers(world: World) -> None:
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        caller, filings = Caller(world.query), Filings(client)
        filing = filings.new()
        await filings.commit(filing, 3)
        world.kill_redis()
        try:
            # Redis is found to be lost, so that the breaker is open.
            for _ in range(10):
                await caller.ask(pb.GetFilingRequest(filing=filing))
            before = world.store_service.calls("GetSignals")
            answers = await asyncio.gather(
                *(caller.ask(pb.GetSignalsRequest(filing=filing)) for _ in range(900))
            )
            assert {revenue_of(answer) for answer in answers} == {3}
            # They come over some time, and an answer is shared only while it is on its way: the faster the store, the
            # more questions one after another. Never two of them at once, which alone would make 900.
            assert world.store_service.calls("GetSignals") - before < 900 / 5
        finally:
            world.start_redis()
        await caller.close()


async def test_a_lost_store_leaves_the_last_known_answers_for_a_while_and_is_followed_again(
    world: World,
) -> None:
    caller = Caller(world.query)
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        filings = Filings(client)
        cached, uncached = filings.new(), filings.new()
        request = pb.GetSignalsRequest(filing=cached)
        for filing in (cached, uncached):
            await filings.commit(filing, 1)
        await hit(caller, request)
    world.kill_store()

    # What was true when the store was last heard of is given, and nothing else can be.
    async def is_last_known() -> bool:
        answer = await caller.ask(request)
        assert (answer.cache, revenue_of(answer)) == ("hit", 1)
        return world.query.metric("tenkay_query_outage_answers_total") > 0

    await eventually(is_last_known, every=0.1)
    lost = await caller.ask(pb.GetSignalsRequest(filing=uncached))
    assert lost.error is not None
    assert lost.error.reason is Reason.DEPENDENCY_UNAVAILABLE
    beyond = await caller.ask(pb.GetSignalsRequest(filing=cached, min_sequence="0.1000"))
    assert beyond.error is not None

    # And it is not given for ever.
    async def is_refused() -> bool:
        answer = await caller.ask(request)
        return answer.error is not None and answer.error.reason is Reason.DEPENDENCY_UNAVAILABLE

    assert await eventually(is_refused, every=0.1) < OUTAGE_SECONDS + 2

    world.start_store()
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        filings = Filings(client)
        await filings.commit(cached, 2)

        async def is_new() -> bool:
            answer = await caller.ask(request)
            return answer.error is None and revenue_of(answer) == 2

        # Channels look for a lost server every two seconds.
        assert await eventually(is_new) < 4.0
        await hit(caller, request)
        assert revenue_of(await caller.ask(pb.GetSignalsRequest(filing=uncached))) == 1
    await caller.close()


async def test_a_feed_that_falls_silent_is_not_trusted(world: World) -> None:
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        caller, filings = Caller(world.query), Filings(client)
        filing, other = filings.new(), filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        for each in (filing, other):
            await filings.commit(each, 1)
        await hit(caller, request)
        before = world.query.metric("tenkay_query_outage_answers_total")
        os.kill(world.store_pid, signal.SIGSTOP)
        try:

            async def is_distrusted() -> bool:
                answer = await caller.ask(request)
                assert revenue_of(answer) == 1
                return world.query.metric("tenkay_query_outage_answers_total") > before

            assert await eventually(is_distrusted, every=0.1) < OUTAGE_SECONDS
            assert world.query.metric("tenkay_query_cache_bypasses_total", cause="feed_silent") > 0
            assert world.query.metric("tenkay_query_feed_silent_seconds") > 1
            uncached = await caller.ask(pb.GetSignalsRequest(filing=other), timeout=0.5)
            assert uncached.error is not None
            assert uncached.error.reason is Reason.DEADLINE_EXCEEDED
        finally:
            os.kill(world.store_pid, signal.SIGCONT)
        await hit(caller, request)
        await caller.close()


async def test_a_store_set_back_to_an_older_state_voids_what_was_cached(world: World) -> None:
    caller = Caller(world.query)
    async with AsyncFilingStoreClient(world.store_endpoint) as client:
        filings = Filings(client)
        filing = filings.new()
        request = pb.GetSignalsRequest(filing=filing)
        for revenue in range(1, 4):
            await filings.commit(filing, revenue)
        await hit(caller, request)
    world.kill_store()
    shutil.rmtree(world.folder / "store")
    world.start_store()
    async with AsyncFilingStoreClient(world.store_endpoint) as client:

        async def is_gone() -> bool:
            answer = await caller.ask(request)
            return answer.error is not None and answer.error.reason is Reason.FILING_UNKNOWN

        await eventually(is_gone)
        await eventually(lambda: world.query.metric("tenkay_query_cache_drops_total", cause="feed_expired"))
        await hit(caller, request, missing=True)
        # The same numbers now mean other commits.
        await Filings(client).commit(filing, 9)

        async def is_other() -> bool:
            answer = await caller.ask(request)
            return answer.error is None and revenue_of(answer) == 9

        assert await eventually(is_other) < 1.0
        await hit(caller, request)
    await caller.close()


async def test_query_starts_without_redis_and_without_a_store(tmp_path: Path) -> None:
    with running_service(
        "tenkay_query",
        tmp_path,
        store_address=f"{LOOPBACK}:{free_port()}",
        redis_url=f"redis://{LOOPBACK}:{free_port()}/0",
    ) as query:
        caller = Caller(query)
        answer = await caller.ask(pb.GetCompanySummaryRequest(cik=1))
        assert answer.error is not None
        assert answer.error.reason is Reason.DEPENDENCY_UNAVAILABLE
        assert answer.error.metadata["service"] == "tenkay.store.v1.FilingStoreService"
        malformed = await caller.ask(pb.GetCompanySummaryRequest())
        assert malformed.error is not None
        assert malformed.error.reason is Reason.INVALID_FIELD
        await caller.close()


async def hit(caller: Caller, request: pb.GetSignalsRequest, *, missing: bool = False) -> float:
    """Waits until the request is answered from the cache, with an answer or FILING_UNKNOWN; how long that took."""

    async def is_hit() -> bool:
        answer = await caller.ask(request)
        assert (answer.error is not None) is missing, answer.error
        return answer.cache == "hit"

    return await eventually(is_hit)
