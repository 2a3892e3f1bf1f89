"""How much the store is asked at once."""

from __future__ import annotations

import asyncio

import pytest

from tenkay.errors import Reason, ResourceExhausted
from tenkay_query.cache.store_limit import StoreLimit


async def test_so_many_ask_at_once_and_the_rest_in_order() -> None:
    limit, running, most, order = StoreLimit(3, 100, 10), 0, 0, []

    async def ask(number: int) -> None:
        nonlocal running, most
        async with limit.place():
            running += 1
            most = max(most, running)
            order.append(number)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(ask(number) for number in range(30)))
    assert most == 3
    assert order == list(range(30))


async def test_beyond_the_queue_callers_are_told_when_to_come_back() -> None:
    limit = StoreLimit(1, 1, 10)
    async with limit.place():
        waiting = asyncio.create_task(_take(limit))
        await asyncio.sleep(0)
        with pytest.raises(ResourceExhausted) as turned_away:
            await _take(limit)
    assert turned_away.value.reason is Reason.TOO_MANY_CALLS
    assert turned_away.value.retry_after
    await waiting


async def test_nobody_waits_for_ever_and_no_place_is_lost() -> None:
    limit = StoreLimit(1, 10, 0.01)
    async with limit.place():
        with pytest.raises(ResourceExhausted):
            await _take(limit)
        cancelled = asyncio.create_task(_take(limit))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
    for _ in range(3):
        await _take(limit)


async def test_a_place_given_to_one_that_is_cancelled_goes_to_the_next() -> None:
    limit = StoreLimit(1, 10, 10)
    first, second = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with limit.place():
            await first.wait()

    async def take() -> None:
        async with limit.place():
            second.set()

    holder = asyncio.create_task(hold())
    await asyncio.sleep(0)
    unlucky, lucky = asyncio.create_task(take()), asyncio.create_task(take())
    await asyncio.sleep(0)
    first.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    unlucky.cancel()
    await asyncio.gather(holder, unlucky, lucky, return_exceptions=True)
    assert second.is_set()
    await _take(limit)


async def _take(limit: StoreLimit) -> None:
    async with limit.place():
        pass
