"""What happened between the periodic reports: the contents of the current reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

TITLES = {
    "1.01": "Entry into a Material Definitive Agreement",
    "1.02": "Termination of a Material Definitive Agreement",
    "2.02": "Results of Operations and Financial Condition",
    "2.03": "Creation of a Direct Financial Obligation or an Obligation under an Off-Balance Sheet Arrangement of a "
    "Registrant",
    "2.04": "Triggering Events That Accelerate or Increase a Direct Financial Obligation or an Obligation under an "
    "Off-Balance Sheet Arrangement",
    "2.05": "Costs Associated with Exit or Disposal Activities",
    "2.06": "Material Impairments",
    "3.01": "Notice of Delisting or Failure to Satisfy a Continued Listing Rule or Standard; Transfer of Listing",
    "3.02": "Unregistered Sales of Equity Securities",
    "4.01": "Changes in Registrant’s Certifying Accountant",
    "5.02": "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers; "
    "Compensatory Arrangements of Certain Officers",
    "5.03": "Amendments to Articles of Incorporation or Bylaws; Change in Fiscal Year",
    "5.07": "Submission of Matters to a Vote of Security Holders",
    "7.01": "Regulation FD Disclosure",
    "8.01": "Other Events",
    "9.01": "Financial Statements and Exhibits",
}


@dataclass(frozen=True, slots=True)
class Exhibit:
    number: str
    description: str
    text: str = ""
    """In the small markup of `markup`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One current report. An item's text is in the small markup; 9.01 is written from the exhibits."""

    day: date
    items: tuple[tuple[str, str], ...]
    exhibits: tuple[Exhibit, ...] = ()
    results_of: int | None = None
    """Fiscal year whose results are announced; the release and Item 2.02 are written from the numbers."""
    filed_after: int = 2
    """Days between the event and the report."""


LARKFIELD_EVENTS = (
    Event(
        date(2022, 5, 11),
        (
            (
                "5.07",
                """At the annual meeting holders of 96 percent of the votes were present. The nine nominees were
                elected, the appointment of the auditor was ratified, and the compensation of the named executive
                officers was approved by an advisory vote.

A stockholder proposal to report on packaging received 21 percent of the votes cast and was not approved.""",
            ),
        ),
        filed_after=5,
    ),
    Event(date(2023, 2, 9), (), results_of=2022, filed_after=0),
    Event(
        date(2023, 8, 3),
        (
            (
                "5.02",
                """The board of directors increased its size to ten and elected Dr. Wilhelmina Strand, who headed a
                university’s institute of analytical chemistry until last year, as a director. She will receive the
                compensation of non-employee directors described in the proxy statement.""",
            ),
            (
                "7.01",
                """A press release about the election is furnished as Exhibit 99.1. The information in this Item
                7.01 is furnished and shall not be deemed filed.""",
            ),
        ),
        (
            Exhibit(
                "99.1",
                "Press release",
                """# Larkfield elects Dr. Wilhelmina Strand to its board

Larkfield Instruments announced today that Dr. Wilhelmina Strand has joined its board of directors.""",
            ),
        ),
    ),
    Event(date(2024, 2, 8), (), results_of=2023, filed_after=0),
    Event(
        date(2024, 3, 20),
        (
            (
                "8.01",
                """The board of directors authorized the repurchase of up to $300 million of Class A common stock.
                The authorization has no expiration date and replaces the one of 2021, of which $12 million had not
                been used.""",
            ),
        ),
        filed_after=1,
    ),
    Event(
        date(2024, 6, 14),
        (
            (
                "1.01",
                """Larkfield entered into a credit agreement with a group of banks that provides for revolving loans
                of up to $250 million until June 2029. It replaces an agreement that was about to mature. No loans
                were drawn at closing. Loans bear interest at a market rate plus 1.00 to 1.50 percent.""",
            ),
            (
                "2.03",
                """The information in Item 1.01 of this report is incorporated by reference into this Item 2.03.""",
            ),
        ),
        (
            Exhibit(
                "10.1",
                "Credit Agreement",
                "The parties agree to the terms that follow in the schedules hereto.",
            ),
        ),
        filed_after=4,
    ),
    Event(date(2025, 2, 6), (), results_of=2024, filed_after=0),
)

PELL_DUNMORE_EVENTS = (
    Event(date(2023, 3, 30), (), results_of=2022, filed_after=0),
    Event(
        date(2023, 6, 12),
        (
            (
                "4.01",
                """(a) On June 12, 2023 Hollis Crane LLP resigned as our independent registered public accounting
                firm. Its reports on the financial statements of the two most recent fiscal years contained no
                adverse opinion or disclaimer and were not qualified. There were no disagreements with it on any
                matter of accounting principles, disclosure or auditing scope.

(b) On June 14, 2023 the audit committee engaged Strickler & Bowne LLP for the fiscal year that ends on January 31,
                2024.""",
            ),
        ),
        (
            Exhibit(
                "16.1",
                "Letter of Hollis Crane LLP",
                """We have read Item 4.01 of the current report of Pell & Dunmore Outfitters, Inc. and agree with
                the statements that concern our firm.""",
            ),
        ),
        filed_after=3,
    ),
    Event(
        date(2023, 9, 18),
        (
            (
                "5.02",
                """On September 18, 2023 Walter Eidson resigned as Chief Financial Officer, effective immediately.
                His resignation was not because of a disagreement on accounting. The board of directors appointed
                Lucia Ferrante-Moss, our controller since 2019, as Chief Financial Officer.""",
            ),
        ),
        filed_after=4,
    ),
    Event(
        date(2023, 12, 5),
        (
            (
                "2.05",
                """The board of directors approved a plan to close fourteen stores by April 2024. We expect to pay
                about $6.5 million to landlords and associates, most of it in the fourth quarter.""",
            ),
            (
                "2.06",
                """In connection with this plan we concluded that goodwill of our store reporting unit is impaired.
                The amount is included in the results of the third and fourth quarters.""",
            ),
        ),
        filed_after=3,
    ),
    Event(date(2024, 4, 11), (), results_of=2023, filed_after=0),
    Event(
        date(2024, 5, 20),
        (
            (
                "3.01",
                """We received notice from the New York Stock Exchange that we no longer meet the continued listing
                standard which requires an average market capitalization and stockholders’ equity of at least $50
                million each. We have 45 days to submit a plan to regain compliance within eighteen months.""",
            ),
        ),
        filed_after=4,
    ),
    Event(
        date(2024, 11, 25),
        (
            (
                "1.01",
                """On November 27, 2024 we entered into a forbearance agreement with the lenders under our revolving
                credit facility. Until February 14, 2025 the lenders will not exercise their remedies on account of
                the default described in Item 2.04 below.""",
            ),
            (
                "2.04",
                """On November 25, 2024 we failed to maintain the minimum of excess availability required by our
                revolving credit facility. This is an event of default under the facility and, by its terms, under
                our term loan. Borrowings of about $130 million may be declared due at any time after the
                forbearance ends.""",
            ),
        ),
        (Exhibit("10.1", "Forbearance Agreement", "The lenders agree to forbear on the terms that follow."),),
    ),
    Event(date(2025, 4, 14), (), results_of=2024, filed_after=0),
)

CORVANE_EVENTS = (
    Event(
        date(2022, 11, 15),
        (
            (
                "1.01",
                """Corvane issued $45.0 million of convertible senior notes due 2028 under an indenture. The notes
                bear interest at 5.75 percent a year and are convertible at $14.10 per share.""",
            ),
            (
                "1.02",
                """With the proceeds Corvane repaid and terminated its credit agreement with two banks.""",
            ),
            ("2.03", """The information in Item 1.01 is incorporated by reference into this Item 2.03."""),
            (
                "3.02",
                """Corvane also sold 1.5 million shares of common stock to a holder of the notes in a private
                placement exempt from registration under Section 4(a)(2) of the Securities Act.""",
            ),
        ),
        (Exhibit("4.1", "Indenture", "This indenture provides for the issue of the notes described in it."),),
        filed_after=3,
    ),
    Event(date(2022, 11, 29), (), results_of=2022, filed_after=0),
    Event(
        date(2023, 2, 9),
        (
            (
                "5.02",
                """Corvane appointed Paul N. Abernathy as Chief Financial Officer effective March 1, 2023. He was
                the principal accounting officer of a maker of packaging machines and led the remediation of its
                controls. He succeeds Carla Montrose, who retired after eleven years.""",
            ),
        ),
        filed_after=4,
    ),
    Event(date(2023, 11, 28), (), results_of=2023, filed_after=0),
    Event(
        date(2024, 7, 9),
        (
            (
                "7.01",
                """Corvane announced that it will repay the remaining convertible notes in its fourth fiscal
                quarter. The press release is furnished as Exhibit 99.1.""",
            ),
            (
                "8.01",
                """On July 8, 2024 Corvane called $10.0 million of its convertible notes for repayment.""",
            ),
        ),
        (Exhibit("99.1", "Press release", "Corvane to repay its remaining convertible notes."),),
    ),
    Event(
        date(2024, 9, 10),
        (
            (
                "5.03",
                """The board of directors amended the bylaws to allow stockholders who own 15 percent of the common
                stock to call a special meeting.""",
            ),
        ),
        (
            Exhibit(
                "3.2",
                "Amended and Restated Bylaws",
                "Article I. Offices. The principal office is in Minnesota.",
            ),
        ),
        filed_after=3,
    ),
    Event(date(2024, 11, 26), (), results_of=2024, filed_after=0),
)
