"""What may be selected, and what a selection finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tenkay.errors import InvalidArgument, NotFound, Reason, failure
from tenkay_pipeline.jobs import Listing
from tenkay_pipeline.submission import FiledRange, Selection, find_filings, select


def accession(number: int) -> str:
    return f"0000000001-26-{number:06d}"


def selection(**changes: Any) -> Selection:
    arguments: dict[str, Any] = {
        "request_id": "request-1",
        "tickers": [],
        "ciks": [],
        "filings": [],
        "filed": None,
        "forms": [],
        "include_amendments": False,
        "since": None,
        "limit_per_company": 0,
    }
    return select(**(arguments | changes))


class Listings:
    """EDGAR with one company of a given number of filings, which also filed all that was filed."""

    def __init__(self, filings: int = 3) -> None:
        self.filings = [Listing(accession(number), cik=11, form_type="10-K") for number in range(filings)]
        self.asked: list[tuple[Any, ...]] = []

    async def cik_of(self, ticker: str) -> int:
        if ticker == "NONE":
            raise failure(Reason.COMPANY_UNKNOWN, f"no company has the ticker {ticker}", field="ticker")
        return 11

    async def of_company(
        self, cik: int, *, forms: Sequence[str], include_amendments: bool, since: date | None, limit: int
    ) -> list[Listing]:
        self.asked.append((cik, tuple(forms), include_amendments, since, limit))
        return self.filings[:limit]

    async def of_days(self, filed: FiledRange, *, forms: Sequence[str]) -> AsyncIterator[Listing]:
        self.asked.append((filed, tuple(forms)))
        for listing in self.filings:
            yield listing


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "tickers"),
        ({"tickers": ["ACME"], "request_id": ""}, "request_id"),
        ({"tickers": ["ACME"], "request_id": "short"}, "request_id"),
        ({"tickers": ["ACME"], "request_id": "x" * 65}, "request_id"),
        ({"tickers": ["ACME"], "request_id": "with spaces"}, "request_id"),
        ({"tickers": ["not a ticker"]}, "tickers[0]"),
        ({"tickers": ["ACME", ""]}, "tickers[1]"),
        ({"ciks": [1, 0]}, "ciks[1]"),
        ({"ciks": [10_000_000_000]}, "ciks[0]"),
        ({"tickers": ["A"] * 60, "ciks": [1] * 41}, "tickers"),
        ({"ciks": list(range(1, 102))}, "ciks"),
        ({"filings": [Listing(accession(1))] * 5001}, "filings"),
        ({"filings": [Listing(accession(1), cik=0)]}, "filings[0].cik"),
        ({"filed": FiledRange(date(2024, 2, 1), date(2024, 1, 1))}, "filed.to"),
        ({"filed": FiledRange(date(2023, 1, 1), date(2024, 1, 3))}, "filed.to"),
        ({"ciks": [1], "forms": ["10-K", "?"]}, "forms[1]"),
    ],
)
def test_a_wrong_selection_names_the_field_that_is_wrong(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        selection(**changes)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in refused.value.fields] == [field]


def test_an_undashed_accession_number_is_refused() -> None:
    with pytest.raises(InvalidArgument) as refused:
        selection(filings=[Listing(accession(1)), Listing("000000000126000001")])
    assert refused.value.reason is Reason.MALFORMED_ACCESSION_NUMBER
    assert refused.value.fields[0].field == "filings[1].accession_number"


def test_the_bounds_themselves_are_allowed() -> None:
    assert len(selection(ciks=list(range(1, 101))).ciks) == 100
    assert len(selection(filings=[Listing(accession(1))] * 5000).filings) == 5000
    assert selection(filed=FiledRange(date(2023, 1, 1), date(2024, 1, 2))).filed is not None


def test_defaults_are_filled_in() -> None:
    chosen = selection(tickers=[" brk-b "])
    assert chosen.tickers == ("BRK-B",)
    assert chosen.forms == ("10-K", "10-Q", "8-K")
    assert chosen.limit_per_company == 1000
    assert selection(ciks=[1], limit_per_company=5000).limit_per_company == 1000


def test_amendments_are_spelt_out_for_a_source_that_takes_forms_exactly() -> None:
    assert selection(ciks=[1], forms=["10-K", "8-K/A"], include_amendments=True).forms_exactly() == (
        "10-K",
        "8-K/A",
        "10-K/A",
    )
    assert selection(ciks=[1], forms=["10-K"]).forms_exactly() == ("10-K",)


def test_equal_arguments_have_equal_digests_whatever_the_request_id() -> None:
    chosen = selection(tickers=["acme"], since=date(2024, 1, 1))
    assert (
        chosen.digest()
        == selection(tickers=["ACME"], since=date(2024, 1, 1), request_id="request-2").digest()
    )
    assert chosen.digest() != replace(chosen, since=date(2024, 1, 2)).digest()
    assert chosen.digest() != replace(chosen, include_amendments=True).digest()


async def test_what_the_selectors_find_is_joined_and_a_filing_found_twice_is_taken_once() -> None:
    listings = Listings(3)
    found = await find_filings(
        selection(
            filings=[Listing(accession(9)), Listing(accession(1), cik=5)],
            tickers=["ACME"],
            ciks=[11],
            filed=FiledRange(date(2024, 1, 1), date(2024, 1, 31)),
        ),
        listings,
    )
    assert [listing.accession_number for listing in found] == [accession(n) for n in (9, 1, 0, 2)]
    # The caller's CIK stands; the listing told the form.
    assert found[1] == Listing(accession(1), cik=5, form_type="10-K")
    # The ticker and the CIK are one company, asked for once.
    assert len(listings.asked) == 2


async def test_an_unknown_company_stops_the_submission() -> None:
    with pytest.raises(NotFound) as refused:
        await find_filings(selection(tickers=["ACME", "NONE"]), Listings())
    assert refused.value.reason is Reason.COMPANY_UNKNOWN


async def test_5000_filings_are_the_most() -> None:
    days = FiledRange(date(2024, 1, 1), date(2024, 1, 31))
    assert len(await find_filings(selection(filed=days), Listings(5000))) == 5000
    with pytest.raises(InvalidArgument) as refused:
        await find_filings(selection(filed=days), Listings(5001))
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.fields[0].field == "filed"
