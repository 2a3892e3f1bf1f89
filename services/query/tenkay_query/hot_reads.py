"""A hot read: from the request's bytes to the answer's, parsing only what this process has no answer for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import grpc
from google.protobuf.message import Message

from tenkay.runtime.handler import parse
from tenkay_query.admission.callers import Callers
from tenkay_query.admission.store_budget import CURRENT_BUDGET, StoreBudget
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache import request_bytes
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.near_cache import Key, NearCache, NearEntry
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Keepable, Outcome, Question, Reply

CACHE_METADATA = "tenkay-cache"
MIN_SEQUENCE = "min_sequence"
REMEMBERED_QUESTIONS = 1024
MAX_REMEMBERED_BYTES = 512
"""Of a request; a larger one is parsed each time."""

Context = grpc.aio.ServicerContext[Any, Any]

# Made once: the hot path only looks up.
_TRAILING = {outcome: ((CACHE_METADATA, outcome.value),) for outcome in Outcome}
_HIT = _TRAILING[Outcome.HIT]


Ask = Callable[[Question[Message]], Awaitable[bytes]]
"""The cached answer to a question. TenkayError."""


@dataclass(frozen=True, slots=True)
class HotMethod:
    """A read whose request becomes a question."""

    name: str
    request_type: type[Message]
    question: Callable[[Any], Question[Message]] | None
    """From the parsed request. TenkayError when it is wrong."""
    min_sequence_field: int
    resolve: Callable[[Any, Ask], Awaitable[Question[Message]]] | None = None
    """The same of a request whose answer hangs on what another answer tells. Exactly one of the two is set."""
    further: Callable[[Any, bytes], Question[Message] | None] | None = None
    """From the parsed request and its answer: what is to be asked in its place, where the answer shows that it hangs on
    more than was known. None: the answer stands."""

    @classmethod
    def resolved(
        cls,
        request_type: type[Message],
        resolve: Callable[[Any, Ask], Awaitable[Question[Message]]],
        further: Callable[[Any, bytes], Question[Message] | None] | None = None,
    ) -> HotMethod:
        """The method of a request that another question may have to be asked for first."""
        method = cls.of(request_type, None)
        return cls(method.name, request_type, None, method.min_sequence_field, resolve, further)

    @classmethod
    def of(
        cls, request_type: type[Message], question: Callable[[Any], Question[Message]] | None
    ) -> HotMethod:
        """The method whose request has this type; requests have a field min_sequence."""
        name = request_type.DESCRIPTOR.name.removesuffix("Request")
        number = request_type.DESCRIPTOR.fields_by_name[MIN_SEQUENCE].number
        return cls(name, request_type, question, number)

    async def asks(self, request: Message, ask: Ask) -> Question[Message]:
        """The question that the parsed request becomes. TenkayError."""
        if self.question is not None:
            return self.question(request)
        assert self.resolve is not None  # noqa: S101 - one of the two is set
        return await self.resolve(request, ask)


class HotReads:
    """Answers all hot methods of a process.

    A hit in the process's memory costs what is between here and `return`: it takes no place at the store, is not held
    to its caller's limits, and only one in so many is looked at closer.
    """

    def __init__(
        self,
        near: NearCache,
        answers: Answers[Message],
        counts: AnswerMetrics,
        asked: AskedQuestions,
        callers: Callers,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._near = near
        self._answers = answers
        self._counts = counts
        self._asked = asked
        self._callers = callers
        self._now = now
        self._until_sample = asked.pause()

    async def reply(self, method: HotMethod, raw: bytes, context: Context) -> bytes:
        """The serialised answer; TenkayError. The trailing metadata says where it came from."""
        parts = request_bytes.split(raw, method.min_sequence_field)
        key = None
        if parts is not None:
            key = (method.name, parts[0])
            entry = self._near.find(key, parts[1])
            if entry is not None:
                context.set_trailing_metadata(_HIT)
                self._until_sample -= 1
                if self._until_sample <= 0:
                    self._sample(key, entry)
                return entry.body
        stamp = self._near.stamp()
        with self._callers.entered(context):
            CURRENT_BUDGET.set(StoreBudget())
            known = None if parts is None else _known_question(method, *parts)
            if known is None:
                request = parse(method.request_type, raw)
            if key is not None:  # not before it is known for a request
                self._asked.note(key, 1)
            if known is None:
                question, reply = await self._answered(method, request, self._ask)
            else:
                question, reply = known, await self._answers.reply(known)
        self._counts.count(question.kind, reply.outcome, reply.level)
        if reply.read_at is not None:
            self._counts.age(question.kind, self._now() - reply.read_at)
        context.set_trailing_metadata(_TRAILING[reply.outcome])
        if reply.error is not None:
            raise reply.error
        self._keep(key, question, reply, stamp)
        return reply.body

    async def _ask(self, question: Question[Message]) -> bytes:
        """The answer to a question that a request's own depends on. It is no request, and so not counted; its error is,
        since the request is answered with it."""
        reply = await self._answers.reply(question)
        if reply.error is not None:
            self._counts.count(question.kind, reply.outcome, reply.level)
        return _body(reply)

    async def _answered(
        self, method: HotMethod, request: Message, ask: Ask, *, has_slot: bool = False
    ) -> tuple[Question[Message], Reply]:
        """The question that the request becomes in the end, and its answer."""
        question = await method.asks(request, ask)
        reply = await self._answers.reply(question, has_slot=has_slot)
        if method.further is not None and reply.error is None:
            further = method.further(request, reply.body)
            if further is not None:
                return further, await self._answers.reply(further, has_slot=has_slot)
        return question, reply

    @property
    def has_memory(self) -> bool:
        """Whether the process may keep answers for itself at all."""
        return self._near.limit_bytes > 0

    def holds(self, method: HotMethod, raw: bytes) -> bool:
        """Whether the process's memory has the answer to a request without min_sequence."""
        return self._near.holds((method.name, raw))

    async def fill(self, method: HotMethod, raw: bytes) -> Reply:
        """Answers a request without min_sequence for the sake of the caches only, from a place at the store that the
        caller holds. Not counted among the answers. TenkayError when it is no request.
        """

        async def ask(question: Question[Message]) -> bytes:
            return _body(await self._answers.reply(question, has_slot=True))

        CURRENT_BUDGET.set(StoreBudget())
        stamp = self._near.stamp()
        request = parse(method.request_type, raw)
        question, reply = await self._answered(method, request, ask, has_slot=True)
        if reply.error is None:
            self._keep((method.name, raw), question, reply, stamp)
        return reply

    def _keep(self, key: Key | None, question: Question[Message], reply: Reply, stamp: int) -> None:
        found = reply.keepable
        if found is None or key is None:
            return
        # What the question was made from may have changed before the look-up for its answer.
        known = Keepable(found.as_of_sequence, min(stamp, found.stamp), found.seconds, found.read_at)
        self._near.keep(key, question, reply.body, known)

    def _sample(self, key: Key, entry: NearEntry) -> None:
        self._until_sample = self._asked.pause()
        self._asked.note(key, self._asked.every)
        self._counts.age(entry.kind, self._now() - entry.read_at, self._asked.every)


def _known_question(method: HotMethod, raw: bytes, min_sequence: str) -> Question[Message] | None:
    """The question of a request that comes again and again, as while the process may keep no answers. None: it is to be
    parsed, since it is large or its question hangs on another answer. TenkayError when it is wrong."""
    if method.question is None or len(raw) > MAX_REMEMBERED_BYTES:
        return None
    question = _question_of(method, raw)
    return replace(question, min_sequence=min_sequence) if min_sequence else question


@lru_cache(REMEMBERED_QUESTIONS)
def _question_of(method: HotMethod, raw: bytes) -> Question[Message]:
    assert method.question is not None  # noqa: S101 - the caller has looked
    return method.question(parse(method.request_type, raw))


def _body(reply: Reply) -> bytes:
    if reply.error is not None:
        raise reply.error
    return reply.body
