"""The texts of a filing that are measured: the discussion, the narrative, the earnings release, the letter."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.item_schemes import PRESENT_CURRENT_REPORT_ITEM, header_items
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.sections import Section
from tenkay_extractor.words import Prose, read_paragraphs, read_sentences

LEAST_WORDS = 200
"""Below, a share of words says more about chance than about the text."""
FULL_CONFIDENCE_WORDS = 1_500
FOUND_IN_EXHIBIT = 0.7
"""Of the confidence, when the discussion stands in Exhibit 13 and was found by its caption."""
RELEASE_LEAD_DAYS = 75
"""How long before a periodic report its earnings release comes at most."""


def discussion(filing: FilingView) -> Prose:
    """The sentences of management's discussion and analysis: in its item, else in Exhibit 13.

    Raises MissingOperandError when there is none or it has under LEAST_WORDS words.
    """
    found: Prose | None = None
    gap: MissingOperandError | None = None
    try:
        found = prose_of(filing, filing.section("mdna"))
    except MissingOperandError as error:
        gap = error
    if found is None or found.word_count < LEAST_WORDS:
        section = _discussion_in_exhibit(filing)
        if section is not None:
            return long_enough(prose_of(filing, section))
    if found is None:
        raise gap or MissingOperandError(MissingReason.SECTION_NOT_FOUND, "no discussion was found")
    return long_enough(found)


def section_prose(filing: FilingView, role: str) -> Prose:
    """The prose of the section about `role`, one of filing_view.ROLES. Raises MissingOperandError like `discussion`."""
    return discussion(filing) if role == "mdna" else long_enough(prose_of(filing, filing.section(role)))


def parts(filing: FilingView) -> tuple[Prose, ...]:
    """The narrative: each item of the main document once, the text behind the last, and Exhibit 13.

    Raises MissingOperandError when no item was found.
    """
    sections = _narrative_sections(filing)
    if not any(section.section.code for section in sections):
        raise MissingOperandError(MissingReason.SECTION_NOT_FOUND, "none of the form's items was found")
    return tuple(prose_of(filing, section) for section in sections)


def main_document(filing: FilingView) -> tuple[Prose, ...]:
    """The main document: its items, and what lies before, between and behind them, in order."""
    whole = filing.main_text()
    source = whole.source
    found: list[Prose] = []
    position = 0
    for section in _narrative_sections(filing):
        if section.source is not source:
            continue
        found += _between(filing, section, position, section.section.body_start)
        found.append(prose_of(filing, section))
        position = section.section.end
    return (*found, *_between(filing, whole, position, len(source.text)))


def prose_of(filing: FilingView, section: SectionText) -> Prose:
    """The section's prose, read once: of discussions by sentence, of others by paragraph."""
    if section.section.code in DISCUSSIONS or section.section.title == IN_EXHIBIT:
        return by_sentence(filing, section)
    return filing.derive(read_paragraphs, section)


def by_sentence(filing: FilingView, section: SectionText) -> Prose:
    """The section's prose, read once, a unit a sentence."""
    return filing.derive_in(_read_sentences, section)


def _read_sentences(filing: FilingView, section: SectionText) -> Prose:
    return read_sentences(section, filing.scanned(section.source).sentences)


DISCUSSIONS = frozenset({"item_7", "part1_item2"})
IN_EXHIBIT = "Management's discussion and analysis, in Exhibit 13"


def long_enough(prose: Prose, least: int = LEAST_WORDS) -> Prose:
    """The prose itself. Raises MissingOperandError when it has fewer words than `least`."""
    if prose.word_count < least:
        raise MissingOperandError(
            MissingReason.TEXT_TOO_SHORT,
            f"{prose.section.section.code or 'the text'} holds {prose.word_count} words of prose, and at least {least}"
            " are needed",
        )
    return prose


def confidence(*measured: Prose) -> Decimal:
    """min(1, words / 1500) of the shortest text, times the confidence with which each section was found."""
    shortest = min(prose.word_count for prose in measured)
    result = min(Decimal(1), Decimal(shortest) / FULL_CONFIDENCE_WORDS)
    for prose in measured:
        result *= Decimal(str(prose.section.section.confidence))
    return result


def _narrative_sections(filing: FilingView) -> list[SectionText]:
    """Items in the order of the text, none that lies inside another; the text behind them; Exhibit 13."""
    found: list[SectionText] = []
    codes = dict.fromkeys(section.code for section in filing.content.sections)
    sections = [each for code in codes for each in filing.sections_coded(code)]
    main = filing.content.texts[0] if filing.content.texts else None
    inside = [each for each in sections if each.source is main and each.section.code != "audit_report"]
    end = 0
    for each in sorted(inside, key=lambda each: (each.section.start, -each.section.end)):
        if each.section.start >= end:
            found.append(each)
            end = each.section.end
    return found + [each for each in sections if each.section.code == "ex_13" and each.source is not main]


def _between(filing: FilingView, near: SectionText, start: int, end: int) -> list[Prose]:
    if end <= start:
        return []
    section = Section("", "", "", near.source.document, start, end, start, 1.0)
    return [filing.derive(read_paragraphs, SectionText(section, near.source))]


# Exhibit 13: a 10-K may take its discussion from the annual report to shareholders (General Instruction G(2))

_DISCUSSION_CAPTION = re.compile(
    r"^\W{0,4}(?:[\w .,&]{0,60}\W)?management.{0,3}s?\W{1,3}discussion(?: and analysis)?[^\n]{0,100}$",
    re.IGNORECASE | re.MULTILINE,
)
_AFTER_DISCUSSION = re.compile(
    r"^\W{0,4}(?:(?:the )?reports? of (?:independent|management|ernst|the independent)|management.{0,3}s? (?:report|"
    r"responsibility|statement)|independent (?:auditor|accountant|registered)|(?:condensed )?consolidated (?:balance|"
    r"statements?|financial statements)|(?:balance sheets?|statements? of (?:income|operations|earnings|financial|cash|"
    r"consolidated|management))|notes to (?:the )?(?:consolidated )?financial"
    r"|selected (?:quarterly|financial|historical)|quarterly (?:financial|results)"
    r"|(?:five|ten|eleven|six).year)[^\n]{0,100}$",
    re.IGNORECASE | re.MULTILINE,
)
_SHORTEST_DISCUSSION = 3_000  # characters


def _discussion_in_exhibit(filing: FilingView) -> SectionText | None:
    found = [filing.derive(_longest_discussion, exhibit) for exhibit in filing.sections_coded("ex_13")]
    return max(filter(None, found), key=lambda each: len(each.body), default=None)


def _longest_discussion(exhibit: SectionText) -> SectionText | None:
    """The longest stretch from a caption of the discussion to what follows discussions.

    Captions are repeated as running heads and in tables of contents.
    """
    text = exhibit.source.text
    ends = [*(match.start() for match in _AFTER_DISCUSSION.finditer(text)), len(text)]
    longest: Section | None = None
    for caption in _DISCUSSION_CAPTION.finditer(text):
        end = ends[bisect_left(ends, caption.end())]
        length = end - caption.end()
        if length >= _SHORTEST_DISCUSSION and (longest is None or length > longest.end - longest.body_start):
            longest = replace(
                exhibit.section,
                title=IN_EXHIBIT,
                start=caption.start(),
                end=end,
                body_start=caption.end(),
                confidence=round(exhibit.section.confidence * FOUND_IN_EXHIBIT, 2),
            )
    return SectionText(longest, exhibit.source) if longest else None


# The earnings release: Exhibit 99 of a current report under Item 2.02

RESULTS_OF_OPERATIONS = "2.02"
_CLOSING_MATTER = re.compile(
    r"^\W{0,4}(?:"
    # Headings
    r"(?:(?:cautionary|special|important)[^\n]{0,40}(?:statements?|note|language|information)"
    r"|(?:note regarding |caution (?:concerning|regarding|about) )?forward.looking (?:statements?|information)"
    r"|safe harbor[^\n]{0,60}|about (?!the (?:quarter|year))[A-Z][^\n]{0,60}"
    r"|(?:(?:use|explanation|discussion) of |note on |about |statement regarding (?:use of )?)?non.gaap[^\n]{0,80}"
    r"|reconciliations?\b[^\n]{0,80})$"
    # Paragraphs that open so
    r"|safe harbor\b|forward.looking statements?\W|cautionary (?:note|statement)"
    r"|(?:certain )?statements (?:made |contained |included )?in this (?:press |news |earnings )?release"
    r"|this (?:press |news |earnings )?release[^\n]{0,60} (?:contains?|includes?) [^\n]{0,80}forward.looking"
    r"|except for (?:the )?historical)",
    re.IGNORECASE | re.MULTILINE,
)


def earnings_release(filing: FilingView) -> SectionText:
    """The exhibit that holds the results: EX-99.1, else the first EX-99.

    Raises MissingOperandError when the report is not one of results (Item 2.02, before August 2004 Item 12) or the
    filing's bytes hold no such exhibit.
    """
    if RESULTS_OF_OPERATIONS not in _items(filing):
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET, "the report has no item 2.02, results of operations"
        )
    found = filing.exhibits("EX-99")
    return next((each for each in found if each.section.code in ("ex_99.1", "ex_99.01")), found[0])


def release_prose(filing: FilingView) -> Prose:
    """The release up to its closing matter: forward-looking statements, about the company, non-GAAP measures."""
    release = earnings_release(filing)
    whole = long_enough(prose_of(filing, release))
    for heading in _CLOSING_MATTER.finditer(release.source.text, release.section.body_start):
        if _words_before(whole, heading.start()) >= LEAST_WORDS:
            opening = replace(release.section, end=heading.start())
            return prose_of(filing, SectionText(opening, release.source))
    return whole


def _words_before(prose: Prose, offset: int) -> int:
    """Words of the prose in the units before this place of the source."""
    unit = bisect_left(prose.spans, (offset, 0))
    return prose.starts[unit] if unit < prose.unit_count else prose.word_count


def release_for(filing: FilingView) -> FilingView:
    """The earlier filing that announced this periodic report's results.

    An original 8-K with item 2.02 whose report date lies behind the period's end and at most RELEASE_LEAD_DAYS days
    before this report was filed; of several, the one accepted last. Raises MissingOperandError when none was given.
    """
    own = filing.content.identity
    if own.period_end is None:
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR, "the end of the reporting period cannot be told"
        )
    filed = own.accepted_at.date() if own.accepted_at else own.filed_date
    candidates = [
        (reported, each.content.identity.accession_number, each)
        for each in filing.earlier
        if each.content.identity.form_type == "8-K"
        and (reported := each.content.identity.period_end or each.content.identity.filed_date) is not None
        and own.period_end < reported
        and (filed is None or filed - timedelta(days=RELEASE_LEAD_DAYS) <= reported <= filed)
        and RESULTS_OF_OPERATIONS in _items(each)
    ]
    if not candidates:
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            "it is compared with the 8-K that announced this period's results, which was not given",
        )
    return max(candidates, key=lambda each: (each[0], each[1]))[2]


def _items(filing: FilingView) -> frozenset[str]:
    header = filing.content.header
    listed = header_items(header.items) if header else ()
    printed = (section.code.removeprefix("item_") for section in filing.content.sections)
    return frozenset((*listed, *(PRESENT_CURRENT_REPORT_ITEM.get(number, number) for number in printed)))


# The letter to shareholders

_SALUTATION = re.compile(
    r"^\W{0,4}(?:(?:a )?letter to (?:our |the |all |fellow |my )*(?:share|stock)(?:holders|owners)"
    r"|(?:to (?:our |the |all |my )*|dear )(?:fellow |valued |our )*(?:share|stock)(?:holders?|owners?))\b"
    r"(?! (?:of|and (?:the )?board)\b)[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_AUDITORS_LETTER = re.compile(r"\b(?:we have audited|in our opinion|our audits?)\b", re.IGNORECASE)
_AUDITORS_OPENING = 1_500  # characters
_SIGNATURE = re.compile(
    r"^\W{0,4}(?:sincerely|respectfully|cordially|very truly yours|yours truly|/s/|(?:[\w ,.&]{0,60}\W)?chairman\b"
    r"|(?:[\w ,.&]{0,60}\W)?chief executive officer\b|president (?:and|&))[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_LETTER = 60_000  # characters: some ten thousand words
_UNSIGNED = 0.7
_MOST_SALUTATIONS = 20


def shareholder_letter(filing: FilingView) -> Prose:
    """The letter to shareholders in Exhibit 13, or in an annual report of form ARS: from its salutation to its
    signature.

    Raises MissingOperandError when there is no such document or no letter in it.
    """
    if filing.content.identity.form_type.startswith("ARS"):
        documents: Sequence[SectionText] = (filing.main_text(),)
    else:
        documents = filing.exhibits("EX-13")
    for document in documents:
        letter = filing.derive_in(_letter_in, document)
        if letter is not None:
            return prose_of(filing, letter)
    raise MissingOperandError(
        MissingReason.SECTION_NOT_FOUND, "the annual report holds no letter to shareholders"
    )


def _letter_in(filing: FilingView, document: SectionText) -> SectionText | None:
    text, whole = document.source.text, filing.derive(read_paragraphs, document)
    for opening in islice(_SALUTATION.finditer(text), _MOST_SALUTATIONS):
        start, limit = opening.end(), min(len(text), opening.end() + _LONGEST_LETTER)
        if _AUDITORS_LETTER.search(text, start, min(limit, start + _AUDITORS_OPENING)):
            continue  # auditors address their report to the holders too
        before = _words_before(whole, start)
        signature = next(
            (
                closing
                for closing in _SIGNATURE.finditer(text, start, limit)
                if _words_before(whole, closing.start()) - before >= LEAST_WORDS
            ),
            None,
        )
        after = signature or _AFTER_DISCUSSION.search(text, start, limit)
        end = after.start() if after else limit
        if _words_before(whole, end) - before >= LEAST_WORDS:
            section = replace(
                document.section,
                title="Letter to shareholders",
                start=opening.start(),
                end=end,
                body_start=start,
                confidence=round(document.section.confidence * (1 if signature else _UNSIGNED), 2),
            )
            return SectionText(section, document.source)
    return None
