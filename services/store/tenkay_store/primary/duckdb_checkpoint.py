"""When the log is merged into the file: between groups of commits, when it is worth it and cannot do harm.

A checkpoint that fails on its way makes DuckDB give up on the file, reads and all, until the process starts again. So
none is begun without room for it, or on a disk that has become read-only.
"""

from __future__ import annotations

import duckdb

from tenkay.runtime.logs import get_logger
from tenkay_store import failpoints
from tenkay_store.failpoints import Failpoint
from tenkay_store.primary.duckdb_failures import first_line
from tenkay_store.primary.duckdb_owner import DuckDBOwner
from tenkay_store.primary.group_commit import WriterBroken

PATIENCE = 8
"""How many times as large the log may become while the file is read as a whole."""

logger = get_logger(__name__)


class Checkpoints:
    """Merges the log of one file. Lives in the writing thread."""

    def __init__(self, owner: DuckDBOwner, *, wal_bytes: int, min_free_bytes: int) -> None:
        self._owner = owner
        self.wal_bytes = wal_bytes
        """Size of the log at which it is merged even while commits wait; from a quarter of it while none do."""
        self._min_free_bytes = min_free_bytes
        self._is_put_off = False

    def make_if_due(self, *, worked: bool) -> None:
        """Merge the log if it is large, or there is nothing else to do and it is worth it. WriterBroken."""
        wal_bytes = self._owner.wal_bytes
        due = self.wal_bytes if worked else self.wal_bytes // 4
        if self._owner.is_working_aside:
            # It would wait for what is read there, and all commits for it: a second and more while evidence is copied.
            due *= PATIENCE
        if wal_bytes < due:
            return
        problem = self._why_not(wal_bytes) or self._make()
        # A line when it begins and one when it ends: there is a try a second in between.
        if problem is not None and not self._is_put_off:
            logger.warning("checkpoint_put_off", problem=problem, wal_bytes=wal_bytes)
        elif problem is None and self._is_put_off:
            logger.info("checkpoint_made_up_for", wal_bytes=wal_bytes)
        self._is_put_off = problem is not None

    def _why_not(self, wal_bytes: int) -> str | None:
        if (refusal := self._owner.refusal_of_writes()) is not None:
            return f"the disk takes no writes: {refusal}"
        needed, free = self._min_free_bytes + 2 * wal_bytes, self._owner.free_bytes
        return f"{free:,} bytes are free, and it takes {needed:,}" if free <= needed else None

    def _make(self) -> str | None:
        """None when it is made, or why it is not."""
        try:
            with failpoints.during(Failpoint.CHECKPOINT):
                self._owner.writer.execute("CHECKPOINT")
        except duckdb.FatalException as error:
            raise WriterBroken(first_line(error)) from error
        except duckdb.Error as error:
            return first_line(error)
        return None
