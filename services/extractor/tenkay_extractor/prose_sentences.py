"""Which sentences of a span are prose: shares of sentences are counted over these."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tenkay_extractor.claims import is_caption
from tenkay_extractor.phrases import ScannedText, fold

_END = re.compile(r"[.!?;:][\"'\u201d\u2019)\]]*$")
_LEAST_WORDS = 4
_WORDS_WITHOUT_END = 15  # of a sentence that a page break or a missing full stop cut


@dataclass(frozen=True, slots=True)
class ProseSentences:
    """The sentences that are neither headings nor table rows, by their numbers in the text's index, rising."""

    numbers: tuple[int, ...]
    words: int
    """In all of them, parted by white space."""


def prose_sentences(scanned: ScannedText, start: int, end: int) -> ProseSentences:
    """Those of text[start:end]."""
    text, index = scanned.source.text, scanned.sentences
    numbers = []
    words = 0
    for number in range(*index.numbers(start, end)):
        first, last = index.starts[number], index.ends[number]
        count = text.count(" ", first, last) + 1
        if count < _LEAST_WORDS:
            continue
        ended = _END.search(text, max(first, last - 4), last)
        if ended or (count >= _WORDS_WITHOUT_END and not is_caption(fold(text[first:last]))):
            numbers.append(number)
            words += count
    return ProseSentences(tuple(numbers), words)
