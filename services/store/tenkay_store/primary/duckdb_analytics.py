"""One signal over a company's filings or over many companies, and values by the table."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, cast

import duckdb
import pyarrow as pa

from tenkay.errors import Reason, failure
from tenkay.periodic_forms import ANNUAL_FORMS, with_amendments
from tenkay_store.domain.selections import (
    Aggregate,
    AggregateGroup,
    AggregateSelection,
    GroupBy,
    Screen,
    Series,
    SeriesPosition,
    SeriesSelection,
    SeriesView,
)
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.domain.stored import Moment, Summary
from tenkay_store.domain.units import check_one_unit
from tenkay_store.primary import filter_sql
from tenkay_store.primary.duckdb_amendments import is_quarterly, is_whole
from tenkay_store.primary.duckdb_reads import FILING, FILING_WIDTH, Cursor, filing_of, known, valid
from tenkay_store.primary.duckdb_screens import (
    MOST_UNITS,
    EveryFiling,
    check_units,
    screened,
    shown_columns,
    shown_signals,
    table_of,
    values_of,
)
from tenkay_store.primary.filter_sql import Parameters

MAX_GROUPS = 2_000
EXPORT_ROWS = 16_384
"""Rows of one Arrow record batch of an export."""
EXPORT_CHUNK_BYTES = 256 * 1024
IS_DUCKDB_2 = int(duckdb.__version__.split(".")[0]) >= 2

_GROUPS: Mapping[GroupBy, str] = {
    GroupBy.FORM: "coalesce(f.form_type, '')",
    GroupBy.SECTOR: "coalesce(printf('%02d', f.sic_code // 100), '')",
    GroupBy.YEAR: "coalesce(year(f.period_end)::VARCHAR, '')",
    GroupBy.QUARTER: "coalesce(year(f.period_end) || '-Q' || quarter(f.period_end), '')",
}


def series(
    cursor: Cursor,
    ids: SignalIds,
    segments: Sequence[str],
    selection: SeriesSelection,
    moment: Moment,
    after: SeriesPosition | None,
    limit: int,
) -> Series | None:
    """A page of a company's signals over its filings; None when none was stored, or known, at the moment."""
    if not _has_filing(cursor, selection.cik, moment):
        return None
    parameters = Parameters()
    cik = f"f.cik = {parameters.bind(selection.cik, 'UBIGINT')}"
    shown = [ids.of_id(each) for each in selection.signal_ids]
    conditions = [cik, known("f", moment, parameters)]
    if selection.forms:
        forms = list(selection.forms)
        if selection.view is SeriesView.RESTATED:
            forms += with_amendments(forms)
        conditions.append(f"list_contains({parameters.bind(forms)}, f.form_type)")
    if selection.period_from is not None:
        conditions.append(f"f.period_end >= {parameters.bind(selection.period_from, 'DATE')}")
    if selection.period_to is not None:
        conditions.append(f"f.period_end <= {parameters.bind(selection.period_to, 'DATE')}")
    seen = f"{valid('f', moment, parameters)} AND {' AND '.join(conditions)}"
    chosen = _of_view(selection.view, seen, parameters)
    source = screened(ids, EveryFiling(segments, None, moment), None, shown, "", moment, parameters)
    has_value = " OR ".join(f"{table_of(each)}.kind IS NOT NULL" for each in shown)
    rows = cursor.execute(
        f"""
        SELECT {FILING}, f.version, f.signal_count{shown_columns(shown)} FROM {source}
        AND f.sequence IN ({chosen}) AND ({has_value}) AND {_after_point(after, parameters)}
        ORDER BY f.period_end DESC NULLS LAST, f.filed_date DESC NULLS LAST, f.accession_number DESC
        LIMIT {limit + 1}
        """,
        parameters,
    ).fetchall()
    points = tuple(
        Summary(
            filing=filing_of(row),
            version=row[FILING_WIDTH],
            signal_count=row[FILING_WIDTH + 1],
            signals=shown_signals(shown, row[FILING_WIDTH + 2 :]),
        )
        for row in rows[:limit]
    )
    last = points[-1].filing if len(rows) > limit else None
    return Series(
        points,
        None if last is None else SeriesPosition(last.period_end, last.filed_date, last.accession_number),
    )


def _has_filing(cursor: Cursor, cik: int, moment: Moment) -> bool:
    parameters = Parameters()
    conditions = (
        f"f.cik = {parameters.bind(cik, 'UBIGINT')} AND {known('f', moment, parameters)} "
        f"AND {valid('f', moment, parameters)}"
    )
    row = cursor.execute(f"SELECT 1 FROM filings f WHERE {conditions} LIMIT 1", parameters).fetchone()
    return row is not None


def _of_view(view: SeriesView, seen: str, parameters: Parameters) -> str:
    """The sequences of the filings that give points, of those that are `seen`."""
    if view is SeriesView.EVERY_FILING:
        return f"SELECT f.sequence FROM filings f WHERE {seen}"
    quarterly = is_quarterly("f", parameters)
    annual = f"list_contains({parameters.bind(list(with_amendments(ANNUAL_FORMS)))}, f.form_type)"
    order = "f.filed_date NULLS LAST, f.accession_number"
    whole = "NOT f.is_amendment"
    if view is SeriesView.RESTATED:
        order = "f.filed_date DESC NULLS LAST, f.accession_number DESC"
        whole = f"(NOT f.is_amendment OR (({quarterly} OR {annual}) AND {is_whole('f', parameters)}))"
    # Other forms, and reports whose period is not known, are of no period of which there is but one.
    period = (
        f"CASE WHEN f.period_end IS NULL THEN f.accession_number WHEN {quarterly} THEN 'quarterly ' || f.period_end "
        f"WHEN {annual} THEN 'annual ' || f.period_end ELSE f.accession_number END"
    )
    return f"""
        SELECT f.sequence FROM filings f WHERE {seen} AND {whole}
        QUALIFY row_number() OVER (PARTITION BY {period} ORDER BY {order}) = 1
    """


def _after_point(position: SeriesPosition | None, parameters: Parameters) -> str:
    """The condition that a filing comes after a position, in the order of series."""
    if position is None:
        return "TRUE"
    number = f"f.accession_number < {parameters.bind(position.accession_number)}"
    condition = number
    for column, day in (("f.filed_date", position.filed_date), ("f.period_end", position.period_end)):
        if day is None:
            condition = f"({column} IS NULL AND {condition})"
        else:
            at = parameters.bind(day, "DATE")
            condition = f"({column} IS NULL OR {column} < {at} OR ({column} = {at} AND {condition}))"
    return condition


def aggregate(
    cursor: Cursor, ids: SignalIds, segments: Sequence[str], selection: AggregateSelection, moment: Moment
) -> Aggregate:
    """Figures of a signal by group. CURRENCY_MISMATCH; UNIT_MISMATCH; INVALID_FIELD for too many groups."""
    screen = Screen(selection.expression, selection.currency)
    measured = ids.of_id(selection.signal_id)
    source, parameters = _measured(cursor, ids, segments, screen, (measured,), moment)
    value = table_of(measured)
    amount = (
        f"{filter_sql.is_compared(selection.currency, parameters, value)} AND {value}.number IS NOT NULL "
        f"AND NOT {value}.out_of_range"
    )
    keys = "".join(f"{_GROUPS[each]}, " for each in selection.group_by)
    numbers = ", ".join(str(1 + position) for position in range(len(selection.group_by)))
    grouped = f"GROUP BY {numbers} ORDER BY {numbers}" if numbers else "HAVING count(*) > 0"
    units = cursor.execute(
        f"""
        SELECT DISTINCT {value}.unit, coalesce({value}.currency, '') FROM {source} AND {amount}
        LIMIT {MOST_UNITS}
        """,
        parameters,
    ).fetchall()
    check_one_unit(((selection.signal_id, *each) for each in units), "the figures would be of")
    quantiles = parameters.bind([*selection.quantiles, 0.5], "DOUBLE[]")

    def figures(scale: float) -> list[tuple[Any, ...]]:
        """The groups' keys, counts and figures, these in parts of 1 / `scale`, which is a power of two."""
        number = f"({value}.number * {scale!r})"
        return cursor.execute(
            f"""
            SELECT {keys}count(*), avg({number}), min({number}), max({number}), quantile_cont({number}, {quantiles})
            FROM {source} AND {amount} {grouped} LIMIT {MAX_GROUPS + 1}
            """,
            parameters,
        ).fetchall()

    rows = figures(1.0)
    if len(rows) > MAX_GROUPS:
        raise failure(
            Reason.INVALID_FIELD,
            f"there are more than {MAX_GROUPS:,} groups; group by less",
            field="group_by",
        )
    width = len(selection.group_by)
    groups = [_group(row, width, 1.0) for row in rows]
    if not all(map(_is_finite, groups)):
        # Sums of the largest doubles are infinite, the figures are not: each lies between two of the values.
        smaller = figures(_SMALLER)
        groups = [
            group if _is_finite(group) else _group(row, width, _SMALLER)
            for group, row in zip(groups, smaller, strict=True)
        ]
    unit, currency = units[0] if units else ("", "")
    return Aggregate(tuple(groups), unit, currency)


_SMALLER = 2.0**-64
"""There are never so many values that a sum of them in parts of 2 ** 64 is infinite."""


def _group(row: Sequence[Any], width: int, scale: float) -> AggregateGroup:
    keys, (count, *figures, quantiles) = row[:width], row[width:]
    mean, least, largest = (each / scale for each in figures)
    if scale != 1.0:
        # What the sum was rounded by is not to lead out of where the values lie.
        mean = min(max(mean, least), largest)
    return AggregateGroup(
        keys=tuple(keys),
        count=count,
        mean=mean,
        least=least,
        largest=largest,
        quantiles=tuple(each / scale for each in quantiles[:-1]),
    )


def _is_finite(group: AggregateGroup) -> bool:
    return all(map(math.isfinite, (group.mean, *group.quantiles)))


def export(
    cursor: Cursor, ids: SignalIds, segments: Sequence[str], screen: Screen, moment: Moment
) -> Generator[bytes]:
    """All values of the screen's signals as one Arrow IPC stream, in parts of EXPORT_CHUNK_BYTES at most. Close it: as
    long as it lives the cursor may be of no other use."""
    source, parameters = _measured(cursor, ids, segments, screen, (), moment)
    days = filter_sql.filing_days(screen.expression)
    values = " UNION ALL ".join(
        f"({values_of(segments, ids.of_id(each), days, moment, parameters)})" for each in screen.signal_ids
    )
    # Not as a registered table: DuckDB 2 takes none while an earlier result of the cursor is not read to its end.
    keys = parameters.bind([ids.of_id(each).key for each in screen.signal_ids], "UINTEGER[]")
    names = parameters.bind(list(screen.signal_ids), "VARCHAR[]")
    reader = _reader(
        cursor,
        f"""
        SELECT f.accession_number, f.cik, f.company_name, f.form_type, f.filed_date, f.period_end, f.sic_code,
            f.version, n.signal_id, v.kind, v.number, v.exact, v.unit, v.currency, v.confidence, v.out_of_range
        FROM ({values}) v
        JOIN (SELECT unnest({keys}) AS signal_key, unnest({names}) AS signal_id) n USING (signal_key)
        JOIN (SELECT f.* FROM {source}) f USING (sequence)
        ORDER BY n.signal_id, f.filed_date NULLS LAST, f.accession_number
        """,
        parameters,
    )
    # The sink keeps what was written since it was last emptied, so memory holds one batch.
    sink = _Parts()
    with reader, pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield from sink.take(whole=True)
    yield from sink.take(whole=False)


def _reader(cursor: Cursor, query: str, parameters: Parameters) -> pa.RecordBatchReader:
    """The query's rows as they are computed, EXPORT_ROWS at once."""
    # Each version holds all rows before it gives the first one, where they are asked for in the other one's way.
    if IS_DUCKDB_2:
        # `sql` refuses while a result of `execute` is not read to its end, as after `fetchone`.
        cast(Any, cursor).abort()
        return cursor.sql(query, params=parameters).to_arrow_reader(EXPORT_ROWS)
    return cursor.execute(query, parameters).to_arrow_reader(EXPORT_ROWS)


class _Parts:
    """A file that is only written to, and emptied in parts."""

    closed = False

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def take(self, *, whole: bool) -> Iterator[bytes]:
        """What is held in parts; `whole` leaves the last one that is not full."""
        while len(self._held) >= EXPORT_CHUNK_BYTES or (self._held and not whole):
            yield bytes(self._held[:EXPORT_CHUNK_BYTES])
            del self._held[:EXPORT_CHUNK_BYTES]


def _measured(
    cursor: Cursor,
    ids: SignalIds,
    segments: Sequence[str],
    screen: Screen,
    beside: Sequence[SignalId],
    moment: Moment,
) -> tuple[str, Parameters]:
    """What `screened` answers of the filings that meet a screen. CURRENCY_MISMATCH, UNIT_MISMATCH."""
    expression = screen.expression
    rows = EveryFiling(segments, expression, moment)
    if expression is not None:
        check_units(cursor, ids, rows, expression, screen.currency, moment)
    parameters = Parameters()
    source = screened(ids, rows, expression, beside, screen.currency, moment, parameters)
    return f"{source} AND {known('f', moment, parameters)}", parameters
