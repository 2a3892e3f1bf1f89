"""Accession numbers, CIKs, sequences and page tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay import identifiers, page_tokens, sequences
from tenkay.errors import Reason, TenkayError

tokens = st.dictionaries(st.integers(0, 99), st.integers(0, 10**15), max_size=5).map(
    lambda numbers: ",".join(sequences.encode(shard, numbers[shard]) for shard in sorted(numbers))
)


@given(st.from_regex(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", fullmatch=True).filter(str.isascii))
def test_an_accession_number_is_taken_as_it_is(number: str) -> None:
    assert identifiers.require_accession_number(number, "f") == number
    assert identifiers.dashed(identifiers.undashed(number)) == number


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "abc",
        "0000320193-24-00012",
        "0000320193-24-0001234",
        "0000320193-24-000123\n",
        "٠٠٠٠320193-24-000123",
    ],
)
def test_what_is_no_accession_number_is_refused_naming_the_field(wrong: str) -> None:
    with pytest.raises(TenkayError) as caught:
        identifiers.require_accession_number(wrong, "filing.accession_number")
    assert caught.value.reason is Reason.MALFORMED_ACCESSION_NUMBER
    assert caught.value.fields[0].field == "filing.accession_number"


def test_an_undashed_accession_number_is_refused_with_the_dashed_one() -> None:
    with pytest.raises(TenkayError, match="did you mean 0000320193-24-000123"):
        identifiers.require_accession_number("000032019324000123", "f")


@pytest.mark.parametrize("wrong", [0, -1, 10_000_000_000])
def test_what_is_no_cik_is_refused(wrong: int) -> None:
    with pytest.raises(TenkayError) as caught:
        identifiers.require_cik(wrong, "cik")
    assert caught.value.reason is Reason.INVALID_FIELD


@given(tokens, tokens, tokens)
def test_merging_sequences_keeps_the_newest_of_each_shard_in_any_order(a: str, b: str, c: str) -> None:
    merged = sequences.merge(a, sequences.merge(b, c))
    assert merged == sequences.merge(sequences.merge(c, a), b)
    numbers = sequences.parse(merged)
    for token in (a, b, c):
        for shard, number in sequences.parse(token).items():
            assert numbers[shard] >= number


@given(st.text(max_size=30))
def test_a_sequence_parses_or_is_refused_by_its_reason(token: str) -> None:
    try:
        numbers = sequences.parse(token)
    except TenkayError as error:
        assert error.reason is Reason.MALFORMED_SEQUENCE
    else:
        assert sequences.merge("", ",".join(f"{s}.{n}" for s, n in numbers.items())) == token


@pytest.mark.parametrize("wrong", ["1", "0.", "0.-1", "0.1,", "0.1,0.2", "00.1", "0.01", "0.1" * 1000])
def test_what_is_no_sequence_is_refused(wrong: str) -> None:
    with pytest.raises(TenkayError) as caught:
        sequences.parse(wrong)
    assert caught.value.reason is Reason.MALFORMED_SEQUENCE


@given(
    st.dictionaries(
        st.text(max_size=10), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=4
    ),
    st.binary(max_size=40),
    st.binary(max_size=40),
)
def test_a_page_token_works_only_with_the_arguments_it_was_issued_for(
    position: dict[str, page_tokens.PositionValue], bound_to: bytes, other: bytes
) -> None:
    token = page_tokens.encode(position, bound_to)
    assert page_tokens.decode(token, bound_to) == position
    if other != bound_to:
        with pytest.raises(TenkayError) as caught:
            page_tokens.decode(token, other)
        assert caught.value.reason is Reason.MALFORMED_PAGE_TOKEN


@given(st.text(max_size=60))
def test_a_made_up_page_token_is_refused(token: str) -> None:
    with pytest.raises(TenkayError) as caught:
        page_tokens.decode(token, b"method")
    assert caught.value.reason is Reason.MALFORMED_PAGE_TOKEN


def test_a_page_token_of_another_format_is_refused() -> None:
    """It was issued for these arguments, by a release whose tokens had no format."""
    with pytest.raises(TenkayError) as caught:
        page_tokens.decode("e5gjH69GCnosdS3yeyJzIjoxfQ", b"List")
    assert caught.value.reason is Reason.MALFORMED_PAGE_TOKEN


def test_page_sizes_are_coerced_and_negative_ones_refused() -> None:
    assert page_tokens.page_size(0, default=50, maximum=500) == 50
    assert page_tokens.page_size(7, default=50, maximum=500) == 7
    assert page_tokens.page_size(9999, default=50, maximum=500) == 500
    with pytest.raises(TenkayError) as caught:
        page_tokens.page_size(-1, default=50, maximum=500)
    assert caught.value.fields[0].field == "page_size"
