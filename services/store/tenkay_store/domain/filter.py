"""Filters of screens: text in the grammar of AIP-160 -> a syntax tree -> a typed one.

    signals.current_ratio < 1 AND signals.going_concern_doubt = true AND form_type = "10-K"

https://google.aip.dev/160. As there, OR binds tighter than AND: ``a AND b OR c`` is ``a AND (b OR c)``; two comparisons
side by side are joined by AND, more tightly than the word; NOT and ``-`` negate the one that follows. Of AIP-160's
grammar, functions, bare words, wildcards and fields on the right-hand side have no meaning here and are refused.

A comparison with a field that a filing has no value for is neither true nor false, and so is its negation (Kleene's
three values, SQL's too); only filings for which the whole is true meet the filter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar, cast

from lark import (
    Lark,
    Token,
    Transformer,
    UnexpectedCharacters,
    UnexpectedEOF,
    UnexpectedInput,
    UnexpectedToken,
)

from tenkay.errors import Reason, TenkayError, failure

MAX_CHARACTERS = 4096
MAX_TERMS = 100
MAX_NESTING = 50
MAX_CLOSEST = 3

RATINGS = ("STRONG", "SOUND", "MIXED", "WEAK", "CRITICAL", "NOT_RATED")


class Operator(StrEnum):
    """A comparison."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    HAS = ":"


class FieldType(StrEnum):
    """What a field holds, and so what it may be compared with."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "true or false"
    RATING = "rating"
    IDS = "list of ids"


FIELDS: Mapping[str, FieldType] = {
    "accession_number": FieldType.TEXT,
    "cik": FieldType.NUMBER,
    "company_name": FieldType.TEXT,
    "form_type": FieldType.TEXT,
    "filed_date": FieldType.DATE,
    "period_end": FieldType.DATE,
    "sic_code": FieldType.NUMBER,
    "is_amendment": FieldType.BOOLEAN,
    "rating": FieldType.RATING,
    "score": FieldType.NUMBER,
    "flags": FieldType.IDS,
}
SIGNAL_PREFIX = "signals."

SignalTypes = Mapping[str, frozenset[FieldType]]
"""By signal id: NUMBER, BOOLEAN and TEXT (names of an enum) as far as stored. Empty for a signal seen only as gap."""

_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_ORDER = (*_EQUALITY, Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL)
_OPERATORS: Mapping[FieldType, tuple[Operator, ...]] = {
    FieldType.TEXT: _EQUALITY,
    FieldType.NUMBER: _ORDER,
    FieldType.DATE: _ORDER,
    FieldType.BOOLEAN: _EQUALITY,
    FieldType.RATING: _EQUALITY,
    FieldType.IDS: (Operator.HAS,),
}

Literal = str | float | bool | date


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a literal, both as written."""

    name: str
    operator: Operator
    text: str
    quoted: bool
    name_column: int
    text_column: int


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """A field of the filing or of its analysis, compared with a literal of its type."""

    name: str
    operator: Operator
    literal: Literal


@dataclass(frozen=True, slots=True)
class SignalComparison:
    """A signal compared with a literal; `type` is the literal's: NUMBER, BOOLEAN or TEXT."""

    signal_id: str
    type: FieldType
    operator: Operator
    literal: Literal


Leaf = TypeVar("Leaf")


@dataclass(frozen=True, slots=True)
class And(Generic[Leaf]):
    """True when all parts are."""

    parts: tuple[Tree[Leaf], ...]


@dataclass(frozen=True, slots=True)
class Or(Generic[Leaf]):
    """True when one part is."""

    parts: tuple[Tree[Leaf], ...]


@dataclass(frozen=True, slots=True)
class Not(Generic[Leaf]):
    """True when the part is false; not when it is neither."""

    part: Tree[Leaf]


Tree: TypeAlias = And[Leaf] | Or[Leaf] | Not[Leaf] | Leaf
Expression: TypeAlias = Tree[Comparison]
TypedExpression: TypeAlias = Tree[FieldComparison | SignalComparison]


def parse(text: str) -> Expression | None:
    """The syntax tree of `text`; None for a filter that is empty and so takes all.

    FILTER_SYNTAX, with metadata "column" from 1, when it cannot be parsed or is larger than the bounds above.
    """
    if len(text) > MAX_CHARACTERS:
        raise _syntax(
            f"the filter has {len(text):,} characters; {MAX_CHARACTERS:,} are the most", MAX_CHARACTERS + 1
        )
    _check_nesting(text)
    try:
        tree = cast("Expression | None", _PARSER.parse(text))
    except UnexpectedInput as error:
        raise _explain(error, text) from None
    if tree is None:
        return None
    for count, comparison in enumerate(leaves(tree), start=1):
        if count > MAX_TERMS:
            raise _syntax(f"the filter has more than {MAX_TERMS} comparisons", comparison.name_column)
    return tree


def resolve(expression: Expression, signal_types: SignalTypes) -> TypedExpression:
    """The tree with fields and literals typed.

    FILTER_UNKNOWN_FIELD or UNKNOWN_SIGNAL, with metadata "closest" and "column", for a name that is not known;
    FILTER_SYNTAX for a literal or operator that its field does not take.
    """
    if isinstance(expression, And):
        return And(tuple(resolve(part, signal_types) for part in expression.parts))
    if isinstance(expression, Or):
        return Or(tuple(resolve(part, signal_types) for part in expression.parts))
    if isinstance(expression, Not):
        return Not(resolve(expression.part, signal_types))
    if expression.name.startswith(SIGNAL_PREFIX):
        return _typed_signal(expression, signal_types)
    return _typed_field(expression)


def leaves(expression: Tree[Leaf]) -> Iterator[Leaf]:
    """The comparisons of an expression, in its order."""
    if isinstance(expression, And | Or):
        for part in expression.parts:
            yield from leaves(part)
    elif isinstance(expression, Not):
        yield from leaves(expression.part)
    else:
        yield expression


def signal_ids(expression: TypedExpression | None) -> tuple[str, ...]:
    """The signals an expression names, each once, in its order."""
    if expression is None:
        return ()
    return tuple(
        dict.fromkeys(each.signal_id for each in leaves(expression) if isinstance(each, SignalComparison))
    )


def signal_comparisons(expression: Expression) -> Iterator[tuple[str, int]]:
    """The signals that a tree compares, each with the column, from 1, of its name."""
    for each in leaves(expression):
        if each.name.startswith(SIGNAL_PREFIX):
            yield each.name.removeprefix(SIGNAL_PREFIX), each.name_column


def unknown_signal(
    signal_id: str, known: Collection[str], *, field: str, column: int | None = None
) -> TenkayError:
    """UNKNOWN_SIGNAL for an id that is not among `known`, with the closest ones."""
    closest = _closest(signal_id, known)
    hint = f"; did you mean {' or '.join(closest)}?" if closest else ""
    metadata = {"closest": ",".join(closest)}
    if column is not None:
        metadata["column"] = str(column)
    return failure(
        Reason.UNKNOWN_SIGNAL,
        f"no signal {signal_id[:100]!r} is stored{hint}",
        field=field,
        metadata=metadata,
    )


_GRAMMAR = r"""
start: [expression]
expression: sequence (_AND sequence)*
sequence: factor+
factor: term (_OR term)*
?term: simple | (_NOT | _MINUS) simple -> negation
?simple: WORD OPERATOR argument -> comparison | "(" expression ")"
argument: WORD -> bare | STRING -> quoted

OPERATOR: "<=" | ">=" | "!=" | "=" | "<" | ">" | ":"
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
WORD: /[^\s()"'=<>!:,]+/
_AND.2: /AND(?![^\s()"'])/
_OR.2: /OR(?![^\s()"'])/
_NOT.2: /NOT(?![^\s()"'])/
_MINUS.2: "-"
%ignore /\s+/
"""


class _Builder(Transformer[Token, "Expression | None"]):
    """Builds the tree while parsing, so that depth costs no recursion."""

    def start(self, children: list[Expression | None]) -> Expression | None:
        return children[0]

    def expression(self, children: list[Expression]) -> Expression:
        return children[0] if len(children) == 1 else And(tuple(children))

    sequence = expression

    def factor(self, children: list[Expression]) -> Expression:
        return children[0] if len(children) == 1 else Or(tuple(children))

    def negation(self, children: list[Expression]) -> Expression:
        return Not(children[-1])

    def comparison(self, children: list[Token | tuple[str, bool, int]]) -> Expression:
        name, operator, argument = children
        assert isinstance(name, Token)  # noqa: S101 - by the grammar
        assert isinstance(argument, tuple)  # noqa: S101 - by the grammar
        text, quoted, column = argument
        return Comparison(str(name), Operator(str(operator)), text, quoted, _column(name), column)

    def bare(self, children: list[Token]) -> tuple[str, bool, int]:
        return str(children[0]), False, _column(children[0])

    def quoted(self, children: list[Token]) -> tuple[str, bool, int]:
        token = children[0]
        return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL), True, _column(token)


_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="contextual", transformer=_Builder(), maybe_placeholders=True)


def _check_nesting(text: str) -> None:
    depth = 0
    for match in re.finditer(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|[()]', text, re.DOTALL):
        if match[0] == "(":
            depth += 1
            if depth > MAX_NESTING:
                raise _syntax(f"parentheses are nested more than {MAX_NESTING} deep", match.start() + 1)
        elif match[0] == ")":
            depth -= 1


def _typed_field(comparison: Comparison) -> FieldComparison:
    name = comparison.name
    field_type = FIELDS.get(name)
    if field_type is None:
        closest = _closest(name, FIELDS)
        hint = f"; closest: {', '.join(closest)}" if closest else f"; fields are {', '.join(FIELDS)}"
        raise failure(
            Reason.FILTER_UNKNOWN_FIELD,
            f"there is no field {name[:100]!r}{hint}. A signal is written {SIGNAL_PREFIX}<id>",
            field="filter",
            metadata={"closest": ",".join(closest), "column": str(comparison.name_column)},
        )
    _check_operator(comparison, field_type)
    return FieldComparison(name, comparison.operator, _literal(comparison, field_type))


def _typed_signal(comparison: Comparison, signal_types: SignalTypes) -> SignalComparison:
    signal_id = comparison.name.removeprefix(SIGNAL_PREFIX)
    types = signal_types.get(signal_id)
    if types is None:
        raise unknown_signal(signal_id, signal_types, field="filter", column=comparison.name_column)
    if comparison.quoted:
        written = FieldType.TEXT
    elif comparison.text in _BOOLEANS:
        written = FieldType.BOOLEAN
    elif _NUMBER.fullmatch(comparison.text):
        written = FieldType.NUMBER
    else:
        written = FieldType.TEXT
    if types and written not in types:
        raise _wrong_literal(comparison, next(iter(sorted(types))))
    _check_operator(comparison, written)
    return SignalComparison(signal_id, written, comparison.operator, _literal(comparison, written))


def _check_operator(comparison: Comparison, field_type: FieldType) -> None:
    allowed = _OPERATORS[field_type]
    if comparison.operator not in allowed:
        raise _syntax(
            f"{comparison.name} ({field_type}) is compared with {' '.join(allowed)}, "
            f"not with {comparison.operator}",
            comparison.name_column,
        )


_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def _literal(comparison: Comparison, field_type: FieldType) -> Literal:
    text = comparison.text
    if field_type is FieldType.NUMBER and not comparison.quoted and _NUMBER.fullmatch(text):
        return float(text)
    if field_type is FieldType.BOOLEAN and not comparison.quoted and text in _BOOLEANS:
        return _BOOLEANS[text]
    if field_type is FieldType.DATE and _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise _wrong_literal(comparison, field_type) from None
    if field_type in (FieldType.TEXT, FieldType.IDS) or (field_type is FieldType.RATING and text in RATINGS):
        return text
    raise _wrong_literal(comparison, field_type)


_EXPECTED = {
    FieldType.NUMBER: "a number, without quotes",
    FieldType.BOOLEAN: "true or false, without quotes",
    FieldType.DATE: 'a date, as in "2024-01-31"',
    FieldType.RATING: "one of " + ", ".join(RATINGS),
    FieldType.TEXT: "a name in quotes",
}


def _wrong_literal(comparison: Comparison, field_type: FieldType) -> TenkayError:
    return _syntax(
        f"{comparison.name} is compared with {_EXPECTED[field_type]}; {comparison.text[:100]!r} is none",
        comparison.text_column,
    )


def _closest(name: str, known: Collection[str]) -> list[str]:
    return get_close_matches(name[:100], known, n=MAX_CLOSEST)


_IN_WORDS = {
    "OPERATOR": "a comparison (= != < <= > >= or :)",
    "WORD": "a field or value",
    "STRING": "a quoted value",
    "LPAR": "(",
    "RPAR": ")",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
}


def _explain(error: UnexpectedInput, text: str) -> TenkayError:
    if isinstance(error, UnexpectedCharacters):
        position = error.pos_in_stream or 0
        if text[position] in "\"'":
            return _syntax("the quotation mark has no partner", position + 1)
        return _syntax(f"{text[position]!r} is not expected here", position + 1)
    expected: set[str] = set()
    position, found = len(text), "the end"
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
        if error.token.type != "$END":
            position, found = error.token.start_pos or 0, repr(str(error.token))
    elif isinstance(error, UnexpectedEOF):
        expected = set(error.expected)
    words = [word for name, word in _IN_WORDS.items() if name in expected]
    wanted = f"; expected {', '.join(words)}" if words else ""
    return _syntax(f"{found} is not expected here{wanted}", position + 1)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _syntax(problem: str, column: int) -> TenkayError:
    return failure(
        Reason.FILTER_SYNTAX,
        f"filter, column {column}: {problem}",
        field="filter",
        metadata={"column": str(column)},
    )
