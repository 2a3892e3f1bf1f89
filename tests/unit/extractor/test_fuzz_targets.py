"""What the fuzzer asserts, on its seeds and on seeds that were cut, joined and written over."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.quality import fuzz_targets


@cache
def seeds() -> dict[str, bytes]:
    return dict(fuzz_targets.seeds())


@pytest.mark.parametrize("target", fuzz_targets.TARGETS)
def test_every_seed_holds(target: str) -> None:
    for name, content in seeds().items():
        try:
            fuzz_targets.within_its_time(fuzz_targets.TARGETS[target], content)
        except BaseException as error:
            error.add_note(f"seed {name}")
            raise


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A part of a seed with a part of another one in the middle."""
    small = st.sampled_from([content for content in seeds().values() if 0 < len(content) < 20_000])
    one, other = draw(small), draw(small)
    cut = draw(st.integers(0, len(one)))
    start = draw(st.integers(0, len(other)))
    piece = other[start : start + draw(st.integers(0, 3_000))]
    drop = draw(st.integers(0, 500))
    return one[:cut] + piece + one[cut + drop :]


@pytest.mark.parametrize("target", fuzz_targets.TARGETS)
@given(data=st.data())
@settings(max_examples=30)
def test_damaged_filings_hold(target: str, data: st.DataObject) -> None:
    fuzz_targets.within_its_time(fuzz_targets.TARGETS[target], data.draw(damaged()))


def test_a_target_that_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_targets, "BASE_SECONDS", -1.0)
    with pytest.raises(AssertionError, match="s of CPU for 5 bytes"):
        fuzz_targets.within_its_time(lambda _: None, b"short")
