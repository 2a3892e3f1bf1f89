"""More asked than can be done at once: who is served, who is refused and how, over real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from tenkay.client.query import AsyncQueryClient
from tenkay.errors import Reason, ResourceExhausted
from tenkay.query.v1 import many_companies_pb2, query_service_pb2_grpc
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.status import from_call
from tenkay_query.admission.store_budget import USUAL_STORE_CALLS
from tests.integration.query.conftest import Caller, Filings, eventually, followed, revenue_of
from tests.integration.running_services import Service, running_service

pytestmark = pytest.mark.xdist_group("query-admission")
"""One worker runs them all: they share their servers."""

ANOTHER_ADDRESS, A_THIRD_ADDRESS = "127.0.0.77", "127.0.0.78"
"""All of 127.0.0.0/8 is this machine."""


@asynccontextmanager
async def coming_from(address: str, service: Service) -> AsyncIterator[Service]:
    """The service, reached through a port from which connections go on with this source address."""

    opened: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(LOOPBACK, service.port, local_addr=(address, 0))
        opened.extend((writer, back))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))

    port = free_port()
    async with await asyncio.start_server(pass_on, LOOPBACK, port):
        yield Service(port, service.metrics_port, service.pid)
        # Else the service waits for them when it ends, with this loop standing still until it has.
        for each in opened:
            each.close()
        await asyncio.gather(*(each.wait_closed() for each in opened), return_exceptions=True)


async def test_a_caller_over_its_rate_is_refused_while_another_and_what_is_in_memory_are_served(
    query_folder: Path, store_service: Service, valkey_cache: Any, filings: Filings
) -> None:
    held, *others = [filings.new() for _ in range(8)]
    for filing in (held, *others):
        await filings.commit(filing, 2)
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url=valkey_cache.url,
        caller_per_second="0.2",
        caller_burst="4",
    ) as service:
        await followed(valkey_cache.url)
        async with (
            coming_from(ANOTHER_ADDRESS, service) as elsewhere,
            coming_from(A_THIRD_ADDRESS, service) as third,
        ):
            greedy, modest, first = Caller(service), Caller(elsewhere), Caller(third)
            await eventually(lambda: service.metric("tenkay_query_near_open") == 1)
            in_memory = pb.GetSignalsRequest(filing=held)

            async def is_in_memory() -> bool:
                await first.ask(in_memory)
                return service.metric("tenkay_query_near_entries") == 1

            await eventually(is_in_memory, every=0.5)
            assert revenue_of(await greedy.ask(in_memory)) == 2
            answers = [await greedy.ask(pb.GetSignalsRequest(filing=filing)) for filing in others]
            refused = [each.error for each in answers if each.error is not None]
            assert len(refused) == 3
            for error in refused:
                assert isinstance(error, ResourceExhausted)
                assert error.reason is Reason.TOO_MANY_CALLS
                assert error.retry_after is not None
                assert 0 < error.retry_after <= 5
            for _ in range(20):
                assert (await greedy.ask(in_memory)).cache == "hit", "not held to the limit"
            assert revenue_of(await modest.ask(pb.GetSignalsRequest(filing=others[-1]))) == 2
            assert service.metric("tenkay_query_callers_refused_total", cause="caller_rate") == 3
            assert service.metric("tenkay_query_callers") == 3
            for caller in (greedy, modest, first):
                await caller.close()


async def test_while_the_store_hangs_one_callers_limit_does_not_use_up_anothers(
    query_folder: Path, tmp_path: Path, valkey_cache: Any
) -> None:
    with (
        running_service("tenkay_store", tmp_path, data_directory=str(tmp_path / "store")) as store,
        running_service(
            "tenkay_query",
            query_folder,
            store_address=store.address,
            redis_url=valkey_cache.url,
            caller_concurrency="3",
            store_concurrency="2",
            store_queue="10",
            store_queue_seconds="0.4",
        ) as service,
    ):
        os.kill(store.pid, signal.SIGSTOP)
        try:
            async with coming_from(ANOTHER_ADDRESS, service) as elsewhere:
                greedy, modest = Caller(service), Caller(elsewhere)
                began = time.monotonic()
                asked = [
                    asyncio.create_task(greedy.ask(pb.GetCompanySummaryRequest(cik=cik), timeout=2.0))
                    for cik in range(1, 7)
                ]
                await asyncio.sleep(0.15)
                at_once = [task.result() for task in asked if task.done()]
                assert len(at_once) == 3, "the fourth and later calls are refused at once"
                assert all(isinstance(each.error, ResourceExhausted) for each in at_once)
                waiting = await modest.ask(pb.GetCompanySummaryRequest(cik=9), timeout=2.0)
                assert isinstance(waiting.error, ResourceExhausted), "no place within the wait"
                assert time.monotonic() - began < 1.5
                assert service.metric("tenkay_query_callers_refused_total", cause="caller_concurrency") == 3
                assert service.metric("tenkay_query_store_refused_total", cause="waited") >= 1
                for task in asked:
                    await task
                for caller in (greedy, modest):
                    await caller.close()
        finally:
            os.kill(store.pid, signal.SIGCONT)


@pytest.mark.parametrize("asked", ["filing", "signals", "analysis", "company", "list", "screen"])
async def test_a_cold_read_asks_the_store_no_more_often_than_its_budget(
    caller_without_near: Caller, filings: Filings, asked: str
) -> None:
    filing = filings.new()
    for revenue in range(3):
        await filings.commit(filing, revenue)
    requests: dict[str, Any] = {
        "filing": pb.GetFilingRequest(filing=filing),
        "signals": pb.GetSignalsRequest(filing=filing),
        "analysis": pb.GetAnalysisRequest(filing=filing),
        "company": pb.GetCompanySummaryRequest(cik=filing.cik),
        "list": pb.ListFilingsRequest(page_size=500),
        "screen": pb.ScreenFilingsRequest(filter=f"signals.revenue > {time.time_ns()}"),
    }
    before = caller_without_near.service.metric("tenkay_query_store_calls_total")
    await caller_without_near.ask(requests[asked])
    after = caller_without_near.service.metric("tenkay_query_store_calls_total")
    assert 1 <= after - before <= USUAL_STORE_CALLS


@pytest.fixture(scope="module")
def one_export_at_a_time(
    query_folder: Path, store_service: Service, valkey_cache_server: Any
) -> Iterator[Service]:
    """A query process with four places at the store, of which exports get one; it keeps nothing for itself."""
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url=valkey_cache_server.url,
        near_entries="0",
        store_concurrency="4",
        store_queue_seconds="30",
        export_idle_seconds="1",
    ) as service:
        yield service


async def test_exports_under_way_do_not_hold_up_reads(
    one_export_at_a_time: Service, filings: Filings
) -> None:
    """Of four places exports hold one at a time; a reader that takes its time keeps it, and reads go on."""
    wanted = [filings.new() for _ in range(30)]
    for filing in wanted:
        await filings.commit(filing, 6)
    service = one_export_at_a_time
    caller = Caller(service)
    async with AsyncQueryClient(service.endpoint) as client:

        async def export() -> int:
            parts = client.export_signals(signal_ids=["revenue"])
            chunks = 0
            async for part in parts:
                await asyncio.sleep(0.5)
                chunks += bool(part.chunk)
            return chunks

        exports = [asyncio.create_task(export()) for _ in range(6)]
        await eventually(lambda: service.metric("tenkay_query_store_waiting", **{"class": "export"}) >= 1)
        assert service.metric("tenkay_query_store_holding", **{"class": "export"}) == 1
        for filing in wanted:
            answer = await caller.ask(pb.GetSignalsRequest(filing=filing))
            assert revenue_of(answer) == 6
        assert service.metric("tenkay_query_store_wait_seconds_count", **{"class": "read"}) == 0
        assert all(chunks > 0 for chunks in await asyncio.gather(*exports))
        assert service.metric("tenkay_query_store_refused_total") == 0
    await caller.close()


async def read_out(call: Any) -> None:
    """Takes what comes, to the end."""
    while await call.read():
        pass


async def test_an_export_that_nobody_reads_gives_its_place_to_the_next(
    one_export_at_a_time: Service, filings: Filings
) -> None:
    signal_ids = [f"figure_{number}" for number in range(300)]
    for _ in range(20):
        await filings.commit_signals(filings.new(), signal_ids)
    request = many_companies_pb2.ExportSignalsRequest(signal_ids=signal_ids)
    service = one_export_at_a_time
    narrow = [("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
    async with (
        AsyncQueryClient(service.endpoint) as client,
        grpc.aio.insecure_channel(service.address, options=narrow) as channel,
    ):
        stub: Any = query_service_pb2_grpc.QueryServiceStub(channel)
        began = time.monotonic()
        unread = stub.ExportSignals(request)
        assert (await unread.read()).chunk
        assert service.metric("tenkay_query_store_holding", **{"class": "export"}) == 1, "the only place"
        whole = [part.chunk async for part in client.export_signals(signal_ids=signal_ids)]
        assert sum(map(len, whole)) > 500_000
        assert time.monotonic() - began > 0.9, (
            "it waited until the place was taken from the one who does not read"
        )
        assert service.metric("tenkay_query_store_holding", **{"class": "export"}) == 0
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await read_out(unread)
        trailing: Any = ended.value.trailing_metadata()
        error = from_call(ended.value.code(), ended.value.details(), trailing, service="query")
        assert error.reason is Reason.STREAM_NOT_READ
        assert "start it again" in error.message


async def test_a_call_whose_time_is_up_before_its_turn_is_refused_at_once(
    query_folder: Path, tmp_path: Path, valkey_cache: Any
) -> None:
    with (
        running_service("tenkay_store", tmp_path, data_directory=str(tmp_path / "store")) as store,
        running_service(
            "tenkay_query",
            query_folder,
            store_address=store.address,
            redis_url=valkey_cache.url,
            store_concurrency="1",
            store_queue_seconds="30",
        ) as service,
    ):
        caller = Caller(service)
        os.kill(store.pid, signal.SIGSTOP)
        try:
            slow = asyncio.create_task(caller.ask(pb.GetCompanySummaryRequest(cik=1)))
            await asyncio.sleep(1.5)
        finally:
            os.kill(store.pid, signal.SIGCONT)
        await slow  # so a read takes a second and a half
        os.kill(store.pid, signal.SIGSTOP)
        try:
            waiting = asyncio.create_task(caller.ask(pb.GetCompanySummaryRequest(cik=2)))
            await eventually(lambda: service.metric("tenkay_query_store_holding", **{"class": "read"}) == 1)
            refused = await caller.ask(pb.GetCompanySummaryRequest(cik=3), timeout=1.0)
            assert isinstance(refused.error, ResourceExhausted)
            assert refused.error.reason is Reason.TOO_MANY_CALLS
            assert refused.error.retry_after is not None
            assert refused.seconds < 0.7, "not after its deadline"
            assert service.metric("tenkay_query_store_refused_total", cause="deadline") == 1
        finally:
            os.kill(store.pid, signal.SIGCONT)
        await waiting
        await caller.close()
