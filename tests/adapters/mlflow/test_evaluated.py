"""What MLflow's own evaluation writes, by MLflow 2 and 3: where two versions answer differently."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from modeltui.adapters.mlflow.places import ProvenanceMap
from modeltui.domain.lineage import Known, Provenance, Unreadable
from tests.adapters.mlflow.fake import name, number, opened
from tests.servers import evaluated, venvs
from tests.servers.mlflow import MlflowServer

pytestmark = pytest.mark.broad

DEADLINE_SECONDS = 180.0
NAME = "evaluated-assistant"


def evaluate(server: MlflowServer, environment: venvs.Environment, directory: Path) -> None:
    """Register and evaluate, with the MLflow of that environment, from a folder with nothing of ours in it."""
    script = directory / "evaluate.py"
    script.write_text(Path(evaluated.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run(
        [str(venvs.ensure(environment) / "bin" / "python"), script.name, server.url, NAME],
        cwd=directory,
        env=os.environ | quiet,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-2000:]


async def told(server: MlflowServer, version: int, where: ProvenanceMap) -> Provenance:
    """What is told of one version."""
    async with opened(server.url, provenance=where) as registry:
        return await registry.read_provenance(name(NAME), number(version))


async def test_versions_differ_in_the_case_that_they_answer_otherwise(mlflow: MlflowServer, tmp_path: Path) -> None:
    """Each question with its answer, wherever it was evaluated; the expected answer and the scores are no part of it.

    Version 1 was evaluated in the run that trained it, version 2 on MLflow 3 in a run of its own, and of version 3 a
    table by another name was logged, which the configuration names. Of what MLflow 3 keeps in traces it is said that
    nobody reads it.
    """
    environment = venvs.MLFLOW_3 if mlflow.has_logged_models else venvs.MLFLOW_2
    evaluate(mlflow, environment, tmp_path)
    usual = ProvenanceMap()
    named = ProvenanceMap(cases=(f"run_artifact:{evaluated.TABLE}",))
    for version, answers, where in ((1, 0, usual), (2, 1, usual), (3, 1, named)):
        cases = (await told(mlflow, version, where)).cases
        assert isinstance(cases, Known), (version, cases)
        assert cases.value == dict(zip(evaluated.QUESTIONS, evaluated.ANSWERS[answers], strict=True))
        assert not cases.lacks
    if mlflow.has_logged_models:
        cases = (await told(mlflow, 4, usual)).cases
        assert isinstance(cases, Unreadable), cases
        assert "in traces, which are not read" in cases.reason
