"""Printed page numbers of made-up reports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.printed_pages import printed_pages


def report(pages: int, foot: str) -> str:
    return "\n".join(f"Words of page {page * 1000}.\n{foot.format(page)}" for page in range(1, pages + 1))


def test_a_page_is_the_text_between_two_feet() -> None:
    for foot in ("{}", "- {} -", "Quarry 2023 Form 10-K {}", "Page {}"):
        text = report(12, foot)
        pages = printed_pages(text)
        assert set(pages) == set(range(2, 13))
        start, end = pages[7]
        assert text[start:end].strip() == "Words of page 7000."


def test_numbers_in_tables_are_no_pages() -> None:
    noise = "\n".join(["2021 44", "Sales 17", "12", "Sales 9"] * 3)
    assert printed_pages(noise) == {}
    pages = printed_pages(report(12, "Quarry 2023 Form 10-K {}").replace("Words", f"{noise}\nWords"))
    assert set(pages) == set(range(2, 13))


@given(st.lists(st.sampled_from(["1", "2", "3", "40", "- 4 -", "Page 5", "text", "x 6", ""]), max_size=200))
def test_pages_lie_in_the_text_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    pages = printed_pages(text)
    spans = [pages[page] for page in sorted(pages)]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
