"""Questions to DuckDB for the parts of versions: signals, gaps, sections, texts, artifacts.

The parts' tables are clustered by sequence. Versions that were committed one after the other are read by one query a
table, which costs far less than one a version: a query's own cost is many times that of a filing's rows.
"""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from tenkay_store.records import (
    Artifact,
    ArtifactKind,
    MissingSignal,
    Section,
    Signal,
    Text,
    Value,
    ValueKind,
)
from tenkay_store.signal_ids import SignalIds

Cursor = duckdb.DuckDBPyConnection

MOST_SKIPPED = 8
"""Sequences between two versions up to which both are read by one query: most are analyses, which have no rows here."""
MAX_RUN_COMMITS = 50
"""Versions that one query reads at most: its rows are in memory beside the records made of them."""

_Rows = Mapping[int, Sequence[tuple[Any, ...]]]


def runs(sequences: Sequence[int]) -> Iterator[Sequence[int]]:
    """The sequences in order, without those given twice, cut where one is far from the next."""
    run: list[int] = []
    for sequence in sorted(set(sequences)):
        if run and (sequence - run[-1] > MOST_SKIPPED or len(run) == MAX_RUN_COMMITS):
            yield run
            run = []
        run.append(sequence)
    if run:
        yield run


def signals_of(
    cursor: Cursor, ids: SignalIds, sequences: Sequence[int], *, with_evidence: bool
) -> Mapping[int, tuple[Signal, ...]]:
    """The signals of each version, in their order."""
    columns = "signal_key, category, kind, exact, number, unit, currency, confidence, out_of_range, notes"
    rows = _rows(cursor, "signals", columns, sequences)
    if not with_evidence:
        return {
            sequence: tuple(_signal(row, ids, "[]") for row in of_version)
            for sequence, of_version in rows.items()
        }
    evidence = _rows(cursor, "evidence", "document", sequences)
    return {
        sequence: tuple(
            _signal(row, ids, document)
            for row, (document,) in zip(of_version, evidence[sequence], strict=True)
        )
        for sequence, of_version in rows.items()
    }


def missing_of(
    cursor: Cursor, ids: SignalIds, sequences: Sequence[int]
) -> Mapping[int, tuple[MissingSignal, ...]]:
    """The gaps of each version, in their order."""
    return {
        sequence: tuple(
            MissingSignal(found.id, reason, detail, found.category or "")
            for found, reason, detail in ((ids.of_key(key), reason, detail) for key, reason, detail in rows)
        )
        for sequence, rows in _rows(
            cursor, "missing_signals", "signal_key, reason, detail", sequences
        ).items()
    }


def sections_of(cursor: Cursor, sequences: Sequence[int]) -> Mapping[int, tuple[Section, ...]]:
    """The sections of each version, in their order."""
    columns = "code, part, title, document, start_offset, end_offset, confidence"
    return {
        sequence: tuple(Section(*row) for row in rows)
        for sequence, rows in _rows(cursor, "sections", columns, sequences).items()
    }


def texts_of(cursor: Cursor, sequences: Sequence[int]) -> Mapping[int, tuple[Text, ...]]:
    """The texts that the offsets of each version refer to."""
    return {
        sequence: tuple(Text(*row) for row in rows)
        for sequence, rows in _rows(cursor, "texts", "document, sha256, length", sequences).items()
    }


def artifacts_of(cursor: Cursor, sequences: Sequence[int]) -> Mapping[int, tuple[Artifact, ...]]:
    """The artifacts that each version names."""
    return {
        sequence: tuple(Artifact(ArtifactKind(kind), sha256, size) for kind, sha256, size in rows)
        for sequence, rows in _rows(cursor, "artifacts", "kind, sha256, size_bytes", sequences).items()
    }


def _rows(cursor: Cursor, table: str, columns: str, sequences: Sequence[int]) -> _Rows:
    """The rows of each version, in their order; none for one that has none."""
    found: dict[int, list[tuple[Any, ...]]] = {sequence: [] for sequence in sequences}
    for run in runs(sequences):
        rows = cursor.execute(
            f"SELECT sequence, {columns} FROM {table} "
            "WHERE sequence BETWEEN $first::UBIGINT AND $last::UBIGINT ORDER BY sequence, ordinal",
            {"first": run[0], "last": run[-1]},
        ).fetchall()
        for row in rows:
            if (of_version := found.get(row[0])) is not None:
                of_version.append(row[1:])
    return found


def _signal(row: Sequence[Any], ids: SignalIds, evidence: str) -> Signal:
    key, category, kind, exact, number, unit, currency, confidence, out_of_range, notes = row
    return Signal(
        id=ids.of_key(key).id,
        category=category,
        value=Value(ValueKind(kind), exact, number),
        unit=unit,
        currency=currency or "",
        confidence=confidence,
        out_of_range=out_of_range,
        notes=tuple(notes or ()),
        evidence=evidence,
    )
