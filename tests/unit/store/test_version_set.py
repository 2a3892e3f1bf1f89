"""Which versions something was ever said of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_store.domain import version_set
from tenkay_store.domain.version_set import VersionSet

SEQUENCES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 30), max_size=20)


@given(SEQUENCES, st.lists(SEQUENCES, max_size=5), SEQUENCES, st.sampled_from([0, 3, 10_000]))
def test_it_has_what_was_added_and_nothing_else(
    first: list[int], added: list[list[int]], others: list[int], merged_at: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(version_set, "MERGE_LEAST", merged_at)
        versions = VersionSet(first)
        known = set(first)
        for sequences in added:
            versions.add(sequences)
            known.update(sequences)
            assert all(each in versions for each in known)
        assert [each in versions for each in others] == [each in known for each in others]
