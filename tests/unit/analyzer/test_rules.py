"""The rules file: the shipped one is sound, a broken one says where."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import yaml

from tenkay_analyzer.goodness import Line
from tenkay_analyzer.rules import Dimension, Rules, RulesError, Severity, read_rules, rules_from


def shipped_text() -> str:
    return resources.files("tenkay_analyzer").joinpath("rules.yaml").read_text("utf-8")


def test_the_shipped_rules_name_a_source_for_every_rule(rules: Rules) -> None:
    assert all(rule.source for rule in rules.scoring)
    assert all(flag.source for flag in rules.flags)
    assert sum(rules.weights.values()) == 100


def test_the_shipped_rules_can_rate_a_company(rules: Rules) -> None:
    with_rules = {rule.dimension for rule in rules.scoring}
    assert sum(rules.weights[dimension] for dimension in with_rules) >= rules.least_rated_weight
    assert set(Dimension) - with_rules == {Dimension.TONE, Dimension.DISCLOSURE_RISK}


def test_the_designs_anchors_are_kept(rules: Rules) -> None:
    by_signal = {rule.signal_id: rule.measure for rule in rules.scoring}
    coverage, accruals = by_signal["interest_coverage"], by_signal["cash_flow_accruals"]
    assert isinstance(coverage, Line)
    assert {(1.0, 0.10), (3.0, 0.45), (8.0, 0.80)} <= set(coverage.points)
    assert isinstance(accruals, Line)
    assert {(-0.05, 0.75), (0.1, 0.15)} <= set(accruals.points)


def test_flags_stand_worst_first(rules: Rules) -> None:
    order = [Severity.CRITICAL, Severity.SERIOUS, Severity.WARN]
    ranks = [order.index(flag.severity) for flag in rules.flags]
    assert ranks == sorted(ranks)


def test_any_edit_of_the_content_changes_the_version() -> None:
    before = read_rules(shipped_text()).version
    edited = read_rules(shipped_text().replace("weight: 7", "weight: 7")).version
    assert before == edited
    assert read_rules(shipped_text().replace("cap: 40", "cap: 41")).version != before


def test_comments_do_not_change_the_version() -> None:
    assert read_rules(shipped_text() + "\n# a remark\n").version == read_rules(shipped_text()).version


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("quality: 20", "quality: 21", "weights"),
        ("quality: 20", "qualitee: 20", "weights"),
        ("strong: 75", "strong: 50", "cuts"),
        ("signal: gross_margin", "signal: gross_marjin", "scoring.0"),
        ("[[0.0, 0.15], [0.2, 0.40]", "[[0.3, 0.15], [0.2, 0.40]", "scoring.0"),
        ("[[0.0, 0.15], [0.2, 0.40]", "[[0.0, 0.15], [0.2, 1.40]", "scoring.0"),
        ("when: cash_runway_months < 12", "when: cash_runway_weeks < 12", "flags.1.when"),
        ("when: cash_runway_months < 12", "when: cash_runway_months", "flags.1.when"),
        ("last {cash_runway_months}", "last {current_ratio}", "flags.1.explanation"),
        ("last {cash_runway_months}", "last {cash_runway_months", "flags.1.explanation"),
        ("    cap: 40\n", "", "flags.1"),
        ("severity: warn", "severity: warn\n    cap: 50", "flags.4"),
        ("id: interest_not_earned", "id: income_without_cash", "given twice"),
        ("version: 1", "version: one", "version"),
        ("least_coverage: 0.40", "least_covrage: 0.40", "least_cov"),
        ("if_true: 0.02", "if_true: 2", "if_true"),
        ("    if_true: 0.02\n", "", "scoring."),
        ("version: 1", "version: [", "YAML"),
    ],
)
def test_a_broken_file_says_where(old: str, new: str, told: str) -> None:
    broken = shipped_text().replace(old, new, 1)
    assert broken != shipped_text()
    with pytest.raises(RulesError, match=told.replace(".", r"\.")):
        read_rules(broken)


@pytest.mark.parametrize("text", ["", "- 1", "version: 1", "'text'", "!!python/object/apply:os.system [x]"])
def test_what_is_no_rules_file_is_refused(text: str) -> None:
    with pytest.raises(RulesError):
        read_rules(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"absent\.yaml"):
        rules_from(tmp_path / "absent.yaml")


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    content = yaml.safe_load(shipped_text())
    content["version"] = 9
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content))
    assert rules_from(tmp_path / "own.yaml").version.startswith("9+")
