from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason, TenkayError
from tenkay_fetcher.filing_folder import (
    FolderEntry,
    is_inline_xbrl,
    parse_folder_index,
    primary_document,
    xbrl_instances,
)

NUMBER = "0000000077-24-000001"


def entries(*names: str) -> list[FolderEntry]:
    """The first named is the largest."""
    return [FolderEntry(name, 1000 - place) for place, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "form", "expected"),
    [
        (("R2.htm", f"{NUMBER}.txt", f"{NUMBER}-index.html", "a.htm"), "", "a.htm"),
        (("ex99-1.htm", "ea191807ex1-1_co.htm", "dex21.htm", "exhibit_31.htm", "main.htm"), "", "main.htm"),
        (("big.htm", "main.htm", "main_htm.xml"), "", "main.htm"),
        (("notes.htm", "co10k.htm"), "10-K", "co10k.htm"),
        (("notes.htm", "co10k.htm"), "10-K/A", "co10k.htm"),
        (("large.txt", "small.htm"), "", "large.txt"),
        (("executive-summary.htm", "b.htm"), "", "executive-summary.htm"),
        (("ex99.htm",), "8-K", "ex99.htm"),
        (("logo.jpg", "a.xsd", "a.xml", "R1.xml", "Financial_Report.xlsx"), "", None),
        ((), "10-K", None),
    ],
)
def test_the_primary_document_is_told_by_the_names(
    names: tuple[str, ...], form: str, expected: str | None
) -> None:
    assert primary_document(entries(*names), NUMBER, form) == expected


def test_instances_are_told_from_linkbases_and_renderings() -> None:
    names = (
        "co-20231231.xml",
        "co-20231231_cal.xml",
        "co-20231231_lab.xml",
        "co-20231231.xsd",
        "FilingSummary.xml",
        "R4.xml",
        "form4.xml",
        "main_htm.xml",
    )
    assert xbrl_instances(entries(*names)) == ("co-20231231.xml", "main_htm.xml")


def test_inline_xbrl_is_told_by_its_namespace() -> None:
    assert is_inline_xbrl(b'<html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL">')
    assert not is_inline_xbrl(b"<html><p>the inlineXBRL of others</p></html>")


def test_an_index_is_read_without_names_that_lead_elsewhere() -> None:
    items = [
        {"name": "a.htm", "size": "12"},
        {"name": "../b.htm", "size": "12"},
        {"name": "sub/c.htm"},
        {"name": "d.htm", "size": ""},
    ]
    body = json.dumps({"directory": {"item": items}}).encode()
    assert parse_folder_index(body) == (FolderEntry("a.htm", 12), FolderEntry("d.htm", None))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"directory": {"item": [1]}}', b'{"directory": []}'])
def test_what_is_no_index_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(TenkayError, match="folder index") as failed:
        parse_folder_index(content)
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE


@given(st.lists(st.text(max_size=20), max_size=10), st.sampled_from(["", "10-K", "8-K/A", "?"]))
def test_any_names_give_one_of_them_or_none(names: list[str], form: str) -> None:
    listed = entries(*names)
    assert primary_document(listed, NUMBER, form) in (*names, None)
    assert set(xbrl_instances(listed)) <= set(names)
