"""Numbers as inline XBRL displays them, and dates written out.

The formats of the transformation registries 1 to 5 (XBRL International) and of the SEC's own registry, whatever prefix
the filing gives them. A display that its format does not allow is unreadable: it is left out, never guessed.
"""

from __future__ import annotations

import enum
import re
from datetime import date
from decimal import Context, Decimal, InvalidOperation

EXACT = Context(prec=100)
"""Enough digits for every sum and product of two readable numbers to be exact."""

MAXIMUM_DIGITS = 40
MAXIMUM_SCALE = 30
MAXIMUM_DISPLAY = 400  # characters; the longest numbers in words seen are a third of it


class UnreadableDisplayError(ValueError):
    """The displayed text is not what its format says."""


class UnreadableNumberError(UnreadableDisplayError):
    """The displayed text is no number of the format named."""


def read_number(
    displayed: str, number_format: str | None, scale: int = 0, *, negative: bool = False
) -> Decimal:
    """Value of a displayed number: the number, times ten to the `scale`, negated when the tag's sign says so.

    `number_format` is the local name of the format ("num-dot-decimal"), None when the tag has none. Parentheses and
    minus signs around the tag are no part of it and never negate. Raises UnreadableNumberError.
    """
    if abs(scale) > MAXIMUM_SCALE:
        raise UnreadableNumberError(f"scale {scale} is out of bounds")
    if len(displayed) > MAXIMUM_DISPLAY:
        raise UnreadableNumberError(f"a display of {len(displayed)} characters is no number")
    digits = displayed_digits(displayed, number_format)
    if len(digits) > MAXIMUM_DIGITS:
        raise UnreadableNumberError(f"more than {MAXIMUM_DIGITS} digits")
    try:
        value = Decimal(f"{'-' if negative else ''}{digits}E{scale}")
    except InvalidOperation:
        raise UnreadableNumberError(f"{displayed[:40]!r} is no number") from None
    return value or _ZERO


def read_xbrl_number(lexical: str) -> Decimal:
    """Value of a number in an XBRL instance: xs:decimal, or xs:double as some old instances hold."""
    text = lexical.strip()
    if len(text) > MAXIMUM_DIGITS or not _XS_NUMBER.fullmatch(text):
        raise UnreadableNumberError(f"{text[:40]!r} is no number")
    value = Decimal(text)
    if abs(value.adjusted()) > MAXIMUM_DIGITS:
        raise UnreadableNumberError(f"{text[:40]!r} is out of bounds")
    return value or _ZERO


_ZERO = Decimal(0)
_XS_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class _Family(enum.Enum):
    PLAIN = enum.auto()
    DOT_DECIMAL = enum.auto()
    COMMA_DECIMAL = enum.auto()
    UNIT_DECIMAL = enum.auto()
    WORDS = enum.auto()
    FIXED_ZERO = enum.auto()
    DASH_FOR_ZERO = enum.auto()
    NOT_FINITE = enum.auto()


_FAMILY_ROWS = {
    _Family.DOT_DECIMAL: (
        "num-dot-decimal numdotdecimal numcommadot numspacedot num-dot-decimal-in numdotdecimalin"
        " num-dot-decimal-apos numdotdecimalapos"
    ),
    _Family.COMMA_DECIMAL: (
        "num-comma-decimal numcommadecimal numdotcomma numspacecomma numcomma num-comma-decimal-apos"
        " numcommadecimalapos"
    ),
    _Family.UNIT_DECIMAL: "num-unit-decimal numunitdecimal num-unit-decimal-in numunitdecimalin",
    _Family.WORDS: "numwordsen num-words-en num-word-en numworden",
    _Family.FIXED_ZERO: "fixed-zero fixedzero",
    _Family.DASH_FOR_ZERO: "zerodash numdash",
    _Family.NOT_FINITE: "numinf numneginf numnan",
}
_FAMILIES: dict[str | None, _Family] = {
    name: family for family, names in _FAMILY_ROWS.items() for name in names.split()
}
_FAMILIES[None] = _Family.PLAIN

_DOTTED = re.compile(r"[0-9][0-9, '’]*(?:\.[0-9 ]*)?|\.[0-9][0-9 ]*")
_COMMAED = re.compile(r"[0-9][0-9. '’]*(?:,[0-9 ]*)?|,[0-9][0-9 ]*")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_UNIT_DECIMAL = re.compile(r"([0-9][0-9,. ]*)[^0-9]+([0-9]{1,2})[^0-9]*")
_DASHES = re.compile(r"[-\u058a\u05be\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
_NOT_DIGITS = re.compile(r"[^0-9]")


def is_number_format(number_format: str) -> bool:
    """True for the local names that `read_number` knows."""
    return number_format in _FAMILIES


def is_dot_decimal(number_format: str | None) -> bool:
    """True for formats like "1,234.56"."""
    return _FAMILIES.get(number_format) is _Family.DOT_DECIMAL


def displayed_digits(displayed: str, number_format: str | None) -> str:
    """The display as plain decimal digits, without scale and sign. Raises UnreadableNumberError."""
    family = _FAMILIES.get(number_format)
    text = fold_space(displayed)
    if family is _Family.PLAIN:
        if _PLAIN.fullmatch(text):
            return text
        if _GROUPED.fullmatch(text):
            return text.replace(",", "")
        raise UnreadableNumberError(f"{text[:40]!r} is no number")
    if family is _Family.DOT_DECIMAL:
        if _DOTTED.fullmatch(text):
            return re.sub(r"[, '’]", "", text)
    elif family is _Family.FIXED_ZERO or (family is _Family.DASH_FOR_ZERO and _DASHES.fullmatch(text)):
        return "0"
    elif family is _Family.COMMA_DECIMAL:
        if _COMMAED.fullmatch(text):
            return re.sub(r"[. '’]", "", text).replace(",", ".")
    elif family is _Family.UNIT_DECIMAL:
        if parts := _UNIT_DECIMAL.fullmatch(text):
            return f"{_NOT_DIGITS.sub('', parts.group(1))}.{parts.group(2):0>2}"
    elif family is _Family.WORDS:
        return str(number_in_words(text))
    elif family is None:
        raise UnreadableNumberError(f"format {str(number_format)[:40]!r} is not known for numbers")
    raise UnreadableNumberError(f"{text[:40]!r} is no number of format {number_format}")


_SMALL_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: value for value, word in enumerate(_SMALL_WORDS)} | {
    "no": 0,
    "none": 0,
    "nil": 0,
    "a": 1,
    "an": 1,
}
_TENS = {word: 10 * value for value, word in enumerate(_TENS_WORDS, start=2)}
_LARGE = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}


_BETWEEN_WORDS = re.compile(r"[\s,\u058a\u05be\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+")


def number_in_words(text: str) -> int:
    """ "twenty-five thousand" is 25,000; "no" and "none" are 0. Raises UnreadableNumberError."""
    words = [word for word in _BETWEEN_WORDS.split(text.lower()) if word and word != "and"]
    if not words or len(words) > 40:
        raise UnreadableNumberError(f"{text[:40]!r} is no number in words")
    total = group = 0
    for word in words:
        if word in _SMALL:
            group += _SMALL[word]
        elif word in _TENS:
            group += _TENS[word]
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word in _LARGE:
            total += max(group, 1) * _LARGE[word]
            group = 0
        else:
            raise UnreadableNumberError(f"{text[:40]!r} is no number in words")
    return total + group


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
            ("july", "jul"), ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"),
            ("november", "nov"), ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T.*)?")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s*(\d{1,2})(?:st|nd|rd|th)?\s*,?\s*(\d{4})")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s*(?:of\s+)?([A-Za-z]{3,9})\.?\s*,?\s*(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def read_date(displayed: str) -> date | None:
    """Day of a displayed date ("September 28, 2024", "2024-09-28"), with any kind of space; None when unreadable.

    Of dates in digits alone ("9/28/2024") the month comes first, as in US use.
    """
    text = fold_space(displayed)
    if found := _ISO_DATE.fullmatch(text):
        return _date(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if found := _MONTH_FIRST.fullmatch(text):
        return _date(int(found.group(3)), MONTHS.get(found.group(1).lower(), 0), int(found.group(2)))
    if found := _DAY_FIRST.fullmatch(text):
        return _date(int(found.group(3)), MONTHS.get(found.group(2).lower(), 0), int(found.group(1)))
    if found := _SLASHED.fullmatch(text):
        return _date(int(found.group(3)), int(found.group(1)), int(found.group(2)))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def fold_space(text: str) -> str:
    """Runs of any kind of space as one space, none at the ends."""
    return " ".join(text.split())
