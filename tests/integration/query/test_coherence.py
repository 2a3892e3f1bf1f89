"""Short runs of the coherence check: on query as it is, and on query with faults that it must find."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.quality.coherence.check import VISIBILITY_BAR_MS, CheckPlan, check
from scripts.quality.coherence.disturbances import KINDS
from scripts.quality.coherence.judge import Fault

IN_LONG_RUNS = pytest.mark.skipif(
    not os.environ.get("TENKAY_TEST_MUTANTS"), reason="TENKAY_TEST_MUTANTS is not set; make coherence sets it"
)
SHORT = CheckPlan(commits=200, writers=6, readers=2, rest_seconds=None, longest_seconds=60)


async def test_no_answer_is_untrue_while_redis_is_disturbed_and_a_process_stands_still(
    tmp_path: Path,
) -> None:
    outcome = await check(replace(SHORT, commits=120, writers=12, readers=4, rest_seconds=0.5), tmp_path)

    assert {fault: count for fault, count in outcome.found.items() if count} == {}, outcome.examples
    assert {"purge", "dispute", "analysis", "extraction", "amendment"} <= outcome.kinds.keys()
    assert outcome.disturbances.keys() == set(KINDS)
    assert outcome.commits >= 120
    assert outcome.reads > 500


@pytest.mark.parametrize(
    ("mutant", "commits", "fault"),
    [
        pytest.param("skip_changes", 300, Fault.STALE, marks=IN_LONG_RUNS),
        pytest.param("forget_originals", 400, Fault.STALE, marks=IN_LONG_RUNS),
        ("forget_tokens", 60, Fault.BELOW_TOKEN),
    ],
)
async def test_a_fault_in_query_is_found(tmp_path: Path, mutant: str, commits: int, fault: Fault) -> None:
    outcome = await check(replace(SHORT, mutant=mutant, commits=commits), tmp_path)

    assert outcome.found[fault] > 0
    assert not outcome.is_good


@IN_LONG_RUNS
async def test_a_follower_that_is_late_is_found_though_no_answer_is_untrue(tmp_path: Path) -> None:
    outcome = await check(replace(SHORT, commits=40, mutant="late_changes"), tmp_path)

    assert outcome.visibility_ms["p99"] > VISIBILITY_BAR_MS
    assert not outcome.is_good
