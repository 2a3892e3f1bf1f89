"""Filling the cache, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tenkay.errors import Reason, ResourceExhausted, TenkayError, Unavailable, failure
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query import questions
from tenkay_query.admission.fair_places import FairPlaces
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.admission.work_class import WorkClass
from tenkay_query.cache.near_cache import Key
from tenkay_query.hot_reads import HotMethod
from tenkay_query.question import Level, Outcome, Reply
from tenkay_query.warming.plan import WarmOrder, companies_of
from tenkay_query.warming.warmer import MOST_RUNS, Warmer, WarmProgress

METHODS = {
    method.name: method
    for method in (
        HotMethod.of(pb.GetCompanySummaryRequest, questions.company_summary),
        HotMethod.of(pb.ListFilingsRequest, questions.filings),
    )
}
ORDER = WarmOrder(questions=100, ciks=(), filings_per_company=0, per_second=10_000)


class Reads:
    """Answers as it is told to, and remembers what it was asked."""

    def __init__(self, answer: Callable[[], Reply]) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.held: set[bytes] = set()
        self.has_memory = True
        self.at_once = self.most_at_once = 0

    def holds(self, method: HotMethod, raw: bytes) -> bool:
        return raw in self.held

    async def fill(self, method: HotMethod, raw: bytes) -> Reply:
        self.asked.append(raw)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        reply = self.answer()
        self.held.add(raw)
        return reply


class Asked:
    def __init__(self, keys: list[Key]) -> None:
        self.keys = keys

    async def shared_top(self, most: int) -> list[Key]:
        return self.keys[:most]


def summaries(number: int) -> list[Key]:
    return [
        ("GetCompanySummary", pb.GetCompanySummaryRequest(cik=cik).SerializeToString())
        for cik in range(1, number + 1)
    ]


def filled() -> Reply:
    return Reply(Outcome.MISS, Level.STORE, b"")


def warmer(reads: Any, keys: list[Key], slots: StoreSlots | None = None, *, at_once: int = 4) -> Warmer:
    asked: Any = Asked(keys)
    places = slots if slots is not None else StoreSlots(FairPlaces(32, 100), 1.0)
    return Warmer(reads, METHODS, asked, places, per_second=10_000, at_once=at_once, companies=0)


async def test_so_many_are_asked_at_once_and_each_once() -> None:
    reads, progress = Reads(filled), WarmProgress()
    await warmer(reads, summaries(30), at_once=3).run(ORDER, progress)
    assert (progress.planned, progress.done, progress.failed, progress.skipped) == (30, 30, 0, 0)
    assert len(reads.asked) == len(set(reads.asked)) == 30
    assert reads.most_at_once == 3


async def test_what_is_held_is_skipped() -> None:
    reads, progress = Reads(filled), WarmProgress()
    reads.held = {raw for _, raw in summaries(10)}
    await warmer(reads, summaries(15)).run(ORDER, progress)
    assert (progress.done, progress.skipped) == (5, 10)


@pytest.mark.parametrize(
    "error", [failure(Reason.DEPENDENCY_UNAVAILABLE, "away"), RuntimeError("a fault of ours")]
)
async def test_a_question_that_fails_is_counted_and_the_others_are_asked(error: Exception) -> None:
    answers = [1, 2, 3, 4]

    def answer() -> Reply:
        if answers.pop() == 3:
            if isinstance(error, TenkayError):
                return Reply(Outcome.MISS, Level.STORE, error=error)
            raise error
        return filled()

    progress = WarmProgress()
    await warmer(Reads(answer), summaries(4)).run(ORDER, progress)
    assert (progress.done, progress.failed) == (3, 1)


async def test_a_question_of_a_method_that_is_not_known_is_counted_as_failed() -> None:
    progress = WarmProgress()
    await warmer(Reads(filled), [("GetTomorrow", b"")]).run(ORDER, progress)
    assert (progress.done, progress.failed) == (0, 1)


async def test_it_waits_while_callers_have_the_places() -> None:
    slots = StoreSlots(FairPlaces(1, 100), 10.0)
    reads, progress = Reads(filled), WarmProgress()
    async with slots.hold(WorkClass.READ):
        run = asyncio.create_task(warmer(reads, summaries(2), slots).run(ORDER, progress))
        await asyncio.sleep(0.05)
        assert reads.asked == []
        assert slots.waiting(WorkClass.WARMING) == 2
    await run
    assert progress.done == 2


async def test_once_stopped_it_begins_nothing_and_says_so() -> None:
    reads, progress = Reads(filled), WarmProgress()
    stopped = warmer(reads, summaries(50), at_once=1)
    run = asyncio.create_task(stopped.run(ORDER, progress))
    await asyncio.sleep(0.01)
    stopped.stop()
    with pytest.raises(Unavailable) as ended:
        await run
    assert ended.value.reason is Reason.DRAINING
    assert len(reads.asked) < 50


async def test_once_stopped_it_does_not_wait_for_the_turns_of_the_companies_left() -> None:
    reads, progress = Reads(filled), WarmProgress()
    stopped = warmer(reads, [])
    order = WarmOrder(questions=0, ciks=tuple(range(1, 101)), filings_per_company=0, per_second=20)
    run = asyncio.create_task(stopped.run(order, progress))
    await asyncio.sleep(0.1)
    stopped.stop()
    async with asyncio.timeout(2):  # all turns would be ten seconds
        with pytest.raises(Unavailable):
            await run


async def test_no_more_than_four_run_in_a_process() -> None:
    slots = StoreSlots(FairPlaces(1, 100), 10.0)
    busy = warmer(Reads(filled), summaries(1), slots)
    async with slots.hold(WorkClass.READ):
        runs = [asyncio.create_task(busy.run(ORDER, WarmProgress())) for _ in range(MOST_RUNS)]
        await asyncio.sleep(0)
        with pytest.raises(ResourceExhausted):
            await busy.run(ORDER, WarmProgress())
    await asyncio.gather(*runs)
    await busy.run(ORDER, WarmProgress())


def test_the_companies_of_questions_are_those_they_hang_on_each_once() -> None:
    asked = [
        questions.company_summary(pb.GetCompanySummaryRequest(cik=7)),
        questions.filings(pb.ListFilingsRequest(cik=7)),
        questions.filings(pb.ListFilingsRequest()),
        questions.company_summary(pb.GetCompanySummaryRequest(cik=8)),
        questions.company_summary(pb.GetCompanySummaryRequest(cik=9)),
    ]
    assert companies_of(asked, 2) == (7, 8)
