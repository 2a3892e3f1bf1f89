"""Rows over the items of current reports: Form 8-K, General Instruction B and Items 1.01 to 9.01."""

from __future__ import annotations

from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.item_schemes import PRESENT_CURRENT_REPORT_ITEM, header_items
from tenkay_extractor.missing import MissingOperandError, MissingReason

LISTED_AND_PRINTED = Decimal("0.98")
LISTED_ONLY = Decimal("0.9")
PRINTED_ONLY = Decimal("0.7")


def item_reported(filing: FilingView, item: str) -> Computed:
    """Whether the 8-K reports this item, by its present number: "4.02".

    True when EDGAR's list of the filing's items has it or its heading stands in the text; false when neither does. The
    evidence is the heading and how the item begins, or which items were found instead. Numbers of before August 2004
    are taken as those that followed them (SEC Release 33-8400).
    """
    listed = header_items(filing.content.header.items) if filing.content.header else ()
    printed = current_report_items(filing)
    found = tuple(each for number, each in printed if number == item)
    if item in listed:
        if found:
            return Computed(True, LISTED_AND_PRINTED, tuple(each.opening() for each in found))
        note = "the list of items names it; its heading was not found in the text"
        return Computed(True, LISTED_ONLY, (filing.main_text().opening(),), (note,))
    if found:
        notes = ("the list of items does not name it",) if listed else ()
        return Computed(True, PRINTED_ONLY, tuple(each.opening() for each in found), notes)
    if not listed and not printed:
        raise MissingOperandError(
            MissingReason.SECTION_NOT_FOUND,
            "no item of the current report was found, so none can be ruled out",
        )
    searched = tuple(each for _, each in printed) or (filing.main_text(),)
    confidence = LISTED_AND_PRINTED if listed and printed else LISTED_ONLY if listed else PRINTED_ONLY
    return Computed(False, confidence, (filing.searched(searched),))


def current_report_items(filing: FilingView) -> tuple[tuple[str, SectionText], ...]:
    """(present number, section) of each item that the current report prints, in its order."""
    found = []
    for code in dict.fromkeys(section.code for section in filing.content.sections):
        number = code.removeprefix("item_")
        if number != code:
            present = PRESENT_CURRENT_REPORT_ITEM.get(number, number)
            found += [(present, each) for each in filing.sections_coded(code)]
    return tuple(found)


FUNCTIONS = {"item_reported": item_reported}
