"""The prompts that a version is linked with: their texts, versions and aliases, out of MLflow's prompt registry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters.mlflow import wire
from modeltui.domain.text import SafeText

MOST_PROMPTS: Final = 8
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


def prompt_table(found: Iterable[tuple[str, str, wire.VersionRow]]) -> dict[SafeText, SafeText]:
    """Return texts by prompt, with the settings of the model that were fixed with them."""
    table: dict[SafeText, SafeText] = {}
    for name, version, row in found:
        # Under the bare name, so that two versions of a model show one changed text instead of two prompts.
        key = name if wire.shown(name) not in table else f"{name} {version}"
        tags = wire.pairs(row.tags)
        table[wire.shown(key)] = whole_text(tags.get(_TEXT, ""), LONGEST_PROMPT)
        if tags.get(_CONFIG):
            table[wire.shown(f"{key} (model settings)")] = whole_text(tags[_CONFIG], wire.LONG_TEXT)
    return table


def prompt_versions(found: Iterable[tuple[str, str, wire.VersionRow | None]]) -> dict[SafeText, SafeText]:
    """Return which version of each prompt it is, with its aliases: bookkeeping, for what a prompt says is its text."""
    table: dict[SafeText, SafeText] = {}
    for name, version, row in found:
        aliases = ", ".join(wire.alias_names(row)) if row is not None else ""
        told = f"version {version}" + (f" ({aliases})" if aliases else "")
        key = wire.shown(f"prompt {name}")
        table[key] = wire.shown(f"{table[key]}, {told}" if key in table else told)
    return table
