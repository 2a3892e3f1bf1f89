"""Disks that are full or read-only: a clear error, nothing lost, and the store goes on when there is room again.

The disk is a real file system of a few megabytes, made where this system lets the test mount one.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tenkay.errors import Reason, ResourceExhausted, Unavailable
from tenkay_store import failpoints
from tenkay_store.domain.records import Extraction
from tenkay_store.domain.selections import FilingSelection
from tenkay_store.domain.stored import Moment
from tenkay_store.failpoints import Failpoint
from tenkay_store.primary.duckdb_owner import CannotOpen
from tenkay_store.primary.duckdb_store import DuckDBStore, StoreOptions
from tenkay_store.primary.group_commit import WriterBroken
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction

MEGABYTES = 8
FEW_BYTES = 16 * 1024
CHECKPOINT_WAL_BYTES = 1024 * 1024
NEVER = 1 << 40


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = _mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder))
    if made.returncode:
        pytest.skip(f"this system does not let a test mount a file system: {made.stderr.strip()}")
    yield folder
    _unmount("--lazy", str(folder))


@dataclass(frozen=True, slots=True)
class FailingDisk:
    """A file system in a file, which can be made to find itself damaged, as it does when its device fails."""

    image: Path
    folder: Path

    def mount(self) -> None:
        made = _mount("-o", "loop", str(self.image), str(self.folder))
        if made.returncode:
            pytest.skip(f"this system does not let a test mount a file system: {made.stderr.strip()}")

    def become_read_only(self) -> None:
        """As ext4 does on an error: what is open for writing stays open and takes nothing any more."""
        assert _mount("-o", "remount,abort", str(self.folder)).returncode == 0

    def repair(self) -> None:
        _unmount(str(self.folder))
        self.mount()


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator[FailingDisk]:
    """An empty file system of its own that can become read-only."""
    disk = FailingDisk(tmp_path / "image", tmp_path / "disk")
    disk.folder.mkdir()
    with disk.image.open("wb") as image:
        image.truncate(4 * MEGABYTES * 1024 * 1024)
    try:
        subprocess.run(["mkfs.ext4", "-q", str(disk.image)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this system does not let a test make a file system: {error}")
    disk.mount()
    yield disk
    _unmount("--lazy", str(disk.folder))


def _unmount(*arguments: str) -> None:
    subprocess.run(["umount", *arguments], check=True)


def _mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True)


def _fill(disk: Path, *, leave: int) -> None:
    """Take all the room but `leave` bytes. Removing the file `other` gives it back."""
    with (disk / "other").open("ab") as other:
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize) > leave:
            other.write(bytes(min(free - leave, 1024 * 1024)))
            other.flush()


def _make_room(disk: Path) -> None:
    (disk / "other").unlink()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not come to that")


def _clock() -> datetime:
    return datetime.now(UTC)


def _options(disk: Path, *, checkpoint_wal_bytes: int = NEVER) -> StoreOptions:
    return replace(options(disk / "data"), segment_rows=100, checkpoint_wal_bytes=checkpoint_wal_bytes)


def _body(number: int) -> Extraction:
    """Some four kilobytes that cannot be made smaller."""
    message = extraction(accession_number(number))
    message.signals[0].notes.append(os.urandom(2000).hex())
    return extraction_record(message)


async def _commit(store: DuckDBStore, first: int, count: int) -> None:
    await asyncio.gather(*(store.commit(_body(number)) for number in range(first, first + count)))


async def _commit_until_a_checkpoint_is_due(store: DuckDBStore) -> None:
    while store._owner.wal_bytes <= CHECKPOINT_WAL_BYTES:
        await _commit(store, store.head, 20)


async def _filings(store: DuckDBStore) -> int:
    return len((await store.list_filings(FilingSelection(), Moment(store.head), None, 10_000)).summaries)


async def _stays_full_then_goes_on(store: DuckDBStore, disk: Path) -> None:
    """Commits are refused and reads answered, until there is room."""
    head = store.head
    with pytest.raises(ResourceExhausted) as full:
        await store.commit(_body(9000))
    assert full.value.reason is Reason.DISK_FULL
    assert full.value.retry_after
    assert store.head == await _filings(store) == head
    _make_room(disk)
    assert (await store.commit(_body(9000))).sequence == head + 1


async def test_a_disk_that_fills_up_while_commits_are_written(disk: Path) -> None:
    store = DuckDBStore.open(_options(disk), _clock)
    await _commit(store, 0, 20)
    _fill(disk, leave=FEW_BYTES)
    outcomes = await asyncio.gather(
        *(store.commit(_body(number)) for number in range(20, 60)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert refused
    assert {getattr(each, "reason", each) for each in refused} == {Reason.DISK_FULL}
    assert store.head == await _filings(store) == 60 - len(refused)
    await _stays_full_then_goes_on(store, disk)
    head = store.head
    await store.close()
    again = DuckDBStore.open(_options(disk), _clock)
    assert again.head == await _filings(again) == head
    await again.close()


async def test_a_full_disk_puts_a_checkpoint_off(disk: Path) -> None:
    limit = _options(disk, checkpoint_wal_bytes=CHECKPOINT_WAL_BYTES)
    store = DuckDBStore.open(replace(limit, checkpoint_wal_bytes=NEVER), _clock)
    await _commit_until_a_checkpoint_is_due(store)
    _fill(disk, leave=FEW_BYTES)
    with capture_logs() as logged:
        store._writer.checkpoints.wal_bytes = CHECKPOINT_WAL_BYTES
        await store.mark({})  # a group, after which a checkpoint is due
        await asyncio.sleep(2.5)
        await _stays_full_then_goes_on(store, disk)
        await _until(lambda: any(each["event"] == "checkpoint_made_up_for" for each in logged))
        assert store._owner.wal_bytes < CHECKPOINT_WAL_BYTES
    # Said when it begins and when it ends, not at each try.
    said = [each for each in logged if each["event"].startswith("checkpoint_")]
    assert [each["event"] for each in said] == ["checkpoint_put_off", "checkpoint_made_up_for"]
    assert "free" in said[0]["problem"]
    assert await _filings(store) == store.head
    await store.close()


async def test_a_disk_that_fills_up_in_the_middle_of_a_checkpoint(disk: Path) -> None:
    store = DuckDBStore.open(_options(disk), _clock)
    await _commit_until_a_checkpoint_is_due(store)
    committed = store.head
    # Between the look at the room there is and the checkpoint, somebody else takes it.
    failpoints.arm("checkpoint=sleep:2")
    try:
        store._writer.checkpoints.wal_bytes = CHECKPOINT_WAL_BYTES
        await _until(lambda: failpoints._armed[Failpoint.CHECKPOINT].skip < 0)
        _fill(disk, leave=0)
        # DuckDB has given up on its file, so the process ends: its supervisor starts the next one, on the full disk.
        with pytest.raises(WriterBroken, match="checkpoint"):
            await asyncio.wait_for(store.end_with_writer(), 30)
    finally:
        failpoints.arm("")
    with pytest.raises(Unavailable):
        await store.commit(_body(300))
    with pytest.raises(Unavailable):
        await _filings(store)
    await store.close()
    again = DuckDBStore.open(_options(disk), _clock)
    assert again.head == await _filings(again) == committed
    await _stays_full_then_goes_on(again, disk)
    await again.close()


async def test_a_disk_that_fills_up_while_segments_are_sorted(disk: Path) -> None:
    store = DuckDBStore.open(_options(disk), _clock)
    await _commit(store, 0, 100)
    _fill(disk, leave=0)
    before = store.segments
    with pytest.raises(ResourceExhausted) as full:
        await store.sort_segments()
    assert full.value.reason is Reason.DISK_FULL
    assert [each.is_sorted for each in store.segments.all[: len(before.all)]] == [
        each.is_sorted for each in before.all
    ]
    await _stays_full_then_goes_on(store, disk)
    await store.sort_segments()
    assert store.segments.closed[-1].is_sorted
    await store.close()


async def test_a_store_starts_on_a_full_disk_to_be_read(disk: Path) -> None:
    store = DuckDBStore.open(_options(disk), _clock)
    await _commit(store, 0, 20)
    await store.close()
    _fill(disk, leave=0)
    store = DuckDBStore.open(_options(disk), _clock)
    assert await _filings(store) == 20
    await _stays_full_then_goes_on(store, disk)
    await store.close()


async def _closed_store(disk: Path) -> dict[str, bytes]:
    store = DuckDBStore.open(_options(disk), _clock)
    await _commit(store, 0, 3)
    await store.close()
    return {each.name: each.read_bytes() for each in (disk / "data").iterdir() if each.is_file()}


async def test_a_read_only_disk_ends_the_start_with_one_line_and_is_left_as_it_is(disk: Path) -> None:
    before = await _closed_store(disk)
    assert _mount("-o", "remount,ro", str(disk)).returncode == 0
    with pytest.raises(CannotOpen) as refused:
        DuckDBStore.open(_options(disk), _clock)
    assert str(refused.value) == f"{disk / 'data'} cannot be used: Read-only file system"
    assert {each.name: each.read_bytes() for each in (disk / "data").iterdir() if each.is_file()} == before
    assert _mount("-o", "remount,rw", str(disk)).returncode == 0
    store = DuckDBStore.open(_options(disk), _clock)
    assert await _filings(store) == 3
    await store.close()


async def test_a_read_only_file_ends_the_start_with_one_line(disk: Path) -> None:
    await _closed_store(disk)
    file = str(disk / "data" / "tenkay.duckdb")
    assert _mount("--bind", file, file).returncode == 0
    assert _mount("-o", "remount,ro,bind", file).returncode == 0
    with pytest.raises(CannotOpen) as refused:
        DuckDBStore.open(_options(disk), _clock)
    _unmount(file)
    assert "Read-only file system" in str(refused.value)
    assert "\n" not in str(refused.value)
    store = DuckDBStore.open(_options(disk), _clock)
    assert await _filings(store) == 3
    await store.close()


async def _refuses_commits_and_answers_reads(store: DuckDBStore) -> None:
    head = store.head
    for _ in range(3):
        with pytest.raises(Unavailable) as refused:
            await store.commit(_body(9000))
        assert refused.value.reason is Reason.DEPENDENCY_UNAVAILABLE
        assert "the store's disk has become read-only; nothing was changed" in refused.value.message
        assert "mount it anew" in refused.value.message
        assert refused.value.retry_after
        assert store.head == await _filings(store) == head


async def test_a_disk_that_becomes_read_only_while_the_store_is_at_work(failing_disk: FailingDisk) -> None:
    store = DuckDBStore.open(_options(failing_disk.folder), _clock)
    await _commit(store, 0, 20)
    failing_disk.become_read_only()
    outcomes = await asyncio.gather(*(store.commit(_body(20 + n)) for n in range(20)), return_exceptions=True)
    assert {getattr(each, "reason", each) for each in outcomes} == {Reason.DEPENDENCY_UNAVAILABLE}
    await _refuses_commits_and_answers_reads(store)
    await store.close()
    with pytest.raises(CannotOpen, match="Read-only file system"):
        DuckDBStore.open(_options(failing_disk.folder), _clock)
    failing_disk.repair()
    again = DuckDBStore.open(_options(failing_disk.folder), _clock)
    assert again.head == await _filings(again) == 20
    # Nothing of those that were refused is there, and all can be sent again.
    await _commit(again, 20, 20)
    assert again.head == await _filings(again) == 40
    await again.close()


async def test_a_disk_that_becomes_read_only_when_a_checkpoint_is_due_puts_it_off(
    failing_disk: FailingDisk,
) -> None:
    store = DuckDBStore.open(_options(failing_disk.folder), _clock)
    await _commit_until_a_checkpoint_is_due(store)
    committed = store.head
    failing_disk.become_read_only()
    with capture_logs() as logged:
        store._writer.checkpoints.wal_bytes = CHECKPOINT_WAL_BYTES
        await _until(lambda: any(each["event"] == "checkpoint_put_off" for each in logged))
        await _refuses_commits_and_answers_reads(store)
        # Said when it begins, not at each try.
        await asyncio.sleep(2.5)
    assert [each["problem"] for each in logged if each["event"] == "checkpoint_put_off"] == [
        "the disk takes no writes: Read-only file system"
    ]
    await store.close()
    failing_disk.repair()
    again = DuckDBStore.open(_options(failing_disk.folder), _clock)
    assert again.head == await _filings(again) == committed
    await again.close()
