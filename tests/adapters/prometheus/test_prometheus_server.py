"""The adapter on a real Prometheus that scrapes real model servers, checked against PromQL's own results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from tests.adapters.prometheus.backend import signals, surroundings
from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.model_plan import Behaviour, ModelServerPlan, Slot
from tests.servers.policy import require_program
from tests.servers.process import wait_until
from tests.servers.prometheus import PrometheusServer, ScrapeTarget, start_prometheus
from tests.servers.serving import ModelServer, start_model_server

from modeltui.adapters.prometheus.metrics import Options, PrometheusMetrics, connect
from modeltui.adapters.prometheus.options import LabelOptions
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.signal import CONFIDENCE, DRIFT, ERRORS, LATENCY, THROUGHPUT, Sample, has_observations
from modeltui.domain.text import SafeText
from modeltui.testing.metrics_contract import CHECKS, Check, MetricsCase, check_name

WINDOW_SECONDS = 10.0
SCRAPE_SECONDS = 0.5
ASKED = signals(window_seconds=WINDOW_SECONDS, max_age_seconds=5.0)
FRAUD = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod")))
BAD = Behaviour(error_share=0.4, latency_seconds=0.4, confidence=0.5, drift_psi={"amount": 0.6, "age": 0.1})
GOOD = Behaviour(error_share=0.0)


class World(NamedTuple):
    """A Prometheus and the model server that it scrapes."""

    prometheus: PrometheusServer
    served: ModelServer

    def options(self) -> Options:
        """Options that lead here."""
        return Options(url=self.prometheus.url, segments=("region",), scrape_interval_seconds=SCRAPE_SECONDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Version 3 is bad in every way, version 2 never fails; both have run for a whole window."""
    require_program("prometheus")
    directory = tmp_path_factory.mktemp("world")
    slots = (Slot("champion", 0.5, version="3"), Slot("holdback", 0.5, version="2"))
    plan = ModelServerPlan(FRAUD.model, slots=slots, behaviours={"3": BAD, "2": GOOD}, requests_per_second=100)
    with (
        start_model_server(directory, plan) as served,
        start_prometheus(directory, [served.scrape_target], SCRAPE_SECONDS) as prometheus,
    ):
        prometheus.wait_for(
            f"count_over_time(model_requests_total[{WINDOW_SECONDS + 2:.0f}s])",
            lambda found: bool(found) and max(value for _, value in found) >= WINDOW_SECONDS / SCRAPE_SECONDS,
        )
        yield World(prometheus, served)


pytestmark = pytest.mark.servers


@pytest.mark.parametrize("check", CHECKS, ids=check_name)
async def test_it_keeps_the_contract(check: Check, world: World) -> None:
    """A real server is read as every metrics source has to be."""
    clock = SystemClock()
    async with connect(world.options(), surroundings(clock, ASKED)) as metrics:
        await check(MetricsCase(metrics, clock, ASKED, frozenset({FRAUD})))


async def test_numbers_are_those_of_promql(world: World) -> None:
    """Quantiles, rates, means and counts agree with what the server itself computes at the same moment."""
    async with connect(world.options(), surroundings(SystemClock(), ASKED)) as metrics:
        assert isinstance(metrics, PrometheusMetrics)
        moments: list[float] = []
        ask = metrics.api.instant

        async def noting(text: str, at: float = 0.0) -> object:
            if at:
                moments.append(at)
                return await ask(text, at)
            return await ask(text)

        metrics.api.instant = noting  # type: ignore[assignment,method-assign]
        answer = await metrics.read()
    at = moments[0]
    assert answer.warnings == ()
    for version in ("2", "3"):
        found = {sample.signal: sample.measurement for sample in answer.samples if sample.version == version}
        who = f'version="{version}"'
        window = f"[{WINDOW_SECONDS:.0f}s]"
        latency = evaluated(
            world,
            f"histogram_quantile(0.95, sum by (le) (rate(model_request_duration_seconds_bucket{{{who}}}{window})))",
            at,
        )
        assert found[LATENCY].value == pytest.approx(latency, rel=1e-6)  # type: ignore[index]
        rate = evaluated(world, f"sum(rate(model_requests_total{{{who}}}{window}))", at)
        assert found[THROUGHPUT].value == pytest.approx(rate, abs=0.5 / WINDOW_SECONDS)  # type: ignore[index]
        mean = evaluated(
            world,
            f"sum(rate(model_prediction_confidence_sum{{{who}}}{window}))"
            f" / sum(rate(model_prediction_confidence_count{{{who}}}{window}))",
            at,
        )
        assert found[CONFIDENCE].value == pytest.approx(mean, rel=1e-6)  # type: ignore[index]
        total = evaluated(world, f"sum(increase(model_requests_total{{{who}}}{window}))", at)
        assert found[ERRORS].n == pytest.approx(total, abs=0.5)  # type: ignore[index]
        assert found[DRIFT].value == evaluated(world, f"max(feature_drift_psi{{{who}}})", at)  # type: ignore[index]
    bad = evaluated(world, f'sum(increase(model_requests_total{{version="3",code="500"}}{window}))', at)
    counted = next(s.measurement for s in answer.samples if s.version == "3" and s.signal == ERRORS)
    assert counted.value * counted.n == pytest.approx(bad, abs=0.5)  # type: ignore[operator]


async def test_a_version_that_never_failed_has_no_errors_of_many(world: World) -> None:
    """The server has no series of failures of version 2, and the answer is 0 of n."""
    assert not world.prometheus.query('model_requests_total{version="2",code="500"}')
    async with connect(world.options(), surroundings(SystemClock(), ASKED)) as metrics:
        answer = await metrics.read()
    (sample,) = [s for s in answer.samples if s.version == "2" and s.signal == ERRORS]
    assert sample.measurement.value == 0.0
    assert has_observations(sample.measurement)
    assert {name for name, _ in sample.segments} == {"region=cn", "region=hk"}


async def test_the_past_agrees_with_the_present(world: World) -> None:
    """The newest step of the history is what a reading at that moment says."""
    clock = SystemClock()
    async with connect(world.options(), surroundings(clock, ASKED)) as metrics:
        end = clock.now()
        answer = await metrics.read_history([FRAUD], Instant(end - 6), end, 2.0)
    at, samples = answer.steps[-1]
    (latency,) = [s for s in samples if s.signal == LATENCY and s.version == "3"]
    expected = evaluated(
        world,
        "histogram_quantile(0.95, sum by (le)"
        f' (rate(model_request_duration_seconds_bucket{{version="3"}}[{WINDOW_SECONDS:.0f}s])))',
        at,
    )
    assert latency.measurement.value == pytest.approx(expected, rel=1e-6)


async def test_doctor_finds_every_series(world: World) -> None:
    """With the right profile every signal has its series and its labels."""
    async with connect(world.options(), surroundings(SystemClock(), ASKED)) as metrics:
        probe = await metrics.probe()
    assert str(probe.version).startswith("2.")
    assert {finding.name for finding in probe.findings if finding.ok is False} == set()
    (errors,) = [finding for finding in probe.findings if finding.name == ERRORS]
    assert "labels code, env, instance, job, model, region, version" in errors.says


async def test_doctor_names_the_label_that_is_missing(world: World) -> None:
    """A wrong label name is answered with the labels that are there."""
    options = Options(url=world.prometheus.url, labels=LabelOptions(environment="stage"))
    async with connect(options, surroundings(SystemClock(), signals(ERRORS))) as metrics:
        answer = await metrics.read()
        probe = await metrics.probe()
    assert answer.samples == ()
    assert any("without environment (stage)" in warning for warning in answer.warnings)
    (errors,) = [finding for finding in probe.findings if finding.name == ERRORS]
    assert errors.ok is False
    assert "they have code, env, " in errors.says


async def test_a_model_server_that_dies_grows_old(
    run_model_server: RunModelServer, run_prometheus: RunPrometheus
) -> None:
    """Its rates go on for a window, its time stands still; to a newcomer its age is unknown."""
    plan = ModelServerPlan("dying", slots=(Slot("champion", version="1"),), requests_per_second=50)
    served = run_model_server(plan)
    prometheus = run_prometheus([served.scrape_target], scrape_interval_seconds=SCRAPE_SECONDS)
    prometheus.wait_for("sum(increase(model_requests_total[30s])) > 50")
    asked = signals(ERRORS, window_seconds=30.0)
    options = Options(url=prometheus.url, scrape_interval_seconds=SCRAPE_SECONDS)
    async with connect(options, surroundings(SystemClock(), asked)) as metrics:
        alive = the_only((await metrics.read()).samples)
        prometheus.scrape([ScrapeTarget("127.0.0.1:1")])
        assert wait_until(lambda: not prometheus.query("model_requests_total"), 20, every_seconds=0.1)
        dead = the_only((await metrics.read()).samples)
    async with connect(options, surroundings(SystemClock(), asked)) as newcomer:
        unknown = the_only((await newcomer.read()).samples)
    assert isinstance(alive.at, float)
    assert isinstance(dead.at, float)
    assert dead.at - alive.at < 5
    assert has_observations(dead.measurement)
    assert not isinstance(unknown.at, float)


def the_only(samples: Sequence[Sample]) -> Sample:
    """The one sample that there is."""
    (sample,) = samples
    return sample


def evaluated(world: World, promql: str, at: float) -> float:
    """What the server computes at a moment."""
    answer = world.prometheus._http.get("/api/v1/query", params={"query": promql, "time": f"{at:.3f}"})
    (series,) = answer.json()["data"]["result"]
    return float(series["value"][1])
