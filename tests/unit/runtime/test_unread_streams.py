"""A stream that is not read gives back what it holds; one that is read comes whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from tenkay.errors import DeadlineExceeded, Reason
from tenkay.runtime.unread_streams import while_read


class Source:
    """Parts, and whether what they hold is held."""

    def __init__(self) -> None:
        self._held = False

    def holds(self) -> bool:
        return self._held

    async def parts(self) -> AsyncGenerator[int, None]:
        self._held = True
        try:
            for part in range(5):
                yield part
        finally:
            await asyncio.sleep(0)
            self._held = False


async def test_a_stream_that_is_read_in_time_comes_whole() -> None:
    source, taken = Source(), []
    async for part in while_read(source.parts(), idle_seconds=0.5, what="it"):
        await asyncio.sleep(0.01)
        taken.append(part)
    assert taken == [0, 1, 2, 3, 4]
    assert not source.holds()


async def test_a_stream_that_is_not_read_is_closed_and_says_so_to_who_reads_on() -> None:
    source = Source()
    parts = while_read(source.parts(), idle_seconds=0.05, what="the list")
    assert await anext(parts) == 0
    assert source.holds()
    await asyncio.sleep(0.2)
    assert not source.holds(), "while the reader still has the stream open"
    with pytest.raises(DeadlineExceeded, match=r"no part of the list was taken for 0\.05 s") as ended:
        await anext(parts)
    assert ended.value.reason is Reason.STREAM_NOT_READ


async def test_a_stream_that_is_left_is_closed_at_once() -> None:
    source = Source()
    parts = while_read(source.parts(), idle_seconds=60, what="it")
    await anext(parts)
    await parts.aclose()
    assert not source.holds()


async def test_the_error_of_the_source_is_the_readers() -> None:
    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("broken")

    parts = while_read(broken(), idle_seconds=60, what="it")
    assert await anext(parts) == 1
    with pytest.raises(ValueError, match="broken"):
        await anext(parts)


async def test_an_error_of_a_source_that_is_closed_does_not_hide_that_the_stream_was_not_read() -> None:
    async def broken_at_its_end() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            raise ValueError("broken")

    parts = while_read(broken_at_its_end(), idle_seconds=0.05, what="the list")
    assert await anext(parts) == 1
    await asyncio.sleep(0.2)
    with capture_logs() as logs, pytest.raises(DeadlineExceeded) as ended:
        await anext(parts)
    assert ended.value.reason is Reason.STREAM_NOT_READ
    assert [(each["event"], each["stream"]) for each in logs] == [
        ("unread stream not closed cleanly", "the list")
    ]
