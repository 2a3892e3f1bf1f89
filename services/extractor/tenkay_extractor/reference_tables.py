"""Tables that rows are computed against and that no filing holds, such as in how many filings a word occurs.

The caller gives them. A table is checked when it is made, so that a row can compute with what is there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import fsum
from typing import ClassVar

MOST_ENTRIES = 100_000
"""Words or phrases of one table."""
MOST_YEARS = 100
YEARS = range(1900, 2201)
LONGEST_VERSION = 100
LONGEST_WORD = 64
MODIFICATION_POWERS = 6
GREATEST = 1e9
"""Magnitude of a mean or coefficient, so that no result leaves the range of a double."""
LEAST_DEVIATION = 1e-9
_WORD = re.compile(rf"[a-z']{{1,{LONGEST_WORD}}}")
_PHRASE = re.compile(rf"{_WORD.pattern}(?: {_WORD.pattern}){{3}}")


class ReferenceTableError(ValueError):
    """A table cannot be used. The message says why and what to do."""

    def __init__(self, field: str, told: str) -> None:
        super().__init__(told)
        self.field = field
        """What is wrong in the table: "words[3]"."""


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """A table of any kind."""

    name: ClassVar[str]
    version: str
    """Names this table among its kind."""

    def __post_init__(self) -> None:
        if not 0 < len(self.version) <= LONGEST_VERSION:
            raise ReferenceTableError(
                "version", f"has {len(self.version)} characters: name the table in 1 to {LONGEST_VERSION}"
            )

    @property
    def key(self) -> str:
        """Kind, version and SHA-256 of the content: two tables under one version are told apart."""
        return (
            f"{self.name} {self.version} {hashlib.sha256(repr(self).encode('utf-8', 'replace')).hexdigest()}"
        )


@dataclass(frozen=True, slots=True)
class DocumentFrequencies(ReferenceTable):
    """In how many filings of a set each word occurs."""

    name: ClassVar[str] = "document_frequencies"
    filings: int
    """Of the set."""
    by_word: Mapping[str, int]
    """By word in small letters, in ascending order."""

    @staticmethod
    def of(
        version: str, filings: int, words: Sequence[str], frequencies: Sequence[int]
    ) -> DocumentFrequencies:
        """From columns. Raises ReferenceTableError."""
        if filings < 1:
            raise ReferenceTableError("filings", "is 0: say how many filings the frequencies were counted in")
        _check_keys("words", words, _WORD, "a word of the letters a to z and apostrophes")
        _check_column("frequencies", frequencies, "words", words)
        for position, frequency in enumerate(frequencies):
            if not 1 <= frequency <= filings:
                raise ReferenceTableError(
                    f"frequencies[{position}]",
                    f"{frequency} is not from 1 to the number of filings, {filings}; leave out words that none holds",
                )
        return DocumentFrequencies(version, filings, dict(zip(words, frequencies, strict=True)))

    def of_word(self, word: str) -> int:
        """Filings that hold the word; 1 for a word that is not in the table."""
        return self.by_word.get(word, 1)


@dataclass(frozen=True, slots=True)
class PhraseShares(ReferenceTable):
    """Which share of a year's filings holds each phrase of four words."""

    name: ClassVar[str] = "tetragrams"
    by_phrase: Mapping[str, float]
    """By phrase, words in small letters with a space between them, in ascending order."""

    @staticmethod
    def of(version: str, phrases: Sequence[str], shares: Sequence[float]) -> PhraseShares:
        """From columns. Raises ReferenceTableError."""
        _check_keys(
            "phrases", phrases, _PHRASE, "four words of the letters a to z and apostrophes, a space apart"
        )
        _check_column("shares", shares, "phrases", phrases)
        for position, share in enumerate(shares):
            if not 0 < share <= 1:  # not a number neither
                raise ReferenceTableError(f"shares[{position}]", f"{share} is no share over 0 and at most 1")
        return PhraseShares(version, dict(zip(phrases, shares, strict=True)))


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of one measure."""

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        _check_magnitude("mean", self.mean)
        _check_magnitude("deviation", self.deviation)
        if self.deviation < LEAST_DEVIATION:
            raise ReferenceTableError("deviation", f"{self.deviation} is under {LEAST_DEVIATION:g}")


@dataclass(frozen=True, slots=True)
class PlainEnglishNorms(ReferenceTable):
    """Mean and standard deviation, over a set of filings, of each part of the plain English index."""

    name: ClassVar[str] = "plain_english"
    sentence_length: Moments
    word_length: Moments
    passive_share: Moments
    legalese_share: Moments
    pronoun_share: Moments
    everyday_share: Moments


@dataclass(frozen=True, slots=True)
class YearOfToneCoefficients:
    """The coefficients of one year's regression of net tone on results."""

    constant: float
    return_on_assets: float
    loss: float
    change_in_return_on_assets: float
    log_assets: float
    revenue_growth: float

    def __post_init__(self) -> None:
        for each in fields(self):
            _check_magnitude(each.name, getattr(self, each.name))


@dataclass(frozen=True, slots=True)
class ToneCoefficients(ReferenceTable):
    """What a year's results let expect of the net tone of management's discussion."""

    name: ClassVar[str] = "abnormal_tone"
    by_year: Mapping[int, YearOfToneCoefficients]
    """By the calendar year in which the period ends, ascending."""

    @staticmethod
    def of(
        version: str, years: Sequence[int], coefficients: Sequence[YearOfToneCoefficients]
    ) -> ToneCoefficients:
        """From one set of coefficients a year. Raises ReferenceTableError."""
        if not 1 <= len(years) <= MOST_YEARS:
            raise ReferenceTableError("years", f"{len(years)} years, and 1 to {MOST_YEARS} are taken")
        for position, year in enumerate(years):
            if year not in YEARS:
                raise ReferenceTableError(
                    f"years[{position}].year", f"{year} is not from {YEARS[0]} to {YEARS[-1]}"
                )
            if position and years[position - 1] >= year:
                raise ReferenceTableError(
                    f"years[{position}].year",
                    f"{year} stands behind {years[position - 1]}: sort the years, each once",
                )
        return ToneCoefficients(version, dict(zip(years, coefficients, strict=True)))


@dataclass(frozen=True, slots=True)
class ModificationLength(ReferenceTable):
    """How much of a discussion is expected to be modified, by its length."""

    name: ClassVar[str] = "modification_length"
    coefficients: tuple[float, ...]
    """Of a polynomial in thousands of words, that of the power 0 first."""

    def __post_init__(self) -> None:
        ReferenceTable.__post_init__(self)
        if len(self.coefficients) != MODIFICATION_POWERS:
            raise ReferenceTableError(
                "coefficients",
                f"{len(self.coefficients)} coefficients: give {MODIFICATION_POWERS}, of the powers 0 to 5",
            )
        for position, each in enumerate(self.coefficients):
            _check_magnitude(f"coefficients[{position}]", each)

    def at(self, words: int) -> float:
        """The expectation for a discussion of so many words."""
        thousands = words / 1_000
        return fsum(each * thousands**power for power, each in enumerate(self.coefficients))


def _check_keys(field: str, keys: Sequence[str], form: re.Pattern[str], what: str) -> None:
    if not 1 <= len(keys) <= MOST_ENTRIES:
        raise ReferenceTableError(field, f"{len(keys):,} entries, and 1 to {MOST_ENTRIES:,} are taken")
    for position, key in enumerate(keys):
        if not form.fullmatch(key):
            raise ReferenceTableError(
                f"{field}[{position}]",
                f"{_shown(key)} is not {what}, {LONGEST_WORD} characters a word at most",
            )
    for position, (before, key) in enumerate(pairwise(keys), start=1):
        if before >= key:
            raise ReferenceTableError(
                f"{field}[{position}]",
                f"{_shown(key)} stands behind {_shown(before)}: sort them by their characters, each once",
            )


def _check_column(field: str, values: Sequence[float], keyed_by: str, keys: Sequence[str]) -> None:
    if len(values) != len(keys):
        raise ReferenceTableError(
            field, f"has {len(values):,} values for {len(keys):,} {keyed_by}: give one for each"
        )


def _check_magnitude(field: str, value: float) -> None:
    if not abs(value) <= GREATEST:  # not a number neither
        raise ReferenceTableError(field, f"{value} is not from -{GREATEST:g} to {GREATEST:g}")


def _shown(key: str) -> str:
    return repr(key if len(key) <= LONGEST_WORD else f"{key[:LONGEST_WORD]}…")
