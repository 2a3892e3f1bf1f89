"""The job records: what was submitted and how far each filing is, on disk before anybody is told.

SQLAlchemy Core, so that the same code runs on SQLite (one file, write-ahead log, synchronous=FULL: a commit is on disk
when it returns) and on Postgres by URL. Every change of a filing is one transaction that locks its row, asks
`tenkay_pipeline.leases` what follows, and writes that. Calls block: `RecordThreads` keeps them off the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from tenkay import sequences
from tenkay.errors import Reason, TenkayError, failure
from tenkay_pipeline import leases
from tenkay_pipeline.jobs import (
    OPEN_STATES,
    Failure,
    Item,
    ItemState,
    Job,
    JobCounts,
    Listing,
    RetryPolicy,
    Settlement,
    Stage,
)
from tenkay_pipeline.leases import Lease

SCHEMA_VERSION = 1
POOL_CONNECTIONS = 4
WAIT_FOR_DATABASE_SECONDS = 10
"""For a connection of the pool, and for SQLite's write lock."""
ROWS_AT_ONCE = 500

P = ParamSpec("P")
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC as whole microseconds since 1970: SQLite's own date type forgets the time zone."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _MICROSECOND


_metadata = sa.MetaData()

_numbers = sa.Table(
    "numbers",
    _metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
"""schema_version, and lease_token: the newest one granted."""

_jobs = sa.Table(
    "jobs",
    _metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("request_id", sa.String(64), nullable=False, unique=True),
    sa.Column("arguments_digest", sa.String(64), nullable=False),
    sa.Column("traceparent", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Column("sequence", sa.String(1024), nullable=False, default=""),
)

_items = sa.Table(
    "job_items",
    _metadata,
    sa.Column("job_id", sa.String(64), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("accession_number", sa.String(20), nullable=False),
    sa.Column("cik", sa.BigInteger),
    sa.Column("primary_document", sa.Text),
    sa.Column("form_type", sa.Text, nullable=False),
    sa.Column("filed_date", sa.Date),
    sa.Column("accepted_at", Moment),
    sa.Column("period_end", sa.Date),
    sa.Column("company_name", sa.Text, nullable=False),
    sa.Column("items", sa.JSON, nullable=False),
    sa.Column("stage", sa.SmallInteger, nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("dispatched_at", Moment),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("strikes", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(64)),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("sequence", sa.String(1024), nullable=False),
    sa.Column("lease_token", sa.BigInteger),
    sa.Column("lease_expires_at", Moment),
    sa.Column("leased_at", Moment),
    sa.Column("settled_token", sa.BigInteger),
    sa.Column("settled_failed", sa.Boolean),
    sa.UniqueConstraint("job_id", "accession_number"),
    # Counting a job, and finding what is due, look at these alone.
    sa.Index("job_items_by_state", "job_id", "stage", "state"),
    sa.Index("job_items_open", "state", "stage", "dispatched_at", "due_at", "job_id", "position"),
)


# Statements that run for every stage of every filing are made once: making one takes longer than running it.
_LOCK_ITEM = (
    sa.select(_items)
    .where(_items.c.job_id == sa.bindparam("of_job"), _items.c.accession_number == sa.bindparam("of_filing"))
    .with_for_update()
)
_SAVE_ITEM = sa.update(_items).where(
    _items.c.job_id == sa.bindparam("of_job"), _items.c.position == sa.bindparam("at_position")
)
_LOCK_JOB = sa.select(_jobs).where(_jobs.c.id == sa.bindparam("of_job")).with_for_update()
_FIRST_OPEN_ITEM = (
    sa.select(_items.c.position)
    .where(_items.c.job_id == sa.bindparam("of_job"), _items.c.state.in_(OPEN_STATES))
    .limit(1)
)
_NEXT_TOKEN = (
    sa.update(_numbers)
    .where(_numbers.c.name == "lease_token")
    .values(value=_numbers.c.value + 1)
    .returning(_numbers.c.value)
)
_COUNT_DISPATCHED = (
    sa.select(sa.func.count())
    .select_from(_items)
    .where(
        _items.c.state == ItemState.WAITING,
        _items.c.stage == sa.bindparam("at_stage"),
        _items.c.dispatched_at.is_not(None),
    )
)
_FIRST_DUE = (
    sa.select(_items.c.job_id, _items.c.position, _items.c.accession_number, _jobs.c.traceparent)
    .join(_jobs, _jobs.c.id == _items.c.job_id)
    .where(
        _items.c.state == ItemState.WAITING,
        _items.c.stage == sa.bindparam("at_stage"),
        _items.c.due_at <= sa.bindparam("now"),
        _items.c.dispatched_at.is_(None),
    )
    .order_by(_items.c.due_at, _items.c.job_id, _items.c.position)
    .limit(sa.bindparam("room"))
    .with_for_update(of=_items, skip_locked=True)
)
_NEXT_DUE = (
    sa.select(_items.c.due_at)
    .where(
        _items.c.state == ItemState.WAITING,
        _items.c.stage == sa.bindparam("at_stage"),
        _items.c.dispatched_at.is_(None),
        _items.c.due_at > sa.bindparam("after"),
    )
    .order_by(_items.c.due_at)
    .limit(1)
)
_MARK_DISPATCHED = (
    sa.update(_items)
    .where(
        _items.c.job_id == sa.bindparam("of_job"),
        _items.c.position == sa.bindparam("at_position"),
        _items.c.state == ItemState.WAITING,
        _items.c.stage == sa.bindparam("at_stage"),
    )
    .values(dispatched_at=sa.bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A stage of a filing that is to be handed to the broker."""

    job_id: str
    position: int
    accession_number: str
    stage: Stage
    traceparent: str
    """Of the job's submission; empty when it had none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be handed to the broker now, and how much more of the stage it may hold after that."""

    dispatches: tuple[Dispatch, ...]
    room_left: int


@dataclass(frozen=True, slots=True)
class Granted:
    """A lease and what its worker needs to know."""

    lease: Lease
    listing: Listing
    min_sequence: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A filing after its lease was settled, and how long the worker had it."""

    item: Item
    seconds: float
    repeated: bool
    """True when the message had been here before and nothing changed."""


@dataclass(frozen=True, slots=True)
class StageLoad:
    """What lies before one stage."""

    stage: Stage
    waiting: int
    """Due or not."""
    dispatched: int
    """Of these, handed to the broker."""
    running: int
    oldest_due_at: datetime | None
    """When the longest waiting one became due; None when none is due."""


class RequestIdTaken(Exception):
    """Another submission has recorded a job under this request_id."""


class UnusableDatabase(Exception):
    """The URL names no database that can be used: mistyped, out of reach, or made by a version with other tables."""


class JobRecords:
    """The tables. Safe to use from several threads; each call is one transaction. UnusableDatabase."""

    def __init__(self, database_url: str) -> None:
        self._engine = _engine(database_url)
        self._writing = self._engine.execution_options(tenkay_writes=True)
        # SQLite has one writer; waiting for it here is fair and prompt, its own busy handler sleeps and polls.
        self._writer: AbstractContextManager[object] = (
            threading.Lock() if self._engine.dialect.name == "sqlite" else contextlib.nullcontext()
        )

    def prepare(self) -> None:
        """Make the tables where there are none. UnusableDatabase."""
        try:
            if self._engine.dialect.name == "sqlite" and self._engine.url.database:
                Path(self._engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._make_tables()
        except (TenkayError, OSError) as error:
            raise UnusableDatabase(str(error)) from error

    def _make_tables(self) -> None:
        with self._write() as db:
            _metadata.create_all(db)
            found = db.scalar(sa.select(_numbers.c.value).where(_numbers.c.name == "schema_version"))
            if found is None:
                db.execute(
                    sa.insert(_numbers),
                    [
                        {"name": "schema_version", "value": SCHEMA_VERSION},
                        {"name": "lease_token", "value": 0},
                    ],
                )
            elif found != SCHEMA_VERSION:
                raise UnusableDatabase(
                    f"it has schema version {found}, this program needs {SCHEMA_VERSION}; "
                    "run the version that made it, or name another database"
                )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # --- submissions and their progress -----------------------------------------------------------------------------

    def add_job(
        self,
        *,
        job_id: str,
        request_id: str,
        arguments_digest: str,
        traceparent: str,
        listings: Sequence[Listing],
        now: datetime,
    ) -> Job:
        """Record a job, all filings waiting for their fetch; one of none is finished at once. RequestIdTaken."""
        rows = [
            _row(Item(job_id, position, listing, due_at=now)) | {"dispatched_at": None}
            for position, listing in enumerate(listings)
        ]
        with self._write() as db:
            try:
                db.execute(
                    sa.insert(_jobs).values(
                        id=job_id,
                        request_id=request_id,
                        arguments_digest=arguments_digest,
                        traceparent=traceparent,
                        created_at=now,
                        finished_at=None if rows else now,
                        sequence="",
                    )
                )
            except sa.exc.IntegrityError:
                raise RequestIdTaken(request_id) from None
            if rows:
                db.execute(sa.insert(_items), rows)
            return _read_job(db, job_id)

    def find_submission(self, request_id: str) -> tuple[Job, str] | None:
        """The job recorded under this request_id and its arguments' digest; None when there is none."""
        with self._read() as db:
            row = db.execute(
                sa.select(_jobs.c.id, _jobs.c.arguments_digest).where(_jobs.c.request_id == request_id)
            ).one_or_none()
            return None if row is None else (_read_job(db, row.id), row.arguments_digest)

    def get_job(self, job_id: str) -> Job:
        """The job as it stands. JOB_UNKNOWN."""
        with self._read() as db:
            return _read_job(db, job_id)

    def list_items(
        self, job_id: str, *, state: ItemState | None, after_position: int, limit: int
    ) -> list[Item]:
        """Filings of a job in the order of submission, after a position (-1: from the first). JOB_UNKNOWN."""
        query = (
            sa.select(_items)
            .where(_items.c.job_id == job_id, _items.c.position > after_position)
            .order_by(_items.c.position)
            .limit(limit)
        )
        if state is not None:
            query = query.where(_items.c.state == state)
        with self._read() as db:
            _require_job(db, job_id)
            return [_item(row) for row in db.execute(query)]

    # --- leases -----------------------------------------------------------------------------------------------------

    def acquire(
        self,
        job_id: str,
        accession_number: str,
        stage: Stage,
        *,
        now: datetime,
        length: timedelta,
        policy: RetryPolicy,
        jitter: float,
    ) -> Granted | None:
        """The lease of the stage when it is the one waiting and due, else None. JOB_UNKNOWN."""
        with self._write() as db:
            item = _lock_item(db, job_id, accession_number)
            if item is None:
                _require_job(db, job_id)
                raise failure(
                    Reason.JOB_UNKNOWN,
                    f"the job {job_id} has no filing {accession_number}",
                    field="accession_number",
                )
            current = leases.expire(item, now, policy, jitter)
            if current is not item:
                _save(db, current)
            if not leases.may_grant(current, stage, now):
                return None
            granted, lease = leases.grant(current, _next_token(db), now, length)
            _save(db, granted)
            return Granted(lease, granted.listing, granted.sequence)

    def keep(self, lease: Lease, *, now: datetime, length: timedelta) -> Lease:
        """The lease with its new end. STALE_LEASE."""
        with self._write() as db:
            item, kept = leases.keep(_lock_leased(db, lease), lease, now, length)
            _save(db, item)
            return kept

    def complete(
        self, lease: Lease, *, sequence: str, cik: int | None, primary_document: str | None, now: datetime
    ) -> Settled:
        """The stage is done. STALE_LEASE."""
        with self._write() as db:
            before = _lock_leased(db, lease)
            after = leases.complete(
                before, lease, now, sequence=sequence, cik=cik, primary_document=primary_document
            )
            return _settle(db, before, after, now, sequence)

    def fail(
        self, lease: Lease, reported: Failure, *, now: datetime, policy: RetryPolicy, jitter: float
    ) -> Settled:
        """The stage failed. STALE_LEASE."""
        with self._write() as db:
            before = _lock_leased(db, lease)
            after = leases.fail(before, lease, reported, now, policy, jitter)
            return _settle(db, before, after, now, "")

    def expire(self, *, now: datetime, policy: RetryPolicy, jitter: Callable[[], float]) -> list[Item]:
        """Take back every lease that was not kept; the filings as they are then."""
        expired: list[Item] = []
        while True:
            with self._write() as db:
                rows = db.execute(
                    sa.select(_items)
                    .where(_items.c.state == ItemState.RUNNING, _items.c.lease_expires_at <= now)
                    .limit(ROWS_AT_ONCE)
                    .with_for_update(skip_locked=True)
                ).all()
                for before in map(_item, rows):
                    after = leases.expire(before, now, policy, jitter())
                    _settle(db, before, after, now, "")
                    expired.append(after)
            if len(rows) < ROWS_AT_ONCE:
                return expired

    # --- the broker's side ------------------------------------------------------------------------------------------

    def claim_due(self, stage: Stage, *, now: datetime, window: int) -> Claim:
        """Filings due at `stage` that the broker was not told of, the longest due first, now marked as dispatched.

        At most so many that `window` are with the broker. They are marked before they are sent: `unclaim` what could
        not be.
        """
        with self._write() as db:
            room = window - db.execute(_COUNT_DISPATCHED, {"at_stage": stage}).scalar_one()
            if room <= 0:
                return Claim((), 0)
            rows = db.execute(
                _FIRST_DUE, {"at_stage": stage, "now": now, "room": min(room, ROWS_AT_ONCE)}
            ).all()
            claimed = [
                Dispatch(row.job_id, row.position, row.accession_number, stage, row.traceparent)
                for row in rows
            ]
            _mark_dispatched(db, claimed, now)
            return Claim(tuple(claimed), room - len(claimed))

    def unclaim(self, dispatches: Sequence[Dispatch]) -> None:
        """The broker did not take these: they are to be dispatched again."""
        with self._write() as db:
            _mark_dispatched(db, dispatches, None)

    def forget_dispatched(self, stage: Stage, *, before: datetime, limit: int) -> int:
        """The filings dispatched to `stage` the longest ago, before then and `limit` at most, are to be sent again.

        How many there are.
        """
        oldest = (
            sa.select(_items.c.job_id, _items.c.position)
            .where(
                _items.c.state == ItemState.WAITING,
                _items.c.stage == stage,
                _items.c.dispatched_at < before,
            )
            .order_by(_items.c.dispatched_at)
            .limit(limit)
        )
        with self._write() as db:
            changed = db.execute(
                sa.update(_items)
                .where(
                    sa.tuple_(_items.c.job_id, _items.c.position).in_(oldest),
                    _items.c.state == ItemState.WAITING,
                )
                .values(dispatched_at=None)
            )
            return int(changed.rowcount)

    def next_due(self, *, after: datetime) -> datetime | None:
        """When, after a moment, the next filing becomes due; None when none will."""
        with self._read() as db:
            # A question a stage, because each is then answered by the first entry of the index.
            firsts = [db.scalar(_NEXT_DUE, {"at_stage": stage, "after": after}) for stage in Stage]
        return min((first for first in firsts if first is not None), default=None)

    def stage_loads(self, *, now: datetime) -> list[StageLoad]:
        """What lies before each stage."""
        waiting = _items.c.state == ItemState.WAITING
        query = (
            sa.select(
                _items.c.stage,
                sa.func.count().filter(waiting).label("waiting"),
                sa.func.count(_items.c.dispatched_at).filter(waiting).label("dispatched"),
                sa.func.count().filter(_items.c.state == ItemState.RUNNING).label("running"),
                sa.func.min(_items.c.due_at).filter(waiting, _items.c.due_at <= now).label("oldest"),
            )
            .where(_items.c.state.in_(OPEN_STATES))
            .group_by(_items.c.stage)
        )
        with self._read() as db:
            by_stage = {row.stage: row for row in db.execute(query)}
        return [
            StageLoad(stage, row.waiting, row.dispatched, row.running, row.oldest)
            if (row := by_stage.get(stage)) is not None
            else StageLoad(stage, 0, 0, 0, None)
            for stage in Stage
        ]

    @contextlib.contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with _database_errors(), self._writer, self._writing.begin() as db:
            yield db

    @contextlib.contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with _database_errors(), self._engine.begin() as db:
            yield db


class RecordThreads:
    """Runs calls of the job records in a few threads, so that the event loop never waits for a disk."""

    def __init__(self, records: JobRecords) -> None:
        self._records = records
        self._threads = ThreadPoolExecutor(max_workers=POOL_CONNECTIONS, thread_name_prefix="job-records")

    async def run(
        self, call: Callable[Concatenate[JobRecords, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The result of `call(records, …)`: ``await threads.run(JobRecords.get_job, job_id)``."""
        context = contextvars.copy_context()
        bound = functools.partial(context.run, call, self._records, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, bound)

    async def close(self) -> None:
        """Wait for running calls, then close the records."""
        await asyncio.to_thread(self._threads.shutdown)
        self._records.close()


def _engine(database_url: str) -> sa.Engine:
    try:
        url = sa.make_url(database_url)
        url.get_dialect()
    except (sa.exc.ArgumentError, ImportError) as error:
        raise UnusableDatabase(str(error)) from error
    sqlite = url.get_backend_name() == "sqlite"
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        pool_size=POOL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT_FOR_DATABASE_SECONDS,
        pool_pre_ping=not sqlite,
        connect_args={"timeout": WAIT_FOR_DATABASE_SECONDS, "check_same_thread": False} if sqlite else {},
    )
    if sqlite:
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, too late to take the write lock first.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("tenkay_writes", False)
    # A transaction that reads first and writes then fails at once when another one wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _database_errors() -> Iterator[None]:
    """The database's own failures as errors of the closed list. The transaction was rolled back."""
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        cause = error.orig if isinstance(error, sa.exc.OperationalError) else error
        if (
            getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL"
            or getattr(cause, "sqlstate", "") == "53100"
        ):
            raise failure(
                Reason.DISK_FULL,
                "the disk of the job records is full and nothing was recorded; make room and call again",
                retry_after=30.0,
            ) from error
        raise failure(
            Reason.DEPENDENCY_UNAVAILABLE,
            f"the job records cannot be reached: {cause}; call again",
            metadata={"service": "job records"},
        ) from error


def _require_job(db: sa.Connection, job_id: str) -> sa.Row[Any]:
    row = db.execute(sa.select(_jobs).where(_jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise failure(
            Reason.JOB_UNKNOWN,
            f"there is no job {job_id[:64]!r}; its id is in the answer of SubmitFilings",
            field="job_id",
        )
    return row


def _read_job(db: sa.Connection, job_id: str) -> Job:
    job = _require_job(db, job_id)
    groups = db.execute(
        sa.select(_items.c.stage, _items.c.state, sa.func.count().label("filings"))
        .where(_items.c.job_id == job_id)
        .group_by(_items.c.stage, _items.c.state)
    ).all()

    def count(stage: Stage | None = None, state: ItemState | None = None) -> int:
        return sum(
            group.filings
            for group in groups
            if (stage is None or group.stage > stage or group.state == ItemState.STORED)
            and (state is None or group.state == state)
        )

    counts = JobCounts(
        total=count(),
        fetched=count(Stage.FETCH),
        extracted=count(Stage.EXTRACT),
        stored=count(state=ItemState.STORED),
        failed=count(state=ItemState.FAILED),
        running=count(state=ItemState.RUNNING),
    )
    return Job(job.id, job.created_at, job.finished_at, counts, job.sequence)


def _lock_item(db: sa.Connection, job_id: str, accession_number: str) -> Item | None:
    row = db.execute(_LOCK_ITEM, {"of_job": job_id, "of_filing": accession_number}).one_or_none()
    return None if row is None else _item(row)


def _lock_leased(db: sa.Connection, lease: Lease) -> Item:
    item = _lock_item(db, lease.job_id, lease.accession_number)
    if item is None:
        raise leases.stale(lease)
    return item


def _next_token(db: sa.Connection) -> int:
    token = db.scalar(_NEXT_TOKEN)
    if token is None:
        raise UnusableDatabase("the job database has lost its lease counter")
    return int(token)


def _settle(db: sa.Connection, before: Item, after: Item, now: datetime, sequence: str) -> Settled:
    seconds = (now - before.leased_at).total_seconds() if before.leased_at is not None else 0.0
    if after is before:
        return Settled(after, 0.0, repeated=True)
    # The job's row is locked first: of two that end the last two filings, the later one sees that both have.
    job = db.execute(_LOCK_JOB, {"of_job": after.job_id}).one()
    _save(db, after)
    changes: dict[str, Any] = {}
    if sequence:
        changes["sequence"] = sequences.merge(job.sequence, sequence)
    if after.state not in OPEN_STATES and not _has_open_items(db, after.job_id):
        changes["finished_at"] = now
    if changes:
        db.execute(sa.update(_jobs).where(_jobs.c.id == after.job_id).values(changes))
    return Settled(after, seconds, repeated=False)


def _has_open_items(db: sa.Connection, job_id: str) -> bool:
    found = db.scalar(_FIRST_OPEN_ITEM, {"of_job": job_id})
    return found is not None


def _save(db: sa.Connection, item: Item) -> None:
    """Write an item that changed; whatever it waits for now, the broker was not told of it yet."""
    key = {"of_job": item.job_id, "at_position": item.position}
    db.execute(_SAVE_ITEM, _progress(item) | key | {"dispatched_at": None})


def _mark_dispatched(db: sa.Connection, dispatches: Sequence[Dispatch], at: datetime | None) -> None:
    if dispatches:
        db.execute(
            _MARK_DISPATCHED,
            [
                {
                    "of_job": each.job_id,
                    "at_position": each.position,
                    "at_stage": each.stage,
                    "at": at,
                }
                for each in dispatches
            ],
        )


def _row(item: Item) -> dict[str, Any]:
    """All columns of an item but dispatched_at."""
    listing = item.listing
    return _progress(item) | {
        "job_id": item.job_id,
        "position": item.position,
        "accession_number": listing.accession_number,
        "form_type": listing.form_type,
        "filed_date": listing.filed_date,
        "accepted_at": listing.accepted_at,
        "period_end": listing.period_end,
        "company_name": listing.company_name,
        "items": list(listing.items),
    }


def _progress(item: Item) -> dict[str, Any]:
    """The columns that change on an item's way."""
    return {
        "cik": item.listing.cik,
        "primary_document": item.listing.primary_document,
        "stage": item.stage,
        "state": item.state,
        "due_at": item.due_at,
        "attempts": item.attempts,
        "strikes": item.strikes,
        "reason": item.reason,
        "detail": item.detail,
        "sequence": item.sequence,
        "lease_token": item.lease_token,
        "lease_expires_at": item.lease_expires_at,
        "leased_at": item.leased_at,
        "settled_token": None if item.settled is None else item.settled.token,
        "settled_failed": None if item.settled is None else item.settled.failed,
    }


def _item(row: sa.Row[Any]) -> Item:
    # `items` is also the name of a method of rows.
    fields = row._mapping
    return Item(
        job_id=row.job_id,
        position=row.position,
        listing=Listing(
            accession_number=row.accession_number,
            cik=row.cik,
            primary_document=row.primary_document,
            form_type=row.form_type,
            filed_date=row.filed_date,
            accepted_at=row.accepted_at,
            period_end=row.period_end,
            company_name=row.company_name,
            items=tuple(fields["items"]),
        ),
        due_at=row.due_at,
        stage=Stage(row.stage),
        state=ItemState(row.state),
        attempts=row.attempts,
        strikes=row.strikes,
        reason=None if row.reason is None else Reason(row.reason),
        detail=row.detail,
        sequence=row.sequence,
        lease_token=row.lease_token,
        lease_expires_at=row.lease_expires_at,
        leased_at=row.leased_at,
        settled=None if row.settled_token is None else Settlement(row.settled_token, row.settled_failed),
    )
