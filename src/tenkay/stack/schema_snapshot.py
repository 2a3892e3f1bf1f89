"""A database's schema as comparable text: everything that Tenkay's migrations make, and what hangs on it.

Only relations, functions and schemas of Tenkay's are looked at closely: hosted Supabase has many more of its own.
"""

# Queries are put together from this module's own text; values are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

SCHEMAS = ("public", "tenkay_internal")
OWN_SCHEMA = "tenkay_internal"
"""The schema that holds nothing but Tenkay's."""
BOOKKEEPING = "tenkay_internal.schema_migrations"
"""Made by the runner of migrations, not by them."""
API_ROLES = ("PUBLIC", "anon", "authenticated", "service_role", "authenticator")
"""Roles whose rights count: others belong to whoever runs the database."""


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """Part of a schema."""

    kind: str
    """What it is: "column"."""
    name: str
    """Its full name: "public.filings.cik"."""
    owner: str
    """What it hangs on: the relation's, function's or schema's full name."""


Snapshot = Mapping[SchemaObject, str]
"""Each part with its definition."""


async def take_snapshot(connection: asyncpg.Connection) -> Snapshot:
    """The parts of `SCHEMAS`, without partitions: those are made while data comes in (see `partitions`)."""
    found: dict[SchemaObject, str] = {}
    # Names in definitions are complete only for what the search path does not find.
    async with connection.transaction(readonly=True):
        await connection.execute("set local search_path = pg_catalog")
        for kind, query in _QUERIES.items():
            for owner, name, definition in await connection.fetch(query, list(SCHEMAS)):
                if owner != BOOKKEEPING:
                    found[SchemaObject(kind, name, owner)] = definition
        for kind, query in _GRANTS.items():
            for owner, role, rights in await connection.fetch(query, list(SCHEMAS), list(API_ROLES)):
                if owner != BOOKKEEPING:
                    found[SchemaObject(kind, f"{owner} to {role}", owner)] = rights
    return found


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of the table of signals."""

    name: str
    bounds: str
    is_guarded: bool
    """Whether row level security is on and no role of the API has rights of its own on it."""


async def partitions(connection: asyncpg.Connection) -> list[Partition]:
    """The partitions of public.signals, by name."""
    rows = await connection.fetch(_PARTITIONS, list(API_ROLES))
    return [Partition(*row) for row in rows]


_RELATIONS = """
    select c.*, n.nspname || '.' || c.relname as full_name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1::text[]) and not c.relispartition
"""

_QUERIES = {
    "table": f"""
        select full_name, full_name,
            case relkind when 'p' then 'partitioned by ' || pg_get_partkeydef(oid) else 'plain' end
            || case when relrowsecurity then ', row level security' else ', no row level security' end
            || case when relforcerowsecurity then ', forced' else '' end
        from ({_RELATIONS}) r where relkind in ('r', 'p')
    """,
    "view": f"""
        select full_name, full_name,
            coalesce('with (' || array_to_string(reloptions, ', ') || ') ', '')
            || regexp_replace(pg_get_viewdef(oid), '\\s+', ' ', 'g')
        from ({_RELATIONS}) r where relkind = 'v'
    """,
    "column": f"""
        select full_name, full_name || '.' || a.attname,
            format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end
            || case a.attgenerated when '' then '' else ' generated' end
            || case a.attidentity when '' then '' else ' identity' end
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
            || coalesce(' granted ' || a.attacl::text, '')
        from ({_RELATIONS}) r
        join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where relkind in ('r', 'p')
    """,
    # Not those of NOT NULL: older versions of Postgres do not list them, and columns say it.
    "constraint": f"""
        select full_name, full_name || '.' || k.conname,
            pg_get_constraintdef(k.oid) || case when k.convalidated then '' else ' not valid' end
        from ({_RELATIONS}) r join pg_constraint k on k.conrelid = r.oid and k.contype <> 'n'
    """,
    "index": f"""
        select full_name, x.relname,
            pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' invalid' end
        from ({_RELATIONS}) r
        join pg_index i on i.indrelid = r.oid join pg_class x on x.oid = i.indexrelid
        where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    """,
    "policy": f"""
        select full_name, full_name || '.' || p.polname,
            case when p.polpermissive then 'permissive' else 'restrictive' end
            || ' for ' || p.polcmd::text || ' to ' || (
                select string_agg(
                    case when role = 0 then 'PUBLIC' else pg_get_userbyid(role)::text end, ', ' order by role
                )
                from unnest(p.polroles) as role
            )
            || coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
            || coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
        from ({_RELATIONS}) r join pg_policy p on p.polrelid = r.oid
    """,
    "trigger": f"""
        select full_name, full_name || '.' || t.tgname, pg_get_triggerdef(t.oid)
        from ({_RELATIONS}) r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
    """,
    "function": """
        select n.nspname || '.' || p.proname,
            n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
            pg_get_functiondef(p.oid)
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = any ($1::text[]) and p.prokind in ('f', 'p')
    """,
}
"""By kind: what it hangs on, its name, its definition."""


def _granted(objects: str) -> str:
    """The rights of the roles that count on objects with the columns `full_name` and `acl`."""
    return f"""
        select full_name, role, string_agg(
            privilege || case when is_grantable then ' with grant option' else '' end, ', ' order by privilege
        )
        from (
            select full_name, a.privilege_type as privilege, a.is_grantable,
                case when a.grantee = 0 then 'PUBLIC' else pg_get_userbyid(a.grantee)::text end as role
            from ({objects}) o, aclexplode(o.acl) a
        ) granted
        where role = any ($2::text[])
        group by full_name, role
    """


_GRANTS = {
    "grant": _granted(
        f"select full_name, relacl as acl from ({_RELATIONS}) r where relkind in ('r', 'p', 'v')"
    ),
    "grant on function": _granted(
        """
        select n.nspname || '.' || p.proname as full_name, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1::text[])
        """
    ),
    "grant on schema": _granted(
        """
        select nspname::text as full_name, coalesce(nspacl, acldefault('n', nspowner)) as acl
        from pg_namespace where nspname = any ($1::text[])
        """
    ),
}
"""By kind: on what, to whom, which rights."""

_PARTITIONS = """
    select n.nspname || '.' || c.relname, pg_get_expr(c.relpartbound, c.oid),
        c.relrowsecurity and not exists (
            select from aclexplode(c.relacl) a
            where case when a.grantee = 0 then 'PUBLIC' else pg_get_userbyid(a.grantee)::text end = any ($1::text[])
        )
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
    where i.inhparent = to_regclass('public.signals')
    order by 1
"""
