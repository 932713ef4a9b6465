"""The emulated Hub is one that the real client understands; what it reads there is what we read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.huggingface import registry as huggingface
from modeltui.adapters.huggingface.registry import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.lineage import Known
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from tests.adapters.huggingface.hub import Hub, running_hub
from tests.adapters.huggingface.test_hub import CARD, CONFIG
from tests.servers.clients import HUGGINGFACE, run_python

pytestmark = [pytest.mark.servers, pytest.mark.broad, pytest.mark.timeout(900)]

ASK = """
import json
from huggingface_hub import HfApi, ModelCard, hf_hub_download
api, name = HfApi(), "acme/fraud-text"
refs = api.list_repo_refs(name)
info = api.model_info(name, revision="v1.9", files_metadata=True)
card = ModelCard(open(hf_hub_download(name, "README.md", revision="v1.9")).read())
print(json.dumps({
    "tags": {ref.name: ref.target_commit for ref in refs.tags},
    "branches": [ref.name for ref in refs.branches],
    "commits": [(one.commit_id, one.title, one.authors) for one in api.list_repo_commits(name)],
    "sha": info.sha,
    "files": {one.rfilename: one.lfs.sha256 if one.lfs else None for one in info.siblings},
    "models": [one.id for one in api.list_models(author="acme")],
    "metrics": [(one.metric_type, one.metric_value, one.dataset_config) for one in card.data.eval_results],
    "base": card.data.base_model,
}))
"""


@pytest.fixture(params=[False, True], ids=["resolve", "resolve-cache"])
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A running Hub, in both manners of giving small files."""
    with running_hub() as running:
        running.redirects_files = request.param
        files = {
            "README.md": CARD.replace('"not measured"', "0.8").encode(),
            "config.json": json.dumps(CONFIG).encode(),
            "model.safetensors": b"w",
        }
        fraud = running.new("acme/fraud-text")
        fraud.commit("One", files, large=("model.safetensors",), tag="v1.9")
        fraud.commit("Two", {}, tag="v1.10")
        yield running


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


async def test_the_real_client_and_we_read_the_same(hub: Hub, tmp_path: Path) -> None:
    """Tags, commits, digests, metrics and base model: the official client and our registry agree on all of them."""
    variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    theirs = json.loads(run_python(HUGGINGFACE, program=ASK, variables=variables))
    around = Surroundings(SourceName(SafeText("hub")), SystemClock(), (), _no_secret, tmp_path)
    async with huggingface.connect(Options(url=hub.url, author="acme", commit_is_code=True), around) as registry:
        models = (await registry.read_models()).models
        versions = await registry.read_versions(models[0].name)
        told = await registry.read_provenance(ModelName(SafeText("acme/fraud-text")), VersionId(SafeText("v1.9")))
    assert [model.name for model in models] == theirs["models"]
    assert {version.id for version in versions} == set(theirs["tags"])
    assert isinstance(told.code, Known)
    assert told.code.value.commit == theirs["sha"] == theirs["tags"]["v1.9"]
    assert isinstance(told.files, Known)
    large = {path: f"sha256:{digest}" for path, digest in theirs["files"].items() if digest}
    assert {path: digest for path, digest in told.files.value.items() if digest.startswith("sha256:")} == large
    assert isinstance(told.parents, Known)
    assert told.parents.value == (theirs["base"],)
    assert isinstance(told.metrics, Known)
    assert isinstance(told.segment_metrics, Known)
    ours = sorted([*told.metrics.value.values(), *told.segment_metrics.value.values()])
    assert ours == sorted(value for _, value, _ in theirs["metrics"])
    assert isinstance(told.registered, Known)
    assert [told.registered.value] == theirs["commits"][-1][2]
