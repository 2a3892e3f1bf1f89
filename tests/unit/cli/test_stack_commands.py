"""The commands about the local stack, and finding services through the file it leaves."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenkay.cli.addresses import Addresses
from tenkay.cli.failures import NoServiceError
from tenkay.cli.main import main
from tenkay.stack.stack_file import ChildRecord, ChildState, StackFile, StackLock


def stack_file(*, is_ready: bool) -> StackFile:
    return StackFile(
        supervisor_pid=os.getpid(),
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        is_ready=is_ready,
        addresses={"query": "127.0.0.1:24001"},
        metrics={"query": "http://127.0.0.1:24002/metrics"},
        otlp_endpoint="127.0.0.1:4317",
        children={
            "postgres": ChildRecord(ChildState.READY, pid=41),
            "query": ChildRecord(ChildState.RESTARTING, restarts=2),
        },
    )


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TENKAY_QUERY_ADDRESS", raising=False)
    monkeypatch.delenv("TENKAY_FETCHER_USER_AGENT", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "var"


@pytest.fixture
def running(var: Path) -> Iterator[Path]:
    """A folder whose stack runs, as far as its lock and its file tell."""
    var.mkdir()
    lock = StackLock(var)
    stack_file(is_ready=True).write(var)
    yield var
    lock.release()


@pytest.mark.parametrize("command", ["status", "down"])
def test_without_a_stack_there_is_nothing_to_show_or_stop(
    command: str, var: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--var", str(var)]) == 3
    assert capsys.readouterr().err == f"tenkay: no stack is running in {var}: `tenkay up` starts one\n"


def test_a_stack_that_has_gone_is_not_taken_for_a_running_one(
    var: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    var.mkdir()
    StackLock(var).release()
    stack_file(is_ready=True).write(var)
    assert main(["status", "--var", str(var)]) == 3
    assert "no stack is running" in capsys.readouterr().err
    with pytest.raises(NoServiceError, match="no stack is running"):
        Addresses(var).endpoint("query")


def test_status_shows_every_part(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--var", str(running)]) == 0
    printed = capsys.readouterr().out
    assert "is ready; its supervisor is process" in printed
    assert "spans go to 127.0.0.1:4317" in printed
    postgres, query = (
        next(row.split() for row in printed.splitlines() if row.startswith(name))
        for name in ("postgres", "query")
    )
    assert postgres == ["postgres", "ready", "41", "0", "—", "—"]
    assert query == ["query", "restarting", "—", "2", "127.0.0.1:24001", "http://127.0.0.1:24002/metrics"]


def test_status_as_json_is_the_stack_file(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json", "--var", str(running)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((running / "stack.json").read_text())


def test_status_is_code_3_until_all_is_ready(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file(is_ready=False).write(running)
    assert main(["status", "--var", str(running)]) == 3
    assert "is not ready yet" in capsys.readouterr().out


def test_services_are_found_through_the_stacks_file(running: Path) -> None:
    endpoint = Addresses(running).endpoint("query")
    assert endpoint.address == "127.0.0.1:24001"
    assert endpoint.plaintext
    assert Addresses(running).otlp_endpoint() == "127.0.0.1:4317"
    with pytest.raises(NoServiceError, match="pipeline"):
        Addresses(running).endpoint("pipeline")


def test_a_damaged_stack_file_is_a_wrong_setting(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (running / "stack.json").write_text("{")
    assert main(["filings", "--var", str(running)]) == 78
    printed = capsys.readouterr().err
    assert "is damaged" in printed
    assert len(printed.splitlines()) == 1


def test_a_second_stack_in_the_same_folder_is_refused(
    running: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = running / "edgar"
    mirror.mkdir()
    assert main(["up", "--var", str(running), "--edgar-mirror", str(mirror), "--detach"]) == 1
    assert "a stack is already running" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no source of filings: give --user-agent"),
        (["--edgar-mirror", "/nowhere"], "--edgar-mirror /nowhere: there is no such folder"),
        (["--edgar-url", "ftp://there"], "--edgar-url ftp://there: give an address"),
        (["--user-agent", "A a@b.example", "--port", "query"], "--port 'query' is not NAME=PORT"),
        (["--user-agent", "A a@b.example", "--port", "query=65536"], "is not NAME=PORT"),
        (["--user-agent", "A a@b.example", "--port", "=5"], "is not NAME=PORT"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_a_stack_that_cannot_be_is_refused_before_anything_starts(
    arguments: list[str], says: str, var: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--var", str(var), *arguments]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not (var / "stack.json").exists()


@pytest.mark.parametrize(("detached", "code"), [([], 2), (["--detach"], 1)])
def test_a_port_in_use_is_refused_before_anything_starts(
    detached: list[str], code: int, var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "edgar").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["--edgar-mirror", str(tmp_path / "edgar"), "--port", f"query={port}", *detached]
        assert main(["up", "--var", str(var), *arguments]) == code
    printed = capsys.readouterr()
    assert printed.err == (
        f"tenkay: port {port} for query is in use: choose another one, or end what listens on it\n"
    )
    assert not (var / "stack.json").exists()
    assert not (var / "keys.json").exists()
    # Nothing holds the folder: the next start is not told of a stack that runs.
    assert main(["status", "--var", str(var)]) == 3


def test_without_disk_space_nothing_starts_and_nothing_is_left(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "edgar").mkdir()
    monkeypatch.setattr("tenkay.stack.options._NEEDED_DISK_BYTES", 10**18)
    for detached in ([], ["--detach"]):
        assert main(["up", "--var", str(var), "--edgar-mirror", str(tmp_path / "edgar"), *detached]) == 2
        printed = capsys.readouterr().err
        assert len(printed.splitlines()) == 1
        assert f"not enough disk space in {var}" in printed
        assert "make room, or choose another folder with --var" in printed
        assert not var.exists()


def test_logs_are_shown_by_part(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = running / "log"
    log.mkdir()
    (log / "query.log").write_text("one\ntwo\nthree \x1b[31m\n")
    (log / "store.log").write_text("four\n")
    assert main(["logs", "query", "--lines", "2", "--var", str(running)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["query", "two"],
        ["query", "three", "[31m"],
    ]
    assert main(["logs", "--var", str(running)]) == 0
    assert "four" in capsys.readouterr().out
    assert main(["logs", "quarry", "--var", str(running)]) == 2
    assert "there is no log of quarry; there are: query, store" in capsys.readouterr().err
