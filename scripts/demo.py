"""The whole path once, with made-up companies: what `make demo` runs.

Samples are written, the local stack is started on them, they are ingested and asked about, and the stack is stopped.
Everything is below var/demo, which is made anew each time. The stack hangs on this process: however it ends, the stack
ends too.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# Read when grpc is imported: a server that went away is reported by the demo, not by gRPC's own log.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from rich.console import Console
from rich.text import Text

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # for `samples`, which is no distribution

from samples.library import generate  # noqa: E402
from samples.truth import FilingTruth, Truth  # noqa: E402
from tenkay.cli import tables  # noqa: E402
from tenkay.cli.addresses import Addresses, pipeline_client, query_client  # noqa: E402
from tenkay.cli.failures import ExitCode, error_line, exit_code  # noqa: E402
from tenkay.cli.filing_results import FilingResult, read_results  # noqa: E402
from tenkay.cli.ingest import follow_job, submit  # noqa: E402
from tenkay.cli.selectors import TickerSelector  # noqa: E402
from tenkay.client import SequenceFloor  # noqa: E402
from tenkay.client.query import QueryClient  # noqa: E402
from tenkay.client.store import ArtifactClient  # noqa: E402
from tenkay.common.v1.analysis_pb2 import Rating  # noqa: E402
from tenkay.common.v1.filing_pb2 import FilingRef  # noqa: E402
from tenkay.errors import TenkayError  # noqa: E402
from tenkay.query.v1 import query_service_pb2, query_service_pb2_grpc  # noqa: E402
from tenkay.stack.errors import StackError  # noqa: E402
from tenkay.stack.launch import Launch, running  # noqa: E402
from tenkay.stack.stack_file import StackFile, is_running  # noqa: E402

VAR = Path("var") / "demo"
FORMS = ("10-K", "10-K/A", "10-Q", "8-K")
DISTRESS_SIGNAL = "going_concern_doubt"
SCREEN = 'form_type = "10-K" AND signals.current_ratio < 1.5'
AROUND_CHARACTERS = 200
"""Of the text before a sentence that is shown in its place."""
COLD_RUNS = 20
"""Filings whose signals are asked for, for the first time."""
CACHED_RUNS_EACH = 5
"""Times each of them is asked for again."""
START_SECONDS = 120.0
STOP_SECONDS = 60.0
OLD_STACK_SECONDS = 30.0
"""How long the stack of a demo that was killed may take to end."""


class DemoError(Exception):
    """Something did not come out as it must; the message says what."""


def main() -> int:
    console = tables.console()
    try:
        run(console, VAR)
    except KeyboardInterrupt:
        console.print("\nStopped, and the stack with it.")
        return ExitCode.INTERRUPTED
    except DemoError as error:
        print(f"demo: {error} (logs: {VAR / 'log'})", file=sys.stderr)
        return ExitCode.NOT_DONE
    except (StackError, TenkayError) as error:
        print(f"{error_line(error)} (logs: {VAR / 'log'})", file=sys.stderr)
        return exit_code(error)
    return ExitCode.OK


def run(console: Console, var: Path) -> None:
    """The demo, with all it keeps below `var`."""
    times = TimeLine()
    with times.step("samples written"):
        make_room(var)
        truth = generate(var / "edgar")
    console.print(
        f"{len(truth.filings)} filings of {len(truth.companies)} made-up companies are in {var / 'edgar'}."
    )
    with local_stack(console, var, times):
        show_path(console, Addresses(var=var), truth, times)
    times.show(console)


def make_room(var: Path) -> None:
    """Removes what the demo before left; waits for its stack, which may still be stopping when it was killed."""
    deadline = time.monotonic() + OLD_STACK_SECONDS
    while is_running(var):
        if time.monotonic() > deadline:
            raise DemoError(f"a stack is running in {var}: `tenkay down --var {var}` stops it")
        time.sleep(0.1)
    shutil.rmtree(var, ignore_errors=True)
    (var / "log").mkdir(parents=True, exist_ok=True)


@contextmanager
def local_stack(console: Console, var: Path, times: TimeLine) -> Iterator[None]:
    """`tenkay up` on the samples, ready while the block runs, gone after it or after this process."""

    def is_ready() -> bool:
        stack = StackFile.read(var)
        return stack is not None and stack.is_ready

    supervisor = Launch(
        name="stack",
        argv=(
            *(sys.executable, "-m", "tenkay.cli.main", "up"),
            *("--var", str(var), "--edgar-mirror", str(var / "edgar")),
        ),
        is_ready=is_ready,
        stop_grace_seconds=STOP_SECONDS,
    )
    log = var / "log" / "supervisor.log"
    stack = ExitStack()
    with times.step("stack started"), console.status("Starting the stack …"):
        stack.enter_context(running(supervisor, log, timeout_seconds=START_SECONDS))
    try:
        started = StackFile.read(var)
        parts = 0 if started is None else len(started.children)
        console.print(f"The stack is up: {parts} programs in {times.last:.1f} s.")
        yield
    finally:
        with times.step("stack stopped"), console.status("Stopping the stack …"):
            stack.close()


def show_path(console: Console, addresses: Addresses, truth: Truth, times: TimeLine) -> None:
    """What there is to see while the stack runs."""
    floor = SequenceFloor()
    with pipeline_client(addresses, floor) as pipeline, query_client(addresses, floor) as query:
        heading(console, "Ingest")
        with times.step("filings ingested"):
            job = submit(pipeline, [TickerSelector(each.ticker) for each in truth.companies], FORMS, None, 0)
            job = follow_job(
                pipeline, job.id, sleep=lambda seconds: wait_for_pipeline(seconds, addresses.var)
            )
        with times.step("ratings read"):
            results = read_results(pipeline, query, job.id)
        show_results(console, results)
        if len(results) != len(truth.filings):
            raise DemoError(f"{len(truth.filings)} filings were written and {len(results)} were ingested")
        with times.step("companies, flags and screen read"):
            show_companies(console, query, truth)
            distressed = newest_distressed(truth.filings)
            show_flags(console, query, distressed)
            with ArtifactClient(addresses.endpoint("store"), floor=floor) as artifacts:
                show_source(console, query, artifacts, distressed)
            show_screen(console, query)
    with times.step("latency measured"):
        refs = [FilingRef(accession_number=each.accession_number, cik=each.cik) for each in truth.filings]
        show_latency(console, addresses, refs)


def wait_for_pipeline(seconds: float, var: Path) -> None:
    """Leaves the pipeline time to come back, which it does only as long as the stack runs."""
    time.sleep(seconds)
    if not is_running(var):
        raise DemoError("the stack ended in the middle of the ingest")


def show_results(console: Console, results: Sequence[FilingResult]) -> None:
    """How many filings of each form were stored, and every one that was not."""
    stored = Counter(result.form_type for result in results if result.is_stored)
    counts = ", ".join(f"{count} {form}" for form, count in sorted(stored.items()))
    console.print(f"{stored.total()} of {len(results)} filings are stored: {counts}.")
    failed = [result for result in results if not result.is_stored]
    if failed:
        console.print(tables.results(failed))


def show_companies(console: Console, query: QueryClient, truth: Truth) -> None:
    """The companies with the ratings of their newest reports."""
    heading(console, "Companies", "tenkay company TICKER")
    table = tables.table("Company", "Ticker", "Newest 10-K", "Rating", "Newest 10-Q's", "Red flags")
    for company in truth.companies:
        found = query.get_company_summary(cik=company.cik).company
        flags = dict.fromkeys([*found.latest_annual.flag_ids, *found.latest_quarterly.flag_ids])
        table.add_row(
            found.company_name,
            company.ticker,
            found.latest_annual.filing.accession_number,
            tables.rating(found.latest_annual),
            tables.rating(found.latest_quarterly),
            ", ".join(flags) or "—",
        )
    console.print(table)


def newest_distressed(filings: Sequence[FilingTruth]) -> FilingTruth:
    """The newest annual report that was written with going-concern language."""
    distressed = [
        filing
        for filing in filings
        if filing.form == "10-K"
        and DISTRESS_SIGNAL in filing.signals
        and filing.signals[DISTRESS_SIGNAL].value is True
    ]
    return max(distressed, key=lambda filing: filing.filed_on)


def show_flags(console: Console, query: QueryClient, filing: FilingTruth) -> None:
    """The filing's red flags with the sentences that prove them."""
    heading(console, "The distressed company", f"tenkay analysis {filing.accession_number}")
    answer = query.get_analysis(filing=FilingRef(accession_number=filing.accession_number, cik=filing.cik))
    console.print(tables.filing_heading(answer.filing))
    console.print(tables.rating_line(answer.analysis))
    for part in tables.flags(answer.analysis.flags):
        console.print(part)
    if not answer.analysis.flags or answer.analysis.rating in (Rating.RATING_STRONG, Rating.RATING_SOUND):
        raise DemoError(f"{filing.accession_number} was written in distress, and is not rated so")


def show_source(console: Console, query: QueryClient, artifacts: ArtifactClient, filing: FilingTruth) -> None:
    """A sentence of evidence where it stands, and the filing's facts, both as the store keeps them."""
    heading(console, "Evidence in its source", "ArtifactService.ReadText, GetFacts")
    ref = FilingRef(accession_number=filing.accession_number, cik=filing.cik)
    answer = query.get_signals(filing=ref, signal_ids=[DISTRESS_SIGNAL])
    passage = next(
        each.text for signal in answer.signals for each in signal.evidence if each.HasField("text")
    )
    around = "".join(
        part.text
        for part in artifacts.read_text(
            filing=ref,
            sha256=passage.text_sha256,
            start=max(passage.start - AROUND_CHARACTERS, 0),
            end=passage.end,
        )
    )
    quote = around[-(passage.end - passage.start) :]
    if quote != passage.quote:
        raise DemoError(f"the store's text of {filing.accession_number} is not what its evidence quotes")
    before = around[: -len(quote)].replace("\n", " ")
    console.print(Text.assemble(f"… {before}", (quote, "bold")))
    parts = list(artifacts.get_facts(filing=ref))
    whole = sum(not fact.dimensions for part in parts for fact in part.facts)
    console.print(
        f"{parts[0].fact_count:,} facts are kept with it, {whole:,} of them of the company as a whole."
    )


def show_screen(console: Console, query: QueryClient) -> None:
    """The filings that meet one filter."""
    heading(console, "A screen", f"tenkay screen '{SCREEN}'")
    found = query.screen_filings(filter=SCREEN).filings
    ids = list(dict.fromkeys(signal.id for each in found for signal in each.signals))
    console.print(tables.filings(found, ids))


def show_latency(console: Console, addresses: Addresses, filings: Sequence[FilingRef]) -> None:
    """How long query takes for a filing's signals: asked for the first time, and again."""
    heading(console, "Cold against cached", "QueryService.GetSignals, one call at a time")
    cold: list[float] = []
    cached: list[float] = []
    sizes: list[int] = []
    with grpc.insecure_channel(addresses.endpoint("query").address) as channel:
        stub = query_service_pb2_grpc.QueryServiceStub(channel)
        # The connection is made by a call that does not count.
        stub.GetFiling(query_service_pb2.GetFilingRequest(filing=filings[0]), timeout=10)
        for filing in filings[:COLD_RUNS]:
            request = query_service_pb2.GetSignalsRequest(filing=filing)
            for wanted in ("miss", *["hit"] * CACHED_RUNS_EACH):
                started = time.perf_counter()
                answer, call = stub.GetSignals.with_call(request, timeout=10)
                seconds = time.perf_counter() - started
                was = dict(call.trailing_metadata()).get("tenkay-cache")
                if was != wanted:
                    raise DemoError(f"query's cache said {was!r} where a {wanted} was due")
                (cold if wanted == "miss" else cached).append(seconds)
                sizes.append(answer.ByteSize())
    table = tables.table("Answer from", "Cache said", ">Runs", ">Median", ">Slowest")
    for name, said, runs in (("the store", "miss", cold), ("the cache", "hit", cached)):
        table.add_row(name, said, str(len(runs)), f"{median(runs) * 1e3:.2f} ms", f"{max(runs) * 1e3:.2f} ms")
    console.print(table)
    console.print(
        f"Cached is {median(cold) / median(cached):.1f} times as fast; an answer has {median(sizes) / 1024:.0f} KiB."
    )


def heading(console: Console, title: str, command: str = "") -> None:
    """The title of a part, with the command that shows the same."""
    hint = f"   {command}" if command else ""
    console.print()
    console.print(Text.assemble((title, "bold"), (hint, "dim")))


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the demo and how long it took."""

    name: str
    began: float
    """Seconds after the demo's start."""
    seconds: float


class TimeLine:
    """How long each part took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._steps: list[Step] = []

    @property
    def last(self) -> float:
        """Seconds that the last step took."""
        return self._steps[-1].seconds

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times the block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._steps.append(Step(name, began - self._started, time.monotonic() - began))

    def show(self, console: Console) -> None:
        """All steps, and the time from start to end."""
        heading(console, "Time line")
        table = tables.table(">At", ">Took", "")
        for step in self._steps:
            table.add_row(f"{step.began:.1f} s", f"{step.seconds:.1f} s", step.name)
        console.print(table)
        console.print(f"In all {time.monotonic() - self._started:.1f} s.")


if __name__ == "__main__":
    sys.exit(main())
