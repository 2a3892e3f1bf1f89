"""Prose is told from headings and table rows, and cut into words, in texts of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.filing_view import SectionText
from tenkay_extractor.sections import Section
from tenkay_extractor.sentences import index_sentences
from tenkay_extractor.text import NormalisedText
from tenkay_extractor.words import plain_words, read_paragraphs, read_sentences


def section(text: str, start: int = 0) -> SectionText:
    source = NormalisedText("a.htm", text, "0" * 64)
    return SectionText(Section("item_7", "II", "", "a.htm", start, len(text), start, 0.9), source)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("Sales rose 12.5% to $1,234.", ["Sales", "rose", "to"]),
        ("the Company\u2019s long-term plan", ["the", "Company", "long", "term", "plan"]),
        ("our customers\u2019 needs don\u2019t change", ["our", "customers", "needs", "don't", "change"]),
        ("\u201cin U.S. dollars\u201d", ["in", "US", "dollars"]),
        ("caf\u00e9 na\u00efve \u20ac5 \u4e2d\u6587", ["cafe", "naive"]),
        ("'quoted' words", ["quoted", "words"]),
    ],
)
def test_a_word_is_a_run_of_letters(printed: str, words: list[str]) -> None:
    assert plain_words(printed).split() == words


@given(st.text())
def test_blanking_keeps_every_offset(text: str) -> None:
    plain = plain_words(text)
    assert len(plain) == len(text)
    assert plain.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("line", "is_prose"),
    [
        ("Sales rose because prices did.", True),
        ("\u201cWe expect sales to rise.\u201d", True),
        ("Results of Operations", False),
        ("Table of Contents", False),
        ("Net sales $ 383,285 (3)% $ 394,328 8% $ 365,817", False),
        ("Cash flows from operating activities:", False),
        ("The table below shows the sales of each of our three segments:", True),
        ("Total assets 1,234,567 2,345,678 3,456,789.", False),
        ("and the paragraph that a page break has cut goes on in the middle of what it said about all of the sales of", True),
        ("Sales Costs Margin 2023 2022 2021 2020 2019 2018 2017 2016 2015 2014 2013 2012 2011 2010 2009 2008 2007 2006", False),
    ],
)  # fmt: skip
def test_prose_is_told_from_headings_and_table_rows(line: str, is_prose: bool) -> None:
    assert bool(read_paragraphs(section(f"Heading\n{line}\n12")).words) is is_prose


def test_sentences_are_units_with_their_places() -> None:
    text = "Item 7\nSales rose in the year. Costs fell by 3.5% in the U.S. market.\nAssets 12 13\nAll is well with us."
    prose = read_sentences(section(text, 6), index_sentences(text))
    assert [prose.text(unit) for unit in range(prose.unit_count)] == [
        "Sales rose in the year.",
        "Costs fell by 3.5% in the U.S. market.",
        "All is well with us.",
    ]
    assert prose.lengths == [5, 7, 5]
    assert prose.unit(1) == ["Costs", "fell", "by", "in", "the", "US", "market"]


@given(
    st.lists(
        st.sampled_from(["Sales rose a lot.", "It fell. It rose.", "Heading", "1 2 3", "We may sell milk."])
    )
)
def test_sentences_and_paragraphs_hold_the_same_words(lines: list[str]) -> None:
    text = "\n".join(f"{line} Then all was as it had been." for line in lines)
    whole = section(text)
    assert read_sentences(whole, index_sentences(text)).words == read_paragraphs(whole).words


def test_hits_are_judged_within_their_sentence() -> None:
    text = "We did not. Achieve more and be happy with all of it."
    prose = read_sentences(section(text), index_sentences(text))
    assert len(prose.hits("positive")) == 2
    together = "We did not achieve more and were not at all happy."
    prose = read_sentences(section(together), index_sentences(together))
    assert (len(prose.hits("positive")), len(prose.hits("negative"))) == (0, 2)


def test_a_passage_is_quoted_around_the_word_that_counts() -> None:
    text = "The shop sold bread " * 40 + "and then its losses grew a lot."
    prose = read_paragraphs(section(text))
    (passage,) = prose.passages(prose.hits("negative"), 3)
    assert "losses" in passage.quote
    assert text[passage.start : passage.end] == passage.quote
