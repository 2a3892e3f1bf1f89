"""Questions to DuckDB about artifacts: which ones a version of a filing names, and which ones any version names."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from tenkay_store.records import Artifact, ArtifactKind, Text

Cursor = duckdb.DuckDBPyConnection


def texts_of(cursor: Cursor, sequence: int) -> tuple[Text, ...]:
    """The texts that the offsets of a version refer to."""
    rows = cursor.execute(
        "SELECT document, sha256, length FROM texts WHERE sequence = $sequence::UBIGINT ORDER BY ordinal",
        {"sequence": sequence},
    ).fetchall()
    return tuple(Text(*row) for row in rows)


def artifacts_of(cursor: Cursor, sequence: int) -> tuple[Artifact, ...]:
    """The artifacts that a version names."""
    rows = cursor.execute(
        "SELECT kind, sha256, size_bytes FROM artifacts WHERE sequence = $sequence::UBIGINT ORDER BY ordinal",
        {"sequence": sequence},
    ).fetchall()
    return tuple(Artifact(ArtifactKind(kind), sha256, size_bytes) for kind, sha256, size_bytes in rows)


def named_artifacts(cursor: Cursor, kind: ArtifactKind, digests: Sequence[str]) -> frozenset[str]:
    """Those of these digests that a version of any filing names."""
    if len(digests) == 1:
        # The only form that goes by the index; one lookup is also the most frequent.
        rows = cursor.execute(
            "SELECT sha256 FROM artifacts WHERE sha256 = $sha256 AND kind = $kind LIMIT 1",
            {"sha256": digests[0], "kind": kind.value},
        ).fetchall()
    else:
        rows = cursor.execute(
            "SELECT DISTINCT sha256 FROM artifacts "
            "WHERE kind = $kind AND sha256 IN (SELECT unnest($digests::VARCHAR[]))",
            {"digests": list(digests), "kind": kind.value},
        ).fetchall()
    return frozenset(sha256 for (sha256,) in rows)
