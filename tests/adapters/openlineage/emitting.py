"""Events as jobs send them: an extraction, and the training that reads what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TRAINING = "3f5e83fa-3480-44ff-99c5-ff943904e5e8"
EXTRACTION = "0176a8c2-fe01-7439-87e6-56a1a1b4029f"
LAKE = "s3://lake"
TABLE = "analytics.card_transactions"
SNAPSHOT = "2026-01-14T02:00:00Z"
COMMIT = "3537881f2e0a4a0c9d4f1b6a7c8d9e0f11223344"
SQL = "SELECT *\nFROM payments.transactions\nWHERE day < DATE '2026-01-14'\n"


def facet(**fields: Any) -> dict[str, Any]:
    """Return a facet, with the two fields that every facet has."""
    return {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/s.json", **fields}


def dataset(namespace: str, name: str, version: str = "", **more: Any) -> dict[str, Any]:
    """Return a data set of an event."""
    facets = {"version": facet(datasetVersion=version)} if version else {}
    return {"namespace": namespace, "name": name, "facets": facets, **more}


def event(
    kind: str,
    at: str,
    run: str,
    job: str,
    *,
    run_facets: Mapping[str, Any] | None = None,
    job_facets: Mapping[str, Any] | None = None,
    inputs: Iterable[Any] = (),
    outputs: Iterable[Any] = (),
) -> dict[str, Any]:
    """Return one event."""
    return {
        "eventTime": at,
        "eventType": kind,
        "run": {"runId": run, "facets": dict(run_facets or {})},
        "job": {"namespace": "airflow", "name": job, "facets": dict(job_facets or {})},
        "inputs": list(inputs),
        "outputs": list(outputs),
        "producer": "https://example.com/producer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
    }


def extraction(run: str = EXTRACTION, version: str = SNAPSHOT, at: str = "2026-01-14T02", sql: str = SQL) -> list[Any]:
    """Return the events of the job that makes the snapshot."""
    written = dataset(LAKE, TABLE, version, outputFacets={"outputStatistics": facet(rowCount=4_812_345)})
    read = dataset("postgres://payments:5432", "payments.transactions")
    job = {"sql": facet(query=sql, dialect="postgresql")}
    return [
        event("START", f"{at}:00:00Z", run, "extract", job_facets=job, inputs=[read]),
        event("COMPLETE", f"{at}:20:00Z", run, "extract", outputs=[written]),
    ]


def training(
    run: str = TRAINING,
    version: str = "7",
    at: str = "2026-01-14T03",
    snapshot: str = SNAPSHOT,
    end: str = "COMPLETE",
    commit: str = COMMIT,
) -> list[Any]:
    """Return the events of the run that makes a version of fraud-detector."""
    code = facet(
        type="git",
        url="https://git.example.com/risk/fraud/blob/main/train.py",
        repoUrl="https://git.example.com/risk/fraud.git",
        version=commit,
        branch="main",
    )
    started = {
        "environmentVariables": facet(
            environmentVariables=[
                {"name": "OMP_NUM_THREADS", "value": "4"},
                {"name": "DB_PASSWORD", "value": "hunter2hunter2"},
            ]
        ),
        "executionParameters": facet(parameters=[{"key": "num_leaves", "value": "31"}, {"key": "seed", "value": 42}]),
        "parent": facet(run={"runId": "aa" * 16}, job={"namespace": "airflow", "name": "nightly"}),
    }
    read = dataset(
        LAKE,
        TABLE,
        snapshot,
        inputFacets={"dataQualityMetrics": facet(rowCount=4_812_345, columnMetrics={})},
    )
    read["facets"]["schema"] = facet(fields=[{"name": "amount", "type": "double"}, {"name": "merchant", "type": "str"}])
    owners = facet(owners=[{"name": "team:fraud", "type": "MAINTAINER"}])
    job = {"sourceCodeLocation": code, "ownership": owners}
    return [
        event("START", f"{at}:00:00Z", run, "train", run_facets=started, job_facets=job, inputs=[read]),
        event(
            end,
            f"{at}:40:00Z",
            run,
            "train",
            run_facets={"processing_engine": facet(name="Spark", version="3.5.1")},
            outputs=[dataset("mlflow", "fraud-detector", version)],
        ),
    ]


def write(path: Path, *events: Any) -> Path:
    """Append events to a file, one a line."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in events)
    return path
