"""Typed filters -> SQL. Values are always parameters; names come from the closed tables here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    signal_ids,
)


class Parameters(dict[str, Any]):
    """Values of a query by name."""

    def bind(self, value: object, kind: str = "") -> str:
        """The placeholder of `value`, as the SQL type `kind`.

        A column that lies in order is to be compared with its own type: of any other type DuckDB converts the column,
        row by row, instead of leaving out what its zone maps rule out.
        """
        name = f"p{len(self)}"
        self[name] = value
        return f"${name}::{kind}" if kind else f"${name}"


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
_SIGNAL_COLUMNS: Mapping[FieldType, str] = {
    FieldType.NUMBER: "compared",
    FieldType.BOOLEAN: "boolean",
    FieldType.TEXT: "name",
}


@dataclass(frozen=True, slots=True)
class FilingDays:
    """Between which filing days the filings that meet a condition lie; None where it sets no bound."""

    first: date | None = None
    last: date | None = None


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


def condition(expression: TypedExpression, parameters: Parameters) -> str:
    """A SQL condition that is true, false or NULL as the expression is true, false or neither.

    It refers to the filings as ``f``, to their analyses as ``a``, and to signal i of the expression as ``m<i>``, with
    the columns ``compared`` (a number), ``boolean`` and ``name``.
    """
    order = {signal_id: index for index, signal_id in enumerate(signal_ids(expression))}

    def comparison(leaf: FieldComparison | SignalComparison, negated: bool) -> str:
        test = _comparison(leaf, order, parameters)
        return f"NOT {test}" if negated else test

    return _condition(expression, comparison, negated=False)


def candidates(
    expression: TypedExpression, assumed: Callable[[SignalComparison], bool], parameters: Parameters
) -> str:
    """A condition met by every filing whose verdict may depend on the comparisons that are `assumed`.

    Those count as met, plain and negated alike. With NOT pushed down to the comparisons first, AND and OR only ever
    gain from that, so no filing that meets the expression is lost.
    """
    order = {signal_id: index for index, signal_id in enumerate(signal_ids(expression))}

    def comparison(leaf: FieldComparison | SignalComparison, negated: bool) -> str:
        if isinstance(leaf, SignalComparison) and assumed(leaf):
            return "TRUE"
        test = _comparison(leaf, order, parameters)
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
        return _joined([_condition(part, comparison, negated=negated) for part in expression.parts], word)
    return comparison(expression, negated)


def _joined(parts: Sequence[str], word: str) -> str:
    return f"({word.join(parts)})"


def _comparison(
    leaf: FieldComparison | SignalComparison, order: Mapping[str, int], parameters: Parameters
) -> str:
    value = parameters.bind(leaf.literal)
    if isinstance(leaf, SignalComparison):
        column = f"m{order[leaf.signal_id]}.{_SIGNAL_COLUMNS[leaf.type]}"
        return f"({column} {_OPERATORS[leaf.operator]} {value})"
    column = _COLUMNS[leaf.name]
    if leaf.operator is Operator.HAS:
        return f"list_contains({column}, {value})"
    return f"({column} {_OPERATORS[leaf.operator]} {value})"


def is_compared(currency: str, parameters: Parameters) -> str:
    """The condition that a value is a number, and no amount in another currency than the one named, if one is."""
    is_number = "kind IN ('DECIMAL', 'DOUBLE', 'INT64')"
    if not currency:
        return is_number
    return f"{is_number} AND coalesce(currency = {parameters.bind(currency)}, TRUE)"


def uses_analysis(expression: TypedExpression) -> bool:
    """Whether a condition of the expression refers to ``a``, the analysis."""
    if isinstance(expression, And | Or):
        return any(uses_analysis(part) for part in expression.parts)
    if isinstance(expression, Not):
        return uses_analysis(expression.part)
    return isinstance(expression, FieldComparison) and expression.name in _OF_ANALYSIS
