"""How much one caller may ask."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_query.admission.caller_limits import CallerCause, CallerLimit, CallerLimits, TurnedAway
from tenkay_query.admission.rate import RateLimit

LIMIT = CallerLimit(at_once=2, per_second=10, burst=3)


@given(st.lists(st.floats(0, 1), max_size=100), st.floats(0.5, 50), st.integers(1, 20))
def test_in_any_span_no_more_are_taken_than_the_burst_and_what_comes_back(
    pauses: list[float], per_second: float, burst: int
) -> None:
    rate = RateLimit(per_second, burst)
    now, taken = 0.0, []
    for pause in pauses:
        now += pause
        if rate.take(now) == 0:
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - begin) * per_second + 1e-6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0.5, 50), st.integers(1, 5))
def test_who_comes_back_when_told_gets_one(pauses: list[float], per_second: float, burst: int) -> None:
    rate, now = RateLimit(per_second, burst), 0.0
    for pause in pauses:
        now += pause
        wait = rate.take(now)
        if wait > 0:
            now += wait + 1e-9
            assert rate.take(now) == 0


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (1, 0.5)])
def test_a_rate_that_lets_nothing_through_is_refused(per_second: float, burst: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        RateLimit(per_second, burst)


def test_a_caller_over_its_concurrency_is_turned_away_and_another_is_not() -> None:
    limits = CallerLimits(LIMIT, 10)
    first = limits.enter("a", 0.0)
    limits.enter("a", 0.0)
    assert limits.enter("a", 0.0) == TurnedAway(CallerCause.CONCURRENCY, None)
    assert not isinstance(limits.enter("b", 0.0), TurnedAway)
    assert not isinstance(first, TurnedAway)
    limits.leave(first)
    assert not isinstance(limits.enter("a", 0.0), TurnedAway)


def test_a_caller_over_its_rate_is_told_when_to_come_back() -> None:
    limits = CallerLimits(LIMIT, 10)
    for _ in range(LIMIT.burst):
        state = limits.enter("a", 0.0)
        assert not isinstance(state, TurnedAway)
        limits.leave(state)
    refused = limits.enter("a", 0.0)
    assert isinstance(refused, TurnedAway)
    assert refused.cause is CallerCause.RATE
    assert refused.retry_after == pytest.approx(0.1)


CALLS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.floats(0, 0.5)), max_size=200)


@given(CALLS, st.integers(1, 8))
def test_the_table_is_bounded_and_nobody_gets_more_because_it_is_full(
    calls: list[tuple[str, bool, float]], most: int
) -> None:
    """A roomy table and a tight one: the tight one never lets a caller have more at once."""
    limits = CallerLimits(LIMIT, most)
    now = 0.0
    running: list[tuple[str, object]] = []
    for caller, ends, pause in calls:
        now += pause
        if ends and running:
            _, state = running.pop(0)
            limits.leave(state)  # type: ignore[arg-type]
        state = limits.enter(caller, now)
        if not isinstance(state, TurnedAway):
            running.append((caller, state))
        assert len(limits) <= most
        assert all(count <= 2 * LIMIT.at_once for count in Counter(name for name, _ in running).values())


def test_when_nobody_can_be_forgotten_newcomers_share_one_limit() -> None:
    limits = CallerLimits(LIMIT, 1)
    limits.enter("a", 0.0)
    for caller in ("b", "c"):
        assert not isinstance(limits.enter(caller, 0.0), TurnedAway)
    assert limits.enter("d", 0.0) == TurnedAway(CallerCause.CONCURRENCY, None)
