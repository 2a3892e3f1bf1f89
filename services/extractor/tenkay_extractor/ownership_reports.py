"""Reports of insiders under section 16(a), forms 3, 4 and 5: who reports, what was traded, what is held.

Filed as XML since 30 June 2003 (SEC Release 33-8230; EDGAR Ownership XML Technical Specification). Reports on paper
forms of before are no XML and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tenkay_extractor.number_formats import UnreadableNumberError, read_date, read_xbrl_number
from tenkay_extractor.xml_documents import XmlElement, read_elements

OPEN_MARKET_PURCHASE = "P"
OPEN_MARKET_SALE = "S"
EXERCISE = "M"
GIFT = "G"
"""Transaction codes of Form 4, General Instruction 8."""


@dataclass(frozen=True, slots=True)
class ReportingOwner:
    """One person of the report, with the boxes ticked in "relationship of reporting person to issuer"."""

    cik: str
    """Digits without leading zeros; empty when not given."""
    name: str
    is_director: bool
    is_officer: bool
    is_ten_percent_owner: bool
    is_other: bool
    officer_title: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of Table I, or of Table II when `derivative`. `start` and `end` are its lines in the text."""

    derivative: bool
    security: str
    day: date | None
    deemed_day: date | None
    """Deemed execution date, from which the two business days of Rule 16a-3(g) count where it is given."""
    code: str
    form_type: str
    """The form that the row is due on: "4" or "5"."""
    timeliness: str
    """"E" early, "L" late, else empty."""
    shares: Decimal | None
    price: Decimal | None
    """US dollars a share; None when not given, or only told in a footnote."""
    price_in_footnote: bool
    acquired: bool | None
    held_after: Decimal | None
    ownership: str
    """"D" direct, "I" indirect."""
    nature: str
    """Nature of indirect ownership, as printed."""
    footnotes: tuple[str, ...]
    """Ids of the footnotes that the row refers to."""
    start: int
    end: int
    day_span: tuple[int, int]
    """The line with the day, or the whole row."""
    code_span: tuple[int, int]
    """The line with the transaction code, or the whole row."""
    amounts_span: tuple[int, int]
    """The lines from the shares to the price, or the whole row."""

    @property
    def value(self) -> Decimal | None:
        """US dollars: shares times price; None when either is not a number in the report."""
        return None if self.shares is None or self.price is None else self.shares * self.price


@dataclass(frozen=True, slots=True)
class Holding:
    """A security that is held without a transaction to report."""

    derivative: bool
    security: str
    shares: Decimal | None
    ownership: str
    nature: str
    span: tuple[int, int]
    """The line with the shares, or all of the holding."""


@dataclass(frozen=True, slots=True)
class OwnershipReport:
    """A form 3, 4 or 5."""

    document_type: str
    period: date | None
    """Earliest transaction's day on forms 4 and 5, the event's day on form 3."""
    issuer_cik: str
    owners: tuple[ReportingOwner, ...]
    transactions: tuple[Transaction, ...]
    holdings: tuple[Holding, ...]
    no_securities_owned: bool
    plan_box: bool | None
    """The box of April 2023: made under a plan of Rule 10b5-1(c). None when the form has no such box."""
    plan_box_span: tuple[int, int] | None
    footnotes: dict[str, tuple[str, int, int]]
    """Text and span by id."""
    remarks: str
    relationship_spans: tuple[tuple[int, int], ...]
    """One an owner, in the order of `owners`."""
    span: tuple[int, int]

    def footnote_of(self, transaction: Transaction, wanted: re.Pattern[str]) -> tuple[int, int] | None:
        """Span of a footnote of this row that has the words; None when none has."""
        for name in transaction.footnotes:
            found = self.footnotes.get(name)
            if found and wanted.search(found[0]):
                return found[1], found[2]
        return None


def read_ownership_report(text: str) -> OwnershipReport | None:
    """The report that these lines of XML are; None when they are something else."""
    root = read_elements(text) if text.startswith("ownershipDocument") else None
    if root is None or root.name != "ownershipDocument":
        return None
    plan_box = root.first("aff10b5One")
    owners = root.all("reportingOwner")
    return OwnershipReport(
        document_type=root.text("documentType"),
        period=read_date(root.text("periodOfReport")[:10]),
        issuer_cik=root.text("issuer/issuerCik").lstrip("0"),
        owners=tuple(_owner(each) for each in owners),
        transactions=tuple(
            _transaction(each, derivative)
            for table, derivative in (("nonDerivative", False), ("derivative", True))
            for each in root.all(f"{table}Table/{table}Transaction")
        ),
        holdings=tuple(
            _holding(each, derivative)
            for table, derivative in (("nonDerivative", False), ("derivative", True))
            for each in root.all(f"{table}Table/{table}Holding")
        ),
        no_securities_owned=_ticked(root.text("noSecuritiesOwned")),
        plan_box=_ticked(plan_box.value) if plan_box is not None else None,
        plan_box_span=(plan_box.start, plan_box.end) if plan_box is not None else None,
        footnotes={
            each.text("@id"): (each.value, each.value_start, each.value_end)
            for each in root.all("footnotes/footnote")
            if each.value
        },
        remarks=root.text("remarks"),
        relationship_spans=tuple(
            (part.start, part.end)
            for each in owners
            for part in [each.first("reportingOwnerRelationship") or each]
        ),
        span=(root.start, root.end),
    )


def _owner(element: XmlElement) -> ReportingOwner:
    relationship = "reportingOwnerRelationship"
    return ReportingOwner(
        cik=element.text("reportingOwnerId/rptOwnerCik").lstrip("0"),
        name=element.text("reportingOwnerId/rptOwnerName"),
        is_director=_ticked(element.text(f"{relationship}/isDirector")),
        is_officer=_ticked(element.text(f"{relationship}/isOfficer")),
        is_ten_percent_owner=_ticked(element.text(f"{relationship}/isTenPercentOwner")),
        is_other=_ticked(element.text(f"{relationship}/isOther")),
        officer_title=element.text(f"{relationship}/officerTitle"),
    )


def _transaction(element: XmlElement, derivative: bool) -> Transaction:
    price = element.first("transactionAmounts/transactionPricePerShare")
    amount = _number(price.text("value")) if price is not None else None
    code = element.first("transactionCoding/transactionCode")
    day = element.first("transactionDate/value")
    disposed = element.text("transactionAmounts/transactionAcquiredDisposedCode/value")
    return Transaction(
        derivative=derivative,
        security=element.text("securityTitle/value"),
        day=read_date(day.value[:10]) if day is not None else None,
        deemed_day=read_date(element.text("deemedExecutionDate/value")[:10]),
        code=code.value if code is not None else "",
        form_type=element.text("transactionCoding/transactionFormType"),
        timeliness=element.text("transactionTimeliness/value"),
        shares=_number(element.text("transactionAmounts/transactionShares/value")),
        price=amount,
        price_in_footnote=amount is None and price is not None and price.first("footnoteId") is not None,
        acquired={"A": True, "D": False}.get(disposed),
        held_after=_number(element.text("postTransactionAmounts/sharesOwnedFollowingTransaction/value")),
        ownership=element.text("ownershipNature/directOrIndirectOwnership/value"),
        nature=element.text("ownershipNature/natureOfOwnership/value"),
        footnotes=tuple(dict.fromkeys(_footnote_ids(element.descendants()))),
        start=element.start,
        end=element.end,
        day_span=(day.value_start, day.value_end) if day is not None else (element.start, element.end),
        code_span=(code.value_start, code.value_end) if code is not None else (element.start, element.end),
        amounts_span=_amounts_span(element),
    )


def _amounts_span(element: XmlElement) -> tuple[int, int]:
    told = [
        part
        for name in ("transactionShares", "transactionPricePerShare")
        for part in element.all(f"transactionAmounts/{name}/value")
    ]
    return (told[0].value_start, told[-1].value_end) if told else (element.start, element.end)


def _footnote_ids(elements: Iterable[XmlElement]) -> Iterable[str]:
    return (each.text("@id") for each in elements if each.name == "footnoteId")


def _holding(element: XmlElement, derivative: bool) -> Holding:
    shares = element.first("postTransactionAmounts/sharesOwnedFollowingTransaction/value")
    return Holding(
        derivative=derivative,
        security=element.text("securityTitle/value"),
        shares=_number(shares.value) if shares is not None else None,
        ownership=element.text("ownershipNature/directOrIndirectOwnership/value"),
        nature=element.text("ownershipNature/natureOfOwnership/value"),
        span=(shares.value_start, shares.value_end) if shares is not None else (element.start, element.end),
    )


def _ticked(value: str) -> bool:
    return value.strip().lower() in ("1", "true")


def _number(value: str) -> Decimal | None:
    try:
        return read_xbrl_number(value)
    except UnreadableNumberError:
        return None
