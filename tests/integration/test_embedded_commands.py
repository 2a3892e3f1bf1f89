"""up, down, status and logs, around a stack of two small programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tenkay.stack.commands import down, logs, status, up
from tenkay.stack.errors import AlreadyRunningError, NotRunningError, WrongOptionError
from tenkay.stack.options import StackOptions
from tenkay.stack.stack_file import ChildState, StackFile

SMALL_STACK = """
    import sys
    from pathlib import Path
    import tenkay.stack.launches as launches
    from tenkay.stack.commands import up
    from tenkay.stack.errors import StackError
    from tenkay.stack.launch import Launch
    from tenkay.stack.options import StackOptions

    def plan(options, ports, keys):
        program = "import time; print('up', flush=True); time.sleep(60)"
        command = (sys.executable, "-c", program) if "--broken" not in sys.argv else ("sh", "-c", "echo no; exit 78")
        small = [Launch(name, command, ready_line=b"up") for name in ("one", "two")]
        addresses = {"query": f"127.0.0.1:{ports['query']}"}
        return launches.StackPlan(tuple(small), addresses, {}, {"cache": "redis://x"})

    launches.plan = plan
    folder = Path(sys.argv[1])
    try:
        sys.exit(up(StackOptions(var_dir=folder, edgar_mirror=folder.parent), say=lambda line: print(line, flush=True)))
    except StackError as error:
        print("refused:", error, flush=True)
        sys.exit(1)
"""


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def start(tmp_path: Path, var_dir: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs `up` of the small stack in a process of its own."""
    script = tmp_path / "small_stack.py"
    script.write_text(textwrap.dedent(SMALL_STACK))
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(script), str(var_dir), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_stack_in_the_foreground_ends_in_order_on_ctrl_c(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    process = start()
    file = ready(var_dir)
    assert file.supervisor_pid == process.pid
    assert {name: child.state for name, child in file.children.items()} == {
        "one": ChildState.READY,
        "two": ChildState.READY,
    }
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert output.splitlines()[-1] == "the stack is down"
    assert "all ready" in output
    assert not any(each.is_running() for each in family)
    with pytest.raises(NotRunningError, match="tenkay up"):
        status(var_dir)


def test_ctrl_c_twice_leaves_at_once_and_nothing_stays(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    process = start()
    ready(var_dir)
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGSTOP)  # so that both arrive before it can end in order
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    os.kill(process.pid, signal.SIGTERM)
    process.wait(timeout=20)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive


def test_a_second_stack_in_the_same_folder_is_refused_and_changes_nothing(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    start()
    before = ready(var_dir)
    output, _ = start().communicate(timeout=20)
    assert output.startswith("refused: a stack is already running in")
    with pytest.raises(AlreadyRunningError):
        up(StackOptions(var_dir=var_dir, edgar_mirror=var_dir), detach=True)
    assert StackFile.read(var_dir) == before


def test_down_stops_the_stack_and_tells_when_there_is_none(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    with pytest.raises(NotRunningError, match="no stack is running"):
        down(var_dir)
    process = start()
    ready(var_dir)
    said: list[str] = []
    down(var_dir, say=said.append)
    assert process.wait(timeout=5) == 0
    assert said == [f"the stack in {var_dir} is down"]


def test_a_killed_stack_is_no_running_one_and_its_ports_are_taken_again(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    process = start()
    first = ready(var_dir)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    with pytest.raises(NotRunningError):
        status(var_dir)
    assert not psutil.wait_procs(family, timeout=15)[1]
    start()
    second = ready(var_dir)
    assert second.addresses == first.addresses
    assert second.supervisor_pid != first.supervisor_pid


def test_a_child_that_cannot_start_is_told_in_the_foreground(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    process = start("--broken")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "could not be started: ended with code 78" in output
    assert output.rstrip().endswith("no")
    assert StackFile.read(var_dir) is None


def test_logs_are_shown_by_child_and_followed_until_the_stack_ends(
    start: Callable[..., subprocess.Popen[str]], var_dir: Path
) -> None:
    with pytest.raises(WrongOptionError, match="no stack has run there"):
        list(logs(var_dir))
    start()
    ready(var_dir)
    with pytest.raises(WrongOptionError, match="there is no log of three; there are: one, two"):
        list(logs(var_dir, ["three"]))
    assert [(line.child, line.text) for line in logs(var_dir)] == [("one", "up"), ("two", "up")]
    followed = logs(var_dir, ["two"], lines=0, following=True)
    os.kill(status(var_dir).children["two"].pid or 0, signal.SIGKILL)
    assert next(followed).text == "up"
    down(var_dir, say=lambda _: None)
    assert list(followed) == []


def test_a_source_of_filings_must_be_named_first(var_dir: Path) -> None:
    for detach in (False, True):
        with pytest.raises(WrongOptionError, match="--user-agent"):
            up(StackOptions(var_dir=var_dir), detach=detach)
    assert not var_dir.exists()


def ready(var_dir: Path) -> StackFile:
    deadline = time.monotonic() + 30
    while True:
        file = StackFile.read(var_dir)
        if file is not None and file.is_ready:
            return file
        assert time.monotonic() < deadline, "the stack was not ready in time"
        time.sleep(0.02)
