"""Bytes on disk by their sha256, and small records beside them. Nothing half-written is ever visible.

    ROOT/blobs/ab/abcdef…        a blob, named by the sha256 of its bytes
    ROOT/records/KIND/…/NAME     a record: small, replaced as a whole
    ROOT/incoming/…              being written; what a killed process left is removed by the next one

A blob or a record appears by rename, after its bytes are on the disk. Several processes may share a root.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tenkay.errors import Reason, TenkayError, failure
from tenkay_fetcher import metrics

CHUNK_BYTES = 256 * 1024
"""Largest piece that `read` gives."""
FREE_SPACE_CHECK_BYTES = 8 * 1024 * 1024
"""Free space is looked at before the first byte and again after this many."""
ABANDONED_AFTER_SECONDS = 3600.0
MAX_RECORD_BYTES = 1024 * 1024

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RECORD_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{2,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that is held."""

    sha256: str
    """64 hex digits, lower case."""
    size_bytes: int


class BlobStore:
    """See the module. Its methods block on the disk: call them in a thread, but for a writer's `write`."""

    def __init__(self, root: Path, *, max_blob_bytes: int, min_free_bytes: int) -> None:
        """Makes the folders. Raises OSError when `root` cannot be written."""
        self._root = root
        self._max_blob_bytes = max_blob_bytes
        self._min_free_bytes = min_free_bytes
        self._incoming = root / "incoming"
        for folder in (self._incoming, root / "blobs", root / "records"):
            folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def writer(self) -> BlobWriter:
        """A new blob to write; use it in a with block, which removes what was not committed."""
        return BlobWriter(self, self._incoming, self._max_blob_bytes)

    def find(self, sha256: str) -> Blob | None:
        """The blob of this sha256; none when it is not held. The digest is not checked again here."""
        try:
            return Blob(sha256, self._path(sha256).stat().st_size)
        except FileNotFoundError:
            return None

    def read(self, sha256: str, offset: int = 0, length: int | None = None) -> Generator[bytes, None, None]:
        """The bytes from `offset`, `length` of them or all, in pieces of at most CHUNK_BYTES.

        BLOB_UNKNOWN when it is not held; INVALID_FIELD for an offset beyond the end. A whole read checks the digest: a
        blob that has been damaged is removed, and the read ends with BLOB_UNKNOWN instead of its last piece.
        """
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError:
            raise _unknown(sha256) from None
        with file:
            size = os.fstat(file.fileno()).st_size
            if offset > size:
                raise failure(
                    Reason.INVALID_FIELD,
                    f"offset is {offset}, beyond the blob's {size} bytes; give 0 to {size}",
                    field="offset",
                )
            whole = offset == 0 and (length is None or length >= size)
            digest = hashlib.sha256() if whole else None
            file.seek(offset)
            left = size - offset if length is None else min(length, size - offset)
            while left > 0:
                piece = file.read(min(CHUNK_BYTES, left))
                left -= len(piece)
                if digest is not None:
                    digest.update(piece)
                if not piece or (left <= 0 and digest is not None and digest.hexdigest() != sha256):
                    raise self._damaged(sha256)
                metrics.BLOB_BYTES_READ.inc(len(piece))
                yield piece

    def put_record(self, kind: str, name: str, content: bytes) -> None:
        """Keeps `content` under `kind` and `name`, in place of what was there. DISK_FULL leaves that alone."""
        if len(content) > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {len(content)} bytes")
        with self.writer() as writer:
            writer.write(content)
            writer.place(self._record_path(kind, name))

    def get_record(self, kind: str, name: str) -> bytes | None:
        """What is kept under `kind` and `name`, if anything."""
        try:
            return self._record_path(kind, name).read_bytes()
        except FileNotFoundError:
            return None

    def require_free_space(self) -> None:
        """DISK_FULL when less than `min_free_bytes` is free."""
        free = shutil.disk_usage(self._root).free
        if free < self._min_free_bytes:
            raise disk_full(f"{free:,} bytes are free, {self._min_free_bytes:,} are kept free")

    def blob_path(self, sha256: str) -> Path:
        """Where the blob of this sha256 is or would be."""
        return self._path(sha256)

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256[:80]!r} is not a sha256")
        return self._root / "blobs" / sha256[:2] / sha256

    def _record_path(self, kind: str, name: str) -> Path:
        if not (_RECORD_NAME.fullmatch(kind) and _RECORD_NAME.fullmatch(name)):
            raise ValueError(f"no record name: {kind[:80]!r}, {name[:120]!r}")
        # The end of an accession number is spread evenly, its start is not.
        return self._root / "records" / kind / name[-2:] / name

    def _damaged(self, sha256: str) -> TenkayError:
        metrics.BLOBS_DAMAGED.inc()
        self._path(sha256).unlink(missing_ok=True)
        return failure(
            Reason.BLOB_UNKNOWN,
            f"blob {sha256} was damaged on disk and has been removed; drop what was read, ensure the filing again",
            field="sha256",
        )

    def _remove_abandoned(self) -> None:
        oldest = time.time() - ABANDONED_AFTER_SECONDS
        for file in self._incoming.iterdir():
            # Another process may be writing, or cleaning up too.
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < oldest:
                    file.unlink()


class BlobWriter:
    """Takes the bytes of one blob. A `Sink`: `write` is quick, since the page cache takes the bytes."""

    def __init__(self, store: BlobStore, folder: Path, limit_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._limit = limit_bytes
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._next_check = 0

    def __enter__(self) -> BlobWriter:
        with _disk_errors():
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            self._path = Path(name)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def restart(self) -> None:
        """Forgets what was written."""
        file = self._open_file()
        file.seek(0)
        file.truncate()
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._next_check = 0

    def write(self, data: bytes) -> None:
        """Takes the next bytes. SUBMISSION_TOO_LARGE past the bound, DISK_FULL."""
        if self.size_bytes + len(data) > self._limit:
            raise failure(
                Reason.SUBMISSION_TOO_LARGE,
                f"it is larger than the {self._limit:,} bytes this fetcher takes (TENKAY_FETCHER_MAX_BLOB_BYTES)",
                metadata={"limit_bytes": str(self._limit)},
            )
        if self.size_bytes >= self._next_check:
            self._store.require_free_space()
            self._next_check = self.size_bytes + FREE_SPACE_CHECK_BYTES
        file = self._open_file()
        view = memoryview(data)
        with _disk_errors():
            while view:
                view = view[file.write(view) :]
        self.size_bytes += len(data)
        self._digest.update(data)

    def commit(self) -> Blob:
        """Makes the bytes a blob, on the disk when this returns."""
        blob = Blob(self._digest.hexdigest(), self.size_bytes)
        # Over an old one too: the same bytes, or a damaged copy of them.
        self.place(self._store.blob_path(blob.sha256))
        metrics.BLOB_BYTES_WRITTEN.inc(blob.size_bytes)
        return blob

    def place(self, path: Path) -> None:
        """Makes the bytes the file `path`, in place of what was there."""
        file, written = self._open_file(), self._path
        assert written is not None  # noqa: S101 - open
        with _disk_errors():
            os.fsync(file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            written.replace(path)
            self._path = None
            _sync_folder(path.parent)

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("use the writer in a with block")
        return self._file


def is_sha256(text: str) -> bool:
    """True for 64 lower-case hex digits."""
    return _SHA256.fullmatch(text) is not None


def disk_full(detail: str) -> TenkayError:
    """The error for a disk that takes no more."""
    return failure(
        Reason.DISK_FULL,
        f"the fetcher's disk is full ({detail}); make room and call again. Nothing was changed.",
        retry_after=60.0,
    )


def _unknown(sha256: str) -> TenkayError:
    return failure(
        Reason.BLOB_UNKNOWN,
        f"no blob {sha256} is held; EnsureFiling fetches a filing and names its blobs",
        field="sha256",
    )


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(error.strerror or "no space left") from error
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
