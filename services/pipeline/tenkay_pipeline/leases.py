"""Leases: who may work on a filing's stage, and what becomes of the filing when they are done, fail or vanish.

A grant has a token higher than all before it. Whoever holds an older one is refused, so a worker that was given up (it
hung, or its host was cut off) cannot change what another one has done since. A lease whose time is over stays its
worker's until it is taken back or granted again: nobody else is working on it, and throwing finished work away helps
no one.

Each function takes an item and gives the item as it is afterwards; `tenkay_pipeline.job_records` keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tenkay.errors import Reason, TenkayError, failure
from tenkay_pipeline.jobs import (
    MAX_DETAIL_CHARACTERS,
    Failure,
    Item,
    ItemState,
    RetryPolicy,
    Settlement,
    Stage,
    may_pass,
    stage_after,
    strike,
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one stage of one filing of a job."""

    job_id: str
    accession_number: str
    stage: Stage
    token: int
    expires_at: datetime


def may_grant(item: Item, stage: Stage, now: datetime) -> bool:
    """True when `stage` is the one waiting and it is due. Take back what has expired (`expire`) before asking."""
    return item.state is ItemState.WAITING and item.stage is stage and item.due_at <= now


def has_expired(item: Item, now: datetime) -> bool:
    """True when the item's lease was not kept."""
    return item.lease_expires_at is not None and item.lease_expires_at <= now


def grant(item: Item, token: int, now: datetime, length: timedelta) -> tuple[Item, Lease]:
    """Give the present stage to a worker. The attempt counts from here. `token` is higher than all granted before."""
    expires_at = now + length
    granted = replace(
        item,
        state=ItemState.RUNNING,
        attempts=item.attempts + 1,
        lease_token=token,
        lease_expires_at=expires_at,
        leased_at=now,
    )
    return granted, Lease(item.job_id, item.accession_number, item.stage, token, expires_at)


def keep(item: Item, lease: Lease, now: datetime, length: timedelta) -> tuple[Item, Lease]:
    """Give the lease more time. STALE_LEASE."""
    require_held(item, lease)
    expires_at = now + length
    return replace(item, lease_expires_at=expires_at), replace(lease, expires_at=expires_at)


def complete(
    item: Item, lease: Lease, now: datetime, *, sequence: str, cik: int | None, primary_document: str | None
) -> Item:
    """The stage is done: on to the next one, or STORED. STALE_LEASE.

    Said again with the same lease, nothing changes.
    """
    if item.settled == Settlement(lease.token, failed=False):
        return item
    require_held(item, lease)
    done = replace(
        item,
        listing=item.listing.found_under(cik, primary_document),
        sequence=sequence or item.sequence,
        due_at=now,
        reason=None,
        detail="",
        lease_token=None,
        lease_expires_at=None,
        leased_at=None,
        settled=Settlement(lease.token, failed=False),
    )
    following = stage_after(item.stage)
    if following is None:
        return replace(done, state=ItemState.STORED)
    return replace(done, state=ItemState.WAITING, stage=following, attempts=0, strikes=0)


def fail(
    item: Item, lease: Lease, reported: Failure, now: datetime, policy: RetryPolicy, jitter: float
) -> Item:
    """The stage failed: WAITING for the next try, or FAILED. Said again with the same lease, nothing changes.

    STALE_LEASE. `jitter` as in `RetryPolicy.retry_delay`.
    """
    if item.settled == Settlement(lease.token, failed=True):
        return item
    require_held(item, lease)
    return replace(_failed(item, reported, now, policy, jitter), settled=Settlement(lease.token, failed=True))


def expire(item: Item, now: datetime, policy: RetryPolicy, jitter: float) -> Item:
    """Take back a lease that was not kept; it counts as a failure that the filing may be the cause of."""
    if item.state is not ItemState.RUNNING or not has_expired(item, now):
        return item
    vanished = Failure(
        Reason.STALE_LEASE,
        f"the worker that held the {item.stage.name.lower()} stage stopped answering",
        retryable=may_pass(Reason.STALE_LEASE),
    )
    return _failed(item, vanished, now, policy, jitter)


def require_held(item: Item, lease: Lease) -> None:
    """STALE_LEASE unless `lease` is the one in force."""
    if (
        item.state is not ItemState.RUNNING
        or item.lease_token != lease.token
        or item.stage is not lease.stage
    ):
        raise stale(lease)


def stale(lease: Lease) -> TenkayError:
    """The error for a lease that is no longer its worker's."""
    return failure(
        Reason.STALE_LEASE,
        f"the lease {lease.token} of {lease.accession_number} ({lease.stage.name.lower()}) is over: "
        "drop the work, somebody else has it or has done it",
    )


def _failed(item: Item, reported: Failure, now: datetime, policy: RetryPolicy, jitter: float) -> Item:
    delay = policy.retry_delay(item, reported, jitter)
    return replace(
        item,
        state=ItemState.FAILED if delay is None else ItemState.WAITING,
        strikes=item.strikes + strike(reported.reason),
        due_at=now if delay is None else now + delay,
        reason=reported.reason,
        detail=reported.detail[:MAX_DETAIL_CHARACTERS],
        lease_token=None,
        lease_expires_at=None,
        leased_at=None,
    )
