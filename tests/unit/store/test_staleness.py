"""The rules of staleness: a function of what is stored, whatever the order in which it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_store.domain.stale_marks import StaleMarks
from tenkay_store.domain.staleness import (
    COMPARABLE_PRIOR_DAYS,
    Past,
    StaleReason,
    Standing,
    accepted,
    base_form,
    is_comparable_prior,
    why_stale,
)

END = date(2023, 12, 31)
NUMBERS = ("a", "b", "c", "d")


def standing(
    number: str = "a",
    *,
    sequence: int = 1,
    cik: int | None = 1,
    form_type: str | None = "10-K",
    period_end: date | None = END,
    filed_date: date | None = date(2024, 2, 1),
    accepted_at: datetime | None = None,
    content_key: str | None = "k",
    earlier: dict[str, str] | None = None,
) -> Standing:
    return Standing(
        number,
        1,
        sequence,
        cik,
        form_type,
        (form_type or "").endswith("/A"),
        period_end,
        filed_date,
        accepted_at,
        content_key,
        {} if earlier is None else earlier,
    )


standings = st.lists(
    st.builds(
        standing,
        st.sampled_from(NUMBERS),
        cik=st.sampled_from((1, 1, 1, 2, None)),
        form_type=st.sampled_from(("10-K", "10-K405", "10-K/A", "10-Q", None)),
        period_end=st.sampled_from((END, date(2022, 12, 31), date(2021, 12, 31), None)),
        filed_date=st.sampled_from((date(2022, 2, 1), date(2023, 2, 1), date(2024, 2, 1), None)),
        content_key=st.sampled_from(("k", "l", None)),
        earlier=st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from(("k", "l")), max_size=3),
    ),
    unique_by=lambda each: each.accession_number,
    max_size=len(NUMBERS),
).map(lambda filings: [replace(each, sequence=place) for place, each in enumerate(filings, start=1)])


@given(standings, st.randoms(use_true_random=False))
def test_the_marks_are_those_of_what_is_stored_in_whatever_order_it_came(
    filings: list[Standing], random: object
) -> None:
    order = list(filings)
    random.shuffle(order)  # type: ignore[attr-defined]
    marks, sequences = StaleMarks(), count(100)
    found: dict[tuple[str, str], StaleReason] = {}
    for filing in order:
        marks.replace(None, filing)
        turns = [
            *marks.turns_by_its_inputs(filing, lambda _number: Past()),
            *marks.turns_by_it_as_input(filing.accession_number, [filing.cik], Past()),
        ]
        for turn in turns:
            marks.set(turn, next(sequences))
            pair = turn.filing.accession_number, turn.earlier_number
            assert turn.reason is not None
            assert pair not in found
            found[pair] = turn.reason
    by_number = {each.accession_number: each for each in filings}
    assert found == {
        (filing.accession_number, number): reason
        for filing in filings
        for number in NUMBERS
        if number != filing.accession_number
        and (reason := why_stale(filing, number, by_number.get(number), Past())) is not None
    }


@given(standings)
def test_filings_of_other_companies_or_unknown_ones_say_nothing(filings: list[Standing]) -> None:
    for filing in filings:
        for other in filings:
            if filing.cik is None or filing.cik != other.cik:
                assert why_stale(filing, other.accession_number, other, Past(frozenset({"k", "l"}))) is None
                assert not is_comparable_prior(filing, of_year_before=other)


@pytest.mark.parametrize("days", range(345, 386))
def test_a_year_before_is_fifty_two_or_three_weeks_or_a_few_days_more(days: int) -> None:
    prior = standing("b", period_end=END - timedelta(days=days), filed_date=date(2023, 2, 1))
    assert is_comparable_prior(standing(), of_year_before=prior) is (days in COMPARABLE_PRIOR_DAYS)


@pytest.mark.parametrize(
    ("form_type", "base"), [("10-K", "10-K"), ("10-K405/A", "10-K"), ("10-Q/A", "10-Q"), (None, "")]
)
def test_the_base_form_is_without_amendment_and_ticked_box(form_type: str | None, base: str) -> None:
    assert base_form(form_type) == base


def test_acceptance_that_is_not_known_is_the_end_of_the_filing_day() -> None:
    at = datetime(2024, 2, 1, 17, tzinfo=UTC)
    assert accepted(at, date(2024, 3, 1)) == at
    assert accepted(None, date(2024, 2, 1)) == datetime(2024, 2, 2, tzinfo=UTC)
    assert accepted(None, None) is None


def test_an_extraction_that_does_not_say_what_it_was_computed_from_is_never_stale() -> None:
    """As those are that were stored before extractions said so."""
    prior = standing("b", period_end=END - timedelta(days=365), filed_date=date(2023, 2, 1))
    filing = standing()
    assert why_stale(filing, "b", prior, Past()) is StaleReason.EARLIER_FILING_NOT_USED
    untold = Standing("a", 1, 1, 1, "10-K", False, END, date(2024, 2, 1), None, None, earlier=None)
    assert why_stale(untold, "b", prior, Past()) is None


@pytest.mark.parametrize(
    ("used", "stored", "past", "reason"),
    [
        ("k", "k", Past(frozenset({"k"})), None),
        ("k", "l", Past(frozenset({"k"})), StaleReason.EARLIER_FILING_CHANGED),
        ("k", "l", Past(frozenset({"m"})), None),
        ("k", "l", Past(purged_at=5, purged_cik=1), StaleReason.EARLIER_FILING_CHANGED),
        ("k", "l", Past(purged_at=2, purged_cik=1), None),
        ("k", "k", Past(purged_at=5, purged_cik=1), None),
        ("k", None, Past(frozenset({"k"})), None),
    ],
)
def test_a_content_is_replaced_when_a_version_or_a_purge_took_it_away(
    used: str, stored: str | None, past: Past, reason: StaleReason | None
) -> None:
    filing = standing(sequence=3, earlier={"b": used})
    assert why_stale(filing, "b", standing("b", content_key=stored), past) is reason
