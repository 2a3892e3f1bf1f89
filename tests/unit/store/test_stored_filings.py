"""Which filings the primary has ever held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_store.domain import stored_filings
from tenkay_store.domain.records import Purge
from tenkay_store.domain.stored_filings import StoredFilings
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction

NAMES = st.lists(st.from_regex(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", fullmatch=True), max_size=20)


@given(st.lists(NAMES, max_size=5), NAMES, st.sampled_from([0, 3, 10_000]))
def test_it_has_what_was_added_and_nothing_else(
    added: list[list[str]], others: list[str], merged_at: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_filings, "MERGE_LEAST", merged_at)
        stored = StoredFilings(np.array([], np.uint64))
        known: set[str] = set()
        for names in added:
            stored.add(names)
            known.update(names)
            assert stored.among([*known, *others]) == sorted(known)
    assert stored.among(others) == sorted(known.intersection(others))


async def test_a_filing_keeps_its_versions_over_a_restart_and_a_purge(
    tmp_path: Path, clock: Callable[[], object]
) -> None:
    message = extraction(accession_number(1))
    for version in (1, 2, 3):
        message.result_key = f"{version:064x}"
        store = DuckDBStore.open(options(tmp_path), clock)  # type: ignore[arg-type]
        assert (await store.commit(extraction_record(message))).version == version
        assert not (await store.commit(extraction_record(message))).changed
        if version == 2:
            await store.purge([Purge(message.filing.accession_number, "test", "test")])
        await store.close()
