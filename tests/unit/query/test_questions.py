"""Requests at the door: refused when malformed, and one form for all spellings of the same request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import aggregate_pb2, company_figures_pb2, signal_pb2
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.common.v1.read_pb2 import AsOf
from tenkay.errors import InvalidArgument
from tenkay.query.v1 import comparisons_pb2, evidence_pb2, many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay.store.v1 import signal_analytics_service_pb2 as analytics_pb
from tenkay_query import questions
from tenkay_query.cache import answer_bytes, redis_keys
from tenkay_query.question import Kind
from tenkay_query.questions.checks import AnyQuestion

ACCESSION = "0001999001-24-000001"
FILING = FilingRef(accession_number=ACCESSION)
NO_CATEGORY = signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED
BY_FORM = aggregate_pb2.AGGREGATE_BY_FORM
ANNUAL = company_figures_pb2.COMPANY_PERIOD_LATEST_ANNUAL
METHODS = {
    "GetFiling": "GetFiling",
    "GetSignals": "GetSignals",
    "GetAnalysis": "GetAnalysis",
    "GetCompanySummary": "GetCompanySummary",
    "ListFilings": "ListFilings",
    "ScreenFilings": "ScreenFilings",
    "GetSignalSeries": "GetSeries",
    "ScreenCompanies": "ScreenCompanies",
    "AggregateSignals": "Aggregate",
    "ExportSignals": "Export",
}
"""The store's method that is asked for each of query's that hands its answer on as it came."""
SIGNALS_FIELDS = pb.GetSignalsResponse.DESCRIPTOR.fields_by_name
OUR_OWN = {"read_mask", "max_staleness", "computed_at"}
"""Fields that query takes and adds itself."""


def key(question: AnyQuestion) -> str:
    return redis_keys.entry(question.method, question.canonical)


def messages_of(*files: FileDescriptor) -> dict[str, Descriptor]:
    return {name: message for file in files for name, message in file.message_types_by_name.items()}


OURS = messages_of(pb.DESCRIPTOR, many_companies_pb2.DESCRIPTOR)
THEIRS = messages_of(store_pb.DESCRIPTOR, analytics_pb.DESCRIPTOR)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", ["Request", "Response"])
def test_querys_messages_are_the_stores_on_the_wire(method: str, part: str) -> None:
    ours = fields_of(OURS[method + part])
    theirs = fields_of(THEIRS[METHODS[method] + part])
    assert [field for field in ours if field[1] not in OUR_OWN] == theirs
    assert not {field[0] for field in theirs} & {field[0] for field in ours if field[1] in OUR_OWN}


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
        (questions.signals, pb.GetSignalsRequest(filing=FILING, categories=[77]), "categories"),  # type: ignore[list-item]
        (questions.signals, pb.GetSignalsRequest(filing=FILING, categories=[NO_CATEGORY]), "categories"),
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
        (questions.filing, pb.GetFilingRequest(filing=FILING, read_mask=FieldMask()), "read_mask"),
        (questions.filing, pb.GetFilingRequest(filing=FILING, read_mask=FieldMask(paths=[""])), "read_mask"),
        (
            questions.filing,
            pb.GetFilingRequest(filing=FILING, read_mask=FieldMask(paths=["filing", "signals"])),
            "read_mask",
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, read_mask=FieldMask(paths=["signals"] * 1000)),
            "read_mask",
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, read_mask=FieldMask(paths=["signals.evidence"])),
            "read_mask",
        ),
        (questions.filings, pb.ListFilingsRequest(max_staleness=Duration(seconds=-1)), "max_staleness"),
        (questions.filings, pb.ListFilingsRequest(max_staleness=Duration(seconds=3601)), "max_staleness"),
        (questions.screen, pb.ScreenFilingsRequest(max_staleness=Duration(nanos=-1)), "max_staleness"),
        (
            questions.screen,
            pb.ScreenFilingsRequest(max_staleness=Duration(nanos=2_000_000_000)),
            "max_staleness",
        ),
        (
            questions.screen,
            pb.ScreenFilingsRequest(max_staleness=Duration(seconds=5, nanos=-1_000_000)),
            "max_staleness",
        ),
        (questions.company_screen, many_companies_pb2.ScreenCompaniesRequest(), "period"),
        (questions.company_screen, many_companies_pb2.ScreenCompaniesRequest(period=9), "period"),  # type: ignore[arg-type]
        (
            questions.company_screen,
            many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, ciks=[1, 0]),
            "ciks[1]",
        ),
        (
            questions.company_screen,
            many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, ciks=range(1, 502)),
            "ciks",
        ),
        (
            questions.company_screen,
            many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, signal_ids=[f"s{n}" for n in range(51)]),
            "signal_ids",
        ),
        (
            questions.company_screen,
            many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, filter="x " * 10_000),
            "filter",
        ),
        (questions.aggregate, many_companies_pb2.AggregateSignalsRequest(), "signal_id"),
        (
            questions.aggregate,
            many_companies_pb2.AggregateSignalsRequest(signal_id="revenue", group_by=[BY_FORM, BY_FORM]),
            "group_by",
        ),
        (
            questions.aggregate,
            many_companies_pb2.AggregateSignalsRequest(signal_id="revenue", quantiles=[float("nan")]),
            "quantiles",
        ),
        (questions.export, many_companies_pb2.ExportSignalsRequest(), "signal_ids"),
        (questions.series, pb.GetSignalSeriesRequest(cik=1), "signal_ids"),
        (questions.series, pb.GetSignalSeriesRequest(cik=1, signal_ids=["a"], view=7), "view"),  # type: ignore[arg-type]
        (questions.facts, evidence_pb2.GetFactsRequest(filing=FILING, scope=7), "scope"),  # type: ignore[arg-type]
        (questions.facts, evidence_pb2.GetFactsRequest(filing=FILING, concepts=["x" * 401]), "concepts"),
        (questions.facts, evidence_pb2.GetFactsRequest(filing=FILING, concepts=["x"] * 501), "concepts"),
        (questions.facts, evidence_pb2.GetFactsRequest(filing=FILING, page_token="forged"), "page_token"),
        (questions.facts, evidence_pb2.GetFactsRequest(filing=FILING, page_size=-1), "page_size"),
        (questions.evidence_signal, evidence_pb2.GetEvidenceRequest(filing=FILING), "signal_id"),
        (
            lambda request: questions.evidence(request, []),
            evidence_pb2.GetEvidenceRequest(filing=FILING, signal_id="a", context_characters=4001),
            "context_characters",
        ),
        (
            questions.compared_filing,
            comparisons_pb2.CompareFilingsRequest(filing=FILING, prior=FILING),
            "prior.accession_number",
        ),
        (
            questions.compared_filing,
            comparisons_pb2.CompareFilingsRequest(filing=FILING, prior=FilingRef()),
            "prior.accession_number",
        ),
        (
            questions.company_comparison,
            comparisons_pb2.CompareCompaniesRequest(ciks=[1], signal_ids=["a"], period=ANNUAL),
            "ciks",
        ),
        (
            questions.company_comparison,
            comparisons_pb2.CompareCompaniesRequest(ciks=[1, 1], signal_ids=["a"], period=ANNUAL),
            "ciks",
        ),
        (
            questions.company_comparison,
            comparisons_pb2.CompareCompaniesRequest(ciks=[1, 2], period=ANNUAL),
            "signal_ids",
        ),
        (
            questions.company_comparison,
            comparisons_pb2.CompareCompaniesRequest(ciks=[1, 2], signal_ids=["a"]),
            "period",
        ),
        (questions.screen, pb.ScreenFilingsRequest(filter="x" * 4097), "filter"),
        (questions.screen, pb.ScreenFilingsRequest(page_size=-5), "page_size"),
        (questions.screen, pb.ScreenFilingsRequest(currency="dollars"), "currency"),
        (questions.screen, pb.ScreenFilingsRequest(signal_ids=[""]), "signal_ids"),
    ],
)
def test_a_malformed_request_is_refused_by_its_field(
    ask: Callable[[Any], AnyQuestion], request_: Message, field: str
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
        (
            questions.screen,
            pb.ScreenFilingsRequest(filter="cik = 1"),
            pb.ScreenFilingsRequest(filter="cik = 1", max_staleness=Duration(seconds=5), min_sequence="0.4"),
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING, read_mask=FieldMask(paths=["signals", "filing"])),
            pb.GetSignalsRequest(
                filing=FILING, read_mask=FieldMask(paths=["filing", "signals", "as_of_sequence"])
            ),
        ),
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING),
            pb.GetSignalsRequest(filing=FILING, read_mask=FieldMask(paths=sorted(SIGNALS_FIELDS))),
        ),
        (
            questions.series,
            pb.GetSignalSeriesRequest(cik=1, signal_ids=["a"]),
            pb.GetSignalSeriesRequest(cik=1, signal_ids=["a", "a"], view=1, page_size=100),  # type: ignore[arg-type]
        ),
        (
            lambda request: questions.evidence(request, []),
            evidence_pb2.GetEvidenceRequest(filing=FILING, signal_id="a"),
            evidence_pb2.GetEvidenceRequest(filing=FILING, signal_id="a", context_characters=400),
        ),
    ],
)
def test_spellings_of_one_request_share_an_entry(
    ask: Callable[[Any], AnyQuestion], one: Message, other: Message
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
        (
            questions.signals,
            pb.GetSignalsRequest(filing=FILING),
            pb.GetSignalsRequest(filing=FILING, read_mask=FieldMask(paths=["signals"])),
        ),
        (
            questions.series,
            pb.GetSignalSeriesRequest(cik=1, signal_ids=["a", "b"]),
            pb.GetSignalSeriesRequest(cik=1, signal_ids=["b", "a"]),
        ),
        (
            questions.company_screen,
            many_companies_pb2.ScreenCompaniesRequest(period=1),  # type: ignore[arg-type]
            many_companies_pb2.ScreenCompaniesRequest(period=2),  # type: ignore[arg-type]
        ),
        (questions.filings, pb.ListFilingsRequest(), pb.ListFilingsRequest(page_token="next")),
        (questions.screen, pb.ScreenFilingsRequest(filter="a"), pb.ScreenFilingsRequest(filter="b")),
    ],
)
def test_requests_with_other_answers_never_share_an_entry(
    ask: Callable[[Any], AnyQuestion], one: Message, other: Message
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
    other = FilingRef(accession_number="0001999001-23-000009")
    prior = ("g:a:0001999001-23-000009",)
    asked += [
        (questions.facts(evidence_pb2.GetFactsRequest(filing=FILING)), by_filing, Kind.FILING),
        (
            questions.evidence(
                evidence_pb2.GetEvidenceRequest(filing=FILING, signal_id="a"), [other.accession_number] * 2
            ),
            (*by_filing, *prior),
            Kind.SIGNALS,
        ),
        (
            questions.comparison(comparisons_pb2.CompareFilingsRequest(filing=FILING), 1999001),
            (*by_filing, *by_company),
            Kind.SIGNALS,
        ),
        (
            questions.comparison(comparisons_pb2.CompareFilingsRequest(filing=FILING, prior=other), None),
            (*by_filing, *prior),
            Kind.SIGNALS,
        ),
        (
            questions.company_comparison(
                comparisons_pb2.CompareCompaniesRequest(ciks=[1999001, 7], signal_ids=["a"], period=ANNUAL)
            ),
            (*by_company, "g:c:7"),
            Kind.COMPANY_SUMMARY,
        ),
        (
            questions.series(pb.GetSignalSeriesRequest(cik=1999001, signal_ids=["a"])),
            by_company,
            Kind.QUERY_RESULT,
        ),
        (
            questions.company_screen(many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL)),
            (),
            Kind.AGGREGATION,
        ),
        (
            questions.aggregate(many_companies_pb2.AggregateSignalsRequest(signal_id="a")),
            (),
            Kind.AGGREGATION,
        ),
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
    ask: Callable[[Any], AnyQuestion],
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
