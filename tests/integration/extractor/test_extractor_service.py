"""The extractor as a process: ExtractorService over gRPC, with a fetcher and a mirror behind it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from samples import hostile_documents
from tenkay.client.extractor import AsyncExtractorClient
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FilingListing, FilingRef
from tenkay.common.v1.signal_pb2 import SIGNAL_CATEGORY_FINANCIAL, SIGNAL_CATEGORY_RISK
from tenkay.errors import Reason, TenkayError
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay.extractor.v1 import extractor_service_pb2_grpc as pb_grpc
from tenkay.stack.errors import CannotStartError
from tenkay.status import from_call
from tests.integration.fetcher.edgar_doubles import USER_AGENT, EdgarTree, mirrored
from tests.integration.running_services import Service, running_service

pytestmark = pytest.mark.xdist_group("extractor")

CIK = 1999000002
MAX_FILING_BYTES = 1_500_000
HOSTILE = hostile_documents()
FILING = (
    b"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<FILENAME>a8k.txt\n<TEXT>\n"
    b"Item 5. Other Events.\nThe company moved to another building.\n"
    b"</TEXT>\n</DOCUMENT>\n"
)


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def edgar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EdgarTree, str]]:
    tree = EdgarTree(tmp_path_factory.mktemp("edgar"))
    with mirrored(tree.root) as url:
        yield tree, url


@pytest.fixture(scope="module")
def service(edgar: tuple[EdgarTree, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("extractor")
    with (
        running_service(
            "tenkay_fetcher",
            folder,
            edgar_url=edgar[1],
            user_agent=USER_AGENT,
            # Without Redis the fetcher keeps to its own share.
            redis_url="redis://127.0.0.1:1/0",
            requests_per_second="1000",
            data_directory=str(folder / "fetcher"),
            max_blob_bytes="8000000",
            min_free_bytes="0",
        ) as fetcher,
        running_service(
            "tenkay_extractor",
            folder,
            fetcher_address=fetcher.address,
            workers="1",
            max_filing_bytes=str(MAX_FILING_BYTES),
        ) as extractor,
    ):
        yield extractor


@pytest.fixture
async def client(service: Service) -> AsyncIterator[AsyncExtractorClient]:
    async with AsyncExtractorClient(service.endpoint) as client:
        yield client


def put(edgar: tuple[EdgarTree, str], content: bytes) -> FilingRef:
    """A new filing whose full submission is `content`."""
    number = f"0001999000-24-{next(_numbers):06d}"
    edgar[0].put(f"Archives/edgar/data/{CIK}/{number}.txt", content)
    return FilingRef(accession_number=number, cik=CIK)


async def refused(call: Awaitable[Any], reason: Reason, field: str | None = None) -> TenkayError:
    with pytest.raises(TenkayError) as failed:
        await call
    assert failed.value.reason is reason, failed.value
    assert failed.value.message
    assert [each.field for each in failed.value.fields] == ([] if field is None else [field])
    return failed.value


async def test_a_filing_is_extracted_with_what_its_listing_tells(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    listing = FilingListing(form_type="8-K", filed_date=Date(year=2024, month=2, day=29))
    answer = await client.extract_filing(filing=put(edgar, FILING), listing=listing)
    assert (answer.extraction.filing.form_type, answer.extraction.filing.cik) == ("8-K", CIK)
    assert answer.extraction.filing.filed_date == Date(year=2024, month=2, day=29)
    assert not answer.extraction.filing.HasField("period_end")
    assert len(answer.extraction.result_key) == 64


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.SUBMISSION_EMPTY),
        (HOSTILE["white_space"], Reason.SUBMISSION_EMPTY),
        (HOSTILE["cut_in_the_header"], Reason.SUBMISSION_TRUNCATED),
        (HOSTILE["cut_in_a_fact"], Reason.SUBMISSION_TRUNCATED),
        (HOSTILE["header_only"], Reason.SUBMISSION_TRUNCATED),
        (HOSTILE["binary"], Reason.SUBMISSION_BINARY),
        (HOSTILE["null_bytes"], Reason.SUBMISSION_BINARY),
        (b"%PDF-1.7 made up", Reason.SUBMISSION_BINARY),
        (HOSTILE["error_page"], Reason.SUBMISSION_MALFORMED),
        (b'{"made": "up"}', Reason.SUBMISSION_MALFORMED),
        (FILING + b"x" * MAX_FILING_BYTES, Reason.SUBMISSION_TOO_LARGE),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
async def test_a_submission_that_is_none_is_refused_and_the_worker_goes_on(
    client: AsyncExtractorClient,
    service: Service,
    edgar: tuple[EdgarTree, str],
    content: bytes,
    reason: Reason,
) -> None:
    crashed = service.metric("tenkay_extractor_workers_replaced_total")
    await refused(client.extract_filing(filing=put(edgar, content)), reason)
    # The one worker has survived it and extracts the next filing.
    answer = await client.extract_filing(filing=put(edgar, FILING))
    assert answer.extraction.filing.form_type == "8-K"
    assert service.metric("tenkay_extractor_workers_replaced_total") == crashed


Call = Callable[[AsyncExtractorClient], Awaitable[Any]]
SOME = FilingRef(accession_number="0001999000-24-999999", cik=CIK)


@pytest.mark.parametrize(
    ("call", "reason", "field"),
    [
        (lambda c: c.extract_filing(), Reason.MALFORMED_ACCESSION_NUMBER, "filing.accession_number"),
        (
            lambda c: c.extract_filing(filing=FilingRef(accession_number="000199900024999999", cik=CIK)),
            Reason.MALFORMED_ACCESSION_NUMBER,
            "filing.accession_number",
        ),
        (
            lambda c: c.extract_filing(filing=FilingRef(accession_number="0001999000-24-999999", cik=0)),
            Reason.INVALID_FIELD,
            "filing.cik",
        ),
        (
            lambda c: c.extract_filing(filing=FilingRef(accession_number="0000000003-24-000001")),
            Reason.CIK_REQUIRED,
            "filing.cik",
        ),
        (lambda c: c.extract_filing(filing=SOME), Reason.FILING_UNKNOWN, "filing.accession_number"),
        (
            lambda c: c.extract_filing(
                filing=SOME, listing=FilingListing(filed_date=Date(year=2023, month=2, day=29))
            ),
            Reason.INVALID_FIELD,
            "listing.filed_date",
        ),
        (
            lambda c: c.extract_filing(filing=SOME, listing=FilingListing(period_end=Date())),
            Reason.INVALID_FIELD,
            "listing.period_end",
        ),
        (
            lambda c: c.extract_filing(
                filing=SOME, listing=FilingListing(accepted_at=Timestamp(seconds=10**15))
            ),
            Reason.INVALID_FIELD,
            "listing.accepted_at",
        ),
        (
            lambda c: c.extract_filing(filing=SOME, listing=FilingListing(filing=FilingRef(cik=0))),
            Reason.INVALID_FIELD,
            "listing.filing.cik",
        ),
        (lambda c: c.list_signal_definitions(page_size=-1), Reason.INVALID_FIELD, "page_size"),
        (lambda c: c.list_signal_definitions(category=77), Reason.INVALID_FIELD, "category"),
        (
            lambda c: c.list_signal_definitions(page_token="made-up"),
            Reason.MALFORMED_PAGE_TOKEN,
            "page_token",
        ),
        (
            lambda c: c.list_signal_definitions(page_token="x" * 3000),
            Reason.MALFORMED_PAGE_TOKEN,
            "page_token",
        ),
    ],
)
async def test_bad_input_is_refused_with_the_field_named(
    client: AsyncExtractorClient, service: Service, call: Call, reason: Reason, field: str
) -> None:
    extracted = service.metric("tenkay_extractor_extractions_total", outcome="OK")
    await refused(call(client), reason, field)
    assert service.metric("tenkay_extractor_extractions_total", outcome="OK") == extracted


@pytest.mark.parametrize("sent_by_a_client_without_a_limit", [False, True])
async def test_an_oversized_message_is_refused_with_the_limit(
    client: AsyncExtractorClient, service: Service, sent_by_a_client_without_a_limit: bool
) -> None:
    request = pb.ExtractFilingRequest(filing=FilingRef(primary_document="x" * 5_000_000))
    if sent_by_a_client_without_a_limit:
        async with grpc.aio.insecure_channel(service.address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as answered:
                await pb_grpc.ExtractorServiceStub(channel).ExtractFiling(request)
        told = answered.value
        error = from_call(told.code(), told.details(), (), service="extractor")
    else:
        error = await refused(client.extract_filing(filing=request.filing), Reason.MESSAGE_TOO_LARGE)
    assert error.reason is Reason.MESSAGE_TOO_LARGE
    assert error.metadata["limit_bytes"] == str(4 * 1024 * 1024)
    assert "at most 4,194,304 are taken; send less at once" in error.message


async def test_a_page_token_is_good_for_its_own_list_only(client: AsyncExtractorClient) -> None:
    listed = []
    token = ""
    while True:
        page = await client.list_signal_definitions(page_size=5, page_token=token)
        listed += [each.id for each in page.definitions]
        if not page.next_page_token:
            break
        token = page.next_page_token
    whole = await client.list_signal_definitions(page_size=500)
    assert listed == [each.id for each in whole.definitions]
    first = (
        await client.list_signal_definitions(page_size=1, category=SIGNAL_CATEGORY_FINANCIAL)
    ).next_page_token
    assert first
    await refused(
        client.list_signal_definitions(page_token=first, category=SIGNAL_CATEGORY_RISK),
        Reason.MALFORMED_PAGE_TOKEN,
        "page_token",
    )


def test_a_fetcher_that_is_not_told_ends_the_start_in_one_line(tmp_path: Path) -> None:
    starting = running_service("tenkay_extractor", tmp_path)
    with pytest.raises(CannotStartError, match="TENKAY_EXTRACTOR_FETCHER_ADDRESS"), starting:
        pass
