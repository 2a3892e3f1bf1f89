"""Putting filings through the pipeline, and watching what becomes of them: `tenkay ingest` and `tenkay job`."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from tenkay.cli import documents
from tenkay.cli.addresses import Addresses, pipeline_client, query_client
from tenkay.cli.failures import ExitCode
from tenkay.cli.filing_results import FilingResult, read_results
from tenkay.cli.reads import day, filing_ref
from tenkay.cli.selectors import CikSelector, FilingSelector, Selector, TickerSelector
from tenkay.client import SequenceFloor
from tenkay.errors import Unavailable
from tenkay.pipeline.v1.pipeline_service_pb2 import Job

if TYPE_CHECKING:
    from tenkay.client.pipeline import PipelineClient

LOST_PIPELINE_SECONDS = 120.0
"""How long a pipeline that went away is waited for: the job goes on when it is back."""
LOST_PIPELINE_PAUSE_SECONDS = 0.5
QUIET_SECONDS = 2.0
"""Without a terminal the counts are printed at most this often."""

ShowProgress = Callable[[Job], None]


def ingest(
    addresses: Addresses,
    selectors: Sequence[Selector],
    forms: Sequence[str],
    since: date | None,
    limit: int,
    *,
    as_json: bool,
) -> ExitCode:
    """`tenkay ingest`: one object a filing and line with --json."""
    from tenkay.runtime import tracing

    tracing.start_tracing("tenkay-cli", addresses.otlp_endpoint())
    try:
        with tracing.root_span("tenkay ingest") as root:
            floor = SequenceFloor()
            with pipeline_client(addresses, floor) as pipeline, query_client(addresses, floor) as query:
                job = submit(pipeline, selectors, forms, since, limit)
                print(f"job {job.id}: {job.counts.total:,} filings", file=sys.stderr)
                try:
                    follow_job(pipeline, job.id)
                except KeyboardInterrupt:
                    print(f"tenkay: {_how_to_come_back(job.id)}", file=sys.stderr)
                    return ExitCode.INTERRUPTED
                results = read_results(pipeline, query, job.id)
            _show_results(job.id, results, as_json=as_json)
            if tracing.exporting():
                print(f"trace {root.trace_id_hex}", file=sys.stderr)
    finally:
        tracing.stop_tracing()
    return ExitCode.OK if all(result.is_stored for result in results) else ExitCode.NOT_DONE


def show_job(addresses: Addresses, job_id: str, *, watch: bool, as_json: bool) -> ExitCode:
    """`tenkay job`: one object a filing and line with --json."""
    floor = SequenceFloor()
    with pipeline_client(addresses, floor) as pipeline, query_client(addresses, floor) as query:
        if watch:
            try:
                job = follow_job(pipeline, job_id)
            except KeyboardInterrupt:
                print(f"tenkay: {_how_to_come_back(job_id)}", file=sys.stderr)
                return ExitCode.INTERRUPTED
        else:
            job = pipeline.get_job(job_id=job_id).job
        results = read_results(pipeline, query, job_id)
    if not as_json:
        from tenkay.cli import tables

        tables.console().print(tables.job(job))
    _show_results(job_id, results, as_json=as_json)
    return ExitCode.NOT_DONE if job.counts.failed else ExitCode.OK


def submit(
    pipeline: PipelineClient,
    selectors: Sequence[Selector],
    forms: Sequence[str],
    since: date | None,
    limit: int,
) -> Job:
    """The job made of the filings selected. A retry within the call makes no second one: it has one request id."""
    return pipeline.submit_filings(
        request_id=uuid.uuid4().hex,
        tickers=[each.ticker for each in selectors if isinstance(each, TickerSelector)],
        ciks=[each.cik for each in selectors if isinstance(each, CikSelector)],
        filings=[filing_ref(each) for each in selectors if isinstance(each, FilingSelector)],
        forms=forms,
        since=day(since),
        limit_per_company=limit,
    ).job


def follow_job(pipeline: PipelineClient, job_id: str, *, sleep: Callable[[float], None] = time.sleep) -> Job:
    """Shows the job's progress on standard error until it is finished; the finished job.

    `sleep` is called between tries to reach a pipeline that went away; what it raises ends the waiting.
    """
    with _progress() as show:
        return watch_job(pipeline, job_id, show, sleep=sleep)


def watch_job(
    pipeline: PipelineClient,
    job_id: str,
    show: ShowProgress,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Job:
    """Follows a job until it is finished, through restarts of the pipeline; calls `show` at each change.

    Raises:
        Unavailable: the pipeline has been away for LOST_PIPELINE_SECONDS.
    """
    lost_since: float | None = None
    while True:
        try:
            for answer in pipeline.watch_job(job_id=job_id):
                lost_since = None
                show(answer.job)
                if answer.job.HasField("finished_at"):
                    return answer.job
        except Unavailable:
            now = clock()
            if lost_since is None:
                lost_since = now
                print("tenkay: pipeline does not answer; the job goes on when it is back", file=sys.stderr)
            if now - lost_since >= LOST_PIPELINE_SECONDS:
                raise
        sleep(LOST_PIPELINE_PAUSE_SECONDS)


def _show_results(job_id: str, results: Sequence[FilingResult], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            print(documents.line(result.document(job_id)))
        return
    from tenkay.cli import tables

    tables.console().print(tables.results(results))


def _how_to_come_back(job_id: str) -> str:
    return f"the job goes on; `tenkay job {job_id} --watch` follows it again"


@contextmanager
def _progress() -> Iterator[ShowProgress]:
    """What shows a job's counts: bars on a terminal, lines elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tenkay.cli import tables

    console = tables.console(stderr=True)
    if not console.is_terminal:
        yield CountLines(lambda line: print(line, file=sys.stderr, flush=True), time.monotonic).show
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        fetched, extracted, analysed = (
            progress.add_task(stage, total=None, note="")
            for stage in ("fetched", "extracted", "rated, stored")
        )

        def show(job: Job) -> None:
            counts = job.counts
            failed = f"{counts.failed:,} failed" if counts.failed else ""
            progress.update(fetched, completed=counts.fetched, total=counts.total)
            progress.update(extracted, completed=counts.extracted, total=counts.total)
            progress.update(analysed, completed=counts.stored, total=counts.total, note=failed)

        yield show


class CountLines:
    """A job's counts as lines, no more often than every QUIET_SECONDS, the last one always."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._write = write
        self._clock = clock
        self._written_at: float | None = None

    def show(self, job: Job) -> None:
        """Writes the counts unless it has just done so."""
        now = self._clock()
        is_early = self._written_at is not None and now - self._written_at < QUIET_SECONDS
        if is_early and not job.HasField("finished_at"):
            return
        self._written_at = now
        counts = job.counts
        self._write(
            f"fetched {counts.fetched:,}, extracted {counts.extracted:,}, stored {counts.stored:,}, "
            f"failed {counts.failed:,} of {counts.total:,}"
        )
