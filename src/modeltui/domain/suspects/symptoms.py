"""What is wrong on a target, which two versions to hold against each other, and the first suspect of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modeltui.domain.claims import Claims
from modeltui.domain.fleet import Cell, Fleet, SegmentCell, ServedVersion, Target
from modeltui.domain.health import Level, Verdict
from modeltui.domain.lineage import Known
from modeltui.domain.names import NO_DATA, Missing, ModelName, NoData, SegmentName, SignalName, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.text import SafeText

FEATURE: Final = "feature="
"""How segments of drift name a feature."""
SOON_SECONDS: Final = 86_400.0
"""A day: what is measured by the hour has shown by then, and so has every time of the day."""
_MOST_KEPT: Final = 128
"""Answers of `top_suspect` that are kept: more targets than any screen shows."""


def symptom_of(target: Target, *among: VersionId) -> Symptom:
    """Return how the worst version of a target shows: signals, segments and features in warn or breach, stale too.

    `among`: only these versions count. What another version suffers from says nothing of what these two changed.
    A segment tells something only when others of its signal are well: where all suffer, none does it particularly.
    """
    version = _worst(target, among)
    if version is None:
        return Symptom()
    signals: set[SignalName] = set()
    segments: set[SegmentName] = set()
    for name, cell in version.cells.items():
        if _is_wrong(cell.verdict):
            signals.add(name)
        segments |= _harmed(cell)
    drifted = {SafeText(name.removeprefix(FEATURE)) for name in segments if name.startswith(FEATURE)}
    return Symptom(
        frozenset(signals),
        frozenset(name for name in segments if not name.startswith(FEATURE)),
        frozenset(drifted),
        version.version,
    )


def troubled(fleet: Fleet, model: ModelName, *among: VersionId) -> tuple[Target, ...]:
    """Return the targets of a model on which something is wrong with one of these versions, the worst first."""
    return tuple(one for one in fleet.worst_first() if one.key.model == model and symptom_of(one, *among))


def usual_pair(fleet: Fleet, target: Target) -> tuple[VersionId, VersionId] | NoData:
    """Return the two versions that a target's comparison begins with; no data where there are no two.

    B is the version that something is wrong with, else the candidate, else what serves. A is the last known good
    version, else the stable one; where that is B itself, the version that served before it.
    """
    b = _suspicious(target)
    if isinstance(b, Missing):
        return NO_DATA
    good = NO_DATA if isinstance(target.known_good, Missing) else target.known_good.version
    for a in (good, target.stable, *_before(fleet, target, b)):
        if not isinstance(a, Missing) and a != b:
            return a, b
    return NO_DATA


def is_new(target: Target, version: VersionId) -> bool:
    """Tell whether what a version changed may be behind what is wrong.

    It may when another version is the last known good one; when it has served here for less than `SOON_SECONDS` as the
    trouble began, however well it did until then; and, where none is known to be good, when something is wrong at all.
    """
    if isinstance(target.known_good, Missing):
        return target.stable != version or bool(symptom_of(target))
    return target.known_good.version != version or _fell_ill_soon(target, version)


def _fell_ill_soon(target: Target, version: VersionId) -> bool:
    served = target.version(version)
    if isinstance(served, Missing):
        return False
    verdicts = [cell.verdict for cell in served.cells.values() if _is_wrong(cell.verdict)]
    began = [verdict.since for verdict in verdicts if not isinstance(verdict.since, Missing)]
    records = target.rollout.served if isinstance(target.rollout, Rollout) else ()
    started = [record.started_at for record in records if record.version == version]
    # What was there when somebody began to look may have been there for ever.
    looked = min((span.started_at for span in target.spans), default=0.0)
    started += [span.started_at for span in target.spans if span.version == version and span.started_at > looked]
    return bool(began and started) and min(began) - min(started) < SOON_SECONDS


def doubts(fleet: Fleet, target: Target, *among: VersionId) -> tuple[SafeText, ...]:
    """Return what speaks against the version as the cause of what is wrong here: a sentence each."""
    symptom = symptom_of(target, *among)
    if not symptom or symptom.version is None:
        return ()
    version = symptom.version
    found = []
    if not is_new(target, version):
        found.append(f"{version} is the last known good version here: no newer one explains it")
    well = [
        other.key.environment
        for other in fleet.environments_of(target.key.model)
        if other.key != target.key and _is_well(other, symptom)
    ]
    if well:
        places = " and ".join(well) if len(well) < 3 else f"{len(well)} other environments"
        found.append(f"{version} is well in {places}: look at what is different in {target.key.environment}")
    return tuple(SafeText(one) for one in found)


def top_suspect(fleet: Fleet, target: Target) -> Suspect | NoData:
    """Return the first suspect of what is wrong on a target; no data where no change of version can be behind it.

    It is asked for with every redraw, so the last answers are kept, each with the very objects that it was made
    from: while the fleet holds the same ones the answer is the same. It asks nobody: facts that were not read yet
    are not in it.
    """
    pair = usual_pair(fleet, target)
    if isinstance(pair, Missing) or not is_new(target, pair[1]):
        return NO_DATA
    symptom = symptom_of(target)
    basis = _basis(fleet, target.key.model, *pair)
    key = (target.key.model, *pair, symptom)
    kept = _KEPT.get(key)
    if kept is not None and len(kept.basis) == len(basis) and all(map(_is_same, kept.basis, basis)):
        return kept.suspect
    found = _first(fleet, target.key.model, *pair, symptom)
    if len(_KEPT) >= _MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)))
    _KEPT[key] = _Kept(basis, found)
    return found


@dataclass(frozen=True, slots=True)
class _Kept:
    basis: tuple[object, ...]
    """Held, so that no other object can take their identity."""
    suspect: Suspect | NoData


_Key = tuple[ModelName, VersionId, VersionId, Symptom]
_KEPT: Final[dict[_Key, _Kept]] = {}


def _is_same(one: object, other: object) -> bool:
    return one is other


def _first(fleet: Fleet, model: ModelName, a: VersionId, b: VersionId, symptom: Symptom) -> Suspect | NoData:
    if not (fleet.claims.get((model, a)) and fleet.claims.get((model, b))):
        return NO_DATA
    from modeltui.domain.comparison.comparing import compare
    from modeltui.domain.suspects.suspecting import suspects

    found = suspects(compare(fleet, model, a, b), symptom)
    return found[0] if found else NO_DATA


def _basis(fleet: Fleet, model: ModelName, a: VersionId, b: VersionId) -> tuple[object, ...]:
    """Return all objects of a fleet that a comparison is made from."""
    own = [table for version in (a, b) for table in _tables(fleet, (model, version))]
    members = [
        table
        for version in (a, b)
        for member in sorted(_components(fleet, model, version).items())
        for table in _tables(fleet, member)
    ]
    logs = fleet.code_logs or None
    return (*own, *members, logs, fleet.policy.senses)


def _tables(fleet: Fleet, key: tuple[ModelName, VersionId]) -> Iterator[object]:
    claims: Claims | None = fleet.claims.get(key)
    yield claims
    yield fleet.untold.get(key)
    yield fleet.awaited.get(key)


def _components(fleet: Fleet, model: ModelName, version: VersionId) -> Mapping[ModelName, VersionId]:
    provenance = fleet.provenance.get((model, version))
    fact: Any = provenance.components if provenance else None
    return fact.value if isinstance(fact, Known) else {}


def _worst(target: Target, among: Collection[VersionId]) -> ServedVersion | None:
    """Return the version with the worst that is wrong; of equals the candidate, else the first; None: all well."""
    asked = [version for version in target.versions if not among or version.version in among]
    found = [version for version in asked if _is_ill(version)]
    if found:
        return max(found, key=lambda one: (_badness(one), one.version == target.candidate))
    suspicious = _suspicious(target)
    return next((version for version in asked if version.version == suspicious), None)


def _suspicious(target: Target) -> VersionId | Unknown:
    wrong = [version for version in target.versions if _is_ill(version)]
    if wrong:
        return max(wrong, key=lambda one: (_badness(one), one.version == target.candidate)).version
    rollout = target.rollout
    named = [target.candidate, rollout.shadow] if isinstance(rollout, Rollout) else []
    return next((one for one in (*named, target.serving) if not isinstance(one, Missing)), NO_DATA)


def _is_ill(version: ServedVersion) -> bool:
    return any(_is_wrong(cell.verdict) for cell in version.cells.values())


def _badness(version: ServedVersion) -> tuple[int, int]:
    levels = [_level(cell.verdict) for cell in version.cells.values()]
    worst = max(levels, default=Level.NO_DATA)
    return int(worst), sum(level is worst for level in levels)


def _level(verdict: Verdict) -> Level:
    """Return the level that counts: a breach that went stale is one, for nothing says that it is over."""
    return verdict.before if verdict.level is Level.STALE else verdict.level


def _is_wrong(verdict: Verdict) -> bool:
    return _level(verdict) >= Level.WARN


def _harmed(cell: Cell) -> set[SegmentName]:
    judged = [segment for segment in cell.segments if _is_judged(segment)]
    harmed = {segment.name for segment in judged if _is_wrong(segment.verdict)}
    is_everywhere = len(harmed) == len(judged) and len(judged) > 1
    return set() if is_everywhere else harmed


def _is_judged(segment: SegmentCell) -> bool:
    return _level(segment.verdict) not in (Level.NO_DATA, Level.NO_LIMIT, Level.STALE)


def _is_well(target: Target, symptom: Symptom) -> bool:
    """Tell whether a symptom's version serves on another target too, and all that is wrong is judged and well there."""
    served = NO_DATA if symptom.version is None else target.version(symptom.version)
    if isinstance(served, Missing):
        return False
    cells = [served.cells[name] for name in symptom.signals if name in served.cells]
    judged = {segment.name for cell in cells for segment in cell.segments if _is_judged(segment)}
    wanted = {*symptom.segments, *(SegmentName(SafeText(f"{FEATURE}{name}")) for name in symptom.drifted)}
    return len(cells) == len(symptom.signals) and wanted <= judged and all(_is_ok(cell) for cell in cells)


def _is_ok(cell: Cell) -> bool:
    return cell.verdict.level is Level.OK


def _before(fleet: Fleet, target: Target, version: VersionId) -> Iterator[VersionId]:
    """Yield the versions that served here before one, the latest first; at last the one registered before it."""
    rollout = target.rollout
    if isinstance(rollout, Rollout):
        served = sorted(rollout.served, key=lambda record: (record.passed_gates, record.started_at), reverse=True)
        yield from (record.version for record in served)
    yield from (span.version for span in reversed(target.spans))
    listed = [one.id for one in fleet.versions.get(target.key.model, ())]
    if version in listed:
        yield from listed[listed.index(version) + 1 :]
