"""A worker process: extracts one filing after another, from frames on standard input to frames on standard output.

Started by the pool with `python -m tenkay_extractor.worker BOARD BYTES`: the file descriptor of the page of memory on
which it writes the running signal, and how large it may grow. It imports neither gRPC nor the server kit. It ends when
its standard input does, so it never outlives the pool's process; a filing that holds the interpreter so that this goes
unnoticed is ended by the system's own alarm.

A frame is its length in 8 bytes, big-endian, and a pickle. Both ends are this distribution; nothing else writes them.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import re
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from tenkay_extractor.artifacts import Artifact, artifacts_of
from tenkay_extractor.catalog import Catalog, Category
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.extraction import (
    Blob,
    EarlierFiling,
    Extraction,
    FilingMismatchError,
    Question,
    extract,
    read_filing,
)
from tenkay_extractor.filing_view import EarlierFilingError, FilingView
from tenkay_extractor.identity import FilingIdentity, Listing
from tenkay_extractor.memory_limit import limit_memory
from tenkay_extractor.missing import MissingReason, MissingSignal
from tenkay_extractor.progress import ProgressBoard
from tenkay_extractor.reference_tables import ReferenceTable
from tenkay_extractor.sections import Section
from tenkay_extractor.signals import Failure, Signal
from tenkay_extractor.submission import SubmissionError

LENGTH_BYTES = 8
ALARM_GRACE_SECONDS = 10.0
"""How much longer than its limit a filing may hold a worker whose pool does not kill it, because it is gone."""


@dataclass(frozen=True, slots=True)
class FilingBytes:
    """One filing as it came."""

    blobs: tuple[Blob, ...]
    """The full submission text alone, or single documents with the primary one first."""
    listing: Listing


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """One filing to extract."""

    filing: FilingBytes
    limit_seconds: float
    """Wall-clock limit of the whole filing."""
    signal_seconds: float
    """Wall-clock limit of each signal; the pool's to watch."""
    maximum_bytes: int
    """Largest filing."""
    earlier: tuple[FilingBytes, ...] = ()
    """Filings that EDGAR accepted before this one."""
    earlier_complete_since: date | None = None
    """From which day on `earlier` holds all of its forms; None when nobody says so."""
    categories: frozenset[Category] = frozenset()
    """The only ones to compute; all when empty."""
    with_artifacts: bool = False
    """Whether the facts and texts leave the process too."""
    tables: tuple[ReferenceTable, ...] = ()
    """What signals are computed against that no filing holds; at most one of a kind."""
    without: tuple[MissingSignal, ...] = ()
    """Signals not to compute, with what to answer in their place: those an earlier run was stopped for."""
    without_groups: frozenset[str] = frozenset()
    """Categories that are missing as a whole, because their signals were stopped again and again."""


@dataclass(frozen=True, slots=True)
class TextDigest:
    """A normalised text without its characters."""

    document: str
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class ExtractionSummary:
    """An extraction as it leaves the process: without texts and facts, which are large, unless they were asked for."""

    filing: FilingIdentity
    sections: tuple[Section, ...]
    signals: tuple[Signal, ...]
    missing: tuple[MissingSignal, ...]
    texts: tuple[TextDigest, ...]
    result_key: str
    catalog_version: str
    code_version: str
    fact_count: int
    fact_warnings: tuple[str, ...]
    failures: tuple[Failure, ...]
    content_key: str
    earlier_filings: tuple[EarlierFiling, ...]
    artifacts: tuple[Artifact, ...] = ()


Refusal = SubmissionError | FilingMismatchError | EarlierFilingError | MemoryError
"""Why a filing was not extracted."""


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """What became of a request. Exactly one of the first two is set."""

    summary: ExtractionSummary | None
    refusal: Refusal | None
    cpu_seconds: float
    peak_bytes: int
    """Largest size of the process so far."""


READY = "ready"


def main(catalog: Callable[[], Catalog] = load_catalog) -> None:
    """Serves until standard input ends.

    A program of three lines that calls this with a catalog of its own is a worker with that catalog: give the pool its
    command. That is how signals that misbehave are tested, and how a catalog can be tried that is not the shipped one.
    """
    # Ctrl-C goes to the whole group of a terminal; the pool decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break a frame
    board = ProgressBoard(int(sys.argv[-2]))
    requests: queue.SimpleQueue[ExtractionRequest] = queue.SimpleQueue()
    signals = catalog()
    limit_memory(
        int(sys.argv[-1])
    )  # the pool watches the size too, and is what counts where this is not to be had
    write_frame(answers, READY)
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        write_frame(answers, _answer(requests.get(), signals, board))


def write_frame(stream: BinaryIO, message: object) -> None:
    """Writes one frame."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    stream.flush()


def _read_requests(stream: BinaryIO, requests: queue.SimpleQueue[ExtractionRequest]) -> None:
    try:
        while request := _read_request(stream):
            requests.put(request)
            del request  # a filing's bytes are not kept any longer than the filing
    finally:
        os._exit(0)  # the pool is gone, whatever this process is doing; or the request is too large for it


def _read_request(stream: BinaryIO) -> ExtractionRequest | None:
    length = stream.read(LENGTH_BYTES)
    body = stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else b""
    if not body:
        return None
    request = pickle.loads(body)  # noqa: S301 - written by the pool of this distribution
    if not isinstance(request, ExtractionRequest):
        raise TypeError(f"{type(request).__name__} is no request")
    return request


def _answer(request: ExtractionRequest, catalog: Catalog, board: ProgressBoard) -> WorkerAnswer:
    started = time.process_time()
    summary: ExtractionSummary | None = None
    refusal: Refusal | None = None
    # Left at its default, the alarm ends the process from outside the interpreter.
    signal.setitimer(signal.ITIMER_REAL, request.limit_seconds + ALARM_GRACE_SECONDS)
    try:
        summary = summarise(request, catalog, board)
    except (SubmissionError, FilingMismatchError, EarlierFilingError) as error:
        refusal = error
    except MemoryError:
        refusal = MemoryError()  # a new one: the old one's frames hold the filing
    finally:
        board.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
    return WorkerAnswer(summary, refusal, time.process_time() - started, _peak_bytes())


_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def _peak_bytes() -> int:
    """This program's largest size so far. The system's usual figure is its parent's where that was larger."""
    with contextlib.suppress(OSError):
        if found := _HIGH_WATER.search(Path("/proc/self/status").read_text()):
            return int(found.group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def summarise(request: ExtractionRequest, catalog: Catalog, board: ProgressBoard) -> ExtractionSummary:
    """Extracts in this process. Raises as `extract` does."""
    left_out = _left_out(request, catalog)
    groups = {row.id: row.category.value for row in catalog.signals}
    found = extract(
        request.filing.blobs,
        request.filing.listing,
        catalog,
        Question(
            categories=request.categories,
            earlier=tuple(_read_earlier(each, request, catalog) for each in request.earlier),
            earlier_complete_since=request.earlier_complete_since,
            tables=request.tables,
            left_out={name: missing.reason for name, missing in left_out.items()},
            with_artifacts=request.with_artifacts,
        ),
        maximum_bytes=request.maximum_bytes,
        starting=lambda name: board.write(name, groups[name]),
    )
    summary = summary_of(found)
    return replace(
        summary,
        missing=tuple(left_out.get(each.id, each) for each in summary.missing),
        artifacts=artifacts_of(found) if request.with_artifacts else (),
    )


def summary_of(found: Extraction) -> ExtractionSummary:
    """What leaves the process of an extraction."""
    return ExtractionSummary(
        filing=found.filing,
        sections=found.sections,
        signals=found.signals,
        missing=found.missing,
        texts=tuple(TextDigest(text.document, text.sha256, len(text.text)) for text in found.texts),
        result_key=found.result_key,
        catalog_version=found.catalog_version,
        code_version=found.code_version,
        fact_count=len(found.facts.facts),
        fact_warnings=found.facts.warnings,
        failures=found.failures,
        content_key=found.content_key,
        earlier_filings=found.earlier_filings,
    )


def _read_earlier(earlier: FilingBytes, request: ExtractionRequest, catalog: Catalog) -> FilingView:
    try:
        return read_filing(earlier.blobs, earlier.listing, catalog, maximum_bytes=request.maximum_bytes)
    except SubmissionError as error:
        name = earlier.listing.accession_number or "without a number"
        raise SubmissionError(error.fault, f"the earlier filing {name}: {error}") from error


def _left_out(request: ExtractionRequest, catalog: Catalog) -> dict[str, MissingSignal]:
    of_groups = {
        row.id: MissingSignal(
            row.id,
            MissingReason.EXTRACTOR_TIMEOUT,
            "not computed: other signals of its category were stopped until the filing's time was nearly used up",
        )
        for row in catalog.signals
        if row.category.value in request.without_groups
    }
    return of_groups | {missing.id: missing for missing in request.without}


if __name__ == "__main__":
    # The classes of answers must be those of the module, as the pool knows them, not those of "__main__".
    from tenkay_extractor import worker

    with contextlib.suppress(BrokenPipeError):
        worker.main()
