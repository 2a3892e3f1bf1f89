"""Regular expressions that are tried only on texts that hold a word without which they cannot match.

An expression such as `\\b(?:received|served) (?:\\w+ ){0,6}?subpoena` is tried at every word of a sentence, and takes
ten microseconds to find nothing; whether a sentence holds "subpoena" is known in a twentieth of that. The words follow
from the expression itself, so that what is found is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tenkay_extractor.expression_parts import Choice, Edge, Group, Part, Text, parts_of

LEAST_LETTERS = 3
"""Shorter pieces stand in nearly every sentence."""
MOST_WORDS = 24
"""With more, looking for each takes as long as the expression does."""
MOST_SETS = 3
_ENOUGH_LETTERS = 6


class WordedExpression:
    """An expression in small letters, for texts in small letters. What it finds is what `re` finds."""

    __slots__ = ("_compiled", "_required")

    def __init__(self, expression: str) -> None:
        self._compiled = re.compile(expression)
        self._required: tuple[tuple[str, ...], ...] | None = None

    @property
    def pattern(self) -> str:
        """The expression as written."""
        return self._compiled.pattern

    def search(self, text: str) -> re.Match[str] | None:
        """The first match."""
        return self._compiled.search(text) if self._may_match(text) else None

    def finditer(self, text: str) -> Iterable[re.Match[str]]:
        """All matches that do not overlap, in order."""
        return self._compiled.finditer(text) if self._may_match(text) else ()

    def _may_match(self, text: str) -> bool:
        required = self._required
        if required is None:  # not before the first use: a filing asks for a few of a catalog's hundreds
            required = self._required = required_words(self._compiled.pattern)
        for words in required:
            for word in words:
                if word in text:
                    break
            else:
                return False
        return True


def required_words(expression: str) -> tuple[tuple[str, ...], ...]:
    """Sets of pieces of text: every match holds at least one piece of each. The most telling set comes first."""
    found = dict.fromkeys(words for words in _pieces(parts_of(expression)) if _is_telling(words))
    return tuple(
        tuple(sorted(words, key=lambda word: (len(word), word)))
        for words in sorted(found, key=_rank, reverse=True)[:MOST_SETS]
    )


def _pieces(parts: Iterable[Part]) -> Iterator[frozenset[str]]:
    """What each part requires; nothing for a part that is known to require nothing."""
    run = ""
    for part in parts:
        if isinstance(part, Text):
            run += part.character
            continue
        if isinstance(part, Edge):  # what stands around it stands side by side
            continue
        if run:
            yield frozenset((run,))
            run = ""
        if isinstance(part, Group):
            yield from _pieces(part.parts)
        elif isinstance(part, Choice):
            yield _of_branches(part.branches)
    if run:
        yield frozenset((run,))


def _of_branches(branches: Iterable[Iterable[Part]]) -> frozenset[str]:
    """A piece of each branch, so that one of them stands in every match; empty when a branch requires none."""
    found: set[str] = set()
    for branch in branches:
        of_branch = max(filter(_is_telling, _pieces(branch)), key=_rank, default=None)
        if of_branch is None:
            return frozenset()
        found |= of_branch
    return frozenset(found)


def _is_telling(words: frozenset[str]) -> bool:
    return 0 < len(words) <= MOST_WORDS and all(len(word.strip()) >= LEAST_LETTERS for word in words)


def _rank(words: frozenset[str]) -> tuple[int, int, list[str]]:
    shortest = min(len(word.strip()) for word in words)
    return min(_ENOUGH_LETTERS, shortest), -len(words), sorted(words)
