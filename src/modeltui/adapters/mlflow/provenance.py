"""The parts of one version become its provenance. Pure: nothing is asked here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.lookup import Lookup
from modeltui.adapters.mlflow.model_files import MlModel
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import Place, ProvenanceMap, places
from modeltui.adapters.mlflow.scores import scores, split_segments
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Approval,
    Artifact,
    CodeRevision,
    DataSnapshot,
    Fact,
    Gap,
    Known,
    Provenance,
    Scores,
    Unreadable,
)
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_lines

T = TypeVar("T")

_MODEL_VERSIONS: Final = "mlflow.modelVersions"
_DATA_CONTEXT: Final = "mlflow.data.context"
_RUNTIME_TAGS: Final = {
    "mlflow.user": "trained by",
    "mlflow.source.name": "entry point",
    "mlflow.source.type": "started as",
    "mlflow.databricks.cluster.id": "cluster",
}
_LONGEST_ADDRESS: Final = 1_000


def provenance_of(parts: Parts, where: ProvenanceMap, source: SourceName, observed_at: Instant) -> Provenance:
    """Return all that is known of one version, each field known, absent, unsupported or unreadable for itself."""
    return _Teller(parts, where, source, observed_at).whole()


class _Teller:
    def __init__(self, parts: Parts, where: ProvenanceMap, source: SourceName, observed_at: Instant) -> None:
        self._parts = parts
        self._where = where
        self._source = source
        self._observed_at = observed_at
        self._lookup = Lookup(parts)

    def whole(self) -> Provenance:
        parts = self._parts
        overall, segments, importances = self._metrics()
        return Provenance(
            run=self._known(wire.shown(parts.version.run_id)) if parts.version.run_id else ABSENT,
            registered=self._registered(),
            artifact=self._artifact(),
            signature=self._of_mlmodel("signature"),
            data_snapshots=self._data_snapshots(),
            extraction_query=self._lines(self._where.extraction_query),
            feature_pipeline=self._text(self._where.feature_pipeline),
            code=self._code(),
            parameters=self._parameters(),
            metrics=overall,
            segment_metrics=segments,
            requirements=self._fact(parts.requirements),
            runtime=self._runtime(),
            base_image=self._base_image(),
            parents=self._parents(),
            prompts=self._fact(parts.prompts),
            llm_system=self._table(self._where.llm_system),
            components=self._components(),
            importances=importances,
            approvals=self._approvals(),
            model_card=self._model_card(),
            serving_config=self._table(self._where.serving_config),
            tags=self._tags(),
            attestations=self._attestations(),
        )

    def _known(self, value: T) -> Known[T]:
        return Known(value, self._source, self._observed_at)

    def _fact(self, part: Part[T]) -> Fact[T]:
        if isinstance(part, Unreadable | Gap):
            return part
        return self._known(part) if part else ABSENT

    def _first(self, written: Sequence[str]) -> Part[str]:
        return self._lookup.first(places(written))

    def _told(self, written: Sequence[str]) -> SafeText | Unknown:
        value = self._first(written)
        return wire.told(value, _LONGEST_ADDRESS) if isinstance(value, str) else UNKNOWN

    def _text(self, written: Sequence[str]) -> Fact[SafeText]:
        value = self._first(written)
        return self._known(wire.shown(value, wire.LONG_TEXT)) if isinstance(value, str) else value

    def _lines(self, written: Sequence[str]) -> Fact[tuple[SafeText, ...]]:
        value = self._first(written)
        return self._known(safe_lines(value)) if isinstance(value, str) else value

    def _table(self, written: Sequence[str]) -> Fact[Mapping[SafeText, SafeText]]:
        values = self._lookup.table(places(written))
        return values if isinstance(values, Unreadable | Gap) else self._known(wire.table(values))

    def _of_mlmodel(self, field: str) -> Fact[SafeText]:
        mlmodel = self._parts.mlmodel
        if not isinstance(mlmodel, MlModel):
            return mlmodel
        value = getattr(mlmodel, field)
        return ABSENT if isinstance(value, Unknown) else self._known(value)

    def _registered(self) -> Fact[SafeText]:
        by = wire.told(self._parts.version.user_id)
        if not isinstance(by, Unknown):
            return self._known(by)
        tagged = self._text(self._where.registered_by)
        # MLflow itself records no actor; only a tag can say it.
        return UNSUPPORTED if tagged is ABSENT else tagged

    def _artifact(self) -> Fact[Artifact]:
        parts, logged = self._parts, self._parts.logged_model
        uri = parts.version.source or ""
        if isinstance(logged, wire.LoggedModel) and logged.info.artifact_uri:
            uri = logged.info.artifact_uri
        if not uri:
            return ABSENT
        size = parts.mlmodel.size_bytes if isinstance(parts.mlmodel, MlModel) else UNKNOWN
        return self._known(
            Artifact(
                uri=wire.shown(without_tokens(uri), _LONGEST_ADDRESS),
                digest=self._told(self._where.artifact_digest),
                size_bytes=size,
                is_reachable=parts.is_reachable,
            )
        )

    def _data_snapshots(self) -> Fact[tuple[DataSnapshot, ...]]:
        run = self._parts.run
        inputs = (run.inputs.dataset_inputs or ()) if isinstance(run, wire.Run) else ()
        snapshots = [_snapshot(given, places(self._where.data_commit)) for given in inputs]
        for place in places(self._where.data_snapshot):
            for name, value in self._lookup.found(place):
                told = wire.shown(value, _LONGEST_ADDRESS)
                named = (
                    DataSnapshot(wire.shown(name), uri=told) if "://" in value else DataSnapshot(wire.shown(name), told)
                )
                snapshots += [] if any(named.name == known.name for known in snapshots) else [named]
        if snapshots:
            return self._known(tuple(snapshots))
        return run if isinstance(run, Unreadable) else ABSENT

    def _code(self) -> Fact[CodeRevision]:
        commit = self._first(self._where.commit)
        if not isinstance(commit, str):
            return commit
        dirty = self._first(self._where.uncommitted_changes)
        return self._known(
            CodeRevision(
                commit=wire.shown(commit),
                repository=self._told(self._where.repository),
                branch=self._told(self._where.branch),
                # Without the flag nothing is claimed: MLflow notes the commit once per process, perhaps an old one.
                has_uncommitted_changes=dirty.lower() == "true" if isinstance(dirty, str) else UNKNOWN,
            )
        )

    def _parameters(self) -> Fact[Mapping[SafeText, SafeText]]:
        if self._lookup.params:
            return self._known(wire.table(self._lookup.params))
        return self._unless_unreadable(ABSENT)

    def _unless_unreadable(self, gap: Gap) -> Unreadable | Gap:
        """Return `gap`, or why a run or LoggedModel that might say more could not be read."""
        parts = (self._parts.run, self._parts.logged_model)
        return next((part for part in parts if isinstance(part, Unreadable)), gap)

    def _metrics(self) -> tuple[Fact[Scores], Fact[Scores], Fact[Scores]]:
        run, logged = self._parts.run, self._parts.logged_model
        found = scores(
            run.data.metrics if isinstance(run, wire.Run) else (),
            logged.data.metrics if isinstance(logged, wire.LoggedModel) else (),
        )
        weigh = places(self._where.importances)
        overall, segments, weights = split_segments(found, self._where.segment_metrics, weigh)
        gap = self._unless_unreadable(ABSENT)
        importances: Fact[Scores] = self._known(weights) if weights else self._importances_in_files(weigh)
        return (
            self._known(overall) if overall else gap,
            self._known(segments) if segments else gap,
            importances,
        )

    def _importances_in_files(self, weigh: Sequence[Place]) -> Fact[Scores]:
        for place in weigh:
            for _, content in self._lookup.found(place):
                try:
                    found = json.loads(content)
                    weights = {wire.shown(name): float(value) for name, value in found.items()}
                except (ValueError, TypeError, AttributeError, RecursionError):
                    return Unreadable(wire.shown(f"{place.name} is not a JSON object of numbers"), self._source)
                return self._known(weights)
        return self._lookup.trouble(weigh) or ABSENT

    def _runtime(self) -> Fact[Mapping[SafeText, SafeText]]:
        table: dict[SafeText, SafeText] = {}
        if isinstance(self._parts.mlmodel, MlModel):
            table.update(self._parts.mlmodel.runtime)
        tags = self._lookup.values("run_tag")
        for tag, name in _RUNTIME_TAGS.items():
            if tags.get(tag):
                table[wire.shown(name)] = wire.shown(masked(tag, tags[tag]))
        run = self._parts.run
        if isinstance(run, wire.Run) and (run.info.lifecycle_stage or "active") != "active":
            table[wire.shown("run")] = wire.shown(f"{run.info.lifecycle_stage}: in the trash, soon gone for good")
        return self._known(table) if table else self._fact_of_trouble()

    def _fact_of_trouble(self) -> Unreadable | Gap:
        mlmodel = self._parts.mlmodel
        return mlmodel if isinstance(mlmodel, Unreadable) else self._unless_unreadable(ABSENT)

    def _base_image(self) -> Fact[SafeText]:
        image, digest = self._first(self._where.base_image), self._told(self._where.base_image_digest)
        if not isinstance(image, str):
            return image
        return self._known(
            wire.shown(image if isinstance(digest, Unknown) or digest in image else f"{image}@{digest}", 400)
        )

    def _parents(self) -> Fact[tuple[SafeText, ...]]:
        values = self._lookup.table(places(self._where.parents))
        if isinstance(values, Unreadable | Gap):
            return values
        named = ((f"run {value}" if name == "mlflow.parentRunId" else value) for name, value in values.items())
        return self._known(tuple(wire.shown(value) for value in named))

    def _components(self) -> Fact[Mapping[ModelName, VersionId]]:
        values = self._lookup.table(places(self._where.components))
        if isinstance(values, Unreadable | Gap):
            return values
        return self._known(
            {ModelName(wire.shown(name)): VersionId(wire.shown(values[name])) for name in sorted(values)}
        )

    def _approvals(self) -> Fact[tuple[Approval, ...]]:
        by, decision = self._told(self._where.approved_by), self._told(self._where.approval_status)
        if isinstance(by, Unknown) and isinstance(decision, Unknown):
            return ABSENT
        at = self._first(self._where.approved_at)
        approval = Approval(
            by=wire.shown("nobody named") if isinstance(by, Unknown) else by,
            decision=wire.shown("approved") if isinstance(decision, Unknown) else decision,
            at=moment(at) if isinstance(at, str) else UNKNOWN,
            comment=self._told(self._where.approval_comment),
        )
        return self._known((approval,))

    def _model_card(self) -> Fact[tuple[SafeText, ...]]:
        card = self._first(self._where.model_card)
        text = card if isinstance(card, str) else without_tokens(self._parts.version.description or "")
        return self._known(safe_lines(text)) if text.strip() else ABSENT

    def _attestations(self) -> Fact[tuple[SafeText, ...]]:
        values = self._lookup.table(places(self._where.attestations))
        if isinstance(values, Unreadable | Gap):
            return values
        return self._known(tuple(wire.shown(f"{name}: {value}", wire.LONG_TEXT) for name, value in values.items()))

    def _tags(self) -> Fact[Mapping[SafeText, SafeText]]:
        table = wire.table(self._lookup.values("tag"))
        others = also_registered(self._lookup.values("logged_tag").get(_MODEL_VERSIONS, ""))
        if len(others) > 1:
            table[wire.shown("registered as")] = wire.shown(", ".join(others))
        return self._known(table) if table else ABSENT


def _snapshot(given: wire.DatasetInput, commits: Sequence[Place]) -> DataSnapshot:
    """Return a logged data set; the exact state that a tag names is added to its address."""
    tags, dataset = wire.pairs(given.tags), given.dataset
    uri = _field_of(dataset.source, ("uri", "url", "path", "table_name", "delta_table_name"))
    commit = next((f"{place.name}={tags[place.name]}" for place in commits if tags.get(place.name)), "")
    if commit:
        uri = f"{uri}#{commit}" if uri else commit
    rows = _field_of(dataset.profile, ("num_rows",))
    return DataSnapshot(
        name=wire.shown(dataset.name or "unnamed"),
        digest=wire.told(dataset.digest),
        uri=wire.told(uri, _LONGEST_ADDRESS),
        rows=int(rows) if rows.isdecimal() else UNKNOWN,
        used_for=wire.told(tags.get(_DATA_CONTEXT)),
    )


def _field_of(text: wire.Text, names: Sequence[str]) -> str:
    """Return the first of these fields in JSON within JSON; what is no JSON object has none."""
    try:
        whole = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return ""
    values = (whole.get(name) for name in names) if isinstance(whole, dict) else ()
    return next((str(value)[:_LONGEST_ADDRESS] for value in values if value not in (None, "")), "")


def also_registered(tag: str) -> list[str]:
    """Return `MODEL VERSION` out of `mlflow.modelVersions`, each once: MLflow lists them as number and as text."""
    try:
        listed = json.loads(tag or "[]")
    except (ValueError, RecursionError):
        return []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return list(dict.fromkeys(f"{row.get('name')} {row.get('version')}" for row in rows))


def moment(text: str) -> Instant | Unknown:
    """Return a time that people or pipelines wrote: ISO 8601 (UTC unless said), or seconds or milliseconds."""
    try:
        seconds = float(text)
        return wire.instant(seconds if seconds > 1e11 else seconds * 1000.0)
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text.strip())
        return Instant((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return UNKNOWN
