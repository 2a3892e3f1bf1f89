"""The stack file, its lock, the ports and the options."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenkay.stack import ports
from tenkay.stack.errors import AlreadyRunningError, CannotStartError, StackError, WrongOptionError
from tenkay.stack.options import StackOptions
from tenkay.stack.ports import LOOPBACK, choose_ports, free_port
from tenkay.stack.stack_file import ChildRecord, ChildState, StackFile, StackLock, is_running

FILE = StackFile(
    supervisor_pid=os.getpid(),
    started_at=datetime.now(UTC).isoformat(),
    is_ready=True,
    addresses={"query": "127.0.0.1:20000"},
    metrics={"query": "http://127.0.0.1:20001/metrics"},
    urls={"cache": "redis://127.0.0.1:20002/0"},
    otlp_endpoint=None,
    ports={"query": 20000},
    children={"query": ChildRecord(ChildState.READY, 7, 1)},
)


def test_a_file_is_read_back_as_written_while_its_supervisor_holds_the_lock(tmp_path: Path) -> None:
    lock = StackLock(tmp_path)
    FILE.write(tmp_path)
    assert StackFile.read(tmp_path) == FILE
    lock.release()
    assert StackFile.read(tmp_path) is None
    assert StackFile.left_behind(tmp_path) == FILE


def test_the_file_of_a_stack_that_was_killed_is_not_taken_for_its_successors(tmp_path: Path) -> None:
    lock = StackLock(tmp_path)  # the successor, which has not written its own yet
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    replace(FILE, supervisor_pid=gone.pid).write(tmp_path)
    assert StackFile.read(tmp_path) is None
    replace(FILE, started_at="2020-01-01T00:00:00+00:00").write(tmp_path)  # its number is another's now
    assert StackFile.read(tmp_path) is None
    lock.release()


def test_without_a_file_there_is_no_stack(tmp_path: Path) -> None:
    assert StackFile.read(tmp_path) is None
    assert StackFile.left_behind(tmp_path / "nowhere") is None
    assert not is_running(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"children": 5}', '{"children": {}, "colour": "red"}']
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)
    with pytest.raises(StackError, match=r"stack\.json is damaged .*: remove it"):
        StackFile.left_behind(tmp_path)


def test_the_lock_is_had_once_and_ends_with_its_process(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from tenkay.stack.stack_file import StackLock; "
        "lock = StackLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_running(tmp_path)
        with pytest.raises(AlreadyRunningError, match="already running"):
            StackLock(tmp_path)
        holder.kill()
    assert not is_running(tmp_path)
    StackLock(tmp_path).release()


def test_ports_are_kept_where_they_are_still_free() -> None:
    first = choose_ports(["a", "b", "c"], given={}, before={})
    assert len(set(first.values())) == 3
    with socket.create_server((LOOPBACK, first["b"])):
        second = choose_ports(["a", "b", "c"], given={}, before=first)
    assert (second["a"], second["c"]) == (first["a"], first["c"])
    assert second["b"] not in first.values()


def test_a_port_that_another_process_has_chosen_is_not_chosen_again_while_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = (
        "import sys; from tenkay.stack import ports; print(ports.free_port(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert free_port(port) != port
        monkeypatch.setattr(ports, "_RANGE", range(port, port + 1))
        with pytest.raises(CannotStartError, match="no free TCP port"):
            free_port()
        other.kill()
    assert free_port() == port
    assert free_port(port) == port
    with pytest.raises(CannotStartError, match="no free TCP port"):
        free_port()


def test_a_given_port_is_taken_or_refused_by_name() -> None:
    port = free_port()
    assert choose_ports(["a", "b"], given={"b": port}, before={"a": port})["b"] == port
    with (
        socket.create_server((LOOPBACK, port)),
        pytest.raises(WrongOptionError, match=f"port {port} for a is in use"),
    ):
        choose_ports(["a"], given={"a": port}, before={})
    with pytest.raises(WrongOptionError, match="is in use"):
        choose_ports(["a", "b"], given={"a": port, "b": port}, before={})
    with pytest.raises(WrongOptionError, match="no port called 'x'; there are: a"):
        choose_ports(["a"], given={"x": port}, before={})
    with pytest.raises(WrongOptionError, match="is in use"):
        choose_ports(["a"], given={"a": 99_999}, before={})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "--user-agent"),
        ({"edgar_url": "https://www.sec.gov"}, "--user-agent"),
        ({"edgar_url": "https://data.sec.gov/x"}, "--user-agent"),
        ({"edgar_url": "ftp://x"}, "give an address like"),
        ({"edgar_mirror": Path("/no/such/folder")}, "there is no such folder"),
        ({"edgar_mirror": Path("/"), "edgar_url": "http://x"}, "exclude each other"),
    ],
)
def test_a_source_that_is_missing_or_wrong_is_told_before_anything_starts(
    tmp_path: Path, options: dict[str, object], says: str
) -> None:
    with pytest.raises(WrongOptionError, match=says):
        StackOptions(var_dir=tmp_path / "var", **options).check()  # type: ignore[arg-type]
    assert not (tmp_path / "var").exists()


def test_sources_that_need_no_contact_or_have_one_are_taken(tmp_path: Path) -> None:
    for options in (
        StackOptions(var_dir=tmp_path, user_agent="Example Corp admin@example.com"),
        StackOptions(var_dir=tmp_path, edgar_mirror=tmp_path),
        StackOptions(var_dir=tmp_path, edgar_url="http://127.0.0.1:1"),
    ):
        options.check()
        assert StackOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


def test_a_folder_that_cannot_be_made_and_a_full_disk_are_one_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongOptionError, match=r"cannot use the folder .*: Not a directory"):
        StackOptions(var_dir=tmp_path / "file" / "var", edgar_mirror=tmp_path).check()
    monkeypatch.setattr("tenkay.stack.options._NEEDED_DISK_BYTES", 10**18)
    with pytest.raises(WrongOptionError, match=r"not enough disk space in .*: \d+ MB are free"):
        StackOptions(var_dir=tmp_path / "var", edgar_mirror=tmp_path).check()
    assert not (tmp_path / "var").exists()
