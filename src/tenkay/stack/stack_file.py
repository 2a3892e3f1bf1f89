"""var/stack.json: what a running stack tells about itself, and var/stack.lock: whether it runs at all.

The supervisor holds the lock as long as it lives; the kernel lets go of it however the supervisor ends. So a file that
a killed stack left behind is never taken for a running one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from tenkay.stack.errors import AlreadyRunningError, StackError

FILE_NAME = "stack.json"
LOCK_NAME = "stack.lock"

# The kernel counts a process' age in ticks from a boot time that is itself rounded.
_CLOCK_SECONDS = 2.0


class ChildState(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    """Not started yet: what it needs is not ready."""
    STARTING = "starting"
    """Started, not ready yet."""
    READY = "ready"
    """Serves."""
    RESTARTING = "restarting"
    """It ended by itself and will be started again."""
    STOPPED = "stopped"
    """Stopped on purpose."""
    FAILED = "failed"
    """It ended at its start too often; the stack stops."""


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """One child."""

    state: ChildState
    pid: int | None = None
    """Its process id. None: it does not run."""
    restarts: int = 0
    """Times it was started again."""


@dataclass(frozen=True, slots=True)
class StackFile:
    """What a stack tells about itself."""

    supervisor_pid: int
    started_at: str
    """When the supervisor was started: ISO 8601, UTC."""
    is_ready: bool = False
    """True once all children were ready."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """host:port of each gRPC service, by its name: "query"."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """Address of each metrics page, by the child's name."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the others: "cache", "broker", "supabase", "postgres", "edgar"."""
    otlp_endpoint: str | None = None
    """Where spans go. None: nowhere."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """All ports, by what they are for: they are taken again next time."""
    children: Mapping[str, ChildRecord] = field(default_factory=dict)
    """All children by name, in the order of their start."""

    @classmethod
    def read(cls, var_dir: Path) -> StackFile | None:
        """The file of the stack that runs in this folder; None when none does.

        Raises:
            StackError: the file cannot be read.
        """
        if not is_running(var_dir):
            return None
        file = cls.left_behind(var_dir)
        # Between taking the lock and writing the file there is a moment with the file of the stack before.
        return file if file is not None and _is_alive(file) else None

    @classmethod
    def left_behind(cls, var_dir: Path) -> StackFile | None:
        """The file in this folder, of a running stack or of the last one that ran; None when there is none."""
        path = var_dir / FILE_NAME
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StackError(f"cannot read {path}: {error.strerror}") from error
        try:
            return _from_json(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StackError(f"{path} is damaged ({error}): remove it") from error

    def write(self, var_dir: Path) -> None:
        """Replaces the folder's file."""
        path = var_dir / FILE_NAME
        unfinished = path.with_name(f"{FILE_NAME}.{os.getpid()}")
        unfinished.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)


class StackLock:
    """Held by the one supervisor of a folder."""

    def __init__(self, var_dir: Path) -> None:
        """Takes the lock.

        Raises:
            AlreadyRunningError: another supervisor has it.
        """
        self._descriptor = os.open(var_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise AlreadyRunningError(
                f"a stack is already running in {var_dir}: `tenkay status` shows it, `tenkay down` stops it"
            ) from None

    def release(self) -> None:
        """Lets go of it."""
        os.close(self._descriptor)


def is_running(var_dir: Path) -> bool:
    """Whether a supervisor holds the folder's lock."""
    try:
        descriptor = os.open(var_dir / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        # A shared lock, so that two who ask at once do not take each other for a stack.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_alive(file: StackFile) -> bool:
    """Whether the file's supervisor lives. A later process that was given its number is younger than the file."""
    try:
        supervisor = psutil.Process(file.supervisor_pid)
        if supervisor.status() == psutil.STATUS_ZOMBIE:
            return False
        born = supervisor.create_time()
    except psutil.NoSuchProcess:
        return False
    return born <= datetime.fromisoformat(file.started_at).timestamp() + _CLOCK_SECONDS


def _from_json(raw: Any) -> StackFile:
    children = {
        name: ChildRecord(ChildState(child["state"]), child["pid"], child["restarts"])
        for name, child in raw.pop("children").items()
    }
    return StackFile(**raw, children=children)
