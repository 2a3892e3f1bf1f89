"""What must hold of both databases after a round, read from their files and tables past the store's own code."""

# Statements are put together from names of ours.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import zstandard
from google.protobuf.message import DecodeError

from scripts.quality.store_crashes.ledger import Ledger
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.domain.records import CommitKind, DeliveryState

Change = tuple[int, str, str, int]
"""Sequence, kind, accession number and version, as the feed tells them."""


class Fault(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    """Acknowledged and not there, or not as it was acknowledged."""
    TORN = "torn"
    """There in part."""
    DOUBLE = "double"
    """There twice, or there although nobody committed it."""
    DISORDER = "disorder"
    """Sequences that were given twice or go back, or moments that do."""
    FEED = "feed"
    """A follower that resumed was told less, more or other than what is there."""
    UNEQUAL = "unequal"
    """The second sink holds other rows than the primary."""
    STUCK = "stuck"
    """The store did not start again, did not deliver, or did not end when it was told to."""


Findings = list[tuple[Fault, str]]

PARTS = (
    # Table, and how many of its rows a filing has: as it says itself, or as the writers make them.
    ("signals", "f.signal_count"),
    ("evidence", "f.signal_count"),
    ("missing_signals", "1"),
    ("sections", "2"),
    ("texts", "1"),
)


def of_primary(file: Path, ledger: Ledger, followed: Sequence[Change]) -> Findings:
    """What is wrong with the primary, after all steps were answered and all commits delivered."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return [
            *_lost(connection, ledger),
            *_torn(connection),
            *_double(connection),
            *_disorder(connection),
            *_feed(connection, followed),
        ]


def _lost(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> Findings:
    stored = {
        row[0]: row[1:]
        for table in ("filings", "analyses")
        for row in connection.execute(
            f"SELECT result_key, accession_number, sequence, version FROM {table}"
        ).fetchall()
    }
    expected = {
        each.step.key: (each.step.accession_number, each.sequence, each.version) for each in ledger.live()
    }
    findings: Findings = [
        (Fault.LOST, f"{key}: answered {answer}, stored {stored.get(key)}")
        for key, answer in expected.items()
        if stored.get(key) != answer
    ]
    findings += [(Fault.DOUBLE, f"{stored[key]} is nobody's") for key in stored.keys() - expected.keys()]
    purges = connection.execute("SELECT accession_number, sequence FROM purges").fetchall()
    answered = [(each.step.accession_number, each.sequence) for each in ledger.purges]
    findings += [
        (Fault.LOST, f"purge {each} is not stored")
        for each in answered
        if each[1] is not None and each not in purges
    ]
    if Counter(name for name, _ in purges) != Counter(name for name, _ in answered):
        findings.append((Fault.DOUBLE, f"{len(answered)} purges were answered, {len(purges)} are stored"))
    return findings


def _reports(connection: duckdb.DuckDBPyConnection) -> Findings:
    """What reports say otherwise than the rows beside them."""
    values: dict[int, list[tuple[str, object]]] = {}
    for sequence, signal_id, kind, exact, number in connection.execute(
        "SELECT s.sequence, i.signal_id, s.kind, s.exact, s.number FROM signals s JOIN signal_ids i USING (signal_key) "
        "ORDER BY s.sequence, s.ordinal"
    ).fetchall():
        values.setdefault(sequence, []).append((signal_id, _reported(kind, exact, number)))
    gaps: dict[int, list[str]] = {}
    for sequence, signal_id in connection.execute(
        "SELECT m.sequence, i.signal_id FROM missing_signals m JOIN signal_ids i USING (signal_key) "
        "ORDER BY m.sequence, m.ordinal"
    ).fetchall():
        gaps.setdefault(sequence, []).append(signal_id)
    findings: Findings = []
    for sequence, accession_number, result_key, stored in connection.execute(
        "SELECT sequence, accession_number, result_key, report FROM filings ORDER BY sequence"
    ).fetchall():
        try:
            content = zstandard.ZstdDecompressor().decompress(stored or b"")
            report = FilingReport.FromString(content)
        except (zstandard.ZstdError, DecodeError) as error:
            findings.append((Fault.TORN, f"the report of commit {sequence} cannot be read: {error}"))
            continue
        said = {
            "accession number": (report.filing.accession_number, accession_number),
            "result key": (report.result_key, result_key),
            "signals": (
                [
                    (each.id, getattr(each.value, str(each.value.WhichOneof("kind")), None))
                    for each in report.signals
                ],
                values.get(sequence, []),
            ),
            "gaps": ([each.id for each in report.missing], gaps.get(sequence, [])),
        }
        findings += [
            (Fault.TORN, f"the report of commit {sequence} has {told} as {what}, and the rows {held}")
            for what, (told, held) in said.items()
            if told != held
        ]
    return findings


def _reported(kind: str, exact: str | None, number: float | None) -> object:
    """A row's value as a report has it."""
    match kind:
        case "BOOL":
            return bool(number)
        case "INT64":
            return None if exact is None else int(exact)
        case "DOUBLE":
            return number
        case _:
            return exact


def _torn(connection: duckdb.DuckDBPyConnection) -> Findings:
    findings: Findings = []
    for table, each in PARTS:
        findings += [
            (Fault.TORN, f"commit {sequence} has {parts} {table}")
            for sequence, parts in connection.execute(
                f"SELECT coalesce(f.sequence, p.sequence), parts FROM filings f FULL JOIN "
                f"(SELECT sequence, count(*) AS parts FROM {table} GROUP BY sequence) p "
                f"ON p.sequence = f.sequence WHERE p.parts IS DISTINCT FROM {each} OR f.sequence IS NULL"
            ).fetchall()
        ]
    findings += _reports(connection)
    segments = connection.execute("SELECT 'screen_segment_' || segment FROM screen_segments").fetchall()
    tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    if missing := set(segments) - set(tables):
        return [*findings, (Fault.TORN, f"the screens' copy lacks {missing}")]
    copy = " UNION ALL ".join(
        f"SELECT sequence, signal_key, exact, number FROM {name}" for (name,) in segments
    )
    rows = "SELECT sequence, signal_key, exact, number FROM signals"
    for left, right, words in ((rows, copy, "is not in"), (copy, rows, "is only in")):
        findings += [
            (Fault.TORN, f"a signal of commit {row[0]} {words} the screens' copy")
            for row in connection.execute(f"({left}) EXCEPT ALL ({right})").fetchall()
        ]
    commits = (
        f"SELECT sequence, accession_number, version, '{CommitKind.EXTRACTION}' AS kind FROM filings UNION ALL "
        f"SELECT sequence, accession_number, version, '{CommitKind.ANALYSIS}' FROM analyses UNION ALL "
        f"SELECT sequence, accession_number, last_version, '{CommitKind.PURGE}' FROM purges"
    )
    for table, columns in (
        ("change_feed", "sequence, accession_number, version, kind"),
        ("outbox", "sequence, accession_number, kind"),
    ):
        findings += [
            (Fault.TORN, f"commit {row[0]} of {row[1]} is not in {table}")
            for row in connection.execute(
                f"SELECT {columns} FROM ({commits}) EXCEPT SELECT {columns} FROM {table}"
            ).fetchall()
        ]
    findings += [
        (Fault.TORN, f"commit {row[0]} names another company, and the former one was not told just before")
        for row in connection.execute(
            "SELECT n.sequence FROM filings f JOIN filings n "
            "ON n.accession_number = f.accession_number AND n.version = f.version + 1 AND n.cik <> f.cik "
            "ANTI JOIN change_feed c ON c.sequence = n.sequence - 1 AND c.cik = f.cik "
            "AND c.accession_number = n.accession_number AND c.version = n.version"
        ).fetchall()
    ]
    findings += [
        (Fault.TORN, f"commit {row[0]} is {row[1]} in the outbox after all was delivered")
        for row in connection.execute(
            "SELECT sequence, state FROM outbox WHERE state <> ?", [DeliveryState.DURABLE.value]
        ).fetchall()
    ]
    findings += [
        (Fault.TORN, f"commit {row[0]} is superseded by {row[1]}, which is not the next version")
        for row in connection.execute(
            "SELECT f.sequence, f.superseded_by FROM filings f LEFT JOIN filings n "
            "ON n.accession_number = f.accession_number AND n.version = f.version + 1 "
            "WHERE f.superseded_by IS DISTINCT FROM n.sequence"
        ).fetchall()
    ]
    return findings


def _double(connection: duckdb.DuckDBPyConnection) -> Findings:
    return [
        (Fault.DOUBLE, f"{row} is in {table} {row[-1]} times")
        for table, columns in (
            ("filings", "result_key"),
            ("filings", "accession_number, version"),
            ("filings", "sequence"),
            ("analyses", "result_key"),
            ("analyses", "accession_number, version"),
            ("change_feed", "sequence"),
            ("outbox", "sequence, sink"),
            ("purges", "sequence"),
            ("signals", "sequence, ordinal"),
            ("signal_ids", "signal_id"),
        )
        for row in connection.execute(
            f"SELECT {columns}, count(*) FROM {table} GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()
    ]


def _disorder(connection: duckdb.DuckDBPyConnection) -> Findings:
    findings: Findings = [
        (Fault.DISORDER, f"commit {row[0]} follows {row[1]}")
        for row in connection.execute(
            "SELECT sequence, lag(sequence, 1, 0) OVER (ORDER BY sequence) AS before FROM change_feed "
            "QUALIFY sequence <> before + 1"
        ).fetchall()
    ]
    findings += [
        (Fault.DISORDER, f"commit {row[0]} was recorded at {row[1]}, before the one before it")
        for row in connection.execute(
            "SELECT sequence, recorded_at FROM change_feed "
            "QUALIFY recorded_at < lag(recorded_at) OVER (ORDER BY sequence)"
        ).fetchall()
    ]
    return findings


def _feed(connection: duckdb.DuckDBPyConnection, followed: Sequence[Change]) -> Findings:
    told = connection.execute(
        "SELECT sequence, kind, accession_number, version FROM change_feed ORDER BY sequence"
    ).fetchall()
    if told == list(followed):
        return []
    other = sorted(set(told) ^ set(followed))[:3]
    return [
        (Fault.FEED, f"{len(told)} changes are stored, {len(followed)} were followed; of one only: {other}")
    ]


async def of_both(file: Path, second: asyncpg.Connection) -> Findings:
    """Tables of the second sink whose rows are not the primary's, by the hash of them."""
    findings: Findings = []
    ours, theirs = _rows_of_primary(file), await _rows_of_second(second)
    for table, rows in ours.items():
        if digest(rows) != digest(theirs[table]):
            only = [f"{len(set(a) - set(b))}" for a, b in ((rows, theirs[table]), (theirs[table], rows))]
            findings.append(
                (
                    Fault.UNEQUAL,
                    f"{table}: {len(rows)} rows in the primary, {len(theirs[table])} in the second sink, "
                    f"{' and '.join(only)} of them only there",
                )
            )
    return findings


async def of_second(second: asyncpg.Connection, ledger: Ledger) -> Findings:
    """What was said to be durable in both and is not in the second sink. Holds at any moment."""
    stored = {
        row["result_key"]: (row["filing_id"], row["sequence"], row["version"])
        for table in ("filings", "analyses")
        for row in await second.fetch(f"select result_key, filing_id, sequence, version from public.{table}")
    }
    in_doubt = {filing.accession_number for filing in ledger.filings.values() if filing.in_doubt is not None}
    return [
        (Fault.LOST, f"{each.step.key} was durable in both; the second sink has {stored.get(each.step.key)}")
        for each in ledger.live()
        # One whose purge may have taken place is not missed.
        if each.in_both and each.step.accession_number not in in_doubt
        if stored.get(each.step.key) != (each.step.accession_number, each.sequence, each.version)
    ]


def digest(rows: Iterable[str]) -> str:
    """A hash of rows, whatever their order."""
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def _rows_of_primary(file: Path) -> dict[str, list[str]]:
    with duckdb.connect(str(file), read_only=True) as connection:

        def read(query: str) -> list[str]:
            return [_row(row) for row in connection.execute(query).fetchall()]

        return {
            "filings": read(
                "SELECT accession_number, version, sequence, recorded_at, cik, form_type, company_name, filed_date, "
                "accepted_at, period_end, sic_code, primary_document, is_amendment, result_key, catalog_version, "
                "code_version, fact_count, "
                "(SELECT count(*) FROM sections s WHERE s.sequence = f.sequence), "
                "(SELECT string_agg(sha256, ' ' ORDER BY ordinal) FROM texts t WHERE t.sequence = f.sequence) "
                "FROM filings f"
            ),
            "signals": read(
                "SELECT f.accession_number, f.version, s.ordinal, i.signal_id, s.category, "
                "CASE s.kind WHEN 'BOOL' THEN s.number::BOOLEAN::VARCHAR WHEN 'DOUBLE' THEN s.number::VARCHAR "
                "ELSE s.exact END, s.unit, s.currency, s.confidence, s.out_of_range, e.document::JSON, "
                "coalesce(s.notes, []) "
                "FROM signals s JOIN filings f USING (sequence) JOIN signal_ids i USING (signal_key) "
                "JOIN evidence e ON e.sequence = s.sequence AND e.ordinal = s.ordinal"
            ),
            "missing_signals": read(
                "SELECT f.accession_number, f.version, m.ordinal, i.signal_id, m.reason, m.detail "
                "FROM missing_signals m JOIN filings f USING (sequence) JOIN signal_ids i USING (signal_key)"
            ),
            "analyses": read(
                "SELECT accession_number, version, sequence, recorded_at, rating, score, result_key, rules_version, "
                "extraction_key, document::JSON->'reasons', document::JSON->'flags' FROM analyses"
            ),
            "tombstones": read(
                "SELECT accession_number, max(sequence), max(recorded_at) FROM purges GROUP BY accession_number"
            ),
        }


async def _rows_of_second(second: asyncpg.Connection) -> dict[str, list[str]]:
    async def read(query: str) -> list[str]:
        return [_row(tuple(row)) for row in await second.fetch(query)]

    return {
        "filings": await read(
            "select filing_id, version, sequence, recorded_at, cik, form_type, company_name, filing_date, "
            "accepted_at, period_end, sic_code, primary_document, is_amendment, result_key, catalog_version, "
            "code_version, fact_count, jsonb_array_length(sections), "
            "(select string_agg(t.value ->> 'sha256', ' ' order by t.ordinality) "
            "from jsonb_array_elements(texts) with ordinality t) from public.filings"
        ),
        "signals": await read(
            "select filing_id, version, position, signal_id, category, "
            "coalesce(value_decimal::text, value_double::text, value_bool::text, value_int::text, value_text), "
            "unit, currency, confidence, out_of_range, evidence::text, notes from public.signals"
        ),
        "missing_signals": await read(
            "select filing_id, version, position, signal_id, reason, detail from public.missing_signals"
        ),
        "analyses": await read(
            "select filing_id, version, sequence, recorded_at, rating, score, result_key, rules_version, "
            "extraction_key, reasons::text, flags::text from public.analyses"
        ),
        "tombstones": await read("select filing_id, sequence, purged_at from public.tombstones"),
    }


def _row(values: Sequence[Any]) -> str:
    return json.dumps([_value(each) for each in values], sort_keys=True)


def _value(value: Any) -> Any:
    """In the one form that both databases' values have."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return json.loads(value)
    if isinstance(value, str) and value[:1].isdigit() and value.replace(".", "", 1).isdigit():
        return format(Decimal(value).normalize(), "f")
    return str(value)
