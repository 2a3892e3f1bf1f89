"""Callers that share one question to the store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.answers import Answers, CachePolicy, Kind, Question, StoreAnswer
from tenkay_query.generations import Lookup

POLICY = CachePolicy(
    ttl_seconds=dict.fromkeys(Kind, 60.0),
    negative_seconds=1.0,
    max_staleness_seconds=1.0,
    jitter=0.0,
    follower_wait_seconds=0.0,
    store_seconds=5.0,
    patience_seconds=1.0,
    outage_seconds=1.0,
)
QUESTION = Question(
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

    async def look_up(self, key: str, generations: object) -> Lookup:
        return Lookup(b"e" * 16, self.position, True, 1, ("0.5",), None)

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


class Feed:
    async def reaches(self, sequence: str, seconds: float) -> bool:
        return False

    def nudge(self) -> None: ...


async def test_who_joins_a_question_with_a_newer_token_is_not_told_an_older_state() -> None:
    cache, store = Cache("0.10"), Store()
    answers = Answers[str](cache, store, Feed(), POLICY, random=lambda: 0.5)
    first = asyncio.create_task(answers.reply(QUESTION))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cache.position = "0.17"  # others' commits; nothing has touched this company
    second = asyncio.create_task(answers.reply(replace(QUESTION, min_sequence="0.17")))
    await asyncio.sleep(0.01)
    store.may_answer.set()

    told = [pb.GetCompanySummaryResponse.FromString((await each).body) for each in (first, second)]

    assert store.calls == 1
    assert [each.as_of_sequence for each in told] == ["0.10", "0.17"]
