"""Rows on what companies announce: guidance, dividends, repurchases, rights plans, classes of shares.

Each asks whether a sentence states a matter, by one of the catalog's patterns. In a current report it may stand in an
item or in a press release (exhibit 99), in periodic reports in the pattern's sections, in a proxy statement anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flag_rows import horizon, stated
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import STATED, WEAK, Horizon, Judgement, SentencePattern, judge
from tenkay_extractor.signal_functions.current_reports import current_report_items

AT_HOME = Decimal("0.9")
WEAK_ONLY = Decimal("0.5")
NOWHERE = Decimal("0.85")
NOWHERE_WITHOUT_RELEASE = Decimal("0.5")
"""The items point to a press release that is not among the filing's bytes."""
SHORTEST_DOCUMENT = 2_000
"""Characters; a shorter proxy statement is a cover for something else."""
MOST_HITS = 20
MOST_DISMISSED = 5
RELEASE_ITEMS = frozenset({"2.02", "7.01", "8.01"})
"""Items under which results and outlooks are released: Form 8-K, and Regulation FD."""


def announced(filing: FilingView, *, pattern: str) -> Computed:
    """Whether the filing states the matter of the pattern."""
    wanted = filing.catalog.patterns[pattern]
    family = filing.content.family
    if family is FormFamily.CURRENT:
        items = [section for number, section in current_report_items(filing) if number != "9.01"]
        releases = _releases(filing)
        unread = not releases and bool(RELEASE_ITEMS & set(filing.content.identity.items))
        return stated_in(
            filing, wanted, [*items, *releases], nowhere=NOWHERE_WITHOUT_RELEASE if unread else NOWHERE
        )
    if family is None:
        found = stated_in(filing, wanted, [filing.main_text()])
        if found.value is False and len(filing.main_text().body) < SHORTEST_DOCUMENT:
            raise MissingOperandError(
                MissingReason.TEXT_TOO_SHORT, "the document is too short to rule out what it does not say"
            )
        return found
    return stated(filing, wanted)


def released(filing: FilingView, *, pattern: str) -> Computed:
    """Whether a press release (exhibit 99 of a report with item 2.02, 7.01 or 8.01) states the matter."""
    if not RELEASE_ITEMS & set(filing.content.identity.items):
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET, "the report has none of the items 2.02, 7.01 and 8.01"
        )
    return stated_in(filing, filing.catalog.patterns[pattern], filing.exhibits("EX-99"))


def stated_in(
    filing: FilingView,
    pattern: SentencePattern,
    sections: Sequence[SectionText],
    *,
    nowhere: Decimal = NOWHERE,
) -> Computed:
    """Whether a sentence of these sections states the matter, with the sentences or what was searched."""
    read = [section for section in sections if section.body.strip()]
    if not read:
        raise MissingOperandError(
            MissingReason.SECTION_NOT_FOUND, "no item and no press release with text was found"
        )
    judged: list[tuple[SectionText, Judgement]] = []
    until = _horizon(filing)
    for section in read:
        found = judge(pattern, filing.scanned(section.source), [section.section], until)
        judged += [(section, each) for each in found]
    for verdict, confidence in ((STATED, AT_HOME), (WEAK, WEAK_ONLY)):
        hits = [each for each in judged if each[1].verdict == verdict]
        if hits:
            return Computed(True, confidence, tuple(_passages(hits[:MOST_HITS])))
    dismissed = [each for each in judged if each[1].verdict != "mention"]
    search = filing.searched(read, _passages(dismissed[:MOST_DISMISSED]))
    kinds = sorted({each.verdict.replace("_", " ") for _, each in dismissed})
    notes = (f"mentioned, but {', '.join(kinds)}",) if kinds else ()
    return Computed(False, nowhere, (search,), notes)


def _passages(judged: Sequence[tuple[SectionText, Judgement]]) -> list[TextEvidence]:
    return [section.passage(each.start, each.end, each.focus) for section, each in judged]


def _horizon(filing: FilingView) -> Horizon | None:
    identity = filing.content.identity
    if filing.content.family in (FormFamily.CURRENT, None):
        day = identity.period_end or identity.filed_date
        return Horizon(day, annual=True) if day else None
    return horizon(filing)


def _releases(filing: FilingView) -> tuple[SectionText, ...]:
    try:
        return filing.exhibits("EX-99")
    except MissingOperandError:
        return ()


FUNCTIONS: Mapping[str, Callable[..., Computed]] = {"announced": announced, "released": released}
