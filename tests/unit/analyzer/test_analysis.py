"""Scores, caps, ratings and their reasons."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenkay_analyzer.analysis import Analysis, analyse, result_key
from tenkay_analyzer.expressions import Kind, Value
from tenkay_analyzer.flags import cap_of
from tenkay_analyzer.rating import NotRated, Overall, overall, rating_of
from tenkay_analyzer.readings import FilingReadings, Reading
from tenkay_analyzer.rules import Dimension, Rating, Rules, Severity, Show, shipped_rules
from tenkay_analyzer.wording import points, shown, signed_points

MakeFiling = Callable[..., FilingReadings]

RULES = shipped_rules()


def rated(analysis: Analysis) -> Overall:
    assert isinstance(analysis.judgement, Overall)
    return analysis.judgement


def _values(show: Show) -> st.SearchStrategy[Value]:
    if show is Show.FLAG:
        return st.booleans()
    if show is Show.MONEY:
        return st.decimals(-(10**12), 10**12, allow_nan=False, places=2)
    return st.floats(-50, 50, allow_nan=False)


@st.composite
def filings(draw: st.DrawFn) -> FilingReadings:
    """Any filing: any subset of the signals, any values, any confidence."""
    signals = {}
    for name, given_input in RULES.inputs.items():
        if draw(st.integers(0, 9)) > 0:
            value = draw(_values(given_input.show))
            currency = "USD" if given_input.show is Show.MONEY else ""
            signals[name] = Reading(name, value, "unit", currency, draw(st.floats(0, 1)))
    sic_code = draw(st.none() | st.integers(100, 9999))
    return FilingReadings("0001999001-24-000001", draw(st.text(max_size=8)), "10-K", sic_code, signals)


@settings(max_examples=300, deadline=None)
@given(filings())
def test_fifty_plus_all_contributions_is_the_uncapped_score(filing: FilingReadings) -> None:
    analysis = analyse(filing, RULES)
    if isinstance(analysis.judgement, NotRated):
        assert analysis.reasons == ()
        return
    total = 50 + math.fsum(reason.contribution for reason in analysis.reasons)
    assert abs(total - analysis.judgement.uncapped_score) < 1e-9


@settings(max_examples=300, deadline=None)
@given(filings())
def test_every_filing_gets_a_sound_analysis(filing: FilingReadings) -> None:
    analysis = analyse(filing, RULES)
    assert [result.dimension for result in analysis.dimensions] == list(Dimension)
    for result in analysis.dimensions:
        assert 0 <= result.coverage <= 1
        assert (result.score is None) == (result.coverage < RULES.least_coverage)
        assert result.score is None or 0 <= result.score <= 100
    caps = [flag.cap for flag in analysis.flags if flag.cap is not None]
    if isinstance(analysis.judgement, Overall):
        assert 0 <= analysis.judgement.score <= min(100, analysis.judgement.uncapped_score, *caps)
        assert analysis.judgement.rating is rating_of(analysis.judgement.score, RULES)
        assert sum(result.weight for result in analysis.dimensions if result.is_rated) >= 60
        sizes = [abs(reason.contribution) for reason in analysis.reasons]
        assert sizes == sorted(sizes, reverse=True)
    else:
        assert sum(result.weight for result in analysis.dimensions if result.is_rated) < 60
        assert analysis.judgement.reason


@settings(max_examples=300, deadline=None)
@given(filings())
def test_every_number_of_the_narrative_is_one_of_the_analysis(filing: FilingReadings) -> None:
    analysis = analyse(filing, RULES)
    assert numbers(analysis.narrative) <= set().union(*map(numbers, told(analysis, filing)))


def told(analysis: Analysis, filing: FilingReadings) -> list[str]:
    """The analysis' values as people are shown them."""
    texts = [flag.explanation for flag in analysis.flags]
    for reason in analysis.reasons:
        texts += [signed_points(reason.contribution), reason.shown]
    match analysis.judgement:
        case Overall() as judgement:
            texts += [points(judgement.score), points(judgement.uncapped_score), points(judgement.band)]
        case NotRated(reason_text):
            texts.append(reason_text)
    for flag in analysis.flags:  # what a flag tells is the value of a signal, not a number of its own
        for number in numbers(flag.explanation):
            values = [
                shown(filing.signals[name].value, RULES.inputs[name].show, filing.signals[name].currency)
                for name in flag.signal_ids
            ]
            assert any(number in numbers(value) for value in values)
    return texts


def numbers(text: str) -> set[str]:
    return set(re.findall(r"[+-]?\d[\d,]*(?:\.\d+)?", text))


@settings(max_examples=200, deadline=None)
@given(filings(), st.floats(-1, 1), st.floats(0, 0.5), st.floats(0.5, 1))
@pytest.mark.parametrize("signal_id", ["gross_margin", "operating_margin", "net_margin", "return_on_assets"])
def test_a_better_margin_never_lowers_the_uncapped_score(
    signal_id: str, filing: FilingReadings, margin: float, better_by: float, confidence: float
) -> None:
    def score(value: float) -> float | None:
        signals = {**filing.signals, signal_id: Reading(signal_id, value, "fraction", "", confidence)}
        judgement = analyse(
            FilingReadings(
                filing.accession_number, filing.extraction_key, filing.form_type, filing.sic_code, signals
            ),
            RULES,
        ).judgement
        return judgement.uncapped_score if isinstance(judgement, Overall) else None

    worse, better = score(margin), score(margin + better_by)
    assert (worse is None) == (better is None)
    assert worse is None or better is None or better >= worse - 1e-9


@settings(max_examples=100, deadline=None)
@given(filings())
def test_the_same_signals_give_the_same_analysis_in_any_order(filing: FilingReadings) -> None:
    backwards = FilingReadings(
        filing.accession_number,
        filing.extraction_key,
        filing.form_type,
        filing.sic_code,
        dict(reversed(list(filing.signals.items()))),
    )
    assert analyse(filing, RULES) == analyse(backwards, RULES)


def test_a_healthy_company_is_sound(rules: Rules, make_filing: MakeFiling) -> None:
    analysis = analyse(make_filing(healthy=True), rules)
    assert rated(analysis).rating is Rating.SOUND
    assert rated(analysis).score == rated(analysis).uncapped_score
    assert analysis.flags == ()


def test_a_score_worked_out_by_hand(rules: Rules, make_filing: MakeFiling) -> None:
    analysis = analyse(make_filing(healthy=True), rules)
    quality = next(result for result in analysis.dimensions if result.dimension is Dimension.QUALITY)
    goodness = (2 * 0.675 + 3 * (0.7 + 0.2 * 0.05 / 0.15) + 2 * (0.65 + 0.25 / 3) + 3 * 0.78) / 10
    assert quality.score == pytest.approx(100 * goodness)
    growth = next(result for result in analysis.dimensions if result.dimension is Dimension.GROWTH)
    assert growth.score == pytest.approx(56)


@pytest.mark.parametrize(
    ("signals", "flag_id", "cap"),
    [
        ({"going_concern_doubt": True}, "going_concern", 25),
        ({"material_weakness": True}, "material_weakness", 55),
        (
            {"negative_equity": True, "operating_cash_flow": Decimal(-1)},
            "negative_equity_and_burn",
            45,
        ),
        ({"free_cash_flow": Decimal(-9), "cash_runway_months": 11.9}, "cash_runway_short", 40),
    ],
)
def test_a_red_flag_caps_the_score_and_subtracts_nothing(
    signals: dict[str, Value], flag_id: str, cap: float, rules: Rules, make_filing: MakeFiling
) -> None:
    # Apart from the flag's own signals everything is as good as it gets.
    best = {
        "gross_margin": 0.9,
        "operating_margin": 0.5,
        "net_margin": 0.5,
        "return_on_assets": 0.4,
        "revenue_growth_yoy": 0.5,
        "current_ratio": 4.0,
        "liabilities_to_assets": 0.1,
        "interest_coverage": 50.0,
        "cash_flow_accruals": -0.1,
    }
    analysis = analyse(make_filing(healthy=True, **{**best, **signals}), rules)
    assert flag_id in [flag.flag_id for flag in analysis.flags]
    assert rated(analysis).score == cap < rated(analysis).uncapped_score
    assert rated(analysis).rating is rating_of(cap, rules)
    total = 50 + math.fsum(reason.contribution for reason in analysis.reasons)
    assert total == pytest.approx(rated(analysis).uncapped_score, abs=1e-9)


def test_a_cap_above_the_score_leaves_it_alone(rules: Rules, make_filing: MakeFiling) -> None:
    poor = make_filing(
        healthy=True,
        material_weakness=True,
        operating_margin=-0.5,
        net_margin=-0.5,
        return_on_assets=-0.5,
        gross_margin=0.0,
        revenue_growth_yoy=-0.5,
        current_ratio=0.3,
    )
    judgement = rated(analyse(poor, rules))
    assert judgement.score == judgement.uncapped_score < 55


def test_two_critical_flags_cap_at_twenty(make_filing: MakeFiling, rules: Rules) -> None:
    critical = list(analyse(make_filing(going_concern_doubt=True), rules).flags) * 2
    assert [flag.severity for flag in critical] == [Severity.CRITICAL] * 2
    assert cap_of(critical, rules) == 20
    assert cap_of(critical[:1], rules) == 25
    assert cap_of([], rules) is None


@pytest.mark.parametrize(
    ("signals", "flag_id"),
    [
        ({"return_on_assets": 0.01, "operating_cash_flow": Decimal(-1)}, "income_without_cash"),
        ({"interest_coverage": 0.9}, "interest_not_earned"),
    ],
)
def test_a_warning_does_not_cap(
    signals: dict[str, Value], flag_id: str, rules: Rules, make_filing: MakeFiling
) -> None:
    analysis = analyse(make_filing(healthy=True, **signals), rules)
    assert [(flag.flag_id, flag.severity, flag.cap) for flag in analysis.flags] == [
        (flag_id, Severity.WARN, None)
    ]
    assert rated(analysis).score == rated(analysis).uncapped_score


def test_a_missing_value_raises_no_flag(rules: Rules, make_filing: MakeFiling) -> None:
    assert analyse(make_filing(negative_equity=True), rules).flags == ()


def test_a_value_that_is_hardly_sure_raises_no_flag(rules: Rules, make_filing: MakeFiling) -> None:
    unsure = make_filing(healthy=True, cash_runway_months=3.0, confidences={"cash_runway_months": 0.4})
    assert analyse(unsure, rules).flags == ()


def test_a_flag_names_the_signals_that_prove_it(rules: Rules, make_filing: MakeFiling) -> None:
    (flag,) = analyse(make_filing(negative_equity=True, operating_cash_flow=Decimal(-5_000_000)), rules).flags
    assert flag.signal_ids == ("negative_equity", "operating_cash_flow")
    assert "-5.0 million USD" in flag.explanation


def test_an_8k_without_signals_is_not_rated(rules: Rules, make_filing: MakeFiling) -> None:
    analysis = analyse(make_filing(), rules)
    assert isinstance(analysis.judgement, NotRated)
    assert "60 are needed" in analysis.judgement.reason
    assert analysis.reasons == ()
    assert all(not result.is_rated for result in analysis.dimensions)


def test_a_text_era_filing_keeps_its_flags_without_a_rating(rules: Rules, make_filing: MakeFiling) -> None:
    analysis = analyse(make_filing(going_concern_doubt=True, material_weakness=False), rules)
    assert isinstance(analysis.judgement, NotRated)
    assert [flag.flag_id for flag in analysis.flags] == ["going_concern"]
    assert "Critical red flag" in analysis.narrative


def test_a_dimension_with_too_little_behind_it_falls_out(rules: Rules, make_filing: MakeFiling) -> None:
    analysis = analyse(
        make_filing(healthy=True, operating_margin=None, net_margin=None, return_on_assets=None), rules
    )
    quality = analysis.dimensions[0]
    assert quality.coverage == pytest.approx(0.2)
    assert quality.score is None
    assert quality.band is None
    assert all(reason.dimension is not Dimension.QUALITY for reason in analysis.reasons)
    assert isinstance(analysis.judgement, Overall)


def test_what_is_missing_pulls_to_the_middle_and_widens_the_band(
    rules: Rules, make_filing: MakeFiling
) -> None:
    whole = analyse(make_filing(healthy=True, gross_margin=0.9, net_margin=0.9), rules).dimensions[0]
    part = analyse(make_filing(healthy=True, gross_margin=0.9, net_margin=None), rules).dimensions[0]
    assert whole.score is not None
    assert part.score is not None
    assert part.coverage == pytest.approx(0.8)
    assert whole.band is not None
    assert part.band is not None
    assert part.band > whole.band


def test_a_surer_signal_weighs_more(rules: Rules, make_filing: MakeFiling) -> None:
    def quality(confidence: float) -> float:
        filing = make_filing(healthy=True, gross_margin=0.0, confidences={"gross_margin": confidence})
        score = analyse(filing, rules).dimensions[0].score
        assert score is not None
        return score

    assert quality(0.2) > quality(0.9)


def test_a_runway_is_not_asked_of_a_company_that_burns_no_cash(rules: Rules, make_filing: MakeFiling) -> None:
    distress = analyse(make_filing(healthy=True), rules).dimensions[4]
    assert (distress.dimension, distress.coverage) == (Dimension.DISTRESS, 1.0)
    burning = analyse(make_filing(healthy=True, free_cash_flow=Decimal(-1)), rules).dimensions[4]
    assert burning.coverage < 1


def test_cover_is_not_asked_of_a_company_without_debt(rules: Rules, make_filing: MakeFiling) -> None:
    debtless = make_filing(healthy=True, interest_coverage=None, total_debt=Decimal(0))
    assert analyse(debtless, rules).dimensions[2].coverage == 1.0
    unknown = make_filing(healthy=True, interest_coverage=None)
    assert analyse(unknown, rules).dimensions[2].coverage < 1


def test_a_banks_liabilities_are_not_held_against_it(rules: Rules, make_filing: MakeFiling) -> None:
    bank = make_filing(healthy=True, liabilities_to_assets=0.92, sic_code=6022)
    reasons = analyse(bank, rules).reasons
    assert "liabilities_to_assets" not in [reason.reading.signal_id for reason in reasons]


def test_low_confidence_means_that_the_band_reaches_another_rating(
    rules: Rules, make_filing: MakeFiling
) -> None:
    dimensions = analyse(make_filing(healthy=True), rules).dimensions
    clear, capped = overall(dimensions, None, rules), overall(dimensions, 25, rules)
    assert isinstance(clear, Overall)
    assert isinstance(capped, Overall)
    assert 60 + clear.band < clear.score < 75 - clear.band
    assert not clear.low_confidence
    assert not capped.low_confidence  # a cap is certain, however near its number is to a cut
    near = analyse(make_filing(healthy=True, revenue_growth_yoy=-0.2, current_ratio=1.0), rules)
    assert abs(rated(near).score - 60) < rated(near).band
    assert rated(near).low_confidence


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        (100, Rating.STRONG),
        (75, Rating.STRONG),
        (74.999, Rating.SOUND),
        (60, Rating.SOUND),
        (45, Rating.MIXED),
        (44.9, Rating.WEAK),
        (30, Rating.WEAK),
        (29.999, Rating.CRITICAL),
        (0, Rating.CRITICAL),
    ],
)
def test_the_cuts_between_ratings(score: float, rating: Rating, rules: Rules) -> None:
    assert rating_of(score, rules) is rating


def test_a_reason_says_the_value_and_its_anchors(rules: Rules, make_filing: MakeFiling) -> None:
    reasons = analyse(make_filing(healthy=True), rules).reasons
    coverage = next(reason for reason in reasons if reason.reading.signal_id == "interest_coverage")
    assert coverage.explanation == (
        "Interest coverage of 12.00 times: goodness 0.84 between the anchors 8.00 times (0.80) and 20.00 times "
        "(0.92), moves the score by +2.5."
    )


def test_results_under_other_inputs_never_share_a_key(make_filing: MakeFiling, rules: Rules) -> None:
    base = ("0001999001-24-000001", "e" * 64, rules.version, "embedded/template-v1")
    keys = {result_key(*base)}
    for place, other in enumerate(("0001999001-24-000002", "f" * 64, "2+x", "embedded/template-v2")):
        changed = [*base[:place], other, *base[place + 1 :]]
        keys.add(result_key(*changed))
    assert len(keys) == 5
    assert analyse(make_filing(), rules).result_key == result_key(*base)


def test_a_value_of_another_kind_is_a_bug_and_not_a_score(rules: Rules, make_filing: MakeFiling) -> None:
    with pytest.raises(TypeError):
        analyse(make_filing(gross_margin=True), rules)
    assert RULES.inputs["gross_margin"].kind is Kind.NUMBER


@pytest.mark.parametrize(
    ("value", "show", "text"),
    [
        (0.1234, Show.PERCENT, "12.3 %"),
        (-0.0001, Show.PERCENT, "0.0 %"),
        (1.5, Show.TIMES, "1.50 times"),
        (7.44, Show.MONTHS, "7.4 months"),
        (Decimal("-12400000"), Show.MONEY, "-12.4 million USD"),
        (Decimal("1234567890123"), Show.MONEY, "1.2 trillion USD"),
        (Decimal("999999"), Show.MONEY, "999,999 USD"),
        (True, Show.FLAG, "yes"),
        (False, Show.FLAG, "no"),
    ],
)
def test_values_are_put_for_people(value: Value, show: Show, text: str) -> None:
    assert shown(value, show, "USD") == text
