"""A filing's bytes, fetched once: the full submission text, else the documents that matter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from tenkay.errors import Reason, TenkayError, failure
from tenkay_fetcher import metrics
from tenkay_fetcher.blob_store import Blob, BlobStore
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_source import EdgarSource, MemorySink, Outcome
from tenkay_fetcher.edgar_urls import EdgarUrls
from tenkay_fetcher.filing_folder import (
    NAMESPACE_SEARCH_BYTES,
    FolderEntry,
    is_inline_xbrl,
    parse_folder_index,
    primary_document,
    xbrl_instances,
)
from tenkay_fetcher.filing_lists import FilingLists
from tenkay_fetcher.single_flight import SingleFlight

RECORD_KIND = "filings"
RECORD_VERSION = 1
MAX_FOLDER_INDEX_BYTES = 8 * 1024 * 1024


class Source(StrEnum):
    """What the bytes came as."""

    FULL_SUBMISSION = "full_submission"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class FilingName:
    """What a caller knows of a filing's place on EDGAR."""

    accession_number: str
    cik: int | None = None
    primary_document: str | None = None


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """One blob of a filing."""

    filename: str
    type: str
    """As EDGAR spells it; empty when nothing tells it."""
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is held of a filing."""

    accession_number: str
    cik: int
    """The CIK it was found under."""
    source: Source
    primary_document: str | None
    """Absent when nothing told it: a full submission is fetched without asking."""
    documents: tuple[HeldDocument, ...]
    """The submission text alone, or the documents with the primary one first."""

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps({"version": RECORD_VERSION, **asdict(self)}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest | None:
        """As it was kept; none when it is of another version, or damaged: then the filing is fetched again."""
        try:
            body = json.loads(content)
            if body.pop("version") != RECORD_VERSION:
                return None
            documents = tuple(HeldDocument(**document) for document in body.pop("documents"))
            return cls(**{**body, "source": Source(body["source"])}, documents=documents)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


class Filings:
    """Fetches filings into the blob store."""

    def __init__(self, edgar: EdgarSource, urls: EdgarUrls, blobs: BlobStore, lists: FilingLists) -> None:
        self._edgar = edgar
        self._urls = urls
        self._blobs = blobs
        self._lists = lists
        self._flights: SingleFlight[FilingName, tuple[Manifest, bool]] = SingleFlight()

    async def close(self) -> None:
        """Ends what is under way."""
        await self._flights.close()

    async def ensure(self, name: FilingName, deadline: Deadline) -> tuple[Manifest, bool]:
        """What is held of a filing, fetched now if need be; and whether EDGAR was asked.

        Raises CIK_REQUIRED, FILING_UNKNOWN, SUBMISSION_EMPTY, SUBMISSION_TOO_LARGE, DISK_FULL and what `EdgarSource`
        raises; then nothing of it is recorded.
        """
        held = await asyncio.to_thread(self._held, name)
        if held is not None:
            metrics.FILINGS.labels("held").inc()
            return held, False
        if name.cik is None:
            raise failure(
                Reason.CIK_REQUIRED,
                f"EDGAR keeps {name.accession_number} in a company's folder, and the accession number does not tell "
                "which company's: give the CIK.",
                field="filing.cik",
            )
        cik = name.cik

        async def fetch(until: Deadline) -> tuple[Manifest, bool]:
            # Another flight may have landed since.
            landed = await asyncio.to_thread(self._held, name)
            return (landed, False) if landed is not None else (await self._fetch(name, cik, until), True)

        manifest, fetched = await self._flights.do(name, deadline, fetch)
        metrics.FILINGS.labels(manifest.source.value if fetched else "held").inc()
        return manifest, fetched

    def _held(self, name: FilingName) -> Manifest | None:
        content = self._blobs.get_record(RECORD_KIND, name.accession_number)
        manifest = Manifest.from_json(content) if content is not None else None
        if manifest is None:
            return None
        if manifest.source is Source.DOCUMENTS and name.primary_document not in (
            None,
            *(document.filename for document in manifest.documents),
        ):
            return None
        for document in manifest.documents:
            blob = self._blobs.find(document.sha256)
            if blob is None or blob.size_bytes != document.size_bytes:
                return None
        return manifest

    async def _fetch(self, name: FilingName, cik: int, deadline: Deadline) -> Manifest:
        manifest = await self._full_submission(name, cik, deadline) or await self._documents(
            name, cik, deadline
        )
        await asyncio.to_thread(
            self._blobs.put_record, RECORD_KIND, name.accession_number, manifest.to_json()
        )
        return manifest

    async def _full_submission(self, name: FilingName, cik: int, deadline: Deadline) -> Manifest | None:
        for url in self._urls.full_submissions(cik, name.accession_number):
            blob = await self._download(url, deadline)
            if blob is not None:
                document = HeldDocument(f"{name.accession_number}.txt", "", blob.sha256, blob.size_bytes)
                return Manifest(
                    name.accession_number, cik, Source.FULL_SUBMISSION, name.primary_document, (document,)
                )
        return None

    async def _documents(self, name: FilingName, cik: int, deadline: Deadline) -> Manifest:
        number = name.accession_number
        entries = await self._folder(cik, number, deadline)
        if entries is None and name.primary_document is None:
            raise filing_unknown(number, cik)
        form_type, primary = "", name.primary_document
        if primary is None:
            listing = await self._lists.find(cik, number, deadline)
            if listing is not None:
                form_type, primary = listing.form_type, listing.primary_document
        if primary is None or (name.primary_document is None and not _is_among(primary, entries)):
            primary = primary_document(entries or (), number, form_type)
        if primary is None:
            raise filing_unknown(number, cik)
        first = await self._document(cik, number, primary, form_type, deadline)
        if first is None:
            raise filing_unknown(number, cik, primary)
        documents = [first]
        if entries and not await asyncio.to_thread(self._is_inline, first):
            for instance in xbrl_instances(entries):
                document = await self._document(cik, number, instance, "", deadline)
                if document is not None:
                    documents.append(document)
        return Manifest(number, cik, Source.DOCUMENTS, primary, tuple(documents))

    async def _folder(
        self, cik: int, accession_number: str, deadline: Deadline
    ) -> Sequence[FolderEntry] | None:
        sink = MemorySink(MAX_FOLDER_INDEX_BYTES)
        url = self._urls.folder_index(cik, accession_number)
        answer = await self._edgar.fetch(url, sink, deadline=deadline)
        return parse_folder_index(sink.content()) if answer.outcome is Outcome.FOUND else None

    async def _document(
        self, cik: int, accession_number: str, filename: str, form_type: str, deadline: Deadline
    ) -> HeldDocument | None:
        blob = await self._download(self._urls.document(cik, accession_number, filename), deadline)
        return None if blob is None else HeldDocument(filename, form_type, blob.sha256, blob.size_bytes)

    async def _download(self, url: str, deadline: Deadline) -> Blob | None:
        """The blob of what `url` names; none when EDGAR has no such thing."""
        await asyncio.to_thread(self._blobs.require_free_space)
        with self._blobs.writer() as writer:
            try:
                answer = await self._edgar.fetch(url, writer, deadline=deadline)
            except TenkayError as error:
                raise _naming(url, error) from error
            if answer.outcome is not Outcome.FOUND:
                return None
            if writer.size_bytes == 0:
                raise failure(
                    Reason.SUBMISSION_EMPTY,
                    f"EDGAR answered {url} with no bytes; nothing was kept, try again later.",
                )
            return await asyncio.to_thread(writer.commit)

    def _is_inline(self, document: HeldDocument) -> bool:
        beginning = b"".join(self._blobs.read(document.sha256, 0, NAMESPACE_SEARCH_BYTES))
        return is_inline_xbrl(beginning)


def filing_unknown(accession_number: str, cik: int, document: str | None = None) -> TenkayError:
    """The error for a filing that EDGAR does not have in that company's folder."""
    if document is not None:
        return failure(
            Reason.FILING_UNKNOWN,
            f"EDGAR has no document {document} of {accession_number} under CIK {cik}; check the name, or leave it out.",
            field="filing.primary_document",
        )
    return failure(
        Reason.FILING_UNKNOWN,
        f"EDGAR has no filing {accession_number} under CIK {cik}; check both: a filing is under its company's CIK.",
        field="filing.accession_number",
    )


def _is_among(filename: str, entries: Sequence[FolderEntry] | None) -> bool:
    # A listing may name the rendered form of a document, in a folder that the index does not show.
    return entries is None or "/" in filename or any(entry.name == filename for entry in entries)


def _naming(url: str, error: TenkayError) -> TenkayError:
    """The same error, with what it is about where only the writer knew what is wrong."""
    if error.reason is not Reason.SUBMISSION_TOO_LARGE:
        return error
    return failure(error.reason, f"{url}: {error.message}", metadata=error.metadata)
