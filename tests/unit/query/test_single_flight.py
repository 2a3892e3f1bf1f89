"""One question for all who ask at the same time, and nobody's end is another's."""

from __future__ import annotations

import asyncio

import pytest

from tenkay_query.cache.breaker import Breaker
from tenkay_query.cache.single_flight import SingleFlight


class Work:
    """Work that ends when told."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.cancelled = 0
        self.gate = asyncio.Event()

    async def __call__(self, basis: int) -> str:
        self.started.append(basis)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"result of {basis}"


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_share_one_piece_of_work() -> None:
    flights, work = SingleFlight[int, str](), Work()
    callers = [
        asyncio.create_task(flights.do("k", number, work, good_enough=lambda _: True)) for number in range(50)
    ]
    await settle()
    work.gate.set()
    results = await asyncio.gather(*callers)
    assert work.started == [0]
    assert {result for result, _ in results} == {"result of 0"}
    assert [joined for _, joined in results] == [False] + [True] * 49


async def test_a_caller_that_needs_more_starts_its_own_which_later_ones_find() -> None:
    flights, work = SingleFlight[int, str](), Work()

    def ask(needs: int) -> asyncio.Task[tuple[str, bool]]:
        return asyncio.create_task(flights.do("k", needs, work, good_enough=lambda basis: basis >= needs))

    callers = [ask(1), ask(2), ask(2), ask(1)]
    await settle()
    work.gate.set()
    assert [result for result, _ in await asyncio.gather(*callers)] == [
        "result of 1",
        "result of 2",
        "result of 2",
        "result of 2",
    ]
    assert work.started == [1, 2]


async def test_nothing_is_kept_after_the_work_is_done() -> None:
    flights, work = SingleFlight[int, str](), Work()
    work.gate.set()
    await flights.do("k", 1, work, good_enough=lambda _: True)
    await flights.do("k", 2, work, good_enough=lambda _: True)
    assert work.started == [1, 2]


async def test_the_work_outlives_its_starter_while_somebody_waits() -> None:
    flights, work = SingleFlight[int, str](), Work()
    starter = asyncio.create_task(flights.do("k", 1, work, good_enough=lambda _: True))
    await settle()
    other = asyncio.create_task(flights.do("k", 2, work, good_enough=lambda _: True))
    await settle()
    starter.cancel()
    await settle()
    work.gate.set()
    assert await other == ("result of 1", True)
    with pytest.raises(asyncio.CancelledError):
        await starter


async def test_work_that_nobody_waits_for_is_cancelled() -> None:
    flights, work = SingleFlight[int, str](), Work()
    callers = [asyncio.create_task(flights.do("k", 1, work, good_enough=lambda _: True)) for _ in range(3)]
    await settle()
    for caller in callers:
        caller.cancel()
    await settle()
    assert work.cancelled == 1
    work.gate.set()
    assert await flights.do("k", 2, work, good_enough=lambda _: True) == ("result of 2", False)


async def test_an_error_reaches_all_and_is_not_kept() -> None:
    flights = SingleFlight[int, str]()
    attempts = 0

    async def fail(_basis: int) -> str:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0)
        raise RuntimeError("broken")

    results = await asyncio.gather(
        *(flights.do("k", 1, fail, good_enough=lambda _: True) for _ in range(5)), return_exceptions=True
    )
    assert attempts == 1
    assert all(isinstance(result, RuntimeError) for result in results)
    with pytest.raises(RuntimeError):
        await flights.do("k", 1, fail, good_enough=lambda _: True)
    assert attempts == 2


async def test_closing_ends_what_is_under_way() -> None:
    flights, work = SingleFlight[int, str](), Work()
    caller = asyncio.create_task(flights.do("k", 1, work, good_enough=lambda _: True))
    await settle()
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.cancelled == 1


def test_a_breaker_opens_after_failures_in_a_row_and_tells_each_change() -> None:
    told: list[bool] = []
    breaker = Breaker(3, told.append)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
    assert told == []
    breaker.failed()
    breaker.failed()
    assert breaker.is_open
    assert told == [True]
    breaker.succeeded()
    assert told == [True, False]


async def test_work_done_since_a_caller_came_is_shared_and_forgotten_when_it_leaves() -> None:
    flights, work = SingleFlight[int, str](), Work()
    work.gate.set()
    early = flights.arrive("k")
    assert await flights.do("k", 1, work, good_enough=lambda _: True) == ("result of 1", False)
    late = flights.arrive("k")
    assert flights.is_at_hand("k", early, good_enough=lambda _: True)
    assert not flights.is_at_hand("k", late, good_enough=lambda _: True)
    again = await flights.do("k", 2, work, good_enough=lambda _: True, came=early)
    assert again == ("result of 1", True)
    needs_more = await flights.do(
        "k", 3, work, good_enough=lambda basis: basis >= 3, fits=lambda basis, _: basis >= 3, came=early
    )
    assert needs_more == ("result of 3", False)
    assert flights.is_at_hand("k", late, good_enough=lambda _: True), (
        "by now something has been done since it came"
    )
    for _ in range(2):
        flights.leave("k")
    assert not flights.is_at_hand("k", early, good_enough=lambda _: True)
    assert await flights.do("k", 4, work, good_enough=lambda _: True, came=early) == ("result of 4", False)


async def test_work_that_failed_is_not_shared_by_who_comes_to_it_later() -> None:
    flights, work = SingleFlight[int, str](), Work()
    work.gate.set()

    async def fail(_: int) -> str:
        raise ValueError("it failed")

    came = flights.arrive("k")
    with pytest.raises(ValueError, match="it failed"):
        await flights.do("k", 1, fail, good_enough=lambda _: True)
    assert await flights.do("k", 2, work, good_enough=lambda _: True, came=came) == ("result of 2", False)
    flights.leave("k")


async def test_who_cannot_use_a_result_does_the_work_itself_and_all_such_share_that() -> None:
    flights, work = SingleFlight[int, str](), Work()
    callers = [
        asyncio.create_task(
            flights.do(
                "k", number, work, good_enough=lambda _: True, fits=lambda _, result: result != "result of 0"
            )
        )
        for number in range(20)
    ]
    await settle()
    work.gate.set()
    results = [result for result, _ in await asyncio.gather(*callers)]
    assert results == ["result of 0"] + ["result of 1"] * 19
    assert work.started == [0, 1]


async def test_a_caller_gives_up_on_others_whose_results_it_never_can_use() -> None:
    flights, work = SingleFlight[int, str](), Work()
    work.gate.set()

    async def ask(number: int) -> tuple[str, bool]:
        return await flights.do("k", number, work, good_enough=lambda _: True, fits=lambda *_: False)

    results = await asyncio.gather(*(ask(number) for number in range(10)))
    assert [result for result, _ in results] == [f"result of {number}" for number in range(10)]
    assert not any(joined for _, joined in results)


async def test_work_of_different_bases_goes_on_side_by_side_and_is_joined_by_either_kind() -> None:
    flights, work = SingleFlight[int, str](), Work()
    callers = [
        asyncio.create_task(
            flights.do("k", kind, work, good_enough=lambda basis, kind=kind: basis == kind)  # type: ignore[misc]
        )
        for kind in (1, 2) * 10
    ]
    await settle()
    work.gate.set()
    assert [result for result, _ in await asyncio.gather(*callers)] == ["result of 1", "result of 2"] * 10
    assert work.started == [1, 2]


async def test_a_result_that_does_not_last_is_not_given_to_who_comes_to_it_when_it_is_there() -> None:
    flights, work = SingleFlight[int, str](lasts=lambda result: result != "result of 1"), Work()
    work.gate.set()
    came = flights.arrive("k")
    await flights.do("k", 1, work, good_enough=lambda _: True)
    assert not flights.is_at_hand("k", came, good_enough=lambda _: True)
    assert await flights.do("k", 2, work, good_enough=lambda _: True, came=came) == ("result of 2", False)
    assert flights.is_at_hand("k", came, good_enough=lambda _: True)
    flights.leave("k")
