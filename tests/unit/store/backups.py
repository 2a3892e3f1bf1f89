"""Stores with a backup in a folder, for the tests of copies and restores."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tenkay_store.backups.backup import Backup
from tenkay_store.backups.commit_copy import CommitCopy, CopyLimits
from tenkay_store.backups.restore import SecondSink, restore
from tenkay_store.backups.restore_report import Report, Until
from tenkay_store.backups.snapshots import SnapshotOptions, Snapshots
from tenkay_store.domain.records import Artifact, ArtifactKind, CommitRecord, Fence, Purge
from tenkay_store.objects.object_store import ObjectStore, open_object_store
from tenkay_store.primary.duckdb_owner import Limits
from tenkay_store.primary.duckdb_store import DuckDBStore
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import options
from tests.unit.store.filings import TEXT_SHA256, accession_number, analysis_to_commit, extraction

Clock = Callable[[], datetime]

LIMITS = Limits("512MB", 2, 2)
MEBIBYTE = 1024 * 1024


class CopiedStore:
    """A store, its backup and what copies it, without the loops that do so by the clock."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        objects: ObjectStore | None = None,
        part_bytes: int = 16 * MEBIBYTE,
        memory_bytes: int = 64 * MEBIBYTE,
        keep: int = 7,
        sink: str | None = None,
        copies_commits: bool = True,
    ) -> None:
        self.directory = folder / "data"
        self.clock = clock
        self.store = DuckDBStore.open(options(self.directory, sink=sink), clock)
        self.backup = backup(folder) if objects is None else Backup(objects, 0)
        self.copy = CommitCopy(
            self.store,
            self.backup,
            CopyLimits(0.05, part_bytes, memory_bytes),
            clock=clock,
            jitter=lambda seconds: seconds,
        )
        self.snapshots = Snapshots(
            self.store,
            self.backup,
            self.copy if copies_commits else None,
            SnapshotOptions(hours=24, after_purge_seconds=0, keep=keep, keep_days=30),
            folder / "snapshot.tmp",
            clock=clock,
            jitter=lambda seconds: seconds,
        )

    async def __aenter__(self) -> CopiedStore:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.snapshots.close()
        await self.store.close()


def backup(folder: Path) -> Backup:
    """The backup in a folder."""
    return Backup(open_object_store(f"file://{folder}/backup", folder), 0)


def hold_text(folder: Path) -> None:
    """Put the text that made-up filings name where a store keeps its objects; only its path is looked at here."""
    place = folder / "artifacts" / "text" / TEXT_SHA256[:2]
    place.mkdir(parents=True, exist_ok=True)
    (place / TEXT_SHA256).write_bytes(b"as it is kept")


def objects_of(folder: Path, kind: str) -> list[Path]:
    """The files of the backup's snapshots or commits, by name."""
    root = folder / "backup" / "shards" / "0" / kind
    return sorted(path for path in root.rglob("*") if path.is_file())


async def commit_some(store: DuckDBStore, first: int, count: int) -> None:
    """Filings with an analysis each, under leases; every third in a second version that names another company."""
    commits = []
    for number in range(first, first + count):
        name = accession_number(number)
        message = extraction(name, signals={"revenue": f"{number}.50", f"ratio_{number % 7}": number / 3})
        body = replace(extraction_record(message), artifacts=(Artifact(ArtifactKind.TEXT, TEXT_SHA256, 4),))
        commits.append(store.commit(body, fence=Fence("job", number)))
        commits.append(store.commit(analysis_to_commit(message), fence=Fence("job", number)))
        if number % 3 == 0:
            commits.append(
                store.commit(extraction_record(extraction(name, cik=1999000002, code_version="2")))
            )
    # All at once, which keeps their order.
    await asyncio.gather(*commits)


async def purge(store: DuckDBStore, number: int) -> CommitRecord:
    """Purge a filing."""
    (record,) = await store.purge([Purge(accession_number(number), "the data officer", "withdrawn")])
    return record


async def restored(
    folder: Path,
    clock: Clock,
    *,
    until: Until | None = None,
    second_sink: SecondSink | None = None,
    directory: str = "restored",
    keep: bool = False,
) -> Report:
    """Restore the backup in a folder into another folder there, which is emptied first unless it is to be kept."""
    if not keep:
        shutil.rmtree(folder / directory, ignore_errors=True)
    return await restore(
        backup(folder),
        folder / directory,
        second_sink=second_sink,
        sink_name=None,
        artifacts=open_object_store(None, folder / "objects"),
        until=until or Until(),
        limits=LIMITS,
        clock=clock,
        tell=lambda _line: None,
    )


class SinkRows:
    """A second sink that has these commits."""

    def __init__(self, records: Sequence[CommitRecord], store_id: str | None = None) -> None:
        self._records = sorted(records, key=lambda record: record.sequence)
        self._store_id = store_id

    async def store_id(self) -> str | None:
        return self._store_id

    async def newest_sequence(self) -> int:
        return max((record.sequence for record in self._records), default=0)

    async def commits(self, after: int, up_to: int | None) -> AsyncIterator[CommitRecord]:
        for record in self._records:
            if record.sequence > after and (up_to is None or record.sequence <= up_to):
                yield record
