"""What an error of DuckDB means to a caller."""

from __future__ import annotations

import errno
import os

import duckdb

from tenkay.errors import Reason, failure
from tenkay_store.primary.group_commit import WriterBroken

RETRY_SECONDS = 30.0
"""When to come back to a disk that is full or refuses writes."""

_NO_ROOM = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_READ_ONLY = os.strerror(errno.EROFS)
_DAMAGED = "Corrupt database file"


def first_line(error: BaseException) -> str:
    """What an error says, without the pages DuckDB adds."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def of_write(error: BaseException) -> BaseException:
    """What a failed transaction means. An error that is none of these is the group's own fault."""
    if isinstance(error, duckdb.FatalException):
        return WriterBroken(first_line(error))
    if _is_lack_of_room(error):
        return failure(
            Reason.DISK_FULL,
            "the store's disk is full; nothing was changed; make room and try again",
            retry_after=RETRY_SECONDS,
        )
    if isinstance(error, duckdb.Error) and _READ_ONLY in str(error):
        return failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            "the store's disk has become read-only; nothing was changed, and reads go on; the system's log says why: "
            "stop the store, repair the file system and mount it anew",
            metadata={"service": "duckdb"},
            retry_after=RETRY_SECONDS,
        )
    if isinstance(error, duckdb.Error) and _DAMAGED in str(error):
        return _damaged(error, "; nothing was changed")
    if isinstance(error, duckdb.IOException) or "Could not write" in str(error):
        return failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the store's disk refused a write: {first_line(error)}; nothing was changed",
            metadata={"service": "duckdb"},
            retry_after=RETRY_SECONDS,
        )
    return error


def of_read(error: duckdb.Error) -> BaseException:
    """What a failed query means. An error that is none of these is a fault of ours."""
    if isinstance(error, duckdb.FatalException):
        return failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the store's database gave up on its file: {first_line(error)}; the service restarts, try again in a "
            "moment",
            metadata={"service": "duckdb"},
        )
    if _is_lack_of_room(error):
        return failure(
            Reason.DISK_FULL,
            "the store's disk has no room for what the query sets aside; make room, or ask for less",
            retry_after=RETRY_SECONDS,
        )
    if _DAMAGED in str(error):
        return _damaged(error, "")
    if isinstance(error, duckdb.IOException):
        return failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the store's disk refused a read: {first_line(error)}; try again in a moment",
            metadata={"service": "duckdb"},
            retry_after=RETRY_SECONDS,
        )
    return error


def is_of_rows(error: Exception) -> bool:
    """Whether a failed read tells of the rows that it was of, so that others may be read: they are damaged, are not
    whole, or make nothing. Not when the database has given up on its file, or there is no room."""
    return not isinstance(error, duckdb.FatalException | MemoryError) and not _is_lack_of_room(error)


def _is_lack_of_room(error: BaseException) -> bool:
    return isinstance(error, duckdb.Error) and any(words in str(error) for words in _NO_ROOM)


def _damaged(error: BaseException, consequence: str) -> BaseException:
    return failure(
        Reason.DEPENDENCY_UNAVAILABLE,
        f"part of the store's file is damaged: {first_line(error)}{consequence}; restore the file from a copy",
        metadata={"service": "duckdb"},
        retry_after=RETRY_SECONDS,
    )
