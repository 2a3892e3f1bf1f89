"""Restores: what comes back is what was lost, and what does not come back is told."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tenkay.errors import FailedPrecondition, InvalidArgument, OutOfRange, Reason
from tenkay_store.backups.backup import TIMELINE
from tenkay_store.backups.commit_parts import Range
from tenkay_store.backups.restore_report import Until
from tenkay_store.domain.records import CommitRecord, Dispute, Extraction
from tenkay_store.domain.selections import DisputeSelection, StaleSelection
from tenkay_store.domain.stored import Moment
from tenkay_store.primary.duckdb_owner import FILE_NAME, LOCK_NAME
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.backups import (
    Clock,
    CopiedStore,
    SinkRows,
    commit_some,
    hold_text,
    objects_of,
    purge,
    restored,
)
from tests.unit.store.conftest import options
from tests.unit.store.filings import TEXT_SHA256, accession_number, content_key_of, extraction_to_commit
from tests.unit.store.whole_store import contents


def spoil(path: Path) -> None:
    """Change a byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


async def all_commits(store: DuckDBStore) -> list[CommitRecord]:
    return list(await store.commit_records(await store.commits_after(0, 10_000)))


async def test_a_snapshot_alone_brings_back_all_that_was_in_it(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 9)
        await purge(lost.store, 4)
        await lost.snapshots.create()
        head = lost.store.head
    report = await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(lost.directory)
    assert (report.from_copy, report.lost, report.refused, report.damaged) == (0, [], [], [])
    assert report.complete_up_to == report.newest_commit == head
    assert report.filings == 8


async def test_copied_commits_after_the_snapshot_come_back_as_they_were(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 6)
        await lost.snapshots.create()
        await commit_some(lost.store, 7, 6)
        await lost.copy.flush()
        await purge(lost.store, 3)
        await purge(lost.store, 8)
        await lost.store.commit(extraction_to_commit(accession_number(3), code_version="again"))
        await commit_some(lost.store, 20, 3)
        await lost.copy.flush()
    report = await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(lost.directory)
    assert (report.lost, report.refused, report.damaged) == ([], [], [])


async def test_disputes_and_what_is_stale_come_back(tmp_path: Path, clock: Clock) -> None:
    years = [accession_number(number) for number in range(1, 6)]

    def report(year: int, **given: object) -> Extraction:
        """A company's 10-K of a year, not computed from the one before it."""
        return extraction_to_commit(
            years[year],
            period_end=date(2015 + year, 12, 31),
            filed=date(2016 + year, 3, 1),
            accepted=datetime(2016 + year, 3, 1, 21, tzinfo=UTC),
            **given,
        )

    def wrong(year: int) -> Dispute:
        return Dispute(
            years[year],
            None,
            "current_ratio",
            is_open=True,
            reason="OTHER",
            said_by="an analyst",
            note="seen",
        )

    async with CopiedStore(tmp_path, clock) as lost:
        await lost.store.commit(report(1))
        await lost.store.commit(report(0))
        await lost.store.dispute(wrong(0))
        await lost.snapshots.create()
        for year in (3, 2, 4):
            await lost.store.commit(report(year))
        await lost.store.dispute(wrong(2))
        # Its next version carries the dispute over, and ends the mark on the one before.
        await lost.store.commit(report(2, code_version="2", earlier={years[1]: content_key_of(years[1])}))
        await lost.copy.flush()
        await purge(lost.store, 1)
        await lost.copy.flush()
        stale = await lost.store.list_stale(StaleSelection(), Moment(lost.store.head), 0, 10)
        said = await lost.store.disputes(DisputeSelection(history=True), 0, 10)
        assert (len(stale.entries), len(said)) == (2, 2)
        records = await all_commits(lost.store)
    found = await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(lost.directory)
    assert (found.refused, found.damaged) == ([], [])
    for part in objects_of(tmp_path, "commits"):
        part.unlink()
    await restored(tmp_path, clock, second_sink=SinkRows(records))
    assert contents(tmp_path / "restored") == contents(lost.directory)


async def test_a_restored_store_can_be_lost_and_restored_again(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 4)
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 4)
        await lost.copy.flush()
    first = await restored(tmp_path, clock, directory="data")
    async with CopiedStore(tmp_path, clock) as again:
        assert again.store.head == first.resumed_at == TIMELINE
        await commit_some(again.store, 9, 4)
        await again.snapshots.create()
        await commit_some(again.store, 13, 4)
        await again.copy.flush()
    second = await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(again.directory)
    assert second.resumed_at == 2 * TIMELINE


async def test_restoring_twice_gives_the_same(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 4)
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 4)
        await lost.copy.flush()
    await restored(tmp_path, clock)
    await restored(tmp_path, clock, directory="other")
    assert contents(tmp_path / "restored") == contents(tmp_path / "other") == contents(lost.directory)


async def test_what_only_the_second_sink_has_comes_back_as_it_was(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 4)
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 4)
        copied = await lost.copy.flush()
        assert copied is not None
        await commit_some(lost.store, 9, 6)
        records = await all_commits(lost.store)
        head = lost.store.head
    report = await restored(tmp_path, clock, second_sink=SinkRows(records))
    assert contents(tmp_path / "restored") == contents(lost.directory)
    assert report.from_second_sink == len(
        [each for each in records if each.sequence > report.complete_up_to]
    ) or (report.complete_up_to == head)
    assert report.lost == []


async def test_commits_that_nobody_has_are_named_and_the_others_come_back(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.store.commit(extraction_to_commit(accession_number(1)))
        await lost.snapshots.create()
        for number in range(2, 7):
            await lost.store.commit(extraction_to_commit(accession_number(number)))
        records = await all_commits(lost.store)
    kept = [each for each in records if each.sequence not in (3, 4)]
    report = await restored(tmp_path, clock, second_sink=SinkRows(kept))
    assert report.lost == [Range(2, 4)]
    assert (report.complete_up_to, report.newest_commit, report.filings) == (2, 6, 4)
    store = DuckDBStore.open(options(tmp_path / "restored"), clock)
    for number, there in ((2, True), (3, False), (4, False), (5, True)):
        found = await store.filing(accession_number(number), Moment(store.head))
        assert (found is not None) is there
        assert found is None or found.sequence == number
    await store.close()


@pytest.mark.parametrize("with_second_sink", [True, False])
async def test_a_damaged_part_in_the_middle_does_not_keep_the_later_ones_away(
    tmp_path: Path, clock: Clock, with_second_sink: bool
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 3)
        await lost.snapshots.create()
        for first in (4, 8, 12):
            await commit_some(lost.store, first, 4)
            await lost.copy.flush()
        records = await all_commits(lost.store)
        parts = (await lost.backup.list()).parts
    spoil(objects_of(tmp_path, "commits")[1])
    report = await restored(tmp_path, clock, second_sink=SinkRows(records) if with_second_sink else None)
    (damaged,) = report.damaged
    assert "not those that were written" in damaged.why
    if with_second_sink:
        assert contents(tmp_path / "restored") == contents(lost.directory)
        assert report.lost == []
    else:
        assert report.lost == [parts[1].range]
        assert report.complete_up_to == parts[0].range.up_to
        assert report.filings == 15 - 4
        assert report.newest_commit == parts[2].range.up_to


async def test_an_older_snapshot_takes_the_place_of_a_damaged_one(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 3)
        await lost.snapshots.create()
        await commit_some(lost.store, 4, 3)
        await lost.snapshots.create()
        await commit_some(lost.store, 7, 3)
        await lost.copy.flush()
    older, newer = (path for path in objects_of(tmp_path, "snapshots") if path.name != "manifest.json")
    assert older.parent < newer.parent
    spoil(newer)
    report = await restored(tmp_path, clock)
    assert str(report.snapshot) == older.parent.name
    assert [each.why for each in report.damaged] == ["piece 0 of 1 is damaged"]
    assert contents(tmp_path / "restored") == contents(lost.directory)


async def test_without_any_snapshot_the_second_sink_fills_an_empty_store(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 5)
        await lost.snapshots.create()
        await commit_some(lost.store, 6, 2)
        await lost.copy.flush()
        records = await all_commits(lost.store)
    for path in objects_of(tmp_path, "snapshots"):
        path.unlink()
    report = await restored(tmp_path, clock, second_sink=SinkRows(records))
    assert report.snapshot is None
    assert contents(tmp_path / "restored") == contents(lost.directory)


async def test_a_restore_until_before_the_oldest_copy_is_refused_and_leaves_nothing(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 4)
        (fifth,) = await lost.store.commit_records([5])
        await lost.snapshots.create()
        head = lost.store.head
        records = await all_commits(lost.store)
    for until in (Until(sequence=5), Until(recorded_at=fifth.recorded_at)):
        with pytest.raises(FailedPrecondition, match=f"oldest snapshot is of commit {head}, made") as refused:
            await restored(tmp_path, clock, until=until)
        assert refused.value.reason is Reason.BACKUP_UNUSABLE
        assert not (tmp_path / "restored" / FILE_NAME).exists()
    # What the second sink has of then is put back, and the rest is told.
    report = await restored(tmp_path, clock, until=Until(sequence=5), second_sink=SinkRows(records[:3]))
    assert (report.newest_commit, report.complete_up_to, report.lost) == (3, 3, [Range(3, 5)])


async def test_commits_that_only_a_damaged_snapshot_had_are_told_as_lost(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 4)
        await lost.snapshots.create()
        before = lost.store.head
        await commit_some(lost.store, 5, 4)
        await lost.snapshots.create()
        after = lost.store.head
    for part in objects_of(tmp_path, "commits"):
        part.unlink()
    spoil(objects_of(tmp_path, "snapshots")[-2])
    report = await restored(tmp_path, clock)
    assert len(report.damaged) == 1
    assert (report.complete_up_to, report.lost) == (before, [Range(before, after)])


async def test_a_restore_until_a_commit_or_a_moment_leaves_out_what_came_after(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        for number in range(1, 9):
            await lost.store.commit(extraction_to_commit(accession_number(number)))
        await lost.snapshots.create()
        (fifth,) = await lost.store.commit_records([5])
    for until in (Until(sequence=5), Until(recorded_at=fifth.recorded_at)):
        report = await restored(tmp_path, clock, until=until)
        assert (report.newest_commit, report.filings) == (5, 5)
        assert report.resumed_at == TIMELINE


async def test_a_commit_whose_basis_is_lost_is_told_and_not_put_back(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        await commit_some(lost.store, 1, 2)
        records = await all_commits(lost.store)
    without = [each for each in records if not (isinstance(each.body, Extraction) and each.sequence == 1)]
    report = await restored(tmp_path, clock, second_sink=SinkRows(without))
    (problem,) = report.refused
    assert problem.what == f"commit 2 of {accession_number(1)}"
    assert report.complete_up_to == 0
    assert report.filings == 1


async def test_no_sequence_of_the_lost_store_is_given_again_and_its_followers_start_over(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.store.commit(extraction_to_commit(accession_number(1)))
        await lost.snapshots.create()
        for number in (2, 3, 4):
            await lost.store.commit(extraction_to_commit(accession_number(number)))
        records = await all_commits(lost.store)
    # The second sink has the second and the fourth. A follower has seen all four.
    report = await restored(tmp_path, clock, second_sink=SinkRows([records[1], records[3]]))
    assert report.complete_up_to == 2
    store = DuckDBStore.open(options(tmp_path / "restored"), clock)
    assert store.head == TIMELINE
    for seen in (3, 4):
        with pytest.raises(OutOfRange) as expired:
            await store.changes(seen, 10)
        assert expired.value.reason is Reason.FEED_POSITION_EXPIRED
    assert [each.sequence for each in await store.changes(1, 10)] == [2, 4]
    committed = await store.commit(extraction_to_commit(accession_number(5)))
    assert committed.sequence == TIMELINE + 1
    assert [each.sequence for each in await store.changes(TIMELINE, 10)] == [TIMELINE + 1]
    # Also once the feed has forgotten all that is older.
    await store.prune_changes(clock())
    with pytest.raises(OutOfRange):
        await store.changes(1, 10)
    await store.close()
    reopened = DuckDBStore.open(options(tmp_path / "restored"), clock)
    assert reopened.head == TIMELINE + 1
    await reopened.close()


async def test_texts_and_facts_that_were_lost_too_are_named(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 2)
        await lost.snapshots.create()
    report = await restored(tmp_path, clock)
    assert report.missing_artifact_count == 1
    assert [each.what for each in report.missing_artifacts] == [
        f"the text {TEXT_SHA256} of {accession_number(number)}" for number in (1, 2)
    ]
    hold_text(tmp_path / "objects")
    report = await restored(tmp_path, clock)
    assert (report.missing_artifact_count, report.missing_artifacts) == (0, [])


async def test_two_stores_that_wrote_to_one_backup_are_told(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        await commit_some(lost.store, 1, 2)
        await lost.copy.flush()
        (part,) = (await lost.backup.list()).parts
        await lost.backup.put_part(Range(1, part.range.up_to + 2), await lost.backup.part(part))
    report = await restored(tmp_path, clock)
    (told,) = report.damaged
    assert "two stores have written to this backup" in told.why
    assert contents(tmp_path / "restored") == contents(lost.directory)


async def test_a_directory_with_a_store_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
    before = contents(lost.directory)
    with pytest.raises(InvalidArgument, match="has a store in it"):
        await restored(tmp_path, clock, directory="data", keep=True)
    assert contents(lost.directory) == before


@pytest.mark.parametrize("name", [f"{FILE_NAME}.wal", f"{FILE_NAME}.wal.damaged"])
async def test_a_log_that_the_lost_store_left_is_never_played_into_the_restored_one(
    tmp_path: Path, clock: Clock, name: str
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 3)
        await lost.snapshots.create()
        await commit_some(lost.store, 4, 3)
        log = (lost.directory / f"{FILE_NAME}.wal").read_bytes()
    (tmp_path / "restored").mkdir()
    left = tmp_path / "restored" / name
    left.write_bytes(log)
    with pytest.raises(InvalidArgument, match=name) as refused:
        await restored(tmp_path, clock, keep=True)
    assert "elsewhere" in refused.value.message
    assert left.read_bytes() == log
    assert not (tmp_path / "restored" / FILE_NAME).exists()


async def test_a_restore_that_was_killed_is_begun_again(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 2)
        await lost.snapshots.create()
    half = tmp_path / "restored" / "restoring"
    half.mkdir(parents=True)
    (half / "tenkay.duckdb").write_bytes(b"half")
    await restored(tmp_path, clock, keep=True)
    assert contents(tmp_path / "restored") == contents(lost.directory)
    assert sorted(os.listdir(tmp_path / "restored")) == ["acknowledged", LOCK_NAME, "tenkay.duckdb"]


@pytest.mark.parametrize("lost_after_the_restore", [False, True])
async def test_the_numbers_that_an_earlier_restore_passed_over_are_not_told_as_lost(
    tmp_path: Path, clock: Clock, lost_after_the_restore: bool
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 2)
        await lost.snapshots.create()
    first = await restored(tmp_path, clock, directory="data")
    async with CopiedStore(tmp_path, clock) as again:
        await again.store.commit(extraction_to_commit(accession_number(50)))
        await commit_some(again.store, 9, 2)
        records = await all_commits(again.store)
    assert first.resumed_at == TIMELINE
    shutil.rmtree(tmp_path / "backup")
    if lost_after_the_restore:
        records = [each for each in records if each.sequence != TIMELINE + 1]
    report = await restored(tmp_path, clock, second_sink=SinkRows(records))
    if lost_after_the_restore:
        assert report.lost == [Range(TIMELINE, TIMELINE + 1)]
        assert report.complete_up_to == TIMELINE
    else:
        assert report.lost == []
        assert report.complete_up_to == report.newest_commit == records[-1].sequence
        assert contents(tmp_path / "restored") == contents(again.directory)
    assert report.resumed_at == 2 * TIMELINE


async def test_nothing_to_restore_from_is_said_and_leaves_nothing(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(FailedPrecondition, match="nothing of shard 0") as refused:
        await restored(tmp_path, clock)
    assert refused.value.reason is Reason.BACKUP_UNUSABLE
    assert os.listdir(tmp_path / "restored") == [LOCK_NAME]


async def test_a_store_restored_beside_the_lost_ones_mark_opens(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        await commit_some(lost.store, 1, 2)
    (tmp_path / "restored").mkdir()
    (lost.directory / "acknowledged").rename(tmp_path / "restored" / "acknowledged")
    report = await restored(tmp_path, clock, keep=True)
    assert report.newest_commit == 0
    for opened in range(2):
        store = DuckDBStore.open(options(tmp_path / "restored"), clock)
        assert store.head == TIMELINE + opened
        await store.commit(extraction_to_commit(accession_number(opened + 1)))
        await store.close()
