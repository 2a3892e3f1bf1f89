"""The whole path on the sample filings: everything real, started as a person starts it, checked against the truth."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from samples import Truth, generate, hostile_documents
from tenkay.client import Endpoint, TenkayError
from tenkay.client.fetcher import FetcherClient
from tenkay.common.v1.extraction_pb2 import Extraction
from tenkay.common.v1.filing_pb2 import FilingRef
from tenkay.common.v1.signal_pb2 import Signal
from tenkay.errors import Reason
from tests.conftest import REPOSITORY
from tests.whole_stack import WholeStack, failures, running_stack, submit_all, wait_for

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("whole_stack")]


@pytest.fixture(scope="module")
def truth_and_edgar(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Path]:
    edgar = tmp_path_factory.mktemp("edgar")
    return generate(edgar), edgar


@pytest.fixture(scope="module")
def truth(truth_and_edgar: tuple[Truth, Path]) -> Truth:
    return truth_and_edgar[0]


@pytest.fixture(scope="module")
def stack(
    truth_and_edgar: tuple[Truth, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WholeStack]:
    """A stack into which all samples have been ingested."""
    truth, edgar = truth_and_edgar
    with running_stack(tmp_path_factory.mktemp("stack") / "var", edgar) as started:
        with started.pipeline() as jobs:
            job = wait_for(jobs, submit_all(jobs, [company.cik for company in truth.companies]))
            assert not failures(jobs, job.id)
            assert job.counts.stored == len(truth.filings)
        yield started


def test_every_sample_signal_equals_the_truth_it_was_made_from(stack: WholeStack, truth: Truth) -> None:
    wrong = []
    with stack.query() as query:
        for filing in truth.filings:
            answer = query.get_signals(filing=FilingRef(accession_number=filing.accession_number))
            found = {each.id: each for each in answer.signals}
            gaps = {each.id: each for each in answer.missing}
            assert found.keys() | gaps.keys() >= filing.signals.keys()
            for signal_id, expected in filing.signals.items():
                where = f"{filing.accession_number} {filing.form} {signal_id}"
                if expected.missing:
                    if signal_id in found:
                        wrong.append(f"{where}: {found[signal_id].value} where nothing can be told")
                    elif not gaps[signal_id].detail:
                        wrong.append(f"{where}: missing without a detail")
                elif signal_id in gaps:
                    wrong.append(f"{where}: missing ({gaps[signal_id].detail}), expected {expected.value}")
                elif not is_equal(found[signal_id], expected.value):
                    wrong.append(f"{where}: {found[signal_id].value}, expected {expected.value}")
                elif found[signal_id].unit != expected.unit:
                    wrong.append(f"{where}: in {found[signal_id].unit}, expected {expected.unit}")
    assert not wrong, "\n".join(wrong)


def is_equal(found: Signal, expected: str | bool | None) -> bool:
    kind = found.value.WhichOneof("kind")
    if kind == "bool":
        return found.value.bool == expected
    if not isinstance(expected, str):
        return False
    if kind == "decimal":
        return Decimal(found.value.decimal) == Decimal(expected)
    if kind == "int64":
        return Decimal(found.value.int64) == Decimal(expected)
    # The truth's ratios are given to twelve decimal places.
    return abs(found.value.double - float(expected)) <= 1e-9 * max(1.0, abs(float(expected)))


def test_every_signal_has_evidence_and_flags_quote_their_sentences(stack: WholeStack, truth: Truth) -> None:
    with stack.query() as query:
        for filing in truth.filings:
            answer = query.get_signals(filing=FilingRef(accession_number=filing.accession_number))
            for found in answer.signals:
                assert found.evidence, f"{filing.accession_number} {found.id} has no evidence"
                quoted = " ".join(
                    each.text.quote for each in found.evidence if each.WhichOneof("kind") == "text"
                )
                expected = filing.signals.get(found.id)
                for sentence in expected.quotes if expected else ():
                    assert sentence.text[:200] in quoted, f"{filing.accession_number} {found.id}: {quoted}"


def test_evidence_is_found_again_in_the_texts_and_facts_that_the_store_keeps(
    stack: WholeStack, truth: Truth
) -> None:
    quotes = facts = 0
    with stack.query() as query, stack.artifacts() as artifacts:
        for filing in truth.filings:
            ref = FilingRef(accession_number=filing.accession_number)
            evidence = [each for found in query.get_signals(filing=ref).signals for each in found.evidence]
            reported = {
                (each.concept, each.context_id, each.value if each.HasField("value") else each.text)
                for part in artifacts.get_facts(filing=ref)
                for each in part.facts
            }
            for fact in (each.fact for each in evidence if each.HasField("fact")):
                assert (fact.element, fact.context_id, fact.value) in reported
                facts += 1
            passages = [each.text for each in evidence if each.HasField("text")]
            passages += [passage for each in evidence for passage in each.search.dismissed]
            texts = {
                sha256: "".join(part.text for part in artifacts.read_text(filing=ref, sha256=sha256))
                for sha256 in {each.text_sha256 for each in passages}
            }
            for sha256, text in texts.items():
                assert hashlib.sha256(text.encode()).hexdigest() == sha256
            for passage in passages:
                assert texts[passage.text_sha256][passage.start : passage.end] == passage.quote
                quotes += 1
            for passage in passages[:3]:
                # As a caller reads it who wants nothing else of the text.
                (part,) = artifacts.read_text(
                    filing=ref, sha256=passage.text_sha256, start=passage.start, end=passage.end
                )
                assert part.text == passage.quote
    assert quotes > 100
    assert facts > 500


def test_the_distressed_company_is_rated_below_the_healthy_one(stack: WholeStack, truth: Truth) -> None:
    scores = {}
    with stack.query() as query:
        for company in truth.companies:
            summary = query.get_company_summary(cik=company.cik).company
            # A submission header prints names in capitals, a listing as the company writes them.
            assert summary.company_name.casefold() == company.name.casefold()
            scores[company.ticker] = (summary.latest_annual.score, list(summary.latest_annual.flag_ids))
    assert "going_concern" in scores["PLDM"][1]
    assert not scores["LKFI"][1]
    assert scores["PLDM"][0] <= 25 < scores["LKFI"][0]


def test_the_readme_calls_the_services_as_it_says(stack: WholeStack) -> None:
    program = (REPOSITORY / "README.md").read_text().split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=stack.var.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "going_concern_doubt bool: true" in done.stdout
    assert "substantial doubt" in done.stdout


def test_a_filing_ingested_twice_is_stored_once(stack: WholeStack, truth: Truth) -> None:
    ref = FilingRef(accession_number=truth.filings[-1].accession_number)
    with stack.pipeline() as jobs, stack.store() as store:
        before = store.get_filing(filing=ref)
        job = wait_for(jobs, submit_all(jobs, [truth.filings[-1].cik]))
        assert job.counts.stored == job.counts.total
        after = store.get_filing(filing=ref)
    assert (after.version, after.recorded_at, after.as_of_sequence) == (
        before.version,
        before.recorded_at,
        before.as_of_sequence,
    )


def test_a_newer_result_is_visible_through_query_within_a_second(stack: WholeStack, truth: Truth) -> None:
    filing = next(each for each in truth.filings if each.form == "10-Q")
    ref = FilingRef(accession_number=filing.accession_number)
    with stack.store() as store, stack.query() as writer_side, stack.query() as other_side:
        for reader in (writer_side, other_side):
            reader.get_signals(filing=ref)
        old = store.get_signals(filing=ref)
        sections = store.get_filing(filing=ref)
        newer = Extraction(
            filing=old.filing,
            sections=sections.sections,
            signals=[
                each for each in old.signals if all(e.WhichOneof("kind") == "fact" for e in each.evidence)
            ],
            missing=old.missing,
            result_key=secrets.token_hex(32),
            catalog_version=sections.catalog_version,
            code_version="newer",
        )
        outcome = store.commit_extraction(extraction=newer).outcome
        committed = time.monotonic()
        assert outcome.changed
        assert outcome.version == old.version + 1
        # With the commit's sequence it is visible at once, through any query process.
        seen = writer_side.get_signals(filing=ref, min_sequence=outcome.sequence)
        assert seen.result_key == newer.result_key
        # Without it, within a second.
        while other_side.get_signals(filing=ref).result_key != newer.result_key:
            assert time.monotonic() - committed < 1, "the old answer is still served after a second"
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ingest", "NOSUCH"], 1, "NOSUCH"),
        (["ingest", "1999999011:1999999011-97-999999"], 1, "FILING_UNKNOWN"),
        (["ingest", "1999999011-97-00006"], 2, "1999999011-97-00006"),
        (["signals", "0000000000-24-000001"], 1, "0000000000-24-000001"),
        (["signals", "abc"], 2, "abc"),
        (["screen", "signals.no_such_signal < 1"], 2, "no_such_signal"),
        (["screen", "no_such_field = 1"], 2, "no_such_field"),
        (["screen", "form_type ="], 2, ""),
        (["company", "NOSUCH"], 1, "NOSUCH"),
    ],
)
def test_wrong_input_at_the_command_line_gets_one_line_and_changes_nothing(
    stack: WholeStack, truth: Truth, arguments: list[str], code: int, said: str
) -> None:
    ref = FilingRef(accession_number=truth.filings[0].accession_number)
    with stack.store() as store:
        before = store.get_filing(filing=ref).as_of_sequence
        done = stack.tenkay(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert store.get_filing(filing=ref).as_of_sequence == before


def test_submissions_that_are_none_fail_with_their_reason_and_store_nothing(
    stack: WholeStack, truth: Truth
) -> None:
    hostile = hostile_documents()
    cases = {
        hostile["empty"]: "SUBMISSION_EMPTY",
        hostile["white_space"]: "SUBMISSION_EMPTY",
        hostile["cut_in_the_header"]: "SUBMISSION_TRUNCATED",
        hostile["cut_in_a_fact"]: "SUBMISSION_TRUNCATED",
        hostile["binary"]: "SUBMISSION_BINARY",
        hostile["null_bytes"]: "SUBMISSION_BINARY",
        hostile["error_page"]: "SUBMISSION_MALFORMED",
    }
    cik, numbers = 1999999012, [f"1999999012-24-{count:06d}" for count in range(len(cases))]
    folder = stack.edgar / "Archives" / "edgar" / "data" / str(cik)
    folder.mkdir(parents=True)
    for number, content in zip(numbers, cases, strict=True):
        (folder / f"{number}.txt").write_bytes(content)
    some = FilingRef(accession_number=truth.filings[0].accession_number)
    with stack.store() as store:
        before = store.get_filing(filing=some).as_of_sequence
        done = stack.tenkay("ingest", *(f"{cik}:{number}" for number in numbers), "--json")
        assert done.returncode == 1, done.stderr
        items = {each["accession_number"]: each for each in map(json.loads, done.stdout.splitlines())}
        assert store.get_filing(filing=some).as_of_sequence == before
    for number, reason in zip(numbers, cases.values(), strict=True):
        item = items[number]
        assert (item["state"], item["reason"], item["sequence"]) == ("FAILED", reason, None), item
        assert item["detail"]
        asked = stack.tenkay("signals", f"{cik}:{number}")
        assert asked.returncode == 1
        assert "FILING_UNKNOWN" in asked.stderr
    assert len(items) == len(numbers)


def test_wrong_input_at_the_services_doors_gets_its_reason(stack: WholeStack) -> None:
    def reason_of(call: Callable[..., object], **arguments: object) -> Reason:
        with pytest.raises(TenkayError) as caught:
            call(**arguments)
        return caught.value.reason

    with (
        stack.query() as query,
        stack.pipeline() as jobs,
        FetcherClient(stack.endpoint("fetcher")) as fetcher,
    ):
        assert reason_of(query.list_filings, page_size=-1) is Reason.INVALID_FIELD
        assert reason_of(query.list_filings, page_token="made-up") is Reason.MALFORMED_PAGE_TOKEN
        some = FilingRef(accession_number="1111111111-24-000001")
        assert reason_of(query.get_filing, filing=some, min_sequence="x") is Reason.MALFORMED_SEQUENCE
        assert reason_of(query.screen_filings, filter="x" * 5_000_000) is Reason.MESSAGE_TOO_LARGE
        assert reason_of(jobs.submit_filings, request_id=secrets.token_hex(8)) is Reason.INVALID_FIELD
        assert reason_of(jobs.get_job, job_id="nope") is Reason.JOB_UNKNOWN
        assert reason_of(fetcher.resolve_company, ticker="NOSUCH") is Reason.COMPANY_UNKNOWN
        assert reason_of(lambda: list(fetcher.read_document(sha256="0" * 64))) is Reason.BLOB_UNKNOWN
        unknown_folder = FilingRef(accession_number="0000000001-24-000001")
        assert reason_of(fetcher.ensure_filing, filing=unknown_folder) is Reason.CIK_REQUIRED


def test_an_endpoint_without_a_server_is_an_error_that_says_so() -> None:
    with (
        FetcherClient(Endpoint("127.0.0.1:1", plaintext=True)) as fetcher,
        pytest.raises(TenkayError) as caught,
    ):
        fetcher.get_limiter_status(timeout=2)
    assert caught.value.reason is Reason.DEPENDENCY_UNAVAILABLE
