"""CacheAdminService: protobuf in front of the statistics, the warmer and the invalidation."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from google.protobuf import text_format
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.errors import Reason, failure
from tenkay.identifiers import require_accession_number, require_cik
from tenkay.query.v1 import cache_admin_service_pb2 as pb
from tenkay.query.v1 import cache_admin_service_pb2_grpc as pb_grpc
from tenkay.runtime import tasks
from tenkay.runtime.handler import parse
from tenkay_query import metrics
from tenkay_query.admission.callers import Callers
from tenkay_query.admission.store_slots import StoreSlots
from tenkay_query.admission.work_class import WorkClass
from tenkay_query.asked_questions import AskedQuestions
from tenkay_query.cache import redis_keys
from tenkay_query.cache.coherence import Coherence
from tenkay_query.cache.invalidation import Invalidation
from tenkay_query.cache.near_cache import Key, NearCache
from tenkay_query.cache.ports import CacheLost
from tenkay_query.cache.redis_admin import RedisState, RedisWatch
from tenkay_query.hot_reads import HotMethod
from tenkay_query.metrics import AnswerMetrics
from tenkay_query.question import Kind, Level, Outcome
from tenkay_query.warming.plan import MOST_COMPANIES, MOST_FILINGS, MOST_QUESTIONS, WarmOrder
from tenkay_query.warming.warmer import Warmer, WarmProgress

FULL_NAME = "tenkay.query.v1.CacheAdminService"
DEFAULT_TOP, MOST_TOP = 20, 100
MOST_REQUEST_CHARACTERS = 500
PROGRESS_SECONDS = 0.5
LEAST_RATE_SECONDS = 0.1
"""Before so much time has passed there is no rate."""

_KINDS: Mapping[Kind, pb.AnswerKind.ValueType] = {
    Kind.FILING: pb.ANSWER_KIND_FILING,
    Kind.SIGNALS: pb.ANSWER_KIND_SIGNALS,
    Kind.COMPANY_SUMMARY: pb.ANSWER_KIND_COMPANY_SUMMARY,
    Kind.QUERY_RESULT: pb.ANSWER_KIND_QUERY_RESULT,
    Kind.AGGREGATION: pb.ANSWER_KIND_AGGREGATION,
}
_WORK: Mapping[WorkClass, pb.WorkClass.ValueType] = {
    WorkClass.READ: pb.WORK_CLASS_READ,
    WorkClass.EXPENSIVE: pb.WORK_CLASS_EXPENSIVE,
    WorkClass.EXPORT: pb.WORK_CLASS_EXPORT,
    WorkClass.WARMING: pb.WORK_CLASS_WARMING,
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What statistics are taken from."""

    near: NearCache
    answers: AnswerMetrics
    asked: AskedQuestions
    slots: StoreSlots
    callers: Callers
    redis: RedisWatch


class CacheAdminServicer(pb_grpc.CacheAdminServiceServicer):
    """For one event loop."""

    def __init__(
        self,
        observed: Observed,
        methods: Mapping[str, HotMethod],
        warmer: Warmer,
        order: WarmOrder,
        invalidation: Invalidation,
        coherence: Coherence,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`order` is what the settings say about warming."""
        self._observed = observed
        self._methods = methods
        self._warmer = warmer
        self._order = order
        self._invalidation = invalidation
        self._coherence = coherence
        self._clock = clock
        self._started_at = Timestamp(seconds=int(now()))

    async def GetCacheStats(
        self, request: pb.GetCacheStatsRequest, _context: object
    ) -> pb.GetCacheStatsResponse:
        top = request.top if request.HasField("top") else DEFAULT_TOP
        if top < 0:
            raise failure(Reason.INVALID_FIELD, f"top is {top}; give 0 or more", field="top")
        seen = self._observed
        state = await seen.redis.look()
        near = seen.near
        return pb.GetCacheStatsResponse(
            process=f"{socket.gethostname()}:{os.getpid()}",
            started_at=self._started_at,
            kinds=[_kind_stats(seen.answers, kind) for kind in Kind],
            process_cache=pb.ProcessCacheStats(
                open=near.is_open,
                entry_count=len(near),
                size_bytes=near.size_bytes,
                limit_bytes=near.limit_bytes,
                eviction_count=near.evictions,
                invalidation_count=near.invalidations,
                refusal_count=near.refusals,
            ),
            redis=None if state is None else _redis_stats(state),
            stampedes=pb.StampedeStats(
                joined_count=metrics.total(metrics.FLIGHTS_JOINED),
                lock_wait_count=metrics.total(metrics.LOCK_WAITS),
            ),
            top_questions=[
                pb.AskedQuestion(
                    method=each.key[0],
                    request=self._words(each.key),
                    faded_count=each.count,
                    error_count=each.error,
                )
                for each in seen.asked.top(min(top, MOST_TOP))
            ],
            work_classes=[
                pb.WorkClassStats(
                    work_class=_WORK[work],
                    holding_count=seen.slots.holding(work),
                    waiting_count=seen.slots.waiting(work),
                    refused_count=metrics.total(metrics.STORE_REFUSED, **{"class": work}),
                    service_seconds=seen.slots.service_seconds(work),
                )
                for work in WorkClass
            ],
            caller_count=len(seen.callers),
            caller_refused_count=metrics.total(metrics.CALLERS_REFUSED),
        )

    async def WarmCache(
        self, request: pb.WarmCacheRequest, _context: object
    ) -> AsyncIterator[pb.WarmCacheResponse]:
        order = _order(request, self._order)
        progress = WarmProgress()
        began = self._clock()
        run = asyncio.create_task(self._warmer.run(order, progress))
        try:
            while not run.done():
                await asyncio.wait((run,), timeout=PROGRESS_SECONDS)
                if not run.done():
                    yield _progress(progress, self._clock() - began, finished=False)
            run.result()
            yield _progress(progress, self._clock() - began, finished=True)
        finally:
            await tasks.end(run)

    async def Invalidate(self, request: pb.InvalidateRequest, _context: object) -> pb.InvalidateResponse:
        before, held = self._observed.near.invalidations, len(self._observed.near)
        try:
            names, kinds = await self._void(request)
        except CacheLost as error:
            raise failure(
                Reason.DEPENDENCY_UNAVAILABLE,
                "Redis did not answer, so it is not known whether the answers are void; call again",
                metadata={"service": "redis"},
            ) from error
        # This process hears of it from Redis too; here it is at once, also for who asks it next.
        self._coherence.changed(names)
        dropped = held if redis_keys.EPOCH in names else self._observed.near.invalidations - before
        return pb.InvalidateResponse(
            kinds=[_KINDS[kind] for kind in kinds],
            dropped_count=dropped,
        )

    async def _void(self, request: pb.InvalidateRequest) -> tuple[tuple[str, ...], tuple[Kind, ...]]:
        """The keys that were changed, and the kinds of answers that hang on them."""
        match request.WhichOneof("what"):
            case "cik":
                cik = require_cik(request.cik, "cik")
                await self._invalidation.company(cik)
                return (redis_keys.company_generation(cik),), (
                    Kind.COMPANY_SUMMARY,
                    Kind.QUERY_RESULT,
                    Kind.SIGNALS,
                )
            case "accession_number":
                number = require_accession_number(request.accession_number, "accession_number")
                await self._invalidation.filing(number)
                return (redis_keys.filing_generation(number),), (Kind.FILING, Kind.SIGNALS)
            case "kind":
                kind = _kind(request.kind)
                await self._invalidation.kind(kind)
                return (redis_keys.kind_epoch(kind),), (kind,)
            case "all" if request.all:
                await self._invalidation.all()
                return (redis_keys.EPOCH,), tuple(Kind)
            case _:
                raise failure(
                    Reason.INVALID_FIELD,
                    "name what to make void: cik, accession_number, kind, or all = true",
                    field="what",
                )

    def _words(self, key: Key) -> str:
        method = self._methods.get(key[0])
        if method is None:
            return ""
        words = text_format.MessageToString(parse(method.request_type, key[1]), as_one_line=True)
        return words if len(words) <= MOST_REQUEST_CHARACTERS else words[: MOST_REQUEST_CHARACTERS - 1] + "…"


def _kind_stats(answers: AnswerMetrics, kind: Kind) -> pb.AnswerKindStats:
    process, redis, store = (answers.answered(kind, level) for level in Level)
    requests, ages = process + redis + store, answers.ages[kind]
    return pb.AnswerKindStats(
        kind=_KINDS[kind],
        request_count=requests,
        process_hit_count=process,
        redis_hit_count=redis,
        store_count=store,
        bypass_count=answers.answered(kind, Level.STORE, Outcome.BYPASS),
        process_hit_rate=_share(process, requests),
        redis_hit_rate=_share(redis, redis + store),
        hit_rate=_share(process + redis, requests),
        median_age_seconds=ages.quantile(0.5),
        p99_age_seconds=ages.quantile(0.99),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _redis_stats(state: RedisState) -> pb.RedisStats:
    return pb.RedisStats(
        used_bytes=state.used_bytes,
        limit_bytes=state.limit_bytes,
        key_count=state.keys,
        evicted_key_count=state.evicted_keys,
        expired_key_count=state.expired_keys,
    )


def _kind(given: pb.AnswerKind.ValueType) -> Kind:
    for kind, number in _KINDS.items():
        if number == given:
            return kind
    raise failure(Reason.INVALID_FIELD, f"{given} is not a kind of answers", field="kind")


def _order(request: pb.WarmCacheRequest, settings: WarmOrder) -> WarmOrder:
    """INVALID_FIELD when something is out of its bounds."""
    order = settings
    if request.HasField("top_questions"):
        questions = _within(request.top_questions, MOST_QUESTIONS, "top_questions")
        order = replace(order, questions=questions)
    if request.HasField("filings_per_company"):
        filings = _within(request.filings_per_company, MOST_FILINGS, "filings_per_company")
        order = replace(order, filings_per_company=filings)
    if len(request.watch_ciks) > MOST_COMPANIES:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(request.watch_ciks)} companies are named; {MOST_COMPANIES:,} are the most",
            field="watch_ciks",
        )
    given = tuple(require_cik(cik, "watch_ciks") for cik in request.watch_ciks)
    if given or request.omit_watch_list:
        order = replace(order, ciks=given)
    if request.HasField("max_per_second"):
        if not 0 < request.max_per_second <= settings.per_second:
            raise failure(
                Reason.INVALID_FIELD,
                f"max_per_second is {request.max_per_second:g}; give more than 0 and at most "
                f"{settings.per_second:g}, which this service allows",
                field="max_per_second",
            )
        order = replace(order, per_second=request.max_per_second)
    return order


def _within(number: int, most: int, field: str) -> int:
    if 0 <= number <= most:
        return number
    raise failure(Reason.INVALID_FIELD, f"{field} is {number}; give 0 to {most:,}", field=field)


def _progress(progress: WarmProgress, seconds: float, *, finished: bool) -> pb.WarmCacheResponse:
    return pb.WarmCacheResponse(
        planned_count=progress.planned,
        done_count=progress.done,
        failed_count=progress.failed,
        skipped_count=progress.skipped,
        rate_per_second=progress.asked / seconds if seconds >= LEAST_RATE_SECONDS else None,
        finished=finished,
    )
