"""What a plan assumes of the world, and what moved since: named in the operator's words, empty while it holds.

The screens ask with a live `Target`, the runner with a freshly read `Rollout`; what only a target knows is compared
only with one.
"""

from __future__ import annotations

from collections.abc import Iterator

from modeltui.domain.acting.action import ActionKind, Desired, Premise
from modeltui.domain.acting.desired import desired_of, same_weights, weights_text
from modeltui.domain.acting.wording import whole_milliseconds
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.lineage import Known
from modeltui.domain.names import UNKNOWN, Missing, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text

_DIGEST_SHOWN = 19
"""`sha256:` and twelve digits: enough to see that two differ."""


def premise_of(fleet: Fleet, target: TargetKey, version: VersionId, digest: SafeText | Unknown) -> Premise:
    """Return the world as a plan that leads to `version` finds it."""
    known = fleet.targets.get(target) or Target(target)
    rollout = known.rollout
    stage = UNKNOWN if isinstance(rollout, Missing) else rollout.stage
    return Premise(
        desired=desired_of(rollout),
        revision=UNKNOWN if isinstance(rollout, Missing) else rollout.revision,
        stage=UNKNOWN if isinstance(stage, Missing) else stage.name,
        serving=known.serving,
        known_good=known_good_of(known),
        digest=digest,
        observed_at=whole_milliseconds(fleet.at),
    )


def known_good_of(target: Target) -> VersionId | Unknown:
    """Return the last known good version of a target."""
    return UNKNOWN if isinstance(target.known_good, Missing) else target.known_good.version


def digest_of(fleet: Fleet, target: TargetKey, version: VersionId) -> SafeText | Unknown:
    """Return the digest of a version's artifact, as far as the registry was asked and says one."""
    provenance = fleet.provenance.get((target.model, version))
    artifact = provenance.artifact if provenance is not None else None
    return artifact.value.digest if isinstance(artifact, Known) else UNKNOWN


def what_moved(
    premise: Premise, kind: ActionKind, seen: Target | Rollout | Unknown, digest: SafeText | Unknown = UNKNOWN
) -> tuple[SafeText, ...]:
    """Return what is no longer as the plan assumes; empty when it still holds.

    An abort asks only whether it is still the same rollout, whatever its step. Everything else asks for the desired
    traffic, the stable version, the candidate, the artifact's digest where both are known, and for a rollback the
    last known good version, which a `Rollout` does not tell.
    """
    rollout = seen.rollout if isinstance(seen, Target) else seen
    now = desired_of(rollout)
    before = premise.desired
    if isinstance(before, Missing) and isinstance(now, Missing):
        moved: tuple[SafeText, ...] = ()
    elif isinstance(before, Missing):
        moved = (SafeText("somebody says now who gets what; nobody did when the plan was made"),)
    elif isinstance(now, Missing):
        moved = (safe_text(f"nothing says any more who gets what; it was {weights_text(before.weights)}"),)
    else:
        moved = tuple(_between(before, now, with_weights=kind is not ActionKind.ABORT))
    if kind is not ActionKind.ABORT:
        moved += tuple(_digest(premise.digest, digest))
    if kind is ActionKind.ROLLBACK and isinstance(seen, Target):
        moved += tuple(_known_good(premise.known_good, known_good_of(seen)))
    return moved


def what_moved_in(
    premise: Premise, kind: ActionKind, fleet: Fleet, target: TargetKey, version: VersionId
) -> tuple[SafeText, ...]:
    """Return what moved by a whole fleet: for a screen that redraws at each change."""
    return what_moved(premise, kind, fleet.targets.get(target, UNKNOWN), digest_of(fleet, target, version))


def _between(before: Desired, now: Desired, *, with_weights: bool) -> Iterator[SafeText]:
    names = False
    if before.stable != now.stable:
        names = True
        yield safe_text(f"stable {before.stable} is now {now.stable}")
    if before.candidate != now.candidate:
        names = True
        yield _candidate(before.candidate, now.candidate)
    # Other shares of other versions are one piece of news, not two.
    if with_weights and not names and not same_weights(before.weights, now.weights):
        yield safe_text(f"traffic was {weights_text(before.weights)} and is now {weights_text(now.weights)}")


def _candidate(before: VersionId | Unknown, now: VersionId | Unknown) -> SafeText:
    if isinstance(before, Missing):
        return safe_text(f"there was no candidate, and now it is {now}")
    if isinstance(now, Missing):
        return safe_text(f"candidate {before} is no longer being rolled out")
    return safe_text(f"candidate {before} is now {now}")


def _digest(before: SafeText | Unknown, now: SafeText | Unknown) -> Iterator[SafeText]:
    if isinstance(before, Missing) or isinstance(now, Missing) or before == now:
        return
    yield safe_text(f"the artifact {before[:_DIGEST_SHOWN]} is now {now[:_DIGEST_SHOWN]}")


def _known_good(before: VersionId | Unknown, now: VersionId | Unknown) -> Iterator[SafeText]:
    if before == now:
        return
    if isinstance(before, Missing):
        yield safe_text(f"no version was known to be good, and now {now} is")
    elif isinstance(now, Missing):
        yield safe_text(f"{before} is no longer known to be good")
    else:
        yield safe_text(f"last known good {before} is now {now}")
