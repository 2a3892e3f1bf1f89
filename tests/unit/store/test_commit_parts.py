"""Parts of copied commits: what is written is read back exactly, and what was changed since is not read at all."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenkay_store.backups import commit_parts
from tenkay_store.backups.commit_parts import DamagedPart, PartName, Range
from tenkay_store.domain.records import (
    Analysis,
    Artifact,
    ArtifactKind,
    CommitRecord,
    Extraction,
    Fence,
    Filing,
    MissingSignal,
    Purge,
    Section,
    Signal,
    Text,
    Value,
    ValueKind,
)

TEXTS = st.text(max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(timezones=st.just(UTC))
COUNTS = st.integers(0, 2**32 - 1)
FENCES = st.none() | st.builds(Fence, TEXTS, st.integers(1, 2**63 - 1))
FILINGS = st.builds(
    Filing,
    accession_number=TEXTS,
    cik=st.none() | COUNTS,
    form_type=TEXTS,
    company_name=TEXTS,
    filed_date=st.none() | st.dates(date(1993, 1, 1)),
    accepted_at=st.none() | MOMENTS,
    period_end=st.none() | st.dates(date(1993, 1, 1)),
    sic_code=st.none() | st.integers(0, 9999),
    items=st.lists(TEXTS, max_size=3).map(tuple),
    primary_document=TEXTS,
    source=TEXTS,
    is_amendment=st.booleans(),
)
SIGNALS = st.builds(
    Signal,
    id=TEXTS,
    category=TEXTS,
    value=st.builds(Value, st.sampled_from(ValueKind), st.none() | TEXTS, st.none() | NUMBERS),
    unit=TEXTS,
    currency=TEXTS,
    confidence=NUMBERS,
    out_of_range=st.booleans(),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    evidence=TEXTS,
)
EXTRACTIONS = st.builds(
    Extraction,
    filing=FILINGS,
    sections=st.lists(
        st.builds(Section, TEXTS, TEXTS, TEXTS, TEXTS, COUNTS, COUNTS, NUMBERS), max_size=2
    ).map(tuple),
    signals=st.lists(SIGNALS, max_size=3).map(tuple),
    missing=st.lists(st.builds(MissingSignal, TEXTS, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
    texts=st.lists(st.builds(Text, TEXTS, TEXTS, COUNTS), max_size=2).map(tuple),
    result_key=TEXTS,
    catalog_version=TEXTS,
    code_version=TEXTS,
    fact_count=COUNTS,
    artifacts=st.lists(st.builds(Artifact, st.sampled_from(ArtifactKind), TEXTS, COUNTS), max_size=2).map(
        tuple
    ),
    size_bytes=COUNTS,
)
ANALYSES = st.builds(
    Analysis,
    accession_number=TEXTS,
    result_key=TEXTS,
    extraction_key=TEXTS,
    rating=TEXTS,
    score=st.none() | NUMBERS,
    flag_ids=st.lists(TEXTS, max_size=2).map(tuple),
    rules_version=TEXTS,
    document=TEXTS,
    size_bytes=COUNTS,
)
PURGES = st.builds(
    Purge, TEXTS, TEXTS, TEXTS, st.none() | COUNTS, versions=COUNTS, last_analysis_version=COUNTS
)
RECORDS = st.builds(
    CommitRecord,
    sequence=st.integers(1, 2**63 - 1),
    version=COUNTS,
    recorded_at=MOMENTS,
    body=EXTRACTIONS | ANALYSES | PURGES,
    traceparent=TEXTS,
    fence=FENCES,
)
SOME = CommitRecord(
    3, 1, datetime(2026, 1, 1, tzinfo=UTC), Purge("0000000001-24-000001", "me", "it was asked for")
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS, max_size=2))
def test_a_part_is_read_as_it_was_written(records: list[CommitRecord]) -> None:
    name, content = commit_parts.encode(2, Range(1, 9), records)
    assert commit_parts.parse_name(str(name)) == name
    assert list(commit_parts.decode(name, 2, content)) == records


@given(st.data())
def test_a_part_with_one_changed_byte_is_refused(data: st.DataObject) -> None:
    name, content = commit_parts.encode(0, Range(0, 5), [SOME])
    changed = bytearray(content)
    place = data.draw(st.integers(0, len(content) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedPart):
        commit_parts.decode(name, 0, bytes(changed))


def test_a_part_under_another_ones_name_is_refused() -> None:
    name, content = commit_parts.encode(0, Range(0, 5), [SOME])
    for other in (Range(0, 6), Range(1, 5)):
        with pytest.raises(DamagedPart, match="of the commits 0 to 5"):
            commit_parts.decode(dataclasses.replace(name, range=other), 0, content)
    with pytest.raises(DamagedPart, match="of shard 0"):
        commit_parts.decode(name, 1, content)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "commits",
        f"{1:020}-{2:020}-{'a' * 63}.jsonl.zst",
        f"{2:020}-{2:020}-{'a' * 64}.jsonl.zst",
        f"{1:019}-{2:020}-{'a' * 64}.jsonl.zst",
        f"{1:020}-{2:020}-{'a' * 64}.jsonl.zst.part",
    ],
)
def test_other_names_are_no_parts(name: str) -> None:
    assert commit_parts.parse_name(name) is None


def test_names_sort_in_the_order_of_commits() -> None:
    names = [str(PartName(Range(after, after + 1), "0" * 64)) for after in (0, 9, 10, 10**12)]
    assert names == sorted(names)
