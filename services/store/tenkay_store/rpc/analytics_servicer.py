"""Series, aggregates and exports over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from tenkay.common.v1 import aggregate_pb2, series_pb2
from tenkay.days import day_in
from tenkay.errors import Reason, failure
from tenkay.identifiers import require_cik
from tenkay.runtime.unread_streams import while_read
from tenkay.store.v1 import signal_analytics_service_pb2 as pb
from tenkay.store.v1 import signal_analytics_service_pb2_grpc as pb_grpc
from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyScreen, check_has_values
from tenkay_store.domain.filter import FieldType, TypedExpression
from tenkay_store.domain.selections import AggregateSelection, GroupBy, Screen, SeriesSelection, SeriesView
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.rpc import paging
from tenkay_store.rpc.moments import Moments, ReadOptions
from tenkay_store.wire import company_messages, messages
from tenkay_store.wire.validation import check_currency

Context = grpc.aio.ServicerContext[Any, Any]

SIGNAL_ANALYTICS = "tenkay.store.v1.SignalAnalyticsService"
MAX_SERIES_SIGNALS = 50
MAX_EXPORT_SIGNALS = 500
MAX_QUANTILES = 20
MAX_SCREEN_SIGNALS = 50
MAX_CIKS = 500
DEFAULT_POINTS, MAX_POINTS = 100, 400

_GROUP_BY = {
    aggregate_pb2.AGGREGATE_BY_FORM: GroupBy.FORM,
    aggregate_pb2.AGGREGATE_BY_SECTOR: GroupBy.SECTOR,
    aggregate_pb2.AGGREGATE_BY_YEAR: GroupBy.YEAR,
    aggregate_pb2.AGGREGATE_BY_QUARTER: GroupBy.QUARTER,
}


class SignalAnalyticsServicer(pb_grpc.SignalAnalyticsServiceServicer):
    """One signal over time or over companies, and whole tables of them."""

    def __init__(self, store: AnalyticalStore, options: ReadOptions, *, export_idle_seconds: float) -> None:
        self._store = store
        self._export_idle_seconds = export_idle_seconds
        self._moments = Moments(store, options)

    async def GetSeries(self, request: pb.GetSeriesRequest, _context: Context) -> pb.GetSeriesResponse:
        """Answers with a company's signals over its filings."""
        require_cik(request.cik, "cik")
        selection = SeriesSelection(
            cik=request.cik,
            signal_ids=self._signal_ids(request.signal_ids, MAX_SERIES_SIGNALS),
            forms=tuple(request.forms),
            period_from=day_in(request, "period_from"),
            period_to=day_in(request, "period_to"),
            view=_view(request.view),
        )
        limit = paging.page_size(request.page_size, default=DEFAULT_POINTS, maximum=MAX_POINTS)
        bound_to = paging.bound_to("GetSeries", request)
        head, after = await self._moments.reached(request), None
        if request.page_token:
            pinned, after = paging.series_position(request.page_token, bound_to)
            head = min(head, pinned)
        found = await self._store.series(selection, await self._moments.of(request, head), after, limit)
        if found is None:
            raise failure(
                Reason.COMPANY_UNKNOWN,
                f"no filing of CIK {request.cik} is stored, or was at the moment asked for; ingest one first",
                field="cik",
            )
        return pb.GetSeriesResponse(
            points=[
                series_pb2.SeriesPoint(
                    filing=messages.filing_message(point.filing),
                    version=point.version,
                    signals=[messages.signal_fields(each) for each in point.signals],
                )
                for point in found.points
            ],
            next_page_token=paging.series_token(found, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def Aggregate(self, request: pb.AggregateRequest, _context: Context) -> pb.AggregateResponse:
        """Answers with figures of a signal by group."""
        check_currency(request.currency, "currency")
        (signal_id,) = self._signal_ids([request.signal_id], 1, field="signal_id")
        if FieldType.NUMBER not in self._store.signal_types[signal_id]:
            raise failure(
                Reason.INVALID_FIELD,
                f"the values of {signal_id} are no numbers; name another",
                field="signal_id",
            )
        selection = AggregateSelection(
            signal_id=signal_id,
            expression=self._expression(request.filter),
            currency=request.currency,
            group_by=_group_by(request.group_by),
            quantiles=_quantiles(request.quantiles),
        )
        head = await self._moments.reached(request)
        found = await self._store.aggregate(selection, await self._moments.of(request, head))
        return pb.AggregateResponse(
            groups=[
                aggregate_pb2.AggregateGroup(
                    keys=group.keys,
                    value_count=group.count,
                    mean=group.mean,
                    least=group.least,
                    largest=group.largest,
                    quantiles=group.quantiles,
                )
                for group in found.groups
            ],
            unit=found.unit,
            currency=found.currency,
            as_of_sequence=self._moments.token(head),
        )

    async def ScreenCompanies(
        self, request: pb.ScreenCompaniesRequest, _context: Context
    ) -> pb.ScreenCompaniesResponse:
        """Answers with a page of the companies that meet a filter."""
        check_currency(request.currency, "currency")
        period = company_messages.company_period(request.period)
        expression = filters.parse(request.filter)
        check_has_values(expression, period)
        types = self._store.signal_types
        screen = CompanyScreen(
            period=period,
            expression=None if expression is None else filters.resolve(expression, types),
            currency=request.currency,
            signal_ids=self._signal_ids(request.signal_ids, MAX_SCREEN_SIGNALS, least=0),
            ciks=_ciks(request.ciks),
        )
        shown = {*filters.signal_ids(screen.expression), *screen.signal_ids}
        limit = paging.page_of_values(request.page_size, len(shown))
        bound_to = paging.bound_to("ScreenCompanies", request)
        head, after = await self._moments.reached(request), None
        if request.page_token:
            pinned, after = paging.companies_position(request.page_token, bound_to)
            head = min(head, pinned)
        page = await self._store.screen_companies(screen, await self._moments.of(request, head), after, limit)
        return pb.ScreenCompaniesResponse(
            companies=[company_messages.figures_message(each) for each in page.companies],
            next_page_token=paging.companies_token(page, head, bound_to),
            as_of_sequence=self._moments.token(head),
        )

    async def Export(self, request: pb.ExportRequest, _context: Context) -> AsyncIterator[pb.ExportResponse]:
        """Streams the values of the filings that meet a filter."""
        check_currency(request.currency, "currency")
        screen = Screen(
            self._expression(request.filter),
            request.currency,
            self._signal_ids(request.signal_ids, MAX_EXPORT_SIGNALS),
        )
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        as_of_sequence = self._moments.token(head)
        whole = self._store.export(screen, moment)
        read = while_read(whole, idle_seconds=self._export_idle_seconds, what="the export")
        async with aclosing(read) as parts:
            async for part in parts:
                yield pb.ExportResponse(chunk=part, as_of_sequence=as_of_sequence)
                as_of_sequence = ""

    def _signal_ids(
        self, wanted: Sequence[str], most: int, *, field: str = "signal_ids", least: int = 1
    ) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(wanted))
        if not least <= len(found) <= most or not all(found):
            raise failure(
                Reason.INVALID_FIELD, f"name {least} to {most} signals, not {len(found)}", field=field
            )
        types = self._store.signal_types
        for signal_id in found:
            if signal_id not in types:
                raise filters.unknown_signal(signal_id, types, field=field)
        return found

    def _expression(self, text: str) -> TypedExpression | None:
        expression = filters.parse(text)
        return None if expression is None else filters.resolve(expression, self._store.signal_types)


def _view(number: int) -> SeriesView:
    if number == series_pb2.SERIES_VIEW_UNSPECIFIED:
        return SeriesView.EVERY_FILING
    for view in SeriesView:
        if series_pb2.SeriesView.Value(f"SERIES_VIEW_{view}") == number:
            return view
    raise failure(Reason.INVALID_FIELD, f"view is {number}; say one of {', '.join(SeriesView)}", field="view")


def _ciks(wanted: Sequence[int]) -> tuple[int, ...]:
    if len(wanted) > MAX_CIKS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(wanted):,} companies are named; {MAX_CIKS} are the most",
            field="ciks",
        )
    return tuple(dict.fromkeys(require_cik(cik, f"ciks[{index}]") for index, cik in enumerate(wanted)))


def _group_by(wanted: Sequence[aggregate_pb2.AggregateBy.ValueType]) -> tuple[GroupBy, ...]:
    found = tuple(_GROUP_BY[each] for each in wanted if each in _GROUP_BY)
    if len(found) != len(wanted) or len(set(found)) != len(found):
        raise failure(
            Reason.INVALID_FIELD,
            "group_by names each of AggregateBy at most once, and nothing else",
            field="group_by",
        )
    return found


def _quantiles(wanted: Sequence[float]) -> tuple[float, ...]:
    if len(wanted) > MAX_QUANTILES or not all(math.isfinite(each) and 0 <= each <= 1 for each in wanted):
        raise failure(
            Reason.INVALID_FIELD,
            f"quantiles are at most {MAX_QUANTILES} numbers from 0 to 1",
            field="quantiles",
        )
    return tuple(wanted)
