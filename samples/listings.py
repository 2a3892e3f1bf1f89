"""EDGAR's lists: tickers, filings per company, documents per filing, quarterly indexes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from samples.companies import COMPANIES, SampleCompany
from samples.filings import SampleDocument, SampleFiling
from samples.submission_text import served_alone

RECENT_FROM = 2015
"""Filings of earlier years are listed on the overflow page, which has no envelope."""


def company_tickers() -> bytes:
    rows = {
        str(n): {"cik_str": company.cik, "ticker": company.ticker, "title": company.name}
        for n, company in enumerate(COMPANIES)
    }
    return _compact(rows)


def submissions(company: SampleCompany, filings: Iterable[tuple[SampleFiling, int]]) -> Mapping[str, bytes]:
    """File name -> bytes, the overflow page included. `filings` come with the size of their full submission."""
    newest_first = sorted(filings, key=lambda pair: pair[0].accepted_at, reverse=True)
    recent = [pair for pair in newest_first if pair[0].filed_on.year >= RECENT_FROM]
    older = [pair for pair in newest_first if pair[0].filed_on.year < RECENT_FROM]
    files = {}
    pages = []
    if older:
        name = f"CIK{company.cik:010d}-submissions-001.json"
        files[name] = _compact(_columns(older))
        days = [filing.filed_on for filing, _ in older]
        pages.append(
            {
                "name": name,
                "filingCount": len(older),
                "filingFrom": min(days).isoformat(),
                "filingTo": max(days).isoformat(),
            }
        )
    document = {**_envelope(company), "filings": {"recent": _columns(recent), "files": pages}}
    return {f"CIK{company.cik:010d}.json": _compact(document), **files}


def folder_index(filing: SampleFiling, submission_size: int) -> bytes:
    """`index.json` of a filing's folder."""
    stamp = f"{(filing.accepted_local or filing.filed_on):%Y-%m-%d %H:%M:%S}"
    items = [
        {"last-modified": stamp, "name": f"{filing.accession_number}.txt", "type": "text.gif", "size": ""}
    ]
    items[0]["size"] = str(submission_size)
    items += [
        {
            "last-modified": stamp,
            "name": document.file_name,
            "type": "image2.gif" if document.file_name.endswith(".gif") else "text.gif",
            "size": str(len(served_alone(filing, document))),
        }
        for document in named_documents(filing)
    ]
    parent = f"/Archives/edgar/data/{filing.company.cik}"
    return _compact({"directory": {"item": items, "name": f"/{filing.folder}", "parent-dir": parent}})


def named_documents(filing: SampleFiling) -> tuple[SampleDocument, ...]:
    """Those that have an address of their own."""
    return tuple(document for document in filing.documents if document.file_name)


def form_indexes(filings: Iterable[SampleFiling]) -> Mapping[str, bytes]:
    """`2024/QTR1` -> the quarter's `form.idx`, rows sorted by form and company."""
    quarters: dict[str, list[SampleFiling]] = defaultdict(list)
    for filing in filings:
        quarters[f"{filing.filed_on.year}/QTR{(filing.filed_on.month + 2) // 3}"].append(filing)
    return {quarter: _form_index(found) for quarter, found in sorted(quarters.items())}


def _form_index(filings: list[SampleFiling]) -> bytes:
    last = max(filing.filed_on for filing in filings)
    head = (
        "Description:           Master Index of EDGAR Dissemination Feed by Form Type\n"
        f"Last Data Received:    {last:%B} {last.day}, {last.year}\n"
        "Comments:              webmaster@sec.gov\n"
        "Anonymous FTP:         ftp://ftp.sec.gov/edgar/\n"
        " \n \n \n \n"
        f"{'Form Type':<12}{'Company Name':<62}{'CIK':<12}{'Date Filed':<12}File Name\n"
        f"{'-' * 141}\n"
    )
    rows = [
        f"{filing.form:<12}{filing.company.name:<62}{filing.company.cik:<12}{filing.filed_on.isoformat():<12}"
        f"edgar/data/{filing.company.cik}/{filing.accession_number}.txt\n"
        for filing in sorted(filings, key=lambda f: (f.form, f.company.name, f.accession_number))
    ]
    return (head + "".join(rows)).encode()


def _columns(filings: list[tuple[SampleFiling, int]]) -> dict[str, list[str | int]]:
    columns: dict[str, list[str | int]] = defaultdict(list)
    for filing, size in filings:
        row: dict[str, str | int] = {
            "accessionNumber": filing.accession_number,
            "filingDate": filing.filed_on.isoformat(),
            "reportDate": filing.report_date.isoformat(),
            "acceptanceDateTime": f"{filing.accepted_at:%Y-%m-%dT%H:%M:%S}.000Z",
            "act": "34",
            "form": filing.form,
            "fileNumber": filing.company.file_number,
            "filmNumber": filing.film_number,
            "items": ",".join(filing.items),
            "core_type": "XBRL" if filing.is_inline else filing.form,
            "size": size,
            "isXBRL": int(filing.has_xbrl),
            "isInlineXBRL": int(filing.is_inline),
            "primaryDocument": filing.primary_document,
            "primaryDocDescription": filing.documents[0].description,
        }
        for name, value in row.items():
            columns[name].append(value)
    return columns


def _envelope(company: SampleCompany) -> dict[str, object]:
    address = {
        "street1": company.street.upper(),
        "street2": None,
        "city": company.city.upper(),
        "stateOrCountry": company.address_state,
        "zipCode": company.zip_code,
        "stateOrCountryDescription": company.address_state,
        "isForeignLocation": 0,
        "foreignStateTerritory": None,
        "country": None,
        "countryCode": None,
    }
    former = [
        {
            "name": company.former_name,
            "from": "1996-01-01T00:00:00.000Z",
            "to": f"{company.renamed_on.isoformat()}T00:00:00.000Z",
        }
    ]
    return {
        "cik": f"{company.cik:010d}",
        "entityType": "operating",
        "sic": company.sic,
        "sicDescription": company.sic_description.title(),
        "ownerOrg": company.organization,
        "insiderTransactionForOwnerExists": 0,
        "insiderTransactionForIssuerExists": 0,
        "name": company.name,
        "tickers": [company.ticker],
        "exchanges": [{"NASDAQ": "Nasdaq"}.get(company.exchange_code, company.exchange_code)],
        "ein": company.ein,
        "lei": None,
        "description": "",
        "website": "",
        "investorWebsite": "",
        "category": company.filer_category.replace("Filer", "filer"),
        "fiscalYearEnd": company.fiscal_year_end,
        "stateOfIncorporation": company.state,
        "stateOfIncorporationDescription": company.state,
        "addresses": {"mailing": address, "business": address},
        "phone": company.phone,
        "flags": "",
        "formerNames": former if company.former_name else [],
    }


def _compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
