"""Expressions that are tried only where a word they need stands."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.worded_expressions import WordedExpression, required_words

EXPRESSIONS = tuple(
    expression
    for pattern in load_catalog().patterns.values()
    for expression in (
        *pattern.include,
        *pattern.weak,
        *(each for _, found in (*pattern.dismiss, *pattern.dismiss_sentence) for each in found),
        *pattern.overridden_by.values(),
        *([pattern.topic] if pattern.topic else []),
    )
)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (r"\b(?:received|served) (?:\w+ ){0,6}?subpoena", (("subpoena",), ("served", "received"))),
        (r"\binquir(?:y|ies)\b", (("inquir",),)),
        (r"\b(?:fire|flood|it)\b", ()),
        (r"\bwe (?:have )?breached\b", (("breached",),)),
        (r"(?!covenant)\w+ (?<=default )waiver", (("waiver",),)),
        (r"(?:waiver ){0,2}granted", (("granted",),)),
        (r"(?:waiver ){1,2}granted", (("waiver ",), ("granted",))),
        (r"[abc]+", ()),
        (r"(?i:waiver)", ()),
    ],
)
def test_words_that_every_match_holds_follow_from_the_expression(
    expression: str, words: tuple[tuple[str, ...], ...]
) -> None:
    assert {frozenset(each) for each in required_words(expression)} == {frozenset(each) for each in words}


def test_most_of_the_catalogs_expressions_need_a_word() -> None:
    needing = sum(1 for expression in EXPRESSIONS if required_words(expression.pattern))
    assert needing >= 0.95 * len(EXPRESSIONS)


@settings(deadline=None)
@given(st.data())
def test_every_match_of_a_catalogs_expression_holds_the_words(data: st.DataObject) -> None:
    expression = data.draw(st.sampled_from(EXPRESSIONS))
    text = data.draw(st.from_regex(expression.pattern))
    found = re.search(expression.pattern, text)
    assert [match.span() for match in expression.finditer(text)] == [
        match.span() for match in re.finditer(expression.pattern, text)
    ]
    assert (match := expression.search(text)) is not None
    assert found is not None
    assert match.span() == found.span()
    assert all(any(word in text for word in words) for words in required_words(expression.pattern))


def test_a_text_without_the_words_is_not_tried() -> None:
    expression = WordedExpression(r"\b(?:received|served) (?:\w+ ){0,6}?subpoena")
    assert expression.search("we received a letter") is None
    assert list(expression.finditer("we received a letter")) == []
    assert expression.search("we received a second subpoena") is not None
