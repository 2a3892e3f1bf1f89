"""Reads a filing's bytes from the fetcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from tenkay.client.fetcher import AsyncFetcherClient
from tenkay.common.v1 import filing_pb2
from tenkay.fetcher.v1 import fetcher_service_pb2
from tenkay_extractor.byte_budget import ByteAccount
from tenkay_extractor.extraction import Blob

_READABLE = frozenset({".htm", ".html", ".txt", ".xml", ".nc", ""})
_LINKBASES = ("_cal.xml", "_def.xml", "_lab.xml", "_pre.xml", "_ref.xml")
_RENDERED = ("FilingSummary.xml",)


@dataclass(frozen=True, slots=True)
class FetchedFiling:
    """A filing's bytes and where they were found."""

    ref: filing_pb2.FilingRef
    blobs: tuple[Blob, ...]


class FilingSource:
    """The fetcher, asked for whole filings."""

    def __init__(self, fetcher: AsyncFetcherClient) -> None:
        self._fetcher = fetcher

    async def read(self, ref: filing_pb2.FilingRef, account: ByteAccount) -> FetchedFiling:
        """The filing's submission text, or its documents that can hold text or facts, the primary one first.

        Raises what `account` raises before reading anything; errors of the fetcher as they are.
        """
        held = await self._fetcher.ensure_filing(filing=ref)
        documents = [
            document
            for position, document in enumerate(held.documents)
            if position == 0 or _holds_text(document.filename)
        ]
        account.take(sum(document.size_bytes for document in documents))
        return FetchedFiling(held.filing, tuple([await self._blob(document) for document in documents]))

    async def _blob(self, document: fetcher_service_pb2.ManifestDocument) -> Blob:
        chunks = [answer.chunk async for answer in self._fetcher.read_document(sha256=document.sha256)]
        return Blob(b"".join(chunks), document.filename, document.type)


def _holds_text(filename: str) -> bool:
    """False for pictures, style sheets, schemas, linkbases and the pages that EDGAR renders from facts."""
    path = PurePosixPath(filename)
    rendered = path.stem.startswith("R") and path.stem[1:].isdigit()
    return path.suffix.lower() in _READABLE and not rendered and not filename.endswith(_LINKBASES + _RENDERED)
