"""Page tokens of facts: bound to what is asked for and to the extraction."""

from __future__ import annotations

import pytest

from tenkay import page_tokens
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import InvalidArgument, Reason
from tenkay.query.v1 import evidence_pb2 as pb
from tenkay_query.fact_pages import FactPosition, position_of, token_of

ASKED = pb.GetFactsRequest(filing=FilingRef(accession_number="0001999001-24-000001"), concepts=["a:b"])


def test_a_token_gives_its_position_back_for_any_page_size() -> None:
    position = FactPosition(700, "key")
    larger = pb.GetFactsRequest()
    larger.CopyFrom(ASKED)
    larger.page_size = 500
    larger.min_sequence = "0.7"
    assert position_of(token_of(position, ASKED), larger) == position


@pytest.mark.parametrize("offset", [-1, 2**31, 1.5, "7", None])
def test_a_forged_position_is_refused(offset: int | float | str | None) -> None:
    bound = b"GetFacts\0" + ASKED.SerializeToString(deterministic=True)
    forged = page_tokens.encode({"o": offset, "k": "key"}, bound)
    with pytest.raises(InvalidArgument) as refused:
        position_of(forged, ASKED)
    assert refused.value.reason is Reason.MALFORMED_PAGE_TOKEN


def test_a_token_of_other_facts_is_refused() -> None:
    other = pb.GetFactsRequest(filing=ASKED.filing, concepts=["a:c"])
    with pytest.raises(InvalidArgument):
        position_of(token_of(FactPosition(1, "key"), other), ASKED)
