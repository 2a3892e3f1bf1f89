"""A hot read: from the request's bytes to the answer's, parsing only what this process has no answer for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class HotMethod:
    """A read whose request becomes a question."""

    name: str
    request_type: type[Message]
    question: Callable[[Any], Question[Message]]
    """From the parsed request. TenkayError when it is wrong."""
    min_sequence_field: int

    @classmethod
    def of(cls, request_type: type[Message], question: Callable[[Any], Question[Message]]) -> HotMethod:
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
        question = method.question(parse(method.request_type, raw))
        reply = await self._answers.reply(question)
        self._counts.count(question.kind, reply.outcome, reply.level)
        context.set_trailing_metadata(_TRAILING[reply.outcome])
        if reply.error is not None:
            raise reply.error
        if reply.keepable is not None and parts is not None:
            self._near.keep((method.name, parts[0]), question, reply.body, reply.keepable)
        return reply.body
