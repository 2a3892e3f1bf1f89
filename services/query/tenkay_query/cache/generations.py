"""When a cached answer is still true.

The generation of a thing is the sequence of the last commit that touched it. An answer about one filing or one company
is true as long as the generations it was read under are the current ones; the change feed raises them. Three rules keep
this sound when Redis forgets, restarts or is slow:

- A missing generation is unknown, never 0: nothing is valid under it, and only an answer read from the store at a state
  not older than the feed's position may set it again.
- An answer is stored under the generations read *before* the store was asked.
- Every entry carries the epoch of its kind, which is renewed to make all of the kind void; a missing one is unknown.
- Every entry and every generation carries the epoch. Whoever notices that Redis has lost the feed's position or gone
  back to an older one, or that the store has, makes a new epoch: all entries are void, all generations unknown.

Answers over many companies have no generation; they are served while they are young.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tenkay import sequences
from tenkay_query.cache import envelope
from tenkay_query.cache.envelope import Envelope

REMEMBERED_COMPARISONS = 4096
"""The same few tokens are compared over and over."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One atomic look into Redis: all of it was so at the same moment."""

    epoch: bytes | None
    kind_epoch: bytes | None
    """The token of the question's kind. None: not known."""
    position: str | None
    """The sequence up to which the generations are right. None: not known."""
    is_followed: bool
    """Whether some process follows the feed."""
    seen_at_ms: int | None
    """When some process last did."""
    generations: tuple[str | None, ...]
    """The current ones, in the order of the question's names. None: not known."""
    entry: bytes | None


class Trouble(StrEnum):
    """Why the cache cannot answer, other than by having nothing."""

    REDIS_LOST = "redis_lost"
    NOT_FOLLOWED = "not_followed"
    """Redis does not know how far the feed was followed: freshly started or flushed."""
    FEED_SILENT = "feed_silent"
    """Nobody follows the feed any more: changes would go unnoticed."""
    BEHIND = "behind"
    """The caller has seen a newer state than the one known to be true here."""


@dataclass(frozen=True, slots=True)
class Valid:
    """The entry is true."""

    entry: Envelope
    as_of_sequence: str
    """The newest state it is known to be true at."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no entry that is true."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The cache cannot say."""

    trouble: Trouble
    last_known: Valid | None = None
    """With FEED_SILENT: what was true when the feed was last followed."""


Verdict = Valid | Absent | Unusable


def judge(found: Lookup, *, bound: bool, min_sequence: str, now_ms: int, max_staleness_ms: int) -> Verdict:
    """What `found` means for a caller that accepts states from `min_sequence` on.

    `bound` says whether the question is about one filing or company, and so bound to generations. Answers that are not
    may be `max_staleness_ms` old.
    """
    if found.epoch is None or (bound and found.position is None):
        return Unusable(Trouble.NOT_FOLLOWED)
    entry = None if found.entry is None else envelope.decode(found.entry)
    if (
        entry is None
        or entry.epoch != found.epoch
        or entry.kind_epoch != found.kind_epoch
        or now_ms >= entry.fresh_until_ms
    ):
        return Unusable(Trouble.FEED_SILENT) if bound and not found.is_followed else Absent()
    if not bound:
        if now_ms - entry.read_at_ms > max_staleness_ms:
            return Absent()
        valid = Valid(entry, entry.as_of_sequence)
        return valid if covers(entry.as_of_sequence, min_sequence) else Unusable(Trouble.BEHIND)
    if None in found.generations or entry.generations != found.generations:
        return Absent() if found.is_followed else Unusable(Trouble.FEED_SILENT)
    valid = Valid(entry, merged(entry.as_of_sequence, found.position or ""))
    if not covers(valid.as_of_sequence, min_sequence):
        return Unusable(Trouble.BEHIND)
    return valid if found.is_followed else Unusable(Trouble.FEED_SILENT, valid)


@lru_cache(maxsize=REMEMBERED_COMPARISONS)
def merged(first: str, second: str) -> str:
    """`sequences.merge`, remembered."""
    return sequences.merge(first, second)


@lru_cache(maxsize=REMEMBERED_COMPARISONS)
def covers(state: str, wanted: str) -> bool:
    """Whether a state has seen all that `wanted` has."""
    if not wanted or state == wanted:
        return True
    numbers = sequences.parse(state)
    return all(numbers.get(shard, -1) >= number for shard, number in sequences.parse(wanted).items())


@lru_cache(maxsize=REMEMBERED_COMPARISONS)
def followed_part(token: str, position: str) -> str:
    """The part of `token` that is of the shards of `position`, where the feed was followed to: what this store can be
    held to. All of it while no position is known. MALFORMED_SEQUENCE when all of it is of others."""
    followed = sequences.parse(position) or sequences.parse(token)
    return sequences.token_of(sequences.part_of(token, followed))


def is_of_shards(token: str, position: str) -> bool:
    """Whether `token` is of the shards of `position`, and of no others. The empty token is of none."""
    return bool(token) and sequences.parse(token).keys() <= sequences.parse(position).keys()
