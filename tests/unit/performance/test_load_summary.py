"""From recorded calls to figures and a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from query_load.arrivals import Stage
from query_load.calls import Calls
from query_load.faults import FaultSpan, plan
from query_load.load import LoadPlan, LoadResult
from query_load.page import page
from query_load.scenarios import Scenario
from query_load.summary import judge, read_objectives, recovery_seconds, summarise

SECONDS, RATE = 60, 20


def result(*, latency: float = 0.005) -> LoadResult:
    """A minute of GetSignals, all answered from the cache after `latency`."""
    moments = (np.arange(SECONDS * RATE) + 0.5) / RATE
    calls = Calls.planned(moments, ["GetSignals"])
    calls.sent[:], calls.done[:], calls.hit[:] = moments, moments + latency, True
    return LoadResult(LoadPlan(read=[Stage(SECONDS, RATE)]), [calls], seconds=float(SECONDS))


def fail(load: LoadResult, start: float, end: float, reason: str = "DEPENDENCY_UNAVAILABLE") -> None:
    [calls] = load.calls
    calls.outcomes.append(reason)
    calls.outcome[calls.between(start, end)] = len(calls.outcomes) - 1


def missed(load: LoadResult, *, is_soak: bool = False) -> set[str]:
    return {each.name for each in judge(load, read_objectives(), is_soak=is_soak) if not each.is_met}


def test_a_run_without_a_fault_meets_the_objectives() -> None:
    assert missed(result()) == set()


def test_two_failures_in_a_thousand_are_too_many() -> None:
    load = result()
    fail(load, 10, 10.2)

    assert missed(load) == {"success share"}


def test_slow_answers_miss_the_methods_percentile() -> None:
    assert missed(result(latency=0.08)) == {"GetSignals p99, ms"}


def test_in_a_soak_calls_may_wait_for_each_other_but_not_fail() -> None:
    assert missed(result(latency=0.08), is_soak=True) == set()
    assert missed(result(latency=0.6), is_soak=True) == {"GetSignals p99, ms"}
    load = result()
    fail(load, 10, 10.05)
    assert missed(load, is_soak=True) == {"failed calls"}


def test_a_failure_under_a_fault_of_redis_is_never_excused() -> None:
    load = result()
    load.spans.append(FaultSpan("redis-killed", 20, 23))
    fail(load, 21, 21.06)

    assert missed(load) == {"success share in Redis faults"}


def test_what_fails_while_the_store_is_away_is_excused_and_no_longer() -> None:
    load = result()
    load.spans.append(FaultSpan("store-restarted", 20, 22))
    fail(load, 20, 22)
    assert missed(load) == set()

    fail(load, 40, 41)
    assert missed(load) == {"success share"}


def test_recovery_is_counted_from_the_faults_end() -> None:
    load, span = result(), FaultSpan("redis-killed", 20, 23)
    fail(load, 20, 26)

    assert recovery_seconds(load, span) == pytest.approx(3, abs=0.5)


def test_a_load_that_never_recovers_says_so() -> None:
    load, span = result(), FaultSpan("redis-killed", 20, 23)
    load.spans.append(span)
    fail(load, 20, 60)

    assert recovery_seconds(load, span) == math.inf
    assert "recovery from redis-killed, s" in missed(load)


def test_a_ramp_is_judged_by_how_far_it_went_well() -> None:
    load = result()
    load.plan = LoadPlan(read=[Stage(20, 10), Stage(20, 20), Stage(20, 40)])
    fail(load, 41, 60)

    told = summarise(load, Scenario.RAMP, capacity=30)

    assert [each["is_met"] for each in told["stages"]] == [True, True, False]
    assert {each["name"]: each["value"] for each in told["objectives"]} == {
        "reads a second in time, by capacity": pytest.approx(0.667),
        "reads a second in time": 20,
    }
    assert told["passed"]


def test_the_page_shows_methods_errors_and_faults_and_needs_no_network() -> None:
    load = result()
    load.spans.append(FaultSpan("redis-flushed", 20, 20))
    fail(load, 30, 31, "RESOURCE_EXHAUSTED")
    told = summarise(load, Scenario.READ, capacity=30)
    told |= {"scenario": "read", "date": "2026-01-01", "machine": "m", "command": "load_test.py <read>"}

    text = page(told)

    assert "20 RESOURCE_EXHAUSTED" in text
    assert "redis-flushed" in text
    assert "load_test.py &lt;read&gt;" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_faults_are_spread_over_the_run_unless_they_are_given_a_time() -> None:
    spread = plan("redis-killed,redis-flushed", 30)
    given = plan("redis-stopped@5:2", 30)

    assert [(each.name, each.at_seconds) for each in spread] == [("redis-killed", 10), ("redis-flushed", 20)]
    assert [(each.at_seconds, each.hold_seconds) for each in given] == [(5, 2)]
    assert len(plan("redis", 60)) == 5


@pytest.mark.parametrize("text", ["redis-eaten", "redis-killed@29:5", "redis-killed@-1"])
def test_a_fault_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        plan(text, 30)
