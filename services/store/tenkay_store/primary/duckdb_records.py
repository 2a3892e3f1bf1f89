"""Commits read back from DuckDB as they were made: what deliveries, copies and the list of purges are of."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from tenkay_store.domain.records import (
    Analysis,
    Artifact,
    ArtifactKind,
    CommitRecord,
    EarlierFiling,
    Extraction,
    Fence,
    Purge,
    Section,
    Text,
)
from tenkay_store.domain.signal_ids import SignalIds
from tenkay_store.primary import duckdb_disputes
from tenkay_store.primary.duckdb_reads import (
    FILING,
    FILING_WIDTH,
    MISSING,
    SECTION,
    SIGNAL,
    VERSION,
    Cursor,
    filing_of,
    missing_of,
    signal_of,
    utc,
    utc_or_none,
)


def commit_records(cursor: Cursor, ids: SignalIds, sequences: Sequence[int]) -> Sequence[CommitRecord]:
    """Commits as they were made, in order. Each table is asked once, however many they are."""
    wanted = {"sequences": list(sequences)}
    records = [
        _analysis_record(row)
        for row in cursor.execute(
            """
            SELECT sequence, version, recorded_at, accession_number, result_key, extraction_key, rating, score,
                   flag_ids, rules_version, document, fence_scope, fence_token
            FROM analyses WHERE sequence IN (SELECT unnest($sequences::UBIGINT[]))
            """,
            wanted,
        ).fetchall()
    ]
    records += _purges(
        cursor,
        "sequence IN (SELECT unnest($sequences::UBIGINT[]))",
        {**wanted, "most": len(sequences)},
    )
    records += duckdb_disputes.dispute_records(cursor, ids, sequences)
    records += extraction_records(cursor, ids, sequences)
    return sorted(records, key=lambda record: record.sequence)


def extraction_records(cursor: Cursor, ids: SignalIds, sequences: Sequence[int]) -> Sequence[CommitRecord]:
    """These commits, as far as they are of extractions."""
    rows = cursor.execute(
        f"""
        SELECT {FILING}, {VERSION}, f.code_version, f.fact_count, f.content_key, f.earlier_filings, f.fence_scope,
               f.fence_token
        FROM filings f
        WHERE f.sequence IN (SELECT unnest($sequences::UBIGINT[]))
        """,
        {"sequences": list(sequences)},
    ).fetchall()
    if not rows:
        return ()
    found = [int(row[FILING_WIDTH + 1]) for row in rows]
    signals = _parts(cursor, "signals s", SIGNAL, found)
    evidence = _parts(cursor, "evidence", "document", found)
    missing = _parts(cursor, "missing_signals", MISSING, found)
    sections = _parts(cursor, "sections", SECTION, found)
    texts = _parts(cursor, "texts", "document, sha256, length", found)
    artifacts = _parts(cursor, "artifacts", "kind, sha256, size_bytes", found)
    records = []
    for row in rows:
        version, sequence, recorded_at, result_key, catalog_version = row[FILING_WIDTH:][:5]
        code_version, fact_count, content_key, earlier_filings, *lease = row[FILING_WIDTH + 5 :]
        body = Extraction(
            filing=filing_of(row),
            sections=tuple(Section(*each) for each in sections.get(sequence, ())),
            signals=tuple(
                signal_of(each, ids, document)
                for each, (document,) in zip(
                    signals.get(sequence, ()), evidence.get(sequence, ()), strict=True
                )
            ),
            missing=tuple(missing_of(each, ids) for each in missing.get(sequence, ())),
            texts=tuple(Text(*each) for each in texts.get(sequence, ())),
            result_key=result_key,
            catalog_version=catalog_version,
            code_version=code_version,
            fact_count=fact_count,
            artifacts=tuple(
                Artifact(ArtifactKind(kind), sha256, size_bytes)
                for kind, sha256, size_bytes in artifacts.get(sequence, ())
            ),
            size_bytes=0,
            content_key=content_key or "",
            earlier_filings=tuple(EarlierFiling(**each) for each in earlier_filings or ()),
        )
        records.append(CommitRecord(sequence, version, utc(recorded_at), body, fence=_fence(*lease)))
    return records


def _parts(
    cursor: Cursor, table: str, columns: str, sequences: Sequence[int]
) -> Mapping[int, Sequence[tuple[Any, ...]]]:
    """Rows of these versions in their order, by sequence."""
    rows = cursor.execute(
        # The bounds are for the zone maps, which a list does not ask.
        f"""
        SELECT sequence, {columns} FROM {table}
        WHERE sequence BETWEEN $first::UBIGINT AND $last::UBIGINT
            AND sequence IN (SELECT unnest($sequences::UBIGINT[]))
        ORDER BY sequence, ordinal
        """,
        {"first": min(sequences), "last": max(sequences), "sequences": list(sequences)},
    ).fetchall()
    return {
        sequence: [row[1:] for row in of_version] for sequence, of_version in groupby(rows, key=itemgetter(0))
    }


def purges(cursor: Cursor, after: int, limit: int) -> Sequence[CommitRecord]:
    """Purges after a sequence, in order."""
    return _purges(cursor, "sequence > $after::UBIGINT", {"after": after, "most": limit})


def _purges(cursor: Cursor, condition: str, parameters: Mapping[str, Any]) -> list[CommitRecord]:
    rows = cursor.execute(
        f"""
        SELECT sequence, last_version, recorded_at, accession_number, requested_by, reason, cik, version_count,
               last_analysis_version, copies_clean_at
        FROM purges WHERE {condition} ORDER BY sequence LIMIT $most
        """,
        dict(parameters),
    ).fetchall()
    return [_purge_record(row) for row in rows]


def _purge_record(row: Sequence[Any]) -> CommitRecord:
    (
        sequence,
        version,
        recorded_at,
        accession_number,
        requested_by,
        reason,
        cik,
        versions,
        last_analysis_version,
        copies_clean_at,
    ) = row
    body = Purge(
        accession_number=accession_number,
        requested_by=requested_by,
        reason=reason,
        cik=cik,
        versions=versions,
        last_analysis_version=last_analysis_version,
        copies_clean_at=utc_or_none(copies_clean_at),
    )
    return CommitRecord(sequence, version, utc(recorded_at), body)


def commits_after(cursor: Cursor, after: int, limit: int) -> Sequence[int]:
    """Sequences of the commits after one, in order, as far as they were not purged."""
    rows = cursor.execute(
        """
        SELECT sequence FROM filings WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM analyses WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM disputes WHERE sequence > $after::UBIGINT
        UNION ALL SELECT sequence FROM purges WHERE sequence > $after::UBIGINT
        ORDER BY sequence LIMIT $most
        """,
        {"after": after, "most": limit},
    ).fetchall()
    return [row[0] for row in rows]


def unclean_purges(cursor: Cursor) -> tuple[int, datetime] | None:
    """The newest purge whose filing may be in copies, and when the oldest such purge was recorded; None for none."""
    row = cursor.execute(
        "SELECT max(sequence), min(recorded_at) FROM purges WHERE copies_clean_at IS NULL"
    ).fetchone()
    return None if row is None or row[0] is None else (int(row[0]), utc(row[1]))


def _analysis_record(row: Sequence[Any]) -> CommitRecord:
    (
        sequence,
        version,
        recorded_at,
        accession_number,
        result_key,
        extraction_key,
        rating,
        score,
        flag_ids,
        rules_version,
        document,
        *lease,
    ) = row
    body = Analysis(
        accession_number=accession_number,
        result_key=result_key,
        extraction_key=extraction_key,
        rating=rating,
        score=score,
        flag_ids=tuple(flag_ids),
        rules_version=rules_version,
        document=document,
        size_bytes=0,
    )
    return CommitRecord(sequence, version, utc(recorded_at), body, fence=_fence(*lease))


def _fence(scope: str | None, token: int | None) -> Fence | None:
    return None if scope is None or token is None else Fence(scope, token)
