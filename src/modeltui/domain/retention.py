"""Which versions of a model nobody needs any more, and which must be kept, and why. Nothing here deletes anything.

A version may be pruned only when all of this is known, and known to be so: it serves nowhere and should serve
nowhere, it is no candidate and no shadow, no job is bound to it, it is not gold, nothing points at it, no tag holds
it, no version that serves is made of it or derived from it, and it is older than what serves. What is not known
keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modeltui.domain.fleet import Fleet, SourceCondition, SourceKind, Target
from modeltui.domain.gold import GOLD, gold_of
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.lineage import Artifact, Provenance, Unreadable
from modeltui.domain.names import NO_DATA, UNKNOWN, Missing, ModelName, NoData, Unknown, VersionId
from modeltui.domain.references import References, said
from modeltui.domain.relatives import needs_of_serving
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.told import told_of
from modeltui.domain.version import Version

ON_ITS_WAY_SECONDS: Final = 90 * 86_400.0
"""How long a version that is younger than what serves may be on its way: reviews take weeks, not seasons."""
_RELEASED: Final = frozenset({"no", "false", "0"})
"""Values of a tag that hold nothing; any other holds, also none."""
_MEASURING: Final = frozenset({SourceKind.METRICS, SourceKind.ROLLOUTS, SourceKind.REGISTRY})


class Keep(StrEnum):
    """Why a version is kept."""

    SERVES = "serves"
    DESIRED = "should serve"
    STABLE = "stable"
    CANDIDATE = "candidate"
    SHADOW = "shadow"
    MEASURED = "measured"
    """A target has signals of it: something still runs it."""
    JOB = "job"
    POINTER = "pointer"
    HOLD = "hold"
    GOLD = "gold"
    MEMBER = "member"
    """A version that serves is made of it."""
    PARENT = "parent"
    """A version that serves was derived from it."""
    NEWER = "newer"
    """Registered lately, and after what serves: it may be on its way."""
    UNKNOWN = "not known"
    """Nobody can say that it is not needed."""


class Verdict(StrEnum):
    """What may become of a version."""

    MAY = "may be pruned"
    NEVER = "never"
    """A rule keeps it."""
    KEEP = "keep"
    """No rule is known to keep it, and nobody knows enough to say that none does."""


@dataclass(frozen=True, slots=True)
class KeepReason:
    """One reason and its evidence in a sentence."""

    why: Keep
    says: SafeText


@dataclass(frozen=True, slots=True)
class Retained:
    """One version."""

    version: VersionId
    reasons: tuple[KeepReason, ...]
    """None: it may be pruned."""
    size_bytes: int | Unknown = UNKNOWN
    """Of its artifact."""
    shares_files_with: tuple[VersionId, ...] = ()
    """Versions with the very same artifact."""

    @property
    def verdict(self) -> Verdict:
        """Return whether it may be pruned."""
        if not self.reasons:
            return Verdict.MAY
        return Verdict.KEEP if all(reason.why is Keep.UNKNOWN for reason in self.reasons) else Verdict.NEVER


@dataclass(frozen=True, slots=True)
class Retention:
    """All versions of a model, as its registry lists them."""

    model: ModelName
    versions: tuple[Retained, ...]
    troubles: tuple[KeepReason, ...] = ()
    """What nobody knows of the model as a whole; it keeps every version."""

    @property
    def prunable(self) -> tuple[Retained, ...]:
        """Return the versions that nobody needs, as far as everything is known."""
        return tuple(one for one in self.versions if one.verdict is Verdict.MAY)

    @property
    def stored_bytes(self) -> int:
        """Return how much all versions take together, the same files once; unknown sizes count nothing."""
        return self._sum(self.versions)

    @property
    def freed_bytes(self) -> int:
        """Return how much the prunable ones take that no kept version needs; unknown sizes count nothing."""
        going = {one.version for one in self.prunable}
        return self._sum(one for one in self.prunable if going.issuperset(one.shares_files_with))

    def _sum(self, versions: Iterable[Retained]) -> int:
        counted: set[VersionId] = set()
        total = 0
        for one in versions:
            if counted.isdisjoint(one.shares_files_with) and not isinstance(one.size_bytes, Missing):
                counted.add(one.version)
                total += one.size_bytes
        return total

    @property
    def unsized(self) -> tuple[VersionId, ...]:
        """Return the versions of which nobody knows the size."""
        return tuple(one.version for one in self.versions if isinstance(one.size_bytes, Missing))


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
    files = {one.id: _artifact(fleet, model, one.id) for one in listed}
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
        artifact = files[version.id]
        size = UNKNOWN if isinstance(artifact, Missing) else artifact.size_bytes
        kept.append(Retained(version.id, tuple(dict.fromkeys(reasons)), size, _same_files(version.id, files)))
    return Retention(model, tuple(kept), troubles)


def _unknown(says: str) -> KeepReason:
    return KeepReason(Keep.UNKNOWN, safe_text(says, 400))


def _troubles(fleet: Fleet, model: ModelName) -> Iterator[KeepReason]:
    """Yield what nobody knows of the whole model."""
    for source in fleet.sources.values():
        condition = source.condition(fleet.at)
        if source.kind in _MEASURING and condition is not SourceCondition.FRESH:
            yield _unknown(f"{source.name} is {condition.value}: it may know that this version is needed")
    if model not in fleet.versions:
        yield _unknown("no registry has listed the versions")
    if model not in fleet.models:
        yield _unknown("no registry lists the model: nobody knows what points at its versions")
    targets = tuple(fleet.environments_of(model))
    if not targets:
        yield _unknown("no target of the model is known: nobody can say that it serves nowhere")
    for target in targets:
        yield from _untold_target(target)


def _untold_target(target: Target) -> Iterator[KeepReason]:
    if not isinstance(target.rollout, Rollout):
        yield _unknown(f"nobody says what should serve on {target.key}")
    elif isinstance(target.rollout.stable, Missing) and not target.rollout.weights:
        yield _unknown(f"{target.rollout.source} does not say what should serve on {target.key}")
    if not target.is_serving_observed:
        yield _unknown(f"nobody measures who answers on {target.key}")


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
                yield _unknown(says)


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


def _artifact(fleet: Fleet, model: ModelName, version: VersionId) -> Artifact | NoData:
    told: Provenance | NoData = told_of(fleet, (model, version))
    return NO_DATA if isinstance(told, Missing) else next(iter(said(told.artifact)), NO_DATA)


def _same_files(version: VersionId, files: dict[VersionId, Artifact | NoData]) -> tuple[VersionId, ...]:
    mine = files[version]
    if isinstance(mine, Missing):
        return ()
    return tuple(
        other
        for other, theirs in files.items()
        if other != version
        and not isinstance(theirs, Missing)
        and (theirs.uri == mine.uri or (theirs.digest == mine.digest and not isinstance(mine.digest, Missing)))
    )
