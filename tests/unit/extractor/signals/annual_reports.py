"""Made-up reports of a quarry, fact by fact, as full submissions with EDGAR's header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tenkay_extractor.catalog import Category
from tenkay_extractor.extraction import Blob, Extraction, Question, extract, read_filing
from tenkay_extractor.filing_view import FilingView

Members = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One fact. `when` is a day for a balance, (first day, last day) for a flow."""

    element: str
    value: str
    when: date | tuple[date, date]
    unit: str = "usd"
    members: Members = ()
    decimals: str = "4"


@dataclass(frozen=True, slots=True)
class Year:
    """A fiscal year that ends with December."""

    number: int

    @property
    def end(self) -> date:
        return date(self.number, 12, 31)

    @property
    def flow(self) -> tuple[date, date]:
        return date(self.number, 1, 1), self.end

    @property
    def before(self) -> Year:
        return Year(self.number - 1)


_UNITS = """
<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>
<xbrli:unit id="eur"><xbrli:measure>iso4217:EUR</xbrli:measure></xbrli:unit>
<xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit>
<xbrli:unit id="pure"><xbrli:measure>xbrli:pure</xbrli:measure></xbrli:unit>
<xbrli:unit id="eps"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unitNumerator>
<xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>
"""


def report(
    facts: Iterable[Told],
    *,
    form: str = "10-K",
    end: date = Year(2023).end,
    sic: int = 1400,
    filed: date | None = None,
) -> Blob:
    """The submission that tells these facts; its accession number says when it was filed."""
    filed = filed or end + timedelta(days=60)
    told = list(facts)
    contexts: dict[tuple[date | tuple[date, date], Members], str] = {}
    for fact in told:
        contexts.setdefault((fact.when, fact.members), f"c{len(contexts)}")
    cover = contexts.setdefault((end, ()), f"c{len(contexts)}")
    body = "".join(
        f'<p><ix:nonNumeric name="{name}" contextRef="{cover}">{value}</ix:nonNumeric></p>'
        for name, value in (("dei:DocumentType", form), ("dei:DocumentPeriodEndDate", end.isoformat()))
    )
    for fact in told:
        sign = ' sign="-"' if fact.value.startswith("-") else ""
        body += (
            f'<p><ix:nonFraction name="{fact.element}" contextRef="{contexts[fact.when, fact.members]}"'
            f' unitRef="{fact.unit}" decimals="{fact.decimals}"{sign}>{fact.value.lstrip("-")}</ix:nonFraction></p>'
        )
    resources = _UNITS + "".join(_context(name, *told_of) for told_of, name in contexts.items())
    accession = accession_number(filed)
    text = f"""<SEC-DOCUMENT>{accession}.txt : {filed:%Y%m%d}
<SEC-HEADER>{accession}.hdr.sgml : {filed:%Y%m%d}
<ACCEPTANCE-DATETIME>{filed:%Y%m%d}120000
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t{form}
PUBLIC DOCUMENT COUNT:\t\t1
CONFORMED PERIOD OF REPORT:\t{end:%Y%m%d}
FILED AS OF DATE:\t\t{filed:%Y%m%d}

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tQUARRY CORP
\t\tCENTRAL INDEX KEY:\t\t\t0009999999
\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tMADE UP [{sic}]
</SEC-HEADER>
<DOCUMENT>
<TYPE>{form}
<SEQUENCE>1
<FILENAME>quarry.htm
<TEXT>
<XBRL>
<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"
 xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:xbrldi="http://xbrl.org/2006/xbrldi"
 xmlns:us-gaap="http://fasb.org/us-gaap/2023" xmlns:srt="http://fasb.org/srt/2023"
 xmlns:country="http://xbrl.sec.gov/country/2023" xmlns:dei="http://xbrl.sec.gov/dei/2023"
 xmlns:iso4217="http://www.xbrl.org/2003/iso4217" xmlns:q="http://quarry.example/2023">
<head><title/></head><body><div style="display:none"><ix:header><ix:resources>{resources}</ix:resources></ix:header></div>
{body}</body></html>
</XBRL>
</TEXT>
</DOCUMENT>
</SEC-DOCUMENT>
"""
    return Blob(text.encode(), "submission.txt")


def accession_number(filed: date) -> str:
    """Of the report filed on this day."""
    return f"0009999999-{filed:%y}-{filed:%m%d}00"


def financial(blob: Blob, *earlier: FilingView) -> Extraction:
    """The financial signals of a report."""
    question = Question(frozenset({Category.FINANCIAL, Category.RISK}), earlier=earlier)
    return extract([blob], question=question)


def view(blob: Blob, *earlier: FilingView) -> FilingView:
    """The report as rows see it, and as it is given as an earlier one."""
    return read_filing([blob], question=Question(earlier=earlier))


def _context(name: str, when: date | tuple[date, date], members: Sequence[tuple[str, str]]) -> str:
    segment = "".join(
        f'<xbrldi:explicitMember dimension="{axis}">{member}</xbrldi:explicitMember>'
        for axis, member in members
    )
    segment = f"<xbrli:segment>{segment}</xbrli:segment>" if segment else ""
    period = (
        f"<xbrli:startDate>{when[0]}</xbrli:startDate><xbrli:endDate>{when[1]}</xbrli:endDate>"
        if isinstance(when, tuple)
        else f"<xbrli:instant>{when}</xbrli:instant>"
    )
    return (
        f'<xbrli:context id="{name}"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999'
        f"</xbrli:identifier>{segment}</xbrli:entity><xbrli:period>{period}</xbrli:period></xbrli:context>"
    )
