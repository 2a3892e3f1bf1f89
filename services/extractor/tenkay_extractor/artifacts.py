"""What an extraction comes with besides itself, as bytes: its facts, and the texts that its offsets refer to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tenkay.common.v1 import fact_pb2
from tenkay.days import day_message
from tenkay_extractor.extraction import Extraction
from tenkay_extractor.facts import Fact, FactSet
from tenkay_extractor.plain_decimals import plain

MOST_BYTES = 32 * 1024 * 1024
"""Largest artifact, which is what the store takes. The longest texts of recorded filings have less than half of it."""
MOST_BYTES_IN_ALL = 48 * 1024 * 1024


class ArtifactKind(StrEnum):
    """What an artifact holds."""

    TEXT = "TEXT"
    FACTS = "FACTS"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Bytes and their digest."""

    kind: ArtifactKind
    sha256: str
    content: bytes


def artifacts_of(found: Extraction) -> tuple[Artifact, ...]:
    """The facts, then each text once. One that is too large is left out, and so is what no longer fits into all."""
    taken: dict[tuple[ArtifactKind, str], Artifact] = {}
    room = MOST_BYTES_IN_ALL
    for artifact in _all(found):
        size, key = len(artifact.content), (artifact.kind, artifact.sha256)
        if size <= min(MOST_BYTES, room) and key not in taken:
            taken[key] = artifact
            room -= size
    return tuple(taken.values())


def fact_set(facts: FactSet) -> fact_pb2.FactSet:
    """Facts as the API spells them."""
    return fact_pb2.FactSet(facts=[_fact(each) for each in facts.facts], warnings=facts.warnings)


def _all(found: Extraction) -> Iterator[Artifact]:
    content = fact_set(found.facts).SerializeToString()
    yield Artifact(ArtifactKind.FACTS, hashlib.sha256(content).hexdigest(), content)
    for text in found.texts:
        # As its digest was taken.
        yield Artifact(ArtifactKind.TEXT, text.sha256, text.text.encode("utf-8", "replace"))


def _fact(fact: Fact) -> fact_pb2.Fact:
    context = fact.context
    period = context.period
    return fact_pb2.Fact(
        concept=fact.concept,
        start=day_message(period.start if period else None),
        end=day_message(period.end if period else None),
        dimensions=[fact_pb2.FactDimension(axis=axis, member=member) for axis, member in context.members],
        unit=fact.unit,
        value=None if fact.value is None else plain(fact.value),
        text=fact.text,
        decimals=fact.decimals,
        exact=fact.infinitely_precise,
        nil=fact.nil,
        hidden=fact.hidden,
        document=fact.document,
        fact_id=fact.fact_id,
        context_id=context.id,
        entity=context.entity,
    )
