"""Answers kept in this process, in front of Redis: what is asked most never leaves it.

Why an answer from here is never staler than one from Redis:

An entry is filled with a *state* T, a sequence at which its answer is known to be true, and with a *stamp*, taken
before the look-up into Redis that led to it. Two sources say what changes, and every change is heard of from both:

1. This process's own follower of the store's change feed calls `apply` with each batch before it tells Redis of it. So
   all changes up to `position` have been applied here, in order. A change c of a generation drops the entries that hang
   on it unless their T covers c. A fill with a T that does not cover the last change applied to one of its
   generations is refused. Hence an entry that is here has had no change between T and `position`, and is true at the
   merge of both: that is the as_of_sequence it is answered with, and what min_sequence is held against.
2. Redis says which generations any process has raised (`tracking`): `invalidate`. That is how a pod whose own follower
   lags hears of what others have heard. Each such message is a tick; a fill whose stamp is older than the last tick
   of one of its generations is refused, since its look-up may have been sent before the change. A message that is
   processed after the fill drops the entry. So an entry outlives a change only while its message is on its way.

Only the last changes and ticks are remembered by name. Of the forgotten ones the newest is taken for every generation
that is not remembered: a fill may be refused without need, never accepted wrongly.

When either source is lost the cache is closed and emptied (`coherence` decides), and a new life begins when both are
there again: fills stamped in another life are refused. Answers over many companies hang on no sequence: they stay for
the time they may be old, and are emptied with the rest.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenkay import sequences
from tenkay_query.cache import answer_bytes, redis_keys
from tenkay_query.cache.generations import covers, followed_part, merged
from tenkay_query.cache.s3_fifo import S3Fifo
from tenkay_query.question import Keepable, Kind, Question

Key = tuple[str, bytes]
"""Method, and the request's bytes without min_sequence."""

ENTRY_BYTES = 700
"""What an entry takes besides its request and its answer: objects, and places in the indexes."""
MAX_REQUEST_BYTES = 4096
"""Larger requests are not worth a place here: they do not come twice."""
REMEMBERED_NAMES = 50_000
"""Generations of which the last change is known by name."""

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True)
class NearLimits:
    """How much is kept, and how long."""

    max_entries: int
    max_bytes: int
    ttl_seconds: float
    """The backstop: nothing stays longer, whatever was missed."""


class HitCount:
    """Hits of one kind of answers, and how many bytes they had."""

    __slots__ = ("bytes", "hits")

    def __init__(self) -> None:
        self.hits = 0
        self.bytes = 0


class NearEntry:
    """An answer."""

    __slots__ = (
        "as_of_field",
        "base_bytes",
        "body",
        "count",
        "expires_at",
        "filled_at",
        "is_bound",
        "kind",
        "names",
        "read_at",
        "seen_at",
        "state",
    )

    def __init__(
        self,
        body: bytes,
        question: Question[object],
        names: tuple[str, ...],
        known: Keepable,
        expires_at: float,
        count: HitCount,
    ) -> None:
        self.body = body
        """With the newest as_of_sequence at its end, once `seen_at` is a position."""
        self.base_bytes = len(body)
        self.as_of_field = question.as_of_field
        self.is_bound = question.is_bound
        self.names = names
        self.kind = question.kind
        self.read_at = known.read_at
        self.filled_at = known.as_of_sequence
        self.state = known.as_of_sequence
        self.seen_at: str | None = None
        """The position that `state` and `body` were last brought up to; compared by identity."""
        self.expires_at = expires_at
        self.count = count


class NearCache:
    """See the module. For one event loop; nothing here waits."""

    def __init__(self, limits: NearLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._entries: S3Fifo[Key, NearEntry] = S3Fifo(limits.max_entries, limits.max_bytes, self._dropped)
        self._by_name: dict[str, set[Key]] = {}
        self._is_open = False
        self._position = ""
        self._tick = 0
        self._ticks: _Recent[int] = _Recent(REMEMBERED_NAMES, max, 0)
        self._changes: _Recent[str] = _Recent(REMEMBERED_NAMES, sequences.merge, "")
        self.counts = {kind: HitCount() for kind in Kind}
        self.misses = self.behind = self.evictions = self.invalidations = self.refusals = self.fills = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """What the entries take, as far as it is counted."""
        return self._entries.size_bytes

    @property
    def limit_bytes(self) -> int:
        """What they may take."""
        return self._limits.max_bytes if self._limits.max_entries > 0 else 0

    @property
    def is_open(self) -> bool:
        """Whether answers are given and taken."""
        return self._is_open

    def find(self, key: Key, min_sequence: str) -> NearEntry | None:
        """The entry, whose body is the answer. None: ask further. MALFORMED_SEQUENCE."""
        if not self._is_open:
            return None
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        if entry.seen_at is not self._position:
            self._bring_up(entry)
        if (
            min_sequence
            and min_sequence != entry.state
            and not covers(entry.state, min_sequence)
            and not covers(entry.state, followed_part(min_sequence, self._position))
        ):
            self.behind += 1
            return None
        if self._clock() >= entry.expires_at:
            self._remove(key)
            self.misses += 1
            return None
        entry.count.hits += 1
        entry.count.bytes += len(entry.body)
        return entry

    def holds(self, key: Key) -> bool:
        """Whether there is an answer; not counted, and not looked at as asked."""
        entry = self._entries.peek(key) if self._is_open else None
        return entry is not None and self._clock() < entry.expires_at

    def stamp(self) -> int:
        """To be taken before the look-up that may lead to a fill."""
        return self._tick

    def keep(self, key: Key, question: Question[object], body: bytes, known: Keepable) -> bool:
        """Keeps an answer, unless what it hangs on may have changed since; whether it was kept."""
        if not self._is_open or len(key[1]) > MAX_REQUEST_BYTES or known.seconds <= 0:
            return False
        names = (*question.generations, redis_keys.kind_epoch(question.kind))
        if any(self._ticks.newest(name) > known.stamp for name in names):
            self.refusals += 1
            return False
        if question.is_bound and not all(
            covers(known.as_of_sequence, self._changes.newest(name)) for name in question.generations
        ):
            self.refusals += 1
            return False
        expires_at = self._clock() + min(known.seconds, self._limits.ttl_seconds)
        entry = NearEntry(body, question, names, known, expires_at, self.counts[question.kind])
        self._remove(key)
        for name in names:
            self._by_name.setdefault(name, set()).add(key)
        if not self._entries.put(key, entry, ENTRY_BYTES + len(key[1]) + len(body)):
            self._forget(key, entry)
            return False
        self.fills += 1
        return True

    def open(self, position: str) -> None:
        """Begins a new life, in which all changes up to `position` count as applied."""
        self.close()
        if self._limits.max_entries == 0:
            return
        self._ticks.clear(self._tick)  # which refuses what was stamped in another life
        self._changes.clear(position)
        self._position = position
        self._is_open = True

    def close(self) -> None:
        """Gives and takes nothing any more, and forgets everything."""
        self._tick += 1
        self._is_open = False
        self._entries.clear()
        self._by_name.clear()

    def apply(self, raised: Mapping[str, str], position: str) -> None:
        """The changes up to `position`, from the feed: the sequence of the last one by generation."""
        if not self._is_open:
            return
        for name, sequence in raised.items():
            self._changes.note(name, sequence)
            for key in tuple(self._by_name.get(name, ())):
                entry = self._entries.peek(key)
                if entry is not None and not covers(entry.filled_at, sequence):
                    self._remove(key)
                    self.invalidations += 1
        self._position = position

    def invalidate(self, names: Iterable[str]) -> None:
        """Redis says that these have changed, been forgotten or been made void."""
        self._tick += 1
        for name in names:
            self._ticks.note(name, self._tick)
            for key in tuple(self._by_name.get(name, ())):
                self._remove(key)
                self.invalidations += 1

    def _bring_up(self, entry: NearEntry) -> None:
        entry.seen_at = self._position
        if not entry.is_bound:
            return
        state = merged(entry.filled_at, self._position)
        if state == entry.state:
            return
        entry.state = state
        if entry.as_of_field is not None:
            entry.body = answer_bytes.with_text(entry.body[: entry.base_bytes], entry.as_of_field, state)

    def _remove(self, key: Key) -> None:
        entry = self._entries.remove(key)
        if entry is not None:
            self._forget(key, entry)

    def _dropped(self, key: Key, entry: NearEntry) -> None:
        self.evictions += 1
        self._forget(key, entry)

    def _forget(self, key: Key, entry: NearEntry) -> None:
        for name in entry.names:
            keys = self._by_name[name]
            keys.discard(key)
            if not keys:
                del self._by_name[name]


class _Recent(Generic[Known]):
    """The last value of each of the names noted last, and the floor: the newest of those forgotten."""

    def __init__(self, names: int, newer: Callable[[Known, Known], Known], floor: Known) -> None:
        self._most = names
        self._newer = newer
        self._floor = floor
        self._values: OrderedDict[str, Known] = OrderedDict()

    def note(self, name: str, value: Known) -> None:
        held = self._values.get(name)
        self._values[name] = value if held is None else self._newer(held, value)
        self._values.move_to_end(name)
        if len(self._values) > self._most:
            _, forgotten = self._values.popitem(last=False)
            self._floor = self._newer(self._floor, forgotten)

    def newest(self, name: str) -> Known:
        return self._values.get(name, self._floor)

    def clear(self, floor: Known) -> None:
        self._values.clear()
        self._floor = floor
