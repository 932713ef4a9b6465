"""What writing to the staged world promises."""

from __future__ import annotations

from modeltui.domain.acting.action import Desired, Guarantee, WritingPromise
from modeltui.domain.names import TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from tests.runner.staged.world import KIND, Options

__all__ = ["KIND", "WRITER", "call", "promise", "writes_to"]
WRITER = "tests.runner.staged.writer"


def promise(options: Options, surroundings: Surroundings, policy: Policy) -> WritingPromise:
    """Return a promise that is kept."""
    says = SafeText("compares the revision")
    return WritingPromise(surroundings.source, SafeText(KIND), Guarantee.NATIVE, says, True, True)


def writes_to(target: TargetKey, options: Options, surroundings: Surroundings, policy: Policy) -> SafeText:
    """Return the directory."""
    return safe_text(f"{target} in {surroundings.base_directory / options.directory}", 1_000)


def call(target: TargetKey, seen: Rollout, desired: Desired, policy: Policy) -> SafeText:
    """Return what will be written."""
    return safe_text(f"put {target} {dict(desired.weights)}")
