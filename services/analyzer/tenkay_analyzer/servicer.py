"""AnalyzerService: protobuf to domain and back."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import grpc

from tenkay.analyzer.v1 import analyzer_service_pb2 as pb
from tenkay.analyzer.v1 import analyzer_service_pb2_grpc as pb_grpc
from tenkay.common.v1 import analysis_pb2, signal_pb2
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.runtime.tracing import span
from tenkay_analyzer import metrics
from tenkay_analyzer.analysis import Analysis, analyse
from tenkay_analyzer.dimensions import DimensionResult
from tenkay_analyzer.expressions import Value
from tenkay_analyzer.flags import Flag
from tenkay_analyzer.rating import NotRated, Overall
from tenkay_analyzer.reasons import Reason
from tenkay_analyzer.rules import Dimension, Rating, Rules, Severity
from tenkay_analyzer.store_reader import StoredFiling, StoreReader

FULL_NAME = "tenkay.analyzer.v1.AnalyzerService"

Context = grpc.aio.ServicerContext[Any, Any]

_RATINGS = {rating: analysis_pb2.Rating.Value(f"RATING_{rating.name}") for rating in Rating}
_DIMENSIONS = {dim: analysis_pb2.Dimension.Value(f"DIMENSION_{dim.name}") for dim in Dimension}
_SEVERITIES = {each: analysis_pb2.FlagSeverity.Value(f"FLAG_SEVERITY_{each.name}") for each in Severity}


class AnalyzerServicer(pb_grpc.AnalyzerServiceServicer):
    """Checks what came in, asks the store, analyses, spells the answer."""

    def __init__(self, store: StoreReader, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    async def AnalyzeFiling(
        self, request: pb.AnalyzeFilingRequest, _context: Context
    ) -> pb.AnalyzeFilingResponse:
        accession_number = require_accession_number(
            request.filing.accession_number, "filing.accession_number"
        )
        if request.filing.HasField("cik"):
            require_cik(request.filing.cik, "filing.cik")
        stored = await self._store.read(request.filing, request.min_sequence)
        with span("analyzer.analyse", {"sec.accession_number": accession_number}):
            started = time.perf_counter()
            analysis = analyse(stored.readings, self._rules)
            metrics.ANALYSIS_SECONDS.observe(time.perf_counter() - started)
        _count(analysis)
        return pb.AnalyzeFilingResponse(analysis=_analysis(analysis, stored))


def _count(analysis: Analysis) -> None:
    rated = analysis.judgement
    metrics.ANALYSES.labels(rated.rating if isinstance(rated, Overall) else Rating.NOT_RATED).inc()
    for flag in analysis.flags:
        metrics.FLAGS.labels(flag.severity).inc()


def _analysis(analysis: Analysis, stored: StoredFiling) -> analysis_pb2.Analysis:
    message = analysis_pb2.Analysis(
        accession_number=analysis.accession_number,
        dimensions=[_dimension(result) for result in analysis.dimensions],
        flags=[_flag(flag, stored) for flag in analysis.flags],
        reasons=[_reason(reason) for reason in analysis.reasons],
        narrative=analysis.narrative,
        backend=analysis.backend,
        result_key=analysis.result_key,
        rules_version=analysis.rules_version,
        reference_id=analysis.reference_id,
        extraction_key=analysis.extraction_key,
    )
    match analysis.judgement:
        case Overall() as rated:
            message.rating = _RATINGS[rated.rating]
            message.score = rated.score
            message.uncapped_score = rated.uncapped_score
            message.band = rated.band
            message.low_confidence = rated.low_confidence
        case NotRated(reason):
            message.rating = analysis_pb2.RATING_NOT_RATED
            message.not_rated_reason = reason
    return message


def _dimension(result: DimensionResult) -> analysis_pb2.DimensionScore:
    return analysis_pb2.DimensionScore(
        dimension=_DIMENSIONS[result.dimension],
        score=result.score,
        coverage=result.coverage,
        band=result.band,
        weight=result.weight,
    )


def _flag(flag: Flag, stored: StoredFiling) -> analysis_pb2.RedFlag:
    return analysis_pb2.RedFlag(
        id=flag.flag_id,
        severity=_SEVERITIES[flag.severity],
        cap=flag.cap,
        explanation=flag.explanation,
        signal_ids=flag.signal_ids,
        evidence=[proof for signal_id in flag.signal_ids for proof in stored.evidence[signal_id]],
    )


def _reason(reason: Reason) -> analysis_pb2.ScoreReason:
    return analysis_pb2.ScoreReason(
        signal_id=reason.reading.signal_id,
        dimension=_DIMENSIONS[reason.dimension],
        contribution=reason.contribution,
        goodness=reason.goodness,
        basis=analysis_pb2.SCORE_BASIS_ANCHOR,
        value=_value(reason.reading.value),
        unit=reason.reading.unit,
        explanation=reason.explanation,
    )


def _value(value: Value) -> signal_pb2.SignalValue:
    # bool before int: in Python the one is a kind of the other.
    match value:
        case bool():
            return signal_pb2.SignalValue(bool=value)
        case int():
            return signal_pb2.SignalValue(int64=value)
        case float():
            return signal_pb2.SignalValue(double=value)
        case Decimal():
            return signal_pb2.SignalValue(decimal=f"{value:f}")
        case str():
            return signal_pb2.SignalValue(enum=value)
