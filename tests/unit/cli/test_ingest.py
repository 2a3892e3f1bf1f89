"""Following a job."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.cli.ingest import LOST_PIPELINE_SECONDS, QUIET_SECONDS, CountLines, watch_job
from tenkay.client import Endpoint
from tenkay.client.pipeline import PipelineClient
from tenkay.errors import Unavailable
from tenkay.pipeline.v1.pipeline_service_pb2 import Job, JobCounts

NOBODY_LISTENS = Endpoint("127.0.0.1:1", plaintext=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def test_a_pipeline_that_stays_away_is_given_up_after_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock.pass_by(LOST_PIPELINE_SECONDS / 4)

    with PipelineClient(NOBODY_LISTENS) as pipeline, pytest.raises(Unavailable):
        watch_job(pipeline, "job", lambda _job: None, clock=clock, sleep=sleep)
    assert len(naps) == 4
    assert capsys.readouterr().err == "tenkay: pipeline does not answer; the job goes on when it is back\n"


def test_counts_are_lines_no_more_often_than_they_can_be_read() -> None:
    clock = Clock()
    lines: list[str] = []
    counts = CountLines(lines.append, clock)
    for fetched in range(1, 6):
        counts.show(Job(counts=JobCounts(total=9, fetched=fetched)))
        clock.pass_by(QUIET_SECONDS / 2)
    assert lines == [f"fetched {fetched}, extracted 0, stored 0, failed 0 of 9" for fetched in (1, 3, 5)]


def test_the_last_counts_are_always_shown() -> None:
    lines: list[str] = []
    counts = CountLines(lines.append, Clock())
    counts.show(Job(counts=JobCounts(total=1)))
    finished = Job(
        counts=JobCounts(total=1, fetched=1, extracted=1, stored=1), finished_at=Timestamp(seconds=1)
    )
    counts.show(finished)
    assert lines[-1] == "fetched 1, extracted 1, stored 1, failed 0 of 1"
