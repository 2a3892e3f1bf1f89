"""A breaker: after several failures in a row nobody asks any more until a probe in the background has succeeded.

No caller pays for finding out whether Redis is back.
"""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Counts failures in a row; open from `threshold` of them on. For one event loop."""

    def __init__(self, threshold: int, changed: Callable[[bool], None] = lambda _is_open: None) -> None:
        self._threshold = threshold
        self._changed = changed
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """True while nobody should ask."""
        return self._failures >= self._threshold

    def failed(self) -> None:
        """An attempt failed."""
        self._failures += 1
        if self._failures == self._threshold:
            self._changed(True)

    def succeeded(self) -> None:
        """An attempt, or a probe, succeeded."""
        was_open = self.is_open
        self._failures = 0
        if was_open:
            self._changed(False)
