"""Write everything into a directory laid out like EDGAR."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

from samples import listings
from samples.companies import COMPANIES, SampleCompany
from samples.expectations import expectations
from samples.filings import SampleFiling
from samples.schedule import sample_filings
from samples.submission_text import served_alone, submission_text
from samples.truth import TRUTH_FILE, CompanyTruth, FilingTruth, Truth, truth_bytes


def generate(directory: Path) -> Truth:
    """Write the filings, their listings and `truth.json` below `directory`, and give back what was written there.

    Existing files of the same names are replaced by the same bytes; nothing else is touched.
    """
    for path, content in files().items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    truth = build_truth()
    (directory / TRUTH_FILE).write_bytes(truth_bytes(truth))
    return truth


def files() -> dict[str, bytes]:
    """Path below EDGAR's root -> bytes, for every file but the truth."""
    out: dict[str, bytes] = {"files/company_tickers.json": listings.company_tickers()}
    listed: dict[int, list[tuple[SampleFiling, int]]] = defaultdict(list)
    filings = sample_filings()
    for filing in filings:
        text = submission_text(filing)
        listed[filing.company.cik].append((filing, len(text)))
        out[f"{filing.folder}/{filing.accession_number}.txt"] = text
        out[f"{filing.folder}/index.json"] = listings.folder_index(filing, len(text))
        for document in listings.named_documents(filing):
            out[f"{filing.folder}/{document.file_name}"] = served_alone(filing, document)
    for company in COMPANIES:
        for name, content in listings.submissions(company, listed[company.cik]).items():
            out[f"submissions/{name}"] = content
    for quarter, content in listings.form_indexes(filings).items():
        out[f"Archives/edgar/full-index/{quarter}/form.idx"] = content
    return out


def build_truth() -> Truth:
    return Truth(
        companies=tuple(_company(company) for company in COMPANIES),
        filings=tuple(_filing(filing) for filing in sample_filings()),
    )


def _company(company: SampleCompany) -> CompanyTruth:
    return CompanyTruth(
        cik=company.cik,
        ticker=company.ticker,
        name=company.name,
        sic=company.sic,
        fiscal_year_end=company.fiscal_year_end,
    )


def _filing(filing: SampleFiling) -> FilingTruth:
    reporting = filing.reporting
    return FilingTruth(
        accession_number=filing.accession_number,
        cik=filing.company.cik,
        ticker=filing.company.ticker,
        company_name=filing.company.name.upper(),
        form=filing.form,
        filed_on=filing.filed_on,
        accepted_at=filing.accepted_at,
        acceptance_in_header=filing.accepted_local is not None,
        report_date=filing.report_date,
        period_end=filing.period_end,
        fiscal_year=reporting.label if reporting else _FISCAL_YEARS.get((filing.form, filing.report_date)),
        fiscal_period=_fiscal_period(filing),
        primary_document=filing.primary_document,
        document_types=tuple(document.type for document in filing.documents),
        items=filing.items,
        sections=filing.sections,
        has_audit_report=filing.form == "10-K",
        amends=filing.amends,
        signals=expectations(filing),
    )


_FISCAL_YEARS = {
    ("10-K", date(1996, 12, 31)): 1996,
    ("10-K", date(2012, 12, 31)): 2012,
    ("10-K/A", date(2023, 9, 30)): 2023,
}
"""Of the annual filings that stand outside the yearly schedule."""


def _fiscal_period(filing: SampleFiling) -> str:
    if filing.reporting is not None:
        return "FY" if filing.reporting.annual else f"Q{filing.reporting.quarter}"
    return "FY" if filing.form.startswith("10-K") else ""
