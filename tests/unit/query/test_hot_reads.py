"""Hot reads: what is kept in the process of questions that hang on another answer."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from prometheus_client.registry import REGISTRY

from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import NotFound, Reason, failure
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query import questions
from tenkay_query.admission.caller_limits import CallerLimit, CallerLimits
from tenkay_query.admission.callers import Callers
from tenkay_query.asked_most import AskedMost
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache.near_cache import NearCache, NearLimits
from tenkay_query.hot_reads import Ask, HotMethod, HotReads
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Keepable, Kind, Level, Outcome, Question, Reply

REQUEST = pb.GetFilingRequest(filing=FilingRef(accession_number="0001999001-24-000001"))


class Context:
    def peer(self) -> str:
        return "ipv4:127.0.0.1:50000"

    def set_trailing_metadata(self, metadata: object) -> None: ...


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
