"""GENERATED from the protos of tenkay.analyzer.v1 by scripts/generate_clients.py; never edited."""

from __future__ import annotations

from tenkay.analyzer.v1 import analyzer_service_pb2, analyzer_service_pb2_grpc
from tenkay.client.caller import AsyncCaller, SequenceFloor, SyncCaller
from tenkay.client.endpoint import Endpoint
from tenkay.common.v1 import filing_pb2


class AsyncAnalyzerClient(AsyncCaller):
    """Async client of tenkay.analyzer.v1.AnalyzerService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.analyzer.v1.AnalyzerService", floor)
        self._stub = analyzer_service_pb2_grpc.AnalyzerServiceStub(self._channel)

    async def analyze_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> analyzer_service_pb2.AnalyzeFilingResponse:
        """AnalyzeFiling of AnalyzerService."""
        return await self._unary(
            self._stub.AnalyzeFiling,
            "AnalyzeFiling",
            analyzer_service_pb2.AnalyzeFilingRequest(filing=filing, min_sequence=min_sequence),
            timeout,
        )


class AnalyzerClient(SyncCaller):
    """Sync client of tenkay.analyzer.v1.AnalyzerService; the proto says what each call does."""

    def __init__(self, endpoint: Endpoint, *, floor: SequenceFloor | None = None) -> None:
        super().__init__(endpoint, "tenkay.analyzer.v1.AnalyzerService", floor)
        self._stub = analyzer_service_pb2_grpc.AnalyzerServiceStub(self._channel)

    def analyze_filing(
        self,
        *,
        filing: filing_pb2.FilingRef | None = None,
        min_sequence: str = "",
        timeout: float | None = None,
    ) -> analyzer_service_pb2.AnalyzeFilingResponse:
        """AnalyzeFiling of AnalyzerService."""
        return self._unary(
            self._stub.AnalyzeFiling,
            "AnalyzeFiling",
            analyzer_service_pb2.AnalyzeFilingRequest(filing=filing, min_sequence=min_sequence),
            timeout,
        )
