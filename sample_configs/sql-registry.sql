-- A registry of your own in SQL, for PostgreSQL and for SQLite (`kind: sql`). Every table may be missing, and every
-- column but those that say NOT NULL; tables and columns may have other names: see sql-registry.yaml.
-- Begin with active_models, which your services read to know what to load; add the others for what you want to compare.
--
-- One INSERT for each fact, as a training script has it:
--
--   INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'parameters', 'num_leaves', '63');
--   INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'metrics', 'auc', '0.9412');
--   INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'segment_metrics', 'merchant_size=micro', '0.917');
--   INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'requirements', '1', 'lightgbm==4.5.0');
--   INSERT INTO facts VALUES ('fraud-detector', '4.2.1', 'serving_config', 'decision_threshold', '0.8');
--
-- Fields of `facts`, with what stands in `name`:
--
--   one value, name empty      run, registered, owner, architecture, signature, feature_pipeline, base_image
--   lines, name a number       extraction_query, model_card (or the whole text in one row)
--   a list, name a number      requirements, parents, external_effects, attestations
--   a table, name the key      parameters, runtime, environment_variables, prompts, llm_system, agent, cases,
--                              serving_config, tags, files (path and digest), components (model and version)
--   numbers, name the key      metrics, segment_metrics (region=hk, or auc/region=hk), importances
--   code                       name is commit, repository, branch or dirty
--   artifact                   name is uri, digest or size_bytes

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
