"""Valkey and Postgres from wheels, and the shim that nothing outlives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from tenkay.stack import child
from tenkay.stack.errors import CannotStartError
from tenkay.stack.launch import Launch, running
from tenkay.stack.ports import LOOPBACK, free_port
from tenkay.stack.postgres import PostgresFolders, postgres
from tenkay.stack.valkey import ValkeyRole, valkey
from tests.stack_fixtures import ValkeyServer, connected


@pytest.fixture
def folder(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    made: Path = server_folder / request.node.name
    made.mkdir()
    return made


def test_the_cache_evicts_and_keeps_nothing_over_a_restart(folder: Path) -> None:
    port = free_port()
    launch = valkey(ValkeyRole.CACHE, port=port, directory=folder, memory_bytes=4 * 1024 * 1024)
    with running(launch, folder / "log"), _client(port) as client:
        for number in range(8000):
            client.set(f"key{number}", b"x" * 1024)
        assert 0 < client.dbsize() < 8000
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lfu"}
        assert client.config_get("bind") == {"bind": LOOPBACK}
    with running(launch, folder / "log"), _client(port) as client:
        assert client.dbsize() == 0


def test_the_broker_refuses_writes_at_its_limit_and_keeps_all_over_a_kill(folder: Path) -> None:
    port = free_port()
    launch = valkey(ValkeyRole.BROKER, port=port, directory=folder, memory_bytes=4 * 1024 * 1024)
    with running(launch, folder / "log") as pid, _client(port) as client:
        client.rpush("queue", "first", "second")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.mset({f"key{number}": b"x" * 1024 for number in range(8000)})
        time.sleep(1.2)  # the file is flushed each second
        os.kill(pid, signal.SIGKILL)
    with running(launch, folder / "log"), _client(port) as client:
        assert client.lrange("queue", 0, -1) == [b"first", b"second"]


def test_a_port_in_use_is_one_clear_line(folder: Path, valkey_cache: ValkeyServer) -> None:
    launch = valkey(ValkeyRole.BROKER, port=valkey_cache.port, directory=folder)
    not_ours = Launch(launch.name, launch.argv, is_ready=lambda: False, prepare=launch.prepare)
    with (
        pytest.raises(CannotStartError, match=r"valkey-broker ended with code 1 before .*listen"),
        running(not_ours, folder / "log"),
    ):
        pass


async def test_postgres_keeps_its_rows_over_a_kill_and_listens_on_a_socket_only(folder: Path) -> None:
    folders = PostgresFolders.under(folder)
    with running(postgres(folders), folder / "log") as pid:
        async with connected(folders.url()) as connection:
            await connection.execute("create table t (a int); insert into t values (7)")
            assert not psutil.Process(pid).net_connections(kind="inet")
        os.kill(pid, signal.SIGKILL)
    with running(postgres(folders), folder / "log"):
        async with connected(folders.url()) as connection:
            assert await connection.fetchval("select a from t") == 7


def test_an_initdb_that_was_killed_half_way_is_done_again(folder: Path) -> None:
    folders = PostgresFolders.under(folder)
    unfinished = folders.data.with_name("data.new")
    (unfinished / "base").mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with running(postgres(folders, durable=False), folder / "log"):
        assert folders.data.is_dir()
        assert not unfinished.exists()


def test_a_second_postgres_on_the_same_data_is_refused_by_name(folder: Path) -> None:
    folders = PostgresFolders.under(folder)
    with (
        running(postgres(folders, durable=False), folder / "log") as pid,
        pytest.raises(CannotStartError, match=f"process {pid}"),
        running(postgres(folders, durable=False), folder / "log2"),
    ):
        pass


def test_a_socket_path_too_long_for_the_kernel_moves_to_the_temporary_folder(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    folders = PostgresFolders.under(deep)
    with running(postgres(folders, durable=False), folder / "log"):
        assert (folders.socket / ".s.PGSQL.5432").is_socket()
    assert PostgresFolders.under(deep) == folders


@pytest.fixture
def family(folder: Path) -> Iterator[Callable[[str], tuple[int, dict[str, int]]]]:
    """Starts a parent that runs a Python program behind the shim; gives the pids of parent, shim and descendants."""
    parents: list[subprocess.Popen[bytes]] = []

    def start(program: str) -> tuple[int, dict[str, int]]:
        script = folder / "program.py"
        script.write_text(textwrap.dedent(program))
        parent_script = folder / "parent.py"
        parent_script.write_text(
            "import json, subprocess, sys, time\n"
            "shim = subprocess.Popen(json.loads(sys.argv[1]), stdin=subprocess.PIPE)\n"
            "print(shim.pid, flush=True)\n"
            "time.sleep(60)\n"
        )
        command = child.command([sys.executable, str(script), str(folder)], grace_seconds=1)
        parent = subprocess.Popen(
            [sys.executable, str(parent_script), json.dumps(command)], stdout=subprocess.PIPE
        )
        parents.append(parent)
        assert parent.stdout is not None
        pids = {"shim": int(parent.stdout.readline())}
        _until(lambda: (folder / "started").exists())
        lines = (folder / "started").read_text().splitlines()
        pids |= {name: int(pid) for name, pid in (line.split() for line in lines)}
        return parent.pid, pids

    yield start
    for parent in parents:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()


STUBBORN = """
    import os, signal, subprocess, sys, time
    from pathlib import Path
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleeper = subprocess.Popen(["sleep", "60"])
    stray = subprocess.Popen(["sleep", "60"], start_new_session=True)
    file = Path(sys.argv[1]) / "unfinished"
    file.write_text(f"program {os.getpid()}\\nchild {sleeper.pid}\\nstray {stray.pid}\\n")
    file.rename(file.with_name("started"))
    time.sleep(60)
"""


def test_a_killed_parent_leaves_no_process_however_stubborn(
    family: Callable[[str], tuple[int, dict[str, int]]],
) -> None:
    parent, pids = family(STUBBORN)
    os.kill(parent, signal.SIGKILL)
    _until(lambda: not _alive(pids.values()), seconds=5)


def test_a_killed_shim_takes_its_program_along(family: Callable[[str], tuple[int, dict[str, int]]]) -> None:
    _, pids = family(
        """
        import os, sys, time
        from pathlib import Path
        file = Path(sys.argv[1]) / "unfinished"
        file.write_text(f"program {os.getpid()}\\n")
        file.rename(file.with_name("started"))
        time.sleep(60)
        """
    )
    os.kill(pids["shim"], signal.SIGKILL)
    _until(lambda: not _alive([pids["program"]]), seconds=5)


def test_the_shim_tells_how_the_program_ended() -> None:
    def code_of(*program: str) -> int:
        with subprocess.Popen(
            child.command(program), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as shim:
            assert shim.stdin is not None
            return shim.wait()

    assert code_of("true") == 0
    assert code_of("sh", "-c", "exit 7") == 7
    assert code_of("sh", "-c", "kill -9 $$") == 137
    assert code_of("no-such-program-anywhere") == child.CANNOT_START_EXIT_CODE


def test_the_shim_passes_the_stop_signal_on_and_waits_for_an_orderly_end(folder: Path) -> None:
    script = "trap 'sleep 0.2; echo bye; exit 3' INT; echo ready; while :; do sleep 0.05; done"
    command = child.command(["sh", "-c", script], stop_signal=signal.SIGINT, grace_seconds=5)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as shim:
        assert shim.stdout is not None
        assert shim.stdout.readline() == b"ready\n"
        shim.terminate()
        assert shim.stdout.readline() == b"bye\n"
        assert shim.wait() == 3


def test_a_wrong_option_of_the_shim_prints_its_usage() -> None:
    done = subprocess.run(
        [sys.executable, child.__file__, "--grace"], capture_output=True, text=True, check=False
    )
    assert done.returncode == child.USAGE_EXIT_CODE
    assert "PROGRAM ARGS" in done.stderr


def _client(port: int) -> redis.Redis:
    return redis.Redis(port=port)


def _alive(pids: Iterable[int]) -> list[int]:
    return [
        pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def _until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)
