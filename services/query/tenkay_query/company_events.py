"""What a commit means to somebody who watches its company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tenkay import periodic_forms


class CommitKind(StrEnum):
    """What was committed, as far as it matters here."""

    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"
    PURGE = "PURGE"


class EventKind(StrEnum):
    """What happened to a company; named as in the protos."""

    NEW_FILING = "NEW_FILING"
    RATING_CHANGED = "RATING_CHANGED"
    FLAGS_CHANGED = "FLAGS_CHANGED"
    FILING_PURGED = "FILING_PURGED"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit to a filing."""

    kind: CommitKind
    accession_number: str
    version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A filing as it stood at the commit."""

    accession_number: str
    form_type: str
    is_amendment: bool
    period_end: date | None
    filed_date: date | None
    rating: str
    """Empty when it has not been analysed."""
    flag_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `filing` is None when it was purged."""

    kind: EventKind
    filing: Standing | None = None
    previous: Standing | None = None
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def previous_filing(filing: Standing, others: Iterable[Standing]) -> Standing | None:
    """The original of the same kind with the next earlier period end; of two of one period the one filed last.

    None when there is none, or the filing's own period is not known.
    """
    if filing.period_end is None:
        return None
    forms = periodic_forms.family(filing.form_type)
    earlier = [
        (each.period_end, each.filed_date or date.min, each.accession_number, each)
        for each in others
        if each.form_type in forms
        and not each.is_amendment
        and each.period_end is not None
        and each.period_end < filing.period_end
    ]
    return max(earlier, key=lambda found: found[:3])[3] if earlier else None


def events(commit: Commit, filing: Standing | None, others: Sequence[Standing]) -> Iterator[Event]:
    """What a commit gives: `filing` is the one committed, `others` are the company's of the same kind.

    Nothing when the filing is no longer there, or the commit changes none of this.
    """
    if commit.kind is CommitKind.PURGE:
        yield Event(EventKind.FILING_PURGED)
        return
    if filing is None:
        return
    previous = previous_filing(filing, others)
    if commit.kind is CommitKind.EXTRACTION:
        if commit.version == 1:
            yield Event(EventKind.NEW_FILING, filing, previous)
        return
    if previous is None or not previous.rating or not filing.rating:
        return  # one of the two was not analysed: nothing to compare
    if filing.rating != previous.rating:
        yield Event(EventKind.RATING_CHANGED, filing, previous)
    appeared = tuple(each for each in filing.flag_ids if each not in previous.flag_ids)
    gone = tuple(each for each in previous.flag_ids if each not in filing.flag_ids)
    if appeared or gone:
        yield Event(EventKind.FLAGS_CHANGED, filing, previous, appeared, gone)
