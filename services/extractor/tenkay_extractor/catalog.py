"""The signal catalog: what its rows, concepts and patterns are. `catalog_tables` reads them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.expressions import Expression
from tenkay_extractor.periods import Basis
from tenkay_extractor.phrase_scan import PhraseScanner
from tenkay_extractor.phrases import SentencePattern


class CatalogError(ValueError):
    """The catalog is not well formed. The message names the row and the field."""


class Category(enum.Enum):
    FINANCIAL = "FINANCIAL"
    SENTIMENT = "SENTIMENT"
    RISK = "RISK"
    MANAGEMENT = "MANAGEMENT"


class ValueKind(enum.Enum):
    """Which kind of value a signal has."""

    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOL = "bool"
    INT64 = "int64"
    ENUM = "enum"


class Tier(enum.Enum):
    """How well founded a row is."""

    CORE = "core"
    EXTENDED = "extended"


class UnitKind(enum.Enum):
    """What a concept is measured in; money is in the filing's one reporting currency."""

    MONEY = "money"
    MONEY_PER_SHARE = "money_per_share"
    SHARES = "shares"
    PURE = "pure"


class Dated(enum.Enum):
    """On which day a balance is given."""

    AT_PERIOD_END = "period_end"
    ON_COVER = "cover"
    """The day of the cover page, after the period's end."""
    AT_SECOND_QUARTER_END = "second_quarter_end"
    """The last business day of the second fiscal quarter, as the cover page of an annual report gives the float."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element a concept may be reported under."""

    name: str
    lowers: Decimal = Decimal(0)
    expense_only: bool = False
    """A net figure: it counts only when negative, as a positive expense."""
    dated: Dated = Dated.AT_PERIOD_END


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What other figures of the filing say against a derivation."""

    when: Expression
    """They do where it holds, and do not where an operand of it is missing."""
    because: str
    """In words, for the detail of the missing concept."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a concept follows from others."""

    expression: Expression
    lowers: Decimal
    unless_from: Mapping[str, frozenset[str]]
    unless_reported: tuple[str, ...]
    when: Expression | None = None
    """A condition: the derivation counts only where it holds, and not where an operand of it is missing."""
    because: str = ""
    """What is told of a value that was derived so, in words."""
    unless: Contradiction | None = None


@dataclass(frozen=True, slots=True)
class OwnElements:
    """Elements of the filer's own that may hold a part of the concept."""

    names: re.Pattern[str]
    lowers: Decimal


@dataclass(frozen=True, slots=True)
class Concept:
    """What facts may stand for."""

    name: str
    instant: bool
    unit: UnitKind
    elements: tuple[Element, ...]
    part_of_larger: frozenset[str]
    first_for: Mapping[str, str]
    share_classes: str | None
    """"sum" or "main", for figures that may be reported by class of shares only."""
    derivations: tuple[Derivation, ...]
    own_elements: OwnElements | None
    not_zero_with: re.Pattern[str] | None
    """Names, without prefix, of elements that may be it: where one is reported, the concept is not zero for want of its
    own."""


@dataclass(frozen=True, slots=True)
class Industry:
    """A class of companies, by SIC code, else by what they report."""

    name: str
    sic: tuple[tuple[int, int], ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValidRange:
    """Where a value is plausible. Outside it is kept and marked."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None

    def holds(self, value: Decimal) -> bool:
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )


@dataclass(frozen=True, slots=True)
class Caution:
    """When a value is less sure than its parts are."""

    when: Expression
    confidence: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score."""

    name: str
    expression: Expression
    weight: Decimal = Decimal(1)
    neutral: Decimal | None = None
    """What stands in for it where it cannot be computed; None when nothing does."""
    instead: Expression | None = None
    """An approximation that stands in for it, before the neutral value does, and counts as one."""


@dataclass(frozen=True, slots=True)
class Composite:
    """constant + sum of weight x term. At least `least` terms must be computable.

    A missing term is replaced by its neutral value. One that has none makes the score missing or, where the score is
    `scaled`, is left out: the sum is then scaled up to all terms and rounded down.
    """

    constant: Decimal
    terms: tuple[Term, ...]
    least: int
    scaled: bool = False
    odds_over: Decimal | None = None
    """Of a logit model: the share of all cases that its probability is divided by, to give the score. None: the sum is
    the score."""
    is_logit: bool = False
    """The sum is that of a logit model: its probability is told in the notes."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that is looked for by its words alone, whatever is said of it."""

    name: str
    trigger: re.Pattern[str]
    """`phrase_scan` looks for it."""
    unless: re.Pattern[str] | None
    """A sentence with these words is about something else."""


@dataclass(frozen=True, slots=True)
class RowFunction:
    """A function of `signal_functions`, by name, with the arguments it is called with besides the filing."""

    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SignalDefinition:
    """One row of the catalog. One of `expression`, `composite`, `pattern` and `function` is set."""

    id: str
    category: Category
    name: str
    definition: str
    value_kind: ValueKind
    unit: str
    forms: tuple[str, ...]
    direction: str
    source: str
    missing_when: str
    tier: Tier
    expression: Expression | None
    composite: Composite | None
    function: RowFunction | None
    formula_in_words: str
    """Of a row with a function; empty for the others, whose formula follows from what they are."""
    confidence_in_words: str
    """How a function sets the confidence. Empty for rows without one, whose rule follows from what they are."""
    values: tuple[str, ...]
    """Of an enum, the names its values have; empty for others."""
    basis: Basis
    emit_if: Expression | None
    industry: tuple[str, ...]
    """The only classes of companies it is defined for; empty for all."""
    not_industry: tuple[str, ...]
    pattern: SentencePattern | None
    valid_range: ValidRange
    cautions: tuple[Caution, ...]

    @property
    def formula(self) -> str:
        """How the value is computed, for people."""
        if self.function is not None:
            return self.formula_in_words
        if self.pattern is not None:
            return f"a sentence states {self.pattern.name.replace('_', ' ')}, judged sentence by sentence"
        if self.composite is not None:
            return _sum_in_words(self.composite)
        if self.expression is None:
            raise CatalogError(f"signal {self.id} is computed from nothing")
        if all(word not in self.expression.source for word in ("ann(", "prior(", "avg(", "openb(", "delta(")):
            return self.expression.source
        flows = "fiscal year to date" if self.basis is Basis.YEAR_TO_DATE else "three months"
        return f"{self.expression.source} (10-Q: {flows})"


def _sum_in_words(composite: Composite) -> str:
    terms = [
        (f"{term.weight:f} * " if term.weight != 1 else "") + f"[{term.name}: {term.expression.source}]"
        for term in composite.terms
    ]
    total = " + ".join([f"{composite.constant:f}"] * bool(composite.constant) + terms)
    return f"1 / (1 + exp(-p)) / {composite.odds_over:f}, p = {total}" if composite.odds_over else total


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables, in the file's order."""

    version: str
    concepts: Mapping[str, Concept]
    industries: tuple[Industry, ...]
    patterns: Mapping[str, SentencePattern]
    topics: Mapping[str, Topic]
    signals: tuple[SignalDefinition, ...]
    lexicon_version: str
    """Of the word lists that texts are measured by."""
    triggers: PhraseScanner
    """Looks for the triggers of all patterns and topics, by their names."""
    price_index: Mapping[int, Decimal]
    """Prices in the United States by year, those of 1968 being 100."""
