"""What the file says is what the judge does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.config.policy import policy_of
from modeltui.config.schema import (
    ContextConfig,
    EnvironmentConfig,
    LimitConfig,
    ModelsConfig,
    PointerConfig,
    RuleConfig,
    Severity,
    SignalConfig,
)
from modeltui.domain.health import Above, Below, Change, Level, Limit
from modeltui.domain.names import Environment, ModelName
from modeltui.domain.policy import DEFAULT_POLICY, DEFAULT_RULES, Policy
from modeltui.domain.rollout import Role
from modeltui.domain.signal import STANDARD_SIGNALS, Direction, Signal, Unit
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import signal_name, target_key

EMPTY = ContextConfig(sources={})


def signal(policy: Policy, name: str) -> Signal:
    """Return one signal of a policy."""
    return next(signal for signal in policy.signals if signal.name == name)


def test_a_file_that_says_nothing_gives_the_defaults() -> None:
    """Without a word about signals and limits, the six signals have their usual rules."""
    policy = policy_of(EMPTY)
    assert (policy.signals, dict(policy.rules)) == (STANDARD_SIGNALS, dict(DEFAULT_RULES))
    assert policy == replace(DEFAULT_POLICY, pointers={}, environments={})


def test_the_age_at_which_numbers_are_stale_is_the_files() -> None:
    """A shorter or longer limit counts for every signal that does not say its own."""
    for seconds in (20.0, 300.0):
        config = replace(EMPTY, max_age_seconds=seconds, signals={"drift": SignalConfig(max_age_seconds=7200.0)})
        policy = policy_of(config)
        assert signal(policy, "error_rate").max_age_seconds == seconds
        assert signal(policy, "drift").max_age_seconds == 7200.0


def test_a_signal_of_ones_own_is_added() -> None:
    """A team's own signal stands after the six, with what the file says of it and plain defaults for the rest."""
    refusals = SignalConfig(title="REFUS", unit=Unit.RATIO, rules=(RuleConfig(above=0.1),))
    policy = policy_of(replace(EMPTY, signals={"refusals": refusals, "queue_depth": SignalConfig()}))
    assert [one.name for one in policy.signals[6:]] == ["refusals", "queue_depth"]
    own = signal(policy, "refusals")
    assert (own.title, own.unit, own.direction) == ("REFUS", Unit.RATIO, Direction.HIGHER_IS_WORSE)
    assert signal(policy, "queue_depth").title == "QUEUE"
    assert policy.rules_for(target_key("a@b"), own.name)[0].limit == Above(0.1)
    assert policy.rules_for(target_key("a@b"), signal_name("queue_depth")) == ()


def test_a_changed_signal_keeps_what_is_not_said() -> None:
    """A longer window for latency changes nothing else of it, and keeps its rules."""
    policy = policy_of(replace(EMPTY, signals={"latency_p95": SignalConfig(window_seconds=900.0)}))
    usual = signal(DEFAULT_POLICY, "latency_p95")
    assert signal(policy, "latency_p95") == replace(usual, window_seconds=900.0)
    assert policy.rules[usual.name] == DEFAULT_RULES[usual.name]


def test_no_rules_means_none() -> None:
    """An empty list switches a signal's own rules off."""
    policy = policy_of(replace(EMPTY, signals={"drift": SignalConfig(rules=())}))
    assert policy.rules_for(target_key("a@b"), signal_name("drift")) == ()


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        (RuleConfig(above=0.2), Above(0.2)),
        (RuleConfig(above=0.0), Above(0.0)),
        (RuleConfig(below=0.7), Below(0.7)),
        (RuleConfig(change=-0.15), Change(-0.15)),
        (RuleConfig(change=1.0, margin=0.01), Change(1.0, 0.01)),
    ],
)
def test_each_kind_of_limit(config: RuleConfig, limit: Limit) -> None:
    """Above, below and change mean what they say, zero included."""
    policy = policy_of(replace(EMPTY, signals={"drift": SignalConfig(rules=(config,))}))
    (rule,) = policy.rules_for(target_key("a@b"), signal_name("drift"))
    assert rule.limit == limit


def test_every_word_of_a_rule_counts() -> None:
    """Severity, times, sample sizes and the width of the calm zone arrive where they are used."""
    config = RuleConfig(
        name="spike",
        above=0.2,
        for_seconds=15.0,
        clear=0.5,
        keep_firing_seconds=300.0,
        min_samples=30,
        min_events=5,
        severity=Severity.WARN,
    )
    (rule,) = policy_of(replace(EMPTY, signals={"drift": SignalConfig(rules=(config,))})).rules[signal_name("drift")]
    assert (rule.name, rule.severity) == ("spike", Level.WARN)
    assert (rule.for_seconds, rule.clear_fraction, rule.keep_firing_seconds) == (15.0, 0.5, 300.0)
    assert (rule.min_samples, rule.min_events) == (30.0, 5.0)


def test_the_last_limit_that_matches_counts() -> None:
    """A limit for one target replaces the signal's own there; of two that match, the later one."""
    limits = (
        LimitConfig(match="fraud-*@*", signal="error_rate", above=0.1),
        LimitConfig(
            match="fraud-detector@prod-*", signal="error_rate", rules=(RuleConfig(above=0.05), RuleConfig(above=0.2))
        ),
    )
    policy = policy_of(replace(EMPTY, limits=limits))
    errors = signal_name("error_rate")

    def found(target: str) -> list[Limit]:
        return [rule.limit for rule in policy.rules_for(target_key(target), errors)]

    assert found("fraud-detector@prod-hk") == [Above(0.05), Above(0.2)]
    assert found("fraud-detector@staging") == [Above(0.1)]
    assert found("credit@prod-hk") == [rule.limit for rule in DEFAULT_RULES[errors]]


def test_a_limit_may_be_written_in_one_piece_and_in_several() -> None:
    """The rule that stands beside `match` counts together with those in its list."""
    limit = LimitConfig(match="*", signal="drift", above=0.3, rules=(RuleConfig(above=0.1, severity=Severity.WARN),))
    rules = policy_of(replace(EMPTY, limits=(limit,))).rules_for(target_key("a@b"), signal_name("drift"))
    assert [(rule.limit, rule.severity) for rule in rules] == [(Above(0.3), Level.BREACH), (Above(0.1), Level.WARN)]


def test_pointers_mean_what_the_file_says() -> None:
    """An alias stands for an environment and a role."""
    pointers = {
        "champion": PointerConfig(environment="prod"),
        "challenger": PointerConfig(environment="prod", role=Role.SHADOW),
    }
    policy = policy_of(replace(EMPTY, pointers=pointers))
    assert dict(policy.pointers) == {"champion": ("prod", Role.STABLE), "challenger": ("prod", Role.SHADOW)}


@pytest.mark.parametrize(
    ("name", "config", "group", "production"),
    [
        ("prod-hk", EnvironmentConfig(), "prod", True),
        ("live", EnvironmentConfig(), "live", True),
        ("staging", EnvironmentConfig(), "staging", False),
        ("hk", EnvironmentConfig(group="prod"), "prod", True),
        ("hk", EnvironmentConfig(group="asia"), "asia", False),
        ("hk", EnvironmentConfig(group="asia", production=True), "asia", True),
        ("prod-shadow", EnvironmentConfig(production=False), "prod", False),
    ],
)
def test_environments_belong_together_as_the_file_says(
    name: str, config: EnvironmentConfig, group: str, production: bool
) -> None:
    """Group and production are as written; otherwise they follow from the name."""
    policy = policy_of(replace(EMPTY, environments={name: config}))
    place = Environment(SafeText(name))
    assert (policy.group_of(place), policy.is_production(place)) == (group, production)


def test_an_environment_that_is_not_in_the_file_follows_its_name() -> None:
    """What appears in the metrics alone is grouped by the same rule."""
    policy = policy_of(EMPTY)
    assert policy.group_of(Environment(SafeText("prod-cn"))) == "prod"
    assert policy.is_production(Environment(SafeText("prod-cn")))
    assert not policy.is_production(Environment(SafeText("product")))


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        (("*",), (), {"fraud-a", "fraud-test", "credit"}),
        (("fraud-*",), (), {"fraud-a", "fraud-test"}),
        (("*",), ("*-test",), {"fraud-a", "credit"}),
        (("fraud-*", "credit"), ("*-test",), {"fraud-a", "credit"}),
    ],
)
def test_only_wanted_models_are_shown(include: tuple[str, ...], exclude: tuple[str, ...], wanted: set[str]) -> None:
    """Patterns decide which models belong to a context; an exclusion outweighs an inclusion."""
    policy = policy_of(replace(EMPTY, models=ModelsConfig(include=include, exclude=exclude)))
    assert {name for name in ("fraud-a", "fraud-test", "credit") if policy.wants(ModelName(SafeText(name)))} == wanted


def test_what_proves_a_version_is_the_files() -> None:
    """How long and with how much traffic a version must serve to be trusted comes from the file."""
    policy = policy_of(replace(EMPTY, proven_after_seconds=60.0, proven_share=0.9))
    assert (policy.proven_after_seconds, policy.proven_share) == (60.0, 0.9)
