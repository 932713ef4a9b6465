"""Where a version comes from: four kinds of answers for every field, whatever part of the server fails."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from modeltui.adapters._documents.values import moment
from modeltui.adapters.mlflow.places import ProvenanceMap
from modeltui.adapters.mlflow.provenance import also_registered
from modeltui.adapters.mlflow.registry import MlflowRegistry
from modeltui.adapters.mlflow.version_files import logged_model_id, path_in_run
from modeltui.adapters.mlflow.wire import VersionRow
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN
from modeltui.testing.faults import Reply, html_page, json_reply, reset
from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.registry_contract import every_text_is_safe
from tests.adapters.mlflow.fake import (
    API,
    FRAUD,
    MLFLOW_2,
    TEN,
    FakeMlflow,
    files,
    listing,
    missing_file,
    not_found,
    opened,
    recorded,
)

# Real sockets, every answer that was recorded.
pytestmark = pytest.mark.broad

VERSION, RUN = f"{API}model-versions/get", f"{API}runs/get"
FILE = "/model-versions/get-artifact"
MODEL_ID = recorded("logged_model.json")["model"]["info"]["model_id"]
LOGGED = f"{API}logged-models/{MODEL_ID}"
LISTED = f"{LOGGED}/artifacts/directories"


def value(fact: Any) -> Any:
    assert isinstance(fact, Known), fact
    assert fact.source == "mlflow"
    return fact.value


async def told(server: FakeMlflow, **options: Any) -> Provenance:
    async with opened(server.url, **options) as registry:
        return await registry.read_provenance(FRAUD, TEN)


def with_run(server: FakeMlflow, **parts: Any) -> None:
    """Answer the recorded run with tags, params or metrics replaced, from a name: value table."""
    run = copy.deepcopy(recorded("run.json"))
    for part, table in parts.items():
        rows = [{"key": key, "value": entry} for key, entry in table.items()] if isinstance(table, dict) else table
        run["run"]["data"][part] = rows
    server.answer(RUN, json_reply(run))


def with_tags(server: FakeMlflow, **tags: str) -> None:
    version = copy.deepcopy(recorded("version.json"))
    version["model_version"]["tags"] = [{"key": key, "value": entry} for key, entry in tags.items()]
    server.answer(VERSION, json_reply(version))


async def test_whole_story(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """Eight requests tell run, data with digest, commit, parameters, metrics, libraries, signature and approval."""
    found = await registry.read_provenance(FRAUD, TEN)
    assert len(fake.requests) == 8
    run = recorded("run.json")["run"]
    assert value(found.run) == run["info"]["run_id"]
    transactions, merchants, *_ = value(found.data_snapshots)
    assert (transactions.name, transactions.rows, transactions.used_for) == ("transactions", 2_000_010, "training")
    assert transactions.digest == run["inputs"]["dataset_inputs"][0]["dataset"]["digest"]
    assert transactions.uri.startswith("s3://lake.example/transactions/2026-01-24/#lakefs.commit=")
    assert merchants.used_for == "evaluation"
    assert value(found.data_snapshots)[2].digest == "2026-01-25"
    code = value(found.code)
    assert (len(code.commit), code.branch) == (40, "main")
    assert value(found.parameters) == {"learning_rate": "0.1", "max_depth": "8", "n_estimators": "400"}
    assert value(found.metrics) == {"auc": 0.95, "loss": 0.33}
    assert value(found.segment_metrics) == {"recall/segment=hk": 0.8}
    assert value(found.requirements) == ("scikit-learn==1.5.2", "pandas==2.2.3", "numpy==1.26.4")
    assert value(found.runtime)["python"] == "3.11.7"
    assert value(found.runtime)["scikit-learn"] == "1.5.2"
    assert value(found.signature) == "amount: double -> long"
    assert value(found.base_image) == "registry.example.com/risk/train:2026.01"
    approval = value(found.approvals)[0]
    assert (approval.by, approval.decision, approval.comment) == ("m.chan", "approved", "RISK-1210")
    artifact = value(found.artifact)
    assert (artifact.size_bytes, artifact.is_reachable) == (48211, True)
    assert artifact.uri.startswith("mlflow-artifacts:/")
    assert value(found.model_card) == ("Weekly retraining 10",)


async def test_whole_story_of_mlflow_2(fake2: FakeMlflow) -> None:
    """MLflow 2, whose source is an address inside the run, tells the same in seven requests (T26)."""
    found = await told(fake2)
    assert len(fake2.requests) == 7
    assert value(found.artifact).uri.startswith("mlflow-artifacts:/1/")
    assert value(found.artifact).is_reachable is True
    assert value(found.metrics) == {"auc": 0.95, "loss": 0.33}
    assert value(found.requirements)[0] == "scikit-learn==1.5.2"


async def test_four_kinds_of_answers(fake: FakeMlflow) -> None:
    """Known, absent, unsupported and unreadable are told apart in one and the same version."""
    fake.answer(FILE, html_page(500))
    found = await told(fake)
    assert isinstance(found.parameters, Known)
    assert found.extraction_query is ABSENT
    assert found.registered is UNSUPPORTED
    assert isinstance(found.signature, Unreadable)


@pytest.mark.parametrize(
    ("source", "model_id", "path"),
    [
        ("models:/m-eccd2e89ceb9468eb3adf2dfeb907195", "m-eccd2e89ceb9468eb3adf2dfeb907195", None),
        ("mlflow-artifacts:/1/RUN/artifacts/model", "", "model"),
        ("s3://bucket/1/RUN/artifacts/deep/model/", "", "deep/model"),
        ("runs:/RUN/model", "", "model"),
        ("dbfs:/databricks/mlflow-tracking/1/RUN/artifacts/model", "", "model"),
        ("file:///mlruns/1/RUN/artifacts/model", "", "model"),
        ("s3://vendor/ocr/7/", "", None),
        ("models:/fraud/3", "", None),
        ("dummy-source", "", None),
        ("", "", None),
        (None, "", None),
    ],
)
def test_forms_of_source(source: str | None, model_id: str, path: str | None) -> None:
    """Every form of address that MLflow 2 and 3 write is understood, or says nothing (T26)."""
    run_id = "ea945ee1616945d187d618237f78ff02"
    row = VersionRow(source=source.replace("RUN", run_id) if source else source, run_id=run_id)
    assert (logged_model_id(row.source), path_in_run(row)) == (model_id, path)


# Parts that fail alone


async def test_run_in_the_trash(fake: FakeMlflow) -> None:
    """A deleted run is still told, with a word that it will soon be gone (T12)."""
    run = copy.deepcopy(recorded("run.json"))
    run["run"]["info"]["lifecycle_stage"] = "deleted"
    fake.answer(RUN, json_reply(run))
    found = await told(fake)
    assert value(found.metrics) == {"auc": 0.95, "loss": 0.33}
    assert "deleted" in value(found.tags)["run"]


async def test_run_gone_for_good(fake2: FakeMlflow) -> None:
    """A run that was purged is unreadable, with that reason, not absent: there was something (T12)."""
    fake2.answer(RUN, not_found("Run with id=x not found"))
    found = await told(fake2)
    assert isinstance(found.run, Known)
    for fact in (found.parameters, found.metrics, found.code, found.base_image, found.feature_pipeline):
        assert isinstance(fact, Unreadable)
        assert "deleted for good" in fact.reason
    assert value(found.approvals)[0].by == "m.chan"
    assert value(found.requirements)
    assert [snapshot.name for snapshot in value(found.data_snapshots)] == ["data_snapshot"]


async def test_run_that_may_not_be_read(fake: FakeMlflow) -> None:
    """Without permission on the experiment, what the LoggedModel knows is still told."""
    fake.answer(RUN, Reply(b"Permission denied", 403, "text/html"))
    found = await told(fake)
    assert value(found.metrics)["auc"] == 0.95
    assert value(found.parameters)["max_depth"] == "8"
    assert isinstance(found.code, Unreadable)
    assert "Permission denied" in found.code.reason


async def test_logged_model_deleted(fake: FakeMlflow) -> None:
    """A deleted LoggedModel, with READY still said of its version, costs only what it alone knew (T12)."""
    fake.answer(LOGGED, not_found())
    fake.answer(LISTED, not_found())
    fake.answer(FILE, not_found("No such artifact"))
    found = await told(fake)
    assert value(found.artifact).is_reachable is False
    assert value(found.metrics)["auc"] == 0.95
    assert isinstance(found.signature, Unreadable)


async def test_files_gone_though_ready(fake: FakeMlflow) -> None:
    """A version that says READY and whose files are gone is not reachable, and its files' fields say why (T12)."""
    fake.answer(FILE, missing_file("mlflow-3.17.2"))
    fake.answer(LISTED, json_reply({"root_uri": "mlflow-artifacts:/1/models/m-x/artifacts"}))
    found = await told(fake)
    assert recorded("version.json")["model_version"]["status"] == "READY"
    assert value(found.artifact).is_reachable is False
    for fact in (found.signature, found.requirements):
        assert isinstance(fact, Unreadable)
        assert "gone" in fact.reason


async def test_files_gone_on_mlflow_2(fake2: FakeMlflow) -> None:
    """MLflow 2 fails with 500 for a missing file: the list of files tells that it is missing (T12)."""
    fake2.answer(FILE, missing_file(MLFLOW_2))
    fake2.answer(f"{API}artifacts/list", json_reply({"root_uri": "mlflow-artifacts:/1/x/artifacts"}))
    found = await told(fake2)
    assert value(found.artifact).is_reachable is False
    assert len(fake2.requests) == 7


async def test_requirements_missing_on_mlflow_2(fake2: FakeMlflow) -> None:
    """Without a requirements.txt, told by a 500, those of conda.yaml are shown."""
    fake2.answer(
        FILE,
        files({"MLmodel": recorded("MLmodel"), "conda.yaml": recorded("conda.yaml")}, missing_file(MLFLOW_2)),
    )
    listed = [{"path": f"model/{name}", "is_dir": False} for name in ("MLmodel", "conda.yaml")]
    fake2.answer(f"{API}artifacts/list", json_reply({"files": listed}))
    found = await told(fake2)
    assert value(found.artifact).is_reachable is True
    assert "pandas==2.2.3" in value(found.requirements)
    assert value(found.runtime)["python"] == "3.11.7"


async def test_no_requirements_at_all(fake: FakeMlflow) -> None:
    """A model without requirements.txt and conda.yaml has absent requirements; nothing failed."""
    fake.answer(FILE, files({"MLmodel": recorded("MLmodel")}, missing_file("mlflow-3.17.2")))
    found = await told(fake)
    assert found.requirements is ABSENT
    assert value(found.artifact).is_reachable is True


async def test_model_without_mlmodel(fake: FakeMlflow) -> None:
    """Files that were registered without an MLmodel are there all the same: a bare ONNX file is a model too."""
    fake.answer(FILE, missing_file("mlflow-3.17.2"))
    fake.answer(LISTED, json_reply({"files": [{"path": "model.onnx", "is_dir": False}]}))
    found = await told(fake)
    assert value(found.artifact).is_reachable is True
    assert found.signature is ABSENT


@pytest.mark.parametrize("version", ["mlflow-3.17.2", MLFLOW_2])
async def test_store_out_of_reach(fake: FakeMlflow, version: str) -> None:
    """A server that cannot reach its store answers 500 with a page: that is unknown, not missing (T12, T8)."""
    fake.play(version)
    for path in (FILE, LISTED, f"{API}artifacts/list"):
        fake.answer(path, html_page(500))
    found = await told(fake)
    assert value(found.artifact).is_reachable is UNKNOWN
    for fact in (found.signature, found.requirements):
        assert isinstance(fact, Unreadable)
        assert "500" in fact.reason
    assert value(found.metrics)["auc"] == 0.95


@pytest.mark.parametrize("path", [RUN, LOGGED, FILE])
@pytest.mark.parametrize("fault", ["reset", "login page", "half", "not JSON"])
async def test_one_part_breaks(fake: FakeMlflow, path: str, fault: str) -> None:
    """Whatever happens to one part, the others are told and the version is not lost."""
    faults = {
        "reset": reset(),
        "login page": html_page(200),
        "half": Reply(b'{"run": {"da'),
        "not JSON": Reply(b"\xff\xfe\x00"),
    }
    fake.answer(path, faults[fault])
    found = await told(fake)
    assert len(found.known_fields()) >= 9
    assert value(found.approvals)


async def test_a_decision_that_cannot_be_read_is_no_yes(fake: FakeMlflow) -> None:
    """Who approved it is named by a tag; where the place of the decision cannot be read, nobody is said to have."""
    with_tags(fake, approved_by="m.chan")
    where = ProvenanceMap(approval_status=("run_tag:verdict",))
    assert value((await told(fake, provenance=where)).approvals)[0].decision == "approved"
    fake.answer(RUN, html_page(500))
    assert isinstance((await told(fake, provenance=where)).approvals, Unreadable)
    with_tags(fake, ticket="R-1")
    assert isinstance((await told(fake, provenance=where)).approvals, Unreadable)
    with_run(fake, tags={})
    assert (await told(fake, provenance=where)).approvals is ABSENT


@pytest.mark.parametrize("word", ["pending", "TBD", "rejected: drift"])
async def test_a_word_where_a_name_belongs_is_no_yes(fake: FakeMlflow, word: str) -> None:
    """A tag for the approver that holds no name says what it says, by nobody."""
    with_tags(fake, approved_by=word)
    approval = value((await told(fake)).approvals)[0]
    assert (approval.by, approval.decision) == ("nobody named", word)


async def test_version_that_is_not_there(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """A version that was deleted is refused with words; an unreachable server is unavailable."""
    fake.answer(VERSION, not_found("Model Version (name=fraud-detector, version=10) not found"))
    with pytest.raises(BackendRefused, match="not found") as caught:
        await registry.read_provenance(FRAUD, TEN)
    assert caught.value.remedy == "It was deleted or renamed."
    fake.answer(VERSION, reset())
    with pytest.raises(BackendUnavailable):
        await registry.read_provenance(FRAUD, TEN)


# Numbers


async def test_metrics_that_are_no_numbers(fake2: FakeMlflow) -> None:
    """`"NaN"`, ±1.8e308 and the 0.0 at time 0 that MLflow keeps of a bare NaN are shown as what they were (T14)."""
    for version in ("mlflow-3.17.2", MLFLOW_2):
        fake2.answer(RUN, json_reply(recorded("run_with_odd_metrics.json", version)))
        metrics = value((await told(fake2)).metrics)
        assert math.isnan(metrics["nan"])
        assert (metrics["inf"], metrics["minus_inf"]) == (math.inf, -math.inf)
        assert math.isnan(metrics["bare"])
        assert metrics["bare [stored as 0 at time 0]"] == 0.0


@pytest.mark.parametrize("time", [0, "0"])
async def test_true_zero_stays_zero(fake2: FakeMlflow, time: object) -> None:
    """A zero with a time is a zero; only one from the beginning of time is doubted (T14)."""
    with_run(
        fake2,
        metrics=[
            {"key": "a", "value": 0.0, "timestamp": 1_768_435_200_000},
            {"key": "b", "value": 1.0, "timestamp": time},
        ],
    )
    assert value((await told(fake2)).metrics) == {"a": 0.0, "b": 1.0}


async def test_run_and_logged_model_disagree(fake: FakeMlflow) -> None:
    """Where LoggedModel and run have different values, both are shown, each with its origin (T23)."""
    logged = copy.deepcopy(recorded("logged_model.json"))
    logged["model"]["data"]["metrics"] = [
        {"key": "loss", "value": 1.0},
        {"key": "auc", "value": 0.95, "dataset_name": "transactions"},
        {"key": "auc", "value": 0.91, "dataset_name": "merchants"},
        {"key": "only_here", "value": 2.0},
    ]
    fake.answer(LOGGED, json_reply(logged))
    assert value((await told(fake)).metrics) == {
        "auc": 0.95,
        "auc [merchants]": 0.91,
        "loss": 0.33,
        "loss [logged model]": 1.0,
        "only_here": 2.0,
    }


# Fields by convention


async def test_commit_is_not_claimed_to_be_clean(fake: FakeMlflow) -> None:
    """MLflow notes the commit once per process, so without its dirty flag nothing is said of changes (T25)."""
    assert value((await told(fake)).code).has_uncommitted_changes is UNKNOWN
    with_run(fake, tags={"mlflow.source.git.commit": "abc", "mlflow.source.git.dirty": "True"})
    assert value((await told(fake)).code).has_uncommitted_changes is True


async def test_fields_in_tags_and_parameters(fake: FakeMlflow) -> None:
    """Feature pipeline, query, parents, components, serving, importances and attestations by their usual names."""
    with_tags(
        fake,
        feature_pipeline="features 4.1",
        parent_version="fraud-detector 9",
        artifact_digest="sha256:aa",
        registered_by="ci",
        approved_by="m.chan",
        approved_at="2026-01-15T08:00:00Z",
        **{
            "component.embedder": "7",
            "component.ranker": "12",
            "serving.replicas": "4",
            "threshold": "0.7",
            "sbom": "sbom.json",
        },
    )
    with_run(
        fake,
        params={"sql": "select *\nfrom tx", "base_model": "base-8b"},
        metrics=[{"key": "importance.amount", "value": 0.7}],
    )
    found = await told(fake)
    assert value(found.feature_pipeline) == "features 4.1"
    assert value(found.extraction_query) == ("select *", "from tx")
    assert value(found.parents) == ("fraud-detector 9",)
    assert value(found.components) == {"embedder": "7", "ranker": "12"}
    assert value(found.serving_config) == {"replicas": "4", "threshold": "0.7"}
    assert value(found.importances) == {"amount": 0.7}
    assert value(found.llm_system) == {"base_model": "base-8b"}
    assert value(found.attestations) == ("sbom: sbom.json",)
    assert value(found.artifact).digest == "sha256:aa"
    assert value(found.registered) == "ci"
    assert value(found.approvals)[0].at == 1_768_464_000.0


async def test_own_conventions(fake: FakeMlflow) -> None:
    """A team's own tags, and files beside the model or of the run, serve where the configuration says so."""
    with_tags(fake, pipeline="dbt 7")
    fake.answer(FILE, files({"MLmodel": recorded("MLmodel"), "provenance/query.sql": "select 1\n"}, not_found()))
    fake.answer(LISTED, listing("MLmodel", "provenance/query.sql"))
    fake.answer(f"{API}artifacts/list", listing("importances.json"))
    fake.answer("/get-artifact", Reply(b'{"amount": 0.7, "age": 0.1}', content_type="application/json"))
    where = ProvenanceMap(
        feature_pipeline=("tag:pipeline",),
        extraction_query=("artifact:provenance/query.sql",),
        importances=("run_artifact:importances.json",),
    )
    found = await told(fake, provenance=where)
    assert value(found.feature_pipeline) == "dbt 7"
    assert value(found.extraction_query) == ("select 1",)
    assert value(found.importances) == {"amount": 0.7, "age": 0.1}
    fake.answer("/get-artifact", html_page(500))
    assert isinstance((await told(fake, provenance=where)).importances, Unreadable)


@pytest.mark.parametrize(
    "place", ["tagg:x", "tag", "tag:", "any:*", "tag:a*b", "artifact:*", "artifact:../x", "artifact:/etc/x"]
)
def test_place_that_cannot_be_meant(place: str) -> None:
    """A place that cannot be meant is refused when the configuration is read."""
    with pytest.raises(ValueError, match=r"is no place|must name one file"):
        ProvenanceMap(feature_pipeline=(place,))


async def test_prompts_and_their_texts(fake: FakeMlflow) -> None:
    """Linked prompts are told by text, version and alias; one that cannot be read is unreadable, none is absent."""
    assert (await told(fake)).prompts is ABSENT
    with_run(
        fake, tags={"mlflow.linkedPrompts": '[{"name": "hello", "version": "2"}, {"name": "hello", "version": "2"}]'}
    )
    ten = recorded("version.json")
    text = {"key": "mlflow.prompt.text", "value": "Answer kindly:\n{{question}}"}
    prompt = {"model_version": {"name": "hello", "version": "2", "source": "dummy-source", "tags": [text]}}
    prompt["model_version"]["aliases"] = ["production"]
    fake.answer(VERSION, lambda request: json_reply(prompt if request.query["name"] == ["hello"] else ten))
    found = await told(fake)
    assert value(found.prompts) == {"hello": "Answer kindly:␊{{question}}"}
    assert value(found.tags)["prompt hello"] == "version 2 (production)"
    fake.answer(VERSION, lambda request: not_found() if request.query["name"] == ["hello"] else json_reply(ten))
    unreadable = (await told(fake)).prompts
    assert isinstance(unreadable, Unreadable)
    assert "prompt hello version 2" in unreadable.reason


def test_versions_of_a_logged_model_are_named_once() -> None:
    """MLflow lists the versions of a LoggedModel as number and as text; each is named once (T24)."""
    tag = '[{"name": "fraud", "version": 3}, {"name": "fraud", "version": "3"}, {"name": "other", "version": 1}]'
    assert also_registered(tag) == ["fraud 3", "other 1"]
    assert [also_registered(broken) for broken in ("", "{", "5", '["x"]', "null")] == [[]] * 5


async def test_registered_under_two_names(fake: FakeMlflow) -> None:
    """A LoggedModel that is registered twice says under which names (T24)."""
    logged = copy.deepcopy(recorded("logged_model.json"))
    tag = '[{"name": "fraud-detector", "version": 10}, {"name": "fraud-eu", "version": "2"}]'
    logged["model"]["info"]["tags"] = [{"key": "mlflow.modelVersions", "value": tag}]
    fake.answer(LOGGED, json_reply(logged))
    assert value((await told(fake)).tags)["registered as"] == "fraud-detector 10, fraud-eu 2"


# Files from outside

MLMODELS = {
    "alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nflavors: *b\n", "aliases"),
    "no YAML": ("flavors: [", "not YAML"),
    "a list": ("- a\n", "not an MLmodel"),
    "empty": ("", "empty"),
    "deep": ("[" * 5_000, "YAML|nested"),
    "python object": ("flavors: !!python/object/apply:os.system ['true']\n", ""),
    "too large": ("x: " + "y" * (1 << 21), "more than"),
}


@pytest.mark.parametrize(("text", "reason"), MLMODELS.values(), ids=MLMODELS)
async def test_odd_mlmodel(fake: FakeMlflow, text: str, reason: str) -> None:
    """An MLmodel that is no such thing, or an attack, costs its own fields; nothing in it is executed or unfolded."""
    fake.answer(FILE, files({"MLmodel": text, "requirements.txt": "pandas"}, not_found()))
    found = await told(fake)
    assert value(found.requirements) == ("pandas",)
    if reason:
        assert isinstance(found.signature, Unreadable)
        assert any(word in found.signature.reason for word in reason.split("|"))
    else:
        assert found.signature is ABSENT


async def test_version_numbers_stay_text(fake: FakeMlflow) -> None:
    """`python_version: 3.10` is 3.10 and not 3.1; an unknown kind of column is shown as declared."""
    mlmodel = (
        "flavors:\n  python_function:\n    python_version: 3.10\n  torch:\n    pytorch_version: 2.0\n"
        'signature:\n  inputs: \'[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]\'\n'
        '  outputs: \'[{"name": "x", "type": "string", "required": false}]\'\n  params: not json\n'
    )
    fake.answer(FILE, files({"MLmodel": mlmodel}, not_found()))
    found = await told(fake)
    assert value(found.runtime)["python"] == "3.10"
    assert value(found.runtime)["torch"] == "2.0"
    assert value(found.signature) == "float32[-1, 3] -> x: string? with not json"


async def test_requirements_as_people_write_them(fake: FakeMlflow) -> None:
    """Hashes, addresses, `-r` and continuations stay readable; a password in an address is masked (T34, T40)."""
    text = "a==1 \\\n  --hash=sha256:ff\n# no\n-r more.txt\nb @ https://u:pa55word@files.example/b.whl\n"
    fake.answer(FILE, files({"MLmodel": recorded("MLmodel"), "requirements.txt": text}, not_found()))
    assert value((await told(fake)).requirements) == (
        "a==1 --hash=sha256:ff",
        "-r more.txt",
        "b @ https://u:•••@files.example/b.whl",
    )


# Text


async def test_secrets_are_masked(fake: FakeMlflow) -> None:
    """Credentials in tags, parameters, descriptions, sources and addresses are masked everywhere (T40)."""
    secret = "hunter2x"
    with_tags(
        fake,
        api_key=secret,
        note=f"password={secret}1",
        model_card=f"https://u:{secret}@x/",
        threshold=f"token={secret}",
    )
    with_run(
        fake,
        params={"db_password": secret, "max_tokens": "512", "eos_token": "</s>", "sql": f"-- password: {secret}"},
        tags={"mlflow.source.git.repoURL": f"https://bot:{secret}@git.example/x", "mlflow.source.git.commit": "abc"},
    )
    found = await told(fake)
    assert secret not in repr(found)
    assert value(found.parameters)["db_password"] == "•••"
    assert value(found.parameters)["max_tokens"] == "512"
    assert value(found.parameters)["eos_token"] == "</s>"
    assert value(found.code).repository == "https://bot:•••@git.example/x"


async def test_hostile_text_in_every_field(fake: FakeMlflow) -> None:
    """Escape sequences, bidi and markup in any field of any part arrive tamed."""
    texts = [text for text in HOSTILE_TEXTS.values() if text]
    table = {f"{number}{text[:100]}": text for number, text in enumerate(texts)}
    fields = (
        "feature_pipeline",
        "approved_by",
        "approval_status",
        "base_image",
        "data_snapshot",
        "sql",
        "component.a\x1b[2J",
    )
    with_tags(fake, **{field: texts[number] for number, field in enumerate(fields)}, **table)
    with_run(fake, params=table, tags=table | {"mlflow.source.git.commit": texts[0], "mlflow.parentRunId": texts[1]})
    fake.answer(
        FILE,
        files(
            {
                "MLmodel": 'flavors:\n  "\\e[2J":\n    "x\\u202e_version": "\\e]0;x\\a"\n',
                "requirements.txt": "\x1b[2Jx\n",
            },
            not_found(),
        ),
    )
    models = {"registered_models": [{"name": FRAUD}]}
    fake.answer(f"{API}registered-models/search", json_reply(models))
    async with opened(fake.url) as registry:
        await every_text_is_safe(registry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15T08:00:00Z", 1_768_464_000.0),
        ("2026-01-15T16:00:00+08:00", 1_768_464_000.0),
        ("2026-01-15 08:00", 1_768_464_000.0),
        ("1768464000", 1_768_464_000.0),
        ("1768464000000", 1_768_464_000.0),
        ("1712010112345", 1_712_010_112.345),
        ("946684800000", 946_684_800.0),
        ("20260115", 1_768_435_200.0),
        ("202601150800", 1_768_464_000.0),
        ("20260115080000", 1_768_464_000.0),
        ("20260115T080000Z", 1_768_464_000.0),
        ("1.768464e9", 1_768_464_000.0),
        ("2026", UNKNOWN),
        ("202601", UNKNOWN),
        ("2026_01_15", UNKNOWN),
        ("last week", UNKNOWN),
        ("nan", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_times_as_people_write_them(text: str, expected: object) -> None:
    """A time of approval may be written in several ways; without a zone it is UTC (T39)."""
    assert moment(text) == expected
