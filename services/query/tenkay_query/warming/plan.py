"""What the cache is filled with: the requests, as the clients of the library write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.protobuf.message import Message

from tenkay.common.v1 import filing_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import redis_keys
from tenkay_query.cache.near_cache import Key
from tenkay_query.question import Question

MOST_QUESTIONS = 1000
MOST_COMPANIES = 1000
MOST_FILINGS = 100
"""Of one company."""


@dataclass(frozen=True, slots=True)
class WarmOrder:
    """What to fill the cache with."""

    questions: int
    """How many of the questions asked most."""
    ciks: tuple[int, ...]
    """Companies of a watch list."""
    filings_per_company: int
    """Latest filings of each company."""
    per_second: float
    """Questions a second at most."""


def company_requests(cik: int) -> tuple[Key, ...]:
    """What is asked of a company first. The last one is the list of its filings."""
    return (
        _key(pb.GetCompanySummaryRequest(cik=cik)),
        _key(pb.ListFilingsRequest(cik=cik)),
    )


def filing_requests(answer: pb.ListFilingsResponse, most: int) -> Iterator[Key]:
    """What is asked of the first `most` filings of a list."""
    for summary in list(answer.filings)[:most]:
        filing = filing_pb2.FilingRef(accession_number=summary.filing.accession_number)
        yield _key(pb.GetFilingRequest(filing=filing))
        yield _key(pb.GetSignalsRequest(filing=filing))
        yield _key(pb.GetAnalysisRequest(filing=filing))


def companies_of(questions: Iterable[Question[Message]], most: int) -> tuple[int, ...]:
    """The first `most` companies that questions are about, each once."""
    found: dict[int, None] = {}
    for question in questions:
        for name in question.generations:
            cik = redis_keys.company_of(name)
            if cik is not None and len(found) < most:
                found[cik] = None
    return tuple(found)


def _key(request: Message) -> Key:
    return request.DESCRIPTOR.name.removesuffix("Request"), request.SerializeToString()
