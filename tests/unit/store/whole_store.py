"""All that a store holds, in a form in which a store and its restored copy are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb

from tenkay_store.primary.duckdb_owner import FILE_NAME

# Left out is what belongs to the file and not to what was committed: how deliveries to the second sink stand, which
# number a signal's id has, how the screens' copy is cut, when tables were migrated, what restores and copies there were.
_TABLES = {
    "filings": "SELECT * FROM filings",
    "analyses": "SELECT * FROM analyses",
    "evidence": "SELECT * FROM evidence",
    "sections": "SELECT * FROM sections",
    "texts": "SELECT * FROM texts",
    "artifacts": "SELECT * FROM artifacts",
    # What turned stale by a commit that was put back is worked out again, and told then: by which filings, since later.
    "change_feed": "SELECT * FROM change_feed WHERE kind <> 'STALENESS'",
    "stale_marks": (
        "SELECT filing_sequence, accession_number, reason, earlier_filing FROM stale_marks WHERE superseded_by IS NULL"
    ),
    "disputes": "SELECT * EXCLUDE (signal_key), signal_id FROM disputes JOIN signal_ids i USING (signal_key)",
    "purges": "SELECT * EXCLUDE (copies_clean_at) FROM purges",
    "signals": "SELECT * EXCLUDE (signal_key), signal_id FROM signals JOIN signal_ids i USING (signal_key)",
    "missing_signals": (
        "SELECT * EXCLUDE (signal_key), signal_id FROM missing_signals JOIN signal_ids i USING (signal_key)"
    ),
    "signal_ids": "SELECT signal_id, category, kinds FROM signal_ids",
}


def contents(directory: Path, *, feed: bool = True) -> Mapping[str, str]:
    """A digest of the rows of each table of the closed store in a folder, in no order."""
    with duckdb.connect(str(directory / FILE_NAME), read_only=True) as connection:
        segments = connection.execute("SELECT segment FROM screen_segments").fetchall()
        copies = " UNION ALL ".join(f"SELECT * FROM screen_segment_{number}" for (number,) in segments)  # noqa: S608
        screens = (
            f"SELECT * EXCLUDE (signal_key), signal_id FROM ({copies}) JOIN signal_ids USING (signal_key)"  # noqa: S608
        )
        tables = _TABLES | {"screens": screens}
        if not feed:
            del tables["change_feed"]
        return {name: _digest(connection, query) for name, query in tables.items()}


def _digest(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    rows = sorted(repr(row) for row in connection.execute(query).fetchall())
    return f"{len(rows)} {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()}"
