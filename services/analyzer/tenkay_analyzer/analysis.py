"""Analysing a filing: one public function, pure and deterministic.

The same signals under the same rules give the same analysis, to the last bit, and the same `result_key`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from tenkay_analyzer.dimensions import DimensionResult, score_dimensions
from tenkay_analyzer.flags import Flag, cap_of, raised_flags
from tenkay_analyzer.narrative import BACKEND, narrate
from tenkay_analyzer.rating import NotRated, Overall, overall
from tenkay_analyzer.readings import FilingReadings
from tenkay_analyzer.reasons import Reason, reasons_of
from tenkay_analyzer.rules import Rules

CODE_VERSION = 1
"""To be raised with every change of arithmetic or wording here: results of other code never share a key."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """A rating with its reasons."""

    accession_number: str
    judgement: Overall | NotRated
    dimensions: tuple[DimensionResult, ...]
    flags: tuple[Flag, ...]
    reasons: tuple[Reason, ...]
    """Empty when not rated."""
    narrative: str
    backend: str
    result_key: str
    rules_version: str
    reference_id: str
    """Empty: there is no table of peers to measure against, all goodness is by anchors."""
    extraction_key: str


def analyse(filing: FilingReadings, rules: Rules) -> Analysis:
    """The analysis of one filing. TypeError when a value is of another kind than the rules expect: a bug of ours."""
    dimensions = score_dimensions(filing, rules)
    flags = raised_flags(filing, rules)
    cap = cap_of(flags, rules)
    judgement = overall(dimensions, cap, rules)
    reasons = reasons_of(dimensions, rules) if isinstance(judgement, Overall) else ()
    unrated = [result.dimension for result in dimensions if not result.is_rated]
    return Analysis(
        accession_number=filing.accession_number,
        judgement=judgement,
        dimensions=dimensions,
        flags=flags,
        reasons=reasons,
        narrative=narrate(judgement, flags, reasons, unrated, cap),
        backend=BACKEND,
        result_key=result_key(filing.accession_number, filing.extraction_key, rules.version, BACKEND),
        rules_version=rules.version,
        reference_id="",
        extraction_key=filing.extraction_key,
    )


def result_key(accession_number: str, extraction_key: str, rules_version: str, backend: str) -> str:
    """SHA-256, in hex, over all inputs of an analysis."""
    inputs = [CODE_VERSION, accession_number, extraction_key, rules_version, "", backend]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
