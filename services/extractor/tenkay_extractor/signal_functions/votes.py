"""Rows over Item 5.07 of Form 8-K: how shareholders voted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.signal_functions.current_reports import current_report_items
from tenkay_extractor.vote_results import Matter, Tally, read_tallies

IN_TABLE = Decimal("0.9")
IN_PROSE = Decimal("0.7")
TOTALS_AGREE = Decimal("0.95")
MOST_PASSAGES = 20

_NUMBERED = re.compile(r"(?:with respect to )?(?:the )?proposals?(?: no\.?)?(?: ?\d+)?\W*", re.IGNORECASE)
_Located = tuple[SectionText, Tally]


def support(filing: FilingView, *, matter: str) -> Computed:
    """Votes for over votes for and against on the one proposal on this matter: pay or auditor."""
    tallies = _tallies(filing)
    found = [(section, tally) for section, tally in tallies if tally.matter is Matter(matter) and tally.cast]
    if not found:
        raise MissingOperandError(
            MissingReason.NOT_STATED, f"no votes on a proposal on {_WORDS[matter]} are reported"
        )
    ratios = {Decimal(tally.votes_for) / tally.cast for _, tally in found}
    if len(ratios) > 1:
        raise MissingOperandError(
            MissingReason.CONFLICTING_FACTS, f"several different counts are reported on {_WORDS[matter]}"
        )
    section, tally = found[0]
    return Computed(ratios.pop(), _sure(tally, tallies), (_passage(section, tally),), exact=False)


_WORDS = {"pay": "executive pay", "auditor": "ratifying the auditor"}


def weakest_director(filing: FilingView) -> Computed:
    """The least share of votes for, among the nominees for the board."""
    tallies = _tallies(filing)
    found = [
        (section, tally) for section, tally in tallies if tally.matter is Matter.DIRECTORS and tally.cast
    ]
    if not found:
        raise MissingOperandError(MissingReason.NOT_STATED, "no votes on directors are reported")
    section, tally = min(found, key=lambda each: Decimal(each[1].votes_for) / each[1].cast)
    return Computed(
        Decimal(tally.votes_for) / tally.cast,
        _sure(tally, tallies),
        (_passage(section, tally),),
        (f"the least of {len(found)} nominees: {tally.subject}",),
        exact=False,
    )


def shareholder_proposals_passed(filing: FilingView) -> Computed:
    """Proposals of shareholders with more votes for than against."""
    tallies = _tallies(filing)
    found = [(section, tally) for section, tally in tallies if tally.matter is Matter.SHAREHOLDER_PROPOSAL]
    passed = [each for each in found if each[1].votes_for > each[1].votes_against]
    if any(
        _NUMBERED.fullmatch(tally.subject) and tally.votes_for > tally.votes_against for _, tally in tallies
    ):
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "a proposal that passed is told by its number only, so whose it is cannot be told",
        )
    notes = (f"{len(found)} proposals of shareholders were voted on",)
    confidence = min((_sure(tally, tallies) for _, tally in found), default=IN_TABLE)
    if passed:
        passages = tuple(_passage(section, tally) for section, tally in passed[:MOST_PASSAGES])
        return Computed(len(passed), confidence, passages, notes)
    sections = tuple(dict.fromkeys(section for section, _ in tallies))
    rejected = [_passage(section, tally) for section, tally in found[:5]]
    return Computed(0, confidence, (filing.searched(sections, rejected),), notes)


def _tallies(filing: FilingView) -> list[_Located]:
    sections = [section for number, section in current_report_items(filing) if number == "5.07"]
    if not sections:
        raise MissingOperandError(MissingReason.SECTION_NOT_FOUND, "the report has no Item 5.07")
    found = [(section, tally) for section in sections for tally in filing.derive(_read, section)]
    if not found:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "Item 5.07 gives no counts of votes that can be read"
        )
    return found


def _read(section: SectionText) -> tuple[Tally, ...]:
    return read_tallies(section.source.text, section.section.body_start, section.section.end)


def _sure(tally: Tally, tallies: Sequence[_Located]) -> Decimal:
    if not tally.in_table:
        return IN_PROSE
    others = [other.total for _, other in tallies if other is not tally]
    return TOTALS_AGREE if tally.total in others else IN_TABLE


def _passage(section: SectionText, tally: Tally) -> TextEvidence:
    return section.passage(tally.start, tally.end, (tally.end - 1, tally.end))


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {
    "vote_support": support,
    "vote_weakest_director": weakest_director,
    "vote_shareholder_proposals_passed": shareholder_proposals_passed,
}
