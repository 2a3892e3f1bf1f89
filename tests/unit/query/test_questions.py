"""Requests at the door: refused when malformed, and one form for all spellings of the same request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.common.v1.read_pb2 import AsOf
from tenkay.errors import InvalidArgument
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_query import questions
from tenkay_query.cache import answer_bytes, redis_keys
from tenkay_query.question import Kind

ACCESSION = "0001999001-24-000001"
FILING = FilingRef(accession_number=ACCESSION)
METHODS = ["GetFiling", "GetSignals", "GetAnalysis", "GetCompanySummary", "ListFilings", "ScreenFilings"]


def key(question: questions.StoreQuestion) -> str:
    return redis_keys.entry(question.method, question.canonical)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", ["Request", "Response"])
def test_querys_messages_are_the_stores_on_the_wire(method: str, part: str) -> None:
    ours = pb.DESCRIPTOR.message_types_by_name[method + part]
    theirs = store_pb.DESCRIPTOR.message_types_by_name[method + part]
    assert fields_of(ours) == fields_of(theirs)


def fields_of(message: Descriptor) -> list[tuple[object, ...]]:
    return [
        (
            field.number,
            field.name,
            field.type,
            field.is_repeated,
            field.has_presence,
            field.message_type.full_name if field.message_type is not None else None,
            field.enum_type.full_name if field.enum_type is not None else None,
        )
        for field in message.fields
    ]


@pytest.mark.parametrize(
    ("ask", "request_", "field"),
    [
        (questions.filing, pb.GetFilingRequest(), "filing.accession_number"),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FilingRef(accession_number="000199900124000001")),
            "filing.accession_number",
        ),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FilingRef(accession_number=ACCESSION, cik=0)),
            "filing.cik",
        ),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING, as_of=AsOf(known_at=Timestamp(seconds=10**15))),
            "as_of.known_at",
        ),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING, as_of=AsOf(recorded_at=Timestamp(nanos=-1))),
            "as_of.recorded_at",
        ),
        (questions.signals, pb.GetSignalsRequest(filing=FILING, category=77), "category"),  # type: ignore[arg-type]
        (questions.signals, pb.GetSignalsRequest(filing=FILING, signal_ids=["Revenue; DROP"]), "signal_ids"),
        (questions.signals, pb.GetSignalsRequest(filing=FILING, signal_ids=["x" * 101]), "signal_ids"),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, signal_ids=[f"s{n}" for n in range(501)]),
            "signal_ids",
        ),
        (
            questions.analysis,
            pb.GetAnalysisRequest(filing=FilingRef(accession_number="x" * 10_000)),
            "filing.accession_number",
        ),
        (questions.company_summary, pb.GetCompanySummaryRequest(), "cik"),
        (questions.company_summary, pb.GetCompanySummaryRequest(cik=10**10), "cik"),
        (questions.filings, pb.ListFilingsRequest(page_size=-1), "page_size"),
        (questions.filings, pb.ListFilingsRequest(cik=0), "cik"),
        (questions.filings, pb.ListFilingsRequest(forms=[""]), "forms"),
        (questions.filings, pb.ListFilingsRequest(forms=["10-K\n"]), "forms"),
        (questions.filings, pb.ListFilingsRequest(forms=[f"F{n}" for n in range(51)]), "forms"),
        (questions.filings, pb.ListFilingsRequest(page_token="x" * 3000), "page_token"),
        (questions.filings, pb.ListFilingsRequest(filed_from=Date(year=2024, month=2, day=30)), "filed_from"),
        (questions.filings, pb.ListFilingsRequest(filed_to=Date()), "filed_to"),
        (
            questions.filings,
            pb.ListFilingsRequest(
                filed_from=Date(year=2024, month=2, day=2), filed_to=Date(year=2024, month=2, day=1)
            ),
            "filed_to",
        ),
        (questions.screen, pb.ScreenFilingsRequest(filter="x" * 4097), "filter"),
        (questions.screen, pb.ScreenFilingsRequest(page_size=-5), "page_size"),
        (questions.screen, pb.ScreenFilingsRequest(currency="dollars"), "currency"),
        (questions.screen, pb.ScreenFilingsRequest(signal_ids=[""]), "signal_ids"),
    ],
)
def test_a_malformed_request_is_refused_by_its_field(
    ask: Callable[[Any], questions.StoreQuestion], request_: Message, field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        ask(request_)
    assert [violation.field for violation in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("ask", "one", "other"),
    [
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING),
            pb.GetFilingRequest(filing=FILING, min_sequence="0.7", as_of=AsOf()),
        ),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING),
            pb.GetFilingRequest(filing=FilingRef(accession_number=ACCESSION, primary_document="a.htm")),
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, signal_ids=["a", "b", "a"]),
            pb.GetSignalsRequest(filing=FILING, signal_ids=["b", "a"]),
        ),
        (
            questions.filings,
            pb.ListFilingsRequest(forms=["10-K", "10-Q"]),
            pb.ListFilingsRequest(forms=["10-Q", "10-K", "10-Q"], page_size=50),
        ),
        (
            questions.filings,
            pb.ListFilingsRequest(page_size=500),
            pb.ListFilingsRequest(page_size=100_000),
        ),
    ],
)
def test_spellings_of_one_request_share_an_entry(
    ask: Callable[[Any], questions.StoreQuestion], one: Message, other: Message
) -> None:
    assert key(ask(one)) == key(ask(other))


@pytest.mark.parametrize(
    ("ask", "one", "other"),
    [
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING),
            pb.GetFilingRequest(filing=FILING, as_of=AsOf(known_at=Timestamp(seconds=1))),
        ),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING, as_of=AsOf(recorded_at=Timestamp(seconds=1))),
            pb.GetFilingRequest(filing=FILING, as_of=AsOf(known_at=Timestamp(seconds=1))),
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING),
            pb.GetSignalsRequest(filing=FILING, omit_evidence=True),
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, signal_ids=["a"]),
            pb.GetSignalsRequest(filing=FILING, signal_ids=["b"]),
        ),
        (questions.filings, pb.ListFilingsRequest(), pb.ListFilingsRequest(cik=1)),
        (questions.filings, pb.ListFilingsRequest(), pb.ListFilingsRequest(page_token="next")),
        (questions.screen, pb.ScreenFilingsRequest(filter="a"), pb.ScreenFilingsRequest(filter="b")),
    ],
)
def test_requests_with_other_answers_never_share_an_entry(
    ask: Callable[[Any], questions.StoreQuestion], one: Message, other: Message
) -> None:
    assert key(ask(one)) != key(ask(other))


def test_one_message_under_two_methods_has_two_entries() -> None:
    filing = questions.filing(pb.GetFilingRequest(filing=FILING))
    analysis = questions.analysis(pb.GetAnalysisRequest(filing=FILING))
    assert filing.canonical == analysis.canonical
    assert key(filing) != key(analysis)
    assert key(filing).startswith("q:v2:GetFiling:")
    assert len(key(filing).rpartition(":")[2]) == 64


def test_fields_this_code_does_not_know_change_nothing() -> None:
    known = pb.GetFilingRequest(filing=FILING)
    newer = pb.GetFilingRequest()
    newer.MergeFromString(known.SerializeToString() + b"\xf2\x07\x01x")
    assert newer.SerializeToString() != known.SerializeToString()
    assert key(questions.filing(newer)) == key(questions.filing(known))


def test_each_method_hangs_on_what_can_change_its_answer() -> None:
    by_filing, by_company = (f"g:a:{ACCESSION}",), ("g:c:1999001",)
    asked = [
        (questions.filing(pb.GetFilingRequest(filing=FILING)), by_filing, Kind.FILING),
        (questions.signals(pb.GetSignalsRequest(filing=FILING)), by_filing, Kind.SIGNALS),
        (questions.analysis(pb.GetAnalysisRequest(filing=FILING)), by_filing, Kind.SIGNALS),
        (
            questions.company_summary(pb.GetCompanySummaryRequest(cik=1999001)),
            by_company,
            Kind.COMPANY_SUMMARY,
        ),
        (questions.filings(pb.ListFilingsRequest(cik=1999001)), by_company, Kind.QUERY_RESULT),
        (questions.filings(pb.ListFilingsRequest()), (), Kind.QUERY_RESULT),
        (questions.screen(pb.ScreenFilingsRequest(filter="sic_code = 1")), (), Kind.AGGREGATION),
    ]
    for question, generations, kind in asked:
        assert question.generations == generations
        assert question.kind is kind


@given(
    st.from_regex(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,18})", fullmatch=True),
    st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=400),
)
@pytest.mark.parametrize(
    ("ask", "request_", "response"),
    [
        (questions.filing, pb.GetFilingRequest(filing=FILING), pb.GetFilingResponse),
        (questions.signals, pb.GetSignalsRequest(filing=FILING), pb.GetSignalsResponse),
        (questions.analysis, pb.GetAnalysisRequest(filing=FILING), pb.GetAnalysisResponse),
        (
            questions.company_summary,
            pb.GetCompanySummaryRequest(cik=1),
            pb.GetCompanySummaryResponse,
        ),
        (questions.filings, pb.ListFilingsRequest(), pb.ListFilingsResponse),
        (questions.screen, pb.ScreenFilingsRequest(), pb.ScreenFilingsResponse),
    ],
)
def test_a_newer_state_replaces_the_older_in_the_bytes(
    ask: Callable[[Any], questions.StoreQuestion],
    request_: Message,
    response: type[Any],
    older: str,
    newer: str,
) -> None:
    body = response(as_of_sequence=older).SerializeToString()
    field = ask(request_).as_of_field
    assert field is not None
    parsed = response.FromString(answer_bytes.with_text(body, field, newer))
    assert parsed == response(as_of_sequence=newer)
