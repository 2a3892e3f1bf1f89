"""Entries of the cache: what goes in comes out, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Internal, NotFound, Reason, TenkayError, failure
from tenkay_query.cache import compression, envelope, negative
from tenkay_query.cache.envelope import Coding, Envelope, Kind

ENTRY = Envelope(Kind.ANSWER, bytes(16), bytes(16), ("0.1",), "0.1", 1, 2, 3, b"answer")

sequences = st.from_regex(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,18})", fullmatch=True)
milliseconds = st.integers(0, 2**64 - 1)
envelopes = st.builds(
    Envelope,
    kind=st.sampled_from(Kind),
    epoch=st.binary(min_size=16, max_size=16),
    kind_epoch=st.binary(min_size=16, max_size=16),
    generations=st.lists(sequences, max_size=4).map(tuple),
    as_of_sequence=sequences | st.just(""),
    read_at_ms=milliseconds,
    fresh_until_ms=milliseconds,
    cost_ms=st.integers(0, envelope.MAX_COST_MS),
    body=st.binary(max_size=300),
    coding=st.sampled_from(Coding),
)


@given(envelopes)
def test_an_entry_comes_out_as_it_went_in(entry: Envelope) -> None:
    assert envelope.decode(envelope.encode(entry)) == entry


@given(envelopes, st.data())
def test_an_entry_with_one_wrong_bit_is_absent(entry: Envelope, data: st.DataObject) -> None:
    raw = bytearray(envelope.encode(entry))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert envelope.decode(bytes(raw)) is None


@given(envelopes, st.data())
def test_an_entry_cut_short_is_absent(entry: Envelope, data: st.DataObject) -> None:
    raw = envelope.encode(entry)
    assert envelope.decode(raw[: data.draw(st.integers(0, len(raw) - 1))]) is None


@given(st.binary(max_size=2000).map(lambda body: body * 3), st.integers(0, 2000))
def test_a_compressed_body_comes_out_as_it_went_in(body: bytes, over_bytes: int) -> None:
    entry = replace(ENTRY, body=body)
    kept = envelope.decode(envelope.encode(compression.compress(entry, over_bytes)))
    assert kept is not None
    assert compression.body_of(kept, max_bytes=len(body) or 1) == body
    assert len(kept.body) <= len(body)


def test_a_body_that_is_large_is_kept_smaller() -> None:
    kept = compression.compress(replace(ENTRY, body=b"going concern " * 1000), 8192)
    assert kept.coding is Coding.ZSTD
    assert len(kept.body) < 200
    assert compression.compress(replace(ENTRY, body=b"going concern " * 100), 8192).coding is Coding.PLAIN


def test_a_body_that_would_become_too_large_or_is_none_is_absent() -> None:
    bomb = compression.compress(replace(ENTRY, body=bytes(1_000_000)), 0)
    assert compression.body_of(bomb, max_bytes=999_999) is None
    for broken in (b"", b"no frame", bomb.body[:-3]):
        assert compression.body_of(replace(bomb, body=broken), max_bytes=1_000_000) is None


@given(st.binary(max_size=200))
def test_bytes_of_anything_are_absent_and_break_nothing(raw: bytes) -> None:
    assert envelope.decode(raw) is None


def test_an_entry_of_another_version_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = envelope.encode(ENTRY)
    monkeypatch.setattr(envelope, "SCHEMA", envelope.SCHEMA + 1)
    assert envelope.decode(raw) is None


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, epoch=b"short"),
        replace(ENTRY, kind_epoch=b"short"),
        replace(ENTRY, generations=("0.1",) * 256),
        replace(ENTRY, generations=("9" * 70_000,)),
    ],
)
def test_what_does_not_fit_the_layout_is_refused(entry: Envelope) -> None:
    with pytest.raises(ValueError):
        envelope.encode(entry)


def test_that_something_does_not_exist_can_be_kept() -> None:
    error = failure(
        Reason.FILING_UNKNOWN,
        "no such filing",
        field="prior.accession_number",
        metadata={"trace_id": "of the call", "shard": "0"},
    )
    kept = negative.decode(negative.encode(error))
    assert isinstance(kept, NotFound)
    assert (kept.reason, kept.message, kept.metadata) == (error.reason, error.message, {"shard": "0"})
    assert kept.fields == error.fields


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in negative.CACHED])
def test_no_other_error_can_be_kept(reason: Reason) -> None:
    with pytest.raises(ValueError):
        negative.encode(failure(reason, "an error"))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'["INTERNAL","x",{}]', b'["FILING_UNKNOWN"]', b"\xff", b'["NONE","x",{}]', b"7"]
)
def test_what_is_not_a_kept_error_is_none(body: bytes) -> None:
    assert negative.decode(body) is None
    assert issubclass(Internal, TenkayError)
