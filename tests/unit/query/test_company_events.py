"""What a commit means to somebody who watches its company."""

from __future__ import annotations

from datetime import date

from tenkay_query.company_events import (
    Commit,
    CommitKind,
    Event,
    EventKind,
    Standing,
    events,
    previous_filing,
)


def filing(
    number: str,
    form: str = "10-K",
    end: date | None = date(2024, 12, 31),
    rating: str = "RATING_SOUND",
    flags: tuple[str, ...] = (),
    filed: date | None = None,
) -> Standing:
    return Standing(number, form, form.endswith("/A"), end, filed, rating, flags)


ANALYSED = Commit(CommitKind.ANALYSIS, "a", 1)


def happened(commit: Commit, found: Standing | None, *others: Standing) -> list[Event]:
    return list(events(commit, found, others))


def test_the_previous_filing_is_the_original_of_the_same_kind_with_the_next_earlier_period() -> None:
    others = [
        filing("older", end=date(2022, 12, 31)),
        filing("first", end=date(2023, 12, 31), filed=date(2024, 2, 1)),
        filing("again", "10-K405", end=date(2023, 12, 31), filed=date(2024, 2, 2)),
        filing("amended", "10-K/A", end=date(2023, 12, 31), filed=date(2024, 3, 1)),
        filing("quarter", "10-Q", end=date(2024, 9, 30)),
        filing("later", end=date(2025, 12, 31)),
        filing("same", end=date(2024, 12, 31)),
        filing("undated", end=None),
    ]
    found = previous_filing(filing("a"), others)
    assert found is not None
    assert found.accession_number == "again"
    assert previous_filing(filing("a", "10-Q", end=date(2024, 9, 30)), others[:4]) is None
    assert previous_filing(filing("a", end=None), others) is None


def test_a_first_version_is_a_new_filing_and_a_later_one_is_none() -> None:
    previous = filing("p", end=date(2023, 12, 31))
    new = happened(Commit(CommitKind.EXTRACTION, "a", 1), filing("a", rating=""), previous)
    assert [(each.kind, each.previous) for each in new] == [(EventKind.NEW_FILING, previous)]
    assert not happened(Commit(CommitKind.EXTRACTION, "a", 2), filing("a"), previous)


def test_a_rating_and_flags_that_differ_are_two_events() -> None:
    previous = filing("p", end=date(2023, 12, 31), rating="RATING_SOUND", flags=("late", "loss"))
    now = filing("a", rating="RATING_WEAK", flags=("going_concern", "loss"))
    rating, flags = happened(ANALYSED, now, previous)
    assert (rating.kind, rating.filing, rating.previous) == (EventKind.RATING_CHANGED, now, previous)
    assert (flags.kind, flags.appeared, flags.gone) == (
        EventKind.FLAGS_CHANGED,
        ("going_concern",),
        ("late",),
    )


def test_nothing_happens_where_nothing_differs_or_nothing_can_be_compared() -> None:
    previous = filing("p", end=date(2023, 12, 31), flags=("loss",))
    assert not happened(ANALYSED, filing("a", flags=("loss",)), previous)
    assert not happened(ANALYSED, filing("a"))
    assert not happened(ANALYSED, filing("a", flags=("x",)), filing("p", end=date(2023, 12, 31), rating=""))
    assert not happened(ANALYSED, None, previous)


def test_a_purge_is_told_whatever_is_left() -> None:
    (event,) = happened(Commit(CommitKind.PURGE, "a", 3), None)
    assert (event.kind, event.filing) == (EventKind.FILING_PURGED, None)
