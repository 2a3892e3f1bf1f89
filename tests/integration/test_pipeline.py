"""The pipeline service and its workers as processes, over a real broker and real gRPC, with things killed under them.

The four other services are doubles that speak their protos, so that each failure can be had on demand.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
import redis
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_status import rpc_status
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tenkay.analyzer.v1 import analyzer_service_pb2, analyzer_service_pb2_grpc
from tenkay.client import Endpoint
from tenkay.client.pipeline import PipelineClient, WorkerClient
from tenkay.common.v1 import analysis_pb2, artifact_pb2, date_pb2, errors_pb2, extraction_pb2, filing_pb2
from tenkay.errors import InvalidArgument, NotFound, Reason, TenkayError, failure
from tenkay.extractor.v1 import extractor_service_pb2, extractor_service_pb2_grpc
from tenkay.fetcher.v1 import fetcher_service_pb2, fetcher_service_pb2_grpc
from tenkay.pipeline.v1 import pipeline_service_pb2 as pb
from tenkay.pipeline.v1 import worker_service_pb2 as worker_pb
from tenkay.runtime.call import parse_traceparent
from tenkay.runtime.parent import PARENT_FD
from tenkay.runtime.tracing import remote_parent
from tenkay.stack.ports import free_port
from tenkay.stack.valkey import ValkeyRole, valkey
from tenkay.status import to_status
from tenkay.store.v1 import (
    artifact_service_pb2,
    artifact_service_pb2_grpc,
    filing_store_service_pb2,
    filing_store_service_pb2_grpc,
)
from tenkay_pipeline.celery_app import make_app
from tenkay_pipeline.task_messages import QUEUES, STAGES_BY_QUEUE, TASK_NAMES

# One world for all of them: they run one after the other in one process.
pytestmark = pytest.mark.xdist_group("pipeline")

LEASE_SECONDS = 1.5
WAIT_SECONDS = 40.0
ACME_CIK = 1001
ACME_FILINGS = 3
WORLD_QUEUES = tuple(STAGES_BY_QUEUE)


# --- the other services ---------------------------------------------------------------------------------------------


@dataclass
class Doubles:
    """The four other services in one: what they were asked, what they hold, and how they are to fail."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    trace_ids: dict[str, set[str]] = field(default_factory=dict)
    listings: dict[str, filing_pb2.FilingListing] = field(default_factory=dict)
    failures: dict[tuple[str, str], list[Exception]] = field(default_factory=dict)
    gates: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    artifacts: set[str] = field(default_factory=set)
    spans: list[tuple[str, Any]] = field(default_factory=list)
    """Service and span, as exported."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, method: str, accession_number: str) -> threading.Event:
        """Calls of `method` for the filing wait until the event is set."""
        gate = self.gates[method, accession_number] = threading.Event()
        return gate

    def fail(self, method: str, accession_number: str, *errors: Exception) -> None:
        """The next calls fail so, one after the other; a single last error may be repeated by giving it often."""
        self.failures[method, accession_number] = list(errors)

    def note(self, method: str, accession_number: str, context: grpc.ServicerContext) -> None:
        """Counts the call, waits at its gate, fails it as told."""
        with self.lock:
            self.calls[method, accession_number] += 1
            for key, value in context.invocation_metadata():
                position = parse_traceparent(str(value)) if key == "traceparent" else None
                if position is not None:
                    self.trace_ids.setdefault(accession_number, set()).add(position.trace_id_hex)
            errors = self.failures.get((method, accession_number), [])
            error = errors.pop(0) if errors else None
            gate = self.gates.get((method, accession_number))
        if gate is not None:
            gate.wait(WAIT_SECONDS)
        if error is not None:
            raise error

    def commit(self, kind: str, accession_number: str) -> filing_store_service_pb2.CommitOutcome:
        """As the store: the same result again changes nothing and has the first one's sequence."""
        with self.lock:
            known = self.commits.get((kind, accession_number))
            sequence = known or f"0.{len(self.commits) + 1}"
            self.commits[kind, accession_number] = sequence
        return filing_store_service_pb2.CommitOutcome(sequence=sequence, version=1, changed=known is None)


def typed(method: Callable[..., Any]) -> Callable[..., Any]:
    """Errors as a Tenkay server answers them."""

    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except TenkayError as error:
            context.abort_with_status(rpc_status.to_status(to_status(error)))

    return answer


@dataclass
class Fetcher(fetcher_service_pb2_grpc.FetcherServiceServicer):
    doubles: Doubles

    @typed
    def ResolveCompany(self, request: Any, context: Any) -> Any:
        if request.ticker != "ACME":
            raise failure(
                Reason.COMPANY_UNKNOWN, f"no company has the ticker {request.ticker}", field="ticker"
            )
        return fetcher_service_pb2.ResolveCompanyResponse(cik=ACME_CIK, company_name="Acme Inc")

    @typed
    def ListFilings(self, request: Any, context: Any) -> Any:
        if request.cik != ACME_CIK:
            raise failure(Reason.COMPANY_UNKNOWN, f"no company has the CIK {request.cik}", field="cik")
        listings = [
            filing_pb2.FilingListing(
                filing=filing_pb2.FilingRef(
                    accession_number=f"{ACME_CIK:010d}-24-{number:06d}", cik=ACME_CIK
                ),
                form_type="10-K",
                filed_date=date_pb2.Date(year=2024, month=2, day=number),
                company_name="Acme Inc",
            )
            for number in range(ACME_FILINGS, 0, -1)
        ]
        start = int(request.page_token or 0)
        page = listings[start : start + 2]
        following = start + len(page)
        return fetcher_service_pb2.ListFilingsResponse(
            filings=page, next_page_token=str(following) if following < len(listings) else ""
        )

    @typed
    def EnsureFiling(self, request: Any, context: Any) -> Any:
        self.doubles.note("fetch", request.filing.accession_number, context)
        found = filing_pb2.FilingRef()
        found.CopyFrom(request.filing)
        if not found.HasField("cik"):
            found.cik = 77
        return fetcher_service_pb2.EnsureFilingResponse(filing=found, fetched=True)


@dataclass
class Extractor(extractor_service_pb2_grpc.ExtractorServiceServicer):
    doubles: Doubles

    @typed
    def ExtractFilingWithArtifacts(self, request: Any, context: Any) -> Any:
        filing = request.extract.filing
        accession_number = filing.accession_number
        self.doubles.note("extract", accession_number, context)
        self.doubles.listings[accession_number] = request.extract.listing
        text = accession_number.encode()
        artifact = artifact_pb2.Artifact(
            kind=artifact_pb2.ARTIFACT_KIND_TEXT,
            sha256=hashlib.sha256(text).hexdigest(),
            size_bytes=len(text),
        )
        extraction = extraction_pb2.Extraction(
            filing=filing_pb2.Filing(accession_number=accession_number, cik=filing.cik),
            result_key=accession_number,
            artifacts=[artifact],
        )
        return (
            extractor_service_pb2.ExtractFilingWithArtifactsResponse(part=part)
            for part in (
                extractor_service_pb2.ExtractionPart(extraction=extraction),
                extractor_service_pb2.ExtractionPart(artifact=artifact),
                extractor_service_pb2.ExtractionPart(chunk=text[:3]),
                extractor_service_pb2.ExtractionPart(chunk=text[3:]),
            )
        )


@dataclass
class Analyzer(analyzer_service_pb2_grpc.AnalyzerServiceServicer):
    doubles: Doubles

    @typed
    def AnalyzeFiling(self, request: Any, context: Any) -> Any:
        accession_number = request.filing.accession_number
        self.doubles.note("analyze", accession_number, context)
        committed = self.doubles.commits.get(("extraction", accession_number))
        if request.min_sequence != committed:
            raise failure(
                Reason.SEQUENCE_NOT_REACHED, f"asked at {request.min_sequence!r}, not {committed!r}"
            )
        return analyzer_service_pb2.AnalyzeFilingResponse(
            analysis=analysis_pb2.Analysis(accession_number=accession_number, result_key=accession_number)
        )


@dataclass
class Artifacts(artifact_service_pb2_grpc.ArtifactServiceServicer):
    """Texts that are the number of their filing."""

    doubles: Doubles

    @typed
    def PutArtifact(self, requests: Any, context: Any) -> Any:
        opening, *chunks = requests
        text = b"".join(each.chunk for each in chunks)
        assert hashlib.sha256(text).hexdigest() == opening.artifact.sha256
        self.doubles.note("put_artifact", text.decode(), context)
        self.doubles.artifacts.add(opening.artifact.sha256)
        return artifact_service_pb2.PutArtifactResponse(stored_bytes=len(text))


@dataclass
class Store(filing_store_service_pb2_grpc.FilingStoreServiceServicer):
    doubles: Doubles

    @typed
    def CommitExtraction(self, request: Any, context: Any) -> Any:
        accession_number = request.extraction.filing.accession_number
        self.doubles.note("commit_extraction", accession_number, context)
        if not all(each.sha256 in self.doubles.artifacts for each in request.extraction.artifacts):
            raise failure(Reason.ARTIFACT_MISSING, "an artifact was not put")
        return filing_store_service_pb2.CommitExtractionResponse(
            outcome=self.doubles.commit("extraction", accession_number)
        )

    @typed
    def CommitAnalysis(self, request: Any, context: Any) -> Any:
        accession_number = request.analysis.accession_number
        self.doubles.note("commit_analysis", accession_number, context)
        return filing_store_service_pb2.CommitAnalysisResponse(
            outcome=self.doubles.commit("analysis", accession_number)
        )


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    doubles: Doubles

    def Export(self, request: Any, context: Any) -> Any:
        for resource in request.resource_spans:
            service = next(
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.doubles.spans += [(service, span) for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


# --- the processes --------------------------------------------------------------------------------------------------


class Program:
    """A process of the world that can be killed and started again."""

    def __init__(
        self, argv: list[str], environment: Mapping[str, str], log: Path, ready: Callable[[Program], bool]
    ) -> None:
        self._argv = argv
        self._environment = {**os.environ, **environment}
        self.log = log
        self._ready = ready
        self._started_at = 0
        self._pipe: int | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        held, self._pipe = os.pipe()
        self._started_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._argv,
                env={**self._environment, PARENT_FD: str(held)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(held,),
                start_new_session=True,
            )
        os.close(held)

    def wait_until_ready(self) -> None:
        assert self.process is not None
        eventually(lambda: self._ready(self) or self.process.poll() is not None, self.log.name)  # type: ignore[union-attr]
        assert self.process.poll() is None, self.log.read_text()

    def start(self) -> None:
        self.spawn()
        self.wait_until_ready()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(WAIT_SECONDS)

    def orphan(self) -> None:
        """What happens to it when its supervisor is gone."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)

    def stop(self) -> None:
        self.ask_to_stop()
        if self.process is not None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.orphan()

    def logged(self, event: str) -> int:
        """How often it has logged `event` since its last start."""
        with self.log.open("rb") as lines:
            lines.seek(self._started_at)
            return lines.read().count(f'"event": "{event}"'.encode())


@dataclass
class World:
    doubles: Doubles
    broker: Program
    broker_url: str
    service: Program
    workers: dict[str, Program]
    endpoint: Endpoint

    def pipeline(self) -> PipelineClient:
        return PipelineClient(self.endpoint)

    def restore(self) -> None:
        """Everything up again, whatever the test before has done."""
        for gate in self.doubles.gates.values():
            gate.set()
        programs = [self.broker, self.service, *self.workers.values()]
        ended = [
            program for program in programs if program.process is None or program.process.poll() is not None
        ]
        for program in ended:
            program.spawn()
        for program in ended:
            program.wait_until_ready()


@pytest.fixture(scope="module")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("pipeline")
    doubles = Doubles()
    server = grpc.server(ThreadPoolExecutor(max_workers=32))
    fetcher_service_pb2_grpc.add_FetcherServiceServicer_to_server(Fetcher(doubles), server)  # type: ignore[abstract]
    extractor_service_pb2_grpc.add_ExtractorServiceServicer_to_server(Extractor(doubles), server)  # type: ignore[abstract]
    analyzer_service_pb2_grpc.add_AnalyzerServiceServicer_to_server(Analyzer(doubles), server)
    artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server(Artifacts(doubles), server)  # type: ignore[abstract]
    filing_store_service_pb2_grpc.add_FilingStoreServiceServicer_to_server(Store(doubles), server)  # type: ignore[abstract]
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Collector(doubles), server)  # type: ignore[no-untyped-call]
    others = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()

    broker_port, service_port = free_port(), free_port()
    broker_url = f"redis://127.0.0.1:{broker_port}/0"
    endpoint = Endpoint(f"127.0.0.1:{service_port}", plaintext=True)
    launch = valkey(ValkeyRole.BROKER, port=broker_port, directory=folder / "broker")
    assert launch.prepare is not None
    launch.prepare()
    environment = {
        "TENKAY_PIPELINE_INSECURE": "true",
        "TENKAY_PIPELINE_LISTEN_PORT": str(service_port),
        "TENKAY_PIPELINE_DATABASE_URL": f"sqlite:///{folder}/records/jobs.sqlite",
        "TENKAY_PIPELINE_BROKER_URL": broker_url,
        "TENKAY_PIPELINE_PIPELINE_ADDRESS": endpoint.address,
        "TENKAY_PIPELINE_FETCHER_ADDRESS": others,
        "TENKAY_PIPELINE_EXTRACTOR_ADDRESS": others,
        "TENKAY_PIPELINE_ANALYZER_ADDRESS": others,
        "TENKAY_PIPELINE_STORE_ADDRESS": others,
        "TENKAY_PIPELINE_OTLP_ENDPOINT": others,
        "TENKAY_PIPELINE_LEASE_SECONDS": str(LEASE_SECONDS),
        "TENKAY_PIPELINE_HEARTBEAT_SECONDS": str(LEASE_SECONDS / 3),
        "TENKAY_PIPELINE_RECONCILE_SECONDS": "0.5",
        "TENKAY_PIPELINE_RESEND_SECONDS": "2",
        "TENKAY_PIPELINE_FIRST_RETRY_SECONDS": "0.05",
        "TENKAY_PIPELINE_LONGEST_RETRY_SECONDS": "0.5",
        "TENKAY_PIPELINE_PARENT_GONE_SECONDS": "2",
        "TENKAY_PIPELINE_WORKER_METRICS_PORT": "0",
    }

    def is_serving(_: Program) -> bool:
        with PipelineClient(endpoint) as client:
            try:
                client.get_job(job_id="none", timeout=1)
            except NotFound:
                return True
            except TenkayError:
                return False
        return False

    broker = Program(list(launch.argv), {}, folder / "broker.log", lambda _: launch.is_ready())
    service = Program(
        [sys.executable, "-m", "tenkay_pipeline"], environment, folder / "service.log", is_serving
    )
    workers: dict[str, Program] = {}
    for queue in WORLD_QUEUES:
        workers[queue] = Program(
            [sys.executable, "-m", "tenkay_pipeline.worker", "--queue", queue, "--concurrency", "2"],
            environment,
            folder / f"{queue}.log",
            lambda worker: worker.logged("serving") > 0,
        )
    programs = [service, *workers.values()]
    world = World(doubles, broker, broker_url, service, workers, endpoint)
    try:
        broker.start()
        for program in programs:
            program.spawn()
        for program in programs:
            program.wait_until_ready()
        yield world
    finally:
        for gate in doubles.gates.values():
            gate.set()
        for worker in workers.values():
            worker.ask_to_stop()
        for program in (*reversed(programs), broker):
            program.stop()
        server.stop(None).wait()


@pytest.fixture
def world(running_world: World) -> World:
    running_world.restore()
    return running_world


def eventually(condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


_numbers = iter(range(1, 1_000_000))


def new_filings(count: int) -> list[filing_pb2.FilingRef]:
    return [
        filing_pb2.FilingRef(accession_number=f"0000009999-24-{next(_numbers):06d}") for _ in range(count)
    ]


def submit(client: PipelineClient, filings: list[filing_pb2.FilingRef]) -> pb.Job:
    return client.submit_filings(request_id=uuid.uuid4().hex, filings=filings).job


def wait_for(client: PipelineClient, job_id: str) -> tuple[pb.Job, dict[str, pb.JobItem]]:
    """The finished job and its items by accession number."""
    job = pb.Job()
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not job.HasField("finished_at"):
        assert time.monotonic() < give_up_at, f"job {job_id} is not finished: {job.counts}"
        with contextlib.suppress(TenkayError):
            for answer in client.watch_job(job_id=job_id, timeout=WAIT_SECONDS):
                job = answer.job
    items = client.list_job_items(job_id=job_id, page_size=1000).items
    return job, {item.listing.filing.accession_number: item for item in items}


def states(items: Mapping[str, pb.JobItem]) -> Counter[int]:
    return Counter(item.state for item in items.values())


# --- what is promised -----------------------------------------------------------------------------------------------


def test_a_company_is_listed_fetched_extracted_analysed_and_stored_under_one_trace(world: World) -> None:
    trace_id = uuid.uuid4().hex
    with world.pipeline() as client:
        with remote_parent(f"00-{trace_id}-00f067aa0ba902b7-01"):
            submitted = client.submit_filings(request_id=uuid.uuid4().hex, tickers=["acme"]).job
        assert submitted.counts.total == ACME_FILINGS
        job, items = wait_for(client, submitted.id)

    assert states(items) == {pb.ITEM_STATE_STORED: ACME_FILINGS}
    assert job.counts == pb.JobCounts(total=3, fetched=3, extracted=3, stored=3)
    for accession_number, item in items.items():
        assert item.stage == pb.STAGE_ANALYZE
        assert item.listing.company_name == "Acme Inc"
        assert item.sequence == world.doubles.commits["analysis", accession_number]
        # The extractor was given what the listing told.
        assert world.doubles.listings[accession_number].form_type == "10-K"
        assert world.doubles.trace_ids[accession_number] == {trace_id}
    assert job.sequence == max(
        (item.sequence for item in items.values()), key=lambda text: int(text.split(".")[1])
    )


def test_every_stage_of_every_filing_is_in_the_trace_of_its_submission(world: World) -> None:
    trace_id = uuid.uuid4().hex
    filings = new_filings(2)
    with world.pipeline() as client:
        with remote_parent(f"00-{trace_id}-00f067aa0ba902b7-01"):
            job_id = client.submit_filings(request_id=uuid.uuid4().hex, filings=filings).job.id
        wait_for(client, job_id)

    def of_trace() -> dict[str, list[Any]]:
        by_name: dict[str, list[Any]] = {}
        for service, span in tuple(world.doubles.spans):
            if span.trace_id.hex() == trace_id:
                by_name.setdefault(f"{service} {span.name}", []).append(span)
        return by_name

    stages = ("fetch", "extract", "analyze")
    submitted, dispatched = "PipelineService/SubmitFilings", "pipeline.dispatch"
    wanted = {f"tenkay-worker pipeline.{stage}": 2 for stage in stages} | {
        f"tenkay-pipeline tenkay.pipeline.v1.{submitted}": 1,
        f"tenkay-pipeline {dispatched}": 6,
    }
    # Each process sends its spans when it has some together, in no order between the processes.
    eventually(
        lambda: all(len(of_trace().get(name, ())) >= count for name, count in wanted.items()),
        "the spans arrive",
    )
    spans = of_trace()
    assert {name: len(spans[name]) for name in wanted} == wanted
    (submission,) = spans[f"tenkay-pipeline tenkay.pipeline.v1.{submitted}"]
    dispatches = spans[f"tenkay-pipeline {dispatched}"]
    assert {span.parent_span_id for span in dispatches} == {submission.span_id}
    for stage in stages:
        consumed = spans[f"tenkay-worker pipeline.{stage}"]
        assert {span.parent_span_id for span in consumed} < {span.span_id for span in dispatches}


def test_the_cik_found_by_fetching_is_kept(world: World) -> None:
    filings = new_filings(1)
    with world.pipeline() as client:
        _, items = wait_for(client, submit(client, filings).id)
    (item,) = items.values()
    assert item.listing.filing.cik == 77
    assert world.doubles.listings[filings[0].accession_number].filing.cik == 77


def test_a_repeated_submission_is_the_same_job_and_other_arguments_are_refused(world: World) -> None:
    filings = new_filings(2)
    request_id = uuid.uuid4().hex
    with world.pipeline() as client:
        first = client.submit_filings(request_id=request_id, filings=filings).job
        again = client.submit_filings(request_id=request_id, filings=filings).job
        with pytest.raises(InvalidArgument) as refused:
            client.submit_filings(request_id=request_id, filings=filings[:1])
        wait_for(client, first.id)
    assert again.id == first.id
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


def test_an_unknown_company_is_told_and_nothing_is_recorded(world: World) -> None:
    request_id = uuid.uuid4().hex
    filings = new_filings(1)
    with world.pipeline() as client:
        with pytest.raises(NotFound) as refused:
            client.submit_filings(request_id=request_id, tickers=["NONE"], filings=filings)
        assert refused.value.reason is Reason.COMPANY_UNKNOWN
        # Had anything been recorded, the request_id would be taken by other arguments.
        job = client.submit_filings(request_id=request_id, filings=filings).job
        wait_for(client, job.id)


BAD_SUBMISSIONS: list[tuple[dict[str, Any], Reason, str]] = [
    ({}, Reason.INVALID_FIELD, "tickers"),
    ({"tickers": ["not a ticker"]}, Reason.INVALID_FIELD, "tickers[0]"),
    ({"ciks": [0]}, Reason.INVALID_FIELD, "ciks[0]"),
    (
        {"filings": [filing_pb2.FilingRef(accession_number="000000999924000001")]},
        Reason.MALFORMED_ACCESSION_NUMBER,
        "filings[0].accession_number",
    ),
    (
        {"filings": [filing_pb2.FilingRef(accession_number="0000009999-24-000001", cik=10**10)]},
        Reason.INVALID_FIELD,
        "filings[0].cik",
    ),
    ({"ciks": [1], "forms": ["?"]}, Reason.INVALID_FIELD, "forms[0]"),
    ({"ciks": [1], "since": date_pb2.Date(year=2023, month=2, day=29)}, Reason.INVALID_FIELD, "since"),
    ({"filed": pb.FiledRange()}, Reason.INVALID_FIELD, "filed.from"),
]


@pytest.mark.parametrize(("arguments", "reason", "field"), BAD_SUBMISSIONS)
def test_a_wrong_submission_is_refused_by_its_field_and_records_nothing(
    world: World, arguments: dict[str, Any], reason: Reason, field: str
) -> None:
    request_id = uuid.uuid4().hex
    with world.pipeline() as client:
        refused(lambda: client.submit_filings(request_id=request_id, **arguments), reason, field)
        # Had anything been recorded, the request_id would be taken by other arguments.
        job = client.submit_filings(request_id=request_id, filings=new_filings(1)).job
        wait_for(client, job.id)


def test_wrong_questions_about_jobs_are_refused_by_their_field(world: World) -> None:
    with world.pipeline() as client:
        job_id = submit(client, new_filings(1)).id
        wait_for(client, job_id)
        refused(lambda: client.get_job(), Reason.INVALID_FIELD, "job_id")
        refused(lambda: client.get_job(job_id="nobody's"), Reason.JOB_UNKNOWN)
        refused(lambda: list(client.watch_job(job_id="nobody's")), Reason.JOB_UNKNOWN)
        refused(lambda: client.list_job_items(job_id="nobody's"), Reason.JOB_UNKNOWN)
        refused(lambda: client.list_job_items(job_id=job_id, page_size=-1), Reason.INVALID_FIELD, "page_size")
        for token in ("made-up", "x" * 3000, "é"):
            refused(
                lambda token=token: client.list_job_items(job_id=job_id, page_token=token),  # type: ignore[misc]
                Reason.MALFORMED_PAGE_TOKEN,
                "page_token",
            )
        refused(
            lambda: client.list_job_items(job_id=job_id, state=77),  # type: ignore[arg-type]
            Reason.INVALID_FIELD,
            "state",
        )
        refused(lambda: client.get_job(job_id="x" * 5_000_000), Reason.MESSAGE_TOO_LARGE)


def test_a_wrong_lease_is_refused_by_its_field(world: World) -> None:
    right: dict[str, Any] = {
        "job_id": "nobody's",
        "accession_number": "0000009999-24-000001",
        "stage": pb.STAGE_FETCH,
    }
    with WorkerClient(world.endpoint) as worker:
        for change, reason, field in (
            ({"job_id": ""}, Reason.INVALID_FIELD, "job_id"),
            ({"accession_number": "17"}, Reason.MALFORMED_ACCESSION_NUMBER, "accession_number"),
            ({"stage": 77}, Reason.INVALID_FIELD, "stage"),
            ({"worker": ""}, Reason.INVALID_FIELD, "worker"),
        ):
            arguments: dict[str, Any] = right | {"worker": "w"} | change
            refused(lambda a=arguments: worker.acquire_lease(**a), reason, field)  # type: ignore[misc]
        lease = worker_pb.Lease(**right, token=1)
        refused(lambda: worker.heartbeat(), Reason.INVALID_FIELD, "lease.job_id")
        late = worker_pb.Lease(**right, token=1, expires_at=Timestamp(seconds=10**15))
        refused(lambda: worker.heartbeat(lease=late), Reason.INVALID_FIELD, "lease.expires_at")
        refused(lambda: worker.complete_stage(lease=lease, sequence="x"), Reason.MALFORMED_SEQUENCE)
        refused(lambda: worker.fail_stage(lease=lease), Reason.INVALID_FIELD, "reason")


def refused(call: Callable[[], Any], reason: Reason, field: str | None = None) -> None:
    with pytest.raises(TenkayError) as error:
        call()
    assert error.value.reason is reason, error.value
    assert error.value.message
    if field is not None:
        assert [violation.field for violation in error.value.fields] == [field]


def test_items_are_paged_in_the_order_of_submission(world: World) -> None:
    filings = new_filings(5)
    with world.pipeline() as client:
        job_id = submit(client, filings).id
        wait_for(client, job_id)
        seen: list[str] = []
        token = ""
        while True:
            page = client.list_job_items(
                job_id=job_id, state=pb.ITEM_STATE_STORED, page_size=2, page_token=token
            )
            seen += [item.listing.filing.accession_number for item in page.items]
            token = page.next_page_token
            if not token:
                break
            with pytest.raises(InvalidArgument) as refused:
                client.list_job_items(job_id=job_id, page_size=2, page_token=token)
            assert refused.value.reason is Reason.MALFORMED_PAGE_TOKEN
    assert seen == [filing.accession_number for filing in filings]


def test_a_poison_filing_fails_with_its_reason_while_the_others_are_stored(world: World) -> None:
    poison, crashing, hiccup, healthy = new_filings(4)
    doubles = world.doubles
    doubles.fail("extract", poison.accession_number, failure(Reason.SUBMISSION_BINARY, "not text of any era"))
    crash = failure(Reason.EXTRACTION_CRASHED, "the process died")
    doubles.fail("extract", crashing.accession_number, *[crash] * 9)
    doubles.fail(
        "commit_extraction",
        hiccup.accession_number,
        *[failure(Reason.QUEUE_FULL, "come back", retry_after=0.1)] * 3,
    )
    with world.pipeline() as client:
        job, items = wait_for(client, submit(client, [poison, crashing, hiccup, healthy]).id)

    assert job.counts == pb.JobCounts(total=4, fetched=4, extracted=2, stored=2, failed=2)
    failed = items[poison.accession_number]
    assert (failed.state, failed.stage) == (pb.ITEM_STATE_FAILED, pb.STAGE_EXTRACT)
    assert failed.reason == errors_pb2.ERROR_REASON_SUBMISSION_BINARY
    assert failed.detail == "not text of any era"
    assert failed.attempts == 1
    assert items[crashing.accession_number].reason == errors_pb2.ERROR_REASON_EXTRACTION_CRASHED
    assert doubles.calls["extract", crashing.accession_number] == 2
    assert items[hiccup.accession_number].state == pb.ITEM_STATE_STORED
    assert doubles.calls["extract", hiccup.accession_number] == 4
    assert items[hiccup.accession_number].reason == errors_pb2.ERROR_REASON_UNSPECIFIED


def test_a_task_delivered_many_times_is_done_once(world: World) -> None:
    (filing,) = new_filings(1)
    accession_number = filing.accession_number
    gate = world.doubles.hold("fetch", accession_number)
    app = make_app(world.broker_url)
    refused_before = world.service.logged("lease_refused")
    with world.pipeline() as client:
        job_id = submit(client, [filing]).id
        eventually(lambda: world.doubles.calls["fetch", accession_number] == 1, "the fetch begins")
        for stage, name in TASK_NAMES.items():
            for _ in range(4):
                app.send_task(
                    name,
                    kwargs={
                        "job_id": job_id,
                        "accession_number": accession_number,
                        "stage": stage.name,
                        "traceparent": "",
                    },
                )
        app.close()
        eventually(
            lambda: world.service.logged("lease_refused") >= refused_before + 12,
            "every double is refused its lease",
        )
        gate.set()
        _, items = wait_for(client, job_id)
    assert states(items) == {pb.ITEM_STATE_STORED: 1}
    for method in ("fetch", "extract", "put_artifact", "commit_extraction", "analyze", "commit_analysis"):
        assert world.doubles.calls[method, accession_number] == 1, method


def test_a_worker_killed_in_the_middle_of_a_stage_leaves_nothing_behind_and_the_job_finishes(
    world: World,
) -> None:
    filings = new_filings(3)
    accession_number = filings[0].accession_number
    gate = world.doubles.hold("extract", accession_number)
    worker = world.workers["cpu_intensive"]
    with world.pipeline() as client:
        job_id = submit(client, filings).id
        eventually(lambda: world.doubles.calls["extract", accession_number] == 1, "the extraction begins")
        assert worker.process is not None
        children = psutil.Process(worker.process.pid).children()
        assert children
        worker.kill()
        psutil.wait_procs(children, timeout=5)
        assert not any(child.is_running() for child in children)
        gate.set()
        worker.start()
        _, items = wait_for(client, job_id)
    assert states(items) == {pb.ITEM_STATE_STORED: 3}
    assert world.doubles.calls["extract", accession_number] == 2


def test_a_stage_longer_than_a_lease_is_kept_by_heartbeats(world: World) -> None:
    (filing,) = new_filings(1)
    gate = world.doubles.hold("extract", filing.accession_number)
    with world.pipeline() as client:
        job_id = submit(client, [filing]).id
        time.sleep(LEASE_SECONDS * 2)
        gate.set()
        _, items = wait_for(client, job_id)
    assert states(items) == {pb.ITEM_STATE_STORED: 1}
    assert world.doubles.calls["extract", filing.accession_number] == 1


def test_a_worker_that_hung_and_came_back_is_refused(world: World) -> None:
    (filing,) = new_filings(1)
    accession_number = filing.accession_number
    gate = world.doubles.hold("fetch", accession_number)
    worker = world.workers["io_bound"]
    with world.pipeline() as client, WorkerClient(world.endpoint) as other:
        job_id = submit(client, [filing]).id
        eventually(lambda: world.doubles.calls["fetch", accession_number] == 1, "the fetch begins")
        worker.send(signal.SIGSTOP)
        leases: list[Any] = []

        def another_takes_over() -> bool:
            answer = other.acquire_lease(
                job_id=job_id, accession_number=accession_number, stage=pb.STAGE_FETCH, worker="another"
            )
            if answer.HasField("lease"):
                leases.append(answer.lease)
            return bool(leases)

        eventually(another_takes_over, "the lease runs out and is granted again")
        gate.set()
        worker.send(signal.SIGCONT)
        eventually(lambda: worker.logged("lease_lost") > 0, "the first worker is told")
        # What the first one said changed nothing: the stage is still the other one's.
        (item,) = client.list_job_items(job_id=job_id).items
        assert (item.stage, item.state, item.attempts) == (pb.STAGE_FETCH, pb.ITEM_STATE_RUNNING, 2)
        kept = other.heartbeat(lease=leases[0]).lease
        assert kept.expires_at.ToNanoseconds() > leases[0].expires_at.ToNanoseconds()
        other.complete_stage(lease=kept)
        other.complete_stage(lease=kept)
        _, items = wait_for(client, job_id)
    assert states(items) == {pb.ITEM_STATE_STORED: 1}


def test_a_killed_pipeline_service_loses_nothing_that_was_acknowledged(world: World) -> None:
    filings = new_filings(8)
    with world.pipeline() as client:
        job_id = submit(client, filings).id
        world.service.kill()
        world.service.start()
        job, items = wait_for(client, job_id)
    assert states(items) == {pb.ITEM_STATE_STORED: 8}
    assert job.counts.total == 8


def test_a_broker_that_lost_its_data_is_told_again(world: World) -> None:
    filings = new_filings(4)
    worker = world.workers["io_bound"]
    worker.send(signal.SIGTERM)
    assert worker.process is not None
    worker.process.wait(WAIT_SECONDS)
    broker = redis.Redis.from_url(world.broker_url)
    with world.pipeline() as client:
        job_id = submit(client, filings).id
        eventually(lambda: broker.llen(QUEUES[next(iter(QUEUES))]) == 4, "the tasks are in the queue")
        broker.flushall()
        worker.start()
        _, items = wait_for(client, job_id)
    broker.close()
    assert states(items) == {pb.ITEM_STATE_STORED: 4}


def test_a_job_is_acknowledged_while_the_broker_is_down_and_done_when_it_is_back(world: World) -> None:
    filings = new_filings(4)
    with world.pipeline() as client:
        world.broker.kill()
        submitted = submit(client, filings)
        eventually(lambda: world.service.logged("dispatch_put_off") > 0, "the dispatcher notices")
        assert client.get_job(job_id=submitted.id).job.counts == pb.JobCounts(total=4)
        world.broker.start()
        _, items = wait_for(client, submitted.id)
    assert states(items) == {pb.ITEM_STATE_STORED: 4}


def test_workers_end_with_their_supervisor(world: World) -> None:
    workers = [worker for worker in world.workers.values() if worker.process is not None]
    pools = [
        child
        for worker in workers
        if worker.process
        for child in psutil.Process(worker.process.pid).children()
    ]
    assert len(workers) == 3
    assert pools
    for worker in workers:
        worker.orphan()
    for worker in workers:
        assert worker.process is not None
        worker.process.wait(WAIT_SECONDS)
    psutil.wait_procs(pools, timeout=5)
    assert not any(child.is_running() for child in pools)
