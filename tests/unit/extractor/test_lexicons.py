"""Word lists: forms by rule, phrases, and what a list must not hold."""

from __future__ import annotations

import pytest

from tenkay_extractor.lexicons import (
    LexiconError,
    adjective_forms,
    lexicon_index,
    load_lexicons,
    noun_forms,
    parse_lexicons,
    verb_forms,
)


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("fail", "fail fails failed failing"),
        ("deny", "deny denies denied denying"),
        ("decline", "decline declines declined declining"),
        ("stop", "stop stops stopped stopping"),
        ("omit", "omit omits omitted omitting"),
        ("lose", "lose loses lost losing"),
        ("punish", "punish punishes punished punishing"),
        ("disagree", "disagree disagrees disagreeing"),
        ("enjoy", "enjoy enjoys enjoyed enjoying"),
    ],
)
def test_a_verb_has_its_forms(verb: str, forms: str) -> None:
    assert set(forms.split()) <= verb_forms(verb)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (noun_forms("difficulty"), {"difficulty", "difficulties"}),
        (noun_forms("crisis"), {"crisis", "crises"}),
        (noun_forms("loss"), {"loss", "losses"}),
        (adjective_forms("possible"), {"possible", "possibly"}),
        (adjective_forms("dramatic"), {"dramatic", "dramatically"}),
        (adjective_forms("harmful"), {"harmful", "harmfully"}),
        (adjective_forms("happy"), {"happy", "happily"}),
    ],
)
def test_nouns_and_adjectives_have_theirs(made: frozenset[str], expected: set[str]) -> None:
    assert made == expected


@pytest.mark.parametrize(
    ("name", "held", "not_held"),
    [
        ("negative", "losses failed adversely", "mission growth"),
        ("positive", "growth improved strongly", "losses"),
        ("strong_modal", "will must", "willing wills"),
        ("internal", "we us", "using uses"),
        ("external", "market economy", "marketing"),
        ("causal", "resulted resulting because", "results"),
        ("litigious", "plaintiff litigation indemnified", "judgment discovery"),
    ],
)
def test_a_list_holds_its_words_and_not_their_false_friends(name: str, held: str, not_held: str) -> None:
    _, lexicons = load_lexicons()
    assert set(held.split()) <= lexicons[name].words
    assert not set(not_held.split()) & lexicons[name].words


def test_the_month_of_may_is_no_modal() -> None:
    index = lexicon_index(("weak_modal",))
    assert "may" in index.lists
    assert "May" not in index.lists
    assert "Could" in index.lists


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {words: [Loud]}", "is not a word in small letters"),
        ("a: {words: [long-term]}", "is not a word in small letters"),
        ("a: {words: []}", "is empty"),
        ("a: {adverbs: [well]}", "unknown field adverbs"),
        ("a: {words: [best], unless_next: {worst: [case]}}", "unless_next names worst"),
    ],
)
def test_a_list_that_is_not_well_formed_is_refused(text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message):
        parse_lexicons(f"lexicon_version: '1'\nlexicons:\n  {text}\n")


def test_a_list_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LexiconError, match="no word list loud"):
        lexicon_index(("loud",))
