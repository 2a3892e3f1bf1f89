"""The recorded mix: what is read, how often, and what is written meanwhile. It follows from its seed.

One thousand companies are asked for with Zipf's frequencies: the first one as often as the second and third together.
A company's newest filing is asked for more often than the ones before it. Every two seconds something is written about
a company drawn in the same way, so that writes hit what is read most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

COMPANIES = 1000
FILINGS_A_COMPANY = 4
"""Quarters 0 to 3: three quarterly reports and the annual one, which is the newest."""
ZIPF_EXPONENT = 1.0
NEWEST_SHARE = 0.7
"""Of the questions about a filing."""
WRITE_EVERY_SECONDS = 2.0
SCREENS = tuple(
    f"signals.signal_{number} > 1.{number % 10} AND signals.signal_{number + 15} < 0.{number % 9 + 1}"
    for number in range(35, 45)
)


class Method(StrEnum):
    """Methods of QueryService that the mix asks."""

    GET_SIGNALS = "GetSignals"
    GET_FILING = "GetFiling"
    GET_COMPANY_SUMMARY = "GetCompanySummary"
    LIST_FILINGS = "ListFilings"
    GET_ANALYSIS = "GetAnalysis"
    SCREEN_FILINGS = "ScreenFilings"


SHARES = {
    Method.GET_SIGNALS: 0.38,
    Method.GET_COMPANY_SUMMARY: 0.22,
    Method.GET_FILING: 0.15,
    Method.LIST_FILINGS: 0.12,
    Method.GET_ANALYSIS: 0.12,
    Method.SCREEN_FILINGS: 0.01,
}


class Write(StrEnum):
    """What is written, in turn."""

    NEXT_VERSION = "next version"
    ANALYSIS = "analysis"


@dataclass(frozen=True, slots=True)
class Question:
    """One read."""

    method: Method
    company: int
    """Of the made-up filings; not used by a screen."""
    quarter: int
    screen: int = 0


class RecordedMix:
    """Draws questions and writes."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        weights = 1 / np.arange(1, COMPANIES + 1) ** ZIPF_EXPONENT
        self._weights = weights / weights.sum()
        self._by_rank = self._draw.permutation(COMPANIES)
        self._methods = list(SHARES)
        self._method_weights = np.array(list(SHARES.values())) / sum(SHARES.values())

    def questions(self, count: int) -> list[Question]:
        """The next ones."""
        draw = self._draw
        methods = draw.choice(len(self._methods), count, p=self._method_weights)
        companies = self._by_rank[draw.choice(COMPANIES, count, p=self._weights)]
        newest = draw.random(count) < NEWEST_SHARE
        quarters = np.where(newest, FILINGS_A_COMPANY - 1, draw.integers(0, FILINGS_A_COMPANY - 1, count))
        screens = draw.integers(0, len(SCREENS), count)
        return [
            _question(self._methods[method], int(company), int(quarter), int(screen))
            for method, company, quarter, screen in zip(methods, companies, quarters, screens, strict=True)
        ]

    def companies_to_write(self) -> Iterator[tuple[Write, int]]:
        """What is written and about which company, without end."""
        kinds = list(Write)
        turn = 0
        while True:
            yield kinds[turn % len(kinds)], int(self._by_rank[self._draw.choice(COMPANIES, p=self._weights)])
            turn += 1


def every_question() -> list[Question]:
    """All there are, each once, the ones of the newest filings first."""
    asked = [Question(Method.SCREEN_FILINGS, 0, 0, screen) for screen in range(len(SCREENS))]
    for quarter in reversed(range(FILINGS_A_COMPANY)):
        for company in range(COMPANIES):
            asked += [Question(each, company, quarter) for each in (Method.GET_SIGNALS, Method.GET_FILING)]
            if quarter == FILINGS_A_COMPANY - 1:
                asked += [
                    Question(each, company, quarter)
                    for each in (Method.GET_COMPANY_SUMMARY, Method.LIST_FILINGS, Method.GET_ANALYSIS)
                ]
    return asked


def _question(method: Method, company: int, quarter: int, screen: int) -> Question:
    match method:
        case Method.SCREEN_FILINGS:
            return Question(method, 0, 0, screen)
        case Method.GET_COMPANY_SUMMARY | Method.LIST_FILINGS | Method.GET_ANALYSIS:
            # The analysis asked for is the newest filing's.
            return Question(method, company, FILINGS_A_COMPANY - 1)
        case _:
            return Question(method, company, quarter)
