"""The commands that read signals, over a real query and store."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenkay.cli.main import main
from tenkay.common.v1 import analysis_pb2, fact_pb2
from tests.integration.query.reports import BODY, Company, commit_with_artifacts, quote_of
from tests.integration.running_services import Service
from tests.unit.store.artifacts import FACTS, TEXT, fact, messages, named

pytestmark = pytest.mark.xdist_group("query")

Run = Callable[..., Awaitable[str]]


@pytest.fixture
def run(query_services: tuple[Service, Service], callers: Any, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command against query; what it printed."""

    async def run(*arguments: str) -> str:
        where = ("--address", f"query={query_services[0].address}", "--insecure")
        code = await asyncio.to_thread(main, [*arguments, *where])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return printed.out

    return run


@pytest.fixture
async def reported(company: Company) -> Company:
    """A company with two years and a quarter."""
    await company.report("10-K", date(2022, 12, 31), {"revenue": "80", "current_ratio": 1.5})
    await company.report("10-Q", date(2023, 3, 31), {"revenue": "20"})
    await company.report("10-K", date(2023, 12, 31), {"revenue": "100.5", "current_ratio": 1.25})
    await company.report("10-Q", date(2024, 3, 31), {"revenue": "30"})
    return company


def lines(printed: str) -> list[Any]:
    return [json.loads(line) for line in printed.splitlines()]


async def test_series_and_comparisons_are_shown(run: Run, reported: Company) -> None:
    cik, number = str(reported.cik), f"{reported.cik:010}-24-000003"
    printed = await run("series", cik, "revenue", "--forms", "10-K", "--view", "point-in-time")
    assert printed.index("100.5 USD") < printed.index("80 USD")
    points = lines(await run("series", cik, "revenue", "--limit", "1", "--json"))
    assert [point["signals"][0]["value"] for point in points] == ["30"]
    printed = await run("compare", number)
    assert "20.5 USD" in printed
    assert "+25.6" in printed
    (document,) = lines(await run("compare", number, "--signal", "revenue", "--json"))
    assert document["signals"][0]["absolute_change"] == "20.5"


async def test_companies_are_shown(run: Run, reported: Company) -> None:
    cik = reported.cik
    expression = f"cik = {cik} AND signals.revenue > 100"
    printed = await run("screen-companies", expression, "--period", "twelve-months")
    assert "110.5 USD (sum)" in printed
    (found,) = lines(await run("screen-companies", expression, "--period", "twelve-months", "--json"))
    assert [each["is_subtracted"] for each in found["quarter_filings"]] == [False, False, True]
    printed = await run(
        "compare-companies", str(cik), "7", "--signal", "revenue", "--signal", "current_ratio"
    )
    assert "100.5 USD" in printed
    assert "no such report" in printed
    printed = await run("aggregate", "revenue", "--by", "year", "--filter", f"cik = {cik}")
    assert "2022" in printed
    (document,) = lines(await run("aggregate", "revenue", "--filter", f"cik = {cik}", "--json"))
    assert (document["groups"][0]["value_count"], document["currency"]) == (4, "USD")


async def test_an_export_is_a_whole_file_or_none(
    run: Run, reported: Company, tmp_path: Path, query_services: tuple[Service, Service]
) -> None:
    file = tmp_path / "values.arrows"
    await run("export", str(file), "--signal", "revenue", "--filter", f"cik = {reported.cik}")
    with pa.ipc.open_stream(file) as reader:
        assert len(reader.read_all()) == 4
    where = ("--address", f"query={query_services[0].address}", "--insecure")
    code = await asyncio.to_thread(
        main, ["export", str(tmp_path / "none"), "--signal", "nothing_such", *where]
    )
    assert code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["values.arrows"]  # noqa: ASYNC240 - nothing else runs


async def test_evidence_and_facts_are_shown(run: Run, company: Company) -> None:
    content = fact_pb2.FactSet(facts=[fact("us-gaap:Revenues", "7"), fact("ex:Other", "8")])
    for kind, raw in ((TEXT, BODY.encode()), (FACTS, content.SerializeToString())):
        await company.artifacts.put_artifact(requests=messages(kind, raw))
    filing = await commit_with_artifacts(
        company,
        [named(TEXT, BODY.encode()), named(FACTS, content.SerializeToString())],
        proofs=(quote_of(BODY, "substantial doubt"),),
    )
    number = filing.accession_number
    printed = await run("evidence", number, "going_concern_doubt", "--context", "12")
    assert "There is substantial doubt. After." in printed
    printed = await run("facts", number, "--concept", "us-gaap:Revenues")
    assert "us-gaap:Revenues" in printed
    assert "ex:Other" not in printed
    assert len(lines(await run("facts", number, "--json"))) == 2


async def test_events_are_shown_as_they_come(
    company: Company, query_services: tuple[Service, Service]
) -> None:
    prior = await company.report("10-K", date(2022, 12, 31), {"revenue": "1"})
    await company.analyse(prior, analysis_pb2.RATING_SOUND, ())
    start = company.newest
    filing = await company.report("10-K", date(2023, 12, 31), {"revenue": "1"})
    await company.analyse(filing, analysis_pb2.RATING_WEAK, ("going_concern",))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tenkay.cli.main", "watch", str(company.cik), "--after", start,
        "--address", f"query={query_services[0].address}", "--insecure",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            shown = [(await process.stdout.readline()).decode() for _ in range(3)]
    finally:
        process.kill()
        await process.wait()
    assert "new filing" in shown[0]
    assert "sound -> weak" in shown[1]
    assert "+going_concern" in shown[2]
