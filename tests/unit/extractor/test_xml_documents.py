"""XML documents as lines of text, and the elements read back from them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.submission import Document, recognise_markup
from tenkay_extractor.text import normalise
from tenkay_extractor.xml_documents import UnreadableXmlError, XmlElement, read_elements, xml_lines


def test_each_value_is_a_line_with_its_path() -> None:
    xml = b'<?xml version="1.0"?><n:a xmlns:n="u"><n:b id="F1"> 1\n 2 </n:b><n:b/><n:b>3</n:b><c><d>4</d></c></n:a>'
    assert xml_lines(xml) == ["a/b/@id: F1", "a/b: 1 2", "a/b[3]: 3", "a/c/d: 4"]


def test_elements_are_read_back_with_their_spans() -> None:
    text = "\n".join(xml_lines(b"<a><b><c>1</c><d>x: y</d></b><b><c>2</c></b></a>"))
    root = read_elements(text)
    assert root is not None
    assert [each.text("c") for each in root.all("b")] == ["1", "2"]
    assert root.text("b/d") == "x: y"
    second = root.all("b")[1]
    assert text[second.start : second.end] == "a/b[2]/c: 2"


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]><a>&m;</a>',
        b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
        b"<a><b></a>",
        b"<a>&undefined;</a>",
        b"",
        b"<a>" * 100_000,
        b"<" + b"a" * 1_000 + b"/>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>\x00</a>",
    ],
)
def test_what_is_not_plain_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(UnreadableXmlError):
        xml_lines(xml)


def test_paths_that_would_outgrow_the_document_are_refused() -> None:
    names = [bytes([97 + n]) * 99 for n in range(26)]
    xml = b"".join(b"<%b>" % name for name in names) + b"<x>1</x>" * 200_000
    xml += b"".join(b"</%b>" % name for name in reversed(names))
    with pytest.raises(UnreadableXmlError, match="bounds"):
        xml_lines(xml)


def test_unreadable_xml_has_an_empty_text() -> None:
    content = b'<?xml version="1.0"?><ownershipDocument><a></ownershipDocument>'
    document = Document("4", 1, "a.xml", "", content, recognise_markup(content))
    assert normalise(document).text == ""


def test_a_large_table_is_read_in_linear_time() -> None:
    def seconds(rows: int) -> float:
        xml = b"<t>" + b"<r><a>1</a><b>2</b></r>" * rows + b"</t>"
        start = time.process_time()
        assert read_elements("\n".join(xml_lines(xml))) is not None
        return time.process_time() - start

    def least(rows: int) -> float:
        return min(seconds(rows) for _ in range(3))

    # Eight times the rows; a quadratic reader would take 64 times as long.
    assert least(40_000) < 32 * max(least(5_000), 0.005)


_NAMES = st.sampled_from(["a", "b", "rptOwner", "value"])
_VALUES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
_TREES = st.recursive(
    st.tuples(_NAMES, _VALUES), lambda inner: st.tuples(_NAMES, st.lists(inner, max_size=4)), max_leaves=20
)


def _escaped(tree: tuple[str, object]) -> str:
    name, inner = tree
    if isinstance(inner, str):
        content = inner.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    else:
        assert isinstance(inner, list)
        content = "".join(map(_escaped, inner))
    return f"<{name}>{content}</{name}>"


def _values(element: XmlElement) -> list[str]:
    return [each.value for each in (element, *element.descendants()) if each.value]


def _leaves(tree: tuple[str, object]) -> list[str]:
    _, inner = tree
    if isinstance(inner, str):
        return [folded] if (folded := " ".join(inner.split())) else []
    assert isinstance(inner, list)
    return [leaf for each in inner for leaf in _leaves(each)]


@given(_TREES)
def test_every_value_is_read_back_and_stands_where_its_span_says(tree: tuple[str, object]) -> None:
    text = "\n".join(xml_lines(_escaped(("root", [tree])).encode()))
    root = read_elements(text)
    assert (_values(root) if root else []) == _leaves(tree)
    for each in root.descendants() if root else ():
        assert each.start <= each.end
        if each.value:
            assert text[each.value_start : each.value_end].endswith(f": {each.value}")
