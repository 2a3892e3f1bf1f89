"""The extractor as a process: ExtractorService over gRPC, with a fetcher and a mirror behind it."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import nan
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from samples import hostile_documents, sample_filings, submission_text
from tenkay.client.extractor import AsyncExtractorClient
from tenkay.common.v1.date_pb2 import Date
from tenkay.common.v1.filing_pb2 import FilingListing, FilingRef
from tenkay.common.v1.signal_pb2 import (
    MISSING_REASON_TABLE_NOT_GIVEN,
    SIGNAL_CATEGORY_FINANCIAL,
    SIGNAL_CATEGORY_RISK,
    SIGNAL_CATEGORY_UNSPECIFIED,
)
from tenkay.errors import Reason, ResourceExhausted, TenkayError
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay.extractor.v1 import extractor_service_pb2_grpc as pb_grpc
from tenkay.extractor.v1 import reference_tables_pb2 as pb_tables
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


def uploaded(
    content: bytes, number: str = "0001999000-24-900001", **listing: Any
) -> list[pb.ExtractDocumentsRequest]:
    """The messages that send one full submission."""
    told = FilingListing(filing=FilingRef(accession_number=number, cik=CIK), **listing)
    opening = pb.DocumentsOpening(
        filing=pb.FilingDocuments(listing=told, documents=[pb.DocumentOpening(size_bytes=len(content))])
    )
    size = 256 * 1024
    return [
        pb.ExtractDocumentsRequest(opening=opening),
        *(
            pb.ExtractDocumentsRequest(chunk=content[start : start + size])
            for start in range(0, len(content), size)
        ),
    ]


async def test_bytes_that_the_caller_holds_give_what_the_same_filing_from_the_fetcher_gives(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    ref = put(edgar, FILING)
    listing = FilingListing(filing=ref, form_type="8-K", filed_date=Date(year=2024, month=2, day=29))
    fetched = await client.extract_filing(filing=ref, listing=listing)
    sent = await client.extract_documents(
        requests=uploaded(FILING, ref.accession_number, form_type="8-K", filed_date=listing.filed_date)
    )
    assert [signal.id for signal in sent.extraction.signals] == [
        signal.id for signal in fetched.extraction.signals
    ]
    assert sent.extraction.sections == fetched.extraction.sections
    assert sent.extraction.missing == fetched.extraction.missing


async def test_artifacts_come_behind_the_extraction_that_names_them(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    content = (
        b"<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<FILENAME>a8k.txt\n<TEXT>\nItem 5. Other Events.\n"
        + b"The company moved to another building. \xc3\xa9 " * 20_000
        + b"\n</TEXT>\n</DOCUMENT>\n"
    )
    asked = pb.ExtractFilingRequest(filing=put(edgar, content))
    parts = [each.part async for each in client.extract_filing_with_artifacts(extract=asked)]
    alone = (await client.extract_filing(filing=asked.filing)).extraction
    extraction = parts[0].extraction
    assert alone.result_key != extraction.result_key
    assert not alone.artifacts
    assert (extraction.signals, extraction.texts) == (alone.signals, alone.texts)
    contents: list[bytes] = []
    for part in parts[1:]:
        if part.WhichOneof("part") == "artifact":
            assert part.artifact == extraction.artifacts[len(contents)]
            contents.append(b"")
        else:
            assert 0 < len(part.chunk) <= 256 * 1024
            contents[-1] += part.chunk
    assert [hashlib.sha256(each).hexdigest() for each in contents] == [
        each.sha256 for each in extraction.artifacts
    ]
    assert [len(each) for each in contents] == [each.size_bytes for each in extraction.artifacts]
    assert {each.sha256 for each in extraction.texts} < {each.sha256 for each in extraction.artifacts}
    assert max(map(len, contents)) > 256 * 1024

    sent = [
        each.part
        async for each in client.extract_documents_with_artifacts(
            requests=[
                pb.ExtractDocumentsWithArtifactsRequest(extract=each)
                for each in uploaded(content, asked.filing.accession_number)
            ]
        )
    ]
    assert sent[1:] == parts[1:]


async def test_errors_come_before_any_part(client: AsyncExtractorClient) -> None:
    wrong = pb.ExtractDocumentsWithArtifactsRequest(extract=pb.ExtractDocumentsRequest(chunk=b"x"))
    await refused(
        anext(client.extract_filing_with_artifacts()),
        Reason.MALFORMED_ACCESSION_NUMBER,
        "filing.accession_number",
    )
    await refused(
        anext(client.extract_documents_with_artifacts(requests=[wrong])), Reason.INVALID_FIELD, "opening"
    )


async def test_single_documents_may_be_sent_with_their_names_and_types(client: AsyncExtractorClient) -> None:
    main, exhibit = (
        b"<html><body><p>Item 8.01 Other Events</p><p>We moved.</p></body></html>",
        b"<html>A letter</html>",
    )
    opening = pb.DocumentsOpening(
        filing=pb.FilingDocuments(
            listing=FilingListing(filing=FilingRef(accession_number="0001999000-24-900002", cik=CIK)),
            documents=[
                pb.DocumentOpening(filename="../../etc/passwd", type="8-K", size_bytes=len(main)),
                pb.DocumentOpening(filename="ex99.htm", type="EX-99.1", size_bytes=len(exhibit)),
            ],
        )
    )
    answer = await client.extract_documents(
        requests=[
            pb.ExtractDocumentsRequest(opening=opening),
            pb.ExtractDocumentsRequest(chunk=main + exhibit),
        ]
    )
    filing = answer.extraction.filing
    assert (filing.form_type, filing.primary_document) == ("8-K", "passwd")
    assert [section.code for section in answer.extraction.sections] == ["item_8.01"]


async def test_a_report_of_a_year_earlier_may_be_given_and_must_be_one(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    reports = sorted(
        (
            each
            for each in sample_filings()
            if each.company.key == "larkfield" and each.form == "10-K" and each.is_inline
        ),
        key=lambda each: each.accepted_at,
    )
    for each in reports[:2]:
        edgar[0].put(
            f"Archives/edgar/data/{each.company.cik}/{each.accession_number}.txt", submission_text(each)
        )
    older, newer = (
        FilingRef(accession_number=each.accession_number, cik=each.company.cik) for each in reports[:2]
    )
    alone = await client.extract_filing(filing=newer)
    compared = await client.extract_filing(filing=newer, earlier_filings=[FilingListing(filing=older)])
    assert compared.extraction.result_key != alone.extraction.result_key
    assert compared.extraction.filing == alone.extraction.filing
    # It says what it was computed from, by the key that the earlier filing's own extraction has.
    its_own = (await client.extract_filing(filing=older)).extraction
    assert not alone.extraction.earlier_filings
    assert [(each.accession_number, each.content_key) for each in compared.extraction.earlier_filings] == [
        (older.accession_number, its_own.content_key)
    ]
    assert len(its_own.content_key) == 64
    assert compared.extraction.content_key == alone.extraction.content_key != its_own.content_key
    for wrong, says in (
        (newer, "is this filing itself"),
        (put(edgar, FILING), "is of CIK"),
    ):
        error = await refused(
            client.extract_filing(filing=newer, earlier_filings=[FilingListing(filing=wrong)]),
            Reason.EARLIER_FILING_UNUSABLE,
        )
        assert says in error.message
    later = await refused(
        client.extract_filing(filing=older, earlier_filings=[FilingListing(filing=newer)]),
        Reason.EARLIER_FILING_UNUSABLE,
    )
    assert "was accepted after this filing" in later.message


async def test_only_the_categories_asked_for_are_answered(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    ref = put(edgar, FILING)
    whole = (await client.extract_filing(filing=ref)).extraction
    risk = (await client.extract_filing(filing=ref, categories=[SIGNAL_CATEGORY_RISK])).extraction
    defined = await client.list_signal_definitions(category=SIGNAL_CATEGORY_RISK, page_size=500)
    ids = {each.id for each in defined.definitions}
    assert {each.id for each in risk.signals} | {each.id for each in risk.missing} == ids
    assert [each for each in whole.missing if each.id in ids] == list(risk.missing)
    assert risk.result_key != whole.result_key


async def test_a_definition_is_given_by_its_id(client: AsyncExtractorClient) -> None:
    listed = await client.list_signal_definitions(page_size=500)
    for each in (listed.definitions[0], listed.definitions[-1]):
        given = await client.get_signal_definition(id=each.id)
        assert (given.definition, given.catalog_version) == (each, listed.catalog_version)
    assert all(
        each.tier and each.inputs and each.confidence_rule and each.formula and each.source
        for each in listed.definitions
    )
    error = await refused(client.get_signal_definition(id="revenu"), Reason.UNKNOWN_SIGNAL, "id")
    assert "revenue" in error.metadata["closest"].split(",")
    await refused(client.get_signal_definition(), Reason.UNKNOWN_SIGNAL, "id")
    await refused(client.get_signal_definition(id="x" * 100_000), Reason.UNKNOWN_SIGNAL, "id")


async def test_signals_are_computed_against_the_tables_given(
    client: AsyncExtractorClient, edgar: tuple[EdgarTree, str]
) -> None:
    report = next(each for each in sample_filings() if each.form == "10-K" and each.is_inline)
    content = submission_text(report)
    cik, accession_number = report.company.cik, report.accession_number
    edgar[0].put(f"Archives/edgar/data/{cik}/{accession_number}.txt", content)
    ref = FilingRef(accession_number=accession_number, cik=cik)

    def tables(version: str, share: float) -> pb_tables.ReferenceTables:
        return pb_tables.ReferenceTables(
            tetragrams=pb_tables.PhraseShares(
                version=version, phrases=["as a result of", "we believe that the"], shares=[share, share]
            )
        )

    bare = (await client.extract_filing(filing=ref)).extraction
    assert {each.id: each.reason for each in bare.missing}[
        "boilerplate_share"
    ] == MISSING_REASON_TABLE_NOT_GIVEN
    given = (await client.extract_filing(filing=ref, tables=tables("2023", 0.5))).extraction
    (signal,) = [each for each in given.signals if each.id == "boilerplate_share"]
    assert signal.evidence
    assert "table tetragrams 2023" in signal.notes[0]

    again = (await client.extract_filing(filing=ref, tables=tables("2023", 0.5))).extraction
    assert again == given
    sent = uploaded(content, accession_number)
    sent[0].opening.filing.listing.filing.cik = cik
    sent[0].opening.tables.CopyFrom(tables("2023", 0.5))
    by_bytes = (await client.extract_documents(requests=sent)).extraction
    assert [each for each in by_bytes.signals if each.id == signal.id] == [signal]
    keys = {bare.result_key, given.result_key}
    for other in (tables("2024", 0.5), tables("2023", 0.6)):
        keys.add((await client.extract_filing(filing=ref, tables=other)).extraction.result_key)
    assert len(keys) == 4


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
        (
            lambda c: c.extract_filing(filing=SOME, categories=[SIGNAL_CATEGORY_UNSPECIFIED]),
            Reason.INVALID_FIELD,
            "categories",
        ),
        (
            lambda c: c.extract_filing(filing=SOME, earlier_filings=[FilingListing()]),
            Reason.MALFORMED_ACCESSION_NUMBER,
            "earlier_filings[0].filing.accession_number",
        ),
        (
            lambda c: c.extract_filing(filing=SOME, earlier_filings=[FilingListing(filing=SOME)] * 101),
            Reason.INVALID_FIELD,
            "earlier_filings",
        ),
        (
            lambda c: c.extract_filing(filing=SOME, earlier_complete_since=Date(year=2024, month=13, day=1)),
            Reason.INVALID_FIELD,
            "earlier_complete_since",
        ),
        (
            lambda c: c.extract_filing(
                filing=SOME,
                tables=pb_tables.ReferenceTables(
                    tetragrams=pb_tables.PhraseShares(version="1", phrases=["a b c d"], shares=[nan])
                ),
            ),
            Reason.INVALID_FIELD,
            "tables.tetragrams.shares[0]",
        ),
        (
            lambda c: c.extract_documents(
                requests=[
                    pb.ExtractDocumentsRequest(
                        opening=pb.DocumentsOpening(
                            filing=uploaded(FILING)[0].opening.filing,
                            tables=pb_tables.ReferenceTables(
                                modification_length=pb_tables.ModificationLength(version="1")
                            ),
                        )
                    )
                ]
            ),
            Reason.INVALID_FIELD,
            "opening.tables.modification_length.coefficients",
        ),
        (lambda c: c.extract_documents(requests=[]), Reason.INVALID_FIELD, "opening"),
        (
            lambda c: c.extract_documents(requests=uploaded(FILING, "none")),
            Reason.MALFORMED_ACCESSION_NUMBER,
            "opening.filing.listing.filing.accession_number",
        ),
        (lambda c: c.extract_documents(requests=uploaded(FILING)[:1]), Reason.INVALID_FIELD, "chunk"),
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


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[Service]:
    """One worker and no queue. Nothing is fetched from it, so its fetcher need not be there."""
    with running_service(
        "tenkay_extractor", tmp_path, fetcher_address="127.0.0.1:1", workers="1", max_waiting="0"
    ) as extractor:
        yield extractor


SLOW = HOSTILE["one_endless_line"].replace(
    b"A" * 1_000_000, b"Item 1. Business\nItem 1A. Risk Factors\n" * 40_000
)


async def test_more_filings_than_there_is_room_for_are_told_when_to_come_back(small_service: Service) -> None:
    async with AsyncExtractorClient(small_service.endpoint) as client:
        calls = (client.extract_documents(requests=uploaded(SLOW)) for _ in range(4))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        full = [each for each in answers if isinstance(each, TenkayError)]
        assert 1 <= len(full) <= 3
        for error in full:
            assert isinstance(error, ResourceExhausted)
            assert error.reason is Reason.QUEUE_FULL
            assert error.retry_after is not None
            assert error.retry_after > 0
        assert (
            await client.extract_documents(requests=uploaded(FILING))
        ).extraction.filing.form_type == "8-K"
    assert small_service.metric("tenkay_extractor_held_bytes") == 0


async def test_a_caller_that_goes_away_frees_the_worker(small_service: Service) -> None:
    async with AsyncExtractorClient(small_service.endpoint) as client:
        left = asyncio.create_task(client.extract_documents(requests=uploaded(SLOW)))
        for _ in range(3_000):
            if small_service.metric("tenkay_extractor_busy"):
                break
            await asyncio.sleep(0.01)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        answer = None
        while answer is None:
            try:
                answer = await client.extract_documents(requests=uploaded(FILING))
            except ResourceExhausted:
                await asyncio.sleep(0.05)
        assert answer.extraction.filing.form_type == "8-K"
    assert small_service.metric("tenkay_extractor_workers_replaced_total", why="cancelled") == 1


def test_a_fetcher_that_is_not_told_ends_the_start_in_one_line(tmp_path: Path) -> None:
    starting = running_service("tenkay_extractor", tmp_path)
    with pytest.raises(CannotStartError, match="TENKAY_EXTRACTOR_FETCHER_ADDRESS"), starting:
        pass
