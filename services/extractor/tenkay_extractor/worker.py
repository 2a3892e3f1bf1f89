"""A worker process: extracts one filing after another, from frames on standard input to frames on standard output.

Started by the pool with `python -m tenkay_extractor.worker`. It imports neither gRPC nor the server kit. It ends when
its standard input does, so it never outlives the pool's process; a filing that holds the interpreter so that this goes
unnoticed is ended by the system's own alarm.

A frame is its length in 8 bytes, big-endian, and a pickle. Both ends are this distribution; nothing else writes them.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import BinaryIO

from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.extraction import Blob, FilingMismatchError, extract
from tenkay_extractor.identity import FilingIdentity, Listing
from tenkay_extractor.missing import MissingSignal
from tenkay_extractor.sections import Section
from tenkay_extractor.signals import Failure, Signal
from tenkay_extractor.submission import SubmissionError

LENGTH_BYTES = 8
ALARM_GRACE_SECONDS = 10.0
"""How much longer than its limit a filing may hold a worker whose pool does not kill it, because it is gone."""


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """One filing to extract."""

    blobs: tuple[Blob, ...]
    listing: Listing
    limit_seconds: float
    maximum_bytes: int


@dataclass(frozen=True, slots=True)
class TextDigest:
    """A normalised text without its characters."""

    document: str
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class ExtractionSummary:
    """An extraction as it leaves the process: without texts and facts, which are large and not asked for."""

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


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """What became of a request. Exactly one of the first two is set."""

    summary: ExtractionSummary | None
    refusal: SubmissionError | FilingMismatchError | None
    cpu_seconds: float
    peak_bytes: int
    """Largest size of the process so far."""


READY = "ready"


def main() -> None:
    """Serves until standard input ends."""
    # Ctrl-C goes to the whole group of a terminal; the pool decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break a frame
    requests: queue.SimpleQueue[ExtractionRequest] = queue.SimpleQueue()
    load_catalog()
    write_frame(answers, READY)
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        write_frame(answers, _answer(requests.get()))


def write_frame(stream: BinaryIO, message: object) -> None:
    """Writes one frame."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    stream.flush()


def _read_requests(stream: BinaryIO, requests: queue.SimpleQueue[ExtractionRequest]) -> None:
    while True:
        length = stream.read(LENGTH_BYTES)
        body = stream.read(int.from_bytes(length, "big")) if len(length) == LENGTH_BYTES else b""
        if not body:
            os._exit(0)  # the pool is gone, whatever this process is doing
        requests.put(pickle.loads(body))  # noqa: S301 - written by the pool of this distribution


def _answer(request: ExtractionRequest) -> WorkerAnswer:
    started = time.process_time()
    summary: ExtractionSummary | None = None
    refusal: SubmissionError | FilingMismatchError | None = None
    # Left at its default, the alarm ends the process from outside the interpreter.
    signal.setitimer(signal.ITIMER_REAL, request.limit_seconds + ALARM_GRACE_SECONDS)
    try:
        summary = summarise(request)
    except (SubmissionError, FilingMismatchError) as error:
        refusal = error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    return WorkerAnswer(summary, refusal, time.process_time() - started, peak_bytes)


def summarise(request: ExtractionRequest) -> ExtractionSummary:
    """Extracts in this process. Raises as `extract` does."""
    found = extract(request.blobs, request.listing, maximum_bytes=request.maximum_bytes)
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
    )


if __name__ == "__main__":
    # The classes of answers must be those of the module, as the pool knows them, not those of "__main__".
    from tenkay_extractor import worker

    with contextlib.suppress(BrokenPipeError):
        worker.main()
