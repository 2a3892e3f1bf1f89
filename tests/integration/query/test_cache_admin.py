"""CacheAdminService over real processes: statistics, filling, making void."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tenkay.client.query import AsyncCacheAdminClient
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import InvalidArgument, Reason, Unavailable
from tenkay.query.v1 import cache_admin_service_pb2 as admin_pb
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import redis_keys
from tests.integration.query.conftest import Caller, Filings, eventually, followed, revenue_of
from tests.integration.running_services import Service, running_service


@pytest.fixture
async def admins(
    query_services: tuple[Service, Service],
) -> AsyncIterator[tuple[AsyncCacheAdminClient, AsyncCacheAdminClient]]:
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(AsyncCacheAdminClient(service.endpoint))
            for service in query_services
        ]
        yield first, second


async def _near(caller: Caller, request: Any) -> None:
    """Asks until the process answers from its own memory."""
    before = caller.service.metric("tenkay_query_answers_total", level="process")

    async def is_near() -> bool:
        await caller.ask(request)
        return caller.service.metric("tenkay_query_answers_total", level="process") > before

    await eventually(is_near)


def _of(
    stats: admin_pb.GetCacheStatsResponse, kind: admin_pb.AnswerKind.ValueType
) -> admin_pb.AnswerKindStats:
    return next(each for each in stats.kinds if each.kind == kind)


async def test_statistics_say_where_answers_came_from_and_leave_out_what_nobody_asked(
    query_folder: Path, store_service: Service, valkey_cache: Any, filings: Filings
) -> None:
    filing = filings.new()
    await filings.commit(filing, 5)
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url=valkey_cache.url,
        asked_sample="1",
    ) as service:
        caller = Caller(service)
        async with AsyncCacheAdminClient(service.endpoint) as admin:
            nothing = await admin.get_cache_stats()
            assert len(nothing.kinds) == 5
            assert not any(each.HasField("hit_rate") or each.request_count for each in nothing.kinds)
            assert not any(each.HasField("median_age_seconds") for each in nothing.kinds)
            await followed(valkey_cache.url)
            request = pb.GetSignalsRequest(filing=filing)
            await _near(caller, request)
            for _ in range(10):
                assert (await caller.ask(request)).cache == "hit"
            stats = await admin.get_cache_stats(top=1)
        await caller.close()
        signals = _of(stats, admin_pb.ANSWER_KIND_SIGNALS)
        assert signals.process_hit_count >= 10
        assert signals.store_count >= 1
        assert signals.request_count == (
            signals.process_hit_count + signals.redis_hit_count + signals.store_count
        )
        assert signals.process_hit_rate == signals.process_hit_count / signals.request_count
        assert signals.median_age_seconds <= 60
        assert not _of(stats, admin_pb.ANSWER_KIND_AGGREGATION).HasField("hit_rate")
        assert stats.process_cache.open
        assert stats.process_cache.entry_count == 1
        assert 0 < stats.process_cache.size_bytes < stats.process_cache.limit_bytes
        assert stats.redis.used_bytes > 0
        assert stats.redis.key_count > 0
        (top,) = stats.top_questions
        assert top.method == "GetSignals"
        assert filing.accession_number in top.request
        assert top.faded_count == pytest.approx(signals.request_count, rel=0.01)
        assert top.error_count == 0
        assert {each.work_class for each in stats.work_classes} == {1, 2, 3, 4}
        assert stats.caller_count == 1
        assert service.metric("tenkay_query_answer_age_seconds_count", kind="signals") == (
            signals.request_count
        )


async def test_without_redis_its_part_of_the_statistics_is_absent(
    query_folder: Path, store_service: Service
) -> None:
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url="redis://127.0.0.1:1/0",
    ) as service:
        async with AsyncCacheAdminClient(service.endpoint) as admin:
            stats = await admin.get_cache_stats()
            assert not stats.HasField("redis")
            assert not stats.process_cache.open
            with pytest.raises(Unavailable) as lost:
                await admin.invalidate(all=True)
            assert lost.value.reason is Reason.DEPENDENCY_UNAVAILABLE


@pytest.mark.parametrize("what", ["accession_number", "kind", "all"])
async def test_both_processes_see_an_invalidation(
    callers: tuple[Caller, Caller],
    admins: tuple[AsyncCacheAdminClient, AsyncCacheAdminClient],
    filings: Filings,
    what: str,
) -> None:
    filing = filings.new()
    await filings.commit(filing, 7)
    request = pb.GetSignalsRequest(filing=filing)
    for caller in callers:
        await _near(caller, request)
    things: dict[str, dict[str, Any]] = {
        "accession_number": {"accession_number": filing.accession_number},
        "kind": {"kind": admin_pb.ANSWER_KIND_SIGNALS},
        "all": {"all": True},
    }
    named = things[what]
    before = [caller.service.metric("tenkay_query_near_events_total", event="fill") for caller in callers]
    answer = await admins[0].invalidate(**named)
    assert admin_pb.ANSWER_KIND_SIGNALS in answer.kinds
    assert answer.dropped_count >= 1
    first = await callers[0].ask(request)
    assert first.cache != "hit"
    assert revenue_of(first) == 7

    async def second_filled_again() -> bool:
        await callers[1].ask(request)
        return callers[1].service.metric("tenkay_query_near_events_total", event="fill") > before[1]

    await eventually(second_filled_again)
    assert (await admins[0].invalidate(**named)).kinds == answer.kinds, "twice does no harm"


async def test_an_invalidation_that_names_nothing_or_too_much_changes_nothing(
    admins: tuple[AsyncCacheAdminClient, AsyncCacheAdminClient], callers: tuple[Caller, Caller]
) -> None:
    several: list[dict[str, Any]] = [{}, {"all": False}, {"kind": 0}, {"kind": 99}, {"cik": 0}]
    for wrong in several:
        with pytest.raises(InvalidArgument) as refused:
            await admins[0].invalidate(**wrong)
        assert refused.value.fields, wrong
    with pytest.raises(InvalidArgument) as refused:
        await admins[0].invalidate(accession_number="1-2-3")
    assert refused.value.reason is Reason.MALFORMED_ACCESSION_NUMBER


async def test_after_a_restart_the_process_is_warm_with_what_was_asked_most(
    query_folder: Path, store_service: Service, valkey_cache: Any, filings: Filings
) -> None:
    settings = {"store_address": store_service.address, "redis_url": valkey_cache.url}
    wanted = [filings.new() for _ in range(3)]
    for filing in wanted:
        await filings.commit(filing, 3)
    with running_service("tenkay_query", query_folder, **settings) as service:
        caller = Caller(service)
        await followed(valkey_cache.url)
        for filing in wanted:
            await _near(caller, pb.GetSignalsRequest(filing=filing))
        await caller.close()
    async with Redis.from_url(valkey_cache.url) as redis:
        # The answers are gone; what is asked most is not. Other processes of these tests have told of theirs too.
        asked: Any = await redis.zrange(redis_keys.ASKED, 0, -1, withscores=True)
        kept = [
            (member, score)
            for member, score in asked
            if any(filing.accession_number.encode() in member for filing in wanted)
        ]
        assert len(kept) == 3, "told when the process stopped"
        await redis.flushall()
        await redis.zadd(redis_keys.ASKED, dict(kept))
    with running_service("tenkay_query", query_folder, **settings) as service:
        await eventually(lambda: service.metric("tenkay_query_near_entries") >= 3, seconds=30, every=0.1)
        caller = Caller(service)
        for filing in wanted:
            answer = await caller.ask(pb.GetSignalsRequest(filing=filing))
            assert (answer.cache, revenue_of(answer)) == ("hit", 3)
        assert service.metric("tenkay_query_answers_total", level="process") == 3
        assert service.metric("tenkay_query_answers_total", level="store") == 0
        await caller.close()


async def test_a_watch_list_is_filled_in_and_progress_is_told(
    callers: tuple[Caller, Caller],
    admins: tuple[AsyncCacheAdminClient, AsyncCacheAdminClient],
    filings: Filings,
) -> None:
    caller, admin = callers[0], admins[0]
    filing = filings.new()
    await filings.commit(filing, 8)
    await eventually(lambda: caller.service.metric("tenkay_query_near_open") == 1)
    told = [
        each
        async for each in admin.warm_cache(top_questions=0, watch_ciks=[filing.cik], filings_per_company=1)
    ]
    last = told[-1]
    assert last.finished
    assert [each.finished for each in told[:-1]] == [False] * (len(told) - 1)
    # The summary, the list, and of the filing three answers, one of which is that there is no analysis.
    assert (last.planned_count, last.failed_count) == (5, 0)
    assert last.done_count + last.skipped_count == 5
    for request in (
        pb.GetCompanySummaryRequest(cik=filing.cik),
        pb.ListFilingsRequest(cik=filing.cik),
        pb.GetFilingRequest(filing=_without_cik(filing.accession_number)),
        pb.GetSignalsRequest(filing=_without_cik(filing.accession_number)),
    ):
        assert (await caller.ask(request)).cache == "hit", request
    again = [
        each
        async for each in admin.warm_cache(top_questions=0, watch_ciks=[filing.cik], filings_per_company=1)
    ][-1]
    assert (again.done_count, again.skipped_count) == (0, 5)


async def test_a_warm_up_keeps_to_its_rate_and_ends_with_its_call(
    callers: tuple[Caller, Caller],
    admins: tuple[AsyncCacheAdminClient, AsyncCacheAdminClient],
    filings: Filings,
) -> None:
    admin, service = admins[0], callers[0].service
    several = [filings.new() for _ in range(20)]
    for filing in several:
        await filings.commit(filing, 1)
    before = service.metric("tenkay_query_warmed_total")
    stream: Any = admin.warm_cache(
        top_questions=0, watch_ciks=[each.cik for each in several], max_per_second=4.0
    )
    told = [await anext(stream) for _ in range(4)]
    await stream.aclose()
    assert told[-1].rate_per_second <= 5
    assert not told[-1].finished
    asked = service.metric("tenkay_query_warmed_total") - before
    await asyncio.sleep(1.5)
    assert service.metric("tenkay_query_warmed_total") - before <= asked + 1


async def test_a_warm_up_ends_when_the_process_drains(
    query_folder: Path, store_service: Service, valkey_cache: Any, filings: Filings
) -> None:
    several = [filings.new() for _ in range(20)]
    for filing in several:
        await filings.commit(filing, 1)
    with running_service(
        "tenkay_query",
        query_folder,
        store_address=store_service.address,
        redis_url=valkey_cache.url,
        warm_per_second="4",
        endpoint_removal_seconds="2",
    ) as service:
        async with AsyncCacheAdminClient(service.endpoint) as admin:
            stream = admin.warm_cache(top_questions=0, watch_ciks=[each.cik for each in several])
            await anext(stream)
            os.kill(service.pid, signal.SIGTERM)
            await asyncio.sleep(0.5)
            asked = service.metric("tenkay_query_warmed_total")
            await asyncio.sleep(1.0)
            assert service.metric("tenkay_query_warmed_total") <= asked + 1, "no further question is begun"
            with pytest.raises(Unavailable) as ended:
                assert not any([told.finished async for told in stream])
            assert ended.value.reason is Reason.DRAINING


async def test_a_warm_up_out_of_bounds_is_refused(
    admins: tuple[AsyncCacheAdminClient, AsyncCacheAdminClient],
) -> None:
    several: list[tuple[str, dict[str, Any]]] = [
        ("top_questions", {"top_questions": -1}),
        ("top_questions", {"top_questions": 1001}),
        ("filings_per_company", {"filings_per_company": 101}),
        ("watch_ciks", {"watch_ciks": [0]}),
        ("watch_ciks", {"watch_ciks": [1] * 1001}),
        ("max_per_second", {"max_per_second": 0.0}),
        ("max_per_second", {"max_per_second": 1e9}),
        ("max_per_second", {"max_per_second": float("nan")}),
    ]
    for field, wrong in several:
        with pytest.raises(InvalidArgument) as refused:
            async for _ in admins[0].warm_cache(**wrong):
                pass
        assert [each.field for each in refused.value.fields] == [field]


def _without_cik(accession_number: str) -> FilingRef:
    return FilingRef(accession_number=accession_number)
