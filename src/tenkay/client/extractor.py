"""GENERATED from the protos of tenkay.extractor.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import date_pb2, filing_pb2, signal_pb2
from tenkay.extractor.v1 import extractor_service_pb2, extractor_service_pb2_grpc, reference_tables_pb2


class AsyncExtractorClient(AsyncCaller):
    """Async client of tenkay.extractor.v1.ExtractorService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.extractor.v1.ExtractorService", floor)
        self._stub = extractor_service_pb2_grpc.ExtractorServiceStub(self._channel)

    async def extract_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        listing: filing_pb2.FilingListing | None = None,
        earlier_filings: Iterable[filing_pb2.FilingListing] = (),
        earlier_complete_since: date_pb2.Date | None = None,
        categories: Iterable[signal_pb2.SignalCategory.ValueType] = (),
        tables: reference_tables_pb2.ReferenceTables | None = None,
        timeout: float | None = None,
    ) -> extractor_service_pb2.ExtractFilingResponse:
        """ExtractFiling of ExtractorService."""
        return await self._unary(
            self._stub.ExtractFiling,
            "ExtractFiling",
            extractor_service_pb2.ExtractFilingRequest(
                filing=filing,
                listing=listing,
                earlier_filings=earlier_filings,
                earlier_complete_since=earlier_complete_since,
                categories=categories,
                tables=tables,
            ),
            timeout,
        )

    async def extract_documents(
        self,
        *,
        requests: AsyncIterable[extractor_service_pb2.ExtractDocumentsRequest]
        | Iterable[extractor_service_pb2.ExtractDocumentsRequest],
        timeout: float | None = None,
    ) -> extractor_service_pb2.ExtractDocumentsResponse:
        """ExtractDocuments of ExtractorService."""
        return await self._upload(self._stub.ExtractDocuments, "ExtractDocuments", requests, timeout)

    def extract_filing_with_artifacts(
        self,
        *,
        extract: extractor_service_pb2.ExtractFilingRequest | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[extractor_service_pb2.ExtractFilingWithArtifactsResponse]:
        """ExtractFilingWithArtifacts of ExtractorService."""
        return self._stream(
            self._stub.ExtractFilingWithArtifacts,
            "ExtractFilingWithArtifacts",
            extractor_service_pb2.ExtractFilingWithArtifactsRequest(extract=extract),
            timeout,
        )

    def extract_documents_with_artifacts(
        self,
        *,
        requests: AsyncIterable[extractor_service_pb2.ExtractDocumentsWithArtifactsRequest]
        | Iterable[extractor_service_pb2.ExtractDocumentsWithArtifactsRequest],
        timeout: float | None = None,
    ) -> AsyncIterator[extractor_service_pb2.ExtractDocumentsWithArtifactsResponse]:
        """ExtractDocumentsWithArtifacts of ExtractorService."""
        return self._stream(
            self._stub.ExtractDocumentsWithArtifacts, "ExtractDocumentsWithArtifacts", requests, timeout
        )

    async def list_signal_definitions(
        self,
        *,
        category: signal_pb2.SignalCategory.ValueType = signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> extractor_service_pb2.ListSignalDefinitionsResponse:
        """ListSignalDefinitions of ExtractorService."""
        return await self._unary(
            self._stub.ListSignalDefinitions,
            "ListSignalDefinitions",
            extractor_service_pb2.ListSignalDefinitionsRequest(
                category=category, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    async def get_signal_definition(
        self, *, id: str = "", timeout: float | None = None
    ) -> extractor_service_pb2.GetSignalDefinitionResponse:
        """GetSignalDefinition of ExtractorService."""
        return await self._unary(
            self._stub.GetSignalDefinition,
            "GetSignalDefinition",
            extractor_service_pb2.GetSignalDefinitionRequest(id=id),
            timeout,
        )


class ExtractorClient(SyncCaller):
    """Sync client of tenkay.extractor.v1.ExtractorService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.extractor.v1.ExtractorService", floor)
        self._stub = extractor_service_pb2_grpc.ExtractorServiceStub(self._channel)

    def extract_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        listing: filing_pb2.FilingListing | None = None,
        earlier_filings: Iterable[filing_pb2.FilingListing] = (),
        earlier_complete_since: date_pb2.Date | None = None,
        categories: Iterable[signal_pb2.SignalCategory.ValueType] = (),
        tables: reference_tables_pb2.ReferenceTables | None = None,
        timeout: float | None = None,
    ) -> extractor_service_pb2.ExtractFilingResponse:
        """ExtractFiling of ExtractorService."""
        return self._unary(
            self._stub.ExtractFiling,
            "ExtractFiling",
            extractor_service_pb2.ExtractFilingRequest(
                filing=filing,
                listing=listing,
                earlier_filings=earlier_filings,
                earlier_complete_since=earlier_complete_since,
                categories=categories,
                tables=tables,
            ),
            timeout,
        )

    def extract_documents(
        self,
        *,
        requests: Iterable[extractor_service_pb2.ExtractDocumentsRequest],
        timeout: float | None = None,
    ) -> extractor_service_pb2.ExtractDocumentsResponse:
        """ExtractDocuments of ExtractorService."""
        return self._upload(self._stub.ExtractDocuments, "ExtractDocuments", requests, timeout)

    def extract_filing_with_artifacts(
        self,
        *,
        extract: extractor_service_pb2.ExtractFilingRequest | None = None,
        timeout: float | None = None,
    ) -> Iterator[extractor_service_pb2.ExtractFilingWithArtifactsResponse]:
        """ExtractFilingWithArtifacts of ExtractorService."""
        return self._stream(
            self._stub.ExtractFilingWithArtifacts,
            "ExtractFilingWithArtifacts",
            extractor_service_pb2.ExtractFilingWithArtifactsRequest(extract=extract),
            timeout,
        )

    def extract_documents_with_artifacts(
        self,
        *,
        requests: Iterable[extractor_service_pb2.ExtractDocumentsWithArtifactsRequest],
        timeout: float | None = None,
    ) -> Iterator[extractor_service_pb2.ExtractDocumentsWithArtifactsResponse]:
        """ExtractDocumentsWithArtifacts of ExtractorService."""
        return self._stream(
            self._stub.ExtractDocumentsWithArtifacts, "ExtractDocumentsWithArtifacts", iter(requests), timeout
        )

    def list_signal_definitions(
        self,
        *,
        category: signal_pb2.SignalCategory.ValueType = signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> extractor_service_pb2.ListSignalDefinitionsResponse:
        """ListSignalDefinitions of ExtractorService."""
        return self._unary(
            self._stub.ListSignalDefinitions,
            "ListSignalDefinitions",
            extractor_service_pb2.ListSignalDefinitionsRequest(
                category=category, page_size=page_size, page_token=page_token
            ),
            timeout,
        )

    def get_signal_definition(
        self, *, id: str = "", timeout: float | None = None
    ) -> extractor_service_pb2.GetSignalDefinitionResponse:
        """GetSignalDefinition of ExtractorService."""
        return self._unary(
            self._stub.GetSignalDefinition,
            "GetSignalDefinition",
            extractor_service_pb2.GetSignalDefinitionRequest(id=id),
            timeout,
        )
