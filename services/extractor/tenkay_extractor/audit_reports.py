"""Finds the reports of independent auditors in a filing's normalised text.

They stand in Item 8, in Item 15, on F-pages behind the signatures or in Exhibit 13, always under a heading of their
own (PCAOB AS 3101; before 2004 AU section 508).
"""

from __future__ import annotations

import re

from tenkay_extractor.sections import Section, line_starts

_HEADING = re.compile(
    r"^[^\w\n]{0,4}(?:(?:(?:consolidated )?financial statements? and )?reports?\s+of\s+(?:the\s+|our\s+)?independent"
    r"(?:\s+registered)?(?:\s+certified)?(?:\s+public)?\s+(?:accounting\s+firm|accountants?|auditors?)"
    r"|independent\s+(?:registered\s+public\s+accounting\s+firm|auditor|accountant)[\u2019']?s?[\u2019']?\s+reports?)"
    r"[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING_AHEAD = re.compile(r"\n[^\w\n]{0,4}(?:consolidated|financial|reports?\s|independent)", re.IGNORECASE)
_OPINION = re.compile(
    r"\b(?:we (?:have|were engaged to) (?:audited|audit)|we audited|in our opinion|our audits?)\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"^[^\w\n]{0,4}(?:(?:condensed )?consolidated (?:balance sheets?|statements? of)|balance sheets?\b|statements? of "
    r"(?:operations|income|financial)|notes to|we have served as|/s/|item \d|signatures?$|management.{0,3}s report)"
    r"[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_OPENS = re.compile(
    r"\bto the (?:board|audit committee|(?:share|stock|unit|security)\s?holders?|members?|partners|trustees|owners"
    r"|directors|participants|managers?|sole|general)\b"
    r"|^[^\w\n]{0,4}(?:the )?(?:boards? of (?:directors|trustees|managers)|(?:share|stock|unit)holders?|partners)\b"
    r"|\bwe (?:have |were engaged to )?(?:also )?audit(?:ed)?\b|^[^\w\n]{0,4}opinions? on\b|\bin our opinion\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Addressee or opinion: what a report opens with, and the repeated heading of its next page does not."""
_PAGE_AT_END = re.compile(r"(?:\s|\.{2,})(?:F-)?\d{1,3}(?:\s?[-\u2013]\s?(?:F-)?\d{1,3})?$")
_OPINION_WITHIN = 4_000
_OPENS_WITHIN = 600
_RUNNING_HEAD = 3  # times that a line stands in the text
_MOST_HEADS = 40  # lines that are counted: each costs a look at the whole text
_SHORTEST = 300
_LONGEST = 25_000
_MOST = 20
_CONFIDENCE = 0.9


def find_audit_reports(text: str, document: str) -> tuple[Section, ...]:
    """The auditors' reports, each a section "audit_report" that may lie inside another section."""
    headings = [
        match
        for start in line_starts(text, _HEADING_AHEAD)
        if (match := _HEADING.match(text, start)) and not _PAGE_AT_END.search(match.group())
    ]
    opens: dict[int, bool] = {}
    repeated: dict[str, bool] = {}
    found: list[Section] = []
    for index, heading in enumerate(headings[: 10 * _MOST]):
        if found and heading.start() < found[-1].end:
            continue
        limit = min(len(text), heading.end() + _LONGEST)
        for following in headings[index + 1 :]:
            if following.start() >= limit:
                break
            if _opens_a_report(text, following, opens):
                limit = following.start()
                break
        if not _OPINION.search(text, heading.end(), min(limit, heading.end() + _OPINION_WITHIN)):
            continue
        closing = _closing(text, min(limit, heading.end() + _SHORTEST), limit, repeated)
        end = closing.start() if closing else limit
        if closing and closing.group().lstrip().lower().startswith(("/s/", "we have served")):
            end = closing.end()
        found.append(
            Section(
                code="audit_report",
                part="",
                title=" ".join(heading.group().split()),
                document=document,
                start=heading.start(),
                end=end,
                body_start=heading.end(),
                confidence=_CONFIDENCE,
            )
        )
        if len(found) >= _MOST:
            break
    return tuple(found)


def _opens_a_report(text: str, heading: re.Match[str], known: dict[int, bool]) -> bool:
    """False for the heading of a page on which a report goes on."""
    start = heading.start()
    if start not in known:
        known[start] = bool(_OPENS.search(text, heading.end(), heading.end() + _OPENS_WITHIN))
    return known[start]


def _closing(text: str, start: int, limit: int, repeated: dict[str, bool]) -> re.Match[str] | None:
    """The first line that is no longer the report's. An item's line that repeats is a running head and ends nothing."""
    for closing in _END.finditer(text, start, limit):
        line = closing.group()
        if not line.lstrip(" \t").lower().startswith("item"):
            return closing
        if line not in repeated:
            if len(repeated) >= _MOST_HEADS:
                return closing
            repeated[line] = text.count(f"\n{line}\n") >= _RUNNING_HEAD
        if not repeated[line]:
            return closing
    return None
