"""Facts of XBRL instances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tenkay_extractor.facts import Fact, Period
from tenkay_extractor.submission import Markup, recognise_markup
from tenkay_extractor.xbrl_instance import read_instance_facts

ROOT = (
    '<?xml version="1.0"?>\n<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" '
    'xmlns:us-gaap="http://xbrl.us/us-gaap/2009-01-31" xmlns:dei="http://xbrl.us/dei/2009-01-31" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:iso4217="http://www.xbrl.org/2003/iso4217">\n'
)
CONTEXT = (
    '<xbrli:context id="d"><xbrli:entity><xbrli:identifier scheme="s">0009999999</xbrli:identifier></xbrli:entity>'
    "<xbrli:period><xbrli:startDate>2010-01-01</xbrli:startDate><xbrli:endDate>2010-12-31</xbrli:endDate></xbrli:period>"
    '</xbrli:context><xbrli:unit id="u"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>\n'
)


def facts_of(body: str) -> tuple[Fact, ...]:
    return read_instance_facts("q.xml", f"{ROOT}{CONTEXT}{body}</xbrli:xbrl>".encode()).facts


def test_numbers_have_value_period_unit_and_accuracy() -> None:
    (fact,) = facts_of(
        '<us-gaap:Revenues contextRef="d" unitRef="u" decimals="-3" id="f">-12000</us-gaap:Revenues>'
    )
    assert (fact.concept, fact.value, fact.unit, fact.decimals) == (
        "us-gaap:Revenues",
        Decimal(-12000),
        "USD",
        -3,
    )
    assert fact.context.period == Period(date(2010, 1, 1), date(2010, 12, 31))


def test_accuracy_may_be_told_in_digits() -> None:
    (fact,) = facts_of('<us-gaap:Revenues contextRef="d" unitRef="u" precision="3">123456</us-gaap:Revenues>')
    assert fact.decimals == -3


def test_nil_is_absent() -> None:
    (fact,) = facts_of('<us-gaap:Revenues contextRef="d" unitRef="u" xsi:nil="true"/>')
    assert fact.nil
    assert fact.value is None


def test_text_has_its_references_resolved() -> None:
    (fact,) = facts_of(
        '<dei:EntityRegistrantName contextRef="d">Quarry &amp; Sons</dei:EntityRegistrantName>'
    )
    assert fact.text == "Quarry & Sons"


def test_escaped_markup_in_a_text_block_holds_no_facts() -> None:
    block = (
        "&lt;us-gaap:Revenues contextRef=&quot;d&quot; unitRef=&quot;u&quot;&gt;5&lt;/us-gaap:Revenues&gt;"
    )
    found = facts_of(f'<us-gaap:NoteTextBlock contextRef="d">{block}</us-gaap:NoteTextBlock>')
    assert [fact.concept for fact in found] == ["us-gaap:NoteTextBlock"]


def test_a_cdata_section_and_escaped_markup_are_text() -> None:
    section, escaped = facts_of(
        '<dei:EntityRegistrantName contextRef="d"><![CDATA[Quarry & Sons 5 < 6]]></dei:EntityRegistrantName>'
        '<dei:Note contextRef="d">&lt;p&gt;Stone &amp;amp; sand&lt;/p&gt;</dei:Note>'
    )
    assert section.text == "Quarry & Sons 5 < 6"
    assert escaped.text == "Stone & sand"


def test_elements_without_a_prefix_are_named_by_the_default_namespace() -> None:
    root = ROOT.replace("<xbrli:xbrl ", '<xbrli:xbrl xmlns="http://fasb.org/us-gaap/2012-01-31" ')
    body = '<Revenues contextRef="d" unitRef="u" decimals="0">5</Revenues>'
    (fact,) = read_instance_facts("q.xml", f"{root}{CONTEXT}{body}</xbrli:xbrl>".encode()).facts
    assert (fact.concept, fact.value) == ("us-gaap:Revenues", Decimal(5))


def test_contexts_without_a_prefix_are_read() -> None:
    plain = CONTEXT.replace("xbrli:", "").replace("iso4217:", "iso4217:")
    root = ROOT.replace("<xbrli:xbrl ", '<xbrl xmlns="http://www.xbrl.org/2003/instance" ')
    body = '<us-gaap:Revenues contextRef="d" unitRef="u" decimals="0">5</us-gaap:Revenues>'
    (fact,) = read_instance_facts("q.xml", f"{root}{plain}{body}</xbrl>".encode()).facts
    assert fact.unit == "USD"


def test_a_word_of_the_text_is_no_attribute() -> None:
    found = facts_of('<dei:Note contextRef="d">a contextRef="d" in the text</dei:Note>')
    assert len(found) == 1


def test_an_unknown_context_or_unit_is_a_warning() -> None:
    body = '<us-gaap:A contextRef="none" unitRef="u">5</us-gaap:A><us-gaap:B contextRef="d" unitRef="none">5</us-gaap:B>'
    found = read_instance_facts("q.xml", f"{ROOT}{CONTEXT}{body}</xbrli:xbrl>".encode())
    assert found.facts == ()
    assert ["us-gaap:A" in warning for warning in found.warnings] == [True, False]


def test_an_instance_is_recognised_by_its_root() -> None:
    assert recognise_markup(f"{ROOT}</xbrli:xbrl>".encode()) is Markup.XBRL_INSTANCE
