"""What teams put beside a model: packages, prompts, queries, cases, cards; and what happens when files disagree."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from modeltui.domain.lineage import ABSENT, Contradicted, DataSnapshot, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import safe_text
from modeltui.testing.registry_contract import check_provenance
from tests.adapters.model_folder.test_folder_registry import FRAUD, fold, vid, write_version


async def told(root: Path, files: dict[str, Any]) -> Provenance:
    """What the folder says of a version with these files; objects are written as JSON."""
    directory = write_version(root / FRAUD, "v1")
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    found = await fold(root).read_provenance(FRAUD, vid("v1"))
    check_provenance("v1", found)
    return found


def value(fact: Any) -> Any:
    """The value of a fact that must be known."""
    assert isinstance(fact, Known), fact
    return fact.value


CONDA = """
channels: [conda-forge]
dependencies:
  - python=3.11.7
  - numpy=2.1.3=py311h1
  - pip<=24.0
  - conda-forge::libgomp=13
  - pip:
      - pandas==2.2.3
      - scikit-learn==1.6.1
"""


async def test_conda_and_pip_complete_each_other(tmp_path: Path) -> None:
    """Packages of requirements.txt and of conda.yaml are one list, and conda's Python is the runtime's."""
    found = await told(tmp_path, {"requirements.txt": "pandas==2.2.3\nlightgbm==4.5.0\n", "conda.yaml": CONDA})
    assert set(value(found.requirements)) == {
        "pandas==2.2.3",
        "lightgbm==4.5.0",
        "numpy=2.1.3=py311h1",
        "conda-forge::libgomp=13",
        "scikit-learn==1.6.1",
    }
    assert value(found.runtime) == {"python": "3.11.7"}


async def test_two_files_want_another_release(tmp_path: Path) -> None:
    """Where requirements.txt and conda.yaml want different releases of one package, both are shown with their files."""
    found = await told(tmp_path, {"requirements.txt": "Pandas==2.2.4\n", "conda.yaml": CONDA})
    assert isinstance(found.requirements, Contradicted)
    assert [claim.source for claim in found.requirements.claims] == ["folder (requirements.txt)", "folder (conda.yaml)"]


@pytest.mark.parametrize(
    ("written", "python", "asked"),
    [
        ("python=3.11.7", "3.11.7", ()),
        ("python==3.11.7", "3.11.7", ()),
        ("python = 3.11.7", "3.11.7", ()),
        ("python=3.11.7=h1_0_cpython", "3.11.7", ()),
        ("python 3.11.7 h1_0", "3.11.7", ()),
        ("python=3.11", "3.11", ()),
        ("python=3.11.*", "3.11", ()),
        ("python>=3.9", "", ("python>=3.9",)),
        ("python<3.12", "", ("python<3.12",)),
        ("python!=3.11.4", "", ("python!=3.11.4",)),
        ("python ~=3.9", "", ("python~=3.9",)),
        ("python>=3.9,<3.12", "", ("python>=3.9,<3.12",)),
        ("python=3", "", ("python=3",)),
        ("python", "", ()),
    ],
)
async def test_a_range_of_python_is_no_python(tmp_path: Path, written: str, python: str, asked: tuple[str]) -> None:
    """Only a release, or a minor line, is told as the Python that runs it; a range is told as what was asked for."""
    found = await told(tmp_path, {"conda.yaml": f"dependencies: ['{written}', 'pandas=2.2.3']"})
    assert found.runtime == ABSENT if not python else value(found.runtime) == {"python": python}
    assert value(found.requirements) == (*asked, "pandas==2.2.3")
    env = (await told(tmp_path / "env", {"python_env.yaml": f"python: '{written.removeprefix('python')}'\n"})).runtime
    assert env == ABSENT if not python else value(env) == {"python": python}


@pytest.mark.parametrize("written", ["numpy=1.26", "numpy =1.26", "numpy>=1.26", "numpy=1.26.4=py311h1", "numpy 1.26"])
async def test_what_conda_was_asked_for_stays_what_it_was(tmp_path: Path, written: str) -> None:
    """A prefix of a release, a range and a build are told as conda understands them, not as one release."""
    assert value((await told(tmp_path, {"conda.yaml": f"dependencies: ['{written}']"})).requirements) == (written,)


async def test_a_range_and_a_release_do_not_contradict(tmp_path: Path) -> None:
    """What conda was asked for loosely, and pip's list pins, is one environment; a build of another release is not."""
    files = {"requirements.txt": "numpy==1.26.4\n", "conda.yaml": "dependencies: [numpy=1.26]"}
    assert set(value((await told(tmp_path / "a", files)).requirements)) == {"numpy==1.26.4", "numpy=1.26"}
    torn = files | {"conda.yaml": "dependencies: [numpy=1.26.3=py311h1]"}
    assert isinstance((await told(tmp_path / "b", torn)).requirements, Contradicted)


async def test_python_env_alone(tmp_path: Path) -> None:
    """`python_env.yaml`, as MLflow writes it, tells the Python; what it refers to is told by that file."""
    text = "python: 3.11.7\nbuild_dependencies: [pip==24.0]\ndependencies: [-r requirements.txt]\n"
    found = await told(tmp_path, {"python_env.yaml": text})
    assert value(found.runtime) == {"python": "3.11.7"}
    assert found.requirements is ABSENT


async def test_what_ran_is_told_rather_than_what_was_asked_for(tmp_path: Path) -> None:
    """A Python in metadata.json is the one that trained; conda's wish for 3.11 does not contradict it."""
    files = {"metadata.json": {"python_version": "3.11.9", "seed": 7}, "conda.yaml": "dependencies: [python=3.11]"}
    assert value((await told(tmp_path, files)).runtime) == {"python_version": "3.11.9", "seed": "7"}


@pytest.mark.parametrize("text", ["dependencies: *a", "[", "just text", "dependencies: 3", "a: &x [*x]"])
async def test_a_broken_environment_costs_its_own_field(tmp_path: Path, text: str) -> None:
    """A conda.yaml that cannot be read makes the packages unreadable, with its name, unless another file tells them."""
    found = await told(tmp_path, {"conda.yaml": text})
    assert isinstance(found.requirements, Unreadable)
    assert found.requirements.reason.startswith("conda.yaml: ")
    assert isinstance(found.artifact, Known)


async def test_prompts_lie_in_files(tmp_path: Path) -> None:
    """Each file in `prompts/` is a prompt by its name; others and hidden ones are not."""
    files = {
        "prompts/system.txt": "You answer.\nBe brief.\n",
        "prompts/rag/answer.md": "Use {context}.",
        "prompts/same.txt": "one",
        "prompts/same.md": "two",
        "prompts/.hidden": "no",
        "prompts/picture.png": "no",
        "metadata.json": {"prompts": {"fallback": "Sorry."}},
    }
    assert value((await told(tmp_path, files)).prompts) == {
        "system": "You answer.␊Be brief.",
        "rag/answer": "Use {context}.",
        "same.txt": "one",
        "same.md": "two",
        "fallback": "Sorry.",
    }


async def test_a_change_at_the_end_of_a_long_prompt_is_seen(tmp_path: Path) -> None:
    """Two prompts that differ behind what is kept of them are not the same text."""
    long = "word " * 10_000
    one = await told(tmp_path / "a", {"prompts/system.txt": f"{long}yes"})
    other = await told(tmp_path / "b", {"prompts/system.txt": f"{long}no"})
    assert value(one.prompts) != value(other.prompts)
    assert "in all 50003 characters, sha256 " in value(one.prompts)["system"]


@pytest.mark.parametrize("field", ["features", "owner", "image", "model_class", "schema", "run"])
async def test_a_change_at_the_end_of_a_long_field_is_seen(tmp_path: Path, field: str) -> None:
    """A list of features that differs in its last one is another list, and so it is with every other field."""
    listed = [f"feature_{number}" for number in range(3_000)]
    one = await told(tmp_path / "a", {"metadata.json": {field: listed}})
    other = await told(tmp_path / "b", {"metadata.json": {field: [*listed[:-1], "another"]}})
    names = one.known_fields()
    assert any(getattr(one, name).value != getattr(other, name).value for name in names if name != "artifact"), names


async def test_queries_lie_in_files(tmp_path: Path) -> None:
    """SQL files are the extraction query; metadata that only names one of them adds nothing."""
    files = {"features.sql": "SELECT a\nFROM t\n", "metadata.json": {"sql": "features.sql"}}
    assert value((await told(tmp_path / "one", files)).extraction_query) == ("SELECT a", "FROM t")
    several = files | {"sql/labels.sql": "SELECT b"}
    found = value((await told(tmp_path / "two", several)).extraction_query)
    assert found == ("-- features.sql", "SELECT a", "FROM t", "-- sql/labels.sql", "SELECT b")


async def test_a_query_that_metadata_quotes_otherwise(tmp_path: Path) -> None:
    """A query in metadata.json that is not the one in the file is a contradiction, not a choice."""
    files = {"features.sql": "SELECT a", "metadata.json": {"sql": "SELECT b"}}
    assert isinstance((await told(tmp_path, files)).extraction_query, Contradicted)


async def test_a_query_longer_than_a_line_may_be(tmp_path: Path) -> None:
    """A generated query on one line of 100 000 characters is kept whole, so that its end can be compared."""
    query = "SELECT " + ", ".join(f"column_{number}" for number in range(8_000))
    lines = value((await told(tmp_path, {"features.sql": query})).extraction_query)
    assert "".join(lines) == query


@pytest.mark.parametrize("name", ["golden_cases.json", "cases.json"])
async def test_golden_cases_lie_in_a_file(tmp_path: Path, name: str) -> None:
    """Answers on saved cases are read as an object or as a list of cases."""
    assert value((await told(tmp_path / "a", {name: {"case-17": "decline", "n": 3}})).cases) == {
        "case-17": "decline",
        "n": "3",
    }
    listed = [{"name": "case-17", "input": {"amount": 3}, "output": {"score": 0.5}}, {"id": 18, "answer": "yes"}, "odd"]
    assert value((await told(tmp_path / "b", {name: listed})).cases) == {"case-17": '{"score": 0.5}', "18": "yes"}


async def test_cases_that_cannot_be_read(tmp_path: Path) -> None:
    """Half a file of cases is unreadable, and said to be."""
    assert (await told(tmp_path, {"golden_cases.json": '{"a": '})).cases == Unreadable(
        safe_text("golden_cases.json: it is not JSON in line 1"), SourceName(safe_text("folder"))
    )


@pytest.mark.broad
async def test_a_model_card_of_five_megabytes(tmp_path: Path) -> None:
    """A long card is read whole and its secrets are masked, wherever they stand; a longer one is unreadable."""
    card = "\n".join(f"line {number} {'x' * 80}" for number in range(50_000)) + "\ntoken: ghp_abcdefghij0123456789abcd"
    lines = value((await told(tmp_path / "a", {"README.md": card})).model_card)
    assert (len(lines), lines[-2][:10], lines[-1]) == (50_001, "line 49999", "token: •••")
    assert isinstance((await told(tmp_path / "b", {"README.md": card * 2})).model_card, Unreadable)


async def test_bytes_that_are_not_what_metadata_says(tmp_path: Path) -> None:
    """A digest in metadata.json that the file does not have is shown beside the file's own."""
    found = await told(tmp_path, {"metadata.json": {"sha256": "ab" * 32}})
    assert isinstance(found.artifact, Contradicted)
    assert [claim.source for claim in found.artifact.claims] == ["folder (the model's files)", "folder (metadata.json)"]


async def test_a_digest_in_metadata_that_the_bytes_have(tmp_path: Path) -> None:
    """A digest in metadata.json that is the file's own is no contradiction, in capitals neither."""
    digest = hashlib.sha256(b"weights").hexdigest().upper()
    assert isinstance((await told(tmp_path, {"metadata.json": {"sha256": digest}})).artifact, Known)


MLFLOW = Path(__file__).parents[1] / "mlflow" / "payloads" / "mlflow-3.17.2"


async def test_the_default_of_a_parameter_is_part_of_the_signature(tmp_path: Path) -> None:
    """What a model does when a caller sets no temperature is told: where it differs, the model answers otherwise."""
    params = json.dumps([{"name": "temperature", "type": "double", "default": 0.2, "shape": None}])
    inputs = json.dumps([{"name": "question", "type": "string", "required": True}])
    files = {"MLmodel": f"flavors: {{}}\nsignature:\n  inputs: '{inputs}'\n  params: '{params}'\n"}
    found = await told(tmp_path, files)
    assert value(found.signature) == "question: string -> () with temperature: double = 0.2"


async def test_a_model_that_mlflow_saved(tmp_path: Path) -> None:
    """A folder as MLflow 3.17.2 writes it tells what `MLmodel` declares: signature, class and what trained it."""
    files = {
        "MLmodel": (MLFLOW / "MLmodel").read_text(),
        "python_env.yaml": "python: 3.11\ndependencies: [-r requirements.txt]\n",
        "requirements.txt": "scikit-learn==1.6.1\n",
    }
    found = await told(tmp_path, files)
    assert "->" in value(found.signature)
    assert value(found.architecture)
    runtime = value(found.runtime)
    assert runtime["mlflow"] == "3.17.2"
    assert runtime["python"].startswith("3.11.")
    assert value(found.requirements) == ("scikit-learn==1.6.1",)


async def test_documents_are_no_weights(tmp_path: Path) -> None:
    """Prompts, queries, cases and cards are not part of the artifact: another prompt does not make another artifact."""
    documents = {"prompts/system.j2": "one", "sql/a.sql": "x", "golden_cases.json": {"a": "b"}, "f.sql": "y"}
    directory = write_version(tmp_path / FRAUD, "v1", weights=None)
    for name, content in documents.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(json.dumps(content))
    assert (await fold(tmp_path).read_provenance(FRAUD, vid("v1"))).artifact is ABSENT
    (directory / "weights.bin").write_bytes(b"weights")
    before = (await fold(tmp_path).read_provenance(FRAUD, vid("v1"))).artifact
    (directory / "prompts" / "system.j2").write_text("two")
    after = (await fold(tmp_path).read_provenance(FRAUD, vid("v1"))).artifact
    assert value(before).digest == value(after).digest


SEGMENTS: dict[str, tuple[Any, dict[str, float]]] = {
    "by segment": ({"region=hk": 0.9}, {"region=hk": 0.9}),
    "segment, then metric": ({"region=hk": {"auc": 0.9}}, {"auc/region=hk": 0.9}),
    "metric, then segment": ({"auc": {"region=hk": 0.9}}, {"auc/region=hk": 0.9}),
    "bare segment, then metric": ({"hk": {"auc": 0.9}}, {"auc/hk": 0.9}),
    "metric, then bare segment": ({"auc": {"hk": 0.9}}, {"auc/hk": 0.9}),
    "dimension, then value": ({"region": {"hk": 0.9}}, {"region=hk": 0.9}),
    "dimension, value, metric": ({"region": {"hk": {"auc": 0.9}}}, {"auc/region=hk": 0.9}),
    "metric, dimension, value": ({"auc": {"region": {"hk": 0.9}}}, {"auc/region=hk": 0.9}),
}


@pytest.mark.parametrize(("written", "expected"), SEGMENTS.values(), ids=SEGMENTS)
async def test_segments_however_they_are_nested(tmp_path: Path, written: Any, expected: dict[str, float]) -> None:
    """Metrics of segments are `segment` or `metric/segment`, in whichever order a team nests them."""
    found = await told(tmp_path, {"metadata.json": {"metrics": {"auc": 0.94}, "segments": written}})
    assert value(found.segment_metrics) == expected


async def test_the_whole_record(tmp_path: Path) -> None:
    """Owner, architecture, variables, agent, effects, snapshots and thresholds are told under our names."""
    metadata = {
        "team": "risk",
        "model_class": "LGBMClassifier",
        "env": {"OMP_NUM_THREADS": 8, "API_TOKEN": "s3cr3tvalue99"},
        "agent": {"snapshot": "snap-1", "tools": {"refund": "1.4"}},
        "side_effects": ["issued refund R-1"],
        "data": {
            "tx": {
                "version": "36bf",
                "table": "warehouse.tx",
                "rows": "10",
                "from": "2026-01-01",
                "until": "2026-01-14",
                "taken_at": 1768360200,
            }
        },
        "serving": {"replicas": 6},
        "decision_threshold": 0.8,
    }
    found = await told(tmp_path, {"metadata.json": metadata})
    assert (value(found.owner), value(found.architecture)) == ("risk", "LGBMClassifier")
    assert value(found.environment_variables) == {"OMP_NUM_THREADS": "8", "API_TOKEN": "•••"}
    assert value(found.agent) == {"snapshot": "snap-1", "tools.refund": "1.4"}
    assert value(found.external_effects) == ("issued refund R-1",)
    assert value(found.data_snapshots) == (
        DataSnapshot(
            safe_text("tx"),
            safe_text("36bf"),
            rows=10,
            origin=safe_text("warehouse.tx"),
            begins_at=Instant(1_767_225_600.0),
            ends_at=Instant(1_768_348_800.0),
            taken_at=Instant(1_768_360_200.0),
        ),
    )
    assert value(found.serving_config) == {"decision_threshold": "0.8", "replicas": "6"}


async def test_a_version_has_an_owner_of_its_own(tmp_path: Path) -> None:
    """The model's owner answers for a version, unless the version names another."""
    write_version(tmp_path / FRAUD, "v1")
    write_version(tmp_path / FRAUD, "v2", metadata={"owner": "somebody-else"})
    (tmp_path / FRAUD / "metadata.json").write_text('{"owner": "risk"}')
    found = [(await fold(tmp_path).read_provenance(FRAUD, vid(version))).owner for version in ("v1", "v2")]
    assert [value(owner) for owner in found] == ["risk", "somebody-else"]


WRONG = {"metrics": "good", "parameters": [1], "importances": "amount", "components": "gbm", "runtime": "fast"}


@pytest.mark.parametrize(("field", "written"), WRONG.items(), ids=WRONG)
async def test_a_field_of_another_kind_is_unreadable(tmp_path: Path, field: str, written: object) -> None:
    """A field that is not what it should be is not called empty: it is there, and cannot be read."""
    fact = getattr(await told(tmp_path, {"metadata.json": {field: written, "run": "r-1"}}), field)
    assert isinstance(fact, Unreadable)
    assert fact.reason.startswith(f"metadata.json: {field} ")


async def test_files_that_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Prompts, queries and cards that are links to elsewhere are not read."""
    (tmp_path / "outside.txt").write_text("root:x:0:0")
    directory = write_version(tmp_path / "models" / FRAUD, "v1")
    (directory / "prompts").mkdir()
    for name in ("prompts/system.txt", "query.sql", "README.md", "conda.yaml", "golden_cases.json"):
        (directory / name).symlink_to(tmp_path / "outside.txt")
    found = await fold(tmp_path / "models").read_provenance(FRAUD, vid("v1"))
    for fact in (found.prompts, found.extraction_query, found.model_card, found.requirements, found.cases):
        assert isinstance(fact, Unreadable)
        assert "leads out of the folder" in fact.reason
    assert "root:x" not in repr(found)


async def test_what_stands_among_thresholds_is_one(tmp_path: Path) -> None:
    """A threshold keeps the word that says what it is, and takes the place of no serving setting of its name."""
    document = {
        "thresholds": {"approve": 0.7, "by_region": {"hk": 0.6}, "decision_threshold": 0.5},
        "serving": {"approve": "by hand", "replicas": 2},
    }
    assert value((await told(tmp_path / "a", {"metadata.json": document})).serving_config) == {
        "threshold.approve": "0.7",
        "threshold.by_region.hk": "0.6",
        "decision_threshold": "0.5",
        "approve": "by hand",
        "replicas": "2",
    }
    one = await told(tmp_path / "b", {"metadata.json": {"threshold": 0.8}})
    assert value(one.serving_config) == {"decision_threshold": "0.8"}
