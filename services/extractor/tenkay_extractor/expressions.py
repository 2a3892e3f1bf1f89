"""The language that catalog rows are written in: arithmetic over a filing's concepts, compiled once.

    (revenue - prior(revenue)) / abs(prior(revenue))
    flag(0 <= net_income / openb(assets) < 0.005)

Names are concepts. `prior(x)` is the concept a year earlier, `openb(x)` the balance at the start of the flow period,
`avg(x)` the mean of balance and opening balance, `delta(x)` their difference; `opt(x)`, `optp(x)` and `delta0(x)` are
x, prior(x) and delta(x) with 0 for what is not reported; `opt2(a, b, …)` adds those that are reported; `ann(e)`
makes a flow of a 10-Q a yearly rate; `days()` is the length of the flow period; `prior_openb(x)` is the balance at the
start of the flow period of a year earlier; `price_index()` is the price level of the year before, 1968 = 100;
`flag(c)` is 1 or 0; `min`, `max`, `abs`, `ln`; `+ - * /`, comparisons that chain, `and`, `or`, `not`.

Values are Decimal with 50 digits: sums, differences and products of reported values are exact, so a value leaves
exact arithmetic only at `/` (also in `ann`) and `ln`, which round the 50th digit half-even. `Outcome.exact` says
whether it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Protocol

ARITHMETIC = Context(prec=50, traps=[InvalidOperation, DivisionByZero, Overflow])
MAXIMUM_LENGTH = 2_000
MAXIMUM_DEPTH = 60


class ExpressionError(ValueError):
    """The text is no expression of the language. `column` counts from 1."""

    def __init__(self, message: str, expression: str, column: int) -> None:
        super().__init__(f"{message} at column {column} of {expression!r}")
        self.column = column


class ZeroDenominatorError(ArithmeticError):
    """The expression divides by zero."""


class UndefinedResultError(ArithmeticError):
    """The expression is not defined for these values, as the logarithm of zero."""


class Operands(Protocol):
    """Where an expression's values come from. Each method raises an error of its own for a value that is missing."""

    def current(self, concept: str) -> Decimal:
        """The concept in the reporting period, or at its end."""
        ...

    def prior(self, concept: str) -> Decimal:
        """The concept a year earlier."""
        ...

    def opening(self, concept: str) -> Decimal:
        """The balance at the start of the flow period."""
        ...

    def prior_opening(self, concept: str) -> Decimal:
        """The balance at the start of the comparable flow of a year earlier."""
        ...

    def price_index(self) -> Decimal:
        """Prices of the year before the reporting period's end, those of 1968 being 100."""
        ...

    def or_zero(self, value: Callable[[], Decimal], concept: str) -> Decimal:
        """The value, or zero when it is missing for the reason that it is not reported."""
        ...

    def sum_of_reported(self, concepts: tuple[str, ...]) -> Decimal:
        """The sum of those that are reported; an error when none is."""
        ...

    def days(self) -> int:
        """Length of the flow period in days."""
        ...

    def days_to_annualise(self) -> int | None:
        """Length of the flow period where it is shorter than the form's year; None in annual forms."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """A number or a truth value, and whether every step to it was exact."""

    value: Decimal | bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression."""

    source: str
    concepts: frozenset[str]
    """The concepts it names."""
    is_condition: bool
    """True when it gives a truth value, not a number."""
    _evaluate: Callable[[Operands, Context], Decimal | bool]

    def evaluate(self, operands: Operands) -> Outcome:
        """Computes the expression.

        Raises ZeroDenominatorError, UndefinedResultError, and whatever the operands raise for a missing value.
        """
        context = ARITHMETIC.copy()
        context.clear_flags()
        try:
            value = self._evaluate(operands, context)
        except DivisionByZero as error:
            raise ZeroDenominatorError(f"{self.source} divides by zero") from error
        except InvalidOperation as error:
            if context.flags[DivisionByZero] or _is_division_of_zeros(error):
                raise ZeroDenominatorError(f"{self.source} divides zero by zero") from error
            raise UndefinedResultError(f"{self.source} is not defined for these values") from error
        except Overflow as error:
            raise UndefinedResultError(f"{self.source} is too large") from error
        return Outcome(value, not context.flags[Inexact])


def compile_expression(source: str, concepts: Iterable[str]) -> Expression:
    """Compiles one expression over these concepts. Raises ExpressionError."""
    if len(source) > MAXIMUM_LENGTH:
        raise ExpressionError(f"more than {MAXIMUM_LENGTH} characters", source[:40], MAXIMUM_LENGTH)
    parser = _Parser(source, frozenset(concepts))
    node = parser.parse()
    return Expression(source, frozenset(parser.used), node.is_condition, node.evaluate)


def _is_division_of_zeros(error: InvalidOperation) -> bool:
    return any("DivisionUndefined" in str(argument) for argument in error.args)


_Evaluate = Callable[[Operands, Context], Decimal | bool]
_Number = Callable[[Operands, Context], Decimal]


@dataclass(frozen=True, slots=True)
class _Node:
    evaluate: _Evaluate
    is_condition: bool
    name: str | None = None
    """The concept, when the node is nothing but one."""
    column: int = 1


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<operator><=|>=|==|!=|[-+*/()<>,]))"
)
_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
_WORDS = frozenset({"and", "or", "not"})


class _Parser:
    """Recursive descent, loosest first: or, and, not, comparison, sum, product, sign, atom."""

    def __init__(self, source: str, concepts: frozenset[str]) -> None:
        self._source = source
        self._concepts = concepts
        self._tokens = list(self._tokenise())
        self._at = 0
        self._depth = 0
        self.used: set[str] = set()

    def parse(self) -> _Node:
        node = self._or()
        kind, text, column = self._peek()
        if kind != "end":
            raise self._error(f"{text!r} is not expected", column)
        return node

    def _tokenise(self) -> Iterable[tuple[str, str, int]]:
        position = 0
        end = len(self._source.rstrip())
        while position < end:
            match = _TOKEN.match(self._source, position)
            if match is None or match.lastgroup is None:
                column = position + len(self._source[position:]) - len(self._source[position:].lstrip()) + 1
                raise self._error(f"{self._source[column - 1]!r} is not part of the language", column)
            yield match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup) + 1
            position = match.end()
        yield "end", "", end + 1

    def _or(self) -> _Node:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self._error(f"nested deeper than {MAXIMUM_DEPTH}", self._peek()[2])
        node = self._and()
        while self._accept("or"):
            node = self._joined(node, self._and(), any_of=True)
        self._depth -= 1
        return node

    def _and(self) -> _Node:
        node = self._not()
        while self._accept("and"):
            node = self._joined(node, self._not(), any_of=False)
        return node

    def _joined(self, left: _Node, right: _Node, *, any_of: bool) -> _Node:
        first, second = self._condition(left), self._condition(right)
        if any_of:
            return _Node(lambda o, c: first(o, c) or second(o, c), is_condition=True, column=left.column)
        return _Node(lambda o, c: first(o, c) and second(o, c), is_condition=True, column=left.column)

    def _not(self) -> _Node:
        column = self._peek()[2]
        negations = 0
        while self._accept("not"):
            negations += 1
        node = self._comparison()
        if not negations:
            return node
        inner = self._condition(node)
        if negations % 2 == 0:
            return node
        return _Node(lambda o, c: not inner(o, c), is_condition=True, column=column)

    def _comparison(self) -> _Node:
        node = self._sum()
        steps: list[tuple[Callable[[Decimal, Decimal], bool], _Number]] = []
        while self._peek()[1] in _COMPARISONS:
            compare = _COMPARISONS[self._next()[1]]
            steps.append((compare, self._number(self._sum())))
        if not steps:
            return node
        first = self._number(node)

        def holds(operands: Operands, context: Context) -> bool:
            left = first(operands, context)
            for compare, value in steps:
                right = value(operands, context)
                if not compare(left, right):
                    return False
                left = right
            return True

        return _Node(holds, is_condition=True, column=node.column)

    def _sum(self) -> _Node:
        node = self._product()
        while self._peek()[1] in ("+", "-"):
            minus = self._next()[1] == "-"
            left, right = self._number(node), self._number(self._product())
            node = _Node(
                _difference(left, right) if minus else _total(left, right), False, column=node.column
            )
        return node

    def _product(self) -> _Node:
        node = self._signed()
        while self._peek()[1] in ("*", "/"):
            divides = self._next()[1] == "/"
            left, right = self._number(node), self._number(self._signed())
            node = _Node(
                _quotient(left, right) if divides else _times(left, right), False, column=node.column
            )
        return node

    def _signed(self) -> _Node:
        column = self._peek()[2]
        minus = False
        while self._peek()[1] in ("+", "-"):
            minus ^= self._next()[1] == "-"
        node = self._atom()
        if not minus:
            return node
        value = self._number(node)
        return _Node(lambda o, c: c.minus(value(o, c)), False, column=column)

    def _atom(self) -> _Node:
        kind, text, column = self._next()
        if kind == "number":
            constant = Decimal(text)
            return _Node(lambda _o, _c: constant, False, column=column)
        if text == "(":
            node = self._or()
            self._expect(")")
            return _Node(node.evaluate, node.is_condition, column=column)
        if kind == "name" and text not in _WORDS:
            if self._peek()[1] == "(":
                return self._call(text, column)
            if text not in self._concepts:
                raise self._error(f"{text!r} is no concept", column)
            self.used.add(text)
            return _Node(lambda o, _c: o.current(text), False, name=text, column=column)
        raise self._error(
            "the expression ends too early" if kind == "end" else f"{text!r} is not expected", column
        )

    def _call(self, function: str, column: int) -> _Node:
        self._expect("(")
        arguments: list[_Node] = []
        if not self._accept(")"):
            arguments.append(self._or())
            while self._accept(","):
                arguments.append(self._or())
            self._expect(")")
        make = _FUNCTIONS.get(function)
        if make is None:
            raise self._error(f"{function!r} is no function", column)
        least, most, build = make
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} or more"
            raise self._error(f"{function} takes {wanted} arguments, not {len(arguments)}", column)
        return build(self, arguments, column)

    # What the functions need of their arguments

    def concept(self, node: _Node) -> str:
        if node.name is None:
            raise self._error("a concept's name is wanted here", node.column)
        return node.name

    def _number(self, node: _Node) -> _Number:
        if node.is_condition:
            raise self._error("a number is wanted here, not a condition: use flag()", node.column)
        return node.evaluate  # type: ignore[return-value]

    number = _number

    def _condition(self, node: _Node) -> Callable[[Operands, Context], bool]:
        if not node.is_condition:
            raise self._error("a condition is wanted here, not a number", node.column)
        return node.evaluate  # type: ignore[return-value]

    condition = _condition

    # Tokens

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str, int]:
        token = self._tokens[self._at]
        if token[0] != "end":
            self._at += 1
        return token

    def _accept(self, text: str) -> bool:
        if self._peek()[1] != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        _, found, column = self._peek()
        if not self._accept(text):
            raise self._error(
                f"{text!r} is wanted, not {found!r}" if found else f"{text!r} is missing", column
            )

    def _error(self, message: str, column: int) -> ExpressionError:
        return ExpressionError(message, self._source, column)


def _total(left: _Number, right: _Number) -> _Number:
    return lambda o, c: c.add(left(o, c), right(o, c))


def _difference(left: _Number, right: _Number) -> _Number:
    return lambda o, c: c.subtract(left(o, c), right(o, c))


def _times(left: _Number, right: _Number) -> _Number:
    return lambda o, c: c.multiply(left(o, c), right(o, c))


def _quotient(left: _Number, right: _Number) -> _Number:
    return lambda o, c: c.divide(left(o, c), right(o, c))


def _prior(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, _c: o.prior(name), False, column=column)


def _opening(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, _c: o.opening(name), False, column=column)


def _prior_opening(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, _c: o.prior_opening(name), False, column=column)


def _price_index(_parser: _Parser, _arguments: list[_Node], column: int) -> _Node:
    return _Node(lambda o, _c: o.price_index(), False, column=column)


def _mean(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    two = Decimal(2)
    return _Node(lambda o, c: c.divide(c.add(o.current(name), o.opening(name)), two), False, column=column)


def _change(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, c: c.subtract(o.current(name), o.opening(name)), False, column=column)


def _change_or_zero(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(
        lambda o, c: o.or_zero(lambda: c.subtract(o.current(name), o.opening(name)), name),
        False,
        column=column,
    )


def _or_zero(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, _c: o.or_zero(lambda: o.current(name), name), False, column=column)


def _prior_or_zero(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    name = parser.concept(arguments[0])
    return _Node(lambda o, _c: o.or_zero(lambda: o.prior(name), name), False, column=column)


def _sum_of_reported(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    names = tuple(parser.concept(argument) for argument in arguments)
    return _Node(lambda o, _c: o.sum_of_reported(names), False, column=column)


def _annualised(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    value = parser.number(arguments[0])
    year = Decimal(365)

    def yearly(operands: Operands, context: Context) -> Decimal:
        flow = value(operands, context)
        days = operands.days_to_annualise()
        return flow if days is None else context.divide(context.multiply(flow, year), Decimal(days))

    return _Node(yearly, False, column=column)


def _days(_parser: _Parser, _arguments: list[_Node], column: int) -> _Node:
    return _Node(lambda o, _c: Decimal(o.days()), False, column=column)


def _flag(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    holds = parser.condition(arguments[0])
    return _Node(lambda o, c: Decimal(1 if holds(o, c) else 0), False, column=column)


def _least(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    values = [parser.number(argument) for argument in arguments]
    return _Node(lambda o, c: min(value(o, c) for value in values), False, column=column)


def _greatest(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    values = [parser.number(argument) for argument in arguments]
    return _Node(lambda o, c: max(value(o, c) for value in values), False, column=column)


def _absolute(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    value = parser.number(arguments[0])
    return _Node(lambda o, c: c.abs(value(o, c)), False, column=column)


def _logarithm(parser: _Parser, arguments: list[_Node], column: int) -> _Node:
    value = parser.number(arguments[0])

    def natural(operands: Operands, context: Context) -> Decimal:
        of = value(operands, context)
        if of <= 0:
            raise UndefinedResultError("the logarithm of a number that is not positive is not defined")
        return of.ln(context)

    return _Node(natural, False, column=column)


_Build = Callable[[_Parser, list[_Node], int], _Node]
_FUNCTIONS: Mapping[str, tuple[int, int, _Build]] = {
    "prior": (1, 1, _prior),
    "openb": (1, 1, _opening),
    "prior_openb": (1, 1, _prior_opening),
    "price_index": (0, 0, _price_index),
    "avg": (1, 1, _mean),
    "delta": (1, 1, _change),
    "delta0": (1, 1, _change_or_zero),
    "opt": (1, 1, _or_zero),
    "optp": (1, 1, _prior_or_zero),
    "opt2": (2, 9, _sum_of_reported),
    "ann": (1, 1, _annualised),
    "days": (0, 0, _days),
    "flag": (1, 1, _flag),
    "min": (2, 9, _least),
    "max": (2, 9, _greatest),
    "abs": (1, 1, _absolute),
    "ln": (1, 1, _logarithm),
}
