"""Compares a database's schema with what the migrations make of an empty one.

What is expected is not written down anywhere: the migrations are applied to a Postgres of its own, made for the moment,
and both schemas are read the same way.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import asyncpg

from tenkay.stack.launch import running
from tenkay.stack.migrations import Migration, migrate
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.schema_snapshot import (
    OWN_SCHEMA,
    Partition,
    SchemaObject,
    Snapshot,
    partitions,
    take_snapshot,
)

STATEMENT_TIMEOUT_MS = 30_000


class Finding(StrEnum):
    """How a part of the schema differs."""

    MISSING = "missing"
    """The migrations make it and the database does not have it."""
    CHANGED = "changed"
    """Both have it, and not the same."""
    UNEXPECTED = "unexpected"
    """It hangs on something of Tenkay's and no migration makes it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the schema that is not as the migrations make it."""

    finding: Finding
    kind: str
    """What it is: "column"."""
    name: str
    """Its full name."""
    expected: str = ""
    """Its definition by the migrations; empty when unexpected."""
    found: str = ""
    """Its definition in the database; empty when missing."""


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What a check found."""

    differences: tuple[Difference, ...]
    not_applied: tuple[str, ...]
    """Versions and names of the migrations that the database has no record of, in order."""

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.differences and not self.not_applied


async def check_schema(
    connection: asyncpg.Connection, migrations: Sequence[Migration], expected: Snapshot
) -> SchemaReport:
    """Compare the database of a connection with the migrations, which make what is expected. Changes nothing in it."""
    await connection.execute(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}")
    found = await take_snapshot(connection)
    differences = sorted(
        [*_compare(expected, found), *_wrong_partitions(await partitions(connection))],
        key=lambda each: (each.name, each.kind),
    )
    applied = await applied_versions(connection)
    return SchemaReport(
        tuple(differences),
        tuple(f"{each.version}_{each.name}" for each in migrations if each.version not in applied),
    )


async def expected_schema(migrations: Sequence[Migration]) -> Snapshot:
    """The schema that the migrations make.

    Raises:
        CannotStartError: there is no Postgres on this machine to apply them to.
        MigrationError: they cannot be applied to an empty database.
    """
    with tempfile.TemporaryDirectory(prefix="tenkay-schema-") as name:
        folders = PostgresFolders.under(Path(name) / "postgres")
        with running(postgres(folders, durable=False), Path(name) / "postgres.log"):
            connection = await asyncpg.connect(folders.url())
            try:
                await migrate(connection, migrations)
                return await take_snapshot(connection)
            finally:
                await connection.close()


async def applied_versions(connection: asyncpg.Connection) -> set[str]:
    """The versions that the database has a record of: Tenkay's own runner's, or the Supabase command line's."""
    versions: set[str] = set()
    for table in ("tenkay_internal.schema_migrations", "supabase_migrations.schema_migrations"):
        if await connection.fetchval("select to_regclass($1)", table) is not None:
            rows = await connection.fetch(f"select version from {table}")  # noqa: S608 - one of these two
            versions |= {row["version"] for row in rows}
    return versions


def _compare(expected: Snapshot, found: Snapshot) -> Iterator[Difference]:
    for part, definition in expected.items():
        there = found.get(part)
        if there is None:
            yield Difference(Finding.MISSING, part.kind, part.name, expected=definition)
        elif there != definition and not _is_public_schema(part):
            yield Difference(Finding.CHANGED, part.kind, part.name, definition, there)
    own = {part.owner for part in expected}
    for part, definition in found.items():
        if part not in expected and _is_ours(part, own):
            yield Difference(Finding.UNEXPECTED, part.kind, part.name, found=definition)


def _is_ours(part: SchemaObject, own: set[str]) -> bool:
    if _is_public_schema(part):
        return False
    return part.owner in own or part.owner.partition(".")[0] == OWN_SCHEMA


def _is_public_schema(part: SchemaObject) -> bool:
    """Rights on the schema `public`: what the migrations give must be there, more than that is the project's affair."""
    return part.owner == "public"


_MONTH = re.compile(r"tenkay_internal\.signals_(\d{4})_(\d{2})")


def _wrong_partitions(found: Sequence[Partition]) -> Iterator[Difference]:
    for partition in found:
        expected = _bounds(partition.name)
        if expected is None:
            yield Difference(Finding.UNEXPECTED, "partition", partition.name, found=partition.bounds)
            continue
        if partition.bounds != expected:
            yield Difference(Finding.CHANGED, "partition", partition.name, expected, partition.bounds)
        if not partition.is_guarded:
            yield Difference(
                Finding.CHANGED,
                "partition",
                partition.name,
                "row level security, no rights for the API's roles",
                "open to the API's roles",
            )
    if not any(partition.name == _UNDATED for partition in found):
        yield Difference(Finding.MISSING, "partition", _UNDATED, _bounds(_UNDATED) or "")


_UNDATED = "tenkay_internal.signals_undated"


def _bounds(name: str) -> str | None:
    """The bounds that a partition of this name must have; None when no partition is named so."""
    if name == _UNDATED:
        return "FOR VALUES FROM (MINVALUE) TO ('0001-01-01')"
    matched = _MONTH.fullmatch(name)
    if matched is None or not 1 <= int(matched[2]) <= 12:
        return None
    year, month = int(matched[1]), int(matched[2])
    after = date(year + month // 12, month % 12 + 1, 1)
    return f"FOR VALUES FROM ('{date(year, month, 1)}') TO ('{after}')"
