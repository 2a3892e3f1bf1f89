"""Query over a real store and a real Valkey: hits, misses, what makes an answer void, and what is shared."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from redis.asyncio import Redis

from tenkay.client import Endpoint
from tenkay.client.store import AsyncStoreAdminClient
from tenkay.common.v1.dispute_pb2 import DISPUTE_REASON_WRONG_SCALE
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.common.v1.read_pb2 import AsOf
from tenkay.errors import InvalidArgument, NotFound, Reason, Unavailable
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import envelope, redis_keys
from tests.integration.query.conftest import REQUESTS, Caller, Filings, eventually, extraction, revenue_of
from tests.integration.running_services import Service
from tests.stack_fixtures import ValkeyServer

pytestmark = pytest.mark.xdist_group("query")
"""One worker runs them all: they share their servers."""


async def test_the_second_answer_is_a_hit_with_the_same_bytes(
    caller: Caller, filings: Filings, store_service: Service
) -> None:
    filing = filings.new()
    await filings.commit(filing, 7)
    await filings.commit_analysis(filing, 66.5, revenue=7)
    await settled(caller, filing)
    requests = [
        pb.GetFilingRequest(filing=filing),
        pb.GetSignalsRequest(filing=filing, signal_ids=["revenue"]),
        pb.GetAnalysisRequest(filing=filing),
        pb.GetCompanySummaryRequest(cik=filing.cik),
        pb.ListFilingsRequest(cik=filing.cik),
        pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}"),
    ]
    for request in requests:
        first = await caller.ask(request)
        second = await caller.ask(request)
        assert first.error is None
        assert (first.cache, second.cache) == ("miss", "hit")
        assert second.body == first.body
        assert first.message.as_of_sequence
    assert second.message.filings[0].score == 66.5


async def test_a_hit_costs_the_store_nothing(
    caller: Caller, filings: Filings, store_service: Service
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await caller.ask(pb.GetSignalsRequest(filing=filing))
    before = store_service.calls("GetSignals")
    for _ in range(20):
        assert (await caller.ask(pb.GetSignalsRequest(filing=filing))).cache == "hit"
    assert store_service.calls("GetSignals") == before


async def test_a_process_answers_from_its_own_memory_whatever_state_is_asked_for_up_to_its_own(
    caller: Caller, filings: Filings
) -> None:
    filing = filings.new()
    sequence = await filings.commit(filing, 4)
    await settled(caller, filing)

    def from_memory() -> float:
        return caller.service.metric("tenkay_query_answers_total", kind="signals", level="process")

    async def is_kept() -> bool:
        before = from_memory()
        answer = await caller.ask(pb.GetSignalsRequest(filing=filing, min_sequence=sequence))
        assert revenue_of(answer) == 4
        return from_memory() > before

    await eventually(is_kept)
    before = from_memory()
    for least in ("", "0.1", sequence):
        answer = await caller.ask(pb.GetSignalsRequest(filing=filing, min_sequence=least))
        assert (answer.cache, revenue_of(answer)) == ("hit", 4)
        assert int(answer.message.as_of_sequence[2:]) >= int(sequence[2:])
    assert from_memory() == before + 3
    # Another commit moves the state that the same answer is known to be true at.
    later = await filings.commit(filings.new())

    async def is_later() -> bool:
        answer = await caller.ask(pb.GetSignalsRequest(filing=filing))
        assert answer.cache == "hit"
        return int(answer.message.as_of_sequence[2:]) >= int(later[2:])

    await eventually(is_later)


async def test_bytes_that_are_no_request_are_refused(caller: Caller) -> None:
    channel = grpc.aio.insecure_channel(caller.service.address)
    for method in REQUESTS.values():
        call = channel.unary_unary(
            f"/tenkay.query.v1.QueryService/{method}", request_serializer=bytes, response_deserializer=bytes
        )
        for raw in (b"\xff\xff", b"\x0a\xff", b"\x0b"):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(raw, timeout=5)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    await channel.close(None)


async def test_what_one_process_asked_the_other_has(callers: tuple[Caller, Caller], filings: Filings) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await settled(callers[0], filing)
    assert (await callers[0].ask(pb.GetSignalsRequest(filing=filing, omit_evidence=True))).cache == "miss"
    assert (await callers[1].ask(pb.GetSignalsRequest(filing=filing, omit_evidence=True))).cache == "hit"


async def test_a_newer_result_is_seen_within_a_second_without_asking_for_it(
    callers: tuple[Caller, Caller], filings: Filings
) -> None:
    filing = filings.new()
    await filings.commit(filing, 0)
    request = pb.GetSignalsRequest(filing=filing)
    for version in range(1, 6):
        for caller in callers:
            await caller.ask(request)
        await filings.commit(filing, version)
        committed = time.perf_counter()
        for caller in callers:

            async def is_new(caller: Caller = caller, version: int = version) -> bool:
                return revenue_of(await caller.ask(request)) == version

            await eventually(is_new, every=0.002)
        assert time.perf_counter() - committed < 1.0


async def test_a_commit_voids_what_hangs_on_it_and_nothing_else(caller: Caller, filings: Filings) -> None:
    touched, other = filings.new(), filings.new()
    for filing in (touched, other):
        await filings.commit(filing)
        await settled(caller, filing)
        await caller.ask(pb.GetCompanySummaryRequest(cik=filing.cik))
    sequence = await filings.commit(touched, 2)
    assert revenue_of(await caller.ask(pb.GetSignalsRequest(filing=touched, min_sequence=sequence))) == 2
    assert (await caller.ask(pb.GetCompanySummaryRequest(cik=touched.cik))).cache == "miss"
    assert (await caller.ask(pb.GetSignalsRequest(filing=other))).cache == "hit"
    assert (await caller.ask(pb.GetCompanySummaryRequest(cik=other.cik))).cache == "hit"


async def test_what_becomes_stale_or_disputed_is_seen_without_asking_for_it(
    caller: Caller, filings: Filings, store_service: Service
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await settled(caller, filing)
    request = pb.GetSignalsRequest(filing=filing)
    await caller.ask(request)
    assert (await caller.ask(request)).cache == "hit"
    # The filing of the year before, which this one was computed without.
    prior = extraction(FilingRef(accession_number=filings.new().accession_number, cik=filing.cik), 1)
    prior.filing.period_end.year -= 1
    prior.filing.filed_date.year -= 1
    await filings.client.commit_extraction(extraction=prior)

    async def is_stale() -> bool:
        return bool((await caller.ask(request)).message.HasField("stale"))

    async def is_disputed() -> bool:
        return bool((await caller.ask(request)).message.disputes)

    await eventually(is_stale)
    async with AsyncStoreAdminClient(Endpoint(store_service.address, plaintext=True)) as admin:
        await admin.dispute_value(
            filing=filing, signal_id="revenue", reason=DISPUTE_REASON_WRONG_SCALE, said_by="an analyst"
        )
    await eventually(is_disputed)


async def test_a_filing_that_changes_its_company_voids_what_is_kept_of_the_former_one(
    caller: Caller, filings: Filings
) -> None:
    filing, other = filings.new(), filings.new()
    stays = FilingRef(accession_number=filings.new().accession_number, cik=filing.cik)
    for each in (stays, filing):
        await filings.commit(each)
        await settled(caller, each)
    former = [pb.GetCompanySummaryRequest(cik=filing.cik), pb.ListFilingsRequest(cik=filing.cik)]
    for request in former:
        await caller.ask(request)
        assert (await caller.ask(request)).cache == "hit"
    moved = FilingRef(accession_number=filing.accession_number, cik=other.cik)
    sequence = await filings.commit(moved, 2)

    # Who has seen the commit sees at once that the former company has lost the filing.
    listed = await caller.ask(pb.ListFilingsRequest(cik=filing.cik, min_sequence=sequence))
    assert [each.filing.accession_number for each in listed.message.filings] == [stays.accession_number]
    summary = await caller.ask(pb.GetCompanySummaryRequest(cik=filing.cik, min_sequence=sequence))
    company = summary.message.company
    assert (company.latest_annual.filing.accession_number, len(company.recent)) == (stays.accession_number, 0)
    assert summary.cache == "miss"
    new = await caller.ask(pb.ListFilingsRequest(cik=other.cik, min_sequence=sequence))
    assert [each.filing.accession_number for each in new.message.filings] == [filing.accession_number]


async def test_an_analysis_voids_the_filings_answers(caller: Caller, filings: Filings) -> None:
    filing = filings.new()
    await filings.commit(filing)
    request = pb.GetAnalysisRequest(filing=filing)
    missing = await caller.ask(request)
    assert missing.error is not None
    assert missing.error.reason is Reason.ANALYSIS_UNKNOWN
    sequence = await filings.commit_analysis(filing, 61.0)
    found = await caller.ask(pb.GetAnalysisRequest(filing=filing, min_sequence=sequence))
    assert found.message.analysis.score == 61.0


async def test_ones_own_commits_are_read_through_any_process_while_redis_forgets(
    callers: tuple[Caller, Caller], filings: Filings, valkey_cache: ValkeyServer
) -> None:
    filing = filings.new()
    kinds = set()
    async with Redis.from_url(valkey_cache.url) as redis:
        for revenue in range(60):
            sequence = await filings.commit(filing, revenue)
            if revenue % 10 == 5:
                await redis.flushall()
            if revenue % 10 == 7:
                await redis.delete(redis_keys.filing_generation(filing.accession_number))
            for caller in (callers[revenue % 2], callers[1 - revenue % 2]):
                answer = await caller.ask(pb.GetSignalsRequest(filing=filing, min_sequence=sequence))
                assert revenue_of(answer) == revenue
                kinds.add(answer.cache)
    assert "hit" in kinds


async def test_readers_without_a_token_never_see_time_go_back_in_one_process(
    caller: Caller, filings: Filings
) -> None:
    filing = filings.new()
    await filings.commit(filing, 0)
    done = asyncio.Event()

    async def read() -> list[int]:
        seen = []
        while not done.is_set():
            seen.append(revenue_of(await caller.ask(pb.GetSignalsRequest(filing=filing))))
        return seen

    readers = [asyncio.create_task(read()) for _ in range(4)]
    for revenue in range(1, 40):
        await filings.commit(filing, revenue)
    done.set()
    for seen in await asyncio.gather(*readers):
        assert seen == sorted(seen)


async def test_a_thousand_callers_of_one_cold_key_cost_one_call(
    caller: Caller, filings: Filings, store_service: Service
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await settled(caller, filing)
    before = store_service.calls("GetFiling")
    answers = await asyncio.gather(*(caller.ask(pb.GetFilingRequest(filing=filing)) for _ in range(1000)))
    assert {answer.body for answer in answers} == {answers[0].body}
    assert answers[0].error is None
    assert store_service.calls("GetFiling") == before + 1


async def test_that_there_is_no_such_filing_is_remembered_until_it_is_committed(
    caller: Caller, filings: Filings, store_service: Service
) -> None:
    filing = filings.new()
    request = pb.GetSignalsRequest(filing=filing)
    company = pb.GetCompanySummaryRequest(cik=filing.cik)
    for asked, reason in ((request, Reason.FILING_UNKNOWN), (company, Reason.COMPANY_UNKNOWN)):
        first, second = await caller.ask(asked), await caller.ask(asked)
        for answer in (first, second):
            assert isinstance(answer.error, NotFound)
            assert answer.error.reason is reason
            assert filing.accession_number in answer.error.message or str(filing.cik) in answer.error.message
        assert (first.cache, second.cache) == ("miss", "hit")
    await filings.commit(filing, 3)

    async def is_there() -> bool:
        answers = [await caller.ask(asked) for asked in (request, company)]
        return all(answer.error is None for answer in answers)

    assert await eventually(is_there) < 1.0


async def test_another_moment_is_another_answer(caller: Caller, filings: Filings) -> None:
    filing = filings.new()
    await filings.commit(filing)
    now = await caller.ask(pb.GetFilingRequest(filing=filing))
    long_ago = AsOf(recorded_at=Timestamp(seconds=1))
    then = await caller.ask(pb.GetFilingRequest(filing=filing, as_of=long_ago))
    assert now.error is None
    assert then.error is not None
    assert then.error.reason is Reason.FILING_UNKNOWN
    assert (await caller.ask(pb.GetFilingRequest(filing=filing))).error is None


async def test_errors_of_the_call_are_told_and_never_kept(caller: Caller, filings: Filings) -> None:
    filing = filings.new()
    await filings.commit(filing)
    wrong = [
        (pb.GetSignalsRequest(filing=filing, signal_ids=["no_such_signal"]), Reason.UNKNOWN_SIGNAL),
        (pb.ScreenFilingsRequest(filter="signals.revenue <"), Reason.FILTER_SYNTAX),
        (pb.ScreenFilingsRequest(filter="colour = 1"), Reason.FILTER_UNKNOWN_FIELD),
        (pb.ListFilingsRequest(page_token="bm90IGEgdG9rZW4"), Reason.MALFORMED_PAGE_TOKEN),
        (pb.ListFilingsRequest(page_size=-1), Reason.INVALID_FIELD),
        (pb.GetFilingRequest(filing=FilingRef(accession_number="17")), Reason.MALFORMED_ACCESSION_NUMBER),
        (pb.GetFilingRequest(filing=filing, min_sequence="yesterday"), Reason.MALFORMED_SEQUENCE),
    ]
    for request, reason in wrong:
        for _ in range(2):
            answer = await caller.ask(request)
            assert isinstance(answer.error, InvalidArgument)
            assert answer.error.reason is reason
            assert answer.error.fields
            assert answer.cache != "hit"


async def test_a_state_that_the_store_has_not_reached_is_an_error_and_no_old_answer(
    caller: Caller, filings: Filings
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await caller.ask(pb.GetFilingRequest(filing=filing))
    answer = await caller.ask(pb.GetFilingRequest(filing=filing, min_sequence="0.999999999"))
    assert isinstance(answer.error, Unavailable)
    assert answer.error.reason is Reason.SEQUENCE_NOT_REACHED


@pytest.mark.parametrize("about", ["filing", "company", "many"])
async def test_the_sequence_of_another_store_is_refused_with_its_field(
    about: str, caller: Caller, filings: Filings
) -> None:
    filing = filings.new()
    sequence = await filings.commit(filing)
    await settled(caller, filing)
    requests: dict[str, Any] = {
        "filing": pb.GetSignalsRequest(filing=filing),
        "company": pb.GetCompanySummaryRequest(cik=filing.cik),
        "many": pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}"),
    }
    request = requests[about]
    for _ in range(2):  # cold and cached
        request.min_sequence = "5.7"
        answer = await caller.ask(request)
        assert isinstance(answer.error, InvalidArgument)
        assert answer.error.reason is Reason.MALFORMED_SEQUENCE
        assert [each.field for each in answer.error.fields] == ["min_sequence"]
        request.min_sequence = f"{sequence},5.7"
        answer = await caller.ask(request)
        assert answer.error is None, "the part of this store is what counts here"
    assert answer.cache == "hit"


async def test_the_size_of_a_page_may_change_from_page_to_page(caller: Caller, filings: Filings) -> None:
    """AIP-158: a page size that changes is honoured; only the other arguments must stay the same."""
    first = filings.new()
    company = [
        first,
        *(FilingRef(accession_number=filings.new().accession_number, cik=first.cik) for _ in range(6)),
    ]
    for filing in company:
        sequence = await filings.commit(filing)
    token, listed, sizes = "", [], []
    for page_size in (1, 3, 2, 500):
        answer = await caller.ask(
            pb.ListFilingsRequest(cik=first.cik, page_size=page_size, page_token=token, min_sequence=sequence)
        )
        assert answer.error is None
        sizes.append(len(answer.message.filings))
        listed += [summary.filing.accession_number for summary in answer.message.filings]
        token = answer.message.next_page_token
    assert sizes == [1, 3, 2, 1]
    assert not token
    assert sorted(listed) == sorted(filing.accession_number for filing in company)


async def test_pages_of_a_list_come_from_the_cache_and_fit_together(caller: Caller, filings: Filings) -> None:
    first = filings.new()
    company = [
        first,
        *(FilingRef(accession_number=filings.new().accession_number, cik=first.cik) for _ in range(4)),
    ]
    for filing in company:
        sequence = await filings.commit(filing)

    async def pages(cache: set[str]) -> list[str]:
        token, listed = "", []
        while True:
            answer = await caller.ask(
                pb.ListFilingsRequest(cik=first.cik, page_size=2, page_token=token, min_sequence=sequence)
            )
            cache.add(answer.cache)
            listed += [summary.filing.accession_number for summary in answer.message.filings]
            token = answer.message.next_page_token
            if not token:
                return listed

    cold: set[str] = set()
    warm: set[str] = set()
    listed = await pages(cold)
    assert sorted(listed) == sorted(filing.accession_number for filing in company)
    assert await pages(warm) == listed
    assert warm == {"hit"}


async def test_a_page_token_of_another_list_is_refused(caller: Caller, filings: Filings) -> None:
    one, other = filings.new(), filings.new()
    for filing in (one, FilingRef(accession_number=filings.new().accession_number, cik=one.cik), other):
        sequence = await filings.commit(filing)
    page = await caller.ask(pb.ListFilingsRequest(cik=one.cik, page_size=1, min_sequence=sequence))
    token = page.message.next_page_token
    assert token
    wrong = await caller.ask(pb.ListFilingsRequest(cik=other.cik, page_size=1, page_token=token))
    assert wrong.error is not None
    assert wrong.error.reason is Reason.MALFORMED_PAGE_TOKEN


async def test_a_screen_may_be_a_little_old_unless_more_is_asked_for(
    caller: Caller, filings: Filings
) -> None:
    filing = filings.new()
    request = pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}")
    assert len((await caller.ask(request)).message.filings) == 0
    sequence = await filings.commit(filing)
    old = await caller.ask(request)
    assert (old.cache, len(old.message.filings)) == ("hit", 0)
    new = await caller.ask(pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}", min_sequence=sequence))
    assert (new.cache, len(new.message.filings)) == ("bypass", 1)
    # The newer answer has replaced the older one.
    again = await caller.ask(request)
    assert (again.cache, len(again.message.filings)) == ("hit", 1)


async def test_damaged_entries_are_passed_over_and_replaced(
    caller_without_near: Caller, filings: Filings, valkey_cache: ValkeyServer
) -> None:
    caller, filing = caller_without_near, filings.new()
    await filings.commit(filing, 5)
    request = pb.GetSignalsRequest(filing=filing)
    await settled(caller, filing)
    async with Redis.from_url(valkey_cache.url) as redis:
        (key,) = [key async for key in redis.scan_iter("q:v2:GetSignals:*")]
        whole = await redis.get(key)
        assert isinstance(whole, bytes)
        for damaged in (b"", b"\x00", whole[:-1], bytes([whole[0], whole[1] + 1]) + whole[2:]):
            await redis.set(key, damaged)
            answer = await caller.ask(request)
            assert (answer.cache, revenue_of(answer)) == ("miss", 5)
            assert (await caller.ask(request)).cache == "hit"


async def test_entries_live_as_long_as_their_kind_give_or_take_a_tenth(
    caller: Caller, filings: Filings, valkey_cache: ValkeyServer
) -> None:
    filing = filings.new()
    await filings.commit(filing)
    await settled(caller, filing)
    hour, day = 3600, 24 * 3600
    kinds = [
        (pb.GetFilingRequest(filing=filing), 7 * day),
        (pb.GetSignalsRequest(filing=filing), 7 * day),
        (pb.GetCompanySummaryRequest(cik=filing.cik), day),
        (pb.ListFilingsRequest(cik=filing.cik), hour),
        (pb.GetAnalysisRequest(filing=filing), 30),
        (pb.ScreenFilingsRequest(filter=f"cik = {filing.cik}"), hour / 4),
    ]
    async with Redis.from_url(valkey_cache.url) as redis:
        for request, seconds in kinds:
            await caller.ask(request)
            pattern = f"q:v2:{type(request).__name__.removesuffix('Request')}:*"
            (key,) = [key async for key in redis.scan_iter(pattern)]
            assert 0.89 * seconds <= await redis.ttl(key) <= 1.1 * seconds
            entry = envelope.decode(await redis.get(key))  # type: ignore[arg-type]
            assert entry is not None
            lasts = (entry.fresh_until_ms - entry.read_at_ms) / 1000
            assert 0.89 * seconds <= lasts <= 1.1 * seconds


@pytest.mark.parametrize("lost", ["generation", "epoch", "position", "everything"])
async def test_what_redis_forgets_is_asked_again_and_then_remembered(
    lost: str, caller: Caller, filings: Filings, valkey_cache: ValkeyServer
) -> None:
    filing = filings.new()
    sequence = await filings.commit(filing, 9)
    request = pb.GetSignalsRequest(filing=filing)
    await settled(caller, filing)
    async with Redis.from_url(valkey_cache.url) as redis:
        match lost:
            case "generation":
                await redis.delete(redis_keys.filing_generation(filing.accession_number))
            case "epoch":
                await redis.delete(redis_keys.EPOCH)
            case "position":
                await redis.delete(redis_keys.POSITION)
            case "everything":
                await redis.flushall()

        async def is_asked_again() -> bool:
            answer = await caller.ask(request)
            assert revenue_of(answer) == 9
            return answer.cache in ("miss", "bypass")

        # The position alone is nothing that a process's own answers hang on. Of the others the process hears by a
        # message, which may come after the next call.
        if lost != "position":
            await eventually(is_asked_again, seconds=2.0, every=0.001)
        await settled(caller, filing)
        generation = await redis.get(redis_keys.filing_generation(filing.accession_number))
        assert isinstance(generation, bytes)
        assert int(generation[envelope.EPOCH_BYTES :].decode().partition(".")[2]) >= int(
            sequence.partition(".")[2]
        )


async def settled(caller: Caller, filing: FilingRef) -> None:
    """Waits until the feed is past the filing's commits: its signals are then cached."""

    async def is_hit() -> bool:
        return (await caller.ask(pb.GetSignalsRequest(filing=filing))).cache == "hit"

    await eventually(is_hit)
