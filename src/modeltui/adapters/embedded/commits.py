"""The invented history of the code behind every version: what it says it changed, commit by commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from modeltui.adapters.embedded.lineage import BEFORE_TRAINING_SECONDS, digest, registered_at
from modeltui.adapters.embedded.plans import ModelPlan, VersionPlan

_TRAINED_AFTER_SECONDS: Final = 8_640.0
"""The commit that a version is trained from is made so long after its data were taken."""
_MOST_SECONDS_OF_WORK: Final = 12 * 86_400.0
_LONGEST_SUBJECT: Final = 72


class CommitRow(NamedTuple):
    """One row of the table `commits`."""

    repository: str
    number: int
    """In the order in which one was built on the other, from 0."""
    id: str
    at: float
    author: str
    subject: str
    files: str
    """JSON: the paths that it changed."""


Change = tuple[str, tuple[str, ...]]
"""A subject, and the files."""


def commit_rows(model: ModelPlan, told: Mapping[str, Mapping[str, Any]], now: float) -> Iterator[CommitRow]:
    """Yield the commits of a model's repository, oldest first; each version's last one is the commit it names."""
    number = 0
    began_at = registered_at(model, model.versions[0], now) - 2 * _MOST_SECONDS_OF_WORK
    before: VersionPlan | None = None
    for plan in model.versions:
        ended_at = registered_at(model, plan, now) - BEFORE_TRAINING_SECONDS + _TRAINED_AFTER_SECONDS
        began_at = max(began_at, ended_at - _MOST_SECONDS_OF_WORK)
        changes = [*_changes(plan, told[plan.id]), _last(plan)]
        for place, (subject, files) in enumerate(changes, 1):
            is_last = place == len(changes)
            stamp = digest(model.name, plan.id, "commit", *(() if is_last else (place,)))
            yield CommitRow(
                repository=model.repository,
                number=number,
                id=stamp[:40],
                at=round(began_at + (ended_at - began_at) * (place - (0 if is_last else _early(stamp))) / len(changes)),
                author=plan.by if is_last or before is None or int(stamp[0], 16) % 3 else before.by,
                subject=subject if len(subject) <= _LONGEST_SUBJECT else f"{subject[: _LONGEST_SUBJECT - 1]}…",
                files=json.dumps(files),
            )
            number += 1
        began_at, before = ended_at, plan


def _early(stamp: str) -> float:
    """Return by how much of its turn a commit is earlier than its end: 0 to 0.9."""
    return int(stamp[1:3], 16) / 0xFF * 0.9


def _changes(plan: VersionPlan, told: Mapping[str, Any]) -> Iterator[Change]:
    if not plan.same_data:
        names = [str(snapshot["name"]) for snapshot in told["data_snapshots"]]
        yield f"Take {', '.join(names)} anew", tuple(f"data/{name}.dvc" for name in names)
    for name, say in _SAID.items():
        value = plan.changed.get(name)
        if value and "unreadable" not in value:
            yield say(value)


def _last(plan: VersionPlan) -> Change:
    """Return what the version's own commit did: code too, unless it was trained again or only set up otherwise."""
    causes = plan.changed.keys() & _SAID.keys() - {"cases"}
    is_code = not plan.says.startswith("Retrained") and not (causes and causes <= _SET_UP)
    return plan.says.rstrip("."), (*(("train.py",) if is_code else ()), "metrics.json", "MODEL_CARD.md")


def _query(value: str) -> Change:
    return f"Change the query: {value.splitlines()[-1].strip()}", ("sql/training.sql",)


def _pipeline(value: str) -> Change:
    return f"Move to {value}", ("features/build.py",)


def _libraries(value: list[str]) -> Change:
    first, *others = value
    more = f" and {len(others)} others" if others else ""
    return f"Train with {first.replace('==', ' ')}{more}", ("requirements.txt",)


def _runtime(value: Mapping[str, str]) -> Change:
    return f"Build on {value['image']}", ("Dockerfile",)


def _prompts(value: Mapping[str, str]) -> Change:
    return f"Reword the prompt {', '.join(value)}", tuple(f"prompts/{name}.md" for name in value)


def _signature(_: str) -> Change:
    return "Say what goes in and comes out", ("signature.json",)


def _cases(value: Mapping[str, str]) -> Change:
    return f"Record {len(value)} other {'answer' if len(value) == 1 else 'answers'}", ("cases.json",)


def _set_in(path: str) -> Callable[[Mapping[str, str]], Change]:
    def say(value: Mapping[str, str]) -> Change:
        return f"Set {', '.join(f'{name} to {setting}' for name, setting in value.items())}", (path,)

    return say


_SAID: Final[Mapping[str, Callable[[Any], Change]]] = {
    "extraction_query": _query,
    "feature_pipeline": _pipeline,
    "signature": _signature,
    "requirements": _libraries,
    "runtime": _runtime,
    "parameters": _set_in("params.yaml"),
    "prompts": _prompts,
    "llm_system": _set_in("llm_system.yaml"),
    "components": _set_in("components.yaml"),
    "agent": _set_in("agent.yaml"),
    "serving_config": _set_in("serving.yaml"),
    "cases": _cases,
}
"""By field of the provenance that a version changed: what the commit says, and where."""
_SET_UP: Final = frozenset({"serving_config", "prompts", "llm_system", "components", "agent"})
"""What is changed without any code."""
