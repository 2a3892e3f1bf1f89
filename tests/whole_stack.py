"""A whole stack as a person starts it, driven through the command line and the client library."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenkay.client import Endpoint, SequenceFloor
from tenkay.client.pipeline import PipelineClient
from tenkay.client.query import QueryClient
from tenkay.client.store import ArtifactClient, ChangeFeedClient, FilingStoreClient
from tenkay.pipeline.v1 import pipeline_service_pb2 as pipeline
from tenkay.stack.stack_file import StackFile

FORMS = ("10-K", "10-K/A", "10-Q", "8-K")


@dataclass(frozen=True, slots=True)
class WholeStack:
    """A running stack."""

    var: Path
    edgar: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of all its programs, besides those it gives them itself."""

    def tenkay(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against this stack."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("tenkay")), *arguments],
            env={**os.environ, **self.settings, "TENKAY_VAR": str(self.var)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints with --json, a line an object."""
        done = self.tenkay(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def file(self) -> StackFile:
        """The stack's file as it is now."""
        found = StackFile.read(self.var)
        assert found is not None, "the stack does not run"
        return found

    def endpoint(self, service: str) -> Endpoint:
        """Where a service is."""
        return Endpoint(self.file.addresses[service], plaintext=True)

    def query(self, floor: SequenceFloor | None = None) -> QueryClient:
        """A client of query."""
        return QueryClient(self.endpoint("query"), floor=floor)

    def artifacts(self) -> ArtifactClient:
        """A client of the store's artifacts."""
        return ArtifactClient(self.endpoint("store"))

    def store(self) -> FilingStoreClient:
        """A client of the store."""
        return FilingStoreClient(self.endpoint("store"))

    def feed(self) -> ChangeFeedClient:
        """A client of the store's change feed."""
        return ChangeFeedClient(self.endpoint("store"))

    def pipeline(self) -> PipelineClient:
        """A client of the pipeline."""
        return PipelineClient(self.endpoint("pipeline"))


def submit_all(jobs: PipelineClient, ciks: Sequence[int], forms: Sequence[str] = FORMS) -> str:
    """Submit all filings of companies; the job's id."""
    answer = jobs.submit_filings(request_id=secrets.token_hex(8), ciks=ciks, forms=forms)
    return answer.job.id


def wait_for(jobs: PipelineClient, job_id: str, timeout: float = 100) -> pipeline.Job:
    """The job once it is finished."""
    newest = None
    for answer in jobs.watch_job(job_id=job_id, timeout=timeout):
        newest = answer.job
    assert newest is not None
    assert newest.HasField("finished_at"), newest
    return newest


def failures(jobs: PipelineClient, job_id: str) -> list[pipeline.JobItem]:
    """The job's filings that failed."""
    return list(jobs.list_job_items(job_id=job_id, state=pipeline.ITEM_STATE_FAILED, page_size=1000).items)


@contextmanager
def running_stack(
    var: Path, edgar: Path, *options: str, settings: Mapping[str, str] | None = None
) -> Iterator[WholeStack]:
    """A stack on a folder in EDGAR's layout while the block runs."""
    stack = WholeStack(var, edgar, settings or {})
    started = stack.tenkay("up", "--detach", "--edgar-mirror", str(edgar), *options)
    try:
        assert started.returncode == 0, started.stderr + started.stdout
        yield stack
    finally:
        stack.tenkay("down")
