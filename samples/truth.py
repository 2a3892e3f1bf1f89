"""What must be found in the sample filings, and how it is kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

TRUTH_FILE = "truth.json"


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that evidence must quote, and the item it stands in."""

    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Expected:
    """The value of one signal, or the reason why it has none.

    Exactly one of `value` and `reason` is set. Numbers are decimal strings: amounts, per-share amounts and counts in
    full, ratios to twelve places beside their exact `fraction`.
    """

    unit: str
    value: str | bool | None = None
    fraction: tuple[int, int] | None = None
    """Numerator and denominator in lowest terms."""
    quotes: tuple[Quote, ...] = ()
    """For a flag that is true: the sentences that say so."""
    reason: str = ""

    @property
    def missing(self) -> bool:
        return self.value is None

    @property
    def exact(self) -> Fraction:
        """The number without rounding. Raises ValueError for a flag and for a missing value."""
        if self.fraction is not None:
            return Fraction(*self.fraction)
        if not isinstance(self.value, str):
            raise ValueError("only a number has an exact value")
        return Fraction(self.value)


@dataclass(frozen=True, slots=True)
class FilingTruth:
    accession_number: str
    cik: int
    ticker: str
    company_name: str
    """As in the filing's header."""
    form: str
    filed_on: date
    accepted_at: datetime
    """UTC, as the listing gives it. Without a time in the header: midnight in New York of the filing day."""
    acceptance_in_header: bool
    report_date: date
    """The period of the header and the listing."""
    period_end: date
    """The day on which the facts end: differs from `report_date` where the cover prints a month's end instead."""
    fiscal_year: int | None
    fiscal_period: str
    """FY, Q1, Q2, Q3, or empty."""
    primary_document: str
    document_types: tuple[str, ...]
    items: tuple[str, ...]
    sections: tuple[str, ...]
    """Codes of all items in order."""
    has_audit_report: bool
    amends: str
    signals: Mapping[str, Expected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompanyTruth:
    cik: int
    ticker: str
    name: str
    sic: str
    fiscal_year_end: str


@dataclass(frozen=True, slots=True)
class Truth:
    companies: tuple[CompanyTruth, ...]
    filings: tuple[FilingTruth, ...]

    def filing(self, accession_number: str) -> FilingTruth:
        """Raises KeyError for an accession number that is no sample."""
        for filing in self.filings:
            if filing.accession_number == accession_number:
                return filing
        raise KeyError(accession_number)


def truth_bytes(truth: Truth) -> bytes:
    """JSON, the same bytes for the same truth."""
    document = {
        "companies": [asdict(company) for company in truth.companies],
        "filings": [_filing_out(filing) for filing in truth.filings],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def load_truth(directory: Path) -> Truth:
    """Read what `generate` wrote into `directory`. Raises FileNotFoundError when there is nothing."""
    document = json.loads((directory / TRUTH_FILE).read_text(encoding="utf-8"))
    return Truth(
        tuple(CompanyTruth(**company) for company in document["companies"]),
        tuple(_filing_in(filing) for filing in document["filings"]),
    )


def _filing_out(filing: FilingTruth) -> dict[str, Any]:
    out = asdict(filing)
    for name in ("filed_on", "accepted_at", "report_date", "period_end"):
        out[name] = out[name].isoformat()
    out["signals"] = {signal: _expected_out(expected) for signal, expected in filing.signals.items()}
    return out


def _expected_out(expected: Expected) -> dict[str, Any]:
    if expected.missing:
        return {"missing": True, "reason": expected.reason, "unit": expected.unit}
    out: dict[str, Any] = {"value": expected.value, "unit": expected.unit}
    if expected.fraction:
        out["fraction"] = list(expected.fraction)
    if expected.quotes:
        out["quotes"] = [asdict(quote) for quote in expected.quotes]
    return out


def _filing_in(filing: dict[str, Any]) -> FilingTruth:
    signals = {signal: _expected_in(expected) for signal, expected in filing["signals"].items()}
    return FilingTruth(
        **{
            **filing,
            "filed_on": date.fromisoformat(filing["filed_on"]),
            "accepted_at": datetime.fromisoformat(filing["accepted_at"]),
            "report_date": date.fromisoformat(filing["report_date"]),
            "period_end": date.fromisoformat(filing["period_end"]),
            "document_types": tuple(filing["document_types"]),
            "items": tuple(filing["items"]),
            "sections": tuple(filing["sections"]),
            "signals": signals,
        }
    )


def _expected_in(expected: dict[str, Any]) -> Expected:
    if expected.get("missing"):
        return Expected(unit=expected["unit"], reason=expected["reason"])
    fraction = expected.get("fraction")
    return Expected(
        unit=expected["unit"],
        value=expected["value"],
        fraction=(fraction[0], fraction[1]) if fraction else None,
        quotes=tuple(Quote(**quote) for quote in expected.get("quotes", ())),
    )
