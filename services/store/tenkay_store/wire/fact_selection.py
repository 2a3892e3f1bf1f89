"""Which of a filing's facts a caller asks for. Facts stay the messages that they are kept as, at this edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import DecodeError

from tenkay.common.v1 import fact_pb2

MOST_FACTS_A_PART = 500
MOST_BYTES_A_PART = 256 * 1024


@dataclass(frozen=True, slots=True)
class FactSelection:
    """What is asked for."""

    concepts: frozenset[str] = frozenset()
    """All when empty."""
    period_from: date | None = None
    period_to: date | None = None
    with_dimensions: bool | None = None
    """None: both."""
    offset: int = 0
    """How many of those asked for are left out at the beginning."""
    limit: int | None = None
    """Most to take. None: all."""

    def takes(self, fact: fact_pb2.Fact) -> bool:
        """Whether a fact is asked for."""
        if self.concepts and fact.concept not in self.concepts:
            return False
        if self.with_dimensions is not None and self.with_dimensions != bool(fact.dimensions):
            return False
        if self.period_from is None and self.period_to is None:
            return True
        if not fact.HasField("end"):
            return False
        end = (fact.end.year, fact.end.month, fact.end.day)
        return (self.period_from is None or _ymd(self.period_from) <= end) and (
            self.period_to is None or end <= _ymd(self.period_to)
        )


@dataclass(frozen=True, slots=True)
class SelectedFacts:
    """Facts in parts that fit into a message each."""

    parts: Sequence[Sequence[fact_pb2.Fact]]
    fact_count: int
    """All that the filing has."""
    selected_count: int
    """All that are asked for, offset and limit aside."""
    warnings: Sequence[str]


def read_facts(content: bytes) -> fact_pb2.FactSet:
    """The facts in an artifact. ValueError when it holds something else."""
    try:
        return fact_pb2.FactSet.FromString(content)
    except DecodeError:
        raise ValueError("the bytes are no serialised FactSet") from None


def select_facts(content: bytes, selection: FactSelection) -> SelectedFacts:
    """The facts of an artifact that are asked for, in its order."""
    facts = read_facts(content)
    parts: list[list[fact_pb2.Fact]] = []
    room = selected = 0
    end = None if selection.limit is None else selection.offset + selection.limit
    for fact in facts.facts:
        if not selection.takes(fact):
            continue
        selected += 1
        if selected <= selection.offset or (end is not None and selected > end):
            continue
        size = fact.ByteSize()
        if not parts or size > room or len(parts[-1]) == MOST_FACTS_A_PART:
            parts.append([])
            room = MOST_BYTES_A_PART
        parts[-1].append(fact)
        room -= size
    return SelectedFacts(parts, len(facts.facts), selected, list(facts.warnings))


def _ymd(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day
