"""Retry policy and stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason
from tenkay_pipeline.jobs import (
    MAX_RETRY_AFTER,
    PATIENCE,
    Failure,
    Item,
    Listing,
    Patience,
    RetryPolicy,
    Stage,
    may_pass,
    stage_after,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = RetryPolicy()


def tried(attempts: int, strikes: int = 0) -> Item:
    return Item("job", 0, Listing("0000000001-26-000001"), NOW, attempts=attempts, strikes=strikes)


def failed_with(reason: Reason, retry_after: timedelta | None = None) -> Failure:
    return Failure(reason, "why", may_pass(reason), retry_after)


def tries(reason: Reason) -> int:
    """Attempts until a stage that always fails with `reason` is given up."""
    attempts = strikes = 0
    while True:
        attempts += 1
        if POLICY.retry_delay(tried(attempts, strikes), failed_with(reason), 0.5) is None:
            return attempts
        strikes += 0 if PATIENCE[reason] is Patience.OUTAGE else 1


def test_the_stages_follow_each_other() -> None:
    assert [stage_after(stage) for stage in Stage] == [Stage.EXTRACT, Stage.ANALYZE, None]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.SUBMISSION_BINARY, 1),
        (Reason.SUBMISSION_EMPTY, 1),
        (Reason.FILING_UNKNOWN, 1),
        (Reason.CIK_REQUIRED, 1),
        (Reason.INVALID_FIELD, 1),
        (Reason.EXTRACTION_TIMEOUT, 2),
        (Reason.EXTRACTION_CRASHED, 2),
        (Reason.INTERNAL, 2),
        (Reason.DEADLINE_EXCEEDED, 5),
        (Reason.STALE_LEASE, 5),
        (Reason.EDGAR_UNAVAILABLE, 20),
        (Reason.EDGAR_RATE_LIMITED, 20),
        (Reason.DEPENDENCY_UNAVAILABLE, 20),
        (Reason.QUEUE_FULL, 20),
        (Reason.DISK_FULL, 20),
    ],
)
def test_a_stage_that_always_fails_is_given_up_after_a_bounded_number_of_tries(
    reason: Reason, expected: int
) -> None:
    assert tries(reason) == expected


def test_every_reason_has_a_bound() -> None:
    assert set(PATIENCE) == set(Reason)
    assert max(tries(reason) for reason in Reason) == POLICY.max_attempts


def test_outages_do_not_use_up_the_patience_with_the_filing() -> None:
    after_outages = tried(attempts=10, strikes=0)
    assert POLICY.retry_delay(after_outages, failed_with(Reason.EXTRACTION_CRASHED), 0.5) is not None
    assert POLICY.retry_delay(tried(11, strikes=1), failed_with(Reason.EXTRACTION_CRASHED), 0.5) is None


def test_the_workers_judgement_that_it_is_final_is_followed() -> None:
    assert POLICY.retry_delay(tried(1), Failure(Reason.QUEUE_FULL, "", retryable=False), 0.5) is None


def test_delays_double_up_to_a_bound() -> None:
    policy = RetryPolicy(first_delay=timedelta(seconds=1), longest_delay=timedelta(seconds=60))
    delays = [policy.retry_delay(tried(n), failed_with(Reason.QUEUE_FULL), 0.5) for n in range(1, 9)]
    assert [delay.total_seconds() for delay in delays if delay] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(attempts=st.integers(1, 19), jitter=st.floats(0, 1))
def test_jitter_spreads_a_delay_over_a_half_of_itself(attempts: int, jitter: float) -> None:
    middle = POLICY.retry_delay(tried(attempts), failed_with(Reason.QUEUE_FULL), 0.5)
    delay = POLICY.retry_delay(tried(attempts), failed_with(Reason.QUEUE_FULL), jitter)
    assert delay is not None
    assert middle is not None
    assert middle * 0.75 <= delay <= middle * 1.25


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(seconds=40), timedelta(seconds=40)),
        (timedelta(milliseconds=1), timedelta(seconds=1)),
        (timedelta(days=9), MAX_RETRY_AFTER),
    ],
)
def test_a_service_is_left_alone_for_as_long_as_it_asks_within_reason(
    asked: timedelta, waited: timedelta
) -> None:
    assert POLICY.retry_delay(tried(1), failed_with(Reason.QUEUE_FULL, asked), 0.5) == waited


def test_what_one_listing_does_not_tell_is_filled_in_from_the_other() -> None:
    given_by_caller = Listing("0000000001-26-000001", cik=5)
    listed = Listing("0000000001-26-000001", cik=6, form_type="10-K", items=("2.02",))
    both = given_by_caller.completed_by(listed)
    assert both == Listing("0000000001-26-000001", cik=5, form_type="10-K", items=("2.02",))
