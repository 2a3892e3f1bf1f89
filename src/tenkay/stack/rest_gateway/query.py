"""The query string of a request: `select`, filters, `order`, `limit`, `offset`, `columns`, `on_conflict`.

The grammar is PostgREST's, less embedding, casts, aliases, JSON paths and logical trees, which are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tenkay.stack.rest_gateway.errors import (
    cannot_parse,
    invalid_range,
    not_embedded,
    not_implemented,
)

OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
}
"""Operators that take one value, and their SQL."""

_IS_VALUES = {"null": "null", "not_null": "not null", "true": "true", "false": "false", "unknown": "unknown"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$ -]+")
_LOGIC = {"and", "or", "not.and", "not.or"}


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column."""

    column: str
    operator: str
    """A key of OPERATORS, "in" or "is"."""
    values: tuple[str, ...]
    """The value; any number of them for "in"; for "is" the SQL after the word."""
    negated: bool


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """A column to sort by."""

    column: str
    descending: bool
    nulls_first: bool | None
    """None: as Postgres does, last when ascending."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query string."""

    select: tuple[str, ...] = ()
    """Columns asked for. Empty: all."""
    filters: tuple[Filter, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = None
    offset: int = 0
    columns: tuple[str, ...] | None = None
    """Keys of the body to take. None: all."""
    on_conflict: tuple[str, ...] = ()
    """Columns of the unique constraint to merge on. Empty: the primary key."""


def parse_query(raw: bytes) -> Query:
    """Parses a query string.

    Raises:
        ApiError: PGRST100 where the grammar does not fit, PGRST127 for parts of it that are not implemented.
    """
    select: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] = ()
    filters: list[Filter] = []
    order: list[OrderTerm] = []
    limit: int | None = None
    offset = 0
    for key, value in _pairs(raw):
        match key:
            case "select":
                select = _parse_select(value)
            case "order":
                order += [_parse_order_term(term, value) for term in _split(value, key)]
            case "limit":
                limit = _parse_count(key, value)
            case "offset":
                offset = _parse_count(key, value)
            case "columns":
                columns = tuple(_parse_name(name, key, value) for name in _split(value, key))
            case "on_conflict":
                on_conflict = tuple(_parse_name(name, key, value) for name in _split(value, key))
            case _ if key in _LOGIC:
                raise not_implemented(f"Logical trees ({key}) are not supported by this server.")
            case _:
                filters.append(_parse_filter(key, value))
    return Query(select, tuple(filters), tuple(order), limit, offset, columns, on_conflict)


def parse_range_header(value: str) -> tuple[int, int | None]:
    """Offset and limit of a Range header counted in items: "0-9", "10-".

    Raises:
        ApiError: PGRST103 when the lower end is above the upper one.
    """
    matched = re.fullmatch(r"(\d+)-(\d*)", value.strip())
    if matched is None:
        return 0, None
    lower = int(matched[1])
    if not matched[2]:
        return lower, None
    upper = int(matched[2])
    if lower > upper:
        raise invalid_range(
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        )
    return lower, upper - lower + 1


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in raw.split(b"&"):
        if not part:
            continue
        try:
            key, _, value = (
                unquote_to_bytes(piece.replace(b"+", b" ")).decode() for piece in part.partition(b"=")
            )
        except UnicodeDecodeError:
            raise cannot_parse("query", part.decode("ascii", "replace"), "not UTF-8") from None
        if "\0" in key or "\0" in value:
            raise cannot_parse("query", key.replace("\0", "\\0"), "unexpected null character")
        pairs.append((key, value))
    return pairs


def _parse_select(value: str) -> tuple[str, ...]:
    names = [name.strip() for name in _split(value, "select")] if value.strip() else []
    if names in ([], ["*"]):
        return ()
    for name in names:
        if not name.startswith('"') and any(mark in name for mark in ("(", ":", "->", "!", "..")):
            raise not_implemented(f"'{name}': only plain columns can be selected on this server.")
    return tuple(_parse_name(name, "select", value) for name in names)


def _parse_order_term(term: str, value: str) -> OrderTerm:
    name, *modifiers = _split(term.strip(), "order", separator=".")
    allowed = [{"asc", "desc"}, {"nullsfirst", "nullslast"}]
    seen: list[str] = []
    for modifier in modifiers:
        while allowed and modifier not in allowed[0]:
            allowed.pop(0)
        if not allowed:
            raise cannot_parse("order", value, f'unexpected "{modifier}"')
        allowed.pop(0)
        seen.append(modifier)
    nulls = "nullsfirst" in seen if {"nullsfirst", "nullslast"} & set(seen) else None
    return OrderTerm(_parse_name(name, "order", value), "desc" in seen, nulls)


def _parse_count(key: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise cannot_parse(key, value, "expecting a whole number")
    if value.startswith("-"):
        raise invalid_range(f"{key.capitalize()} should be greater than or equal to zero.")
    return int(value)


def _parse_filter(key: str, value: str) -> Filter:
    if not key.startswith('"') and "." in key:
        raise not_embedded(key.partition(".")[0])
    if "->" in key:
        raise not_implemented(f"'{key}': only plain columns can be filtered on this server.")
    column = _parse_name(key, "filter", key)
    rest = value
    negated = rest.startswith("not.")
    if negated:
        rest = rest.removeprefix("not.")
    operator, dot, operand = rest.partition(".")
    if not dot:
        raise cannot_parse("filter", value, 'expecting "not" or operator (eq, gt, ...)')
    if operator in OPERATORS:
        if operator in ("like", "ilike"):
            operand = operand.replace("*", "%")
        return Filter(column, operator, (operand,), negated)
    if operator == "in":
        return Filter(column, "in", _parse_list(operand, value), negated)
    if operator == "is":
        if operand.lower() not in _IS_VALUES:
            raise cannot_parse("filter", value, "expecting null, not_null, true, false or unknown")
        return Filter(column, "is", (_IS_VALUES[operand.lower()],), negated)
    if re.fullmatch(
        r"(match|imatch|isdistinct|(pl|ph|w)?fts|cs|cd|ov|sl|sr|nxr|nxl|adj|eq|gt|gte|lt|lte|i?like)"
        r"(\(\w*\))?",
        operator,
    ):
        raise not_implemented(f"The operator '{operator}' is not supported by this server.")
    raise cannot_parse("filter", value, f'unexpected "{operator}", expecting operator (eq, gt, ...)')


def _parse_list(operand: str, value: str) -> tuple[str, ...]:
    if not (operand.startswith("(") and operand.endswith(")")):
        raise cannot_parse("filter", value, 'expecting "(" and ")" around the list')
    inside = operand[1:-1]
    if not inside:
        return ()
    return tuple(
        _unquote(item, "filter", value) if item.startswith('"') else item for item in _split(inside, "filter")
    )


def _parse_name(name: str, parameter: str, value: str) -> str:
    name = name.strip()
    if name.startswith('"'):
        return _unquote(name, parameter, value)
    if not _PLAIN_NAME.fullmatch(name):
        raise cannot_parse(parameter, value, f'unexpected "{name}", expecting field name')
    return name


def _split(text: str, parameter: str, *, separator: str = ",") -> Sequence[str]:
    """The parts between separators that stand outside double quotes."""
    parts, start, position, quoted = [], 0, 0, False
    while position < len(text):
        character = text[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"' and (quoted or position == start or text[start:position].isspace()):
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    if quoted:
        raise cannot_parse(parameter, text, 'unexpected end of input, expecting "\\""')
    return [*parts, text[start:]]


def _unquote(text: str, parameter: str, value: str) -> str:
    matched = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text, re.DOTALL)
    if matched is None:
        raise cannot_parse(parameter, value, f"unexpected text after the closing quote in {text}")
    return re.sub(r"\\(.)", r"\1", matched[1], flags=re.DOTALL)
