"""What the primary holds, for the comparison with a sink: which commits, by the day they were recorded on (UTC).

A commit's hash is over what identifies it and its result. supabase/migrations/…_reconciliation.sql computes the same.
"""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import duckdb

from tenkay_store.domain.records import CommitKind, DayDigest, HeldCommit
from tenkay_store.domain.storage import OutboxEntry, Standing

Cursor = duckdb.DuckDBPyConnection

# Of a filing that was purged more than once, a sink keeps the newest mark.
_HELD = """
    SELECT 'EXTRACTION' AS kind, accession_number, version, sequence, recorded_at,
           concat_ws('|', 'EXTRACTION', accession_number, version, sequence, epoch_us(recorded_at), result_key)
               AS identity
    FROM filings
    UNION ALL
    SELECT 'ANALYSIS', accession_number, version, sequence, recorded_at,
           concat_ws('|', 'ANALYSIS', accession_number, version, sequence, epoch_us(recorded_at), result_key)
    FROM analyses
    UNION ALL
    SELECT 'PURGE', accession_number, 0, sequence, recorded_at,
           concat_ws('|', 'PURGE', accession_number, sequence, epoch_us(recorded_at))
    FROM (SELECT * FROM purges QUALIFY sequence = max(sequence) OVER (PARTITION BY accession_number))
"""
# Of what was said of one value of one version, a sink keeps the newest that has arrived.
_SAID = """
    SELECT 'DISPUTE' AS kind, accession_number, version, d.sequence, recorded_at,
           concat_ws('|', 'DISPUTE', accession_number, version, d.sequence, epoch_us(recorded_at),
                     signal_id, is_open::INTEGER, reason, said_by, note) AS identity
    FROM disputes d JOIN signal_ids USING (signal_key)
"""
_HASH = "('0x' || left(sha256(identity), 15))::BIGINT"
_UNDELIVERED = "(SELECT sequence FROM outbox WHERE sink = $sink AND state <> 'DURABLE')"
_NEWEST_TAKEN = f"""
    {_SAID} ANTI JOIN {_UNDELIVERED} undelivered USING (sequence)
    QUALIFY d.sequence = max(d.sequence) OVER (PARTITION BY d.filing_sequence, d.signal_key)
"""
# What was superseded is not judged: its successor, on its way or arrived and not marked yet, may have replaced it.
_NEWEST_SAID = f"{_SAID} WHERE d.superseded_by IS NULL"


def day_digests(cursor: Cursor, sink: str, first: date, last: date) -> Mapping[date, DayDigest]:
    """Of the days that have commits which the sink has taken."""
    rows = cursor.execute(
        f"""
        SELECT recorded_at::DATE, count(*), sum({_HASH}) FROM ({_HELD} UNION ALL ({_NEWEST_TAKEN})) held
        ANTI JOIN {_UNDELIVERED} undelivered USING (sequence)
        WHERE recorded_at >= $first::DATE AND recorded_at < $last::DATE + INTERVAL 1 DAY
        GROUP BY 1 ORDER BY 1
        """,
        {"sink": sink, "first": first, "last": last},
    ).fetchall()
    return {day: DayDigest(count, int(hashes)) for day, count, hashes in rows}


def commits_of_day(
    cursor: Cursor, sink: str, day: date, after: int, limit: int
) -> Sequence[tuple[HeldCommit, bool]]:
    """Commits of a day after a sequence, in order, each with whether the sink has taken it."""
    rows = cursor.execute(
        f"""
        SELECT sequence, kind, accession_number, version, {_HASH}, undelivered.sequence IS NULL
        FROM ({_HELD} UNION ALL {_NEWEST_SAID}) held LEFT JOIN {_UNDELIVERED} undelivered USING (sequence)
        WHERE recorded_at >= $day::DATE AND recorded_at < $day::DATE + INTERVAL 1 DAY
          AND held.sequence > $after::UBIGINT
        ORDER BY held.sequence LIMIT $most
        """,
        {"sink": sink, "day": day, "after": after, "most": limit},
    ).fetchall()
    return [
        (HeldCommit(sequence, CommitKind(kind), name, version, hash_), delivered)
        for sequence, kind, name, version, hash_, delivered in rows
    ]


def standing(
    cursor: Cursor, sink: str, sequences: Sequence[int], accession_numbers: Sequence[str]
) -> Standing:
    """Which of these commits are held, and which of these filings were purged."""
    held = cursor.execute(
        f"SELECT sequence FROM ({_HELD} UNION ALL {_SAID}) held WHERE list_contains($sequences::UBIGINT[], sequence)",
        {"sequences": list(sequences)},
    ).fetchall()
    purges = cursor.execute(
        f"""
        SELECT accession_number, max(sequence), bool_and(undelivered.sequence IS NULL)
        FROM purges LEFT JOIN {_UNDELIVERED} undelivered USING (sequence)
        WHERE list_contains($accession_numbers::VARCHAR[], accession_number) GROUP BY accession_number
        """,
        {"sink": sink, "accession_numbers": list(accession_numbers)},
    ).fetchall()
    return Standing(
        frozenset(sequence for (sequence,) in held),
        {name: sequence for name, sequence, _ in purges},
        frozenset(name for name, _, delivered in purges if delivered),
    )


def delivered_among(cursor: Cursor, sink: str, sequences: Sequence[int]) -> Sequence[OutboxEntry]:
    """Those of these commits that the sink has taken, in order."""
    rows = cursor.execute(
        """
        SELECT sequence, accession_number, 0, size_bytes FROM outbox
        WHERE state = 'DURABLE' AND sink = $sink AND list_contains($sequences::UBIGINT[], sequence) ORDER BY sequence
        """,
        {"sink": sink, "sequences": list(sequences)},
    ).fetchall()
    return [OutboxEntry(*row) for row in rows]
