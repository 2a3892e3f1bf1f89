"""Certifications of the officers: Exchange Act Rules 13a-14 and 15d-14 (exhibit 31), 18 USC 1350 (exhibit 32)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tenkay_extractor.phrases import fold

_CERTIFIES = re.compile(
    r"(?:^|(?<=[\s\"'(]))I,\s{1,3}(?P<name>[^\W\d_][^\n;:]{2,80}?),?\s{1,3}(?:the [^\n,;:]{0,80},"
    r" )?(?:hereby )?certify(?:,? that)?\b",
    re.MULTILINE,
)
_NAME_ENDS = re.compile(
    r",(?!\s*(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d|esq|cpa)\b)|\bas (?:the )?(?:chief|principal|president)",
    re.IGNORECASE,
)
_SUFFIXES = frozenset(
    {"jr", "sr", "ii", "iii", "iv", "phd", "md", "esq", "cpa", "mba", "dr", "mr", "mrs", "ms"}
)
MOST_SIGNERS = 10
ALIKE = 0.9
"""Least Jaro-Winkler similarity of two spellings of one surname."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who certifies, as printed, and where."""

    name: str
    span: tuple[int, int]

    @property
    def surname(self) -> str:
        return _parts(self.name)[-1]

    @property
    def initial(self) -> str:
        return _parts(self.name)[0][0]


def read_signers(text: str) -> tuple[Signer, ...]:
    """Who the text says certifies: each "I, Jane Doe, certify", in order."""
    return tuple(_signers(fold(text)))[:MOST_SIGNERS]


def _signers(folded: str) -> Iterator[Signer]:
    for found in _CERTIFIES.finditer(folded):
        name = _NAME_ENDS.split(found.group("name"))[0].strip(" ,")
        parts = _parts(name)
        if 2 <= len(parts) <= 6 and "undersigned" not in parts:
            yield Signer(name, found.span())


def same_person(one: Signer, other: Signer) -> bool:
    """True when surname and first initial agree, small differences of spelling allowed."""
    return one.initial == other.initial and similarity(one.surname, other.surname) >= ALIKE


def _parts(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = re.findall(
        r"[^\W\d_](?:[^\W\d_]|['-])*", "".join(c for c in plain if not unicodedata.combining(c))
    )
    kept = [word for word in words if word.strip("'-") not in _SUFFIXES]
    return kept or words or ["?"]


def similarity(one: str, other: str) -> float:
    """Jaro-Winkler similarity, 0 to 1 (Winkler 1990; scaling 0.1, prefixes of up to four letters)."""
    jaro = _jaro(one, other)
    prefix = 0
    for a, b in zip(one[:4], other[:4], strict=False):
        if a != b:
            break
        prefix += 1
    return jaro + 0.1 * prefix * (1 - jaro)


def _jaro(one: str, other: str) -> float:
    if one == other:
        return 1.0
    reach = max(max(len(one), len(other)) // 2 - 1, 0)
    taken = [False] * len(other)
    matched = []
    for position, letter in enumerate(one):
        for place in range(max(0, position - reach), min(len(other), position + reach + 1)):
            if not taken[place] and other[place] == letter:
                taken[place] = True
                matched.append(letter)
                break
    if not matched:
        return 0.0
    there = [letter for letter, used in zip(other, taken, strict=True) if used]
    transposed = sum(a != b for a, b in zip(matched, there, strict=True)) / 2
    count = len(matched)
    return (count / len(one) + count / len(other) + (count - transposed) / count) / 3
