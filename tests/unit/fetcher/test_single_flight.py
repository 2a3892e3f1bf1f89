from __future__ import annotations

import asyncio

import pytest

from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.single_flight import SingleFlight


async def test_those_who_ask_at_once_share_the_work_and_its_result_is_not_kept() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    runs = 0

    async def work(_: Deadline) -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.01)
        return runs

    answers = await asyncio.gather(*(flights.do("key", Deadline.after(1), work) for _ in range(5)))
    assert answers == [1] * 5
    assert await flights.do("key", Deadline.after(1), work) == 2
    others = (flights.do(key, Deadline.after(1), work) for key in ("a", "b"))
    assert list(await asyncio.gather(*others)) == [4, 4]


async def test_an_error_reaches_all_and_is_not_kept() -> None:
    flights: SingleFlight[str, int] = SingleFlight()

    async def fail(_: Deadline) -> int:
        await asyncio.sleep(0.01)
        raise ValueError("once")

    async def succeed(_: Deadline) -> int:
        return 1

    answers = await asyncio.gather(
        *(flights.do("key", Deadline.after(1), fail) for _ in range(3)), return_exceptions=True
    )
    assert [str(answer) for answer in answers] == ["once"] * 3
    assert await flights.do("key", Deadline.after(1), succeed) == 1


async def test_the_work_runs_until_the_latest_deadline_of_those_who_wait() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    async def work(deadline: Deadline) -> str:
        async with deadline.enforced():
            await asyncio.sleep(0.2)
        return "done"

    short = Deadline.after(0.05)
    first = asyncio.create_task(flights.do("key", short, work))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(flights.do("key", Deadline.after(5), work))
    assert [await first, await second] == ["done", "done"]
    # The caller's own deadline stayed where it was.
    assert short.remaining() == 0
    with pytest.raises(TimeoutError):
        await flights.do("key", Deadline.after(0.05), work)


async def test_a_caller_that_leaves_does_not_stop_the_work_but_closing_does() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    started, ended = asyncio.Event(), asyncio.Event()

    async def work(_: Deadline) -> int:
        started.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return 1

    caller = asyncio.create_task(flights.do("key", Deadline.after(60), work))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not ended.is_set()
    await flights.close()
    assert ended.is_set()
