"""What an operator's words mean: models, targets, versions, and names that become versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeltui.cli.session import UnansweredError, WrongNameError
from modeltui.config.problems import did_you_mean
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.names import UNKNOWN, Environment, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.references import References
from modeltui.domain.text import safe_text

WORDS = ("serving", "last-known-good", "stable", "candidate")
"""Words for a version of a target; what a registry calls a version or a pointer comes first."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The version that a word means."""

    version: VersionId
    because: str = ""
    """What the word became, in one sentence; empty when the version itself was written."""


def model_named(fleet: Fleet, word: str, *, is_whole: bool) -> ModelName:
    """Return the model that a word names; `is_whole`: all sources answered, so a name that is not there is wrong."""
    name = ModelName(safe_text(word))
    if name in fleet.models or name in fleet.places:
        return name
    if not is_whole:
        raise UnansweredError(f"no model {word!r} is known, and not all sources answered", "modeltui doctor says why")
    known = {*fleet.models, *fleet.places}
    says = f"no registry and no target has a model {word!r}{did_you_mean(word, known)}"
    raise WrongNameError(says, f"{len(known)} models are known")


def target_named(fleet: Fleet, model: ModelName, wanted: str | None, environment: str | None) -> Target | Unknown:
    """Return the target that `--target` or `--env` names; unknown where neither is given."""
    if wanted is not None and "@" in wanted:
        named, _, environment = wanted.rpartition("@")
        if safe_text(named) != model:
            raise WrongNameError(f"--target {wanted!r} is no target of {model}", f"write --target {model}@ENV")
    elif wanted is not None:
        environment = wanted
    if environment is None:
        return UNKNOWN
    key = TargetKey(model, Environment(safe_text(environment)))
    if key in fleet.targets:
        return fleet.targets[key]
    known = [str(target.key.environment) for target in fleet.environments_of(model)]
    says = f"{model} does not serve in {environment!r}{did_you_mean(environment, known)}"
    raise WrongNameError(says, f"it serves in {', '.join(known)}" if known else "no target of it is known")


def version_named(
    fleet: Fleet, model: ModelName, word: str, target: Target | Unknown = UNKNOWN, *, is_whole: bool = True
) -> Meant:
    """Return the version that a word means: a version, a pointer of the registry, or a word for one of a target."""
    name = VersionId(safe_text(word))
    known = References(fleet).versions_of(model)
    if name in known:
        return Meant(name)
    pointed = _pointed(fleet, model, word)
    if pointed is not None:
        return Meant(pointed, f"{word} is {pointed}: the registry's pointer")
    if word in WORDS or word == "lkg":
        return _of_targets(fleet, model, word, target)
    if not is_whole and model not in fleet.versions:
        raise UnansweredError(
            f"{model} {word} is not known, and not all sources answered", "modeltui doctor says which, and why"
        )
    pointers = [pointer.name for pointer in fleet.models[model].pointers] if model in fleet.models else []
    says = f"{model} has no version {word!r}{did_you_mean(word, (*known, *pointers, *WORDS))}"
    raise WrongNameError(says, f"{len(known)} versions are known: modeltui versions {model} lists them")


def _pointed(fleet: Fleet, model: ModelName, word: str) -> VersionId | None:
    registered = fleet.models.get(model)
    for pointer in registered.pointers if registered else ():
        if pointer.name == word:
            return pointer.version
    return next((one.id for one in fleet.versions.get(model, ()) if word in one.pointers), None)


def _of_targets(fleet: Fleet, model: ModelName, word: str, target: Target | Unknown) -> Meant:
    """Return what a word means on a target; without one, on all of the model, or else on those that serve people."""
    targets = list(fleet.environments_of(model)) if isinstance(target, Missing) else [target]
    told = {one.key: version for one in targets if not isinstance(version := _on(one, word), Missing)}
    if not told:
        where = model if isinstance(target, Missing) else str(target.key)
        says = f"nobody knows the {word} version of {where}"
        raise UnansweredError(says, "name a version; modeltui versions lists them")
    serious = {key: one for key, one in told.items() if fleet.policy.is_production(key.environment)}
    meant = serious if len(set(told.values())) > 1 and len(set(serious.values())) == 1 else told
    if len(set(meant.values())) > 1:
        says = f"{word} means more than one version of {model}: {_by_place(told)}"
        raise WrongNameError(says, "say whose: --env ENV")
    version = next(iter(meant.values()))
    others = {key: one for key, one in told.items() if key not in meant}
    elsewhere = f"; elsewhere {_by_place(others)}" if others else ""
    return Meant(version, f"{word} is {version} on {', '.join(key.environment for key in meant)}{elsewhere}")


def _by_place(versions: Mapping[TargetKey, VersionId]) -> str:
    return "; ".join(f"{version} on {key.environment}" for key, version in versions.items())


def _on(target: Target, word: str) -> VersionId | Unknown:
    match word:
        case "serving":
            return target.serving
        case "stable":
            return target.stable
        case "candidate":
            return target.candidate
    return UNKNOWN if isinstance(target.known_good, Missing) else target.known_good.version
