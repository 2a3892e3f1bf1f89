"""Judges whether a filing's sentences state a matter: every occurrence, one sentence at a time.

"There is substantial doubt" and "we evaluate whether there is substantial doubt" hold the same words. A sentence counts
only when it states the matter; one that is hypothetical, negated, a rule, about another party, about a past period or
a bare caption is dismissed, and says so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tenkay_extractor.claims import takes_back, takes_back_whole
from tenkay_extractor.number_formats import read_date
from tenkay_extractor.sections import Section
from tenkay_extractor.sentences import SentenceIndex
from tenkay_extractor.text import NormalisedText
from tenkay_extractor.worded_expressions import WordedExpression

ENOUGH_STATED = 20  # sentences a section, of a pattern that nothing else in the filing can take back
MOST_JUDGED = 400  # sentences a section; a filing that names a matter more often says nothing new

EVERYWHERE = "*"
STATED = "stated"
WEAK = "weak"
ALLEVIATED = "alleviated"
"""Kind of dismissal that takes the matter back for the whole filing."""


@dataclass(frozen=True, slots=True)
class SentencePattern:
    """What a sentence must say. All expressions see quotes and dashes as ASCII.

    Those that sentences are judged by see small letters; `trigger`, `home_titles`, `concludes` and `contradicted_by`
    ignore case. By itself no statement counts that `claims` takes back, for one of the kinds in `claim_kinds`.
    """

    name: str
    trigger: re.Pattern[str]
    """Cheap: a sentence without it is not looked at. `phrase_scan` looks for those of all patterns at once."""
    topic: WordedExpression | None
    """A sentence without it is about something else; None when the trigger says enough."""
    include: tuple[WordedExpression, ...]
    weak: tuple[WordedExpression, ...]
    dismiss: tuple[tuple[str, tuple[WordedExpression, ...]], ...]
    """By kind: words that take back the statement they overlap."""
    dismiss_sentence: tuple[tuple[str, tuple[WordedExpression, ...]], ...]
    """By kind: words that take back all that their sentence states."""
    claim_kinds: frozenset[str]
    """Which of `claims.KINDS` take a statement back."""
    overridden_by: Mapping[str, WordedExpression]
    """By kind: words with which `dismiss_sentence` does not hold."""
    home: Mapping[str, tuple[str, ...]]
    """By form family: codes of the sections where the matter is stated if it is anywhere; EVERYWHERE for all."""
    expected: Mapping[str, tuple[str, ...]]
    """By form family: the home sections that every filing of it has."""
    home_titles: Mapping[str, re.Pattern[str]]
    elsewhere: tuple[str, ...]
    outranks: str | None
    """Code of the section whose statement decides."""
    concludes: re.Pattern[str] | None
    """What a home section must hold to be the place where the matter is decided."""
    contradicted_by: re.Pattern[str] | None
    """What a home section that states the matter would not say."""
    element: str | None
    """A text block whose presence raises confidence."""

    @property
    def alleviates(self) -> bool:
        """True when one sentence may take back what another states."""
        return any(kind == ALLEVIATED for kind, _ in self.dismiss)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sentence that speaks of the matter."""

    section: Section
    start: int
    end: int
    focus: tuple[int, int]
    """The words that decided."""
    verdict: str
    """STATED, WEAK, or the kind of dismissal."""


_FOLDED = (
    ("'", "\u2018\u2019\u201a\u201b"),
    ('"', "\u201c\u201d\u201e"),
    ("-", "\u2010\u2011\u2012\u2013\u2014\u2212"),
    (" ", "\xa0"),
)


_PIECE = 8_192  # characters: stays in the processor's cache, and most pieces are ASCII or nearly so


def fold(text: str) -> str:
    """The text with quotes, dashes and fixed spaces as ASCII, of the same length."""
    if len(text) > _PIECE:
        return "".join([fold(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE)])
    if text.isascii():
        return text
    # A pass a character, at memory speed: `str.translate` looks up each character and takes forty times as long.
    for plain, printed in _FOLDED:
        for character in printed:
            text = text.replace(character, plain)
    return text


def small_letters(text: str) -> str:
    """The text in small letters, of the same length."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


@dataclass(frozen=True, slots=True)
class ScannedText:
    """A text with what all patterns that are looked for in it share."""

    source: NormalisedText
    sentences: SentenceIndex
    triggers: Mapping[str, Sequence[int]]
    """By pattern or topic: where its trigger begins, rising."""

    def numbers_with(self, name: str, start: int, end: int) -> Iterator[int]:
        """Numbers of the sentences in which a trigger of this name begins within text[start:end], rising, each once."""
        offsets = self.triggers[name]
        first = bisect_left(offsets, start)
        last = -1
        for offset in offsets[first : bisect_left(offsets, end, first)]:
            number = self.sentences.number_at(offset)
            if number is not None and number != last:
                last = number
                yield number

    def sentences_with(
        self, name: str, start: int, end: int, longest: int | None = None
    ) -> Iterator[tuple[int, int, str]]:
        """(start, end, text folded) of each such sentence of at most `longest` characters, whole."""
        for number in self.numbers_with(name, start, end):
            first, last = self.sentences.starts[number], self.sentences.ends[number]
            if longest is None or last - first <= longest:
                yield first, last, fold(self.source.text[first:last])


def judge(
    pattern: SentencePattern, scanned: ScannedText, section_list: Sequence[Section], horizon: Horizon | None
) -> list[Judgement]:
    """Judges every sentence of these sections' bodies that speaks of the matter, in their order, each once."""
    judged: list[Judgement] = []
    seen: set[int] = set()
    enough = not (pattern.outranks or pattern.contradicted_by or pattern.alleviates)
    for section in section_list:
        count = stated = 0
        for start, end in _candidates(pattern, scanned, section):
            if start in seen:
                continue
            seen.add(start)
            verdict = judge_sentence(pattern, scanned.source.text[start:end], horizon)
            if verdict is None:
                continue
            kind, (focus_start, focus_end) = verdict
            judged.append(Judgement(section, start, end, (start + focus_start, start + focus_end), kind))
            count += 1
            stated += kind == STATED
            if count >= MOST_JUDGED or (enough and stated >= ENOUGH_STATED):
                break
    return judged


def judge_sentence(
    pattern: SentencePattern, sentence: str, horizon: Horizon | None = None
) -> tuple[str, tuple[int, int]] | None:
    """The verdict on one sentence and the span that decided it; None when it does not speak of the matter.

    Each statement in it is judged apart: "we evaluate whether doubt exists, and doubt exists" states it.
    """
    folded = fold(sentence)
    small = small_letters(folded)
    if pattern.topic is not None and not pattern.topic.search(small):
        return None
    for kind, expressions in pattern.dismiss_sentence:
        taken_back = next((found for expression in expressions if (found := expression.search(small))), None)
        override = pattern.overridden_by.get(kind)
        if taken_back and not (override and override.search(small)):
            return kind, taken_back.span()
    dismissals = [
        (kind, match.span())
        for kind, expressions in pattern.dismiss
        for expression in expressions
        for match in expression.finditer(small)
    ]
    if reason := takes_back_whole(folded, pattern.claim_kinds):
        mention = pattern.trigger.search(folded)
        return reason, mention.span() if mention else (0, 0)
    for expressions, verdict in ((pattern.include, STATED), (pattern.weak, WEAK)):
        for span in sorted(
            match.span() for expression in expressions for match in expression.finditer(small)
        ):
            if any(_overlap(dismissed, span) for _, dismissed in dismissals):
                continue
            if reason := takes_back(folded, span, pattern.claim_kinds):
                dismissals.append((reason, span))
                continue
            return ("prior_period" if horizon and horizon.is_past(folded) else verdict), span
    if dismissals:
        return dismissals[0]
    mention = pattern.trigger.search(folded)
    return ("mention", mention.span()) if mention else None


def _overlap(dismissed: tuple[int, int], stated: tuple[int, int]) -> bool:
    return dismissed[0] < stated[1] and stated[0] < dismissed[1]


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"\b({_MONTHS}) (\d{{1,2}}), (\d{{4}})\b")
_YEAR = re.compile(
    rf"\b(?:[Ff]iscal(?: years?)?|[Yy]ears?|[Ii]n|[Dd]uring|of|[Ss]ince|{_MONTHS},?|(?:early|mid|late)[ -]) ?"
    r"((?:19|20)\d\d)\b"
)
_PRESENT = re.compile(
    r"\b(?:is|are|has|have|continues|remains|raises?|exists|casts|reflects?|presents?|still|currently|now|not yet)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far back a sentence may look and still speak of the reporting period."""

    period_end: date
    annual: bool

    def is_past(self, sentence: str) -> bool:
        """True when every day and year the sentence names lies before the period and no verb is in the present.

        A 10-Q still speaks of its company when it speaks of the last fiscal year's audit.
        """
        first_day = self.period_end - timedelta(days=_ANNUAL_HORIZON if self.annual else _QUARTERLY_HORIZON)
        first_year = (self.period_end - timedelta(days=_FISCAL_YEAR_LAG if self.annual else 365)).year
        days = [
            day
            for name, number, year in _DATE.findall(sentence)
            if (day := read_date(f"{name} {number}, {year}"))
        ]
        years = [int(year) for year in _YEAR.findall(sentence)]
        if not days and not years:
            return False
        named_past = all(day < first_day for day in days) and all(year < first_year for year in years)
        return named_past and not _PRESENT.search(sentence)


_ANNUAL_HORIZON = 360  # days: the fiscal year's own, not the balance sheet of the year before
_QUARTERLY_HORIZON = 480
_FISCAL_YEAR_LAG = 120  # a fiscal year that ends by April may be named after the calendar year before


def _candidates(
    pattern: SentencePattern, scanned: ScannedText, section: Section
) -> Iterator[tuple[int, int]]:
    for number in scanned.numbers_with(pattern.name, section.body_start, section.end):
        yield (
            max(scanned.sentences.starts[number], section.body_start),
            min(scanned.sentences.ends[number], section.end),
        )
