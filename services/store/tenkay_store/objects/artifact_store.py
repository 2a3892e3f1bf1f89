"""Artifacts in the store's object storage: put, read by range, and removed once no version of a filing names them.

An artifact is durable before an extraction that names it is committed. What only purged versions named is removed at
once, what was put and never named a day later. Nothing is removed while a put or a commit that is under way needs it:
both hold it (`_in_use`), and a removal keeps them out (`_leaving`) while it looks once more whether anything names it.
One process owns the objects, as it owns the database, so these notes in memory are enough. That they are no other
store's says a file beside them (`place_owner.py`), and nothing is put, named or removed until it was read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

from tenkay.errors import Reason, TenkayError, failure
from tenkay.runtime.logs import get_logger
from tenkay_store import metrics
from tenkay_store.domain.records import Artifact, ArtifactKind, CommitRecord, Purge
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.objects import artifact_blocks
from tenkay_store.objects.artifact_blocks import Block, BlockIndex, BlockWriter, Damaged, NotText
from tenkay_store.objects.object_store import ObjectStore
from tenkay_store.objects.place_owner import OwnerUnreadable, PlaceOwner

FIRST_READ_BYTES = 64 * 1024
"""Read of an artifact at once: its index, and the whole of most."""
BLOCKS_A_READ = 16
CANDIDATES_A_QUERY = 5_000
OWNER = "artifacts/store.json"

Result = TypeVar("Result")
Key = tuple[ArtifactKind, str]

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ArtifactLimits:
    """What puts, reads and removals are bounded by."""

    max_bytes: int
    """Largest artifact."""
    incoming_bytes: int
    """All artifacts that are being put."""
    whole_reads: int
    """Artifacts that are read as a whole at once; one more waits for its turn."""
    keep_seconds: float
    """How long an artifact that nothing names is kept."""


@dataclass(frozen=True, slots=True)
class Held:
    """Objects and the bytes they take."""

    objects: int
    stored_bytes: int


class ArtifactStore:
    """See the module. All methods run in one event loop."""

    def __init__(
        self,
        objects: ObjectStore,
        store: AnalyticalStore,
        limits: ArtifactLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._objects = objects
        self._store = store
        self._limits = limits
        self._clock = clock
        self._owner = PlaceOwner(objects, OWNER)
        self._is_own = False
        self._incoming_bytes = 0
        self._whole_reads = asyncio.Semaphore(limits.whole_reads)
        self._in_use: Counter[Key] = Counter()
        self._leaving: set[Key] = set()
        self._left = asyncio.Condition()
        self._running: set[asyncio.Task[Any]] = set()
        self.held: dict[ArtifactKind, Held] = {}
        """What `collect` found when it last looked, named or not; empty before it first did."""

    async def require_own(self) -> None:
        """Take the objects for the store when they are nobody's.

        OBJECTS_UNUSABLE when they are another's, DEPENDENCY_UNAVAILABLE, DISK_FULL. Free once it has succeeded.
        """
        if self._is_own:
            return
        try:
            owner = await self._owner.claim(self._store.store_id)
        except OwnerUnreadable as error:
            raise _not_own(
                f"{OWNER} there cannot be read, so nobody knows whose they are; put it right"
            ) from error
        if owner != self._store.store_id:
            raise _not_own(f"they are of the store {owner}, and this is {self._store.store_id}")
        self._is_own = True

    async def put(self, artifact: Artifact, chunks: AsyncIterator[bytes]) -> int:
        """Keep an artifact; how many bytes it takes. INVALID_FIELD when the bytes are others, QUEUE_FULL, DISK_FULL;
        OBJECTS_UNUSABLE.
        """
        await self.require_own()
        most = self._limits.max_bytes
        if artifact.size_bytes > most:
            raise _refused(
                "size_bytes",
                f"{artifact.size_bytes:,} bytes are more than the {most:,} an artifact may have "
                "(TENKAY_STORE_ARTIFACT_MAX_BYTES); commit the extraction without it",
            )
        with self._room(artifact.size_bytes), metrics.ARTIFACT_PUT_SECONDS.time():
            content = await self._compressed(artifact, chunks)
            async with self._held([artifact]):
                # Over one that is there: the same bytes, or a damaged copy of them, or one about to be collected.
                await self._objects.put(_path(artifact), content, replace=True)
        metrics.ARTIFACT_PUTS.labels(artifact.kind.value).inc()
        metrics.ARTIFACT_BYTES_PUT.labels(artifact.kind.value).inc(len(content))
        return len(content)

    async def while_held(
        self, artifacts: Sequence[Artifact], commit: Callable[[], Awaitable[Result]]
    ) -> Result:
        """What `commit` gives, of an extraction that names `artifacts`. ARTIFACT_MISSING when one is not held;
        OBJECTS_UNUSABLE.

        A caller that goes away does not end it: a commit that is queued is made, and needs them still.
        """
        if not artifacts:
            return await commit()
        await self.require_own()

        async def run() -> Result:
            async with self._held(artifacts):
                found = await asyncio.gather(*(self._objects.find(_path(each)) for each in artifacts))
                for each, there in zip(artifacts, found, strict=True):
                    if there is None:
                        raise _missing(each)
                return await commit()

        return await self._to_its_end(run())

    async def read_index(self, artifact: Artifact) -> ArtifactReading:
        """Where the artifact's bytes lie, to read them with. ObjectMissing; ARTIFACT_DAMAGED."""
        first = await self._objects.get(_path(artifact), 0, FIRST_READ_BYTES)
        with _telling_damage(artifact):
            wanted = artifact_blocks.index_bytes(first, artifact.sha256)
            if len(first) == FIRST_READ_BYTES < wanted:
                first += await self._objects.get(_path(artifact), FIRST_READ_BYTES, wanted - FIRST_READ_BYTES)
            index = artifact_blocks.read_index(first, artifact.sha256)
        metrics.ARTIFACT_READS.labels(artifact.kind.value).inc()
        metrics.ARTIFACT_BYTES_READ.labels(artifact.kind.value).inc(len(first))
        return ArtifactReading(artifact, index, first)

    async def text(self, reading: ArtifactReading, start: int, end: int) -> AsyncGenerator[str, None]:
        """A text's code points from `start` up to `end`, in parts of BLOCK_BYTES at most. ARTIFACT_DAMAGED."""
        blocks = reading.index.between(start, end)
        async with aclosing(self._blocks(reading, blocks)) as found:
            async for block, data in found:
                yield artifact_blocks.cut(block, data, start, end)

    @asynccontextmanager
    async def whole(self, artifact: Artifact, use: Callable[[bytes], Result]) -> AsyncIterator[Result]:
        """`use` of all bytes of an artifact, made in a thread, for the length of the block.

        ObjectMissing; ARTIFACT_DAMAGED. Waits while `whole_reads` others are in their blocks.
        """
        async with self._whole_reads:
            reading = await self.read_index(artifact)
            async with aclosing(self._blocks(reading, reading.index.blocks)) as found:
                content = b"".join([data async for _, data in found])
            yield await asyncio.to_thread(use, content)

    async def purged(self, records: Iterable[CommitRecord]) -> None:
        """Remove what only these purges' versions named. What cannot be removed now, `collect` removes later."""
        await self._to_its_end(self._remove_purged(records))

    async def keep_collecting(self, every_seconds: float) -> None:
        """`collect` again and again, without end."""
        while True:
            try:
                await self.collect()
            except Exception as error:
                # Whatever it is, puts and reads need not end for it, and the next look may do better.
                logger.error("artifacts_not_collected", exc_info=error)
            await asyncio.sleep(every_seconds)

    async def collect(self) -> int:
        """Remove artifacts that nothing has named for `keep_seconds`; how many.

        Those that are older than the database are left alone: it was restored without a snapshot, beside objects of
        commits that it may not know of.
        """
        put_before = self._clock() - timedelta(seconds=self._limits.keep_seconds)
        removed = 0
        for kind in ArtifactKind:
            objects = stored_bytes = 0
            candidates: list[Artifact] = []
            async with aclosing(self._objects.list(_folder(kind))) as found:
                async for each in found:
                    objects += 1
                    stored_bytes += each.size_bytes
                    if self._store.created_at < each.modified_at < put_before:
                        candidates.append(Artifact(kind, each.path.rpartition("/")[2], each.size_bytes))
                    if len(candidates) == CANDIDATES_A_QUERY:
                        removed += await self._remove_unnamed(kind, candidates, put_before)
                        candidates.clear()
            removed += await self._remove_unnamed(kind, candidates, put_before)
            self.held[kind] = Held(objects, stored_bytes)
            metrics.ARTIFACTS_HELD.labels(kind.value).set(objects)
            metrics.ARTIFACT_BYTES_HELD.labels(kind.value).set(stored_bytes)
        return removed

    async def _compressed(self, artifact: Artifact, chunks: AsyncIterator[bytes]) -> bytes:
        writer = BlockWriter(is_text=artifact.kind is ArtifactKind.TEXT)
        try:
            async for chunk in chunks:
                if writer.size + len(chunk) > artifact.size_bytes:
                    raise _refused(
                        "size_bytes", f"more bytes come than {artifact.size_bytes:,}; say how many"
                    )
                await asyncio.to_thread(writer.write, chunk)
            if writer.size < artifact.size_bytes:
                raise _refused(
                    "size_bytes",
                    f"the stream ended after {writer.size:,} of {artifact.size_bytes:,} bytes; nothing was kept, "
                    "send it again",
                )
            sha256, content = await asyncio.to_thread(writer.finish)
        except NotText as error:
            raise _refused("kind", f"a text is UTF-8: {error}") from None
        if sha256 != artifact.sha256:
            raise _refused(
                "sha256", f"the bytes have the SHA-256 {sha256}; nothing was kept, send them again"
            )
        return content

    async def _blocks(
        self, reading: ArtifactReading, blocks: Sequence[Block]
    ) -> AsyncGenerator[tuple[Block, bytes], None]:
        path, first = _path(reading.artifact), reading.first
        for _, group in groupby(enumerate(blocks), key=lambda each: each[0] // BLOCKS_A_READ):
            together = [block for _, block in group]
            start, end = together[0].position, together[-1].position + together[-1].stored_size
            stored = first[start:end]
            if end > len(first):
                stored = await self._objects.get(path, start, end - start)
                metrics.ARTIFACT_BYTES_READ.labels(reading.artifact.kind.value).inc(len(stored))
            for block in together:
                compressed = stored[block.position - start :][: block.stored_size]
                with _telling_damage(reading.artifact):
                    data = await asyncio.to_thread(artifact_blocks.read_block, block, compressed)
                yield block, data

    async def _remove_purged(self, records: Iterable[CommitRecord]) -> None:
        named = (
            each for record in records if isinstance(record.body, Purge) for each in record.body.artifacts
        )
        for artifact in dict.fromkeys(named):
            try:
                if await self._remove(artifact, None):
                    metrics.ARTIFACTS_REMOVED.labels("purged").inc()
            except TenkayError as error:
                logger.warning("artifact_not_removed", sha256=artifact.sha256, problem=error.message)

    async def _remove_unnamed(
        self, kind: ArtifactKind, candidates: Sequence[Artifact], put_before: datetime
    ) -> int:
        if not candidates:
            return 0
        named = await self._store.named_artifacts(kind, [each.sha256 for each in candidates])
        removed = 0
        for each in candidates:
            if each.sha256 not in named and await self._to_its_end(self._remove(each, put_before)):
                removed += 1
        metrics.ARTIFACTS_REMOVED.labels("unnamed").inc(removed)
        return removed

    async def _remove(self, artifact: Artifact, put_before: datetime | None) -> bool:
        """Remove it unless it is named, in use, or was put after `put_before`; whether it was removed."""
        await self.require_own()
        key = (artifact.kind, artifact.sha256)
        if self._in_use[key] or key in self._leaving:
            return False
        self._leaving.add(key)
        try:
            path = _path(artifact)
            if put_before is not None:
                found = await self._objects.find(path)
                if found is None or found.modified_at >= put_before:
                    return False
            if await self._store.named_artifacts(artifact.kind, [artifact.sha256]):
                return False
            await self._objects.delete([path])
            return True
        finally:
            self._leaving.discard(key)
            async with self._left:
                self._left.notify_all()

    @asynccontextmanager
    async def _held(self, artifacts: Sequence[Artifact]) -> AsyncIterator[None]:
        """Keeps these from being removed; waits for removals of them that have begun."""
        keys = [(each.kind, each.sha256) for each in artifacts]
        async with self._left:
            await self._left.wait_for(lambda: self._leaving.isdisjoint(keys))
            self._in_use.update(keys)
        try:
            yield
        finally:
            self._in_use.subtract(keys)
            for key in keys:
                if not self._in_use[key]:
                    del self._in_use[key]

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        most = self._limits.incoming_bytes
        if self._incoming_bytes and self._incoming_bytes + size > most:
            raise failure(
                Reason.QUEUE_FULL,
                f"{self._incoming_bytes:,} bytes of artifacts are coming in, and {most:,} are taken at once; come back "
                "later",
                retry_after=1.0,
            )
        self._incoming_bytes += size
        try:
            yield
        finally:
            self._incoming_bytes -= size

    async def _to_its_end(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What `work` gives. It goes on when the caller goes away: what it has begun is not undone by that."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, even when the caller has gone away


@dataclass(frozen=True, slots=True)
class ArtifactReading:
    """An artifact whose index was read."""

    artifact: Artifact
    index: BlockIndex
    first: bytes
    """The file's first bytes: the index, and what came with it."""


async def held_digests(objects: ObjectStore, kind: ArtifactKind) -> AsyncGenerator[list[str], None]:
    """The digests of all artifacts of a kind that are there, CANDIDATES_A_QUERY at a time at most."""
    digests: list[str] = []
    async with aclosing(objects.list(_folder(kind))) as found:
        async for each in found:
            digests.append(each.path.rpartition("/")[2])
            if len(digests) == CANDIDATES_A_QUERY:
                yield digests
                digests = []
    yield digests


def _folder(kind: ArtifactKind) -> str:
    return f"artifacts/{kind.value.lower()}"


def _path(artifact: Artifact) -> str:
    return f"{_folder(artifact.kind)}/{artifact.sha256[:2]}/{artifact.sha256}"


@contextmanager
def _telling_damage(artifact: Artifact) -> Iterator[None]:
    try:
        yield
    except Damaged as error:
        metrics.ARTIFACTS_DAMAGED.inc()
        logger.error("artifact_damaged", kind=artifact.kind.value, sha256=artifact.sha256, problem=str(error))
        raise failure(
            Reason.ARTIFACT_DAMAGED,
            f"the {artifact.kind.value.lower()} {artifact.sha256} was damaged where it is kept ({error}); "
            "put it again, or ingest the filing again",
            metadata={"sha256": artifact.sha256},
        ) from error


def _not_own(why: str) -> TenkayError:
    return failure(
        Reason.OBJECTS_UNUSABLE,
        f"the objects may not be this store's: {why}; nothing was changed there; give this store a "
        "TENKAY_STORE_OBJECTS_URL, or a data directory, of its own, or restore the other one with tenkay store "
        f"restore; objects that no store needs any more are to be moved elsewhere or removed, {OWNER} among them",
    )


def _missing(artifact: Artifact) -> TenkayError:
    return failure(
        Reason.ARTIFACT_MISSING,
        f"the {artifact.kind.value.lower()} {artifact.sha256} is not held; put it with PutArtifact first, then commit "
        "again",
        field="extraction.artifacts",
        metadata={"sha256": artifact.sha256},
    )


def _refused(field: str, problem: str) -> TenkayError:
    return failure(Reason.INVALID_FIELD, problem, field=f"artifact.{field}")
