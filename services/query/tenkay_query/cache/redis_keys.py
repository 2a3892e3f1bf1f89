"""The names of everything in Redis.

An answer is kept under the whole SHA-256 of its canonical request, so that two requests never share an entry by
accident. Generations are named by what they count: ``g:c:{cik}`` for a company, ``g:a:{accession_number}`` for a
filing. All whose change makes answers void begin with ``g:``, which is what processes listen to. The keys of the feed
say how far the change feed has been followed and when, for all query processes together.
"""

from __future__ import annotations

import hashlib

from tenkay_query.question import Kind

PREFIX = "q:v2:"
"""To be raised when entries of older code must not be read any more; see also `envelope.SCHEMA`."""

GENERATIONS = "g:"
"""What the names of all that voids answers begin with."""

EPOCH = f"{GENERATIONS}epoch"
"""A random token. Entries and generations carry the one they were made under: another one here voids them at once."""
POSITION = f"{PREFIX}feed:position"
"""The sequence up to which all changes have been applied to the generations."""
ALIVE = f"{PREFIX}feed:alive"
"""Present while some process follows the feed; it expires soon after the last one stops."""
SEEN = f"{PREFIX}feed:seen"
"""When some process last followed the feed, in milliseconds since 1970."""

ASKED = f"{PREFIX}asked"
"""A sorted set: the questions asked most, of all processes, by how often lately."""
ASKED_AT = f"{PREFIX}asked:at"
"""The moment as of which those numbers count, in seconds since 1970."""


def entry(method: str, canonical_request: bytes) -> str:
    """The key of the answer to a request in its canonical form: without min_sequence, defaults filled in."""
    return f"{PREFIX}{method}:{hashlib.sha256(canonical_request).hexdigest()}"


def lock(entry_key: str) -> str:
    """The key of the lock under which one process asks the store for an expensive entry."""
    return f"{entry_key}:lock"


def kind_epoch(kind: Kind) -> str:
    """The key of the token that all entries of a kind carry besides the epoch."""
    return f"{GENERATIONS}k:{kind.value}"


def filing_generation(accession_number: str) -> str:
    """The key of the sequence of the last commit that touched a filing."""
    return f"{GENERATIONS}a:{accession_number}"


def company_generation(cik: int) -> str:
    """The key of the sequence of the last commit that touched a company."""
    return f"{GENERATIONS}c:{cik}"


def company_of(generation: str) -> int | None:
    """The company whose generation has this name; None when it is not a company's."""
    prefix = f"{GENERATIONS}c:"
    return int(generation.removeprefix(prefix)) if generation.startswith(prefix) else None
