"""The tables of a world file.

Counters only ever grow, as those of a metrics endpoint do: a window of any length is the difference of two rows, so
a reader touches two rows per series whatever the window, and old rows may be thinned out without losing a count.
"""

from __future__ import annotations

import struct
from typing import Final

APPLICATION_ID: Final = 0x6D_74_75_69
"""`mtui` in the header of the file: tells a world from any other database."""
SCHEMA_VERSION: Final = 2
"""What is written now."""
READABLE_VERSIONS: Final = (1, 2)
"""1 has no table of writes; opened for writing it becomes 2."""

LATENCY_BOUNDS: Final = tuple(round(0.002 * 1.5**step, 6) for step in range(24))
"""Upper bounds of the latency buckets in seconds, 2 ms to 22 s; one more bucket holds what is slower."""
BUCKETS: Final = struct.Struct(f"<{len(LATENCY_BOUNDS) + 1}q")
"""How the buckets of one row are packed: not cumulative, unlike an exposition format's."""

WRITES_TABLE: Final = """
CREATE TABLE IF NOT EXISTS writes (
    key TEXT PRIMARY KEY,               -- plan and step: the same write sent twice carries the same key
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    desired TEXT NOT NULL,              -- JSON: what was asked for under this key
    revision INTEGER NOT NULL,          -- that it made
    written_at REAL NOT NULL,
    says TEXT NOT NULL
);
"""
COMMITS_TABLE: Final = """
CREATE TABLE commits (                  -- optional: a world of this format may have been made before it had any
    repository TEXT NOT NULL,
    number INTEGER NOT NULL,            -- each is built on the one before it
    id TEXT NOT NULL,
    at REAL NOT NULL,
    author TEXT NOT NULL,
    subject TEXT NOT NULL,
    files TEXT NOT NULL,                -- JSON list of the paths that it changed
    PRIMARY KEY (repository, number)
);
"""
TABLES: Final = f"""
CREATE TABLE world (
    schema_version INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    began_at REAL NOT NULL              -- the story is told from here on
);
CREATE TABLE models (
    name TEXT PRIMARY KEY,
    owner TEXT,
    kind TEXT,
    tags TEXT NOT NULL                  -- JSON object
);
CREATE TABLE versions (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at REAL NOT NULL,
    created_by TEXT,
    state TEXT,
    description TEXT,
    tags TEXT NOT NULL,                 -- JSON object
    provenance TEXT NOT NULL,           -- JSON object by field: null is absent, a missing field unsupported
    PRIMARY KEY (model, id)
);
CREATE TABLE pointers (
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (model, name)
);
CREATE TABLE targets (
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    stable TEXT,
    candidate TEXT,
    shadow TEXT,
    stage_name TEXT,
    stage_weight REAL,
    stage_since REAL,
    stage_hold_seconds REAL,
    says TEXT,
    revision INTEGER NOT NULL,          -- grows with every change of what is desired
    PRIMARY KEY (model, environment)
);
CREATE TABLE weights (
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (model, environment, version)
);
CREATE TABLE served (
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,                      -- null while it serves
    passed_gates INTEGER NOT NULL,
    PRIMARY KEY (model, environment, version, started_at)
);
CREATE TABLE jobs (
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at REAL NOT NULL,
    lasts_seconds REAL NOT NULL,
    progress REAL,
    PRIMARY KEY (model, environment, name)
);
CREATE TABLE environment_facts (
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    observed_at REAL NOT NULL,
    PRIMARY KEY (model, environment, name)
);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    segment TEXT NOT NULL,              -- empty for the whole
    ended_at REAL                       -- null while the version is deployed; a new deployment has new series
);
CREATE INDEX series_by_target ON series (model, environment, version);
CREATE TABLE counters (
    series INTEGER NOT NULL,
    at REAL NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    predictions INTEGER NOT NULL,
    confidence_sum REAL NOT NULL,
    outcomes INTEGER NOT NULL,
    good_outcomes INTEGER NOT NULL,
    latency BLOB NOT NULL,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;
CREATE TABLE gauges (
    series INTEGER NOT NULL,
    at REAL NOT NULL,
    drift REAL NOT NULL,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;
{COMMITS_TABLE}{WRITES_TABLE}"""
