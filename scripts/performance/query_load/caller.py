"""Asks the recorded mix's questions through gRPC, as the client library does, and checks every answer.

The channel goes over all query processes, with the reviewed service config: calls in turn, health, retries. Unlike the
client library's methods it shows the trailing metadata, which says whether an answer came from the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from made_up_filings import accession_number
from query_load.calls import OK, WRONG_ANSWER
from query_load.recorded_mix import SCREENS, Method, Question
from query_load.sender import Answered

from tenkay.client import Endpoint, SequenceFloor
from tenkay.client.endpoint import method_deadline
from tenkay.common.v1 import filing_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay.status import from_call

SERVICE = "tenkay.query.v1.QueryService"
CACHE_METADATA = "tenkay-cache"
_FIRST_CIK = 1_900_000_000
_NOT_HITS = ("", "miss", "bypass")
PAGE = 20


@dataclass(frozen=True, slots=True)
class _Way:
    """How a method is asked and its answer checked."""

    request: Callable[[Question], Any]
    response: type[Message]
    is_right: Callable[[Any, Question, int], bool]
    """Takes answer, question, and the oldest version of the filing that it may show."""


def _ref(asked: Question) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=accession_number(asked.company, asked.quarter))


def _is_filing(answer: Any, asked: Question, version: int) -> bool:
    named = accession_number(asked.company, asked.quarter)
    return bool(answer.filing.accession_number == named and answer.version >= version)


_WAYS: Mapping[Method, _Way] = {
    Method.GET_FILING: _Way(
        lambda asked: pb.GetFilingRequest(filing=_ref(asked)), pb.GetFilingResponse, _is_filing
    ),
    Method.GET_SIGNALS: _Way(
        lambda asked: pb.GetSignalsRequest(filing=_ref(asked)),
        pb.GetSignalsResponse,
        lambda answer, asked, version: _is_filing(answer, asked, version) and len(answer.signals) >= 100,
    ),
    Method.GET_ANALYSIS: _Way(
        lambda asked: pb.GetAnalysisRequest(filing=_ref(asked)),
        pb.GetAnalysisResponse,
        lambda answer, asked, _: (
            answer.analysis.accession_number == accession_number(asked.company, asked.quarter)
        ),
    ),
    Method.GET_COMPANY_SUMMARY: _Way(
        lambda asked: pb.GetCompanySummaryRequest(cik=_FIRST_CIK + asked.company),
        pb.GetCompanySummaryResponse,
        lambda answer, asked, version: (
            answer.company.cik == _FIRST_CIK + asked.company
            and answer.company.latest_annual.version >= version
        ),
    ),
    Method.LIST_FILINGS: _Way(
        lambda asked: pb.ListFilingsRequest(cik=_FIRST_CIK + asked.company, page_size=PAGE),
        pb.ListFilingsResponse,
        lambda answer, asked, _: (
            len(answer.filings) > 0
            and all(each.filing.cik == _FIRST_CIK + asked.company for each in answer.filings)
        ),
    ),
    Method.SCREEN_FILINGS: _Way(
        lambda asked: pb.ScreenFilingsRequest(filter=SCREENS[asked.screen], page_size=PAGE),
        pb.ScreenFilingsResponse,
        lambda answer, _asked, _version: 0 < len(answer.filings) <= PAGE,
    ),
}


class Caller:
    """A caller of query with a floor, which it may share with clients of the store."""

    def __init__(self, endpoint: Endpoint, floor: SequenceFloor) -> None:
        self.floor = floor
        self.versions: dict[tuple[int, int], int] = {}
        """The oldest version that may be shown, by company and quarter, where one was committed through this floor."""
        self._channel = grpc.aio.insecure_channel(endpoint.address, options=endpoint.channel_options(SERVICE))
        self._calls = {
            method: self._channel.unary_unary(
                f"/{SERVICE}/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=way.response.FromString,
            )
            for method, way in _WAYS.items()
        }
        self._deadlines = {method: method_deadline(SERVICE, method) for method in _WAYS}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close(None)

    async def ask(self, asked: Question) -> Answered:
        """One call. TenkayError when it failed."""
        way = _WAYS[asked.method]
        request = way.request(asked)
        request.min_sequence = self.floor.sequence
        version = self.versions.get((asked.company, asked.quarter), 1)
        call = self._calls[asked.method](request, timeout=self._deadlines[asked.method])
        try:
            answer = await call
        except grpc.aio.AioRpcError as error:
            trailing: Any = error.trailing_metadata() or ()
            raise from_call(error.code(), error.details(), trailing, service="query") from None
        self.floor.raise_to(answer.as_of_sequence)
        trailing = await call.trailing_metadata()
        cache = next((str(value) for key, value in trailing if key == CACHE_METADATA), "")
        is_right = way.is_right(answer, asked, version)
        return Answered(OK if is_right else WRONG_ANSWER, cache not in _NOT_HITS)
