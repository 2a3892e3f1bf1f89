"""Turns parsed requests into SQL. Values are always parameters; names are always the catalog's own, quoted.

Each statement answers one row: `body`, the JSON text of the answer; `rows`, how many rows it stands for; and for reads
that count, `total`, how many rows the filters let through.
"""

# ruff: noqa: S608 - building SQL is this module's task: names come quoted from the catalog, values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tenkay.stack.rest_gateway.catalog import SCHEMA, Column, Function, ReturnKind, Table
from tenkay.stack.rest_gateway.errors import (
    invalid_body,
    needs_filter,
    not_implemented,
    unknown_column,
    unknown_column_of_body,
)
from tenkay.stack.rest_gateway.query import OPERATORS, Filter, OrderTerm, Query


@dataclass(slots=True)
class Statement:
    """SQL with its parameters, all of them text."""

    sql: str = ""
    parameters: list[str | list[str]] = field(default_factory=list)

    def bind(self, value: str | list[str]) -> str:
        """Adds a parameter; answers its place in the SQL."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"


class Resolution(Enum):
    """What an insert does with a row that is already there."""

    MERGE = "merge-duplicates"
    IGNORE = "ignore-duplicates"


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON of a request that writes rows."""

    text: str
    """As it came."""
    is_array: bool
    """False for a single object."""
    keys: tuple[str, ...]
    """The keys of the object, or of all objects."""
    length: int
    """Number of rows."""


def read(table: Table, query: Query, *, limit: int | None, offset: int, count: bool) -> Statement:
    """Rows of a table."""
    statement = Statement()
    where = _where(statement, table, query.filters)
    source = _qualified(table.name)
    window = "".join(
        (
            _order_by(table, query.order),
            f" limit {int(limit)}" if limit is not None else "",
            f" offset {int(offset)}" if offset else "",
        )
    )
    total = f"(select count(*) from {source}{where})" if count else "null::bigint"
    statement.sql = (
        f"select coalesce(json_agg(t), '[]')::text as body, count(*) as rows, {total} as total "
        f"from (select {_column_list(table, query.select)} from {source}{where}{window}) t"
    )
    return statement


def insert(
    table: Table,
    query: Query,
    body: Body,
    *,
    resolution: Resolution | None,
    missing_is_default: bool,
    representation: bool,
) -> Statement:
    """Writes the body's rows; merged into, or left out where they collide with, rows already there."""
    statement = Statement()
    columns = _body_columns(table, query, body)
    target = f"insert into {_qualified(table.name)}"
    if columns:
        names = ", ".join(_quoted(column.name) for column in columns)
        source = _body_rows(statement, body, columns, missing_is_default=missing_is_default)
        target += f" ({names}) select {names} from {source} as body"
    else:
        each = "json_array_elements" if body.is_array else "json_build_array"
        target += f" select from {each}({statement.bind(body.text)}::text::json)"
    if resolution is not None:
        target += _on_conflict(table, query, columns, resolution)
    statement.sql = _write(table, query, target, representation=representation)
    return statement


def update(
    table: Table, query: Query, body: Body, *, missing_is_default: bool, representation: bool
) -> Statement | None:
    """Changes the rows that the filters let through. None: the body has no keys, so nothing is to be done."""
    if body.is_array:
        raise invalid_body("An update takes one JSON object")
    _refuse_window(query)
    if not query.filters:
        raise needs_filter("UPDATE")
    statement = Statement()
    columns = _body_columns(table, query, body)
    if not columns:
        return None
    source = _body_rows(statement, body, columns, missing_is_default=missing_is_default)
    assignments = ", ".join(f"{_quoted(column.name)} = body.{_quoted(column.name)}" for column in columns)
    target = (
        f"update {_qualified(table.name)} set {assignments} from {source} as body"
        f"{_where(statement, table, query.filters)}"
    )
    statement.sql = _write(table, query, target, representation=representation)
    return statement


def delete(table: Table, query: Query, *, representation: bool) -> Statement:
    """Deletes the rows that the filters let through."""
    _refuse_window(query)
    if not query.filters:
        raise needs_filter("DELETE")
    statement = Statement()
    target = f"delete from {_qualified(table.name)}{_where(statement, table, query.filters)}"
    statement.sql = _write(table, query, target, representation=representation)
    return statement


def call(function: Function, arguments: Sequence[str], arguments_json: str, *, limit: int) -> Statement:
    """Calls a function with named arguments, taken from the keys of a JSON object."""
    statement = Statement()
    if arguments:
        types = ", ".join(f"{_quoted(name)} {function.arguments[name]}" for name in arguments)
        source = f"json_to_record({statement.bind(arguments_json)}::text::json) as body({types}), lateral "
    else:
        source = ""
    named = ", ".join(f"{_quoted(name)} := body.{_quoted(name)}" for name in arguments)
    invoked = f"{_qualified(function.name)}({named})"
    match function.returns, function.returns_set:
        case (ReturnKind.SCALAR, True):
            result = "coalesce(json_agg(result.value), '[]')::text as body, count(*) as rows"
            invoked = f"(select result as value from {invoked} as result limit {int(limit)})"
        case (_, True):
            result = "coalesce(json_agg(result), '[]')::text as body, count(*) as rows"
            invoked = f"(select * from {invoked} limit {int(limit)})"
        case (ReturnKind.ROW, False):
            result = "coalesce(json_agg(result)->0, 'null')::text as body, 1::bigint as rows"
        case _:
            result = "coalesce(to_json(result.value)::text, 'null') as body, 1::bigint as rows"
            invoked = f"(select {invoked} as value)"
    statement.sql = f"select {result}, null::bigint as total from {source}{invoked} as result"
    return statement


def _where(statement: Statement, table: Table, filters: Iterable[Filter]) -> str:
    conditions = [_condition(statement, table, each) for each in filters]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _condition(statement: Statement, table: Table, each: Filter) -> str:
    column = _column(table, each.column)
    name = f"{_qualified(table.name)}.{_quoted(column.name)}"
    match each.operator:
        case "is":
            condition = f"{name} is {each.values[0]}"  # one of a closed list of words
        case "in":
            condition = f"{name} = any ({statement.bind(list(each.values))}::text[]::{column.type}[])"
        case "like" | "ilike":
            condition = f"{name} {OPERATORS[each.operator]} {statement.bind(each.values[0])}::text"
        case operator:
            place = statement.bind(each.values[0])
            condition = f"{name} {OPERATORS[operator]} {place}::text::{column.type}"
    return f"not ({condition})" if each.negated else condition


def _order_by(table: Table, order: Iterable[OrderTerm]) -> str:
    terms = []
    for term in order:
        sql = f"{_quoted(_column(table, term.column).name)} {'desc' if term.descending else 'asc'}"
        if term.nulls_first is not None:
            sql += f" nulls {'first' if term.nulls_first else 'last'}"
        terms.append(sql)
    return f" order by {', '.join(terms)}" if terms else ""


def _body_columns(table: Table, query: Query, body: Body) -> list[Column]:
    names = query.columns if query.columns is not None else body.keys
    for name in names:
        if name not in table.columns:
            raise unknown_column_of_body(table.name, name)
    return [table.columns[name] for name in dict.fromkeys(names)]


def _body_rows(
    statement: Statement, body: Body, columns: Sequence[Column], *, missing_is_default: bool
) -> str:
    types = ", ".join(f"{_quoted(column.name)} {column.type}" for column in columns)
    names = ", ".join(_quoted(column.name) for column in columns)
    place = statement.bind(body.text)
    if not missing_is_default:
        rows = "json_to_recordset" if body.is_array else "json_to_record"
        return f"(select {names} from {rows}({place}::text::json) as _({types}))"
    defaults = ", ".join(
        f"{statement.bind(column.name)}::text, {column.default}"
        for column in columns
        if column.default is not None
    )
    elements = (
        f"jsonb_array_elements({place}::text::jsonb)"
        if body.is_array
        else f"jsonb_array_elements(jsonb_build_array({place}::text::jsonb))"
    )
    return (
        f"(select {names} from {elements} as element, "
        f"lateral jsonb_to_record(jsonb_build_object({defaults}) || element) as _({types}))"
    )


def _on_conflict(table: Table, query: Query, columns: Sequence[Column], resolution: Resolution) -> str:
    keys = [_column(table, name).name for name in query.on_conflict or table.primary_key]
    if not keys:
        return ""
    target = f" on conflict ({', '.join(_quoted(key) for key in keys)})"
    if resolution is Resolution.IGNORE or not columns:
        return f"{target} do nothing"
    changes = ", ".join(f"{_quoted(column.name)} = excluded.{_quoted(column.name)}" for column in columns)
    return f"{target} do update set {changes}"


def _write(table: Table, query: Query, target: str, *, representation: bool) -> str:
    # Without a representation nothing of the rows is read, so no right to read them is needed.
    names = [_column(table, name).name for name in query.select or table.columns] if representation else []
    returning = ", ".join(f"{_qualified(table.name)}.{_quoted(name)}" for name in names) or "1"
    body = "coalesce(json_agg(source), '[]')::text" if representation else "''"
    return (
        f"with source as ({target} returning {returning}) "
        f"select {body} as body, count(*) as rows, count(*) as total from source"
    )


def _refuse_window(query: Query) -> None:
    if query.order or query.limit is not None or query.offset:
        raise not_implemented("order, limit and offset are not supported on writes by this server.")


def _column_list(table: Table, names: Sequence[str]) -> str:
    return ", ".join(_quoted(_column(table, name).name) for name in names) if names else "*"


def _column(table: Table, name: str) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise unknown_column(table.name, name)
    return column


def _qualified(name: str) -> str:
    return f"{_quoted(SCHEMA)}.{_quoted(name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
