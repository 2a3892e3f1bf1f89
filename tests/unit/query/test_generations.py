"""When a cached answer is served: only when it is known to be true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenkay.errors import TenkayError
from tenkay_query.cache import envelope
from tenkay_query.cache.envelope import Envelope, Kind
from tenkay_query.cache.generations import (
    Absent,
    Lookup,
    Trouble,
    Unusable,
    Valid,
    Verdict,
    covers,
    followed_part,
    is_of_shards,
    judge,
)

EPOCH, KIND_EPOCH, OTHER_EPOCH = b"e" * 16, b"k" * 16, b"f" * 16
ENTRY = Envelope(Kind.ANSWER, EPOCH, KIND_EPOCH, ("0.40",), "0.42", 1_000, 9_000, 5, b"answer")
FOUND = Lookup(EPOCH, KIND_EPOCH, "0.50", True, 1_000, ("0.40",), envelope.encode(ENTRY))


def judged(
    found: Lookup,
    *,
    min_sequence: str = "",
    now_ms: int = 2_000,
    bound: bool = True,
    max_staleness_ms: int = 60_000,
) -> Verdict:
    return judge(
        found,
        bound=bound,
        min_sequence=min_sequence,
        now_ms=now_ms,
        max_staleness_ms=max_staleness_ms,
    )


def with_entry(found: Lookup, **changes: object) -> Lookup:
    return replace(found, entry=envelope.encode(replace(ENTRY, **changes)))  # type: ignore[arg-type]


def test_an_entry_under_the_current_generation_is_true_up_to_the_feeds_position() -> None:
    verdict = judged(FOUND)
    assert isinstance(verdict, Valid)
    assert verdict.entry == ENTRY
    assert verdict.as_of_sequence == "0.50"


def test_an_entry_read_beyond_the_feeds_position_keeps_its_own_state() -> None:
    verdict = judged(replace(FOUND, position="0.41"), min_sequence="0.42")
    assert isinstance(verdict, Valid)
    assert verdict.as_of_sequence == "0.42"


@pytest.mark.parametrize(
    "found",
    [
        replace(FOUND, entry=None),
        replace(FOUND, entry=b"damaged"),
        replace(FOUND, generations=("0.41",)),
        replace(FOUND, generations=(None,)),
        with_entry(FOUND, generations=()),
        with_entry(FOUND, epoch=OTHER_EPOCH),
        replace(FOUND, epoch=OTHER_EPOCH),
        with_entry(FOUND, fresh_until_ms=2_000),
        with_entry(FOUND, kind_epoch=OTHER_EPOCH),
        replace(FOUND, kind_epoch=None),
    ],
)
def test_an_entry_that_is_not_known_to_be_true_is_absent(found: Lookup) -> None:
    assert judged(found) == Absent()


@pytest.mark.parametrize("found", [replace(FOUND, epoch=None), replace(FOUND, position=None)])
def test_a_redis_that_has_lost_its_memory_says_nothing(found: Lookup) -> None:
    assert judged(found) == Unusable(Trouble.NOT_FOLLOWED)


def test_while_nobody_follows_the_feed_an_entry_is_only_the_last_known() -> None:
    verdict = judged(replace(FOUND, is_followed=False))
    assert isinstance(verdict, Unusable)
    assert verdict.trouble is Trouble.FEED_SILENT
    assert verdict.last_known is not None
    assert verdict.last_known.entry == ENTRY


@pytest.mark.parametrize(
    "found",
    [replace(FOUND, entry=None), replace(FOUND, generations=("0.41",)), with_entry(FOUND, fresh_until_ms=0)],
)
def test_while_nobody_follows_the_feed_nothing_untrue_is_last_known(found: Lookup) -> None:
    assert judged(replace(found, is_followed=False)) == Unusable(Trouble.FEED_SILENT)


def test_a_caller_that_has_seen_more_is_not_answered_with_less() -> None:
    assert judged(FOUND, min_sequence="0.51") == Unusable(Trouble.BEHIND)
    assert judged(FOUND, min_sequence="1.1") == Unusable(Trouble.BEHIND)
    assert isinstance(judged(FOUND, min_sequence="0.50"), Valid)


def test_an_answer_over_many_companies_is_served_while_young() -> None:
    found = with_entry(replace(FOUND, generations=(), position=None, is_followed=False), generations=())
    young = judged(found, bound=False)
    assert isinstance(young, Valid)
    assert young.as_of_sequence == "0.42"
    assert judged(found, bound=False, now_ms=9_000) == Absent()
    assert isinstance(judged(found, bound=False, now_ms=1_500, max_staleness_ms=500), Valid)
    assert judged(found, bound=False, now_ms=1_501, max_staleness_ms=500) == Absent()
    assert judged(found, bound=False, min_sequence="0.43") == Unusable(Trouble.BEHIND)
    assert judged(replace(found, epoch=OTHER_EPOCH), bound=False) == Absent()
    assert judged(replace(found, epoch=None), bound=False) == Unusable(Trouble.NOT_FOLLOWED)


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        ("0.5", "", True),
        ("", "", True),
        ("0.5", "0.5", True),
        ("0.5", "0.4", True),
        ("0.5", "0.6", False),
        ("0.9", "0.10", False),
        ("", "0.1", False),
        ("0.5,1.2", "1.2", True),
        ("0.5", "0.5,1.0", False),
        ("0.5,1.3", "0.5,1.2", True),
    ],
)
def test_a_state_covers_another_when_it_has_seen_as_much_of_each_shard(
    state: str, wanted: str, expected: bool
) -> None:
    assert covers(state, wanted) is expected


@pytest.mark.parametrize(
    ("token", "position", "part"),
    [
        ("0.7", "0.3", "0.7"),
        ("0.7,5.7", "0.3", "0.7"),
        ("5.7,0.7", "0.3", "0.7"),
        ("0.7,5.7", "", "0.7,5.7"),
        ("", "0.3", ""),
    ],
)
def test_a_store_is_held_to_its_own_part_of_a_token(token: str, position: str, part: str) -> None:
    assert followed_part(token, position) == part


def test_a_token_of_other_stores_only_is_refused() -> None:
    with pytest.raises(TenkayError, match="another store"):
        followed_part("5.7", "0.3")


@pytest.mark.parametrize(
    ("token", "position", "is_so"),
    [("0.7", "0.3", True), ("0.7", "0.3,1.2", True), ("0.7,5.7", "0.3", False), ("", "0.3", False)],
)
def test_a_generation_is_only_of_the_shards_that_are_followed(token: str, position: str, is_so: bool) -> None:
    assert is_of_shards(token, position) is is_so
