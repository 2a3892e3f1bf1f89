"""Requests without their min_sequence: two that differ otherwise never share an entry."""

from __future__ import annotations

import time
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from tenkay.common.v1 import filing_pb2, read_pb2, signal_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import request_bytes

FIELD = pb.GetSignalsRequest.DESCRIPTOR.fields_by_name["min_sequence"].number
texts = st.text(max_size=20)
tokens = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
requests = st.builds(
    pb.GetSignalsRequest,
    filing=st.none()
    | st.builds(filing_pb2.FilingRef, accession_number=texts, cik=st.none() | st.integers(0, 2**64 - 1)),
    signal_ids=st.lists(texts, max_size=3),
    categories=st.lists(st.sampled_from(signal_pb2.SignalCategory.values()), max_size=3),
    omit_evidence=st.booleans(),
    as_of=st.none() | st.builds(read_pb2.AsOf),
    min_sequence=tokens,
)

untimed = settings(deadline=None)
"""An example's time is the machine's, which other tests share. What costs too much has a test of its own below."""


def without(request: pb.GetSignalsRequest) -> pb.GetSignalsRequest:
    rest = pb.GetSignalsRequest()
    rest.CopyFrom(request)
    rest.ClearField("min_sequence")
    return rest


@untimed
@given(requests, requests)
def test_requests_share_a_rest_only_when_they_differ_in_nothing_but_min_sequence(
    first: pb.GetSignalsRequest, second: pb.GetSignalsRequest
) -> None:
    parts = [request_bytes.split(request.SerializeToString(), FIELD) for request in (first, second)]
    assert parts[0] is not None
    assert parts[1] is not None
    assert (parts[0][0] == parts[1][0]) is (without(first) == without(second))
    assert [parts[0][1], parts[1][1]] == [first.min_sequence, second.min_sequence]


@untimed
@given(requests, tokens)
def test_a_request_has_one_rest_whatever_its_min_sequence(request: pb.GetSignalsRequest, token: str) -> None:
    other = pb.GetSignalsRequest()
    other.CopyFrom(request)
    other.min_sequence = token
    parts = request_bytes.split(other.SerializeToString(), FIELD)
    assert parts == (without(request).SerializeToString(), token)


@untimed
@given(st.binary(max_size=60) | requests.map(lambda request: request.SerializeToString()), st.data())
def test_of_any_bytes_the_rest_and_the_field_mean_what_the_whole_does(raw: bytes, data: Any) -> None:
    if raw and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:place] + data.draw(st.binary(max_size=3)) + raw[place + 1 :]
    parts = request_bytes.split(raw, FIELD)
    if parts is None:
        return
    try:
        whole = pb.GetSignalsRequest.FromString(raw)
    except DecodeError:
        with pytest.raises(DecodeError):
            pb.GetSignalsRequest.FromString(parts[0])
        return
    assert pb.GetSignalsRequest.FromString(parts[0]) == without(whole)
    assert parts[1] == whole.min_sequence


@pytest.mark.parametrize(
    "raw",
    [
        b"\x32",  # a length is missing
        b"\x32\x05ab",  # a text is cut short
        b"\x32\x01a\x32\x01b",  # the field twice
        b"\x32\x01\xff",  # not ASCII
        b"\xb2\x00\x01a",  # a tag spelt too long
        b"\x33\x34",  # a group
        b"\x08\xff",  # a number without an end
        b"\x09\x01",  # eight bytes that are not there
    ],
)
def test_what_no_serialiser_writes_is_not_looked_up(raw: bytes) -> None:
    assert request_bytes.split(raw, FIELD) is None


@pytest.mark.parametrize("start", [b"", b"\x32"])
def test_a_number_without_an_end_costs_no_more_however_long_the_request_is(start: bytes) -> None:
    raw = start + b"\xff" * 4_000_000
    began = time.process_time()
    assert request_bytes.split(raw, FIELD) is None
    assert time.process_time() - began < 1  # it was a quarter of an hour
