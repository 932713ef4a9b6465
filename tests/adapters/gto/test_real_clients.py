"""What GTO and DVC write into a clone and push, our adapter reads from the remote; what they say of it, it says too."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import Missing
from modeltui.domain.version import Model, Version
from tests.adapters.gto.opening import model, opened, version
from tests.servers.git import Clone, bare, daemon
from tests.servers.gto_dvc import Workbench

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

SCRIPT = """
import hashlib, json, pathlib, sys
parameters = pathlib.Path("params.yaml").read_text()
rows = pathlib.Path("data/transactions.csv").read_text()
made = hashlib.sha256((parameters + rows).encode()).hexdigest()
pathlib.Path("model.pkl").write_text(made)
auc = int(made[:4], 16) / 65536
metrics = {"auc": auc, "train": {"loss": 1 - auc, "steps": 10}, "segments": {"region": {"hk": {"auc": auc / 2}}}}
pathlib.Path("metrics.json").write_text(json.dumps(metrics))
"""
PIPELINE = """
stages:
  train:
    cmd: python3 src/train.py
    deps:
      - data/transactions.csv
      - src/train.py
    params:
      - learning_rate
      - tree
    outs:
      - model.pkl
metrics:
  - metrics.json
artifacts:
  fraud:
    path: model.pkl
    type: model
    desc: Scores payments
    labels: [tabular, batch]
    meta: {owner: risk@example.com}
"""
PARAMETERS = "learning_rate: {rate}\ntree:\n  leaves: {leaves}\n  objective: binary\nseed: 7\nunused: {unused}\n"
ROWS = "amount,fraud\n1.5,0\n"


@dataclass
class Worked:
    """What was made, and by whom."""

    bench: Workbench
    remote: Path


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """A repository in which two people registered, assigned, took back and rolled back, pushed to a bare remote."""
    home = tmp_path_factory.mktemp("gto")
    remote = bare(home / "models.git")
    ada = Workbench(Clone.of(remote, home / "ada"), home)
    ada.clone.write({"src/train.py": SCRIPT, "params.yaml": PARAMETERS.format(rate=0.1, leaves=31, unused=1)})
    ada.clone.write({"dvc.yaml": PIPELINE, "data/transactions.csv": ROWS, "requirements.txt": "lightgbm==4.5.0\n"})
    ada.dvc("init", "--quiet")
    ada.dvc("add", "data/transactions.csv")
    ada.dvc("repro")
    ada.clone.commit({}, "Train")
    ada.gto("register", "fraud", "--version", "v1.0.0", "-m", "The first")
    ada.gto("assign", "fraud", "--version", "v1.0.0", "--stage", "prod", "-m", "All segments are good")
    ada.clone.commit({"params.yaml": PARAMETERS.format(rate=0.05, leaves=63, unused=2)}, "Fewer, larger steps")
    ada.clone.write({"data/transactions.csv": ROWS + "2.5,1\n"})
    ada.dvc("add", "data/transactions.csv")
    ada.dvc("repro")
    ada.clone.commit({}, "Train again")
    ada.gto("register", "fraud", "--bump-minor")
    ada.gto("assign", "fraud", "--version", "v1.1.0", "--stage", "prod")
    ada.gto("assign", "fraud", "--version", "v1.1.0", "--stage", "staging")
    ada.gto("deprecate", "fraud", "v1.1.0", "staging")
    ada.clone.commit({"note": "x"}, "A mistake")
    ada.gto("register", "fraud", "--version", "v2.0.0")
    ada.gto("deprecate", "fraud", "v2.0.0")
    ada.gto("register", "credit:score", "--version", "v0.1.0")
    ada.gto("assign", "credit:score", "--version", "v0.1.0", "--stage", "prod")
    ada.gto("register", "old", "--version", "v1.0.0")
    ada.gto("deprecate", "old")
    ada.gto("assign", "fraud", "--version", "v1.0.0", "--stage", "prod", "--force", "-m", "Back: micro merchants")
    ada.clone.push()
    return Worked(ada, remote)


def told(provenance: Provenance, field: str) -> Any:
    """The value of a field that must be known."""
    fact = getattr(provenance, field)
    assert isinstance(fact, Known), (field, fact)
    return fact.value


def stages(found: Model) -> dict[str, str]:
    """What each stage means."""
    return {str(pointer.name): str(pointer.version) for pointer in found.pointers}


async def test_models_and_stages_are_those_of_gto(worked: Worked, tmp_path: Path) -> None:
    """Read from the remote: the same models, latest versions and stages as `gto show` tells in the clone (T29)."""
    shown = worked.bench.gto_says("show")
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        models = (await registry.read_models()).models
    ours = {str(one.name): (str(one.latest), stages(one)) for one in models}
    theirs = {
        name: (one["version"], {stage: told for stage, told in one["stage"].items() if told})
        for name, one in shown.items()
    }
    assert ours == theirs
    assert ours["fraud"] == ("v1.1.0", {"prod": "v1.0.0"})
    assert ours["credit:score"] == ("v0.1.0", {"prod": "v0.1.0"})
    assert "old" not in ours


async def test_versions_are_those_of_gto(worked: Worked, tmp_path: Path) -> None:
    """Who registered which version at which commit, when and why, is what `gto show NAME` tells."""
    shown = worked.bench.gto_says("show", "fraud")
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        versions = await registry.read_versions(model("fraud"))
    assert {str(one.id) for one in versions} == {one["version"] for one in shown} == {"v1.0.0", "v1.1.0"}
    by_id: dict[str, Version] = {str(one.id): one for one in versions}
    for theirs in shown:
        ours = by_id[theirs["version"]]
        assert ours.created_by == f"{theirs['author']} <{theirs['author_email']}>"
        assert {str(name): str(value) for name, value in ours.tags}["commit"] == theirs["commit_hexsha"]
        assert set(ours.pointers) <= {one["stage"] for one in theirs["stages"]}
    assert by_id["v1.0.0"].description == "The first"


async def test_history_is_that_of_gto(worked: Worked, tmp_path: Path) -> None:
    """Every stage that a version was given, or lost, with the time and the person, as `gto history` tells."""
    history = worked.bench.gto_says("history", "fraud")
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        approvals = [
            (one, approval)
            for one in ("v1.0.0", "v1.1.0")
            for approval in told(await registry.read_provenance(model("fraud"), version(one)), "approvals")
        ]
    words = {"assignment": "assigned to", "unassignment": "taken from"}
    theirs = sorted(
        (one["version"], f"{words[one['event']]} {one['stage']}", one["author"]) for one in history if one["stage"]
    )
    assert sorted((one, str(a.decision), str(a.by).partition(" <")[0]) for one, a in approvals) == theirs
    assert len(theirs) == 5
    assert [str(a.comment) for _, a in approvals if not isinstance(a.comment, Missing)] == [
        "All segments are good",
        "Back: micro merchants",
    ]


async def test_parameters_differ_as_dvc_tells(worked: Worked, tmp_path: Path) -> None:
    """The parameters that differ between two versions are those of `dvc params diff`, with the same values."""
    theirs = worked.bench.dvc_says("params", "diff", "--all", "fraud@v1.0.0", "fraud@v1.1.0")["params.yaml"]
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        a, b = [
            {
                str(name): str(value)
                for name, value in told(
                    await registry.read_provenance(model("fraud"), version(one)), "parameters"
                ).items()
                if not name.startswith("stage.")
            }
            for one in ("v1.0.0", "v1.1.0")
        ]
    assert {name: (str(one["old"]), str(one["new"])) for name, one in theirs.items()} == {
        name: (a[name], b[name]) for name in a
    }
    assert {name for name, one in theirs.items() if one["old"] != one["new"]} == {
        "learning_rate",
        "tree.leaves",
        "unused",
    }


async def test_metrics_differ_as_dvc_tells(worked: Worked, tmp_path: Path) -> None:
    """Metrics, nested and of segments, are those of `dvc metrics diff`."""
    theirs = worked.bench.dvc_says("metrics", "diff", "--all", "fraud@v1.0.0", "fraud@v1.1.0")["metrics.json"]
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        read = [await registry.read_provenance(model("fraud"), version(one)) for one in ("v1.0.0", "v1.1.0")]
    for side, one in zip(("old", "new"), read, strict=True):
        values = {str(name): value for name, value in told(one, "metrics").items()}
        values["segments.region.hk.auc"] = told(one, "segment_metrics")["auc/region=hk"]
        assert values.keys() == theirs.keys()
        for name, value in values.items():
            assert math.isclose(value, theirs[name][side], rel_tol=1e-9), name


async def test_data_and_bytes_are_what_dvc_wrote_down(worked: Worked, tmp_path: Path) -> None:
    """Digests of data and model are those in DVC's own files, of data once, though two files tell it."""
    clone = worked.bench.clone
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        found = await registry.read_provenance(model("fraud"), version("v1.1.0"))
    lock = clone.git("show", "fraud@v1.1.0:dvc.lock")
    (snapshot,) = told(found, "data_snapshots")
    assert snapshot.name == "transactions"
    assert snapshot.digest.removeprefix("md5:") in lock
    artifact = told(found, "artifact")
    assert artifact.digest.removeprefix("md5:") in lock
    assert artifact.digest != snapshot.digest
    assert told(found, "owner") == "risk@example.com"
    assert told(found, "code").commit == clone.git("rev-parse", "fraud@v1.1.0^{commit}")
    diff = worked.bench.dvc_says("diff", "fraud@v1.0.0", "fraud@v1.1.0")
    assert {one["path"] for one in diff["modified"]} >= {"data/transactions.csv", "model.pkl"}


async def test_a_push_that_lost_a_race_is_not_seen(worked: Worked, tmp_path: Path) -> None:
    """Two people give a stage at one moment: the second push is refused, and only the first stage counts (T30)."""
    home = tmp_path / "home"
    home.mkdir()
    one = Workbench(Clone.of(worked.remote, tmp_path / "one", "Ben Bitdiddle"), home)
    two = Workbench(Clone.of(worked.remote, tmp_path / "two", "Eva Lu"), home)
    for bench, chosen in ((one, "v1.0.0"), (two, "v1.1.0")):
        bench.clone.git("fetch", "--quiet", "--tags")
        bench.gto("assign", "fraud", "--version", chosen, "--stage", "canary")
    assert one.clone.git("tag", "--list", "fraud#canary*") == two.clone.git("tag", "--list", "fraud#canary*")
    one.clone.git("push", "--quiet", "origin", "--tags")
    with pytest.raises(AssertionError, match="already exists"):
        two.clone.git("push", "origin", "--tags")
    async with opened(f"file://{worked.remote}", tmp_path) as registry:
        found = {one.name: one for one in (await registry.read_models()).models}
    assert stages(found[model("fraud")])["canary"] == "v1.0.0"
    one.clone.git("push", "--quiet", "origin", "--delete", *one.clone.git("tag", "--list", "fraud#canary*").split())


async def test_the_same_is_read_over_the_network(worked: Worked, tmp_path: Path) -> None:
    """A remote that speaks git's own protocol tells what the same one tells as a folder."""
    with daemon(worked.remote.parent) as address:
        async with (
            opened(f"{address}/{worked.remote.name}", tmp_path) as remote,
            opened(worked.remote, tmp_path) as here,
        ):
            over_network, from_disk = await remote.read_models(), await here.read_models()
            a = await remote.read_provenance(model("fraud"), version("v1.1.0"))
            b = await here.read_provenance(model("fraud"), version("v1.1.0"))
    assert over_network == from_disk
    for field in ("parameters", "metrics", "data_snapshots", "artifact", "requirements", "approvals"):
        assert told(a, field) == told(b, field)


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_of_tags_means_what_gto_says(seed: int, tmp_path: Path) -> None:
    """Whatever people register, give, take back and deprecate, in whatever order: the same as `gto show` tells."""
    chance = random.Random(seed)
    clone = Clone.new(tmp_path / "r")
    commits = [clone.commit({"f": str(number)}) for number in range(12)]
    for tag, commit in any_tags(chance, commits):
        clone.git("tag", "--annotate", "--message", "x", tag, commit)
    shown = Workbench(clone, tmp_path).gto_says("show")
    async with opened(clone.path, tmp_path) as registry:
        ours = {str(one.name): (str(one.latest), stages(one)) for one in (await registry.read_models()).models}
    theirs = {
        name: (one["version"], {stage: told for stage, told in one["stage"].items() if told})
        for name, one in shown.items()
        if one["version"]
    }
    assert ours == theirs
    assert theirs


def any_tags(chance: random.Random, commits: list[str]) -> Iterator[tuple[str, str]]:
    """Tags in an order that GTO's own commands could have made: one version a commit, each tag once."""
    registered: dict[str, list[tuple[str, str]]] = {}
    made: set[str] = set()
    counter = 0
    for _ in range(90):
        name = chance.choice(["fraud", "dir=credit", "score"])
        versions = registered.setdefault(name, [])
        counter += 1
        what = chance.choice(["register", "assign", "assign", "assign", "unassign", "deregister", "deprecate"])
        if what == "register" or not versions:
            free = [commit for commit in commits if commit not in [one for _, one in versions]]
            if not free:
                continue
            version, commit = f"v{chance.randrange(3)}.{chance.randrange(12)}.{len(versions)}", chance.choice(free)
            versions.append((version, commit))
            tag = f"{name}@{version}"
        else:
            version, commit = chance.choice(versions)
            stage = chance.choice(["prod", "staging"])
            tag = {
                "assign": f"{name}#{stage}#{counter}",
                "unassign": f"{name}#{stage}!#{counter}",
                "deregister": f"{name}@{version}!",
                "deprecate": f"{name}@deprecated#{counter}",
            }[what]
            if what == "deprecate" and chance.random() < 0.7:
                continue
        if tag not in made:
            made.add(tag)
            yield tag, commit
