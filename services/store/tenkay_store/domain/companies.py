"""Which of a company's filings stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tenkay.periodic_forms import QUARTERLY_FORMS
from tenkay_store.domain.records import Filing
from tenkay_store.domain.staleness import Standing, accepted, is_comparable_prior

WHOLE_ANNUAL = frozenset({"item_7", "item_8"})
WHOLE_QUARTERLY = frozenset({"part1_item1", "part1_item2"})
"""Management's discussion and the financial statements: an amendment without both is a partial one (part III alone, an
exhibit), which does not replace the filing that it amends."""


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


def comparable_prior(filing: Filing, candidates: Iterable[Filing]) -> Filing | None:
    """What a filing is compared with, of the company's filings: the newest that `is_comparable_prior` takes."""
    own = _standing(filing)
    found = [each for each in candidates if is_comparable_prior(own, of_year_before=_standing(each))]
    return max(
        found,
        key=lambda each: (
            each.period_end or date.min,
            accepted(each.accepted_at, each.filed_date) or _NEVER,
            each.accession_number,
        ),
        default=None,
    )


_NEVER = datetime.min.replace(tzinfo=UTC)


def _standing(filing: Filing) -> Standing:
    """A filing as it is compared, without what that does not depend on."""
    return Standing(
        filing.accession_number,
        version=0,
        sequence=0,
        cik=filing.cik,
        form_type=filing.form_type or None,
        is_amendment=filing.is_amendment,
        period_end=filing.period_end,
        filed_date=filing.filed_date,
        accepted_at=filing.accepted_at,
        content_key=None,
        earlier=None,
    )


def _is_whole(candidate: Candidate, sections: dict[int, frozenset[str]]) -> bool:
    if not candidate.is_amendment:
        return True
    form = candidate.form_type.removesuffix("/A")
    needed = WHOLE_QUARTERLY if form in QUARTERLY_FORMS else WHOLE_ANNUAL
    return needed <= sections.get(candidate.sequence, frozenset())


def _by_period(candidate: Candidate) -> tuple[date, date, str]:
    period = candidate.period_end or candidate.filed_date or date.min
    return period, candidate.filed_date or date.min, candidate.accession_number
