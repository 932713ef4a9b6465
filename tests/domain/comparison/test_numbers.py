"""Numbers compared as numbers, without the noise of writing them down."""

from __future__ import annotations

import math

import pytest
from tests.domain.comparison.telling import compared, fact, states, told

from modeltui.domain.comparison.difference import Bump, Effect, Nature, NumberChange, RankChange, ReleaseChange, State
from modeltui.domain.comparison.numbers import is_same_number, number_change, number_of
from modeltui.domain.comparison.sense import Better, Sense
from modeltui.domain.names import NO_DATA
from modeltui.domain.text import SafeText


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.10", "0.1"),
        ("1e5", "100000"),
        ("5.", "5"),
        ("nan", "NaN"),
        ("inf", "Infinity"),
        ("-0.0", "0"),
        ("True", "true"),
        ("0.3", "0.30000000000000004"),
        ("1e23", "1" + "0" * 23),
    ],
)
def test_two_spellings_of_one_number_are_equal(one: str, other: str) -> None:
    """A parameter that was only written otherwise has not changed."""
    assert states(compared(told(parameters={"p": one}), told(parameters={"p": other}))) == {"parameters.p": "equal"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.1", "0.2"),
        ("007", "7"),
        ("1_0", "10"),
        ("20260114", "20260115"),
        ("1763735000000", "1763735000001"),
        ("nan", "0"),
        ("inf", "-inf"),
        ("1e-300", "0"),
        ("true", "1"),
        ("", "0"),
        ("0.1", "0.100001"),
        ("1e-3", "0.0010000000000001"),
        ("7e12345", "9e54321"),
        ("7e-12345", "9e-54321"),
        ("7e-12345", "0"),
        ("1718000000.0", "1718000001.0"),
        ("1718000000.5", "1718000001.0"),
        ("1718000000.25", "1718000000.5"),
    ],
)
def test_different_numbers_and_names_stay_different(one: str, other: str) -> None:
    """Seeds, identifiers, commits, moments and small numbers are not rounded into each other."""
    assert states(compared(told(parameters={"p": one}), told(parameters={"p": other}))) == {"parameters.p": "changed"}


def test_a_version_among_the_parameters_is_no_number() -> None:
    """1.10 is not 1.1 where the name, or the table, says that it may be a version."""
    a, b = {"model_version": "1.10"}, {"model_version": "1.1"}
    assert states(compared(told(parameters=a), told(parameters=b))) == {"parameters.model_version": "changed"}
    rate = compared(told(parameters={"conversion": "1.10"}), told(parameters={"conversion": "1.1"}))
    assert states(rate) == {"parameters.conversion": "equal"}
    a, b = {"guardrails": "1.10", "temperature": "0.20"}, {"guardrails": "1.1", "temperature": "0.2"}
    assert states(compared(told(llm_system=a), told(llm_system=b))) == {
        "system.guardrails": "changed",
        "system.temperature": "equal",
    }


def test_versions_of_members_are_names() -> None:
    """Member 1.0 and member 1.0.0 are two versions of a registry, though no installer would tell them apart."""
    a, b = {"net": "1.0", "gbm": "3.3.0", "guard": "12"}, {"net": "1.0.0", "gbm": "3.4.0", "guard": "12"}
    comparison = compared(told(components=a), told(components=b))
    assert states(comparison) == {
        "components.net": "changed",
        "components.gbm": "changed",
        "components.guard": "equal",
    }
    assert fact(comparison, "components.gbm").detail == ReleaseChange(Bump.MINOR, is_upgrade=True)


def test_a_changed_parameter_tells_by_how_much_and_never_that_it_is_better() -> None:
    """A parameter has no better direction."""
    found = fact(compared(told(parameters={"n": "800"}), told(parameters={"n": "1200"})), "parameters.n")
    assert (found.nature, found.a.value, found.b.value) == (Nature.NUMBER, "800", "1200")
    assert found.detail == NumberChange(400.0, 0.5, Effect.UNKNOWN, SafeText(""))


def test_amounts_with_a_unit_are_numbers() -> None:
    """A time-out that went from 30s to 60s doubled; one that changed its unit is only text."""
    found = fact(compared(told(serving_config={"t": "30s"}), told(serving_config={"t": "60s"})), "serving.t")
    assert found.detail == NumberChange(30.0, 1.0, Effect.UNKNOWN, SafeText("s"))
    other = fact(compared(told(serving_config={"t": "30s"}), told(serving_config={"t": "500ms"})), "serving.t")
    assert (other.state, other.nature, other.detail) == (State.CHANGED, Nature.TEXT, NO_DATA)


def test_metrics_know_their_direction() -> None:
    """A higher AUC is better, a higher loss is worse, and an unknown metric is neither."""
    a, b = {"auc": 0.94, "log_loss": 0.2, "wonder": 1.0}, {"auc": 0.95, "log_loss": 0.3, "wonder": 2.0}
    comparison = compared(told(metrics=a), told(metrics=b))
    effects = {one.title: one.detail.effect for one in comparison.facts if isinstance(one.detail, NumberChange)}
    assert effects == {"auc": Effect.BETTER, "log_loss": Effect.WORSE, "wonder": Effect.UNKNOWN}


def test_a_team_says_how_its_metrics_are_read() -> None:
    """A team's own entry wins over the table, whatever the name looks like."""
    own = {SafeText("auc"): Sense(Better.LOWER, SafeText("points"))}
    found = fact(compared(told(metrics={"auc": 0.9}), told(metrics={"auc": 0.8}), own), "metrics.auc")
    assert isinstance(found.detail, NumberChange)
    assert (found.detail.effect, found.detail.unit) == (Effect.BETTER, "points")


def test_a_metric_that_changed_little_has_changed() -> None:
    """No metric is rounded away; only what a float loses in writing is equal, and NaN is equal to NaN."""
    a = {"auc": 0.94, "f1": 0.5, "mae": math.nan, "r2": math.nan}
    b = {"auc": 0.940001, "f1": 0.5 * (1 + 1e-12), "mae": math.nan, "r2": 0.5}
    assert states(compared(told(metrics=a), told(metrics=b))) == {
        "metrics.auc": "changed",
        "metrics.r2": "changed",
        "metrics.f1": "equal",
        "metrics.mae": "equal",
    }


def test_segments_are_read_as_their_metric() -> None:
    """A segment that names its metric has its direction; one that names none has that of the only metric there is."""
    a = told(metrics={"auc": 0.9, "loss": 0.1}, segment_metrics={"loss/region=hk": 0.1, "region=eu": 0.9})
    b = told(metrics={"auc": 0.9, "loss": 0.1}, segment_metrics={"loss/region=hk": 0.2, "region=eu": 0.8})
    details = {one.title: one.detail for one in compared(a, b).facts if isinstance(one.detail, NumberChange)}
    assert {name: detail.effect for name, detail in details.items()} == {
        "loss/region=hk": Effect.WORSE,
        "region=eu": Effect.UNKNOWN,
    }


@pytest.mark.parametrize(
    ("metrics", "segment", "own", "effect"),
    [
        (("auc",), "region=eu", None, Effect.WORSE),
        (("auc", "recall"), "region=eu", None, Effect.WORSE),
        (("brier", "log loss"), "region=eu", None, Effect.BETTER),
        (("auc", "brier"), "region=eu", None, Effect.UNKNOWN),
        (("auc", "wonder"), "region=eu", None, Effect.UNKNOWN),
        ((), "region=eu", None, Effect.UNKNOWN),
        (("auc", "brier"), "brier/region=eu", None, Effect.BETTER),
        (("auc", "brier"), "region=eu/brier", None, Effect.BETTER),
        (("auc", "wonder"), "wonder/region=eu", Better.LOWER, Effect.BETTER),
        (("auc", "wonder"), "region=eu", Better.HIGHER, Effect.WORSE),
    ],
)
def test_a_segment_that_names_no_metric_is_read_as_all_metrics_are(
    metrics: tuple[str, ...], segment: str, own: Better | None, effect: Effect
) -> None:
    """Where all metrics get better the same way I read which segment got worse; where they do not, nobody guesses."""
    scores = dict.fromkeys(metrics, 0.5)
    a, b = (told(metrics=scores, segment_metrics={segment: score}) for score in (0.9, 0.8))
    senses = {SafeText("wonder"): Sense(own)} if own else {}
    detail = fact(compared(a, b, senses), f"segments.{segment}").detail
    assert isinstance(detail, NumberChange)
    assert detail.effect is effect


def test_importances_move_by_rank_and_noise_is_no_move() -> None:
    """Two features that change places by a hair did not move; one that lost its weight did."""
    a = {"amount": 0.340, "device": 0.330, "tenure": 0.2, "geo": 0.130}
    b = {"amount": 0.333, "device": 0.337, "tenure": 0.1, "geo": 0.230}
    comparison = compared(told(importances=a), told(importances=b))
    assert states(comparison) == {
        "importances.geo": "changed",
        "importances.tenure": "changed",
        "importances.amount": "equal",
        "importances.device": "equal",
    }
    assert fact(comparison, "importances.geo").detail == RankChange(4, 3)


def test_importances_are_shares_whatever_their_scale() -> None:
    """Gains that sum to thousands and shares that sum to one rank the same."""
    comparison = compared(told(importances={"a": 750.0, "b": 250.0}), told(importances={"a": 0.75, "b": 0.25}))
    assert comparison.differences == ()


def test_a_feature_that_only_one_version_weighs_shows_its_rank() -> None:
    """A new feature comes with its rank and without one on the other side."""
    comparison = compared(told(importances={"a": 1.0}), told(importances={"a": 0.4, "new": 0.6}))
    found = fact(comparison, "importances.new")
    assert (found.state, found.detail) == (State.ONLY_B, RankChange(NO_DATA, 1))


def test_rows_and_sizes_are_whole_numbers_of_any_length() -> None:
    """One row more is a change, however many there are; a number beyond any float breaks nothing."""
    assert is_same_number(10**18, 10**18 + 1) is False
    assert is_same_number(10**400, 10**400) is True
    assert is_same_number(10**400, 1.0) is False
    assert is_same_number(1718000000.0, 1718000001.0) is False
    assert number_change(10**400, 1) is NO_DATA
    assert number_of("9" * 41) is None


@pytest.mark.parametrize(("one", "other"), [(math.nan, 1.0), (math.inf, 1.0), (1e308, -1e308)])
def test_a_difference_that_cannot_be_told_is_not_told(one: float, other: float) -> None:
    """Between NaN, infinity or the largest floats there is no difference to show."""
    assert number_change(one, other) is NO_DATA
    assert not is_same_number(one, other)


def test_a_share_of_nothing_is_not_told() -> None:
    """What grew from zero grew by no percentage."""
    assert number_change(0, 5) == NumberChange(5.0, NO_DATA, Effect.UNKNOWN, SafeText(""))
    grown = number_change(-2, -1)
    assert isinstance(grown, NumberChange)
    assert grown.fraction == 0.5


def test_a_saved_case_that_is_answered_with_a_number_moves_by_an_amount() -> None:
    """A score on a saved case is compared as a number; a word is compared as a word."""
    a, b = {"micro": "0.71", "large": "0.50", "word": "approve"}, {"micro": "0.64", "large": "0.5", "word": "decline"}
    comparison = compared(told(cases=a), told(cases=b))
    assert states(comparison) == {"cases.word": "changed", "cases.micro": "changed", "cases.large": "equal"}
    detail = fact(comparison, "cases.micro").detail
    assert isinstance(detail, NumberChange)
    assert is_same_number(detail.delta, -0.07)
