"""The classes of work that share the places at the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class WorkClass(StrEnum):
    """What a question to the store is, for those who wait beside it."""

    READ = "read"
    """One filing, one company, a page of a list: milliseconds."""
    EXPENSIVE = "expensive"
    """Screens and aggregates: the store works for them."""
    EXPORT = "export"
    """Streams of many rows: they take as long as their reader does."""
    WARMING = "warming"
    """Nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a class gets of the places."""

    weight: float
    """Its part of the time at the store, beside the weights of the others that want some."""
    of_places: float
    """The part of the places that it may hold at once; one at least."""
    of_queue: float
    """The part of the queue's bound that it may fill."""


SHARES: Mapping[WorkClass, Share] = {
    WorkClass.READ: Share(weight=8, of_places=1, of_queue=1),
    WorkClass.EXPENSIVE: Share(weight=4, of_places=0.75, of_queue=0.5),
    WorkClass.EXPORT: Share(weight=2, of_places=0.25, of_queue=0.1),
    WorkClass.WARMING: Share(weight=1, of_places=0.125, of_queue=0.1),
}
KEPT_FOR_READS = 0.125
"""The part of the places that only reads may take, however long the others hold theirs; one at least, if there are
two."""
