"""The pool of workers: a signal that misbehaves costs itself, a filing that does costs itself, and the next is served."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import psutil
import pytest

from samples import sample_filings, submission_text
from tenkay_extractor.extraction import Blob, extract
from tenkay_extractor.identity import Listing
from tenkay_extractor.missing import MissingReason
from tenkay_extractor.pool import (
    ExtractionOverrunError,
    MemoryExceededError,
    PoolFullError,
    PoolLimits,
    WorkerCrashedError,
    WorkerPool,
)
from tenkay_extractor.worker import ExtractionRequest, ExtractionSummary, FilingBytes, WorkerAnswer

pytestmark = pytest.mark.xdist_group("pool")

PROGRAM = (sys.executable, str(Path(__file__).with_name("misbehaving_worker.py")))
MEBIBYTE = 1 << 20
LIMITS = PoolLimits(workers=1, waiting=4, filings_per_worker=100, worker_bytes=512 * MEBIBYTE)


@cache
def annual_report() -> bytes:
    return submission_text(next(each for each in sample_filings() if each.form == "10-K" and each.is_inline))


@cache
def expected() -> dict[str, object]:
    """What a process that does not misbehave finds, signal by signal."""
    return {signal.id: signal for signal in extract([Blob(annual_report())], Listing()).signals}


def request(content: bytes | None = None, **changes: float) -> ExtractionRequest:
    asked = ExtractionRequest(
        filing=FilingBytes((Blob(annual_report() if content is None else content),), Listing()),
        limit_seconds=60.0,
        signal_seconds=1.0,
        maximum_bytes=64 * MEBIBYTE,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


@dataclass
class World:
    """A pool and what it told."""

    pool: WorkerPool
    replaced: list[str] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)

    async def summary(self, asked: ExtractionRequest) -> ExtractionSummary:
        answer: WorkerAnswer = await self.pool.extract(asked)
        assert answer.summary is not None, answer.refusal
        return answer.summary


@asynccontextmanager
async def world(*faults: str, limits: PoolLimits = LIMITS) -> AsyncIterator[World]:
    replaced: list[str] = []
    stopped: list[tuple[str, str]] = []
    async with WorkerPool(
        limits,
        on_replaced=replaced.append,
        on_stopped=lambda signal, why: stopped.append((signal, why)),
        command=(*PROGRAM, *faults),
    ) as pool:
        yield World(pool, replaced, stopped)


def only_this_is_missing(found: ExtractionSummary, *signals: str, reason: MissingReason) -> list[str]:
    """Asserts it, and that all other signals are as ever; the details."""
    lost = [each for each in found.missing if each.id in signals]
    assert [(each.id, each.reason) for each in lost] == [(signal, reason) for signal in signals]
    assert {signal.id: signal for signal in found.signals} == {
        name: signal for name, signal in expected().items() if name not in signals
    }
    return [each.detail for each in lost]


@pytest.mark.parametrize("fault", ["raises", "recurses"])
async def test_a_signal_that_raises_costs_itself_and_keeps_its_worker(fault: str) -> None:
    async with world(f"{fault}:revenue") as w:
        found = await w.summary(request())
        only_this_is_missing(found, "revenue", reason=MissingReason.EXTRACTOR_FAILED)
        assert [failed.id for failed in found.failures] == ["revenue"]
        assert (w.replaced, w.stopped) == ([], [])


@pytest.mark.parametrize("fault", ["hangs", "blocks"])
async def test_a_signal_that_hangs_costs_itself_and_the_filing_answers(fault: str) -> None:
    async with world(f"{fault}:net_income") as w:
        started = time.monotonic()
        found = await w.summary(request())
        assert time.monotonic() - started < 60
        (detail,) = only_this_is_missing(found, "net_income", reason=MissingReason.EXTRACTOR_TIMEOUT)
        assert detail == "this signal's own code took longer than 1 seconds on this filing"
        assert (w.replaced, w.stopped) == (["overran"], [("net_income", "overran")])
        # The worker that answered takes the next filing, on which the signal hangs again.
        assert await w.summary(request()) == found


async def test_several_signals_that_hang_cost_themselves_only() -> None:
    async with world("hangs:revenue", "blocks:net_income") as w:
        found = await w.summary(request())
        only_this_is_missing(found, "revenue", "net_income", reason=MissingReason.EXTRACTOR_TIMEOUT)


async def test_more_hanging_signals_than_there_is_time_for_cost_their_category_and_the_filing_answers() -> (
    None
):
    names = list(expected())[:20]
    async with world(*(f"blocks:{name}" for name in names)) as w:
        found = await w.summary(request(limit_seconds=14.0))
        lost = {each.id: each for each in found.missing}
        assert all(lost[name].reason is MissingReason.EXTRACTOR_TIMEOUT for name in names)
        assert 1 <= len(w.stopped) < len(names)
        assert {signal.category.value for signal in found.signals} >= {"RISK"}
        assert all(each.detail for each in found.missing)


async def test_a_signal_that_asks_for_too_much_memory_costs_itself() -> None:
    async with world("eats:total_assets") as w:
        found = await w.summary(request(signal_seconds=50.0, limit_seconds=240.0))
        only_this_is_missing(found, "total_assets", reason=MissingReason.EXTRACTOR_FAILED)
        # Either its own allocation fails, or the pool sees it grow first. What it grew to is given back: the worker is
        # replaced, and the next filing is served.
        assert set(w.replaced) == {"grew"}
        assert (await w.summary(request(signal_seconds=50.0, limit_seconds=240.0))).signals == found.signals


async def test_a_signal_that_eats_memory_unhindered_is_stopped_by_the_pool() -> None:
    async with world("eats_unlimited:total_assets") as w:
        found = await w.summary(request(signal_seconds=50.0, limit_seconds=240.0))
        (detail,) = only_this_is_missing(found, "total_assets", reason=MissingReason.EXTRACTOR_FAILED)
        assert detail == "this signal's own code needed more memory than a filing may have"
        assert (w.replaced, w.stopped) == (["grew"], [("total_assets", "grew")])


async def test_a_signal_that_ends_its_process_costs_itself() -> None:
    async with world("dies:revenue") as w:
        found = await w.summary(request())
        (detail,) = only_this_is_missing(found, "revenue", reason=MissingReason.EXTRACTOR_FAILED)
        assert detail == "this signal's own code ended its process on this filing"
        assert (w.replaced, w.stopped) == (["crashed"], [("revenue", "crashed")])


async def test_a_filing_over_its_limit_is_stopped_and_the_next_is_served() -> None:
    async with world("blocks:revenue") as w:
        with pytest.raises(ExtractionOverrunError, match=r"took longer than 0\.05 seconds"):
            await w.pool.extract(request(limit_seconds=0.05))
        assert w.replaced == ["overran"]
        await w.summary(request())


async def test_a_filing_that_needs_more_memory_than_a_worker_may_have_is_told_and_the_next_is_served() -> (
    None
):
    small = replace(LIMITS, worker_bytes=256 * MEBIBYTE)
    async with world(limits=small) as w:
        rows = b"<tr><td>" + b"word " * 8 + b"</td></tr>"
        page = b"<html><body><table>" + rows * (200 * MEBIBYTE // len(rows)) + b"</table></body></html>"
        with pytest.raises((MemoryExceededError, WorkerCrashedError)):
            await w.pool.extract(
                request(b"<DOCUMENT>\n<TYPE>10-K\n<TEXT>\n" + page + b"\n</TEXT>\n</DOCUMENT>\n")
            )
        only_this_is_missing(await w.summary(request()), reason=MissingReason.EXTRACTOR_FAILED)


async def test_a_caller_that_leaves_frees_the_worker_and_nothing_of_its_filing_goes_on() -> None:
    before = {each.pid for each in psutil.Process().children()}
    async with world("blocks:revenue") as w:
        left = asyncio.create_task(w.pool.extract(request(signal_seconds=50.0)))
        await _until(lambda: w.pool.busy == 1)
        workers = {each.pid for each in psutil.Process().children()} - before
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        await _until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
        assert (w.pool.busy, w.replaced) == (0, ["cancelled"])
        await w.summary(request())


async def test_a_caller_that_leaves_the_queue_gives_its_place_back() -> None:
    async with world("blocks:revenue", limits=replace(LIMITS, waiting=1)) as w:
        first = asyncio.create_task(w.pool.extract(request(signal_seconds=50.0)))
        await _until(lambda: w.pool.busy == 1)
        second = asyncio.create_task(w.pool.extract(request()))
        await _until(lambda: w.pool.waiting == 1)
        with pytest.raises(PoolFullError) as full:
            await w.pool.extract(request())
        assert full.value.retry_after > 0
        second.cancel()
        await _until(lambda: w.pool.waiting == 0)
        third = asyncio.create_task(w.summary(request()))
        await _until(lambda: w.pool.waiting == 1)
        first.cancel()
        only_this_is_missing(await third, "revenue", reason=MissingReason.EXTRACTOR_TIMEOUT)


async def test_filings_are_extracted_side_by_side_up_to_the_number_of_workers() -> None:
    async with world("blocks:revenue", limits=replace(LIMITS, workers=2)) as w:
        both = [asyncio.create_task(w.summary(request(signal_seconds=1.5))) for _ in range(2)]
        await _until(lambda: w.pool.busy == 2)
        third = asyncio.create_task(w.summary(request()))
        await _until(lambda: w.pool.waiting == 1)
        assert (w.pool.busy, w.pool.waiting) == (2, 1)
        await asyncio.gather(*both, third)
        assert (w.pool.busy, w.pool.waiting) == (0, 0)


async def test_a_filing_that_is_run_again_does_not_wait_behind_others() -> None:
    async with world("blocks:revenue", limits=replace(LIMITS, waiting=8)) as w:
        ended: list[int] = []

        async def one(number: int) -> None:
            await w.summary(request())
            ended.append(number)

        await asyncio.gather(*(one(number) for number in range(3)))
        assert ended == [0, 1, 2]


async def test_a_worker_is_replaced_after_its_number_of_filings() -> None:
    async with world(limits=replace(LIMITS, filings_per_worker=2)) as w:
        for _ in range(3):
            await w.summary(request())
        assert w.replaced == ["recycled"]


async def test_no_worker_outlives_its_pool() -> None:
    before = {each.pid for each in psutil.Process().children()}
    async with world("blocks:revenue", limits=replace(LIMITS, workers=2)) as w:
        running = asyncio.create_task(w.pool.extract(request(signal_seconds=50.0)))
        await _until(lambda: w.pool.busy == 1)
        started = {each.pid for each in psutil.Process().children()} - before
        assert len(started) == 2
    with pytest.raises(WorkerCrashedError):
        await running
    assert not any(psutil.pid_exists(pid) for pid in started)


async def _until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to hold")
