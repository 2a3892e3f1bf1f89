"""Named places at which a test lets the store die, wait or fail."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tenkay_store import failpoints
from tenkay_store.failpoints import Failpoint, FailpointReached
from tenkay_store.primary import schema
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.unit.store.filings import accession_number, extraction_to_commit


@pytest.fixture(autouse=True)
def _nothing_stays_armed() -> Iterator[None]:
    yield
    failpoints.arm("")


def _reached(point: Failpoint) -> bool:
    try:
        failpoints.reach(point)
    except FailpointReached:
        return True
    return False


def test_a_point_that_is_not_armed_does_nothing() -> None:
    failpoints.arm("after_commit=raise")
    assert not _reached(Failpoint.BEFORE_COMMIT)


def test_a_point_has_its_effect_once_and_at_its_time() -> None:
    failpoints.arm("before_commit=raise@3,after_commit=raise")
    assert [_reached(Failpoint.BEFORE_COMMIT) for _ in range(5)] == [False, False, True, False, False]
    assert [_reached(Failpoint.AFTER_COMMIT) for _ in range(2)] == [True, False]


def test_sleep_holds_the_thread() -> None:
    failpoints.arm("before_commit=sleep:0.05")
    started = time.monotonic()
    failpoints.reach(Failpoint.BEFORE_COMMIT)
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    "wrong",
    [
        "before_comit=kill",
        "before_commit=explode",
        "before_commit",
        "before_commit=kill@0",
        "before_commit=sleep:-1",
        "before_commit=kill;after_commit=kill",
    ],
)
def test_what_is_not_a_point_or_an_action_is_an_error_and_arms_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match="before_com"):
        failpoints.arm(wrong)
    assert not _reached(Failpoint.BEFORE_COMMIT)


IN_PROCESS = textwrap.dedent(
    """
    import sys, time
    from tenkay_store import failpoints
    from tenkay_store.failpoints import Failpoint
    failpoints.arm(sys.argv[1])
    for seconds in (0, 0, 5):
        with failpoints.during(Failpoint.CHECKPOINT):
            time.sleep(seconds)
        print("went on", flush=True)
    """
)


def test_a_kill_during_something_waits_until_it_takes_long_enough() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_PROCESS, "checkpoint=kill:0.5"], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split("\n") == ["went on", "went on", ""]
    assert '"failpoint": "checkpoint"' in done.stderr


async def test_a_group_that_fails_before_its_commit_changes_nothing(store: DuckDBStore) -> None:
    failpoints.arm("before_commit=raise")
    with pytest.raises(FailpointReached):
        await store.commit(extraction_to_commit(accession_number(1)))
    assert store.head == 0
    assert (await store.commit(extraction_to_commit(accession_number(1)))).sequence == 1


def test_a_migration_passes_its_point_with_each_statement() -> None:
    statements = sum(len(step) for step in schema.MIGRATIONS)
    for time_ in (1, statements):
        failpoints.arm(f"migration=raise@{time_}")
        with duckdb.connect(":memory:") as connection, pytest.raises(FailpointReached):
            schema.migrate(connection, datetime(2026, 1, 1, tzinfo=UTC))


def _start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tenkay_store"],
        env={"TENKAY_STORE_DATA_DIRECTORY": str(folder), "TENKAY_STORE_INSECURE": "true", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_store_that_is_not_under_test_refuses_to_start_with_an_armed_point(tmp_path: Path) -> None:
    refused = _start(tmp_path / "data", TENKAY_STORE_FAILPOINTS="before_commit=kill")
    assert refused.returncode == 78
    assert "TENKAY_STORE_UNDER_TEST" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_an_unknown_point_ends_the_start_with_the_names_there_are(tmp_path: Path) -> None:
    refused = _start(tmp_path / "data", TENKAY_STORE_FAILPOINTS="commit=kill", TENKAY_STORE_UNDER_TEST="true")
    assert refused.returncode == 78
    assert "TENKAY_STORE_FAILPOINTS" in refused.stderr
    assert all(point in refused.stderr for point in Failpoint)
