"""What the second sink costs, and what its failures cost the primary, as ratios within one run.

Supabase is Postgres behind the local stack's gateway, both durable, in processes of their own on this machine. Filings
are those of `made_up_filings.py`.

    supabase_batch_x       filings a second: batches through `ingest_filing_batch`, as large as the outbox makes them by
                           default / single upserts. Single upserts are the usual way with supabase-py: for each filing
                           one `table(…).upsert(…)` a table (filings, signals, gaps), one after the other, without the
                           rows in the answer, into tables of the same columns, checks and indexes, not partitioned; as
                           many filings in flight as there are batches
    all_latency_x          median latency of WAIT_FOR_ALL / (that of WAIT_FOR_PRIMARY + a batch of ten's at Supabase)
    all_throughput_x       filings a second with WAIT_FOR_ALL, 100 calls in flight / those of the slower sink alone
    all_throughput_beside_x
                           the same / filings a second until a store without a second sink and Supabase have each taken
                           as many, side by side and independent of each other
    primary_cpu_ms, sink_cpu_ms, all_cpu_ms
                           CPU time a filing of all processes: for the primary alone, Supabase alone, WAIT_FOR_ALL
    all_cpu_ms_store, …    the last one by process: store, gateway, postgres, and client, which is this one
    all_throughput_most_x  filings a second that all_cpu_ms leaves time for on this machine's processors / those of
                           the slower sink alone
    faulty_sink_primary_x  filings a second with WAIT_FOR_PRIMARY: while Supabase takes connections and never answers /
                           without a second sink
    drain_x                filings a second that reach Supabase after an outage, while ten a second arrive / those ten.
                           Ten requests a second are what EDGAR allows, so more filings do not arrive for long

Each sink alone has all processors to itself; with both, client, store, gateway and Postgres share them. Where
all_throughput_most_x is below a bar on all_throughput_x, no store could meet that bar on this machine, however well its
work overlapped. all_throughput_beside_x asks what is left of that: what it costs that the store does both.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
from fault_proxy import HEALTHY, Fault, FaultProxy
from postgrest.types import ReturnMethod
from store_load import (
    CpuTimes,
    Supabase,
    Supply,
    client_of,
    now,
    ratio,
    seconds_of,
    send_all,
    store_process,
    supabase,
)

from supabase import AsyncClient
from tenkay.client import Endpoint
from tenkay.client.store import AsyncFilingStoreClient, AsyncStoreAdminClient
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import CommitRecord, Extraction
from tenkay_store.domain.sink import SupabaseOptions
from tenkay_store.second_sink.supabase_rows import encoded_batch
from tenkay_store.second_sink.supabase_sink import SupabaseSink
from tenkay_store.settings import StoreSettings

BATCH: int = StoreSettings.model_fields["supabase_batch_commits"].default
BATCHES_IN_FLIGHT: int = StoreSettings.model_fields["supabase_batches_in_flight"].default
SMALL_BATCH = 10
"""Commits in the batch whose latency is measured. A larger one would take longer, and flatter all_latency_x."""
FILINGS = 300
"""Of a round's throughputs."""
ARRIVALS_A_SECOND = 10

SINGLE_TABLES = """
    create table public.single_filings (like public.filings including all);
    alter table public.single_filings drop column contents_hash;
    create table public.single_signals (like public.signals including all);
    create table public.single_missing_signals (like public.missing_signals including all);
    grant insert, update, select on public.single_filings, public.single_signals, public.single_missing_signals
        to service_role;
"""

_sequences = itertools.count(1)


async def measure(folder: Path, rounds: int) -> dict[str, float]:
    """The figures."""
    supply = Supply()
    supply.take(4000)  # other filings than those that the rest of the suite commits
    async with supabase(folder) as project:
        figures = await _batches(project, supply, rounds)
        await _empty(project)
        figures |= await _both_sinks(folder, project, supply, rounds)
        await _empty(project)
        return figures | await _outage(folder, project, supply, rounds)


async def _empty(project: Supabase) -> None:
    """A project is one store's, and each part has a store of its own."""
    connection = await asyncpg.connect(project.database_url)
    await connection.execute(
        "truncate tenkay_internal.owner, public.filings, public.signals, public.missing_signals, public.analyses, "
        "public.disputes, public.tombstones"
    )
    await connection.close()


async def _batches(project: Supabase, supply: Supply, rounds: int) -> dict[str, float]:
    connection = await asyncpg.connect(project.database_url)
    await connection.execute(SINGLE_TABLES)
    await connection.close()
    sink = _sink(project)
    single, batched = [], []
    for number in range(rounds + 1):
        ones, tens = [_rows(record) for record in _records(supply.take(60))], supply.take(300)
        singles = 60 / await seconds_of(_upsert(sink.client, ones))
        batches = 300 / await seconds_of(_write(sink, tens))
        if number:  # the first round warms up
            single.append(singles)
            batched.append(batches)
    await sink.close()
    return {"supabase_batch_x": ratio(batched, single)}


async def _both_sinks(folder: Path, project: Supabase, supply: Supply, rounds: int) -> dict[str, float]:
    sink = _sink(project)
    batched, batch_latency, primary, waiting, with_all, primary_alone, beside = ([] for _ in range(7))
    of_sink, of_primary, of_all = CpuTimes(), CpuTimes(), CpuTimes()
    with ExitStack() as stack:
        both = stack.enter_context(store_process(folder / "both", _environment(project.url, project.key)))
        alone = stack.enter_context(store_process(folder / "alone"))
        async with client_of(both) as client, client_of(alone) as without:
            await send_all(client, supply.messages(50), store_pb2.WAIT_FOR_ALL)
            await send_all(without, supply.messages(50))
            await _join(sink, project)
            for _ in range(rounds):
                taken = supply.take(FILINGS)
                batched.append(FILINGS / await of_sink.during(_write(sink, taken), FILINGS))
                for batch in [supply.take(SMALL_BATCH) for _ in range(5)]:
                    batch_latency.append(await seconds_of(sink.write(_records(batch))))
                for message in supply.messages(10):
                    primary.append(await seconds_of(without.commit_extraction(extraction=message)))
                for message in supply.messages(10):
                    call = client.commit_extraction(extraction=message, wait_for=store_pb2.WAIT_FOR_ALL)
                    waiting.append(await seconds_of(call))
                sent = supply.messages(FILINGS)
                sending = send_all(client, sent, store_pb2.WAIT_FOR_ALL)
                with_all.append(FILINGS / await of_all.during(sending, FILINGS))
                sent = supply.messages(FILINGS)
                primary_alone.append(FILINGS / await of_primary.during(send_all(without, sent), FILINGS))
                sent, taken = supply.messages(FILINGS), supply.take(FILINGS)
                side_by_side = asyncio.gather(send_all(without, sent), _write(sink, taken))
                beside.append(FILINGS / await seconds_of(side_by_side))
    await sink.close()
    slower = min(statistics.median(batched), statistics.median(primary_alone))
    cpu_ms = of_all.per_filing()
    most = _processors() * 1e3 / cpu_ms[""]
    return {
        "all_latency_x": statistics.median(waiting)
        / (statistics.median(primary) + statistics.median(batch_latency)),
        "all_throughput_x": statistics.median(with_all) / slower,
        "all_throughput_beside_x": ratio(with_all, beside),
        "all_throughput_most_x": most / slower,
        "primary_cpu_ms": of_primary.per_filing()[""],
        "sink_cpu_ms": of_sink.per_filing()[""],
        **{f"all_cpu_ms_{kind}" if kind else "all_cpu_ms": each for kind, each in cpu_ms.items()},
    }


def _processors() -> int:
    """That this process may run on."""
    return len(os.sched_getaffinity(0))


async def _outage(folder: Path, project: Supabase, supply: Supply, rounds: int) -> dict[str, float]:
    faulty, healthy = [], []
    proxy = FaultProxy(project.port, Fault(hang=True))
    async with proxy.serving():
        with ExitStack() as stack:
            port = stack.enter_context(
                store_process(folder / "outage", _environment(proxy.url, project.key, read_seconds=1))
            )
            alone = stack.enter_context(store_process(folder / "no-sink"))
            async with (
                client_of(port) as client,
                client_of(alone) as without,
                AsyncStoreAdminClient(Endpoint(f"127.0.0.1:{port}", plaintext=True)) as admin,
            ):
                await send_all(client, supply.messages(50))
                await send_all(without, supply.messages(50))
                for _ in range(max(rounds, 3)):
                    sent, also = supply.messages(200), supply.messages(200)
                    faulty.append(200 / await seconds_of(send_all(client, sent)))
                    healthy.append(200 / await seconds_of(send_all(without, also)))
                waiting = await _pending(admin)
                await proxy.become(HEALTHY)
                arriving = asyncio.create_task(_arrive(client, supply))
                # From the first that gets there: until then the outbox waits, as it is told to.
                began = await _fewer_than(waiting, admin)
                seconds = await seconds_of(_fewer_than(ARRIVALS_A_SECOND, admin))
                arriving.cancel()
    return {
        "faulty_sink_primary_x": ratio(faulty, healthy),
        "drain_x": (began / seconds + ARRIVALS_A_SECOND) / ARRIVALS_A_SECOND,
    }


async def _arrive(client: AsyncFilingStoreClient, supply: Supply) -> None:
    while True:
        await client.commit_extraction(extraction=supply.messages(1)[0])
        await asyncio.sleep(1 / ARRIVALS_A_SECOND)


async def _fewer_than(commits: int, admin: AsyncStoreAdminClient) -> int:
    """How many wait, once they are fewer than `commits`."""
    while (pending := await _pending(admin)) >= commits:  # noqa: ASYNC110 - what is waited for is another process's
        await asyncio.sleep(0.02)
    return pending


async def _pending(admin: AsyncStoreAdminClient) -> int:
    return (await admin.get_sink_status()).sinks[1].pending


def _environment(url: str, key: str, *, read_seconds: float = 15) -> dict[str, str]:
    return {
        "TENKAY_STORE_SUPABASE_URL": url,
        "TENKAY_STORE_SUPABASE_KEY": key,
        "TENKAY_STORE_SUPABASE_READ_SECONDS": str(read_seconds),
        "TENKAY_STORE_SUPABASE_BREAKER_SECONDS": "1",
    }


def _sink(project: Supabase) -> SupabaseSink:
    return SupabaseSink(
        SupabaseOptions(project.url, project.key, connections=20, connect_seconds=2, read_seconds=15)
    )


async def _write(sink: SupabaseSink, bodies: Sequence[Extraction]) -> None:
    """In batches, as the outbox sends them."""
    slots = asyncio.Semaphore(BATCHES_IN_FLIGHT)

    async def one(batch: Sequence[Extraction]) -> None:
        async with slots:
            await sink.write(_records(batch))

    await asyncio.gather(*(one(bodies[start : start + BATCH]) for start in range(0, len(bodies), BATCH)))


async def _join(sink: SupabaseSink, project: Supabase) -> None:
    """Let the sink write in the name of the store that has claimed the project."""
    connection = await asyncpg.connect(project.database_url)
    await sink.claim(await connection.fetchval("select store_id from tenkay_internal.owner"), used=True)
    await connection.close()


def _records(bodies: Sequence[Extraction]) -> list[CommitRecord]:
    return [CommitRecord(next(_sequences), 1, now(), body) for body in bodies]


_Rows = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]
_SIGNAL_COLUMNS = ("value_decimal", "value_double", "value_bool", "value_int", "value_text", "currency")


async def _upsert(client: AsyncClient, prepared: Sequence[_Rows]) -> None:
    """Filing by filing and table by table, as one would without the function."""
    slots = asyncio.Semaphore(BATCHES_IN_FLIGHT)

    async def one(rows: _Rows) -> None:
        filing, signals, gaps = rows
        async with slots:
            await client.table("single_filings").upsert(filing, returning=ReturnMethod.minimal).execute()
            await client.table("single_signals").upsert(signals, returning=ReturnMethod.minimal).execute()
            await (
                client.table("single_missing_signals").upsert(gaps, returning=ReturnMethod.minimal).execute()
            )

    await asyncio.gather(*(one(rows) for rows in prepared))


def _rows(record: CommitRecord) -> _Rows:
    write = json.loads(encoded_batch([record]))["batch"]["writes"][0]
    filing = write.pop("extraction")
    signals, gaps = filing.pop("signals"), filing.pop("missing")
    day = filing["filing_date"]
    key = {"filing_id": record.accession_number, "version": 1}
    return (
        {**filing, **write, "partition_date": day},
        [
            {
                **key,
                "partition_date": day,
                "position": position,
                **dict.fromkeys(_SIGNAL_COLUMNS),
                **each,
            }
            for position, each in enumerate(signals)
        ],
        [{**key, "position": position, **each} for position, each in enumerate(gaps)],
    )
