"""Aliases of MLflow are moved on what was seen, under a claim, and looked at again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters._http import BasicAuth, BearerAuth
from modeltui.adapters.mlflow import writing_promise
from modeltui.adapters.mlflow.options import Options
from modeltui.adapters.mlflow.rollout_writer import MlflowRolloutWriter
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import CheckResult, Desired, Guarantee
from modeltui.domain.errors import BackendRefused, OutcomeUnknown, RevisionConflict
from modeltui.domain.names import ModelName, TargetKey, VersionId
from modeltui.domain.rollout import Role
from modeltui.domain.secret import Secret
from modeltui.domain.text import safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.rollout_writer import Trace
from modeltui.testing import writer_contract
from modeltui.testing.writer_contract import WriterCase, abort_of, plan_of, promotion_of, rollback_to, write_of
from tests.adapters.mlflow.alias_server import AliasServer
from tests.adapters.mlflow.fake import SOURCE, no_secret
from tests.adapters.mlflow.writing import PROD, QUICK, alias_policy, writing
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_client import MlflowClient

# Real sockets, and looks that settle.
pytestmark = pytest.mark.broad


PATIENT = replace(QUICK, quick_seconds=30.0, begin_seconds=60.0, before_seconds=90.0, whole_seconds=120.0)
"""For servers that take their time."""


def number(text: str | int) -> VersionId:
    return VersionId(safe_text(str(text)))


def target(model: str) -> TargetKey:
    return TargetKey(ModelName(safe_text(model)), PROD)


@pytest.fixture
async def server() -> AsyncIterator[AliasServer]:
    """A server that keeps aliases: 3 serves, 4 is on its way, 1 and 2 have been."""
    async with AliasServer() as started:
        started.put("fraud", 4, champion="3", challenger="4")
        yield started


@pytest.fixture
async def writer(server: AliasServer) -> AsyncIterator[MlflowRolloutWriter]:
    async with writing(server.url) as opened:
        yield opened


@pytest.fixture
def case(server: AliasServer, writer: MlflowRolloutWriter) -> WriterCase:
    async def others(version: VersionId) -> None:
        server.models["fraud"].aliases["champion"] = str(version)

    return WriterCase(writer, SystemClock(), target("fraud"), number(2), others)


@pytest.mark.parametrize("check", writer_contract.CHECKS, ids=writer_contract.name_of)
async def test_contract(check: writer_contract.Check, case: WriterCase) -> None:
    """Aliases keep, through the adapter, the promises that every writer gives."""
    await check(case)


def aliases(server: AliasServer) -> dict[str, str]:
    return dict(server.models["fraud"].aliases)


def written(server: AliasServer) -> list[tuple[str, str]]:
    return [(effect.alias, effect.version) for effect in server.effects]


async def test_one_request_per_write(server: AliasServer, case: WriterCase) -> None:
    """A promotion sets one alias once, claims and signs it by tags, and deletes nothing."""
    seen = await case.writer.read(case.target)
    write = write_of(case, seen, promotion_of(seen), "alice: better")
    await case.writer.apply(write)
    assert written(server) == [("champion", "4")]
    assert {request.method for request in server.requests} == {"GET", "POST"}
    tags = server.models["fraud"].tags
    assert tags["modeltui.action_id"] == write.key
    assert json.loads(tags["modeltui.lock"]) == {"key": write.key, "by": "", "until": 0.0}


async def test_an_abort_points_the_candidate_at_stable(server: AliasServer, case: WriterCase) -> None:
    """The candidate's alias is never deleted: it comes to mean the version that serves."""
    seen = await case.writer.read(case.target)
    await case.writer.apply(write_of(case, seen, abort_of(seen)))
    assert aliases(server) == {"champion": "3", "challenger": "3"}


async def test_a_rollback_takes_the_candidate_along_stable_first(server: AliasServer, case: WriterCase) -> None:
    """When a rollback leaves no candidate, stable moves first, for that ends the harm."""
    seen = await case.writer.read(case.target)
    await case.writer.apply(write_of(case, seen, rollback_to(number(2))))
    assert written(server) == [("champion", "2"), ("challenger", "2")]


async def test_a_rollback_that_keeps_the_candidate_is_one_request(server: AliasServer, case: WriterCase) -> None:
    """A candidate that is to stay is left alone."""
    seen = await case.writer.read(case.target)
    await case.writer.apply(write_of(case, seen, Desired(((number(2), 1.0),), number(2), number(4))))
    assert written(server) == [("champion", "2")]


async def test_a_model_made_again_is_another_one(server: AliasServer, case: WriterCase) -> None:
    """Deleted and registered again with the same aliases, the model is not taken for the one that was seen (T21)."""
    seen = await case.writer.read(case.target)
    server.models["fraud"].made += 1
    with pytest.raises(RevisionConflict):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))
    assert written(server) == []


async def test_who_is_busy_is_named_and_an_abort_does_not_wait(server: AliasServer, case: WriterCase) -> None:
    """Another operator's claim stops a promotion, with that operator's name; an abort goes ahead."""
    seen = await case.writer.read(case.target)
    lock = {"key": "other/0", "by": "bob: error", "until": SystemClock().now() + 5}
    server.models["fraud"].tags["modeltui.lock"] = json.dumps(lock)
    with pytest.raises(RevisionConflict, match="is being changed by bob: error"):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))
    assert written(server) == []
    checks = await case.writer.prepare(plan_of(case, seen, promotion_of(seen)))
    assert [(c.result, c.says) for c in checks if c.name == "busy"] == [
        (CheckResult.WARN, "bob: error is changing it right now")
    ]
    await case.writer.apply(write_of(case, seen, abort_of(seen)))
    assert written(server) == [("challenger", "3")]


@pytest.mark.parametrize(
    "claim",
    [
        "not ours",
        '{"key": 7}',
        '{"key": "k/0", "by": "bob", "until": 1.0}',
        '{"key": "k/0", "by": "bob", "until": 1e300}',
        "[" * 3000,
    ],
    ids=["text", "odd", "run out", "for ever", "huge"],
)
async def test_a_claim_that_cannot_be_meant_stops_nobody(server: AliasServer, case: WriterCase, claim: str) -> None:
    """A tag that anybody can write must not keep an operator from the way back."""
    server.models["fraud"].tags["modeltui.lock"] = claim
    seen = await case.writer.read(case.target)
    await case.writer.apply(write_of(case, seen, promotion_of(seen)))
    assert written(server) == [("champion", "4")]


async def test_a_claim_that_is_taken_over_ends_the_write(server: AliasServer, case: WriterCase) -> None:
    """Claimed by somebody else between our claim and our second look: nothing is written."""
    seen = await case.writer.read(case.target)
    server.after("registered-models/set-tag", lambda: _claimed_by_bob(server))
    with pytest.raises(RevisionConflict, match="bob"):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))
    assert written(server) == []


def _claimed_by_bob(server: AliasServer) -> None:
    lock = {"key": "other/0", "by": "bob", "until": SystemClock().now() + 5}
    server.models["fraud"].tags["modeltui.lock"] = json.dumps(lock)


async def test_who_writes_after_us_is_noticed(server: AliasServer, case: WriterCase) -> None:
    """Somebody outside who moves the alias right after our write is told (T18); nothing is redone."""
    seen = await case.writer.read(case.target)
    server.after("registered-models/alias", lambda: server.models["fraud"].aliases.update(champion="1"))
    write = write_of(case, seen, promotion_of(seen))
    with pytest.raises(OutcomeUnknown, match="champion=1 challenger=4"):
        await case.writer.apply(write)
    assert written(server) == [("champion", "4")]
    assert await case.writer.trace(write) is Trace.APPLIED
    with pytest.raises(RevisionConflict, match="has moved since"):
        await case.writer.apply(write)
    assert written(server) == [("champion", "4")]


async def test_an_abort_that_crosses_a_promotion_is_noticed(server: AliasServer, case: WriterCase) -> None:
    """The candidate was taken out by somebody outside while we promoted it: said loudly."""
    seen = await case.writer.read(case.target)
    server.after("registered-models/alias", lambda: server.models["fraud"].aliases.update(challenger="3"))
    with pytest.raises(OutcomeUnknown, match="champion=4 challenger=3"):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))


async def test_an_alias_that_is_deleted_after_us_is_noticed(server: AliasServer, case: WriterCase) -> None:
    """Somebody deletes the alias that we have just set: said, not taken for a success."""
    seen = await case.writer.read(case.target)
    server.after("registered-models/alias", lambda: server.models["fraud"].aliases.pop("champion"))
    with pytest.raises(OutcomeUnknown, match="champion=-"):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))


async def test_half_done_is_unknown(server: AliasServer, case: WriterCase) -> None:
    """Of two aliases the second is refused: not called refused, for the first has moved."""
    seen = await case.writer.read(case.target)
    write = write_of(case, seen, rollback_to(number(2)))
    server.refuse_alias = "challenger"
    with pytest.raises(OutcomeUnknown, match=r"half changed: champion=2 was accepted, then: .*403"):
        await case.writer.apply(write)
    assert aliases(server) == {"champion": "2", "challenger": "4"}
    assert await case.writer.trace(write) is Trace.CANNOT_TELL


async def test_refused_by_the_server_leaves_no_claim(server: AliasServer, case: WriterCase) -> None:
    """Forbidden: nothing was changed, the remedy names the permission, and the model is free again."""
    seen = await case.writer.read(case.target)
    server.refuse_alias = "champion"
    write = write_of(case, seen, promotion_of(seen))
    with pytest.raises(BackendRefused) as caught:
        await case.writer.apply(write)
    assert "write permission" in caught.value.remedy
    assert json.loads(server.models["fraud"].tags["modeltui.lock"])["until"] == 0.0
    assert await case.writer.trace(write) is Trace.NOT_APPLIED


async def test_a_web_page_is_no_acceptance(server: AliasServer, case: WriterCase) -> None:
    """A sign-in page with status 200 in answer to the write proves nothing either way."""
    seen = await case.writer.read(case.target)
    server.page_for_alias = True
    with pytest.raises(OutcomeUnknown, match="web page"):
        await case.writer.apply(write_of(case, seen, promotion_of(seen)))


async def test_another_process_finds_the_truth(server: AliasServer, case: WriterCase) -> None:
    """After a restart nothing is remembered here: tag, claim and aliases tell what happened."""
    seen = await case.writer.read(case.target)
    write = write_of(case, seen, promotion_of(seen))
    tags = server.models["fraud"].tags
    async with writing(server.url) as later:
        assert await later.trace(write) is Trace.AS_BEFORE
        tags["modeltui.lock"] = json.dumps({"key": write.key, "by": "me", "until": SystemClock().now() + 4})
        assert await later.trace(write) is Trace.CANNOT_TELL, "claimed just now: it may still arrive"
        tags["modeltui.lock"] = json.dumps({"key": write.key, "by": "me", "until": SystemClock().now() - 1})
        assert await later.trace(write) is Trace.AS_BEFORE
        server.models["fraud"].aliases["champion"] = "4"
        assert await later.trace(write) is Trace.APPLIED
        server.models["fraud"].aliases["champion"] = "1"
        assert await later.trace(write) is Trace.CANNOT_TELL, "somebody has moved on from wherever it was"
        tags["modeltui.action_id"] = write.key
        assert await later.trace(write) is Trace.APPLIED


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({}, CheckResult.PASS),
        ({"headers": {"X-MLFLOW-WORKSPACE": "risk"}}, CheckResult.PASS),
        ({"auth": BasicAuth(username="viewer", password=Secret("swordfish-1234"))}, CheckResult.UNKNOWN),
        ({"headers": {"X-Team-Key": "abc"}}, CheckResult.UNKNOWN),
    ],
    ids=["nobody", "a workspace", "an account", "a header"],
)
async def test_who_may_write_where_the_server_tells_no_account(
    server: AliasServer, options: dict[str, Any], result: CheckResult
) -> None:
    """A server that knows no such question lets everybody write only where it need not know who we are."""
    async with writing(server.url, **options) as writer:
        seen = await writer.read(target("fraud"))
        case = WriterCase(writer, SystemClock(), target("fraud"), number(2), _nobody)
        checks = await writer.prepare(plan_of(case, seen, rollback_to(number(2))))
    assert [check.result for check in checks if check.name == "may-write"] == [result]


def test_the_place_is_a_server_and_its_aliases() -> None:
    """The plan says which aliases of which model on which server are moved, without what is secret in an address."""

    def place(url: str = "https://mlflow.example/risk", **more: Any) -> str:
        options = Options(url=url, **more)
        around = Surroundings(SOURCE, SystemClock(), (), no_secret, Path("/"))
        return writing_promise.writes_to(target("fraud"), options, around, alias_policy())

    usual = "https://mlflow.example/risk: fraud, alias champion (stable), challenger (candidate)"
    assert place() == place("https://MLflow.example/risk/") == usual
    assert place("https://me:swordfish@mlflow.example/risk?key=swordfish") == usual
    others = {
        place("https://mlflow.example/fraud"),
        place("http://mlflow.example/risk"),
        place("https://mlflow.example:444/risk"),
        place(workspace="b"),
        place(headers={"X-Scope-OrgID": "a"}),
        place(headers={"X-Scope-OrgID": "b"}),
    }
    assert len(others | {usual}) == 7
    assert place(timeout_seconds=3.0, auth=BearerAuth(token=Secret("swordfish"))) == usual


async def test_what_aliases_cannot_say_is_refused_before_a_byte(server: AliasServer, case: WriterCase) -> None:
    """Shares, an environment without an alias, two aliases for one role, a version that is no number."""
    seen = await case.writer.read(case.target)
    asked = len(server.requests)
    shares = Desired(((number(3), 0.9), (number(4), 0.1)), number(3), number(4))
    with pytest.raises(BackendRefused, match="no shares"):
        await case.writer.apply(write_of(case, seen, shares))
    with pytest.raises(BackendRefused, match="no version of MLflow"):
        await case.writer.apply(write_of(case, seen, rollback_to(number("3.1"))))
    async with writing(server.url, policy=alias_policy(prod_too=(PROD, Role.STABLE))) as doubtful:
        with pytest.raises(BackendRefused, match="several aliases mean the same role"):
            await doubtful.apply(write_of(case, seen, abort_of(seen)))
    async with writing(server.url, policy=replace(alias_policy(), pointers={})) as pointless:
        with pytest.raises(BackendRefused, match="no alias means the stable version"):
            await pointless.read(case.target)
    assert len(server.requests) == asked


async def test_the_promise_names_its_window() -> None:
    """Before anything is written the plan says what is noticed, what is not, and within which time."""
    promise = writing_promise.promise(None, _around(), alias_policy())
    assert (promise.guarantee, promise.splits_traffic, promise.finds_own_writes) == (Guarantee.EMULATED, False, False)
    for words in ("cannot compare and swap", "within 2 s", "noticed, not prevented", "overwritten unseen"):
        assert words in promise.says


async def test_the_call_is_told_in_mlflows_words(case: WriterCase) -> None:
    """The plan shows the requests that MLflow will get."""
    seen = await case.writer.read(case.target)
    policy = alias_policy()
    assert writing_promise.call(case.target, seen, abort_of(seen), policy) == (
        "POST registered-models/alias name=fraud alias=challenger version=3"
    )
    assert writing_promise.call(case.target, seen, rollback_to(number(2)), policy) == (
        "POST registered-models/alias name=fraud alias=champion version=2; then "
        "POST registered-models/alias name=fraud alias=challenger version=2"
    )


def _around() -> Surroundings:
    return Surroundings(SOURCE, SystemClock(), (), no_secret, Path("/"))


# Real servers


def made(client: MlflowClient, model: str) -> None:
    """Register a model as the contract wants it: 3 serves, 4 is on its way; only 1 and 2 have files."""
    client.create_model(model)
    for _ in range(4):
        client.create_version(model, "s3://nowhere.example/x")
    client.set_alias(model, "champion", "3")
    client.set_alias(model, "challenger", "4")


@pytest.mark.parametrize("check", writer_contract.CHECKS, ids=writer_contract.name_of)
async def test_contract_on_a_real_server(check: writer_contract.Check, mlflow: MlflowServer) -> None:
    """Aliases of a real MLflow, 2 and 3, keep the promises that every writer gives."""
    model = f"writer {writer_contract.name_of(check)}"
    made(mlflow.client, model)

    async def others(version: VersionId) -> None:
        mlflow.client.set_alias(model, "champion", str(version))

    async with writing(mlflow.url) as writer:
        await check(WriterCase(writer, SystemClock(), target(model), number(2), others))


async def test_files_that_are_gone_fail_the_check(mlflow: MlflowServer) -> None:
    """A version that MLflow calls READY and whose files were deleted is found out before the alias moves (T12)."""
    client, model = mlflow.client, "writer-artifacts"
    client.create_model(model)
    for _ in range(2):
        run_id = client.create_run(client.create_experiment(f"{model}-{_}"), model)
        uri = f"{client.run_artifact_uri(run_id)}/model"
        client.upload(uri, {"MLmodel": "flavors:\n  python_function:\n    python_version: '3.11'\n"})
        client.create_version(model, uri, run_id=run_id)
    client.delete_files(uri, ["MLmodel"])
    client.set_alias(model, "champion", "1")
    async with writing(mlflow.url) as writer:
        case = WriterCase(writer, SystemClock(), target(model), number(1), _nobody)
        seen = await writer.read(target(model))
        good, gone = [
            {str(check.name): check for check in await writer.prepare(plan_of(case, seen, rollback_to(number(n))))}
            for n in (1, 2)
        ]
    assert (good["artifact"].result, good["exists"].result) == (CheckResult.PASS, CheckResult.PASS)
    assert (gone["artifact"].result, gone["exists"].result) == (CheckResult.FAIL, CheckResult.PASS)
    assert good["may-write"].result is CheckResult.PASS


async def _nobody(_: VersionId) -> None:
    raise AssertionError("nobody else moves here")


@pytest.mark.timeout(300)
async def test_who_may_only_read_is_told_before_and_refused_after(mlflow3_auth: MlflowServer) -> None:
    """An account with READ gets a failed check, and a refusal without its password; EDIT may write (T17)."""
    client, model = mlflow3_auth.client, "writer-permissions"
    made(client, model)
    found: dict[str, CheckResult] = {}
    for permission in ("EDIT", "READ"):
        name = f"writer-{permission.lower()}"
        client.call("POST", "users/create", {"username": name, "password": "swordfish-1234"})
        grant(client, name, model, permission)
        auth = BasicAuth(username=name, password=Secret("swordfish-1234"))
        # Every request costs such a server a third of a second of CPU, which others may want as well (T36).
        async with writing(mlflow3_auth.url, PATIENT, auth=auth, read_gap_seconds=60.0, timeout_seconds=60.0) as writer:
            case = WriterCase(writer, SystemClock(), target(model), number(2), _nobody)
            seen = await writer.read(target(model))
            checks = await writer.prepare(plan_of(case, seen, abort_of(seen)))
            found[permission] = next(check.result for check in checks if check.name == "may-write")
            write = write_of(case, seen, rollback_to(number(1)))
            if permission == "EDIT":
                await writer.apply(write)
            else:
                with pytest.raises(BackendRefused, match="403") as caught:
                    await writer.apply(write)
                assert "swordfish" not in str(caught.value)
    assert found == {"EDIT": CheckResult.PASS, "READ": CheckResult.FAIL}


def grant(client: MlflowClient, name: str, model: str, permission: str) -> None:
    """Give an account a permission on one model."""
    body = {
        "username": name,
        "resource_type": "registered_model",
        "resource_id": model,
        "permission": permission,
    }
    client._http.post("/api/3.0/mlflow/users/permissions/grant", json=body).raise_for_status()
