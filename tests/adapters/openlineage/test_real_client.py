"""The real OpenLineage client emits, to a file and to a server; we read what it said from both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters._http import HttpSettings
from modeltui.adapters.openlineage import provenance as openlineage
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from tests.adapters.openlineage.marquez import running_marquez
from tests.servers.clients import OPENLINEAGE, run_python

pytestmark = [pytest.mark.servers, pytest.mark.broad, pytest.mark.timeout(900)]

EMIT = """
import sys
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated import (
    data_quality_metrics_input_dataset as quality,
    dataset_version_dataset as version,
    environment_variables_run as environment,
    execution_parameters_run as execution,
    output_statistics_output_dataset as written,
    processing_engine_run as engine,
    source_code_location_job as code,
    sql_job as sql,
    tags_run as tags,
)
from openlineage.client.uuid import generate_new_uuid

client = OpenLineageClient()
extraction, training = str(generate_new_uuid()), str(generate_new_uuid())
table = "analytics.card_transactions"
facets = {"sql": sql.SQLJobFacet(query="SELECT * FROM payments")}
out = OutputDataset("s3://lake", table, facets={"version": version.DatasetVersionDatasetFacet(datasetVersion="s-42")},
    outputFacets={"outputStatistics": written.OutputStatisticsOutputDatasetFacet(rowCount=1000)})
def emit(state, at, run, job, **more):
    event = RunEvent(eventType=state, eventTime=at, run=run, job=job, producer="https://example.com/p", **more)
    client.emit(event)
emit(RunState.COMPLETE, "2026-01-14T02:20:00Z", Run(extraction), Job("airflow", "extract", facets), outputs=[out])
job = {"sourceCodeLocation": code.SourceCodeLocationJobFacet(
    type="git", url="https://git.example.com/fraud/train.py", repoUrl="https://git.example.com/fraud",
    version="3537881f2e0a4a0c9d4f1b6a7c8d9e0f11223344", branch="main")}
run = {
    "environmentVariables": environment.EnvironmentVariablesRunFacet([
        environment.EnvironmentVariable("OMP_NUM_THREADS", "4"),
        environment.EnvironmentVariable("API_TOKEN", "s3cr3t99"),
    ]),
    "executionParameters": execution.ExecutionParametersRunFacet([execution.ExecutionParameter("lr", value="0.1")]),
    "processing_engine": engine.ProcessingEngineRunFacet(version="3.5.1", name="spark"),
    "tags": tags.TagsRunFacet([tags.TagsRunFacetFields("team", "risk")]),
}
used = InputDataset("s3://lake", table, facets={"version": version.DatasetVersionDatasetFacet(datasetVersion="s-42")},
    inputFacets={"dataQualityMetrics": quality.DataQualityMetricsInputDatasetFacet(
        rowCount=1000, columnMetrics={"amount": quality.ColumnMetrics(nullCount=0)})})
seven = version.DatasetVersionDatasetFacet(datasetVersion="7")
made = OutputDataset("mlflow", "fraud-detector", facets={"version": seven})
emit(RunState.START, "2026-01-14T03:00:00Z", Run(training, run), Job("airflow", "train", job), inputs=[used])
emit(RunState.COMPLETE, "2026-01-14T03:40:00Z", Run(training), Job("airflow", "train"), inputs=[], outputs=[made])
client.close()
print(training)
"""


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


def emitted(variables: Mapping[str, str]) -> str:
    """Let the real client emit; return the id of the training run."""
    return run_python(OPENLINEAGE, program=EMIT, variables=variables).strip().splitlines()[-1]


async def check(options: Options, base: Path, run: str, *tags: str) -> None:
    """Read version 7 and hold what is told against what was emitted."""
    around = Surroundings(SourceName(SafeText("lineage")), SystemClock(), (), _no_secret, base)
    async with openlineage.connect(options, around) as source:
        model, version = ModelName(SafeText("fraud-detector")), VersionId(SafeText("7"))
        told = await source.read_provenance(model, version, Provenance())
    assert isinstance(told.run, Known)
    assert told.run.value == run
    assert isinstance(told.code, Known)
    assert told.code.value.commit == "3537881f2e0a4a0c9d4f1b6a7c8d9e0f11223344"
    assert isinstance(told.extraction_query, Known)
    assert told.extraction_query.value == ("SELECT * FROM payments",)
    assert isinstance(told.data_snapshots, Known)
    (snapshot,) = told.data_snapshots.value
    assert (snapshot.digest, snapshot.rows) == ("s-42", 1000)
    assert isinstance(told.parameters, Known)
    assert told.parameters.value == {"lr": "0.1"}
    assert isinstance(told.environment_variables, Known)
    assert told.environment_variables.value[SafeText("OMP_NUM_THREADS")] == "4"
    assert "s3cr3t99" not in str(told)
    assert isinstance(told.tags, Known)
    assert set(tags) <= set(told.tags.value), "the client adds tags of its own to each event"


async def test_what_the_real_client_writes_to_a_file(tmp_path: Path) -> None:
    """The client's file transport appends its events: run, commit, query, data, parameters, all of it is told."""
    path = tmp_path / "events.jsonl"
    transport = {
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(path),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
    }
    run = emitted(transport)
    await check(Options(files=(str(path),)), tmp_path, run, "team", "openlineage_client_version")


async def test_what_the_real_client_sends_to_a_server(tmp_path: Path) -> None:
    """The client posts its events to a server: the same is told by asking that server."""
    with running_marquez() as marquez:
        transport = {"OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__URL": marquez.url}
        run = emitted(transport)
        await check(Options(server=HttpSettings(url=marquez.url)), tmp_path, run, "openlineage_client_version")
