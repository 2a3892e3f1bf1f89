"""Delivers what the primary has to the second sink: at once, again after failures, and after a restart.

The outbox table, written in the commits' own transactions, says what the sink has not taken. In memory is its oldest
part, up to a bound: while it is all of it, new commits join it directly (the fast path) and are sent while the next
group forms; once there is more, new commits wait in the table and are read back in order.

Commits of one filing are sent in their order, those of different filings side by side. The sink ignores what it has
taken before, so a commit that may have been taken (a lost answer, a kill before the mark) is just sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tenkay.errors import TenkayError
from tenkay.runtime import tasks
from tenkay.runtime.logs import get_logger
from tenkay.runtime.tracing import remote_parent, span
from tenkay_store import failpoints, metrics
from tenkay_store.domain.records import Change, CommitRecord, DeadLetter, Delivery, DeliveryState
from tenkay_store.domain.sink import Breaker, BreakerOpen, Remedy, Sink, SinkFailure
from tenkay_store.domain.storage import AnalyticalStore, OutboxEntry
from tenkay_store.failpoints import Failpoint

MARK_RETRY_SECONDS = 1.0
MARK_EVERY_SECONDS = 0.5
"""Least time between two pieces of marks. A piece costs the writer about as much for one mark as for fifty, and more
where no commit comes at the same time and shares its transaction."""
MAX_MARKS = 1000
"""Marks in one piece of work for the writer."""
DRAIN_SECONDS = 3.0
"""How long the end of `run` waits for answers of the sink."""

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much is sent and held at once, and how failures are met."""

    batch_commits: int
    batch_bytes: int
    batches_in_flight: int
    memory_commits: int
    memory_bytes: int
    retry_seconds: float
    retry_most_seconds: float
    breaker_seconds: float
    stopped_seconds: float


@dataclass(slots=True)
class _Entry:
    """A commit to deliver."""

    sequence: int
    accession_number: str
    attempts: int
    recorded_at: datetime | None
    record: CommitRecord | None
    """None: to be read from the table when its turn comes."""
    size_bytes: int


@dataclass(slots=True)
class _Lane:
    """The commits of one filing, in order. It is either ready, or waiting after a failure, or in flight."""

    accession_number: str
    entries: deque[_Entry] = field(default_factory=deque)
    alone: bool = False
    """Its next commit was in a batch that the sink refused: it is sent by itself, to tell whose fault it was."""

    def add(self, entry: _Entry) -> bool:
        """Put the entry in its place; False when it is there already."""
        place = len(self.entries)
        while place and self.entries[place - 1].sequence > entry.sequence:
            place -= 1
        if place and self.entries[place - 1].sequence == entry.sequence:
            return False
        self.entries.insert(place, entry)
        return True


class Outbox:
    """Delivers the store's commits to one sink. `run` works until it is cancelled."""

    def __init__(
        self,
        store: AnalyticalStore,
        sink: Sink,
        breaker: Breaker,
        limits: OutboxLimits,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
    ) -> None:
        self._store = store
        self._sink = sink
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._breaker = breaker
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._waiting: list[tuple[float, int, _Lane]] = []
        self._known = 0
        self._held_bytes = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._horizon = 0
        """All that is pending up to here is in memory."""
        self._behind = True
        """Whether the table may hold more, beyond the horizon."""
        self._missed = False
        self._quiet_until = 0.0
        """Nothing is sent before, on the loop's clock: the breaker is open or the sink has stopped us."""
        self._troubled = False
        """The newest write failed: one batch at a time until one works."""
        self._marks: dict[int, Delivery] = {}
        self._waiters: dict[int, list[asyncio.Future[Delivery]]] = {}
        self._wake = asyncio.Event()
        self._marks_wake = asyncio.Event()
        self.last_error = ""
        """Of the newest write; empty when it worked."""
        store.on_commit(self._take)

    async def run(self) -> None:
        """Send, retry and mark until cancelled."""
        marking = asyncio.create_task(self._write_marks(), name="outbox-marks")
        try:
            while True:
                self._wake.clear()
                if self._behind and self._known <= self._limits.memory_commits // 2:
                    await self._load()
                self._requeue_due()
                self._send_ready()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_to_next()):
                        await self._wake.wait()
        finally:
            await self._drain(marking)

    async def observe(self) -> None:
        """Set the gauges."""
        backlog = await self._store.backlog()
        metrics.OUTBOX_COMMITS.labels("pending").set(backlog.pending)
        metrics.OUTBOX_COMMITS.labels("dead").set(backlog.dead)
        oldest = backlog.oldest_pending
        metrics.OUTBOX_OLDEST_SECONDS.set(
            0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds())
        )

    async def outcome(self, sequence: int, wait_seconds: float, *, just_committed: bool) -> Delivery:
        """Where a commit stands in the sink, after waiting for it to be taken or refused for as long as is given."""
        settled = self._marks.get(sequence)
        if settled is not None and settled.state is not DeliveryState.PENDING:
            return settled
        waiter: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        # Before the table is asked, or an outcome in between would be missed.
        self._waiters.setdefault(sequence, []).append(waiter)
        try:
            pending = Delivery(DeliveryState.PENDING, last_error=self.last_error)
            if not just_committed:
                stored = await self._store.delivery(sequence)
                if stored is None or stored.state is not DeliveryState.PENDING:
                    return stored or Delivery(DeliveryState.DISABLED)
            if wait_seconds <= 0:
                return pending
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    return await waiter
            return replace(pending, last_error=self.last_error)
        finally:
            waiters = self._waiters.get(sequence)
            if waiters is not None:
                waiters.remove(waiter)
                if not waiters:
                    del self._waiters[sequence]

    async def replay(self, sequences: Sequence[int]) -> int:
        """Send those of these commits that are dead once more; how many they were."""
        dead = await self._store.dead_among(sequences)
        return await self._send_again(
            [
                OutboxEntry(each.sequence, each.accession_number, each.attempts, each.size_bytes)
                for each in dead
            ]
        )

    async def resend(self, sequences: Sequence[int]) -> int:
        """Send those of these commits that were delivered once more; how many they were."""
        return await self._send_again(await self._store.delivered_among(sequences))

    async def inspect(self, sequence: int) -> tuple[DeadLetter, bytes] | None:
        """A commit that the sink refused for good, and what it was sent; None when it is not dead."""
        dead = await self._store.dead_among([sequence])
        records = await self._store.commit_records([sequence]) if dead else ()
        return (dead[0], self._sink.payload_of(records[0])) if records else None

    async def _send_again(self, entries: Sequence[OutboxEntry]) -> int:
        await self._store.mark(
            {each.sequence: Delivery(DeliveryState.PENDING, each.attempts) for each in entries}
        )
        for each in entries:
            if self._behind and each.sequence > self._horizon:
                continue  # it is read from the table in its turn
            if self._known < self._limits.memory_commits:
                entry = _Entry(
                    each.sequence, each.accession_number, each.attempts, None, None, each.size_bytes
                )
                self._add(entry)
            else:
                # No room: read again from here on when there is. What is in memory already is known there.
                self._horizon = min(self._horizon, each.sequence - 1)
                self._behind = True
        self._wake.set()
        return len(entries)

    def _take(self, records: Sequence[CommitRecord], _changes: Sequence[Change]) -> None:
        """The fast path: what was just committed, if all that came before it is in memory too."""
        for record in records:
            if self._behind or self._known >= self._limits.memory_commits:
                self._behind = self._missed = True
            else:
                size = record.body.size_bytes
                held = self._held_bytes + size <= self._limits.memory_bytes
                self._add(
                    _Entry(
                        record.sequence,
                        record.accession_number,
                        0,
                        record.recorded_at,
                        record if held else None,
                        size,
                    )
                )
        self._wake.set()

    async def _load(self) -> None:
        """Read more of what is pending from the table."""
        room = self._limits.memory_commits - self._known
        self._missed = False
        entries: Sequence[OutboxEntry] = await self._store.pending(self._horizon, room)
        for each in entries:
            self._add(
                _Entry(each.sequence, each.accession_number, each.attempts, None, None, each.size_bytes)
            )
        # What was committed while the table was read may not have been in what was read.
        self._behind = len(entries) == room or self._missed

    def _add(self, entry: _Entry) -> None:
        self._horizon = max(self._horizon, entry.sequence)
        lane = self._lanes.get(entry.accession_number)
        if lane is None:
            lane = self._lanes[entry.accession_number] = _Lane(entry.accession_number)
            self._ready.append(lane)
        if not lane.add(entry):
            return
        self._known += 1
        if entry.record is not None:
            self._held_bytes += entry.size_bytes

    def _forget(self, lane: _Lane, entry: _Entry) -> None:
        lane.entries.remove(entry)
        self._known -= 1
        if entry.record is not None:
            self._held_bytes -= entry.size_bytes

    def _requeue_due(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])

    def _seconds_to_next(self) -> float | None:
        now = asyncio.get_running_loop().time()
        if self._ready and len(self._in_flight) < self._most_in_flight():
            # Ready and yet not sent: it is quiet, or the marks are to be written first.
            return max(0.01, self._quiet_until - now)
        return max(0.0, self._waiting[0][0] - now) if self._waiting else None

    def _most_in_flight(self) -> int:
        return 1 if self._troubled else self._limits.batches_in_flight

    def _send_ready(self) -> None:
        loop = asyncio.get_running_loop()
        while (
            self._ready
            and len(self._in_flight) < self._most_in_flight()
            and loop.time() >= self._quiet_until
            and len(self._marks) < self._limits.memory_commits
        ):
            batch = self._next_batch()
            task = loop.create_task(self._send(batch), name="outbox-send")
            self._in_flight.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("outbox_send_failed", exc_info=error)

    def _next_batch(self) -> list[tuple[_Lane, list[_Entry]]]:
        """Whole lanes from the front, up to the batch's bounds; or one commit that is to go alone."""
        batch: list[tuple[_Lane, list[_Entry]]] = []
        commits = size = 0
        while self._ready and commits < self._limits.batch_commits:
            lane = self._ready[0]
            if lane.alone and batch:
                break
            entries: list[_Entry] = []
            for entry in lane.entries:
                if commits and (
                    commits == self._limits.batch_commits
                    or size + entry.size_bytes > self._limits.batch_bytes
                ):
                    break
                entries.append(entry)
                commits += 1
                size += entry.size_bytes
                if lane.alone:
                    break
            if not entries:
                break
            self._ready.popleft()
            batch.append((lane, entries))
            if lane.alone:
                break
        return batch

    async def _send(self, batch: list[tuple[_Lane, list[_Entry]]]) -> None:
        entries = [entry for _, of_lane in batch for entry in of_lane]
        try:
            await self._write(entries)
        except SinkFailure as failure:
            self._failed(batch, entries, failure)
        except BreakerOpen as opened:
            self._stay_quiet(self._limits.breaker_seconds)
            self.last_error = self.last_error or str(opened)
            self._ready.extendleft(lane for lane, _ in reversed(batch))
        except BaseException:
            # The primary could not be read, or this is the end of the process: nothing was decided.
            self._put_back(batch, self._limits.retry_seconds)
            raise
        else:
            self._succeeded(batch)
        finally:
            metrics.SINK_BREAKER_OPEN.set(self._breaker.is_open)

    async def _write(self, entries: Sequence[_Entry]) -> None:
        absent = [entry.sequence for entry in entries if entry.record is None]
        read_back = (
            {each.sequence: each for each in await self._store.commit_records(absent)} if absent else {}
        )
        # What is not there any more was purged: the purge, which follows, is all that the sink needs.
        found = (entry.record or read_back.get(entry.sequence) for entry in entries)
        records = sorted(
            (record for record in found if record is not None), key=lambda record: record.sequence
        )
        if not records:
            return
        attributes: dict[str, str | int | float | bool] = {
            "store.commits": len(records),
            "sec.accession_number": records[0].accession_number,
        }

        async def write() -> None:
            with metrics.SINK_SECONDS.time():
                await self._sink.write(records)

        # A batch joins commits of many traces; its span goes to the first one's.
        with remote_parent(records[0].traceparent), span(f"{self._sink.name}.write", attributes):
            await self._breaker.call(write)

    def _succeeded(self, batch: list[tuple[_Lane, list[_Entry]]]) -> None:
        failpoints.reach(Failpoint.AFTER_SINK_OK)
        now = self._clock()
        self._troubled = False
        self.last_error = ""
        metrics.SINK_STOPPED.set(0)
        metrics.SINK_WRITES.labels("ok").inc()
        for lane, entries in batch:
            for entry in entries:
                self._settle(lane, entry, Delivery(DeliveryState.DURABLE, entry.attempts + 1, durable_at=now))
                if entry.recorded_at is not None:
                    metrics.SINK_LAG_SECONDS.observe(max(0.0, (now - entry.recorded_at).total_seconds()))
            lane.alone = False
            self._return(lane)

    def _failed(
        self, batch: list[tuple[_Lane, list[_Entry]]], entries: Sequence[_Entry], failure: SinkFailure
    ) -> None:
        self.last_error = failure.detail
        metrics.SINK_WRITES.labels(failure.remedy.value).inc()
        if failure.remedy is Remedy.DEAD:
            if len(entries) == 1:
                lane, entry = batch[0][0], entries[0]
                logger.error(
                    "commit_dead",
                    sink=self._sink.name,
                    sequence=entry.sequence,
                    accession_number=entry.accession_number,
                    problem=failure.detail,
                )
                lane.alone = False
                self._settle(
                    lane,
                    entry,
                    Delivery(DeliveryState.DEAD, entry.attempts + 1, last_error=failure.detail),
                )
                self._return(lane)
                return
            for lane, _ in reversed(batch):
                lane.alone = True
                self._ready.appendleft(lane)
            return
        self._troubled = True
        seconds = self._limits.stopped_seconds
        if failure.remedy is Remedy.STOP:
            logger.error("sink_stopped", sink=self._sink.name, problem=failure.detail)
            metrics.SINK_STOPPED.set(1)
            self._stay_quiet(seconds)
        else:
            logger.warning("sink_failed", sink=self._sink.name, commits=len(entries), problem=failure.detail)
            most = max(entry.attempts for entry in entries)
            limits = self._limits
            seconds = min(limits.retry_most_seconds, limits.retry_seconds * 2 ** min(most, 30))
        next_try_at = self._clock() + timedelta(seconds=seconds)
        for entry in entries:
            entry.attempts += 1
            self._mark(
                entry.sequence,
                Delivery(
                    DeliveryState.PENDING,
                    entry.attempts,
                    next_try_at=next_try_at,
                    last_error=failure.detail,
                ),
            )
        self._put_back(batch, seconds)

    def _put_back(self, batch: list[tuple[_Lane, list[_Entry]]], seconds: float) -> None:
        due = asyncio.get_running_loop().time() + self._jitter(seconds)
        for lane, entries in batch:
            heapq.heappush(self._waiting, (due, entries[0].sequence, lane))

    def _return(self, lane: _Lane) -> None:
        if lane.entries:
            self._ready.append(lane)
        else:
            del self._lanes[lane.accession_number]

    def _settle(self, lane: _Lane, entry: _Entry, delivery: Delivery) -> None:
        metrics.SINK_COMMITS.labels(delivery.state.value.lower()).inc()
        self._forget(lane, entry)
        self._mark(entry.sequence, delivery)
        for waiter in self._waiters.get(entry.sequence, ()):
            if not waiter.done():
                waiter.set_result(delivery)

    def _mark(self, sequence: int, delivery: Delivery) -> None:
        self._marks[sequence] = delivery
        self._marks_wake.set()

    async def _write_marks(self) -> None:
        """Record in the primary what became of commits. What is lost of it by a kill is sent again and ignored."""
        while True:
            await self._marks_wake.wait()
            self._marks_wake.clear()
            while self._marks:
                written = dict(list(self._marks.items())[:MAX_MARKS])
                try:
                    await self._store.mark(written)
                except TenkayError as error:
                    logger.warning("outbox_not_marked", commits=len(written), problem=error.message)
                    await asyncio.sleep(MARK_RETRY_SECONDS)
                    continue
                for sequence, delivery in written.items():
                    if self._marks.get(sequence) is delivery:
                        del self._marks[sequence]
                self._wake.set()
                await asyncio.sleep(MARK_EVERY_SECONDS)

    async def _drain(self, marking: asyncio.Task[None]) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=DRAIN_SECONDS)
        await tasks.end(marking, *self._in_flight)
        if self._marks:
            with contextlib.suppress(TenkayError):
                await self._store.mark(dict(self._marks))

    def _stay_quiet(self, seconds: float) -> None:
        self._troubled = True
        self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + seconds)
