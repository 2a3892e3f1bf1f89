"""The conditions' language: three-valued, and nothing of Python but comparisons."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenkay_analyzer.expressions import ExpressionError, Kind, Value, parse

KINDS = {
    "burn": Kind.FLAG,
    "doubt": Kind.FLAG,
    "runway": Kind.NUMBER,
    "cash": Kind.NUMBER,
    "form": Kind.TEXT,
}


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("burn and doubt", {"burn": True, "doubt": True}, True),
        ("burn and doubt", {"burn": False}, False),
        ("burn and doubt", {"burn": True}, None),
        ("burn or doubt", {"burn": True}, True),
        ("burn or doubt", {"burn": False}, None),
        ("not burn", {}, None),
        ("not burn", {"burn": False}, True),
        ("runway < 12", {"runway": 11.99}, True),
        ("runway < 12", {"runway": 12}, False),
        ("runway < 12", {}, None),
        ("12 > runway", {"runway": 3}, True),
        ("cash >= -1.5", {"cash": Decimal("-1.5")}, True),
        ("runway <= 0.1", {"runway": 0.1}, True),
        ("runway >= 0.1", {"runway": 0.1}, True),
        ("cash == 0", {"cash": Decimal("0.00")}, True),
        ("form == '10-K'", {"form": "10-K"}, True),
        ("form != '10-K'", {"form": "8-K"}, True),
        ("burn == false or runway < 1", {"burn": False}, ExpressionError),
        ("burn == False", {"burn": False}, True),
        ("not (runway >= 1 and runway <= 5)", {"runway": 7}, True),
    ],
)
def test_a_condition_holds_or_not_or_is_left_open(
    text: str, values: dict[str, Value], expected: bool | type[ExpressionError] | None
) -> None:
    if expected is ExpressionError:
        with pytest.raises(ExpressionError):
            parse(text, KINDS)
    else:
        assert parse(text, KINDS).holds(values) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "burn and",
        "unknown_name",
        "runway",
        "runway and burn",
        "burn < doubt",
        "burn > 1",
        "form < 'a'",
        "form == 1",
        "1 < runway < 2",
        "runway + 1 > 2",
        "__import__('os')",
        "burn.real",
        "burn[0]",
        "[x for x in burn]",
        "lambda: burn",
        "(burn := True)",
        "'text'",
        "12",
        "runway in (1, 2)",
        "runway is 1",
        "~burn",
        "runway < 12 if burn else doubt",
        "burn and " * 200 + "burn",
        "(" * 240 + "burn" + ")" * 240,
        "\x00",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text, KINDS)


def test_the_names_of_a_condition_are_told_once_in_their_order() -> None:
    assert parse("burn and (runway < 12 or burn) and cash > 0", KINDS).names == ("burn", "runway", "cash")
