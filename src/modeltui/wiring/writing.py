"""Which source of a context can be written through, and what that promises; loads no writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modeltui import plugins
from modeltui.config.load import Loaded
from modeltui.config.policy import policy_of
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import Desired, Refusal, WritingPromise
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import SourceName, TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.situating import Writing
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from modeltui.wiring.observing import checked_plans


@dataclass(frozen=True, slots=True)
class WritableSource:
    """A source that can be written through, with everything that its writer is opened with."""

    writing: plugins.Writing
    options: Any
    surroundings: Surroundings
    policy: Policy
    promise: WritingPromise

    def call(self, target: TargetKey, seen: Rollout, desired: Desired) -> SafeText:
        """Return what the backend will be told, in its words."""
        return self.writing.call(target, seen, desired, self.policy)

    def writes_to(self, target: TargetKey) -> SafeText:
        """Return where the writes to a target go: what a plan is bound to."""
        return self.writing.writes_to(target, self.options, self.surroundings, self.policy)


def writable_sources(
    loaded: Loaded, clock: Clock, secrets: SecretStore
) -> Iterator[tuple[SourceName, WritableSource | Refusal]]:
    """Yield each source whose kind can write, by the name that its rollouts carry; why not, where it fails to load.

    May take seconds: a secret may be a command.
    """
    policy = policy_of(loaded.context)
    for plan in checked_plans(loaded, secrets):
        try:
            writing = plugins.writing(plan.config.kind)
            if writing is None or writing.port is not plan.adapter.port:
                continue
            surroundings = Surroundings(
                plan.name, clock, policy.signals, secret=secrets.resolve, base_directory=plan.config.base_directory
            )
            promise = writing.promise(plan.options, surroundings, policy)
        except ConfigError as error:
            yield plan.name, Refusal(safe_text(error.title, 400), safe_text(error.remedy, 400))
            continue
        yield plan.name, WritableSource(writing, plan.options, surroundings, policy, promise)


def writings(loaded: Loaded, clock: Clock, secrets: SecretStore) -> dict[SourceName, Writing | Refusal]:
    """Return what writing through each source promises, for whoever makes plans."""
    return {
        name: source if isinstance(source, Refusal) else Writing(source.promise, source.call, source.writes_to)
        for name, source in writable_sources(loaded, clock, secrets)
    }
