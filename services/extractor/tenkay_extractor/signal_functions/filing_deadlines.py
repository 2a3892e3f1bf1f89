"""Rows over when a periodic report was filed: Forms 10-K and 10-Q, General Instruction A; Exchange Act Rule 12b-25."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.business_days import next_business_day
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.signal_functions.cover_page import BY_BOX, filer_category

BY_COVER_TEXT = Decimal("0.7")
LATE_WITHOUT_NOTICE = Decimal("0.7")
NOTICE_NOT_KNOWN = "whether a notice of late filing gave more days is not known"

_CATEGORIES_SINCE = date(2002, 12, 15)
_ACCELERATED_ANNUAL_SINCE = date(2003, 12, 15)
_ACCELERATED_QUARTERLY_SINCE = date(2004, 12, 15)
_LARGE_ANNUAL_SINCE = date(2006, 12, 15)
"""Fiscal years that ended on or after these days: SEC Releases 33-8128, 33-8507 and 33-8644."""
_FILED_LINE = re.compile(r"^(?:FILED AS OF DATE:|<FILING-DATE>).*$", re.MULTILINE)


def delay_days(filing: FilingView) -> Computed:
    """Days from the deadline to the filing day: below zero when early.

    A notice of late filing among the earlier filings moves the deadline by 15 days (10-K) or 5 (10-Q).
    """
    identity = filing.content.identity
    if identity.is_amendment:
        raise MissingOperandError(MissingReason.CONDITION_NOT_MET, "an amendment has no deadline")
    if identity.form_type.startswith("10-KT"):
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            "a transition report is due after the day on which the fiscal year's change was decided, which is not told",
        )
    end = filing.content.period.end if filing.content.period else identity.period_end
    if end is None or identity.filed_date is None:
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR, "the filing day or the end of the reporting period cannot be told"
        )
    annual = identity.form_type.startswith("10-K")
    category, confidence, evidence = _category(filing, end)
    allowed = _days_allowed(category, end, annual=annual)
    deadline = next_business_day(end + timedelta(days=allowed))
    notes = [f"{allowed} days after {end}"]
    notice = _notice(filing, end, annual=annual)
    if notice is not None:
        deadline = next_business_day(deadline + timedelta(days=15 if annual else 5))
        notes.append(
            f"moved by {notice.content.identity.form_type} {notice.content.identity.accession_number}"
        )
        evidence = (*evidence, notice.cited(notice.main_text().opening()))
    delay = (identity.filed_date - deadline).days
    if delay > 0 and notice is None:
        confidence = min(confidence, LATE_WITHOUT_NOTICE)
        notes.append(NOTICE_NOT_KNOWN)
    return Computed(Decimal(delay), confidence, (*evidence, *_filed(filing)), (f"due {deadline}", *notes))


def _category(filing: FilingView, end: date) -> tuple[str, Decimal, tuple[Evidence, ...]]:
    if end < _CATEGORIES_SINCE:
        return "non_accelerated", Decimal("0.9"), (filing.main_text().opening(),)
    told = filer_category(filing)
    confidence = BY_COVER_TEXT if told.confidence == BY_BOX else told.confidence
    return str(told.value), confidence, told.evidence


def _days_allowed(category: str, end: date, *, annual: bool) -> int:
    accelerated = category in ("large_accelerated", "accelerated")
    if not annual:
        return 40 if accelerated and end >= _ACCELERATED_QUARTERLY_SINCE else 45
    if category == "large_accelerated" and end >= _LARGE_ANNUAL_SINCE:
        return 60
    return 75 if accelerated and end >= _ACCELERATED_ANNUAL_SINCE else 90


def _notice(filing: FilingView, end: date, *, annual: bool) -> FilingView | None:
    form = "NT 10-K" if annual else "NT 10-Q"
    found = [
        each
        for each in filing.earlier
        if each.content.identity.form_type == form
        and each.content.identity.period_end is not None
        and abs((each.content.identity.period_end - end).days) <= 8
        and each.content.texts
    ]
    return found[0] if found else None


def _filed(filing: FilingView) -> tuple[Evidence, ...]:
    """The header's line with the filing day; nothing when the day came with a listing."""
    try:
        header = filing.header_text()
    except MissingOperandError:
        return ()
    line = _FILED_LINE.search(header.source.text)
    return (header.passage(*line.span()),) if line else ()


FUNCTIONS = {"filing_delay_days": delay_days}
