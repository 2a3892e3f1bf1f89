"""What became of the filings of a job, with the ratings of those that are stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenkay.cli import documents, wording
from tenkay.cli.documents import enum_name
from tenkay.cli.plain_text import one_line
from tenkay.common.v1.analysis_pb2 import Rating
from tenkay.common.v1.errors_pb2 import ErrorReason
from tenkay.errors import TenkayError
from tenkay.pipeline.v1.pipeline_service_pb2 import ItemState, JobItem, Stage

if TYPE_CHECKING:
    from tenkay.client.pipeline import PipelineClient
    from tenkay.client.query import QueryClient
    from tenkay.query.v1.query_service_pb2 import GetAnalysisResponse

ITEMS_PER_PAGE = 1000
READS_AT_ONCE = 8


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
