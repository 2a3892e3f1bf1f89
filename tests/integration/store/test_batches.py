"""Several commits and several filings in one call: each on its own, and never more than the bound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenkay.common.v1 import errors_pb2, filing_pb2
from tenkay.errors import InvalidArgument, Reason
from tenkay.store.v1 import filing_store_service_pb2 as pb
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, analysis, extraction

AGENT = 1999000950


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(tmp_path_factory.mktemp("store")) as running:
        yield running


def _number(count: int) -> str:
    return accession_number(count, AGENT)


async def test_each_commit_of_a_batch_is_durable_or_refused_on_its_own(process: StoreProcess) -> None:
    good = extraction(_number(1))
    keyless = extraction(_number(2))
    keyless.result_key = ""
    keyless_analysis = analysis(extraction(_number(3)))
    items = [
        pb.BatchItem(extraction=good),
        pb.BatchItem(extraction=keyless),
        pb.BatchItem(analysis=analysis(good)),
        pb.BatchItem(analysis=keyless_analysis),
        pb.BatchItem(),
        pb.BatchItem(extraction=good),
        pb.BatchItem(extraction=good, fence=pb.LeaseFence(scope="job")),
    ]
    async with process.filings as client:
        results = (await client.batch_commit(items=items)).results
        assert [each.WhichOneof("result") for each in results] == [
            "outcome", "error", "outcome", "error", "error", "outcome", "error",
        ]  # fmt: skip
        outcomes = [each.outcome for each in results if each.HasField("outcome")]
        assert [outcome.changed for outcome in outcomes] == [True, True, False]
        assert outcomes[0].sequence == outcomes[2].sequence
        assert {sink.state for sink in outcomes[0].sinks} == {pb.SINK_STATE_DURABLE, pb.SINK_STATE_DISABLED}
        errors = [each.error for each in results if each.HasField("error")]
        assert [(error.reason, error.field) for error in errors] == [
            (errors_pb2.ERROR_REASON_INVALID_FIELD, "extraction.result_key"),
            (errors_pb2.ERROR_REASON_FILING_UNKNOWN, "analysis.accession_number"),
            (errors_pb2.ERROR_REASON_INVALID_FIELD, "result"),
            (errors_pb2.ERROR_REASON_INVALID_FIELD, "fence"),
        ]
        assert all(error.message for error in errors)
        assert (
            await client.get_analysis(filing=filing_pb2.FilingRef(accession_number=_number(1)))
        ).version == 1


async def test_commits_of_a_batch_keep_their_order_and_answer_a_stale_lease(process: StoreProcess) -> None:
    versions = [extraction(_number(10), code_version=str(version)) for version in range(50)]
    async with process.filings as client:
        results = (
            await client.batch_commit(items=[pb.BatchItem(extraction=each) for each in versions])
        ).results
        assert [each.outcome.version for each in results] == list(range(1, 51))
        items = [
            pb.BatchItem(
                extraction=extraction(_number(10), code_version=f"under {token}"),
                fence=pb.LeaseFence(scope="job", token=token),
            )
            for token in (8, 7)
        ]
        newer, older = (await client.batch_commit(items=items)).results
        assert newer.outcome.version == 51
        assert older.error.reason == errors_pb2.ERROR_REASON_STALE_LEASE


async def test_a_full_queue_refuses_the_rest_of_a_batch_and_says_when_to_come_back(tmp_path: Path) -> None:
    environment = {"TENKAY_STORE_QUEUE_COMMITS": "3", "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.5"}
    with StoreProcess(tmp_path, environment) as full:
        async with full.filings as client:
            items = [pb.BatchItem(extraction=extraction(_number(count))) for count in range(60, 65)]
            results = (await client.batch_commit(items=items)).results
            stored = [each.HasField("outcome") for each in results]
            # In order: those that found room, then those that did not.
            assert stored == sorted(stored, reverse=True)
            assert 1 <= stored.count(True) <= 3
            for refused in results[stored.count(True) :]:
                assert refused.error.reason == errors_pb2.ERROR_REASON_QUEUE_FULL
                assert refused.error.retry_after.ToMilliseconds() > 0


async def test_several_filings_are_answered_in_the_order_asked_for(process: StoreProcess) -> None:
    async with process.filings as client:
        items = [pb.BatchItem(extraction=extraction(_number(count))) for count in range(20, 24)]
        await client.batch_commit(items=items)
        counts = (23, 99, 20, 22, 20, 98, 99)
        refs = [filing_pb2.FilingRef(accession_number=_number(count)) for count in counts]
        answer = await client.get_filings(filings=refs)
        assert [each.filing.accession_number for each in answer.filings] == [
            _number(count) for count in (23, 20, 22)
        ]
        assert list(answer.unknown) == [_number(99), _number(98)]
        one = await client.get_filing(filing=refs[0])
        several = answer.filings[0]
        for field in ("filing", "sections", "version", "recorded_at", "result_key", "catalog_version"):
            assert getattr(several, field) == getattr(one, field)


async def test_an_amendment_names_the_filing_that_it_amends(process: StoreProcess) -> None:
    async with process.filings as client:
        for count, form, company in ((30, "10-K", 9), (31, "10-K/A", 9), (32, "10-K/A", 8)):
            body = extraction(_number(count), form_type=form, cik=company)
            await client.commit_extraction(extraction=body)
        refs = [filing_pb2.FilingRef(accession_number=_number(count)) for count in (30, 31, 32)]
        answers = [await client.get_filing(filing=ref) for ref in refs]
        assert [each.amends for each in answers] == ["", _number(30), ""]
        assert [each.HasField("amends") for each in answers] == [False, True, False]
        several = (await client.get_filings(filings=refs)).filings
        assert [each.amends for each in several] == ["", _number(30), ""]


@pytest.mark.parametrize("count", [0, 51])
async def test_a_batch_is_bounded(process: StoreProcess, count: int) -> None:
    async with process.filings as client:
        with pytest.raises(InvalidArgument) as refused:
            await client.batch_commit(items=[pb.BatchItem(extraction=extraction(_number(40)))] * count)
        assert (refused.value.reason, refused.value.fields[0].field) == (Reason.INVALID_FIELD, "items")


@pytest.mark.parametrize("count", [0, 101])
async def test_a_question_for_several_filings_is_bounded(process: StoreProcess, count: int) -> None:
    async with process.filings as client:
        with pytest.raises(InvalidArgument) as refused:
            await client.get_filings(filings=[filing_pb2.FilingRef(accession_number=_number(1))] * count)
        assert (refused.value.reason, refused.value.fields[0].field) == (Reason.INVALID_FIELD, "filings")
