"""How long a class of work takes now: an exponentially weighted mean."""

from __future__ import annotations

NEWEST_WEIGHT = 0.1
"""What the newest observation counts; the last ten or so make the mean."""


class ServiceTime:
    """Seconds."""

    __slots__ = ("mean",)

    def __init__(self) -> None:
        self.mean: float | None = None
        """None: nothing was observed yet."""

    def observe(self, seconds: float) -> None:
        """One more was served."""
        self.mean = seconds if self.mean is None else self.mean + NEWEST_WEIGHT * (seconds - self.mean)
