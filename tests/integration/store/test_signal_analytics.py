"""Series, aggregates and exports over gRPC, against the same figures computed in plain Python."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.client.store import AsyncSignalAnalyticsClient
from tenkay.common.v1 import (
    aggregate_pb2,
    company_figures_pb2,
    date_pb2,
    extraction_pb2,
    read_pb2,
    series_pb2,
)
from tenkay.errors import Reason, TenkayError
from tenkay.status import from_call
from tenkay.store.v1 import signal_analytics_service_pb2, signal_analytics_service_pb2_grpc
from tests.integration.store.store_process import StoreProcess
from tests.unit.store.filings import accession_number, extraction

YEARS = range(2015, 2024)
COMPANIES = {1999000201: 3571, 1999000202: 3571, 1999000203: 6021, 1999000204: None}
FIRST = next(iter(COMPANIES))
MANY_SIGNALS = 300
"""Of 20 filings together about a megabyte of an export: more than a connection takes unread."""


def filings() -> Iterator[extraction_pb2.Extraction]:
    """A 10-K a year and company; one company reports in euros, and one value is out of its valid range."""
    for place, (cik, sic) in enumerate(COMPANIES.items()):
        for year in YEARS:
            message = extraction(
                accession_number(year, cik),
                cik=cik,
                signals={
                    "margin": place + year / 1000,
                    "sales": f"{year * (place + 1)}.50",
                    "late": year % 2 == 0,
                },
                currency="EUR" if place == 3 else "USD",
                form_type="10-K/A" if year == 2020 else "10-K",
                filed=date(year + 1, 3, 1),
                period_end=date(year, 12, 31),
                gaps=("runway",),
            )
            if sic is None:
                message.filing.ClearField("sic_code")
            else:
                message.filing.sic_code = sic
            if (place, year) == (0, 2015):
                message.signals[0].out_of_range = True
            yield message


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    environment = {
        "TENKAY_STORE_GROUP_WINDOW_SECONDS": "0.01",
        # Several segments, sorted and not.
        "TENKAY_STORE_SEGMENT_ROWS": "20",
    }
    with StoreProcess(tmp_path_factory.mktemp("store"), environment) as running:

        async def commit() -> None:
            async with running.filings as client:
                for message in filings():
                    await client.commit_extraction(extraction=message)

        asyncio.run(commit())
        yield running


def client_of(process: StoreProcess) -> AsyncSignalAnalyticsClient:
    return AsyncSignalAnalyticsClient(process.endpoint)


async def test_a_series_has_a_point_a_filing_the_newest_period_first(process: StoreProcess) -> None:
    async with client_of(process) as client:
        found = await client.get_series(
            cik=FIRST,
            signal_ids=["sales", "margin", "runway"],
            forms=["10-K"],
            period_from=date_pb2.Date(year=2016, month=1, day=1),
        )
    years = [year for year in reversed(YEARS) if year not in (2015, 2020)]
    assert [point.filing.period_end.year for point in found.points] == years
    assert [{s.id: s.value.decimal or s.value.double for s in point.signals} for point in found.points] == [
        {"sales": f"{year}.50", "margin": year / 1000} for year in years
    ]
    assert not found.next_page_token
    async with process.admin as admin:
        assert found.as_of_sequence == (await admin.get_sink_status()).sequence


async def test_pages_of_a_series_are_the_whole_of_it(process: StoreProcess) -> None:
    asked: dict[str, Any] = {
        "cik": FIRST,
        "signal_ids": ["sales"],
        "view": series_pb2.SERIES_VIEW_POINT_IN_TIME,
        "page_size": 3,
    }
    years, token = [], ""
    async with client_of(process) as client:
        while True:
            page = await client.get_series(**asked, page_token=token)
            assert len(page.points) <= 3
            years += [point.filing.period_end.year for point in page.points]
            if not (token := page.next_page_token):
                break
            with pytest.raises(TenkayError) as forged:
                await client.get_series(**{**asked, "signal_ids": ["margin"]}, page_token=token)
            assert forged.value.reason is Reason.MALFORMED_PAGE_TOKEN
    # 2020's report is an amendment.
    assert years == [year for year in reversed(YEARS) if year != 2020]


async def test_companies_are_screened_by_the_page(process: StoreProcess) -> None:
    asked: dict[str, Any] = {
        "filter": "signals.margin > 1",
        "signal_ids": ["sales", "runway"],
        "period": company_figures_pb2.COMPANY_PERIOD_LATEST_ANNUAL,
        "page_size": 2,
    }
    found: list[company_figures_pb2.CompanyFigures] = []
    token = ""
    async with client_of(process) as client:
        while True:
            page = await client.screen_companies(**asked, page_token=token)
            found += page.companies
            if not (token := page.next_page_token):
                break
            for other in ({"filter": "signals.margin > 2"}, {"ciks": [FIRST]}, {"page_size": 1}):
                changed = {**asked, **other}
                if "page_size" in other:
                    assert (await client.screen_companies(**changed, page_token=token)).companies
                    continue
                with pytest.raises(TenkayError) as forged:
                    await client.screen_companies(**changed, page_token=token)
                assert forged.value.reason is Reason.MALFORMED_PAGE_TOKEN
    assert [each.filing.filing.cik for each in found] == sorted(COMPANIES)
    for place, each in enumerate(found):
        assert each.filing.filing.period_end.year == YEARS[-1]
        values = {signal.id: signal.value for signal in each.filing.signals}
        assert values["margin"].double == place + YEARS[-1] / 1000
        assert values["sales"].decimal == f"{YEARS[-1] * (place + 1)}.50"
        (gap,) = each.gaps
        assert (gap.signal_id, gap.reason) == (
            "runway",
            company_figures_pb2.FIGURE_GAP_REASON_NOT_IN_FILING,
        )
        assert gap.detail == "nothing reports runway"


async def test_a_series_of_before_anything_was_known_is_of_an_unknown_company(process: StoreProcess) -> None:
    async with client_of(process) as client:
        with pytest.raises(TenkayError) as unknown:
            await client.get_series(
                cik=FIRST, signal_ids=["margin"], as_of=read_pb2.AsOf(known_at=Timestamp(seconds=1))
            )
    assert unknown.value.reason is Reason.COMPANY_UNKNOWN


@pytest.mark.parametrize(
    ("group_by", "key"),
    [
        ([], lambda _: ()),
        (
            [aggregate_pb2.AGGREGATE_BY_SECTOR],
            lambda f: (str(f.sic_code)[:2] if f.HasField("sic_code") else "",),
        ),
        (
            [aggregate_pb2.AGGREGATE_BY_FORM, aggregate_pb2.AGGREGATE_BY_YEAR],
            lambda f: (f.form_type, str(f.period_end.year)),
        ),
        ([aggregate_pb2.AGGREGATE_BY_QUARTER], lambda f: (f"{f.period_end.year}-Q4",)),
    ],
    ids=["all", "sector", "form and year", "quarter"],
)
async def test_aggregates_are_what_python_computes(process: StoreProcess, group_by: Any, key: Any) -> None:
    values = defaultdict(list)
    for message in filings():
        if message.filing.period_end.year >= 2015 and not message.signals[0].out_of_range:
            values[key(message.filing)].append(message.signals[0].value.double)
    async with client_of(process) as client:
        found = await client.aggregate(
            signal_id="margin", filter='period_end >= 2015-01-01 AND signals.late = true OR signals.late = false',
            group_by=group_by, quantiles=[0, 0.5, 1],
        )  # fmt: skip
    assert [tuple(group.keys) for group in found.groups] == sorted(values)
    for group in found.groups:
        expected = values[tuple(group.keys)]
        assert group.value_count == len(expected)
        assert group.mean == pytest.approx(statistics.fmean(expected))
        assert (group.least, group.largest) == (min(expected), max(expected))
        assert list(group.quantiles) == pytest.approx(
            [min(expected), statistics.median(expected), max(expected)]
        )
    assert (found.unit, found.currency) == ("fraction", "")


async def test_amounts_of_one_currency_are_aggregated_and_of_two_are_not(process: StoreProcess) -> None:
    async with client_of(process) as client:
        with pytest.raises(TenkayError) as mixed:
            await client.aggregate(signal_id="sales")
        assert mixed.value.reason is Reason.CURRENCY_MISMATCH
        euros = await client.aggregate(signal_id="sales", currency="EUR")
    assert (euros.unit, euros.currency) == ("EUR", "EUR")
    assert [group.value_count for group in euros.groups] == [len(YEARS)]
    assert euros.groups[0].least == 2015 * 4 + 0.5


async def test_no_value_is_no_group(process: StoreProcess) -> None:
    async with client_of(process) as client:
        found = await client.aggregate(signal_id="margin", filter="cik = 1")
    assert (list(found.groups), found.unit) == ([], "")


async def test_an_export_is_one_arrow_stream_of_all_values(process: StoreProcess) -> None:
    async with client_of(process) as client:
        parts = [
            part async for part in client.export(filter="cik <= 1999000203", signal_ids=["sales", "late"])
        ]
    assert all(len(part.chunk) <= 256 * 1024 for part in parts)
    async with process.admin as admin:
        assert parts[0].as_of_sequence == (await admin.get_sink_status()).sequence
    table = pa.ipc.open_stream(b"".join(part.chunk for part in parts)).read_all()
    rows = table.to_pylist()
    assert [(row["signal_id"], row["filed_date"], row["accession_number"]) for row in rows] == sorted(
        (row["signal_id"], row["filed_date"], row["accession_number"]) for row in rows
    )
    exported = {(row["accession_number"], row["signal_id"]): row for row in rows}
    expected = [message for message in filings() if message.filing.cik <= 1999000203]
    assert len(exported) == len(rows) == 2 * len(expected)
    for message in expected:
        sales = exported[message.filing.accession_number, "sales"]
        assert (sales["exact"], sales["currency"]) == (message.signals[1].value.decimal, "USD")
        late = exported[message.filing.accession_number, "late"]
        assert (late["kind"], late["number"]) == ("BOOL", float(message.signals[2].value.bool))


async def test_an_export_that_is_left_frees_its_reader(process: StoreProcess) -> None:
    async with client_of(process) as client:
        for _ in range(15):  # more than there are readers
            async for _ in client.export(signal_ids=["margin"]):
                break
        assert (await client.aggregate(signal_id="margin")).groups


async def test_exports_that_nobody_reads_give_their_readers_back(tmp_path: Path) -> None:
    signals = {f"figure_{number}": number / 7 for number in range(MANY_SIGNALS)}
    with StoreProcess(tmp_path, {"TENKAY_STORE_EXPORT_IDLE_SECONDS": "1"}) as process:
        async with process.filings as filings_client:
            for number in range(20):
                message = extraction(accession_number(number, FIRST), cik=FIRST, signals=signals)
                await filings_client.commit_extraction(extraction=message)
        async with client_of(process) as reading, narrow_channel(process.endpoint.address) as channel:
            unread = [export_of(channel, list(signals)) for _ in range(2)]
            for call in unread:
                assert (await call.read()).chunk
            with pytest.raises(TenkayError) as refused:
                async for _ in reading.export(signal_ids=list(signals)):
                    pass
            assert refused.value.reason is Reason.QUEUE_FULL
            await asyncio.sleep(1.5)
            parts = [part.chunk async for part in reading.export(signal_ids=list(signals))]
            assert pa.ipc.open_stream(b"".join(parts)).read_all().num_rows == 20 * MANY_SIGNALS
            for call in unread:
                with pytest.raises(grpc.aio.AioRpcError) as ended:
                    await read_out(call)
                trailing: Any = ended.value.trailing_metadata()
                error = from_call(ended.value.code(), ended.value.details(), trailing, service="store")
                assert error.reason is Reason.STREAM_NOT_READ
                assert "start it again" in error.message


def narrow_channel(address: str) -> grpc.aio.Channel:
    """A connection whose window does not grow with what it has seen: what is not read stops soon."""
    return grpc.aio.insecure_channel(
        address, options=[("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
    )


def export_of(channel: grpc.aio.Channel, signal_ids: list[str]) -> Any:
    """The bare call, of which a part is taken only by `read`."""
    stub: Any = signal_analytics_service_pb2_grpc.SignalAnalyticsServiceStub(channel)
    return stub.Export(signal_analytics_service_pb2.ExportRequest(signal_ids=signal_ids))


async def read_out(call: Any) -> None:
    """Takes what comes, to the end."""
    while await call.read():
        pass


@pytest.mark.parametrize(
    ("reason", "method", "asked"),
    [
        (Reason.INVALID_FIELD, "get_series", {"signal_ids": ["margin"]}),
        (Reason.INVALID_FIELD, "get_series", {"cik": FIRST}),
        (Reason.UNKNOWN_SIGNAL, "get_series", {"cik": FIRST, "signal_ids": ["margins"]}),
        (Reason.COMPANY_UNKNOWN, "get_series", {"cik": 7, "signal_ids": ["margin"]}),
        (Reason.INVALID_FIELD, "get_series", {"cik": FIRST, "signal_ids": ["margin"], "view": 9}),
        (Reason.INVALID_FIELD, "get_series", {"cik": FIRST, "signal_ids": ["margin"], "page_size": -1}),
        (Reason.INVALID_FIELD, "screen_companies", {}),
        (Reason.INVALID_FIELD, "screen_companies", {"period": 9}),
        (Reason.INVALID_FIELD, "screen_companies", {"period": 1, "ciks": [0]}),
        (Reason.INVALID_FIELD, "screen_companies", {"period": 1, "ciks": range(1, 502)}),
        (Reason.INVALID_FIELD, "screen_companies", {"period": 3, "filter": "signals.eps_diluted > 1"}),
        (Reason.FILTER_SYNTAX, "screen_companies", {"period": 1, "filter": "cik ="}),
        (Reason.UNKNOWN_SIGNAL, "screen_companies", {"period": 1, "signal_ids": ["margins"]}),
        (Reason.CURRENCY_MISMATCH, "screen_companies", {"period": 1, "filter": "signals.sales > 1"}),
        (Reason.INVALID_FIELD, "aggregate", {}),
        (Reason.INVALID_FIELD, "aggregate", {"signal_id": "late"}),
        (Reason.INVALID_FIELD, "aggregate", {"signal_id": "margin", "quantiles": [1.5]}),
        (Reason.INVALID_FIELD, "aggregate", {"signal_id": "margin", "quantiles": [float("nan")]}),
        (
            Reason.INVALID_FIELD,
            "aggregate",
            {"signal_id": "margin", "group_by": [aggregate_pb2.AGGREGATE_BY_FORM] * 2},
        ),
        (Reason.FILTER_SYNTAX, "aggregate", {"signal_id": "margin", "filter": "cik ="}),
        (Reason.CURRENCY_MISMATCH, "aggregate", {"signal_id": "margin", "filter": "signals.sales > 1"}),
    ],
)
async def test_a_bad_question_is_refused_with_its_reason(
    process: StoreProcess, reason: Reason, method: str, asked: dict[str, Any]
) -> None:
    async with client_of(process) as client:
        with pytest.raises(TenkayError) as refused:
            await getattr(client, method)(**asked)
    assert refused.value.reason is reason


async def test_a_bad_export_is_refused_before_its_first_part(process: StoreProcess) -> None:
    async with client_of(process) as client:
        for reason, asked in (
            (Reason.INVALID_FIELD, {}),
            (Reason.UNKNOWN_SIGNAL, {"signal_ids": ["nothing"]}),
            (Reason.CURRENCY_MISMATCH, {"signal_ids": ["margin"], "filter": "signals.sales > 1"}),
        ):
            with pytest.raises(TenkayError) as refused:
                async for _ in client.export(**asked):
                    pass
            assert refused.value.reason is reason
