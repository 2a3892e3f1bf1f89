"""One run of the check: writers, readers, disturbances and the judge over a stack of its own."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from query_stack import QueryStack, StackPlan

from scripts.quality.coherence.disturbances import Calendar, disturb
from scripts.quality.coherence.history import Change, ChangeKind, History, Ledger
from scripts.quality.coherence.judge import Fault, Judge
from scripts.quality.coherence.readers import Pods, Subjects, wander
from scripts.quality.coherence.writers import Board, Visibility, Writer, filings_of
from tenkay import sequences
from tenkay.client.store import AsyncChangeFeedClient, AsyncFilingStoreClient, AsyncStoreAdminClient
from tenkay.errors import Unavailable
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb

MAX_STALENESS_SECONDS = 2.0
"""Of answers over many companies, in this check: a minute would be long to wait for."""
VISIBILITY_BAR_MS = 100.0
JUDGED_AFTER_SECONDS = 2.0
"""By then all that a read could have seen is answered and told by the feed."""
FEWEST_SAMPLES = 50


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """How large a check is."""

    commits: int = 10_000
    """At least: they go on until each kind of disturbance has come once."""
    writers: int = 12
    readers: int = 4
    pods: int = 2
    seed: int = 1
    rest_seconds: float | None = 3.0
    """Between two disturbances. None: there are none."""
    longest_seconds: float = 1800.0
    """What is not done by then counts as a failure."""
    mutant: str | None = None
    """The fault that the query processes have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a check."""

    commits: int
    kinds: dict[str, int]
    reads: int
    seconds: float
    disturbances: dict[str, int]
    visibility_ms: dict[str, float] = field(default_factory=dict)
    """"samples", and percentiles "p50", "p99" and "max", while nothing was disturbed; "disturbed_max" of the others."""
    found: dict[str, int] = field(default_factory=dict)
    examples: Sequence[str] = ()

    @property
    def is_good(self) -> bool:
        """Nothing was found, and commits were seen in time."""
        seen = self.visibility_ms
        is_seen = seen["samples"] >= FEWEST_SAMPLES and seen["p99"] <= VISIBILITY_BAR_MS
        return not any(self.found.values()) and is_seen


async def check(plan: CheckPlan, folder: Path) -> Outcome:
    """Run a check; its files go into `folder`."""
    program = None if plan.mutant is None else ("-m", "scripts.quality.coherence.mutants", plan.mutant)
    stack = QueryStack(
        StackPlan(
            folder,
            query_processes=plan.pods,
            query_settings={"max_staleness_seconds": str(MAX_STALENESS_SECONDS)},
            query_program=program,
        )
    )
    await asyncio.to_thread(stack.__enter__)
    try:
        return await _check(plan, stack)
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)


async def _check(plan: CheckPlan, stack: QueryStack) -> Outcome:
    started = time.monotonic()
    calendar = Calendar()
    board = Board(Ledger(), plan.commits, lambda: plan.rest_seconds is None or calendar.has_each)
    history = History(board.ledger)
    own = [filings_of(number) for number in range(plan.writers)]
    of_writer = {
        str(cik): [each.accession_number for each in filings]
        for filings in own
        for cik in {each.cik for each in filings}
    }
    of_company = {
        each.accession_number: [beside.accession_number for beside in filings if beside.cik == each.cik]
        for filings in own
        for each in filings
    }
    beside = {**of_writer, **of_company}
    judge = Judge(history, board.ledger, beside.__getitem__, max_staleness_seconds=MAX_STALENESS_SECONDS)
    subjects = Subjects(
        [each.accession_number for filings in own for each in filings], [int(cik) for cik in of_writer]
    )
    addresses = [each.address for each in stack.queries]
    async with AsyncExitStack() as open_now:
        store = await open_now.enter_async_context(AsyncFilingStoreClient(stack.store.endpoint))
        admin = await open_now.enter_async_context(AsyncStoreAdminClient(stack.store.endpoint))
        feed = await open_now.enter_async_context(AsyncChangeFeedClient(stack.store.endpoint))
        anyone = await open_now.enter_async_context(Pods(addresses, 0, floor=False, note=judge.note))
        wanderers = [
            await open_now.enter_async_context(Pods(addresses, number, floor=True, note=judge.note))
            for number in range(1, plan.readers + 1)
        ]
        is_followed = asyncio.Event()
        beside_writers = [asyncio.create_task(_follow(feed, history, is_followed))]
        await is_followed.wait()
        writers = [
            Writer(filings, board, store, admin, anyone, _draw(plan.seed, number))
            for number, filings in enumerate(own)
        ]
        await asyncio.gather(*(each.begin() for each in writers))
        beside_writers += [
            asyncio.create_task(wander(pods, subjects, _draw(plan.seed, 1000 + number)))
            for number, pods in enumerate(wanderers)
        ]
        beside_writers.append(asyncio.create_task(_judge_now_and_then(judge)))
        if plan.rest_seconds is not None:
            beside_writers.append(asyncio.create_task(disturb(stack, calendar, plan.rest_seconds)))
        try:
            async with asyncio.timeout(plan.longest_seconds):
                await _all_or_first_failure([each.work() for each in writers], beside_writers)
        except TimeoutError:
            came = ", ".join(calendar.counts)
            told = f"only {board.commits} commits and these disturbances within {plan.longest_seconds:g} s: {came}"
            judge.blame(Fault.FAILED, told)
        finally:
            # The feed goes on until the last commits have come; the others end.
            await _end(beside_writers[1:])
            await asyncio.sleep(JUDGED_AFTER_SECONDS)
            await _end(beside_writers[:1])
    judge.judge(float("inf"))
    for each in board.visibility:
        if not each.is_seen:
            judge.blame(Fault.UNSEEN, str(each))
    return Outcome(
        commits=board.commits,
        kinds=dict(board.kinds),
        reads=judge.judged,
        seconds=time.monotonic() - started,
        disturbances=dict(calendar.counts),
        visibility_ms=_visibility(board.visibility, calendar),
        found={str(fault): judge.found[fault] for fault in Fault},
        examples=judge.examples,
    )


def _draw(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} {number}")  # noqa: S311 - not a secret


async def _follow(feed: AsyncChangeFeedClient, history: History, is_followed: asyncio.Event) -> None:
    position = ""
    while True:
        try:
            async for batch in feed.watch(from_sequence=position):
                position = batch.up_to_sequence
                history.tell([_change(each) for each in batch.changes])
                is_followed.set()
        except Unavailable:  # the server closes old connections, so that load spreads
            await asyncio.sleep(0.05)


def _change(told: feed_pb.Change) -> Change:
    return Change(
        sequences.parse(told.sequence)[0],
        ChangeKind(feed_pb.ChangeKind.Name(told.kind).removeprefix("CHANGE_KIND_")),
        told.accession_number,
        told.version,
    )


async def _judge_now_and_then(judge: Judge) -> None:
    while True:
        await asyncio.sleep(1)
        judge.judge(time.monotonic() - JUDGED_AFTER_SECONDS)


async def _all_or_first_failure(
    work: Sequence[Coroutine[None, None, None]], beside: Sequence[asyncio.Task[None]]
) -> None:
    """Do all the work; a failure of it or of what goes on beside it ends all."""
    tasks = [asyncio.create_task(each) for each in work]
    waiting = set(tasks)
    try:
        while waiting:
            done, _ = await asyncio.wait({*waiting, *beside}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
            waiting -= done
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _visibility(samples: Sequence[Visibility], calendar: Calendar) -> dict[str, float]:
    healthy: list[float] = []
    disturbed: list[float] = []
    for each in samples:
        milliseconds = (each.seen_at - each.answered_at) * 1e3
        is_healthy = calendar.is_healthy(each.answered_at, each.seen_at)
        (healthy if is_healthy else disturbed).append(milliseconds)
    figures = {"samples": float(len(healthy)), "disturbed_max": round(max(disturbed, default=0.0), 1)}
    if healthy:
        p50, p99 = np.percentile(healthy, [50, 99])
        figures |= {"p50": round(float(p50), 1), "p99": round(float(p99), 1), "max": round(max(healthy), 1)}
    return figures
