"""Facts of inline documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tenkay_extractor.facts import Fact, Period
from tenkay_extractor.inline_xbrl import read_inline_facts
from tests.unit.extractor.inline_pages import CONTEXTS, UNITS, number, page

YEAR = Period(date(2023, 1, 1), date(2023, 12, 31))


def facts_of(body: str, **options: str) -> tuple[Fact, ...]:
    return read_inline_facts([("q.htm", page(body, **options))]).facts


def test_a_number_has_its_scale_sign_unit_period_and_accuracy() -> None:
    (fact,) = facts_of(
        "<p>(" + number("us-gaap:NetIncomeLoss", "1,234.5", sign="-", id="f1", decimals="-5") + ")</p>"
    )
    assert fact.concept == "us-gaap:NetIncomeLoss"
    assert fact.value == Decimal("-1234500000")
    assert (fact.unit, fact.decimals, fact.fact_id) == ("USD", -5, "f1")
    assert fact.context.period == YEAR
    assert fact.context.entity == "0009999999"
    assert not fact.context.members


def test_parentheses_around_a_tag_do_not_negate() -> None:
    (fact,) = facts_of("(" + number("us-gaap:PaymentsToAcquireProductiveAssets", "5") + ")")
    assert fact.value == Decimal(5_000_000)


def test_a_fact_inside_a_fact_is_found() -> None:
    inner = number("us-gaap:Revenues", "10", id="inner")
    outer = number("q:Sales", inner, id="outer")
    block = (
        f'<ix:nonNumeric name="q:Note" contextRef="y" id="note"><p>Sales were {outer}.</p></ix:nonNumeric>'
    )
    found = {fact.fact_id: fact for fact in facts_of(block)}
    assert found["inner"].value == found["outer"].value == Decimal(10_000_000)
    assert found["note"].text == "Sales were 10."


def test_nil_is_absent_under_any_prefix_and_a_dash_tagged_zero_is_zero() -> None:
    nil = (
        '<ix:nonFraction name="us-gaap:Goodwill" contextRef="b" unitRef="usd" xs:nil="true"></ix:nonFraction>'
    )
    dash = number("us-gaap:LongTermDebt", "—", contextRef="b", format="ixt:fixed-zero")
    first, second = facts_of(nil + dash)
    assert first.nil
    assert first.value is None
    assert second.value == 0


def test_dimensions_are_kept_with_explicit_and_typed_members() -> None:
    (fact,) = facts_of(number("us-gaap:Revenues", "3", contextRef="s"))
    assert fact.context.members == (
        ("q:PitAxis", "North"),
        ("us-gaap:StatementBusinessSegmentsAxis", "q:StoneMember"),
    )


def test_elements_are_named_by_namespace_not_by_the_prefix_in_use() -> None:
    (fact,) = facts_of(number("gaap:Assets", "3", contextRef="b"))
    assert fact.concept == "us-gaap:Assets"


def test_units_may_be_ratios() -> None:
    (fact,) = facts_of(
        number("us-gaap:EarningsPerShareDiluted", "1.25", unitRef="eps", scale="0", decimals="2")
    )
    assert (fact.unit, fact.value) == ("USD/shares", Decimal("1.25"))


def test_infinite_accuracy_is_told_from_none() -> None:
    exact, untold = facts_of(
        number("us-gaap:Assets", "3", decimals="INF") + number("us-gaap:Liabilities", "3", decimals="")
    )
    assert exact.infinitely_precise
    assert (untold.infinitely_precise, untold.decimals) == (False, None)


def test_text_goes_on_in_its_continuations_without_what_is_excluded() -> None:
    body = (
        '<ix:nonNumeric name="dei:EntityAddressAddressLine1" contextRef="y" continuedAt="c1">One'
        "<ix:exclude> (page 3)</ix:exclude></ix:nonNumeric><p>between</p>"
        '<ix:continuation id="c1" continuedAt="c2">Quarry</ix:continuation>'
        '<ix:continuation id="c2">Road</ix:continuation>'
    )
    (fact,) = facts_of(body)
    assert fact.text == "One Quarry Road"


def test_hidden_facts_are_read_and_marked() -> None:
    (fact,) = facts_of("<p>Text</p>", hidden=number("us-gaap:Assets", "3"))
    assert fact.hidden


def test_comments_hold_no_facts() -> None:
    assert facts_of("<!-- " + number("us-gaap:Assets", "3") + " -->") == ()


def test_a_context_may_stand_in_another_document_of_the_filing() -> None:
    statements = page(number("us-gaap:Assets", "3", contextRef="b"), resources="")
    found = read_inline_facts([("main.htm", page("<p>Cover</p>")), ("ex13.htm", statements)])
    assert [(fact.document, fact.value) for fact in found.facts] == [("ex13.htm", Decimal(3_000_000))]


def test_facts_for_another_target_document_are_left_out() -> None:
    assert facts_of(number("us-gaap:Assets", "3", target="other")) == ()


def test_what_cannot_be_read_is_left_out_with_a_warning_and_costs_nothing_else() -> None:
    found = read_inline_facts(
        [
            (
                "q.htm",
                page(
                    number("us-gaap:Assets", "(3)", id="brackets")
                    + number("us-gaap:Assets", "3", contextRef="nowhere", id="lost")
                    + number("us-gaap:Liabilities", "2", id="good")
                ),
            )
        ]
    )
    assert [fact.fact_id for fact in found.facts] == ["good"]
    assert len(found.warnings) == 2
    assert "brackets" in found.warnings[0]


def test_another_prefix_for_the_inline_namespace_is_understood() -> None:
    body = number("us-gaap:Assets", "3").replace("ix:", "inline:")
    assert len(facts_of(body, prefix="inline")) == 1


def test_a_broken_end_tag_costs_its_own_fact_only() -> None:
    broken = number("us-gaap:Assets", "3", id="open").replace("</ix:nonFraction>", "")
    found = facts_of(f"<p>{broken}</p><p>{number('us-gaap:Liabilities', '2', id='whole')}</p>")
    assert [fact.fact_id for fact in found] == ["whole"]


def test_a_time_of_midnight_ends_the_day_before() -> None:
    contexts = CONTEXTS.replace("<xbrli:instant>2023-12-31<", "<xbrli:instant>2024-01-01T00:00:00<")
    (fact,) = facts_of(number("us-gaap:Assets", "3", contextRef="b"), resources=contexts + UNITS)
    assert fact.context.period == Period(None, date(2023, 12, 31))


def text(name: str, shown: str, **attributes: str) -> str:
    given = {"contextRef": "y"} | attributes
    written = "".join(f' {key}="{value}"' for key, value in given.items())
    return f'<ix:nonNumeric name="{name}"{written}>{shown}</ix:nonNumeric>'


@pytest.mark.parametrize(
    ("shown", "text_format", "value"),
    [
        ("September&#160;28, <b>2024</b>", "ixt:date-monthname-day-year-en", "2024-09-28"),
        ("&#9746;", "ixt-sec:boolballotbox", "true"),
        ("No", "ixt:fixed-false", "false"),
        ("Non-accelerated filer", "ixt-sec:entityfilercategoryen", "Non-accelerated Filer"),
        ("The <i>Nasdaq</i> Stock Market", "ixt-sec:exchnameen", "NASDAQ"),
    ],
)
def test_text_stands_for_what_its_format_says(shown: str, text_format: str, value: str) -> None:
    (fact,) = facts_of(text("dei:Anything", shown, format=text_format))
    assert fact.text == value


def test_text_that_its_format_does_not_allow_is_left_out_with_a_warning() -> None:
    found = read_inline_facts([("q.htm", page(text("dei:Flag", "perhaps", format="ixt-sec:boolballotbox")))])
    assert found.facts == ()
    assert "dei:Flag" in found.warnings[0]


def test_words_of_neighbouring_cells_stay_apart() -> None:
    (fact,) = facts_of(text("dei:EntityAddressAddressLine1", "<td>One</td><td>Quarry<br/>R<b>oad</b></td>"))
    assert fact.text == "One Quarry Road"


def test_text_blocks_have_no_text() -> None:
    (fact,) = facts_of(text("us-gaap:DebtDisclosureTextBlock", "<p>Debt</p>"))
    assert fact.text is None
    assert not fact.nil


def test_attributes_are_read_in_any_quotes_and_order_with_references() -> None:
    tag = (
        "<ix:nonFraction\n id = 'f&amp;1'  unitRef='usd'\tcontextRef=\"b\" title=\"a > b 'c'\" decimals='0'"
        " name='us-gaap:Assets' >7</ix:nonFraction >"
    )
    (fact,) = facts_of(tag)
    assert (fact.fact_id, fact.value, fact.decimals) == ("f&1", Decimal(7), 0)


def test_a_comment_inside_a_number_is_nothing() -> None:
    (fact,) = facts_of(number("us-gaap:Assets", "1<!-- ,000 -->2", scale="0"))
    assert fact.value == Decimal(12)


def test_an_unclosed_comment_ends_the_document() -> None:
    found = facts_of(number("us-gaap:Assets", "3", id="before") + "<!-- " + number("us-gaap:Assets", "4"))
    assert [fact.fact_id for fact in found] == ["before"]


def test_the_characters_of_a_cdata_section_are_text() -> None:
    (fact,) = facts_of(text("dei:EntityRegistrantName", "<![CDATA[Quarry & Sons <ix:nonFraction>]]>"))
    assert fact.text == "Quarry & Sons <ix:nonFraction>"


def test_a_namespace_declared_far_from_the_root_is_understood() -> None:
    tag = number("late:Assets", "3").replace(" name=", ' xmlns:late="http://fasb.org/us-gaap/2024" name=')
    (fact,) = facts_of(f"<p>{' ' * 200_000}</p>{tag}")
    assert fact.concept == "us-gaap:Assets"


def test_the_ratio_of_a_unit_is_not_mistaken_for_a_unit() -> None:
    per_share = """<xbrli:unit id="each"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure>
</xbrli:unitNumerator><xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator>
</xbrli:divide></xbrli:unit>"""
    (fact,) = facts_of(number("us-gaap:EPS", "2", unitRef="each", scale="0"), resources=CONTEXTS + per_share)
    assert fact.unit == "USD/shares"


def test_a_context_for_ever_and_an_empty_typed_member_are_read() -> None:
    contexts = """<xbrli:context id="y"><xbrli:entity><xbrli:identifier scheme="s">1</xbrli:identifier></xbrli:entity>
<xbrli:period><xbrli:forever/></xbrli:period><xbrli:scenario><xbrldi:typedMember dimension="q:PitAxis"><q:pit></q:pit>
</xbrldi:typedMember></xbrli:scenario></xbrli:context>"""
    (fact,) = facts_of(number("us-gaap:Assets", "2"), resources=contexts + UNITS)
    assert fact.context.period is None
    assert fact.context.members == (("q:PitAxis", ""),)


def test_a_fraction_is_left_out_with_a_warning() -> None:
    fraction = (
        '<ix:fraction name="q:Ratio" contextRef="y" unitRef="shares" id="half"><ix:numerator>1</ix:numerator>'
        "<ix:denominator>2</ix:denominator></ix:fraction>"
    )
    found = read_inline_facts([("q.htm", page(fraction))])
    assert found.facts == ()
    assert "half" in found.warnings[0]


def test_facts_agree_with_those_that_an_xml_parser_finds() -> None:
    body = (
        "<table><tr><td>" + number("us-gaap:Assets", "1,234", id="a") + "</td></tr></table>"
        + text("q:Policy", "We hold " + number("us-gaap:Cash", "5", id="b") + " and "
               + text("q:Inner", "<b>more</b>"))
    )  # fmt: skip
    content = page(body)
    inline = "{http://www.xbrl.org/2013/inlineXBRL}"
    expected = {
        (element.get("name"), "".join(element.itertext()).strip())
        for kind in ("nonFraction", "nonNumeric")
        for element in etree.fromstring(content).iter(f"{inline}{kind}")
    }
    found = read_inline_facts([("q.htm", content)]).facts
    assert {(fact.concept, fact.text) for fact in found if not fact.is_numeric} <= expected
    assert len(found) == len(expected)


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 10**12), st.integers(0, 6), st.sampled_from(["y", "b"]), st.booleans()
        ),
        max_size=12,
    )
)
def test_every_tagged_number_comes_out_once_with_its_value(rows: list[tuple[int, int, str, bool]]) -> None:
    tags = [
        number("us-gaap:Assets", f"{abs(value):,}", scale=str(scale), contextRef=context, id=f"n{position}",
               sign="-" if value < 0 else "")
        for position, (value, scale, context, _) in enumerate(rows)
    ]  # fmt: skip
    body = "".join(
        f'<ix:nonNumeric name="q:Block" contextRef="y">{tag}</ix:nonNumeric>' if nested else f"<td>{tag}</td>"
        for tag, (_, _, _, nested) in zip(tags, rows, strict=True)
    )
    found = {fact.fact_id: fact.value for fact in facts_of(body) if fact.is_numeric}
    assert found == {
        f"n{position}": Decimal(value).scaleb(scale) for position, (value, scale, _, _) in enumerate(rows)
    }


_PIECES = (
    "<ix:nonFraction name='a:b'>", "</ix:nonFraction>", "<ix:exclude>", "</ix:exclude>", "<ix:nonNumeric>",
    "</ix:nonNumeric>", "<ix:hidden>", "</ix:hidden>", "1", "<!--", "-->", "<ix:continuation id='c' continuedAt='c'>",
    "</ix:continuation>", "<", ">", '"',
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=40))
def test_any_order_of_tags_is_survived(pieces: list[str]) -> None:
    read_inline_facts([("q.htm", page("".join(pieces)))])


@pytest.mark.parametrize("name", ["", " "])
def test_a_fact_that_names_no_element_is_left_out_with_a_warning(name: str) -> None:
    nameless = f'<ix:nonNumeric name="{name}" contextRef="y">LKFI</ix:nonNumeric>'
    found = read_inline_facts([("q.htm", page(number("us-gaap:Assets", "5") + nameless))])
    assert [fact.concept for fact in found.facts] == ["us-gaap:Assets"]
    assert "it names no element" in found.warnings[0]
