"""The analyzer's view of the store: one read gives all that an analysis is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import filing_pb2, signal_pb2
from tenkay_analyzer.expressions import Value
from tenkay_analyzer.readings import FilingReadings, Reading


@dataclass(frozen=True, slots=True)
class StoredFiling:
    """A filing's readings, and the proofs that go with them."""

    readings: FilingReadings
    evidence: Mapping[str, Sequence[signal_pb2.Evidence]]
    """By signal id; handed on as it is."""


class StoreReader:
    """Reads filings from the store. Errors of the store are passed on."""

    def __init__(self, client: AsyncFilingStoreClient) -> None:
        self._client = client

    async def read(self, filing: filing_pb2.FilingRef, min_sequence: str) -> StoredFiling:
        """The filing's newest signals, from a state of the store not older than `min_sequence`."""
        answer = await self._client.get_signals(filing=filing, min_sequence=min_sequence)
        stored = answer.filing
        return StoredFiling(
            FilingReadings(
                accession_number=stored.accession_number,
                extraction_key=answer.result_key,
                form_type=stored.form_type,
                sic_code=stored.sic_code if stored.HasField("sic_code") else None,
                signals={signal.id: _reading(signal) for signal in answer.signals},
            ),
            {signal.id: signal.evidence for signal in answer.signals},
        )


def _reading(signal: signal_pb2.Signal) -> Reading:
    return Reading(signal.id, _value(signal.value), signal.unit, signal.currency, signal.confidence)


def _value(value: signal_pb2.SignalValue) -> Value:
    match value.WhichOneof("kind"):
        case "decimal":
            return Decimal(value.decimal)
        case "double":
            return value.double
        case "bool":
            return value.bool
        case "int64":
            return value.int64
        case "enum":
            return value.enum
    raise ValueError("a signal without a value: the store keeps those apart as missing")
