"""Rows over the items of 8-Ks, on the samples and on made-up headers."""

from __future__ import annotations

import pytest

from tenkay_extractor.evidence import SearchEvidence, TextEvidence
from tenkay_extractor.extraction import Blob, Extraction, extract
from tenkay_extractor.missing import MissingReason

ITEM_4_02 = (
    "Item 4.02 Non-Reliance on Previously Issued Financial Statements\n\nOn May 1 the board so concluded.\n"
)
ITEM_8_01 = "Item 8.01 Other Events\n\nThe company opened a shop.\n"


def report(body: str, *listed: str, filed: str = "20240501") -> Extraction:
    items = "".join(f"ITEM INFORMATION:\t\t{caption}\n" for caption in listed)
    text = (
        f"<SEC-DOCUMENT>0001999001-24-000001.txt : {filed}\n<SEC-HEADER>\nACCESSION NUMBER: 0001999001-24-000001\n"
        f"CONFORMED SUBMISSION TYPE: 8-K\n{items}FILED AS OF DATE: {filed}\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n"
        f"<SEQUENCE>1\n<FILENAME>report.txt\n<TEXT>\nFORM 8-K\n\nCURRENT REPORT\n\n{body}\n\nSIGNATURES\n\nA name\n</TEXT>\n"
        "</DOCUMENT>\n</SEC-DOCUMENT>\n"
    )
    return extract([Blob(text.encode(), filename="submission.txt")])


NON_RELIANCE = "Non-Reliance on Previously Issued Financial Statements or a Related Audit Report or Completed Interim Review"


@pytest.mark.parametrize(
    ("body", "listed", "expected", "confidence"),
    [
        (ITEM_4_02, (NON_RELIANCE,), True, 0.98),
        (ITEM_8_01, (NON_RELIANCE, "Other Events"), True, 0.9),
        (ITEM_4_02, ("Other Events",), True, 0.7),
        (ITEM_8_01, ("Other Events",), False, 0.98),
        (ITEM_8_01, (), False, 0.7),
    ],
)
def test_an_item_is_reported_when_the_list_or_a_heading_has_it(
    body: str, listed: tuple[str, ...], expected: bool, confidence: float
) -> None:
    signal = next(each for each in report(body, *listed).signals if each.id == "non_reliance_restatement")
    assert (signal.value, signal.confidence) == (expected, confidence)
    kind = TextEvidence if expected else SearchEvidence
    assert all(isinstance(each, kind) for each in signal.evidence)


def test_items_of_before_2004_are_those_that_followed_them() -> None:
    found = report(
        "Item 4. Changes in Registrant's Certifying Accountant\n\nWe dismissed them.\n", filed="20030501"
    )
    assert next(each for each in found.signals if each.id == "auditor_change").value is True


def test_a_report_without_any_item_rules_none_out() -> None:
    found = report("Nothing that is an item.\n")
    gap = next(each for each in found.missing if each.id == "auditor_change")
    assert gap.reason is MissingReason.SECTION_NOT_FOUND
