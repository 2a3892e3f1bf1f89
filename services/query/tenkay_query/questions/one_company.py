"""Questions about companies by name: the summary, the list of filings, series, comparisons with peers."""

from __future__ import annotations

from tenkay.common.v1 import series_pb2
from tenkay.identifiers import require_cik
from tenkay.query.v1 import comparisons_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay.store.v1 import signal_analytics_service_pb2 as analytics_pb
from tenkay_query.cache import redis_keys
from tenkay_query.question import Kind
from tenkay_query.questions import checks
from tenkay_query.questions.checks import AnyQuestion, question

MAX_SERIES_SIGNALS = 50
DEFAULT_POINTS, MAX_POINTS = 100, 400
LEAST_COMPARED, MOST_COMPARED = 2, 20
MAX_COMPARED_SIGNALS = 50


def company_summary(request: pb.GetCompanySummaryRequest) -> AnyQuestion:
    """GetCompanySummary."""
    cik = require_cik(request.cik, "cik")
    return question(
        "GetCompanySummary",
        Kind.COMPANY_SUMMARY,
        store_pb.GetCompanySummaryRequest(cik=cik, as_of=checks.as_of(request)),
        request.min_sequence,
        response=pb.GetCompanySummaryResponse,
        generations=(redis_keys.company_generation(cik),),
    )


def filings(request: pb.ListFilingsRequest) -> AnyQuestion:
    """ListFilings: bound to the company's generation when it names one, over many companies otherwise."""
    asked = store_pb.ListFilingsRequest(
        forms=checks.form_types(request.forms),
        page_size=checks.page_size(request.page_size),
        page_token=checks.page_token(request.page_token),
        as_of=checks.as_of(request),
    )
    checks.copy_days(request, asked, "filed_from", "filed_to")
    generations: tuple[str, ...] = ()
    if request.HasField("cik"):
        asked.cik = require_cik(request.cik, "cik")
        generations = (redis_keys.company_generation(request.cik),)
    return question(
        "ListFilings",
        Kind.QUERY_RESULT,
        asked,
        request.min_sequence,
        response=pb.ListFilingsResponse,
        generations=generations,
        stays_at_its_state=bool(request.page_token),
        max_staleness_seconds=checks.staleness_seconds(request),
    )


def series(request: pb.GetSignalSeriesRequest) -> AnyQuestion:
    """GetSignalSeries."""
    cik = require_cik(request.cik, "cik")
    checks.enum_value(series_pb2.SeriesView.values(), request.view, "view")
    asked = analytics_pb.GetSeriesRequest(
        cik=cik,
        signal_ids=checks.signal_ids(request.signal_ids, least=1, most=MAX_SERIES_SIGNALS, in_order=True),
        forms=checks.form_types(request.forms),
        as_of=checks.as_of(request),
        view=request.view or series_pb2.SERIES_VIEW_EVERY_FILING,
        page_size=checks.page_size(request.page_size, default=DEFAULT_POINTS, maximum=MAX_POINTS),
        page_token=checks.page_token(request.page_token),
    )
    checks.copy_days(request, asked, "period_from", "period_to")
    return question(
        "GetSignalSeries",
        Kind.QUERY_RESULT,
        asked,
        request.min_sequence,
        response=pb.GetSignalSeriesResponse,
        generations=(redis_keys.company_generation(cik),),
        stays_at_its_state=bool(request.page_token),
    )


def company_comparison(request: comparisons_pb2.CompareCompaniesRequest) -> AnyQuestion:
    """CompareCompanies: it hangs on each of the companies."""
    ciks = checks.ciks(request.ciks, least=LEAST_COMPARED, most=MOST_COMPARED, in_order=True)
    checks.each_once(request.ciks, "ciks")
    asked = comparisons_pb2.CompareCompaniesRequest(
        ciks=ciks,
        signal_ids=checks.signal_ids(request.signal_ids, least=1, most=MAX_COMPARED_SIGNALS, in_order=True),
        period=checks.company_period(request.period),
        as_of=checks.as_of(request),
    )
    return question(
        "CompareCompanies",
        Kind.COMPANY_SUMMARY,
        asked,
        request.min_sequence,
        response=comparisons_pb2.CompareCompaniesResponse,
        generations=tuple(redis_keys.company_generation(cik) for cik in ciks),
    )
