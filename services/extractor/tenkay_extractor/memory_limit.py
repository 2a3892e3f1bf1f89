"""Lets allocations fail with MemoryError before the process fills the machine."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

_UNTOUCHED_BYTES = 128 * 1024 * 1024
"""Address space that allocators and threads reserve and do not fill."""


def limit_memory(most_bytes: int) -> tuple[int, int] | None:
    """Lets this process grow to about `most_bytes`; the limits before, or None where the system tells no sizes.

    It is the address space that is limited: an allocation that fails is told at once, to the code that asked for it.
    """
    try:
        pages = Path("/proc/self/statm").read_text().split()
    except OSError:
        return None
    unfilled = (int(pages[0]) - int(pages[1])) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (unfilled + _UNTOUCHED_BYTES + most_bytes, before[1]))
    except (ValueError, OSError):  # a lower limit is set already
        return None
    return before


@contextlib.contextmanager
def memory_limited(most_bytes: int) -> Iterator[None]:
    """`limit_memory` for a while."""
    before = limit_memory(most_bytes)
    try:
        yield
    finally:
        if before is not None:
            resource.setrlimit(resource.RLIMIT_AS, before)
