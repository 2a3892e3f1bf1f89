"""Reports for versions of filings that have none: those of a file that a store of before wrote.

A version gets its report with its commit. This makes those that are missing, of the rows that the version has, a batch
in a transaction: killed in the middle, the next start goes on with the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import duckdb
import pyarrow as pa

from tenkay.runtime.logs import get_logger
from tenkay_store import failpoints
from tenkay_store.domain.records import Extraction
from tenkay_store.domain.signal_ids import SignalIds
from tenkay_store.primary import duckdb_failures
from tenkay_store.primary.duckdb_records import extraction_records
from tenkay_store.wire import reports

BATCH_SIGNALS = 10_000
"""Of the versions that are in memory at a time, unless one alone has more: about 20 MB of objects."""
BATCH_VERSIONS = 500
LISTED_AT_ONCE = 10_000
TELL_EVERY_SECONDS = 10.0

logger = get_logger(__name__)


ReportsOf = Callable[[duckdb.DuckDBPyConnection, SignalIds, Mapping[int, int]], Mapping[int, bytes]]
"""Makes the reports of versions, given with their numbers of signals by sequence."""


class ToldToEnd(Exception):
    """The process is to end before all reports are made; the next start goes on."""


def reports_of_rows(
    connection: duckdb.DuckDBPyConnection, ids: SignalIds, signal_counts: Mapping[int, int]
) -> Mapping[int, bytes]:
    """Reports of versions of which these numbers of signals are told, by sequence. ValueError when there are others."""
    made = {}
    for record in extraction_records(connection, ids, list(signal_counts)):
        assert isinstance(record.body, Extraction)  # noqa: S101 - records of extractions have no other
        held, expected = len(record.body.signals), signal_counts[record.sequence]
        if held != expected:
            raise ValueError(f"{held} signals are there of {expected}")
        made[record.sequence] = reports.of_record(record.body)
    return made


def complete(
    connection: duckdb.DuckDBPyConnection,
    ids: SignalIds,
    merge_if_due: Callable[[], None],
    is_told_to_end: Callable[[], bool] = lambda: False,
    reports_of: ReportsOf = reports_of_rows,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Make the missing reports of an open file that nobody else uses; how many were made.

    A version whose rows do not make one, as what was read is damaged or not whole, keeps none: its number is logged,
    and a read of it alone is refused. `merge_if_due` is called between transactions, as is `is_told_to_end`: ToldToEnd.
    duckdb.Error when reports cannot be written, and for what is no single version's.
    """
    missing = _count(connection)
    if not missing:
        return 0
    logger.info("reports_missing", versions=missing)
    made, told_at = 0, clock()
    for signal_counts in _batches(connection):
        found = _made(connection, ids, signal_counts, is_told_to_end, reports_of)
        put(connection, found)
        made += len(found)
        merge_if_due()
        if clock() - told_at > TELL_EVERY_SECONDS:
            logger.info("reports_made", versions=made, left=missing - made)
            told_at = clock()
    logger.info("reports_made", versions=made, left=missing - made)
    return made


def _made(
    connection: duckdb.DuckDBPyConnection,
    ids: SignalIds,
    signal_counts: Mapping[int, int],
    is_told_to_end: Callable[[], bool],
    reports_of: ReportsOf,
) -> Mapping[int, bytes]:
    """Reports of versions, by sequence, without those of which none can be made."""
    if is_told_to_end():
        raise ToldToEnd
    try:
        return reports_of(connection, ids, signal_counts)
    except Exception as error:
        if not duckdb_failures.is_of_rows(error):
            raise
    # One of them cannot be read: the others need not go without.
    found: dict[int, bytes] = {}
    for sequence, count in signal_counts.items():
        if is_told_to_end():
            raise ToldToEnd
        try:
            found |= reports_of(connection, ids, {sequence: count})
        except Exception as error:
            if not duckdb_failures.is_of_rows(error):
                raise
            logger.error("report_not_made", sequence=sequence, problem=duckdb_failures.first_line(error))
    return found


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(*) FROM filings WHERE report IS NULL").fetchone()
    return 0 if row is None else int(row[0])


def _batches(connection: duckdb.DuckDBPyConnection) -> Iterator[Mapping[int, int]]:
    """Numbers of signals of the versions without a report, by sequence, in order."""
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
        batch: dict[int, int] = {}
        signals = 0
        for sequence, count in listed:
            if batch and (signals + count > BATCH_SIGNALS or len(batch) == BATCH_VERSIONS):
                yield batch
                batch, signals = {}, 0
            batch[sequence] = count
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
