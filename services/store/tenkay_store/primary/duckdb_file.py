"""Opening the DuckDB file so that nothing that was acknowledged is missing from it unnoticed.

What a kill or a power cut leaves at the end of the write-ahead log was acknowledged to nobody, and is let go. Anything
else that is missing, or cannot be read, ends the opening, with the files as they were found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from tenkay.runtime.logs import get_logger
from tenkay_store.primary.acknowledged import FILE_NAME as MARK_NAME
from tenkay_store.primary.acknowledged import sync_folder

Config = Mapping[str, str | bool | int | float | list[str]]

_DAMAGED_AT = re.compile(r"Corrupt WAL file: entry at byte position (\d+) ")
_ENTRY_HEAD_BYTES = 16
"""Length and checksum of an entry of the log. The position that DuckDB names is the one after them."""
_TO_RESTORE = (
    "restore the data directory from a copy, or start with an empty one, and objects, backup and second sink of its "
    "own, and ingest again (docs/store/crashes.md); "
    f"nothing was changed; to go on without those commits, remove the file {MARK_NAME}"
)

logger = get_logger(__name__)


class CommitsMissing(Exception):
    """The file lacks commits that were acknowledged; the message says in one line what to do."""


def wal_of(file: Path) -> Path:
    """The write-ahead log of a database file."""
    return file.with_name(f"{file.name}.wal")


def logs_of(file: Path) -> tuple[Path, Path]:
    """Where the log of a database file may lie: its place, and where it is while its end is looked at."""
    return wal_of(file), file.with_name(f"{file.name}.wal.damaged")


def connect(file: Path, config: Config, acknowledged: int) -> tuple[duckdb.DuckDBPyConnection, int]:
    """Open `file`, made when missing, and say its newest sequence. CommitsMissing when that is below `acknowledged`,
    or the file is missing and its log is not.

    duckdb.Error when it is damaged or has another owner; OSError.
    """
    _require_database(file, acknowledged)
    wal, aside = logs_of(file)
    if aside.exists():
        # The process ended while the log was looked at without its damaged end: begin again.
        aside.replace(wal)
    try:
        return _complete(duckdb.connect(str(file), config=dict(config)), acknowledged)
    except duckdb.Error as error:  # an IOException of 1.5, and of 2.0 no kind of its own
        damaged = _DAMAGED_AT.search(str(error))
        if damaged is None:
            raise
        whole = max(0, int(damaged[1]) - _ENTRY_HEAD_BYTES)
        return _without_end(file, config, acknowledged, wal, aside, whole)


def _require_database(file: Path, acknowledged: int) -> None:
    """CommitsMissing when a new database would be made in the place of one that was."""
    if _holds_something(file):
        return
    # DuckDB would throw the log away, as not of the new file, and with it what is in it alone.
    logs = [log.name for log in logs_of(file) if _holds_something(log)]
    if logs:
        raise CommitsMissing(
            f"there is no database there, and {' and '.join(logs)} of one is; put the file back that was there, or "
            "move what is left of it elsewhere and restore (docs/store/restore.md); nothing was changed"
        )
    if acknowledged:
        raise CommitsMissing(
            f"there is no database there, and {acknowledged} was acknowledged; {_TO_RESTORE}"
        )


def _holds_something(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _without_end(
    file: Path, config: Config, acknowledged: int, wal: Path, aside: Path, whole: int
) -> tuple[duckdb.DuckDBPyConnection, int]:
    """Open `file` with the first `whole` bytes of its log, if nothing that was acknowledged was in the others."""
    size = wal.stat().st_size
    wal.replace(aside)
    try:
        with aside.open("rb") as damaged, wal.open("xb") as kept:
            while part := damaged.read(min(1024 * 1024, whole - kept.tell())):
                kept.write(part)
            kept.flush()
            os.fsync(kept.fileno())
        opened = _complete(duckdb.connect(str(file), config=dict(config)), acknowledged)
    except BaseException:
        aside.replace(wal)
        raise
    # Before anything is committed: from now on the log goes on from here.
    aside.unlink()
    sync_folder(file.parent)
    logger.warning("unacknowledged_end_of_log_dropped", file=str(wal), kept_bytes=whole, found_bytes=size)
    return opened


def _complete(
    connection: duckdb.DuckDBPyConnection, acknowledged: int
) -> tuple[duckdb.DuckDBPyConnection, int]:
    try:
        newest = _newest(connection)
    except BaseException:
        _leave(connection)
        raise
    if newest < acknowledged:
        _leave(connection)
        raise CommitsMissing(
            f"its newest commit is {newest} and {acknowledged} was acknowledged: the file is an older copy, or its "
            f"write-ahead log is missing or damaged; {_TO_RESTORE}"
        )
    return connection, newest


def _newest(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest sequence, or where a restore resumed after it; 0 in a file without tables."""
    # The file may be of any earlier version of the tables.
    known = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    newest = 0
    for table, column in (("change_feed", "sequence"), ("restores", "resumed_at")):
        if table in known:
            found = connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()  # noqa: S608
            newest = max(newest, 0 if found is None else int(found[0]))
    return newest


def _leave(connection: duckdb.DuckDBPyConnection) -> None:
    """Close without merging the log, which would drop what could not be read of it."""
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.close()
