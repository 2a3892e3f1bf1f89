"""Dates, durations, tick boxes and names as inline XBRL displays them, and the values they stand for.

The formats of the transformation registries 1 to 5 (XBRL International) that are for English, and of the SEC's own
registry (EDGAR Filer Manual volume II, 5.2.5.12), whatever prefix the filing gives them. Those for other languages and
calendars are not known: documents filed with EDGAR are in English (Regulation S-T, rule 306).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.number_formats import (
    MAXIMUM_DISPLAY,
    MONTHS,
    UnreadableDisplayError,
    UnreadableNumberError,
    displayed_digits,
    fold_space,
    is_number_format,
    number_in_words,
)
from tenkay_extractor.place_names import (
    country_code,
    edgar_code,
    exchange_code,
    filer_category,
    state_code,
)


def read_text(displayed: str, text_format: str) -> str:
    """What a display stands for, as its format's local name says: "2024-09-28", "true", "P5Y", "DE".

    Dates without a year are "--09-28", those without a day "2024-09" (XML Schema). Raises UnreadableDisplayError.
    """
    read = _READERS.get(text_format.replace("-", "").lower())
    if read is None and is_number_format(text_format):
        return displayed_digits(displayed[: MAXIMUM_DISPLAY + 1], text_format)
    if read is None:
        raise UnreadableDisplayError(f"format {text_format[:40]!r} is not known")
    if len(displayed) > MAXIMUM_DISPLAY and read not in _CONSTANTS:
        raise UnreadableDisplayError(f"a display of {len(displayed)} characters is too long for its format")
    value = read(fold_space(displayed))
    if value is None:
        raise UnreadableDisplayError(
            f"{fold_space(displayed)[:40]!r} is nothing of format {text_format[:40]}"
        )
    return value


_ORDERS = {
    "ymd": "dateyearmonthday dateyearmonthdaycjk dateyearmonthnamedayen",
    "mdy": (
        "datemonthdayyear datemonthdayyearen datemonthnamedayyearen dateslashus datedotus datelongus dateshortus"
    ),
    "dmy": (
        "datedaymonthyear datedaymonthyearen datedaymonthnameyearen dateslasheu datedoteu datelonguk dateshortuk"
    ),
    "md": (
        "datemonthday datemonthdayen datemonthnamedayen datelongmonthdayus dateshortmonthdayus dateslashmonthdayus"
    ),
    "dm": (
        "datedaymonth datedaymonthen datedaymonthnameen datelongdaymonthuk dateshortdaymonthuk dateslashdaymontheu"
    ),
    "my": "datemonthyear datemonthyearen datemonthnameyearen datelongmonthyear dateshortmonthyear",
    "ym": (
        "dateyearmonth dateyearmonthen dateyearmonthnameen dateyearmonthcjk datelongyearmonth dateshortyearmonth"
    ),
}
_DATE_PARTS = re.compile(r"[0-9]+|[A-Za-z]+")
_FILLERS = frozenset({"st", "nd", "rd", "th", "of", "day", "the"})
_A_LEAP_YEAR = 2000


def _date_reader(order: str) -> Callable[[str], str | None]:
    return lambda text: _read_date(text, order)


def _read_date(text: str, order: str) -> str | None:
    parts = [part for part in _DATE_PARTS.findall(text) if part.lower() not in _FILLERS]
    if len(parts) != len(order):
        return None
    values: dict[str, int] = {}
    named = [part for part in parts if part.isalpha()]
    if named:
        month = MONTHS.get(named[0].lower())
        if month is None or len(named) > 1:
            return None
        values["m"] = month
        parts.remove(named[0])
        order = order.replace("m", "")
    for part, which in zip(parts, order, strict=True):
        if len(part) > (4 if which == "y" else 2):
            return None
        values[which] = int(part) + (2000 if which == "y" and len(part) <= 2 else 0)
    try:
        day = date(values.get("y", _A_LEAP_YEAR), values["m"], values.get("d", 1))
    except ValueError:
        return None
    if "y" not in values:
        return f"--{day:%m-%d}"
    return day.isoformat() if "d" in values else day.isoformat()[:7]


_QUARTERS = {"1": 1, "first": 1, "2": 2, "second": 2, "3": 3, "third": 3, "4": 4, "fourth": 4, "last": 4}
_QUARTER = re.compile(
    r"(?:[A-Za-z][^0-9]{0,40}?)?(1|first|2|second|3|third|4|fourth|last)[^0-9]{0,40}([0-9]{4})"
    r"|([0-9]{4})[^0-9]{0,40}?(1|first|2|second|3|third|4|fourth|last)(?:[^0-9]{0,40})",
    re.IGNORECASE,
)


def _read_quarter_end(text: str) -> str | None:
    found = _QUARTER.fullmatch(text)
    if found is None:
        return None
    year = int(found.group(2) or found.group(3))
    quarter = _QUARTERS[(found.group(1) or found.group(4)).lower()]
    if not 1 <= year <= 9998:
        return None
    following = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return (following - timedelta(days=1)).isoformat()


_DECIMAL = re.compile(r"([+-]?)([0-9]{1,6}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})")
_DAYS_OF_A_MONTH = Decimal("30.4375")


def _duration_reader(unit: str) -> Callable[[str], str | None]:
    return lambda text: _read_duration(text, unit)


def _read_duration(text: str, unit: str) -> str | None:
    """A number of units as xs:duration; what is behind the point becomes smaller units, as the SEC's registry does."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    number = Decimal(found.group(2))
    whole, rest = int(number), number % 1
    parts: tuple[tuple[int, str], ...]
    if unit == "Y":
        months = rest * 12
        parts = ((whole, "Y"), (int(months), "M"), (int(months % 1 * _DAYS_OF_A_MONTH), "D"))
    elif unit == "M":
        parts = ((whole, "M"), (int(rest * _DAYS_OF_A_MONTH), "D"))
    elif unit == "W":
        parts = ((int(number * 7), "D"),)
    elif unit == "D":
        parts = ((whole, "D"), (int(rest * 24), "H"))
    else:
        return f"{'-' if found.group(1) == '-' and whole else ''}PT{whole}H"
    written = "".join(f"{'T' if letter == 'H' else ''}{count}{letter}" for count, letter in parts if count)
    written = written or f"0{parts[0][1]}"
    sign = "-" if found.group(1) == "-" and number else ""
    return f"{sign}P{written}"


_WORDED_DURATION = re.compile(
    r"(?:([\w ,-]{1,120}?)[ -]years?(?:,? and |,? |$))?(?:([\w ,-]{1,120}?)[ -]months?(?:,? and |,? |$))?"
    r"(?:([\w ,-]{1,120}?)[ -]days?)?",
    re.IGNORECASE,
)


def _read_worded_duration(text: str) -> str | None:
    """ "two years and six months" is P2Y6M."""
    found = _WORDED_DURATION.fullmatch(re.sub("[\u058a\u05be\u2010-\u2015\ufe58\ufe63\uff0d]", "-", text))
    if not text or found is None:
        return None
    written = ""
    for count, letter in zip(found.groups(), "YMD", strict=True):
        if count is None:
            continue
        try:
            number = int(count) if count.isascii() and count.isdigit() else number_in_words(count)
        except UnreadableNumberError:
            return None
        written += f"{number}{letter}" if number else ""
    return f"P{written or '0D'}"


# The boxes of the registry, and what the Wingdings font makes into the same boxes.
_BOXES = dict.fromkeys("\u2610\u25a1\u25fb\u00a8o", False) | dict.fromkeys(
    "\u2611\u2612\u2713\u2714\u2717\u2718\u00fe\u00fdxX", True
)


def _read_box(text: str) -> str | None:
    ticked = _BOXES.get(text)
    return None if ticked is None else "true" if ticked else "false"


def _read_yes_no_box(text: str) -> str | None:
    ticked = _BOXES.get(text)
    return None if ticked is None else "Yes" if ticked else "No"


def _true(_: str) -> str:
    return "true"


def _false(_: str) -> str:
    return "false"


def _empty(_: str) -> str:
    return ""


_CONSTANTS = (_true, _false, _empty)
_READERS: dict[str, Callable[[str], str | None]] = {
    "fixedtrue": _true,
    "booleantrue": _true,
    "fixedfalse": _false,
    "booleanfalse": _false,
    "fixedempty": _empty,
    "nocontent": _empty,
    "boolballotbox": _read_box,
    "yesnoballotbox": _read_yes_no_box,
    "duryear": _duration_reader("Y"),
    "durmonth": _duration_reader("M"),
    "durweek": _duration_reader("W"),
    "durday": _duration_reader("D"),
    "durhour": _duration_reader("H"),
    "durwordsen": _read_worded_duration,
    "datequarterend": _read_quarter_end,
    "countrynameen": country_code,
    "stateprovnameen": state_code,
    "edgarprovcountryen": edgar_code,
    "exchnameen": exchange_code,
    "entityfilercategoryen": filer_category,
} | {name: _date_reader(order) for order, names in _ORDERS.items() for name in names.split()}
