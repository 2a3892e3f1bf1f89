"""What the store expects of whatever stands at a Supabase address, and what that must refuse to others.

Without further ado they run against the local stack's gateway in front of real Postgres. Against a hosted project, or a
PostgREST of your own, with Tenkay's migrations applied:

    TENKAY_TEST_SUPABASE_URL=https://….supabase.co TENKAY_TEST_SUPABASE_KEY=<service role's key> \\
    TENKAY_TEST_SUPABASE_ANON_KEY=<anon key> TENKAY_TEST_SUPABASE_READER_KEY=<token of the role authenticated> \\
    python -m pytest tests/contract/test_sink_contract.py

What they write is of filings that no filer can have (filer agent 1999…), and is purged at the end; the marks of purged
filings stay.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError

from supabase import AsyncClient, AsyncClientOptions
from tenkay_store.domain.records import Analysis, CommitKind, CommitRecord, Extraction, Purge
from tenkay_store.domain.sink import Remedy, SinkFailure, SupabaseOptions
from tenkay_store.second_sink.supabase_sink import SupabaseSink
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.unit.store.filings import accession_number, analysis, extraction

pytestmark = pytest.mark.xdist_group("postgres")

URL, KEY, ANON_KEY, READER_KEY = (
    f"TENKAY_TEST_SUPABASE_{name}" for name in ("URL", "KEY", "ANON_KEY", "READER_KEY")
)
TABLES = ("filings", "signals", "missing_signals", "analyses", "tombstones")
VIEWS = ("current_filings", "current_signals", "current_analyses")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the tests run, with the keys there."""

    url: str
    service_role: str
    anon: str | None
    reader: str | None


class Writer:
    """Commits of filings of this run's own, through the sink."""

    def __init__(self, sink: SupabaseSink) -> None:
        self.sink = sink
        self._agent = 1_999_000_000 + random.randrange(10**6)  # noqa: S311 - not a secret
        self._filings = itertools.count(1)
        # After whatever earlier runs have left there.
        self._sequences = itertools.count(time.time_ns() // 1000)
        self.written: set[str] = set()

    def name(self) -> str:
        """The accession number of a filing that is not there."""
        return accession_number(next(self._filings), self._agent)

    def commit(self, body: Extraction | Analysis | Purge, version: int = 1) -> CommitRecord:
        """The next commit."""
        self.written.add(body.accession_number)
        return CommitRecord(next(self._sequences), version, datetime.now(UTC), body)

    async def purge(self) -> None:
        """Takes away what was written."""
        await self.sink.write([self.commit(Purge(name, "tests", "over")) for name in sorted(self.written)])


@pytest.fixture(scope="module")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    url = os.environ.get(URL)
    if url is None:
        project = request.getfixturevalue("supabase_server")
        return Endpoint(project.url, project.keys.service_role, project.keys.anon, project.keys.authenticated)
    if KEY not in os.environ:
        pytest.fail(f"{URL} is set and {KEY} is not: give the service role's key")
    return Endpoint(url, os.environ[KEY], os.environ.get(ANON_KEY), os.environ.get(READER_KEY))


@pytest.fixture
async def writer(endpoint: Endpoint) -> AsyncIterator[Writer]:
    sink = SupabaseSink(
        SupabaseOptions(
            endpoint.url, endpoint.service_role, connections=4, connect_seconds=5, read_seconds=30
        )
    )
    # In the name of the store whose project it is; where it is nobody's it stays so.
    owner: Any = (await sink.client.rpc("store_owner", {}).execute()).data
    if owner["store_id"] is not None:
        await sink.claim(owner["store_id"], used=False)
    writer = Writer(sink)
    yield writer
    await writer.purge()
    await sink.close()


@pytest.fixture
async def reader(endpoint: Endpoint) -> AsyncIterator[AsyncClient]:
    async for client in _client(endpoint, endpoint.reader, READER_KEY):
        yield client


@pytest.fixture
async def anybody(endpoint: Endpoint) -> AsyncIterator[AsyncClient]:
    async for client in _client(endpoint, endpoint.anon, ANON_KEY):
        yield client


async def _client(endpoint: Endpoint, key: str | None, variable: str) -> AsyncIterator[AsyncClient]:
    if key is None:
        pytest.skip(f"set {variable} to try this too")
    async with httpx.AsyncClient(timeout=30) as http:
        yield AsyncClient(
            endpoint.url,
            key,
            AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False),
        )


async def _rows(client: Any, table: str, name: str) -> list[dict[str, Any]]:
    answer = await client.table(table).select("*").eq("filing_id", name).execute()
    return list(answer.data)


async def _refusal(query: Any) -> str | None:
    with pytest.raises(APIError) as refused:
        await query.execute()
    return refused.value.code


async def test_a_batch_is_taken_once_and_read_back_exactly(writer: Writer) -> None:
    message = extraction(
        writer.name(),
        signals={"revenue": "-12345678901234567890.123456", "margin": 0.1, "doubt": True, "staff": 2**53 + 1},
    )
    batch = [
        writer.commit(extraction_record(message)),
        writer.commit(analysis_record(analysis(message))),
    ]
    for _ in range(2):
        await writer.sink.write(batch)
    name = message.filing.accession_number
    (filing,) = await _rows(writer.sink.client, "current_filings", name)
    assert (filing["sequence"], filing["version"]) == (batch[0].sequence, 1)
    assert datetime.fromisoformat(filing["recorded_at"]) == batch[0].recorded_at
    client: Any = writer.sink.client
    answer = await (
        client.table("current_signals").select("*").eq("filing_id", name).order("position").execute()
    )
    values = [
        next(row[column] for column in row if column.startswith("value_") and row[column] is not None)
        for row in answer.data
    ]
    assert values[1:] == [0.1, True, 2**53 + 1]
    assert len(await _rows(writer.sink.client, "missing_signals", name)) == 1
    (rated,) = await _rows(writer.sink.client, "current_analyses", name)
    assert (rated["rating"], rated["sequence"]) == ("WEAK", batch[1].sequence)


async def test_a_late_commit_does_not_overwrite_and_a_purge_keeps_late_ones_away(writer: Writer) -> None:
    name = writer.name()
    first = writer.commit(extraction_record(extraction(name, company_name="First Inc")))
    second = writer.commit(extraction_record(extraction(name, company_name="Second Inc")))
    await writer.sink.write([second])
    await writer.sink.write([first])
    (filing,) = await _rows(writer.sink.client, "current_filings", name)
    assert filing["company_name"] == "Second Inc"
    await writer.sink.write([writer.commit(Purge(name, "tests", "to see it go"))])
    await writer.sink.write([second])
    for table in ("filings", "signals", "missing_signals", "analyses"):
        assert await _rows(writer.sink.client, table, name) == []
    assert len(await _rows(writer.sink.client, "tombstones", name)) == 1


async def test_batches_at_once_all_arrive(writer: Writer) -> None:
    commits = [writer.commit(extraction_record(extraction(writer.name()))) for _ in range(12)]
    await asyncio.gather(*(writer.sink.write(commits[start : start + 4]) for start in range(0, 12, 2)))
    found = await asyncio.gather(
        *(_rows(writer.sink.client, "filings", each.accession_number) for each in commits)
    )
    assert [len(rows) for rows in found] == [1] * 12


async def test_a_bad_commit_is_refused_for_good_and_leaves_its_batch_undone(writer: Writer) -> None:
    good = writer.commit(extraction_record(extraction(writer.name())))
    bad = writer.commit(extraction_record(extraction(writer.name())))
    body = bad.body
    assert isinstance(body, Extraction)
    spoilt = replace(bad, body=replace(body, signals=(body.signals[0]._replace(confidence=7.0),)))
    with pytest.raises(SinkFailure) as refused:
        await writer.sink.write([good, spoilt])
    assert refused.value.remedy is Remedy.DEAD
    assert "23514" in refused.value.detail
    assert await _rows(writer.sink.client, "filings", good.accession_number) == []


async def test_the_days_commits_are_told(writer: Writer) -> None:
    commit = writer.commit(extraction_record(extraction(writer.name())))
    await writer.sink.write([commit])
    day = commit.recorded_at.date()
    found = await writer.sink.commits_of_day(
        day, commit.sequence - 1, commit.sequence, 10, with_contents=True
    )
    assert [(each.sequence, each.kind, each.accession_number, each.version) for each in found] == [
        (commit.sequence, CommitKind.EXTRACTION, commit.accession_number, 1)
    ]
    assert found[0].hash > 0
    digests = await writer.sink.day_digests(day, day, with_contents=True)
    assert digests[day].commits >= 1


async def test_a_key_that_is_none_stops_the_sink(endpoint: Endpoint) -> None:
    options = SupabaseOptions(endpoint.url, "eyJub3QiOiJhIGtleSJ9", 1, connect_seconds=5, read_seconds=30)
    sink = SupabaseSink(options)
    record = CommitRecord(1, 1, datetime.now(UTC), extraction_record(extraction(accession_number(1))))
    with pytest.raises(SinkFailure) as refused:
        await sink.write([record])
    await sink.close()
    assert refused.value.remedy is Remedy.STOP


async def test_without_a_token_nothing_is_read_or_written(anybody: Any) -> None:
    for table in (*TABLES, *VIEWS):
        assert await _refusal(anybody.table(table).select("*")) in ("42501", "PGRST205"), table
    for table in TABLES:
        row = {"filing_id": accession_number(1)}
        assert await _refusal(anybody.table(table).insert(row)) == "42501", table
        assert await _refusal(anybody.table(table).delete().eq("filing_id", "x")) == "42501", table
    for name, arguments in _CALLS.items():
        assert await _refusal(anybody.rpc(name, arguments)) in ("42501", "PGRST202"), name


async def test_a_reader_reads_and_writes_nothing(reader: Any, writer: Writer) -> None:
    commit = writer.commit(extraction_record(extraction(writer.name())))
    await writer.sink.write([commit])
    for table in ("filings", "signals", "missing_signals", "current_filings", "current_signals"):
        assert await _rows(reader, table, commit.accession_number), table
    for table in TABLES:
        row = {"filing_id": commit.accession_number}
        assert await _refusal(reader.table(table).insert(row)) == "42501", table
        assert await _refusal(reader.table(table).update(row).eq("filing_id", "x")) == "42501", table
        assert await _refusal(reader.table(table).delete().eq("filing_id", "x")) == "42501", table
    for name, arguments in _CALLS.items():
        assert await _refusal(reader.rpc(name, arguments)) in ("42501", "PGRST202"), name


_CALLS: dict[str, dict[str, Any]] = {
    "claim_store": {"store_id": "x", "used": True},
    "store_owner": {},
    "ingest_filing_batch": {"batch": {"writes": []}},
    "commit_digests": {"first_day": "2026-01-01", "last_day": "2026-01-01", "with_contents": False},
    "commits_of_day": {
        "day": "2026-01-01",
        "after_sequence": 0,
        "up_to": 1,
        "at_most": 1,
        "with_contents": False,
    },
    "apply_purge": {"filing_id": "x", "sequence": 1, "recorded_at": "2026-01-01"},
}


@pytest.mark.parametrize(
    "query",
    [
        "filing_id=eq.' or '1'='1",
        "filing_id=eq.x'; drop table public.filings; --",
        "filing_id=eq.x) or (true",
        "filing_id=in.(\"x') or ('1'='1\")",
        "filing_id=like.x' or 'a' like '*",
        "cik=eq.1 or 1=1",
        "filing_id) or (1=eq.1",
        "filing_id=eq.x&order=filing_id;drop table public.filings",
        "filing_id=eq.x&select=filing_id,(select current_user)",
        "filing_id=eq.x&limit=1;select 1",
        "filing_id=eq.x&offset=0 union select 1",
    ],
)
async def test_text_in_a_filter_is_text_and_nothing_else(
    endpoint: Endpoint, writer: Writer, query: str
) -> None:
    await writer.sink.write([writer.commit(extraction_record(extraction(writer.name())))])
    key = endpoint.reader or endpoint.service_role
    name, _, value = query.partition("&")
    column, _, condition = name.partition("=")
    more = dict(part.split("=", 1) for part in value.split("&") if part)
    async with httpx.AsyncClient(headers={"apikey": key, "Authorization": f"Bearer {key}"}) as http:
        answer = await http.get(
            f"{endpoint.url}/rest/v1/filings", params={column: condition, **more}, timeout=30
        )
        assert (answer.status_code, answer.json()) == (200, []) or 400 <= answer.status_code < 500
        # All is still there.
        there = await http.get(
            f"{endpoint.url}/rest/v1/filings", params={"select": "filing_id", "limit": "1"}
        )
        assert len(there.json()) == 1
