"""Reports for versions of filings that have none: those of a file that a store of before wrote.

A version gets its report with its commit. This makes those that are missing, of the rows that the version has, a batch
in a transaction: killed in the middle, the next start goes on with the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa

from tenkay.runtime.logs import get_logger
from tenkay_store import failpoints
from tenkay_store.domain.records import Extraction
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.primary.duckdb_records import extraction_records
from tenkay_store.wire import reports

BATCH_SIGNALS = 10_000
"""Of the versions that are in memory at a time, unless one alone has more: about 20 MB of objects."""
BATCH_VERSIONS = 500
LISTED_AT_ONCE = 10_000
MERGE_EVERY_BYTES = 64 * 1024 * 1024
"""Of reports: DuckDB holds changed values in memory until the log is merged into the file."""
TELL_EVERY_SECONDS = 10.0

logger = get_logger(__name__)


def complete(connection: duckdb.DuckDBPyConnection, clock: Callable[[], float] = time.monotonic) -> int:
    """Make the missing reports of an open file that nobody else uses; how many there were. duckdb.Error."""
    missing = _count(connection)
    if not missing:
        return 0
    logger.info("reports_missing", versions=missing)
    ids = SignalIds(
        SignalId(*row)
        for row in connection.execute(
            "SELECT signal_key, signal_id, category, kinds, unit FROM signal_ids"
        ).fetchall()
    )
    made, unmerged, told_at = 0, 0, clock()
    for sequences in _batches(connection):
        found = {
            record.sequence: reports.of_record(record.body)
            for record in extraction_records(connection, ids, sequences)
            if isinstance(record.body, Extraction)
        }
        put(connection, found)
        made += len(found)
        unmerged += sum(map(len, found.values()))
        if unmerged > MERGE_EVERY_BYTES:
            connection.execute("CHECKPOINT")
            unmerged = 0
        if clock() - told_at > TELL_EVERY_SECONDS:
            logger.info("reports_made", versions=made, left=missing - made)
            told_at = clock()
    connection.execute("CHECKPOINT")
    logger.info("reports_made", versions=made, left=0)
    return made


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(*) FROM filings WHERE report IS NULL").fetchone()
    return 0 if row is None else int(row[0])


def _batches(connection: duckdb.DuckDBPyConnection) -> Iterator[Sequence[int]]:
    """Sequences of the versions without a report, in order."""
    after = -1
    while True:
        listed = connection.execute(
            "SELECT sequence, signal_count FROM filings WHERE report IS NULL AND sequence > $after "
            "ORDER BY sequence LIMIT $most",
            {"after": after, "most": LISTED_AT_ONCE},
        ).fetchall()
        if not listed:
            return
        after = listed[-1][0]
        batch: list[int] = []
        signals = 0
        for sequence, count in listed:
            if batch and (signals + count > BATCH_SIGNALS or len(batch) == BATCH_VERSIONS):
                yield batch
                batch, signals = [], 0
            batch.append(sequence)
            signals += count
        yield batch


def put(connection: duckdb.DuckDBPyConnection, found: Mapping[int, bytes]) -> None:
    """Store the reports of versions, by sequence, in one transaction."""
    rows = pa.table(
        {
            "sequence": pa.array(found.keys(), pa.uint64()),
            "report": pa.array(found.values(), pa.binary()),
        }
    )
    incoming = rows.__arrow_c_stream__()  # noqa: F841 - used by the statement
    connection.begin()
    try:
        connection.execute(
            "UPDATE filings SET report = i.report FROM incoming i WHERE filings.sequence = i.sequence"
        )
        failpoints.reach(failpoints.Failpoint.MIGRATION)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
