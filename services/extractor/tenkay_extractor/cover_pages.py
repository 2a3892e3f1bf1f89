"""Boxes ticked on the cover pages of Forms 10-K, 10-Q and 8-K, read from their text.

A cover asks "Indicate by check mark whether ..." and prints the answers with boxes behind or before them, drawn as
symbols, as letters of a symbol font, or as brackets. Sources: the cover pages of Forms 10-K, 10-Q and 8-K; Exchange Act
Rule 12b-2. An answer counts only when exactly one box is ticked and it is plain which words it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenkay_extractor.phrases import fold, small_letters
from tenkay_extractor.worded_expressions import WordedExpression

COVER_CHARACTERS = 16_000

_TICKED = (
    r"[\u2611\u2612\u2713\u2714\u2715\u2716\u2717\u2718\u00fe\u00fd\uf0fe\uf0fd\uf078\uf052\uf053\U0001f5f9\U0001f5f7]"
    r"|[\[({]\s?[xX\u221a]\s?[\])}]|_{1,10}\s?[xX\u221a\u00fc]\s?_{0,10}|(?<![A-Za-z'-])[xX](?![A-Za-z'-])"
    r"|\u221a"
)
_EMPTY = (
    r"[\u2610\u25a1\u25a2\u25ab\u25cb\u274f\u2751\u00a8\u00a3\uf0a8\uf06f\uf071\uf0a3\uf06d]"
    r"|[\[({][\s_]{0,4}[\])}]|_{2,20}"
    r"|(?<![A-Za-z'-])[oO](?![A-Za-z'-])|\u2751"
)
_BOX = re.compile(rf"(?P<ticked>{_TICKED})|(?P<empty>{_EMPTY})")
_NEXT_QUESTION = re.compile(
    r"\bindicate\s+by\s+check|\bif\s+an\s+emerging\s+growth|\bsecurities\s+registered|\bAPPLICABLE\s+ONLY",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ticked:
    """The words that a ticked box belongs to. Offsets are into the document's text."""

    words: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CoverPage:
    """What the boxes of a cover page say. An answer that cannot be told is absent."""

    categories: tuple[Ticked, ...]
    """Among the kinds of filers: "large accelerated filer", "smaller reporting company" and so on."""
    category_boxes: frozenset[str]
    """All kinds that have a box, ticked or not; empty when the boxes cannot be told apart."""
    category_span: tuple[int, int] | None
    answers: Mapping[str, tuple[bool, tuple[int, int]]]
    """By question: the answer, and where question and answer stand."""


_QUESTIONS: Mapping[str, WordedExpression] = {
    "shell_company": WordedExpression(r"\bis\s+a\s+shell\s+company\b[^?:]{0,120}?(?:\)|\bact\b\.?|\?)"),
    "well_known_seasoned_issuer": WordedExpression(
        r"\bis\s+a\s+well-?\s?known\s+seasoned\s+issuer\b[^?:]{0,80}?(?:securities\s+act(?:\s+of\s+1933)?)\s*\.?"
    ),
    "voluntary_filer": WordedExpression(
        r"\bis\s+not\s+required\s+to\s+file\s+reports\s+pursuant\s+to\s+section\s+13\s+or\s+(?:section\s+)?15\(d\)"
        r"\s+of\s+the\s+(?:securities\s+exchange\s+act(?:\s+of\s+1934)?|exchange\s+act|act)\s*\.?"
    ),
}
_SINGLE_BOXES: Mapping[str, WordedExpression] = {
    "icfr_auditor_attestation": WordedExpression(
        r"\bhas\s+filed\s+a\s+report\s+on\s+and\s+attestation\s+to\s+its\s+management's\s+assessment\b[^?]{0,400}?"
        r"(?:issued|prepared)\s+(?:or\s+issued\s+)?its\s+audit\s+report\s*\.?"
    ),
    "clawback_recovery_analysis": WordedExpression(
        r"\brestatements\s+that\s+required\s+a\s+recovery\s+analysis\s+of\s+incentive-?\s?based\s+compensation\b[^?]{0,250}?"
        r"10d-1\s?\(b\)\s*\.?"
    ),
}
_CATEGORY_QUESTION = WordedExpression(
    r"\bwhether\s+the\s+registrant\s+is\s+a\s+large\s+accelerated\s+filer\b"
)
_CATEGORY = re.compile(
    r"(?P<label>\blarge\s+accelerated\s+filer|\bnon-?\s?accelerated\s+filer|\baccelerated\s+filer"
    r"|\bsmaller\s+reporting\s+company|\bemerging\s+growth\s+company)s?\b"
    r"|(?P<note>\(\s*do\s+not\s+check[^()]{0,60}\))",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"\b(?P<label>yes|no)\b", re.IGNORECASE)
_CATEGORY_WINDOW = 900
_ANSWER_WINDOW = 120


def read_cover_page(text: str) -> CoverPage:
    """The boxes of the cover that begins this text."""
    cover = fold(text[:COVER_CHARACTERS])
    small = small_letters(cover)
    answers: dict[str, tuple[bool, tuple[int, int]]] = {}
    for name, question in _QUESTIONS.items():
        found = question.search(small)
        if found and (answer := _yes_or_no(cover, found)) is not None:
            answers[name] = answer
    for name, question in _SINGLE_BOXES.items():
        found = question.search(small)
        if found and (answer := _one_box(cover, found)) is not None:
            answers[name] = answer
    ticked, boxes, span = _categories(cover, small)
    return CoverPage(ticked, boxes, span, answers)


def _window(cover: str, start: int, longest: int) -> int:
    following = _NEXT_QUESTION.search(cover, start, start + longest)
    return following.start() if following else min(len(cover), start + longest)


def _yes_or_no(cover: str, question: re.Match[str]) -> tuple[bool, tuple[int, int]] | None:
    end = _window(cover, question.end(), _ANSWER_WINDOW)
    pairs = _paired(cover, question.end(), end, _YES_NO)
    if pairs is None:
        return None
    labels = [label for label, _, _ in pairs]
    ticked = [(label, place) for label, is_ticked, place in pairs if is_ticked]
    if sorted(labels) != ["no", "yes"] or len(ticked) != 1:
        return None
    last = max(place for _, _, place in pairs)
    return ticked[0][0] == "yes", (question.start(), last)


def _one_box(cover: str, question: re.Match[str]) -> tuple[bool, tuple[int, int]] | None:
    end = _window(cover, question.end(), _ANSWER_WINDOW)
    boxes = list(_BOX.finditer(cover, question.end(), end))
    if not boxes or _YES_NO.search(cover, question.end(), boxes[0].start()):
        return _yes_or_no(cover, question)
    if boxes[0].start() - question.end() > 12 or len(boxes) > 1:
        return None
    return boxes[0].group("ticked") is not None, (question.start(), boxes[0].end())


def _categories(cover: str, small: str) -> tuple[tuple[Ticked, ...], frozenset[str], tuple[int, int] | None]:
    nothing: tuple[tuple[Ticked, ...], frozenset[str], None] = ((), frozenset(), None)
    question = _CATEGORY_QUESTION.search(small)
    if question is None:
        return nothing
    # The question names the kinds itself; the boxes follow its last sentence.
    opening = re.compile(
        r"exchange\s+act\b[^A-Za-z]{0,4}|\(check\s+one\)\s*:?|12b-2\s*\)?\s*\.", re.IGNORECASE
    )
    starts = [each.end() for each in opening.finditer(cover, question.end(), question.end() + 700)]
    end = _window(cover, question.end(), _CATEGORY_WINDOW)
    for start in sorted(each for each in starts if each < end):
        pairs = _paired(cover, start, end, _CATEGORY)
        if pairs is None:
            continue
        labels = [label for label, _, _ in pairs]
        if (
            len(set(labels)) != len(labels)
            or "large accelerated filer" not in labels
            or "accelerated filer" not in labels
        ):
            continue
        ticked = tuple(Ticked(label, (start, place)) for label, is_ticked, place in pairs if is_ticked)
        return ticked, frozenset(labels), (start, max(place for _, _, place in pairs))
    return nothing


def _paired(cover: str, start: int, end: int, labels: re.Pattern[str]) -> list[tuple[str, bool, int]] | None:
    """(label, ticked, end of label or box) of each label between start and end that has a box behind it, or before it.

    Which of the two is told by what comes first. None when boxes and labels do not alternate.
    """
    found = list(labels.finditer(cover, start, end))
    notes = [each.span() for each in found if each.groupdict().get("note")]
    tokens: list[tuple[int, int, str | None, bool]] = [
        (each.start(), each.end(), _plain(each.group("label")), False)
        for each in found
        if not each.groupdict().get("note")
    ]
    tokens += [
        (box.start(), box.end(), None, box.group("ticked") is not None)
        for box in _BOX.finditer(cover, start, end)
        if not any(first <= box.start() < last for first, last in notes)
    ]
    tokens.sort()
    if len(tokens) < 2:
        return None
    boxes_first = tokens[0][2] is None
    return _alternating(tokens, boxes_first)


def _alternating(
    tokens: Sequence[tuple[int, int, str | None, bool]], boxes_first: bool
) -> list[tuple[str, bool, int]] | None:
    pairs: list[tuple[str, bool, int]] = []
    if len(tokens) % 2:
        tokens = tokens[:-1]
    for first, second in zip(tokens[::2], tokens[1::2], strict=True):
        box, label = (first, second) if boxes_first else (second, first)
        if box[2] is not None or label[2] is None:
            return pairs or None
        pairs.append((label[2], box[3], second[1]))
    return pairs


def _plain(label: str) -> str:
    words = " ".join(label.lower().split()).replace("non accelerated", "non-accelerated")
    return words.replace("nonaccelerated", "non-accelerated").replace("non- accelerated", "non-accelerated")
