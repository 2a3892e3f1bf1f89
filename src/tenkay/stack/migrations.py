"""Applies `supabase/migrations/*.sql`, forward only.

Each file is one transaction and is recorded with its checksum in tenkay_internal.schema_migrations. A file that
was changed after it was applied is an error: write a new one. Several runners at once wait for each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

_FILE_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>[a-z0-9_]+)\.sql")

# Any number, as long as all runners use the same one.
_RUNNERS_LOCK = 0x74656E6B6179


class MigrationError(RuntimeError):
    """A migration cannot be applied. The message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: str
    """The 14 digits the file's name starts with; they order the files."""
    name: str
    """The rest of the file's name."""
    sql: str
    """Its statements."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_folder() -> Path:
    """Where Tenkay's migrations are: in the installed package, or in the checkout that it is a part of."""
    installed = Path(__file__).with_name("supabase_migrations")
    return installed if installed.is_dir() else Path(__file__).parents[3] / "supabase" / "migrations"


def read_migrations(folder: Path) -> list[Migration]:
    """The folder's migrations in order.

    Raises:
        MigrationError: there are none, a name does not fit, or two files have the same version.
    """
    found: dict[str, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        matched = _FILE_NAME.fullmatch(path.name)
        if matched is None:
            raise MigrationError(f"{path}: the name must be 14 digits, '_', lower-case words and '.sql'")
        migration = Migration(matched["version"], matched["name"], path.read_text(encoding="utf-8"))
        if migration.version in found:
            raise MigrationError(f"{path}: there is another migration of version {migration.version}")
        found[migration.version] = migration
    if not found:
        raise MigrationError(f"{folder} has no migrations")
    return list(found.values())


async def migrate(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> list[str]:
    """Applies the migrations that the database does not have yet; answers their versions.

    Raises:
        MigrationError: a statement failed (its file is undone whole, earlier ones stay), an applied file was
            changed, or a new file is older than one already applied.
    """
    await connection.execute("select pg_advisory_lock($1)", _RUNNERS_LOCK)
    try:
        await connection.execute(
            """
            create schema if not exists tenkay_internal;
            create table if not exists tenkay_internal.schema_migrations (
                version text primary key,
                name text not null,
                checksum text not null,
                applied_at timestamptz not null default now()
            );
            alter table tenkay_internal.schema_migrations enable row level security;
            """
        )
        rows = await connection.fetch("select version, checksum from tenkay_internal.schema_migrations")
        applied = {row["version"]: row["checksum"] for row in rows}
        _check_history(migrations, applied)
        new = [migration for migration in migrations if migration.version not in applied]
        for migration in new:
            await _apply(connection, migration)
        return [migration.version for migration in new]
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _RUNNERS_LOCK)


def _check_history(migrations: Sequence[Migration], applied: dict[str, str]) -> None:
    newest = max(applied, default="")
    for migration in migrations:
        checksum = applied.get(migration.version)
        if checksum is None and migration.version < newest:
            raise MigrationError(
                f"{migration.version}_{migration.name}.sql is older than {newest}, which is applied: "
                "give it a newer version"
            )
        if checksum is not None and checksum != migration.checksum:
            raise MigrationError(
                f"{migration.version}_{migration.name}.sql was changed after it was applied: "
                "undo the change and put it into a new file"
            )


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into tenkay_internal.schema_migrations (version, name, checksum) values ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.checksum,
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.version}_{migration.name}.sql: {error.sqlstate} {error}") from error
