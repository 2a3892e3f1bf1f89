"""What is committed is stored once, in versions, in one order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenkay.errors import Aborted, InvalidArgument, NotFound, Reason
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain.records import CommitKind, Fence, Filing
from tenkay_store.domain.selections import FilingSelection
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment, StoredAnalysis
from tenkay_store.wire import reports
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

FIRST = accession_number(1)


async def test_a_filing_committed_twice_is_stored_once(store: AnalyticalStore) -> None:
    body = extraction_to_commit(FIRST)
    first = await store.commit(body)
    again = await store.commit(body)
    assert first.changed
    assert not again.changed
    assert (again.sequence, again.version) == (first.sequence, first.version) == (1, 1)
    assert len(await store.changes(0, 10)) == 1


async def test_the_same_result_twice_in_one_group_is_stored_once(store: AnalyticalStore) -> None:
    body = extraction_to_commit(FIRST)
    answers = await asyncio.gather(*(store.commit(body) for _ in range(20)))
    assert [answer.changed for answer in answers].count(True) == 1
    assert {answer.sequence for answer in answers} == {1}


async def test_another_result_of_a_filing_becomes_its_next_version(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST, signals={"revenue": "1"}))
    second = await store.commit(extraction_to_commit(FIRST, signals={"revenue": "2"}))
    assert (second.sequence, second.version, second.changed) == (2, 2, True)
    found = await store.signals(FIRST, Moment(store.head))
    assert found is not None
    assert [signal.value.decimal for signal in reports.read(found.report, FilingReport).signals] == ["2"]
    assert [change.version for change in await store.changes(0, 10)] == [1, 2]


async def test_a_filing_that_changes_its_company_is_told_to_both(store: AnalyticalStore) -> None:
    old, new = extraction_to_commit(FIRST, cik=101), extraction_to_commit(FIRST, cik=102)
    await store.commit(old)
    moved = await store.commit(new)
    assert (moved.sequence, moved.version) == (3, 2)
    # The former company's change comes first: who has seen the commit's own sequence has seen both.
    told = [(each.sequence, each.cik, each.version) for each in await store.changes(0, 10)]
    assert told == [(1, 101, 1), (2, 101, 2), (3, 102, 2)]
    assert store.head == 3
    assert [record.sequence for record in await store.commit_records([1, 2, 3])] == [1, 3]
    again = await store.commit(new)
    assert (again.sequence, again.changed, store.head) == (3, False, 3)
    unknown = await store.commit(extraction_to_commit(FIRST, cik=None))
    known = await store.commit(extraction_to_commit(FIRST, cik=103))
    # Nobody is left when the company was not known.
    assert (unknown.sequence, known.sequence) == (5, 6)
    assert [each.cik for each in await store.changes(3, 10)] == [102, None, 103]
    selections = [FilingSelection(cik=cik) for cik in (101, 102, 103)]
    pages = [await store.list_filings(each, Moment(store.head), None, 10) for each in selections]
    assert [len(page.summaries) for page in pages] == [0, 0, 1]


async def test_a_company_left_within_one_group_is_told_too(store: AnalyticalStore) -> None:
    bodies = [extraction_to_commit(FIRST, cik=cik) for cik in (101, 102, 101)]
    other = extraction_to_commit(accession_number(2), cik=101)
    answers = await asyncio.gather(*(store.commit(body) for body in [*bodies[:2], other, bodies[2]]))
    # The last one is the first one's result again: stored once, so nobody is left twice.
    assert [answer.sequence for answer in answers] == [1, 3, 4, 1]
    assert [each.cik for each in await store.changes(0, 10)] == [101, 101, 102, 101]


async def test_a_worker_that_lost_its_lease_cannot_put_its_result_behind_its_successors(
    store: AnalyticalStore,
) -> None:
    newer = extraction_to_commit(FIRST, signals={"revenue": "2"})
    older = extraction_to_commit(FIRST, signals={"revenue": "1"})
    await store.commit(newer, fence=Fence("job", 8))
    with pytest.raises(Aborted) as stale:
        await store.commit(older, fence=Fence("job", 7))
    assert stale.value.reason is Reason.STALE_LEASE
    assert store.head == 1
    # The same result again only loses its answer, not the lease; another job's leases are none of this one's.
    assert not (await store.commit(newer, fence=Fence("job", 7))).changed
    assert (await store.commit(older, fence=Fence("another job", 3))).version == 2
    assert (
        await store.commit(extraction_to_commit(FIRST, code_version="3"), fence=Fence("job", 9))
    ).version == 3


async def test_a_lost_lease_counts_for_analyses_too_and_within_one_group(store: AnalyticalStore) -> None:
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    newer, older = (analysis_to_commit(message, rules_version=version) for version in ("2", "1"))
    answers = await asyncio.gather(
        store.commit(newer, fence=Fence("job", 5)),
        store.commit(older, fence=Fence("job", 4)),
        return_exceptions=True,
    )
    assert isinstance(answers[1], Aborted)
    found = await store.analysis(FIRST, Moment(store.head))
    assert isinstance(found, StoredAnalysis)
    assert found.version == 1


async def test_versions_in_one_group_follow_each_other(store: AnalyticalStore) -> None:
    bodies = [extraction_to_commit(FIRST, code_version=str(number)) for number in range(5)]
    answers = await asyncio.gather(*(store.commit(body) for body in bodies))
    assert [answer.version for answer in answers] == [1, 2, 3, 4, 5]
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [summary.version for summary in page.summaries] == [5]


async def test_sixty_four_committers_at_once_get_an_answer_each(store: AnalyticalStore) -> None:
    bodies = [extraction_to_commit(accession_number(number)) for number in range(64)]
    answers = await asyncio.gather(*(store.commit(body) for body in bodies))
    assert sorted(answer.sequence for answer in answers) == list(range(1, 65))
    changes = await store.changes(0, 100)
    assert [change.sequence for change in changes] == list(range(1, 65))
    by_sequence = {change.sequence: change.accession_number for change in changes}
    assert all(
        by_sequence[answer.sequence] == body.filing.accession_number
        for answer, body in zip(answers, bodies, strict=True)
    )


async def test_what_is_read_is_what_was_committed(store: AnalyticalStore) -> None:
    body = extraction_to_commit(
        FIRST,
        signals={
            "revenue": "-12345678901234567890123456789012345.123456789",
            "current_ratio": 0.1 + 0.2,
            "going_concern_doubt": True,
            "employees": 9_007_199_254_740_993,
            "auditor_opinion": "UNQUALIFIED",
        },
    )
    await store.commit(body)
    (record,) = await store.commit_records([1])
    assert record.kind is CommitKind.EXTRACTION
    assert record.body == replace(body, size_bytes=0)


async def test_a_filing_about_which_nothing_is_known_stays_so(store: AnalyticalStore) -> None:
    await store.commit(
        extraction_to_commit(
            FIRST, cik=None, form_type="", company_name="", filed=None, accepted=None, period_end=None
        )
    )
    stored = await store.filing(FIRST, Moment(store.head))
    assert stored is not None
    filing = stored.filing
    assert (filing.cik, filing.filed_date, filing.accepted_at, filing.period_end) == (None,) * 4
    assert (filing.form_type, filing.company_name) == ("", "")
    assert await store.filing(FIRST, Moment(store.head, known_at=datetime(2100, 1, 1, tzinfo=UTC))) is None


async def test_an_analysis_needs_its_extraction(store: AnalyticalStore) -> None:
    message = extraction(FIRST)
    with pytest.raises(NotFound) as unknown:
        await store.commit(analysis_to_commit(message))
    assert unknown.value.reason is Reason.FILING_UNKNOWN
    await store.commit(extraction_record(message))
    with pytest.raises(InvalidArgument) as other:
        await store.commit(analysis_to_commit(extraction(FIRST, code_version="other")))
    assert other.value.fields[0].field == "analysis.extraction_key"
    assert store.head == 1


async def test_an_analysis_joins_the_group_of_its_extraction(store: AnalyticalStore) -> None:
    message = extraction(FIRST)
    committed = await asyncio.gather(
        store.commit(extraction_record(message)), store.commit(analysis_to_commit(message))
    )
    assert [answer.sequence for answer in committed] == [1, 2]


async def test_an_analysis_is_idempotent_and_versioned(store: AnalyticalStore) -> None:
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    first = await store.commit(analysis_to_commit(message))
    assert (await store.commit(analysis_to_commit(message))).changed is False
    second = await store.commit(analysis_to_commit(message, rules_version="2", score=31.0))
    assert (first.version, second.version) == (1, 2)
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [(summary.rating, summary.score) for summary in page.summaries] == [("WEAK", 31.0)]


async def test_a_list_shows_the_rating_of_the_filings_own_version(store: AnalyticalStore) -> None:
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    await store.commit(analysis_to_commit(message))
    newer = extraction(FIRST, code_version="2")
    await store.commit(extraction_record(newer))
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [(summary.version, summary.rating, summary.flag_ids) for summary in page.summaries] == [
        (2, None, ())
    ]
    # Its newest analysis, though of an older version, is still there to be read.
    found = await store.analysis(FIRST, Moment(store.head))
    assert isinstance(found, StoredAnalysis)
    await store.commit(analysis_to_commit(newer, score=33.0))
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert page.summaries[0].score == 33.0
    # A late analysis of the older version does not come before it.
    await store.commit(analysis_to_commit(message, rules_version="3", score=44.0))
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert page.summaries[0].score == 33.0
    found = await store.analysis(FIRST, Moment(store.head))
    assert isinstance(found, StoredAnalysis)
    assert '"score":33.0' in found.document


async def test_a_clock_set_back_does_not_turn_commits_around(store: AnalyticalStore, clock: Clock) -> None:
    first = await store.commit(extraction_to_commit(FIRST))
    clock.now -= timedelta(days=30)
    second = await store.commit(extraction_to_commit(accession_number(2)))
    third = await store.commit(extraction_to_commit(FIRST, code_version="2"))
    assert first.recorded_at < second.recorded_at < third.recorded_at
    assert third.recorded_at - first.recorded_at < timedelta(seconds=1)
    # What is read as of a commit's moment stays what it was.
    for each in (first, second, third):
        assert await store.sequence_at(each.recorded_at, store.head) == each.sequence


async def test_a_read_waits_for_its_sequence_for_a_while(store: AnalyticalStore) -> None:
    assert not await store.wait_for(1, 0.02)
    waiting = asyncio.create_task(store.wait_for(1, 5))
    await asyncio.sleep(0.01)
    await store.commit(extraction_to_commit(FIRST))
    assert await waiting


async def test_a_filing_of_the_unknown_answers_nothing(store: AnalyticalStore) -> None:
    assert await store.filing(FIRST, Moment(0)) is None
    assert await store.signals(FIRST, Moment(0)) is None
    assert await store.analysis(FIRST, Moment(0)) is None
    await store.commit(extraction_to_commit(FIRST))
    assert isinstance(await store.analysis(FIRST, Moment(1)), Filing)


async def test_nothing_is_recorded_at_a_moment_that_was_read(store: AnalyticalStore, clock: Clock) -> None:
    await store.commit(extraction_to_commit(FIRST))
    at = clock.now + timedelta(seconds=1)
    assert await store.wait_for_moment(at, 1)
    read = await store.sequence_at(at, store.head)
    clock.now -= timedelta(days=30)
    second = await store.commit(extraction_to_commit(accession_number(2)))
    assert second.recorded_at > at
    assert await store.sequence_at(at, store.head) == read == 1


async def test_a_moment_that_is_to_come_is_waited_for_for_a_while(
    store: AnalyticalStore, clock: Clock
) -> None:
    assert not await store.wait_for_moment(clock.now + timedelta(days=1), 0.02)
    committed = await store.commit(extraction_to_commit(FIRST))
    clock.now -= timedelta(days=30)
    assert store.newest_moment == committed.recorded_at
    assert await store.wait_for_moment(committed.recorded_at, 0.02)
