"""Rows over controls and procedures: management's conclusions (Regulation S-K 307, 308), officers' certifications."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tenkay_extractor.certifications import Signer, read_signers, same_person
from tenkay_extractor.claims import takes_back
from tenkay_extractor.computed import Computed
from tenkay_extractor.filing_view import FilingView, SectionText, accepted
from tenkay_extractor.flag_rows import horizon
from tenkay_extractor.flags import refers_elsewhere
from tenkay_extractor.identity import FilingSource
from tenkay_extractor.item_schemes import FormFamily
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.phrases import fold

AT_HOME = Decimal("0.9")
ELSEWHERE = Decimal("0.7")
BOTH = Decimal("0.6")
BY_EXHIBITS = Decimal("0.95")
BY_NAMES = Decimal("0.85")
MOST_PASSAGES = 5
CERTIFIED_AS_EXHIBITS_SINCE = date(2003, 8, 14)
"""Exhibits 31 and 32 exist since then (SEC Release 33-8238)."""
_ASSET_BACKED = 6189
"""SIC code of asset-backed securities, whose certification is another (Exchange Act Rule 13a-14(d))."""

_DISCLOSURE = (
    r"(?:disclosure controls?(?: and (?:internal )?(?:controls and )?procedures?)?"
    r"|(?:such|these|those|our|its|the company's|the registrant's) (?:disclosure )?controls and procedures)"
)
_FINANCIAL = (
    r"(?:internal controls?(?: and procedures)? over financial reporting|internal control(?:s|(?= system))?)"
)
_BE = r"(?:was|were|is|are|had been|have been|has been|be|remained?|continues? to be)"
_EFFECTIVE = (
    rf"\b{_BE} (?:(?!not\b|in-?effective)[\w',-]+ ){{0,4}}?(?:effective\b|operating effectively|adequate\b)"
    r"|\b(?:operated|functioned|functioning|operating|works?|worked) effectively\b"
)
_NOT_EFFECTIVE = (
    rf"\b(?:{_BE} |were |was )?(?:(?:therefore|also|thus|still) )?not (?:[\w',-]+ ){{0,4}}?(?:effective"
    rf"|adequate|operating effectively)\b"
    r"|\bin-?effective\b|\bnot (?:have |maintain(?:ed)? )[^.;]{0,60}\beffective\b"
)


@dataclass(frozen=True, slots=True)
class _Conclusion:
    effective: bool
    section: SectionText
    start: int
    end: int
    focus: tuple[int, int]


_DISCLOSURE_RULES = (
    (
        False,
        re.compile(
            rf"{_DISCLOSURE}.{{0,400}}?(?:{_NOT_EFFECTIVE})|\b(?:not effective|ineffective)"
            rf" .{{0,40}}?{_DISCLOSURE}",
            re.IGNORECASE,
        ),
    ),
    (
        True,
        re.compile(
            rf"{_DISCLOSURE}.{{0,400}}?(?:{_EFFECTIVE})|\beffectiveness of .{{0,60}}?{_DISCLOSURE}"
            rf" .{{0,60}}?\b(?:was|is) (?:adequate|satisfactory)",
            re.IGNORECASE,
        ),
    ),
)
_FINANCIAL_RULES = (
    (
        False,
        re.compile(
            rf"{_FINANCIAL}.{{0,200}}?(?:{_NOT_EFFECTIVE})|\b(?:did|has|had|have|does) not"
            rf" maintain(?:ed)?\b.{{0,80}}?effective"
            rf" {_FINANCIAL}|\b(?:ineffective) {_FINANCIAL}",
            re.IGNORECASE,
        ),
    ),
    (
        True,
        re.compile(
            rf"{_FINANCIAL}.{{0,200}}?(?:{_EFFECTIVE})"
            rf"|\b(?:maintained|maintains|has|had) ?(?:,? in all material respects,?)? effective"
            rf" {_FINANCIAL}",
            re.IGNORECASE,
        ),
    ),
)
_TOPICS = {
    "disclosure": re.compile(r"controls? and procedures|disclosure controls?", re.IGNORECASE),
    "financial": re.compile(r"internal controls?", re.IGNORECASE),
}
_ABOUT_EFFECTIVE = re.compile(r"effective|adequate", re.IGNORECASE)
_KINDS = ("quoted", "hypothetical", "negated", "counterparty", "prior_period")
_DESIGN = re.compile(
    r"\b(?:designed to|design of|only reasonable|limitations?|no matter how well|cannot provide|can"
    r" provide|procedures that are designed"
    r"|reasonable,? (?:not|but not) absolute)\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"\b(?:conclu\w+|determin\w+|believes?|based on|opinion|assess\w+|found|evaluat\w+|as of|at (?:the"
    r" )?(?:end|\w+ \d))\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"\b(?:in order )?to (?:ensure|determine|verify|see to it|make sure) that\b", re.IGNORECASE
)
_OPEN_QUESTION = re.compile(
    r"\b(?:whether|if)\b(?:(?!\b(?:conclud|determined|believes?\b|found\b))[^;])*$", re.IGNORECASE
)
"""What is only to be found out: no conclusion follows the conjunction."""
_EVEN_IF_EFFECTIVE = re.compile(r"\s*(?:can|may|might|could)\b", re.IGNORECASE)
"""Behind "controls determined to be effective": what even such controls can do."""
_NEW_COMPANY = re.compile(
    r"\bnot include a(?:n? (?:annual )?| )report of management|\bnot (?:yet )?(?:required"
    r"|include)[^.;]{0,120}management's (?:annual )?"
    r"(?:assessment|report)[^.;]{0,200}\b(?:transition period|newly public)",
    re.IGNORECASE,
)
_CONTROLS_TITLE = re.compile(r"controls?", re.IGNORECASE)


def disclosure_controls_effective(filing: FilingView) -> Computed:
    """Management's conclusion on its disclosure controls at the end of the period (Regulation S-K 307)."""
    sections = _home(filing)
    return _decided(sections, _conclusions(filing, sections, _DISCLOSURE_RULES, "disclosure"), AT_HOME)


def financial_controls_effective(filing: FilingView) -> Computed:
    """Management's conclusion on internal control over financial reporting (Regulation S-K 308(a)).

    Read from the item on controls; where that says none, from the financial statements' section or the annual report.
    """
    sections = _home(filing)
    found = _conclusions(filing, sections, _FINANCIAL_RULES, "financial")
    if found:
        return _decided(sections, found, AT_HOME)
    for section in sections:
        exempt = _NEW_COMPANY.search(fold(section.body))
        if exempt:
            raise MissingOperandError(
                MissingReason.CONDITION_NOT_MET,
                "the report is one of a newly public company, which gives no management's report yet",
            )
    try:
        others = filing.sections("statements")
    except MissingOperandError:
        others = ()
    elsewhere = _conclusions(filing, others, _FINANCIAL_RULES, "financial")
    return _decided((*sections, *others), elsewhere, ELSEWHERE)


def _home(filing: FilingView) -> tuple[SectionText, ...]:
    """The sections on controls. Items of other numbers were about controls for a few years: their title tells."""
    found = filing.sections("controls")
    named = tuple(
        each
        for each in found
        if each.section.code in ("item_9A", "item_8A") or _CONTROLS_TITLE.search(each.section.title)
    )
    if not named:
        raise MissingOperandError(
            MissingReason.SECTION_NOT_FOUND, "no section on controls and procedures was found"
        )
    return named


def _conclusions(
    filing: FilingView,
    sections: Sequence[SectionText],
    rules: Sequence[tuple[bool, re.Pattern[str]]],
    topic: str,
) -> list[_Conclusion]:
    found: list[_Conclusion] = []
    seen: set[tuple[str, int]] = set()
    until = horizon(filing)
    for section in sections:
        for start, end, sentence in _sentences(filing, section, _TOPICS[topic]):
            if (section.source.document, start) in seen or not _CONCLUDES.search(sentence):
                continue
            seen.add((section.source.document, start))
            for effective, rule in rules:
                match = rule.search(sentence)
                if match is None:
                    continue
                kinds = [kind for kind in _KINDS if effective or kind != "negated"]
                past = until is not None and until.is_past(sentence)
                past = past or bool(_PURPOSE.search(sentence, 0, match.start()))
                if (
                    not past
                    and not _DESIGN.search(match.group())
                    and not _OPEN_QUESTION.search(match.group())
                    and not _EVEN_IF_EFFECTIVE.match(sentence, match.end())
                    and not takes_back(sentence, match.span(), kinds)
                ):
                    focus = (start + match.start(), start + match.end())
                    found.append(_Conclusion(effective, section, start, end, focus))
                break
    return found


def _sentences(
    filing: FilingView, section: SectionText, topic: re.Pattern[str]
) -> Iterator[tuple[int, int, str]]:
    index = filing.scanned(section.source).sentences
    text = section.source.text
    begin, stop = section.section.body_start, section.section.end
    last = -1
    for mention in topic.finditer(text, begin, stop):
        number = index.number_at(mention.start())
        if number is None or number == last:
            continue
        last = number
        start, end = max(index.starts[number], begin), min(index.ends[number], stop)
        if _ABOUT_EFFECTIVE.search(text, start, end):
            yield start, end, fold(text[start:end])


def _decided(searched: Sequence[SectionText], found: Sequence[_Conclusion], confidence: Decimal) -> Computed:
    if not found:
        if all(refers_elsewhere(each.section, each.source.text) for each in searched):
            raise MissingOperandError(
                MissingReason.INCORPORATED_BY_REFERENCE, "the section on controls refers to another document"
            )
        raise MissingOperandError(
            MissingReason.NOT_STATED, "no sentence of the sections searched concludes on effectiveness"
        )
    negative = [each for each in found if not each.effective]
    deciding = negative or list(found)
    passages = tuple(
        each.section.passage(each.start, each.end, each.focus) for each in deciding[:MOST_PASSAGES]
    )
    if not negative:
        return Computed(True, confidence, passages)
    if len(negative) < len(found):
        others = next(each for each in found if each.effective)
        passages = (*passages, others.section.passage(others.start, others.end, others.focus))
        return Computed(False, min(confidence, BOTH), passages, ("another sentence concludes the opposite",))
    return Computed(False, confidence, passages)


# Certifications


def certifications_complete(filing: FilingView) -> Computed:
    """Whether two officers, or one for both offices, certify in exhibits 31, and an exhibit 32 is furnished."""
    identity, main = filing.content.identity, filing.main_text()
    day = identity.filed_date or identity.period_end  # a report is filed after its period
    if day is None:
        raise MissingOperandError(
            MissingReason.PERIOD_UNCLEAR, "neither the filing day nor the end of the period can be told"
        )
    if day < CERTIFIED_AS_EXHIBITS_SINCE:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            f"certifications are exhibits 31 and 32 since {CERTIFIED_AS_EXHIBITS_SINCE} only",
        )
    if identity.sic_code == _ASSET_BACKED:
        raise MissingOperandError(MissingReason.CONDITION_NOT_MET, "asset-backed issuers certify otherwise")
    if identity.source is not FilingSource.FULL_SUBMISSION:
        raise MissingOperandError(
            MissingReason.DOCUMENT_NOT_FOUND,
            "whether exhibits are absent is told by the full submission only, and single documents were given",
        )
    if identity.is_amendment and not _has_statements(filing):
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            "an amendment without financial statements certifies none",
        )
    rule_13a, section_906 = _exhibits(filing, "EX-31"), _exhibits(filing, "EX-32")
    signers = [(exhibit, signer) for exhibit in rule_13a for signer in filing.derive(_read_signers, exhibit)]
    people = _distinct([signer for _, signer in signers])
    if rule_13a and not signers:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "exhibit 31 does not say who certifies in the usual words"
        )
    both = len(people) >= 2 or any(_for_both_offices(exhibit) for exhibit in rule_13a)
    lacks = [
        name
        for name, there in (
            ("exhibit 31", bool(rule_13a)),
            ("a second officer's exhibit 31", both or not rule_13a),
            ("exhibit 32", bool(section_906)),
        )
        if not there
    ]
    passages = [exhibit.passage(*signer.span) for exhibit, signer in signers[:MOST_PASSAGES]]
    passages += [exhibit.opening() for exhibit in section_906[:2] if exhibit.body]
    if lacks:
        search = filing.searched((main, *rule_13a, *section_906))
        return Computed(
            False, BY_EXHIBITS, (*passages, search), (f"not in the submission: {', '.join(lacks)}",)
        )
    return Computed(True, BY_EXHIBITS, tuple(passages))


def certifying_officer_changed(filing: FilingView) -> Computed:
    """Whether someone certifies who did not in the last earlier 10-K or 10-Q."""
    now = _certified(filing)
    before = [
        each
        for each in filing.earlier
        if each.content.family in (FormFamily.ANNUAL, FormFamily.QUARTERLY)
        and not each.content.identity.is_amendment
    ]
    if not before:
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            "it is compared with the last 10-K or 10-Q, which was not given",
        )
    last = max(before, key=lambda each: (_moment(each), each.content.identity.accession_number))
    then = _certified(last)
    new = [
        (exhibit, signer)
        for exhibit, signer in now
        if not any(same_person(signer, other) for _, other in then)
    ]
    cited = tuple(last.cited(exhibit.passage(*signer.span)) for exhibit, signer in then[:MOST_PASSAGES])
    passages = tuple(exhibit.passage(*signer.span) for exhibit, signer in (new or now)[:MOST_PASSAGES])
    notes = tuple(f"{signer.name} did not certify before" for _, signer in new)
    return Computed(bool(new), BY_NAMES, (*passages, *cited), notes)


def _certified(filing: FilingView) -> list[tuple[SectionText, Signer]]:
    exhibits = filing.exhibits("EX-31")
    signers = [(exhibit, signer) for exhibit in exhibits for signer in filing.derive(_read_signers, exhibit)]
    if len(_distinct([signer for _, signer in signers])) < 2 and not any(map(_for_both_offices, exhibits)):
        raise MissingOperandError(
            MissingReason.NOT_STATED, "the names of the certifying officers cannot be told"
        )
    return signers


def _read_signers(section: SectionText) -> tuple[Signer, ...]:
    return read_signers(section.source.text)


def _exhibits(filing: FilingView, kind: str) -> tuple[SectionText, ...]:
    try:
        return filing.exhibits(kind)
    except MissingOperandError:
        return ()


def _distinct(signers: Sequence[Signer]) -> list[Signer]:
    people: list[Signer] = []
    for signer in signers:
        if not any(same_person(signer, known) for known in people):
            people.append(signer)
    return people


_BOTH_OFFICES = re.compile(
    r"(?:chief|principal) executive(?: officer)?\b[^\n.]{0,60}\b(?:and|&|/)\s?[^\n.]{0,40}(?:chief"
    r"|principal) financial"
    r"|(?:chief|principal) financial(?: officer)?\b[^\n.]{0,60}\b(?:and|&|/)\s?[^\n.]{0,40}(?:chief"
    r"|principal) executive"
    r"|\bCEO\b\s?(?:and|&|/)\s?\bCFO\b",
    re.IGNORECASE,
)


def _for_both_offices(exhibit: SectionText) -> bool:
    """True when the signature says that one person holds both offices."""
    return bool(_BOTH_OFFICES.search(exhibit.source.text))


def _has_statements(filing: FilingView) -> bool:
    return any(filing.sections_coded(code) for code in ("item_8", "part1_item1"))


def _moment(filing: FilingView) -> float:
    moment = accepted(filing.content.identity)
    return moment.timestamp() if moment else 0.0


FUNCTIONS = {
    "disclosure_controls_effective": disclosure_controls_effective,
    "financial_controls_effective": financial_controls_effective,
    "certifications_complete": certifications_complete,
    "certifying_officer_changed": certifying_officer_changed,
}
