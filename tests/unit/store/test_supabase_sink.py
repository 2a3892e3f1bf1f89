"""What Supabase is sent, and what its errors call for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from postgrest.exceptions import APIError

from tenkay_store.domain.records import CommitRecord
from tenkay_store.domain.sink import Remedy
from tenkay_store.second_sink.jitter import jittered
from tenkay_store.second_sink.supabase_rows import encoded_batch
from tenkay_store.second_sink.supabase_sink import MAX_DETAIL_CHARACTERS, classified
from tenkay_store.wire.commit_messages import analysis_record, extraction_record
from tests.unit.store.filings import accession_number, analysis, extraction

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def _sent(record: CommitRecord) -> dict[str, Any]:
    write: dict[str, Any] = json.loads(encoded_batch([record]))["batch"]["writes"][0]
    return write


def _error(code: str | None, message: str = "words") -> APIError:
    return APIError({"code": code, "message": message, "hint": None, "details": None})


DEAD = "22P02 22P05 22003 23505 23514 21000 42804 P0001 PGRST102 413"
RETRY = (
    "40001 40P01 53300 53100 57014 57P01 57P03 55P03 08006 XX000 25006 "
    "PGRST000 PGRST001 PGRST002 PGRST003 429 500 502 503 504"
)
STOP = "42501 28P01 42883 42P01 42703 PGRST202 PGRST301 PGRST302 PGRST303 401 403"


@pytest.mark.parametrize(
    ("remedy", "codes"),
    [
        (Remedy.DEAD, DEAD.split()),
        (Remedy.RETRY, [*RETRY.split(), "", None]),
        (Remedy.STOP, STOP.split()),
    ],
)
def test_errors_are_judged_by_their_code(remedy: Remedy, codes: list[str | None]) -> None:
    assert {code: classified(_error(code)).remedy for code in codes} == dict.fromkeys(codes, remedy)


def test_the_words_of_an_error_are_kept_short_and_on_one_line() -> None:
    detail = classified(_error("22P02", "bad\n" * 1000)).detail
    assert "\n" not in detail
    assert len(detail) < MAX_DETAIL_CHARACTERS + 100
    assert "22P02" in detail


def test_an_extraction_is_sent_by_the_columns_names() -> None:
    body = extraction_record(
        extraction(
            accession_number(1),
            signals={"a": "-1.50", "b": 0.5, "c": False, "d": 2**60, "e": "CLEAN"},
            accepted=None,
            company_name="",
        )
    )
    sent = _sent(CommitRecord(7, 2, AT, body))
    assert (sent["filing_id"], sent["sequence"]) == (accession_number(1), 7)
    assert sent["recorded_at"] == "2026-01-02T03:04:05.678901Z"
    part = sent["extraction"]
    assert part["version"] == 2
    assert part["filing_date"] == "2024-03-01"
    # What is not known is left out, and so is null.
    assert not {"accepted_at", "company_name"} & part.keys()
    values = [
        {name: value for name, value in each.items() if name.startswith("value_")} for each in part["signals"]
    ]
    assert values == [
        {"value_decimal": "-1.50"},
        {"value_double": 0.5},
        {"value_bool": False},
        {"value_int": str(2**60)},
        {"value_text": "CLEAN"},
    ]
    assert part["signals"][0]["evidence"][0]["fact"]["concept"] == "a"
    assert part["missing"][0]["signal_id"] == "interest_cover"


def test_an_analysis_is_sent_by_the_columns_names() -> None:
    message = extraction(accession_number(1))
    sent = _sent(CommitRecord(8, 1, AT, analysis_record(analysis(message))))
    part = sent["analysis"]
    assert (part["rating"], part["score"], part["low_confidence"]) == ("WEAK", 38.5, False)
    assert part["flags"][0]["id"] == "going_concern"
    assert part["extraction_key"] == message.result_key
    assert "not_rated_reason" not in part


def test_jitter_spreads_waits_over_their_upper_half() -> None:
    waits = [jittered(10) for _ in range(200)]
    assert min(waits) >= 5
    assert max(waits) <= 10
    assert max(waits) - min(waits) > 2
