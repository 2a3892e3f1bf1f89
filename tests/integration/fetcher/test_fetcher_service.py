"""The fetcher as a process: FetcherService over gRPC, with the mirror and Valkey behind it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tenkay.client import Endpoint
from tenkay.client.fetcher import AsyncFetcherClient
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FILING_SOURCE_DOCUMENTS, FILING_SOURCE_FULL_SUBMISSION, FilingRef
from tenkay.errors import Reason, TenkayError
from tenkay.stack.edgar_mirror import form_index
from tests.integration.fetcher.conftest import SETTLED_KEY
from tests.integration.fetcher.edgar_doubles import USER_AGENT, EdgarTree

CIK = 1999000001
NUMBER = "0001999000-24-000007"
SUBMISSION = b"<SEC-DOCUMENT>0001999000-24-000007.txt : 20240301\n" + bytes(range(256)) * 3000
MAX_BLOB_BYTES = 2_000_000


@contextmanager
def service(
    folder: Path, mirror_url: str, redis_url: str, **settings: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address it serves at."""
    environment = {
        "USER_AGENT": USER_AGENT,
        "EDGAR_URL": mirror_url,
        "REDIS_URL": redis_url,
        "LIMITER_KEY": SETTLED_KEY,
        "REDIS_TIMEOUT_SECONDS": "2",
        "REQUESTS_PER_SECOND": "1000",
        "DATA_DIRECTORY": str(folder),
        "MAX_BLOB_BYTES": str(MAX_BLOB_BYTES),
        "MIN_FREE_BYTES": "0",
        "RETRY_WAIT_SECONDS": "0.02",
        "INSECURE": "true",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tenkay_fetcher"],
        env=os.environ | {f"TENKAY_FETCHER_{name}": value for name, value in environment.items()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            for line in process.stdout:
                entry = json.loads(line)
                if entry["event"] == "serving":
                    yield process, f"127.0.0.1:{entry['port']}"
                    return
            raise AssertionError("the fetcher ended before it served")
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def address(
    mirror: tuple[Path, str], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with service(tmp_path_factory.mktemp("fetcher"), mirror[1], redis_url, FILING_LIST_SECONDS="0") as (
        _,
        address,
    ):
        yield address


@pytest.fixture
async def client(address: str, tree: EdgarTree) -> AsyncIterator[AsyncFetcherClient]:
    async with AsyncFetcherClient(Endpoint(address, plaintext=True)) as client:
        yield client


def day(text: str) -> Date:
    year, month, number = map(int, text.split("-"))
    return Date(year=year, month=month, day=number)


async def refused(call: Any, reason: Reason, field: str | None = None) -> TenkayError:
    """The error of a call that must fail so."""

    async def finish() -> None:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call

    with pytest.raises(TenkayError) as failed:
        await finish()
    assert failed.value.reason is reason
    if field is not None:
        assert [violation.field for violation in failed.value.fields] == [field]
        assert failed.value.fields[0].description
    return failed.value


async def read(client: AsyncFetcherClient, sha256: str, **range_: int) -> bytes:
    chunks = [answer.chunk async for answer in client.read_document(sha256=sha256, **range_)]
    assert all(0 < len(chunk) <= 256 * 1024 for chunk in chunks)
    return b"".join(chunks)


async def test_a_filing_is_ensured_and_read(client: AsyncFetcherClient, tree: EdgarTree) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION, compressed=True)
    answer = await client.ensure_filing(filing=FilingRef(accession_number=NUMBER, cik=CIK))
    assert answer.fetched
    assert answer.source == FILING_SOURCE_FULL_SUBMISSION
    assert (answer.filing.accession_number, answer.filing.cik) == (NUMBER, CIK)
    assert not answer.filing.HasField("primary_document")
    (document,) = answer.documents
    assert document.size_bytes == len(SUBMISSION)
    assert document.sha256 == hashlib.sha256(SUBMISSION).hexdigest()
    assert await read(client, document.sha256) == SUBMISSION
    assert await read(client, document.sha256, offset=100, length=300_000) == SUBMISSION[100:300_100]
    assert await read(client, document.sha256, offset=len(SUBMISSION)) == b""
    assert await read(client, document.sha256, length=0) == b""

    again = await client.ensure_filing(filing=FilingRef(accession_number=NUMBER))
    assert not again.fetched
    assert list(again.documents) == [document]


async def test_documents_are_ensured_with_the_primary_one_first(
    client: AsyncFetcherClient, tree: EdgarTree
) -> None:
    number = "0001999000-24-000011"
    tree.put_document(CIK, number, "co10k.htm", b"<html>annual</html>")
    tree.put_document(CIK, number, "co-20231231.xml", b"<xbrl/>")
    answer = await client.ensure_filing(filing=FilingRef(accession_number=number, cik=CIK))
    assert answer.source == FILING_SOURCE_DOCUMENTS
    assert [document.filename for document in answer.documents] == ["co10k.htm", "co-20231231.xml"]
    assert answer.filing.primary_document == "co10k.htm"
    assert await read(client, answer.documents[0].sha256) == b"<html>annual</html>"


async def test_a_company_is_resolved_by_ticker_and_by_cik(
    client: AsyncFetcherClient, tree: EdgarTree
) -> None:
    tree.put_tickers((CIK, "MADE", "MADE UP CO"))
    tree.put_submissions(CIK, [], sic="3711", formerNames=[{"name": "OLD", "to": "2001"}])
    by_ticker = await client.resolve_company(ticker="made")
    assert (by_ticker.cik, by_ticker.company_name, by_ticker.sic_code) == (CIK, "Made Up Co", 3711)
    assert (list(by_ticker.tickers), list(by_ticker.former_names)) == (["MADE"], ["OLD"])
    assert await client.resolve_company(cik=CIK) == by_ticker
    tree.put_submissions(CIK, [])
    assert not (await client.resolve_company(cik=CIK)).HasField("sic_code")


async def test_a_list_is_paged_newest_first(client: AsyncFetcherClient, tree: EdgarTree) -> None:
    rows = [
        {
            "accessionNumber": f"0001999000-24-{number:06d}",
            "filingDate": f"2024-01-{number:02d}",
            "reportDate": "2023-12-31" if number == 20 else "",
            "acceptanceDateTime": f"2024-01-{number:02d}T07:00:00.000Z" if number == 20 else "",
            "form": "8-K",
            "items": "2.02,9.01",
            "primaryDocument": "main.htm",
        }
        for number in range(20, 0, -1)
    ]
    tree.put_submissions(CIK, rows)
    seen, token = [], ""
    while True:
        page = await client.list_filings(cik=CIK, forms=["8-k"], page_size=6, page_token=token)
        seen += list(page.filings)
        assert len(page.filings) <= 6
        token = page.next_page_token
        if not token:
            break
    assert [row.filing.accession_number for row in seen] == [row["accessionNumber"] for row in rows]
    first, last = seen[0], seen[-1]
    assert (first.form_type, first.company_name, list(first.items)) == ("8-K", "Made Up Co", ["2.02", "9.01"])
    assert first.filing.primary_document == "main.htm"
    assert (first.filed_date, first.period_end) == (day("2024-01-20"), day("2023-12-31"))
    assert first.accepted_at.ToJsonString() == "2024-01-20T12:00:00Z"
    assert not last.HasField("accepted_at")
    assert not last.HasField("period_end")


async def test_a_day_is_discovered_in_batches(client: AsyncFetcherClient, tree: EdgarTree) -> None:
    rows = [
        {
            "form": "8-K",
            "company": f"COMPANY {cik}",
            "cik": cik,
            "date": "2024-02-01",
            "file": f"edgar/data/{cik}/0001999000-24-{cik:06d}.txt",
        }
        for cik in range(1, 1102)
    ]
    tree.put("Archives/edgar/full-index/2024/QTR1/form.idx", form_index(rows))
    batches = [
        answer.filings
        async for answer in client.discover_filings(
            filed_from=day("2024-02-01"), filed_to=day("2024-02-01"), forms=["8-K"]
        )
    ]
    assert [len(batch) for batch in batches] == [500, 500, 101]
    assert batches[0][0].filing == FilingRef(accession_number="0001999000-24-000001", cik=1)
    assert batches[0][0].company_name == "COMPANY 1"


async def test_the_limiter_tells_how_it_stands(client: AsyncFetcherClient) -> None:
    status = await client.get_limiter_status()
    assert status.requests_per_second == 1000
    assert not status.degraded
    assert status.wait.ToMilliseconds() < 1000


Call = Callable[[AsyncFetcherClient], Any]


@pytest.mark.parametrize(
    ("call", "reason", "field"),
    [
        (lambda c: c.resolve_company(), Reason.INVALID_FIELD, "company"),
        (lambda c: c.resolve_company(ticker="not a ticker"), Reason.INVALID_FIELD, "ticker"),
        (lambda c: c.resolve_company(cik=0), Reason.INVALID_FIELD, "cik"),
        (lambda c: c.resolve_company(cik=10**10), Reason.INVALID_FIELD, "cik"),
        (lambda c: c.resolve_company(ticker="NOPE"), Reason.COMPANY_UNKNOWN, "ticker"),
        (lambda c: c.resolve_company(cik=99), Reason.COMPANY_UNKNOWN, "cik"),
        (lambda c: c.list_filings(), Reason.INVALID_FIELD, "cik"),
        (lambda c: c.list_filings(cik=99), Reason.COMPANY_UNKNOWN, "cik"),
        (lambda c: c.list_filings(cik=CIK, page_size=-1), Reason.INVALID_FIELD, "page_size"),
        (lambda c: c.list_filings(cik=CIK, page_token="x"), Reason.MALFORMED_PAGE_TOKEN, "page_token"),
        (lambda c: c.list_filings(cik=CIK, forms=["10-K", ""]), Reason.INVALID_FIELD, "forms[1]"),
        (lambda c: c.list_filings(cik=CIK, filed_from=Date(year=2024)), Reason.INVALID_FIELD, "filed_from"),
        (
            lambda c: c.list_filings(cik=CIK, filed_from=day("2024-02-02"), filed_to=day("2024-02-01")),
            Reason.INVALID_FIELD,
            "filed_to",
        ),
        (lambda c: c.discover_filings(filed_from=day("2024-02-01")), Reason.INVALID_FIELD, "filed_to"),
        (
            lambda c: c.discover_filings(filed_from=day("2024-01-01"), filed_to=day("2025-01-02")),
            Reason.INVALID_FIELD,
            "filed_to",
        ),
        (
            lambda c: c.discover_filings(filed_from=day("2024-02-30"), filed_to=day("2024-03-01")),
            Reason.INVALID_FIELD,
            "filed_from",
        ),
        (lambda c: c.ensure_filing(), Reason.MALFORMED_ACCESSION_NUMBER, "filing.accession_number"),
        (
            lambda c: c.ensure_filing(filing=FilingRef(accession_number="000199900024000007", cik=CIK)),
            Reason.MALFORMED_ACCESSION_NUMBER,
            "filing.accession_number",
        ),
        (
            lambda c: c.ensure_filing(filing=FilingRef(accession_number=NUMBER, cik=0)),
            Reason.INVALID_FIELD,
            "filing.cik",
        ),
        (
            lambda c: c.ensure_filing(
                filing=FilingRef(accession_number=NUMBER, cik=CIK, primary_document="../../x")
            ),
            Reason.INVALID_FIELD,
            "filing.primary_document",
        ),
        (
            lambda c: c.ensure_filing(filing=FilingRef(accession_number="0001999000-24-999999")),
            Reason.CIK_REQUIRED,
            "filing.cik",
        ),
        (
            lambda c: c.ensure_filing(filing=FilingRef(accession_number="0001999000-24-999999", cik=CIK)),
            Reason.FILING_UNKNOWN,
            "filing.accession_number",
        ),
        (lambda c: c.resolve_company(ticker="x" * 5_000_000), Reason.MESSAGE_TOO_LARGE, None),
        (lambda c: c.read_document(sha256="../../etc/passwd"), Reason.INVALID_FIELD, "sha256"),
        (lambda c: c.read_document(sha256="A" * 64), Reason.INVALID_FIELD, "sha256"),
        (lambda c: c.read_document(sha256="0" * 64), Reason.BLOB_UNKNOWN, "sha256"),
    ],
)
async def test_bad_input_is_refused_with_the_field_named(
    client: AsyncFetcherClient, call: Call, reason: Reason, field: str | None
) -> None:
    await refused(call(client), reason, field)


async def test_a_page_token_is_good_for_its_own_list_only(
    client: AsyncFetcherClient, tree: EdgarTree
) -> None:
    rows = [
        {"accessionNumber": f"0001999000-24-{number:06d}", "filingDate": "2024-01-02", "form": "8-K"}
        for number in range(3)
    ]
    tree.put_submissions(CIK, rows)
    tree.put_submissions(CIK + 1, rows)
    token = (await client.list_filings(cik=CIK, page_size=1)).next_page_token
    assert len((await client.list_filings(cik=CIK, page_size=2, page_token=token)).filings) == 2
    for other in ({"cik": CIK + 1}, {"cik": CIK, "forms": ["8-K"]}, {"cik": CIK, "include_amendments": True}):
        await refused(
            client.list_filings(page_token=token, **other), Reason.MALFORMED_PAGE_TOKEN, "page_token"
        )
    await refused(
        client.list_filings(cik=CIK, page_token=token[:-2]), Reason.MALFORMED_PAGE_TOKEN, "page_token"
    )


async def test_an_offset_beyond_the_end_is_refused(client: AsyncFetcherClient, tree: EdgarTree) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    answer = await client.ensure_filing(filing=FilingRef(accession_number=NUMBER, cik=CIK))
    call = client.read_document(sha256=answer.documents[0].sha256, offset=len(SUBMISSION) + 1)
    await refused(call, Reason.INVALID_FIELD, "offset")


async def test_an_oversized_and_an_empty_submission_are_refused(
    client: AsyncFetcherClient, tree: EdgarTree
) -> None:
    for number, content, reason in (
        ("0001999000-24-000021", bytes(MAX_BLOB_BYTES + 1), Reason.SUBMISSION_TOO_LARGE),
        ("0001999000-24-000022", b"", Reason.SUBMISSION_EMPTY),
    ):
        tree.put(f"Archives/edgar/data/{CIK}/{number}.txt", content)
        await refused(client.ensure_filing(filing=FilingRef(accession_number=number, cik=CIK)), reason)


async def test_a_full_disk_refuses_new_filings_and_still_serves_what_is_held(
    tree: EdgarTree, mirror_url: str, redis_url: str, tmp_path: Path
) -> None:
    tree.put(f"Archives/edgar/data/{CIK}/{NUMBER}.txt", SUBMISSION)
    held = FilingRef(accession_number=NUMBER, cik=CIK)
    with service(tmp_path, mirror_url, redis_url) as (_, address):
        async with AsyncFetcherClient(Endpoint(address, plaintext=True)) as client:
            sha256 = (await client.ensure_filing(filing=held)).documents[0].sha256
    other = "0001999000-24-000008"
    tree.put(f"Archives/edgar/data/{CIK}/{other}.txt", SUBMISSION)
    with service(tmp_path, mirror_url, redis_url, MIN_FREE_BYTES=str(1 << 60)) as (_, address):
        async with AsyncFetcherClient(Endpoint(address, plaintext=True)) as client:
            error = await refused(
                client.ensure_filing(filing=FilingRef(accession_number=other, cik=CIK)), Reason.DISK_FULL
            )
            assert error.retry_after is not None
            assert not (await client.ensure_filing(filing=held)).fetched
            assert await read(client, sha256) == SUBMISSION


async def test_a_rate_without_room_is_refused_at_once_with_the_time_to_come_back(
    tree: EdgarTree, mirror_url: str, redis_url: str, tmp_path: Path
) -> None:
    tree.put_submissions(CIK, [])
    with service(
        tmp_path, mirror_url, redis_url, REQUESTS_PER_SECOND="0.2", LIMITER_KEY="tests:service:slow"
    ) as (_, address):
        async with AsyncFetcherClient(Endpoint(address, plaintext=True)) as client:
            await client.list_filings(cik=CIK)
            error = await refused(client.list_filings(cik=CIK + 1, timeout=2.0), Reason.EDGAR_RATE_LIMITED)
            assert 3.0 < (error.retry_after or 0) <= 5.0
            status = await client.get_limiter_status()
            assert 3.0 < status.wait.ToMilliseconds() / 1000 <= 5.0


async def test_without_redis_the_fetcher_works_at_its_own_share(
    tree: EdgarTree, mirror_url: str, tmp_path: Path
) -> None:
    tree.put_submissions(CIK, [])
    with service(tmp_path, mirror_url, "redis://127.0.0.1:1/0") as (_, address):
        async with AsyncFetcherClient(Endpoint(address, plaintext=True)) as client:
            await client.list_filings(cik=CIK)
            assert (await client.get_limiter_status()).degraded


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("USER_AGENT", "", "TENKAY_FETCHER_USER_AGENT"),
        ("DATA_DIRECTORY", "/proc/nowhere", "TENKAY_FETCHER_DATA_DIRECTORY: cannot write"),
    ],
)
def test_what_cannot_work_stops_the_start_with_one_line(
    mirror_url: str, tmp_path: Path, setting: str, value: str, said: str
) -> None:
    environment = {
        "USER_AGENT": USER_AGENT,
        "EDGAR_URL": mirror_url,
        "DATA_DIRECTORY": str(tmp_path),
        "INSECURE": "true",
        setting: value,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tenkay_fetcher"],
        env=os.environ | {f"TENKAY_FETCHER_{name}": value for name, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode in (1, 78)
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
