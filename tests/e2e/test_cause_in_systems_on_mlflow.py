"""LLM systems, an ensemble and an agent in a real MLflow: what was changed is the first suspect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from modeltui.domain.names import Missing
from tests.e2e.comparing import Compared, compared, first_suspect
from tests.e2e.stage import write_config
from tests.servers import assistants
from tests.servers.mlflow import MlflowServer
from tests.servers.trained import run_script

pytestmark = pytest.mark.timeout(400)

Registered = Mapping[str, str]
"""Versions by recipe."""
CHANGED = [recipe.name for recipe in assistants.RECIPES if recipe.causes]
FIRST = {
    recipe.model: recipe.name
    for recipe in reversed(assistants.RECIPES)
    if not recipe.causes and recipe.name != "assistant-again"
}


@pytest.fixture(scope="module")
def registered(mlflow3: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """Every recipe, registered."""
    script = tmp_path_factory.mktemp("assistants") / "register.py"
    script.write_text(Path(assistants.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    said = run_script(mlflow3, script, [])
    return {one["name"]: one["version"] for one in said}


@pytest.fixture
def config(mlflow3: MlflowServer, tmp_path: Path) -> Path:
    """A configuration with nothing but the address of MLflow."""
    return write_config(tmp_path, {"prod": {"sources": {"mlflow": {"kind": "mlflow", "url": mlflow3.url}}}})


async def against_first(config: Path, registered: Registered, name: str) -> Compared:
    """The first version of its model and the one of that recipe, compared."""
    model = assistants.by_name(name).model
    return await compared(config, model, registered[FIRST[model]], registered[name])


@pytest.mark.parametrize("name", CHANGED)
def test_what_was_changed_is_the_first_suspect(config: Path, registered: Registered, name: str) -> None:
    """Prompt, pin of the base model, retrieval, guardrails, a member, an agent's snapshot: named first when changed."""
    recipe = assistants.by_name(name)
    found = first_suspect(config, recipe.model, registered[FIRST[recipe.model]], registered[name])
    assert found.startswith(recipe.causes), (recipe.what, found)


async def test_evaluated_once_more(config: Path, registered: Registered) -> None:
    """The same system evaluated again has other metrics, and no cause for them."""
    comparison = await against_first(config, registered, "assistant-again")
    assert comparison.different("record.", "metrics.") == set()


async def test_texts_of_prompts_are_compared_line_by_line(config: Path, registered: Registered) -> None:
    """The sentence that was changed in a prompt is shown, not the whole prompt; its alias is told beside it."""
    comparison = await against_first(config, registered, "prompt")
    lines = next(fact for fact in comparison.comparison.differences if fact.field == f"prompts.{assistants.PROMPT}")
    assert lines.detail.added == lines.detail.removed == 1  # type: ignore[union-attr]


async def test_member_is_compared_itself(config: Path, registered: Registered) -> None:
    """What differs between the two versions of the member is found in the registry, too."""
    (member,) = (await against_first(config, registered, "member")).comparison.components
    assert (member.model, member.a, member.b) == ("price-gbm", "1", "2")
    assert not isinstance(member.comparison, Missing)
    assert "parameters.max_depth" in {fact.field for fact in member.comparison.differences}


async def test_effects_of_an_agent(config: Path, registered: Registered) -> None:
    """What the agent has done since is told: going back does not undo it."""
    comparison = await against_first(config, registered, "snapshot")
    assert "agent.effects" in comparison.different()
