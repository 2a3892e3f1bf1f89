"""How often one call may ask the store: the number is fixed, whatever the request holds.

A call that would ask more often is a fault of this service (a question for each of many filings where one would do) and
fails as one.
"""

from __future__ import annotations

from contextvars import ContextVar

USUAL_STORE_CALLS = 3
"""Of any read at most: GetEvidence asks for a signal, then for the signal and its passages. Most ask once."""
STORE_CALLS = 2 * USUAL_STORE_CALLS
"""The same when each is asked once more, of a store that was set back to an older state (`cache.answers`)."""


class StoreBudgetSpent(RuntimeError):
    """The call has asked the store as often as it may."""


class StoreBudget:
    """What one call has left."""

    __slots__ = ("most", "spent")

    def __init__(self, most: int = STORE_CALLS) -> None:
        self.most = most
        self.spent = 0

    def spend(self) -> None:
        """Before each question to the store. StoreBudgetSpent when there is none left."""
        if self.spent >= self.most:
            raise StoreBudgetSpent(f"this call has asked the store {self.spent} times, which is all it may")
        self.spent += 1


CURRENT_BUDGET: ContextVar[StoreBudget | None] = ContextVar("tenkay_query_store_budget", default=None)
"""Of the call being served. None outside of one."""
