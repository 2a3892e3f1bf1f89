"""Streams that nobody reads: what they hold is given back.

A caller that opens a stream and then takes nothing blocks the write of the next part for as long as its connection
lives, and with it whatever the stream holds: a reader of the store, a place in a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from tenkay.errors import Reason, failure
from tenkay.runtime.logs import get_logger

Part = TypeVar("Part")
logger = get_logger(__name__)


async def while_read(
    parts: AsyncGenerator[Part, None], *, idle_seconds: float, what: str
) -> AsyncGenerator[Part, None]:
    """The parts as they come, as long as each is taken within `idle_seconds`.

    When one is not, `parts` is closed at once, so that what it holds is free again. A caller that reads on after all
    gets what was on its way and then STREAM_NOT_READ, whose message names the stream by `what`.
    """
    loop = asyncio.get_running_loop()
    closing: asyncio.Task[None] | None = None

    def close() -> None:
        nonlocal closing
        closing = loop.create_task(parts.aclose(), name="unread-stream")

    async with aclosing(parts):
        async for part in parts:
            timer = loop.call_later(idle_seconds, close)
            try:
                yield part
            finally:
                timer.cancel()
                if closing is not None:
                    try:
                        await closing
                    except Exception:  # the reader is told why the stream ended, not how
                        logger.exception("unread stream not closed cleanly", stream=what)
            if closing is not None:
                raise failure(
                    Reason.STREAM_NOT_READ,
                    f"no part of {what} was taken for {idle_seconds:g} s, so it was ended; start it again and read it "
                    "as it comes, into a file if need be",
                )
