"""The parts of one version's story, read at the same time, each allowed to fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypeVar

from msgspec import structs

from modeltui.adapters._documents.environments import EnvironmentFile, conda_environment, python_environment
from modeltui.adapters._documents.mlmodel import MlModel, read_mlmodel
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import MlflowApi, NotThere, attempt
from modeltui.adapters.mlflow.places import FILE_KINDS, Place
from modeltui.adapters.mlflow.prompts import Prompts, linked_prompts, read_prompts
from modeltui.adapters.mlflow.version_files import VersionFiles, copied_version, logged_model_id
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Gap, Unreadable
from modeltui.domain.names import UNKNOWN, SourceName, Unknown
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")
_MOST_EVALUATIONS: Final = 4
"""Runs that evaluated one version, each of which is asked for its files."""
IN_TRACES: Final = "it was evaluated by mlflow.genai.evaluate: the answers are in traces, which are not read"
_MOST_COPIES: Final = 5
"""From development over testing to production, and some to spare."""
Part: TypeAlias = T | Unreadable | Literal[Gap.ABSENT, Gap.UNSUPPORTED]


@dataclass(frozen=True, slots=True)
class Parts:
    """All that MLflow said of one version."""

    version: wire.VersionRow
    run: Part[wire.Run] = ABSENT
    logged_model: Part[wire.LoggedModel] = UNSUPPORTED
    mlmodel: Part[MlModel] = ABSENT
    requirements: Part[tuple[SafeText, ...]] = ABSENT
    python: SafeText | Unknown = UNKNOWN
    """The release of Python, where the environment's own file says it."""
    is_reachable: bool | Unknown = UNKNOWN
    """Whether the model's files are where the registry says."""
    prompts: Prompts = field(default_factory=Prompts)
    files: Mapping[Place, Part[str]] = field(default_factory=dict)
    """Further files that the configuration names."""
    copied_from: tuple[SafeText, ...] = ()
    """Versions of other models that it is a copy of, nearest first."""
    evaluations: tuple[Mapping[Place, Part[str]], ...] = ()
    """Files of the runs that evaluated its LoggedModel, newest first; asked for when its own run has none of them."""
    evaluations_left: int = 0
    """Runs that evaluated it and were not asked: there are too many."""
    model: Part[wire.ModelRow] = ABSENT
    """The registered model, asked for when the version itself does not say whose it is."""

    @property
    def trouble(self) -> Unreadable | None:
        """Return why run or LoggedModel, which share parameters, metrics and tags, could not be read, if so."""
        return next((part for part in (self.run, self.logged_model) if isinstance(part, Unreadable)), None)


async def read_parts(
    api: MlflowApi,
    source: SourceName,
    name: str,
    version: str,
    wanted: Iterable[Place] = (),
    needs_model: Callable[[wire.VersionRow], bool] = lambda row: False,
    cases: Sequence[Place] = (),
) -> Parts:
    """Return all parts of one version; raises when the version itself cannot be read.

    Five requests (four on 2.x) in two rounds. Besides: two for lists of files when files are `wanted`, one for each
    of them that is there, one for the model when it is needed, and one for each linked prompt and each version that
    it is a copy of. Where none of the files of `cases` is there, two for each run that evaluated it.
    """
    teller = _Teller(api, source, name, version)
    async with asyncio.TaskGroup() as group:
        row_task = group.create_task(attempt(api.version(name, version)))
        mlmodel_task = group.create_task(attempt(api.version_file(name, version, "MLmodel")))
        requirements_task = group.create_task(attempt(api.version_file(name, version, "requirements.txt")))
    row = row_task.result()
    if isinstance(row, BackendError):
        raise row
    origin = await teller.origin(row)
    files = VersionFiles(api, name, version, row if isinstance(origin, Unreadable) else origin)
    async with asyncio.TaskGroup() as group:
        run = group.create_task(teller.run(row))
        logged_model = group.create_task(teller.logged_model(origin))
        model_files = group.create_task(
            teller.model_files(row, files, mlmodel_task.result(), requirements_task.result())
        )
        named = group.create_task(teller.named_files(files, wanted))
        model = group.create_task(teller.model(needs_model(row)))
    parts = replace(
        model_files.result(),
        run=run.result(),
        logged_model=logged_model.result(),
        files=named.result(),
        model=model.result(),
        copied_from=teller.copied_from,
    )
    async with asyncio.TaskGroup() as group:
        prompts = group.create_task(teller.prompts(parts))
        evaluations = group.create_task(teller.evaluations(parts, cases))
    found, left = evaluations.result()
    return replace(parts, prompts=prompts.result(), evaluations=found, evaluations_left=left)


class _Teller:
    """Asks for the parts of one version."""

    def __init__(self, api: MlflowApi, source: SourceName, name: str, version: str) -> None:
        self._api = api
        self._source = source
        self._name = name
        self._version = version
        self.copied_from: tuple[SafeText, ...] = ()

    def unreadable(self, reason: str) -> Unreadable:
        return Unreadable(safe_text(reason), self._source)

    async def run(self, row: wire.VersionRow) -> Part[wire.Run]:
        if not row.run_id:
            return ABSENT
        answer = await attempt(self._api.run(row.run_id))
        if isinstance(answer, NotThere):
            return self.unreadable(f"its run {row.run_id} was deleted for good")
        return self.unreadable(answer.title) if isinstance(answer, BackendError) else answer

    async def origin(self, row: wire.VersionRow) -> wire.VersionRow | Unreadable:
        """Return the version that this one was copied from, as MLflow promotes from model to model; else itself."""
        for _ in range(_MOST_COPIES):
            link = copied_version(row.source)
            if link is None:
                return row
            self.copied_from += (safe_text(" ".join(link)),)
            answer = await attempt(self._api.version(*link))
            if isinstance(answer, BackendError):
                return self.unreadable(f"it is a copy of {' '.join(link)}: {answer.title}")
            row = answer
        return self.unreadable("it is a copy of a copy, and so on")

    async def logged_model(self, row: wire.VersionRow | Unreadable) -> Part[wire.LoggedModel]:
        if isinstance(row, Unreadable):
            return row
        model_id = logged_model_id(row.source)
        if not model_id:
            return UNSUPPORTED
        answer = await attempt(self._api.logged_model(model_id))
        if isinstance(answer, NotThere):
            return self.unreadable(f"its LoggedModel {model_id} was deleted")
        return self.unreadable(answer.title) if isinstance(answer, BackendError) else answer

    async def model(self, is_needed: bool) -> Part[wire.ModelRow]:
        answer = await attempt(self._api.model(self._name)) if is_needed else ABSENT
        return self.unreadable(answer.title) if isinstance(answer, BackendError) else answer

    async def model_files(
        self,
        row: wire.VersionRow,
        files: VersionFiles,
        mlmodel: str | BackendError,
        requirements: str | BackendError,
    ) -> Parts:
        """Return the parts that come from files beside the model."""
        mlmodel, requirements, is_reachable = await self._presence(files, mlmodel, requirements)
        if is_reachable is False:
            gone = self.unreadable("its files are gone from the artifact store")
            return Parts(row, mlmodel=gone, requirements=gone, is_reachable=False)
        # A large MLmodel takes a tenth of a second: not on the loop that also answers keys.
        parsed = await asyncio.to_thread(self._read, mlmodel, read_mlmodel, "MLmodel")
        listed = self._read(requirements, requirement_lines, "requirements.txt")
        python: SafeText | Unknown = UNKNOWN
        if listed is ABSENT and is_reachable:
            listed, python = await self._other_environment(files)
        return Parts(row, mlmodel=parsed, requirements=listed, python=python, is_reachable=is_reachable)

    async def _other_environment(self, files: VersionFiles) -> tuple[Part[tuple[SafeText, ...]], SafeText | Unknown]:
        """Return what `conda.yaml` or `python_env.yaml` ask for, and which Python."""
        conda_place, env_place = (Place("artifact", name, False) for name in ("conda.yaml", "python_env.yaml"))
        found = await files.read((conda_place, env_place))
        conda = self._read(found[conda_place], conda_environment, "conda.yaml")
        python_env = self._read(found[env_place], python_environment, "python_env.yaml")
        told = [each for each in (conda, python_env) if isinstance(each, EnvironmentFile)]
        python: SafeText | Unknown = next((each.python for each in told if each.python), UNKNOWN)
        listed = next((each.packages for each in told if each.packages), None)
        if listed is not None:
            return listed, python
        trouble = next((each for each in (conda, python_env) if isinstance(each, Unreadable)), ABSENT)
        return trouble, python

    async def _presence(
        self, files: VersionFiles, mlmodel: str | BackendError, requirements: str | BackendError
    ) -> tuple[str | BackendError, str | BackendError, bool | Unknown]:
        """Return both files, with `NotThere` for those that are missing, and whether the model's files are there."""
        if not isinstance(mlmodel, BackendError) and not isinstance(requirements, BackendUnavailable):
            return mlmodel, requirements, True
        # MLflow 2 fails with 500 for a missing file as for a broken store, and a model need not have an MLmodel:
        # what is listed tells these apart.
        listed = await files.beside_model()
        if isinstance(listed, frozenset):
            mlmodel = _corrected(mlmodel, "MLmodel", listed)
            requirements = _corrected(requirements, "requirements.txt", listed)
            return mlmodel, requirements, bool(listed)
        if isinstance(listed, NotThere):
            return mlmodel, requirements, False
        return mlmodel, requirements, UNKNOWN if isinstance(mlmodel, BackendError) else True

    def _read(self, found: str | BackendError, parse: Callable[[str], T], what: str) -> Part[T]:
        if isinstance(found, NotThere):
            return ABSENT
        if isinstance(found, BackendError):
            return self.unreadable(f"{what}: {found.title}")
        try:
            return parse(found)
        except ValueError as error:
            return self.unreadable(f"{what} cannot be read: {error}")

    async def named_files(self, files: VersionFiles, wanted: Iterable[Place]) -> Mapping[Place, Part[str]]:
        """Return the further files that the configuration names."""
        found = await files.read(place for place in wanted if place.kind in FILE_KINDS)
        return {place: self._read(answer, str, place.name) for place, answer in found.items()}

    async def evaluations(
        self, parts: Parts, wanted: Sequence[Place]
    ) -> tuple[tuple[Mapping[Place, Part[str]], ...], int]:
        """Return these files of the runs that evaluated the model, and how many such runs were not asked."""
        run_ids = [] if any(isinstance(parts.files.get(place), str) for place in wanted) else evaluated_by(parts)
        asked = [place for place in wanted if place.kind == "run_artifact"]
        if not run_ids or not asked:
            return (), 0
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._evaluation(parts.version, run_id, asked))
                for run_id in run_ids[:_MOST_EVALUATIONS]
            ]
        return tuple(task.result() for task in tasks), len(run_ids) - len(tasks)

    async def _evaluation(
        self, row: wire.VersionRow, run_id: str, wanted: Sequence[Place]
    ) -> Mapping[Place, Part[str]]:
        """Return these files of one run that evaluated the model; where it has none, why, if MLflow says why."""
        files = VersionFiles(self._api, self._name, self._version, structs.replace(row, run_id=run_id))
        found = await self.named_files(files, wanted)
        if any(part is not ABSENT for part in found.values()):
            return found
        run = await attempt(self._api.run(run_id))
        if isinstance(run, BackendError):
            return found
        return {**found, wanted[0]: self.unreadable(IN_TRACES)} if is_in_traces(run) else found

    async def prompts(self, parts: Parts) -> Prompts:
        """Return the linked prompts."""
        run = wire.pairs(parts.run.data.tags) if isinstance(parts.run, wire.Run) else {}
        logged = parts.logged_model
        logged_tags = wire.pairs(logged.info.tags) if isinstance(logged, wire.LoggedModel) else {}
        links = linked_prompts(wire.pairs(parts.version.tags), logged_tags, run)
        if isinstance(parts.mlmodel, MlModel):
            links += [link for link in parts.mlmodel.prompts if link not in links]
        return await read_prompts(self._api, links)


def evaluated_by(parts: Parts) -> list[str]:
    """Return the runs besides its own that measured the version's LoggedModel, the one that measured last first."""
    logged = parts.logged_model
    metrics = (logged.data.metrics or ()) if isinstance(logged, wire.LoggedModel) else ()
    measured = [
        (wire.number(metric.timestamp) or 0.0, metric.run_id)
        for metric in metrics
        if metric.run_id and metric.run_id != parts.version.run_id
    ]
    return list(dict.fromkeys(run_id for _, run_id in sorted(measured, reverse=True)))


def is_in_traces(run: wire.Run) -> bool:
    """Tell whether a run evaluated by `mlflow.genai.evaluate` (3.x), which leaves no table."""
    return wire.pairs(run.data.tags).get("mlflow.runType") == "genai_evaluate"


def _corrected(found: str | BackendError, path: str, listed: frozenset[str]) -> str | BackendError:
    if isinstance(found, BackendUnavailable) and path not in listed:
        return NotThere(f"{path} is not among the files of this version")
    return found
