"""Why a plan leads where it leads, and what a refusal offers instead."""

from __future__ import annotations

from modeltui.domain.acting import checks as look
from modeltui.domain.acting.action import Desired
from modeltui.domain.acting.desired import is_as_desired, whole_traffic
from modeltui.domain.acting.premise import known_good_of
from modeltui.domain.acting.situation import Situation, trusted_versions
from modeltui.domain.acting.wording import command_text, names_text
from modeltui.domain.fleet import Target
from modeltui.domain.health import Level
from modeltui.domain.names import Missing, TargetKey, Unknown, VersionId


def harm_text(target: Target, version: VersionId) -> str:
    """Return what is wrong with a version, as the end of a clause."""
    served = target.version(version)
    if isinstance(served, Missing) or served.level < Level.WARN:
        return ""
    bad = names_text(name for name, cell in served.cells.items() if cell.verdict.level is served.level)
    return f", {'in breach' if served.level is Level.BREACH else 'near its limits'}: {bad}"


def why_text(situation: Situation, target: Target, version: VersionId, *, is_chosen: bool) -> str:
    """Return the evidence for a version, and what is wrong with the one that serves."""
    good = next((g for g in trusted_versions(situation.fleet, target, situation.now) if g.version == version), None)
    says = (
        f"{version} {look.evidence_text(good, situation.now)}"
        if good
        else f"{version} is not known to have served well here"
    )
    if is_chosen:
        best = known_good_of(target)
        known = "no version is known to be good" if isinstance(best, Missing) else f"the last known good is {best}"
        says = f"chosen, {known}; {says}"
    serving = target.serving
    harm = "" if isinstance(serving, Missing) or serving == version else harm_text(target, serving)
    return f"{says}{f'; {serving} serves{harm}' if harm else ''}"


def next_known_good(situation: Situation, target: Target, version: VersionId | Unknown) -> str:
    """Return what to try instead of a version: the next one that evidence speaks for."""
    best = known_good_of(target)
    if (
        not isinstance(best, Missing)
        and best != version
        and not is_as_desired(target.rollout, Desired(whole_traffic(best), best))
    ):
        return f"the last known good is {best}: {command_text('modeltui', 'plan', 'rollback', str(target.key))}"
    trusted = trusted_versions(situation.fleet, target, situation.now)
    for good in trusted:
        if good.version not in (version, target.stable):
            says = f"the next known good is {good.version}, which {look.evidence_text(good, situation.now)}"
            command = command_text("modeltui", "plan", "rollback", str(target.key), "--to", good.version)
            return f"{says}: {command}"
    listing = command_text("modeltui", "versions", target.key.model)
    return f"no other version is known to be good here; {listing} lists what there is"


def way_instead(situation: Situation, target: Target) -> str:
    """Return the way back from a stable version, for whoever looked for a rollout."""
    best = known_good_of(target)
    if isinstance(best, Missing) or best == target.stable:
        return f"to leave {target.stable}: {next_known_good(situation, target, target.stable)}"
    command = command_text("modeltui", "plan", "rollback", str(target.key))
    return f"to go back to {best}, the last known good version: {command}"


def known_places(situation: Situation, key: TargetKey) -> str:
    """Return where a model serves, for whoever named a place where it does not."""
    places = situation.fleet.places.get(key.model, ())
    if places:
        return f"{key.model} serves at {names_text(str(place.environment) for place in places)}"
    return "modeltui status lists every target"
