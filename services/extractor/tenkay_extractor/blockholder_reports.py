"""Schedules 13D and 13G: which share of a class a holder of more than five percent reports, and what for.

XML since 18 December 2024 (SEC Release 33-11253; EDGAR technical specifications of Schedules 13D and 13G); HTML or text
with the cover page of Rule 13d-101 or 13d-102 before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.phrases import fold
from tenkay_extractor.xml_documents import read_elements

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stake:
    """What one reporting person's cover page says."""

    percent: Decimal
    """Of the class, as printed: 5.31 is 5.31 %."""
    span: Span


@dataclass(frozen=True, slots=True)
class BlockholderReport:
    """A Schedule 13D or 13G. Offsets are into its text."""

    as_xml: bool
    stakes: tuple[Stake, ...]
    person_ciks: frozenset[int]
    """Reporting persons' CIKs as the document gives them; only XML does."""
    purpose: tuple[str, Span] | None
    """Item 4 of Schedule 13D."""


MOST_PERSONS = 200


def read_blockholder_report(text: str) -> BlockholderReport:
    """The report that a primary document's text is. What it does not tell is empty."""
    root = read_elements(text) if text.startswith("edgarSubmission") else None
    if root is None:
        return BlockholderReport(False, tuple(_printed_stakes(text)), frozenset(), _printed_purpose(text))
    stakes, ciks = [], set()
    purpose: tuple[str, Span] | None = None
    for element in root.descendants():
        if element.name in ("percentOfClass", "classPercent"):
            percent = _percent(element.value)
            if percent is not None:
                stakes.append(Stake(percent, (element.value_start, element.value_end)))
        elif element.name == "transactionPurpose" and purpose is None:
            purpose = element.value, (element.value_start, element.value_end)
        elif element.name in ("reportingPersonCIK", "reportingCik", "cik"):
            digits = element.value.strip()
            if digits.isascii() and digits.isdigit() and len(digits) <= 10:
                ciks.add(int(digits))
    return BlockholderReport(True, tuple(stakes[:MOST_PERSONS]), frozenset(ciks), purpose)


# "Less than 5 %" says no number.
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s*(%|percent\b)?", re.IGNORECASE)
_BOUND = re.compile(
    r"\b(?:less|more|under|over|below|above|at least|up to|approximately zero)\b|[<>]", re.IGNORECASE
)


def _percent(value: str) -> Decimal | None:
    """A percentage of 0 to 100 that stands alone: "11.9", "17.1%", "5.3% (1)"."""
    text = value.strip()
    found = _NUMBER.match(text)
    if found is None or _BOUND.search(text):
        return None
    rest = text[found.end() :].strip()
    if rest and (found.group(2) is None or rest[0].isdigit() or rest[0] in ",./"):
        return None
    percent = Decimal(found.group(1))
    return percent if percent <= 100 else None


_PERCENT_ROW = re.compile(
    r"percent(?:age)?\s+of\s+(?:the\s+)?(?:class|series)\s+represented\s+by\s+(?:the\s+)?amount\s+in\s+(?:row|item|box)\s*\(?\s*\d{1,2}\s*\)?",
    re.IGNORECASE,
)
_NEXT_ROW = re.compile(r"\btype\s+of\s+(?:reporting|person)|\bcheck\s+(?:box|if)|\bcusip\b", re.IGNORECASE)
_INSTRUCTIONS = re.compile(
    r"[\s:.*]*(?:\(\s*see\s+(?:the\s+)?(?:instructions?|item \d+)[^()]{0,40}\))?[\s:.*]*", re.IGNORECASE
)
_ROW_WINDOW = 300
_STATED_IN_ROW = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s*(?:%|percent\b)", re.IGNORECASE)


def _printed_stakes(text: str) -> list[Stake]:
    folded = fold(text)
    stakes: list[Stake] = []
    for row in _PERCENT_ROW.finditer(folded):
        skipped = _INSTRUCTIONS.match(folded, row.end())
        start = skipped.end() if skipped else row.end()
        limit = row.end() + _ROW_WINDOW
        following = _NEXT_ROW.search(folded, start, limit)
        value = folded[start : following.start() if following else limit]
        alone = value.split("\n", 1)[0]
        percent = _percent(alone)
        if percent is None:
            stated = _STATED_IN_ROW.findall(value)
            if len(stated) != 1 or _BOUND.search(value):
                continue
            percent = Decimal(stated[0])
            alone = value
        if percent <= 100:
            stakes.append(Stake(percent, (row.start(), min(start + len(alone), len(text)))))
        if len(stakes) >= MOST_PERSONS:
            break
    return stakes


_PURPOSE_HEADING = re.compile(
    r"^item\s+4\s*[.:-]?\s*purpose\s+of\s+(?:the\s+)?transactions?", re.IGNORECASE | re.MULTILINE
)
_AFTER_PURPOSE = re.compile(r"^item\s+[5-7]\b", re.IGNORECASE | re.MULTILINE)


def _printed_purpose(text: str) -> tuple[str, Span] | None:
    heading = _PURPOSE_HEADING.search(text)
    if heading is None:
        return None
    following = _AFTER_PURPOSE.search(text, heading.end())
    end = following.start() if following else len(text)
    return text[heading.end() : end], (heading.start(), end)
