"""Texts and facts to put into the store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence

from tenkay.common.v1 import artifact_pb2, date_pb2, extraction_pb2, fact_pb2
from tenkay.store.v1 import artifact_service_pb2 as pb
from tests.unit.store.filings import extraction

TEXT = artifact_pb2.ARTIFACT_KIND_TEXT
FACTS = artifact_pb2.ARTIFACT_KIND_FACTS
CHUNK_BYTES = 256 * 1024


def sha256(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()


def named(kind: artifact_pb2.ArtifactKind.ValueType, content: bytes) -> artifact_pb2.Artifact:
    """How an extraction names these bytes."""
    return artifact_pb2.Artifact(kind=kind, sha256=sha256(content), size_bytes=len(content))


def messages(
    kind: artifact_pb2.ArtifactKind.ValueType, content: bytes, *, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[pb.PutArtifactRequest]:
    """What PutArtifact is sent."""
    yield pb.PutArtifactRequest(artifact=named(kind, content))
    for start in range(0, len(content), chunk_bytes):
        yield pb.PutArtifactRequest(chunk=content[start : start + chunk_bytes])


async def chunks(content: bytes, size: int = CHUNK_BYTES) -> AsyncIterator[bytes]:
    """The bytes as they come in."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def fact(
    concept: str,
    value: str | None = None,
    *,
    end: tuple[int, int, int] | None = (2024, 12, 31),
    start: tuple[int, int, int] | None = None,
    member: str | None = None,
    text: str | None = None,
) -> fact_pb2.Fact:
    """A fact."""
    return fact_pb2.Fact(
        concept=concept,
        start=None if start is None else _date(start),
        end=None if end is None else _date(end),
        dimensions=[] if member is None else [fact_pb2.FactDimension(axis="us-gaap:SomeAxis", member=member)],
        unit=None if value is None else "USD",
        value=value,
        text=text,
        document="filing.htm",
        fact_id=f"f-{concept}",
        context_id="c-1",
        entity="0001999000",
    )


def with_artifacts(
    accession: str, texts: Sequence[str] = (), facts: Sequence[fact_pb2.Fact] | None = None, **given: int
) -> tuple[extraction_pb2.Extraction, list[tuple[artifact_pb2.ArtifactKind.ValueType, bytes]]]:
    """An extraction that names `texts` as those of its documents 0.htm, 1.htm, … and `facts`; and their bytes."""
    message = extraction(accession, **given)  # type: ignore[arg-type]
    contents: list[tuple[artifact_pb2.ArtifactKind.ValueType, bytes]] = []
    if facts is not None:
        contents.append((FACTS, fact_pb2.FactSet(facts=facts).SerializeToString()))
        message.fact_count = len(facts)
    for number, text in enumerate(texts):
        content = text.encode()
        message.texts.add(document=f"{number}.htm", sha256=sha256(content), length=len(text))
        contents.append((TEXT, content))
    contents = list(dict.fromkeys(contents))
    message.artifacts.extend(named(*each) for each in contents)
    message.result_key = sha256(message.SerializeToString(deterministic=True))
    return message, contents


def _date(day: tuple[int, int, int]) -> date_pb2.Date:
    return date_pb2.Date(year=day[0], month=day[1], day=day[2])
