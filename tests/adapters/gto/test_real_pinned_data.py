"""Data that `dvc dataset` pins and metrics that DVC keeps, as DVC itself writes them down."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from modeltui.adapters._documents.yaml_text import parse_yaml
from modeltui.adapters.gto.datasets import datasets_in
from modeltui.domain.lineage import Known, Provenance, Unreadable
from tests.adapters.gto.opening import model, opened, version
from tests.servers.clients import python_of
from tests.servers.git import Clone, bare
from tests.servers.gto_dvc import GTO_DVC, Workbench

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

SCRIPT = 'import json\nopen("model.pkl", "w").write("m")\njson.dump({"auc": 0.9}, open("metrics.json", "w"))\n'
PIPELINE = """
stages:
  train:
    cmd: python3 train.py
    deps: [ds://payments, train.py]
    outs: [model.pkl]
    metrics: [metrics.json]
"""
LOCKED = """
import json, sys
from dvc.repo.datasets import DatachainDatasetLock, URLDatasetLock
chain = {"name": "chats", "url": "dc://chats", "type": "dc", "version": 3, "created_at": "2026-01-15T02:00:00+00:00"}
files = [{"relpath": name, "meta": {"size": 1, "etag": name, "version_id": "v" + name}} for name in ("b", "a")]
rows = {"name": "rows", "url": "s3://bucket/rows", "type": "url", "meta": {"isdir": True, "size": 2, "nfiles": 2}}
json.dump([DatachainDatasetLock.from_dict(chain).to_dict(),
           URLDatasetLock.from_dict({**rows, "files": files}).to_dict()], sys.stdout)
"""


async def read(remote: Path, folder: Path, name: str) -> Provenance:
    """What is told of a version."""
    async with opened(f"file://{remote}", folder) as registry:
        return await registry.read_provenance(model("fraud"), version(name))


async def test_what_dvc_pins_is_the_data_that_the_version_was_trained_on(tmp_path: Path) -> None:
    """The state in `dvc.lock` is told; pinned anew and trained again, it is another; cached metrics say where they are.

    What `dvc metrics show` prints in the clone is in DVC's cache: without that nobody can read it, and nothing claims
    that there is none.
    """
    source = Workbench(Clone.new(tmp_path / "source"), tmp_path / "home")
    source.dvc("init", "--quiet")
    source.clone.write({"data/rows.csv": "amount\n1\n"})
    source.dvc("add", "--quiet", "data/rows.csv")
    first = source.clone.commit({}, "One")
    remote = bare(tmp_path / "models.git")
    bench = Workbench(Clone.of(remote, tmp_path / "work"), tmp_path / "home")
    bench.dvc("init", "--quiet")
    bench.clone.write({"train.py": SCRIPT, "dvc.yaml": PIPELINE})
    bench.dvc("dataset", "add", "payments", "--dvc", str(source.clone.path), "--path", "data/rows.csv")
    bench.dvc("repro")
    bench.clone.commit({}, "Train")
    bench.gto("register", "fraud", "--version", "v1.0.0")
    source.clone.write({"data/rows.csv": "amount\n2\n"})
    source.dvc("add", "--quiet", "data/rows.csv")
    second = source.clone.commit({}, "Two")
    bench.dvc("dataset", "update", "payments")
    bench.dvc("repro")
    bench.clone.commit({}, "Train again")
    bench.gto("register", "fraud", "--version", "v2.0.0")
    bench.clone.push()
    assert bench.dvc_says("metrics", "show")[""]["data"]["metrics.json"]["data"] == {"auc": 0.9}
    for name, commit in (("v1.0.0", first), ("v2.0.0", second)):
        found = await read(remote, tmp_path, name)
        assert isinstance(found.data_snapshots, Known)
        (data,) = found.data_snapshots.value
        assert (data.name, data.digest) == ("payments", f"git:{commit}")
        assert isinstance(found.metrics, Unreadable)
        assert found.metrics.reason.startswith("metrics.json: DVC keeps it in its cache (md5:")


def test_the_other_kinds_of_data_sets_are_read_as_dvc_writes_them() -> None:
    """DataChain and buckets need a cloud: DVC's own classes write down what it would note of them."""
    done = subprocess.run([str(python_of(GTO_DVC)), "-c", LOCKED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    chats, rows = datasets_in(parse_yaml(json.dumps({"datasets": json.loads(done.stdout)})))
    assert (chats.path, chats.digest, chats.facts["uri"]) == ("ds://chats", "version:3", "dc://chats@v3")
    assert (rows.path, rows.size_bytes, rows.files) == ("ds://rows", 2, 2)
    assert rows.digest.startswith("objects-sha256:")
