"""What an operator sees of every version, from one question per signal."""

from __future__ import annotations

import pytest
from tests.adapters.prometheus.backend import Rows, ScriptedPrometheus, recorded, series, signals, vector

from modeltui.adapters.prometheus.metrics import PrometheusMetrics
from modeltui.adapters.prometheus.options import LabelOptions, QueryOptions
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.names import UNKNOWN, Missing
from modeltui.domain.signal import (
    BUSINESS,
    CONFIDENCE,
    DRIFT,
    ERRORS,
    LATENCY,
    THROUGHPUT,
    Counts,
    Estimate,
    Mean,
    Sample,
    has_observations,
)
from modeltui.ports.metrics import SamplesAnswer
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.faults import (
    HOSTILE_TEXTS,
    Reply,
    gzip_bomb,
    half_json,
    html_page,
    huge,
    json_reply,
    reset,
)

# Real sockets, every answer that was recorded.
pytestmark = pytest.mark.broad

ERRORS_ONLY = signals(ERRORS)


def the(answer: SamplesAnswer, signal: str, version: str = "2") -> Sample:
    """The one sample of a signal and version."""
    (found,) = [s for s in answer.samples if s.signal == signal and s.version == version]
    return found


def errors(total: float, bad: float | None = None, seen: float | None = NOON - 3, **labels: str) -> Rows:
    rows = [series("0", total, **labels)]
    if bad is not None:
        rows.append(series("1", bad, **labels))
    if seen is not None:
        rows.append(series("2", seen, **{k: v for k, v in labels.items() if k != "region"}))
    return rows


async def test_the_whole_fleet_costs_one_request_per_signal(prometheus: ScriptedPrometheus) -> None:
    """Five requests tell six signals of any number of models: throughput comes with the errors."""
    many = [row for index in range(300) for row in errors(100, 1, model=f"model-{index}")]
    prometheus.answer("model_requests_total", many)
    async with prometheus.open() as metrics:
        answer = await metrics.read()
    assert len(prometheus.questions) == 5
    assert len({sample.target for sample in answer.samples}) == 300
    assert sum(sample.signal == THROUGHPUT for sample in answer.samples) == 300


async def test_no_more_than_four_questions_are_under_way(prometheus: ScriptedPrometheus) -> None:
    """The server is shared with others: the fifth question waits for its turn."""
    slow = Reply(vector([]).body, stall_before_headers_seconds=0.05)
    prometheus.answer_everything(slow)
    async with prometheus.open() as metrics:
        await metrics.read()
    assert len(prometheus.questions) == 5
    assert prometheus.server.most_connections_at_once <= 4


async def test_all_signals_of_a_poll_describe_the_same_moment(prometheus: ScriptedPrometheus) -> None:
    """Every question of one poll carries the same time, so that signals cannot contradict each other."""
    async with prometheus.open() as metrics:
        await metrics.read()
    assert len({request["time"] for request in prometheus.requests}) == 1


async def test_a_version_without_errors_has_zero_errors(prometheus: ScriptedPrometheus) -> None:
    """No row of the numerator and one of the denominator are 0 of 900, not 'no data'."""
    prometheus.answer("model_requests_total", errors(900))
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read()
    assert the(answer, ERRORS).measurement == Counts(0.0, 900.0)


async def test_extrapolated_counts_are_whole_and_never_more_bad_than_all(prometheus: ScriptedPrometheus) -> None:
    """What `increase` extrapolates is rounded: 12.63 requests never happened."""
    prometheus.answer("model_requests_total", errors(12.63, 12.8))
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read()
    assert the(answer, ERRORS).measurement == Counts(13.0, 13.0)


@pytest.mark.parametrize("total", ["NaN", "0", "0.2"])
async def test_no_requests_are_no_observations(prometheus: ScriptedPrometheus, total: str) -> None:
    """A version that nobody asked has no error rate, whatever 0/0 is called."""
    prometheus.answer("model_requests_total", [series("0", total), series("2", NOON - 3)])
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read()
    assert not has_observations(the(answer, ERRORS).measurement)


async def test_no_requests_are_a_throughput_of_zero(prometheus: ScriptedPrometheus) -> None:
    """That nothing arrives is a fact about the traffic, and can be judged."""
    prometheus.answer("model_requests_total", errors(0))
    async with prometheus.open(signals(ERRORS, THROUGHPUT)) as metrics:
        answer = await metrics.read()
    rate = the(answer, THROUGHPUT).measurement
    assert rate == Estimate(0.0, UNKNOWN)
    assert has_observations(rate)


async def test_throughput_is_the_requests_over_the_window(prometheus: ScriptedPrometheus) -> None:
    """900 requests in five minutes are 3 per second, with 900 observations behind it."""
    prometheus.answer("model_requests_total", errors(900))
    async with prometheus.open(signals(ERRORS, THROUGHPUT)) as metrics:
        answer = await metrics.read()
    assert the(answer, THROUGHPUT).measurement == Estimate(3.0, 900.0)


async def test_throughput_falls_back_to_what_latency_counted(prometheus: ScriptedPrometheus) -> None:
    """When the errors cannot be read the histogram's count still says how much traffic there is."""
    prometheus.answer("model_requests_total", Reply(b"{}", 422))
    prometheus.answer("duration", [series("0", 600, le="+Inf"), series("0", 500, le="1"), series("2", NOON)])
    async with prometheus.open(signals(ERRORS, LATENCY, THROUGHPUT)) as metrics:
        answer = await metrics.read()
    assert the(answer, THROUGHPUT).measurement == Estimate(2.0, 600.0)


async def test_confidence_is_a_mean_with_its_n(prometheus: ScriptedPrometheus) -> None:
    """The sum is scaled with its rounded count, so that the mean stays what it was."""
    prometheus.answer("confidence", [series("0", 9.45), series("1", 10.5), series("3", NOON)])
    async with prometheus.open(signals(CONFIDENCE)) as metrics:
        answer = await metrics.read()
    mean = the(answer, CONFIDENCE).measurement
    assert isinstance(mean, Mean)
    assert mean.total == 10.0
    assert mean.value == pytest.approx(0.9)


async def test_drift_is_the_worst_feature(prometheus: ScriptedPrometheus) -> None:
    """The server takes the largest index of all features; a gauge does not say how many rows it saw."""
    prometheus.answer("feature_drift_psi", [series("0", 0.31), series("1", NOON - 1800)])
    async with prometheus.open(signals(DRIFT)) as metrics:
        answer = await metrics.read()
    assert the(answer, DRIFT).measurement == Estimate(0.31, UNKNOWN)
    assert the(answer, DRIFT).at == pytest.approx(NOON - 1800, abs=1)
    assert prometheus.questions[0].count("max by (model, version, env)") == 2


async def test_business_is_the_share_of_approvals(prometheus: ScriptedPrometheus) -> None:
    """Approved of all decisions; another word for approval can be configured."""
    prometheus.answer('outcome=~"yes"', errors(100, 80))
    async with prometheus.open(signals(BUSINESS), business_outcome="yes") as metrics:
        answer = await metrics.read()
    assert the(answer, BUSINESS).measurement == Counts(80.0, 100.0)


class TestFreshness:
    """How old a number is, by our clock."""

    async def test_the_servers_clock_is_taken_out(self, prometheus: ScriptedPrometheus) -> None:
        """A server two minutes ahead does not make data look two minutes younger."""
        prometheus.ahead_seconds = 120.0
        prometheus.answer("model_requests_total", errors(900, seen=NOON + 120 - 7))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).at == pytest.approx(NOON - 7, abs=1.0)
        assert float(prometheus.requests[0]["time"]) == pytest.approx(NOON + 120, abs=1.0)

    async def test_the_clock_is_asked_for_once(self, prometheus: ScriptedPrometheus) -> None:
        """A second poll costs one request less than the first."""
        async with prometheus.open(ERRORS_ONLY) as metrics:
            await metrics.read()
            before = len(prometheus.server.requests)
            await metrics.read()
        assert len(prometheus.server.requests) - before == 1

    async def test_a_clock_that_steps_is_measured_again(self, prometheus: ScriptedPrometheus) -> None:
        """A laptop that was corrected by two minutes sees right ages again after one poll."""
        prometheus.tells_date = True
        async with prometheus.open(ERRORS_ONLY) as metrics:
            for _ in range(3):
                await metrics.read()
            assert prometheus.clock_questions == 1
            prometheus.ahead_seconds = -120.0
            prometheus.answer("model_requests_total", errors(900, seen=NOON - 120 - 7))
            await metrics.read()
            answer = await metrics.read()
            await metrics.read()
        assert prometheus.clock_questions == 2
        assert the(answer, ERRORS).at == pytest.approx(NOON - 7, abs=1.0)

    async def test_a_proxy_with_a_clock_of_its_own_costs_nothing(self, prometheus: ScriptedPrometheus) -> None:
        """A Date header that is off all the time is known as such after the first answer."""
        prometheus.server.answer(
            "/api/v1/query",
            lambda seen: prometheus._reply(seen).with_headers({"Date": "Thu, 01 Jan 2026 11:00:00 GMT"}),
        )
        async with prometheus.open(ERRORS_ONLY) as metrics:
            for _ in range(3):
                await metrics.read()
        assert prometheus.clock_questions == 1

    async def test_a_dead_target_keeps_its_last_time(self, prometheus: ScriptedPrometheus) -> None:
        """Rates answer for five minutes after the last scrape; the age goes on from that scrape."""
        prometheus.answer("model_requests_total", errors(900, seen=NOON - 5))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            await metrics.read()
            prometheus.answer("model_requests_total", errors(700, seen=None))
            await prometheus_time_passes(prometheus, 60)
            answer = await metrics.read()
        assert the(answer, ERRORS).at == pytest.approx(NOON - 5, abs=1.0)

    async def test_a_target_that_was_dead_from_the_start_has_no_time(self, prometheus: ScriptedPrometheus) -> None:
        """Nobody knows how old the numbers of a target are that was gone when we came."""
        prometheus.answer("model_requests_total", errors(700, seen=None))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).at is UNKNOWN

    async def test_a_time_in_the_future_is_now(self, prometheus: ScriptedPrometheus) -> None:
        """An exporter that stamps its samples ahead cannot make them fresh for ever."""
        prometheus.answer("model_requests_total", errors(900, seen=NOON + 1e9))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).at == pytest.approx(NOON, abs=1.0)

    async def test_a_new_version_is_measured_over_the_time_it_was_there(self, prometheus: ScriptedPrometheus) -> None:
        """Thirty seconds of traffic are not spread over five minutes."""
        prometheus.answer("model_requests_total", errors(900))
        async with prometheus.open(signals(ERRORS, THROUGHPUT)) as metrics:
            await metrics.read()
            await prometheus_time_passes(prometheus, 30)
            prometheus.answer(
                "model_requests_total", [*errors(900, seen=NOON + 30), *errors(60, version="3", seen=NOON + 30)]
            )
            answer = await metrics.read()
        rate = the(answer, THROUGHPUT, "3")
        assert rate.window_seconds == pytest.approx(30, abs=1)
        assert rate.measurement.value == pytest.approx(2.0, rel=0.05)
        assert the(answer, THROUGHPUT).window_seconds == 300.0

    async def test_a_version_scraped_once_is_there_without_observations(self, prometheus: ScriptedPrometheus) -> None:
        """An increase needs two scrapes; until then the version is known and has no data."""
        prometheus.answer("model_requests_total", [series("2", NOON)])
        async with prometheus.open(signals(ERRORS, THROUGHPUT)) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).measurement == Counts(0.0, 0.0)
        assert [sample.signal for sample in answer.samples] == [ERRORS]


async def prometheus_time_passes(prometheus: ScriptedPrometheus, seconds: float) -> None:
    """Let both clocks go on."""
    assert isinstance(prometheus.clock, VirtualClock)
    prometheus.clock.step_wall_time(seconds)


class TestLatency:
    """Quantiles from buckets."""

    async def test_buckets_written_differently_are_one(self, prometheus: ScriptedPrometheus) -> None:
        """`le="1"` and `le="1.0"` of old and new pods are added."""
        rows = [
            series("0", 40, le="1"),
            series("0", 50, le="1.0"),
            series("0", 50, le="2"),
            series("0", 50, le="2.0"),
            series("0", 100, le="+Inf"),
        ]
        prometheus.answer("duration", [*rows, series("2", NOON)])
        async with prometheus.open(signals(LATENCY)) as metrics:
            answer = await metrics.read()
        assert the(answer, LATENCY).measurement == Estimate(1.5, 100.0)

    async def test_a_quantile_above_the_highest_bound_says_so(self, prometheus: ScriptedPrometheus) -> None:
        """The bound is shown in its place, with a warning: it may be any amount more."""
        rows = [series("0", 10, le="1"), series("0", 100, le="+Inf"), series("2", NOON)]
        prometheus.answer("duration", rows)
        async with prometheus.open(signals(LATENCY)) as metrics:
            answer = await metrics.read()
        assert the(answer, LATENCY).measurement == Estimate(1.0, 100.0)
        assert any("highest bucket" in warning for warning in answer.warnings)

    async def test_milliseconds_become_seconds(self, prometheus: ScriptedPrometheus) -> None:
        """A profile that counts milliseconds is shown in seconds like all others."""
        rows = [series("0", 90, le="100"), series("0", 100, le="200"), series("0", 100, le="+Inf")]
        named = [
            {**row, "metric": {**row["metric"], "service_name": "m", "revision_name": "r", "namespace_name": "n"}}
            for row in [*rows, series("2", NOON)]
        ]
        prometheus.answer("revision_app_request_latencies", named)
        async with prometheus.open(signals(LATENCY), profile="kserve") as metrics:
            answer = await metrics.read()
        (sample,) = answer.samples
        assert str(sample.target) == "m@n"
        assert sample.version == "r"
        assert sample.measurement.value == pytest.approx(0.150)

    @pytest.mark.parametrize(
        "rows",
        [
            [series("0", 10, le="1")],
            [series("0", 10, le="+Inf")],
            [series("0", "NaN", le="1"), series("0", "NaN", le="+Inf")],
            [series("0", 10, le="much"), series("0", 10, le="")],
        ],
        ids=["without +Inf", "only +Inf", "not a number", "bounds of nonsense"],
    )
    async def test_half_a_histogram_is_no_number(self, prometheus: ScriptedPrometheus, rows: Rows) -> None:
        """Buckets that say nothing make no latency, and break nothing."""
        prometheus.answer("duration", [*rows, series("2", NOON)])
        async with prometheus.open(signals(LATENCY)) as metrics:
            answer = await metrics.read()
        assert not any(has_observations(sample.measurement) for sample in answer.samples)


class TestSegments:
    """Slices of a signal."""

    async def test_each_dimension_is_added_up_on_its_own(self, prometheus: ScriptedPrometheus) -> None:
        """Region and device are marginals, and the whole is their sum."""
        rows = [
            series("0", 100, region="hk", device="ios"),
            series("0", 200, region="hk", device="web"),
            series("0", 300, region="cn", device="web"),
            series("1", 30, region="hk", device="ios"),
            series("2", NOON),
        ]
        prometheus.answer("model_requests_total", rows)
        async with prometheus.open(ERRORS_ONLY, segments=("region", "device")) as metrics:
            sample = the(await metrics.read(), ERRORS)
        assert sample.measurement == Counts(30.0, 600.0)
        assert dict(sample.segments) == {
            "region=hk": Counts(30.0, 300.0),
            "region=cn": Counts(0.0, 300.0),
            "device=ios": Counts(30.0, 100.0),
            "device=web": Counts(0.0, 500.0),
        }

    async def test_small_ones_become_one_called_other(self, prometheus: ScriptedPrometheus) -> None:
        """Twenty by traffic, and one for the rest: a label with ten thousand values fits on a screen."""
        rows = [series("0", 1000 - index, region=f"r{index:03}") for index in range(200)]
        prometheus.answer("model_requests_total", [*rows, series("2", NOON)])
        async with prometheus.open(ERRORS_ONLY, segments=("region",)) as metrics:
            sample = the(await metrics.read(), ERRORS)
        segments = dict(sample.segments)
        assert len(segments) == 21
        assert segments["region=r000"] == Counts(0.0, 1000.0)  # type: ignore[index]
        other = segments["region=other"]  # type: ignore[index]
        assert sum(part.n for part in segments.values() if isinstance(part.n, float)) == sample.measurement.n
        assert other.n == sum(1000 - index for index in range(20, 200))

    async def test_a_metric_without_the_label_has_no_segments(self, prometheus: ScriptedPrometheus) -> None:
        """Asking for a label that a metric lacks costs nothing and says nothing."""
        prometheus.answer("model_requests_total", errors(100, 1))
        async with prometheus.open(ERRORS_ONLY, segments=("region",)) as metrics:
            assert the(await metrics.read(), ERRORS).segments == ()


class TestNames:
    """Labels become models, versions and environments."""

    async def test_a_fixed_environment_and_other_labels(self, prometheus: ScriptedPrometheus) -> None:
        """A server without an environment label gets a fixed one; labels go by other names."""
        row = series("0", 100, model="", version="", env="", app="", service="credit", release="1.10")
        prometheus.answer("by (app, service, release)", [row])
        labels = LabelOptions(model="app|service", version="release", environment="=prod")
        async with prometheus.open(ERRORS_ONLY, labels=labels) as metrics:
            (sample,) = (await metrics.read()).samples
        assert (str(sample.target), sample.version) == ("credit@prod", "1.10")

    async def test_series_without_a_version_are_named(self, prometheus: ScriptedPrometheus) -> None:
        """They are left out, and the warning says which setting would let them in."""
        prometheus.answer("model_requests_total", [series("0", 100, version=""), *errors(5)])
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert len(answer.samples) == 1
        (warning,) = answer.warnings
        assert "1 series without version" in warning
        assert "labels.version" in warning

    async def test_names_that_change_all_the_time_are_forgotten(self, prometheus: ScriptedPrometheus) -> None:
        """What has not answered for a quarter of an hour takes no memory; what answers stays."""
        async with prometheus.open(ERRORS_ONLY) as metrics:
            assert isinstance(metrics, PrometheusMetrics)
            for minute in range(40):
                passing = [row for index in range(50) for row in errors(9, model=f"m-{minute}-{index}")]
                prometheus.answer("model_requests_total", [*passing, *errors(100)])
                await metrics.read()
                await prometheus_time_passes(prometheus, 60)
            assert len(metrics._groups) < 18 * 51

    @pytest.mark.parametrize("hostile", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
    async def test_hostile_labels_are_harmless(self, prometheus: ScriptedPrometheus, hostile: str) -> None:
        """Nothing in a label can act on a terminal, and the other versions stay."""
        rows = [*errors(100, region=hostile, model=hostile), *errors(9)]
        prometheus.answer("model_requests_total", rows)
        async with prometheus.open(ERRORS_ONLY, segments=("region",)) as metrics:
            answer = await metrics.read()
        assert "fraud-detector@prod" in {str(sample.target) for sample in answer.samples}
        for sample in answer.samples:
            for text in (sample.target.model, *(name for name, _ in sample.segments)):
                assert text.isprintable()
                assert len(text) <= 200


OWN_QUERIES = {
    "ratio": (
        QueryOptions(bad='sum by ({by}) (increase(a{x="1"}[{window}]))', total="sum by ({by}) (increase(a[{window}]))"),
        [series("0", 10), series("1", 3), series("2", NOON - 1)],
        Counts(3.0, 10.0),
    ),
    "recorded rates": (
        QueryOptions(bad="r:bad", total="r:all", per_second=True),
        [series("0", 2), series("1", 0.5), series("2", NOON - 1)],
        Counts(150.0, 600.0),
    ),
    "mean": (
        QueryOptions(sum="sum by ({by}) (increase(s[{window}]))", total="c", scale=0.001),
        [series("0", 3000), series("1", 2), series("2", NOON - 1)],
        Mean(3.0, 2.0),
    ),
    "buckets": (
        QueryOptions(buckets="sum by ({by}, le) (increase(b_bucket[{window}]))", quantile=0.5),
        [series("0", 10, le="1"), series("0", 10, le="+Inf"), series("1", NOON - 1)],
        Estimate(0.5, 10.0),
    ),
    "value": (
        QueryOptions(value="max by ({by}) (psi)"),
        [series("0", 0.2), series("1", NOON - 1)],
        Estimate(0.2, UNKNOWN),
    ),
    "rate": (
        QueryOptions(rate="sum by ({by}) (rate(n[{window}]))"),
        [series("0", 2.5), series("1", NOON - 1)],
        Estimate(2.5, 750.0),
    ),
}


@pytest.mark.parametrize(("query", "rows", "expected"), OWN_QUERIES.values(), ids=OWN_QUERIES.keys())
async def test_own_promql_per_signal(
    prometheus: ScriptedPrometheus, query: QueryOptions, rows: Rows, expected: object
) -> None:
    """A team's own query replaces the profile's, in five shapes; its age comes from the metric in it."""
    prometheus.answer("timestamp(", rows)
    async with prometheus.open(ERRORS_ONLY, queries={ERRORS: query}) as metrics:
        answer = await metrics.read()
    (sample,) = answer.samples
    assert sample.measurement == expected
    assert sample.at == pytest.approx(NOON - 1, abs=1)
    (question,) = prometheus.questions
    assert "{by}" not in question
    assert "{window}" not in question


class TestFaults:
    """Whatever the server does costs its own signal, and is said."""

    async def test_one_failing_signal_is_named_and_the_others_stay(self, prometheus: ScriptedPrometheus) -> None:
        """An answer of 422 to one question leaves the five other signals as they are."""
        prometheus.answer("model_requests_total", errors(100))
        prometheus.answer("duration", recorded("prometheus-2.42-many-to-many-422.json", 422))
        async with prometheus.open() as metrics:
            answer = await metrics.read()
        assert {sample.signal for sample in answer.samples} == {ERRORS, THROUGHPUT}
        (warning,) = answer.warnings
        assert warning.startswith("latency_p95 could not be read")
        assert "duplicate series" in warning

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (recorded("prometheus-2.42-parse-error-400.json", 400), BackendRefused),
            (recorded("prometheus-2.42-many-to-many-422.json", 422), BackendRefused),
            (recorded("victoriametrics-1.79.5-parse-error-422.json", 422), BackendRefused),
            (recorded("mimir-documented-limit-422.json", 422), BackendRefused),
            (Reply(b"404 page not found\n", 404, "text/plain"), BackendRefused),
            (Reply(b"Service Unavailable", 503, "text/plain"), BackendUnavailable),
            (
                json_reply({"status": "error", "errorType": "timeout", "error": "query timed out"}),
                BackendUnavailable,
            ),
            (json_reply({"status": "error", "errorType": 422, "error": "no such function"}), BackendRefused),
            (json_reply({"status": "error", "errorType": "503", "error": "busy"}), BackendUnavailable),
            (json_reply({"status": "success"}), BackendMalformed),
            (json_reply({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}), BackendMalformed),
            (json_reply([]), BackendMalformed),
            (json_reply({"status": "success", "data": {"resultType": "vector", "result": [3]}}), BackendMalformed),
            (
                json_reply(
                    {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": "x"}]}}
                ),
                BackendMalformed,
            ),
            (half_json({"status": "success"}), BackendMalformed),
            (html_page(), BackendMalformed),
            (gzip_bomb(), BackendMalformed),
            (huge(), BackendMalformed),
            (reset(), BackendUnavailable),
        ],
    )
    async def test_when_all_fail_the_reason_is_raised(
        self, prometheus: ScriptedPrometheus, reply: Reply, kind: type[BackendError]
    ) -> None:
        """A server that answers nothing useful at all is down, refusing or something else, in one sentence."""
        prometheus.answer_everything(reply)
        async with prometheus.open(most_answer_bytes=1 << 20) as metrics:
            with pytest.raises(kind) as caught:
                await metrics.read()
        assert caught.value.title.startswith("prom")
        assert caught.value.remedy

    async def test_mimirs_own_error_id_is_shown(self, prometheus: ScriptedPrometheus) -> None:
        """The id leads to the runbook, so it must not be cut off."""
        prometheus.answer_everything(recorded("mimir-documented-limit-422.json", 422))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            with pytest.raises(BackendRefused) as caught:
                await metrics.read()
        assert "err-mimir-max-chunks-per-query" in caught.value.remedy

    @pytest.mark.parametrize(
        ("payload", "says"),
        [
            ("victoriametrics-documented-partial.json", "partial answer"),
            ("thanos-documented-warnings.json", "context deadline exceeded"),
            ("thanos-documented-data-warnings.json", "No StoreAPIs matched"),
            ("prometheus-documented-infos.json", "ignored histograms"),
        ],
    )
    async def test_warnings_beside_the_data_are_shown(
        self, prometheus: ScriptedPrometheus, payload: str, says: str
    ) -> None:
        """A half answer with status 200 is used, and said to be one."""
        prometheus.answer("model_requests_total", recorded(payload))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).measurement.n == 120.0
        (warning,) = answer.warnings
        assert says in warning

    async def test_one_unreadable_name_costs_one_name(self, prometheus: ScriptedPrometheus) -> None:
        """Bytes that are no text, and half characters, are replaced; all other rows stay."""
        good = vector(errors(100)).body
        broken = good.replace(b'"fraud-detector"', b'"fraud\xff\\ud800"', 1)
        prometheus.answer("model_requests_total", Reply(broken))
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert "fraud\ufffd\ufffd" in {sample.target.model for sample in answer.samples}

    async def test_a_server_without_a_clock_question_is_read_all_the_same(self, prometheus: ScriptedPrometheus) -> None:
        """Where `vector(1)` is refused the clocks are taken as equal, and the signals still come."""
        refuse_first = [Reply(b"{}", 422)]

        def reply(parameters: dict[str, str]) -> Reply:
            return vector(errors(100))

        prometheus.answer("model_requests_total", reply)
        prometheus.server.answer(
            "/api/v1/query",
            lambda seen: refuse_first[0] if seen.query["query"] == ["vector(1)"] else vector(errors(100)),
        )
        async with prometheus.open(ERRORS_ONLY) as metrics:
            answer = await metrics.read()
        assert the(answer, ERRORS).measurement.n == 100.0


class TestRecorded:
    """Answers of real servers to our own questions."""

    @pytest.mark.parametrize("server", ["prometheus-2.42", "victoriametrics-1.79.5"])
    async def test_a_bad_version_beside_a_good_one(self, prometheus: ScriptedPrometheus, server: str) -> None:
        """Version 3 fails, is slow, unsure and drifts; version 2 has no error at all and says so."""
        asked = signals(window_seconds=60.0)
        words = {
            ERRORS: "model_requests_total",
            LATENCY: "duration",
            CONFIDENCE: "confidence",
            DRIFT: "psi",
            BUSINESS: "decisions",
        }
        for signal, word in words.items():
            prometheus.answer(word, recorded(f"{server}-{signal}.json"))
        async with prometheus.open(asked, segments=("region",)) as metrics:
            answer = await metrics.read()
        assert answer.warnings == ()
        good = {signal: the(answer, signal, "2").measurement for signal in [*words, THROUGHPUT]}
        bad = {signal: the(answer, signal, "3").measurement for signal in [*words, THROUGHPUT]}
        assert good[ERRORS] == Counts(0.0, good[ERRORS].n)  # type: ignore[arg-type]
        assert bad[ERRORS].value == pytest.approx(0.4, abs=0.05)
        assert good[LATENCY].value == pytest.approx(0.077, abs=0.01)
        assert bad[LATENCY].value == pytest.approx(0.75, abs=0.1)
        assert good[CONFIDENCE].value == pytest.approx(0.9, abs=0.02)
        assert bad[CONFIDENCE].value == pytest.approx(0.5, abs=0.02)
        assert (good[DRIFT].value, bad[DRIFT].value) == (0.03, 0.6)
        assert good[BUSINESS].value == pytest.approx(0.8, abs=0.03)
        for measured in (good, bad):
            assert measured[THROUGHPUT].value == pytest.approx(measured[ERRORS].n / 60)  # type: ignore[operator]
        segments = the(answer, ERRORS, "3").segments
        assert [name for name, _ in segments] == ["region=cn", "region=hk"]
        assert not isinstance(the(answer, ERRORS).at, Missing)

    async def test_a_native_histogram(self, prometheus: ScriptedPrometheus) -> None:
        """Its buckets tell the quantile, spread over the exponent within one of them."""
        prometheus.answer("duration", recorded("prometheus-documented-native-histogram.json"))
        async with prometheus.open(signals(LATENCY)) as metrics:
            answer = await metrics.read()
        assert the(answer, LATENCY).measurement.n == 100.0
        assert the(answer, LATENCY).measurement.value == pytest.approx(0.125 * 2**0.5)
