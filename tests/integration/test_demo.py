"""The demo as `make demo` runs it, stopped in the middle and whole.

All runs are in one folder: each shows that the one before left nothing in its way, so the whole one comes after those
that were killed, and those that Ctrl-C stops come after it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tenkay.errors import TenkayError
from tenkay.stack.stack_file import StackFile
from tests.conftest import REPOSITORY
from tests.whole_stack import WholeStack

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("whole_stack")]

LEFT_BEHIND_SECONDS = 30.0
"""How long the stack may take to end when what it hangs on was killed."""


@pytest.fixture(scope="module")
def folder(server_folder: Path) -> Path:
    """Where the demos run."""
    folder = server_folder / "demo"
    folder.mkdir()
    return folder


def test_a_killed_demo_leaves_nothing(folder: Path) -> None:
    with demo(folder) as running:
        until(lambda: has_stored_some(folder), running)
        assert len(processes_of(folder)) > len(parts_of(folder)) > 0
        running.kill()
        running.communicate()
        until(lambda: not processes_of(folder))


def test_a_demo_whose_stack_is_killed_says_so_and_leaves_nothing(folder: Path) -> None:
    with demo(folder) as running:
        until(lambda: has_stored_some(folder), running)
        stack = StackFile.read(folder / "var" / "demo")
        assert stack is not None
        os.kill(stack.supervisor_pid, signal.SIGKILL)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 1
        assert said.splitlines()[-1] == (
            "demo: the stack ended in the middle of the ingest (logs: var/demo/log)"
        )
        assert "Traceback" not in said
        until(lambda: not processes_of(folder))


def test_the_demo_shows_ratings_flags_with_quotes_a_screen_and_latencies(folder: Path) -> None:
    with demo(folder) as running:
        assert_it_shows_all(running)
        assert not processes_of(folder)


def test_ctrl_c_while_the_stack_starts_leaves_nothing(folder: Path) -> None:
    with demo(folder) as running:
        until(lambda: bool(parts_of(folder)), running)
        assert_ctrl_c_stops_it(running)
        assert not processes_of(folder)


def test_ctrl_c_during_ingest_leaves_nothing(folder: Path) -> None:
    with demo(folder) as running:
        until(lambda: has_stored_some(folder), running)
        assert_ctrl_c_stops_it(running)
        assert not processes_of(folder)


@contextmanager
def demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo, running; whatever comes, nothing of it is left after the block."""
    running = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "scripts" / "demo.py")],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
    # Only when the test has failed is there anything.
    for process in processes_of(folder):
        process.kill()


def assert_it_shows_all(running: subprocess.Popen[str]) -> None:
    shown, said = running.communicate(timeout=150)
    assert running.returncode == 0, shown + said
    assert_only_counts(said)
    assert "62 of 62 filings are stored: " in shown
    ratings = dict(re.findall(r" (LKFI|PLDM|CRVX) +\S+ +(\w+) \d+\.\d ", shown))
    assert ratings == {"LKFI": "sound", "PLDM": "critical", "CRVX": "sound"}
    flags = shown[shown.index("The distressed company") : shown.index("A screen")]
    for flag, quoted in (
        ("going_concern", "raise substantial doubt about"),
        ("material_weakness", "identified the following material weaknesses"),
    ):
        # Between this flag and the next one is what proves it.
        assert quoted in " ".join(flags.split(f"⚑ {flag} ")[1].split("⚑")[0].split())
    screen = shown[shown.index("A screen") : shown.index("Cold against cached")]
    assert len(re.findall(r"10-K +20\d\d-\d\d-\d\d .* [01]\.\d+ *$", screen, re.MULTILINE)) == 3
    (cold,) = re.findall(r"miss +20 +(\d+\.\d+) ms", shown)
    (cached,) = re.findall(r"hit +100 +(\d+\.\d+) ms", shown)
    assert float(cached) < float(cold)
    assert re.search(r"In all \d+\.\d s\.", shown)


def assert_ctrl_c_stops_it(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    shown, said = running.communicate(timeout=60)
    assert running.returncode == 130, shown + said
    assert shown.endswith("\nStopped, and the stack with it.\n")
    assert_only_counts(said)


def assert_only_counts(said: str) -> None:
    """Without a terminal the progress is told in lines, and nothing else is."""
    assert all(re.fullmatch(r"fetched \d+, extracted .* of 62", line) for line in said.splitlines()), said


def has_stored_some(folder: Path) -> bool:
    var = folder / "var" / "demo"
    stack = StackFile.read(var)
    if stack is None or not stack.is_ready:
        return False
    try:
        with WholeStack(var, var / "edgar").store() as store:
            return bool(store.list_filings(page_size=1, timeout=5).filings)
    except TenkayError:
        return False


def parts_of(folder: Path) -> set[str]:
    """The parts of the stack that run."""
    stack = StackFile.read(folder / "var" / "demo")
    return set() if stack is None else {name for name, part in stack.children.items() if part.pid is not None}


def processes_of(folder: Path) -> list[psutil.Process]:
    """All that run in the folder or below it, or name it in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and (
                Path(process.cwd()).is_relative_to(folder) or str(folder) in " ".join(process.cmdline())
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def until(condition: Callable[[], bool], running: subprocess.Popen[str] | None = None) -> None:
    """Waits for that; when a demo is named, only as long as it runs."""
    deadline = time.monotonic() + (LEFT_BEHIND_SECONDS if running is None else 120)
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        assert running is None or running.poll() is None, "the demo ended before that"
        time.sleep(0.02)
