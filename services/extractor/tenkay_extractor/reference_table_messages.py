"""Reference tables as the API spells them, to the domain's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from google.protobuf.message import Message

from tenkay.extractor.v1 import reference_tables_pb2 as pb
from tenkay_extractor.reference_tables import (
    DocumentFrequencies,
    ModificationLength,
    Moments,
    PhraseShares,
    PlainEnglishNorms,
    ReferenceTable,
    ReferenceTableError,
    ToneCoefficients,
    YearOfToneCoefficients,
)

_MOMENTS = tuple(each.name for each in fields(PlainEnglishNorms) if each.name != "version")
_COEFFICIENTS = tuple(each.name for each in fields(YearOfToneCoefficients))


def read_reference_tables(message: pb.ReferenceTables) -> tuple[ReferenceTable, ...]:
    """The tables that are there, by the order of the message's fields.

    Raises ReferenceTableError, whose field is named from the message on: "tetragrams.shares[2]".
    """
    found: list[ReferenceTable] = []
    if message.HasField("document_frequencies"):
        with _inside("document_frequencies"):
            words = message.document_frequencies
            found.append(DocumentFrequencies.of(words.version, words.filings, words.words, words.frequencies))
    if message.HasField("tetragrams"):
        with _inside("tetragrams"):
            phrases = message.tetragrams
            found.append(PhraseShares.of(phrases.version, phrases.phrases, phrases.shares))
    if message.HasField("plain_english"):
        with _inside("plain_english"):
            found.append(_plain_english_norms(message.plain_english))
    if message.HasField("abnormal_tone"):
        with _inside("abnormal_tone"):
            found.append(_tone_coefficients(message.abnormal_tone))
    if message.HasField("modification_length"):
        with _inside("modification_length"):
            length = message.modification_length
            found.append(ModificationLength(length.version, tuple(length.coefficients)))
    return tuple(found)


def _plain_english_norms(message: pb.PlainEnglishNorms) -> PlainEnglishNorms:
    norms = {}
    for name in _MOMENTS:
        with _inside(name):
            norms[name] = Moments(**_given(getattr(message, name), ("mean", "deviation")))
    return PlainEnglishNorms(message.version, **norms)


def _tone_coefficients(message: pb.ToneCoefficients) -> ToneCoefficients:
    coefficients = []
    for position, year in enumerate(message.years):
        with _inside(f"years[{position}]"):
            coefficients.append(YearOfToneCoefficients(**_given(year, _COEFFICIENTS)))
    return ToneCoefficients.of(message.version, [each.year for each in message.years], coefficients)


def _given(message: Message, names: tuple[str, ...]) -> dict[str, float]:
    """The numbers of these fields, all of which are required."""
    for name in names:
        if not message.HasField(name):
            raise ReferenceTableError(name, "is not given: a table is whole or absent")
    return {name: getattr(message, name) for name in names}


@contextmanager
def _inside(field: str) -> Iterator[None]:
    """Names what is wrong from this field on."""
    try:
        yield
    except ReferenceTableError as error:
        raise ReferenceTableError(f"{field}.{error.field}", str(error)) from None
