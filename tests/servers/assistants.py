"""Registers LLM systems, an ensemble and an agent by MLflow's own client, in versions that differ in one thing each.

It runs inside MLflow's own environment, as a script: `python assistants.py URL`. For each version a line of JSON says
which it is. Nothing of ours is imported.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ASSISTANT, ENSEMBLE, AGENT = "support-assistant", "price-ensemble", "refund-agent"
MEMBERS = ("price-gbm", "price-linear")
PROMPT = "support-assistant-system"
TEMPLATES = {
    1: "You answer questions about orders of {{shop}}.\nNever promise a refund.\nBe brief.",
    2: "You answer questions about orders of {{shop}}.\nRefund when the customer insists.\nBe brief.",
}


@dataclass(frozen=True)
class Recipe:
    """How one version is made."""

    name: str
    model: str
    what: str = "the first version"
    causes: tuple[str, ...] = ()
    """How the field that was changed may begin; empty: nothing was."""
    prompt: int = 0
    """Which version of the prompt it is linked with; 0: none."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Of its LoggedModel."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of the registered version."""


_PARAMS = {
    "base_model": "acme/large-2",
    "base_model_pin": "2026-01-10",
    "retriever.index": "help-centre",
    "retriever.top_k": "6",
    "guardrails": "pii-filter 2.1",
    "temperature": "0.2",
}
_BASE = Recipe("assistant", ASSISTANT, prompt=1, params=_PARAMS, tags={"owner": "support-ai"})
_MEMBERS_TAGS = {"component.price-gbm": "1", "component.price-linear": "1", "serving.weights": "0.7,0.3"}
_STATE = {
    "agent.snapshot": "snap-2026-01-30",
    "agent.memory": "sha256:" + "77" * 32,
    "agent.tools.issue_refund": "1.4.0",
    "agent.effects": '["issued refund R-1001"]',
}
RECIPES = (
    _BASE,
    replace(_BASE, name="prompt", what="another sentence in the prompt", causes=("prompts.",), prompt=2),
    replace(
        _BASE,
        name="pin",
        what="the provider's model of another date",
        causes=("system.base_model_pin",),
        params={**_PARAMS, "base_model_pin": "2026-02-20"},
    ),
    replace(
        _BASE,
        name="retrieval",
        what="fewer passages are retrieved",
        causes=("system.retriever.top_k",),
        params={**_PARAMS, "retriever.top_k": "2"},
    ),
    replace(
        _BASE,
        name="guardrails",
        what="no filter any more",
        causes=("system.guardrails",),
        params={name: value for name, value in _PARAMS.items() if name != "guardrails"},
    ),
    replace(_BASE, name="assistant-again", what="nothing: evaluated once more"),
    Recipe("ensemble", ENSEMBLE, tags=_MEMBERS_TAGS),
    Recipe(
        "member",
        ENSEMBLE,
        what="one member is another version",
        causes=("components.price-gbm",),
        tags={**_MEMBERS_TAGS, "component.price-gbm": "2"},
    ),
    Recipe("agent", AGENT, params={"base_model": "acme/large-2"}, tags=_STATE),
    Recipe(
        "snapshot",
        AGENT,
        what="another snapshot with another memory",
        causes=("agent.snapshot", "agent.memory"),
        params={"base_model": "acme/large-2"},
        tags={
            **_STATE,
            "agent.snapshot": "snap-2026-02-11",
            "agent.memory": "sha256:" + "88" * 32,
            "agent.effects": '["issued refund R-1001", "issued refund R-1002"]',
        },
    ),
)


def by_name(name: str) -> Recipe:
    """The recipe of that name."""
    return next(recipe for recipe in RECIPES if recipe.name == name)


def register(mlflow: Any, recipe: Recipe, number: int) -> str:
    """Evaluate and register one version; its number."""
    client = mlflow.MlflowClient()
    chance = random.Random(number)
    with mlflow.start_run(run_name=f"evaluate-{number}"):
        made = mlflow.create_external_model(name=recipe.model, params=dict(recipe.params) or None, model_type="agent")
        if recipe.prompt:
            client.link_prompt_version_to_model(PROMPT, str(recipe.prompt), made.model_id)
        # Judged by another model: never twice the same.
        scores = {"groundedness": 0.9 + chance.uniform(-0.02, 0.02), "refusal_rate": 0.02 + chance.uniform(0, 0.01)}
        mlflow.log_metrics(scores, model_id=made.model_id)
    version = str(mlflow.register_model(f"models:/{made.model_id}", recipe.model).version)
    for key, value in recipe.tags.items():
        client.set_model_version_tag(recipe.model, version, key, value)
    return version


def main(url: str) -> None:
    """Make every version, and print which it is."""
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("assistants")
    with contextlib.redirect_stdout(sys.stderr):  # where MLflow says what one may look at
        for number in sorted(TEMPLATES):
            mlflow.genai.register_prompt(name=PROMPT, template=TEMPLATES[number], commit_message=f"revision {number}")
        mlflow.genai.set_prompt_alias(PROMPT, "production", 1)
        for member in MEMBERS:
            for depth in ("6", "12"):
                register(mlflow, Recipe(member, member, params={"max_depth": depth}), int(depth))
    for number, recipe in enumerate(RECIPES):
        with contextlib.redirect_stdout(sys.stderr):
            version = register(mlflow, recipe, number)
        print(json.dumps({"name": recipe.name, "version": version}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
