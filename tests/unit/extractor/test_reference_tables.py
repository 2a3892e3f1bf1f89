"""Reference tables as a caller gives them: read whole, or refused with the field that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from tenkay.extractor.v1 import reference_tables_pb2 as pb
from tenkay_extractor.reference_table_messages import read_reference_tables
from tenkay_extractor.reference_tables import (
    LONGEST_WORD,
    MOST_ENTRIES,
    MOST_YEARS,
    DocumentFrequencies,
    ModificationLength,
    Moments,
    PhraseShares,
    PlainEnglishNorms,
    ReferenceTableError,
    ToneCoefficients,
    YearOfToneCoefficients,
)

PARTS = (
    "sentence_length",
    "word_length",
    "passive_share",
    "legalese_share",
    "pronoun_share",
    "everyday_share",
)
YEAR = {
    "constant": 0.5,
    "return_on_assets": 0.1,
    "loss": -0.2,
    "change_in_return_on_assets": 0.3,
    "log_assets": 0.0,
    "revenue_growth": 0.4,
}


def tables() -> pb.ReferenceTables:
    """One of each kind."""
    return pb.ReferenceTables(
        document_frequencies=pb.DocumentFrequencies(
            version="2023", filings=4, words=["don't", "loss", "losses"], frequencies=[1, 4, 2]
        ),
        tetragrams=pb.PhraseShares(version="2023", phrases=["a b c d", "a b c e"], shares=[0.5, 1.0]),
        plain_english=pb.PlainEnglishNorms(
            version="2023", **{part: pb.Moments(mean=0.0, deviation=2.0) for part in PARTS}
        ),
        abnormal_tone=pb.ToneCoefficients(
            version="2023",
            years=[pb.YearOfToneCoefficients(year=year, **YEAR) for year in (2022, 2023)],
        ),
        modification_length=pb.ModificationLength(version="2011", coefficients=[0.4, -0.1, 0, 0, 0, 0]),
    )


def test_all_that_a_caller_gives_is_read() -> None:
    assert read_reference_tables(tables()) == (
        DocumentFrequencies("2023", 4, {"don't": 1, "loss": 4, "losses": 2}),
        PhraseShares("2023", {"a b c d": 0.5, "a b c e": 1.0}),
        PlainEnglishNorms("2023", *[Moments(0.0, 2.0)] * 6),
        ToneCoefficients("2023", dict.fromkeys((2022, 2023), YearOfToneCoefficients(**YEAR))),
        ModificationLength("2011", (0.4, -0.1, 0.0, 0.0, 0.0, 0.0)),
    )


def test_a_table_that_is_not_given_is_not_there() -> None:
    assert read_reference_tables(pb.ReferenceTables()) == ()
    message = tables()
    message.ClearField("tetragrams")
    assert [table.name for table in read_reference_tables(message)] == [
        "document_frequencies",
        "plain_english",
        "abnormal_tone",
        "modification_length",
    ]


Change = Callable[[pb.ReferenceTables], Any]


def columns(words: list[str], frequencies: list[int]) -> Change:
    def change(message: pb.ReferenceTables) -> None:
        message.document_frequencies.words[:] = words
        message.document_frequencies.frequencies[:] = frequencies

    return change


def share(value: float) -> Change:
    return lambda message: message.tetragrams.shares.__setitem__(1, value)


def phrase(value: str) -> Change:
    return lambda message: message.tetragrams.phrases.__setitem__(0, value)


def field(table: str, name: str, value: Any) -> Change:
    return lambda message: setattr(getattr(message, table), name, value)


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        (field("tetragrams", "version", ""), "tetragrams.version", "has 0 characters"),
        (field("tetragrams", "version", "x" * 101), "tetragrams.version", "has 101 characters"),
        (field("document_frequencies", "filings", 0), "document_frequencies.filings", "is 0"),
        (columns([], []), "document_frequencies.words", "0 entries, and 1 to 100,000"),
        (
            columns([f"w{'a' * n}" for n in range(3)] * MOST_ENTRIES, []),
            "document_frequencies.words",
            "300,000 entries",
        ),
        (columns(["loss", "gain"], [1, 1]), "document_frequencies.words[1]", "'gain' stands behind 'loss'"),
        (columns(["loss", "loss"], [1, 1]), "document_frequencies.words[1]", "each once"),
        (columns(["Loss"], [1]), "document_frequencies.words[0]", "'Loss' is not a word"),
        (columns([""], [1]), "document_frequencies.words[0]", "is not a word"),
        (columns(["*"], [1]), "document_frequencies.words[0]", "is not a word"),
        (
            columns(["a" * (LONGEST_WORD + 1)], [1]),
            "document_frequencies.words[0]",
            f"{LONGEST_WORD} characters a word at most",
        ),
        (columns(["loss"], []), "document_frequencies.frequencies", "has 0 values for 1 words"),
        (columns(["loss"], [5]), "document_frequencies.frequencies[0]", "5 is not from 1 to"),
        (columns(["loss"], [0]), "document_frequencies.frequencies[0]", "leave out words that none holds"),
        (phrase("a b c"), "tetragrams.phrases[0]", "is not four words"),
        (phrase("a b c  d"), "tetragrams.phrases[0]", "is not four words"),
        (phrase("b b c d"), "tetragrams.phrases[1]", "'a b c e' stands behind 'b b c d'"),
        (share(nan), "tetragrams.shares[1]", "nan is no share"),
        (share(0.0), "tetragrams.shares[1]", "0.0 is no share"),
        (share(1.5), "tetragrams.shares[1]", "1.5 is no share"),
        (lambda m: m.tetragrams.shares.append(0.5), "tetragrams.shares", "3 values for 2 phrases"),
        (
            lambda m: m.plain_english.ClearField("word_length"),
            "plain_english.word_length.mean",
            "is not given",
        ),
        (
            lambda m: m.plain_english.word_length.ClearField("deviation"),
            "plain_english.word_length.deviation",
            "is not given",
        ),
        (
            lambda m: setattr(m.plain_english.word_length, "deviation", 0.0),
            "plain_english.word_length.deviation",
            "0.0 is under 1e-09",
        ),
        (
            lambda m: setattr(m.plain_english.word_length, "mean", -inf),
            "plain_english.word_length.mean",
            "-inf is not from",
        ),
        (lambda m: m.abnormal_tone.ClearField("years"), "abnormal_tone.years", "0 years"),
        (
            lambda m: m.abnormal_tone.years.extend([m.abnormal_tone.years[0]] * MOST_YEARS),
            "abnormal_tone.years",
            "102 years",
        ),
        (
            lambda m: setattr(m.abnormal_tone.years[1], "year", 2022),
            "abnormal_tone.years[1].year",
            "2022 stands behind 2022",
        ),
        (
            lambda m: setattr(m.abnormal_tone.years[0], "year", 23),
            "abnormal_tone.years[0].year",
            "23 is not from 1900 to 2200",
        ),
        (
            lambda m: m.abnormal_tone.years[1].ClearField("loss"),
            "abnormal_tone.years[1].loss",
            "is not given",
        ),
        (
            lambda m: setattr(m.abnormal_tone.years[1], "loss", nan),
            "abnormal_tone.years[1].loss",
            "nan is not from",
        ),
        (
            lambda m: m.modification_length.coefficients.append(0.0),
            "modification_length.coefficients",
            "7 coefficients: give 6",
        ),
        (
            lambda m: m.modification_length.coefficients.__setitem__(2, 2e9),
            "modification_length.coefficients[2]",
            "is not from -1e+09 to 1e+09",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_the_field_named(change: Change, where: str, says: str) -> None:
    message = tables()
    change(message)
    with pytest.raises(ReferenceTableError) as refused:
        read_reference_tables(message)
    assert refused.value.field == where
    assert says in str(refused.value)


WORDS = st.text("abcxyz'", min_size=1, max_size=LONGEST_WORD)


@given(st.dictionaries(WORDS, st.integers(1, 50), min_size=1, max_size=30))
def test_a_table_of_any_words_is_read_as_it_was_written(counted: dict[str, int]) -> None:
    words = sorted(counted)
    message = pb.ReferenceTables(
        document_frequencies=pb.DocumentFrequencies(
            version="1", filings=50, words=words, frequencies=[counted[word] for word in words]
        )
    )
    (table,) = read_reference_tables(pb.ReferenceTables.FromString(message.SerializeToString()))
    assert isinstance(table, DocumentFrequencies)
    assert table.by_word == counted
    assert table.of_word("no such word") == 1


@given(st.binary(max_size=400))
def test_any_bytes_that_are_a_message_are_read_or_refused(content: bytes) -> None:
    try:
        message = pb.ReferenceTables.FromString(content)
    except DecodeError:  # no message: the server refuses it before
        return
    try:
        read_reference_tables(message)
    except ReferenceTableError as error:
        assert error.field


def test_the_key_tells_content_under_one_version_apart() -> None:
    one, other, later = (
        PhraseShares(version, {"a b c d": value}) for version, value in (("1", 0.5), ("1", 0.25), ("2", 0.5))
    )
    assert len({one.key, other.key, later.key}) == 3
    assert one.key == PhraseShares("1", {"a b c d": 0.5}).key
    assert one.key.startswith("tetragrams 1 ")
