"""Sentence boundaries."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.evidence import LONGEST_QUOTE, quote_span
from tenkay_extractor.sentences import index_sentences, sentences


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Quarry Inc. sells stone. It pays.", ["Quarry Inc. sells stone.", "It pays."]),
        ("In the U.S. Quarry is small. See No. 5.", ["In the U.S. Quarry is small.", "See No. 5."]),
        ("J. Mason said \u201cyes.\u201d She left.", ["J. Mason said \u201cyes.\u201d", "She left."]),
        ("Sales rose 3.5 percent. Costs fell.", ["Sales rose 3.5 percent.", "Costs fell."]),
    ],
)
def test_sentences_end_where_they_end(text: str, wanted: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text, 0, len(text))] == wanted


def test_an_index_holds_the_sentences_of_every_line() -> None:
    text = "A heading\nOne is short. Two is cut here\n\nThree."
    index = index_sentences(text)
    found = [text[start:end] for start, end in index.within(0, len(text))]
    assert found == ["A heading", "One is short.", "Two is cut here", "Three."]
    assert [text[start:end] for start, end in index.within(13, text.index("is cut"))] == [
        " is short.",
        "Two ",
    ]


@given(st.text(alphabet="aB. \n", max_size=60), st.data())
def test_each_character_lies_in_the_sentence_that_the_index_says(text: str, data: st.DataObject) -> None:
    index = index_sentences(text)
    offset = data.draw(st.integers(0, len(text)))
    holding = [
        number
        for number, (start, end) in enumerate(zip(index.starts, index.ends, strict=True))
        if start <= offset < end
    ]
    assert ([index.number_at(offset)] if holding else None) == (holding or index.number_at(offset))


@given(st.text(max_size=300))
def test_sentences_are_in_order_without_overlap_and_lose_no_word(text: str) -> None:
    spans = list(sentences(text, 0, len(text)))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


@given(st.text(min_size=1, max_size=900), st.data())
def test_a_quote_is_short_lies_in_its_sentence_and_shows_what_decided(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    focus_start = data.draw(st.integers(start, end - 1))
    focus_end = data.draw(st.integers(focus_start + 1, min(end, focus_start + 100)))
    first, last = quote_span(text, start, end, (focus_start, focus_end))
    assert start <= first <= last <= end
    assert last - first <= LONGEST_QUOTE
    assert first <= focus_start < last or end - start <= LONGEST_QUOTE


@given(
    st.lists(
        st.sampled_from(["Inc.", "U.S.", "end.", "“Yes.” ", " ", "\n", "A", "the", "!", "\t", "3", "\x85"])
    )
)
def test_the_index_holds_what_each_line_holds_by_itself(pieces: list[str]) -> None:
    text = "".join(pieces)
    wanted: list[tuple[int, int]] = []
    begin = 0
    for line in text.split("\n"):
        wanted += sentences(text, begin, begin + len(line))
        begin += len(line) + 1
    index = index_sentences(text)
    assert list(zip(index.starts, index.ends, strict=True)) == wanted
