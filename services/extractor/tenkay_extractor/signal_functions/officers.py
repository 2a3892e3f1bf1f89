"""Rows over Item 5.02 of Form 8-K (officers and directors who come and go) and Item 5.05 (code of ethics)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.number_formats import read_date
from tenkay_extractor.officer_changes import OFFICERS, Change, Changes, Office, read_changes
from tenkay_extractor.phrases import fold
from tenkay_extractor.signal_functions.current_reports import current_report_items, item_reported

AT_HOME = Decimal("0.9")
BY_WHOLE_TEXT = Decimal("0.7")
NOWHERE = Decimal("0.85")
NOWHERE_IN_WHOLE_TEXT = Decimal("0.5")
ABRUPT = Decimal("0.6")
BY_EXHIBIT = Decimal("0.9")
COUNTED = Decimal("0.8")
ABRUPT_DAYS = 10
TURNOVER_DAYS = 365
MOST_PASSAGES = 20

_ITEM = "5.02"
_OFFICES: Mapping[str, Office] = {office.name.lower(): office for office in Office}


def departure(filing: FilingView, *, office: str) -> Computed:
    """Whether Item 5.02 says that the holder of the office leaves it or will; an interim holder does not count."""
    wanted = _OFFICES[office]
    item = _item(filing)
    found = [each for each in item.changes.departures if wanted in each.offices and not each.interim]
    return _flag(filing, item, found)


def director_departure(filing: FilingView) -> Computed:
    """Whether a director who holds no office leaves the board, otherwise than at the end of the term."""
    item = _item(filing)
    found = [
        each for each in item.changes.departures if each.offices == {Office.DIRECTOR} and not each.at_expiry
    ]
    return _flag(filing, item, found)


def appointment(filing: FilingView, *, office: str) -> Computed:
    """Whether Item 5.02 says that someone takes the office; that it is for the interim is a note."""
    wanted = _OFFICES[office]
    item = _item(filing)
    found = [each for each in item.changes.appointments if wanted in each.offices]
    notes = ("interim",) if found and all(each.interim for each in found) else ()
    return _flag(filing, item, found, notes)


def abrupt_departure(filing: FilingView) -> Computed:
    """Whether an officer leaves within ten days of the report's day, not retiring, and no lasting successor named."""
    item = _item(filing)
    leaving = [
        each
        for each in item.changes.departures
        if each.offices & OFFICERS and not each.interim and not each.retirement
    ]
    if not leaving:
        return _flag(filing, item, [], confidence=ABRUPT)
    event = _event_day(filing)
    dated = [each for each in leaving if each.immediate or each.effective is not None]
    if not dated or event is None:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "an officer leaves, but neither the day nor the word immediately is stated",
        )
    found = [
        each
        for each in dated
        if (each.immediate or (each.effective is not None and (each.effective - event).days <= ABRUPT_DAYS))
        and not _succeeded(each, item.changes.appointments)
    ]
    return _flag(filing, item, found, confidence=ABRUPT, dismissed=dated)


def disagreement(filing: FilingView) -> Computed:
    """Whether a director leaves over a disagreement: a sentence of Item 5.02 says so, or exhibit 17 is filed."""
    item = _item(filing)
    denied: list[TextEvidence] = []
    for section in item.sections:
        text = section.source.text
        for start, end in filing.scanned(section.source).sentences.within(
            section.section.body_start, section.section.end
        ):
            sentence = fold(text[start:end])
            stated = _DISAGREES.search(sentence)
            if stated is None:
                continue
            if _DENIES.search(sentence[: stated.end()]):
                denied.append(section.passage(start, end, (start + stated.start(), start + stated.end())))
            else:
                return Computed(
                    True,
                    item.confidence,
                    (section.passage(start, end, (start + stated.start(), start + stated.end())),),
                )
    try:
        letters = filing.exhibits("EX-17")
    except MissingOperandError:
        letters = ()
    if any(letter.body for letter in letters):
        passages = tuple(letter.opening() for letter in letters if letter.body)
        return Computed(
            True, BY_EXHIBIT, passages, ("a director's letter on leaving is filed as exhibit 17",)
        )
    return Computed(False, item.nowhere, (filing.searched(item.sections, denied[:5]),))


_DISAGREES = re.compile(r"\bdisagree(?:ments?|d|s)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|no|nor|none|never|neither|without|any|unaware|nothing)\b|n't\b", re.IGNORECASE
)


def turnover(filing: FilingView) -> Computed:
    """Departures of chief executive, finance chief, operations chief and accounting chief in the year to this filing.

    Needs all the company's 8-Ks of the year among the earlier filings.
    """
    until = filing.content.identity.filed_date
    if until is None:
        raise MissingOperandError(MissingReason.PERIOD_UNCLEAR, "nothing tells the filing date")
    since = until - timedelta(days=TURNOVER_DAYS)
    reports = [each for each in filing.earlier if each.content.family is FormFamily.CURRENT]
    complete = filing.earlier_complete_since
    if complete is None or complete > since + timedelta(days=1) or (filing.earlier and not reports):
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            f"it needs all 8-Ks filed since {since + timedelta(days=1)} as earlier filings,"
            " and the day since which they are complete",
        )
    if filing.content.family is FormFamily.CURRENT:
        reports.append(filing)
    seen: dict[tuple[Office, str], tuple[FilingView, _Item, Change]] = {}
    for report in reports:
        try:
            item, day = _item(report), _event_day(report)
        except MissingOperandError:
            continue
        if day is None or not since < day <= until:
            continue
        for change in item.changes.departures:
            if change.interim:
                continue
            for office in change.offices & OFFICERS:
                person = change.surname or report.content.identity.accession_number
                seen.setdefault((office, person), (report, item, change))
    passages: list[Evidence] = []
    people: dict[str, None] = {}
    sure = Decimal(0)
    for (_, person), (report, item, change) in seen.items():
        if person in people:
            continue
        people[person] = None
        sure += item.confidence
        passage = item.passage(change)
        passages.append(passage if report is filing else report.cited(passage))
    notes = (f"{len(reports)} reports on Form 8-K searched",)
    if not people:
        return Computed(0, COUNTED * NOWHERE, (filing.searched((filing.main_text(),)),), notes)
    return Computed(len(people), COUNTED * sure / len(people), tuple(passages[:MOST_PASSAGES]), notes)


def ethics_waiver(filing: FilingView) -> Computed:
    """Whether Item 5.05 reports a waiver of the code of ethics; an amendment alone is none."""
    reported = item_reported(filing, "5.05")
    if reported.value is False:
        return reported
    sections = [section for number, section in current_report_items(filing) if number == "5.05"]
    for section in sections or [filing.main_text()]:
        text = section.source.text
        for start, end in filing.scanned(section.source).sentences.within(
            section.section.body_start, section.section.end
        ):
            sentence = fold(text[start:end])
            waived = _WAIVES.search(sentence)
            if waived and not _NO_WAIVER.search(sentence):
                passage = section.passage(start, end, (start + waived.start(), start + waived.end()))
                return Computed(True, min(reported.confidence, AT_HOME), (passage,))
    searched = filing.searched(sections or (filing.main_text(),))
    return Computed(
        False, Decimal("0.8"), (*reported.evidence, searched), ("the code was amended, no waiver is stated",)
    )


_WAIVES = re.compile(
    r"\b(?:waived|(?:granted|approved|gave|issued|authorized|provided)\b[^.;]{0,80}\bwaivers?|waivers?"
    r" (?:was|were|has been|of)\b[^.;]{0,120}"
    r"\b(?:granted|approved|given))",
    re.IGNORECASE,
)
_NO_WAIVER = re.compile(
    r"\b(?:no|not|any|without|nor|future|may|would|will|if|requests?|process for)\b[^.;]{0,80}\bwaive"
    r"|\bwaivers?\b[^.;]{0,40}\bif any\b"
    r"|\bdisclos\w+ [^.;]{0,60}waivers?|\bdid not (?:result|relate)",
    re.IGNORECASE,
)


# The item


@dataclass(frozen=True, slots=True)
class _Item:
    """Item 5.02, or the whole report where EDGAR's list has the item and its heading was not found."""

    sections: tuple[SectionText, ...]
    changes: Changes
    by_section: tuple[tuple[SectionText, Changes], ...]
    confidence: Decimal
    nowhere: Decimal

    def passage(self, change: Change) -> TextEvidence:
        for section, changes in self.by_section:
            if change in changes.departures or change in changes.appointments:
                return section.passage(change.start, change.end, change.focus)
        raise ValueError("the change is of another report")


def _item(filing: FilingView) -> _Item:
    return filing.derive_whole(_read_item)


def _read_item(filing: FilingView) -> _Item:
    sections = tuple(section for number, section in current_report_items(filing) if number == _ITEM)
    listed = _ITEM in filing.content.identity.items
    if not sections and not listed:
        # Where no item at all was found it says so in the words of officer_or_director_change.
        item_reported(filing, _ITEM)
        raise MissingOperandError(MissingReason.SECTION_NOT_FOUND, "the report has no Item 5.02")
    read = sections or (filing.main_text(),)
    by_section = tuple((section, _changes(filing, section)) for section in read)
    merged = Changes(
        tuple(each for _, changes in by_section for each in changes.departures),
        tuple(each for _, changes in by_section for each in changes.appointments),
    )
    if sections:
        return _Item(read, merged, by_section, AT_HOME, NOWHERE)
    return _Item(read, merged, by_section, BY_WHOLE_TEXT, NOWHERE_IN_WHOLE_TEXT)


def _changes(filing: FilingView, section: SectionText) -> Changes:
    spans = filing.scanned(section.source).sentences.within(section.section.body_start, section.section.end)
    text, identity = section.source.text, filing.content.identity
    reported = _event_day(filing) or _first_day_named(text[section.section.body_start : section.section.end])
    return read_changes(text, spans, reported, identity.company_name)


def _event_day(filing: FilingView) -> date | None:
    """Day of the earliest event reported; the filing day when that is not told."""
    identity = filing.content.identity
    return identity.period_end or identity.filed_date


def _first_day_named(text: str) -> date | None:
    """The first whole date in the item, for reports that tell no day: the items open with what happened.

    Not the newest: terms of office and agreements end years ahead.
    """
    found = _DAY_NAMED.search(text)
    return read_date(found.group()) if found else None


_DAY_NAMED = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{1,2}, (?:19|20)\d\d\b"
)


def _succeeded(change: Change, appointments: Sequence[Change]) -> bool:
    return any(not each.interim and each.offices & change.offices for each in appointments)


def _flag(
    filing: FilingView,
    item: _Item,
    found: Sequence[Change],
    notes: tuple[str, ...] = (),
    *,
    confidence: Decimal | None = None,
    dismissed: Sequence[Change] = (),
) -> Computed:
    if found:
        passages = tuple(item.passage(each) for each in found[:MOST_PASSAGES])
        return Computed(True, confidence or item.confidence, passages, notes)
    spoken = [item.passage(each) for each in dismissed[:5]]
    return Computed(False, confidence or item.nowhere, (filing.searched(item.sections, spoken),), notes)


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "office_departure": departure,
    "director_departure": director_departure,
    "office_appointment": appointment,
    "abrupt_departure": abrupt_departure,
    "director_disagreement": disagreement,
    "officer_turnover": turnover,
    "ethics_code_waiver": ethics_waiver,
}
