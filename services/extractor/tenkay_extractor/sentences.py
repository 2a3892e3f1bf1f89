"""Cuts a block of normalised text into sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?][\"\u201d\u2019')\]]*\s+(?=[\"\u201c\u2018'(\[]*[A-Z0-9\u2022])")
_WORD_BEFORE = re.compile(r"([\w.&']+)[.!?]$")
_ABBREVIATIONS = frozenset(
    """
    inc corp co ltd llc lp llp plc no nos mr mrs ms dr prof jr sr st ave blvd vs approx dept est ext fig gov sec rev
    jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.s.a e.g i.e cf etc al n.a s.a n.v a.m p.m p art sect
    assoc bros mfg intl natl univ messrs vol ed viz
    """.split()  # noqa: SIM905 - one word list, not a line a word
)


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of text[start:end], without the space around it."""
    begin = start
    for match in _END.finditer(text, start, end):
        before = _WORD_BEFORE.search(text, max(begin, match.start() - 24), match.start() + 1)
        word = before.group(1).lower() if before else ""
        if (
            word in _ABBREVIATIONS
            or (len(word) == 1 and word.isalpha())
            or re.fullmatch(r"(?:\w\.)+\w", word)
        ):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
