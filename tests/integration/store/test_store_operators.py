"""What operators ask and say over gRPC: disputes, statistics, what is stale."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from tenkay.common.v1 import dispute_pb2, filing_pb2, staleness_pb2
from tenkay.errors import InvalidArgument, Reason, TenkayError
from tenkay.store.v1 import change_feed_service_pb2 as feed_pb2
from tenkay.store.v1 import filing_store_service_pb2 as pb
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, analysis, extraction

AGENT = 1999000970
WRONG_SCALE = dispute_pb2.DISPUTE_REASON_WRONG_SCALE


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    environment = {"TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.01", "TENKAY_STORE_STATISTICS_SECONDS": "0"}
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as running:
        yield running


def _ref(count: int) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=accession_number(count, AGENT))


async def test_a_value_is_disputed_looked_at_and_settled(process: StoreProcess) -> None:
    body = extraction(_ref(1).accession_number, cik=971, signals={"d_ratio": 1000.0, "d_other": 1.0})
    async with process.filings as client, process.admin as admin, process.feed as feed:
        sequence = (await client.commit_extraction(extraction=body)).outcome.sequence
        said: dict[str, Any] = {"filing": _ref(1), "signal_id": "d_ratio", "said_by": "an analyst"}
        answer = await admin.dispute_value(reason=WRONG_SCALE, note="in thousands", **said)
        assert answer.changed
        dispute = answer.dispute
        assert (dispute.version, dispute.signal_id, dispute.is_open, dispute.reason, dispute.note) == (
            1, "d_ratio", True, WRONG_SCALE, "in thousands",
        )  # fmt: skip
        again = await admin.dispute_value(reason=WRONG_SCALE, **said)
        assert (again.dispute, again.changed) == (dispute, False)
        shown = await client.get_signals(filing=_ref(1))
        assert list(shown.disputes) == [dispute]
        assert [each.id for each in shown.signals] == ["d_ratio", "d_other"]
        # Where the value is not shown, neither is its dispute.
        assert not (await client.get_signals(filing=_ref(1), signal_ids=["d_other"])).disputes
        assert not (await client.screen_filings(filter="signals.d_ratio > 1")).filings
        async for batch in feed.watch(from_sequence=sequence):
            if batch.changes:
                assert [each.kind for each in batch.changes] == [feed_pb2.CHANGE_KIND_DISPUTE]
                break
        assert list((await admin.list_disputes()).disputes) == [dispute]
        ended = await admin.resolve_dispute(note="it is right", **said)
        assert (ended.changed, ended.dispute.is_open, ended.dispute.reason) == (True, False, WRONG_SCALE)
        assert len((await client.screen_filings(filter="signals.d_ratio > 1")).filings) == 1
        assert not (await admin.list_disputes()).disputes
        first = await admin.list_disputes(
            accession_number=_ref(1).accession_number, history=True, page_size=1
        )
        second = await admin.list_disputes(
            accession_number=_ref(1).accession_number, history=True, page_token=first.next_page_token
        )
        assert [*first.disputes, *second.disputes] == [dispute, ended.dispute]
        assert second.next_page_token == ""
        with pytest.raises(InvalidArgument) as other:
            await admin.list_disputes(page_token=first.next_page_token)
        assert other.value.reason is Reason.MALFORMED_PAGE_TOKEN


BAD: list[tuple[Reason, str, dict[str, Any]]] = [
    (Reason.MALFORMED_ACCESSION_NUMBER, "filing.accession_number", {"filing": filing_pb2.FilingRef()}),
    (Reason.FILING_UNKNOWN, "filing.accession_number", {"filing": _ref(99)}),
    (Reason.UNKNOWN_SIGNAL, "signal_id", {"signal_id": "nobody_has_it"}),
    (Reason.UNKNOWN_SIGNAL, "signal_id", {"signal_id": ""}),
    (Reason.INVALID_FIELD, "version", {"version": 0}),
    (Reason.INVALID_FIELD, "version", {"version": 7}),
    (Reason.INVALID_FIELD, "said_by", {"said_by": " "}),
    (Reason.INVALID_FIELD, "said_by", {"said_by": "x" * 201}),
    (Reason.INVALID_FIELD, "note", {"note": "x" * 1001}),
]


@pytest.mark.parametrize("ending", [False, True], ids=["dispute", "resolution"])
@pytest.mark.parametrize(("reason", "field", "given"), BAD)
async def test_what_is_not_said_in_full_changes_nothing(
    process: StoreProcess, reason: Reason, field: str, given: dict[str, Any], ending: bool
) -> None:
    body = extraction(_ref(2).accession_number, cik=972, signals={"b_ratio": 1.0})
    async with process.filings as client, process.admin as admin:
        await client.commit_extraction(extraction=body)
        before = (await admin.get_sink_status()).sequence
        asked: dict[str, Any] = {"filing": _ref(2), "signal_id": "b_ratio", "said_by": "somebody"} | given
        say: Any = admin.resolve_dispute if ending else partial(admin.dispute_value, reason=WRONG_SCALE)
        with pytest.raises(TenkayError) as refused:
            await say(**asked)
        assert (refused.value.reason, refused.value.fields[0].field) == (reason, field)
        assert (await admin.get_sink_status()).sequence == before


@pytest.mark.parametrize(
    ("reason", "note"),
    [
        (dispute_pb2.DISPUTE_REASON_UNSPECIFIED, "a note"),
        (dispute_pb2.DISPUTE_REASON_OTHER, " "),
        (99, "a note"),
    ],
)
async def test_a_dispute_needs_a_reason_that_says_something(
    process: StoreProcess, reason: Any, note: str
) -> None:
    async with process.admin as admin:
        with pytest.raises(InvalidArgument) as refused:
            await admin.dispute_value(
                filing=_ref(1), signal_id="d_ratio", reason=reason, said_by="somebody", note=note
            )
        assert refused.value.fields[0].field == "reason"


async def test_what_is_stale_is_told_by_every_read_and_paged(process: StoreProcess) -> None:
    cik = 973
    async with process.filings as client:
        newer = [extraction(_ref(count).accession_number, cik=cik) for count in (10, 11, 12)]
        for body in newer:
            await client.commit_extraction(extraction=body)
            await client.commit_analysis(analysis=analysis(body))
        prior = extraction(
            _ref(13).accession_number,
            cik=cik,
            period_end=date(2022, 12, 31),
            accepted=datetime(2023, 3, 1, tzinfo=UTC),
        )
        await client.commit_extraction(extraction=prior)
        answers = await asyncio.gather(
            client.get_filing(filing=_ref(10)),
            client.get_signals(filing=_ref(10)),
            client.get_analysis(filing=_ref(10)),
        )
        told = [each.stale for each in answers]
        assert told[0] == told[1] == told[2]
        assert told[0].reason == staleness_pb2.STALE_REASON_EARLIER_FILING_NOT_USED
        assert told[0].earlier_filing == _ref(13).accession_number
        first = await client.list_stale(cik=cik, page_size=2)
        second = await client.list_stale(cik=cik, page_size=2, page_token=first.next_page_token)
        found = [*first.stale, *second.stale]
        assert [each.filing.accession_number for each in found] == [
            _ref(count).accession_number for count in (10, 11, 12)
        ]
        assert {each.result for each in found} == {pb.STALE_RESULT_EXTRACTION}
        assert found[0].stale == told[0]
        assert second.next_page_token == ""
        newest = extraction(_ref(10).accession_number, cik=cik, code_version="2")
        await client.commit_extraction(extraction=newest)
        analyses = await client.list_stale(cik=cik, result=pb.STALE_RESULT_ANALYSIS)
        (entry,) = analyses.stale
        assert entry.stale.reason == staleness_pb2.STALE_REASON_EXTRACTION_SUPERSEDED
        assert not entry.stale.HasField("earlier_filing")
        assert (await client.get_analysis(filing=_ref(10))).stale == entry.stale
        wrong: list[dict[str, Any]] = [
            {"result": 9},
            {"cik": 0},
            {"page_size": -1},
            {"page_token": first.next_page_token},
        ]
        for asked in wrong:
            with pytest.raises(InvalidArgument):
                await client.list_stale(**asked)


async def test_the_statistics_are_those_of_what_was_committed(process: StoreProcess) -> None:
    async with process.filings as client, process.admin as admin:
        before = {each.form_type: each for each in (await admin.get_statistics()).forms}
        assert "20-F" not in before
        for count, day in ((20, date(2021, 1, 1)), (21, date(2022, 2, 2)), (22, None)):
            body = extraction(_ref(count).accession_number, cik=974, form_type="20-F", filed=day)
            await client.commit_extraction(extraction=body)
            outcome = (await client.commit_analysis(analysis=analysis(body))).outcome
        await client.commit_extraction(
            extraction=extraction(_ref(20).accession_number, cik=974, form_type="20-F", code_version="2")
        )
        found = await admin.get_statistics()
        (form,) = [each for each in found.forms if each.form_type == "20-F"]
        assert (form.filing_count, form.version_count, form.signal_count, form.analysis_count) == (
            3,
            4,
            12,
            3,
        )
        assert (form.oldest_filed.year, form.newest_filed.year) == (2021, 2024)
        tables = {each.table: each for each in found.tables}
        assert tables["filings"].row_count == found.version_count
        assert tables["signals"].row_count == tables["screen_segments"].row_count
        assert tables["signals"].row_count == sum(each.signal_count for each in found.forms)
        assert found.filing_count == sum(each.filing_count for each in found.forms)
        assert found.day_count >= 3
        assert found.newest_recorded_at.ToNanoseconds() >= outcome.sinks[0].durable_at.ToNanoseconds()
        assert found.oldest_recorded_at.ToNanoseconds() < found.newest_recorded_at.ToNanoseconds()
        assert found.file_size_bytes + found.wal_size_bytes > 0
        assert found.as_of_sequence == (await admin.get_sink_status()).sequence
