"""Names and figures are told from ordinary words, by rule."""

from __future__ import annotations

import pytest

from tenkay_extractor.named_entities import figures, names


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("In March 2018 it began.", ["date"]),
        ("On March 31, 2018 it began.", ["date"]),
        ("Since 2018 it has run.", ["date"]),
        ("It paid $2.5 million and \u20ac 3 more.", ["money", "money"]),
        ("About 11% or 12 percent fell.", ["percent", "percent"]),
        ("Its 37,773 employees in 14 towns.", ["quantity", "quantity"]),
        ("About 29 million accounts.", ["quantity"]),
        ("See Note 12, Item 15 and Section 404 on page 33.", []),
        ("It has 3 shops.", []),
    ],
)
def test_figures_are_days_amounts_percentages_and_quantities(text: str, kinds: list[str]) -> None:
    assert [kind.value for kind, _ in figures(text)] == kinds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We sued Baker Street Mills in court.", ["Baker Street Mills"]),
        ("The European Union has rules.", ["European Union"]),
        ("Our rules are those of the Court of Justice of the European Union.",
         ["Court of Justice of the European Union"]),
        ("It is in our Annual Report and our Class B Common Stock.", []),
        ("However We do not.", []),
        ("It began on Monday March 5.", []),
    ],
)  # fmt: skip
def test_names_are_runs_of_capitalised_words_that_are_not_all_ordinary(text: str, found: list[str]) -> None:
    assert [name for name, _ in names(text)] == found
