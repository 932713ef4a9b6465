"""The configured context as the domain needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modeltui.config.schema import ContextConfig, EvaluationConfig, LimitConfig, RuleConfig, Severity, SignalConfig
from modeltui.domain.health import Above, Below, Change, Level, Limit, Rule
from modeltui.domain.names import Environment, SignalName
from modeltui.domain.policy import DEFAULT_RULES, EnvironmentFacts, Policy, RulesFor
from modeltui.domain.signal import STANDARD_SIGNALS, Direction, Signal, Unit
from modeltui.domain.text import SafeText, safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modeltui.domain.comparison.sense import Sense


def policy_of(context: ContextConfig) -> Policy:
    """Return the policy of a context: the standard signals and rules, as changed by the file."""
    signals = {signal.name: replace(signal, max_age_seconds=context.max_age_seconds) for signal in STANDARD_SIGNALS}
    rules = dict(DEFAULT_RULES)
    for key, config in context.signals.items():
        name = SignalName(safe_text(key))
        signals[name] = _signal(name, config, signals.get(name), context.max_age_seconds)
        if config.rules is not None:
            rules[name] = tuple(_rule(rule) for rule in config.rules)
    environments = {
        Environment(safe_text(key)): EnvironmentFacts(
            safe_text(facts.group or key.partition("-")[0]),
            facts.production if facts.production is not None else _looks_like_production(facts.group or key),
        )
        for key, facts in context.environments.items()
    }
    return Policy(
        signals=tuple(signals.values()),
        rules=rules,
        overrides=tuple(_override(limit) for limit in context.limits),
        pointers={
            safe_text(alias): (Environment(safe_text(meaning.environment)), meaning.role)
            for alias, meaning in context.pointers.items()
        },
        environments=environments,
        include_models=context.models.include,
        exclude_models=context.models.exclude,
        proven_after_seconds=context.proven_after_seconds,
        proven_share=context.proven_share,
        senses=_senses(context.evaluation) if context.evaluation else {},
        hold_tags=context.hold_tags,
    )


def _senses(evaluation: Mapping[str, EvaluationConfig]) -> Mapping[SafeText, Sense]:
    from modeltui.domain.comparison.sense import Better, Sense  # loaded by those that compare

    return {
        safe_text(name): Sense(Better(metric.better.value), safe_text(metric.unit))
        for name, metric in evaluation.items()
    }


def _looks_like_production(name: str) -> bool:
    return name.partition("-")[0] in ("prod", "production", "live")


def _signal(name: SignalName, config: SignalConfig, known: Signal | None, max_age_seconds: float) -> Signal:
    base = known or Signal(
        name, safe_text(name[:5].upper()), Unit.NUMBER, Direction.HIGHER_IS_WORSE, max_age_seconds=max_age_seconds
    )
    return replace(
        base,
        title=safe_text(config.title) if config.title else base.title,
        unit=config.unit or base.unit,
        direction=config.direction or base.direction,
        window_seconds=config.window_seconds or base.window_seconds,
        max_age_seconds=config.max_age_seconds or base.max_age_seconds,
    )


def _override(limit: LimitConfig) -> RulesFor:
    rules = tuple(_rule(rule) for rule in limit.all_rules())
    return RulesFor(safe_text(limit.match), SignalName(safe_text(limit.signal)), rules)


def _rule(config: RuleConfig) -> Rule:
    return Rule(
        name=safe_text(config.name),
        limit=_limit(config),
        severity=Level.BREACH if config.severity is Severity.BREACH else Level.WARN,
        for_seconds=config.for_seconds,
        clear_fraction=config.clear,
        keep_firing_seconds=config.keep_firing_seconds,
        min_samples=float(config.min_samples),
        min_events=float(config.min_events),
    )


def _limit(config: RuleConfig) -> Limit:
    if config.above is not None:
        return Above(config.above)
    if config.below is not None:
        return Below(config.below)
    return Change(config.change if config.change is not None else 0.0, config.margin)
