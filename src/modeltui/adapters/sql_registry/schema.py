"""The tables of a registry in SQL. Every table and every column may be missing, and may have another name.

A team begins with one table, the one that its services read to know what to load:

    active_models    which version serves, and which it falls back to: the pointers `active` and `fallback`

and adds what it wants to compare:

    models           whose a model is, and what kind of thing it is
    versions         one row per version; `provenance` may hold everything else as one JSON object, by the names below
    facts            one row per fact, for a training script that writes as it goes:
                     INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'parameters', 'num_leaves', '63')
    data_snapshots   one row per data set that went into a version
    approvals        one row per yes or no
    pointers         further names for versions, besides those of `active_models`

Fields of `facts`, with what stands in `name`:

    one value, `name` empty     run, registered, owner, architecture, signature, feature_pipeline, base_image
    lines, `name` a number      extraction_query, model_card (or the whole text in one row)
    a list, `name` a number     requirements, parents, external_effects, attestations
    a table, `name` the key     parameters, runtime, environment_variables, prompts, llm_system, agent, cases,
                                serving_config, tags, files (path and digest), components (model and version)
    numbers, `name` the key     metrics, segment_metrics (`region=hk`, or `auc/region=hk`), importances
    code                        `name` is commit, repository, branch or dirty
    artifact                    `name` is uri, digest or size_bytes

Times are TIMESTAMPTZ in PostgreSQL; in SQLite ISO 8601 text or seconds since the epoch. `tags` and `provenance` are
JSON; JSONB does as well. Where two tables say different things of one field, both are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SCHEMA: Final = """
CREATE TABLE models (
    name        TEXT PRIMARY KEY,
    owner       TEXT,
    kind        TEXT,                  -- llm-system, ensemble, agent, batch
    tags        TEXT                   -- a JSON object
);
CREATE TABLE versions (
    model       TEXT NOT NULL,
    version     TEXT NOT NULL,         -- text: 1.10 is not 1.1
    created_at  TIMESTAMP WITH TIME ZONE,
    created_by  TEXT,
    state       TEXT,                  -- the team's own word
    description TEXT,
    tags        TEXT,                  -- a JSON object
    artifact_uri        TEXT,
    artifact_digest     TEXT,          -- sha256:…
    artifact_size_bytes BIGINT,
    run                 TEXT,
    code_commit         TEXT,
    code_repository     TEXT,
    code_branch         TEXT,
    provenance  TEXT,                  -- a JSON object with any field
    PRIMARY KEY (model, version)
);
CREATE TABLE facts (
    model       TEXT NOT NULL,
    version     TEXT NOT NULL,
    field       TEXT NOT NULL,
    name        TEXT NOT NULL DEFAULT '',
    value       TEXT NOT NULL,
    PRIMARY KEY (model, version, field, name)
);
CREATE TABLE data_snapshots (
    model       TEXT NOT NULL,
    version     TEXT NOT NULL,
    name        TEXT NOT NULL,
    used_for    TEXT NOT NULL DEFAULT 'training',
    digest      TEXT,
    uri         TEXT,
    row_count   BIGINT,
    origin      TEXT,                  -- the table or topic that it was taken from
    begins_at   TIMESTAMP WITH TIME ZONE,
    ends_at     TIMESTAMP WITH TIME ZONE,
    taken_at    TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (model, version, name, used_for)
);
CREATE TABLE approvals (
    model       TEXT NOT NULL,
    version     TEXT NOT NULL,
    decided_by  TEXT NOT NULL,
    decision    TEXT NOT NULL,         -- approved, rejected
    decided_at  TIMESTAMP WITH TIME ZONE,
    comment     TEXT
);
CREATE TABLE pointers (
    model       TEXT NOT NULL,
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    PRIMARY KEY (model, name)
);
CREATE TABLE active_models (
    model_name       TEXT PRIMARY KEY,
    active_version   TEXT NOT NULL,
    fallback_version TEXT,
    last_updated     TIMESTAMP WITH TIME ZONE
);
"""
"""The same for both databases."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table must have to be of use, and what else is read of it."""

    needed: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return all columns that are read."""
        return (*self.needed, *self.more)


_VERSION: Final = ("model", "version")
TABLES: Final[Mapping[str, Shape]] = {
    "models": Shape(("name",), ("owner", "kind", "tags")),
    "versions": Shape(
        _VERSION,
        (
            "created_at",
            "created_by",
            "state",
            "description",
            "tags",
            "artifact_uri",
            "artifact_digest",
            "artifact_size_bytes",
            "run",
            "code_commit",
            "code_repository",
            "code_branch",
            "provenance",
        ),
    ),
    "facts": Shape((*_VERSION, "field", "value"), ("name",)),
    "data_snapshots": Shape(
        (*_VERSION, "name"),
        ("used_for", "digest", "uri", "row_count", "origin", "begins_at", "ends_at", "taken_at"),
    ),
    "approvals": Shape((*_VERSION, "decided_by", "decision"), ("decided_at", "comment")),
    "pointers": Shape(("model", "name", "version")),
    "active_models": Shape(("model_name", "active_version"), ("fallback_version", "last_updated")),
}
"""Every table that is looked for, by the name that it has here."""
