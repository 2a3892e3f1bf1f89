"""What is attached to a report: certifications, press releases, schemas, a logo."""

from __future__ import annotations

import binascii

from samples.blocks import Block, Paragraph, Strong, say
from samples.companies import SampleCompany
from samples.html_document import html_page
from samples.narrative.events import Exhibit
from samples.narrative.markup import prose_blocks

LOGO = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A GIF of one pixel."""


def certification(company: SampleCompany, number: str, form: str) -> bytes:
    """Exhibit 31 (what the officer is responsible for) or 32 (compliance)."""
    officer = company.chief_executive if number == "31.1" else company.chief_financial
    if number.startswith("31"):
        body = prose_blocks(
            f"""I, {officer}, certify that I have reviewed this report on Form {form} of {company.name}; that, based on
            my knowledge, it does not contain any untrue statement of a material fact; and that I have disclosed to the
            auditors and the audit committee all significant deficiencies and material weaknesses in the design or
            operation of internal control over financial reporting which are reasonably likely to adversely affect the
            ability to record, process, summarize and report financial information."""
        )
    else:
        body = prose_blocks(
            f"""In connection with the report on Form {form} of {company.name}, I certify that it fully complies with
            the requirements of Section 13(a) or 15(d) of the Securities Exchange Act of 1934."""
        )
    title: Block = Paragraph((Strong(f"Exhibit {number}. CERTIFICATION"),), centred=True)
    return html_page(f"EX-{number}", (title, *body, say(f"/s/ {officer}")))


def exhibit_page(exhibit: Exhibit) -> bytes:
    title: Block = Paragraph((Strong(f"Exhibit {exhibit.number}. {exhibit.description}"),), centred=True)
    return html_page(f"EX-{exhibit.number}", (title, *prose_blocks(exhibit.text)))


def schema(company: SampleCompany, file_stem: str) -> bytes:
    """The extension schema that the facts refer to: one element per product."""
    namespace = f"http://{company.prefix}.example/{file_stem.rpartition('-')[2]}"
    elements = "\n".join(
        f'<xs:element id="{company.prefix}_{product.member}" name="{product.member}" abstract="true" nillable="true" '
        'substitutionGroup="xbrli:item" type="xbrli:stringItemType" xbrli:periodType="duration"/>'
        for product in company.products
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xbrli="http://www.xbrl.org/2003/instance" '
        f'targetNamespace="{namespace}" elementFormDefault="qualified">\n{elements}\n</xs:schema>\n'
    ).encode()


def uuencoded(content: bytes, file_name: str) -> bytes:
    """How a full submission carries a binary file."""
    lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + file_name.encode() + b"\n" + b"".join(lines) + b"`\nend\n"
