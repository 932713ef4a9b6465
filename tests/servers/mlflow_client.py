"""Fills a real MLflow by plain REST, with what training jobs and release pipelines leave there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

API = "/api/2.0/mlflow/"

FIRST_RUN_AT_MS = 1_768_435_200_000
"""2026-01-15T00:00:00Z: runs and metrics carry fixed times, so that facts can be compared."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that a run read, as `runs/log-inputs` takes it."""

    name: str
    digest: str
    uri: str
    context: str = "training"
    rows: int = 0
    tags: Mapping[str, str] | None = None

    def as_input(self) -> dict[str, Any]:
        """The JSON of one dataset input; source, schema and profile are JSON within JSON, as MLflow does it."""
        tags = {"mlflow.data.context": self.context, **(self.tags or {})}
        return {
            "tags": _pairs(tags),
            "dataset": {
                "name": self.name,
                "digest": self.digest,
                "source_type": "s3",
                "source": json.dumps({"uri": self.uri}),
                "schema": json.dumps({"mlflow_colspec": [{"type": "double", "name": "amount"}]}),
                "profile": json.dumps({"num_rows": self.rows}),
            },
        }


class MlflowClient:
    """The calls that tests need to write into MLflow; each raises `httpx.HTTPStatusError` on a refusal."""

    def __init__(self, base_url: str, username: str | None = None, password: str | None = None) -> None:
        """A client of the server at `base_url`; with a name it authenticates."""
        auth = (username, password or "") if username is not None else None
        self._http = httpx.Client(base_url=base_url, auth=auth, timeout=30.0, trust_env=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def call(self, method: str, route: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """The JSON answer of `/api/2.0/mlflow/ROUTE`."""
        answer = self._http.request(method, API + route, json=body, params=query)
        if answer.is_error:
            message = f"{answer.status_code} for {method} {route}: {answer.text[:500]}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        return answer.json()

    # Experiments and runs

    def create_experiment(self, name: str) -> str:
        """The id of a new experiment."""
        return str(self.call("POST", "experiments/create", {"name": name})["experiment_id"])

    def create_run(
        self,
        experiment_id: str,
        name: str,
        *,
        params: Mapping[str, str] | None = None,
        metrics: Mapping[str, float | Sequence[float]] | None = None,
        tags: Mapping[str, str] | None = None,
        datasets: Sequence[Dataset] = (),
        at_ms: int = FIRST_RUN_AT_MS,
    ) -> str:
        """The id of a new finished run; a metric given as a sequence is logged step by step."""
        start = {"experiment_id": experiment_id, "run_name": name, "start_time": at_ms, "tags": _pairs(tags)}
        run_id = str(self.call("POST", "runs/create", start)["run"]["info"]["run_id"])
        points = _metric_points(metrics, at_ms)
        finite = [point for point in points if isinstance(point["value"], float)]
        self.call("POST", "runs/log-batch", {"run_id": run_id, "params": _pairs(params), "metrics": finite})
        for point in points:
            if point not in finite:  # in a batch, NaN becomes 0.0 at time 0 and what follows is lost
                self.call("POST", "runs/log-metric", {"run_id": run_id, **point})
        if datasets:
            inputs = {"run_id": run_id, "datasets": [dataset.as_input() for dataset in datasets]}
            self.call("POST", "runs/log-inputs", inputs)
        self.call("POST", "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": at_ms + 60_000})
        return run_id

    def delete_run(self, run_id: str) -> None:
        """Put the run into the trash: still readable, `lifecycle_stage` deleted."""
        self.call("POST", "runs/delete", {"run_id": run_id})

    def run_artifact_uri(self, run_id: str) -> str:
        """Where the run's artifacts lie, `mlflow-artifacts:/…`."""
        return str(self.call("GET", "runs/get", run_id=run_id)["run"]["info"]["artifact_uri"])

    # LoggedModels (3.x)

    def create_logged_model(
        self,
        experiment_id: str,
        name: str,
        *,
        run_id: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        model_type: str = "",
    ) -> tuple[str, str]:
        """The id and the artifact address of a new LoggedModel, marked ready."""
        wanted = {
            "experiment_id": experiment_id,
            "name": name,
            "model_type": model_type,
            "params": _pairs(params),
            "tags": _pairs(tags),
        }
        if run_id is not None:
            wanted["source_run_id"] = run_id
        made = self.call("POST", "logged-models", wanted)["model"]["info"]
        model_id = str(made["model_id"])
        ready = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
        self.call("PATCH", f"logged-models/{model_id}", ready)
        if run_id is not None:
            outputs = {"run_id": run_id, "models": [{"model_id": model_id, "step": 0}]}
            self.call("POST", "runs/outputs", outputs)
        return model_id, str(made["artifact_uri"])

    def log_model_metric(self, run_id: str, model_id: str, key: str, value: float, dataset: Dataset) -> None:
        """Link a metric of a run to a LoggedModel and to the data it was measured on."""
        body = {
            "run_id": run_id,
            "model_id": model_id,
            "key": key,
            "value": value,
            "step": 0,
            "timestamp": FIRST_RUN_AT_MS,
            "dataset_name": dataset.name,
            "dataset_digest": dataset.digest,
        }
        self.call("POST", "runs/log-metric", body)

    # Files

    def upload(self, artifact_uri: str, files: Mapping[str, str]) -> None:
        """Put the files below an `mlflow-artifacts:/…` address, through the server."""
        for path, content in files.items():
            self._http.put(_proxied(artifact_uri, path), content=content.encode()).raise_for_status()

    def delete_files(self, artifact_uri: str, paths: Iterable[str]) -> None:
        """Delete the files below an `mlflow-artifacts:/…` address; the registry goes on saying READY."""
        for path in paths:
            self._http.delete(_proxied(artifact_uri, path)).raise_for_status()

    # The registry

    def create_model(self, name: str, description: str = "", tags: Mapping[str, str] | None = None) -> None:
        """Register a model that has no version yet."""
        body = {"name": name, "description": description, "tags": _pairs(tags)}
        self.call("POST", "registered-models/create", body)

    def create_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str | None = None,
        model_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str = "",
    ) -> str:
        """The number, as text, of a new version; `model_id` must come with a source `models:/m-…`."""
        body: dict[str, Any] = {"name": name, "source": source, "tags": _pairs(tags)}
        body |= {"description": description} | ({"run_id": run_id} if run_id else {})
        body |= {"model_id": model_id} if model_id else {}
        return str(self.call("POST", "model-versions/create", body)["model_version"]["version"])

    def delete_version(self, name: str, version: str) -> None:
        """Delete a version; MLflow drops the aliases that point at it without a word."""
        self.call("DELETE", "model-versions/delete", {"name": name, "version": version})

    def set_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        """Set one tag of a version."""
        tag = {"name": name, "version": version, "key": key, "value": value}
        self.call("POST", "model-versions/set-tag", tag)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Make the alias point at the version."""
        self.call("POST", "registered-models/alias", {"name": name, "alias": alias, "version": version})

    def delete_alias(self, name: str, alias: str) -> None:
        """Take the alias away; fine when it is not there."""
        self.call("DELETE", "registered-models/alias", {"name": name, "alias": alias})

    def alias(self, name: str, alias: str) -> str:
        """The version that the alias points at."""
        return str(self.call("GET", "registered-models/alias", name=name, alias=alias)["model_version"]["version"])

    def promote(self, name: str, version: str) -> None:
        """Make the version champion, and what was champion `previous`, as a release pipeline does."""
        self.set_alias(name, "previous", self.alias(name, "champion"))
        self.set_alias(name, "champion", version)

    def set_stage(self, name: str, version: str, stage: str) -> None:
        """Move the version into an old-style stage and archive what was there."""
        body = {"name": name, "version": version, "stage": stage, "archive_existing_versions": True}
        self.call("POST", "model-versions/transition-stage", body)

    # Prompts (3.x shows them; on any server they are registered models with a tag)

    def create_prompt(self, name: str, templates: Sequence[str]) -> None:
        """A prompt with one version per template."""
        marked = {"mlflow.prompt.is_prompt": "true"}
        self.create_model(name, tags=marked)
        for number, template in enumerate(templates, start=1):
            tags = {**marked, "mlflow.prompt.text": template, "_mlflow_prompt_type": "text"}
            self.create_version(name, "dummy-source", tags=tags, description=f"revision {number}")


def _proxied(artifact_uri: str, path: str) -> str:
    root = artifact_uri.removeprefix("mlflow-artifacts:").lstrip("/")
    return f"/api/2.0/mlflow-artifacts/artifacts/{quote(f'{root}/{path}')}"


def _pairs(values: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in (values or {}).items()]


def _metric_points(metrics: Mapping[str, float | Sequence[float]] | None, at_ms: int) -> list[dict[str, str | float]]:
    points: list[dict[str, str | float]] = []
    for key, given in (metrics or {}).items():
        values = (given,) if isinstance(given, int | float) else given
        for step, value in enumerate(values):
            sent = float(value) if math.isfinite(value) else "NaN"
            points.append({"key": key, "value": sent, "step": step, "timestamp": at_ms + 1000 * step})
    return points
