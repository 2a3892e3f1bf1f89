"""The command line against servers that answer as pipeline, query and fetcher do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import HealthServicer
from grpc_status import rpc_status

from tenkay.cli import ingest as ingest_module
from tenkay.cli.main import main
from tenkay.common.v1.analysis_pb2 import Analysis, FlagSeverity, Rating, RedFlag
from tenkay.common.v1.company_pb2 import CompanySummary, FilingSummary
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.errors_pb2 import ErrorReason
from tenkay.common.v1.filing_pb2 import Filing, FilingListing, FilingRef
from tenkay.common.v1.signal_pb2 import (
    Evidence,
    MissingReason,
    MissingSignal,
    Signal,
    SignalValue,
    TextEvidence,
)
from tenkay.errors import Reason, TenkayError, failure
from tenkay.fetcher.v1 import fetcher_service_pb2 as fetcher_pb
from tenkay.fetcher.v1 import fetcher_service_pb2_grpc as fetcher_grpc
from tenkay.pipeline.v1 import pipeline_service_pb2 as pipeline_pb
from tenkay.pipeline.v1 import pipeline_service_pb2_grpc as pipeline_grpc
from tenkay.query.v1 import query_service_pb2 as query_pb
from tenkay.query.v1 import query_service_pb2_grpc as query_grpc
from tenkay.status import to_status

JOB = "job-7"
STORED = "0001999999-25-000001"
FAILED = "0001999999-25-000002"
CIK = 1999999022


def fail(context: grpc.ServicerContext, error: TenkayError) -> Any:
    context.abort_with_status(rpc_status.to_status(to_status(error)))


def filing(number: str = STORED) -> Filing:
    return Filing(
        accession_number=number,
        cik=CIK,
        form_type="10-K",
        company_name="Quarry Co",
        filed_date=Date(year=2025, month=3, day=14),
    )


@dataclass
class Calls:
    """What the servers were asked."""

    requests: list[Any] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    def note(self, request: Any, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        for key, value in context.invocation_metadata():
            if key == "traceparent":
                self.traces.append(str(value))

    def of(self, kind: type) -> list[Any]:
        return [request for request in self.requests if isinstance(request, kind)]


class Query(query_grpc.QueryServiceServicer):
    """One stored filing, and lists of as many as asked for."""

    listed = 3

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def GetSignals(self, request: Any, context: Any) -> query_pb.GetSignalsResponse:
        self.calls.note(request, context)
        if request.filing.accession_number != STORED:
            fail(
                context, failure(Reason.FILING_UNKNOWN, "no such filing is stored; `tenkay ingest` stores it")
            )
        return query_pb.GetSignalsResponse(
            filing=filing(),
            signals=[
                Signal(
                    id="revenue",
                    value=SignalValue(decimal="1234567"),
                    unit="USD",
                    currency="USD",
                    confidence=0.95,
                    evidence=[Evidence(text=TextEvidence(section="item_8", quote="revenue was"))],
                )
            ],
            missing=[
                MissingSignal(
                    id="cash_runway",
                    reason=MissingReason.MISSING_REASON_CONDITION_NOT_MET,
                    detail="cash flow is positive",
                )
            ],
            version=1,
            as_of_sequence="0.9",
        )

    def GetAnalysis(self, request: Any, context: Any) -> query_pb.GetAnalysisResponse:
        self.calls.note(request, context)
        quote = Evidence(text=TextEvidence(section="item_8", quote="substantial doubt"))
        flag = RedFlag(
            id="going_concern",
            severity=FlagSeverity.FLAG_SEVERITY_CRITICAL,
            cap=25,
            explanation="doubt",
            evidence=[quote],
        )
        return query_pb.GetAnalysisResponse(
            filing=filing(), analysis=Analysis(rating=Rating.RATING_CRITICAL, score=25.0, flags=[flag])
        )

    def GetCompanySummary(self, request: Any, context: Any) -> query_pb.GetCompanySummaryResponse:
        self.calls.note(request, context)
        return query_pb.GetCompanySummaryResponse(
            company=CompanySummary(
                cik=request.cik,
                company_name="Quarry Co",
                latest_annual=FilingSummary(filing=filing(), rating=Rating.RATING_SOUND, score=61.0),
            )
        )

    def ListFilings(self, request: Any, context: Any) -> query_pb.ListFilingsResponse:
        self.calls.note(request, context)
        first = int(request.page_token or 0)
        last = min(first + min(request.page_size, 2), self.listed)
        return query_pb.ListFilingsResponse(
            filings=[
                FilingSummary(filing=filing(f"0001999999-25-{number:06}")) for number in range(first, last)
            ],
            next_page_token=str(last) if last < self.listed else "",
        )

    def ScreenFilings(self, request: Any, context: Any) -> query_pb.ScreenFilingsResponse:
        self.calls.note(request, context)
        if "<<" in request.filter:
            fail(
                context,
                failure(
                    Reason.FILTER_SYNTAX, "column 24: expected a value; compare with < or >", field="filter"
                ),
            )
        ratio = Signal(id="current_ratio", value=SignalValue(double=0.61), unit="ratio")
        return query_pb.ScreenFilingsResponse(filings=[FilingSummary(filing=filing(), signals=[ratio])])


class Pipeline(pipeline_grpc.PipelineServiceServicer):
    """One job of two filings, of which one fails."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.away = 0
        """How many more watches end with UNAVAILABLE."""
        self.hold: threading.Event | None = None
        """What the watch waits for after its first answer."""

    def SubmitFilings(self, request: Any, context: Any) -> pipeline_pb.SubmitFilingsResponse:
        self.calls.note(request, context)
        if "ZZZZ" in request.tickers:
            fail(
                context,
                failure(Reason.COMPANY_UNKNOWN, "EDGAR lists no ticker ZZZZ; give the CIK", field="tickers"),
            )
        return pipeline_pb.SubmitFilingsResponse(job=self._job())

    def GetJob(self, request: Any, context: Any) -> pipeline_pb.GetJobResponse:
        self.calls.note(request, context)
        if request.job_id != JOB:
            fail(context, failure(Reason.JOB_UNKNOWN, f"there is no job {request.job_id}"))
        return pipeline_pb.GetJobResponse(job=self._job(finished=True))

    def WatchJob(self, request: Any, context: Any) -> Iterator[pipeline_pb.WatchJobResponse]:
        self.calls.note(request, context)
        yield pipeline_pb.WatchJobResponse(job=self._job())
        if self.hold is not None:
            self.hold.wait(30)
        if self.away:
            self.away -= 1
            fail(context, failure(Reason.DRAINING, "the server is draining"))
        yield pipeline_pb.WatchJobResponse(job=self._job(finished=True))

    def ListJobItems(self, request: Any, context: Any) -> pipeline_pb.ListJobItemsResponse:
        self.calls.note(request, context)
        stored = pipeline_pb.JobItem(
            listing=FilingListing(filing=FilingRef(accession_number=STORED, cik=CIK)),
            stage=pipeline_pb.STAGE_ANALYZE,
            state=pipeline_pb.ITEM_STATE_STORED,
            attempts=1,
            sequence="0.9",
        )
        failed = pipeline_pb.JobItem(
            listing=FilingListing(filing=FilingRef(accession_number=FAILED), form_type="8-K"),
            stage=pipeline_pb.STAGE_FETCH,
            state=pipeline_pb.ITEM_STATE_FAILED,
            attempts=1,
            reason=ErrorReason.ERROR_REASON_CIK_REQUIRED,
            detail="its folder cannot be told; give CIK:ACCESSION",
        )
        if request.page_token:
            return pipeline_pb.ListJobItemsResponse(items=[failed])
        return pipeline_pb.ListJobItemsResponse(items=[stored], next_page_token="1")

    def _job(self, *, finished: bool = False) -> pipeline_pb.Job:
        counts = pipeline_pb.JobCounts(total=2, fetched=1, extracted=1, stored=int(finished), failed=1)
        return pipeline_pb.Job(
            id=JOB,
            counts=counts,
            finished_at=Timestamp(seconds=1_700_000_000) if finished else None,
            sequence="0.9" if finished else "",
        )


class Fetcher(fetcher_grpc.FetcherServiceServicer):
    """One company."""

    def ResolveCompany(self, request: Any, context: Any) -> fetcher_pb.ResolveCompanyResponse:
        if request.ticker != "QRRY":
            fail(context, failure(Reason.COMPANY_UNKNOWN, f"EDGAR lists no ticker {request.ticker}"))
        return fetcher_pb.ResolveCompanyResponse(cik=CIK, company_name="Quarry Co")


@dataclass
class Services:
    calls: Calls
    query: Query
    pipeline: Pipeline
    arguments: list[str]
    """What tells a command where they are."""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    calls = Calls()
    query, pipeline = Query(calls), Pipeline(calls)  # type: ignore[abstract]
    healthy = HealthServicer()
    for name in ("query.v1.QueryService", "pipeline.v1.PipelineService", "fetcher.v1.FetcherService"):
        healthy.set(f"tenkay.{name}", health_pb2.HealthCheckResponse.SERVING)
    server = grpc.server(ThreadPoolExecutor(16))
    query_grpc.add_QueryServiceServicer_to_server(query, server)
    pipeline_grpc.add_PipelineServiceServicer_to_server(pipeline, server)
    fetcher_grpc.add_FetcherServiceServicer_to_server(Fetcher(), server)  # type: ignore[abstract]
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    named = [f"--address={service}=127.0.0.1:{port}" for service in ("query", "pipeline", "fetcher")]
    yield Services(calls, query, pipeline, ["--insecure", *named])
    if pipeline.hold is not None:
        pipeline.hold.set()
    server.stop(grace=0).wait()


def test_ingest_shows_what_became_of_each_filing(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", "qrry", str(CIK), f"{CIK}:{STORED}", *services.arguments]) == 1
    printed = capsys.readouterr()
    stored, failed = (
        next(row for row in printed.out.splitlines() if number in row) for number in (STORED, FAILED)
    )
    assert "Quarry Co" in stored
    assert "STORED" in stored
    assert "critical 25.0" in stored
    assert "FAILED" in failed
    assert "CIK_REQUIRED: its folder cannot be told; give CIK:ACCESSION" in failed
    assert f"job {JOB}: 2 filings" in printed.err
    assert "fetched 1, extracted 1, stored 1, failed 1 of 2" in printed.err


def test_ingest_submits_what_was_asked_for_under_a_request_id(services: Services) -> None:
    arguments = [
        "qrry",
        str(CIK),
        f"{CIK}/{STORED}",
        FAILED,
        "--forms",
        "10-K, 10-K/A",
        "--since",
        "2024-02-29",
    ]
    main(["ingest", *arguments, "--limit", "5", *services.arguments])
    (request,) = services.calls.of(pipeline_pb.SubmitFilingsRequest)
    assert 8 <= len(request.request_id) <= 64
    assert list(request.tickers) == ["QRRY"]
    assert list(request.ciks) == [CIK]
    assert list(request.filings) == [
        FilingRef(accession_number=STORED, cik=CIK),
        FilingRef(accession_number=FAILED),
    ]
    assert list(request.forms) == ["10-K", "10-K/A"]
    assert request.since == Date(year=2024, month=2, day=29)
    assert request.limit_per_company == 5


def test_ingest_reads_ratings_no_older_than_the_job(services: Services) -> None:
    main(["ingest", "qrry", *services.arguments])
    (request,) = services.calls.of(query_pb.GetAnalysisRequest)
    assert request.min_sequence == "0.9"


def test_all_calls_of_an_ingest_belong_to_one_trace(services: Services) -> None:
    main(["ingest", "qrry", *services.arguments])
    assert len(services.calls.traces) == len(services.calls.requests)
    assert len({trace.split("-")[1] for trace in services.calls.traces}) == 1


def test_ingest_as_json_is_an_object_a_filing(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "qrry", "--json", *services.arguments]) == 1
    stored, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert stored == {
        "job_id": JOB,
        "accession_number": STORED,
        "cik": CIK,
        "company_name": "Quarry Co",
        "form_type": "10-K",
        "filed_date": "2025-03-14",
        "state": "STORED",
        "stage": "ANALYZE",
        "attempts": 1,
        "rating": "CRITICAL",
        "score": 25.0,
        "flags": ["going_concern"],
        "reason": None,
        "detail": None,
        "sequence": "0.9",
    }
    assert (failed["state"], failed["reason"], failed["rating"]) == ("FAILED", "CIK_REQUIRED", None)
    assert failed["score"] is None


def test_ingest_waits_for_a_pipeline_that_went_away(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ingest_module, "LOST_PIPELINE_PAUSE_SECONDS", 0.01)
    services.pipeline.away = 2
    assert main(["ingest", "qrry", *services.arguments]) == 1
    assert STORED in capsys.readouterr().out
    assert len(services.calls.of(pipeline_pb.WatchJobRequest)) == 3


def test_ingest_of_an_unknown_ticker_is_one_line_and_code_1(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", "ZZZZ", *services.arguments]) == 1
    assert capsys.readouterr().err == "tenkay: EDGAR lists no ticker ZZZZ; give the CIK [COMPANY_UNKNOWN]\n"


def test_ctrl_c_leaves_the_job_running_and_says_how_to_see_it(services: Services) -> None:
    services.pipeline.hold = threading.Event()
    with started("ingest", "qrry", *services.arguments) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline(), process.stderr.readline()]  # the job, then its first counts
        assert lines == [f"job {JOB}: 2 filings\n", "fetched 1, extracted 1, stored 0, failed 1 of 2\n"]
        process.send_signal(signal.SIGINT)
        out, rest = process.communicate(timeout=20)
    assert process.returncode == 130
    assert rest == f"tenkay: the job goes on; `tenkay job {JOB} --watch` follows it again\n"
    assert out == ""


def test_a_job_is_shown_with_its_counts(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", JOB, *services.arguments]) == 1
    printed = capsys.readouterr().out
    assert f"job {JOB}, finished 2023-11-14 22:13:20 UTC: 2 filings" in printed
    assert STORED in printed
    assert FAILED in printed


def test_a_job_can_be_followed_again(services: Services) -> None:
    assert main(["job", JOB, "--watch", *services.arguments]) == 1
    assert len(services.calls.of(pipeline_pb.WatchJobRequest)) == 1


def test_an_unknown_job_is_code_1(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "nothing", *services.arguments]) == 1
    assert capsys.readouterr().err == "tenkay: there is no job nothing [JOB_UNKNOWN]\n"


def test_signals_are_shown_with_proof_and_gaps_with_reason(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["signals", STORED, "--signal", "revenue", *services.arguments]) == 0
    printed = capsys.readouterr().out
    assert "1,234,567 USD" in printed
    assert "“revenue was” (item_8" in printed
    assert "condition not met: cash flow is positive" in printed
    (request,) = services.calls.of(query_pb.GetSignalsRequest)
    assert list(request.signal_ids) == ["revenue"]
    assert not request.filing.HasField("cik")


def test_signals_as_json_are_one_document(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", f"{CIK}:{STORED}", "--json", *services.arguments]) == 0
    (text,) = capsys.readouterr().out.splitlines()
    found = json.loads(text)
    assert found["filing"]["accession_number"] == STORED
    (revenue,) = found["signals"]
    assert (revenue["id"], revenue["value"], revenue["currency"]) == ("revenue", "1234567", "USD")
    assert found["missing"] == [
        {"id": "cash_runway", "reason": "CONDITION_NOT_MET", "detail": "cash flow is positive"}
    ]
    assert services.calls.of(query_pb.GetSignalsRequest)[0].filing.cik == CIK


def test_a_filing_that_is_not_stored_is_code_1(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["signals", FAILED, *services.arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "tenkay: no such filing is stored; `tenkay ingest` stores it [FILING_UNKNOWN]\n"


def test_an_analysis_quotes_the_evidence_of_its_flags(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analysis", STORED, *services.arguments]) == 0
    printed = capsys.readouterr().out
    assert "going_concern (critical, caps the score at 25): doubt" in printed
    assert "“substantial doubt” (item_8" in printed


def test_a_company_is_found_by_its_ticker_through_the_fetcher(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["company", "qrry", "--json", *services.arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["company"]["cik"] == CIK
    assert found["company"]["latest_annual"]["rating"] == "SOUND"
    assert found["company"]["latest_quarterly"] is None
    assert main(["company", "NONE", *services.arguments]) == 1


def test_filings_are_paged_to_the_limit(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    services.query.listed = 5
    dates = ["--since", "2024-01-01", "--until", "2024-12-31", "--forms", "10-K"]
    assert (
        main(["filings", "--company", str(CIK), "--limit", "3", "--json", *dates, *services.arguments]) == 0
    )
    printed = capsys.readouterr()
    numbers = [json.loads(row)["filing"]["accession_number"] for row in printed.out.splitlines()]
    assert numbers == [f"0001999999-25-{number:06}" for number in range(3)]
    assert printed.err == "tenkay: there are more than 3; --limit shows more of them\n"
    first, second = services.calls.of(query_pb.ListFilingsRequest)
    assert (first.cik, list(first.forms)) == (CIK, ["10-K"])
    assert (first.filed_from.year, first.filed_to.month) == (2024, 12)
    assert second.page_token == "2"


def test_all_filings_within_the_limit_need_no_hint(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.query.listed = 3
    assert main(["filings", "--limit", "3", *services.arguments]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("Quarry Co") == 3
    assert printed.err == ""


def test_nothing_stored_is_said_in_words(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    services.query.listed = 0
    assert main(["filings", *services.arguments]) == 0
    assert capsys.readouterr().out == "No filing stored here meets this.\n"


def test_a_screen_shows_the_signals_it_compares(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", "signals.current_ratio < 1", "--currency", "USD", *services.arguments]) == 0
    printed = capsys.readouterr().out
    assert "current_ratio" in printed
    assert "0.61" in printed
    (request,) = services.calls.of(query_pb.ScreenFilingsRequest)
    assert (request.filter, request.currency) == ("signals.current_ratio < 1", "USD")


def test_a_wrong_filter_is_code_2_and_says_where(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", "signals.current_ratio << 1", *services.arguments]) == 2
    assert capsys.readouterr().err == (
        "tenkay: column 24: expected a value; compare with < or > [FILTER_SYNTAX]\n"
    )


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(services: Services) -> None:
    services.query.listed = 4000
    with started("filings", "--json", "--limit", "4000", *services.arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["filing"]["form_type"] == "10-K"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=20) == 0


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, which does not outlive the block."""
    command = [sys.executable, "-m", "tenkay.cli.main", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
