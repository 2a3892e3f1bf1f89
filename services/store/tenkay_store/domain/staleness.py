"""When an extraction is out of date because of the earlier filings that it was, or was not, computed from.

Each pair of an extraction and an earlier filing is judged by itself, and by what is stored, not by the order in which
that was committed: a filing of last year that comes in late says of this year's the same as one that came in time.
An extraction is stale while one of its pairs is.

What an extraction was computed from it names by content key, which covers the earlier filing's bytes, listing and
extractor. A key that no stored version ever had says nothing: the listing may have been told differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

COMPARABLE_PRIOR_DAYS = range(350, 381)
"""Days between the ends of a period and of the one a year earlier, as the extractor has them: 52 or 53 weeks, and a
few days for a changed calendar."""

_SAME_FORM = {"10-K405": "10-K"}
"""10-K405 was a 10-K with a box ticked for late ownership reports."""


class StaleReason(StrEnum):
    """Why a result is out of date."""

    EARLIER_FILING_NOT_USED = "EARLIER_FILING_NOT_USED"
    EARLIER_FILING_CHANGED = "EARLIER_FILING_CHANGED"
    EARLIER_FILING_PURGED = "EARLIER_FILING_PURGED"
    EXTRACTION_SUPERSEDED = "EXTRACTION_SUPERSEDED"
    """Of an analysis, made from an extraction that has a newer version."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest version of a stored filing, as far as it depends on others and they on it."""

    accession_number: str
    version: int
    sequence: int
    cik: int | None
    form_type: str | None
    is_amendment: bool
    period_end: date | None
    filed_date: date | None
    accepted_at: datetime | None
    content_key: str | None
    """None when not told."""
    earlier: Mapping[str, str] | None
    """Content keys of what it was computed from, by accession number; None when not told."""


@dataclass(frozen=True, slots=True)
class Past:
    """What of a filing is no longer there."""

    replaced_keys: frozenset[str] = frozenset()
    """Content keys of the versions before its newest."""
    purged_at: int = 0
    """Sequence of its newest purge; 0 when it was never purged."""
    purged_cik: int | None = None
    """The company it was of then."""


def why_stale(
    filing: Standing, earlier_number: str, earlier: Standing | None, past: Past
) -> StaleReason | None:
    """Why `filing` is stale on account of one earlier filing, which is `earlier` if it is stored; None when it is not.

    Filings of different companies say nothing of each other: one that is stored as another company's is not there.
    """
    if filing.earlier is None or filing.cik is None:
        return None
    used_key = filing.earlier.get(earlier_number)
    if earlier is None or earlier.cik != filing.cik:
        if used_key is not None and past.purged_at and past.purged_cik == filing.cik:
            return StaleReason.EARLIER_FILING_PURGED
        return None
    if used_key is None:
        return (
            StaleReason.EARLIER_FILING_NOT_USED
            if is_comparable_prior(filing, of_year_before=earlier)
            else None
        )
    if earlier.content_key is None or used_key == earlier.content_key:
        return None
    if used_key in past.replaced_keys or past.purged_at > filing.sequence:
        return StaleReason.EARLIER_FILING_CHANGED
    return None


def is_comparable_prior(filing: Standing, *, of_year_before: Standing) -> bool:
    """Whether one is what the other is compared with: the original of the same company and base form whose period ended
    a year before, accepted no later. An amendment is never compared with, though it may itself be compared.
    """
    prior = of_year_before
    if prior.accession_number == filing.accession_number or prior.cik is None or prior.cik != filing.cik:
        return False
    if prior.is_amendment or not prior.form_type or base_form(prior.form_type) != base_form(filing.form_type):
        return False
    if prior.period_end is None or filing.period_end is None:
        return False
    if (filing.period_end - prior.period_end).days not in COMPARABLE_PRIOR_DAYS:
        return False
    before, after = (
        accepted(prior.accepted_at, prior.filed_date),
        accepted(filing.accepted_at, filing.filed_date),
    )
    return before is not None and after is not None and before <= after


def base_form(form_type: str | None) -> str:
    """The form without amendment; empty when it is not known."""
    base = (form_type or "").removesuffix("/A")
    return _SAME_FORM.get(base, base)


def accepted(accepted_at: datetime | None, filed_date: date | None) -> datetime | None:
    """When EDGAR accepted a filing; the end of the filing day when only that is known."""
    if accepted_at is not None or filed_date is None:
        return accepted_at
    return datetime.combine(filed_date + timedelta(days=1), time(), UTC)
