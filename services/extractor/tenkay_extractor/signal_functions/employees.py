"""Rows over the number of employees (Regulation S-K, item 101(c)(2)(ii)).

Only a sentence in which the registrant itself tells how many people it employs counts: not one of a segment, a place,
a union, a customer or a predecessor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.expressions import ARITHMETIC
from tenkay_extractor.filing_view import FilingView, SectionText
from tenkay_extractor.flag_rows import horizon
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.number_formats import number_in_words
from tenkay_extractor.periods import Basis
from tenkay_extractor.signal_functions.exposures import told_sections

AT_HOME = Decimal("0.85")
SAME = 0.02
"""By which two tellings of one number may differ: one of them is rounded."""


def employee_count(filing: FilingView) -> Computed:
    """Employees as item 1 tells them: full-time and part-time together where the sentence tells both."""
    told = _told(filing)
    return Computed(Decimal(told.number), told.confidence, (told.passage,), told.notes)


def employee_growth(filing: FilingView) -> Computed:
    """Change of the number of employees against the 10-K of a year earlier, as a fraction."""
    now = _told(filing)
    prior = filing.comparable_prior()
    try:
        before = _told(prior)
    except MissingOperandError as error:
        raise MissingOperandError(
            MissingReason.PRIOR_PERIOD_NOT_REPORTED,
            f"the {prior.content.identity.form_type} of a year earlier: {error}",
        ) from None
    if now.kind != before.kind:
        raise MissingOperandError(
            MissingReason.NOT_COMPUTABLE,
            f"the numbers are of different kinds: {now.kind or 'all employees'} now,"
            f" {before.kind or 'all employees'} a year earlier",
        )
    change = ARITHMETIC.divide(Decimal(now.number - before.number), Decimal(before.number))
    return Computed(
        change,
        min(now.confidence, before.confidence),
        (now.passage, prior.cited(before.passage)),
        (f"{before.number} a year earlier, {now.number} now",),
        exact=False,
    )


def revenue_per_employee(filing: FilingView) -> Computed:
    """Revenue of the year over the number of employees that item 1 tells."""
    told = _told(filing)
    revenue = filing.facts_resolver().resolve("revenue", "current", Basis.YEAR_TO_DATE)
    return Computed(
        ARITHMETIC.divide(revenue.value, Decimal(told.number)),
        min(revenue.confidence, told.confidence),
        (*revenue.evidence, told.passage),
        (*revenue.notes, *told.notes),
        exact=False,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A number of employees of the whole registrant, as one sentence tells it."""

    number: int
    kind: str
    """"full-time" or "full-time equivalent" when only these are counted; empty for all."""
    passage: TextEvidence
    confidence: Decimal = AT_HOME

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"{self.kind} employees are counted",) if self.kind else ()


def _told(filing: FilingView) -> Told:
    known = filing.derive_whole(_look)
    if isinstance(known, MissingOperandError):
        raise MissingOperandError(known.reason, str(known))
    return known


def _look(filing: FilingView) -> Told | MissingOperandError:
    try:
        sections = told_sections(filing, ("business",))
    except MissingOperandError as error:
        return error
    found = list(_in_sections(filing, sections))
    if not found:
        return MissingOperandError(
            MissingReason.NOT_STATED,
            "no sentence of item 1 that is understood says how many people the registrant employs",
        )
    best = max(found, key=lambda each: each.number)
    if any(each.number < best.number * (1 - SAME) for each in found):
        numbers = ", ".join(str(number) for number in sorted({each.number for each in found}))
        return MissingOperandError(
            MissingReason.NOT_STATED, f"item 1 tells several numbers of employees: {numbers}"
        )
    return best


def _in_sections(filing: FilingView, sections: tuple[SectionText, ...]) -> Iterator[Told]:
    limit = horizon(filing)
    name = name_words(filing.content.identity.company_name)
    for section in sections:
        for start, end, sentence in filing.scanned(section.source).sentences_with(
            "employee_number", section.section.body_start, section.section.end, _LONGEST_SENTENCE
        ):
            if limit is not None and limit.is_past(sentence):
                continue
            read = read_employees(sentence, name)
            if read is not None:
                count, kind, (first, last) = read
                yield Told(count, kind, section.passage(start, end, (start + first, start + last)))


def read_employees(sentence: str, name: tuple[str, ...] = ()) -> tuple[int, str, tuple[int, int]] | None:
    """How many people the registrant employs by this sentence, of which kind, and where it says so.

    `sentence` has its quotes and dashes as ASCII; `name` is the registrant's, as `name_words` gives it.
    """
    if not _NUMBER_OF_PEOPLE.search(sentence):
        return None
    for telling in _TELLINGS:
        for found in telling.finditer(sentence):
            named = found.groupdict().get("named")
            if named and not _is_named(named, name) and (name or not _SUBSIDIARIES.search(found[0])):
                continue
            read = _counted(sentence, found)
            if read is not None:
                return read
    return None


def _counted(sentence: str, found: re.Match[str]) -> tuple[int, str, tuple[int, int]] | None:
    before, after = sentence[: found.start("number")], sentence[found.end() :]
    if _OF_ANOTHER.search(before) or _PART.match(after):
        return None
    number = _number(found["number"], found["scale"])
    if number is None or number < 1:
        return None
    basis = _BASIS.match(after)
    words = f"{found[0][found.end('number') - found.start() :]} {basis[0] if basis else ''}".lower().replace(
        "-", " "
    )
    full, part = "full time" in words or "full and part" in words, "part time" in words
    kind = "full-time equivalent" if "equivalent" in words or "fte" in words else ""
    if kind:
        return number, kind, (found.start("number"), found.end())
    if part and not full:
        return None
    if full and not part:
        more = _AND_PART_TIME.match(after)
        if more is not None:
            added = _number(more["number"], more["scale"])
            if added is None:
                return None
            return number + added, "", (found.start("number"), found.end() + more.end())
        none = _NO_PART_TIME.search(after)
        return number, "" if none else "full-time", (found.start("number"), found.end())
    return number, "", (found.start("number"), found.end())


def _number(printed: str, scale: str | None) -> int | None:
    printed = printed.strip()
    if printed[0].isdecimal():
        value = Decimal(printed.replace(",", "")) * (1_000_000 if scale else 1)
        return int(value) if value == int(value) and not _is_year(printed, scale) else None
    try:
        return number_in_words(printed)
    except ValueError:
        return None


def _is_year(printed: str, scale: str | None) -> bool:
    return scale is None and bool(re.fullmatch(r"(?:19|20)\d\d", printed))


_COMPANY_WORDS = frozenset({"the", "inc", "corp", "co", "company", "corporation", "ltd", "llc", "plc", "lp"})


def name_words(company: str) -> tuple[str, ...]:
    """The words of a company's name in small letters, without those for its legal form."""
    words = (re.sub(r"\W", "", word).lower() for word in re.findall(r"[\w'.&]+", company))
    return tuple(word for word in words if word and word not in _LEGAL_FORMS)


def _is_named(named: str, name: tuple[str, ...]) -> bool:
    """True for the registrant's name or its beginning: "Ford" of FORD MOTOR CO, and not "Ford Credit"."""
    words = name_words(named)
    return bool(words) and name[: len(words)] == words and not set(words) <= _COMMON_FIRST_WORDS


_LEGAL_FORMS = frozenset(
    {"the", "inc", "corp", "co", "company", "companies", "corporation", "ltd", "limited", "llc", "plc", "lp"}
)
_COMMON_FIRST_WORDS = frozenset(
    {"american", "first", "general", "national", "united", "states", "international", "new", "north", "south"}
)
_LONGEST_SENTENCE = 1_500

_WORD_NUMBER = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:-(?:one|two|three|four|five|six|seven|eight|nine))?)(?= )"
)
_NUMBER = (
    rf"(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d{{1,7}}(?:\.\d{{1,2}})?(?= million)|\d{{1,7}}|{_WORD_NUMBER})"
)
_NUMBERED = rf"{_NUMBER}(?: \(\d{{1,5}}\))?(?P<scale> million)?"
_ABOUT = (
    r"(?:(?:approximately|about|over|more than|nearly|almost|around|roughly|some|an? (?:estimated |global |total )?"
    r"(?:total|aggregate|workforce|team|staff|community)? ?of|in excess of|in total"
    r"|an aggregate of|a total of) ){0,3}"
)
_KIND = (
    r"(?P<kind>(?:(?:active|full|part|time|full-time|part-time|regular|permanent|equivalent|full-time-equivalent|FTE"
    r"|and|or|total|global|worldwide|dedicated|talented),? ?){0,7})"
)
_PEOPLE = (
    r"(?:full-time(?= and \d[\d,]* part-time\b)|employees|people"
    r"|persons|individuals|associates|team members|colleagues"
    r"|(?<=equivalent )positions|FTEs)\b(?!-)"
)
_SELF = (
    r"(?:\bwe\b|\b(?:the|our) (?:company|registrant|corporation|partnership|trust|group|firm)\b"
    r"|(?P<named>\b(?-i:[A-Z][\w'.]*(?: (?:&|[A-Z][\w'.]*)){0,4})))"
)
_WITH_SUBSIDIARIES = (
    r"(?:,? (?:and|with|including|together with|along with) (?:its|our|the|all)? ?[\w' -]{0,40}"
    r"(?:subsidiar\w+|affiliates|bank),?| \([^()]{0,60}\)){0,2}"
)
_EMPLOYS = (
    r"(?:,? (?:currently|also|now|collectively|presently|directly|together|globally|worldwide|in the aggregate)){0,2}"
    r" (?:had|have|has|employed|employs|employ)"
    r"(?: (?:currently|globally|worldwide|directly|collectively|in total))?"
)
_WHEN = r"(?:,? (?:as of|at) [^.;]{4,24}\d{4},?)?"
_NUMBER_OF_PEOPLE = re.compile(
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|\w{3,5}teen|eleven|twelve|\w{3,4}ty)\b)"
    r"[\w,.() -]{0,60}?\b(?:employee|full-time|people|persons|individuals|associates|team members|colleagues|FTEs)"
    r"|\b(?:headcount|workforce)\b[^;]{0,80}?\d",
    re.IGNORECASE,
)
"""Cheap: a sentence without it tells no number of employees."""
_SUBSIDIARIES = re.compile(r"\band its (?:consolidated )?subsidiaries\b", re.IGNORECASE)
"""Who is told with its subsidiaries is the registrant, where nothing else tells the registrant's name."""
_NO_CONTRACTORS_INCLUDED = (
    r"(?!,? (?:including|of which|of whom|comprised of|consisting of|with)\b[^.;]{0,80}\b(?:contract\w*|contingent"
    r"|consultants|agenc\w+|temporary|leased|franchis\w+))"
)
_TELLINGS = (
    re.compile(
        rf"{_SELF}{_WITH_SUBSIDIARIES}{_WHEN}{_EMPLOYS} {_ABOUT}{_NUMBERED} {_KIND}{_PEOPLE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:our|the company's) (?:total |global |worldwide )?(?:workforce|headcount|team|staff"
        rf"|number of employees)"
        rf"(?: (?:currently|was|is|of|totaled|totalled|consisted|consists|comprised|included"
        rf"|at [^.;,]{{4,24}}\d{{4}}))"
        rf"{{1,3}}(?: of)? {_ABOUT}{_NUMBERED} {_KIND}{_PEOPLE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:^(?:[^,;]{{0,40}}, )?|\bby )our {_ABOUT}{_NUMBERED} {_KIND}{_PEOPLE}"
        rf"(?=,? (?:as of (?:January|February|March|April|May|June|July|August|September|October|November|December)"
        rf"|worldwide|around the world|globally))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^with {_ABOUT}{_NUMBERED} {_KIND}{_PEOPLE}(?: on a full-time equivalent basis)? as of\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:our|the) company is (?:a global community of ){_ABOUT}{_NUMBERED} {_KIND}{_PEOPLE}"
        r"(?: dedicated to our (?:ethos|mission|values|purpose|vision)\b[^.;]{0,200})?",
        re.IGNORECASE,
    ),
    re.compile(
        # Headcount and workforce need no word for people, but must open their clause: an age or a share "of our
        # workforce" is a number too.
        rf"(?:^|[,;] )(?:our|the company's|(?P<named>(?-i:[A-Z][\w.&]*(?: (?:&|[A-Z][\w.&]*)){{0,4}}))'s)"
        rf" (?:(?:total|global|worldwide|employee) ){{0,3}}(?:headcount|workforce(?: level)?)(?: worldwide| globally)?"
        rf"{_WHEN} (?:was|is|totaled|totalled|stood at) {_ABOUT}{_NUMBERED}"
        rf"(?= worldwide\b| globally\b| (?:as of|at) [^.;]{{4,24}}\d{{4}}|,? (?:including|with)\b|[.;]?$)"
        rf"{_NO_CONTRACTORS_INCLUDED}",
        re.IGNORECASE,
    ),
)
_OF_ANOTHER = re.compile(
    r"\b(?:of (?:whom|which|these|those|this (?:number|total)|them)|excluding|in addition to"
    r"|additional|acqui(?:red|sition)"
    r"|merger|former(?:ly)?|predecessor|prior to|customers?|clients?|tenants?|franchisees?|unions?|would|will"
    r"|if|expects?|segment|division|reduc(?:ed|tion)|represented|laid off|hired)\b",
    re.IGNORECASE,
)
_PLACE = (
    r"(?:in|at|within|outside|throughout|across|for|on) (?!(?:over |more than |approximately "
    r"|about |nearly |some )?\d"
    r"|(?:over|more than|approximately|about|nearly|some) (?:two|three|four|five|six|seven"
    r"|eight|nine|ten|\w+teen|\w+ty)\b"
    r"|two|three|four|five|six|seven|eight|nine|ten"
    r"|all\b|total\b|the aggregate|various|multiple|many countries|our (?:entire|whole|global|worldwide)"
    r"|its (?:entire|worldwide)|their worldwide|the entire|January|February|March|April|May"
    r"|June|July|August|September|October"
    r"|November|December|year-?end|the end|fiscal|a full|an? (?:full|FTE)|the world)"
)
_PART = re.compile(
    rf",? (?:(?:who|whom|were|are|was|is|has|have|(?:located|based|employed|working|situated|resid\w+)"
    rf" (?:in|at|within|outside)"
    rf"|assigned|engaged|dedicated|devoted|represented|covered|that|participat\w+|under"
    rf"|of (?!which|whom)(?!the company)"
    rf"|from|to|by|per|on strike|involved|received|completed|took"
    rf"|and (?:[\w-]+ ){{0,3}}(?:contractors?|consultants|agents|representatives|contingent|temporary|seasonal"
    rf"|members|franchis\w+))\b|{_PLACE})",
    re.IGNORECASE,
)
_BASIS = re.compile(
    r" (?:calculated )?on an? full-time(?: equivalent|-equivalent)? basis|, full-time and part-time"
    r"| \(full-time[- ]equivalents?\)"
)
_AND_PART_TIME = re.compile(
    rf"(?: (?:worldwide|globally))?,? and {_ABOUT}{_NUMBERED} (?:regular |permanent )?part-time"
    rf"(?: (?:employees|associates|persons|people|team members|colleagues))?\b",
    re.IGNORECASE,
)
_NO_PART_TIME = re.compile(
    r"\bno part-time\b|\ball of whom (?:are|were|was) (?:employed )?full-time", re.IGNORECASE
)

FUNCTIONS = {
    "employee_count": employee_count,
    "employee_growth": employee_growth,
    "revenue_per_employee": revenue_per_employee,
}
