"""One load on one stack: calls at their moments, writes and faults beside them, memory watched."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import psutil
from query_load.arrivals import Stage, evenly, poisson
from query_load.caller import Caller
from query_load.calls import Calls
from query_load.faults import FaultSpan, PlannedFault, bring_about
from query_load.recorded_mix import WRITE_EVERY_SECONDS, Method, RecordedMix, every_question
from query_load.sender import closed_loop, send
from query_load.target import OwnStack, Target
from query_load.writes import Ingest, MixWriter, analyse_newest

from tenkay.client import SequenceFloor
from tenkay.client.store import AsyncFilingStoreClient

INGEST = "Ingest"
WARM_IN_FLIGHT = 16
"""The store reads ten at once: more would only wait."""
CAPACITY_IN_FLIGHT = 64
CAPACITY_CALLS = 6000
STORE_READS = tuple(method.value for method in Method)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What a load is."""

    read: Sequence[Stage] = ()
    """Reads of the recorded mix."""
    ingest: Sequence[Stage] = ()
    """New filings: an extraction and an analysis each."""
    faults: Sequence[PlannedFault] = ()
    seed: int = 1
    write_every_seconds: float | None = WRITE_EVERY_SECONDS
    """The mix's own writes; None: it only reads."""


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Resident memory of the processes at one moment."""

    at: float
    bytes_by_process: dict[str, int]


@dataclass(slots=True)
class LoadResult:
    """What became of a load."""

    plan: LoadPlan
    calls: list[Calls]
    """Of the reads and of the ingest, those that there were."""
    spans: list[FaultSpan] = field(default_factory=list)
    memory: list[MemorySample] = field(default_factory=list)
    seconds: float = 0.0
    store_calls: float | None = None
    """Reads that the store answered. None: not known, as when the store was restarted."""
    written: int = 0
    failed_writes: list[str] = field(default_factory=list)


class Loader:
    """Brings loads upon a stack, one after the other. Use as an async context manager."""

    def __init__(self, target: Target, seed: int) -> None:
        self.target = target
        self.mix = RecordedMix(seed)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Loader:
        floor = SequenceFloor()
        self.caller = await self._open.enter_async_context(Caller(self.target.query_endpoint, floor))
        self.store = await self._open.enter_async_context(
            AsyncFilingStoreClient(self.target.store_endpoint, floor=floor)
        )
        self._ingest = Ingest(self.store)
        self._writer = MixWriter(self.mix, self.store, self.caller)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def prepare(self) -> float:
        """Analyse what is to be read, in a store that is freshly filled, and ask every question once.

        Reads a second that the store answered: nothing was cached.
        """
        await analyse_newest(self.store)
        return await self.warm()

    async def warm(self) -> float:
        """Ask every question once; calls a second."""
        questions = every_question()
        seconds = await closed_loop(
            lambda place: self.caller.ask(questions[place]), len(questions), WARM_IN_FLIGHT
        )
        return len(questions) / seconds

    async def capacity(self) -> float:
        """Reads a second of the mix when each of many callers asks as soon as it is answered."""
        questions = self.mix.questions(CAPACITY_CALLS)
        seconds = await closed_loop(
            lambda place: self.caller.ask(questions[place]), len(questions), CAPACITY_IN_FLIGHT
        )
        return len(questions) / seconds

    async def load(self, plan: LoadPlan) -> LoadResult:
        """Bring one load."""
        result = LoadResult(plan, [])
        sends = []
        if plan.read:
            intended = poisson(plan.read, plan.seed)
            questions = self.mix.questions(len(intended))
            calls = Calls.planned(intended, [method.value for method in Method])
            calls.method[:] = [calls.methods.index(asked.method) for asked in questions]
            result.calls.append(calls)
            sends.append((calls, lambda place: self.caller.ask(questions[place])))
        if plan.ingest:
            filings = Calls.planned(evenly(plan.ingest), [INGEST])
            result.calls.append(filings)
            sends.append((filings, self._ingest.one))
        gc.collect()
        gc.freeze()  # walking the plan for garbage is no part of what is measured
        before, writes_before = self.target.store_calls(STORE_READS), self._writer.written
        store_pid = self.target.processes().get("store")
        started = time.perf_counter()
        beside = [asyncio.create_task(self._watch_memory(result, started))]
        if plan.write_every_seconds is not None:
            beside.append(asyncio.create_task(self._writer.every(plan.write_every_seconds)))
        faults = asyncio.create_task(self._faults(plan, started, result))
        try:
            await asyncio.gather(*(send(calls, call, started) for calls, call in sends))
            await faults
        finally:
            for task in (faults, *beside):
                task.cancel()
            ended = await asyncio.gather(faults, *beside, return_exceptions=True)
        for each in ended:
            if isinstance(each, Exception):
                raise each
        result.seconds = time.perf_counter() - started
        result.written = self._writer.written - writes_before
        result.failed_writes = list(self._writer.failed)
        self._writer.failed.clear()
        after = self.target.store_calls(STORE_READS)
        if before is not None and after is not None and store_pid == self.target.processes().get("store"):
            result.store_calls = after - before
        return result

    async def _faults(self, plan: LoadPlan, started: float, result: LoadResult) -> None:
        if plan.faults:
            if not isinstance(self.target, OwnStack):
                raise ValueError("faults are brought about in a stack of its own only")
            await bring_about(plan.faults, self.target.stack, started, result.spans)

    async def _watch_memory(self, result: LoadResult, started: float) -> None:
        while True:
            sizes = {}
            for name, pid in self.target.processes().items():
                with contextlib.suppress(psutil.NoSuchProcess):
                    sizes[name] = psutil.Process(pid).memory_info().rss
            result.memory.append(MemorySample(time.perf_counter() - started, sizes))
            await asyncio.sleep(1)
