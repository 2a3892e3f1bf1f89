"""When artifacts are kept and when they go: never under a put or a commit, never one that is named, all others."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenkay.common.v1 import artifact_pb2
from tenkay.errors import FailedPrecondition, Reason, ResourceExhausted, TenkayError, Unavailable
from tenkay_store.domain.records import Artifact, ArtifactKind, Extraction, Purge
from tenkay_store.objects.artifact_store import OWNER, ArtifactLimits, ArtifactStore
from tenkay_store.objects.object_store import ObjectMissing, ObjectStore, open_object_store
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire import commit_messages
from tests.unit.store.artifacts import chunks, sha256, with_artifacts
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number

LIMITS = ArtifactLimits(max_bytes=1_000_000, incoming_bytes=100_000, whole_reads=2, keep_seconds=86_400)


class Later:
    """A clock that can be set on."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


class PausingObjects(ObjectStore):
    """A local folder whose deletions and look-ups can be held up, and fail."""

    def __init__(self, folder: Path) -> None:
        local = open_object_store(None, folder)
        super().__init__(local._store, local.root, 0)
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.deleting = asyncio.Event()
        self.failure: TenkayError | None = None

    async def delete(self, paths: Sequence[str]) -> None:
        self.deleting.set()
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        await super().delete(paths)


class World:
    """A store with its artifacts."""

    def __init__(self, folder: Path) -> None:
        self.clock = Later()
        self.store = DuckDBStore.open(options(folder / "data"), self.clock)
        self.objects = PausingObjects(folder / "objects")
        self.artifacts = ArtifactStore(self.objects, self.store, LIMITS, self.clock)

    async def put(self, text: str) -> Artifact:
        artifact = text_artifact(text)
        await self.artifacts.put(artifact, chunks(text.encode()))
        return artifact

    async def commit(self, number: int, *texts: str, agent: int = 1999000800) -> Extraction:
        body = body_of(number, *texts, agent=agent)
        await self.artifacts.while_held(body.artifacts, lambda: self.store.commit(body))
        return body

    async def purge(self, body: Extraction) -> None:
        records = await self.store.purge([Purge(body.accession_number, "test", "test")])
        await self.artifacts.purged(records)

    async def has(self, text: str) -> bool:
        return await self.objects.find(path_of(text)) is not None


def text_artifact(text: str) -> Artifact:
    return Artifact(ArtifactKind.TEXT, sha256(text.encode()), len(text.encode()))


def path_of(text: str) -> str:
    digest = sha256(text.encode())
    return f"artifacts/text/{digest[:2]}/{digest}"


def body_of(number: int, *texts: str, agent: int = 1999000800) -> Extraction:
    message, _ = with_artifacts(accession_number(number, agent), texts)
    return commit_messages.extraction_record(message)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    # Objects older than the database are not its own: on a coarse clock the first ones could seem to be.
    await asyncio.sleep(0.02)
    yield made
    await made.store.close()


async def test_what_is_put_and_never_named_goes_after_a_day(world: World) -> None:
    await world.put("never named")
    await world.put("named")
    await world.commit(1, "named")
    assert await world.artifacts.collect() == 0
    world.clock.by = timedelta(hours=23)
    assert await world.artifacts.collect() == 0
    world.clock.by = timedelta(hours=25)
    assert await world.artifacts.collect() == 1
    assert not await world.has("never named")
    assert await world.has("named")
    held = world.artifacts.held[ArtifactKind.TEXT]
    assert held.objects == 2  # as it found them
    assert held.stored_bytes > 0


async def test_the_day_of_an_artifact_begins_anew_when_it_is_put_again(world: World) -> None:
    await world.put("again")
    first = await world.objects.find(path_of("again"))
    await asyncio.sleep(0.02)
    await world.put("again")
    second = await world.objects.find(path_of("again"))
    assert first is not None
    assert second is not None
    assert first.modified_at < second.modified_at


async def test_objects_of_another_store_are_refused_and_stay_as_they_are(tmp_path: Path) -> None:
    earlier, other = World(tmp_path), World(tmp_path / "other")
    await asyncio.sleep(0.02)
    await earlier.put("of another store")
    other.artifacts = ArtifactStore(earlier.objects, other.store, LIMITS, other.clock)
    with pytest.raises(TenkayError) as refused:
        await other.artifacts.put(text_artifact("new"), chunks(b"new"))
    assert refused.value.reason is Reason.OBJECTS_UNUSABLE
    assert earlier.store.store_id in refused.value.message
    assert not await earlier.has("new")
    body = body_of(1, "of another store")
    with pytest.raises(TenkayError) as refused:
        await other.artifacts.while_held(body.artifacts, lambda: other.store.commit(body))
    assert refused.value.reason is Reason.OBJECTS_UNUSABLE
    other.clock.by = timedelta(days=3)
    with pytest.raises(TenkayError) as refused:
        await other.artifacts.collect()
    assert refused.value.reason is Reason.OBJECTS_UNUSABLE
    assert await earlier.has("of another store")
    await earlier.put("still ours")
    await earlier.store.close()
    await other.store.close()


async def test_objects_whose_owner_cannot_be_read_are_nobodys_to_change(world: World) -> None:
    await world.objects.put(OWNER, b"{}")
    with pytest.raises(TenkayError) as refused:
        await world.put("new")
    assert refused.value.reason is Reason.OBJECTS_UNUSABLE
    assert not await world.has("new")


async def test_objects_that_nobody_has_claimed_become_the_stores(world: World) -> None:
    digest = sha256(b"of a store of before")
    path = f"artifacts/text/{digest[:2]}/{digest}"
    await world.objects.put(path, b"there before there were owners")
    await world.artifacts.require_own()
    again = ArtifactStore(world.objects, world.store, LIMITS, world.clock)
    await again.require_own()
    assert await world.objects.find(path) is not None
    assert world.store.store_id.encode() in await world.objects.get(OWNER)


async def test_objects_older_than_the_database_are_left_alone(world: World) -> None:
    digest = sha256(b"of a database that was lost")
    path = f"artifacts/text/{digest[:2]}/{digest}"
    await world.objects.put(path, b"older")
    assert world.objects.root is not None
    before = world.store.created_at.timestamp() - 60
    os.utime(world.objects.root / path, (before, before))
    world.clock.by = timedelta(days=3)
    assert await world.artifacts.collect() == 0
    assert await world.objects.find(path) is not None


async def test_a_commit_in_flight_keeps_what_it_names(world: World) -> None:
    await world.put("in flight")
    other = await world.commit(1, "in flight")
    body = body_of(2, "in flight")
    world.clock.by = timedelta(days=2)

    async def slow_commit() -> None:
        await world.purge(other)
        assert await world.artifacts.collect() == 0
        await world.store.commit(body)

    await world.artifacts.while_held(body.artifacts, slow_commit)
    assert await world.artifacts.collect() == 0
    assert await world.has("in flight")


async def test_what_a_commit_in_flight_did_not_come_to_name_goes_later(world: World) -> None:
    await world.put("given up")
    body = body_of(1, "given up")
    world.clock.by = timedelta(days=2)

    async def fails() -> None:
        raise Unavailable(Reason.DRAINING, "the store is going down")

    with pytest.raises(Unavailable):
        await world.artifacts.while_held(body.artifacts, fails)
    assert await world.artifacts.collect() == 1


async def test_a_commit_waits_for_a_removal_and_is_told_that_its_artifact_is_gone(world: World) -> None:
    await world.put("leaving")
    world.clock.by = timedelta(days=2)
    world.objects.go_on.clear()
    collecting = asyncio.create_task(world.artifacts.collect())
    await world.objects.deleting.wait()
    commit = asyncio.create_task(world.commit(1, "leaving"))
    put = asyncio.create_task(world.put("another"))
    await put
    assert not commit.done()
    world.objects.go_on.set()
    assert await collecting == 1
    with pytest.raises(FailedPrecondition) as missing:
        await commit
    assert missing.value.reason is Reason.ARTIFACT_MISSING
    assert world.store.head == 0
    await world.put("leaving")
    await world.commit(1, "leaving")


async def test_a_put_waits_for_a_removal_and_outlives_it(world: World) -> None:
    await world.put("again")
    world.clock.by = timedelta(days=2)
    world.objects.go_on.clear()
    collecting = asyncio.create_task(world.artifacts.collect())
    await world.objects.deleting.wait()
    put = asyncio.create_task(world.put("again"))
    await asyncio.sleep(0.05)
    assert not put.done()
    world.objects.go_on.set()
    assert await collecting == 1
    await put
    await world.commit(1, "again")
    assert await world.has("again")


async def test_a_caller_that_goes_away_does_not_end_its_commits_hold(world: World) -> None:
    await world.put("held on")
    world.clock.by = timedelta(days=2)
    body = body_of(1, "held on")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def queued_commit() -> None:
        begun.set()
        await go_on.wait()
        await world.store.commit(body)

    caller = asyncio.create_task(world.artifacts.while_held(body.artifacts, queued_commit))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await world.artifacts.collect() == 0
    go_on.set()
    assert await world.store.wait_for(1, 5)
    assert await world.artifacts.collect() == 0
    assert await world.has("held on")


async def test_a_purge_removes_what_only_it_named_and_a_filing_may_come_back(world: World) -> None:
    for text in ("shared", "own"):
        await world.put(text)
    one = await world.commit(1, "shared", "own")
    await world.commit(2, "shared")
    await world.purge(one)
    assert await world.has("shared")
    assert not await world.has("own")
    with pytest.raises(ObjectMissing):
        await world.artifacts.read_index(text_artifact("own"))
    await world.put("own")
    again = await world.commit(1, "shared", "own")
    assert await world.has("own")
    await world.purge(again)
    assert not await world.has("own")


async def test_a_version_purged_in_the_group_it_was_committed_in_leaves_nothing(world: World) -> None:
    await world.put("short-lived")
    body = body_of(1, "short-lived")
    commit = asyncio.create_task(world.store.commit(body))
    await asyncio.sleep(0)  # queued, and the purge right behind it
    (record,) = await world.store.purge([Purge(body.accession_number, "test", "test")])
    await commit
    assert isinstance(record.body, Purge)
    assert record.body.artifacts == body.artifacts
    await world.artifacts.purged([record])
    assert not await world.has("short-lived")


async def test_what_a_purge_could_not_remove_is_removed_later(world: World) -> None:
    await world.put("stays for now")
    body = await world.commit(1, "stays for now")
    world.objects.failure = Unavailable(Reason.DEPENDENCY_UNAVAILABLE, "the storage is away")
    await world.purge(body)  # is answered: the purge itself is made
    assert await world.has("stays for now")
    world.objects.failure = None
    world.clock.by = timedelta(days=2)
    # As after a crash between the two, too: nothing but the objects and the database is looked at.
    after_restart = ArtifactStore(world.objects, world.store, LIMITS, world.clock)
    assert await after_restart.collect() == 1
    assert not await world.has("stays for now")


async def test_a_removal_whose_caller_goes_away_still_keeps_puts_out_until_its_end(world: World) -> None:
    await world.put("twice")
    body = await world.commit(1, "twice")
    world.objects.go_on.clear()
    purging = asyncio.create_task(world.purge(body))
    await world.objects.deleting.wait()
    purging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await purging
    put = asyncio.create_task(world.put("twice"))
    await asyncio.sleep(0.05)
    assert not put.done()
    world.objects.go_on.set()
    await put
    assert await world.has("twice")


async def test_puts_beyond_the_room_for_them_are_put_off(world: World) -> None:
    gate = asyncio.Event()
    content = b"x" * 60_000

    async def slow() -> AsyncIterator[bytes]:
        yield content[:1]
        await gate.wait()
        yield content[1:]

    await world.artifacts.require_own()
    first = asyncio.create_task(world.artifacts.put(text_artifact(content.decode()), slow()))
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhausted) as full:
        await world.put("y" * 50_000)
    assert full.value.reason is Reason.QUEUE_FULL
    assert full.value.retry_after
    await world.put("y" * 40_000)
    gate.set()
    await first
    await world.put("z" * 500_000)  # more than there is room for at all: let in alone


async def test_a_commit_as_it_was_made_names_its_artifacts(world: World) -> None:
    await world.put("kept")
    body = await world.commit(1, "kept")
    (record,) = await world.store.commit_records([1])
    assert record.body == replace(body, size_bytes=0)
    assert body.artifacts == (text_artifact("kept"),)
    assert await world.store.named_artifacts(ArtifactKind.TEXT, [body.artifacts[0].sha256, "0" * 64]) == {
        body.artifacts[0].sha256
    }
    assert await world.store.named_artifacts(ArtifactKind.FACTS, [body.artifacts[0].sha256]) == frozenset()


def test_the_kinds_of_the_records_are_those_of_the_protos() -> None:
    names = artifact_pb2.ArtifactKind.DESCRIPTOR.values_by_name
    assert [*names] == [f"ARTIFACT_KIND_{name}" for name in ("UNSPECIFIED", *ArtifactKind)]
