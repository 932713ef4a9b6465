"""The stories that every backend is told, in real MLflow 3 and 2: what was changed is the first suspect."""

from __future__ import annotations

import pytest

from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.lineage import Known
from modeltui.domain.suspects.suspecting import suspects
from tests.adapters.mlflow.fake import SOURCE, name, number, opened
from tests.e2e.stories import FRAUD, STORIES, Story, models, version_numbers
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_stories import write_facts


def model_of(story: Story) -> str:
    return f"story-{story.model}"


@pytest.fixture(scope="module")
def stories(mlflow: MlflowServer) -> MlflowServer:
    """A real MLflow with all versions of all stories."""
    experiment_id = mlflow.client.create_experiment("stories")
    for model, versions in models().items():
        mlflow.client.create_model(f"story-{model}")
        for facts in versions:
            write_facts(mlflow, f"story-{model}", experiment_id, facts)
    return mlflow


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_story(stories: MlflowServer, story: Story) -> None:
    """Two versions that differ in one thing: the thing is the first suspect, whichever MLflow keeps them."""
    a, b = (number(version) for version in version_numbers(story))
    model = name(model_of(story))
    async with opened(stories.url) as registry:
        told = [await registry.read_provenance(model, version) for version in (a, b)]
    comparison = compare_claims(model, a, b, {SOURCE: told[0]}, {SOURCE: told[1]})
    found = suspects(comparison)
    assert story.is_named_by(found[0].field), (story.what, [suspect.field for suspect in found])


async def test_every_field_is_told(stories: MlflowServer) -> None:
    """What a team wrote into a version is known field by field, and nothing of it is told otherwise."""
    async with opened(stories.url) as registry:
        found = await registry.read_provenance(name("story-fraud-detector"), number(1))
    for field in FRAUD:
        fact = getattr(found, field)
        assert isinstance(fact, Known), (field, fact)
        assert not fact.lacks
    assert found.segment_metrics.value == FRAUD["segment_metrics"]  # type: ignore[union-attr]
    assert found.data_snapshots.value[0].digest == FRAUD["data_snapshots"][0]["digest"]  # type: ignore[union-attr]
    assert found.cases.value == FRAUD["cases"]  # type: ignore[union-attr]
    assert found.tags.value == FRAUD["tags"]  # type: ignore[union-attr]
