"""Configuration files of a revision: which of them are read, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.look import list_at, text_at, text_of
from modeltui.adapters._documents.values import table
from modeltui.adapters._documents.words import shown
from modeltui.domain.lineage import Table
from modeltui.domain.text import SafeText

CARD: Final = "README.md"
CONFIG: Final = "config.json"
GENERATION: Final = "generation_config.json"
ADAPTER: Final = "adapter_config.json"
TEMPLATE: Final = "chat_template.jinja"
REQUIREMENTS: Final = "requirements.txt"
READ: Final = (CONFIG, GENERATION, ADAPTER, TEMPLATE, REQUIREMENTS)
"""Besides the card; each where a revision has it."""
LARGEST: Final = 1 << 20

_RUNTIME: Final = {
    "transformers_version": "transformers",
    "sentence_transformers_version": "sentence-transformers",
    "_diffusers_version": "diffusers",
}
_NOT_PARAMETERS: Final = frozenset({*_RUNTIME, "architectures", "_name_or_path", "id2label", "label2id", "auto_map"})


def read_object(raw: bytes) -> Mapping[str, Any]:
    """Return a JSON object; raise `ValueError` with the reason when it is none."""
    whole = parse_json(raw)
    if not isinstance(whole, dict):
        raise ValueError("it is no JSON object")
    return whole


def architecture(config: Mapping[str, Any]) -> str:
    """Return what kind of model it is; empty when the file does not say."""
    named = ", ".join(text for one in list_at(dict(config), "architectures") if (text := text_of(one)))
    return named or text_at(dict(config), "model_type")


def parameters(config: Mapping[str, Any]) -> Table:
    """Return the settings of the model."""
    return table({name: value for name, value in config.items() if name not in _NOT_PARAMETERS and value is not None})


def runtime(config: Mapping[str, Any]) -> Table:
    """Return the libraries that wrote it."""
    return {
        shown(library): shown(text_of(config[key])) for key, library in _RUNTIME.items() if text_of(config.get(key))
    }


def generation(config: Mapping[str, Any]) -> Table:
    """Return how it answers unless told otherwise, each setting under `generation.`."""
    kept = {name: value for name, value in config.items() if name not in _RUNTIME and value is not None}
    return {SafeText(f"generation.{name}"): value for name, value in table(kept).items()}


def adapted(config: Mapping[str, Any]) -> str:
    """Return what an adapter is made for: `owner/name@revision`; empty when it does not say."""
    name, revision = text_of(config.get("base_model_name_or_path")), text_of(config.get("revision"))
    return f"{name}@{revision}" if name and revision else name
