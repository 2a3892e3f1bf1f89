"""Rows that the form itself answers: late notices, the end of reporting, amendments, equity that is registered."""

from __future__ import annotations

import re
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, FactEvidence, TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.signal_functions.cover_marks import marked, marks_of

LISTED_AND_PRINTED = Decimal("0.98")
LISTED_ONLY = Decimal("0.9")
PRINTED_ONLY = Decimal("0.7")
_COVER = 12_000  # characters

_TYPE_LINE = re.compile(r"^(?:CONFORMED SUBMISSION TYPE:|<TYPE>) ?\S[^\n]*$", re.MULTILINE)


def late_notice(filing: FilingView) -> Computed:
    """That the registrant says it cannot file in time (Form 12b-25); the notes say what it gives as its reason.

    The evidence is the form's type and how Part III's narrative begins.
    """
    main = _main(filing)
    printed = main and re.search(r"\b12b-25\b|notification of late filing", main.body[:_COVER], re.IGNORECASE)
    evidence = list(_form_evidence(filing))
    notes = []
    if main is not None and (narrative := _narrative(main)):
        evidence.append(narrative)
        if (anticipated := _change_anticipated(main.body)) is not None:
            notes.append(f"a significant change in results is {'' if anticipated else 'not '}anticipated")
    return Computed(True, _confidence(filing, bool(printed)), tuple(evidence), tuple(notes))


_NARRATIVE = re.compile(
    r"\bpart iii\b[^\n]{0,10}\bnarrative\b|^\W*narrative\W*$", re.IGNORECASE | re.MULTILINE
)
_INSTRUCTION = re.compile(
    r"\bstate below in reasonable detail|\battach extra sheets|\bcould not be filed within the prescribed",
    re.IGNORECASE,
)
_NEXT_PART = re.compile(r"\bpart iv\b", re.IGNORECASE)


def _narrative(main: SectionText) -> TextEvidence | None:
    """How the narrative of Part III begins, behind the form's own words."""
    text = main.source.text
    heading = _NARRATIVE.search(text)
    if heading is None:
        return None
    stop = _NEXT_PART.search(text, heading.end())
    end = stop.start() if stop else len(text)
    start = heading.end()
    while (at := text.find("\n", start, end)) >= 0:
        line_end = text.find("\n", at + 1, end)
        line_end = end if line_end < 0 else line_end
        line = text[at + 1 : line_end]
        if len(line.split()) >= 5 and not _INSTRUCTION.search(line):
            return main.passage(at + 1, line_end)
        start = at + 1
    return None


_ANTICIPATED = re.compile(r"anticipated that any significant change in results", re.IGNORECASE)
_TICKED = r"(?:[\u2612\u2611\u2714\u00fe\u00fdX]|\[ ?[Xx] ?\])"
_UNTICKED = r"(?:[\u2610\u00a8o]|\[ ?_?\s?\])"
_YES_TICKED = re.compile(
    rf"{_TICKED} ?yes\b[^\n]{{0,12}}{_UNTICKED} ?no\b|\byes ?{_TICKED} ?no"
    rf" ?{_UNTICKED}",
    re.IGNORECASE,
)
_NO_TICKED = re.compile(
    rf"{_UNTICKED} ?yes\b[^\n]{{0,12}}{_TICKED} ?no\b|\byes ?{_UNTICKED} ?no"
    rf" ?{_TICKED}",
    re.IGNORECASE,
)


def _change_anticipated(text: str) -> bool | None:
    """The box of Part IV (3); None when it cannot be told which is ticked."""
    question = _ANTICIPATED.search(text)
    if question is None:
        return None
    answer = text[question.end() : question.end() + 400]
    yes, no = bool(_YES_TICKED.search(answer)), bool(_NO_TICKED.search(answer))
    return None if yes == no else yes


def end_of_reporting(filing: FilingView) -> Computed:
    """That the form ends a listing, a registration or a duty to report (Forms 15 and 25, Schedule 13E-3)."""
    main = _main(filing)
    printed = main and re.search(
        r"\bform (?:15|25)\b|\b13e-?3\b|certification and notice of termination|notification of (?:the"
        r" )?removal",
        main.body[:_COVER],
        re.IGNORECASE,
    )
    return Computed(True, _confidence(filing, bool(printed)), _form_evidence(filing))


def contested_meeting(filing: FilingView) -> Computed:
    """That a proxy contest is under way: the form is one that only the parties of a contest file (Rule 14a-19)."""
    return Computed(True, _confidence(filing, printed=True), _form_evidence(filing))


_PURPOSE = re.compile(
    r"\bexplanatory note\b|\bpurpose of this amendment\b|\bthis amendment no\b", re.IGNORECASE
)
_PART_THREE = re.compile(r"\bpart iii\b|\bitems 10\b", re.IGNORECASE)
_EXHIBIT = re.compile(r"\bexhibits?\b", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:solely|sole purpose|only)\b", re.IGNORECASE)
_RESTATES = re.compile(
    r"\brestat(?:e|es|ed|ing|ement)\b[^.]{0,120}\b(?:financial statements?|previously)\b", re.IGNORECASE
)
_NOTE = 2_500  # characters


def amendment(filing: FilingView) -> Computed:
    """Whether the filing amends an earlier one: by its form type, which ends in /A, or by dei:AmendmentFlag.

    The notes say what it amends: Part III only, exhibits only, restated statements, or other.
    """
    flags = marks_of(filing, "dei:AmendmentFlag")
    flagged = marked(flags) is True
    amends = filing.content.identity.is_amendment or flagged
    evidence: list[Evidence] = [
        *_form_evidence(filing),
        *(FactEvidence("amendment flag", each) for each in flags[:1]),
    ]
    agree = bool(flags) and flagged == filing.content.identity.is_amendment
    confidence = LISTED_AND_PRINTED if agree else _confidence(filing, printed=False)
    if not amends:
        return Computed(False, confidence, tuple(evidence))
    main = _main(filing)
    notes = []
    if main is not None and (found := _PURPOSE.search(main.body)):
        note = main.body[found.start() : found.start() + _NOTE]
        notes.append(f"amends: {_amended_part(note)}")
        start = main.section.body_start + found.start()
        evidence.append(main.passage(start, start + len(note)))
    return Computed(True, confidence, tuple(evidence), tuple(notes))


def _amended_part(note: str) -> str:
    if _RESTATES.search(note):
        return "restated statements"
    if _ONLY.search(note) and _PART_THREE.search(note):
        return "Part III only"
    if _ONLY.search(note) and _EXHIBIT.search(note):
        return "exhibits only"
    return "other"


_EQUITY = re.compile(
    r"\b(?:common (?:stock|shares)|ordinary shares|class [AB] (?:common|ordinary)|preferred (?:stock"
    r"|shares)|warrants?"
    r"|american depositary shares|depositary shares|common units|subscription rights|convertible (?:senior"
    r" )?notes)\b",
    re.IGNORECASE,
)
_STRUCTURED = re.compile(
    r"\bnotes linked to\b|\blinked (?:notes|securities)\b|\bbuffered\b|\bauto-?callable\b|\bcontingent"
    r" (?:income|coupon|interest)\b"
    r"|\bmarket[- ]linked\b|\btrigger (?:plus|jump|performance)\b|\bcallable (?:fixed|yield|contingent)\b"
    r"|\bunderlying (?:asset|index|stock)s?\b"
    r"|\bstructured (?:notes|investments)\b|\bleveraged (?:index|return)\b|\breference (?:asset|index)\b",
    re.IGNORECASE,
)
_DEBT = re.compile(
    r"\b\d{1,2}(?:\.\d+)? ?% (?:\w+ ){0,4}(?:notes|debentures|bonds)\b|\b(?:senior|subordinated|floating"
    r" rate|medium[- ]term|fixed"
    r"(?:[- ]to[- ]floating)?(?: rate)?) (?:\w+ ){0,2}(?:notes|debentures)\b|\bnotes due \d{4}\b|\bdebt"
    r" securities\b",
    re.IGNORECASE,
)
_AT_THE_MARKET = re.compile(
    r"\bat[- ]the[- ]market\b|\bsales agreement\b|\bequity distribution"
    r" agreement\b",
    re.IGNORECASE,
)
_OFFERED = 6_000  # characters of the cover that name what is offered


def equity_offering(filing: FilingView) -> Computed:
    """Whether the prospectus or registration statement offers equity, or what turns into it.

    Told by the securities its cover names. Notes that are paid by an index or a share's price are none: false. One that
    names only debt is missing.
    """
    main = filing.main_text()
    cover = main.body[:_OFFERED]
    structured = _STRUCTURED.search(cover)
    equity, debt = _EQUITY.search(cover), _DEBT.search(cover)
    if structured:
        return Computed(
            False,
            LISTED_ONLY,
            (_around(main, structured),),
            ("notes whose payment depends on a price or an index",),
        )
    if equity is None:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            "its cover names debt only" if debt else "its cover names no security that it knows",
        )
    notes = []
    evidence = [*_form_evidence(filing), _around(main, equity)]
    if atm := _AT_THE_MARKET.search(main.body[:_COVER]):
        notes.append("sold at the market, over time")
        evidence.append(_around(main, atm))
    return Computed(True, LISTED_ONLY, tuple(evidence), tuple(notes))


def _around(main: SectionText, found: re.Match[str]) -> TextEvidence:
    """The line that holds what was found in the main text's body."""
    base, text = main.section.body_start, main.source.text
    start = text.rfind("\n", base, base + found.start()) + 1 or base
    end = text.find("\n", base + found.end())
    return main.passage(start, len(text) if end < 0 else end, (base + found.start(), base + found.end()))


def _main(filing: FilingView) -> SectionText | None:
    try:
        return filing.main_text()
    except MissingOperandError:
        return None


def _form_evidence(filing: FilingView) -> tuple[Evidence, ...]:
    """The line of the header that tells the form, else how the document begins."""
    try:
        header = filing.header_text()
    except MissingOperandError:
        return (filing.main_text().opening(),)
    line = _TYPE_LINE.search(header.body)
    return (header.passage(line.start(), line.end()),) if line else (header.opening(),)


def _confidence(filing: FilingView, printed: bool) -> Decimal:
    listed = filing.content.header is not None and bool(filing.content.header.form_type)
    return LISTED_AND_PRINTED if listed and printed else LISTED_ONLY if listed else PRINTED_ONLY


FUNCTIONS = {
    "late_notice": late_notice,
    "end_of_reporting": end_of_reporting,
    "amendment": amendment,
    "equity_offering": equity_offering,
    "contested_meeting": contested_meeting,
}
