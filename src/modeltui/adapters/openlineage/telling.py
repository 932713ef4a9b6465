"""A training run, and the jobs before it, as the provenance of a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters._documents.look import at, count_of, list_at, text_at
from modeltui.adapters._documents.words import ADDRESS, LONG_TEXT, lines, moment, named, shown, told
from modeltui.adapters.openlineage.matching import How, Match, runs_named, tag_pairs, tags_of, version_in
from modeltui.adapters.openlineage.runs import Blobs, DatasetKey, Run, facet
from modeltui.domain.lineage import (
    ABSENT,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Table,
)
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.text import SafeText

T = TypeVar("T")

_USED_FOR: Final = ("used_for", "split", "context")
"""Tags of an input that say what it was used for."""

NOTHING: Final = Provenance(
    run=ABSENT,
    owner=ABSENT,
    data_snapshots=ABSENT,
    extraction_query=ABSENT,
    code=ABSENT,
    parameters=ABSENT,
    runtime=ABSENT,
    environment_variables=ABSENT,
    parents=ABSENT,
    tags=ABSENT,
)
"""Of a version whose run nobody sent an event about."""


def provenance_of(
    match: Match, makers: Mapping[DatasetKey, Run], known: Provenance, source: SourceName, at: Instant
) -> Provenance:
    """Return what a run tells of the version that it made; `known` is what registries say of it.

    Where they know whose the model is, the owner of the job does not contradict that: he is told as a tag.
    """
    return _Teller(match, makers, known, source, at).whole()


class _Teller:
    def __init__(
        self,
        match: Match,
        makers: Mapping[DatasetKey, Run],
        known: Provenance,
        source: SourceName,
        observed_at: Instant,
    ) -> None:
        self._match = match
        self._run = match.run
        self._makers = makers
        self._named_runs = runs_named(known)
        self._has_owner = isinstance(known.owner, Known | Contradicted)
        self._source = source
        self._observed_at = observed_at

    def whole(self) -> Provenance:
        run = self._run
        return Provenance(
            run=self._id(),
            owner=ABSENT if self._has_owner else self._fact(_owners(run.job_facets)),
            data_snapshots=self._fact(tuple(self._snapshot(key, facets) for key, facets in run.inputs.items())),
            extraction_query=self._fact(self._queries()),
            code=self._code(),
            parameters=self._fact(_pairs(run, "executionParameters", "parameters", "key")),
            runtime=self._fact(_runtime(run)),
            environment_variables=self._fact(_pairs(run, "environmentVariables", "environmentVariables", "name")),
            parents=self._fact(_parents(run)),
            tags=self._fact(self._tags()),
        )

    def _known(self, value: T) -> Known[T]:
        return Known(value, self._source, self._observed_at)

    def _fact(self, value: T) -> Fact[T]:
        return self._known(value) if value else ABSENT

    def _id(self) -> Fact[SafeText]:
        """Return the run as the registry spells it; contradicted when other runs claim the version as well."""
        if self._match.how is How.CLAIM and self._named_runs:
            # The registry's runs have names of their own, of which no event speaks: this one is told as a tag.
            return ABSENT
        spelled = {name.lower().replace("-", ""): name for name in self._named_runs}
        own = spelled.get(self._run.id.lower().replace("-", ""), self._run.id)
        ids = dict.fromkeys(shown(name) for name in (own, *(run.id for run in self._match.rivals)))
        if len(ids) == 1:
            return self._known(next(iter(ids)))
        return Contradicted(tuple(self._known(one) for one in ids))

    def _snapshot(self, key: DatasetKey, facets: Blobs) -> DataSnapshot:
        maker = self._makers.get(key)
        # In one order: a run may list its inputs in any, and the same tables are the same origin.
        sources = sorted(_address(one) for one in maker.inputs) if maker else []
        tags = dict(tag_pairs(facets))
        return DataSnapshot(
            name=shown(key.name or "unnamed"),
            digest=told(version_in(facets)),
            uri=shown(_address(key), ADDRESS),
            rows=_rows(facets, maker.outputs.get(key, {}) if maker else {}),
            used_for=told(next((tags[name] for name in _USED_FOR if tags.get(name)), "")),
            origin=whole_text(", ".join(sources), ADDRESS) if sources else UNKNOWN,
            taken_at=_taken_at(facets, maker),
        )

    def _queries(self) -> tuple[SafeText, ...]:
        """Return the SQL of the jobs before, the first job first, and of the run itself."""
        runs = [*reversed(list(dict.fromkeys(id(run) for run in self._makers.values()))), id(self._run)]
        by_id = {id(run): run for run in (*self._makers.values(), self._run)}
        found = {}
        for run in (by_id[one] for one in runs):
            sql = text_at(facet(run.job_facets, "sql"), "query")
            if sql.strip() and sql not in found:
                found[sql] = run
        if len(found) == 1:
            return lines(next(iter(found)))
        return tuple(
            line
            for sql, run in found.items()
            for line in (shown(f"-- {run.namespace}/{run.job}", LONG_TEXT), *lines(sql))
        )

    def _code(self) -> Fact[CodeRevision]:
        place = facet(self._run.job_facets, "sourceCodeLocation")
        commit = text_at(place, "version")
        if not commit.strip():
            return ABSENT
        repository = text_at(place, "repoUrl") or text_at(place, "url")
        return self._known(CodeRevision(shown(commit), told(repository, ADDRESS), told(text_at(place, "branch"))))

    def _tags(self) -> Table:
        run = self._run
        table = {shown(key): named(key, value) for key, value in tags_of(run)}
        own = {"job": f"{run.namespace}/{run.job}", "state": run.state}
        if self._match.how is How.CLAIM and self._named_runs:
            own["run"] = run.id
        own["owner"] = _owners(run.job_facets) if self._has_owner else ""
        own["error"] = text_at(facet(run.facets, "errorMessage"), "message")
        own["parent job"] = "/".join(_job_of(facet(run.facets, "parent")))
        own["source tag"] = text_at(facet(run.job_facets, "sourceCodeLocation"), "tag")
        own["external query"] = text_at(facet(run.facets, "externalQuery"), "externalQueryId")
        own |= {f"schema of {key.name}": _schema(facets) for key, facets in run.inputs.items()}
        table |= {shown(f"lineage {name}"): named(name, value) for name, value in own.items() if value}
        return table


def _owners(job_facets: Blobs) -> SafeText:
    owners = list_at(facet(job_facets, "ownership"), "owners")
    return shown(", ".join(dict.fromkeys(text_at(owner, "name") for owner in owners if text_at(owner, "name"))))


def _pairs(run: Run, facet_name: str, list_name: str, key_name: str) -> Table:
    """Return a facet that is a list of names and values as a table, secrets masked."""
    rows = list_at(facet(run.facets, facet_name), list_name)
    found = ((text_at(row, key_name) or text_at(row, "name"), at(row, "value")) for row in rows)
    return {shown(key): named(key, _written(value)) for key, value in found if key and value is not None}


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _runtime(run: Run) -> Table:
    engine = facet(run.facets, "processing_engine")
    version = text_at(engine, "version")
    return {shown(text_at(engine, "name").lower() or "processing engine"): shown(version)} if version else {}


def _parents(run: Run) -> tuple[SafeText, ...]:
    run_id = text_at(facet(run.facets, "parent"), "run", "runId")
    return (shown(f"run {run_id}"),) if run_id else ()


def _job_of(parent: object) -> tuple[str, ...]:
    return tuple(text for name in ("namespace", "name") if (text := text_at(parent, "job", name)))


def _rows(read: Blobs, written: Blobs) -> int | Unknown:
    for facets, name in ((read, "inputStatistics"), (read, "dataQualityMetrics"), (written, "outputStatistics")):
        rows = count_of(at(facet(facets, name), "rowCount"))
        if rows is not None:
            return rows
    return UNKNOWN


def _taken_at(facets: Blobs, maker: Run | None) -> Instant | Unknown:
    updated = moment(text_at(facet(facets, "dataQualityMetrics"), "lastUpdated"))
    if isinstance(updated, Unknown) and maker is not None and maker.is_complete:
        return maker.last_at
    return updated


def _schema(facets: Blobs) -> str:
    return ", ".join(_columns(list_at(facet(facets, "schema"), "fields")))


def _columns(columns: list[object]) -> Iterator[str]:
    for column in columns:
        if name := text_at(column, "name"):
            yield f"{name} {text_at(column, 'type')}".strip()


def _address(key: DatasetKey) -> str:
    return f"{key.namespace.rstrip('/')}/{key.name.lstrip('/')}" if key.namespace else key.name
