"""Tells whether words that would state a matter do state it: of whom, of when, and as fact or as possibility.

"We breached a covenant", "we may breach a covenant" and "a breach is recorded when it occurs" share their words. What
makes a claim of them stands around them, in the same words for every matter, so that the patterns of many flags share
this module. It errs towards silence: what may be read as a possibility is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from tenkay_extractor.worded_expressions import WordedExpression

KINDS = (
    "caption",
    "quoted",
    "rule",
    "policy",
    "hypothetical",
    "negated",
    "counterparty",
    "prior_period",
)
"""Why words are no claim of the filer's about its reporting period, in the order in which they are looked for."""

_WORDS_BETWEEN = r"(?:[ ,]+(?!and\b|but\b)[\w'$%/&().-]+)"


def takes_back(sentence: str, span: tuple[int, int], kinds: Collection[str]) -> str | None:
    """The kind of reason why sentence[span] is no claim; None when it is one.

    `sentence` is one sentence with its quotes and dashes as ASCII (`phrases.fold`). Only `kinds` are looked for;
    "prior_period" here means words such as "in prior years": dates are the business of `phrases.Horizon`.
    """
    for kind in KINDS:
        if kind in kinds and _LOOKS[kind](sentence, *span):
            return kind
    return None


def takes_back_whole(sentence: str, kinds: Collection[str]) -> str | None:
    """The same, for a reason that holds for all that the sentence says: it is a caption, or supposes something."""
    if "caption" in kinds and is_caption(sentence):
        return "caption"
    if "hypothetical" in kinds and _supposes(sentence):
        return "hypothetical"
    return None


# Captions and quotations

_FULL_STOP = re.compile(r"[.!?;:][\"')\]]*$")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "but",
        "by",
        "for",
        "from",
        "in",
        "into",
        "nor",
        "of",
        "on",
        "or",
        "our",
        "per",
        "the",
        "to",
        "under",
        "upon",
        "with",
    ]
)
_LONGEST_CAPTION = 25  # words
_FIGURE = re.compile(r"^[($%]*[\d,.]+[)%]*$|^[-$%()]+$")


def is_caption(sentence: str) -> bool:
    """True for a heading or a row of a table: no full stop, and capitals or figures where prose has none."""
    if _FULL_STOP.search(sentence) and not sentence.isupper():
        return False
    words = sentence.split()
    if len(words) > _LONGEST_CAPTION and not sentence.isupper():
        return False
    telling = [word for word in words if word.lower().strip("(),") not in _SMALL_WORDS]
    figures = sum(1 for word in telling if _FIGURE.match(word))
    capitals = sum(1 for word in telling if word.strip("\"'(").istitle() or word.isupper())
    return len(words) < 4 or capitals + figures >= 0.6 * len(telling)


def _is_caption(sentence: str, _start: int, _end: int) -> bool:
    return is_caption(sentence)


def _is_quoted(sentence: str, start: int, end: int) -> bool:
    """True when the words stand inside quotation marks, together with words around them."""
    return sentence.count('"', 0, start) % 2 == 1 and '"' in sentence[end:]


# Rules and policies

_SELF = r"\b(?:we|us|our|ours|the (?:company|registrant|partnership|trust|fund|bank|corporation|firm|group|issuer))\b"
_WITHOUT_SELF = rf"^(?!.*{_SELF})"
_RULE = re.compile(
    rf"{_WITHOUT_SELF}.*\b(?:an|any|each|every|the) (?:reporting )?(?:entity|registrant|issuer"
    rf"|listed company)(?:'s)?\b"
    rf"|{_WITHOUT_SELF}.*\b(?:rules?|regulations?|laws?|acts?|section \d[\w.()]*|item \d[\w.()]*|statutes?|directive"
    r"|standards?|guidance|listing requirements?)\b[^;]{0,120}\b(?:requires?|prohibits?|provides?|permits?|defines?"
    r"|imposes?|specif(?:y|ies)|mandates?|stipulates?|(?:is|are) required)\b"
    r"|\b(?:entities|registrants|issuers|companies|public companies) (?:must|should|shall|are required|need)\b"
    r"|\b(?:required|pursuant|defined|described) (?:to be disclosed |to be furnished )?(?:by|to|in"
    r"|under) item \d+\w* of"
    r" (?:regulation|form)\b",
    re.IGNORECASE,
)
_STANDARD = re.compile(
    r"\b(?:ASC|ASU|SFAS|FASB|EITF|SAB|IFRS|IAS)\b|\bFIN \d\d\b"
    r"|\baccounting (?:standards?|polic(?:y|ies)|guidance|pronouncements?|principles?)\b"
    r"|\b(?:new|recent(?:ly issued)?|amended) (?:standards?|guidance|pronouncements?)\b|\bsummary of significant\b",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"\b(?:we|management|the company|it)(?: (?:also|generally|regularly|periodically|routinely|continually|typically"
    r"|initially|then|will|would))* (?:evaluates?|assess(?:es)?|reviews?|monitors?|considers?|records?|recogni[sz]es?"
    r"|accrues?|classif(?:y|ies)|accounts? for|measures?|estimates?|determines?|discloses?|capitali[sz]es?|expenses?"
    r"|provides? for|establish(?:es)?|maintains?|uses?)\b"
    r"|\b(?:is|are) (?:generally |typically |initially |then |only )?(?:recorded|recogni[sz]ed|accrued|expensed"
    r"|capitali[sz]ed"
    r"|classified|measured|reviewed|evaluated|assessed|charged|amortized|estimated|provided for|deemed|considered"
    r"|accounted for|disclosed|established)\b"
    r"|\b(?:our|the company's) polic(?:y|ies)\b|\bpolicy (?:is|requires|prohibits|provides)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\$ ?\d|\b\d[\d,.]* (?:million|billion|thousand)\b", re.IGNORECASE)
_DAY = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" (?:\d{1,2}, )?(?:19|20)\d\d\b"
)


def _is_rule(sentence: str, _start: int, _end: int) -> bool:
    return bool(_RULE.search(sentence))


def _is_policy(sentence: str, start: int, end: int) -> bool:
    """True for what is always done, or by which standard: not for what was done, with an amount or on a day."""
    if _AMOUNT.search(sentence):
        return False
    if _STANDARD.search(sentence):
        return True
    found = _POLICY.search(sentence)
    if found is None or start <= found.start() < end:
        return False
    return not _DAY.search(sentence)


# Possibilities

_CLAUSE_END = re.compile(
    r";|, (?:and|but|so|yet|whereas|while|although|though) (?=(?:we|our|the|it|its|in|on|this|that|such|these|as"
    r"|they|he"
    r"|she|has|had|was|were)\b)|\bbut\b|, (?=(?:we|it|they|the company) )",
    re.IGNORECASE,
)
_MODAL_BEFORE = re.compile(
    rf"\b(?:may(?! \d)|might|could|would|should|can|cannot|can't|will|shall|must){_WORDS_BETWEEN}{{0,9}}[ ,]*$"
    r"|\bto (?:\w+ly )?$",
    re.IGNORECASE,
)
_MODAL_INSIDE = re.compile(
    r"\b(?:may(?! \d)|might|could|would|should(?! (?:no longer|not) be relied)|can|will|shall)\b",
    re.IGNORECASE,
)
_MODAL_AFTER = re.compile(
    r"^(?:[ ,]+(?!which\b|that\b|who\b|and (?:we|the)\b)[\w'/&()-]+){0,8}? (?:may(?! \d)|might|could|would|can"
    r"|cannot|will)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:was|were|is|are|has|have|had|am|been|did|does|do|\w{2,}ed|made|found|became|began|fell|took|given|gave"
    r"|held"
    r"|arose|stole)\b",
    re.IGNORECASE,
)
_PARTICIPLE = re.compile(r"\bpreviously \w+ed\b|\bunauthori[sz]ed\b|\blimited\b|\brelated\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if|whether|unless|in the (?:\w+ )?event|in case|to the extent|assuming|provided that"
    r"|should (?:we|the|any|our|such)"
    r"|were (?:we|the company|any) to|until such time|even if|depending on)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(r"\bno assurance\b|\bcannot (?:assure|guarantee|be certain|predict)\b", re.IGNORECASE)
_TIME_CONDITION = re.compile(r"\b(?:when(?:ever)?|once|(?<!based )upon|where|until)\b", re.IGNORECASE)
_POSSIBILITY_BEFORE = re.compile(
    r"\b(?:risks?|possibilit(?:y|ies)|possibl[ey]|potential(?:ly)?|likelihood|likely|probable|threat(?:s|en(?:s"
    r"|ed|ing)?)?"
    r"|prospect|vulnerab\w+|susceptib\w+|assur(?:e|es|ance|ances)|guarantees?|from time to time|in the future|future"
    r"|such as|e\.g\.|for example|for instance|attempts?|attempting|expos(?:e|es|ed|ures?)|any|ability to"
    r"|abilities to"
    r"|seeks? to|intends? to|plans? to|expects? to|designed to|efforts? to|as though"
    r"|actual or"
    r"|alleged|perceived|types? of|kinds? of|definition of|constitut\w+|prevent\w*|detect\w*|avoid\w*|against"
    rf"|occurrence of|in response to (?:an?|any)){_WORDS_BETWEEN}{{0,8}}[ ,]*$",
    re.IGNORECASE,
)
_OPENS_WITH_POSSIBILITY = re.compile(
    r"\W*(?:if|should|unless|in the (?:\w+ )?event|to the extent|risks?|factors"
    r"|there can be no assurance|there is a risk"
    r"|in case|were)\b",
    re.IGNORECASE,
)
_SENTENCE_POSSIBILITY = WordedExpression(
    r"\bforward-looking\b"
    r"|\bfactors (?:that|which|include)\b|\b(?:include|including),? (?:but (?:are |is )?not limited to"
    r"|without limitation)\b"
    r"|\bcould (?:cause|differ)\b"
)


def _supposes(sentence: str) -> bool:
    """True when all that the sentence says is a possibility."""
    return bool(_OPENS_WITH_POSSIBILITY.match(sentence) or _SENTENCE_POSSIBILITY.search(sentence.lower()))


def _is_hypothetical(sentence: str, start: int, end: int) -> bool:
    if _supposes(sentence):
        return True
    clause = _clause_before(sentence, start)
    words = sentence[start:end]
    if _DOUBT.search(sentence, 0, start) or _CONDITION.search(sentence, 0, start):
        return True
    if _MODAL_BEFORE.search(clause) or _MODAL_INSIDE.search(words):
        return True
    if _POSSIBILITY_BEFORE.search(clause):
        return True
    if _TIME_CONDITION.search(clause) and not _DAY.search(sentence):
        return True
    return not _asserts(words) and bool(_MODAL_AFTER.search(sentence[end:]))


def _asserts(words: str) -> bool:
    """True when the words hold a finite verb: what follows them does not say whether they are so."""
    return bool(_FINITE.search(_PARTICIPLE.sub(" ", words)))


def _clause_before(sentence: str, start: int) -> str:
    """What stands before the words in their own clause."""
    begin = 0
    for boundary in _CLAUSE_END.finditer(sentence, 0, start):
        begin = boundary.end()
    return sentence[begin:start]


# Denials

_NEGATION_BEFORE = re.compile(
    r"(?:\b(?:no|not|never|none|neither|nor|without|cannot|nothing|unaware|absence of|free of|free from|lack of"
    rf"|den(?:y|ies|ied)|denying|other than|rather than|instead of)|n't)\b{_WORDS_BETWEEN}{{0,10}}[ ,]*$",
    re.IGNORECASE,
)
_NEGATION_AFTER = re.compile(
    r"^(?:[ ,]+(?!which\b|that\b|who\b)[\w'/&()-]+){0,5}?(?: (?:is|are|was|were|has|have|had|did|does|do)"
    r" (?:not|no longer|never)\b|n't\b|: ?(?:none|not applicable|n/a)\b)",
    re.IGNORECASE,
)


def _is_negated(sentence: str, start: int, end: int) -> bool:
    if _NEGATION_BEFORE.search(_clause_before(sentence, start)):
        return True
    return not _asserts(sentence[start:end]) and bool(_NEGATION_AFTER.search(sentence[end:]))


# Others than the filer

_OTHERS = re.compile(
    r"\b(?:customers?|suppliers?|vendors?|tenants?|lessees?|borrowers?|counterpart(?:y|ies)|investees?|licensees?"
    r"|franchisees?|competitors?|obligors?|reinsurers?|compan(?:y|ies)(?= in our industry)|other (?:companies|issuers"
    r"|firms|businesses|organi[sz]ations|banks|parties|institutions|retailers|manufacturers)|(?:many|some|several"
    r"|certain"
    r"|numerous|most|public|large|technology|healthcare|financial) (?:\w+ )?(?:companies|institutions"
    r"|organi[sz]ations"
    r"|businesses)|industry|peers?|third[- ]part(?:y|ies)|distributors?|contractors?|(?:service )?providers?"
    r"|partners?"
    r"|clients?|merchants?|hospitals?|operators?|sponsors?|manufacturers?|governments?|countr(?:y|ies)"
    r"|(?:portfolio|target) compan(?:y|ies))(?:s|'s|s'|')?(?![\w-])",
    re.IGNORECASE,
)
_SELF_NEAR = re.compile(
    r"\b(?:we|us|(?:the|our) (?:company|registrant|partnership|trust|fund|bank|corporation|firm|group"
    r"|subsidiar(?:y|ies)"
    r"|board|management|systems?|network)|management)\b",
    re.IGNORECASE,
)
_MOST_BETWEEN = 9  # words between the other's name and what it did


def _is_of_another(sentence: str, start: int, _end: int) -> bool:
    """True when the nearest who before the words is a customer, a supplier, the industry."""
    clause = _clause_before(sentence, start)
    others = [found.end() for found in _OTHERS.finditer(clause)]
    if not others:
        return False
    between = clause[others[-1] :]
    return len(between.split()) <= _MOST_BETWEEN and not _SELF_NEAR.search(between)


# Other times

_EARLIER = re.compile(
    r"\b(?:in|during|for) (?:the |our )?(?:prior|previous|preceding|earlier|past) (?:fiscal )?(?:years?|periods?"
    r"|quarters?)"
    r"|\bin (?:the|our) past\b|\b(?:formerly|historically|at that time|last year|prior year's?|years ago"
    r"|in years past)\b",
    re.IGNORECASE,
)


def _is_of_earlier(sentence: str, _start: int, _end: int) -> bool:
    return bool(_EARLIER.search(sentence))


_LOOKS = {
    "caption": _is_caption,
    "quoted": _is_quoted,
    "rule": _is_rule,
    "policy": _is_policy,
    "hypothetical": _is_hypothetical,
    "negated": _is_negated,
    "counterparty": _is_of_another,
    "prior_period": _is_of_earlier,
}
