"""Runs the store: settings -> adapters -> domain -> server."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime

from tenkay.errors import Reason, TenkayError
from tenkay.runtime.logs import get_logger
from tenkay.runtime.server import ServerScope, run
from tenkay.runtime.settings import load_settings
from tenkay.store.v1.artifact_service_pb2_grpc import add_ArtifactServiceServicer_to_server
from tenkay.store.v1.change_feed_service_pb2_grpc import add_ChangeFeedServiceServicer_to_server
from tenkay.store.v1.filing_store_service_pb2_grpc import add_FilingStoreServiceServicer_to_server
from tenkay.store.v1.signal_analytics_service_pb2_grpc import add_SignalAnalyticsServiceServicer_to_server
from tenkay.store.v1.store_admin_service_pb2_grpc import add_StoreAdminServiceServicer_to_server
from tenkay_store import failpoints
from tenkay_store.backups.commit_copy import CommitCopy
from tenkay_store.backups.snapshots import Snapshots
from tenkay_store.domain.change_feed import ChangeFeed
from tenkay_store.domain.statistics_cache import StatisticsCache
from tenkay_store.objects.artifact_store import ArtifactStore
from tenkay_store.objects.object_store import CannotOpenObjects
from tenkay_store.primary.duckdb_owner import SNAPSHOT_FOLDER, CannotOpen
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.rpc import admin_servicer, analytics_servicer, artifact_servicer, feed_servicer, servicer
from tenkay_store.second_sink.jitter import jittered
from tenkay_store.second_sink.outbox import Outbox
from tenkay_store.second_sink.reconciler import Reconciler
from tenkay_store.settings import StoreSettings

logger = get_logger(__name__)

OBSERVE_SECONDS = 5.0
COLLECT_AFTER = 50_000
"""So many objects more than there were, and the youngest are searched for cycles. A filing's message, records and rows
are thousands without any: searched as often as Python does by itself, they make a commit an eighth dearer."""


async def build(scope: ServerScope, settings: StoreSettings) -> None:
    """Puts the service together."""
    failpoints.arm(settings.failpoints)
    try:
        objects = settings.object_store()
        store = await DuckDBStore.open_in_thread(settings.store_options(), clock)
    except (CannotOpen, CannotOpenObjects) as error:
        raise SystemExit(f"store: {error}") from None
    scope.defer(store.close)
    scope.spawn(store.end_with_writer(), "store-writer")
    scope.spawn(store.keep_segments_sorted(), "store-segments")
    feed = ChangeFeed(
        store,
        memory_changes=settings.feed_memory_changes,
        quiet_seconds=settings.feed_quiet_seconds,
        followers=settings.most_followers(),
    )
    scope.spawn(feed.prune(settings.feed_days, clock), "feed-prune")
    outbox, reconciler = deliver_to_supabase(scope, settings, store)
    snapshots = copy_to_backup(scope, settings, store)
    scope.spawn(observe(store, outbox, snapshots), "store-gauges")
    artifacts = ArtifactStore(objects, store, settings.artifact_limits(), clock)
    try:
        await artifacts.require_own()
    except TenkayError as error:
        # What is only away for now does not keep filings from being read; each put asks again.
        if error.reason is Reason.OBJECTS_UNUSABLE:
            raise
        logger.warning("objects_not_claimed", problem=error.message)
    scope.spawn(artifacts.keep_collecting(settings.artifact_collect_seconds), "artifacts-collector")
    artifact_calls = artifact_servicer.ArtifactServicer(store, artifacts, settings.read_options())
    scope.add(add_ArtifactServiceServicer_to_server, artifact_calls, artifact_servicer.ARTIFACTS)
    filings = servicer.FilingStoreServicer(store, artifacts, outbox, settings.read_options())
    scope.add(add_FilingStoreServiceServicer_to_server, filings, servicer.FILING_STORE)
    series = analytics_servicer.SignalAnalyticsServicer(
        store, settings.read_options(), export_idle_seconds=settings.export_idle_seconds
    )
    scope.add(add_SignalAnalyticsServiceServicer_to_server, series, analytics_servicer.SIGNAL_ANALYTICS)
    changes = feed_servicer.ChangeFeedServicer(feed, settings.shard)
    scope.add(add_ChangeFeedServiceServicer_to_server, changes, feed_servicer.CHANGE_FEED)
    statistics = StatisticsCache(store, settings.statistics_seconds, clock)
    admin = admin_servicer.StoreAdminServicer(
        store, artifacts, outbox, reconciler, snapshots, statistics, settings.shard
    )
    scope.add(add_StoreAdminServiceServicer_to_server, admin, admin_servicer.STORE_ADMIN)


def deliver_to_supabase(
    scope: ServerScope, settings: StoreSettings, store: DuckDBStore
) -> tuple[Outbox, Reconciler] | tuple[None, None]:
    """The outbox and the reconciler, at work; None where there is no second sink."""
    options = settings.supabase_options()
    if options is None:
        return None, None
    # Only where they are used: they take a second to import.
    from tenkay_store.second_sink.breaker import SinkBreaker
    from tenkay_store.second_sink.owned_sink import OwnedSink
    from tenkay_store.second_sink.supabase_sink import SupabaseSink

    supabase = SupabaseSink(options)
    scope.defer(supabase.close)
    sink = OwnedSink(store, supabase)
    breaker = SinkBreaker(sink.name, settings.breaker_limits())
    outbox = Outbox(store, sink, breaker, settings.outbox_limits(), clock=clock, jitter=jittered)
    scope.spawn(outbox.run(), "outbox")
    reconciler = Reconciler(store, sink, outbox, clock=clock, jitter=jittered)
    scope.spawn(
        reconciler.run(settings.reconcile_every_seconds, settings.reconcile_contents_days), "reconciler"
    )
    return outbox, reconciler


def copy_to_backup(scope: ServerScope, settings: StoreSettings, store: DuckDBStore) -> Snapshots | None:
    """The snapshots and the copy of commits, at work; None where no copies are made."""
    try:
        backup = settings.backup()
    except CannotOpenObjects as error:
        raise SystemExit(f"store: {error}") from None
    if backup is None:
        return None
    limits = settings.copy_limits()
    commit_copy = None
    if limits is not None:
        commit_copy = CommitCopy(store, backup, limits, clock=clock, jitter=jittered)
        scope.defer(commit_copy.close)
        scope.spawn(commit_copy.run(), "commit-copy")
    snapshots = Snapshots(
        store,
        backup,
        commit_copy,
        settings.snapshot_options(),
        settings.data_directory / SNAPSHOT_FOLDER,
        clock=clock,
        jitter=jittered,
    )
    scope.defer(snapshots.close)
    scope.spawn(snapshots.run(), "snapshots")
    return snapshots


async def observe(store: DuckDBStore, outbox: Outbox | None, snapshots: Snapshots | None) -> None:
    """Set the gauges, without end."""
    while True:
        store.observe()
        if outbox is not None:
            await outbox.observe()
        if snapshots is not None:
            await snapshots.observe()
        await asyncio.sleep(OBSERVE_SECONDS)


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


if __name__ == "__main__":
    gc.set_threshold(COLLECT_AFTER)
    settings = load_settings(StoreSettings)
    run("store", settings, lambda scope: build(scope, settings))
