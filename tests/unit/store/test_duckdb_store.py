"""Commits and reads of the primary, in one process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, Reason, ResourceExhausted
from tenkay_store import filter as filters
from tenkay_store.duckdb_owner import CannotOpen
from tenkay_store.duckdb_store import DuckDBStore
from tenkay_store.messages import extraction_record
from tenkay_store.records import CommitKind, Delivery, DeliveryState, Fence, Filing, Section
from tenkay_store.storage import FilingSelection, Moment, Page, Screen, StoredAnalysis
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import (
    accession_number,
    analysis_to_commit,
    extraction,
    extraction_to_commit,
)

FIRST = accession_number(1)


async def test_a_filing_committed_twice_is_stored_once(store: DuckDBStore) -> None:
    body = extraction_to_commit(FIRST)
    first = await store.commit(body)
    again = await store.commit(body)
    assert first.changed
    assert not again.changed
    assert (again.sequence, again.version) == (first.sequence, first.version) == (1, 1)
    assert len(await store.changes(0, 10)) == 1


async def test_the_same_result_twice_in_one_group_is_stored_once(store: DuckDBStore) -> None:
    body = extraction_to_commit(FIRST)
    answers = await asyncio.gather(*(store.commit(body) for _ in range(20)))
    assert [answer.changed for answer in answers].count(True) == 1
    assert {answer.sequence for answer in answers} == {1}


async def test_another_result_of_a_filing_becomes_its_next_version(store: DuckDBStore) -> None:
    await store.commit(extraction_to_commit(FIRST, signals={"revenue": "1"}))
    second = await store.commit(extraction_to_commit(FIRST, signals={"revenue": "2"}))
    assert (second.sequence, second.version, second.changed) == (2, 2, True)
    found = await store.signals(FIRST, Moment(store.head), with_evidence=False)
    assert found is not None
    assert [signal.value.exact for signal in found.signals] == ["2"]
    assert [change.version for change in await store.changes(0, 10)] == [1, 2]


async def test_a_filing_that_changes_its_company_is_told_to_both(store: DuckDBStore) -> None:
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


async def test_a_company_left_within_one_group_is_told_too(store: DuckDBStore) -> None:
    bodies = [extraction_to_commit(FIRST, cik=cik) for cik in (101, 102, 101)]
    other = extraction_to_commit(accession_number(2), cik=101)
    answers = await asyncio.gather(*(store.commit(body) for body in [*bodies[:2], other, bodies[2]]))
    # The last one is the first one's result again: stored once, so nobody is left twice.
    assert [answer.sequence for answer in answers] == [1, 3, 4, 1]
    assert [each.cik for each in await store.changes(0, 10)] == [101, 101, 102, 101]


async def test_a_worker_that_lost_its_lease_cannot_put_its_result_behind_its_successors(
    store: DuckDBStore,
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


async def test_a_lost_lease_counts_for_analyses_too_and_within_one_group(store: DuckDBStore) -> None:
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


async def test_versions_in_one_group_follow_each_other(store: DuckDBStore) -> None:
    bodies = [extraction_to_commit(FIRST, code_version=str(number)) for number in range(5)]
    answers = await asyncio.gather(*(store.commit(body) for body in bodies))
    assert [answer.version for answer in answers] == [1, 2, 3, 4, 5]
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [summary.version for summary in page.summaries] == [5]


async def test_sixty_four_committers_at_once_get_an_answer_each(store: DuckDBStore) -> None:
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


async def test_a_poison_filing_fails_alone(store: DuckDBStore) -> None:
    good = [extraction_to_commit(accession_number(number)) for number in range(10)]
    # Past the door, which would refuse it: no column takes a negative offset.
    poison = replace(
        extraction_to_commit(accession_number(99)), sections=(Section("item_7", "", "", "", -1, 5, 0.5),)
    )
    answers = await asyncio.gather(
        *(store.commit(body) for body in [*good[:5], poison, *good[5:]]), return_exceptions=True
    )
    assert isinstance(answers[5], Exception)
    assert [answer.changed for answer in answers[:5] + answers[6:]] == [True] * 10  # type: ignore[union-attr]
    assert await store.filing(accession_number(99), Moment(store.head)) is None
    assert [change.sequence for change in await store.changes(0, 100)] == list(range(1, 11))


async def test_what_is_read_is_what_was_committed(store: DuckDBStore) -> None:
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


async def test_a_filing_about_which_nothing_is_known_stays_so(store: DuckDBStore) -> None:
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


async def test_an_analysis_needs_its_extraction(store: DuckDBStore) -> None:
    message = extraction(FIRST)
    with pytest.raises(NotFound) as unknown:
        await store.commit(analysis_to_commit(message))
    assert unknown.value.reason is Reason.FILING_UNKNOWN
    await store.commit(extraction_record(message))
    with pytest.raises(InvalidArgument) as other:
        await store.commit(analysis_to_commit(extraction(FIRST, code_version="other")))
    assert other.value.fields[0].field == "analysis.extraction_key"
    assert store.head == 1


async def test_an_analysis_joins_the_group_of_its_extraction(store: DuckDBStore) -> None:
    message = extraction(FIRST)
    committed = await asyncio.gather(
        store.commit(extraction_record(message)), store.commit(analysis_to_commit(message))
    )
    assert [answer.sequence for answer in committed] == [1, 2]


async def test_an_analysis_is_idempotent_and_versioned(store: DuckDBStore) -> None:
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    first = await store.commit(analysis_to_commit(message))
    assert (await store.commit(analysis_to_commit(message))).changed is False
    second = await store.commit(analysis_to_commit(message, rules_version="2", score=31.0))
    assert (first.version, second.version) == (1, 2)
    page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10)
    assert [(summary.rating, summary.score) for summary in page.summaries] == [("WEAK", 31.0)]


async def test_a_list_shows_the_rating_of_the_filings_own_version(store: DuckDBStore) -> None:
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


async def test_a_read_of_an_earlier_day_answers_as_it_did_then(store: DuckDBStore, clock: Clock) -> None:
    old = extraction(FIRST, signals={"revenue": "1"})
    await store.commit(extraction_record(old))
    before_analysis = clock.now
    await store.commit(analysis_to_commit(old))
    then = clock.now
    new = extraction(FIRST, signals={"revenue": "2"})
    await store.commit(extraction_record(new))
    await store.commit(analysis_to_commit(new, score=60.0, rules_version="2"))

    async def seen(at: datetime) -> tuple[int, int | None, float | None]:
        moment = Moment(await store.sequence_at(at, store.head))
        stored = await store.filing(FIRST, moment)
        analysis = await store.analysis(FIRST, moment)
        page = await store.list_filings(FilingSelection(), moment, None, 10)
        return (
            stored.version if stored else 0,
            analysis.version if isinstance(analysis, StoredAnalysis) else None,
            page.summaries[0].score if page.summaries else None,
        )

    assert await seen(then) == (1, 1, 38.5)
    assert await seen(before_analysis) == (1, None, None)
    assert await seen(clock.now) == (2, 2, 60.0)
    assert await seen(before_analysis - timedelta(days=1)) == (0, None, None)


async def test_known_at_leaves_out_what_was_accepted_later_or_nobody_knows_when(store: DuckDBStore) -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    accepted = [day, day + timedelta(days=1), None]
    for number, at in enumerate(accepted):
        await store.commit(extraction_to_commit(accession_number(number), accepted=at))
    page = await store.list_filings(FilingSelection(), Moment(store.head, known_at=day), None, 10)
    assert [summary.filing.accession_number for summary in page.summaries] == [accession_number(0)]
    assert await store.filing(accession_number(1), Moment(store.head, known_at=day)) is None
    assert await store.company(1999000001, Moment(store.head, known_at=day - timedelta(days=1))) is None


async def test_a_list_is_newest_first_with_unknown_days_last(store: DuckDBStore) -> None:
    days = [date(2023, 5, 1), None, date(2024, 5, 1), date(2023, 5, 1), None]
    for number, day in enumerate(days):
        await store.commit(extraction_to_commit(accession_number(number), filed=day))
    moment = Moment(store.head)
    listed, after = [], None
    while True:
        page = await store.list_filings(FilingSelection(), moment, after, 2)
        listed += [summary.filing.accession_number for summary in page.summaries]
        after = page.next_position
        if after is None:
            break
    assert listed == [accession_number(number) for number in (2, 0, 3, 1, 4)]


async def test_pages_stay_at_the_first_ones_moment(store: DuckDBStore) -> None:
    for number in range(6):
        await store.commit(extraction_to_commit(accession_number(number * 2)))
    moment = Moment(store.head)
    first = await store.list_filings(FilingSelection(), moment, None, 3)
    # What comes in between, and what becomes a newer version, does not shift or change the pages after.
    await store.commit(extraction_to_commit(accession_number(9)))
    await store.commit(extraction_to_commit(accession_number(8), code_version="2"))
    second = await store.list_filings(FilingSelection(), moment, first.next_position, 3)
    listed = [*first.summaries, *second.summaries]
    assert [summary.filing.accession_number for summary in listed] == [
        accession_number(number * 2) for number in range(6)
    ]
    assert {summary.version for summary in listed} == {1}
    assert second.next_position is None


async def test_a_list_takes_companies_forms_and_days(store: DuckDBStore) -> None:
    for number, (cik, form, day) in enumerate(
        [
            (1, "10-K", date(2023, 1, 1)),
            (1, "10-Q", date(2023, 6, 1)),
            (2, "10-K", date(2023, 6, 2)),
            (1, "10-K", None),
        ]
    ):
        await store.commit(extraction_to_commit(accession_number(number), cik=cik, form_type=form, filed=day))

    async def listed(selection: FilingSelection) -> list[int]:
        page = await store.list_filings(selection, Moment(store.head), None, 10)
        return [int(summary.filing.accession_number[-6:]) for summary in page.summaries]

    assert await listed(FilingSelection(cik=1)) == [1, 0, 3]
    assert await listed(FilingSelection(forms=("10-K",))) == [2, 0, 3]
    assert await listed(FilingSelection(filed_from=date(2023, 6, 1))) == [2, 1]
    assert await listed(FilingSelection(filed_to=date(2023, 6, 1))) == [1, 0]
    assert await listed(FilingSelection(cik=2, forms=("10-Q",))) == []


async def test_a_company_is_summed_up_by_its_latest_full_filings(store: DuckDBStore) -> None:
    whole = ("item_7", "item_8")
    filings: list[tuple[str, date, date, tuple[str, ...]]] = [
        ("10-K", date(2023, 2, 1), date(2022, 12, 31), whole),
        ("10-K", date(2024, 2, 1), date(2023, 12, 31), whole),
        ("10-K/A", date(2024, 3, 1), date(2023, 12, 31), whole),
        ("10-K/A", date(2024, 4, 1), date(2023, 12, 31), ("item_10",)),
        # A full amendment of the year before, filed last, does not come before the later year.
        ("10-K/A", date(2024, 5, 1), date(2022, 12, 31), whole),
        ("10-Q", date(2024, 5, 2), date(2024, 3, 31), ()),
        ("8-K", date(2024, 5, 3), date(2024, 5, 3), ()),
    ]
    for number, (form, filed, period, sections) in enumerate(filings):
        await store.commit(
            extraction_to_commit(
                accession_number(number),
                form_type=form,
                filed=filed,
                period_end=period,
                section_codes=sections,
                company_name=f"Name {number}",
            )
        )
    company = await store.company(1999000001, Moment(store.head))
    assert company is not None
    assert company.company_name == "Name 6"
    assert company.latest_annual is not None
    assert company.latest_annual.filing.accession_number == accession_number(2)
    assert company.latest_quarterly is not None
    assert company.latest_quarterly.filing.form_type == "10-Q"
    assert [summary.filing.accession_number[-1] for summary in company.recent] == ["6", "4", "3", "1", "0"]
    assert company.forms == (("10-K/A", 3), ("10-K", 2), ("10-Q", 1), ("8-K", 1))
    assert await store.company(7, Moment(store.head)) is None


async def test_a_company_without_periodic_filings_has_no_latest(store: DuckDBStore) -> None:
    await store.commit(extraction_to_commit(FIRST, form_type="8-K"))
    company = await store.company(1999000001, Moment(store.head))
    assert company is not None
    assert (company.latest_annual, company.latest_quarterly, len(company.recent)) == (None, None, 1)


async def _screen(store: DuckDBStore, text: str, currency: str = "") -> Page:
    expression = filters.parse(text)
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types), currency)
    return await store.screen_filings(screen, Moment(store.head), None, 50)


async def test_a_screen_shows_the_signals_it_names(store: DuckDBStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    page = await _screen(store, "signals.current_ratio < 2 AND signals.interest_cover < 1 OR cik > 1")
    (summary,) = page.summaries
    assert [signal.id for signal in summary.signals] == ["current_ratio"]
    assert summary.signals[0].evidence == "[]"
    assert summary.signal_count == 3


async def test_amounts_in_two_currencies_are_not_compared_unless_one_is_named(store: DuckDBStore) -> None:
    for number, currency in enumerate(["USD", "EUR"]):
        await store.commit(
            extraction_to_commit(
                accession_number(number), currency=currency, cik=number + 1, signals={"revenue": "5"}
            )
        )
    with pytest.raises(FailedPrecondition) as mixed:
        await _screen(store, "signals.revenue > 1")
    assert mixed.value.reason is Reason.CURRENCY_MISMATCH
    assert mixed.value.metadata["currencies"] == "EUR,USD"
    with pytest.raises(FailedPrecondition):
        await _screen(store, "NOT signals.revenue > 1 AND cik > 0")
    assert [s.filing.cik for s in (await _screen(store, "signals.revenue > 1", "EUR")).summaries] == [2]
    # Neither the comparison nor its negation holds for the other currency.
    assert [s.filing.cik for s in (await _screen(store, "NOT signals.revenue > 9", "EUR")).summaries] == [2]
    # Where the rest of the filter leaves one currency, nothing is mixed.
    assert [s.filing.cik for s in (await _screen(store, "signals.revenue > 1 AND cik = 1")).summaries] == [1]


async def test_a_store_opened_again_goes_on_where_it_was(tmp_path: Path, clock: Clock) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(options(tmp_path), clock)
    try:
        assert store.head == 1
        assert store.signal_types["revenue"] == {filters.FieldType.NUMBER}
        assert not (await store.commit(extraction_to_commit(FIRST))).changed
        assert (await store.commit(extraction_to_commit(accession_number(2)))).sequence == 2
        found = await store.signals(accession_number(2), Moment(2), with_evidence=True)
        assert found is not None
        assert found.signals == extraction_to_commit(accession_number(2)).signals
    finally:
        await store.close()


async def test_a_clock_set_back_does_not_turn_commits_around(store: DuckDBStore, clock: Clock) -> None:
    first = await store.commit(extraction_to_commit(FIRST))
    clock.now -= timedelta(days=30)
    second = await store.commit(extraction_to_commit(accession_number(2)))
    assert second.recorded_at == first.recorded_at


async def test_a_second_owner_is_refused_in_one_line(
    store: DuckDBStore, tmp_path: Path, clock: Clock
) -> None:
    with pytest.raises(CannotOpen) as here:
        DuckDBStore.open(options(tmp_path), clock)
    assert "belongs to another store that is running" in str(here.value)
    assert "\n" not in str(here.value)
    # The owner is not disturbed.
    assert (await store.commit(extraction_to_commit(FIRST))).changed


async def test_below_the_free_space_to_keep_commits_are_refused_and_reads_go_on(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(replace(options(tmp_path), min_free_bytes=2**62), clock)
    try:
        with pytest.raises(ResourceExhausted) as full:
            await store.commit(extraction_to_commit(accession_number(2)))
        assert full.value.reason is Reason.DISK_FULL
        assert store.head == 1
        assert await store.filing(FIRST, Moment(1)) is not None
        assert await store.filing(accession_number(2), Moment(9)) is None
    finally:
        await store.close()


async def test_a_disk_too_full_for_commits_still_takes_what_the_outbox_notes(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path, sink="supabase"), clock)
    await store.commit(extraction_to_commit(FIRST))
    await store.close()
    store = DuckDBStore.open(replace(options(tmp_path, sink="supabase"), min_free_bytes=2**62), clock)
    try:
        delivered = Delivery(DeliveryState.DURABLE, attempts=1, durable_at=clock.now)
        refused, _ = await asyncio.gather(
            store.commit(extraction_to_commit(accession_number(2))),
            store.mark({1: delivered}),
            return_exceptions=True,
        )
        assert isinstance(refused, ResourceExhausted)
        assert await store.delivery(1) == delivered
    finally:
        await store.close()


@pytest.mark.parametrize("read", ["read", "read_one_state"])
async def test_a_cancelled_read_interrupts_its_query_and_frees_its_reader(
    store: DuckDBStore, read: str
) -> None:
    endless = (
        "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE hash(a.range + b.range) = 1"
    )
    for _ in range(8):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await getattr(store._owner, read)(lambda cursor: cursor.execute(endless).fetchall())
    async with asyncio.timeout(5):
        assert await store.filing(FIRST, Moment(0)) is None
    assert store._owner.free_readers == 4


async def test_a_read_waits_for_its_sequence_for_a_while(store: DuckDBStore) -> None:
    assert not await store.wait_for(1, 0.02)
    waiting = asyncio.create_task(store.wait_for(1, 5))
    await asyncio.sleep(0.01)
    await store.commit(extraction_to_commit(FIRST))
    assert await waiting


DISK_FULL_PROGRAM = textwrap.dedent(
    """
    import asyncio, resource, sys
    from dataclasses import replace
    from datetime import UTC, datetime
    from pathlib import Path
    from tenkay.errors import TenkayError
    from tenkay_store.duckdb_store import DuckDBStore
    from tenkay_store.storage import FilingSelection, Moment
    from tests.unit.store.conftest import options
    from tests.unit.store.filings import accession_number, extraction_to_commit

    async def main():
        clock = lambda: datetime.now(UTC)
        store = DuckDBStore.open(options(Path(sys.argv[1])), clock)
        # No file grows beyond this: the kernel refuses the write as it does on a full disk.
        limit = 1_000_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        stored = 0
        while True:
            bodies = [extraction_to_commit(accession_number(stored + n)) for n in range(50)]
            answers = await asyncio.gather(*(store.commit(b) for b in bodies), return_exceptions=True)
            refused = [a for a in answers if isinstance(a, TenkayError)]
            stored += len(answers) - len(refused)
            if refused:
                break
        page = await store.list_filings(FilingSelection(), Moment(store.head), None, 10**6)
        print(refused[0].reason, len(refused), stored == len(page.summaries) == store.head)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        answer = await store.commit(extraction_to_commit(accession_number(stored)))
        print(answer.sequence == stored + 1)
        await store.close()
        store = DuckDBStore.open(options(Path(sys.argv[1])), clock)
        print(store.head == stored + 1)
        await store.close()

    asyncio.run(main())
    """
)


def test_a_full_disk_rolls_the_group_back_and_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL_PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["DISK_FULL 50 True", "True", "True"], done.stdout + done.stderr


async def test_commits_made_without_a_second_sink_are_put_into_its_outbox_later(
    tmp_path: Path, clock: Clock
) -> None:
    store = DuckDBStore.open(options(tmp_path), clock)
    message = extraction(FIRST)
    await store.commit(extraction_record(message))
    await store.commit(analysis_to_commit(message))
    assert (await store.backlog()).pending == 0
    await store.close()
    for _ in range(2):
        store = DuckDBStore.open(options(tmp_path, sink="supabase"), clock)
        assert [entry.sequence for entry in await store.pending(0, 10)] == [1, 2]
        await store.close()


async def test_a_filing_of_the_unknown_answers_nothing(store: DuckDBStore) -> None:
    assert await store.filing(FIRST, Moment(0)) is None
    assert await store.signals(FIRST, Moment(0), with_evidence=True) is None
    assert await store.analysis(FIRST, Moment(0)) is None
    await store.commit(extraction_to_commit(FIRST))
    assert isinstance(await store.analysis(FIRST, Moment(1)), Filing)
