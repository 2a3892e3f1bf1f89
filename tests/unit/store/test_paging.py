"""How long pages may be."""

from __future__ import annotations

import pytest

from tenkay.errors import InvalidArgument
from tenkay_store.rpc import paging


@pytest.mark.parametrize(
    ("asked", "signals", "entries"), [(0, 3, 50), (500, 1, 500), (500, 0, 500), (500, 500, 40), (10, 500, 10)]
)
def test_a_page_holds_no_more_values_than_fit_into_a_message(asked: int, signals: int, entries: int) -> None:
    assert paging.page_of_values(asked, signals) == entries


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        paging.page_of_values(-1, 10)
