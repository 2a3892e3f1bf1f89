"""Each program of the stack is killed while one job runs: nothing that was acknowledged is lost, the job finishes."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from samples import generate
from tenkay import sequences
from tenkay.client.pipeline import PipelineClient
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.pipeline.v1 import pipeline_service_pb2 as pipeline
from tenkay.stack.stack_file import ChildState
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb
from tests.whole_stack import WholeStack, failures, running_stack, submit_all, wait_for

VICTIMS = (
    "fetcher",
    "worker-io_bound",
    "extractor",
    "worker-cpu_intensive",
    "store",
    "pipeline",
    "analyzer",
    "worker-model_calls",
    "valkey-broker",
    "query",
    "valkey-cache",
    "rest-gateway",
    "postgres",
    "edgar-mirror",
    "store",
)
"""In the order of their kills; the store goes twice, the second time with most of the filings in it."""

STAGE_OF = {
    "fetcher": pipeline.STAGE_FETCH,
    "worker-io_bound": pipeline.STAGE_FETCH,
    "extractor": pipeline.STAGE_EXTRACT,
    "worker-cpu_intensive": pipeline.STAGE_EXTRACT,
    "analyzer": pipeline.STAGE_ANALYZE,
    "worker-model_calls": pipeline.STAGE_ANALYZE,
}
"""Who is at work in which stage. The others are killed at any moment."""

REQUESTS_PER_SECOND = "1"
"""To the source, which makes the job outlast the kills."""

FILINGS_BETWEEN_KILLS = 3

LOST_IS_NOTICED_SOON = {
    "TENKAY_PIPELINE_LEASE_SECONDS": "3",
    "TENKAY_PIPELINE_HEARTBEAT_SECONDS": "1",
    "TENKAY_PIPELINE_RECONCILE_SECONDS": "1",
    "TENKAY_PIPELINE_RESEND_SECONDS": "3",
}

BEGINNING = sequences.encode(0, 0)


@dataclass
class Acknowledged:
    """What was said to be durable, by whom it was said."""

    commits: dict[str, feed_pb.Change] = field(default_factory=dict)
    """By the store, on its change feed, by sequence."""
    items: dict[str, pipeline.JobItem] = field(default_factory=dict)
    """By the pipeline, by accession number, each as it stood last."""

    def take_note(self, stack: WholeStack, job_id: str) -> None:
        """Reads everything again: what was there must still be."""
        items = {each.listing.filing.accession_number: each for each in items_of(stack, job_id)}
        # After the items, so that the commits the items name are among these.
        commits = commits_of(stack)
        for sequence, change in self.commits.items():
            assert commits.get(sequence) == change, f"commit {sequence} is not what it was"
        for accession_number, before in self.items.items():
            now = items[accession_number]
            assert now.stage >= before.stage, f"{accession_number} has gone back"
            assert now.state == before.state or before.state != pipeline.ITEM_STATE_STORED
        for accession_number, item in items.items():
            if item.sequence:
                assert commits[item.sequence].accession_number == accession_number
        self.items, self.commits = items, commits


def items_of(stack: WholeStack, job_id: str) -> list[pipeline.JobItem]:
    with stack.pipeline() as jobs:
        answer = jobs.list_job_items(job_id=job_id, page_size=1000)
    assert not answer.next_page_token
    return list(answer.items)


def commits_of(stack: WholeStack) -> dict[str, feed_pb.Change]:
    """All that was ever committed, by sequence."""
    with stack.store() as store:
        newest = store.list_filings(page_size=1).as_of_sequence
    commits: dict[str, feed_pb.Change] = {}
    with stack.feed() as feed:
        for answer in feed.watch(from_sequence=BEGINNING, timeout=30):
            for change in answer.changes:
                assert change.sequence not in commits
                commits[change.sequence] = change
            if sequences.merge(newest, answer.up_to_sequence) == answer.up_to_sequence:
                break
    return commits


def kill(stack: WholeStack, name: str, job_id: str, *, fetched: int) -> None:
    """SIGKILL to one program in the middle of the job; returns when it is back.

    That is when so many filings have been fetched, and the program is at work if it is one that works.
    """
    victim = stack.file.children[name]
    assert victim.pid is not None
    with stack.pipeline() as jobs:
        until(lambda: jobs.get_job(job_id=job_id).job.counts.fetched >= fetched, seconds=60)
        if name in STAGE_OF:
            until(lambda: is_at_work(jobs, job_id, STAGE_OF[name]), seconds=30)
        assert not jobs.get_job(job_id=job_id).job.HasField("finished_at"), f"over before {name} was killed"
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: stack.file.children[name].restarts > victim.restarts, seconds=20)
    until(lambda: stack.file.children[name].state is ChildState.READY, seconds=60)


def is_at_work(jobs: PipelineClient, job_id: str, stage: pipeline.Stage.ValueType) -> bool:
    running = jobs.list_job_items(job_id=job_id, state=pipeline.ITEM_STATE_RUNNING, page_size=1000)
    return any(item.stage == stage for item in running.items)


def until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.005)


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("whole_stack")
def test_each_program_killed_during_ingest_loses_nothing_acknowledged_and_the_job_finishes(
    tmp_path: Path, server_folder: Path
) -> None:
    edgar = tmp_path / "edgar"
    truth = generate(edgar)
    acknowledged = Acknowledged()
    with running_stack(
        server_folder / "killed" / "var",
        edgar,
        "--requests-per-second",
        REQUESTS_PER_SECOND,
        settings=LOST_IS_NOTICED_SOON,
    ) as stack:
        assert set(stack.file.children) == set(VICTIMS)
        with stack.pipeline() as jobs:
            job_id = submit_all(jobs, [company.cik for company in truth.companies])
        for number, name in enumerate(VICTIMS):
            acknowledged.take_note(stack, job_id)
            kill(stack, name, job_id, fetched=number * FILINGS_BETWEEN_KILLS)
        with stack.pipeline() as jobs:
            job = wait_for(jobs, job_id)
            assert not failures(jobs, job_id)
        assert job.counts.stored == job.counts.total == len(truth.filings)
        acknowledged.take_note(stack, job_id)
        assert_each_is_stored_once(
            stack, [filing.accession_number for filing in truth.filings], acknowledged.commits.values()
        )


def assert_each_is_stored_once(
    stack: WholeStack, accession_numbers: Sequence[str], commits: Collection[feed_pb.Change]
) -> None:
    """One extraction and one analysis of each filing, however often the stages were done; query tells the same."""
    written = Counter((each.kind, each.accession_number) for each in commits)
    with stack.store() as store, stack.query() as query:
        listed = query.list_filings(page_size=200)
        assert not listed.next_page_token
        assert sorted(each.filing.accession_number for each in listed.filings) == sorted(accession_numbers)
        for accession_number in accession_numbers:
            ref = FilingRef(accession_number=accession_number)
            assert written[feed_pb.CHANGE_KIND_EXTRACTION, accession_number] == 1
            assert store.get_filing(filing=ref).version == 1
            # An analysis is made anew where the filing before it was stored only after the first one was made.
            analysis = store.get_analysis(filing=ref)
            assert analysis.version == written[feed_pb.CHANGE_KIND_ANALYSIS, accession_number]
            assert query.get_analysis(filing=ref).analysis == analysis.analysis
