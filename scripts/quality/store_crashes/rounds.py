"""One round: a store lives and is killed several times under the same writers, and is judged in the end.

Each life begins with what the one before left on the disk. The last life is not killed: it answers what is in doubt,
delivers what is pending, and ends as it is told to. Then both databases are read past the store's own code.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import asyncpg
import duckdb

from scripts.quality.store_crashes import checks, earlier_schema
from scripts.quality.store_crashes.checks import Change, Fault, Findings
from scripts.quality.store_crashes.ledger import Habits, Ledger, Writer, Wrong, number_of
from scripts.quality.store_crashes.second_sink import SecondSink
from tenkay import sequences
from tenkay.errors import DeadlineExceeded, TenkayError, Unavailable
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tenkay_store.failpoints import Failpoint
from tenkay_store.objects.artifact_store import OWNER
from tenkay_store.primary import schema
from tenkay_store.primary.acknowledged import FILE_NAME as MARK_NAME
from tenkay_store.settings import OBJECTS_FOLDER
from tests.integration.store.store_process import StoreProcess

WRITERS = 12
MOST_ANSWERS = 100
"""In a life that no failpoint ends."""
LIFE_SECONDS = 20.0
"""Longest wait for a failpoint, or for the answers."""
SNAPSHOT_SECONDS = 0.2
"""From one snapshot to the next."""
DRAIN_SECONDS = 60.0
LOOK_SECONDS = 0.01
CHANCE_OF_A_GATEWAY_RESTART = 0.15


class OtherKill(StrEnum):
    """Ways to end a life that are no failpoint."""

    ANY_MOMENT = "any_moment"
    START = "start"
    """While the store starts, as a supervisor does that loses patience."""
    LATE_DELIVERY = "late_delivery"
    """Killed while a version's delivery is held up, which reaches the second sink after the next version's."""


Kill = Failpoint | OtherKill
KILLS: tuple[Kill, ...] = (*Failpoint, *OtherKill)


@dataclass(frozen=True, slots=True)
class Hit:
    """How a life was to end, and whether it did."""

    kill: Kill
    hit: bool


@dataclass(slots=True)
class Outcome:
    """What became of a round."""

    seed: int
    kills: list[Hit] = field(default_factory=list)
    answers: int = 0
    commits: int = 0
    """In the primary, in the end."""
    overtaken: int = 0
    """Versions whose delivery came after that of a later version or purge of the filing."""
    gateway_restarts: int = 0
    seconds: float = 0.0
    findings: Findings = field(default_factory=list)


async def run(seed: int, kills: Sequence[Kill], sink: SecondSink, folder: Path) -> Outcome:
    """A round in `folder`, which is empty. What was found wrong is in the outcome; nothing else is raised."""
    started = time.monotonic()
    outcome = Outcome(seed)
    await sink.empty()
    with Ledger(folder / "ledger.jsonl") as ledger:
        try:
            await _Round(outcome, kills, sink, folder, ledger).run()
        except Wrong as wrong:
            outcome.findings.append((Fault.DISORDER, str(wrong)))
        except Stuck as stuck:
            outcome.findings.append((Fault.STUCK, str(stuck)))
        except duckdb.Error as unreadable:
            outcome.findings.append((Fault.TORN, f"the file cannot be read: {unreadable}"))
        outcome.answers = ledger.answers
    outcome.seconds = time.monotonic() - started
    return outcome


class Stuck(Exception):
    """The store did not start, or did not deliver, when nothing was in its way."""


class _Round:
    def __init__(
        self, outcome: Outcome, kills: Sequence[Kill], sink: SecondSink, folder: Path, ledger: Ledger
    ) -> None:
        self._draw = random.Random(outcome.seed)  # noqa: S311 - not a secret
        self._outcome = outcome
        self._kills = kills
        self._sink = sink
        self._folder = folder
        self._ledger = ledger
        self._writers = [
            Writer(number, random.Random(self._draw.random()), ledger)  # noqa: S311
            for number in range(1, WRITERS + 1)
        ]
        self._followed: list[Change] = []
        self._file = folder / "data" / "tenkay.duckdb"

    async def run(self) -> None:
        # An earlier schema has no place for purges.
        migrates_last = max(
            (i for i, kill in enumerate(self._kills) if kill is Failpoint.MIGRATION), default=-1
        )
        for index, kill in enumerate(self._kills):
            self._ledger.begin_life()
            hit = await self._live_and_die(kill, purges=index > migrates_last)
            self._outcome.kills.append(Hit(kill, hit))
            await self._look_between_lives()
        self._ledger.begin_life()
        await self._last_life()
        self._outcome.findings += checks.of_primary(self._file, self._ledger, self._followed)
        connection = await asyncpg.connect(self._sink.database_url)
        try:
            self._outcome.findings += await checks.of_both(self._file, connection)
            self._outcome.findings += await checks.of_second(connection, self._ledger)
        finally:
            await connection.close()
        self._outcome.commits = sum(1 for _ in self._ledger.live())

    def _batches_of_reports(self) -> int:
        """At least so many are made when a file without reports is opened."""
        with duckdb.connect(str(self._file), read_only=True) as connection:
            (held,) = connection.execute("SELECT count(*) FROM filings").fetchall()[0]
        return int(held > 0)

    async def _live_and_die(self, kill: Kill, *, purges: bool) -> bool:
        draw = self._draw
        habits = Habits(purges=purges)
        answers = draw.randrange(MOST_ANSWERS)
        if kill is Failpoint.MIGRATION:
            await self._write_until_killed("", answers, habits)
            await self._write_earlier_schema()
            points = (
                sum(len(step) for step in schema.MIGRATIONS[self._version :]) + self._batches_of_reports()
            )
            return await self._dies_while_starting(f"{kill}=kill@{draw.randrange(points) + 1}")
        if kill is OtherKill.START:
            await self._write_until_killed("", answers, habits)
            return await self._dies_while_starting("")
        if kill is OtherKill.LATE_DELIVERY:
            self._sink.hold(draw.randint(1, 3))
            await self._write_until_killed("", MOST_ANSWERS, Habits(purges, next_versions=0.35))
            return True
        if kill is OtherKill.ANY_MOMENT:
            await self._write_until_killed("", answers, habits)
            return True
        return await self._write_until_killed(f"{kill}=kill{self._time_of(kill)}", None, habits)

    def _time_of(self, point: Failpoint) -> str:
        match point:
            case Failpoint.CHECKPOINT | Failpoint.SORT | Failpoint.SNAPSHOT:
                return f":{self._draw.uniform(0, 0.003):.4f}"
            case Failpoint.AFTER_SORT:
                return ""
            case _:
                return f"@{self._draw.randint(1, 12)}"

    async def _write_until_killed(self, failpoints: str, answers: int | None, habits: Habits) -> bool:
        """Write and follow until the store dies of its failpoint, which is True, or so much was answered."""
        try:
            process = await asyncio.to_thread(StoreProcess, self._folder, self._environment(failpoints))
        except AssertionError as error:
            if '"event": "failpoint"' in str(error):
                return True  # it writes something when it starts, too
            raise Stuck(str(error)) from error
        with contextlib.ExitStack() as alive:
            alive.callback(process.kill)
            ended = await self._write_to(process, answers, habits)
        if ended is None:
            return False
        if not failpoints or ended != -signal.SIGKILL:
            raise Stuck(f"the store ended by itself with {ended}: {process.log()[-2000:]}")
        return True

    async def _write_to(self, process: StoreProcess, answers: int | None, habits: Habits) -> int | None:
        """What the store ended with, if it was not this that killed it."""
        enough = None if answers is None else self._ledger.answers + answers
        async with _working(self._writers, process, habits) as work:
            beside = [asyncio.create_task(self._follow(process)), asyncio.create_task(_snapshots(process))]
            restart = self._sometimes_restart_gateway()
            over = time.monotonic() + LIFE_SECONDS
            while process.process.poll() is None and time.monotonic() < over:
                if enough is not None and self._ledger.answers >= enough:
                    break
                _raise_what_is_wrong(work)
                await asyncio.sleep(random.uniform(0, LOOK_SECONDS))  # noqa: S311
            ended = process.process.poll()
            process.kill()
            for task in beside:
                await _ended(task)
            if restart is not None:
                await restart
        return ended

    async def _dies_while_starting(self, failpoints: str) -> bool:
        """Start the store, which is killed before it serves."""
        seconds = self._draw.uniform(0.05, 0.8)
        environment = self._environment(failpoints)
        if failpoints:
            try:
                process = await asyncio.to_thread(StoreProcess, self._folder, environment)
            except AssertionError as ended:
                return f'"failpoint": "{Failpoint.MIGRATION}"' in str(ended)
            process.kill()
            return False
        try:
            process = await asyncio.to_thread(StoreProcess, self._folder, environment, kill_after=seconds)
        except AssertionError as ended:
            if f"ended with {-signal.SIGKILL}" not in str(ended):
                raise Stuck(str(ended)) from ended
            return True
        process.kill()
        return True

    async def _write_earlier_schema(self) -> None:
        self._version = self._draw.randrange(1, schema.VERSION)
        await asyncio.to_thread(earlier_schema.rewrite, self._file, self._version)
        # Stores of before identities claimed nothing: the migrated one has to show that these are its own.
        if self._version < schema.VERSION_WITH_IDENTITY:
            (self._folder / "backup" / "shards" / "0" / "store.json").unlink(missing_ok=True)
            (self._folder / "data" / OBJECTS_FOLDER / OWNER).unlink(missing_ok=True)
            connection = await asyncpg.connect(self._sink.database_url)
            await connection.execute("truncate tenkay_internal.owner")
            await connection.close()

    async def _look_between_lives(self) -> None:
        """What holds while the store is dead."""
        mark = int((self._folder / "data" / MARK_NAME).read_bytes()[:20])
        if mark < self._ledger.newest:
            self._outcome.findings.append(
                (Fault.LOST, f"the mark is {mark} and {self._ledger.newest} was answered")
            )
        connection = await asyncpg.connect(self._sink.database_url)
        try:
            self._outcome.findings += await checks.of_second(connection, self._ledger)
        finally:
            await connection.close()

    async def _last_life(self) -> None:
        process = await self._started()
        with contextlib.ExitStack() as alive:
            alive.callback(process.kill)
            following = asyncio.create_task(self._follow(process))
            async with _working(self._writers, process, Habits()) as work:
                await asyncio.sleep(self._draw.uniform(0.1, 0.3))
                _raise_what_is_wrong(work)
            async with process.filings as store, process.admin as admin:
                for writer in self._writers:
                    if not await writer.settle(store, admin):
                        raise Stuck("the store that lives does not answer")
            await self._drain(process)
            late = await self._sink.let_go()
            self._outcome.overtaken += self._overtaken(late)
            head = await self._head(process)
            over = time.monotonic() + DRAIN_SECONDS
            while not self._followed or self._followed[-1][0] < head:
                if following.done():
                    following.result()
                if time.monotonic() > over:
                    raise Stuck(f"the follower is at {self._followed[-1:]}, the store at {head}")
                await asyncio.sleep(LOOK_SECONDS)
            status = await asyncio.to_thread(process.stop)
            await _ended(following)
            if status != 0:
                raise Stuck(f"the store ended with {status}")

    async def _drain(self, process: StoreProcess) -> None:
        over = time.monotonic() + DRAIN_SECONDS
        async with process.admin as admin:
            while True:
                sinks = (await admin.get_sink_status()).sinks
                second = next(each for each in sinks if each.sink == store_pb2.SINK_SUPABASE)
                if not second.pending:
                    return
                if time.monotonic() > over:
                    raise Stuck(f"{second.pending} commits are not delivered: {second.last_error}")
                await asyncio.sleep(LOOK_SECONDS)

    async def _head(self, process: StoreProcess) -> int:
        async with process.admin as admin:
            return number_of((await admin.get_sink_status()).sequence)

    def _overtaken(self, late: list[tuple[str, int]]) -> int:
        newest: dict[str, int] = {}
        for each in (*self._ledger.live(), *self._ledger.purges):
            name = each.step.accession_number
            newest[name] = max(newest.get(name, 0), each.sequence or 0)
        return sum(1 for name, sequence in late if newest.get(name, 0) > sequence)

    def _sometimes_restart_gateway(self) -> asyncio.Task[None] | None:
        if self._draw.random() > CHANCE_OF_A_GATEWAY_RESTART:
            return None
        self._outcome.gateway_restarts += 1
        wait = self._draw.uniform(0, 0.3)

        async def restart() -> None:
            await asyncio.sleep(wait)
            await self._sink.restart_gateway()

        return asyncio.create_task(restart())

    async def _started(self) -> StoreProcess:
        try:
            return await asyncio.to_thread(StoreProcess, self._folder, self._environment(""))
        except AssertionError as ended:
            raise Stuck(str(ended)) from ended

    def _environment(self, failpoints: str) -> dict[str, str]:
        return {
            **self._sink.environment(),
            # Small, so that much happens in a short life.
            "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.005",
            "TENKAY_STORE_CHECKPOINT_WAL_BYTES": str(1024 * 1024),
            "TENKAY_STORE_SEGMENT_ROWS": "200",
            "TENKAY_STORE_FEED_QUIET_SECONDS": "0.2",
            "TENKAY_STORE_BACKUP_URL": (self._folder / "backup").as_uri(),
            "TENKAY_STORE_COMMIT_COPY_SECONDS": "0.2",
            "TENKAY_STORE_UNDER_TEST": "true",
            "TENKAY_STORE_FAILPOINTS": failpoints,
        }

    async def _follow(self, process: StoreProcess) -> None:
        """Follow the feed from where it was left, until the store is gone."""
        position = self._followed[-1][0] if self._followed else 0
        async with process.feed as feed:
            with contextlib.suppress(Unavailable, DeadlineExceeded):
                async for answer in feed.watch(from_sequence=sequences.encode(0, position)):
                    self._followed += [_change(each) for each in answer.changes]


@contextlib.asynccontextmanager
async def _working(
    writers: Sequence[Writer], process: StoreProcess, habits: Habits
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """All writers at work, each until its store is gone or the block is left."""
    async with process.filings as store, process.admin as admin:
        work = [asyncio.create_task(writer.work(store, admin, habits)) for writer in writers]
        try:
            yield work
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
    _raise_what_is_wrong(work)


async def _snapshots(process: StoreProcess) -> None:
    """One snapshot after the other, until the store is gone."""
    async with process.admin as admin:
        with contextlib.suppress(Unavailable, DeadlineExceeded):
            while True:
                await admin.create_snapshot(timeout=LIFE_SECONDS)
                await asyncio.sleep(SNAPSHOT_SECONDS)


def _raise_what_is_wrong(work: Sequence[asyncio.Task[None]]) -> None:
    for task in work:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, TenkayError):
                raise Wrong(f"a writer was answered {error}") from error
            raise error


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _change(change: feed_pb.Change) -> Change:
    kind = feed_pb.ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_")
    return number_of(change.sequence), kind, change.accession_number, change.version
