"""What DuckDB holds of staleness: what the writer asks before it judges, and the marks that reads show."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter
from typing import Any

import pyarrow as pa

from tenkay_store.domain import companies
from tenkay_store.domain.records import Filing
from tenkay_store.domain.selections import StaleEntry, StalePage, StaleResult, StaleSelection
from tenkay_store.domain.stale_marks import OpenMark
from tenkay_store.domain.staleness import COMPARABLE_PRIOR_DAYS, StaleReason, Standing
from tenkay_store.domain.stored import Moment, Staleness, StoredAnalysis, StoredFiling
from tenkay_store.primary.duckdb_reads import (
    FILING,
    FILING_WIDTH,
    Cursor,
    filing_of,
    known,
    utc_or_none,
    valid,
)
from tenkay_store.primary.filter_sql import Parameters


@dataclass(frozen=True, slots=True)
class LookedFor:
    """A filing whose neighbours are wanted: as it is stored, or is about to be."""

    accession_number: str
    cik: int | None
    period_end: date | None
    computed_from: Sequence[str]


def neighbours(
    cursor: Cursor, wanted: Sequence[LookedFor]
) -> tuple[Collection[Standing], Iterable[tuple[int, str, OpenMark]]]:
    """The newest versions of these filings, of those of the same company that are a year away or computed from one
    another, and the marks that stand on them.
    """
    filings = pa.table(
        {
            "number": pa.array([each.accession_number for each in wanted], pa.string()),
            "cik": pa.array([each.cik for each in wanted], pa.uint64()),
            "period_end": pa.array([each.period_end for each in wanted], pa.date32()),
            "computed_from": pa.array([list(each.computed_from) for each in wanted], pa.list_(pa.string())),
        }
    )
    # The statement finds the stream by its name; registering a table costs about what the statement does.
    looked_for = filings.__arrow_c_stream__()  # noqa: F841 - used by the statement
    rows = cursor.execute(
        f"""
        SELECT f.accession_number, f.version, f.sequence, f.cik, f.form_type, f.is_amendment, f.period_end,
            f.filed_date, f.accepted_at, f.content_key, f.earlier_filings
        FROM filings f JOIN looked_for l ON f.cik = l.cik
        WHERE f.superseded_by IS NULL AND (
            f.accession_number = l.number
            OR abs(date_diff('day', f.period_end, l.period_end))
                BETWEEN {COMPARABLE_PRIOR_DAYS.start} AND {COMPARABLE_PRIOR_DAYS.stop - 1}
            OR list_contains(l.computed_from, f.accession_number)
            OR list_contains([e.accession_number FOR e IN f.earlier_filings], l.number)
        )
        """
    ).fetchall()
    # One filing may be the neighbour of several.
    standings = {row[0]: _standing(row) for row in rows}.values()
    marks = cursor.execute(
        """
        SELECT filing_sequence, earlier_filing, sequence, reason FROM stale_marks
        WHERE superseded_by IS NULL AND filing_sequence IN (SELECT unnest($sequences::UBIGINT[]))
        """,
        {"sequences": [each.sequence for each in standings]},
    ).fetchall()
    return standings, [(row[0], row[1], OpenMark(row[2], StaleReason(row[3]))) for row in marks]


def computed_from(cursor: Cursor, accession_numbers: Sequence[str]) -> dict[str, list[str]]:
    """What the newest versions of these filings say that they were computed from."""
    rows = cursor.execute(
        """
        SELECT accession_number, [e.accession_number FOR e IN earlier_filings] FROM filings
        WHERE superseded_by IS NULL AND earlier_filings IS NOT NULL
            AND accession_number IN (SELECT unnest(?::VARCHAR[]))
        """,
        [list(accession_numbers)],
    ).fetchall()
    return dict(rows)


def stale_at(cursor: Cursor, sequence: int, moment: Moment) -> Staleness | None:
    """What makes the version committed at a sequence stale at a moment: of several marks the oldest."""
    # A version has few marks: which of them stand, and which is the oldest, is cheaper found out here.
    rows = cursor.execute(
        "SELECT reason, earlier_filing, sequence, superseded_by FROM stale_marks WHERE filing_sequence = ?::UBIGINT",
        (sequence,),
    ).fetchall()
    standing = [
        row[:3] for row in rows if row[2] <= moment.sequence and (row[3] is None or row[3] > moment.sequence)
    ]
    return _staleness(*min(standing, key=itemgetter(2))) if standing else None


def superseded(found: StoredAnalysis, moment: Moment) -> Staleness | None:
    """That an analysis was made from an older extraction than the newest; otherwise it is as stale as that one."""
    if found.superseded_at is None or found.superseded_at > moment.sequence:
        return None
    return Staleness(StaleReason.EXTRACTION_SUPERSEDED, "", max(found.superseded_at, found.sequence))


def with_amended(cursor: Cursor, stored: StoredFiling, moment: Moment) -> StoredFiling:
    """An amendment with the filing it amends, as far as that is stored."""
    filing = stored.filing
    if not filing.is_amendment or filing.cik is None or filing.period_end is None:
        return stored
    parameters = Parameters()
    rows = cursor.execute(
        f"""
        SELECT {FILING} FROM filings f
        WHERE f.cik = {parameters.bind(filing.cik, "UBIGINT")}
            AND f.form_type = {parameters.bind(filing.form_type.removesuffix("/A"))}
            AND f.period_end = {parameters.bind(filing.period_end, "DATE")}
            AND {valid("f", moment, parameters)} AND {known("f", moment, parameters)}
        """,
        parameters,
    ).fetchall()
    original = companies.original_of(filing, [filing_of(row) for row in rows])
    return stored if original is None else replace(stored, amends=original.accession_number)


def comparable_prior(cursor: Cursor, filing: Filing, moment: Moment) -> str | None:
    """Accession number of the filing of a year earlier that a filing is compared with; None when none is stored."""
    if filing.cik is None or filing.period_end is None:
        return None
    parameters = Parameters()
    days = f"date_diff('day', f.period_end, {parameters.bind(filing.period_end, 'DATE')})"
    rows = cursor.execute(
        f"""
        SELECT {FILING} FROM filings f
        WHERE f.cik = {parameters.bind(filing.cik, "UBIGINT")}
            AND {days} BETWEEN {COMPARABLE_PRIOR_DAYS.start} AND {COMPARABLE_PRIOR_DAYS.stop - 1}
            AND {valid("f", moment, parameters)} AND {known("f", moment, parameters)}
        """,
        parameters,
    ).fetchall()
    prior = companies.comparable_prior(filing, [filing_of(row) for row in rows])
    return None if prior is None else prior.accession_number


def list_stale(
    cursor: Cursor, selection: StaleSelection, moment: Moment, after: int, limit: int
) -> StalePage:
    """A page of what is stale, by the sequences since which it is."""
    parameters = Parameters()
    parts = []
    if selection.result in (None, StaleResult.EXTRACTION):
        parts.append(
            f"""
            SELECT {FILING}, f.version AS stale_version, 'EXTRACTION' AS result, m.reason, m.earlier_filing, m.since
            FROM (
                SELECT m.filing_sequence, min(m.sequence) AS since, arg_min(m.reason, m.sequence) AS reason,
                    arg_min(m.earlier_filing, m.sequence) AS earlier_filing
                FROM stale_marks m WHERE {valid("m", moment, parameters)} GROUP BY m.filing_sequence
            ) m JOIN filings f ON f.sequence = m.filing_sequence
            WHERE {_selected(selection, moment, parameters)}
            """
        )
    if selection.result in (None, StaleResult.ANALYSIS):
        at = parameters.bind(moment.sequence, "UBIGINT")
        # The newest analysis of the newest analysed version, where that version is not the filing's newest.
        parts.append(
            f"""
            SELECT {FILING}, o.version AS stale_version, 'ANALYSIS' AS result, 'EXTRACTION_SUPERSEDED' AS reason,
                '' AS earlier_filing, o.since
            FROM (
                SELECT a.accession_number, a.version, greatest(a.sequence, v.superseded_by) AS since
                FROM analyses a JOIN filings v ON v.sequence = a.filing_sequence
                WHERE v.superseded_by <= {at} AND {valid("a", moment, parameters)}
                QUALIFY row_number() OVER (PARTITION BY a.accession_number ORDER BY v.version DESC) = 1
            ) o JOIN filings f ON f.accession_number = o.accession_number
            WHERE {_selected(selection, moment, parameters)}
                AND NOT EXISTS (
                    SELECT 1 FROM analyses n WHERE n.filing_sequence = f.sequence AND n.sequence <= {at}
                )
            """
        )
    rows = cursor.execute(
        f"""
        SELECT * FROM ({" UNION ALL ".join(parts)}) WHERE since > {parameters.bind(after, "UBIGINT")}
        ORDER BY since LIMIT {limit + 1}
        """,
        parameters,
    ).fetchall()
    entries = tuple(
        StaleEntry(
            filing_of(row),
            StaleResult(row[FILING_WIDTH + 1]),
            row[FILING_WIDTH],
            _staleness(*row[FILING_WIDTH + 2 :]),
        )
        for row in rows[:limit]
    )
    return StalePage(entries, entries[-1].stale.since if len(rows) > limit else None)


def _standing(row: Sequence[Any]) -> Standing:
    (number, version, sequence, cik, form_type, is_amendment, period_end, filed_date) = row[:8]
    accepted_at, content_key, earlier = row[8:]
    if earlier is not None:
        earlier = {each["accession_number"]: each["content_key"] for each in earlier}
    return Standing(
        number,
        version,
        sequence,
        cik,
        form_type,
        is_amendment,
        period_end,
        filed_date,
        utc_or_none(accepted_at),
        content_key,
        earlier,
    )


def _selected(selection: StaleSelection, moment: Moment, parameters: Parameters) -> str:
    conditions = [valid("f", moment, parameters), known("f", moment, parameters)]
    if selection.cik is not None:
        conditions.append(f"f.cik = {parameters.bind(selection.cik, 'UBIGINT')}")
    return " AND ".join(conditions)


def _staleness(reason: str, earlier_filing: str, since: int) -> Staleness:
    return Staleness(StaleReason(reason), earlier_filing, since)
