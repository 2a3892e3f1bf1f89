"""Series, aggregates and exports over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import date
from typing import Any, Literal

import grpc

from tenkay.errors import Reason, failure
from tenkay.identifiers import require_cik
from tenkay.store.v1 import signal_analytics_service_pb2 as pb
from tenkay.store.v1 import signal_analytics_service_pb2_grpc as pb_grpc
from tenkay_store import filter as filters
from tenkay_store import messages
from tenkay_store.filter import FieldType, TypedExpression
from tenkay_store.moments import Moments, ReadOptions
from tenkay_store.storage import AggregateSelection, AnalyticalStore, GroupBy, Screen, SeriesSelection
from tenkay_store.validation import check_currency

Context = grpc.aio.ServicerContext[Any, Any]

SIGNAL_ANALYTICS = "tenkay.store.v1.SignalAnalyticsService"
MAX_SERIES_SIGNALS = 50
MAX_EXPORT_SIGNALS = 500
MAX_QUANTILES = 20

_GROUP_BY = {
    pb.AGGREGATE_BY_FORM: GroupBy.FORM,
    pb.AGGREGATE_BY_SECTOR: GroupBy.SECTOR,
    pb.AGGREGATE_BY_YEAR: GroupBy.YEAR,
    pb.AGGREGATE_BY_QUARTER: GroupBy.QUARTER,
}


class SignalAnalyticsServicer(pb_grpc.SignalAnalyticsServiceServicer):
    """One signal over time or over companies, and whole tables of them."""

    def __init__(self, store: AnalyticalStore, options: ReadOptions) -> None:
        self._store = store
        self._moments = Moments(store, options)

    async def GetSeries(self, request: pb.GetSeriesRequest, _context: Context) -> pb.GetSeriesResponse:
        """Answers with a company's signals over its filings."""
        require_cik(request.cik, "cik")
        selection = SeriesSelection(
            cik=request.cik,
            signal_ids=self._signal_ids(request.signal_ids, MAX_SERIES_SIGNALS),
            forms=tuple(request.forms),
            period_from=_day(request, "period_from"),
            period_to=_day(request, "period_to"),
        )
        head = await self._moments.reached(request.min_sequence)
        found = await self._store.series(selection, await self._moments.of(request, head))
        if found is None:
            raise failure(
                Reason.COMPANY_UNKNOWN,
                f"no filing of CIK {request.cik} is stored; ingest one first",
                field="cik",
            )
        return pb.GetSeriesResponse(
            points=[
                pb.SeriesPoint(
                    filing=messages.filing_message(point.filing),
                    version=point.version,
                    signals=[messages.signal_message(each) for each in point.signals],
                )
                for point in found.points
            ],
            truncated=found.truncated,
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
        head = await self._moments.reached(request.min_sequence)
        found = await self._store.aggregate(selection, await self._moments.of(request, head))
        return pb.AggregateResponse(
            groups=[
                pb.AggregateGroup(
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

    async def Export(self, request: pb.ExportRequest, _context: Context) -> AsyncIterator[pb.ExportResponse]:
        """Streams the values of the filings that meet a filter."""
        check_currency(request.currency, "currency")
        screen = Screen(
            self._expression(request.filter),
            request.currency,
            self._signal_ids(request.signal_ids, MAX_EXPORT_SIGNALS),
        )
        head = await self._moments.reached(request.min_sequence)
        moment = await self._moments.of(request, head)
        as_of_sequence = self._moments.token(head)
        async with aclosing(self._store.export(screen, moment)) as parts:
            async for part in parts:
                yield pb.ExportResponse(chunk=part, as_of_sequence=as_of_sequence)
                as_of_sequence = ""

    def _signal_ids(self, wanted: Sequence[str], most: int, *, field: str = "signal_ids") -> tuple[str, ...]:
        found = tuple(dict.fromkeys(wanted))
        if not 0 < len(found) <= most or not all(found):
            raise failure(Reason.INVALID_FIELD, f"name 1 to {most} signals, not {len(found)}", field=field)
        types = self._store.signal_types
        for signal_id in found:
            if signal_id not in types:
                raise filters.unknown_signal(signal_id, types, field=field)
        return found

    def _expression(self, text: str) -> TypedExpression | None:
        expression = filters.parse(text)
        return None if expression is None else filters.resolve(expression, self._store.signal_types)


def _group_by(wanted: Sequence[pb.AggregateBy.ValueType]) -> tuple[GroupBy, ...]:
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


def _day(request: pb.GetSeriesRequest, field: Literal["period_from", "period_to"]) -> date | None:
    return messages.day(getattr(request, field), field) if request.HasField(field) else None
