"""The parts of one version become its provenance. Pure: nothing is asked here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.datasets import LONGEST_ADDRESS, moment, query_in, snapshot_of
from modeltui.adapters.mlflow.file_tables import ANSWERS, WEIGHTS, as_text, named_values
from modeltui.adapters.mlflow.lookup import Lookup
from modeltui.adapters.mlflow.model_files import MlModel
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import FILE_KINDS, ProvenanceMap, places
from modeltui.adapters.mlflow.prompts import LONGEST_PROMPT
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
    Table,
    Unreadable,
)
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

_MODEL_VERSIONS: Final = "mlflow.modelVersions"
_IS_EXTERNAL: Final = "mlflow.model.isExternal"
_RUNTIME_TAGS: Final = {"mlflow.source.name": "entry point", "mlflow.databricks.cluster.id": "cluster"}
_RECORD_TAGS: Final = {"mlflow.user": "trained by", "mlflow.source.type": "started as"}
"""Who and how: no part of what the model is, so among the tags."""
_LONGEST_ANSWER: Final = 4_000
_ONLY_BESIDE_OTHERS: Final = ("temperature", "top_p", "embedding", "tools")
"""Names that a network or a calibration has too: alone they do not make an LLM system."""


def provenance_of(
    parts: Parts,
    where: ProvenanceMap,
    source: SourceName,
    observed_at: Instant,
    owner_tags: Sequence[str] = (),
) -> Provenance:
    """Return all that is known of one version, each field known, absent, unsupported or unreadable for itself."""
    return _Teller(parts, where, source, observed_at).whole(owner_tags)


class _Teller:
    def __init__(self, parts: Parts, where: ProvenanceMap, source: SourceName, observed_at: Instant) -> None:
        self._parts = parts
        self._where = where
        self._source = source
        self._observed_at = observed_at
        self._lookup = Lookup(parts)

    def whole(self, owner_tags: Sequence[str]) -> Provenance:
        parts, where = self._parts, self._where
        overall, segments, importances = self._metrics()
        effects = places(where.external_effects)
        told = Provenance(
            run=self._known(wire.shown(parts.version.run_id)) if parts.version.run_id else ABSENT,
            registered=self._registered(),
            owner=self._owner(owner_tags),
            artifact=self._artifact(),
            architecture=self._architecture(),
            signature=self._signature(),
            data_snapshots=self._data_snapshots(),
            extraction_query=self._query(),
            feature_pipeline=self._text(where.feature_pipeline),
            code=self._code(),
            metrics=overall,
            segment_metrics=segments,
            requirements=self._fact(parts.requirements),
            runtime=self._runtime(),
            environment_variables=self._table(where.environment_variables),
            base_image=self._base_image(),
            parents=self._parents(),
            prompts=self._prompts(),
            llm_system=self._llm_system(),
            components=self._components(),
            agent=self._fact_of(self._lookup.table(places(where.agent), besides=effects)),
            external_effects=self._effects(),
            importances=importances,
            cases=self._cases(),
            approvals=self._approvals(),
            model_card=self._model_card(),
            serving_config=self._table(where.serving_config),
            attestations=self._attestations(),
        )
        # Last: what was told under a meaning is not told again.
        return replace(told, parameters=self._parameters(), tags=self._tags())

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
        return wire.told(value, LONGEST_ADDRESS) if isinstance(value, str) else UNKNOWN

    def _text(self, written: Sequence[str]) -> Fact[SafeText]:
        value = self._first(written)
        return self._known(wire.shown(value, wire.LONG_TEXT)) if isinstance(value, str) else value

    def _lines(self, written: Sequence[str]) -> Fact[tuple[SafeText, ...]]:
        value = self._first(written)
        return self._known(text_lines(value)) if isinstance(value, str) else value

    def _table(self, written: Sequence[str]) -> Fact[Table]:
        return self._fact_of(self._lookup.table(places(written)))

    def _fact_of(self, values: Part[Mapping[str, str]]) -> Fact[Table]:
        return values if isinstance(values, Unreadable | Gap) else self._known(wire.table(values))

    def _of_mlmodel(self, field: str) -> Fact[SafeText]:
        mlmodel = self._parts.mlmodel
        if not isinstance(mlmodel, MlModel):
            return mlmodel
        value = getattr(mlmodel, field)
        return ABSENT if isinstance(value, Unknown) else self._known(value)

    def _signature(self) -> Fact[SafeText]:
        if self._lookup.values("logged_tag").get(_IS_EXTERNAL, "").lower() == "true":
            # MLflow writes one of its own beside a model whose code lies elsewhere.
            return ABSENT
        return self._of_mlmodel("signature")

    def _registered(self) -> Fact[SafeText]:
        by = wire.told(self._parts.version.user_id)
        if not isinstance(by, Unknown):
            return self._known(by)
        tagged = self._text(self._where.registered_by)
        # MLflow itself records no actor; only a tag can say it.
        return UNSUPPORTED if tagged is ABSENT else tagged

    def _owner(self, owner_tags: Sequence[str]) -> Fact[SafeText]:
        own = self._text(self._where.owner)
        if own is not ABSENT or not owner_tags:
            return own
        if not isinstance(self._parts.model, wire.ModelRow):
            return self._parts.model
        owner = wire.owner_of(self._parts.model, owner_tags)
        return ABSENT if isinstance(owner, Unknown) else self._known(owner)

    def _architecture(self) -> Fact[SafeText]:
        named = self._text(self._where.architecture)
        return self._of_mlmodel("architecture") if named is ABSENT else named

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
                uri=wire.shown(without_tokens(uri), LONGEST_ADDRESS),
                digest=self._told(self._where.artifact_digest),
                size_bytes=size,
                is_reachable=parts.is_reachable,
            )
        )

    def _inputs(self) -> Sequence[wire.DatasetInput]:
        run = self._parts.run
        return (run.inputs.dataset_inputs or ()) if isinstance(run, wire.Run) else ()

    def _data_snapshots(self) -> Fact[tuple[DataSnapshot, ...]]:
        snapshots = [snapshot_of(given, self._where) for given in self._inputs()]
        for place in places(self._where.data_snapshot):
            for name, value in self._lookup.found(place):
                told = wire.shown(value, LONGEST_ADDRESS)
                named = (
                    DataSnapshot(wire.shown(name), uri=told) if "://" in value else DataSnapshot(wire.shown(name), told)
                )
                snapshots += [] if any(named.name == known.name for known in snapshots) else [named]
        if snapshots:
            return self._known(tuple(snapshots))
        return self._parts.run if isinstance(self._parts.run, Unreadable) else ABSENT

    def _query(self) -> Fact[tuple[SafeText, ...]]:
        told = self._lines(self._where.extraction_query)
        if told is ABSENT and (query := query_in(self._inputs())):
            return self._known(text_lines(query))
        return told

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

    def _parameters(self) -> Fact[Table]:
        told = self._lookup.told("param")
        rest = {name: value for name, value in self._lookup.params.items() if name not in told}
        return self._known(wire.table(rest)) if rest else self._unless_unreadable(ABSENT)

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
        return (
            self._known(overall) if overall else gap,
            self._known(segments) if segments else gap,
            self._known(weights) if weights else self._importances_in_files(),
        )

    def _importances_in_files(self) -> Fact[Scores]:
        found = self._values_in_file(self._where.importances, WEIGHTS)
        if isinstance(found, Unreadable | Gap):
            return found
        numbers = {name: wire.number(found[name]) for name in found if isinstance(found[name], int | float | str)}
        weights = {wire.shown(name): weight for name, weight in numbers.items() if weight is not None}
        return self._known(weights) if weights else ABSENT

    def _cases(self) -> Fact[Table]:
        found = self._values_in_file(self._where.cases, ANSWERS)
        if isinstance(found, Unreadable | Gap):
            return found
        answers = {wire.shown(name): whole_text(as_text(found[name]), _LONGEST_ANSWER) for name in sorted(found)}
        return self._known(answers) if answers else ABSENT

    def _values_in_file(self, written: Sequence[str], value_names: Sequence[str]) -> Part[Mapping[str, Any]]:
        """Return the names and values in the first of these files that is there."""
        wanted = places(written)
        file = self._lookup.file(wanted)
        if file is None:
            return self._lookup.trouble(wanted) or ABSENT
        place, content = file
        try:
            return named_values(place.name, content, value_names)
        except ValueError as error:
            return Unreadable(safe_text(f"{place.name}: {error}"), self._source)

    def _runtime(self) -> Fact[Table]:
        table: dict[SafeText, SafeText] = {}
        if not isinstance(self._parts.python, Unknown):
            table[wire.shown("python")] = self._parts.python
        if isinstance(self._parts.mlmodel, MlModel):
            table.update(self._parts.mlmodel.runtime)
        table.update(self._run_tags(_RUNTIME_TAGS))
        if not isinstance(hardware := self._told(self._where.hardware), Unknown):
            table[wire.shown("hardware")] = hardware
        return self._known(table) if table else self._fact_of_trouble()

    def _run_tags(self, names: Mapping[str, str]) -> dict[SafeText, SafeText]:
        tags = self._lookup.values("run_tag")
        return {wire.shown(name): wire.shown(masked(tag, tags[tag])) for tag, name in names.items() if tags.get(tag)}

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

    def _prompts(self) -> Fact[Table]:
        linked, written = self._parts.prompts, self._lookup.table(places(self._where.prompts))
        own = {} if isinstance(written, Unreadable | Gap) else written
        if not isinstance(linked, Unreadable | Gap) and linked:
            return self._known({**_texts(own), **linked})
        if isinstance(linked, Unreadable):
            return linked
        return self._known(_texts(own)) if own else self._fact_of(written)

    def _llm_system(self) -> Fact[Table]:
        wanted = places(self._where.llm_system)
        names = {name for place in wanted for name, _ in self._lookup.seen(place)}
        if names and all(name.startswith(_ONLY_BESIDE_OTHERS) for name in names):
            return self._lookup.trouble(wanted) or ABSENT
        return self._table(self._where.llm_system)

    def _effects(self) -> Fact[tuple[SafeText, ...]]:
        value = self._first(self._where.external_effects)
        if not isinstance(value, str):
            return value
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            listed = None
        lines = [as_text(effect) for effect in listed] if isinstance(listed, list) else value.splitlines()
        effects = tuple(safe_text(line, wire.LONG_TEXT) for line in lines if line.strip())
        return self._known(effects) if effects else ABSENT

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
        wanted = places(self._where.model_card)
        card = self._lookup.first([place for place in wanted if place.kind not in FILE_KINDS])
        if not isinstance(card, str) and (file := self._lookup.file(wanted)):
            card = file[1]
        if not isinstance(card, str):
            if trouble := self._lookup.trouble(wanted):
                return trouble
            card = self._parts.version.description or ""
        return self._known(text_lines(card)) if card.strip() else ABSENT

    def _attestations(self) -> Fact[tuple[SafeText, ...]]:
        values = self._lookup.table(places(self._where.attestations))
        if isinstance(values, Unreadable | Gap):
            return values
        return self._known(tuple(wire.shown(f"{name}: {value}", wire.LONG_TEXT) for name, value in values.items()))

    def _tags(self) -> Fact[Table]:
        told = self._lookup.told("tag")
        table = wire.table({name: value for name, value in self._lookup.values("tag").items() if name not in told})
        table.update(self._run_tags(_RECORD_TAGS))
        run = self._parts.run
        if isinstance(run, wire.Run) and (run.info.lifecycle_stage or "active") != "active":
            table[wire.shown("run")] = wire.shown(f"{run.info.lifecycle_stage}: in the trash, soon gone for good")
        others = also_registered(self._lookup.values("logged_tag").get(_MODEL_VERSIONS, ""))
        if len(others) > 1:
            table[wire.shown("registered as")] = wire.shown(", ".join(others))
        return self._known(table) if table else ABSENT


def _texts(written: Mapping[str, str]) -> dict[SafeText, SafeText]:
    return {wire.shown(name): whole_text(written[name], LONGEST_PROMPT, name) for name in sorted(written)}


def also_registered(tag: str) -> list[str]:
    """Return `MODEL VERSION` out of `mlflow.modelVersions`, each once: MLflow lists them as number and as text."""
    try:
        listed = json.loads(tag or "[]")
    except (ValueError, RecursionError):
        return []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return list(dict.fromkeys(f"{row.get('name')} {row.get('version')}" for row in rows))
