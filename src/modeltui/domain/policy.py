"""What a team has decided: which signals, which rules where, which environments belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from modeltui.domain.health import Above, Change, Level, Rule
from modeltui.domain.names import Environment, ModelName, SignalName, TargetKey
from modeltui.domain.rollout import Role
from modeltui.domain.signal import (
    BUSINESS,
    CONFIDENCE,
    DRIFT,
    ERRORS,
    LATENCY,
    STANDARD_SIGNALS,
    THROUGHPUT,
    Signal,
)
from modeltui.domain.text import SafeText

TYPE_CHECKING = False
if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.comparison.sense import Sense


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What is known of a place before anything is read."""

    group: SafeText
    """Environments of one group should serve the same version: skew is a difference inside a group."""
    production: bool = False


@dataclass(frozen=True, slots=True)
class RulesFor:
    """Rules that replace the signal's own on matching targets."""

    match: SafeText
    """Shell pattern on `model@environment`."""
    signal: SignalName
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything `reduce` needs besides the events."""

    signals: tuple[Signal, ...]
    rules: Mapping[SignalName, tuple[Rule, ...]]
    overrides: tuple[RulesFor, ...] = ()
    pointers: Mapping[SafeText, tuple[Environment, Role]] = field(default_factory=dict)
    """What a registry's pointer names mean."""
    environments: Mapping[Environment, EnvironmentFacts] = field(default_factory=dict)
    include_models: tuple[str, ...] = ("*",)
    """Shell patterns; a model that matches none of them is not shown."""
    exclude_models: tuple[str, ...] = ()
    proven_after_seconds: float = 600.0
    """How long a version must serve within its limits to count as known good."""
    proven_share: float = 0.5
    """And with at least this share of the traffic: a canary proves nothing for all."""
    senses: Mapping[SafeText, Sense] = field(default_factory=dict)
    """How to read metrics of training and evaluation, by name."""
    hold_tags: tuple[str, ...] = ("legal_hold", "legal-hold", "hold", "retain")
    """Tags of a version that keep it for ever, unless their value is no, false or 0."""

    def rules_for(self, target: TargetKey, signal: SignalName) -> tuple[Rule, ...]:
        """Return the rules that count for one signal on one target; the last matching override wins."""
        for override in reversed(self.overrides):
            if override.signal == signal and fnmatchcase(str(target), override.match):
                return override.rules
        return self.rules.get(signal, ())

    def wants(self, model: ModelName) -> bool:
        """Tell whether a model belongs to this context."""
        if self.include_models == ("*",) and not self.exclude_models:
            return True
        if any(fnmatchcase(model, pattern) for pattern in self.exclude_models):
            return False
        return any(fnmatchcase(model, pattern) for pattern in self.include_models)

    def group_of(self, environment: Environment) -> SafeText:
        """Return the group of an environment: as configured, else the name up to its first `-`."""
        facts = self.environments.get(environment)
        return facts.group if facts else SafeText(environment.partition("-")[0])

    def is_production(self, environment: Environment) -> bool:
        """Tell whether people are served from here: as configured, else by the name."""
        facts = self.environments.get(environment)
        return facts.production if facts else self.group_of(environment) in ("prod", "production", "live")


def _rule(name: str, limit: Above | Change, severity: Level = Level.BREACH, **more: float) -> Rule:
    return Rule(SafeText(name), limit, severity, **more)


DEFAULT_RULES: Mapping[SignalName, tuple[Rule, ...]] = {
    SignalName(SafeText(signal)): rules
    for signal, rules in {
        # Twice the baseline and a percentage point more: both, else 0.01 % to 0.03 % wakes somebody.
        ERRORS: (
            _rule("error-spike", Change(1.0, margin=0.01), for_seconds=30.0, min_events=5.0),
            _rule("hard-errors", Above(0.20), for_seconds=15.0, min_events=5.0),
        ),
        LATENCY: (_rule("slower", Change(0.25, margin=0.02)),),
        # A version that answers half of what its share promises is losing requests somewhere.
        THROUGHPUT: (_rule("missing-traffic", Change(-0.5, margin=0.1), Level.WARN, min_samples=0.0),),
        # The classic example: confidence down by more than 15 % over a rolling five minutes.
        CONFIDENCE: (_rule("confidence-drop", Change(-0.15)),),
        # A gauge tells no sample size, and drift is mostly computed by the hour: it warns, no more.
        DRIFT: (
            _rule("drift", Above(0.1), Level.WARN, min_samples=0.0),
            _rule("strong-drift", Above(0.25), Level.WARN, min_samples=0.0),
        ),
        BUSINESS: (
            _rule("business-down", Change(-0.10, margin=0.005)),
            _rule("business-up", Change(0.10, margin=0.005), Level.WARN),
        ),
    }.items()
}
"""The defaults of the standard signals; the reasons for the figures are in the statistics of canaries."""

DEFAULT_POLICY = Policy(STANDARD_SIGNALS, DEFAULT_RULES)
