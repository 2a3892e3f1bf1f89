"""A store in the test's own process whose outbox delivers to Supabase, and what Postgres then holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tenkay.client.store import AsyncStoreAdminClient
from tenkay.store.v1 import store_admin_service_pb2 as admin_pb2
from tenkay_store.domain.sink import BreakerLimits, SupabaseOptions
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.second_sink.breaker import SinkBreaker
from tenkay_store.second_sink.jitter import jittered
from tenkay_store.second_sink.outbox import Outbox, OutboxLimits
from tenkay_store.second_sink.owned_sink import OwnedSink
from tenkay_store.second_sink.supabase_rows import encoded_batch
from tenkay_store.second_sink.supabase_sink import SupabaseSink
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, analysis, extraction, extraction_to_commit

LIMITS = OutboxLimits(
    batch_commits=10,
    batch_bytes=1024 * 1024,
    batches_in_flight=6,
    memory_commits=2000,
    memory_bytes=64 * 1024 * 1024,
    retry_seconds=0.05,
    retry_most_seconds=0.2,
    breaker_seconds=0.3,
    stopped_seconds=0.3,
)


def supabase_sink(url: str, key: str, *, read_seconds: float = 10) -> SupabaseSink:
    """A sink with a small pool."""
    return SupabaseSink(
        SupabaseOptions(url, key, connections=10, connect_seconds=1, read_seconds=read_seconds)
    )


@asynccontextmanager
async def delivering(
    folder: Path, sink: SupabaseSink, *, running: bool = True
) -> AsyncIterator[tuple[DuckDBStore, Outbox]]:
    """A store in this process whose outbox delivers to `sink`, unless it is not `running`."""

    def clock() -> datetime:
        return datetime.now(UTC)

    store = DuckDBStore.open(options(folder, sink="supabase"), clock)
    breaker = SinkBreaker(sink.name, BreakerLimits(3, LIMITS.breaker_seconds))
    outbox = Outbox(store, OwnedSink(store, sink), breaker, LIMITS, clock=clock, jitter=jittered)
    work = [asyncio.create_task(outbox.run())] if running else []
    try:
        yield store, outbox
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await sink.close()
        await store.close()


async def until_delivered(store: DuckDBStore) -> None:
    """Waits until nothing waits for the sink."""
    async with asyncio.timeout(30):
        while True:
            if (await store.backlog()).pending == 0:
                return
            await asyncio.sleep(0.02)


async def rows_of(project: SupabaseProject) -> list[dict[str, Any]]:
    """What Postgres holds, in the shape the sink sends."""
    async with connected(project.database_url) as connection:

        async def read(query: str) -> list[dict[str, Any]]:
            rows = await connection.fetch(f"select to_jsonb(r)::text as row from ({query}) r")  # noqa: S608
            return [json.loads(row["row"], parse_float=Decimal) for row in rows]

        filings = await read("select * from public.filings order by sequence")
        signals = await read("select * from public.signals order by filing_id, version, position")
        gaps = await read("select * from public.missing_signals order by filing_id, version, position")
        analyses = await read("select * from public.analyses order by sequence")
    writes = []
    for row in filings:
        of_filing = {"filing_id": row.pop("filing_id"), "version": row["version"]}
        row["signals"] = [
            _without(each, "partition_date", "position") for each in signals if _of(each, of_filing)
        ]
        row["missing"] = [_without(each, "position") for each in gaps if _of(each, of_filing)]
        del row["partition_date"], row["contents_hash"]
        writes.append(_write(of_filing["filing_id"], "extraction", row))
    for row in analyses:
        del row["contents_hash"]
        writes.append(_write(row.pop("filing_id"), "analysis", row))
    return sorted((_comparable(write) for write in writes), key=lambda write: int(write["sequence"]))


def _of(row: dict[str, Any], filing: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in filing.items())


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (*names, "filing_id", "version")}


def _write(filing_id: str, kind: str, part: dict[str, Any]) -> dict[str, Any]:
    moved = {name: part.pop(name) for name in ("sequence", "recorded_at")}
    return {"filing_id": filing_id, **moved, kind: part}


def _comparable(value: Any, name: str = "") -> Any:
    """Without absent values, with numbers and moments in one form."""
    if isinstance(value, dict):
        return {key: _comparable(each, key) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    if name in ("recorded_at", "accepted_at"):
        return datetime.fromisoformat(value)
    if name in ("value_decimal", "value_int") or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        return Decimal(str(value))
    return value


async def expected_rows(store: DuckDBStore) -> list[dict[str, Any]]:
    """What Postgres is to hold of a store without purges."""
    records = await store.commit_records(range(1, store.head + 1))
    return [_comparable(write) for write in json.loads(encoded_batch(records))["batch"]["writes"]]


async def commit_some(store: DuckDBStore, numbers: Sequence[int]) -> None:
    """Filings of all kinds of values, some with a second version and analyses."""
    for number in numbers:
        message = extraction(
            accession_number(number),
            signals={
                "revenue": f"-{10**30 + number}.10",
                "margin": 0.1 * number,
                "doubt": bool(number % 2),
                "staff": 2**60 + number,
                "opinion": "CLEAN",
            },
            filed=None if number % 5 == 0 else extraction_to_commit(accession_number(1)).filing.filed_date,
            accepted=None,
        )
        message.signals[0].notes.append('derived: "a" — b\\c')
        await store.commit(extraction_record(message))
        await store.commit(analysis_record(analysis(message)))
        if number % 3 == 0:
            newer = extraction(accession_number(number), code_version="2")
            await store.commit(extraction_record(newer))


async def sink_status(admin: AsyncStoreAdminClient, *, pending: int, dead: int) -> admin_pb2.SinkStatus:
    """The second sink's status once it has these counts."""
    async with asyncio.timeout(20):
        while True:
            status = (await admin.get_sink_status()).sinks[1]
            if (status.pending, status.dead) == (pending, dead):
                return status
            await asyncio.sleep(0.02)
