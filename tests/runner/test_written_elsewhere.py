"""A configuration that is edited between plan and GO: what was agreed to is written there, or nowhere."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.system.clock import SystemClock
from modeltui.config.load import Loaded, Options, load
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.action import Plan, Refusal
from modeltui.domain.acting.outcome import Outcome, Phase, Report, exit_code
from modeltui.domain.acting.plan_document import sealed
from modeltui.domain.acting.runner_lines import order_line
from modeltui.domain.errors import ConfigError
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import FakeWorld, abort_plan
from modeltui.testing.clock import VirtualClock
from modeltui.wiring.running import open_running
from modeltui.wiring.writing import writable_sources
from tests.adapters.mlflow.alias_server import AliasServer
from tests.runner.stage import Stage, make_stage, wait_for
from tests.runner.staged.world import TARGET, StagedWorld
from tests.runner.test_runner import consent_to, line_of, plan_of, runner, untouched


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A canary that can be aborted, and another world beside it in which it can be, too."""
    made = make_stage(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "plugin")
    monkeypatch.setenv("XDG_STATE_HOME", made.environment["XDG_STATE_HOME"])
    yield made
    made.end()


@pytest.mark.broad
def test_an_actor_writes_where_the_plan_says_or_not_at_all(stage: Stage) -> None:
    """The file names another world when GO comes, and all else is alike: nothing is sent there, nor to the old one."""
    plan = plan_of(stage)
    other = StagedWorld(stage.directory / "other")
    other.make()
    stage.config.write_text(stage.config.read_text().replace('"directory": "world"', '"directory": "other"'))
    with runner(stage) as spoken:
        spoken.say(line_of(plan) + order_line(consent_to(plan)))
        done = spoken.hear(Phase.DONE)
        assert spoken.end() == 2
    assert f"the plan writes to {TARGET} in {stage.world.directory}" in done.says
    assert f"the configuration now says {TARGET} in {other.directory}" in done.says
    assert not isinstance(done.report, Report)
    assert untouched(stage)
    assert untouched(replace(stage, world=other))
    assert stage.records(RecordKind.ACTION_INTENT) == ()
    (refused,) = stage.records(RecordKind.PLAN_REFUSED)
    assert refused.entry.plan_hash == plan.hash
    assert "the configuration now says" in str(refused.entry.details["reason"])


def configured(directory: Path, url: str, pointers: dict[str, str]) -> Loaded:
    """Return the context `c` of a file that names this server and these aliases."""
    context = {
        "sources": {"registry": {"kind": "mlflow", "url": url}},
        "pointers": {alias: {"environment": "prod", "role": role} for alias, role in pointers.items()},
        "journal": {"directory": "journal", "sign": "never"},
        "mode": "writes-on",
    }
    file = directory / "modeltui.yaml"
    file.write_text(json.dumps({"modeltui": 1, "contexts": {"c": context}}))
    file.chmod(0o600)
    return load(Options(config=str(file)))


def made_in(loaded: Loaded) -> Plan:
    """Return a plan of that context, as far as the actor process compares it before it looks at the world."""
    (source,) = dict(writable_sources(loaded, SystemClock(), SecretStore())).values()
    assert not isinstance(source, Refusal)
    plan = abort_plan(FakeWorld(VirtualClock()))
    bound = {"writes_through": source.promise, "writes_to": source.writes_to(TARGET)}
    return sealed(replace(plan, context=SafeText("c"), target=TARGET, **bound))  # type: ignore[arg-type]


async def opens(loaded: Loaded, plan: Plan) -> bool:
    """Tell whether a writer is opened for a plan."""
    async with open_running(loaded, plan):
        return True


@pytest.mark.parametrize("edited", ["the server", "the alias", "the candidate's alias"])
async def test_another_server_or_alias_voids_a_plan(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another MLflow, or another alias for the same role, is another place: no writer is opened for the old plan."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    names = {"champion": "stable", "challenger": "candidate"}
    async with AliasServer() as old, AliasServer() as new:
        for server in (old, new):
            server.put("fraud", 4, champion="3", live="3", challenger="4")
        plan = made_in(configured(tmp_path, old.url, names))
        assert await opens(configured(tmp_path, f"{old.url}/", names), plan), "the same place, written otherwise"
        now = {
            "the server": (new.url, names),
            "the alias": (old.url, {"live": "stable", "challenger": "candidate"}),
            "the candidate's alias": (old.url, {"champion": "stable", "shadow": "candidate"}),
        }
        with pytest.raises(ConfigError, match=r"the plan writes to http.*; the configuration now says") as refused:
            await opens(configured(tmp_path, *now[edited]), plan)
        assert "plan again" in refused.value.remedy
        assert old.effects == new.effects == []


@pytest.mark.broad
@pytest.mark.parametrize("listed", [True, False], ids=["which lists the target", "which does not answer"])
def test_a_start_does_not_look_elsewhere_for_what_was_left(stage: Stage, listed: bool) -> None:
    """The actor died after its write, and the file names another world since: unknown, with where to look."""
    plan = plan_of(stage)
    stage.world.hold("answer")
    with runner(stage) as spoken:
        spoken.say(line_of(plan) + order_line(consent_to(plan)))
        wait_for(lambda: stage.world.reached("answer") == 1, stage.log)
    other = StagedWorld(stage.directory / "other")
    if listed:
        other.make()
    text = stage.config.read_text()
    stage.config.write_text(text.replace('"directory": "world"', '"directory": "other"'))
    done = subprocess.run(stage.runner("--reconcile"), env=stage.environment, capture_output=True, timeout=90)
    assert done.returncode == exit_code(Outcome.UNKNOWN), done.stderr.decode() + stage.log()
    (found,) = stage.records(RecordKind.ACTION_RECONCILED)
    assert found.entry.details["outcome"] == "unknown"
    assert f"it was written to {TARGET} in {stage.world.directory}" in str(found.entry.details["because"])
    stage.world.open("answer")
    stage.config.write_text(text)
    stage.reconcile()
    assert stage.outcomes()[-1] is not Outcome.UNKNOWN
