"""Leases and job records under any order of events: Hypothesis plays workers, the clock and the reconciler."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tenkay.errors import Aborted, Reason
from tenkay_pipeline.job_records import JobRecords
from tenkay_pipeline.jobs import (
    OPEN_STATES,
    Failure,
    ItemState,
    Listing,
    RetryPolicy,
    Stage,
    may_pass,
)
from tenkay_pipeline.leases import Lease

LEASE = timedelta(seconds=60)
POLICY = RetryPolicy(max_strikes=3, max_attempts=6)
ACCESSIONS = [f"0000000001-26-{number:06d}" for number in range(3)]
REASONS = st.sampled_from(
    [
        Reason.SUBMISSION_BINARY,
        Reason.EXTRACTION_CRASHED,
        Reason.DEADLINE_EXCEEDED,
        Reason.DEPENDENCY_UNAVAILABLE,
    ]
)


class LeaseMachine(RuleBasedStateMachine):
    """Three filings of one job, and workers that do anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.records = JobRecords(f"sqlite:///{Path(self.folder.name) / 'jobs.sqlite'}")
        self.records.prepare()
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.records.add_job(
            job_id="job",
            request_id="request-1",
            arguments_digest="",
            traceparent="",
            listings=[Listing(accession) for accession in ACCESSIONS],
            now=self.now,
        )
        self.granted: list[Lease] = []
        self.in_force: dict[str, Lease] = {}
        self.settled_as: dict[int, str] = {}
        self.stages_done: dict[str, list[Stage]] = {accession: [] for accession in ACCESSIONS}

    def teardown(self) -> None:
        self.drain()
        self.records.close()
        self.folder.cleanup()

    def acquire(self, accession: str, stage: Stage) -> Lease | None:
        held = self.in_force.get(accession)
        if held is not None and held.expires_at <= self.now:
            # Asking takes back what was not kept, as the reconciler does.
            self.settled_as[self.in_force.pop(accession).token] = "expired"
            held = None
        granted = self.records.acquire(
            "job", accession, stage, now=self.now, length=LEASE, policy=POLICY, jitter=0.5
        )
        if granted is None:
            return None
        assert held is None, "granted twice at once"
        assert all(granted.lease.token > lease.token for lease in self.granted)
        assert stage not in self.stages_done[accession], "a stage that is done was given out again"
        self.granted.append(granted.lease)
        self.in_force[accession] = granted.lease
        return granted.lease

    @rule(accession=st.sampled_from(ACCESSIONS), stage=st.sampled_from(Stage))
    def a_task_arrives(self, accession: str, stage: Stage) -> None:
        self.acquire(accession, stage)

    @rule(accession=st.sampled_from(ACCESSIONS))
    def the_right_task_arrives(self, accession: str) -> None:
        done = self.stages_done[accession]
        if len(done) < len(Stage):
            self.acquire(accession, Stage(len(done) + 1))

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def a_worker_is_done(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.granted))
        current = self.in_force.get(lease.accession_number) == lease
        try:
            self.records.complete(
                lease, sequence=f"0.{lease.token}", cik=7, primary_document=None, now=self.now
            )
        except Aborted:
            assert not current
            return
        if current:
            del self.in_force[lease.accession_number]
            self.settled_as[lease.token] = "done"
            self.stages_done[lease.accession_number].append(lease.stage)
        else:
            assert self.settled_as.get(lease.token) == "done", "a stale lease was taken"

    @precondition(lambda self: self.granted)
    @rule(data=st.data(), reason=REASONS)
    def a_worker_fails(self, data: st.DataObject, reason: Reason) -> None:
        lease = data.draw(st.sampled_from(self.granted))
        current = self.in_force.get(lease.accession_number) == lease
        reported = Failure(reason, "why", may_pass(reason))
        try:
            self.records.fail(lease, reported, now=self.now, policy=POLICY, jitter=0.5)
        except Aborted:
            assert not current
            return
        if current:
            del self.in_force[lease.accession_number]
            self.settled_as[lease.token] = "failed"
        else:
            assert self.settled_as.get(lease.token) == "failed", "a stale lease was taken"

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def a_heart_beats(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.granted))
        current = self.in_force.get(lease.accession_number) == lease
        try:
            kept = self.records.keep(lease, now=self.now, length=LEASE)
        except Aborted:
            assert not current
            return
        assert current
        assert kept.expires_at == self.now + LEASE
        self.granted[self.granted.index(lease)] = self.in_force[lease.accession_number] = kept

    @rule(seconds=st.sampled_from([1, 30, 61, 400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_reconciler_sweeps(self) -> None:
        for item in self.records.expire(now=self.now, policy=POLICY, jitter=lambda: 0.5):
            lease = self.in_force.pop(item.accession_number)
            assert lease.expires_at <= self.now
            self.settled_as[lease.token] = "expired"

    @rule()
    def the_dispatcher_looks(self) -> None:
        for stage in Stage:
            claimed = self.records.claim_due(stage, now=self.now, window=2).dispatches
            assert len(claimed) <= 2
            for dispatch in claimed:
                assert dispatch.stage not in self.stages_done[dispatch.accession_number]

    @invariant()
    def the_job_tells_the_truth(self) -> None:
        job = self.records.get_job("job")
        items = self.records.list_items("job", state=None, after_position=-1, limit=10)
        open_items = [item for item in items if item.state in OPEN_STATES]
        assert (job.finished_at is None) == bool(open_items)
        assert job.counts.total == len(items) == len(ACCESSIONS)
        assert job.counts.stored == sum(len(done) == len(Stage) for done in self.stages_done.values())
        assert job.counts.fetched == sum(bool(done) for done in self.stages_done.values())
        assert job.counts.running == sum(item.state is ItemState.RUNNING for item in items)
        for item in items:
            assert item.attempts <= POLICY.max_attempts
            assert (item.lease_token is not None) == (item.state is ItemState.RUNNING)
            assert item.state is not ItemState.FAILED or item.reason is not None
            done = self.stages_done[item.accession_number]
            assert (item.state is ItemState.STORED) == (len(done) == len(Stage))
            assert done == [stage for stage in Stage if stage < item.stage or len(done) == len(Stage)]

    def drain(self) -> None:
        """Whatever has happened, with workers that work every filing ends."""
        for _ in range(20):
            self.now += timedelta(hours=1)
            self.the_reconciler_sweeps()
            for accession in ACCESSIONS:
                done = self.stages_done[accession]
                if len(done) < len(Stage):
                    lease = self.acquire(accession, Stage(len(done) + 1))
                    if lease is not None:
                        self.records.complete(
                            lease, sequence="", cik=None, primary_document=None, now=self.now
                        )
                        del self.in_force[accession]
                        done.append(lease.stage)
        assert self.records.get_job("job").finished_at is not None
        self.the_job_tells_the_truth()


LeaseMachine.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_leases_hold_in_any_order_of_events = LeaseMachine.TestCase
