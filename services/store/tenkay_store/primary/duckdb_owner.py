"""The one owner of the DuckDB file: a connection that writes, and a bounded pool of cursors that read.

DuckDB lets one process open a file for writing. All cursors are of that one instance, which has the limits (memory,
threads, folder for spilling) once for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import IO, TypeVar, cast

import duckdb
import pyarrow

from tenkay_store.primary import duckdb_failures, duckdb_file, schema
from tenkay_store.primary.acknowledged import FILE_NAME as MARK_NAME
from tenkay_store.primary.acknowledged import AcknowledgedMark, MarkDamaged
from tenkay_store.primary.duckdb_failures import first_line

Answer = TypeVar("Answer")

FILE_NAME = "tenkay.duckdb"
LOCK_NAME = "owner.lock"
COMPACT_FOLDER = "compacting"
"""Where the file is written anew while no store runs. What a kill left there holds what was not purged yet."""
SPILL_FOLDER = "tmp"
SNAPSHOT_FOLDER = "snapshot.tmp"
TEMPORARY_FOLDERS = (SPILL_FOLDER, SNAPSHOT_FOLDER)
"""Of queries that do not fit into memory, and of snapshots until they are uploaded. A kill leaves them behind."""
MERGED_AT_CLOSE_BYTES = 16 * 1024 * 1024
"""A larger log is left to the next start. Merging takes about a second for each 20 to 40 MB, and a process that has
been told to end is waited for; while segments are sorted, the log may have grown to eight times its usual size."""
INTERRUPT_AGAIN_SECONDS = 0.02
THREADS_OF_READERS = 2
MORE_THAN_THREADS = 1
"""Large queries at once beyond the threads: one is planned or handed over while the others compute."""
NEVER = "1TB"
"""Size of the log at which DuckDB would checkpoint by itself, inside of a COMMIT. A checkpoint that fails there, on a
full disk, invalidates the whole instance; ours runs between commits, and only with room for it."""

FILE_FORMAT = "v1.0.0"
"""The version of DuckDB from which on the file can be read. It is what 1.5 writes by itself; 2.0 would make new files
that 1.5 cannot open, and nothing that the store keeps gets smaller by it."""

# DuckDB looks for pandas with every parameter it is given. Where there is none, that is a search of the file system
# each time: 0.65 of a small query's 1.55 ms of CPU. This remembers that there is none.
if importlib.util.find_spec("pandas") is None:
    # pyarrow looks once, where there is numpy, and would take the note for the module itself: it looks first.
    pyarrow.array([])
    sys.modules.setdefault("pandas", cast(ModuleType, None))


class CannotOpen(Exception):
    """The file cannot be opened; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the instance may use."""

    memory: str
    threads: int
    readers: int


class DuckDBOwner:
    """Holds the file's lock, the writing connection and the readers. `open` makes one, `close` ends it."""

    def __init__(
        self,
        directory: Path,
        lock: IO[str],
        acknowledged: AcknowledgedMark,
        writer: duckdb.DuckDBPyConnection,
        limits: Limits,
    ) -> None:
        self.directory = directory
        self.acknowledged = acknowledged
        """Moved by the writing thread before commits are answered."""
        self.writer = writer
        """Used by the writing thread alone, once that runs."""
        self._lock = lock
        self._readers = limits.readers
        self._idle = [writer.cursor() for _ in range(limits.readers)]
        self._slots = asyncio.Semaphore(limits.readers)
        self._turns = asyncio.Semaphore(limits.threads + MORE_THAN_THREADS)
        self._aside = asyncio.Lock()
        self._threads = ThreadPoolExecutor(limits.readers + 1, thread_name_prefix="store-reader")

    @classmethod
    def open(cls, directory: Path, limits: Limits, now: datetime) -> DuckDBOwner:
        """Open the file in `directory`, made when missing, and bring its tables to this version.

        CannotOpen when another process owns it, or it cannot be used.
        """
        file = directory / FILE_NAME
        try:
            directory.mkdir(parents=True, exist_ok=True)
            held = lock(directory / LOCK_NAME)
        except OSError as error:
            raise CannotOpen(f"{directory} cannot be used: {error.strerror}") from error
        with contextlib.ExitStack() as opened:
            opened.callback(held.close)
            try:
                if file.is_symlink():
                    # Its log and its mark would lie here, where the store on the other end does not look.
                    raise CannotOpen(f"{file} is a symbolic link; name the folder that it leads to")
                shutil.rmtree(directory / COMPACT_FOLDER, ignore_errors=True)
                acknowledged = AcknowledgedMark.open(directory)
                opened.callback(acknowledged.close)
                writer, newest = duckdb_file.connect(file, _config(directory, limits), acknowledged.sequence)
                opened.callback(writer.close)
                if newest > acknowledged.sequence:
                    # On disk and not yet answered when the last process ended: from now on it is, to whoever asks.
                    acknowledged.advance(newest)
                schema.migrate(writer, now)
            except OSError as error:
                raise CannotOpen(f"{directory} cannot be used: {error.strerror}") from error
            except MarkDamaged as error:
                raise CannotOpen(
                    f"{directory / MARK_NAME} is damaged, so nobody knows whether commits are missing: {error}; "
                    "restore the data directory from a copy, or remove that file to go on as it is"
                ) from error
            except (duckdb.Error, schema.NewerSchema, duckdb_file.CommitsMissing) as error:
                raise CannotOpen(f"{file} cannot be opened: {_why(error)}") from error
            opened.pop_all()
        return cls(directory, held, acknowledged, writer, limits)

    async def read(self, query: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """`query(cursor)` in a thread, when one of the readers is free. A cancelled read interrupts its query."""
        async with self._slots:
            cursor = self._idle.pop()
            try:
                return await self._in_thread(query, cursor)
            finally:
                self._idle.append(cursor)

    async def read_one_state(self, query: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """The same, all of the query's statements in one transaction, as `in_one_state`."""
        return await self.read(lambda cursor: in_one_state(cursor, query))

    async def read_in_turn(self, query: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """As `read`, of a query that goes through much: no more at once than keep the threads busy, the others in their
        order. They leave the other readers to what takes milliseconds.

        Side by side each would take as long as all of them together, and the slowest far longer.
        """
        async with self._turns:
            return await self.read(query)

    async def stream(
        self, query: Callable[[duckdb.DuckDBPyConnection], Generator[Answer]]
    ) -> AsyncGenerator[Answer, None]:
        """The items of `query(cursor)`, each made in a thread when it is asked for, on one of the readers.

        The query is closed before the reader is another one's: DuckDB 2 begins nothing beside a result that is held.
        """
        async with self._slots:
            cursor = self._idle.pop()
            items = query(cursor)
            try:
                while True:
                    held = await self._in_thread(lambda _: list(islice(items, 1)), cursor)
                    if not held:
                        return
                    yield held[0]
            finally:
                try:
                    await self._in_thread(lambda _: items.close(), cursor)
                finally:
                    self._idle.append(cursor)

    async def aside(self, work: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """`work(cursor)` in a thread and on a cursor of its own, beside readers and writer. One at a time."""
        async with self._aside:
            cursor = self.writer.cursor()
            try:
                return await self._in_thread(work, cursor)
            finally:
                cursor.close()

    async def _in_thread(
        self, work: Callable[[duckdb.DuckDBPyConnection], Answer], cursor: duckdb.DuckDBPyConnection
    ) -> Answer:
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, cursor)
        try:
            return await asyncio.shield(running)
        except duckdb.Error as error:
            raise duckdb_failures.of_read(error) from error
        except asyncio.CancelledError:
            # Interrupted until it ends: an interrupt between two queries of a read would be lost.
            while not running.done():
                cursor.interrupt()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait((running,), timeout=INTERRUPT_AGAIN_SECONDS)
            running.exception()
            raise

    @property
    def is_working_aside(self) -> bool:
        """Whether a snapshot is written or segments are sorted now."""
        return self._aside.locked()

    @property
    def is_reading(self) -> bool:
        """Whether a reader is taken, by a query or by an export between its parts. Any thread may ask."""
        return len(self._idle) < self._readers

    @property
    def free_readers(self) -> int:
        """Readers without a query."""
        return len(self._idle)

    @property
    def wal_bytes(self) -> int:
        """Size of the write-ahead log."""
        return _size(duckdb_file.wal_of(self.directory / FILE_NAME))

    @property
    def file_bytes(self) -> int:
        """Size of the database without its log."""
        return _size(self.directory / FILE_NAME)

    @property
    def free_bytes(self) -> int:
        """Free space on the file's disk."""
        return shutil.disk_usage(self.directory).free

    def refusal_of_writes(self) -> str | None:
        """Why the file's disk takes no writes, as one does that has found itself damaged; None when it does."""
        # Tried, as what mount flags say of it differs from kernel to kernel.
        try:
            _write_holder(self._lock)
        except OSError as error:
            return error.strerror or str(error)
        return None

    @contextlib.contextmanager
    def keep_lock(self) -> Iterator[None]:
        """Own the data directory until the end of the block, beyond `close`."""
        # The lock is the open file's, and is held as long as any descriptor of it is open.
        kept = os.dup(self._lock.fileno())
        try:
            yield
        finally:
            os.close(kept)

    async def close(self) -> None:
        """Wait for readers, merge the log unless it is large, release the file."""
        await asyncio.to_thread(self.close_here)

    def close_here(self) -> None:
        """The same, holding up the thread."""
        self._threads.shutdown(wait=True)
        for cursor in self._idle:
            cursor.close()
        try:
            if self.wal_bytes > MERGED_AT_CLOSE_BYTES:
                with contextlib.suppress(duckdb.FatalException):  # it merges nothing any more then
                    self.writer.execute("PRAGMA disable_checkpoint_on_shutdown")
            self.writer.close()
        finally:
            self.acknowledged.close()
            self._lock.close()


def _config(directory: Path, limits: Limits) -> duckdb_file.Config:
    return {
        "memory_limit": limits.memory,
        "threads": limits.threads,
        # Those that DuckDB need not start, as the readers' own do their work: waking one for each small query takes a
        # fifth of a read's CPU time. Not one thread in all: sorting segments then writes them within its COMMIT, which
        # holds up others.
        "external_threads": min(limits.threads, THREADS_OF_READERS),
        "temp_directory": str(directory / SPILL_FOLDER),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "checkpoint_threshold": NEVER,
        "storage_compatibility_version": FILE_FORMAT,
    }


def in_one_state(
    cursor: duckdb.DuckDBPyConnection, query: Callable[[duckdb.DuckDBPyConnection], Answer]
) -> Answer:
    """`query(cursor)`, all of its statements in one transaction: a purge between two of them is not seen."""
    cursor.begin()
    try:
        return query(cursor)
    finally:
        _end_transaction(cursor)


def _end_transaction(cursor: duckdb.DuckDBPyConnection) -> None:
    while True:
        try:
            with contextlib.suppress(duckdb.TransactionException):  # it has ended already
                cursor.rollback()
            return
        except duckdb.InterruptException:
            # Meant for the query before: a reader must not keep its transaction for the next call.
            continue


def _why(error: BaseException) -> str:
    problem = first_line(error)
    if "Trying to read a database file with version number" in problem:
        return (
            f"it is of another DuckDB than {duckdb.__version__}, which this store runs on; run it on that one, or copy "
            f"the tables into a file of its format ({problem})"
        )
    return problem


def lock(path: Path) -> IO[str]:
    """Own a data directory by its lock file, until that is closed. CannotOpen when another process does."""
    # DuckDB has a lock of its own, but two opens in one process share the instance, and its message is a page.
    held = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+", encoding="ascii")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        holder = held.read(20).strip() or "unknown"
        held.close()
        raise CannotOpen(
            f"{path.parent} belongs to another store that is running (process {holder}); "
            "stop that one or choose another data directory"
        ) from None
    _write_holder(held)
    return held


def _write_holder(held: IO[str]) -> None:
    # In place and of one length: a store has to start on a full disk too, to be read and to purge.
    os.pwrite(held.fileno(), b"%-19d\n" % os.getpid(), 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
