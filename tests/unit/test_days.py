"""Days as messages, and back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1 import date_pb2
from tenkay.days import day_in, day_message, day_of
from tenkay.errors import InvalidArgument, Reason
from tenkay.fetcher.v1 import fetcher_service_pb2 as pb


@given(st.dates())
def test_a_day_comes_back_from_its_message(day: date) -> None:
    assert day_of(day_message(day), "filed_from") == day


@pytest.mark.parametrize(
    "parts", [(2025, 2, 29), (2025, 0, 0), (2025, 13, 1), (0, 1, 1), (10_000, 1, 1), (-1, 1, 1)]
)
def test_what_is_no_day_is_refused_by_its_field(parts: tuple[int, int, int]) -> None:
    year, month, day = parts
    with pytest.raises(InvalidArgument, match="filed_from is not a day") as caught:
        day_of(date_pb2.Date(year=year, month=month, day=day), "filed_from")
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.fields[0].field == "filed_from"


def test_a_field_that_is_not_set_is_no_day() -> None:
    assert day_in(pb.ListFilingsRequest(), "filed_from") is None
    assert day_in(pb.ListFilingsRequest(filed_from=day_message(date(2025, 2, 28))), "filed_from") == date(
        2025, 2, 28
    )
    assert day_message(None) is None
