"""Cuts normalised text into sentences."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_END = re.compile(r"([.!?][\"\u201d\u2019')\]]*)\s+(?=[\"\u201c\u2018'(\[]*[A-Z0-9\u2022])")
_ENDS_IN_LINE = tuple(
    (mark, re.compile(_END.pattern.replace(r"\s+", r"[^\S\n]+").replace("[.!?]", re.escape(mark))))
    for mark in ".!?"
)
"""By mark: a literal is looked for at several times the speed of a class, and no end reaches into another."""
_OPENING = "\"\u201c\u2018'(["
_ABBREVIATIONS = frozenset(
    """
    inc corp co ltd llc lp llp plc no nos mr mrs ms dr prof jr sr st ave blvd vs approx dept est ext fig gov sec rev
    jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.s.a e.g i.e cf etc al n.a s.a n.v a.m p.m p art sect
    assoc bros mfg intl natl univ messrs vol ed viz
    """.split()  # noqa: SIM905 - one word list, not a line a word
)
_INITIALS = re.compile(r"(?:\w\.)+\w")


@dataclass(frozen=True, slots=True)
class SentenceIndex:
    """The sentences of a whole text, each within one of its lines, in order."""

    starts: Sequence[int]
    ends: Sequence[int]

    def within(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(start, end) of each sentence that lies in text[start:end], cut to it."""
        for number in range(*self.numbers(start, end)):
            yield max(self.starts[number], start), min(self.ends[number], end)

    def numbers(self, start: int, end: int) -> tuple[int, int]:
        """The sentences in text[start:end] are those from the first number up to the second."""
        return bisect_right(self.ends, start), bisect_left(self.starts, end)

    def number_at(self, offset: int) -> int | None:
        """The number of the sentence that holds the character; None between sentences."""
        number = bisect_right(self.starts, offset) - 1
        return number if number >= 0 and offset < self.ends[number] else None


def index_sentences(text: str) -> SentenceIndex:
    """All sentences of a text whose lines are blocks: paragraphs, headings, table rows.

    Most lines of a filing are rows without a full stop, so ends are looked for in the whole text and not line by line.
    """
    starts: list[int] = []
    ends: list[int] = []
    starts_at, ends_at = starts.append, ends.append  # bound once: a filing has ten thousand lines and more
    candidates = _ends_in_lines(text)
    candidate = next(candidates, None)
    stop_at = candidate.start() if candidate else len(text)
    begin = 0
    for line in text.split("\n"):
        start, stop = begin, begin + len(line)
        begin = stop + 1
        if len(line.strip()) < stop - start:
            start += len(line) - len(line.lstrip())
            stop -= len(line) - len(line.rstrip())
        while stop_at < stop and candidate is not None:
            if stop_at >= start and _is_end(text, start, stop_at):
                starts_at(start)
                ends_at(candidate.end(1))
                start = candidate.end()
            candidate = next(candidates, None)
            stop_at = candidate.start() if candidate else len(text)
        if start < stop:
            starts_at(start)
            ends_at(stop)
    return SentenceIndex(starts, ends)


def _ends_in_lines(text: str) -> Iterator[re.Match[str]]:
    """What may end a sentence, in order."""
    found = [end for mark, expression in _ENDS_IN_LINE if mark in text for end in expression.finditer(text)]
    found.sort(key=re.Match.start)
    return iter(found)


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of text[start:end], without the space around it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    for match in _END.finditer(text, start, end):
        if _is_end(text, start, match.start()):
            yield start, match.end(1)
            start = match.end()
    if start < end:
        yield start, end


def _is_end(text: str, start: int, stop: int) -> bool:
    """False where the full stop at `stop` ends an abbreviation or an initial of text[start:stop]."""
    word = text[max(start, text.rfind(" ", start, stop) + 1) : stop].lstrip(_OPENING).lower()
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    return not ("." in word and _INITIALS.fullmatch(word))
