"""Who shall get what, as a value: read from a rollout, compared with one, and led over to another in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modeltui.domain.acting.action import Desired, Weights
from modeltui.domain.names import UNKNOWN, Missing, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText

SAME_SHARE = 1e-6
"""Shares that differ by less are the same: controllers keep whole percents, and arithmetic is not exact."""
_DIGITS = 6


def whole_traffic(version: VersionId) -> Weights:
    """Return all traffic on one version."""
    return ((version, 1.0),)


def weights_of(shares: Mapping[VersionId, float]) -> Weights:
    """Return shares in their order, without those that get nothing, adding up to 1; nothing when nobody gets any.

    Raises nothing: what is negative or no number counts as nothing.
    """
    real = {version: share for version, share in shares.items() if 0.0 < share < float("inf")}
    whole = sum(real.values())
    if not 0.0 < whole < float("inf"):
        return ()
    scaled = {version: round(share / whole, _DIGITS) for version, share in real.items()}
    scaled = {version: share for version, share in scaled.items() if share > 0.0}
    largest = max(scaled, key=lambda version: (scaled[version], version))
    rest = sum(share for version, share in scaled.items() if version != largest)
    scaled[largest] = round(1.0 - rest, _DIGITS)
    return tuple(sorted(scaled.items(), key=lambda pair: (-pair[1], pair[0])))


def share_of(weights: Weights, version: VersionId) -> float:
    """Return what a version gets, 0 when it is not named."""
    return dict(weights).get(version, 0.0)


def same_weights(one: Weights, other: Weights) -> bool:
    """Tell whether every version gets the same share."""
    versions = {version for version, _ in (*one, *other)}
    return all(abs(share_of(one, version) - share_of(other, version)) <= SAME_SHARE for version in versions)


def desired_of(rollout: Rollout | Unknown) -> Desired | Unknown:
    """Return what a controller or its pointers were told; unknown where nobody names the version to trust.

    Pointers that name two versions name no shares: the weights are empty then.
    """
    if isinstance(rollout, Missing):
        return UNKNOWN
    weights = weights_of(rollout.weights)
    stable = rollout.stable
    if isinstance(stable, Missing):
        if not weights:
            return UNKNOWN
        stable = weights[0][0]
    return Desired(weights, stable, _other(rollout.candidate, stable))


def is_as_desired(rollout: Rollout | Unknown, desired: Desired) -> bool:
    """Tell whether a target is told exactly this: the versions and, where it names shares, the shares."""
    told = desired_of(rollout)
    if isinstance(told, Missing):
        return False
    names = told.stable == desired.stable and told.candidate == _other(desired.candidate, desired.stable)
    return names and (not told.weights or same_weights(told.weights, desired.weights))


def as_rollout(rollout: Rollout, desired: Desired) -> Rollout:
    """Return the target as it will be described once it is as desired."""
    return replace(
        rollout,
        weights=dict(desired.weights),
        stable=desired.stable,
        candidate=_other(desired.candidate, desired.stable),
        revision=UNKNOWN,
    )


def blend(before: Weights, to: VersionId, share: float) -> Weights:
    """Return the traffic with `share` on one version, and the rest on the others in their present proportion."""
    others = {version: amount for version, amount in before if version != to}
    whole = sum(others.values())
    if share >= 1.0 or whole <= 0.0:
        return whole_traffic(to)
    return weights_of({to: share, **{version: (1.0 - share) * amount / whole for version, amount in others.items()}})


def percent_text(share: float) -> SafeText:
    """Return a share as sentences have it: `5 %`, `0.1 %`."""
    text = f"{share * 100:.4g}" if share <= 0.0 or share * 100 >= 0.01 else "less than 0.01"
    return SafeText(f"{text} %")


def weights_text(weights: Weights) -> SafeText:
    """Return who gets what in one phrase: `95 % 2.3.1, 5 % 3.0.0`."""
    if not weights:
        return SafeText("shares that nobody names")
    return SafeText(", ".join(f"{percent_text(share)} {version}" for version, share in weights))


def _other(candidate: VersionId | Unknown, stable: VersionId) -> VersionId | Unknown:
    return UNKNOWN if candidate == stable else candidate
