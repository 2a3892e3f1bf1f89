"""From the stream of an extraction with its artifacts into the store: what comes before CommitExtraction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from tenkay.client.store import ArtifactClient
from tenkay.common.v1 import artifact_pb2, extraction_pb2
from tenkay.errors import Reason, failure
from tenkay.extractor.v1.extractor_service_pb2 import ExtractionPart
from tenkay.store.v1.artifact_service_pb2 import PutArtifactRequest


def put_artifacts(parts: Iterable[ExtractionPart], store: ArtifactClient) -> extraction_pb2.Extraction:
    """Put all artifacts of an extraction, and return the extraction, which may be committed then.

    `parts` are those of ExtractFilingWithArtifacts or ExtractDocumentsWithArtifacts, read as they come: one artifact is
    in memory at a time. Doing all of it again changes nothing. Raises what the two services raise, and INTERNAL when
    the stream is not the promised one.
    """
    parts = iter(parts)
    first = next(parts, None)
    if first is None or first.WhichOneof("part") != "extraction":
        raise _broken("it does not begin with the extraction")
    for artifact in first.extraction.artifacts:
        opening = next(parts, None)
        if opening is None or opening.artifact != artifact:
            raise _broken(f"the artifact {artifact.sha256} does not come in its turn")
        store.put_artifact(requests=_requests(artifact, list(_chunks(parts, artifact.size_bytes))))
    if next(parts, None) is not None:
        raise _broken("it goes on after the last artifact")
    return first.extraction


def _chunks(parts: Iterator[ExtractionPart], size: int) -> Iterator[bytes]:
    while size > 0:
        part = next(parts, None)
        if part is None or not part.chunk:
            raise _broken(f"{size:,} bytes of an artifact are missing")
        if len(part.chunk) > size:
            raise _broken("more bytes of an artifact come than it has")
        size -= len(part.chunk)
        yield part.chunk


def _requests(artifact: artifact_pb2.Artifact, chunks: Iterable[bytes]) -> Iterator[PutArtifactRequest]:
    return chain(
        [PutArtifactRequest(artifact=artifact)], (PutArtifactRequest(chunk=chunk) for chunk in chunks)
    )


def _broken(problem: str) -> Exception:
    return failure(Reason.INTERNAL, f"the stream of an extraction is broken: {problem}; extract it again")
