"""What `doctor` says of an MLflow."""

from __future__ import annotations

import pytest

from modeltui.adapters._http import BasicAuth
from modeltui.adapters.mlflow.registry import MlflowRegistry
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.names import UNKNOWN, Missing
from modeltui.domain.secret import Secret
from modeltui.ports.probe import Finding, Probe
from modeltui.testing.faults import Reply, html_page, json_reply
from tests.adapters.mlflow.fake import API, FakeMlflow, missing_file, opened


def finding(probe: Probe, name: str) -> Finding:
    return next(finding for finding in probe.findings if finding.name == name)


async def test_healthy_server(registry: MlflowRegistry) -> None:
    """A healthy server: version, latency, counts, no accounts, files within reach."""
    probe = await registry.probe()
    assert probe.version == "3.17.2"
    assert not isinstance(probe.latency_seconds, Missing)
    assert finding(probe, "models").says == "7 models, 12 aliases and stages"
    assert "no accounts" in finding(probe, "account").says
    assert finding(probe, "artifact store").ok is True
    assert all(finding.ok is True for finding in probe.findings)


async def test_what_the_account_may(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """Where the server has accounts, it says who we are and what we may do."""
    user = {"is_basic_auth": True, "user": {"id": 2, "is_admin": False, "username": "ana"}}
    fake.answer(f"{API}users/current", json_reply(user))
    permission = json_reply({"allowed": True, "permission": "READ"})
    fake.answer("/api/3.0/mlflow/users/permissions/get", permission)
    said = finding(await registry.probe(), "account")
    assert said.ok is True
    assert said.says.startswith("signed in as ana, with READ on ")
    user["user"] = {"username": "root", "is_admin": True}
    fake.answer(f"{API}users/current", json_reply(user))
    assert "READ is enough" in finding(await registry.probe(), "account").remedy


async def test_accounts_that_are_not_told_of(fake: FakeMlflow) -> None:
    """MLflow 2 cannot be asked who we are: whether everybody may write is not claimed where credentials are sent."""
    auth = BasicAuth(username="ana", password=Secret("swordfish-1234"))
    async with opened(fake.url, auth=auth) as registry:
        said = finding(await registry.probe(), "account")
    assert said.ok is UNKNOWN
    assert "does not say" in said.says


async def test_missing_credentials(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """Without credentials that the server wants, the probe says so, with latency and clock all the same (T8)."""
    fake.answer_everything_else(html_page(401))
    for path in ("/version", f"{API}registered-models/search"):
        fake.answer(path, html_page(401))
    probe = await registry.probe()
    assert finding(probe, "account").ok is False
    assert "auth" in finding(probe, "account").remedy
    assert finding(probe, "models").ok is False
    assert probe.version is UNKNOWN
    assert not isinstance(probe.latency_seconds, Missing)


@pytest.mark.parametrize(
    ("reply", "ok", "says"),
    [
        (html_page(500), False, "cannot be read"),
        (missing_file("mlflow-3.17.2"), False, "is missing"),
        (Reply(b"x"), True, "can be read"),
    ],
    ids=["500", "404", "200"],
)
async def test_artifact_store(fake: FakeMlflow, registry: MlflowRegistry, reply: Reply, ok: bool, says: str) -> None:
    """The probe tries the files of a version that a pointer means: there, missing, or out of reach."""
    fake.answer("/model-versions/get-artifact", reply)
    said = finding(await registry.probe(), "artifact store")
    assert said.ok is ok
    assert says in said.says
    assert bool(said.remedy) is not ok


@pytest.mark.parametrize("body", [b"1.30.0", b"hello", b"<html>x"])
async def test_odd_versions(fake: FakeMlflow, registry: MlflowRegistry, body: bytes) -> None:
    """A version that is too old is said; whatever else stands at /version is no version."""
    fake.answer("/version", Reply(body, content_type="text/html"))
    probe = await registry.probe()
    assert finding(probe, "version").ok is (False if body.startswith(b"1") else UNKNOWN)


async def test_clock(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """A server whose clock runs an hour ahead is told apart from one that runs right."""
    from email.utils import formatdate
    from time import time

    ahead = Reply(b"3.17.2").with_headers({"Date": formatdate(time() + 3600, usegmt=True)})
    fake.answer("/version", ahead)
    offset = (await registry.probe()).clock_offset_seconds
    assert not isinstance(offset, Missing)
    assert offset == pytest.approx(3600, abs=2)


async def test_empty_registry_hints_at_filters(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """No models at all may be true, or a filter, a workspace or a permission: the probe says where to look."""
    fake.answer(f"{API}registered-models/search", Reply(b"{}"))
    probe = await registry.probe()
    assert "workspace" in finding(probe, "models").remedy
    assert finding(probe, "artifact store").ok is UNKNOWN


async def test_nobody_answers(fake: FakeMlflow) -> None:
    """A server that cannot be reached at all is an error with a remedy, not a list of findings."""
    await fake.refuse()
    async with opened(fake.url) as registry:
        with pytest.raises(BackendUnavailable) as caught:
            await registry.probe()
    assert caught.value.remedy
