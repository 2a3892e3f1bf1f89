"""The copies of one store in an object storage, by the paths of their objects.

shards/<shard>/store.json                        whose the copies are; written once, before any of them
shards/<shard>/snapshots/<name>/manifest.json    what the snapshot is; written last: without it there is no snapshot
shards/<shard>/snapshots/<name>/<number>         the pieces of its file
shards/<shard>/commits/<part>                    the commits between two sequences (commit_parts)
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from tenkay.errors import Reason, failure
from tenkay_store.backups import commit_parts
from tenkay_store.backups.commit_parts import DamagedPart, PartName, Range
from tenkay_store.domain.records import CommitRecord
from tenkay_store.objects.object_store import ObjectMissing, ObjectStore
from tenkay_store.objects.place_owner import OwnerUnreadable, PlaceOwner

FORMAT = 1
PIECE_BYTES = 16 * 1024 * 1024
MANIFEST = "manifest.json"

TIMELINE = 10**12
"""A store that was restored goes on at the next multiple of this: no sequence that the lost one may have given is given
again, and the copies of the two are told apart by their sequences."""

_SNAPSHOT = re.compile(r"([0-9]{20})-([0-9]{8}T[0-9]{6}Z)", re.ASCII)


class DamagedSnapshot(Exception):
    """The snapshot cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class SnapshotName:
    """Names a snapshot: the newest commit it holds, and when it was made."""

    sequence: int
    made_at: datetime

    def __str__(self) -> str:
        return f"{self.sequence:020}-{self.made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snapshot's file."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is."""

    format: int
    shard: int
    sequence: int
    """The newest commit it holds."""
    made_at: datetime
    schema_version: int
    duckdb_version: str
    """Of the DuckDB that wrote it."""
    storage_version: str
    """Of its file: the oldest DuckDB that reads it."""
    rows: Mapping[str, int]
    """By table."""
    pieces: tuple[Piece, ...]
    store_id: str | None = None
    """The store that it is of; None: made before there were identities."""

    @property
    def name(self) -> SnapshotName:
        """The snapshot's."""
        return SnapshotName(self.sequence, self.made_at)

    @property
    def size_bytes(self) -> int:
        """The size of the file."""
        return sum(piece.size_bytes for piece in self.pieces)


_MANIFEST = TypeAdapter(Manifest)


def parse_name(text: str) -> SnapshotName | None:
    """The name that a text spells; None when it is no snapshot's."""
    match = _SNAPSHOT.fullmatch(text)
    if match is None:
        return None
    try:
        made_at = datetime.strptime(match[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return SnapshotName(int(match[1]), made_at)


def timeline(sequence: int) -> int:
    """Counts the restores before a sequence was given, in steps: two copies belong together when it is the same."""
    return sequence // TIMELINE


@dataclass(frozen=True, slots=True)
class Listing:
    """All there is."""

    snapshots: tuple[SnapshotName, ...]
    """Those with a manifest, the oldest first."""
    parts: tuple[PartName, ...]
    """In the order of commits."""
    pieces: Mapping[SnapshotName, Sequence[str]]
    """Paths of the pieces, of snapshots without a manifest too."""

    @property
    def unfinished(self) -> list[SnapshotName]:
        """Those without a manifest: they do not count."""
        return [name for name in self.pieces if name not in self.snapshots]

    @property
    def newest_sequence(self) -> int:
        """The newest one that any of it names; 0 when there is nothing."""
        return max(
            [each.sequence for each in self.snapshots] + [each.range.up_to for each in self.parts], default=0
        )

    def chain(self, after: int) -> list[PartName]:
        """The parts that hold commits after a sequence, of its timeline, in order."""
        return [
            part
            for part in self.parts
            if part.range.up_to > after and timeline(part.range.after) == timeline(after)
        ]


def _read_piece(source: BinaryIO) -> tuple[bytes, Piece] | None:
    content = source.read(PIECE_BYTES)
    return (content, Piece(len(content), hashlib.sha256(content).hexdigest())) if content else None


class Backup:
    """The copies of one shard. Methods raise DEPENDENCY_UNAVAILABLE when the object storage does not answer."""

    def __init__(self, objects: ObjectStore, shard: int) -> None:
        self._objects = objects
        self.shard = shard
        self._owner = PlaceOwner(objects, f"shards/{shard}/store.json")
        self._snapshots = f"shards/{shard}/snapshots"
        self._commits = f"shards/{shard}/commits"

    async def list(self) -> Listing:
        """All there is. Names that are not ours are passed over."""
        pieces: dict[SnapshotName, list[str]] = {}
        complete: set[SnapshotName] = set()
        async for found in self._objects.list(self._snapshots):
            folder, _, file = found.path.removeprefix(f"{self._snapshots}/").partition("/")
            name = parse_name(folder)
            if name is None:
                continue
            if file == MANIFEST:
                complete.add(name)
            else:
                pieces.setdefault(name, []).append(found.path)
        names = [
            commit_parts.parse_name(found.path.removeprefix(f"{self._commits}/"))
            async for found in self._objects.list(self._commits)
        ]
        parts = sorted(
            (name for name in names if name is not None),
            key=lambda name: (name.range.after, name.range.up_to),
        )
        return Listing(tuple(sorted(complete)), tuple(parts), pieces)

    async def owner(self) -> str | None:
        """The store whose copies are here; None when nobody has claimed the place. BACKUP_UNUSABLE."""
        with self._telling_damage():
            return await self._owner.read()

    async def claim(self, store_id: str) -> str:
        """Make the place that store's if it is nobody's; whose it is then. BACKUP_UNUSABLE."""
        with self._telling_damage():
            return await self._owner.claim(store_id)

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        try:
            yield
        except OwnerUnreadable as error:
            raise failure(
                Reason.BACKUP_UNUSABLE,
                f"the backup's {self._owner.path} cannot be read, so nobody knows whose it is; put it right, or give "
                "this store a TENKAY_STORE_BACKUP_URL of its own",
            ) from error

    async def put_snapshot(self, file: Path, manifest: Manifest) -> Manifest:
        """Upload a snapshot's file in pieces, then its manifest, which is answered with the pieces."""
        pieces: list[Piece] = []
        with file.open("rb") as source:
            # Read and digested in a thread: commits are answered from this loop.
            while (read := await asyncio.to_thread(_read_piece, source)) is not None:
                content, piece = read
                await self._objects.put(self._piece(manifest.name, len(pieces)), content, replace=True)
                pieces.append(piece)
        manifest = replace(manifest, pieces=tuple(pieces))
        await self._objects.put(
            self._manifest(manifest.name), _MANIFEST.dump_json(manifest, indent=1), replace=True
        )
        return manifest

    async def manifest(self, name: SnapshotName) -> Manifest:
        """A snapshot's manifest. DamagedSnapshot when it cannot be read or is another one's."""
        try:
            manifest = _MANIFEST.validate_json(await self._objects.get(self._manifest(name)))
        except (ObjectMissing, ValidationError) as error:
            raise DamagedSnapshot("its manifest cannot be read") from error
        if manifest.format > FORMAT:
            raise DamagedSnapshot("it was written by a newer store; use that one")
        if (manifest.shard, str(manifest.name)) != (self.shard, str(name)):
            raise DamagedSnapshot("its manifest is that of another snapshot")
        return manifest

    async def fetch_snapshot(self, manifest: Manifest, file: Path) -> None:
        """Write a snapshot's file. DamagedSnapshot when a piece is missing or not the one that was uploaded."""
        with file.open("wb") as target:
            for number, piece in enumerate(manifest.pieces):
                try:
                    content = await self._objects.get(self._piece(manifest.name, number))
                except ObjectMissing:
                    raise DamagedSnapshot(f"piece {number} of {len(manifest.pieces)} is missing") from None
                if hashlib.sha256(content).hexdigest() != piece.sha256:
                    raise DamagedSnapshot(f"piece {number} of {len(manifest.pieces)} is damaged")
                target.write(content)

    async def delete_snapshots(self, names: Sequence[SnapshotName], listing: Listing) -> None:
        """Remove snapshots: the manifests first, so that none is there in part."""
        await self._objects.delete([self._manifest(name) for name in names])
        await self._objects.delete([path for name in names for path in listing.pieces.get(name, ())])

    async def put_part(self, covered: Range, records: Sequence[CommitRecord]) -> int:
        """Copy the commits of a range; the size of the part."""
        name, content = await asyncio.to_thread(commit_parts.encode, self.shard, covered, records)
        await self._objects.put(f"{self._commits}/{name}", content)
        return len(content)

    async def part(self, name: PartName) -> Sequence[CommitRecord]:
        """The commits of a part. DamagedPart."""
        try:
            content = await self._objects.get(f"{self._commits}/{name}")
        except ObjectMissing:
            raise DamagedPart("it is missing") from None
        return commit_parts.decode(name, self.shard, content)

    async def delete_parts(self, names: Sequence[PartName]) -> None:
        """Remove parts."""
        await self._objects.delete([f"{self._commits}/{name}" for name in names])

    def _manifest(self, name: SnapshotName) -> str:
        return f"{self._snapshots}/{name}/{MANIFEST}"

    def _piece(self, name: SnapshotName, number: int) -> str:
        return f"{self._snapshots}/{name}/{number:05}"
