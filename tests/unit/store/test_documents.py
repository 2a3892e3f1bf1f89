"""Messages as JSON documents, there and back."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import analysis_pb2, date_pb2, signal_pb2
from tenkay.days import day_message
from tenkay_store.wire import documents

SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: st.text(st.characters(exclude_categories=["Cs"])),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
}


def of_type(descriptor: Any) -> st.SearchStrategy[Any]:
    """Messages of a type with any subset of its fields: what its proto grows by is covered at once."""
    if descriptor is date_pb2.Date.DESCRIPTOR:
        return st.dates().map(day_message)

    @st.composite
    def build(draw: st.DrawFn) -> Message:
        values: dict[str, Any] = {}
        chosen = {each.name: draw(st.sampled_from(list(each.fields))).name for each in descriptor.oneofs}
        for field in descriptor.fields:
            of_oneof = field.containing_oneof
            if (of_oneof is not None and chosen[of_oneof.name] != field.name) or not draw(st.booleans()):
                continue
            one = of_field(field)
            values[field.name] = draw(st.lists(one, max_size=2) if field.is_repeated else one)
        message: Message = descriptor._concrete_class(**values)
        return message

    return build()


def of_field(field: Any) -> st.SearchStrategy[Any]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        return of_type(field.message_type)
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return st.sampled_from([value.number for value in field.enum_type.values])
    return SCALARS[field.cpp_type]


@given(of_type(analysis_pb2.Analysis.DESCRIPTOR))
def test_an_analysis_comes_back_as_it_was(message: analysis_pb2.Analysis) -> None:
    text = documents.encode(documents.to_document(message))
    assert documents.from_document(analysis_pb2.Analysis, documents.decode(text)) == message


@given(of_type(signal_pb2.Evidence.DESCRIPTOR))
def test_evidence_comes_back_as_it_was(message: signal_pb2.Evidence) -> None:
    text = documents.encode(documents.to_document(message))
    assert documents.from_document(signal_pb2.Evidence, documents.decode(text)) == message


def test_a_document_is_plain_to_read() -> None:
    message = signal_pb2.Evidence(
        fact=signal_pb2.FactEvidence(
            concept="revenue", end=date_pb2.Date(year=2023, month=12, day=31), decimals=0, value="5"
        )
    )
    assert documents.encode(documents.to_document(message)) == (
        '{"fact":{"concept":"revenue","end":"2023-12-31","decimals":0,"value":"5"}}'
    )
    analysis = analysis_pb2.Analysis(rating=analysis_pb2.RATING_NOT_RATED)
    assert documents.encode(documents.to_document(analysis)) == '{"rating":"NOT_RATED"}'


def test_a_value_that_is_set_to_the_default_is_kept_where_absence_means_something_else() -> None:
    fact = signal_pb2.FactEvidence(decimals=0, accession_number="")
    assert documents.encode(documents.to_document(fact)) == '{"decimals":0,"accession_number":""}'
    assert documents.encode(documents.to_document(signal_pb2.FactEvidence())) == "{}"
    assert (
        documents.encode(documents.to_document(signal_pb2.Evidence(fact=signal_pb2.FactEvidence())))
        == '{"fact":{}}'
    )


def test_a_zero_with_a_sign_is_kept() -> None:
    factor = analysis_pb2.DimensionScore(weight=-0.0)
    text = documents.encode(documents.to_document(factor))
    back = documents.from_document(analysis_pb2.DimensionScore, documents.decode(text))
    assert math.copysign(1, back.weight) == -1
    assert documents.encode(documents.to_document(analysis_pb2.DimensionScore(weight=0.0))) == "{}"


def test_fields_that_are_no_longer_known_are_passed_over() -> None:
    document = {"rating": "WEAK", "retired_field": {"any": 1}}
    assert documents.from_document(analysis_pb2.Analysis, document).rating == analysis_pb2.RATING_WEAK
    nested = {"fact": {"concept": "revenue", "end": "2023-12-31", "retired_field": 1}, "retired_kind": {}}
    assert documents.from_document(signal_pb2.Evidence, nested) == signal_pb2.Evidence(
        fact=signal_pb2.FactEvidence(concept="revenue", end=date_pb2.Date(year=2023, month=12, day=31))
    )


@pytest.mark.parametrize(
    "message",
    [
        signal_pb2.FactEvidence(end=date_pb2.Date(year=2023, month=2, day=30)),
        signal_pb2.FactEvidence(end=date_pb2.Date()),
        analysis_pb2.Analysis(score=math.nan),
        analysis_pb2.Analysis(score=math.inf),
        analysis_pb2.Analysis(rating=77),  # type: ignore[arg-type]
    ],
)
def test_what_has_no_document_is_refused(message: Message) -> None:
    with pytest.raises(ValueError, match=r".+"):
        documents.to_document(message)
