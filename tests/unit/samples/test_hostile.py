from __future__ import annotations

import pytest
from lxml import etree

from samples import hostile_documents


def test_the_hostile_documents_are_the_ones_readers_are_tested_with() -> None:
    names = set(hostile_documents())
    assert {"empty", "binary", "null_bytes", "cut_in_the_header", "cut_in_a_fact", "headerless"} <= names


def test_they_are_the_same_every_time() -> None:
    assert dict(hostile_documents()) == dict(hostile_documents())


def test_each_is_bad_in_the_way_its_name_says() -> None:
    documents = hostile_documents()
    assert documents["empty"] == b""
    assert not documents["white_space"].strip()
    assert not documents["null_bytes"].strip(b"\0")
    with pytest.raises(UnicodeDecodeError):
        documents["binary"].decode()
    assert b"</SEC-HEADER>" not in documents["cut_in_the_header"]
    assert b"</DOCUMENT>" not in documents["cut_in_a_fact"]
    assert documents["cut_in_a_fact"].rpartition(b"<ix:nonFraction")[2].count(b">") == 0
    assert documents["headerless"].startswith(b"<DOCUMENT>")
    assert b"<DOCUMENT>" not in documents["header_only"]
    assert documents["deeply_nested"].count(b"<div>") == documents["deeply_nested"].count(b"</div>") == 20_000
    assert max(map(len, documents["one_endless_line"].splitlines())) == 1_000_000
    assert max(map(len, documents.values())) < 2_000_000


def test_unclosed_inline_tags_are_no_xml_any_more() -> None:
    text = hostile_documents()["unclosed_inline_tags"]
    start = text.index(b"<?xml")
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(text[start : text.index(b"</XBRL>")])
