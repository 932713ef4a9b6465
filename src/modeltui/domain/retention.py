"""Which versions of a model nobody needs any more, and which must be kept, and why. Nothing here deletes anything.

A version may be pruned only when all of this is known, and known to be so: it serves nowhere and should serve
nowhere, it is no candidate and no shadow, no job is bound to it, it is not gold, nothing points at it, no tag holds
it, no version that serves is made of it or derived from it, and it is older than what serves. What is not known
keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from modeltui.domain.fleet import Fleet, SourceCondition, SourceKind, Target
from modeltui.domain.gold import GOLD, gold_of
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.lineage import Artifact, Unreadable
from modeltui.domain.names import UNKNOWN, Missing, ModelName, Unknown, VersionId
from modeltui.domain.references import References, said
from modeltui.domain.relatives import needs_of_serving, versions_on
from modeltui.domain.retained import Keep, KeepReason, Retained, Retention
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.text import safe_text
from modeltui.domain.told import told_of
from modeltui.domain.version import Version

ON_ITS_WAY_SECONDS: Final = 90 * 86_400.0
"""How long a version that is younger than what serves may be on its way: reviews take weeks, not seasons."""
_RELEASED: Final = frozenset({"no", "false", "0"})
"""Values of a tag that hold nothing; any other holds, also none."""
_MAP_IT: Final = "pointers: must say which alias or stage serves in which environment, or a source of rollouts must"
_MEASURE_IT: Final = (
    "a metrics source (prometheus, scrape) must see who answers there: a registry alone says what should serve, never"
    " what does, and never makes a version prunable"
)
_READ_IT: Final = "the journal must be readable: modeltui journal verify says what is wrong with it"
_OBSERVE_IT: Final = (
    "modeltui observe --every 5m, kept running beside a metrics source, speaks for versions that are registered after"
    f" it began; older ones are kept until {GOLD} good versions are known there, each by metrics that were within all"
    " limits for long enough, or by a controller's record"
)
_MEASURING: Final = frozenset({SourceKind.METRICS, SourceKind.ROLLOUTS, SourceKind.REGISTRY})


def retention(fleet: Fleet, model: ModelName, history: Iterable[Interval] | Unknown = UNKNOWN) -> Retention:
    """Return which versions of a model may be pruned, and what keeps the others.

    `history` is what served when as far as it is known, gaps included, since the oldest version was registered;
    unknown where no journal could be read.
    """
    troubles = tuple(_troubles(fleet, model))
    references = References(fleet)
    past = history if isinstance(history, Missing) else tuple(one for one in history if one.target.model == model)
    needs = needs_of_serving(fleet, model, references)
    listed = fleet.versions.get(model, ())
    files = {one.id: _artifacts(fleet, model, one.id) for one in listed}
    kept = []
    for version in listed:
        reasons = (
            *_on_targets(fleet, version),
            *_held(fleet, version),
            *_gold(fleet, version, past),
            *(KeepReason(Keep(need.why), need.says) for need in needs if need.concerns(version.id)),
            *_newer(fleet, version),
            *troubles,
        )
        sizes = {artifact.size_bytes for artifact in files[version.id]}
        size = sizes.pop() if len(sizes) == 1 else UNKNOWN
        kept.append(Retained(version.id, tuple(dict.fromkeys(reasons)), size, _same_files(version.id, files)))
    return Retention(model, tuple(kept), troubles)


def _unknown(says: str, remedy: str = "") -> KeepReason:
    return KeepReason(Keep.UNKNOWN, safe_text(says, 400), safe_text(remedy, 400))


def _troubles(fleet: Fleet, model: ModelName) -> Iterator[KeepReason]:
    """Yield what nobody knows of the whole model."""
    for source in fleet.sources.values():
        condition = source.condition(fleet.at)
        if source.kind in _MEASURING and condition is not SourceCondition.FRESH:
            says = f"{source.name} is {condition.value}: it may know that this version is needed"
            yield _unknown(says, f"{source.name} must answer: modeltui doctor says what is wrong with it")
    if model not in fleet.versions:
        yield _unknown("no registry has listed the versions")
    if model not in fleet.models:
        yield _unknown("no registry lists the model: nobody knows what points at its versions")
    targets = tuple(fleet.environments_of(model))
    if not targets:
        yield _unknown("no target of the model is known: nobody can say that it serves nowhere", _MAP_IT)
    listed = {one.id for one in fleet.versions.get(model, ())}
    for target in targets:
        yield from _untold_target(target)
        for version in sorted(versions_on(target) - listed):
            yield _unknown(f"{target.key} names {version}, which no registry lists: it may be any, spelled otherwise")
    yield from _untold_models(fleet, model)


def _untold_models(fleet: Fleet, model: ModelName) -> Iterator[KeepReason]:
    """Yield that a registry, a model or a name is not looked at that may need a version."""
    owner = fleet.models[model].source if model in fleet.models else UNKNOWN
    for source, models in fleet.listings.items():
        if model in models and source != owner:
            yield _unknown(f"{source} lists the model too, and what points at its versions there is not looked at")
    if fleet.policy.include_models != ("*",) or fleet.policy.exclude_models:
        yield _unknown("this context leaves models out (models: include, exclude): one that serves may be made of it")
    for other in fleet.places:
        if other != model and other not in fleet.models and _plain_name(other) == _plain_name(model):
            yield _unknown(f"{other} serves and no registry lists it: it may be this model, spelled otherwise")


def _plain_name(model: ModelName) -> str:
    return "".join(sign for sign in model.casefold() if sign.isalnum())


def _untold_target(target: Target) -> Iterator[KeepReason]:
    if not isinstance(target.rollout, Rollout):
        yield _unknown(f"nobody says what should serve on {target.key}", _MAP_IT)
    elif isinstance(target.rollout.stable, Missing) and not target.rollout.weights:
        yield _unknown(f"{target.rollout.source} does not say what should serve on {target.key}", _MAP_IT)
    if not target.is_serving_observed:
        yield _unknown(f"nobody measures who answers on {target.key}", _MEASURE_IT)


def _on_targets(fleet: Fleet, version: Version) -> Iterator[KeepReason]:
    for target in fleet.environments_of(version.model):
        yield from _on_target(target, version.id)


def _on_target(target: Target, version: VersionId) -> Iterator[KeepReason]:
    served = target.version(version)
    roles = {Role.STABLE: Keep.STABLE, Role.CANDIDATE: Keep.CANDIDATE, Role.SHADOW: Keep.SHADOW}
    role = target.rollout.role_of(version) if isinstance(target.rollout, Rollout) else Role.UNASSIGNED
    weights = target.rollout.weights if isinstance(target.rollout, Rollout) else {}
    if not isinstance(served, Missing):
        if isinstance(served.observed, float) and served.observed > 0:
            yield KeepReason(Keep.SERVES, safe_text(f"it answers requests on {target.key}"))
        elif served.cells:
            yield KeepReason(Keep.MEASURED, safe_text(f"{target.key} still measures it"))
        role = role if role in roles else served.role
    if weights.get(version, 0.0) > 0:
        yield KeepReason(Keep.DESIRED, safe_text(f"it should serve on {target.key}"))
    if role in roles:
        yield KeepReason(roles[role], safe_text(f"it is the {role.value} version on {target.key}"))
    jobs = target.rollout.jobs if isinstance(target.rollout, Rollout) else ()
    for job in jobs:
        if job.version == version:
            yield KeepReason(Keep.JOB, safe_text(f"{job.name} is bound to it on {target.key}"))


def _held(fleet: Fleet, version: Version) -> Iterator[KeepReason]:
    """Yield what points at it, and what holds it; where nobody could read its tags a hold may be among them."""
    model = fleet.models.get(version.model)
    pointers = [
        *version.pointers,
        *(one.name for one in (model.pointers if model else ()) if one.version == version.id),
    ]
    for name in dict.fromkeys(pointers):
        yield KeepReason(Keep.POINTER, safe_text(f"{name} points at it"))
    told = told_of(fleet, (version.model, version.id))
    tags = [*version.tags, *(model.tags if model else ())]
    if isinstance(told, Missing):
        yield _unknown("nobody has read where it comes from: a hold may stand there")
    else:
        tags += [row for table in said(told.tags) for row in table.items()]
        if isinstance(told.tags, Unreadable):
            yield _unknown(f"its tags cannot be read, a hold may be among them: {told.tags.reason}")
    for source, reason in fleet.untold.get((version.model, version.id), {}).items():
        yield _unknown(f"{source} could not say where it comes from, a hold may stand there: {reason}")
    if fleet.awaited.get((version.model, version.id)):
        yield _unknown("not all sources have answered yet")
    names = {_tag_name(name) for name in fleet.policy.hold_tags}
    for name, value in dict.fromkeys(tags):
        if _tag_name(name) in names and value.strip().lower() not in _RELEASED:
            yield KeepReason(Keep.HOLD, safe_text(f"the tag {name}={value} holds it", 300))


def _tag_name(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _gold(fleet: Fleet, version: Version, history: Iterable[Interval] | Unknown) -> Iterator[KeepReason]:
    """Yield where it is gold, and where it may be: fewer than three are known there, and it may have served."""
    for target in fleet.environments_of(version.model):
        gold = [good.version for good in gold_of(fleet, target)]
        if version.id in gold:
            place = gold.index(version.id) + 1
            which = "the last known good version" if place == 1 else f"number {place} of the last known good versions"
            yield KeepReason(Keep.GOLD, safe_text(f"it is {which} on {target.key}"))
        elif len(gold) < GOLD:
            may = _may_have_served(target, version, history)
            if may:
                says = f"only {len(gold)} of {GOLD} good versions are known on {target.key}, and {may}"
                yield _unknown(says, _READ_IT if isinstance(history, Missing) else _OBSERVE_IT)


def _may_have_served(target: Target, version: Version, history: Iterable[Interval] | Unknown) -> str:
    """Return why it may have served a target well; empty when it is known that it did not serve there."""
    if isinstance(history, Missing):
        return "nobody could read the record of what served there"
    there = [one for one in history if one.target == target.key]
    records = target.rollout.served if isinstance(target.rollout, Rollout) else ()
    served = {*(one.version for one in there), *(span.version for span in target.spans)}
    if version.id in served or any(version.id == record.version for record in records):
        return "it has served there"
    if isinstance(version.created_at, Missing):
        return "nobody knows how old it is"
    # Before its registration it cannot have served; a history that begins later says nothing of the time between.
    if not there or min(one.since for one in there) > version.created_at:
        return "nobody knows what served there since it was registered"
    if any(one.is_gap and one.until > version.created_at for one in there):
        return "nobody knows all that has served there since it was registered"
    return ""


def _newer(fleet: Fleet, version: Version) -> Iterator[KeepReason]:
    """Yield that it may be on its way: it is younger than the youngest version that a target trusts."""
    registered = {one.id: one.created_at for one in fleet.versions.get(version.model, ())}
    stable = {target.stable for target in fleet.environments_of(version.model)}
    ages = [at for name, at in registered.items() if name in stable and not isinstance(at, Missing)]
    if isinstance(version.created_at, Missing) or not ages:
        yield _unknown("nobody knows whether it is younger than what serves, and on its way")
    elif version.created_at > max(ages) and fleet.at - version.created_at < ON_ITS_WAY_SECONDS:
        yield KeepReason(Keep.NEWER, safe_text("it is new, registered after every version that serves"))


def _artifacts(fleet: Fleet, model: ModelName, version: VersionId) -> tuple[Artifact, ...]:
    """Return what is said of the files of a version; several where sources contradict each other."""
    told = told_of(fleet, (model, version))
    return () if isinstance(told, Missing) else said(told.artifact)


def _same_files(version: VersionId, files: Mapping[VersionId, tuple[Artifact, ...]]) -> tuple[VersionId, ...]:
    return tuple(
        other
        for other, theirs in files.items()
        if other != version and any(_is_same(mine, one) for mine in files[version] for one in theirs)
    )


def _is_same(one: Artifact, other: Artifact) -> bool:
    return one.uri == other.uri or (one.digest == other.digest and not isinstance(one.digest, Missing))
