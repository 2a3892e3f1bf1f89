"""Sequences: positions in the store's order of commits, as text that callers hold and hand back.

A token names the newest commit seen of each shard: ``"0.42"``, or ``"0.42,1.7"`` over two shards. Callers treat it as
opaque; the client library merges the tokens it is given so that it never reads an older state than one it has seen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

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


def part_of(token: str, shards: Collection[int]) -> dict[int, int]:
    """The numbers in `token` of these shards, of a read that is to see what `token` has; none for the empty token.

    MALFORMED_SEQUENCE when it has parts, but of other shards only: then it is another store's, and nothing can be
    promised by it. Parts of others beside are for their stores to look at.
    """
    numbers = parse(token)
    found = {shard: number for shard, number in numbers.items() if shard in shards}
    if numbers and not found:
        raise failure(
            Reason.MALFORMED_SEQUENCE,
            f"{token[:80]!r} is of another store; use one that an answer of this one gave, or leave it empty",
            field="min_sequence",
        )
    return found


def merge(first: str, second: str) -> str:
    """The token that has seen all that either has."""
    if first == second or not second:
        return first
    if not first:
        return second
    numbers = parse(first)
    for shard, number in parse(second).items():
        numbers[shard] = max(number, numbers.get(shard, 0))
    return token_of(numbers)


def token_of(numbers: Mapping[int, int]) -> str:
    """The token of these commit numbers by shard; empty for none."""
    return ",".join(encode(shard, numbers[shard]) for shard in sorted(numbers))
