"""What the keys in Redis hold, read with suspicion: a value that query cannot have written counts as missing.

Somebody else's program, a restore of another instance or a slip at a console may put anything there. Missing is what
every reader can deal with already: the store is asked, and the next write makes the key whole. `redis_scripts` judges
by the same rules.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

from tenkay import sequences
from tenkay.errors import TenkayError
from tenkay.sequences import MAX_TOKEN_CHARACTERS
from tenkay_query import metrics
from tenkay_query.cache.envelope import EPOCH_BYTES

PRESENT = b"1"
"""The value of a note that only is there or is not."""
_MILLISECONDS = re.compile(rb"[0-9]{1,15}")
_MARKED = re.compile(r"([0-9.,]*)(?:![0-9a-f]{16})?", re.ASCII)
_MARK_CHARACTERS = len("!") + 16
Value = TypeVar("Value")

_REMEMBERED = 4096
"""The same few values are read over and over. None is remembered that is longer than what query writes."""


def token(held: bytes | None, key: str) -> bytes | None:
    """A random token, as epochs are. `key` is the name that damage is counted under, here and below."""
    return _sound(held, held if held is not None and len(held) == EPOCH_BYTES else None, key)


def sequence(held: bytes | None, key: str) -> str | None:
    """A sequence."""
    if held is None or len(held) > MAX_TOKEN_CHARACTERS:
        return _sound(held, None, key)
    return _sound(held, _sequence(held), key)


def milliseconds(held: bytes | None, key: str) -> int | None:
    """A moment, in milliseconds since 1970."""
    return _sound(held, int(held) if held is not None and _MILLISECONDS.fullmatch(held) else None, key)


def is_present(held: bytes | None, key: str) -> bool:
    """Whether a note is there."""
    return _sound(held, True if held == PRESENT else None, key) is not None


def generation(held: bytes | None, epoch: bytes | None, key: str) -> str | None:
    """The sequence, with a mark if it was made void by hand, behind the epoch. Of another epoch it counts as missing,
    which is no damage."""
    if held is None or epoch is None or (len(held) > EPOCH_BYTES and not held.startswith(epoch)):
        return None
    if len(held) > EPOCH_BYTES + MAX_TOKEN_CHARACTERS + _MARK_CHARACTERS:
        return _sound(held, None, key)
    return _sound(held, _generation(held[EPOCH_BYTES:]), key)


def _sound(held: bytes | None, read: Value | None, key: str) -> Value | None:
    """`read`, which is None where the value is missing or is damaged, which is counted."""
    if read is None and held is not None:
        metrics.REDIS_DAMAGED.labels(key).inc()
    return read


@lru_cache(_REMEMBERED)
def _sequence(held: bytes) -> str | None:
    try:
        text = held.decode("ascii")
        return text if sequences.parse(text) else None
    except (UnicodeDecodeError, TenkayError):
        return None


@lru_cache(_REMEMBERED)
def _generation(held: bytes) -> str | None:
    text = held.decode("latin-1")
    found = _MARKED.fullmatch(text)
    if not text or found is None or (found[1] and _sequence(found[1].encode("ascii")) is None):
        return None
    return text
