"""What the schema `public` holds: only names found here ever become part of a statement."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

import asyncpg
from asyncpg.pool import PoolConnectionProxy

SCHEMA = "public"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view."""

    name: str
    type: str
    """The type as SQL spells it, without length or precision."""
    default: str | None
    """The default's expression, from the database's own catalog."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view."""

    name: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...]
    """Empty for views and for tables without one."""


class ReturnKind(Enum):
    """What a function gives back."""

    VOID = "void"
    SCALAR = "scalar"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be called with named arguments."""

    name: str
    arguments: Mapping[str, str]
    """The types of its input arguments by name, in order."""
    required: frozenset[str]
    """Names of the arguments without a default."""
    returns: ReturnKind
    returns_set: bool


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables, views and functions of the schema."""

    tables: Mapping[str, Table]
    functions: Mapping[str, tuple[Function, ...]]

    def closest_table(self, name: str) -> str | None:
        return _closest(name, self.tables)

    def closest_function(self, name: str) -> str | None:
        return _closest(name, self.functions)


async def read_catalog(
    connection: asyncpg.Connection | PoolConnectionProxy[asyncpg.Record],
) -> Catalog:
    """Reads the schema's catalog."""
    tables: dict[str, Table] = {}
    for row in await connection.fetch(_COLUMNS, SCHEMA):
        table = tables.setdefault(row["table"], Table(row["table"], {}, tuple(row["primary_key"] or ())))
        assert isinstance(table.columns, dict)  # noqa: S101 (filled here, read-only for everybody else)
        table.columns[row["column"]] = Column(row["column"], row["type"], row["default"])
    functions: dict[str, list[Function]] = {}
    for row in await connection.fetch(_FUNCTIONS, SCHEMA):
        names, types = row["argument_names"], row["argument_types"]
        if len(names) != len(types) or "" in names:
            continue  # it has arguments without names, so it cannot be called by name
        functions.setdefault(row["function"], []).append(
            Function(
                name=row["function"],
                arguments=dict(zip(names, types, strict=True)),
                required=frozenset(names[: len(names) - row["defaults"]]),
                returns=ReturnKind(row["returns"]),
                returns_set=row["returns_set"],
            )
        )
    return Catalog(tables, {name: tuple(found) for name, found in functions.items()})


def _closest(name: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(name, list(known), n=1)
    return found[0] if found else None


_COLUMNS = """
select
    c.relname as "table",
    a.attname as "column",
    format_type(a.atttypid, null) as "type",
    case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as "default",
    (
        select array_agg(k.attname::text order by p.position)
        from pg_index i, unnest(i.indkey::smallint[]) with ordinality p(attnum, position), pg_attribute k
        where i.indrelid = c.oid and i.indisprimary and k.attrelid = c.oid and k.attnum = p.attnum
    ) as primary_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by c.relname, a.attnum
"""

_FUNCTIONS = """
select
    p.proname as "function",
    array(
        select coalesce(p.proargnames[g], '')
        from generate_series(1, coalesce(array_length(p.proargmodes, 1), p.pronargs)) g
        where coalesce(p.proargmodes[g], 'i') in ('i', 'b')
        order by g
    ) as argument_names,
    array(
        select format_type(t.oid, null)
        from unnest(p.proargtypes::oid[]) with ordinality t(oid, position)
        order by position
    ) as argument_types,
    p.pronargdefaults as defaults,
    p.proretset as returns_set,
    case
        when p.prorettype = 'void'::regtype then 'void'
        when p.prorettype = 'record'::regtype or r.typtype = 'c' then 'row'
        else 'scalar'
    end as returns
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type r on r.oid = p.prorettype
where n.nspname = $1 and p.prokind = 'f' and p.provariadic = 0
order by p.proname, p.oid
"""
