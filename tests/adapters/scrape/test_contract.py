"""The adapter keeps what the metrics port promises, on a real model server too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from tests.adapters.scrape.exporter import Exporter, find, opened, watching
from tests.servers.fixtures import RunModelServer
from tests.servers.model_plan import Behaviour, ModelServerPlan, Slot
from tests.servers.process import wait_until

from modeltui.adapters.scrape.options import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.names import Environment, ModelName, TargetKey
from modeltui.domain.signal import STANDARD_SIGNALS, Counts
from modeltui.domain.text import SafeText
from modeltui.testing.metrics_contract import CHECKS, Check, MetricsCase, check_name

FRAUD = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))


@pytest.mark.parametrize("check", CHECKS, ids=check_name)
async def test_it_keeps_the_contract(check: Check) -> None:
    """Every check of the port holds for pages that a test writes."""
    exporter = Exporter()
    exporter.count("1", good=100)
    exporter.drift("1", "age", 0.1)
    async with watching(exporter, segments=("region",)) as (port, clock, _):
        for _number in range(5):
            exporter.count("1", good=9, bad=1)
            await port.read()
            await clock.advance(2)
        await check(MetricsCase(port, clock, STANDARD_SIGNALS, frozenset({FRAUD})))


PLAN = ModelServerPlan(
    "fraud",
    slots=(Slot("stable", 0.5, version="1"), Slot("canary", 0.5, version="2")),
    behaviours={"2": Behaviour(error_share=0.3, latency_seconds=0.2, confidence=0.6)},
    requests_per_second=400.0,
)


async def test_a_real_model_server_keeps_the_contract(run_model_server: RunModelServer) -> None:
    """Every check of the port holds for a real process."""
    server = run_model_server(PLAN)
    clock = SystemClock()
    async with opened(clock, Options(url=server.metrics_url, first_gap_seconds=0.5)) as port:
        for _ in range(3):
            await port.read()
            await asyncio.sleep(0.5)
        for check in CHECKS:
            await check(
                MetricsCase(port, clock, STANDARD_SIGNALS, frozenset({FRAUD}), step_seconds=0.5, history_steps=3)
            )


def requests_counted(page: str) -> float:
    """Return how many requests a page has counted."""
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith("model_requests_total{"))


async def test_a_bad_version_is_seen_in_one_look_and_a_restart_does_no_harm(
    run_model_server: RunModelServer, measured: Callable[[str], None]
) -> None:
    """One look at a real server tells the bad version from the good; its restart neither adds nor takes away.

    This server does not tell when it started. One that restarts as young as the watch is cannot be told from two that
    answer in turn, so it has served for seconds before.
    """
    server = run_model_server(PLAN)
    server.wait_serving("1", "2")
    assert wait_until(lambda: requests_counted(server.metrics()) >= 2000, 30.0)
    async with opened(SystemClock(), Options(targets=(server.metrics_url,), segments=("region",))) as port:
        began = time.perf_counter()
        answer = await port.read()
        measured(f"first look: {time.perf_counter() - began:.2f} s, of them 2 s between two scrapes")
        bad, good = find(answer, "error_rate", "2"), find(answer, "error_rate", "1")
        assert bad.measurement.value > 0.2 > 0.1 > good.measurement.value
        assert isinstance(bad.measurement, Counts)
        assert 200 <= bad.measurement.total + find(answer, "error_rate", "1").measurement.n <= 1200  # type: ignore[operator]
        assert {name for name, _ in bad.segments} == {"region=hk", "region=cn"}
        assert find(answer, "latency_p95", "2").measurement.value > find(answer, "latency_p95", "1").measurement.value
        assert find(answer, "confidence", "2").measurement.value == pytest.approx(0.6, abs=0.05)
        server.process.restart()
        server.wait_serving("1", "2")
        await asyncio.sleep(1.0)
        after = find(await port.read(), "error_rate", "2").measurement
        await asyncio.sleep(1.0)
        later = find(await port.read(), "error_rate", "2").measurement
    assert isinstance(after, Counts)
    assert isinstance(later, Counts)
    assert bad.measurement.total <= after.total <= later.total <= bad.measurement.total + 200 * 10
    assert later.total - after.total >= 100
    assert 0.2 < later.value < 0.4
