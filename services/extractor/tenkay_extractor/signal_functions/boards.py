"""Rows over the board of directors and its policies, from proxy statements (Regulation S-K, items 401, 403 and 407)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flags import MOST_DISMISSED, MOST_HITS
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.number_formats import number_in_words
from tenkay_extractor.phrases import STATED, Horizon, Judgement, judge

STATED_AT_HOME = Decimal("0.9")
NOWHERE = Decimal("0.85")
BY_EXHIBIT = Decimal("0.95")
BY_EXHIBIT_LIST = Decimal("0.85")
COUNTED = Decimal("0.85")
SOME_COUNTED = Decimal("0.7")
RECOVERY_RULE_SINCE = date(2023, 12, 1)
"""By when listed companies had to adopt a policy to recover pay (Exchange Act Rule 10D-1, NYSE 303A.14)."""


def board_size(filing: FilingView) -> Computed:
    """Directors of the board, where all sentences that give their number agree."""
    number, passage = _size(filing)
    return Computed(Decimal(number), COUNTED, (passage,))


def board_independence(filing: FilingView) -> Computed:
    """Independent directors over directors, where the sentences that give both numbers agree."""
    told = _once(filing).independence
    shares = {Decimal(each.part) / Decimal(each.whole) for each in told}
    if not told:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "no sentence gives the number of independent directors among all directors",
        )
    if len(shares) > 1:
        numbers = ", ".join(f"{each.part} of {each.whole}" for each in told)
        raise MissingOperandError(
            MissingReason.NOT_STATED, f"the sentences on independent directors differ: {numbers}"
        )
    first = told[0]
    return Computed(
        ARITHMETIC.divide(Decimal(first.part), Decimal(first.whole)),
        COUNTED,
        (first.passage,),
        (f"{first.part} of {first.whole} {first.noun}",),
        exact=False,
    )


def director_tenure(filing: FilingView) -> Computed:
    """Mean years since the directors joined the board, at the meeting, else at the filing.

    Told for at least half of the board's directors, and for no more than there are.
    """
    size, passage = _size(filing)
    since = _once(filing).since
    years = [year for year, _ in since]
    if len(years) == 2 * size and sorted(years)[::2] == sorted(years)[1::2]:
        years = sorted(years)[::2]  # each is told in a list and again in the director's own paragraph
    if not size / 2 <= len(years) <= size:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            f"the year in which they joined is told {len(years)} times, and the board has {size} directors",
        )
    identity = filing.content.identity
    meeting = identity.period_end or identity.filed_date
    if meeting is None or any(year > meeting.year for year in years):
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR,
            "the meeting's year cannot be told, or lies before a director's first",
        )
    total = sum(meeting.year - year for year in years)
    return Computed(
        ARITHMETIC.divide(Decimal(total), Decimal(len(years))),
        COUNTED if len(years) == size else SOME_COUNTED,
        (*(each for _, each in since[:MOST_HITS]), passage),
        (f"{len(years)} of {size} directors, at the end of {meeting.year}",),
        exact=False,
    )


def _size(filing: FilingView) -> tuple[int, TextEvidence]:
    told = _once(filing).sizes
    if not told:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "no sentence plainly gives the number of directors on the board"
        )
    numbers = {number for number, _ in told}
    if len(numbers) > 1:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            f"several numbers of directors are told: {', '.join(str(each) for each in sorted(numbers))}",
        )
    return told[0]


@dataclass(frozen=True, slots=True)
class Independence:
    """How many of how many directors, or nominees, a sentence calls independent."""

    part: int
    whole: int
    noun: str
    passage: TextEvidence


@dataclass(frozen=True, slots=True)
class Composition:
    """What a proxy statement's sentences say of the board."""

    sizes: tuple[tuple[int, TextEvidence], ...]
    independence: tuple[Independence, ...]
    since: tuple[tuple[int, TextEvidence], ...]
    """The years in which directors joined, with where each is told."""


def _once(filing: FilingView) -> Composition:
    return filing.derive_in(_compose, filing.main_text())


_COUNT = (
    r"(?P<{0}>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty)(?: \(\d{{1,2}}\))?"
)
_ANY_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{3,5}teen|twenty)\b",
    re.IGNORECASE,
)
_BOARD = r"\b(?:our|the|the company's) (?:current )?board(?: of directors)?"
_NOT_ALL = r"(?!(?:\w+[ -]){0,2}(?:independent|non-employee|non-management|outside|committee|standing|class))"
_SIZES = (
    re.compile(
        rf"{_BOARD}(?: of (?:the|our) (?:company|corporation))? (?:currently |presently |now )?"
        rf"(?:consists of|is (?:currently |presently )?(?:comprised|composed|made up) of|comprises"
        rf"|has) (?:a total of )?"
        rf"{_COUNT.format('number')} {_NOT_ALL}(?:\w+ )?(?:directors|members|persons|individuals)"
        rf"(?= ?[.,;:)]|$| with no\b| divided\b| (?:each|all) of whom\b| who are elected\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:number of directors|size of (?:the|our) board(?: of directors)?)(?: \w+){{0,6}}?"
        rf" (?:is|has been|was) (?:currently |presently )?(?:fixed|set) at {_COUNT.format('number')}\b(?! to)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bthere (?:are|will be) (?:currently |presently )?{_COUNT.format('number')} (?:directors|members)"
        rf" (?:serving )?on (?:our|the) board\b",
        re.IGNORECASE,
    ),
)
_INDEPENDENT = re.compile(
    rf"\b{_COUNT.format('part')} (?:out )?of (?:our|the|its|the company's) {_COUNT.format('whole')}"
    rf" (?P<noun>(?:current |incumbent |continuing |standing )?(?:directors(?! who| that"
    rf"| standing)|director nominees|nominees"
    rf"|board members|members of (?:our|the) board))\b",
    re.IGNORECASE,
)
_IS_INDEPENDENT = re.compile(
    r"(?:,[^;]{0,160},)?(?: \([^()]{0,80}\))? (?:are|is|be|qualify|qualifies|were determined|have been determined|meet"
    r"|satisfy)\b(?: (?!not\b)[\w-]+){0,7}? independen(?:t|ce)\b",
    re.IGNORECASE,
)
"""What stands behind "eight of our nine directors" when these eight are called independent."""
_NOT_THE_BOARD = re.compile(
    r"\bcommittees?\b|\bat least\b|\bmajority\b|\bwould\b|\bwill be\b|\bif\b|\bother than (?:our|the) audit\b"
    r"|\bnot independent\b|\bprior to\b|\bpreviously\b|\bformer\b",
    re.IGNORECASE,
)
_SIZE_CHANGES = re.compile(
    r"\b(?:following|after|upon|if|increas\w+|decreas\w+|reduc\w+|expand\w+|until|would|will"
    r"|committees?|classif\w+ board of"
    r"|private|prior to|previously|formerly)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:director since|member of (?:our|the company's|the) board(?: of directors)? since"
    r"|(?:joined|elected to|appointed to) (?:our|the company's) board(?: of directors)? in)"
    r":? (?:(?:January|February|March|April|May|June|July|August|September|October|November|December),? )?"
    r"(?P<year>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def _compose(filing: FilingView, main: SectionText) -> Composition:
    sizes: list[tuple[int, TextEvidence]] = []
    independence: list[Independence] = []
    since: list[tuple[int, TextEvidence]] = []
    for start, end, sentence in filing.scanned(main.source).sentences_with(
        "board_of_directors", main.section.body_start, main.section.end, _LONGEST_SENTENCE
    ):
        if not _ANY_NUMBER.search(sentence):
            continue
        since += [
            (int(joined["year"]), main.passage(start, end, _at(start, joined)))
            for joined in _SINCE.finditer(sentence)
        ]
        if not _SIZE_CHANGES.search(sentence):
            told = next((size for each in _SIZES if (size := each.search(sentence))), None)
            if told is not None:
                sizes.append((_count(told["number"]), main.passage(start, end, _at(start, told))))
        match = _INDEPENDENT.search(sentence)
        if (
            match is None
            or not _IS_INDEPENDENT.match(sentence, match.end())
            or _NOT_THE_BOARD.search(sentence)
        ):
            continue
        part, whole = _count(match["part"]), _count(match["whole"])
        if not part <= whole:
            continue
        noun = match["noun"].lower()
        passage = main.passage(start, end, _at(start, match))
        independence.append(Independence(part, whole, noun, passage))
        if "nominees" not in noun:
            sizes.append((whole, passage))
    return Composition(tuple(sizes), tuple(independence), tuple(since))


def _at(start: int, match: re.Match[str]) -> tuple[int, int]:
    return start + match.start(), start + match.end()


def _count(printed: str) -> int:
    return int(printed) if printed.isdecimal() else number_in_words(printed)


_LONGEST_SENTENCE = 2_000

# Flags


def ceo_chair_duality(filing: FilingView) -> Computed:
    """Whether the chief executive chairs the board: only where a sentence says that it is so, or that it is not."""
    if filing.content.family is FormFamily.ANNUAL:
        places = filing.sections_coded("item_10")
        if not places:
            raise MissingOperandError(
                MissingReason.SECTION_NOT_FOUND, "item 10 on directors and officers was not found"
            )
    else:
        places = (filing.main_text(),)
    together = _judged(filing, "chair_and_executive", places)
    apart = _judged(filing, "chair_apart", places)
    if together and apart:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "some sentences say that one person is chair and chief executive, others that two are",
        )
    if not (together or apart):
        raise MissingOperandError(
            MissingReason.NOT_STATED, "no sentence plainly says whether the chief executive chairs the board"
        )
    return Computed(bool(together), STATED_AT_HOME, _passages(filing, together or apart))


def pledged_shares(filing: FilingView) -> Computed:
    """Whether an officer or director has pledged shares; false only where ownership is told and no pledge is."""
    main = filing.main_text()
    judged = list(_judgements(filing, "pledged_shares", (main,)))
    hits = [each for each in judged if each.verdict == STATED]
    if hits:
        return Computed(True, STATED_AT_HOME, _passages(filing, hits))
    if not _OWNERSHIP.search(main.body):
        raise MissingOperandError(
            MissingReason.NOT_STATED, "the document has no table of what officers and directors own"
        )
    if any(each.verdict not in _DENIED and _has_pledged(filing, each) for each in judged):
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "sentences speak of pledges, and none plainly says whose shares are pledged",
        )
    dismissed = [each for each in judged if each.verdict in _DENIED][:MOST_DISMISSED]
    return Computed(False, NOWHERE, (filing.searched((main,), _passages(filing, dismissed)),))


_DENIED = frozenset({"negated", "prohibited"})
_PLEDGED = re.compile(r"\bpledged\b", re.IGNORECASE)


def _has_pledged(filing: FilingView, judged: Judgement) -> bool:
    text = filing.scanned_document(judged.section.document).source.text
    return bool(_PLEDGED.search(text, judged.start, judged.end))


_OWNERSHIP = re.compile(
    r"\b(?:directors(?:, nominees)? and (?:current )?executive officers|executive officers and directors"
    r"|directors, nominees and executive officers) as a group\b",
    re.IGNORECASE,
)


def clawback_policy(filing: FilingView) -> Computed:
    """Whether there is a policy to recover pay: an exhibit 97, a row of the exhibit list, or a sentence that says so.

    False only of a proxy statement that tells of executives' pay and of no policy.
    """
    try:
        exhibit = filing.exhibits("EX-97")[0]
        return Computed(True, BY_EXHIBIT, (exhibit.opening(),), ("filed as exhibit 97",))
    except MissingOperandError:
        pass
    if filing.content.family is FormFamily.ANNUAL:
        return _annual_clawback(filing)
    main = filing.main_text()
    judged = list(_judgements(filing, "recovery_policy", (main,)))
    hits = [each for each in judged if each.verdict == STATED]
    if hits:
        return Computed(True, STATED_AT_HOME, _passages(filing, hits))
    if not _PAY_TOLD.search(main.body):
        raise MissingOperandError(MissingReason.NOT_STATED, "the document does not tell of executives' pay")
    if judged:
        raise MissingOperandError(
            MissingReason.NOT_STATED,
            "sentences speak of recovering pay, and none plainly says that there is a policy",
        )
    return Computed(False, NOWHERE, (filing.searched((main,)),))


_PAY_TOLD = re.compile(
    r"^[^\n]{0,30}\bsummary compensation table\b[^\n]{0,30}$", re.IGNORECASE | re.MULTILINE
)
_EXHIBIT_ROW = re.compile(
    r"^[^\w\n]{0,4}(?:exhibit )?97(?:\.\d{1,2})?\b[^\n]{0,4}\n?[^\n]{0,200}"
    r"\b(?:claw-?\s?back|recovery|recoupment)\b[^\n]{0,100}",
    re.IGNORECASE | re.MULTILINE,
)


def _annual_clawback(filing: FilingView) -> Computed:
    filed = filing.content.identity.filed_date
    before = filed is not None and filed < RECOVERY_RULE_SINCE
    for code in () if before else ("item_15", "item_16", ""):
        for section in filing.sections_coded(code):
            row = _EXHIBIT_ROW.search(section.source.text, section.section.body_start, section.section.end)
            if row is not None:
                return Computed(
                    True,
                    BY_EXHIBIT_LIST,
                    (section.passage(row.start(), row.end()),),
                    ("the list of exhibits has a policy as exhibit 97",),
                )
    pay = filing.sections_coded("item_11")
    if pay and (hits := _judged(filing, "recovery_policy", pay)):
        return Computed(True, STATED_AT_HOME, _passages(filing, hits))
    raise MissingOperandError(
        MissingReason.NOT_STATED,
        "annual reports before December 2023 need not file a policy to recover pay"
        if before
        else "neither the exhibits that were given, nor their list, nor item 11 name a policy to recover pay",
    )


def _judged(filing: FilingView, pattern: str, places: tuple[SectionText, ...]) -> list[Judgement]:
    return [each for each in _judgements(filing, pattern, places) if each.verdict == STATED]


def _judgements(filing: FilingView, pattern: str, places: tuple[SectionText, ...]) -> Iterator[Judgement]:
    """The sentences that speak of the pattern's matter, in forms without items too."""
    filed = filing.content.identity.filed_date
    # A proxy statement speaks of the fiscal year that ended some months before.
    limit = Horizon(filed - timedelta(days=_AFTER_YEAR_END), annual=True) if filed else None
    for place in places:
        yield from judge(
            filing.catalog.patterns[pattern], filing.scanned(place.source), [place.section], limit
        )


_AFTER_YEAR_END = 120


def _passages(filing: FilingView, judged: list[Judgement]) -> tuple[TextEvidence, ...]:
    return tuple(
        SectionText(each.section, filing.scanned_document(each.section.document).source).passage(
            each.start, each.end, each.focus
        )
        for each in judged[:MOST_HITS]
    )


FUNCTIONS = {
    "board_size": board_size,
    "board_independence": board_independence,
    "director_tenure": director_tenure,
    "ceo_chair_duality": ceo_chair_duality,
    "pledged_shares": pledged_shares,
    "clawback_policy": clawback_policy,
}
