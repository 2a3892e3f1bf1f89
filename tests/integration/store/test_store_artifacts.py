"""Texts and facts over gRPC: put before the commit, read by the filing, gone with its purge, and never read wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenkay.client.store import AsyncArtifactClient
from tenkay.common.v1 import artifact_pb2, date_pb2, extraction_pb2, fact_pb2, filing_pb2, read_pb2
from tenkay.errors import DataLoss, FailedPrecondition, NotFound, Reason, TenkayError
from tenkay.store.v1 import artifact_service_pb2 as pb
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.artifacts import CHUNK_BYTES, FACTS, TEXT, fact, messages, named, sha256, with_artifacts
from tests.unit.store.filings import accession_number, extraction

Contents = Iterable[tuple[artifact_pb2.ArtifactKind.ValueType, bytes]]

LONG = "".join(random.Random(5).choices("abcdefgh \n€😀é漢", k=500_000))  # noqa: S311


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One store for the tests of this module; each uses filer agents of its own."""
    environment = {
        "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.01",
        "TENKAY_STORE_ARTIFACT_MAX_BYTES": str(8 * 1024 * 1024),
    }
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as running:
        yield running


async def committed(
    process: StoreProcess,
    accession: str,
    texts: list[str],
    facts: list[fact_pb2.Fact] | None = None,
    **given: int,
) -> extraction_pb2.Extraction:
    """A filing whose artifacts are stored."""
    message, contents = with_artifacts(accession, texts, facts, **given)
    async with process.filings as filings, process.artifacts as artifacts:
        for each in contents:
            await artifacts.put_artifact(requests=messages(*each))
        assert (await filings.commit_extraction(extraction=message)).outcome.changed
    return message


def ref(accession: str) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=accession)


async def read_text(client: AsyncArtifactClient, **asked: Any) -> str:
    parts = [part async for part in client.read_text(**asked)]
    assert all(len(part.text.encode()) <= CHUNK_BYTES for part in parts)
    assert [bool(part.sha256) for part in parts] == [True, *[False] * (len(parts) - 1)]
    return "".join(part.text for part in parts)


async def read_facts(client: AsyncArtifactClient, **asked: Any) -> list[fact_pb2.Fact]:
    parts = [part async for part in client.get_facts(**asked)]
    assert all(len(part.facts) <= 500 and part.ByteSize() < 300 * 1024 for part in parts)
    assert [part.HasField("filing") for part in parts] == [True, *[False] * (len(parts) - 1)]
    return [each for part in parts for each in part.facts]


async def refused(call: Any, reason: Reason, field: str | None = None) -> TenkayError:
    with pytest.raises(TenkayError) as caught:
        await call
    assert caught.value.reason is reason, caught.value
    if field is not None:
        assert [each.field for each in caught.value.fields] == [field]
    return caught.value


async def test_every_range_of_a_text_is_read_back_by_code_points(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000701)
    await committed(process, accession, [LONG, "", "short"])
    by_name: dict[str, Any] = {"filing": ref(accession), "document": "0.htm"}
    async with process.artifacts as client:
        assert await read_text(client, **by_name) == LONG
        assert await read_text(client, filing=ref(accession), sha256=sha256(LONG.encode())) == LONG
        assert await read_text(client, sha256=sha256(LONG.encode()), start=499_990) == LONG[499_990:]
        assert await read_text(client, filing=ref(accession), document="1.htm") == ""
        assert await read_text(client, filing=ref(accession), document="2.htm", start=1, end=4) == "hor"
        draw = random.Random(6)  # noqa: S311
        for _ in range(40):
            start = draw.randrange(len(LONG) + 1)
            end = min(len(LONG), start + draw.choice((0, 1, 300, 70_000)))
            assert await read_text(client, **by_name, start=start, end=end) == LONG[start:end]
        first = await anext(client.read_text(**by_name, end=3))
        assert (first.text, first.sha256, first.length) == (LONG[:3], sha256(LONG.encode()), len(LONG))
        assert first.as_of_sequence
        outside: list[tuple[int, int | None, str]] = [
            (500_001, None, "start"),
            (0, 500_001, "end"),
            (5, 4, "end"),
        ]
        for first_one, end_of_it, field in outside:
            await refused(
                read_text(client, **by_name, start=first_one, end=end_of_it), Reason.INVALID_FIELD, field
            )


async def test_facts_are_read_back_by_what_is_asked_for(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000702)
    facts = [
        fact("us-gaap:Revenues", "-12.50", start=(2024, 1, 1)),
        fact("us-gaap:Revenues", "7", start=(2023, 1, 1), end=(2023, 12, 31), member="ex:OneMember"),
        fact("us-gaap:Assets", "100000000000000000000.01"),
        fact("dei:EntityRegistrantName", text="Example", end=None),
        fact("us-gaap:Goodwill"),
    ]
    facts[4].nil = True
    message = await committed(process, accession, [], facts)
    async with process.artifacts as client:
        asked: dict[str, Any] = {"filing": ref(accession)}
        assert await read_facts(client, **asked) == facts
        assert await read_facts(client, **asked, concepts=["us-gaap:Assets", "us-gaap:None"]) == facts[2:3]
        assert await read_facts(client, **asked, concepts=["us-gaap:None"]) == []
        assert await read_facts(client, **asked, scope=fact_pb2.FACT_SCOPE_DIMENSIONS) == facts[1:2]
        assert await read_facts(client, **asked, scope=fact_pb2.FACT_SCOPE_WHOLE_ENTITY) == [
            facts[0],
            *facts[2:],
        ]
        day = date_pb2.Date(year=2024, month=1, day=1)
        assert await read_facts(client, **asked, period_from=day) == [facts[0], facts[2], facts[4]]
        assert await read_facts(client, **asked, period_to=day) == facts[1:2]
        first = await anext(client.get_facts(**asked, concepts=["us-gaap:Assets"]))
        assert (first.filing, first.version) == (message.filing, 1)
        assert (first.result_key, first.fact_count) == (message.result_key, 5)
        assert first.as_of_sequence
        await refused(read_facts(client, **asked, scope=9), Reason.INVALID_FIELD, "scope")
        await refused(read_facts(client, **asked, concepts=["a"] * 501), Reason.INVALID_FIELD, "concepts")
        no_day = date_pb2.Date(year=2024, month=13, day=1)
        await refused(read_facts(client, **asked, period_from=no_day), Reason.INVALID_FIELD, "period_from")


async def test_a_page_of_facts_is_cut_from_those_asked_for(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000712)
    facts = [fact(f"ex:Element{number % 2}", str(number)) for number in range(20)]
    await committed(process, accession, [], facts)
    asked: dict[str, Any] = {"filing": ref(accession), "concepts": ["ex:Element1"]}
    async with process.artifacts as client:
        found: list[fact_pb2.Fact] = []
        for offset in range(0, 12, 4):
            page = await anext(client.get_facts(**asked, offset=offset, limit=4))
            assert (page.selected_count, page.fact_count) == (10, 20)
            found += page.facts
        assert found == facts[1::2]
        assert await read_facts(client, **asked, limit=0) == []
        assert await read_facts(client, **asked, offset=7) == facts[15::2]


async def test_passages_of_several_texts_come_in_one_answer(process: StoreProcess) -> None:
    accession, other = accession_number(1, 1999000713), accession_number(2, 1999000713)
    await committed(process, accession, [LONG])
    await committed(process, other, ["a text of an earlier filing"])
    long, earlier, none = sha256(LONG.encode()), sha256(b"a text of an earlier filing"), "0" * 64
    ranges = [
        (long, 499_000, 501_000), (earlier, 2, 6), (long, 0, 10), (long, 5, 9_005), (none, 0, 1),
        (long, 500_001, 500_002), (long, 40_000, 40_000),
    ]  # fmt: skip
    async with process.artifacts as client:
        answer = await client.read_passages(
            filing=ref(accession),
            passages=[pb.PassageRange(sha256=digest, start=start, end=end) for digest, start, end in ranges],
        )
        assert [each.text for each in answer.passages] == [
            LONG[499_000:], "text", LONG[:10], LONG[5:9_005], "", "", "",
        ]  # fmt: skip
        assert [each.problem for each in answer.passages] == [
            0, 0, 0, 0, pb.PASSAGE_PROBLEM_TEXT_NOT_STORED, pb.PASSAGE_PROBLEM_OUTSIDE_TEXT, 0,
        ]  # fmt: skip
        assert answer.passages[0].text_length == len(LONG)
        assert answer.as_of_sequence
        one = pb.PassageRange(sha256=long, start=0, end=1)
        for passages, field in (
            ([], "passages"),
            ([one] * 101, "passages"),
            ([one, pb.PassageRange(sha256="x")], "passages[1].sha256"),
            ([pb.PassageRange(sha256=long, start=4, end=3)], "passages[0].end"),
            ([pb.PassageRange(sha256=long, start=0, end=9_001)], "passages[0].end"),
        ):
            call = client.read_passages(filing=ref(accession), passages=passages)
            await refused(call, Reason.INVALID_FIELD, field)
        unknown = client.read_passages(filing=ref(accession_number(9, 1999000713)), passages=[one])
        await refused(unknown, Reason.FILING_UNKNOWN)


async def test_ten_thousand_facts_come_in_bounded_parts(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000703)
    facts = [fact(f"ex:Element{number}", str(number)) for number in range(10_000)]
    facts[7].text = "long " * 100_000
    await committed(process, accession, [], facts)
    async with process.artifacts as client:
        parts = [part async for part in client.get_facts(filing=ref(accession))]
        assert [each for part in parts for each in part.facts] == facts
        assert all(len(part.facts) <= 500 for part in parts)
        # Only a single fact may be larger than a part should be.
        assert all(part.ByteSize() < 300 * 1024 or len(part.facts) == 1 for part in parts)


async def test_each_version_has_its_own_artifacts_and_shares_equal_ones(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000704)
    await committed(process, accession, ["shared 704", "first 704"], [fact("us-gaap:Assets", "1")])
    async with process.filings as filings:
        recorded_at = (await filings.get_filing(filing=ref(accession))).recorded_at
    await committed(process, accession, ["shared 704", "second 704"], [fact("us-gaap:Assets", "2")])
    held = list((process.data_directory / "objects" / "artifacts" / "text").rglob(sha256(b"shared 704")))
    assert len(held) == 1
    async with process.artifacts as client:
        then = read_pb2.AsOf(recorded_at=recorded_at)
        assert await read_text(client, filing=ref(accession), document="1.htm") == "second 704"
        assert await read_text(client, filing=ref(accession), document="1.htm", as_of=then) == "first 704"
        assert [each.value for each in await read_facts(client, filing=ref(accession))] == ["2"]
        assert [each.value for each in await read_facts(client, filing=ref(accession), as_of=then)] == ["1"]


async def test_a_commit_waits_for_its_artifacts_to_be_put(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000705)
    message, contents = with_artifacts(accession, ["text of 705"], [fact("us-gaap:Assets", "1")])
    async with process.filings as filings, process.artifacts as artifacts:
        await artifacts.put_artifact(requests=messages(*contents[0]))
        error = await refused(
            filings.commit_extraction(extraction=message), Reason.ARTIFACT_MISSING, "extraction.artifacts"
        )
        assert isinstance(error, FailedPrecondition)
        assert error.metadata["sha256"] == sha256(contents[1][1])
        await refused(filings.get_filing(filing=ref(accession)), Reason.FILING_UNKNOWN)
        for each in contents * 2:
            await artifacts.put_artifact(requests=messages(*each))
        assert (await filings.commit_extraction(extraction=message)).outcome.changed
        assert not (await filings.commit_extraction(extraction=message)).outcome.changed


async def test_a_version_without_artifacts_says_so(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000706)
    message = extraction(accession)
    async with process.filings as filings, process.artifacts as client:
        await filings.commit_extraction(extraction=message)
        digest = message.texts[0].sha256
        for call in (
            read_facts(client, filing=ref(accession)),
            read_text(client, filing=ref(accession), document="filing.htm"),
            read_text(client, filing=ref(accession), sha256=digest),
            read_text(client, filing=ref(accession), document="none.htm"),
            read_text(client, sha256=digest),
        ):
            assert isinstance(await refused(call, Reason.ARTIFACT_UNKNOWN), NotFound)
        for call in (
            read_facts(client, filing=ref("1999000706-24-999999")),
            read_text(client, filing=ref("1999000706-24-999999")),
        ):
            await refused(call, Reason.FILING_UNKNOWN, "filing.accession_number")
        await refused(read_text(client), Reason.INVALID_FIELD, "sha256")
        await refused(read_text(client, sha256=digest, as_of=read_pb2.AsOf()), Reason.INVALID_FIELD, "as_of")
        await refused(read_text(client, filing=ref("7")), Reason.MALFORMED_ACCESSION_NUMBER)


BYTES = "Ünïcode 707 ".encode() * 1000


def changed(**fields: Any) -> list[pb.PutArtifactRequest]:
    """A good put but for these fields of its first message."""
    sent = list(messages(TEXT, BYTES))
    for name, value in fields.items():
        setattr(sent[0].artifact, name, value)
    return sent


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ([], "artifact"),
        ([pb.PutArtifactRequest()], "artifact"),
        (list(messages(TEXT, BYTES))[1:], "artifact"),
        (changed(kind=0), "artifact.kind"),
        (changed(kind=9), "artifact.kind"),
        (changed(kind=FACTS), "artifact.kind"),
        (changed(sha256=""), "artifact.sha256"),
        (changed(sha256=sha256(BYTES).upper()), "artifact.sha256"),
        (changed(sha256="../../../../etc/passwd"), "artifact.sha256"),
        (changed(sha256="0" * 64), "artifact.sha256"),
        (changed(size_bytes=len(BYTES) - 1), "artifact.size_bytes"),
        (changed(size_bytes=len(BYTES) + 1), "artifact.size_bytes"),
        (changed(size_bytes=9 * 1024 * 1024), "artifact.size_bytes"),
        (list(messages(TEXT, BYTES))[:1], "artifact.size_bytes"),
        ([*messages(TEXT, BYTES), pb.PutArtifactRequest(artifact=named(TEXT, BYTES))], "artifact"),
        ([*messages(TEXT, BYTES), pb.PutArtifactRequest(chunk=b"")], "chunk"),
        (list(messages(TEXT, BYTES * 30, chunk_bytes=CHUNK_BYTES + 1)), "chunk"),
        (list(messages(TEXT, b"no text \xff")), "artifact.kind"),
        (list(messages(TEXT, BYTES[:1])), "artifact.kind"),
        (list(messages(FACTS, b"\xff\xff\xff")), "artifact.kind"),
    ],
)
async def test_a_put_that_is_not_what_it_says_keeps_nothing(
    process: StoreProcess, sent: list[pb.PutArtifactRequest], field: str
) -> None:
    before = held(process)
    async with process.artifacts as client:
        await refused(client.put_artifact(requests=sent), Reason.INVALID_FIELD, field)
    assert held(process) == before


async def test_a_put_that_breaks_off_keeps_nothing(process: StoreProcess) -> None:
    before = held(process)

    async def half() -> Any:
        for message in list(messages(TEXT, BYTES * 100))[:2]:
            yield message
        await asyncio.sleep(60)

    async with process.artifacts as client:
        put = asyncio.create_task(client.put_artifact(requests=half()))
        await asyncio.sleep(0.3)
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
        # The store is as it was: it takes the same artifact now.
        await client.put_artifact(requests=messages(TEXT, BYTES * 100))
    assert len(held(process)) == len(before) + 1


async def test_extractions_that_name_artifacts_wrongly_are_refused(process: StoreProcess) -> None:
    message, _ = with_artifacts(accession_number(1, 1999000708), ["text 708"], [])
    wrong: list[Callable[[extraction_pb2.Extraction], object]] = [
        lambda e: e.artifacts.add(kind=FACTS, sha256="0" * 64),
        lambda e: e.artifacts.add(kind=TEXT, sha256="0" * 64),
        lambda e: e.artifacts.append(e.artifacts[1]),
        lambda e: setattr(e.artifacts[0], "sha256", "x"),
        lambda e: setattr(e.artifacts[0], "kind", 0),
    ]
    async with process.filings as client:
        for change in wrong:
            bad = extraction_pb2.Extraction()
            bad.CopyFrom(message)
            change(bad)
            await refused(client.commit_extraction(extraction=bad), Reason.INVALID_FIELD)


@pytest.mark.parametrize("damage", ["byte", "end", "other", "gone"])
async def test_a_damaged_object_is_told_and_a_new_put_mends_it(process: StoreProcess, damage: str) -> None:
    number = {"byte": 710, "end": 711, "other": 712, "gone": 713}[damage]
    accession = accession_number(1, 1999000000 + number)
    text = f"{damage} " * 60_000
    facts = [fact(f"ex:{damage}{n}", str(n)) for n in range(3000)]
    message, contents = with_artifacts(accession, [text], facts)
    await committed(process, accession, [text], facts)
    async with process.artifacts as client:
        for artifact in message.artifacts:
            (path,) = (process.data_directory / "objects").rglob(artifact.sha256)
            whole = path.read_bytes()
            if damage == "gone":
                path.unlink()
            else:
                path.write_bytes(
                    {
                        "byte": whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:],
                        "end": whole[: len(whole) // 2],
                        "other": b"not an artifact at all" * 10,
                    }[damage]
                )
        for call in (
            read_text(client, filing=ref(accession), document="0.htm"),
            read_facts(client, filing=ref(accession)),
        ):
            assert isinstance(await refused(call, Reason.ARTIFACT_DAMAGED), DataLoss)
        for each in contents:
            await client.put_artifact(requests=messages(*each))
        assert await read_text(client, filing=ref(accession), document="0.htm") == text
        assert await read_facts(client, filing=ref(accession)) == facts


async def test_a_purge_takes_along_what_nothing_else_names(process: StoreProcess) -> None:
    one, other = accession_number(1, 1999000720), accession_number(2, 1999000720)
    await committed(process, one, ["shared 720", "first 720"], [fact("us-gaap:Assets", "720")])
    await committed(process, one, ["second 720"])
    await committed(process, other, ["shared 720"])
    async with process.admin as admin, process.artifacts as client:
        await admin.purge_filings(accession_numbers=[one], requested_by="test", reason="test")
        left = {path.name for path in held(process)}
        assert sha256(b"shared 720") in left
        for gone in (
            b"first 720",
            b"second 720",
            fact_pb2.FactSet(facts=[fact("us-gaap:Assets", "720")]).SerializeToString(),
        ):
            assert sha256(gone) not in left
        await refused(read_text(client, filing=ref(one), document="0.htm"), Reason.FILING_UNKNOWN)
        await refused(read_text(client, sha256=sha256(b"first 720")), Reason.ARTIFACT_UNKNOWN)
        assert await read_text(client, filing=ref(other), document="0.htm") == "shared 720"
        await admin.purge_filings(accession_numbers=[other], requested_by="test", reason="test")
        assert sha256(b"shared 720") not in {path.name for path in held(process)}


async def test_artifacts_survive_a_kill(tmp_path: Path) -> None:
    accession = accession_number(1, 1999000730)
    with StoreProcess(tmp_path) as first:
        await committed(first, accession, [LONG], [fact("us-gaap:Assets", "1")])
        first.kill()
    with StoreProcess(tmp_path) as second:
        async with second.artifacts as client:
            assert await read_text(client, filing=ref(accession), document="0.htm") == LONG
            assert len(await read_facts(client, filing=ref(accession))) == 1


def held(process: StoreProcess) -> set[Path]:
    return {each for each in (process.data_directory / "objects").rglob("*") if each.is_file()}
