"""Tenkay's schema through the gateway: the store's batches in, readers' rows out."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgrest.exceptions import APIError

from supabase import AsyncClientOptions, acreate_client
from tests.stack_fixtures import SupabaseProject, connected

FILING = "0000320193-24-000123"
OTHER = "0000320193-24-000124"
RECORDED = "2026-01-02T03:04:05+00:00"


def extraction(filing: str = FILING, sequence: int = 1, version: int = 1, **changes: Any) -> dict[str, Any]:
    part: dict[str, Any] = {
        "version": version,
        "cik": 320193,
        "form_type": "10-K",
        "company_name": "Example Corp",
        "filing_date": "2024-11-01",
        "accepted_at": "2024-11-01T06:01:36+00:00",
        "period_end": "2024-09-28",
        "sic_code": 3571,
        "items": [],
        "primary_document": "example-20240928.htm",
        "source": "full_submission",
        "is_amendment": False,
        "sections": [{"code": "item_1A"}],
        "texts": [],
        "result_key": f"key-{sequence}",
        "catalog_version": "1",
        "code_version": "0.1.0",
        "fact_count": 3,
        "signals": [
            _signal("revenue", value_decimal="391035000000.123456789", unit="USD", currency="USD"),
            _signal("current_ratio", value_double=0.8673, unit="ratio"),
            _signal("going_concern_doubt", value_bool=False, unit="flag"),
            _signal("risk_factor_count", value_int=9_007_199_254_740_993, unit="count"),
            _signal("auditor_opinion", value_text="unqualified", unit="opinion"),
        ],
        "missing": [
            {"signal_id": "cash_runway", "reason": "condition_not_met", "detail": "cash flow is positive"}
        ],
    }
    part.update(changes)
    return {"filing_id": filing, "sequence": sequence, "recorded_at": RECORDED, "extraction": part}


def analysis(filing: str = FILING, sequence: int = 2, version: int = 1, **changes: Any) -> dict[str, Any]:
    part: dict[str, Any] = {
        "version": version,
        "rating": "sound",
        "score": 66.5,
        "uncapped_score": 66.5,
        "band": 4.0,
        "low_confidence": False,
        "dimensions": [],
        "flags": [],
        "reasons": [],
        "narrative": f"written at {sequence}",
        "backend": "embedded/template-v1",
        "result_key": f"key-{sequence}",
        "rules_version": "1",
        "extraction_key": "key-1",
    }
    part.update(changes)
    return {"filing_id": filing, "sequence": sequence, "recorded_at": RECORDED, "analysis": part}


def purge(filing: str = FILING, sequence: int = 3) -> dict[str, Any]:
    return {"filing_id": filing, "sequence": sequence, "recorded_at": RECORDED, "purge": True}


def _signal(signal_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "signal_id": signal_id,
        "category": "financial",
        "confidence": 0.9,
        "out_of_range": False,
        "evidence": [{"text": {"quote": "…"}}],
        "notes": [],
        **changes,
    }


@pytest.fixture
async def store(supabase_project: SupabaseProject) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(timeout=20) as http:
        key = supabase_project.keys.service_role
        yield await acreate_client(supabase_project.url, key, AsyncClientOptions(httpx_client=http))


@pytest.fixture
async def reader(supabase_project: SupabaseProject) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(timeout=20) as http:
        key = supabase_project.keys.authenticated
        yield await acreate_client(supabase_project.url, key, AsyncClientOptions(httpx_client=http))


async def ingest(client: Any, *writes: dict[str, Any]) -> list[str]:
    answer = await client.rpc("ingest_filing_batch", {"batch": {"writes": list(writes)}}).execute()
    results: list[dict[str, Any]] = answer.data["results"]
    assert [(each["filing_id"], each["sequence"]) for each in results] == [
        (write["filing_id"], write["sequence"]) for write in writes
    ]
    return [each["outcome"] for each in results]


async def test_a_batch_is_stored_and_every_kind_of_value_comes_back_exactly(
    store: Any, reader: Any, supabase_project: SupabaseProject
) -> None:
    assert await ingest(store, extraction(), analysis()) == ["applied", "applied"]
    filing = (
        await reader.table("current_filings").select("*").eq("filing_id", FILING).single().execute()
    ).data
    assert (filing["cik"], filing["filing_date"], filing["version"], filing["sequence"]) == (
        320193,
        "2024-11-01",
        1,
        1,
    )
    headers = {"Authorization": f"Bearer {supabase_project.keys.authenticated}"}
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.get(f"{supabase_project.url}/rest/v1/current_signals?order=position")
    signals = {row["signal_id"]: row for row in json.loads(answer.text, parse_float=Decimal)}
    assert list(signals) == [signal["signal_id"] for signal in extraction()["extraction"]["signals"]]
    assert signals["revenue"]["value_decimal"] == Decimal("391035000000.123456789")
    assert signals["current_ratio"]["value_double"] == Decimal("0.8673")
    assert signals["going_concern_doubt"]["value_bool"] is False
    assert signals["risk_factor_count"]["value_int"] == 9_007_199_254_740_993
    assert signals["auditor_opinion"]["value_text"] == "unqualified"
    assert signals["revenue"]["evidence"] == [{"text": {"quote": "…"}}]
    missing = (await reader.table("missing_signals").select("signal_id", "reason").execute()).data
    assert missing == [{"signal_id": "cash_runway", "reason": "condition_not_met"}]
    found = (
        await reader.table("current_analyses").select("*").eq("filing_id", FILING).single().execute()
    ).data
    assert (found["rating"], found["score"], found["not_rated_reason"]) == ("sound", 66.5, None)


async def test_a_filing_without_a_date_is_stored_and_its_date_stays_absent(store: Any, reader: Any) -> None:
    await ingest(store, extraction(filing_date=None, accepted_at=None, period_end=None, cik=None))
    filing = (await reader.table("current_filings").select("*").single().execute()).data
    assert (filing["filing_date"], filing["accepted_at"], filing["cik"]) == (None, None, None)
    signals = (await reader.table("current_signals").select("signal_id", "filing_date").execute()).data
    assert len(signals) == 5
    assert {row["filing_date"] for row in signals} == {None}
    assert (
        len((await reader.table("current_signals").select("*").is_("filing_date", "null").execute()).data)
        == 5
    )


async def test_the_same_batch_again_changes_nothing(store: Any, supabase_project: SupabaseProject) -> None:
    writes = [extraction(), analysis(), extraction(OTHER, 7)]
    await ingest(store, *writes)
    before = await _everything(supabase_project)
    assert await ingest(store, *writes) == ["ignored"] * 3
    assert await _everything(supabase_project) == before


async def test_a_newer_version_is_current_and_the_older_one_stays(store: Any, reader: Any) -> None:
    await ingest(store, extraction(sequence=5, version=2, filing_date="2024-12-01", signals=[]))
    await ingest(store, extraction(sequence=1, version=1))
    current = (await reader.table("current_filings").select("version", "filing_date").execute()).data
    assert current == [{"version": 2, "filing_date": "2024-12-01"}]
    assert (await reader.table("current_signals").select("*").execute()).data == []
    assert len((await reader.table("signals").select("*").eq("version", 1).execute()).data) == 5


async def test_what_a_purge_removed_stays_away_until_a_newer_commit(
    store: Any, supabase_project: SupabaseProject
) -> None:
    await ingest(store, extraction(sequence=1), analysis(sequence=2))
    assert await ingest(store, purge(sequence=3)) == ["applied"]
    state = await _everything(supabase_project)
    assert (state["filings"], state["signals"], state["analyses"]) == ([], [], [])
    assert await ingest(store, extraction(sequence=1), analysis(sequence=2)) == ["ignored", "ignored"]
    assert await ingest(store, extraction(sequence=4, version=2)) == ["applied"]


_WRITES = [
    extraction(sequence=1),
    extraction(sequence=2, version=2, filing_date=None),
    extraction(sequence=6, version=2, filing_date="2024-10-01", signals=[]),
    analysis(sequence=3),
    analysis(sequence=7, version=2),
    analysis(sequence=8, version=1),
    purge(sequence=4),
    extraction(sequence=9, version=3),
    extraction(OTHER, sequence=5, filing_date="1996-03-31"),
    purge(OTHER, sequence=2),
]


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_batches_in_any_order_and_any_number_of_times_end_the_same(
    supabase_server: SupabaseProject, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(_WRITES))))
    repeated = data.draw(st.lists(st.sampled_from(range(len(_WRITES))), max_size=5))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=15))
    async with connected(supabase_server.database_url) as connection:
        expected = await _end_state(connection, [_WRITES])
        rest = [_WRITES[index] for index in [*order, *repeated]]
        batches = []
        for size in [*sizes, len(rest)]:
            batches.append(rest[:size])
            rest = rest[size:]
        assert await _end_state(connection, batches) == expected


async def test_two_batches_that_open_the_same_month_both_get_in(supabase_project: SupabaseProject) -> None:
    """The second one waits for the first one's partition, and sees it when it is its turn."""
    make = "select tenkay_internal.ensure_signals_partition('2031-07-15')"
    async with (
        connected(supabase_project.database_url) as first,
        connected(supabase_project.database_url) as second,
    ):
        transaction = first.transaction()
        await transaction.start()
        await first.execute(make)
        waiting = asyncio.create_task(second.execute(make))
        async with asyncio.timeout(10):
            while not await first.fetchval(
                "select exists (select from pg_locks where not granted) from pg_sleep(0.01)"
            ):
                pass
        await transaction.commit()
        await waiting
        assert await second.fetchval("select to_regclass('tenkay_internal.signals_2031_07') is not null")


async def test_overlapping_batches_at_once_neither_block_each_other_nor_lose_anything(
    store: Any, supabase_project: SupabaseProject
) -> None:
    shuffled = random.Random(7)  # noqa: S311 (repeatable, not secret)
    writes = [
        extraction(
            f"0000320193-{year:02d}-{number:06d}", number + 1, filing_date=f"20{year:02d}-{number + 1:02d}-15"
        )
        for year in range(10, 16)
        for number in range(10)
    ]
    batches = []
    for _ in range(24):
        batch = shuffled.sample(writes, 15)
        batches.append(batch)
    await asyncio.gather(*(ingest(store, *batch) for batch in batches))
    await ingest(store, *writes)
    state = await _everything(supabase_project)
    assert len(state["filings"]) == 60
    assert len(state["signals"]) == 300


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda write: write["extraction"]["signals"][0].update(value_decimal="much"), "22P02"),
        (lambda write: write["extraction"]["signals"][0].update(value_bool=True), "23514"),
        (lambda write: write["extraction"]["signals"][0].update(value_decimal="NaN"), "23514"),
        (lambda write: write["extraction"]["signals"][1].update(value_double="Infinity"), "23514"),
        (lambda write: write["extraction"]["signals"][0].update(evidence=[]), "23514"),
        (lambda write: write["extraction"]["signals"][0].update(unit=""), "23514"),
        (
            lambda write: write["extraction"]["signals"].append(_signal("revenue", value_int=1, unit="x")),
            "23505",
        ),
        (lambda write: write["extraction"].pop("result_key"), "23502"),
        (lambda write: write["extraction"].pop("signals"), "22023"),
        (lambda write: write["extraction"].update(filing_date="2024-02-30"), "22008"),
        (lambda write: write.update(filing_id="../../etc/passwd"), "23514"),
        (lambda write: write.update(purge=True), "22023"),
        (lambda write: write.pop("extraction"), "22023"),
        (lambda write: write.pop("sequence"), "22023"),
    ],
)
async def test_one_bad_write_leaves_the_whole_batch_undone(
    store: Any, supabase_project: SupabaseProject, spoil: Any, code: str
) -> None:
    bad = copy.deepcopy(extraction(OTHER, 9))
    spoil(bad)
    with pytest.raises(APIError) as raised:
        await store.rpc("ingest_filing_batch", {"batch": {"writes": [extraction(), bad]}}).execute()
    assert raised.value.code == code
    assert all(not rows for rows in (await _everything(supabase_project)).values())


@pytest.mark.parametrize("batch", [{}, {"writes": {}}, [], {"writes": [extraction()] * 201}])
async def test_a_batch_that_is_none_or_too_large_is_refused(store: Any, batch: Any) -> None:
    with pytest.raises(APIError) as raised:
        await store.rpc("ingest_filing_batch", {"batch": batch}).execute()
    assert raised.value.code == "22023"


async def test_only_the_service_role_writes_and_only_through_the_function(
    store: Any, reader: Any, supabase_project: SupabaseProject
) -> None:
    async def code_of(query: Any) -> str | None:
        with pytest.raises(APIError) as raised:
            await query.execute()
        return raised.value.code

    await ingest(store, extraction())
    batch = {"batch": {"writes": [extraction(OTHER, 2)]}}
    assert await code_of(reader.rpc("ingest_filing_batch", batch)) == "42501"
    async with httpx.AsyncClient() as http:
        options = AsyncClientOptions(httpx_client=http)
        anybody: Any = await acreate_client(supabase_project.url, supabase_project.keys.anon, options)
        assert await code_of(anybody.rpc("ingest_filing_batch", batch)) == "42501"
        for table in ("filings", "signals", "missing_signals", "analyses", "tombstones", "current_filings"):
            assert await code_of(anybody.table(table).select("*")) == "42501"
    for client in (store, reader):
        assert await code_of(client.table("filings").delete().eq("filing_id", FILING)) == "42501"
        assert (
            await code_of(client.table("tombstones").insert({"filing_id": FILING, "sequence": 1})) == "42501"
        )
        assert await code_of(client.table("signals").update({"unit": "x"}).eq("filing_id", FILING)) == "42501"
    assert await code_of(store.table("schema_migrations").select("*")) == "PGRST205"


async def _everything(project: SupabaseProject) -> dict[str, list[dict[str, Any]]]:
    async with connected(project.database_url) as connection:
        return await _tables(connection)


async def _end_state(
    connection: asyncpg.Connection, batches: list[list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    await connection.execute(
        "truncate public.filings, public.signals, public.missing_signals, public.analyses, public.tombstones"
    )
    for batch in batches:
        await connection.fetchval("select public.ingest_filing_batch($1)", json.dumps({"writes": batch}))
    return await _tables(connection)


async def _tables(connection: asyncpg.Connection) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for table in ("filings", "signals", "missing_signals", "analyses", "tombstones"):
        rows = await connection.fetch(f"select * from public.{table} t order by t::text")  # noqa: S608
        tables[table] = [dict(row) for row in rows]
    return tables
