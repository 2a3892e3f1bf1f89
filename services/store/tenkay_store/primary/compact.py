"""Writes a stopped store's file anew, without what its free blocks and its log still hold of what was purged.

The copy is made beside the file, read back, and takes its place in one step once the old file's log is merged and gone:
a log left beside the new file would be played into it. Killed before that step the old file is whole, after it the new
one, so there is a usable store at any moment.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from tenkay.errors import Reason, failure
from tenkay_store.primary import duckdb_snapshot
from tenkay_store.primary.acknowledged import sync_folder
from tenkay_store.primary.duckdb_failures import first_line
from tenkay_store.primary.duckdb_file import wal_of
from tenkay_store.primary.duckdb_owner import (
    COMPACT_FOLDER,
    FILE_NAME,
    TEMPORARY_FOLDERS,
    CannotOpen,
    DuckDBOwner,
    Limits,
)


@dataclass(frozen=True, slots=True)
class Compaction:
    """What became of a store's file."""

    bytes_before: int
    """Of the file and its log."""
    bytes_after: int
    newest_commit: int
    """The newest commit in it, as before."""


async def compact(directory: Path, limits: Limits, clock: Callable[[], datetime]) -> Compaction:
    """Rewrite the file of the store in `directory`, which no process runs on.

    INVALID_FIELD when there is no store or it cannot be opened; DISK_FULL; DEPENDENCY_UNAVAILABLE when the copy cannot
    be made or differs. Then the store is as it was.
    """
    file = directory / FILE_NAME
    if not file.exists():
        raise failure(Reason.INVALID_FIELD, f"{directory} has no store in it", field="data_directory")
    try:
        owner = DuckDBOwner.open(directory, limits, clock())
    except CannotOpen as error:
        raise failure(Reason.INVALID_FIELD, str(error), field="data_directory") from error
    # Nobody else may open it between the closing of the old file and the step that puts the new one there.
    with owner.keep_lock():
        try:
            before = owner.file_bytes + owner.wal_bytes
            work = directory / COMPACT_FOLDER
            state = _copy(owner, work / FILE_NAME, before)
        finally:
            await owner.close()
        try:
            return _put_in_place(work / FILE_NAME, file, before, state.sequence)
        finally:
            for name in (COMPACT_FOLDER, *TEMPORARY_FOLDERS):
                shutil.rmtree(directory / name, ignore_errors=True)


def _copy(owner: DuckDBOwner, target: Path, size: int) -> duckdb_snapshot.CopiedState:
    if owner.free_bytes < 2 * size:
        raise failure(
            Reason.DISK_FULL,
            f"the file is written anew with {2 * size:,} bytes to spare on the store's disk, and {owner.free_bytes:,} "
            "are left; nothing was changed; make room",
        )
    try:
        state = duckdb_snapshot.copy(owner.writer, target)
        duckdb_snapshot.verify(target, state)
        owner.writer.execute("CHECKPOINT")
    except (duckdb.Error, OSError, duckdb_snapshot.NotTheSame) as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the file could not be written anew: {first_line(error)}; nothing was changed",
            metadata={"service": "duckdb"},
        ) from error
    return state


def _put_in_place(copy: Path, file: Path, before: int, sequence: int) -> Compaction:
    if wal_of(file).exists():
        raise failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the log {wal_of(file)} could not be merged into its file; nothing was changed; see that the disk takes "
            "writes",
            metadata={"service": "duckdb"},
        )
    descriptor = os.open(copy, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    after = copy.stat().st_size
    copy.replace(file)
    sync_folder(file.parent)
    return Compaction(before, after, sequence)
