"""Normalised text, from HTML and from plain text."""

from __future__ import annotations

import hashlib
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.submission import Document, Markup, recognise_markup
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


@pytest.mark.parametrize("reference", ["&#1;", "&#11;", "&#x1F;", "&#xFFFE;", "&#64976;", "&#xFFFFF;"])
def test_references_to_no_character_vanish(reference: str) -> None:
    assert text_of(f"<html><body><p>one{reference}two</p></body></html>") == "onetwo"


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


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p title="a > b">Seen</p>', "Seen"),
        ("<p title='a > b'>Seen</p>", "Seen"),
        ("<p>5 > 3</p>", "5 > 3"),
        ("<p>3 < 5</p>", "3 < 5"),
        ("<P>One</P><P\nALIGN=left>Two", "One\nTwo"),
        ("<p>One</p><a href=x", "One"),
        ("One<!-- <p>hidden</p> > -->two", "Onetwo"),
        ("<style>p > b {}</style>One<STYLE>x</STYLE >", "One"),
        ("One<!-- no end ><p>Two</p>", "One\nTwo"),
        ("<script>var x = 1;<p>Two</p>", "var x = 1;\nTwo"),
        ("<td>One</td><td></td><td></td><td>2<br>three</td>", "One 2 three"),
        ("<b>b</b>old <strong>strong</strong> <title>hidden</title>", "bold strong"),
        ("One&#8203;&#x200b;two&ensp;&#8195;three&lt;p&gt;", "Onetwo three<p>"),
        ("&amp;lt; &amp;amp; &nosuch; AT&T", "&lt; &amp; &nosuch; AT&T"),
        ("un\u00adbroken\u2009thin\u3000wide", "unbroken thin wide"),
    ],
)
def test_markup_is_read_as_browsers_do(html: str, text: str) -> None:
    raw = f"<html><body>{html}</body></html>".encode()
    assert normalise(Document("10-K", 1, "q.htm", "", raw, Markup.HTML)).text == text


def test_a_heading_in_capitals_parts_from_the_text_below_it() -> None:
    assert text_of("RISKS OF THE\nSTONE TRADE\nQuarries may cave in at\nANY TIME\nof day.\n").split("\n") == [
        "RISKS OF THE STONE TRADE",
        "Quarries may cave in at ANY TIME of day.",
    ]


def test_columns_and_leaders_are_rows_of_their_own() -> None:
    plain = "Our sales were\nStone       100\nGravel.......50\nand they grew to-\nwards spring\n"
    assert text_of(plain).split("\n") == [
        "Our sales were",
        "Stone 100",
        "Gravel.......50",
        "and they grew to-wards spring",
    ]


def test_labels_of_items_open_blocks_of_their_own() -> None:
    plain = "as described below and in\nItem 2.  Properties\nThe pits are ours\nPART II\n"
    assert text_of(plain).split("\n") == [
        "as described below and in", "Item 2. Properties The pits are ours", "PART II",
    ]  # fmt: skip


_ENDLESS = (
    b"<", b">", b"<a", b"</", b"<!--", b"<!-- -->", b"<script>", b"<script></script>", b"<title>", b'<p a="', b"<pre>",
    b"<div>", b"<br>a", b"\x00", b"&#160;", b"&", b"<ix:header>", b":header", b"\xff", b"\xe2\x80\x8b", b"<PAGE>\n",
    b"<TABLE>\n", b"a-\n", b"A b\n", b"\t", b"\r", b"item 1\n", b"....", b" ",
)  # fmt: skip


@pytest.mark.parametrize("markup", [Markup.HTML, Markup.INLINE_XBRL, Markup.TEXT])
@pytest.mark.parametrize("piece", _ENDLESS)
def test_time_grows_with_the_length_of_hostile_documents_and_not_with_its_square(
    piece: bytes, markup: Markup
) -> None:
    document = Document("10-K", 1, "q.htm", "", piece * (400_000 // len(piece)), markup)
    begun = time.process_time()
    normalise(document)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("piece", [b"&amp;", b"<br>a", b"a b ", b"\xff", b"\t", b"a-\n", b"<p>x"])
def test_memory_stays_a_small_multiple_of_the_document(piece: bytes) -> None:
    content = piece * (3_000_000 // len(piece))
    for markup in (Markup.HTML, Markup.TEXT):
        tracemalloc.start()
        normalise(Document("10-K", 1, "q.htm", "", content, markup))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 2**20 + 15 * len(content)


def test_a_long_document_worked_on_in_stretches_is_read_whole() -> None:
    paragraphs = [f"Paragraph {number} tells of stone & gravel." for number in range(80_000)]
    html = "<p>".join(paragraphs).replace("&", "&amp;")
    assert text_of(f"<html><body>{html}</body></html>").split("\n") == paragraphs
    assert text_of("\n\n".join(paragraphs)).split("\n") == paragraphs


def test_deep_nesting_is_read_in_little_time() -> None:
    deep = "<html><body>" + "<div>" * 100_000 + "Text" + "</div>" * 100_000 + "</body></html>"
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
    "<!-- x -->",
    "<!--",
    "&#160;",
    "a-\n",
    "\u00a0",
)


@given(st.lists(st.one_of(st.sampled_from(_TAGS), st.text(max_size=20)), max_size=40))
def test_text_has_no_empty_lines_and_no_double_spaces(pieces: list[str]) -> None:
    text = text_of(("<html><body>" + "".join(pieces) + "</body></html>").encode("utf-8", "replace"))
    if text:
        for line in text.split("\n"):
            assert line == " ".join(line.split()) != ""


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["<PAGE>", "<TABLE>", "</TABLE>", "<S>", "\n", "  ", "12", "Item 1.", "a-"]),
            st.text(max_size=20),
        ),
        max_size=40,
    )
)
def test_plain_text_keeps_every_word_but_page_numbers(pieces: list[str]) -> None:
    raw = "".join(pieces).encode("utf-8", "replace")
    text = normalise(Document("10-K", 1, "q.txt", "", raw, Markup.TEXT)).text
    for line in text.split("\n") if text else []:
        assert line == " ".join(line.split()) != ""
