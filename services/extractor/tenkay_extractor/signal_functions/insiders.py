"""Rows over reports of insiders: forms 3, 4 and 5 as XML, and notices of sale on form 144.

Form 144 announces that shares may be sold; only form 4 or 5 reports that they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tenkay_extractor.business_days import add_business_days
from tenkay_extractor.computed import Computed
from tenkay_extractor.evidence import Evidence, TextEvidence
from tenkay_extractor.filing_view import FilingView, SectionText, accepted
from tenkay_extractor.missing import MissingOperandError, MissingReason
from tenkay_extractor.number_formats import EXACT
from tenkay_extractor.ownership_reports import (
    EXERCISE,
    GIFT,
    OPEN_MARKET_PURCHASE,
    OPEN_MARKET_SALE,
    OwnershipReport,
    ReportingOwner,
    Transaction,
    read_ownership_report,
)
from tenkay_extractor.xml_documents import read_elements

AS_XML = Decimal(1)
AMENDED = Decimal("0.7")
FOOTNOTES_ONLY = Decimal("0.8")
BOX_AGAINST_FOOTNOTE = Decimal("0.6")
AS_TEXT = Decimal("0.9")
MOST_PASSAGES = 20
RATIO_WINDOW = timedelta(days=180)
CLUSTER_WINDOW = timedelta(days=30)
CLUSTER_INSIDERS = 3
PLAN_BOX_SINCE = date(2023, 4, 1)
"""Since when forms 4 and 5 have the box for plans (SEC Release 33-11138)."""
DAYS_TO_REPORT = 2
"""Business days after the transaction (Exchange Act Rule 16a-3(g)(1))."""

_PLAN = re.compile(r"10b5-?1", re.IGNORECASE)
_NO_PLAN = re.compile(r"\b(?:not|never|no)\b[^.;]{0,60}10b5-?1", re.IGNORECASE)


def net_purchase_value(filing: FilingView, *, owners: str = "all") -> Computed:
    """US dollars of open-market purchases minus sales; `owners` is all, ceo_cfo, director or ten_percent."""
    report = _report(filing)
    _refuse_other_owners(report, owners)
    traded = _traded(report, OPEN_MARKET_PURCHASE, OPEN_MARKET_SALE)
    net = Decimal(0)
    for row in traded:
        value = _value(row)
        net = EXACT.add(net, value) if row.code == OPEN_MARKET_PURCHASE else EXACT.subtract(net, value)
    return Computed(net, _confidence(filing), _rows(filing, traded))


def discretionary_sale_value(filing: FilingView) -> Computed:
    """US dollars of open-market sales that neither the box nor a footnote puts under a plan of Rule 10b5-1."""
    report = _report(filing)
    sales = _traded(report, OPEN_MARKET_SALE)
    planned = [row for row in sales if report.plan_box or _footnote_on_plan(report, row)]
    free = [row for row in sales if row not in planned]
    total = Decimal(0)
    for row in free:
        total = EXACT.add(total, _value(row))
    notes = (f"{len(planned)} of {len(sales)} sales were under a plan",) if planned else ()
    return Computed(total, _confidence(filing), _rows(filing, free or sales), notes)


def sale_under_plan(filing: FilingView) -> Computed:
    """Whether an open-market sale was under a plan of Rule 10b5-1: the box; before it existed, the row's footnotes."""
    report = _report(filing)
    sales = _traded(report, OPEN_MARKET_SALE)
    main = filing.main_text()
    told = [span for row in sales if (span := _footnote_on_plan(report, row))]
    footnotes = tuple(main.passage(*span) for span in dict.fromkeys(told))[:MOST_PASSAGES]
    has_box = report.plan_box is not None and (
        report.plan_box or (filing.content.identity.filed_date or PLAN_BOX_SINCE) >= PLAN_BOX_SINCE
    )
    if has_box and report.plan_box_span:
        box = main.passage(*report.plan_box_span)
        if report.plan_box:
            return Computed(True, _confidence(filing), (box, *footnotes, *_rows(filing, sales)[:1]))
        if footnotes:
            return Computed(
                False,
                BOX_AGAINST_FOOTNOTE,
                (box, filing.searched((main,), footnotes)),
                ("the box is not ticked, though a footnote speaks of a plan",),
            )
        return Computed(False, _confidence(filing), (box, filing.searched((main,))))
    if footnotes:
        return Computed(True, min(_confidence(filing), FOOTNOTES_ONLY), footnotes)
    return Computed(False, min(_confidence(filing), FOOTNOTES_ONLY), (filing.searched((main,)),))


def sold_share_of_holding(filing: FilingView) -> Computed:
    """Shares sold over what was held before the sales, over all securities and kinds of ownership that were sold."""
    report = _report(filing)
    sales = _traded(report, OPEN_MARKET_SALE)
    groups: dict[tuple[str, str, str], list[Transaction]] = {}
    for row in sales:
        groups.setdefault((row.security, row.ownership, row.nature), []).append(row)
    sold = held_before = Decimal(0)
    for rows in groups.values():
        last = max(rows, key=lambda row: (row.day or date.min, row.start))
        if last.held_after is None or any(row.shares is None for row in rows):
            raise MissingOperandError(
                MissingReason.NOT_STATED, "a sale does not say its shares or the shares owned after it"
            )
        of_group = sum((row.shares for row in rows if row.shares is not None), Decimal(0))
        sold += of_group
        held_before += last.held_after + of_group
    if held_before == 0:
        raise MissingOperandError(MissingReason.ZERO_DENOMINATOR, "no shares were held before the sales")
    return Computed(sold / held_before, _confidence(filing), _rows(filing, sales), exact=False)


def late_report_days(filing: FilingView) -> Computed:
    """Calendar days by which the most belated row misses its two business days; 0 when none does."""
    report, identity = _report(filing), filing.content.identity
    filed = identity.filed_date
    if filed is None:
        raise MissingOperandError(MissingReason.PERIOD_UNCLEAR, "nothing tells the filing date")
    if identity.is_amendment:
        raise MissingOperandError(
            MissingReason.CONDITION_NOT_MET, "an amendment repeats rows that another filing reported"
        )
    on_form_4 = identity.form_type == "4"
    due = [
        (add_business_days(row.deemed_day or row.day, DAYS_TO_REPORT), row)
        for row in report.transactions
        if row.day is not None and row.form_type == "4" and (on_form_4 or row.timeliness == "L")
    ]
    if not due:
        raise MissingOperandError(MissingReason.NOT_STATED, "no row was due on form 4")
    first_due, row = min(due, key=lambda each: each[0])
    main = filing.main_text()
    return Computed(
        Decimal(max(0, (filed - first_due).days)),
        _confidence(filing),
        (main.passage(*row.day_span),),
        (f"the earliest row was due on {first_due}, the report was filed on {filed}",),
    )


def exercise_and_sale(filing: FilingView) -> Computed:
    """Whether an option exercise and an open-market sale stand on the same day."""
    report = _report(filing)
    exercises = [row for row in report.transactions if row.code == EXERCISE]
    sales = [row for row in report.transactions if row.code == OPEN_MARKET_SALE and not row.derivative]
    if not exercises and not sales:
        raise MissingOperandError(MissingReason.NOT_STATED, "no exercise and no open-market sale is reported")
    days = {row.day for row in exercises} & {row.day for row in sales} - {None}
    if days:
        both = [row for row in (*exercises, *sales) if row.day in days]
        return Computed(True, _confidence(filing), _rows(filing, both))
    return Computed(
        False,
        _confidence(filing),
        (filing.searched((filing.main_text(),)), *_rows(filing, (*exercises, *sales))),
    )


def gifted_shares(filing: FilingView) -> Computed:
    """Shares of Table I given away."""
    report = _report(filing)
    gifts = [row for row in _traded(report, GIFT) if row.acquired is False]
    if not gifts or any(row.shares is None for row in gifts):
        raise MissingOperandError(MissingReason.NOT_STATED, "no gift of shares by the reporting person")
    total = sum((row.shares for row in gifts if row.shares is not None), Decimal(0))
    return Computed(total, _confidence(filing), _rows(filing, gifts))


def initial_holding(filing: FilingView) -> Computed:
    """Shares of Table I of a form 3; 0 when the box "no securities are beneficially owned" is ticked."""
    report, main = _report(filing), filing.main_text()
    held = [each for each in report.holdings if not each.derivative]
    if not held:
        if report.no_securities_owned and not report.holdings:
            return Computed(Decimal(0), _confidence(filing), (main.passage(*report.span),))
        raise MissingOperandError(MissingReason.NOT_STATED, "Table I lists no holding")
    if any(each.shares is None for each in held):
        raise MissingOperandError(MissingReason.NOT_STATED, "a holding does not say its shares")
    classes = dict.fromkeys(each.security for each in held)
    notes = (f"added over {len(classes)} securities: {', '.join(classes)}",) if len(classes) > 1 else ()
    total = sum((each.shares for each in held if each.shares is not None), Decimal(0))
    passages = tuple(main.passage(*each.span) for each in held[:MOST_PASSAGES])
    return Computed(total, _confidence(filing), passages, notes)


def net_purchase_ratio(filing: FilingView) -> Computed:
    """(purchases - sales) / (purchases + sales), each counted once an insider and day, over six months.

    Needs all forms 4 and 5 on the issuer in the window among the earlier filings.
    """
    until = _reported_on(filing)
    events = _events(filing, until - RATIO_WINDOW, until)
    _refuse_incomplete(filing, until - RATIO_WINDOW)
    if not events:
        raise MissingOperandError(
            MissingReason.NOT_STATED, "no open-market purchase or sale in the six months to this report"
        )
    counted = {(each.insider, each.row.day, each.row.code) for each in events}
    purchases = sum(1 for _, _, code in counted if code == OPEN_MARKET_PURCHASE)
    ratio = Decimal(2 * purchases - len(counted)) / len(counted)
    note = f"{purchases} purchases and {len(counted) - purchases} sales, once an insider and day"
    return Computed(ratio, _window_confidence(events), _passages(filing, events), (note,), exact=False)


def cluster_buying(filing: FilingView) -> Computed:
    """Whether three or more insiders bought in the open market within the 30 days to this report."""
    _traded(_report(filing), OPEN_MARKET_PURCHASE)
    until = _reported_on(filing)
    purchases = [
        each
        for each in _events(filing, until - CLUSTER_WINDOW, until)
        if each.row.code == OPEN_MARKET_PURCHASE
    ]
    insiders = len({each.insider for each in purchases})
    notes = (f"{insiders} insiders bought; those who report together count as one",)
    if insiders >= CLUSTER_INSIDERS:
        return Computed(True, _window_confidence(purchases), _passages(filing, purchases), notes)
    _refuse_incomplete(filing, until - CLUSTER_WINDOW)
    search = filing.searched((filing.main_text(),))
    return Computed(False, _window_confidence(purchases), (search, *_passages(filing, purchases)), notes)


def planned_sale(filing: FilingView) -> Computed:
    """That a form 144 announces a sale; what it says of it is in the notes."""
    main = filing.main_text()
    root = read_elements(main.source.text) if main.source.text.startswith("edgarSubmission") else None
    if root is None:
        return Computed(True, AS_TEXT, (main.opening(),))
    told = {
        each.name: each
        for each in root.descendants()
        if each.name
        in (
            "noOfUnitsSold",
            "aggregateMarketValue",
            "approxSaleDate",
            "relationshipToIssuer",
            "planAdoptionDate",
        )
    }
    notes = tuple(f"{name}: {each.value}" for name, each in told.items())
    passages = tuple(main.passage(each.value_start, each.value_end) for each in told.values())
    return Computed(True, _confidence(filing), passages or (main.opening(),), notes)


# One report


def _read(section: SectionText) -> OwnershipReport | None:
    return read_ownership_report(section.source.text)


def _report(filing: FilingView) -> OwnershipReport:
    report = filing.derive(_read, filing.main_text())
    if report is None:
        raise MissingOperandError(
            MissingReason.DOCUMENT_NOT_FOUND,
            "the report is not filed as XML, so its table cannot be read (before 30 June 2003)",
        )
    return report


def _traded(report: OwnershipReport, *codes: str) -> list[Transaction]:
    rows = [row for row in report.transactions if not row.derivative and row.code in codes]
    if not rows:
        raise MissingOperandError(
            MissingReason.NOT_STATED, f"Table I has no transaction of code {' or '.join(codes)}"
        )
    return rows


def _value(row: Transaction) -> Decimal:
    if row.shares is None or row.price is None:
        where = "only a footnote tells" if row.price_in_footnote else "a transaction does not tell"
        raise MissingOperandError(MissingReason.NOT_STATED, f"{where} its price or its shares")
    return EXACT.multiply(row.shares, row.price)


def _footnote_on_plan(report: OwnershipReport, row: Transaction) -> tuple[int, int] | None:
    span = report.footnote_of(row, _PLAN)
    return None if span is None or report.footnote_of(row, _NO_PLAN) == span else span


def _confidence(filing: FilingView) -> Decimal:
    return AMENDED if filing.content.identity.is_amendment else AS_XML


def _rows(filing: FilingView, rows: Sequence[Transaction]) -> tuple[TextEvidence, ...]:
    main = filing.main_text()
    return tuple(main.passage(*span) for row in rows for span in (row.code_span, row.amounts_span))[
        :MOST_PASSAGES
    ]


_ROLE = (
    r"chief executive(?: officer)?|\bCEO\b|chief financial(?: officer)?|\bCFO\b"
    r"|principal (?:executive|financial)(?: officer)?"
)
# What may follow the title of the company's own chief: "CEO Worldwide Stores" is a unit's.
_OWN_CHIEF = re.compile(
    rf"(?:{_ROLE})\s*(?:$|[).;*]|(?:[,&/+-]|and\b|\()\s*"
    r"(?:$|(?:the|co-?|interim|acting|exec\w*\.?|senior|sr\.?|of the company)?\s*"
    r"(?:president|pres\b|chair|director|dir\b|founder|secretary|sec\b|treasurer|treas|chief|principal"
    r"|c[eofat]o\b|evp|svp|vp\b|vice|v\.p|member|general counsel|trustee|manag)))",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(r"\b(?:former|retired|ex-|deputy|assistant|division|subsidiary)", re.IGNORECASE)
_SEE_REMARKS = re.compile(r"\bsee\b.*\bremarks?\b|\bremarks\b", re.IGNORECASE)


def _is_chief(owner: ReportingOwner, remarks: str) -> bool:
    title = remarks if _SEE_REMARKS.search(owner.officer_title) else owner.officer_title
    return owner.is_officer and bool(_OWN_CHIEF.search(title)) and not _NOT_NOW.search(title)


def _is_outside_director(owner: ReportingOwner) -> bool:
    return owner.is_director and not owner.is_officer


def _is_holder_only(owner: ReportingOwner) -> bool:
    return owner.is_ten_percent_owner and not owner.is_director and not owner.is_officer


_OWNERS: dict[str, tuple[str, Callable[[OwnershipReport], bool]]] = {
    "all": ("", lambda _: True),
    "ceo_cfo": (
        "a chief executive or finance officer of the issuer",
        lambda report: any(_is_chief(owner, report.remarks) for owner in report.owners),
    ),
    "director": (
        "a director who is no officer",
        lambda report: (
            any(map(_is_outside_director, report.owners))
            and not any(owner.is_officer for owner in report.owners)
        ),
    ),
    "ten_percent": (
        "a holder of ten percent who is neither officer nor director",
        lambda report: (
            any(map(_is_holder_only, report.owners))
            and not any(owner.is_officer or owner.is_director for owner in report.owners)
        ),
    ),
}


def _refuse_other_owners(report: OwnershipReport, owners: str) -> None:
    who, holds = _OWNERS[owners]
    if not holds(report):
        raise MissingOperandError(MissingReason.CONDITION_NOT_MET, f"no reporting person is {who}")


# The window


@dataclass(frozen=True, slots=True)
class _Event:
    """An open-market trade of one insider; those who report together are one."""

    insider: str
    row: Transaction
    filing: FilingView
    replaces: bool
    """Reported by an amendment that takes the place of an earlier report."""


def _reported_on(filing: FilingView) -> date:
    identity = filing.content.identity
    known = identity.filed_date or (identity.accepted_at.date() if identity.accepted_at else None)
    if known is None:
        raise MissingOperandError(MissingReason.PERIOD_UNCLEAR, "nothing tells the filing date")
    return known


def _of_insiders(filing: FilingView) -> bool:
    return filing.content.identity.form_type.removesuffix("/A") in ("4", "5")


def _refuse_incomplete(filing: FilingView, since: date) -> None:
    complete = filing.earlier_complete_since
    known = not filing.earlier or any(_of_insiders(each) for each in filing.earlier)
    if known and complete is not None and complete <= since + timedelta(days=1):
        return
    raise MissingOperandError(
        MissingReason.PRIOR_FILING_NOT_GIVEN,
        f"it needs all forms 4 and 5 on the issuer filed since {since + timedelta(days=1)} as earlier filings,"
        " and the day since which they are complete",
    )


def _events(filing: FilingView, after: date, until: date) -> list[_Event]:
    """Open-market trades on a day in (after, until], of this report and the earlier ones, oldest report first."""
    reports: list[tuple[FilingView, OwnershipReport]] = []
    own = (filing,) if _of_insiders(filing) else ()
    for each in (*sorted(filter(_of_insiders, filing.earlier), key=_when), *own):
        try:
            report = each.derive(_read, each.main_text())
        except MissingOperandError:
            report = None
        if report is not None:
            reports.append((each, report))
    insider_of = _joined([tuple(owner.cik or owner.name for owner in report.owners) for _, report in reports])
    kept: list[tuple[FilingView, OwnershipReport, bool]] = []
    for each, report in reports:
        amends = each.content.identity.is_amendment
        before = len(kept)
        if amends and report.transactions:
            kept = [known for known in kept if not _amends(report, known[1])]
        kept.append((each, report, amends and len(kept) < before))
    return [
        _Event(insider_of[report.owners[0].cik or report.owners[0].name], row, each, replaces)
        for each, report, replaces in kept
        if report.owners
        for row in report.transactions
        if not row.derivative and row.code in (OPEN_MARKET_PURCHASE, OPEN_MARKET_SALE)
        if row.day is not None and after < row.day <= until
    ]


def _when(filing: FilingView) -> tuple[float, str]:
    moment = accepted(filing.content.identity)
    return (moment.timestamp() if moment else 0.0, filing.content.identity.accession_number)


def _amends(amendment: OwnershipReport, original: OwnershipReport) -> bool:
    """The same persons' report on the same period (an amendment repeats the day of the earliest transaction)."""
    same_owners = {owner.cik for owner in amendment.owners} == {owner.cik for owner in original.owners}
    return same_owners and amendment.period is not None and amendment.period == original.period


def _joined(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """For each person the first known of those that reported together with them, directly or through others."""
    first: dict[str, str] = {}

    def root(person: str) -> str:
        while first.setdefault(person, person) != person:
            first[person] = first[first[person]]
            person = first[person]
        return person

    for group in groups:
        for person in group[1:]:
            one, other = sorted((root(group[0]), root(person)))
            first[other] = one
    return {person: root(person) for person in [each for group in groups for each in group]}


def _window_confidence(events: Sequence[_Event]) -> Decimal:
    return AMENDED if any(each.replaces for each in events) else AS_XML


def _passages(filing: FilingView, events: Sequence[_Event]) -> tuple[Evidence, ...]:
    newest = sorted(events, key=lambda each: (each.row.day or date.min, each.row.start), reverse=True)
    passages = []
    for each in newest[:MOST_PASSAGES]:
        passage = each.filing.main_text().passage(*each.row.amounts_span)
        passages.append(passage if each.filing is filing else each.filing.cited(passage))
    return tuple(passages)


FUNCTIONS = {
    "insider_net_purchase_value": net_purchase_value,
    "insider_discretionary_sale_value": discretionary_sale_value,
    "insider_sale_under_plan": sale_under_plan,
    "insider_sold_share_of_holding": sold_share_of_holding,
    "insider_late_report_days": late_report_days,
    "insider_exercise_and_sale": exercise_and_sale,
    "insider_gifted_shares": gifted_shares,
    "insider_initial_holding": initial_holding,
    "insider_net_purchase_ratio": net_purchase_ratio,
    "insider_cluster_buying": cluster_buying,
    "insider_planned_sale": planned_sale,
}
