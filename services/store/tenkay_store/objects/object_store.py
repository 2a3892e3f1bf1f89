"""Named bytes in a local folder or in any object storage that obstore speaks to.

A put is atomic: an object is there whole or not at all. When it returns, the object is durable: object storages promise
that themselves; in a local folder the file and every folder that names it have been synced, which obstore's own writes
leave out. So a local folder is written to here, and all else goes through obstore.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from tenkay.errors import Reason, TenkayError, failure

SCHEMES = ("file", "memory", "s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss")
CHUNK_BYTES = 1024 * 1024
"""Size of the pieces that `stream` gives, about."""
CONNECT_SECONDS, REQUEST_SECONDS = 5, 30
RETRIES, RETRY_SECONDS = 4, 30
ABANDONED_AFTER_SECONDS = 3600.0
DISK_FULL_RETRY_SECONDS = 60.0

_INCOMING = "incoming"
"""Folder in a local folder of what is being written. What a killed process left there is removed by a later one."""
_PATH = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]*(/[0-9A-Za-z_][0-9A-Za-z._-]*)*", re.ASCII)


class CannotOpenObjects(Exception):
    """The folder or URL cannot be used; the message says why in one line."""


class ObjectMissing(Exception):
    """There is no object of this path."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, without its bytes."""

    path: str
    size_bytes: int
    modified_at: datetime
    """When it was put, by the clock of the storage."""


def open_object_store(url: str | None, folder: Path, *, min_free_bytes: int = 0) -> ObjectStore:
    """The objects at `url`, or in `folder` when there is no URL; the folder is made when missing.

    `min_free_bytes` is disk space that puts into a local folder leave alone. Credentials of object storages come from
    the environment variables that obstore reads (AWS_…, GOOGLE_…, AZURE_…). CannotOpenObjects when the URL is none of
    SCHEMES, or the folder cannot be written.
    """
    if url is None:
        return _local(folder, min_free_bytes)
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise CannotOpenObjects(f"objects cannot be kept at {url}; use one of {', '.join(SCHEMES)}")
    try:
        if scheme == "file":
            path, host = unquote(urlsplit(url).path), urlsplit(url).netloc
            if host or not path.strip("/"):
                raise CannotOpenObjects(f"{url} names no folder; it is file:// and an absolute path")
            return _local(Path(path), min_free_bytes)
        if scheme == "memory":
            return ObjectStore(from_url(url), None, 0)
        remote = from_url(
            url,
            client_options={
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )
    except (BaseError, ValueError) as error:
        raise CannotOpenObjects(f"objects cannot be kept at {url}: {_first_line(error)}") from error
    return ObjectStore(remote, None, 0)


class ObjectStore:
    """Objects by path: names of letters, digits, ``.``, ``_`` and ``-`` with slashes between.

    Every method raises DEPENDENCY_UNAVAILABLE when the storage does not answer or refuses, after the retries.
    """

    def __init__(self, store: Any, root: Path | None, min_free_bytes: int) -> None:
        """`root` is the folder of a local store. Use `open_object_store`."""
        self._store = store
        self._root = root
        self._min_free_bytes = min_free_bytes
        self._named: set[Path] = set()
        """Folders whose names have been synced, and those of all folders they lie in."""

    @property
    def root(self) -> Path | None:
        """The local folder; None when the objects are elsewhere."""
        return self._root

    async def put(self, path: str, content: bytes | Path, *, replace: bool = False) -> bool:
        """Make `content`, bytes or those of a file, the object `path`. True when it was written.

        An object that is there already stays as it is, and False is answered, unless `replace`; two puts of one file
        at the same time may then both write it. DISK_FULL when a local disk takes no more.
        """
        _require_path(path)
        if self._root is not None:
            return await asyncio.to_thread(self._put_file, self._root, path, content, replace)
        with _storage_errors():
            if isinstance(content, bytes):
                try:
                    await obstore.put_async(
                        self._store,
                        path,
                        content,
                        mode="overwrite" if replace else "create",
                        use_multipart=False,
                    )
                except AlreadyExistsError:
                    return False
                return True
            # Uploads in parts have no condition; the object is visible only once all of them are there.
            if not replace and await self.find(path) is not None:
                return False
            await obstore.put_async(self._store, path, content, mode="overwrite")
            return True

    async def get(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from `start`, `length` of them or all; fewer when the object ends before. ObjectMissing."""
        _require_path(path)
        with _storage_errors(path):
            try:
                if length is not None:
                    return bytes(await obstore.get_range_async(self._store, path, start=start, length=length))
                found = await obstore.get_async(self._store, path, options={"range": {"offset": start}})
                return bytes(await found.bytes_async())
            except (BaseError, ValueError):
                # A range without bytes is an error to some storages.
                if length == 0 or start >= (await obstore.head_async(self._store, path))["size"]:
                    return b""
                raise

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """All of the object in pieces of about CHUNK_BYTES. ObjectMissing."""
        _require_path(path)
        with _storage_errors(path):
            found = await obstore.get_async(self._store, path)
            async for piece in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(piece)

    async def find(self, path: str) -> StoredObject | None:
        """The object `path`; None when there is none."""
        _require_path(path)
        try:
            with _storage_errors(path):
                return _stored(await obstore.head_async(self._store, path))
        except ObjectMissing:
            return None

    async def list(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """The objects in the folder `prefix` and those in it, in no order."""
        _require_path(prefix)
        with _storage_errors():
            async for found in obstore.list(self._store, prefix, chunk_size=1000):
                for each in found:
                    yield _stored(each)

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove these objects for good; those that are not there are left out."""
        for path in paths:
            _require_path(path)
        if self._root is not None:
            await asyncio.to_thread(_delete_files, self._root, paths)
        elif paths:
            with _storage_errors(), contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._store, list(paths))

    def _put_file(self, root: Path, path: str, content: bytes | Path, replace: bool) -> bool:
        target = root / path
        if not replace and target.exists():
            # Visible is not yet durable: the put that made it may be on its way to the sync, or have died before it.
            with _disk_errors():
                self._sync_names(target.parent, root)
            return False
        with _disk_errors():
            free = shutil.disk_usage(root).free
            if free < self._min_free_bytes:
                raise _disk_full(f"{free:,} bytes are free, {self._min_free_bytes:,} are to stay free")
            descriptor, name = tempfile.mkstemp(dir=root / _INCOMING)
            incoming = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    if isinstance(content, bytes):
                        file.write(content)
                    else:
                        with content.open("rb") as source:
                            shutil.copyfileobj(source, file, CHUNK_BYTES)
                    file.flush()
                    os.fsync(file.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                written = True
                if replace:
                    incoming.replace(target)
                else:
                    try:
                        target.hardlink_to(incoming)
                    except FileExistsError:
                        written = False
            finally:
                incoming.unlink(missing_ok=True)
            self._sync_names(target.parent, root)
            return written

    def _sync_names(self, folder: Path, root: Path) -> None:
        """Sync the names in `folder`, and its own in the folder above, and so on, as far as they may be new."""
        _sync_folder(folder)
        new = [each for each in (folder, *folder.parents) if each.is_relative_to(root) and each != root]
        new = new[: next((place for place, each in enumerate(new) if each in self._named), len(new))]
        for each in new:
            _sync_folder(each.parent)
        # All at once: what is among them is so up to the root.
        self._named.update(new)


def _local(root: Path, min_free_bytes: int) -> ObjectStore:
    incoming = root / _INCOMING
    try:
        incoming.mkdir(parents=True, exist_ok=True)
        oldest = time.time() - ABANDONED_AFTER_SECONDS
        for file in incoming.iterdir():
            # Another process may be writing here too.
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()
        # Also tells whether it can be written.
        with tempfile.TemporaryFile(dir=incoming):
            pass
        _sync_folder(root)
        _sync_folder(root.parent)
        return ObjectStore(LocalStore(root), root, min_free_bytes)
    except (OSError, BaseError) as error:
        raise CannotOpenObjects(f"{root} cannot be used: {_first_line(error)}") from error


def _delete_files(root: Path, paths: Sequence[str]) -> None:
    with _disk_errors():
        for path in paths:
            (root / path).unlink(missing_ok=True)
        for folder in {(root / path).parent for path in paths}:
            if folder.is_dir():
                _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stored(found: Any) -> StoredObject:
    return StoredObject(found["path"], found["size"], found["last_modified"])


def _require_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path[:200]!r} is no path of an object")


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _disk_full(error.strerror or "no space left") from error
        raise _unavailable(error) from error


@contextlib.contextmanager
def _storage_errors(path: str = "") -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissing(path) from error
    except (BaseError, OSError) as error:
        raise _unavailable(error) from error


def _disk_full(detail: str) -> TenkayError:
    return failure(
        Reason.DISK_FULL,
        f"the disk of the store's objects is full ({detail}); nothing was changed; make room and try again",
        retry_after=DISK_FULL_RETRY_SECONDS,
    )


def _unavailable(error: BaseException) -> TenkayError:
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"the storage of the store's objects does not do its work: {_first_line(error)}; try again in a moment",
        metadata={"service": "objects"},
        retry_after=1.0,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
