"""Numbers and dates as inline XBRL displays them.

The formats of the transformation registries 1 to 5 (XBRL International) and of the SEC's own registry, whatever prefix
the filing gives them. A display that its format does not allow is unreadable: it is left out, never guessed.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Context, Decimal, InvalidOperation

EXACT = Context(prec=100)
"""Enough digits for every sum and product of two readable numbers to be exact."""

MAXIMUM_DIGITS = 40
MAXIMUM_SCALE = 30
MAXIMUM_DISPLAY = 400  # characters; the longest numbers in words seen are a third of it


class UnreadableNumberError(ValueError):
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
    digits = _digits(_fold_space(displayed), number_format)
    if len(digits) > MAXIMUM_DIGITS:
        raise UnreadableNumberError(f"more than {MAXIMUM_DIGITS} digits")
    try:
        value = EXACT.scaleb(Decimal(digits), scale)
    except InvalidOperation:
        raise UnreadableNumberError(f"{displayed[:40]!r} is no number") from None
    if value.is_zero():
        return Decimal(0)
    return -value if negative else value


def read_xbrl_number(lexical: str) -> Decimal:
    """Value of a number in an XBRL instance: xs:decimal, or xs:double as some old instances hold."""
    text = lexical.strip()
    if len(text) > MAXIMUM_DIGITS or not _XS_NUMBER.fullmatch(text):
        raise UnreadableNumberError(f"{text[:40]!r} is no number")
    value = EXACT.create_decimal(text)
    if abs(value.adjusted()) > MAXIMUM_DIGITS:
        raise UnreadableNumberError(f"{text[:40]!r} is out of bounds")
    return Decimal(0) if value.is_zero() else value


_XS_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_ZERO_FORMATS = frozenset({"fixedzero", "zerodash", "numdash"})
_DOT_DECIMAL = frozenset(
    {"numdotdecimal", "numcommadot", "numspacedot", "numdotdecimalin", "numdotdecimalapos"}
)
_COMMA_DECIMAL = frozenset(
    {"numcommadecimal", "numdotcomma", "numspacecomma", "numcomma", "numcommadecimalapos"}
)
_DOTTED = re.compile(r"[0-9][0-9, ']*(?:\.[0-9 ]*)?|\.[0-9][0-9 ]*")
_COMMAED = re.compile(r"[0-9][0-9. ']*(?:,[0-9 ]*)?|,[0-9][0-9 ]*")
_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_UNIT_DECIMAL = re.compile(r"([0-9][0-9,. ]*)\D+([0-9]{1,2})\D*")
_NOT_DIGITS = re.compile(r"[^0-9]")


def _digits(text: str, number_format: str | None) -> str:
    """The display as plain decimal digits."""
    if number_format is None:
        if _PLAIN.fullmatch(text):
            return text
        if _GROUPED.fullmatch(text):
            return text.replace(",", "")
        raise UnreadableNumberError(f"{text[:40]!r} is no number")
    name = number_format.replace("-", "").lower()
    if name in _ZERO_FORMATS:
        return "0"
    if name in _DOT_DECIMAL:
        if _DOTTED.fullmatch(text):
            return re.sub(r"[, ']", "", text)
    elif name in _COMMA_DECIMAL:
        if _COMMAED.fullmatch(text):
            return re.sub(r"[. ']", "", text).replace(",", ".")
    elif name in ("numunitdecimal", "numunitdecimalin"):
        if parts := _UNIT_DECIMAL.fullmatch(text):
            return f"{_NOT_DIGITS.sub('', parts.group(1))}.{parts.group(2):0>2}"
    elif name == "numwordsen":
        return str(_number_in_words(text))
    else:
        raise UnreadableNumberError(f"format {number_format[:40]!r} is not known for numbers")
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


def _number_in_words(text: str) -> int:
    """ "twenty-five thousand" is 25,000; "no" and "none" are 0."""
    words = [word for word in re.split(r"[\s,-]+", text.lower()) if word and word != "and"]
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


_MONTHS = {
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


def read_date(displayed: str, date_format: str | None = None) -> date | None:
    """Day of a displayed date ("September 28, 2024", "2024-09-28"), with any kind of space; None when unreadable.

    Of dates in digits alone ("9/28/2024") the month comes first, as in US use, unless the format says otherwise.
    """
    text = _fold_space(displayed)
    if found := _ISO_DATE.fullmatch(text):
        return _date(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if found := _MONTH_FIRST.fullmatch(text):
        return _date(int(found.group(3)), _MONTHS.get(found.group(1).lower(), 0), int(found.group(2)))
    if found := _DAY_FIRST.fullmatch(text):
        return _date(int(found.group(3)), _MONTHS.get(found.group(2).lower(), 0), int(found.group(1)))
    if found := _SLASHED.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        name = (date_format or "").replace("-", "").lower()
        if name.startswith(("dateday", "datedot", "dateslasheu", "dateeu")):
            first, second = second, first
        return _date(year, first, second)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _fold_space(text: str) -> str:
    return " ".join(text.split())
