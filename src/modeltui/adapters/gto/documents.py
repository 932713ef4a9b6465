"""Files that people write beside a model: prompts, queries, cards, saved cases, and documents named after a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.adapters._documents.metadata import KEYS
from modeltui.adapters._documents.values import LONG_TEXT, Partly, scores, segment_scores, table
from modeltui.adapters.gto.layout import Files, with_numbers
from modeltui.domain.lineage import Scores, Table
from modeltui.domain.text import SafeText, safe_text

MOST_FILES: Final = 500
PROMPTS: Final = re.compile(r"prompts/.+\.(?:txt|md|j2|jinja2?|tmpl|prompt|ya?ml|json)", re.IGNORECASE | re.DOTALL)
CASES: Final = re.compile(
    r"(?:golden_)?cases/.+\.(?:txt|md|json)|golden/.+\.(?:txt|md|json)", re.IGNORECASE | re.DOTALL
)
QUERIES: Final = re.compile(r"(?:sql|queries|query)/.+\.sql|[^/]+\.sql", re.IGNORECASE | re.DOTALL)
METRICS: Final = re.compile(r"(?:[^/]+/){0,3}metrics\.(?:json|ya?ml|toml)", re.IGNORECASE)
POINTERS: Final = re.compile(r"(?:.+/)?[^/]+\.dvc")
CARDS: Final = ("MODEL_CARD.md", "model_card.md", "README.md", "README.txt")
METADATA: Final = ("metadata.json", "metadata.yaml", "metadata.yml")
SIGNED: Final = ("model.sig", "provenance.intoto.jsonl", "bom.json", "sbom.json")

_NUMBERS: Final = frozenset({"metrics", "segment_metrics", "importances"})
_SEGMENTS: Final = KEYS["segment_metrics"]
_ROUTED: Final = (
    "serving_config",
    "thresholds",
    "signature",
    "prompts",
    "llm_system",
    "components",
    "agent",
    "external_effects",
    "environment_variables",
    "base_image",
    "architecture",
)
"""Fields that have a place of their own though teams keep them among the parameters."""
FEATURE_PIPELINE: Final = ("feature_pipeline", "feature_pipeline_version", "preprocessing_version")
"""Parameters that name the version of what makes the features."""
_LOOSE_LLM: Final = frozenset(
    {"base_model", "retrieval", "retriever", "guardrails", "tools", "orchestration", "embedding_model"}
)
_OF_PARAMETERS: Final = frozenset(key for field in _ROUTED for key in KEYS[field]) - {"env", "image", "model_type"}
_OF_FILES: Final = frozenset(
    key
    for field in (*_ROUTED, "importances", "cases", "segment_metrics", "runtime", "data_snapshots", "feature_pipeline")
    for key in KEYS[field]
) - {"environment", "data", "image", "env", "features", "versions"}
_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})


def documents_in(paths: Iterable[str]) -> dict[str, str]:
    """Return the field's key by the path of each document that is named after one: `serving.yaml`, `cases.json`."""
    return {
        path: PurePosixPath(path).stem.lower()
        for path in sorted(paths)
        if "/" not in path
        and PurePosixPath(path).suffix.lower() in _SUFFIXES
        and PurePosixPath(path).stem.lower() in _OF_FILES
    }


def field_of(key: str) -> str:
    """Return the field of a provenance that a document is about, by its name."""
    field = next(field for field, keys in KEYS.items() if key in keys)
    return "serving_config" if field == "thresholds" else field


def as_metadata(key: str, document: Any) -> Mapping[str, Any]:
    """Return a document that is named after a field as an object with that field."""
    is_number = any(key in KEYS[field] for field in _NUMBERS)
    inner = look.at(document, key)
    value = document if inner is None or len(look.members_at(document)) > 1 else inner
    return {key: with_numbers(value) if is_number else value}


def metadata_of(document: Any) -> Mapping[str, Any]:
    """Return an object with numbers where numbers belong."""
    whole = document if isinstance(document, dict) else {}
    numeric = {key for field in _NUMBERS for key in KEYS[field]}
    return {key: with_numbers(value) if key in numeric else value for key, value in whole.items()}


def routed(parameters: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what of a parameter file has a place of its own, and the parameters that are left."""
    own = {key for key in parameters if key in _OF_PARAMETERS or key in _LOOSE_LLM}
    return (
        {key: parameters[key] for key in parameters if key in own},
        {key: value for key, value in parameters.items() if key not in own and key not in FEATURE_PIPELINE},
    )


def scores_of(document: Any) -> tuple[Partly[Scores], Partly[Scores]]:
    """Return the metrics in a document, overall and of segments; nested names are joined by dots."""
    whole = with_numbers(document if isinstance(document, dict) else {})
    overall = {name: inner for name, inner in whole.items() if name not in _SEGMENTS}
    numbers = scores(overall)
    names = frozenset(str(name) for name in numbers.value)
    read = [segment_scores(look.at(whole, key), names) for key in _SEGMENTS]
    segments = {name: value for one in read for name, value in one.value.items()}
    odd = tuple(row for one in read for row in one.left_out if row[0] not in segments)
    return numbers, Partly(segments, odd)


def texts_by_name(files: Files, paths: list[str]) -> Table:
    """Return whole texts by the names of their files, without folder and suffix."""
    return {
        safe_text(str(PurePosixPath(*PurePosixPath(path).parts[1:]).with_suffix(""))): whole_text(
            files.text(path).strip("\n"), LONG_TEXT
        )
        for path in paths
    }


def queries(files: Files, paths: list[str]) -> tuple[SafeText, ...]:
    """Return the lines of queries; where there are several each begins with its path."""
    if len(paths) == 1:
        return text_lines(files.text(paths[0]))
    return tuple(line for path in paths for line in (safe_text(f"-- {path}"), *text_lines(files.text(path))))


def parameter_table(parameters: Mapping[str, Any]) -> Table:
    """Return parameters by their names, nested ones joined by dots, as DVC spells them."""
    return table(parameters)
