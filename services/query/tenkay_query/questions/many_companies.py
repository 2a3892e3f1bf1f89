"""Questions over many companies: screens and aggregates. They hang on no generation, and may be a little old."""

from __future__ import annotations

import math

from tenkay.common.v1 import aggregate_pb2
from tenkay.errors import Reason, failure
from tenkay.query.v1 import many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay.store.v1 import signal_analytics_service_pb2 as analytics_pb
from tenkay_query.question import Kind
from tenkay_query.questions import checks
from tenkay_query.questions.checks import AnyQuestion, question

MAX_SCREEN_SIGNALS = 50
MAX_EXPORT_SIGNALS = 500
MAX_QUANTILES = 20


def screen(request: pb.ScreenFilingsRequest) -> AnyQuestion:
    """ScreenFilings."""
    return question(
        "ScreenFilings",
        Kind.AGGREGATION,
        store_pb.ScreenFilingsRequest(
            filter=checks.filter_text(request.filter),
            signal_ids=checks.signal_ids(request.signal_ids),
            currency=checks.currency(request.currency),
            page_size=checks.page_size(request.page_size),
            page_token=checks.page_token(request.page_token),
            as_of=checks.as_of(request),
        ),
        request.min_sequence,
        response=pb.ScreenFilingsResponse,
        max_staleness_seconds=checks.staleness_seconds(request),
    )


def company_screen(request: many_companies_pb2.ScreenCompaniesRequest) -> AnyQuestion:
    """ScreenCompanies."""
    return question(
        "ScreenCompanies",
        Kind.AGGREGATION,
        analytics_pb.ScreenCompaniesRequest(
            filter=checks.filter_text(request.filter),
            signal_ids=checks.signal_ids(request.signal_ids, most=MAX_SCREEN_SIGNALS, in_order=True),
            period=checks.company_period(request.period),
            currency=checks.currency(request.currency),
            page_size=checks.page_size(request.page_size),
            page_token=checks.page_token(request.page_token),
            as_of=checks.as_of(request),
            ciks=checks.ciks(request.ciks),
        ),
        request.min_sequence,
        response=many_companies_pb2.ScreenCompaniesResponse,
        max_staleness_seconds=checks.staleness_seconds(request),
        is_expensive=True,
    )


def aggregate(request: many_companies_pb2.AggregateSignalsRequest) -> AnyQuestion:
    """AggregateSignals."""
    (signal_id,) = checks.signal_ids([request.signal_id], least=1, field="signal_id")
    known = aggregate_pb2.AggregateBy.values()
    if len(set(request.group_by)) < len(request.group_by) or not all(
        each and each in known for each in request.group_by
    ):
        raise failure(
            Reason.INVALID_FIELD,
            "group_by names each of AggregateBy at most once, and nothing else",
            field="group_by",
        )
    if len(request.quantiles) > MAX_QUANTILES or not all(
        math.isfinite(each) and 0 <= each <= 1 for each in request.quantiles
    ):
        raise failure(
            Reason.INVALID_FIELD,
            f"quantiles are at most {MAX_QUANTILES} numbers from 0 to 1",
            field="quantiles",
        )
    return question(
        "AggregateSignals",
        Kind.AGGREGATION,
        analytics_pb.AggregateRequest(
            signal_id=signal_id,
            filter=checks.filter_text(request.filter),
            currency=checks.currency(request.currency),
            group_by=request.group_by,
            quantiles=request.quantiles,
            as_of=checks.as_of(request),
        ),
        request.min_sequence,
        response=many_companies_pb2.AggregateSignalsResponse,
        max_staleness_seconds=checks.staleness_seconds(request),
        is_expensive=True,
    )


def export(request: many_companies_pb2.ExportSignalsRequest) -> analytics_pb.ExportRequest:
    """What the store is asked for ExportSignals, which is never cached."""
    return analytics_pb.ExportRequest(
        filter=checks.filter_text(request.filter),
        signal_ids=checks.signal_ids(request.signal_ids, least=1, most=MAX_EXPORT_SIGNALS),
        currency=checks.currency(request.currency),
        as_of=checks.as_of(request),
        min_sequence=request.min_sequence,
    )
