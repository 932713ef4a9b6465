"""What was committed with a version tells where it comes from, in every layout that DVC and people use."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modeltui.domain.lineage import ABSENT, FIELDS, Contradicted, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN
from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.registry_contract import check_provenance
from tests.adapters.gto.opening import model, opened, version
from tests.servers.git import Clone

MD5 = {name: name[0] * 32 for name in ("a", "b", "c", "d", "e", "f")}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 41943040\n"


async def read(
    folder: Path, files: Mapping[str, str | bytes], artifact: str = "fraud", clone: Clone | None = None
) -> Provenance:
    """The provenance of a version that was committed with these files."""
    if clone is None:
        clone = Clone.new(folder / "r")
        clone.commit(files)
    clone.tag(f"{artifact.replace(':', '=')}@v1.0.0")
    async with opened(clone.path, folder) as registry:
        found = await registry.read_provenance(model(artifact), version("v1.0.0"))
    check_provenance(artifact, found)
    return found


def told(provenance: Provenance, field: str) -> Any:
    """The value of a field that must be known."""
    fact = getattr(provenance, field)
    assert isinstance(fact, Known), (field, fact)
    return fact.value


def why(provenance: Provenance, field: str) -> str:
    """Why a field cannot be read."""
    fact = getattr(provenance, field)
    assert isinstance(fact, Unreadable), (field, fact)
    return fact.reason


def lock(*stages: tuple[str, list[str], list[str]], **more: Any) -> str:
    """A `dvc.lock`: each stage with what goes in and what comes out."""

    def pieces(paths: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "path": path,
                "hash": "md5",
                "md5": MD5.get(path[0].lower(), "0" * 32),
                "size": 9,
            }
            for path in paths
        ]

    written = {
        name: {
            "cmd": f"run {name}",
            "deps": pieces(inputs),
            "outs": pieces(outputs),
            **more.get(name.partition("@")[0], {}),
        }
        for name, inputs, outputs in stages
    }
    return json.dumps({"schema": "2.0", "stages": written})


async def test_nothing_but_a_tag(tmp_path: Path) -> None:
    """An empty commit tells who registered it and the commit; everything else is absent, nothing invented."""
    found = await read(tmp_path, {"src/x.py": ""})
    assert set(found.known_fields()) == {"registered", "code"}
    assert {getattr(found, field) for field in FIELDS} - {found.registered, found.code} == {ABSENT}


async def test_data_is_what_a_pipeline_begins_with(tmp_path: Path) -> None:
    """Raw data is the snapshot; what stages made of it follows from it, code and metrics are no data."""
    stages = (
        ("featurize", ["data/raw.csv", "src/features.py"], ["data/features"]),
        ("train", ["data/features", "src/train.py"], ["models/model.pkl"]),
        ("evaluate", ["models/model.pkl", "data/test.parquet", "src/evaluate.py"], ["reports/metrics.json"]),
        ("unrelated", ["data/other.csv"], ["models/other.pkl"]),
    )
    definition = {"artifacts": {"fraud": {"path": "models/model.pkl"}}, "metrics": ["reports/metrics.json"]}
    code = {f"src/{name}.py": "" for name in ("features", "train", "evaluate")}
    metrics = {"reports/metrics.json": '{"auc": 0.9, "ok": true, "note": "x", "nan": NaN}'}
    found = await read(tmp_path, {"dvc.lock": lock(*stages), "dvc.yaml": json.dumps(definition), **code, **metrics})
    assert [one.name for one in told(found, "data_snapshots")] == ["raw", "test"]
    assert told(found, "feature_pipeline") == "src/features.py md5:0000000000000000"
    assert told(found, "artifact").uri == "models/model.pkl"
    assert sorted(told(found, "metrics")) == ["auc", "nan"]
    assert "stage.unrelated.cmd" not in told(found, "parameters")


async def test_what_a_query_fetched_is_the_snapshot(tmp_path: Path) -> None:
    """A stage that reads no data fetches it by a query: the query is told, and what it fetched."""
    stages = (
        ("extract", ["sql/extract.sql", "src/extract.py"], ["data/rows.parquet"]),
        ("train", ["data/rows.parquet"], ["model.pkl"]),
    )
    found = await read(
        tmp_path,
        {"dvc.lock": lock(*stages), "sql/extract.sql": "SELECT 1\nFROM t\n", "src/extract.py": "", "other.sql": "x"},
    )
    assert told(found, "extraction_query") == ("SELECT 1", "FROM t")
    assert [one.uri for one in told(found, "data_snapshots")] == ["data/rows.parquet"]
    assert told(found, "artifact").digest == "md5:" + "0" * 32


async def test_locks_of_all_ages(tmp_path: Path) -> None:
    """The oldest form of a lock has its stages at the top; stages made by a loop have a number (T31)."""
    old = {
        "train@0": {
            "cmd": "a",
            "deps": [{"path": "d.csv", "md5": MD5["d"]}],
            "outs": [{"path": "m.pkl", "md5": MD5["e"]}],
        }
    }
    found = await read(tmp_path, {"dvc.lock": json.dumps(old)})
    assert told(found, "data_snapshots")[0].digest == f"md5:{MD5['d']}"
    assert told(found, "artifact").digest == f"md5:{MD5['e']}"
    assert told(found, "parameters") == {"stage.train@0.cmd": "a"}


async def test_paths_start_where_the_stage_works(tmp_path: Path) -> None:
    """A stage with its own working folder notes paths from there; the artifact is found all the same."""
    definition = {
        "stages": {
            "train": {
                "cmd": "x",
                "wdir": "work",
                "metrics": [{"scores.json": {"cache": False}}],
                "params": ["p.json:", {"p.json": ["a"]}],
            }
        },
        "artifacts": {"fraud": {"path": "out/m.pkl"}},
    }
    files = {
        "dvc.lock": lock(("train", ["../data/d.csv"], ["../out/m.pkl"])),
        "dvc.yaml": json.dumps(definition),
        "work/scores.json": '{"f1": 1}',
        "work/p.json": '{"a": {"b": 2}}',
    }
    found = await read(tmp_path, files)
    assert [one.uri for one in told(found, "data_snapshots")] == ["data/d.csv"]
    assert told(found, "artifact").digest == "md5:" + "0" * 32
    assert told(found, "metrics") == {"f1": 1.0}
    assert told(found, "parameters")["a.b"] == "2"


async def test_pointers_of_dvc(tmp_path: Path) -> None:
    """Folders, imports from elsewhere and what people noted beside data are told without a pipeline (T31)."""
    directory = {
        "outs": [{"md5": f"{MD5['a']}.dir", "nfiles": 3, "path": "images"}],
        "meta": {"rows": "12", "origin": "lake"},
    }
    imported = {
        "deps": [{"path": "d.csv", "repo": {"url": "https://u:s3cret@git.example/data.git", "rev_lock": "ab" * 20}}],
        "outs": [{"md5": MD5["b"], "path": "d.csv", "desc": "Prices"}],
        "frozen": True,
    }
    weights = {"outs": [{"md5": MD5["c"], "size": 7, "path": "model.onnx"}]}
    found = await read(
        tmp_path,
        {
            "data/images.dvc": json.dumps(directory),
            "data/d.csv.dvc": json.dumps(imported),
            "model.onnx.dvc": json.dumps(weights),
        },
    )
    by_name = {one.name: one for one in told(found, "data_snapshots")}
    assert by_name["images"].digest == f"md5:{MD5['a']}.dir"
    assert (by_name["images"].rows, by_name["images"].origin) == (12, "lake")
    assert by_name["d"].origin.endswith("@git.example/data.git:d.csv@abababababab")
    assert "s3cret" not in by_name["d"].origin
    assert (told(found, "artifact").digest, told(found, "artifact").size_bytes) == (f"md5:{MD5['c']}", 7)


async def test_a_lock_that_is_behind_is_a_contradiction(tmp_path: Path) -> None:
    """Parameters and data were changed and the pipeline was not run: both are shown, neither is chosen."""
    files = {
        "params.yaml": "rate: 0.2\ndepth: 3\n",
        "dvc.lock": lock(("train", ["a.csv"], ["m.pkl"]), train={"params": {"params.yaml": {"rate": 0.1, "depth": 3}}}),
        "a.csv.dvc": json.dumps({"outs": [{"md5": MD5["f"], "path": "a.csv"}]}),
    }
    found = await read(tmp_path, files)
    for field in ("parameters", "data_snapshots"):
        fact = getattr(found, field)
        assert isinstance(fact, Contradicted), field
    assert isinstance(found.parameters, Contradicted)
    assert {claim.source: claim.value.get("rate") for claim in found.parameters.claims} == {  # type: ignore[call-overload]
        "models (dvc.lock)": "0.1",
        "models (params.yaml)": "0.2",
    }


async def test_data_that_two_files_tell_of_is_told_once(tmp_path: Path) -> None:
    """The lock knows the digest, the pointer what people noted: together they are one snapshot."""
    pointer = {"outs": [{"md5": MD5["a"], "path": "a.csv"}], "meta": {"used_for": "training", "rows": 7, "digest": "x"}}
    files = {"dvc.lock": lock(("train", ["a.csv"], ["m.pkl"])), "a.csv.dvc": json.dumps(pointer)}
    (one,) = told(await read(tmp_path, files), "data_snapshots")
    assert (one.name, one.digest, one.used_for, one.rows) == ("a", f"md5:{MD5['a']}", "training", 7)


async def test_the_same_number_spelled_otherwise_contradicts_nothing(tmp_path: Path) -> None:
    """DVC writes 0.10 as 0.1, 1e-3 as 0.001 and True as true."""
    ran = {"rate": 0.1, "small": 0.001, "flag": True, "deep": {"list": [1, 2.0]}}
    files = {
        "params.yaml": "rate: 0.10\nsmall: 1e-3\nflag: True\ndeep: {list: [1, 2.00]}\n",
        "dvc.lock": lock(("train", [], ["m.pkl"]), train={"params": {"params.yaml": ran}}),
    }
    assert told(await read(tmp_path, files), "parameters")["rate"] == "0.10"


async def test_weights_by_git_lfs(tmp_path: Path) -> None:
    """A pointer of Git LFS tells digest and size; the bytes are not here (T32)."""
    found = await read(tmp_path, {"models/model.pt": LFS.format("9f" * 32)})
    one = told(found, "artifact")
    assert (one.digest, one.size_bytes, one.is_reachable) == ("sha256:" + "9f" * 32, 41_943_040, False)


async def test_weights_in_git_itself(tmp_path: Path) -> None:
    """Small models are in git: two versions with the same bytes have the same digest; a folder tells each file."""
    annotation = {"artifacts": {"fraud": {"path": "export"}}}
    files: dict[str, str | bytes] = {
        "dvc.yaml": json.dumps(annotation),
        "export/a.bin": b"\0\1",
        "export/b.bin": LFS.format("7e" * 32),
        "export/README.md": "x",
    }
    found = await read(tmp_path, files)
    assert told(found, "files")["b.bin"] == "sha256:" + "7e" * 32
    assert told(found, "files")["a.bin"].startswith("git-blob:")
    assert told(found, "artifact").digest.startswith("sha256-of-2-files:")
    single = await read(tmp_path / "other", {"model.json": "{}", "model.txt": "", "model.bst": b"\0" * 3_000_000})
    assert told(single, "artifact").uri == "model.bst"
    assert told(single, "artifact").size_bytes == 3_000_000


@pytest.mark.broad
async def test_weights_that_lie_elsewhere(tmp_path: Path) -> None:
    """An artifact that is only an address is told as such; a path with nothing there says that nothing is there."""
    for path, is_here in (("s3://bucket/model.pt", UNKNOWN), ("gone/model.pt", False)):
        definition = {"artifacts": {"fraud": {"path": path}}}
        found = await read(tmp_path / path.partition(":")[0], {"dvc.yaml": json.dumps(definition)})
        assert (told(found, "artifact").uri, told(found, "artifact").is_reachable) == (path, is_here)


async def test_a_model_in_a_folder_has_its_own_files(tmp_path: Path) -> None:
    """In a repository of many models each folder tells of its own; the older artifacts.yaml is understood."""
    files = {
        "params.yaml": "of: root\n",
        "models/credit/params.yaml": "of: credit\n",
        "models/credit/artifacts.yaml": "score: {type: model, path: m.onnx, labels: [x]}\n",
        "models/credit/m.onnx": "bytes",
        "models/credit-old/params.yaml": "of: old\n",
    }
    found = await read(tmp_path, files, "models/credit:score")
    assert told(found, "parameters") == {"of": "credit"}
    assert told(found, "artifact").uri == "m.onnx"
    assert told(found, "tags") == {"x": ""}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"requirements.txt": "numpy==1 --hash=sha256:ab # c\n-r base.txt\n"},
            ("numpy==1 --hash=sha256:ab", "-r base.txt"),
        ),
        ({"requirements.txt": "numpy\n", "uv.lock": '[[package]]\nname="numpy"\nversion="2.1.3"\n'}, ("numpy==2.1.3",)),
        ({"poetry.lock": '[[package]]\nname = "a"\nversion = "1.10"\n[[package]]\nname = "b"\n'}, ("a==1.10", "b")),
        ({"Pipfile.lock": '{"default": {"a": {"version": "==1.0"}, "b": {"git": "x"}}}'}, ("a==1.0", "b @ git+x")),
        ({"conda.yaml": "dependencies:\n- python=3.10\n- numpy=2.1\n- pip:\n  - x==1\n"}, ("numpy=2.1", "x==1")),
        ({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=1"]\n'}, ("a>=1",)),
    ],
    ids=["requirements", "uv", "poetry", "pipfile", "conda", "pyproject"],
)
@pytest.mark.broad
async def test_what_is_installed(files: dict[str, str | bytes], expected: tuple[str, ...], tmp_path: Path) -> None:
    """Every usual list of packages is read, the most exact one where there are several (T34)."""
    found = await read(tmp_path, files)
    assert told(found, "requirements") == expected
    if "conda.yaml" in files:
        assert told(found, "runtime") == {"python": "3.10"}


async def test_the_image_it_runs_on(tmp_path: Path) -> None:
    """A Dockerfile in several stages: what the last one begins with, arguments filled in, its variables, no secret."""
    text = (
        "ARG TAG=3.11\nFROM --platform=linux/amd64 python:${TAG}-slim AS base\nENV A=1\n"
        'FROM golang:1 AS other\nFROM base\nENV THREADS=8 GREETING="hello you" \\\n'
        "  API_TOKEN=abcdef123456\nENV TZ UTC\n"
    )
    found = await read(tmp_path, {"Dockerfile": text, ".python-version": "3.11.7\n"})
    assert told(found, "base_image") == "python:3.11-slim"
    variables = told(found, "environment_variables")
    assert {name: variables[name] for name in ("THREADS", "GREETING", "TZ")} == {
        "THREADS": "8",
        "GREETING": "hello you",
        "TZ": "UTC",
    }
    assert "abcdef" not in variables["API_TOKEN"]
    assert told(found, "runtime") == {"python": "3.11.7"}


async def test_parameters_that_have_a_place_of_their_own(tmp_path: Path) -> None:
    """Thresholds, base models, members and retrieval among the parameters are told where they belong, once."""
    text = (
        "lr: 1e-3\ndecision_threshold: 0.8\nserving: {replicas: 3}\nbase_model: acme/large\nretrieval: {top_k: 6}\n"
        "components: {gbm: 7}\nfeature_pipeline: f 1.2\nno: yes\nwhen: 2026-01-01\nnothing: ~\n"
    )
    found = await read(tmp_path, {"params.yaml": text})
    assert told(found, "parameters") == {
        "lr": "1e-3",
        "no": "yes",
        "when": "2026-01-01",
        "nothing": "~",
    }
    assert told(found, "serving_config") == {"decision_threshold": "0.8", "replicas": "3"}
    assert told(found, "llm_system") == {"base_model": "acme/large", "retrieval.top_k": "6"}
    assert told(found, "components") == {"gbm": "7"}
    assert told(found, "feature_pipeline") == "f 1.2"


async def test_documents_beside_a_model(tmp_path: Path) -> None:
    """Prompts, cases, cards, importances and metadata are read; the same told twice otherwise is a contradiction."""
    files = {
        "prompts/system.md": "Be kind.\nBe brief.\n",
        "prompts/tools/refund.j2": "{{ x }}",
        "golden/case-1.txt": "approve\n",
        "README.md": "---\nlicense: mit\n---\r\n# Fraud\r\n",
        "importances.json": '{"amount": 0.6}',
        "metadata.json": json.dumps({"owner": "risk@x", "metrics": {"auc": 0.5}, "runtime": {"hardware": "gpu"}}),
        "metrics.json": '{"auc": 0.9, "slices": {"region=hk": 0.7}}',
        "serving.yaml": "decision_threshold: 0.7\n",
        "model.sig": "x",
    }
    found = await read(tmp_path, files)
    assert told(found, "prompts") == {"system": "Be kind.␊Be brief.", "tools/refund": "{{ x }}"}
    assert told(found, "cases") == {"case-1": "approve"}
    assert told(found, "model_card")[-1] == "# Fraud"
    assert told(found, "importances") == {"amount": 0.6}
    assert told(found, "owner") == "risk@x"
    assert told(found, "segment_metrics") == {"region=hk": 0.7}
    assert told(found, "serving_config") == {"decision_threshold": "0.7"}
    assert told(found, "attestations") == ("model.sig is there; not verified",)
    assert isinstance(found.metrics, Contradicted)


async def test_what_is_broken_costs_its_own_field(tmp_path: Path) -> None:
    """Broken, huge, binary, linked, cached and unfollowed files: each is told with its reason, all others are read."""
    clone = Clone.new(tmp_path / "r")
    clone.write(
        {
            "dvc.yaml": "metrics: [metrics.json]\n",
            "dvc.lock": "stages: [\n",
            "params.yaml": "a: *x\n",
            "README.md": b"\0\1\2",
            "requirements.txt": "x" * 1_200_000,
            "serving.yaml": "- [\n",
            "prompts/system.txt": "fine",
            "real.json": "{}",
        }
    )
    (clone.path / "Dockerfile").symlink_to("/etc/passwd")
    (clone.path / "importances.json").symlink_to("real.json")
    clone.commit({})
    found = await read(tmp_path, {}, clone=clone)
    assert "dvc.lock: it is not YAML" in why(found, "artifact")
    assert "dvc.lock" in why(found, "data_snapshots")
    assert why(found, "metrics") == "metrics.json: dvc.yaml lists it and git does not hold it"
    assert why(found, "model_card") == "README.md: it is no text"
    assert why(found, "requirements") == "requirements.txt: it is larger than 1 MiB"
    assert why(found, "base_image") == "Dockerfile: it is a link, which is not followed"
    assert why(found, "importances") == "importances.json: it is a link, which is not followed"
    assert "serving.yaml: it is not YAML" in why(found, "serving_config")
    assert told(found, "prompts") == {"system": "fine"}


@pytest.mark.broad
async def test_parameters_that_refer_to_each_other(tmp_path: Path) -> None:
    """Anchors and merges, as people write them, are followed; a bomb of them is not unfolded."""
    text = "base: &base {depth: 3, rate: 0.1}\nlarge:\n  <<: *base\n  depth: 9\ncopy: *base\n"
    found = await read(tmp_path / "1", {"params.yaml": text})
    assert told(found, "parameters")["large.rate"] == "0.1"
    assert told(found, "parameters")["large.depth"] == "9"
    assert told(found, "parameters")["copy.depth"] == "3"
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "too many values" in why(await read(tmp_path / "2", {"params.yaml": bomb}), "parameters")
    assert "refers to itself" in why(await read(tmp_path / "3", {"params.yaml": "a: &a [*a]\n"}), "parameters")


async def test_hostile_names_and_texts_are_harmless(tmp_path: Path) -> None:
    """Escapes, reversed text, newlines and bytes that are no text, in names and contents, are shown as such."""
    clone = Clone.new(tmp_path / "r")
    hostile = list(HOSTILE_TEXTS)
    files = {
        "params.yaml": json.dumps({text: text for text in hostile}),
        "metrics.json": json.dumps(dict.fromkeys(hostile, 1)),
        "prompts/evil\n\x1b[31m.txt": "\x1b]0;x\x07",
        "data/line\nbreak.csv.dvc": json.dumps({"outs": [{"md5": "\x1b[2J", "path": "line\nbreak\u202e.csv"}]}),
        "README.md": "\n".join(hostile),
    }
    clone.write(files)
    clone.commit({os.fsdecode(b"golden/\xff\xfe.txt"): "yes"})
    found = await read(tmp_path, {}, clone=clone)
    assert told(found, "cases")
    assert told(found, "prompts") == {"evil␊␛[31m": "␛]0;x␇"}
    assert told(found, "data_snapshots")[0].digest == "md5:␛[2J"


@pytest.mark.broad
async def test_a_broken_lock_and_nothing_else(tmp_path: Path) -> None:
    """Documents that are lists, numbers or nothing where objects should be stop nothing."""
    for number, text in enumerate(
        (
            "[]",
            "3",
            "",
            "{stages: 3}",
            "{stages: {train: 3}}",
            '{"schema": "2.0", "stages": {"t": {"deps": 3, "outs": [3, {}], "params": {"p": 3}}}}',
        )
    ):
        files: dict[str, str | bytes] = dict.fromkeys(
            ("dvc.lock", "dvc.yaml", "params.yaml", "metrics.json", "x.dvc", "metadata.json"), text
        )
        assert (await read(tmp_path / str(number), files)).known_fields()
