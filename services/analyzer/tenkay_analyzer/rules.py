"""The scoring rules: a versioned data file (``rules.yaml``), checked as a whole before anything is analysed with it.

What is wrong with a file is told by RulesError, in one line that names the place. The version an analysis carries holds
a digest of the file's content, so that no edit goes unnoticed: results under other rules never share a key.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenkay_analyzer.expressions import Condition, ExpressionError, Kind, parse
from tenkay_analyzer.goodness import Answer, Line, Measure, Sign, is_line

TOTAL_WEIGHT = 100.0


class RulesError(ValueError):
    """The rules cannot be used; the message says where and why."""


class Dimension(StrEnum):
    """What a score is made of, in the order answers give them."""

    QUALITY = "quality"
    GROWTH = "growth"
    LEVERAGE_LIQUIDITY = "leverage_liquidity"
    EARNINGS_QUALITY = "earnings_quality"
    DISTRESS = "distress"
    TONE = "tone"
    GOVERNANCE_CONTROL = "governance_control"
    DISCLOSURE_RISK = "disclosure_risk"


class Severity(StrEnum):
    """How bad a red flag is."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    WARN = "warn"


class Rating(StrEnum):
    """The overall judgement."""

    STRONG = "strong"
    SOUND = "sound"
    MIXED = "mixed"
    WEAK = "weak"
    CRITICAL = "critical"
    NOT_RATED = "not_rated"


class Show(StrEnum):
    """How a value is put for people."""

    PERCENT = "percent"
    """A fraction, times 100."""
    TIMES = "times"
    MONTHS = "months"
    MONEY = "money"
    """With its currency."""
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Input:
    """A signal the rules read."""

    signal_id: str
    label: str
    show: Show

    @property
    def kind(self) -> Kind:
        return Kind.FLAG if self.show is Show.FLAG else Kind.NUMBER


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """How one signal counts in one dimension."""

    signal_id: str
    dimension: Dimension
    weight: float
    """Relative to the other rules of the dimension."""
    measure: Measure
    applies_if: Condition | None
    """Where this is known to be false the signal is not asked for: it then counts neither as present nor as missing."""
    source: str


@dataclass(frozen=True, slots=True)
class FlagRule:
    """When a red flag is raised."""

    flag_id: str
    severity: Severity
    cap: float | None
    when: Condition
    explanation: str
    """With the values in braces: "cash lasts {cash_runway_months}"."""
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A checked set of rules."""

    version: str
    """ "1+" and a digest of the content."""
    weights: Mapping[Dimension, float]
    """Points of 100."""
    least_coverage: float
    least_rated_weight: float
    least_flag_confidence: float
    cuts: tuple[tuple[Rating, float], ...]
    """Lowest score of each rating, best first; below the last: CRITICAL."""
    several_critical_cap: float
    inputs: Mapping[str, Input]
    scoring: tuple[ScoringRule, ...]
    flags: tuple[FlagRule, ...]
    """Worst first."""


CONTEXT_INPUTS: Mapping[str, Kind] = {"sic_code": Kind.NUMBER, "form_type": Kind.TEXT}
"""What conditions may ask of the filing itself."""


def shipped_rules() -> Rules:
    """The rules that come with the analyzer."""
    return read_rules(resources.files("tenkay_analyzer").joinpath("rules.yaml").read_text("utf-8"))


def rules_from(path: Path) -> Rules:
    """The rules of a file; RulesError when it cannot be read or used."""
    try:
        return read_rules(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"the rules file {path} cannot be read: {error}") from error


def read_rules(text: str) -> Rules:
    """The rules in `text` (YAML); RulesError when they contradict themselves."""
    try:
        content = yaml.safe_load(text)
        # By way of JSON, in which strict validation takes names for enums and lists for tuples, and nothing else.
        document = _Document.model_validate_json(json.dumps(content, default=str))
    except yaml.YAMLError as error:
        raise RulesError(f"the rules are not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RulesError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return _checked(document, f"{document.version}+{digest}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Input(_Part):
    label: str = Field(min_length=1)
    show: Show


class _Scoring(_Part):
    signal: str
    dimension: Dimension
    weight: float = Field(gt=0)
    points: list[tuple[float, float]] | None = None
    positive: float | None = Field(default=None, ge=0, le=1)
    otherwise: float | None = Field(default=None, ge=0, le=1)
    if_true: float | None = Field(default=None, ge=0, le=1)
    if_false: float | None = Field(default=None, ge=0, le=1)
    applies_if: str | None = None
    source: str = Field(min_length=1)


class _Flag(_Part):
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    severity: Severity
    cap: float | None = Field(default=None, ge=0, le=100)
    when: str
    explanation: str = Field(min_length=1)
    source: str = Field(min_length=1)


class _Document(_Part):
    version: int = Field(ge=1)
    least_coverage: float = Field(gt=0, le=1)
    least_rated_weight: float = Field(gt=0, le=TOTAL_WEIGHT)
    least_flag_confidence: float = Field(ge=0, le=1)
    several_critical_cap: float = Field(ge=0, le=100)
    cuts: dict[Rating, float]
    weights: dict[Dimension, float]
    inputs: dict[str, _Input]
    scoring: list[_Scoring]
    flags: list[_Flag]


_RATED_BY_CUTS = (Rating.STRONG, Rating.SOUND, Rating.MIXED, Rating.WEAK)
_SEVERITIES = tuple(Severity)


def _checked(document: _Document, version: str) -> Rules:
    if set(document.weights) != set(Dimension) or sum(document.weights.values()) != TOTAL_WEIGHT:
        raise RulesError(f"weights: name all dimensions, with {TOTAL_WEIGHT:g} points in all")
    if set(document.cuts) != set(_RATED_BY_CUTS):
        raise RulesError("cuts: give the lowest score of strong, sound, mixed and weak")
    cuts = tuple((rating, document.cuts[rating]) for rating in _RATED_BY_CUTS)
    if [cut for _, cut in cuts] != sorted((cut for _, cut in cuts), reverse=True):
        raise RulesError("cuts: a better rating needs a higher score")
    inputs = {name: Input(name, given.label, given.show) for name, given in document.inputs.items()}
    if shadowed := set(inputs) & set(CONTEXT_INPUTS):
        raise RulesError(f"inputs: {', '.join(sorted(shadowed))} is taken")
    kinds = {**CONTEXT_INPUTS, **{name: given.kind for name, given in inputs.items()}}
    scoring = tuple(
        _scoring_rule(given, inputs, kinds, f"scoring.{i}") for i, given in enumerate(document.scoring)
    )
    _no_repeats([f"{rule.signal_id} in {rule.dimension}" for rule in scoring], "scoring")
    flags = tuple(_flag_rule(given, inputs, kinds, f"flags.{i}") for i, given in enumerate(document.flags))
    _no_repeats([flag.flag_id for flag in flags], "flags")
    return Rules(
        version=version,
        weights={dimension: document.weights[dimension] for dimension in Dimension},
        least_coverage=document.least_coverage,
        least_rated_weight=document.least_rated_weight,
        least_flag_confidence=document.least_flag_confidence,
        cuts=cuts,
        several_critical_cap=document.several_critical_cap,
        inputs=inputs,
        scoring=scoring,
        flags=tuple(
            sorted(flags, key=lambda flag: (_SEVERITIES.index(flag.severity), flag.cap or 0.0, flag.flag_id))
        ),
    )


def _scoring_rule(
    given: _Scoring, inputs: Mapping[str, Input], kinds: Mapping[str, Kind], place: str
) -> ScoringRule:
    if given.signal not in inputs:
        raise RulesError(f"{place}: {given.signal} is not one of the inputs")
    return ScoringRule(
        signal_id=given.signal,
        dimension=given.dimension,
        weight=given.weight,
        measure=_measure(given, inputs[given.signal].kind, place),
        applies_if=None
        if given.applies_if is None
        else _condition(given.applies_if, kinds, f"{place}.applies_if"),
        source=given.source,
    )


def _measure(given: _Scoring, kind: Kind, place: str) -> Measure:
    match (given.points, given.positive, given.otherwise, given.if_true, given.if_false):
        case (list() as points, None, None, None, None) if kind is Kind.NUMBER and is_line(points):
            return Line(tuple(points))
        case (None, float() as positive, float() as otherwise, None, None) if kind is Kind.NUMBER:
            return Sign(positive, otherwise)
        case (None, None, None, float() as if_true, float() as if_false) if kind is Kind.FLAG:
            return Answer(if_true, if_false)
    raise RulesError(
        f"{place}: give a number rising `points` with goodness in 0..1, or `positive` and `otherwise`; "
        "give a flag `if_true` and `if_false`"
    )


def _flag_rule(given: _Flag, inputs: Mapping[str, Input], kinds: Mapping[str, Kind], place: str) -> FlagRule:
    if (given.cap is None) is not (given.severity is Severity.WARN):
        raise RulesError(f"{place}: critical and serious flags have a cap, those that warn have none")
    when = _condition(given.when, kinds, f"{place}.when")
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(given.explanation) if name is not None]
    except ValueError as error:
        raise RulesError(f"{place}.explanation: {error}") from error
    if unknown := [name for name in named if name not in when.names or name not in inputs]:
        raise RulesError(f"{place}.explanation: {{{unknown[0]}}} is not a signal of its condition")
    return FlagRule(given.id, given.severity, given.cap, when, given.explanation, given.source)


def _condition(text: str, kinds: Mapping[str, Kind], place: str) -> Condition:
    try:
        return parse(text, kinds)
    except ExpressionError as error:
        raise RulesError(f"{place}: {error}") from error


def _no_repeats(names: Sequence[str], place: str) -> None:
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise RulesError(f"{place}: {name} is given twice")
        seen.add(name)
