"""Putting filings through the pipeline, and watching what becomes of them: `tenkay ingest` and `tenkay job`."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tenkay.cli import documents, wording
from tenkay.cli.addresses import Addresses, pipeline_client, query_client
from tenkay.cli.documents import enum_name
from tenkay.cli.failures import ExitCode
from tenkay.cli.plain_text import one_line
from tenkay.cli.reads import day, filing_ref
from tenkay.cli.selectors import CikSelector, FilingSelector, Selector, TickerSelector
from tenkay.client import SequenceFloor
from tenkay.common.v1.analysis_pb2 import Rating
from tenkay.common.v1.errors_pb2 import ErrorReason
from tenkay.errors import TenkayError, Unavailable
from tenkay.pipeline.v1.pipeline_service_pb2 import ItemState, Job, JobItem, Stage

if TYPE_CHECKING:
    from tenkay.client.pipeline import PipelineClient
    from tenkay.client.query import QueryClient
    from tenkay.query.v1.query_service_pb2 import GetAnalysisResponse

ITEMS_PER_PAGE = 1000
READS_AT_ONCE = 8
LOST_PIPELINE_SECONDS = 120.0
"""How long a pipeline that went away is waited for: the job goes on when it is back."""
LOST_PIPELINE_PAUSE_SECONDS = 0.5
QUIET_SECONDS = 2.0
"""Without a terminal the counts are printed at most this often."""

ShowProgress = Callable[[Job], None]


@dataclass(frozen=True, slots=True)
class FilingResult:
    """What became of a filing of a job."""

    item: JobItem
    analysis: GetAnalysisResponse | None = None
    """Its analysis, when it is stored."""
    problem: str = ""
    """Why the analysis of a stored filing could not be read."""

    @property
    def accession_number(self) -> str:
        return self.item.listing.filing.accession_number

    @property
    def company_name(self) -> str:
        """By the filing itself where it is stored, else by its listing."""
        stored = "" if self.analysis is None else self.analysis.filing.company_name
        return stored or self.item.listing.company_name

    @property
    def form_type(self) -> str:
        stored = "" if self.analysis is None else self.analysis.filing.form_type
        return stored or self.item.listing.form_type

    @property
    def filed(self) -> str:
        if self.analysis is not None and self.analysis.filing.HasField("filed_date"):
            return wording.day(self.analysis.filing.filed_date)
        return wording.day(self.item.listing.filed_date if self.item.listing.HasField("filed_date") else None)

    @property
    def state(self) -> str:
        """WAITING, RUNNING, STORED or FAILED."""
        return enum_name(ItemState.DESCRIPTOR, self.item.state) or wording.ABSENT

    @property
    def is_stored(self) -> bool:
        return self.item.state == ItemState.ITEM_STATE_STORED

    @property
    def rating(self) -> int:
        return Rating.RATING_UNSPECIFIED if self.analysis is None else self.analysis.analysis.rating

    @property
    def outcome(self) -> str:
        """The rating in words, or the reason and what it means."""
        if self.analysis is not None:
            return wording.analysis_rating(self.analysis.analysis)
        if self.problem:
            return self.problem
        reason = enum_name(ErrorReason.DESCRIPTOR, self.item.reason)
        if reason is None:
            return f"{wording.words(enum_name(Stage.DESCRIPTOR, self.item.stage))} comes next"
        return f"{reason}: {one_line(self.item.detail)}"

    def document(self, job_id: str) -> dict[str, documents.Json]:
        """The result as a JSON object."""
        found = None if self.analysis is None else self.analysis.analysis
        listing = self.item.listing
        return {
            "job_id": job_id,
            "accession_number": self.accession_number,
            "cik": listing.filing.cik if listing.filing.HasField("cik") else None,
            "company_name": self.company_name or None,
            "form_type": self.form_type or None,
            "filed_date": None if self.filed == wording.ABSENT else self.filed,
            "state": self.state,
            "stage": enum_name(Stage.DESCRIPTOR, self.item.stage),
            "attempts": self.item.attempts,
            "rating": None if found is None else enum_name(Rating.DESCRIPTOR, found.rating),
            "score": found.score if found is not None and found.HasField("score") else None,
            "flags": [] if found is None else [flag.id for flag in found.flags],
            "reason": enum_name(ErrorReason.DESCRIPTOR, self.item.reason),
            "detail": one_line(self.item.detail) or self.problem or None,
            "sequence": self.item.sequence or None,
        }


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


def follow_job(pipeline: PipelineClient, job_id: str) -> Job:
    """Shows the job's progress on standard error until it is finished; the finished job."""
    with _progress() as show:
        return watch_job(pipeline, job_id, show)


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


def read_results(pipeline: PipelineClient, query: QueryClient, job_id: str) -> list[FilingResult]:
    """What became of each filing, in the order of submission, with the analyses of those that are stored."""
    items = list(_items(pipeline, job_id))
    with ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="read-analysis") as pool:
        # Each read runs in a copy of this context, so that it belongs to the same trace.
        running = [pool.submit(copy_context().run, _result, query, item) for item in items]
        try:
            return [each.result() for each in running]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _result(query: QueryClient, item: JobItem) -> FilingResult:
    if item.state != ItemState.ITEM_STATE_STORED:
        return FilingResult(item)
    try:
        return FilingResult(item, query.get_analysis(filing=item.listing.filing))
    except TenkayError as error:
        return FilingResult(item, problem=f"stored, but its rating could not be read: {one_line(str(error))}")


def _items(pipeline: PipelineClient, job_id: str) -> Iterator[JobItem]:
    token = ""
    while True:
        page = pipeline.list_job_items(job_id=job_id, page_size=ITEMS_PER_PAGE, page_token=token)
        yield from page.items
        token = page.next_page_token
        if not token:
            return


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
