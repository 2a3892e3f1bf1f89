"""Measures of similarity against hand-made and brute-force results."""

from __future__ import annotations

import time
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.similarity import (
    NEAR_MATCH,
    common_words,
    cosine,
    jaccard,
    without_match,
    words_carried_over,
)

WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=7).map(tuple), min_size=1, max_size=12)


def test_cosine_and_jaccard_of_small_texts() -> None:
    assert cosine({"a": 1, "b": 2}, {"b": 2, "c": 1}) == pytest.approx(4 / 5)
    assert cosine({"a": 1}, {"b": 1}) == 0
    assert cosine({"a": 3, "b": 4}, {"a": 3}) == pytest.approx(9 / sqrt(25 * 9))
    assert jaccard(["a", "b"], ["b", "c"]) == pytest.approx(1 / 3)


@given(SENTENCES, SENTENCES)
def test_sentences_without_a_match_are_those_that_brute_force_finds(
    these: list[tuple[str, ...]], those: list[tuple[str, ...]]
) -> None:
    expected = [
        number
        for number, sentence in enumerate(these)
        if all(
            len(set(sentence) & set(other)) < NEAR_MATCH * len(set(sentence) | set(other)) for other in those
        )
    ]
    assert without_match(these, those) == expected


@given(SENTENCES, SENTENCES)
def test_common_words_are_at_most_those_of_the_longest_common_subsequence(
    these: list[tuple[str, ...]], those: list[tuple[str, ...]]
) -> None:
    first = [word for sentence in these for word in sentence]
    second = [word for sentence in those for word in sentence]
    longest = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, one in enumerate(first, start=1):
        for column, other in enumerate(second, start=1):
            longest[row][column] = (
                longest[row - 1][column - 1] + 1
                if one == other
                else max(longest[row - 1][column], longest[row][column - 1])
            )
    assert common_words(these, those) <= longest[-1][-1]
    assert common_words([tuple(first)], [(*second, "z")]) == longest[-1][-1]
    assert common_words(these, these) == len(first)


def test_an_eight_word_phrase_carries_its_sentence_over() -> None:
    old = [("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")]
    kept = ("so", "one", "two", "three", "four", "five", "six", "seven", "eight")
    changed = ("one", "two", "three", "four", "five", "six", "seven", "ate", "nine")
    assert words_carried_over([kept, changed], old) == (9, [0])


def test_long_texts_without_a_common_sentence_are_aligned_in_bounded_time() -> None:
    these = [(f"a{number}", "x", f"b{number}") for number in range(20_000)]
    those = [(f"c{number}", "x", f"d{number}") for number in range(20_000)]
    start = time.process_time()
    assert common_words(these, those) == 20_000
    assert time.process_time() - start < 20
