"""What is purged is gone for every moment, and what comes later is a filing again."""

from __future__ import annotations

import asyncio

from tenkay_store.domain.records import CommitKind
from tenkay_store.domain.selections import FilingSelection
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.filings import analysis_to_commit, extraction, extraction_to_commit
from tests.unit.store.two_filings import ASKED, FIRST, OTHER, fill, screened


async def test_a_purged_filing_is_gone_for_every_moment_and_the_others_stay(store: AnalyticalStore) -> None:
    await fill(store)
    (record,) = await store.purge([ASKED])
    assert (record.sequence, record.kind, record.version) == (5, CommitKind.PURGE, 2)
    for sequence in range(1, 6):
        assert await store.filing(FIRST, Moment(sequence)) is None
        assert await store.signals(FIRST, Moment(sequence)) is None
        assert await store.analysis(FIRST, Moment(sequence)) is None
    assert await screened(store) == [OTHER]
    listed = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [each.filing.accession_number for each in listed.summaries] == [OTHER]
    (change,) = await store.changes(4, 10)
    assert (change.kind, change.accession_number, change.cik) == (CommitKind.PURGE, FIRST, 1999000001)


async def test_a_filing_that_is_not_stored_is_not_purged(store: AnalyticalStore) -> None:
    assert await store.purge([ASKED]) == []
    assert store.head == 0


async def test_a_filing_committed_again_is_there_again_as_its_next_version(store: AnalyticalStore) -> None:
    await fill(store)
    await store.purge([ASKED])
    message = extraction(FIRST)
    assert (await store.commit(extraction_record(message))).version == 3
    assert (await store.commit(analysis_to_commit(message))).version == 2
    assert sorted(await screened(store)) == [FIRST, OTHER]


async def test_commits_and_purges_of_one_group_keep_their_order(store: AnalyticalStore) -> None:
    body = extraction_to_commit(FIRST)
    outcomes = await asyncio.gather(
        store.commit(body), store.purge([ASKED]), store.commit(body), store.purge([ASKED]), store.commit(body)
    )
    assert [outcomes[0].version, outcomes[2].version, outcomes[4].version] == [1, 2, 3]
    stored = await store.filing(FIRST, Moment(store.head))
    assert stored is not None
    assert stored.version == 3
    assert await screened(store) == [FIRST]
