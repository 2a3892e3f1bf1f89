"""Sentiment rows on made-up filings, with values counted by hand; each row once with a value and once without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import log
from typing import Any

import pytest

from tenkay_extractor.extraction import Blob, Question, read_filing
from tenkay_extractor.filing_view import FilingView
from tenkay_extractor.identity import Listing
from tenkay_extractor.reference_tables import (
    DocumentFrequencies,
    ModificationLength,
    Moments,
    PhraseShares,
    PlainEnglishNorms,
    ReferenceTable,
    ToneCoefficients,
    YearOfToneCoefficients,
)
from tests.unit.extractor.inline_pages import UNITS, number, page
from tests.unit.extractor.signals.made_filings import Paper, evaluate, filing, quotes, value

FILLER = "The shop sells bread and milk to people in the town. "
"""11 words, 12 syllables, none of any list."""
FILLERS = 30
FILLER_WORDS = 11 * FILLERS
FILLER_DISTINCT = 10
TOWNS = ("Bath", "Cork", "Derby", "Epsom", "Fife", "Hove", "Kent", "Leeds", "Truro", "York")


def about(extra: str = "") -> str:
    return FILLER * FILLERS + extra


def annual(form: str = "10-K", /, **given: Any) -> FilingView:
    """A 10-K with the items named "business", "risk_factors", "legal", "mdna" and "statements", and with `exhibits`."""
    titles = {
        "business": "Item 1. Business",
        "risk_factors": "Item 1A. Risk Factors",
        "legal": "Item 3. Legal Proceedings",
        "mdna": "Item 7. Management's Discussion and Analysis of Financial Condition and Results of Operations",
        "statements": "Item 8. Financial Statements and Supplementary Data",
    }
    body = "".join(f"{title}\n\n{given.pop(name)}\n\n" for name, title in titles.items() if name in given)
    exhibits = given.pop("exhibits", ())
    given.setdefault("filed", "20240220")
    given.setdefault("period", "20231231")
    return filing(form, Paper(form, f"FORM {form}\n\n{body}SIGNATURES\n\nA name\n"), *exhibits, **given)


def year_before(**given: Any) -> FilingView:
    return annual(filed="20230221", period="20221231", **given)


def release(
    text: str, *, items: Sequence[str] = ("2.02",), kind: str = "EX-99.1", **given: Any
) -> FilingView:
    return filing(
        "8-K",
        Paper(
            "8-K", "FORM 8-K\n\nItem 2.02 Results of Operations and Financial Condition\n\nSee the exhibit.\n"
        ),
        Paper(kind, text),
        items=items,
        **{"filed": "20240201", "period": "20240201", "number": 7, **given},
    )


PRAISE = "Strong growth. " * 8  # 16 words, all praising
BLAME = "Losses fell. " * 4  # 8 words, all adverse
TONED = PRAISE + BLAME

SHARES = [
    ("mdna_negative_tone", "mdna", "Sales fell and losses rose.", 2, 5),
    ("mdna_negative_tone", "mdna", "Growth was not strong.", 1, 4),
    ("mdna_positive_tone", "mdna", "Growth was not strong.", 1, 4),
    ("mdna_positive_tone", "mdna", "Sales were greater than costs.", 0, 5),
    ("mdna_uncertainty", "mdna", "Results may vary in May.", 2, 5),
    ("mdna_litigious", "mdna", "The court heard the plaintiff.", 2, 5),
    ("mdna_constraining", "mdna", "Covenants limit our dividends.", 2, 4),
    ("mdna_strong_modal", "mdna", "It will always pay.", 2, 4),
    ("mdna_weak_modal", "mdna", "Prices could perhaps rise.", 2, 4),
    ("hedging_density", "mdna", "In our opinion, prices could rise.", 2, 6),
    ("causal_density", "mdna", "Sales rose due to prices.", 1, 5),
    ("causal_density", "mdna", "The amounts due are the results.", 0, 6),
    ("extreme_language", "mdna", "It was a record year of dramatic change.", 2, 8),
    ("extreme_language", "mdna", "We record revenue when shares are outstanding.", 0, 7),
    ("self_reference", "mdna", "We sell our bread in the US.", 2, 7),
    ("risk_factor_negative_tone", "risk_factors", "Sales fell and losses rose.", 2, 5),
    ("risk_factor_uncertainty", "risk_factors", "Results may vary.", 2, 3),
    ("business_tone_positive", "business", "Growth was strong.", 2, 3),
    ("competition_intensity", "business", "We compete with many in a competitive field.", 2, 8),
    ("competition_intensity", "business", "There are few local competitors.", 0, 5),
    ("legal_section_litigious", "legal", "The court heard the plaintiff.", 2, 5),
    ("document_negative_tone", "mdna", "Sales fell and losses rose.", 2, 5),
    ("overconfident_language", "mdna", "It is confident and the best.", 2, 6),
]


@pytest.mark.parametrize(("signal", "section", "sentence", "hits", "words"), SHARES)
def test_words_of_a_list_are_counted_by_all_words(
    signal: str, section: str, sentence: str, hits: int, words: int
) -> None:
    view = annual(**{section: about(sentence)})
    assert value(view, signal) == pytest.approx(hits / (FILLER_WORDS + words))


@pytest.mark.parametrize(
    ("signal", "reason"),
    [(signal, "TEXT_TOO_SHORT") for signal in dict.fromkeys(row[0] for row in SHARES)],
)
def test_a_share_of_a_short_section_is_missing(signal: str, reason: str) -> None:
    short = dict.fromkeys(("business", "risk_factors", "legal", "mdna"), "Sales fell and losses rose.")
    assert value(annual(**short), signal) == reason


@pytest.mark.parametrize(
    "signal", ["mdna_negative_tone", "risk_factor_negative_tone", "business_tone_positive"]
)
def test_a_share_of_an_absent_section_is_missing(signal: str) -> None:
    assert value(annual(statements=about()), signal) == "SECTION_NOT_FOUND"


def test_a_section_that_stands_in_another_document_is_missing_for_that() -> None:
    view = annual(mdna="The information is incorporated by reference to the annual report, exhibit 13.")
    assert value(view, "mdna_negative_tone") == "INCORPORATED_BY_REFERENCE"


def test_a_discussion_in_exhibit_13_is_read_there() -> None:
    exhibit = f"Management's Discussion and Analysis\n\n{about() * 4}{TONED}\n\nReport of Independent Auditors\n\nWe audited.\n"
    view = annual(
        mdna="The information is incorporated by reference to the annual report, exhibit 13.",
        exhibits=[Paper("EX-13", exhibit)],
    )
    found = evaluate(view)["mdna_negative_tone"]
    assert value(view, "mdna_negative_tone") == pytest.approx(8 / (4 * FILLER_WORDS + 24))
    assert getattr(found, "confidence", 1) < 0.7


DISCUSSED = [
    # (signal, what follows the filler, value, what follows it when the row is missing)
    ("mdna_net_tone", TONED, (16 - 8) / 24, "Growth was strong."),
    ("mdna_fog_index", "Administrative operations necessitate considerable expenditures.",
     0.4 * (335 / 31 + 100 * 5 / 335), None),
    ("mdna_flesch_reading_ease", "Administrative operations necessitate considerable expenditures.",
     206.835 - 1.015 * 335 / 31 - 84.6 * (360 + 22) / 335, None),
    ("mdna_words_per_sentence", "Sales fell and losses rose.", 335 / 31, None),
    ("mdna_words_per_sentence", "Sales fell.", 330 / 30, None),
    ("passive_voice_share", "Milk was often sold. Bread is sent by van.", 2 / 32, None),
    ("passive_voice_share", "The shop is indeed open and is red.", 0 / 31, None),
    ("mdna_word_count", "Sales fell and losses rose.", log(335), None),
    ("numeric_density", "On May 5, 2023 we sold 12 loaves for $1,200.50 in all.", 2 / (330 + 8), None),
    ("forward_looking_density", "We expect to sell milk. Sales were expected to rise. We plan to grow. The plan grew.",
     2 / 34, None),
    ("forward_looking_density", "This note should be read. Forward-looking statements may differ.", 0 / 32, None),
    ("forward_looking_tone", "We expect strong growth. " * 14 + "We may see losses. " * 7, (28 - 7) / 35,
     "We expect strong growth. " * 14),
    ("quantified_outlook_share", "We expect 5% more. " * 5 + "We may sell milk. " * 15, 5 / 20, "We may sell milk. " * 5),
    ("self_serving_attribution",
     "Losses arose due to the economy. " * 6 + "Growth was due to our work. " * 3 + "Growth was due to luck. ",
     6 / 6 + 3 / 4 - 1, "Losses arose due to the economy. " * 6),
    ("self_serving_attribution", "Losses arose due to luck. " * 9 + "Growth was due to our work. ", 0 / 9 + 1 - 1,
     "Losses arose due to luck. " * 12),
    ("time_orientation", "Each year and each quarter. " * 10 + "In the long term. " * 5, (15 - 10) / 25,
     "Each year and each quarter. " * 9),
    ("sentence_tone_dispersion", "Growth was slow. " * 30 + "Losses fell. " * 30, 0.5, "Losses fell. " * 29),
]  # fmt: skip


@pytest.mark.parametrize(("signal", "extra", "expected", "_"), DISCUSSED)
def test_the_discussion_is_measured(signal: str, extra: str, expected: float, _: str | None) -> None:
    assert value(annual(mdna=about(extra)), signal) == pytest.approx(expected)


@pytest.mark.parametrize(("signal", "_", "__", "too_little"), DISCUSSED)
def test_a_discussion_with_too_little_of_it_is_missing(
    signal: str, _: str, __: float, too_little: str | None
) -> None:
    text = "Sales fell and losses rose." if too_little is None else about(too_little)
    assert value(annual(mdna=text), signal) in ("TEXT_TOO_SHORT", "ZERO_DENOMINATOR")


def test_distinct_words_are_counted_in_windows_of_500_words() -> None:
    assert value(annual(mdna=FILLER * 50), "lexical_diversity") == pytest.approx(FILLER_DISTINCT / 500)
    assert value(annual(mdna=about()), "lexical_diversity") == "TEXT_TOO_SHORT"


def test_the_documents_length_and_the_filings_size_are_logarithms() -> None:
    view = annual(mdna=about(), business=about("\n\nAssets 12 13\n\nDebt 14 15"))
    assert value(view, "document_word_count") == pytest.approx(log(2 * FILLER_WORDS))
    assert value(view, "filing_size") == pytest.approx(log(view.content.size_bytes))
    assert value(annual(mdna="Too short."), "document_word_count") == "TEXT_TOO_SHORT"
    assert value(filing("10-K", Paper("10-K", "")), "filing_size") == "DOCUMENT_NOT_FOUND"


def test_tables_are_what_lies_between_the_figures() -> None:
    rows = "Assets      12      13\n\nDebt      14      15"
    view = annual(mdna=f"{FILLER}\n\n{rows}\n\n{FILLER}")
    text = view.main_text().source.text
    assert value(view, "table_share") == pytest.approx(len("12 13\nDebt 14 15") / len(text))
    assert value(filing("10-K", Paper("10-K", "")), "table_share") == "DOCUMENT_NOT_FOUND"


def test_names_places_days_and_amounts_make_risk_factors_specific() -> None:
    told = (
        "On March 5, 2023 we paid $2.5 million to Baker Street Mills in France. "  # date, money, name, place
        "Some 12,000 of the loaves, or 15%, were bad."  # quantity, percent
    )
    view = annual(risk_factors=about(told))
    assert value(view, "risk_factor_specificity") == pytest.approx(6 / (FILLER_WORDS + 11 + 7))
    assert value(annual(risk_factors="We may lose."), "risk_factor_specificity") == "TEXT_TOO_SHORT"


# Releases and letters


def test_a_release_is_measured_up_to_its_closing_matter() -> None:
    text = f"{about(TONED)}\n\nIt was a record year.\n\nForward-Looking Statements\n\nLosses may fall. {'Losses. ' * 50}\n"
    view = release(text)
    assert value(view, "release_net_tone") == pytest.approx(8 / 24)
    assert value(view, "release_extreme_language") == pytest.approx(1 / (FILLER_WORDS + 24 + 5))


@pytest.mark.parametrize("signal", ["release_net_tone", "release_extreme_language", "nongaap_emphasis"])
@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (lambda: release(about(TONED), kind="EX-10.1"), "DOCUMENT_NOT_FOUND"),
        (lambda: release("Too short."), "TEXT_TOO_SHORT"),
        (
            lambda: filing("8-K", Paper("8-K", "FORM 8-K\n\nItem 8.01 Other Events\n\nNo.\n")),
            "CONDITION_NOT_MET",
        ),
    ],
)
def test_a_report_without_a_release_has_no_tone(signal: str, view: Any, reason: str) -> None:
    assert value(view(), signal) == reason


def test_a_measure_of_ones_own_is_not_counted_as_a_standard_one() -> None:
    told = (
        "Adjusted net income grew. Non-GAAP results and EBITDA rose. Net income fell. GAAP revenue was flat."
    )
    assert value(release(about(told)), "nongaap_emphasis") == pytest.approx(3 / 6)
    first = "Revenue fell. Adjusted EBITDA rose. " * 3
    noted = evaluate(release(about(first)))["nongaap_emphasis"]
    assert "the standard measure comes first" in getattr(noted, "notes", ("",))[0]


def test_the_release_is_compared_with_the_discussion_that_follows_it() -> None:
    announced = release(about(PRAISE + "Losses fell. " * 2))  # (16 - 4) / 20
    view = annual(mdna=about(TONED), earlier=[announced])
    assert value(view, "release_mdna_tone_gap") == pytest.approx(12 / 20 - 8 / 24)
    early = release(about(TONED), filed="20231101", period="20231101")  # the quarter before
    assert (
        value(annual(mdna=about(TONED), earlier=[early]), "release_mdna_tone_gap") == "PRIOR_FILING_NOT_GIVEN"
    )
    assert value(annual(mdna=about(TONED)), "release_mdna_tone_gap") == "PRIOR_FILING_NOT_GIVEN"


LETTER = f"To Our Shareholders\n\n{about(TONED)}\n\nSincerely,\n\nA Name\n\nChairman\n\n{'Losses fell here. ' * 100}"


def test_the_letter_to_shareholders_ends_at_its_signature() -> None:
    view = annual(mdna=about(), exhibits=[Paper("EX-13", LETTER)])
    assert value(view, "ceo_letter_tone") == pytest.approx(8 / 24)
    assert value(annual(mdna=about()), "ceo_letter_tone") == "DOCUMENT_NOT_FOUND"
    auditors = "To the Stockholders\n\nIn our opinion, the statements present fairly all that they say. "
    for text in (about(), auditors + about(TONED)):
        without = annual(mdna=about(), exhibits=[Paper("EX-13", text)])
        assert value(without, "ceo_letter_tone") == "SECTION_NOT_FOUND"


def test_overconfidence_is_looked_for_in_the_letter_before_the_discussion() -> None:
    letter = LETTER.replace(TONED, "It is confident and the best.")
    view = annual(mdna=about(), exhibits=[Paper("EX-13", letter)])
    assert value(view, "overconfident_language") == pytest.approx(2 / (FILLER_WORDS + 6))
    assert "confident" in quotes(view, "overconfident_language")
    assert value(annual(statements=about()), "overconfident_language") == "SECTION_NOT_FOUND"


# Against a year earlier

OLD = "".join(f"The shop in {town} sold fewer loaves than any other shop did. " for town in TOWNS)
NEW = "".join(f"A mill near {town} burned down so all flour came from abroad. " for town in TOWNS)


def pair(before: str, now: str, section: str = "mdna") -> FilingView:
    return annual(**{section: now}, earlier=[year_before(**{section: before})])


COMPARED = [
    ("mdna_tone_change", "mdna", about(PRAISE + BLAME), about(PRAISE + "Losses fell. " * 8), 0 - 8 / 24),
    ("risk_factor_tone_change", "risk_factors", about(), about("Sales fell and losses rose."), 2 / 335),
    ("mdna_similarity_cosine", "mdna", about(), about(), 1.0),
    ("risk_factor_similarity_cosine", "risk_factors", about(), about(), 1.0),
    ("mdna_similarity_jaccard", "mdna", about(), about("Owls hoot."), 10 / 12),
    ("new_sentence_share", "mdna", about(OLD), about(OLD + NEW), 10 / 50),
    ("removed_sentence_share", "mdna", about(OLD + NEW), about(OLD), 10 / 50),
    ("stickiness", "mdna", about(OLD), about(OLD.replace("Bath", "Rome") + "Owls hoot."),
     (330 + 120) / (330 + 120 + 2)),
    ("document_min_edit_similarity", "mdna", about(OLD), about(OLD + "Owls hoot at night."), 2 * 450 / (450 + 454)),
    ("document_min_edit_similarity", "mdna", about(), FILLER.replace("milk", "tea") * 30, 2 * 300 / 660),
]  # fmt: skip


@pytest.mark.parametrize(("signal", "section", "before", "now", "expected"), COMPARED)
def test_a_text_is_compared_with_that_of_a_year_earlier(
    signal: str, section: str, before: str, now: str, expected: float
) -> None:
    assert value(pair(before, now, section), signal) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("signal", "section"), [*dict.fromkeys(row[:2] for row in COMPARED), ("mdna_modification_score", "mdna")]
)
def test_without_the_filing_of_a_year_earlier_a_comparison_is_missing(signal: str, section: str) -> None:
    now = about(TONED)
    assert value(annual(**{section: now}), signal) == "PRIOR_FILING_NOT_GIVEN"
    assert value(annual(**{section: now}, earlier=[year_before(statements="None.")]), signal) in (
        "SECTION_NOT_FOUND",
        "TEXT_TOO_SHORT",
    )


def test_what_is_no_longer_said_is_quoted_from_the_earlier_filing() -> None:
    view = pair(about(OLD + NEW), about(OLD))
    assert "burned down" in quotes(view, "removed_sentence_share")


def test_numbers_alone_make_no_sentence_new() -> None:
    before = about("Sales in the town rose by 12 loaves to 300 in 2022.")
    now = about("Sales in the town rose by 15 loaves to 315 in 2023.")
    assert value(pair(before, now), "new_sentence_share") == 0


def test_a_stretch_that_two_items_hold_is_repeated() -> None:
    told = "The mill by the river grinds flour for every baker in town."  # 12 words
    view = annual(mdna=OLD + NEW + told, business=told.replace("mill", "Mill") + " " + told)
    assert value(view, "redundancy") == pytest.approx(24 / (120 + 120 + 12 + 24))
    assert value(annual(mdna=told), "redundancy") == "TEXT_TOO_SHORT"


# Against tables


def test_rare_adverse_words_weigh_more() -> None:
    view = annual(
        mdna=about("Sales fell. Losses fell."),
        tables=[DocumentFrequencies("1", 100, {"fell": 50, "losses": 4})],
    )
    words, distinct = FILLER_WORDS + 4, FILLER_DISTINCT + 3
    scale = 1 + log(words / distinct)
    expected = (1 + log(2)) / scale * log(2) + 1 / scale * log(25)
    assert value(view, "document_negative_tfidf") == pytest.approx(expected)
    assert value(annual(mdna=about(BLAME)), "document_negative_tfidf") == "TABLE_NOT_GIVEN"


def test_a_changed_discussion_is_scored_against_what_its_length_lets_expect() -> None:
    frequencies = DocumentFrequencies("1", 10, {})
    length = ModificationLength("1", (0.1, 0.01, 0.0, 0.0, 0.0, 0.0))

    def score(*tables: ReferenceTable) -> Any:
        view = annual(mdna=about(), earlier=[year_before(mdna=about())], tables=tables)
        return value(view, "mdna_modification_score")

    assert score(frequencies, length) == pytest.approx(0 - 0.1 - 0.01 * 0.33)
    assert [score(), score(frequencies), score(length)] == ["TABLE_NOT_GIVEN"] * 3
    assert score(DocumentFrequencies("1", 1, {}), length) == "NOT_COMPUTABLE"  # all words weigh nothing


def test_plain_english_is_measured_in_deviations_from_the_tables_means() -> None:
    means = {
        "sentence_length": 10.0,  # 11: one deviation above
        "word_length": 42 / 11,
        "passive_share": 0.0,
        "legalese_share": 0.0,
        "pronoun_share": 0.0,
        "everyday_share": 10 / 11,
    }
    norms = PlainEnglishNorms("1", **{name: Moments(mean, 1.0) for name, mean in means.items()})
    view = annual(mdna=about(), tables=[norms])
    letters = sum(map(len, FILLER.replace(".", "").split())) / 11
    assert value(view, "plain_english_violations") == pytest.approx((1 + letters - 42 / 11) / 6)
    assert value(annual(mdna=about()), "plain_english_violations") == "TABLE_NOT_GIVEN"


def test_boilerplate_is_what_a_third_to_three_quarters_of_filings_say() -> None:
    shares = PhraseShares("1", {"bread and milk to": 0.8, "sales fell and losses": 0.5})
    view = annual(mdna=about("Sales fell and losses rose."), risk_factors=about(), tables=[shares])
    assert value(view, "boilerplate_share") == pytest.approx(5 / (2 * FILLER_WORDS + 5))
    assert value(annual(mdna=about()), "boilerplate_share") == "TABLE_NOT_GIVEN"


def test_tone_is_abnormal_where_results_do_not_explain_it() -> None:
    contexts = "".join(
        f'<xbrli:context id="{name}"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999'
        f"</xbrli:identifier></xbrli:entity><xbrli:period>{period}</xbrli:period></xbrli:context>"
        for year in (2023, 2022)
        for name, period in (
            (
                f"y{year}",
                f"<xbrli:startDate>{year}-01-01</xbrli:startDate><xbrli:endDate>{year}-12-31</xbrli:endDate>",
            ),
            (f"b{year}", f"<xbrli:instant>{year}-12-31</xbrli:instant>"),
        )
    )
    figures = {
        "us-gaap:NetIncomeLoss": ("100", "80"),
        "us-gaap:Assets": ("1,000", "900"),
        "us-gaap:Revenues": ("500", "400"),
    }
    facts = "".join(
        number(element, shown, contextRef=("b" if element.endswith("Assets") else "y") + year)
        for element, both in figures.items()
        for shown, year in zip(both, ("2023", "2022"), strict=True)
    )
    document = page(
        f"<p>FORM 10-K</p><p>For the fiscal year ended December 31, 2023</p><p>{facts}</p><p>Item 7. Management\u2019s"
        " Discussion and Analysis of Financial Condition and Results of Operations</p>"
        f"<p>{about(TONED)}</p><p>SIGNATURES</p>",
        resources=contexts + UNITS,
    )
    coefficients = YearOfToneCoefficients(
        constant=0.05,
        return_on_assets=0.1,
        loss=7.0,
        change_in_return_on_assets=0.3,
        log_assets=0.01,
        revenue_growth=0.2,
    )

    def read(*tables: ReferenceTable) -> FilingView:
        listing = Listing(form_type="10-K", period_end=date(2023, 12, 31))
        return read_filing([Blob(document, filename="a.htm")], listing, question=Question(tables=tables))

    expected = 0.05 + 0.1 * 100 / 950 + 0.3 * (100 / 1000 - 80 / 900) + 0.01 * log(1e9) + 0.2 * 0.25
    table = ToneCoefficients("1", {2023: coefficients})
    assert value(read(table), "abnormal_tone") == pytest.approx(8 / 24 - expected)
    assert value(read(), "abnormal_tone") == "TABLE_NOT_GIVEN"
    assert value(read(ToneCoefficients("1", {2022: coefficients})), "abnormal_tone") == "TABLE_NOT_GIVEN"
