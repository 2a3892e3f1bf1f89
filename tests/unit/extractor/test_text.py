"""Normalised text, from HTML and from plain text."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.submission import Document, recognise_markup
from tenkay_extractor.text import normalise
from tests.unit.extractor.inline_pages import number, page


def text_of(content: str | bytes) -> str:
    raw = content if isinstance(content, bytes) else content.encode()
    return normalise(Document("10-K", 1, "q.htm", "", raw, recognise_markup(raw))).text


def test_each_paragraph_heading_and_table_row_is_a_line() -> None:
    html = (
        "<html><body><h1>Title</h1><div>One<span> two</span></div><p>Three<p>Four"
        "<table><tr><td>Sales</td><td>$</td><td>5</td></tr><tr><td>Costs</td><td></td><td>3</td></tr></table></body></html>"
    )
    assert text_of(html).split("\n") == ["Title", "One two", "Three", "Four", "Sales $ 5", "Costs 3"]


def test_words_split_over_inline_elements_stay_whole() -> None:
    assert text_of("<html><body><p><b>I</b><font>TEM 1A</font>.</p></body></html>") == "ITEM 1A."


def test_references_of_both_kinds_are_characters() -> None:
    assert (
        text_of("<html><body><p>Company&#146;s&nbsp;&amp;&#8220;x&#8221;</p></body></html>")
        == "Company\u2019s &\u201cx\u201d"
    )


def test_the_inline_header_scripts_and_comments_are_no_text() -> None:
    content = page(
        "<p>Seen</p><script>var hidden = 1</script><!-- hidden -->", hidden=number("us-gaap:Assets", "3")
    )
    assert text_of(content) == "Seen"


def test_an_empty_xhtml_title_does_not_swallow_the_page() -> None:
    assert text_of("<html><head><title/></head><body><p>Seen</p></body></html>") == "Seen"


def test_single_breaks_join_running_text_and_double_breaks_part_it() -> None:
    html = "<html><body>The company sells stone and gravel to builders<br>in three states.<br><br>It began in 1990.</body></html>"
    assert text_of(html).split("\n") == [
        "The company sells stone and gravel to builders in three states.",
        "It began in 1990.",
    ]


def test_wrapped_lines_of_plain_text_are_joined_and_tables_are_not() -> None:
    plain = """
<PAGE>   3

ITEM 1.  BUSINESS

     Quarry digs stone in three pits and sells it to
builders.
     It employs 40 people.

<TABLE>
<CAPTION>
SALES
<S>              <C>
Stone            100
Gravel            50
</TABLE>
"""
    assert text_of(plain).split("\n") == [
        "ITEM 1. BUSINESS",
        "Quarry digs stone in three pits and sells it to builders.",
        "It employs 40 people.",
        "SALES",
        "Stone 100",
        "Gravel 50",
    ]


def test_a_sentence_goes_on_over_a_page_break_of_plain_text() -> None:
    plain = "FORM 10-K of a company\n\nThe losses raise substantial doubt about the company's\n\n                 12\n<PAGE>\n\nability to go on.\n"
    assert (
        text_of(plain).split("\n")[-1]
        == "The losses raise substantial doubt about the company's ability to go on."
    )


def test_preformatted_html_is_read_as_plain_text() -> None:
    html = "<html><body><pre>ITEM 1. BUSINESS\n\nQuarry digs stone and\nsells it.\n</pre></body></html>"
    assert text_of(html).split("\n") == ["ITEM 1. BUSINESS", "Quarry digs stone and sells it."]


def test_cp1252_bytes_are_read() -> None:
    assert text_of(b"<html><body><p>Company\x92s report</p></body></html>") == "Company\u2019s report"


def test_the_digest_is_of_the_text() -> None:
    raw = b"<html><body><p>Text</p></body></html>"
    found = normalise(Document("10-K", 1, "q.htm", "", raw, recognise_markup(raw)))
    assert found.sha256 == hashlib.sha256(b"Text").hexdigest()


def test_deep_nesting_is_read_in_little_time() -> None:
    deep = "<html><body>" + "<div>" * 60_000 + "Text" + "</div>" * 60_000 + "</body></html>"
    assert text_of(deep) == "Text"


_TAGS = (
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<br>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</tr>",
    "</table>",
    "<pre>",
    "</pre>",
    "<b>",
    "</b>",
)


@given(st.lists(st.one_of(st.sampled_from(_TAGS), st.text(max_size=20)), max_size=40))
def test_text_has_no_empty_lines_and_no_double_spaces(pieces: list[str]) -> None:
    text = text_of(("<html><body>" + "".join(pieces) + "</body></html>").encode("utf-8", "replace"))
    if text:
        for line in text.split("\n"):
            assert line == " ".join(line.split()) != ""
