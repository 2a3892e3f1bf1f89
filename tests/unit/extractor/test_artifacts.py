"""What leaves the extractor with an extraction: its facts and texts, as bytes that their digests name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from samples import sample_filings, submission_text
from tenkay.common.v1 import date_pb2, fact_pb2
from tenkay_extractor import artifacts
from tenkay_extractor.artifacts import Artifact, ArtifactKind, artifacts_of, fact_set
from tenkay_extractor.extraction import Blob, Extraction, Question, extract
from tenkay_extractor.facts import Context, Fact, FactSet, Period
from tenkay_extractor.text import plain_text


@pytest.fixture(scope="module")
def found() -> Extraction:
    annual = [each for each in sample_filings() if each.form == "10-K"][-1]
    return extract([Blob(submission_text(annual))], question=Question(with_artifacts=True))


def test_the_facts_and_every_text_come_once_under_their_digests(found: Extraction) -> None:
    first, *texts = artifacts_of(found)
    assert all(hashlib.sha256(each.content).hexdigest() == each.sha256 for each in (first, *texts))
    assert first.kind is ArtifactKind.FACTS
    assert [each.kind for each in texts] == [ArtifactKind.TEXT] * len(texts)
    assert {each.sha256: each.content.decode() for each in texts} == {
        each.sha256: each.text for each in found.texts
    }
    twice = replace(found, texts=(*found.texts, replace(found.texts[0], document="again.htm")))
    assert artifacts_of(twice) == (first, *texts)


def test_facts_keep_all_that_was_read_of_them(found: Extraction) -> None:
    kept = fact_pb2.FactSet.FromString(artifacts_of(found)[0].content)
    assert len(kept.facts) == len(found.facts.facts) > 100
    assert list(kept.warnings) == list(found.facts.warnings)
    for message, fact in zip(kept.facts, found.facts.facts, strict=True):
        assert (message.concept, message.document, message.fact_id) == (
            fact.concept,
            fact.document,
            fact.fact_id,
        )
        assert (Decimal(message.value) if message.HasField("value") else None) == fact.value
        assert (message.text if message.HasField("text") else None) == fact.text
        assert (message.unit if message.HasField("unit") else None) == fact.unit
        assert tuple((each.axis, each.member) for each in message.dimensions) == fact.context.members
    assert {bool(each.dimensions) for each in kept.facts} == {True, False}


def test_what_a_fact_does_not_say_is_absent() -> None:
    ever = Context("c-1", "0001999000", None)
    instant = replace(ever, period=Period(None, date(2024, 6, 30)))
    year = replace(
        ever, period=Period(date(2024, 1, 1), date(2024, 12, 31)), members=(("a:Axis", "a:Member"),)
    )
    kept = fact_set(
        FactSet(
            (
                Fact("dei:Name", ever, "d.htm", text="Example"),
                Fact("a:Nil", instant, "d.htm", unit="USD", nil=True, hidden=True),
                Fact("a:Loss", year, "d.htm", "f-3", "USD/shares", Decimal("-1.50E+3"), decimals=-3),
                Fact("a:Exact", year, "", unit="shares", value=Decimal(0), infinitely_precise=True),
            ),
            ("one was left out",),
        )
    )
    name, nil, loss, exact = kept.facts
    assert not any(name.HasField(field) for field in ("start", "end", "unit", "value", "decimals"))
    assert (nil.nil, nil.hidden, nil.HasField("value"), nil.HasField("start")) == (True, True, False, False)
    assert nil.end == date_pb2.Date(year=2024, month=6, day=30)
    assert (loss.value, loss.decimals, loss.unit) == ("-1500", -3, "USD/shares")
    assert loss.start == date_pb2.Date(year=2024, month=1, day=1)
    assert (exact.value, exact.exact, exact.HasField("decimals")) == ("0", True, False)
    assert list(kept.warnings) == ["one was left out"]


def test_a_filing_without_facts_says_so_by_an_empty_artifact(found: Extraction) -> None:
    bare = artifacts_of(replace(found, facts=FactSet()))
    assert bare[0] == Artifact(ArtifactKind.FACTS, hashlib.sha256(b"").hexdigest(), b"")


def test_what_is_too_large_is_left_out(found: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_BYTES", 1000)
    monkeypatch.setattr(artifacts, "MOST_BYTES_IN_ALL", 1500)
    texts = tuple(plain_text(f"{size}", "x" * size) for size in (1001, 1000, 600, 400, 200))
    kept = artifacts_of(replace(found, facts=FactSet(), texts=texts))
    assert [len(each.content) for each in kept] == [0, 1000, 400]


def test_a_text_that_is_empty_does_not_hide_facts_that_are_none(found: Extraction) -> None:
    kept = artifacts_of(replace(found, facts=FactSet(), texts=(plain_text("empty.htm", ""),)))
    assert [each.kind for each in kept] == [ArtifactKind.FACTS, ArtifactKind.TEXT]


def test_a_result_with_artifacts_has_a_key_of_its_own(found: Extraction) -> None:
    annual = [each for each in sample_filings() if each.form == "10-K"][-1]
    without = extract([Blob(submission_text(annual))])
    assert without.result_key != found.result_key
    assert without.signals == found.signals
