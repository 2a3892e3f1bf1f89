"""Who may share whose answer.

An answer is shared only with a caller that would have been given it had it asked itself at the moment it came: of a
state not older than what the caller has seen or demands, read no longer before it came than it accepts, and no error
that comes from the other one's question (a state that only the other one demands) or from an earlier moment (a store
that was busy then).

`Sharer.takes` is that rule. `Sharer.joins` is what it will say, as far as that is known while the question is still
under way, so that nobody waits for what it cannot take; `lasts` is what is left of it when the answer came before the
caller got to asking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tenkay.errors import Reason, TenkayError
from tenkay_query.cache import answer_bytes, negative
from tenkay_query.cache.generations import Lookup, covers, merged
from tenkay_query.question import Keepable, Question

FLOOR_REFUSED = frozenset({Reason.SEQUENCE_NOT_REACHED, Reason.MALFORMED_SEQUENCE})
"""The store has not got the state that it was asked for."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the starter of a question to the store knew before it asked."""

    found: Lookup | None
    """None: Redis was lost."""
    stamp: int
    floor: str
    """The state that the store is asked for."""
    asked_at: float
    """In seconds since 1970."""
    has_slot: bool = False
    """Whether the starter holds a place at the store already."""

    @property
    def position(self) -> str:
        """How far the feed was known to have been followed. Empty: not known."""
        return _position(self.found)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a question to the store has led to."""

    body: bytes = b""
    error: TenkayError | None = None
    true_at: str = ""
    """A state that the answer, or the error when it is about the question, is known to be true at."""
    keepable: Keepable | None = None
    read_at: float | None = None
    """When the store was asked, in seconds since 1970. None: it did not answer."""
    refused: str = ""
    """The state that the store was asked for last and has not got. An answer beside it is one to an older state."""


@dataclass(frozen=True, slots=True)
class Sharer:
    """A caller that may be given what another one asked for."""

    question: Question[object]
    found: Lookup | None
    """What it saw in Redis. None: Redis was lost."""
    floor: str
    """The state that it would ask the store for."""
    followed: str
    """How far its process has followed the feed. Empty: not known."""
    oldest_read: float
    """The earliest moment, in seconds since 1970, that an answer over many companies may have been read at."""

    def joins(self, basis: Basis) -> bool:
        """Whether to wait for a question that is asked on `basis`."""
        # A state that only its starter has heard of may be one that the store never gets to.
        heard_of = merged(merged(self.floor, _position(self.found)), merged(self.followed, basis.position))
        if not covers(heard_of, basis.floor):
            return False
        return self._is_young(basis.asked_at) and self._is_new(basis, basis.floor)

    def takes(self, basis: Basis, fetched: Fetched) -> bool:
        """Whether this caller may be given what was fetched on `basis`."""
        if fetched.error is not None and fetched.error.reason in FLOOR_REFUSED:
            return covers(self.question.min_sequence, fetched.refused)
        if not lasts(fetched):
            return True  # it met the store's trouble while this caller waited for the store beside it
        if fetched.refused:
            return covers(self.floor, fetched.refused) and covers(fetched.true_at, self.question.min_sequence)
        read_at = basis.asked_at if fetched.read_at is None else fetched.read_at
        return self._is_young(read_at) and self._is_new(basis, fetched.true_at)

    def given(self, fetched: Fetched, *, now: float, staleness_seconds: float) -> Fetched:
        """What it takes, in its own terms: naming the newest state that it is known to be true at for this caller, and
        to be kept no longer than this caller accepts."""
        question, keepable = self.question, fetched.keepable
        if fetched.error is not None:
            return fetched
        if not question.is_bound:
            if keepable is None:
                return fetched
            seconds = min(keepable.seconds, keepable.read_at + staleness_seconds - now)
            return replace(fetched, keepable=replace(keepable, seconds=seconds))
        # The position that the store was set back from is of no use to name.
        state = fetched.true_at if fetched.refused else merged(fetched.true_at, _position(self.found))
        if question.as_of_field is None or state == fetched.true_at:
            return fetched
        body = answer_bytes.with_text(fetched.body, question.as_of_field, state)
        return replace(fetched, body=body, true_at=state)

    def _is_young(self, read_at: float) -> bool:
        return self.question.is_bound or read_at >= self.oldest_read

    def _is_new(self, basis: Basis, state: str) -> bool:
        """Whether what is true at `state`, asked for on `basis`, is new enough."""
        before, seen = basis.found, self.found
        if before is not None and seen is not None and before.epoch != seen.epoch:
            return False  # the store may have been set back in between, and count anew
        if covers(state, self.floor):
            return True
        if not self.question.is_bound or before is None or seen is None:
            return False
        # The feed has moved on, but nothing has touched this since the question was asked.
        return (
            None not in seen.generations
            and before.generations == seen.generations
            and covers(state, basis.position)
            and covers(merged(state, _position(seen)), self.question.min_sequence)
        )


def lasts(fetched: Fetched) -> bool:
    """Whether it says something of the question, and not of the moment it was asked in."""
    return fetched.error is None or fetched.error.reason in negative.CACHED


def _position(found: Lookup | None) -> str:
    return "" if found is None or found.position is None else found.position
