"""What takes a claim back, whatever the matter: tried on one matter, a subpoena received. All sentences are made up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenkay_extractor.claims import KINDS, is_caption, takes_back

MATTER = re.compile(
    r"(?:received|been served with|receives?|receipt of) (?:\w+ ){0,2}subpoenas?", re.IGNORECASE
)


def verdict(sentence: str) -> str | None:
    found = MATTER.search(sentence)
    assert found, sentence
    return takes_back(sentence, found.span(), KINDS)


@pytest.mark.parametrize(
    "sentence",
    [
        "On May 3, 2023, we received a subpoena from the Department of Justice.",
        "The Company received a subpoena and is cooperating with the investigation.",
        "We have received two subpoenas, which could lead to fines.",
        "Our business may suffer, and in May 2023 we received a subpoena from the SEC.",
        "In connection with our audit, we received a subpoena; we cannot predict its outcome.",
        "We received a subpoena from a state attorney general regarding our sales practices",
        "Although no charges were filed, the Company received a subpoena from the SEC.",
    ],
)
def test_what_the_filer_says_of_itself_as_fact_is_a_claim(sentence: str) -> None:
    assert verdict(sentence) is None


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("hypothetical", "We may receive a subpoena or otherwise be investigated."),
        ("hypothetical", "If the SEC has doubts and we have received a subpoena, our shares would fall."),
        ("hypothetical", "From time to time we have received subpoenas."),
        ("hypothetical", "There is a risk that management will have received a subpoena by then."),
        ("hypothetical", "Receipt of a subpoena could harm our reputation."),
        ("hypothetical", "Upon receipt of a subpoena, counsel is informed."),
        ("hypothetical", "Factors that affect us include having received a subpoena."),
        ("negated", "We have not received any subpoena."),
        ("negated", "Neither the Company nor its officers have received a subpoena."),
        ("negated", "The Company denies that it received a subpoena."),
        ("policy", "We record a liability as soon as we have received a subpoena."),
        ("policy", "Under ASC 450, a loss is disclosed where we received a subpoena."),
        (
            "rule",
            "A registrant that has received a subpoena is told apart by the rules, which requires a filing.",
        ),
        ("rule", "An issuer that received a subpoena must say so."),
        ("counterparty", "Our largest customer received a subpoena."),
        ("counterparty", "One of our suppliers has been served with a subpoena."),
        ("counterparty", "Several companies in our industry have received subpoenas."),
        ("prior_period", "In prior years we received a subpoena from the state."),
        ("quoted", 'The release says that "the issuer received a subpoena" and nothing else.'),
        ("caption", "Received a Subpoena From the SEC"),
        ("caption", "SUBPOENA MATTERS, RECEIVED SUBPOENAS"),
    ],
)
def test_what_is_no_claim_says_why(kind: str, sentence: str) -> None:
    assert verdict(sentence) == kind


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    sentence = "We may receive a subpoena."
    assert takes_back(sentence, (7, 25), {"negated", "policy"}) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Environmental Remediation and Other Liabilities", True),
        ("Accrued environmental remediation 1,204 1,377", True),
        ("ITEM 3. LEGAL PROCEEDINGS.", True),
        ("We received a subpoena from the state", False),
        ("The Company Received a Subpoena.", False),
    ],
)
def test_headings_and_table_rows_are_captions(line: str, expected: bool) -> None:
    assert is_caption(line) is expected


@given(st.text(max_size=200), st.data())
def test_any_text_is_judged_without_an_error(sentence: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(sentence)))
    end = data.draw(st.integers(start, len(sentence)))
    assert takes_back(sentence, (start, end), KINDS) in (None, *KINDS)


def test_a_sentence_without_an_end_is_judged_in_bounded_time() -> None:
    endless = "we may, if any risk of a customer or the rules, " * 4_000 + "received a subpoena"
    assert takes_back(endless, (len(endless) - 19, len(endless)), KINDS) is not None
