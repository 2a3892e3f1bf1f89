"""Messages as JSON for programs."""

from __future__ import annotations

import json

from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.cli.documents import document, line
from tenkay.common.v1.analysis_pb2 import Analysis, Dimension, DimensionScore, Rating
from tenkay.common.v1.company_pb2 import FilingSummary
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import Filing
from tenkay.common.v1.signal_pb2 import (
    Evidence,
    FactEvidence,
    Signal,
    SignalCategory,
    SignalValue,
    TextEvidence,
)
from tenkay.query.v1.query_service_pb2 import GetSignalsResponse, ListFilingsResponse


def test_what_is_not_known_is_null_and_never_zero() -> None:
    shown = document(FilingSummary(filing=Filing(accession_number="0001999999-25-000001")))
    assert shown["score"] is None
    assert shown["rating"] is None
    assert shown["signals"] == []
    filing = shown["filing"]
    assert isinstance(filing, dict)
    assert filing["cik"] is None
    assert filing["filed_date"] is None
    assert filing["company_name"] is None
    assert filing["is_amendment"] is False


def test_a_score_of_zero_stays_zero() -> None:
    assert document(Analysis(rating=Rating.RATING_CRITICAL, score=0.0))["score"] == 0.0


def test_days_and_moments_are_iso() -> None:
    filing = Filing(
        filed_date=Date(year=2025, month=2, day=3),
        accepted_at=Timestamp(seconds=1_735_689_600, nanos=500_000_000),
    )
    shown = document(filing)
    assert shown["filed_date"] == "2025-02-03"
    assert shown["accepted_at"] == "2025-01-01T00:00:00.500000Z"


def test_enum_values_lose_their_prefix() -> None:
    shown = document(
        DimensionScore(dimension=Dimension.DIMENSION_LEVERAGE_LIQUIDITY, coverage=0.5, weight=20)
    )
    assert shown == {
        "dimension": "LEVERAGE_LIQUIDITY",
        "score": None,
        "coverage": 0.5,
        "band": None,
        "weight": 20.0,
    }


def test_an_enum_value_of_a_newer_server_is_its_number() -> None:
    shown = document(Analysis.FromString(b"\x10\x63"))
    assert shown["rating"] == "99"


def test_signal_values_are_what_they_are() -> None:
    kinds = {
        "-1234.5": SignalValue(decimal="-1234.5"),
        0.25: SignalValue(double=0.25),
        True: SignalValue(bool=True),
        7: SignalValue(int64=7),
        "adverse": SignalValue(enum="adverse"),
        None: SignalValue(),
    }
    for expected, value in kinds.items():
        assert document(Signal(value=value))["value"] == expected


def test_evidence_names_its_kind() -> None:
    signal = Signal(
        id="revenue",
        category=SignalCategory.SIGNAL_CATEGORY_FINANCIAL,
        evidence=[
            Evidence(fact=FactEvidence(element="us-gaap:Revenues", value="10")),
            Evidence(text=TextEvidence(quote="doubt")),
        ],
    )
    evidence = document(signal)["evidence"]
    assert isinstance(evidence, list)
    fact, text = evidence
    assert isinstance(fact, dict)
    assert isinstance(text, dict)
    assert (fact["kind"], fact["element"], fact["decimals"]) == ("fact", "us-gaap:Revenues", None)
    assert (text["kind"], text["quote"]) == ("text", "doubt")


def test_page_tokens_are_kept_from_callers() -> None:
    assert "next_page_token" not in document(ListFilingsResponse(next_page_token="x"))


def test_a_line_is_one_json_object_whatever_the_text_holds() -> None:
    answer = GetSignalsResponse(filing=Filing(company_name='Larkfield "Instruments"\n— Ångström'))
    text = line(document(answer))
    assert "\n" not in text
    assert json.loads(text)["filing"]["company_name"] == 'Larkfield "Instruments"\n— Ångström'
