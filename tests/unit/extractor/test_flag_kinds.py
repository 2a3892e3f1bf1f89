"""Every pattern of the catalog on sentences of every kind: what is stated fires, and nothing else does.

The sentences are made up; they lie in flag_sentences/, a file a category. The kinds are those of `claims`, with
"resolved" and "other" for what only some matters have.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.phrases import STATED, WEAK, Horizon, judge_sentence

HORIZON = Horizon(date(2023, 12, 31), annual=True)
PATTERNS = load_catalog().patterns
JUDGED_BY_HAND = ("going_concern", "material_weakness")
"""Their sentences stand in test_flag_sentences.py."""
KINDS = ("hypothetical", "negated", "policy", "prior_period")
"""Which, with what is stated, every pattern is tried on."""

SENTENCES: dict[str, dict[str, list[str]]] = {}
for file in sorted((Path(__file__).parent / "flag_sentences").glob("*.yaml")):
    SENTENCES |= yaml.safe_load(file.read_text("utf-8"))


def cases(*, stated: bool) -> Iterator[tuple[str, str, str]]:
    for name, kinds in SENTENCES.items():
        for kind, sentences in kinds.items():
            if (kind == "stated") == stated:
                yield from ((name, kind, sentence) for sentence in sentences)


@pytest.mark.parametrize(("name", "kind", "sentence"), list(cases(stated=True)))
def test_a_sentence_that_states_the_matter_fires(name: str, kind: str, sentence: str) -> None:
    assert verdict(name, sentence) in (STATED, WEAK)


@pytest.mark.parametrize(("name", "kind", "sentence"), list(cases(stated=False)))
def test_a_sentence_of_another_kind_does_not_fire(name: str, kind: str, sentence: str) -> None:
    assert verdict(name, sentence) not in (STATED, WEAK)


def test_every_pattern_is_tried_on_every_kind_of_sentence() -> None:
    untried = {
        name: [kind for kind in ("stated", *KINDS) if not SENTENCES.get(name, {}).get(kind)]
        for name in PATTERNS
        if name not in JUDGED_BY_HAND
    }
    assert not {name: kinds for name, kinds in untried.items() if kinds}


def test_at_least_25_flags_are_tried_on_five_kinds_of_sentences() -> None:
    tried = [name for name, kinds in SENTENCES.items() if {"stated", *KINDS} <= kinds.keys()]
    assert len({*tried, *JUDGED_BY_HAND}) >= 25


@pytest.mark.parametrize(("name", "kind", "sentence"), list(cases(stated=True)))
def test_the_trigger_finds_what_is_stated(name: str, kind: str, sentence: str) -> None:
    assert load_catalog().triggers.scan(sentence)[name]


def verdict(name: str, sentence: str) -> str | None:
    judged = judge_sentence(PATTERNS[name], sentence, HORIZON)
    return judged[0] if judged else None
