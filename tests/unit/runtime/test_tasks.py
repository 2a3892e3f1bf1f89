"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
import contextlib

from tenkay.runtime import tasks


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    lost: list[bool] = []

    async def work() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(True)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.end(task)
    assert lost
    assert task.cancelled()


async def test_what_a_task_does_at_its_end_is_not_disturbed_and_its_error_is_not_raised() -> None:
    done: list[bool] = []

    async def work() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(0.1)
        done.append(True)
        raise ValueError

    task = asyncio.create_task(work())
    ended = asyncio.create_task(asyncio.sleep(0))
    await asyncio.sleep(0.01)
    await tasks.end(task, ended)
    assert done
    assert task.done()
