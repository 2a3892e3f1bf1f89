"""How many bytes of filings the service holds at once: of one call, and of all calls together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tenkay.errors import Reason, failure

RETRY_SECONDS = 2.0
"""When a call that found no room should come back: about what a large filing takes."""


class ByteBudget:
    """The bound of all calls; each has an account of its own while it runs."""

    def __init__(self, *, one_call: int, all_calls: int) -> None:
        self._one_call = one_call
        self._all_calls = all_calls
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    @contextmanager
    def account(self) -> Iterator[ByteAccount]:
        """Gives back what the call took when the block ends."""
        account = ByteAccount(self)
        try:
            yield account
        finally:
            self._held -= account.taken

    def _take(self, taken: int, size: int) -> None:
        if taken + size > self._one_call:
            raise failure(
                Reason.SUBMISSION_TOO_LARGE,
                f"the call's filings have {taken + size:,} bytes or more, and TENKAY_EXTRACTOR_MAX_FILING_BYTES allows "
                f"{self._one_call:,}",
            )
        if self._held + size > self._all_calls:
            raise failure(
                Reason.QUEUE_FULL,
                f"the service holds {self._held:,} bytes of other filings; call again in {RETRY_SECONDS:g} s",
                retry_after=RETRY_SECONDS,
            )
        self._held += size


class ByteAccount:
    """What one call holds."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self.taken = 0

    def take(self, size: int) -> None:
        """Takes `size` bytes more, before they are read. Raises SUBMISSION_TOO_LARGE or QUEUE_FULL."""
        self._budget._take(self.taken, size)
        self.taken += size
