"""The parts of one version's story, read at the same time, each allowed to fail alone."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypeVar

from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import MlflowApi, NotThere, all_of, attempt
from modeltui.adapters.mlflow.model_files import MlModel, read_conda, read_mlmodel
from modeltui.adapters.mlflow.places import FILE_KINDS, Place
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Gap, Unreadable
from modeltui.domain.masking import without_tokens
from modeltui.domain.names import UNKNOWN, SourceName, Unknown
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")
Part: TypeAlias = T | Unreadable | Literal[Gap.ABSENT, Gap.UNSUPPORTED]

_LOGGED_MODEL: Final = re.compile(r"models:/+(m-[0-9a-f]{8,64})/?")
_MOST_PROMPTS: Final = 8
_LINKED: Final = "mlflow.linkedPrompts"
_TEXT: Final = "mlflow.prompt.text"
_LONGEST_PROMPT: Final = 16_000


@dataclass(frozen=True, slots=True)
class Parts:
    """All that MLflow said of one version."""

    version: wire.VersionRow
    run: Part[wire.Run] = ABSENT
    logged_model: Part[wire.LoggedModel] = UNSUPPORTED
    mlmodel: Part[MlModel] = ABSENT
    requirements: Part[tuple[SafeText, ...]] = ABSENT
    is_reachable: bool | Unknown = UNKNOWN
    """Whether the model's files are where the registry says."""
    prompts: Part[Mapping[SafeText, SafeText]] = ABSENT
    files: Mapping[Place, Part[str]] = field(default_factory=dict)
    """Further files that the configuration names."""


async def read_parts(api: MlflowApi, source: SourceName, name: str, version: str, wanted: Iterable[Place]) -> Parts:
    """Return all parts of one version; raises when the version itself cannot be read.

    Five requests (four on 2.x) besides prompts and the files that the configuration names, in two rounds.
    """
    teller = _Teller(api, source, name, version)
    async with asyncio.TaskGroup() as group:
        row_task = group.create_task(attempt(api.version(name, version)))
        mlmodel_task = group.create_task(attempt(api.version_file(name, version, "MLmodel")))
        requirements_task = group.create_task(attempt(api.version_file(name, version, "requirements.txt")))
    row = row_task.result()
    if isinstance(row, BackendError):
        raise row
    async with asyncio.TaskGroup() as group:
        run = group.create_task(teller.run(row))
        logged_model = group.create_task(teller.logged_model(row))
        model_files = group.create_task(teller.model_files(row, mlmodel_task.result(), requirements_task.result()))
        files = group.create_task(teller.files(row, wanted))
    parts = replace(model_files.result(), run=run.result(), logged_model=logged_model.result(), files=files.result())
    return replace(parts, prompts=await teller.prompts(parts))


def logged_model_id(source: wire.Text) -> str:
    """Return the id in `models:/m-…` (3.x); empty for the addresses of 2.x."""
    found = _LOGGED_MODEL.fullmatch(source or "")
    return found[1] if found else ""


def path_in_run(row: wire.VersionRow) -> str | None:
    """Return where in its run's artifacts a 2.x version lies; None when its address does not say."""
    source, run_id = row.source or "", row.run_id or ""
    if not run_id:
        return None
    for mark in (f"{run_id}/artifacts/", f"runs:/{run_id}/"):
        _, found, path = source.partition(mark)
        if found and path.strip("/"):
            return path.strip("/")
    return None


def linked_prompts(*tables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return names and versions out of `mlflow.linkedPrompts`, each once."""
    found: dict[tuple[str, str], None] = {}
    for tags in tables:
        try:
            links = json.loads(tags.get(_LINKED, "[]"))
        except (ValueError, RecursionError):
            continue
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("name") and link.get("version"):
                found[str(link["name"]), str(link["version"])] = None
    return list(found)


class _Teller:
    """Asks for the parts of one version."""

    def __init__(self, api: MlflowApi, source: SourceName, name: str, version: str) -> None:
        self._api = api
        self._source = source
        self._name = name
        self._version = version

    def unreadable(self, reason: str) -> Unreadable:
        return Unreadable(safe_text(reason), self._source)

    async def run(self, row: wire.VersionRow) -> Part[wire.Run]:
        if not row.run_id:
            return ABSENT
        answer = await attempt(self._api.run(row.run_id))
        if isinstance(answer, NotThere):
            return self.unreadable(f"its run {row.run_id} was deleted for good")
        return self.unreadable(answer.title) if isinstance(answer, BackendError) else answer

    async def logged_model(self, row: wire.VersionRow) -> Part[wire.LoggedModel]:
        model_id = logged_model_id(row.source)
        if not model_id:
            return UNSUPPORTED
        answer = await attempt(self._api.logged_model(model_id))
        if isinstance(answer, NotThere):
            return self.unreadable(f"its LoggedModel {model_id} was deleted")
        return self.unreadable(answer.title) if isinstance(answer, BackendError) else answer

    async def model_files(
        self, row: wire.VersionRow, mlmodel: str | BackendError, requirements: str | BackendError
    ) -> Parts:
        """Return the parts that come from files beside the model."""
        mlmodel, requirements, is_reachable = await self._presence(row, mlmodel, requirements)
        if is_reachable is False:
            gone = self.unreadable("its files are gone from the artifact store")
            return Parts(row, mlmodel=gone, requirements=gone, is_reachable=False)
        listed = self._read(requirements, requirement_lines, "requirements.txt")
        if listed is ABSENT and is_reachable:
            conda = await attempt(self._api.version_file(self._name, self._version, "conda.yaml"))
            listed = self._read(conda, read_conda, "conda.yaml")
        # A large MLmodel takes a tenth of a second: not on the loop that also answers keys.
        parsed = await asyncio.to_thread(self._read, mlmodel, read_mlmodel, "MLmodel")
        return Parts(row, mlmodel=parsed, requirements=listed, is_reachable=is_reachable)

    async def _presence(
        self, row: wire.VersionRow, mlmodel: str | BackendError, requirements: str | BackendError
    ) -> tuple[str | BackendError, str | BackendError, bool | Unknown]:
        """Return both files, with `NotThere` for those that are missing, and whether the model's files are there."""
        if not isinstance(mlmodel, BackendError) and not isinstance(requirements, BackendUnavailable):
            return mlmodel, requirements, True
        # MLflow 2 fails with 500 for a missing file as for a broken store, and a model need not have an MLmodel:
        # what is listed tells these apart.
        listed = await self._listed(row)
        if isinstance(listed, frozenset):
            mlmodel = _corrected(mlmodel, "MLmodel", listed)
            requirements = _corrected(requirements, "requirements.txt", listed)
            return mlmodel, requirements, bool(listed)
        if isinstance(listed, NotThere):
            return mlmodel, requirements, False
        return mlmodel, requirements, UNKNOWN if isinstance(mlmodel, BackendError) else True

    async def _listed(self, row: wire.VersionRow) -> frozenset[str] | BackendError | None:
        """Return the paths of the model's files; None when its address does not say where to look."""
        if model_id := logged_model_id(row.source):
            return await attempt(self._api.logged_model_files(model_id))
        directory = path_in_run(row)
        if directory is None:
            return None
        listed = await attempt(self._api.run_files(row.run_id or "", directory))
        if isinstance(listed, BackendError):
            return listed
        return frozenset(path.removeprefix(f"{directory}/") for path in listed)

    def _read(self, found: str | BackendError, parse: Callable[[str], T], what: str) -> Part[T]:
        if isinstance(found, NotThere):
            return ABSENT
        if isinstance(found, BackendError):
            return self.unreadable(f"{what}: {found.title}")
        try:
            return parse(found)
        except ValueError as error:
            return self.unreadable(f"{what} cannot be read: {error}")

    async def files(self, row: wire.VersionRow, wanted: Iterable[Place]) -> Mapping[Place, Part[str]]:
        """Return the further files that the configuration names."""
        places = [place for place in wanted if place.kind in FILE_KINDS]
        answers = await all_of(self._file(row, place) for place in places)
        return {place: self._read(answer, str, place.name) for place, answer in zip(places, answers, strict=True)}

    async def _file(self, row: wire.VersionRow, place: Place) -> str:
        if place.kind == "artifact":
            return await self._api.version_file(self._name, self._version, place.name)
        if not row.run_id:
            raise NotThere("there is no run")
        return await self._api.run_file(row.run_id, place.name)

    async def prompts(self, parts: Parts) -> Part[Mapping[SafeText, SafeText]]:
        """Return the texts of linked prompts, and their versions, by prompt."""
        run = wire.pairs(parts.run.data.tags) if isinstance(parts.run, wire.Run) else {}
        logged = parts.logged_model
        logged_tags = wire.pairs(logged.info.tags) if isinstance(logged, wire.LoggedModel) else {}
        links = linked_prompts(wire.pairs(parts.version.tags), logged_tags, run)
        if isinstance(parts.mlmodel, MlModel):
            links += [link for link in parts.mlmodel.prompts if link not in links]
        if not links:
            troubles = (part for part in (parts.run, parts.logged_model) if isinstance(part, Unreadable))
            return next(troubles, ABSENT)
        links = links[:_MOST_PROMPTS]
        answers = await all_of(self._api.version(*link) for link in links)
        return self._prompt_table(links, answers)

    def _prompt_table(
        self, links: list[tuple[str, str]], answers: list[wire.VersionRow | BackendError]
    ) -> Part[Mapping[SafeText, SafeText]]:
        table: dict[SafeText, SafeText] = {}
        for (name, version), answer in zip(links, answers, strict=True):
            if isinstance(answer, BackendError):
                return self.unreadable(f"prompt {name} version {version}: {answer.title}")
            # Under the bare name, so that two versions of a model show one changed text instead of two prompts.
            key = name if wire.shown(name) not in table else f"{name} {version}"
            table[wire.shown(key)] = wire.shown(without_tokens(wire.pairs(answer.tags).get(_TEXT, "")), _LONGEST_PROMPT)
            table[wire.shown(f"{key} (version)")] = wire.shown(version)
        return table


def _corrected(found: str | BackendError, path: str, listed: frozenset[str]) -> str | BackendError:
    if isinstance(found, BackendUnavailable) and path not in listed:
        return NotThere(f"{path} is not among the files of this version")
    return found
