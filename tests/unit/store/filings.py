"""Made-up filings to commit: messages as an extractor and an analyzer would send them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.common.v1 import analysis_pb2, date_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay_store.domain.records import Analysis, Extraction
from tenkay_store.wire.commit_messages import analysis_record, extraction_record, with_report

TEXT_SHA256 = hashlib.sha256(b"text").hexdigest()
OWNER = 1777777777
"""Another entity of every filing that has one."""
ACCEPTED_AT = datetime(2024, 3, 1, 21, 5, 7, tzinfo=UTC)

Value = str | float | bool | int
"""A str with digits is a decimal, any other a name of an enum."""


def accession_number(count: int, agent: int = 1999000001) -> str:
    """The accession number of the `count`th filing of an agent."""
    return f"{agent:010}-24-{count:06}"


def key(*parts: object) -> str:
    """A result key over its parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def signal(
    signal_id: str,
    value: Value,
    *,
    currency: str = "",
    category: signal_pb2.SignalCategory.ValueType = signal_pb2.SIGNAL_CATEGORY_FINANCIAL,
) -> signal_pb2.Signal:
    """A signal with a fact as its evidence."""
    return signal_pb2.Signal(
        id=signal_id,
        category=category,
        value=_value(value),
        unit=currency or "fraction",
        currency=currency,
        confidence=0.9,
        evidence=[
            signal_pb2.Evidence(
                fact=signal_pb2.FactEvidence(
                    concept=signal_id,
                    element=f"us-gaap:{signal_id.title()}",
                    document="filing.htm",
                    fact_id="f-1",
                    context_id="c-1",
                    start=date_pb2.Date(year=2023, month=1, day=1),
                    end=date_pb2.Date(year=2023, month=12, day=31),
                    unit="USD",
                    decimals=-6,
                    value=str(value),
                )
            )
        ],
    )


def missing(signal_id: str) -> signal_pb2.MissingSignal:
    """A gap."""
    return signal_pb2.MissingSignal(
        id=signal_id,
        reason=signal_pb2.MISSING_REASON_CONCEPT_NOT_REPORTED,
        detail=f"nothing reports {signal_id}",
    )


def extraction(
    accession: str,
    *,
    signals: Mapping[str, Value] | None = None,
    currency: str = "USD",
    gaps: tuple[str, ...] = ("interest_cover",),
    cik: int | None = 1999000001,
    form_type: str = "10-K",
    company_name: str = "Example Industries Inc",
    filed: date | None = date(2024, 3, 1),
    accepted: datetime | None = ACCEPTED_AT,
    period_end: date | None = date(2023, 12, 31),
    section_codes: tuple[str, ...] = ("item_1A", "item_7"),
    code_version: str = "1",
    content_key: str | None = None,
    earlier: Mapping[str, str] | None = None,
) -> extraction_pb2.Extraction:
    """An extraction whose key follows from all that is given. Decimals are money in `currency`.

    `earlier` are the filings it was computed from, with their content keys; `content_key` is its own.
    """
    values: Mapping[str, Value] = (
        {"revenue": "1234567.89", "current_ratio": 1.25, "going_concern_doubt": False}
        if signals is None
        else signals
    )
    filing = filing_pb2.Filing(
        accession_number=accession,
        cik=cik,
        form_type=form_type,
        company_name=company_name,
        filed_date=_date(filed),
        accepted_at=None if accepted is None else _timestamp(accepted),
        period_end=_date(period_end),
        sic_code=3571,
        primary_document="filing.htm",
        source=filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
        is_amendment=form_type.endswith("/A"),
        entity_ciks=[] if cik is None else [OWNER, cik],
    )
    return extraction_pb2.Extraction(
        filing=filing,
        sections=[
            extraction_pb2.Section(
                code=code, title=f"Heading of {code}", document="filing.htm", start=10, end=90, confidence=0.8
            )
            for code in section_codes
        ],
        signals=[
            signal(name, value, currency=currency if isinstance(value, str) and _is_decimal(value) else "")
            for name, value in values.items()
        ],
        missing=[missing(name) for name in gaps],
        texts=[extraction_pb2.NormalisedText(document="filing.htm", sha256=TEXT_SHA256, length=4)],
        result_key=key(
            filing.SerializeToString(deterministic=True),
            sorted(values.items()),
            code_version,
            sorted((earlier or {}).items()),
            content_key,
        ),
        catalog_version="2024.1",
        code_version=code_version,
        fact_count=321,
        content_key=content_key_of(accession, code_version) if content_key is None else content_key,
        earlier_filings=[
            extraction_pb2.EarlierFiling(accession_number=number, content_key=content)
            for number, content in sorted((earlier or {}).items())
        ],
    )


def content_key_of(accession: str, code_version: str = "1") -> str:
    """The content key that `extraction` gives a filing."""
    return key("content", accession, code_version)


def analysis(
    of: extraction_pb2.Extraction,
    *,
    rating: analysis_pb2.Rating.ValueType = analysis_pb2.RATING_WEAK,
    score: float | None = 38.5,
    flags: tuple[str, ...] = ("going_concern",),
    rules_version: str = "1",
) -> analysis_pb2.Analysis:
    """An analysis of an extraction."""
    return analysis_pb2.Analysis(
        accession_number=of.filing.accession_number,
        rating=rating,
        score=score,
        uncapped_score=score,
        band=4.25 if score is not None else None,
        dimensions=[
            analysis_pb2.DimensionScore(
                dimension=analysis_pb2.DIMENSION_DISTRESS, score=12.5, coverage=0.75, band=6.0, weight=20.0
            )
        ],
        flags=[
            analysis_pb2.RedFlag(
                id=flag,
                severity=analysis_pb2.FLAG_SEVERITY_CRITICAL,
                cap=40.0,
                explanation="Substantial doubt is stated.",
                signal_ids=["going_concern_doubt"],
                evidence=[
                    signal_pb2.Evidence(
                        text=signal_pb2.TextEvidence(
                            document="filing.htm",
                            section="item_7",
                            text_sha256=TEXT_SHA256,
                            start=0,
                            end=4,
                            quote="text",
                        )
                    )
                ],
            )
            for flag in flags
        ],
        reasons=[
            analysis_pb2.ScoreReason(
                signal_id="current_ratio",
                dimension=analysis_pb2.DIMENSION_DISTRESS,
                contribution=-11.5,
                goodness=0.1,
                basis=analysis_pb2.SCORE_BASIS_ANCHOR,
                value=signal_pb2.SignalValue(double=0.75),
                unit="fraction",
                explanation="Short-term means do not cover short-term debt.",
            )
        ]
        if score is not None
        else [],
        narrative="Weak.",
        backend="embedded/template-v1",
        result_key=key(of.result_key, rules_version, rating),
        rules_version=rules_version,
        not_rated_reason="" if score is not None else "too few signals",
        extraction_key=of.result_key,
    )


def extraction_to_commit(accession: str, **given: object) -> Extraction:
    """`extraction` as a record."""
    message = extraction(accession, **given)  # type: ignore[arg-type]
    return with_report(extraction_record(message), message)


def analysis_to_commit(of: extraction_pb2.Extraction, **given: object) -> Analysis:
    """`analysis` as a record."""
    return analysis_record(analysis(of, **given))  # type: ignore[arg-type]


def _value(value: Value) -> signal_pb2.SignalValue:
    if isinstance(value, bool):
        return signal_pb2.SignalValue(bool=value)
    if isinstance(value, int):
        return signal_pb2.SignalValue(int64=value)
    if isinstance(value, float):
        return signal_pb2.SignalValue(double=value)
    return signal_pb2.SignalValue(decimal=value) if _is_decimal(value) else signal_pb2.SignalValue(enum=value)


def _is_decimal(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _date(day: date | None) -> date_pb2.Date | None:
    return None if day is None else date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _timestamp(at: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(at)
    return message
