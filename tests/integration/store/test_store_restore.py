"""A lost disk for real: the store's process, the second sink, the command that restores, and the process again."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import extraction_pb2, filing_pb2
from tenkay.errors import FailedPrecondition, InvalidArgument, OutOfRange, Reason
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import (
    Analysis,
    Artifact,
    ArtifactKind,
    CommitRecord,
    Dispute,
    EarlierFiling,
    Extraction,
    Fence,
    Purge,
)
from tenkay_store.domain.sink import SupabaseOptions
from tenkay_store.primary.duckdb_owner import DuckDBOwner, Limits
from tenkay_store.second_sink.supabase_commits import NOT_KNOWN, SupabaseCommits
from tenkay_store.second_sink.supabase_sink import SupabaseSink, connect
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.integration.store.store_process import StoreProcess
from tests.stack_fixtures import SupabaseProject
from tests.unit.store.backups import restored
from tests.unit.store.filings import accession_number, analysis, extraction
from tests.unit.store.whole_store import contents

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

pytestmark = pytest.mark.xdist_group("postgres")


def environment(folder: Path, project: SupabaseProject | None, **settings: str) -> dict[str, str]:
    """Settings of a store with a backup in a folder."""
    told = {"TENKAY_STORE_BACKUP_URL": f"file://{folder}/backup"}
    if project is not None:
        told |= {
            "TENKAY_STORE_SUPABASE_URL": project.url,
            "TENKAY_STORE_SUPABASE_KEY": project.keys.service_role,
        }
    return told | {f"TENKAY_STORE_{name.upper()}": value for name, value in settings.items()}


def of_every_kind(number: int, code_version: str = "1") -> extraction_pb2.Extraction:
    """An extraction with all kinds of values, long digits, notes, and what is not known."""
    message = extraction(
        accession_number(number),
        signals={
            "revenue": f"-{10**30 + number}.10",
            "margin": 0.1 * number,
            "tiny": 1e-300 / (number + 1),
            "doubt": bool(number % 2),
            "staff": 2**60 + number,
            "opinion": "CLEAN",
        },
        accepted=None,
        cik=None if number % 4 == 0 else 1999000001 + number % 2,
        code_version=code_version,
    )
    if number % 5 == 0:
        message.filing.ClearField("filed_date")
    message.signals[0].notes.append('derived: "a" — b\\c')
    return message


async def commit(client: AsyncFilingStoreClient, numbers: Sequence[int], wait_for: Any) -> None:
    """Filings with analyses, under leases; every third in a second version."""

    async def one(number: int) -> None:
        fence = store_pb2.LeaseFence(scope="job", token=number)
        message = of_every_kind(number)
        await client.commit_extraction(extraction=message, fence=fence, wait_for=wait_for)
        await client.commit_analysis(analysis=analysis(message), fence=fence, wait_for=wait_for)
        if number % 3 == 0:
            await client.commit_extraction(extraction=of_every_kind(number, "2"), wait_for=wait_for)

    await asyncio.gather(*(one(number) for number in numbers))


def restore(directory: Path, told: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`tenkay store restore` as a person would run it."""
    return subprocess.run(
        [sys.executable, "-m", "tenkay.cli.main", "store", "restore", *arguments],
        env={**os.environ, **told, "TENKAY_STORE_DATA_DIRECTORY": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_lost_disk_comes_back_from_backup_and_supabase(
    supabase_project: SupabaseProject, tmp_path: Path
) -> None:
    told = environment(tmp_path, supabase_project, commit_copy_seconds="0.2", snapshot_hours="0")
    with StoreProcess(tmp_path, told) as process:
        async with process.filings as client, process.admin as admin:
            await commit(client, range(1, 5), store_pb2.WAIT_FOR_PRIMARY)
            made = (await admin.create_snapshot()).snapshot
            await commit(client, range(5, 9), store_pb2.WAIT_FOR_PRIMARY)
            await copied(process, tmp_path)
            # From here on the backup gets nothing any more, and Supabase everything.
            (tmp_path / "backup").rename(tmp_path / "taken away")
            (tmp_path / "backup").write_bytes(b"no folder")
            await commit(client, range(9, 13), store_pb2.WAIT_FOR_ALL)
            seen = (await admin.get_sink_status()).sequence
        process.kill()
    (tmp_path / "backup").unlink()
    (tmp_path / "taken away").rename(tmp_path / "backup")
    lost = tmp_path / "lost"
    process.data_directory.rename(lost)
    # Opened once, so that the log that the kill left is merged.
    opened = DuckDBOwner.open(lost, Limits("512MB", 2, 1), AT)
    await opened.close()

    ended = await asyncio.to_thread(restore, process.data_directory, told, "--json")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["lost"], report["refused"]) == (0, [], [])
    assert report["from_copy"] > 0
    assert report["from_second_sink"] > 0
    assert f"0.{report['newest_commit']}" == seen
    assert f"0.{report['snapshot']['sequence']}" == made.sequence
    assert contents(process.data_directory) == contents(lost)

    with StoreProcess(tmp_path, told) as process:
        async with process.filings as client, process.feed as feed:
            read = await client.get_signals(
                filing=filing_pb2.FilingRef(accession_number=accession_number(12))
            )
            assert list(read.signals) == list(of_every_kind(12, "2").signals)
            new = await client.commit_extraction(
                extraction=of_every_kind(50), wait_for=store_pb2.WAIT_FOR_ALL, timeout=60
            )
            assert new.outcome.sequence == f"0.{report['resumed_at'] + 1}"
            assert new.outcome.sinks[1].state == store_pb2.SINK_STATE_DURABLE
            with pytest.raises(OutOfRange) as expired:
                async for _ in feed.watch(from_sequence=f"0.{report['newest_commit'] + 1}"):
                    pass
            assert expired.value.reason is Reason.FEED_POSITION_EXPIRED


async def copied(process: StoreProcess, folder: Path) -> None:
    """Wait until the store's newest commit is in the backup."""
    async with process.admin as admin:
        head = int((await admin.get_sink_status()).sequence.partition(".")[2])
    for _ in range(600):
        parts = (folder / "backup" / "shards" / "0" / "commits").glob("*")
        if any(int(path.name.split("-")[1]) >= head for path in parts):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the newest commit was not copied")


async def test_supabase_gives_back_what_it_was_sent(supabase_project: SupabaseProject) -> None:
    told = SupabaseOptions(supabase_project.url, supabase_project.keys.service_role, 4, 5, 30)
    sink = SupabaseSink(told)
    sent = [
        CommitRecord(
            number,
            1,
            AT,
            replace(
                extraction_record(of_every_kind(number)),
                artifacts=(Artifact(ArtifactKind.FACTS, "ab" * 32, 2**40 + number),) if number % 3 else (),
                content_key="cd" * 32 if number % 2 else "",
                earlier_filings=(EarlierFiling(accession_number(99), "ef" * 32),) if number % 5 else (),
            ),
            fence=Fence("job", 2**62 + number) if number % 2 else None,
        )
        for number in range(1, 46)
    ]
    rated = of_every_kind(45)
    sent.append(CommitRecord(46, 1, AT, analysis_record(analysis(rated)), fence=Fence("job", 7)))
    sent.append(CommitRecord(47, 2, AT, analysis_record(analysis(rated, score=None))))
    wrong = Dispute(
        accession_number(9),
        1,
        "revenue",
        is_open=True,
        reason="WRONG_SCALE",
        said_by="an analyst",
        note="by 1,000",
    )
    sent.append(CommitRecord(48, 1, AT, wrong))
    for start in range(0, len(sent), 20):
        await sink.write(sent[start : start + 20])
    await sink.write([CommitRecord(50, 1, AT, Purge(accession_number(3), "me", "withdrawn"))])
    await sink.close()
    http, client = connect(told)
    commits = SupabaseCommits(client)
    found = [each async for each in commits.commits(0, None)]
    some = [each.sequence async for each in commits.commits(10, 13)]
    newest = await commits.newest_sequence()
    await http.aclose()
    assert [as_read_back(each) for each in found[:-1]] == [
        as_read_back(each) for each in sent if each.sequence != 3
    ]
    assert found[-1].body == Purge(accession_number(3), NOT_KNOWN, NOT_KNOWN)
    assert (some, newest) == ([11, 12, 13], 50)


def as_read_back(record: CommitRecord) -> CommitRecord:
    """A commit without its size in memory, which no database keeps."""
    body = record.body
    return (
        replace(record, body=replace(body, size_bytes=0))
        if isinstance(body, Extraction | Analysis)
        else record
    )


async def test_a_store_without_a_backup_says_how_to_have_one(tmp_path: Path) -> None:
    with StoreProcess(tmp_path) as process:
        async with process.admin as admin:
            for call in (admin.create_snapshot, admin.list_snapshots):
                with pytest.raises(FailedPrecondition, match="TENKAY_STORE_BACKUP_URL") as refused:
                    await call()
                assert refused.value.reason is Reason.BACKUP_UNUSABLE


async def test_a_store_killed_while_it_makes_a_snapshot_has_the_ones_before_and_makes_the_next(
    tmp_path: Path,
) -> None:
    told = environment(tmp_path, None, snapshot_hours="0", commit_copy_seconds="0")
    with StoreProcess(tmp_path, told) as process:
        async with process.filings as client, process.admin as admin:
            await commit(client, range(1, 4), store_pb2.WAIT_FOR_PRIMARY)
            first = (await admin.create_snapshot()).snapshot
            making = asyncio.create_task(admin.create_snapshot())
            for _ in range(60_000):
                if (process.data_directory / "snapshot.tmp").exists() or making.done():
                    break
                await asyncio.sleep(0.001)
            process.kill()
            await asyncio.gather(making, return_exceptions=True)
    with StoreProcess(tmp_path, told) as process:
        async with process.admin as admin:
            assert first in (await admin.list_snapshots()).snapshots
            second = (await admin.create_snapshot()).snapshot
            newest = await admin.list_snapshots(page_size=1)
            assert list(newest.snapshots) == [second]
            older = await admin.list_snapshots(page_token=newest.next_page_token)
            assert (first in older.snapshots, older.next_page_token) == (True, "")
            with pytest.raises(InvalidArgument):
                await admin.list_snapshots(page_token="0")
    assert not (process.data_directory / "snapshot.tmp").exists()
    report = await restored(tmp_path, lambda: AT)
    assert (report.snapshot is not None, report.filings) == (True, 3)
    assert contents(tmp_path / "restored") == contents(process.data_directory)
