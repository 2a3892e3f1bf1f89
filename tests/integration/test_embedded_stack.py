"""The whole local stack, as `tenkay up --detach` starts it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import redis

from tenkay.stack.commands import down, logs, status, up
from tenkay.stack.launches import QUEUES, SERVICES, serves_health
from tenkay.stack.options import StackOptions
from tenkay.stack.stack_file import ChildState, StackFile

CHILDREN = {
    *("valkey-broker", "valkey-cache", "postgres", "rest-gateway", "edgar-mirror"),
    *SERVICES,
    *(f"worker-{queue}" for queue in QUEUES),
}


@pytest.fixture
def options(server_folder: Path) -> Iterator[StackOptions]:
    folder = server_folder / "stack"
    (folder / "edgar" / "Archives").mkdir(parents=True)
    options = StackOptions(var_dir=folder / "var", edgar_mirror=folder / "edgar")
    yield options
    if StackFile.read(options.var_dir) is not None:
        down(options.var_dir, say=lambda _: None)


@pytest.mark.timeout(300)
def test_a_stack_comes_up_survives_what_is_killed_and_goes_down(options: StackOptions) -> None:
    var_dir = options.var_dir
    said: list[str] = []
    assert up(options, detach=True, say=said.append) == 0
    assert "is up (process" in said[0]
    first = status(var_dir)
    assert set(first.children) == CHILDREN
    assert {child.state for child in first.children.values()} == {ChildState.READY}
    assert set(first.addresses) == set(SERVICES)
    assert all(serves_health(port_of(address)) for address in first.addresses.values())
    for page in first.metrics.values():
        assert "tenkay_" in httpx.get(page).text
    assert httpx.get(f"{first.urls['supabase']}/ready").status_code == 200
    with redis.Redis.from_url(first.urls["broker"]) as broker:
        broker.set("kept", "yes")
    assert {line.child for line in logs(var_dir, lines=1)} >= set(SERVICES)

    # A killed service is back on its address.
    killed = first.children["query"]
    os.kill(killed.pid or 0, signal.SIGKILL)
    until(lambda: status(var_dir).children["query"].restarts == 1, seconds=10)
    until(lambda: status(var_dir).children["query"].state is ChildState.READY, seconds=30)
    assert serves_health(port_of(first.addresses["query"]))
    assert {name for name, child in status(var_dir).children.items() if child.restarts} == {"query"}

    # A killed supervisor leaves nothing.
    supervisor = psutil.Process(first.supervisor_pid)
    family = supervisor.children(recursive=True)
    assert len(family) >= 2 * len(CHILDREN)
    supervisor.kill()
    until(lambda: not [each for each in family if lives(each)], seconds=30)
    assert StackFile.read(var_dir) is None

    # What was kept is picked up again, on the same addresses.
    assert up(options, detach=True, say=said.append) == 0
    second = status(var_dir)
    assert (second.addresses, second.urls) == (first.addresses, first.urls)
    with redis.Redis.from_url(second.urls["broker"]) as broker:
        assert broker.get("kept") == b"yes"

    family = psutil.Process(second.supervisor_pid).children(recursive=True)
    down(var_dir, say=said.append)
    assert not [each for each in family if lives(each)]
    assert (var_dir / "log" / "supervisor.log").read_text().rstrip().endswith("the stack is down")


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)
