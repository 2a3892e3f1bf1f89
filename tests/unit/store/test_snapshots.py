"""Snapshots: consistent while commits go on, kept as long as said, and free of what was purged."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tenkay.errors import FailedPrecondition, Reason, ResourceExhausted, TenkayError, failure
from tenkay_store.domain.records import Purge
from tenkay_store.objects.object_store import open_object_store
from tenkay_store.primary import duckdb_snapshot
from tenkay_store.primary.duckdb_snapshot import NotTheSame
from tests.unit.store.backups import Clock, CopiedStore, commit_some, objects_of, purge, restored
from tests.unit.store.filings import accession_number, extraction_to_commit
from tests.unit.store.whole_store import contents


async def purge_times(copied: CopiedStore) -> dict[str, bool]:
    """Whether the copies are clean, by purged filing."""
    return {
        each.accession_number: each.body.copies_clean_at is not None
        for each in await copied.store.purges(0, 100)
        if isinstance(each.body, Purge)
    }


def holds(folder: Path, words: bytes) -> bool:
    """Whether an object of the backup has these bytes, compressed or not."""
    for path in (*objects_of(folder, "snapshots"), *objects_of(folder, "commits")):
        content = path.read_bytes()
        if path.name.endswith(".zst"):
            with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as lines:
                content = lines.read()
        if words in content:
            return True
    return False


async def test_a_snapshot_taken_while_commits_go_on_is_one_state(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 50)
        stop = asyncio.Event()

        async def write() -> None:
            number = 1000
            while not stop.is_set():
                await commit_some(copied.store, number, 3)
                number += 3

        writing = asyncio.create_task(write())
        made = [await copied.snapshots.create() for _ in range(3)]
        stop.set()
        await writing
        assert [each.sequence for each in made] == sorted(each.sequence for each in made)
        assert copied.store.head > made[0].sequence
        records = await copied.store.commit_records(await copied.store.commits_after(0, 10_000))
    for path in objects_of(tmp_path, "commits"):
        path.unlink()
    report = await restored(tmp_path, clock)
    assert report.newest_commit == made[-1].sequence
    with duckdb.connect(str(tmp_path / "restored" / "tenkay.duckdb")) as connection:
        found = connection.execute(
            "SELECT sequence FROM filings UNION ALL SELECT sequence FROM analyses ORDER BY 1"
        ).fetchall()
        torn = connection.execute(
            "SELECT count(*) FROM filings f WHERE signal_count <> "
            "(SELECT count(*) FROM signals s WHERE s.sequence = f.sequence)"
        ).fetchone()
    assert [row[0] for row in found] == [
        each.sequence for each in records if each.sequence <= made[-1].sequence
    ]
    assert torn == (0,)


async def test_a_snapshot_is_told_with_what_is_in_it(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 3)
        made = await copied.snapshots.create()
        assert await copied.snapshots.present() == [made]
        assert made.rows["filings"] == 4
        assert made.size_bytes == sum(
            path.stat().st_size for path in objects_of(tmp_path, "snapshots") if path.name != "manifest.json"
        )
        assert not (tmp_path / "snapshot.tmp").exists()


async def test_its_file_is_one_that_older_versions_of_duckdb_read(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.store.write_snapshot(tmp_path / "one" / "file.duckdb")
    with duckdb.connect(str(tmp_path / "one" / "file.duckdb"), read_only=True) as connection:
        row = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'file'"
        ).fetchone()
    assert row is not None
    assert row[0].startswith("v1.0.0")


async def test_a_copy_that_holds_something_else_does_not_count(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "copy.duckdb"
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 2)
        state = await copied.store._owner.aside(lambda cursor: duckdb_snapshot.copy(cursor, file))
    duckdb_snapshot.verify(file, state)
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE signals SET number = number + 1 WHERE ordinal = 0")
    with pytest.raises(NotTheSame, match="signals"):
        duckdb_snapshot.verify(file, state)


async def test_the_newest_ones_are_kept_and_the_parts_after_the_oldest_of_them(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock, keep=2) as copied:
        for first in (1, 10, 20, 30):
            await commit_some(copied.store, first, 2)
            await copied.copy.flush()
            await copied.snapshots.create()
        listing = await copied.backup.list()
        assert len(listing.snapshots) == 2
        oldest = listing.snapshots[0].sequence
        assert [part.range.after for part in listing.parts] == [oldest]
        assert len(objects_of(tmp_path, "snapshots")) == 4


async def test_old_ones_are_deleted_but_never_the_newest(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        clock.now += timedelta(days=40)  # type: ignore[attr-defined]
        second = await copied.snapshots.create()
        assert [each.name for each in await copied.snapshots.present()] == [second.name]


async def test_pieces_that_a_killed_snapshot_left_do_not_count_and_are_removed(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        left = tmp_path / "backup" / "shards" / "0" / "snapshots" / f"{5:020}-20260101T000000Z"
        left.mkdir()
        (left / "00000").write_bytes(b"a piece")
        (tmp_path / "snapshot.tmp").mkdir()
        (tmp_path / "snapshot.tmp" / "snapshot.duckdb.wal").write_bytes(b"half")
        assert len(await copied.snapshots.present()) == 1
        await copied.snapshots.create()
        assert not (left / "00000").exists()
        assert not (tmp_path / "snapshot.tmp").exists()


async def test_a_purge_takes_the_filing_out_of_snapshots_and_parts(tmp_path: Path, clock: Clock) -> None:
    secret = b"Purged Industries"
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        await copied.store.commit(extraction_to_commit(accession_number(1), company_name=secret.decode()))
        await copied.copy.flush()
        await commit_some(copied.store, 2, 3)
        await copied.snapshots.create()
        assert holds(tmp_path, secret)
        await purge(copied.store, 1)
        # Copied together with its purge, too.
        await copied.store.commit(extraction_to_commit(accession_number(9), company_name=secret.decode()))
        await purge(copied.store, 9)
        await copied.copy.flush()
        assert await purge_times(copied) == {accession_number(1): False, accession_number(9): False}
        await copied.snapshots.create()
        assert await purge_times(copied) == {accession_number(1): True, accession_number(9): True}
        assert await copied.store.unclean_purges() is None
        listing = await copied.backup.list()
        assert len(listing.snapshots) == 1
        assert listing.parts == ()
        assert not holds(tmp_path, secret)
        await commit_some(copied.store, 20, 2)
        await copied.copy.flush()
    await restored(tmp_path, clock)
    assert contents(tmp_path / "restored") == contents(copied.directory)


async def test_a_purge_makes_a_snapshot_due(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 2)
        await copied.snapshots.create()
        running = asyncio.create_task(copied.snapshots.run())
        await purge(copied.store, 1)
        for _ in range(600):
            if all((await purge_times(copied)).values()):
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("no snapshot came")
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_a_backup_that_reaches_beyond_the_store_is_not_written_to(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path / "one", clock) as one:
        await commit_some(one.store, 1, 3)
        await one.snapshots.create()
    objects = open_object_store(f"file://{tmp_path}/one/backup", tmp_path)
    async with CopiedStore(tmp_path / "two", clock, objects=objects) as two:
        for write in (two.snapshots.create, two.copy.flush):
            with pytest.raises(FailedPrecondition, match="of another store") as refused:
                await write()
            assert refused.value.reason is Reason.BACKUP_UNUSABLE


async def test_an_object_storage_that_is_full_or_away_costs_the_snapshot_and_nothing_else(
    tmp_path: Path, clock: Clock
) -> None:
    full = open_object_store(f"file://{tmp_path}/backup", tmp_path, min_free_bytes=1 << 60)
    async with CopiedStore(tmp_path / "full", clock, objects=full) as copied:
        await commit_some(copied.store, 1, 2)
        with pytest.raises(ResourceExhausted):
            await copied.snapshots.create()
        assert await copied.snapshots.present() == []
        await commit_some(copied.store, 3, 2)
    away = open_object_store(f"file://{tmp_path}/away", tmp_path)
    async with CopiedStore(tmp_path / "two", clock, objects=away) as copied:
        await copied.snapshots.create()
        (tmp_path / "away").rename(tmp_path / "elsewhere")
        (tmp_path / "away").write_bytes(b"not a folder")
        await commit_some(copied.store, 1, 2)
        for write in (copied.snapshots.create, copied.copy.flush):
            with pytest.raises(TenkayError):
                await write()
        assert copied.copy.age_seconds > 0
        (tmp_path / "away").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "away")
        await copied.snapshots.create()
        assert copied.copy.age_seconds == 0


async def test_those_who_ask_while_one_is_made_share_the_next(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        first = asyncio.create_task(copied.snapshots.create())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked = [asyncio.create_task(copied.snapshots.create()) for _ in range(5)]
        await commit_some(copied.store, 1, 1)
        made = [await first, *await asyncio.gather(*asked)]
        assert len({each.name for each in made}) == 2
        assert len(await copied.snapshots.present()) == 2


async def test_copies_that_could_not_be_deleted_are_deleted_later(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await commit_some(copied.store, 1, 2)
        await copied.snapshots.create()
        await purge(copied.store, 1)

        async def refuse(*_arguments: object) -> None:
            raise failure(Reason.DEPENDENCY_UNAVAILABLE, "the object storage deletes nothing today")

        with monkeypatch.context() as patched:
            patched.setattr(copied.backup, "delete_snapshots", refuse)
            second = await copied.snapshots.create()
        assert len(await copied.snapshots.present()) == 2
        assert await purge_times(copied) == {accession_number(1): False}
        running = asyncio.create_task(copied.snapshots.run())
        for _ in range(600):
            if all((await purge_times(copied)).values()):
                break
            await asyncio.sleep(0.1)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert await copied.snapshots.present() == [second]
        assert await purge_times(copied) == {accession_number(1): True}
