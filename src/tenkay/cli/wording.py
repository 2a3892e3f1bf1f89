"""Values as people read them: "1,234,000,000 USD", "12.3 %", "2024-09-28", and "—" for what is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tenkay.cli.documents import enum_name
from tenkay.cli.plain_text import one_line

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from tenkay.common.v1.analysis_pb2 import Analysis
    from tenkay.common.v1.date_pb2 import Date
    from tenkay.common.v1.dispute_pb2 import Dispute
    from tenkay.common.v1.signal_pb2 import Evidence, FactEvidence, MissingSignal, Signal, SignalValue
    from tenkay.common.v1.signal_pb2 import TextEvidence as Passage
    from tenkay.common.v1.staleness_pb2 import Staleness

ABSENT = "—"

_PLAIN_UNITS = frozenset({"", "flag", "ratio", "pure", "index", "score", "category", "z-score", "grade"})
"""Units that a number speaks for itself in."""
_SMALLEST_FIXED = 0.001
_LARGEST_WITH_DECIMALS = 1000


def signal_value(value: SignalValue, unit: str, currency: str) -> str:
    """The value with its unit: money with thousands separators and its currency, shares of a whole in percent."""
    match value.WhichOneof("kind"):
        case "decimal":
            return f"{decimal_number(value.decimal)} {_money_unit(unit, currency)}".rstrip()
        case "double" if unit.partition(" ")[0] == "fraction":
            rest = unit.partition(" ")[2]
            return f"{value.double * 100:,.1f} % {rest}".rstrip()
        case "double":
            return f"{real_number(value.double)} {_spelt(unit)}".rstrip()
        case "bool":
            return "yes" if value.bool else "no"
        case "int64":
            return f"{value.int64:,} {_spelt(unit)}".rstrip()
        case "enum":
            return value.enum
        case _:
            return ABSENT


def decimal_number(text: str) -> str:
    """An exact decimal with thousands separators, every digit kept."""
    return f"{Decimal(text):,f}"


def real_number(number: float) -> str:
    """A ratio with as many digits as say something."""
    size = abs(number)
    if size >= _LARGEST_WITH_DECIMALS:
        return f"{number:,.0f}"
    if size and size < _SMALLEST_FIXED:
        return f"{number:.2e}"
    return f"{number:.3f}".rstrip("0").rstrip(".")


def day(date: Date | None) -> str:
    """A day as EDGAR prints it."""
    return ABSENT if date is None else f"{date.year:04}-{date.month:02}-{date.day:02}"


def moment(timestamp: Timestamp | None) -> str:
    """A moment in UTC to the second."""
    return ABSENT if timestamp is None else f"{timestamp.ToDatetime():%Y-%m-%d %H:%M:%S} UTC"


def words(name: str | None) -> str:
    """An enum value's name in words: "PERIOD_UNCLEAR" is "period unclear"."""
    return ABSENT if name is None else name.lower().replace("_", " ")


def rating(number: int, score: float | None) -> str:
    """The rating in words, with its score where there is one: "sound 67.4"."""
    from tenkay.common.v1.analysis_pb2 import Rating

    name = words(enum_name(Rating.DESCRIPTOR, number))
    return name if score is None else f"{name} {score:.1f}"


def analysis_rating(analysis: Analysis) -> str:
    """The analysis' rating in words, or why there is none."""
    text = rating(analysis.rating, analysis.score if analysis.HasField("score") else None)
    if analysis.not_rated_reason:
        return f"{text}: {one_line(analysis.not_rated_reason)}"
    return f"{text} (low confidence)" if analysis.low_confidence else text


def missing(signal: MissingSignal) -> str:
    """Why a signal has no value."""
    from tenkay.common.v1.signal_pb2 import MissingReason

    return f"{words(enum_name(MissingReason.DESCRIPTOR, signal.reason))}: {one_line(signal.detail)}"


def dispute(given: Dispute) -> str:
    """Who says that a value is wrong, and why."""
    from tenkay.common.v1.dispute_pb2 import DisputeReason

    reason = words(enum_name(DisputeReason.DESCRIPTOR, given.reason))
    note = f": {one_line(given.note)}" if given.note else ""
    return f"disputed by {one_line(given.said_by)} ({reason}){note}"


def stale(given: Staleness) -> str:
    """Why a result is out of date."""
    from tenkay.common.v1.staleness_pb2 import StaleReason

    reason = words(enum_name(StaleReason.DESCRIPTOR, given.reason))
    return f"{reason} ({given.earlier_filing})" if given.earlier_filing else reason


def proof(signal: Signal) -> str:
    """The first evidence of a signal in one line, and how many more there are."""
    if not signal.evidence:
        return ABSENT
    more = len(signal.evidence) - 1
    return evidence(signal.evidence[0]) + (f" (+{more} more)" if more else "")


def evidence(given: Evidence) -> str:
    """A proof in one line."""
    match given.WhichOneof("kind"):
        case "fact":
            return _fact(given.fact)
        case "text":
            return passage(given.text)
        case "search":
            return f"not found in {', '.join(given.search.sections)}"
        case _:
            return ABSENT


def passage(text: Passage) -> str:
    """A quoted passage and where it stands."""
    return f"“{one_line(text.quote)}” ({place(text)})"


def place(text: Passage) -> str:
    """Where a passage stands: its section, its document, its offsets."""
    parts = (text.section or "outside all sections", text.document, f"{text.start:,}-{text.end:,}")
    return one_line(", ".join(part for part in parts if part))


def _fact(fact: FactEvidence) -> str:
    start = f"{day(fact.start)} to " if fact.HasField("start") else ""
    end = day(fact.end) if fact.HasField("end") else ABSENT
    of_another = f", in {fact.accession_number}" if fact.HasField("accession_number") else ""
    return f"{fact.element} {decimal_number(fact.value)} {fact.unit}, {start}{end}{of_another}"


def _money_unit(unit: str, currency: str) -> str:
    if not currency:
        return _spelt(unit)
    # "USD/share" already names the currency it is in.
    return unit if unit.startswith((f"{currency}/", f"{currency} ")) else currency


def _spelt(unit: str) -> str:
    return "" if unit in _PLAIN_UNITS else unit
