"""What a typed filter says of one filing, worked out by walking it: true, false or neither (None)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date

from tenkay_store.domain.filter import (
    And,
    FieldComparison,
    FieldType,
    Not,
    Operator,
    Or,
    SignalComparison,
    TypedExpression,
)
from tenkay_store.domain.records import NUMERIC_KINDS, Signal, ValueKind

Field = str | float | bool | date | tuple[str, ...] | None

_COMPARE: Mapping[Operator, Callable[[object, object], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,  # type: ignore[dict-item]
    Operator.LESS_OR_EQUAL: operator.le,  # type: ignore[dict-item]
    Operator.GREATER: operator.gt,  # type: ignore[dict-item]
    Operator.GREATER_OR_EQUAL: operator.ge,  # type: ignore[dict-item]
}


def verdict(
    expression: TypedExpression,
    fields: Mapping[str, Field],
    signals: Mapping[str, Signal],
    currency: str,
    *,
    assumed: Callable[[SignalComparison], bool] = lambda _leaf: False,
    negated: bool = False,
) -> bool | None:
    """Whether a filing with these fields and signals meets the filter; comparisons that are `assumed` count as met."""
    if isinstance(expression, Not):
        return verdict(expression.part, fields, signals, currency, assumed=assumed, negated=not negated)
    if isinstance(expression, And | Or):
        parts = [
            verdict(part, fields, signals, currency, assumed=assumed, negated=negated)
            for part in expression.parts
        ]
        all_of_them = isinstance(expression, And) is not negated
        decisive = not all_of_them
        if decisive in parts:
            return decisive
        return None if None in parts else all_of_them
    if isinstance(expression, SignalComparison) and assumed(expression):
        return True
    met = _comparison(expression, fields, signals, currency)
    return None if met is None else met is not negated


def number_of(signal: Signal | None, currency: str) -> float | None:
    """What is compared of a signal: its number, unless it is an amount in another currency than the one named."""
    if signal is None or signal.value.kind not in NUMERIC_KINDS:
        return None
    if currency and signal.currency not in ("", currency):
        return None
    return signal.value.number


def _comparison(
    leaf: FieldComparison | SignalComparison,
    fields: Mapping[str, Field],
    signals: Mapping[str, Signal],
    currency: str,
) -> bool | None:
    found: Field
    if isinstance(leaf, FieldComparison):
        found = fields[leaf.name]
        if isinstance(found, tuple):
            return leaf.literal in found
    else:
        found = _value(signals.get(leaf.signal_id), leaf.type, currency)
    return None if found is None else _COMPARE[leaf.operator](found, leaf.literal)


def _value(signal: Signal | None, wanted: FieldType, currency: str) -> Field:
    if signal is None:
        return None
    if wanted is FieldType.NUMBER:
        return number_of(signal, currency)
    if wanted is FieldType.BOOLEAN:
        return bool(signal.value.number) if signal.value.kind is ValueKind.BOOL else None
    return signal.value.exact if signal.value.kind is ValueKind.ENUM else None
