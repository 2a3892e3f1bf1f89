"""`tenkay store restore`: its options, what it prints and how it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenkay.cli import main
from tenkay.errors import InvalidArgument
from tenkay_store.backups.backup import SnapshotName
from tenkay_store.backups.commit_parts import Range
from tenkay_store.backups.restore_report import Problem, Report, Until
from tenkay_store.command import parse_until, report_lines
from tests.unit.store.backups import Clock, CopiedStore, commit_some, hold_text
from tests.unit.store.whole_store import contents

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        (None, Until()),
        ("3.1234", Until(sequence=1234)),
        ("2026-01-31T12:00:00Z", Until(recorded_at=NOON)),
        ("2026-01-31T13:00:00+01:00", Until(recorded_at=NOON)),
        ("2026-01-31T12:00", Until(recorded_at=NOON)),
    ],
)
def test_an_end_is_a_commit_or_a_moment(text: str | None, until: Until) -> None:
    assert parse_until(text, 3) == until


@pytest.mark.parametrize("text", ["", "0.1234", "3.1,4.2", "1234", "yesterday"])
def test_any_other_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"such as 3\.1234"):
        parse_until(text, 3)


def test_the_report_says_what_is_back_and_what_is_not() -> None:
    report = Report(
        snapshot=SnapshotName(90, NOON),
        damaged=[Problem("the copy of commits 101 to 110", "it is missing")],
        from_copy=1200,
        from_second_sink=3,
        purges_without_record=["0000000001-24-000001"],
        refused=[Problem("commit 120 of 0000000001-24-000002", "its extraction is lost")],
        refused_count=5,
        lost=[Range(100, 101), Range(104, 110)],
        missing_artifacts=[Problem("the text ab12 of 0000000001-24-000003", "it is not held")],
        missing_artifact_count=3,
        filings=1000,
        complete_up_to=100,
        newest_commit=150,
        resumed_at=10**12,
    )
    assert report_lines(report, 2) == [
        "restored 1,000 filings, up to commit 2.150",
        "  from the snapshot of commit 2.90, 1,200 copied commits, 3 commits of Supabase",
        "  complete up to 2.100; new commits come after 2.1000000000000",
        "  cannot be used: the copy of commits 101 to 110: it is missing",
        "  lost: commit 2.101",
        "  lost: commits 2.105 to 2.110",
        "  not put back: commit 120 of 0000000001-24-000002: its extraction is lost",
        "  and 4 more that were not put back",
        "  missing: the text ab12 of 0000000001-24-000003; ingest the filing again",
        "  3 texts and facts are missing in all",
        "  the purge of 0000000001-24-000001 is there; who asked for it, and why, is lost",
    ]


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The command with a backup and a new data directory, and nothing from the environment."""
    for name in ("BACKUP_URL", "DATA_DIRECTORY", "SHARD", "SUPABASE_URL", "SUPABASE_KEY", "MEMORY_LIMIT"):
        monkeypatch.delenv(f"TENKAY_STORE_{name}", raising=False)
    place = ["--from", f"file://{tmp_path}/backup", "--data-directory", str(tmp_path / "new")]
    return ["store", "restore", *place, "--memory-limit", "512MB"]


async def a_backup(folder: Path, clock: Clock) -> CopiedStore:
    async with CopiedStore(folder, clock) as lost:
        await commit_some(lost.store, 1, 2)
        await lost.snapshots.create()
        await commit_some(lost.store, 3, 2)
        await lost.copy.flush()
    return lost


def test_it_restores_and_prints_one_document(
    tmp_path: Path, clock: Clock, command_line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = asyncio.run(a_backup(tmp_path, clock))
    hold_text(tmp_path / "new" / "objects")
    capsys.readouterr()
    assert main.main([*command_line, "--json"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["filings"], report["lost"], report["refused_count"]) == (4, [], 0)
    assert printed.err == ""
    assert contents(tmp_path / "new") == contents(lost.directory)
    assert main.main(command_line) == 2
    assert "has a store in it" in capsys.readouterr().err


def test_known_losses_end_it_with_another_code(
    tmp_path: Path, clock: Clock, command_line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(a_backup(tmp_path, clock))
    (part,) = (tmp_path / "backup" / "shards" / "0" / "commits").iterdir()
    part.write_bytes(b"damaged")
    capsys.readouterr()
    assert main.main(command_line) == 1
    printed = capsys.readouterr()
    assert "lost: commits 0.5 to 0." in printed.out
    assert "cannot be used" in printed.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--until", "yesterday"], 2, "--until is 'yesterday'"),
        (["--from", "ftp://elsewhere"], 2, "objects cannot be kept at ftp://elsewhere"),
        (["--supabase-url", "http://127.0.0.1:9"], 2, "TENKAY_STORE_SUPABASE_KEY"),
        ([], 1, "nothing of shard 0 to restore from"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    command_line: list[str],
    arguments: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main([*command_line, *arguments]) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
