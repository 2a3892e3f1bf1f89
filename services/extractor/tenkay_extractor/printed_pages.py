"""The pages of a document as printed: which stretch of its normalised text stands on page 36.

A filing that answers its form by an index ("Item 1A. Risk Factors 27-36") says where its items are in no other way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

_FEWEST = 10
"""Pages below which a number at a line's end is no page number."""
_NUMBERED = re.compile(r"\n(?P<before>[^\n]{0,40}?)(?P<page>\d{1,3})(?P<after>[^\w\n]{0,3})(?=\n|\Z)")


def printed_pages(text: str) -> Mapping[int, tuple[int, int]]:
    """(start, end) in the text by page number; empty when the pages cannot be told.

    The numbers stand at the foot of the pages, each in a line that says the same but for the number.
    """
    lines: dict[str, list[tuple[int, int, int]]] = {}
    wordings: Counter[str] = Counter()
    for match in _NUMBERED.finditer(text):
        wording = f"{match['before'].strip()} # {match['after'].strip()}"
        wordings[wording] += 1
        lines.setdefault(wording, []).append((int(match["page"]), match.start() + 1, match.end()))
    best: dict[int, tuple[int, int]] = {}
    for wording, count in wordings.most_common(_MOST_WORDINGS):
        if count < _FEWEST:
            break
        pages = {
            page: (foot, start)
            for (before, _, foot), (page, start, _) in pairwise(_rising(lines[wording]))
            if page == before + 1
        }
        if len(pages) >= max(_FEWEST - 1, len(best) + 1):
            best = pages
    return best


_MOST_WORDINGS = 5


def _rising(feet: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The longest run of feet whose numbers rise."""
    ends: list[int] = []  # the smallest last number of a run of each length
    last: list[int] = []
    before: list[int] = []
    for index, (page, _, _) in enumerate(feet[:_MOST_FEET]):
        length = bisect_right(ends, page - 1)
        if length == len(ends):
            ends.append(page)
            last.append(index)
        elif page < ends[length]:
            ends[length] = page
            last[length] = index
        before.append(last[length - 1] if length else -1)
    run: list[tuple[int, int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        run.append(feet[at])
        at = before[at]
    return run[::-1]


_MOST_FEET = 20_000
