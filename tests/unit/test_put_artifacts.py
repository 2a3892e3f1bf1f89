"""From an extraction's stream into the store: all artifacts in their turn, or a typed error."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import cast

import pytest

from tenkay.client.artifacts import put_artifacts
from tenkay.client.store import ArtifactClient
from tenkay.common.v1 import artifact_pb2, extraction_pb2
from tenkay.errors import Internal, Reason
from tenkay.extractor.v1.extractor_service_pb2 import ExtractionPart
from tenkay.store.v1.artifact_service_pb2 import PutArtifactRequest, PutArtifactResponse


class KeepingStore:
    """What was put."""

    def __init__(self) -> None:
        self.kept: list[tuple[artifact_pb2.Artifact, bytes]] = []

    def put_artifact(self, *, requests: Iterable[PutArtifactRequest]) -> PutArtifactResponse:
        opening, *chunks = requests
        self.kept.append((opening.artifact, b"".join(each.chunk for each in chunks)))
        return PutArtifactResponse()


CONTENTS = (b"", b"facts", b"a longer text")
ARTIFACTS = [
    artifact_pb2.Artifact(
        kind=artifact_pb2.ARTIFACT_KIND_TEXT, sha256=hashlib.sha256(each).hexdigest(), size_bytes=len(each)
    )
    for each in CONTENTS
]
EXTRACTION = extraction_pb2.Extraction(result_key="key", artifacts=ARTIFACTS)


def whole() -> list[ExtractionPart]:
    parts = [ExtractionPart(extraction=EXTRACTION)]
    for artifact, content in zip(ARTIFACTS, CONTENTS, strict=True):
        parts.append(ExtractionPart(artifact=artifact))
        parts += [ExtractionPart(chunk=content[start : start + 4]) for start in range(0, len(content), 4)]
    return parts


def put(parts: list[ExtractionPart]) -> tuple[extraction_pb2.Extraction, KeepingStore]:
    store = KeepingStore()
    return put_artifacts(parts, cast(ArtifactClient, store)), store


def test_every_artifact_is_put_and_the_extraction_answered() -> None:
    extraction, store = put(whole())
    assert extraction == EXTRACTION
    assert store.kept == list(zip(ARTIFACTS, CONTENTS, strict=True))
    assert put([ExtractionPart(extraction=extraction_pb2.Extraction(result_key="bare"))])[1].kept == []


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "does not begin"),
        (whole()[1:], "does not begin"),
        ([whole()[0], *whole()[2:]], "in its turn"),
        (whole()[:1], "in its turn"),
        (whole()[:-1], "are missing"),
        ([*whole()[:-1], ExtractionPart(artifact=ARTIFACTS[0])], "are missing"),
        ([*whole(), ExtractionPart(chunk=b"more")], "goes on"),
        ([*whole()[:-1], ExtractionPart(chunk=b"more than it says it is")], "more bytes"),
    ],
)
def test_a_stream_that_is_not_the_promised_one_is_told(parts: list[ExtractionPart], says: str) -> None:
    with pytest.raises(Internal, match=says) as caught:
        put(parts)
    assert caught.value.reason is Reason.INTERNAL
