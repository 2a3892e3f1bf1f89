from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samples import COMPANIES, SampleFiling, Truth, load_truth


def _rows(page: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    assert len({len(column) for column in page.values()}) == 1
    for values in zip(*page.values(), strict=True):
        yield dict(zip(page, values, strict=True))


def _listed(library: Path, cik: int) -> list[dict[str, Any]]:
    document = json.loads((library / f"submissions/CIK{cik:010d}.json").read_text())
    rows = list(_rows(document["filings"]["recent"]))
    for page in document["filings"]["files"]:
        older = list(_rows(json.loads((library / "submissions" / page["name"]).read_text())))
        assert page["filingCount"] == len(older)
        assert page["filingFrom"] == min(row["filingDate"] for row in older)
        rows += older
    return rows


def test_the_ticker_list_leads_to_each_company(library: Path) -> None:
    listed = json.loads((library / "files/company_tickers.json").read_text())
    assert {(row["ticker"], row["cik_str"], row["title"]) for row in listed.values()} == {
        (company.ticker, company.cik, company.name) for company in COMPANIES
    }


def test_ciks_fit_ten_digits_and_are_far_above_those_assigned(library: Path) -> None:
    assert all(1_999_999_000 <= company.cik <= 1_999_999_999 for company in COMPANIES)
    assert len({company.cik for company in COMPANIES}) == len(COMPANIES)


def test_the_listings_name_every_filing_once_and_agree_with_it(
    library: Path, filings: tuple[SampleFiling, ...]
) -> None:
    listed = {row["accessionNumber"]: row for company in COMPANIES for row in _listed(library, company.cik)}
    assert set(listed) == {filing.accession_number for filing in filings}
    for filing in filings:
        row = listed[filing.accession_number]
        text = (library / filing.folder / f"{filing.accession_number}.txt").read_bytes()
        assert row["form"] == filing.form
        assert row["filingDate"] == filing.filed_on.isoformat()
        assert row["reportDate"] == filing.report_date.isoformat()
        assert row["acceptanceDateTime"] == f"{filing.accepted_at:%Y-%m-%dT%H:%M:%S}.000Z"
        assert row["items"] == ",".join(filing.items)
        assert row["size"] == len(text)
        assert row["primaryDocument"] == filing.primary_document
        assert (row["isXBRL"], row["isInlineXBRL"]) == (int(filing.has_xbrl), int(filing.is_inline))


def test_each_folder_holds_what_its_index_says(library: Path, filings: tuple[SampleFiling, ...]) -> None:
    for filing in filings:
        folder = library / filing.folder
        directory = json.loads((folder / "index.json").read_text())["directory"]
        assert directory["name"] == f"/{filing.folder}"
        sizes = {item["name"]: int(item["size"]) for item in directory["item"]}
        assert sizes == {p.name: p.stat().st_size for p in folder.iterdir() if p.name != "index.json"}
        if filing.primary_document:
            assert filing.primary_document in sizes


def test_the_quarterly_indexes_hold_each_filing_in_its_quarter(
    library: Path, filings: tuple[SampleFiling, ...]
) -> None:
    found = {}
    for path in (library / "Archives/edgar/full-index").glob("*/QTR*/form.idx"):
        lines = path.read_text().splitlines()
        heading = next(n for n, line in enumerate(lines) if line.startswith("Form Type"))
        columns = [
            lines[heading].index(name)
            for name in ("Form Type", "Company Name", "CIK", "Date Filed", "File Name")
        ]
        for line in lines[heading + 2 :]:
            ends = [*columns[1:], len(line)]
            form, name, cik, filed, file_name = (
                line[a:b].strip() for a, b in zip(columns, ends, strict=True)
            )
            found[file_name.rpartition("/")[2].removesuffix(".txt")] = (form, name, int(cik), filed)
            quarter = (int(filed[5:7]) + 2) // 3
            assert path.parent.name == f"QTR{quarter}"
            assert path.parent.parent.name == filed[:4]
    assert found == {
        f.accession_number: (f.form, f.company.name, f.company.cik, f.filed_on.isoformat()) for f in filings
    }


def test_the_header_of_each_submission_agrees_with_the_listing(
    library: Path, filings: tuple[SampleFiling, ...]
) -> None:
    for filing in filings:
        text = (library / filing.folder / f"{filing.accession_number}.txt").read_bytes()
        header = text[: text.index(b"</SEC-HEADER>")].decode("ascii")
        fields = dict(line.split(":\t", 1) for line in header.splitlines() if ":\t" in line)
        assert fields["ACCESSION NUMBER"].strip() == filing.accession_number
        assert fields["CONFORMED SUBMISSION TYPE"].strip() == filing.form
        assert fields["CONFORMED PERIOD OF REPORT"].strip() == f"{filing.report_date:%Y%m%d}"
        assert fields["FILED AS OF DATE"].strip() == f"{filing.filed_on:%Y%m%d}"
        assert int(fields["PUBLIC DOCUMENT COUNT"]) == text.count(b"<DOCUMENT>") == len(filing.documents)
        assert ("<ACCEPTANCE-DATETIME>" in header) == (filing.accepted_local is not None)
        assert header.count("ITEM INFORMATION:") == len(filing.items)
        assert text.endswith(b"</DOCUMENT>\n</SEC-DOCUMENT>\n")


def test_the_primary_document_of_the_folder_is_the_one_in_the_submission(
    library: Path, filings: tuple[SampleFiling, ...]
) -> None:
    for filing in (f for f in filings if f.primary_document):
        alone = (library / filing.folder / filing.primary_document).read_bytes()
        whole = (library / filing.folder / f"{filing.accession_number}.txt").read_bytes()
        assert alone in whole
        assert alone.startswith(b"<?xml") == filing.is_inline
        assert alone.startswith(b"<DOCUMENT>") != filing.is_inline


def test_the_listing_is_newest_first_and_leaves_old_filings_to_another_page(library: Path) -> None:
    for company in COMPANIES:
        document = json.loads((library / f"submissions/CIK{company.cik:010d}.json").read_text())
        days = document["filings"]["recent"]["acceptanceDateTime"]
        assert days == sorted(days, reverse=True)
    assert document["filings"]["files"] == []
    larkfield = json.loads((library / f"submissions/CIK{COMPANIES[0].cik:010d}.json").read_text())
    assert [page["filingCount"] for page in larkfield["filings"]["files"]] == [3]


def test_what_was_written_is_read_back_as_it_was(library: Path, truth: Truth) -> None:
    assert load_truth(library) == truth


def test_one_filing_is_accepted_after_hours_and_counts_as_filed_the_next_day(
    filings: tuple[SampleFiling, ...],
) -> None:
    late = [f for f in filings if f.accepted_local and f.accepted_local.date() < f.filed_on]
    assert [(f.form, f.company.ticker, f.accepted_at.isoformat()) for f in late] == [
        ("10-K", "CRVX", "2023-12-07T00:42:51+00:00")
    ]
