"""Writing a stopped store's file anew: what was purged is gone, and a kill leaves a usable store."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenkay.cli import main
from tenkay.errors import InvalidArgument, ResourceExhausted
from tenkay_store.primary import compact as compacting
from tenkay_store.primary.compact import compact
from tenkay_store.primary.duckdb_owner import FILE_NAME, CannotOpen, DuckDBOwner, Limits
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.backups import Clock, commit_some, purge
from tests.unit.store.conftest import options
from tests.unit.store.filings import accession_number, extraction_to_commit
from tests.unit.store.whole_store import contents

SECRET = "Purged Industries of Nowhere"
LIMITS = Limits("512MB", 2, 1)


def files_with(directory: Path, words: str) -> list[str]:
    """The files below a folder that hold these words as they are."""
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and words.encode() in path.read_bytes()
    )


async def with_a_purge(directory: Path, clock: Clock) -> None:
    """A closed store whose file, for all that a purge can do, still holds what was purged."""
    store = DuckDBStore.open(options(directory), clock)
    await store.commit(extraction_to_commit(accession_number(500), company_name=SECRET))
    await commit_some(store, 1, 5)
    await store.close()
    store = DuckDBStore.open(options(directory), clock)
    await purge(store, 500)
    await store.close()
    assert files_with(directory, SECRET)


async def test_what_was_purged_is_in_no_file_any_more_and_all_else_is(tmp_path: Path, clock: Clock) -> None:
    await with_a_purge(tmp_path, clock)
    (tmp_path / "tmp").mkdir(exist_ok=True)
    for left in ("tmp/duckdb_temp_storage-0.tmp", "snapshot.tmp/snapshot.duckdb"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_bytes(SECRET.encode())
    before = contents(tmp_path)
    done = await compact(tmp_path, LIMITS, clock)
    assert files_with(tmp_path, SECRET) == []
    assert contents(tmp_path) == before
    assert done.bytes_after == (tmp_path / FILE_NAME).stat().st_size <= done.bytes_before
    assert sorted(os.listdir(tmp_path)) == ["acknowledged", "owner.lock", FILE_NAME]
    store = DuckDBStore.open(options(tmp_path), clock)
    assert store.head == done.newest_commit
    await commit_some(store, 20, 2)
    await store.close()
    await compact(tmp_path, LIMITS, clock)


KILLED = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from tenkay_store import compact, duckdb_snapshot
from tenkay_store.primary.duckdb_owner import Limits

step = sys.argv[2]
def die(*_): os._exit(137)
if step == "copied": duckdb_snapshot.verify = die
if step == "closed": compact._put_in_place = die
if step == "synced": Path.replace = die
if step == "in place": compact.sync_folder = die
asyncio.run(compact.compact(Path(sys.argv[1]), Limits("512MB", 2, 1), lambda: datetime.now(UTC)))
"""


@pytest.mark.parametrize("step", ["copied", "closed", "synced", "in place"])
async def test_a_kill_in_the_middle_leaves_a_usable_store(tmp_path: Path, clock: Clock, step: str) -> None:
    await with_a_purge(tmp_path, clock)
    before = contents(tmp_path)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step], check=False)  # noqa: ASYNC221
    assert ended.returncode == 137
    store = DuckDBStore.open(options(tmp_path), clock)
    await store.close()
    assert contents(tmp_path) == before
    assert not (tmp_path / "compacting").exists()
    await compact(tmp_path, LIMITS, clock)
    assert files_with(tmp_path, SECRET) == []
    assert contents(tmp_path) == before


async def test_a_running_store_and_an_empty_folder_are_left_alone(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(InvalidArgument, match="no store in it"):
        await compact(tmp_path, LIMITS, clock)
    assert os.listdir(tmp_path) == []
    store = DuckDBStore.open(options(tmp_path), clock)
    with pytest.raises(InvalidArgument, match="belongs to another store that is running"):
        await compact(tmp_path, LIMITS, clock)
    await commit_some(store, 1, 1)
    await store.close()


async def test_no_other_store_starts_before_the_new_file_is_there(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_a_purge(tmp_path, clock)
    put_in_place = compacting._put_in_place
    tried = []

    def meanwhile(*arguments: object) -> object:
        with pytest.raises(CannotOpen, match="belongs to another store") as refused:
            DuckDBOwner.open(tmp_path, LIMITS, clock())
        tried.append(refused)
        return put_in_place(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compacting, "_put_in_place", meanwhile)
    await compact(tmp_path, LIMITS, clock)
    assert tried


async def test_without_room_nothing_is_begun(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_a_purge(tmp_path, clock)
    before = contents(tmp_path)
    monkeypatch.setattr(DuckDBOwner, "free_bytes", 1000)
    with pytest.raises(ResourceExhausted, match="make room"):
        await compact(tmp_path, LIMITS, clock)
    assert contents(tmp_path) == before


def test_the_command_says_what_it_did(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(with_a_purge(tmp_path, clock))
    capsys.readouterr()
    command = ["store", "compact", "--data-directory", str(tmp_path), "--memory-limit", "512MB"]
    assert main.main([*command, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"bytes_before", "bytes_after", "newest_commit"}
    assert main.main(command) == 0
    assert "bytes before" in capsys.readouterr().out
    assert files_with(tmp_path, SECRET) == []
    assert main.main(["store", "compact", "--data-directory", str(tmp_path / "none")]) == 2
    assert "no store in it" in capsys.readouterr().err
