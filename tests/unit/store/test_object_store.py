"""Objects in a local folder and in obstore's other storages: whole or not there, durable when acknowledged."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tenkay.errors import Reason, ResourceExhausted
from tenkay_store.objects.object_store import CannotOpenObjects, ObjectMissing, ObjectStore, open_object_store


@pytest.fixture(params=["folder", "file", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    urls = {"folder": None, "file": f"file://{tmp_path}/by%20url", "memory": "memory:///"}
    return open_object_store(urls[request.param], tmp_path / "objects")


async def test_an_object_is_read_back_whole_and_in_ranges(objects: ObjectStore) -> None:
    assert await objects.put("texts/ab/abc", b"0123456789")
    assert await objects.get("texts/ab/abc") == b"0123456789"
    assert await objects.get("texts/ab/abc", 3) == b"3456789"
    assert await objects.get("texts/ab/abc", 3, 4) == b"3456"
    assert await objects.get("texts/ab/abc", 8, 100) == b"89"
    assert await objects.get("texts/ab/abc", 0, 0) == b""
    assert await objects.get("texts/ab/abc", 10, 5) == b""
    assert await objects.get("texts/ab/abc", 11) == b""
    assert b"".join([piece async for piece in objects.stream("texts/ab/abc")]) == b"0123456789"
    found = await objects.find("texts/ab/abc")
    assert found is not None
    assert (found.path, found.size_bytes) == ("texts/ab/abc", 10)


async def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    assert await objects.put("empty", b"")
    assert await objects.get("empty") == b""
    assert [piece async for piece in objects.stream("empty") if piece] == []


async def test_what_is_not_there_is_missing(objects: ObjectStore) -> None:
    assert await objects.find("texts/none") is None
    assert [each async for each in objects.list("texts")] == []
    for read in (
        objects.get("texts/none"),
        objects.get("texts/none", 1, 2),
        anext(objects.stream("texts/none")),
    ):
        with pytest.raises(ObjectMissing):
            await read
    await objects.delete(["texts/none"])


async def test_an_object_that_is_there_stays_as_it_is_unless_it_is_replaced(
    objects: ObjectStore, tmp_path: Path
) -> None:
    file = tmp_path / "source"
    file.write_bytes(b"from a file")
    assert await objects.put("a", b"first")
    assert not await objects.put("a", b"second")
    assert not await objects.put("a", file)
    assert await objects.get("a") == b"first"
    assert await objects.put("a", file, replace=True)
    assert await objects.get("a") == b"from a file"
    assert await objects.put("a", b"third", replace=True)
    assert await objects.get("a") == b"third"


async def test_of_many_puts_at_once_one_writes(objects: ObjectStore) -> None:
    written = await asyncio.gather(*(objects.put("a/b", bytes([n]) * 5000) for n in range(20)))
    assert written.count(True) == 1
    assert await objects.get("a/b") == bytes([written.index(True)]) * 5000


async def test_a_folder_lists_what_is_in_it_and_below_it(objects: ObjectStore) -> None:
    for path in ("texts/ab/1", "texts/ab/2", "texts/cd/3", "textsmore/4", "facts/5"):
        await objects.put(path, path.encode())
    assert {each.path async for each in objects.list("texts")} == {"texts/ab/1", "texts/ab/2", "texts/cd/3"}
    await objects.delete(["texts/ab/1", "texts/cd/3", "texts/none"])
    assert {each.path async for each in objects.list("texts")} == {"texts/ab/2"}


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.hidden", "a b", "ä"])
async def test_a_path_that_leads_elsewhere_is_refused(objects: ObjectStore, path: str) -> None:
    for call in (objects.put(path, b""), objects.get(path), objects.find(path), objects.delete([path])):
        with pytest.raises(ValueError, match="no path"):
            await call


@pytest.mark.parametrize(
    "url", ["ftp://host/a", "https://host/a", "nonsense", "file://", "file:///", "file://host/a"]
)
def test_a_url_that_cannot_hold_objects_is_told_in_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(CannotOpenObjects) as caught:
        open_object_store(url, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotOpenObjects, match="cannot be used"):
        open_object_store(None, tmp_path / "file" / "objects")


async def test_a_disk_without_room_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    objects = open_object_store(None, tmp_path, min_free_bytes=1 << 60)
    with pytest.raises(ResourceExhausted) as caught:
        await objects.put("a", b"1")
    assert caught.value.reason is Reason.DISK_FULL
    assert await objects.find("a") is None
    assert list((tmp_path / "incoming").iterdir()) == []


def test_what_a_killed_process_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "old").write_bytes(b"half")
    os.utime(incoming / "old", (0, 0))
    (incoming / "new").write_bytes(b"half")
    open_object_store(None, tmp_path)
    assert [each.name for each in incoming.iterdir()] == ["new"]


async def test_a_put_syncs_the_file_before_its_name_and_every_folder_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = open_object_store(None, tmp_path)
    synced: list[tuple[str, bool]] = []
    sync: Callable[[int], None] = os.fsync

    def note(descriptor: int) -> None:
        sync(descriptor)
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), (tmp_path / "texts/ab/1").exists()))

    monkeypatch.setattr(os, "fsync", note)
    await objects.put("texts/ab/1", b"1")
    (file, visible), *folders = synced
    assert Path(file).parent == tmp_path / "incoming"
    assert not visible
    assert [Path(name) for name, _ in folders] == [tmp_path / "texts/ab", tmp_path / "texts", tmp_path]
    # Once they are known to be on the disk, names of folders need not be synced again.
    synced.clear()
    assert not await objects.put("texts/ab/1", b"1")
    assert [Path(name) for name, _ in synced] == [tmp_path / "texts/ab"]
    synced.clear()
    assert await objects.put("texts/cd/2", b"2")
    assert [Path(name) for name, _ in synced][1:] == [tmp_path / "texts/cd", tmp_path / "texts"]
    # Another process knows only what it has synced itself.
    synced.clear()
    assert not await open_object_store(None, tmp_path).put("texts/ab/1", b"1")
    assert [Path(name) for name, _ in synced][2:] == [tmp_path / "texts/ab", tmp_path / "texts", tmp_path]
