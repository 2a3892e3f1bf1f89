"""Questions to DuckDB about artifacts: which ones a version of a filing names, and which ones any version names."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from tenkay_store.domain.records import Artifact, ArtifactKind, Text

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


class MissingArtifacts:
    """Finds the artifacts that versions name and that are not held: tell it all that are, then ask."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        cursor.execute("CREATE OR REPLACE TEMP TABLE held_artifacts (kind VARCHAR, sha256 VARCHAR)")

    def hold(self, kind: ArtifactKind, digests: Sequence[str]) -> None:
        """These are held."""
        self._cursor.execute(
            "INSERT INTO held_artifacts SELECT $kind, unnest($digests::VARCHAR[])",
            {"kind": kind.value, "digests": list(digests)},
        )

    def count(self) -> int:
        """How many artifacts are named and not held."""
        row = self._cursor.execute(f"SELECT count(DISTINCT (kind, sha256)) FROM {_NOT_HELD}").fetchone()  # noqa: S608
        return 0 if row is None else int(row[0])

    def named_by(self, limit: int) -> list[tuple[str, ArtifactKind, str]]:
        """Filing, kind and digest of the first of them, in the order of filings."""
        rows = self._cursor.execute(
            f"SELECT DISTINCT f.accession_number, a.kind, a.sha256 FROM {_NOT_HELD} "  # noqa: S608
            "JOIN filings f USING (sequence) ORDER BY ALL LIMIT $most",
            {"most": limit},
        ).fetchall()
        return [(accession_number, ArtifactKind(kind), sha256) for accession_number, kind, sha256 in rows]


_NOT_HELD = "artifacts a ANTI JOIN held_artifacts h USING (kind, sha256)"


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
