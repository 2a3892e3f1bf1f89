"""What a regular expression is made of."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from tenkay_extractor import expression_parts
from tenkay_extractor.expression_parts import Choice, Edge, Group, Part, Text, Unknown, parts_of
from tenkay_extractor.worded_expressions import WordedExpression


def text(characters: str) -> tuple[Part, ...]:
    return tuple(map(Text, characters))


def test_this_python_has_the_parser_that_expressions_are_read_with() -> None:
    """Python's own parser of expressions is not public. When a Python moves or changes it, mend `expression_parts`."""
    read = parts_of(r"\bpaid( (?:in|by))+ cash\Z(?:x?)(?i:y)[ab]")
    assert read == (
        Edge(),
        *text("paid"),
        Group((Group((Text(" "), Choice((text("in"), text("by"))))),)),
        *text(" cash"),
        Edge(),
        Unknown(),
        Unknown(),
        Unknown(),
    )


@pytest.mark.parametrize(
    "parser",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(parse=lambda _: ["another form"]),
        SimpleNamespace(parse=lambda _: None),
    ],
)
def test_without_that_parser_an_expression_is_tried_everywhere(
    monkeypatch: pytest.MonkeyPatch, parser: object
) -> None:
    monkeypatch.setattr(expression_parts, "_parser", parser)
    assert parts_of("subpoena") == (Unknown(),)
    expression = WordedExpression("subpoenas?")
    found = expression.search("we received a subpoena")
    assert found is not None
    assert found.group() == "subpoena"
    assert expression.search("we received a letter") is None


def test_an_expression_that_does_not_compile_is_an_error() -> None:
    with pytest.raises(re.error):
        parts_of("(")
