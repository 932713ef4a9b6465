"""The parts of one version become its provenance. Pure: nothing is asked here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from modeltui.adapters._documents.approvals import approved_by
from modeltui.adapters._documents.long_text import text_lines
from modeltui.adapters._documents.mlmodel import MlModel
from modeltui.adapters._documents.signed_manifest import Manifest, read_manifest
from modeltui.adapters._documents.values import moment
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.datasets import LONGEST_ADDRESS, query_in, snapshot_of
from modeltui.adapters.mlflow.facts import Facts
from modeltui.adapters.mlflow.measures import cases_of, metrics_of
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import FILE_KINDS, ProvenanceMap, places
from modeltui.adapters.mlflow.systems import components_of, effects_of, llm_system_of, prompts_of
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Approval,
    Artifact,
    CodeRevision,
    DataSnapshot,
    Fact,
    Gap,
    Provenance,
    Table,
    Unreadable,
)
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.text import SafeText

_MODEL_VERSIONS: Final = "mlflow.modelVersions"
_IS_EXTERNAL: Final = "mlflow.model.isExternal"
_RUNTIME_TAGS: Final = {"mlflow.source.name": "entry point", "mlflow.databricks.cluster.id": "cluster"}
_RECORD_TAGS: Final = {"mlflow.user": "trained by", "mlflow.source.type": "started as"}
"""Who and how: no part of what the model is, so among the tags."""


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
        self._facts = Facts(parts, source, observed_at)
        self._lookup = self._facts.lookup
        self._manifest = self._read_manifest()

    def whole(self, owner_tags: Sequence[str]) -> Provenance:
        parts, where = self._parts, self._where
        overall, segments, importances = metrics_of(parts, self._facts, where)
        told = Provenance(
            run=self._facts.known(wire.shown(parts.version.run_id)) if parts.version.run_id else ABSENT,
            registered=self._registered(),
            owner=self._owner(owner_tags),
            artifact=self._artifact(),
            files=self._files(),
            architecture=self._architecture(),
            signature=self._signature(),
            data_snapshots=self._data_snapshots(),
            extraction_query=self._query(),
            feature_pipeline=self._facts.text(where.feature_pipeline),
            code=self._code(),
            metrics=overall,
            segment_metrics=segments,
            requirements=self._facts.of_part(parts.requirements),
            runtime=self._runtime(),
            environment_variables=self._facts.table(where.environment_variables),
            base_image=self._base_image(),
            parents=self._parents(),
            prompts=prompts_of(parts, self._facts, where),
            llm_system=llm_system_of(self._facts, where),
            components=components_of(self._facts, where),
            agent=self._facts.table(where.agent, besides=where.external_effects),
            external_effects=effects_of(self._facts, where),
            importances=importances,
            cases=cases_of(parts, self._facts, where),
            approvals=self._approvals(),
            model_card=self._model_card(),
            serving_config=self._facts.table(where.serving_config),
            attestations=self._attestations(),
        )
        # Last: what was told under a meaning is not told again.
        return replace(told, parameters=self._parameters(), tags=self._tags())

    def _of_mlmodel(self, field: str) -> Fact[SafeText]:
        mlmodel = self._parts.mlmodel
        if not isinstance(mlmodel, MlModel):
            return mlmodel
        value = getattr(mlmodel, field)
        return ABSENT if isinstance(value, Unknown) else self._facts.known(value)

    def _signature(self) -> Fact[SafeText]:
        if self._lookup.values("logged_tag").get(_IS_EXTERNAL, "").lower() == "true":
            # MLflow writes one of its own beside a model whose code lies elsewhere.
            return ABSENT
        return self._of_mlmodel("signature")

    def _registered(self) -> Fact[SafeText]:
        by = wire.told(self._parts.version.user_id)
        if not isinstance(by, Unknown):
            return self._facts.known(by)
        tagged = self._facts.text(self._where.registered_by)
        # MLflow itself records no actor; only a tag can say it.
        return UNSUPPORTED if tagged is ABSENT else tagged

    def _owner(self, owner_tags: Sequence[str]) -> Fact[SafeText]:
        own = self._facts.text(self._where.owner)
        if own is not ABSENT or not owner_tags:
            return own
        if not isinstance(self._parts.model, wire.ModelRow):
            return self._parts.model
        owner = wire.owner_of(self._parts.model, owner_tags)
        return ABSENT if isinstance(owner, Unknown) else self._facts.known(owner)

    def _architecture(self) -> Fact[SafeText]:
        named = self._facts.text(self._where.architecture)
        told = self._of_mlmodel("architecture") if named is ABSENT else named
        logged = self._parts.logged_model
        kind = wire.told(logged.info.model_type) if isinstance(logged, wire.LoggedModel) else UNKNOWN
        return told if told is not ABSENT or isinstance(kind, Unknown) else self._facts.known(kind)

    def _artifact(self) -> Fact[Artifact]:
        parts, logged = self._parts, self._parts.logged_model
        uri = parts.version.source or ""
        if isinstance(logged, wire.LoggedModel) and logged.info.artifact_uri:
            uri = logged.info.artifact_uri
        if not uri:
            return ABSENT
        size = parts.mlmodel.size_bytes if isinstance(parts.mlmodel, MlModel) else UNKNOWN
        return self._facts.known(
            Artifact(
                uri=wire.shown(without_tokens(uri), LONGEST_ADDRESS),
                digest=self._digest(),
                size_bytes=size,
                is_reachable=parts.is_reachable,
            )
        )

    def _digest(self) -> SafeText | Unknown:
        tagged = self._facts.told(self._where.artifact_digest)
        if isinstance(tagged, Unknown) and isinstance(self._manifest, Manifest) and self._manifest.digest:
            return wire.shown(self._manifest.digest)
        return tagged

    def _files(self) -> Fact[Table]:
        if not isinstance(self._manifest, Manifest):
            return self._manifest
        digests = self._manifest.digests
        return self._facts.known({wire.shown(path, LONGEST_ADDRESS): wire.shown(digests[path]) for path in digests})

    def _read_manifest(self) -> Part[Manifest]:
        file = self._lookup.file(places(self._where.signed_manifest))
        if file is None:
            return self._facts.trouble(self._where.signed_manifest) or ABSENT
        try:
            return read_manifest(file[1].encode())
        except ValueError as error:
            return self._facts.unreadable(f"{file[0].name}: {error}")

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
        run = self._parts.run
        trouble = run if isinstance(run, Unreadable) else self._facts.trouble(self._where.data_snapshot)
        return self._facts.known(tuple(snapshots), trouble) if snapshots else trouble or ABSENT

    def _query(self) -> Fact[tuple[SafeText, ...]]:
        told = self._facts.lines(self._where.extraction_query)
        if told is ABSENT and (query := query_in(self._inputs())):
            return self._facts.known(text_lines(query))
        return told

    def _code(self) -> Fact[CodeRevision]:
        commit = self._facts.first(self._where.commit)
        if not isinstance(commit, str):
            return commit
        dirty = self._facts.first(self._where.uncommitted_changes)
        return self._facts.known(
            CodeRevision(
                commit=wire.shown(commit),
                repository=self._facts.told(self._where.repository),
                branch=self._facts.told(self._where.branch),
                # Without the flag nothing is claimed: MLflow notes the commit once per process, perhaps an old one.
                has_uncommitted_changes=dirty.lower() == "true" if isinstance(dirty, str) else UNKNOWN,
            )
        )

    def _parameters(self) -> Fact[Table]:
        told = self._lookup.told("param")
        rest = {name: value for name, value in self._lookup.params.items() if name not in told}
        trouble = self._parts.trouble
        return self._facts.known(wire.table(rest), trouble) if rest else trouble or ABSENT

    def _runtime(self) -> Fact[Table]:
        table: dict[SafeText, SafeText] = {}
        if not isinstance(self._parts.python, Unknown):
            table[wire.shown("python")] = self._parts.python
        if isinstance(self._parts.mlmodel, MlModel):
            table.update(self._parts.mlmodel.runtime)
        table.update(self._run_tags(_RUNTIME_TAGS))
        if not isinstance(hardware := self._facts.told(self._where.hardware), Unknown):
            table[wire.shown("hardware")] = hardware
        mlmodel = self._parts.mlmodel
        trouble = mlmodel if isinstance(mlmodel, Unreadable) else self._facts.trouble(self._where.hardware)
        return self._facts.known(table, trouble) if table else trouble or ABSENT

    def _run_tags(self, names: Mapping[str, str]) -> dict[SafeText, SafeText]:
        tags = self._lookup.values("run_tag")
        return {wire.shown(name): wire.shown(masked(tag, tags[tag])) for tag, name in names.items() if tags.get(tag)}

    def _base_image(self) -> Fact[SafeText]:
        image, digest = self._facts.first(self._where.base_image), self._facts.told(self._where.base_image_digest)
        if not isinstance(image, str):
            return image
        return self._facts.known(
            wire.shown(image if isinstance(digest, Unknown) or digest in image else f"{image}@{digest}", 400)
        )

    def _parents(self) -> Fact[tuple[SafeText, ...]]:
        found = self._facts.values(self._where.parents)
        values = {} if isinstance(found, Unreadable | Gap) else found
        named = ((f"run {value}" if name == "mlflow.parentRunId" else value) for name, value in values.items())
        parents = (*self._parts.copied_from, *(wire.shown(value) for value in named))
        trouble = self._facts.trouble(self._where.parents)
        return self._facts.known(parents, trouble) if parents else trouble or ABSENT

    def _approvals(self) -> Fact[tuple[Approval, ...]]:
        by, decision = self._facts.told(self._where.approved_by), self._facts.told(self._where.approval_status)
        if isinstance(decision, Unknown):
            # A name is a yes only while no decision stands beside it; one that cannot be read may be a no.
            trouble = self._facts.trouble(self._where.approval_status)
            if isinstance(by, Unknown):
                return trouble or self._facts.trouble(self._where.approved_by) or ABSENT
            if trouble is not None:
                return trouble
            by, decision = approved_by(by)
        at = self._facts.first(self._where.approved_at)
        approval = Approval(
            by=wire.shown("nobody named") if isinstance(by, Unknown) else by,
            decision=decision,
            at=moment(at) if isinstance(at, str) else UNKNOWN,
            # A ticket is a tag of its own, too.
            comment=self._facts.also_told(self._where.approval_comment),
        )
        return self._facts.known((approval,))

    def _model_card(self) -> Fact[tuple[SafeText, ...]]:
        wanted = places(self._where.model_card)
        card = self._lookup.first([place for place in wanted if place.kind not in FILE_KINDS])
        if not isinstance(card, str) and (file := self._lookup.file(wanted)):
            card = file[1]
        if not isinstance(card, str):
            if trouble := self._lookup.trouble(wanted):
                return trouble
            card = self._parts.version.description or ""
        return self._facts.known(text_lines(card)) if card.strip() else ABSENT

    def _attestations(self) -> Fact[tuple[SafeText, ...]]:
        found = self._facts.values(self._where.attestations)
        values = {} if isinstance(found, Unreadable | Gap) else found
        said = [f"{name}: {value}" for name, value in values.items()]
        if isinstance(self._manifest, Manifest):
            said += [f"model-signing: {sentence}" for sentence in self._manifest.sentences()]
        trouble = self._manifest if isinstance(self._manifest, Unreadable) else None
        told = tuple(wire.shown(text, wire.LONG_TEXT) for text in said)
        return self._facts.known(told, trouble) if told else trouble or ABSENT

    def _tags(self) -> Fact[Table]:
        told = self._lookup.told("tag")
        table = wire.table({name: value for name, value in self._lookup.values("tag").items() if name not in told})
        table.update(self._run_tags(_RECORD_TAGS))
        table.update(self._parts.prompts.versions)
        run = self._parts.run
        if isinstance(run, wire.Run) and (run.info.lifecycle_stage or "active") != "active":
            table[wire.shown("run")] = wire.shown(f"{run.info.lifecycle_stage}: in the trash, soon gone for good")
        others = also_registered(self._lookup.values("logged_tag").get(_MODEL_VERSIONS, ""))
        if len(others) > 1:
            table[wire.shown("registered as")] = wire.shown(", ".join(others))
        trouble = self._parts.trouble
        return self._facts.known(table, trouble) if table else trouble or ABSENT


def also_registered(tag: str) -> list[str]:
    """Return `MODEL VERSION` out of `mlflow.modelVersions`, each once: MLflow lists them as number and as text."""
    try:
        listed = json.loads(tag or "[]")
    except (ValueError, RecursionError):
        return []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return list(dict.fromkeys(f"{row.get('name')} {row.get('version')}" for row in rows))
