"""What is told of a version besides its run: by files, tags and parameters, each of them once."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from modeltui.adapters._documents.case_tables import Cases, Columns
from modeltui.adapters.mlflow.datasets import snapshot_of
from modeltui.adapters.mlflow.file_tables import WEIGHTS, cases_in_file, named_values
from modeltui.adapters.mlflow.places import ProvenanceMap
from modeltui.adapters.mlflow.scores import segment_in
from modeltui.adapters.mlflow.wire import DatasetInput, DatasetRow, Tag
from modeltui.domain.lineage import ABSENT, Known, Unreadable
from modeltui.domain.names import UNKNOWN
from modeltui.testing.faults import Reply, SeenRequest, html_page, json_reply
from tests.adapters.mlflow.fake import API, FakeMlflow, files, listing, missing_file, not_found, recorded
from tests.adapters.mlflow.test_provenance import FILE, LISTED, LOGGED, RUN, VERSION, told, value, with_run, with_tags

RUN_FILE, RUN_LISTED = "/get-artifact", f"{API}artifacts/list"
WHERE = ProvenanceMap()


def evaluated_in(server: FakeMlflow, runs: Mapping[str, Mapping[str, str] | Reply]) -> None:
    """Answer a LoggedModel that these runs measured, the last one last, and their files; its own run has none."""
    logged = copy.deepcopy(recorded("logged_model.json"))
    logged["model"]["data"]["metrics"] = [
        {"key": "exact_match", "value": 0.5, "timestamp": 1_768_435_200_000 + count, "run_id": run_id}
        for count, run_id in enumerate(runs)
    ]
    server.answer(LOGGED, json_reply(logged))

    def listed(request: SeenRequest) -> Reply:
        found = runs.get(request.query["run_id"][0], {})
        return found if isinstance(found, Reply) else listing(*found)(request)

    def read(request: SeenRequest) -> Reply:
        found = runs.get(request.query["run_id"][0], {})
        return found if isinstance(found, Reply) else files(found, missing_file("mlflow-3.17.2"))(request)

    server.answer(RUN_LISTED, listed)
    server.answer(RUN_FILE, read)


def with_files(server: FakeMlflow, beside: dict[str, str] | None = None, of_run: dict[str, str] | None = None) -> None:
    """Answer these files beside the model, besides `MLmodel`, and in the run."""
    model = {"MLmodel": recorded("MLmodel"), "requirements.txt": recorded("requirements.txt"), **(beside or {})}
    server.answer(FILE, files(model, missing_file("mlflow-3.17.2")))
    server.answer(LISTED, listing(*model))
    server.answer(RUN_LISTED, listing(*(of_run or {})))
    server.answer(RUN_FILE, files(of_run or {}, missing_file("mlflow-3.17.2")))


# Who answers for it, and what it is


async def test_owner_of_the_version_or_of_its_model(fake: FakeMlflow) -> None:
    """The version's own owner counts; without one, the model is asked whose it is, and only then."""
    assert value((await told(fake)).owner) == "risk"
    assert len(fake.asked("registered-models/get")) == 1
    with_tags(fake, owner="fraud-squad")
    assert value((await told(fake)).owner) == "fraud-squad"
    assert len(fake.asked("registered-models/get")) == 1


@pytest.mark.parametrize(
    ("flavors", "expected"),
    [
        ("sklearn: {sklearn_version: 1.5.2}, python_function: {python_version: 3.11.7}", "sklearn"),
        ("lightgbm: {model_class: lightgbm.sklearn.LGBMClassifier}, python_function: {}", "LGBMClassifier"),
        ("python_function: {loader_module: our.model}", "python_function"),
    ],
)
async def test_architecture(fake: FakeMlflow, flavors: str, expected: str) -> None:
    """The class is told where the flavour names it, else the flavour; a tag of the team comes first."""
    with_files(fake, {"MLmodel": f"flavors: {{{flavors}}}\n"})
    assert value((await told(fake)).architecture) == expected
    with_tags(fake, architecture="convnext-s")
    assert value((await told(fake)).architecture) == "convnext-s"


async def test_signature_that_mlflow_made_up(fake: FakeMlflow) -> None:
    """A model whose code lies elsewhere has no signature of its own, only the one that MLflow writes for all."""
    logged = copy.deepcopy(recorded("logged_model.json"))
    logged["model"]["info"]["tags"] = [{"key": "mlflow.model.isExternal", "value": "true"}]
    fake.answer(LOGGED, json_reply(logged))
    assert (await told(fake)).signature is ABSENT


# Environment


async def test_conda_and_python_env_stand_in(fake: FakeMlflow) -> None:
    """Without a requirements.txt, packages are those of conda.yaml, pip's among them, and Python that of either."""
    conda = "dependencies:\n- python=3.11.4\n- numpy=1.26.4\n- pip<=23.2\n- pip:\n  - pandas==2.2.3\n"
    beside = {"MLmodel": "flavors: {sklearn: {}}\n", "conda.yaml": conda}
    fake.answer(FILE, files(beside, missing_file("mlflow-3.17.2")))
    fake.answer(LISTED, listing(*beside))
    found = await told(fake)
    assert value(found.requirements) == ("numpy==1.26.4", "pandas==2.2.3")
    assert value(found.runtime)["python"] == "3.11.4"
    python_env = "python: 3.12.1\nbuild_dependencies: [pip==24.0]\ndependencies: [-r requirements.txt]\n"
    beside = {"MLmodel": "flavors: {sklearn: {}}\n", "python_env.yaml": python_env}
    fake.answer(FILE, files(beside, missing_file("mlflow-3.17.2")))
    fake.answer(LISTED, listing(*beside))
    found = await told(fake)
    assert found.requirements is ABSENT
    assert value(found.runtime)["python"] == "3.12.1"


async def test_environment_variables_and_hardware(fake: FakeMlflow) -> None:
    """Environment variables are told by name, those that are secret masked; hardware belongs to the runtime."""
    with_tags(fake, **{"env.OMP_NUM_THREADS": "8", "env.DB_PASSWORD": "hunter2", "instance_type": "n2-standard-8"})
    found = await told(fake)
    assert value(found.environment_variables) == {"DB_PASSWORD": "•••", "OMP_NUM_THREADS": "8"}
    assert value(found.runtime)["hardware"] == "n2-standard-8"


# Files


async def test_cases_importances_query_and_card_in_files(fake: FakeMlflow) -> None:
    """Files by their usual names are found beside the model and in the run, and read only when they are there."""
    with_files(
        fake,
        {"golden_cases.json": '{"case-1": "decline", "case-2": 0.5}', "model_card.md": "# Card\n\nScores.\n"},
        {"provenance/query.sql": "SELECT 1\nFROM t\n", "feature_importances.json": '{"amount": 0.7, "age": "0.1"}'},
    )
    found = await told(fake)
    assert value(found.cases) == {"case-1": "decline", "case-2": "0.5"}
    assert value(found.importances) == {"amount": 0.7, "age": 0.1}
    assert value(found.extraction_query) == ("SELECT 1", "FROM t")
    assert value(found.model_card) == ("# Card", "", "Scores.")
    assert [request.query["path"] for request in fake.asked("/get-artifact")].count(["golden_cases.json"]) == 1


async def test_file_that_cannot_be_understood(fake: FakeMlflow) -> None:
    """A file of cases that is none costs the cases, with the reason, and nothing else."""
    with_files(fake, {"golden_cases.json": "[1, 2"})
    found = await told(fake)
    assert isinstance(found.cases, Unreadable)
    assert found.cases.reason == "golden_cases.json: it is not JSON"
    assert value(found.metrics)


async def test_store_of_the_run_out_of_reach(fake: FakeMlflow) -> None:
    """When the run's files cannot be listed nor read, what may be among them is unreadable, not absent."""
    fake.answer(RUN_LISTED, html_page(500))
    fake.answer(RUN_FILE, html_page(500))
    found = await told(fake)
    for fact in (found.cases, found.importances, found.extraction_query, found.model_card):
        assert isinstance(fact, Unreadable)


async def test_list_that_is_not_whole(fake: FakeMlflow) -> None:
    """Of a store that lists its files in pages nothing is called missing: each file is asked for."""
    page = {"files": [{"path": "a.txt"}], "next_page_token": "more"}
    with_files(fake, of_run={"golden_cases.json": '{"case-1": "decline"}'})
    fake.answer(RUN_LISTED, json_reply(page))
    assert value((await told(fake)).cases) == {"case-1": "decline"}


async def test_model_card_of_five_megabytes(fake: FakeMlflow) -> None:
    """A model card of 5 MB is read to its end, and a secret in its last line is masked."""
    lines = ["A line of a card that explains much and says little, over and over again."] * 65_000
    with_files(fake, {"model_card.md": "\n".join([*lines, "password: hunter2hunter2"])})
    card = value((await told(fake)).model_card)
    assert (len(card), card[-1]) == (65_001, "password: •••")


async def test_files_as_they_were_signed(fake: FakeMlflow) -> None:
    """A manifest of model-signing beside the model tells the digest of each file, and of all; it is not verified."""
    with_files(fake, {"model.sig": signed({"MLmodel": "aa" * 32, "model.pkl": "bb" * 32})})
    found = await told(fake)
    assert value(found.files) == {"MLmodel": "sha256:" + "aa" * 32, "model.pkl": "sha256:" + "bb" * 32}
    assert value(found.artifact).digest.startswith("model-signing:")
    assert "manifest of 2 files read, signature not verified" in value(found.attestations)[0]
    with_tags(fake, artifact_digest="sha256:cc")
    assert value((await told(fake)).artifact).digest == "sha256:cc"
    with_files(fake, {"model.sig": "{}"})
    found = await told(fake)
    for fact in (found.files, found.attestations):
        assert isinstance(fact, Unreadable)
        assert fact.reason.startswith("model.sig: it is no signature of a model")
    with_files(fake)
    assert (await told(fake)).files is ABSENT


def signed(digests: dict[str, str]) -> str:
    """The bundle that signs these files."""
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests.values())).hexdigest()
    resources = [{"name": path, "digest": digest, "algorithm": "sha256"} for path, digest in digests.items()]
    statement = {
        "predicateType": "https://model_signing/signature/v1.0",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicate": {"resources": resources},
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"dsseEnvelope": {"payload": payload, "payloadType": "application/vnd.in-toto+json"}})


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("a.json", '{"x": 1, "y": {"gain": 2, "rank": 3}}', {"x": 1, "y": 2}),
        ("a.json", '[{"id": 7, "score": 0.5}, {"score": 1}]', {"7": 0.5}),
        ("a.json", '{"columns": ["Feature", "Importance"], "data": [["x", 0.25], 5]}', {"x": 0.25}),
        ("a.csv", "name,value\nx,0.5\n,1\n", {"x": "0.5"}),
    ],
)
def test_names_and_values_in_files(path: str, content: str, expected: dict[str, Any]) -> None:
    """An object, rows, a table as MLflow logs it and CSV all say names and values."""
    assert named_values(path, content, WEIGHTS) == expected


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("a.json", '{"x": 1, "y": {"answer": "no", "input": 3}}', {"x": "1", "y": "no"}),
        ("a.json", '[{"id": 7, "output": "yes"}, {"id": 8, "output": null}]', {"7": "yes", "8": "null"}),
        ("a.json", '{"columns": ["Case", "Prediction"], "data": [["x", true], 5]}', {"x": "true"}),
        ("a.csv", "name,value\nx,0.5\ny,1\n", {"x": "0.5", "y": "1"}),
    ],
)
def test_answers_in_files(path: str, content: str, expected: dict[str, str]) -> None:
    """An object, rows, a table as MLflow logs it and CSV all say what was answered in which case."""
    assert cases_in_file(path, content, Columns()) == Cases(expected)


# What was answered in evaluations


def table(columns: list[str], *rows: list[Any]) -> str:
    """A table as `mlflow.log_table` and `mlflow.evaluate` write it."""
    return json.dumps({"columns": columns, "data": rows})


EVALUATED = ["question", "ground_truth", "outputs", "exact_match/score", "latency"]
ONE = table(EVALUATED, ["What is drift?", "a change", "a change", 1, 0.2], ["And skew?", "a lean", "a lie", 0, 0.3])


async def test_evaluation_of_its_own_run(fake: FakeMlflow) -> None:
    """The table of an evaluation in the run that trained it: each question with its answer, no scores."""
    with_files(fake, of_run={"eval_results_table.json": ONE})
    found = await told(fake)
    assert value(found.cases) == {"What is drift?": "a change", "And skew?": "a lie"}
    assert found.cases.lacks == ""  # type: ignore[union-attr]


async def test_saved_cases_are_preferred_to_evaluations(fake: FakeMlflow) -> None:
    """Where a team keeps golden cases, they are told, and no evaluation is."""
    evaluated_in(fake, {"e" * 32: {"eval_results_table.json": ONE}})
    with_files(fake, {"golden_cases.json": '{"case-1": "decline"}'}, {"eval_results_table.json": ONE})
    assert value((await told(fake)).cases) == {"case-1": "decline"}
    assert "e" * 32 not in str([request.query for request in fake.requests])


async def test_evaluations_in_runs_of_their_own(fake: FakeMlflow) -> None:
    """MLflow 3 links an evaluation to the LoggedModel: the tables of such runs are put together."""
    other = table(["question", "outputs"], ["Who pays?", "the merchant"])
    evaluated_in(fake, {"a" * 32: {"eval_results_table.json": ONE}, "b" * 32: {"eval_results_table.json": other}})
    found = value((await told(fake)).cases)
    assert found == {"What is drift?": "a change", "And skew?": "a lie", "Who pays?": "the merchant"}


async def test_evaluations_that_contradict_each_other(fake: FakeMlflow) -> None:
    """A question that two evaluations of one version answer differently has no answer, and it is said."""
    other = table(EVALUATED, ["And skew?", "a lean", "a lean", 1, 0.1])
    evaluated_in(fake, {"a" * 32: {"eval_results_table.json": ONE}, "b" * 32: {"eval_results_table.json": other}})
    found = (await told(fake)).cases
    assert value(found) == {"What is drift?": "a change"}
    expected = "eval_results_table.json: 1 case was asked more than once and answered differently"
    assert found.lacks == expected  # type: ignore[union-attr]


async def test_evaluation_that_cannot_be_read(fake: FakeMlflow) -> None:
    """An evaluation out of reach makes its cases missing, not absent; with others beside it, only some."""
    evaluated_in(fake, {"a" * 32: html_page(500)})
    assert isinstance((await told(fake)).cases, Unreadable)
    evaluated_in(fake, {"a" * 32: html_page(500), "b" * 32: {"eval_results_table.json": ONE}})
    found = (await told(fake)).cases
    assert len(value(found)) == 2
    assert "500" in found.lacks  # type: ignore[union-attr]


async def test_answers_that_are_in_traces_are_unreadable_not_absent(fake: FakeMlflow) -> None:
    """An evaluation by mlflow.genai.evaluate leaves no table: that nothing is read of it is said, and why."""
    evaluated_in(fake, {"a" * 32: {}})
    assert (await told(fake)).cases is ABSENT
    with_run(fake, tags={"mlflow.runType": "genai_evaluate"})
    found = (await told(fake)).cases
    assert isinstance(found, Unreadable)
    assert found.reason == "it was evaluated by mlflow.genai.evaluate: the answers are in traces, which are not read"
    evaluated_in(fake, {})
    assert isinstance((await told(fake)).cases, Unreadable)
    with_files(fake, of_run={"golden_cases.json": '{"case-1": "decline"}'})
    found = (await told(fake)).cases
    assert value(found) == {"case-1": "decline"}
    assert found.lacks == ""  # type: ignore[union-attr]


async def test_too_many_evaluations(fake: FakeMlflow) -> None:
    """Of many evaluations the newest are read, and the number of the others is told."""
    runs = {f"{count:032x}": {"eval_results_table.json": ONE} for count in range(9)}
    evaluated_in(fake, runs)
    found = (await told(fake)).cases
    assert len(value(found)) == 2
    assert "5 older evaluations were not read" in found.lacks  # type: ignore[union-attr]
    assert f"{0:032x}" not in str([request.query for request in fake.requests])
    assert f"{8:032x}" in str([request.query for request in fake.requests])


async def test_table_whose_columns_are_named_in_the_configuration(fake: FakeMlflow) -> None:
    """What a team calls its table and columns is configured; without that the reason names what is looked for."""
    own = table(["customer", "month", "verdict"], ["c-1", 1, "approve"], ["c-1", 2, "decline"])
    with_files(fake, of_run={"replayed.json": own})
    where = {"cases": ("run_artifact:replayed.json",)}
    found = (await told(fake, provenance=ProvenanceMap(**where))).cases
    assert isinstance(found, Unreadable)
    assert found.reason.startswith("replayed.json: none of its columns is called one of outputs, ")
    configured = ProvenanceMap(**where, answer_columns=("verdict",))
    found = (await told(fake, provenance=configured)).cases
    assert value(found) == {"customer=c-1, month=1": "approve", "customer=c-1, month=2": "decline"}
    configured = ProvenanceMap(**where, answer_columns=("verdict",), case_columns=("Month",))
    assert value((await told(fake, provenance=configured)).cases) == {"1": "approve", "2": "decline"}
    configured = ProvenanceMap(**where, answer_columns=("verdict",), case_columns=("week",))
    found = (await told(fake, provenance=configured)).cases
    assert isinstance(found, Unreadable)
    assert "no column week" in found.reason


async def test_long_questions_that_begin_alike_are_two_cases(fake: FakeMlflow) -> None:
    """A question that is too long to be shown ends with a digest of the whole: two never become one."""
    long = "Consider this contract: " + "and so on " * 400
    with_files(fake, of_run={"eval_results_table.json": table(["q", "outputs"], [f"{long}A", "1"], [f"{long}B", "2"])})
    found = value((await told(fake)).cases)
    assert sorted(found.values()) == ["1", "2"]
    assert all(len(name) <= 160 and "sha256" in name for name in found)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "5",
        "[]",
        '[{"a": 1}]',
        '{"columns": ["a"], "data": [[1]]}',
        "[" * 9_000,
        str([{"a": 1}] * 20_001).replace("'", '"'),
    ],
)
def test_files_without_names_and_values(content: str) -> None:
    """What says no names and values is refused with a reason."""
    with pytest.raises(ValueError, match=r"it |none of its columns"):
        named_values("a.json", content, WEIGHTS)


# Data


def test_all_that_is_known_of_a_data_set() -> None:
    """Tags of a data set say its whole digest, where it was taken from, and which time it covers."""
    tags = {
        "mlflow.data.context": "train",
        "digest": "sha256:" + "1d" * 32,
        "origin": "warehouse.card_transactions",
        "begins_at": "2025-07-14",
        "ends_at": "2026-01-14T00:00:00Z",
        "taken_at": "1768360200",
        "lakefs.commit": "c0ffee",
    }
    row = DatasetRow("tx", "88dd8cea", '{"uri": "s3://lake/tx"}', '{"features_shape": [120, 4]}')
    found = snapshot_of(DatasetInput(row, [Tag(key, text) for key, text in tags.items()]), WHERE)
    assert (found.digest, found.rows, found.used_for) == ("sha256:" + "1d" * 32, 120, "training")
    assert (found.origin, found.uri) == ("warehouse.card_transactions", "s3://lake/tx#lakefs.commit=c0ffee")
    assert (found.begins_at, found.ends_at, found.taken_at) == (1_752_451_200.0, 1_768_348_800.0, 1_768_360_200.0)


def test_data_set_of_a_delta_table() -> None:
    """A Delta table is its own origin, and its version the state that was read; MLflow's digest stays as it is."""
    source = {"delta_table_name": "risk.tx", "delta_table_version": 12}
    found = snapshot_of(DatasetInput(DatasetRow("tx", "88dd8cea", json.dumps(source), "{}")), WHERE)
    assert (found.origin, found.uri) == ("risk.tx", "risk.tx#delta_table_version=12")
    assert (found.digest, found.rows, found.begins_at) == ("88dd8cea", UNKNOWN, UNKNOWN)


async def test_query_in_the_source_of_a_data_set(fake: FakeMlflow) -> None:
    """Where nobody wrote the query down, the one that the data set was made by is told."""
    run = copy.deepcopy(recorded("run.json"))
    run["run"]["inputs"]["dataset_inputs"][0]["dataset"]["source"] = json.dumps({"sql": "SELECT *\nFROM tx"})
    fake.answer(RUN, json_reply(run))
    assert value((await told(fake)).extraction_query) == ("SELECT *", "FROM tx")


# Metrics of segments


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recall_segment_hk", "recall/segment=hk"),
        ("auc.segment.region.hk", "auc/region=hk"),
        ("auc/segment/region:hk", "auc/region=hk"),
        ("auc/region/hk", "auc/region=hk"),
        ("auc.slice.merchant_size.micro", "auc/merchant_size=micro"),
        ("segment.merchant_size.micro", "merchant_size=micro"),
        ("eval/auc", ""),
        ("auc_segment_", ""),
        ("region/auc", ""),
    ],
)
def test_metrics_of_segments(name: str, expected: str) -> None:
    """However a team writes it, a metric of a segment is told as metric, dimension and value; others are overall."""
    assert segment_in(name, WHERE.segment_metrics) == expected


# Copies


async def test_copy_from_another_model(fake: FakeMlflow) -> None:
    """A version that was promoted by copying it from model to model tells all that its original does, and which."""
    ten = recorded("version.json")
    copied = {**ten["model_version"], "source": "models:/staging%20fraud/4", "aliases": []}
    between = {**ten["model_version"], "name": "staging fraud", "version": "4", "source": "models:/dev.fraud/7"}
    rows = {"fraud-detector": copied, "staging fraud": between, "dev.fraud": ten["model_version"]}
    fake.answer(VERSION, lambda request: json_reply({"model_version": rows[request.query["name"][0]]}))
    found = await told(fake)
    assert value(found.parents)[:2] == ("staging fraud 4", "dev.fraud 7")
    assert value(found.artifact).uri.startswith("mlflow-artifacts:/")
    assert fake.asked(LOGGED)
    with_files(fake, {"golden_cases.json": '{"case-1": "decline"}'})
    assert value((await told(fake)).cases) == {"case-1": "decline"}


async def test_copy_of_what_is_gone(fake: FakeMlflow) -> None:
    """Of a copy whose original was deleted, what only its LoggedModel knew is unreadable, with the reason."""
    copied = {**recorded("version.json")["model_version"], "source": "models:/dev.fraud/7"}
    gone = not_found("Model Version (name=dev.fraud, version=7) not found")
    fake.answer(
        VERSION,
        lambda request: gone if request.query["name"] == ["dev.fraud"] else json_reply({"model_version": copied}),
    )
    found = await told(fake)
    assert isinstance(found.parameters, Known)
    assert found.parameters.lacks.startswith("it is a copy of dev.fraud 7: ")
    assert value(found.requirements)


async def test_copies_that_go_round(fake: FakeMlflow) -> None:
    """A version that says to be a copy of itself is not followed for ever."""
    copied = {**recorded("version.json")["model_version"], "source": "models:/fraud-detector/10"}
    fake.answer(VERSION, json_reply({"model_version": copied}))
    assert isinstance((await told(fake)).parameters, Known)
    assert len(fake.asked("model-versions/get")) <= 6


async def test_run_and_logged_model_disagree(fake: FakeMlflow) -> None:
    """A parameter that the LoggedModel has otherwise than the run is told twice, each with its origin."""
    logged = copy.deepcopy(recorded("logged_model.json"))
    logged["model"]["data"]["params"] = [{"key": "max_depth", "value": "4"}]
    fake.answer(LOGGED, json_reply(logged))
    parameters = value((await told(fake)).parameters)
    assert (parameters["max_depth"], parameters["max_depth [logged model]"]) == ("8", "4")


async def test_difference_at_the_end_of_what_is_cut(fake: FakeMlflow) -> None:
    """Long values that differ behind what is shown of them differ in what is told of them, too."""
    ends = []
    for end in "ab":
        with_run(fake, params={"layers": "9," * 4_000 + end, "n" * 240 + end: "1"})
        parameters = value((await told(fake)).parameters)
        ends.append((parameters["layers"], max(parameters)))
    assert ends[0][0] != ends[1][0]
    assert ends[0][1] != ends[1][1]


# LLM systems and agents


async def test_one_prompt_of_many(fake: FakeMlflow) -> None:
    """A linked prompt that cannot be read costs no other; that one is missing is said."""
    links = [{"name": name, "version": "1"} for name in ("hello", "gone")]
    with_run(fake, tags={"mlflow.linkedPrompts": json.dumps(links)})
    ten = recorded("version.json")
    text = {"key": "mlflow.prompt.text", "value": "Answer kindly."}
    hello = json_reply({"model_version": {"name": "hello", "version": "1", "tags": [text]}})
    answers = {"hello": hello, "gone": not_found(), "fraud-detector": json_reply(ten)}
    fake.answer(VERSION, lambda request: answers[request.query["name"][0]])
    prompts = (await told(fake)).prompts
    assert value(prompts) == {"hello": "Answer kindly."}
    assert isinstance(prompts, Known)
    assert "prompt gone version 1" in prompts.lacks


async def test_prompts_in_tags(fake: FakeMlflow) -> None:
    """Prompts that were never registered, but written into tags or parameters, are told by their text."""
    with_tags(fake, **{"prompt.system": "Answer.\nBe brief.", "system_prompt": "Help."})
    assert value((await told(fake)).prompts) == {"system": "Answer.␊Be brief.", "system_prompt": "Help."}


async def test_temperature_alone_is_a_parameter(fake: FakeMlflow) -> None:
    """A temperature or an embedding is a parameter, until something says that this is an LLM system."""
    with_run(fake, params={"temperature": "0.2", "embedding_dim": "64"})
    found = await told(fake)
    assert found.llm_system is ABSENT
    assert value(found.parameters)["temperature"] == "0.2"
    with_run(fake, params={"temperature": "0.2", "base_model": "acme/large-2"})
    found = await told(fake)
    assert value(found.llm_system) == {"base_model": "acme/large-2", "temperature": "0.2"}
    assert "temperature" not in value(found.parameters)


async def test_agents(fake: FakeMlflow) -> None:
    """An agent's state is told by name, and what it has done apart from it, one by one."""
    with_tags(fake, **{"agent.snapshot": "snap-1", "agent.tools.refund": "1.4.0", "agent.effects": '["R-1", "R-2"]'})
    found = await told(fake)
    assert value(found.agent) == {"snapshot": "snap-1", "tools.refund": "1.4.0"}
    assert value(found.external_effects) == ("R-1", "R-2")
    with_tags(fake, external_effects="refund R-1\nrefund R-2\n")
    assert value((await told(fake)).external_effects) == ("refund R-1", "refund R-2")


# Each thing once


async def test_each_thing_is_told_once(fake: FakeMlflow) -> None:
    """A tag or parameter with a meaning of its own is not listed a second time among tags or parameters."""
    with_tags(fake, decision_threshold="0.8", owner="risk", note="mind the gap", approved_by="m.chan", ticket="R-1")
    with_run(fake, params={"feature_pipeline": "f 3", "max_depth": "8", "decision_threshold": "0.5"}, tags={})
    found = await told(fake)
    assert value(found.serving_config) == {"decision_threshold": "0.8"}
    assert value(found.tags) == {"note": "mind the gap", "ticket": "R-1"}
    parameters = value(found.parameters)
    assert "feature_pipeline" not in parameters
    # It says something else than the tag: not told, so not taken.
    assert (parameters["max_depth"], parameters["decision_threshold"]) == ("8", "0.5")


async def test_parts_of_what_cannot_be_read(fake: FakeMlflow) -> None:
    """With the run out of reach, what the LoggedModel has of parameters and metrics is told as a part of them."""
    fake.answer(RUN, Reply(b"Permission denied", 403, "text/html"))
    with_tags(fake, decision_threshold="0.8")
    found = await told(fake)
    for fact in (found.parameters, found.metrics, found.serving_config, found.runtime):
        assert isinstance(fact, Known)
        assert "Permission denied" in fact.lacks
    assert isinstance(found.extraction_query, Unreadable)
    fake.answer(RUN, not_found())
    metrics = (await told(fake)).metrics
    assert isinstance(metrics, Known)
    assert "deleted for good" in metrics.lacks
