"""Schedules of calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from query_load.arrivals import MOST_CALLS, Stage, evenly, poisson, ramp, spike

_STAGES = st.lists(
    st.builds(Stage, seconds=st.floats(0.1, 20), rate=st.floats(0.01, 200)), min_size=1, max_size=5
)


@given(_STAGES, st.integers(0, 1000))
def test_a_schedule_is_in_order_within_its_time_and_follows_from_its_seed(
    stages: list[Stage], seed: int
) -> None:
    moments = poisson(stages, seed)

    assert (np.diff(moments) >= 0).all()
    assert ((moments >= 0) & (moments <= sum(each.seconds for each in stages))).all()
    assert (moments == poisson(stages, seed)).all()


def test_a_schedule_has_the_rate_of_each_stage() -> None:
    moments = poisson([Stage(100, 50), Stage(100, 200)], seed=1)

    assert (moments < 100).sum() == pytest.approx(5_000, rel=0.05)
    assert (moments >= 100).sum() == pytest.approx(20_000, rel=0.05)


@given(_STAGES)
def test_an_even_schedule_has_a_call_in_each_stage(stages: list[Stage]) -> None:
    moments, start = evenly(stages), 0.0
    for stage in stages:
        inside = (moments >= start - 1e-9) & (moments <= start + stage.seconds + 1e-9)
        assert inside.sum() >= 1
        start += stage.seconds


def test_a_ramp_grows_by_one_factor_and_a_spike_comes_back() -> None:
    rates = [stage.rate for stage in ramp(10, 160, 5, 60)]
    before, during, after = spike(10, 3, 60)

    assert rates == pytest.approx([10, 20, 40, 80, 160])
    assert (before.rate, during.rate, after.rate) == (10, 30, 10)
    assert before.seconds + during.seconds + after.seconds == pytest.approx(60)


def test_a_schedule_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="take a lower rate"):
        poisson([Stage(10, MOST_CALLS)], seed=1)
