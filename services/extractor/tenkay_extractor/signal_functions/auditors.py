"""Rows over the auditor and its report (PCAOB AS 3101; Holding Foreign Companies Accountable Act)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import FactEvidence, TextEvidence
from tenkay_extractor.facts import Fact
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flag_rows import stated
from tenkay_extractor.missing import MissingOperandError, MissingReason

TAGGED = Decimal(1)
READ_WHOLE = Decimal("0.9")
READ_IN_PART = Decimal("0.6")

_NONE = re.compile(
    r"\b(?:there (?:are|were) no|no such|did not identify any|not? (?:any )?)\s?critical audit matters?\b"
    r"|\bdetermined that there (?:are|were) no critical audit matters?\b",
    re.IGNORECASE,
)
_SECTION = re.compile(r"^[^\w\n]{0,4}critical audit matters?[^\w\n]{0,4}$", re.IGNORECASE | re.MULTILINE)
_SECTION_INLINE = re.compile(r"\bthe critical audit matters? communicated below\b", re.IGNORECASE)
_STYLES = (
    # Each firm's own way to close a matter, or to name it: what occurs most often is the number of matters.
    re.compile(
        r"\bhow (?:we|the critical audit matter was|our audit) addressed(?: the (?:critical audit"
        r" )?matter)?\b",
        re.IGNORECASE,
    ),
    re.compile(r"\bprincipal considerations? for our determination\b", re.IGNORECASE),
    re.compile(
        r"\bwe (?:have )?(?:identified|determined|considered) (?:that )?(?!the"
        r" critical)[^.]{3,400}?\b(?:as|to be|is|was|are|represents?|constitutes?) (?:an? |one of the"
        r" )?critical audit matters?\b",
        re.IGNORECASE,
    ),
)
_ADDRESSED = re.compile(
    r"\bhow (?:we|the critical audit matter was|our audit) addressed\b|\baddressing (?:the|this)"
    r" (?:critical audit )?matter\b|\bprimary procedures\b"
    r"|\bour audit procedures (?:related|included)\b",
    re.IGNORECASE,
)
CRITICAL_AUDIT_MATTERS_SINCE = date(2019, 6, 30)
"""First fiscal year end for large accelerated filers (PCAOB Release 2017-001); others follow on 15 December 2020."""


def critical_audit_matters(filing: FilingView) -> Computed:
    """Critical audit matters of the auditor's report; none only when the report says so.

    Counted by what each firm's reports say once a matter. Of several reports, the one with most counts.
    """
    reports = filing.sections("audit_report")
    counted: list[tuple[int, SectionText, list[tuple[int, int]]]] = []
    denial: tuple[SectionText, re.Match[str]] | None = None
    mentioned = False
    for report in reports:
        body = report.body
        heading = _SECTION.search(body) or _SECTION_INLINE.search(body)
        if found := _NONE.search(body):
            denial = denial or (report, found)
        if heading is None:
            continue
        mentioned = True
        by_style = [[match.span() for match in style.finditer(body, heading.end())] for style in _STYLES]
        best = max(by_style, key=len)
        if best:
            counted.append((len(best), report, best))
    if counted:
        number, report, spans = max(counted, key=lambda each: each[0])
        whole = len(_ADDRESSED.findall(report.body)) >= number
        base = report.section.body_start
        quotes = tuple(_line_around(report, base + start, base + end) for start, end in spans)
        return Computed(Decimal(number), READ_WHOLE if whole else READ_IN_PART, quotes)
    if denial is not None:
        report, found = denial
        base = report.section.body_start
        return Computed(
            Decimal(0), READ_WHOLE, (_line_around(report, base + found.start(), base + found.end()),)
        )
    if mentioned:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "the auditor's report has a section on critical audit matters, but they cannot be counted in it",
        )
    end = filing.content.identity.period_end
    since = (
        "; they are reported for fiscal years that end on 30 June 2019 or later"
        if end is not None and end < CRITICAL_AUDIT_MATTERS_SINCE
        else ""
    )
    raise MissingOperandError(
        MissingReason.NOT_STATED, f"the auditor's report says nothing of critical audit matters{since}"
    )


def _line_around(report: SectionText, start: int, end: int) -> TextEvidence:
    text = report.source.text
    first = text.rfind("\n", report.section.body_start, start) + 1 or report.section.body_start
    last = text.find("\n", end, report.section.end)
    return report.passage(first, report.section.end if last < 0 else last, (start, end))


_LARGE_FIRMS = frozenset({34, 42, 185, 238, 243, 248})
"""PCAOB numbers of the US members of the six networks: Deloitte, EY, KPMG, PwC, BDO, Grant Thornton."""
_LARGE_NAMES = re.compile(
    r"\b(?:deloitte|ernst|ey|kpmg|pricewaterhouse\s?coopers|pwc|bdo|grant thornton)\b", re.IGNORECASE
)


def outside_large_networks(filing: FilingView) -> Computed:
    """Whether the auditor is of none of the six largest networks, by its PCAOB number and name as tagged.

    A network's firms abroad have other numbers than its firm in the United States: their names tell.
    """
    numbers = _told(filing, "dei:AuditorFirmId")
    names = _told(filing, "dei:AuditorName")
    evidence = tuple(FactEvidence("auditor", fact) for fact in (*numbers[:1], *names[:1]))
    if not evidence:
        raise MissingOperandError(
            MissingReason.CONCEPT_NOT_REPORTED,
            "the auditor is not tagged; it is since fiscal years ending in 2022",
        )
    known = any(
        (fact.text or "").strip().isdecimal() and int(fact.text or 0) in _LARGE_FIRMS for fact in numbers
    )
    named = any(_LARGE_NAMES.search(fact.text or "") for fact in names)
    return Computed(not (known or named), TAGGED, evidence)


_DETERMINED_FROM, _DETERMINED_UNTIL = date(2021, 12, 16), date(2022, 12, 15)
"""The PCAOB determined on the first day that it could not inspect firms in mainland China and Hong Kong, and vacated
the determinations on the second (PCAOB Releases 104-HFCAA-2021-001 and 104-HFCAA-2022-001, -002)."""
_CHINESE_CITIES = (
    "beijing|shanghai|shenzhen|guangzhou|hangzhou|tianjin|nanjing|wuhan|chengdu|xiamen|suzhou|jinan|dalian"
    "|qingdao"
)
_DETERMINED_PLACES = re.compile(
    rf"(?<!republic of )\bchina\b|people's republic|\bPRC\b|P\.R\. ?C|\bhong ?kong\b"
    rf"|\b(?:{_CHINESE_CITIES})\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"\btaiwan\b|\btaipei\b", re.IGNORECASE)


def not_inspected(filing: FilingView) -> Computed:
    """Whether the auditor sits where the PCAOB, on the filing's day, had determined that it cannot inspect.

    Or item 9C states that the Commission identified the issuer. The place is that of dei:AuditorLocation.
    """
    places = _told(filing, "dei:AuditorLocation")
    identified = _identified(filing)
    if identified is not None and identified.value:
        return identified
    if not places:
        raise MissingOperandError(MissingReason.CONCEPT_NOT_REPORTED, "the auditor's location is not tagged")
    evidence = tuple(FactEvidence("auditor's location", fact) for fact in places[:1])
    place = (places[0].text or "").replace("\u2019", "'")
    if not _DETERMINED_PLACES.search(place) or _ELSEWHERE.search(place):
        return Computed(False, TAGGED, evidence)
    filed = filing.content.identity.filed_date
    if filed is None:
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR,
            "which determinations held depends on the filing's day, which is not told",
        )
    held = _DETERMINED_FROM <= filed < _DETERMINED_UNTIL
    when = "held on the filing's day" if held else "did not hold on the filing's day"
    return Computed(held, TAGGED, evidence, (f"the determination on mainland China and Hong Kong {when}",))


def _identified(filing: FilingView) -> Computed | None:
    try:
        return stated(filing, filing.catalog.patterns["commission_identified"])
    except MissingOperandError:
        return None


def _told(filing: FilingView, element: str) -> list[Fact]:
    """The element's facts with a text, those of the whole registrant first."""
    told = [fact for fact in filing.facts_named(element) if (fact.text or "").strip()]
    return sorted(told, key=lambda fact: bool(fact.context.members))


FUNCTIONS = {
    "critical_audit_matters": critical_audit_matters,
    "outside_large_networks": outside_large_networks,
    "not_inspected": not_inspected,
}
