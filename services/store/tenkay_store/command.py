"""`tenkay store …`: what is done to a store's data while no store runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tenkay_store.backups.restore_report import Report, Until

EXIT_INCOMPLETE = 1
"""The store was restored, and something of it is known to be lost."""

store = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Work on a store's data while it is stopped.",
)


MemoryLimit = Annotated[
    str,
    typer.Option(
        "--memory-limit", envvar="TENKAY_STORE_MEMORY_LIMIT", help="Most memory DuckDB uses.", metavar="SIZE"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs; the description says in what shape.")]


@store.callback()
def group() -> None:
    """Work on a store's data while it is stopped."""


@store.command()
def restore(
    backup_url: Annotated[
        str,
        typer.Option(
            "--from",
            envvar="TENKAY_STORE_BACKUP_URL",
            help="The lost store's backup: s3://, gs://, az:// or file://.",
            metavar="URL",
            show_default=False,
        ),
    ],
    data_directory: Annotated[
        Path,
        typer.Option(
            "--data-directory",
            envvar="TENKAY_STORE_DATA_DIRECTORY",
            help="Where the new store is to be. There must be none yet.",
            metavar="DIR",
            show_default=False,
        ),
    ],
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            help="Stop at a commit (0.1234) or a moment (2026-01-31T12:00:00Z), to leave out what came after it.",
            metavar="SEQUENCE|TIME",
        ),
    ] = None,
    shard: Annotated[
        int,
        typer.Option(
            "--shard", envvar="TENKAY_STORE_SHARD", help="The lost store's shard.", min=0, max=99_999
        ),
    ] = 0,
    supabase_url: Annotated[
        str | None,
        typer.Option(
            "--supabase-url",
            envvar="TENKAY_STORE_SUPABASE_URL",
            help="The second sink, to read back what the backup does not have. Its key is in "
            "TENKAY_STORE_SUPABASE_KEY.",
            metavar="URL",
        ),
    ] = None,
    objects_url: Annotated[
        str | None,
        typer.Option(
            "--objects-url",
            envvar="TENKAY_STORE_OBJECTS_URL",
            help="Where the store's texts and facts are, to see that they are there. The default is the folder objects "
            "below the data directory.",
            metavar="URL",
        ),
    ] = None,
    memory_limit: MemoryLimit = "4GB",
    as_json: AsJson = False,
) -> None:
    """Rebuild a lost store from its backup and from Supabase.

    With --json, one document: snapshot (null: begun with an empty store), damaged[{what, why}], from_copy,
    from_second_sink, refused[{what, why}], refused_count, lost[{after, up_to}], purges_without_record[],
    missing_artifacts[{what, why}], missing_artifact_count, filings, complete_up_to, newest_commit, resumed_at.

    Exit codes: 0 restored, 1 restored but something is known to be lost or there is nothing to restore, 2 wrong usage,
    3 the backup or Supabase does not answer.
    """
    import asyncio

    report = asyncio.run(
        _restore(
            backup_url, data_directory, until, shard, supabase_url, objects_url, memory_limit, quiet=as_json
        )
    )
    if as_json:
        from pydantic import TypeAdapter

        from tenkay_store.backups.restore_report import Report

        typer.echo(TypeAdapter(Report).dump_json(report))
    else:
        for line in report_lines(report, shard):
            typer.echo(line)
    if report.lost or report.refused_count or report.missing_artifact_count:
        raise typer.Exit(EXIT_INCOMPLETE)


@store.command()
def compact(
    data_directory: Annotated[
        Path,
        typer.Option(
            "--data-directory",
            envvar="TENKAY_STORE_DATA_DIRECTORY",
            help="The stopped store's.",
            metavar="DIR",
            show_default=False,
        ),
    ],
    memory_limit: MemoryLimit = "4GB",
    as_json: AsJson = False,
) -> None:
    """Write a stopped store's file anew, without what is left in it of what was purged, and smaller.

    It takes twice the file's size of free disk, and can be stopped at any moment: the store is the old or the new one.

    With --json, one document: bytes_before, bytes_after, newest_commit.

    Exit codes: 0 done, 2 wrong usage, no store there or a running one, 3 no room or the disk does not do its work.
    """
    import asyncio
    import os
    from datetime import UTC, datetime

    from tenkay_store.primary.compact import Compaction
    from tenkay_store.primary.compact import compact as write_anew
    from tenkay_store.primary.duckdb_owner import Limits

    limits = Limits(memory_limit, threads=max(1, os.cpu_count() or 1), readers=1)
    done = asyncio.run(write_anew(data_directory, limits, lambda: datetime.now(UTC)))
    if as_json:
        from pydantic import TypeAdapter

        typer.echo(TypeAdapter(Compaction).dump_json(done))
    else:
        typer.echo(f"written anew: {done.bytes_before:,} bytes before, {done.bytes_after:,} after")


async def _restore(
    backup_url: str,
    data_directory: Path,
    until: str | None,
    shard: int,
    supabase_url: str | None,
    objects_url: str | None,
    memory_limit: str,
    *,
    quiet: bool,
) -> Report:
    import os
    from datetime import UTC, datetime

    from tenkay.errors import Reason, failure
    from tenkay_store.backups.backup import Backup
    from tenkay_store.backups.restore import restore
    from tenkay_store.domain.sink import SupabaseOptions
    from tenkay_store.objects.object_store import CannotOpenObjects, open_object_store
    from tenkay_store.primary.duckdb_owner import Limits
    from tenkay_store.second_sink.supabase_commits import SupabaseCommits
    from tenkay_store.second_sink.supabase_sink import connect
    from tenkay_store.settings import OBJECTS_FOLDER, SUPABASE

    end = parse_until(until, shard)
    try:
        backup = Backup(open_object_store(backup_url, data_directory), shard)
        artifacts = open_object_store(objects_url, data_directory / OBJECTS_FOLDER)
    except CannotOpenObjects as error:
        raise failure(Reason.INVALID_FIELD, str(error), field="from") from error
    second_sink, http = None, None
    if supabase_url is not None:
        key = os.environ.get("TENKAY_STORE_SUPABASE_KEY")
        if not key:
            raise failure(
                Reason.INVALID_FIELD,
                "Supabase is named and its key is not: set TENKAY_STORE_SUPABASE_KEY to the service role's",
                field="supabase_url",
            )
        http, client = connect(
            SupabaseOptions(supabase_url, key, connections=4, connect_seconds=5, read_seconds=60)
        )
        second_sink = SupabaseCommits(client)
    try:
        return await restore(
            backup,
            data_directory,
            second_sink=second_sink,
            sink_name=None if second_sink is None else SUPABASE,
            artifacts=artifacts,
            until=end,
            limits=Limits(memory_limit, threads=max(1, os.cpu_count() or 1), readers=1),
            clock=lambda: datetime.now(UTC),
            tell=lambda line: typer.echo(line, err=True) if not quiet else None,
        )
    finally:
        if http is not None:
            await http.aclose()


def parse_until(text: str | None, shard: int) -> Until:
    """Where a restore ends. INVALID_FIELD when it is neither a commit of the shard nor a moment."""
    from datetime import UTC, datetime

    from tenkay import sequences
    from tenkay.errors import Reason, TenkayError, failure
    from tenkay_store.backups.restore_report import Until

    if text is None:
        return Until()
    try:
        numbers = sequences.parse(text)
        if list(numbers) == [shard]:
            return Until(sequence=numbers[shard])
    except TenkayError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise failure(
            Reason.INVALID_FIELD,
            f"--until is {text[:80]!r}; give a commit of shard {shard} such as {shard}.1234, or a moment such as "
            "2026-01-31T12:00:00Z",
            field="until",
        ) from None
    return Until(recorded_at=moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def report_lines(report: Report, shard: int) -> list[str]:
    """What a person is told."""
    from tenkay import sequences

    def commit(number: int) -> str:
        return sequences.encode(shard, number)

    snapshot = report.snapshot
    began = "an empty store" if snapshot is None else f"the snapshot of commit {commit(snapshot.sequence)}"
    lines = [
        f"restored {report.filings:,} filings, up to commit {commit(report.newest_commit)}",
        f"  from {began}, {report.from_copy:,} copied commits, {report.from_second_sink:,} commits of Supabase",
        f"  complete up to {commit(report.complete_up_to)}; new commits come after {commit(report.resumed_at)}",
    ]
    lines += [f"  cannot be used: {each.what}: {each.why}" for each in report.damaged]
    lines += [
        f"  lost: commit {commit(each.up_to)}"
        if each.up_to == each.after + 1
        else f"  lost: commits {commit(each.after + 1)} to {commit(each.up_to)}"
        for each in report.lost
    ]
    lines += [f"  not put back: {each.what}: {each.why}" for each in report.refused]
    if report.refused_count > len(report.refused):
        lines.append(f"  and {report.refused_count - len(report.refused):,} more that were not put back")
    lines += [f"  missing: {each.what}; ingest the filing again" for each in report.missing_artifacts]
    if report.missing_artifact_count > len(report.missing_artifacts):
        lines.append(f"  {report.missing_artifact_count:,} texts and facts are missing in all")
    lines += [
        f"  the purge of {each} is there; who asked for it, and why, is lost"
        for each in report.purges_without_record
    ]
    return lines
