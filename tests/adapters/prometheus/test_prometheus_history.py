"""The past of the targets on screen: aligned, bounded, and only theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from tests.adapters.prometheus.backend import ScriptedPrometheus, matrix, recorded, series, signals, vector

from modeltui.adapters.prometheus.history import make_grid
from modeltui.domain.errors import BackendRefused
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.signal import ERRORS, LATENCY, THROUGHPUT, Counts
from modeltui.domain.text import SafeText
from modeltui.testing.clock import NOON
from modeltui.testing.faults import Reply

FRAUD = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod")))
ERRORS_ONLY = signals(ERRORS)


def over_time(*rows: dict[str, Any]) -> Callable[[dict[str, str]], Reply]:
    """Answer a range question with these rows at each of its moments."""

    def reply(parameters: dict[str, str]) -> Reply:
        start, end, step = (float(parameters[name]) for name in ("start", "end", "step"))
        times = [start + index * step for index in range(int((end - start) / step) + 1)]
        return matrix(rows, times)

    return reply


async def test_the_past_comes_in_steps_that_caches_like(prometheus: ScriptedPrometheus) -> None:
    """Start and end are multiples of the step by the server's clock; each step holds what was true then."""
    prometheus.ahead_seconds = 7.0
    prometheus.answer("model_requests_total", over_time(series("0", 90), series("1", 9)))
    async with prometheus.open(signals(ERRORS, THROUGHPUT)) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 100), Instant(NOON), 30.0)
    (request,) = prometheus.requests
    assert float(request["start"]) % 30 == 0
    assert float(request["end"]) % 30 == 0
    times = [at for at, _ in answer.steps]
    assert {round(later - earlier, 3) for earlier, later in pairwise(times)} == {30.0}
    assert times[0] >= NOON - 100
    assert times[-1] <= NOON
    for _, samples in answer.steps:
        assert {sample.signal for sample in samples} == {ERRORS, THROUGHPUT}
        assert Counts(9.0, 90.0) in [sample.measurement for sample in samples]


async def test_only_the_named_targets_are_asked_for(prometheus: ScriptedPrometheus) -> None:
    """Names stand in the selectors, so that the server reads no more than needed; others are sorted out."""
    prometheus.answer(
        "model_requests_total",
        over_time(series("0", 90), series("0", 80, env="staging"), series("0", 70, model="other")),
    )
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 60), Instant(NOON), 30.0)
    assert {sample.target for _, samples in answer.steps for sample in samples} == {FRAUD}
    assert 'model="fraud-detector",env="prod"' in prometheus.questions[0]


async def test_names_with_anything_in_them_are_asked_for_exactly(prometheus: ScriptedPrometheus) -> None:
    """A model called `a.*|"b\\` matches itself and nothing else."""
    name = 'a.*|"b\\c\n{}'
    prometheus.answer("model_requests_total", [series("0", 90, model=name), series("2", NOON, model=name)])
    async with prometheus.open(ERRORS_ONLY) as metrics:
        (sample,) = (await metrics.read()).samples
        await metrics.read_history([sample.target, FRAUD], Instant(NOON - 60), Instant(NOON), 30.0)
    question = prometheus.questions[-1]
    found = re.search(r'model=~"((?:\\.|[^"\\])*)"', question)
    assert found
    pattern = found[1].encode().decode("unicode_escape")
    assert re.fullmatch(pattern, name)
    assert re.fullmatch(pattern, "fraud-detector")
    assert not re.fullmatch(pattern, "abc")


async def test_thousands_of_targets_go_by_post_in_several_questions(prometheus: ScriptedPrometheus) -> None:
    """No question grows without bound, and none is sent as an endless URL."""
    targets = [TargetKey(ModelName(SafeText(f"model-{index:05}")), FRAUD.environment) for index in range(3000)]
    prometheus.answer("model_requests_total", over_time(series("0", 90)))
    async with prometheus.open(ERRORS_ONLY) as metrics:
        await metrics.read_history(targets, Instant(NOON - 60), Instant(NOON), 30.0)
    asked = [request for request in prometheus.server.requests if request.path == "/api/v1/query_range"]
    assert 4 <= len(asked) <= 10
    assert {request.method for request in asked} == {"POST"}
    assert max(len(question) for question in prometheus.questions) < 60_000


async def test_a_long_past_is_cut_below_the_servers_limit(prometheus: ScriptedPrometheus) -> None:
    """More than 11,000 points are refused, so they are asked for in pieces that fit together."""
    prometheus.answer("model_requests_total", over_time(series("0", 90)))
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 25_000), Instant(NOON), 1.0)
    points = [(float(r["end"]) - float(r["start"])) / float(r["step"]) for r in prometheus.requests]
    assert max(points) <= 11_000
    assert len(answer.steps) in (25_000, 25_001)
    assert all(len(samples) == 1 for _, samples in answer.steps)


async def test_copies_of_the_last_point_are_not_fresh(prometheus: ScriptedPrometheus) -> None:
    """VictoriaMetrics fills its hidden end with copies: it is left out, and the raw time tells the rest."""
    prometheus.answer(
        "model_requests_total",
        over_time(series("0", 90), series("2", NOON - 60)),
    )
    async with prometheus.open(ERRORS_ONLY, flavour="victoriametrics") as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 60), Instant(NOON), 10.0)
    assert max(at for at, _ in answer.steps) <= NOON - 29
    assert all(s.at == pytest.approx(NOON - 60, abs=1) for _, samples in answer.steps for s in samples)
    assert prometheus.requests[0]["nocache"] == "1"


async def test_a_dead_targets_past_keeps_its_last_time(prometheus: ScriptedPrometheus) -> None:
    """In the past, too, rates outlive the scrapes, and the age goes on."""

    def reply(parameters: dict[str, str]) -> Reply:
        start = float(parameters["start"])
        times = [start + 30 * index for index in range(4)]
        alive = {"metric": series("2", 0)["metric"], "values": [[at, str(at - 2)] for at in times[:2]]}
        counts = {"metric": series("0", 0)["metric"], "values": [[at, "90"] for at in times]}
        return vector_of([alive, counts])

    prometheus.answer("model_requests_total", reply)
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 90), Instant(NOON), 30.0)
    ages = [at - samples[0].at for at, samples in answer.steps if isinstance(samples[0].at, float)]
    assert ages == pytest.approx([2, 2, 32, 62], abs=0.5)


async def test_one_failing_signal_is_named_in_the_past_too(prometheus: ScriptedPrometheus) -> None:
    """The other lines of the chart are drawn; when no line can be, the reason is raised."""
    prometheus.answer("model_requests_total", over_time(series("0", 90)))
    prometheus.answer("duration", recorded("prometheus-2.42-many-to-many-422.json", 422))
    async with prometheus.open(signals(ERRORS, LATENCY)) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON - 60), Instant(NOON), 30.0)
        assert [warning.partition(" ")[0] for warning in answer.warnings] == ["latency_p95"]
        prometheus.answer_everything(Reply(b"{}", 422))
        with pytest.raises(BackendRefused):
            await metrics.read_history([FRAUD], Instant(NOON - 60), Instant(NOON), 30.0)


async def test_an_end_before_the_start_is_no_past(prometheus: ScriptedPrometheus) -> None:
    """Nothing is asked for a span that does not exist."""
    async with prometheus.open(ERRORS_ONLY) as metrics:
        answer = await metrics.read_history([FRAUD], Instant(NOON), Instant(NOON - 100), 30.0)
    assert answer.steps == ()
    assert prometheus.questions == []


@pytest.mark.parametrize("noise", [-0.2, 0.0, 0.2])
def test_asking_onwards_from_the_last_step_misses_none(noise: float) -> None:
    """A clock that is measured a little differently the next time neither skips a step nor repeats one."""
    first = make_grid(1000.0, 1100.0, 15.0)
    last = first.at(first.count - 1)
    onwards = make_grid(last + 15.0 + noise, last + 65.0 + noise, 15.0)
    assert onwards.first == last + 15.0


def vector_of(rows: list[dict[str, Any]]) -> Reply:
    """A range answer made by hand."""
    return Reply(vector(rows).body.replace(b'"vector"', b'"matrix"'))
