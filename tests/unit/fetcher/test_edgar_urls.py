from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.company_directory import require_ticker
from tenkay_fetcher.edgar_urls import EdgarUrls, is_document_name, require_document_name
from tenkay_fetcher.filing_lists import require_forms


def test_edgar_has_two_hosts_and_any_other_server_one() -> None:
    edgar = EdgarUrls.at("https://www.sec.gov/")
    assert edgar.submissions(320193) == "https://data.sec.gov/submissions/CIK0000320193.json"
    assert edgar.company_tickers() == "https://www.sec.gov/files/company_tickers.json"
    mirror = EdgarUrls.at("http://127.0.0.1:8080")
    assert mirror.submissions(1) == "http://127.0.0.1:8080/submissions/CIK0000000001.json"
    assert EdgarUrls.at("http://a", "http://b/").submissions(1).startswith("http://b/submissions/")


def test_a_filing_has_two_addresses_of_its_full_text() -> None:
    first, second = EdgarUrls.at("http://e").full_submissions(320193, "0000320193-24-000123")
    assert first == "http://e/Archives/edgar/data/320193/0000320193-24-000123.txt"
    assert second == "http://e/Archives/edgar/data/320193/000032019324000123/0000320193-24-000123.txt"
    assert (
        EdgarUrls.at("http://e").form_index(2024, 3)
        == "http://e/Archives/edgar/full-index/2024/QTR3/form.idx"
    )


@given(st.text(max_size=40))
def test_no_document_name_leads_out_of_its_folder(name: str) -> None:
    if not is_document_name(name):
        with pytest.raises(TenkayError) as failed:
            require_document_name(name, "filing.primary_document")
        assert failed.value.fields[0].field == "filing.primary_document"
        return
    url = urlsplit(EdgarUrls.at("http://e").document(7, "0000000077-24-000001", name))
    assert url.query == url.fragment == ""
    folder, rest = unquote(url.path).split("/000000007724000001/")
    assert (folder, rest) == ("/Archives/edgar/data/7", name)
    assert not any(part in ("", ".", "..") for part in name.split("/"))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.htm", "a/../b", "/a", "a//b", "a\\b", "a?b", "a\nb", "a%2fb"]
)
def test_these_are_no_document_names(name: str) -> None:
    assert not is_document_name(name)


@pytest.mark.parametrize(
    ("given_", "ticker"), [("aapl", "AAPL"), (" brk.b ", "BRK-B"), ("BF-A", "BF-A"), ("3M", "3M")]
)
def test_a_ticker_is_spelt_as_edgar_does(given_: str, ticker: str) -> None:
    assert require_ticker(given_, "ticker") == ticker


@pytest.mark.parametrize("text", ["", " ", "-A", "TOO-LONG-A-TICKER", "A B", "Ä", "A\0", "../x"])
def test_what_cannot_be_a_ticker_is_refused(text: str) -> None:
    with pytest.raises(TenkayError, match="not a ticker") as failed:
        require_ticker(text, "company.ticker")
    assert (failed.value.reason, failed.value.fields[0].field) == (Reason.INVALID_FIELD, "company.ticker")


def test_forms_are_spelt_as_edgar_does() -> None:
    assert require_forms(["10-k", " sc  13d/a "], "forms") == {"10-K", "SC 13D/A"}


@pytest.mark.parametrize("form", ["", "  ", "x" * 25, "10–K", "10-K\0"])
def test_what_cannot_be_a_form_is_refused_by_its_place(form: str) -> None:
    with pytest.raises(TenkayError, match="not a form type") as failed:
        require_forms(["8-K", form], "forms")
    assert failed.value.fields[0].field == "forms[1]"


def test_forms_are_bounded() -> None:
    with pytest.raises(TenkayError, match="50 at most"):
        require_forms(["8-K"] * 51, "forms")
