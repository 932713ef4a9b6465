"""A lineage server on loopback that answers as Marquez does: it takes events and tells runs, jobs and data sets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.servers.answering import Asked, Given, answering

_STATES = {"START": "RUNNING", "RUNNING": "RUNNING", "COMPLETE": "COMPLETED", "FAIL": "FAILED", "ABORT": "ABORTED"}
Key = tuple[str, str]


@dataclass
class Run:
    """A run, with what it read and wrote."""

    id: str
    job: Key
    state: str = "NEW"
    started_at: str = ""
    ended_at: str = ""
    facets: dict[str, Any] = field(default_factory=dict)
    job_facets: dict[str, Any] = field(default_factory=dict)
    inputs: dict[Key, str] = field(default_factory=dict)
    outputs: dict[Key, str] = field(default_factory=dict)
    """The server's own version of each data set."""


@dataclass
class Version:
    """A version of a data set."""

    id: str
    facets: dict[str, Any]
    made_by: str = ""


@dataclass
class Marquez:
    """What it knows, and how it behaves."""

    is_old: bool = False
    """Versions of data sets are listed bare, and facets of runs cannot be asked for."""
    runs: dict[str, Run] = field(default_factory=dict)
    datasets: dict[Key, list[Version]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Parts of a path that are answered with 503."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def take(self, event: dict[str, Any]) -> None:
        """Store an event, as `POST /api/v1/lineage` does."""
        job = (event["job"]["namespace"], event["job"]["name"])
        run = self.runs.setdefault(event["run"]["runId"], Run(event["run"]["runId"], job))
        run.state = _STATES[event["eventType"]]
        run.facets |= event["run"].get("facets", {})
        run.job_facets |= event["job"].get("facets", {})
        if event["eventType"] == "START":
            run.started_at = event["eventTime"]
        elif event["eventType"] != "RUNNING":
            run.ended_at = event["eventTime"]
        for given in event["inputs"]:
            key = (given["namespace"], given["name"])
            known = self.datasets.setdefault(key, [])
            facets = given.get("facets", {}) | given.get("inputFacets", {})
            version = next((one for one in known[::-1] if one.facets.get("version") == facets.get("version")), None)
            if version is None:
                version = Version(str(uuid.uuid4()), {})
                known.append(version)
            version.facets |= facets
            run.inputs[key] = version.id
        for given in event["outputs"]:
            key = (given["namespace"], given["name"])
            facets = given.get("facets", {}) | given.get("outputFacets", {})
            version = Version(str(uuid.uuid4()), facets, run.id)
            self.datasets.setdefault(key, []).append(version)
            run.outputs[key] = version.id

    def answer(self, path: str) -> tuple[int, Any]:
        """Return status and body of one question."""
        self.asked.append(path)
        if any(part in path for part in self.broken):
            return 503, "<html>down</html>"
        names = [unquote(name) for name in urlsplit(path).path.strip("/").split("/")][2:]
        match names:
            case ["namespaces"]:
                return 200, {"namespaces": [{"name": name} for name in sorted({key[0] for key in self.datasets})]}
            case ["jobs", "runs", run] if run in self.runs:
                return 200, self._run(self.runs[run])
            case ["jobs", "runs", run, "facets"] if run in self.runs and not self.is_old:
                return 200, {"runId": run, "facets": self.runs[run].job_facets}
            case ["namespaces", namespace, "datasets", name, "versions"] if (namespace, name) in self.datasets:
                versions = self.datasets[namespace, name]
                return 200, {"versions": [self._version((namespace, name), one) for one in versions[::-1]]}
            case ["namespaces", namespace, "datasets", name, "versions", version]:
                found = [one for one in self.datasets.get((namespace, name), ()) if one.id == version]
                return (200, self._version((namespace, name), found[0])) if found else (404, {"code": 404})
            case ["namespaces", namespace, "jobs", name, "versions", version]:
                for one in self.runs.values():
                    if one.job == (namespace, name) and _job_version(one) == version:
                        return 200, {"name": name, "facets": one.job_facets}
        return 404, {"code": 404, "message": "not found"}

    def _version(self, key: Key, version: Version) -> Any:
        run = self.runs.get(version.made_by)
        return {
            "id": {"namespace": key[0], "name": key[1], "version": version.id},
            "type": "DB_TABLE",
            "namespace": key[0],
            "name": key[1],
            "version": version.id,
            "createdByRun": self._run(run) if run else None,
            "facets": version.facets,
        }

    def _run(self, run: Run) -> Any:
        used = {"input": run.inputs, "output": run.outputs}
        whole: dict[str, Any] = {
            "id": run.id,
            "state": run.state,
            "startedAt": run.started_at or None,
            "endedAt": run.ended_at or None,
            "args": {},
            "jobVersion": {"namespace": run.job[0], "name": run.job[1], "version": _job_version(run)},
            "facets": run.facets,
        }
        for side, datasets in used.items():
            refs = [{"namespace": key[0], "name": key[1], "version": version} for key, version in datasets.items()]
            if self.is_old:
                whole[f"{side}Versions"] = refs
            else:
                whole[f"{side}DatasetVersions"] = [{"datasetVersionId": ref, "facets": {}} for ref in refs]
        return whole


@contextmanager
def running_marquez() -> Iterator[Marquez]:
    """A server that answers until the end of the block."""
    marquez = Marquez()

    def answer(asked: Asked) -> Given:
        if asked.method == "POST":
            marquez.take(json.loads(asked.body))
            return Given(201, {}, b"{}")
        status, told = marquez.answer(asked.target)
        if isinstance(told, str):
            return Given(status, {"Content-Type": "text/html"}, told.encode())
        return Given(status, {"Content-Type": "application/json"}, json.dumps(told).encode())

    with answering(answer) as url:
        marquez.url = url
        yield marquez


def _job_version(run: Run) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([run.job, run.job_facets], sort_keys=True)))
