"""Cached reads against a null RPC of the same server: throughput, CPU time and latency, from h2load in alternation.

Both methods get the same request and answer with about as many bytes, through the same wrapper, with metrics on and 1
% of the calls traced to a receiver that is there. Every call is accounted for: the server must have counted as many
OKs of the method, and hits of the level that is measured, as h2load made calls, the answers' bytes must add up, and
another client reads the answer before and after each round.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import h2load
import psutil
import query_with_null
from query_stack import QueryStack, StackPlan
from span_receiver import SpanReceiver

from tenkay.client import Endpoint
from tenkay.client.store import FilingStoreClient
from tenkay.common.v1 import extraction_pb2, filing_pb2, signal_pb2
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.query.v1 import query_service_pb2 as pb
from tests.integration.running_services import Service

READ = "/tenkay.query.v1.QueryService/GetSignals"
ANSWER_BYTES = 4096
"""The answer that is read has at least so many, and few more."""
IN_FLIGHT = (16, 64)
ROUND_SECONDS, ROUND_SECONDS_QUICK = 1.5, 0.4
PAIRS, PAIRS_QUICK = 12, 3
WARM_CALLS = 1000
SAMPLE_RATIO = "0.01"


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one method."""

    load: h2load.LoadRound
    cpu_seconds: float

    @property
    def cpu_microseconds(self) -> float:
        """Of the server, for a call."""
        return self.cpu_seconds / self.load.calls * 1e6


@dataclass(frozen=True, slots=True)
class Pair:
    """A round of the null RPC and one of the read, one after the other."""

    null: Measured
    read: Measured


def near(store: Path, folder: Path, *, quick: bool) -> dict[str, float]:
    """Figures of reads from the process's own memory."""
    figures: dict[str, float] = {}
    pairs = _pairs(store, folder / "near", "process", {}, quick=quick)
    for in_flight, rounds in pairs.items():
        figures[f"l1_throughput_x_{in_flight}"] = _median(
            rounds, lambda p: p.read.load.rate / p.null.load.rate
        )
    every = [pair for rounds in pairs.values() for pair in rounds]
    figures["l1_cpu_x"] = _median(every, lambda p: p.read.cpu_microseconds / p.null.cpu_microseconds)
    figures["l1_p99_x"] = max(
        _median(rounds, lambda p: p.read.load.percentile_ms(0.99) / p.null.load.percentile_ms(0.99))
        for rounds in pairs.values()
    )
    figures["l1_p50_ms"] = _median(pairs[16], lambda p: p.read.load.percentile_ms(0.5))
    figures["null_calls_a_second"] = _median(every, lambda p: p.null.load.rate)
    figures["null_cpu_us"] = _median(every, lambda p: p.null.cpu_microseconds)
    figures["l1_cpu_us"] = _median(every, lambda p: p.read.cpu_microseconds)
    return figures


def redis(store: Path, folder: Path, *, quick: bool) -> dict[str, float]:
    """Figures of reads from Redis, by a process that keeps nothing itself."""
    pairs = _pairs(
        store, folder / "redis", "redis", {"near_entries": "0", "redis_timeout_seconds": "1"}, quick=quick
    )
    every = [pair for rounds in pairs.values() for pair in rounds]
    return {
        "redis_throughput_x": _median(every, lambda p: p.read.load.rate / p.null.load.rate),
        "redis_cpu_x": _median(every, lambda p: p.read.cpu_microseconds / p.null.cpu_microseconds),
        "redis_p50_ms": _median(pairs[16], lambda p: p.read.load.percentile_ms(0.5)),
    }


def _median(pairs: list[Pair], figure: Callable[[Pair], float]) -> float:
    return round(statistics.median(figure(pair) for pair in pairs), 3)


def _pairs(
    store: Path, folder: Path, level: str, settings: dict[str, str], *, quick: bool
) -> dict[int, list[Pair]]:
    """The pairs of rounds by calls in flight."""
    folder.mkdir(parents=True)
    answer_file = folder / "null-answer"
    answer_file.write_bytes(bytes(ANSWER_BYTES))
    os.environ[query_with_null.ANSWER_FILE] = str(answer_file)
    with SpanReceiver() as receiver:
        plan = StackPlan(
            folder,
            query_processes=1,
            store_folder=store,
            query_program=(query_with_null.__file__,),
            query_settings={
                "otlp_endpoint": f"127.0.0.1:{receiver.port}",
                "trace_sample_ratio": SAMPLE_RATIO,
                **settings,
            },
        )
        with QueryStack(plan) as stack:
            reads = _Reads(stack.queries[0], level, folder)
            reads.prepare(commit_small_filing(stack.store.endpoint))
            rounds = {
                in_flight: reads.alternate(
                    in_flight,
                    PAIRS_QUICK if quick else PAIRS,
                    ROUND_SECONDS_QUICK if quick else ROUND_SECONDS,
                )
                for in_flight in IN_FLIGHT
            }
        if receiver.count() == 0:
            raise RuntimeError("no span has arrived: tracing was not on")
    return rounds


def commit_small_filing(store: Endpoint) -> FilingRef:
    """Commits a filing whose signals make an answer of a little more than ANSWER_BYTES."""
    filing = filing_pb2.Filing(
        accession_number="1800000001-24-000001",
        cik=1_800_000_001,
        form_type="10-K",
        company_name="Small Answer Works",
        source=filing_pb2.FILING_SOURCE_FULL_SUBMISSION,
    )
    extraction = extraction_pb2.Extraction(
        filing=filing, result_key=f"{1:064x}", catalog_version="1", code_version="1", fact_count=1
    )
    while extraction.ByteSize() < ANSWER_BYTES:
        number = len(extraction.signals)
        value = str(1_000_000 + number)
        fact = signal_pb2.FactEvidence(
            concept=f"small_answer_{number}",
            element="us-gaap:Revenues",
            context_id="c-1",
            unit="USD",
            value=value,
        )
        extraction.signals.append(
            signal_pb2.Signal(
                id=f"small_answer_{number}",
                category=signal_pb2.SIGNAL_CATEGORY_FINANCIAL,
                value=signal_pb2.SignalValue(decimal=value),
                unit="USD",
                currency="USD",
                confidence=0.95,
                evidence=[signal_pb2.Evidence(fact=fact)],
            )
        )
    with FilingStoreClient(store) as client:
        client.commit_extraction(extraction=extraction)
    return FilingRef(accession_number=filing.accession_number, cik=filing.cik)


class _Reads:
    """Rounds against one query process."""

    def __init__(self, service: Service, level: str, folder: Path) -> None:
        self._service = service
        self._level = level
        self._folder = folder
        self._request_file = folder / "request"
        self._process = psutil.Process(service.pid)
        self._request = pb.GetSignalsRequest()
        self._expected = pb.GetSignalsResponse()

    def prepare(self, filing: FilingRef) -> None:
        """Asks for the filing's signals until they come from the level that is measured."""
        self._request = pb.GetSignalsRequest(filing=filing)
        self._expected, body = self._ask(self._request)
        if not ANSWER_BYTES <= len(body) <= ANSWER_BYTES * 1.1:
            raise RuntimeError(f"the answer has {len(body)} bytes")
        h2load.write_request(self._request_file, self._request.SerializeToString())
        for _ in range(100):
            before = self._hits()
            self._ask(self._request)
            if self._hits() == before + 1:
                return
        raise RuntimeError(f"no answer came from {self._level}")

    def alternate(self, in_flight: int, pairs: int, seconds: float) -> list[Pair]:
        """So many pairs of rounds; the order within a pair changes, so that a drift favours neither."""
        self._null(WARM_CALLS, in_flight)
        self._read(WARM_CALLS, in_flight)
        calls = int(self._null(WARM_CALLS, in_flight).load.rate * seconds)
        measured = []
        for number in range(pairs):
            if number % 2:
                read = self._read(calls, in_flight)
                null = self._null(calls, in_flight)
            else:
                null = self._null(calls, in_flight)
                read = self._read(calls, in_flight)
            measured.append(Pair(null, read))
        return measured

    def _null(self, calls: int, in_flight: int) -> Measured:
        return self._round(query_with_null.METHOD, calls, in_flight, ANSWER_BYTES)

    def _read(self, calls: int, in_flight: int) -> Measured:
        _, body = self._ask(self._request)
        before = self._hits()
        measured = self._round(READ, calls, in_flight, len(body))
        missing = before + calls - self._hits()
        if missing:
            errors = self._service.metric("tenkay_query_redis_errors_total")
            raise RuntimeError(
                f"{missing:.0f} of {calls} answers did not come from {self._level}; {errors:.0f} errors of Redis"
            )
        self._ask(self._request)
        return measured

    def _round(self, method: str, calls: int, in_flight: int, answer_bytes: int) -> Measured:
        before, answered = self._process.cpu_times(), self._answered(method)
        measured = h2load.load(
            self._service.address,
            method,
            self._request_file,
            calls=calls,
            in_flight=in_flight,
            folder=self._folder,
        )
        after = self._process.cpu_times()
        if self._answered(method) != answered + calls:
            raise RuntimeError(f"not all calls of {method} were answered with OK")
        if measured.data_bytes != calls * (5 + answer_bytes):
            raise RuntimeError(f"{measured.data_bytes} bytes of answers, not {calls} times {answer_bytes}")
        return Measured(measured, after.user + after.system - before.user - before.system)

    def _answered(self, method: str) -> float:
        return self._service.metric(
            "tenkay_rpc_server_seconds_count", method=method.rpartition("/")[2], code="OK"
        )

    def _hits(self) -> float:
        return self._service.metric("tenkay_query_answers_total", outcome="hit", level=self._level)

    def _ask(self, request: pb.GetSignalsRequest) -> tuple[pb.GetSignalsResponse, bytes]:
        """The answer, checked against the first one if it is the request that is measured."""
        with grpc.insecure_channel(self._service.address) as channel:
            call = channel.unary_unary(READ, request_serializer=bytes, response_deserializer=bytes)
            body = call(request.SerializeToString(), timeout=10)
        answer = pb.GetSignalsResponse.FromString(body)
        if self._expected.signals and request == self._request:
            answer.as_of_sequence = self._expected.as_of_sequence
            if answer != self._expected:
                raise RuntimeError("the answer has changed")
        return answer, body
