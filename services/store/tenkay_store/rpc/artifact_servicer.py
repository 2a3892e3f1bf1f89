"""Artifacts over gRPC: protobuf <-> records, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from tenkay.common.v1 import fact_pb2, filing_pb2
from tenkay.days import day_in
from tenkay.errors import DataLoss, Reason, TenkayError, failure
from tenkay.runtime.handler import comes_to_an_end
from tenkay.store.v1 import artifact_service_pb2 as pb
from tenkay.store.v1 import artifact_service_pb2_grpc as pb_grpc
from tenkay_store.domain.passages import spans
from tenkay_store.domain.records import Artifact, ArtifactKind
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment, StoredArtifacts
from tenkay_store.objects.artifact_store import ArtifactReading, ArtifactStore
from tenkay_store.objects.object_store import ObjectMissing
from tenkay_store.rpc.moments import Moments, ReadOptions
from tenkay_store.wire import commit_messages, messages
from tenkay_store.wire.fact_selection import FactSelection, read_facts, select_facts
from tenkay_store.wire.validation import check_digest

Context = grpc.aio.ServicerContext[Any, Any]

ARTIFACTS = "tenkay.store.v1.ArtifactService"
MAX_CHUNK_BYTES = 256 * 1024
MAX_CONCEPTS = 500
MAX_PASSAGES = 100
MAX_PASSAGE_CHARACTERS = 9_000

_WITH_DIMENSIONS = {
    fact_pb2.FACT_SCOPE_UNSPECIFIED: None,
    fact_pb2.FACT_SCOPE_ALL: None,
    fact_pb2.FACT_SCOPE_WHOLE_ENTITY: False,
    fact_pb2.FACT_SCOPE_DIMENSIONS: True,
}


class ArtifactServicer(pb_grpc.ArtifactServiceServicer):
    """Facts and texts."""

    def __init__(self, store: AnalyticalStore, artifacts: ArtifactStore, options: ReadOptions) -> None:
        self._store = store
        self._artifacts = artifacts
        self._moments = Moments(store, options)

    async def PutArtifact(
        self, requests: AsyncIterator[pb.PutArtifactRequest], _context: Context
    ) -> pb.PutArtifactResponse:
        """Keeps an artifact."""
        first = await anext(requests, None)
        if first is None or first.WhichOneof("part") != "artifact":
            raise failure(
                Reason.INVALID_FIELD,
                "the first message says what is coming: send an artifact",
                field="artifact",
            )
        artifact = commit_messages.artifact_record(first.artifact, "artifact")
        check_digest(artifact.sha256, "artifact.sha256")
        chunks = _chunks(requests)
        if artifact.kind is ArtifactKind.FACTS:
            chunks = _checked_facts(chunks, artifact.size_bytes)
        return pb.PutArtifactResponse(stored_bytes=await self._artifacts.put(artifact, chunks))

    @comes_to_an_end
    async def GetFacts(
        self, request: pb.GetFactsRequest, _context: Context
    ) -> AsyncIterator[pb.GetFactsResponse]:
        """Streams a filing's facts."""
        accession_number = messages.accession_number(request.filing, "filing")
        selection = _selection(request)
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        found = await self._of_filing(request.filing, accession_number, moment)
        try:
            async with self._artifacts.whole(
                _facts_of(found), lambda content: select_facts(content, selection)
            ) as selected:
                response = pb.GetFactsResponse(
                    filing=messages.filing_message(found.stored.filing),
                    version=found.stored.version,
                    result_key=found.stored.result_key,
                    fact_count=selected.fact_count,
                    selected_count=selected.selected_count,
                    warnings=selected.warnings,
                    as_of_sequence=self._moments.token(head),
                )
                for part in selected.parts or [[]]:
                    response.facts.extend(part)
                    yield response
                    response = pb.GetFactsResponse()
        except ObjectMissing:
            # Purged between the two reads, or lost.
            raise _lost(_facts_of(await self._of_filing(request.filing, accession_number, moment))) from None

    @comes_to_an_end
    async def ReadText(
        self, request: pb.ReadTextRequest, _context: Context
    ) -> AsyncIterator[pb.ReadTextResponse]:
        """Streams a range of a text."""
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        artifact = await self._text(request, moment)
        try:
            reading = await self._artifacts.read_index(artifact)
        except ObjectMissing:
            raise _lost(await self._text(request, moment)) from None
        start, end = _range(request, reading)
        response = pb.ReadTextResponse(
            sha256=artifact.sha256,
            length=reading.index.length,
            as_of_sequence=self._moments.token(head),
        )
        try:
            async with aclosing(self._artifacts.text(reading, start, end)) as parts:
                async for part in parts:
                    response.text = part
                    yield response
                    response = pb.ReadTextResponse()
        except ObjectMissing:
            raise _lost(await self._text(request, moment)) from None
        if response.sha256:
            yield response

    async def ReadPassages(
        self, request: pb.ReadPassagesRequest, _context: Context
    ) -> pb.ReadPassagesResponse:
        """Answers with several passages."""
        _check_passages(request)
        accession_number = messages.accession_number(request.filing, "filing")
        head = await self._moments.reached(request)
        moment = await self._moments.of(request, head)
        await self._of_filing(request.filing, accession_number, moment)
        of_texts: dict[str, list[int]] = {}
        for place, each in enumerate(request.passages):
            of_texts.setdefault(each.sha256, []).append(place)
        named = await self._store.named_artifacts(ArtifactKind.TEXT, list(of_texts))
        passages = [
            pb.Passage(problem=pb.PASSAGE_PROBLEM_TEXT_NOT_STORED) for _ in range(len(request.passages))
        ]
        for sha256, places in of_texts.items():
            if sha256 in named:
                ranges = [(request.passages[place].start, request.passages[place].end) for place in places]
                for place, passage in zip(places, await self._passages(sha256, ranges), strict=True):
                    passages[place] = passage
        return pb.ReadPassagesResponse(passages=passages, as_of_sequence=self._moments.token(head))

    async def _passages(self, sha256: str, ranges: Sequence[tuple[int, int]]) -> list[pb.Passage]:
        """Of one text, which some filing names."""
        try:
            reading = await self._artifacts.read_index(Artifact(ArtifactKind.TEXT, sha256, 0))
            length = reading.index.length
            passages = [
                pb.Passage(text_length=length, problem=pb.PASSAGE_PROBLEM_OUTSIDE_TEXT) for _ in ranges
            ]
            for span in spans(ranges, length):
                async with aclosing(self._artifacts.text(reading, span.start, span.end)) as parts:
                    text = "".join([part async for part in parts])
                for place in span.passages:
                    start, end = ranges[place]
                    cut = text[start - span.start : min(end, length) - span.start]
                    passages[place] = pb.Passage(text=cut, text_length=length)
        except (ObjectMissing, DataLoss):
            # Named and not there: lost, or purged this moment.
            return [pb.Passage(problem=pb.PASSAGE_PROBLEM_TEXT_DAMAGED) for _ in ranges]
        return passages

    async def _of_filing(
        self, ref: filing_pb2.FilingRef, accession_number: str, moment: Moment
    ) -> StoredArtifacts:
        found = await self._store.artifacts(accession_number, moment)
        if found is None:
            raise messages.filing_unknown(accession_number)
        messages.check_company(ref, found.stored.filing, "filing")
        return found

    async def _text(self, request: pb.ReadTextRequest, moment: Moment) -> Artifact:
        if not request.HasField("filing"):
            return await self._text_of_any_filing(request)
        accession_number = messages.accession_number(request.filing, "filing")
        found = await self._of_filing(request.filing, accession_number, moment)
        for text in found.texts:
            if text.sha256 == request.sha256 or (not request.sha256 and text.document == request.document):
                for artifact in found.artifacts:
                    if artifact.kind is ArtifactKind.TEXT and artifact.sha256 == text.sha256:
                        return artifact
                raise _unknown(
                    f"filing {accession_number} was committed without this text; ingest it again",
                    "sha256" if request.sha256 else "document",
                )
        names = ", ".join(repr(each.document) for each in found.texts[:5]) or "none"
        raise _unknown(
            f"filing {accession_number} has no such text; those of its version {found.stored.version} are of the "
            f"documents {names}",
            "sha256" if request.sha256 else "document",
        )

    async def _text_of_any_filing(self, request: pb.ReadTextRequest) -> Artifact:
        check_digest(request.sha256, "sha256")
        if request.HasField("as_of"):
            raise failure(
                Reason.INVALID_FIELD,
                "as_of chooses a version of a filing; name the filing too",
                field="as_of",
            )
        if not await self._store.named_artifacts(ArtifactKind.TEXT, [request.sha256]):
            raise _unknown(f"no stored filing was committed with the text {request.sha256}", "sha256")
        return Artifact(ArtifactKind.TEXT, request.sha256, 0)


async def _chunks(requests: AsyncIterator[pb.PutArtifactRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("part") != "chunk":
            raise failure(
                Reason.INVALID_FIELD,
                "only the first message is an artifact: send chunks after it",
                field="artifact",
            )
        if not 0 < len(request.chunk) <= MAX_CHUNK_BYTES:
            raise failure(
                Reason.INVALID_FIELD,
                f"a chunk of {len(request.chunk):,} bytes; send 1 to {MAX_CHUNK_BYTES:,}",
                field="chunk",
            )
        yield request.chunk


async def _checked_facts(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same chunks, and INVALID_FIELD behind the last when they are no FactSet."""
    content = bytearray()
    async for chunk in chunks:
        if len(content) < size:  # what comes beyond is refused for its size
            content += chunk
        yield chunk
    try:
        await asyncio.to_thread(read_facts, bytes(content))
    except ValueError as error:
        raise failure(Reason.INVALID_FIELD, f"{error}; nothing was kept", field="artifact.kind") from None


def _check_passages(request: pb.ReadPassagesRequest) -> None:
    if not 0 < len(request.passages) <= MAX_PASSAGES:
        raise failure(
            Reason.INVALID_FIELD,
            f"name 1 to {MAX_PASSAGES} passages, not {len(request.passages):,}",
            field="passages",
        )
    for index, each in enumerate(request.passages):
        check_digest(each.sha256, f"passages[{index}].sha256")
        if not each.start <= each.end <= each.start + MAX_PASSAGE_CHARACTERS:
            raise failure(
                Reason.INVALID_FIELD,
                f"a passage of {each.start:,} to {each.end:,}; it ends behind its start, by at most "
                f"{MAX_PASSAGE_CHARACTERS:,} characters",
                field=f"passages[{index}].end",
            )


def _selection(request: pb.GetFactsRequest) -> FactSelection:
    if len(request.concepts) > MAX_CONCEPTS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{len(request.concepts):,} concepts are more than {MAX_CONCEPTS}; leave them out to get all facts",
            field="concepts",
        )
    if request.scope not in _WITH_DIMENSIONS:
        raise failure(Reason.INVALID_FIELD, f"scope {request.scope} is not one of FactScope", field="scope")
    return FactSelection(
        concepts=frozenset(request.concepts),
        period_from=day_in(request, "period_from"),
        period_to=day_in(request, "period_to"),
        with_dimensions=_WITH_DIMENSIONS[request.scope],
        offset=request.offset,
        limit=request.limit if request.HasField("limit") else None,
    )


def _range(request: pb.ReadTextRequest, reading: ArtifactReading) -> tuple[int, int]:
    length = reading.index.length
    end = request.end if request.HasField("end") else length
    for field, value, least in (("start", request.start, 0), ("end", end, request.start)):
        if not least <= value <= length:
            raise failure(
                Reason.INVALID_FIELD,
                f"{field} is {value:,}; the text has {length:,} code points, give {least:,} to {length:,}",
                field=field,
            )
    return request.start, end


def _facts_of(found: StoredArtifacts) -> Artifact:
    for artifact in found.artifacts:
        if artifact.kind is ArtifactKind.FACTS:
            return artifact
    raise _unknown(
        f"version {found.stored.version} of filing {found.stored.filing.accession_number} was committed without its "
        "facts; ingest it again to have them",
        "filing.accession_number",
    )


def _unknown(message: str, field: str) -> TenkayError:
    return failure(Reason.ARTIFACT_UNKNOWN, message, field=field)


def _lost(artifact: Artifact) -> TenkayError:
    return failure(
        Reason.ARTIFACT_DAMAGED,
        f"the {artifact.kind.value.lower()} {artifact.sha256} is gone from where it was kept; put it again, or ingest "
        "the filing again",
        metadata={"sha256": artifact.sha256},
    )
