"""A Hub as a registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.words import moment
from modeltui.adapters._http import HttpReader
from modeltui.adapters.huggingface import small_files, wire
from modeltui.adapters.huggingface.api import HubApi
from modeltui.adapters.huggingface.options import Options, http_settings
from modeltui.adapters.huggingface.revisions import Layout, layout_of, tags_of
from modeltui.adapters.huggingface.telling import Parts, provenance_of
from modeltui.domain.errors import BackendError, BackendRefused
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import UNKNOWN, ModelName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Version, version_order
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer, Registry

T = TypeVar("T")

KIND: Final = "huggingface"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 60.0
"""One request per repository; a public Hub counts them."""
_MOST_REPOSITORIES: Final = 1000
_MOST_DATES: Final = 1000
_MOST_WARNINGS: Final = 20

__all__ = ["KIND", "POLL_SECONDS", "PORT", "Hub", "Options", "connect"]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Give the registry; nothing is asked before the first question."""
    settings = http_settings(options, surroundings.base_directory)
    async with HttpReader(surroundings.source, settings) as reader:
        yield Hub(reader, options, surroundings)


class Hub:
    """Reads models, versions and provenance from one Hub."""

    def __init__(self, reader: HttpReader, options: Options, surroundings: Surroundings) -> None:
        self._api = HubApi(reader)
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._address = options.url.rstrip("/")
        self._as_sent: dict[ModelName, str] = {shown_name(name): name for name in options.repositories}
        """Repositories by the name that is shown."""

    async def read_models(self) -> ModelsAnswer:
        """Return every repository with its pointers; one that cannot be read becomes a warning."""
        names, warnings = await self._names()
        results = await _at_once(self._model(name) for name in names)
        models = tuple(result for result in results if isinstance(result, Model))
        failures = [result for result in results if isinstance(result, BackendError)]
        if failures and not models:
            raise failures[0]
        warnings += [safe_text(failure.title, 300) for failure in failures]
        return ModelsAnswer(models, tuple(warnings[:_MOST_WARNINGS]))

    async def _names(self) -> tuple[list[str], list[SafeText]]:
        names = dict.fromkeys(self._options.repositories)
        warnings = []
        if self._options.author:
            rows = await self._api.of_author(self._options.author)
            names |= dict.fromkeys(row.id for row in rows if row.id)
            if len(rows) >= _MOST_REPOSITORIES:
                warnings.append(
                    safe_text(f"only the first {len(rows)} repositories of {self._options.author} are read")
                )
        self._as_sent |= {shown_name(name): name for name in names}
        return list(names)[:_MOST_REPOSITORIES], warnings

    async def _model(self, repository: str) -> Model | BackendError:
        try:
            refs = await self._api.refs(repository)
            if refs is None:
                return _no_such_repository(self._source, repository)
            # Commits are asked for when somebody looks at the versions: pointers need none.
            layout = layout_of(refs, self._options.pointers, ())
        except BackendError as error:
            return error
        return Model(
            shown_name(repository),
            layout.latest,
            layout.pointers,
            self._source,
            safe_text(repository.partition("/")[0]) if "/" in repository else UNKNOWN,
        )

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one repository, the highest name first; commits have no order in their names."""
        repository = await self._repository(model)
        layout = await self._layout(repository) if repository else None
        if layout is None:
            return ()
        versions = (self._version(model, version, layout) for version in layout.commits)
        return tuple(sorted(versions, key=lambda version: version_order(version.id), reverse=True))

    async def _layout(self, repository: str) -> Layout | None:
        refs = await self._api.refs(repository)
        if refs is None:
            return None
        branch = self._options.main_branch
        if not tags_of(refs, self._options.pointers):
            return layout_of(
                refs, self._options.pointers, await self._api.commits(repository, branch, self._options.commits)
            )
        try:
            # Tags have no dates: those of their commits are, as far back as one answer goes.
            commits = await self._api.commits(repository, branch, _MOST_DATES)
        except BackendError:
            commits = []
        return layout_of(refs, self._options.pointers, commits)

    def _version(self, model: ModelName, version: VersionId, layout: Layout) -> Version:
        row = layout.rows.get(layout.commits[version])
        return Version(
            model,
            version,
            moment(row.date or "") if row else UNKNOWN,
            description=safe_text(row.title) if row and row.title else UNKNOWN,
            pointers=tuple(pointer.name for pointer in layout.pointers if pointer.version == version),
        )

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return what a revision says of itself; raises only when the revision itself cannot be read."""
        repository = await self._repository(model)
        revision = await self._api.revision(repository, version) if repository else None
        if not repository or revision is None:
            raise BackendRefused(
                f"{self._source} has no revision {version} of {model}", "Choose one of the versions that are listed."
            )
        at = revision.sha or version
        present = {sibling.rfilename for sibling in revision.siblings or ()}
        wanted = [path for path in (small_files.CARD, *small_files.READ) if path in present]
        async with asyncio.TaskGroup() as group:
            commit = group.create_task(self._commit(repository, at))
            files: dict[str, asyncio.Task[bytes | BackendError | None]] = {
                path: group.create_task(self._file(repository, at, path)) for path in wanted
            }
        contents = {path: raw for path, file in files.items() if (raw := file.result()) is not None}
        parts = Parts(repository, version, revision, commit.result(), contents, f"{self._address}/{repository}")
        now, commit_is_code = self._clock.now(), self._options.commit_is_code
        # A card of 5 MB takes a while: not in the loop that answers keys.
        return await asyncio.to_thread(provenance_of, parts, self._source, now, commit_is_code=commit_is_code)

    async def _commit(self, repository: str, revision: str) -> wire.CommitRow | BackendError | None:
        try:
            rows = await self._api.commits(repository, revision, 1)
        except BackendError as error:
            return error
        return rows[0] if rows else None

    async def _file(self, repository: str, commit: str, path: str) -> bytes | BackendError | None:
        most = self._options.card_bytes if path == small_files.CARD else small_files.LARGEST
        try:
            return await self._api.file(repository, commit, path, most)
        except BackendError as error:
            return error

    async def _repository(self, model: ModelName) -> str:
        """Return the repository as the Hub spells it; empty when it is not one of those that are read."""
        if model not in self._as_sent and self._options.author:
            await self._names()
        return self._as_sent.get(model, "")

    async def probe(self) -> Probe:
        """Return whether the repositories can be read, and how long that takes."""
        started_at = self._clock.boottime()
        answer = await self.read_models()
        latency_seconds = self._clock.boottime() - started_at
        tagged = sum(model.latest is not UNKNOWN for model in answer.models)
        says = f"{len(answer.models)} repositories, {tagged} of them with tags; of the others commits are versions"
        remedy = "" if answer.models else "Check author and repositories, and whether the token may read them."
        findings = [Finding(SafeText("repositories"), bool(answer.models), safe_text(says), safe_text(remedy))]
        findings += [
            Finding(SafeText("repository"), False, warning, SafeText("Check its name, and that the token may read it."))
            for warning in answer.warnings
        ]
        return Probe(UNKNOWN, latency_seconds, UNKNOWN, tuple(findings))


def shown_name(repository: str) -> ModelName:
    """Return a repository's name as it is shown."""
    return ModelName(safe_text(repository))


def _no_such_repository(source: str, repository: str) -> BackendRefused:
    return BackendRefused(
        f"{source} has no repository {repository}, or hides it", "Check its name, and that the token may read it."
    )


async def _at_once(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(question) for question in questions]
    return [task.result() for task in tasks]
