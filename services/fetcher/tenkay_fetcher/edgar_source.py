"""What the fetcher asks of EDGAR, whoever does the asking (`edgar_http.py` does)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from tenkay.errors import Reason, failure
from tenkay_fetcher.deadline import Deadline


class Outcome(Enum):
    """How EDGAR answered."""

    FOUND = auto()
    """The bytes went to the sink."""
    MISSING = auto()
    """There is no such thing (yet): 404, or 403 AccessDenied for a path that does not exist."""
    UNCHANGED = auto()
    """304: what the caller holds is current."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not an error."""

    outcome: Outcome
    last_modified: datetime | None = None
    """As EDGAR states it; absent when it does not."""


class Sink(Protocol):
    """Where the bytes of an answer go."""

    def restart(self) -> None:
        """Forgets what was written: the transfer starts over."""

    def write(self, data: bytes) -> None:
        """Takes the next bytes. Raises what the caller shall see when it takes no more."""


class EdgarSource(Protocol):
    """Reads from EDGAR within its request limit."""

    async def fetch(
        self, url: str, sink: Sink, *, deadline: Deadline, if_modified_since: datetime | None = None
    ) -> Answer:
        """Transfers what `url` names into `sink`, unpacked.

        Raises EDGAR_RATE_LIMITED, EDGAR_UNAVAILABLE or DEADLINE_EXCEEDED, and what the sink raises.
        """
        ...


class MemorySink:
    """Keeps an answer in memory, up to a bound."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._buffer = bytearray()

    def restart(self) -> None:
        self._buffer.clear()

    def write(self, data: bytes) -> None:
        if len(self._buffer) + len(data) > self._limit:
            raise unreadable(f"its answer is larger than {self._limit:,} bytes")
        self._buffer += data

    def content(self) -> bytes:
        """What was written."""
        return bytes(self._buffer)


def unreadable(problem: str) -> Exception:
    """The error for an answer of EDGAR that is not what its address promises. `problem` follows "EDGAR: "."""
    return failure(
        Reason.EDGAR_UNAVAILABLE,
        f"EDGAR answered with something unexpected: {problem}. Try again later.",
        retry_after=60.0,
    )
