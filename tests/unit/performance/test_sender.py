"""Calls that are sent at their moments."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from query_load import sender
from query_load.calls import NOT_SENT, OK, Calls
from query_load.sender import Answered, send

from tenkay.errors import Reason, failure


def planned(moments: list[float]) -> Calls:
    return Calls.planned(np.array(moments), ["GetFiling"])


async def test_a_slow_server_does_not_slow_the_calls_down_and_waiting_counts_as_latency() -> None:
    """The first call blocks the caller's whole loop, as a machine without time does; later ones are due meanwhile."""
    calls = planned([0.0, 0.05, 0.1])

    async def call(place: int) -> Answered:
        if place == 0:
            time.sleep(0.3)  # noqa: ASYNC251
        return Answered()

    await send(calls, call, time.perf_counter())

    assert calls.late.tolist() == [False, True, True]
    assert calls.latency[1] > 0.2
    assert (calls.done[1] - calls.sent[1]) < 0.1


async def test_calls_are_sent_though_earlier_ones_are_not_answered() -> None:
    calls = planned([0.0, 0.01, 0.02])
    may_answer = asyncio.Event()

    async def call(place: int) -> Answered:
        if place == 2:
            may_answer.set()
        await may_answer.wait()
        return Answered()

    await asyncio.wait_for(send(calls, call, time.perf_counter()), 5)

    assert calls.ok.all()


async def test_an_error_is_recorded_with_its_reason() -> None:
    calls = planned([0.0, 0.001])

    async def call(place: int) -> Answered:
        if place == 0:
            raise failure(Reason.DEPENDENCY_UNAVAILABLE, "the store does not answer")
        return Answered(hit=True)

    await send(calls, call, time.perf_counter())

    assert [calls.outcomes[each] for each in calls.outcome] == ["DEPENDENCY_UNAVAILABLE", OK]
    assert calls.hit.tolist() == [False, True]


async def test_past_the_most_calls_in_flight_a_call_is_not_sent_and_counts_as_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "MOST_IN_FLIGHT", 2)
    calls = planned([0.0, 0.0, 0.0])
    may_answer = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, may_answer.set)

    async def call(_place: int) -> Answered:
        await may_answer.wait()
        return Answered()

    await send(calls, call, time.perf_counter())

    assert [calls.outcomes[each] for each in calls.outcome] == [OK, OK, NOT_SENT]
    assert calls.ok.tolist() == [True, True, False]
