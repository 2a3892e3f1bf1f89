"""The tables of the primary, and how a file of an older version becomes one of this version.

Moments are TIMESTAMPs in UTC. `sequence` is a commit's position in the order of commits; it names the version of a
filing or analysis that was committed there, and the tables of its parts are clustered by it, because commits append in
its order: DuckDB's zone maps then find a filing's rows without an index (an index over them costs more than it gives).
One kind of sequence names no version: the change that tells a filing's former company of the commit right after it.

A version is valid at sequence S when ``sequence <= S AND (superseded_by IS NULL OR superseded_by > S)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from tenkay_store import failpoints

SEGMENT_COLUMNS = (
    "signal_key UINTEGER NOT NULL, filed_date DATE, sequence UBIGINT NOT NULL, kind VARCHAR NOT NULL, exact VARCHAR, "
    "number DOUBLE, unit VARCHAR NOT NULL, currency VARCHAR, confidence DOUBLE NOT NULL, out_of_range BOOLEAN NOT NULL"
)
"""Of the screens' copy (see screen_segments)."""

MIGRATIONS: Sequence[tuple[str, ...]] = (
    (
        """
        CREATE TABLE filings (
            accession_number VARCHAR NOT NULL,
            version UINTEGER NOT NULL,
            sequence UBIGINT NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            superseded_by UBIGINT,
            result_key VARCHAR NOT NULL,
            catalog_version VARCHAR NOT NULL,
            code_version VARCHAR NOT NULL,
            fact_count UINTEGER NOT NULL,
            signal_count UINTEGER NOT NULL,
            cik UBIGINT,
            form_type VARCHAR,
            company_name VARCHAR,
            filed_date DATE,
            accepted_at TIMESTAMP,
            period_end DATE,
            sic_code INTEGER,
            items VARCHAR[] NOT NULL,
            primary_document VARCHAR,
            source VARCHAR,
            is_amendment BOOLEAN NOT NULL,
            PRIMARY KEY (accession_number, version)
        )
        """,
        # The primary key alone does not serve lookups by its first column.
        "CREATE INDEX filings_by_accession_number ON filings (accession_number)",
        """
        CREATE TABLE signal_ids (
            signal_key UINTEGER NOT NULL,
            signal_id VARCHAR NOT NULL,
            -- Of the first value stored; NULL while there are only gaps.
            category VARCHAR,
            -- Bits: 1 numbers, 2 booleans, 4 names, 8 amounts in a currency, 16 disputed values, as ever stored; 32 is
            -- of a later version, below.
            kinds UTINYINT NOT NULL
        )
        """,
        """
        CREATE TABLE signals (
            sequence UBIGINT NOT NULL,
            ordinal USMALLINT NOT NULL,
            signal_key UINTEGER NOT NULL,
            category VARCHAR NOT NULL,
            kind VARCHAR NOT NULL,
            exact VARCHAR,
            number DOUBLE,
            unit VARCHAR NOT NULL,
            currency VARCHAR,
            confidence DOUBLE NOT NULL,
            out_of_range BOOLEAN NOT NULL,
            notes VARCHAR[]
        )
        """,
        "CREATE TABLE evidence (sequence UBIGINT NOT NULL, ordinal USMALLINT NOT NULL, document VARCHAR NOT NULL)",
        """
        CREATE TABLE missing_signals (
            sequence UBIGINT NOT NULL,
            ordinal USMALLINT NOT NULL,
            signal_key UINTEGER NOT NULL,
            reason VARCHAR NOT NULL,
            detail VARCHAR NOT NULL
        )
        """,
        """
        CREATE TABLE sections (
            sequence UBIGINT NOT NULL,
            ordinal USMALLINT NOT NULL,
            code VARCHAR NOT NULL,
            part VARCHAR NOT NULL,
            title VARCHAR NOT NULL,
            document VARCHAR NOT NULL,
            start_offset UINTEGER NOT NULL,
            end_offset UINTEGER NOT NULL,
            confidence DOUBLE NOT NULL
        )
        """,
        """
        CREATE TABLE texts (
            sequence UBIGINT NOT NULL,
            ordinal USMALLINT NOT NULL,
            document VARCHAR NOT NULL,
            sha256 VARCHAR NOT NULL,
            length UINTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE analyses (
            filing_sequence UBIGINT NOT NULL,
            accession_number VARCHAR NOT NULL,
            version UINTEGER NOT NULL,
            sequence UBIGINT NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            -- By another analysis of the same version of the filing.
            superseded_by UBIGINT,
            result_key VARCHAR NOT NULL,
            extraction_key VARCHAR NOT NULL,
            rules_version VARCHAR NOT NULL,
            rating VARCHAR NOT NULL,
            score DOUBLE,
            flag_ids VARCHAR[] NOT NULL,
            document VARCHAR NOT NULL
        )
        """,
        """
        CREATE TABLE outbox (
            sequence UBIGINT NOT NULL,
            accession_number VARCHAR NOT NULL,
            kind VARCHAR NOT NULL,
            result_key VARCHAR NOT NULL,
            sink VARCHAR NOT NULL,
            state VARCHAR NOT NULL,
            attempts UINTEGER NOT NULL,
            -- About what the commit takes in memory; 0 when that is not known.
            size_bytes UINTEGER NOT NULL,
            enqueued_at TIMESTAMP NOT NULL,
            next_try_at TIMESTAMP,
            durable_at TIMESTAMP,
            last_error VARCHAR
        )
        """,
        """
        CREATE TABLE change_feed (
            sequence UBIGINT NOT NULL,
            kind VARCHAR NOT NULL,
            accession_number VARCHAR NOT NULL,
            cik UBIGINT,
            version UINTEGER NOT NULL,
            recorded_at TIMESTAMP NOT NULL
        )
        """,
    ),
    (
        """
        CREATE TABLE screen_segments (
            segment UINTEGER NOT NULL, ordinal UINTEGER NOT NULL, is_sorted BOOLEAN NOT NULL, row_count UBIGINT NOT NULL
        )
        """,
        f"CREATE TABLE screen_segment_1 ({SEGMENT_COLUMNS})",
        """
        INSERT INTO screen_segment_1
        SELECT s.signal_key, f.filed_date, s.sequence, s.kind, s.exact, s.number, s.unit, s.currency, s.confidence,
               s.out_of_range
        FROM signals s JOIN filings f USING (sequence)
        ORDER BY s.signal_key, f.filed_date, s.sequence
        """,
        "INSERT INTO screen_segments SELECT 1, 1, TRUE, count(*) FROM screen_segment_1",
        f"CREATE TABLE screen_segment_2 ({SEGMENT_COLUMNS})",
        "INSERT INTO screen_segments VALUES (2, 2, FALSE, 0)",
    ),
    (
        # The lease that the version was committed under; NULL when under none.
        "ALTER TABLE filings ADD COLUMN fence_scope VARCHAR",
        "ALTER TABLE filings ADD COLUMN fence_token UBIGINT",
        "ALTER TABLE analyses ADD COLUMN fence_scope VARCHAR",
        "ALTER TABLE analyses ADD COLUMN fence_token UBIGINT",
    ),
    (
        """
        CREATE TABLE purges (
            sequence UBIGINT NOT NULL,
            accession_number VARCHAR NOT NULL,
            cik UBIGINT,
            -- Of the versions that were removed, their number, and the newest one: numbers are not given again.
            version_count UINTEGER NOT NULL,
            last_version UINTEGER NOT NULL,
            last_analysis_version UINTEGER NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            requested_by VARCHAR NOT NULL,
            reason VARCHAR NOT NULL
        )
        """,
    ),
    (
        """
        CREATE TABLE artifacts (
            sequence UBIGINT NOT NULL,
            ordinal USMALLINT NOT NULL,
            kind VARCHAR NOT NULL,
            sha256 VARCHAR NOT NULL,
            size_bytes UBIGINT NOT NULL
        )
        """,
        # Whether a version names an artifact is asked of every one that is to be removed.
        "CREATE INDEX artifacts_by_sha256 ON artifacts (sha256)",
    ),
    (
        """
        CREATE TABLE restores (
            restored_at TIMESTAMP NOT NULL,
            -- Commits after this one were lost or may have been, up to the one that the order of commits resumed after.
            complete_up_to UBIGINT NOT NULL,
            resumed_at UBIGINT NOT NULL
        )
        """,
        # When the last snapshot or commit part that held the filing was deleted; NULL while one may be left.
        "ALTER TABLE purges ADD COLUMN copies_clean_at TIMESTAMP",
    ),
    (
        # NULL: not told, by a commit or by a store of before.
        "ALTER TABLE filings ADD COLUMN entity_ciks UBIGINT[]",
        "ALTER TABLE filings ADD COLUMN content_key VARCHAR",
        "ALTER TABLE filings ADD COLUMN earlier_filings STRUCT(accession_number VARCHAR, content_key VARCHAR)[]",
        """
        CREATE TABLE stale_marks (
            sequence UBIGINT NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            -- Of the version that is stale, and when it no longer was: by a newer one, or because the cause went away.
            filing_sequence UBIGINT NOT NULL,
            superseded_by UBIGINT,
            accession_number VARCHAR NOT NULL,
            reason VARCHAR NOT NULL,
            earlier_filing VARCHAR NOT NULL
        )
        """,
        """
        CREATE TABLE disputes (
            sequence UBIGINT NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            -- By what was said later of the same value of the same version.
            superseded_by UBIGINT,
            accession_number VARCHAR NOT NULL,
            filing_sequence UBIGINT NOT NULL,
            version UINTEGER NOT NULL,
            signal_key UINTEGER NOT NULL,
            is_open BOOLEAN NOT NULL,
            reason VARCHAR NOT NULL,
            said_by VARCHAR NOT NULL,
            note VARCHAR NOT NULL,
            -- Over the value and its evidence: a later version with the same is disputed too.
            value_digest VARCHAR NOT NULL
        )
        """,
    ),
    (
        # What tells this store from any other, wherever it writes; a restored store is the one that was lost.
        "CREATE TABLE store_identity (store_id VARCHAR NOT NULL)",
        "INSERT INTO store_identity SELECT replace(uuid()::VARCHAR, '-', '')",
    ),
    (
        # What the first number stored was in, with a sign in the place of its currency; NULL while there was none. A
        # signal whose numbers were in more than one unit has the bit 32 among its kinds.
        "ALTER TABLE signal_ids ADD COLUMN unit VARCHAR",
        """
        UPDATE signal_ids SET unit = found.unit, kinds = kinds | CASE WHEN found.unit <> found.other THEN 32 ELSE 0 END
        FROM (
            SELECT signal_key, min(unit) AS unit, max(unit) AS other FROM (
                SELECT DISTINCT signal_key, coalesce(replace(unit, currency, '¤'), unit) AS unit FROM signals
                WHERE kind IN ('DECIMAL', 'DOUBLE', 'INT64')
            ) GROUP BY signal_key
        ) found
        WHERE signal_ids.signal_key = found.signal_key
        """,
    ),
    (
        # What GetSignals answers of the version: one zstd frame that states the size of its content, which is a message
        # tenkay.store.v1.FilingReport. NULL in a file of before until `filing_reports` has made it, when it is opened.
        "ALTER TABLE filings ADD COLUMN report BLOB",
    ),
)
"""Statements that lead from each version to the next, from an empty file on. Only ever added to."""

VERSION = len(MIGRATIONS)
VERSION_WITH_IDENTITY = 8
"""The first in which a file says which store it is."""


class NewerSchema(Exception):
    """The file was written by a newer store than this one."""


def migrate(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    migrations: Sequence[tuple[str, ...]] = MIGRATIONS,
) -> None:
    """Bring the file to the newest version, each step in one transaction. NewerSchema when it is beyond it."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    found = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    current = 0 if found is None else int(found[0])
    if current > len(migrations):
        raise NewerSchema(
            f"its tables have version {current}, this store knows up to {len(migrations)}; use a newer store"
        )
    for version, statements in enumerate(migrations[current:], start=current + 1):
        connection.begin()
        try:
            for statement in statements:
                connection.execute(statement)
                failpoints.reach(failpoints.Failpoint.MIGRATION)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?)", [version, now.replace(tzinfo=None)]
            )
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
