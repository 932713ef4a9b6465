"""The adapter against real MLflow servers, 3.x and 2.x: what was written is what is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from modeltui.adapters._http import BasicAuth
from modeltui.adapters.mlflow.registry import MlflowRegistry
from modeltui.domain.errors import BackendRefused
from modeltui.domain.lineage import Known, Unreadable
from modeltui.domain.names import UNKNOWN, Missing
from modeltui.domain.secret import Secret
from modeltui.domain.text import safe_text
from modeltui.testing import registry_contract
from tests.adapters.mlflow.fake import name, number, opened
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_fleet import (
    AGENT,
    CREDIT,
    EMPTY,
    EXTERNAL,
    FRAUD,
    HOSTILE,
    ODD_NAME,
    PROMPT,
    FleetFacts,
)


@pytest.fixture
async def registry(mlflow_fleet: FleetFacts) -> AsyncIterator[MlflowRegistry]:
    """The adapter over each real MLflow in turn, filled with the fleet."""
    async with opened(mlflow_fleet.server.url) as registry:
        yield registry


def value(fact: Any) -> Any:
    assert isinstance(fact, Known), fact
    return fact.value


@pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
async def test_contract(check: registry_contract.Check, registry: MlflowRegistry) -> None:
    """A real MLflow keeps, through the adapter, the promises that every registry gives."""
    await check(registry)


async def test_models_and_pointers(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """Every model with every alias, by case and in unicode, and its stage; no prompt among them; one request."""
    answer = await registry.read_models()
    assert registry._reader.requests_sent == 1
    models = {model.name: model for model in answer.models}
    assert answer.warnings == ()
    assert PROMPT not in models
    for written in mlflow_fleet.models.values():
        model = models[name(written.name)]
        pointers = {pointer.name: pointer.version for pointer in model.pointers}
        stages = {version.stage: version.version for version in written.versions if version.stage != "None"}
        assert pointers == {**written.aliases, **stages}
        expected = number(max(int(version.version) for version in written.versions)) if written.versions else UNKNOWN
        assert model.latest == expected
    assert models[name(FRAUD)].owner == "risk"


@pytest.mark.parametrize("model", [FRAUD, CREDIT, ODD_NAME, EMPTY, EXTERNAL, HOSTILE, AGENT])
async def test_versions(mlflow_fleet: FleetFacts, registry: MlflowRegistry, model: str) -> None:
    """The versions of each model, whatever its name, newest first, without deleted ones."""
    written = mlflow_fleet.model(model)
    versions = await registry.read_versions(name(model))
    assert [version.id for version in versions] == [version.version for version in reversed(written.versions)]
    for version in versions:
        pointing = {alias for alias, target in written.aliases.items() if target == version.id}
        assert pointing <= set(version.pointers)
        assert version.state == "READY"


async def test_provenance(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """What a pipeline wrote into run, LoggedModel, tags and files is told of each version."""
    for written in mlflow_fleet.model(FRAUD).versions:
        sent = registry._reader.requests_sent
        found = await registry.read_provenance(name(FRAUD), number(written.version))
        assert registry._reader.requests_sent - sent <= 8
        assert value(found.run) == written.run_id
        assert value(found.code).commit == written.git_commit
        assert value(found.parameters) == written.params
        overall = {key: entry for key, entry in written.metrics.items() if "_segment_" not in key}
        assert value(found.metrics) == pytest.approx(overall)
        assert value(found.requirements) == tuple(written.files["requirements.txt"].splitlines())
        ticket = written.tags["ticket"]
        assert value(found.tags) == {"started as": "LOCAL", "ticket": ticket, "trained by": "pipeline"}
        for dataset, read in zip(written.datasets, value(found.data_snapshots), strict=False):
            assert (read.name, read.digest, read.rows, read.used_for) == (
                dataset.name,
                dataset.digest,
                dataset.rows,
                dataset.context,
            )
            assert read.uri.startswith(dataset.uri)
        approval = value(found.approvals)[0]
        told = {"approved_by": approval.by, "validation_status": approval.decision, "ticket": approval.comment}
        assert {**told, "data_snapshot": value(found.data_snapshots)[-1].digest} == written.tags
        assert value(found.artifact).is_reachable is True


async def test_run_in_the_trash(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """A version whose run lies in the trash is told whole, with a warning."""
    found = await registry.read_provenance(name(CREDIT), number(1))
    assert value(found.metrics) == {"auc": 0.8}
    assert "deleted" in value(found.tags)["run"]


async def test_files_gone_though_ready(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """A version that says READY and whose files were deleted is not reachable, on 3 (404) as on 2 (500)."""
    version = next(version for version in await registry.read_versions(name(CREDIT)) if version.id == "2")
    found = await registry.read_provenance(name(CREDIT), version.id)
    assert version.state == "READY"
    assert value(found.artifact).is_reachable is False
    assert isinstance(found.requirements, Unreadable)
    assert value(found.metrics) == {"auc": 0.81}


async def test_store_out_of_reach(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """Files in a store that the server cannot reach are unknown, not missing."""
    found = await registry.read_provenance(name(EXTERNAL), number(1))
    assert value(found.artifact).is_reachable is UNKNOWN
    assert value(found.artifact).uri == "s3://vendor-drop.example/ocr/7/"
    assert isinstance(found.signature, Unreadable)


async def test_agent_with_prompts(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """An LLM application tells base model, retriever, guardrails and the text of its prompt."""
    first, second = [await registry.read_provenance(name(AGENT), number(version)) for version in (1, 2)]
    assert value(first.llm_system)["base_model"] == "base-8b-2025-11"
    assert value(second.llm_system)["base_model"] == "base-8b-2026-01"
    assert value(first.prompts)[PROMPT] == mlflow_fleet.prompts[PROMPT][0]
    assert value(second.prompts)[PROMPT] == mlflow_fleet.prompts[PROMPT][1]


async def test_hostile_text(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """Escape sequences in tags, parameters and descriptions arrive tamed, and a password masked."""
    found = await registry.read_provenance(name(HOSTILE), number(1))
    assert value(found.parameters)["password"] == "•••"
    assert value(found.parameters)["note"].startswith("␛[2J")
    assert "hunter2" not in repr(found)


async def test_metrics_that_are_no_numbers(mlflow: MlflowServer) -> None:
    """NaN and infinities that a client logged are shown as such (T14)."""
    client, model = mlflow.client, "adapter-odd-metrics"
    client.create_model(model)
    run_id = client.create_run(client.create_experiment(model), model)
    for key, sent in {"nan": "NaN", "up": "Infinity", "down": "-Infinity"}.items():
        body = {"run_id": run_id, "key": key, "value": sent, "timestamp": 1_768_435_200_000, "step": 0}
        client.call("POST", "runs/log-metric", body)
    version = client.create_version(model, f"{client.run_artifact_uri(run_id)}/model", run_id=run_id)
    async with opened(mlflow.url) as registry:
        metrics = value((await registry.read_provenance(name(model), number(version))).metrics)
    assert {key: repr(entry) for key, entry in metrics.items()} == {"nan": "nan", "up": "inf", "down": "-inf"}


async def test_alias_is_moved_while_we_watch(mlflow: MlflowServer) -> None:
    """An alias that is moved, and one that goes with its version, are seen at the next reading (T13)."""
    client, model = mlflow.client, "adapter-moving"
    client.create_model(model)
    for _ in range(3):
        client.create_version(model, "s3://nowhere.example/x")
    client.set_alias(model, "champion", "1")
    async with opened(mlflow.url) as registry:

        async def pointers() -> dict[str, str]:
            found = next(found for found in (await registry.read_models()).models if found.name == model)
            return {pointer.name: pointer.version for pointer in found.pointers}

        assert await pointers() == {"champion": "1"}
        client.set_alias(model, "champion", "3")
        assert await pointers() == {"champion": "3"}
        client.delete_version(model, "3")
        told = f"{model}: champion points at version 3, which was deleted"
        is_kept = mlflow.major == 2
        # MLflow 2 keeps the alias of a version that it deleted: the operator has to know.
        assert await pointers() == ({"champion": "3"} if is_kept else {})
        assert (told in (await registry.read_models()).warnings) is is_kept
    client.call("DELETE", "registered-models/delete", {"name": model})


async def test_renamed_deleted_and_made_again(mlflow: MlflowServer) -> None:
    """A renamed model has no versions under its old name; one made again starts at 1 with a new time (T20, T21)."""
    client, old, new = mlflow.client, "adapter-before", "adapter-after"
    client.create_model(old)
    client.create_version(old, "s3://nowhere.example/x")
    async with opened(mlflow.url) as registry:
        before = (await registry.read_versions(name(old)))[0]
        client.call("POST", "registered-models/rename", {"name": old, "new_name": new})
        assert await registry.read_versions(name(old)) == ()
        assert len(await registry.read_versions(name(new))) == 1
        with pytest.raises(BackendRefused):
            await registry.read_provenance(name(old), number(1))
        client.call("DELETE", "registered-models/delete", {"name": new})
        client.create_model(old)
        client.create_version(old, "s3://nowhere.example/x")
        again = (await registry.read_versions(name(old)))[0]
    assert again.id == before.id == "1"
    assert not isinstance(again.created_at, Missing)
    assert not isinstance(before.created_at, Missing)
    assert again.created_at > before.created_at


@pytest.mark.parametrize("raw", ["both ' and \"", "it's", 'say "yes"', "back\\slash", "50 %25", "x' OR name LIKE '%"])
async def test_names_with_quotes(mlflow: MlflowServer, raw: str) -> None:
    """Versions of a model are found whatever quotes, per cent and backslashes its name has (T15)."""
    model = f"adapter {raw}"
    mlflow.client.create_model(model)
    mlflow.client.create_version(model, "s3://nowhere.example/x")
    async with opened(mlflow.url) as registry:
        assert [version.id for version in await registry.read_versions(name(model))] == ["1"]
        assert (await registry.read_provenance(name(model), number(1))).known_fields()


async def test_versions_on_several_pages(mlflow_fleet: FleetFacts) -> None:
    """A small page size changes nothing but the number of requests."""
    async with opened(mlflow_fleet.server.url, page_size=3) as registry:
        versions = await registry.read_versions(name(FRAUD))
        assert [version.id for version in versions] == ["11", "10", "9", "8", "7", "6", "4", "3", "2", "1"]
        models = (await registry.read_models()).models
        assert set(mlflow_fleet.models) <= {model.name for model in models}


async def test_probe(mlflow_fleet: FleetFacts, registry: MlflowRegistry) -> None:
    """The probe names the version, sees the right clock, and that nobody asks for credentials."""
    probe = await registry.probe()
    assert str(probe.version).startswith(f"{mlflow_fleet.server.major}.")
    assert not isinstance(probe.clock_offset_seconds, Missing)
    assert abs(probe.clock_offset_seconds) < 2
    assert any("no accounts" in finding.says for finding in probe.findings)


async def test_basic_auth(mlflow3_auth: MlflowServer) -> None:
    """With accounts: nothing without a password, all with READ, and the probe says who we are and what we may."""
    client, model = mlflow3_auth.client, "adapter-auth"
    client.create_model(model)
    client.create_version(model, "s3://nowhere.example/x")
    client.set_alias(model, "champion", "1")
    client.call("POST", "users/create", {"username": "watcher", "password": "a long password"})
    async with opened(mlflow3_auth.url) as registry:
        with pytest.raises(BackendRefused) as caught:
            await registry.read_models()
        assert "auth" in caught.value.remedy
        findings = {finding.name: finding for finding in (await registry.probe()).findings}
        assert findings[safe_text("account")].ok is False
    watcher = BasicAuth(username="watcher", password=Secret("a long password"))
    async with opened(mlflow3_auth.url, auth=watcher) as registry:
        models = (await registry.read_models()).models
        assert [(found.name, found.latest) for found in models] == [(model, "1")]
        assert (await registry.read_provenance(name(model), number(1))).known_fields()
        findings = {finding.name: finding for finding in (await registry.probe()).findings}
        assert findings[safe_text("account")].says.startswith("signed in as watcher, with READ")
    admin = BasicAuth(username=mlflow3_auth.username or "", password=Secret(mlflow3_auth.password or ""))
    async with opened(mlflow3_auth.url, auth=admin) as registry:
        account = next(finding for finding in (await registry.probe()).findings if finding.name == "account")
        assert "administrator" in account.says
    wrong = BasicAuth(username="watcher", password=Secret("wrong"))
    async with opened(mlflow3_auth.url, auth=wrong) as registry:
        with pytest.raises(BackendRefused, match="wants other credentials") as refused:
            await registry.read_models()
    assert "wrong" not in refused.value.title + refused.value.remedy.replace("is wrong", "")
