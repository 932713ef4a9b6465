"""A small fleet in a real MLflow, with the oddities that real registries have, and the facts of what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_client import FIRST_RUN_AT_MS, Dataset

FRAUD = "fraud-detector"
"""Eleven versions (5 was deleted), champion 10, challenger 11, stable 9, and a second alias `Champion` on 2."""
CREDIT = "credit-scoring"
"""Version 1: run in the trash. 2: files gone though READY, stage Production. 3: whole, champion."""
ODD_NAME = "Kredit Prüfung 50% it's"
"""Blank, umlaut, per cent and quote in the name, and a unicode alias."""
EMPTY = "not-yet-trained"
"""Registered, without a version."""
EXTERNAL = "vendor-ocr"
"""A version without a run whose files lie where the server cannot look (`s3://`)."""
HOSTILE = "hostile-text"
"""Escape sequences, markup, bidirectional controls and 5 000 characters in tags and description; a NaN metric."""
AGENT = "support-agent"
"""An LLM application: prompt, base model and retriever in its parameters."""
PROMPT = "support-agent-system"
"""A prompt: must not show up among the models."""

HOSTILE_TEXT = "\x1b[2J\x1b]0;owned\x07[bold red]not markup[/] \u202eesrever\u2066 \u0000nul".replace("\u0000", "")

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class SeededVersion:
    """What was written for one version; a field that was not written is empty or None."""

    model: str
    version: str
    source: str
    run_id: str | None = None
    run_is_deleted: bool = False
    model_id: str | None = None
    """The LoggedModel behind it, 3.x only."""
    artifact_uri: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Text by path, readable through `get-artifact`; empty when the files are gone."""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Last value of each metric of the run."""
    run_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    """The version's own tags, in the registry."""
    description: str = ""
    git_commit: str | None = None
    datasets: tuple[Dataset, ...] = ()
    trained_at_ms: int | None = None
    stage: str = "None"


@dataclass(frozen=True, slots=True)
class SeededModel:
    """What was written for one registered model."""

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[SeededVersion, ...] = ()
    """Those that exist, oldest first."""
    deleted_versions: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    def version(self, number: str) -> SeededVersion:
        """The version of that number."""
        return next(version for version in self.versions if version.version == number)

    def at(self, alias: str) -> SeededVersion:
        """The version that the alias points at."""
        return self.version(self.aliases[alias])


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """All that `seed_fleet` wrote."""

    server: MlflowServer
    models: Mapping[str, SeededModel]
    prompts: Mapping[str, tuple[str, ...]]
    """Template texts by prompt, oldest version first."""

    def model(self, name: str) -> SeededModel:
        """The model of that name."""
        return self.models[name]


def seed_fleet(server: MlflowServer) -> FleetFacts:
    """Write the fleet into an empty server and return what was written."""
    writers = (_fraud, _credit, _odd_name, _empty, _external, _hostile, _agent)
    models = [write(server) for write in writers]
    templates = ("Answer kindly: {{question}}", "Answer kindly and briefly: {{question}}")
    server.client.create_prompt(PROMPT, templates)
    server.client.set_alias(PROMPT, "production", "1")
    return FleetFacts(server, {model.name: model for model in models}, {PROMPT: templates})


def write_version(
    server: MlflowServer,
    model: str,
    experiment_id: str,
    *,
    params: Mapping[str, str],
    metrics: Mapping[str, float | Sequence[float]],
    requirements: Sequence[str] = ("scikit-learn==1.5.2", "pandas==2.2.3"),
    datasets: Sequence[Dataset] = (),
    tags: Mapping[str, str] | None = None,
    extra_run_tags: Mapping[str, str] | None = None,
    description: str = "",
    day: int = 0,
) -> SeededVersion:
    """Train, log and register one version of a model as a pipeline would, and return the facts.

    The model must be registered. `day` counts from 2026-01-15 and also decides the commit.
    """
    client, at_ms = server.client, FIRST_RUN_AT_MS + day * _DAY_MS
    commit = hashlib.sha1(f"{model} {day}".encode(), usedforsecurity=False).hexdigest()
    run_tags = _run_tags(commit, model) | dict(extra_run_tags or {})
    run_id = client.create_run(
        experiment_id,
        f"{model}-{day}",
        params=params,
        metrics=metrics,
        tags=run_tags,
        datasets=datasets,
        at_ms=at_ms,
    )
    model_id = None
    if server.has_logged_models:
        model_id, artifact_uri = client.create_logged_model(experiment_id, "model", run_id=run_id, params=params)
        source = f"models:/{model_id}"
        for key, value in metrics.items():
            if datasets and isinstance(value, float):
                client.log_model_metric(run_id, model_id, key, value, datasets[0])
    else:
        artifact_uri = source = f"{client.run_artifact_uri(run_id)}/model"
    files = model_files(requirements, run_id=run_id, model_id=model_id)
    client.upload(artifact_uri, files)
    version = client.create_version(model, source, run_id=run_id, model_id=model_id, tags=tags, description=description)
    return SeededVersion(
        model,
        version,
        source,
        run_id=run_id,
        model_id=model_id,
        artifact_uri=artifact_uri,
        files=files,
        params=params,
        metrics={key: value if isinstance(value, float) else value[-1] for key, value in metrics.items()},
        run_tags=run_tags,
        tags=tags or {},
        description=description,
        git_commit=commit,
        datasets=tuple(datasets),
        trained_at_ms=at_ms,
    )


def model_files(
    requirements: Sequence[str], *, run_id: str | None = None, model_id: str | None = None
) -> dict[str, str]:
    """The files that MLflow puts beside a scikit-learn model, for these pinned requirements."""
    packages = dict(pin.split("==") for pin in requirements if "==" in pin)
    identity = f"model_id: {model_id}\n" if model_id else ""
    identity += f"run_id: {run_id}\n" if run_id else ""
    indented = "".join(f"    - {pin}\n" for pin in requirements)
    return {
        "MLmodel": (
            "artifact_path: model\nflavors:\n  python_function:\n    env:\n      conda: conda.yaml\n"
            "      virtualenv: python_env.yaml\n    loader_module: mlflow.sklearn\n    model_path: model.skops\n"
            "    python_version: 3.11.7\n  sklearn:\n    serialization_format: skops\n"
            f"    sklearn_version: {packages.get('scikit-learn', '1.5.2')}\n"
            f"mlflow_version: 3.17.2\nmodel_size_bytes: 48211\nmodel_uuid: 5f0d0f9cfa1e4b6f9f8d1d1f6a1f0001\n{identity}"
            'signature:\n  inputs: \'[{"type": "double", "name": "amount", "required": true}]\'\n'
            '  outputs: \'[{"type": "long", "required": true}]\'\n'
            "utc_time_created: '2026-01-15 00:00:00.000000'\n"
        ),
        "requirements.txt": "".join(f"{pin}\n" for pin in requirements),
        "conda.yaml": (
            "channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=24.0\n- pip:\n"
            f"{indented}name: mlflow-env\n"
        ),
        "python_env.yaml": "python: 3.11.7\nbuild_dependencies:\n- pip==24.0\ndependencies:\n- -r requirements.txt\n",
        "model.skops": f"weights of {run_id}",
    }


def _run_tags(commit: str, model: str) -> dict[str, str]:
    return {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.repoURL": f"git@git.example.com:risk/{model.replace(' ', '-')}.git",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": "pipeline",
        "mlflow.docker.image.name": "registry.example.com/risk/train:2026.01",
    }


def _dataset(name: str, snapshot: str, rows: int, context: str = "training") -> Dataset:
    digest = hashlib.sha256(f"{name} {snapshot}".encode()).hexdigest()[:8]
    uri = f"s3://lake.example/{name}/{snapshot}/"
    return Dataset(name, digest, uri, context, rows, {"lakefs.commit": hashlib.sha256(uri.encode()).hexdigest()})


def _approval(day: int) -> dict[str, str]:
    return {
        "approved_by": "m.chan",
        "validation_status": "approved",
        "ticket": f"RISK-{1200 + day}",
        "data_snapshot": f"2026-01-{15 + day:02d}",
    }


def _fraud(server: MlflowServer) -> SeededModel:
    client, tags = server.client, {"team": "risk", "tier": "1"}
    experiment_id = client.create_experiment(FRAUD)
    client.create_model(FRAUD, "Scores card transactions", tags)
    versions = []
    for number in range(1, 12):
        last = number == 11
        transactions = _dataset("transactions", f"2026-01-{14 + number}", 2_000_000 + (0 if last else number))
        versions.append(
            write_version(
                server,
                FRAUD,
                experiment_id,
                params={"learning_rate": "0.3" if last else "0.1", "max_depth": "8", "n_estimators": "400"},
                metrics={"auc": 0.94 + number / 1000, "recall_segment_hk": 0.8, "loss": (0.9, 0.5, 0.33)},
                requirements=("scikit-learn==1.5.2", "pandas==2.3.3" if last else "pandas==2.2.3", "numpy==1.26.4"),
                datasets=(transactions, _dataset("merchants", "2026-01-01", 80_000, "evaluation")),
                tags=_approval(number),
                description=f"Weekly retraining {number}",
                day=number,
            )
        )
    client.delete_version(FRAUD, "5")
    aliases = {"champion": "10", "challenger": "11", "stable": "9", "Champion": "2"}
    _set_aliases(server, FRAUD, aliases)
    kept = tuple(version for version in versions if version.version != "5")
    return SeededModel(FRAUD, "Scores card transactions", tags, kept, ("5",), aliases)


def _credit(server: MlflowServer) -> SeededModel:
    client = server.client
    experiment_id = client.create_experiment(CREDIT)
    client.create_model(CREDIT)
    versions = [
        write_version(
            server,
            CREDIT,
            experiment_id,
            params={"C": "1.0"},
            metrics={"auc": 0.8 + number / 100},
            datasets=(_dataset("applications", f"2025-1{number}", 10_000 * number),),
            day=20 + number,
        )
        for number in range(3)
    ]
    assert versions[0].run_id is not None
    client.delete_run(versions[0].run_id)
    assert versions[1].artifact_uri is not None
    client.delete_files(versions[1].artifact_uri, versions[1].files)
    client.set_stage(CREDIT, "2", "Production")
    _set_aliases(server, CREDIT, {"champion": "3"})
    facts = (
        replace(versions[0], run_is_deleted=True),
        replace(versions[1], files={}, stage="Production"),
        versions[2],
    )
    return SeededModel(CREDIT, versions=facts, aliases={"champion": "3"})


def _odd_name(server: MlflowServer) -> SeededModel:
    client = server.client
    experiment_id = client.create_experiment(ODD_NAME)
    client.create_model(ODD_NAME)
    versions = tuple(
        write_version(server, ODD_NAME, experiment_id, params={}, metrics={"auc": 0.7}, day=30 + number)
        for number in range(2)
    )
    aliases = {"ünï": "1", "champion": "2"}
    _set_aliases(server, ODD_NAME, aliases)
    return SeededModel(ODD_NAME, versions=versions, aliases=aliases)


def _empty(server: MlflowServer) -> SeededModel:
    server.client.create_model(EMPTY)
    return SeededModel(EMPTY)


def _external(server: MlflowServer) -> SeededModel:
    source = "s3://vendor-drop.example/ocr/7/"
    server.client.create_model(EXTERNAL)
    number = server.client.create_version(EXTERNAL, source)
    _set_aliases(server, EXTERNAL, {"champion": number})
    return SeededModel(EXTERNAL, versions=(SeededVersion(EXTERNAL, number, source),), aliases={"champion": number})


def _hostile(server: MlflowServer) -> SeededModel:
    client, tags = server.client, {"note": HOSTILE_TEXT, "long": "x" * 5000}
    experiment_id = client.create_experiment(HOSTILE)
    client.create_model(HOSTILE, HOSTILE_TEXT, tags)
    version = write_version(
        server,
        HOSTILE,
        experiment_id,
        params={"note": HOSTILE_TEXT, "password": "hunter2"},
        metrics={"auc": float("nan")},
        tags={"approved_by": HOSTILE_TEXT},
        description=HOSTILE_TEXT,
        day=40,
    )
    _set_aliases(server, HOSTILE, {"champion": "1"})
    return SeededModel(HOSTILE, HOSTILE_TEXT, tags, (version,), aliases={"champion": "1"})


def _agent(server: MlflowServer) -> SeededModel:
    experiment_id = server.client.create_experiment(AGENT)
    server.client.create_model(AGENT)
    versions = tuple(
        write_version(
            server,
            AGENT,
            experiment_id,
            params={"base_model": base, "retriever.index": "kb-2026-01", "guardrails": "pii,toxicity"},
            metrics={"groundedness": 0.9},
            extra_run_tags={"mlflow.linkedPrompts": f'[{{"name": "{PROMPT}", "version": "{number}"}}]'},
            day=50 + number,
        )
        for number, base in ((1, "base-8b-2025-11"), (2, "base-8b-2026-01"))
    )
    _set_aliases(server, AGENT, {"champion": "1", "challenger": "2"})
    return SeededModel(AGENT, versions=versions, aliases={"champion": "1", "challenger": "2"})


def _set_aliases(server: MlflowServer, model: str, aliases: Mapping[str, str]) -> None:
    for alias, version in aliases.items():
        server.client.set_alias(model, alias, version)
