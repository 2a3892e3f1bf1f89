"""One pass over a text for the triggers of all patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.phrase_scan import PhraseScanner, TriggerError
from tenkay_extractor.phrases import fold

TRIGGERS = {
    "doubt": "going.concern|substantial doubts?",
    "weakness": "material weakness(?:es)?",
    "wells": r"\bwells notice\b",
    "named": "company's auditor",
}
SCANNER = PhraseScanner(TRIGGERS)
PIECES = [
    "going concern", "Going-Concern", "substantial doubt", "SUBSTANTIAL DOUBTS", "material weaknesses", "Wells notice",
    "a Wells notice,", "Company’s auditor", "company's auditor", "—", "“", " ", "\n", "Ł", "𝔛", "é", "\0", "?", "doubt",
]  # fmt: skip


def test_offsets_are_those_of_characters_whatever_they_are() -> None:
    text = "“Łódź” 𝔛 — the Company’s auditor has substantial doubts; a material weakness"
    found = SCANNER.scan(text)
    assert [text[start : start + 9] for start in found["named"]] == ["Company’s"]
    assert [text[start : start + 17] for start in found["doubt"]] == ["substantial doubt"]
    assert [text[start : start + 8] for start in found["weakness"]] == ["material"]
    assert found["wells"] == []


def test_a_trigger_with_several_ends_is_reported_once() -> None:
    assert SCANNER.scan("material weaknesses") == {"doubt": [], "weakness": [0], "wells": [], "named": []}


@pytest.mark.parametrize("text", ["", "nothing here"])
def test_a_text_without_triggers_has_no_offsets(text: str) -> None:
    assert not any(SCANNER.scan(text).values())


def test_a_scanner_without_triggers_finds_nothing() -> None:
    assert PhraseScanner({}).scan("going concern") == {}


@pytest.mark.parametrize("source", ["(unclosed", r"(a)\1", "(?<=no )doubt", "doubt[^.]{0,200}(?:is|was)"])
def test_a_trigger_that_cannot_be_scanned_for_is_named(source: str) -> None:
    with pytest.raises(TriggerError, match="pattern broken"):
        PhraseScanner({"fine": "going concern", "broken": source})


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join))
def test_the_pass_finds_what_each_expression_finds_alone(text: str) -> None:
    found = SCANNER.scan(text)
    seen = fold(text).encode("latin-1", "replace").decode("latin-1")
    for name, source in TRIGGERS.items():
        expression = re.compile(source, re.IGNORECASE | re.ASCII)
        assert found[name] == [start for start in range(len(text)) if expression.match(seen, start)]


def test_a_long_text_is_folded_to_the_same_length_and_the_same_characters() -> None:
    text = "“It’s – so” \xa0 plain ascii " * 2_000 + "Ł—"
    assert fold(text) == '"It\'s - so"   plain ascii ' * 2_000 + "Ł-"
