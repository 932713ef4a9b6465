"""An object that describes a version becomes a provenance: fields under ours or the names that teams use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from modeltui.adapters._documents import values
from modeltui.adapters._documents.approvals import approvals_under
from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters._documents.values import LONG_TEXT, MOST_ENTRIES, NOTHING, Metadata, Partly
from modeltui.domain.lineage import ABSENT, Fact, Known, LeftOut, Provenance, Scores, Table, Unreadable
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "created_at": ("created_at", "trained_at", "training_date", "timestamp", "date"),
    "created_by": ("created_by", "author", "trained_by", "registered_by"),
    "state": ("status", "state", "stage"),
    "description": ("description", "summary"),
    "kind": ("kind", "type"),
    "owner": ("owner", "team"),
    "tags": ("tags", "labels"),
    "run": ("run_id", "training_run", "run", "mlflow_run_id"),
    "registered": ("registered_by", "registered", "created_by", "author"),
    "artifact": ("artifact",),
    "files": ("files", "file_digests"),
    "architecture": ("architecture", "model_class", "algorithm", "model_type"),
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
    "requirements": ("requirements", "packages", "dependencies"),
    "runtime": ("runtime", "environment", "versions"),
    "environment_variables": ("environment_variables", "env_vars", "env"),
    "base_image": ("base_image", "docker_image", "image"),
    "parents": ("parents", "parent", "parent_version", "derived_from"),
    "prompts": ("prompts", "prompt", "system_prompt"),
    "llm_system": ("llm_system", "llm"),
    "components": ("components", "ensemble", "members"),
    "agent": ("agent", "agent_state", "agent_snapshot"),
    "external_effects": ("external_effects", "effects", "side_effects"),
    "importances": ("feature_importances", "feature_importance", "importances"),
    "cases": ("golden_cases", "cases", "saved_cases"),
    "approvals": ("approvals", "approval", "approved_by"),
    "model_card": ("model_card",),
    "serving_config": ("serving_config", "serving", "deployment"),
    "thresholds": ("thresholds", "decision_thresholds", "threshold", "decision_threshold"),
    "attestations": ("attestations",),
    "digest": ("sha256", "digest", "artifact_digest", "checksum"),
}
"""By field of ours: the keys that may hold it, first one first; a dot leads into an object."""
_LOOSE_RUNTIME: Final = ("python_version", "python", "framework", "framework_version", "hardware", "seed", "cuda")
_LOOSE_LLM: Final = ("base_model", "retrieval", "retriever", "guardrails", "tools", "orchestration", "embedding_model")
_NESTED_SEGMENTS: Final = ("segments", "slices", "by_segment")


@dataclass(frozen=True, slots=True)
class Teller:
    """Who says it, when it was read, and where it stands."""

    source: SourceName
    observed_at: Instant
    where: str
    """`metadata.json`: named when something in it cannot be read."""

    def known(self, value: T, key: str = "", written: Any = None, left_out: LeftOut = ()) -> Known[T]:
        """Return a fact, made of what is written under a key: when that is more than is read, it says so."""
        is_whole = not isinstance(written, Mapping | list) or len(written) <= MOST_ENTRIES
        lacks = "" if is_whole else f"{self.where}: {key} has {len(written)} entries, of which {MOST_ENTRIES} are read"
        where = f"{self.where}: {key}" if key else self.where
        odd = tuple((name, safe_text(f"{where}: {why}", 300)) for name, why in left_out)
        return Known(value, self.source, self.observed_at, safe_text(lacks), odd)

    def unreadable(self, why: str) -> Unreadable:
        """Return why there is none, beginning with where it should stand."""
        return Unreadable(safe_text(f"{self.where}: {why}", 300), self.source)


def value_of(metadata: Metadata, field: str, own_keys: Mapping[str, str]) -> Any:
    """Return what stands for a field of ours, as it came; None when nothing does."""
    return _found(metadata, field, own_keys)[1]


def provenance_from(metadata: Metadata, teller: Teller, own_keys: Mapping[str, str]) -> Provenance:
    """Return all that an object tells. It has a place for everything, so what it does not tell is absent.

    What stands there and is not of its kind (`metrics` that is a text) is unreadable: it costs its own field.
    """
    return _Reader(metadata, teller, own_keys).provenance()


class _Reader:
    def __init__(self, metadata: Metadata, teller: Teller, own_keys: Mapping[str, str]) -> None:
        self._metadata = metadata
        self._teller = teller
        self._own_keys = own_keys

    def provenance(self) -> Provenance:
        metadata = self._metadata
        return Provenance(
            run=self._of("run", values.told),
            registered=self._of("registered", values.told),
            owner=self._of("owner", values.told),
            artifact=self._of("artifact", values.artifact),
            files=self._of("files", values.table),
            architecture=self._of("architecture", _text),
            signature=self._of("signature", _text),
            data_snapshots=self._of("data_snapshots", values.data_snapshots),
            extraction_query=self._of("extraction_query", values.lines),
            feature_pipeline=self._of("feature_pipeline", _text),
            code=self._of("code", lambda value: values.code(value, metadata)),
            parameters=self._of("parameters", values.table),
            metrics=self._metrics(),
            segment_metrics=self._segments(),
            requirements=self._of("requirements", _requirements),
            runtime=self._with_loose("runtime", _LOOSE_RUNTIME),
            environment_variables=self._of("environment_variables", values.table),
            base_image=self._of("base_image", _text),
            parents=self._of("parents", values.texts),
            prompts=self._of("prompts", _prompts),
            llm_system=self._with_loose("llm_system", _LOOSE_LLM),
            components=self._partly("components", values.components),
            agent=self._of("agent", _agent),
            external_effects=self._of("external_effects", values.texts),
            importances=self._partly("importances", values.scores),
            cases=self._of("cases", values.cases),
            approvals=self._of("approvals", lambda value: approvals_under(self._key("approvals"), value, metadata)),
            model_card=self._of("model_card", values.lines),
            serving_config=self._serving(),
            tags=self._of("tags", lambda value: dict(values.tag_pairs(value))),
            attestations=self._of("attestations", values.texts),
        )

    def _key(self, field: str) -> str:
        return _found(self._metadata, field, self._own_keys)[0]

    def _of(self, field: str, make: Callable[[Any], T | None]) -> Fact[T]:
        key, value = _found(self._metadata, field, self._own_keys)
        if value is None:
            return ABSENT
        try:
            made = make(value)
        except ValueError as error:
            return self._teller.unreadable(f"{key}: {error}")
        if not made:
            return self._teller.unreadable(f"{key} is not as it should be")
        return self._teller.known(made, key, value)

    def _partly(self, field: str, make: Callable[[Any], Partly[T]]) -> Fact[T]:
        """Return a table, of which some rows may be left out; unreadable when all are."""
        key, value = _found(self._metadata, field, self._own_keys)
        if value is None:
            return ABSENT
        read = make(value)
        if not read.value:
            return self._teller.unreadable(f"{key} is not as it should be")
        return self._teller.known(read.value, key, value, read.left_out)

    def _with_loose(self, field: str, loose_keys: tuple[str, ...]) -> Fact[Table]:
        """Return a table, with keys that teams put beside it instead of into it."""
        key, whole = _found(self._metadata, field, self._own_keys)
        loose = {name: self._metadata[name] for name in loose_keys if self._metadata.get(name) not in NOTHING}
        made = {**values.table(loose), **values.table(whole)}
        if whole is not None and not isinstance(whole, Mapping):
            return self._teller.unreadable(f"{key} is not an object")
        return self._teller.known(made, key, whole) if made else ABSENT

    def _metrics(self) -> Fact[Mapping[SafeText, float]]:
        key, value = _found(self._metadata, "metrics", self._own_keys)
        if value is None:
            return ABSENT
        if not isinstance(value, Mapping):
            return self._teller.unreadable(f"{key} is not an object")
        overall = {name: inner for name, inner in value.items() if name not in _NESTED_SEGMENTS}
        read = values.scores(overall)
        if overall and not read.value:
            return self._teller.unreadable(f"{key} holds no number")
        return self._teller.known(read.value, key, value, read.left_out) if read.value else ABSENT

    def _segments(self) -> Fact[Mapping[SafeText, float]]:
        """Return metrics per segment: under a key of their own, or below the metrics."""
        metrics = self._metrics()
        names = frozenset(metrics.value) if isinstance(metrics, Known) else frozenset()

        def read_of(value: Any) -> Partly[Scores]:
            return values.segment_scores(value, names)

        found = self._partly("segment_metrics", read_of)
        if found is not ABSENT:
            return found
        whole = value_of(self._metadata, "metrics", self._own_keys)
        below = [(name, read_of(whole.get(name))) for name in _NESTED_SEGMENTS] if isinstance(whole, Mapping) else []
        told = (self._teller.known(read.value, name, left_out=read.left_out) for name, read in below if read.value)
        return next(told, ABSENT)

    def _serving(self) -> Fact[Table]:
        """Return how it serves, with thresholds wherever they stand."""
        thresholds = value_of(self._metadata, "thresholds", self._own_keys)
        serving = self._of("serving_config", values.table)
        if thresholds is None or isinstance(serving, Unreadable):
            return serving
        named = thresholds if isinstance(thresholds, Mapping) else {"decision_threshold": thresholds}
        # `approve: 0.7` among thresholds is one, and need not be what `approve` means where it serves.
        more = values.table({_of_threshold(str(name)): value for name, value in named.items()})
        return self._teller.known({**more, **(serving.value if isinstance(serving, Known) else {})})


def _found(metadata: Metadata, field: str, own_keys: Mapping[str, str]) -> tuple[str, Any]:
    for key in (own_keys[field],) if field in own_keys else KEYS[field]:
        value: Any = metadata
        for step in key.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value not in NOTHING:
            return key, value
    return "", None


def _of_threshold(name: str) -> str:
    return name if "threshold" in name.lower() else f"threshold.{name}"


def _text(value: Any) -> SafeText:
    return whole_text(values.plain(value), LONG_TEXT)


def _requirements(value: Any) -> tuple[SafeText, ...]:
    if isinstance(value, Mapping):
        value = [f"{name}=={release}" if release not in NOTHING else str(name) for name, release in value.items()]
    return requirement_lines("\n".join(map(values.plain, value)) if isinstance(value, list) else values.plain(value))


def _prompts(value: Any) -> Table:
    return values.table(value if isinstance(value, Mapping) else {"prompt": value})


def _agent(value: Any) -> Table:
    return values.table(value if isinstance(value, Mapping) else {"snapshot": value})
