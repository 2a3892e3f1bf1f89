"""What a catalog row says for people beyond its own columns: what it is read from, and how sure its values are."""

from __future__ import annotations

from tenkay_extractor import concepts, flags
from tenkay_extractor.catalog import SignalDefinition
from tenkay_extractor.expressions import Expression
from tenkay_extractor.signals import OUT_OF_RANGE_CONFIDENCE


def inputs_of(row: SignalDefinition) -> tuple[str, ...]:
    """What the value is computed from: "concept revenue", "section item_9A", "item 5.02"; never empty."""
    if row.pattern is not None:
        codes = [code for each in row.pattern.home.values() for code in each]
        return tuple(f"section {code}" for code in dict.fromkeys((*codes, *row.pattern.elsewhere)))
    if row.function is not None:
        named = [f"{name} {value}" for name, value in sorted(row.function.arguments.items())]
        return tuple(named) or ("filing",)
    return tuple(
        f"concept {name}" for name in sorted({name for each in _expressions(row) for name in each.concepts})
    )


def confidence_rule(row: SignalDefinition) -> str:
    """How the confidence of a value comes about, in words."""
    if row.pattern is not None:
        return (
            f"{flags.AT_HOME} when a sentence of its own sections states it, {flags.ELSEWHERE} of another section,"
            f" {flags.WEAK_ONLY} in words that say less; {flags.NOWHERE} for not stated, {flags.NOWHERE_IN_SOME} when a"
            f" section was missing, {flags.TAKEN_BACK} when taken back; {flags.CONTRADICTED} when the section concludes"
            f" the opposite; {flags.ELEMENT_RAISES} more when its XBRL element is tagged too"
        )
    if row.function is not None:
        return row.confidence_in_words or (
            "by how surely the section, item or element it is read from was found, and by how much there is to read"
        )
    rule = (
        "1.0 for the first-choice element in a context without dimensions of the exact period; less"
        f" {concepts.FALLBACK_LOWERS} for a later element, what the concepts table says for a derivation or a part,"
        f" {concepts.ROUNDED_DUPLICATE_LOWERS} where duplicates differ within rounding, {concepts.HIDDEN_LOWERS} for a"
        f" hidden fact, {concepts.ZERO_FILL_LOWERS} when an operand not reported counts as zero,"
        f" {concepts.ANNUALISED_LOWERS} when annualised; the least of all its operands"
    )
    if row.composite is not None:
        rule += "; of a score, the mean of its terms' times the share of them that could be computed"
    for caution in row.cautions:
        rule += f"; at most {caution.confidence} when {caution.when.source}: {caution.note}"
    return f"{rule}; {concepts.LEAST_CONFIDENCE} at least, {OUT_OF_RANGE_CONFIDENCE} at most out of range"


def _expressions(row: SignalDefinition) -> list[Expression]:
    own = [row.expression, row.emit_if, *(caution.when for caution in row.cautions)]
    terms = [term.expression for term in row.composite.terms] if row.composite is not None else []
    return [each for each in own if each is not None] + terms
