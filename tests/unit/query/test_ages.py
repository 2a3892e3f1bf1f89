"""How old answers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_query.ages import AGE_BOUNDS_SECONDS, Ages


@given(st.lists(st.floats(-1, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_the_bound_of_the_bucket_that_holds_it(seconds: list[float], share: float) -> None:
    ages = Ages()
    for each in seconds:
        ages.observe(each)
    found = ages.quantile(share)
    inside = sum(each <= found for each in seconds) if found is not None else len(seconds)
    assert inside >= share * len(seconds) - 1e-9
    if found is not None:
        lower = [bound for bound in AGE_BOUNDS_SECONDS if bound < found]
        if lower:
            assert sum(each <= lower[-1] for each in seconds) < share * len(seconds) + 1e-9
    assert ages.count == len(seconds)


def test_without_an_answer_there_is_no_age() -> None:
    assert Ages().quantile(0.5) is None


def test_a_sampled_answer_counts_for_those_it_stands_for() -> None:
    ages = Ages()
    ages.observe(0.5)
    ages.observe(30.0, 16)
    assert ages.count == 17
    assert ages.seconds == pytest.approx(480.5)
    assert ages.quantile(0.5) == 60.0
