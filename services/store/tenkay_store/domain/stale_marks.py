"""Which stale marks a group of commits sets and ends, worked out from what it was told of the companies' filings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tenkay_store.domain.staleness import Past, StaleReason, Standing, is_comparable_prior, why_stale


@dataclass(frozen=True, slots=True)
class OpenMark:
    """A mark that stands: a version of a filing is stale on account of an earlier filing."""

    sequence: int
    reason: StaleReason


@dataclass(frozen=True, slots=True)
class Turn:
    """A pair of filings of which one turned stale, fresh, or stale for another reason."""

    filing: Standing
    earlier_number: str
    ended: OpenMark | None
    reason: StaleReason | None
    """Of the new mark; None when there is none."""


@dataclass(slots=True)
class StaleMarks:
    """The filings that a group's commits bear upon, and the marks on them."""

    _companies: dict[int, dict[str, Standing]] = field(default_factory=dict)
    _open: dict[int, dict[str, OpenMark]] = field(default_factory=dict)
    """By the sequence of the version that is stale, and the earlier filing."""

    def load(self, standings: Iterable[Standing], marks: Iterable[tuple[int, str, OpenMark]]) -> None:
        """Take in what is stored: newest versions, and the open marks (version, earlier filing, mark) on them."""
        for standing in standings:
            if standing.cik is not None:
                self._companies.setdefault(standing.cik, {})[standing.accession_number] = standing
        for filing_sequence, earlier_number, mark in marks:
            self._open.setdefault(filing_sequence, {})[earlier_number] = mark

    def replace(self, old: Standing | None, new: Standing | None) -> tuple[OpenMark, ...]:
        """Put a filing's new version, None after a purge, in its old one's place; the old one's marks."""
        if old is not None and old.cik is not None:
            self._companies.get(old.cik, {}).pop(old.accession_number, None)
        self.load([new] if new is not None else [], [])
        return () if old is None else tuple(self._open.pop(old.sequence, {}).values())

    def standing(self, cik: int | None, accession_number: str) -> Standing | None:
        """A filing as it stands among its company's; None when it is not known here."""
        return None if cik is None else self._companies.get(cik, {}).get(accession_number)

    def turns_by_its_inputs(self, filing: Standing, past: Callable[[str], Past]) -> Iterator[Turn]:
        """What a new version is stale for, by the earlier filings that it was or was not computed from."""
        company = {} if filing.cik is None else self._companies[filing.cik]
        priors = [
            each.accession_number
            for each in company.values()
            if is_comparable_prior(filing, of_year_before=each)
        ]
        for number in sorted({*priors, *(filing.earlier or ())}):
            yield from self._turn(filing, number, company.get(number), past(number))

    def turns_by_it_as_input(
        self, earlier_number: str, ciks: Iterable[int | None], past: Past
    ) -> Iterator[Turn]:
        """What turns for the filings of these companies because an earlier one was committed or purged."""
        for cik in sorted({cik for cik in ciks if cik is not None}):
            company = self._companies.get(cik, {})
            earlier = company.get(earlier_number)
            for filing in sorted(company.values(), key=lambda each: each.accession_number):
                if filing.accession_number != earlier_number:
                    yield from self._turn(filing, earlier_number, earlier, past)

    def set(self, turn: Turn, sequence: int) -> None:
        """Note that a turn was written with this sequence."""
        marks = self._open.setdefault(turn.filing.sequence, {})
        marks.pop(turn.earlier_number, None)
        if turn.reason is not None:
            marks[turn.earlier_number] = OpenMark(sequence, turn.reason)

    def _turn(
        self, filing: Standing, earlier_number: str, earlier: Standing | None, past: Past
    ) -> Iterator[Turn]:
        mark = self._open.get(filing.sequence, {}).get(earlier_number)
        reason = why_stale(filing, earlier_number, earlier, past)
        if reason is not (mark.reason if mark else None):
            yield Turn(filing, earlier_number, mark, reason)
