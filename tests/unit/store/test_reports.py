"""Reports: what GetSignals answers, made once."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import date_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.errors import Reason, Unavailable
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay.store.v1.filing_report_pb2 import FilingReport
from tenkay_store.wire import messages, reports
from tenkay_store.wire.commit_messages import extraction_record, with_report
from tests.unit.store.filings import TEXT_SHA256, accession_number, extraction, missing, signal

FIRST = accession_number(1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

words = st.text(max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
days = st.dates().map(lambda day: date_pb2.Date(year=day.year, month=day.month, day=day.day))
facts = st.builds(
    signal_pb2.FactEvidence,
    concept=words,
    element=words,
    document=words,
    fact_id=words,
    context_id=words,
    start=st.none() | days,
    end=st.none() | days,
    unit=words,
    decimals=st.none() | st.integers(-(2**31), 2**31 - 1),
    value=words,
    accession_number=st.none() | words,
)
offsets = st.integers(0, 2**32 - 1)
texts = st.builds(
    signal_pb2.TextEvidence,
    document=words,
    section=words,
    text_sha256=st.just(TEXT_SHA256),
    start=offsets,
    end=offsets,
    quote=words,
    accession_number=st.none() | words,
)
searches = st.builds(
    signal_pb2.SearchEvidence,
    sections=st.lists(words, max_size=3),
    text_sha256=st.just(TEXT_SHA256),
    dismissed=st.lists(texts, max_size=2),
)
proofs = (
    st.builds(signal_pb2.Evidence, fact=facts)
    | st.builds(signal_pb2.Evidence, text=texts)
    | st.builds(signal_pb2.Evidence, search=searches)
)
values = (
    st.builds(signal_pb2.SignalValue, decimal=st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,9})?", fullmatch=True))
    | st.builds(signal_pb2.SignalValue, double=st.floats())
    | st.builds(signal_pb2.SignalValue, bool=st.booleans())
    | st.builds(signal_pb2.SignalValue, int64=st.integers(-(2**63), 2**63 - 1))
    | st.builds(signal_pb2.SignalValue, enum=st.text(min_size=1, max_size=9))
)
signals = st.builds(
    signal_pb2.Signal,
    id=words,
    category=st.sampled_from(signal_pb2.SignalCategory.values()),
    value=values,
    unit=words,
    currency=words,
    confidence=st.floats(),
    out_of_range=st.booleans(),
    evidence=st.lists(proofs, max_size=3),
    notes=st.lists(words, max_size=2),
)
gaps = st.builds(
    signal_pb2.MissingSignal,
    id=words,
    reason=st.sampled_from(signal_pb2.MissingReason.values()),
    detail=words,
)
moments = st.integers(0, 7 * 10**15).map(lambda each: EPOCH + timedelta(microseconds=each))
filings = st.builds(
    filing_pb2.Filing,
    accession_number=words,
    cik=st.none() | st.integers(0, 2**63 - 1),
    form_type=words,
    company_name=words,
    filed_date=st.none() | days,
    accepted_at=st.none() | moments.map(messages.timestamp),
    period_end=st.none() | days,
    sic_code=st.none() | st.integers(0, 9999),
    items=st.lists(words, max_size=2),
    primary_document=words,
    source=st.sampled_from(filing_pb2.FilingSource.values()),
    is_amendment=st.booleans(),
    entity_ciks=st.lists(st.integers(0, 2**63 - 1), max_size=2),
)
extractions = st.builds(
    extraction_pb2.Extraction,
    filing=filings,
    signals=st.lists(signals, max_size=4),
    missing=st.lists(gaps, max_size=4),
    texts=st.just([extraction_pb2.NormalisedText(document="a", sha256=TEXT_SHA256, length=4)]),
    result_key=words,
)


def _report_of(message: extraction_pb2.Extraction) -> bytes:
    return with_report(extraction_record(message), message).report


@given(extractions)
def test_a_message_and_the_record_made_of_it_have_the_same_report(
    message: extraction_pb2.Extraction,
) -> None:
    record = with_report(extraction_record(message), message)
    assert reports.of_record(record) == record.report
    report = reports.read(record.report, FilingReport)
    assert (
        report.SerializeToString()
        == FilingReport(
            filing=message.filing,
            signals=message.signals,
            missing=message.missing,
            result_key=message.result_key,
        ).SerializeToString()
    )


def test_the_report_counts_in_the_size_of_what_waits_for_the_writer() -> None:
    message = extraction(FIRST)
    record = with_report(extraction_record(message), message)
    assert record.size_bytes == message.ByteSize() + len(record.report)


def test_what_a_newer_caller_says_beyond_the_protos_of_this_store_is_not_reported() -> None:
    message = extraction(FIRST)
    plain = _report_of(message)
    message.signals[0].MergeFromString(b"\xfa\x3f\x03new")
    message.signals[0].evidence[0].fact.MergeFromString(b"\xfa\x3f\x03new")
    assert b"new" in message.SerializeToString()
    assert _report_of(message) == plain


@pytest.mark.parametrize("answer_type", [store_pb2.GetSignalsResponse, store_pb2.FilingSignals])
def test_the_answers_have_the_fields_of_a_report(
    answer_type: type[store_pb2.GetSignalsResponse | store_pb2.FilingSignals],
) -> None:
    of_report = {each.name: each for each in FilingReport.DESCRIPTOR.fields}
    of_answer = {each.name: each for each in answer_type.DESCRIPTOR.fields}
    assert set(of_report) == {"filing", "signals", "missing", "result_key"}
    for name, field in of_report.items():
        other = of_answer[name]
        assert (field.number, field.type, field.is_repeated) == (other.number, other.type, other.is_repeated)
        assert field.message_type is other.message_type
    message = extraction(FIRST)
    answer = reports.read(_report_of(message), answer_type)
    assert (answer.filing, answer.result_key) == (message.filing, message.result_key)
    assert list(answer.signals) == list(message.signals)
    assert list(answer.missing) == list(message.missing)


def _bomb() -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(bytes(reports.MAX_REPORT_BYTES + 1))


def _without_size(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_content_size=False).compress(content)


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        b"",
        b"no zstd",
        _report_of(extraction(FIRST))[:-9],
        zstandard.ZstdCompressor().compress(b"\xff no message"),
        _without_size(b""),
        _bomb(),
    ],
    ids=["none", "empty", "not zstd", "cut off", "not a message", "size not stated", "too large"],
)
def test_a_report_that_is_none_is_told(damaged: bytes | None) -> None:
    with pytest.raises(Unavailable, match="restore the file from a copy") as told:
        reports.read(damaged, FilingReport)
    assert told.value.reason is Reason.DEPENDENCY_UNAVAILABLE
    assert "\n" not in told.value.message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_report_or_told_to_be_none(content: bytes) -> None:
    with contextlib.suppress(Unavailable):
        reports.read(content, FilingReport)


def _answer() -> store_pb2.GetSignalsResponse:
    risk = signal_pb2.SIGNAL_CATEGORY_RISK
    return store_pb2.GetSignalsResponse(
        signals=[signal("revenue", "1"), signal("doubt", value=True, category=risk), signal("ratio", 1.5)],
        missing=[missing("cover"), missing("fraud"), missing("never_seen")],
    )


@pytest.mark.parametrize(
    ("signal_ids", "categories", "kept"),
    [
        (set(), set(), ["revenue", "doubt", "ratio", "cover", "fraud", "never_seen"]),
        ({"ratio", "fraud"}, set(), ["ratio", "fraud"]),
        (set(), {signal_pb2.SIGNAL_CATEGORY_RISK}, ["doubt", "cover", "fraud", "never_seen"]),
        ({"ratio", "doubt", "cover"}, {signal_pb2.SIGNAL_CATEGORY_FINANCIAL}, ["ratio", "cover"]),
    ],
)
def test_an_answer_keeps_the_signals_and_categories_asked_for(
    signal_ids: set[str], categories: set[int], kept: list[str]
) -> None:
    answer = _answer()
    reports.keep_only(answer, signal_ids, categories)
    assert [each.id for each in answer.signals] + [each.id for each in answer.missing] == kept
    assert all(each.evidence for each in answer.signals)


def test_evidence_can_be_left_out() -> None:
    answer = _answer()
    reports.leave_out_evidence(answer)
    assert [each.id for each in answer.signals] == ["revenue", "doubt", "ratio"]
    assert not any(each.evidence for each in answer.signals)


def test_a_report_too_large_to_be_read_again_is_not_made() -> None:
    record = extraction_record(extraction(FIRST))
    large = record.missing[0]._replace(detail="x" * reports.MAX_REPORT_BYTES)
    with pytest.raises(Exception, match="are the most"):
        reports.of_record(replace(record, missing=(large,)))
