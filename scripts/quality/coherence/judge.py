"""Holds what was read against what the store held."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from enum import StrEnum

from scripts.quality.coherence.contents import OF_FILING, UNKNOWN, Method, expected
from scripts.quality.coherence.history import History, Ledger
from scripts.quality.coherence.readers import Observation
from tenkay.errors import Reason

OLDEST_SECONDS = 10.0
"""No answer about one filing or company is older than this, with a token or without, whatever happens to Redis."""
TOLERANCE_SECONDS = 0.25
"""What an answer over many companies may be older than the longest time it is kept: it is read before that begins."""
PURGES_AT_ONCE = 10
"""So many purges may be under way while something is read."""
SHOWN = 20


class Fault(StrEnum):
    """What can be wrong with an answer."""

    STALE = "stale"
    """It says what had been so and was so no more at the state that it names."""
    AHEAD = "ahead"
    """It says what came to be so only after the state that it names."""
    WRONG = "wrong"
    """It says what never was so."""
    BELOW_TOKEN = "below_token"  # noqa: S105 - no secret
    """It names an older state than the caller asked for."""
    WENT_BACK = "went_back"
    """It names an older state than one the same caller had been answered before."""
    TOO_OLD = "too_old"
    """It is older than answers may be."""
    FAILED = "failed"
    """It is an error, and the store could have answered."""
    UNSEEN = "unseen"
    """A commit that readers without a token were not shown."""


class Judge:
    """Takes observations, and judges them once all commits that they could have seen are known."""

    def __init__(
        self,
        history: History,
        ledger: Ledger,
        filings_beside: Callable[[str], Sequence[str]],
        *,
        max_staleness_seconds: float,
    ) -> None:
        """`filings_beside` has for a company the accession numbers that are or were its own, and for a filing those of
        its company."""
        self._history = history
        self._ledger = ledger
        self._filings_beside = filings_beside
        self._max_staleness = max_staleness_seconds
        self._waiting: deque[Observation] = deque()
        self._newest_of_reader: dict[int, int] = {}
        self._newest_screen_of_reader: dict[int, int] = {}
        self.judged = 0
        self.found: Counter[Fault] = Counter()
        self.examples: list[str] = []

    def note(self, seen: Observation) -> None:
        """An observation, to be judged later."""
        self._waiting.append(seen)

    def judge(self, until: float) -> None:
        """Judge what was read before a moment; all changes until then must have been told to the history."""
        self._history.grow()
        while self._waiting and self._waiting[0].got_at < until:
            self._judge(self._waiting.popleft())

    def blame(self, fault: Fault, words: str) -> None:
        """Count a fault."""
        self.found[fault] += 1
        if len(self.examples) < SHOWN:
            self.examples.append(f"{fault}: {words}")

    def _judge(self, seen: Observation) -> None:
        self.judged += 1
        if seen.as_of is None:
            self._judge_error(seen)
            return
        if seen.as_of < seen.token:
            self.blame(Fault.BELOW_TOKEN, _words(seen))
        if seen.has_floor:
            self._judge_order(seen, seen.as_of)
        if seen.as_of < self._oldest(seen):
            self.blame(Fault.TOO_OLD, f"{_words(seen)} should know of {self._oldest(seen)}")
        if seen.as_of > self._history.up_to:
            self.blame(Fault.WRONG, f"{_words(seen)}; the newest state is {self._history.up_to}")
        elif self._expected(seen, seen.as_of) != seen.said and not self._is_purged_early(seen, seen.as_of):
            self._blame_content(seen, seen.as_of)

    def _judge_order(self, seen: Observation, as_of: int) -> None:
        """Screens may be older than other answers, not older than screens before them."""
        is_screen = seen.method is Method.SCREEN
        held_to = self._newest_screen_of_reader if is_screen else self._newest_of_reader
        newest = held_to.get(seen.reader, 0)
        if as_of < newest:
            self.blame(Fault.WENT_BACK, f"{_words(seen)} after {newest}")
        for marks in (self._newest_of_reader, held_to):
            marks[seen.reader] = max(marks.get(seen.reader, 0), as_of)

    def _judge_error(self, seen: Observation) -> None:
        if seen.said not in UNKNOWN:
            self.blame(Fault.FAILED, f"{_words(seen)}: {seen.said}")
            return
        # It names no state: it must have been true at one that is new enough.
        oldest = max(seen.token, self._oldest(seen))
        states = [oldest, *(at for at in self._changes(seen) if at > oldest)]
        if all(self._expected(seen, at) != seen.said for at in states):
            self.blame(Fault.STALE, f"{_words(seen)}: {seen.said}; not so since {oldest}")

    def _is_purged_early(self, seen: Observation, as_of: int) -> bool:
        """Whether it is as it was, less what was purged since.

        A purge removes a filing from all moments at once, also from those before it that are just being read.
        """
        filings = self._filings(seen)
        states = {number: self._history.at(number, as_of) for number in filings}
        for _, number in self._history.purges_after(as_of)[:PURGES_AT_ONCE]:
            if number in states:
                states[number] = None
                if expected(seen.method, seen.subject, states) == seen.said:
                    return True
        return False

    def _blame_content(self, seen: Observation, as_of: int) -> None:
        matching = [at for at in self._changes(seen) if self._expected(seen, at) == seen.said]
        fault = Fault.WRONG
        if any(at > as_of for at in matching):
            fault = Fault.AHEAD
        if any(at <= as_of for at in matching):
            fault = Fault.STALE
        was = self._expected(seen, as_of)
        if isinstance(was, tuple) and isinstance(seen.said, tuple):
            only_said = tuple(each for each in seen.said if each not in was)
            only_was = tuple(each for each in was if each not in seen.said)
            self.blame(fault, f"{_words(seen)} said {only_said} where it was {only_was}")
        else:
            self.blame(fault, f"{_words(seen)} said {seen.said}; it was {was}")

    def _oldest(self, seen: Observation) -> int:
        is_bound = seen.method is not Method.SCREEN
        allowed = OLDEST_SECONDS if is_bound else self._max_staleness + TOLERANCE_SECONDS
        return self._ledger.newest_at(seen.sent_at - allowed)

    def _expected(self, seen: Observation, sequence: int) -> object | Reason:
        states = {number: self._history.at(number, sequence) for number in self._filings(seen)}
        return expected(seen.method, seen.subject, states)

    def _changes(self, seen: Observation) -> list[int]:
        return self._history.sequences_of(self._filings(seen))

    def _filings(self, seen: Observation) -> Sequence[str]:
        if seen.method in OF_FILING and seen.method is not Method.FILING:
            return (seen.subject,)
        if seen.method is Method.SCREEN:
            return list(self._history.accession_numbers())
        return self._filings_beside(seen.subject)


def _words(seen: Observation) -> str:
    took = (seen.got_at - seen.sent_at) * 1e3
    return (
        f"reader {seen.reader} through process {seen.pod}: {seen.method}({seen.subject}) with token {seen.token} "
        f"as of {seen.as_of} after {took:.0f} ms"
    )
