"""Values that an operator marked as wrong: hidden from what counts them, shown where they are looked at."""

from __future__ import annotations

import asyncio

import pyarrow as pa
import pytest

from tenkay.errors import FailedPrecondition, InvalidArgument, NotFound, Reason, TenkayError
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain import filter as filters
from tenkay_store.domain.records import CommitKind, CommitRecord, Dispute, Purge
from tenkay_store.domain.selections import AggregateSelection, DisputeSelection, Screen, SeriesSelection
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.wire import reports
from tests.unit.store.conftest import Clock
from tests.unit.store.filings import accession_number, extraction_to_commit

FIRST, OTHER = accession_number(1), accession_number(2)
CIK = 1999000001


def wrong(
    signal_id: str = "current_ratio", *, version: int | None = None, accession: str = FIRST, note: str = ""
) -> Dispute:
    return Dispute(
        accession, version, signal_id, is_open=True, reason="WRONG_SCALE", said_by="an analyst", note=note
    )


def settled(signal_id: str = "current_ratio", *, version: int | None = None) -> Dispute:
    return Dispute(
        FIRST, version, signal_id, is_open=False, reason="", said_by="her head", note="it is right"
    )


async def counted(store: AnalyticalStore, at: int | None = None, known: str = "") -> list[set[str]]:
    """The filings whose current ratio counts: in a screen, a series, an aggregate and an export."""
    moment = Moment(store.head if at is None else at)
    expression = filters.parse("signals.current_ratio > 0")
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    page = await store.screen_filings(screen, moment, None, 10)
    series = await store.series(SeriesSelection(CIK, ("current_ratio",)), moment, None, 100)
    assert series is not None
    aggregate = await store.aggregate(AggregateSelection("current_ratio", None, "", (), ()), moment)
    parts = [part async for part in store.export(Screen(None, "", ("current_ratio",)), moment)]
    exported = pa.ipc.open_stream(b"".join(parts)).read_all().to_pylist()
    found = [
        {each.filing.accession_number for each in page.summaries},
        {each.filing.accession_number for each in series.points},
        {row["accession_number"] for row in exported},
    ]
    assert sum(group.count for group in aggregate.groups) == len(found[0])
    return found


async def shown(store: AnalyticalStore, at: int | None = None) -> tuple[CommitRecord, ...]:
    found = await store.signals(FIRST, Moment(store.head if at is None else at))
    assert found is not None
    assert "current_ratio" in [each.id for each in reports.read(found.report, FilingReport).signals]
    return found.disputes


async def test_a_disputed_value_counts_nowhere_and_is_shown_with_its_dispute(
    store: AnalyticalStore, clock: Clock
) -> None:
    for accession in (FIRST, OTHER):
        await store.commit(extraction_to_commit(accession))
    before = clock.now
    record, changed = await store.dispute(wrong(note="it is in thousands"))
    assert (record.sequence, record.version, record.kind, changed) == (3, 1, CommitKind.DISPUTE, True)
    assert record.body == wrong(version=1, note="it is in thousands")
    assert await counted(store) == [{OTHER}] * 3
    assert await shown(store) == (record,)
    # The other values of the filing are not in dispute.
    revenue = await store.series(SeriesSelection(CIK, ("revenue",)), Moment(store.head), None, 100)
    assert revenue is not None
    assert len(revenue.points) == 2
    told = (await store.changes(2, 10))[0]
    assert (told.kind, told.accession_number, told.cik, told.version) == (CommitKind.DISPUTE, FIRST, CIK, 1)
    # Before it was said, the value counted.
    then = await store.sequence_at(before, store.head)
    assert await counted(store, then) == [{FIRST, OTHER}] * 3
    assert await shown(store, then) == ()


async def test_saying_it_twice_changes_nothing_and_a_resolution_ends_it(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    first, _ = await store.dispute(wrong())
    assert await store.dispute(wrong(note="again")) == (first, False)
    assert store.head == 2
    ended, changed = await store.dispute(settled())
    assert changed
    assert isinstance(ended.body, Dispute)
    # Of a resolution the reason is that of the dispute.
    assert (ended.body.is_open, ended.body.reason, ended.body.said_by) == (False, "WRONG_SCALE", "her head")
    assert await store.dispute(settled()) == (ended, False)
    assert await counted(store) == [{FIRST}] * 3
    assert await counted(store, 2) == [set()] * 3
    assert await shown(store) == ()
    again, changed = await store.dispute(wrong())
    assert (again.sequence, changed) == (4, True)
    history = await store.disputes(DisputeSelection(history=True), 0, 10)
    assert [each.sequence for each in history] == [2, 3, 4]
    assert await store.disputes(DisputeSelection(), 0, 10) == [again]
    assert await store.disputes(DisputeSelection(history=True), 2, 1) == [ended]
    assert await store.disputes(DisputeSelection(OTHER, history=True), 0, 10) == []


async def test_a_later_version_with_the_same_value_and_evidence_is_disputed_too(
    store: AnalyticalStore,
) -> None:
    await store.commit(extraction_to_commit(FIRST))
    said, _ = await store.dispute(wrong(note="it is in thousands"))
    await store.commit(extraction_to_commit(FIRST, code_version="2"))
    (carried,) = await shown(store)
    assert (carried.sequence, carried.version) == (4, 2)
    assert carried.body == wrong(version=2, note="it is in thousands")
    assert await counted(store) == [set()] * 3
    assert await store.commit_records([2, 4]) == [said, carried]
    assert [entry.sequence for entry in await store.pending(0, 10)] == [1, 2, 3, 4]
    # Another value is another matter.
    values = {"revenue": "1234567.89", "current_ratio": 1250.0, "going_concern_doubt": False}
    await store.commit(extraction_to_commit(FIRST, signals=values))
    assert await shown(store) == ()
    assert await counted(store) == [{FIRST}] * 3
    # The dispute stays with the versions it was about.
    assert await store.disputes(DisputeSelection(), 0, 10) == [said, carried]


async def test_a_resolved_dispute_is_not_carried_over(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    await store.dispute(wrong())
    await store.dispute(settled())
    await store.commit(extraction_to_commit(FIRST, code_version="2"))
    assert await shown(store) == ()
    assert await counted(store) == [{FIRST}] * 3


async def test_an_older_version_may_be_disputed_by_its_number(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    await store.commit(extraction_to_commit(FIRST, code_version="2"))
    record, _ = await store.dispute(wrong(version=1))
    assert record.version == 1
    assert await shown(store) == ()
    assert await counted(store) == [{FIRST}] * 3


async def test_disputes_and_versions_of_one_group_keep_their_order(store: AnalyticalStore) -> None:
    await asyncio.gather(
        store.commit(extraction_to_commit(FIRST)),
        store.dispute(wrong()),
        store.commit(extraction_to_commit(FIRST, code_version="2")),
        store.dispute(settled()),
    )
    assert [change.kind for change in await store.changes(0, 10)] == [
        CommitKind.EXTRACTION,
        CommitKind.DISPUTE,
        CommitKind.EXTRACTION,
        CommitKind.DISPUTE,
        CommitKind.DISPUTE,
    ]
    assert await shown(store) == ()
    assert len(await store.disputes(DisputeSelection(), 0, 10)) == 1


async def test_a_dispute_goes_with_the_filing_when_that_is_purged(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    await store.dispute(wrong())
    await store.purge([Purge(FIRST, "the data officer", "withdrawn")])
    assert await store.disputes(DisputeSelection(history=True), 0, 10) == []
    assert [entry.sequence for entry in await store.pending(0, 10)] == [3]
    await store.commit(extraction_to_commit(FIRST))
    assert await shown(store) == ()


async def test_currencies_of_disputed_amounts_are_not_in_the_way(store: AnalyticalStore) -> None:
    for accession, currency in ((FIRST, "JPY"), (OTHER, "USD")):
        await store.commit(extraction_to_commit(accession, signals={"revenue": "5"}, currency=currency))
    expression = filters.parse("signals.revenue > 1")
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    with pytest.raises(FailedPrecondition):
        await store.screen_filings(screen, Moment(store.head), None, 10)
    await store.dispute(wrong("revenue"))
    page = await store.screen_filings(screen, Moment(store.head), None, 10)
    assert [each.filing.accession_number for each in page.summaries] == [OTHER]


@pytest.mark.parametrize(
    ("said", "error", "reason"),
    [
        (wrong(accession=OTHER), NotFound, Reason.FILING_UNKNOWN),
        (wrong(version=2), InvalidArgument, Reason.INVALID_FIELD),
        (wrong("nobody_has_it"), InvalidArgument, Reason.UNKNOWN_SIGNAL),
        (wrong("interest_cover"), InvalidArgument, Reason.UNKNOWN_SIGNAL),
        (settled(), InvalidArgument, Reason.INVALID_FIELD),
    ],
    ids=["filing", "version", "signal", "gap", "never disputed"],
)
async def test_what_cannot_be_disputed_is_refused_and_changes_nothing(
    store: AnalyticalStore, said: Dispute, error: type[TenkayError], reason: Reason
) -> None:
    await store.commit(extraction_to_commit(FIRST))
    with pytest.raises(error) as refused:
        await store.dispute(said)
    assert refused.value.reason is reason
    assert store.head == 1
