"""Reads that nothing is cached for: through query's whole path to a store of a million signals, ten callers at once.

Each caller waits for its answer before it asks again, so latency is the time under a load of ten. A null RPC of the
same server is called the same way before and after, to show what the calls themselves take on the machine of the
moment.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import psutil
import query_with_null
import uvloop
from fill_store import COMPANIES
from made_up_filings import SIGNALS_A_FILING, accession_number
from query_stack import QueryStack, StackPlan

from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.query.v1 import query_service_pb2 as pb

CALLERS = 10
SIGNAL_READS, SIGNAL_READS_QUICK = 4000, 600
SCREENS, SCREENS_QUICK = 1000, 150
NULL_CALLS = 1000
QUARTERS = 2
"""Each company has at least so many filings in a store of a million signals."""
SERVICE = "/tenkay.query.v1.QueryService"


def measure(store: Path, folder: Path, *, quick: bool) -> dict[str, float]:
    """The figures."""
    folder.mkdir(parents=True)
    answer_file = folder / "null-answer"
    answer_file.write_bytes(bytes(4096))
    os.environ[query_with_null.ANSWER_FILE] = str(answer_file)
    plan = StackPlan(folder, query_processes=1, store_folder=store, query_program=(query_with_null.__file__,))
    with QueryStack(plan) as stack:
        pids = {"query": stack.queries[0].pid, "store": stack.store.pid}
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        return uvloop.run(_measure(stack.queries[0].address, processes, quick=quick))


async def _measure(address: str, processes: Mapping[str, psutil.Process], *, quick: bool) -> dict[str, float]:
    signal_reads = SIGNAL_READS_QUICK if quick else SIGNAL_READS
    screens = SCREENS_QUICK if quick else SCREENS
    async with grpc.aio.insecure_channel(address) as channel:
        reads = _Reads(channel)
        await reads.null(0)  # opens the connection
        nulls = await _timed(reads.null, range(NULL_CALLS))
        at_first = _cpu_ms(processes)
        signals = await _timed(reads.signals, reads.filings(signal_reads))
        between = _cpu_ms(processes)
        screened = await _timed(reads.screen, range(screens))
        at_last = _cpu_ms(processes)
        nulls += await _timed(reads.null, range(NULL_CALLS))
    return {
        "uncached_signals_p99_ms": _percentile(signals, 0.99),
        "uncached_signals_p50_ms": _percentile(signals, 0.5),
        "screen_p99_ms": _percentile(screened, 0.99),
        "screen_p50_ms": _percentile(screened, 0.5),
        "null_10_p99_ms": _percentile(nulls, 0.99),
        "null_10_p50_ms": _percentile(nulls, 0.5),
        **{
            f"{read}_cpu_ms_{name}": round((after[name] - before[name]) / number, 3)
            for read, before, after, number in (
                ("uncached_signals", at_first, between, signal_reads),
                ("screen", between, at_last, screens),
            )
            for name in processes
        },
    }


def _cpu_ms(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """CPU time of each process so far, all its threads together."""
    times = {name: process.cpu_times() for name, process in processes.items()}
    return {name: (spent.user + spent.system) * 1000 for name, spent in times.items()}


async def _timed(call: Callable[[Any], Awaitable[None]], arguments: Sequence[Any]) -> list[float]:
    """Milliseconds of each call, made by CALLERS callers."""
    waiting = iter(arguments)
    took: list[float] = []

    async def caller() -> None:
        for argument in waiting:
            started = time.perf_counter()
            await call(argument)
            took.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return took


def _percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 3)


class _Reads:
    """The calls, each of which checks its answer."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._random = random.Random(17)  # noqa: S311 - not a secret

    def filings(self, number: int) -> list[tuple[int, int]]:
        """Company and quarter of so many filings, none twice."""
        every = [(company, quarter) for company in range(COMPANIES) for quarter in range(QUARTERS)]
        return self._random.sample(every, number)

    async def null(self, _number: int) -> None:
        call = self._channel.unary_unary(
            query_with_null.METHOD, request_serializer=bytes, response_deserializer=bytes
        )
        if len(await call(b"", timeout=10)) != 4096:
            raise RuntimeError("a wrong answer of the null RPC")

    async def signals(self, filing: tuple[int, int]) -> None:
        company, quarter = filing
        name = accession_number(company, quarter)
        request = pb.GetSignalsRequest(filing=FilingRef(accession_number=name, cik=1_900_000_000 + company))
        answer = await self._uncached("GetSignals", request, pb.GetSignalsResponse)
        if answer.filing.accession_number != name or len(answer.signals) != SIGNALS_A_FILING:
            raise RuntimeError(f"a wrong answer about {name}: {len(answer.signals)} signals")

    async def screen(self, number: int) -> None:
        bound = 0.001 + number * 0.0001
        request = pb.ScreenFilingsRequest(
            filter=f"signals.signal_40 < {bound:.4f} AND signals.signal_96 = true"
        )
        answer = await self._uncached("ScreenFilings", request, pb.ScreenFilingsResponse)
        for summary in answer.filings:
            values = {signal.id: signal.value for signal in summary.signals}
            if values["signal_40"].double >= bound or not values["signal_96"].bool:
                raise RuntimeError(f"{summary.filing.accession_number} does not meet {request.filter}")

    async def _uncached(self, method: str, request: Any, answer: Any) -> Any:
        call = self._channel.unary_unary(
            f"{SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )(request, timeout=10)
        answered = await call
        if ("tenkay-cache", "hit") in tuple(await call.trailing_metadata()):
            raise RuntimeError(f"{method} was answered from the cache")
        return answered
