"""Screens and what is computed over many filings: the filter's SQL over the sorted copy of the signals."""

# Queries are put together from this module's own names; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any, Protocol

from tenkay_store.domain.filter import (
    MAX_TERMS,
    FieldType,
    SignalComparison,
    TypedExpression,
    signal_ids,
)
from tenkay_store.domain.records import Signal, Value
from tenkay_store.domain.selections import Page, Position, Screen
from tenkay_store.domain.signal_ids import SignalId, SignalIds
from tenkay_store.domain.stored import Moment
from tenkay_store.domain.units import check_one_unit
from tenkay_store.primary import filter_sql
from tenkay_store.primary.duckdb_disputes import not_disputed
from tenkay_store.primary.duckdb_reads import (
    FILING,
    IN_ORDER,
    KINDS,
    Cursor,
    after_position,
    among,
    known,
    page_of,
    summaries_of,
    valid,
)
from tenkay_store.primary.filter_sql import Parameters

MOST_JOINED = 4
"""Signals that a screen of one statement joins with its filings: planning takes longer with each of them."""
MOST_UNITS = 2 * MAX_TERMS
"""Units that are read of a filter's signals: of as many as it can name, one is then seen to have more than one."""


class ScreenedRows(Protocol):
    """Which filings a screen goes through, and where the values of their signals are."""

    @property
    def filings(self) -> str:
        """The FROM item that has the filings as ``f``, each once."""

    def prefix(self, parameters: Parameters) -> str:
        """What stands before the SELECT: the WITH that `filings` and `values` refer to."""

    def values(self, signal: SignalId, parameters: Parameters, columns: str = "*", test: str = "TRUE") -> str:
        """The query of these columns of a signal's values ``v``, at most one a filing, that pass a test.

        Among the columns is the filing's ``sequence``.
        """


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

    def values(self, signal: SignalId, parameters: Parameters, columns: str = "*", test: str = "TRUE") -> str:
        """The values in the screens' copy, of the days that the expression leaves."""
        days = filter_sql.filing_days(self.expression)
        return values_of(self.segments, signal, days, self.moment, parameters, columns, test)


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
    rows = EveryFiling(segments, expression, moment)
    if expression is not None and after is None:
        check_units(cursor, ids, rows, expression, screen.currency, moment)
    shown = [ids.of_id(each) for each in _shown(screen)]
    parameters = Parameters()
    asked = (
        f"{known('f', moment, parameters)} AND {after_position(after, parameters)} "
        f"ORDER BY {IN_ORDER} LIMIT {limit + 1}"
    )
    if takes_one_statement(screen):
        source = screened(ids, rows, expression, shown, screen.currency, moment, parameters)
        found = cursor.execute(
            f"SELECT {FILING}, f.version, f.sequence, f.signal_count{shown_columns(shown)} "
            f"FROM {source} AND {asked}",
            parameters,
        ).fetchall()
        return page_of(cursor, found, moment, limit, lambda columns: shown_signals(shown, columns))
    # Which filings are on the page first, by what that takes: all else is read of those alone. Of a quarter it would be
    # read sooner than three more statements are planned.
    source = screened(ids, rows, expression, (), screen.currency, moment, parameters)
    found = cursor.execute(
        f"SELECT f.sequence, f.filed_date, f.accession_number FROM {source} AND {asked}", parameters
    ).fetchall()
    on_page = found[:limit]
    sequences = [sequence for sequence, _, _ in on_page]
    days = _days(on_page)
    signals = signals_shown(cursor, segments, shown, sequences, days, moment)
    next_position = Position(*on_page[-1][1:]) if len(found) > limit else None
    return Page(summaries_of(cursor, sequences, days, moment, signals), next_position)


def takes_one_statement(screen: Screen) -> bool:
    """Whether one statement answers a screen: it goes through a quarter's filings and few signals.

    It takes milliseconds, however many filings there are.
    """
    return len(_shown(screen)) <= MOST_JOINED and filter_sql.filing_days(screen.expression).within_a_quarter


def _shown(screen: Screen) -> Sequence[str]:
    """The signals that a screen's page shows, each once."""
    return tuple(dict.fromkeys((*signal_ids(screen.expression), *screen.signal_ids)))


def _days(rows: Sequence[tuple[int, date | None, str]]) -> filter_sql.FilingDays:
    """Between which days the filings of a page were filed; without bounds when it is not known of one of them."""
    days = [day for _, day, _ in rows]
    known_days = [day for day in days if day is not None]
    if not days or len(known_days) < len(days):
        return filter_sql.FilingDays()
    return filter_sql.FilingDays(min(known_days), max(known_days))


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
    source = screened(ids, rows, filter_sql.assuming(expression, is_mixed), (), currency, moment, parameters)
    is_compared = filter_sql.is_compared(currency, parameters, "v")
    numbers = " UNION ALL ".join(
        rows.values(
            ids.of_id(each),
            parameters,
            f"{ids.of_id(each).key} AS signal_key, v.sequence, v.unit, v.currency",
            is_compared,
        )
        for each in mixed
    )
    found = cursor.execute(
        f"""
        {prefix} SELECT DISTINCT s.signal_key, s.unit, coalesce(s.currency, '') FROM ({numbers}) s
        WHERE s.sequence IN (SELECT f.sequence FROM {source} AND {known("f", moment, parameters)})
        LIMIT {MOST_UNITS}
        """,
        parameters,
    ).fetchall()
    check_one_unit(((ids.of_key(key).id, unit, of) for key, unit, of in found), "the filter compares")


def screened(
    ids: SignalIds,
    rows: ScreenedRows,
    expression: TypedExpression | None,
    beside: Sequence[SignalId],
    currency: str,
    moment: Moment,
    parameters: Parameters,
) -> str:
    """The filings ``f`` that meet the expression, from what stands behind FROM to the end of a WHERE.

    The values of each signal `beside` them, as far as there are any, are `table_of(signal)`.
    """
    parts = filter_sql.conjuncts(expression)
    joined = dict.fromkeys((*beside, *map(ids.of_id, signal_ids(parts.others))))
    tables = {signal.id: table_of(signal) for signal in joined}
    source = [rows.filings]
    for signal in joined:
        table = table_of(signal)
        source.append(
            f"LEFT JOIN ({rows.values(signal, parameters)}) {table} ON {table}.sequence = f.sequence"
        )
    if filter_sql.uses_analysis(parts.others):
        source.append(
            "LEFT JOIN (SELECT a.filing_sequence, a.rating, a.score, a.flag_ids FROM analyses a "
            f"WHERE {valid('a', moment, parameters)}) a ON a.filing_sequence = f.sequence"
        )
    conditions = [valid("f", moment, parameters)]
    for signal_id, part in parts.of_one_signal:
        if signal_id in tables:
            conditions.append(filter_sql.condition(part, tables, currency, parameters))
        else:
            # DuckDB tests this as it reads the values, and looks up the few filings that are left.
            test = filter_sql.condition(part, {signal_id: "v"}, currency, parameters)
            conditions.append(
                f"f.sequence IN ({rows.values(ids.of_id(signal_id), parameters, 'v.sequence', test)})"
            )
    if parts.others is not None:
        conditions.append(filter_sql.condition(parts.others, tables, currency, parameters))
    return f"{' '.join(source)} WHERE {' AND '.join(conditions)}"


def table_of(signal: SignalId) -> str:
    """What the values of a signal are called in a statement."""
    return f"m{signal.key}"


def values_of(
    segments: Sequence[str],
    signal: SignalId,
    days: filter_sql.FilingDays,
    moment: Moment,
    parameters: Parameters,
    columns: str = "*",
    test: str = "TRUE",
) -> str:
    """The query of a signal's rows ``v`` in all segments, filed between these days, that pass a test.

    Those that are disputed at the moment are not among them. Sorting makes the rows lie together.
    """
    conditions = [f"signal_key = {parameters.bind(signal.key, 'UINTEGER')}"]
    if signal.is_disputed:
        conditions.append(not_disputed(signal.key, moment, parameters))
    # In each segment's own SELECT: around them, DuckDB would look up all of their columns first.
    met = " AND ".join((*conditions, *days.conditions("filed_date", parameters), test))
    return " UNION ALL ".join(f"SELECT {columns} FROM {segment} v WHERE {met}" for segment in segments)


_SHOWN = ("kind", "exact", "number", "unit", "currency", "confidence", "out_of_range")
"""What a screen's copy holds of a signal besides its id and filing."""


def signals_shown(
    cursor: Cursor,
    segments: Sequence[str],
    signals: Sequence[SignalId],
    sequences: Sequence[int],
    days: filter_sql.FilingDays,
    moment: Moment,
) -> dict[int, tuple[Signal, ...]]:
    """The values that these filings have of these signals, in the signals' order, by the filing's sequence.

    `days` are those between which all of them were filed.
    """
    if not signals or not sequences:
        return {}
    parameters = Parameters()
    values = " UNION ALL ".join(
        values_of(
            segments, signal, days, moment, parameters, f"sequence, {place} AS place, {', '.join(_SHOWN)}"
        )
        for place, signal in enumerate(signals)
    )
    of_page = among("sequence", sequences, days, moment, parameters)
    rows = cursor.execute(f"SELECT * FROM ({values}) WHERE {of_page}", parameters).fetchall()
    rows.sort(key=itemgetter(1))
    found: dict[int, list[Signal]] = {}
    for sequence, place, *shown in rows:
        found.setdefault(sequence, []).append(_signal(signals[place], *shown))
    return {sequence: tuple(each) for sequence, each in found.items()}


def shown_columns(signals: Sequence[SignalId]) -> str:
    """The columns of these joined signals, to be put behind others: ", m7.kind, …"."""
    return "".join(f", {table_of(each)}.{name}" for each in signals for name in _SHOWN)


def shown_signals(signals: Sequence[SignalId], values: Sequence[Any]) -> tuple[Signal, ...]:
    """The signals that a row has a value for, from its `shown_columns`."""
    width = len(_SHOWN)
    parts = ((signal, values[index * width : (index + 1) * width]) for index, signal in enumerate(signals))
    return tuple(_signal(signal, *part) for signal, part in parts if part[0] is not None)


def _signal(
    signal: SignalId,
    kind: str,
    exact: str | None,
    number: float | None,
    unit: str,
    currency: str | None,
    confidence: float,
    out_of_range: bool,
) -> Signal:
    """The signal in the columns _SHOWN; notes and evidence are not part of the screens' copy."""
    value = Value(KINDS[kind], exact, number)
    return Signal(
        signal.id, signal.category or "", value, unit, currency or "", confidence, out_of_range, (), "[]"
    )
