"""Reads the stream of ExtractDocuments: an opening that says what comes, then the bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from tenkay.errors import Reason, failure
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay_extractor.byte_budget import ByteAccount
from tenkay_extractor.extraction import Blob

MOST_DOCUMENTS = 1_000
MOST_NAME_CHARACTERS = 255
MOST_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """What came: the opening, and the documents of the filing and of each earlier one, in its order."""

    opening: pb.DocumentsOpening
    filing: tuple[Blob, ...]
    earlier: tuple[tuple[Blob, ...], ...]


async def read_opening(requests: AsyncIterator[pb.ExtractDocumentsRequest]) -> pb.DocumentsOpening:
    """The first message. Raises INVALID_FIELD for anything else than an opening of the promised form."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("part") != "opening":
        raise failure(
            Reason.INVALID_FIELD, "the first message says what is coming: send an opening", field="opening"
        )
    for field, documents in _sets(first.opening):
        if not documents:
            raise failure(
                Reason.INVALID_FIELD,
                "name the documents whose bytes are coming, one at least",
                field=f"{field}.documents",
            )
        for position, document in enumerate(documents):
            for name in ("filename", "type"):
                if len(getattr(document, name)) > MOST_NAME_CHARACTERS:
                    raise failure(
                        Reason.INVALID_FIELD,
                        f"has more than {MOST_NAME_CHARACTERS} characters",
                        field=f"{field}.documents[{position}].{name}",
                    )
    count = sum(len(documents) for _, documents in _sets(first.opening))
    if count > MOST_DOCUMENTS:
        raise failure(
            Reason.INVALID_FIELD,
            f"{count:,} documents, and {MOST_DOCUMENTS:,} are taken: leave out those that hold no text and no facts",
            field="opening",
        )
    return first.opening


async def read_documents(
    opening: pb.DocumentsOpening,
    requests: AsyncIterator[pb.ExtractDocumentsRequest],
    account: ByteAccount,
) -> Upload:
    """The bytes that the opening announced, all of them and no more.

    Raises SUBMISSION_TOO_LARGE and QUEUE_FULL before any is read, INVALID_FIELD for chunks that do not fit.
    """
    account.take(sum(document.size_bytes for _, documents in _sets(opening) for document in documents))
    chunks = _Chunks(requests)
    sets = [
        tuple(
            [
                Blob(await chunks.next(each.size_bytes), _name_alone(each.filename), each.type)
                for each in documents
            ]
        )
        for _, documents in _sets(opening)
    ]
    await chunks.end()
    return Upload(opening, sets[0], tuple(sets[1:]))


def _sets(opening: pb.DocumentsOpening) -> Iterator[tuple[str, Sequence[pb.DocumentOpening]]]:
    yield "opening.filing", opening.filing.documents
    for position, earlier in enumerate(opening.earlier_filings):
        yield f"opening.earlier_filings[{position}]", earlier.documents


def _name_alone(filename: str) -> str:
    """The name without any folder, as names inside a submission are taken too: names are shown and stored."""
    return filename.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()


class _Chunks:
    """The bytes of all chunks as one run."""

    def __init__(self, requests: AsyncIterator[pb.ExtractDocumentsRequest]) -> None:
        self._requests = requests
        self._rest = memoryview(b"")

    async def next(self, size: int) -> bytes:
        """The next `size` bytes."""
        parts: list[memoryview] = []
        wanted = size
        while wanted:
            if not self._rest:
                self._rest = await self._chunk(wanted)
            part = self._rest[:wanted]
            self._rest = self._rest[len(part) :]
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    async def end(self) -> None:
        """Raises INVALID_FIELD when there is more than was announced."""
        if self._rest or await anext(self._requests, None) is not None:
            raise failure(
                Reason.INVALID_FIELD,
                "more bytes come than the opening announced: correct size_bytes",
                field="chunk",
            )

    async def _chunk(self, wanted: int) -> memoryview:
        message = await anext(self._requests, None)
        if message is None:
            raise failure(
                Reason.INVALID_FIELD,
                f"the stream ended {wanted:,} bytes before a document did: send all that the opening announced",
                field="chunk",
            )
        if message.WhichOneof("part") != "chunk":
            raise failure(
                Reason.INVALID_FIELD,
                "only the first message is an opening: send chunks after it",
                field="opening",
            )
        if not message.chunk:
            raise failure(Reason.INVALID_FIELD, "a chunk without bytes: leave it out", field="chunk")
        if len(message.chunk) > MOST_CHUNK_BYTES:
            raise failure(
                Reason.INVALID_FIELD,
                f"a chunk of {len(message.chunk):,} bytes, and {MOST_CHUNK_BYTES:,} are taken: send smaller ones",
                field="chunk",
            )
        return memoryview(message.chunk)
