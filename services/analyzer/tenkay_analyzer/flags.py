"""Red flags: states that no good ratio makes up for. They cap the score and are never subtracted from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenkay_analyzer.dimensions import context_values
from tenkay_analyzer.readings import FilingReadings
from tenkay_analyzer.rules import Rules, Severity
from tenkay_analyzer.wording import shown


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that is raised."""

    flag_id: str
    severity: Severity
    cap: float | None
    explanation: str
    signal_ids: tuple[str, ...]
    """The signals its condition reads and the filing has, whose evidence is the flag's evidence."""


def raised_flags(filing: FilingReadings, rules: Rules) -> tuple[Flag, ...]:
    """The flags whose condition is true, worst first. One that a missing value leaves open is not raised."""
    sure = {
        name: reading
        for name, reading in filing.signals.items()
        if reading.confidence >= rules.least_flag_confidence
    }
    values = context_values(filing) | {name: reading.value for name, reading in sure.items()}
    phrases = {
        name: shown(sure[name].value, given.show, sure[name].currency)
        for name, given in rules.inputs.items()
        if name in sure
    }
    return tuple(
        Flag(
            rule.flag_id,
            rule.severity,
            rule.cap,
            rule.explanation.format_map(phrases),
            tuple(name for name in rule.when.names if name in sure),
        )
        for rule in rules.flags
        if rule.when.holds(values)
    )


def cap_of(flags: Sequence[Flag], rules: Rules) -> float | None:
    """The highest score these flags allow; None when none of them caps."""
    caps = [flag.cap for flag in flags if flag.cap is not None]
    if sum(flag.severity is Severity.CRITICAL for flag in flags) >= 2:
        caps.append(rules.several_critical_cap)
    return min(caps, default=None)
