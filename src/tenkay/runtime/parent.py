"""Ends a process when the one that started it is gone, however it went.

A supervisor gives each child the read end of a pipe in TENKAY_PARENT_FD and keeps the write end open. When the
supervisor ends, even by SIGKILL, the kernel closes its end and the child reads end-of-file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

PARENT_FD = "TENKAY_PARENT_FD"


def watch_parent(on_gone: Callable[[], None]) -> None:
    """Call `on_gone`, in a thread, once the process holding the pipe's other end is gone. Without a pipe, never."""
    number = os.environ.get(PARENT_FD)
    if number is None:
        return
    descriptor = int(number)
    # Children of this process must not inherit it: their supervisor is this process.
    os.set_inheritable(descriptor, False)

    def wait() -> None:
        while os.read(descriptor, 1024):
            pass
        on_gone()

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
