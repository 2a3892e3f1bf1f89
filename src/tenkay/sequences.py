"""Sequences: positions in the store's order of commits, as text that callers hold and hand back.

A token names the newest commit seen of each shard: ``"0.42"``, or ``"0.42,1.7"`` over two shards. Callers treat it as
opaque; the client library merges the tokens it is given so that it never reads an older state than one it has seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tenkay.errors import Reason, failure

MAX_TOKEN_CHARACTERS = 1024
_PART = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,18})", re.ASCII)


def encode(shard: int, number: int) -> str:
    """The token of commit `number` (from 1; 0 is before the first) of `shard` (from 0)."""
    return f"{shard}.{number}"


def parse(token: str) -> dict[int, int]:
    """Commit number by shard; the empty token has none. MALFORMED_SEQUENCE when no store issued such a token."""
    if not token:
        return {}
    numbers: dict[int, int] = {}
    if len(token) <= MAX_TOKEN_CHARACTERS:
        for part in token.split(","):
            match = _PART.fullmatch(part)
            if match is None or int(match[1]) in numbers:
                break
            numbers[int(match[1])] = int(match[2])
        else:
            return numbers
    raise failure(
        Reason.MALFORMED_SEQUENCE,
        f"{token[:80]!r} is not a sequence of this store; use one that an answer gave, or leave it empty",
        field="min_sequence",
    )


def merge(first: str, second: str) -> str:
    """The token that has seen all that either has."""
    if first == second or not second:
        return first
    if not first:
        return second
    numbers = parse(first)
    for shard, number in parse(second).items():
        numbers[shard] = max(number, numbers.get(shard, 0))
    return _format(numbers)


def _format(numbers: Mapping[int, int]) -> str:
    return ",".join(encode(shard, numbers[shard]) for shard in sorted(numbers))
