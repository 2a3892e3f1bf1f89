"""The copy of commits: every commit in order and none twice, whatever the memory, the storage and restarts do."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise
from pathlib import Path

import pytest

from tenkay.errors import FailedPrecondition, Reason, TenkayError
from tenkay_store.backups.commit_parts import Range
from tests.unit.store.backups import Clock, CopiedStore, commit_some, objects_of, purge, restored
from tests.unit.store.filings import accession_number, extraction_to_commit
from tests.unit.store.whole_store import contents


async def ranges(copied: CopiedStore) -> list[Range]:
    """What the parts cover, after checking that they follow each other without a gap."""
    found = [part.range for part in (await copied.backup.list()).parts]
    assert all(before.up_to == after.after for before, after in pairwise(found))
    return found


async def copied_sequences(copied: CopiedStore) -> list[int]:
    parts = (await copied.backup.list()).parts
    return [record.sequence for part in parts for record in await copied.backup.part(part)]


async def test_nothing_is_copied_before_there_is_a_snapshot_to_follow(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 2)
        assert await copied.copy.flush() is None
        assert copied.copy.waits_for_snapshot
        made = await copied.snapshots.create()
        await commit_some(copied.store, 3, 2)
        assert await copied.copy.flush() == copied.store.head
        assert await ranges(copied) == [Range(made.sequence, copied.store.head)]


async def test_a_quiet_store_adds_no_parts(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        for _ in range(3):
            await copied.copy.flush()
        assert await ranges(copied) == []
        assert copied.copy.age_seconds == 0


async def test_much_goes_in_several_parts(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock, part_bytes=3000) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 12)
        await copied.copy.flush()
        assert len(await ranges(copied)) > 3
        assert await copied_sequences(copied) == list(await copied.store.commits_after(0, 1000))


async def test_what_is_read_back_goes_in_parts_of_the_same_size(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock, memory_bytes=0, part_bytes=3000) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 12)
        await copied.copy.flush()
        assert len(await ranges(copied)) > 3
        assert await copied_sequences(copied) == list(await copied.store.commits_after(0, 1000))


@pytest.mark.parametrize("memory_bytes", [0, 2000])
async def test_what_does_not_fit_into_memory_is_read_back(
    tmp_path: Path, clock: Clock, memory_bytes: int
) -> None:
    async with CopiedStore(tmp_path, clock, memory_bytes=memory_bytes) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 6)
        await purge(copied.store, 2)
        await copied.copy.flush()
        await commit_some(copied.store, 10, 6)
        await copied.copy.flush()
        await ranges(copied)
    await restored(tmp_path, clock)
    # What was purged before it was read back is not in the parts; all that is left of it is in the feed and among ids.
    found, expected = contents(tmp_path / "restored"), contents(copied.directory)
    assert {name for name in expected if found[name] != expected[name]} <= {"change_feed", "signal_ids"}


async def test_a_restarted_store_goes_on_where_the_copy_ends(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 3)
        await copied.copy.flush()
        await commit_some(copied.store, 4, 3)
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 7, 3)
        await copied.copy.flush()
        assert copied.copy.age_seconds == 0
        assert (await ranges(copied))[-1].up_to == copied.store.head
    await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(copied.directory)


@pytest.mark.parametrize("filings", [2, 4, 8])
async def test_a_store_does_not_go_on_with_another_stores_copy(
    tmp_path: Path, clock: Clock, filings: int
) -> None:
    async with CopiedStore(tmp_path, clock) as first:
        await first.snapshots.create()
        await commit_some(first.store, 1, 4)
        await first.copy.flush()
    (tmp_path / "data").rename(tmp_path / "of_first")
    # The same filings, so that only the moments of their commits differ; fewer, as many, and more than the other has.
    async with CopiedStore(tmp_path, clock) as second:
        await commit_some(second.store, 1, filings)
        before = await second.backup.list()
        for attempt in (second.copy.flush, second.snapshots.create):
            with pytest.raises(FailedPrecondition, match="another store") as refused:
                await attempt()
            assert refused.value.reason is Reason.BACKUP_UNUSABLE
        assert await second.backup.list() == before


async def test_a_damaged_newest_part_does_not_end_the_copy(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 3)
        await copied.copy.flush()
    (part,) = objects_of(tmp_path, "commits")
    part.write_bytes(b"something else")
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 4, 3)
        assert await copied.copy.flush() == copied.store.head


async def test_a_copy_with_a_gap_waits_for_the_next_snapshot(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        for first in (1, 4, 7):
            await commit_some(copied.store, first, 2)
            await copied.copy.flush()
        await copied.backup.delete_parts([(await copied.backup.list()).parts[1]])
    async with CopiedStore(tmp_path, clock) as copied:
        assert await copied.copy.flush() is None
        made = await copied.snapshots.create()
        await commit_some(copied.store, 20, 2)
        await copied.copy.flush()
        assert (await copied.backup.list()).parts[-1].range == Range(made.sequence, copied.store.head)


async def test_commits_go_on_while_the_storage_is_away_and_are_copied_when_it_is_back(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        running = asyncio.create_task(copied.copy.run())
        (tmp_path / "backup").rename(tmp_path / "elsewhere")
        (tmp_path / "backup").write_bytes(b"not a folder")
        await commit_some(copied.store, 1, 3)
        with pytest.raises(TenkayError):
            await copied.copy.flush()
        assert copied.copy.age_seconds > 0
        (tmp_path / "backup").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "backup")
        for _ in range(600):
            if copied.copy.age_seconds == 0:
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("it was not copied")
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert await copied_sequences(copied) == list(await copied.store.commits_after(0, 1000))


async def test_a_store_that_ends_copies_what_is_left(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        await copied.store.commit(extraction_to_commit(accession_number(1)))
        await copied.copy.close()
        assert await copied_sequences(copied) == [1]
