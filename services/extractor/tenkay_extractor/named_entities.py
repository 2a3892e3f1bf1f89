"""Counts what a text names: people, organisations and places, days, amounts, percentages and quantities.

By rule, without a model: capitals inside a sentence, a list of places, and the shapes of figures. It finds fewer names
than a trained recogniser and the same ones on every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum


class EntityKind(Enum):
    NAME = "name"
    PLACE = "place"
    DATE = "date"
    MONEY = "money"
    PERCENT = "percent"
    QUANTITY = "quantity"


_MONTHS = frozenset(
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
# Both expressions begin with a class of characters, so that all else is skipped at memory speed.
_FIGURE = re.compile(
    r"[$\u20ac\u00a3\u00a5\d](?<![\w.,][\d])(?:(?<=\d)|\s?\d)[\d,.]*(?:\s?(?:%|percent\b|basis points\b)"
    r"|\s(?:thousand|[mb]illion|trillion)\b)?"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_CAPITALISED = r"[A-Z][\w&\u2019'-]*(?:\.(?=[\w,]))?"
_NAME = re.compile(
    rf"{_CAPITALISED[:5]}(?<![\w.-].){_CAPITALISED[5:]}(?:\s(?:(?:of|and|the|for|de|&)\s){{0,2}}{_CAPITALISED})+"
)
_REFERENCE_BEFORE = re.compile(
    r"(?:items?|notes?|sections?|parts?|forms?|rules?|pages?|exhibits?|chapters?|regulations?|act of)\s$",
    re.IGNORECASE,
)
_MONTH_BEFORE = re.compile(rf"\b(?:{'|'.join(sorted(_MONTHS))})\s(?:\d{{1,2}},\s)?$")
_SENTENCE_BEFORE = re.compile(r"(?:^|[.!?:;\u2022])\W{0,3}$")
_LOOK_BACK = 16  # characters of "September 30, "
_WORD = re.compile(r"[A-Za-z][\w&\u2019'-]*")
_PLAIN = frozenset(
    """
    a an the this that these those and or for of in on at by to from with as if we our us i it its they their he she
    any all each no not such when while because although however also there here what who which where how annual
    report reports form item items part note notes risk factor factors common stock preferred class series board
    director directors quarterly financial statement statements consolidated section sections management discussion
    analysis company certificate incorporation bylaws registrant chief executive officer officers president chairman
    committee audit compensation agreement act securities exchange business properties legal proceedings exhibit table
    contents
    """.split()  # noqa: SIM905 - one word list, not a line a word
)
"""Words that name nothing by themselves, though filings write them with a capital."""
PLACES = frozenset(
    """
    Afghanistan Africa Alabama Alaska Albania Algeria Americas Angola Argentina Arizona Arkansas Armenia Asia Atlanta
    Australia Austria Azerbaijan Bahamas Bahrain Bangladesh Beijing Belarus Belgium Bermuda Bolivia Boston Botswana
    Brazil Britain Brussels Bulgaria California Cambodia Cameroon Canada Chicago Chile China Colombia Colorado
    Connecticut Croatia Cuba Cyprus Czechia Dallas Delaware Denmark Denver Dubai Ecuador Egypt England Estonia
    Ethiopia Europe Finland Florida France Frankfurt Gabon Georgia Germany Ghana Gibraltar Greece Guam Guatemala
    Guyana Haiti Hawaii Honduras Houston Hungary Iceland Idaho Illinois India Indiana Indonesia Iowa Iran Iraq Ireland
    Israel Italy Jamaica Japan Jersey Jordan Kansas Kazakhstan Kentucky Kenya Korea Kuwait Latvia Lebanon Liberia
    Libya Lithuania London Louisiana Luxembourg Macau Maine Malaysia Malta Maryland Massachusetts Mauritius Mexico
    Miami Michigan Minnesota Mississippi Missouri Moldova Monaco Mongolia Montana Morocco Mozambique Mumbai Myanmar
    Namibia Nebraska Nepal Netherlands Nevada Nicaragua Niger Nigeria Norway Ohio Oklahoma Oman Ontario Oregon
    Pakistan Panama Paraguay Paris Pennsylvania Peru Philadelphia Philippines Phoenix Poland Portugal Qatar Quebec
    Romania Russia Rwanda Scotland Seattle Senegal Serbia Shanghai Shenzhen Singapore Slovakia Slovenia Spain Sudan
    Sweden Switzerland Sydney Syria Taiwan Tajikistan Tanzania Tennessee Texas Thailand Tokyo Toronto Tunisia Turkey
    Turkmenistan Uganda Ukraine Uruguay Utah Uzbekistan Vancouver Venezuela Vermont Vietnam Virginia Wales Washington
    Wisconsin Wyoming Yemen Zambia Zimbabwe US UK EU
    """.split()  # noqa: SIM905 - one word list, not a line a word
)
"""Countries, states of the USA and cities of one word. Those of more words are names by their capitals."""


def figures(text: str) -> Iterator[tuple[EntityKind, int]]:
    """(kind, start) of each day, year, amount, percentage and quantity of a paragraph, in order.

    "December 31, 2023" is one day. Numbers of items, notes and sections are none, nor are single digits.
    """
    for match in _FIGURE.finditer(text):
        start, found = match.start(), match.group()
        number = found.rstrip(",.")
        if not number[0].isdigit():
            yield EntityKind.MONEY, start
        elif number[-1] in "%ts" and not number[-1].isdigit() and "illion" not in number:
            yield EntityKind.PERCENT, start
        elif (
            number.isdigit()
            and len(number) <= 4
            and (months := _MONTH_BEFORE.search(text, max(0, start - _LOOK_BACK), start))
        ):
            if not any(each.isdigit() for each in months.group()):
                yield EntityKind.DATE, start  # the year of a day is part of it
        elif _YEAR.fullmatch(number):
            yield EntityKind.DATE, start
        elif len(number) >= 2 and not _REFERENCE_BEFORE.search(text, max(0, start - _LOOK_BACK), start):
            yield EntityKind.QUANTITY, start


def names(text: str) -> Iterator[tuple[str, int]]:
    """(name, start) of each run of at least two capitalised words that are not all ordinary.

    The first word of a sentence proves nothing and is left out, and so are months.
    """
    for match in _NAME.finditer(text):
        words = [(word.group(), match.start() + word.start()) for word in _WORD.finditer(match.group())]
        if words[0][0] not in PLACES and _SENTENCE_BEFORE.search(
            text, max(0, match.start() - 4), match.start()
        ):
            del words[0]
        while words and not words[0][0][0].isupper():
            del words[0]
        while words and words[-1][0] in _MONTHS:
            del words[-1]
        capitalised = [word for word, _ in words if word[0].isupper()]
        if len(capitalised) >= 2 and any(
            len(word) > 1 and word.lower() not in _PLAIN for word in capitalised
        ):
            yield text[words[0][1] : words[-1][1] + len(words[-1][0])], words[0][1]
