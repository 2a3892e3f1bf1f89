"""Take every recorded 10-K, 10-Q and 8-K through the whole path, and count what became of each.

    python scripts/ingest_corpus.py [--edgar DIR] [--var DIR] [--markdown FILE] [--json FILE]

DIR is a folder in EDGAR's layout with a MANIFEST.jsonl (default: TENKAY_TEST_EDGAR, then ../shared/edgar). A stack of
its own is started on it and stopped at the end. Filings that the quarterly indexes list are submitted by days;
the others by accession number and CIK, as the manifest gives them. The script fails (exit status 1) unless each filing
ends as stored, or as failed with a reason of the closed list.
"""

from __future__ import annotations

import argparse
import collections
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `scripts`, which is no distribution

from rich.console import Console
from rich.table import Table

from scripts.recorded_documents import is_recorded_folder, manifest, named_folder
from tenkay.client import Endpoint
from tenkay.client.pipeline import PipelineClient
from tenkay.client.query import QueryClient
from tenkay.common.v1 import errors_pb2
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.errors import NotFound
from tenkay.pipeline.v1 import pipeline_service_pb2 as pipeline
from tenkay.stack.commands import down, up
from tenkay.stack.options import StackOptions
from tenkay.stack.stack_file import StackFile

FORMS = ("10-K", "10-Q", "8-K")
BYTES = ("full_submission", "primary_doc")
ROOT = Path(__file__).resolve().parent.parent
ERAS = ((1993, 2000), (2001, 2008), (2009, 2018), (2019, 9999))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A filing of the manifest."""

    accession_number: str
    cik: int
    form_type: str
    year: int
    """Of filing: from the manifest, else from the accession number."""

    @property
    def era(self) -> str:
        """The span of years whose filings are alike."""
        first, last = next(span for span in ERAS if span[0] <= self.year <= span[1])
        return f"{first}-{last}" if last < 9999 else f"{first}+"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a filing."""

    filing: Recorded
    state: str
    """STORED, FAILED or something that should not be."""
    reason: str
    """Of the closed list; empty when stored."""
    detail: str
    seen_form: str
    """The form type as stored; empty when not known or not stored."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edgar", type=Path, default=named_folder(), help="folder of recorded filings")
    parser.add_argument("--var", type=Path, help="folder of the stack (default: a temporary one)")
    parser.add_argument("--markdown", type=Path, help="write the tables here too")
    parser.add_argument("--json", type=Path, help="write one object a filing and line here")
    options = parser.parse_args()
    if not is_recorded_folder(options.edgar):
        print(f"{options.edgar} has no MANIFEST.jsonl; name the folder with --edgar", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        var = options.var or Path(scratch)
        filings = read_manifest(options.edgar)
        status = up(StackOptions(var_dir=var, edgar_mirror=options.edgar), detach=True)
        if status != 0:
            return status
        started = time.monotonic()
        try:
            outcomes = take_through(var, filings, listed_days(options.edgar))
        finally:
            down(var)
        seconds = time.monotonic() - started
    if options.json:
        options.json.write_text("".join(json.dumps(as_object(each)) + "\n" for each in outcomes))
    tables = [by_form_and_era(outcomes), by_reason(outcomes)]
    console = Console()
    for table in tables:
        console.print(table)
    console.print(f"{len(outcomes)} filings in {seconds:.0f} s")
    if options.markdown:
        options.markdown.write_text("\n".join(markdown(table) for table in tables))
    wrong = [each for each in outcomes if not ended_well(each)]
    for each in wrong:
        console.print(f"neither stored nor failed for a reason: {each}")
    return 1 if wrong or len(outcomes) != len(filings) else 0


def read_manifest(edgar: Path) -> list[Recorded]:
    """Every 10-K, 10-Q and 8-K that is there as a full submission or a primary document."""
    found: dict[tuple[int, str], Recorded] = {}
    for entry in manifest(edgar):
        accession_number = entry.get("accession")
        if entry["kind"] in BYTES and entry.get("form") in FORMS and accession_number:
            year = int(str(entry.get("filed") or "")[:4] or century(int(accession_number[11:13])))
            key = (entry["cik"], accession_number)
            found.setdefault(key, Recorded(accession_number, entry["cik"], entry["form"], year))
    return list(found.values())


def century(two_digits: int) -> int:
    """The year of an accession number's two digits: EDGAR began in 1993."""
    return two_digits + (1900 if two_digits >= 93 else 2000)


def listed_days(edgar: Path) -> dict[tuple[int, str], str]:
    """Day of filing (ISO) by CIK and accession number, for filings that the quarterly indexes list."""
    rows = (edgar / "reconstructed" / "form-index-rows.jsonl").read_text().splitlines()
    listed = {}
    for line in rows:
        row = json.loads(line)
        listed[row["cik"], row["file"].rpartition("/")[2].removesuffix(".txt")] = row["date"]
    return listed


def take_through(var: Path, filings: list[Recorded], days: dict[tuple[int, str], str]) -> list[Outcome]:
    """Submit the filings, wait for the jobs, and ask the store's readers what is there."""
    stack = StackFile.read(var)
    if stack is None:
        raise SystemExit("the stack ended before the filings were submitted")
    by_key = {(each.cik, each.accession_number): each for each in filings}
    years = sorted({int(days[key][:4]) for key in by_key if key in days})
    items: dict[str, pipeline.JobItem] = {}
    with (
        PipelineClient(Endpoint(stack.addresses["pipeline"], plaintext=True)) as jobs,
        QueryClient(Endpoint(stack.addresses["query"], plaintext=True), floor=jobs.floor) as query,
    ):
        submitted = []
        for year in years:
            filed = pipeline.FiledRange(to=Date(year=year, month=12, day=31))
            getattr(filed, "from").CopyFrom(Date(year=year, month=1, day=1))
            answer = jobs.submit_filings(request_id=secrets.token_hex(8), filed=filed, forms=FORMS)
            submitted.append(answer.job.id)
        unlisted = [
            FilingRef(accession_number=each.accession_number, cik=each.cik)
            for key, each in by_key.items()
            if key not in days
        ]
        answer = jobs.submit_filings(request_id=secrets.token_hex(8), filings=unlisted)
        submitted.append(answer.job.id)
        for job in submitted:
            for _ in jobs.watch_job(job_id=job):
                pass
            for item in job_items(jobs, job):
                items[item.listing.filing.accession_number] = item
        return [outcome(each, items.get(each.accession_number), query) for each in filings]


def job_items(jobs: PipelineClient, job_id: str) -> Iterator[pipeline.JobItem]:
    """All items of a job."""
    token = ""
    while True:
        page = jobs.list_job_items(job_id=job_id, page_size=1000, page_token=token)
        yield from page.items
        token = page.next_page_token
        if not token:
            return


def outcome(filing: Recorded, item: pipeline.JobItem | None, query: QueryClient) -> Outcome:
    """What became of `filing`: stored only if a reader gets it."""
    if item is None:
        return Outcome(filing, "NOT SUBMITTED", "", "", "")
    state = pipeline.ItemState.Name(item.state).removeprefix("ITEM_STATE_")
    reason = errors_pb2.ErrorReason.Name(item.reason).removeprefix("ERROR_REASON_")
    if state == "STORED":
        try:
            ref = FilingRef(accession_number=filing.accession_number)
            stored = query.get_filing(filing=ref).filing
            query.get_analysis(filing=ref)
        except NotFound as error:
            return Outcome(filing, "STORED BUT NOT READABLE", error.reason, error.message, "")
        return Outcome(filing, state, "", "", stored.form_type)
    return Outcome(filing, state, reason, item.detail, "")


def ended_well(each: Outcome) -> bool:
    """Stored, or failed with a reason that a caller can act on."""
    return each.state == "STORED" or (
        each.state == "FAILED" and each.reason not in ("UNSPECIFIED", "INTERNAL", "EXTRACTION_CRASHED")
    )


def by_form_and_era(outcomes: Iterable[Outcome]) -> Table:
    """Counts by form and era: stored of all."""
    counts: dict[tuple[str, str], collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for each in outcomes:
        counts[each.filing.form_type, each.filing.era][each.state] += 1
    eras = sorted({era for _, era in counts})
    table = Table(title="Stored / all, by form and years of filing")
    for heading in ("form", *eras, "all"):
        table.add_column(heading)
    for form in FORMS:
        row = [counts[form, era] for era in eras]
        total = sum(row, collections.Counter[str]())
        table.add_row(form, *(f"{c['STORED']} / {c.total()}" for c in [*row, total]))
    return table


def by_reason(outcomes: Iterable[Outcome]) -> Table:
    """Counts by state and reason, with an example of each."""
    groups: dict[tuple[str, str], list[Outcome]] = collections.defaultdict(list)
    for each in outcomes:
        groups[each.state, each.reason].append(each)
    table = Table(title="Outcomes by reason")
    for heading in ("state", "reason", "filings", "example"):
        table.add_column(heading)
    for (state, reason), members in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        example = "" if state == "STORED" else f"{members[0].filing.accession_number}: {members[0].detail}"
        table.add_row(state, reason, str(len(members)), example)
    return table


def markdown(table: Table) -> str:
    """The table for a document."""
    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    rows = [
        "| " + " | ".join(str(column.header) for column in table.columns) + " |",
        "|" + "---|" * len(table.columns),
        *("| " + " | ".join(row) + " |" for row in zip(*cells, strict=True)),
    ]
    return f"{table.title}:\n\n" + "\n".join(rows) + "\n"


def as_object(each: Outcome) -> dict[str, object]:
    """For programs."""
    return {
        "accession_number": each.filing.accession_number,
        "cik": each.filing.cik,
        "form_type": each.filing.form_type,
        "year": each.filing.year,
        "state": each.state,
        "reason": each.reason or None,
        "detail": each.detail or None,
        "seen_form_type": each.seen_form or None,
    }


if __name__ == "__main__":
    sys.exit(main())
