"""XBRL facts as a filing reports them, and the one value that several reports of the same thing stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from tenkay_extractor.number_formats import EXACT

STANDARD_PREFIXES = frozenset(
    {
        "us-gaap", "dei", "srt", "ecd", "cyd", "ifrs-full", "country", "currency", "exch", "invest", "naics", "sic",
        "stpr",
    }
)  # fmt: skip
"""Prefixes of the taxonomies that EDGAR takes; elements with another are the filer's own."""


@dataclass(frozen=True, slots=True)
class Period:
    """A duration from `start` to `end`, both days included, or the instant `end` when `start` is None."""

    start: date | None
    end: date

    @property
    def is_instant(self) -> bool:
        return self.start is None

    @property
    def days(self) -> int:
        """Length in days, both ends counted; 0 for an instant."""
        return 0 if self.start is None else (self.end - self.start).days + 1

    def __str__(self) -> str:
        return (
            self.end.isoformat()
            if self.start is None
            else f"{self.start.isoformat()} to {self.end.isoformat()}"
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a fact is about: the entity, the period (None: for ever) and the dimensions."""

    id: str
    entity: str
    period: Period | None
    members: tuple[tuple[str, str], ...] = ()
    """(axis, member) pairs, sorted; a typed member's text stands in the member's place."""


@dataclass(frozen=True, slots=True, init=False)
class Fact:
    """One fact. A numeric fact has a unit; its value is None when it is tagged nil or cannot be read."""

    concept: str
    """The element with its standard prefix: "us-gaap:Revenues"."""
    context: Context
    document: str
    fact_id: str
    unit: str | None
    """"USD", "shares", "USD/shares"; None for facts that are not numbers."""
    value: Decimal | None
    text: str | None
    """What a fact that is no number stands for: text with white space folded, a date as "2024-09-28", "true" or
    "false", the code of an exchange or a state. None for text blocks, which are long."""
    decimals: int | None
    """Decimal places the value is right to; None when tagged INF or not tagged."""
    infinitely_precise: bool
    nil: bool
    hidden: bool
    """Inside ix:hidden: not shown on any page."""

    def __init__(
        self,
        concept: str,
        context: Context,
        document: str,
        fact_id: str = "",
        unit: str | None = None,
        value: Decimal | None = None,
        text: str | None = None,
        decimals: int | None = None,
        infinitely_precise: bool = False,
        nil: bool = False,
        hidden: bool = False,
    ) -> None:
        # A filing has thousands of facts; a frozen dataclass' own __init__ takes twice as long.
        _set_concept(self, concept)
        _set_context(self, context)
        _set_document(self, document)
        _set_fact_id(self, fact_id)
        _set_unit(self, unit)
        _set_value(self, value)
        _set_text(self, text)
        _set_decimals(self, decimals)
        _set_infinitely_precise(self, infinitely_precise)
        _set_nil(self, nil)
        _set_hidden(self, hidden)

    @property
    def is_numeric(self) -> bool:
        return self.unit is not None


(
    _set_concept,
    _set_context,
    _set_document,
    _set_fact_id,
    _set_unit,
    _set_value,
    _set_text,
    _set_decimals,
    _set_infinitely_precise,
    _set_nil,
    _set_hidden,
) = (Fact.__dict__[field.name].__set__ for field in fields(Fact))


@dataclass(frozen=True, slots=True)
class FactSet:
    """All facts of a filing, and what could not be read."""

    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


class Warnings:
    """What could not be read: the first of them in words, the others counted."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._count = 0

    def left_out(self, document: str, element: str, fact_id: str, context_id: str, reason: str) -> None:
        """A fact that was left out."""
        self._count += 1
        if len(self._told) < MAXIMUM_WARNINGS:
            name = f"{fact_id} ({element})" if fact_id else element
            self._told.append(f"{document}: fact {name} in context {context_id} left out: {reason}"[:500])

    def all(self) -> tuple[str, ...]:
        """In the order they came."""
        more = self._count - len(self._told)
        return (*self._told, f"{more} more facts left out") if more else tuple(self._told)


MAXIMUM_WARNINGS = 50


@dataclass(frozen=True, slots=True)
class Agreement:
    """The most precise of several reports of one thing, and how well they agree."""

    fact: Fact
    rounded_differently: bool
    """Some reports differ, by rounding only."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Reports of one thing that differ by more than rounding."""

    facts: tuple[Fact, ...]


_NO_MEMBERS: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class FactIndex:
    """Numeric facts by element, members, period and unit."""

    _facts: dict[str, dict[tuple[tuple[tuple[str, str], ...], Period, str], list[Fact]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> FactIndex:
        index = cls()
        for fact in facts:
            period = fact.context.period
            if fact.value is None or fact.unit is None or period is None:
                continue
            key = (fact.context.members, period, fact.unit)
            index._facts.setdefault(fact.concept, {}).setdefault(key, []).append(fact)
        return index

    def has(self, concept: str) -> bool:
        """True when the element is reported at all, with or without dimensions."""
        return concept in self._facts

    def consolidated(self, concept: str) -> Iterator[tuple[Period, str]]:
        """(period, unit) of the element's facts without dimensions, in document order."""
        for members, period, unit in self._facts.get(concept, ()):
            if not members:
                yield period, unit

    def reported(self, concept: str, period: Period, unit: str) -> Agreement | Conflict | None:
        """The element's value for the whole entity; None when it is not reported."""
        return self._agree(concept, (_NO_MEMBERS, period, unit))

    def by_member(
        self, concept: str, axis: str, period: Period, unit: str
    ) -> dict[str, Agreement | Conflict]:
        """The element's values by member of the axis, for contexts with this axis only."""
        found: dict[str, Agreement | Conflict] = {}
        for members, of_period, of_unit in self._facts.get(concept, ()):
            if len(members) == 1 and members[0][0] == axis and of_period == period and of_unit == unit:
                agreement = self._agree(concept, (members, period, unit))
                if agreement is not None:
                    found[members[0][1]] = agreement
        return found

    def axes_of_parts(self, concept: str, period: Period, unit: str) -> tuple[frozenset[str], ...]:
        """The axes of each context that reports the element; empty when it is reported for the whole, or not at all."""
        keys = self._facts.get(concept, {})
        if (_NO_MEMBERS, period, unit) in keys:
            return ()
        return tuple(
            frozenset(axis for axis, _ in members)
            for members, of_period, of_unit in keys
            if of_period == period and of_unit == unit
        )

    def by_members(
        self, concept: str, period: Period, unit: str
    ) -> dict[tuple[tuple[str, str], ...], Agreement | Conflict]:
        """The element's values by members, for contexts with any dimensions."""
        found: dict[tuple[tuple[str, str], ...], Agreement | Conflict] = {}
        for members, of_period, of_unit in self._facts.get(concept, ()):
            if members and of_period == period and of_unit == unit:
                agreement = self._agree(concept, (members, period, unit))
                if agreement is not None:
                    found[members] = agreement
        return found

    def periods_by_axis(self, concept: str, axis: str) -> Iterator[tuple[Period, str]]:
        """(period, unit) of the element's facts that have this axis only."""
        for members, period, unit in self._facts.get(concept, ()):
            if len(members) == 1 and members[0][0] == axis:
                yield period, unit

    def concepts(self) -> Iterator[str]:
        """All elements with a number, in document order."""
        yield from self._facts

    def conflicts(self) -> tuple[str, ...]:
        """In words: each thing whose reports differ by more than rounding, with its element and contexts."""
        told: list[str] = []
        for concept, by_key in self._facts.items():
            for (members, period, unit), reports in by_key.items():
                if len(reports) > 1 and any(other.value != reports[0].value for other in reports):
                    found = agree(reports)
                    if isinstance(found, Conflict):
                        told.append(_told(concept, members, period, unit, found))
        more = len(told) - MAXIMUM_WARNINGS
        return (*told[:MAXIMUM_WARNINGS], f"{more} more conflicts") if more > 0 else tuple(told)

    def _agree(
        self, concept: str, key: tuple[tuple[tuple[str, str], ...], Period, str]
    ) -> Agreement | Conflict | None:
        reports = self._facts.get(concept, {}).get(key)
        return agree(reports) if reports else None


def _told(
    concept: str, members: tuple[tuple[str, str], ...], period: Period, unit: str, conflict: Conflict
) -> str:
    about = "".join(f", {member}" for _, member in members)
    values = ", ".join(
        f"{fact.value:f} ({fact.document}, context {fact.context.id})"
        for fact in conflict.facts[:_MOST_VALUES]
    )
    return f"{concept}, {period}{about}, {unit}: conflicting reports: {values}"[:500]


_MOST_VALUES = 4


def agree(reports: list[Fact]) -> Agreement | Conflict:
    """Picks the most precise of the reports of one thing, in document order on a tie.

    Two reports agree when they differ by at most half a unit of the coarser one's last place (XBRL 2.1 section 4.6.6
    and the duplicate-fact guidance of XBRL International).
    """
    best = max(reports, key=_precision)  # the first of equals
    if len(reports) == 1:
        return Agreement(best, rounded_differently=False)
    differ = False
    for other in reports:
        if other.value == best.value:
            continue
        if other.decimals is None or other.value is None or best.value is None:
            return Conflict(tuple(reports))
        half_unit = EXACT.scaleb(Decimal(5), -other.decimals - 1)
        if abs(EXACT.subtract(best.value, other.value)) > half_unit:
            return Conflict(tuple(reports))
        differ = True
    return Agreement(best, rounded_differently=differ)


def _precision(fact: Fact) -> int:
    if fact.infinitely_precise:
        return 1_000
    return -1_000 if fact.decimals is None else fact.decimals
