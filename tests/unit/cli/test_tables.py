"""Answers as tables for people."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from tenkay.cli import tables
from tenkay.cli.filing_results import FilingResult
from tenkay.common.v1.analysis_pb2 import (
    Analysis,
    Dimension,
    DimensionScore,
    FlagSeverity,
    Rating,
    RedFlag,
    ScoreReason,
)
from tenkay.common.v1.company_pb2 import CompanySummary, FilingSummary, FormCount
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.dispute_pb2 import Dispute, DisputeReason
from tenkay.common.v1.errors_pb2 import ErrorReason
from tenkay.common.v1.filing_pb2 import Filing, FilingListing, FilingRef
from tenkay.common.v1.signal_pb2 import (
    Evidence,
    MissingReason,
    MissingSignal,
    Signal,
    SignalCategory,
    SignalValue,
    TextEvidence,
)
from tenkay.common.v1.staleness_pb2 import Staleness, StaleReason
from tenkay.pipeline.v1.pipeline_service_pb2 import ItemState, JobItem, Stage
from tenkay.query.v1.query_service_pb2 import GetAnalysisResponse, GetSignalsResponse

FILING = Filing(
    accession_number="0001999999-25-000001",
    cik=1999999022,
    form_type="10-K",
    company_name="Quarry & [bold]Tile[/bold] Co",
    filed_date=Date(year=2025, month=3, day=14),
    period_end=Date(year=2024, month=12, day=31),
)
GOING_CONCERN = RedFlag(
    id="going_concern",
    severity=FlagSeverity.FLAG_SEVERITY_CRITICAL,
    cap=25,
    explanation="the auditor or management doubts that the company can go on",
    evidence=[
        Evidence(
            text=TextEvidence(
                section="item_8",
                document="q10k.htm",
                start=5,
                end=42,
                quote="substantial doubt about its ability",
            )
        ),
        Evidence(text=TextEvidence(section="item_7", start=1, end=9, quote="we may not continue")),
    ],
)


def shown(renderable: RenderableType, width: int = 150) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_filings_name_is_printed_as_it_is() -> None:
    assert "Quarry & [bold]Tile[/bold] Co (CIK 1999999022), form 10-K" in shown(
        tables.filing_heading(FILING), 200
    )


def test_what_a_filing_does_not_tell_is_a_dash() -> None:
    text = shown(tables.filing_heading(Filing(accession_number="0001999999-25-000001")))
    assert "— (CIK not known), form — 0001999999-25-000001, period end —, filed —" in text


def test_what_is_out_of_date_or_disputed_says_so() -> None:
    signal = Signal(id="revenue", value=SignalValue(decimal="5"), unit="USD", currency="USD", confidence=0.9)
    stale = Staleness(
        reason=StaleReason.STALE_REASON_EARLIER_FILING_NOT_USED, earlier_filing="0001999999-24-000001"
    )
    dispute = Dispute(
        signal_id="revenue",
        is_open=True,
        reason=DisputeReason.DISPUTE_REASON_WRONG_SCALE,
        said_by="an analyst",
        note="in\nthousands",
    )
    text = shown(
        tables.signals(GetSignalsResponse(filing=FILING, signals=[signal], stale=stale, disputes=[dispute])),
        200,
    )
    assert "out of date: earlier filing not used (0001999999-24-000001)" in text
    assert "disputed by an analyst (wrong scale): in thousands" in text
    superseded = Staleness(reason=StaleReason.STALE_REASON_EXTRACTION_SUPERSEDED)
    answer = GetAnalysisResponse(filing=FILING, analysis=Analysis(), stale=superseded)
    assert "out of date: extraction superseded\n" in "".join(
        line.rstrip() + "\n" for line in shown(tables.analysis(answer)).splitlines()
    )


def test_flags_are_followed_by_every_quote() -> None:
    text = shown(
        tables.analysis(GetAnalysisResponse(filing=FILING, analysis=Analysis(flags=[GOING_CONCERN])))
    )
    flag = text.index("going_concern (critical, caps the score at 25)")
    first = text.index("“substantial doubt about its ability” (item_8, q10k.htm, 5-42)")
    second = text.index("“we may not continue” (item_7, 1-9)")
    assert flag < first < second


def test_an_analysis_shows_dimensions_that_are_not_rated_as_such() -> None:
    analysis = Analysis(
        rating=Rating.RATING_CRITICAL,
        score=25.0,
        uncapped_score=41.5,
        band=6.0,
        narrative="Weak.",
        dimensions=[
            DimensionScore(dimension=Dimension.DIMENSION_QUALITY, score=40, band=5, coverage=1, weight=20),
            DimensionScore(dimension=Dimension.DIMENSION_TONE, coverage=0, weight=10),
        ],
        reasons=[
            ScoreReason(
                signal_id="current_ratio",
                contribution=-4.25,
                value=SignalValue(double=0.61),
                unit="ratio",
                explanation="low",
            )
        ]
        * 14,
    )
    text = shown(tables.analysis(GetAnalysisResponse(filing=FILING, analysis=analysis)))
    assert "Rating: critical 25.0 ± 6.0, 41.5 before red flags capped it" in text
    assert "— (too little is known)" in text
    assert "No red flags." in text
    assert "-4.25" in text
    assert "and 2 smaller ones (--json has them all)" in text


def test_signals_without_a_value_are_dashes_with_the_reason() -> None:
    answer = GetSignalsResponse(
        filing=FILING,
        signals=[
            Signal(
                id="revenue",
                category=SignalCategory.SIGNAL_CATEGORY_FINANCIAL,
                value=SignalValue(decimal="1234567"),
                unit="USD",
                currency="USD",
                confidence=0.95,
                out_of_range=True,
                notes=["taken from sales"],
            )
        ],
        missing=[
            MissingSignal(id="gross_margin", reason=MissingReason.MISSING_REASON_NO_FACTS, detail="no XBRL")
        ],
    )
    text = shown(tables.signals(answer))
    assert "1,234,567 USD" in text
    assert "taken from sales; outside the signal's valid range" in text
    gross_margin = next(row for row in text.splitlines() if row.startswith("gross_margin"))
    assert "—" in gross_margin
    assert "no facts: no XBRL" in gross_margin


def test_a_screens_signals_are_columns() -> None:
    filings = [
        FilingSummary(
            filing=FILING,
            rating=Rating.RATING_WEAK,
            score=31.25,
            flag_ids=["going_concern"],
            signals=[Signal(id="current_ratio", value=SignalValue(double=0.61), unit="ratio")],
        ),
        FilingSummary(filing=FILING),
    ]
    text = shown(tables.filings(filings, ["current_ratio"]), 200)
    heading, _, first, second = text.splitlines()[:4]
    assert "current_ratio" in heading
    assert "weak 31.2" in first
    assert first.rstrip().endswith("0.61")
    assert "not analysed" in second
    assert second.rstrip().endswith("—")


def test_a_company_shows_its_newest_filings_and_counts() -> None:
    summary = CompanySummary(
        cik=1999999022,
        company_name="Quarry Co",
        latest_annual=FilingSummary(filing=FILING, rating=Rating.RATING_SOUND, score=66.0),
        forms=[FormCount(form_type="10-K", filings=3), FormCount(filings=1)],
    )
    text = shown(tables.company(summary))
    assert "Quarry Co (CIK 1999999022), stored: 3 10-K, 1 of unknown form" in text
    assert "annual" in text
    assert "quarterly" not in text


@pytest.mark.parametrize(
    ("result", "state", "outcome"),
    [
        (
            FilingResult(
                JobItem(state=ItemState.ITEM_STATE_STORED),
                GetAnalysisResponse(filing=FILING, analysis=Analysis(rating=Rating.RATING_SOUND, score=66)),
            ),
            "STORED",
            "sound 66.0",
        ),
        (
            FilingResult(
                JobItem(
                    state=ItemState.ITEM_STATE_FAILED,
                    reason=ErrorReason.ERROR_REASON_SUBMISSION_TRUNCATED,
                    detail="it ends inside\nits second document",
                )
            ),
            "FAILED",
            "SUBMISSION_TRUNCATED: it ends inside its second document",
        ),
        (
            FilingResult(JobItem(state=ItemState.ITEM_STATE_WAITING, stage=Stage.STAGE_EXTRACT)),
            "WAITING",
            "extract comes next",
        ),
        (
            FilingResult(JobItem(state=ItemState.ITEM_STATE_STORED), problem="stored, but query is away"),
            "STORED",
            "stored, but query is away",
        ),
    ],
)
def test_each_result_says_what_became_of_the_filing(result: FilingResult, state: str, outcome: str) -> None:
    row = shown(tables.results([result])).splitlines()[2]
    assert state in row
    assert outcome in row


def test_a_failed_filing_is_known_by_its_listing() -> None:
    listing = FilingListing(
        filing=FilingRef(accession_number="0001999999-25-000009", cik=7),
        form_type="10-Q",
        company_name="Listed Co",
        filed_date=Date(year=2025, month=1, day=2),
    )
    result = FilingResult(
        JobItem(
            listing=listing,
            state=ItemState.ITEM_STATE_FAILED,
            stage=Stage.STAGE_FETCH,
            attempts=3,
            reason=ErrorReason.ERROR_REASON_FILING_UNKNOWN,
            detail="EDGAR has none",
        )
    )
    assert result.document("job-1") == {
        "job_id": "job-1",
        "accession_number": "0001999999-25-000009",
        "cik": 7,
        "company_name": "Listed Co",
        "form_type": "10-Q",
        "filed_date": "2025-01-02",
        "state": "FAILED",
        "stage": "FETCH",
        "attempts": 3,
        "rating": None,
        "score": None,
        "flags": [],
        "reason": "FILING_UNKNOWN",
        "detail": "EDGAR has none",
        "sequence": None,
    }
