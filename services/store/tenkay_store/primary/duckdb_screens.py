"""Screens and what is computed over many filings: the filter's SQL over the sorted copy of the signals."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tenkay_store.domain.filter import (
    MAX_TERMS,
    FieldType,
    SignalComparison,
    TypedExpression,
    signal_ids,
)
from tenkay_store.domain.records import Signal, Value, ValueKind
from tenkay_store.domain.selections import Page, Position, Screen
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.domain.stored import Moment
from tenkay_store.domain.units import check_one_unit
from tenkay_store.primary import filter_sql
from tenkay_store.primary.duckdb_disputes import not_disputed
from tenkay_store.primary.duckdb_reads import (
    FILING,
    IN_ORDER,
    Cursor,
    after_position,
    known,
    page_of,
    valid,
)
from tenkay_store.primary.filter_sql import Parameters

MOST_UNITS = 2 * MAX_TERMS
"""Units that are read of a filter's signals: of as many as it can name, one is then seen to have more than one."""


class ScreenedRows(Protocol):
    """Which filings a screen goes through, and where the values of their signals are."""

    @property
    def filings(self) -> str:
        """The FROM item that has the filings as ``f``, each once."""

    def prefix(self, parameters: Parameters) -> str:
        """What stands before the SELECT: the WITH that `filings` and `values` refer to."""

    def values(self, signal: SignalId, parameters: Parameters) -> str:
        """The query of a signal's values, at most one a filing, by the filing's ``sequence``."""


@dataclass(frozen=True, slots=True)
class EveryFiling:
    """All filings, each with its own values."""

    segments: Sequence[str]
    expression: TypedExpression | None
    moment: Moment
    filings: str = "filings f"

    def prefix(self, parameters: Parameters) -> str:  # noqa: ARG002 - the protocol's
        """Nothing."""
        return ""

    def values(self, signal: SignalId, parameters: Parameters) -> str:
        """The values in the screens' copy, of the days that the expression leaves."""
        days = filter_sql.filing_days(self.expression)
        return values_of(self.segments, signal, days, self.moment, parameters)


def screen_filings(
    cursor: Cursor,
    ids: SignalIds,
    segments: Sequence[str],
    screen: Screen,
    moment: Moment,
    after: Position | None,
    limit: int,
) -> Page:
    """A page of the filings that meet a screen, over the tables of its copy of the signals.

    CURRENCY_MISMATCH and UNIT_MISMATCH are looked for with the first page.
    """
    expression = screen.expression
    rows_read = EveryFiling(segments, expression, moment)
    parameters = Parameters()
    if expression is not None and after is None:
        check_units(cursor, ids, rows_read, expression, screen.currency, moment)
    shown = tuple(dict.fromkeys((*signal_ids(expression), *screen.signal_ids)))
    rows_of = [ids.of_id(each) for each in shown]
    source = joined_tables(expression, rows_of, rows_read, screen.currency, moment, parameters)
    test = "TRUE" if expression is None else filter_sql.condition(expression, parameters)
    rows = cursor.execute(
        f"""
        SELECT {FILING}, f.version, f.sequence, f.signal_count{shown_columns(len(shown))} FROM {source}
        AND {known("f", moment, parameters)} AND {test} AND {after_position(after, parameters)}
        ORDER BY {IN_ORDER} LIMIT {limit + 1}
        """,
        parameters,
    ).fetchall()
    return page_of(cursor, rows, moment, limit, lambda columns: shown_signals(rows_of, columns))


def check_units(
    cursor: Cursor,
    ids: SignalIds,
    rows: ScreenedRows,
    expression: TypedExpression,
    currency: str,
    moment: Moment,
) -> None:
    """CURRENCY_MISMATCH or UNIT_MISMATCH when the expression's verdict depends on numbers of more than one unit.

    Amounts may be of one currency, the one named or any; the numbers of each signal of one unit.
    """
    named = signal_ids(expression)
    mixed = [each for each in named if ids.holds_units(each) or (not currency and ids.holds_amounts(each))]
    if not mixed:
        return

    def is_mixed(leaf: SignalComparison) -> bool:
        return leaf.type is FieldType.NUMBER and leaf.signal_id in mixed

    parameters = Parameters()
    prefix = rows.prefix(parameters)
    source = joined_tables(
        expression, [ids.of_id(each) for each in named], rows, currency, moment, parameters
    )
    test = filter_sql.candidates(expression, is_mixed, parameters)
    is_compared = filter_sql.is_compared(currency, parameters)
    numbers = " UNION ALL ".join(
        f"SELECT {ids.of_id(each).key} AS signal_key, sequence, unit, currency "
        f"FROM ({rows.values(ids.of_id(each), parameters)}) WHERE {is_compared}"
        for each in mixed
    )
    found = cursor.execute(
        f"""
        {prefix} SELECT DISTINCT s.signal_key, s.unit, coalesce(s.currency, '') FROM ({numbers}) s
        WHERE s.sequence IN (SELECT f.sequence FROM {source} AND {known("f", moment, parameters)} AND {test})
        LIMIT {MOST_UNITS}
        """,
        parameters,
    ).fetchall()
    check_one_unit(((ids.of_key(key).id, unit, of) for key, unit, of in found), "the filter compares")


def joined_tables(
    expression: TypedExpression | None,
    signals_shown: Sequence[SignalId],
    rows: ScreenedRows,
    currency: str,
    moment: Moment,
    parameters: Parameters,
) -> str:
    """The filings ``f`` and what the expression and the answer need beside them, up to the WHERE, with one condition.

    Signal i, those of the expression first, is ``m<i>``.
    """
    parts = [rows.filings]
    for index, row in enumerate(signals_shown):
        is_compared = filter_sql.is_compared(currency, parameters)
        parts.append(
            f"LEFT JOIN (SELECT *, CASE WHEN {is_compared} THEN number END AS compared, "
            "CASE WHEN kind = 'BOOL' THEN number <> 0 END AS boolean, "
            "CASE WHEN kind = 'ENUM' THEN exact END AS name "
            f"FROM ({rows.values(row, parameters)})) m{index} ON m{index}.sequence = f.sequence"
        )
    if expression is not None and filter_sql.uses_analysis(expression):
        parts.append(
            "LEFT JOIN (SELECT a.filing_sequence, a.rating, a.score, a.flag_ids FROM analyses a "
            f"WHERE {valid('a', moment, parameters)}) a ON a.filing_sequence = f.sequence"
        )
    return f"{' '.join(parts)} WHERE {valid('f', moment, parameters)}"


def values_of(
    segments: Sequence[str],
    signal: SignalId,
    days: filter_sql.FilingDays,
    moment: Moment,
    parameters: Parameters,
) -> str:
    """The rows of one signal in all segments, filed between these days, without those that are disputed at the moment.

    Sorting makes them lie together.
    """
    conditions = [f"signal_key = {parameters.bind(signal.key, 'UINTEGER')}"]
    if signal.is_disputed:
        conditions.append(not_disputed(signal.key, moment, parameters))
    if days.first is not None:
        conditions.append(f"filed_date >= {parameters.bind(days.first, 'DATE')}")
    if days.last is not None:
        conditions.append(f"filed_date <= {parameters.bind(days.last, 'DATE')}")
    test = " AND ".join(conditions)
    return " UNION ALL ".join(f"SELECT * FROM {segment} WHERE {test}" for segment in segments)


_SHOWN = ("kind", "exact", "number", "unit", "currency", "confidence", "out_of_range")
"""What a screen's copy holds of a signal besides its id and filing."""


def shown_columns(count: int) -> str:
    """The columns of that many joined signals, to be put behind others: ", m0.kind, …"."""
    return "".join(f", m{index}.{name}" for index in range(count) for name in _SHOWN)


def shown_signals(signals_shown: Sequence[SignalId], values: Sequence[Any]) -> tuple[Signal, ...]:
    """The signals that a row has a value for, from its `shown_columns`.

    Notes and evidence are not part of the screens' copy.
    """
    found = []
    for index, row in enumerate(signals_shown):
        kind, exact, number, unit, currency, confidence, out_of_range = values[
            index * len(_SHOWN) : (index + 1) * len(_SHOWN)
        ]
        if kind is not None:
            value = Value(ValueKind(kind), exact, number)
            found.append(
                Signal(
                    row.id,
                    row.category or "",
                    value,
                    unit,
                    currency or "",
                    confidence,
                    out_of_range,
                    (),
                    "[]",
                )
            )
    return tuple(found)
