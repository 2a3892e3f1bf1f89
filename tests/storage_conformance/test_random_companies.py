"""Random reports of companies: DuckDB's sums over twelve months are those of the reference, filing by filing."""

from __future__ import annotations

import os
import tempfile
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from tenkay.errors import TenkayError
from tenkay_store.domain import filter as filters
from tenkay_store.domain.company_screens import CompanyPeriod, CompanyScreen
from tenkay_store.domain.records import Dispute, Extraction
from tenkay_store.domain.selections import SeriesSelection, SeriesView
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tenkay_store.primary.duckdb_store import DuckDBStore
from tests.storage_conformance.reference_store import ReferenceStore
from tests.unit.store.conftest import Clock, options
from tests.unit.store.filings import accession_number, extraction_to_commit

SIGNALS = ("revenue", "operating_cash_flow", "total_assets", "net_margin", "interest_cover")
SCREENS = ("", "signals.revenue > 12", "NOT signals.operating_cash_flow > 12 OR signals.total_assets < 3")
QUARTER_ENDS = [
    date(2022, 3, 31), date(2022, 6, 30), date(2022, 9, 30), date(2022, 12, 31), date(2023, 3, 31), date(2023, 7, 1),
    date(2023, 9, 30), date(2023, 12, 30), date(2024, 3, 31), date(2024, 6, 30),
]  # fmt: skip


def reports(choice: Random) -> list[Extraction]:
    """Reports of two companies that mostly follow one another, and some that are not what they should be."""
    found: list[Extraction] = []
    for cik in (1, 2):
        for place, end in enumerate(QUARTER_ENDS):
            if choice.random() < 0.08:
                continue
            form = "10-K" if place % 4 == 3 else "10-Q"
            odd = choice.randrange(30)
            form = {1: "10-Q", 2: "10-K", 3: "10-QT", 4: f"{form}/A"}.get(odd, form)
            ends = end + timedelta(days=choice.choice((0, 0, 0, 0, 0, 0, 1, -3, 20)))
            values: dict[str, str | float | bool] = {
                "revenue": f"{choice.randint(-20, 40)}.{choice.randrange(10**6):06}",
                "operating_cash_flow": str(choice.randint(-20, 40)),
                "total_assets": str(choice.randint(1, 9)),
                "net_margin": 0.5,
            }
            if choice.random() < 0.06:
                del values[choice.choice(sorted(values))]
            sections = (("item_10",), ("item_7", "item_8"), ("part1_item1", "part1_item2"))
            found.append(
                extraction_to_commit(
                    accession_number(len(found)),
                    cik=cik,
                    form_type=form,
                    period_end=None if odd == 5 else ends,
                    filed=ends + timedelta(days=choice.randint(20, 60)),
                    currency="EUR" if odd == 6 else "USD",
                    signals=values,
                    section_codes=choice.choice(sections),
                )
            )
    choice.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(int(os.environ.get("TENKAY_TEST_COMPANIES", "8"))))
async def test_sums_are_those_of_the_reference(seed: int) -> None:
    """TENKAY_TEST_COMPANIES sets how many sets of reports there are."""
    choice = Random(seed)  # noqa: S311 - the same each time
    await _compare(reports(choice), choice.randrange(20))


async def _compare(committed: list[Extraction], disputed: int) -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="tenkay-companies-") as folder:
        ours, reference = DuckDBStore.open(options(Path(folder)), clock), ReferenceStore(clock)
        stores: tuple[AnalyticalStore, ...] = (ours, reference)
        try:
            for store in stores:
                for each in committed:
                    await store.commit(each)
                if disputed < len(committed):
                    number = committed[disputed].accession_number
                    try:
                        await store.dispute(
                            Dispute(number, None, "revenue", True, "OTHER", "somebody", "note")
                        )
                    except TenkayError:
                        assert not any(each.id == "revenue" for each in committed[disputed].signals)
            if "revenue" not in ours.signal_types:
                return
            for moment in (Moment(ours.head), Moment(max(1, ours.head // 2))):
                answers = [await _everything(store, moment) for store in stores]
                for found, expected in zip(*answers, strict=True):
                    assert found == expected
        finally:
            await ours.close()


async def _everything(store: AnalyticalStore, moment: Moment) -> list[object]:
    found: list[object] = []
    shown = tuple(each for each in SIGNALS if each in store.signal_types)
    for period in CompanyPeriod:
        for text in SCREENS:
            expression = filters.parse(text)
            try:
                resolved = None if expression is None else filters.resolve(expression, store.signal_types)
                screen = CompanyScreen(period, resolved, signal_ids=shown)
                found.append(await store.screen_companies(screen, moment, None, 10))
            except TenkayError as error:
                found.append((error.reason, error.metadata))
    views = [SeriesSelection(1, shown, view=view) for view in SeriesView]
    return [*found, *[await store.series(each, moment, None, 4) for each in views]]
