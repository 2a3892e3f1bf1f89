"""What copies of the store cost while commits go on, and what a lost disk loses.

A store with 1 M signals and their evidence (`fill_store.py`) takes made-up filings as fast as it can; meanwhile it is
copied into a folder.

Figures
    snapshot_seconds         from the request to the snapshot in the backup
    snapshot_mb              its size
    snapshot_stall_ms        longest time without an answered commit during a snapshot, less the longest one before it
    snapshot_throughput_x    filings a second: while snapshots are made / before
    copy_throughput_x        filings a second: with the copy of commits / without
    loss_window_over_setting longest time, before a disk lost at a random moment, whose commits are lost / the setting
    loss_window_seconds      that time
    restore_filings_a_second  copied commits put back

With --quick there are fewer rounds and moments.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path

from fill_store import fill, store_options
from made_up_filings import filing

from tenkay_store.backups.backup import Backup
from tenkay_store.backups.commit_copy import CommitCopy, CopyLimits
from tenkay_store.backups.restore import restore
from tenkay_store.backups.restore_report import Until
from tenkay_store.backups.snapshots import SnapshotOptions, Snapshots
from tenkay_store.objects.object_store import open_object_store
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.second_sink.jitter import jittered

MILLION = 1_000_000
IN_FLIGHT = 100
COPY_SECONDS = 2.0
RESTORED_COMMITS = 2000
MEBIBYTE = 1024 * 1024
_FIRST_QUARTER = 90
"""Of the filings committed: after those that the file was filled with."""


def run(quick: bool, note: Callable[[str], None]) -> dict[str, float]:
    """The suite's figures."""
    folder = Path(tempfile.mkdtemp(prefix="tenkay-benchmark-"))
    try:
        fill(folder / "data", MILLION, evidence=True)
        return asyncio.run(_figures(folder, rounds=1 if quick else 6, moments=4 if quick else 30, note=note))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Load:
    """Commits filings without a pause, and notes when each was answered."""

    def __init__(self, store: DuckDBStore) -> None:
        self._store = store
        self._numbers = count()
        self.answered: list[tuple[float, int]] = []
        """Moment and sequence."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Under load from entering the block to leaving it."""
        workers = [asyncio.create_task(self._commit()) for _ in range(IN_FLIGHT)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _commit(self) -> None:
        while True:
            number = next(self._numbers)
            body = filing(number % 4000, _FIRST_QUARTER + number // 4000)
            committed = await self._store.commit(body)
            self.answered.append((time.monotonic(), committed.sequence))

    def rate(self, start: float, end: float) -> float:
        """Filings a second answered between two moments. RuntimeError when there are none."""
        answered = sum(start <= at < end for at, _ in self.answered)
        if not answered:
            raise RuntimeError(
                f"no commit was answered in {end - start:.1f} s: the machine is too busy to measure"
            )
        return answered / (end - start)

    def longest_gap(self, start: float, end: float) -> float:
        """Longest time between two answers, in seconds."""
        moments = [start, *(at for at, _ in self.answered if start <= at < end), end]
        return max(after - before for before, after in pairwise(moments))


async def _figures(folder: Path, rounds: int, moments: int, note: Callable[[str], None]) -> dict[str, float]:
    store = DuckDBStore.open(store_options(folder / "data"), _now)
    backup = Backup(open_object_store(f"file://{folder}/backup", folder), 0)
    copy = CommitCopy(
        store, backup, CopyLimits(COPY_SECONDS, 16 * MEBIBYTE, 1024 * MEBIBYTE), clock=_now, jitter=jittered
    )
    options = SnapshotOptions(hours=0, after_purge_seconds=600, keep=1, keep_days=1)
    snapshots = Snapshots(store, backup, None, options, folder / "snapshot.tmp", clock=_now, jitter=jittered)
    load = _Load(store)
    try:
        figures = await _snapshot_figures(load, snapshots, rounds)
        made = (await snapshots.present())[0]
        copy.follow(made.sequence)
        await copy.flush()
        figures |= await _copy_figures(load, copy, backup, rounds, moments)
        await copy.flush()
    finally:
        await store.close()
    started = time.monotonic()
    report = await restore(
        backup,
        folder / "restored",
        second_sink=None,
        sink_name=None,
        artifacts=open_object_store(None, folder / "objects"),
        until=Until(sequence=made.sequence + RESTORED_COMMITS),
        limits=Limits("4GB", 2, 1),
        clock=_now,
        tell=note,
    )
    figures["restore_filings_a_second"] = report.from_copy / (time.monotonic() - started)
    return figures


async def _snapshot_figures(load: _Load, snapshots: Snapshots, rounds: int) -> dict[str, float]:
    seconds: list[float] = []
    stalls: list[float] = []
    ratios: list[float] = []
    sizes: list[float] = []
    async with load.running():
        await asyncio.sleep(2)
        for _ in range(rounds):
            before = time.monotonic()
            # As long as a snapshot takes, about.
            await asyncio.sleep(statistics.median(seconds) if seconds else 2)
            start = time.monotonic()
            made = await snapshots.create()
            end = time.monotonic()
            seconds.append(end - start)
            sizes.append(made.size_bytes / 1e6)
            stalls.append(1000 * max(0.0, load.longest_gap(start, end) - load.longest_gap(before, start)))
            ratios.append(load.rate(start, end) / load.rate(before, start))
    return {
        "snapshot_seconds": statistics.median(seconds),
        "snapshot_mb": statistics.median(sizes),
        "snapshot_stall_ms": max(stalls),
        "snapshot_throughput_x": statistics.median(ratios),
    }


async def _copy_figures(
    load: _Load, copy: CommitCopy, backup: Backup, rounds: int, moments: int
) -> dict[str, float]:
    ratios: list[float] = []
    losses: list[float] = []
    draw = random.Random(1)  # noqa: S311 - not a secret
    async with load.running():
        for _ in range(rounds):
            start = time.monotonic()
            await asyncio.sleep(2 * COPY_SECONDS)
            middle = time.monotonic()
            copying = asyncio.create_task(copy.run())
            # The copy was off: the window begins when it has caught up.
            await copy.flush()
            for _ in range(-(-moments // rounds)):
                await asyncio.sleep(draw.uniform(0, 2 * COPY_SECONDS) + 0.1)
                lost_at = time.monotonic()
                # What is there now is all that a restore would find.
                parts = (await backup.list()).parts
                reached = parts[-1].range.up_to if parts else 0
                uncopied = [at for at, sequence in load.answered if sequence > reached and at <= lost_at]
                losses.append(lost_at - min(uncopied, default=lost_at))
            end = time.monotonic()
            copying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await copying
            await copy.flush()
            ratios.append(load.rate(middle, end) / load.rate(start, middle))
    window = max(losses)
    return {
        "copy_throughput_x": statistics.median(ratios),
        "loss_window_over_setting": window / COPY_SECONDS,
        "loss_window_seconds": window,
    }


def _now() -> datetime:
    return datetime.now(UTC)
