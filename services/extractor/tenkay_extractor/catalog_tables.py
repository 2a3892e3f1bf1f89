"""Reads the catalog's tables, the files below tables/: checks them and compiles them, once a process."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from tenkay_extractor.catalog import (
    Catalog,
    CatalogError,
    Category,
    Caution,
    Composite,
    Concept,
    Contradiction,
    Dated,
    Derivation,
    Element,
    Industry,
    OwnElements,
    RowFunction,
    SignalDefinition,
    Term,
    Tier,
    Topic,
    UnitKind,
    ValidRange,
    ValueKind,
)
from tenkay_extractor.claims import KINDS
from tenkay_extractor.expressions import compile_expression
from tenkay_extractor.filing_view import ROLES
from tenkay_extractor.lexicons import load_lexicons
from tenkay_extractor.periods import Basis
from tenkay_extractor.phrase_scan import PhraseScanner, TriggerError
from tenkay_extractor.phrases import EVERYWHERE, SentencePattern
from tenkay_extractor.signal_functions import FUNCTIONS
from tenkay_extractor.worded_expressions import WordedExpression

VERSION = "2026.4"
"""Of the tables; changes with every change of what they say."""

_TABLES = ("forms", "price_index", "concepts", "patterns", "financial", "sentiment", "risk", "management")


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
        raw["signals"] += tables.pop("signals", None) or []
        if twice := raw.keys() & tables.keys():
            raise CatalogError(f"two texts hold {', '.join(sorted(twice))}")
        raw |= tables
    names = frozenset(raw["concepts"])
    concepts = {name: _concept(name, row, names) for name, row in raw["concepts"].items()}
    patterns = {name: _pattern(name, row) for name, row in raw["patterns"].items()}
    topics = {name: _topic(name, row) for name, row in raw.get("topics", {}).items()}
    industries = tuple(
        Industry(name, tuple((low, high) for low, high in row["sic"]), tuple(row.get("facts", ())))
        for name, row in raw["industries"].items()
    )
    known = frozenset(industry.name for industry in industries)
    signals = tuple(_signal(row, names, patterns, raw["forms"], known) for row in raw["signals"])
    lexicon_version, _ = load_lexicons()
    ids = [signal.id for signal in signals]
    if len(set(ids)) != len(ids):
        raise CatalogError("a signal id stands twice")
    return Catalog(
        version,
        concepts,
        industries,
        patterns,
        topics,
        signals,
        lexicon_version,
        _scanner([*patterns.values(), *topics.values()]),
        {int(year): Decimal(str(level)) for year, level in raw.get("price_index", {}).items()},
    )


def _scanner(triggered: list[SentencePattern | Topic]) -> PhraseScanner:
    triggers = {each.name: each.trigger.pattern for each in triggered}
    if len(triggers) != len(triggered):
        raise CatalogError("a pattern or topic's name stands twice")
    try:
        return PhraseScanner(triggers)
    except TriggerError as error:
        raise CatalogError(str(error)) from error


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
            "not_zero_with",
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
        not_zero_with=re.compile(row["not_zero_with"]) if "not_zero_with" in row else None,
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
    _refuse_unknown(
        "derivation", entry, {"expr", "lowers", "unless_from", "unless_reported", "when", "because", "unless"}
    )
    unless = entry.get("unless")
    if unless is not None:
        _refuse_unknown("unless", unless, {"when", "because"})
    return Derivation(
        compile_expression(entry["expr"], names),
        Decimal(str(entry.get("lowers", _DERIVED_LOWERS))),
        {concept: frozenset(elements) for concept, elements in entry.get("unless_from", {}).items()},
        tuple(entry.get("unless_reported", ())),
        compile_expression(entry["when"], names) if "when" in entry else None,
        entry.get("because", ""),
        Contradiction(compile_expression(unless["when"], names), unless["because"]) if unless else None,
    )


_WORDS_MACRO = re.compile(r"\{words:(\d+)\}")
_WORD = (
    r"(?:(?!no\b|not\b|never\b|neither\b|nor\b|without\b|may\b|might\b|could\b|would\b|if\b|whether\b|any\b)"
    r"[\w'\",/&()$%.-]+ )"
)
"""A word that neither denies nor doubts, and the space behind it."""


def _written(expression: str) -> str:
    """An expression of a pattern, in which `{words:8}` stands for up to eight words that neither deny nor doubt.

    It is looked for in text in small letters: that takes half the time of ignoring case.
    """
    written = _WORDS_MACRO.sub(lambda macro: f"{_WORD}{{0,{macro.group(1)}}}?", expression)
    return _ESCAPE_OR_PLAIN.sub(_small, written)


_ESCAPE_OR_PLAIN = re.compile(r"\\.|[^\\]+")


def _small(piece: re.Match[str]) -> str:
    """The piece in small letters, save escapes: \\W is not \\w."""
    return piece.group() if piece.group().startswith("\\") else piece.group().lower()


_PATTERN_FIELDS = frozenset(
    {
        "trigger", "topic", "include", "weak", "dismiss", "dismiss_sentence", "keeps", "overridden_by", "home",
        "expected", "home_title", "elsewhere", "outranks", "concludes", "contradicted_by", "element",
    }
)  # fmt: skip
KEEPS_ALL = "all"
"""Under `keeps`: no claim of the pattern's is taken back by what `claims` knows."""


def _pattern(name: str, row: dict[str, Any]) -> SentencePattern:
    _refuse_unknown(f"pattern {name}", row, _PATTERN_FIELDS)

    def compiled(expressions: Iterable[str]) -> tuple[WordedExpression, ...]:
        return tuple(WordedExpression(_written(expression)) for expression in expressions)

    def by_kind(field: str) -> tuple[tuple[str, tuple[WordedExpression, ...]], ...]:
        return tuple((kind, compiled(rows)) for kind, rows in row.get(field, {}).items())

    def printed(field: str) -> re.Pattern[str] | None:
        return re.compile(row[field], re.IGNORECASE) if field in row else None

    kept = row.get("keeps", ())
    if kept != KEEPS_ALL and (unknown := set(kept) - set(KINDS)):
        raise CatalogError(f"pattern {name}: keeps {', '.join(sorted(unknown))}, which is no kind of claims")
    home = {family: tuple(codes) for family, codes in row["home"].items()}
    try:
        return SentencePattern(
            name=name,
            trigger=re.compile(row["trigger"], re.IGNORECASE),
            topic=WordedExpression(_written(row["topic"])) if "topic" in row else None,
            include=compiled(row["include"]),
            weak=compiled(row.get("weak", ())),
            dismiss=by_kind("dismiss"),
            dismiss_sentence=by_kind("dismiss_sentence"),
            claim_kinds=frozenset() if kept == KEEPS_ALL else frozenset(KINDS) - set(kept),
            overridden_by={
                kind: WordedExpression(_written(expression))
                for kind, expression in row.get("overridden_by", {}).items()
            },
            home=home,
            expected={
                family: tuple(row.get("expected", {}).get(family, () if EVERYWHERE in codes else codes))
                for family, codes in home.items()
            },
            home_titles={
                code: re.compile(title, re.IGNORECASE) for code, title in row.get("home_title", {}).items()
            },
            elsewhere=tuple(row.get("elsewhere", ())),
            outranks=row.get("outranks"),
            concludes=printed("concludes"),
            contradicted_by=printed("contradicted_by"),
            element=row.get("element"),
        )
    except re.error as error:
        raise CatalogError(f"pattern {name}: {error}: {error.pattern!r}") from error


def _topic(name: str, row: dict[str, Any]) -> Topic:
    _refuse_unknown(f"topic {name}", row, {"trigger", "unless"})
    try:
        return Topic(
            name,
            re.compile(row["trigger"], re.IGNORECASE),
            re.compile(_written(row["unless"])) if "unless" in row else None,
        )
    except re.error as error:
        raise CatalogError(f"topic {name}: {error}: {error.pattern!r}") from error


_SIGNAL_FIELDS = frozenset(
    {
        "id", "category", "name", "definition", "value", "unit", "forms", "direction", "source", "missing_when", "expr",
        "terms", "basis", "emit_if", "industry", "not_industry", "pattern", "fn", "with", "formula", "values", "tier",
        "valid_range", "cautions", "confidence",
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
    if len({"expr", "terms", "pattern", "fn"} & row.keys()) != 1:
        raise CatalogError(f"{where}: it needs one of expr, terms, pattern and fn")
    if ("fn" in row) != bool(row.get("formula")):
        raise CatalogError(f"{where}: a row with fn says its formula in words, and no other does")
    if "confidence" in row and "fn" not in row:
        raise CatalogError(f"{where}: only a row with fn says its confidence in words")
    if (row["value"] == ValueKind.ENUM.value) != bool(row.get("values")):
        raise CatalogError(f"{where}: an enum lists its values, and nothing else does")
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
        tier=Tier(row.get("tier", Tier.CORE.value)),
        expression=compile_expression(row["expr"], names) if "expr" in row else None,
        composite=_composite(where, row["terms"], names) if "terms" in row else None,
        function=_function(where, row) if "fn" in row else None,
        formula_in_words=row.get("formula", ""),
        confidence_in_words=row.get("confidence", ""),
        values=tuple(row.get("values", ())),
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


def _function(where: str, row: dict[str, Any]) -> RowFunction:
    arguments = {str(name): str(argument) for name, argument in row.get("with", {}).items()}
    function = FUNCTIONS.get(row["fn"])
    if function is None:
        raise CatalogError(f"{where}: there is no function {row['fn']}")
    if "lexicon" in arguments and arguments["lexicon"] not in load_lexicons()[1]:
        raise CatalogError(f"{where}: there is no word list {arguments['lexicon']}")
    if "section" in arguments and arguments["section"] not in ROLES:
        raise CatalogError(f"{where}: there is no section on {arguments['section']}")
    try:
        inspect.signature(function).bind(None, **arguments)
    except TypeError as error:
        raise CatalogError(f"{where}: {row['fn']}: {error}") from error
    return RowFunction(row["fn"], arguments)


def _composite(where: str, row: dict[str, Any], names: frozenset[str]) -> Composite:
    _refuse_unknown(where, row, {"constant", "least", "scaled", "each", "logit", "odds_over"})
    terms = []
    for entry in row["each"]:
        _refuse_unknown(where, entry, {"name", "expr", "weight", "neutral", "instead"})
        terms.append(
            Term(
                str(entry["name"]),
                compile_expression(entry["expr"], names),
                Decimal(str(entry.get("weight", 1))),
                Decimal(str(entry["neutral"])) if "neutral" in entry else None,
                compile_expression(entry["instead"], names) if "instead" in entry else None,
            )
        )
    if len({term.name for term in terms}) != len(terms):
        raise CatalogError(f"{where}: a term stands twice")
    if not 1 <= row["least"] <= len(terms):
        raise CatalogError(f"{where}: least is {row['least']}, of {len(terms)} terms")
    return Composite(
        Decimal(str(row.get("constant", 0))),
        tuple(terms),
        row["least"],
        bool(row.get("scaled")),
        Decimal(str(row["odds_over"])) if "odds_over" in row else None,
        bool(row.get("logit")),
    )


def _refuse_unknown(where: str, row: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := sorted(set(row) - set(known)):
        raise CatalogError(f"{where}: unknown field {', '.join(unknown)}")
