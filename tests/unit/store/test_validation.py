"""Extractions and analyses that contradict themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tenkay.common.v1 import analysis_pb2, date_pb2, extraction_pb2, signal_pb2
from tenkay.errors import InvalidArgument, Reason, TenkayError
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.domain.records import CommitRecord, Extraction, Filing
from tenkay_store.rpc import servicer
from tenkay_store.second_sink.supabase_rows import encoded_batch
from tenkay_store.wire import reports
from tenkay_store.wire.commit_messages import analysis_record, extraction_record, fence_record
from tenkay_store.wire.json_size import json_bytes
from tenkay_store.wire.validation import check_analysis, check_extraction
from tests.unit.store.filings import TEXT_SHA256, accession_number, analysis, extraction, missing, signal

E = extraction_pb2.Extraction
A = analysis_pb2.Analysis


def test_a_whole_extraction_and_analysis_are_accepted() -> None:
    message = extraction(accession_number(1))
    check_extraction(extraction_record(message))
    check_analysis(analysis_record(analysis(message)))
    check_analysis(analysis_record(analysis(message, rating=analysis_pb2.RATING_NOT_RATED, score=None)))


def _set_fact_end(message: E) -> None:
    message.signals[0].evidence[0].fact.end.CopyFrom(date_pb2.Date(year=2023, month=13, day=1))


def _cite_other_text(message: E) -> None:
    message.signals[0].evidence[0].text.CopyFrom(signal_pb2.TextEvidence(text_sha256="0" * 64))


def _search_other_text(message: E) -> None:
    message.signals[0].evidence[0].search.CopyFrom(signal_pb2.SearchEvidence(sections=["item_7"]))


def _computed_from(message: E, *numbers: str) -> None:
    for number in numbers:
        message.earlier_filings.add(accession_number=number, content_key=KEY)


KEY, OTHER = "0" * 64, accession_number(99)
CONTRADICTIONS: list[tuple[str, Callable[[E], object]]] = [
    ("extraction.result_key", lambda e: setattr(e, "result_key", "abc")),
    ("extraction.filing.cik", lambda e: setattr(e.filing, "cik", 0)),
    ("extraction.filing.cik", lambda e: setattr(e.filing, "cik", 10**10)),
    ("extraction.filing.cik", lambda e: setattr(e.filing, "cik", 7)),
    ("extraction.filing.entity_ciks[2]", lambda e: e.filing.entity_ciks.append(0)),
    ("extraction.filing.entity_ciks", lambda e: e.filing.entity_ciks.extend([7] * 1_000)),
    ("extraction.content_key", lambda e: setattr(e, "content_key", "abc")),
    ("extraction.earlier_filings[0].content_key", lambda e: e.earlier_filings.add(accession_number=OTHER)),
    ("extraction.earlier_filings[0]", lambda e: _computed_from(e, e.filing.accession_number)),
    ("extraction.earlier_filings[1]", lambda e: _computed_from(e, OTHER, OTHER)),
    ("extraction.earlier_filings", lambda e: _computed_from(e, *(accession_number(n) for n in range(101)))),
    ("extraction.filing.is_amendment", lambda e: setattr(e.filing, "is_amendment", True)),
    ("extraction.filing.is_amendment", lambda e: setattr(e.filing, "form_type", "10-K/A")),
    ("extraction.filing.filed_date", lambda e: e.filing.filed_date.CopyFrom(date_pb2.Date(year=2024))),
    ("extraction.filing.accepted_at", lambda e: setattr(e.filing.accepted_at, "seconds", 10**15)),
    ("extraction.filing.source", lambda e: setattr(e.filing, "source", 99)),
    ("extraction.sections[0].end", lambda e: setattr(e.sections[0], "end", 3)),
    ("extraction.sections[0].code", lambda e: setattr(e.sections[0], "code", "")),
    ("extraction.sections[0].confidence", lambda e: setattr(e.sections[0], "confidence", math.nan)),
    ("extraction.sections", lambda e: e.sections.extend([e.sections[0]] * 10_000)),
    ("extraction.texts[0].sha256", lambda e: setattr(e.texts[0], "sha256", "0" * 64 + "\n")),
    ("extraction.signals[0].id", lambda e: setattr(e.signals[0], "id", "Revenue")),
    ("extraction.signals[1].id", lambda e: setattr(e.signals[1], "id", "revenue")),
    ("extraction.missing[1].id", lambda e: e.missing.append(missing("revenue"))),
    ("extraction.missing[0].reason", lambda e: setattr(e.missing[0], "reason", 0)),
    ("extraction.missing[0].reason", lambda e: setattr(e.missing[0], "reason", 99)),
    ("extraction.missing[0].detail", lambda e: setattr(e.missing[0], "detail", "")),
    ("extraction.signals[0].category", lambda e: setattr(e.signals[0], "category", 0)),
    ("extraction.signals[0].unit", lambda e: setattr(e.signals[0], "unit", "")),
    ("extraction.signals[0].currency", lambda e: setattr(e.signals[0], "currency", "usd")),
    ("extraction.signals[0].confidence", lambda e: setattr(e.signals[0], "confidence", 1.01)),
    ("extraction.signals[0].value", lambda e: e.signals[0].ClearField("value")),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "decimal", "1e5")),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "decimal", "1.")),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "decimal", "9" * 81)),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "double", math.nan)),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "double", -math.inf)),
    ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "enum", "")),
    ("extraction.signals[0].evidence", lambda e: e.signals[0].ClearField("evidence")),
    ("extraction.signals[0].evidence[0]", lambda e: e.signals[0].evidence[0].Clear()),
    ("extraction.signals[0].evidence", _set_fact_end),
    ("extraction.signals[0].evidence[0]", _cite_other_text),
    ("extraction.signals[0].evidence[0]", _search_other_text),
    ("extraction.fact_count", lambda e: setattr(e, "fact_count", 2**31)),
]


@pytest.mark.parametrize(("field", "change"), CONTRADICTIONS)
def test_an_extraction_that_contradicts_itself_is_refused(field: str, change: Callable[[E], object]) -> None:
    message = extraction(accession_number(1))
    change(message)
    with pytest.raises(InvalidArgument) as refused:
        check_extraction(extraction_record(message))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert [each.field for each in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("extraction.filing.form_type", lambda e: setattr(e.filing, "form_type", "10\0K")),
        ("extraction.filing.company_name", lambda e: setattr(e.filing, "company_name", "\0")),
        ("extraction.filing.primary_document", lambda e: setattr(e.filing, "primary_document", "a\0")),
        ("extraction.filing.items[0]", lambda e: e.filing.items.append("2\0")),
        ("extraction.catalog_version", lambda e: setattr(e, "catalog_version", "1\0")),
        ("extraction.code_version", lambda e: setattr(e, "code_version", "1\0")),
        ("extraction.sections[1].title", lambda e: setattr(e.sections[1], "title", "\0Risk")),
        ("extraction.texts[0].document", lambda e: setattr(e.texts[0], "document", "\0")),
        ("extraction.signals[0].unit", lambda e: setattr(e.signals[0], "unit", "US\0")),
        ("extraction.signals[0].notes[0]", lambda e: e.signals[0].notes.append("\0")),
        ("extraction.signals[0].value", lambda e: setattr(e.signals[0].value, "enum", "CLEAN\0")),
        ("extraction.signals[0].evidence", lambda e: setattr(e.signals[0].evidence[0].fact, "value", "\\\0")),
        ("extraction.missing[0].detail", lambda e: setattr(e.missing[0], "detail", "a\0b")),
    ],
)
def test_text_that_postgres_cannot_hold_is_refused(field: str, change: Callable[[E], object]) -> None:
    message = extraction(accession_number(1))
    change(message)
    with pytest.raises(InvalidArgument, match="NUL") as refused:
        check_extraction(extraction_record(message))
    assert [each.field for each in refused.value.fields] == [field]


def test_text_that_only_looks_like_an_escaped_nul_is_accepted() -> None:
    message = extraction(accession_number(1))
    message.signals[0].evidence[0].fact.value = r"\u0000 and \\u0000"
    check_extraction(extraction_record(message))
    rated = analysis(message)
    rated.narrative = r"\u0000"
    check_analysis(analysis_record(rated))


CONTROLS = "\x01" * 3_900_000


@pytest.mark.parametrize(
    "change",
    [
        lambda e: setattr(e.signals[0].evidence[0].fact, "value", CONTROLS),
        lambda e: e.signals[0].notes.append(CONTROLS),
        lambda e: setattr(e.missing[0], "detail", CONTROLS),
        lambda e: setattr(e.sections[0], "title", CONTROLS),
        lambda e: setattr(e.filing, "company_name", CONTROLS),
    ],
)
def test_an_extraction_that_is_too_large_as_json_is_refused(change: Callable[[E], object]) -> None:
    message = extraction(accession_number(1))
    change(message)
    with pytest.raises(InvalidArgument, match="bytes as JSON") as refused:
        check_extraction(extraction_record(message))
    assert [each.field for each in refused.value.fields] == ["extraction"]


def test_an_analysis_that_is_too_large_as_json_is_refused() -> None:
    message = analysis(extraction(accession_number(1)))
    message.narrative = CONTROLS
    with pytest.raises(InvalidArgument, match="bytes as JSON") as refused:
        check_analysis(analysis_record(message))
    assert [each.field for each in refused.value.fields] == ["analysis"]
    message.narrative = "a" * 3_900_000
    check_analysis(analysis_record(message))


@pytest.mark.parametrize("text", ["", "a" * 400_000, '\x01"é' * 200_000, "\U0001f600" * 100_000])
@pytest.mark.parametrize("count", [1, 3_000])
def test_what_is_accepted_is_sent_to_the_second_sink_in_fewer_bytes(text: str, count: int) -> None:
    message = extraction(
        accession_number(1),
        signals={f"signal_{number}": "AN_ENUM" if number % 2 else number for number in range(count)},
        gaps=tuple(f"gap_{number}" for number in range(count)),
        section_codes=("item_1",) * count,
    )
    message.signals[0].notes.append(text)
    message.signals[0].evidence[0].fact.value = text
    message.missing[0].detail = f"none {text}"
    message.sections[0].title = text
    rated = analysis(message)
    rated.narrative = text
    for body in (extraction_record(message), analysis_record(rated)):
        sent = encoded_batch([CommitRecord(1, 1, datetime(2026, 1, 1, tzinfo=UTC), body)])
        assert len(sent) <= json_bytes(body) + 200


@pytest.mark.parametrize(
    ("field", "scope", "token"),
    [("fence", "", 1), ("fence", "job", 0), ("fence.token", "job", 2**63), ("fence.scope", "job\0", 1)],
)
def test_a_fence_that_cannot_be_compared_is_refused(field: str, scope: str, token: int) -> None:
    request = store_pb2.CommitExtractionRequest(fence=store_pb2.LeaseFence(scope=scope, token=token))
    with pytest.raises(InvalidArgument) as refused:
        fence_record(request)
    assert [each.field for each in refused.value.fields] == [field]


def test_evidence_from_one_of_the_texts_is_accepted() -> None:
    message = extraction(accession_number(1))
    cited = signal("doubt", True)
    cited.evidence[0].search.CopyFrom(signal_pb2.SearchEvidence(sections=["item_7"], text_sha256=TEXT_SHA256))
    message.signals.append(cited)
    check_extraction(extraction_record(message))


@pytest.mark.parametrize("accession", ["", "123", "000199900000124000001"])
def test_a_malformed_accession_number_is_refused(accession: str) -> None:
    message = extraction(accession_number(1))
    message.filing.accession_number = accession
    with pytest.raises(InvalidArgument) as refused:
        check_extraction(extraction_record(message))
    assert refused.value.reason is Reason.MALFORMED_ACCESSION_NUMBER


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("analysis.result_key", lambda a: setattr(a, "result_key", "")),
        ("analysis.extraction_key", lambda a: setattr(a, "extraction_key", "x")),
        ("analysis.rating", lambda a: setattr(a, "rating", 0)),
        ("analysis.rating", lambda a: setattr(a, "rating", 42)),
        ("analysis.score", lambda a: a.ClearField("score")),
        ("analysis.score", lambda a: setattr(a, "rating", analysis_pb2.RATING_NOT_RATED)),
        ("analysis.score", lambda a: setattr(a, "score", 100.5)),
        ("analysis", lambda a: setattr(a, "band", math.nan)),
        ("analysis.band", lambda a: setattr(a, "band", -0.5)),
        ("analysis.uncapped_score", lambda a: setattr(a, "uncapped_score", 100.5)),
        ("analysis.uncapped_score", lambda a: setattr(a, "uncapped_score", -1)),
        ("analysis", lambda a: setattr(a, "narrative", "a\0b")),
        ("analysis", lambda a: setattr(a.reasons[0], "explanation", "\\\0")),
        ("analysis.flags", lambda a: a.flags.extend([a.flags[0]])),
        ("analysis.flags", lambda a: setattr(a.flags[0], "id", "")),
    ],
)
def test_an_analysis_that_contradicts_itself_is_refused(field: str, change: Callable[[A], object]) -> None:
    message = analysis(extraction(accession_number(1)))
    change(message)
    with pytest.raises(InvalidArgument) as refused:
        check_analysis(analysis_record(message))
    assert [each.field for each in refused.value.fields] == [field]


def test_no_report_is_made_of_an_extraction_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    of_message = reports.of_message

    def noted(message: extraction_pb2.Extraction, filing: Filing) -> bytes:
        made.append(filing.accession_number)
        return of_message(message, filing)

    monkeypatch.setattr(reports, "of_message", noted)
    good, bad = extraction(accession_number(1)), extraction(accession_number(2))
    bad.missing[0].detail = ""
    with pytest.raises(TenkayError):
        servicer._result(store_pb2.CommitExtractionRequest(extraction=bad), "extraction")
    record = servicer._result(store_pb2.CommitExtractionRequest(extraction=good), "extraction")
    assert made == [accession_number(1)]
    assert isinstance(record, Extraction)
    assert record.report
