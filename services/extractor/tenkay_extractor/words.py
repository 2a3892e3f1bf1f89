"""The prose of a section and its words, read once for all measures of the section.

A filing's section is prose, headings, table rows and page furniture, a block a line. Only prose is measured. A word
is a run of letters, with apostrophes inside; hyphens part words, numbers are none.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from itertools import compress, count, pairwise
from typing import Any, TypeVar

from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import SectionText
from tenkay_extractor.lexicons import CONDITIONAL, LexiconIndex, lexicon_index, load_lexicons
from tenkay_extractor.phrases import fold
from tenkay_extractor.sentences import SentenceIndex

Derived = TypeVar("Derived")

TONE_LEXICONS = (
    "negative",
    "positive",
    "uncertainty",
    "litigious",
    "competition",
    "extreme",
    "overconfidence",
)
"""The word lists that sections of every kind are measured by."""
DISCUSSION_LEXICONS = (
    *TONE_LEXICONS,
    "constraining",
    "strong_modal",
    "weak_modal",
    "hedge",
    "causal",
    "self_reference",
    "long_horizon",
    "short_horizon",
    "forward",
    "forward_in_context",
    "be",
)
"""Those that management's discussion is measured by."""
NEGATORS = frozenset(
    {
        "no",
        "not",
        "never",
        "neither",
        "nor",
        "without",
        "cannot",
        "less",
        "don't",
        "doesn't",
        "didn't",
        "won't",
        "can't",
    }
)
"""Words that turn a praising word behind them into its opposite."""
FEW = frozenset({"not", "less", "few", "limited"})
"""Words with which competition is said to be small."""
NEGATION_REACH = 3
"""Words."""

_SHORTEST_PROSE = 20  # characters
_LEAST_WORDS = 4
_SENTENCE_ENDS = ".;!?"
_LEAD_IN_WORDS = 10  # with a colon: "Cash flows from operating activities:" leads into rows
_CLOSING = "\"'\u201d\u2019)]"
_WIDEST_WORD = 14  # characters a word, space included; a table row has one word and many figures
_UNENDED_LENGTH = 100  # characters from which a block without a full stop may be prose that a page break cut
_UNENDED_WORDS = 20
_UNENDED_WIDEST_WORD = 9


class Prose:
    """The prose of one section: its words in order, and the units they lie in, its paragraphs or its sentences."""

    def __init__(
        self,
        section: SectionText,
        spans: list[tuple[int, int]],
        starts: list[int],
        words: list[str],
        lexicons: tuple[str, ...] = TONE_LEXICONS,
    ) -> None:
        self.section = section
        self.spans = spans
        """Offsets of each unit into the source's text."""
        self.starts = starts
        """Position of each unit's first word in `words`; no unit is without words."""
        self.words = words
        """As printed."""
        self._lexicons = lexicons
        self._derived: dict[Callable[[Prose], Any], Any] = {}

    def once(self, make: Callable[[Prose], Derived]) -> Derived:
        """`make(prose)`, made once however many rows ask for it. `make` is a module's function, not a lambda."""
        if make not in self._derived:
            self._derived[make] = make(self)
        known: Derived = self._derived[make]
        return known

    @property
    def word_count(self) -> int:
        return len(self.words)

    @property
    def unit_count(self) -> int:
        return len(self.starts)

    def unit_of(self, position: int) -> int:
        """Number of the unit that holds the word at this position."""
        return bisect_right(self.starts, position) - 1

    def units_of(self, positions: Iterable[int]) -> set[int]:
        """Numbers of the units that hold the words at these positions."""
        return set(self._units(positions))

    def _units(self, positions: Iterable[int]) -> list[int]:
        return [end - 1 for end in map(partial(bisect_right, self.starts), positions)]

    def unit(self, number: int) -> list[str]:
        """The words of a unit."""
        return self.words[self.starts[number] : self.end_of(number)]

    def end_of(self, number: int) -> int:
        """Position behind a unit's last word."""
        return self.starts[number + 1] if number + 1 < len(self.starts) else len(self.words)

    @cached_property
    def lengths(self) -> list[int]:
        """How many words each unit has."""
        return [end - start for start, end in pairwise((*self.starts, len(self.words)))]

    def units(self) -> Iterator[list[str]]:
        """The words of each unit."""
        return (self.words[start:end] for start, end in pairwise((*self.starts, len(self.words))))

    def text(self, number: int) -> str:
        """A unit as it stands in the source."""
        start, end = self.spans[number]
        return self.section.source.text[start:end]

    @cached_property
    def printed(self) -> Counter[str]:
        """How often each word occurs, as printed."""
        return Counter(self.words)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word occurs, in small letters."""
        counts: Counter[str] = Counter()
        for word, number in self.printed.items():
            counts[word.lower()] += number
        return counts

    def hits(self, lexicon: str) -> list[int]:
        """Positions of the words that count for the list, rising.

        A list that the prose was not read with is an error of the program: KeyError.
        """
        return self._hits[lexicon]

    @cached_property
    def _hits(self) -> dict[str, list[int]]:
        return _find_hits(self, lexicon_index(self._lexicons))

    @cached_property
    def opening(self) -> TextEvidence:
        """Evidence that the section was measured: how its prose begins."""
        if not self.spans:
            return self.section.opening()
        return self.section.passage(self.spans[0][0], self.section.section.end)

    def passages(self, positions: list[int], most: int) -> tuple[TextEvidence, ...]:
        """The units with most of these words, in the text's order, each quoted around the first of them."""
        if not positions:
            return ()
        units = self._units(positions)
        densest = sorted(unit for unit, _ in Counter(units).most_common(most))  # of equals, the earlier
        return tuple(self.passage(unit, positions[units.index(unit)]) for unit in densest)

    def passage(self, unit: int, position: int | None = None) -> TextEvidence:
        """The unit as evidence, quoted around the word at this position."""
        start, end = self.spans[unit]
        focus = start
        if position is not None:
            focus = max(self.section.source.text.find(self.words[position], start, end), start)
        return self.section.passage(start, end, (focus, focus))


def lexicon_words(prose: Prose, lexicon: str) -> int:
    """How many words of the prose are of the list, whatever stands beside them, phrases left out."""
    _, lexicons = load_lexicons()
    counts = prose.counts
    return sum(counts[word] for word in lexicons[lexicon].words if word in counts)


def _find_hits(prose: Prose, index: LexiconIndex) -> dict[str, list[int]]:
    """One pass over the words for all lists of the index.

    A word of the list `positive` behind a negator, by at most NEGATION_REACH words, is a hit of `negative` instead; one
    of `competition` behind a word of FEW is none.
    """
    found: list[list[int]] = [[] for _ in index.names]
    words, lists = prose.words, index.lists
    # Most words are in no list, and C passes over them: in Python that would take as long as all else together.
    held = list(map(lists.get, words))
    for position, of_word in zip(compress(count(), held), filter(None, held), strict=True):
        for each in of_word:
            if each != CONDITIONAL:
                found[each].append(position)
            else:
                for lexicon in _on_conditions(index, prose, position):
                    found[lexicon].append(position)
    hits = dict(zip(index.names, found, strict=True))
    turned = {position for position in hits["positive"] if _is_behind(prose, position, NEGATORS)}
    if turned:
        hits["positive"] = [position for position in hits["positive"] if position not in turned]
        hits["negative"] = sorted([*hits["negative"], *turned])
    hits["competition"] = [
        position for position in hits["competition"] if not _is_behind(prose, position, FEW)
    ]
    return hits


def _on_conditions(index: LexiconIndex, prose: Prose, position: int) -> list[int]:
    """Positions in the index's names of the lists that the word counts for among its neighbours."""
    words = prose.words
    before = words[position - 1].lower() if position else ""
    after = words[position + 1].lower() if position + 1 < len(words) else ""
    found = []
    for condition in index.conditions[words[position]]:
        if condition.before and condition.before[-1] != before:
            continue
        if condition.after and condition.after[0] != after:
            continue
        first, last = position - len(condition.before), position + len(condition.after)
        if condition.unless_next:
            if after not in condition.unless_next or not _in_one_unit(prose, position, position + 1):
                found.append(condition.lexicon)
        elif (
            tuple(map(str.lower, words[max(first, 0) : position])) == condition.before
            and tuple(map(str.lower, words[position + 1 : last + 1])) == condition.after
            and _in_one_unit(prose, first, last)
        ):
            found.append(condition.lexicon)
    return found


def _in_one_unit(prose: Prose, first: int, last: int) -> bool:
    return last < len(prose.words) and prose.unit_of(first) == prose.unit_of(last)


def _is_behind(prose: Prose, position: int, before: frozenset[str]) -> bool:
    if before.isdisjoint(prose.words[max(0, position - NEGATION_REACH) : position]):
        return False
    start = prose.starts[prose.unit_of(position)]
    return not before.isdisjoint(prose.words[max(start, position - NEGATION_REACH) : position])


def read_paragraphs(section: SectionText) -> Prose:
    """The section's prose, a unit a paragraph."""
    begin, body = section.section.body_start, section.body
    plain = plain_words(body)
    spans: list[tuple[int, int]] = []
    starts: list[int] = []
    words: list[str] = []
    for start, end, least, widest in _long_blocks(body):
        found = plain[start:end].split()
        if len(found) >= least and end - start <= widest * len(found):
            spans.append((begin + start, begin + end))
            starts.append(len(words))
            words += found
    return Prose(section, spans, starts, words)


def read_sentences(section: SectionText, index: SentenceIndex) -> Prose:
    """The section's prose, a unit a sentence. `index` is of the source's whole text."""
    begin, body = section.section.body_start, section.body
    plain = plain_words(body)
    spans: list[tuple[int, int]] = []
    starts: list[int] = []
    words: list[str] = []
    cut = index.within(begin, section.section.end)
    first, last = next(cut, _NO_SENTENCE)
    for start, end, least, widest in _long_blocks(body):
        before = len(words), len(spans)
        while last <= begin + start:
            first, last = next(cut, _NO_SENTENCE)
        while first < begin + end:
            if found := plain[first - begin : last - begin].split():
                spans.append((first, last))
                starts.append(len(words))
                words += found
            first, last = next(cut, _NO_SENTENCE)
        total = len(words) - before[0]
        if total < least or end - start > widest * total:
            del words[before[0] :], spans[before[1] :], starts[before[1] :]
    return Prose(section, spans, starts, words, DISCUSSION_LEXICONS)


_NO_SENTENCE = (sys.maxsize, sys.maxsize)


def _word_byte(character: str) -> int:
    letter = unicodedata.normalize("NFKD", character)[0]
    return ord(letter) if (letter.isascii() and letter.isalpha()) or letter in "'\n" else ord(" ")


_WORD_BYTES = bytes(map(_word_byte, map(chr, range(256))))


def plain_words(text: str) -> str:
    """The text with everything but words blanked, of the same length; line ends stay.

    Letters of Latin-1 lose their accents, other letters are blanked. "company's" is "company", "U.S." is "US".
    """
    plain = fold(text).encode("latin-1", "replace").translate(_WORD_BYTES).decode("ascii")
    if "'" in plain:
        plain = _APOSTROPHE.sub(_blanked, plain)
    return _UNITED_STATES.sub("US  ", plain)


# Each begins with a letter, so that all else is skipped at memory speed.
_APOSTROPHE = re.compile(
    r"'(?:s(?![A-Za-z])|(?![A-Za-z])|(?<![A-Za-z]'))"
)  # of a possessive, or a quotation mark
_UNITED_STATES = re.compile(r"U S (?<![A-Za-z]U S )")


def _blanked(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _long_blocks(body: str) -> Iterator[tuple[int, int, int, int]]:
    """(start, end, least words, most characters a word) of each block that is prose if it has so many words.

    Prose ends a sentence and has words rather than figures, or is long and has far more words than figures. Headings,
    table rows, page numbers and running heads do neither.
    """
    position = 0
    for line in body.split("\n"):
        start, length = position, len(line)
        position += length + 1
        if length < _SHORTEST_PROSE:
            continue
        last = line[-1]
        if last in _CLOSING:
            last = line.rstrip(_CLOSING)[-1:]
        if last in _SENTENCE_ENDS:
            yield start, start + length, _LEAST_WORDS, _WIDEST_WORD
        elif last == ":":
            yield start, start + length, _LEAD_IN_WORDS, _WIDEST_WORD
        elif length >= _UNENDED_LENGTH:
            yield start, start + length, _UNENDED_WORDS, _UNENDED_WIDEST_WORD
