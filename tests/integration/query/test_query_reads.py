"""Query's reads of many and composed answers, over a real store and a real Valkey."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Any

import psutil
import pyarrow as pa
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tenkay.client import Endpoint
from tenkay.client.query import AsyncQueryClient
from tenkay.client.store import AsyncStoreAdminClient
from tenkay.common.v1 import (
    aggregate_pb2,
    analysis_pb2,
    company_figures_pb2,
    fact_pb2,
    filing_pb2,
    read_pb2,
    series_pb2,
)
from tenkay.errors import InvalidArgument, NotFound, OutOfRange, Reason, TenkayError
from tenkay.query.v1 import company_watch_pb2 as watch_pb
from tenkay.query.v1 import comparisons_pb2, evidence_pb2, many_companies_pb2
from tenkay.query.v1 import query_service_pb2 as pb
from tests.integration.query.conftest import Answered, Caller, eventually
from tests.integration.query.reports import BODY, CIKS, Company, commit_with_artifacts, quote_of
from tests.integration.running_services import Service
from tests.unit.store.artifacts import FACTS, TEXT, fact, messages, named

pytestmark = pytest.mark.xdist_group("query")
"""One worker runs them all: they share their servers."""

ANNUAL = company_figures_pb2.COMPANY_PERIOD_LATEST_ANNUAL
TTM = company_figures_pb2.COMPANY_PERIOD_TRAILING_TWELVE_MONTHS


async def ok(caller: Caller, request: Message) -> Any:
    answered: Answered = await caller.ask(request)
    assert answered.error is None, answered.error
    return answered.message


async def test_a_company_is_screened_by_its_twelve_months(caller: Caller, company: Company) -> None:
    await company.report("10-Q", date(2023, 3, 31), {"revenue": "1.5"})
    await company.report("10-K", date(2023, 12, 31), {"revenue": "10", "net_margin": 0.5})
    await company.report("10-Q", date(2024, 3, 31), {"revenue": "4", "total_assets": "7"})
    request = many_companies_pb2.ScreenCompaniesRequest(
        filter="signals.revenue > 12",
        signal_ids=["total_assets", "net_margin"],
        period=TTM,
        ciks=[company.cik],
        min_sequence=company.newest,
    )
    answer = await ok(caller, request)
    (figures,) = answer.companies
    assert {each.id: each.value.decimal for each in figures.filing.signals} == {
        "revenue": "12.5",
        "total_assets": "7",
    }
    assert list(figures.summed_signal_ids) == ["revenue"]
    assert [each.is_subtracted for each in figures.quarter_filings] == [False, False, True]
    assert [(each.signal_id, each.reason) for each in figures.gaps] == [
        ("net_margin", company_figures_pb2.FIGURE_GAP_REASON_NOT_A_SUM)
    ]
    assert abs(answer.computed_at.ToDatetime(UTC).timestamp() - time.time()) < 60
    refused = await caller.ask(
        many_companies_pb2.ScreenCompaniesRequest(filter="cik > 1 AND signals.net_margin > 0", period=TTM)
    )
    assert refused.error is not None
    assert (refused.error.reason, refused.error.metadata["column"]) == (Reason.INVALID_FIELD, "13")


async def test_how_old_an_answer_over_many_companies_may_be_is_the_callers_to_say(
    caller: Caller, company: Company, store_service: Service
) -> None:
    await company.report("10-K", date(2023, 12, 31), {"revenue": "10"})

    def request(seconds: int | None) -> pb.ScreenFilingsRequest:
        return pb.ScreenFilingsRequest(
            filter=f"cik = {company.cik}",
            max_staleness=None if seconds is None else Duration(seconds=seconds),
        )

    first = await caller.ask(request(None))
    again = await caller.ask(request(3600))
    assert (again.cache, again.message.computed_at) == ("hit", first.message.computed_at)
    before = store_service.calls("ScreenFilings")
    for _ in range(2):
        now = await caller.ask(request(0))
        assert now.cache == "miss"
        assert now.message.computed_at.ToNanoseconds() > first.message.computed_at.ToNanoseconds()
    assert store_service.calls("ScreenFilings") == before + 2
    # A list of one company is bound to it, and says no such thing.
    listed = await ok(caller, pb.ListFilingsRequest(cik=company.cik, max_staleness=Duration(seconds=5)))
    assert not listed.HasField("computed_at")


@pytest.mark.parametrize("mask", [None, ["amends"], ["filing", "amends"]])
async def test_what_an_amendment_amends_is_told_as_soon_as_it_is_stored_and_as_long_as_it_is(
    callers: tuple[Caller, Caller],
    caller_without_near: Caller,
    company: Company,
    store_service: Service,
    mask: list[str] | None,
) -> None:
    amendment = await company.report("10-K/A", date(2023, 12, 31), {}, filed=date(2024, 6, 1))
    request = pb.GetFilingRequest(filing=amendment, read_mask=None if mask is None else FieldMask(paths=mask))
    every = (*callers, caller_without_near)

    async def amended() -> set[str]:
        return {(await ok(each, request)).amends for each in every}

    for _ in range(3):  # so that all keep it
        assert await amended() == {""}
    original = await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
    request.min_sequence = company.newest
    assert await amended() == {original.accession_number}
    request.min_sequence = ""
    assert await amended() == {original.accession_number}
    async with AsyncStoreAdminClient(Endpoint(store_service.address, plaintext=True)) as admin:
        await admin.purge_filings(
            accession_numbers=[original.accession_number], requested_by="a test", reason="a test"
        )

    async def is_gone() -> bool:
        return await amended() == {""}

    await eventually(is_gone)


async def test_a_mask_leaves_out_what_it_does_not_name(caller: Caller, company: Company) -> None:
    filing = await company.report("10-K", date(2023, 12, 31), {"revenue": "10"})
    whole = await ok(caller, pb.GetSignalsRequest(filing=filing, min_sequence=company.newest))
    request = pb.GetSignalsRequest(filing=filing, read_mask=FieldMask(paths=["missing", "version"]))
    first, second = await caller.ask(request), await caller.ask(request)
    assert (first.cache, second.cache, second.body) == ("miss", "hit", first.body)
    assert first.message.missing == whole.missing
    assert (first.message.version, bool(first.message.as_of_sequence)) == (1, True)
    assert not first.message.signals
    assert not first.message.HasField("filing")
    only = await ok(caller, pb.GetFilingRequest(filing=filing, read_mask=FieldMask(paths=["sections"])))
    assert only.sections
    assert not only.HasField("filing")


async def test_facts_come_by_the_page_and_a_page_costs_the_store_one_call(
    caller: Caller, company: Company, store_service: Service
) -> None:
    facts = [fact(f"ex:Element{number % 2}", str(number)) for number in range(25)]
    content = fact_pb2.FactSet(facts=facts).SerializeToString()
    await company.artifacts.put_artifact(requests=messages(FACTS, content))
    filing = await commit_with_artifacts(company, [named(FACTS, content)])
    found: list[fact_pb2.Fact] = []
    token, pages = "", 0
    before = store_service.calls("GetFacts")
    while True:
        page = await ok(
            caller,
            evidence_pb2.GetFactsRequest(
                filing=filing, concepts=["ex:Element0"], page_size=5, page_token=token
            ),
        )
        assert (page.total_size, page.fact_count, page.version) == (13, 25, 1)
        found += page.facts
        pages += 1
        if not (token := page.next_page_token):
            break
        kept = token
    assert found == facts[::2]
    assert store_service.calls("GetFacts") == before + pages == before + 3
    other = await caller.ask(evidence_pb2.GetFactsRequest(filing=filing, page_size=5, page_token=kept))
    assert other.error is not None
    assert other.error.reason is Reason.MALFORMED_PAGE_TOKEN
    # Extracted anew, the facts may be others.
    again = await commit_with_artifacts(company, [named(FACTS, content)], filing, code_version="2")
    later = await caller.ask(
        evidence_pb2.GetFactsRequest(
            filing=again,
            concepts=["ex:Element0"],
            page_size=5,
            page_token=kept,
            min_sequence=company.newest,
        )
    )
    assert later.error is not None
    assert later.error.reason is Reason.MALFORMED_PAGE_TOKEN
    without = await company.report("10-K", date(2022, 12, 31), {})
    missing = await caller.ask(evidence_pb2.GetFactsRequest(filing=without))
    assert missing.error is not None
    assert missing.error.reason is Reason.ARTIFACT_UNKNOWN


async def test_evidence_comes_in_its_passage_or_says_why_not(caller: Caller, company: Company) -> None:
    doubt = quote_of(BODY, "substantial doubt")
    content = BODY.encode()
    await company.artifacts.put_artifact(requests=messages(TEXT, content))
    filing = await commit_with_artifacts(
        company, [named(TEXT, content)], proofs=(doubt, quote_of(BODY, "Before.", "Behind."))
    )

    def request(**given: Any) -> evidence_pb2.GetEvidenceRequest:
        return evidence_pb2.GetEvidenceRequest(
            filing=filing, signal_id="going_concern_doubt", min_sequence=company.newest, **given
        )

    answer = await ok(caller, request(context_characters=12))
    assert answer.signal.value.bool
    assert not answer.signal.evidence
    (shown,), (refused,) = (each.quotes for each in answer.evidence)
    assert shown.passage == "e. There is substantial doubt. After. Aft"
    assert shown.passage[shown.quote_offset :].startswith("substantial doubt")
    assert (shown.is_cut_before, shown.is_cut_after) == (True, True)
    # A quote that the text does not have is shown alone.
    assert (refused.passage, refused.reason) == ("", evidence_pb2.NO_PASSAGE_REASON_QUOTE_NOT_IN_TEXT)
    whole = await ok(caller, request())
    assert len(whole.evidence[0].quotes[0].passage) == 400 + len("substantial doubt") + 400
    figures = await ok(caller, evidence_pb2.GetEvidenceRequest(filing=filing, signal_id="revenue"))
    assert figures.evidence[0].evidence.fact.element == "us-gaap:Revenue"
    gap = await ok(caller, evidence_pb2.GetEvidenceRequest(filing=filing, signal_id="interest_cover"))
    assert (gap.missing.detail, gap.HasField("signal")) == ("nothing reports interest_cover", False)
    unknown = await caller.ask(evidence_pb2.GetEvidenceRequest(filing=filing, signal_id="nothing_such"))
    assert unknown.error is not None
    assert unknown.error.reason is Reason.UNKNOWN_SIGNAL


async def test_a_text_that_is_not_stored_is_told_and_none_is_made_up(
    caller: Caller, company: Company
) -> None:
    text = BODY + f" {company.cik}"
    filing = await commit_with_artifacts(
        company, [], text=text, proofs=(quote_of(text, "substantial doubt"),)
    )
    answer = await ok(
        caller,
        evidence_pb2.GetEvidenceRequest(
            filing=filing, signal_id="going_concern_doubt", min_sequence=company.newest
        ),
    )
    (quote,) = answer.evidence[0].quotes
    assert quote.quote.quote == "substantial doubt"
    assert (quote.passage, quote.reason) == ("", evidence_pb2.NO_PASSAGE_REASON_TEXT_NOT_STORED)
    assert quote.detail


async def test_a_filing_is_compared_with_the_original_of_the_year_before(
    caller: Caller, company: Company, store_service: Service
) -> None:
    await company.report("10-K", date(2022, 12, 31), {"revenue": "80", "current_ratio": 1.0})
    await company.report(
        "10-K/A",
        date(2022, 12, 31),
        {"revenue": "81"},
        section_codes=("item_7", "item_8"),
        filed=date(2023, 8, 1),
    )
    filing = await company.report(
        "10-K", date(2023, 12, 31), {"revenue": "100.50", "going_concern_doubt": True}
    )
    request = comparisons_pb2.CompareFilingsRequest(filing=filing, min_sequence=company.newest)
    before = store_service.calls("BatchGetSignals")
    answer = await ok(caller, request)
    assert answer.prior.form_type == "10-K"
    by_id = {each.signal_id: each for each in answer.signals}
    assert by_id["revenue"].absolute_change.decimal == "20.50"
    assert by_id["revenue"].relative_change == pytest.approx(20.5 / 80)
    assert by_id["going_concern_doubt"].no_change_reason == comparisons_pb2.NO_CHANGE_REASON_PRIOR_MISSING
    assert by_id["current_ratio"].no_change_reason == comparisons_pb2.NO_CHANGE_REASON_CURRENT_MISSING
    assert (await caller.ask(request)).cache == "hit"
    assert store_service.calls("BatchGetSignals") == before + 1
    # What may become the prior is a commit to the company, and voids the answer.
    euros = await company.report("10-K", date(2023, 1, 5), {"revenue": "90"}, currency="EUR")
    later = await ok(
        caller, comparisons_pb2.CompareFilingsRequest(filing=filing, min_sequence=company.newest)
    )
    assert later.prior.accession_number == euros.accession_number
    revenue = next(each for each in later.signals if each.signal_id == "revenue")
    assert revenue.no_change_reason == comparisons_pb2.NO_CHANGE_REASON_CURRENCIES_DIFFER
    assert not revenue.HasField("absolute_change")


async def test_a_filing_without_a_prior_says_so_for_every_signal(caller: Caller, company: Company) -> None:
    filing = await company.report("10-K", date(2023, 12, 31), {"revenue": "100"})
    answer = await ok(
        caller, comparisons_pb2.CompareFilingsRequest(filing=filing, min_sequence=company.newest)
    )
    assert not answer.HasField("prior")
    assert {each.no_change_reason for each in answer.signals} == {
        comparisons_pb2.NO_CHANGE_REASON_NO_PRIOR_FILING
    }
    stranger = await Company(company.store, company.artifacts, next(CIKS)).report(
        "10-K", date(2022, 12, 31), {"revenue": "1"}
    )
    other = await caller.ask(comparisons_pb2.CompareFilingsRequest(filing=filing, prior=stranger))
    assert isinstance(other.error, InvalidArgument)
    unknown = filing_pb2.FilingRef(accession_number=f"{company.cik:010}-99-000001")
    for asked in (
        comparisons_pb2.CompareFilingsRequest(filing=unknown),
        comparisons_pb2.CompareFilingsRequest(filing=filing, prior=unknown),
    ):
        assert isinstance((await caller.ask(asked)).error, NotFound)


async def test_companies_are_compared_in_a_table(caller: Caller, company: Company) -> None:
    other = Company(company.store, company.artifacts, next(CIKS))
    await company.report("10-K", date(2023, 12, 31), {"revenue": "100", "current_ratio": 2.0})
    await other.report("10-K", date(2023, 12, 31), {"revenue": "70"}, currency="EUR")
    nobody = next(CIKS)
    request = comparisons_pb2.CompareCompaniesRequest(
        ciks=[other.cik, nobody, company.cik],
        signal_ids=["revenue", "current_ratio"],
        period=ANNUAL,
        min_sequence=other.newest,
    )
    answer = await ok(caller, request)
    assert [each.HasField("filing") for each in answer.companies] == [True, False, True]
    revenue, ratio = answer.signals
    assert [each.signal.value.decimal for each in revenue.values] == ["70", "", "100"]
    assert list(revenue.currencies) == ["EUR", "USD"]
    assert ratio.values[0].gap.reason == company_figures_pb2.FIGURE_GAP_REASON_NOT_IN_FILING
    assert (await caller.ask(request)).cache == "hit"
    await company.report("10-K", date(2024, 12, 31), {"revenue": "120"})
    request.min_sequence = company.newest
    again = await ok(caller, request)
    assert again.signals[0].values[2].signal.value.decimal == "120"


async def test_a_series_is_point_in_time_or_restated_by_the_page(caller: Caller, company: Company) -> None:
    for year in (2021, 2022, 2023):
        await company.report("10-K", date(year, 12, 31), {"revenue": str(year)})
    await company.report(
        "10-K/A",
        date(2022, 12, 31),
        {"revenue": "9"},
        section_codes=("item_7", "item_8"),
        filed=date(2023, 9, 1),
    )

    async def values(view: series_pb2.SeriesView.ValueType) -> list[str]:
        found, token = [], ""
        while True:
            page = await ok(
                caller,
                pb.GetSignalSeriesRequest(
                    cik=company.cik,
                    signal_ids=["revenue"],
                    view=view,
                    page_size=2,
                    page_token=token,
                    min_sequence=company.newest,
                ),
            )
            found += [point.signals[0].value.decimal for point in page.points]
            if not (token := page.next_page_token):
                return found

    assert await values(series_pb2.SERIES_VIEW_POINT_IN_TIME) == ["2023", "2022", "2021"]
    assert await values(series_pb2.SERIES_VIEW_RESTATED) == ["2023", "9", "2021"]


async def test_aggregates_and_exports_are_the_stores(
    query_services: tuple[Service, Service], company: Company, caller: Caller
) -> None:
    for year in (2021, 2022, 2023):
        await company.report("10-K", date(year, 12, 31), {"revenue": str(year), "current_ratio": 1.0})
    answer = await ok(
        caller,
        many_companies_pb2.AggregateSignalsRequest(
            signal_id="revenue",
            filter=f"cik = {company.cik}",
            group_by=[aggregate_pb2.AGGREGATE_BY_YEAR],
            min_sequence=company.newest,
        ),
    )
    assert [(list(each.keys), each.mean) for each in answer.groups] == [
        ([str(year)], float(year)) for year in (2021, 2022, 2023)
    ]
    assert (answer.unit, answer.currency) == ("USD", "USD")
    assert answer.HasField("computed_at")
    async with AsyncQueryClient(Endpoint(query_services[0].address, plaintext=True)) as client:

        async def exported(**given: Any) -> list[dict[str, Any]]:
            parts = client.export_signals(
                filter=f"cik = {company.cik}", signal_ids=["revenue", "current_ratio"], **given
            )
            read = [part async for part in parts]
            assert read[0].as_of_sequence
            table = pa.ipc.open_stream(b"".join(part.chunk for part in read)).read_all()
            rows: list[dict[str, Any]] = table.to_pylist()
            return rows

        rows = await exported(min_sequence=company.newest)
        assert [(row["signal_id"], row["number"]) for row in rows if row["signal_id"] == "revenue"] == [
            ("revenue", float(year)) for year in (2021, 2022, 2023)
        ]
        then = Timestamp()
        then.FromDatetime(datetime(2022, 12, 1, tzinfo=UTC))
        assert len(await exported(as_of=read_pb2.AsOf(known_at=then))) == 2
        with pytest.raises(InvalidArgument):
            [part async for part in client.export_signals()]


async def test_what_happens_to_watched_companies_is_told_in_order_and_can_be_resumed(
    query_services: tuple[Service, Service], company: Company, store_service: Service
) -> None:
    stranger = Company(company.store, company.artifacts, next(CIKS))
    prior = await company.report("10-K", date(2022, 12, 31), {"revenue": "1"})
    await company.analyse(prior, analysis_pb2.RATING_SOUND, ("loss",))
    async with AsyncQueryClient(Endpoint(query_services[0].address, plaintext=True)) as client:

        async def told(from_sequence: str, until: str) -> list[watch_pb.CompanyEvent]:
            found: list[watch_pb.CompanyEvent] = []
            async for answer in client.watch_companies(ciks=[company.cik], from_sequence=from_sequence):
                found += answer.events
                if int(answer.up_to_sequence.split(".")[1]) >= int(until.split(".")[1]):
                    return found
            raise AssertionError("the stream ended")

        start = company.newest
        other = await stranger.report("10-K", date(2023, 12, 31), {"revenue": "1"})
        await stranger.analyse(other, analysis_pb2.RATING_CRITICAL, ())
        filing = await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
        extracted = company.newest
        await company.analyse(filing, analysis_pb2.RATING_WEAK, ("going_concern",))
        events = await told(start, company.newest)
        assert [each.kind for each in events] == [
            watch_pb.COMPANY_EVENT_KIND_NEW_FILING,
            watch_pb.COMPANY_EVENT_KIND_RATING_CHANGED,
            watch_pb.COMPANY_EVENT_KIND_FLAGS_CHANGED,
        ]
        assert {each.cik for each in events} == {company.cik}
        assert {each.previous_accession_number for each in events} == {prior.accession_number}
        new, rating, flags = events
        assert (new.sequence, new.filing.rating) == (extracted, analysis_pb2.RATING_UNSPECIFIED)
        assert (rating.previous_rating, rating.filing.rating) == (
            analysis_pb2.RATING_SOUND,
            analysis_pb2.RATING_WEAK,
        )
        assert (list(flags.appeared_flag_ids), list(flags.gone_flag_ids)) == (["going_concern"], ["loss"])
        # From a position on, the same again.
        assert await told(extracted, company.newest) == events[1:]
        async with AsyncStoreAdminClient(Endpoint(store_service.address, plaintext=True)) as admin:
            purged = await admin.purge_filings(
                accession_numbers=[filing.accession_number], requested_by="somebody", reason="a test"
            )
        (gone,) = await told(company.newest, purged.purged[0].sequence)
        assert (gone.kind, gone.accession_number) == (
            watch_pb.COMPANY_EVENT_KIND_FILING_PURGED,
            filing.accession_number,
        )
        # What was told of the filing before is not told again to those who go on from before it.
        assert await told(start, purged.purged[0].sequence) == [gone]
        for asked, kind in (
            ({"ciks": []}, InvalidArgument),
            ({"ciks": range(1, 502)}, InvalidArgument),
            ({"ciks": [1], "from_sequence": "forged"}, InvalidArgument),
            ({"ciks": [1], "from_sequence": "0.999999999999"}, OutOfRange),
        ):
            with pytest.raises(kind):
                await anext(client.watch_companies(**asked))


HOSTILE: list[tuple[Message, Reason, str]] = [
    (
        pb.ScreenFilingsRequest(filter=" AND ".join(["cik = 1"] * 10_000)),
        Reason.FILTER_SYNTAX,
        "filter",
    ),
    (pb.ScreenFilingsRequest(filter=" AND ".join(["cik = 1"] * 300)), Reason.FILTER_SYNTAX, "filter"),
    (pb.ScreenFilingsRequest(filter="(" * 2000 + "cik = 1" + ")" * 2000), Reason.FILTER_SYNTAX, "filter"),
    (pb.ScreenFilingsRequest(filter="NOT " * 1000 + "cik = 1"), Reason.FILTER_SYNTAX, "filter"),
    (pb.ScreenFilingsRequest(filter="x" * 1_000_000), Reason.FILTER_SYNTAX, "filter"),
    (pb.ScreenFilingsRequest(filter="'" + "\\" * 4000), Reason.FILTER_SYNTAX, "filter"),
    (
        pb.ScreenFilingsRequest(filter="signals.revenue > 1; DROP TABLE filings"),
        Reason.FILTER_SYNTAX,
        "filter",
    ),
    (
        many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, filter="signals.' OR 1=1 -- > 1"),
        Reason.FILTER_SYNTAX,
        "filter",
    ),
    (
        many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, signal_ids=["revenue'; DROP TABLE x"]),
        Reason.INVALID_FIELD,
        "signal_ids",
    ),
    (
        many_companies_pb2.AggregateSignalsRequest(signal_id="s" * 1_000_000),
        Reason.INVALID_FIELD,
        "signal_id",
    ),
    (pb.ScreenFilingsRequest(currency="x" * 1_000_000), Reason.INVALID_FIELD, "currency"),
    (pb.ScreenFilingsRequest(page_token="A" * 1_000_000), Reason.MALFORMED_PAGE_TOKEN, "page_token"),
    (pb.ScreenFilingsRequest(page_token="Zm9yZ2Vk"), Reason.MALFORMED_PAGE_TOKEN, "page_token"),
    (
        pb.GetFilingRequest(filing=filing_pb2.FilingRef(accession_number="0" * 1_000_000)),
        Reason.MALFORMED_ACCESSION_NUMBER,
        "filing.accession_number",
    ),
    (
        pb.GetSignalsRequest(
            filing=filing_pb2.FilingRef(accession_number="0001999001-24-000001"),
            signal_ids=["a"] * 500_000,
        ),
        Reason.INVALID_FIELD,
        "signal_ids",
    ),
    (
        pb.GetSignalsRequest(
            filing=filing_pb2.FilingRef(accession_number="0001999001-24-000001"),
            read_mask=FieldMask(paths=["a"] * 500_000),
        ),
        Reason.INVALID_FIELD,
        "read_mask",
    ),
    (pb.ListFilingsRequest(forms=["10-K"] * 500_000), Reason.INVALID_FIELD, "forms"),
    (
        comparisons_pb2.CompareCompaniesRequest(ciks=range(1, 300_000), signal_ids=["a"], period=ANNUAL),
        Reason.INVALID_FIELD,
        "ciks",
    ),
]


@pytest.mark.parametrize(("request_", "reason", "field"), HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_request_is_refused_by_its_field(
    caller: Caller, company: Company, request_: Message, reason: Reason, field: str
) -> None:
    await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
    answered = await caller.ask(request_)
    assert isinstance(answered.error, TenkayError)
    assert (answered.error.reason, answered.error.fields[0].field) == (reason, field)
    assert len(answered.error.message) < 1000


async def test_a_token_of_another_filter_is_refused(caller: Caller, company: Company) -> None:
    for year in (2022, 2023):
        await company.report("10-K", date(year, 12, 31), {"revenue": "1"})
    asked = pb.ScreenFilingsRequest(filter=f"cik = {company.cik}", page_size=1, min_sequence=company.newest)
    token = (await ok(caller, asked)).next_page_token
    assert token
    for other in (
        pb.ScreenFilingsRequest(filter="cik = 1", page_token=token),
        pb.ScreenFilingsRequest(filter=asked.filter, signal_ids=["revenue"], page_token=token),
        many_companies_pb2.ScreenCompaniesRequest(period=ANNUAL, filter=asked.filter, page_token=token),
        pb.ListFilingsRequest(cik=company.cik, page_token=token),
    ):
        refused = (await caller.ask(other)).error
        assert refused is not None
        assert refused.reason is Reason.MALFORMED_PAGE_TOKEN


async def test_hostile_requests_cost_little_more_than_plain_ones(
    query_services: tuple[Service, Service], store_service: Service, caller: Caller, company: Company
) -> None:
    await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
    processes = [psutil.Process(each.pid) for each in (query_services[0], store_service)]

    async def cpu_seconds(request: Message, calls: int) -> float:
        """Of both processes, a call."""
        before = sum(sum(each.cpu_times()[:2]) for each in processes)
        for _ in range(calls):
            await caller.ask(request)
        return (sum(sum(each.cpu_times()[:2]) for each in processes) - before) / calls

    plain = pb.ScreenFilingsRequest(
        filter="signals.revenue > 0 AND sic_code = 3571 AND period_end > 2020-01-01",
        max_staleness=Duration(seconds=0),
    )
    await cpu_seconds(plain, 20)
    allowed = 20 * await cpu_seconds(plain, 60)
    for request_, _, field in HOSTILE:
        assert await cpu_seconds(request_, 5) <= allowed, (type(request_).__name__, field)
