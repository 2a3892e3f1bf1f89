"""Answering: from Redis while an entry is true, else from the store, once for all who ask at the same time.

What is lost and what then happens, in one place:

- Redis lost (error, slow, breaker open): the store answers; counted as a bypass.
- The feed not followed: the store answers, since changes would go unnoticed; if the store does not answer either (an
  error, or nothing within `patience_seconds`), what was true when the feed was last followed is given, up to
  `outage_seconds` after it.
- The store lost: its DEPENDENCY_UNAVAILABLE is passed on for what is not cached.
- The store asked too much at once: TOO_MANY_CALLS, by `admission.store_slots`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from tenkay.errors import Reason, TenkayError
from tenkay.runtime import tasks
from tenkay.runtime.call import CURRENT_DEADLINE, current_deadline
from tenkay.runtime.tracing import span
from tenkay_query import metrics
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.cache import answer_bytes, compression, early_refresh, envelope, negative, redis_keys
from tenkay_query.cache.entry_lock import EntryLock
from tenkay_query.cache.envelope import EPOCH_BYTES, Envelope
from tenkay_query.cache.generations import (
    Lookup,
    Trouble,
    Unusable,
    Valid,
    Verdict,
    followed_part,
    is_of_shards,
    judge,
    merged,
)
from tenkay_query.cache.policy import CachePolicy
from tenkay_query.cache.ports import AnswerCache, CacheLost, FeedProgress, Place, Store, StoreAnswer
from tenkay_query.cache.sharing import FLOOR_REFUSED, Basis, Fetched, Sharer, lasts
from tenkay_query.cache.single_flight import SingleFlight
from tenkay_query.question import Keepable, Level, Outcome, Question, Reply

Request = TypeVar("Request")

CLOCKS_APART_SECONDS = 5.0
"""How far the clocks of query processes may be apart."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A look into Redis, and what it means for the question."""

    found: Lookup | None
    """None: Redis was lost."""
    verdict: Verdict
    stamp: int
    """Taken before the look."""


class Answers(Generic[Request]):
    """The read path behind a process's own memory."""

    def __init__(
        self,
        cache: AnswerCache,
        store: Store[Request],
        feed: FeedProgress,
        policy: CachePolicy,
        *,
        lock: EntryLock,
        slots: StoreSlots,
        stamp: Callable[[], int],
        random: Callable[[], float],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._store = store
        self._feed = feed
        self._policy = policy
        self._lock = lock
        self._slots = slots
        self._stamp = stamp
        self._random = random
        self._now = now
        self._flights: SingleFlight[Basis, Fetched] = SingleFlight(lasts=lasts)
        self._refreshes: dict[str, asyncio.Task[None]] = {}

    async def reply(self, question: Question[Request], *, has_slot: bool = False) -> Reply:
        """The answer to `question`, or the error to raise. MALFORMED_SEQUENCE is raised before anything is asked, also
        for the sequence of a store that is not the one whose feed is followed.

        `has_slot` says that the caller holds a place at the store for it already.
        """
        if question.min_sequence:
            own = followed_part(question.min_sequence, self._feed.position)
            question = replace(question, min_sequence=own)
        place, came_at = _place(question), self._now()
        came = self._flights.arrive(place.key)
        try:
            return await self._reply(place, question, came, came_at, has_slot=has_slot)
        finally:
            self._flights.leave(place.key)

    async def close(self) -> None:
        """Ends the questions under way."""
        await tasks.end(*self._refreshes.values())
        await self._flights.close()

    async def _reply(
        self, place: Place, question: Question[Request], came: int, came_at: float, *, has_slot: bool
    ) -> Reply:
        seen = await self._look(place, question)
        if (
            isinstance(seen.verdict, Unusable)
            and seen.verdict.trouble is Trouble.BEHIND
            and question.is_bound
            and await self._feed.reaches(question.min_sequence, self._policy.follower_wait_seconds)
        ):
            seen = await self._look(place, question)
        if isinstance(seen.verdict, Valid):
            served = self._served(question, seen.verdict, seen.stamp)
            if served is not None:
                self._refresh_early(place, question, seen, seen.verdict.entry)
                return served
        outcome = Outcome.MISS
        if isinstance(seen.verdict, Unusable):
            outcome = Outcome.BYPASS
            metrics.BYPASSES.labels(seen.verdict.trouble).inc()
            if seen.verdict.trouble is Trouble.NOT_FOLLOWED:
                self._feed.nudge()
        last = self._last_known(question, seen)
        sharer = self._sharer(question, seen, came_at)
        if (
            last is None
            and not has_slot
            and not self._flights.is_at_hand(place.key, came, good_enough=sharer.joins, fits=sharer.takes)
        ):
            try:
                self._slots.require_time(question.work, current_deadline())
            except TenkayError as error:
                return Reply(outcome, Level.STORE, error=error)
        try:
            async with asyncio.timeout(None if last is None else self._policy.patience_seconds):
                fetched = await self._fetch(place, question, seen, sharer, came, has_slot)
        except TimeoutError:
            if last is None:
                raise
            metrics.OUTAGE_ANSWERS.inc()
            return last
        if fetched.error is None:
            return Reply(
                outcome, Level.STORE, fetched.body, keepable=fetched.keepable, read_at=fetched.read_at
            )
        if last is not None and fetched.error.reason is Reason.DEPENDENCY_UNAVAILABLE:
            metrics.OUTAGE_ANSWERS.inc()
            return last
        # A copy: several callers may raise it, and each adds its own traceback.
        return Reply(outcome, Level.STORE, error=copy.copy(fetched.error))

    async def _look(self, place: Place, question: Question[Request]) -> _Seen:
        stamp = self._stamp()
        with span("redis.look_up"):
            try:
                found = await self._cache.look_up(place)
            except CacheLost:
                return _Seen(None, Unusable(Trouble.REDIS_LOST), stamp)
        verdict = judge(
            found,
            bound=question.is_bound,
            min_sequence=question.min_sequence,
            now_ms=int(self._now() * 1000),
            max_staleness_ms=int(self._policy.staleness_seconds(question) * 1000),
        )
        return _Seen(found, verdict, stamp)

    def _served(self, question: Question[Request], valid: Valid, stamp: int | None) -> Reply | None:
        """The entry as a reply; without a stamp it is not to be kept. None when its body does not decode."""
        entry = valid.entry
        body = compression.body_of(entry, self._policy.max_body_bytes)
        if body is None:
            return None
        if entry.kind is envelope.Kind.NEGATIVE:
            error = negative.decode(body)
            if error is None:
                return None
            return Reply(Outcome.HIT, Level.REDIS, error=error, read_at=entry.read_at_ms / 1000)
        keepable = None
        if stamp is not None:
            seconds = self._seconds_left(question, entry) - self._lead_seconds(question, entry)
            keepable = Keepable(valid.as_of_sequence, stamp, seconds, entry.read_at_ms / 1000)
        if question.as_of_field is not None and valid.as_of_sequence != entry.as_of_sequence:
            body = answer_bytes.with_text(body, question.as_of_field, valid.as_of_sequence)
        return Reply(Outcome.HIT, Level.REDIS, body, keepable=keepable, read_at=entry.read_at_ms / 1000)

    def _last_known(self, question: Question[Request], seen: _Seen) -> Reply | None:
        if not isinstance(seen.verdict, Unusable) or seen.verdict.last_known is None:
            return None
        if seen.found is None or seen.found.seen_at_ms is None:
            return None
        silent_seconds = self._now() - seen.found.seen_at_ms / 1000
        # A moment that has not come yet says nothing of how long it has been.
        if not -CLOCKS_APART_SECONDS <= silent_seconds <= self._policy.outage_seconds:
            return None
        return self._served(question, seen.verdict.last_known, None)

    def _seconds_left(self, question: Question[Request], entry: Envelope) -> float:
        """How long the entry may still be given to those who ask this."""
        until_ms = float(entry.fresh_until_ms)
        if not question.is_bound:
            until_ms = min(until_ms, entry.read_at_ms + self._policy.staleness_seconds(question) * 1000)
        return until_ms / 1000 - self._now()

    def _lead_seconds(self, question: Question[Request], entry: Envelope) -> float:
        """How long before its end the entry is made anew, as this reader draws it."""
        return (
            early_refresh.lead_seconds(entry.cost_ms / 1000, self._random()) if question.is_expensive else 0.0
        )

    def _refresh_early(self, place: Place, question: Question[Request], seen: _Seen, entry: Envelope) -> None:
        if not question.is_expensive or place.key in self._refreshes:
            return
        if self._seconds_left(question, entry) > self._lead_seconds(question, entry):
            return

        async def refresh() -> None:
            fetched = await self._ask(
                place,
                question,
                Basis(seen.found, seen.stamp, question.min_sequence, self._now()),
                may_wait=False,
            )
            if fetched is not None:
                metrics.EARLY_REFRESHES.labels("done" if fetched.error is None else "failed").inc()

        task = asyncio.get_running_loop().create_task(refresh(), context=self._flight_context())
        self._refreshes[place.key] = task
        task.add_done_callback(lambda ended: self._refreshed(place.key, ended))

    def _refreshed(self, key: str, task: asyncio.Task[None]) -> None:
        del self._refreshes[key]
        if not task.cancelled() and task.exception() is not None:
            metrics.EARLY_REFRESHES.labels("failed").inc()

    def _sharer(self, question: Question[Request], seen: _Seen, came_at: float) -> Sharer:
        position = (seen.found.position if seen.found is not None else None) or ""
        # For what hangs on generations the store must have all that the generations were raised by: it has, since the
        # feed tells only what is committed, and saying so makes sure. A set of companies may be a little old.
        floor = merged(position, question.min_sequence) if question.is_bound else question.min_sequence
        oldest_read = came_at - self._policy.staleness_seconds(question)
        return Sharer(question, seen.found, floor, self._feed.position, oldest_read)

    async def _fetch(
        self,
        place: Place,
        question: Question[Request],
        seen: _Seen,
        sharer: Sharer,
        came: int,
        has_slot: bool,
    ) -> Fetched:
        async def ask(basis: Basis) -> Fetched:
            fetched = await self._ask(place, question, basis, may_wait=True)
            if fetched is None:
                raise RuntimeError("only who does not wait may come back with nothing")
            return fetched

        fetched, joined = await self._flights.do(
            place.key,
            Basis(seen.found, seen.stamp, sharer.floor, self._now(), has_slot),
            ask,
            good_enough=sharer.joins,
            fits=sharer.takes,
            came=came,
            context=self._flight_context,
        )
        if not joined:
            return fetched
        metrics.FLIGHTS_JOINED.inc()
        staleness_seconds = self._policy.staleness_seconds(question)
        return sharer.given(fetched, now=self._now(), staleness_seconds=staleness_seconds)

    def _flight_context(self) -> contextvars.Context:
        """The starter's trace, but not its deadline: others may have more time than it."""
        context = contextvars.copy_context()
        context.run(CURRENT_DEADLINE.set, time.monotonic() + self._policy.store_seconds)
        return context

    async def _ask(
        self, place: Place, question: Question[Request], basis: Basis, *, may_wait: bool
    ) -> Fetched | None:
        if not question.is_expensive or basis.found is None:
            return await self._from_store(place, question, basis)

        async def from_cache() -> Fetched | None:
            seen = await self._look(place, question)
            if not isinstance(seen.verdict, Valid):
                return None
            served = self._served(question, seen.verdict, seen.stamp)
            if served is None:
                return None
            metrics.LOCK_WAITS.inc()
            true_at = seen.verdict.as_of_sequence
            return Fetched(served.body, served.error, true_at, served.keepable, served.read_at)

        return await self._lock.answer(
            redis_keys.lock(place.key),
            from_cache=from_cache,
            from_store=lambda: self._from_store(place, question, basis),
            may_wait=may_wait,
        )

    async def _from_store(self, place: Place, question: Question[Request], basis: Basis) -> Fetched:
        floor, refused = basis.floor, ""
        read_at = self._now()
        try:
            async with contextlib.nullcontext() if basis.has_slot else self._slots.hold(question.work):
                read_at = self._now()
                try:
                    answer = await self._store.ask(question, floor)
                except TenkayError as error:
                    # A store that was set back to an older state has not reached a position that was followed before,
                    # and one that took another's place never had it.
                    if error.reason not in FLOOR_REFUSED or floor == question.min_sequence:
                        raise
                    floor, refused = question.min_sequence, floor
                    answer = await self._store.ask(question, floor)
        except TenkayError as error:
            if error.reason in FLOOR_REFUSED:
                return Fetched(error=error, refused=floor)
            if error.reason in negative.CACHED and not refused:
                body = negative.encode(error)
                # An error does not tell which state was read; it was not older than the one asked for.
                told = StoreAnswer(body, floor)
                await self._keep(place, question, basis, envelope.Kind.NEGATIVE, told, read_at)
            return Fetched(error=error, true_at=floor, refused=refused)
        # A page of a list names the state of its first page; it was not read from an older one than was asked for.
        true_at = merged(answer.as_of_sequence, floor)
        entry = None
        if not refused:  # else the generations are those of a state that this store does not have
            entry = await self._keep(place, question, basis, envelope.Kind.ANSWER, answer, read_at)
        if entry is None:
            return Fetched(answer.body, None, true_at, read_at=read_at, refused=refused)
        seconds = self._seconds_left(question, entry) - self._lead_seconds(question, entry)
        keepable = Keepable(answer.as_of_sequence, basis.stamp, seconds, read_at)
        return Fetched(answer.body, None, true_at, keepable, read_at)

    async def _keep(
        self,
        place: Place,
        question: Question[Request],
        basis: Basis,
        kind: envelope.Kind,
        answer: StoreAnswer,
        read_at: float,
    ) -> Envelope | None:
        """Offers the answer to Redis. The entry, if the answer may be kept at all."""
        found, as_of_sequence = basis.found, answer.as_of_sequence
        if found is None or found.epoch is None or len(answer.body) > self._policy.max_body_bytes:
            return None
        if question.is_bound and not (found.position and is_of_shards(as_of_sequence, found.position)):
            return None
        is_negative = kind is envelope.Kind.NEGATIVE
        lasts = self._policy.seconds_to_keep(question.kind, is_negative=is_negative, drawn=self._random())
        now = self._now()
        entry = Envelope(
            kind=kind,
            epoch=found.epoch,
            kind_epoch=found.kind_epoch or os.urandom(EPOCH_BYTES),
            # A generation that was missing becomes the state read, if Redis still agrees to that.
            generations=tuple(known if known is not None else as_of_sequence for known in found.generations),
            as_of_sequence=as_of_sequence,
            read_at_ms=int(read_at * 1000),
            fresh_until_ms=int((now + lasts) * 1000),
            cost_ms=max(0, int((now - read_at) * 1000)),
            body=answer.body,
        )
        written = compression.compress(entry, self._policy.compress_over_bytes)
        try:
            kept = await self._cache.keep(
                place,
                envelope.encode(written),
                lasts,
                found,
                kind_epoch=entry.kind_epoch,
                as_of_sequence=as_of_sequence,
            )
        except CacheLost:
            return None
        metrics.FILLS.labels("kept" if kept else "refused").inc()
        return entry


def _place(question: Question[Request]) -> Place:
    return Place(
        redis_keys.entry(question.method, question.canonical),
        redis_keys.kind_epoch(question.kind),
        question.generations,
    )
