"""Making an expensive answer anew before it ends, so that nobody waits for it and they do not all end at once.

XFetch, after Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (VLDB 2015): each
reader draws, and the nearer the end and the dearer the answer, the likelier it is the one that refreshes.
"""

from __future__ import annotations

import math

BETA = 1.0
"""Above 1 refreshes earlier. 1 is the paper's optimum."""


def lead_seconds(cost_seconds: float, drawn: float) -> float:
    """How long before its end an answer that takes `cost_seconds` is to be made anew. `drawn` is uniform in [0, 1)."""
    return cost_seconds * BETA * -math.log(1.0 - drawn)
