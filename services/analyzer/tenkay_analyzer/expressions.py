"""The language of the rules' conditions: comparisons of signals joined by `and`, `or`, `not`.

    negative_equity and operating_cash_flow < 0

A condition over a signal that the filing has no value for is neither true nor false but unknown, by Kleene's
three-valued logic: `unknown and false` is false, `unknown or true` is true, everything else with an unknown part is
unknown. Nothing else of Python is let in: no calls, no attributes, no arithmetic.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Value = Decimal | float | int | bool | str
"""What a signal's value may be."""

MAX_CHARACTERS = 500
MAX_TERMS = 50


class Kind(StrEnum):
    """What values a name has."""

    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"


class ExpressionError(ValueError):
    """The text is not a condition of this language, or compares what cannot be compared."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition."""

    text: str
    names: tuple[str, ...]
    """The names it reads, in the order they stand in it."""
    _holds: Callable[[Mapping[str, Value]], bool | None]

    def holds(self, values: Mapping[str, Value]) -> bool | None:
        """True, False, or None when a missing value leaves it open."""
        return self._holds(values)


def parse(text: str, kinds: Mapping[str, Kind]) -> Condition:
    """The condition `text` over the names of `kinds`; ExpressionError says what is wrong with it."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"a condition has {MAX_CHARACTERS} characters at most")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text!r} is not a condition") from error
    nodes = list(ast.walk(tree))
    if sum(isinstance(node, ast.Compare | ast.Name) for node in nodes) > MAX_TERMS:
        raise ExpressionError(f"a condition has {MAX_TERMS} terms at most")
    builder = _Builder(kinds)
    holds = builder.condition(tree)
    return Condition(text.strip(), tuple(dict.fromkeys(builder.names)), holds)


_Holds = Callable[[Mapping[str, Value]], bool | None]
_Operand = Callable[[Mapping[str, Value]], Value | None]

_ORDERINGS: Mapping[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_EQUALITIES: Mapping[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class _Builder:
    """Turns a syntax tree into nested functions, checking names and kinds on the way."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self.names: list[str] = []

    def condition(self, node: ast.expr) -> _Holds:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return _conjunction([self.condition(part) for part in parts])
            case ast.BoolOp(op=ast.Or(), values=parts):
                return _disjunction([self.condition(part) for part in parts])
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return _negation(self.condition(inner))
            case ast.Compare(left=left, ops=[comparison], comparators=[right]):
                return self._comparison(left, comparison, right)
            case ast.Name(id=name):
                if self._kind(name) is not Kind.FLAG:
                    raise ExpressionError(f"{name} is not a flag: compare it with something")
                return _flag(name)
        raise ExpressionError(f"{ast.unparse(node)!r} is not allowed in a condition")

    def _comparison(self, left: ast.expr, comparison: ast.cmpop, right: ast.expr) -> _Holds:
        (first, first_kind), (second, second_kind) = self._operand(left), self._operand(right)
        compare = _EQUALITIES.get(type(comparison)) or _ORDERINGS.get(type(comparison))
        if compare is None:
            raise ExpressionError("compare with <, <=, >, >=, == or !=")
        if first_kind is not second_kind:
            raise ExpressionError(f"a {first_kind} cannot be compared with a {second_kind}")
        if first_kind is not Kind.NUMBER and type(comparison) in _ORDERINGS:
            raise ExpressionError(f"a {first_kind} has no order: compare with == or !=")

        def holds(values: Mapping[str, Value]) -> bool | None:
            a, b = first(values), second(values)
            return None if a is None or b is None else compare(_exact(a), _exact(b))

        return holds

    def _operand(self, node: ast.expr) -> tuple[_Operand, Kind]:
        match node:
            case ast.Name(id=name):
                return (lambda values: values.get(name)), self._kind(name)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)) if not (
                isinstance(number, bool)
            ):
                return _constant(-number), Kind.NUMBER
            case ast.Constant(value=bool() as flag):
                return _constant(flag), Kind.FLAG
            case ast.Constant(value=int() | float() as number):
                return _constant(number), Kind.NUMBER
            case ast.Constant(value=str() as words):
                return _constant(words), Kind.TEXT
        raise ExpressionError(f"{ast.unparse(node)!r} cannot be compared")

    def _kind(self, name: str) -> Kind:
        if name not in self._kinds:
            raise ExpressionError(f"{name} is not one of the rules' inputs")
        self.names.append(name)
        return self._kinds[name]


def _exact(value: Value) -> Value:
    # A double by way of its text: 0.1 is then a tenth, on both sides, and not the binary fraction next to it.
    return Decimal(repr(value)) if isinstance(value, float) else value


def _constant(value: Value) -> _Operand:
    return lambda _values: value


def _flag(name: str) -> _Holds:
    def holds(values: Mapping[str, Value]) -> bool | None:
        value = values.get(name)
        return None if value is None else value is True

    return holds


def _conjunction(parts: list[_Holds]) -> _Holds:
    def holds(values: Mapping[str, Value]) -> bool | None:
        results = [part(values) for part in parts]
        return False if False in results else None if None in results else True

    return holds


def _disjunction(parts: list[_Holds]) -> _Holds:
    def holds(values: Mapping[str, Value]) -> bool | None:
        results = [part(values) for part in parts]
        return True if True in results else None if None in results else False

    return holds


def _negation(part: _Holds) -> _Holds:
    def holds(values: Mapping[str, Value]) -> bool | None:
        result = part(values)
        return None if result is None else not result

    return holds
