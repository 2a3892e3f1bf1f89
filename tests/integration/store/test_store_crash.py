"""SIGKILL of the store under concurrent writers, at each named failpoint and beside them, over real Postgres.

`make crash` runs the same rounds by the hundred; docs/store/crashes.md has its results.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.quality.crash_rounds import kills_of
from scripts.quality.store_crashes.rounds import KILLS, Hit, Kill, OtherKill, run
from scripts.quality.store_crashes.second_sink import SecondSink
from tenkay.stack.rest_gateway.process import DATABASE_ROLE
from tenkay_store.failpoints import Failpoint
from tests.stack_fixtures import SupabaseProject

pytestmark = pytest.mark.xdist_group("postgres")

ROUNDS: tuple[tuple[Kill, ...], ...] = (
    (Failpoint.MIGRATION, Failpoint.BEFORE_COMMIT, Failpoint.AFTER_SINK_OK),
    (Failpoint.SORT, Failpoint.SNAPSHOT, OtherKill.LATE_DELIVERY, Failpoint.AFTER_COMMIT),
    (Failpoint.AFTER_SORT, OtherKill.START, Failpoint.CHECKPOINT, OtherKill.ANY_MOMENT),
)


@pytest.fixture
async def sink(supabase_project: SupabaseProject, tmp_path: Path) -> AsyncIterator[SecondSink]:
    as_gateway = supabase_project.database_url.replace("postgres@", f"{DATABASE_ROLE}@")
    async with SecondSink(supabase_project.database_url, as_gateway, supabase_project.keys, tmp_path) as sink:
        yield sink


def test_every_way_to_kill_is_in_a_round() -> None:
    assert sorted(kill for kills in ROUNDS for kill in kills) == sorted(KILLS)


@pytest.mark.parametrize("seed", [0, 1, 123456789])
def test_two_hundred_rounds_end_ten_lives_at_least_in_each_way(seed: int) -> None:
    kills = Counter(kill for number in range(seed, seed + 200) for kill in kills_of(number))
    assert all(kills[kill] >= 10 for kill in KILLS)


@pytest.mark.parametrize("kills", ROUNDS, ids="-".join)
async def test_a_killed_store_loses_tears_and_doubles_nothing(
    sink: SecondSink, tmp_path: Path, kills: tuple[Kill, ...]
) -> None:
    seed = random.randrange(10**9)  # noqa: S311 - chance, not a secret
    outcome = await run(seed, kills, sink, tmp_path)
    assert outcome.findings == [], f"seed {seed}"
    assert outcome.kills == [Hit(kill, hit=True) for kill in kills], f"seed {seed}"
    assert outcome.commits > 0
