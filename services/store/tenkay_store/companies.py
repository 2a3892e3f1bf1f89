"""Which of a company's filings stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tenkay_store.records import Filing
from tenkay_store.staleness import accepted

ANNUAL_FORMS = (
    "10-K", "10-K405", "10-KSB", "10-KSB40", "10-KT", "10-KT405", "20-F", "40-F",
)  # fmt: skip
QUARTERLY_FORMS = ("10-Q", "10-QSB", "10-QT")

_WHOLE_ANNUAL = frozenset({"item_7", "item_8"})
_WHOLE_QUARTERLY = frozenset({"part1_item1", "part1_item2"})
"""Management's discussion and the financial statements: an amendment without both is a partial one (part III alone, an
exhibit), which does not replace the filing that it amends."""


def with_amendments(forms: Iterable[str]) -> tuple[str, ...]:
    """The form types and those that amend them."""
    return tuple(spelt for form in forms for spelt in (form, f"{form}/A"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A periodic filing of a company."""

    sequence: int
    form_type: str
    accession_number: str
    filed_date: date | None
    period_end: date | None
    is_amendment: bool


def newest(candidates: Sequence[Candidate], sections: dict[int, frozenset[str]]) -> Candidate | None:
    """The filing of the latest period, its newest full version: the original or a full amendment of it.

    `sections` has the section codes of the amendments, by sequence. A filing whose period is not known is placed by its
    filing day; without both it comes last.
    """
    whole = [each for each in candidates if _is_whole(each, sections)]
    return max(whole, key=_by_period, default=None)


def original_of(amendment: Filing, candidates: Iterable[Filing]) -> Filing | None:
    """What an amendment amends, of the company's filings of its form and period: the original accepted last before it.

    None when none is; nothing compares against a filing whose acceptance is not known.
    """
    at = accepted(amendment.accepted_at, amendment.filed_date)
    originals = [
        (before, each.accession_number, each)
        for each in candidates
        if not each.is_amendment
        and at is not None
        and (before := accepted(each.accepted_at, each.filed_date)) is not None
        and before <= at
    ]
    return max(originals, key=lambda each: each[:2])[2] if originals else None


def _is_whole(candidate: Candidate, sections: dict[int, frozenset[str]]) -> bool:
    if not candidate.is_amendment:
        return True
    form = candidate.form_type.removesuffix("/A")
    needed = _WHOLE_QUARTERLY if form in QUARTERLY_FORMS else _WHOLE_ANNUAL
    return needed <= sections.get(candidate.sequence, frozenset())


def _by_period(candidate: Candidate) -> tuple[date, date, str]:
    period = candidate.period_end or candidate.filed_date or date.min
    return period, candidate.filed_date or date.min, candidate.accession_number
