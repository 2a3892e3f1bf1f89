"""The dispatcher and the reconciler over real records, with a broker that can be made to forget and to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenkay_pipeline.celery_app import MESSAGE_EXPIRY_SECONDS, make_app, worker_options
from tenkay_pipeline.dispatcher import BrokerUnavailable, Dispatcher
from tenkay_pipeline.job_desk import JobDesk
from tenkay_pipeline.job_records import JobRecords, RecordThreads
from tenkay_pipeline.jobs import Listing, RetryPolicy, Stage
from tenkay_pipeline.reconciler import Reconciler, Sweeps
from tenkay_pipeline.task_messages import QUEUES, TASK_NAMES, TaskMessage

START = datetime(2026, 1, 2, tzinfo=UTC)
RESEND_AFTER = timedelta(seconds=30)


class Broker:
    """Queues in memory."""

    def __init__(self) -> None:
        self.queues: dict[Stage, list[str]] = {stage: [] for stage in Stage}
        self.run = 1
        self.room = 10_000

    def send(self, message: TaskMessage) -> None:
        if self.room <= 0:
            raise BrokerUnavailable("no room")
        self.room -= 1
        self.queues[message.stage].append(message.accession_number)

    def depth(self, stage: Stage) -> int:
        return len(self.queues[stage])

    def memory(self) -> str:
        if self.room <= 0:
            raise BrokerUnavailable("no answer")
        return str(self.run)


class World:
    def __init__(self, folder: Path) -> None:
        self.records = JobRecords(f"sqlite:///{folder / 'jobs.sqlite'}")
        self.records.prepare()
        self.threads = RecordThreads(self.records)
        self.broker = Broker()
        self.now = START
        self.dispatcher = Dispatcher(self.threads, self.broker, window=4, clock=lambda: self.now)
        self.reconciler = Reconciler(
            self.threads,
            self.broker,
            self.dispatcher,
            RetryPolicy(),
            Sweeps(timedelta(seconds=30), RESEND_AFTER),
            lambda: self.now,
        )

    def submit(self, filings: int) -> None:
        self.records.add_job(
            job_id="job",
            request_id="request-1",
            arguments_digest="",
            traceparent="",
            listings=[Listing(f"0000000001-26-{number:06d}") for number in range(filings)],
            now=self.now,
        )

    def take(self) -> str:
        """A worker takes the next fetch task."""
        return self.broker.queues[Stage.FETCH].pop(0)

    def lease(self, accession_number: str) -> bool:
        granted = self.records.acquire(
            "job",
            accession_number,
            Stage.FETCH,
            now=self.now,
            length=timedelta(seconds=60),
            policy=RetryPolicy(),
            jitter=0.5,
        )
        return granted is not None


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    await world.threads.close()


async def test_a_window_of_tasks_is_sent_and_the_next_when_there_is_room(world: World) -> None:
    world.submit(6)
    assert await world.dispatcher.dispatch_due() == 4
    assert await world.dispatcher.dispatch_due() == 0
    assert world.lease(world.take())
    assert await world.dispatcher.dispatch_due() == 1
    assert world.broker.depth(Stage.FETCH) == 4


async def test_what_the_broker_does_not_take_is_sent_later(world: World) -> None:
    world.submit(4)
    world.broker.room = 2
    with pytest.raises(BrokerUnavailable):
        await world.dispatcher.dispatch_due()
    world.broker.room = 100
    assert await world.dispatcher.dispatch_due() == 2
    assert len(set(world.broker.queues[Stage.FETCH])) == 4


async def test_the_first_sweep_sends_everything_again(world: World) -> None:
    world.submit(3)
    await world.dispatcher.dispatch_due()
    world.now += timedelta(seconds=1)
    await world.reconciler.sweep()
    assert await world.dispatcher.dispatch_due() == 3


async def test_a_broker_that_forgot_is_told_again_and_one_that_did_not_is_not(world: World) -> None:
    await world.reconciler.sweep()
    world.submit(3)
    await world.dispatcher.dispatch_due()
    world.now += timedelta(hours=5)
    await world.reconciler.sweep()
    assert await world.dispatcher.dispatch_due() == 0
    world.broker.run = 2
    world.broker.queues[Stage.FETCH].clear()
    await world.reconciler.sweep()
    assert await world.dispatcher.dispatch_due() == 3


async def test_only_the_tasks_missing_from_their_queue_are_sent_again(world: World) -> None:
    await world.reconciler.sweep()
    world.submit(4)
    await world.dispatcher.dispatch_due()
    lost = [world.take(), world.take()]
    world.now += RESEND_AFTER / 2
    await world.reconciler.sweep()
    assert await world.dispatcher.dispatch_due() == 0
    world.now += RESEND_AFTER
    await world.reconciler.sweep()
    assert await world.dispatcher.dispatch_due() == 2
    assert world.broker.queues[Stage.FETCH][-2:] == lost


async def test_a_sweep_without_a_broker_still_takes_back_leases(world: World) -> None:
    world.submit(1)
    await world.dispatcher.dispatch_due()
    assert world.lease(world.take())
    world.broker.room = 0
    world.now += timedelta(seconds=61)
    await world.reconciler.sweep()
    assert world.records.get_job("job").counts.running == 0
    world.broker.room = 10
    world.now += timedelta(seconds=5)
    assert await world.dispatcher.dispatch_due() == 1


async def test_a_watched_job_is_told_at_once_at_each_change_and_when_it_is_finished(world: World) -> None:
    world.submit(1)
    desk = JobDesk(world.threads, None, lambda: None, lambda: "id", lambda: world.now)  # type: ignore[arg-type]
    seen = []
    async for job in desk.watch("job"):
        seen.append(job.counts)
        item = world.records.list_items("job", state=None, after_position=-1, limit=1)[0]
        granted = world.records.acquire(
            "job",
            item.accession_number,
            item.stage,
            now=world.now,
            length=timedelta(seconds=60),
            policy=RetryPolicy(),
            jitter=0.5,
        )
        if granted is not None:
            world.records.complete(granted.lease, sequence="", cik=None, primary_document=None, now=world.now)
    assert [counts.fetched for counts in seen] == [0, 1, 1, 1]
    assert [counts.stored for counts in seen] == [0, 0, 0, 1]


def test_a_message_carries_ids_only_compressed_and_expires() -> None:
    app = make_app("memory://")
    message = TaskMessage("job", "0000000001-26-000001", Stage.EXTRACT, "00-trace")
    app.send_task(
        TASK_NAMES[Stage.EXTRACT], kwargs=message.arguments(), expires=MESSAGE_EXPIRY_SECONDS, retry=False
    )
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(QUEUES[Stage.EXTRACT], no_ack=True)
        received = queue.get(timeout=1)
        queue.close()
    app.close()
    assert received.headers["compression"] == "application/x-gzip"
    assert received.content_type == "application/json"
    expires = datetime.fromisoformat(received.headers["expires"])
    assert timedelta(minutes=55) < expires - datetime.now(UTC) <= timedelta(hours=1)
    _, arguments, _ = received.payload
    assert arguments == {
        "job_id": "job",
        "accession_number": "0000000001-26-000001",
        "stage": "EXTRACT",
        "traceparent": "00-trace",
    }
    assert TaskMessage.of(**arguments) == message


def test_each_queue_has_the_pool_and_prefetch_its_work_needs() -> None:
    options = {queue: worker_options(queue, concurrency=8) for queue in QUEUES.values()}
    assert {queue: each["pool"] for queue, each in options.items()} == {
        "cpu_intensive": "prefork",
        "io_bound": "threads",
        "model_calls": "threads",
    }
    assert {queue: each["prefetch_multiplier"] for queue, each in options.items()} == {
        "cpu_intensive": 1,
        "io_bound": 2,
        "model_calls": 1,
    }
