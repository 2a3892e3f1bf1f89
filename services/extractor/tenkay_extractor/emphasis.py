"""Runs of bold, italic or underlined type in a document's HTML, by element or by style."""

from __future__ import annotations

import re
from functools import lru_cache

import hyperscan

LONGEST_RUN = 400
"""Bytes of a run that are kept."""

_STARTS = (
    rb"<(?:b|strong|i|em|u)[\s>]",
    rb"""[\s;"'](?:font-weight:\s*(?:bold|[6-9]00)|font-style:\s*italic|text-decoration:\s*underline)""",
)
"""An element's name, with the character behind it; a style, up to its value."""
_RUN = re.compile(rb"[^<>]{0,600}>\s*(?:<[^<>]{0,800}>\s*){0,4}([^<]{12,})")
"""What follows: the rest of the tag, up to four more tags, and words."""


def emphasised_runs(content: bytes) -> frozenset[bytes]:
    """The words of each run, with their character references, cut to LONGEST_RUN; runs under twelve bytes left out."""
    # One pass finds where runs start: expressions over the whole document would take several times its parse.
    found: set[bytes] = set()

    def take(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        run = _RUN.match(content, end - 1 if number == 0 else end)
        if run is not None:
            start = run.start(1)
            found.add(content[start : min(run.end(1), start + LONGEST_RUN)])

    _database().scan(content, match_event_handler=take)
    return frozenset(found)


@lru_cache(maxsize=1)
def _database() -> hyperscan.Database:
    database = hyperscan.Database()
    count = len(_STARTS)
    database.compile(
        expressions=list(_STARTS),
        ids=list(range(count)),
        elements=count,
        flags=[hyperscan.HS_FLAG_CASELESS] * count,
    )
    database.scratch = hyperscan.Scratch(database)
    return database
