"""Places at the store, shared between classes of work by weight.

Each class has a pass: the time its work has held places, divided by its weight. Of the classes that wait and may hold
one more place, the one with the smallest pass is next; within a class it is first come, first served. So over time
classes that always have something waiting get the store in the proportion of their weights, whatever one question of
each takes, and none is left out (stride scheduling: Waldspurger and Weihl, 1995). A class that begins to wait starts
near the pass of those that wait already: what it did not use meanwhile it has not saved up, and what it used while
nobody else wanted it is forgiven but for `MOST_DEBT_SECONDS`.

Weights alone do not help a read when all places are held by exports that last minutes; hence each class may hold a part
of the places only, and some are kept for reads.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenkay_query.admission.service_time import ServiceTime
from tenkay_query.admission.work_class import KEPT_FOR_READS, SHARES, Share, WorkClass

MOST_DEBT_SECONDS = 1.0
"""Of time divided by weight."""
MOST_CHARGED_SECONDS = 5.0
"""What holds its place longer counts as this long: a class whose work takes minutes is kept in bounds by the part of
the places it may hold, and would otherwise wait for minutes before its next turn."""


class TicketState(StrEnum):
    """Where a question is."""

    WAITING = "waiting"
    HOLDING = "holding"
    GONE = "gone"


@dataclass(slots=True, eq=False)
class Ticket:
    """A question that wants a place. Compared by identity."""

    work: WorkClass
    state: TicketState
    since: float
    """When it came to wait, then when it got its place."""
    charged: float = 0.0
    """What was added to its class's pass beforehand, in seconds."""


class _Lane:
    """One class: who waits and what it may hold."""

    def __init__(self, share: Share, places: int, queue: int) -> None:
        self.weight = share.weight
        self.most_holding = max(1, int(places * share.of_places))
        self.most_waiting = int(queue * share.of_queue)
        self.waiting: OrderedDict[Ticket, None] = OrderedDict()
        self.holding = 0
        self.passed = 0.0
        self.service = ServiceTime()

    @property
    def is_busy(self) -> bool:
        return self.holding > 0 or bool(self.waiting)


class FairPlaces:
    """See the module. Nothing here waits: `now` is in seconds, of any clock that does not go back."""

    def __init__(self, places: int, queue: int, shares: Mapping[WorkClass, Share] = SHARES) -> None:
        """So many hold a place at once; `queue` is how many wait at most, each class its part of it."""
        if places < 1:
            raise ValueError("there is no place at all")
        self.places = places
        self._lanes = {work: _Lane(share, places, queue) for work, share in shares.items()}
        self._holding = 0
        kept = max(1, int(places * KEPT_FOR_READS)) if places > 1 else 0
        self._most_others = places - kept

    def holding(self, work: WorkClass) -> int:
        """How many of the class hold a place."""
        return self._lanes[work].holding

    def waiting(self, work: WorkClass) -> int:
        """How many of the class wait."""
        return len(self._lanes[work].waiting)

    def service_seconds(self, work: WorkClass) -> float | None:
        """How long the class holds a place lately, on average. None: none was served yet."""
        return self._lanes[work].service.mean

    def arrive(self, work: WorkClass, now: float) -> Ticket | None:
        """A question comes; the ticket says whether it holds a place. None: too many of its class wait already."""
        lane = self._lanes[work]
        ticket = Ticket(work, TicketState.WAITING, now)
        # Those who wait although there is room are of classes that hold all they may.
        if not lane.waiting and self._may_hold(work):
            self._grant(ticket, now)
            return ticket
        if len(lane.waiting) >= lane.most_waiting:
            return None
        if not lane.waiting:
            self._join(lane)
        lane.waiting[ticket] = None
        return ticket

    def leave(self, ticket: Ticket, now: float) -> list[Ticket]:
        """A question is served, or has given up waiting; those who hold a place now because of it."""
        lane = self._lanes[ticket.work]
        if ticket.state is TicketState.HOLDING:
            seconds = max(0.0, now - ticket.since)
            lane.service.observe(seconds)
            lane.passed += (min(seconds, MOST_CHARGED_SECONDS) - ticket.charged) / lane.weight
            lane.holding -= 1
            self._holding -= 1
        elif ticket.state is TicketState.WAITING:
            del lane.waiting[ticket]
        ticket.state = TicketState.GONE
        return self._grant_next(now)

    def expected_seconds(self, work: WorkClass) -> float | None:
        """How long a question of the class that comes now will take, waiting and being served. None: not known.

        Not known is also what a class takes that nobody is served of: then the next one finds it out. So an estimate
        that has become wrong does not keep everybody away for ever.
        """
        lane = self._lanes[work]
        mean = lane.service.mean
        if mean is None or not lane.is_busy:
            return None
        return self.expected_wait_seconds(work) + mean

    def expected_wait_seconds(self, work: WorkClass) -> float:
        """How long a question of the class that comes now will wait; 0 where nothing is known."""
        lane = self._lanes[work]
        if not lane.waiting and self._may_hold(work):
            return 0.0
        wanted = sum(each.weight for each in self._lanes.values() if each is lane or each.waiting)
        at_once = max(1.0, min(lane.most_holding, self.places * lane.weight / wanted))
        return (lane.service.mean or 0.0) * (len(lane.waiting) + 1) / at_once

    def _may_hold(self, work: WorkClass) -> bool:
        lane = self._lanes[work]
        if self._holding >= self.places or lane.holding >= lane.most_holding:
            return False
        if work is WorkClass.READ:
            return True
        return self._holding - self._lanes[WorkClass.READ].holding < self._most_others

    def _join(self, lane: _Lane) -> None:
        """The lane begins to wait; where it stands beside those that do."""
        others = [each.passed for each in self._lanes.values() if each.waiting]
        if others:
            lane.passed = min(max(lane.passed, min(others)), min(others) + MOST_DEBT_SECONDS)

    def _grant_next(self, now: float) -> list[Ticket]:
        granted: list[Ticket] = []
        while True:
            ready = [lane for work, lane in self._lanes.items() if lane.waiting and self._may_hold(work)]
            if not ready:
                return granted
            ticket, _ = min(ready, key=lambda lane: lane.passed).waiting.popitem(last=False)
            self._grant(ticket, now)
            granted.append(ticket)

    def _grant(self, ticket: Ticket, now: float) -> None:
        lane = self._lanes[ticket.work]
        ticket.state, ticket.since = TicketState.HOLDING, now
        # Charged beforehand with what it will probably take: else a class with a long queue of long work would get
        # place after place until its first one is done.
        ticket.charged = min(lane.service.mean or 0.0, MOST_CHARGED_SECONDS)
        lane.passed += ticket.charged / lane.weight
        lane.holding += 1
        self._holding += 1
