"""Writes stories into git repositories as teams with DVC and GTO do: pointers, a lock file, parameters, tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.stories import Facts, Story
from tests.servers.git import Clone

MODEL = "models/model.pkl"
_META = ("owner", "architecture", "run")


def files_of(model: str, facts: Facts, folder: str = "") -> dict[str, str]:
    """Every file of one version below a folder; YAML is written as JSON, which is YAML too."""
    written = {"src/train.py": "train()\n", "dvc.yaml": _yaml(_definition(model, facts))}
    data = facts.get("data_snapshots", ())
    query = "sql/extract.sql" if "extraction_query" in facts else ""
    if "artifact" in facts:
        written["dvc.lock"] = _yaml(_lock(facts, data, query))
    for snapshot in data:
        written[f"data/{snapshot['name']}.parquet.dvc"] = _yaml(_pointer(snapshot))
    parameters = {**facts.get("parameters", {})}
    if "feature_pipeline" in facts:
        parameters["feature_pipeline"] = facts["feature_pipeline"]
    if parameters:
        written["params.yaml"] = _yaml(parameters)
    if "metrics" in facts:
        segments = facts.get("segment_metrics", {})
        written["metrics.json"] = json.dumps({**facts["metrics"], **({"segments": segments} if segments else {})})
    if query:
        written[query] = "\n".join(facts["extraction_query"]) + "\n"
    for name in ("signature", "importances"):
        if name in facts:
            written[f"{name}.json"] = json.dumps(facts[name])
    for name in ("serving_config", "llm_system", "components", "agent", "external_effects", "runtime"):
        if name in facts:
            written[f"{name}.yaml"] = _yaml(facts[name])
    if "requirements" in facts:
        written["requirements.txt"] = "\n".join(facts["requirements"]) + "\n"
    if "base_image" in facts:
        variables = "".join(f"ENV {name}={value}\n" for name, value in facts.get("environment_variables", {}).items())
        written["Dockerfile"] = f"FROM {facts['base_image']}\n{variables}COPY . /app\n"
    for name, answer in facts.get("cases", {}).items():
        written[f"golden/{name}.txt"] = f"{answer}\n"
    for name, text in facts.get("prompts", {}).items():
        written[f"prompts/{name}.txt"] = f"{text}\n"
    if "model_card" in facts:
        written["README.md"] = "\n".join(facts["model_card"]) + "\n"
    return {f"{folder}{path}": content for path, content in written.items()}


def write_model(clone: Clone, model: str, stories: list[Story], folder: str = "") -> None:
    """Commit and register the base of these stories as v1.0.0, and each story's change of it as the next minor."""
    base = stories[0].base
    artifact = f"{folder.strip('/')}={model}" if folder else model
    first = clone.commit(files_of(model, base, folder), f"Train {model}")
    clone.tag(f"{artifact}@v1.0.0", first, "The first")
    clone.tag(f"{artifact}#prod#1", first, "Good on all segments")
    for number, story in enumerate(stories, 1):
        clone.git("checkout", "--quiet", "-B", "main", first)
        files = files_of(model, story.changed, folder)
        if "code" in story.change:
            files[f"{folder}src/train.py"] = "train(shuffle=False)\n"
        commit = clone.commit(files, f"Try {story.what}")
        clone.tag(f"{artifact}@v1.{number}.0", commit, story.what)


def _definition(model: str, facts: Facts) -> Mapping[str, Any]:
    meta = {name: facts[name] for name in _META if name in facts and name != "run"}
    artifact = {"path": MODEL, "type": "model", "labels": ["scored"], "meta": {**meta, "tags": facts.get("tags", {})}}
    return {"artifacts": {model: artifact}, "metrics": ["metrics.json"]}


def _lock(facts: Facts, data: Any, query: str) -> Mapping[str, Any]:
    """One stage, as `dvc repro` notes it."""
    deps = [
        {"path": f"data/{one['name']}.parquet", "hash": "md5", "md5": _md5(one["digest"]), "size": 4096} for one in data
    ]
    deps += [{"path": path, "hash": "md5", "md5": "5" * 32, "size": 8} for path in ("src/train.py", query) if path]
    out = {
        "path": MODEL,
        "hash": "md5",
        "md5": _md5(facts["artifact"]["digest"]),
        "size": facts["artifact"]["size_bytes"],
    }
    stage = {
        "cmd": "python src/train.py",
        "deps": deps,
        "params": {"params.yaml": facts.get("parameters", {})},
        "outs": [out],
    }
    return {"schema": "2.0", "stages": {"train": stage}}


def _pointer(snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
    noted = {name: value for name, value in snapshot.items() if name not in ("name", "digest")}
    out = {"md5": _md5(snapshot["digest"]), "size": 4096, "hash": "md5", "path": f"{snapshot['name']}.parquet"}
    return {"outs": [out], "meta": noted}


def _md5(digest: str) -> str:
    return digest.partition(":")[2][:32]


def _yaml(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"
