"""What the keys in Redis hold is judged without remembering what query cannot have written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tenkay.sequences import MAX_TOKEN_CHARACTERS
from tenkay_query.cache import redis_values

EPOCH = b"e" * 16
LONGEST = b",".join(b"%d.1" % shard for shard in range(10000, 10128))[:MAX_TOKEN_CHARACTERS].rpartition(b",")[
    0
]


def sequence(held: bytes) -> str | None:
    return redis_values.sequence(held, "position")


def generation(held: bytes) -> str | None:
    return redis_values.generation(EPOCH + held, EPOCH, "generation")


@pytest.mark.parametrize("read", [sequence, generation])
def test_a_long_sequence_is_read_and_a_longer_value_is_not_even_remembered(
    read: Callable[[bytes], str | None],
) -> None:
    assert read(LONGEST) == LONGEST.decode()
    before = [each.cache_info() for each in (redis_values._sequence, redis_values._generation)]
    assert read(b"1" * 1_000_000) is None
    assert [each.cache_info() for each in (redis_values._sequence, redis_values._generation)] == before


def test_a_long_generation_may_carry_a_mark() -> None:
    marked = LONGEST + b"!" + b"0123456789abcdef"
    assert generation(marked) == marked.decode()
