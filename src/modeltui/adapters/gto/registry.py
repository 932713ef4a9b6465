"""A git repository with GTO's tags, as a registry."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from modeltui.adapters._documents.one_teller import as_one
from modeltui.adapters._git import Repository, open_repository
from modeltui.adapters.gto.artifacts import Annotation
from modeltui.adapters.gto.layout import files_of
from modeltui.adapters.gto.options import Options
from modeltui.adapters.gto.provenance import read_commit
from modeltui.adapters.gto.reading import State, TagReader, folder_of, name_of
from modeltui.adapters.gto.state import ArtifactState, VersionState
from modeltui.adapters.gto.tags import Action, Event
from modeltui.domain.errors import BackendRefused
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import (
    ABSENT,
    Approval,
    CodeRevision,
    Fact,
    Known,
    Provenance,
    unreadable,
)
from modeltui.domain.masking import without_tokens
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version, newest, version_order
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer, Registry

T = TypeVar("T")

KIND: Final = "gto"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 30.0
_MOST_WARNINGS: Final = 20
_MOST_KEPT: Final = 16
"""Commits whose provenance is kept: with their cards and prompts they may have megabytes."""
_KINDS: Final = ("llm-system", "ensemble", "agent", "batch")
_SAID_BY_GTO: Final = ("Assigning stage ", "Registering artifact ", "Unassigning stage ")

__all__ = ["KIND", "POLL_SECONDS", "PORT", "GtoRegistry", "Options", "connect"]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Give the registry; nothing is read before the first question. Raises `ConfigError`."""
    async with open_repository(options.repository, options, surroundings) as repository:
        yield GtoRegistry(options, surroundings, repository)


class GtoRegistry:
    """Reads models, versions and provenance from one repository."""

    def __init__(self, options: Options, surroundings: Surroundings, repository: Repository) -> None:
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._repository = repository
        self._tags = TagReader(repository)
        self._read: OrderedDict[tuple[str, str], Mapping[str, Provenance]] = OrderedDict()
        """By artifact and commit: a commit never says anything else."""

    async def read_models(self) -> ModelsAnswer:
        """Return every model with the stages that point at its versions; what is elsewhere is fetched first."""
        await self._repository.fetched(self._options.fetch_seconds)
        state = await self._tags.state()
        shown = [one for one in state.artifacts.values() if self._is_shown(one)]
        newest_of = {one.name: _latest(one) for one in shown}
        wanted = [(name, made.commit) for name, made in newest_of.items() if made and made.commit not in state.gone]
        notes = await self._tags.annotations(wanted)
        models: dict[ModelName, Model] = {}
        for one in sorted(shown, key=lambda one: one.name):
            latest = newest_of[one.name]
            model = self._model(one, notes.get((one.name, latest.commit), Annotation()) if latest else Annotation())
            models.setdefault(model.name, model)
        return ModelsAnswer(tuple(models.values()), _some(state.warnings))

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, newest first; those that were taken back are not among them."""
        state = await self._state()
        artifact = _named(state, model)
        if artifact is None:
            return ()
        stages = artifact.stages()
        versions = [_version(model, one, stages, state) for one in artifact.active]
        return tuple(sorted(versions, key=lambda version: version_order(version.id), reverse=True))

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return what was committed with a version, also of one that was taken back: it may still serve."""
        state = await self._state()
        artifact = _named(state, model)
        found = artifact.versions.get(version) if artifact else None
        if artifact is None or found is None:
            raise BackendRefused(
                f"{self._source} has no {model} {version}", "Its tag was deleted, or never pushed: git push --tags."
            )
        tags = await self._told_by_tags(found)
        try:
            told = await self._told_by_commit(artifact.name, found.commit)
        except BackendRefused as error:
            told = {"commit": unreadable(safe_text(error.title, 300), self._source)}
        return as_one({"tags": tags, **told}, self._source)

    async def probe(self) -> Probe:
        """Return whether the repository can be read, and which tags are odd."""
        began_at = self._clock.boottime()
        answer = await self.read_models()
        latency_seconds = self._clock.boottime() - began_at
        where = self._repository.address.shown
        count = len(answer.models)
        hint = "" if count else "Expected tags such as fraud@v1.0.0: register a version and push its tag."
        findings = [
            Finding(safe_text("models"), count > 0, safe_text(f"{count} models in {where}", 300), safe_text(hint))
        ]
        remedy = safe_text("Make it again with gto and push it, or delete it.")
        findings += [Finding(safe_text("tag"), False, warning, remedy) for warning in answer.warnings]
        return Probe(safe_text(await self._repository.version_of_git()), latency_seconds, 0.0, tuple(findings))

    async def _state(self) -> State:
        await self._repository.copied()
        return await self._tags.state()

    async def _told_by_commit(self, artifact: str, commit: str) -> Mapping[str, Provenance]:
        key = (artifact, commit)
        if key not in self._read:
            files = await files_of(self._repository, commit, folder_of(artifact))
            self._read[key] = await read_commit(files, artifact.rpartition(":")[2], self._source, self._clock.now())
            while len(self._read) > _MOST_KEPT:
                self._read.popitem(last=False)
        return self._read[key]

    def _is_shown(self, artifact: ArtifactState) -> bool:
        return bool(artifact.active) and (self._options.deprecated or not artifact.is_deprecated)

    def _model(self, artifact: ArtifactState, noted: Annotation) -> Model:
        named = [word for word in (noted.kind, *noted.labels) if word in _KINDS]
        facts = noted.facts or {}
        owner = facts.get("owner") or facts.get("team")
        tags = [(safe_text(label, 100), safe_text("")) for label in noted.labels]
        if artifact.is_deprecated and artifact.last:
            tags.append((safe_text("deprecated"), _person(artifact.last)))
        return Model(
            name=ModelName(safe_text(artifact.name)),
            latest=newest(VersionId(safe_text(one.name)) for one in artifact.active),
            pointers=tuple(
                Pointer(safe_text(stage), VersionId(safe_text(version.name)))
                for stage, version in artifact.stages().items()
            ),
            source=self._source,
            owner=safe_text(without_tokens(str(owner)), 200) if owner else UNKNOWN,
            kind=safe_text(named[0]) if named else UNKNOWN,
            tags=tuple(tags),
        )

    async def _told_by_tags(self, version: VersionState) -> Provenance:
        """Return who registered it, who gave it stages, and the commit itself."""
        approvals = tuple(
            _approval(event)
            for event in sorted((e for all_of in version.staged.values() for e in all_of), key=lambda e: e.at)
        )
        address = safe_text(self._options.address, 1_000) or await name_of(self._repository)
        revision = CodeRevision(safe_text(version.commit, 64), address)
        signed = [event.tag for event in version.direct if event.is_signed]
        return Provenance(
            registered=self._known(_person(version.made) if version.is_registered else None),
            code=self._known(revision),
            approvals=self._known(approvals),
            attestations=self._known(tuple(safe_text(f"the tag {tag} is signed; not verified") for tag in signed)),
        )

    def _known(self, value: T | None) -> Fact[T]:
        return Known(value, self._source, self._clock.now()) if value else ABSENT


def _named(state: State, model: ModelName) -> ArtifactState | None:
    return next((one for one in state.artifacts.values() if safe_text(one.name) == model), None)


def _latest(artifact: ArtifactState) -> VersionState | None:
    return max(artifact.active, key=lambda one: version_order(VersionId(safe_text(one.name))), default=None)


def _version(model: ModelName, one: VersionState, stages: dict[str, VersionState], state: State) -> Version:
    words = ["registered" if one.is_registered else "never registered"]
    if one.commit in state.gone:
        words.append("commit missing")
    return Version(
        model=model,
        id=VersionId(safe_text(one.name)),
        created_at=Instant(one.made.at) if one.made.at > 0 else UNKNOWN,
        created_by=_person(one.made),
        state=safe_text(", ".join(words)),
        description=_message(one.made),
        pointers=tuple(safe_text(stage) for stage, version in stages.items() if version is one),
        tags=((safe_text("commit"), safe_text(one.commit, 64)),),
    )


def _approval(event: Event) -> Approval:
    word = "assigned to" if event.name.action is Action.ASSIGN else "taken from"
    at = Instant(event.at) if event.at > 0 else UNKNOWN
    return Approval(_person(event), safe_text(f"{word} {event.name.stage}"), at, _message(event))


def _message(event: Event) -> SafeText | Unknown:
    """Return why, in the words of whoever made the tag; what GTO writes by itself says nothing more than the tag."""
    if not event.message or event.message.startswith(_SAID_BY_GTO):
        return UNKNOWN
    return safe_text(without_tokens(event.message), 1_000)


def _person(event: Event) -> SafeText:
    name, email = event.by or "nobody named", f" <{event.email}>" if event.email else ""
    return safe_text(f"{name}{email}")


def _some(warnings: tuple[SafeText, ...]) -> tuple[SafeText, ...]:
    left = len(warnings) - _MOST_WARNINGS
    return (*warnings[:_MOST_WARNINGS], *((safe_text(f"and {left} more odd tags"),) if left > 0 else ()))
