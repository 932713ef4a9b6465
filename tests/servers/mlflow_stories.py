"""Writes the facts of a version, as plain data under the names of `Provenance`, into a real MLflow as a team would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_client import Dataset

Facts = Mapping[str, Any]
_OF_DATA = ("origin", "begins_at", "ends_at", "taken_at")


def write_facts(server: MlflowServer, model: str, experiment_id: str, facts: Facts) -> str:
    """Write a run and its files, and register them as the next version of a model that exists; its number."""
    client = server.client
    parameters = {**facts.get("parameters", {}), **facts.get("llm_system", {})}
    if "feature_pipeline" in facts:
        parameters["feature_pipeline"] = facts["feature_pipeline"]
    run_id = client.create_run(
        experiment_id,
        "retrained",
        params={name: str(value) for name, value in parameters.items()},
        metrics={**facts.get("metrics", {}), **_segments(facts)},
        tags=_run_tags(facts),
        datasets=[_dataset(told) for told in facts.get("data_snapshots", ())],
    )
    address = client.run_artifact_uri(run_id)
    client.upload(address, {f"model/{name}": content for name, content in _model_files(facts).items()})
    client.upload(address, _run_files(facts))
    tags = {name: str(value) for name, value in _version_tags(facts).items()}
    return client.create_version(model, f"{address}/model", run_id=run_id, tags=tags)


def _segments(facts: Facts) -> dict[str, float]:
    """Metrics of segments by names that MLflow takes: there is no `=` in them."""
    return {f"segment.{name.replace('=', '.')}": value for name, value in facts.get("segment_metrics", {}).items()}


def _run_tags(facts: Facts) -> dict[str, str]:
    code = facts.get("code", {})
    names = {"commit": "commit", "repository": "repoURL", "branch": "branch"}
    return {f"mlflow.source.git.{tag}": code[name] for name, tag in names.items() if name in code}


def _dataset(told: Facts) -> Dataset:
    tags = {name: told[name] for name in ("digest", *_OF_DATA) if name in told}
    # MLflow keeps no more than 36 characters of a digest.
    short = str(told["digest"]).rpartition(":")[2][:8]
    return Dataset(told["name"], short, told["uri"], told["used_for"], told["rows"], tags)


def _model_files(facts: Facts) -> dict[str, str]:
    python = facts.get("runtime", {}).get("python")
    lines = ["flavors:", "  python_function:", "    loader_module: our.model"]
    lines += [f"    python_version: {python}"] if python else []
    if "signature" in facts:
        sides = {side: json.dumps(facts["signature"][side]) for side in ("inputs", "outputs")}
        lines += ["signature:", *(f"  {side}: '{columns}'" for side, columns in sides.items())]
    files = {"MLmodel": "\n".join(lines) + "\n"}
    if "requirements" in facts:
        files["requirements.txt"] = "\n".join(facts["requirements"]) + "\n"
    if "model_card" in facts:
        files["model_card.md"] = "\n".join(facts["model_card"]) + "\n"
    return files


def _run_files(facts: Facts) -> dict[str, str]:
    files = {}
    if "extraction_query" in facts:
        files["query.sql"] = "\n".join(facts["extraction_query"]) + "\n"
    for field, name in (("cases", "golden_cases.json"), ("importances", "feature_importances.json")):
        if field in facts:
            files[name] = json.dumps(facts[field])
    return files


def _version_tags(facts: Facts) -> dict[str, Any]:
    tags = {name: facts[name] for name in ("owner", "architecture", "base_image") if name in facts}
    if "registered" in facts:
        tags["registered_by"] = facts["registered"]
    if "digest" in facts.get("artifact", {}):
        tags["artifact_digest"] = facts["artifact"]["digest"]
    if "hardware" in facts.get("runtime", {}):
        tags["hardware"] = facts["runtime"]["hardware"]
    if "external_effects" in facts:
        tags["external_effects"] = json.dumps(facts["external_effects"])
    for approval in facts.get("approvals", ()):
        tags |= {"approved_by": approval["by"], "approval_status": approval["decision"], "approved_at": approval["at"]}
    prefixes = {
        "environment_variables": "env.",
        "serving_config": "serving.",
        "components": "component.",
        "agent": "agent.",
        "prompts": "prompt.",
        "tags": "",
    }
    for field, prefix in prefixes.items():
        tags |= {f"{prefix}{name}": value for name, value in facts.get(field, {}).items()}
    return tags
