"""What a child of the local stack is, and how one is run from synchronous code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenkay.stack import child
from tenkay.stack.child_log import last_lines
from tenkay.stack.errors import CannotStartError

_PID_LINE = re.compile(rb"^pid (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Launch:
    """A program of the stack: how to start it, how to tell that it is ready, how to stop it."""

    name: str
    """Name of the child in the stack: "postgres"."""
    argv: tuple[str, ...]
    """The program and its arguments."""
    is_ready: Callable[[], bool] = lambda: True
    """Asks the program whether it serves. Answers within a second or two, never raises."""
    ready_line: bytes | None = None
    """Part of the line it prints when it serves; `is_ready` is asked after that. None: it prints none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables besides the supervisor's own."""
    working_directory: Path | None = None
    """Where it runs. None: the supervisor's own."""
    needs: tuple[str, ...] = ()
    """Names of the children that must be ready before it is started."""
    uses: tuple[str, ...] = ()
    """Names of the children it calls: they are stopped after it. It waits for them by itself when it starts."""
    prepare: Callable[[], None] | None = None
    """Done before each start, in a thread: makes folders, writes configuration. May raise CannotStartError."""
    on_ready: Callable[[], None] | None = None
    """Done each time it serves, in a thread, before others may use it. May raise CannotStartError."""
    stop_signal: signal.Signals = signal.SIGTERM
    """The signal that asks it to end."""
    stop_grace_seconds: float = child.DEFAULT_GRACE_SECONDS
    """How long it may take to end before it is killed."""
    user: str | None = None
    """The system user it runs as. None: the supervisor's own."""

    def command(self) -> list[str]:
        """Its command line, behind the shim."""
        return child.command(
            self.argv, stop_signal=self.stop_signal, grace_seconds=self.stop_grace_seconds, user=self.user
        )

    def full_environment(self) -> dict[str, str]:
        """Its whole environment."""
        return {**os.environ, **self.environment}


@contextmanager
def running(launch: Launch, log: Path, *, timeout_seconds: float = 30.0) -> Iterator[int]:
    """Runs one program while the block runs, ready when the block is entered; gives its process id.

    Raises:
        CannotStartError: it ended, or was not ready in time; the last line of its log is in the message.
    """
    if launch.prepare is not None:
        launch.prepare()
    with log.open("ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            launch.command(),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=launch.full_environment(),
            cwd=launch.working_directory,
            start_new_session=True,
        )
    try:
        _wait_until_ready(launch, process, log, start, timeout_seconds)
        if launch.on_ready is not None:
            launch.on_ready()
        yield program_pid(log.read_bytes()[start:]) or process.pid
    finally:
        process.communicate()  # ends the pipe, which is what the shim stops for


def program_pid(output: bytes) -> int | None:
    """The process id of the program, as its shim printed it."""
    found = _PID_LINE.search(output)
    return int(found[1]) if found else None


def _wait_until_ready(
    launch: Launch, process: subprocess.Popen[bytes], log: Path, start: int, timeout_seconds: float
) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not (_has_printed(launch.ready_line, log, start) and launch.is_ready()):
        if process.poll() is not None:
            raise CannotStartError(
                f"{launch.name} ended with code {process.returncode} before it was ready: {_last_line(log)}"
            )
        if time.monotonic() > deadline:
            raise CannotStartError(
                f"{launch.name} was not ready within {timeout_seconds:g} s: {_last_line(log)}"
            )
        time.sleep(0.02)


def _has_printed(line: bytes | None, log: Path, start: int) -> bool:
    return line is None or line in log.read_bytes()[start:]


def _last_line(log: Path) -> str:
    return next(iter(last_lines(log, 1)), f"nothing in {log}")
