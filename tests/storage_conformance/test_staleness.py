"""What is stale, since when, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tenkay_store.domain.records import CommitKind, Extraction, Purge
from tenkay_store.domain.selections import StaleEntry, StaleResult, StaleSelection
from tenkay_store.domain.staleness import StaleReason
from tenkay_store.domain.storage import AnalyticalStore
from tenkay_store.domain.stored import Moment, Staleness, StoredAnalysis
from tenkay_store.wire.commit_messages import extraction_record
from tests.unit.store.conftest import Clock
from tests.unit.store.filings import (
    accession_number,
    analysis_to_commit,
    content_key_of,
    extraction,
    extraction_to_commit,
)

NEWER, PRIOR, AMENDMENT = (accession_number(number) for number in (1, 2, 3))
ALL = StaleSelection()
NOT_USED, CHANGED, PURGED, SUPERSEDED = StaleReason


def newer(**given: object) -> Extraction:
    """The 10-K of 2023."""
    return extraction_to_commit(NEWER, **given)


def prior(**given: object) -> Extraction:
    """The 10-K of the year before."""
    year_before: dict[str, object] = {
        "period_end": date(2022, 12, 31),
        "filed": date(2023, 3, 1),
        "accepted": datetime(2023, 3, 1, 21, tzinfo=UTC),
    }
    return extraction_to_commit(PRIOR, **{**year_before, **given})


def computed_from_prior(code_version: str = "1", **given: object) -> Extraction:
    return newer(earlier={PRIOR: content_key_of(PRIOR, code_version)}, **given)


async def stale(store: AnalyticalStore, accession: str = NEWER, at: int | None = None) -> Staleness | None:
    """What both reads of a filing say of it."""
    moment = Moment(store.head if at is None else at)
    stored = await store.filing(accession, moment)
    signals = await store.signals(accession, moment)
    assert stored is not None
    assert signals is not None
    assert stored.stale == signals.stale
    return stored.stale


async def listed(store: AnalyticalStore, selection: StaleSelection = ALL) -> list[StaleEntry]:
    return list((await store.list_stale(selection, Moment(store.head), 0, 100)).entries)


async def test_a_prior_that_comes_in_late_makes_the_filing_of_the_year_after_stale(
    store: AnalyticalStore,
) -> None:
    await store.commit(newer())
    assert await stale(store) is None
    await store.commit(prior())
    assert await stale(store) == Staleness(NOT_USED, PRIOR, 3)
    assert await stale(store, PRIOR) is None
    (entry,) = await listed(store)
    assert (entry.filing.accession_number, entry.result, entry.version) == (NEWER, StaleResult.EXTRACTION, 1)
    assert entry.stale == Staleness(NOT_USED, PRIOR, 3)
    # It is told in the feed, as a change of the filing that is stale.
    told = (await store.changes(2, 10))[0]
    assert (told.sequence, told.kind, told.accession_number, told.cik) == (
        3,
        CommitKind.STALENESS,
        NEWER,
        1999000001,
    )
    # Before that it was not.
    assert await stale(store, at=1) is None
    # Computed again, with it: that ends it.
    await store.commit(computed_from_prior())
    assert await stale(store) is None
    assert await listed(store) == []
    assert await stale(store, at=3) == Staleness(NOT_USED, PRIOR, 3)


async def test_it_makes_no_difference_which_of_the_two_was_committed_first(store: AnalyticalStore) -> None:
    await store.commit(prior())
    await store.commit(newer())
    assert await stale(store) == Staleness(NOT_USED, PRIOR, 3)
    await store.commit(computed_from_prior())
    assert await stale(store) is None


@pytest.mark.parametrize(
    "other",
    [
        {"cik": 7},
        {"form_type": "10-Q"},
        {"form_type": "10-K/A"},
        {"period_end": date(2022, 6, 30)},
        {"period_end": None},
        {"accepted": datetime(2024, 3, 2, tzinfo=UTC)},
        {"accepted": None, "filed": None},
    ],
    ids=["company", "form", "amendment", "period", "period unknown", "accepted later", "acceptance unknown"],
)
async def test_only_the_filing_that_it_is_compared_with_makes_it_stale(
    store: AnalyticalStore, other: dict[str, object]
) -> None:
    await store.commit(newer())
    await store.commit(prior(**other))
    assert await stale(store) is None


async def test_the_comparable_prior_stays_the_original(store: AnalyticalStore) -> None:
    await store.commit(prior())
    await store.commit(computed_from_prior())
    whole = ("item_7", "item_8")
    amended = replace(
        prior(form_type="10-K/A", section_codes=whole, accepted=datetime(2023, 6, 1, tzinfo=UTC)).filing
    )
    body = prior(form_type="10-K/A", section_codes=whole)
    await store.commit(replace(body, filing=replace(amended, accession_number=AMENDMENT)))
    assert await listed(store) == []
    # An amendment is itself compared with the original of the year before.
    await store.commit(newer(form_type="10-K/A", code_version="2"))
    assert await stale(store) is not None


async def test_another_content_of_a_prior_makes_what_was_computed_from_it_stale(
    store: AnalyticalStore,
) -> None:
    await store.commit(prior())
    await store.commit(computed_from_prior())
    # A version of the prior with the same content (another catalog, say) says nothing of those computed from it.
    await store.commit(prior(signals={"revenue": "7"}))
    assert await stale(store) is None
    await store.commit(prior(code_version="2"))
    assert await stale(store) == Staleness(CHANGED, PRIOR, 5)
    await store.commit(computed_from_prior("2"))
    assert await stale(store) is None


async def test_what_was_computed_from_a_content_replaced_meanwhile_is_stale_from_its_commit_on(
    store: AnalyticalStore,
) -> None:
    await store.commit(prior())
    await store.commit(prior(code_version="2"))
    await store.commit(computed_from_prior())
    assert await stale(store) == Staleness(CHANGED, PRIOR, 4)


async def test_a_content_key_that_no_version_had_says_nothing(store: AnalyticalStore) -> None:
    await store.commit(prior())
    await store.commit(computed_from_prior("read with another listing"))
    assert await stale(store) is None
    await store.commit(newer(earlier={AMENDMENT: content_key_of(AMENDMENT), PRIOR: content_key_of(PRIOR)}))
    assert await stale(store) is None


async def test_a_purge_makes_what_was_computed_from_it_stale(store: AnalyticalStore) -> None:
    await store.commit(prior())
    await store.commit(computed_from_prior())
    await store.purge([Purge(PRIOR, "the data officer", "withdrawn")])
    assert await stale(store) == Staleness(PURGED, PRIOR, 4)
    await store.commit(prior())
    # It is there again, as it was.
    assert await stale(store) is None
    await store.purge([Purge(PRIOR, "the data officer", "withdrawn")])
    await store.commit(prior(code_version="2"))
    found = await stale(store)
    assert found is not None
    assert found.reason is CHANGED


async def test_what_was_purged_and_is_another_companys_now_stays_purged_for_its_former_one(
    store: AnalyticalStore,
) -> None:
    await store.commit(prior())
    await store.purge([Purge(PRIOR, "the data officer", "withdrawn")])
    await store.commit(prior(cik=7))
    await store.commit(computed_from_prior())
    found = await stale(store)
    assert found is not None
    assert found.reason is PURGED


async def test_a_purge_ends_what_was_only_stale_for_want_of_it(store: AnalyticalStore, clock: Clock) -> None:
    await store.commit(newer())
    await store.commit(prior())
    await store.purge([Purge(PRIOR, "the data officer", "withdrawn")])
    assert await stale(store) is None
    assert [change.kind for change in await store.changes(3, 10)] == [CommitKind.PURGE, CommitKind.STALENESS]
    # Nor was it, as recorded by now.
    assert await stale(store, at=await store.sequence_at(clock.now, store.head)) is None
    await store.commit(prior())
    await store.purge([Purge(NEWER, "the data officer", "withdrawn")])
    assert await listed(store) == []


async def test_of_several_marks_the_oldest_is_shown_until_all_are_gone(store: AnalyticalStore) -> None:
    other = accession_number(9)
    await store.commit(prior())
    await store.commit(newer(earlier={other: content_key_of(other)}))
    await store.commit(extraction_to_commit(other, form_type="8-K"))
    await store.commit(extraction_to_commit(other, form_type="8-K", code_version="2"))
    assert await stale(store) == Staleness(NOT_USED, PRIOR, 3)
    assert len(await listed(store)) == 1
    await store.purge([Purge(PRIOR, "the data officer", "withdrawn")])
    assert await stale(store) == Staleness(CHANGED, other, 6)


async def test_a_filing_that_leaves_its_company_leaves_its_marks_there(store: AnalyticalStore) -> None:
    await store.commit(newer())
    await store.commit(prior())
    assert await stale(store) is not None
    await store.commit(prior(cik=7))
    assert await stale(store) is None
    await store.commit(newer(cik=7))
    assert await stale(store) is not None


async def test_an_analysis_is_stale_when_its_extraction_is_not_the_newest(store: AnalyticalStore) -> None:
    first = extraction(NEWER)
    await store.commit(extraction_record(first))
    await store.commit(analysis_to_commit(first))

    async def found() -> Staleness | None:
        analysis = await store.analysis(NEWER, Moment(store.head))
        assert isinstance(analysis, StoredAnalysis)
        return analysis.stale

    assert await found() is None
    second = extraction(NEWER, code_version="2")
    await store.commit(extraction_record(second))
    assert await found() == Staleness(SUPERSEDED, "", 3)
    (entry,) = await listed(store, StaleSelection(result=StaleResult.ANALYSIS))
    assert (entry.filing.accession_number, entry.version, entry.stale) == (
        NEWER,
        1,
        Staleness(SUPERSEDED, "", 3),
    )
    assert await listed(store, StaleSelection(result=StaleResult.EXTRACTION)) == []
    # One made late from the older extraction is stale from its own commit on.
    await store.commit(analysis_to_commit(first, rules_version="2"))
    assert await found() == Staleness(SUPERSEDED, "", 4)
    await store.commit(analysis_to_commit(second))
    assert await found() is None
    assert await listed(store) == []
    # An analysis of a stale extraction is stale for what that is.
    await store.commit(prior())
    assert await found() == Staleness(NOT_USED, PRIOR, 7)


async def test_what_is_stale_is_listed_in_the_order_in_which_it_became_so(
    store: AnalyticalStore, clock: Clock
) -> None:
    ciks = (5, 3, 8, 1)
    for cik in ciks:
        await store.commit(extraction_to_commit(accession_number(1, cik), cik=cik))
    for cik in ciks:
        body = prior(cik=cik)
        await store.commit(
            replace(body, filing=replace(body.filing, accession_number=accession_number(2, cik)))
        )
    then, moment = clock.now, Moment(store.head)
    numbers, after = [], 0
    while True:
        page = await store.list_stale(StaleSelection(), moment, after, 3)
        numbers += [entry.filing.cik for entry in page.entries]
        if page.next_after is None:
            break
        after = page.next_after
        # What is committed between two pages changes neither.
        await store.commit(extraction_to_commit(accession_number(1, ciks[0]), cik=ciks[0], code_version="2"))
    assert tuple(numbers) == ciks
    assert [each.filing.cik for each in await listed(store, StaleSelection(cik=8))] == [8]
    early = Moment(moment.sequence, known_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert not (await store.list_stale(StaleSelection(), early, 0, 10)).entries
    # As it was answered then, though the first one has been computed again since.
    at = Moment(await store.sequence_at(then, store.head))
    assert len((await store.list_stale(StaleSelection(), at, 0, 10)).entries) == 4
