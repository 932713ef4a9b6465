"""The model servers of the tests follow the registry, and a real Prometheus sees how their versions behave."""

from __future__ import annotations

import subprocess

import httpx
import pytest

from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.mlflow import MlflowServer
from tests.servers.model_plan import Behaviour, ModelServerPlan, Slot, champion_and_holdback
from tests.servers.policy import require_program
from tests.servers.process import answers, wait_until

BAD = Behaviour(error_share=0.4, latency_seconds=0.4, confidence=0.5, drift_psi={"amount": 0.6})


def test_model_server_serves_what_the_aliases_say(mlflow3: MlflowServer, run_model_server: RunModelServer) -> None:
    """A promotion in the registry changes what answers, and the holdback keeps the former champion beside it."""
    name = "served-by-alias"
    mlflow3.client.create_model(name)
    for _ in range(2):
        mlflow3.client.create_version(name, "s3://nowhere.example/model")
    mlflow3.client.set_alias(name, "champion", "1")
    plan = ModelServerPlan(name, slots=champion_and_holdback(0.9), registry_url=mlflow3.url)
    served = run_model_server(plan)
    served.wait_serving("1")
    mlflow3.client.promote(name, "2")
    served.wait_serving("1", "2")
    assert served.serving() == pytest.approx({"2": 0.9, "1": 0.1})


def test_prometheus_tells_the_bad_version_from_the_good(
    run_model_server: RunModelServer, run_prometheus: RunPrometheus
) -> None:
    """Errors, latency, confidence and drift of a bad champion differ from the holdback's over the same seconds."""
    slots = (Slot("champion", 0.5, version="3"), Slot("holdback", 0.5, version="2"))
    served = run_model_server(ModelServerPlan("m", slots=slots, behaviours={"3": BAD}, requests_per_second=200))
    prometheus = run_prometheus([served.scrape_target], scrape_interval_seconds=0.5)
    prometheus.wait_for("sum by (version) (increase(model_requests_total[5s])) > 100", lambda found: len(found) == 2)

    def by_version(promql: str) -> dict[str, float]:
        return {labels["version"]: value for labels, value in prometheus.query(promql)}

    errors = by_version(
        'sum by (version) (rate(model_requests_total{code="500"}[5s]))'
        " / sum by (version) (rate(model_requests_total[5s]))"
    )
    assert errors["3"] == pytest.approx(0.4, abs=0.15)
    assert errors.get("2", 0.0) < 0.05
    latency = by_version(
        "histogram_quantile(0.5, sum by (version, le) (rate(model_request_duration_seconds_bucket[5s])))"
    )
    assert latency["3"] > 4 * latency["2"]
    confidence = by_version(
        "sum by (version) (rate(model_prediction_confidence_sum[5s]))"
        " / sum by (version) (rate(model_prediction_confidence_count[5s]))"
    )
    assert confidence["3"] == pytest.approx(0.5, abs=0.1)
    assert confidence["2"] == pytest.approx(0.9, abs=0.05)
    assert by_version("feature_drift_psi") == {"3": 0.6, "2": 0.03}
    assert by_version("model_traffic_weight") == {"3": 0.5, "2": 0.5}


def test_model_server_is_told_by_its_admin_path(run_model_server: RunModelServer) -> None:
    """A slot, a behaviour and the load can be changed while the server runs."""
    slots = (Slot("champion", version="1"),)
    served = run_model_server(ModelServerPlan("m", slots=slots, requests_per_second=0))
    served.set_behaviour("2", error_share=1.0, latency_seconds=0.001)
    served.set_slot("champion", version="2")
    answer = served.predict(region="hk")
    assert (answer.status_code, answer.json()["version"]) == (httpx.codes.INTERNAL_SERVER_ERROR, "2")
    assert 'model_requests_total{model="m",version="2",env="prod",region="hk",code="500"} 1.0' in served.metrics()


def test_metrics_page_is_well_formed(run_model_server: RunModelServer) -> None:
    """Prometheus' own checker finds nothing to say about the page of a model server under load."""
    promtool = require_program("promtool", "prometheus")
    slots = (Slot("champion", version='odd "name"\\'),)
    served = run_model_server(ModelServerPlan("m", slots=slots))
    assert wait_until(lambda: "model_decisions_total" in served.metrics(), deadline_seconds=5.0)
    checked = subprocess.run([promtool, "check", "metrics"], input=served.metrics(), capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_frozen_and_crashed_servers_come_back(run_model_server: RunModelServer) -> None:
    """A frozen server answers nothing until it goes on; a crashed one comes back at its address."""
    served = run_model_server(ModelServerPlan("m", slots=(Slot("champion", version="1"),)))
    health = f"{served.url}/health"
    served.process.suspend()
    assert not answers(health, timeout_seconds=0.3)
    served.process.resume()
    assert answers(health)
    served.process.kill()
    assert not answers(health)
    served.process.restart()
    assert answers(health)
