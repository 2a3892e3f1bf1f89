"""What the store's commits and reads cost, as ratios within one run.

Commits are of made-up filings with 125 signals, their evidence and 30 gaps each (`made_up_filings.py`); reads are of
files filled by `fill_store.py`. The two sides of a ratio take turns, so that the machine's mood hits both; each figure
is the median over the rounds. Nothing is checkpointed while commits are measured, on either side: a checkpoint falls
into few rounds, and costs both about the same a byte.

Figures
    group_commit_x         filings a second: 50 filings as Arrow tables in one transaction / one row at a time, each
                           committed by itself, through a prepared statement; the same rows, tables without indexes
    full_vs_bare_commit_x  filings a second: the store's own path (versions, outbox, feed, screens' copy) in process /
                           the bare transaction of 50
    grpc_vs_inproc_x       filings a second: CommitExtraction through gRPC, 100 calls in flight / the path in process
    grpc_batch_vs_inproc_x the same through BatchCommit: calls of 25 filings each, four in flight
    primary_latency_over_window_ms   median latency of a lone commit, less the group's window
    inproc_cpu_ms, grpc_cpu_ms, grpc_cpu_ms_store
                           CPU time a filing: in process; through gRPC of store and caller together, and of the store
    grpc_batch_cpu_ms, grpc_batch_cpu_ms_store
                           the last two through BatchCommit
    all_…, primary_cpu_ms, sink_cpu_ms, supabase_batch_x, faulty_sink_primary_x, drain_x
                           see second_sink_figures.py
    signals_p99_x          GetSignals of the store in process, 99th percentile: at 10 M signals / at 1 M
    screen_median_ms       a screen bounded by date at 1 M signals
    writes_p99_x           GetSignals, 99th percentile at 1 M signals: under full write load / idle
    mb_per_million_signals size of the file with the screens' copy, without evidence, at 10 M signals
    arrival_order_x        GetSignals at 10 M signals, median: filings arrived company by company / by date
    merge_stall_ms         longest commit while all of the large file's copy for screens is merged, less the median one
    checkpoint_stall_ms    the same while its write-ahead log is checkpointed
    signals_median_ms      GetSignals at 1 M signals, for orientation

With --quick the large file has 2 M signals and each ratio fewer rounds.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import second_sink_figures
from fill_store import fill, store_options
from made_up_filings import accession_number, filing
from store_load import (
    CpuTimes,
    Supply,
    bounded,
    client_of,
    now,
    ratio,
    seconds_of,
    send_all,
    send_in_batches,
    store_process,
)

from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import Extraction
from tenkay_store.domain.selections import Screen
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import screen_segments
from tenkay_store.primary.commit_work import OpenSegment, PlaceSegment
from tenkay_store.primary.duckdb_store import DuckDBStore

GROUP = 50
MILLION = 1_000_000
LARGE, LARGE_QUICK = 10 * MILLION, 2 * MILLION
NO_CHECKPOINT = 2**40
"""A size that the write-ahead log does not reach."""


def run(quick: bool, note: Callable[[str], None]) -> dict[str, float]:
    """The suite's figures."""
    if quick:
        note(f"the large file has {LARGE_QUICK // MILLION} M signals, not {LARGE // MILLION} M")
    folder = Path(tempfile.mkdtemp(prefix="tenkay-benchmark-"))
    folder.chmod(0o755)  # Postgres may run as another user
    try:
        figures = asyncio.run(_commits(folder, rounds=1 if quick else 5))
        figures |= asyncio.run(second_sink_figures.measure(folder, rounds=1 if quick else 5))
        large = LARGE_QUICK if quick else LARGE
        for name, signals, arrival in (
            ("small", MILLION, "date"),
            ("large", large, "date"),
            ("by-company", large, "company"),
        ):
            fill(folder / name, signals, arrival=arrival)
        figures |= asyncio.run(_reads(folder, large=large, quick=quick))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {name: round(value, 3) for name, value in figures.items()}


# Commits


async def _commits(folder: Path, rounds: int) -> dict[str, float]:
    supply = Supply()
    one_by_one, bare, full, through_grpc, in_batches = [], [], [], [], []
    in_process, with_grpc, with_batches = CpuTimes(), CpuTimes(), CpuTimes()
    with ExitStack() as stack:
        plain = stack.enter_context(
            duckdb.connect(str(folder / "plain.duckdb"), config={"checkpoint_threshold": "1TB"})
        )
        _make_plain_tables(plain)
        environment = {"TENKAY_STORE_CHECKPOINT_WAL_BYTES": str(NO_CHECKPOINT)}
        port = stack.enter_context(store_process(folder / "served", environment))
        options = replace(
            store_options(folder / "in-process", sink="supabase"), checkpoint_wal_bytes=NO_CHECKPOINT
        )
        store = DuckDBStore.open(options, now)
        async with client_of(port) as client:
            await _commit_all(store, supply.take(4 * GROUP))  # warm
            await send_all(client, supply.messages(2 * GROUP))
            for _ in range(rounds):
                few, many = supply.take(2), supply.take(6 * GROUP)
                one_by_one.append(2 / _seconds(lambda: _row_by_row(plain, few)))  # noqa: B023 - called at once
                bare.append(6 * GROUP / _seconds(lambda: _in_groups(plain, many)))  # noqa: B023
                taken = supply.take(6 * GROUP)
                full.append(6 * GROUP / await in_process.during(_commit_all(store, taken), 6 * GROUP))
                sent = supply.messages(6 * GROUP)
                through_grpc.append(6 * GROUP / await with_grpc.during(send_all(client, sent), 6 * GROUP))
                sent = supply.messages(6 * GROUP)
                sending = send_in_batches(client, sent)
                in_batches.append(6 * GROUP / await with_batches.during(sending, 6 * GROUP))
            latencies = [
                await seconds_of(client.commit_extraction(extraction=message))
                for message in supply.messages(30)
            ]
        await store.close()
    cpu_ms, batch_cpu_ms = with_grpc.per_filing(), with_batches.per_filing()
    return {
        "inproc_cpu_ms": in_process.per_filing()[""],
        "grpc_cpu_ms": cpu_ms[""],
        "grpc_cpu_ms_store": cpu_ms["store"],
        "grpc_batch_cpu_ms": batch_cpu_ms[""],
        "grpc_batch_cpu_ms_store": batch_cpu_ms["store"],
        "group_commit_x": ratio(bare, one_by_one),
        "full_vs_bare_commit_x": ratio(full, bare),
        "grpc_vs_inproc_x": ratio(through_grpc, full),
        "grpc_batch_vs_inproc_x": ratio(in_batches, full),
        "primary_latency_over_window_ms": (statistics.median(latencies) - 0.05) * 1e3,
    }


_PLAIN = {
    "filings": "accession_number VARCHAR, cik UBIGINT, form_type VARCHAR, company_name VARCHAR, filed_date DATE, "
    "period_end DATE, result_key VARCHAR",
    "signals": "accession_number VARCHAR, signal_id VARCHAR, kind VARCHAR, exact VARCHAR, number DOUBLE, unit VARCHAR, "
    "currency VARCHAR, confidence DOUBLE",
    "evidence": "accession_number VARCHAR, signal_id VARCHAR, document VARCHAR",
    "gaps": "accession_number VARCHAR, signal_id VARCHAR, reason VARCHAR, detail VARCHAR",
}


_ARROW_TYPES = {"VARCHAR": pa.string(), "UBIGINT": pa.uint64(), "DATE": pa.date32(), "DOUBLE": pa.float64()}
# Told the types, Arrow need not look through the rows for them first.
_ARROW = {
    table: pa.schema(
        [(name, _ARROW_TYPES[kind]) for name, kind in (each.split() for each in columns.split(", "))]
    )
    for table, columns in _PLAIN.items()
}


def _make_plain_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for name, columns in _PLAIN.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")


def _columns(bodies: Sequence[Extraction]) -> dict[str, Sequence[Sequence[object]]]:
    """What goes into each table, column by column; two tables share some of them."""
    filings = [
        (own.accession_number, own.cik, own.form_type, own.company_name, own.filed_date, own.period_end, key)
        for own, key in ((body.filing, body.result_key) for body in bodies)
    ]
    signals = [signal for body in bodies for signal in body.signals]
    owner = [body.accession_number for body in bodies for _ in body.signals]
    signal_id, _, values, unit, currency, confidence, _, _, evidence = zip(*signals, strict=True)
    kind, exact, number = zip(*values, strict=True)
    gaps = [
        (body.accession_number, gap.id, gap.reason, gap.detail) for body in bodies for gap in body.missing
    ]
    return {
        "filings": list(zip(*filings, strict=True)),
        "signals": (owner, signal_id, kind, exact, number, unit, currency, confidence),
        "evidence": (owner, signal_id, evidence),
        "gaps": list(zip(*gaps, strict=True)),
    }


def _row_by_row(connection: duckdb.DuckDBPyConnection, bodies: Sequence[Extraction]) -> None:
    """As the first design had it: each row an INSERT of its own that commits by itself."""
    for table, columns in _columns(bodies).items():
        places = ", ".join("?" * len(columns))
        for row in zip(*columns, strict=True):
            connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608 - names of ours


def _in_groups(connection: duckdb.DuckDBPyConnection, bodies: Sequence[Extraction]) -> None:
    for start in range(0, len(bodies), GROUP):
        made: dict[int, pa.Array] = {}
        tables = []
        for table, columns in _columns(bodies[start : start + GROUP]).items():
            schema = _ARROW[table]
            for column, field in zip(columns, schema, strict=True):
                if id(column) not in made:
                    made[id(column)] = pa.array(column, field.type)
            arrays = [made[id(column)] for column in columns]
            tables.append((table, pa.Table.from_arrays(arrays, schema=schema)))
        connection.begin()
        for table, arrow in tables:
            incoming = arrow.__arrow_c_stream__()  # noqa: F841 - used by the statement
            connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")  # noqa: S608 - names of ours
        connection.commit()


async def _commit_all(store: DuckDBStore, bodies: Sequence[Extraction]) -> None:
    await bounded([lambda body=body: store.commit(body) for body in bodies])  # type: ignore[misc]


# Reads


async def _reads(folder: Path, *, large: int, quick: bool) -> dict[str, float]:
    size = (folder / "large" / "tenkay.duckdb").stat().st_size
    count = 200 if quick else 2000
    small, big, shuffled = [
        DuckDBStore.open(store_options(folder / name), now) for name in ("small", "large", "by-company")
    ]
    stores = {small: MILLION, big: large, shuffled: large}
    seconds: dict[DuckDBStore, list[float]] = {store: [] for store in stores}
    draw = random.Random(1)  # noqa: S311 - not a secret
    for _ in range(count):
        for store, signals in stores.items():
            name = _accession_number(draw.randrange(signals // 125))
            seconds[store].append(await seconds_of(store.signals(name, Moment(store.head))))
    idle = seconds[small]
    screens = [await seconds_of(_screen(small, draw)) for _ in range(60 if quick else 200)]
    written = [filing(number % 4000, 1000 + number // 4000) for number in range(1000 if quick else 4000)]
    gc.freeze()
    loaded = [each async for each in _under_writes(small, draw, written)]
    stalls = await _stalls(big)
    for store in stores:
        await store.close()
    return stalls | {
        "signals_p99_x": _p99(seconds[big]) / _p99(idle),
        "screen_median_ms": statistics.median(screens) * 1e3,
        "writes_p99_x": _p99(loaded) / _p99(idle),
        "mb_per_million_signals": size / 1e6 / (large / MILLION),
        "arrival_order_x": statistics.median(seconds[shuffled]) / statistics.median(seconds[big]),
        "signals_median_ms": statistics.median(idle) * 1e3,
    }


def _accession_number(number: int) -> str:
    return accession_number(number % 4000, number // 4000)


async def _screen(store: DuckDBStore, draw: random.Random) -> None:
    month = draw.randrange(1, 7)
    text = (
        f"signals.signal_{draw.randrange(30, 90)} < 0.5 AND signals.signal_{draw.randrange(30, 90)} > 1 "
        f"AND filed_date >= 2005-{month:02d}-01 AND filed_date < 2005-{month + 1:02d}-01"
    )
    expression = filters.parse(text)
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    await store.screen_filings(screen, Moment(store.head), None, 50)


async def _under_writes(
    store: DuckDBStore, draw: random.Random, written: Sequence[Extraction]
) -> AsyncIterator[float]:
    """Reads as long as these are being committed."""
    writing = asyncio.create_task(_commit_all(store, written))
    while not writing.done():
        name = _accession_number(draw.randrange(MILLION // 125))
        yield await seconds_of(store.signals(name, Moment(store.head)))
    await writing


async def _stalls(store: DuckDBStore) -> dict[str, float]:
    numbers = itertools.count()

    async def commit() -> float:
        return await seconds_of(store.commit(filing(next(numbers) % 4000, 2000)))

    async def longest(work: Awaitable[None]) -> float:
        running = asyncio.ensure_future(work)
        slowest = 0.0
        while not running.done():
            slowest = max(slowest, await commit())
        await running
        return max(slowest, await commit())

    async def checkpoint() -> None:
        await store._owner.aside(lambda cursor: cursor.execute("CHECKPOINT"))

    usual = statistics.median([await commit() for _ in range(20)])
    return {
        "merge_stall_ms": (await longest(_merge_whole_copy(store)) - usual) * 1e3,
        "checkpoint_stall_ms": (await longest(checkpoint()) - usual) * 1e3,
    }


async def _merge_whole_copy(store: DuckDBStore) -> None:
    """What happens to the largest segments now and then: sorted into one beside the commits, and put in place."""
    await store._committer.submit(OpenSegment())
    parts, purges = store.segments.closed, store.segments.purges
    number = store._writer.next_segment_number()
    built = await store._owner.aside(lambda cursor: screen_segments.sort(cursor, parts, number))
    await store._committer.submit(PlaceSegment(parts, built, purges))


# Figures


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _p99(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99) - 1]
