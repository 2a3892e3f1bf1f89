"""What the store takes from its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from tenkay.runtime.settings import ServiceSettings
from tenkay_store.backups.backup import Backup
from tenkay_store.backups.commit_copy import CopyLimits
from tenkay_store.backups.snapshots import SnapshotOptions
from tenkay_store.domain.sink import BreakerLimits, SupabaseOptions
from tenkay_store.failpoints import check as check_failpoints
from tenkay_store.objects.artifact_store import ArtifactLimits
from tenkay_store.objects.object_store import ObjectStore, open_object_store
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import StoreOptions
from tenkay_store.primary.group_commit import GroupLimits
from tenkay_store.rpc.moments import ReadOptions
from tenkay_store.second_sink.outbox import OutboxLimits

SUPABASE = "supabase"
OBJECTS_FOLDER = "objects"


class StoreSettings(ServiceSettings):
    """Settings of the store: ``TENKAY_STORE_…``."""

    model_config = SettingsConfigDict(env_prefix="TENKAY_STORE_", frozen=True)

    data_directory: Path
    """Folder of the DuckDB file, its write-ahead log and its temporary files. Made when missing."""

    max_concurrent_rpcs: int = Field(default=250, ge=1, le=100_000)
    """Calls served at once; one more is answered TOO_MANY_CALLS. Each may hold a commit of 4 MB and what is made of it:
    2,000 of 1 MB at once took 4.3 GB."""

    objects_url: str | None = None
    """Where objects (texts and facts) are kept, by this store alone: an address that obstore takes (s3://, gs://,
    az://, file://), with credentials from the environment variables it reads. Unset: the folder "objects" below
    data_directory."""

    artifact_max_bytes: int = Field(default=32 * 1024 * 1024, ge=1024, le=1024 * 1024 * 1024)
    """Largest text, or facts of one filing, that is kept."""

    artifact_incoming_bytes: int = Field(default=256 * 1024 * 1024, ge=1024)
    """Size of the artifacts that may be on their way in; beyond it QUEUE_FULL. A larger single one is let in alone."""

    artifact_whole_reads: int = Field(default=8, ge=1, le=100)
    """GetFacts calls that hold a filing's facts at once; one more waits for its turn."""

    artifact_keep_seconds: float = Field(default=24 * 3600, ge=60, le=30 * 24 * 3600)
    """How long an artifact that no extraction names is kept: longer than a caller takes from put to commit."""

    artifact_collect_seconds: float = Field(default=3600, gt=0, le=24 * 3600)
    """How often the objects are looked through for artifacts that nothing names."""

    shard: int = Field(default=0, ge=0, le=99_999)
    """Number of this store among its shards; the part of its sequences before the dot."""

    memory_limit: str = Field(default="4GB", pattern=r"^[1-9][0-9]*(MB|GB|MiB|GiB)$")
    """Most memory DuckDB uses for all readers and the writer together."""

    threads: int = Field(default=2, ge=1, le=256)
    """Threads DuckDB plans a query for. Each query runs on the thread of its reader; those over two are started to help
    with large queries. They answer a lone one sooner and make each small read dearer."""

    readers: int = Field(default=10, ge=1, le=100)
    """Queries that run at once; one more waits for its turn. Of screens over more than a quarter's filing days or more
    than four signals, and of screens of companies that name none, there are one more than `threads` at once and the
    others wait in their order, so that lists and small screens find a reader free."""

    group_commits: int = Field(default=50, ge=1, le=1000)
    """Commits that go into one transaction at most."""

    group_window_seconds: float = Field(default=0.05, ge=0, le=5)
    """How long the first commit of a group waits for others."""

    queue_commits: int = Field(default=1000, ge=1, le=100_000)
    """Commits that may wait for the writer; one more is answered QUEUE_FULL."""

    queue_bytes: int = Field(default=256 * 1024 * 1024, ge=4 * 1024 * 1024)
    """Size of the commits that may wait for the writer; beyond it QUEUE_FULL."""

    min_free_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    """Free disk space that commits leave alone; below it they are answered DISK_FULL."""

    checkpoint_wal_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Size of the write-ahead log at which it is merged into the database even while commits wait. An idle writer
    merges it from a quarter of this."""

    segment_rows: int = Field(default=250_000, ge=1, le=100_000_000)
    """Values at which the part of the screens' copy that commits are added to is closed and sorted. Screens read it
    whole until then."""

    export_idle_seconds: float = Field(default=60, gt=0, le=3600)
    """How long an export waits for its caller to take the next part of 256 KB. Then it gives its reader back and is
    answered STREAM_NOT_READ. Query's limit is shorter, so that it is the one to tell its own callers."""

    statistics_seconds: float = Field(default=15, ge=0, le=3600)
    """How long statistics are kept before they are counted again."""

    sequence_wait_seconds: float = Field(default=0.05, ge=0, le=30)
    """How long a read waits for its min_sequence before it is answered SEQUENCE_NOT_REACHED.

    Short, because one owner has all that it ever gave a sequence: a later one is of another store, or of before a
    restore, and those who wait for it keep others from the places of reads.
    """

    feed_days: float = Field(default=7, gt=0, le=3650)
    """How long the change feed keeps a change. Older positions are answered FEED_POSITION_EXPIRED."""

    feed_memory_changes: int = Field(default=10_000, ge=1, le=1_000_000)
    """Newest changes kept in memory for all followers together; one that is further behind reads from disk."""

    feed_quiet_seconds: float = Field(default=10, gt=0, le=600)
    """How often a follower hears from the feed while nothing is committed."""

    feed_followers: int = Field(default=100, ge=1, le=100_000)
    """Calls of Watch at once, and half of max_concurrent_rpcs at most; one more is answered TOO_MANY_CALLS. Each is one
    of those for as long as it lasts: with as many, nobody could commit or read."""

    backup_url: str | None = Field(default=None, pattern=r"^[a-z0-9]+://.+")
    """Where snapshots of the database and the copy of its commits go: an address that obstore takes, with credentials
    from the environment variables it reads; it may be objects_url. Unset: none are made, and a lost disk loses what
    the second sink does not have. In a folder of the same disk (file://) they help against a damaged file alone."""

    snapshot_hours: float = Field(default=24, ge=0, le=8760)
    """From one snapshot to the next. 0: only on demand and after purges."""

    snapshots_kept: int = Field(default=7, ge=1, le=1000)
    """Most snapshots that are kept. A purge leaves only the one that was made after it."""

    snapshot_days: float = Field(default=30, gt=0, le=3650)
    """Age at which a snapshot is deleted; the newest never is. Commits are copied back to the oldest one kept."""

    purge_snapshot_seconds: float = Field(default=600, ge=0, le=2_592_000)
    """Longest time from a purge to the snapshot after which all copies that held the filing are deleted."""

    commit_copy_seconds: float = Field(default=10, ge=0, le=86_400)
    """The loss window: a lost disk loses the commits of this time at most, as long as the object storage keeps up.
    They are copied to backup_url twice in it. 0: never, so that a lost disk loses what came after the newest
    snapshot."""

    commit_copy_part_bytes: int = Field(default=16 * 1024 * 1024, ge=1024 * 1024, le=256 * 1024 * 1024)
    """Size of the commits in one part of that copy at most; a single larger one goes alone."""

    commit_copy_memory_bytes: int = Field(default=64 * 1024 * 1024, ge=0)
    """Size of the commits held in memory for it; what does not fit, while the object storage is away, is read back."""

    supabase_url: str | None = Field(default=None, pattern=r"^https?://.+")
    """Address of the Supabase project, or of a gateway that speaks its protocol. Unset: there is no second sink."""

    supabase_key: SecretStr | None = None
    """Key of the service role. Required with supabase_url."""

    supabase_connections: int = Field(default=20, ge=1, le=200)
    """Connections to Supabase at most."""

    supabase_connect_seconds: float = Field(default=2, gt=0, le=60)
    """How long to wait for a connection to Supabase."""

    supabase_read_seconds: float = Field(default=15, gt=0, le=300)
    """How long to wait for Supabase's whole answer, once connected."""

    supabase_batch_commits: int = Field(default=25, ge=1, le=200)
    """Commits in one request to Supabase at most."""

    supabase_batch_bytes: int = Field(default=1024 * 1024, ge=1024)
    """Size of the commits in one request to Supabase at most; a single larger one goes alone."""

    supabase_batches_in_flight: int = Field(default=6, ge=1, le=100)
    """Requests to Supabase at once."""

    supabase_breaker_failures: int = Field(default=5, ge=1, le=1000)
    """Failures in a row after which Supabase is left alone for a while."""

    supabase_breaker_seconds: float = Field(default=10, gt=0, le=3600)
    """How long it is left alone."""

    supabase_retry_seconds: float = Field(default=0.2, gt=0, le=60)
    """First wait before a commit is sent again; doubles with each attempt, with jitter."""

    supabase_retry_most_seconds: float = Field(default=60, gt=0, le=3600)
    """Longest wait before a commit is sent again."""

    supabase_stopped_seconds: float = Field(default=60, gt=0, le=3600)
    """How long the sink stays stopped after Supabase refused the key or lacked the schema, before one more try."""

    reconcile_every_seconds: float = Field(default=3600, ge=1, le=604_800)
    """How often all that Supabase holds is compared with the primary, by commits."""

    reconcile_contents_days: int = Field(default=7, ge=0, le=36_500)
    """Of the commits of how many days, today included, such a comparison also reads the rows in Supabase."""

    outbox_memory_commits: int = Field(default=2000, ge=1, le=100_000)
    """Unsent commits known in memory; more wait in the outbox table alone."""

    outbox_memory_bytes: int = Field(default=64 * 1024 * 1024, ge=0)
    """Size of the unsent commits held in memory; beyond it they are read back when their turn comes."""

    wait_for_all_seconds: float = Field(default=20, gt=0, le=600)
    """Longest wait of a WAIT_FOR_ALL commit for Supabase; the call's deadline may shorten it."""

    under_test: bool = False
    """Lets failpoints be armed. Only for stores whose data is made up."""

    failpoints: Annotated[str, AfterValidator(check_failpoints)] = ""
    """Places in the code at which the store dies, waits or fails (failpoints.py). Refused unless under_test is set."""

    @model_validator(mode="after")
    def _is_under_test_when_it_is_to_fail(self) -> StoreSettings:
        if self.failpoints and not self.under_test:
            raise ValueError(
                "TENKAY_STORE_FAILPOINTS makes the store die or fail and is for tests; remove it, or set "
                "TENKAY_STORE_UNDER_TEST=true"
            )
        return self

    @model_validator(mode="after")
    def _has_a_key_for_its_sink(self) -> StoreSettings:
        if (self.supabase_url is None) != (self.supabase_key is None):
            raise ValueError(
                "set TENKAY_STORE_SUPABASE_URL and TENKAY_STORE_SUPABASE_KEY together, or neither"
            )
        return self

    def most_followers(self) -> int:
        """How many may follow the change feed at once."""
        return min(self.feed_followers, max(1, self.max_concurrent_rpcs // 2))

    def store_options(self) -> StoreOptions:
        """How the primary is opened."""
        return StoreOptions(
            directory=self.data_directory,
            limits=Limits(self.memory_limit, self.threads, self.readers),
            group=GroupLimits(
                self.group_commits, self.group_window_seconds, self.queue_commits, self.queue_bytes
            ),
            min_free_bytes=self.min_free_bytes,
            checkpoint_wal_bytes=self.checkpoint_wal_bytes,
            sink=None if self.supabase_url is None else SUPABASE,
            segment_rows=self.segment_rows,
        )

    def object_store(self) -> ObjectStore:
        """Where objects are kept. CannotOpenObjects."""
        return open_object_store(
            self.objects_url, self.data_directory / OBJECTS_FOLDER, min_free_bytes=self.min_free_bytes
        )

    def backup(self) -> Backup | None:
        """Where copies go; None when none are made. CannotOpenObjects."""
        if self.backup_url is None:
            return None
        objects = open_object_store(self.backup_url, self.data_directory, min_free_bytes=self.min_free_bytes)
        return Backup(objects, self.shard)

    def snapshot_options(self) -> SnapshotOptions:
        """When snapshots are made, and how long they are kept."""
        return SnapshotOptions(
            hours=self.snapshot_hours,
            after_purge_seconds=self.purge_snapshot_seconds,
            keep=self.snapshots_kept,
            keep_days=self.snapshot_days,
        )

    def copy_limits(self) -> CopyLimits | None:
        """How commits are copied; None when they are not."""
        if not self.commit_copy_seconds:
            return None
        return CopyLimits(
            self.commit_copy_seconds, self.commit_copy_part_bytes, self.commit_copy_memory_bytes
        )

    def artifact_limits(self) -> ArtifactLimits:
        """What is bounded where artifacts are put and read."""
        return ArtifactLimits(
            max_bytes=self.artifact_max_bytes,
            incoming_bytes=self.artifact_incoming_bytes,
            whole_reads=self.artifact_whole_reads,
            keep_seconds=self.artifact_keep_seconds,
        )

    def supabase_options(self) -> SupabaseOptions | None:
        """How the second sink is reached; None when there is none."""
        if self.supabase_url is None or self.supabase_key is None:
            return None
        return SupabaseOptions(
            url=self.supabase_url,
            key=self.supabase_key.get_secret_value(),
            connections=self.supabase_connections,
            connect_seconds=self.supabase_connect_seconds,
            read_seconds=self.supabase_read_seconds,
        )

    def outbox_limits(self) -> OutboxLimits:
        """How the second sink is served."""
        return OutboxLimits(
            batch_commits=self.supabase_batch_commits,
            batch_bytes=self.supabase_batch_bytes,
            batches_in_flight=self.supabase_batches_in_flight,
            memory_commits=self.outbox_memory_commits,
            memory_bytes=self.outbox_memory_bytes,
            retry_seconds=self.supabase_retry_seconds,
            retry_most_seconds=self.supabase_retry_most_seconds,
            breaker_seconds=self.supabase_breaker_seconds,
            stopped_seconds=self.supabase_stopped_seconds,
        )

    def breaker_limits(self) -> BreakerLimits:
        """When the second sink is left alone."""
        return BreakerLimits(self.supabase_breaker_failures, self.supabase_breaker_seconds)

    def read_options(self) -> ReadOptions:
        """How reads and commits wait."""
        return ReadOptions(self.shard, self.sequence_wait_seconds, self.wait_for_all_seconds)
