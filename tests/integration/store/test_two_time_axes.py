"""Every read of the store takes both time axes, a least sequence and the company: walked by its descriptors.

A read that is added without a line in READS fails here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.client.store import AsyncFilingStoreClient, AsyncSignalAnalyticsClient
from tenkay.common.v1 import company_figures_pb2, dispute_pb2, filing_pb2, read_pb2
from tenkay.errors import FailedPrecondition, InvalidArgument, NotFound, Reason, Unavailable
from tenkay.store.v1 import artifact_service_pb2, filing_store_service_pb2, signal_analytics_service_pb2
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import OWNER, accession_number, analysis, extraction

CIK = 901
NEWER, PRIOR, NAMELESS = (accession_number(number, 1999000901) for number in (1, 2, 3))
RATIOS = {1.0: (NEWER, 1), 2.0: (NEWER, 2), 3.0: (PRIOR, 1)}
"""A version's current ratio tells which one it is."""

Seen = set[tuple[str, int]]
"""Versions of filings, by accession number."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Both clients of one store."""

    filings: AsyncFilingStoreClient
    analytics: AsyncSignalAnalyticsClient


@dataclass(frozen=True, slots=True)
class History:
    """What was committed: the newer filing; then, later, its second version and the filing of the year before it."""

    process: StoreProcess
    moments: Mapping[str, read_pb2.AsOf]


EXPECTED: Mapping[str, Seen] = {
    "now": {(NEWER, 2), (PRIOR, 1)},
    "recorded_at": {(NEWER, 1)},
    "known_at": {(PRIOR, 1)},
    "both": set(),
}
STALE: Mapping[str, Seen] = {"now": {(NEWER, 2)}, "recorded_at": set(), "known_at": set(), "both": set()}
"""The newer one, since the filing of the year before was committed."""


LATEST: Mapping[str, Seen] = {**EXPECTED, "now": {(NEWER, 2)}}
"""The one filing that stands for the company."""
EXPECTED_OF: Mapping[str, Mapping[str, Seen]] = {"ListStale": STALE, "ScreenCompanies": LATEST}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    environment = {
        "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.01",
        "TENKAY_STORE_SEQUENCE_WAIT_SECONDS": "0.05",
    }
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as process:

        async def commit() -> Timestamp:
            async with process.filings as client:
                outcome = None
                for version in (1, 2):
                    body = extraction(NEWER, cik=CIK, signals={"current_ratio": float(version)})
                    await client.commit_extraction(extraction=body)
                    outcome = (await client.commit_analysis(analysis=analysis(body))).outcome
                    if version == 1:
                        recorded_at = outcome.sinks[0].durable_at
                        await asyncio.sleep(0.01)
                prior = extraction(
                    PRIOR,
                    cik=CIK,
                    signals={"current_ratio": 3.0},
                    period_end=date(2022, 12, 31),
                    filed=date(2023, 3, 1),
                    accepted=datetime(2023, 3, 1, tzinfo=UTC),
                )
                await client.commit_extraction(extraction=prior)
                await client.commit_analysis(analysis=analysis(prior))
                await client.commit_extraction(extraction=extraction(NAMELESS, cik=None, accepted=None))
            return recorded_at

        recorded_at = asyncio.run(commit())
        known_at = Timestamp()
        known_at.FromDatetime(datetime(2023, 6, 1, tzinfo=UTC))
        yield History(
            process,
            {
                "now": read_pb2.AsOf(),
                "recorded_at": read_pb2.AsOf(recorded_at=recorded_at),
                "known_at": read_pb2.AsOf(known_at=known_at),
                "both": read_pb2.AsOf(recorded_at=recorded_at, known_at=known_at),
            },
        )


def _ref(number: str, cik: int | None = None) -> filing_pb2.FilingRef:
    return filing_pb2.FilingRef(accession_number=number, cik=cik)


def _each(method: str) -> Callable[..., Awaitable[tuple[Seen, str]]]:
    """What a read of one filing answers for both."""

    async def ask(clients: Clients, **given: Any) -> tuple[Seen, str]:
        seen: Seen = set()
        sequence = ""
        for number in (NEWER, PRIOR):
            try:
                answer = await getattr(clients.filings, method)(filing=_ref(number, CIK), **given)
            except NotFound:
                continue
            seen.add((answer.filing.accession_number, answer.version))
            sequence = answer.as_of_sequence
        return seen, sequence

    return ask


async def _filings(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.filings.get_filings(filings=[_ref(NEWER, CIK), _ref(PRIOR)], **given)
    seen = {(each.filing.accession_number, each.version) for each in answer.filings}
    assert set(answer.unknown) == {NEWER, PRIOR} - {number for number, _ in seen}
    return seen, answer.as_of_sequence


async def _company(clients: Clients, **given: Any) -> tuple[Seen, str]:
    try:
        answer = await clients.filings.get_company_summary(cik=CIK, **given)
    except NotFound:
        return set(), ""
    shown = [*answer.company.recent, answer.company.latest_annual]
    assert sum(form.filings for form in answer.company.forms) == len(shown)
    return {(each.filing.accession_number, each.version) for each in shown}, answer.as_of_sequence


async def _list(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.filings.list_filings(cik=CIK, **given)
    return {(each.filing.accession_number, each.version) for each in answer.filings}, answer.as_of_sequence


async def _stale(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.filings.list_stale(cik=CIK, **given)
    return {(each.filing.accession_number, each.version) for each in answer.stale}, answer.as_of_sequence


async def _screen(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.filings.screen_filings(filter=f"cik = {CIK} AND rating = WEAK", **given)
    return {(each.filing.accession_number, each.version) for each in answer.filings}, answer.as_of_sequence


async def _series(clients: Clients, **given: Any) -> tuple[Seen, str]:
    try:
        answer = await clients.analytics.get_series(cik=CIK, signal_ids=["current_ratio"], **given)
    except NotFound:
        return set(), ""
    return {(each.filing.accession_number, each.version) for each in answer.points}, answer.as_of_sequence


async def _batch(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.filings.batch_get_signals(filings=[_ref(NEWER, CIK), _ref(PRIOR)], **given)
    return {(each.filing.accession_number, each.version) for each in answer.filings}, answer.as_of_sequence


async def _screen_companies(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.analytics.screen_companies(
        period=company_figures_pb2.COMPANY_PERIOD_LATEST_ANNUAL, ciks=[CIK], **given
    )
    shown = [each.filing for each in answer.companies]
    return {(each.filing.accession_number, each.version) for each in shown}, answer.as_of_sequence


async def _aggregate(clients: Clients, **given: Any) -> tuple[Seen, str]:
    answer = await clients.analytics.aggregate(signal_id="current_ratio", filter=f"cik = {CIK}", **given)
    values = {value for group in answer.groups for value in (group.least, group.largest)}
    assert sum(group.value_count for group in answer.groups) == len(values)
    return {RATIOS[value] for value in values}, answer.as_of_sequence


async def _export(clients: Clients, **given: Any) -> tuple[Seen, str]:
    parts = [
        part
        async for part in clients.analytics.export(
            signal_ids=["current_ratio"], filter=f"cik = {CIK}", **given
        )
    ]
    rows = pa.ipc.open_stream(b"".join(part.chunk for part in parts)).read_all().to_pylist()
    assert all(RATIOS[row["number"]] == (row["accession_number"], row["version"]) for row in rows)
    return {(row["accession_number"], row["version"]) for row in rows}, parts[0].as_of_sequence


READS: Mapping[str, Callable[..., Awaitable[tuple[Seen, str]]]] = {
    "GetFiling": _each("get_filing"),
    "GetFilings": _filings,
    "GetSignals": _each("get_signals"),
    "GetAnalysis": _each("get_analysis"),
    "GetCompanySummary": _company,
    "ListFilings": _list,
    "ListStale": _stale,
    "ScreenFilings": _screen,
    "BatchGetSignals": _batch,
    "GetSeries": _series,
    "ScreenCompanies": _screen_companies,
    "Aggregate": _aggregate,
    "Export": _export,
}


ELSEWHERE = {"GetFacts", "ReadText", "ReadPassages"}
"""Reads whose moments the tests of artifacts ask for."""


def reads() -> Iterator[MethodDescriptor]:
    for service in (
        artifact_service_pb2.DESCRIPTOR.services_by_name["ArtifactService"],
        filing_store_service_pb2.DESCRIPTOR.services_by_name["FilingStoreService"],
        signal_analytics_service_pb2.DESCRIPTOR.services_by_name["SignalAnalyticsService"],
    ):
        for method in service.methods:
            if method.GetOptions().idempotency_level == method.GetOptions().NO_SIDE_EFFECTS:
                yield method


@pytest.mark.parametrize("method", list(reads()), ids=lambda method: method.name)
def test_every_read_asks_for_moments_a_sequence_and_a_company(method: MethodDescriptor) -> None:
    assert method.name in READS.keys() | ELSEWHERE, f"{method.name} is a read without a line in READS"
    asked = {field.name: field for field in method.input_type.fields}
    assert {"as_of", "min_sequence"} <= set(asked)
    assert "as_of_sequence" in {field.name for field in method.output_type.fields}
    named = [asked[name] for name in ("filing", "filings") if name in asked]
    assert all(field.message_type is filing_pb2.FilingRef.DESCRIPTOR for field in named)
    # A filter is over all companies, so over all shards.
    assert named or {"cik", "filter"} & set(asked)


@pytest.mark.parametrize("moment", EXPECTED)
@pytest.mark.parametrize("method", READS)
async def test_every_read_answers_as_of_its_moments(history: History, method: str, moment: str) -> None:
    async with (
        history.process.filings as filings,
        AsyncSignalAnalyticsClient(history.process.endpoint) as analytics,
    ):
        clients = Clients(filings, analytics)
        seen, sequence = await READS[method](clients, as_of=history.moments[moment])
        assert seen == EXPECTED_OF.get(method, EXPECTED)[moment]
        if seen:
            assert sequence.startswith("0.")


async def test_every_read_waits_for_its_least_sequence_and_no_longer(history: History) -> None:
    async with (
        history.process.filings as filings,
        AsyncSignalAnalyticsClient(history.process.endpoint) as analytics,
    ):
        clients = Clients(filings, analytics)
        answers = await asyncio.gather(
            *(read(clients, min_sequence="0.999999999") for read in READS.values()), return_exceptions=True
        )
    assert [isinstance(each, Unavailable) and each.reason for each in answers] == [
        Reason.SEQUENCE_NOT_REACHED
    ] * len(READS)


ONE_FILING = ("get_filing", "get_signals", "get_analysis")


@pytest.mark.parametrize("method", ONE_FILING)
async def test_a_filing_is_answered_for_its_own_entities_only(history: History, method: str) -> None:
    async with history.process.filings as client:
        read = getattr(client, method)
        assert (await read(filing=_ref(NEWER, CIK))).filing.cik == CIK
        with pytest.raises(FailedPrecondition) as other:
            await read(filing=_ref(NEWER, CIK + 1))
        assert other.value.reason is Reason.FILING_MISMATCH
        assert other.value.metadata["ciks"] == f"{OWNER},{CIK}"
        # Its folder is any entity's.
        assert (await read(filing=_ref(NEWER, OWNER))).filing.cik == CIK
        assert [each.field for each in other.value.fields] == ["filing.cik"]
        with pytest.raises(InvalidArgument):
            await read(filing=_ref(NEWER, 0))
        with pytest.raises(NotFound):
            await read(filing=_ref("0000000009-99-999999", CIK))
    if method != "get_analysis":
        async with history.process.filings as client:
            # Nobody knows whose it is, so nobody is wrong.
            assert not (await getattr(client, method)(filing=_ref(NAMELESS, CIK))).filing.HasField("cik")


async def test_several_filings_and_disputes_are_refused_for_another_company_too(history: History) -> None:
    async with history.process.filings as client, history.process.admin as admin:
        with pytest.raises(FailedPrecondition) as other:
            await client.get_filings(filings=[_ref(NEWER, CIK), _ref(PRIOR, 7)])
        assert [each.field for each in other.value.fields] == ["filings[1].cik"]
        with pytest.raises(FailedPrecondition) as refused:
            await admin.dispute_value(
                filing=_ref(NEWER, 7),
                signal_id="current_ratio",
                reason=dispute_pb2.DISPUTE_REASON_WRONG_SCALE,
                said_by="somebody",
            )
        assert refused.value.reason is Reason.FILING_MISMATCH
