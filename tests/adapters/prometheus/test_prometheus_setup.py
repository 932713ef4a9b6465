"""What a configuration means, what it cannot mean, and what is asked because of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.prometheus.backend import SOURCE, ScriptedPrometheus, series, signals, surroundings, vector

from modeltui.adapters.prometheus.options import LabelOptions, Options, QueryOptions, check_options, http_settings
from modeltui.adapters.prometheus.profiles import PROFILES
from modeltui.adapters.prometheus.promql import any_of, first_selector, question, quoted
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import UNKNOWN
from modeltui.domain.signal import ERRORS, STANDARD_SIGNALS
from modeltui.testing.clock import NOON
from modeltui.testing.faults import Reply, json_reply

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown profile": ({"profile": "seldom"}, "profile 'seldom' is unknown"),
    "a label that is none": ({"labels": LabelOptions(model="my-label")}, "labels.model"),
    "a segment that is none": ({"segments": ("a b",)}, "segments"),
    "all labels fixed": ({"labels": LabelOptions(model="=m", version="=1", environment="=p")}, "all fixed"),
    "a query for no signal": ({"queries": {"latency": QueryOptions(value="x")}}, "queries.latency is no signal"),
    "half a ratio": ({"queries": {ERRORS: QueryOptions(bad="x")}}, "queries.error_rate has bad"),
    "two shapes at once": ({"queries": {ERRORS: QueryOptions(value="x", rate="y")}}, "has rate, value"),
    "no metric in a query": ({"queries": {ERRORS: QueryOptions(value="1 + 1")}}, "no metric found"),
    "no data source": ({"flavour": "grafana-proxy"}, "needs datasource_uid"),
}


@pytest.mark.parametrize(("changes", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(changes: dict[str, Any], says: str) -> None:
    """The error names the source, the key and what to write instead."""
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        check_options(SOURCE, Options(url="http://127.0.0.1:9090", **changes), STANDARD_SIGNALS)
    assert caught.value.remedy


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_asks_only_for_labels_that_it_names(profile: str) -> None:
    """Each question groups by its identity labels, tells its parts apart and has balanced brackets."""
    setup = check_options(SOURCE, Options(url="http://127.0.0.1:9090", profile=profile), STANDARD_SIGNALS)
    for plan in setup.plans:
        asked = question(plan, setup.grouping)
        assert asked.text.count("(") == asked.text.count(")")
        assert f"sum by ({', '.join(setup.grouping.identity.labels)}" in asked.text or "max by" in asked.text
        assert len(set(re.findall(r'"modeltui_part", "(\d+)"', asked.text))) == len(asked.legs)


def test_a_window_shorter_than_four_scrapes_is_warned_of() -> None:
    """A rate needs two points, and the left end of the window may lose one."""
    options = Options(url="http://127.0.0.1:9090", scrape_interval_seconds=60.0)
    setup = check_options(SOURCE, options, signals(ERRORS, window_seconds=120.0))
    (warning,) = setup.warnings
    assert "240 s at least" in warning


SELECTORS = {
    'sum by ({by}) (increase(istio_requests_total{reporter="destination",a=~"}x("}[{window}]))': (
        'istio_requests_total{reporter="destination",a=~"}x("}'
    ),
    "max by (a, b) (drift)": "drift",
    'sum(rate({__name__=":tf:count"}[5m]))': '{__name__=":tf:count"}',
    "sum by(m)(x:rate5m) * 2": "x:rate5m",
    "sum(foo) by (m)": "foo",
    "topk(3, foo offset 5m)": "foo",
    "sum without(pod) (increase(foo[5m]))": "foo",
    "histogram_quantile(0.95,\n sum by ({by}, le) (rate(t_bucket[{window}])))": "t_bucket",
    "1 + 2": "",
    "": "",
}


@pytest.mark.parametrize(("text", "selector"), SELECTORS.items())
def test_the_metric_whose_age_counts_is_found_in_a_query(text: str, selector: str) -> None:
    """A team writes its query once; which series tells the age is read from it."""
    assert first_selector(text) == selector


def test_text_in_a_query_stays_text() -> None:
    """Quotation marks, backslashes and control characters cannot end a string."""
    assert quoted('a"b\\c\nd\x00') == r'"a\"b\\c\u000ad\u0000"'
    assert any_of("model", ["a.b", "c"]) == r'model=~"a\\.b|c"'
    assert any_of("model", ["a.b"]) == 'model="a.b"'


FLAVOURS: dict[str, tuple[dict[str, Any], str, str, dict[str, str]]] = {
    "victoriametrics": ({}, "", "/api/v1/query", {"latency_offset": "1s"}),
    "thanos": ({}, "", "/api/v1/query", {"max_source_resolution": "0s", "dedup": "true"}),
    "mimir": ({"tenant": "risk"}, "", "/prometheus/api/v1/query", {}),
    "mimir at a base url with its path": ({"flavour": "mimir"}, "/prometheus", "/prometheus/api/v1/query", {}),
    "grafana-proxy": ({"datasource_uid": "P1"}, "", "/api/datasources/proxy/uid/P1/api/v1/query", {}),
    "own path": (
        {"flavour": "prometheus", "path_prefix": "/select/7/prometheus"},
        "",
        "/select/7/prometheus/api/v1/query",
        {},
    ),
}


@pytest.mark.parametrize(("name", "case"), FLAVOURS.items(), ids=FLAVOURS.keys())
async def test_each_relative_is_asked_in_its_own_way(
    prometheus: ScriptedPrometheus, name: str, case: tuple[dict[str, Any], str, str, dict[str, str]]
) -> None:
    """Paths, tenant headers and parameters follow the flavour."""
    changes, base, path, parameters = case
    changes = {"flavour": name, **changes}
    prometheus.server.answer(path, prometheus._reply)
    options = prometheus.options(parameters={"extra": "1"}, **changes)
    import msgspec

    from modeltui.adapters.prometheus.metrics import connect

    options = msgspec.structs.replace(options, url=options.url + base)
    async with connect(options, surroundings(prometheus.clock, signals(ERRORS))) as metrics:
        await metrics.read()
    request = prometheus.server.requests[-1]
    assert request.path == path
    assert {**parameters, "extra": "1"}.items() <= prometheus.requests[-1].items()
    if changes.get("tenant"):
        assert request.headers["x-scope-orgid"] == "risk"


def test_limits_and_headers_reach_the_connection() -> None:
    """What is configured for the connection is what the connection gets."""
    options = Options(
        url="http://127.0.0.1:9090", flavour="thanos", tenant="t", headers={"X-A": "b"}, timeout_seconds=3
    )
    settings = http_settings(options)
    assert settings.headers == {"THANOS-TENANT": "t", "X-A": "b"}
    assert settings.timeout_seconds == 3
    assert settings.most_answer_bytes == 64 * 1024 * 1024


class TestProbe:
    """What `doctor` says."""

    async def test_a_missing_label_is_named_with_what_is_there(self, prometheus: ScriptedPrometheus) -> None:
        """Somebody whose metric has `environment` instead of `env` learns exactly that."""
        prometheus.answer("count(", [series("0", 12), series("1", 12)])
        prometheus.server.answer(
            "/api/v1/labels", json_reply({"status": "success", "data": ["__name__", "environment", "model", "version"]})
        )
        prometheus.server.answer(
            "/api/v1/status/buildinfo", json_reply({"status": "success", "data": {"version": "2.53.0"}})
        )
        async with prometheus.open(signals(ERRORS)) as metrics:
            probe = await metrics.probe()
        assert probe.version == "2.53.0"
        finding = next(finding for finding in probe.findings if finding.name == ERRORS)
        assert finding.ok is False
        assert "environment (env)" in finding.says
        assert "they have environment, model, version" in finding.says
        assert "labels.environment" in finding.remedy

    async def test_requests_that_do_not_say_how_they_ended_are_a_finding(self, prometheus: ScriptedPrometheus) -> None:
        """Somebody whose counter has `status` instead of `code` learns it, and is not told that nothing fails."""
        prometheus.answer("count(", [series("0", 12), series("1", 12)])
        prometheus.server.answer(
            "/api/v1/labels", json_reply({"status": "success", "data": ["env", "model", "status", "version"]})
        )
        async with prometheus.open(signals(ERRORS)) as metrics:
            probe = await metrics.probe()
            await metrics.read()
        finding = next(finding for finding in probe.findings if finding.name == ERRORS)
        assert finding.ok is False
        assert "have no label code" in finding.says
        assert "they have env, model, status, version" in finding.says
        (asked,) = [question for question in prometheus.questions if "increase" in question]
        assert 'increase(model_requests_total{code!=""}[300s])' in asked

    async def test_metrics_of_another_profile_are_suggested(self, prometheus: ScriptedPrometheus) -> None:
        """Nothing of the chosen profile and something of Triton's: that is said."""
        prometheus.answer(
            "count by (__name__)",
            vector([{"metric": {"__name__": "nv_inference_request_success"}, "value": [NOON, "4"]}]),
        )
        async with prometheus.open(signals(ERRORS)) as metrics:
            probe = await metrics.probe()
        finding = next(finding for finding in probe.findings if finding.name == "profiles")
        assert "triton (nv_inference_request_success)" in finding.says
        assert finding.remedy == "Try profile: triton."
        assert next(f for f in probe.findings if f.name == ERRORS).ok is False

    async def test_a_clock_that_is_off_is_a_finding(self, prometheus: ScriptedPrometheus) -> None:
        """Ages are right all the same, and the operator learns why they might look odd elsewhere."""
        prometheus.ahead_seconds = -90.0
        async with prometheus.open(signals(ERRORS)) as metrics:
            probe = await metrics.probe()
        assert probe.clock_offset_seconds == pytest.approx(-90, abs=1)
        clock = next(finding for finding in probe.findings if finding.name == "clock")
        assert clock.ok is False
        assert "90.0 s behind ours" in clock.says

    async def test_a_server_that_hides_its_version_is_probed_all_the_same(self, prometheus: ScriptedPrometheus) -> None:
        """Proxies often forward the query paths only."""
        prometheus.server.answer("/api/v1/status/buildinfo", Reply(b"404 page not found", 404, "text/plain"))
        prometheus.answer("count(", [series("0", 12), series("1", 12)])
        prometheus.server.answer("/api/v1/labels", Reply(b"404 page not found", 404, "text/plain"))
        async with prometheus.open(signals(ERRORS)) as metrics:
            probe = await metrics.probe()
        assert probe.version is UNKNOWN
        assert next(f for f in probe.findings if f.name == ERRORS).ok is True


def test_payloads_say_where_they_are_from() -> None:
    """Each recorded answer is named in the table beside them."""
    folder = Path(__file__).parent / "payloads"
    table = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("*.json"):
        names = (path.name, path.stem.rsplit("-", 1)[0], "-".join(path.stem.split("-")[:2]))
        assert any(name in table for name in names), path.name
