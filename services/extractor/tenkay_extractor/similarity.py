"""How much of one text stands in another. All measures are over words in small letters, numbers left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import fsum, sqrt

NEAR_MATCH = Fraction(3, 5)
"""Least Jaccard overlap of the word sets of two sentences that say the same."""
PHRASE_LENGTH = 8
"""Words of a phrase that is carried over word by word."""
LONGEST_ALIGNED = 20_000
"""Words: longer stretches without a common sentence are aligned in pieces of this length."""

Sentence = tuple[str, ...]


def cosine(these: Mapping[str, float], those: Mapping[str, float]) -> float:
    """Cosine of two vectors by word; neither is without words."""
    product = fsum(value * those[word] for word, value in these.items() if word in those)
    lengths = fsum(value * value for value in these.values()) * fsum(
        value * value for value in those.values()
    )
    return min(product / sqrt(lengths), 1.0) if lengths else 0.0


def jaccard(these: Iterable[str], those: Iterable[str]) -> float:
    """Words that both hold by words that either holds; neither is empty."""
    first, second = set(these), set(those)
    return len(first & second) / len(first | second)


# Sentences without a near match


def without_match(these: Sequence[Sentence], those: Sequence[Sentence]) -> list[int]:
    """Numbers of the sentences of `these` whose word set overlaps with none of `those` by NEAR_MATCH.

    Two sets of which one has n words overlap by j only when they share one of the n - ceil(j x n) + 1 rarest words of
    each, so only sentences that share such a word are compared.
    """
    known = {frozenset(sentence) for sentence in those}
    rarity = Counter(word for words in known for word in words)
    candidates: dict[str, list[frozenset[str]]] = {}
    for words in sorted(known, key=sorted):
        for word in _rarest(words, rarity):
            candidates.setdefault(word, []).append(words)
    unmatched = []
    decided: dict[frozenset[str], bool] = {}
    for number, sentence in enumerate(these):
        words = frozenset(sentence)
        matched = decided.get(words)
        if matched is None:
            matched = words in known or any(
                _overlaps(words, other)
                for word in _rarest(words, rarity)
                for other in candidates.get(word, ())[:_MOST_CANDIDATES]
            )
            decided[words] = matched
        if not matched:
            unmatched.append(number)
    return unmatched


_LEAST, _OF = NEAR_MATCH.as_integer_ratio()
_MOST_CANDIDATES = 500  # a list of sentences that all begin alike costs no more than that each


def _rarest(words: frozenset[str], rarity: Mapping[str, int]) -> list[str]:
    needed = -(-_LEAST * len(words) // _OF)  # rounded up
    ordered = sorted(words, key=lambda word: (rarity.get(word, 0), word))
    return ordered[: len(words) - needed + 1]


def _overlaps(these: frozenset[str], those: frozenset[str]) -> bool:
    shorter, longer = sorted((len(these), len(those)))
    if _OF * shorter < _LEAST * longer:
        return False
    common = len(these & those)
    return _OF * common >= _LEAST * (shorter + longer - common)


# Phrases carried over


def words_carried_over(these: Sequence[Sentence], those: Sequence[Sentence]) -> tuple[int, list[int]]:
    """(words, sentence numbers) of the sentences of `these` that hold a phrase of PHRASE_LENGTH words of `those`."""
    known = {phrase for sentence in those for phrase in phrases(sentence, PHRASE_LENGTH)}
    carried = [
        number
        for number, sentence in enumerate(these)
        if any(phrase in known for phrase in phrases(sentence, PHRASE_LENGTH))
    ]
    return sum(len(these[number]) for number in carried), carried


def phrases(sentence: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    """Every run of so many words."""
    return zip(*(sentence[first:] for first in range(length)), strict=False)


# Edits


def common_words(these: Sequence[Sentence], those: Sequence[Sentence]) -> int:
    """Words of a longest common subsequence of the two texts, aligned at the sentences they share.

    Sentences that stand once in each text and in the same order anchor the alignment (patience differencing); between
    anchors the words are aligned exactly. Time grows with the length times at most LONGEST_ALIGNED / 64.
    """
    anchors = _anchors(these, those)
    total = 0
    here = there = 0
    for first, second in [*anchors, (len(these), len(those))]:
        total += _common_in_pieces(
            [word for sentence in these[here:first] for word in sentence],
            [word for sentence in those[there:second] for word in sentence],
        )
        if first < len(these) and second < len(those):
            total += len(these[first])
        here, there = first + 1, second + 1
    return total


def _anchors(these: Sequence[Sentence], those: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Pairs of numbers of equal sentences, each once in its text, rising in both: the longest such row."""
    here = {sentence: number for number, sentence in enumerate(these)}
    there = {sentence: number for number, sentence in enumerate(those)}
    once_here = {sentence for sentence, count in Counter(these).items() if count == 1}
    once_there = {sentence for sentence, count in Counter(those).items() if count == 1}
    pairs = sorted((here[sentence], there[sentence]) for sentence in once_here & once_there)
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of the pairs, which rise in their first number, that rises in the second too."""
    tails: list[int] = []  # index into pairs of the last of the best row of each length
    before = [-1] * len(pairs)
    for index, (_, value) in enumerate(pairs):
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            if pairs[tails[middle]][1] < value:
                low = middle + 1
            else:
                high = middle
        before[index] = tails[low - 1] if low else -1
        tails[low : low + 1] = [index]
    row = []
    index = tails[-1] if tails else -1
    while index >= 0:
        row.append(pairs[index])
        index = before[index]
    return row[::-1]


def _common_in_pieces(these: Sequence[str], those: Sequence[str]) -> int:
    longest = max(len(these), len(those))
    pieces = max(1, -(-longest // LONGEST_ALIGNED))
    return sum(
        _longest_common_subsequence(
            these[len(these) * piece // pieces : len(these) * (piece + 1) // pieces],
            those[len(those) * piece // pieces : len(those) * (piece + 1) // pieces],
        )
        for piece in range(pieces)
    )


def _longest_common_subsequence(these: Sequence[str], those: Sequence[str]) -> int:
    """Its length, with one bit a word: Hyyro (2004), Bit-parallel LCS-length computation revisited."""
    if not these or not those:
        return 0
    places: dict[str, int] = {}
    for number, word in enumerate(these):
        places[word] = places.get(word, 0) | (1 << number)
    everywhere = (1 << len(these)) - 1
    row = everywhere
    for word in those:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & everywhere
    return len(these) - row.bit_count()
