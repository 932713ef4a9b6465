"""Real trainings, registered in a real MLflow, that differ in one thing each: that thing is the first suspect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.comparing import Compared, compared, fields, first_suspect
from tests.e2e.stage import write_config
from tests.servers import training, venvs
from tests.servers.mlflow import MlflowServer
from tests.servers.policy import missing
from tests.servers.trained import TrainedVersion, train, train_with_autolog

pytestmark = pytest.mark.timeout(600)

Trained = Mapping[str, TrainedVersion]
CHANGED = [recipe.name for recipe in training.RECIPES if recipe.causes]
NOTED_BY_ITSELF = {"data-snapshot": "data.dataset", "feature-dropped": "artifact.signature", "parameter": "parameters."}
"""What MLflow's automatic logging says of a change."""
ALWAYS_OTHERWISE = ("record.run", "record.address", "artifact.size", "metrics.", "segments.", "importances.", "cases.")
"""What another training brings along."""


@pytest.fixture(scope="module")
def trained(mlflow3: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Every recipe, trained and registered."""
    try:
        return train(mlflow3, tmp_path_factory.mktemp("training"))
    except venvs.EnvironmentBuildError as error:
        missing(str(error), "check that pip can install packages here")


@pytest.fixture(scope="module")
def trained_with_autolog(mlflow3: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Some recipes, of which nobody recorded anything."""
    return train_with_autolog(mlflow3, tmp_path_factory.mktemp("autolog"), ["base", *NOTED_BY_ITSELF])


@pytest.fixture
def config(mlflow3: MlflowServer, tmp_path: Path) -> Path:
    """A configuration with nothing but the address of MLflow."""
    return write_config(tmp_path, {"prod": {"sources": {"mlflow": {"kind": "mlflow", "url": mlflow3.url}}}})


async def against_base(config: Path, trained: Trained, name: str) -> Compared:
    """The first version and the one of that recipe, compared."""
    return await compared(config, training.MODEL, trained["base"].version, trained[name].version)


@pytest.mark.parametrize("name", CHANGED)
def test_what_was_changed_is_the_first_suspect(config: Path, trained: Trained, name: str) -> None:
    """Two real trainings that differ in one thing: `compare` names that thing first, whatever moved with it."""
    recipe = trained[name].recipe
    found = first_suspect(config, training.MODEL, trained["base"].version, trained[name].version)
    assert found.startswith(recipe.causes), (recipe.what, found)


@pytest.mark.parametrize("name", [recipe.name for recipe in training.RECIPES if recipe.harmed])
async def test_harmed_segment(config: Path, trained: Trained, name: str) -> None:
    """With a region in breach the cause stays first; the region's own metric is told to have fallen."""
    comparison = await against_base(config, trained, name)
    recipe = trained[name].recipe
    segment = f"region={recipe.harmed}"
    found = comparison.suspects(segment)
    assert found[0].field.startswith(recipe.causes), (recipe.what, fields(found))
    assert f"segments.auc/{segment}" in comparison.different()


@pytest.mark.parametrize(("name", "expected"), NOTED_BY_ITSELF.items())
def test_without_a_word_of_the_team(config: Path, trained_with_autolog: Trained, name: str, expected: str) -> None:
    """Where nobody records anything, what MLflow notes by itself is enough to name data, a feature, a parameter."""
    base, changed = (trained_with_autolog[one].version for one in ("base", name))
    assert first_suspect(config, training.BY_ITSELF, base, changed).startswith(expected)


async def test_same_job_once_more(config: Path, trained: Trained) -> None:
    """The same job run again differs in its record alone, and nothing in it is called a cause."""
    comparison = await against_base(config, trained, "again")
    assert comparison.different("record.") == set()
    assert all(suspect.field.startswith("record.") for suspect in comparison.suspects())


@pytest.mark.parametrize("name", CHANGED)
async def test_nothing_else_is_made_up(config: Path, trained: Trained, name: str) -> None:
    """Besides what was changed, only what follows from another training differs."""
    comparison = await against_base(config, trained, name)
    follows = ("data.card_transactions",) if name == "harmed-by-query" else ()
    assert comparison.different(*trained[name].recipe.causes, *follows, *ALWAYS_OTHERWISE) == set()


async def test_all_that_was_recorded_is_told(config: Path, trained: Trained) -> None:
    """Every fact that the training job recorded is known, and equal on both sides of the same job."""
    comparison = (await against_base(config, trained, "again")).comparison
    equal = {fact.field for fact in comparison.facts if not fact.is_different}
    facts = trained["base"].facts
    assert {f"parameters.{name}" for name in facts["parameters"]} <= equal
    assert {f"metrics.{name}" for name in facts["metrics"]} <= equal
    assert {f"segments.{name}" for name in facts["segment_metrics"]} <= equal
    assert {f"importances.{name}" for name in facts["importances"]} <= equal
    assert {f"cases.{name}" for name in facts["cases"]} <= equal
    told = {"query", "code.commit", "environment.python", "environment.pandas", "serving.decision_threshold"}
    assert (
        told | {"artifact.signature", "artifact.architecture", "record.owner", "data.card_transactions.digest"} <= equal
    )
