"""Hostile filings end to end through a pool: each is answered or refused in bounded time, and the next one is served."""

from __future__ import annotations

import pytest

from scripts.quality.hostile_filings import GROWING, HOSTILE, Outcome, send_each

pytestmark = pytest.mark.xdist_group("pool")

CPU_SECONDS = 20.0
PEAK_BYTES = 1 << 30


async def test_each_hostile_filing_is_answered_or_refused_and_the_next_is_served() -> None:
    outcomes = await send_each(500_000, filing_seconds=60.0, worker_bytes=2 << 30)
    assert [each.name for each in outcomes] == [*HOSTILE, *GROWING]
    for each in outcomes:
        assert each.next_was_served, each
        assert not _was_killed(each), each
        assert each.cpu_seconds <= CPU_SECONDS, each
        assert each.peak_bytes <= PEAK_BYTES, each
    refused = {each.name for each in outcomes if each.refused_by_reader}
    assert refused == {"null_bytes_inside", "documents_never_closed"}


def _was_killed(outcome: Outcome) -> bool:
    return outcome.told.startswith(("ExtractionOverrun", "MemoryExceeded", "WorkerCrashed"))
