"""What writing to an embedded world promises. Imports nothing that can write."""

from __future__ import annotations

from typing import Any, Final

from modeltui.domain.acting.action import Desired, Guarantee, WritingPromise
from modeltui.domain.names import Missing, TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings

KIND: Final = "embedded"
WRITER: Final = "modeltui.adapters.embedded.rollout_writer"
"""The module that writes; loaded in the actor process only."""

_SAYS: Final = SafeText(
    "The world compares the revision and changes the target in one transaction: whoever moved it first wins, and "
    "nothing is ever half written."
)


def promise(options: Any, surroundings: Surroundings, policy: Policy) -> WritingPromise:
    """Return what writing to the world of a source promises."""
    return WritingPromise(
        source=surroundings.source,
        backend=SafeText(KIND),
        guarantee=Guarantee.NATIVE,
        says=_SAYS,
        splits_traffic=True,
        finds_own_writes=True,
    )


def writes_to(target: TargetKey, options: Any, surroundings: Surroundings, policy: Policy) -> SafeText:
    """Return which row of which file is changed."""
    return safe_text(f"{target} in {(surroundings.base_directory / options.path).absolute()}", 1_500)


def call(target: TargetKey, seen: Rollout, desired: Desired, policy: Policy) -> SafeText:
    """Return what the world will be told, in its own words."""
    weights = ", ".join(f"{version} {100 * share:g} %" for version, share in desired.weights)
    candidate = "none" if isinstance(desired.candidate, Missing) else desired.candidate
    revision = "unknown" if isinstance(seen.revision, Missing) else seen.revision
    return safe_text(
        f"set {target}: weights {weights}; stable {desired.stable}; candidate {candidate}; if revision is {revision}",
        400,
    )
