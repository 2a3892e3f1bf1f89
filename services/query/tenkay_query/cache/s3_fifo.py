"""A bounded map that keeps what is asked for again: S3-FIFO.

After Yang and others, "FIFO queues are all you need for cache eviction" (SOSP 2023): what is new waits in a small queue
and is dropped from it unless it is asked for twice meanwhile, so that a scan over many things pushes out none of
those in use; what was dropped lately is remembered by its hash, and goes to the main queue at once when it comes
again. Asking moves nothing, it only counts, which is what makes it cheap.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

SMALL_SHARE = 0.1
"""Of the whole, what the small queue may hold before it is emptied first."""
LARGEST_SHARE = 0.05
"""Of the bytes, what one value may have: a few large ones must not push out the rest."""
MAX_USES = 3


class _Slot(Generic[Value]):
    __slots__ = ("size", "uses", "value")

    def __init__(self, value: Value, size: int) -> None:
        self.value = value
        self.size = size
        self.uses = 0


class S3Fifo(Generic[Key, Value]):
    """At most `max_entries` values of at most `max_bytes` together."""

    def __init__(
        self, max_entries: int, max_bytes: int, dropped: Callable[[Key, Value], None] = lambda _k, _v: None
    ) -> None:
        """`dropped` is told of each value that is pushed out; not of those removed, replaced or cleared."""
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._dropped = dropped
        self._small: OrderedDict[Key, _Slot[Value]] = OrderedDict()
        self._main: OrderedDict[Key, _Slot[Value]] = OrderedDict()
        self._ghosts: OrderedDict[int, None] = OrderedDict()
        self._small_bytes = self._main_bytes = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._main)

    @property
    def size_bytes(self) -> int:
        """The sizes of all values together."""
        return self._small_bytes + self._main_bytes

    def get(self, key: Key) -> Value | None:
        """The value, counted as asked for."""
        slot = self._main.get(key) or self._small.get(key)
        if slot is None:
            return None
        if slot.uses < MAX_USES:
            slot.uses += 1
        return slot.value

    def peek(self, key: Key) -> Value | None:
        """The value, without counting."""
        slot = self._main.get(key) or self._small.get(key)
        return None if slot is None else slot.value

    def put(self, key: Key, value: Value, size: int) -> bool:
        """Holds `value`, of `size` bytes, in place of what `key` had. False when it is too large to be held."""
        self.remove(key)
        if size > self._max_bytes * LARGEST_SHARE:
            return False
        slot = _Slot(value, size)
        if hash(key) in self._ghosts:
            del self._ghosts[hash(key)]
            self._into_main(key, slot)
        else:
            self._small[key] = slot
            self._small_bytes += size
        while len(self) > self._max_entries or self.size_bytes > self._max_bytes:
            self._drop_one()
        return True

    def remove(self, key: Key) -> Value | None:
        """Forgets `key`; the value it had."""
        if (slot := self._small.pop(key, None)) is not None:
            self._small_bytes -= slot.size
            return slot.value
        if (slot := self._main.pop(key, None)) is not None:
            self._main_bytes -= slot.size
            return slot.value
        return None

    def clear(self) -> None:
        """Forgets everything."""
        for queue in (self._small, self._main, self._ghosts):
            queue.clear()
        self._small_bytes = self._main_bytes = 0

    def _into_main(self, key: Key, slot: _Slot[Value]) -> None:
        slot.uses = 0
        self._main[key] = slot
        self._main_bytes += slot.size

    def _drop_one(self) -> None:
        """Makes progress towards the bounds: drops one value, or moves one on."""
        small_is_full = (
            len(self._small) > self._max_entries * SMALL_SHARE
            or self._small_bytes > self._max_bytes * SMALL_SHARE
        )
        if self._small and (small_is_full or not self._main):
            key, slot = self._small.popitem(last=False)
            self._small_bytes -= slot.size
            if slot.uses > 1:
                self._into_main(key, slot)
                return
            self._ghosts[hash(key)] = None
            if len(self._ghosts) > self._max_entries:
                self._ghosts.popitem(last=False)
        else:
            key, slot = self._main.popitem(last=False)
            if slot.uses > 0:
                slot.uses -= 1
                self._main[key] = slot
                return
            self._main_bytes -= slot.size
        self._dropped(key, slot.value)
