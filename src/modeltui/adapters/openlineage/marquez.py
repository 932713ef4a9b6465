"""Runs that a server with the API of Marquez knows: asked for one version, and as far up as its inputs lead."""

from __future__ import annotations

import asyncio
import re
from typing import Final, TypeVar

from msgspec import Raw, Struct

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.look import text_at
from modeltui.adapters._http import HttpReader, path_segment
from modeltui.adapters.openlineage.events import DatasetPart, Event, Facets, JobPart, RunPart
from modeltui.adapters.openlineage.matching import model_names
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.openlineage.runs import Looked, Runs, run_key
from modeltui.domain.errors import BackendError
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe

_T = TypeVar("_T")

_API: Final = "/api/v1"
_PAGE: Final = "100"
_MOST_NAMESPACES: Final = 100
_MOST_REQUESTS: Final = 60
"""Of one question; what lies further up is not looked at."""
_UUID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_NOT_FOUND: Final = 404


class NamespaceRow(Struct, frozen=True):
    """A namespace."""

    name: str = ""


class Namespaces(Struct, frozen=True):
    """Answer of `/namespaces`."""

    namespaces: list[NamespaceRow] = []


class VersionRef(Struct, frozen=True):
    """A version of a job or of a data set."""

    namespace: str = ""
    name: str = ""
    version: str = ""


class UsedVersion(Struct, frozen=True):
    """A version of a data set that a run used, with what the run said of it."""

    datasetVersionId: VersionRef = VersionRef()  # noqa: N815 - as it is sent
    facets: Facets | None = None


class RunRow(Struct, frozen=True):
    """A run. Older servers list versions bare, newer ones with facets."""

    id: str = ""
    state: str | None = ""
    startedAt: str | None = ""  # noqa: N815 - as it is sent
    endedAt: str | None = ""  # noqa: N815 - as it is sent
    args: dict[str, Raw] | None = None
    jobVersion: VersionRef | None = None  # noqa: N815 - as it is sent
    inputVersions: list[VersionRef] | None = None  # noqa: N815 - as it is sent
    outputVersions: list[VersionRef] | None = None  # noqa: N815 - as it is sent
    inputDatasetVersions: list[UsedVersion] | None = None  # noqa: N815 - as it is sent
    outputDatasetVersions: list[UsedVersion] | None = None  # noqa: N815 - as it is sent
    facets: Facets | None = None

    @property
    def inputs(self) -> list[UsedVersion]:
        """What it read."""
        return self.inputDatasetVersions or [UsedVersion(one) for one in self.inputVersions or ()]

    @property
    def outputs(self) -> list[UsedVersion]:
        """What it wrote."""
        return self.outputDatasetVersions or [UsedVersion(one) for one in self.outputVersions or ()]


class DatasetVersion(Struct, frozen=True):
    """A version of a data set."""

    namespace: str = ""
    name: str = ""
    version: str = ""
    createdByRun: RunRow | None = None  # noqa: N815 - as it is sent
    facets: Facets | None = None


class DatasetVersions(Struct, frozen=True):
    """Answer of `/datasets/{dataset}/versions`."""

    versions: list[DatasetVersion] = []


class Facetted(Struct, frozen=True):
    """Answer of `/jobs/runs/{id}/facets` and of a job's version."""

    facets: Facets | None = None


class Marquez:
    """Asks a server for the runs around one version."""

    def __init__(self, reader: HttpReader, options: Options, surroundings: Surroundings) -> None:
        self._reader = reader
        self._options = options
        self._clock = surroundings.clock

    async def look(self, model: str, version: str, named: tuple[str, ...]) -> Looked:
        """Return the runs that may have made a version, and those before them."""
        return await _Question(self._reader, self._options).look(model, version, named)

    async def probe(self) -> Probe:
        """Return whether it answers, and how many namespaces it has."""
        started_at = self._clock.boottime()
        found = await self._reader.get_json(f"{_API}/namespaces", Namespaces, {"limit": _PAGE})
        latency_seconds = self._clock.boottime() - started_at
        count = len(found.namespaces)
        missing = sorted(set(self._options.namespaces) - {row.name for row in found.namespaces})
        findings = [Finding(SafeText("namespaces"), count > 0, safe_text(f"{count} namespaces"), _NO_NAMESPACE)]
        if missing and count < int(_PAGE):
            findings.append(
                Finding(SafeText("namespaces"), False, safe_text(f"{missing[0]} is not there"), _NO_NAMESPACE)
            )
        return Probe(UNKNOWN, latency_seconds, UNKNOWN, tuple(findings))


_NO_NAMESPACE: Final = SafeText("Check url and namespaces; a server that never got an event has no namespace.")


class _Question:
    """One look, with its budget."""

    def __init__(self, reader: HttpReader, options: Options) -> None:
        self._reader = reader
        self._options = options
        self._left = _MOST_REQUESTS
        self._trouble: BackendError | None = None
        self._seen: set[str] = set()
        self._runs = Runs(_MOST_REQUESTS * 2)

    async def look(self, model: str, version: str, named: tuple[str, ...]) -> Looked:
        async with asyncio.TaskGroup() as group:
            for run_id in named:
                if _UUID.fullmatch(run_id.strip()):
                    group.create_task(self._named(run_id.strip()))
            group.create_task(self._claimed(model, version))
        return Looked(self._runs, self._trouble)

    async def _get(self, path: tuple[str, ...], kind: type[_T], parameters: dict[str, str] | None = None) -> _T | None:
        """Return an answer; None when there is no such thing, when the budget is used up, or with the trouble kept."""
        if self._left <= 0:
            return None
        self._left -= 1
        try:
            segments = "/".join(path_segment(name) for name in path)
            answer = await self._reader.get(f"{_API}/{segments}", parameters, accept=(_NOT_FOUND,))
            return None if answer.status == _NOT_FOUND else answer.json(kind)
        except BackendError as error:
            self._trouble = self._trouble or error
            return None

    async def _named(self, run_id: str) -> None:
        key = run_key(run_id)
        dashed = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
        row = await self._get(("jobs", "runs", dashed), RunRow)
        if row is not None and row.id:
            await self._take(row, self._options.hops)

    async def _claimed(self, model: str, version: str) -> None:
        namespaces = self._options.namespaces
        if not namespaces:
            found = await self._get(("namespaces",), Namespaces, {"limit": _PAGE})
            namespaces = tuple(row.name for row in found.namespaces if row.name) if found else ()
        names = model_names(self._options, model, version)
        async with asyncio.TaskGroup() as group:
            for namespace in namespaces[:_MOST_NAMESPACES]:
                for name, is_enough in names.items():
                    group.create_task(self._versions(namespace, name, "" if is_enough else version))

    async def _versions(self, namespace: str, name: str, version: str) -> None:
        """Look for the versions of a model's data set that are this version; any when `version` is empty."""
        path = ("namespaces", namespace, "datasets", name, "versions")
        found = await self._get(path, DatasetVersions, {"limit": _PAGE})
        for row in found.versions if found else ():
            written = _version_text(row.facets) or row.version
            if row.createdByRun is None or not row.createdByRun.id or (version and version != written):
                continue
            made = DatasetPart(namespace, name, _with_version(row.facets, row.version))
            await self._take(row.createdByRun, self._options.hops, made)

    async def _take(self, row: RunRow, hops: int, made: DatasetPart | None = None) -> None:
        """Add a run with what it read and wrote, and the runs before it."""
        inputs = [_dataset(one) for one in row.inputs]
        outputs = [_dataset(one) for one in row.outputs] + ([made] if made else [])
        if run_key(row.id) in self._seen:
            self._runs.add(Event(RunPart(row.id), None, outputs=outputs))
            return
        self._seen.add(run_key(row.id))
        job = row.jobVersion or VersionRef()
        part = JobPart(job.namespace, job.name, await self._job_facets(row.id, job))
        for at, state in ((row.startedAt, "START"), (row.endedAt, row.state)):
            if at or state != "START":
                self._runs.add(Event(RunPart(row.id, row.facets), part, at or "", state, inputs, outputs))
        async with asyncio.TaskGroup() as group:
            for used in row.inputs:
                group.create_task(self._input(row.id, used.datasetVersionId, hops))

    async def _job_facets(self, run_id: str, job: VersionRef) -> Facets | None:
        found = await self._get(("jobs", "runs", run_id, "facets"), Facetted, {"type": "job"})
        if (found is None or not found.facets) and job.name and job.version:
            path = ("namespaces", job.namespace, "jobs", job.name, "versions", job.version)
            found = await self._get(path, Facetted)
        return found.facets if found else None

    async def _input(self, reader_id: str, used: VersionRef, hops: int) -> None:
        if not (used.namespace and used.name and used.version):
            return
        path = ("namespaces", used.namespace, "datasets", used.name, "versions", used.version)
        row = await self._get(path, DatasetVersion)
        if row is None:
            return
        dataset = DatasetPart(used.namespace, used.name, _with_version(row.facets, used.version))
        self._runs.add(Event(RunPart(reader_id), None, inputs=[dataset]))
        if hops > 0 and row.createdByRun is not None and row.createdByRun.id:
            await self._take(row.createdByRun, hops - 1, dataset)


def _dataset(used: UsedVersion) -> DatasetPart:
    ref = used.datasetVersionId
    return DatasetPart(ref.namespace, ref.name, _with_version(used.facets, ref.version))


def _version_text(facets: Facets | None) -> str:
    raw = (facets or {}).get("version")
    try:
        return text_at(parse_json(bytes(raw)), "datasetVersion") if raw is not None else ""
    except ValueError:
        return ""


def _with_version(facets: Facets | None, version: str) -> Facets:
    """Return facets that tell a version: the run's own word for it, else the server's."""
    if _version_text(facets) or not version:
        return facets or {}
    return {**(facets or {}), "version": Raw(b'{"datasetVersion":"%s"}' % _plain(version))}


def _plain(version: str) -> bytes:
    return re.sub(r"[^\w.:+-]", "", version).encode()
