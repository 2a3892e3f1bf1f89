"""Every metric of the store."""

from __future__ import annotations

from tenkay.runtime.metrics import counter, gauge, histogram

COMMITS = counter("tenkay_store_commits", "Commits answered, by what became of them.", ("kind", "outcome"))
"""outcome: changed, unchanged, refused."""

GROUP_SECONDS = histogram("tenkay_store_group_seconds", "Time to make a group of commits durable.")
GROUP_SIZE = histogram(
    "tenkay_store_group_size",
    "Pieces of work in a group: commits and marks.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
WRITER_QUEUE = gauge("tenkay_store_writer_queue_size", "Pieces of work waiting for the writer.")
READERS_FREE = gauge("tenkay_store_readers_free", "Readers without a query.")
HEAD = gauge("tenkay_store_sequence", "The newest commit's sequence.")
FILE_BYTES = gauge("tenkay_store_file_bytes", "Size of the database, by part.", ("part",))
"""part: main, wal."""
DISK_FREE_BYTES = gauge("tenkay_store_disk_free_bytes", "Free space on the database's disk.")

WATCHERS = gauge("tenkay_store_feed_watchers", "Followers of the change feed.")
FEED_CATCH_UPS = counter(
    "tenkay_store_feed_catch_ups", "Reads of the feed's table by followers that were behind."
)

SINK_WRITES = counter(
    "tenkay_store_sink_writes", "Batches sent to the second sink, by outcome.", ("outcome",)
)
"""outcome: ok, retry, dead, stop."""
SINK_SECONDS = histogram("tenkay_store_sink_seconds", "Time for the second sink to take a batch.")
SINK_COMMITS = counter(
    "tenkay_store_sink_commits", "Commits the second sink has taken or refused for good.", ("state",)
)
"""state: durable, dead."""
SINK_LAG_SECONDS = histogram(
    "tenkay_store_sink_lag_seconds", "Time from a commit in the primary until the second sink had it."
)
SINK_BREAKER_OPEN = gauge(
    "tenkay_store_sink_breaker_open", "1 while the second sink is left alone after failures."
)
SINK_STOPPED = gauge(
    "tenkay_store_sink_stopped", "1 while the second sink refuses the key or lacks the schema."
)
OUTBOX_COMMITS = gauge(
    "tenkay_store_outbox_commits", "Commits the second sink has not taken, by state.", ("state",)
)
"""state: pending, dead."""
OUTBOX_OLDEST_SECONDS = gauge(
    "tenkay_store_outbox_oldest_seconds", "Age of the oldest commit that waits for the second sink."
)
COPY_PARTS = counter(
    "tenkay_store_copy_parts", "Parts of commits sent to the backup, by outcome.", ("outcome",)
)
"""outcome: ok, failed."""
COPY_BYTES = counter("tenkay_store_copy_bytes", "Size of the parts of commits in the backup.")
COPY_AGE_SECONDS = gauge(
    "tenkay_store_copy_age_seconds",
    "How long ago the oldest commit may have been made that a lost disk would lose; 0 when all are copied.",
)
SNAPSHOTS = counter("tenkay_store_snapshots", "Snapshots made, by outcome.", ("outcome",))
"""outcome: ok, failed."""
SNAPSHOT_SECONDS = histogram(
    "tenkay_store_snapshot_seconds",
    "Time to copy the database for a snapshot and to upload it, by step.",
    ("step",),
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800),
)
"""step: copy (and read it back), upload."""
SNAPSHOT_SEQUENCE = gauge("tenkay_store_snapshot_sequence", "The newest commit in the newest snapshot.")
SNAPSHOT_AGE_SECONDS = gauge(
    "tenkay_store_snapshot_age_seconds", "Age of the newest snapshot. Not set while there is none."
)
UNCLEAN_PURGES = gauge("tenkay_store_purges_in_copies", "1 while copies may hold what was purged.")
RECONCILIATIONS = counter(
    "tenkay_store_reconciliations", "Comparisons with the second sink, by outcome.", ("outcome",)
)
"""outcome: ok, failed."""
RECONCILIATION_SECONDS = histogram(
    "tenkay_store_reconciliation_seconds",
    "Time to compare with the second sink.",
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800),
)
RECONCILED_AT = gauge(
    "tenkay_store_reconciled_at_seconds", "When a comparison last came to its end, in Unix time."
)
RECONCILIATION_FOUND = counter(
    "tenkay_store_reconciliation_found", "Commits that were not the same in the second sink.", ("kind",)
)
"""kind: missing there; differing there; unknown here."""
RECONCILIATION_RESENT = counter(
    "tenkay_store_reconciliation_resent", "Commits that a comparison put back into the outbox."
)
SEGMENTS = gauge("tenkay_store_screen_segments", "Tables of the screens' copy of the signals.")
SORT_SECONDS = histogram(
    "tenkay_store_segment_sort_seconds", "Time to sort segments of the screens' copy into one."
)

ARTIFACT_PUTS = counter("tenkay_store_artifact_puts", "Artifacts kept, by kind.", ("kind",))
"""kind: TEXT, FACTS; so in all that follow."""
ARTIFACT_PUT_SECONDS = histogram(
    "tenkay_store_artifact_put_seconds", "Time from the first message of an artifact until it was durable."
)
ARTIFACT_BYTES_PUT = counter(
    "tenkay_store_artifact_bytes_put", "Bytes of artifacts written, compressed.", ("kind",)
)
ARTIFACT_READS = counter("tenkay_store_artifact_reads", "Reads of artifacts.", ("kind",))
ARTIFACT_BYTES_READ = counter(
    "tenkay_store_artifact_bytes_read", "Bytes of artifacts read, compressed.", ("kind",)
)
ARTIFACTS_HELD = gauge(
    "tenkay_store_artifacts_held", "Artifacts in the object storage at the last look.", ("kind",)
)
ARTIFACT_BYTES_HELD = gauge(
    "tenkay_store_artifact_bytes_held", "Bytes they take in the object storage, at the last look.", ("kind",)
)
ARTIFACTS_REMOVED = counter("tenkay_store_artifacts_removed", "Artifacts removed, by why.", ("why",))
"""why: purged, unnamed."""
ARTIFACTS_DAMAGED = counter(
    "tenkay_store_artifacts_damaged", "Reads that found an artifact changed where it is kept."
)
