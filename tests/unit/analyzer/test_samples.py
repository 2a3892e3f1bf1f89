"""The made-up companies' stories, told by their ratings."""

from __future__ import annotations

from decimal import Decimal

import pytest

import samples
from samples.truth import Expected, FilingTruth
from tenkay_analyzer.analysis import Analysis, analyse
from tenkay_analyzer.rating import NotRated, Overall
from tenkay_analyzer.readings import FilingReadings, Reading
from tenkay_analyzer.rules import Rating, Rules


@pytest.fixture(scope="module")
def filings(tmp_path_factory: pytest.TempPathFactory) -> tuple[FilingTruth, ...]:
    return tuple(samples.generate(tmp_path_factory.mktemp("samples")).filings)


def annual(filings: tuple[FilingTruth, ...], ticker: str, rules: Rules) -> list[Analysis]:
    """Analyses of the company's 10-Ks of the last three years, oldest first."""
    chosen = [each for each in filings if each.ticker == ticker and each.form == "10-K"]
    return [analysed(each, rules) for each in sorted(chosen, key=lambda each: each.period_end)[-3:]]


def analysed(filing: FilingTruth, rules: Rules) -> Analysis:
    signals = {
        name: reading(name, expected) for name, expected in filing.signals.items() if not expected.missing
    }
    return analyse(FilingReadings(filing.accession_number, "key", filing.form, None, signals), rules)


def reading(name: str, expected: Expected) -> Reading:
    value = expected.value if isinstance(expected.value, bool) else Decimal(str(expected.value))
    return Reading(name, value, expected.unit, "USD" if expected.unit.startswith("USD") else "", 0.95)


def ratings(analyses: list[Analysis]) -> list[Rating]:
    judgements = [analysis.judgement for analysis in analyses]
    return [each.rating for each in judgements if isinstance(each, Overall)]


def test_the_healthy_company_is_sound_without_a_flag(filings: tuple[FilingTruth, ...], rules: Rules) -> None:
    analyses = annual(filings, "LKFI", rules)
    assert ratings(analyses) == [Rating.SOUND] * 3
    assert [analysis.flags for analysis in analyses] == [()] * 3


def test_the_distressed_company_falls_to_critical(filings: tuple[FilingTruth, ...], rules: Rules) -> None:
    analyses = annual(filings, "PLDM", rules)
    assert ratings(analyses) == [Rating.WEAK, Rating.CRITICAL, Rating.CRITICAL]
    raised = [{flag.flag_id for flag in analysis.flags} for analysis in analyses]
    assert [("going_concern" in flags, "material_weakness" in flags) for flags in raised] == [
        (False, False),
        (True, True),
        (True, True),
    ]
    assert "negative_equity_and_burn" in raised[2]


def test_the_changing_company_rises_year_by_year(filings: tuple[FilingTruth, ...], rules: Rules) -> None:
    analyses = annual(filings, "CRVX", rules)
    assert ratings(analyses) == [Rating.WEAK, Rating.MIXED, Rating.SOUND]
    assert [any(flag.flag_id == "material_weakness" for flag in each.flags) for each in analyses] == [
        True,
        False,
        False,
    ]


def test_filings_without_figures_are_not_rated(filings: tuple[FilingTruth, ...], rules: Rules) -> None:
    without = [each for each in filings if each.form in ("8-K", "10-K/A") or each.filed_on.year < 2009]
    assert len(without) > 20
    for filing in without:
        analysis = analysed(filing, rules)
        assert isinstance(analysis.judgement, NotRated)
        assert analysis.narrative.startswith("Not rated.")
