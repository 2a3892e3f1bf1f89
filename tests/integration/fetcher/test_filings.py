"""Filings, companies and lists over the mirror as a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tenkay.errors import Reason, TenkayError
from tenkay.stack.edgar_mirror import form_index
from tenkay_fetcher.company_directory import CompanyDirectory
from tenkay_fetcher.deadline import Deadline
from tenkay_fetcher.edgar_urls import EdgarUrls
from tenkay_fetcher.filing_lists import Position, Selection, position_of
from tenkay_fetcher.filings import FilingName, Source
from tenkay_fetcher.form_index import IndexSelection
from tests.integration.fetcher.conftest import Fetcher, MakeFetcher, MakeHttp
from tests.integration.fetcher.edgar_doubles import EdgarTree, Reply, ScriptedEdgar, columns

CIK = 1999000001
NUMBER = "0001999000-24-000007"
SUBMISSION = b"<SEC-DOCUMENT>0001999000-24-000007.txt : 20240301\n" + b"made up\n" * 50_000
INLINE = b'<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><body>annual report</body></html>'
PLAIN = b"<html><body>annual report</body></html>"


@pytest.fixture
async def fetcher(tree: EdgarTree, mirror_url: str, make_fetcher: MakeFetcher) -> Fetcher:
    return await make_fetcher(mirror_url)


def soon() -> Deadline:
    return Deadline.after(10)


def content_of(fetcher: Fetcher, sha256: str) -> bytes:
    return b"".join(fetcher.blobs.read(sha256))


def asked(fetcher: Fetcher) -> list[str]:
    """The last parts of the addresses asked for since the last look."""
    parts = ["/".join(url.split("/")[-2:]) for url in fetcher.edgar.urls]
    fetcher.edgar.urls.clear()
    return parts


@pytest.mark.parametrize("in_folder", [False, True])
async def test_a_full_submission_is_one_blob_and_is_asked_for_once(
    tree: EdgarTree, fetcher: Fetcher, make_fetcher: MakeFetcher, mirror_url: str, in_folder: bool
) -> None:
    folder = f"{NUMBER.replace('-', '')}/" if in_folder else ""
    tree.put(f"Archives/edgar/data/{CIK}/{folder}{NUMBER}.txt", SUBMISSION, compressed=True)
    manifest, fetched = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert fetched
    assert (manifest.source, manifest.cik) == (Source.FULL_SUBMISSION, CIK)
    (document,) = manifest.documents
    assert document.sha256 == hashlib.sha256(SUBMISSION).hexdigest()
    assert document.size_bytes == len(SUBMISSION)
    assert content_of(fetcher, document.sha256) == SUBMISSION
    assert len(asked(fetcher)) == 1
    # Held: the CIK is not needed, EDGAR is not asked, also by another process over the same disk.
    for other in (fetcher, await make_fetcher(mirror_url)):
        assert await other.filings.ensure(FilingName(NUMBER), soon()) == (manifest, False)
        assert asked(other) == []


async def test_many_who_ask_at_once_cost_one_request(tree: EdgarTree, fetcher: Fetcher) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    answers = await asyncio.gather(
        *(fetcher.filings.ensure(FilingName(NUMBER, CIK), soon()) for _ in range(20))
    )
    assert len({manifest for manifest, _ in answers}) == 1
    assert len(asked(fetcher)) == 1


async def test_the_filing_is_under_the_second_form_of_the_address(make_fetcher: MakeFetcher) -> None:
    missing = Reply("404 Not Found", body=b"<Error><Code>NoSuchKey</Code></Error>")
    async with ScriptedEdgar(missing, Reply(body=SUBMISSION)) as edgar:
        fetcher = await make_fetcher(edgar.url)
        manifest, _ = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert manifest.source is Source.FULL_SUBMISSION
    undashed = NUMBER.replace("-", "")
    assert asked(fetcher) == [f"{CIK}/{NUMBER}.txt", f"{undashed}/{NUMBER}.txt"]


async def test_without_a_cik_nothing_is_guessed_and_nothing_is_asked(fetcher: Fetcher) -> None:
    with pytest.raises(TenkayError, match="give the CIK") as failed:
        await fetcher.filings.ensure(FilingName(NUMBER), soon())
    assert failed.value.reason is Reason.CIK_REQUIRED
    assert asked(fetcher) == []


async def test_an_unknown_filing_is_asked_for_again_each_time(tree: EdgarTree, fetcher: Fetcher) -> None:
    for _ in range(2):
        with pytest.raises(TenkayError, match=f"no filing {NUMBER} under CIK {CIK}") as failed:
            await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
        assert failed.value.reason is Reason.FILING_UNKNOWN
        assert len(asked(fetcher)) == 3
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    _, fetched = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert fetched


async def test_documents_are_taken_when_there_is_no_full_submission(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    tree.put_submissions(
        CIK,
        [
            {
                "accessionNumber": NUMBER,
                "filingDate": "2024-03-01",
                "form": "10-K",
                "primaryDocument": "main.htm",
            }
        ],
    )
    tree.put_document(CIK, NUMBER, "main.htm", INLINE)
    tree.put_document(CIK, NUMBER, "larger.htm", PLAIN * 100)
    tree.put_document(CIK, NUMBER, "main_htm.xml", b"<xbrl/>")
    manifest, fetched = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert fetched
    assert manifest.source is Source.DOCUMENTS
    assert [(document.filename, document.type) for document in manifest.documents] == [("main.htm", "10-K")]
    assert content_of(fetcher, manifest.documents[0].sha256) == INLINE
    assert manifest.primary_document == "main.htm"


async def test_the_instance_comes_along_when_the_primary_document_is_not_inline(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    tree.put_document(CIK, NUMBER, "annual10k.htm", PLAIN * 50)
    tree.put_document(CIK, NUMBER, "dex991.htm", PLAIN * 500)
    tree.put_document(CIK, NUMBER, "mu-20231231.xml", b"<xbrl>facts</xbrl>")
    tree.put_document(CIK, NUMBER, "mu-20231231_cal.xml", b"<linkbase/>")
    tree.put_document(CIK, NUMBER, "mu-20231231.xsd", b"<schema/>")
    tree.put_document(CIK, NUMBER, "R2.htm", PLAIN * 900)
    tree.put_document(CIK, NUMBER, f"{NUMBER}-index.htm", PLAIN * 900)
    manifest, _ = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert [document.filename for document in manifest.documents] == ["annual10k.htm", "mu-20231231.xml"]
    # Nothing told the form.
    assert {document.type for document in manifest.documents} == {""}


async def test_the_callers_primary_document_is_taken_without_an_index(
    fetcher: Fetcher, tree: EdgarTree
) -> None:
    tree.put_document(CIK, NUMBER, "a.htm", INLINE)
    tree.put_document(CIK, NUMBER, "b.htm", PLAIN)
    first, _ = await fetcher.filings.ensure(FilingName(NUMBER, CIK, "a.htm"), soon())
    assert first.documents[0].filename == "a.htm"
    assert (await fetcher.filings.ensure(FilingName(NUMBER, CIK, "a.htm"), soon()))[1] is False
    # Another document of the same filing is not what is held.
    second, fetched = await fetcher.filings.ensure(FilingName(NUMBER, CIK, "b.htm"), soon())
    assert fetched
    assert second.documents[0].filename == "b.htm"
    with pytest.raises(TenkayError, match=r"no document c\.htm") as failed:
        await fetcher.filings.ensure(FilingName(NUMBER, CIK, "c.htm"), soon())
    assert (failed.value.reason, failed.value.fields[0].field) == (
        Reason.FILING_UNKNOWN,
        "filing.primary_document",
    )


async def test_a_listed_document_that_the_folder_does_not_have_is_not_asked_for(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    row = {
        "accessionNumber": NUMBER,
        "filingDate": "2024-03-01",
        "form": "8-K",
        "primaryDocument": "gone.htm",
    }
    tree.put_submissions(CIK, [row])
    tree.put_document(CIK, NUMBER, "here8k.htm", PLAIN)
    manifest, _ = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert [(document.filename, document.type) for document in manifest.documents] == [("here8k.htm", "8-K")]


async def test_an_empty_answer_is_not_kept(tree: EdgarTree, fetcher: Fetcher) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", b"")
    with pytest.raises(TenkayError, match="no bytes") as failed:
        await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert failed.value.reason is Reason.SUBMISSION_EMPTY
    assert fetcher.blobs.get_record("filings", NUMBER) is None


async def test_an_oversized_submission_is_refused_and_leaves_nothing(
    tree: EdgarTree, make_fetcher: MakeFetcher, mirror_url: str, tmp_path: Path
) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    fetcher = await make_fetcher(mirror_url, max_blob_bytes=len(SUBMISSION) - 1)
    with pytest.raises(TenkayError, match=f"{NUMBER}.txt: it is larger than") as failed:
        await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert failed.value.reason is Reason.SUBMISSION_TOO_LARGE
    assert files_under(tmp_path / "blobs") == []


async def test_a_full_disk_is_refused_before_edgar_is_asked(
    tree: EdgarTree, make_fetcher: MakeFetcher, mirror_url: str, tmp_path: Path
) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    fetcher = await make_fetcher(mirror_url, min_free_bytes=1 << 60)
    with pytest.raises(TenkayError, match="make room") as failed:
        await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert failed.value.reason is Reason.DISK_FULL
    assert asked(fetcher) == []
    assert files_under(tmp_path / "blobs") == []


async def test_a_filing_whose_blob_is_gone_or_damaged_is_fetched_again(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    manifest, _ = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    blob = fetcher.blobs.blob_path(manifest.documents[0].sha256)
    damaged = SUBMISSION[:-1] + b"X"
    blob.write_bytes(damaged)
    with pytest.raises(TenkayError, match="damaged") as failed:
        content_of(fetcher, manifest.documents[0].sha256)
    assert failed.value.reason is Reason.BLOB_UNKNOWN
    again, fetched = await fetcher.filings.ensure(FilingName(NUMBER, CIK), soon())
    assert (again, fetched) == (manifest, True)
    assert content_of(fetcher, manifest.documents[0].sha256) == SUBMISSION


async def test_a_caller_that_gives_up_does_not_take_the_filing_from_the_others(
    make_fetcher: MakeFetcher,
) -> None:
    slow = Reply(body=SUBMISSION[:60], piece_seconds=0.02)
    async with ScriptedEdgar(slow) as edgar:
        fetcher = await make_fetcher(edgar.url)
        hasty = asyncio.create_task(fetcher.filings.ensure(FilingName(NUMBER, CIK), Deadline.after(0.5)))
        patient = asyncio.create_task(fetcher.filings.ensure(FilingName(NUMBER, CIK), Deadline.after(10)))
        await edgar.was_asked.wait()
        hasty.cancel()
        manifest, _ = await patient
    assert manifest.documents[0].size_bytes == 60
    assert len(asked(fetcher)) == 1


async def test_a_ticker_names_a_company_with_what_its_list_tells(tree: EdgarTree, fetcher: Fetcher) -> None:
    tree.put_tickers((CIK, "MADE-B", "MADE UP CO"), (CIK, "MADE", "MADE UP CO"), (7, "OTHER", "OTHER CO"))
    former = [
        {"name": "OLDEST CO", "from": "2001-01-01T00:00:00.000Z", "to": "2003-01-01T00:00:00.000Z"},
        {"name": "OLD CO", "from": "2003-01-01T00:00:00.000Z", "to": "2009-01-01T00:00:00.000Z"},
    ]
    tree.put_submissions(CIK, [], name="Made Up Co.", tickers=[], sic="3711", formerNames=former)
    company = await fetcher.directory.by_ticker("MADE", soon())
    assert (company.cik, company.name, company.sic_code) == (CIK, "Made Up Co.", 3711)
    assert company.tickers == ("MADE-B", "MADE")
    assert company.former_names == ("OLD CO", "OLDEST CO")
    assert len(asked(fetcher)) == 2
    assert await fetcher.directory.by_ticker("MADE-B", soon()) == company
    assert asked(fetcher) == []
    # Only in the ticker list: what that does not tell is absent.
    other = await fetcher.directory.by_cik(7, soon())
    assert (other.name, other.tickers, other.former_names, other.sic_code) == (
        "OTHER CO",
        ("OTHER",),
        (),
        None,
    )


@pytest.mark.parametrize("has_list", [True, False])
async def test_an_unknown_ticker_or_cik_is_a_typed_error(
    tree: EdgarTree, fetcher: Fetcher, has_list: bool
) -> None:
    if has_list:
        tree.put_tickers((CIK, "MADE", "MADE UP CO"))
    with pytest.raises(TenkayError, match="ticker NOPE") as failed:
        await fetcher.directory.by_ticker("NOPE", soon())
    assert (failed.value.reason, failed.value.fields[0].field) == (Reason.COMPANY_UNKNOWN, "ticker")
    with pytest.raises(TenkayError, match="CIK 12345") as failed:
        await fetcher.directory.by_cik(12345, soon())
    assert (failed.value.reason, failed.value.fields[0].field) == (Reason.COMPANY_UNKNOWN, "cik")


async def test_a_ticker_list_is_revalidated_and_an_old_one_is_better_than_none(
    make_http: MakeHttp,
) -> None:
    entries = json.dumps({"0": {"cik_str": CIK, "ticker": "MADE", "title": "MADE UP CO"}}).encode()
    replies = (
        Reply(headers={"Last-Modified": "Mon, 31 Mar 2025 10:02:46 GMT"}, body=entries),
        Reply("404 Not Found"),
        Reply("304 Not Modified"),
        Reply("404 Not Found"),
        Reply("500 Internal Server Error"),
        Reply("404 Not Found"),
    )
    now = 0.0
    async with ScriptedEdgar(*replies) as edgar:
        directory = CompanyDirectory(
            await make_http(),
            EdgarUrls.at(edgar.url),
            tickers_seconds=3600,
            lists_seconds=60,
            clock=lambda: now,
        )
        for _ in range(3):  # asked, revalidated, not to be had
            company = await directory.by_ticker("MADE", soon())
            assert (company.cik, company.name) == (CIK, "MADE UP CO")
            now += 3601
    lists = [request for request in edgar.requests if "company_tickers" in request[""]]
    assert [request.get("if-modified-since") for request in lists] == [
        None,
        "Mon, 31 Mar 2025 10:02:46 GMT",
        "Mon, 31 Mar 2025 10:02:46 GMT",
    ]


def filings_of(count: int, year: int, form: str = "10-Q", first: int = 0) -> list[dict[str, str]]:
    return [
        {
            "accessionNumber": f"0001999000-{year % 100:02d}-{number:06d}",
            "filingDate": f"{year}-{1 + number % 12:02d}-15",
            "acceptanceDateTime": f"{year}-{1 + number % 12:02d}-15T07:30:00.000Z",
            "reportDate": f"{year - 1}-12-31",
            "form": form,
            "primaryDocument": "main.htm",
        }
        for number in range(first, first + count)
    ]


async def test_a_list_is_filtered_and_newest_first(tree: EdgarTree, fetcher: Fetcher) -> None:
    rows = [
        *filings_of(12, 2023),
        *filings_of(1, 2023, "10-K", 20),
        *filings_of(1, 2023, "10-K/A", 21),
        *filings_of(1, 2023, "8-K", 22),
    ]
    rows[-1]["items"] = "2.02,9.01"
    tree.put_submissions(CIK, rows)

    async def listed(selection: Selection) -> list[str]:
        taken, more = await fetcher.lists.list_filings(CIK, selection, after=None, limit=100, deadline=soon())
        assert not more
        assert list(taken) == sorted(taken, key=position_of, reverse=True)
        return [row.form_type for row in taken]

    annual, quarterly = frozenset({"10-K"}), frozenset({"10-Q"})
    assert len(await listed(Selection())) == 15
    assert await listed(Selection(annual)) == ["10-K"]
    assert sorted(await listed(Selection(annual, include_amendments=True))) == ["10-K", "10-K/A"]
    assert await listed(Selection(frozenset({"10-K/A"}))) == ["10-K/A"]
    spring = Selection(quarterly, filed_from=date(2023, 3, 1), filed_to=date(2023, 4, 15))
    assert await listed(spring) == ["10-Q", "10-Q"]
    assert await listed(Selection(filed_from=date(2024, 1, 1))) == []
    (eight,), _ = await fetcher.lists.list_filings(
        CIK, Selection(frozenset({"8-K"})), after=None, limit=1, deadline=soon()
    )
    assert eight.items == ("2.02", "9.01")
    assert eight.period_end == date(2022, 12, 31)
    # 7:30 can only be Eastern time; in November that is five hours behind.
    assert eight.accepted_at == datetime(2023, 11, 15, 12, 30, tzinfo=UTC)
    assert len(asked(fetcher)) == 1


async def test_pages_go_through_the_whole_list_and_read_older_pages_only_when_reached(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    files = []
    for number, year in ((1, 2022), (2, 2021)):
        name = f"CIK{CIK:010d}-submissions-{number:03d}.json"
        tree.put(f"submissions/{name}", json.dumps(columns(filings_of(30, year))).encode())
        files.append({"name": name, "filingFrom": f"{year}-01-15", "filingTo": f"{year}-12-15"})
    tree.put_submissions(CIK, filings_of(30, 2023), files=files)

    seen: list[str] = []
    after: Position | None = None
    overflow_asked = []
    for _ in range(20):
        rows, more = await fetcher.lists.list_filings(CIK, Selection(), after=after, limit=7, deadline=soon())
        overflow_asked.append(len([url for url in asked(fetcher) if "submissions-" in url]))
        seen += [row.accession_number for row in rows]
        if not more:
            break
        after = position_of(rows[-1])
    assert len(seen) == len(set(seen)) == 90
    assert overflow_asked[:3] == [0, 0, 0]
    assert sum(overflow_asked) == 2
    # A selection that older pages cannot hold does not ask for them.
    fresh, _ = await fetcher.lists.list_filings(
        CIK, Selection(filed_from=date(2023, 1, 1)), after=None, limit=100, deadline=soon()
    )
    assert len(fresh) == 30
    found = await fetcher.lists.find(CIK, "0001999000-21-000003", soon())
    assert found is not None
    assert found.filed_date == date(2021, 4, 15)
    assert await fetcher.lists.find(CIK, "0001999000-21-000099", soon()) is None


async def test_discovery_runs_over_quarters_oldest_first_and_skips_those_that_do_not_exist(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    def row(day: str, form: str, cik: int, number: int) -> dict[str, object]:
        accession = f"0001999000-{day[2:4]}-{number:06d}"
        return {
            "form": form,
            "company": f"COMPANY {cik}",
            "cik": cik,
            "date": day,
            "file": f"edgar/data/{cik}/{accession}.txt",
        }

    first = [row("2023-12-28", "10-K", 5, 1), row("2023-10-02", "8-K", 5, 2), row("2023-12-28", "8-K", 6, 3)]
    second = [row("2024-01-02", "10-K", 7, 1)]
    tree.put("Archives/edgar/full-index/2023/QTR4/form.idx", form_index(first))
    tree.put("Archives/edgar/full-index/2024/QTR1/form.idx", form_index(second))

    async def discovered(first: str, last: str, *forms: str) -> list[tuple[str, int]]:
        selection = IndexSelection(date.fromisoformat(first), date.fromisoformat(last), frozenset(forms))
        batches = [batch async for batch in fetcher.lists.discover(selection, soon())]
        return [(row.form_type, row.cik) for batch in batches for row in batch]

    assert await discovered("2023-10-01", "2024-09-30") == [("8-K", 5), ("10-K", 5), ("8-K", 6), ("10-K", 7)]
    assert await discovered("2023-12-01", "2024-01-01", "10-K") == [("10-K", 5)]
    assert await discovered("2099-01-01", "2099-02-01") == []


async def test_an_index_is_read_from_disk_until_edgar_has_a_newer_one(make_fetcher: MakeFetcher) -> None:
    row = {
        "form": "8-K",
        "company": "A CO",
        "cik": 5,
        "date": "2024-01-02",
        "file": f"edgar/data/5/{NUMBER}.txt",
    }
    modified = {"Last-Modified": "Mon, 31 Mar 2025 10:02:46 GMT"}
    later = {"Last-Modified": "Tue, 01 Apr 2025 10:02:46 GMT"}
    replies = (
        Reply(headers=modified, body=form_index([row])),
        Reply("304 Not Modified"),
        Reply(headers=later, body=form_index([row, row | {"date": "2024-01-03"}])),
        Reply("304 Not Modified"),
    )
    selection = IndexSelection(date(2024, 1, 1), date(2024, 3, 31))
    async with ScriptedEdgar(*replies) as edgar:
        fetcher = await make_fetcher(edgar.url)

        async def count() -> int:
            return sum([len(batch) async for batch in fetcher.lists.discover(selection, soon())])

        counts = [await count() for _ in replies]
    assert counts == [1, 1, 2, 2]
    assert [request.get("if-modified-since") for request in edgar.requests] == [
        None,
        modified["Last-Modified"],
        modified["Last-Modified"],
        later["Last-Modified"],
    ]


async def test_answers_that_are_not_what_they_should_be_are_typed_errors(
    tree: EdgarTree, fetcher: Fetcher
) -> None:
    tree.put(f"submissions/CIK{CIK:010d}.json", b"<html>")
    tree.put("files/company_tickers.json", b"[1, 2")
    tree.put("Archives/edgar/full-index/2024/QTR1/form.idx", b"nothing of the kind\n" * 50)
    selection = IndexSelection(date(2024, 1, 1), date(2024, 1, 2))

    async def discover() -> None:
        async for _ in fetcher.lists.discover(selection, soon()):
            pass

    for call in (
        fetcher.directory.by_cik(CIK, soon()),
        fetcher.directory.by_ticker("MADE", soon()),
        discover(),
    ):
        with pytest.raises(TenkayError, match="unexpected") as failed:
            await call
        assert failed.value.reason is Reason.EDGAR_UNAVAILABLE


def files_under(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
