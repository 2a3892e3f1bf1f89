"""What a child of the local stack is, and how one is started, watched and stopped from synchronous code."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenkay.stack import child

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Launch:
    """A program of the stack: how to start it, how to tell that it is ready, how to stop it."""

    name: str
    """Name of the child in the stack: "postgres"."""
    argv: tuple[str, ...]
    """The program and its arguments."""
    is_ready: Callable[[], bool]
    """Asks the program whether it serves. Answers within a second, never raises."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables besides the supervisor's own."""
    working_directory: Path | None = None
    """Where it runs. None: the supervisor's own."""
    needs: tuple[str, ...] = ()
    """Names of the children that must be ready before it is started."""
    prepare: Callable[[], None] | None = None
    """Done before each start, in a thread: makes folders, writes configuration."""
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


class CannotStartError(RuntimeError):
    """A program of the stack did not become ready. The message says which one and why, in one line."""


@contextmanager
def running(launch: Launch, log: Path, *, timeout_seconds: float = 30.0) -> Iterator[int]:
    """Runs one program while the block runs, ready when the block is entered; gives its process id.

    Raises:
        CannotStartError: it ended, or was not ready in time; the last line of its log is in the message.
    """
    if launch.prepare is not None:
        launch.prepare()
    with log.open("ab") as output:
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
        _wait_until_ready(launch, process, log, timeout_seconds)
        yield program_pid(log) or process.pid
    finally:
        process.communicate()  # ends the pipe, which is what the shim stops for


def _wait_until_ready(
    launch: Launch, process: subprocess.Popen[bytes], log: Path, timeout_seconds: float
) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not launch.is_ready():
        if process.poll() is not None:
            raise CannotStartError(
                f"{launch.name} ended with code {process.returncode} before it was ready: {last_line(log)}"
            )
        if time.monotonic() > deadline:
            raise CannotStartError(
                f"{launch.name} was not ready within {timeout_seconds:g} s: {last_line(log)}"
            )
        time.sleep(0.02)


def program_pid(log: Path) -> int | None:
    """The process id of the program that a shim started last, as the shim wrote it into the log."""
    found = re.findall(rb"^pid (\d+)$", log.read_bytes(), re.MULTILINE)
    return int(found[-1]) if found else None


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), f"nothing in {log}")


def free_port(preferred: int | None = None) -> int:
    """A loopback TCP port that nothing listens on: the preferred one where it is free."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CannotStartError("no free TCP port on 127.0.0.1")
