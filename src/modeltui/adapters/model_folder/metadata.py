"""`metadata.json`: what a version says of itself, under the names that teams use."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from modeltui.adapters.model_folder.files import Unsuitable, read_text
from modeltui.domain.lineage import Approval, CodeRevision, DataSnapshot, Scores, Table
from modeltui.domain.masking import masked
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_lines, safe_text

Metadata: TypeAlias = Mapping[str, Any]

_LONG_TEXT: Final = 4_000
_MOST_ENTRIES: Final = 2_000
_DEEPEST: Final = 8
_MILLISECONDS_FROM: Final = 1e11
"""Numbers above are milliseconds: as seconds this is the year 5138."""
_LAST_SECOND: Final = 253_402_300_800.0

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "created_at": ("created_at", "trained_at", "training_date", "timestamp", "date"),
    "created_by": ("created_by", "author", "trained_by", "registered_by"),
    "state": ("status", "state", "stage"),
    "description": ("description", "summary"),
    "kind": ("kind", "type"),
    "owner": ("owner", "team"),
    "tags": ("tags", "labels"),
    "run": ("run_id", "training_run", "run", "mlflow_run_id"),
    "registered": ("registered_by", "created_by", "author"),
    "signature": ("signature", "schema", "io_schema"),
    "data_snapshots": (
        "data_snapshots",
        "datasets",
        "training_data",
        "data_snapshot",
        "data_version",
        "dataset",
        "data",
    ),
    "extraction_query": ("extraction_query", "sql", "sql_query", "query"),
    "feature_pipeline": ("feature_pipeline", "feature_pipeline_version", "preprocessing_version", "features"),
    "code": ("code", "git", "git_commit", "git_sha", "commit"),
    "parameters": ("parameters", "hyperparameters", "params", "hparams"),
    "metrics": ("metrics", "evaluation", "performance"),
    "segment_metrics": ("segment_metrics", "metrics_by_segment", "segments", "slices"),
    "runtime": ("runtime", "environment", "versions"),
    "base_image": ("base_image", "docker_image", "image"),
    "parents": ("parents", "parent", "parent_version", "derived_from"),
    "prompts": ("prompts", "prompt", "system_prompt"),
    "llm_system": ("llm_system", "llm"),
    "components": ("components", "ensemble", "members"),
    "importances": ("feature_importances", "feature_importance", "importances"),
    "approvals": ("approvals", "approval", "approved_by"),
    "model_card": ("model_card",),
    "serving_config": ("serving_config", "serving", "deployment", "thresholds"),
    "attestations": ("attestations",),
    "digest": ("sha256", "digest", "artifact_digest", "checksum"),
}
"""By field of ours: the keys that may hold it, first one first; a dot leads into an object."""
_LOOSE_RUNTIME: Final = ("python_version", "python", "framework", "framework_version", "hardware", "seed", "cuda")
_LOOSE_LLM: Final = ("base_model", "retrieval", "retriever", "guardrails", "tools", "orchestration", "embedding_model")


def read_metadata(path: Path, root: Path) -> Metadata:
    """Return the object in a JSON file; raises `FileNotFoundError` or `Unsuitable` with the reason."""
    text = read_text(path, root)
    try:
        # The standard library, because it reads the bare NaN that Python's own json.dump writes into metrics.
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unsuitable(f"it is not JSON{where}") from error
    if not isinstance(whole, dict):
        raise Unsuitable("it is not a JSON object")
    return whole


def value_of(metadata: Metadata, field: str, own_keys: Mapping[str, str]) -> Any:
    """Return what stands for a field of ours, as it came; None when nothing does."""
    for key in (own_keys[field],) if field in own_keys else KEYS[field]:
        value: Any = metadata
        for step in key.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value not in (None, "", [], {}):
            return value
    return None


def told(value: Any, name: str = "", limit: int = 200) -> SafeText:
    """Return any value as one safe line, secrets masked; objects and lists as compact JSON."""
    return safe_text(masked(name, plain(value)), limit)


def plain(value: Any) -> str:
    """Return a value as text, not yet safe."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return repr(value)


def table(value: Any) -> Table:
    """Return an object as names and values; what is nested gets a name with dots."""
    return {safe_text(name): told(inner, name, _LONG_TEXT) for name, inner in _flat(value, "", 0)}


def scores(value: Any) -> Scores:
    """Return the numbers in an object, by name; what is nested gets a name with dots, what is no number is left out."""
    numbers = ((name, _number(inner)) for name, inner in _flat(value, "", 0))
    return {safe_text(name): number for name, number in numbers if number is not None}


def texts(value: Any) -> tuple[SafeText, ...]:
    """Return one text, or each of a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(told(inner, limit=_LONG_TEXT) for inner in values[:_MOST_ENTRIES])


def lines(value: Any) -> tuple[SafeText, ...]:
    """Return text line by line."""
    values = value if isinstance(value, list) else [value]
    return tuple(line for inner in values[:_MOST_ENTRIES] for line in safe_lines(masked("", plain(inner))))


def runtime(metadata: Metadata, own_keys: Mapping[str, str]) -> Table:
    """Return Python, libraries, hardware and seeds."""
    whole = value_of(metadata, "runtime", own_keys)
    loose = {key: metadata[key] for key in _LOOSE_RUNTIME if metadata.get(key) not in (None, "", {})}
    return {**table(loose), **(table(whole) if isinstance(whole, dict) else {})}


def llm_system(metadata: Metadata, own_keys: Mapping[str, str]) -> Table:
    """Return base model, retrieval, guardrails and tools."""
    whole = value_of(metadata, "llm_system", own_keys)
    loose = {key: metadata[key] for key in _LOOSE_LLM if metadata.get(key) not in (None, "", {}, [])}
    return {**table(loose), **(table(whole) if isinstance(whole, dict) else {})}


def data_snapshots(value: Any) -> tuple[DataSnapshot, ...]:
    """Return data sets, given as text, as an object, as a list of either, or as an object of named ones."""
    if isinstance(value, list):
        return tuple(_snapshot(inner, f"data {number}") for number, inner in enumerate(value[:_MOST_ENTRIES], 1))
    if isinstance(value, Mapping) and value and all(isinstance(inner, Mapping) for inner in value.values()):
        return tuple(_snapshot(inner, str(name)) for name, inner in value.items())
    return (_snapshot(value, "data"),)


def code(value: Any, metadata: Metadata) -> CodeRevision | None:
    """Return the commit, given as text or as an object; None when there is none in it."""
    facts: Metadata = value if isinstance(value, Mapping) else {"commit": value}
    commit = _field(facts, "commit", "git_commit", "sha", "revision")
    if isinstance(commit, Unknown):
        return None
    dirty = facts.get("dirty", metadata.get("git_dirty"))
    repository = _field(facts, "repository", "repo", "url")
    branch = _field(facts, "branch")
    return CodeRevision(
        commit=commit,
        repository=_field(metadata, "git_repo", "git_repository") if isinstance(repository, Unknown) else repository,
        branch=_field(metadata, "git_branch") if isinstance(branch, Unknown) else branch,
        has_uncommitted_changes=dirty if isinstance(dirty, bool) else UNKNOWN,
    )


def components(value: Any) -> Mapping[ModelName, VersionId]:
    """Return members of an ensemble: `{model: version}`, or a list of objects with both."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        pairs = [(name, inner.get("version") if isinstance(inner, Mapping) else inner) for name, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(row.get("model") or row.get("name"), row.get("version")) for row in value if isinstance(row, Mapping)]
    return {ModelName(told(name)): VersionId(told(version)) for name, version in pairs if name and version is not None}


def approvals(value: Any, metadata: Metadata) -> tuple[Approval, ...]:
    """Return who decided what, given as a name, an object or a list."""
    rows = value if isinstance(value, list) else [value]
    return tuple(_approval(row, metadata) for row in rows[:_MOST_ENTRIES] if row)


def moment(value: Any) -> Instant | Unknown:
    """Return a time: ISO 8601 (UTC unless it says otherwise), or seconds or milliseconds since the epoch."""
    if isinstance(value, bool) or value is None:
        return UNKNOWN
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _iso(value)
    seconds = seconds / 1000.0 if seconds > _MILLISECONDS_FROM else seconds
    return Instant(seconds) if 0.0 < seconds < _LAST_SECOND else UNKNOWN


def _iso(value: Any) -> Instant | Unknown:
    try:
        read = datetime.fromisoformat(str(value).strip())
        return Instant((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return UNKNOWN


def _snapshot(value: Any, name: str) -> DataSnapshot:
    if not isinstance(value, Mapping):
        text = plain(value)
        if "/" in text:
            return DataSnapshot(told(name), uri=told(value, limit=1_000))
        return DataSnapshot(told(name), digest=told(value))
    rows = value.get("rows", value.get("num_rows"))
    return DataSnapshot(
        name=told(value.get("name") or name),
        digest=_field(value, "digest", "hash", "md5", "sha256", "version", "snapshot"),
        uri=_field(value, "uri", "url", "path", "location"),
        rows=rows if isinstance(rows, int) and not isinstance(rows, bool) else UNKNOWN,
        used_for=_field(value, "used_for", "context", "split", "role"),
    )


def _approval(row: Any, metadata: Metadata) -> Approval:
    facts: Metadata = row if isinstance(row, Mapping) else {"by": row, "at": metadata.get("approved_at")}
    by, decision = _field(facts, "by", "approved_by", "approver", "name"), _field(facts, "decision", "status")
    return Approval(
        by=safe_text("nobody named") if isinstance(by, Unknown) else by,
        decision=safe_text("approved") if isinstance(decision, Unknown) else decision,
        at=moment(facts.get("at", facts.get("date"))),
        comment=_field(facts, "comment", "reason", "ticket"),
    )


def _field(facts: Metadata, *names: str) -> SafeText | Unknown:
    found = (told(facts[name], name, 1_000) for name in names if facts.get(name) not in (None, "", [], {}))
    return next(found, UNKNOWN)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value.strip().lower() not in {"nan", "inf", "-inf", "infinity", "-infinity"}:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return math.nan if math.isnan(number) else number


def _flat(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of an object, each under its names joined by dots."""
    if not isinstance(value, Mapping):
        if prefix:
            yield prefix, value
        return
    for count, (name, inner) in enumerate(value.items()):
        if count >= _MOST_ENTRIES:
            return
        whole = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(inner, Mapping) and inner and depth < _DEEPEST:
            yield from _flat(inner, whole, depth + 1)
        else:
            yield whole, inner


def tag_pairs(value: Any) -> Sequence[tuple[SafeText, SafeText]]:
    """Return tags, given as an object or as a list of words."""
    if isinstance(value, list):
        return [(told(word), safe_text("")) for word in value[:_MOST_ENTRIES]]
    return list(table(value).items())
