"""What a world file says becomes values of the domain: text made safe, types checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from modeltui.domain.lineage import (
    ABSENT,
    Approval,
    Artifact,
    CodeRevision,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.masking import masked
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, SourceName, TargetKey, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_lines, safe_text

MOST_CHARACTERS: Final = 1_000_000
"""Of one version's provenance; a longer one is not written by the simulator."""
_LONG: Final = 4_000


def model_name(raw: object) -> ModelName:
    """Return the name of a model."""
    return ModelName(safe_text(raw))


def version_id(raw: object) -> VersionId:
    """Return a version, which is always text."""
    return VersionId(safe_text(raw))


def version_or_unknown(raw: object) -> VersionId | Unknown:
    """Return a version, or unknown where none is named."""
    return UNKNOWN if raw is None else version_id(raw)


def target_key(model: object, environment: object) -> TargetKey:
    """Return the key of a target."""
    return TargetKey(model_name(model), Environment(safe_text(environment)))


def text_or_unknown(raw: object) -> SafeText | Unknown:
    """Return text, or unknown where there is none."""
    return UNKNOWN if raw is None else safe_text(raw)


def number(raw: object) -> float:
    """Return a finite number; raise `ValueError` for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise ValueError(f"a number was expected, not {safe_text(raw, 40)}")
    return float(raw)


def number_or_unknown(raw: object) -> float | Unknown:
    """Return a finite number, or unknown where there is none."""
    return UNKNOWN if raw is None else number(raw)


def instant_or_unknown(raw: object) -> Instant | Unknown:
    """Return a moment, or unknown where there is none."""
    return UNKNOWN if raw is None else Instant(number(raw))


def tags(raw: object) -> tuple[tuple[SafeText, SafeText], ...]:
    """Return the pairs of a JSON object."""
    return tuple((safe_text(name), safe_text(value)) for name, value in json_object(raw).items())


def json_object(raw: object) -> Mapping[str, Any]:
    """Return the object in a JSON text; raise `ValueError` when there is none."""
    if not isinstance(raw, str) or len(raw) > MOST_CHARACTERS:
        raise ValueError("a JSON object was expected")
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("a JSON object was expected")
    return found


def provenance(raw: object, source: SourceName, observed_at: Instant) -> Provenance:
    """Return what a version's document tells; a field that cannot be read costs only itself."""
    document = json_object(raw)
    facts = {
        field.name: _fact(document[field.name], _DECODERS[field.name], source, observed_at)
        for field in fields(Provenance)
        if field.name in document
    }
    return Provenance(**facts)


def _fact(raw: Any, decode: Callable[[Any], Any], source: SourceName, observed_at: Instant) -> Fact[Any]:
    if raw is None:
        return ABSENT
    if isinstance(raw, dict) and raw.keys() == {"unreadable"}:
        return Unreadable(safe_text(raw["unreadable"]), source)
    try:
        value = decode(raw)
        return Known(value, source, observed_at) if value or isinstance(value, CodeRevision | Artifact) else ABSENT
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        return Unreadable(safe_text(f"the file holds something else here: {error}"), source)


def _lines(raw: Any) -> tuple[SafeText, ...]:
    return safe_lines(_text(raw))


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("text was expected")
    return raw


def _texts(raw: Any) -> tuple[SafeText, ...]:
    if not isinstance(raw, list):
        raise ValueError("a list was expected")
    return tuple(safe_text(item, _LONG) for item in raw)


def _table(raw: Any) -> Mapping[SafeText, SafeText]:
    return {safe_text(name): safe_text(_text(value), _LONG) for name, value in raw.items()}


def _masked_table(raw: Any) -> Mapping[SafeText, SafeText]:
    return {safe_text(name): safe_text(masked(name, _text(value)), _LONG) for name, value in raw.items()}


def _scores(raw: Any) -> Mapping[SafeText, float]:
    return {safe_text(name): number(value) for name, value in raw.items()}


def _short(raw: Any) -> SafeText:
    return safe_text(_text(raw), _LONG)


def _artifact(raw: Any) -> Artifact:
    size = raw.get("size_bytes")
    reachable = raw.get("is_reachable")
    return Artifact(
        uri=safe_text(raw["uri"]),
        digest=text_or_unknown(raw.get("digest")),
        size_bytes=UNKNOWN if size is None else int(number(size)),
        is_reachable=UNKNOWN if reachable is None else bool(reachable),
    )


def _snapshots(raw: Any) -> tuple[DataSnapshot, ...]:
    return tuple(
        DataSnapshot(
            name=safe_text(item["name"]),
            digest=text_or_unknown(item.get("digest")),
            uri=text_or_unknown(item.get("uri")),
            rows=UNKNOWN if item.get("rows") is None else int(number(item["rows"])),
            used_for=text_or_unknown(item.get("used_for")),
            origin=text_or_unknown(item.get("origin")),
            begins_at=instant_or_unknown(item.get("begins_at")),
            ends_at=instant_or_unknown(item.get("ends_at")),
            taken_at=instant_or_unknown(item.get("taken_at")),
        )
        for item in raw
    )


def _code(raw: Any) -> CodeRevision:
    changed = raw.get("has_uncommitted_changes")
    return CodeRevision(
        commit=safe_text(raw["commit"]),
        repository=text_or_unknown(raw.get("repository")),
        branch=text_or_unknown(raw.get("branch")),
        has_uncommitted_changes=UNKNOWN if changed is None else bool(changed),
    )


def _approvals(raw: Any) -> tuple[Approval, ...]:
    return tuple(
        Approval(
            by=safe_text(item["by"]),
            decision=safe_text(item["decision"]),
            at=instant_or_unknown(item.get("at")),
            comment=text_or_unknown(item.get("comment")),
        )
        for item in raw
    )


def _components(raw: Any) -> Mapping[ModelName, VersionId]:
    return {model_name(name): version_id(_text(value)) for name, value in raw.items()}


_DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "run": _short,
    "registered": _short,
    "owner": _short,
    "artifact": _artifact,
    "files": _table,
    "architecture": _short,
    "signature": _short,
    "data_snapshots": _snapshots,
    "extraction_query": _lines,
    "feature_pipeline": _short,
    "code": _code,
    "parameters": _table,
    "metrics": _scores,
    "segment_metrics": _scores,
    "requirements": _texts,
    "runtime": _table,
    "environment_variables": _masked_table,
    "base_image": _short,
    "parents": _texts,
    "prompts": _table,
    "llm_system": _table,
    "components": _components,
    "agent": _table,
    "external_effects": _texts,
    "importances": _scores,
    "cases": _table,
    "approvals": _approvals,
    "model_card": _lines,
    "serving_config": _table,
    "tags": _table,
    "attestations": _texts,
}
