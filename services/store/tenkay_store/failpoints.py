"""Named places in the store's code at which a test lets it die, wait or fail.

A point does nothing until it is armed, which `TENKAY_STORE_FAILPOINTS` does in a store that was told with
`TENKAY_STORE_UNDER_TEST` that it is under test. Points are armed once, before the store is opened:

    before_commit=kill              SIGKILL of the process itself when the point is reached
    before_commit=kill@3            the third time
    checkpoint=kill:0.004           4 ms after it was reached, the first time that what goes on there takes as long
    after_sink_ok=sleep:0.5,migration=raise
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Failpoint(StrEnum):
    """All there are."""

    BEFORE_COMMIT = "before_commit"
    """A group is written and not yet committed."""
    AFTER_COMMIT = "after_commit"
    """A group is on disk and nobody was told."""
    AFTER_SINK_OK = "after_sink_ok"
    """The second sink has taken a batch, and the outbox does not say so yet."""
    SORT = "sort"
    """While segments of the screens' copy are sorted into one."""
    AFTER_SORT = "after_sort"
    """A sorted segment is on disk and does not count yet."""
    CHECKPOINT = "checkpoint"
    """While the write-ahead log is merged into the file."""
    SNAPSHOT = "snapshot"
    """While what is committed is copied to a snapshot's file."""
    MIGRATION = "migration"
    """After each statement of a migration, before its step is committed."""


class Action(StrEnum):
    """What an armed point does."""

    KILL = "kill"
    SLEEP = "sleep"
    """Holds the thread that reached the point."""
    RAISE = "raise"


class FailpointReached(Exception):
    """What `raise` raises."""


@dataclass(slots=True)
class _Armed:
    action: Action
    seconds: float
    skip: int
    """How often it is still reached without effect; -1 once it has had it."""


_SPECIFICATION = re.compile(
    r"(?P<point>\w+)=(?P<action>\w+)(:(?P<seconds>\d{1,3}(\.\d{1,6})?))?(@(?P<time>[1-9]\d{0,8}))?", re.ASCII
)
_armed: dict[Failpoint, _Armed] = {}
_counting = threading.Lock()


def arm(specification: str) -> None:
    """Arm the points that `specification` names, and no others. ValueError when it is not of the form above."""
    armed = _parsed(specification)
    _armed.clear()
    _armed.update(armed)


def check(specification: str) -> str:
    """`specification`, unless it is not of the form above: ValueError."""
    _parsed(specification)
    return specification


def reach(point: Failpoint) -> None:
    """Do what `point` is armed with."""
    if _armed and (due := _due(point)) is not None:
        if due.action is Action.KILL:
            time.sleep(due.seconds)
            _kill(point)
        _wait_or_raise(point, due)


@contextlib.contextmanager
def during(point: Failpoint) -> Iterator[None]:
    """The same of a point that is a stretch of time: a kill comes within it or not at all."""
    due = _due(point) if _armed else None
    if due is None:
        yield
    elif due.action is Action.KILL:
        killer = threading.Timer(due.seconds, _kill, (point,))
        killer.daemon = True
        killer.start()
        try:
            yield
        finally:
            killer.cancel()
            due.skip = 0
    else:
        _wait_or_raise(point, due)
        yield


def _parsed(specification: str) -> dict[Failpoint, _Armed]:
    armed = {}
    for each in filter(None, specification.split(",")):
        found = _SPECIFICATION.fullmatch(each)
        if found is None:
            raise ValueError(f"{each!r} is not of the form point=action, point=action:seconds or …@time")
        try:
            point, action = Failpoint(found["point"]), Action(found["action"])
        except ValueError as error:
            raise ValueError(
                f"{error}; points are {', '.join(Failpoint)}, actions {', '.join(Action)}"
            ) from None
        armed[point] = _Armed(action, float(found["seconds"] or 0), int(found["time"] or 1) - 1)
    return armed


def _due(point: Failpoint) -> _Armed | None:
    armed = _armed.get(point)
    if armed is None:
        return None
    with _counting:
        armed.skip = max(-2, armed.skip - 1)
        return armed if armed.skip == -1 else None


def _wait_or_raise(point: Failpoint, due: _Armed) -> None:
    _tell(point, due.action)
    if due.action is Action.RAISE:
        raise FailpointReached(f"failpoint {point}")
    time.sleep(due.seconds)


def _kill(point: Failpoint) -> None:
    _tell(point, Action.KILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _tell(point: Failpoint, action: Action) -> None:
    # Not through the log: that is not on its way yet when the process dies.
    line = json.dumps({"event": "failpoint", "failpoint": point, "action": action})
    os.write(sys.stderr.fileno(), line.encode() + b"\n")
