"""Which signal is being computed, written where another process can read it while this one hangs.

A computation that hangs cannot say so itself. The worker therefore writes the id of each signal before it computes it
into a page of memory that it shares with the pool, together with the moment it began; whoever stops the worker reads
there what it was doing.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Running:
    """The signal that is being computed."""

    signal: str
    group: str
    """Its category: signals of one group share what they are computed from."""
    since: float
    """When it began, on the machine's monotonic clock, which all processes share."""


class ProgressBoard:
    """A page of shared memory with at most one running signal on it. One process writes, others read."""

    BYTES = 4096
    _LAYOUT = struct.Struct(
        "<qHH"
    )  # nanoseconds at which it began (0: nothing runs), lengths of id and group

    def __init__(self, file_descriptor: int) -> None:
        """`file_descriptor` is an open file of BYTES bytes at least; it may be closed afterwards."""
        self._page = mmap.mmap(file_descriptor, self.BYTES)

    def write(self, signal: str, group: str) -> None:
        """From now on `signal` runs. Names that do not fit the page are cut."""
        room = (self.BYTES - self._LAYOUT.size) // 2
        name, kind = signal.encode()[:room], group.encode()[:room]
        page, at = self._page, self._LAYOUT.size
        # The moment is cleared first and written last: a reader that sees it twice the same has seen whole names.
        self._LAYOUT.pack_into(page, 0, 0, len(name), len(kind))
        page[at : at + len(name) + len(kind)] = name + kind
        self._LAYOUT.pack_into(page, 0, time.monotonic_ns(), len(name), len(kind))

    def clear(self) -> None:
        """From now on nothing runs."""
        self._LAYOUT.pack_into(self._page, 0, 0, 0, 0)

    def read(self) -> Running | None:
        """What runs; None when nothing does, or when it changes while it is read."""
        page, at = self._page, self._LAYOUT.size
        began, name, kind = self._LAYOUT.unpack_from(page, 0)
        names = page[at : at + name + kind]
        if not began or self._LAYOUT.unpack_from(page, 0) != (began, name, kind):
            return None
        return Running(
            names[:name].decode("utf-8", "replace"), names[name:].decode("utf-8", "replace"), began / 1e9
        )
