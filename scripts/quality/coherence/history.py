"""What the store held at each of its sequences, reckoned from what its writers were answered.

The change feed gives the order; what a change was about is in the ledger of the writers, who are the only ones there
are. Whether an extraction is stale follows from the store's own rule (`tenkay_store.domain.staleness`): query is on
trial here, not the store.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from tenkay_store.domain.staleness import Past, Standing, why_stale

Content = tuple[object, ...]
"""What an answer says, as far as it changes here."""


class ChangeKind(StrEnum):
    """The kinds of changes that the feed tells."""

    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"
    PURGE = "PURGE"
    DISPUTE = "DISPUTE"
    STALENESS = "STALENESS"


@dataclass(frozen=True, slots=True)
class Change:
    """One of the feed's changes."""

    sequence: int
    kind: ChangeKind
    accession_number: str
    version: int


@dataclass(frozen=True, slots=True)
class ExtractionStep:
    """An extraction that was committed, before it is known when."""

    accession_number: str
    cik: int
    form_type: str
    period_end: date
    filed: date
    revenue: str
    content_key: str
    earlier: tuple[tuple[str, str], ...]
    """Accession number and content key of what it was computed from."""
    is_whole: bool = True
    """Of an amendment: whether it has what it takes to stand in for the original."""

    @property
    def is_amendment(self) -> bool:
        return self.form_type.endswith("/A")


@dataclass(frozen=True, slots=True)
class AnalysisStep:
    """An analysis that was committed."""

    accession_number: str
    score: float
    of_version: int


@dataclass(frozen=True, slots=True)
class AnalysisState:
    """A filing's newest analysis."""

    version: int
    score: float
    of_version: int


@dataclass(frozen=True, slots=True)
class FilingState:
    """A stored filing at one sequence."""

    version: int
    sequence: int
    """Of its version."""
    step: ExtractionStep
    disputed: bool = False
    stale: bool = False
    analysis: AnalysisState | None = None

    def standing(self) -> Standing:
        """As the rule of staleness takes it."""
        return Standing(
            accession_number=self.step.accession_number,
            version=self.version,
            sequence=self.sequence,
            cik=self.step.cik,
            form_type=self.step.form_type,
            is_amendment=self.step.is_amendment,
            period_end=self.step.period_end,
            filed_date=self.step.filed,
            accepted_at=None,
            content_key=self.step.content_key,
            earlier=dict(self.step.earlier),
        )


@dataclass(slots=True)
class Ledger:
    """What the writers were answered."""

    extractions: dict[tuple[str, int], tuple[int, ExtractionStep]] = field(default_factory=dict)
    """By accession number and version, with the sequence."""
    analyses: dict[tuple[str, int], AnalysisStep] = field(default_factory=dict)
    disputes: dict[int, bool] = field(default_factory=dict)
    """By sequence: whether the value was disputed, or the dispute resolved."""
    purges: set[int] = field(default_factory=set)
    answered: list[tuple[float, int]] = field(default_factory=list)
    """When which sequence was answered, with the newest one until then; in order."""

    def note_answer(self, at: float, sequence: int) -> None:
        """A commit was answered."""
        newest = self.answered[-1][1] if self.answered else 0
        self.answered.append((at, max(newest, sequence)))

    def newest_at(self, moment: float) -> int:
        """The newest sequence that had been answered then."""
        place = bisect_right(self.answered, (moment, 2**63))
        return self.answered[place - 1][1] if place else 0


@dataclass(slots=True)
class _Told:
    """What the rule of staleness needs of a filing's past."""

    replaced_keys: set[str] = field(default_factory=set)
    purged_at: int = 0
    purged_cik: int | None = None


class History:
    """States by sequence, grown by the feed as far as the ledger knows what its changes were."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: deque[Change] = deque()
        self._states: dict[str, list[tuple[int, FilingState | None]]] = {}
        self._told: dict[str, _Told] = {}
        self._purges: list[tuple[int, str]] = []
        self.up_to = 0
        """The newest sequence that is worked in."""

    def tell(self, changes: Sequence[Change]) -> None:
        """Take changes from the feed, in order."""
        self._waiting.extend(changes)

    def grow(self) -> None:
        """Work in what is told and answered."""
        while self._waiting and self._is_answered(self._waiting[0]):
            change = self._waiting.popleft()
            self._apply(change)
            self.up_to = change.sequence

    def at(self, accession_number: str, sequence: int) -> FilingState | None:
        """A filing as of a sequence; None when it was not stored."""
        states = self._states.get(accession_number, [])
        place = bisect_right(states, sequence, key=lambda each: each[0])
        return states[place - 1][1] if place else None

    def sequences_of(self, accession_numbers: Sequence[str]) -> list[int]:
        """Sequences at which one of these filings changed, in order, with 0 before them."""
        return sorted({0, *(at for number in accession_numbers for at, _ in self._states.get(number, []))})

    def purges_after(self, sequence: int) -> Sequence[tuple[int, str]]:
        """Purges after a sequence, with the filings that were purged, in order."""
        return self._purges[bisect_right(self._purges, sequence, key=lambda each: each[0]) :]

    def accession_numbers(self) -> Iterator[str]:
        """All filings there ever were."""
        return iter(self._states)

    def _is_answered(self, change: Change) -> bool:
        ledger, key = self._ledger, (change.accession_number, change.version)
        match change.kind:
            case ChangeKind.EXTRACTION:
                return key in ledger.extractions
            case ChangeKind.ANALYSIS:
                return key in ledger.analyses
            case ChangeKind.DISPUTE:
                return change.sequence in ledger.disputes
            case ChangeKind.PURGE:
                return change.sequence in ledger.purges
            case ChangeKind.STALENESS:
                return True

    def _apply(self, change: Change) -> None:
        number = change.accession_number
        before = self._newest(number)
        told = self._told.setdefault(number, _Told())
        match change.kind:
            case ChangeKind.EXTRACTION:
                sequence, step = self._ledger.extractions[number, change.version]
                if sequence != change.sequence:
                    return  # told to the former company; the next change is the one
                if before is not None:
                    told.replaced_keys.add(before.step.content_key)
                analysis = None if before is None else before.analysis
                self._put(number, sequence, FilingState(change.version, sequence, step, analysis=analysis))
            case ChangeKind.PURGE:
                told.replaced_keys.clear()
                told.purged_at = change.sequence
                told.purged_cik = None if before is None else before.step.cik
                self._purges.append((change.sequence, number))
                self._put(number, change.sequence, None)
            case _ if before is None:
                raise AssertionError(f"{change} is of a filing that is not stored")
            case ChangeKind.ANALYSIS:
                made = self._ledger.analyses[number, change.version]
                analysis = AnalysisState(change.version, made.score, made.of_version)
                self._put(number, change.sequence, replace(before, analysis=analysis))
            case ChangeKind.DISPUTE:
                self._put(
                    number,
                    change.sequence,
                    replace(before, disputed=self._ledger.disputes[change.sequence]),
                )
            case ChangeKind.STALENESS:
                self._put(number, change.sequence, replace(before, stale=self._is_stale(before)))

    def _is_stale(self, filing: FilingState) -> bool:
        return any(
            why_stale(filing.standing(), number, self._standing(number), self._past(number)) is not None
            for number in self._states
            if number != filing.step.accession_number
        )

    def _standing(self, number: str) -> Standing | None:
        state = self._newest(number)
        return None if state is None else state.standing()

    def _past(self, number: str) -> Past:
        told = self._told[number]
        return Past(frozenset(told.replaced_keys), told.purged_at, told.purged_cik)

    def _newest(self, number: str) -> FilingState | None:
        states = self._states.get(number)
        return states[-1][1] if states else None

    def _put(self, number: str, sequence: int, state: FilingState | None) -> None:
        self._states.setdefault(number, []).append((sequence, state))
