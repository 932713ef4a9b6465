"""The prompts that a version is linked with: their texts, versions and aliases, out of MLflow's prompt registry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import MlflowApi, all_of
from modeltui.domain.errors import BackendError
from modeltui.domain.text import SafeText

MOST_PROMPTS: Final = 32
LONGEST_PROMPT: Final = 16_000
_LINKED: Final = "mlflow.linkedPrompts"
_TEXT: Final = "mlflow.prompt.text"
_CONFIG: Final = "_mlflow_prompt_model_config"


def linked_prompts(*tables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return names and versions out of `mlflow.linkedPrompts`, each once."""
    found: dict[tuple[str, str], None] = {}
    for tags in tables:
        try:
            links = json.loads(tags.get(_LINKED, "[]"))
        except (ValueError, RecursionError):
            continue
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("name") and link.get("version"):
                found[str(link["name"]), str(link["version"])] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts that a version is linked with."""

    texts: Mapping[SafeText, SafeText] = field(default_factory=dict)
    """By prompt, with the settings of the model that were fixed with them."""
    versions: Mapping[SafeText, SafeText] = field(default_factory=dict)
    """Which version of each, with its aliases: bookkeeping, for what a prompt says is its text."""
    lacks: str = ""
    """Why some of them could not be read, as it came; empty when all could."""


async def read_prompts(api: MlflowApi, links: Sequence[tuple[str, str]]) -> Prompts:
    """Return linked prompts, a request each; one that cannot be read costs no other."""
    answers = await all_of(api.version(*link) for link in links[:MOST_PROMPTS])
    lacks = f"only {MOST_PROMPTS} of {len(links)} linked prompts were read" if len(links) > MOST_PROMPTS else ""
    texts: dict[SafeText, SafeText] = {}
    versions: dict[SafeText, SafeText] = {}
    for (name, version), answer in zip(links, answers, strict=False):
        aliases = ""
        if isinstance(answer, BackendError):
            lacks = f"prompt {name} version {version}: {answer.title}"
        else:
            texts.update(_texts_of(name if wire.shown(name) not in texts else f"{name} {version}", answer))
            aliases = ", ".join(wire.alias_names(answer))
        told, key = f"version {version}" + (f" ({aliases})" if aliases else ""), wire.shown(f"prompt {name}")
        versions[key] = wire.shown(f"{versions[key]}, {told}" if key in versions else told)
    return Prompts(texts, versions, lacks)


def _texts_of(key: str, row: wire.VersionRow) -> Iterator[tuple[SafeText, SafeText]]:
    # Under the bare name, so that two versions of a model show one changed text instead of two prompts.
    tags = wire.pairs(row.tags)
    yield wire.shown(key), whole_text(tags.get(_TEXT, ""), LONGEST_PROMPT)
    if tags.get(_CONFIG):
        yield wire.shown(f"{key} (model settings)"), whole_text(tags[_CONFIG], wire.LONG_TEXT)
