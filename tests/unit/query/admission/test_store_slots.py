"""Places at the store on an event loop."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tenkay.errors import Reason, ResourceExhausted
from tenkay_query import metrics
from tenkay_query.admission.fair_places import FairPlaces
from tenkay_query.admission.store_budget import STORE_CALLS, StoreBudget, StoreBudgetSpent
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.admission.work_class import WorkClass


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_call_with_too_little_time_is_refused_at_once_and_told_when_to_come_back() -> None:
    clock = Clock()
    slots = StoreSlots(FairPlaces(1, 10), 60.0, clock=clock)
    async with slots.hold(WorkClass.READ):
        clock.now = 3.0
    before = metrics.total(metrics.STORE_REFUSED, cause="deadline")
    slots.require_time(WorkClass.READ, 0.01)  # nobody is served: this one finds out what it takes now
    async with slots.hold(WorkClass.READ):
        slots.require_time(WorkClass.READ, None)
        slots.require_time(WorkClass.READ, 7.0)
        with pytest.raises(ResourceExhausted) as refused:
            slots.require_time(WorkClass.READ, 5.0)
        slots.require_time(WorkClass.EXPENSIVE, 0.01)
    assert refused.value.reason is Reason.TOO_MANY_CALLS
    assert refused.value.retry_after == pytest.approx(3.0)
    assert metrics.total(metrics.STORE_REFUSED, cause="deadline") == before + 1


async def test_so_many_ask_at_once_and_the_rest_in_order() -> None:
    slots, running, most, order = StoreSlots(FairPlaces(3, 100), 10.0), 0, 0, []

    async def ask(number: int) -> None:
        nonlocal running, most
        async with slots.hold(WorkClass.READ):
            running += 1
            most = max(most, running)
            order.append(number)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(ask(number) for number in range(30)))
    assert most == 3
    assert order == list(range(30))


async def test_who_waits_too_long_is_refused_and_its_place_goes_to_the_next() -> None:
    slots = StoreSlots(FairPlaces(1, 10), 0.05)
    async with slots.hold(WorkClass.READ):
        with pytest.raises(ResourceExhausted, match="no place within"):
            async with slots.hold(WorkClass.READ):
                pass
        assert slots.waiting(WorkClass.READ) == 0
    async with slots.hold(WorkClass.READ):
        assert slots.holding(WorkClass.READ) == 1


async def test_a_full_queue_refuses_at_once() -> None:
    slots = StoreSlots(FairPlaces(1, 0), 60.0)
    async with slots.hold(WorkClass.READ):
        with pytest.raises(ResourceExhausted, match="wait for the store"):
            async with slots.hold(WorkClass.READ):
                pass


async def test_who_goes_away_while_it_waits_leaves_nothing_behind() -> None:
    """Also when its place comes at the very moment."""
    slots = StoreSlots(FairPlaces(1, 10), 60.0)

    async def ask() -> None:
        async with slots.hold(WorkClass.READ):
            await asyncio.sleep(0)

    async with slots.hold(WorkClass.READ):
        waiting = asyncio.create_task(ask())
        gone = asyncio.create_task(ask())
        await asyncio.sleep(0)
        assert slots.waiting(WorkClass.READ) == 2
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone
        assert slots.waiting(WorkClass.READ) == 1
    waiting.cancel()  # it holds its place already and has not run yet
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await ask()
    assert (slots.holding(WorkClass.READ), slots.waiting(WorkClass.READ)) == (0, 0)


async def test_exports_under_way_do_not_hold_up_reads_and_are_served_beside_them() -> None:
    slots = StoreSlots(FairPlaces(8, 100), 60.0)
    served = dict.fromkeys(WorkClass, 0)
    waits: list[float] = []
    loop = asyncio.get_running_loop()

    async def ask(work: WorkClass, seconds: float) -> None:
        while True:
            came = loop.time()
            async with slots.hold(work):
                if work is WorkClass.READ:
                    waits.append(loop.time() - came)
                await asyncio.sleep(seconds)
            served[work] += 1

    tasks = [asyncio.create_task(ask(WorkClass.EXPORT, 0.5)) for _ in range(10)]
    await asyncio.sleep(0.05)
    tasks += [asyncio.create_task(ask(WorkClass.READ, 0.002)) for _ in range(20)]
    await asyncio.sleep(1.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert served[WorkClass.EXPORT] >= 2
    assert served[WorkClass.READ] > 100
    assert sorted(waits)[len(waits) // 2] < 0.25, "reads wait for reads, not for exports"


def test_a_call_that_asks_the_store_once_more_than_it_may_fails() -> None:
    budget = StoreBudget()
    for _ in range(STORE_CALLS):
        budget.spend()
    with pytest.raises(StoreBudgetSpent):
        budget.spend()
