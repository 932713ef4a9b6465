"""A folder of models as a registry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct

from modeltui.adapters._documents import values
from modeltui.adapters._documents.files import Unsuitable, translated
from modeltui.adapters._documents.metadata import KEYS, value_of
from modeltui.adapters._documents.values import Metadata
from modeltui.adapters.model_folder.digests import DigestCache
from modeltui.adapters.model_folder.files import read_object
from modeltui.adapters.model_folder.folder import Layout, ModelFolder, links_out, model_paths, read_model
from modeltui.adapters.model_folder.provenance import METADATA, VersionReader
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import ABSENT, Known, Provenance
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version, newest, version_order
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer, Registry

T = TypeVar("T")

KIND: Final = "model-folder"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 15.0
_MOST_WARNINGS: Final = 20
_MOST_THREADS: Final = 4
"""Reads that hang in a dead network share hold a thread each; further questions are refused instead of adding more."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder: `models/<model>/<version>/…` with links as pointers, or a single model's `models/<version>/…`."""

    path: Path
    """The folder."""
    layout: Layout = Layout.AUTO
    """`one-model` when the folder holds the versions of one model, `many-models` when it holds models."""
    model: str = ""
    """The model's name when the folder holds just one; empty: the folder's own name."""
    keys: dict[str, str] = {}
    """Where `metadata.json` holds a field, when it is not under a usual name: `{code: build.git.sha}`."""
    hash_seconds: Annotated[float, Meta(ge=0, le=60)] = 3.0
    """Longest time spent on a digest at one question; large files are hashed in instalments."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a field that does not exist."""
        if unknown := sorted(set(self.keys) - set(KEYS)):
            raise ValueError(f"keys: there is no field {unknown[0]!r}; known: {', '.join(KEYS)}")


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Give the registry; nothing is read before the first question."""
    registry = ModelFolderRegistry(options, surroundings)
    try:
        yield registry
    finally:
        registry.stop()


class ModelFolderRegistry:
    """Reads models, versions and provenance from a folder; every look at the disk happens in a thread."""

    def __init__(self, options: Options, surroundings: Surroundings) -> None:
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._path = surroundings.base_directory / options.path.expanduser()
        self._stopped = threading.Event()
        self._threads_at_work = 0
        self._lock = threading.Lock()
        self.digests: Final = DigestCache(surroundings.clock.boottime)

    def stop(self) -> None:
        """Make threads that still hash end soon."""
        self._stopped.set()

    async def read_models(self) -> ModelsAnswer:
        """Return every model; links that lead nowhere become warnings."""
        return await self._in_thread(self._models)

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, newest first."""
        return await self._in_thread(self._versions, model)

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return what the files of one version say, with the digest as far as the time suffices."""
        stop = threading.Event()
        try:
            return await self._in_thread(self._provenance, model, version, stop)
        finally:
            stop.set()

    async def probe(self) -> Probe:
        """Return whether the folder can be read, how long that takes and what is odd in it."""
        started_at = self._clock.boottime()
        answer = await self.read_models()
        latency_seconds = self._clock.boottime() - started_at
        versions = sum(not isinstance(model.latest, Unknown) for model in answer.models)
        findings = [
            Finding(
                safe_text("models"),
                bool(answer.models),
                safe_text(f"{len(answer.models)} models, {versions} of them with versions, in {self._path}"),
                safe_text("" if answer.models else "Expected <model>/<version>/model.*: check path and layout."),
            )
        ]
        remedy = safe_text("Correct the link, or remove it.")
        findings += [Finding(safe_text("link"), False, warning, remedy) for warning in answer.warnings]
        return Probe(UNKNOWN, latency_seconds, 0.0, tuple(findings))

    async def _in_thread(self, look: Callable[..., T], *given: Any) -> T:
        if self._threads_at_work >= _MOST_THREADS:
            raise BackendUnavailable(
                f"{self._source}: {self._path} has not answered {self._threads_at_work} earlier questions",
                "See whether the disk or network share works; it is asked again by itself.",
            )
        return await asyncio.to_thread(self._counted, look, *given)

    def _counted(self, look: Callable[..., T], *given: Any) -> T:
        with self._lock:
            self._threads_at_work += 1
        try:
            return look(*given)
        except OSError as error:
            raise translated(self._source, self._path, error) from error
        finally:
            with self._lock:
                self._threads_at_work -= 1

    def _folders(self) -> tuple[list[ModelFolder], list[str]]:
        """Return all models, and what is odd."""
        root = self._path.resolve(strict=True)
        folders, troubles = [], []
        paths = list(model_paths(root, self._options.layout, self._options.model))
        for name, path in paths:
            try:
                folder = read_model(name, path)
            except OSError as error:
                troubles.append(translated(self._source, path, error).title)
                continue
            folders.append(folder)
            troubles += folder.troubles
        if [path for _, path in paths] != [root]:
            troubles += [f"{name} is a link beside the models; it is not followed" for name in links_out(root)]
        return folders, troubles

    def _models(self) -> ModelsAnswer:
        folders, troubles = self._folders()
        warnings = [safe_text(trouble, 300) for trouble in troubles[:_MOST_WARNINGS]]
        if len(troubles) > _MOST_WARNINGS:
            warnings.append(safe_text(f"and {len(troubles) - _MOST_WARNINGS} more links that lead nowhere"))
        models: dict[ModelName, Model] = {}
        for folder in folders:
            model = self._model(folder)
            models.setdefault(model.name, model)
        return ModelsAnswer(tuple(models.values()), tuple(warnings))

    def _model(self, folder: ModelFolder) -> Model:
        facts = self._facts(folder.path, folder.path) if (folder.path / METADATA).is_file() else {}
        return Model(
            name=ModelName(safe_text(folder.name)),
            latest=newest(_id(name) for name in folder.versions),
            pointers=tuple(Pointer(safe_text(name), _id(version)) for name, version in folder.links),
            source=self._source,
            owner=self._word(facts, "owner"),
            kind=self._word(facts, "kind"),
            tags=tuple(values.tag_pairs(value_of(facts, "tags", self._options.keys))),
        )

    def _folder_of(self, model: ModelName) -> tuple[Path, ModelFolder] | None:
        """Return the root and the model of that name; a name is looked for, never made into a path."""
        root = self._path.resolve(strict=True)
        for name, path in model_paths(root, self._options.layout, self._options.model):
            if safe_text(name) == model:
                return root, read_model(name, path)
        return None

    def _versions(self, model: ModelName) -> tuple[Version, ...]:
        found = self._folder_of(model)
        if found is None:
            return ()
        root, folder = found
        versions = [self._version(model, folder, name, root) for name in folder.versions]
        return tuple(sorted(versions, key=lambda version: version_order(version.id), reverse=True))

    def _version(self, model: ModelName, folder: ModelFolder, name: str, root: Path) -> Version:
        path = folder.path / name
        facts = self._facts(path, root)
        created_at = values.moment(value_of(facts, "created_at", self._options.keys))
        return Version(
            model=model,
            id=_id(name),
            created_at=_written_at(path) if isinstance(created_at, Unknown) else created_at,
            created_by=self._word(facts, "created_by"),
            state=self._word(facts, "state"),
            description=self._word(facts, "description", 4_000),
            pointers=tuple(safe_text(link) for link, target in folder.links if target == name),
            tags=tuple(values.tag_pairs(value_of(facts, "tags", self._options.keys))),
        )

    def _provenance(self, model: ModelName, version: VersionId, stop: threading.Event) -> Provenance:
        found = self._folder_of(model)
        name = next((name for name in found[1].versions if _id(name) == version), None) if found else None
        if found is None or name is None:
            raise BackendRefused(f"{self._source} has no {model} {version}", "It was deleted or renamed.")
        root, folder = found
        reader = VersionReader(folder.path / name, root, self._source, self._clock.now(), self._options.keys)
        until = self._clock.boottime() + self._options.hash_seconds
        found_here = reader.provenance(self.digests, until, _Either(stop, self._stopped))
        owner = self._word(self._facts(folder.path, folder.path), "owner")
        if found_here.owner is not ABSENT or isinstance(owner, Unknown):
            return found_here
        # Who answers for a version is whoever answers for its model, unless the version says otherwise.
        return replace(found_here, owner=Known(owner, self._source, self._clock.now()))

    def _facts(self, directory: Path, root: Path) -> Metadata:
        """Return the metadata of a list entry; its troubles are told with the provenance."""
        try:
            return read_object(directory / METADATA, root)
        except (FileNotFoundError, Unsuitable):
            return {}

    def _word(self, facts: Metadata, field: str, limit: int = 200) -> SafeText | Unknown:
        value = value_of(facts, field, self._options.keys)
        return values.told(value, field, limit) if value is not None else UNKNOWN


class _Either(threading.Event):
    """Set when one of two is."""

    def __init__(self, one: threading.Event, other: threading.Event) -> None:
        super().__init__()
        self._both = (one, other)

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._both)


def _id(name: str) -> VersionId:
    return VersionId(safe_text(name))


def _written_at(version: Path) -> Instant | Unknown:
    """Return when the version's directory was last written to; a file added later makes it younger."""
    try:
        return Instant(version.lstat().st_mtime)
    except OSError:
        return UNKNOWN
