"""Items of made-up reports."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.audit_reports import find_audit_reports
from tenkay_extractor.item_schemes import FormFamily, form_family, header_items, item_scheme
from tenkay_extractor.sections import Section, find_sections

PROSE = "Quarry digs stone in three pits and sells it to builders in the north of the country. " * 20

ANNUAL = (
    ("I", "1", "Business"), ("I", "1A", "Risk Factors"), ("I", "1B", "Unresolved Staff Comments"),
    ("I", "2", "Properties"), ("I", "3", "Legal Proceedings"), ("I", "4", "Mine Safety Disclosures"),
    ("II", "5", "Market for Registrant's Common Equity"), ("II", "6", "[Reserved]"),
    ("II", "7", "Management's Discussion and Analysis of Financial Condition and Results of Operations"),
    ("II", "7A", "Quantitative and Qualitative Disclosures About Market Risk"),
    ("II", "8", "Financial Statements and Supplementary Data"),
    ("II", "9", "Changes in and Disagreements with Accountants"), ("II", "9A", "Controls and Procedures"),
    ("III", "10", "Directors, Executive Officers and Corporate Governance"), ("III", "11", "Executive Compensation"),
    ("IV", "15", "Exhibits and Financial Statement Schedules"),
)  # fmt: skip
QUARTERLY = (
    ("I", "1", "Financial Statements"), ("I", "2", "Management's Discussion and Analysis"),
    ("I", "3", "Quantitative and Qualitative Disclosures About Market Risk"), ("I", "4", "Controls and Procedures"),
    ("II", "1", "Legal Proceedings"), ("II", "1A", "Risk Factors"),
    ("II", "2", "Unregistered Sales of Equity Securities and Use of Proceeds"), ("II", "6", "Exhibits"),
)  # fmt: skip


def report(rows: tuple[tuple[str, str, str], ...], *, contents: bool = False, body: str = PROSE) -> str:
    lines = ["FORM 10-K", "Quarry & Sons Inc"]
    if contents:
        lines += [f"Item {number}. {title} {page}" for page, (_, number, title) in enumerate(rows, start=3)]
    part = ""
    for of_part, number, title in rows:
        if of_part != part:
            lines.append(f"PART {of_part}")
            part = of_part
        lines += [f"Item {number}. {title}", body.strip()]
    return "\n".join([*lines, "SIGNATURES", "Signed by the chief stonemason."])


def sections_of(
    text: str, family: FormFamily = FormFamily.ANNUAL, filed: date | None = date(2023, 3, 1)
) -> list[Section]:
    return list(find_sections(text, "q.htm", item_scheme(family, filed)))


def codes(found: list[Section]) -> list[str]:
    return [section.code for section in found]


@pytest.mark.parametrize("contents", [False, True])
def test_every_item_of_an_annual_report_is_found_behind_its_contents(contents: bool) -> None:
    text = report(ANNUAL, contents=contents)
    found = sections_of(text)
    assert codes(found) == [f"item_{number}" for _, number, _ in ANNUAL]
    for section, (part, number, title) in zip(found, ANNUAL, strict=True):
        assert text[section.start : section.end].startswith(f"Item {number}. {title}")
        assert section.title == f"Item {number}. {title}"
        assert section.part == part
        assert text[section.body_start : section.end].strip() == PROSE.strip()
        assert section.confidence > 0.9


def test_items_of_a_quarterly_report_are_keyed_by_part() -> None:
    found = sections_of(report(QUARTERLY, contents=True), FormFamily.QUARTERLY)
    assert codes(found) == [
        "part1_item1", "part1_item2", "part1_item3", "part1_item4",
        "part2_item1", "part2_item1A", "part2_item2", "part2_item6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "opening",
    [
        ["PART II"],
        ["45", "QUARRY & SONS", "Part II \u2013 Other Information", "Dollars in thousands"],
        ["PART II. OTHER INFORMATION", "The following have been left out:", "Defaults", "Mine Safety"],
    ],
)
def test_what_stands_between_the_next_parts_heading_and_its_first_item_is_of_no_item(
    opening: list[str],
) -> None:
    lines = report(QUARTERLY).split("\n")
    at = lines.index("PART II")
    text = "\n".join([*lines[:at], *opening, *lines[at + 1 :]])
    found = {section.code: section for section in sections_of(text, FormFamily.QUARTERLY)}
    controls, legal = found["part1_item4"], found["part2_item1"]
    body = text[controls.body_start : controls.end].strip()
    assert body.startswith(PROSE.strip())
    assert "part ii" not in body.lower()
    assert text[legal.body_start : legal.end].strip() == PROSE.strip()


def test_a_sentence_that_names_a_part_ends_no_item() -> None:
    lines = report(QUARTERLY).split("\n")
    at = lines.index("PART II")
    sentences = [
        "Part II of this report tells more.",
        "It tells of quarries and of the stone that is dug in them.",
    ]
    text = "\n".join([*lines[:at], *sentences, *lines[at:]])
    controls = next(
        section for section in sections_of(text, FormFamily.QUARTERLY) if section.code == "part1_item4"
    )
    assert text[: controls.end].endswith(sentences[-1])


def test_the_parts_of_a_quarterly_report_are_told_by_titles_alone() -> None:
    text = "\n".join(line for line in report(QUARTERLY).split("\n") if not line.startswith("PART"))
    assert codes(sections_of(text, FormFamily.QUARTERLY))[4:6] == ["part2_item1", "part2_item1A"]


def test_a_sentence_about_an_item_is_no_heading() -> None:
    references = (
        "Item 7 of this report discusses our results.",
        "Item 1A. \u201cRisk Factors\u201d of our annual report describes what may go wrong.",
        "Item 8, Financial Statements and Supplementary Data, in this Form 10-K holds the numbers.",
    )
    text = report(ANNUAL, body="\n".join([PROSE.strip(), *references, PROSE.strip()]))
    found = sections_of(text)
    assert codes(found) == [f"item_{number}" for _, number, _ in ANNUAL]
    assert all("chief stonemason" not in text[section.start : section.end] for section in found)


def test_running_page_heads_do_not_start_an_item_again() -> None:
    body = "\n".join(
        [PROSE.strip(), "Item 7. Management's Discussion and Analysis (Continued)", PROSE.strip()]
    )
    text = report(ANNUAL, body=body)
    found = {section.code: section for section in sections_of(text)}
    start = text.index("Item 7. Management's Discussion and Analysis of")
    assert found["item_7"].start == start


def test_combined_items_share_their_span() -> None:
    rows = (("I", "1 and 2", "Business and Properties"), *(row for row in ANNUAL if row[1] not in ("1", "2")))
    found = {
        section.code: section for section in sections_of(report(rows).replace("Item 1 and", "Items 1 and"))
    }
    assert (found["item_1"].start, found["item_1"].end) == (found["item_2"].start, found["item_2"].end)


def test_the_label_and_the_title_may_stand_in_blocks_of_their_own() -> None:
    text = report(ANNUAL).replace("Item 1A. Risk Factors", "Item 1A.\nRisk Factors")
    found = {section.code: section for section in sections_of(text)}
    assert found["item_1A"].title == "Item 1A. Risk Factors"
    assert text[found["item_1A"].body_start : found["item_1A"].end].strip() == PROSE.strip()


def test_an_index_of_pages_without_headings_gives_no_items() -> None:
    index = "\n".join(
        f"Item {number}. {title} {position}-{position + 9}"
        for position, (_, number, title) in enumerate(ANNUAL, 4)
    )
    found = sections_of(f"FORM 10-K\n{PROSE}\n{PROSE}\n{index}\n{PROSE}")
    assert "item_1" not in codes(found)


def test_an_index_tells_the_pages_on_which_items_stand_under_headings_of_their_own() -> None:
    pages = [
        f"{PROSE.strip()}\nAs told on this page, number {page * 7}.\nQuarry 2023 report {page}"
        for page in range(1, 31)
    ]
    pages[9] = f"Risks before us\nRisk Factors\n{pages[9]}"
    rows = [
        "Item 1. Business 2-5, 28", "Item 1A. Risk Factors 10-12", "Item 1B. Unresolved Staff Comments Not applicable",
        "Item 2. Properties 6", "Item 3. Legal Proceedings 13-14", "Item 4. Mine Safety Disclosures Not applicable",
        "Item 7. Management's Discussion and Analysis 15-20", "Item 8. Financial Statements 21-27",
    ]  # fmt: skip
    text = "\n".join(["FORM 10-K", *pages, "Cross reference index", *rows, "SIGNATURES", "x"])
    found = {section.code: section for section in sections_of(text)}
    assert set(found) == {"item_1", "item_1A", "item_1B", "item_2", "item_3", "item_4", "item_7", "item_8"}
    for code, first, last in (("item_1", 2, 5), ("item_2", 6, 6), ("item_7", 15, 20)):
        inside = text[found[code].start : found[code].end]
        assert [f"number {page * 7}." in inside for page in (first - 1, first, last, last + 1)] == [
            False,
            True,
            True,
            False,
        ]
    assert text[found["item_1A"].start :].startswith("Risk Factors\nQuarry")
    assert text[found["item_1B"].start : found["item_1B"].end] == rows[2]
    assert all(section.confidence <= 0.7 for section in found.values())


def test_titles_alone_are_headings_where_no_labels_are() -> None:
    text = "\n".join(["FORM 10-K", PROSE, "Risk Factors", PROSE, "Legal Proceedings", PROSE])
    found = sections_of(text)
    assert codes(found) == ["item_1A", "item_3"]
    assert all(section.confidence <= 0.6 for section in found)


def test_titles_in_a_table_of_contents_are_no_headings() -> None:
    text = "\n".join(
        ["FORM 10-K", "Risk Factors", "27", "Legal Proceedings", "36", PROSE, "Risk Factors", PROSE]
    )
    (found,) = sections_of(text)
    assert text[found.start : found.end] == f"Risk Factors\n{PROSE}"


FOREIGN = (
    ("I", "1", "Identity of Directors, Senior Management and Advisers"), ("I", "2", "Offer Statistics and Expected Timetable"),
    ("I", "3", "Key Information"), ("I", "4", "Information on the Company"), ("I", "4A", "Unresolved Staff Comments"),
    ("I", "5", "Operating and Financial Review and Prospects"), ("II", "15", "Controls and Procedures"),
    ("II", "16A", "Audit Committee Financial Expert"), ("II", "16G", "Corporate Governance"), ("II", "16K", "Cybersecurity"),
    ("III", "18", "Financial Statements"), ("III", "19", "Exhibits"),
)  # fmt: skip


@pytest.mark.parametrize(
    "heading", ["D. Risk Factors", "3.D. Risk Factors", "Risk Factors", "Item 3.D Risk Factors"]
)
def test_items_of_a_foreign_annual_report_are_found_with_the_risk_factors_inside_item_3(heading: str) -> None:
    text = report(FOREIGN, contents=True)
    inside = f"Key Information\n{PROSE.strip()}\n{heading}\n"
    text = text.replace("Key Information\n" + PROSE[:20], inside + PROSE[:20])
    found = {s.code: s for s in sections_of(text, FormFamily.FOREIGN_ANNUAL, date(2024, 4, 1))}
    assert [code for code in found if code != "item_3D"] == [f"item_{number}" for _, number, _ in FOREIGN]
    assert text[found["item_3D"].start :].startswith(heading)
    assert found["item_3D"].end == text.index("\nItem 4. Information", found["item_3"].start)


def test_statements_that_open_a_quarterly_report_without_a_label_are_its_first_item() -> None:
    text = report(QUARTERLY, contents=True).replace(
        "\nItem 1. Financial Statements\n", "\nCondensed Consolidated Balance Sheet\n"
    )
    found = sections_of(text, FormFamily.QUARTERLY)
    assert codes(found)[:2] == ["part1_item1", "part1_item2"]
    assert text[found[0].start : found[0].end].startswith("Condensed Consolidated Balance Sheet\nQuarry")
    assert found[0].confidence <= 0.7


def test_items_belong_to_their_time() -> None:
    assert item_scheme(FormFamily.ANNUAL, date(2022, 3, 1)).numbered("1C") == ()
    assert item_scheme(FormFamily.ANNUAL, date(2024, 3, 1)).numbered("1C")
    assert item_scheme(FormFamily.CURRENT, date(2003, 3, 1)).numbered("5.02") == ()
    assert item_scheme(FormFamily.CURRENT, date(2003, 3, 1)).numbered("5")


def test_items_of_current_reports_of_both_numberings_are_found() -> None:
    old = "FORM 8-K\nITEM 5. OTHER EVENTS.\nQuarry opened a fourth pit in the north.\nITEM 7. EXHIBITS\n(c) Press release\nSIGNATURE\nx"
    assert codes(sections_of(old, FormFamily.CURRENT, date(2001, 5, 1))) == ["item_5", "item_7"]
    new = (
        "FORM 8-K\nItem 2.02 Results of Operations and Financial Condition.\nQuarry sold more stone than ever before.\n"
        "Item 5.02(b) Departure of Directors.\nThe chief stonemason has left for the south.\n"
        "Item 9.01 Financial Statements and Exhibits.\n(d) Press release of today.\nSIGNATURES\nsigned"
    )
    found = sections_of(new, FormFamily.CURRENT, date(2021, 5, 1))
    assert codes(found) == ["item_2.02", "item_5.02", "item_9.01"]
    assert new[found[-1].start : found[-1].end].endswith("Press release of today.")


def test_a_list_of_items_before_a_current_report_is_not_the_report() -> None:
    listed = "Item 2.02 Results of Operations\nItem 9.01 Exhibits\nSIGNATURE\n"
    body = "Item 2.02 Results of Operations\nQuarry sold more stone than ever before in a quarter.\nItem 9.01 Exhibits\n(d) Press release of the first of May.\nSIGNATURE\nx"
    found = sections_of(f"FORM 8-K\n{listed}{body}", FormFamily.CURRENT, date(2021, 5, 1))
    assert [section.start > len(listed) for section in found] == [True, True]


def test_a_table_of_contents_of_a_current_report_that_lists_exhibits_is_not_the_report() -> None:
    listed = "TABLE OF CONTENTS\nItem 8.01 Other Events\nItem 9.01 Financial Statements and Exhibits\nEx-5.1 Opinion of the chief stonemason of Quarry & Sons\nTable of Contents\n"
    body = "Item 8.01 Other Events\nQuarry opened a fourth pit.\nItem 9.01 Financial Statements and Exhibits\n(d) Exhibits\n5.1 Opinion\nSIGNATURE\nx"
    found = sections_of(f"FORM 8-K\n{listed}{body}", FormFamily.CURRENT, date(2021, 5, 1))
    assert [section.start > len(listed) for section in found] == [True, True]


def test_header_captions_and_numbers_become_present_numbers() -> None:
    assert header_items(("Other events", "Financial statements and exhibits", "5", "2.02", "something else")) == (
        "8.01", "9.01", "2.02",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "family"),
    [
        ("10-K", FormFamily.ANNUAL), ("10-K405/A", FormFamily.ANNUAL), ("10-KT", FormFamily.ANNUAL),
        ("10KSB", FormFamily.SMALL_BUSINESS_ANNUAL), ("10-Q/A", FormFamily.QUARTERLY), ("8-K", FormFamily.CURRENT),
        ("20-F", FormFamily.FOREIGN_ANNUAL), ("S-8", None), ("", None),
    ],
)  # fmt: skip
def test_forms_have_families(form: str, family: FormFamily | None) -> None:
    assert form_family(form) is family


def test_an_audit_report_is_found_where_it_stands_and_not_in_the_index() -> None:
    text = "\n".join(
        [
            "Index to Financial Statements",
            "Report of Independent Registered Public Accounting Firm F-2",
            "Report of Independent Registered Public Accounting Firm",
            "We have audited the balance sheets of Quarry. In our opinion they are fair. " + PROSE,
            "Consolidated Balance Sheets",
            PROSE,
        ]
    )
    (found,) = find_audit_reports(text, "q.htm")
    assert text[found.start : found.end].startswith(
        "Report of Independent Registered Public Accounting Firm\nWe have"
    )
    assert "Consolidated Balance Sheets" not in text[found.start : found.end]


AUDITORS = "Report of Independent Registered Public Accounting Firm"
OPENING = "To the Board of Directors and Stockholders of Quarry\nWe have audited the balance sheets. " + PROSE
MATTERS = "Critical Audit Matters\nThe critical audit matter communicated below arose from the audit."


def test_an_audit_report_goes_on_behind_a_running_head_and_under_its_repeated_heading() -> None:
    head = "ITEM 8. FINANCIAL STATEMENTS AND SUPPLEMENTARY DATA"
    text = "\n".join(
        ["PART II", head, AUDITORS, OPENING, PROSE, "QUARRY 2023 FORM 10-K 66", head, MATTERS, "67", AUDITORS, PROSE,
         "/s/ An Auditor LLP", head, "Consolidated Balance Sheets", PROSE]
    )  # fmt: skip
    (found,) = find_audit_reports(text, "q.htm")
    report = text[found.start : found.end]
    assert "communicated below" in report
    assert report.endswith("/s/ An Auditor LLP")


def test_an_audit_report_ends_at_an_item_and_at_the_next_report() -> None:
    text = "\n".join([AUDITORS, OPENING, PROSE, "Item 9. Changes in Accountants", PROSE])
    (found,) = find_audit_reports(text, "q.htm")
    assert "Item 9." not in text[found.start : found.end]
    text = "\n".join([AUDITORS, OPENING, PROSE, AUDITORS, OPENING, PROSE, "Item 9. Changes in Accountants"])
    assert len(find_audit_reports(text, "q.htm")) == 2


_LINES = st.sampled_from(
    ["Item 1. Business", "Item 1A. Risk Factors", "PART II", "Item 7. Management's Discussion", "SIGNATURES", PROSE, "12",
     "Item 2. Properties 14", "Item 1. Financial Statements", "Item 9A", "Items 1 and 2. Business and Properties"]
)  # fmt: skip


@given(st.lists(_LINES, max_size=40), st.sampled_from(list(FormFamily)))
def test_sections_always_lie_inside_the_text_and_open_with_their_label(
    lines: list[str], family: FormFamily
) -> None:
    text = "\n".join(lines)
    for section in find_sections(text, "q.htm", item_scheme(family, None)):
        assert 0 <= section.start <= section.body_start <= section.end <= len(text)
        assert text[section.start : section.end]
        assert 0 < section.confidence <= 1
