"""What a client's reads are held to."""

from __future__ import annotations

from tenkay.client import Endpoint, SequenceFloor
from tenkay.client.caller import _Caller
from tenkay.query.v1 import many_companies_pb2, query_service_pb2
from tenkay.store.v1 import filing_store_service_pb2


def _client(floor: SequenceFloor) -> _Caller:
    return _Caller(Endpoint("127.0.0.1:1", plaintext=True), "tenkay.query.v1.QueryService", floor)


def test_a_look_at_a_filing_does_not_hold_screens_to_its_state() -> None:
    floor = SequenceFloor()
    client = _client(floor)
    client._after(
        query_service_pb2.GetFilingRequest(), query_service_pb2.GetFilingResponse(as_of_sequence="0.9")
    )
    screen = query_service_pb2.ScreenFilingsRequest()
    client._before(screen)
    assert screen.min_sequence == ""
    filing = query_service_pb2.GetFilingRequest()
    client._before(filing)
    assert filing.min_sequence == "0.9"


def test_screens_and_aggregates_never_go_back_among_each_other() -> None:
    floor = SequenceFloor()
    client = _client(floor)
    client._after(
        query_service_pb2.ScreenFilingsRequest(),
        query_service_pb2.ScreenFilingsResponse(as_of_sequence="0.5"),
    )
    aggregate = many_companies_pb2.AggregateSignalsRequest()
    client._before(aggregate)
    assert aggregate.min_sequence == "0.5"


def test_everything_sees_the_callers_own_commits() -> None:
    floor = SequenceFloor()
    client = _client(floor)
    answer = filing_store_service_pb2.CommitExtractionResponse()
    answer.outcome.sequence = "0.7"
    client._after(filing_store_service_pb2.CommitExtractionRequest(), answer)
    for request in (query_service_pb2.ScreenFilingsRequest(), query_service_pb2.GetSignalsRequest()):
        client._before(request)
        assert request.min_sequence == "0.7"


def test_a_list_of_one_companys_filings_is_held_to_all_that_was_seen() -> None:
    floor = SequenceFloor()
    client = _client(floor)
    floor.raise_to("0.9", over_many=False)
    of_one, of_all = query_service_pb2.ListFilingsRequest(cik=320193), query_service_pb2.ListFilingsRequest()
    client._before(of_one)
    client._before(of_all)
    assert (of_one.min_sequence, of_all.min_sequence) == ("0.9", "")
