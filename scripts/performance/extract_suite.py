"""What an extraction costs, in parses: CPU time against one lexbor parse of the same bytes, same process, same run.

Measured are the 10-K, 10-KSB and 10-Q filings of the recorded EDGAR folder (`recorded_filings.py`), each as its full
submission text or, where only that is there, its primary document; `--quick` takes a sample of all sizes.

One parse is `selectolax.lexbor.LexborHTMLParser` over the bytes of every HTML, inline XBRL and plain-text document of
the filing, one after the other, the trees let go: for a single document that document, for a submission its primary
document and its exhibits, not its header, pictures or XML. Plain text has no tags, so its parse builds no tree and
costs about a tenth of what HTML of the same size does; ratios of such filings are high for it. They are counted like
all others, and the worst of them is shown apart.

Whoever is timed fills memory that is fresh from the system, as in a process that has just started: before each, the
allocator gives back what is free. A parse spends half its time on that. Left alone, the allocator keeps more or less
memory from one filing to the next, by chance, and the same parse takes 4.5 or 10 ms and the same extraction 68 or 80.

For each filing a parse and an extraction are timed in turn, several times (`time.process_time`), and the ratio is that
of the medians. Catalog and interpreter are warm, as in a worker. Stages are timed inside the same extractions.

Figures
    total_x_median, total_x_worst   everything `extract` does / a parse, over all filings
    html_total_x_worst, plain_total_x_worst   the worst by what the primary document is written in
    text_x_median      normalised texts and their sections / a parse, over all filings
    facts_x_median     reading all facts / a parse, over the filings that have facts (in others nothing is read)
    split_x_median     taking the submission or document apart / a parse
    phrases_x_median   the passes over its texts for the triggers of all sentence patterns / a parse
    memory_of_bound    worst over filings, each in a worker process of its own: (largest resident size while it
                       extracts - resident size when warm) / (20 MB + 15 x the bytes sent); 1 MB is 10**6 bytes
    worker_base_mb     resident size of a warm worker, median
    import_s           CPU seconds to import all that a worker imports, in a new interpreter, median
    vs_datamule_x      datamule's items / our whole extraction, median over every fourth filing, HTML ones only
    vs_edgartools_x    edgartools' sections / our whole extraction, median over the same
    filings            how many were measured

The peers are given the primary document, warm, in processes of their own, between our extractions. Their best time
counts and their items' or sections' texts are not asked for; of ours the median counts, for the whole filing with facts
and signals. A peer that `make peers` has not installed has no figure.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
from peer import give_memory_back
from peer_processes import PeerEndedError, PeerProcess
from recorded_filings import MeasuredFiling, reports, spread
from selectolax.lexbor import LexborHTMLParser

from tenkay_extractor import extraction
from tenkay_extractor.extraction import MAXIMUM_BYTES, Blob, Extraction, extract
from tenkay_extractor.identity import Listing, primary_document
from tenkay_extractor.phrase_scan import PhraseScanner
from tenkay_extractor.pool import PoolLimits, WorkerPool
from tenkay_extractor.submission import Document, Markup, SubmissionError, SubmissionFault, split_submission
from tenkay_extractor.worker import ExtractionRequest, FilingBytes

PARSED = (Markup.HTML, Markup.INLINE_XBRL, Markup.TEXT)
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "split": ((extraction, "split_submission"),),
    "facts": ((extraction, "read_inline_facts"), (extraction, "read_instance_facts")),
    "text": tuple((extraction, name) for name in ("normalise", "find_sections", "find_audit_reports")),
    "phrases": ((PhraseScanner, "scan"),),
}
"""Name of a stage and the functions that are it, with the module or class that holds them. None calls another."""
PEERS = ("datamule", "edgartools")
REPEATS, REPEATS_QUICK = 4, 3
PEER_REPEATS, PEER_REPEATS_QUICK = 2, 1
SAMPLE_QUICK = 12
PEER_EVERY, PEER_EVERY_QUICK = 4, 2
"""Of so many filings one goes to the peers, which take most of the time."""
STOPS_QUICK = (20.0, 33.0, 43.0)
"""Seconds from the start after which no further filing is extracted, shown to the peers, given to a worker."""
PEER_SECONDS, PEER_SECONDS_QUICK = 7200.0, 42.0
"""After so long a peer is killed."""
MEGABYTE = 1_000_000
FILING_SECONDS = 600.0


Result = TypeVar("Result")


@dataclass(slots=True)
class Measured:
    """CPU seconds of one filing, a list entry a repetition."""

    primary: Document
    parse: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    has_facts: bool = False

    def ratio(self, seconds: Sequence[float]) -> float:
        """To a parse, of the medians."""
        return statistics.median(seconds) / statistics.median(self.parse)


def run(quick: bool, note: Callable[[str], None]) -> dict[str, float]:
    """The suite's figures."""
    started = time.monotonic()
    stops = [started + seconds if quick else float("inf") for seconds in STOPS_QUICK]
    filings = reports(note)
    chosen = spread(filings, SAMPLE_QUICK if quick else len(filings))
    with ExitStack() as stack:
        peers = {
            name: stack.enter_context(PeerProcess(name, PEER_SECONDS_QUICK if quick else PEER_SECONDS))
            for name in PEERS
            if PeerProcess.is_installed(name)
        }
        for name in PEERS:
            if name not in peers:
                note(f"vs_{name}_x is absent: {name} is not installed here, `make peers` does that")
        figures = _import_figure(3 if quick else 9)
        repeats = REPEATS_QUICK if quick else REPEATS
        measured = _each("extractions", chosen, lambda filing: _measure(filing, repeats), stops[0], note)
        compared = _each(
            "peers",
            chosen[:: PEER_EVERY_QUICK if quick else PEER_EVERY],
            lambda filing: _compare(filing, peers, PEER_REPEATS_QUICK if quick else PEER_REPEATS, note),
            stops[1],
            note,
        )
    largest_first = sorted(chosen, key=lambda filing: -filing.size)
    memory = _each("memory", largest_first, _worker_memory, stops[2], note)
    figures |= _cpu_figures(measured) | _peer_figures(compared, note) | _memory_figures(memory)
    note(f"{len(measured)} of {len(filings)} filings measured")
    return {name: round(value, 4) for name, value in figures.items()}


def _each(
    what: str,
    filings: Sequence[MeasuredFiling],
    work: Callable[[MeasuredFiling], Result],
    stop: float,
    note: Callable[[str], None],
) -> list[Result]:
    """`work` on the first filing and, until `stop`, on those after it."""
    results: list[Result] = []
    for number, filing in enumerate(filings):
        if results and time.monotonic() > stop:
            note(f"{what}: time was up after {number} of {len(filings)} filings")
            break
        try:
            results.append(work(filing))
        except SubmissionError as error:
            note(f"{what}: {filing.name} is left out: {error}")
    return results


def _measure(filing: MeasuredFiling, repeats: int) -> Measured:
    blobs = [Blob(filing.read(), filing.filename)]
    split = split_submission(blobs[0].content, filing.filename)
    parsed = [document.content for document in split.documents if document.markup in PARSED]
    primary = primary_document(split.documents, split.header, "")
    if primary is None or not parsed:
        raise SubmissionError(SubmissionFault.MALFORMED, "it has no document that can be parsed")
    one = Measured(primary)
    extracted = _extract(blobs)  # once unmeasured: the first touches memory that the process then keeps
    one.has_facts = bool(extracted.facts.facts)
    for _ in range(repeats):
        one.parse.append(_cpu(lambda: [LexborHTMLParser(content) for content in parsed].clear()))
        with _stages() as stages:
            one.total.append(_cpu(lambda: _extract(blobs)))
        for name, seconds in stages.items():
            one.stages.setdefault(name, []).append(seconds)
        one.parse.append(_cpu(lambda: [LexborHTMLParser(content) for content in parsed].clear()))
    return one


def _extract(blobs: Sequence[Blob]) -> Extraction:
    return extract(blobs, Listing(), refuse_another_filing=False)


def _cpu(work: Callable[[], object]) -> float:
    """CPU seconds, those of letting go of the result among them."""
    give_memory_back()
    started = time.process_time()
    result = work()
    del result
    return time.process_time() - started


@contextmanager
def _stages() -> Iterator[dict[str, float]]:
    """CPU seconds by stage of the extractions inside."""
    seconds = dict.fromkeys(STAGES, 0.0)
    originals = [(owner, name, getattr(owner, name)) for held in STAGES.values() for owner, name in held]

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **named: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                seconds[stage] += time.process_time() - started

        return measured

    try:
        for stage, held in STAGES.items():
            for owner, name in held:
                setattr(owner, name, timed(stage, getattr(owner, name)))
        yield seconds
    finally:
        for owner, name, function in originals:
            setattr(owner, name, function)


def _compare(
    filing: MeasuredFiling, peers: dict[str, PeerProcess], repeats: int, note: Callable[[str], None]
) -> dict[str, float]:
    """By peer: its CPU time for the filing's primary document / that of our extraction of the filing."""
    blobs = [Blob(filing.read(), filing.filename)]
    split = split_submission(blobs[0].content, filing.filename)
    primary = primary_document(split.documents, split.header, "")
    if primary is None or primary.markup is Markup.TEXT:
        return {}
    _extract(blobs)
    ours: list[float] = []
    theirs: dict[str, list[float]] = {}
    form = "10-Q" if re.match("10-?Q", filing.form_type) else "10-K"
    for _ in range(repeats):
        for name, peer in tuple(peers.items()):
            ours.append(_cpu(lambda: _extract(blobs)))
            try:
                seconds = peer.cpu_seconds(primary.content, form)
            except PeerEndedError as error:
                note(f"{name} was not asked about {filing.name} and what came after it: {error}")
                del peers[name]
                continue
            if seconds is None:
                note(f"{name} fails on {filing.name}")
            else:
                theirs.setdefault(name, []).append(seconds)
            ours.append(_cpu(lambda: _extract(blobs)))
    return {name: min(seconds) / statistics.median(ours) for name, seconds in theirs.items()}


def _cpu_figures(measured: Sequence[Measured]) -> dict[str, float]:
    if not measured:
        return {"filings": 0}
    totals = [(one.ratio(one.total), one.primary.markup is Markup.TEXT) for one in measured]
    stages = {
        "text_x_median": [one.ratio(one.stages["text"]) for one in measured],
        "facts_x_median": [one.ratio(one.stages["facts"]) for one in measured if one.has_facts],
        "phrases_x_median": [one.ratio(one.stages["phrases"]) for one in measured],
        "split_x_median": [one.ratio(one.stages["split"]) for one in measured],
    }
    worst = {
        "html_total_x_worst": [total for total, plain in totals if not plain],
        "plain_total_x_worst": [total for total, plain in totals if plain],
    }
    return {
        "filings": len(measured),
        "total_x_median": statistics.median(total for total, _ in totals),
        "total_x_worst": max(total for total, _ in totals),
        **{name: max(ratios) for name, ratios in worst.items() if ratios},
        **{name: statistics.median(ratios) for name, ratios in stages.items() if ratios},
    }


def _peer_figures(compared: Sequence[dict[str, float]], note: Callable[[str], None]) -> dict[str, float]:
    figures = {}
    for name in PEERS:
        ratios = [ratio for one in compared if (ratio := one.get(name))]
        if ratios:
            figures[f"vs_{name}_x"] = statistics.median(ratios)
            note(f"vs_{name}_x is over {len(ratios)} filings: {min(ratios):.1f} to {max(ratios):.1f}")
    return figures


def _import_figure(repeats: int) -> dict[str, float]:
    program = (
        "import time; t = time.process_time(); import tenkay_extractor.worker; print(time.process_time() - t)"
    )
    runs = [
        float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout)
        for _ in range(repeats)
    ]
    return {"import_s": statistics.median(runs)}


def _memory_figures(measured: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    if not measured:
        return {}
    return {
        "memory_of_bound": max((peak - base) / (20 * MEGABYTE + 15 * size) for size, base, peak in measured),
        "worker_base_mb": statistics.median(base / MEGABYTE for _, base, _ in measured),
    }


def _worker_memory(filing: MeasuredFiling) -> tuple[int, int, int]:
    """Bytes of the filing, resident bytes of a new warm worker, and the most it had while it extracted."""
    return asyncio.run(_extract_in_worker(Blob(filing.read(), filing.filename)))


async def _extract_in_worker(blob: Blob) -> tuple[int, int, int]:
    limits = PoolLimits(workers=1, waiting=0, filings_per_worker=2, worker_bytes=1 << 40)
    request = ExtractionRequest(
        filing=FilingBytes((blob,), Listing()),
        limit_seconds=FILING_SECONDS,
        signal_seconds=FILING_SECONDS,
        maximum_bytes=MAXIMUM_BYTES,
    )
    async with WorkerPool(limits) as pool:
        worker = next(
            child for child in psutil.Process().children() if "tenkay_extractor.worker" in child.cmdline()
        )
        _forget_largest_size(worker.pid)
        base = _status_bytes(worker.pid, "VmRSS")
        answer = await pool.extract(request)
        if answer.summary is None:  # a filing that is refused needs little memory
            raise RuntimeError(f"the worker refused a filing: {answer.refusal}")
        return len(blob.content), base, _status_bytes(worker.pid, "VmHWM")


def _forget_largest_size(pid: int) -> None:
    """What start-up needed for a moment is no filing's."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_bytes(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the system does not tell {name} of process {pid}")
    return int(found.group(1)) * 1024
