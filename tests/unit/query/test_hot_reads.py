"""Hot reads: what is kept in the process, and what a request becomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from prometheus_client.registry import REGISTRY

from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import InvalidArgument, NotFound, Reason, ResourceExhausted, failure
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query import questions
from tenkay_query.admission.caller_limits import CallerLimit, CallerLimits
from tenkay_query.admission.callers import Callers
from tenkay_query.asked_most import AskedMost
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache.near_cache import Key, NearCache, NearLimits
from tenkay_query.hot_reads import Ask, HotMethod, HotReads
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Keepable, Kind, Level, Outcome, Question, Reply

REQUEST = pb.GetFilingRequest(filing=FilingRef(accession_number="0001999001-24-000001"))


class Context:
    def peer(self) -> str:
        return "ipv4:127.0.0.1:50000"

    def set_trailing_metadata(self, metadata: object) -> None: ...


class Answers:
    """Answers as the store would, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question[Message]] = []

    async def reply(self, question: Question[Message], *, has_slot: bool = False) -> Reply:
        self.asked.append(question)
        return Reply(Outcome.MISS, Level.STORE, b"")


@contextmanager
def reads_of(answers: Answers, asked: AskedMost[Key], *, burst: int = 100) -> Iterator[HotReads]:
    """Of a process that keeps no answers."""
    near = NearCache(NearLimits(10, 1_000_000, 60))
    counts = AnswerMetrics(near)
    try:
        noted = AskedQuestions(asked, cast(Any, None), every=16, clock=lambda: 0.0)
        callers = Callers(CallerLimits(CallerLimit(100, 1, burst), 1), clock=lambda: 0.0)
        yield HotReads(near, cast(Any, answers), counts, noted, callers)
    finally:
        REGISTRY.unregister(counts)


@pytest.mark.parametrize("concept_count", [0, 100])
async def test_the_same_request_is_the_same_question_and_carries_its_own_min_sequence(
    concept_count: int,
) -> None:
    """A small request's question is remembered, a large one's is made anew."""
    method = HotMethod.of(pb.GetSignalsRequest, questions.signals)
    signal_ids = [f"figure_{number}" for number in range(concept_count)]
    answers = Answers()
    with reads_of(answers, AskedMost(10, 60.0, 0.0)) as reads:
        for min_sequence in ("", "0.7", "", "0.8"):
            request = pb.GetSignalsRequest(
                filing=REQUEST.filing, signal_ids=signal_ids, min_sequence=min_sequence
            )
            await reads.reply(method, request.SerializeToString(), cast(Any, Context()))
        other = pb.GetSignalsRequest(filing=REQUEST.filing, signal_ids=[*signal_ids, "revenue"])
        await reads.reply(method, other.SerializeToString(), cast(Any, Context()))
    assert [each.min_sequence for each in answers.asked] == ["", "0.7", "", "0.8", ""]
    first, *again, last = answers.asked
    assert all(each.canonical == first.canonical for each in again)
    assert last.canonical != first.canonical
    assert (again[1] is first) == (concept_count == 0)


@pytest.mark.parametrize("raw", [b"\x0a\x02\x0a\x00", b"\x0a\x05junk"], ids=["no filing", "no message"])
async def test_a_wrong_request_is_refused_each_time_counts_for_its_caller_and_is_not_among_the_most_asked(
    raw: bytes,
) -> None:
    method = HotMethod.of(pb.GetFilingRequest, questions.filing)
    answers = Answers()
    asked: AskedMost[Key] = AskedMost(10, 60.0, 0.0)
    with reads_of(answers, asked, burst=2) as reads:
        for _ in range(2):
            with pytest.raises(InvalidArgument):
                await reads.reply(method, raw, cast(Any, Context()))
        with pytest.raises(ResourceExhausted):
            await reads.reply(method, raw, cast(Any, Context()))
        assert (answers.asked, asked.top(10, 0.0)) == ([], [])


@pytest.mark.parametrize("changes_meanwhile", [False, True])
async def test_an_answer_is_not_kept_when_what_its_question_was_made_from_changed_before_the_look_up(
    changes_meanwhile: bool,
) -> None:
    near = NearCache(NearLimits(10, 1_000_000, 60))
    near.open("0.5")
    question = questions.filing(REQUEST)

    async def resolve(_request: Any, _ask: Ask) -> Question[Message]:
        if changes_meanwhile:
            near.invalidate(question.generations)
        return question

    class Answers:
        async def reply(self, _question: Question[Message], *, has_slot: bool) -> Reply:
            return Reply(Outcome.MISS, Level.STORE, b"", keepable=Keepable("0.6", near.stamp(), 60, 0.0))

    counts = AnswerMetrics(near)
    try:
        asked = AskedQuestions(AskedMost(10, 60.0, 0.0), cast(Any, None), every=16, clock=lambda: 0.0)
        callers = Callers(CallerLimits(CallerLimit(1, 1, 1), 1))
        reads = HotReads(near, cast(Any, Answers()), counts, asked, callers)
        method = HotMethod.resolved(pb.GetFilingRequest, resolve)
        await reads.reply(method, REQUEST.SerializeToString(), cast(Any, Context()))
        assert len(near) == (0 if changes_meanwhile else 1)
    finally:
        REGISTRY.unregister(counts)


@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_request_needs_besides_is_counted_as_a_request_only_when_its_error_is_the_answer(
    fails: bool,
) -> None:
    near = NearCache(NearLimits(10, 1_000_000, 60))
    error = failure(Reason.FILING_UNKNOWN, "no such filing") if fails else None

    async def resolve(_request: Any, ask: Ask) -> Question[Message]:
        question = questions.filing(REQUEST)
        await ask(question)
        return question

    class Answers:
        async def reply(self, _question: Question[Message], *, has_slot: bool = False) -> Reply:
            return Reply(Outcome.MISS, Level.STORE, b"", error)

    counts = AnswerMetrics(near)
    try:
        asked = AskedQuestions(AskedMost(10, 60.0, 0.0), cast(Any, None), every=16, clock=lambda: 0.0)
        callers = Callers(CallerLimits(CallerLimit(1, 1, 1), 1))
        reads = HotReads(near, cast(Any, Answers()), counts, asked, callers)
        method = HotMethod.resolved(pb.GetFilingRequest, resolve)
        with pytest.raises(NotFound) if fails else nullcontext():
            await reads.reply(method, REQUEST.SerializeToString(), cast(Any, Context()))
        assert counts.answered(Kind.FILING, Level.STORE) == 1
    finally:
        REGISTRY.unregister(counts)
