"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any

ASK_AGAIN_SECONDS = 0.5
"""Longer than what a task does when it is cancelled, as giving a lock back: that must not be cancelled too."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and returns when all have ended, whatever they ended with.

    A cancellation may get lost: before Python 3.12 `asyncio.wait_for` drops one that comes in the moment in which what
    it waited for is done (CPython issue 86296), and redis-py sends its commands through it. A loop around that goes on,
    and who waits for its end would wait for ever. So a task that has not ended is cancelled again.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ASK_AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains that it was not
