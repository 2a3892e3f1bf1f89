"""Filings to fill a store with: as many as asked for, the same ones each time, in the order they are asked for.

A filing has 125 signals with values and 30 gaps, as a large company's 10-K has; its company files one 10-K and three
10-Qs a year. Numbers are drawn, not measured: they serve to fill tables, not to mean anything.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tenkay_store.domain.records import Extraction, Filing, MissingSignal, Signal, Value, ValueKind
from tenkay_store.wire import reports

SIGNALS_A_FILING = 125
GAPS_A_FILING = 30
FIRST_DAY = date(2005, 1, 3)
_AMOUNTS, _RATIOS, _FLAGS, _COUNTS = 30, 65, 25, 5
_EVIDENCE = (
    '[{"fact":{"concept":"%s","element":"us-gaap:%s","document":"made-up-20231231.htm","fact_id":"f-%d",'
    '"context_id":"c-%d","start":"2023-01-01","end":"2023-12-31","unit":"USD","decimals":-6,"value":"%s"}}]'
)
_SECTORS = (1311, 2834, 3571, 3674, 4911, 5411, 6021, 6311, 6798, 7372)


def by_date(filings: int, companies: int = 4000) -> Iterator[Extraction]:
    """Filings as they arrive: one company after the other within a quarter, one quarter after the other."""
    for number in range(filings):
        yield filing(number % companies, number // companies)


def by_company(filings: int, companies: int = 4000) -> Iterator[Extraction]:
    """The same filings, company by company, as a back-fill brings them."""
    quarters = -(-filings // companies)
    for number in range(filings):
        company, quarter = divmod(number, quarters)
        if company >= companies:
            return
        yield filing(company, quarter)


def filed_on(company: int, quarter: int) -> date:
    """The day a company files its report on a quarter."""
    return FIRST_DAY + timedelta(days=quarter * 91 + company % 90)


def accession_number(company: int, quarter: int) -> str:
    """The accession number of that report."""
    year = filed_on(company, quarter).year % 100
    return f"{1_900_000_000 + company:010d}-{year:02d}-{quarter % 1_000_000:06d}"


def filing(company: int, quarter: int, version: int = 1, *, evidence: bool = True) -> Extraction:
    """One filing: the company's report on a quarter since 2005."""
    draw = random.Random(f"{company} {quarter} {version}")  # noqa: S311 - not a secret
    annual = quarter % 4 == 3
    filed = filed_on(company, quarter)
    name = accession_number(company, quarter)
    signals = tuple(_signal(number, draw, evidence) for number in range(SIGNALS_A_FILING))
    body = Extraction(
        filing=Filing(
            accession_number=name,
            cik=1_900_000_000 + company,
            form_type="10-K" if annual else "10-Q",
            company_name=f"Made Up Company {company}",
            filed_date=filed,
            accepted_at=datetime(filed.year, filed.month, filed.day, 16, 30, tzinfo=UTC),
            period_end=filed - timedelta(days=40),
            sic_code=_SECTORS[company % len(_SECTORS)],
            items=(),
            primary_document="made-up.htm",
            source="FULL_SUBMISSION",
            is_amendment=False,
        ),
        sections=(),
        signals=signals,
        missing=tuple(
            MissingSignal(f"gap_{number}", "CONCEPT_NOT_REPORTED", f"gap {number} is not reported")
            for number in range(GAPS_A_FILING)
        ),
        texts=(),
        result_key=hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
        catalog_version="1",
        code_version="1",
        artifacts=(),
        fact_count=1000,
        size_bytes=40_000,
    )
    return replace(body, report=reports.of_record(body))


def _signal(number: int, draw: random.Random, evidence: bool) -> Signal:
    unit, currency = "ratio", ""
    if number < _AMOUNTS:
        digits = str(round(draw.lognormvariate(19, 2), -3)).partition(".")[0]
        value, unit, currency = Value(ValueKind.DECIMAL, digits, float(digits)), "USD", "USD"
    elif number < _AMOUNTS + _RATIOS:
        value = Value(ValueKind.DOUBLE, None, draw.gauss(1, 0.5))
    elif number < _AMOUNTS + _RATIOS + _FLAGS:
        value, unit = Value(ValueKind.BOOL, None, float(draw.random() < 0.05)), "flag"
    else:
        count = draw.randrange(1, 400)
        value, unit = Value(ValueKind.INT64, str(count), float(count)), "count"
    name = f"signal_{number}"
    proof = (
        _EVIDENCE % (name, name.title(), number, number, value.exact or value.number) if evidence else "[]"
    )
    return Signal(name, "FINANCIAL", value, unit, currency, 0.95, False, (), proof)
