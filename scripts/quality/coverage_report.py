"""Count the financial signals that recorded XBRL filings give, check why the others are missing, write the report.

    python scripts/quality/coverage_report.py [--check]

Every recorded 10-K, 10-Q and 20-F with XBRL is extracted. A signal that is missing is looked for a second time in the
document itself, by `tagged_statements.py`, which shares no code with the extractor's readers: its reason is confirmed
when the value cannot be had there either, and no other element comes near. Writes docs/extraction/coverage.md;
`--check` writes nothing and ends with 1 when the report is another or a bar is not met.
"""

from __future__ import annotations

import collections
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.quality.report_command import Report, run
from scripts.quality.tagged_statements import AbsentError, Statements
from scripts.recorded_documents import ROOT, RecordedDocument, recorded_documents
from tenkay_extractor.catalog import Category, SignalDefinition, Tier
from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.expressions import UndefinedResultError, ZeroDenominatorError
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.identity import Listing
from tenkay_extractor.missing import MissingReason, MissingSignal

REPORT = ROOT / "docs" / "extraction" / "coverage.md"
FORMS = ("10-K", "10-Q", "20-F", "40-F")
KINDS = ("full_submission", "primary_doc", "xbrl_instance", "exhibit")
BAR = Decimal("0.97")
"""Of the core financial signals that are defined for the form: present, or missing for a confirmed reason."""
SIGNIFICANT_DIGITS = 7
MOST_COMPANIES = 3
"""An amount of so many digits may be that of so many companies, by chance."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A filing of the folder."""

    accession_number: str
    cik: int
    company: str
    form: str
    sic: int | None
    documents: tuple[RecordedDocument, ...]

    def blobs(self) -> list[Blob]:
        """Its documents, the primary one first."""
        return [Blob(document.read(), document.name) for document in self.documents]


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing core signal, and what a second look says."""

    filing: Recorded
    annual: bool
    signal_id: str
    reason: MissingReason
    detail: str
    confirmed: bool
    look: str


@dataclass(slots=True)
class Counts:
    """What was found over all filings."""

    filings: collections.Counter[bool]
    present: collections.Counter[tuple[bool, str]]
    gaps: list[Gap]
    amounts: dict[str, dict[int, str]]
    """Amount with enough digits: companies by CIK."""


def make(folder: Path) -> Report:
    """The report on the folder."""
    return report(count(list(recorded_filings(folder))))


def recorded_filings(folder: Path) -> Iterator[Recorded]:
    """Every periodic report of the folder with XBRL, in the order of CIK and accession number."""
    found: dict[tuple[int, str], list[RecordedDocument]] = collections.defaultdict(list)
    for document in recorded_documents(folder, KINDS):
        if document.accession_number and document.cik is not None:
            found[document.cik, document.accession_number].append(document)
    for (cik, accession_number), documents in sorted(found.items()):
        forms = [document.form for document in documents if document.form.startswith(FORMS)]
        if forms and any("inline-xbrl" in each.traits or each.kind == "xbrl_instance" for each in documents):
            documents.sort(key=lambda each: KINDS.index(each.kind))
            sics = [each.sic for each in documents if each.sic is not None]
            yield Recorded(
                accession_number=accession_number,
                cik=cik,
                company=documents[0].company or str(cik),
                form=forms[0],
                sic=sics[0] if sics else None,
                documents=tuple(documents[:1] if documents[0].kind == KINDS[0] else documents),
            )


def count(filings: Sequence[Recorded]) -> Counts:
    """Extracts every filing and looks every gap up again."""
    catalog = load_catalog()
    rows = {
        row.id: row for row in catalog.signals if row.category is Category.FINANCIAL and row.tier is Tier.CORE
    }
    counts = Counts(collections.Counter(), collections.Counter(), [], collections.defaultdict(dict))
    for filing in filings:
        blobs = filing.blobs()
        listing = Listing(
            accession_number=filing.accession_number,
            cik=filing.cik,
            form_type=filing.form,
            company_name=filing.company,
        )
        found = extract(blobs, listing, refuse_another_filing=False)
        annual = not found.filing.form_type.startswith("10-Q")
        counts.filings[annual] += 1
        statements = Statements.read(catalog, (blob.content for blob in blobs), annual=annual)
        for signal in found.signals:
            if signal.id in rows:
                counts.present[annual, signal.id] += 1
        for gap in found.missing:
            if gap.id in rows and gap.reason is not MissingReason.FORM_NOT_APPLICABLE:
                confirmed, look = second_look(rows[gap.id], gap, statements, filing)
                counts.gaps.append(Gap(filing, annual, gap.id, gap.reason, gap.detail, confirmed, look))
        _count_amounts(counts, filing, found)
    return counts


# The second look


def second_look(
    row: SignalDefinition, gap: MissingSignal, statements: Statements | None, filing: Recorded
) -> tuple[bool, str]:
    """Whether the reason holds in the document itself, and what is seen there."""
    if "whose statements have another form" in gap.detail or "only defined for a company" in gap.detail:
        told = re.search(r"for an? (\w+)|of the class ([\w, ]+)", gap.detail)
        classes = (told.group(1) or told.group(2)).split(", ") if told else []
        inside = any(
            filing.sic is not None and low <= filing.sic <= high
            for industry in load_catalog().industries
            if industry.name in classes
            for low, high in industry.sic
        )
        excluded = "whose statements" in gap.detail
        return inside == excluded, f"SIC {filing.sic}"
    if statements is None:
        return gap.reason is MissingReason.NO_FACTS, "the document tags no numbers"
    if row.function is not None:
        return _look_at_function(gap, statements)
    refused = re.search(
        r"([\w-]+:\w+) (?:may be it|is reported for parts|covers a part|is a cost beside)", gap.detail
    )
    try:
        if row.emit_if is not None and not statements.evaluate(row.emit_if, row.basis):
            return gap.reason is MissingReason.CONDITION_NOT_MET, f"{row.emit_if.source} is false"
        if row.composite is not None:
            return _look_at_terms(row, statements)
        if row.expression is not None:
            value = statements.evaluate(row.expression, row.basis)
            if refused and refused.group(1) in statements.tags:
                return True, f"{refused.group(1)} is tagged beside it"
            return False, f"it can be had: {value}"
    except AbsentError as error:
        return error.look != "TAGGED" and not error.look.startswith(
            "NEAR"
        ), f"{error.concept.replace('_', ' ')}: {error.look}"
    except (ZeroDenominatorError, UndefinedResultError):
        return gap.reason in (
            MissingReason.ZERO_DENOMINATOR,
            MissingReason.NOT_COMPUTABLE,
        ), "division by zero"
    return False, "nothing to look for"


def _look_at_function(gap: MissingSignal, statements: Statements) -> tuple[bool, str]:
    if gap.reason is MissingReason.PRIOR_FILING_NOT_GIVEN:
        return True, "the filing alone was read, without that of a year earlier"
    return False, f"{len(statements.tags)} elements are tagged"


def _look_at_terms(row: SignalDefinition, statements: Statements) -> tuple[bool, str]:
    composite = row.composite
    if composite is None:
        return False, "no terms"
    gaps: list[str] = []
    needed = False
    for term in composite.terms:
        try:
            statements.evaluate(term.expression, row.basis)
        except AbsentError as error:
            gaps.append(f"{error.concept.replace('_', ' ')}: {error.look}")
            needed |= term.neutral is None and term.instead is None and not composite.scaled
        except (ZeroDenominatorError, UndefinedResultError):
            gaps.append(f"{term.name}: division by zero")
            needed |= term.neutral is None and term.instead is None and not composite.scaled
    too_few = len(composite.terms) - len(gaps) < composite.least
    return needed or too_few, gaps[0] if gaps else "all terms can be had"


# Amounts


def _count_amounts(counts: Counts, filing: Recorded, found: Extraction) -> None:
    for signal in found.signals:
        if isinstance(signal.value, Decimal) and signal.currency == "USD" and signal.unit == "USD":
            digits = len(signal.value.normalize().as_tuple().digits)
            if digits >= SIGNIFICANT_DIGITS:
                counts.amounts[f"{signal.value.normalize():f}"][filing.cik] = filing.company


# The report


def report(counts: Counts) -> Report:
    """What was counted, in words."""
    lines = [
        "# Coverage of the core financial signals on real XBRL filings",
        "",
        "Written by `python scripts/quality/coverage_report.py` over every recorded 10-K, 10-Q and 20-F with",
        "XBRL, each extracted by itself, without the filing of a year earlier. Counted are signals that are",
        "defined for the form. A reason is confirmed when a second reader, which shares no code with the",
        "extractor's, cannot have the value in the document either, and no element there has a name that comes",
        "near (`scripts/quality/tagged_statements.py`). The second share of present signals leaves out those",
        "whose condition does not hold (no cash is burnt, the company is of another class) and those that need",
        "the filing of a year earlier. IBM's two annual reports are recorded without Exhibit 13, which holds",
        "their statements.",
        "",
        "| | filings | signals | present | present, of those with condition and inputs | present or confirmed | bar |",
        "|---|---|---|---|---|---|---|",
    ]
    met = True
    summary = []
    for annual, name in ((True, "annual"), (False, "quarterly")):
        gaps = [gap for gap in counts.gaps if gap.annual is annual]
        present = sum(number for (of, _), number in counts.present.items() if of is annual)
        total = present + len(gaps)
        if not total:
            continue
        confirmed = present + sum(gap.confirmed for gap in gaps)
        met &= Decimal(confirmed) / total >= BAR
        possible = total - sum(
            gap.reason in (MissingReason.CONDITION_NOT_MET, MissingReason.PRIOR_FILING_NOT_GIVEN)
            for gap in gaps
        )
        summary.append(
            f"{name}: {present} of {total} present ({_share(present, total)}), {confirmed} present or confirmed"
            f" ({_share(confirmed, total)}; bar {BAR:.0%})"
        )
        lines.append(
            f"| {name} | {counts.filings[annual]} | {total} | {present} ({_share(present, total)}) |"
            f" {_share(present, possible)} |"
            f" {confirmed} ({_share(confirmed, total)}) | {BAR:.0%} |"
        )
    lines += _reasons(counts) + _looks(counts) + _unconfirmed(counts) + _per_signal(counts)
    repeated = {
        amount: companies for amount, companies in counts.amounts.items() if len(companies) > MOST_COMPANIES
    }
    met &= not repeated
    lines += [
        "",
        "## Amounts of many companies",
        f"Amounts in US dollars of {SIGNIFICANT_DIGITS} or more significant digits: {len(counts.amounts)}, of which"
        f" {len(repeated)} are those of more than {MOST_COMPANIES} companies.",
    ]
    lines += [
        f"- {amount}: {', '.join(sorted(companies.values()))}" for amount, companies in repeated.items()
    ]
    lines.append("")
    return Report("\n".join(lines), tuple(summary), met)


def _reasons(counts: Counts) -> list[str]:
    lines = [
        "",
        "## Why signals are missing",
        "",
        "| reason | annual | quarterly | confirmed |",
        "|---|---|---|---|",
    ]
    for reason in sorted({gap.reason for gap in counts.gaps}, key=lambda each: each.value):
        gaps = [gap for gap in counts.gaps if gap.reason is reason]
        annual = sum(gap.annual for gap in gaps)
        confirmed = sum(gap.confirmed for gap in gaps)
        lines.append(f"| {reason.value} | {annual} | {len(gaps) - annual} | {confirmed} |")
    return lines


def _looks(counts: Counts) -> list[str]:
    lines = [
        "",
        "## What the filing has instead",
        "What the second reader saw, most often first, with one filing to look at.",
        "",
        "| seen in the document | gaps | signals | for example |",
        "|---|---|---|---|",
    ]
    by_look: dict[str, list[Gap]] = collections.defaultdict(list)
    for gap in counts.gaps:
        if gap.confirmed:
            by_look[gap.look].append(gap)
    for look, gaps in sorted(by_look.items(), key=lambda item: (-len(item[1]), item[0])):
        ids = sorted({gap.signal_id for gap in gaps})
        shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        lines.append(
            f"| {look} | {len(gaps)} | {shown} | {gaps[0].filing.company}, {gaps[0].filing.accession_number} |"
        )
    return lines


def _unconfirmed(counts: Counts) -> list[str]:
    gaps = [gap for gap in counts.gaps if not gap.confirmed]
    lines = ["", "## Reasons that were not confirmed", ""]
    if not gaps:
        return [*lines, "None."]
    lines += ["| filing | signal | reason | detail | seen |", "|---|---|---|---|---|"]
    for gap in gaps:
        lines.append(
            f"| {gap.filing.company}, {gap.filing.accession_number} | {gap.signal_id} | {gap.reason.value} |"
            f" {gap.detail} | {gap.look} |"
        )
    return lines


def _per_signal(counts: Counts) -> list[str]:
    lines = ["", "## By signal", "", "| signal | annual | quarterly |", "|---|---|---|"]
    missing = collections.Counter((gap.annual, gap.signal_id) for gap in counts.gaps)
    for row in load_catalog().signals:
        cells = []
        for annual in (True, False):
            present, absent = counts.present[annual, row.id], missing[annual, row.id]
            cells.append(f"{present}/{present + absent}" if present + absent else "")
        if any(cells):
            lines.append(f"| {row.id} | {cells[0]} | {cells[1]} |")
    return lines


def _share(part: int, whole: int) -> str:
    return f"{Decimal(part) / whole:.1%}"


if __name__ == "__main__":
    sys.exit(run(REPORT, __doc__, make))
