from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay.errors import Reason, TenkayError
from tenkay.stack.edgar_mirror import form_index
from tenkay_fetcher.form_index import IndexSelection, quarters, read_form_index
from tenkay_fetcher.submissions import Listing

ALL = IndexSelection(date(1993, 1, 1), date(2099, 12, 31))
HEADER = form_index([{"form": "", "company": "", "cik": 0, "date": "2024-01-01", "file": ""}]).rsplit(
    b"\n", 2
)[0]


def read(content: bytes, selection: IndexSelection = ALL) -> tuple[Listing, ...]:
    return read_form_index(io.BytesIO(content), selection)


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
names = st.lists(words, min_size=1, max_size=8).map(" ".join)
forms = st.sampled_from(["10-K", "10-K/A", "8-K", "SC 13D/A", "1-A POS", "QRTLYREPORT", "424B5"])
rows = st.builds(
    lambda form, company, cik, day, number: {
        "form": form,
        "company": company,
        "cik": cik,
        "date": day.isoformat(),
        "file": f"edgar/data/{cik}/0000000077-24-{number:06d}.txt",
    },
    forms,
    names,
    st.integers(1, 9_999_999_999),
    st.dates(date(1993, 1, 1), date(2030, 1, 1)),
    st.integers(0, 999_999),
)


@given(st.lists(rows, min_size=1, max_size=20))
def test_every_row_comes_back_as_it_was_printed(printed: list[dict[str, object]]) -> None:
    taken = read(form_index(printed))
    assert sorted(
        (row.form_type, row.company_name, row.cik, row.filed_date.isoformat(), row.accession_number)
        for row in taken
    ) == sorted(
        (row["form"], row["company"], row["cik"], row["date"], str(row["file"])[-24:-4]) for row in printed
    )
    assert [row.filed_date for row in taken] == sorted(row.filed_date for row in taken)
    assert all(row.accepted_at is None and row.period_end is None for row in taken)


def test_days_without_dashes_and_padded_lines_are_read_as_daily_indexes_have_them() -> None:
    line = (
        b"8-K         Made Up Co                                                    77          20200318    "
    )
    taken = read(HEADER + b"\n" + line + b"edgar/data/77/0000000077-20-000001.txt         \n")
    assert [(row.company_name, row.filed_date) for row in taken] == [("Made Up Co", date(2020, 3, 18))]


def test_lines_that_are_no_rows_are_left_out() -> None:
    good = b"8-K         Made Up Co  77  2020-03-18  edgar/data/77/0000000077-20-000001.txt"
    bad = (
        b"",
        b"            no form  77  2020-03-18  edgar/data/77/0000000077-20-000002.txt",
        b"8-K         no day  77  2020-02-31  edgar/data/77/0000000077-20-000003.txt",
        b"8-K         no file  77  2020-03-18",
        b"8-K         cut  77  2020-03-18  edgar/data/77/0000000077-20-0000",
        b"8-K         no cik  0  2020-03-18  edgar/data/0/0000000077-20-000005.txt",
        b"\xff\xfe\x00" * 2000,
    )
    assert len(read(b"\n".join([HEADER, *bad, good]))) == 1


def test_a_selection_takes_its_forms_and_days_only() -> None:
    printed = [
        {
            "form": form,
            "company": "A",
            "cik": 77,
            "date": f"2024-01-{day:02d}",
            "file": f"edgar/data/77/0000000077-24-{day:06d}.txt",
        }
        for form, day in (("10-K", 1), ("10-K", 2), ("10-K/A", 2), ("10-K", 3), ("8-K", 2))
    ]
    selection = IndexSelection(date(2024, 1, 2), date(2024, 1, 3), frozenset({"10-K"}))
    assert [row.filed_date.day for row in read(form_index(printed), selection)] == [2, 3]


def test_an_empty_index_has_no_rows() -> None:
    assert read(HEADER + b"\n") == ()


@pytest.mark.parametrize("content", [b"", b"<html>\n" * 100, b"Form Type   Company Name\nno rule\n"])
def test_what_is_no_index_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(TenkayError, match="form index") as failed:
        read(content)
    assert failed.value.reason is Reason.EDGAR_UNAVAILABLE


@given(st.binary(max_size=500))
def test_any_bytes_below_a_header_are_read(tail: bytes) -> None:
    read(HEADER + b"\n" + tail)


def test_quarters_run_over_years() -> None:
    assert list(quarters(date(2023, 12, 31), date(2024, 4, 1))) == [(2023, 4), (2024, 1), (2024, 2)]
    assert list(quarters(date(2024, 5, 1), date(2024, 5, 1))) == [(2024, 2)]
