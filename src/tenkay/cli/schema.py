"""`tenkay check-schema`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from tenkay.cli import documents
from tenkay.cli.failures import ExitCode, NoServiceError, WrongSettingError
from tenkay.cli.plain_text import one_line
from tenkay.stack.schema_check import Difference, SchemaReport, check_schema, expected_schema

CONNECT_SECONDS = 15.0


def show_schema(database_url: str, *, as_json: bool) -> ExitCode:
    """The differences between a database's schema and the migrations, one a line; one document with --json."""
    report = asyncio.run(_check(database_url))
    if as_json:
        print(documents.line({**asdict(report), "is_clean": report.is_clean}))
    else:
        for migration in report.not_applied:
            print(f"not applied: {migration}")
        for difference in report.differences:
            print(_line(difference))
        if report.is_clean:
            print("the schema is as the migrations make it")
    return ExitCode.OK if report.is_clean else ExitCode.NOT_DONE


async def _check(database_url: str) -> SchemaReport:
    try:
        import asyncpg

        from tenkay.stack.migrations import migrations_folder, read_migrations
    except ImportError as error:
        raise WrongSettingError(f"{error.name} is not installed: pip install tenkay[stack]") from error
    try:
        connection = await asyncpg.connect(database_url, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NoServiceError(
            f"cannot connect to the database: {error or type(error).__name__}; give its address and a user who may "
            "read its catalog, postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from error
    try:
        migrations = read_migrations(migrations_folder())
        return await check_schema(connection, migrations, await expected_schema(migrations))
    except asyncpg.PostgresError as error:
        raise NoServiceError(f"the database refused to tell its schema: {error.sqlstate} {error}") from error
    finally:
        await connection.close()


def _line(difference: Difference) -> str:
    text = f"{difference.finding}: {difference.kind} {difference.name}"
    if difference.expected and difference.found:
        expected, found = _where_they_part(difference.expected, difference.found)
        text += f" is {found}, should be {expected}"
    return one_line(text)


def _where_they_part(expected: str, found: str) -> tuple[str, str]:
    """The first lines that are not the same."""
    ours, theirs = expected.splitlines(), found.splitlines()
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return one.strip() or "an empty line", other.strip() or "an empty line"
    shorter = min(len(ours), len(theirs))
    return next(iter(ours[shorter:]), "at its end").strip(), next(
        iter(theirs[shorter:]), "at its end"
    ).strip()
