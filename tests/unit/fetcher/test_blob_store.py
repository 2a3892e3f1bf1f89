from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.blob_store import ABANDONED_AFTER_SECONDS, CHUNK_BYTES, BlobStore

CONTENT = bytes(range(256)) * 2100  # a little over two chunks


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path, max_blob_bytes=1_000_000, min_free_bytes=0)


def put(store: BlobStore, content: bytes = CONTENT) -> str:
    with store.writer() as writer:
        for start in range(0, len(content), 100_000):
            writer.write(content[start : start + 100_000])
        return writer.commit().sha256


def files_under(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_a_blob_is_named_by_its_sha256_and_read_back_in_chunks(store: BlobStore, tmp_path: Path) -> None:
    sha256 = put(store)
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    found = store.find(sha256)
    assert found is not None
    assert found.size_bytes == len(CONTENT)
    pieces = list(store.read(sha256))
    assert b"".join(pieces) == CONTENT
    assert [len(piece) for piece in pieces] == [CHUNK_BYTES, CHUNK_BYTES, len(CONTENT) - 2 * CHUNK_BYTES]
    assert files_under(tmp_path) == [f"blobs/{sha256[:2]}/{sha256}"]
    assert put(store) == sha256
    assert files_under(tmp_path) == [f"blobs/{sha256[:2]}/{sha256}"]


@given(offset=st.integers(0, len(CONTENT)), length=st.one_of(st.none(), st.integers(0, len(CONTENT) + 10)))
def test_any_range_is_that_part_of_the_blob(
    tmp_path_factory: pytest.TempPathFactory, offset: int, length: int | None
) -> None:
    root = tmp_path_factory.getbasetemp() / "ranges"
    store = BlobStore(root, max_blob_bytes=1_000_000, min_free_bytes=0)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    if store.find(sha256) is None:
        put(store)
    end = None if length is None else offset + length
    assert b"".join(store.read(sha256, offset, length)) == CONTENT[offset:end]


def test_an_offset_beyond_the_end_names_the_field(store: BlobStore) -> None:
    sha256 = put(store)
    assert list(store.read(sha256, len(CONTENT))) == []
    with pytest.raises(TenkayError, match="beyond the blob's") as failed:
        list(store.read(sha256, len(CONTENT) + 1))
    assert (failed.value.reason, failed.value.fields[0].field) == (Reason.INVALID_FIELD, "offset")


def test_an_unknown_blob_is_told_from_an_empty_one(store: BlobStore) -> None:
    empty = put(store, b"")
    assert list(store.read(empty)) == []
    unknown = "0" * 64
    assert store.find(unknown) is None
    with pytest.raises(TenkayError, match="EnsureFiling") as failed:
        list(store.read(unknown))
    assert failed.value.reason is Reason.BLOB_UNKNOWN


@pytest.mark.parametrize("damage", ["changed", "shorter"])
def test_a_damaged_blob_is_never_read_to_its_end_and_is_removed(store: BlobStore, damage: str) -> None:
    sha256 = put(store)
    path = store.blob_path(sha256)
    path.write_bytes(CONTENT[:-1] + b"?" if damage == "changed" else CONTENT[:-1])
    got: list[bytes] = []
    with pytest.raises(TenkayError, match="damaged") as failed:
        got.extend(store.read(sha256))
    assert failed.value.reason is Reason.BLOB_UNKNOWN
    assert len(b"".join(got)) < len(CONTENT) - 1
    assert store.find(sha256) is None
    assert put(store) == sha256
    assert b"".join(store.read(sha256)) == CONTENT


def test_what_is_not_committed_leaves_nothing(store: BlobStore, tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with store.writer() as writer:
            writer.write(b"half")
            raise RuntimeError("lost")

    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.writer() as writer:
        writer.write(b"half")
    assert files_under(tmp_path) == []


def test_a_restart_forgets_what_was_written(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.write(b"first half")
        writer.restart()
        writer.write(b"whole")
        blob = writer.commit()
    assert b"".join(store.read(blob.sha256)) == b"whole"


def test_the_bound_is_exact(store: BlobStore, tmp_path: Path) -> None:
    put(store, bytes(1_000_000))
    before = files_under(tmp_path)
    with pytest.raises(TenkayError, match="1,000,000 bytes") as failed:
        put(store, bytes(1_000_001))
    assert failed.value.reason is Reason.SUBMISSION_TOO_LARGE
    assert files_under(tmp_path) == before


def test_too_little_free_space_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, max_blob_bytes=1_000_000, min_free_bytes=0)
    store.put_record("filings", "0000000077-24-000001", b"before")
    full = BlobStore(tmp_path, max_blob_bytes=1_000_000, min_free_bytes=1 << 60)
    for attempt in (lambda: put(full), lambda: full.put_record("filings", "0000000077-24-000001", b"after")):
        with pytest.raises(TenkayError, match="make room") as failed:
            attempt()
        assert failed.value.reason is Reason.DISK_FULL
        assert failed.value.retry_after is not None
    assert store.get_record("filings", "0000000077-24-000001") == b"before"
    assert len(files_under(tmp_path)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_while_writing_is_disk_full(store: BlobStore, tmp_path: Path) -> None:
    with store.writer() as writer:
        assert writer._file is not None
        writer._file.close()
        writer._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the writer closes it
        with pytest.raises(TenkayError, match="No space left") as failed:
            writer.write(b"more")
    assert failed.value.reason is Reason.DISK_FULL
    assert files_under(tmp_path) == []


def test_a_record_is_replaced_as_a_whole(store: BlobStore) -> None:
    assert store.get_record("filings", "0000000077-24-000001") is None
    for content in (b"first", b"second, longer"):
        store.put_record("filings", "0000000077-24-000001", content)
        assert store.get_record("filings", "0000000077-24-000001") == content


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a/b", ".hidden", "a" * 200, "nul\0"])
def test_names_that_lead_elsewhere_are_refused(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="no record name"):
        store.put_record("filings", name, b"")
    with pytest.raises(ValueError, match="not a sha256"):
        store.find(name)


def test_what_a_killed_process_left_is_removed_but_not_what_is_being_written(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, age in (("old", ABANDONED_AFTER_SECONDS + 10), ("new", 10.0)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age,) * 2)
    BlobStore(tmp_path, max_blob_bytes=1, min_free_bytes=0)
    assert [file.name for file in incoming.iterdir()] == ["new"]
