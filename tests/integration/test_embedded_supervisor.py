"""The supervisor, with small programs as children."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tenkay.stack.errors import CannotStartError
from tenkay.stack.launch import Launch
from tenkay.stack.stack_file import ChildRecord, ChildState
from tenkay.stack.supervisor import SupervisionPolicy, Supervisor

QUICK = SupervisionPolicy(ready_seconds=5, first_delay_seconds=0.05, failed_starts=3)

SERVE = """
    import os, pathlib, signal, sys, time
    name = sys.argv[1]
    def leave(*_):
        with open("stops", "a") as file:
            file.write(name + "\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    with open("starts", "a") as file:
        file.write(name + "\\n")
    print(name, "serves", flush=True)
    while True:
        time.sleep(0.02)
"""


@dataclass
class Watched:
    """What a supervisor told while it ran."""

    children: Mapping[str, ChildRecord] = field(default_factory=dict)
    states: list[tuple[str, ChildState]] = field(default_factory=list)
    is_ready: bool = False

    def update(self, children: Mapping[str, ChildRecord]) -> None:
        for name, child in children.items():
            if name not in self.children or self.children[name].state is not child.state:
                self.states.append((name, child.state))
        self.children = dict(children)

    def ready(self) -> None:
        self.is_ready = True


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., Launch]:
    script = tmp_path / "serve.py"
    script.write_text(textwrap.dedent(SERVE))

    def make(name: str, **changes: Any) -> Launch:
        return Launch(
            **{
                "name": name,
                "argv": (sys.executable, str(script), name),
                "ready_line": f"{name} serves".encode(),
                "working_directory": tmp_path,
                "stop_grace_seconds": 2.0,
                **changes,
            }
        )

    return make


@asynccontextmanager
async def supervised(tmp_path: Path, *launches: Launch, policy: SupervisionPolicy = QUICK) -> Any:
    watched, stop = Watched(), asyncio.Event()
    supervisor = Supervisor(launches, tmp_path / "log", on_change=watched.update, policy=policy)
    running = asyncio.create_task(supervisor.run(stop, on_ready=watched.ready))
    try:
        await until(lambda: watched.is_ready or running.done())
        if running.done():
            await running
        yield watched
    finally:
        stop.set()
        await running


async def test_children_start_after_what_they_need_and_stop_before_it(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    launches = [
        serve("base"),
        serve("beside", uses=("base",)),
        serve("middle", needs=("base",)),
        serve("top", needs=("middle",), uses=("base",)),
    ]
    async with supervised(tmp_path, *launches) as watched:
        assert {child.state for child in watched.children.values()} == {ChildState.READY}
    started = (tmp_path / "starts").read_text().split()
    stopped = (tmp_path / "stops").read_text().split()
    assert started.index("base") < started.index("middle") < started.index("top")
    assert stopped.index("top") < stopped.index("middle") < stopped.index("base")
    assert stopped.index("beside") < stopped.index("base")
    assert {child.state for child in watched.children.values()} == {ChildState.STOPPED}


async def test_a_killed_child_is_back_in_a_moment_and_the_others_go_on(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    async with supervised(tmp_path, serve("one"), serve("two", needs=("one",))) as watched:
        first, other = watched.children["one"].pid, watched.children["two"].pid
        os.kill(first, signal.SIGKILL)
        began = time.monotonic()
        await until(lambda: watched.children["one"].restarts == 1)
        await until(lambda: watched.children["one"].state is ChildState.READY)
        assert time.monotonic() - began < 2
        assert watched.children["one"].pid != first
        assert watched.children["two"] == ChildRecord(ChildState.READY, other, 0)
    assert ("one", ChildState.RESTARTING) in watched.states


async def test_a_killed_shim_is_replaced_and_its_program_does_not_stay_beside_the_new_one(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(60)"
    )
    launch = serve("one", argv=(sys.executable, "-c", stubborn), ready_line=b"up")
    async with supervised(tmp_path, launch) as watched:
        program = psutil.Process(watched.children["one"].pid)
        shim = program.parent()
        assert shim is not None
        shim.kill()
        await until(lambda: watched.children["one"].restarts == 1)
        await until(lambda: watched.children["one"].state is ChildState.READY)
        assert not program.is_running() or program.status() == psutil.STATUS_ZOMBIE


async def test_a_child_that_fails_at_each_start_stops_the_stack_with_its_last_lines(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    broken = serve("broken", argv=("sh", "-c", "echo the disk is on fire; exit 3"))
    with pytest.raises(CannotStartError) as raised:
        async with supervised(tmp_path, serve("fine"), broken):
            pass
    assert "broken could not be started 3 times in a row: ended with code 3" in str(raised.value)
    assert str(raised.value).endswith("the disk is on fire")
    assert (tmp_path / "stops").read_text() == "fine\n"
    assert (tmp_path / "log" / "broken.log").read_text().count("on fire") == 3


async def test_a_wrong_setting_is_not_tried_again(tmp_path: Path, serve: Callable[..., Launch]) -> None:
    wrong = serve("wrong", argv=("sh", "-c", "echo wrong: TENKAY_X is required; exit 78"))
    with pytest.raises(CannotStartError, match="wrong could not be started: ended with code 78"):
        async with supervised(tmp_path, wrong):
            pass
    assert (tmp_path / "log" / "wrong.log").read_text().count("is required") == 1


async def test_a_child_that_is_never_ready_is_ended(tmp_path: Path, serve: Callable[..., Launch]) -> None:
    policy = SupervisionPolicy(ready_seconds=0.4, first_delay_seconds=0.01, failed_starts=2)
    never = serve(
        "late", argv=("sh", "-c", "echo $$; exec sleep 60"), ready_line=b"\n", is_ready=lambda: False
    )
    with pytest.raises(
        CannotStartError, match=r"late could not be started 2 times in a row: not ready within 0\.4 s"
    ):
        async with supervised(tmp_path, never, policy=policy):
            pass
    pids = (tmp_path / "log" / "late.log").read_text().split()
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


async def test_what_must_be_done_before_others_may_use_a_child_is_done_at_each_start(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    done: list[str] = []
    launches = [serve("one", prepare=lambda: done.append("prepare"), on_ready=lambda: done.append("ready"))]
    async with supervised(tmp_path, *launches) as watched:
        os.kill(watched.children["one"].pid, signal.SIGKILL)
        await until(lambda: len(done) == 4)
    assert done == ["prepare", "ready"] * 2


async def test_work_that_fails_for_good_when_a_child_is_ready_stops_the_stack(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    def migrate() -> None:
        raise CannotStartError("20260101000000_x.sql was changed")

    with pytest.raises(
        CannotStartError, match=r"one could not be started: 20260101000000_x\.sql was changed"
    ):
        async with supervised(tmp_path, serve("one", on_ready=migrate)):
            pass


async def test_a_program_that_is_not_there_is_told_by_name(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    with pytest.raises(CannotStartError, match="cannot start no-such-program: No such file"):
        async with supervised(tmp_path, serve("gone", argv=("no-such-program",))):
            pass


async def test_a_child_that_ignores_its_stop_signal_is_killed_after_its_grace(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    deaf = "trap '' TERM; echo deaf serves; while :; do sleep 0.05; done"
    launch = serve("deaf", argv=("sh", "-c", deaf), stop_grace_seconds=0.3)
    async with supervised(tmp_path, launch) as watched:
        pid, began = watched.children["deaf"].pid, time.monotonic()
    assert 0.25 < time.monotonic() - began < 3
    assert not psutil.pid_exists(pid)


async def test_a_talkative_child_is_not_held_up_and_its_log_stays_bounded(
    tmp_path: Path, serve: Callable[..., Launch]
) -> None:
    from tenkay.stack import child_log

    talk = (
        "import time; print(('x' * 999 + '\\n') * 12_000); print('talk serves', flush=True); time.sleep(60)"
    )
    async with supervised(tmp_path, serve("talk", argv=(sys.executable, "-c", talk), ready_line=None)):
        log = tmp_path / "log" / "talk.log"
        await until(lambda: "talk serves" in child_log.last_lines(log, 1))
        assert (
            log.stat().st_size + child_log.older(log).stat().st_size
            <= 2 * child_log.MAX_FILE_BYTES + 64 * 1024
        )


def test_a_killed_supervisor_leaves_nothing_running(tmp_path: Path) -> None:
    script = tmp_path / "supervise.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, json, sys
            from pathlib import Path
            from tenkay.stack.launch import Launch
            from tenkay.stack.supervisor import Supervisor

            folder = Path(sys.argv[1])

            def changed(children):
                global pids
                pids = [child.pid for child in children.values()]

            async def main():
                program = (
                    "import subprocess, time; subprocess.Popen(['sleep', '60']); "
                    "print('up', flush=True); time.sleep(60)"
                )
                launches = [Launch(f"c{n}", (sys.executable, "-c", program), ready_line=b"up") for n in range(3)]
                supervisor = Supervisor(launches, folder / "log", on_change=changed)
                await supervisor.run(asyncio.Event(), on_ready=lambda: print(json.dumps(pids), flush=True))

            asyncio.run(main())
            """
        )
    )
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        family = psutil.Process(supervisor.pid).children(recursive=True)
        assert len(family) == 9  # three shims, three programs, three programs of theirs
        supervisor.kill()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not running(alive)


def running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.01)
