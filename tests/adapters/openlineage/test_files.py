"""Lineage events in files: which run made a version, what it says of it, and files as they really are."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.openlineage import provenance as openlineage
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.lineage import ABSENT, CodeRevision, Contradicted, DataSnapshot, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.provenance import ProvenanceSource
from modeltui.testing import provenance_contract
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.openlineage import emitting
from tests.adapters.openlineage.emitting import COMMIT, EXTRACTION, TRAINING, event, extraction, facet, training, write

FRAUD = ModelName(SafeText("fraud-detector"))
SEVEN = VersionId(SafeText("7"))
LINEAGE = SourceName(SafeText("lineage"))
NOTHING = Provenance()

Open = Callable[..., AbstractAsyncContextManager[ProvenanceSource]]


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


@pytest.fixture
def lineage(tmp_path: Path) -> Open:
    """Opens the source as the program does, over `*.jsonl` in the test's folder."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[ProvenanceSource]:
        around = Surroundings(LINEAGE, SystemClock(), (), _no_secret, tmp_path)
        async with openlineage.connect(Options(**{"files": ("*.jsonl",), **options}), around) as source:
            yield source

    return opened


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file with the extraction and the training of version 7."""
    return write(tmp_path / "events.jsonl", *extraction(), *training())


def registered_by(run: str) -> Provenance:
    return Provenance(run=Known(safe_text(run), SourceName(SafeText("registry")), Instant(1.0)))


def known(fact: object) -> Any:
    assert isinstance(fact, Known), fact
    assert fact.source == LINEAGE
    return fact.value


@pytest.mark.parametrize("check", provenance_contract.CHECKS, ids=provenance_contract.name_of)
async def test_contract(check: provenance_contract.Check, lineage: Open, events: Path) -> None:
    """Files of events keep the promises that every source of provenance gives."""
    async with lineage() as source:
        await check(provenance_contract.Subject(source, FRAUD, SEVEN))


async def test_a_run_tells_where_its_version_comes_from(lineage: Open, events: Path) -> None:
    """Data with rows and schema, the query of the job before, commit, parameters, environment, owner: all of it."""
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert known(told.run) == TRAINING
    assert known(told.owner) == "team:fraud"
    assert known(told.code) == CodeRevision(
        safe_text(COMMIT), safe_text("https://git.example.com/risk/fraud.git"), safe_text("main")
    )
    assert known(told.data_snapshots) == (
        DataSnapshot(
            safe_text("analytics.card_transactions"),
            digest=safe_text("2026-01-14T02:00:00Z"),
            uri=safe_text("s3://lake/analytics.card_transactions"),
            rows=4_812_345,
            origin=safe_text("postgres://payments:5432/payments.transactions"),
            taken_at=Instant(1_768_357_200.0),
        ),
    )
    assert known(told.extraction_query) == (
        "SELECT *",
        "FROM payments.transactions",
        "WHERE day < DATE '2026-01-14'",
    )
    assert known(told.parameters) == {"num_leaves": "31", "seed": "42"}
    assert known(told.runtime) == {"spark": "3.5.1"}
    assert known(told.parents) == (f"run {'aa' * 16}",)
    tags = known(told.tags)
    assert tags["lineage job"] == "airflow/train"
    assert tags["lineage state"] == "COMPLETE"
    assert tags["lineage parent job"] == "airflow/nightly"
    assert tags["lineage schema of analytics.card_transactions"] == "amount double, merchant str"


async def test_a_password_in_the_environment_is_masked(lineage: Open, events: Path) -> None:
    """T40: variables are told, secrets among them are not."""
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    variables = known(told.environment_variables)
    assert variables["OMP_NUM_THREADS"] == "4"
    assert "hunter2" not in str(variables)
    assert set(variables) == {"OMP_NUM_THREADS", "DB_PASSWORD"}


async def test_the_run_that_a_registry_names_is_found_however_it_is_spelled(lineage: Open, events: Path) -> None:
    """MLflow writes a run without dashes and in lower case; it is the same run, and told as the registry spells it."""
    spelled = TRAINING.replace("-", "").upper()
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, VersionId(SafeText("12")), registered_by(spelled))
    assert isinstance(told.run, Contradicted) is False
    assert known(told.run) == spelled
    assert known(told.code).commit == COMMIT


async def test_a_run_of_its_own_naming_does_not_contradict_the_registry(lineage: Open, events: Path) -> None:
    """The registry's run is no lineage run: what wrote the version is told as a tag, and nothing is contradicted."""
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, registered_by("run-42"))
    assert told.run is ABSENT
    assert known(told.tags)["lineage run"] == TRAINING


async def test_the_owner_of_the_job_does_not_contradict_the_registry(lineage: Open, events: Path) -> None:
    """The registry says whose the model is: the owner of the job that trained it is told as a tag."""
    registry = SourceName(SafeText("registry"))
    says = Provenance(owner=Known(safe_text("risk"), registry, Instant(1.0)))
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, says)
    assert told.owner is ABSENT
    assert known(told.tags)["lineage owner"] == "team:fraud"


async def test_two_runs_that_claim_one_version_contradict_each_other(
    lineage: Open, events: Path, tmp_path: Path
) -> None:
    """Two runs ended well and both wrote version 7: both are shown, the later one is told, none is silently chosen."""
    second = "5b3e83fa-3480-44ff-99c5-ff943904e5e9"
    write(tmp_path / "more.jsonl", *training(run=second, at="2026-01-15T03", commit="f" * 40))
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert isinstance(told.run, Contradicted)
    assert {claim.value for claim in told.run.claims} == {TRAINING, second}
    assert known(told.code).commit == "f" * 40


async def test_a_failed_try_before_a_good_one_is_no_rival(lineage: Open, tmp_path: Path) -> None:
    """The first try failed, the second made the version: the second counts, though the first speaks of it too."""
    failed = "11111111-3480-44ff-99c5-ff943904e5e8"
    write(tmp_path / "e.jsonl", *training(), *training(run=failed, at="2026-01-16T03", end="FAIL"))
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING


async def test_only_failed_runs_are_told_as_failed(lineage: Open, tmp_path: Path) -> None:
    """A version whose run failed all the same: told, with the state and the reason."""
    write(tmp_path / "e.jsonl", *training(end="FAIL"))
    write(
        tmp_path / "e.jsonl",
        event("FAIL", "2026-01-14T03:41:00Z", TRAINING, "train", run_facets={"errorMessage": facet(message="OOM")}),
    )
    async with lineage() as source:
        tags = known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).tags)
    assert (tags["lineage state"], tags["lineage error"]) == ("FAIL", "OOM")


async def test_a_tag_may_say_which_version_a_run_made(lineage: Open, tmp_path: Path) -> None:
    """A run without a version facet says it by a tag or a facet of the team's own: `fraud-detector:7`."""
    tagged = {"tags": facet(tags=[{"key": "model_version", "value": "fraud-detector:7"}])}
    write(tmp_path / "a.jsonl", event("COMPLETE", "2026-01-14T03:00:00Z", TRAINING, "train", run_facets=tagged))
    own = {"acme_model": {"name": "fraud-detector", "release": "8"}}
    write(tmp_path / "a.jsonl", event("COMPLETE", "2026-01-14T03:00:00Z", EXTRACTION, "train", run_facets=own))
    places = {"version_places": ("tag:model_version", "facet:acme_model.release")}
    async with lineage(**places, model_places=("facet:acme_model.name",)) as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        eight = await source.read_provenance(FRAUD, VersionId(SafeText("8")), NOTHING)
        assert known(eight.run) == EXTRACTION
        other = await source.read_provenance(ModelName(SafeText("credit")), VersionId(SafeText("8")), NOTHING)
        assert other.run is ABSENT


async def test_tags_of_several_events_are_all_told(lineage: Open, tmp_path: Path) -> None:
    """Each event of a run bears other tags: all of them count, of two of one key the later."""
    for number, tags in enumerate(({"team": "risk", "stage": "one"}, {"stage": "two"}, {})):
        rows = {"tags": facet(tags=[{"key": key, "value": value} for key, value in tags.items()])}
        kind = ("START", "RUNNING", "COMPLETE")[number]
        made = [emitting.dataset("mlflow", "fraud-detector", "7")] if kind == "COMPLETE" else []
        at = f"2026-01-14T03:0{number}:00Z"
        write(tmp_path / "e.jsonl", event(kind, at, TRAINING, "train", run_facets=rows, outputs=made))
    async with lineage() as source:
        told = known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).tags)
    assert (told["team"], told["stage"]) == ("risk", "two")


@pytest.mark.parametrize("count", [4, 60])
async def test_every_table_that_a_snapshot_was_made_of_counts(lineage: Open, tmp_path: Path, count: int) -> None:
    """A snapshot is joined from many tables, and the last is another one than before: it comes from somewhere else."""
    told = []
    for number, last in ((1, "clients"), (2, "customers")):
        snapshot = f"2026-01-1{number}T02:00:00Z"
        events = emitting.extraction(run=f"extract-{number}", version=snapshot)
        tables = [*(f"payments.a_rather_long_name_of_table_{table}" for table in range(count - 1)), last]
        events[0]["inputs"] = [emitting.dataset("postgres://payments:5432", table) for table in tables]
        write(tmp_path / "e.jsonl", *events, *training(run=f"run-{number}", version=str(number), snapshot=snapshot))
    async with lineage() as source:
        for version in ("1", "2"):
            (made,) = known((await source.read_provenance(FRAUD, VersionId(SafeText(version)), NOTHING)).data_snapshots)
            told.append(made.origin)
    assert told[0] != told[1]
    assert all(len(one) <= 1_000 and "name_of_table_2" in one for one in told)


async def test_the_same_tables_in_another_order_are_the_same_origin(lineage: Open, tmp_path: Path) -> None:
    """A run lists its inputs as they come: the tables that a snapshot was made of are told in one order."""
    told = []
    for number, tables in ((1, ("shops", "cards")), (2, ("cards", "shops"))):
        snapshot = f"2026-01-1{number}T02:00:00Z"
        events = emitting.extraction(run=f"extract-{number}", version=snapshot)
        events[0]["inputs"] = [emitting.dataset("postgres://payments:5432", table) for table in tables]
        write(tmp_path / "e.jsonl", *events, *training(run=f"run-{number}", version=str(number), snapshot=snapshot))
    async with lineage() as source:
        for version in ("1", "2"):
            (made,) = known((await source.read_provenance(FRAUD, VersionId(SafeText(version)), NOTHING)).data_snapshots)
            told.append(made.origin)
    assert told[0] == told[1]


async def test_a_change_at_the_end_of_a_long_schema_is_seen(lineage: Open, tmp_path: Path) -> None:
    """Two versions of a table with two thousand columns differ in the last one: what is told of them differs."""
    told = []
    for number, kind in ((1, "double"), (2, "string")):
        events = training(run=f"run-{number}", version=str(number))
        columns = [{"name": f"a_rather_long_name_of_column_{column}", "type": "double"} for column in range(1_999)]
        events[0]["inputs"][0]["facets"]["schema"] = facet(fields=[*columns, {"name": "last", "type": kind}])
        write(tmp_path / "e.jsonl", *events)
        async with lineage() as source:
            tags = known((await source.read_provenance(FRAUD, VersionId(safe_text(str(number))), NOTHING)).tags)
            told.append(tags["lineage schema of analytics.card_transactions"])
    assert told[0] != told[1]


async def test_the_query_is_that_of_the_snapshot_that_was_read(lineage: Open, tmp_path: Path) -> None:
    """The extraction ran again with another query: a version keeps the query of the snapshot that it read."""
    later = extraction("22222222-fe01-7439-87e6-56a1a1b4029f", "2026-01-15", "2026-01-14T02", "SELECT 2")
    write(tmp_path / "e.jsonl", *extraction(), *later, *training())
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert known(told.extraction_query)[0] == "SELECT *"


async def test_several_queries_say_whose_they_are(lineage: Open, tmp_path: Path) -> None:
    """Two jobs before, and a query of the training itself: each under the name of its job, in the order of the work."""
    staged = emitting.dataset("postgres://payments:5432", "payments.transactions")
    load = event(
        "COMPLETE",
        "2026-01-13T23:00:00Z",
        "33333333-fe01-7439-87e6-56a1a1b4029f",
        "load",
        job_facets={"sql": facet(query="COPY transactions FROM STDIN")},
        outputs=[staged],
    )
    write(tmp_path / "e.jsonl", load, *extraction(sql="SELECT 1"), *training())
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
        assert known(told.extraction_query) == (
            "-- airflow/load",
            "COPY transactions FROM STDIN",
            "-- airflow/extract",
            "SELECT 1",
        )
    async with lineage(hops=1) as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
        assert known(told.extraction_query) == ("SELECT 1",)


async def test_a_growing_file_is_read_on_from_where_it_ended(lineage: Open, tmp_path: Path) -> None:
    """New lines count at the next question, half a line waits for its other half, nothing is read twice."""
    path = write(tmp_path / "e.jsonl", *extraction())
    async with lineage() as source:
        assert (await source.read_provenance(FRAUD, SEVEN, NOTHING)).run is ABSENT
        lines = [json.dumps(one) + "\n" for one in training()]
        with path.open("a") as file:
            file.write(lines[0] + lines[1][:100])
        assert (await source.read_provenance(FRAUD, SEVEN, NOTHING)).run is ABSENT
        with path.open("a") as file:
            file.write(lines[1][100:])
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        probe = await source.probe()
    assert "4 events of 2 runs in 1 files" in probe.findings[0].says


async def test_the_last_line_counts_without_its_end(lineage: Open, tmp_path: Path) -> None:
    """A file that somebody wrote by hand has no line end at its end: its last event counts, once."""
    path = tmp_path / "e.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in training()))
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        with path.open("a") as file:
            file.write("\n")
        assert "2 events" in (await source.probe()).findings[0].says


async def test_a_rotated_file_is_read_from_its_beginning(lineage: Open, tmp_path: Path) -> None:
    """The log was rotated: the new file counts whole, and what the old one said stays known."""
    path = write(tmp_path / "e.jsonl", *training())
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        path.replace(tmp_path / "e.jsonl.1")
        write(path, *training(run=EXTRACTION, version="8", at="2026-01-15T03"))
        assert known((await source.read_provenance(FRAUD, VersionId(SafeText("8")), NOTHING)).run) == EXTRACTION
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING


async def test_a_file_that_was_emptied_is_read_from_its_beginning(lineage: Open, tmp_path: Path) -> None:
    """The log was copied away and emptied, and has grown larger than before: nothing in it is passed over."""
    path = write(tmp_path / "e.jsonl", *training())
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        path.write_text("")
        write(path, *training(run=EXTRACTION, version="8", at="2026-01-15T03"), *extraction())
        assert known((await source.read_provenance(FRAUD, VersionId(SafeText("8")), NOTHING)).run) == EXTRACTION


async def test_a_pipe_in_place_of_a_file_holds_nobody_up(lineage: Open, events: Path, tmp_path: Path) -> None:
    """A named pipe matches the pattern: it is not read, and nobody waits for somebody to write into it."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).code).commit == COMMIT
        assert any("not a regular file" in finding.says for finding in (await source.probe()).findings)


async def test_what_is_no_event_is_counted_and_told(lineage: Open, tmp_path: Path) -> None:
    """Half lines, HTML, other JSON, deep nesting and NaN in a facet: the good events count, the others are counted."""
    path = write(tmp_path / "e.jsonl", *extraction())
    with path.open("ab") as file:
        file.write(b'<html>oops</html>\n{"eventTime": 1}\n[1,2]\n\xff\xfe\x00\n' + b"[" * 100_000 + b"\n\n")
        file.write(b'{"eventTime":"2026-01-14T02:00:00Z","job":{"namespace":"a","name":"job event"}}\n')
    nan = training()
    nan[0]["inputs"][0]["inputFacets"]["dataQualityMetrics"]["columnMetrics"] = {"amount": {"sum": float("nan")}}
    write(path, *nan)
    async with lineage() as source:
        assert known((await source.read_provenance(FRAUD, SEVEN, NOTHING)).run) == TRAINING
        findings = (await source.probe()).findings
    assert any(finding.ok is False and "5 lines are no event" in finding.says for finding in findings)


async def test_odd_facets_cost_nothing_but_themselves(lineage: Open, tmp_path: Path) -> None:
    """Facets that are text, numbers, lists or null are told as absent; the rest of the run is told."""
    odd = training()
    for number, name in enumerate(("environmentVariables", "executionParameters", "parent", "processing_engine")):
        odd[0]["run"]["facets"][name] = ("text", 3, [1, {"key": 2}], None)[number]
        odd[1]["run"]["facets"].pop(name, None)
    odd[0]["job"]["facets"]["sourceCodeLocation"] = {"version": {"sha": "x"}}
    write(tmp_path / "e.jsonl", *odd)
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    provenance_contract.check_provenance("odd", told)
    assert (told.parameters, told.environment_variables, told.parents, told.code) == (ABSENT,) * 4
    assert known(told.owner) == "team:fraud"


async def test_hostile_texts_are_harmless(lineage: Open, tmp_path: Path) -> None:
    """Whatever an event says in whatever place: nothing of it can move the cursor or hide."""
    for number, text in enumerate(HOSTILE_TEXTS):
        made = training(run=f"run {number}", version=str(100 + number), commit=text, snapshot=text)
        made[0]["job"]["facets"]["sql"] = facet(query=f"SELECT 1 -- {text}")
        made[0]["run"]["facets"]["executionParameters"] = facet(parameters=[{"key": text or "k", "value": text}])
        write(tmp_path / "e.jsonl", *made)
    async with lineage() as source:
        for number in range(len(HOSTILE_TEXTS)):
            told = await source.read_provenance(FRAUD, VersionId(safe_text(str(100 + number))), NOTHING)
            provenance_contract.check_provenance(f"text {number}", told)
            assert known(told.run) == f"run {number}"


async def test_files_that_are_not_there_are_a_failure_and_not_an_empty_answer(lineage: Open) -> None:
    """No file matches: nothing is claimed about any version, and the way out is named."""
    async with lineage() as source:
        with pytest.raises(BackendUnavailable, match="no file matches") as caught:
            await source.read_provenance(FRAUD, SEVEN, NOTHING)
        assert caught.value.remedy
        assert (await source.probe()).findings[0].ok is False


async def test_a_file_that_cannot_be_read_leaves_its_gaps_open(lineage: Open, events: Path, tmp_path: Path) -> None:
    """One of two files is no file: what the other says is told; what it lacks may be there: not absent."""
    (tmp_path / "b.jsonl").mkdir()
    async with lineage() as source:
        told = await source.read_provenance(FRAUD, SEVEN, registered_by("run-42"))
        assert known(told.code).commit == COMMIT
        assert isinstance(told.run, Unreadable)
        with pytest.raises(BackendUnavailable, match=r"b\.jsonl cannot be read"):
            await source.read_provenance(FRAUD, VersionId(SafeText("8")), NOTHING)


async def test_a_huge_file_is_read_in_instalments(lineage: Open, tmp_path: Path) -> None:
    """While there is more to read than the time suffices for, nothing is claimed; in the end all is known."""
    path = tmp_path / "e.jsonl"
    line = json.dumps(extraction()[1]) + "\n"
    path.write_text(line * 3_000)
    write(path, *training())
    refused = 0
    async with lineage(read_seconds=0.001) as source:
        for _ in range(2_000):
            try:
                told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
            except BackendUnavailable as error:
                refused += "read so far" in error.title
            else:
                break
    assert known(told.run) == TRAINING
    assert refused > 1


async def test_old_runs_make_room_for_new_ones(lineage: Open, tmp_path: Path) -> None:
    """However many runs a file has, memory holds the newest of them, and the probe says how many are forgotten."""
    runs = [training(run=f"run-{number}", version=str(number))[1] for number in range(150)]
    write(tmp_path / "e.jsonl", *runs)
    async with lineage(most_runs=100) as source:
        told = await source.read_provenance(FRAUD, VersionId(SafeText("149")), NOTHING)
        assert known(told.run) == "run-149"
        assert (await source.read_provenance(FRAUD, VersionId(SafeText("3")), NOTHING)).run is ABSENT
        assert "50 older runs forgotten" in (await source.probe()).findings[0].says


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "either files or server"),
        ({"files": ("a",), "server": None, "version_places": ("model_version",)}, "neither tag:KEY"),
        ({"files": ("a",), "model_datasets": ("models",)}, "no {model} in it"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], says: str) -> None:
    """A mistake in the configuration is named before anything is read."""
    with pytest.raises(ValueError, match=says):
        Options(**options)
