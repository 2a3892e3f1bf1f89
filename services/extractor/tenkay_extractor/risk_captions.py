"""Tells the separately captioned risk factors of a section apart (Regulation S-K, item 105).

The rule asks for each risk under a sub-caption that describes it. Filers set these in bold or italic type, as a line of
their own or as the first words of the paragraph, and group them under shorter headings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenkay_extractor.emphasis import emphasised_runs
from tenkay_extractor.phrases import ScannedText, fold
from tenkay_extractor.submission import Document, Markup, decode

MOST_CAPTIONS = 1_000
_LONGEST_CAPTION = 90  # words
_LEAST_WORDS = 7  # of a caption without a full stop that only its place tells
_LEAST_TYPED_WORDS = 3
_LEAST_BODY = 15  # words of a paragraph
_LEAST_EMPHASISED = 3
_GROUP = re.compile(
    r"^\W*(?:general |other |additional |specific )?risks? (?:related|relating|associated|arising"
    r"|concerning|involving|in"
    r"|of|from|inherent|pertaining)\b(?![^\n]*[.]$)|^(?:\S+ ){0,6}(?:risks?|factors)\W*$",
    re.IGNORECASE,
)
"""Headings of groups of risk factors."""
_INTRODUCTION = re.compile(
    r"^\W*(?:special note|certain factors|you should|the following|summary|set forth|in addition to|item"
    r" \d|risk factors"
    r"|there (?:are|is|have been|has been) no\b|(?:investing|an investment) in|before (?:you|making"
    r"|deciding))",
    re.IGNORECASE,
)
"""What stands before all of them."""
_FULL_STOP = re.compile(r"[.!?][\"')\]]*$")
_BULLET = re.compile(
    r"^[\u2022\u25cf\u25aa\u25a0\u00b7*\-\u2013o\u2014]\W|^\(?[a-z0-9ivx]{1,4}[.)] ", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """One risk factor, by offsets into the text."""

    start: int
    """Where its caption begins."""
    caption_end: int
    end: int


@dataclass(frozen=True, slots=True)
class RiskFactors:
    found: tuple[RiskFactor, ...]
    by_type: bool
    """The captions are told by their type; False when only by their place and length."""


def emphasised_openings(document: Document) -> frozenset[str]:
    """How runs of bold, italic or underlined type begin, as `opening_key` gives it. Empty for plain text."""
    if document.markup not in (Markup.HTML, Markup.INLINE_XBRL):
        return frozenset()
    runs = {opening_key(html.unescape(decode(run))) for run in emphasised_runs(document.content)}
    return frozenset(runs - {""})


_KEY_LENGTH = 24


def opening_key(text: str) -> str:
    """The first characters of a text without white space, by which a run of type and a line of text are compared."""
    key = "".join(fold(text).split())[:_KEY_LENGTH]
    return key if len(key) >= 10 else ""


def find_risk_factors(scanned: ScannedText, start: int, end: int, emphasised: frozenset[str]) -> RiskFactors:
    """The risk factors of text[start:end], in order."""
    lines = list(_lines(scanned.source.text, start, end))
    typed = [
        line
        for line in lines
        if emphasised and opening_key(scanned.source.text[line[0] : line[0] + 80]) in emphasised
    ]
    by_type = sum(1 for line in typed if _is_long_enough(scanned, line)) >= _LEAST_EMPHASISED
    captions = list(_captions(scanned, lines, set(typed) if by_type else None))[:MOST_CAPTIONS]
    found = tuple(
        RiskFactor(first, caption_end, captions[position + 1][0] if position + 1 < len(captions) else end)
        for position, (first, caption_end) in enumerate(captions)
    )
    return RiskFactors(found, by_type)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        if stop > start:
            yield start, stop
        start = stop + 1


def _captions(
    scanned: ScannedText, lines: list[tuple[int, int]], typed: set[tuple[int, int]] | None
) -> Iterator[tuple[int, int]]:
    """(start, end) of each caption: an emphasised line, or line's first sentence, that body text follows."""
    text = scanned.source.text
    for position, line in enumerate(lines):
        if typed is not None and line not in typed:
            continue
        if _BULLET.match(text[line[0] : line[0] + 8]):
            continue
        opening = text[line[0] : min(line[1], line[0] + 200)]
        if _INTRODUCTION.match(opening) or _GROUP.search(opening):
            continue
        first = _first_sentence(scanned, line)
        words = text.count(" ", line[0], line[1]) + 1
        if first[1] < line[1] and words > _LONGEST_CAPTION // 2:
            if typed is not None and _is_long_enough(scanned, first, _LEAST_TYPED_WORDS):
                yield first  # the caption runs into its paragraph
            continue
        least = _LEAST_WORDS if typed is None else _LEAST_TYPED_WORDS
        if not _is_long_enough(scanned, line, least) or words > _LONGEST_CAPTION:
            continue
        if typed is None and not _FULL_STOP.search(text[line[0] : line[1]]):
            continue
        following = next(iter(lines[position + 1 : position + 2]), None)
        if following is None or (typed is not None and following in typed):
            continue
        if text.count(" ", *following) + 1 < (_LEAST_BODY if typed is not None else 2 * _LEAST_BODY):
            continue
        if typed is None and words >= _LEAST_BODY * 3:
            continue
        yield line


def _is_long_enough(scanned: ScannedText, line: tuple[int, int], least: int = _LEAST_WORDS) -> bool:
    text = scanned.source.text
    words = text.count(" ", *line) + 1
    if words > _LONGEST_CAPTION:
        return text.find(". ", *line) > 0
    return words >= least or (words >= 4 and bool(_FULL_STOP.search(text[line[0] : line[1]])))


def _first_sentence(scanned: ScannedText, line: tuple[int, int]) -> tuple[int, int]:
    return next(iter(scanned.sentences.within(*line)), line)
