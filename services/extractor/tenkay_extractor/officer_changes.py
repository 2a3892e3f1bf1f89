"""Who leaves and who takes office: sentences of Item 5.02 of Form 8-K judged one by one.

A role counts only when the words bind it to the leaving or the appointment: "Jane Doe, our Chief Financial Officer,
resigned", "resigned as Chief Financial Officer", "the resignation of Jane Doe as Chief Financial Officer". The item's
caption names departures and appointments in every report, employment agreements speak of resignations that may come,
and curricula of offices held elsewhere: none of these counts.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tenkay_extractor.claims import is_caption
from tenkay_extractor.number_formats import read_date
from tenkay_extractor.phrases import fold


class Office(enum.Enum):
    """An office that rows ask about."""

    CHIEF_EXECUTIVE = "chief executive"
    FINANCE_CHIEF = "finance chief"
    ACCOUNTING_CHIEF = "accounting chief"
    OPERATIONS_CHIEF = "operations chief"
    DIRECTOR = "director"


OFFICERS = frozenset(Office) - {Office.DIRECTOR}


@dataclass(frozen=True, slots=True)
class Change:
    """One person's leaving of offices, or taking of them. Offsets are into the text that was read."""

    offices: frozenset[Office]
    surname: str
    """Empty when the sentence does not name the person."""
    start: int
    end: int
    focus: tuple[int, int]
    interim: bool
    retirement: bool
    at_expiry: bool
    """At the regular end of a director's term."""
    effective: date | None
    immediate: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """All that an item says."""

    departures: tuple[Change, ...]
    appointments: tuple[Change, ...]


_OFFICES: Mapping[Office, str] = {
    Office.CHIEF_EXECUTIVE: r"(?:co-?)?chief executive(?: officers?)?|\b(?:co-?)?CEO\b|principal executive"
    r" officer",
    Office.FINANCE_CHIEF: (
        r"chief financial(?: and \w+)? officer|\bCFO\b|principal financial(?: and accounting)? officer"
    ),
    Office.ACCOUNTING_CHIEF: (
        r"chief accounting officer|\bCAO\b|principal (?:financial and )?accounting officer|\bcontroller\b"
    ),
    Office.OPERATIONS_CHIEF: r"chief operating officer|\bCOO\b|principal operating officer",
    Office.DIRECTOR: (
        r"(?<!managing )(?<!executive )\bdirectors?\b|\b(?:the|our|its|company's|companys) board\b"
        r"|\bmembers? of the board\b"
    ),
}
_ANY_OFFICE = re.compile(
    "|".join(f"(?P<{office.name}>{words})" for office, words in _OFFICES.items()), re.IGNORECASE
)
_TITLE_WORDS = frozenset(
    """
    the our its his her their a an both as from of to and or company's registrant's corporation's bank's
    companys position positions role roles office offices capacity capacities service serving member members
    board directors company registrant corporation bank president chairman chairwoman chairperson chair vice
    director executive senior founder co-founder secretary treasurer corporate global group chief principal
    operating financial accounting officer officers evp svp vp ceo cfo coo cao general counsel interim acting
    duties responsibilities permanent new next sole co- administrative non-executive independent
    lead controller finance with current
    class each trustee trustees committee employment & operations serve be becoming become being
    """.split()  # noqa: SIM905
)
_WHEN_WORDS = frozenset(
    """
    effective immediately as of on upon at following january february march april may june july august
    september october november december end close business date year the day
    """.split()  # noqa: SIM905
)
_CARRYING_WORDS = frozenset(
    """
    us we of the company registrant corporation has have had having notified informed advised announced
    provided gave delivered submitted tendered indicated communicated elected decided agreed intends intended
    plans planned will would to that he she they is was be been his her their notice written formal decision
    intention intent desire board directors inc corp from its our about also and who on effective as
    subsequently it in with a an by chairman executive chair committee immediately voluntarily today each both
    date such for mutually then by letter or upon expects expected
    """.split()  # noqa: SIM905
)
_SUFFIX_WORDS = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md", "esq", "cpa"])
_HONORIFICS = frozenset(["mr", "mrs", "ms", "dr", "messrs", "general", "admiral", "senator"])
_NO_NAMES = (
    frozenset(
        """
    item committee annual meeting agreement release pursuant this it he she current report form compensation
    audit nominating governance plan stock separation transition letter in on following also certain act code
    section rule exchange securities nasdaq nyse shareholders stockholders during since under after before
    while although
    """.split()  # noqa: SIM905
    )
    | _TITLE_WORDS
    | _WHEN_WORDS
    | frozenset(["inc", "corp", "llc", "ltd", "plc", "holdings", "co"])
)

_LEAVES = re.compile(
    r"\b(?:resign(?:s|ed|ing)?|retir(?:es|ed|ing|e)|step(?:s|ped|ping)? down|depart(?:s|ed|ing)?|leav(?:es"
    r"|ing|e)|left"
    r"|separat(?:es|ed|ing)|ceas(?:es|ed|ing|e)"
    r"|(?:relinquish(?:es|ed|ing)?|vacat(?:es|ed|ing|e))(?P<object>(?: and \w+)? (?:the|his|her|their) (?:duties|roles?"
    r"|positions?|titles?|offices?|responsibilities)\b)?"
    r"|passed away"
    r"|died"
    r"|(?:was|were|been|be|being) (?:removed|dismissed|discharged|terminated)|is terminated"
    r"|no longer (?:serves?|be|is|serving|employed|holds?)|terminated (?:his|her)?|transition(?:s|ed|ing)?"
    r"(?= (?:out of|from|away))"
    r"|(?P<noun>resignations?|retirement|departure|separation|termination|removal|death|passing"
    r"|dismissal))\b",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:(?:appoint|elect|promot|hir|select|designat|engag)(?:ed|s|es|ing)|nam(?:ed|es|ing)"
    r"|(?P<noun>appointment|election|promotion|hiring|selection|designation)(?= of)"
    r"|(?P<becomes>will become|will serve|will assume|will act|will take over|became|assumed|agreed to"
    r" serve|agreed to act"
    r"|(?P<assume>assume)(?= the (?:duties|roles?|positions?|responsibilities) of\b)"
    r"|will succeed|succeed(?:s|ed|ing)?|joins|will join|joined))\b",
    re.IGNORECASE,
)
_APPOINTS = re.compile(
    r"\b(?:appoint\w*|elect(?:ed|s|ing|ion)|nam(?:ed|es|ing)|promot\w+|hir(?:ed|es|ing)|succeed\w*"
    r"|becom(?:e|es|ing)"
    r"|assum\w+|replac\w+)\b",
    re.IGNORECASE,
)
_APPOINTED = re.compile(r"\b(?:appointed|elected|named|promoted|hired)\b", re.IGNORECASE)
_WHO_HAS_SERVED = re.compile(r", who (?:has|had) (?:served|been)\b[^,;.]*,", re.IGNORECASE)
_STAYS = re.compile(r"\b(?:continues?|continuing|remains?|currently)\b[^;.]{0,60}$", re.IGNORECASE)
_POSSIBLE = re.compile(
    r"\b(?:if|whether|unless|in the event|in case|should (?:he|she|the|his|her|mr|ms)|would|could|might"
    r"|may(?! \d)"
    r"|for any reason|without cause|good reason|for cause|upon (?:a|any|such|termination)|termination"
    r" (?:without|for)"
    r"|death or disability|eligible|entitled|severance|vest(?:s|ed|ing)?|forfeit\w*|earlier (?:death"
    r"|resignation|removal)"
    r"|until (?:his|her) (?:successor|earlier|retirement|resignation|death)|subject to|in the case of)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"\b(?:notified|informed|announced|notice of|tendered|submitted|delivered|advised|accepted|mutually"
    r" agreed)\b",
    re.IGNORECASE,
)
_AT_AGREEMENTS_END = re.compile(
    r"\b(?:intentions?|intends?|intent|desires?|expects?|expectation|plans?)\b[^.;]{0,160}\b(?:end|expiration|expiry"
    r"|completion|conclusion) of (?:the |his |her )?(?:[\w-]+ ){0,3}?(?:term of (?:the |his |her |this )?)?"
    r"(?:[\w-]+ ){0,4}?agreement\b",
    re.IGNORECASE,
)
"""What a person means to do once an agreement that is made or prolonged now has run out is no leaving."""
_ELSEWHERE = re.compile(
    r"\b(?:prior to (?:joining|his|her|that|this)|previously (?:served|held|worked)|before (?:joining"
    r"|that)|began (?:his|her)"
    r"|earlier in (?:his|her)|most recently|from (?:\w+ )?(?:19|20)\d\d (?:to|until|through)|since (?:\w+"
    r" )?(?:19|20)\d\d"
    r"|formerly|during (?:his|her) (?:career|tenure)|also (?:serves|served) (?:as|on)|holds? an?|degree"
    r"|family relationship"
    r"|item 404|arrangements? or understandings?|reports? to|reporting to|report directly)\b",
    re.IGNORECASE,
)
_FORMER = re.compile(r"\b(?:former|formerly|then|past|ex-|deputy|assistant|late|previous)\b", re.IGNORECASE)
_INTERIM = re.compile(r"\b(?:interim|acting|temporary|temporarily)\b", re.IGNORECASE)
_RETIRES = re.compile(r"\bretir", re.IGNORECASE)
_EXPIRY = re.compile(
    r"\bnot (?:to )?(?:be )?(?:stand|seek|run|standing|nominated|renominated)|\bre-?(?:election|nominat\w+)\b"
    r"|\b(?:end|expiration|expiry|completion) of (?:his|her|their|the) (?:\w+ )?term|\bterm (?:expires"
    r"|ends|will expire|expiring)",
    re.IGNORECASE,
)
_IMMEDIATE = re.compile(
    r"\beffective,? immediately\b|\bimmediately effective\b|\bwith immediate effect\b|\bpassed away\b"
    r"|\bdied\b",
    re.IGNORECASE,
)
_DATE_TEXT = (
    r"((?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{1,2}, (?:19|20)\d\d)"
)
_EFFECTIVE = re.compile(
    rf"\b(?:effective(?: as of| on| at| upon)?|as of|last day|through)\b[^;.]{{0,50}}?{_DATE_TEXT}",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"\b(?:departure of (?:certain )?(?:directors|officers)|election of directors|appointment of"
    r" (?:certain|principal)"
    r" officers|compensatory arrangements? of (?:certain )?(?:officers|directors)|resignations? of"
    r" registrant's directors)"
    r"(?: or (?:certain|principal) officers)?[.;]?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_TOKEN = re.compile(r"[A-Za-z0-9&](?:[\w&'/-]|\.(?=\w))*|[,;()\":.]")
_LONGEST_SENTENCE = 2_500  # characters; longer ones are lists and tables
_MOST_TITLE_TOKENS = 24
_MOST_CARRYING_TOKENS = 60


def read_changes(
    text: str, sentences: Iterable[tuple[int, int]], reported: date | None, company_name: str
) -> Changes:
    """The changes that these sentences of the text state. `reported` is the day of the report, for curricula."""
    own = _own_company(company_name)
    spans = [
        (start, end, _Sentence(_without_caption(fold(text[start:end])), own))
        for start, end in sentences
        if end - start <= _LONGEST_SENTENCE
    ]
    spans = [each for each in spans if not is_caption(each[2].text)]
    held = _offices_held([each[2] for each in spans])
    departures: list[Change] = []
    appointments: list[Change] = []
    for start, end, sentence in spans:
        if not _is_past(sentence.text, reported):
            departures += _departures(sentence, start, end, held)
            appointments += _appointments(sentence, start, end)
    return Changes(tuple(departures), tuple(appointments))


def _without_caption(sentence: str) -> str:
    """The sentence with the item's caption blanked, of the same length."""
    return _CAPTION.sub(lambda found: " " * len(found.group()), sentence)


def _is_past(sentence: str, reported: date | None) -> bool:
    """True when every year named, but for those of a person's service, lies two or more years back."""
    years = [int(year) for year in _YEAR.findall(_WHO_HAS_SERVED.sub(" ", sentence))]
    return bool(years) and reported is not None and max(years) <= reported.year - 2


@dataclass(frozen=True, slots=True)
class _Title:
    """A list of titles in a sentence, by its tokens."""

    offices: frozenset[Office]
    first: int
    last: int
    """One past the last token."""


class _Sentence:
    """A sentence cut into tokens, with the places where offices are named."""

    def __init__(self, text: str, own: re.Pattern[str] | None) -> None:
        self.text = text
        self.own = own
        found = list(_TOKEN.finditer(text))
        self.words = [token.group() for token in found]
        self.lower = [word.lower().removesuffix("'s") for word in self.words]
        self.starts = [token.start() for token in found]
        self.ends = [token.end() for token in found]
        self.office_at: dict[int, tuple[Office, int]] = {}
        if found:
            for match in _ANY_OFFICE.finditer(text):
                first, last = self.token_at(match.start()), self.token_at(match.end() - 1) + 1
                self.office_at[first] = (Office[match.lastgroup or ""], last)

    def token_at(self, offset: int) -> int:
        """The token that holds the character, or the first one behind it."""
        return min(bisect_right(self.ends, offset), len(self.words) - 1)

    def is_title(self, token: int) -> bool:
        word = self.lower[token]
        return word in _TITLE_WORDS or word == "," or token in self.office_at

    def titles_from(self, token: int, *, also: frozenset[str] = frozenset()) -> _Title | None:
        """The titles that begin at the token; None when no office of this company is among them."""
        offices: set[Office] = set()
        first, last, position = token, token, token
        while position < len(self.words) and position - token < _MOST_TITLE_TOKENS:
            office = self.office_at.get(position)
            if office is not None:
                offices.add(office[0])
                position = last = office[1]
            elif self.words[position] == "(" and (closing := self._closing(position)):
                position = closing
            elif self.is_title(position) or (
                self.lower[position] in also or (also and self.words[position].isdigit())
            ):
                position += 1
            elif (inside := self._own_name(position)) > position:
                position = inside
            else:
                break
        if not offices or self._is_of_another(last):
            return None
        return _Title(frozenset(offices), first, last)

    def _own_name(self, token: int) -> int:
        """One past the company's own name behind "of"; the token itself when it is no such name."""
        if self.own is None or token == 0 or self.lower[token - 1] not in ("of", "the", "for"):
            return token
        named = self.own.match(self.text, self.starts[token])
        return self.token_at(named.end() - 1) + 1 if named else token

    def _closing(self, token: int) -> int:
        """One past the bracket that closes this one, when it is near."""
        for position in range(token + 1, min(token + 10, len(self.words))):
            if self.words[position] == ")":
                return position + 1
        return 0

    def _is_of_another(self, token: int) -> bool:
        """True when "of Acme" or "of the Company's Retail Division" follows the title."""
        if token < len(self.words) and self.words[token] == "(":
            token = self._closing(token) or token
        if token + 1 >= len(self.words) or self.lower[token] not in ("of", "for", "at"):
            return False
        if _DEFINED_AS_COMPANY.match(self.text, self.starts[token]):
            return False
        following = token + 1
        if self.lower[following] in ("the", "our", "its", "both") and following + 1 < len(self.words):
            following += 1
        word = self.words[following]
        if word.lower() in _OWN_WORDS:
            return False
        if self._own_name(following) > following:
            return False
        return word[0].isupper() or word.lower().endswith("'s")

    def name_before(self, token: int) -> tuple[str, int]:
        """Surname of the person named just before the titles that end before the token, and the name's first token."""
        position = token - 1
        walked = 0
        while (
            position >= 0
            and walked < _MOST_TITLE_TOKENS
            and (self.is_title(position) or self._is_age(position))
        ):
            position -= 1
            walked += 1
        last = position
        while position >= 0 and self._is_name_word(position) and last - position < 6:
            position -= 1
        surname = self._surname(position + 1, last + 1)
        return surname, position + 1

    def name_from(self, token: int) -> tuple[str, int]:
        """Surname of the person named from the token on, and one past the name."""
        position = token
        while position < len(self.words) and position - token < 7 and self._is_name_word(position):
            position += 1
        surname = self._surname(token, position)
        if not surname:
            return "", token
        while position < len(self.words) and (self._is_age(position) and self.words[position] != ","):
            position += 1
        if position + 1 < len(self.words) and self.words[position] == "," and self._is_age(position + 1):
            position += 1
            while position < len(self.words) and self._is_age(position):
                position += 1
            if position < len(self.words) and self.words[position] == ",":
                position += 1
        return surname, position

    def _is_age(self, token: int) -> bool:
        word = self.lower[token]
        return word in ("age", "aged", "years", "old", "(", ")", ".") or (word.isdigit() and len(word) == 2)

    def _is_name_word(self, token: int) -> bool:
        word = self.words[token]
        if token in self.office_at:
            return False
        if (
            word == "."
            and token
            and (len(self.words[token - 1]) == 1 or self.lower[token - 1] in _HONORIFICS | _SUFFIX_WORDS)
        ):
            return True
        if word == "," and token + 1 < len(self.words) and self.lower[token + 1] in _SUFFIX_WORDS:
            return True
        return (word[0].isupper() and self.lower[token] not in _NO_NAMES) or word in (
            "de",
            "van",
            "von",
            "der",
            "del",
            "la",
        )

    def _surname(self, first: int, last: int) -> str:
        words = [
            self.lower[token]
            for token in range(first, last)
            if self.words[token] not in (",", ".") and self.lower[token] not in _SUFFIX_WORDS
        ]
        persons = [word for word in words if word not in _HONORIFICS]
        return persons[-1] if persons and len(words) >= 2 else ""

    def last_name_before(self, token: int) -> str:
        """Surname of the last person named before the token; empty when none is."""
        position = token - 1
        while position >= 0:
            if self._is_name_word(position) and self.words[position] not in (",", "."):
                first = position
                while first > 0 and self._is_name_word(first - 1) and position - first < 6:
                    first -= 1
                surname = self._surname(first, position + 1)
                if surname and not self._is_company(position + 1):
                    return surname
                position = first
            position -= 1
        return ""

    def _is_company(self, token: int) -> bool:
        """True when a legal form follows: the words before are no person's name."""
        while token < len(self.words) and self.words[token] in (",", "."):
            token += 1
        return token < len(self.words) and self.lower[token] in _LEGAL_FORMS - {
            "the",
            "de",
            "new",
            "group",
            "trust",
        }

    def carries(self, first: int, last: int) -> bool:
        """True when only words such as "notified the Company of his decision to" stand between the tokens."""
        if last - first > _MOST_CARRYING_TOKENS or first > last:
            return False
        for position in range(first, last):
            word = self.words[position]
            lower = self.lower[position]
            if (
                lower == "that"
                and position + 1 < last
                and self.lower[position + 1] not in ("he", "she", "they")
            ):
                return False
            if not (
                lower in _CARRYING_WORDS
                or lower in _WHEN_WORDS
                or word[0].isupper()
                or word[0].isdigit()
                or word in (",", "(", ")", '"', ".")
            ):
                return False
        return True


_DEFINED_AS_COMPANY = re.compile(
    r"(?:of|for|at) [^()]{1,90} \((?:hereinafter|the|together with its subsidiaries|,|\"| )*(?:Company"
    r"|Registrant|Corporation)\b"
)
"""Whatever the name: it is the one that the report calls the Company."""
_OWN_WORDS = frozenset(
    [
        "company",
        "registrant",
        "corporation",
        "bank",
        "partnership",
        "trust",
        "issuer",
        "firm",
        "directors",
        "board",
        "each",
    ]
)

_Found = list[tuple[frozenset[Office], str, tuple[int, int], bool]]


def _departures(
    sentence: _Sentence, start: int, end: int, held: Mapping[str, frozenset[Office]]
) -> Iterator[Change]:
    text = sentence.text
    cues = list(_LEAVES.finditer(text))
    if not cues or (
        (_POSSIBLE.search(text) or _AT_AGREEMENTS_END.search(text)) and not _ANNOUNCED.search(text)
    ):
        return
    found: _Found = []
    of_all_offices = [cue for cue in cues[:8] if not _leaves_other_titles_only(sentence, cue)]
    for cue in cues[:8]:
        found += _leaves_as(sentence, cue)
        if cue in of_all_offices:
            found += _officer_leaves(sentence, cue)
    if not found:
        for cue in of_all_offices:
            found += _person_leaves(sentence, cue, held)
    for offices, surname, span, interim in _merged(found):
        yield _change(text, start, end, offices, surname, span, interim=interim)


def _leaves_as(sentence: _Sentence, cue: re.Match[str]) -> _Found:
    """ "resigned as Chief Financial Officer", "the retirement of Jane Doe as a director"."""
    text, after = sentence.text, sentence.token_at(cue.end() - 1) + 1
    if after >= len(sentence.words):
        return []
    surname = ""
    if cue.group("noun") and sentence.lower[after] == "of":
        begin = after + 1
        while begin < len(sentence.words) and sentence.lower[begin] in (
            "the",
            "employment",
            "service",
            "services",
            "of",
            "directors",
        ):
            begin += 1
        surname, after = sentence.name_from(begin)
        if not surname or after >= len(sentence.words) or sentence.lower[after] not in (",", "as", "from"):
            return []
    elif sentence.lower[after] not in _AFTER_LEAVING:
        return []
    titles = sentence.titles_from(after, also=_WHEN_WORDS)
    before = text[: cue.start()]
    if titles is None or _ELSEWHERE.search(_WHO_HAS_SERVED.sub(" ", before)) or _FORMER.search(before[-60:]):
        return []
    if sentence.lower[after] == "," and not surname and not _linked(sentence, after, titles):
        return []
    words = text[cue.start() : sentence.ends[titles.last - 1]]
    if _FORMER.search(words) or (cue.group("object") and _TO.search(words)):
        return []
    person = surname or sentence.last_name_before(sentence.token_at(cue.start()))
    return [(titles.offices, person, (cue.start(), cue.start() + len(words)), bool(_INTERIM.search(words)))]


_TO = re.compile(r"\bto\b", re.IGNORECASE)
"""Behind duties given up stands who gets them."""
_AFTER_LEAVING = frozenset(
    [",", "from", "as", "with", "at", "to", "effective", "immediately", "on", "upon", "being", "in", "of"]
)


def _linked(sentence: _Sentence, first: int, titles: _Title) -> bool:
    """True when "as" or "from" leads to the office: "retire, effective May 1, as Chief Executive Officer"."""
    return any(sentence.lower[token] in ("as", "from") for token in range(first, titles.last))


def _officer_leaves(sentence: _Sentence, cue: re.Match[str]) -> _Found:
    """ "Jane Doe, the Company's Chief Financial Officer, notified the Company of her decision to resign"."""
    text, cue_token = sentence.text, sentence.token_at(cue.start())
    for token in sorted(sentence.office_at, reverse=True):
        if token >= cue_token:
            continue
        surname, name_start = sentence.name_before(token)
        if not surname:
            continue
        titles = sentence.titles_from(_first_title(sentence, name_start, token))
        if titles is None or titles.last > cue_token:
            continue
        between = text[sentence.ends[titles.last - 1] : cue.start()]
        if _APPOINTS.search(between) or not sentence.carries(titles.last, cue_token):
            continue
        if cue.group("noun") and not re.search(
            r"\b(?:his|her|their|notice of|to)\s*$|\b(?:submitted|tendered)\b", between, re.IGNORECASE
        ):
            continue
        words = text[sentence.starts[name_start] : sentence.ends[titles.last - 1]]
        if (
            _FORMER.search(words)
            or _FORMER.search(text[: sentence.starts[name_start]][-30:])
            or _ELSEWHERE.search(between)
        ):
            continue
        return [
            (titles.offices, surname, (sentence.starts[name_start], cue.end()), bool(_INTERIM.search(words)))
        ]
    return []


def _leaves_other_titles_only(sentence: _Sentence, cue: re.Match[str]) -> bool:
    """True for "will step down as Chairman of the Board": what is left is named, and is no office of an officer."""
    first = sentence.token_at(cue.end() - 1) + 1
    if first >= len(sentence.words) or sentence.lower[first] not in ("as", "from", "of"):
        return False
    position, other = first, False
    while position < len(sentence.words) and sentence.words[position] != "," and sentence.is_title(position):
        office = sentence.office_at.get(position)
        if office is not None and office[0] is not Office.DIRECTOR:
            return False
        if sentence.lower[position] in _EMPLOYERS and "of" not in sentence.lower[position - 2 : position]:
            return False
        other = other or office is not None or sentence.lower[position] in _OTHER_TITLES
        position = office[1] if office is not None else position + 1
    return other


_OTHER_TITLES = frozenset(
    ["chairman", "chairwoman", "chairperson", "chair", "president", "treasurer", "secretary"]
)
_EMPLOYERS = frozenset(["company", "corporation", "registrant", "bank", "employment"])


def _first_title(sentence: _Sentence, name_start: int, token: int) -> int:
    """The first of the titles that go up to the token, behind the name and age."""
    while token - 1 > name_start and sentence.is_title(token - 1):
        token -= 1
    return token


def _person_leaves(sentence: _Sentence, cue: re.Match[str], held: Mapping[str, frozenset[Office]]) -> _Found:
    """ "Ms. Doe will leave the Company", of whom another sentence says that she is Chief Financial Officer."""
    text, cue_token = sentence.text, sentence.token_at(cue.start())
    surname = sentence.last_name_before(cue_token)
    offices = held.get(surname, frozenset())
    if (
        not offices
        or cue.group("noun")
        or _ELSEWHERE.search(text)
        or not _FROM_COMPANY.match(text[cue.end() :])
    ):
        return []
    for position in range(cue_token - 1, -1, -1):
        if sentence.lower[position] == surname:
            between = text[sentence.ends[position] : cue.start()]
            if sentence.carries(position + 1, cue_token) and not _APPOINTS.search(between):
                return [(offices, surname, (sentence.starts[position], cue.end()), False)]
            break
    return []


_FROM_COMPANY = re.compile(
    r",? ?(?:from|with|as an employee|the company|employment|his|her|effective|on|as of|to pursue|in"
    r" order)\b|[,.;]|$"
    r"| (?:the )?(?:company|position)",
    re.IGNORECASE,
)


def _appointments(sentence: _Sentence, start: int, end: int) -> Iterator[Change]:
    text = sentence.text
    if _POSSIBLE.search(text) and not re.search(
        r"\b(?:appointed|elected|named|announced)\b", text, re.IGNORECASE
    ):
        return
    for cue in list(_TAKES.finditer(text))[:8]:
        before = text[: cue.start()]
        if _ELSEWHERE.search(before) or _STAYS.search(before) or _POSSIBLE.search(before[-60:]):
            continue
        if cue.group("assume") and not _APPOINTED.search(before):  # else it is what a successor is looked for
            continue
        after = sentence.token_at(cue.end() - 1) + 1
        if cue.group("noun"):
            after += 1
        if after >= len(sentence.words):
            continue
        surname, linked = sentence.name_from(after)
        succeeded = (
            (cue.group("becomes") or "").lower().endswith(("succeed", "succeeds", "succeeded", "succeeding"))
        )
        if succeeded:
            surname = ""
        if linked >= len(sentence.words) or not _leads_to_office(sentence, linked, cue):
            continue
        titles = sentence.titles_from(linked)
        if titles is None:
            continue
        offices = titles.offices - {Office.DIRECTOR}
        words = text[cue.start() : sentence.ends[titles.last - 1]]
        if offices and not _FORMER.search(words):
            person = surname or sentence.last_name_before(sentence.token_at(cue.start()))
            span = (cue.start(), cue.start() + len(words))
            yield _change(text, start, end, offices, person, span, interim=bool(_INTERIM.search(words)))
            return


def _leads_to_office(sentence: _Sentence, token: int, cue: re.Match[str]) -> bool:
    """True for "as", "to serve as", "the Company's": a comma alone says what the person is already."""
    word = sentence.lower[token]
    if word in ("as", "to", "the", "our", "its", "interim", "acting", "permanent", "company", "co-"):
        return True
    return token in sentence.office_at or (
        word in ("president", "executive", "senior", "chairman") and not cue.group("noun")
    )


def _change(
    sentence: str,
    start: int,
    end: int,
    offices: frozenset[Office],
    surname: str,
    span: tuple[int, int],
    *,
    interim: bool,
) -> Change:
    effective = _EFFECTIVE.search(sentence)
    return Change(
        offices=offices,
        surname=surname,
        start=start,
        end=end,
        focus=(start + span[0], start + span[1]),
        interim=interim,
        retirement=bool(_RETIRES.search(sentence)),
        at_expiry=bool(_EXPIRY.search(sentence)),
        effective=read_date(effective.group(1)) if effective else None,
        immediate=bool(_IMMEDIATE.search(sentence)),
    )


def _merged(found: _Found) -> _Found:
    """One entry a person, with all offices of theirs that the sentence names."""
    merged: dict[str, tuple[frozenset[Office], str, tuple[int, int], bool]] = {}
    for offices, surname, span, interim in found:
        known = merged.get(surname)
        merged[surname] = (
            (offices | known[0], surname, known[2], interim and known[3])
            if known
            else (offices, surname, span, interim)
        )
    return list(merged.values())


def _own_company(company_name: str) -> re.Pattern[str] | None:
    """What the company calls itself by name, its legal form optional; not the name of a unit that begins with it."""
    words = re.findall(r"[A-Za-z0-9&'-]+", company_name)
    while len(words) > 1 and words[-1].lower() in _LEGAL_FORMS:
        words.pop()
    if not words:
        return None
    name = r"[ ,.]+".join(map(re.escape, words))
    forms = "|".join(sorted(_LEGAL_FORMS, key=len, reverse=True))
    return re.compile(rf"(?i:{name})(?:,? (?i:{forms})\b\.?)*(?! [A-Z][a-z])")


_LEGAL_FORMS = frozenset(
    """
    inc incorporated corp corporation company co ltd limited llc plc group holdings holding nv sa lp the de new
    trust bancorp companies
    """.split()  # noqa: SIM905
)


def _offices_held(sentences: Sequence[_Sentence]) -> Mapping[str, frozenset[Office]]:
    """Offices at the company by surname, as far as a sentence binds them to a person."""
    held: dict[str, frozenset[Office]] = {}
    for sentence in sentences:
        for token in sentence.office_at:
            before = sentence.text[: sentence.starts[token]]
            if _APPOINTS.search(before) or _ELSEWHERE.search(before):
                continue
            surname, name_start = sentence.name_before(token)
            if not surname:
                surname, name_start = _who_serves(sentence, token)
            if not surname:
                surname, name_start = _named_behind(sentence, token)
            if not surname:
                continue
            titles = sentence.titles_from(token)
            words = sentence.text[sentence.starts[name_start] : sentence.starts[token]]
            if titles is not None and titles.offices & OFFICERS and not _FORMER.search(words):
                held[surname] = held.get(surname, frozenset()) | titles.offices
    return held


def _named_behind(sentence: _Sentence, token: int) -> tuple[str, int]:
    """ "the Company's current Chief Executive Officer, Jane Doe,"."""
    after = sentence.office_at[token][1]
    if after + 1 >= len(sentence.words) or sentence.words[after] != ",":
        return "", 0
    surname, behind = sentence.name_from(after + 1)
    if not surname or behind >= len(sentence.words) or sentence.words[behind] not in (",", ".", "("):
        return "", 0
    return surname, max(token - 3, 0)


_SERVES = re.compile(
    r"(?:has|had) (?:been serving|served|been) as(?: the| our| its)?[\w ,'-]{0,60}$|\bserves"
    r" as[\w ,'-]{0,60}$",
    re.IGNORECASE,
)


def _who_serves(sentence: _Sentence, token: int) -> tuple[str, int]:
    """ "Ms. Doe had been serving as Chief Financial Officer"."""
    serves = _SERVES.search(sentence.text, 0, sentence.starts[token])
    if serves is None:
        return "", 0
    first = sentence.token_at(serves.start())
    surname = sentence.last_name_before(first)
    return surname, max(first - 1, 0)
