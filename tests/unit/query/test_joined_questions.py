"""Callers that share one question to the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.admission.fair_places import FairPlaces
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.cache import ports
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.entry_lock import EntryLock
from tenkay_query.cache.generations import Lookup
from tenkay_query.cache.policy import CachePolicy
from tenkay_query.cache.ports import AnswerCache, CacheLost, FeedProgress, Place, StoreAnswer
from tenkay_query.question import Kind, Question

POLICY = CachePolicy(
    ttl_seconds=dict.fromkeys(Kind, 60.0),
    negative_seconds=1.0,
    max_staleness_seconds=1.0,
    jitter=0.0,
    compress_over_bytes=1000,
    max_body_bytes=100_000,
    follower_wait_seconds=0.0,
    store_seconds=5.0,
    patience_seconds=1.0,
    outage_seconds=1.0,
)
QUESTION: Question[str] = Question(
    method="GetCompanySummary",
    kind=Kind.COMPANY_SUMMARY,
    request="a company",
    canonical=b"a company",
    generations=("g:c:1",),
    min_sequence="",
    as_of_field=pb.GetCompanySummaryResponse.DESCRIPTOR.fields_by_name["as_of_sequence"].number,
)


@dataclass
class Cache:
    """Redis without an entry, at a position that moves on; the company was last touched at 5."""

    position: str

    async def look_up(self, place: Place) -> Lookup:
        return Lookup(b"e" * 16, b"k" * 16, self.position, True, 1, ("0.5",), None)

    async def keep(self, *given: object, **named: object) -> bool:
        return True


@dataclass
class Store:
    """A store that answers when it is told to."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0

    async def ask(self, question: Question[str], min_sequence: str) -> StoreAnswer:
        self.calls += 1
        await self.may_answer.wait()
        return StoreAnswer(
            pb.GetCompanySummaryResponse(as_of_sequence=min_sequence).SerializeToString(), min_sequence
        )


class Locks:
    async def take(self, key: str, holder: bytes, seconds: float) -> bool:
        return True

    async def renew(self, key: str, holder: bytes, seconds: float) -> bool:
        return True

    async def release(self, key: str, holder: bytes) -> None: ...


class Feed:
    position = ""

    async def reaches(self, sequence: str, seconds: float) -> bool:
        return False

    def nudge(self) -> None: ...


def answers_of(
    cache: AnswerCache,
    store: ports.Store[str],
    *,
    feed: FeedProgress | None = None,
    lock: EntryLock | None = None,
    now: Callable[[], float] = time.time,
) -> Answers[str]:
    return Answers[str](
        cache,
        store,
        feed or Feed(),
        POLICY,
        lock=lock or EntryLock(Locks(), lock_seconds=1, wait_seconds=1),
        slots=StoreSlots(FairPlaces(10, 10), 1),
        stamp=lambda: 0,
        random=lambda: 0.5,
        now=now,
    )


@dataclass
class SlowCache(Cache):
    """The second look comes back long after the first, with what was so when it was sent: no entry."""

    looks: int = 0
    may_come: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    async def look_up(self, place: Place) -> Lookup:
        self.looks += 1
        if self.looks == 2:
            await self.may_come.wait()
            if self.is_lost:
                raise CacheLost("it took too long")
        return await super().look_up(place)


@pytest.mark.parametrize("is_lost", [False, True])
async def test_who_came_before_a_question_was_answered_shares_it_though_its_look_took_longer(
    is_lost: bool,
) -> None:
    cache, store = SlowCache("0.10", is_lost=is_lost), Store()
    store.may_answer.set()
    answers = answers_of(cache, store)
    first, second = (asyncio.create_task(answers.reply(QUESTION)) for _ in range(2))
    told = await first
    assert not second.done()
    cache.may_come.set()
    assert (await second).body == told.body
    assert store.calls == 1
    await answers.reply(QUESTION)
    assert store.calls == 2, "who comes later asks for itself"


async def test_who_joins_a_question_with_a_newer_token_is_not_told_an_older_state() -> None:
    cache, store = Cache("0.10"), Store()
    answers = answers_of(cache, store)
    first = asyncio.create_task(answers.reply(QUESTION))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cache.position = "0.17"  # others' commits; nothing has touched this company
    second = asyncio.create_task(answers.reply(replace(QUESTION, min_sequence="0.17")))
    await asyncio.sleep(0.01)
    store.may_answer.set()

    replies = [await first, await second]
    told = [pb.GetCompanySummaryResponse.FromString(each.body) for each in replies]

    assert store.calls == 1
    assert replies[0].read_at == replies[1].read_at is not None
    assert [each.as_of_sequence for each in told] == ["0.10", "0.17"]


@pytest.mark.parametrize(("max_staleness", "calls"), [(0.0, 2), (2.0, 2), (4.0, 1), (None, 2)])
async def test_who_joins_a_question_over_many_companies_gets_no_older_answer_than_it_accepts(
    max_staleness: float | None, calls: int
) -> None:
    """The other one has asked three seconds ago, and the store may have read then."""
    many = replace(QUESTION, method="ListFilings", kind=Kind.QUERY_RESULT, generations=())
    clock = [1000.0]
    store = Store()
    answers = answers_of(Cache("0.10"), store, now=lambda: clock[0])
    first = asyncio.create_task(answers.reply(many))
    await asyncio.sleep(0.01)
    clock[0] += 3
    second = asyncio.create_task(answers.reply(replace(many, max_staleness_seconds=max_staleness)))
    await asyncio.sleep(0.01)
    store.may_answer.set()
    assert not any(each.error for each in await asyncio.gather(first, second))
    assert store.calls == calls
