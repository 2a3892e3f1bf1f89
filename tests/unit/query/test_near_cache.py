"""Answers kept in the process: given only while they are true, whatever comes in whatever order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tenkay.errors import InvalidArgument, TenkayError
from tenkay.query.v1 import query_service_pb2 as pb
from tenkay_query.cache import redis_keys
from tenkay_query.cache.coherence import Coherence
from tenkay_query.cache.near_cache import Key, NearCache, NearLimits
from tenkay_query.question import Keepable, Kind, Question

AS_OF = pb.GetFilingResponse.DESCRIPTOR.fields_by_name["as_of_sequence"].number
LIMITS = NearLimits(max_entries=100, max_bytes=1_000_000, ttl_seconds=60)


def question(
    *generations: str, kind: Kind = Kind.FILING, as_of_field: int | None = AS_OF
) -> Question[object]:
    return Question("GetFiling", kind, object(), b"", generations, "", as_of_field)


def body(version: int, as_of: str) -> bytes:
    return pb.GetFilingResponse(version=version, as_of_sequence=as_of).SerializeToString()


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Open:
    """A cache that is open at 0.10."""

    clock: Clock = field(default_factory=Clock)
    near: NearCache = field(init=False)

    def __post_init__(self) -> None:
        self.near = NearCache(LIMITS, clock=self.clock)
        self.near.open("0.10")

    def keep(
        self, name: str, asked: Question[object], as_of: str = "0.10", *, stamp: int | None = None
    ) -> bool:
        known = Keepable(as_of, self.near.stamp() if stamp is None else stamp, 30, 0.0)
        return self.near.keep(("GetFiling", name.encode()), asked, body(7, as_of), known)

    def is_open(self) -> bool:
        return self.near.is_open

    def answer(self, name: str, min_sequence: str = "") -> pb.GetFilingResponse | None:
        entry = self.near.find(("GetFiling", name.encode()), min_sequence)
        return None if entry is None else pb.GetFilingResponse.FromString(entry.body)


@pytest.fixture
def cache() -> Open:
    return Open()


def test_the_part_of_another_store_in_a_token_keeps_nobody_from_an_answer(cache: Open) -> None:
    assert cache.keep("a", question("g:a"), "0.11")
    assert cache.answer("a", "0.11,5.7") is not None
    assert cache.answer("a", "0.12,5.7") is None
    with pytest.raises(TenkayError, match="another store"):
        cache.answer("a", "5.7")


def test_an_answer_names_the_newest_state_it_is_known_to_be_true_at(cache: Open) -> None:
    assert cache.keep("a", question("g:a"), "0.11")
    first = cache.answer("a")
    assert first is not None
    assert (first.version, first.as_of_sequence) == (7, "0.11")
    cache.near.apply({"g:b": "0.12"}, "0.15")
    later = cache.answer("a", "0.15")
    assert later is not None
    assert later.as_of_sequence == "0.15"
    entry = cache.near.find(("GetFiling", b"a"), "")
    assert entry is not None
    assert (
        len(entry.body) == len(body(7, "0.11")) + len("0.15") + 2
    )  # each new state takes the place of the one before


def test_a_page_keeps_the_state_of_its_first_page_and_is_held_against_newer_ones_all_the_same(
    cache: Open,
) -> None:
    assert cache.keep("page", question("g:a", as_of_field=None))
    cache.near.apply({}, "0.15")
    page = cache.answer("page", "0.15")
    assert page is not None
    assert page.as_of_sequence == "0.10"


def test_a_caller_that_has_seen_more_is_not_answered(cache: Open) -> None:
    assert cache.keep("a", question("g:a"))
    assert cache.answer("a", "0.11") is None
    assert cache.answer("a", "0.10") is not None
    with pytest.raises(InvalidArgument):
        cache.answer("a", "yesterday")


def test_a_change_drops_what_hangs_on_it_and_was_read_before_it(cache: Open) -> None:
    for name, generation, as_of in (("a", "g:a", "0.10"), ("b", "g:b", "0.10"), ("new", "g:a", "0.12")):
        assert cache.keep(name, question(generation), as_of)
    cache.near.apply({"g:a": "0.11"}, "0.11")
    assert [cache.answer(name) is not None for name in ("a", "b", "new")] == [False, True, True]


def test_a_fill_that_was_read_before_a_change_is_refused(cache: Open) -> None:
    cache.near.apply({"g:a": "0.12"}, "0.12")
    assert not cache.keep("a", question("g:a"), "0.11")
    assert cache.keep("a", question("g:a"), "0.12")
    assert cache.keep("b", question("g:b"), "0.10")
    assert not cache.keep(
        "old", question("g:b"), "0.9"
    )  # what changed before it was opened is not known by name


def test_a_fill_looked_up_before_redis_told_of_a_change_is_refused(cache: Open) -> None:
    stamp = cache.near.stamp()
    cache.near.invalidate(["g:a"])
    assert not cache.keep("a", question("g:a"), stamp=stamp)
    assert cache.keep("b", question("g:b"), stamp=stamp)
    assert cache.keep("a", question("g:a"))
    cache.near.invalidate(["g:a"])
    assert cache.answer("a") is None


def test_what_is_void_by_kind_is_dropped_and_refused(cache: Open) -> None:
    stamp = cache.near.stamp()
    cache.keep("filing", question("g:a"))
    cache.keep("signals", question("g:a", kind=Kind.SIGNALS))
    cache.near.invalidate([redis_keys.kind_epoch(Kind.SIGNALS)])
    assert cache.answer("filing") is not None
    assert cache.answer("signals") is None
    assert not cache.keep("signals", question("g:a", kind=Kind.SIGNALS), stamp=stamp)


def test_changes_forgotten_by_name_refuse_too_much_and_never_too_little(
    cache: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenkay_query.cache.near_cache.REMEMBERED_NAMES", 3)
    cache = Open()
    stamp = cache.near.stamp()
    for number in range(11, 16):
        cache.near.apply({f"g:{number}": f"0.{number}"}, f"0.{number}")
        cache.near.invalidate([f"g:{number}"])
    now = cache.near.stamp()
    assert not cache.keep("forgotten", question("g:11"), "0.10", stamp=now)
    assert not cache.keep("never changed", question("g:never"), "0.10", stamp=now)
    assert not cache.keep("never changed", question("g:never"), "0.15", stamp=stamp)
    assert cache.keep("never changed", question("g:never"), "0.15", stamp=now)


def test_an_answer_ends_with_its_time_and_with_the_backstop(cache: Open) -> None:
    cache.keep("a", question("g:a"))
    cache.clock.now = 29.9
    assert cache.answer("a") is not None
    cache.clock.now = 30.0
    assert cache.answer("a") is None
    known = Keepable("0.10", cache.near.stamp(), 10_000, 0.0)
    assert cache.near.keep(("GetFiling", b"a"), question("g:a"), body(7, "0.10"), known)
    cache.clock.now += LIMITS.ttl_seconds
    assert cache.answer("a") is None
    assert not cache.near.keep(
        ("GetFiling", b"a"), question("g:a"), body(7, "0.10"), Keepable("0.10", 10**9, 0, 0.0)
    )


def test_the_bounds_hold_and_the_indexes_with_them(cache: Open) -> None:
    for number in range(1000):
        cache.keep(f"{number}", question(f"g:{number}", "g:all"))
        assert len(cache.near) <= 100
    assert cache.near.size_bytes <= LIMITS.max_bytes
    cache.near.invalidate(["g:all"])
    assert (len(cache.near), cache.near.size_bytes, cache.near._by_name) == (0, 0, {})


def test_a_closed_cache_gives_and_takes_nothing(cache: Open) -> None:
    cache.keep("a", question("g:a"))
    stamp = cache.near.stamp()
    cache.near.close()
    assert not cache.keep("a", question("g:a"))
    closed = cache.near.stamp()
    cache.near.open("0.10")
    assert cache.answer("a") is None
    for old in (stamp, closed):  # looked up in another life
        assert not cache.keep("a", question("g:a"), stamp=old)
    assert cache.keep("a", question("g:a"))


@pytest.fixture
def coherence(cache: Open) -> Coherence:
    cache.near.close()
    coherence = Coherence(cache.near, grace_seconds=1)
    coherence.starts("0.5")
    coherence.tracked(True)
    assert not cache.is_open()
    coherence.applies({}, "0.6")
    assert cache.is_open()
    return coherence


def test_without_tracking_nothing_is_kept(cache: Open, coherence: Coherence) -> None:
    cache.keep("a", question("g:a"))
    coherence.tracked(False)
    assert not cache.is_open()
    coherence.tracked(True)
    assert cache.is_open()
    assert cache.answer("a") is None


def test_a_follower_that_skips_changes_begins_a_new_life(cache: Open, coherence: Coherence) -> None:
    cache.keep("a", question("g:a"))
    coherence.starts("0.6")
    assert cache.answer("a") is not None
    coherence.starts("0.8")
    assert not cache.is_open()
    coherence.applies({}, "0.9")
    assert cache.is_open()
    assert cache.answer("a") is None


@pytest.mark.parametrize("names", [None, ["g:other", redis_keys.EPOCH]])
def test_an_emptied_redis_and_a_new_epoch_empty_the_cache(
    names: list[str] | None, cache: Open, coherence: Coherence
) -> None:
    cache.keep("a", question("g:a"))
    stamp = cache.near.stamp()
    coherence.changed(names)
    assert cache.is_open()
    assert cache.answer("a") is None
    assert not cache.keep("a", question("g:a"), stamp=stamp)


GENERATIONS = ("g:a", "g:b")


@dataclass
class Look:
    """A look-up on its way: what Redis said, and what the store said if it was asked."""

    name: str
    stamp: int
    generation: int | None
    position: int
    """-1: not known."""
    entry: tuple[int, int] | None
    """State and version, of a valid entry."""
    answer: tuple[int, int] | None = None


class Interleavings(RuleBasedStateMachine):
    """A store, a Redis, another pod, and this process, in any order of events; messages are late."""

    def __init__(self) -> None:
        super().__init__()
        self.near = NearCache(LIMITS)
        self.coherence = Coherence(self.near, grace_seconds=1)
        self.log: list[str] = []  # the generation that commit number (index + 1) touched
        self.applied = 0
        self.generations: dict[str, int] = {}
        self.position = 0
        self.entries: dict[str, tuple[int | None, int, int]] = {}  # generation, state, version
        self.messages: list[list[str] | None] = []
        self.is_tracked = True
        self.looks: list[Look] = []
        self.coherence.starts("0.0")
        self.coherence.tracked(True)
        self.coherence.applies({}, "0.0")

    def version(self, name: str, state: int) -> int:
        return max((n for n, touched in enumerate(self.log[:state], 1) if touched == name), default=0)

    def tell(self, names: list[str] | None) -> None:
        if self.is_tracked:
            self.messages.append(names)

    def raise_in_redis(self, changes: Iterable[int]) -> None:
        for number in changes:
            name = self.log[number - 1]
            if self.generations.get(name, -1) < number:
                self.generations[name] = number
                self.tell([name])
            self.position = max(self.position, number)

    @rule(name=st.sampled_from(GENERATIONS))
    def commit(self, name: str) -> None:
        self.log.append(name)

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        upto = data.draw(st.integers(self.applied, len(self.log)))
        raised = {self.log[n - 1]: f"0.{n}" for n in range(self.applied + 1, upto + 1)}
        self.coherence.applies(raised, f"0.{upto}")
        self.applied = upto

    @rule()
    def tell_redis(self) -> None:
        if self.position >= 0:
            self.raise_in_redis(range(1, self.applied + 1))

    @rule(data=st.data())
    def another_pod_tells_redis(self, data: st.DataObject) -> None:
        if self.position >= 0:
            upto = data.draw(st.integers(0, len(self.log)))
            self.raise_in_redis(range(1, upto + 1))

    @rule(name=st.sampled_from(GENERATIONS))
    def redis_evicts(self, name: str) -> None:
        if self.generations.pop(name, None) is not None:
            self.tell([name])

    @rule()
    def redis_is_flushed_and_told_again(self) -> None:
        self.generations.clear()
        self.entries.clear()
        self.tell(None)
        self.position = self.applied

    @precondition(lambda self: self.messages)
    @rule()
    def hear(self) -> None:
        self.coherence.changed(self.messages.pop(0))

    @precondition(lambda self: self.is_tracked)
    @rule()
    def lose_tracking(self) -> None:
        self.is_tracked = False
        self.messages.clear()
        self.coherence.tracked(False)

    @precondition(lambda self: not self.is_tracked)
    @rule()
    def track_again(self) -> None:
        self.is_tracked = True
        self.coherence.tracked(True)

    @rule(name=st.sampled_from(GENERATIONS))
    def look(self, name: str) -> None:
        generation, entry = self.generations.get(name), self.entries.get(name)
        valid = None
        if generation is not None and entry is not None and entry[0] == generation:
            valid = (max(entry[1], self.position), entry[2])
        self.looks.append(Look(name, self.near.stamp(), generation, self.position, valid))

    @precondition(lambda self: self.looks)
    @rule(data=st.data())
    def the_store_answers(self, data: st.DataObject) -> None:
        look = data.draw(st.sampled_from(self.looks))
        if look.entry is None and look.answer is None:
            state = len(self.log)
            look.answer = (state, self.version(look.name, state))

    @precondition(lambda self: self.looks)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        look = data.draw(st.sampled_from(self.looks))
        known = look.entry or look.answer
        if known is None:
            return
        self.looks.remove(look)
        state, version = known
        if look.answer is not None:
            current = self.generations.get(look.name)
            if look.generation is not None and current == look.generation:
                self.entries[look.name] = (current, state, version)
            elif look.generation is None and current is None and self.position <= state:
                self.generations[look.name] = state
                self.tell([look.name])
                self.entries[look.name] = (state, state, version)
        key: Key = ("GetFiling", look.name.encode())
        self.near.keep(
            key, question(look.name), body(version, f"0.{state}"), Keepable(f"0.{state}", look.stamp, 60, 0.0)
        )

    @invariant()
    def every_answer_is_true_at_the_state_it_names(self) -> None:
        for name in GENERATIONS:
            entry = self.near.find(("GetFiling", name.encode()), "")
            if entry is None:
                continue
            answer = pb.GetFilingResponse.FromString(entry.body)
            state = int(entry.state.partition(".")[2])
            assert state >= self.applied
            assert answer.version == self.version(name, state), f"{name} at {state}"
            assert answer.as_of_sequence == entry.state
            if self.is_tracked and not self.messages and name in self.generations:
                assert answer.version >= self.version(name, self.generations[name])


Interleavings.TestCase.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
TestInterleavings = Interleavings.TestCase
