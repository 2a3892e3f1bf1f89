"""Rows over items of current reports whose words tell more than that the item is there."""

from __future__ import annotations

import re
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.flag_rows import stated
from tenkay_extractor.missing import MissingOperandError
from tenkay_extractor.signal_functions.current_reports import current_report_items, item_reported

VOLUNTARY = Decimal("0.7")

_OWN_WILL = re.compile(
    r"\btransfer(?:ring|red|s)? (?:of )?(?:the |its |our )?(?:\w+ ){0,4}listing\b|\bvoluntar(?:y|ily)"
    r" (?:delist\w*|withdraw\w*|transfer\w*|removal)"
    r"|\b(?:delist|withdraw|transfer)\w* (?:\w+ ){0,6}voluntarily\b",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"\b(?:not|no longer|non)[ -](?:\w+ )?(?:in )?complian\w+|\bdeficien\w+|\bfail(?:ed|ure|s)? to\b"
    r"|\bbelow the\b|\bdoes not (?:meet|satisfy|comply)",
    re.IGNORECASE,
)


def cyber_incident_reported(filing: FilingView) -> Computed:
    """Whether the 8-K reports a cybersecurity incident: as item 1.05, or of its own accord under item 8.01 or 7.01.

    The Division of Corporation Finance asked on 21 May 2024 that incidents not found material go under item 8.01.
    """
    listed = item_reported(filing, "1.05")
    if listed.value:
        return listed
    try:
        told = stated(filing, filing.catalog.patterns["cyber_incident"])
    except MissingOperandError:
        return listed
    if not told.value:
        return listed
    notes = ("told of its own accord, not as a material incident under item 1.05", *told.notes)
    return Computed(True, min(VOLUNTARY, told.confidence), told.evidence, notes)


def delisting_reported(filing: FilingView) -> Computed:
    """Whether the 8-K reports, as item 3.01, a notice of delisting or of a listing rule not met.

    A transfer to another exchange, or a delisting of the registrant's own will, is reported under the same item and is
    none.
    """
    listed = item_reported(filing, "3.01")
    if not listed.value:
        return listed
    for number, section in current_report_items(filing):
        if number != "3.01":
            continue
        own_will = _OWN_WILL.search(section.body)
        if own_will and not _FAILED.search(section.body):
            base = section.section.body_start
            span = (base + own_will.start(), base + own_will.end())
            passage = section.passage(max(base, span[0] - 120), min(section.section.end, span[1] + 120), span)
            return Computed(
                False,
                listed.confidence,
                (passage, filing.searched((section,))),
                ("a transfer or delisting of its own will",),
            )
    return listed


FUNCTIONS = {
    "cyber_incident_reported": cyber_incident_reported,
    "delisting_reported": delisting_reported,
}
