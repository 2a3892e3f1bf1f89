"""Counting what is asked most."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_query.asked_most import MOST_HALVINGS, AskedMost

STREAMS = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([1.0, 16.0]), st.floats(0, 5000)), max_size=400
)
HALF_LIFE = 600.0


@given(STREAMS, st.integers(1, 20))
def test_a_count_is_off_by_no_more_than_all_counts_divided_by_the_size(
    stream: list[tuple[int, float, float]], size: int
) -> None:
    asked: AskedMost[int] = AskedMost(size, HALF_LIFE, 0.0)
    now = 0.0
    true: Counter[int] = Counter()
    for key, weight, pause in stream:
        for held in true:
            true[held] *= 0.5 ** (pause / HALF_LIFE)
        now += pause
        true[key] += weight  # type: ignore[assignment]
        asked.add(key, weight, now)
    bound = sum(true.values()) / size
    slack = 1e-6 * (1 + sum(true.values()))
    found = {each.key: each for each in asked.top(size, now)}
    assert len(asked) <= size
    assert asked.total(now) == pytest.approx(sum(true.values()), rel=1e-6, abs=1e-9)
    for key, each in found.items():
        assert each.count - each.error - slack <= true[key] <= each.count + slack
        assert each.error <= bound + slack
    assert {key for key, count in true.items() if count > bound + slack} <= set(found)


@given(st.lists(st.integers(0, 8), max_size=200))
def test_with_room_for_all_the_counts_are_exact(keys: list[int]) -> None:
    asked: AskedMost[int] = AskedMost(9, HALF_LIFE, 0.0)
    for key in keys:
        asked.add(key, 1, 0.0)
    assert {each.key: each.count for each in asked.top(9, 0.0)} == Counter(keys)


@given(STREAMS, st.integers(1, 20), st.integers(1, 50))
def test_what_is_told_is_never_more_than_was_asked(
    stream: list[tuple[int, float, float]], size: int, every: int
) -> None:
    asked: AskedMost[int] = AskedMost(size, HALF_LIFE, 0.0)
    told: Counter[int] = Counter()
    for place, (key, weight, _) in enumerate(stream):
        asked.add(key, weight, 0.0)
        if place % every == 0:
            for name, count in asked.take_untold(0.0):
                told[name] += count  # type: ignore[assignment]
    true: Counter[int] = Counter()
    for key, weight, _ in stream:
        true[key] += weight  # type: ignore[assignment]
    assert all(count <= true[key] for key, count in told.items())


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    asked: AskedMost[str] = AskedMost(4, HALF_LIFE, 0.0)
    asked.add("a", 3, 0.0)
    untold = asked.take_untold(0.0)
    assert asked.take_untold(0.0) == []
    asked.add("a", 1, 0.0)
    asked.give_back(untold, 0.0)
    assert asked.take_untold(0.0) == [("a", 4)]


def test_a_half_life_halves_the_counts() -> None:
    asked: AskedMost[str] = AskedMost(4, HALF_LIFE, 0.0)
    asked.add("old", 8, 0.0)
    asked.add("new", 5, HALF_LIFE)
    assert [(each.key, each.count) for each in asked.top(2, HALF_LIFE)] == [("new", 5), ("old", 4)]


def test_after_years_without_a_question_the_counts_are_nothing_and_new_ones_count() -> None:
    asked: AskedMost[str] = AskedMost(2, HALF_LIFE, 0.0)
    asked.add("old", 8, 0.0)
    later = HALF_LIFE * MOST_HALVINGS * 1000
    assert asked.top(1, later)[0].count == 0
    for key in ("a", "b", "b"):
        asked.add(key, 1, later)
    assert [(each.key, each.count) for each in asked.top(2, later)] == [("b", 2), ("a", 1)]
