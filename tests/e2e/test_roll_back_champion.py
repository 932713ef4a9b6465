"""A bad champion on a real MLflow, seen through a real Prometheus, is rolled back: on the screen, and by hash."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acting import (
    answer_guard,
    assert_journal_is_whole,
    guard_text,
    kinds_in_order,
    leave,
    observed_share,
    outcome_record,
    seconds_of,
    told_times,
)
from tests.e2e.reading import row_of
from tests.e2e.stage import run, screens, status, target_of, write_config
from tests.servers import venvs
from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.mlflow import MlflowServer
from tests.servers.model_plan import Behaviour, ModelServerPlan, champion_and_holdback
from tests.servers.process import wait_until
from tests.servers.prometheus import PrometheusServer
from tests.servers.serving import ModelServer
from tests.terminal import Terminal, foreign_sequences

pytestmark = [pytest.mark.servers, pytest.mark.terminal, pytest.mark.timeout(420)]

SCRAPE_SECONDS = 2.0
WINDOW_SECONDS = 20
Measured = Callable[[str], None]

_MODEL_FILES = {
    "MLmodel": "artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n",
    "model.pkl": "not a pickle, but bytes that are there",
}
_MLFLOW_SCRIPT = """
import sys, time
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
print(time.time(), flush=True)
client.set_registered_model_alias(sys.argv[2], "champion", "1")
print(time.time(), flush=True)
"""


class Stage:
    """One model on a real registry, served, scraped, configured."""

    def __init__(self, model: str, mlflow: MlflowServer, served: ModelServer, prometheus: PrometheusServer) -> None:
        self.model, self.mlflow, self.served, self.prometheus = model, mlflow, served, prometheus
        self.config = Path()

    @property
    def target(self) -> str:
        """As commands name it."""
        return f"{self.model}@prod"

    def now(self) -> dict[str, Any]:
        """The target as a fresh process sees it."""
        return target_of(status(self.config), self.model)

    def break_it(self) -> None:
        """Make the bad version champion, as a release pipeline does."""
        self.mlflow.client.promote(self.model, "2")
        self.served.wait_serving("1", "2")

    def wait_known_good(self) -> None:
        """Wait until version 1 has served well for long enough to be trusted."""

        def found() -> bool:
            now = self.now()
            return bool(now["level"] == "ok" and now.get("last_known_good", {}).get("version") == "1")

        assert wait_until(found, 90.0, every_seconds=2.0), json.dumps(self.now(), indent=1)

    def wait_past(self, seconds: float) -> None:
        """Wait until Prometheus has seen the good version for so long: a fresh process trusts by the past alone."""
        counted = f'max(count_over_time(model_requests_total{{model="{self.model}",version="1"}}[5m]))'

        def found() -> bool:
            samples = self.prometheus.query(counted)
            return bool(samples) and samples[0][1] * SCRAPE_SECONDS >= seconds

        assert wait_until(found, seconds + 60.0, every_seconds=2.0)

    def wait_breach(self) -> None:
        """Wait until the bad version is seen to be bad, and to answer most requests."""

        def found() -> bool:
            now = self.now()
            return bool(now["level"] == "breach" and now["serving"] == "2")

        assert wait_until(found, 90.0, every_seconds=2.0), json.dumps(self.now(), indent=1)

    def truth(self) -> dict[str, float]:
        """Share of the requests by version in the last ten seconds, as Prometheus itself has it."""
        counted = f'sum by (version) (increase(model_requests_total{{model="{self.model}"}}[10s]))'
        totals = {labels["version"]: value for labels, value in self.prometheus.query(counted)}
        whole = sum(totals.values()) or 1.0
        return {version: value / whole for version, value in totals.items()}


MakeStage = Callable[[str], Stage]


@pytest.fixture
def make_stage(
    mlflow3: MlflowServer, run_model_server: RunModelServer, run_prometheus: RunPrometheus, tmp_path: Path
) -> MakeStage:
    """Make a model with two versions whose artifacts are there, of which the second answers 15 % with errors."""

    def make(model: str) -> Stage:
        client = mlflow3.client
        client.create_model(model)
        experiment = client.create_experiment(model)
        for number in (1, 2):
            run_id = client.create_run(experiment, f"{model}-{number}")
            source = f"{client.run_artifact_uri(run_id)}/model"
            client.upload(source, _MODEL_FILES)
            client.create_version(model, source, run_id=run_id)
        client.set_alias(model, "champion", "1")
        plan = ModelServerPlan(
            model,
            slots=champion_and_holdback(0.8),
            behaviours={"2": Behaviour(error_share=0.15)},
            registry_url=mlflow3.url,
            requests_per_second=60.0,
        )
        served = run_model_server(plan)
        stage = Stage(model, mlflow3, served, run_prometheus([served.scrape_target], SCRAPE_SECONDS))
        stage.config = write_config(tmp_path, _contexts(stage))
        return stage

    return make


def _contexts(stage: Stage) -> dict[str, Any]:
    """What a user would write; with windows and times of seconds where production has minutes."""
    spike = {"name": "error-spike", "change": "+100%", "margin": "2pp", "for_seconds": 4, "keep_firing_seconds": 4}
    hard = {"name": "hard-errors", "above": "50%", "for_seconds": 4}
    return {
        "production": {
            "production": True,
            "mode": "writes-off",
            "sources": {
                "mlflow": {"kind": "mlflow", "url": stage.mlflow.url, "poll_seconds": 2},
                "prometheus": {
                    "kind": "prometheus",
                    "url": stage.prometheus.url,
                    "profile": "generic",
                    "labels": {"model": "model", "version": "version", "environment": "env"},
                    "scrape_interval_seconds": SCRAPE_SECONDS,
                    "poll_seconds": SCRAPE_SECONDS,
                },
            },
            "pointers": {"champion": {"environment": "prod", "role": "stable"}},
            "environments": {"prod": {"group": "prod", "production": True}},
            "models": {"include": [stage.model]},
            "proven_after_seconds": 10,
            "acting": {"serving_seconds": 60, "healthy_seconds": 90, "snap_back_checks": [5]},
            "signals": {
                name: {"window_seconds": WINDOW_SECONDS}
                | ({"rules": [spike | {"min_samples": 50, "min_events": 5}, hard]} if name == "error_rate" else {})
                | ({"rules": [{"name": "business-down", "change": "-30%"}]} if name == "business" else {})
                for name in ("error_rate", "business", "throughput")
            },
        }
    }


def _assert_rolled_back(stage: Stage) -> dict[str, Any]:
    assert stage.mlflow.client.alias(stage.model, "champion") == "1"
    assert stage.truth().get("1", 0.0) > 0.98, stage.truth()
    after = stage.now()
    assert (after["serving"], after["desired"]) == ("1", "1")
    assert observed_share(after, "1") > 0.98
    details: dict[str, Any] = outcome_record(stage.config)["details"]
    assert details["outcome"] == "verified", details
    assert_journal_is_whole(stage.config)
    kinds = kinds_in_order(stage.config)
    assert kinds.index("action.intent") < kinds.index("action.step") < kinds.index("action.outcome")
    return details


def test_a_bad_champion_is_rolled_back_by_a_script(make_stage: MakeStage, measured: Measured) -> None:
    """plan rollback --out, apply --plan-hash: the alias moves, the requests follow, the outcome is verified."""
    stage = make_stage("act-script")
    stage.wait_past(90.0)
    assert stage.now()["level"] == "ok"
    stage.break_it()
    stage.wait_breach()
    assert stage.truth()["2"] > 0.5
    config, out = str(stage.config), stage.config.parent / "plan.json"
    made = run("--config", config, "plan", "rollback", stage.target, "--out", str(out))
    assert made.returncode == 0, made.stdout + made.stderr
    plan = json.loads(out.read_text())
    assert (plan["to"], plan["guarantee"]) == ([["1", 1.0]], "emulated")

    go_at = time.time()
    reason = ("--reason", "errors at 15 % since version 2", "--why", "error")
    done = run(
        "--config", config, "apply", str(out), "--plan-hash", plan["hash"], *reason, "--json", deadline_seconds=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["outcome"], outcome["serving"][0][0]) == ("verified", "1")
    _assert_rolled_back(stage)
    told_times(measured, "rollback by apply", go_at, outcome)


def test_a_bad_champion_is_rolled_back_from_the_fleet_screen(make_stage: MakeStage, measured: Measured) -> None:
    """u and a reason, R, the version typed, one letter: the outcome reads VERIFIED; MLflow's own client beside it."""
    stage = make_stage("act-screen")
    with screens(stage.config, size=(120, 36)) as terminal:
        terminal.wait_for(lambda lines: row_of(lines, stage.model).get("LIVE") == "1", 60.0)
        stage.wait_known_good()
        stage.break_it()
        stage.wait_breach()
        terminal.wait_for(lambda lines: "✖" in row_of(lines, stage.model).get("ERR", ""), 60.0)
        _unlock(terminal)
        asked_at = terminal.send("R")
        shown_at = terminal.wait_for(lambda lines: guard_text(lines) == "1", 30.0)
        measured(f"rollback: key to plan shown {(shown_at - asked_at) * 1000:.0f} ms")
        began_at, go_at = answer_guard(terminal)
        terminal.wait_for("VERIFIED", 180.0)
        assert foreign_sequences(terminal.sent) == []
        leave(terminal)
    details = _assert_rolled_back(stage)
    measured(f"rollback: plan shown to GO {go_at - began_at:.1f} s (typed by a machine at eight keys a second)")
    told_times(measured, "rollback on the screen", go_at, details)
    assert seconds_of(details["sent_at"]) - go_at < 5.0
    _with_mlflows_own_client(stage, measured)


def _unlock(terminal: Terminal) -> None:
    """Switch writes on for a while, with a reason."""
    terminal.wait_for(lambda lines: "WRITES OFF" in lines[0], 10.0)
    terminal.send("u")
    terminal.wait_for(lambda lines: any("reason" in line.lower() or "why" in line.lower() for line in lines), 10.0)
    for key in "errors at 15 % since version 2":
        terminal.send(key)
        time.sleep(0.02)
    terminal.send("\r")
    terminal.wait_for(lambda lines: "WRITES ON" in lines[0], 10.0)


def _with_mlflows_own_client(stage: Stage, measured: Measured) -> None:
    """Do the same by a script with MLflow's own client, and look by hand when the requests have followed."""
    stage.break_it()
    stage.wait_breach()
    python = venvs.ensure(venvs.MLFLOW_3) / "bin" / "python"
    started_at = time.time()
    done = subprocess.run(
        [str(python), "-c", _MLFLOW_SCRIPT, stage.mlflow.url, stage.model],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    sent_at, accepted_at = (float(line) for line in done.stdout.split())
    assert wait_until(lambda: observed_share(stage.now(), "1") >= 0.99, 90.0, every_seconds=0.5)
    serving_at = time.time()
    assert wait_until(lambda: stage.now()["level"] == "ok", 90.0, every_seconds=0.5)
    measured(
        f"the same with MLflow's own client in a script: start to first byte {sent_at - started_at:.2f} s (its import),"
        f" accepted {accepted_at - sent_at:.2f} s, serving {serving_at - sent_at:.2f} s and healthy"
        f" {time.time() - sent_at:.2f} s, both looked up by hand: it checks nothing and writes nothing down"
    )
