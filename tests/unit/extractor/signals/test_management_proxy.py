"""The rows of the management category over proxy statements, Part III and employees. All companies are made up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.signal_functions.employees import read_employees
from tests.unit.extractor.signals.made_filings import Paper, Tagged, filing, instance, quotes, value

PERSON = "ecd:IndividualAxis"
AXIS = "us-gaap:RelatedPartyTransactionsByRelatedPartyAxis"


def page(*lines: str | Sequence[Sequence[str]]) -> str:
    """A page with a paragraph for each text and a table for each list of rows."""
    body = ""
    for line in lines:
        if isinstance(line, str):
            body += f"<p>{line}</p>\n"
        else:
            rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in line)
            body += f"<table>{rows}</table>\n"
    return f"<html><body>{body}</body></html>"


def proxy(
    *lines: str | Sequence[Sequence[str]], facts: Sequence[Tagged] = (), form: str = "DEF 14A"
) -> FilingView:
    papers = [Paper(form, page(*lines), "proxy.htm")]
    if facts:
        papers.append(instance(*facts))
    return filing(form, *papers, filed="20240408", period="20240520")


def annual(
    business: str = "We quarry slate.",
    *,
    year: int = 2023,
    items: Sequence[tuple[str, Sequence[str | Sequence[Sequence[str]]]]] = (),
    facts: Sequence[Tagged] = (),
    exhibits: Sequence[Paper] = (),
    earlier: Sequence[FilingView] = (),
) -> FilingView:
    lines: list[str | Sequence[Sequence[str]]] = [
        "PART I",
        "Item 1. Business",
        business,
        "Item 1A. Risk Factors",
        "Slate breaks.",
    ]
    for heading, texts in items:
        lines += [heading, *texts]
    lines += ["SIGNATURES"]
    papers = [Paper("10-K", page(*lines), "annual.htm"), *exhibits]
    if facts:
        papers.append(instance(*facts))
    return filing(
        "10-K", *papers, filed=f"{year + 1}0220", period=f"{year}1231", number=year - 2000, earlier=earlier
    )


# Fees of the accountant

FEES = [
    ("", "2023", "2022"),
    ("Audit Fees (1)", "$ 800,000", "$ 700,000"),
    ("Audit-Related Fees", "50,000", "40,000"),
    ("Tax Fees", "100,000", "-"),
    ("All Other Fees", "50,000", "10,000"),
    ("Total", "$ 1,000,000", "$ 750,000"),
]


def test_fees_are_those_of_the_latest_years_column() -> None:
    view = proxy("Fees of the independent accountant", FEES)
    assert value(view, "audit_fees_total") == 1_000_000
    assert value(view, "non_audit_fee_ratio") == pytest.approx(0.15)
    assert "Audit Fees" in quotes(view, "audit_fees_total")


def test_the_latest_year_may_stand_in_the_last_column() -> None:
    swapped = [(label, before, now) for label, now, before in FEES]
    assert value(proxy("Fees", swapped), "audit_fees_total") == 1_000_000


def test_fees_in_thousands_are_scaled() -> None:
    rows = [
        ("(in thousands)", "2023", "2022"),
        ("Audit fees", "800", "700"),
        ("Tax fees", "200", "100"),
        ("Total", "1,000", "800"),
    ]
    assert value(proxy("Fees", rows), "audit_fees_total") == 1_000_000


def test_the_fees_of_item_14_are_read_too() -> None:
    view = annual(
        items=[
            ("PART III", ()),
            ("Item 14. Principal Accountant Fees and Services", ["Fees billed were:", FEES]),
        ]
    )
    assert value(view, "audit_fees_total") == 1_000_000
    assert value(view, "non_audit_fee_ratio") == pytest.approx(0.15)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([*FEES[:-1], ("Total", "$ 1,100,000", "$ 750,000")], id="the sum does not agree"),
        pytest.param([("", "Amount", "Amount"), *FEES[1:]], id="no years"),
        pytest.param([("Fees billed in 2022 and 2023",), *FEES[1:]], id="years in prose only"),
        pytest.param([("", "2019", "2018"), *FEES[1:]], id="years long past"),
        pytest.param(
            [
                ("", "2023", "2022"),
                ("Audit fees", "800", "700"),
                ("Tax fees", "20", "10"),
                ("Total", "820", "710"),
            ],
            id="in thousands without saying so",
        ),
        pytest.param(
            [("", "2023", "2022", "%"), *[(*row, "10") for row in FEES[1:]]], id="a column of another kind"
        ),
    ],
)
def test_a_table_of_fees_that_is_not_plain_gives_nothing(rows: Sequence[Sequence[str]]) -> None:
    view = proxy("Fees", rows)
    assert value(view, "audit_fees_total") == "NOT_STATED"
    assert value(view, "non_audit_fee_ratio") == "NOT_STATED"


def cells(*rows: Sequence[str]) -> list[list[str]]:
    """The table's cells each in a block of its own, as many documents put them."""
    return [[f"<div>{cell}</div>" for cell in row] for row in rows]


def test_fees_are_read_where_each_cell_stands_on_a_line() -> None:
    table = cells(
        ["", "2023", "2022"],
        ["Audit Fees (1)", "$", "900,000", "$", "700,000"],
        ["Audit-Related Fees", "50,000", "40,000"],
        ["Tax Fees", "30,000", "—"],
        ["All Other Fees", "20,000", "10,000"],
        ["Total", "$", "1,000,000", "$", "750,000"],
    )
    view = proxy("Fees", table, "27", "The Committee approved them.")
    assert value(view, "audit_fees_total") == 1_000_000
    assert value(view, "non_audit_fee_ratio") == pytest.approx(0.05)


def test_cells_of_an_uneven_table_are_not_told_apart() -> None:
    table = cells(
        ["", "2023", "2022"],
        ["Audit Fees", "900,000", "700,000"],
        ["Tax Fees", "30,000"],
        ["Total", "930,000", "700,000"],
    )
    assert value(proxy("Fees", table), "audit_fees_total") == "NOT_STATED"


def test_tables_of_two_firms_that_differ_give_nothing() -> None:
    other = [
        *FEES[:1],
        ("Audit fees", "$ 90,000", "$ 80,000"),
        ("Tax fees", "10,000", "1,000"),
        ("Total", "100,000", "81,000"),
    ]
    assert (
        value(proxy("Fees of one firm", FEES, "Fees of the other firm", other), "audit_fees_total")
        == "NOT_STATED"
    )


# Pay


def pay(element: str, amount: str, year: int = 2023, person: str = "") -> Tagged:
    members = ((PERSON, person),) if person else ()
    return Tagged(f"ecd:{element}", amount, "USD", f"{year}-01-01", f"{year}-12-31", members)


YEARS = [
    fact
    for year, total, paid, gained in (
        (2023, "1000000", "1500000", "150"),
        (2022, "900000", "600000", "120"),
        (2021, "800000", "700000", "110"),
        (2020, "700000", "500000", "90"),
    )
    for fact in (
        pay("PeoTotalCompAmt", total, year),
        pay("PeoActuallyPaidCompAmt", paid, year),
        pay("TotalShareholderRtnAmt", gained, year),
    )
]


def test_tagged_pay_of_the_latest_year_and_its_course() -> None:
    view = proxy("Pay versus performance", facts=YEARS)
    assert value(view, "ceo_total_pay") == 1_000_000
    assert value(view, "ceo_pay_actually_paid_gap") == pytest.approx(0.5)
    assert value(view, "pay_performance_alignment") == pytest.approx(2 / 3)


def test_the_pay_of_two_who_held_the_office_is_added() -> None:
    facts = [
        pay("PeoTotalCompAmt", "600000", person="q:FerrowMember"),
        pay("PeoTotalCompAmt", "300000", person="q:HaddelMember"),
        pay("PeoActuallyPaidCompAmt", "450000", person="q:FerrowMember"),
        pay("PeoActuallyPaidCompAmt", "450000", person="q:HaddelMember"),
    ]
    view = proxy("Pay versus performance", facts=facts)
    assert value(view, "ceo_total_pay") == 900_000
    assert value(view, "ceo_pay_actually_paid_gap") == pytest.approx(0)


def test_pay_of_different_persons_is_not_compared() -> None:
    facts = [
        pay("PeoTotalCompAmt", "600000", person="q:FerrowMember"),
        pay("PeoActuallyPaidCompAmt", "450000", person="q:HaddelMember"),
    ]
    assert value(proxy("Pay", facts=facts), "ceo_pay_actually_paid_gap") == "CONCEPT_NOT_REPORTED"


def test_pay_with_two_values_conflicts() -> None:
    facts = [pay("PeoTotalCompAmt", "600000"), pay("PeoTotalCompAmt", "700000")]
    assert value(proxy("Pay", facts=facts), "ceo_total_pay") == "CONFLICTING_FACTS"


def test_two_years_of_pay_show_no_course() -> None:
    assert value(proxy("Pay", facts=YEARS[:6]), "pay_performance_alignment") == "CONCEPT_NOT_REPORTED"


PAY_TABLE = [
    ("Name and Principal Position", "Year", "Salary", "Bonus", "Stock Awards", "Total"),
    ("Ada Ferrow, Chief Executive Officer", "2023", "$500,000", "-", "$700,000", "$1,200,000"),
    ("", "2022", "480,000", "20,000", "600,000", "1,100,000"),
    ("Noor Haddel, Chief Financial Officer", "2023", "400,000", "-", "300,000", "700,000"),
]


def test_pay_is_read_from_the_summary_table_when_its_row_adds_up() -> None:
    assert value(proxy("Summary Compensation Table", PAY_TABLE), "ceo_total_pay") == 1_200_000


def test_a_row_of_the_summary_table_that_does_not_add_up_gives_nothing() -> None:
    wrong = [PAY_TABLE[0], (*PAY_TABLE[1][:-1], "$1,300,000"), *PAY_TABLE[2:]]
    assert value(proxy("Summary Compensation Table", wrong), "ceo_total_pay") == "NOT_STATED"


def test_a_former_chief_executives_row_is_not_taken() -> None:
    former = [PAY_TABLE[0], ("Ada Ferrow, Former Chief Executive Officer", *PAY_TABLE[1][1:]), *PAY_TABLE[3:]]
    assert value(proxy("Summary Compensation Table", former), "ceo_total_pay") == "NOT_STATED"


@pytest.mark.parametrize(
    ("sentences", "ratio"),
    [
        (["The ratio of our CEO's pay to that of the median employee was 123 to 1."], 123),
        (["Based on this, our pay ratio for 2023 was 1,204.5:1."], 1204.5),
        (["Our pay ratio is 1:87, as estimated."], 87),
        (["The pay of our CEO was 54 times that of the median employee.", "Our pay ratio is 54 to 1."], 54),
        (
            [
                "The ratio to the median employee was 123 to 1.",
                "The supplemental pay ratio would be 90 to 1.",
            ],
            123,
        ),
        (["The ratio to the median employee was 123 to 1.", "Our pay ratio was 98 to 1."], "NOT_STATED"),
        (["The leverage ratio may not exceed 3 to 1."], "NOT_STATED"),
        (["We identified the median employee on 1 October."], "NOT_STATED"),
    ],
)
def test_the_pay_ratio(sentences: list[str], ratio: object) -> None:
    assert value(proxy(*sentences), "ceo_pay_ratio") == ratio


def test_a_report_without_item_11_tells_no_pay_ratio() -> None:
    assert value(annual(), "ceo_pay_ratio") == "SECTION_NOT_FOUND"


# The board


def test_the_boards_size_and_independence() -> None:
    view = proxy(
        "Our Board of Directors currently consists of nine directors.",
        "Eight of our nine directors are independent under the listing rules.",
    )
    assert value(view, "board_size") == 9
    assert value(view, "board_independence") == pytest.approx(8 / 9)


def test_directors_who_are_not_independent_may_be_named() -> None:
    view = proxy("Three of the five Directors, other than Mr. Haddel and Ms. Ferrow, are independent.")
    assert value(view, "board_size") == 5
    assert value(view, "board_independence") == pytest.approx(0.6)


@pytest.mark.parametrize(
    "sentence",
    [
        "The audit committee consists of three directors.",
        "Our Board has two members designated by the founder.",
        "Six of our nine directors have been asked whether they are independent of the founder.",
        "Our Board has three standing committees.",
        "Our Board has nine independent directors.",
        "Following the meeting, our Board will be composed of eight directors.",
        "The bylaws say that the Board shall consist of not fewer than three and not more than twelve directors.",
        "Three of the four members of the committee are independent.",
        "At least six of our nine directors must be independent.",
    ],
)
def test_numbers_that_are_not_of_the_whole_board_are_not_taken(sentence: str) -> None:
    view = proxy(sentence)
    assert value(view, "board_size") == "NOT_STATED"
    assert value(view, "board_independence") == "NOT_STATED"


def test_numbers_of_directors_that_differ_give_nothing() -> None:
    view = proxy("Our Board has nine directors.", "Our Board consists of ten members.", "Six of our nine directors are independent.",
                 "Seven of the ten directors are independent.")  # fmt: skip
    assert value(view, "board_size") == "NOT_STATED"
    assert value(view, "board_independence") == "NOT_STATED"


def test_the_mean_tenure_of_the_directors() -> None:
    view = proxy(
        "Our Board has three directors.",
        "Director since: 2014",
        "Director since 2020",
        "Director Since: May 2022",
    )
    assert value(view, "average_director_tenure") == pytest.approx((10 + 4 + 2) / 3)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Director since: 2014", "Director since 2020"], id="size unknown"),
        pytest.param(
            ["Our Board has five directors.", "Director since: 2014", "Director since 2020"], id="too few"
        ),
        pytest.param(["Our Board has two directors.", *["Director since: 2014"] * 3], id="too many"),
    ],
)
def test_the_tenure_of_too_few_or_too_many_directors_gives_nothing(lines: list[str]) -> None:
    assert value(proxy(*lines), "average_director_tenure") == "NOT_STATED"


GROUP = "All directors and executive officers as a group (9 persons) 1,204,000 4.1"
PAY_HEADING = "Summary Compensation Table"


@pytest.mark.parametrize(
    ("lines", "pledged"),
    [
        ([GROUP, "Mr. Haddel has pledged 90,000 shares of common stock as collateral for a loan."], True),
        ([GROUP, "None of the shares owned by directors or officers have been pledged."], False),
        ([GROUP], False),
        ([GROUP, "Pledged securities: see the notes of the lender."], "NOT_STATED"),
        (["None of the shares have been pledged."], "NOT_STATED"),
    ],
)
def test_pledged_shares(lines: list[str], pledged: object) -> None:
    assert value(proxy(*lines), "hedging_pledging") == pledged


@pytest.mark.parametrize(
    ("lines", "policy"),
    [
        (["We have adopted a clawback policy for all executive officers."], True),
        ([PAY_HEADING, "Pay is set each year."], False),
        ([PAY_HEADING, "We may adopt a clawback policy."], "NOT_STATED"),
        (["Please vote."], "NOT_STATED"),
    ],
)
def test_a_proxy_statements_recovery_policy(lines: list[str], policy: object) -> None:
    assert value(proxy(*lines), "clawback_policy") == policy


LIST = (
    "Item 15. Exhibits and Financial Statement Schedules",
    ["Exhibits", "97.1 Policy on recovery of pay awarded in error"],
)


def test_an_annual_reports_recovery_policy_is_its_exhibit_97() -> None:
    with_exhibit = annual(exhibits=[Paper("EX-97", page("Policy on recovery of pay"), "policy.htm")])
    assert value(with_exhibit, "clawback_policy") is True
    assert value(annual(items=[("PART IV", ()), LIST]), "clawback_policy") is True


def test_an_annual_report_before_the_rule_is_never_without_a_policy() -> None:
    assert value(annual(year=2020, items=[("PART IV", ()), LIST]), "clawback_policy") == "NOT_STATED"
    assert value(annual(), "clawback_policy") == "NOT_STATED"


@pytest.mark.parametrize(
    ("sentences", "one"),
    [
        (["Ms. Ferrow serves as Chair of the Board and Chief Executive Officer."], True),
        (["The roles of Chairman and Chief Executive Officer are currently separate."], False),
        (["Our Chairman is an independent director."], False),
        (["The Chairman opened the meeting."], "NOT_STATED"),
        (
            [
                "Ms. Ferrow serves as Chair of the Board and Chief Executive Officer.",
                "Our Chairman is an independent director.",
            ],
            "NOT_STATED",
        ),
    ],
)
def test_whether_the_chief_executive_chairs_the_board(sentences: list[str], one: object) -> None:
    assert value(proxy(*sentences), "ceo_chair_duality") == one
    part_three = [
        ("PART III", ()),
        ("Item 10. Directors, Executive Officers and Corporate Governance", sentences),
    ]
    assert value(annual(items=part_three), "ceo_chair_duality") == one


def test_a_report_without_item_10_does_not_tell_who_chairs() -> None:
    assert value(annual(), "ceo_chair_duality") == "SECTION_NOT_FOUND"


@pytest.mark.parametrize("form", ["PREC14A", "DEFC14A", "DFAN14A", "PRRN14A"])
def test_a_form_of_a_contest_says_that_the_meeting_is_contested(form: str) -> None:
    assert value(filing(form, Paper(form, "Vote the blue card.")), "contested_meeting") is True


def test_no_other_form_says_so() -> None:
    assert value(proxy("Please vote."), "contested_meeting") == "FORM_NOT_APPLICABLE"


# Employees

STATED = [
    ("At year end the Registrant had 2,602 employees (full-time equivalent).", 2_602, "full-time equivalent"),
    ("As of December 31, 2023, we had approximately 161,000 full-time equivalent employees.", 161_000, "full-time equivalent"),
    ("As of May 31, 2024, we employed 12 full-time and 3 part-time employees.", 15, ""),
    ("Slate Corp employed approximately 168,000 full-time associates and 116,000 part-time associates.", 284_000, ""),
    ("The Company and its subsidiaries have approximately 2.1 million associates worldwide.", 2_100_000, ""),
    ("We have twelve employees.", 12, ""),
    ("At December 31, 2023, the Company had a total of 54 employees, of whom 12 were officers.", 54, ""),
    ("We had a global workforce of 67,317 employees as of December 31, 2023.", 67_317, ""),
    ("Our more than 440,000 employees, as of December 31, 2023, serve customers.", 440_000, ""),
    ("We had 395 full-time employees and no part-time employees.", 395, ""),
    ("We employed 50,000 people in over 70 countries.", 50_000, ""),
    ("Our total workforce consisted of 730 employees.", 730, ""),
    ("As of December 31, 2023, we had 310 full-time employees.", 310, "full-time"),
    ("As of December 31, 2023, our employee headcount worldwide was 14,047.", 14_047, ""),
    ("As of December 31, 2023, Slate's total workforce was about 17,200 with 15% located outside of the U.S.", 17_200, ""),
    ("Our workforce level at December 31, 2023 was 15,700, including 1,800 in Canada.", 15_700, ""),
    ("Our company is a global community of about 11,600 employees dedicated to our values of honesty.", 11_600, ""),
    ("Stone is sold by our approximately 2.1 million associates around the world.", 2_100_000, ""),
]  # fmt: skip
NOT_STATED = [
    "We employed 142 full-time employees and independent contractors.",
    "The Company has eight employee-led resource groups.",
    "Slate Credit employed 90 people.",
    "Our customers have 5,000 employees.",
    "We employed 6,727 people in the U.S. and 300 in Mexico.",
    "Of these, we had 200 employees in research.",
    "We had 300 employees who are members of a union.",
    "Approximately 40% of our employees are women.",
    "The Stone segment had 900 employees.",
    "Haddel Ltd, our supplier, has 3,000 employees.",
    "A partner, Haddel Ltd, which had 45 employees, manages the quarry.",
    "In 2023 we hired 2,000 employees.",
    "Our predecessor had 700 employees.",
    "We had 45 part-time employees.",
    "We had 120 employees engaged in sales.",
    "We have no employees.",
    "If we grow as planned, we will have 500 employees.",
    "Our products were used by 10,000 people.",
    "We had 2,000 customers with 50 employees or more.",
    "The average age of our workforce was 42.",
    "Our workforce was 45% women.",
    "Our headcount was 500 lower than a year ago.",
    "Our workforce at December 31, 2023 was 3,500 in Canada.",
    "Our total workforce was 10,000, including 2,000 contractors.",
    "As of December 31, 2023, our workforce included 5,700 union members.",
    "Haddel's total workforce was 5,000.",
    "Haddel and its subsidiaries employed 5,000 people.",
    "As of December 31, 2023 and 2022, Slate's total workforce was 171,000 and 156,000.",
    "Stone is cut by our 300 employees in Ohio.",
]


@pytest.mark.parametrize(("sentence", "number", "kind"), STATED)
def test_a_sentence_that_tells_the_number_of_employees(sentence: str, number: int, kind: str) -> None:
    read = read_employees(sentence, ("slate",))
    assert read is not None
    assert read[:2] == (number, kind)


@pytest.mark.parametrize("sentence", NOT_STATED)
def test_a_sentence_that_tells_another_number(sentence: str) -> None:
    assert read_employees(sentence, ("slate",)) is None


def test_who_is_told_with_its_subsidiaries_is_the_registrant_when_nothing_tells_its_name() -> None:
    sentence = "At the end of 2023, Haddel and its subsidiaries employed about 10,000 full-time and part-time people."
    read = read_employees(sentence, ())
    assert read is not None
    assert read[:2] == (10_000, "")
    assert read_employees("Haddel employed 10,000 people.", ()) is None


def test_employees_against_revenue_and_the_year_before() -> None:
    before = annual("As of December 31, 2022, we had 400 employees.", year=2022)
    revenue = Tagged("us-gaap:Revenues", "50000000", "USD")
    view = annual("As of December 31, 2023, we had 500 employees.", facts=[revenue], earlier=[before])
    assert value(view, "employee_count") == 500
    assert value(view, "employee_growth") == pytest.approx(0.25)
    assert value(view, "revenue_per_employee") == pytest.approx(100_000)


def test_employees_that_are_not_told_or_told_twice_differently() -> None:
    assert value(annual(), "employee_count") == "NOT_STATED"
    assert value(annual(), "revenue_per_employee") == "NOT_STATED"
    assert value(annual("We had 500 employees. We employ 200 people."), "employee_count") == "NOT_STATED"


def test_growth_needs_the_year_before_and_one_kind_of_count() -> None:
    now = "As of December 31, 2023, we had 500 employees."
    assert value(annual(now), "employee_growth") == "PRIOR_FILING_NOT_GIVEN"
    before = annual("As of December 31, 2022, we had 400 full-time employees.", year=2022)
    assert value(annual(now, earlier=[before]), "employee_growth") == "NOT_COMPUTABLE"
    silent = annual(year=2022)
    assert value(annual(now, earlier=[silent]), "employee_growth") == "PRIOR_PERIOD_NOT_REPORTED"


# Related parties

REVENUE = Tagged("us-gaap:Revenues", "1000000", "USD")


def amount(
    value_: str, *members: tuple[str, str], element: str = "RelatedPartyTransactionAmountsOfTransaction"
) -> Tagged:
    return Tagged(f"us-gaap:{element}", value_, "USD", members=members)


@pytest.mark.parametrize(
    ("facts", "share"),
    [
        ([amount("50000")], 0.05),
        ([amount("50000"), amount("20000", (AXIS, "q:HaddelMember"))], 0.05),
        ([amount("30000", (AXIS, "q:FerrowMember")), amount("20000", (AXIS, "q:HaddelMember"))], 0.05),
        ([amount("80000", (AXIS, "us-gaap:RelatedPartyMember"), element="Revenues")], 0.08),
        ([amount("40000", element="RevenueFromRelatedParties")], 0.04),
        ([], "CONCEPT_NOT_REPORTED"),
        ([amount("40000", (AXIS, "q:HaddelMember"), element="Revenues")], "CONCEPT_NOT_REPORTED"),
        ([amount("50000"), amount("60000")], "CONFLICTING_FACTS"),
    ],
)
def test_related_party_amounts_over_revenue(facts: list[Tagged], share: object) -> None:
    found = value(annual(facts=[REVENUE, *facts]), "related_party_transactions")
    assert found == (pytest.approx(share) if isinstance(share, float) else share)
