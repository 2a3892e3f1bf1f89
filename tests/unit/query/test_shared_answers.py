"""Callers that are not given what another one asked for, and what they are given instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tenkay import sequences
from tenkay.errors import Reason, TenkayError, failure
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import envelope
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.entry_lock import EntryLock
from tenkay_query.cache.envelope import Envelope
from tenkay_query.cache.generations import Lookup
from tenkay_query.cache.near_cache import NearCache, NearLimits
from tenkay_query.cache.ports import CacheLost, Place, StoreAnswer
from tenkay_query.question import Kind, Outcome, Question, Reply
from tests.unit.query.test_joined_questions import QUESTION, Cache, Locks, SlowCache, answers_of

MANY = replace(QUESTION, method="ListFilings", kind=Kind.QUERY_RESULT, generations=())


def look(position: str | None, generation: str | None, entry: Envelope | None = None) -> Lookup:
    held = None if entry is None else envelope.encode(entry)
    return Lookup(b"e" * 16, b"k" * 16, position, True, 1, (generation,), held)


def held(state: str, generations: Sequence[str] = (), read_at: float = 0.0) -> Envelope:
    return Envelope(
        kind=envelope.Kind.ANSWER,
        epoch=b"e" * 16,
        kind_epoch=b"k" * 16,
        generations=tuple(generations),
        as_of_sequence=state,
        read_at_ms=int(read_at * 1000),
        fresh_until_ms=10**14,
        cost_ms=0,
        body=body(state),
    )


def body(state: str) -> bytes:
    return pb.GetCompanySummaryResponse(as_of_sequence=state).SerializeToString()


def state_of(reply: Reply) -> str:
    return pb.GetCompanySummaryResponse.FromString(reply.body).as_of_sequence


@dataclass
class Looks(Cache):
    """Redis that says one thing after another, the last one for ever; None: it is lost."""

    position: str = ""
    found: list[Lookup | None] = field(default_factory=list)
    entries: list[Envelope] = field(default_factory=list)

    async def look_up(self, place: Place) -> Lookup:
        told = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if told is None:
            raise CacheLost("it restarts")
        return told

    async def keep(self, *given: object, **named: object) -> bool:
        assert isinstance(given[1], bytes)
        entry = envelope.decode(given[1])
        assert entry is not None
        self.entries.append(entry)
        return True


@dataclass
class StoreAt:
    """A store at a state, which a question may be held back from; it refuses states that it has not reached."""

    state: str
    fails: list[TenkayError | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, question: Question[str], min_sequence: str) -> StoreAnswer:
        self.asked.append(min_sequence)
        state, error = self.state, self.fails.pop(0) if self.fails else None
        await self.may_answer.wait()
        if _number(min_sequence) > _number(state):
            raise failure(Reason.SEQUENCE_NOT_REACHED, "not reached")
        if error is not None:
            raise error
        return StoreAnswer(body(state), state)


def _number(sequence: str) -> int:
    return sequences.parse(sequence).get(0, 0)


async def settle() -> None:
    await asyncio.sleep(0.01)


async def both(
    answers: Answers[str],
    store: StoreAt,
    first: Question[str],
    second: Question[str],
    between: Callable[[], None] = lambda: None,
) -> tuple[Reply, Reply]:
    """The replies to a question, and to one that comes while the store works for the first."""
    one = asyncio.create_task(answers.reply(first))
    await settle()
    between()
    two = asyncio.create_task(answers.reply(second))
    await settle()
    store.may_answer.set()
    return await one, await two


async def test_who_joins_with_less_patience_keeps_the_answer_no_longer_than_it_accepts() -> None:
    seconds = [0.0]
    near = NearCache(NearLimits(100, 1_000_000, 300), clock=lambda: seconds[0])
    near.open("0.10")
    store = StoreAt("0.10")
    answers = answers_of(Cache("0.10"), store, now=lambda: 1000.0)
    strict = replace(MANY, max_staleness_seconds=1.0)
    lax, shared = await both(answers, store, replace(MANY, max_staleness_seconds=3600.0), strict)

    assert len(store.asked) == 1
    assert lax.keepable is not None
    assert lax.keepable.seconds == 60
    assert shared.keepable is not None
    assert shared.keepable.seconds == 1
    near.keep(("ListFilings", b"strict"), strict, shared.body, replace(shared.keepable, stamp=near.stamp()))
    assert near.find(("ListFilings", b"strict"), "")
    seconds[0] = 1.5
    assert near.find(("ListFilings", b"strict"), "") is None


async def test_an_answer_asked_for_without_redis_is_not_said_to_be_true_at_a_state_seen_since() -> None:
    """The company is committed to while the store, asked before, still works."""
    store = StoreAt("0.5")
    answers = answers_of(Looks(found=[None, look("0.6", "0.6")]), store)

    def commit() -> None:
        store.state = "0.6"

    first, second = await both(answers, store, QUESTION, QUESTION, commit)

    assert (state_of(first), state_of(second)) == ("0.5", "0.6")
    assert store.asked == ["", "0.6"]


async def test_a_state_that_only_another_caller_demands_fails_nobody_else() -> None:
    store = StoreAt("0.10")
    answers = answers_of(Cache("0.10"), store)
    ahead = replace(QUESTION, min_sequence="0.9999")
    refused, served = await both(answers, store, ahead, QUESTION)

    assert refused.error is not None
    assert refused.error.reason is Reason.SEQUENCE_NOT_REACHED
    assert served.error is None
    assert state_of(served) == "0.10"


async def test_callers_with_and_without_a_newer_state_cost_one_call_a_kind() -> None:
    store = StoreAt("0.11")  # which the feed has not told of yet
    answers = answers_of(Cache("0.10"), store)
    newer = replace(QUESTION, min_sequence="0.11")
    callers = [asyncio.create_task(answers.reply((QUESTION, newer)[turn % 2])) for turn in range(100)]
    await settle()
    store.may_answer.set()
    assert not any(each.error for each in await asyncio.gather(*callers))
    assert sorted(store.asked) == ["0.10", "0.11"]


@pytest.mark.parametrize(
    "reason", [Reason.TOO_MANY_CALLS, Reason.DEADLINE_EXCEEDED, Reason.DEPENDENCY_UNAVAILABLE]
)
async def test_a_failure_of_an_earlier_moment_is_not_given_to_who_comes_to_ask_after_it(
    reason: Reason,
) -> None:
    cache, store = SlowCache("0.10"), StoreAt("0.10", [failure(reason, "not now")])
    store.may_answer.set()
    answers = answers_of(cache, store)
    one, two = (asyncio.create_task(answers.reply(QUESTION)) for _ in range(2))
    failed = await one
    cache.may_come.set()
    served = await two

    assert failed.error is not None
    assert failed.error.reason is reason
    assert served.error is None
    assert state_of(served) == "0.10"


async def test_a_failure_is_shared_by_all_who_waited_for_the_store_when_it_failed() -> None:
    store = StoreAt("0.10", [failure(Reason.DEPENDENCY_UNAVAILABLE, "gone")])
    answers = answers_of(Cache("0.10"), store)
    callers = [asyncio.create_task(answers.reply(QUESTION)) for _ in range(50)]
    await settle()
    store.may_answer.set()
    assert all(reply.error is not None for reply in await asyncio.gather(*callers))
    assert len(store.asked) == 1


async def test_that_there_is_no_such_company_is_shared_though_the_look_took_longer() -> None:
    cache, store = SlowCache("0.10"), StoreAt("0.10", [failure(Reason.COMPANY_UNKNOWN, "no such company")])
    store.may_answer.set()
    answers = answers_of(cache, store)
    one, two = (asyncio.create_task(answers.reply(QUESTION)) for _ in range(2))
    await one
    cache.may_come.set()
    error = (await two).error
    assert error is not None
    assert error.reason is Reason.COMPANY_UNKNOWN
    assert store.asked == ["0.10"]


async def test_an_answer_that_another_process_read_too_early_is_not_shared() -> None:
    """Its entry, of five seconds ago, comes while one who accepts a second waits with one who accepts a minute."""
    cache = Looks(found=[look("0.10", "0.5")])

    class Taken(Locks):
        async def take(self, key: str, holder: bytes, seconds: float) -> bool:
            return False

    store = StoreAt("0.10")
    store.may_answer.set()
    lock = EntryLock(Taken(), lock_seconds=1, wait_seconds=0.1)
    answers = answers_of(cache, store, lock=lock, now=lambda: 1000.0)
    screen = replace(MANY, kind=Kind.AGGREGATION, is_expensive=True, max_staleness_seconds=60.0)
    lax = asyncio.create_task(answers.reply(screen))
    strict = asyncio.create_task(answers.reply(replace(screen, max_staleness_seconds=1.0)))
    await asyncio.sleep(0.005)
    cache.found = [replace(look("0.10", "0.5"), generations=(), entry=envelope.encode(held("0.9", (), 995)))]

    assert (await lax).read_at == 995
    assert (await strict).read_at == 1000
    assert len(store.asked) == 1


@dataclass
class Follows:
    position: str
    waits: int = 0

    async def reaches(self, sequence: str, seconds: float) -> bool:
        self.waits += 1
        return False

    def nudge(self) -> None: ...


@pytest.mark.parametrize("token", ["0.7", "0.7,5.7"])
async def test_the_part_of_another_store_in_a_token_keeps_nobody_from_the_cache(token: str) -> None:
    cache = Looks(found=[look("0.10", "0.5", held("0.5", ("0.5",)))])
    store = StoreAt("0.10")
    feed = Follows("0.10")
    answers = answers_of(cache, store, feed=feed)
    reply = await answers.reply(replace(QUESTION, min_sequence=token))
    assert (reply.outcome, feed.waits, store.asked) == (Outcome.HIT, 0, [])


@pytest.mark.parametrize(("followed", "kept"), [("0.10", "0.12"), ("", None)])
async def test_the_part_of_another_store_gets_into_no_generation(followed: str, kept: str | None) -> None:
    """Of a company that is not there. While this process does not follow it cannot tell which part is which."""
    cache = Looks(found=[look("0.10", None)])
    store = StoreAt("0.12", [failure(Reason.COMPANY_UNKNOWN, "no such company")])
    store.may_answer.set()
    answers = answers_of(cache, store, feed=Follows(followed))
    await answers.reply(replace(QUESTION, min_sequence="0.12,5.7"))
    assert [(each.as_of_sequence, each.generations) for each in cache.entries] == (
        [] if kept is None else [(kept, (kept,))]
    )


async def test_an_answer_of_a_store_that_was_set_back_is_not_said_to_be_newer_nor_kept() -> None:
    """Redis still knows the position of before, which the second caller has seen too, and the third has not."""
    cache = Looks(found=[look("0.10", "0.5"), look("0.12", "0.5"), look("0.2", "0.2")])
    store = StoreAt("0.3")
    answers = answers_of(cache, store)
    one, two, three = [asyncio.create_task(answers.reply(QUESTION)) for _ in range(3)]
    await settle()
    store.may_answer.set()
    replies = await asyncio.gather(one, two, three)

    assert [state_of(each) for each in replies] == ["0.3"] * 3
    assert [each.keepable is None for each in replies] == [True, True, False]
    assert [(each.as_of_sequence, each.generations) for each in cache.entries] == [("0.3", ("0.2",))]
    assert sorted(store.asked) == ["", "0.10", "0.2"]


async def test_that_a_store_set_back_has_no_such_company_is_not_told_who_demands_a_newer_state() -> None:
    cache = Looks(found=[look("0.10", "0.5")])
    store = StoreAt("0.3", [None, failure(Reason.COMPANY_UNKNOWN, "no such company")])
    answers = answers_of(cache, store)
    first, second = await both(answers, store, QUESTION, replace(QUESTION, min_sequence="0.8"))
    assert [each.error.reason for each in (first, second) if each.error] == [
        Reason.COMPANY_UNKNOWN,
        Reason.SEQUENCE_NOT_REACHED,
    ]
    assert cache.entries == []


async def test_without_redis_callers_share_by_how_far_their_process_has_followed_the_feed() -> None:
    store = StoreAt("0.10")
    answers = answers_of(Looks(found=[None]), store, feed=Follows("0.10"))
    tokens = [f"0.{10 - turn}" for turn in range(10)]
    callers = [asyncio.create_task(answers.reply(replace(QUESTION, min_sequence=each))) for each in tokens]
    await settle()
    store.may_answer.set()
    assert [state_of(each) for each in await asyncio.gather(*callers)] == ["0.10"] * 10
    assert store.asked == ["0.10"]


async def test_what_was_asked_before_a_new_epoch_is_not_shared_after_it() -> None:
    """The store was set back in between: its numbers count other commits now."""
    store = StoreAt("0.10")
    answers = answers_of(
        Looks(found=[look("0.10", "0.5"), replace(look("0.4", "0.4"), epoch=b"n" * 16)]), store
    )

    def set_back() -> None:
        store.state = "0.4"

    _, second = await both(answers, store, QUESTION, QUESTION, set_back)
    assert state_of(second) == "0.4"
    assert store.asked == ["0.10", "0.4"]
