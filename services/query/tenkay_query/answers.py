"""Answering: from the cache while an entry is true, else from the store, once for all who ask at the same time.

What is lost and what then happens, in one place:

- Redis lost (error, slow, breaker open): the store answers; counted as a bypass.
- The feed not followed: the store answers, since changes would go unnoticed; if the store does not answer either (an
  error, or nothing within `patience_seconds`), what was true when the feed was last followed is given, up to
  `outage_seconds` after it.
- The store lost: its DEPENDENCY_UNAVAILABLE is passed on for what is not cached.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from tenkay import sequences
from tenkay.errors import Reason, TenkayError
from tenkay.runtime.call import CURRENT_DEADLINE
from tenkay.runtime.tracing import span
from tenkay_query import answer_bytes, cache_keys, envelope, metrics, negative
from tenkay_query.cache_store import AnswerCache, CacheLost
from tenkay_query.envelope import Envelope
from tenkay_query.generations import Lookup, Trouble, Unusable, Valid, Verdict, covers, judge
from tenkay_query.single_flight import SingleFlight

Request = TypeVar("Request")


class Kind(StrEnum):
    """The kinds of answers, each with its own time to live."""

    FILING = "filing"
    SIGNALS = "signals"
    COMPANY_SUMMARY = "company_summary"
    QUERY_RESULT = "query_result"
    AGGREGATION = "aggregation"


class Outcome(StrEnum):
    """Where an answer came from, as the trailing metadata "tenkay-cache" tells it."""

    HIT = "hit"
    MISS = "miss"
    """The cache was asked and had nothing that is true."""
    BYPASS = "bypass"
    """The cache could not be used."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Request]):
    """A request in its canonical form, and how it is cached."""

    method: str
    kind: Kind
    request: Request
    """What the store is asked: without min_sequence, defaults filled in."""
    canonical: bytes
    """The same, serialised."""
    generations: tuple[str, ...]
    """Keys of the generations the answer hangs on. Empty: an answer over many companies."""
    min_sequence: str
    """The oldest state the caller accepts."""
    as_of_field: int | None
    """Number of the answer's field as_of_sequence. None for a page of a list that stays at its first page's state."""

    @property
    def is_bound(self) -> bool:
        """Whether the answer is about one filing or company."""
        return bool(self.generations)


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What the store answered."""

    body: bytes
    """The serialised response."""
    as_of_sequence: str


class Store(Protocol[Request]):
    """The store, as far as it is asked here."""

    async def ask(self, question: Question[Request], min_sequence: str) -> StoreAnswer:
        """The store's answer from a state not older than `min_sequence`; TenkayError otherwise."""


class FeedProgress(Protocol):
    """How far this process has followed the feed."""

    async def reaches(self, sequence: str, seconds: float) -> bool:
        """True once it is there; False when it is not within `seconds`."""

    def nudge(self) -> None:
        """Redis does not know the position: tell it now, not at the next turn."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long answers are kept, and how long is waited."""

    ttl_seconds: Mapping[Kind, float]
    negative_seconds: float
    max_staleness_seconds: float
    """How old an answer over many companies may be."""
    jitter: float
    """Share by which times to live vary, so that what was stored together does not end together."""
    follower_wait_seconds: float
    """How long a read waits for the feed when the caller has seen a newer state, before it goes to the store."""
    store_seconds: float
    """Longest time one question to the store may take, whatever time its callers have."""
    patience_seconds: float
    """How long a read waits for the store when the feed is silent and it has a last known answer."""
    outage_seconds: float
    """How long after the feed was last followed its last known answers are given while the store does not answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer or an error, and where it came from."""

    outcome: Outcome
    body: bytes = b""
    error: TenkayError | None = None


@dataclass(frozen=True, slots=True)
class _Basis:
    """What the starter of a question to the store knew before it asked."""

    found: Lookup | None
    """None: Redis was lost."""
    floor: str
    """The state that the store was asked for."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    body: bytes
    error: TenkayError | None
    as_of_sequence: str = ""
    """The state that the body names."""


class Answers(Generic[Request]):
    """The read path."""

    def __init__(
        self,
        cache: AnswerCache,
        store: Store[Request],
        feed: FeedProgress,
        policy: CachePolicy,
        *,
        now: Callable[[], float] = time.time,
        random: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._store = store
        self._feed = feed
        self._policy = policy
        self._now = now
        self._random = random
        self._flights: SingleFlight[_Basis, _Fetched] = SingleFlight()

    async def reply(self, question: Question[Request]) -> Reply:
        """The answer to `question`, or the error to raise. MALFORMED_SEQUENCE is raised before anything is asked."""
        sequences.parse(question.min_sequence)
        key = cache_keys.entry(question.method, question.canonical)
        found = await self._look_up(key, question)
        verdict = self._judge(found, question)
        if (
            isinstance(verdict, Unusable)
            and verdict.trouble is Trouble.BEHIND
            and question.is_bound
            and await self._feed.reaches(question.min_sequence, self._policy.follower_wait_seconds)
        ):
            found = await self._look_up(key, question)
            verdict = self._judge(found, question)
        if isinstance(verdict, Valid):
            served = self._served(question, verdict)
            if served is not None:
                return served
        outcome = Outcome.MISS
        if isinstance(verdict, Unusable):
            outcome = Outcome.BYPASS
            metrics.BYPASSES.labels(verdict.trouble).inc()
            if verdict.trouble is Trouble.NOT_FOLLOWED:
                self._feed.nudge()
        last = self._last_known(question, verdict, found)
        try:
            async with asyncio.timeout(None if last is None else self._policy.patience_seconds):
                fetched = await self._fetch(key, question, found)
        except TimeoutError:
            if last is None:
                raise
            metrics.OUTAGE_ANSWERS.inc()
            return last
        if fetched.error is None:
            return Reply(outcome, fetched.body)
        if last is not None and fetched.error.reason is Reason.DEPENDENCY_UNAVAILABLE:
            metrics.OUTAGE_ANSWERS.inc()
            return last
        # A copy: several callers may raise it, and each adds its own traceback.
        return Reply(outcome, error=copy.copy(fetched.error))

    async def close(self) -> None:
        """Ends the questions under way."""
        await self._flights.close()

    async def _look_up(self, key: str, question: Question[Request]) -> Lookup | None:
        with span("redis.look_up"):
            try:
                return await self._cache.look_up(key, question.generations)
            except CacheLost:
                return None

    def _judge(self, found: Lookup | None, question: Question[Request]) -> Verdict:
        if found is None:
            return Unusable(Trouble.REDIS_LOST)
        return judge(
            found, bound=question.is_bound, min_sequence=question.min_sequence, now_ms=int(self._now() * 1000)
        )

    def _served(self, question: Question[Request], valid: Valid) -> Reply | None:
        entry = valid.entry
        if entry.kind is envelope.Kind.NEGATIVE:
            error = negative.decode(entry.body)
            return None if error is None else Reply(Outcome.HIT, error=error)
        if question.as_of_field is None or valid.as_of_sequence == entry.as_of_sequence:
            return Reply(Outcome.HIT, entry.body)
        return Reply(
            Outcome.HIT, answer_bytes.with_text(entry.body, question.as_of_field, valid.as_of_sequence)
        )

    def _last_known(
        self, question: Question[Request], verdict: Verdict, found: Lookup | None
    ) -> Reply | None:
        if not isinstance(verdict, Unusable) or verdict.last_known is None:
            return None
        if found is None or found.seen_at_ms is None:
            return None
        silent_seconds = self._now() - found.seen_at_ms / 1000
        if silent_seconds > self._policy.outage_seconds:
            return None
        return self._served(question, verdict.last_known)

    async def _fetch(self, key: str, question: Question[Request], found: Lookup | None) -> _Fetched:
        position = (found.position if found is not None else None) or ""
        # For what hangs on generations the store must have all that the generations were raised by: it has, since the
        # feed tells only what is committed, and saying so makes sure. A set of companies may be a little old.
        floor = (
            sequences.merge(position, question.min_sequence) if question.is_bound else question.min_sequence
        )
        fetched, joined = await self._flights.do(
            key,
            _Basis(found, floor),
            lambda basis: self._ask(key, question, basis),
            good_enough=lambda basis: _joinable(basis, found, question, floor),
            context=self._flight_context,
        )
        if joined:
            metrics.FLIGHTS_JOINED.inc()
            return self._as_of(sequences.merge(fetched.as_of_sequence, position), question, fetched)
        return fetched

    def _as_of(self, sequence: str, question: Question[Request], fetched: _Fetched) -> _Fetched:
        """Another caller's answer naming the state that it is known to be true at for this one.

        The one who joins may have seen a newer state than the one who asked: see `_joinable`.
        """
        if fetched.error is not None or not question.is_bound or question.as_of_field is None:
            return fetched
        if sequence == fetched.as_of_sequence:
            return fetched
        return _Fetched(answer_bytes.with_text(fetched.body, question.as_of_field, sequence), None, sequence)

    def _flight_context(self) -> contextvars.Context:
        """The starter's trace, but not its deadline: others may have more time than it."""
        context = contextvars.copy_context()
        context.run(CURRENT_DEADLINE.set, time.monotonic() + self._policy.store_seconds)
        return context

    async def _ask(self, key: str, question: Question[Request], basis: _Basis) -> _Fetched:
        try:
            answer = await self._ask_store(question, basis.floor)
        except TenkayError as error:
            if error.reason in negative.CACHED and basis.found is not None:
                body = negative.encode(error)
                # An error does not tell which state was read; it was not older than the one asked for.
                await self._keep(key, question, basis.found, envelope.Kind.NEGATIVE, body, basis.floor)
            return _Fetched(b"", error)
        if basis.found is not None:
            await self._keep(
                key, question, basis.found, envelope.Kind.ANSWER, answer.body, answer.as_of_sequence
            )
        return _Fetched(answer.body, None, answer.as_of_sequence)

    async def _ask_store(self, question: Question[Request], floor: str) -> StoreAnswer:
        try:
            return await self._store.ask(question, floor)
        except TenkayError as error:
            # A store that was set back to an older state has not reached a position that was followed before.
            if error.reason is Reason.SEQUENCE_NOT_REACHED and floor != question.min_sequence:
                return await self._store.ask(question, question.min_sequence)
            raise

    async def _keep(
        self,
        key: str,
        question: Question[Request],
        found: Lookup,
        kind: envelope.Kind,
        body: bytes,
        as_of_sequence: str,
    ) -> None:
        if found.epoch is None or (question.is_bound and (found.position is None or not as_of_sequence)):
            return
        lasts = self._seconds_to_keep(question, kind)
        now = self._now()
        entry = Envelope(
            kind=kind,
            epoch=found.epoch,
            # A generation that was missing becomes the state read, if Redis still agrees to that.
            generations=tuple(known if known is not None else as_of_sequence for known in found.generations),
            as_of_sequence=as_of_sequence,
            stored_at_ms=int(now * 1000),
            fresh_until_ms=int((now + lasts) * 1000),
            body=body,
        )
        try:
            kept = await self._cache.keep(
                key, envelope.encode(entry), lasts, found, question.generations, as_of_sequence
            )
        except CacheLost:
            return
        metrics.FILLS.labels("kept" if kept else "refused").inc()

    def _seconds_to_keep(self, question: Question[Request], kind: envelope.Kind) -> float:
        policy = self._policy
        seconds = policy.ttl_seconds[question.kind]
        if kind is envelope.Kind.NEGATIVE:
            seconds = min(seconds, policy.negative_seconds)
        seconds *= 1 + policy.jitter * (2 * self._random() - 1)
        return seconds if question.is_bound else min(seconds, policy.max_staleness_seconds)


def _joinable(basis: _Basis, found: Lookup | None, question: Question[Request], floor: str) -> bool:
    """Whether the answer to a question asked on `basis` is new enough for a caller that has `found`."""
    if not question.is_bound or found is None or basis.found is None:
        return covers(basis.floor, question.min_sequence)
    if covers(basis.floor, floor):
        return True
    # The feed has moved on, but nothing has touched this since the question was asked.
    unchanged = None not in found.generations and basis.found.generations == found.generations
    return (
        unchanged and basis.found.epoch == found.epoch and covers(found.position or "", question.min_sequence)
    )
