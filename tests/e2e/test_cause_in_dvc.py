"""Models trained in stages of DVC itself and registered by GTO itself, pushed to a remote: the cause is named first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.comparing import compared, fields
from tests.e2e.stage import write_config
from tests.servers.dvc_training import CHANGES, project, write_payments
from tests.servers.git import Clone, bare
from tests.servers.gto_dvc import Workbench

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

CAUSES: dict[str, tuple[str, ...]] = {
    "data": ("data.payments",),
    "feature": ("features.", "artifact.signature"),
    "parameter": ("parameters.train.rate",),
    "library": ("environment.pandas",),
    "threshold": ("serving.",),
    "segment": ("query",),
}
"""By what was changed: how the field of the first suspect begins."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A remote with a first version and one for each change, and the configuration that names it."""
    home = tmp_path_factory.mktemp("dvc")
    bench = Workbench(Clone.of(bare(home / "fraud.git"), home / "fraud"), home)
    clone, payments = bench.clone, bench.clone.path / "data" / "payments.sqlite"
    bench.dvc("init")
    clone.write(project())
    write_payments(payments, 400, seed=1)
    first = _trained(bench, "Train", "v1.0.0")
    for number, (change, files) in enumerate(CHANGES.items(), 1):
        clone.git("checkout", "--quiet", "-B", "main", first)
        bench.dvc("checkout", "--force")
        clone.write(files)
        if change == "data":
            write_payments(payments, 520, seed=2)
        _trained(bench, f"Change the {change}", f"v1.{number}.0")
    clone.push("--force")
    sources = {"models": {"kind": "gto", "repository": f"file://{home}/fraud.git"}}
    return write_config(home, {"team": {"sources": sources}})


def _trained(bench: Workbench, why: str, version: str) -> str:
    """The commit of a version that was trained and registered now."""
    bench.dvc("add", "data/payments.sqlite")
    bench.dvc("repro")
    commit = bench.clone.commit({}, why)
    bench.gto("register", "fraud", "--version", version, "-m", why)
    return commit


@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_changed_is_the_first_suspect(config: Path, change: str) -> None:
    """One thing was changed and the model trained again: that thing is looked at first, not what followed from it."""
    version = f"v1.{list(CHANGES).index(change) + 1}.0"
    found = await compared(config, "fraud", "v1.0.0", version)
    harmed = ("merchant_size=micro",) if change == "segment" else ()
    suspects = found.suspects(*harmed)
    assert suspects
    assert suspects[0].field.startswith(CAUSES[change]), fields(suspects)
    if change not in ("library", "threshold"):
        assert {"artifact.digest", "metrics.accuracy"} & found.different()


async def test_what_was_not_changed_does_not_differ(config: Path) -> None:
    """Another parameter gives other bytes and metrics: data, query, features and packages are the same."""
    found = await compared(config, "fraud", "v1.0.0", "v1.3.0")
    assert not {field for field in found.different() if field.startswith(("data.", "query", "features", "environment"))}
