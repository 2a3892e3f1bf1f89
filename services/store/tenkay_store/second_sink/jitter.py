"""Waits that differ, so that many that failed together do not come back together."""

from __future__ import annotations

import random


def jittered(seconds: float) -> float:
    """Between half of `seconds` and all of it."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
