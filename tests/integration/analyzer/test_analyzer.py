"""The analyzer as a process, over a real store."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tenkay.client.analyzer import AsyncAnalyzerClient
from tenkay.client.store import AsyncFilingStoreClient
from tenkay.common.v1 import analysis_pb2, extraction_pb2, filing_pb2, signal_pb2
from tenkay.common.v1.date_pb2 import Date
from tenkay.errors import InvalidArgument, NotFound, Reason, ResourceExhausted, Unavailable
from tenkay.stack.ports import free_port
from tests.integration.running_services import Service, running_service

pytestmark = pytest.mark.xdist_group("analyzer")
"""One worker runs them all: they share their servers."""

RATIOS = {
    "gross_margin": 0.25,
    "operating_margin": -0.12,
    "net_margin": -0.2,
    "return_on_assets": -0.1,
    "revenue_growth_yoy": -0.15,
    "current_ratio": 0.7,
    "liabilities_to_assets": 1.1,
    "interest_coverage": -2.0,
    "cash_flow_accruals": -0.03,
    "cash_runway_months": 7.0,
}
MONEY = {"operating_cash_flow": "-12345678.5", "free_cash_flow": "-15000000"}
FLAGS = {"negative_equity": True, "going_concern_doubt": True, "material_weakness": False}
QUOTE = "There is substantial doubt about the Company's ability to continue as a going concern."


@pytest.fixture(scope="module")
def store(server_folder: Path) -> Iterator[Service]:
    folder = server_folder / "analyzer"
    with running_service("tenkay_store", folder, data_directory=str(folder / "store")) as service:
        yield service


@pytest.fixture(scope="module")
def service(server_folder: Path, store: Service) -> Iterator[Service]:
    with running_service(
        "tenkay_analyzer", server_folder / "analyzer", store_address=store.address
    ) as service:
        yield service


@pytest.fixture
async def commits(store: Service) -> AsyncIterator[AsyncFilingStoreClient]:
    async with AsyncFilingStoreClient(store.endpoint) as client:
        yield client


@pytest.fixture
async def analyzer(service: Service) -> AsyncIterator[AsyncAnalyzerClient]:
    async with AsyncAnalyzerClient(service.endpoint) as client:
        yield client


async def test_an_analysis_is_what_the_stores_signals_say_and_the_store_takes_it(
    analyzer: AsyncAnalyzerClient, commits: AsyncFilingStoreClient
) -> None:
    extraction = distressed("0001999002-24-000001")
    sequence = (await commits.commit_extraction(extraction=extraction)).outcome.sequence
    filing = filing_pb2.FilingRef(accession_number="0001999002-24-000001")
    analysis = (await analyzer.analyze_filing(filing=filing, min_sequence=sequence)).analysis

    assert analysis.rating == analysis_pb2.RATING_CRITICAL
    assert analysis.score <= 25
    assert analysis.extraction_key == extraction.result_key
    assert [flag.id for flag in analysis.flags] == [
        "going_concern",
        "cash_runway_short",
        "negative_equity_and_burn",
        "interest_not_earned",
    ]
    total = 50 + math.fsum(reason.contribution for reason in analysis.reasons)
    assert abs(total - analysis.uncapped_score) < 1e-9
    assert [each.dimension for each in analysis.dimensions] == list(range(1, 9))
    assert math.fsum(each.weight for each in analysis.dimensions) == 100
    assert {reason.basis for reason in analysis.reasons} == {analysis_pb2.SCORE_BASIS_ANCHOR}
    assert analysis.reference_id == ""

    outcome = (await commits.commit_analysis(analysis=analysis)).outcome
    assert outcome.changed
    stored = await commits.get_analysis(filing=filing, min_sequence=outcome.sequence)
    assert stored.analysis == analysis


async def test_a_flag_carries_the_evidence_of_its_signals(
    analyzer: AsyncAnalyzerClient, commits: AsyncFilingStoreClient
) -> None:
    await commits.commit_extraction(extraction=distressed("0001999002-24-000002"))
    filing = filing_pb2.FilingRef(accession_number="0001999002-24-000002")
    flags = {flag.id: flag for flag in (await analyzer.analyze_filing(filing=filing)).analysis.flags}
    assert [proof.text.quote for proof in flags["going_concern"].evidence] == [QUOTE]
    assert list(flags["negative_equity_and_burn"].signal_ids) == ["negative_equity", "operating_cash_flow"]
    assert [proof.fact.concept for proof in flags["negative_equity_and_burn"].evidence] == [
        "negative_equity",
        "operating_cash_flow",
    ]
    assert flags["going_concern"].cap == 25
    assert not flags["interest_not_earned"].HasField("cap")


async def test_the_same_filing_gives_the_same_analysis_and_commits_once(
    analyzer: AsyncAnalyzerClient, commits: AsyncFilingStoreClient
) -> None:
    await commits.commit_extraction(extraction=distressed("0001999002-24-000003"))
    filing = filing_pb2.FilingRef(accession_number="0001999002-24-000003")
    first = (await analyzer.analyze_filing(filing=filing)).analysis
    second = (await analyzer.analyze_filing(filing=filing)).analysis
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)
    assert (await commits.commit_analysis(analysis=first)).outcome.changed
    assert not (await commits.commit_analysis(analysis=second)).outcome.changed


async def test_an_8k_without_signals_is_not_rated_and_can_be_stored(
    analyzer: AsyncAnalyzerClient, commits: AsyncFilingStoreClient
) -> None:
    extraction = extraction_pb2.Extraction(
        filing=filing_pb2.Filing(accession_number="0001999002-24-000004", form_type="8-K"),
        missing=[
            signal_pb2.MissingSignal(
                id="revenue",
                reason=signal_pb2.MISSING_REASON_FORM_NOT_APPLICABLE,
                detail="not defined for an 8-K",
            )
        ],
        result_key=sha("8-K"),
    )
    await commits.commit_extraction(extraction=extraction)
    filing = filing_pb2.FilingRef(accession_number="0001999002-24-000004")
    analysis = (await analyzer.analyze_filing(filing=filing)).analysis
    assert analysis.rating == analysis_pb2.RATING_NOT_RATED
    assert analysis.not_rated_reason
    for name in ("score", "uncapped_score", "band"):
        assert not analysis.HasField(name)
    assert not analysis.reasons
    assert not any(each.HasField("score") or each.HasField("band") for each in analysis.dimensions)
    assert (await commits.commit_analysis(analysis=analysis)).outcome.changed


async def test_what_is_not_there_or_malformed_is_told(analyzer: AsyncAnalyzerClient) -> None:
    with pytest.raises(NotFound) as unknown:
        await analyzer.analyze_filing(filing=filing_pb2.FilingRef(accession_number="0001999002-24-999999"))
    assert unknown.value.reason is Reason.FILING_UNKNOWN
    with pytest.raises(Unavailable) as ahead:
        await analyzer.analyze_filing(
            filing=filing_pb2.FilingRef(accession_number="0001999002-24-000001"), min_sequence="0.999999"
        )
    assert ahead.value.reason is Reason.SEQUENCE_NOT_REACHED
    for filing, reason in (
        (filing_pb2.FilingRef(), Reason.MALFORMED_ACCESSION_NUMBER),
        (filing_pb2.FilingRef(accession_number="000199900224000001"), Reason.MALFORMED_ACCESSION_NUMBER),
        (filing_pb2.FilingRef(accession_number="0001999002-24-000001", cik=0), Reason.INVALID_FIELD),
    ):
        with pytest.raises(InvalidArgument) as malformed:
            await analyzer.analyze_filing(filing=filing)
        assert malformed.value.reason is reason
    with pytest.raises(ResourceExhausted) as oversized:
        await analyzer.analyze_filing(filing=filing_pb2.FilingRef(primary_document="x" * 5_000_000))
    assert oversized.value.reason is Reason.MESSAGE_TOO_LARGE
    with pytest.raises(InvalidArgument) as sequence:
        await analyzer.analyze_filing(
            filing=filing_pb2.FilingRef(accession_number="0001999002-24-000001"), min_sequence="new"
        )
    assert sequence.value.reason is Reason.MALFORMED_SEQUENCE


async def test_analyses_are_counted_by_rating(
    analyzer: AsyncAnalyzerClient, commits: AsyncFilingStoreClient, service: Service
) -> None:
    await commits.commit_extraction(extraction=distressed("0001999002-24-000005"))
    before = service.metric("tenkay_analyzer_analyses_total", rating="critical")
    await analyzer.analyze_filing(filing=filing_pb2.FilingRef(accession_number="0001999002-24-000005"))
    assert service.metric("tenkay_analyzer_analyses_total", rating="critical") == before + 1


def test_broken_rules_end_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nweights: {}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "tenkay_analyzer"],
        env={
            **os.environ,
            "TENKAY_ANALYZER_INSECURE": "true",
            "TENKAY_ANALYZER_STORE_ADDRESS": f"127.0.0.1:{free_port()}",
            "TENKAY_ANALYZER_RULES_FILE": str(tmp_path / "rules.yaml"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert len(ended.stderr.splitlines()) == 1
    assert "TENKAY_ANALYZER_RULES_FILE" in ended.stderr


def distressed(accession_number: str) -> extraction_pb2.Extraction:
    """A 10-K of a company that is doing badly."""
    quoted = signal_pb2.Evidence(
        text=signal_pb2.TextEvidence(
            section="audit_report", text_sha256=sha("text"), start=10, end=10 + len(QUOTE), quote=QUOTE
        )
    )
    searched = signal_pb2.Evidence(
        search=signal_pb2.SearchEvidence(sections=["item_9A"], text_sha256=sha("text"))
    )
    signals = [
        *(signal(name, signal_pb2.SignalValue(double=value)) for name, value in RATIOS.items()),
        *(signal(name, signal_pb2.SignalValue(decimal=value), "USD") for name, value in MONEY.items()),
        *(signal(name, signal_pb2.SignalValue(bool=value)) for name, value in FLAGS.items()),
    ]
    for each, proof in (("going_concern_doubt", quoted), ("material_weakness", searched)):
        found = next(one for one in signals if one.id == each)
        found.evidence[0].CopyFrom(proof)
    return extraction_pb2.Extraction(
        filing=filing_pb2.Filing(
            accession_number=accession_number,
            cik=1_999_000_002,
            form_type="10-K",
            company_name="Made Up Works",
            sic_code=3570,
        ),
        signals=signals,
        texts=[extraction_pb2.NormalisedText(sha256=sha("text"), length=1000)],
        result_key=sha(accession_number),
        catalog_version="1",
        code_version="1",
        fact_count=len(signals),
    )


def signal(name: str, value: signal_pb2.SignalValue, currency: str = "") -> signal_pb2.Signal:
    fact = signal_pb2.FactEvidence(
        concept=name,
        element=f"made-up:{name}",
        context_id="c1",
        unit="pure",
        value="1",
        end=Date(year=2023, month=12, day=31),
    )
    return signal_pb2.Signal(
        id=name,
        category=signal_pb2.SIGNAL_CATEGORY_FINANCIAL,
        value=value,
        unit=currency or "fraction",
        currency=currency,
        confidence=0.95,
        evidence=[signal_pb2.Evidence(fact=fact)],
    )


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
