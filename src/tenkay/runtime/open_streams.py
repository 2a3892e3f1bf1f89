"""Answers under way that the server ends before their end: at a drain, or when their time is up.

The task that serves the call is never cancelled while an answer is being sent. There it would be cancelled inside
grpc.aio, which then sends no status at all: the caller waits for as long as its connection lives, and a drain for the
whole of its grace. The stream is ended when that answer is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from tenkay.errors import TenkayError
from tenkay.runtime.logs import get_logger

logger = get_logger(__name__)


class OpenStream:
    """One call's answers. For the event loop that serves it."""

    __slots__ = ("_closing", "_is_cancelled", "_parts", "_task", "is_sending", "reason")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        """`task` serves the call."""
        self._task = task
        self._parts: AsyncGenerator[Any, None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._is_cancelled = False
        self.is_sending = False
        """Whether an answer or the status is on its way to the caller."""
        self.reason: TenkayError | None = None
        """Why the server ends it; None as long as it does not."""

    def begin(self, parts: AsyncGenerator[Any, None]) -> None:
        """The answers come from `parts`."""
        self._parts = parts

    def end(self, reason: TenkayError) -> None:
        """Ends it with `reason`: at once while the next answer is awaited, else when the one being sent is sent.

        What the answers hold is given back at once in any case: a caller that reads nothing can make sending last. The
        caller is told when it is given back.
        """
        if self.reason is not None:
            return
        self.reason = reason
        if not self.is_sending:
            self._is_cancelled = True
            self._task.cancel()
        elif self._parts is not None:
            self._closing = asyncio.create_task(self._parts.aclose(), name="ended-stream")

    async def close(self) -> None:
        """Nothing more is taken from `parts`."""
        parts, self._parts = self._parts, None
        try:
            if self._closing is not None:
                await self._closing
            elif parts is not None:
                await parts.aclose()
        except Exception:  # the caller is told why the stream ended, not how, and may have gone
            logger.exception("ended_stream_not_closed")

    def log_unheard(self, error: BaseException) -> None:
        """Logs what the answers raised, when nobody hears of it since the stream was ended before."""
        if self.reason is not None and not isinstance(error, asyncio.CancelledError | TenkayError):
            logger.error("ended_stream_not_closed", exc_info=error)

    def no_more_answers(self) -> None:
        """Only the status is to be sent now; a cancellation by `end` is over."""
        self.is_sending = True
        if self._is_cancelled:
            self._is_cancelled = False
            self._task.uncancel()
