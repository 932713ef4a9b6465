"""Registries in SQL as a test needs them: in a file, or in a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NoReturn

from modeltui.adapters.sql_registry import registry as sql_registry
from modeltui.adapters.sql_registry.options import Options
from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.registry import Registry
from tests.servers.postgresql import PostgresServer

FRAUD = ModelName(SafeText("fraud-detector"))
ROWS = """
INSERT INTO models VALUES ('fraud-detector', 'risk', 'tabular', '{"tier": "1"}'), ('empty', NULL, NULL, NULL);
INSERT INTO versions (model, version, created_at, created_by, state, description, tags, artifact_uri, artifact_digest,
    artifact_size_bytes, run, code_commit, code_repository, code_branch, provenance) VALUES
    ('fraud-detector', '1.9', '2026-01-15T08:00:00Z', 'pipeline', 'approved', 'the old one', '["gold"]',
     's3://models/1.9', 'sha256:aa', 4096, 'run-9', '3537881', 'git@git.example:risk/fraud.git', 'main',
     '{"requirements": ["pandas==2.2.3"], "parameters": {"seed": 7}}'),
    ('fraud-detector', '1.10', '2026-02-15T08:00:00+01:00', 'pipeline', 'approved', NULL, NULL,
     's3://models/1.10', 'sha256:bb', 4097, 'run-10', '99aa', NULL, NULL, NULL);
INSERT INTO facts VALUES
    ('fraud-detector', '1.9', 'parameters', 'num_leaves', '63'),
    ('fraud-detector', '1.9', 'metrics', 'auc', '0.94'),
    ('fraud-detector', '1.9', 'segment_metrics', 'auc/region=hk', '0.91'),
    ('fraud-detector', '1.9', 'extraction_query', '2', 'FROM t'),
    ('fraud-detector', '1.9', 'extraction_query', '10', 'WHERE x'),
    ('fraud-detector', '1.9', 'extraction_query', '1', 'SELECT a'),
    ('fraud-detector', '1.9', 'architecture', '', 'LGBMClassifier');
INSERT INTO data_snapshots VALUES ('fraud-detector', '1.9', 'transactions', 'training', 'sha256:36', 's3://lake/tx', 10,
    'warehouse.tx', '2025-07-14T00:00:00Z', '2026-01-14T00:00:00Z', '2026-01-14T03:10:00Z');
INSERT INTO approvals VALUES ('fraud-detector', '1.9', 'm.chan', 'approved', '2026-01-15T09:30:00Z', 'RISK-812');
INSERT INTO pointers VALUES ('fraud-detector', 'shadow', '1.10');
INSERT INTO active_models VALUES ('fraud-detector', '1.9', '1.10', '2026-01-16T00:00:00Z');
"""
ACTIVE_ONLY = """
CREATE TABLE active_models (model_name TEXT PRIMARY KEY, active_version TEXT, fallback_version TEXT);
INSERT INTO active_models VALUES ('fraud-detector', '1.9', '1.10'), ('credit', '3', NULL);
"""


def make_sqlite(path: Path, script: str = SCHEMA + ROWS) -> Path:
    """Make a SQLite registry."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.commit()
    return path


def make_postgresql(postgres: PostgresServer, script: str = SCHEMA + ROWS) -> dict[str, Any]:
    """Make a registry in a schema of its own; return the options to read it."""
    url = postgres.new_schema()
    postgres.run(script, url)
    return {"url": "env:REGISTRY_URL", "secret": url}


class _Plain:
    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value


@asynccontextmanager
async def opened(base: Path = Path("/"), secret: str = "", **options: Any) -> AsyncIterator[Registry]:
    """Open a registry as the program does."""

    def secret_of(reference: str) -> _Plain:
        return _Plain(secret) if secret else _no_secret(reference)

    around = Surroundings(SourceName(SafeText("registry")), SystemClock(), (), secret_of, base)
    async with sql_registry.connect(Options(**options), around) as registry:
        yield registry


def _no_secret(reference: str) -> NoReturn:
    raise AssertionError(f"asked for {reference}")


async def told(registry: Registry, version: str = "1.9", model: str = FRAUD) -> Provenance:
    """What it says of a version."""
    return await registry.read_provenance(ModelName(safe_text(model)), VersionId(safe_text(version)))


def statements(path: Path, *texts: str, given: Sequence[Sequence[Any]] = ()) -> None:
    """Change a SQLite registry; with parameters, the one statement for each of them."""
    with closing(sqlite3.connect(path)) as connection:
        for text in texts:
            if given:
                connection.executemany(text, given)
            else:
                connection.execute(text)
        connection.commit()
