"""Files that were cut off, changed or exchanged: what was acknowledged is there, or the store does not open."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenkay.errors import Reason, Unavailable
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain.stored import Moment
from tenkay_store.primary import acknowledged, duckdb_failures
from tenkay_store.primary.acknowledged import AcknowledgedMark, MarkDamaged
from tenkay_store.primary.duckdb_owner import CannotOpen
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.primary.group_commit import WriterBroken
from tenkay_store.wire import reports
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import Value, accession_number, extraction_to_commit

COMMITS = 6
MAIN, WAL, MARK = "tenkay.duckdb", "tenkay.duckdb.wal", "acknowledged"


@pytest.fixture
async def image(tmp_path: Path) -> Path:
    """The files of a store as a kill would leave them: six commits, each acknowledged, all in the log."""
    store = DuckDBStore.open(options(tmp_path / "live"), Clock())
    for number in range(COMMITS):
        await store.commit(extraction_to_commit(accession_number(number)))
    folder = _copy(tmp_path / "live", tmp_path / "image")
    await store.close()
    return folder


def _copy(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in (MAIN, WAL, MARK):
        if (source / name).exists():
            shutil.copy(source / name, target / name)
    return target


def _contents(folder: Path) -> dict[str, bytes]:
    """Of the files that hold anything: DuckDB removes an empty log."""
    held = {name: (folder / name).read_bytes() for name in (MAIN, WAL, MARK) if (folder / name).exists()}
    return {name: data for name, data in held.items() if data}


async def _head_of(folder: Path) -> int:
    """The newest sequence of the store in `folder`, which can be read and goes on."""
    store = DuckDBStore.open(options(folder), Clock())
    try:
        head = store.head
        for number in range(head):
            assert await store.filing(accession_number(number), Moment(head)) is not None
        assert (await store.commit(extraction_to_commit(accession_number(100)))).sequence == head + 1
    finally:
        await store.close()
    return head


def _refusal(folder: Path) -> str:
    """What opening says, having left the files as they were."""
    before = _contents(folder)
    with pytest.raises(CannotOpen) as refused:
        DuckDBStore.open(options(folder), Clock())
    assert _contents(folder) == before
    assert sorted(each.name for each in folder.iterdir()) == sorted({*before, "owner.lock"})
    assert "\n" not in str(refused.value)
    return str(refused.value)


async def test_what_a_kill_leaves_opens_with_all_commits(image: Path) -> None:
    assert await _head_of(image) == COMMITS


@pytest.mark.parametrize("part", ["the last byte", "half", "all but the header", "everything", "the file"])
def test_a_log_that_lost_acknowledged_commits_is_not_opened(image: Path, part: str) -> None:
    wal = image / WAL
    data = wal.read_bytes()
    if part == "the file":
        wal.unlink()
    else:
        wal.write_bytes(
            {
                "the last byte": data[:-1],
                "half": data[: len(data) // 2],
                "all but the header": data[:64],
                "everything": b"",
            }[part]
        )
    words = _refusal(image)
    assert f"{COMMITS} was acknowledged" in words
    assert "restore the data directory" in words


@pytest.mark.parametrize("main", [None, b""], ids=["gone", "empty"])
@pytest.mark.parametrize("has_mark", [True, False])
async def test_a_log_whose_database_is_not_there_is_left_for_it(
    image: Path, main: bytes | None, has_mark: bool
) -> None:
    # DuckDB would make a new database, and throw away a log that is not of it.
    whole = (image / MAIN).read_bytes()
    (image / MAIN).unlink()
    if main is not None:
        (image / MAIN).write_bytes(main)
    mark = (image / MARK).read_bytes()
    if not has_mark:
        (image / MARK).unlink()
    before = _contents(image)
    with pytest.raises(CannotOpen, match="put the file back"):
        DuckDBStore.open(options(image), Clock())
    assert {name: data for name, data in _contents(image).items() if name != MARK} == {
        name: data for name, data in before.items() if name != MARK
    }
    assert (image / MAIN).exists() is (main is not None)
    (image / MAIN).write_bytes(whole)
    (image / MARK).write_bytes(mark)
    assert await _head_of(image) == COMMITS


def test_a_mark_alone_makes_no_new_database(image: Path) -> None:
    (image / MAIN).unlink()
    (image / WAL).unlink()
    assert f"{COMMITS} was acknowledged" in _refusal(image)


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.99])
def test_a_log_with_a_changed_byte_is_not_opened(image: Path, place: float) -> None:
    wal = image / WAL
    data = bytearray(wal.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    wal.write_bytes(data)
    assert "cannot be opened" in _refusal(image)


def test_a_log_of_noise_is_not_opened(image: Path) -> None:
    wal = image / WAL
    wal.write_bytes(bytes(range(256)) * (wal.stat().st_size // 256))
    assert "cannot be opened" in _refusal(image)


@pytest.mark.parametrize(
    "tail", [b"\0" * 4096, b"\0" * 3, b"noise" * 100, b"\x40" + b"\0" * 7 + b"noise" * 100], ids=len
)
async def test_an_end_of_the_log_that_nobody_was_told_of_is_let_go(image: Path, tail: bytes) -> None:
    # What a power cut leaves of a write that was not synced: lengthened by zeros, or by pages that were on their way.
    with (image / WAL).open("ab") as wal:
        wal.write(tail)
    assert await _head_of(image) == COMMITS
    assert not (image / f"{WAL}.damaged").exists()
    # What was committed after it is there too.
    reopened = DuckDBStore.open(options(image), Clock())
    assert reopened.head == COMMITS + 1
    await reopened.close()


async def test_a_commit_that_nobody_was_told_of_may_be_damaged(image: Path) -> None:
    mark = AcknowledgedMark.open(image)
    mark.advance(COMMITS - 1)
    mark.close()
    wal = image / WAL
    data = bytearray(wal.read_bytes())
    data[-200] ^= 0x10
    wal.write_bytes(data)
    assert await _head_of(image) == COMMITS - 1


async def test_what_a_restart_finds_beyond_the_mark_is_acknowledged_from_then_on(image: Path) -> None:
    # It was killed between COMMIT and the mark. Who sends the commit again is answered from what is there.
    mark = AcknowledgedMark.open(image)
    mark.advance(COMMITS - 1)
    mark.close()
    store = DuckDBStore.open(options(image), Clock())
    again = await store.commit(extraction_to_commit(accession_number(COMMITS - 1)))
    assert (again.sequence, again.changed) == (COMMITS, False)
    lost = _copy(image, image.with_name("lost"))
    await store.close()
    (lost / WAL).write_bytes((lost / WAL).read_bytes()[:-1])
    assert f"{COMMITS} was acknowledged" in _refusal(lost)


async def test_a_process_that_ended_while_it_opened_a_damaged_log_left_it_whole(image: Path) -> None:
    (image / WAL).rename(image / f"{WAL}.damaged")
    (image / WAL).write_bytes(b"the first part")
    assert await _head_of(image) == COMMITS
    assert not (image / f"{WAL}.damaged").exists()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_changed_bit_of_the_log_loses_an_acknowledged_commit(
    image: Path, tmp_path_factory: pytest.TempPathFactory, place: float, bit: int
) -> None:
    folder = _copy(image, tmp_path_factory.mktemp("bit") / "store")
    data = bytearray((folder / WAL).read_bytes())
    data[int(len(data) * place)] ^= 1 << bit
    (folder / WAL).write_bytes(data)
    before = _contents(folder)
    with pytest.raises(CannotOpen):
        DuckDBStore.open(options(folder), Clock())
    assert _contents(folder) == before


def test_an_older_copy_of_the_file_is_not_opened(image: Path, tmp_path: Path) -> None:
    (image / WAL).unlink()
    assert "the file is an older copy" in _refusal(image)


def test_a_damaged_mark_is_not_believed(image: Path) -> None:
    (image / MARK).write_bytes(b"0" * 31)
    assert "is damaged" in _refusal(image)


async def test_without_a_mark_the_file_is_taken_as_it_is(image: Path) -> None:
    # A file from before there were marks, or one whose loss was accepted.
    (image / MARK).unlink()
    assert await _head_of(image) == COMMITS
    assert int((image / MARK).read_bytes()[:20]) == COMMITS + 1


@pytest.mark.parametrize("place", [10, 100, 4096 + 10, 8192 + 10])
def test_a_database_with_a_damaged_header_is_not_opened(image: Path, place: int) -> None:
    data = bytearray((image / MAIN).read_bytes())
    data[place] ^= 0xFF
    (image / MAIN).write_bytes(data)
    assert "cannot be opened" in _refusal(image)


async def test_a_read_of_a_damaged_part_says_so_and_other_reads_go_on(tmp_path: Path) -> None:
    live = tmp_path / "live"
    store = DuckDBStore.open(options(live), Clock())
    signals: dict[str, Value] = {f"signal_{each}": f"{each}.5" for each in range(20)}
    await asyncio.gather(
        *(
            store.commit(extraction_to_commit(accession_number(number), signals=signals))
            for number in range(100)
        )
    )
    await store.close()
    with duckdb.connect(str(live / MAIN)) as connection:
        (block,) = connection.execute(
            "SELECT max(block_id) FROM pragma_storage_info('evidence') WHERE persistent AND segment_type = 'VARCHAR'"
        ).fetchall()[0]
    data = bytearray((live / MAIN).read_bytes())
    data[12288 + block * 262144 + 5000] ^= 0xFF
    (live / MAIN).write_bytes(data)
    store = DuckDBStore.open(options(live), Clock())
    try:
        with pytest.raises(Unavailable) as refused:
            await store.commit_records([2])
        assert refused.value.reason is Reason.DEPENDENCY_UNAVAILABLE
        assert "restore the file from a copy" in refused.value.message
        assert await store.filing(accession_number(1), Moment(store.head)) is not None
        found = await store.signals(accession_number(1), Moment(store.head))
        assert found is not None
        assert len(reports.read(found.report, FilingReport).signals) == 20
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("IO Error: Could not write: No space left on device", Reason.DISK_FULL),
        ("IO Error: Corrupt database file: computed checksum", Reason.DEPENDENCY_UNAVAILABLE),
        ("IO Error: Could not read from file: Input/output error", Reason.DEPENDENCY_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("meaning", [duckdb_failures.of_read, duckdb_failures.of_write])
def test_an_error_of_the_disk_has_its_reason(
    words: str, reason: Reason, meaning: Callable[[duckdb.Error], BaseException]
) -> None:
    assert getattr(meaning(duckdb.IOException(words)), "reason", None) is reason


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[AcknowledgedMark]:
    opened = AcknowledgedMark.open(tmp_path)
    yield opened
    opened.close()


@given(sequence=st.integers(0, 2**64 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_mark_is_read_as_it_was_written(mark: AcknowledgedMark, tmp_path: Path, sequence: int) -> None:
    mark.advance(sequence)
    again = AcknowledgedMark.open(tmp_path)
    assert again.sequence == sequence
    again.close()


@given(place=st.integers(0, 29), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_mark_with_a_changed_bit_is_damaged(
    mark: AcknowledgedMark, tmp_path: Path, place: int, bit: int
) -> None:
    mark.advance(1234)
    file = tmp_path / acknowledged.FILE_NAME
    held = bytearray(file.read_bytes())
    held[place] ^= 1 << bit
    file.write_bytes(held)
    with pytest.raises(MarkDamaged):
        AcknowledgedMark.open(tmp_path)


async def test_a_mark_that_cannot_be_written_ends_the_writer_and_the_commit_is_answered_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DuckDBStore.open(options(tmp_path), Clock())

    def refuse(_sequence: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(store._owner.acknowledged, "advance", refuse)
    with pytest.raises(Unavailable, match="the mark of what was acknowledged"):
        await store.commit(extraction_to_commit(accession_number(1)))
    with pytest.raises(WriterBroken):
        await store.end_with_writer()
    await store.close()
    again = DuckDBStore.open(options(tmp_path), Clock())
    assert not (await again.commit(extraction_to_commit(accession_number(1)))).changed
    await again.close()


async def test_a_store_behind_a_link_to_its_folder_is_the_same_and_one_behind_a_link_to_its_file_is_refused(
    image: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").symlink_to(image)
    assert await _head_of(tmp_path / "folder") == COMMITS
    other = tmp_path / "other"
    other.mkdir()
    (other / MAIN).symlink_to(image / MAIN)
    with pytest.raises(CannotOpen, match="is a symbolic link; name the folder that it leads to"):
        DuckDBStore.open(options(other), Clock())
