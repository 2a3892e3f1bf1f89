"""Fill a store's file with millions of signals, without the commits that would bring them.

    python scripts/performance/fill_store.py DIRECTORY --signals 10000000 [--arrival date|company] [--evidence]

The rows are those that commits leave behind, table by table and in their order, made in DuckDB by arithmetic: the same
numbers each time. What commits would take is measured by `benchmark.py store`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from made_up_filings import SIGNALS_A_FILING

from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain.records import Extraction
from tenkay_store.domain.signal_ids import SignalIds
from tenkay_store.primary import filing_reports
from tenkay_store.primary.duckdb_file import wal_of
from tenkay_store.primary.duckdb_owner import FILE_NAME, Limits
from tenkay_store.primary.duckdb_reads import FILING, filing_of, stored_signal_ids
from tenkay_store.primary.duckdb_records import extraction_records
from tenkay_store.primary.duckdb_store import DuckDBStore, StoreOptions
from tenkay_store.primary.group_commit import GroupLimits
from tenkay_store.wire import messages, reports

COMPANIES = 4000
_ACCESSION = "printf('%010d-%02d-%06d', 1900000000 + company, (year(day) % 100)::INTEGER, quarter::INTEGER)"
_FLAG_FROM, _COUNT_FROM, _RATIO_FROM = 95, 120, 30


def store_options(directory: Path, *, sink: str | None = None) -> StoreOptions:
    """Options of a store as the service has them by default."""
    return StoreOptions(
        directory=directory,
        limits=Limits("4GB", 2, 10),
        group=GroupLimits(50, 0.05, 1000, 256 * 1024 * 1024),
        min_free_bytes=0,
        checkpoint_wal_bytes=64 * 1024 * 1024,
        sink=sink,
    )


def fill(directory: Path, signals: int, *, arrival: str = "date", evidence: bool = False) -> int:
    """Fill an empty store with this many signals; the number of filings."""
    asyncio.run(_make(directory))
    filings = signals // SIGNALS_A_FILING
    with duckdb.connect(
        str(directory / FILE_NAME), config={"threads": 2, "memory_limit": "4GB"}
    ) as connection:
        connection.begin()
        _fill_filings(connection, filings, arrival)
        _fill_signals(connection, evidence=evidence)
        _fill_segments(connection)
        connection.commit()
        connection.execute("CHECKPOINT")
        _fill_reports(connection, directory)
    return filings


async def _make(directory: Path) -> None:
    store = DuckDBStore.open(store_options(directory), lambda: datetime.now(UTC))
    await store.close()


def _fill_filings(connection: duckdb.DuckDBPyConnection, filings: int, arrival: str) -> None:
    quarters = -(-filings // COMPANIES)
    place = (
        f"n % {COMPANIES} AS company, n // {COMPANIES} AS quarter"
        if arrival == "date"
        else f"n // {quarters} AS company, n % {quarters} AS quarter"
    )
    connection.execute(
        f"""
        INSERT INTO filings BY NAME
        SELECT {_ACCESSION} AS accession_number, 1 AS version, n + 1 AS sequence,
            TIMESTAMP '2026-01-01' + to_milliseconds(n) AS recorded_at, sha256(n::VARCHAR) AS result_key,
            '1' AS catalog_version, '1' AS code_version, 1000 AS fact_count, {SIGNALS_A_FILING} AS signal_count,
            1900000000 + company AS cik, CASE WHEN quarter % 4 = 3 THEN '10-K' ELSE '10-Q' END AS form_type,
            'Made Up Company ' || company AS company_name, day AS filed_date, day + INTERVAL 16 HOUR AS accepted_at,
            day - 40 AS period_end, 1000 + (company % 10) * 700 AS sic_code, [] AS items,
            'made-up.htm' AS primary_document, 'FULL_SUBMISSION' AS source, FALSE AS is_amendment
        FROM (
            SELECT n, company, quarter, DATE '2005-01-03' + (quarter * 91 + company % 90)::INTEGER AS day
            FROM (SELECT n, {place} FROM range({filings}) t(n))
        )
        ORDER BY n
        """  # noqa: S608 - numbers of ours
    )
    connection.execute(
        """
        INSERT INTO change_feed
        SELECT sequence, 'EXTRACTION', accession_number, cik, version, recorded_at FROM filings ORDER BY sequence
        """
    )


def _fill_signals(connection: duckdb.DuckDBPyConnection, *, evidence: bool) -> None:
    connection.execute(
        f"""
        INSERT INTO signal_ids
        SELECT k, 'signal_' || k, 'FINANCIAL',
               CASE WHEN k < {_RATIO_FROM} THEN 9 WHEN k BETWEEN {_FLAG_FROM} AND {_COUNT_FROM - 1} THEN 2 ELSE 1 END,
               CASE WHEN k < {_RATIO_FROM} THEN '¤' WHEN k < {_FLAG_FROM} THEN 'ratio'
                    WHEN k >= {_COUNT_FROM} THEN 'count'
               END
        FROM range({SIGNALS_A_FILING}) t(k)
        """  # noqa: S608 - numbers of ours
    )
    number = "(hash(sequence * 1000 + k) % 1000000007)"
    connection.execute(
        f"""
        INSERT INTO signals BY NAME
        SELECT sequence, k AS ordinal, k AS signal_key, 'FINANCIAL' AS category, kind,
            CASE kind WHEN 'DECIMAL' THEN (drawn * 1000)::VARCHAR WHEN 'INT64' THEN (drawn % 400)::VARCHAR END AS exact,
            CASE kind WHEN 'DECIMAL' THEN drawn * 1000.0 WHEN 'INT64' THEN drawn % 400
                WHEN 'BOOL' THEN (drawn % 20 = 0)::INTEGER ELSE drawn / 1000000007.0 * 2 END AS number,
            CASE kind WHEN 'DECIMAL' THEN 'USD' WHEN 'BOOL' THEN 'flag' WHEN 'INT64' THEN 'count' ELSE 'ratio' END
                AS unit,
            CASE kind WHEN 'DECIMAL' THEN 'USD' END AS currency, 0.95 AS confidence, FALSE AS out_of_range
        FROM (
            SELECT sequence, k, {number} AS drawn,
                CASE WHEN k < {_RATIO_FROM} THEN 'DECIMAL' WHEN k < {_FLAG_FROM} THEN 'DOUBLE'
                    WHEN k < {_COUNT_FROM} THEN 'BOOL' ELSE 'INT64' END AS kind
            FROM filings, range({SIGNALS_A_FILING}) t(k)
        )
        ORDER BY sequence, ordinal
        """  # noqa: S608 - numbers of ours
    )
    proof = (
        """'[{"fact":{"concept":"signal_' || signal_key || '","element":"us-gaap:Signal","document":"made-up.htm"'"""
        """ || ',"fact_id":"f-' || ordinal || '","context_id":"c-1","start":"2023-01-01","end":"2023-12-31"'"""
        """ || ',"unit":"USD","decimals":-6,"value":"' || coalesce(exact, number::VARCHAR) || '"}}]'"""
        if evidence
        else "'[]'"
    )
    connection.execute(
        f"INSERT INTO evidence SELECT sequence, ordinal, {proof} FROM signals ORDER BY sequence, ordinal"  # noqa: S608
    )


def _fill_segments(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        INSERT INTO screen_segment_1
        SELECT s.signal_key, f.filed_date, s.sequence, s.kind, s.exact, s.number, s.unit, s.currency, s.confidence,
               s.out_of_range
        FROM signals s JOIN filings f USING (sequence)
        ORDER BY s.signal_key, f.filed_date, s.sequence
        """
    )
    connection.execute(
        "UPDATE screen_segments SET row_count = (SELECT count(*) FROM signals) WHERE segment = 1"
    )


def _fill_reports(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """The reports of all filings: the first one's, with the values of each."""
    report = FilingReport()

    def of(
        connection: duckdb.DuckDBPyConnection, ids: SignalIds, signal_counts: Mapping[int, int]
    ) -> Mapping[int, bytes]:
        sequences = list(signal_counts)
        if not report.signals:
            (first,) = extraction_records(connection, ids, sequences[:1])
            assert isinstance(first.body, Extraction)
            report.CopyFrom(reports.read(reports.of_record(first.body), FilingReport))
        between = [sequences[0], sequences[-1]]
        filings = connection.execute(
            f"SELECT {FILING}, f.result_key, f.sequence FROM filings f "  # noqa: S608 - columns of ours
            "WHERE f.sequence BETWEEN ? AND ? ORDER BY f.sequence",
            between,
        ).fetchall()
        values = connection.execute(
            "SELECT exact, number, coalesce(exact, number::VARCHAR) FROM signals WHERE sequence BETWEEN ? AND ? "
            "ORDER BY sequence, ordinal",
            between,
        ).fetchall()
        made = {}
        for place, row in enumerate(filings):
            report.filing.CopyFrom(messages.filing_message(filing_of(row)))
            report.result_key = row[-2]
            _set_values(report, values[place * SIGNALS_A_FILING : (place + 1) * SIGNALS_A_FILING])
            made[row[-1]] = reports.compressed(report)
        return made

    def merge_if_due() -> None:
        log = wal_of(directory / FILE_NAME)
        if log.exists() and log.stat().st_size > store_options(directory).checkpoint_wal_bytes:
            connection.execute("CHECKPOINT")

    filing_reports.complete(connection, stored_signal_ids(connection), merge_if_due, reports_of=of)
    (left,) = connection.execute("SELECT count(*) FROM filings WHERE report IS NULL").fetchall()[0]
    if left:
        raise RuntimeError(f"{left} filings have no report; the log above says why")
    connection.execute("CHECKPOINT")


def _set_values(report: FilingReport, values: Sequence[tuple[Any, ...]]) -> None:
    for signal, (exact, number, proof) in zip(report.signals, values, strict=True):
        match signal.value.WhichOneof("kind"):
            case "decimal":
                signal.value.decimal = exact
            case "double":
                signal.value.double = number
            case "bool":
                signal.value.bool = bool(number)
            case "int64":
                signal.value.int64 = int(exact)
        for evidence in signal.evidence:
            evidence.fact.value = proof


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="the store's data directory; made when missing")
    parser.add_argument("--signals", type=int, default=1_000_000)
    parser.add_argument("--arrival", choices=("date", "company"), default="date")
    parser.add_argument(
        "--evidence", action="store_true", help="give each signal evidence of about 200 bytes"
    )
    options = parser.parse_args()
    if (options.directory / FILE_NAME).exists():
        print(f"{options.directory} holds a store already; name another directory", file=sys.stderr)
        return 2
    started = time.monotonic()
    filings = fill(options.directory, options.signals, arrival=options.arrival, evidence=options.evidence)
    megabytes = (options.directory / FILE_NAME).stat().st_size / 1e6
    print(
        f"{filings:,} filings with {filings * SIGNALS_A_FILING:,} signals in {time.monotonic() - started:.1f} s, "
        f"{megabytes:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
