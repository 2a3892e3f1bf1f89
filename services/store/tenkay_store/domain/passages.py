"""Which parts of a text are read for several passages of it: near ones together, so that no block is read twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEAR_CHARACTERS = 32 * 1024
"""Passages that are not further apart are read in one go: half a block."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, in code points, and which passages lie in it, by their places among those asked for."""

    start: int
    end: int
    passages: tuple[int, ...]


def spans(ranges: Sequence[tuple[int, int]], length: int) -> Iterator[Span]:
    """The parts to read of a text of `length` code points for these (start, end); those that begin beyond it have none.

    An end beyond the text's is taken as that. Parts do not overlap, and come in the text's order.
    """
    within = sorted(
        (start, min(end, length), place) for place, (start, end) in enumerate(ranges) if start <= length
    )
    span: Span | None = None
    for start, end, place in within:
        if span is not None and start <= span.end + NEAR_CHARACTERS:
            span = Span(span.start, max(span.end, end), (*span.passages, place))
            continue
        if span is not None:
            yield span
        span = Span(start, end, (place,))
    if span is not None:
        yield span
