"""Information tables of reports of institutional holdings, form 13F-HR (Exchange Act Rule 13f-1; EDGAR Form 13F XML
Technical Specification). XML since May 2013; the tables in text of before are not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tenkay_extractor.number_formats import UnreadableNumberError, read_xbrl_number
from tenkay_extractor.xml_documents import XmlElement, read_elements

MOST_POSITIONS = 200_000


@dataclass(frozen=True, slots=True)
class Position:
    """One row of the information table."""

    cusip: str
    issuer: str
    value: Decimal
    """US dollars in reports filed since 3 January 2023, thousands before; some filers mistake the unit."""
    amount: Decimal
    in_shares: bool
    """False for a principal amount of debt."""
    is_option: bool
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReportCover:
    """The cover and summary pages."""

    is_notice: bool
    new_holdings_only: bool
    """An amendment that adds positions to those reported before."""
    entries: int | None
    value_total: Decimal | None


def read_information_table(text: str) -> tuple[Position, ...] | None:
    """The rows; None when the text is no information table, or a row lacks its CUSIP, value or amount."""
    root = read_elements(text) if text.startswith("informationTable") else None
    if root is None:
        return None
    positions = []
    for row in root.all("infoTable")[:MOST_POSITIONS]:
        cusip = row.text("cusip").strip().upper()
        value, amount = _number(row.text("value")), _number(row.text("shrsOrPrnAmt/sshPrnamt"))
        if not cusip or value is None or amount is None or value < 0 or amount < 0:
            return None
        positions.append(
            Position(
                cusip.zfill(9),
                row.text("nameOfIssuer"),
                value,
                amount,
                row.text("shrsOrPrnAmt/sshPrnamtType").strip().upper() == "SH",
                bool(row.text("putCall").strip()),
                (row.start, _row_end(row)),
            )
        )
    return tuple(positions)


def read_report_cover(text: str) -> ReportCover | None:
    """The cover; None when the text is none in XML."""
    root = read_elements(text) if text.startswith("edgarSubmission") else None
    if root is None:
        return None
    entries = root.text("formData/summaryPage/tableEntryTotal").strip()
    return ReportCover(
        is_notice="NOTICE" in root.text("formData/coverPage/reportType").upper(),
        new_holdings_only="NEW" in root.text("formData/coverPage/amendmentInfo/amendmentType").upper(),
        entries=int(entries) if entries.isascii() and entries.isdigit() and len(entries) < 9 else None,
        value_total=_number(root.text("formData/summaryPage/tableValueTotal")),
    )


def _row_end(row: XmlElement) -> int:
    amount = row.first("shrsOrPrnAmt/sshPrnamt")
    return amount.value_end if amount is not None else row.end


def _number(value: str) -> Decimal | None:
    try:
        return read_xbrl_number(value.replace(",", ""))
    except UnreadableNumberError:
        return None
