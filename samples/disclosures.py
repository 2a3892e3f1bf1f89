"""The sentences that decide two flags, going concern and material weakness, by what is true at the time.

Each sentence is marked: `asserts` ones state the condition about the company itself and must be quoted by whoever reads
them; the others speak of it (a policy, a hypothesis, a customer, a condition that is over) and must not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from samples.companies import SampleCompany
from samples.fiscal_calendar import spoken


class Outlook(StrEnum):
    """What the report says about the company's ability to continue."""

    SOUND = "sound"
    ALLEVIATED = "alleviated"
    """Doubt was raised and management's plans removed it: no doubt is stated."""
    DOUBT = "doubt"


class Controls(StrEnum):
    """What the report says about internal control."""

    EFFECTIVE = "effective"
    WEAK = "weak"
    REMEDIATED = "remediated"
    """Effective again; the weakness of the year before is told as a thing of the past."""


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    asserts: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    outlook: Outlook
    controls: Controls


def standing(company: SampleCompany, label: int, quarter: int) -> Standing:
    """At the report for that quarter; quarter 4 is the annual report."""
    outlook, controls = Outlook.SOUND, Controls.EFFECTIVE
    if company.key == "pell_dunmore":
        if label == 2023 and quarter == 2:
            outlook = Outlook.ALLEVIATED
        elif (label, quarter) >= (2023, 3):
            outlook = Outlook.DOUBT
        if (label, quarter) >= (2023, 4):
            controls = Controls.WEAK
    elif company.key == "corvane":
        if (2022, 4) <= (label, quarter) <= (2023, 3):
            controls = Controls.WEAK
        elif (label, quarter) == (2023, 4):
            controls = Controls.REMEDIATED
    return Standing(outlook, controls)


def quotes(sentences: tuple[Sentence, ...]) -> tuple[str, ...]:
    return tuple(sentence.text for sentence in sentences if sentence.asserts)


def prose(sentences: tuple[Sentence, ...]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def going_concern_policy(company: SampleCompany) -> tuple[Sentence, ...]:
    """In the accounting policies of every report, whatever the outlook."""
    return (
        Sentence(
            "In preparing financial statements for each annual and interim period, management evaluates "
            "whether there are conditions or events, considered in the aggregate, that raise substantial "
            "doubt about the Company’s ability to continue as a going concern within one year after the "
            "date the statements are issued."
        ),
        Sentence(
            f"The accompanying statements of {company.short_name} have been prepared on a basis that "
            "contemplates the realization of assets and the satisfaction of liabilities in the normal "
            "course of business."
        ),
    )


def liquidity_note(outlook: Outlook, *, loss: str, used: str, revolver: str) -> tuple[Sentence, ...]:
    """The note on liquidity. `loss`, `used` and `revolver` are amounts as printed."""
    facts = Sentence(
        f"The Company incurred a net loss of {loss} and used {used} of cash in operating activities, and "
        f"had {revolver} outstanding under its revolving credit facility."
    )
    if outlook is Outlook.SOUND:
        return (
            Sentence(
                "Management concluded that no such conditions existed and that there was no substantial "
                "doubt about the Company’s ability to meet its obligations as they become due."
            ),
        )
    if outlook is Outlook.ALLEVIATED:
        return (
            facts,
            Sentence(
                "These conditions initially raised substantial doubt about the Company’s ability to "
                "continue as a going concern, which was alleviated by the amendment of the credit facility "
                "described below."
            ),
            Sentence(
                "The amendment waived the fixed charge coverage ratio through the first quarter of the "
                "next year."
            ),
        )
    return (
        facts,
        Sentence(
            "These conditions raise substantial doubt about the Company’s ability to continue as a going "
            "concern within one year after the date that these consolidated financial statements are "
            "issued.",
            asserts=True,
        ),
        Sentence(
            "Management’s plans include closing stores that lose money, selling owned real estate and "
            "seeking new financing, none of which is within the Company’s control."
        ),
        Sentence(
            "The consolidated financial statements do not include any adjustments to the carrying amounts "
            "and classification of assets and liabilities that might result from the outcome of this "
            "uncertainty."
        ),
    )


def auditor_on_going_concern(outlook: Outlook) -> tuple[Sentence, ...]:
    """The explanatory paragraph of the auditor's report; empty without doubt."""
    if outlook is not Outlook.DOUBT:
        return ()
    return (
        Sentence(
            "The accompanying consolidated financial statements have been prepared assuming that the "
            "Company will continue as a going concern."
        ),
        Sentence(
            "As discussed in Note 2 to the consolidated financial statements, the Company has suffered "
            "recurring losses from operations and has limited liquidity that raise substantial doubt about "
            "its ability to continue as a going concern.",
            asserts=True,
        ),
        Sentence("Management’s plans in regard to these matters are also described in Note 2."),
    )


def liquidity_discussion(outlook: Outlook) -> tuple[Sentence, ...]:
    """The part of management's discussion that speaks of the coming twelve months."""
    if outlook is Outlook.DOUBT:
        return (
            Sentence(
                "Our recurring losses, our negative cash flow from operations and the maturity of our "
                "revolving credit facility raise substantial doubt about our ability to continue as a "
                "going concern.",
                asserts=True,
            ),
            Sentence(
                "We cannot assure you that we will find additional financing on acceptable terms or at all."
            ),
        )
    if outlook is Outlook.ALLEVIATED:
        return (
            Sentence(
                "We believe that the amended credit facility, together with the reduction of store payroll "
                "described above, provides sufficient liquidity for the twelve months after these "
                "statements are issued."
            ),
        )
    return (
        Sentence(
            "We believe that our cash, the cash we expect to generate from operations and the amounts "
            "available to us will be sufficient to meet our requirements for at least the next twelve "
            "months and thereafter for the foreseeable future."
        ),
    )


def risk_of_failing(outlook: Outlook) -> tuple[Sentence, ...]:
    """The risk factor about the company's own survival."""
    if outlook is Outlook.DOUBT:
        return (
            Sentence(
                "Our management has concluded, and the report of our independent auditor states, that "
                "there is substantial doubt about our ability to continue as a going concern.",
                asserts=True,
            ),
            Sentence(
                "Vendors that learn of this have asked for cash in advance, landlords have declined to "
                "extend leases, and associates whom we would like to keep have left."
            ),
        )
    return (
        Sentence(
            "If our results were to deteriorate and we could not obtain financing, there could be "
            "substantial doubt about our ability to continue as a going concern."
        ),
        Sentence(
            "The auditors of a customer that owed us less than one tenth of one percent of our receivables "
            "expressed substantial doubt about that customer’s ability to continue as a going concern."
        ),
    )


DEFINITION = Sentence(
    "A material weakness is a deficiency, or a combination of deficiencies, in internal control over "
    "financial reporting, such that there is a reasonable possibility that a material misstatement of the "
    "annual or interim financial statements will not be prevented or detected on a timely basis."
)


def annual_controls(
    company: SampleCompany, controls: Controls, day: date
) -> tuple[tuple[Sentence, ...], ...]:
    """Paragraphs of Item 9A as of the year's last `day`."""
    as_of = spoken(day)
    evaluation = Sentence(
        "Our management, with the participation of our Chief Executive Officer and our Chief Financial "
        "Officer, evaluated the design and operation of our disclosure controls and procedures as of "
        f"{as_of}."
    )
    if controls is Controls.WEAK:
        return (
            (
                evaluation,
                Sentence(
                    "Based on that evaluation, they concluded that, because of the material weaknesses "
                    "described below, our disclosure controls and procedures were not effective as of "
                    f"{as_of}.",
                    asserts=True,
                ),
            ),
            (
                DEFINITION,
                Sentence(
                    "In connection with its assessment, management identified the following material "
                    "weaknesses in our internal control over financial reporting.",
                    asserts=True,
                ),
                *_weaknesses(company),
                Sentence(
                    "As a result, management concluded that our internal control over financial reporting "
                    f"was not effective as of {as_of}.",
                    asserts=True,
                ),
            ),
            (
                Sentence(
                    "With the oversight of the audit committee we have begun to hire accounting staff, to "
                    "document the review of journal entries and to retrain those who operate the controls "
                    "concerned."
                ),
                Sentence(
                    "The controls must operate for a sufficient time before we can conclude that they work."
                ),
            ),
        )
    first = (
        evaluation,
        Sentence(
            "Based on that evaluation, they concluded that our disclosure controls and procedures were "
            f"effective at the reasonable assurance level as of {as_of}."
        ),
    )
    report = (
        Sentence(
            "Management assessed our internal control over financial reporting by the criteria of Internal "
            "Control — Integrated Framework (2013) of the Committee of Sponsoring Organizations of the "
            "Treadway Commission."
        ),
        DEFINITION,
        Sentence(
            "Management concluded that our internal control over financial reporting was effective as of "
            "that date and did not identify any material weaknesses."
        ),
    )
    outlook = (
        Sentence(
            "If we were to identify a material weakness in a future period, we might be unable to report "
            "our results on time."
        ),
    )
    if controls is Controls.REMEDIATED:
        history = (
            Sentence(
                "During the year we completed the remediation of the material weakness that we reported a "
                "year earlier, which concerned the cut-off of revenue on contracts with customer "
                "acceptance."
            ),
            Sentence(f"The material weakness related to revenue cut-off was remediated as of {as_of}."),
        )
        return (first, report, history, outlook)
    changes = (
        Sentence(
            "There were no changes in our internal control over financial reporting during the fourth "
            "quarter that materially affected, or are reasonably likely to materially affect, our internal "
            "control."
        ),
    )
    return (first, report, outlook, changes)


def quarterly_controls(controls: Controls, day: date) -> tuple[tuple[Sentence, ...], ...]:
    """Paragraphs of Part I, Item 4 of a quarterly report as of `day`."""
    as_of = spoken(day)
    evaluation = Sentence(
        "Our Chief Executive Officer and our Chief Financial Officer evaluated the effectiveness of our "
        f"disclosure controls and procedures as of {as_of}."
    )
    if controls is Controls.WEAK:
        return (
            (
                evaluation,
                Sentence(
                    "Because of the material weaknesses described in Item 9A of our most recent annual "
                    "report, they concluded that our disclosure controls and procedures were not effective "
                    f"as of {as_of}.",
                    asserts=True,
                ),
            ),
            (Sentence("We continue the steps toward remediation that our annual report describes."),),
        )
    return (
        (
            evaluation,
            Sentence(
                "Based on that evaluation, they concluded that our disclosure controls and procedures were "
                "effective at the reasonable assurance level."
            ),
        ),
        (
            Sentence(
                "There was no change in our internal control over financial reporting during the quarter "
                "that materially affected, or is reasonably likely to materially affect, our internal "
                "control."
            ),
        ),
    )


def _weaknesses(company: SampleCompany) -> tuple[Sentence, ...]:
    if company.key == "corvane":
        return (
            Sentence(
                "We did not design and operate controls that ensure that revenue on contracts with "
                "customer acceptance is recorded in the period in which the customer accepts the "
                "installation."
            ),
        )
    return (
        Sentence(
            "We did not operate controls over the counting and the valuation of inventory held in our stores."
        ),
        Sentence(
            "We did not have enough people with the training needed to review journal entries and to "
            "account for lease modifications when store leases were renegotiated."
        ),
    )
