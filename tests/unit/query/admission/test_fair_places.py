"""Sharing the places at the store."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenkay_query.admission.fair_places import FairPlaces, Ticket, TicketState
from tenkay_query.admission.work_class import SHARES, WorkClass

CLASSES = st.sampled_from(list(WorkClass))


@given(
    st.integers(1, 12),
    st.integers(0, 40),
    st.lists(st.tuples(st.one_of(CLASSES, st.none()), st.integers(0, 1000), st.floats(0, 2)), max_size=300),
)
def test_places_and_queues_are_bounded_and_no_place_lies_idle_while_a_read_waits(
    places: int, queue: int, steps: list[tuple[WorkClass | None, int, float]]
) -> None:
    fair = FairPlaces(places, queue)
    tickets: list[Ticket] = []
    now = 0.0
    for work, which, pause in steps:
        now += pause
        if work is not None:
            ticket = fair.arrive(work, now)
            if ticket is not None:
                tickets.append(ticket)
        elif tickets:
            for granted in fair.leave(tickets.pop(which % len(tickets)), now):
                assert granted.state is TicketState.HOLDING
        holding = {each: fair.holding(each) for each in WorkClass}
        waiting = {each: fair.waiting(each) for each in WorkClass}
        assert sum(holding.values()) <= places
        for each in WorkClass:
            assert holding[each] == sum(t.work is each and t.state is TicketState.HOLDING for t in tickets)
            assert waiting[each] == sum(t.work is each and t.state is TicketState.WAITING for t in tickets)
            assert waiting[each] <= queue * SHARES[each].of_queue
            assert holding[each] <= max(1, int(places * SHARES[each].of_places))
        if places > 1:
            assert sum(holding.values()) - holding[WorkClass.READ] < places, "one is kept for reads"
        if waiting[WorkClass.READ]:
            assert sum(holding.values()) == places
        if places == 1 and any(waiting.values()):
            assert sum(holding.values()) == 1


def _share_of_time(
    places: int, seconds_of: Mapping[WorkClass, float], until: float
) -> dict[WorkClass, float]:
    """What part of the time of all places each class holds, when all of them always have something waiting."""
    fair = FairPlaces(places, 1000)
    held = dict.fromkeys(seconds_of, 0.0)
    running: list[tuple[float, int, Ticket]] = []
    number = 0
    now = 0.0

    def began(ticket: Ticket) -> None:
        nonlocal number
        number += 1
        running.append((now + seconds_of[ticket.work], number, ticket))

    for work in seconds_of:
        for _ in range(places + 5):
            ticket = fair.arrive(work, now)
            if ticket is not None and ticket.state is TicketState.HOLDING:
                began(ticket)
    while now < until:
        running.sort()
        now, _, ticket = running.pop(0)
        held[ticket.work] += seconds_of[ticket.work]
        again = fair.arrive(ticket.work, now)
        assert again is None or again.state is TicketState.WAITING
        for granted in fair.leave(ticket, now):
            began(granted)
    return {work: seconds / sum(held.values()) for work, seconds in held.items()}


@settings(deadline=None, max_examples=30)
@given(st.floats(0.02, 0.1), st.floats(0.02, 1.0))
def test_two_classes_that_always_wait_get_the_store_by_their_weights(read: float, expensive: float) -> None:
    shares = _share_of_time(16, {WorkClass.READ: read, WorkClass.EXPENSIVE: expensive}, 60 * expensive)
    assert shares[WorkClass.READ] == pytest.approx(8 / 12, abs=0.1)


def test_long_exports_leave_reads_their_part_and_get_theirs() -> None:
    seconds = {
        WorkClass.READ: 0.005,
        WorkClass.EXPENSIVE: 0.05,
        WorkClass.EXPORT: 5.0,
        WorkClass.WARMING: 0.005,
    }
    shares = _share_of_time(16, seconds, 200.0)
    for work, share in SHARES.items():
        assert shares[work] == pytest.approx(share.weight / 15, abs=0.06), work


def test_a_read_gets_a_place_although_exports_wait_and_hold_all_they_may() -> None:
    fair = FairPlaces(8, 1000)
    for work in (WorkClass.EXPORT, WorkClass.EXPENSIVE, WorkClass.WARMING):
        for _ in range(20):
            fair.arrive(work, 0.0)
    ticket = fair.arrive(WorkClass.READ, 0.0)
    assert ticket is not None
    assert ticket.state is TicketState.HOLDING


def test_what_a_class_used_while_nobody_wanted_it_does_not_keep_it_out_later() -> None:
    """An export that ran for an hour beside an idle queue; then reads and exports both wait."""
    fair = FairPlaces(4, 1000)
    export = fair.arrive(WorkClass.EXPORT, 0.0)
    assert export is not None
    reads = [fair.arrive(WorkClass.READ, 3600.0) for _ in range(40)]
    waiting = fair.arrive(WorkClass.EXPORT, 3600.0)
    assert waiting is not None
    fair.leave(export, 3600.0)
    now, served = 3600.0, 0
    while waiting.state is TicketState.WAITING:
        holding = [t for t in reads if t is not None and t.state is TicketState.HOLDING]
        now += 0.5
        served += 1
        fair.leave(holding[0], now)
        reads.append(fair.arrive(WorkClass.READ, now))
        assert served < 60
    assert served > 3


def test_the_estimate_is_the_wait_and_the_work() -> None:
    fair = FairPlaces(1, 1000)
    assert fair.expected_seconds(WorkClass.READ) is None
    first = fair.arrive(WorkClass.READ, 0.0)
    assert first is not None
    fair.leave(first, 2.0)
    assert fair.expected_seconds(WorkClass.READ) is None, "nobody is served: the next one finds out"
    fair.arrive(WorkClass.READ, 2.0)
    assert fair.expected_seconds(WorkClass.READ) == pytest.approx(4.0)
    fair.arrive(WorkClass.READ, 2.0)
    assert fair.expected_seconds(WorkClass.READ) == pytest.approx(6.0)
    assert fair.expected_wait_seconds(WorkClass.READ) == pytest.approx(4.0)


def test_without_a_place_there_is_nothing_to_share() -> None:
    with pytest.raises(ValueError, match="no place"):
        FairPlaces(0, 10)
