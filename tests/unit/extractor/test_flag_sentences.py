"""The two flags of the text, judged on sentences of every kind. All sentences are made up."""

from __future__ import annotations

from datetime import date

import pytest

from tenkay_extractor.catalog_tables import load_catalog
from tenkay_extractor.phrases import STATED, WEAK, Horizon, SentencePattern, judge_sentence

PATTERNS = {row.pattern.name: row.pattern for row in load_catalog().signals if row.pattern}
HORIZON = Horizon(date(2023, 12, 31), annual=True)

GOING_CONCERN: SentencePattern = PATTERNS["going_concern"]
MATERIAL_WEAKNESS: SentencePattern = PATTERNS["material_weakness"]

GOING_CONCERN_STATED = [
    "These conditions raise substantial doubt about the Company's ability to continue as a going concern.",
    "Recurring losses and a working capital deficit raise substantial doubt about its ability to continue as a going concern.",
    "There is substantial doubt about our ability to continue as a going concern within one year of this filing.",
    "Management has concluded that there is substantial doubt about the Partnership's ability to continue as a going concern.",
    "Substantial doubt about our ability to continue as a going concern exists.",
    "Our auditors have expressed substantial doubt about our ability to continue as a going concern.",
    "The report of our independent auditors includes an explanatory paragraph about our ability to continue as a going concern.",
    "Our auditor's report contains a going concern qualification.",
    "The Company has not generated any revenue, which raises substantial doubt about its ability to continue as a going concern.",
    "The factors above cast significant doubt upon the Company’s ability to continue as a going concern.",
    "In accordance with ASC 205-40, management evaluated whether there is substantial doubt and concluded that these"
    " events raise substantial doubt about the Company's ability to continue as a going concern.",
    "Management's plans do not alleviate the substantial doubt that has been raised about our ability to continue as a going concern.",
    "The Company may need more capital, and its losses to date raise substantial doubt about its ability to continue as a going concern.",
    "Our default under the loan agreement created substantial doubt about our ability to continue as a going concern.",
]
GOING_CONCERN_NOT_STATED = {
    "hypothetical": [
        "If we cannot refinance our notes, there would be substantial doubt about our ability to continue as a going concern.",
        "A loss of this customer could raise substantial doubt about our ability to continue as a going concern.",
        "Our auditors may express substantial doubt about our ability to continue as a going concern.",
        "Without new funds we may not be able to continue as a going concern.",
        "Future losses might result in substantial doubt regarding our ability to continue as a going concern.",
    ],
    "negated": [
        "There is no substantial doubt about the Company's ability to continue as a going concern.",
        "Management did not identify any conditions or events that raise substantial doubt about our ability to continue as a going concern.",
        "These matters do not raise substantial doubt about the Company's ability to continue as a going concern.",
        "We are not aware of any condition that would raise substantial doubt about our ability to continue as a going concern.",
        "No conditions or events were identified that raise substantial doubt about the Company's ability to continue as a going concern.",
    ],
    "alleviated": [
        "Management's plans alleviate the substantial doubt about the Company's ability to continue as a going concern.",
        "The substantial doubt about our ability to continue as a going concern has been alleviated by the new credit line.",
        "As a result of the offering, substantial doubt about our ability to continue as a going concern no longer exists.",
    ],
    "policy": [
        "At each reporting period we evaluate whether there are conditions that raise substantial doubt about our ability to continue as a going concern.",
        "The auditor considers whether the financial statements were prepared on a going concern basis.",
        "ASU 2014-15 requires management to assess whether substantial doubt exists about the ability to continue as a going concern.",
        "In preparing the statements, management is required to evaluate whether there are events that raise substantial doubt.",
    ],
    "rule": [
        "Substantial doubt about an entity's ability to continue as a going concern exists when it is probable that it cannot pay its debts.",
        'The rule speaks of "conditions that raise substantial doubt about an entity’s ability to continue as a going concern."',
        "Entities must disclose the events that raise substantial doubt about the entity's ability to continue as a going concern.",
    ],
    "counterparty": [
        "There is substantial doubt about our largest customer's ability to continue as a going concern.",
        "The tenant's auditors have raised substantial doubt about the tenant's ability to continue as a going concern.",
    ],
    "prior_period": [
        "We previously reported substantial doubt about our ability to continue as a going concern.",
        "At December 31, 2020 there was substantial doubt about our ability to continue as a going concern.",
        "Our auditors' report for fiscal 2019 expressed substantial doubt about our ability to continue as a going concern.",
    ],
    "caption": [
        "Substantial Doubt about the Company's Ability to Continue as a Going Concern",
        "Going Concern",
        "Note 2 - Going Concern and Liquidity",
    ],
    "other": [
        "The statements have been prepared assuming that the Company will continue as a going concern.",
        "There is substantial doubt about the validity of the plaintiff's claims.",
    ],
}

MATERIAL_WEAKNESS_STATED = [
    "We identified a material weakness in our internal control over financial reporting related to revenue.",
    "Management identified the following material weaknesses as of December 31, 2023.",
    "Our internal control over financial reporting was not effective as of December 31, 2023.",
    "The material weakness has not been remediated as of the date of this report.",
    "Because of the material weakness described below, our internal control over financial reporting is ineffective.",
    "These control deficiencies constitute material weaknesses.",
    "We have material weaknesses in our internal control over financial reporting.",
    "The previously identified material weaknesses continue to exist.",
    "The weakness will not be considered remediated until the new controls have run for a time; it remains a material weakness.",
    "Management determined that the lack of segregation of duties represented a material weakness.",
    "We did not maintain effective controls over inventory, and this deficiency constitutes a material weakness.",
]
MATERIAL_WEAKNESS_NOT_STATED = {
    "hypothetical": [
        "We may identify material weaknesses in the future.",
        "If we identify a material weakness, investors could lose confidence in our reports.",
        "Our audit included assessing the risk that a material weakness exists.",
        "We cannot assure you that material weaknesses will not be identified later.",
        "Any material weakness in our internal control over financial reporting could harm our share price.",
    ],
    "negated": [
        "We did not identify any material weaknesses in our internal control over financial reporting.",
        "There were no material weaknesses identified by management.",
        "Management is not aware of any material weakness.",
        "No changes were required to correct significant deficiencies, and no material weakness was found.",
    ],
    "definition": [
        "A material weakness is a deficiency, or a combination of deficiencies, in internal control over financial reporting.",
        "A material weakness means a deficiency that makes a material misstatement reasonably possible.",
        "A significant deficiency is less severe than a material weakness, yet important enough to merit attention.",
    ],
    "remediated": [
        "We have remediated the material weakness identified last year.",
        "The material weakness was remediated as of December 31, 2023.",
        "Management concluded that the previously reported material weakness has been remediated.",
        "During the quarter we completed the remediation of the material weakness in our inventory controls.",
        "Except for the remediation of the material weakness described above, there was no change in our internal control.",
    ],
    "prior_period": [
        "In connection with the audit for the year ended December 31, 2020, we identified a material weakness.",
    ],
    "caption": [
        "Remediation of Material Weakness",
        "Material Weaknesses in Internal Control over Financial Reporting",
    ],
}


@pytest.mark.parametrize("sentence", GOING_CONCERN_STATED)
def test_a_sentence_that_states_going_concern_doubt_fires(sentence: str) -> None:
    assert _verdict(GOING_CONCERN, sentence) == STATED


@pytest.mark.parametrize(
    "sentence", [sentence for group in GOING_CONCERN_NOT_STATED.values() for sentence in group]
)
def test_a_sentence_that_does_not_state_going_concern_doubt_does_not_fire(sentence: str) -> None:
    assert _verdict(GOING_CONCERN, sentence) not in (STATED, WEAK)


@pytest.mark.parametrize("sentence", MATERIAL_WEAKNESS_STATED)
def test_a_sentence_that_states_a_material_weakness_fires(sentence: str) -> None:
    assert _verdict(MATERIAL_WEAKNESS, sentence) == STATED


@pytest.mark.parametrize(
    "sentence", [sentence for group in MATERIAL_WEAKNESS_NOT_STATED.values() for sentence in group]
)
def test_a_sentence_that_does_not_state_a_material_weakness_does_not_fire(sentence: str) -> None:
    assert _verdict(MATERIAL_WEAKNESS, sentence) not in (STATED, WEAK)


def test_ineffective_disclosure_controls_alone_say_less_than_a_material_weakness() -> None:
    sentence = "Our disclosure controls and procedures were not effective as of December 31, 2023."
    assert _verdict(MATERIAL_WEAKNESS, sentence) == WEAK


def test_a_10_q_may_speak_of_the_last_fiscal_year() -> None:
    sentence = "Our auditors' report for fiscal 2022 expressed substantial doubt about our ability to continue as a going concern."
    verdict = judge_sentence(GOING_CONCERN, sentence, Horizon(date(2023, 6, 30), annual=False))
    assert verdict is not None
    assert verdict[0] == STATED


def _verdict(pattern: SentencePattern, sentence: str) -> str | None:
    verdict = judge_sentence(pattern, sentence, HORIZON)
    return verdict[0] if verdict else None
