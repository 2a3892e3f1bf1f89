"""The recorded EDGAR folder through the mirror and the fetcher: every filing, list and index of it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.filing_lists import Selection
from tenkay_fetcher.filings import FilingName, Source
from tenkay_fetcher.form_index import IndexSelection, read_form_index
from tests.integration.fetcher.conftest import Fetcher, MakeFetcher
from tests.integration.fetcher.edgar_doubles import mirrored

pytestmark = pytest.mark.edgar

FORMS = frozenset({"10-K", "10-K/A", "10-K405", "10KSB", "10-Q", "10-Q/A", "8-K", "8-K/A"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A filing of the recordings' manifest."""

    cik: int
    accession_number: str
    full_submission: str | None
    """Its sha256."""
    primary_documents: frozenset[str]
    """Their sha256."""


@pytest.fixture(scope="module")
def recorded_url(edgar_folder: Path) -> Iterator[str]:
    with mirrored(edgar_folder) as url:
        yield url


@pytest.fixture
async def fetcher(recorded_url: str, make_fetcher: MakeFetcher) -> Fetcher:
    return await make_fetcher(recorded_url)


def soon() -> Deadline:
    return Deadline.after(60)


def entries(folder: Path) -> list[dict[str, Any]]:
    with (folder / "MANIFEST.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


def recorded_filings(folder: Path) -> list[Recorded]:
    full: dict[tuple[int, str], str] = {}
    primary: dict[tuple[int, str], set[str]] = {}
    for entry in entries(folder):
        if entry.get("form") not in FORMS or not entry["path"].startswith("Archives/"):
            continue
        key = (entry["cik"], entry["accession"])
        if entry["kind"] == "full_submission":
            full[key] = entry["sha256"]
        elif entry["kind"] == "primary_doc":
            primary.setdefault(key, set()).add(entry["sha256"])
    return [
        Recorded(cik, number, full.get((cik, number)), frozenset(primary.get((cik, number), ())))
        for cik, number in sorted({*full, *primary})
    ]


async def test_every_recorded_filing_is_ensured_with_its_very_bytes(
    edgar_folder: Path, fetcher: Fetcher
) -> None:
    filings = recorded_filings(edgar_folder)
    workers = asyncio.Semaphore(8)

    async def ensure(filing: Recorded) -> str:
        async with workers:
            name = FilingName(filing.accession_number, filing.cik)
            manifest, _ = await fetcher.filings.ensure(name, soon())
        held = manifest.documents[0].sha256
        if manifest.source is Source.FULL_SUBMISSION:
            assert held == filing.full_submission
            return "full submission"
        return "primary document" if held in filing.primary_documents else f"other: {filing.accession_number}"

    ways = Counter(await asyncio.gather(*(ensure(filing) for filing in filings)))
    print(dict(ways))
    assert set(ways) == {"full submission", "primary document"}
    assert ways.total() == len(filings) > 400


async def test_every_recorded_company_list_is_read_as_far_as_it_is_recorded(
    edgar_folder: Path, fetcher: Fetcher
) -> None:
    files = {file.name.removesuffix(".gz") for file in (edgar_folder / "submissions").iterdir()}
    ciks = [int(name[3:13]) for name in files if "-submissions-" not in name]
    cut_off = 0
    zones: Counter[str] = Counter()
    for cik in ciks:
        submissions = await fetcher.directory.submissions(cik, soon())
        assert submissions is not None
        everything = fetcher.lists.list_filings(cik, Selection(), after=None, limit=10_000, deadline=soon())
        if {page.name for page in submissions.overflow} <= files:
            rows, more = await everything
            assert not more
        else:
            with pytest.raises(TenkayError, match="is missing"):
                await everything
            rows, _ = await fetcher.lists.list_filings(
                cik, Selection(), after=None, limit=100, deadline=soon()
            )
            cut_off += 1
        assert len({row.accession_number for row in rows}) == len(rows)
        company = await fetcher.directory.by_cik(cik, soon())
        assert company.name
        known = [row for row in rows if row.accepted_at is not None]
        zones["told" if known else "not told"] += 1
        for row in known:
            assert row.accepted_at is not None
            # Papers of the SEC's staff are put into EDGAR long after their day.
            by_staff = row.accession_number.startswith(("0000000000", "999999999"))
            assert by_staff or abs((row.accepted_at.date() - row.filed_date).days) < 12
    assert (len(ciks), cut_off) == (18, 3)
    assert zones["told"] >= 12


async def test_tickers_lead_to_companies(fetcher: Fetcher) -> None:
    apple = await fetcher.directory.by_ticker("AAPL", soon())
    assert (apple.cik, apple.name, apple.sic_code) == (320193, "Apple Inc.", 3571)
    assert apple.tickers == ("AAPL",)
    tesla = await fetcher.directory.by_cik(1318605, soon())
    assert tesla.former_names == ("TESLA MOTORS INC",)


async def test_acceptance_agrees_with_the_submission_headers(fetcher: Fetcher) -> None:
    """Read off the headers' ACCEPTANCE-DATETIME (Eastern): one list of each kind."""
    for cik, number, accepted in (
        (1796129, "0001193125-25-068723", "2025-03-31T20:02:05+00:00"),
        (1766140, "0001213900-21-035033", "2021-06-30T19:56:04+00:00"),
    ):
        listing = await fetcher.lists.find(cik, number, soon())
        assert listing is not None
        assert listing.accepted_at is not None
        assert listing.accepted_at.isoformat() == accepted


async def test_all_rows_of_the_form_indexes_are_discovered(edgar_folder: Path, fetcher: Fetcher) -> None:
    with (edgar_folder / "reconstructed" / "form-index-rows.jsonl").open() as lines:
        expected = Counter(
            (row["form"], row["cik"], row["date"], row["file"][-24:-4], row["company"])
            for row in map(json.loads, lines)
        )
    found: Counter[tuple[str, int, str, str, str]] = Counter()
    for year in range(1993, 2027):
        selection = IndexSelection(date(year, 1, 1), date(year, 12, 31))
        async for batch in fetcher.lists.discover(selection, soon()):
            found.update(
                (row.form_type, row.cik, row.filed_date.isoformat(), row.accession_number, row.company_name)
                for row in batch
            )
    assert found == expected
    assert found.total() == 409


def test_a_whole_daily_index_and_odd_ones_are_read(edgar_folder: Path) -> None:
    everything = IndexSelection(date(1993, 1, 1), date(2099, 1, 1))
    daily = gzip.decompress(
        (edgar_folder / "Archives/edgar/daily-index/2020/QTR1/form.20200318.idx.gz").read_bytes()
    )
    rows = read_form_index(io.BytesIO(daily), everything)
    assert len(rows) == len([line for line in daily.splitlines()[10:] if line.strip()])
    # An index of one day has late entries for others.
    assert Counter(row.filed_date for row in rows).most_common(1)[0] == (date(2020, 3, 18), 3940)
    captures = edgar_folder / "captures"
    for capture, count in (("full-index-empty", 0), ("full-index-malformed", 10)):
        with (captures / capture / "form.idx").open("rb") as odd:
            assert len(read_form_index(odd, everything)) == count


async def test_what_edgar_does_not_have_is_typed(fetcher: Fetcher) -> None:
    with pytest.raises(TenkayError) as failed:
        await fetcher.filings.ensure(FilingName("0000320193-24-999999", 320193), soon())
    assert failed.value.reason is Reason.FILING_UNKNOWN
    with pytest.raises(TenkayError) as failed:
        await fetcher.directory.by_cik(1, soon())
    assert failed.value.reason is Reason.COMPANY_UNKNOWN
