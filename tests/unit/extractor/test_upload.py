"""What the stream of ExtractDocuments must look like, and how many bytes are held meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.common.v1.filing_pb2 import FilingListing
from tenkay.errors import InvalidArgument, Reason, TenkayError
from tenkay.extractor.v1 import extractor_service_pb2 as pb
from tenkay_extractor.byte_budget import ByteAccount, ByteBudget
from tenkay_extractor.upload import MOST_CHUNK_BYTES, Upload, read_documents, read_opening


def documents(*contents: bytes) -> pb.FilingDocuments:
    return pb.FilingDocuments(
        listing=FilingListing(),
        documents=[
            pb.DocumentOpening(filename=f"d{position}.htm", type="10-K", size_bytes=len(content))
            for position, content in enumerate(contents)
        ],
    )


def opening(filing: Sequence[bytes], *earlier: Sequence[bytes]) -> pb.ExtractDocumentsRequest:
    return pb.ExtractDocumentsRequest(
        opening=pb.DocumentsOpening(
            filing=documents(*filing), earlier_filings=[documents(*each) for each in earlier]
        )
    )


def chunk(content: bytes) -> pb.ExtractDocumentsRequest:
    return pb.ExtractDocumentsRequest(chunk=content)


async def read(*messages: pb.ExtractDocumentsRequest, budget: ByteBudget | None = None) -> Upload:
    async def stream() -> AsyncIterator[pb.ExtractDocumentsRequest]:
        for message in messages:
            yield message

    requests = stream()
    with (budget or ByteBudget(one_call=10**6, all_calls=10**6)).account() as account:
        return await read_documents(await read_opening(requests), requests, account)


@given(
    sets=st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), min_size=1, max_size=3),
    cuts=st.sets(st.integers(1, 300)),
)
async def test_chunks_may_be_cut_anywhere(sets: list[list[bytes]], cuts: set[int]) -> None:
    whole = b"".join(content for each in sets for content in each)
    edges = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    pieces: Iterable[bytes] = (whole[start:end] for start, end in itertools.pairwise(edges))
    upload = await read(opening(sets[0], *sets[1:]), *(chunk(piece) for piece in pieces if piece))
    assert [blob.content for blob in upload.filing] == sets[0]
    assert [[blob.content for blob in each] for each in upload.earlier] == sets[1:]
    assert [blob.filename for blob in upload.filing] == [f"d{number}.htm" for number in range(len(sets[0]))]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\C:\\system.ini", "system.ini"),
        ("a10k.htm", "a10k.htm"),
        ("folder/", ""),
        ("a\0b.htm", "ab.htm"),
    ],
)
async def test_only_the_name_of_a_document_is_taken_never_its_folder(sent: str, taken: str) -> None:
    named = pb.DocumentOpening(filename=sent, size_bytes=1)
    opened = pb.DocumentsOpening(filing=pb.FilingDocuments(documents=[named]))
    upload = await read(pb.ExtractDocumentsRequest(opening=opened), chunk(b"x"))
    assert upload.filing[0].filename == taken


LONG = pb.ExtractDocumentsRequest(
    opening=pb.DocumentsOpening(filing=pb.FilingDocuments(documents=[pb.DocumentOpening(filename="x" * 256)]))
)
MANY = opening([b""] * 600, [b""] * 600)


@pytest.mark.parametrize(
    ("messages", "field", "says"),
    [
        ([], "opening", "the first message"),
        ([chunk(b"x")], "opening", "the first message"),
        ([pb.ExtractDocumentsRequest()], "opening", "the first message"),
        ([opening([])], "opening.filing.documents", "one at least"),
        ([opening([b"x"], [])], "opening.earlier_filings[0].documents", "one at least"),
        ([LONG], "opening.filing.documents[0].filename", "more than 255 characters"),
        ([MANY], "opening", "1,200 documents, and 1,000 are taken"),
        ([opening([b"abc"])], "chunk", "ended 3 bytes before"),
        ([opening([b"abc"]), chunk(b"ab")], "chunk", "ended 1 bytes before"),
        ([opening([b"abc"]), chunk(b"abcd")], "chunk", "more bytes come than"),
        ([opening([b"abc"]), chunk(b"abc"), chunk(b"d")], "chunk", "more bytes come than"),
        ([opening([b"abc"]), chunk(b"abc"), opening([b"abc"])], "chunk", "more bytes come than"),
        ([opening([b"abc"]), opening([b"abc"])], "opening", "only the first message"),
        ([opening([b"abc"]), pb.ExtractDocumentsRequest()], "opening", "only the first message"),
        ([opening([b"abc"]), chunk(b"")], "chunk", "without bytes"),
        ([opening([b"x" * 300_000]), chunk(b"x" * (MOST_CHUNK_BYTES + 1))], "chunk", "262,144 are taken"),
    ],
)
async def test_a_stream_of_another_form_is_refused_with_the_field_named(
    messages: list[pb.ExtractDocumentsRequest], field: str, says: str
) -> None:
    with pytest.raises(InvalidArgument, match=says) as refused:
        await read(*messages)
    assert [each.field for each in refused.value.fields] == [field]


async def test_more_than_a_call_may_hold_is_refused_before_any_byte_is_read() -> None:
    announced = pb.ExtractDocumentsRequest(
        opening=pb.DocumentsOpening(
            filing=pb.FilingDocuments(documents=[pb.DocumentOpening(size_bytes=2**63)])
        )
    )
    with pytest.raises(TenkayError, match="allows 1,000,000") as refused:
        await read(announced)
    assert refused.value.reason is Reason.SUBMISSION_TOO_LARGE


def refused(account: ByteAccount, size: int) -> TenkayError:
    with pytest.raises(TenkayError) as error:
        account.take(size)
    return error.value


def test_what_a_call_held_is_given_back_however_it_ends() -> None:
    budget = ByteBudget(one_call=60, all_calls=100)

    def fails(first: ByteAccount) -> None:
        with budget.account() as second:
            second.take(30)
            second.take(30)
            assert budget.held == 100
            full = refused(first, 1)
            assert full.reason is Reason.QUEUE_FULL
            assert full.retry_after
            raise RuntimeError

    with budget.account() as first:
        first.take(40)
        with pytest.raises(RuntimeError):
            fails(first)
        assert budget.held == 40
        too_large = refused(first, 21)
        assert too_large.reason is Reason.SUBMISSION_TOO_LARGE
        assert "have 61 bytes or more" in too_large.message
    assert budget.held == 0
