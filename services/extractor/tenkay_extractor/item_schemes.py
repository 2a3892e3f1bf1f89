"""Which items a form has, at which time: numbers, parts and the titles they go by.

Regulation S-K and the general instructions of forms 10-K, 10-KSB, 10-Q, 10-QSB, 8-K and 20-F, with the changes of 1997
(7A), 2000 (20-F rewritten), 2002 (controls), 2003 (fees), 2004 (8-K renumbered), 2005 (1A, 1B), 2008 (10-KSB ends),
2012 (mine safety), 2016 (16), 2021 (9C) and 2023 (1C, 20-F 16J and 16K).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


class FormFamily(enum.Enum):
    """Forms with one set of items."""

    ANNUAL = "10-K"
    SMALL_BUSINESS_ANNUAL = "10-KSB"
    QUARTERLY = "10-Q"
    CURRENT = "8-K"
    FOREIGN_ANNUAL = "20-F"


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `titles` match the printed caption at its beginning, whatever the case."""

    code: str
    number: str
    part: str
    titles: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ItemScheme:
    """The items of a form at a time, in the form's order."""

    family: FormFamily
    items: tuple[Item, ...]
    ordered: bool
    """False for 8-K, whose items stand in any order."""
    by_number: Mapping[str, tuple[Item, ...]]
    """Two items a number in a 10-Q, one for each part."""

    def numbered(self, number: str) -> tuple[Item, ...]:
        """The items of this number; empty when the form has none."""
        return self.by_number.get(number, ())


_ANNUAL_FORM = re.compile(r"10-?K(?:T|405|T405)?(?:/A)?")
_SMALL_ANNUAL_FORM = re.compile(r"10-?K(?:T)?SB(?:40)?(?:/A)?")
_QUARTERLY_FORM = re.compile(r"10-?Q(?:T|SB)?(?:/A)?")
_FOREIGN_ANNUAL_FORM = re.compile(r"20-?F(?:T)?(?:/A)?")
_CURRENT_FORM = re.compile(r"8-?K(?:12G3|12B|15D5)?(?:/A)?")
CURRENT_REPORT_RENUMBERED = date(2004, 8, 23)


def form_family(form_type: str) -> FormFamily | None:
    """The family of a form type as EDGAR spells it; None for forms without a known set of items."""
    form = form_type.upper().strip()
    for pattern, family in (
        (_ANNUAL_FORM, FormFamily.ANNUAL),
        (_SMALL_ANNUAL_FORM, FormFamily.SMALL_BUSINESS_ANNUAL),
        (_QUARTERLY_FORM, FormFamily.QUARTERLY),
        (_CURRENT_FORM, FormFamily.CURRENT),
        (_FOREIGN_ANNUAL_FORM, FormFamily.FOREIGN_ANNUAL),
    ):
        if pattern.fullmatch(form):
            return family
    return None


def item_scheme(family: FormFamily, filed: date | None) -> ItemScheme:
    """The items a form of this family may have when filed that day; all it ever had when the day is not known."""
    return _scheme(family, filed.toordinal() if filed else None)


@lru_cache(maxsize=256)
def _scheme(family: FormFamily, ordinal: int | None) -> ItemScheme:
    rows = _ROWS[family]
    filed = date.fromordinal(ordinal) if ordinal else None
    items = tuple(
        Item(
            code=f"part{part.count('I')}_item{number}"
            if family is FormFamily.QUARTERLY
            else f"item_{number}",
            number=number,
            part=part,
            titles=re.compile(rf"(?:{titles})", re.IGNORECASE),
        )
        for number, part, titles, since, until in rows
        if filed is None or ((since is None or filed >= since) and (until is None or filed < until))
    )
    by_number: dict[str, tuple[Item, ...]] = {}
    for item in items:
        by_number[item.number] = (*by_number.get(item.number, ()), item)
    return ItemScheme(family, items, family is not FormFamily.CURRENT, by_number)


_Row = tuple[str, str, str, date | None, date | None]
_MDA = (
    r"management.{0,3}s?\W{1,3}discussion|discussion and analysis|(?:management.{0,3}s? )?plan of operation"
)
_MARKET_RISK = (
    r"quantitative (?:and|&) qualitative disclosures?|qualitative and quantitative disclosures?|market risk"
)
_CONTROLS = r"(?:disclosure )?controls? and procedures?|evaluation of disclosure controls"
_EXHIBITS = r"exhibits?\b"
_HOLDER_VOTE = r"submission of matters|matters submitted"
_FOREIGN_ISSUERS_REWRITTEN = date(2000, 9, 30)
_RESERVED = r"\W{0,3}(?:removed and )?reserved\b"
_DISAGREEMENTS = r"changes? in (?:and|or) disagreements?|changes? in accountants|disagreements? (?:with|on)"
_OWNERSHIP = (
    r"security ownership|securities ownership|beneficial ownership|ownership of (?:certain )?securities"
)
_RELATED = (
    r"certain (?:relationships?|transactions|business relationships)|relationships? and related"
    r"|related (?:party )?transactions"
)
_FEES = (
    r"principal (?:accountant|accounting|independent|auditor)"
    r"|(?:independent )?(?:auditor|accountant).{0,3}s?.{0,3} fees|fees (?:and|paid)"
)
_STATEMENTS = (
    r"(?:consolidated )?financial statements?|supplementary (?:financial )?data"
    r"|index to (?:consolidated )?financial"
)
_INTERIM_STATEMENTS = (
    r"(?:condensed |unaudited |interim |consolidated )*financial (?:statements?|information)"
)
_SALES_OF_EQUITY = (
    r"unregistered\b|changes? in securities|issuer (?:re)?purchases"
    r"|(?:recent )?sales of unregistered"
)
_OFFICERS = r"directors?\b|executive officers"

_ROWS: dict[FormFamily, tuple[_Row, ...]] = {
    FormFamily.ANNUAL: (
        ("1", "I", r"(?:description of )?(?:our |the )?business\b|general\b", None, None),
        ("1A", "I", r"risk factors?|executive officers", None, None),
        ("1B", "I", r"unresolved\b", date(2005, 9, 1), None),
        ("1C", "I", r"cyber\W?security", date(2023, 9, 1), None),
        ("2", "I", r"(?:description of )?(?:our )?propert(?:y|ies)\b", None, None),
        ("3", "I", r"legal (?:proceedings?|matters)|pending legal", None, None),
        ("4", "I", rf"{_HOLDER_VOTE}|mine safety|{_RESERVED}", None, None),
        ("5", "II", r"market (?:for|price|information)\b|registrant.s common", None, None),
        ("6", "II", rf"(?:consolidated )?selected\b|{_RESERVED}", None, None),
        ("7", "II", _MDA, None, None),
        ("7A", "II", _MARKET_RISK, date(1997, 1, 1), None),
        ("8", "II", _STATEMENTS, None, None),
        ("9", "II", _DISAGREEMENTS, None, None),
        ("9A", "II", rf"{_CONTROLS}|management.{{0,3}}s report on internal", date(2003, 3, 1), None),
        ("9B", "II", r"other information", date(2004, 8, 1), None),
        ("9C", "II", r"disclosures? regarding foreign", date(2021, 12, 1), None),
        ("10", "III", _OFFICERS, None, None),
        ("11", "III", r"executive (?:officer )?compensation|compensation of", None, None),
        ("12", "III", _OWNERSHIP, None, None),
        ("13", "III", _RELATED, None, None),
        ("14", "III", rf"{_FEES}|{_CONTROLS}|{_EXHIBITS}", None, None),
        ("15", "IV", rf"{_EXHIBITS}|financial statement schedules|{_FEES}|{_CONTROLS}", None, None),
        ("16", "IV", rf"form 10-?k summary|summary\b|{_FEES}|{_EXHIBITS}|{_RESERVED}", date(2002, 8, 1), None),
    ),
    FormFamily.SMALL_BUSINESS_ANNUAL: (
        ("1", "I", r"(?:description of )?(?:our |the )?business\b|general\b", None, None),
        ("1A", "I", r"risk factors?", date(2005, 9, 1), None),
        ("2", "I", r"(?:description of )?(?:our )?propert(?:y|ies)\b", None, None),
        ("3", "I", r"legal proceedings?", None, None),
        ("4", "I", _HOLDER_VOTE, None, None),
        ("5", "II", r"market (?:for|price|information)\b", None, None),
        ("6", "II", _MDA, None, None),
        ("7", "II", r"(?:consolidated )?financial statements?|index to (?:consolidated )?financial", None, None),
        ("8", "II", _DISAGREEMENTS, None, None),
        ("8A", "II", _CONTROLS, date(2002, 8, 1), None),
        ("8B", "II", r"other information", date(2004, 8, 1), None),
        ("9", "III", _OFFICERS, None, None),
        ("10", "III", r"executive compensation|compensation of", None, None),
        ("11", "III", _OWNERSHIP, None, None),
        ("12", "III", _RELATED, None, None),
        ("13", "III", _EXHIBITS, None, None),
        ("14", "III", rf"{_FEES}|{_CONTROLS}|{_EXHIBITS}", date(2002, 8, 1), None),
    ),
    FormFamily.QUARTERLY: (
        ("1", "I", _INTERIM_STATEMENTS, None, None),
        ("2", "I", _MDA, None, None),
        ("3", "I", rf"{_MARKET_RISK}|{_CONTROLS}", date(1997, 1, 1), None),
        ("4", "I", _CONTROLS, date(2002, 8, 1), None),
        ("1", "II", r"legal (?:proceedings?|matters)", None, None),
        ("1A", "II", r"risk factors?", date(2005, 9, 1), None),
        ("2", "II", _SALES_OF_EQUITY, None, None),
        ("3", "II", r"defaults?\b", None, None),
        ("4", "II", rf"{_HOLDER_VOTE}|mine safety|{_RESERVED}", None, None),
        ("5", "II", r"other (?:information|events|matters)", None, None),
        ("6", "II", _EXHIBITS, None, None),
    ),
    FormFamily.FOREIGN_ANNUAL: (
        ("1", "I", r"identity of directors|description of (?:the )?business", None, None),
        ("2", "I", r"offer statistics|(?:description of )?propert(?:y|ies)", None, None),
        ("3", "I", r"key information|legal proceedings", None, None),
        ("3D", "I", r"risk factors?", _FOREIGN_ISSUERS_REWRITTEN, None),
        ("4", "I", r"information (?:on|about|regarding|concerning)|control of registrant|our company", None, None),
        ("4A", "I", r"unresolved\b", date(2005, 9, 1), None),
        ("5", "I", r"operating (?:and|&) financial|nature of trading market|management.{0,3}s discussion", None, None),
        ("6", "I", r"directors\b|exchange controls", None, None),
        ("7", "I", r"major shareholders|taxation", None, None),
        ("8", "I", r"(?:consolidated )?financial information|selected\b", None, None),
        ("9", "I", r"(?:the )?offer(?:ing)? and (?:the )?listing|management.{0,3}s discussion|the listing", None, None),
        ("9A", "I", _MARKET_RISK, None, _FOREIGN_ISSUERS_REWRITTEN),
        ("10", "I", r"additional information|directors and officers", None, None),
        ("11", "I", rf"{_MARKET_RISK}|compensation of", None, None),
        ("12", "I", r"descriptions? of securities|options to purchase", None, None),
        ("13", "II", r"defaults?\b|interest of management", None, None),
        ("14", "II", r"(?:material )?modifications? (?:to|of)|description of securities", None, None),
        ("15", "II", rf"{_CONTROLS}|{_RESERVED}|defaults?\b", None, None),
        ("16", "II", rf"{_RESERVED}|changes in securities", None, None),
        ("16A", "II", r"audit committee", date(2002, 8, 1), None),
        ("16B", "II", r"codes? of (?:business )?(?:ethics|conduct)", date(2002, 8, 1), None),
        ("16C", "II", _FEES, date(2002, 8, 1), None),
        ("16D", "II", r"exemptions?\b", date(2003, 4, 1), None),
        ("16E", "II", r"(?:issuer )?purchases?\b", date(2003, 12, 1), None),
        ("16F", "II", r"changes? in (?:the )?(?:registrant|company|our|issuer)", date(2008, 12, 1), None),
        ("16G", "II", r"(?:statement on )?corporate governance", date(2008, 12, 1), None),
        ("16H", "II", r"mine safety", date(2012, 1, 1), None),
        ("16I", "II", r"disclosures? regarding foreign", date(2021, 12, 1), None),
        ("16J", "II", r"insider trading", date(2023, 2, 1), None),
        ("16K", "II", r"cyber\W?security", date(2023, 9, 1), None),
        ("17", "III", r"(?:consolidated )?financial statements", None, None),
        ("18", "III", r"(?:consolidated )?financial statements", None, None),
        ("19", "III", _EXHIBITS + r"|(?:consolidated )?financial statements", None, None),
    ),
    FormFamily.CURRENT: tuple(
        (number, "", titles, None, CURRENT_REPORT_RENUMBERED)
        for number, titles in (
            ("1", r"changes? in control"),
            ("2", r"acquisition or disposition"),
            ("3", r"bankruptcy"),
            ("4", r"changes? in (?:the )?registrant.s certifying"),
            ("5", r"other (?:events|materially)"),
            ("6", r"resignations?"),
            ("7", r"financial statements|exhibits"),
            ("8", r"change in fiscal"),
            ("9", r"regulation fd|sales of equity"),
            ("10", r"amendments? to the registrant.s code"),
            ("11", r"temporary suspension"),
            ("12", r"results of operations|disclosure of results"),
        )
    )
    + tuple(
        (number, "", titles, CURRENT_REPORT_RENUMBERED, None)
        for number, titles in (
            ("1.01", r"entry into"),
            ("1.02", r"termination of"),
            ("1.03", r"bankruptcy"),
            ("1.04", r"mine safety"),
            ("1.05", r"material cyber"),
            ("2.01", r"completion of"),
            ("2.02", r"results of operations"),
            ("2.03", r"creation of"),
            ("2.04", r"triggering events"),
            ("2.05", r"costs associated"),
            ("2.06", r"material impairments?"),
            ("3.01", r"notice of delisting"),
            ("3.02", r"unregistered sales"),
            ("3.03", r"material modifications?"),
            ("4.01", r"changes? in (?:the )?registrant.s certifying"),
            ("4.02", r"non-?reliance"),
            ("5.01", r"changes? in control"),
            ("5.02", r"departure|election|appointment|compensatory"),
            ("5.03", r"amendments? to"),
            ("5.04", r"temporary suspension"),
            ("5.05", r"amendments? to"),
            ("5.06", r"change in shell"),
            ("5.07", r"submission of matters"),
            ("5.08", r"shareholder (?:director )?nominations?"),
            ("6.01", r"abs\b|asset.backed"),
            ("6.02", r"change of servicer"),
            ("6.03", r"change in credit"),
            ("6.04", r"failure to"),
            ("6.05", r"securities act updating"),
            ("6.06", r"static pool"),
            ("7.01", r"regulation fd"),
            ("8.01", r"other (?:events|items)"),
            ("9.01", r"financial statements|exhibits"),
        )
    ),
}  # fmt: skip

PRESENT_CURRENT_REPORT_ITEM = {
    "1": "5.01", "2": "2.01", "3": "1.03", "4": "4.01", "5": "8.01", "6": "5.02", "7": "9.01", "8": "5.03",
    "9": "7.01", "10": "5.05", "11": "5.04", "12": "2.02",
}  # fmt: skip
"""The number that an 8-K item has carried since 23 August 2004, by the number it had before."""

_HEADER_CAPTIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), number)
    for pattern, number in (
        (r"Entry into a Material", "1.01"), (r"Termination of a Material", "1.02"),
        (r"Bankruptcy", "1.03"), (r"Mine Safety", "1.04"), (r"Material Cybersecurity", "1.05"),
        (r"Completion of Acquisition|Acquisition or disposition", "2.01"), (r"Results of Operations", "2.02"),
        (r"Creation of a Direct", "2.03"), (r"Triggering Events", "2.04"),
        (r"Costs? Associated", "2.05"),
        (r"Material Impairments", "2.06"), (r"Notice of Delisting", "3.01"), (r"Unregistered Sales", "3.02"),
        (r"Material Modifications?", "3.03"),
        (r"Changes? in (?:the )?Registrant.?s Certifying|Changes in accountant", "4.01"),
        (r"Non-?Reliance", "4.02"), (r"Changes? in control", "5.01"),
        (r"Departure of Directors|Resignations? of", "5.02"),
        (r"Amendments? to Articles|Change in fiscal|Amendments to the Articles", "5.03"),
        (r"Temporary Suspension", "5.04"), (r"Amendments? to (?:the )?Registrant.?s Code", "5.05"),
        (r"Change in Shell", "5.06"), (r"Submission of Matters", "5.07"),
        (r"Shareholder (?:Director )?Nominations?", "5.08"),
        (r"ABS Informational", "6.01"), (r"Change of Servicer", "6.02"), (r"Change in Credit", "6.03"),
        (r"Failure to Make", "6.04"), (r"Securities Act Updating", "6.05"), (r"Static Pool", "6.06"),
        (r"Regulation FD", "7.01"), (r"Other events", "8.01"), (r"Financial statements", "9.01"),
    )
)  # fmt: skip
_PRESENT_NUMBER = re.compile(r"[1-9]\.\d\d")


def header_items(captions: tuple[str, ...]) -> tuple[str, ...]:
    """The present numbers of the items that an 8-K's header lists by caption or number, each once, in its order.

    A caption that is not known gives nothing.
    """
    found: dict[str, None] = {}
    for caption in captions:
        text = caption.strip()
        if _PRESENT_NUMBER.fullmatch(text):
            found[text] = None
        elif text in PRESENT_CURRENT_REPORT_ITEM:
            found[PRESENT_CURRENT_REPORT_ITEM[text]] = None
        else:
            number = next((number for pattern, number in _HEADER_CAPTIONS if pattern.match(text)), None)
            if number is not None:
                found[number] = None
    return tuple(found)
