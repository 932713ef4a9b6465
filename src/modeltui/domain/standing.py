"""How a target stands as a whole, since when, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from modeltui.domain.fleet import Change, ChangeKind, ServedVersion, Target
from modeltui.domain.health import Level
from modeltui.domain.names import UNKNOWN, Instant, Missing, SignalName, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.traffic import counts_for_target

MOST_CHANGES = 24


class Standing(NamedTuple):
    """The level of a target with its beginning."""

    level: Level
    last_judged: Level
    since: Instant | Unknown
    changes: tuple[Change, ...]


def standing(
    before: Target, versions: tuple[ServedVersion, ...], changes: tuple[Change, ...], now: Instant
) -> Standing:
    """Return how a target stands with these versions; `changes` is what happened so far."""
    counted = [version for version in versions if counts_for_target(version)]
    level = max([version.level for version in counted], default=Level.NO_DATA)
    last_judged = _was(counted) if level is Level.STALE else level
    if level is before.level and not isinstance(before.since, Missing):
        return Standing(level, last_judged, before.since, changes)
    if before.since is not UNKNOWN:
        change = Change(now, ChangeKind.LEVEL, safe_text(before.level.name), safe_text(level.name))
        changes = (*changes, change)[-MOST_CHANGES:]
    return Standing(level, last_judged, _began(counted, level, now), changes)


def rollout_changes(before: Rollout | Unknown, after: Rollout | Unknown, now: Instant) -> tuple[Change, ...]:
    """Return what a controller decided between two descriptions of a target."""
    if isinstance(before, Missing) or isinstance(after, Missing):
        return ()
    pairs = (
        (ChangeKind.STABLE, before.stable, after.stable),
        (ChangeKind.CANDIDATE, before.candidate, after.candidate),
        (ChangeKind.STAGE, _stage_name(before), _stage_name(after)),
    )
    return tuple(Change(now, kind, _word(was), _word(is_now)) for kind, was, is_now in pairs if was != is_now)


def expiry(versions: tuple[ServedVersion, ...], max_ages: Mapping[SignalName, float]) -> Instant:
    """Return when the first sample grows too old."""
    first = float("inf")
    for version in versions:
        for name, cell in version.cells.items():
            at = cell.sample.at
            if cell.verdict.level is not Level.STALE and not isinstance(at, Missing):
                first = min(first, at + max_ages.get(name, 60.0))
    return Instant(first)


def _was(counted: list[ServedVersion]) -> Level:
    return max([cell.verdict.before for version in counted for cell in version.cells.values()], default=Level.NO_DATA)


def _began(counted: list[ServedVersion], level: Level, now: Instant) -> Instant:
    if level < Level.WARN:
        return now
    starts = [
        cell.verdict.since
        for version in counted
        for cell in version.cells.values()
        if cell.verdict.level is level and not isinstance(cell.verdict.since, Missing)
    ]
    return min(starts, default=now)


def _stage_name(rollout: Rollout) -> SafeText | Unknown:
    return rollout.stage if isinstance(rollout.stage, Missing) else rollout.stage.name


def _word(value: SafeText | Unknown) -> SafeText:
    return SafeText("none") if isinstance(value, Missing) else value
