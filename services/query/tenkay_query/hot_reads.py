"""A hot read: from the request's bytes to the answer's, parsing only what this process has no answer for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import grpc
from google.protobuf.message import Message

from tenkay.runtime.handler import parse
from tenkay_query.cache import request_bytes
from tenkay_query.cache.answers import Answers
from tenkay_query.cache.near_cache import NearCache
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Outcome, Question

CACHE_METADATA = "tenkay-cache"
MIN_SEQUENCE = "min_sequence"

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

    @classmethod
    def resolved(
        cls, request_type: type[Message], resolve: Callable[[Any, Ask], Awaitable[Question[Message]]]
    ) -> HotMethod:
        """The method of a request that another question has to be asked for first."""
        method = cls.of(request_type, None)
        return cls(method.name, request_type, None, method.min_sequence_field, resolve)

    @classmethod
    def of(
        cls, request_type: type[Message], question: Callable[[Any], Question[Message]] | None
    ) -> HotMethod:
        """The method whose request has this type; requests have a field min_sequence."""
        name = request_type.DESCRIPTOR.name.removesuffix("Request")
        number = request_type.DESCRIPTOR.fields_by_name[MIN_SEQUENCE].number
        return cls(name, request_type, question, number)


class HotReads:
    """Answers all hot methods of a process."""

    def __init__(self, near: NearCache, answers: Answers[Message], counts: AnswerMetrics) -> None:
        self._near = near
        self._answers = answers
        self._counts = counts

    async def reply(self, method: HotMethod, raw: bytes, context: Context) -> bytes:
        """The serialised answer; TenkayError. The trailing metadata says where it came from."""
        parts = request_bytes.split(raw, method.min_sequence_field)
        if parts is not None:
            entry = self._near.find((method.name, parts[0]), parts[1])
            if entry is not None:
                context.set_trailing_metadata(_HIT)
                return entry.body
        stamp = self._near.stamp()
        request = parse(method.request_type, raw)
        if method.question is not None:
            question = method.question(request)
        else:
            assert method.resolve is not None  # noqa: S101 - one of the two is set
            question = await method.resolve(request, self.ask)
        reply = await self._answers.reply(question)
        self._counts.count(question.kind, reply.outcome, reply.level)
        context.set_trailing_metadata(_TRAILING[reply.outcome])
        if reply.error is not None:
            raise reply.error
        if reply.keepable is not None and parts is not None:
            # What the question was made from may have changed before the look-up for its answer.
            known = replace(reply.keepable, stamp=min(stamp, reply.keepable.stamp))
            self._near.keep((method.name, parts[0]), question, reply.body, known)
        return reply.body

    async def ask(self, question: Question[Message]) -> bytes:
        """The answer to a question that another one depends on; TenkayError."""
        reply = await self._answers.reply(question)
        self._counts.count(question.kind, reply.outcome, reply.level)
        if reply.error is not None:
            raise reply.error
        return reply.body
