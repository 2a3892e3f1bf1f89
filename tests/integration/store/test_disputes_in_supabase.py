"""Disputes in the second sink: they arrive in any order, hide the value from readers, and go with their filing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from tenkay_store.domain.records import CommitRecord, Dispute, Purge
from tests.integration.store.second_sink import delivering, supabase_sink, until_delivered
from tests.stack_fixtures import SupabaseProject, connected
from tests.unit.store.filings import accession_number, extraction_to_commit

pytestmark = pytest.mark.xdist_group("postgres")

FIRST = accession_number(1)
AT = datetime(2026, 1, 2, tzinfo=UTC)
WRONG = Dispute(FIRST, 1, "current_ratio", is_open=True, reason="WRONG_SCALE", said_by="an analyst", note="")
SETTLED = replace(WRONG, is_open=False, said_by="her head", note="it is right")


async def _read(project: SupabaseProject) -> tuple[list[tuple[int, bool, str]], set[str]]:
    """What is held of disputes, and the signals that readers see."""
    async with connected(project.database_url) as connection:
        said = await connection.fetch(
            "select sequence, is_open, said_by from public.disputes order by sequence"
        )
        signals = await connection.fetch("select signal_id from public.current_signals")
    return [tuple(row.values()) for row in said], {row["signal_id"] for row in signals}


async def test_a_disputed_value_is_hidden_from_readers_until_that_is_resolved(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    async with delivering(tmp_path, sink) as (store, _):
        await store.commit(extraction_to_commit(FIRST))
        await store.dispute(replace(WRONG, version=None))
        await until_delivered(store)
        assert await _read(supabase_project) == (
            [(2, True, "an analyst")],
            {"revenue", "going_concern_doubt"},
        )
        # A version with the same value: what is said of it arrives as a commit of its own.
        await store.commit(extraction_to_commit(FIRST, code_version="2"))
        await until_delivered(store)
        assert await _read(supabase_project) == (
            [(2, True, "an analyst"), (4, True, "an analyst")],
            {"revenue", "going_concern_doubt"},
        )
        await store.dispute(replace(SETTLED, version=None))
        await until_delivered(store)
        said, signals = await _read(supabase_project)
        assert said == [(2, True, "an analyst"), (5, False, "her head")]
        assert signals == {"revenue", "going_concern_doubt", "current_ratio"}
        await store.purge([Purge(FIRST, "the data officer", "withdrawn")])
        await until_delivered(store)
        assert await _read(supabase_project) == ([], set())


async def test_the_end_is_the_same_in_any_order_of_arrival(supabase_project: SupabaseProject) -> None:
    sink = supabase_sink(supabase_project.url, supabase_project.keys.service_role)
    try:
        for number, order in enumerate(permutations(range(3))):
            filing = accession_number(number)
            wrong = replace(WRONG, accession_number=filing)
            commits = [
                CommitRecord(1, 1, AT, extraction_to_commit(filing)),
                CommitRecord(2, 1, AT, wrong),
                CommitRecord(3, 1, AT, replace(SETTLED, accession_number=filing)),
            ]
            for position in (*order, *order):
                await sink.write([commits[position]])
            said, signals = await _read(supabase_project)
            assert said == [(3, False, "her head")]
            assert "current_ratio" in signals
            # Late deliveries after a purge bring nothing back.
            await sink.write([CommitRecord(5, 1, AT, Purge(filing, "the data officer", "withdrawn"))])
            await sink.write([commits[position] for position in order])
            assert await _read(supabase_project) == ([], set())
    finally:
        await sink.close()
