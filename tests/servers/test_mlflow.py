"""The MLflow servers of the tests are real, and hold what the facts say."""

from __future__ import annotations

import httpx
import pytest

from tests.servers import mlflow_fleet as fleet
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_fleet import FleetFacts, SeededVersion


def _get(server: MlflowServer, route: str, **query: str) -> httpx.Response:
    return httpx.get(server.url + route, params=query, timeout=30.0, trust_env=False)


def _file(server: MlflowServer, version: SeededVersion, path: str) -> httpx.Response:
    where = {"name": version.model, "version": version.version, "path": path}
    return _get(server, "/model-versions/get-artifact", **where)


def test_each_major_version_says_its_number(mlflow: MlflowServer) -> None:
    """The server under test is the MLflow that its name promises."""
    assert _get(mlflow, "/version").text.startswith(f"{mlflow.major}.")


def test_fleet_is_listed_as_written(mlflow_fleet: FleetFacts) -> None:
    """Every model, tag and alias of the facts is what the registry answers; prompts stay out of the list."""
    answer = mlflow_fleet.server.client.call("GET", "registered-models/search", max_results="1000")
    listed = {
        model["name"]: {alias["alias"]: alias["version"] for alias in model.get("aliases", ())}
        for model in answer["registered_models"]
    }
    assert {name: listed.get(name) for name in mlflow_fleet.models} == {
        name: dict(model.aliases) for name, model in mlflow_fleet.models.items()
    }
    assert fleet.PROMPT not in listed


def test_versions_and_runs_are_as_written(mlflow_fleet: FleetFacts) -> None:
    """Source, tags, parameters, metrics, commit and dataset digests of each version are those of the facts."""
    client = mlflow_fleet.server.client
    for facts in (version for model in mlflow_fleet.models.values() for version in model.versions):
        answer = client.call("GET", "model-versions/get", name=facts.model, version=facts.version)
        version = answer["model_version"]
        assert (version["source"], version["status"]) == (facts.source, "READY")
        assert {tag["key"]: tag["value"] for tag in version.get("tags", ())} == facts.tags
        assert version["current_stage"] == facts.stage
        if facts.run_id is None:
            continue
        run = client.call("GET", "runs/get", run_id=facts.run_id)["run"]
        assert (run["info"]["lifecycle_stage"] == "deleted") is facts.run_is_deleted
        assert {param["key"]: param["value"] for param in run["data"].get("params", ())} == facts.params
        metrics = {metric["key"]: float(metric["value"]) for metric in run["data"]["metrics"]}
        assert metrics == pytest.approx(dict(facts.metrics), nan_ok=True)
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        assert tags["mlflow.source.git.commit"] == facts.git_commit
        digests = {given["dataset"]["digest"] for given in run.get("inputs", {}).get("dataset_inputs", ())}
        assert digests == {dataset.digest for dataset in facts.datasets}


def test_model_files_can_be_fetched(mlflow_fleet: FleetFacts) -> None:
    """The files of a version come back through the server; those that are gone are 404 on 3.x and 500 on 2.x."""
    server, champion = mlflow_fleet.server, mlflow_fleet.model(fleet.FRAUD).at("champion")
    assert {path: _file(server, champion, path).text for path in champion.files} == dict(champion.files)
    gone = mlflow_fleet.model(fleet.CREDIT).version("2")
    expected = httpx.codes.NOT_FOUND if server.major >= 3 else httpx.codes.INTERNAL_SERVER_ERROR
    assert _file(server, gone, "MLmodel").status_code == expected


def test_logged_models_stand_behind_versions(mlflow3_fleet: FleetFacts) -> None:
    """On 3.x the source of a version leads to a LoggedModel with the same parameters."""
    champion = mlflow3_fleet.model(fleet.FRAUD).at("champion")
    assert champion.source == f"models:/{champion.model_id}"
    answer = mlflow3_fleet.server.client.call("GET", f"logged-models/{champion.model_id}")
    params = {param["key"]: param["value"] for param in answer["model"]["data"]["params"]}
    assert params == champion.params


def test_authentication_is_asked_for(mlflow3_auth: MlflowServer) -> None:
    """Without a name the server answers 401; with the admin's it answers."""
    assert _get(mlflow3_auth, "/api/2.0/mlflow/registered-models/search").status_code == httpx.codes.UNAUTHORIZED
    mlflow3_auth.client.create_model("asked")
    assert mlflow3_auth.client.call("GET", "registered-models/get", name="asked")
