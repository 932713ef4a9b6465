"""One event in, the next snapshot out, and which targets look different now. Pure: replay and live are the same."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from modeltui.domain.event import (
    CodeLogRead,
    Event,
    HistoryRead,
    JournalRead,
    ProvenanceAsked,
    ProvenanceRead,
    ProvenanceUnread,
    RegistryRead,
    RolloutsRead,
    SamplesRead,
    SourceAnswered,
    SourceFailed,
    Tick,
    VersionsRead,
    Watched,
)
from modeltui.domain.fleet import Fleet, SourceState, Target
from modeltui.domain.forgetting import to_forget
from modeltui.domain.judging import aged, continued, judge_target, new_target, rejudge
from modeltui.domain.names import (
    NO_DATA,
    UNKNOWN,
    Instant,
    Missing,
    ModelName,
    SourceName,
    TargetKey,
    Unknown,
    VersionId,
)
from modeltui.domain.origins import models_with_commit, with_provenance
from modeltui.domain.rollout import Role, Rollout, rollout_from_pointers
from modeltui.domain.series import only_of, with_past, with_samples
from modeltui.domain.signal import Sample
from modeltui.domain.standing import MOST_CHANGES
from modeltui.domain.text import SafeText
from modeltui.domain.version import Model

CLOCK_SET_BACK_SECONDS = 60.0
"""An event from further back than this means that the clock was corrected; from less, that it came late."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What may look different after an event."""

    targets: frozenset[TargetKey] = frozenset()
    sources: bool = False
    """A source answered or failed."""
    order: bool = False
    """Targets came or went, or a level changed: the worst may be another one."""
    details: frozenset[ModelName] = frozenset()
    """Models whose versions or provenance were read."""
    journal: bool = False
    """The journal has new records, or can or cannot be read now."""

    def __or__(self, other: Changes) -> Changes:
        return Changes(
            self.targets | other.targets,
            self.sources or other.sources,
            self.order or other.order,
            self.details | other.details,
            self.journal or other.journal,
        )


NOTHING = Changes()


def reduce(fleet: Fleet, event: Event) -> tuple[Fleet, Changes]:
    """Return the fleet after `event`, and what changed."""
    is_set_back = event.at < fleet.at - CLOCK_SET_BACK_SECONDS
    fleet = replace(fleet, at=event.at if is_set_back else max(fleet.at, event.at))
    match event:
        case Tick():
            return _tick(fleet)
        case SamplesRead():
            return _samples(fleet, event)
        case RegistryRead():
            return _registry(fleet, event)
        case RolloutsRead():
            return _rollouts(fleet, event)
        case HistoryRead():
            return _history(fleet, event)
        case SourceFailed():
            return _failed(fleet, event), Changes(sources=True)
        case JournalRead():
            return _journal(fleet, event)
        case Watched():
            return replace(fleet, watched=event.targets, series=only_of(fleet.series, event.targets)), NOTHING
        case SourceAnswered():
            return _answered(fleet, event.source, event.at, event.warnings), Changes(sources=True)
        case _:
            return _details(fleet, event)


def _details(
    fleet: Fleet, event: VersionsRead | ProvenanceAsked | ProvenanceRead | ProvenanceUnread | CodeLogRead
) -> tuple[Fleet, Changes]:
    """Return the fleet with what was asked for about one model."""
    match event:
        case VersionsRead():
            versions = {**fleet.versions, event.model: event.versions}
            return replace(fleet, versions=versions), Changes(details=frozenset({event.model}))
        case CodeLogRead():
            logs = {**fleet.code_logs, event.span: event.log}
            return replace(fleet, code_logs=logs), Changes(details=models_with_commit(fleet, event.span))
        case _:
            return with_provenance(fleet, event), Changes(details=frozenset({event.model}))


def _journal(fleet: Fleet, event: JournalRead) -> tuple[Fleet, Changes]:
    from modeltui.domain.journal.view import NO_JOURNAL

    before = NO_JOURNAL if isinstance(fleet.journal, Missing) else fleet.journal
    if event.error is not NO_DATA:
        view = replace(before, error=event.error)  # what was read stays, and stays as old as it is
    else:
        view = replace(
            before.with_records(event.records),
            open_intents=event.open_intents,
            leases=event.leases,
            chain=before.chain if event.chain is UNKNOWN else event.chain,
            read_at=event.at,
            error=NO_DATA,
        )
    looks_different = replace(view, read_at=before.read_at) != fleet.journal
    return replace(fleet, journal=view), Changes(journal=looks_different)


def _tick(fleet: Fleet) -> tuple[Fleet, Changes]:
    old = [target for target in fleet.targets.values() if target.expires_at < fleet.at]
    if not old:
        return fleet, NOTHING
    return _with_targets(fleet, {target.key: aged(target, fleet.policy, fleet.at) for target in old})


def _samples(fleet: Fleet, event: SamplesRead) -> tuple[Fleet, Changes]:
    by_target: dict[TargetKey, list[Sample]] = {}
    for sample in event.samples:
        if fleet.policy.wants(sample.target.model):
            by_target.setdefault(sample.target, []).append(sample)
    updated = {
        key: judge_target(fleet.targets.get(key) or new_target(key, fleet.policy), samples, fleet.policy, event.at)
        for key, samples in by_target.items()
    }
    looked_at = [sample for key in by_target if key in fleet.watched for sample in by_target[key]]
    if looked_at:
        fleet = replace(fleet, series=with_samples(fleet.series, looked_at, event.at))
    fleet = _newest(fleet, event)
    fleet = _answered(fleet, event.source, event.at, event.warnings) if event.is_last_part else fleet
    fleet, changes = _with_targets(fleet, updated)
    gone = to_forget(fleet) if event.is_last_part else frozenset()
    if gone:
        fleet = fleet.without_targets(gone)
    return fleet, changes | Changes(targets=gone, sources=event.is_last_part, order=bool(gone))


def _newest(fleet: Fleet, event: SamplesRead) -> Fleet:
    """Return the fleet that knows how new the newest of these observations is."""
    state = fleet.sources.get(event.source)
    times = [(sample.at, sample.signal) for sample in event.samples if isinstance(sample.at, float)]
    if state is None or not times:
        return fleet
    # Only what it measures counts: a source of drift that is computed once a day is not late after a minute.
    measured = {signal for _, signal in times}
    patience = min(
        (signal.max_age_seconds for signal in fleet.policy.signals if signal.name in measured),
        default=state.old_after_seconds,
    )
    newest = max(at for at, _ in times)
    if not isinstance(state.newest_at, Missing):
        newest, patience = max(newest, state.newest_at), min(patience, state.old_after_seconds)
    # A clock that was set back leaves no observation in the future.
    state = replace(state, newest_at=min(newest, event.at), old_after_seconds=patience)
    return replace(fleet, sources={**fleet.sources, event.source: state})


def _history(fleet: Fleet, event: HistoryRead) -> tuple[Fleet, Changes]:
    wanted = frozenset(event.targets)
    past = {key: _without_past(fleet.targets.get(key) or new_target(key, fleet.policy)) for key in wanted}
    for at, samples in event.steps:
        by_target: dict[TargetKey, list[Sample]] = {}
        for sample in samples:
            if sample.target in wanted:
                by_target.setdefault(sample.target, []).append(sample)
        for key, of_target in by_target.items():
            past[key] = judge_target(_trusting(past[key], fleet.targets.get(key)), of_target, fleet.policy, at)
    updated = {}
    for key, target in past.items():
        live = fleet.targets.get(key)
        was_seen = live is not None and any(version.cells for version in live.versions)
        judged = continued(target, live, fleet.policy, event.at) if live and was_seen else target
        judged = aged(judged, fleet.policy, event.at)
        # What was seen live stays: history only adds what came before it.
        seen = live.changes if live else ()
        earlier = tuple(change for change in judged.changes if not seen or change.at < seen[0].at)
        updated[key] = replace(judged, changes=(*earlier, *seen)[-MOST_CHANGES:])
    fleet = replace(fleet, series=with_past(fleet.series, event.steps, fleet.watched & wanted))
    return _with_targets(fleet, updated)


def _trusting(past: Target, live: Target | None) -> Target:
    """Return the past with what is known to be good now, while it proves nothing better by itself."""
    if live is None or not isinstance(past.known_good, Missing) or isinstance(live.known_good, Missing):
        return past
    return replace(past, known_good=live.known_good)


def _without_past(target: Target) -> Target:
    """Return the target as if nothing had been seen of it: its past is judged afresh, step by step."""
    return Target(target.key, rollout=target.rollout, rules=target.rules)


def _registry(fleet: Fleet, event: RegistryRead) -> tuple[Fleet, Changes]:
    # With a warning the list may not be whole: then nothing is missing from it.
    is_whole = not event.warnings
    models = {name: model for name, model in fleet.models.items() if not is_whole or model.source != event.source}
    wanted = {model.name: model for model in event.models if fleet.policy.wants(model.name)}
    known = frozenset(wanted) | (frozenset() if is_whole else fleet.listings.get(event.source, frozenset()))
    fleet = replace(fleet, listings={**fleet.listings, event.source: known})
    models.update(
        (name, model) for name, model in wanted.items() if _comes_first(fleet, models.get(name), event.source)
    )
    fleet = _answered(replace(fleet, models=models), event.source, event.at, event.warnings)
    pointed = _pointed(fleet, event)
    updated: dict[TargetKey, Target] = {}
    for key, roles in pointed.items():
        target = fleet.targets.get(key) or new_target(key, fleet.policy)
        if isinstance(target.rollout, Rollout) and target.rollout.source != event.source:
            continue
        rollout = rollout_from_pointers(key, event.source, roles)
        if rollout != target.rollout:
            updated[key] = rejudge(target, rollout, fleet.policy, event.at)
    if is_whole:
        updated.update(_without_rollout(fleet, event.source, pointed.keys(), event.at))
    fleet, changes = _with_targets(fleet, updated)
    names = frozenset(model.name for model in event.models)
    return fleet, changes | Changes(sources=True, details=names if len(names) < 100 else frozenset())


def _comes_first(fleet: Fleet, before: Model | None, source: SourceName) -> bool:
    """Tell whether a model that two registries list is the one of `source`: the first in the configuration owns it."""
    if before is None or before.source == source or isinstance(before.source, Missing):
        return True
    order = list(fleet.sources)
    return source in order and (before.source not in order or order.index(source) < order.index(before.source))


def _pointed(fleet: Fleet, event: RegistryRead) -> dict[TargetKey, dict[Role, VersionId]]:
    pointed: dict[TargetKey, dict[Role, VersionId]] = {}
    for model in event.models:
        if model.name not in fleet.models:
            continue
        for pointer in model.pointers:
            meaning = fleet.policy.pointers.get(pointer.name)
            if meaning:
                environment, role = meaning
                pointed.setdefault(TargetKey(model.name, environment), {})[role] = pointer.version
    return pointed


def _rollouts(fleet: Fleet, event: RolloutsRead) -> tuple[Fleet, Changes]:
    fleet = _answered(fleet, event.source, event.at, event.warnings)
    updated: dict[TargetKey, Target] = {}
    described = set()
    for rollout in event.rollouts:
        if not fleet.policy.wants(rollout.target.model):
            continue
        described.add(rollout.target)
        target = fleet.targets.get(rollout.target) or new_target(rollout.target, fleet.policy)
        if rollout != target.rollout:
            updated[rollout.target] = rejudge(target, rollout, fleet.policy, event.at)
    if not event.warnings:
        updated.update(_without_rollout(fleet, event.source, described, event.at))
    fleet, changes = _with_targets(fleet, updated)
    return fleet, changes | Changes(sources=True)


def _without_rollout(
    fleet: Fleet, source: SourceName, described: Set[TargetKey], at: Instant
) -> dict[TargetKey, Target]:
    """Return the targets that `source` described before and does not any more, without a desired state."""
    return {
        key: rejudge(target, UNKNOWN, fleet.policy, at)
        for key, target in fleet.targets.items()
        if isinstance(target.rollout, Rollout) and target.rollout.source == source and key not in described
    }


def _failed(fleet: Fleet, event: SourceFailed) -> Fleet:
    state = fleet.sources.get(event.source)
    if state is None:
        return fleet
    remedy: SafeText | Missing = event.remedy or NO_DATA
    # A question out of turn (the past, a version) fails without a next time: the source's own turn is as it was.
    again_at = state.again_at if isinstance(event.again_at, Missing) else event.again_at
    failed = replace(state, error=event.title, remedy=remedy, again_at=again_at)
    return replace(fleet, sources={**fleet.sources, event.source: failed})


def _answered(fleet: Fleet, source: SourceName, at: Instant, warnings: tuple[SafeText, ...]) -> Fleet:
    state = fleet.sources.get(source)
    if state is None:
        return fleet
    answered: SourceState = replace(
        state, answered_at=at, error=NO_DATA, remedy=NO_DATA, again_at=UNKNOWN, warnings=warnings
    )
    return replace(fleet, sources={**fleet.sources, source: answered}, cached_at=UNKNOWN)


def _with_targets(fleet: Fleet, updated: Mapping[TargetKey, Target]) -> tuple[Fleet, Changes]:
    if not updated:
        return fleet, NOTHING
    order = any(
        key not in fleet.targets or fleet.targets[key].level is not target.level for key, target in updated.items()
    )
    after = fleet.with_targets(updated)
    # Skew is drawn at every place of a model: another stable version here looks different there.
    moved = {key.model for key, target in updated.items() if _stable(fleet.targets.get(key)) != target.stable}
    siblings = frozenset(key for model in moved for key in after.places[model])
    return after, Changes(targets=siblings.union(updated), order=order)


def _stable(target: Target | None) -> VersionId | Unknown:
    return UNKNOWN if target is None else target.stable
