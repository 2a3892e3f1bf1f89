"""The bounded map: what is asked for again stays, within the bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenkay_query.cache.s3_fifo import LARGEST_SHARE, S3Fifo

SIZE = 10

steps = st.lists(
    st.tuples(st.sampled_from(["put", "get", "remove"]), st.integers(0, 30), st.integers(0, 40)), max_size=200
)


@given(steps)
def test_the_bounds_hold_and_what_is_held_is_what_was_put_last(steps: list[tuple[str, int, int]]) -> None:
    told: list[int] = []
    cache: S3Fifo[int, tuple[int, int]] = S3Fifo(12, 800, lambda key, _value: told.append(key))
    put: dict[int, tuple[int, int]] = {}
    for number, (step, key, size) in enumerate(steps):
        if step == "put":
            assert cache.put(key, (number, size), size) is (size <= 800 * LARGEST_SHARE)
            if size <= 800 * LARGEST_SHARE:
                put[key] = (number, size)
            else:
                put.pop(key, None)
        elif step == "get":
            assert cache.get(key) == put.get(key)
        else:
            assert cache.remove(key) == put.pop(key, None)
        for dropped in told:
            del put[dropped]
        told.clear()
        assert len(cache) == len(put) <= 12
        assert cache.size_bytes == sum(size for _, size in put.values()) <= 800


def test_a_scan_pushes_out_nothing_that_is_in_use() -> None:
    cache: S3Fifo[str, int] = S3Fifo(100, 10**9)
    for number in range(50):
        cache.put(f"used {number}", number, SIZE)
    for _ in range(3):
        for number in range(50):
            assert cache.get(f"used {number}") == number
    for number in range(10_000):
        cache.put(f"scanned {number}", number, SIZE)
        assert cache.get(f"used {number % 50}") == number % 50
    assert len(cache) == 100


def test_what_was_dropped_and_comes_again_soon_stays() -> None:
    cache: S3Fifo[str, int] = S3Fifo(10, 10**9)
    for number in range(11):
        cache.put(f"first {number}", number, SIZE)
    assert cache.get("first 0") is None
    cache.put("first 0", 0, SIZE)
    for number in range(8):
        cache.put(f"later {number}", number, SIZE)
    assert cache.get("first 0") == 0


def test_nothing_is_held_where_nothing_may_be() -> None:
    cache: S3Fifo[str, int] = S3Fifo(0, 10**9)
    cache.put("a", 1, SIZE)
    assert (cache.get("a"), len(cache), cache.size_bytes) == (None, 0, 0)
