"""The store over gRPC: what goes in comes out, what is wrong is refused, and how it starts and ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2, date_pb2, filing_pb2, read_pb2, signal_pb2
from tenkay.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    Reason,
    ResourceExhausted,
    TenkayError,
    Unavailable,
)
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb2
from tenkay.store.v1 import filing_store_service_pb2 as store_pb2
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, analysis, extraction, missing, signal

Client = AsyncFilingStoreClient


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One store for the tests of this module; each uses filer agents and companies of its own."""
    environment = {"TENKAY_STORE_FEED_QUIET_SECONDS": "0.3", "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.01"}
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as running:
        yield running


def _ref(accession: str) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=accession)


async def test_an_extraction_is_answered_as_it_was_committed(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000101)
    message = extraction(
        accession,
        cik=101,
        signals={
            "revenue": "-1234567890123456789012345678901234567890.10",
            "margin": 0.1 + 0.2,
            "doubt": True,
            "staff": 2**62,
            "opinion": "CLEAN",
        },
        gaps=("cover", "runway"),
    )
    message.filing.items.extend(["2.02", "9.01"])
    message.signals[0].notes.extend(["first", "second"])
    message.signals[0].out_of_range = True
    message.signals[2].evidence[0].search.CopyFrom(
        signal_pb2.SearchEvidence(sections=["item_7"], text_sha256=message.texts[0].sha256)
    )
    async with process.filings as client:
        outcome = (await client.commit_extraction(extraction=message)).outcome
        assert (outcome.version, outcome.changed) == (1, True)
        assert [(each.sink, each.state) for each in outcome.sinks] == [
            (store_pb2.SINK_DUCKDB, store_pb2.SINK_STATE_DURABLE),
            (store_pb2.SINK_SUPABASE, store_pb2.SINK_STATE_DISABLED),
        ]
        assert outcome.sinks[0].HasField("durable_at")
        filing = await client.get_filing(filing=_ref(accession))
        assert filing.filing == message.filing
        assert list(filing.sections) == list(message.sections)
        assert (filing.result_key, filing.catalog_version) == (message.result_key, message.catalog_version)
        assert filing.recorded_at == outcome.sinks[0].durable_at
        signals = await client.get_signals(filing=_ref(accession))
        assert list(signals.signals) == list(message.signals)
        assert list(signals.missing) == list(message.missing)
        bare = await client.get_signals(filing=_ref(accession), omit_evidence=True, signal_ids=["doubt"])
        assert [(each.id, len(each.evidence)) for each in bare.signals] == [("doubt", 0)]
        assert list(bare.missing) == []


async def test_an_analysis_is_answered_as_it_was_committed(process: StoreProcess) -> None:
    of = extraction(accession_number(1, 1999000102), cik=102)
    message = analysis(of)
    async with process.filings as client:
        await client.commit_extraction(extraction=of)
        with pytest.raises(NotFound) as none_yet:
            await client.get_analysis(filing=_ref(message.accession_number))
        assert none_yet.value.reason is Reason.ANALYSIS_UNKNOWN
        outcome = (await client.commit_analysis(analysis=message)).outcome
        assert not (await client.commit_analysis(analysis=message)).outcome.changed
        answer = await client.get_analysis(filing=_ref(message.accession_number))
        assert answer.analysis == message
        assert answer.filing == of.filing
        assert answer.recorded_at == outcome.sinks[0].durable_at
        summary = (await client.get_company_summary(cik=102)).company
        assert summary.latest_annual.rating == analysis_pb2.RATING_WEAK
        assert summary.latest_annual.score == 38.5
        assert list(summary.latest_annual.flag_ids) == ["going_concern"]
        assert summary.latest_annual.signal_count == 3
        assert not summary.HasField("latest_quarterly")


async def test_values_are_chosen_by_category_and_gaps_are_not(process: StoreProcess) -> None:
    risk = signal_pb2.SIGNAL_CATEGORY_RISK
    has_value = extraction(accession_number(1, 1999000103), signals={"q_ratio": 1.0}, gaps=())
    has_value.signals.append(signal("q_flag", True, category=risk))
    has_gaps = extraction(accession_number(2, 1999000103), signals={}, gaps=("q_ratio", "q_flag", "q_never"))
    async with process.filings as client:
        committed = (await client.commit_extraction(extraction=has_gaps)).outcome
        then = read_pb2.AsOf(recorded_at=committed.sinks[0].durable_at)
        gaps = _ref(has_gaps.filing.accession_number)
        before = await client.get_signals(filing=gaps, categories=[risk])
        assert [each.id for each in before.missing] == ["q_ratio", "q_flag", "q_never"]
        await client.commit_extraction(extraction=has_value)
        answer = await client.get_signals(filing=_ref(has_value.filing.accession_number), categories=[risk])
        assert [each.id for each in answer.signals] == ["q_flag"]
        # What another filing's values say since changes nothing, at the same moment and now.
        pinned = await client.get_signals(filing=gaps, categories=[risk], as_of=then)
        assert pinned.missing == before.missing
        assert (await client.get_signals(filing=gaps, categories=[risk])).missing == before.missing
        chosen = await client.get_signals(filing=gaps, categories=[risk], signal_ids=["q_ratio"])
        assert [each.id for each in chosen.missing] == ["q_ratio"]
        both = await client.get_signals(
            filing=_ref(has_value.filing.accession_number),
            categories=[risk, signal_pb2.SIGNAL_CATEGORY_FINANCIAL],
        )
        assert [each.id for each in both.signals] == ["q_ratio", "q_flag"]
        with pytest.raises(InvalidArgument) as none:
            await client.get_signals(
                filing=_ref(has_value.filing.accession_number),
                categories=[signal_pb2.SIGNAL_CATEGORY_UNSPECIFIED],
            )
        assert none.value.fields[0].field == "categories"
        with pytest.raises(InvalidArgument) as unknown:
            await client.get_signals(
                filing=_ref(has_gaps.filing.accession_number), signal_ids=["q_ratio", "q_rati"]
            )
        assert unknown.value.reason is Reason.UNKNOWN_SIGNAL
        assert unknown.value.metadata["closest"].startswith("q_ratio")


async def test_the_two_time_axes_are_read_independently(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000104)
    old = extraction(accession, cik=104, signals={"revenue": "1"})
    new = extraction(accession, cik=104, signals={"revenue": "2"})
    async with process.filings as client:
        first = (await client.commit_extraction(extraction=old)).outcome
        await client.commit_analysis(analysis=analysis(old))
        second = (await client.commit_extraction(extraction=new)).outcome
        assert (second.version, second.changed) == (2, True)
        then = read_pb2.AsOf(recorded_at=first.sinks[0].durable_at)
        now = await client.get_signals(filing=_ref(accession))
        before = await client.get_signals(filing=_ref(accession), as_of=then)
        assert [each.signals[0].value.decimal for each in (now, before)] == ["2", "1"]
        assert (now.version, before.version) == (2, 1)
        listed = await client.list_filings(cik=104, as_of=then)
        assert [(each.version, each.rating) for each in listed.filings] == [(1, 0)]
        known = read_pb2.AsOf(known_at=old.filing.accepted_at)
        assert (await client.get_filing(filing=_ref(accession), as_of=known)).version == 2
        known.known_at.seconds -= 1
        with pytest.raises(NotFound) as unknown:
            await client.get_filing(filing=_ref(accession), as_of=known)
        assert unknown.value.reason is Reason.FILING_UNKNOWN
        assert list((await client.list_filings(cik=104, as_of=known)).filings) == []


async def test_pages_are_whole_and_bound_to_their_question(process: StoreProcess) -> None:
    cik = 105
    async with process.filings as client:
        for number in range(7):
            await client.commit_extraction(
                extraction=extraction(
                    accession_number(number, 1999000105), cik=cik, filed=date(2024, 1, 1 + number // 2)
                )
            )
        first = await client.list_filings(cik=cik, page_size=3)
        assert len(first.filings) == 3
        await client.commit_extraction(extraction=extraction(accession_number(50, 1999000105), cik=cik))
        second = await client.list_filings(cik=cik, page_size=2, page_token=first.next_page_token)
        third = await client.list_filings(cik=cik, page_size=9, page_token=second.next_page_token)
        assert third.next_page_token == ""
        numbers = [
            int(each.filing.accession_number[-6:]) for page in (first, second, third) for each in page.filings
        ]
        assert numbers == [6, 4, 5, 2, 3, 0, 1]
        assert second.as_of_sequence == first.as_of_sequence
        token = first.next_page_token
        for attempt in (
            client.list_filings(cik=cik + 1, page_token=token),
            client.list_filings(cik=cik, forms=["10-K"], page_token=token),
            client.list_filings(cik=cik, page_token=token[:-2] + "xx"),
            client.list_filings(cik=cik, page_token="x" * 5000),
            client.screen_filings(filter=f"cik = {cik}", page_token=token),
        ):
            with pytest.raises(InvalidArgument) as refused:
                await attempt
            assert refused.value.reason is Reason.MALFORMED_PAGE_TOKEN


async def test_a_screen_pages_and_shows_signals(process: StoreProcess) -> None:
    cik = 106
    async with process.filings as client:
        for number in range(5):
            message = extraction(
                accession_number(number, 1999000106), cik=cik, signals={"s_ratio": number / 4, "s_other": 1}
            )
            await client.commit_extraction(extraction=message)
        screen = f"signals.s_ratio < 0.9 AND cik = {cik}"
        first = await client.screen_filings(filter=screen, page_size=3, signal_ids=["s_other"])
        second = await client.screen_filings(
            filter=screen, page_size=3, signal_ids=["s_other"], page_token=first.next_page_token
        )
        found = [*first.filings, *second.filings]
        assert [each.signals[0].value.double for each in found] == [0, 0.25, 0.5, 0.75]
        assert {tuple(signal.id for signal in each.signals) for each in found} == {("s_ratio", "s_other")}
        everything = await client.screen_filings(page_size=500)
        assert len(everything.filings) >= 5


async def test_amounts_in_two_currencies_need_one_named(process: StoreProcess) -> None:
    async with process.filings as client:
        for number, currency in enumerate(["USD", "JPY"]):
            await client.commit_extraction(
                extraction=extraction(
                    accession_number(number, 1999000107),
                    cik=107,
                    currency=currency,
                    signals={"y_sales": "5"},
                )
            )
        with pytest.raises(FailedPrecondition) as mixed:
            await client.screen_filings(filter="signals.y_sales > 1")
        assert mixed.value.reason is Reason.CURRENCY_MISMATCH
        found = await client.screen_filings(filter="signals.y_sales > 1", currency="JPY")
        assert [each.signals[0].currency for each in found.filings] == ["JPY"]


BAD_READS: list[tuple[Reason, Callable[[Client], object]]] = [
    (Reason.MALFORMED_ACCESSION_NUMBER, lambda c: c.get_filing()),
    (Reason.MALFORMED_ACCESSION_NUMBER, lambda c: c.get_filing(filing=_ref("000199900000124000001"))),
    (Reason.MALFORMED_ACCESSION_NUMBER, lambda c: c.get_signals(filing=_ref("x' OR '1'='1"))),
    (Reason.FILING_UNKNOWN, lambda c: c.get_signals(filing=_ref("0000000009-99-999999"))),
    (Reason.FILING_UNKNOWN, lambda c: c.get_analysis(filing=_ref("0000000009-99-999999"))),
    (Reason.COMPANY_UNKNOWN, lambda c: c.get_company_summary(cik=9_999_999_999)),
    (Reason.INVALID_FIELD, lambda c: c.get_company_summary()),
    (Reason.INVALID_FIELD, lambda c: c.get_company_summary(cik=10_000_000_000)),
    (Reason.INVALID_FIELD, lambda c: c.list_filings(page_size=-1)),
    (Reason.INVALID_FIELD, lambda c: c.list_filings(cik=0)),
    (Reason.MALFORMED_PAGE_TOKEN, lambda c: c.list_filings(page_token="made-up")),
    (Reason.MALFORMED_PAGE_TOKEN, lambda c: c.list_filings(page_token="x" * 3000)),
    (Reason.MALFORMED_PAGE_TOKEN, lambda c: c.screen_filings(page_token="made-up")),
    (Reason.MESSAGE_TOO_LARGE, lambda c: c.screen_filings(filter="x" * 5_000_000)),
    (Reason.INVALID_FIELD, lambda c: c.list_filings(filed_from=date_pb2.Date(year=2024, month=2, day=30))),
    (Reason.INVALID_FIELD, lambda c: c.screen_filings(page_size=-5)),
    (Reason.INVALID_FIELD, lambda c: c.screen_filings(currency="dollars")),
    (Reason.FILTER_SYNTAX, lambda c: c.screen_filings(filter="form_type ==")),
    (Reason.FILTER_UNKNOWN_FIELD, lambda c: c.screen_filings(filter="formtype = x")),
    (Reason.UNKNOWN_SIGNAL, lambda c: c.screen_filings(filter="signals.nobody_has_it > 1")),
    (Reason.UNKNOWN_SIGNAL, lambda c: c.screen_filings(signal_ids=["nobody_has_it"])),
    (Reason.MALFORMED_SEQUENCE, lambda c: c.get_company_summary(cik=1, min_sequence="abc")),
    (Reason.MALFORMED_SEQUENCE, lambda c: c.get_company_summary(cik=1, min_sequence="57.1")),
    (Reason.SEQUENCE_NOT_REACHED, lambda c: c.get_company_summary(cik=1, min_sequence="0.999999999")),
]


@pytest.mark.parametrize(("reason", "read"), BAD_READS)
async def test_a_bad_read_gets_its_reason(
    process: StoreProcess, reason: Reason, read: Callable[[Client], object]
) -> None:
    async with process.filings as client:
        with pytest.raises(TenkayError) as refused:
            await read(client)  # type: ignore[misc]
    assert refused.value.reason is reason


async def test_a_bad_commit_is_refused_and_changes_nothing(process: StoreProcess) -> None:
    accession = accession_number(1, 1999000108)
    contradictory = extraction(accession)
    contradictory.missing.append(missing("revenue"))
    keyless = extraction(accession)
    keyless.result_key = ""
    async with process.filings as client, process.admin as admin:
        before = (await admin.get_sink_status()).sequence
        for reason, attempt in (
            (Reason.INVALID_FIELD, client.commit_extraction()),
            (Reason.INVALID_FIELD, client.commit_extraction(extraction=contradictory)),
            (Reason.INVALID_FIELD, client.commit_extraction(extraction=keyless)),
            (Reason.INVALID_FIELD, client.commit_extraction(extraction=extraction(accession), wait_for=9)),  # type: ignore[arg-type]
            (Reason.INVALID_FIELD, client.commit_analysis()),
            (Reason.FILING_UNKNOWN, client.commit_analysis(analysis=analysis(extraction(accession)))),
        ):
            with pytest.raises((InvalidArgument, NotFound)) as refused:
                await attempt
            assert refused.value.reason is reason
        huge = extraction(accession)
        huge.signals[0].notes.append("x" * (5 * 1024 * 1024))
        with pytest.raises(ResourceExhausted) as too_large:
            await client.commit_extraction(extraction=huge)
        assert too_large.value.reason is Reason.MESSAGE_TOO_LARGE
        assert (await admin.get_sink_status()).sequence == before


@pytest.mark.parametrize(
    ("reason", "asked"),
    [
        (Reason.INVALID_FIELD, {}),
        (Reason.INVALID_FIELD, {"sequences": ["0.1"], "all": True}),
        (Reason.INVALID_FIELD, {"sequences": ["0.1"] * 501}),
        (Reason.SINK_DISABLED, {"all": True}),
    ],
    ids=["nothing", "both", "too many", "no second sink"],
)
async def test_a_replay_that_cannot_be_is_refused(
    process: StoreProcess, reason: Reason, asked: dict[str, Any]
) -> None:
    async with process.admin as admin:
        with pytest.raises(TenkayError) as refused:
            await admin.replay_dead_letters(**asked)
    assert refused.value.reason is reason


async def test_a_store_without_a_second_sink_has_no_dead_letters(process: StoreProcess) -> None:
    async with process.admin as admin:
        assert not (await admin.list_dead_letters()).dead_letters
        with pytest.raises(InvalidArgument) as negative:
            await admin.list_dead_letters(page_size=-1)
        assert negative.value.reason is Reason.INVALID_FIELD
        with pytest.raises(InvalidArgument) as forged:
            await admin.list_dead_letters(page_token="forged")
        assert forged.value.reason is Reason.MALFORMED_PAGE_TOKEN


async def test_a_page_token_is_good_for_its_own_list_only(process: StoreProcess) -> None:
    async with process.filings as client:
        for number in range(3):
            await client.commit_extraction(
                extraction=extraction(accession_number(number, 1999000112), cik=112)
            )
        token = (await client.list_filings(cik=112, page_size=1)).next_page_token
        assert len((await client.list_filings(cik=112, page_size=5, page_token=token)).filings) == 2
        for other in (
            client.list_filings(cik=113, page_token=token),
            client.list_filings(page_token=token),
            client.screen_filings(filter="cik = 112", page_token=token),
            client.list_filings(cik=112, page_token=token[:-2]),
        ):
            with pytest.raises(InvalidArgument) as refused:
                await other
            assert refused.value.reason is Reason.MALFORMED_PAGE_TOKEN


async def test_without_disk_space_commits_are_refused_and_what_is_stored_is_read(tmp_path: Path) -> None:
    held, other = (extraction(accession_number(number, 1999000113), cik=113) for number in (1, 2))
    with StoreProcess(tmp_path) as process:
        async with process.filings as client:
            await client.commit_extraction(extraction=held)
    with StoreProcess(tmp_path, {"TENKAY_STORE_MIN_FREE_BYTES": str(1 << 60)}) as process:
        async with process.filings as client, process.admin as admin:
            before = (await admin.get_sink_status()).sequence
            for attempt in (
                client.commit_extraction(extraction=other),
                client.commit_analysis(analysis=analysis(held)),
            ):
                with pytest.raises(ResourceExhausted, match="make room") as full:
                    await attempt
                assert full.value.reason is Reason.DISK_FULL
                assert full.value.retry_after
            assert (await admin.get_sink_status()).sequence == before
            assert (await client.get_filing(filing=_ref(held.filing.accession_number))).version == 1
            with pytest.raises(NotFound):
                await client.get_filing(filing=_ref(other.filing.accession_number))


async def test_more_commits_than_may_wait_are_refused_with_the_time_to_come_back(tmp_path: Path) -> None:
    limits = {"TENKAY_STORE_QUEUE_COMMITS": "2", "TENKAY_STORE_GROUP_WINDOW_SECONDS": "2"}
    messages = [extraction(accession_number(number, 1999000114), cik=114) for number in range(6)]
    with StoreProcess(tmp_path, limits) as process:
        async with process.filings as client:
            outcomes = await asyncio.gather(
                *(client.commit_extraction(extraction=each) for each in messages), return_exceptions=True
            )
            refused = [each for each in outcomes if isinstance(each, ResourceExhausted)]
            # The store's own upkeep may have taken a place too.
            assert len(refused) in (4, 5)
            for error in refused:
                assert error.reason is Reason.QUEUE_FULL
                assert error.retry_after is not None
                assert 0 < error.retry_after < 10
            assert len((await client.list_filings()).filings) == len(messages) - len(refused)


ENDLESS_READ = """
import runpy
from tenkay_store.primary import duckdb_reads

def endless(cursor, *_):
    rows = "range(1000000000)"
    return cursor.execute(f"SELECT count(*) FROM {rows} a, {rows} b WHERE hash(a.range + b.range) = 1").fetchall()

duckdb_reads.company = endless
runpy.run_module("tenkay_store", run_name="__main__")
"""


async def test_a_calls_deadline_interrupts_its_query_and_frees_the_reader(tmp_path: Path) -> None:
    with StoreProcess(tmp_path, {"TENKAY_STORE_READERS": "1"}, program=("-c", ENDLESS_READ)) as process:
        async with process.filings as client:
            for _ in range(3):
                with pytest.raises(DeadlineExceeded):
                    await client.get_company_summary(cik=114, timeout=0.3)
            # The one reader has no query left that would keep this waiting.
            assert not (await client.list_filings(timeout=10)).filings


async def test_a_feed_tells_of_both_kinds_of_commits_and_of_quiet(process: StoreProcess) -> None:
    of = extraction(accession_number(1, 1999000109), cik=109)
    async with process.filings as client, process.feed as feed:
        stream = feed.watch(timeout=30)
        first = await anext(stream)
        assert list(first.changes) == []
        quiet = await anext(stream)
        assert (list(quiet.changes), quiet.up_to_sequence) == ([], first.up_to_sequence)
        await client.commit_extraction(extraction=of)
        await client.commit_analysis(analysis=analysis(of))
        changes: list[feed_pb2.Change] = []
        while len(changes) < 2:
            changes += (await anext(stream)).changes
        assert [(each.kind, each.accession_number, each.cik, each.version) for each in changes] == [
            (feed_pb2.CHANGE_KIND_EXTRACTION, of.filing.accession_number, 109, 1),
            (feed_pb2.CHANGE_KIND_ANALYSIS, of.filing.accession_number, 109, 1),
        ]
        resumed = await anext(feed.watch(from_sequence=changes[0].sequence, timeout=30))
        assert resumed.changes[0].sequence == changes[1].sequence


@pytest.mark.parametrize(
    ("position", "error", "reason"),
    [
        ("x", InvalidArgument, Reason.MALFORMED_SEQUENCE),
        ("7.3", InvalidArgument, Reason.MALFORMED_SEQUENCE),
        ("0.999999999", OutOfRange, Reason.FEED_POSITION_EXPIRED),
    ],
)
async def test_a_position_of_another_feed_is_refused(
    process: StoreProcess, position: str, error: type[TenkayError], reason: Reason
) -> None:
    async with process.feed as feed:
        with pytest.raises(error) as refused:
            await anext(feed.watch(from_sequence=position, timeout=10))
    assert refused.value.reason is reason


async def test_a_client_reads_what_it_has_committed(process: StoreProcess) -> None:
    async with process.filings as client:
        for number in range(20):
            message = extraction(accession_number(number, 1999000110), cik=110)
            outcome = (await client.commit_extraction(extraction=message)).outcome
            answer = await client.list_filings(cik=110, min_sequence=outcome.sequence)
            assert len(answer.filings) == number + 1


async def test_a_reader_waits_for_a_sequence_that_is_on_its_way(process: StoreProcess) -> None:
    async with process.filings as client, process.admin as admin:
        shard, number = (await admin.get_sink_status()).sequence.split(".")
        reading = asyncio.create_task(
            client.list_filings(cik=111, min_sequence=f"{shard}.{int(number) + 1}", timeout=5)
        )
        await asyncio.sleep(0.1)
        await client.commit_extraction(extraction=extraction(accession_number(1, 1999000111), cik=111))
        assert len((await reading).filings) == 1


async def test_many_committers_at_once_are_all_answered(process: StoreProcess) -> None:
    async with process.filings as client:
        answers = await asyncio.gather(
            *(
                client.commit_extraction(extraction=extraction(accession_number(n, 1999000112), cik=112))
                for n in range(64)
            )
        )
        assert len({each.outcome.sequence for each in answers}) == 64
        listed = await client.list_filings(cik=112, page_size=500)
        assert len(listed.filings) == 64


async def test_without_a_second_sink_its_status_says_so(process: StoreProcess) -> None:
    async with process.admin as admin:
        status = await admin.get_sink_status()
    assert [(each.sink, each.enabled) for each in status.sinks] == [
        (store_pb2.SINK_DUCKDB, True),
        (store_pb2.SINK_SUPABASE, False),
    ]


# Starting and ending.


def _run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tenkay_store"],
        env={**os.environ, "TENKAY_STORE_INSECURE": "true", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )


def test_a_second_owner_of_the_file_ends_with_one_clear_line(process: StoreProcess, tmp_path: Path) -> None:
    done = _run(tmp_path, TENKAY_STORE_DATA_DIRECTORY=str(process.data_directory))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"belongs to another store that is running (process {process.process.pid})" in done.stderr
    assert process.process.poll() is None


def test_a_store_told_to_keep_objects_at_another_ones_address_ends_with_one_clear_line(
    process: StoreProcess, tmp_path: Path
) -> None:
    done = _run(
        tmp_path,
        TENKAY_STORE_DATA_DIRECTORY=str(tmp_path / "other"),
        TENKAY_STORE_OBJECTS_URL=f"file://{process.data_directory / 'objects'}",
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the objects may not be this store's: they are of the store" in done.stderr
    assert "moved elsewhere or removed, artifacts/store.json among them" in done.stderr


def test_a_store_set_up_anew_beside_its_old_objects_starts_once_they_are_out_of_the_way(
    tmp_path: Path,
) -> None:
    objects = tmp_path / "objects"
    elsewhere = {"TENKAY_STORE_OBJECTS_URL": f"file://{objects}"}
    with StoreProcess(tmp_path, elsewhere) as first:
        data = first.data_directory
    data.rename(tmp_path / "lost")
    done = _run(tmp_path, TENKAY_STORE_DATA_DIRECTORY=str(data), **elsewhere)
    assert done.returncode == 1
    assert "they are of the store" in done.stderr
    objects.rename(tmp_path / "old-objects")
    with StoreProcess(tmp_path, elsewhere):
        assert (objects / "artifacts" / "store.json").exists()


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({}, "TENKAY_STORE_DATA_DIRECTORY"),
        ({"TENKAY_STORE_DATA_DIRECTORY": "d", "TENKAY_STORE_READERS": "0"}, "TENKAY_STORE_READERS"),
        ({"TENKAY_STORE_DATA_DIRECTORY": "d", "TENKAY_STORE_SUPABASE_URL": "http://x"}, "SUPABASE_KEY"),
        (
            {
                "TENKAY_STORE_DATA_DIRECTORY": "d",
                "TENKAY_STORE_SUPABASE_URL": "x",
                "TENKAY_STORE_SUPABASE_KEY": "k",
            },
            "TENKAY_STORE_SUPABASE_URL",
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_with_a_line_that_names_it(
    tmp_path: Path, environment: dict[str, str], variable: str
) -> None:
    done = _run(tmp_path, **environment)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert variable in done.stderr


def test_a_folder_that_cannot_be_used_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _run(tmp_path, TENKAY_STORE_DATA_DIRECTORY=str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


async def test_a_store_that_is_stopped_answers_what_it_took_and_ends_its_streams(tmp_path: Path) -> None:
    with StoreProcess(tmp_path, {"TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.5"}) as process:
        async with process.filings as client, process.feed as feed:
            stream = feed.watch(timeout=30)
            await anext(stream)
            commits = [
                asyncio.create_task(client.commit_extraction(extraction=extraction(accession_number(n))))
                for n in range(5)
            ]
            await asyncio.sleep(0.2)
            status = asyncio.create_task(asyncio.to_thread(process.stop))
            answers = await asyncio.gather(*commits)
            assert all(each.outcome.changed for each in answers)
            with pytest.raises(Unavailable) as ended:
                async for _ in stream:
                    pass
            assert ended.value.reason is Reason.DRAINING
            assert await status == 0
    with StoreProcess(tmp_path) as again:
        async with again.filings as client:
            assert len((await client.list_filings()).filings) == 5
