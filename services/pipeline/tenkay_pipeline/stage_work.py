"""What a worker does for each stage: calls of the services that do the work, and nothing of its own.

Every call is idempotent, so a stage may be cut off anywhere and done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenkay.client.analyzer import AnalyzerClient
from tenkay.client.artifacts import put_artifacts
from tenkay.client.extractor import ExtractorClient
from tenkay.client.fetcher import FetcherClient
from tenkay.client.store import ArtifactClient, FilingStoreClient
from tenkay.common.v1 import filing_pb2
from tenkay.extractor.v1.extractor_service_pb2 import ExtractFilingRequest
from tenkay.store.v1 import filing_store_service_pb2 as store_pb
from tenkay_pipeline.jobs import Stage


@dataclass(frozen=True, slots=True)
class Services:
    """The services the stages call."""

    fetcher: FetcherClient
    extractor: ExtractorClient
    analyzer: AnalyzerClient
    store: FilingStoreClient
    artifacts: ArtifactClient


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to work on, as the lease came with it."""

    listing: filing_pb2.FilingListing
    min_sequence: str
    """The state of the store to read, at least."""
    fence: store_pb.LeaseFence
    """The lease that results are committed under."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a stage came to."""

    sequence: str = ""
    """Of its commit; empty when it commits nothing."""
    filing: filing_pb2.FilingRef | None = None
    """The filing as fetched; None when nothing was learnt of it."""


StillHeld = Callable[[], None]
"""Raises STALE_LEASE when the lease was lost while the stage was at work."""


def do_stage(stage: Stage, assignment: Assignment, services: Services, still_held: StillHeld) -> Done:
    """Do `stage`. Errors of the services are raised as they come."""
    match stage:
        case Stage.FETCH:
            return _fetch(assignment, services)
        case Stage.EXTRACT:
            return _extract(assignment, services, still_held)
        case Stage.ANALYZE:
            return _analyze(assignment, services, still_held)


def _fetch(assignment: Assignment, services: Services) -> Done:
    held = services.fetcher.ensure_filing(filing=assignment.listing.filing)
    return Done(filing=held.filing)


def _extract(assignment: Assignment, services: Services, still_held: StillHeld) -> Done:
    listing = assignment.listing
    answers = services.extractor.extract_filing_with_artifacts(
        extract=ExtractFilingRequest(filing=listing.filing, listing=listing)
    )
    extraction = put_artifacts((each.part for each in answers), services.artifacts)
    still_held()
    committed = services.store.commit_extraction(
        extraction=extraction, wait_for=store_pb.WAIT_FOR_PRIMARY, fence=assignment.fence
    )
    return Done(sequence=committed.outcome.sequence)


def _analyze(assignment: Assignment, services: Services, still_held: StillHeld) -> Done:
    answer = services.analyzer.analyze_filing(
        filing=assignment.listing.filing, min_sequence=assignment.min_sequence
    )
    still_held()
    committed = services.store.commit_analysis(
        analysis=answer.analysis, wait_for=store_pb.WAIT_FOR_PRIMARY, fence=assignment.fence
    )
    return Done(sequence=committed.outcome.sequence)
