"""Reads of filings, companies and screens, at any moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from tenkay.errors import FailedPrecondition, InvalidArgument, Reason
from tenkay_store.domain import filter as filters
from tenkay_store.domain.selections import FilingSelection, Page, Screen
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment, StoredAnalysis
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock
from tests.unit.store.filings import accession_number, analysis_to_commit, extraction, extraction_to_commit

FIRST = accession_number(1)


async def test_a_read_of_an_earlier_day_answers_as_it_did_then(store: AnalyticalStore, clock: Clock) -> None:
    old = extraction(FIRST, signals={"revenue": "1"})
    await store.commit(extraction_record(old))
    before_analysis = clock.now
    await store.commit(analysis_to_commit(old))
    then = clock.now
    new = extraction(FIRST, signals={"revenue": "2"})
    await store.commit(extraction_record(new))
    await store.commit(analysis_to_commit(new, score=60.0, rules_version="2"))

    async def seen(at: datetime) -> tuple[int, int | None, float | None]:
        moment = Moment(await store.sequence_at(at, store.head))
        stored = await store.filing(FIRST, moment)
        analysis = await store.analysis(FIRST, moment)
        page = await store.list_filings(FilingSelection(), moment, None, 10)
        return (
            stored.version if stored else 0,
            analysis.version if isinstance(analysis, StoredAnalysis) else None,
            page.summaries[0].score if page.summaries else None,
        )

    assert await seen(then) == (1, 1, 38.5)
    assert await seen(before_analysis) == (1, None, None)
    assert await seen(clock.now) == (2, 2, 60.0)
    assert await seen(before_analysis - timedelta(days=1)) == (0, None, None)


async def test_known_at_leaves_out_what_was_accepted_later_or_nobody_knows_when(
    store: AnalyticalStore,
) -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    accepted = [day, day + timedelta(days=1), None]
    for number, at in enumerate(accepted):
        await store.commit(extraction_to_commit(accession_number(number), accepted=at))
    page = await store.list_filings(FilingSelection(), Moment(store.head, known_at=day), None, 10)
    assert [summary.filing.accession_number for summary in page.summaries] == [accession_number(0)]
    assert await store.filing(accession_number(1), Moment(store.head, known_at=day)) is None
    assert await store.company(1999000001, Moment(store.head, known_at=day - timedelta(days=1))) is None


async def test_a_list_is_newest_first_with_unknown_days_last(store: AnalyticalStore) -> None:
    days = [date(2023, 5, 1), None, date(2024, 5, 1), date(2023, 5, 1), None]
    for number, day in enumerate(days):
        await store.commit(extraction_to_commit(accession_number(number), filed=day))
    moment = Moment(store.head)
    listed, after = [], None
    while True:
        page = await store.list_filings(FilingSelection(), moment, after, 2)
        listed += [summary.filing.accession_number for summary in page.summaries]
        after = page.next_position
        if after is None:
            break
    assert listed == [accession_number(number) for number in (2, 0, 3, 1, 4)]


async def test_pages_stay_at_the_first_ones_moment(store: AnalyticalStore) -> None:
    for number in range(6):
        await store.commit(extraction_to_commit(accession_number(number * 2)))
    moment = Moment(store.head)
    first = await store.list_filings(FilingSelection(), moment, None, 3)
    # What comes in between, and what becomes a newer version, does not shift or change the pages after.
    await store.commit(extraction_to_commit(accession_number(9)))
    await store.commit(extraction_to_commit(accession_number(8), code_version="2"))
    second = await store.list_filings(FilingSelection(), moment, first.next_position, 3)
    listed = [*first.summaries, *second.summaries]
    assert [summary.filing.accession_number for summary in listed] == [
        accession_number(number * 2) for number in range(6)
    ]
    assert {summary.version for summary in listed} == {1}
    assert second.next_position is None


async def test_a_list_takes_companies_forms_and_days(store: AnalyticalStore) -> None:
    for number, (cik, form, day) in enumerate(
        [
            (1, "10-K", date(2023, 1, 1)),
            (1, "10-Q", date(2023, 6, 1)),
            (2, "10-K", date(2023, 6, 2)),
            (1, "10-K", None),
        ]
    ):
        await store.commit(extraction_to_commit(accession_number(number), cik=cik, form_type=form, filed=day))

    async def listed(selection: FilingSelection) -> list[int]:
        page = await store.list_filings(selection, Moment(store.head), None, 10)
        return [int(summary.filing.accession_number[-6:]) for summary in page.summaries]

    assert await listed(FilingSelection(cik=1)) == [1, 0, 3]
    assert await listed(FilingSelection(forms=("10-K",))) == [2, 0, 3]
    assert await listed(FilingSelection(filed_from=date(2023, 6, 1))) == [2, 1]
    assert await listed(FilingSelection(filed_to=date(2023, 6, 1))) == [1, 0]
    assert await listed(FilingSelection(cik=2, forms=("10-Q",))) == []


async def test_a_company_is_summed_up_by_its_latest_full_filings(store: AnalyticalStore) -> None:
    whole = ("item_7", "item_8")
    filings: list[tuple[str, date, date, tuple[str, ...]]] = [
        ("10-K", date(2023, 2, 1), date(2022, 12, 31), whole),
        ("10-K", date(2024, 2, 1), date(2023, 12, 31), whole),
        ("10-K/A", date(2024, 3, 1), date(2023, 12, 31), whole),
        ("10-K/A", date(2024, 4, 1), date(2023, 12, 31), ("item_10",)),
        # A full amendment of the year before, filed last, does not come before the later year.
        ("10-K/A", date(2024, 5, 1), date(2022, 12, 31), whole),
        ("10-Q", date(2024, 5, 2), date(2024, 3, 31), ()),
        ("8-K", date(2024, 5, 3), date(2024, 5, 3), ()),
    ]
    for number, (form, filed, period, sections) in enumerate(filings):
        await store.commit(
            extraction_to_commit(
                accession_number(number),
                form_type=form,
                filed=filed,
                period_end=period,
                section_codes=sections,
                company_name=f"Name {number}",
            )
        )
    company = await store.company(1999000001, Moment(store.head))
    assert company is not None
    assert company.company_name == "Name 6"
    assert company.latest_annual is not None
    assert company.latest_annual.filing.accession_number == accession_number(2)
    assert company.latest_quarterly is not None
    assert company.latest_quarterly.filing.form_type == "10-Q"
    assert [summary.filing.accession_number[-1] for summary in company.recent] == ["6", "4", "3", "1", "0"]
    assert company.forms == (("10-K/A", 3), ("10-K", 2), ("10-Q", 1), ("8-K", 1))
    assert await store.company(7, Moment(store.head)) is None


async def test_a_company_without_periodic_filings_has_no_latest(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST, form_type="8-K"))
    company = await store.company(1999000001, Moment(store.head))
    assert company is not None
    assert (company.latest_annual, company.latest_quarterly, len(company.recent)) == (None, None, 1)


async def _screen(store: AnalyticalStore, text: str, currency: str = "") -> Page:
    expression = filters.parse(text)
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types), currency)
    return await store.screen_filings(screen, Moment(store.head), None, 50)


async def test_a_screen_shows_the_signals_it_names(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST))
    page = await _screen(store, "signals.current_ratio < 2 AND signals.interest_cover < 1 OR cik > 1")
    (summary,) = page.summaries
    assert [signal.id for signal in summary.signals] == ["current_ratio"]
    assert summary.signals[0].evidence == "[]"
    assert summary.signal_count == 3


async def test_amounts_in_two_currencies_are_not_compared_unless_one_is_named(store: AnalyticalStore) -> None:
    for number, currency in enumerate(["USD", "EUR"]):
        await store.commit(
            extraction_to_commit(
                accession_number(number), currency=currency, cik=number + 1, signals={"revenue": "5"}
            )
        )
    with pytest.raises(FailedPrecondition) as mixed:
        await _screen(store, "signals.revenue > 1")
    assert mixed.value.reason is Reason.CURRENCY_MISMATCH
    assert mixed.value.metadata["currencies"] == "EUR,USD"
    with pytest.raises(FailedPrecondition):
        await _screen(store, "NOT signals.revenue > 1 AND cik > 0")
    assert [s.filing.cik for s in (await _screen(store, "signals.revenue > 1", "EUR")).summaries] == [2]
    # Neither the comparison nor its negation holds for the other currency.
    assert [s.filing.cik for s in (await _screen(store, "NOT signals.revenue > 9", "EUR")).summaries] == [2]
    # Where the rest of the filter leaves one currency, nothing is mixed.
    assert [s.filing.cik for s in (await _screen(store, "signals.revenue > 1 AND cik = 1")).summaries] == [1]


@pytest.mark.parametrize("screened", [False, True], ids=["list", "screen"])
async def test_pages_read_while_others_commit_neither_repeat_nor_lose_a_filing(
    store: AnalyticalStore, screened: bool
) -> None:
    numbers = [accession_number(number) for number in range(24)]
    for position, number in enumerate(numbers):
        await store.commit(extraction_to_commit(number, filed=date(2024, 1, 1 + position % 5)))
    moment = Moment(store.head)
    ended = asyncio.Event()

    async def write() -> int:
        """New filings before, between and behind those of the pages, and new versions on other days."""
        written = 0
        while not ended.is_set():
            await store.commit(
                extraction_to_commit(accession_number(1000 + written), filed=date(2024, 1, 1 + written % 5))
            )
            moved = numbers[written * 7 % len(numbers)]
            await store.commit(
                extraction_to_commit(moved, filed=date(2024, 1, 6), code_version=f"moved {written}")
            )
            written += 1
            await asyncio.sleep(0)
        return written

    expression = filters.parse("signals.current_ratio > 0")
    assert expression is not None
    screen = Screen(filters.resolve(expression, store.signal_types))
    writing = asyncio.create_task(write())
    listed: list[str] = []
    after = None
    while True:
        await asyncio.sleep(0.005)
        page = (
            await store.screen_filings(screen, moment, after, 3)
            if screened
            else await store.list_filings(FilingSelection(), moment, after, 3)
        )
        listed += [summary.filing.accession_number for summary in page.summaries]
        assert {summary.version for summary in page.summaries} == {1}
        if (after := page.next_position) is None:
            break
    ended.set()
    assert await writing > 0
    assert sorted(listed) == numbers


async def test_text_in_a_filter_is_a_value_and_never_sql(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(FIRST, company_name="O'Neil; DROP TABLE filings"))
    quoted = {
        'company_name = "O\'Neil; DROP TABLE filings"': 1,
        "company_name = \"x' OR '1'='1\"": 0,
        'company_name = "x" OR company_name = "\'); DELETE FROM signals; --"': 0,
        'flags:"a\'] OR TRUE --"': 0,
    }
    for text, count in quoted.items():
        assert len((await _screen(store, text)).summaries) == count
    assert len((await _screen(store, "signals.current_ratio > 0")).summaries) == 1


@pytest.mark.parametrize("literal", ["nan", "NaN", "inf", "-Infinity", "1e999", "0x10", "1_000"])
async def test_what_is_no_finite_number_is_compared_with_nothing(
    store: AnalyticalStore, literal: str
) -> None:
    await store.commit(extraction_to_commit(FIRST))
    with pytest.raises(InvalidArgument) as refused:
        await _screen(store, f"signals.current_ratio > {literal}")
    assert refused.value.reason is Reason.FILTER_SYNTAX
