"""Series: a point a filing, each period as first reported, or as last."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tenkay_store.domain.selections import Series, SeriesSelection, SeriesView
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment
from tests.unit.store.filings import accession_number, extraction_to_commit

CIK = 1999000001
WHOLE = ("item_7", "item_8")
FILINGS = [
    ("10-K", date(2022, 12, 31), date(2023, 2, 1), "1", ()),
    ("10-K", date(2023, 12, 31), date(2024, 2, 1), "2", ()),
    ("10-K/A", date(2023, 12, 31), date(2024, 3, 1), "3", WHOLE),
    ("10-K/A", date(2023, 12, 31), date(2024, 4, 1), "4", ("item_10",)),
    # The same report sent in once more.
    ("10-K", date(2022, 12, 31), date(2023, 2, 9), "5", ()),
    ("10-Q", date(2023, 12, 31), date(2024, 2, 2), "6", ()),
    ("8-K", date(2023, 12, 31), date(2024, 1, 2), "7", ()),
    ("8-K", date(2023, 12, 31), date(2024, 1, 3), "8", ()),
    ("8-K/A", date(2023, 12, 31), date(2024, 1, 4), "9", WHOLE),
    ("10-K", None, date(2021, 1, 4), "10", ()),
]


async def commit(store: AnalyticalStore) -> None:
    for count, (form, period, filed, revenue, sections) in enumerate(FILINGS):
        await store.commit(
            extraction_to_commit(
                accession_number(count),
                form_type=form,
                period_end=period,
                filed=filed,
                accepted=datetime(filed.year, filed.month, filed.day, tzinfo=UTC),
                signals={"revenue": revenue},
                section_codes=sections,
            )
        )


async def series(
    store: AnalyticalStore,
    view: SeriesView,
    *,
    forms: tuple[str, ...] = (),
    known_at: datetime | None = None,
    limit: int = 100,
) -> list[str | None]:
    selection = SeriesSelection(CIK, ("revenue",), forms, view=view)
    moment, after, found = Moment(store.head, known_at), None, []
    while True:
        page = await store.series(selection, moment, after, limit)
        assert isinstance(page, Series)
        assert len(page.points) <= limit
        found += [point.signals[0].value.exact for point in page.points]
        if (after := page.next_position) is None:
            return found


async def test_every_filing_is_a_point_the_newest_period_first(store: AnalyticalStore) -> None:
    await commit(store)
    in_order = ["4", "3", "6", "2", "9", "8", "7", "5", "1", "10"]
    assert await series(store, SeriesView.EVERY_FILING) == in_order
    for limit in (1, 2, 3, 10):
        assert await series(store, SeriesView.EVERY_FILING, limit=limit) == in_order


async def test_point_in_time_is_what_the_first_original_reported(store: AnalyticalStore) -> None:
    await commit(store)
    assert await series(store, SeriesView.POINT_IN_TIME) == ["6", "2", "8", "7", "1", "10"]
    assert await series(store, SeriesView.POINT_IN_TIME, forms=("10-K",), limit=1) == ["2", "1", "10"]


async def test_restated_is_what_the_newest_full_filing_reports(store: AnalyticalStore) -> None:
    await commit(store)
    assert await series(store, SeriesView.RESTATED) == ["3", "6", "8", "7", "5", "10"]
    assert await series(store, SeriesView.RESTATED, forms=("10-K",), limit=2) == ["3", "5", "10"]


async def test_a_restatement_that_was_not_accepted_yet_changes_nothing(store: AnalyticalStore) -> None:
    await commit(store)
    then = datetime(2024, 2, 15, tzinfo=UTC)
    assert await series(store, SeriesView.RESTATED, forms=("10-K",), known_at=then) == ["2", "5", "10"]


async def test_the_comparable_prior_is_the_original_of_a_year_earlier(store: AnalyticalStore) -> None:
    await commit(store)
    asked = [accession_number(1), accession_number(0)]
    found = await store.signals_of(asked, Moment(store.head), with_comparable_prior=True)
    # Of two originals of that period the one accepted last.
    assert found[asked[0]].comparable_prior == accession_number(4)
    assert found[asked[1]].comparable_prior is None
    assert list(found) == [*asked, accession_number(4)]
    alone = await store.signals_of(
        [accession_number(2), accession_number(99)],
        Moment(store.head),
        with_comparable_prior=False,
    )
    assert list(alone) == [accession_number(2)]
    assert alone[accession_number(2)].comparable_prior is None


async def test_a_company_that_nothing_was_known_of_has_no_series(store: AnalyticalStore) -> None:
    await store.commit(extraction_to_commit(accession_number(99), cik=CIK + 1))
    before = store.head
    await commit(store)
    selection = SeriesSelection(CIK, ("revenue",))
    assert await store.series(selection, Moment(before), None, 10) is None
    earliest = datetime(2021, 1, 4, tzinfo=UTC)
    assert await store.series(selection, Moment(store.head, earliest - timedelta(days=1)), None, 10) is None
    known = await store.series(selection, Moment(store.head, earliest), None, 10)
    assert known is not None
    assert len(known.points) == 1
    # One that was there has a series, if nothing in it.
    nothing = await store.series(SeriesSelection(CIK, ("interest_cover",)), Moment(store.head), None, 10)
    assert nothing == Series((), None)
