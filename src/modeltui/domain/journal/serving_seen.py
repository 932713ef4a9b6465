"""What is worth writing down of what serves now: whatever changed, and everything now and then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from modeltui.domain.acting.action import Weights
from modeltui.domain.fleet import Fleet, SourceCondition, SourceKind, Target
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import Evidence, read_weights, serving_details
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.journal.serving_history import SAME_SHARE
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout

OBSERVE_EVERY_SECONDS: Final = 300.0
FRESH_SECONDS: Final = 120.0
"""A version that was not seen for longer is no longer said to serve: two scrapes may be lost."""
LEAST_SHARE: Final = 0.001
"""A last request to a version that was left is not worth a record."""
_SHARE_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What serves a target now, by whose word."""

    serving: Weights
    stable: VersionId | Unknown
    candidate: VersionId | Unknown
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Written:
    """What was written down of a target last, by anybody."""

    at: Instant
    serving: Weights
    stable: VersionId | Unknown
    candidate: VersionId | Unknown


def observations(fleet: Fleet, now: Instant, actor: Actor, written: Mapping[TargetKey, Written]) -> tuple[Entry, ...]:
    """Return what is to be written down now: each target whose serving changed, or that was not for five minutes.

    A target of which nothing fresh is known gives nothing: a gap is a gap.
    """
    entries = []
    for key in sorted(fleet.targets):
        seen = seen_on(fleet, fleet.targets[key], now)
        if isinstance(seen, Missing) or not _is_news(seen, written.get(key), now):
            continue
        details = serving_details(seen.serving, seen.stable, seen.candidate, seen.evidence)
        entries.append(Entry(RecordKind.SERVING_OBSERVED, now, actor, fleet.context.name, target=key, details=details))
    return tuple(entries)


def seen_on(fleet: Fleet, target: Target, now: Instant) -> Seen | Unknown:
    """Return what serves a target now: by the metrics, else by what its controller or its pointers were told."""
    rollout = target.rollout if isinstance(target.rollout, Rollout) else None
    stable = UNKNOWN if rollout is None else rollout.stable
    candidate = UNKNOWN if rollout is None else rollout.candidate
    observed = [
        (served.version, served.observed)
        for served in target.versions
        if isinstance(served.observed, float) and abs(now - served.last_seen_at) <= FRESH_SECONDS
    ]
    serving = _rounded(observed)
    if serving and _is_any_fresh(fleet, now):
        return Seen(serving, stable, candidate, Evidence.METRICS)
    source = None if rollout is None else fleet.sources.get(rollout.source)
    if rollout is None or source is None or source.condition(now) is not SourceCondition.FRESH:
        return UNKNOWN
    told = _rounded(rollout.weights.items())
    if not told:
        return UNKNOWN
    is_registry = source.kind is SourceKind.REGISTRY
    return Seen(told, stable, candidate, Evidence.REGISTRY if is_registry else Evidence.CONTROLLER)


def written_in(records: Iterable[Record]) -> dict[TargetKey, Written]:
    """Return the newest observation of each target among these records, oldest first."""
    found: dict[TargetKey, Written] = {}
    for record in records:
        entry = record.entry
        if entry.kind is not RecordKind.SERVING_OBSERVED or isinstance(entry.target, Missing):
            continue
        try:
            serving = read_weights(entry.details.get("serving"))
        except ValueError:
            continue
        stable, candidate = entry.details.get("stable"), entry.details.get("candidate")
        found[entry.target] = Written(entry.at, serving, _version(stable), _version(candidate))
    return found


def _version(said: object) -> VersionId | Unknown:
    return VersionId(said) if isinstance(said, str) else UNKNOWN  # type: ignore[arg-type]  # a record's text is safe


def _is_any_fresh(fleet: Fleet, now: Instant) -> bool:
    metrics = [source for source in fleet.sources.values() if source.kind is SourceKind.METRICS]
    return any(source.condition(now) is SourceCondition.FRESH for source in metrics)


def _is_news(seen: Seen, before: Written | None, now: Instant) -> bool:
    # A record from the future was written by a clock that was wrong: it must not silence us.
    if before is None or not 0 <= now - before.at < OBSERVE_EVERY_SECONDS:
        return True
    if (seen.stable, seen.candidate) != (before.stable, before.candidate):
        return True
    shares, others = dict(seen.serving), dict(before.serving)
    return any(
        abs(shares.get(version, 0.0) - others.get(version, 0.0)) >= SAME_SHARE
        or (version in shares) != (version in others)
        for version in {*shares, *others}
    )


def _rounded(shares: Iterable[tuple[VersionId, float]]) -> Weights:
    kept = [(version, round(share, _SHARE_DIGITS)) for version, share in shares if share >= LEAST_SHARE]
    return tuple(sorted(kept, key=lambda pair: (-pair[1], pair[0])))
