"""What all tags of a repository mean now: which versions exist, and which stage each artifact's points at.

The same as `gto show` says, with two differences: where two tags bear the same second, the number at their end says
which came first; and where several versions are registered at one commit, a stage means the newest of them then
(GTO refuses to read such a repository).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from modeltui.adapters.gto.tags import Action, Event

_UNREGISTERED: Final = "commit-"
"""How a version is called that was never registered and has a stage all the same; its commit follows."""


@dataclass(slots=True)
class VersionState:
    """One version of one artifact."""

    name: str
    commit: str
    direct: list[Event] = field(default_factory=list)
    """Registrations and what took them back, in order."""
    staged: dict[str, list[Event]] = field(default_factory=dict)
    """By stage: assignments and what took them back, in order."""

    @property
    def is_registered(self) -> bool:
        """Tell whether somebody registered it by name."""
        return bool(self.direct)

    @property
    def is_active(self) -> bool:
        """Tell whether it is there: registered and not taken back, or only ever given a stage."""
        return not self.direct or self.direct[-1].name.action is Action.REGISTER

    @property
    def made(self) -> Event:
        """Return the event that made it: its last registration, or its first stage."""
        registered = [event for event in self.direct if event.name.action is Action.REGISTER]
        return (
            registered[-1] if registered else [*self.direct, *(e for all_of in self.staged.values() for e in all_of)][0]
        )

    def assignment(self, stage: str) -> Event | None:
        """Return the assignment of a stage that holds, if one does."""
        events = self.staged.get(stage, [])
        return events[-1] if events and events[-1].name.action is Action.ASSIGN else None


@dataclass(slots=True)
class ArtifactState:
    """One artifact: a model."""

    name: str
    versions: dict[str, VersionState] = field(default_factory=dict)
    last: Event | None = None

    @property
    def is_deprecated(self) -> bool:
        """Tell whether the last that happened to it was that somebody deprecated it."""
        return self.last is not None and self.last.name.action is Action.DEPRECATE

    @property
    def active(self) -> list[VersionState]:
        """Return the versions that are there."""
        return [version for version in self.versions.values() if version.is_active]

    def stages(self) -> dict[str, VersionState]:
        """Return the version that each stage means: of those that have it the one that got it last."""
        newest: dict[str, tuple[tuple[float, int], VersionState]] = {}
        for version in self.active:
            for stage in version.staged:
                event = version.assignment(stage)
                if event is not None and (stage not in newest or _moment(event) >= newest[stage][0]):
                    newest[stage] = (_moment(event), version)
        return {stage: version for stage, (_, version) in sorted(newest.items())}


def state_of(events: Iterable[Event]) -> dict[str, ArtifactState]:
    """Return all artifacts by name."""
    found: dict[str, ArtifactState] = {}
    in_order = sorted(events, key=lambda event: (*_moment(event), event.name.action.value))
    # Versions first, as GTO does: a stage may bear an earlier time than the registration of its version.
    for event in in_order:
        artifact = found.setdefault(event.name.artifact, ArtifactState(event.name.artifact))
        artifact.last = event
        if event.name.version:
            version = artifact.versions.setdefault(event.name.version, VersionState(event.name.version, event.commit))
            if event.name.action is Action.REGISTER:
                version.commit = event.commit
            version.direct.append(event)
    by_commit = _by_commit(found)
    for event in in_order:
        if event.name.stage:
            version = _staged_version(found[event.name.artifact], event, by_commit)
            version.staged.setdefault(event.name.stage, []).append(event)
    return found


def _by_commit(artifacts: dict[str, ArtifactState]) -> dict[tuple[str, str], list[VersionState]]:
    found: dict[tuple[str, str], list[VersionState]] = {}
    for artifact in artifacts.values():
        for version in artifact.versions.values():
            if any(event.name.action is Action.REGISTER for event in version.direct):
                found.setdefault((artifact.name, version.commit), []).append(version)
    return found


def _staged_version(
    artifact: ArtifactState, event: Event, by_commit: dict[tuple[str, str], list[VersionState]]
) -> VersionState:
    there = by_commit.get((artifact.name, event.commit), [])
    before = [version for version in there if version.made.at <= event.at] or there
    if before:
        return max(before, key=lambda version: _moment(version.made))
    name = f"{_UNREGISTERED}{event.commit}"
    return artifact.versions.setdefault(name, VersionState(name, event.commit))


def _moment(event: Event) -> tuple[float, int]:
    return event.at, event.name.counter
