"""Each store has an identity of its own: a backup that is another store's is not written to, and a restore keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenkay.errors import FailedPrecondition, Reason
from tenkay_store.backups.backup import Backup
from tenkay_store.objects.object_store import open_object_store
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.backups import Clock, CopiedStore, SinkRows, commit_some, objects_of, restored
from tests.unit.store.conftest import options
from tests.unit.store.test_restore import all_commits


def claim_of(folder: Path) -> Path:
    return folder / "backup" / "shards" / "0" / "store.json"


async def store_id_of(directory: Path, clock: Clock) -> str:
    store = DuckDBStore.open(options(directory), clock)
    found = store.store_id
    await store.close()
    return found


async def test_each_store_is_made_with_an_identity_that_it_keeps(tmp_path: Path, clock: Clock) -> None:
    first, second = [await store_id_of(tmp_path / name, clock) for name in ("first", "second")]
    assert first != second
    assert await store_id_of(tmp_path / "first", clock) == first


@pytest.mark.parametrize("copies_commits", [True, False], ids=["commits copied", "snapshots alone"])
async def test_of_two_stores_on_one_empty_backup_the_second_is_refused(
    tmp_path: Path, clock: Clock, copies_commits: bool
) -> None:
    objects = open_object_store(f"file://{tmp_path}/backup", tmp_path)
    async with (
        CopiedStore(tmp_path / "one", clock, objects=objects, copies_commits=copies_commits) as one,
        CopiedStore(tmp_path / "two", clock, objects=objects, copies_commits=copies_commits) as two,
    ):
        await one.snapshots.create()
        for store in (one.store, two.store):
            await commit_some(store, 1, 2)
        before = await one.backup.list()
        for write in (two.snapshots.create, *([two.copy.flush] if copies_commits else [])):
            with pytest.raises(FailedPrecondition, match="of another store") as refused:
                await write()
            assert refused.value.reason is Reason.BACKUP_UNUSABLE
            assert one.store.store_id in refused.value.message
            assert "TENKAY_STORE_BACKUP_URL of its own" in refused.value.message
            assert "tenkay store restore" in refused.value.message
        assert two.copy.age_seconds > 0
        assert await one.backup.list() == before
        await one.snapshots.create()


async def test_a_store_takes_its_backup_before_its_first_snapshot(tmp_path: Path, clock: Clock) -> None:
    objects = open_object_store(f"file://{tmp_path}/backup", tmp_path)
    async with (
        CopiedStore(tmp_path / "one", clock, objects=objects) as one,
        CopiedStore(tmp_path / "two", clock, objects=objects) as two,
    ):
        assert await one.copy.flush() is None
        with pytest.raises(FailedPrecondition, match="of another store"):
            await two.snapshots.create()


async def test_a_store_that_never_made_a_snapshot_finds_at_once_that_the_backup_is_anothers(
    tmp_path: Path, clock: Clock
) -> None:
    """Also where the other's newest snapshot is so young that none is due."""
    objects = open_object_store(f"file://{tmp_path}/backup", tmp_path)
    async with (
        CopiedStore(tmp_path / "one", clock, objects=objects, copies_commits=False) as one,
        CopiedStore(tmp_path / "two", clock, objects=objects, copies_commits=False) as two,
    ):
        await one.snapshots.create()
        with pytest.raises(FailedPrecondition, match="of another store"):
            await two.snapshots._is_due()


async def test_a_backup_of_before_identities_is_taken_by_the_store_that_it_is_of(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
        await commit_some(copied.store, 1, 2)
        await copied.copy.flush()
        store_id = copied.store.store_id
    claim_of(tmp_path).unlink()
    (tmp_path / "data").rename(tmp_path / "first")
    async with CopiedStore(tmp_path, clock) as other:
        await commit_some(other.store, 1, 4)
        for write in (other.copy.flush, other.snapshots.create):
            with pytest.raises(FailedPrecondition, match="of another store"):
                await write()
    assert not claim_of(tmp_path).exists()
    (tmp_path / "data").rename(tmp_path / "other")
    (tmp_path / "first").rename(tmp_path / "data")
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.copy.flush()
        assert await copied.backup.owner() == store_id


async def test_a_claim_that_cannot_be_read_is_not_written_over(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as copied:
        await copied.snapshots.create()
    claim_of(tmp_path).write_bytes(b"{}")
    async with CopiedStore(tmp_path, clock) as copied:
        with pytest.raises(FailedPrecondition, match=r"store\.json cannot be read") as refused:
            await copied.snapshots.create()
        assert refused.value.reason is Reason.BACKUP_UNUSABLE


async def test_a_restored_store_is_the_lost_one_and_goes_on_with_its_backup(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await commit_some(lost.store, 1, 2)
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 2)
        await lost.copy.flush()
        store_id = lost.store.store_id
        assert {each.store_id for each in await lost.snapshots.present()} == {store_id}
    await restored(tmp_path, clock, directory="data")
    async with CopiedStore(tmp_path, clock) as again:
        assert again.store.store_id == store_id
        await again.snapshots.create()
        await commit_some(again.store, 9, 1)
        assert await again.copy.flush() == again.store.head


async def test_a_restore_without_a_snapshot_takes_the_identity_from_the_backup_or_the_second_sink(
    tmp_path: Path, clock: Clock
) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 2)
        await lost.copy.flush()
        records, store_id = await all_commits(lost.store), lost.store.store_id
    for path in objects_of(tmp_path, "snapshots"):
        path.unlink()
    await restored(tmp_path, clock, second_sink=SinkRows(records))
    assert await store_id_of(tmp_path / "restored", clock) == store_id
    claim_of(tmp_path).unlink()
    await restored(tmp_path, clock, second_sink=SinkRows(records, store_id="0" * 32))
    assert await store_id_of(tmp_path / "restored", clock) == "0" * 32


async def test_a_second_sink_of_another_store_is_not_restored_from(tmp_path: Path, clock: Clock) -> None:
    async with CopiedStore(tmp_path, clock) as lost:
        await lost.snapshots.create()
        await commit_some(lost.store, 5, 2)
        records = await all_commits(lost.store)
    for _ in ("with the claim", "by the manifest alone"):
        with pytest.raises(FailedPrecondition, match="leave it out") as refused:
            await restored(tmp_path, clock, second_sink=SinkRows(records, store_id="another"))
        assert refused.value.reason is Reason.SINK_UNUSABLE
        assert not (tmp_path / "restored" / "tenkay.duckdb").exists()
        claim_of(tmp_path).unlink(missing_ok=True)


async def test_of_two_that_take_an_empty_backup_at_once_one_has_it(tmp_path: Path) -> None:
    backups = [Backup(open_object_store(f"file://{tmp_path}/backup", tmp_path), 0) for _ in range(2)]
    owners = [await backup.claim(name) for backup, name in zip(backups, ("one", "two"), strict=True)]
    assert owners == ["one", "one"]
