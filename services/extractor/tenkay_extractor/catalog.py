"""The signal catalog: reads the files below tables/, checks them and compiles them, once a process."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from tenkay_extractor.expressions import Expression, compile_expression
from tenkay_extractor.periods import Basis
from tenkay_extractor.phrases import SentencePattern

VERSION = "2026.2"
"""Of the tables; changes with every change of what they say."""


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
class Derivation:
    """How a concept follows from others."""

    expression: Expression
    lowers: Decimal
    unless_from: Mapping[str, frozenset[str]]
    unless_reported: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class SignalDefinition:
    """One row of the catalog. One of `expression`, `composite` and `pattern` is set."""

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
    expression: Expression | None
    composite: Composite | None
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
    return " + ".join([f"{composite.constant:f}"] * bool(composite.constant) + terms)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables, in the file's order."""

    version: str
    concepts: Mapping[str, Concept]
    industries: tuple[Industry, ...]
    signals: tuple[SignalDefinition, ...]


_TABLES = ("forms", "concepts", "patterns", "financial", "risk", "management")


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The catalog that ships with this code."""
    folder = resources.files("tenkay_extractor").joinpath("tables")
    return parse_catalog(VERSION, (folder.joinpath(f"{name}.yaml").read_text("utf-8") for name in _TABLES))


def parse_catalog(version: str, texts: Iterable[str]) -> Catalog:
    """Reads a catalog of one or more YAML texts; lists of signals are put one after the other.

    Raises CatalogError, or ExpressionError for an expression that does not compile.
    """
    raw: dict[str, Any] = {"signals": []}
    for text in texts:
        tables = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
        raw["signals"] += tables.pop("signals", [])
        if twice := raw.keys() & tables.keys():
            raise CatalogError(f"two texts hold {', '.join(sorted(twice))}")
        raw |= tables
    names = frozenset(raw["concepts"])
    concepts = {name: _concept(name, row, names) for name, row in raw["concepts"].items()}
    patterns = {name: _pattern(name, row) for name, row in raw["patterns"].items()}
    industries = tuple(
        Industry(name, tuple((low, high) for low, high in row["sic"]), tuple(row.get("facts", ())))
        for name, row in raw["industries"].items()
    )
    known = frozenset(industry.name for industry in industries)
    signals = tuple(_signal(row, names, patterns, raw["forms"], known) for row in raw["signals"])
    ids = [signal.id for signal in signals]
    if len(set(ids)) != len(ids):
        raise CatalogError("a signal id stands twice")
    return Catalog(version, concepts, industries, signals)


def _concept(name: str, row: dict[str, Any], names: frozenset[str]) -> Concept:
    _refuse_unknown(
        f"concept {name}",
        row,
        {
            "period",
            "unit",
            "elements",
            "part_of_larger",
            "first_for",
            "share_classes",
            "derive",
            "own_elements",
        },
    )
    if row["period"] not in ("duration", "instant"):
        raise CatalogError(f"concept {name}: period is {row['period']!r}, not duration or instant")
    elements = tuple(_element(name, entry) for entry in row["elements"])
    if len({element.name for element in elements}) != len(elements):
        raise CatalogError(f"concept {name}: an element stands twice")
    own = row.get("own_elements")
    return Concept(
        name=name,
        instant=row["period"] == "instant",
        unit=UnitKind(row["unit"]),
        elements=elements,
        part_of_larger=frozenset(row.get("part_of_larger", ())),
        first_for=dict(row.get("first_for", {})),
        share_classes=row.get("share_classes"),
        derivations=tuple(_derivation(entry, names) for entry in row.get("derive", ())),
        own_elements=OwnElements(re.compile(own["names"]), Decimal(str(own["lowers"]))) if own else None,
    )


def _element(concept: str, entry: str | dict[str, Any]) -> Element:
    if isinstance(entry, str):
        return Element(entry)
    _refuse_unknown(f"concept {concept}", entry, {"element", "lowers", "take", "at"})
    return Element(
        entry["element"],
        lowers=Decimal(str(entry.get("lowers", 0))),
        expense_only=entry.get("take") == "expense",
        dated=Dated(entry.get("at", "period_end")),
    )


_DERIVED_LOWERS = "0.1"


def _derivation(entry: dict[str, Any], names: frozenset[str]) -> Derivation:
    _refuse_unknown("derivation", entry, {"expr", "lowers", "unless_from", "unless_reported"})
    return Derivation(
        compile_expression(entry["expr"], names),
        Decimal(str(entry.get("lowers", _DERIVED_LOWERS))),
        {concept: frozenset(elements) for concept, elements in entry.get("unless_from", {}).items()},
        tuple(entry.get("unless_reported", ())),
    )


def _pattern(name: str, row: dict[str, Any]) -> SentencePattern:
    def compiled(expressions: Iterable[str]) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(expression, re.IGNORECASE) for expression in expressions)

    try:
        return SentencePattern(
            name=name,
            trigger=re.compile(row["trigger"], re.IGNORECASE),
            topic=re.compile(row["topic"], re.IGNORECASE),
            include=compiled(row["include"]),
            weak=compiled(row.get("weak", ())),
            dismiss=tuple((kind, compiled(rows)) for kind, rows in row["dismiss"].items()),
            dismiss_sentence=tuple((kind, compiled(rows)) for kind, rows in row["dismiss_sentence"].items()),
            overridden_by={
                kind: re.compile(expression, re.IGNORECASE)
                for kind, expression in row.get("overridden_by", {}).items()
            },
            home={family: tuple(codes) for family, codes in row["home"].items()},
            expected={family: tuple(codes) for family, codes in row["expected"].items()},
            home_titles={
                code: re.compile(title, re.IGNORECASE) for code, title in row.get("home_title", {}).items()
            },
            elsewhere=tuple(row.get("elsewhere", ())),
            outranks=row.get("outranks"),
            concludes=re.compile(row["concludes"], re.IGNORECASE) if "concludes" in row else None,
            contradicted_by=(
                re.compile(row["contradicted_by"], re.IGNORECASE) if "contradicted_by" in row else None
            ),
            element=row.get("element"),
        )
    except re.error as error:
        raise CatalogError(f"pattern {name}: {error}: {error.pattern!r}") from error


_SIGNAL_FIELDS = frozenset(
    {
        "id", "category", "name", "definition", "value", "unit", "forms", "direction", "source", "missing_when", "expr",
        "terms", "basis", "emit_if", "industry", "not_industry", "pattern", "valid_range", "cautions",
    }
)  # fmt: skip
_SIGNAL_REQUIRED = (
    "id", "category", "name", "definition", "value", "unit", "forms", "direction", "source", "missing_when",
)  # fmt: skip


def _signal(
    row: dict[str, Any],
    names: frozenset[str],
    patterns: Mapping[str, SentencePattern],
    forms: Mapping[str, list[str]],
    industries: frozenset[str],
) -> SignalDefinition:
    where = f"signal {row.get('id', '?')}"
    _refuse_unknown(where, row, _SIGNAL_FIELDS)
    for required in _SIGNAL_REQUIRED:
        if not row.get(required):
            raise CatalogError(f"{where}: {required} is missing")
    if len({"expr", "terms", "pattern"} & row.keys()) != 1:
        raise CatalogError(f"{where}: it needs one of expr, terms and pattern")
    if unknown := {*row.get("industry", ()), *row.get("not_industry", ())} - industries:
        raise CatalogError(f"{where}: no such industry: {', '.join(sorted(unknown))}")
    limits = row.get("valid_range", {})
    _refuse_unknown(where, limits, {"min", "max", "above"})
    return SignalDefinition(
        id=row["id"],
        category=Category(row["category"]),
        name=row["name"],
        definition=row["definition"],
        value_kind=ValueKind(row["value"]),
        unit=row["unit"],
        forms=tuple(forms[row["forms"]]),
        direction=row["direction"],
        source=row["source"],
        missing_when=row["missing_when"],
        expression=compile_expression(row["expr"], names) if "expr" in row else None,
        composite=_composite(where, row["terms"], names) if "terms" in row else None,
        basis=Basis(row.get("basis", "q")),
        emit_if=compile_expression(row["emit_if"], names) if "emit_if" in row else None,
        industry=tuple(row.get("industry", ())),
        not_industry=tuple(row.get("not_industry", ())),
        pattern=patterns[row["pattern"]] if "pattern" in row else None,
        valid_range=ValidRange(
            *(Decimal(str(limits[key])) if key in limits else None for key in ("min", "max", "above"))
        ),
        cautions=tuple(
            Caution(
                compile_expression(entry["when"], names),
                Decimal(str(entry["confidence"])),
                str(entry["note"]),
            )
            for entry in row.get("cautions", ())
        ),
    )


def _composite(where: str, row: dict[str, Any], names: frozenset[str]) -> Composite:
    _refuse_unknown(where, row, {"constant", "least", "scaled", "each"})
    terms = []
    for entry in row["each"]:
        _refuse_unknown(where, entry, {"name", "expr", "weight", "neutral"})
        terms.append(
            Term(
                str(entry["name"]),
                compile_expression(entry["expr"], names),
                Decimal(str(entry.get("weight", 1))),
                Decimal(str(entry["neutral"])) if "neutral" in entry else None,
            )
        )
    if len({term.name for term in terms}) != len(terms):
        raise CatalogError(f"{where}: a term stands twice")
    if not 1 <= row["least"] <= len(terms):
        raise CatalogError(f"{where}: least is {row['least']}, of {len(terms)} terms")
    return Composite(
        Decimal(str(row.get("constant", 0))), tuple(terms), row["least"], bool(row.get("scaled"))
    )


def _refuse_unknown(where: str, row: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := sorted(set(row) - set(known)):
        raise CatalogError(f"{where}: unknown field {', '.join(unknown)}")
