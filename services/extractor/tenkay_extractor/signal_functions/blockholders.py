"""Rows over Schedules 13D and 13G: holders of more than five percent of a class (Exchange Act section 13(d), (g))."""

from __future__ import annotations

import re
from decimal import Decimal

from tenkay_extractor.blockholder_reports import BlockholderReport, Stake, read_blockholder_report
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText, accepted
from tenkay_extractor.missing import MissingOperandError, MissingReason

AS_XML = Decimal(1)
AS_TEXT = Decimal("0.8")
REPORTED_ABOVE = Decimal(5)
"""Percent of a class; the duty to report begins above it and ends at it."""

_INFLUENCE = re.compile(
    r"\bboard\b|\bnominat\w+|strategic alternatives|sale of the (?:company|issuer)|\bprox(?:y|ies)\b",
    re.IGNORECASE,
)


def activist_stake(filing: FilingView) -> Computed:
    """That a Schedule 13D reports a stake above five percent; false when an amendment says it fell to five or less."""
    main, report = filing.main_text(), _report(filing)
    confidence = AS_XML if report.as_xml else Decimal("0.9")
    evidence = [main.passage(*_largest(report).span)] if report.stakes else [main.opening()]
    if report.stakes and _largest(report).percent <= REPORTED_ABOVE:
        if not filing.content.identity.is_amendment:
            return Computed(True, AS_TEXT, tuple(evidence), ("the stake printed is five percent or less",))
        search = filing.searched((main,))
        return Computed(
            False,
            min(confidence, Decimal("0.9")),
            (*evidence, search),
            ("the stake is five percent or less",),
        )
    notes: tuple[str, ...] = ()
    if report.purpose:
        words, (start, end) = report.purpose
        influence = _INFLUENCE.search(words)
        offset = main.source.text.find(words, start)
        focus = (offset + influence.start(), offset + influence.end()) if influence else None
        evidence.append(main.passage(start, end, focus))
        notes = ("Item 4 speaks of the board, a proxy or a sale of the company",) if influence else ()
    return Computed(True, confidence, tuple(evidence), notes)


def stake_percent(filing: FilingView) -> Computed:
    """Percent of the class: the largest of the reporting persons', since the members of a group share their holding."""
    report = _report(filing)
    if not report.stakes:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "no reporting person's cover page states the percent of the class as a number",
        )
    largest = _largest(report)
    return Computed(
        largest.percent,
        AS_XML if report.as_xml else AS_TEXT,
        (filing.main_text().passage(*largest.span),),
        (f"the largest of {len(report.stakes)} reporting persons'",) if len(report.stakes) > 1 else (),
    )


def stake_change(filing: FilingView) -> Computed:
    """Percentage points since the last earlier schedule of the same persons on the same issuer."""
    now = stake_percent(filing)
    persons = _persons(filing)
    before = [
        each
        for each in filing.earlier
        if each.content.identity.form_type.startswith(("SC 13", "SCHEDULE 13")) and _persons(each) & persons
    ]
    if not before:
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            "it is compared with the same persons' last schedule on the issuer, which was not given",
        )
    last = max(before, key=lambda each: (_moment(each), each.content.identity.accession_number))
    then = stake_percent(last)
    return Computed(
        Decimal(now.value) - Decimal(then.value),
        min(now.confidence, then.confidence),
        (*now.evidence, *(last.cited(each) for each in then.evidence if isinstance(each, TextEvidence))),
        (f"{then.value} % in {last.content.identity.accession_number or 'the schedule before'}",),
    )


def _read(section: SectionText) -> BlockholderReport:
    return read_blockholder_report(section.source.text)


def _report(filing: FilingView) -> BlockholderReport:
    return filing.derive(_read, filing.main_text())


def _largest(report: BlockholderReport) -> Stake:
    return max(report.stakes, key=lambda stake: stake.percent)


def _persons(filing: FilingView) -> frozenset[int]:
    """CIKs of who reports: of the header, and of the document."""
    header = filing.content.header
    by_header = (
        {filer.cik for filer in header.filers if filer.role == "FILED BY" and filer.cik} if header else set()
    )
    return _report(filing).person_ciks | frozenset(by_header)


def _moment(filing: FilingView) -> float:
    moment = accepted(filing.content.identity)
    return moment.timestamp() if moment else 0.0


FUNCTIONS = {
    "activist_stake": activist_stake,
    "blockholder_stake_percent": stake_percent,
    "blockholder_stake_change": stake_change,
}
