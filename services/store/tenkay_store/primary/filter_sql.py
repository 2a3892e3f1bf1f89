"""Typed filters -> SQL. Values are always parameters; names come from the closed tables here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenkay_store.domain.filter import (
    And,
    FieldComparison,
    FieldType,
    Not,
    Operator,
    Or,
    SignalComparison,
    TypedExpression,
    leaves,
)


class Parameters(dict[str, Any]):
    """Values of a query by name."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[tuple[type, Hashable], str] = {}

    def bind(self, value: object, kind: str = "") -> str:
        """The placeholder of `value`, as the SQL type `kind`.

        A column that lies in order is to be compared with its own type: of any other type DuckDB converts the column,
        row by row, instead of leaving out what its zone maps rule out.
        """
        name = f"p{len(self)}"
        if isinstance(value, Hashable):
            # Once however often it is asked for: DuckDB takes about as long over a value as over a column.
            name = self._names.setdefault((type(value), value), name)
        self[name] = value
        return f"${name}::{kind}" if kind else f"${name}"

    def bind_numbers(self, numbers: Iterable[int], kind: str) -> str:
        """The placeholder of a list of numbers, each as the SQL type `kind`."""
        # As text, which DuckDB reads once a statement: taking fifty Python numbers one by one costs it 0.3 ms.
        return self.bind(f"[{','.join(map(str, numbers))}]", f"{kind}[]")


_COLUMNS: Mapping[str, str] = {
    "accession_number": "f.accession_number",
    "cik": "f.cik",
    "company_name": "f.company_name",
    "form_type": "f.form_type",
    "filed_date": "f.filed_date",
    "period_end": "f.period_end",
    "sic_code": "f.sic_code",
    "is_amendment": "f.is_amendment",
    "rating": "a.rating",
    "score": "a.score",
    "flags": "a.flag_ids",
}
_OF_ANALYSIS = frozenset({"rating", "score", "flags"})
_OPERATORS: Mapping[Operator, str] = {
    Operator.EQUAL: "=",
    Operator.NOT_EQUAL: "<>",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
    Operator.GREATER: ">",
    Operator.GREATER_OR_EQUAL: ">=",
}


DAYS_OF_QUARTER = 92


@dataclass(frozen=True, slots=True)
class FilingDays:
    """Between which filing days the filings that meet a condition lie; None where it sets no bound."""

    first: date | None = None
    last: date | None = None

    @property
    def within_a_quarter(self) -> bool:
        """Whether they are as many as a quarter has at most."""
        if self.first is None or self.last is None:
            return False
        return (self.last - self.first).days < DAYS_OF_QUARTER

    def conditions(self, column: str, parameters: Parameters) -> list[str]:
        """The conditions that a column of days lies between them."""
        bounds = ((">=", self.first), ("<=", self.last))
        return [f"{column} {sign} {parameters.bind(day, 'DATE')}" for sign, day in bounds if day is not None]


def filing_days(expression: TypedExpression | None) -> FilingDays:
    """The bounds that every filing that meets the expression keeps: those that are joined to all else by AND."""
    parts = expression.parts if isinstance(expression, And) else (expression,)
    first: date | None = None
    last: date | None = None
    for part in parts:
        if isinstance(part, And):
            inner = filing_days(part)
            first, last = _later(first, inner.first), _earlier(last, inner.last)
        elif (
            isinstance(part, FieldComparison) and part.name == "filed_date" and isinstance(part.literal, date)
        ):
            if part.operator in (Operator.EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL):
                first = _later(first, part.literal)
            if part.operator in (Operator.EQUAL, Operator.LESS, Operator.LESS_OR_EQUAL):
                last = _earlier(last, part.literal)
    return FilingDays(first, last)


def _later(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def condition(
    expression: TypedExpression, tables: Mapping[str, str], currency: str, parameters: Parameters
) -> str:
    """A SQL condition that is true where the expression is, and false or NULL where it is not.

    It refers to the filings as ``f``, to their analyses as ``a``, and to each signal's row by the name in `tables`.
    Amounts in another currency than the one named, if one is, are compared with nothing.
    """

    def comparison(leaf: FieldComparison | SignalComparison, negated: bool) -> str:
        if isinstance(leaf, SignalComparison):
            return _signal_comparison(leaf, tables[leaf.signal_id], currency, parameters, negated=negated)
        test = _field_comparison(leaf, parameters)
        return f"NOT {test}" if negated else test

    return _condition(expression, comparison, negated=False)


def _condition(
    expression: TypedExpression,
    comparison: Callable[[FieldComparison | SignalComparison, bool], str],
    *,
    negated: bool,
) -> str:
    if isinstance(expression, Not):
        return _condition(expression.part, comparison, negated=not negated)
    if isinstance(expression, And | Or):
        # De Morgan holds for three values too.
        word = " AND " if isinstance(expression, And) is not negated else " OR "
        return f"({word.join(_condition(part, comparison, negated=negated) for part in expression.parts)})"
    return comparison(expression, negated)


def _field_comparison(leaf: FieldComparison, parameters: Parameters) -> str:
    value, column = parameters.bind(leaf.literal), _COLUMNS[leaf.name]
    if leaf.operator is Operator.HAS:
        return f"list_contains({column}, {value})"
    return f"({column} {_OPERATORS[leaf.operator]} {value})"


def _signal_comparison(
    leaf: SignalComparison, table: str, currency: str, parameters: Parameters, *, negated: bool
) -> str:
    # What the value is, is asked beside the comparison and not by a CASE around its number: a scan then tests both as
    # it reads. A comparison that is not of this kind is false in place of NULL by that, plain and negated alike; as
    # NOT stands at comparisons only, that comes to the same.
    value = parameters.bind(leaf.literal)
    if leaf.type is FieldType.NUMBER:
        kind, column = is_compared(currency, parameters, table), f"{table}.number"
    elif leaf.type is FieldType.BOOLEAN:
        kind, column = f"{table}.kind = 'BOOL'", f"({table}.number <> 0)"
    else:
        kind, column = f"{table}.kind = 'ENUM'", f"{table}.exact"
    test = f"({column} {_OPERATORS[leaf.operator]} {value})"
    return f"({kind} AND {'NOT ' if negated else ''}{test})"


@dataclass(frozen=True, slots=True)
class Conjuncts:
    """An expression as parts that all have to be met."""

    of_one_signal: tuple[tuple[str, TypedExpression], ...]
    """A signal, once, and what is asked of it alone: no filing without a value of it meets that."""
    others: TypedExpression | None
    """All else; None when there is nothing."""


def conjuncts(expression: TypedExpression | None) -> Conjuncts:
    """The expression in parts, so that what is asked of a signal alone can be asked where its values are."""
    alone: dict[str, list[TypedExpression]] = {}
    others = []
    for part in () if expression is None else _parts(expression, negated=False):
        (first, *more) = leaves(part)
        if isinstance(first, SignalComparison) and all(
            isinstance(each, SignalComparison) and each.signal_id == first.signal_id for each in more
        ):
            alone.setdefault(first.signal_id, []).append(part)
        else:
            others.append(part)
    return Conjuncts(
        tuple((signal, _all_of(parts)) for signal, parts in alone.items()),
        _all_of(others) if others else None,
    )


def _parts(expression: TypedExpression, *, negated: bool) -> Iterator[TypedExpression]:
    if isinstance(expression, Not):
        yield from _parts(expression.part, negated=not negated)
    elif isinstance(expression, Or if negated else And):
        for part in expression.parts:
            yield from _parts(part, negated=negated)
    else:
        yield Not(expression) if negated else expression


def _all_of(parts: Sequence[TypedExpression]) -> TypedExpression:
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def assuming(
    expression: TypedExpression, assumed: Callable[[SignalComparison], bool], *, negated: bool = False
) -> TypedExpression | None:
    """What every filing meets whose verdict may depend on the comparisons that are `assumed`; None for all filings.

    Those count as met, plain and negated alike. With NOT pushed down to the comparisons first, AND and OR only ever
    gain from that, so no filing that meets the expression is lost.
    """
    if isinstance(expression, Not):
        return assuming(expression.part, assumed, negated=not negated)
    if isinstance(expression, And | Or):
        parts = [assuming(part, assumed, negated=negated) for part in expression.parts]
        asked = [part for part in parts if part is not None]
        if isinstance(expression, And) is not negated:
            return _all_of(asked) if asked else None
        return Or(tuple(asked)) if len(asked) == len(parts) else None
    if isinstance(expression, SignalComparison) and assumed(expression):
        return None
    return Not(expression) if negated else expression


def is_compared(currency: str, parameters: Parameters, table: str) -> str:
    """The condition that a value is a number, and no amount in another currency than the one named, if one is."""
    is_number = f"{table}.kind IN ('DECIMAL', 'DOUBLE', 'INT64')"
    if not currency:
        return is_number
    return f"{is_number} AND coalesce({table}.currency = {parameters.bind(currency)}, TRUE)"


def uses_analysis(expression: TypedExpression | None) -> bool:
    """Whether a condition of the expression refers to ``a``, the analysis."""
    return expression is not None and any(
        isinstance(each, FieldComparison) and each.name in _OF_ANALYSIS for each in leaves(expression)
    )
