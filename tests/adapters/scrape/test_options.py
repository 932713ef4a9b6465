"""Options that cannot be meant are refused with the reason; every profile reads its server's page."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.scrape.exporter import TEXT, Exporter, find, has, opened, watching

from modeltui.adapters.scrape.options import LabelOptions, Options, QueryOptions, TargetOptions, check_options
from modeltui.adapters.scrape.plan import selectors
from modeltui.adapters.scrape.profiles import PROFILES
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import SourceName
from modeltui.domain.signal import STANDARD_SIGNALS, Counts, Estimate, Mean
from modeltui.domain.text import SafeText
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import FaultServer, Reply

SOURCE = SourceName(SafeText("metrics"))
PAGE = "http://127.0.0.1:8000/metrics"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "no page is named"),
        ({"targets": (PAGE, PAGE)}, "127.0.0.1:8000 is among the targets twice"),
        ({"targets": ("http://127.0.0.1:8000", "http://127.0.0.1:8000/metrics")}, "twice"),
        ({"targets": ("http://127.0.0.1:8000/../x",)}, "# or .. in it"),
        ({"targets": ("http://[::1/metrics",)}, "cannot be read"),
        ({"targets": (PAGE,), "profile": "trition"}, "profile 'trition' is unknown"),
        ({"targets": (PAGE,), "segments": ("a b",)}, "'a b' is not a label name"),
        ({"targets": (PAGE,), "labels": LabelOptions(version="1x")}, "'1x' is not a label name"),
        ({"targets": (TargetOptions(url=PAGE, labels={"a-b": "1"}),)}, "'a-b' is not a label name"),
        ({"targets": (PAGE,), "queries": {"speed": QueryOptions(value="x")}}, "queries.speed is no signal"),
        ({"targets": (PAGE,), "queries": {"drift": QueryOptions(total="x")}}, "queries.drift has total"),
        ({"targets": (PAGE,), "queries": {"drift": QueryOptions(value="rate(x[5m])")}}, "cannot read 'rate"),
        ({"targets": (PAGE,), "queries": {"drift": QueryOptions(value='x{a=~"("}')}}, "not a regular expression"),
        ({"targets": (PAGE,), "queries": {"drift": QueryOptions(value="x{a=b}")}}, "cannot read 'a=b'"),
        ({"targets": (PAGE,), "queries": {"drift": QueryOptions(value="x +")}}, "expected a metric"),
        ({"targets": (PAGE,), "profile": "triton", "business_outcome": "yes"}, "for the generic profile"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], says: str) -> None:
    """A mistake in the options is told before anything is contacted, with what to write instead."""
    with pytest.raises(ConfigError) as caught:
        check_options(SOURCE, Options(**options), STANDARD_SIGNALS)
    assert says in caught.value.title
    assert caught.value.remedy


async def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """Credentials belong into auth; an address that has them stops the start without being shown."""
    with pytest.raises(ConfigError) as caught:
        async with opened(VirtualClock(), Options(targets=("http://me:hunter2@127.0.0.1:8000/metrics",))):
            pass
    assert "hunter2" not in str(caught.value)


def test_selectors_are_read_as_in_promql() -> None:
    """Matchers of all four kinds, quotes and braces inside quotes, several metrics added."""
    first, second = selectors('a_total{x="1", y!="2",z=~"5..|\\\\d{2}", path!~"/v2/{name}"} + b:c')
    assert (first.metric, second.metric) == ("a_total", "b:c")
    assert first.holds({"x": "1", "y": "3", "z": "503", "path": "/"})
    assert not first.holds({"x": "1", "y": "2", "z": "503"})
    assert not first.holds({"x": "1", "z": "5034"})
    assert second.holds({})


async def test_queries_of_ones_own() -> None:
    """A team with its own names says which metric is what, and gets all signals."""
    exporter = Exporter()
    labels = 'app="fraud",release="v7",stage="prod"'
    queries = {
        "error_rate": QueryOptions(bad='http_total{status=~"5.."} + dropped_total', total="http_total + dropped_total"),
        "latency_p95": QueryOptions(buckets="took_ms_bucket", scale=0.001, quantile=0.5),
        "confidence": QueryOptions(sum="score_total", total="scored_total"),
        "drift": QueryOptions(value="psi"),
        "throughput": QueryOptions(rate="http_total"),
    }

    def grow() -> None:
        exporter.add(f'http_total{{{labels},status="200"}}', 90)
        exporter.add(f'http_total{{{labels},status="503"}}', 8)
        exporter.add(f"dropped_total{{{labels}}}", 2)
        exporter.add(f'took_ms_bucket{{{labels},le="100"}}', 90)
        exporter.add(f'took_ms_bucket{{{labels},le="200"}}', 98)
        exporter.add(f"took_ms_count{{{labels}}}", 98)
        exporter.add(f"score_total{{{labels}}}", 70)
        exporter.add(f"scored_total{{{labels}}}", 100)
        exporter.series[f"psi{{{labels}}}"] = 0.4

    grow()
    names = LabelOptions(model="app", version="release|tag", environment="stage")
    async with watching(exporter, profile="none", labels=names, queries=queries) as (port, clock, _):
        await port.read()
        grow()
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate", "v7").measurement == Counts(10, 100)
    assert find(answer, "confidence", "v7").measurement == Mean(70, 100)
    assert find(answer, "drift", "v7").measurement.value == 0.4
    assert find(answer, "throughput", "v7").measurement == Estimate(98 / 12, 98)
    latency = find(answer, "latency_p95", "v7").measurement
    # There is no bucket +Inf; the count says how many there were.
    assert latency.n == 98
    assert latency.value == pytest.approx(0.1 * 49 / 90)


async def test_a_fixed_value_stands_for_a_label() -> None:
    """`=prod` says the environment of every page that does not."""
    exporter = Exporter()
    exporter.add('model_requests_total{model="fraud",version="1",code="200"}', 1)
    async with watching(exporter, labels=LabelOptions(environment="=prod-hk")) as (port, _clock, _):
        answer = await port.read()
    assert str(find(answer, "error_rate").target) == "fraud@prod-hk"


PAGES = {
    "triton": (
        (
            'nv_inference_request_success{model="fraud",version="1"} %d\n'
            'nv_inference_request_failure{model="fraud",version="1",reason="BACKEND"} %d\n'
            'nv_inference_request_failure{model="fraud",version="1",reason="CANCELED"} 0\n'
            'nv_inference_request_duration_us{model="fraud",version="1"} %d\n'
        ),
        (90, 10, 90 * 20_000),
        Counts(10, 100),
        0.02,
    ),
    "mlserver": (
        (
            'model_infer_request_success_total{model="fraud",version="1"} %d\n'
            'model_infer_request_failure_total{model="fraud",version="1"} %d\n'
            'model_infer_request_duration_count{model="fraud",version="1"} %d\n'
            'model_infer_request_duration_sum{model="fraud",version="1"} %f\n'
        ),
        (90, 10, 90, 1.8),
        Counts(10, 100),
        0.02,
    ),
    "bentoml": (
        (
            'bentoml_service_request_total{endpoint="/predict",service_name="fraud",service_version="1",'
            'http_response_code="200"} %d\n'
            'bentoml_service_request_total{endpoint="/predict",service_name="fraud",service_version="1",'
            'http_response_code="500"} %d\n'
            'bentoml_service_request_total{endpoint="/metrics",service_name="fraud",service_version="1",'
            'http_response_code="200"} %d\n'
        ),
        (90, 10, 5000),
        Counts(10, 100),
        None,
    ),
    "tensorflow-serving": (
        (
            ':tensorflow:serving:request_count{model_name="fraud",version="1",status="OK"} %d\n'
            ':tensorflow:serving:request_count{model_name="fraud",version="1",status="INTERNAL"} %d\n'
        ),
        (90, 10),
        Counts(10, 100),
        None,
    ),
    "knative-1.19": (
        (
            'kn_serving_invocation_duration_seconds_count{http_response_status_code="200"} %d\n'
            'kn_serving_invocation_duration_seconds_count{http_response_status_code="502"} %d\n'
            'target_info{kn_service_name="fraud",kn_revision_name="1",k8s_namespace_name="prod"} 1\n'
        ),
        (90, 10),
        Counts(10, 100),
        None,
    ),
    "seldon-v2": (
        (
            'seldon_model_infer_total{model="fraud",model_internal="1",code="200"} %d\n'
            'seldon_model_infer_total{model="fraud",model_internal="1",code="INTERNAL"} %d\n'
            'seldon_model_infer_seconds_total{model="fraud",model_internal="1",code="200"} %f\n'
        ),
        (90, 10, 2.0),
        Counts(10, 100),
        0.02,
    ),
    "nginx": (
        (
            'nginx_ingress_controller_requests{ingress="fraud",canary="1",namespace="prod",status="2xx"} %d\n'
            'nginx_ingress_controller_requests{ingress="fraud",canary="1",namespace="prod",status="5xx"} %d\n'
        ),
        (90, 10),
        Counts(10, 100),
        None,
    ),
}


@pytest.mark.parametrize("profile", PAGES)
async def test_a_profile_reads_its_servers_page(profile: str) -> None:
    """The page as the server writes it gives errors of requests, and latency where it can."""
    text, amounts, errors, latency = PAGES[profile]
    clock = VirtualClock(autojump=True)
    async with FaultServer() as server:
        target = TargetOptions(url=f"{server.url}/metrics", labels={"environment": "prod"})
        pages = [text % tuple(factor * amount for amount in amounts) for factor in (100, 101)]
        server.answer("/metrics", *(Reply(page.encode(), content_type=TEXT) for page in pages))
        async with opened(clock, Options(targets=(target,), profile=profile)) as port:
            answer = await port.read()
    assert str(find(answer, "error_rate").target) == "fraud@prod"
    assert find(answer, "error_rate").measurement == errors
    assert find(answer, "throughput").measurement == Estimate(50.0, 100.0)
    assert has(answer, "latency_p95") is (latency is not None)
    if latency is not None:
        assert find(answer, "latency_p95").measurement.value == pytest.approx(latency)


def test_every_profile_can_be_asked_for() -> None:
    """Each profile makes plans for what it can say, and throughput comes with requests that are counted."""
    for name, profile in PROFILES.items():
        setup = check_options(SOURCE, Options(targets=(PAGE,), profile=name), STANDARD_SIGNALS)
        names = {str(plan.signal) for plan in setup.plans}
        assert names == set(profile.signals) | ({"throughput"} if profile.signals else set())
