"""The word lists of the text measures: read from tables/lexicons.yaml, with the forms of each word by rule.

The lists are this project's own. English inflection is regular enough for rules: they give a form too many now and then
("cutted"), which no text holds, rather than one too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


class LexiconError(ValueError):
    """The table of word lists is not well formed. The message names the list."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One word list, in small letters."""

    name: str
    words: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]
    unless_next: Mapping[str, frozenset[str]]
    """By word: what must not follow it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """With which neighbours a word counts for a list."""

    lexicon: int
    """Position in the index's `names`."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    """The rest of a phrase: what must stand before and behind the word. Both are empty for a single word."""
    unless_next: frozenset[str]


@dataclass(frozen=True, slots=True)
class LexiconIndex:
    """Several word lists, by word as printed (small, with a capital, in capitals), for one pass over a text."""

    names: tuple[str, ...]
    lists: Mapping[str, tuple[int, ...]]
    """Positions in `names` of the lists that hold the word, and CONDITIONAL when it counts for others on conditions."""
    conditions: Mapping[str, tuple[Condition, ...]]


CONDITIONAL = -1


@lru_cache(maxsize=1)
def load_lexicons() -> tuple[str, Mapping[str, Lexicon]]:
    """(version, lists by name) that ship with this code."""
    text = resources.files("tenkay_extractor").joinpath("tables", "lexicons.yaml").read_text("utf-8")
    return parse_lexicons(text)


def parse_lexicons(text: str) -> tuple[str, Mapping[str, Lexicon]]:
    """(version, lists by name) of a YAML text. Raises LexiconError."""
    raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return str(raw["lexicon_version"]), {
        name: _lexicon(name, row or {}) for name, row in raw["lexicons"].items()
    }


@lru_cache(maxsize=16)
def lexicon_index(names: tuple[str, ...]) -> LexiconIndex:
    """The lists of these names as one index. Raises LexiconError for a name that is no list."""
    _, lexicons = load_lexicons()
    lists: dict[str, list[int]] = {}
    conditions: dict[str, list[Condition]] = {}
    for position, name in enumerate(names):
        lexicon = lexicons.get(name)
        if lexicon is None:
            raise LexiconError(f"there is no word list {name}")
        for word in sorted(lexicon.words):
            unless_next = lexicon.unless_next.get(word)
            for printed in _as_printed(word):
                if unless_next:
                    conditions.setdefault(printed, []).append(Condition(position, (), (), unless_next))
                else:
                    lists.setdefault(printed, []).append(position)
        for phrase in lexicon.phrases:
            # Looked for at its longest word, which is the rarest: "knowledge", not "to".
            at = max(
                range(len(phrase)),
                key=[(len(word), -number) for number, word in enumerate(phrase)].__getitem__,
            )
            condition = Condition(position, phrase[:at], phrase[at + 1 :], frozenset())
            for printed in _as_printed(phrase[at]):
                conditions.setdefault(printed, []).append(condition)
    for printed in conditions:
        lists.setdefault(printed, []).append(CONDITIONAL)
    return LexiconIndex(
        names,
        {word: tuple(found) for word, found in lists.items()},
        {word: tuple(found) for word, found in conditions.items()},
    )


def _as_printed(word: str) -> set[str]:
    return {word} if word in _NOT_CAPITALISED else {word, word.capitalize(), word.upper()}


_NOT_CAPITALISED = frozenset({"may", "us"})  # "May" is a month and "US" a country


# Reading

_LISTS = ("verbs", "nouns", "adjectives", "words", "phrases", "not", "unless_next")


def _lexicon(name: str, row: Mapping[str, Any]) -> Lexicon:
    if unknown := sorted(set(row) - set(_LISTS)):
        raise LexiconError(f"word list {name}: unknown field {', '.join(unknown)}")
    words: set[str] = set(row.get("words", ()))
    for verb in row.get("verbs", ()):
        words |= verb_forms(verb)
    for noun in row.get("nouns", ()):
        words |= noun_forms(noun)
    for adjective in row.get("adjectives", ()):
        words |= adjective_forms(adjective)
    words -= set(row.get("not", ()))
    phrases = tuple(tuple(phrase.split()) for phrase in row.get("phrases", ()))
    unless_next = {word: frozenset(following) for word, following in row.get("unless_next", {}).items()}
    for word in (*words, *(each for phrase in phrases for each in phrase), *unless_next):
        if not (isinstance(word, str) and word.isascii() and word.isalpha() and word.islower()):
            raise LexiconError(f"word list {name}: {word!r} is not a word in small letters")
    if stray := sorted(set(unless_next) - words):
        raise LexiconError(f"word list {name}: unless_next names {', '.join(stray)}, which it does not hold")
    if not words and not phrases:
        raise LexiconError(f"word list {name} is empty")
    return Lexicon(name, frozenset(words), phrases, unless_next)


# Inflection

_VOWELS = "aeiou"
_IRREGULAR_VERBS: Mapping[str, tuple[str, ...]] = {
    "arise": ("arose", "arisen"),
    "bind": ("bound",),
    "cut": ("cut",),
    "drive": ("drove", "driven"),
    "fall": ("fell", "fallen"),
    "forbear": ("forbore",),
    "forbid": ("forbade", "forbidden"),
    "grow": ("grew", "grown"),
    "lead": ("led",),
    "lose": ("lost",),
    "mistake": ("mistook", "mistaken"),
    "overcome": ("overcame",),
    "overpay": ("overpaid",),
    "overrun": ("overran",),
    "plead": ("pled",),
    "shrink": ("shrank", "shrunk"),
    "strike": ("struck", "stricken"),
    "win": ("won",),
}
_IRREGULAR_NOUNS: Mapping[str, str] = {"crisis": "crises"}


def verb_forms(verb: str) -> frozenset[str]:
    """The verb with its third person, past and -ing forms."""
    return frozenset(
        {
            verb,
            _with_s(verb),
            *_IRREGULAR_VERBS.get(verb, ()),
            *(f"{stem}ed" for stem in _stems(verb, keeps_y=False)),
            *(f"{stem}ing" for stem in _stems(verb, keeps_y=True)),
        }
    )


def noun_forms(noun: str) -> frozenset[str]:
    """The noun and its plural."""
    return frozenset({noun, _IRREGULAR_NOUNS.get(noun) or _with_s(noun)})


def adjective_forms(adjective: str) -> frozenset[str]:
    """The adjective and its adverb."""
    if adjective.endswith("ic"):
        adverb = f"{adjective}ally"
    elif adjective.endswith("le") and adjective[-3] not in _VOWELS:
        adverb = f"{adjective[:-1]}y"
    elif adjective.endswith("y"):
        adverb = f"{adjective[:-1]}ily"
    elif adjective.endswith("ue"):
        adverb = f"{adjective[:-1]}ly"
    else:
        adverb = f"{adjective}ly"
    return frozenset({adjective, adverb})


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}s"


def _stems(verb: str, *, keeps_y: bool) -> Iterable[str]:
    """What -ed and -ing are put to: "omit" gives "omitt" besides, for its stress cannot be told from its letters."""
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        yield verb[:-1]
        return
    if verb.endswith("y") and verb[-2] not in _VOWELS and not keeps_y:
        yield f"{verb[:-1]}i"
        return
    yield verb
    if len(verb) > 2 and verb[-1] not in f"{_VOWELS}hwxy" and verb[-2] in _VOWELS and verb[-3] not in _VOWELS:
        yield verb + verb[-1]
