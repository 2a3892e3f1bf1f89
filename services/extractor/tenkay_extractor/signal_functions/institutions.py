"""Rows over reports of institutional holdings (form 13F-HR). A notice (13F-NT) has no positions and no row here."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText, accepted
from tenkay_extractor.holdings_reports import (
    Position,
    ReportCover,
    read_information_table,
    read_report_cover,
)
from tenkay_extractor.missing import MissingOperandError, MissingReason

AS_XML = Decimal(1)
TOTALS_DIFFER = Decimal("0.7")
QUARTER_DAYS = range(80, 101)
MOST_PASSAGES = 5


def portfolio_concentration(filing: FilingView) -> Computed:
    """Herfindahl index of the positions' values by CUSIP: 1 for a single position. The unit of the values drops out."""
    table, positions = _positions(filing)
    by_cusip: dict[str, Decimal] = {}
    for position in positions:
        by_cusip[position.cusip] = by_cusip.get(position.cusip, Decimal(0)) + position.value
    total = sum(by_cusip.values(), Decimal(0))
    if total == 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "the positions have no value")
    index = sum(((value / total) ** 2 for value in by_cusip.values()), Decimal(0))
    confidence, notes = _checked(filing, positions)
    largest = sorted(positions, key=lambda position: -position.value)[:MOST_PASSAGES]
    return Computed(
        min(index, Decimal(1)),
        confidence,
        _passages(table, largest),
        (*notes, f"{len(by_cusip)} securities"),
        exact=False,
    )


def position_change(filing: FilingView) -> Computed:
    """Change of the number of shares in the manager's largest position since the report of the quarter before.

    A split of the shares is not undone.
    """
    table, positions = _positions(filing)
    shares = _shares_by_cusip(positions)
    if not shares:
        raise MissingOperandError(MissingReason.NOT_STATED, "the table has no position in shares")
    values: dict[str, Decimal] = {}
    for position in positions:
        if position.cusip in shares and position.in_shares and not position.is_option:
            values[position.cusip] = values.get(position.cusip, Decimal(0)) + position.value
    cusip = max(values, key=lambda each: (values[each], each))
    before = _quarter_before(filing)
    earlier_table, earlier_positions = _positions(before)
    earlier = _shares_by_cusip(earlier_positions).get(cusip)
    rows = [position for position in positions if position.cusip == cusip]
    if earlier is None:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET,
            f"the largest position, {rows[0].issuer} ({cusip}), is new: there is no number before to compare with",
        )
    if earlier == 0:
        raise MissingOperandError(
            MissingReason.ZERO_DENOMINATOR, "the position had no shares a quarter before"
        )
    cited = _passages(earlier_table, [position for position in earlier_positions if position.cusip == cusip])
    return Computed(
        (shares[cusip] - earlier) / earlier,
        min(_checked(filing, positions)[0], _checked(before, earlier_positions)[0]),
        (*_passages(table, rows[:MOST_PASSAGES]), *map(before.cited, cited[:MOST_PASSAGES])),
        (f"the largest position: {rows[0].issuer}, CUSIP {cusip}",),
        exact=False,
    )


def _read_table(section: SectionText) -> tuple[Position, ...] | None:
    return read_information_table(section.source.text)


def _read_cover(section: SectionText) -> ReportCover | None:
    return read_report_cover(section.source.text)


def _positions(filing: FilingView) -> tuple[SectionText, tuple[Position, ...]]:
    main = filing.main_text()
    cover = filing.derive(_read_cover, main)
    if cover is not None and cover.is_notice:
        raise MissingOperandError(MissingReason.CONDITION_NOT_MET, "the report is a notice without positions")
    if cover is not None and cover.new_holdings_only:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET, "the amendment only adds positions to those reported before"
        )
    tables = (main,) if cover is None else filing.exhibits("INFORMATION TABLE")
    for table in tables:
        positions = filing.derive(_read_table, table)
        if positions:
            return table, positions
    raise MissingOperandError(
        MissingReason.DOCUMENT_NOT_FOUND,
        "the filing's bytes hold no information table in XML that can be read whole",
    )


def _checked(filing: FilingView, positions: tuple[Position, ...]) -> tuple[Decimal, tuple[str, ...]]:
    """Confidence by the totals of the summary page."""
    cover = filing.derive(_read_cover, filing.main_text())
    if cover is None or cover.value_total is None:
        return TOTALS_DIFFER, ("no summary page to check the table with",)
    total = sum((position.value for position in positions), Decimal(0))
    if total != cover.value_total or cover.entries not in (None, len(positions)):
        return TOTALS_DIFFER, (f"the table adds up to {total}, the summary page says {cover.value_total}",)
    return AS_XML, ()


def _shares_by_cusip(positions: Iterable[Position]) -> dict[str, Decimal]:
    shares: dict[str, Decimal] = {}
    for position in positions:
        if position.in_shares and not position.is_option:
            shares[position.cusip] = shares.get(position.cusip, Decimal(0)) + position.amount
    return shares


def _quarter_before(filing: FilingView) -> FilingView:
    end = filing.content.identity.period_end
    if end is None:
        raise MissingOperandError(MissingReason.PERIOD_UNCLEAR, "the quarter's end cannot be told")
    found = [
        each
        for each in filing.earlier
        if each.content.identity.form_type in ("13F-HR", "13F-HR/A")
        and each.content.identity.period_end is not None
        and (end - each.content.identity.period_end).days in QUARTER_DAYS
        and not _adds_only(each)
    ]
    if not found:
        raise MissingOperandError(
            MissingReason.PRIOR_FILING_NOT_GIVEN,
            "it is compared with the manager's 13F-HR of the quarter before, which was not given",
        )
    return max(found, key=lambda each: (_moment(each), each.content.identity.accession_number))


def _adds_only(filing: FilingView) -> bool:
    cover = filing.derive(_read_cover, filing.main_text())
    return cover is not None and cover.new_holdings_only


def _moment(filing: FilingView) -> float:
    moment = accepted(filing.content.identity)
    return moment.timestamp() if moment else 0.0


def _passages(table: SectionText, positions: Iterable[Position]) -> tuple[TextEvidence, ...]:
    return tuple(table.passage(*position.span) for position in positions)


FUNCTIONS = {
    "institutional_portfolio_concentration": portfolio_concentration,
    "institutional_position_change": position_change,
}
